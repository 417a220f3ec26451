// What can be done about one source: look at what it gives, switch it, remove it.

import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { SourceOut } from '../../api/types'
import { PreviewList } from './preview-list'
import { sourcePreview, useRemoveSource, useSwitchSource } from './source-changes'

export function SourceActions({ source }: { source: SourceOut }) {
  const [open, setOpen] = useState<'preview' | 'remove'>()
  const change = useSwitchSource()
  const remove = useRemoveSource()
  return (
    <>
      <fieldset className="source-actions">
        <legend className="visually-hidden">{source.name}</legend>
        <button
          type="button"
          role="switch"
          aria-checked={source.enabled}
          className="btn btn-sm btn-action"
          disabled={change.isPending}
          onClick={() => change.mutate({ source, enabled: !source.enabled })}
        >
          {source.enabled ? 'On' : 'Off'}
        </button>
        <button
          type="button"
          className="btn btn-sm btn-quiet"
          aria-expanded={open === 'preview'}
          onClick={() => setOpen(open === 'preview' ? undefined : 'preview')}
        >
          Preview
        </button>
        {source.origin === 'added' && (
          <button
            type="button"
            className="btn btn-sm btn-quiet"
            aria-expanded={open === 'remove'}
            onClick={() => setOpen(open === 'remove' ? undefined : 'remove')}
          >
            Remove
          </button>
        )}
      </fieldset>
      {open === 'preview' && <SourcePreview id={source.id} />}
      {open === 'remove' && (
        <p className="source-confirm">
          <span>It is no longer read. What it gave stays.</span>
          <button
            type="button"
            className="btn btn-sm btn-primary"
            disabled={remove.isPending}
            onClick={() => remove.mutate(source)}
          >
            Remove {source.name}
          </button>
          <button type="button" className="btn btn-sm btn-quiet" onClick={() => setOpen(undefined)}>
            Keep it
          </button>
        </p>
      )}
    </>
  )
}

function SourcePreview({ id }: { id: string }) {
  const { data, error } = useQuery(sourcePreview(id))
  if (error !== null)
    return (
      <p className="source-error" role="alert">
        {error.message}
      </p>
    )
  if (data === undefined)
    return (
      <p className="none" role="status">
        Reading it…
      </p>
    )
  return <PreviewList preview={data} />
}
