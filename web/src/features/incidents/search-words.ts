// The search box, first layer: words search the text, and a few `name:value`
// words set filters. A word in quotes is always text. What looks like a filter
// but is none stays text, and says so.

import type { IncidentStatus, IncidentType } from '../../api/types'
import { SEVERITIES } from '../../ui/severity'
import { CVE, type IncidentFilter } from './filter'
import { STATUSES, TYPES } from './words'

export interface SearchWords {
  /** Filters the words set. */
  set: Partial<IncidentFilter>
  /** The words that remain text. */
  rest: string
  /** Why a word that looks like a filter is none. */
  problem?: string
}

/** `done` says that the last word is complete; while typing it may not be. */
export function searchWords(text: string, done: boolean, zone: string): SearchWords {
  const words = text.match(/"[^"]*"?|\S+/g) ?? []
  const open = done || /\s$/.test(text) ? -1 : words.length - 1
  const set: Partial<IncidentFilter> = {}
  const rest: string[] = []
  let problem: string | undefined
  words.forEach((word, index) => {
    const match = /^([a-z]+)(:|>=)([^\s"]+)$/i.exec(word)
    if (index === open) rest.push(word)
    else if (CVE.test(word.toUpperCase())) set.cve = word.toUpperCase()
    else if (match === null || word.startsWith('"')) rest.push(word)
    else {
      const outcome = read(match[1]?.toLowerCase() ?? '', match[3] ?? '', set, zone)
      if (outcome === undefined) return
      rest.push(word)
      // http:… and the like are words with a colon, not filters.
      if (outcome !== '') problem ??= outcome
    }
  })
  return { set, rest: rest.join(' '), ...(problem === undefined ? {} : { problem }) }
}

/** Sets the filter; else says why not, or '' when the name means nothing to us. */
function read(
  name: string,
  value: string,
  set: Partial<IncidentFilter>,
  zone: string,
): string | undefined {
  const lower = value.toLowerCase()
  switch (name) {
    case 'severity': {
      const severity = SEVERITIES.find((known) => known === lower)
      if (severity === undefined) return `severity is ${SEVERITIES.join(', ')}; not "${value}"`
      set.severity = severity
      return undefined
    }
    case 'type': {
      const types = lower.split(',').filter((label): label is IncidentType => isIn(TYPES, label))
      if (types.length === 0) return `"${value}" is no type; one is ransomware or data_breach`
      set.type = [...(set.type ?? []), ...types]
      return undefined
    }
    case 'status': {
      const statuses = lower.split(',').filter((s): s is IncidentStatus => isIn(STATUSES, s))
      if (statuses.length === 0) return `status is ${STATUSES.join(', ')}; not "${value}"`
      set.status = [...(set.status ?? []), ...statuses]
      return undefined
    }
    case 'region':
    case 'country':
      if (!/^[a-z]{2}$/.test(lower))
        return `${name} is a code of two letters, as IN; not "${value}"`
      set.country = value.toUpperCase()
      return undefined
    case 'exploited':
      if (lower !== 'true') return `exploited:true is all it can say; not "${value}"`
      set.exploited = true
      return undefined
    case 'cve':
      if (!CVE.test(value.toUpperCase())) return `"${value}" is no CVE number, as CVE-2026-1234`
      set.cve = value.toUpperCase()
      return undefined
    case 'source':
      set.source = value
      return undefined
    case 'keyword':
      set.keyword = value
      return undefined
    case 'after':
    case 'since': {
      const since = midnight(value, zone)
      if (since === undefined) return `${name} wants a date, as 2026-11-01; not "${value}"`
      set.since = since
      return undefined
    }
    default:
      return ''
  }
}

/** The instant at which this day begins for the reader. */
function midnight(day: string, zone: string): string | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) return undefined
  const utc = Date.parse(`${day}T00:00:00Z`)
  if (Number.isNaN(utc)) return undefined
  const offset = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' })
    .formatToParts(utc)
    .find((part) => part.type === 'timeZoneName')?.value
  const [, sign, hours, minutes] = /GMT([+-])(\d{2}):(\d{2})/.exec(offset ?? '') ?? []
  const ms = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60_000 * (sign === '-' ? -1 : 1)
  return new Date(utc - ms).toISOString()
}

function isIn<T extends string>(known: readonly T[], value: string): value is T {
  return known.some((one) => one === value)
}
