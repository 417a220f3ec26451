// One incident in the list: one line, or two where it is narrow. The whole row is
// the link.

import { memo } from 'react'
import type { IncidentSummary } from '../../api/types'
import { paths } from '../../paths'
import { count, number } from '../../ui/format'
import { Guess } from '../../ui/guess'
import { Severity } from '../../ui/severity'
import { TimeAgo } from '../../ui/time-ago'
import { shortPlace } from './places'
import { statusWords, typeWords } from './words'

export const IncidentRow = memo(function IncidentRow({
  incident,
  index,
  top,
  search,
  open,
}: {
  incident: IncidentSummary
  /** Its place in the whole list, for those who hear it. */
  index: number
  /** Its place on the screen, in pixels below the column names. */
  top: number
  /** What its address keeps of the list's. */
  search: string
  open: boolean
}) {
  const [type] = incident.types
  const place = shortPlace(incident)
  const settled = incident.status === 'handled' || incident.status === 'dismissed'
  return (
    <div
      role="row"
      aria-rowindex={index}
      style={{ top }}
      className={`row-grid incident-row${open ? ' incident-row-open' : ''}${settled ? ' incident-row-settled' : ''}`}
    >
      <span role="cell" className="cell-severity">
        <Severity of={incident.severity} />
      </span>
      <span role="cell" className="cell-title">
        <a
          href={`${paths.incidents}/${encodeURIComponent(incident.id)}${search}`}
          className="row-link"
          data-row={incident.id}
          aria-current={open ? 'true' : undefined}
          title={incident.title}
        >
          {incident.title}
        </a>
        {incident.exploited && <span className="tag">Exploited</span>}
      </span>
      <span role="cell" className="cell-type">
        {type !== undefined && (
          <>
            {incident.said?.types == null ? (
              <Guess confidence={type.confidence}>{typeWords[type.label]}</Guess>
            ) : (
              typeWords[type.label]
            )}
            {incident.types.length > 1 && (
              <span className="more-of"> +{incident.types.length - 1}</span>
            )}
          </>
        )}
      </span>
      <span role="cell" className="cell-place">
        {place !== '' && <Guess>{place}</Guess>}
      </span>
      <span role="cell" className="cell-sources">
        <span className="cell-narrow">{count(incident.sources.length, 'source')}</span>
        <span className="cell-wide">{number(incident.sources.length)}</span>
      </span>
      <span role="cell" className="cell-items">
        {number(incident.items)}
      </span>
      <span role="cell" className="cell-status">
        {statusWords[incident.status]}
      </span>
      <span role="cell" className="cell-time">
        <TimeAgo at={incident.last_seen} short />
      </span>
    </div>
  )
})
