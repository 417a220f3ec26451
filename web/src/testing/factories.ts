// Answers of the API with sensible facts, for tests to change what they are about.

import type {
  AlertOut,
  FeedbackOut,
  IncidentDetail,
  IncidentSummary,
  ModelDecision,
  ModelOut,
  ModelVersion,
  SourceOut,
  Task,
  TimelineItem,
  Trial,
  Vulnerability,
  VulnerabilityDetail,
} from '../api/types'

/** What "now" is in tests. */
export const NOW = Date.parse('2026-11-21T09:00:00Z')

export const minutesAgo = (minutes: number) => new Date(NOW - minutes * 60_000).toISOString()

export function incident(id: string, change: Partial<IncidentSummary> = {}): IncidentSummary {
  return {
    id,
    revision: 1,
    title: `Incident ${id}`,
    summary: 'The operator says that billing is down.',
    url: 'https://news.example/a',
    source: 'wire',
    severity: 'high',
    severity_score: 7.8,
    severity_reason: 'disruption of a hospital',
    types: [{ label: 'ransomware', confidence: 0.91 }],
    countries: ['IN'],
    states: ['KL'],
    sectors: [{ label: 'health', confidence: 0.8 }],
    cves: [],
    exploited: false,
    kev: false,
    keywords: [],
    claim: 'reported',
    status: 'new',
    assignee: null,
    tags: [],
    relevance: 'incident',
    relevance_probability: 0.94,
    first_seen: minutesAgo(120),
    last_seen: minutesAgo(42),
    items: 2,
    epss: null,
    cvss: null,
    sources: ['wire', 'cert_in'],
    publishers: ['wire.example', 'cert-in.example'],
    said: null,
    ...change,
  }
}

export function detail(id: string, change: Partial<IncidentDetail> = {}): IncidentDetail {
  return {
    ...incident(id),
    reasons: [],
    voices: [],
    entities: [],
    timeline: [item('i1')],
    vulnerabilities: [],
    alerts: [],
    notes: [],
    history: [],
    ...change,
  }
}

export function item(id: string, change: Partial<TimelineItem> = {}): TimelineItem {
  return {
    id,
    source: 'wire',
    kind: 'article',
    url: `https://news.example/${id}`,
    title: `Item ${id}`,
    text: 'Admissions are down in Kochi.',
    author: null,
    published: minutesAgo(42),
    fetched: minutesAgo(40),
    language: 'eng',
    repeat_of: null,
    joined_because: null,
    severity: 'high',
    severity_score: 7.8,
    types: [],
    countries: ['IN'],
    relevance: 'incident',
    relevance_probability: 0.94,
    entities: [],
    reasons: [],
    ...change,
  }
}

export function vulnerability(cve: string, change: Partial<Vulnerability> = {}): Vulnerability {
  return {
    cve,
    title: 'Kestrel VPN lets a remote attacker in',
    description: null,
    status: 'published',
    published: minutesAgo(2000),
    modified: null,
    severity: null,
    scores: [],
    weaknesses: [],
    attacks: [],
    affected: [],
    references: [],
    exploitation: null,
    epss: null,
    ssvc: null,
    withdrawn: null,
    sources: ['nvd'],
    ...change,
  }
}

export function vulnerabilityFull(
  cve: string,
  change: Partial<VulnerabilityDetail> = {},
): VulnerabilityDetail {
  return {
    ...vulnerability(cve),
    exploited: false,
    owasp: [],
    statements: [],
    incidents: [],
    changes: [],
    ...change,
  }
}

export function alert(id: string, change: Partial<AlertOut> = {}): AlertOut {
  return {
    id,
    rule: 'urgent',
    cause: { kind: 'new' },
    cause_text: 'New incident',
    reason: 'High or above, and in India',
    severity: 'high',
    at: minutesAgo(41),
    held: null,
    deliveries: [],
    ...change,
  }
}

export function feedback(id: string, change: Partial<FeedbackOut> = {}): FeedbackOut {
  return {
    id,
    at: minutesAgo(3),
    by: 'api',
    incident: 'a',
    item: 'i1',
    title: 'Item i1',
    relevant: null,
    types: null,
    severity: null,
    countries: null,
    note: null,
    ...change,
  }
}

export function modelVersion(version: string, change: Partial<ModelVersion> = {}): ModelVersion {
  return {
    version,
    made: minutesAgo(3000),
    data: '25724b1923079237',
    size: 525_704,
    scores: { auc: 0.9591, calibration_error: 0.0162 },
    counts: { texts: 8460 },
    ...change,
  }
}

export function model(task: Task, change: Partial<ModelOut> = {}): ModelOut {
  return {
    task,
    name: { relevance: 'Relevance', types: 'Types' }[task as 'types'] ?? task,
    live: 'shipped',
    previous: null,
    problem: null,
    versions: [modelVersion('shipped')],
    taught: true,
    labels: 0,
    held_back: 0,
    needed: 50,
    training: false,
    ...change,
  }
}

export function trial(change: Partial<Trial> = {}): Trial {
  return {
    labels: 180,
    learned: 120,
    held_back: 60,
    needed: 50,
    before: { log_loss: 0.61, error: 0.3 },
    after: { log_loss: 0.42, error: 0.15 },
    constant_error: 0.4,
    mended: 11,
    broken: 2,
    others: 400,
    moved: 31,
    ...change,
  }
}

export function decision(task: Task, change: Partial<ModelDecision> = {}): ModelDecision {
  return {
    at: minutesAgo(5),
    by: 'api',
    task,
    step: 'trained',
    version: '1a2b3c4d5e6f',
    before: 'shipped',
    live: 'shipped',
    changed: false,
    why: 'of 60 labels held back it mends 3 and breaks 2: no more than chance may do',
    trial: trial(),
    ...change,
  }
}

export function source(id: string, change: Partial<SourceOut> = {}): SourceOut {
  return {
    id,
    name: id,
    kind: 'feed',
    url: `https://${id}.example/feed.xml`,
    enabled: true,
    state: 'fresh',
    interval_seconds: 900,
    since: null,
    next_poll: null,
    breaker: 'closed',
    typical_gap_seconds: null,
    expected_by: null,
    concerns: [],
    balance: null,
    last_success: minutesAgo(5),
    last_attempt: minutesAgo(5),
    last_item: minutesAgo(60),
    failures: 0,
    error: null,
    items: 12,
    problems: 0,
    problem: null,
    origin: 'catalogue',
    good_for: null,
    why_off: null,
    switched_on_by: [],
    ...change,
  }
}
