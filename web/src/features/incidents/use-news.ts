// What waits behind the list. The server says only that something changed; the
// peek shows whether it concerns this filter. Rows already on screen take newer
// facts in place; rows that would push others away wait for the reader. One that
// went into another is no incident any more, and leaves at once.

import { type QueryClient, useQueries, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo } from 'react'
import { type Changes, liveChanges } from '../../api/live'
import type { IncidentSummary } from '../../api/types'
import { removeRows, summaryOf, updateInPlace } from './detail-queries'
import type { IncidentFilter } from './filter'
import {
  FIRST,
  type IncidentListPage,
  incidentList,
  incidentPeek,
  incidentRow,
} from './list-queries'

export interface News {
  opened: number
  changed: number
  /** The peek holds nothing the reader has seen, so there may be more. */
  orMore: boolean
}

/** Rows below the first page that are asked for one by one: the latest to change. */
const ROWS_ASKED = 20

export function useNews(filter: IncidentFilter, shown: readonly IncidentSummary[] | undefined) {
  const client = useQueryClient()
  const changes = useQuery(liveChanges()).data
  const stirred = changes.opened.length + changes.updated.length + changes.missed > 0
  const peek = useQuery({ ...incidentPeek(filter), enabled: stirred && shown !== undefined })
  const page = peek.data
  useEffect(() => {
    if (page !== undefined) takeNewer(client, page.incidents)
  }, [client, page])
  useFurtherDown(page, shown, changes)
  useEffect(() => {
    if (changes.merged.length > 0) removeRows(client, changes.merged)
  }, [client, changes.merged])
  const show = () => {
    if (page === undefined) return
    client.setQueryData(incidentList(filter).queryKey, { pages: [page], pageParams: [FIRST] })
  }
  const news =
    page === undefined || shown === undefined ? undefined : newsIn(page, shown, filter, changes)
  // An empty list has nobody to disturb.
  const first = news !== undefined && shown?.length === 0
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each page that has something
  useEffect(() => {
    if (first) show()
  }, [first, page])
  return { news, show }
}

function takeNewer(client: QueryClient, incidents: readonly IncidentSummary[]) {
  if (incidents.length === 0) return
  const fresh = new Map(incidents.map((incident) => [incident.id, incident]))
  updateInPlace(client, (shown) => {
    const newer = fresh.get(shown.id)
    return newer !== undefined && newer.revision > shown.revision ? newer : shown
  })
}

/** Rows that changed and are not on the first page (any more): each is asked for itself. */
function useFurtherDown(
  page: IncidentListPage | undefined,
  shown: readonly IncidentSummary[] | undefined,
  { updated }: Changes,
) {
  const client = useQueryClient()
  const asked = useMemo(() => {
    if (page === undefined || shown === undefined) return []
    const peeked = new Set(page.incidents.map(({ id }) => id))
    const below = new Set(shown.map(({ id }) => id).filter((id) => !peeked.has(id)))
    return updated.filter((id) => below.has(id)).slice(-ROWS_ASKED)
  }, [page, shown, updated])
  const rows = useQueries({
    queries: asked.map((id) => incidentRow(id)),
    combine: (answers) => answers.map(({ data }) => data),
  })
  useEffect(() => {
    takeNewer(
      client,
      rows.filter((row) => row != null).map((row) => summaryOf(row)),
    )
    const gone = asked.filter((_, index) => rows[index] === null)
    if (gone.length > 0) removeRows(client, gone)
  }, [client, asked, rows])
}

/** Compares the first page as it is now with what is on screen. */
export function newsIn(
  page: IncidentListPage,
  shown: readonly IncidentSummary[],
  filter: IncidentFilter,
  changes: Changes,
): News | undefined {
  const known = new Set(shown.map((incident) => incident.id))
  const last = shown.at(-1)
  const waiting = page.incidents.filter((incident) => {
    if (known.has(incident.id)) return false
    if (changes.opened.includes(incident.id) || changes.updated.includes(incident.id)) return true
    // Not told of, so either missed or merely moved up from pages not loaded yet.
    if (changes.missed === 0 || filter.order === 'worst') return false
    return last === undefined || Date.parse(incident.last_seen) > Date.parse(last.last_seen)
  })
  if (waiting.length === 0) return undefined
  const changed = waiting.filter(
    (incident) => changes.updated.includes(incident.id) && !changes.opened.includes(incident.id),
  ).length
  return {
    opened: waiting.length - changed,
    changed,
    orMore: waiting.length === page.incidents.length && page.next != null,
  }
}
