import { act, screen, waitFor, within } from '@testing-library/react'
import { expect, test } from 'vitest'
import type { IncidentDetail, IncidentStatus } from '../../api/types'
import {
  alert,
  detail,
  incident,
  item,
  minutesAgo,
  source,
  vulnerability,
} from '../../testing/factories'
import { FakeEventSource } from '../../testing/fake-event-source'
import { listOf, mockApi, problem } from '../../testing/mock-api'
import { open } from '../../testing/render'

function show(change: Partial<IncidentDetail>) {
  const world = { detail: detail('a', change) }
  const api = mockApi({
    list: () => listOf([incident('a', { title: 'In the list' })]),
    detail: () => world.detail,
    sources: () => ({
      concerns: [],
      sources: [
        source('wire', { name: 'The Wire' }),
        source('cert_in', { name: 'CERT-In', state: 'late' }),
      ],
    }),
  })
  return { world, api, ...open('/incidents/a') }
}

test('while it loads, the page says so', async () => {
  mockApi({ detail: () => 'never' })
  open('/incidents/a')
  expect(await screen.findByRole('status', { name: 'Loading the incident' })).toBeVisible()
})

test('an incident that is not there is said to be so', async () => {
  mockApi()
  open('/incidents/gone')
  expect(await screen.findByRole('heading', { name: 'There is no such incident' })).toBeVisible()
})

test('an error offers to try again', async () => {
  let broken = true
  mockApi({ detail: () => (broken ? problem(500, 'Something broke.') : detail('a')) })
  const { user } = open('/incidents/a')
  expect(await screen.findByRole('alert')).toHaveTextContent('Something broke.')
  broken = false
  await user.click(screen.getByRole('button', { name: 'Try again' }))
  expect(await screen.findByRole('heading', { name: 'Incident a', level: 1 })).toBeVisible()
})

test('the story has its severity with reason, its summary with source, and its items', async () => {
  show({
    title: 'Hospital chain halts admissions',
    claim: 'confirmed',
    timeline: [
      item('new', { title: 'Hospital resumes work', source: 'cert_in', published: minutesAgo(3) }),
      item('old', { title: 'Hospital chain halts admissions' }),
    ],
  })
  expect(
    await screen.findByRole('heading', { name: 'Hospital chain halts admissions', level: 1 }),
  ).toBeVisible()
  expect(screen.getByText(/Disruption of a hospital\. Confirmed\./)).toBeVisible()
  const summary = screen.getByRole('region', { name: 'Summary' })
  expect(within(summary).getByText('The operator says that billing is down.')).toBeVisible()
  expect(await within(summary).findByRole('link', { name: 'The Wire' })).toBeVisible()
  expect(screen.getByRole('region', { name: 'What is new' })).toHaveTextContent(
    'Hospital resumes work 3 min ago',
  )
  const timeline = screen.getByRole('region', { name: 'Timeline' })
  expect(within(timeline).getAllByRole('heading', { level: 3 })).toHaveLength(2)
  expect(await within(timeline).findByText('source late')).toBeVisible()
})

test('an incident without items or alerts says so', async () => {
  show({ timeline: [], reasons: [], alerts: [] })
  expect(await screen.findByText('No item is kept of this incident any more.')).toBeVisible()
  expect(screen.getByText('No reason is kept.')).toBeVisible()
  expect(screen.getByText('No rule fired on this incident.')).toBeVisible()
})

test('entities are marked where they stand, whatever the script', async () => {
  show({
    timeline: [
      item('hi', {
        title: '🚨 केरल में हमला',
        text: 'कोच्चि के अस्पताल',
        language: 'hin',
        entities: [
          {
            kind: 'place',
            name: 'Kerala',
            role: null,
            spans: [{ field: 'title', start: 2, end: 6 }],
          },
          {
            kind: 'place',
            name: 'Kochi',
            role: null,
            spans: [{ field: 'text', start: 0, end: 6 }],
          },
        ],
      }),
    ],
  })
  expect(await screen.findByTitle('Place: Kerala')).toHaveTextContent(/^केरल$/)
  expect(screen.getByTitle('Place: Kochi')).toHaveTextContent(/^कोच्चि$/)
  expect(screen.getByRole('heading', { level: 3 })).toHaveTextContent(/^🚨 केरल में हमला$/)
})

test('a reason lights the words it rests on', async () => {
  const reason = {
    aspect: 'severity' as const,
    text: 'admissions are down',
    weight: 2,
    spans: [{ field: 'text' as const, start: 0, end: 19 }],
  }
  const { user } = show({ reasons: [reason], timeline: [item('i', { reasons: [reason] })] })
  const why = await screen.findByRole('region', { name: 'Why' })
  const button = within(why).getByRole('button', { name: 'admissions are down' })
  expect(document.querySelector('.lit')).toBeNull()
  await user.hover(button)
  expect(document.querySelector('.lit')).toHaveTextContent(/^Admissions are down$/)
  await user.unhover(button)
  expect(document.querySelector('.lit')).toBeNull()
  expect(within(why).getByRole('img', { name: 'weight +2.00' })).toBeVisible()
})

test('repeats fold under the first telling', async () => {
  const { user } = show({
    timeline: [
      item('r2', { source: 'cert_in', repeat_of: 'first' }),
      item('r1', { source: 'wire', repeat_of: 'first' }),
      item('first', { title: 'The first telling' }),
    ],
  })
  const timeline = await screen.findByRole('region', { name: 'Timeline' })
  expect(within(timeline).getAllByRole('heading', { level: 3 })).toHaveLength(1)
  await user.click(within(timeline).getByText('2 repeats'))
  expect(await within(timeline).findByRole('link', { name: 'CERT-In' })).toBeVisible()
})

test('outside text stays text, and only web addresses are links', async () => {
  show({
    title: '<img src=x onerror=alert(1)>',
    timeline: [
      item('evil', { title: '<script>alert(1)</script>', url: 'javascript:alert(1)' }),
      item('good', { url: 'https://news.example/good' }),
    ],
  })
  expect(await screen.findByRole('heading', { name: '<img src=x onerror=alert(1)>' })).toBeVisible()
  expect(document.querySelector('img')).toBeNull()
  for (const link of screen.getAllByRole('link')) {
    expect(link.getAttribute('href')).not.toMatch(/^javascript:/i)
  }
  const out = document.querySelector('a[href="https://news.example/good"]')
  expect(out).toHaveAttribute('rel', 'noopener noreferrer nofollow')
})

test('a vulnerability shows who scored it, its due date and what it affects', async () => {
  const none = {
    exact: null,
    from_including: null,
    from_excluding: null,
    to_including: null,
    to_excluding: null,
  }
  show({
    cves: ['CVE-2026-1234', 'CVE-2026-9999'],
    vulnerabilities: [
      vulnerability('CVE-2026-1234', {
        scores: [
          {
            sayer: { kind: 'cna', name: 'Kestrel' },
            version: '4.0',
            vector: 'CVSS:4.0/AV:N',
            base: 9.3,
          },
          { sayer: { kind: 'nvd' }, version: '3.1', vector: null, base: 8.8 },
        ],
        exploitation: {
          name: null,
          added: '2026-11-20T00:00:00Z',
          due: '2026-12-11T00:00:00Z',
          action: 'Apply the fix.',
          ransomware: true,
        },
        weaknesses: ['CWE-287'],
        attacks: [
          {
            class: 'code_execution',
            said: 'run arbitrary code',
            span: { field: 'text', start: 20, end: 38 },
            weakness: null,
          },
          {
            class: 'sql_injection',
            said: 'SQL Injection',
            span: { field: 'text', start: 50, end: 63 },
            weakness: null,
          },
          { class: 'authentication_bypass', said: null, span: null, weakness: 'CWE-287' },
        ],
        affected: [
          {
            vendor: 'Kestrel',
            product: 'VPN',
            versions: { ...none, from_including: '7.0', to_excluding: '7.2.4' },
          },
        ],
      }),
    ],
  })
  const facts = await screen.findByRole('complementary', { name: 'Facts about this incident' })
  const scores = within(facts).getByRole('list', { name: 'CVSS scores of CVE-2026-1234' })
  expect(
    within(scores)
      .getAllByRole('listitem')
      .map((line) => line.textContent),
  ).toEqual(['KestrelCVSS 4.09.3CVSS:4.0/AV:N', 'NVDCVSS 3.18.8'])
  expect(facts).toHaveTextContent(
    /also by ransomware\. In CISA’s KEV since 20 Nov 2026\. Fix due 11 Dec 2026\. Apply the fix\./,
  )
  const attacks = within(facts).getByRole('list', {
    name: 'What an attacker does with CVE-2026-1234',
  })
  expect(
    within(attacks)
      .getAllByRole('listitem')
      .map((line) => line.textContent),
  ).toEqual([
    'Code execution “run arbitrary code”',
    'SQL injection',
    'Authentication bypass by CWE-287',
  ])
  expect(within(facts).getByRole('heading', { name: 'Attack classes' })).toBeVisible()
  expect(within(attacks).getByRole('link', { name: 'SQL injection' })).toHaveAttribute(
    'href',
    '/incidents?q=class:sql_injection',
  )
  expect(facts).toHaveTextContent('Kestrel VPN from 7.0 before 7.2.4')
  expect(facts).toHaveTextContent('CVE-2026-9999: no source has described it yet.')
})

test('products that nobody states come with whose words we read', async () => {
  const versions = {
    exact: null,
    from_including: '7.2.0',
    from_excluding: null,
    to_including: '7.2.4',
    to_excluding: null,
  }
  show({
    cves: ['CVE-2026-1234'],
    vulnerabilities: [
      vulnerability('CVE-2026-1234', {
        affected: [{ vendor: 'Kestrel', product: 'VPN', versions }],
        own_readings: ['affected'],
        sources: ['security-wire'],
      }),
    ],
  })
  const products = await screen.findByRole('region', { name: 'Affected products' })
  expect(products).toHaveTextContent('Kestrel VPN from 7.2.0 up to 7.2.4')
  expect(products).toHaveTextContent('Read by us in what security-wire says')
})

test('indicators can be copied and are never links', async () => {
  const { user } = show({
    entities: [{ kind: 'domain', name: 'evil.example', count: 2, role: null }],
  })
  await user.click(await screen.findByRole('button', { name: 'Copy evil.example' }))
  expect(await navigator.clipboard.readText()).toBe('evil.example')
  expect(await screen.findByRole('button', { name: 'Copied evil.example' })).toBeVisible()
  expect(screen.queryByRole('link', { name: /evil/ })).not.toBeInTheDocument()
})

test('names stand under their kind, victims marked', async () => {
  show({
    entities: [
      { kind: 'organisation', name: 'Kestrel Bank', count: 3, role: 'victim' },
      { kind: 'organisation', name: 'Harbour Press', count: 2, role: null },
      { kind: 'actor', name: 'Grey Heron', count: 1, role: null },
    ],
  })
  const about = await screen.findByRole('region', { name: 'About' })
  expect(within(about).getByText('Threat actor').nextSibling).toHaveTextContent(/^Grey Heron$/)
  const organisations = within(about).getByText('Organisation').nextSibling
  expect(organisations).toHaveTextContent('Kestrel Bank (victim)')
  expect(organisations).not.toHaveTextContent('Harbour Press (victim)')
})

test('every delivery says whether it arrived, and why not', async () => {
  const delivery = { attempts: 1, error: null, due: minutesAgo(40), settled: null }
  show({
    alerts: [
      alert('1', {
        deliveries: [
          {
            ...delivery,
            id: 's',
            channel: 'slack',
            state: 'sent',
            attempts: 2,
            settled: minutesAgo(39),
          },
          {
            ...delivery,
            id: 't',
            channel: 'telegram',
            state: 'pending',
            error: 'asked us to wait',
          },
          { ...delivery, id: 'e', channel: 'email', state: 'dead', error: '550 no such mailbox' },
        ],
      }),
      alert('2', { held: 'quiet hours until 07:00' }),
    ],
  })
  const alerts = await screen.findByRole('region', { name: 'Alerts' })
  expect(alerts).toHaveTextContent('slack sent 39 min ago at attempt 2')
  expect(alerts).toHaveTextContent('telegram waiting after 1 failed attemptasked us to wait')
  expect(alerts).toHaveTextContent('email not delivered after 1 attempt550 no such mailbox')
  expect(alerts).toHaveTextContent('Held: quiet hours until 07:00')
})

const pressed = () =>
  screen
    .getAllByRole('button', { pressed: true })
    .map((button) => button.textContent)
    .filter((text) => text !== 'Exploited')

test('a status shows at once and can be undone', async () => {
  const asked: IncidentStatus[] = []
  let answer: (() => void) | undefined
  mockApi({
    detail: () => detail('a'),
    list: () => listOf([incident('a')]),
    setStatus: (_, status) => {
      asked.push(status)
      return new Promise((resolve) => {
        answer = () => resolve(incident('a', { status, revision: asked.length + 1 }))
      })
    },
  })
  const { user } = open('/incidents/a')
  await user.click(await screen.findByRole('button', { name: 'Watching' }))
  // The server has not answered yet.
  expect(pressed()).toEqual(['Watching'])
  await waitFor(() => expect(asked).toEqual(['watching']))
  act(() => answer?.())
  await user.click(screen.getByRole('button', { name: 'Undo' }))
  expect(pressed()).toEqual(['New'])
  await waitFor(() => expect(asked).toEqual(['watching', 'new']))
  act(() => answer?.())
  await waitFor(() => expect(pressed()).toEqual(['New']))
})

test('a status the server refuses is taken back and says why', async () => {
  mockApi({
    detail: () => detail('a'),
    list: () => listOf([incident('a')]),
    setStatus: () => problem(503, 'The store is busy.'),
  })
  const { user } = open('/incidents/a')
  await user.click(await screen.findByRole('button', { name: 'Handled' }))
  expect(await screen.findByText('Not handled: The store is busy.')).toBeVisible()
  expect(pressed()).toEqual(['New'])
})

test('news of the open incident wait behind a bar', async () => {
  const { world, user } = show({})
  await screen.findByRole('heading', { name: 'Item i1' })
  world.detail = detail('a', { revision: 2, items: 3, timeline: [item('i2'), item('i1')] })
  act(() => FakeEventSource.current().say('incident.updated', 'a'))
  const bar = await screen.findByRole('button', { name: /1 more item/ })
  expect(screen.queryByRole('heading', { name: 'Item i2' })).not.toBeInTheDocument()
  await user.click(bar)
  expect(await screen.findByRole('heading', { name: 'Item i2' })).toBeVisible()
  expect(screen.queryByRole('button', { name: /more item/ })).not.toBeInTheDocument()
})

test('a delivery that settles changes in place', async () => {
  const delivery = {
    id: 'd',
    channel: 'slack',
    attempts: 0,
    error: null,
    due: minutesAgo(1),
    settled: null,
  }
  const { world } = show({
    alerts: [alert('1', { deliveries: [{ ...delivery, state: 'pending' }] })],
  })
  expect(await screen.findByText(/waiting to be sent/)).toBeVisible()
  world.detail = detail('a', {
    alerts: [
      alert('1', {
        deliveries: [{ ...delivery, state: 'sent', attempts: 1, settled: minutesAgo(0) }],
      }),
    ],
  })
  act(() => FakeEventSource.current().say('delivery.settled', 'd'))
  expect(await screen.findByText(/^sent/)).toBeVisible()
})

test('of a long story the latest are shown, and the rest on demand', async () => {
  const timeline = Array.from({ length: 60 }, (_, n) => item(`i${n}`, { title: `Item ${n}.` }))
  mockApi({ list: () => listOf([incident('a')]), detail: () => detail('a', { timeline }) })
  const { user } = open('/incidents/a')
  const part = await screen.findByRole('region', { name: 'Timeline' })
  expect(within(part).getAllByRole('listitem')).toHaveLength(40)
  await user.click(within(part).getByRole('button', { name: 'Show 20 more' }))
  expect(within(part).getByRole('heading', { name: 'Item 59.' })).toBeVisible()
  expect(within(part).queryByRole('button', { name: /^Show/ })).not.toBeInTheDocument()
})
