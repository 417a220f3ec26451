// Why the machine decided as it did: every reason as a bar, and the text it rests
// on lit while the pointer or the focus is on it.

import type { IncidentDetail, Reason } from '../../api/types'
import { ContributionBar } from '../../ui/bar'
import { count, percent } from '../../ui/format'
import { distinct, reasonKey } from './reasons'
import { aspectWords } from './words'

const relevanceWords: Record<IncidentDetail['relevance'], string> = {
  incident: 'An incident',
  threat_info: 'Threat information',
  irrelevant: 'Not relevant',
}

/** The weightiest come first; the rest is for those who doubt. */
const SHOWN = 6

export function Why({
  incident,
  onLit,
}: {
  incident: IncidentDetail
  onLit: (reason: Reason | undefined) => void
}) {
  const all = distinct(incident.reasons)
  const most = Math.max(...all.map((reason) => Math.abs(reason.weight)), 0)
  const lines = (reasons: readonly Reason[]) => (
    <ul className="reasons">
      {reasons.map((reason) => (
        <Line key={reasonKey(reason)} reason={reason} most={most} onLit={onLit} />
      ))}
    </ul>
  )
  return (
    <section className="fact" aria-labelledby="why">
      <h2 id="why">Why</h2>
      <p className="none">
        {relevanceWords[incident.relevance]}, {percent(incident.relevance_probability)} sure.
      </p>
      {all.length === 0 ? (
        <p className="none">No reason is kept.</p>
      ) : (
        <>
          {lines(all.slice(0, SHOWN))}
          {all.length > SHOWN && (
            <details>
              <summary>{count(all.length - SHOWN, 'more reason')}</summary>
              {lines(all.slice(SHOWN))}
            </details>
          )}
        </>
      )}
    </section>
  )
}

function Line({
  reason,
  most,
  onLit,
}: {
  reason: Reason
  most: number
  onLit: (reason: Reason | undefined) => void
}) {
  return (
    <li>
      <span className="reason-aspect">{aspectWords[reason.aspect]}</span>
      {(reason.spans?.length ?? 0) > 0 ? (
        <button
          type="button"
          className="reason-light reason-text"
          onMouseEnter={() => onLit(reason)}
          onMouseLeave={() => onLit(undefined)}
          onFocus={() => onLit(reason)}
          onBlur={() => onLit(undefined)}
        >
          {reason.text}
        </button>
      ) : (
        <span className="reason-text">{reason.text}</span>
      )}
      <ContributionBar weight={reason.weight} most={most} />
    </li>
  )
}
