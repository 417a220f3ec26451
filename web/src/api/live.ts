// Server events turned into cache invalidations.
//
// Nothing may move under the reader, so an event never refreshes a list that is
// on screen: it is noted in the cache under `liveKeys.changes`, and the screens
// decide (a bar "3 new"). EventSource resumes by Last-Event-ID on its own after
// a dropped connection, but gives up for good after an HTTP error; then we open
// a new one, which has forgotten its place, so we count that as missed events.

import { type QueryClient, queryOptions } from '@tanstack/react-query'

export interface LiveStatus {
  state: 'connecting' | 'open' | 'lost'
  /** When the state began; for `lost` the last moment we were connected. */
  since: number
}

/** What happened since the reader last asked to see everything. */
export interface Changes {
  opened: string[]
  updated: string[]
  /** Those that went into others: nobody needs to ask what became of them. */
  merged: string[]
  /** Deliveries settled, counted: a delivery does not say which incident it is of. */
  settled: number
  /** Times the stream may have skipped events. */
  missed: number
}

export const NO_CHANGES: Changes = {
  opened: [],
  updated: [],
  merged: [],
  settled: 0,
  missed: 0,
}

export const liveKeys = { changes: ['live', 'changes'] as const }

/** Reads `Changes`; never fetches. */
export const liveChanges = () =>
  queryOptions({
    queryKey: liveKeys.changes,
    queryFn: () => NO_CHANGES,
    initialData: NO_CHANGES,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
  })

/** Forgets changes that the reader has now seen. */
export function seen(client: QueryClient, which: (changes: Changes) => Changes) {
  client.setQueryData<Changes>(liveKeys.changes, (changes = NO_CHANGES) => which(changes))
}

/** Ids kept at most; beyond, the screens say "many" anyway. */
const CHANGES_KEPT = 500
/** Eighty sources poll all the time; their panel needs no more than this. */
const SOURCES_EVERY_MS = 5_000
/** A burst of events is one look at the server. */
const GATHER_MS = 400
const RETRY_FIRST_MS = 2_000
const RETRY_LAST_MS = 30_000

export class Live {
  #client: QueryClient
  #url: string
  #source: EventSource | undefined
  #status: LiveStatus = { state: 'connecting', since: Date.now() }
  #listeners = new Set<() => void>()
  #retry: ReturnType<typeof setTimeout> | undefined
  #retryAfter = RETRY_FIRST_MS
  #pending: Changes = NO_CHANGES
  #gather: ReturnType<typeof setTimeout> | undefined
  #sourcesDue: ReturnType<typeof setTimeout> | undefined

  constructor(client: QueryClient, url = '/api/live') {
    this.#client = client
    this.#url = url
  }

  open() {
    if (this.#source !== undefined) return
    const source = new EventSource(this.#url)
    this.#source = source
    source.onopen = () => {
      this.#retryAfter = RETRY_FIRST_MS
      if (this.#status.state === 'lost') this.#sources()
      this.#set('open')
    }
    source.onerror = () => {
      this.#set('lost')
      if (source.readyState !== EventSource.CLOSED) return
      source.close()
      this.#source = undefined
      this.#retry = setTimeout(() => {
        this.#note({ missed: 1 })
        this.open()
      }, this.#retryAfter)
      this.#retryAfter = Math.min(this.#retryAfter * 2, RETRY_LAST_MS)
    }
    const on = (event: string, act: (subject: string) => void) =>
      source.addEventListener(event, (message) => act(subjectOf(message.data)))
    on('incident.opened', (id) => this.#note({ opened: id === '' ? [] : [id] }))
    on('incident.updated', (id) => this.#note({ updated: id === '' ? [] : [id] }))
    // Of the one that is gone: its page leads to the other.
    on('incident.merged', (id) => this.#note(id === '' ? {} : { updated: [id], merged: [id] }))
    on('feedback.changed', () => this.#learning())
    on('model.decided', () => this.#learning())
    on('delivery.settled', () => this.#note({ settled: 1 }))
    on('source.polled', () => this.#sources())
    on('reset', () => {
      this.#note({ missed: 1 })
      this.#sources()
      this.#learning()
    })
  }

  close() {
    this.#source?.close()
    this.#source = undefined
    clearTimeout(this.#retry)
    clearTimeout(this.#gather)
    clearTimeout(this.#sourcesDue)
    this.#gather = undefined
    this.#sourcesDue = undefined
  }

  subscribe = (listener: () => void) => {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  status = () => this.#status

  #set(state: LiveStatus['state']) {
    if (this.#status.state === state) return
    this.#status = { state, since: Date.now() }
    for (const listener of this.#listeners) listener()
  }

  #note(change: Partial<Changes>) {
    this.#pending = merge(this.#pending, change)
    this.#gather ??= setTimeout(() => {
      const change = this.#pending
      this.#pending = NO_CHANGES
      this.#gather = undefined
      seen(this.#client, (changes) => merge(changes, change))
      for (const id of change.updated) {
        void this.#client.invalidateQueries({ queryKey: ['incident', id], refetchType: 'none' })
        void this.#client.invalidateQueries({ queryKey: ['incident-row', id] })
      }
      void this.#client.invalidateQueries({ queryKey: ['similar'], refetchType: 'none' })
      void this.#client.invalidateQueries({ queryKey: ['incidents', 'peek'] })
      void this.#client.invalidateQueries({ queryKey: ['incident-peek'] })
    }, GATHER_MS)
  }

  /** What people said changes what the models learn from, and their decisions what is said to be learned. */
  #learning() {
    void this.#client.invalidateQueries({ queryKey: ['feedback'] })
    void this.#client.invalidateQueries({ queryKey: ['models'] })
  }

  #sources() {
    this.#sourcesDue ??= setTimeout(() => {
      this.#sourcesDue = undefined
      void this.#client.invalidateQueries({ queryKey: ['sources'] })
    }, SOURCES_EVERY_MS)
  }
}

function merge(into: Changes, change: Partial<Changes>): Changes {
  // The same array where nothing is added: who looks at one kind is not stirred by another.
  const ids = (old: string[], more: string[] = []) =>
    more.every((id) => old.includes(id))
      ? old
      : [...new Set([...old, ...more])].slice(-CHANGES_KEPT)
  return {
    opened: ids(into.opened, change.opened),
    updated: ids(into.updated, change.updated),
    merged: ids(into.merged, change.merged),
    settled: into.settled + (change.settled ?? 0),
    missed: into.missed + (change.missed ?? 0),
  }
}

function subjectOf(data: unknown): string {
  try {
    const event: unknown = JSON.parse(String(data))
    const subject = (event as { subject?: unknown } | null)?.subject
    return typeof subject === 'string' ? subject : ''
  } catch {
    return ''
  }
}
