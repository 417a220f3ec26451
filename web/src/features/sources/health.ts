// How the sources are, in a few words: "21 fresh, 2 late, The Hacker News failing
// since 9 h". Sources that are off say nothing: nobody expects news of them.

import type { SourceOut } from '../../api/types'
import { number, span } from '../../ui/format'

export interface HealthPart {
  state: Exclude<SourceOut['state'], 'off'>
  text: string
}

export function healthParts(sources: readonly SourceOut[], now: number): HealthPart[] {
  const of = (state: SourceOut['state']) => sources.filter((source) => source.state === state)
  const failing = of('failing')
  const parts: HealthPart[] = []
  const counted = (state: HealthPart['state'], word: string) => {
    const n = of(state).length
    if (n > 0) parts.push({ state, text: `${number(n)} ${word}` })
  }
  counted('fresh', 'fresh')
  counted('late', 'late')
  counted('silent', 'quieter than usual')
  const only = failing.length === 1 ? failing[0] : undefined
  if (only !== undefined) {
    parts.push({ state: 'failing', text: `${only.name} failing${since(only, now)}` })
  } else {
    counted('failing', 'failing')
  }
  counted('gone', 'gone')
  counted('resting', 'resting')
  counted('not_reached', 'not reached yet')
  return parts
}

export const stateWords: Record<SourceOut['state'], string> = {
  fresh: 'Fresh',
  late: 'Late',
  silent: 'Quieter than usual',
  failing: 'Failing',
  gone: 'Gone',
  resting: 'Resting',
  not_reached: 'Not reached yet',
  off: 'Off',
}

/** Worst first, as they are listed. */
const order: SourceOut['state'][] = [
  'failing',
  'gone',
  'silent',
  'late',
  'not_reached',
  'resting',
  'fresh',
  'off',
]

export const byNeed = (sources: readonly SourceOut[]): SourceOut[] =>
  [...sources].sort(
    (a, b) =>
      order.indexOf(a.state) - order.indexOf(b.state) || a.name.localeCompare(b.name, 'en-IN'),
  )

function since(source: SourceOut, now: number): string {
  if (source.last_success == null) return ', never reached'
  const since = Date.parse(source.since ?? source.last_success)
  return ` since ${span(Math.max(now - since, 0))}`
}
