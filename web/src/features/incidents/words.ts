// The words people read for the labels on the wire.

import type {
  Aspect,
  Attack,
  AttackClass,
  ClaimStatus,
  EntityKind,
  IncidentStatus,
  IncidentType,
  Score,
  Sector,
  TimelineItem,
} from '../../api/types'

export const typeWords: Record<IncidentType, string> = {
  ransomware: 'Ransomware',
  data_breach: 'Data breach',
  phishing_fraud: 'Phishing or fraud',
  ddos: 'DDoS',
  malware: 'Malware',
  vuln_exploit: 'Vulnerability',
  apt_espionage: 'Espionage',
  account_takeover: 'Account takeover',
  supply_chain: 'Supply chain',
  defacement: 'Defacement',
  insider: 'Insider',
  other: 'Other',
}

export const TYPES = Object.keys(typeWords) as IncidentType[]

/** What an attacker does with a flaw. */
export const attackWords: Record<AttackClass, string> = {
  code_execution: 'Code execution',
  command_injection: 'Command injection',
  code_injection: 'Code injection',
  sql_injection: 'SQL injection',
  cross_site_scripting: 'Cross-site scripting',
  cross_site_request_forgery: 'Cross-site request forgery',
  server_side_request_forgery: 'Server-side request forgery',
  path_traversal: 'Path traversal',
  file_inclusion: 'File inclusion',
  file_upload: 'File upload',
  file_access: 'Arbitrary file access',
  deserialization: 'Insecure deserialization',
  xml_external_entity: 'XML external entity',
  open_redirect: 'Open redirect',
  request_smuggling: 'Request smuggling',
  header_injection: 'Header injection',
  formula_injection: 'Formula injection',
  prototype_pollution: 'Prototype pollution',
  clickjacking: 'Clickjacking',
  privilege_escalation: 'Privilege escalation',
  authentication_bypass: 'Authentication bypass',
  access_control_bypass: 'Access control bypass',
  security_bypass: 'Security feature bypass',
  sandbox_escape: 'Sandbox escape',
  information_disclosure: 'Information disclosure',
  memory_corruption: 'Memory corruption',
  denial_of_service: 'Denial of service',
  spoofing: 'Spoofing',
  tampering: 'Tampering',
  adversary_in_the_middle: 'Adversary in the middle',
  session_hijacking: 'Session hijacking',
  brute_force: 'Brute force',
  search_path_hijacking: 'Search path hijacking',
  cache_poisoning: 'Cache poisoning',
}

/** Why we say that an attacker does this: the words, if they are not the name itself, or
 * the weakness it follows from. */
export function attackReason(attack: Attack): string {
  if (attack.said == null) return `by ${attack.weakness ?? ''}`
  const letters = (text: string) => text.toLowerCase().replace(/[^a-z]+/g, '')
  const isName = letters(attack.said) === letters(attackWords[attack.class])
  return isName ? '' : `“${attack.said}”`
}

/** What an item is called: posts have no title, and are known by their first words. */
export function headline(item: { title: string; text: string }): string {
  if (item.title) return item.title
  const letters = [...item.text]
  return letters.length > 80 ? `${letters.slice(0, 80).join('')}…` : item.text
}

export const statusWords: Record<IncidentStatus, string> = {
  new: 'New',
  watching: 'Watching',
  handled: 'Handled',
  dismissed: 'Dismissed',
}

export const STATUSES = Object.keys(statusWords) as IncidentStatus[]

export const claimWords: Record<ClaimStatus, string> = {
  claimed: 'Claimed by the attacker only',
  reported: 'Reported by one publisher',
  corroborated: 'Reported by several publishers',
  confirmed: 'Confirmed',
  denied: 'Denied by the victim',
}

export const aspectWords: Record<Aspect, string> = {
  relevance: 'Relevance',
  type: 'Type',
  severity: 'Severity',
  region: 'Region',
  sector: 'Sector',
  story: 'Same story',
  alert: 'Alert',
}

export const itemKindWords: Record<TimelineItem['kind'], string> = {
  article: 'Article',
  advisory: 'Advisory',
  cve_record: 'CVE record',
  post: 'Post',
  note: 'Note',
}

export const entityWords: Record<EntityKind, string> = {
  cve: 'CVE',
  cwe: 'Weakness',
  ghsa: 'GitHub advisory',
  cert_in: 'CERT-In note',
  attack: 'ATT&CK technique',
  ip: 'IP address',
  domain: 'Domain',
  url: 'URL',
  email: 'Mail address',
  md5: 'MD5',
  sha1: 'SHA-1',
  sha256: 'SHA-256',
  sha512: 'SHA-512',
  place: 'Place',
  organisation: 'Organisation',
  keyword: 'Keyword',
  actor: 'Threat actor',
  malware: 'Malware',
  tool: 'Tool',
  product: 'Product',
  vulnerability: 'Named flaw',
  indicator: 'Trace',
  person: 'Person',
}

/** Kinds that are named in the facts, the most telling first. */
export const NAMED_KINDS: readonly EntityKind[] = [
  'actor',
  'malware',
  'tool',
  'vulnerability',
  'organisation',
  'product',
  'person',
  'attack',
  'cert_in',
]

/** Kinds that people copy into a firewall or a search. */
export const INDICATOR_KINDS: readonly EntityKind[] = [
  'ip',
  'domain',
  'url',
  'email',
  'sha256',
  'sha512',
  'sha1',
  'md5',
  'indicator',
]

const sectorWords: Record<Sector, string> = {
  power: 'Power and energy',
  banking: 'Banking and finance',
  telecom: 'Telecom',
  transport: 'Transport',
  government: 'Government',
  strategic_enterprises: 'Strategic enterprises',
  health: 'Health',
  education: 'Education',
  retail: 'Retail',
  technology: 'Technology',
  manufacturing: 'Manufacturing',
  media: 'Media',
}

/** A sector's name; one we do not know yet shows its label with spaces. */
export const sectorName = (label: Sector) => sectorWords[label] ?? label.replaceAll('_', ' ')

const sayerWords: Record<Score['sayer']['kind'], string> = {
  cna: 'The maker',
  cisa_adp: 'CISA',
  github: 'GitHub',
  nvd: 'NVD',
  other: 'Another',
  prahari: 'Prahari, predicted from the description',
}

/** Who gave a score. */
export const sayerName = (sayer: Score['sayer']): string =>
  ('name' in sayer && sayer.name) || sayerWords[sayer.kind]
