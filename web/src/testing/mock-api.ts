// The API as a test wants it: typed answers, failures and silences, and what was
// asked. It stands in for fetch, so that client.ts is tested along.

import { vi } from 'vitest'
import type {
  IncidentDetail,
  IncidentList,
  IncidentStatus,
  IncidentSummary,
  Problem,
  SourceOut,
  VulnerabilityDetail,
} from '../api/types'

export interface MockApi {
  /** Answers GET /api/incidents; gets what was asked. */
  list: (query: URLSearchParams) => Answer<IncidentList>
  detail: (id: string) => Answer<IncidentDetail>
  setStatus: (id: string, status: IncidentStatus) => Answer<IncidentSummary>
  sources: () => Answer<{ sources: SourceOut[] }>
  vulnerability: (cve: string) => Answer<VulnerabilityDetail>
  /** Every request, as "GET /api/incidents?order=latest". */
  asked: string[]
}

/** An answer, a problem with its status, `offline`, or `never`. */
export type Answer<T> = T | Problem | 'offline' | 'never' | Promise<T | Problem>

export const problem = (status: number, detail: string): Problem => ({
  type: 'about:blank',
  title: 'Problem',
  status,
  detail,
  code: 'problem',
  field: null,
})

export const listOf = (incidents: IncidentSummary[], next: string | null = null): IncidentList => ({
  incidents,
  next,
  total: incidents.length,
  total_exact: true,
})

export function mockApi(given: Partial<Omit<MockApi, 'asked'>> = {}): MockApi {
  const api: MockApi = {
    list: () => listOf([]),
    detail: (id) => problem(404, `There is no incident ${id}.`),
    setStatus: () => problem(405, 'This test expects no change.'),
    sources: () => ({ sources: [] }),
    vulnerability: (cve) => problem(404, `No source has spoken of ${cve}.`),
    asked: [],
    ...given,
  }
  vi.stubGlobal('fetch', async (input: string, init: RequestInit = {}) => {
    const url = new URL(input, 'http://localhost')
    const method = init.method ?? 'GET'
    api.asked.push(`${method} ${decodeURIComponent(url.pathname + url.search)}`)
    const id = /^\/api\/incidents\/([^/]+)$/.exec(url.pathname)?.[1]
    if (url.pathname === '/api/sources') return respond(api.sources(), init)
    const cve = /^\/api\/vulnerabilities\/([^/]+)$/.exec(url.pathname)?.[1]
    if (cve !== undefined) return respond(api.vulnerability(cve), init)
    if (url.pathname === '/api/incidents') return respond(api.list(url.searchParams), init)
    if (id !== undefined && method === 'PATCH')
      return respond(api.setStatus(id, JSON.parse(String(init.body)).status), init)
    if (id !== undefined) return respond(api.detail(id), init)
    return respond(problem(404, `${method} ${url.pathname} is not part of the mock.`), init)
  })
  return api
}

async function respond<T extends object>(given: Answer<T>, init: RequestInit): Promise<Response> {
  if (given === 'offline') throw new TypeError('Failed to fetch')
  if (given === 'never')
    return new Promise((_, reject) => {
      init.signal?.addEventListener('abort', () =>
        reject(new DOMException('aborted', 'AbortError')),
      )
    })
  const answer = await given
  const failed = 'code' in answer && 'detail' in answer
  return new Response(JSON.stringify(answer), {
    status: failed ? (answer as Problem).status : 200,
    headers: { 'content-type': failed ? 'application/problem+json' : 'application/json' },
  })
}
