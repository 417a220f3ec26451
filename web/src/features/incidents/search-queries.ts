// What the server knows of a search: what it means, what may be written next, and
// the searches that people keep.

import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api } from '../../api/client'
import type { Completion, NewSearch, SavedSearch } from '../../api/types'
import { useToast } from '../../ui/toast'

/** What a query means; fails with the mistake in it. */
export const explanation = (q: string) =>
  queryOptions({
    queryKey: ['query', 'explain', q],
    queryFn: ({ signal }) => api.query.explain(q, signal),
    // A query means the same until the program is another.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    retry: false,
    retryOnMount: false,
  })

/** What was asked stays beside the answer: an answer may be late. */
export interface Offered extends Completion {
  text: string
  at: number
}

/** `at` counts code points. The offers before stay until there are new ones. */
export const completion = (text: string, at: number) =>
  queryOptions({
    queryKey: ['query', 'complete', text, at],
    queryFn: async ({ signal }): Promise<Offered> => ({
      ...(await api.query.complete(text, at, signal)),
      text,
      at,
    }),
    staleTime: 60_000,
    gcTime: 60_000,
    retry: false,
    placeholderData: keepPreviousData,
  })

const SAVED = ['searches'] as const

export const savedSearches = () =>
  queryOptions({
    queryKey: SAVED,
    queryFn: ({ signal }) => api.searches.list(signal),
    staleTime: 10_000,
  })

export function useSaveSearch() {
  const client = useQueryClient()
  const say = useToast()
  return useMutation<SavedSearch, Error, NewSearch>({
    mutationFn: (search) => api.searches.save(search),
    onSuccess: (saved) => say({ text: `“${saved.name}” is saved.` }),
    onSettled: () => client.invalidateQueries({ queryKey: SAVED }),
  })
}

export function useForgetSearch() {
  const client = useQueryClient()
  const say = useToast()
  const again = useSaveSearch()
  return useMutation<undefined, Error, SavedSearch>({
    mutationFn: (search) => api.searches.forget(search.id),
    onSuccess: (_, { name, query }) =>
      say({ text: `“${name}” is forgotten.`, undo: () => again.mutate({ name, query }) }),
    onError: (error, { name }) => say({ text: `“${name}” stays: ${error.message}`, failed: true }),
    onSettled: () => client.invalidateQueries({ queryKey: SAVED }),
  })
}
