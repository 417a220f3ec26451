// Adding a source: an address, what was found there, and only then the choice.

import { type FormEvent, useId, useRef, useState } from 'react'
import { useKeys } from '../../ui/keys'
import { PreviewList } from './preview-list'
import { useAddSource, useLook } from './source-changes'

export function AddSource() {
  const [url, setUrl] = useState('')
  const [name, setName] = useState('')
  const look = useLook()
  const field = useRef<HTMLInputElement>(null)
  const start = () => {
    look.reset()
    add.reset()
    setUrl('')
    field.current?.focus()
  }
  const add = useAddSource(start)
  const ids = { url: useId(), name: useId(), error: useId() }
  useKeys({ a: () => field.current?.focus() })

  const onLook = (event: FormEvent) => {
    event.preventDefault()
    const wanted = withScheme(url)
    if (wanted === '') return
    add.reset()
    look.mutate(wanted, { onSuccess: (found) => setName(found.name) })
  }
  const found = look.data
  const error = add.error ?? look.error
  const onAdd = (event: FormEvent) => {
    event.preventDefault()
    if (found === undefined) return
    const { url: own, ...settings } = found.settings
    add.mutate({
      url: typeof own === 'string' ? own : withScheme(url),
      kind: found.kind,
      name: name.trim() === '' ? found.name : name.trim(),
      settings,
      // It was read a moment ago.
      check: false,
    })
  }
  return (
    <section className="add-source" aria-label="Add a source">
      <form className="add-row" onSubmit={onLook}>
        <label htmlFor={ids.url}>Add a source</label>
        <input
          ref={field}
          id={ids.url}
          className="form-control form-control-sm"
          inputMode="url"
          autoComplete="off"
          spellCheck={false}
          placeholder="Address of a feed, a site or a service"
          value={url}
          aria-describedby={error === null ? undefined : ids.error}
          aria-invalid={error !== null}
          onChange={(event) => {
            setUrl(event.target.value)
            if (look.data !== undefined || look.error !== null) look.reset()
          }}
        />
        <button
          type="submit"
          className={found === undefined ? 'btn btn-sm btn-primary' : 'btn btn-sm btn-action'}
          disabled={look.isPending || url.trim() === ''}
        >
          {look.isPending ? 'Looking…' : 'Look'}
        </button>
      </form>
      {error !== null && (
        <p id={ids.error} className="add-error" role="alert">
          {error.message}
        </p>
      )}
      {found !== undefined && (
        <form className="add-found" onSubmit={onAdd}>
          <p className="source-facts">
            <span className="tag">{found.kind}</span>
            <span>{found.found}</span>
          </p>
          <PreviewList preview={found.preview} />
          <div className="add-row">
            <label htmlFor={ids.name}>Name</label>
            <input
              id={ids.name}
              className="form-control form-control-sm"
              value={name}
              maxLength={200}
              onChange={(event) => setName(event.target.value)}
            />
            <button type="submit" className="btn btn-sm btn-primary" disabled={add.isPending}>
              {add.isPending ? 'Adding…' : 'Add'}
            </button>
            <button type="button" className="btn btn-sm btn-quiet" onClick={start}>
              Cancel
            </button>
          </div>
        </form>
      )}
    </section>
  )
}

/** People write `example.org`; addresses begin with their scheme. */
function withScheme(text: string): string {
  const trimmed = text.trim()
  return trimmed === '' || /^[a-z]+:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`
}
