// The API as a test wants it: typed answers, failures and silences, and what was
// asked. It stands in for fetch, so that client.ts is tested along.

import { vi } from 'vitest'
import type {
  IncidentDetail,
  IncidentList,
  IncidentStatus,
  IncidentSummary,
  LookOut,
  NewSource,
  PreviewOut,
  Problem,
  SourceList,
  SourceOut,
  SourceRemoval,
  VulnerabilityDetail,
} from '../api/types'

export interface MockApi {
  /** Answers GET /api/incidents; gets what was asked. */
  list: (query: URLSearchParams) => Answer<IncidentList>
  detail: (id: string) => Answer<IncidentDetail>
  setStatus: (id: string, status: IncidentStatus) => Answer<IncidentSummary>
  sources: () => Answer<SourceList>
  vulnerability: (cve: string) => Answer<VulnerabilityDetail>
  look: (url: string) => Answer<LookOut>
  addSource: (source: NewSource) => Answer<SourceOut>
  changeSource: (id: string, enabled: boolean) => Answer<SourceOut>
  removeSource: (id: string) => Answer<SourceRemoval>
  previewSource: (id: string) => Answer<PreviewOut>
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
  start: null,
  end: null,
  suggestion: null,
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
    vulnerability: (cve) => problem(404, `No source has spoken of ${cve}.`),
    look: () => problem(405, 'This test expects no look.'),
    addSource: () => problem(405, 'This test expects no new source.'),
    changeSource: () => problem(405, 'This test expects no change.'),
    removeSource: () => problem(405, 'This test expects no removal.'),
    previewSource: () => problem(405, 'This test expects no preview.'),
    sources: () => ({ sources: [], concerns: [] }),
    asked: [],
    ...given,
  }
  vi.stubGlobal('fetch', async (input: string, init: RequestInit = {}) => {
    const url = new URL(input, 'http://localhost')
    const method = init.method ?? 'GET'
    api.asked.push(`${method} ${decodeURIComponent(url.pathname + url.search)}`)
    const id = /^\/api\/incidents\/([^/]+)$/.exec(url.pathname)?.[1]
    if (url.pathname.startsWith('/api/sources'))
      return sourcesAnswer(api, method, url.pathname, init)
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

function sourcesAnswer(api: MockApi, method: string, path: string, init: RequestInit) {
  const body = () => JSON.parse(String(init.body))
  const [, , , id = '', part] = path.split('/').map(decodeURIComponent)
  if (id === '') return respond(method === 'POST' ? api.addSource(body()) : api.sources(), init)
  if (method === 'POST') return respond(api.look(body().url), init)
  if (method === 'PATCH') return respond(api.changeSource(id, body().enabled), init)
  if (method === 'DELETE') return respond(api.removeSource(id), init)
  if (part === 'preview') return respond(api.previewSource(id), init)
  return respond(problem(404, `${method} ${path} is not part of the mock.`), init)
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
