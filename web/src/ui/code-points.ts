// Places in a text, counted in code points as the API does; JavaScript strings
// count UTF-16 units, so an emoji or a rare letter shifts everything behind it.

/** How many code points stand before this UTF-16 offset. */
export const pointAt = (text: string, unit: number) => [...text.slice(0, unit)].length

/** A text in three: before the stretch, the stretch, and what follows. */
export function cut(text: string, start: number, end: number): [string, string, string] {
  const points = [...text]
  const to = Math.max(start, end)
  return [
    points.slice(0, start).join(''),
    points.slice(start, to).join(''),
    points.slice(to).join(''),
  ]
}
