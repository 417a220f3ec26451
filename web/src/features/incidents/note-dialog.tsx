// A note beside an incident. It stays as it was written, so it waits for the server.

import { type FormEvent, useId, useState } from 'react'
import type { IncidentDetail } from '../../api/types'
import { Dialog } from '../../ui/dialog'
import { useToast } from '../../ui/toast'
import { refusal, useNote } from './handling'
import { MyNameField } from './my-name'

/** As the server has it. */
const NOTE_MAX = 10_000

export function NoteDialog({
  incident,
  onClose,
}: {
  incident: IncidentDetail
  onClose: () => void
}) {
  const [text, setText] = useState('')
  const say = useToast()
  const field = useId()
  const note = useNote(incident.id, () => {
    say({ text: 'The note is kept.' })
    onClose()
  })
  const onSubmit = (event: FormEvent) => {
    event.preventDefault()
    note.mutate(text)
  }
  return (
    <Dialog title="Note" onClose={onClose}>
      <form className="hand-form" onSubmit={onSubmit}>
        <label htmlFor={field}>What others should know. It stays as you write it.</label>
        <textarea
          data-first
          id={field}
          className="form-control"
          rows={5}
          maxLength={NOTE_MAX}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <MyNameField />
        {note.error !== null && <p role="alert">{refusal(note.error)}</p>}
        <div className="hand-acts">
          <button
            type="submit"
            className="btn btn-sm btn-primary"
            disabled={note.isPending || text.trim() === ''}
          >
            {note.isPending ? 'Writing…' : 'Write'}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
