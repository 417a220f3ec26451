// What waits behind the list. The server says only that something changed; the
// peek shows whether it concerns this filter. Rows already on screen take newer
// facts in place; rows that would push others away wait for the reader.

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { type Changes, liveChanges } from '../../api/live'
import type { IncidentSummary } from '../../api/types'
import { updateInPlace } from './detail-queries'
import type { IncidentFilter } from './filter'
import { FIRST, type IncidentListPage, incidentList, incidentPeek } from './list-queries'

export interface News {
  opened: number
  changed: number
  /** The peek holds nothing the reader has seen, so there may be more. */
  orMore: boolean
}

export function useNews(filter: IncidentFilter, shown: readonly IncidentSummary[] | undefined) {
  const client = useQueryClient()
  const changes = useQuery(liveChanges()).data
  const stirred = changes.opened.length + changes.updated.length + changes.missed > 0
  const peek = useQuery({ ...incidentPeek(filter), enabled: stirred && shown !== undefined })
  const page = peek.data
  useEffect(() => {
    if (page === undefined) return
    const fresh = new Map(page.incidents.map((incident) => [incident.id, incident]))
    updateInPlace(client, (shown) => {
      const newer = fresh.get(shown.id)
      return newer !== undefined && newer.revision > shown.revision ? newer : shown
    })
  }, [client, page])
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
