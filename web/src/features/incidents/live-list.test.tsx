import { act, screen, waitFor, within } from '@testing-library/react'
import { expect, test } from 'vitest'
import type { IncidentSummary } from '../../api/types'
import { incident, minutesAgo } from '../../testing/factories'
import { FakeEventSource } from '../../testing/fake-event-source'
import { listOf, mockApi } from '../../testing/mock-api'
import { open } from '../../testing/render'

const rows = () =>
  within(screen.getByRole('table', { name: 'Incidents' }))
    .getAllByRole('link')
    .map((link) => link.textContent)

const say = (kind: string, subject: string) =>
  act(() => FakeEventSource.current().say(kind, subject))

async function opened(shown: IncidentSummary[], path = '/incidents') {
  const world = { incidents: shown }
  const api = mockApi({
    list: (query) =>
      listOf(
        world.incidents.filter(
          (one) => query.get('severity') !== 'critical' || one.severity === 'critical',
        ),
      ),
  })
  const app = open(path)
  await screen.findByRole('table')
  act(() => FakeEventSource.current().connect())
  return { world, api, ...app }
}

test('a new incident waits behind a bar until the reader wants it', async () => {
  const { world, user } = await opened([incident('a'), incident('b')])
  world.incidents = [incident('c', { last_seen: minutesAgo(0) }), ...world.incidents]
  say('incident.opened', 'c')
  const bar = await screen.findByRole('button', { name: /1 new/ })
  expect(rows()).toEqual(['Incident a', 'Incident b'])
  await user.click(bar)
  expect(rows()).toEqual(['Incident c', 'Incident a', 'Incident b'])
  expect(screen.queryByRole('button', { name: /new/ })).not.toBeInTheDocument()
})

test('n shows what is new', async () => {
  const { world, user } = await opened([incident('a')])
  world.incidents = [incident('b'), incident('c'), incident('a')]
  say('incident.opened', 'b')
  say('incident.opened', 'c')
  await screen.findByRole('button', { name: /2 new/ })
  await user.keyboard('n')
  expect(rows()).toEqual(['Incident b', 'Incident c', 'Incident a'])
})

test('what the filter leaves out is not announced', async () => {
  const critical = incident('a', { severity: 'critical' })
  const { world, api } = await opened([critical], '/incidents?severity=critical')
  world.incidents = [incident('b', { severity: 'low' }), critical]
  const before = api.asked.length
  say('incident.opened', 'b')
  await waitFor(() => expect(api.asked.length).toBeGreaterThan(before))
  expect(await screen.findByText('Incident a')).toBeVisible()
  expect(screen.queryByRole('button', { name: /new/ })).not.toBeInTheDocument()
})

test('an incident on screen takes new facts without moving', async () => {
  const { world } = await opened([incident('a'), incident('b', { severity: 'medium' })])
  world.incidents = [
    incident('b', { severity: 'critical', revision: 2, last_seen: minutesAgo(0) }),
    incident('a'),
  ]
  say('incident.updated', 'b')
  await waitFor(() => expect(screen.getAllByRole('row')[2]).toHaveTextContent('Critical'))
  expect(rows()).toEqual(['Incident a', 'Incident b'])
  expect(screen.queryByRole('button', { name: /new|changed/ })).not.toBeInTheDocument()
})

test('an older incident that has news counts as changed, not as new', async () => {
  const { world } = await opened([incident('a')])
  world.incidents = [incident('old', { revision: 7, last_seen: minutesAgo(0) }), incident('a')]
  say('incident.updated', 'old')
  expect(await screen.findByRole('button', { name: /^1 changed/ })).toBeVisible()
})

test('after a gap in the events the list is compared', async () => {
  const { world } = await opened([incident('a')])
  world.incidents = [incident('b', { last_seen: minutesAgo(0) }), incident('a')]
  act(() => FakeEventSource.current().raw('reset', '{}'))
  expect(await screen.findByRole('button', { name: /1 new/ })).toBeVisible()
})

test('an empty list fills by itself', async () => {
  const world: { incidents: IncidentSummary[] } = { incidents: [] }
  mockApi({ list: () => listOf(world.incidents) })
  open('/incidents')
  await screen.findByRole('heading', { name: 'No incidents yet' })
  world.incidents = [incident('a')]
  say('incident.opened', 'a')
  expect(await screen.findByRole('link', { name: 'Incident a' })).toBeVisible()
})

test('a lost connection says since when', async () => {
  await opened([incident('a')])
  expect(screen.getByText('Live')).toBeVisible()
  act(() => FakeEventSource.current().fail())
  expect(screen.getByText(/^Reconnecting since \d\d:\d\d$/)).toBeVisible()
  act(() => FakeEventSource.current().connect())
  expect(screen.getByText('Live')).toBeVisible()
})
