// The searches that people keep: a small menu beside the search box.

import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useId, useState } from 'react'
import { Menu } from '../../ui/menu'
import { savedSearches, useForgetSearch, useSaveSearch } from './search-queries'

/** `query` is what the reader sees now, filters and all. */
export function SavedSearches({
  query,
  onApply,
}: {
  query: string
  onApply: (query: string) => void
}) {
  return (
    <Menu label="Saved" name="Saved searches">
      {(close) => (
        <>
          <SavedList
            onApply={(query) => {
              onApply(query)
              close()
            }}
          />
          <SaveThis key={query} query={query} />
        </>
      )}
    </Menu>
  )
}

function SavedList({ onApply }: { onApply: (query: string) => void }) {
  const { data, error } = useQuery(savedSearches())
  const forget = useForgetSearch()
  if (data === undefined)
    return error === null ? (
      <p className="menu-note" role="status">
        Loading the saved searches…
      </p>
    ) : (
      <p className="menu-note" role="alert">
        The saved searches did not load: {error.message}
      </p>
    )
  if (data.length === 0) return <p className="menu-note">No search is saved yet.</p>
  return (
    <ul aria-label="Saved searches">
      {data.map((search) => (
        <li key={search.id} className="saved-search">
          <button
            type="button"
            className="saved-apply"
            title={search.query}
            onClick={() => onApply(search.query)}
          >
            <span>{search.name}</span>
            <span className="saved-sentence">{search.sentence}</span>
          </button>
          <button
            type="button"
            className="btn btn-sm btn-quiet"
            aria-label={`Forget ${search.name}`}
            disabled={forget.isPending}
            onClick={() => forget.mutate(search)}
          >
            Forget
          </button>
        </li>
      ))}
    </ul>
  )
}

function SaveThis({ query }: { query: string }) {
  const [name, setName] = useState('')
  const save = useSaveSearch()
  const error = useId()
  if (query === '')
    return <p className="menu-note save-search">Search or filter for something to save it here.</p>
  const onSave = (event: FormEvent) => {
    event.preventDefault()
    save.mutate({ name: name.trim(), query }, { onSuccess: () => setName('') })
  }
  return (
    <form className="save-search" onSubmit={onSave}>
      <p className="code">{query}</p>
      <div className="save-row">
        <input
          className="form-control form-control-sm"
          aria-label="Name of this search"
          aria-describedby={save.error === null ? undefined : error}
          aria-invalid={save.error !== null}
          placeholder="Name"
          autoComplete="off"
          maxLength={100}
          value={name}
          onChange={(event) => {
            setName(event.target.value)
            save.reset()
          }}
        />
        <button
          type="submit"
          className="btn btn-sm btn-primary"
          disabled={name.trim() === '' || save.isPending}
        >
          {save.isPending ? 'Saving…' : 'Save'}
        </button>
      </div>
      {save.error !== null && (
        <p id={error} role="alert">
          {save.error.message}
        </p>
      )}
    </form>
  )
}
