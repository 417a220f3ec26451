// Who looks after an incident.

import { type FormEvent, useId, useState } from 'react'
import type { IncidentDetail } from '../../api/types'
import { Dialog } from '../../ui/dialog'
import { useChange } from './handling'
import { MyNameField, myName, NAME_MAX } from './my-name'

export function AssignDialog({
  incident,
  onClose,
}: {
  incident: IncidentDetail
  onClose: () => void
}) {
  const [name, setName] = useState(incident.assignee ?? myName())
  const change = useChange(incident.id)
  const field = useId()
  const assign = (to: string | null) => {
    const from = incident.assignee ?? null
    onClose()
    if (to === from) return
    change.mutate({
      to: { assignee: to },
      back: { assignee: from },
      shown: { assignee: to },
      before: { assignee: from },
      done: to === null ? 'Nobody looks after it.' : `${to} looks after it.`,
      // Two who take it at once must not overwrite each other.
      revision: incident.revision,
    })
  }
  const onSubmit = (event: FormEvent) => {
    event.preventDefault()
    assign(name.trim())
  }
  return (
    <Dialog title="Assign" onClose={onClose}>
      <form className="hand-form" onSubmit={onSubmit}>
        <label htmlFor={field}>Who looks after it</label>
        <input
          data-first
          id={field}
          className="form-control form-control-sm"
          value={name}
          maxLength={NAME_MAX}
          onChange={(event) => setName(event.target.value)}
        />
        <MyNameField />
        <div className="hand-acts">
          <button type="submit" className="btn btn-sm btn-primary" disabled={name.trim() === ''}>
            Assign
          </button>
          {incident.assignee != null && (
            <button type="button" className="btn btn-sm btn-quiet" onClick={() => assign(null)}>
              To nobody
            </button>
          )}
        </div>
      </form>
    </Dialog>
  )
}
