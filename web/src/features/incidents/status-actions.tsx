// What a person does about an incident, in one row; the one in force is pressed.

import type { IncidentStatus } from '../../api/types'
import { useSetStatus } from './detail-queries'

const actions: [IncidentStatus, string][] = [
  ['new', 'New'],
  ['watching', 'Watching'],
  ['handled', 'Handled'],
  ['dismissed', 'Dismiss'],
]

export function StatusActions({ id, status }: { id: string; status: IncidentStatus }) {
  const setStatus = useSetStatus(id)
  return (
    <fieldset className="actions">
      <legend className="visually-hidden">Status</legend>
      {actions.map(([to, word]) => (
        <button
          key={to}
          type="button"
          className={to === status ? 'btn btn-sm btn-action active' : 'btn btn-sm btn-action'}
          aria-pressed={to === status}
          onClick={() => {
            if (to !== status) setStatus.mutate({ to, from: status })
          }}
        >
          {to === 'dismissed' && status === 'dismissed' ? 'Dismissed' : word}
        </button>
      ))}
    </fieldset>
  )
}
