// Cuts a text along marked spans. Offsets count Unicode code points, as the API
// does; JavaScript strings count UTF-16 units, so an emoji or a rare letter
// shifts everything behind it unless it is translated.
//
// Spans come from outside: they may overlap, be empty, reversed or beyond the
// end. Those that mark nothing are dropped; the text itself is always whole.

export interface Mark<T> {
  start: number
  end: number
  value: T
}

export interface Segment<T> {
  /** Where it begins, in code points; unique, so it also serves as a key. */
  start: number
  text: string
  /** What lies over this stretch, in the order given. */
  values: T[]
}

export function segments<T>(text: string, marks: readonly Mark<T>[]): Segment<T>[] {
  if (text === '') return []
  const wanted = marks.filter((mark) => mark.start >= 0 && mark.end > mark.start)
  const cuts = [...new Set(wanted.flatMap((mark) => [mark.start, mark.end]))].sort((a, b) => a - b)
  // One walk over the text translates every cut from code points to UTF-16.
  const at: { point: number; unit: number }[] = []
  let point = 0
  let unit = 0
  let next = 0
  for (const character of text) {
    while (next < cuts.length && (cuts[next] ?? 0) <= point) {
      at.push({ point, unit })
      next += 1
    }
    point += 1
    unit += character.length
  }
  const bounds = [{ point: 0, unit: 0 }, ...at.filter((cut) => cut.unit > 0)]
  const pieces = bounds.map((from, index) => {
    const to = bounds[index + 1] ?? { point, unit }
    return { start: from.point, end: to.point, text: text.slice(from.unit, to.unit) }
  })
  return pieces.map((piece) => ({
    start: piece.start,
    text: piece.text,
    values: wanted
      .filter((mark) => mark.start < piece.end && mark.end > piece.start)
      .map((mark) => mark.value),
  }))
}
