import { screen, within } from '@testing-library/react'
import { expect, test } from 'vitest'
import { minutesAgo, NOW, source } from '../../testing/factories'
import { mockApi, problem } from '../../testing/mock-api'
import { open } from '../../testing/render'
import { healthParts } from './health'

const line = (...sources: Parameters<typeof healthParts>[0]) =>
  healthParts(sources, NOW)
    .map((part) => part.text)
    .join(', ')

test('the line of health counts, and names the one that fails', () => {
  expect(
    line(
      source('a'),
      source('b'),
      source('c', { state: 'late' }),
      source('d', { name: 'The Wire', state: 'failing', last_success: minutesAgo(540) }),
      source('e', { state: 'off' }),
      source('f', { state: 'not_reached' }),
    ),
  ).toBe('2 fresh, 1 late, The Wire failing since 9 h, 1 not reached yet')
  expect(line(source('a', { state: 'failing' }), source('b', { state: 'failing' }))).toBe(
    '2 failing',
  )
  expect(line(source('d', { state: 'failing', last_success: null }))).toBe(
    'd failing, never reached',
  )
})

async function openPanel() {
  const { user } = open('/incidents')
  await user.click(await screen.findByRole('button', { name: /Sources|sources/ }))
  return { user, panel: await screen.findByRole('dialog', { name: 'Sources' }) }
}

test('the panel lists the sources, those in need first', async () => {
  mockApi({
    sources: () => ({
      concerns: [],
      sources: [
        source('fine', { name: 'Fine', problems: 2, problem: 'entry 3 has no date' }),
        source('bad', {
          name: 'Bad',
          state: 'failing',
          error: 'answered 503',
          failures: 36,
          // No midnight: that stands for a day without a time.
          last_success: minutesAgo(545),
        }),
      ],
    }),
  })
  const { panel } = await openPanel()
  const [first, second] = within(within(panel).getByRole('list', { name: 'Sources' })).getAllByRole(
    'listitem',
  )
  expect(first).toHaveTextContent(
    /Bad.*Failing.*read 9 h ago.*failed 36 times in a row.*answered 503/,
  )
  expect(second).toHaveTextContent(/Fine.*Fresh.*2 entries could not be read: entry 3 has no date/)
})

test('what people were told of the sources stands beside them', async () => {
  mockApi({
    sources: () => ({
      concerns: [
        { kind: 'failing', since: minutesAgo(70), text: '9 of 9 sources could not be reached.' },
      ],
      sources: [
        source('quiet', {
          name: 'Quiet',
          state: 'silent',
          since: minutesAgo(1500),
          typical_gap_seconds: 3600,
          concerns: [
            { kind: 'silent', since: minutesAgo(1500), text: 'Quiet has given nothing new.' },
          ],
        }),
        source('dead', {
          name: 'Dead',
          state: 'gone',
          breaker: 'open',
          next_poll: '2026-11-22T03:30:00Z',
        }),
      ],
    }),
  })
  const { panel } = await openPanel()
  expect(await within(panel).findByText('9 of 9 sources could not be reached.')).toBeVisible()
  const [first, second] = within(within(panel).getByRole('list', { name: 'Sources' })).getAllByRole(
    'listitem',
  )
  expect(first).toHaveTextContent(/Dead.*Gone.*only probed; next try .*22 Nov.*09:00/)
  expect(second).toHaveTextContent(
    /Quiet.*Quieter than usual.*usually every 1 h.*Quiet has given nothing new\./,
  )
})

test('while the sources load, the panel says so', async () => {
  mockApi({ sources: () => 'never' })
  const { panel } = await openPanel()
  expect(within(panel).getByRole('list', { name: 'Sources' })).toHaveAttribute('aria-busy', 'true')
})

test('without any source the panel says how to add one', async () => {
  mockApi()
  const { panel } = await openPanel()
  expect(
    await within(panel).findByRole('heading', { name: 'No sources are configured' }),
  ).toBeVisible()
})

test('an error in the panel offers to try again', async () => {
  let broken = true
  mockApi({
    sources: () =>
      broken ? problem(500, 'Something broke.') : { sources: [source('fine')], concerns: [] },
  })
  const { user, panel } = await openPanel()
  expect(await within(panel).findByRole('alert')).toHaveTextContent('Something broke.')
  broken = false
  await user.click(within(panel).getByRole('button', { name: 'Try again' }))
  expect(await within(panel).findByText('fine')).toBeVisible()
})
