// What people file an incident under: tags to keep, tags to add.

import { type FormEvent, useId, useState } from 'react'
import type { IncidentDetail } from '../../api/types'
import { Dialog } from '../../ui/dialog'
import { useChange } from './handling'
import { MyNameField } from './my-name'

export function TagDialog({
  incident,
  onClose,
}: {
  incident: IncidentDetail
  onClose: () => void
}) {
  const [kept, setKept] = useState<readonly string[]>(incident.tags)
  const [text, setText] = useState('')
  const change = useChange(incident.id)
  const field = useId()
  const added = tagsIn(text).filter((tag) => !incident.tags.includes(tag))
  const removed = incident.tags.filter((tag) => !kept.includes(tag))
  const onSubmit = (event: FormEvent) => {
    event.preventDefault()
    onClose()
    change.mutate({
      to: { add_tags: added, remove_tags: removed },
      back: { add_tags: removed, remove_tags: added },
      shown: { tags: [...kept, ...added] },
      before: { tags: incident.tags },
      done: said(added, removed),
    })
  }
  return (
    <Dialog title="Tags" onClose={onClose}>
      <form className="hand-form" onSubmit={onSubmit}>
        {incident.tags.length > 0 && (
          <fieldset>
            <legend>Filed under</legend>
            {incident.tags.map((tag) => (
              <label key={tag} className="choice">
                <input
                  type="checkbox"
                  checked={kept.includes(tag)}
                  onChange={(event) =>
                    setKept(
                      event.target.checked ? [...kept, tag] : kept.filter((one) => one !== tag),
                    )
                  }
                />
                {tag}
              </label>
            ))}
          </fieldset>
        )}
        <label htmlFor={field}>Add, with commas between</label>
        <input
          data-first
          id={field}
          className="form-control form-control-sm"
          autoComplete="off"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <MyNameField />
        <div className="hand-acts">
          <button
            type="submit"
            className="btn btn-sm btn-primary"
            disabled={added.length + removed.length === 0}
          >
            Save
          </button>
        </div>
      </form>
    </Dialog>
  )
}

/** Folded as the server folds them, so that what shows at once is what stays. */
export function tagsIn(text: string): string[] {
  const tags = text
    .split(',')
    .map((tag) => tag.trim().split(/\s+/).join('-').toLowerCase())
    .filter((tag) => tag !== '')
  return [...new Set(tags)]
}

function said(added: readonly string[], removed: readonly string[]): string {
  const parts = []
  if (added.length > 0) parts.push(`tagged ${added.join(', ')}`)
  if (removed.length > 0) parts.push(`no longer ${removed.join(', ')}`)
  const text = parts.join('; ')
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
