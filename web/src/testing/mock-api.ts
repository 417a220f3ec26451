// The API as a test wants it: typed answers, failures and silences, and what was
// asked. It stands in for fetch, so that client.ts is tested along.

import { vi } from 'vitest'
import type {
  Completion,
  Explanation,
  FeedbackList,
  FeedbackOut,
  IncidentChange,
  IncidentDetail,
  IncidentList,
  IncidentStatus,
  IncidentSummary,
  LookOut,
  ModelList,
  ModelOut,
  NewFeedback,
  NewSearch,
  NewSource,
  NotSameOut,
  PreviewOut,
  Problem,
  SavedSearch,
  SimilarList,
  SourceList,
  SourceOut,
  SourceRemoval,
  SplitOut,
  VulnerabilityDetail,
} from '../api/types'

export interface MockApi {
  /** Answers GET /api/incidents; gets what was asked. */
  list: (query: URLSearchParams) => Answer<IncidentList>
  detail: (id: string) => Answer<IncidentDetail>
  setStatus: (id: string, status: IncidentStatus) => Answer<IncidentSummary>
  /** Any other change than of the status. */
  change: (id: string, change: IncidentChange) => Answer<IncidentSummary>
  note: (id: string, note: { text: string; by?: string }) => Answer<IncidentSummary>
  split: (id: string, split: { items: string[]; by?: string }) => Answer<SplitOut>
  merge: (id: string, merge: { into: string; by?: string }) => Answer<IncidentSummary>
  notSame: (id: string, notSame: { item: string; by?: string }) => Answer<NotSameOut>
  similar: (id: string) => Answer<SimilarList>
  /** Of one incident, or of all where none is named. */
  feedback: (incident: string, after: string | null) => Answer<FeedbackList>
  giveFeedback: (feedback: NewFeedback) => Answer<FeedbackOut>
  withdrawFeedback: (id: string) => Answer<FeedbackOut>
  models: () => Answer<ModelList>
  train: (task: string) => Answer<ModelOut>
  activate: (task: string, version: string) => Answer<ModelOut>
  rollBack: (task: string) => Answer<ModelOut>
  sources: () => Answer<SourceList>
  vulnerability: (cve: string) => Answer<VulnerabilityDetail>
  look: (url: string) => Answer<LookOut>
  addSource: (source: NewSource) => Answer<SourceOut>
  changeSource: (id: string, enabled: boolean) => Answer<SourceOut>
  removeSource: (id: string) => Answer<SourceRemoval>
  previewSource: (id: string) => Answer<PreviewOut>
  explain: (q: string) => Answer<Explanation>
  complete: (q: string, at: number) => Answer<Completion>
  searches: () => Answer<SavedSearch[]>
  saveSearch: (search: NewSearch) => Answer<SavedSearch>
  /** `null` is the answer without a word, 204. */
  forgetSearch: (id: string) => Answer<null>
  /** Every request, as "GET /api/incidents?order=latest". */
  asked: string[]
  /** The `If-Match` of each request that had one. */
  matched: string[]
}

/** An answer, a problem with its status, `offline`, or `never`. */
export type Answer<T> = T | Problem | 'offline' | 'never' | Promise<T | Problem>

export const problem = (status: number, detail: string, code = 'problem'): Problem => ({
  type: 'about:blank',
  title: 'Problem',
  status,
  detail,
  code,
  field: null,
  start: null,
  end: null,
  suggestion: null,
})

/** A query that cannot be read from `start` to `end`. */
export const mistake = (
  detail: string,
  start: number,
  end: number,
  suggestion: string | null = null,
): Problem => ({
  ...problem(400, suggestion === null ? detail : `${detail}; did you mean \`${suggestion}\`?`),
  code: 'query_invalid',
  field: 'q',
  start,
  end,
  suggestion,
})

export const explanation = (query: string, sentence: string): Explanation => ({
  query,
  sentence,
  tree: { kind: 'words', text: query, sentence, parts: [] },
  steps: [],
  total: 1,
  total_exact: true,
})

export const listOf = (incidents: IncidentSummary[], next: string | null = null): IncidentList => ({
  incidents,
  next,
  total: incidents.length,
  total_exact: true,
})

export function mockApi(given: Partial<Omit<MockApi, 'asked' | 'matched'>> = {}): MockApi {
  const api: MockApi = {
    list: () => listOf([]),
    detail: (id) => problem(404, `There is no incident ${id}.`),
    setStatus: () => problem(405, 'This test expects no change.'),
    change: () => problem(405, 'This test expects no change.'),
    note: () => problem(405, 'This test expects no note.'),
    split: () => problem(405, 'This test expects no split.'),
    merge: () => problem(405, 'This test expects no merge.'),
    notSame: () => problem(405, 'This test expects nothing to leave.'),
    similar: () => ({ incidents: [] }),
    feedback: () => ({ feedback: [], next: null, total: 0 }),
    giveFeedback: () => problem(405, 'This test expects no feedback.'),
    withdrawFeedback: () => problem(405, 'This test expects nothing to be taken back.'),
    models: () => ({ models: [], decisions: [] }),
    train: () => problem(405, 'This test expects no training.'),
    activate: () => problem(405, 'This test expects no other model.'),
    rollBack: () => problem(405, 'This test expects no other model.'),
    vulnerability: (cve) => problem(404, `No source has spoken of ${cve}.`),
    look: () => problem(405, 'This test expects no look.'),
    addSource: () => problem(405, 'This test expects no new source.'),
    changeSource: () => problem(405, 'This test expects no change.'),
    removeSource: () => problem(405, 'This test expects no removal.'),
    previewSource: () => problem(405, 'This test expects no preview.'),
    sources: () => ({ sources: [], concerns: [] }),
    explain: (q) => explanation(q, `they tell of “${q}”`),
    complete: (q) => ({
      start: [...q].length,
      end: [...q].length,
      expected: 'field',
      field: null,
      offers: [],
    }),
    searches: () => [],
    saveSearch: () => problem(405, 'This test expects nothing to be saved.'),
    forgetSearch: () => problem(405, 'This test expects nothing to be forgotten.'),
    asked: [],
    matched: [],
    ...given,
  }
  vi.stubGlobal('fetch', async (input: string, init: RequestInit = {}) => {
    const url = new URL(input, 'http://localhost')
    const method = init.method ?? 'GET'
    api.asked.push(`${method} ${decodeURIComponent(url.pathname + url.search)}`)
    const match = new Headers(init.headers).get('if-match')
    if (match !== null) api.matched.push(match)
    const [, id, part] = /^\/api\/incidents\/([^/]+)(?:\/(.+))?$/.exec(url.pathname) ?? []
    if (url.pathname.startsWith('/api/feedback')) return feedbackAnswer(api, method, url, init)
    if (id !== undefined && part !== undefined) return handAnswer(api, id, part, init)
    if (url.pathname.startsWith('/api/models')) return modelsAnswer(api, url.pathname, init)
    if (url.pathname.startsWith('/api/sources'))
      return sourcesAnswer(api, method, url.pathname, init)
    if (url.pathname.startsWith('/api/searches'))
      return searchesAnswer(api, method, url.pathname, init)
    const q = url.searchParams.get('q') ?? ''
    if (url.pathname === '/api/query/explain') return respond(api.explain(q), init)
    if (url.pathname === '/api/query/complete')
      return respond(api.complete(q, Number(url.searchParams.get('at'))), init)
    const cve = /^\/api\/vulnerabilities\/([^/]+)$/.exec(url.pathname)?.[1]
    if (cve !== undefined) return respond(api.vulnerability(cve), init)
    if (url.pathname === '/api/incidents') return respond(api.list(url.searchParams), init)
    if (id !== undefined && method === 'PATCH') {
      const change = JSON.parse(String(init.body))
      return respond(
        change.status === undefined ? api.change(id, change) : api.setStatus(id, change.status),
        init,
      )
    }
    if (id !== undefined) return respond(api.detail(id), init)
    return respond(problem(404, `${method} ${url.pathname} is not part of the mock.`), init)
  })
  return api
}

/** What is done about an incident below its address. */
function handAnswer(api: MockApi, id: string, part: string, init: RequestInit) {
  const body = () => JSON.parse(String(init.body))
  if (part === 'similar') return respond(api.similar(id), init)
  if (part === 'notes') return respond(api.note(id, body()), init)
  if (part === 'split') return respond(api.split(id, body()), init)
  if (part === 'merge') return respond(api.merge(id, body()), init)
  if (part === 'not-same') return respond(api.notSame(id, body()), init)
  return respond(problem(404, `${part} is not part of the mock.`), init)
}

function feedbackAnswer(api: MockApi, method: string, url: URL, init: RequestInit) {
  if (method === 'POST') return respond(api.giveFeedback(JSON.parse(String(init.body))), init)
  if (method === 'DELETE')
    return respond(api.withdrawFeedback(url.pathname.split('/')[3] ?? ''), init)
  const { searchParams: asked } = url
  return respond(api.feedback(asked.get('incident') ?? '', asked.get('after')), init)
}

function modelsAnswer(api: MockApi, path: string, init: RequestInit) {
  const [, , , task = '', act] = path.split('/')
  if (act === 'train') return respond(api.train(task), init)
  if (act === 'rollback') return respond(api.rollBack(task), init)
  if (act === 'activate')
    return respond(api.activate(task, JSON.parse(String(init.body)).version), init)
  return respond(api.models(), init)
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

function searchesAnswer(api: MockApi, method: string, path: string, init: RequestInit) {
  if (method === 'DELETE') return respond(api.forgetSearch(path.split('/')[3] ?? ''), init)
  if (method === 'POST') return respond(api.saveSearch(JSON.parse(String(init.body))), init)
  return respond(api.searches(), init)
}

async function respond<T extends object | null>(
  given: Answer<T>,
  init: RequestInit,
): Promise<Response> {
  if (given === 'offline') throw new TypeError('Failed to fetch')
  if (given === 'never')
    return new Promise((_, reject) => {
      init.signal?.addEventListener('abort', () =>
        reject(new DOMException('aborted', 'AbortError')),
      )
    })
  const answer = await given
  if (answer === null) return new Response(null, { status: 204 })
  const failed = 'code' in answer && 'detail' in answer
  return new Response(JSON.stringify(answer), {
    status: failed ? (answer as Problem).status : 200,
    headers: { 'content-type': failed ? 'application/problem+json' : 'application/json' },
  })
}
