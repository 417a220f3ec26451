// What decides, and changing it. A training goes on in the background: the live event
// `model.decided` tells of its end, and so that a lost connection hides nothing, the
// list is asked for again while one goes on.

import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { api } from '../../api/client'
import type { ModelList, ModelOut, Task } from '../../api/types'
import { sentence } from '../../ui/format'
import { useToast } from '../../ui/toast'
import { versionWord } from './model-words'

const LIST = ['models'] as const
const WHILE_TRAINING_MS = 2_000
const OTHERWISE_MS = 60_000

export const modelList = () =>
  queryOptions({
    queryKey: LIST,
    queryFn: ({ signal }) => api.models.list(signal),
    refetchInterval: ({ state }) =>
      state.data?.models.some(({ training }) => training) ? WHILE_TRAINING_MS : OTHERWISE_MS,
  })

/** Trains, and says what the gate decided when it has. */
export function useTrain(models: ModelList | undefined) {
  const client = useQueryClient()
  const say = useToast()
  /** What was asked for here, with the task's newest decision before it. */
  const asked = useRef<{ task: Task; name: string; after: string }>(undefined)
  useEffect(() => {
    const wanted = asked.current
    const decision = models?.decisions.find(({ task }) => task === wanted?.task)
    if (wanted === undefined || decision === undefined || decision.at === wanted.after) return
    asked.current = undefined
    const outcome = decision.changed ? 'A new model is live' : 'The model stays'
    say({ text: `${wanted.name}: ${outcome}. ${sentence(decision.why)}.` })
  }, [models, say])
  return useMutation<ModelOut, Error, ModelOut>({
    mutationFn: ({ task }) => api.models.train(task),
    onMutate: ({ task, name }) => {
      const after = models?.decisions.find((one) => one.task === task)?.at ?? ''
      asked.current = { task, name, after }
    },
    onSuccess: (model) => show(client, model),
    onError: (error, { name }) => {
      asked.current = undefined
      say({ text: `${name} is not trained: ${sentence(error.message)}`, failed: true })
    },
    onSettled: () => client.invalidateQueries({ queryKey: LIST }),
  })
}

/** Makes another version live, and offers to put the one before back. */
export function useActivate() {
  const client = useQueryClient()
  const say = useToast()
  const mutation = useMutation<
    ModelOut,
    Error,
    { model: ModelOut; version: string; how?: 'back' | 'undone' }
  >({
    mutationFn: ({ model, version, how }) =>
      how === 'back' ? api.models.rollBack(model.task) : api.models.activate(model.task, version),
    onSuccess: (now, { model, how }) => {
      show(client, now)
      if (how === 'undone') return
      say({
        text: `${now.name}: ${versionWord(now.live)} decides now.`,
        undo: () => mutation.mutate({ model: now, version: model.live, how: 'undone' }),
      })
    },
    onError: (error, { model }) =>
      say({
        text: `${model.name} is decided as before: ${sentence(error.message)}`,
        failed: true,
      }),
    onSettled: () => client.invalidateQueries({ queryKey: LIST }),
  })
  return mutation
}

function show(client: ReturnType<typeof useQueryClient>, model: ModelOut) {
  client.setQueryData<ModelList>(
    LIST,
    (list) =>
      list && {
        ...list,
        models: list.models.map((one) => (one.task === model.task ? model : one)),
      },
  )
}
