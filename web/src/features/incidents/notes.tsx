// What people wrote beside an incident, oldest first.

import type { NoteOut } from '../../api/types'
import { TimeAgo } from '../../ui/time-ago'

export function Notes({ notes }: { notes: readonly NoteOut[] }) {
  if (notes.length === 0) return null
  return (
    <section className="story-part" aria-labelledby="notes">
      <h2 id="notes">Notes</h2>
      <ul className="notes">
        {notes.map((note) => (
          <li key={`${note.at} ${note.by} ${note.text}`}>
            <p className="note-text">{note.text}</p>
            <p className="because">
              {note.by}, <TimeAgo at={note.at} />
            </p>
          </li>
        ))}
      </ul>
    </section>
  )
}
