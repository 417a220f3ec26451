import { act, screen, waitFor, within } from '@testing-library/react'
import { expect, test } from 'vitest'
import type { IncidentDetail, IncidentSummary } from '../../api/types'
import { detail, incident } from '../../testing/factories'
import { FakeEventSource } from '../../testing/fake-event-source'
import { listOf, type MockApi, mockApi, problem } from '../../testing/mock-api'
import { open, write } from '../../testing/render'

const rows = () =>
  within(screen.getByRole('table', { name: 'Incidents' }))
    .getAllByRole('link')
    .map((link) => link.textContent)

const total = (counted: string) =>
  screen.findByRole('heading', { name: new RegExp(`^Incidents ?${counted}$`) })

/** A world whose list leaves out the dismissed, as the server's does. */
async function opened(path: string, all: IncidentDetail[], answers: Partial<MockApi> = {}) {
  const world = { all }
  mockApi({
    list: (query) => {
      const wanted = query.get('status')?.split(',') ?? []
      return listOf(world.all.filter(({ status }) => wanted.includes(status)))
    },
    detail: (id) =>
      world.all.find((one) => one.id === id) ?? problem(404, 'There is no such incident.'),
    setStatus: (id, status) => {
      const next = (one: IncidentDetail) =>
        one.id === id ? { ...one, status, revision: one.revision + 1 } : one
      world.all = world.all.map(next)
      return world.all.find((one) => one.id === id) as IncidentSummary
    },
    ...answers,
  })
  const app = open(path)
  await screen.findByRole('table', { name: 'Incidents' })
  act(() => FakeEventSource.current().connect())
  return { world, ...app }
}

const titled = (id: string, change: Partial<IncidentDetail> = {}) =>
  detail(id, { title: `Incident ${id}`, ...change })

test('a dismissed incident leaves the list at once, and comes back when that is undone', async () => {
  const { user } = await opened('/incidents/b', [titled('a'), titled('b'), titled('c')])
  await total('3')
  await user.click(await screen.findByRole('button', { name: 'Dismiss' }))
  expect(rows()).toEqual(['Incident a', 'Incident c'])
  expect(await total('2')).toBeVisible()
  await user.click(await screen.findByRole('button', { name: 'Undo' }))
  await waitFor(() => expect(rows()).toEqual(['Incident a', 'Incident b', 'Incident c']))
  expect(await total('3')).toBeVisible()
})

test('the keyboard goes on where the dismissed one stood', async () => {
  const { user } = await opened('/incidents/b', [titled('a'), titled('b'), titled('c')])
  await user.click(await screen.findByRole('button', { name: 'Dismiss' }))
  expect(rows()).toEqual(['Incident a', 'Incident c'])
  await user.keyboard('j')
  expect(screen.getByRole('link', { name: 'Incident c' })).toHaveFocus()
})

test('an incident merged by somebody else leaves the list at once', async () => {
  await opened('/incidents', [titled('a'), titled('b')])
  act(() => FakeEventSource.current().say('incident.merged', 'a'))
  await waitFor(() => expect(rows()).toEqual(['Incident b']))
  expect(await total('1')).toBeVisible()
})

test('an incident merged by the reader leaves the list, though no event comes', async () => {
  const { user } = await opened('/incidents/a', [titled('a'), titled('b')], {
    merge: () => incident('b', { title: 'Incident b', revision: 2, items: 5 }),
  })
  await user.click(await screen.findByRole('button', { name: 'Not the same…' }))
  await write(user, await screen.findByLabelText('Its id or address'), 'b')
  await user.click(screen.getByRole('button', { name: 'Merge into it' }))
  await waitFor(() => expect(rows()).toEqual(['Incident b']))
  expect(screen.getAllByRole('row')[1]).toHaveTextContent(/Incident b.*5New/)
  expect(await total('1')).toBeVisible()
})

test('what others dismiss leaves too, though the first page does not tell of it', async () => {
  const { world } = await opened('/incidents', [titled('a'), titled('b')])
  world.all = [titled('a'), titled('b', { status: 'dismissed', revision: 2 })]
  act(() => FakeEventSource.current().say('incident.updated', 'b'))
  await waitFor(() => expect(rows()).toEqual(['Incident a']))
  expect(await total('1')).toBeVisible()
})

test('the rest of a list comes up when all that was loaded has left', async () => {
  const { user } = await opened('/incidents/a', [titled('a')], {
    list: (query) =>
      query.get('after') === null
        ? { ...listOf([incident('a')], 'p2'), total: 2 }
        : { ...listOf([incident('b')]), total: 2 },
  })
  await user.click(await screen.findByRole('button', { name: 'Dismiss' }))
  await waitFor(() => expect(rows()).toEqual(['Incident b']))
})

test('a list whose incidents are all dismissed is not said to be empty', async () => {
  const { user, address } = await opened('/incidents/a', [titled('a')])
  await user.click(await screen.findByRole('button', { name: 'Dismiss' }))
  expect(await screen.findByRole('heading', { name: 'No incident is open' })).toBeVisible()
  expect(await screen.findByText('1 incident is dismissed.')).toBeVisible()
  await user.click(screen.getByRole('button', { name: 'Show the dismissed' }))
  await waitFor(() => expect(address()).toBe('/incidents/a?status=dismissed'))
  await waitFor(() => expect(rows()).toEqual(['Incident a']))
})
