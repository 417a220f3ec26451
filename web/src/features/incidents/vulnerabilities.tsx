// The CVEs of an incident: what each sayer scores, and what CISA says of its
// exploitation. Scores stand side by side, with who gave them: they differ.

import { Link } from '@tanstack/react-router'
import type { Vulnerability } from '../../api/types'
import { paths } from '../../paths'
import { useDisplay } from '../../ui/display'
import { count, date, score as formatScore } from '../../ui/format'
import { hostOf, OutLink } from '../../ui/out-link'
import { Severity } from '../../ui/severity'
import { Changes } from './changes'
import { searchFromFilter } from './filter'
import { attackReason, attackWords, sayerName } from './words'

/** An incident of a patch day may hold dozens. */
const OPEN_AT_MOST = 3
/** Some records cite hundreds. */
const REFERENCES_SHOWN = 40

export function Vulnerabilities({
  vulnerabilities,
  cves,
}: {
  vulnerabilities: readonly Vulnerability[]
  cves: readonly string[]
}) {
  const known = new Set(vulnerabilities.map((one) => one.cve))
  const unknown = cves.filter((cve) => !known.has(cve))
  if (vulnerabilities.length + unknown.length === 0) return null
  const open = vulnerabilities.slice(0, OPEN_AT_MOST)
  const rest = vulnerabilities.slice(OPEN_AT_MOST)
  return (
    <section className="fact" aria-labelledby="vulnerabilities">
      <h2 id="vulnerabilities">Vulnerabilities</h2>
      {open.map((one) => (
        <Facts key={one.cve} of={one} />
      ))}
      {rest.length > 0 && (
        <details>
          <summary>{count(rest.length, 'more vulnerability', 'more vulnerabilities')}</summary>
          {rest.map((one) => (
            <Facts key={one.cve} of={one} />
          ))}
        </details>
      )}
      {unknown.length > 0 && (
        <p className="none">
          <span className="code">{unknown.join(', ')}</span>: no source has described{' '}
          {unknown.length === 1 ? 'it' : 'them'} yet.
        </p>
      )}
    </section>
  )
}

function Facts({ of }: { of: Vulnerability }) {
  const { zone } = useDisplay()
  const exploitation = of.exploitation
  const references = [...new Map(of.references.map((one) => [one.url, one])).values()]
  return (
    <div className="vulnerability">
      <h3>
        <OutLink
          to={`https://www.cve.org/CVERecord?id=${encodeURIComponent(of.cve)}`}
          className="code"
        >
          {of.cve}
        </OutLink>
        {of.severity != null && <Severity of={of.severity.severity} score={of.severity.score} />}
      </h3>
      {(of.title ?? '') !== '' && <p>{of.title}</p>}
      {exploitation != null && (
        <p className="exploitation">
          <strong>Exploited</strong>
          {exploitation.ransomware && ', also by ransomware'}
          {exploitation.added != null && `. In CISA’s KEV since ${date(exploitation.added, zone)}`}
          {exploitation.due != null && <>. Fix due {date(exploitation.due, zone)}</>}.
          {exploitation.action != null && ` ${exploitation.action}`}
        </p>
      )}
      {of.attacks.length > 0 && (
        <>
          <h4>{of.attacks.length === 1 ? 'Attack class' : 'Attack classes'}</h4>
          <ul className="attacks" aria-label={`What an attacker does with ${of.cve}`}>
            {of.attacks.map((attack) => {
              const reason = attackReason(attack)
              return (
                <li key={attack.class}>
                  <Link
                    to={paths.incidents}
                    search={searchFromFilter({ q: `class:${attack.class}` })}
                  >
                    {attackWords[attack.class]}
                  </Link>
                  {reason !== '' && <span className="because"> {reason}</span>}
                </li>
              )
            })}
          </ul>
        </>
      )}
      {of.scores.length > 0 ? (
        <ul className="scores" aria-label={`CVSS scores of ${of.cve}`}>
          {of.scores.map((score) => (
            <li key={`${sayerName(score.sayer)} ${score.version} ${score.base} ${score.vector}`}>
              <span>{sayerName(score.sayer)}</span>
              <span>CVSS {score.version}</span>
              <span className="score">{formatScore(score.base)}</span>
              {score.vector != null && <span className="code vector">{score.vector}</span>}
            </li>
          ))}
        </ul>
      ) : (
        <p className="none">Nobody has scored it yet.</p>
      )}
      <Outlook of={of} />
      <Changes cve={of.cve} />
      {references.length > 0 && (
        <details>
          <summary>{count(references.length, 'reference')}</summary>
          <ul className="references">
            {references.slice(0, REFERENCES_SHOWN).map((reference) => (
              <li key={reference.url}>
                <OutLink to={reference.url}>{hostOf(reference.url) ?? reference.url}</OutLink>
                {reference.tags.length > 0 && (
                  <span className="because"> {reference.tags.join(', ')}</span>
                )}
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  )
}

/** How likely exploitation is (EPSS), and what CISA found out about it (SSVC). */
function Outlook({ of }: { of: Vulnerability }) {
  const { zone } = useDisplay()
  const { epss, ssvc } = of
  if (epss == null && ssvc == null && of.withdrawn == null) return null
  const percent = (share: number) => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`
  return (
    <dl className="outlook">
      {of.withdrawn != null && (
        <div>
          <dt>Withdrawn</dt>
          <dd>{date(of.withdrawn, zone)}</dd>
        </div>
      )}
      {epss != null && (
        <div>
          <dt>EPSS</dt>
          <dd>
            {percent(epss.score)} within 30 days, above {percent(epss.percentile)} of all CVEs
          </dd>
        </div>
      )}
      {ssvc != null && (
        <div>
          <dt>SSVC by {sayerName(ssvc.by)}</dt>
          <dd>
            {ssvc.decision != null && <strong>{ssvc.decision}: </strong>}
            {SSVC_EXPLOITATION[ssvc.exploitation]}
            {ssvc.automatable != null && (ssvc.automatable ? ', automatable' : ', not automatable')}
            {ssvc.technical_impact != null && `, ${ssvc.technical_impact} impact`}
          </dd>
        </div>
      )}
    </dl>
  )
}

const SSVC_EXPLOITATION = {
  none: 'no exploitation known',
  poc: 'exploit published',
  active: 'exploited',
} as const
