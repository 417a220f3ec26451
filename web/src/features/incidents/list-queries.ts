// The list of incidents, page by page, and the peek: a look at its first page
// behind the reader's back, which tells the bar "3 new" what is waiting.

import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api } from '../../api/client'
import type { IncidentList } from '../../api/types'
import { type IncidentFilter, queryFromFilter } from './filter'

/** Two screens of a laptop. */
const PAGE = '50'

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
    { ...query, since, after: place.after, limit: PAGE },
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
    gcTime: 30_000,
  })

export const incidentPeek = (filter: IncidentFilter) =>
  queryOptions({
    queryKey: ['incidents', 'peek', filter],
    queryFn: ({ signal }) => page(filter, FIRST, signal),
    staleTime: 0,
    gcTime: 0,
  })
