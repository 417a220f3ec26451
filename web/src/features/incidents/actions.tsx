// What a person does about an incident, in one row: its status, who has it, and
// what the machine got wrong.

import { useState } from 'react'
import type { IncidentDetail } from '../../api/types'
import { AssignDialog } from './assign-dialog'
import { NotSameDialog } from './not-same-dialog'
import { NoteDialog } from './note-dialog'
import { StatusActions } from './status-actions'
import { TagDialog } from './tag-dialog'
import { WrongDialog } from './wrong-dialog'

const acts = [
  { word: 'Assign', Opened: AssignDialog },
  { word: 'Tag', Opened: TagDialog },
  { word: 'Note', Opened: NoteDialog },
  { word: 'Not the same…', Opened: NotSameDialog },
  { word: 'Wrong…', Opened: WrongDialog },
]

export function Actions({ incident }: { incident: IncidentDetail }) {
  const [open, setOpen] = useState<string>()
  const Opened = acts.find(({ word }) => word === open)?.Opened
  return (
    <div className="action-row">
      <StatusActions id={incident.id} status={incident.status} />
      <fieldset className="actions">
        <legend className="visually-hidden">More about this incident</legend>
        {acts.map(({ word }) => (
          <button
            key={word}
            type="button"
            className="btn btn-sm btn-action"
            aria-haspopup="dialog"
            onClick={() => setOpen(word)}
          >
            {word}
          </button>
        ))}
      </fieldset>
      {Opened !== undefined && <Opened incident={incident} onClose={() => setOpen(undefined)} />}
    </div>
  )
}
