// What people do about an incident beside its status. Who has it and its tags show
// at once and can be undone; what rearranges items or writes a note cannot, so it
// is said in a dialog and waits for the server.

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { ApiError, api } from '../../api/client'
import type {
  IncidentChange,
  IncidentDetail,
  IncidentSummary,
  NotSameOut,
  SplitOut,
} from '../../api/types'
import { sentence } from '../../ui/format'
import { useToast } from '../../ui/toast'
import { removeRows, updateInPlace } from './detail-queries'
import { byMe } from './my-name'

/** Why something was not done, in words that say what now. */
export function refusal(error: Error): string {
  if (!(error instanceof ApiError)) return 'It was not done.'
  if (error.problem?.code === 'changed')
    return 'Nothing was done: the incident changed while you looked, by somebody else or a new report. It is shown as it is now; look again.'
  if (error.status === 409) return `That cannot be done: ${error.message}.`
  return sentence(error.message)
}

interface Change {
  to: IncidentChange
  /** What undoes it. */
  back: IncidentChange
  /** The facts as they are shown meanwhile, and before. */
  shown: Partial<IncidentSummary>
  before: Partial<IncidentSummary>
  done: string
  /** Given where somebody else's change must not be overwritten. */
  revision?: number
  undoing?: boolean
}

/** Assigns and tags: at once, with undo, and taken back when refused. */
export function useChange(id: string) {
  const client = useQueryClient()
  const say = useToast()
  const show = (facts: Partial<IncidentSummary>) => {
    client.setQueryData<IncidentDetail>(
      ['incident', id],
      (shown) => shown && { ...shown, ...facts },
    )
    updateInPlace(client, (shown) => (shown.id === id ? { ...shown, ...facts } : shown))
  }
  const mutation = useMutation<IncidentSummary, Error, Change>({
    scope: { id: `incident-change-${id}` },
    mutationFn: ({ to, revision }) => api.incidents.change(id, { ...to, ...byMe() }, revision),
    onMutate: async ({ shown }) => {
      await client.cancelQueries({ queryKey: ['incident', id] })
      show(shown)
    },
    onSuccess: ({ assignee, tags, revision }, { to, back, shown, before, done, undoing }) => {
      show({ assignee, tags, revision })
      if (undoing) return
      say({
        text: done,
        undo: () =>
          mutation.mutate({
            to: back,
            back: to,
            shown: before,
            before: shown,
            done,
            undoing: true,
          }),
      })
    },
    onError: (error, { before }) => {
      show(before)
      say({ text: refusal(error), failed: true })
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['incident', id] }),
  })
  return mutation
}

/** Something that cannot be undone: done by the server first, then shown, in the list
 *  too: `now` are incidents as they are since, `gone` says that this one is none any more. */
function useHand<Asked, Answer>(
  id: string,
  act: (asked: Asked) => Promise<Answer>,
  onDone: (answer: Answer) => void,
  rows: (answer: Answer) => { now: (IncidentSummary | null)[]; gone?: boolean },
) {
  const client = useQueryClient()
  return useMutation<Answer, Error, Asked>({
    mutationFn: act,
    onSuccess: (answer) => {
      const { now, gone = false } = rows(answer)
      updateInPlace(client, (shown) => now.find((one) => one?.id === shown.id) ?? shown)
      if (gone) removeRows(client, [id])
      onDone(answer)
    },
    // Refused because it changed: the reader is shown what it is now.
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ['incident', id] }),
        client.invalidateQueries({ queryKey: ['similar'] }),
      ]),
  })
}

export const useNote = (id: string, onDone: () => void) =>
  useHand<string, IncidentSummary>(
    id,
    (text) => api.incidents.note(id, { text, ...byMe() }),
    onDone,
    (incident) => ({ now: [incident] }),
  )

export const useSplit = (incident: IncidentSummary, onDone: (answer: SplitOut) => void) =>
  useHand<string[], SplitOut>(
    incident.id,
    (items) => api.incidents.split(incident.id, { items, ...byMe() }, incident.revision),
    onDone,
    ({ left }) => ({ now: [left] }),
  )

export const useNotSame = (incident: IncidentSummary, onDone: (answer: NotSameOut) => void) =>
  useHand<string, NotSameOut>(
    incident.id,
    (item) => api.incidents.notSame(incident.id, { item, ...byMe() }, incident.revision),
    onDone,
    ({ left, placed }) => ({ now: [left, placed] }),
  )

export const useMerge = (incident: IncidentSummary, onDone: (into: IncidentSummary) => void) =>
  useHand<string, IncidentSummary>(
    incident.id,
    (into) => api.incidents.merge(incident.id, { into, ...byMe() }, incident.revision),
    onDone,
    (into) => ({ now: [into], gone: true }),
  )

/** The id in what a person pasted: an id, or the address of an incident's page. */
export function incidentIdIn(text: string): string {
  const [path = ''] = text.trim().split(/[?#]/)
  return path.split('/').filter(Boolean).at(-1) ?? ''
}
