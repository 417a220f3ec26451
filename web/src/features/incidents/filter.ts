// What the list shows, as state of the URL: plain strings there, checked on the
// way in because people edit and share addresses, and translated for the API on
// the way out.

import type { IncidentQuery } from '../../api/client'
import type { IncidentStatus, IncidentType, Severity } from '../../api/types'
import { SEVERITIES } from '../../ui/severity'
import { STATUSES, TYPES } from './words'

export interface IncidentFilter {
  /** A query (docs/queries.md); all else must hold too. */
  q?: string
  /** At least this severe. */
  severity?: Severity
  type?: IncidentType[]
  country?: string
  /** Unset means all but the dismissed. */
  status?: IncidentStatus[]
  exploited?: true
  cve?: string
  source?: string
  keyword?: string
  /** One of SINCE, or an RFC 3339 time. */
  since?: string
  /** Unset means the latest first. */
  order?: 'worst'
}

/** The same in an address. */
export type FilterSearch = { [name in keyof IncidentFilter]?: string }

export const SINCE: Record<string, { word: string; ms: number }> = {
  '24h': { word: 'Last 24 hours', ms: 24 * 60 * 60 * 1000 },
  '7d': { word: 'Last 7 days', ms: 7 * 24 * 60 * 60 * 1000 },
  '30d': { word: 'Last 30 days', ms: 30 * 24 * 60 * 60 * 1000 },
}

const NOT_DISMISSED = STATUSES.filter((status) => status !== 'dismissed')

/** A value longer than this is not one that we made. */
const TEXT_MAX = 300

/** The longest query that is read. */
export const QUERY_MAX = 4096

/** Reads an address; what makes no sense is left out. */
export function filterFromSearch(search: Record<string, unknown>): IncidentFilter {
  const text = (name: string, longest = TEXT_MAX) => {
    const value = search[name]
    return typeof value === 'string' && value.trim() !== '' ? value.slice(0, longest) : undefined
  }
  const list = <T extends string>(name: string, known: readonly T[]): T[] | undefined => {
    const given = text(name)?.split(',') ?? []
    const values = known.filter((value) => given.includes(value))
    return values.length > 0 ? values : undefined
  }
  const severity = text('severity')
  const cve = text('cve')?.toUpperCase()
  const since = text('since')
  const country = text('country')?.toUpperCase()
  return clean({
    q: text('q', QUERY_MAX),
    severity: SEVERITIES.find((known) => known === severity),
    type: list('type', TYPES),
    country: country !== undefined && /^[A-Z]{2}$/.test(country) ? country : undefined,
    status: list('status', STATUSES),
    exploited: text('exploited') === 'true' ? true : undefined,
    cve: cve !== undefined && CVE.test(cve) ? cve : undefined,
    source: text('source'),
    keyword: text('keyword'),
    since:
      since !== undefined && (Object.hasOwn(SINCE, since) || !Number.isNaN(Date.parse(since)))
        ? since
        : undefined,
    order: text('order') === 'worst' ? 'worst' : undefined,
  })
}

const CVE = /^CVE-\d{4}-\d{4,19}$/

export function searchFromFilter(filter: IncidentFilter): FilterSearch {
  return clean({
    q: filter.q,
    severity: filter.severity,
    type: filter.type?.join(','),
    country: filter.country,
    status: filter.status?.join(','),
    exploited: filter.exploited === true ? 'true' : undefined,
    cve: filter.cve,
    source: filter.source,
    keyword: filter.keyword,
    since: filter.since,
    order: filter.order,
  })
}

/** The same as one query: what a saved search keeps. */
export function queryTextOf(filter: IncidentFilter): string {
  const value = (text: string) => (/^[\p{L}\p{N}_.-]+$/u.test(text) ? text : `"${text}"`)
  const { q, severity, type, country, status, exploited, cve, source, keyword, since } = filter
  const parts = [
    severity && `severity:${severity}`,
    type && `type:${type.join(',')}`,
    country && `region:${country}`,
    status && `status:${status.join(',')}`,
    exploited && 'exploited:true',
    cve && `cve:${cve}`,
    source && `source:${value(source)}`,
    keyword && `keyword:${value(keyword)}`,
    since && (SINCE[since] === undefined ? `after:${since}` : `last:${since}`),
  ].filter((part) => part !== undefined)
  if (q === undefined || parts.length === 0) return q ?? parts.join(' ')
  // An OR of the reader's must not reach beyond what they wrote.
  return [/\bOR\b/.test(q) ? `(${q})` : q, ...parts].join(' ')
}

/** Whether a query says itself which statuses it wants. */
const asksStatus = (q: string | undefined) =>
  /(^|[\s(-])status\s*[:=]/i.test(q?.replaceAll(/"[^"]*"?/g, '') ?? '')

/** The statuses that a list shows; unset when the query says so itself. */
const statusesOf = (filter: IncidentFilter) =>
  filter.status ?? (asksStatus(filter.q) ? undefined : NOT_DISMISSED)

/** Whether a row still belongs to the list after people changed its status or severity. */
export const fits = (
  filter: IncidentFilter,
  { status, severity }: { status: IncidentStatus; severity: Severity },
) =>
  (statusesOf(filter)?.includes(status) ?? true) &&
  (filter.severity === undefined ||
    SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(filter.severity))

/** What the API is asked; `now` turns "the last 24 hours" into a time. */
export function queryFromFilter(filter: IncidentFilter, now: number): IncidentQuery {
  return {
    ...searchFromFilter(filter),
    status: statusesOf(filter)?.join(','),
    since: sinceTime(filter.since, now),
    order: filter.order ?? 'latest',
  }
}

/** How many things narrow the list; the order does not. */
export const narrowedBy = ({ order: _, ...filter }: IncidentFilter) => Object.keys(filter).length

function sinceTime(since: string | undefined, now: number): string | undefined {
  if (since === undefined) return undefined
  const period = SINCE[since]
  return new Date(period === undefined ? Date.parse(since) : now - period.ms).toISOString()
}

function clean<T extends object>(record: T): T {
  return Object.fromEntries(
    Object.entries(record).filter(([, value]) => value !== undefined && value !== ''),
  ) as T
}
