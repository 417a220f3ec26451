// What changed of an incident, by whose hand, latest first. Items and notes are
// left out: they stand in full beside it.

import { Link } from '@tanstack/react-router'
import type { HistoryEntry } from '../../api/types'
import { paths } from '../../paths'
import { count, sentence } from '../../ui/format'
import { TimeAgo } from '../../ui/time-ago'

/** The latest turns; the rest is for those who look back. */
const SHOWN = 8

export function History({ history }: { history: readonly HistoryEntry[] }) {
  const told = history.filter((entry) => entry.kind === 'development' || entry.kind === 'alert')
  const lines = (entries: readonly HistoryEntry[]) => (
    <ul className="history">
      {entries.map((entry) => (
        <Line key={`${entry.at} ${entry.kind} ${entry.text}`} entry={entry} />
      ))}
    </ul>
  )
  return (
    <section className="fact" aria-labelledby="history">
      <h2 id="history">History</h2>
      {told.length === 0 ? (
        <p className="none">Nothing is kept of what changed.</p>
      ) : (
        <>
          {lines(told.slice(0, SHOWN))}
          {told.length > SHOWN && (
            <details>
              <summary>{count(told.length - SHOWN, 'earlier change')}</summary>
              {lines(told.slice(SHOWN))}
            </details>
          )}
        </>
      )}
    </section>
  )
}

function Line({ entry }: { entry: HistoryEntry }) {
  const other = otherIncident(entry)
  return (
    <li>
      {entry.kind === 'alert' ? `Alert: ${entry.text}` : sentence(entry.text)}{' '}
      {other !== undefined && (
        <>
          <Link to={paths.incident} params={{ id: other }} search={true}>
            the other one
          </Link>{' '}
        </>
      )}
      <span className="because">
        {entry.by != null && `by ${entry.by}, `}
        <TimeAgo at={entry.at} />
        {entry.was != null && ', before it was merged into this one'}
      </span>
    </li>
  )
}

/** Where items went or came from. One that was merged leads here, so it is no link. */
function otherIncident({ development }: HistoryEntry): string | undefined {
  if (development?.kind === 'split') return development.into
  if (development?.kind === 'split_from') return development.incident
  return undefined
}
