// The facts of an incident: what sources state as such, and what was read out of
// their texts. The machine's own guesses (places, sectors) look different.

import type { ReactNode } from 'react'
import type { Affected, IncidentDetail } from '../../api/types'
import { CopyButton } from '../../ui/copy-button'
import { number } from '../../ui/format'
import { Guess } from '../../ui/guess'
import { countryName, stateName } from './places'
import { Vulnerabilities } from './vulnerabilities'
import { entityWords, INDICATOR_KINDS, NAMED_KINDS, sectorName } from './words'

/** More than these stay folded: nobody reads forty hashes. */
const INDICATORS_SHOWN = 8

/** Names of one kind; the list is sorted by how many items hold them. */
const NAMES_SHOWN = 12

export function Facts({ incident }: { incident: IncidentDetail }) {
  const indicators = incident.entities
    .filter((entity) => INDICATOR_KINDS.includes(entity.kind))
    .sort((a, b) => INDICATOR_KINDS.indexOf(a.kind) - INDICATOR_KINDS.indexOf(b.kind))
  const named = NAMED_KINDS.map((kind) => ({
    kind,
    entities: incident.entities.filter((entity) => entity.kind === kind),
  })).filter(({ entities }) => entities.length > 0)
  const products = affectedProducts(incident.vulnerabilities.flatMap((v) => v.affected))
  // Whose texts we read products in, where nobody states them.
  const readOf = [
    ...new Set(
      incident.vulnerabilities
        .filter((one) => one.own_readings?.includes('affected'))
        .flatMap((one) => one.sources),
    ),
  ]
  const weaknesses = [...new Set(incident.vulnerabilities.flatMap((v) => v.weaknesses))]
  const states = incident.states.map(stateName)
  const countries = incident.countries.map(countryName)
  const places = [...states, ...countries]
  // What a person said is no guess.
  const told = incident.said?.countries == null ? [] : countries
  return (
    <>
      <Vulnerabilities vulnerabilities={incident.vulnerabilities} cves={incident.cves} />
      {products.length > 0 && (
        <section className="fact" aria-labelledby="products">
          <h2 id="products">Affected products</h2>
          <ul className="fact-list">
            {products.slice(0, 30).map(({ name, versions }) => (
              <li key={name}>
                {name}
                {versions.length > 0 && <span className="versions"> {versions.join('; ')}</span>}
              </li>
            ))}
            {products.length > 30 && <li>and {number(products.length - 30)} more</li>}
          </ul>
          {readOf.length > 0 && (
            <p className="because">
              Read by us in what {readOf.join(', ')} {readOf.length === 1 ? 'says' : 'say'}: no
              record names the versions.
            </p>
          )}
        </section>
      )}
      {indicators.length > 0 && (
        <section className="fact" aria-labelledby="indicators">
          <h2 id="indicators">Indicators</h2>
          <Indicators all={indicators} />
        </section>
      )}
      {(places.length > 0 ||
        incident.sectors.length > 0 ||
        incident.keywords.length > 0 ||
        weaknesses.length > 0 ||
        named.length > 0) && (
        <section className="fact" aria-labelledby="about">
          <h2 id="about">About</h2>
          <dl className="pairs">
            {places.length > 0 && (
              <Pair name="Places">
                {places.map((place) =>
                  told.includes(place) ? (
                    <span key={place}>{place}</span>
                  ) : (
                    <Guess key={place}>{place}</Guess>
                  ),
                )}
              </Pair>
            )}
            {incident.sectors.length > 0 && (
              <Pair name="Sectors">
                {incident.sectors.map(({ label, confidence }) => (
                  <Guess key={label} confidence={confidence}>
                    {sectorName(label)}
                  </Guess>
                ))}
              </Pair>
            )}
            {incident.keywords.length > 0 && (
              <Pair name="Your keywords">
                {incident.keywords.map((keyword) => (
                  <span key={keyword}>{keyword}</span>
                ))}
              </Pair>
            )}
            {weaknesses.length > 0 && (
              <Pair name="Weaknesses">
                {weaknesses.map((weakness) => (
                  <span key={weakness} className="code">
                    {weakness}
                  </span>
                ))}
              </Pair>
            )}
            {named.map(({ kind, entities }) => (
              <Pair key={kind} name={entityWords[kind]}>
                {entities.slice(0, NAMES_SHOWN).map((entity) => (
                  <span key={entity.name}>
                    {entity.name}
                    {entity.role === 'victim' && ' (victim)'}
                  </span>
                ))}
                {entities.length > NAMES_SHOWN && (
                  <span>and {number(entities.length - NAMES_SHOWN)} more</span>
                )}
              </Pair>
            ))}
          </dl>
        </section>
      )}
    </>
  )
}

function Pair({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className="spaced">{children}</dd>
    </div>
  )
}

function Indicators({ all }: { all: IncidentDetail['entities'] }) {
  const lines = (some: IncidentDetail['entities']) => (
    <ul className="indicators">
      {some.map((entity) => (
        <li key={`${entity.kind} ${entity.name}`}>
          <span className="indicator-kind">{entityWords[entity.kind]}</span>
          {/* Never a link: an indicator is an address one must not visit. */}
          <span className="code indicator-name">{entity.name}</span>
          <CopyButton value={entity.name} name={entity.name} />
        </li>
      ))}
    </ul>
  )
  const rest = all.slice(INDICATORS_SHOWN)
  return (
    <>
      {lines(all.slice(0, INDICATORS_SHOWN))}
      {rest.length > 0 && (
        <details>
          <summary>{number(rest.length)} more</summary>
          {lines(rest)}
        </details>
      )}
      {all.length > 1 && (
        <p className="copy-all">
          <CopyButton
            value={all.map((entity) => entity.name).join('\n')}
            name="all indicators"
            label={`Copy all ${number(all.length)}`}
          />
        </p>
      )}
    </>
  )
}

/** One line a product, with its ranges in words. */
export function affectedProducts(all: readonly Affected[]): { name: string; versions: string[] }[] {
  const products = new Map<string, Set<string>>()
  for (const { vendor, product, versions } of all) {
    const name = product.toLowerCase().startsWith(vendor.toLowerCase())
      ? product
      : `${vendor} ${product}`
    const ranges = products.get(name) ?? new Set<string>()
    const range = rangeWords(versions)
    if (range !== '') ranges.add(range)
    products.set(name, ranges)
  }
  return [...products].map(([name, versions]) => ({ name, versions: [...versions] }))
}

function rangeWords(range: Affected['versions']): string {
  if (range.exact != null) return range.exact
  const from =
    range.from_including != null
      ? `from ${range.from_including}`
      : range.from_excluding != null
        ? `after ${range.from_excluding}`
        : ''
  const to =
    range.to_excluding != null
      ? `before ${range.to_excluding}`
      : range.to_including != null
        ? `up to ${range.to_including}`
        : ''
  return [from, to].filter((words) => words !== '').join(' ')
}
