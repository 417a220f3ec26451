// What a person says is right about an incident. The server holds to it at once and
// can take it back, so it shows at once here too, with undo.

import {
  infiniteQueryOptions,
  queryOptions,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query'
import { api } from '../../api/client'
import type {
  FeedbackOut,
  IncidentDetail,
  IncidentSummary,
  NewFeedback,
  Severity,
} from '../../api/types'
import { useToast } from '../../ui/toast'
import { updateInPlace } from './detail-queries'
import { refusal } from './handling'
import { byMe } from './my-name'
import { type Saying, sayingWords } from './said'

/** What was said of an incident, newest first. */
export const feedbackOn = (id: string) =>
  queryOptions({
    queryKey: ['feedback', id],
    queryFn: ({ signal }) => api.feedback.list({ incident: id }, signal),
    staleTime: 15_000,
  })

/** All that was said, newest first. */
export const feedbackGiven = () =>
  infiniteQueryOptions({
    queryKey: ['feedback', 'all'],
    queryFn: ({ pageParam, signal }) => api.feedback.list({ after: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
    staleTime: 15_000,
  })

export function useGiveFeedback(incident: IncidentDetail) {
  const { id } = incident
  const client = useQueryClient()
  const say = useToast()
  const withdraw = useWithdrawFeedback(id)
  return useMutation<FeedbackOut, Error, Partial<Saying>, IncidentDetail>({
    scope: { id: `feedback-${id}` },
    mutationFn: (said) =>
      api.feedback.give({ incident: id, ...said, ...byMe() } satisfies NewFeedback),
    onMutate: async (said) => {
      await client.cancelQueries({ queryKey: ['incident', id] })
      const at = new Date().toISOString()
      client.setQueryData<IncidentDetail>(
        ['incident', id],
        (shown) => shown && heeding(shown, said, at),
      )
      updateInPlace(client, (shown) => (shown.id === id ? heeding(shown, said, at) : shown))
      return incident
    },
    onSuccess: (given) => {
      say({
        text: `Said: ${sayingWords(given).join(', ')}.`,
        undo: () => withdraw.mutate(given.id),
      })
    },
    onError: (error, _, before) => {
      say({ text: `Not kept: ${refusal(error)}`, failed: true })
      if (before === undefined) return
      client.setQueryData<IncidentDetail>(['incident', id], before)
      updateInPlace(client, (shown) => (shown.id === id ? restored(shown, before) : shown))
    },
    onSettled: () => refresh(client, id),
  })
}

/** Takes back what was said: the incident is again what its items say. */
export function useWithdrawFeedback(id: string) {
  const client = useQueryClient()
  const say = useToast()
  return useMutation<FeedbackOut, Error, string>({
    scope: { id: `feedback-${id}` },
    mutationFn: (feedback) => api.feedback.withdraw(feedback, byMe().by),
    onSuccess: () => say({ text: 'Taken back.' }),
    onError: (error) => say({ text: `Not taken back: ${refusal(error)}`, failed: true }),
    onSettled: () => refresh(client, id),
  })
}

/** Takes back one of all that was said; "Undo" says it again. */
export function useTakeBack() {
  const client = useQueryClient()
  const say = useToast()
  const settled = (incident: string | null | undefined) =>
    Promise.all([
      client.invalidateQueries({ queryKey: ['feedback'] }),
      client.invalidateQueries({ queryKey: ['models'] }),
      incident != null && client.invalidateQueries({ queryKey: ['incident', incident] }),
    ])
  const again = useMutation<FeedbackOut, Error, FeedbackOut>({
    mutationFn: ({ item, relevant, types, severity, countries, note }) =>
      api.feedback.give({ item, relevant, types, severity, countries, note, ...byMe() }),
    onError: (error) => say({ text: `Not said again: ${refusal(error)}`, failed: true }),
    onSettled: (_, __, { incident }) => settled(incident),
  })
  return useMutation<FeedbackOut, Error, FeedbackOut>({
    mutationFn: ({ id }) => api.feedback.withdraw(id, byMe().by),
    onSuccess: (_, given) => say({ text: 'Taken back.', undo: () => again.mutate(given) }),
    onError: (error) => say({ text: `Not taken back: ${refusal(error)}`, failed: true }),
    onSettled: (_, __, { incident }) => settled(incident),
  })
}

async function refresh(client: ReturnType<typeof useQueryClient>, id: string) {
  await Promise.all([
    client.invalidateQueries({ queryKey: ['incident', id] }),
    client.invalidateQueries({ queryKey: ['feedback', id] }),
  ])
  const fresh = client.getQueryData<IncidentDetail>(['incident', id])
  if (fresh !== undefined)
    updateInPlace(client, (shown) => (shown.id === id ? restored(shown, fresh) : shown))
}

/** Where a band begins, until the server says the score itself. */
const FLOORS: Record<Severity, number> = { low: 0, medium: 4, high: 7, critical: 9 }

/** The incident as the server will show it: the later word stands above the earlier. */
export function heeding<T extends IncidentSummary>(shown: T, said: Partial<Saying>, at: string): T {
  const before = shown.said
  const dismissed =
    said.relevant === false && (shown.status === 'new' || shown.status === 'watching')
  const welcome =
    said.relevant === true && before?.relevant === false && shown.status === 'dismissed'
  return {
    ...shown,
    said: {
      relevant: said.relevant ?? before?.relevant ?? null,
      types: said.types ?? before?.types ?? null,
      severity: said.severity ?? before?.severity ?? null,
      countries: said.countries ?? before?.countries ?? null,
      note: said.note ?? before?.note ?? null,
      ...byMe(),
      at,
    },
    ...(said.types != null && {
      types: said.types.map((label) => ({ label, confidence: 1 })),
    }),
    ...(said.severity != null &&
      said.severity !== shown.severity && {
        severity: said.severity,
        severity_score: FLOORS[said.severity],
      }),
    ...(said.countries != null && { countries: said.countries }),
    ...(dismissed && { status: 'dismissed' as const }),
    ...(welcome && { status: 'new' as const }),
  }
}

/** A row with the facts that feedback changes as they are in `from`. */
function restored(row: IncidentSummary, from: IncidentSummary): IncidentSummary {
  const { said, types, severity, severity_score, countries, status } = from
  return { ...row, said, types, severity, severity_score, countries, status }
}
