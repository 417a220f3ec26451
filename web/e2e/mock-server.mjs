// A stand-in for the binary while working on screens: serves dist/ as the binary
// does (same Content-Security-Policy, index.html for unknown paths) and the API
// over a made-up world. It is no test of the product: e2e/journey.spec.mjs is.
//
//   npm run build && npm run start:mock -- [--port 8000] [--count 400]
//   npm start                        then shows it on port 3000 with hot reload
//
// POST /mock/news opens an incident; POST /mock/update?id= gives one an item more.

import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { makeLook, makeModels, makeNews, makeWorld } from './mock-data.mjs'

export const POLICY =
  "default-src 'self'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"

const dist = fileURLToPath(new URL('../dist/', import.meta.url))
const types = /** @type {Record<string, string>} */ ({
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
})
const ranks = ['low', 'medium', 'high', 'critical']

/** @param {{ port?: number, count?: number, sources?: boolean, models?: boolean, fail?: boolean }} options */
export async function startMock({
  port = 0,
  count = 400,
  sources: withSources = true,
  models: withModels = true,
  fail = false,
} = {}) {
  const world = makeWorld({ count, now: Date.now() })
  if (!withSources) {
    world.sources = world.sources.map((source) => ({
      ...source,
      state: 'not_reached',
      last_success: null,
      last_attempt: null,
      last_item: null,
      items: 0,
      failures: 0,
      error: null,
      problems: 0,
      problem: null,
    }))
  }
  /** @type {Set<import('node:http').ServerResponse>} */
  const listeners = new Set()
  const models = makeModels(Date.now())
  let seq = 0
  let news = 0
  let searches = [
    {
      id: 'search-banks',
      name: 'Banks, at once',
      query: 'sector:banking severity>=high last:24h',
      sentence:
        'banking is affected, and severity is high or above, and the latest report is from the last 24 hours',
      at: new Date().toISOString(),
    },
  ]

  /** @param {string} kind @param {string} subject */
  const tell = (kind, subject) => {
    seq += 1
    const data = JSON.stringify({ seq, at: new Date().toISOString(), kind, subject })
    for (const listener of listeners)
      listener.write(`id: ${seq}\nevent: ${kind}\ndata: ${data}\n\n`)
  }

  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://mock')
    const path = url.pathname
    /** @param {number} status @param {unknown} body */
    const json = (status, body) => {
      const type = status < 400 ? 'application/json' : 'application/problem+json'
      response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body))
    }
    /** @param {number} status @param {string} code @param {string} detail */
    const problem = (status, code, detail) =>
      json(status, { type: 'about:blank', title: code, status, detail, code })

    if (path === '/mock/news' && request.method === 'POST') {
      news += 1
      const incident = makeNews(news, Date.now())
      world.incidents.unshift(incident)
      tell('incident.opened', incident.id)
      return json(201, { id: incident.id })
    }
    if (path === '/mock/update' && request.method === 'POST') {
      const incident = world.incidents.find((one) => one.id === url.searchParams.get('id'))
      if (incident === undefined) return problem(404, 'not_found', 'There is no such incident.')
      Object.assign(incident, {
        revision: incident.revision + 1,
        items: incident.items + 1,
        last_seen: new Date().toISOString(),
      })
      tell('incident.updated', incident.id)
      return json(200, {})
    }
    if (path === '/api/live') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
      response.write(': hello\n\n')
      listeners.add(response)
      response.on('close', () => listeners.delete(response))
      return undefined
    }
    if (fail && path.startsWith('/api/'))
      return problem(503, 'store_busy', 'The store is busy. It tries again by itself.')
    if (path === '/api/sources' && request.method === 'GET')
      return json(200, { sources: world.sources, concerns: [] })
    if (path.startsWith('/api/sources')) {
      const chunks = []
      for await (const chunk of request) chunks.push(chunk)
      const body = JSON.parse(Buffer.concat(chunks).toString() || '{}')
      if (path === '/api/sources/preview') {
        return /nothing/.test(body.url)
          ? problem(422, 'unreadable', `${body.url} is a web page that names no feed`)
          : json(200, makeLook(body.url))
      }
      const [template] = world.sources
      if (path === '/api/sources' && template !== undefined) {
        /** @type {typeof template} */
        const added = { ...template, id: 'added', name: body.name, url: body.url, origin: 'added' }
        world.sources.push({ ...added, state: 'not_reached', error: null, failures: 0 })
        return json(201, world.sources.at(-1))
      }
      const source = world.sources.find(({ id }) => id === path.split('/')[3])
      if (source === undefined) return problem(404, 'not_found', 'There is no such source.')
      if (request.method === 'GET') return json(200, makeLook(source.url ?? '').preview)
      if (request.method === 'PATCH') {
        source.enabled = body.enabled
        source.state = body.enabled ? 'not_reached' : 'off'
        return json(200, source)
      }
      world.sources = world.sources.filter((one) => one !== source)
      return json(200, { id: source.id, outcome: 'removed', detail: 'It is removed.' })
    }
    const q = url.searchParams.get('q') ?? ''
    const wrong = mistake(q)
    if (wrong !== undefined && path !== '/api/query/complete') return json(400, wrong)
    if (path === '/api/query/explain')
      return json(200, {
        query: q,
        sentence: `“${q}” stands in it`,
        tree: { kind: 'words', text: q, sentence: `“${q}” stands in it`, parts: [] },
        steps: [],
        total: 0,
        total_exact: true,
      })
    if (path === '/api/query/complete')
      return json(200, complete(q, Number(url.searchParams.get('at') ?? q.length)))
    if (path === '/api/searches' && request.method === 'GET') return json(200, searches)
    if (path.startsWith('/api/searches')) {
      const chunks = []
      for await (const chunk of request) chunks.push(chunk)
      if (request.method === 'DELETE') {
        searches = searches.filter(({ id }) => id !== path.split('/')[3])
        response.writeHead(204).end()
        return undefined
      }
      const { name, query } = JSON.parse(Buffer.concat(chunks).toString())
      const at = new Date().toISOString()
      searches.push({ id: `search-${searches.length}`, name, query, sentence: query, at })
      return json(201, searches.at(-1))
    }
    if (path.startsWith('/api/feedback')) {
      if (request.method === 'GET') {
        const feedback = url.searchParams.has('incident')
          ? said.slice(0, 1)
          : withModels
            ? said
            : []
        return json(200, { feedback, next: null, total: feedback.length })
      }
      return problem(503, 'busy', 'The made-up world keeps no feedback.')
    }
    if (path === '/api/models') return json(200, withModels ? models : shippedOnly(models))
    if (path.startsWith('/api/models'))
      return problem(503, 'busy', 'The made-up world trains nothing.')
    const similar = /^\/api\/incidents\/([^/]+)\/similar$/.exec(path)?.[1]
    if (similar !== undefined) return json(200, alike(world.incidents, similar))
    if (path === '/api/incidents') return json(200, list(world.incidents, url.searchParams))
    const id = /^\/api\/incidents\/([^/]+)$/.exec(path)?.[1]
    if (id !== undefined) {
      const incident = world.incidents.find((one) => one.id === decodeURIComponent(id))
      if (incident === undefined) return problem(404, 'not_found', 'There is no such incident.')
      if (request.method === 'PATCH') {
        const chunks = []
        for await (const chunk of request) chunks.push(chunk)
        incident.status = JSON.parse(Buffer.concat(chunks).toString()).status
        incident.revision += 1
        tell('incident.updated', incident.id)
        return json(200, summary(incident))
      }
      return json(200, incident)
    }
    if (path.startsWith('/api/')) return problem(404, 'not_found', 'There is no such address.')

    const file = normalize(join(dist, path))
    const wanted = file.startsWith(dist) && extname(file) !== '' ? file : join(dist, 'index.html')
    try {
      const body = await readFile(wanted)
      response
        .writeHead(200, {
          'content-type': types[extname(wanted)] ?? 'application/octet-stream',
          'content-security-policy': POLICY,
        })
        .end(body)
    } catch {
      response.writeHead(404).end('not found; has dist/ been built?')
    }
    return undefined
  })
  await new Promise((ready) => server.listen(port, '127.0.0.1', () => ready(undefined)))
  const address = /** @type {import('node:net').AddressInfo} */ (server.address())
  return {
    url: `http://127.0.0.1:${address.port}`,
    world,
    tell,
    cut: () => {
      for (const listener of listeners) listener.destroy()
    },
    stop: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** The one mistake this world knows. @param {string} q */
function mistake(q) {
  const unit = q.indexOf('severty')
  if (unit < 0) return undefined
  const start = [...q.slice(0, unit)].length
  return {
    type: 'about:blank',
    title: 'Bad Request',
    status: 400,
    detail: 'there is no field `severty`; did you mean `severity`?',
    code: 'query_invalid',
    field: 'q',
    start,
    end: start + 7,
    suggestion: 'severity',
  }
}

/** @param {string} q @param {number} at @returns {import('../src/api/types').Completion} */
function complete(q, at) {
  const points = [...q].slice(0, at)
  const start = points.lastIndexOf(' ') + 1
  const [field = '', value] = points.slice(start).join('').split(':')
  const offer = (/** @type {[string, string]} */ [text, about]) => ({
    text,
    about,
    incidents: null,
  })
  if (value === undefined) {
    const fields = /** @type {[string, string][]} */ ([
      ['severity:', 'at least this severe'],
      ['sector:', 'what the affected do'],
      ['source:', 'who tells it'],
      ['status:', 'what people did about it'],
      ['type:', 'kind of event'],
    ])
    const offers = fields.filter(([text]) => text.startsWith(field)).map(offer)
    return { start, end: at, expected: 'field', field: null, offers }
  }
  const offers = ranks
    .filter((rank) => field === 'severity' && rank.startsWith(value))
    .map((rank) => offer([rank, `${rank} or above`]))
  return { start: start + field.length + 1, end: at, expected: 'value', field, offers }
}

/** What a person said of the first incident. @type {import('../src/api/types').FeedbackOut[]} */
const said = [
  {
    id: '0192f000-0000-7000-8000-00000000f001',
    at: new Date().toISOString(),
    by: 'api',
    incident: null,
    item: '0192f000-0000-7000-8000-00000000f002',
    title: 'Ransomware halts admissions',
    relevant: null,
    types: null,
    severity: 'critical',
    countries: null,
    note: 'Called them: surgery is put off.',
  },
  {
    id: '0192f000-0000-7000-8000-00000000f003',
    at: new Date(Date.now() - 26 * 3_600_000).toISOString(),
    by: 'command',
    incident: null,
    item: '0192f000-0000-7000-8000-00000000f004',
    title:
      'राज्य विद्युत निगम की वेबसाइट पर साइबर हमला: भुगतान और शिकायत सेवाएँ बंद, अधिकारियों ने कहा कि उपभोक्ताओं का डेटा सुरक्षित है',
    relevant: true,
    types: ['ddos', 'defacement'],
    severity: null,
    countries: ['IN'],
    note: null,
  },
]

/** A machine on which nothing was trained yet. @param {import('../src/api/types').ModelList} all @returns {import('../src/api/types').ModelList} */
function shippedOnly({ models }) {
  return {
    models: models.map((model) => ({
      ...model,
      live: 'shipped',
      previous: null,
      problem: null,
      versions: model.versions.filter(({ version }) => version === 'shipped'),
      labels: 0,
      held_back: 0,
      training: false,
    })),
    decisions: [],
  }
}

/** @param {import('../src/api/types').IncidentDetail[]} all @param {string} id */
function alike(all, id) {
  const others = all.filter((one) => one.id !== id).slice(0, 3)
  return {
    incidents: others.map((one, index) => ({
      incident: summary(one),
      score: 0.62 - index * 0.2,
      shared: ['admissions', 'kestrel', 'vpn'].slice(index),
    })),
  }
}

/** @param {import('../src/api/types').IncidentDetail} incident */
function summary({
  reasons: _r,
  voices: _v,
  entities: _e,
  timeline: _t,
  vulnerabilities: _u,
  alerts: _a,
  notes: _n,
  history: _h,
  ...rest
}) {
  return rest
}

/** @param {import('../src/api/types').IncidentDetail[]} all @param {URLSearchParams} wanted */
function list(all, wanted) {
  const is = (/** @type {string} */ name) => wanted.get(name)?.split(',')
  const words = wanted.get('q')?.toLowerCase().split(/\s+/) ?? []
  const least = ranks.indexOf(wanted.get('severity') ?? 'low')
  const found = all.filter(
    (one) =>
      ranks.indexOf(one.severity) >= least &&
      (is('type')?.some((type) => one.types.some(({ label }) => label === type)) ?? true) &&
      (is('country')?.some((code) => one.countries.includes(code)) ?? true) &&
      (is('status')?.includes(one.status) ?? true) &&
      (is('cve')?.some((cve) => one.cves.includes(cve)) ?? true) &&
      (is('source')?.some((source) => one.sources.includes(source)) ?? true) &&
      (is('keyword')?.some((keyword) => one.keywords.includes(keyword)) ?? true) &&
      (wanted.get('exploited') !== 'true' || one.exploited) &&
      Date.parse(one.last_seen) >= Date.parse(wanted.get('since') ?? '1970-01-01') &&
      words.every((word) => `${one.title} ${one.summary}`.toLowerCase().includes(word)),
  )
  found.sort((a, b) =>
    wanted.get('order') === 'worst'
      ? b.severity_score - a.severity_score
      : Date.parse(b.last_seen) - Date.parse(a.last_seen),
  )
  const from = Number(wanted.get('after') ?? 0)
  const to = from + Number(wanted.get('limit') ?? 50)
  return {
    incidents: found.slice(from, to).map(summary),
    next: to < found.length ? String(to) : null,
    total: found.length,
    total_exact: true,
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '8000' },
      count: { type: 'string', default: '400' },
    },
  })
  const mock = await startMock({ port: Number(values.port), count: Number(values.count) })
  console.log(`A made-up world is at ${mock.url}`)
}
