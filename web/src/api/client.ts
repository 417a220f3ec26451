// The API as functions. Every failure is an ApiError whose message is fit to be
// read by a person; the server's problem+json is kept beside it.
//
// `since` in a list request is absolute: it is computed once for the first page
// and carried along by the caller, because a cursor belongs to one filter.

import type {
  Completion,
  Explanation,
  FeedbackList,
  FeedbackOut,
  IncidentChange,
  IncidentDetail,
  IncidentList,
  IncidentSummary,
  Look,
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
  Task,
  VulnerabilityDetail,
} from './types'

export class ApiError extends Error {
  /** HTTP status; 0 when the server did not answer at all. */
  readonly status: number
  readonly problem: Problem | undefined

  constructor(message: string, status: number, problem?: Problem) {
    super(message)
    this.name = 'ApiError'
    this.status = status
    this.problem = problem
  }
}

/** A query that cannot be read; `problem` says where and what was probably meant. */
export const isMistake = (error: unknown): error is ApiError & { problem: Problem } =>
  error instanceof ApiError && error.problem?.code === 'query_invalid'

export interface IncidentQuery {
  q?: string | undefined
  severity?: string | undefined
  type?: string | undefined
  country?: string | undefined
  status?: string | undefined
  cve?: string | undefined
  source?: string | undefined
  keyword?: string | undefined
  exploited?: string | undefined
  since?: string | undefined
  order?: string | undefined
  after?: string | undefined
  limit?: string | undefined
}

export const api = {
  incidents: {
    list: (query: IncidentQuery, signal?: AbortSignal) =>
      request<IncidentList>(`/api/incidents${queryString({ ...query })}`, { signal }),
    /** The id of an incident that was merged gives the one it went into. */
    get: (id: string, signal?: AbortSignal) =>
      request<IncidentDetail>(incidentPath(id), { signal }),
    // Where a revision is given, nothing is done when somebody, or a new report, was faster.
    change: (id: string, change: IncidentChange, revision?: number) =>
      request<IncidentSummary>(incidentPath(id), sending('PATCH', change, revision)),
    note: (id: string, note: { text: string } & By) =>
      request<IncidentSummary>(incidentPath(id, '/notes'), sending('POST', note)),
    split: (id: string, split: { items: string[] } & By, revision: number) =>
      request<SplitOut>(incidentPath(id, '/split'), sending('POST', split, revision)),
    merge: (id: string, merge: { into: string } & By, revision: number) =>
      request<IncidentSummary>(incidentPath(id, '/merge'), sending('POST', merge, revision)),
    notSame: (id: string, notSame: { item: string } & By, revision: number) =>
      request<NotSameOut>(incidentPath(id, '/not-same'), sending('POST', notSame, revision)),
    similar: (id: string, signal?: AbortSignal) =>
      request<SimilarList>(incidentPath(id, '/similar'), { signal }),
  },
  feedback: {
    /** Of one incident, or of all. */
    list: (query: { incident?: string; after?: string | undefined }, signal?: AbortSignal) =>
      request<FeedbackList>(`/api/feedback${queryString(query)}`, { signal }),
    give: (feedback: NewFeedback) =>
      request<FeedbackOut>('/api/feedback', sending('POST', feedback)),
    withdraw: (id: string, by: string) =>
      request<FeedbackOut>(`/api/feedback/${encodeURIComponent(id)}${queryString({ by })}`, {
        method: 'DELETE',
      }),
  },
  query: {
    explain: (q: string, signal?: AbortSignal) =>
      request<Explanation>(`/api/query/explain${queryString({ q })}`, { signal }),
    /** `at` counts code points. */
    complete: (q: string, at: number, signal?: AbortSignal) =>
      request<Completion>(`/api/query/complete${queryString({ q, at: String(at) })}`, { signal }),
  },
  searches: {
    list: (signal?: AbortSignal) => request<SavedSearch[]>('/api/searches', { signal }),
    save: (search: NewSearch) => request<SavedSearch>('/api/searches', sending('POST', search)),
    forget: (id: string) =>
      request<undefined>(`/api/searches/${encodeURIComponent(id)}`, { method: 'DELETE' }),
  },
  models: {
    list: (signal?: AbortSignal) => request<ModelList>('/api/models', { signal }),
    /** Begins; `model.decided` tells what came of it. */
    train: (task: Task) => request<ModelOut>(`/api/models/${task}/train`, { method: 'POST' }),
    activate: (task: Task, version: string) =>
      request<ModelOut>(`/api/models/${task}/activate`, sending('POST', { version })),
    rollBack: (task: Task) => request<ModelOut>(`/api/models/${task}/rollback`, { method: 'POST' }),
  },
  vulnerabilities: {
    get: (cve: string, signal?: AbortSignal) =>
      request<VulnerabilityDetail>(`/api/vulnerabilities/${encodeURIComponent(cve)}`, { signal }),
  },
  sources: {
    list: (signal?: AbortSignal) => request<SourceList>('/api/sources', { signal }),
    look: (look: Look) => request<LookOut>('/api/sources/preview', sending('POST', look)),
    add: (source: NewSource) => request<SourceOut>('/api/sources', sending('POST', source)),
    change: (id: string, enabled: boolean) =>
      request<SourceOut>(`/api/sources/${encodeURIComponent(id)}`, sending('PATCH', { enabled })),
    remove: (id: string) =>
      request<SourceRemoval>(`/api/sources/${encodeURIComponent(id)}`, { method: 'DELETE' }),
    preview: (id: string, signal?: AbortSignal) =>
      request<PreviewOut>(`/api/sources/${encodeURIComponent(id)}/preview`, { signal }),
  },
}

/** Whose name the history shows. */
interface By {
  by?: string
}

const incidentPath = (id: string, below = '') => `/api/incidents/${encodeURIComponent(id)}${below}`

const sending = (method: string, body: object, revision?: number) => ({
  method,
  headers: {
    'content-type': 'application/json',
    ...(revision === undefined ? {} : { 'if-match': `"${revision}"` }),
  },
  body: JSON.stringify(body),
})

type RequestOptions = Omit<RequestInit, 'signal'> & { signal?: AbortSignal | undefined }

async function request<T>(url: string, { signal, ...init }: RequestOptions): Promise<T> {
  let response: Response
  try {
    response = await fetch(url, {
      ...init,
      signal: signal ?? null,
      headers: { accept: 'application/json', ...init.headers },
    })
  } catch (cause) {
    // An aborted request is not a failure of the server; the query cache knows it by name.
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause
    throw new ApiError('The server does not answer.', 0)
  }
  const type = response.headers.get('content-type') ?? ''
  if (!response.ok) {
    const problem = type.includes('json') ? await problemOf(response) : undefined
    const message = problem?.detail || problem?.title || `The server answered ${response.status}.`
    throw new ApiError(message, response.status, problem)
  }
  // Nothing to say: only asked for where T is undefined.
  if (response.status === 204) return undefined as T
  try {
    return (await response.json()) as T
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause
    throw new ApiError('The server sent an answer that cannot be read.', response.status)
  }
}

async function problemOf(response: Response): Promise<Problem | undefined> {
  try {
    const body: unknown = await response.json()
    return typeof body === 'object' && body !== null ? (body as Problem) : undefined
  } catch {
    return undefined
  }
}

function queryString(query: { [name: string]: string | undefined }): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') params.set(name, value)
  }
  const text = params.toString()
  return text === '' ? '' : `?${text}`
}
