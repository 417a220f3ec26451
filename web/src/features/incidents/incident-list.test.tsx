import { screen, waitFor, within } from '@testing-library/react'
import { expect, test } from 'vitest'
import { incident, minutesAgo, source } from '../../testing/factories'
import { listOf, mockApi, problem } from '../../testing/mock-api'
import { open } from '../../testing/render'

const rows = () =>
  within(screen.getByRole('table', { name: 'Incidents' }))
    .getAllByRole('link')
    .map((link) => link.textContent)

test('while it loads, the list says so', async () => {
  mockApi({ list: () => 'never' })
  open('/incidents')
  expect(await screen.findByRole('status', { name: 'Loading incidents' })).toBeVisible()
})

test('a full list says what each incident is', async () => {
  mockApi({
    list: () =>
      listOf([
        incident('a', {
          title: 'Hospital chain halts admissions',
          severity: 'critical',
          exploited: true,
        }),
        incident('b', { title: 'केरल में डेटा लीक', states: [], countries: ['IN', 'LK'] }),
      ]),
  })
  open('/')
  const table = await screen.findByRole('table', { name: 'Incidents' })
  const [, first, second] = within(table).getAllByRole('row')
  expect(first).toHaveTextContent(/Critical.*Hospital chain halts admissions.*Exploited/)
  expect(first).toHaveTextContent(/Ransomware \(predicted, 91 % sure\)/)
  expect(first).toHaveTextContent(/Kerala.*New.*42 min/)
  expect(second).toHaveTextContent(/केरल में डेटा लीक.*India \+1/)
  expect(screen.getByRole('heading', { name: /^Incidents ?2$/ })).toBeVisible()
})

test('a list that nothing matches offers to clear the filters', async () => {
  mockApi({ list: (query) => listOf(query.has('severity') ? [] : [incident('a')]) })
  const { user, address } = open('/incidents?severity=critical')
  expect(await screen.findByRole('heading', { name: 'No incident matches' })).toBeVisible()
  await user.click(screen.getByRole('button', { name: 'Clear the filters' }))
  expect(await screen.findByRole('link', { name: 'Incident a' })).toBeVisible()
  expect(address()).toBe('/incidents')
})

test('an empty store is not mistaken for calm', async () => {
  mockApi({
    sources: () => ({
      concerns: [],
      sources: [
        source('wire', { name: 'The Wire', state: 'not_reached', last_success: null }),
        source('ledger', {
          name: 'The Ledger',
          state: 'failing',
          error: 'answered 503',
          failures: 3,
        }),
      ],
    }),
  })
  open('/incidents')
  expect(await screen.findByRole('heading', { name: 'No incidents yet' })).toBeVisible()
  expect(await screen.findByText('1 source has not been reached yet.')).toBeVisible()
  const sources = screen.getByRole('list', { name: 'Sources' })
  expect(within(sources).getByText('answered 503')).toBeVisible()
})

test('an error says what happened and tries again on demand', async () => {
  let broken = true
  mockApi({ list: () => (broken ? problem(503, 'The store is busy.') : listOf([incident('a')])) })
  const { user } = open('/incidents')
  expect(await screen.findByRole('alert')).toHaveTextContent('The store is busy.')
  broken = false
  await user.click(screen.getByRole('button', { name: 'Try again' }))
  expect(await screen.findByRole('link', { name: 'Incident a' })).toBeVisible()
})

test('a server that does not answer is named', async () => {
  mockApi({ list: () => 'offline' })
  open('/incidents')
  expect(await screen.findByRole('alert')).toHaveTextContent('The server does not answer.')
})

test('more incidents come on demand, and one told twice is shown once', async () => {
  const api = mockApi({
    list: (query) =>
      query.get('after') === 'p2'
        ? { ...listOf([incident('b'), incident('c')]), total: 3 }
        : { ...listOf([incident('a'), incident('b')], 'p2'), total: 120003, total_exact: false },
  })
  const { user } = open('/incidents?since=24h')
  expect(await screen.findByRole('heading', { name: /^Incidents ?about 1,20,003$/ })).toBeVisible()
  await user.click(screen.getByRole('button', { name: 'Load more' }))
  expect(await screen.findByText('That is all: 3.')).toBeVisible()
  // At the end the total is no estimate any more.
  expect(screen.getByRole('heading', { name: /^Incidents ?3$/ })).toBeVisible()
  expect(rows()).toEqual(['Incident a', 'Incident b', 'Incident c'])
  // A cursor belongs to one filter: both pages ask for the very same time.
  const since = api.asked.flatMap((ask) => /since=([^&]+)/.exec(ask)?.[1] ?? [])
  expect(since).toHaveLength(2)
  expect(since[0]).toBe(since[1])
})

test('a next page that fails can be asked for again', async () => {
  let broken = true
  mockApi({
    list: (query) => {
      if (query.get('after') === null) return listOf([incident('a')], 'p2')
      return broken ? problem(500, 'Something broke.') : listOf([incident('b')])
    },
  })
  const { user } = open('/incidents')
  await user.click(await screen.findByRole('button', { name: 'Load more' }))
  expect(await screen.findByRole('alert')).toHaveTextContent('Something broke.')
  broken = false
  await user.click(screen.getByRole('button', { name: 'Load more' }))
  expect(await screen.findByRole('link', { name: 'Incident b' })).toBeVisible()
})

test('filters live in the address and reach the server', async () => {
  const api = mockApi({ list: () => listOf([incident('a')]) })
  const { user, address } = open('/incidents')
  await screen.findByRole('table')
  await user.selectOptions(screen.getByRole('combobox', { name: 'Severity' }), 'high')
  await user.selectOptions(screen.getByRole('combobox', { name: 'Country' }), 'IN')
  await user.click(screen.getByRole('button', { name: /^Type/ }))
  await user.click(screen.getByRole('checkbox', { name: 'Ransomware' }))
  await user.click(screen.getByRole('checkbox', { name: 'Malware' }))
  await user.click(screen.getByRole('button', { name: 'Exploited' }))
  await user.selectOptions(screen.getByRole('combobox', { name: 'Order' }), 'worst')
  expect(address()).toBe(
    '/incidents?severity=high&type=ransomware,malware&country=IN&exploited=true&order=worst',
  )
  await waitFor(() =>
    expect(api.asked.at(-1)).toBe(
      'GET /api/incidents?severity=high&type=ransomware,malware&country=IN&exploited=true&order=worst&status=new,watching,handled&limit=50',
    ),
  )
})

test('an address somebody edited shows what makes sense of it', async () => {
  const api = mockApi({ list: () => listOf([incident('a', { status: 'dismissed' })]) })
  open('/incidents?severity=dreadful&type=ransomware,nonsense&since=never&status=dismissed')
  await screen.findByRole('table')
  expect(api.asked).toContain(
    'GET /api/incidents?type=ransomware&status=dismissed&order=latest&limit=50',
  )
})

test('j and k walk the list, Enter opens, Escape goes back', async () => {
  mockApi({ list: () => listOf([incident('a'), incident('b'), incident('c')]) })
  const { user, address } = open('/incidents?severity=high')
  await screen.findByRole('table')
  await user.keyboard('j')
  expect(screen.getByRole('link', { name: 'Incident a' })).toHaveFocus()
  await user.keyboard('jjj')
  expect(screen.getByRole('link', { name: 'Incident c' })).toHaveFocus()
  await user.keyboard('k')
  expect(screen.getByRole('link', { name: 'Incident b' })).toHaveFocus()
  await user.keyboard('{Enter}')
  await waitFor(() => expect(address()).toBe('/incidents/b?severity=high'))
  await user.keyboard('{Escape}')
  await waitFor(() => expect(address()).toBe('/incidents?severity=high'))
})

test('keys stay silent while the reader types', async () => {
  mockApi({ list: () => listOf([incident('a')]) })
  const { user } = open('/incidents')
  await screen.findByRole('table')
  const box = screen.getByRole('combobox', { name: 'Search incidents' })
  await user.type(box, 'jk?')
  expect(box).toHaveFocus()
  expect(screen.queryByRole('dialog')).not.toBeInTheDocument()
})

test('? shows what the keyboard can do', async () => {
  mockApi()
  const { user } = open('/incidents')
  await screen.findByRole('heading', { name: 'No incidents yet' })
  await user.keyboard('?')
  expect(await screen.findByRole('dialog', { name: 'Keyboard' })).toBeVisible()
  await user.click(screen.getByRole('button', { name: 'Close' }))
  expect(screen.queryByRole('dialog')).not.toBeInTheDocument()
})

test('a time ahead of now is shown as the date it claims', async () => {
  mockApi({ list: () => listOf([incident('a', { last_seen: minutesAgo(-3 * 24 * 60) })]) })
  open('/incidents')
  expect(await screen.findByText('24 Nov')).toHaveAttribute(
    'title',
    expect.stringMatching(/24 Nov 2026/),
  )
})
