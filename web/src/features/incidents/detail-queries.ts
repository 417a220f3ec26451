// One incident, the peek at its newer revision, and what people do about it.

import {
  type InfiniteData,
  type QueryClient,
  queryOptions,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query'
import { ApiError, api } from '../../api/client'
import type { IncidentDetail, IncidentStatus, IncidentSummary } from '../../api/types'
import { useToast } from '../../ui/toast'
import type { IncidentListPage } from './list-queries'
import { byMe } from './my-name'

export const incidentDetail = (id: string) =>
  queryOptions({
    queryKey: ['incident', id],
    queryFn: ({ signal }) => api.incidents.get(id, signal),
    // Long enough for a prefetch on hover to serve the click.
    staleTime: 15_000,
    refetchOnReconnect: false,
  })

export const incidentDetailPeek = (id: string) =>
  queryOptions({
    queryKey: ['incident-peek', id],
    queryFn: ({ signal }) => api.incidents.get(id, signal),
    staleTime: 0,
    gcTime: 0,
  })

/** One CVE, with what changed of it. */
export const vulnerabilityDetail = (cve: string) =>
  queryOptions({
    queryKey: ['vulnerability', cve],
    queryFn: ({ signal }) => api.vulnerabilities.get(cve, signal),
    staleTime: 60_000,
  })

/** Writes newer facts about incidents into the rows on screen, without moving any. */
export function updateInPlace(
  client: QueryClient,
  newer: (shown: IncidentSummary) => IncidentSummary,
) {
  client.setQueriesData<InfiniteData<IncidentListPage>>(
    { queryKey: ['incidents', 'list'] },
    (list) => {
      if (list === undefined) return list
      let changed = false
      const pages = list.pages.map((page) => {
        const incidents = page.incidents.map((shown) => {
          const next = newer(shown)
          changed ||= next !== shown
          return next
        })
        return { ...page, incidents }
      })
      return changed ? { ...list, pages } : list
    },
  )
}

/** Takes incidents that went into others off every list, and out of its count. */
export function removeRows(client: QueryClient, gone: readonly string[]) {
  client.setQueriesData<InfiniteData<IncidentListPage>>(
    { queryKey: ['incidents', 'list'] },
    (list) => {
      if (list === undefined) return list
      const ids = new Set(
        list.pages
          .flatMap((page) => page.incidents.map(({ id }) => id))
          .filter((id) => gone.includes(id)),
      )
      if (ids.size === 0) return list
      const pages = list.pages.map((page) => ({
        ...page,
        incidents: page.incidents.filter(({ id }) => !ids.has(id)),
        total: Math.max(page.total - ids.size, 0),
      }))
      return { ...list, pages }
    },
  )
}

/** What a list holds of an incident. */
export function summaryOf(incident: IncidentDetail): IncidentSummary {
  const {
    reasons,
    voices,
    entities,
    timeline,
    vulnerabilities,
    alerts,
    notes,
    history,
    ...summary
  } = incident
  return summary
}

const done: Record<IncidentStatus, string> = {
  new: 'Marked as new.',
  watching: 'Watching.',
  handled: 'Marked as handled.',
  dismissed: 'Dismissed.',
}

/** Sets the status at once, tells the server, offers to undo it, and takes it back if refused. */
export function useSetStatus(id: string) {
  const client = useQueryClient()
  const say = useToast()
  const show = (status: IncidentStatus) => {
    client.setQueryData<IncidentDetail>(['incident', id], (shown) => shown && { ...shown, status })
    updateInPlace(client, (shown) => (shown.id === id ? { ...shown, status } : shown))
  }
  const mutation = useMutation({
    mutationKey: ['incident-status', id],
    // One after the other, so that an undo never overtakes what it undoes.
    scope: { id: `incident-status-${id}` },
    mutationFn: ({ to }: { to: IncidentStatus; from: IncidentStatus; undoing?: boolean }) =>
      api.incidents.change(id, { status: to, ...byMe() }),
    onMutate: async ({ to, from, undoing }) => {
      show(to)
      await client.cancelQueries({ queryKey: ['incident', id] })
      show(to)
      if (!undoing) {
        say({
          text: done[to],
          undo: () => mutation.mutate({ to: from, from: to, undoing: true }),
        })
      }
    },
    onSuccess: (summary) => {
      client.setQueryData<IncidentDetail>(
        ['incident', id],
        // A revision further on than the next one holds more news than our own act.
        (shown) =>
          shown && {
            ...shown,
            status: summary.status,
            revision: Math.min(summary.revision, shown.revision + 1),
          },
      )
      updateInPlace(client, (shown) =>
        shown.id === id ? { ...shown, status: summary.status, revision: summary.revision } : shown,
      )
    },
    onError: (error, { from, to }) => {
      show(from)
      const why = error instanceof ApiError ? error.message : 'The change was not saved.'
      say({ text: `Not ${to === 'new' ? 'marked as new' : to}: ${why}`, failed: true })
    },
  })
  return mutation
}
