import { fireEvent, screen, waitFor, within } from '@testing-library/react'
import { expect, test } from 'vitest'
import type { FeedbackOut, IncidentDetail, NewFeedback } from '../../api/types'
import { detail, feedback, incident, minutesAgo } from '../../testing/factories'
import { listOf, type MockApi, mockApi, problem } from '../../testing/mock-api'
import { open, write } from '../../testing/render'
import { heeding } from './feedback'
import { countriesIn } from './places'

/** The server holds to what is said, as long as it is not taken back. */
function world(given: Partial<MockApi> = {}, change: Partial<IncidentDetail> = {}) {
  const said: NewFeedback[] = []
  const kept = new Map<string, FeedbackOut>()
  const api = mockApi({
    list: () => listOf([incident('a')]),
    detail: () =>
      [...kept.values()].reduce((shown, one) => heeding(shown, one, one.at), detail('a', change)),
    feedback: () => ({ feedback: [...kept.values()], next: null, total: kept.size }),
    giveFeedback: (asked) => {
      const { by, ...what } = asked
      said.push(what)
      const { incident: _, item: __, ...rest } = asked
      const one = feedback(`f${said.length}`, { ...rest, by: by ?? 'api' })
      kept.set(one.id, one)
      return one
    },
    withdrawFeedback: (id) => {
      const one = kept.get(id)
      kept.delete(id)
      return one ?? problem(404, 'There is no such feedback.')
    },
    ...given,
  })
  return { api, said, kept, ...open('/incidents/a') }
}

async function wrong(user: ReturnType<typeof open>['user']) {
  await user.click(await screen.findByRole('button', { name: 'Wrong…' }))
  return screen.getByRole('dialog', { name: 'What is wrong' })
}

test('only what a person changed is said, it is shown as said by a person, and undone', async () => {
  const { user, said, api } = world()
  const dialog = await wrong(user)
  const submit = within(dialog).getByRole('button', { name: 'Say so' })
  expect(submit).toBeDisabled()
  await user.selectOptions(within(dialog).getByLabelText('Severity'), 'critical')
  await write(user, within(dialog).getByLabelText('Why, if you like'), 'the grid is down')
  await user.click(submit)
  expect(await screen.findByText('Said by a person:')).toBeVisible()
  expect(said).toEqual([{ incident: 'a', severity: 'critical', note: 'the grid is down' }])
  expect(screen.getByText(/severity Critical\. “the grid is down”/)).toBeVisible()
  await user.click(await screen.findByRole('button', { name: 'Undo' }))
  await waitFor(() => expect(screen.queryByText('Said by a person:')).not.toBeInTheDocument())
  expect(api.asked).toContain('DELETE /api/feedback/f1?by=dashboard')
})

test('who gives a name says it, and takes it back, by that name', async () => {
  const { user, api, kept } = world()
  const dialog = await wrong(user)
  await write(user, within(dialog).getByLabelText('Your name, for the history'), 'Asha Rao')
  await user.selectOptions(within(dialog).getByLabelText('Severity'), 'critical')
  await user.click(within(dialog).getByText('Say so'))
  await waitFor(() => expect(kept.get('f1')?.by).toBe('Asha Rao'))
  await user.click(await screen.findByRole('button', { name: 'Undo' }))
  await waitFor(() => expect(api.asked).toContain('DELETE /api/feedback/f1?by=Asha+Rao'))
})

test('types are said whole, and what a person said is no guess', async () => {
  const { user, said } = world()
  const dialog = await wrong(user)
  await user.click(within(dialog).getByLabelText('DDoS'))
  await user.click(within(dialog).getByLabelText('Ransomware'))
  await user.click(within(dialog).getByText('Say so'))
  await waitFor(() => expect(said).toEqual([{ incident: 'a', types: ['ddos'] }]))
  for (const word of await screen.findAllByText('DDoS')) expect(word).not.toHaveClass('guess')
})

test('countries are said whole, by names there are', async () => {
  const { user, said } = world()
  const dialog = await wrong(user)
  const places = within(dialog).getByLabelText(/^Affected countries/)
  expect(places).toHaveValue('India')
  fireEvent.change(places, { target: { value: 'India, Nepal, Atlantis' } })
  expect(within(dialog).getByText('No country is called Atlantis.')).toBeVisible()
  expect(within(dialog).getByText('Say so')).toBeDisabled()
  fireEvent.change(places, { target: { value: 'in, Nepal' } })
  await user.click(within(dialog).getByText('Say so'))
  await waitFor(() => expect(said).toEqual([{ incident: 'a', countries: ['IN', 'NP'] }]))
  expect(await screen.findByText(/affects India and Nepal\./, { selector: '.said' })).toBeVisible()
})

test('what is not relevant has no types, and is dismissed', async () => {
  const { user, said } = world()
  const dialog = await wrong(user)
  await user.selectOptions(within(dialog).getByLabelText('Severity'), 'low')
  await user.click(within(dialog).getByRole('radio', { name: 'Not relevant' }))
  expect(within(dialog).getByLabelText('Severity')).toBeDisabled()
  await user.click(within(dialog).getByRole('button', { name: 'Say so' }))
  await waitFor(() => expect(said).toEqual([{ incident: 'a', relevant: false }]))
  expect(await screen.findByRole('button', { name: 'Dismissed', pressed: true })).toBeVisible()
})

test('“other” stands alone among the types', async () => {
  const { user, said } = world()
  const dialog = await wrong(user)
  await user.click(within(dialog).getByLabelText('Other'))
  expect(within(dialog).getByLabelText('Ransomware')).not.toBeChecked()
  await user.click(within(dialog).getByRole('button', { name: 'Say so' }))
  await waitFor(() => expect(said).toEqual([{ incident: 'a', types: ['other'] }]))
})

test('what the server does not keep is taken back and says why', async () => {
  const { user } = world({ giveFeedback: () => problem(503, 'The store is busy.') })
  const dialog = await wrong(user)
  await user.selectOptions(within(dialog).getByLabelText('Severity'), 'low')
  await user.click(within(dialog).getByRole('button', { name: 'Say so' }))
  expect(await screen.findByText('Not kept: The store is busy.')).toBeVisible()
  expect(screen.queryByText('Said by a person:')).not.toBeInTheDocument()
})

test('what was said before can be taken back', async () => {
  const { user, kept } = world()
  kept.set('f0', feedback('f0', { severity: 'medium', note: 'old' }))
  const dialog = await wrong(user)
  expect(await within(dialog).findByText(/severity Medium “old”/)).toBeVisible()
  await user.click(within(dialog).getByRole('button', { name: 'Take back' }))
  await waitFor(() => expect(kept.size).toBe(0))
  expect(await screen.findByText('Taken back.')).toBeVisible()
  await waitFor(() =>
    expect(within(dialog).queryByRole('button', { name: 'Take back' })).not.toBeInTheDocument(),
  )
})

test('the later word stands above the earlier, part by part', () => {
  const first = heeding(incident('a'), { relevant: false }, minutesAgo(2))
  expect(first).toMatchObject({ status: 'dismissed', said: { relevant: false } })
  const second = heeding(first, { relevant: true, severity: 'critical' }, minutesAgo(1))
  expect(second).toMatchObject({
    status: 'new',
    severity: 'critical',
    severity_score: 9,
    said: { relevant: true, severity: 'critical', at: minutesAgo(1) },
  })
  // The handled stays handled.
  expect(heeding(incident('a', { status: 'handled' }), { relevant: false }, '').status).toBe(
    'handled',
  )
})

test('countries are read by name and by code', () => {
  expect(countriesIn(' india, NP; United States ,in')).toEqual({
    codes: ['IN', 'NP', 'US'],
    unknown: [],
  })
  expect(countriesIn('')).toEqual({ codes: [], unknown: [] })
  expect(countriesIn('Myanmar (Burma), European Union, ZZ')).toEqual({
    codes: ['MM'],
    unknown: ['European Union', 'ZZ'],
  })
})
