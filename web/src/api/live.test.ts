import { QueryClient } from '@tanstack/react-query'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { FakeEventSource } from '../testing/fake-event-source'
import { type Changes, Live, liveKeys } from './live'

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-11-21T09:00:00Z') })
})
afterEach(() => {
  vi.useRealTimers()
})

function connected() {
  const client = new QueryClient()
  const live = new Live(client)
  live.open()
  FakeEventSource.current().connect()
  return { client, live, changes: () => client.getQueryData<Changes>(liveKeys.changes) }
}

test('events of one moment are noted together', () => {
  const { changes } = connected()
  const source = FakeEventSource.current()
  source.say('incident.opened', 'a')
  source.say('incident.opened', 'a')
  source.say('incident.updated', 'b')
  source.say('delivery.settled', 'd')
  expect(changes()).toBeUndefined()
  vi.advanceTimersByTime(1_000)
  expect(changes()).toEqual({
    opened: ['a'],
    updated: ['b'],
    merged: [],
    settled: 1,
    missed: 0,
  })
})

test('what is noted has a bound', () => {
  const { changes } = connected()
  for (let n = 0; n < 2_000; n += 1) FakeEventSource.current().say('incident.opened', `id-${n}`)
  vi.advanceTimersByTime(1_000)
  expect(changes()?.opened).toHaveLength(500)
  expect(changes()?.opened.at(-1)).toBe('id-1999')
})

test('nonsense on the stream is no event', () => {
  const { changes } = connected()
  FakeEventSource.current().raw('incident.opened', '{not json')
  FakeEventSource.current().raw('incident.opened', 'null')
  FakeEventSource.current().raw('incident.opened', '{"subject":7}')
  vi.advanceTimersByTime(1_000)
  expect(changes()?.opened).toEqual([])
})

test('a connection the browser gave up is opened again, ever more slowly, and counts as a gap', () => {
  const { live, changes } = connected()
  FakeEventSource.current().fail(true)
  expect(live.status()).toEqual({ state: 'lost', since: Date.parse('2026-11-21T09:00:00Z') })
  vi.advanceTimersByTime(2_000)
  expect(FakeEventSource.all).toHaveLength(2)
  FakeEventSource.current().fail(true)
  vi.advanceTimersByTime(2_000)
  expect(FakeEventSource.all).toHaveLength(2)
  vi.advanceTimersByTime(2_000)
  expect(FakeEventSource.all).toHaveLength(3)
  FakeEventSource.current().connect()
  vi.advanceTimersByTime(1_000)
  expect(live.status().state).toBe('open')
  expect(changes()?.missed).toBe(2)
})

test('a browser that reconnects by itself is left to it', () => {
  const { live } = connected()
  FakeEventSource.current().fail()
  vi.advanceTimersByTime(60_000)
  expect(FakeEventSource.all).toHaveLength(1)
  expect(live.status().state).toBe('lost')
})

test('closing stops everything', () => {
  const { live } = connected()
  FakeEventSource.current().fail(true)
  live.close()
  vi.advanceTimersByTime(60_000)
  expect(FakeEventSource.all).toHaveLength(1)
})

test('an incident that was merged is news of it', () => {
  const { changes } = connected()
  FakeEventSource.current().say('incident.merged', 'gone')
  vi.advanceTimersByTime(1_000)
  expect(changes()?.updated).toEqual(['gone'])
})

test('what people said and what was decided of models are asked for again', () => {
  const { client } = connected()
  client.setQueryData(['feedback', 'a'], {})
  client.setQueryData(['models'], {})
  client.setQueryData(['similar', 'a'], {})
  const stale = (key: string[]) => client.getQueryState(key)?.isInvalidated
  FakeEventSource.current().say('feedback.changed', 'f')
  expect(stale(['feedback', 'a'])).toBe(true)
  expect(stale(['models'])).toBe(true)
  expect(stale(['similar', 'a'])).toBe(false)
  FakeEventSource.current().say('incident.updated', 'b')
  vi.advanceTimersByTime(1_000)
  expect(stale(['similar', 'a'])).toBe(true)
})
