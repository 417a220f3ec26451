// Looking at an address, adding it, switching and removing. The list is asked for
// again after each change; the service itself follows within seconds.

import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api } from '../../api/client'
import type { LookOut, NewSource, SourceList, SourceOut } from '../../api/types'
import { useToast } from '../../ui/toast'

const LIST = ['sources'] as const

/** What a configured source would give now. Asked for each time it is opened. */
export const sourcePreview = (id: string) =>
  queryOptions({
    queryKey: ['source-preview', id],
    queryFn: ({ signal }) => api.sources.preview(id, signal),
    gcTime: 0,
    retry: false,
  })

export function useLook() {
  return useMutation<LookOut, Error, string>({ mutationFn: (url) => api.sources.look({ url }) })
}

export function useAddSource(onAdded: () => void) {
  const client = useQueryClient()
  const say = useToast()
  return useMutation<SourceOut, Error, NewSource>({
    mutationFn: (source) => api.sources.add(source),
    onSuccess: (source) => {
      say({ text: `${source.name} is added. It is read within seconds.` })
      onAdded()
    },
    onSettled: () => client.invalidateQueries({ queryKey: LIST }),
  })
}

/** Shown at once; put back, and said, if the server does not take it. */
export function useSwitchSource() {
  const client = useQueryClient()
  const say = useToast()
  const show = (id: string, enabled: boolean) =>
    client.setQueryData<SourceList>(
      LIST,
      (list) =>
        list && {
          ...list,
          sources: list.sources.map((source) =>
            source.id === id
              ? { ...source, enabled, state: enabled ? ('not_reached' as const) : ('off' as const) }
              : source,
          ),
        },
    )
  const mutation = useMutation<
    SourceOut,
    Error,
    { source: SourceOut; enabled: boolean; undone?: boolean }
  >({
    mutationFn: ({ source, enabled }) => api.sources.change(source.id, enabled),
    onMutate: ({ source, enabled }) => show(source.id, enabled),
    onError: (error, { source, enabled }) => {
      show(source.id, !enabled)
      say({ text: `${source.name} stays as it was: ${error.message}`, failed: true })
    },
    onSuccess: (_, { source, enabled, undone }) => {
      if (undone) return
      say({
        text: `${source.name} is switched ${enabled ? 'on' : 'off'}.`,
        undo: () => mutation.mutate({ source, enabled: !enabled, undone: true }),
      })
    },
    onSettled: () => client.invalidateQueries({ queryKey: LIST }),
  })
  return mutation
}

export function useRemoveSource() {
  const client = useQueryClient()
  const say = useToast()
  return useMutation<{ detail: string }, Error, SourceOut>({
    mutationFn: (source) => api.sources.remove(source.id),
    onSuccess: (_, source) => say({ text: `${source.name} is removed. What it gave stays.` }),
    onError: (error, source) =>
      say({ text: `${source.name} could not be removed: ${error.message}`, failed: true }),
    onSettled: () => client.invalidateQueries({ queryKey: LIST }),
  })
}
