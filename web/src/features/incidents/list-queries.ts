// The list of incidents, page by page, and the peek: a look at its first page
// behind the reader's back, which tells the bar "3 new" what is waiting.

import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { ApiError, api } from '../../api/client'
import type { IncidentList } from '../../api/types'
import { type IncidentFilter, queryFromFilter } from './filter'

/** Two screens of a laptop: what the first look needs. */
const PAGE = '50'

/** Who scrolls on wants many; the server gives no more at once. */
const NEXT_PAGE = '200'

/** After this a list that nobody looks at is read anew. */
const FORGOTTEN_MS = 30_000

interface Place {
  after?: string
  /** A cursor belongs to one filter, so every page asks for the same time. */
  since?: string | undefined
}

export interface IncidentListPage extends IncidentList {
  since?: string | undefined
}

async function page(
  filter: IncidentFilter,
  place: Place,
  signal: AbortSignal,
): Promise<IncidentListPage> {
  const query = queryFromFilter(filter, Date.now())
  const since = place.since ?? query.since
  const list = await api.incidents.list(
    { ...query, since, after: place.after, limit: place.after === undefined ? PAGE : NEXT_PAGE },
    signal,
  )
  return { ...list, since }
}

export const FIRST: Place = {}

export const incidentList = (filter: IncidentFilter) =>
  infiniteQueryOptions({
    queryKey: ['incidents', 'list', filter],
    queryFn: ({ pageParam, signal }) => page(filter, pageParam, signal),
    initialPageParam: FIRST,
    getNextPageParam: (last): Place | undefined =>
      last.next == null ? undefined : { after: last.next, since: last.since },
    // It changes when the reader asks for it; a filter left behind is soon forgotten.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: FORGOTTEN_MS,
  })

/** How far down the reader was in this list, in pixels; never fetches. */
export const listPlace = (filter: IncidentFilter) =>
  queryOptions({
    queryKey: ['incidents', 'place', filter],
    queryFn: () => 0,
    initialData: 0,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: FORGOTTEN_MS,
  })

/** One row that changed and is not on the first page; `null` when it went into another. */
export const incidentRow = (id: string) =>
  queryOptions({
    queryKey: ['incident-row', id],
    queryFn: async ({ signal }) => {
      try {
        const now = await api.incidents.get(id, signal)
        return now.id === id ? now : null
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null
        throw error
      }
    },
    // Asked for again when an event says that it changed once more.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  })

/** How many were dismissed, for a list that shows none. */
export const dismissedPeek = () =>
  queryOptions({
    queryKey: ['incidents', 'peek', 'dismissed'],
    queryFn: ({ signal }) => api.incidents.list({ status: 'dismissed', limit: '1' }, signal),
    staleTime: 0,
    gcTime: 0,
  })

export const incidentPeek = (filter: IncidentFilter) =>
  queryOptions({
    queryKey: ['incidents', 'peek', filter],
    queryFn: ({ signal }) => page(filter, FIRST, signal),
    staleTime: 0,
    gcTime: 0,
  })
