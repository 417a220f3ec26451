// A text with its named things marked, and the spans of one reason lit.

import { useMemo } from 'react'
import type { Reason, Span, TimelineItem } from '../../api/types'
import { type Mark, segments } from '../../ui/segments'
import { entityWords } from './words'

type Value = { name: string; kind: string } | 'lit'

export function MarkedText({
  text,
  field,
  entities,
  lit,
}: {
  text: string
  field: Span['field']
  entities: TimelineItem['entities']
  lit: Reason | undefined
}) {
  const pieces = useMemo(() => {
    const of = (spans: readonly Span[], value: Value): Mark<Value>[] =>
      spans.filter((span) => span.field === field).map(({ start, end }) => ({ start, end, value }))
    return segments(text, [
      ...entities.flatMap((entity) =>
        of(entity.spans, { name: entity.name, kind: entityWords[entity.kind] ?? entity.kind }),
      ),
      ...of(lit?.spans ?? [], 'lit'),
    ])
  }, [text, field, entities, lit])
  return pieces.map(({ start, text, values }) => {
    const entity = values.find((value) => value !== 'lit')
    const isLit = values.includes('lit')
    if (entity === undefined && !isLit) return <span key={start}>{text}</span>
    return (
      <mark
        key={start}
        className={isLit ? 'lit' : 'entity'}
        title={entity === undefined ? undefined : `${entity.kind}: ${entity.name}`}
      >
        {text}
      </mark>
    )
  })
}
