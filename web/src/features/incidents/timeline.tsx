// The items of an incident, newest first. Repeats of one text fold under the
// first telling: they are counted, not read again.

import { useEffect, useRef, useState } from 'react'
import type { IncidentDetail, Reason, TimelineItem } from '../../api/types'
import { useDisplay } from '../../ui/display'
import { count, exact } from '../../ui/format'
import { Guess } from '../../ui/guess'
import { OutLink } from '../../ui/out-link'
import { Severity } from '../../ui/severity'
import { Stretch } from '../../ui/stretch'
import { TimeAgo } from '../../ui/time-ago'
import { MarkedText } from './marked-text'
import { distinct, reasonKey } from './reasons'
import { SourceName, SourceStale } from './source-name'
import { itemKindWords, typeWords } from './words'

/** A long story has hundreds; the latest are what is read. */
const TELLINGS = 40

export function Timeline({ incident, lit }: { incident: IncidentDetail; lit: Reason | undefined }) {
  const tellings = fold(incident.timeline)
  return (
    <section className="story-part" aria-labelledby="timeline">
      <h2 id="timeline">Timeline</h2>
      {tellings.length === 0 ? (
        <p className="none">No item is kept of this incident any more.</p>
      ) : (
        <Stretch
          of={tellings}
          at={TELLINGS}
          list={(some) => (
            <ol className="timeline">
              {some.map(({ item, repeats }) => (
                <Telling key={item.id} item={item} repeats={repeats} lit={lit} />
              ))}
            </ol>
          )}
        />
      )}
    </section>
  )
}

interface Folded {
  item: TimelineItem
  repeats: TimelineItem[]
}

/** Puts every repeat under what it repeats; one whose first is not here stands alone. */
export function fold(timeline: readonly TimelineItem[]): Folded[] {
  const byId = new Map(timeline.map((item) => [item.id, item]))
  const first = (item: TimelineItem): TimelineItem => {
    let at = item
    // A chain that bites its tail ends where it began.
    for (const met = new Set<string>(); at.repeat_of != null && !met.has(at.id); ) {
      met.add(at.id)
      const before = byId.get(at.repeat_of)
      if (before === undefined) break
      at = before
    }
    return at
  }
  const tellings = new Map<string, Folded>()
  for (const item of timeline) {
    const root = first(item)
    const telling = tellings.get(root.id) ?? { item: root, repeats: [] }
    if (item.id !== root.id) telling.repeats.push(item)
    tellings.set(root.id, telling)
  }
  const order = timeline.map((item) => item.id)
  return [...tellings.values()].sort((a, b) => order.indexOf(a.item.id) - order.indexOf(b.item.id))
}

function Telling({ item, repeats, lit }: Folded & { lit: Reason | undefined }) {
  // A reason of the incident lights up here if it is one of this item's too.
  const [own, setOwn] = useState<Reason>()
  const here = own ?? (lit && item.reasons.find((reason) => reasonKey(reason) === reasonKey(lit)))
  const hasHidden = here?.spans?.some((span) => span.field === 'text') ?? false
  return (
    <li className="telling" lang={languageTag(item.language)}>
      <div className="telling-head" lang="en">
        <Severity of={item.severity} />
        <OutLink to={item.url} className="telling-source">
          <SourceName id={item.source} />
        </OutLink>
        <span>{itemKindWords[item.kind]}</span>
        {item.author != null && item.author !== '' && <span>{item.author}</span>}
        <ItemTime item={item} />
        <SourceStale id={item.source} />
      </div>
      <h3 className="telling-title">
        <MarkedText text={item.title} field="title" entities={item.entities} lit={here} />
      </h3>
      {item.text !== '' && <ItemText item={item} lit={here} unfold={hasHidden} />}
      <div lang="en">
        <Understood item={item} onLit={setOwn} />
        {repeats.length > 0 && (
          <details className="repeats">
            <summary>{count(repeats.length, 'repeat')}</summary>
            <ul>
              {repeats.map((repeat) => (
                <li key={repeat.id}>
                  <OutLink to={repeat.url}>
                    <SourceName id={repeat.source} />
                  </OutLink>{' '}
                  <ItemTime item={repeat} />
                  {repeat.joined_because != null && (
                    <span className="because"> {repeat.joined_because}</span>
                  )}
                </li>
              ))}
            </ul>
          </details>
        )}
      </div>
    </li>
  )
}

/** What the machine made of one item, closed until asked. */
function Understood({
  item,
  onLit,
}: {
  item: TimelineItem
  onLit: (reason: Reason | undefined) => void
}) {
  if (item.reasons.length === 0 && item.joined_because == null) return null
  return (
    <details className="understood">
      <summary>Why</summary>
      {item.joined_because != null && <p>In this incident because {item.joined_because}.</p>}
      {item.types.length > 0 && (
        <p className="spaced">
          {item.types.map(({ label, confidence }) => (
            <Guess key={label} confidence={confidence}>
              {typeWords[label]}
            </Guess>
          ))}
        </p>
      )}
      <ReasonLines reasons={item.reasons} onLit={onLit} />
    </details>
  )
}

function ReasonLines({
  reasons,
  onLit,
}: {
  reasons: readonly Reason[]
  onLit: (reason: Reason | undefined) => void
}) {
  return (
    <ul>
      {distinct(reasons).map((reason) => (
        <li key={reasonKey(reason)}>
          {(reason.spans?.length ?? 0) > 0 ? (
            <button
              type="button"
              className="reason-light"
              onMouseEnter={() => onLit(reason)}
              onMouseLeave={() => onLit(undefined)}
              onFocus={() => onLit(reason)}
              onBlur={() => onLit(undefined)}
            >
              {reason.text}
            </button>
          ) : (
            reason.text
          )}
        </li>
      ))}
    </ul>
  )
}

function ItemTime({ item }: { item: TimelineItem }) {
  const { zone } = useDisplay()
  if (item.published == null)
    return (
      <span title={`Read ${exact(item.fetched, zone)}`}>
        undated, read <TimeAgo at={item.fetched} />
      </span>
    )
  return <TimeAgo at={item.published} />
}

function ItemText({
  item,
  lit,
  unfold,
}: {
  item: TimelineItem
  lit: Reason | undefined
  unfold: boolean
}) {
  const [open, setOpen] = useState(false)
  const [long, setLong] = useState(false)
  const text = useRef<HTMLParagraphElement>(null)
  useEffect(() => {
    const element = text.current
    if (element !== null && !open) setLong(element.scrollHeight > element.clientHeight + 2)
  }, [open])
  useEffect(() => {
    // A lit span that the fold hides would light nothing.
    if (!unfold || open || !long) return
    const clip = text.current?.getBoundingClientRect()
    const spans = [...(text.current?.querySelectorAll('.lit') ?? [])]
    if (clip !== undefined && spans.some((span) => span.getBoundingClientRect().top > clip.bottom))
      text.current?.scrollTo({ top: (spans[0] as HTMLElement).offsetTop - text.current.offsetTop })
    else text.current?.scrollTo({ top: 0 })
  }, [unfold, open, long])
  return (
    <>
      <p ref={text} className={open ? 'telling-text' : 'telling-text telling-text-folded'}>
        <MarkedText text={item.text} field="text" entities={item.entities} lit={lit} />
      </p>
      {(long || open) && (
        <button
          type="button"
          lang="en"
          className="btn btn-sm btn-link"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          {open ? 'Less' : 'Whole text'}
        </button>
      )}
    </>
  )
}

/** ISO 639-3, as the API gives it, to what browsers choose fonts and voices by. */
const tags: Record<string, string> = {
  ben: 'bn',
  eng: 'en',
  guj: 'gu',
  hin: 'hi',
  kan: 'kn',
  mal: 'ml',
  mar: 'mr',
  ori: 'or',
  pan: 'pa',
  tam: 'ta',
  tel: 'te',
  urd: 'ur',
}

function languageTag(code: string | null | undefined): string | undefined {
  return code == null ? undefined : (tags[code] ?? (/^[a-z]{2,3}$/.test(code) ? code : undefined))
}
