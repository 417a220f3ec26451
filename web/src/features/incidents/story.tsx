// The head of an incident: what it is, how bad and why, what people did, what is
// new, and the summary in the words of a source.

import type { IncidentDetail } from '../../api/types'
import { count, sentence } from '../../ui/format'
import { Guess } from '../../ui/guess'
import { OutLink } from '../../ui/out-link'
import { Severity } from '../../ui/severity'
import { TimeAgo } from '../../ui/time-ago'
import { Actions } from './actions'
import { Notes } from './notes'
import { SaidByPerson } from './said'
import { SourceName } from './source-name'
import { claimWords, typeWords } from './words'

export function Story({ incident }: { incident: IncidentDetail }) {
  const news = whatIsNew(incident)
  return (
    <>
      <header>
        <p className="story-head">
          <Severity of={incident.severity} score={incident.severity_score} />
          {incident.types.map(({ label, confidence }) =>
            incident.said?.types == null ? (
              <Guess key={label} confidence={confidence}>
                {typeWords[label]}
              </Guess>
            ) : (
              <span key={label}>{typeWords[label]}</span>
            ),
          )}
          {incident.exploited && <span className="tag">Exploited</span>}
          {incident.kev && <span className="tag">In CISA’s KEV</span>}
        </p>
        <h1 className="story-title">{incident.title}</h1>
        <p className="story-why">
          {sentence(incident.severity_reason)}
          {incident.severity_reason.endsWith('.') ? ' ' : '. '}
          {claimWords[incident.claim]}.
        </p>
        <p className="story-meta">
          <span>
            First seen <TimeAgo at={incident.first_seen} />
          </span>
          <span>
            last <TimeAgo at={incident.last_seen} />
          </span>
          <span>{count(incident.items, 'item')}</span>
          <span>{count(incident.sources.length, 'source')}</span>
          {incident.assignee != null && <span>with {incident.assignee}</span>}
          {incident.tags.length > 0 && <span>tagged {incident.tags.join(', ')}</span>}
        </p>
        {incident.said != null && <SaidByPerson said={incident.said} />}
      </header>
      <Actions incident={incident} />
      {news.length > 0 && (
        <section className="story-part" aria-labelledby="whats-new">
          <h2 id="whats-new">What is new</h2>
          <ul className="story-news">
            {news.map((piece) => (
              <li key={piece.key}>
                {piece.text} <TimeAgo at={piece.at} />
              </li>
            ))}
          </ul>
        </section>
      )}
      {incident.summary !== '' && (
        <section className="story-part" aria-labelledby="summary">
          <h2 id="summary">Summary</h2>
          <p className="story-summary">{incident.summary}</p>
          <p className="story-from">
            Words of{' '}
            <OutLink to={incident.url}>
              <SourceName id={incident.source} />
            </OutLink>
          </p>
        </section>
      )}
      <Notes notes={incident.notes} />
    </>
  )
}

interface NewsPiece {
  key: string
  text: string
  at: string
}

/** What changed after the first report, newest first: turns of the story, then its latest item. */
export function whatIsNew(incident: IncidentDetail): NewsPiece[] {
  const turns = incident.alerts
    .filter((alert) => alert.cause.kind !== 'new')
    .map((alert) => ({
      key: alert.cause_text,
      text: sentence(`${alert.cause_text}.`),
      at: alert.at,
    }))
  const told = incident.timeline.filter((item) => item.repeat_of == null)
  const [latest] = told
  const pieces: NewsPiece[] = [...turns]
  if (latest !== undefined && told.length > 1 && latest.title !== incident.title) {
    pieces.push({ key: latest.id, text: latest.title, at: latest.published ?? latest.fetched })
  }
  return [...new Map(pieces.map((piece) => [piece.key, piece])).values()]
    .sort((a, b) => Date.parse(b.at) - Date.parse(a.at))
    .slice(0, 3)
}
