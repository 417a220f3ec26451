import { screen, waitFor, within } from '@testing-library/react'
import { expect, test } from 'vitest'
import type { Completion, SavedSearch } from '../../api/types'
import { incident } from '../../testing/factories'
import {
  explanation,
  listOf,
  type MockApi,
  mistake,
  mockApi,
  problem,
} from '../../testing/mock-api'
import { open } from '../../testing/render'

const box = () => screen.findByRole('combobox', { name: 'Search incidents' })

const offers = () => within(screen.getByRole('listbox')).getAllByRole('option')

const known: [string, string][] = [
  ['ransomware', 'Ransomware'],
  ['data_breach', 'Data breach'],
  ['ddos', 'DDoS'],
]

/** Completes `type:` and its values, as the server would. */
function complete(q: string, at: number): Completion {
  const points = [...q].slice(0, at)
  const start = points.lastIndexOf(' ') + 1
  const word = points.slice(start).join('')
  if (!word.startsWith('type:')) {
    const offers = [{ text: 'type:', about: 'kind of event', incidents: null }]
    const fitting = offers.filter(({ text }) => text.startsWith(word))
    return { start, end: at, expected: 'field', field: null, offers: fitting }
  }
  const begun = word.slice('type:'.length)
  const offers = known
    .filter(([text]) => text.startsWith(begun))
    .map(([text, about]) => ({ text, about, incidents: null }))
  return { start: start + 5, end: at, expected: 'value', field: 'type', offers }
}

/** The server's view of `severty`. */
const explain: MockApi['explain'] = (q) => {
  const start = q.indexOf('severty')
  const at = [...q.slice(0, Math.max(start, 0))].length
  return start < 0
    ? explanation(q, `it holds “${q}”`)
    : mistake('there is no field `severty`', at, at + 7, 'severity')
}
const speaking = (given: Partial<MockApi> = {}) =>
  mockApi({
    explain,
    complete,
    list: (query) => {
      const answer = explain(query.get('q') ?? '')
      return 'code' in Object(answer)
        ? (answer as ReturnType<typeof mistake>)
        : listOf([incident('a')])
    },
    ...given,
  })

test('what is typed is one query, and the filters stay beside it', async () => {
  const api = speaking()
  const { user, address } = open('/incidents?severity=high')
  await screen.findByRole('table')
  await user.keyboard('/')
  expect(await box()).toHaveFocus()
  await user.keyboard('kerala region:IN')
  await waitFor(() => expect(address()).toBe('/incidents?q=kerala+region:IN&severity=high'))
  await waitFor(() =>
    expect(api.asked).toContain(
      'GET /api/incidents?q=kerala+region:IN&severity=high&status=new,watching,handled&order=latest&limit=50',
    ),
  )
  expect(await box()).toHaveValue('kerala region:IN')
  expect(await box()).toHaveAccessibleDescription('Incidents where it holds “kerala region:IN”.')
  expect(await box()).toHaveAttribute('title', 'Incidents where it holds “kerala region:IN”.')
})

test('a half-written query leaves the list alone', async () => {
  const api = speaking()
  const { user, address } = open('/incidents')
  await screen.findByRole('table')
  await user.type(await box(), '🔥 severty:high')
  // It is told after a pause, below the very letters.
  const wrong = await screen.findByText('severty', { selector: 'mark' })
  expect(wrong.parentElement).toHaveTextContent('🔥 severty:high')
  expect(await box()).toBeInvalid()
  expect(await box()).toHaveAccessibleDescription(/There is no field severty\.$/)
  expect(address()).toBe('/incidents')
  expect(screen.getByRole('link', { name: 'Incident a' })).toBeVisible()
  expect(api.asked.filter((ask) => ask.startsWith('GET /api/incidents'))).toHaveLength(1)
})

test('what was probably meant is one press away', async () => {
  speaking()
  const { user, address } = open('/incidents')
  await user.type(await box(), '🔥 severty:high{Enter}')
  expect(await screen.findByRole('heading', { name: 'The search cannot be read' })).toBeVisible()
  await user.click(await screen.findByRole('button', { name: 'severity' }))
  expect(await box()).toHaveValue('🔥 severity:high')
  expect(await box()).toHaveFocus()
  expect(await screen.findByRole('link', { name: 'Incident a' })).toBeVisible()
  expect(new URLSearchParams(address().split('?')[1]).get('q')).toBe('🔥 severity:high')
  expect(await box()).toBeValid()
})

test('an address with a mistake says so, and a way out', async () => {
  speaking()
  const { user, address } = open('/incidents?q=severty:high&order=worst')
  expect(await screen.findByRole('heading', { name: 'The search cannot be read' })).toBeVisible()
  expect(await screen.findByText('severty', { selector: 'mark' })).toBeVisible()
  await user.click(await box())
  await user.keyboard('{Escape}')
  expect(screen.queryByText('severty', { selector: 'mark' })).not.toBeInTheDocument()
  await user.click(screen.getByRole('button', { name: 'Clear the search' }))
  expect(address()).toBe('/incidents?order=worst')
  expect(await box()).toHaveValue('')
})

test('a server that cannot explain does not hold up the search', async () => {
  speaking({ explain: () => problem(503, 'The store is busy.') })
  const { user, address } = open('/incidents')
  await user.type(await box(), 'kerala')
  await waitFor(() => expect(address()).toBe('/incidents?q=kerala'))
})

test('a search that is left is asked at once, though its check never ends', async () => {
  speaking({ explain: () => 'never' })
  const { user, address } = open('/incidents')
  await user.type(await box(), 'kerala')
  await user.tab()
  expect(address()).toBe('/incidents?q=kerala')
})

test('arrows mark an offer, Enter takes it, and the value is next', async () => {
  speaking()
  const { user, address } = open('/incidents')
  await user.type(await box(), '🔥 ty')
  expect(await screen.findByRole('option', { name: /^type: ?kind of event$/ })).toBeVisible()
  expect(await box()).toHaveAttribute('aria-expanded', 'true')
  expect(await box()).not.toHaveAttribute('aria-activedescendant')
  await user.keyboard('{ArrowDown}')
  expect(offers()[0]).toHaveAttribute('aria-selected', 'true')
  expect(await box()).toHaveAttribute('aria-activedescendant', offers()[0]?.id)
  await user.keyboard('{Enter}')
  expect(await box()).toHaveValue('🔥 type:')
  await screen.findByRole('option', { name: /^ransomware/ })
  await user.keyboard('d')
  await waitFor(() =>
    expect(offers().map((option) => option.textContent)).toEqual([
      'data_breachData breach',
      'ddos',
    ]),
  )
  await user.keyboard('{ArrowUp}{Tab}')
  expect(await box()).toHaveValue('🔥 type:ddos ')
  expect(await box()).toHaveFocus()
  expect(screen.queryByRole('listbox')).not.toBeInTheDocument()
  await waitFor(() =>
    expect(new URLSearchParams(address().split('?')[1]).get('q')).toBe('🔥 type:ddos'),
  )
})

test('an offer in the middle leaves the rest and the cursor in place', async () => {
  speaking()
  const { user } = open('/incidents?q=a type: b')
  const field = (await box()) as HTMLInputElement
  await user.click(field)
  field.setSelectionRange(7, 7)
  await user.keyboard('{ArrowDown}')
  await user.click(await screen.findByRole('option', { name: /^data_breach/ }))
  expect(field).toHaveValue('a type:data_breach b')
  expect(field.selectionStart).toBe('a type:data_breach'.length)
})

test('Escape closes the offers, and only then leaves the box', async () => {
  speaking()
  const { user } = open('/incidents')
  await user.type(await box(), 'type:')
  await screen.findByRole('listbox')
  await user.keyboard('{Escape}')
  expect(screen.queryByRole('listbox')).not.toBeInTheDocument()
  expect(await box()).toHaveFocus()
  await user.keyboard('{Escape}')
  expect(await box()).not.toHaveFocus()
})

test('an empty box offers what there is only when asked, and Enter without a mark searches', async () => {
  speaking()
  const { user, address } = open('/incidents')
  await user.click(await box())
  expect(screen.queryByRole('listbox')).not.toBeInTheDocument()
  await user.keyboard('{ArrowDown}')
  expect(await screen.findByRole('option', { name: /^type:/ })).toBeVisible()
  await user.keyboard('ty')
  await user.keyboard('{Enter}')
  expect(address()).toBe('/incidents?q=ty')
  expect(screen.queryByRole('listbox')).not.toBeInTheDocument()
})

test('offers that fail to come leave the box as it is', async () => {
  const api = speaking({ complete: () => 'offline' })
  const { user } = open('/incidents')
  await user.type(await box(), 'type:')
  await waitFor(() => expect(api.asked).toContain('GET /api/query/complete?q=type:&at=5'))
  expect(screen.queryByRole('listbox')).not.toBeInTheDocument()
  expect(await box()).toHaveValue('type:')
})

const saved = (name: string, query: string): SavedSearch => ({
  id: `id-${name}`,
  name,
  query,
  sentence: `it is about ${name}`,
  at: '2026-11-20T09:00:00Z',
})
const openMenu = async ({ user }: ReturnType<typeof open>) =>
  user.click(await screen.findByRole('button', { name: 'Saved searches' }))

test('saved searches load, and say when they do not', async () => {
  mockApi({ searches: () => 'never' })
  await openMenu(open('/incidents'))
  expect(await screen.findByText('Loading the saved searches…')).toBeVisible()
})

test('saved searches that do not load say why', async () => {
  mockApi({ searches: () => problem(503, 'The store is busy.') })
  await openMenu(open('/incidents'))
  expect(await screen.findByRole('alert')).toHaveTextContent('The store is busy.')
})

test('no saved searches, and nothing to save', async () => {
  mockApi()
  await openMenu(open('/incidents'))
  expect(await screen.findByText('No search is saved yet.')).toBeVisible()
  expect(screen.getByText(/Search or filter for something/)).toBeVisible()
})

test('a saved search is applied in place of what was asked', async () => {
  speaking({ searches: () => [saved('Banks', 'sector:banking severity>=high')] })
  const page = open('/incidents?q=kerala&country=IN&order=worst')
  await openMenu(page)
  await page.user.click(await screen.findByRole('button', { name: /^Banks ?it is about Banks$/ }))
  await waitFor(() =>
    expect(decodeURIComponent(page.address())).toBe(
      '/incidents?q=sector:banking+severity>=high&order=worst',
    ),
  )
  expect(await box()).toHaveValue('sector:banking severity>=high')
  expect(screen.queryByRole('list', { name: 'Saved searches' })).not.toBeInTheDocument()
})

test('what is on screen is saved, filters and all; a name that is taken is told', async () => {
  let kept: SavedSearch[] = [saved('Banks', 'sector:banking')]
  speaking({
    searches: () => kept,
    saveSearch: ({ name, query }) => {
      if (kept.some((one) => one.name === name))
        return problem(409, `there is a search called “${name}”`, 'duplicate')
      kept = [...kept, saved(name, query)]
      return saved(name, query)
    },
  })
  const page = open('/incidents?q=kerala&severity=high')
  await openMenu(page)
  const name = await screen.findByRole('textbox', { name: 'Name of this search' })
  await page.user.type(name, 'Banks{Enter}')
  expect(await screen.findByRole('alert')).toHaveTextContent('there is a search called “Banks”')
  await page.user.clear(name)
  await page.user.type(name, 'South')
  await page.user.click(screen.getByRole('button', { name: 'Save' }))
  expect(await screen.findByText('“South” is saved.')).toBeVisible()
  const list = await screen.findByRole('list', { name: 'Saved searches' })
  await waitFor(() => expect(within(list).getByText('South')).toBeVisible())
  expect(kept.at(-1)?.query).toBe('kerala severity:high')
})

test('a saved search is forgotten, and that can be undone', async () => {
  let kept: SavedSearch[] = [saved('Banks', 'sector:banking')]
  speaking({
    searches: () => kept,
    forgetSearch: (id) => {
      kept = kept.filter((one) => one.id !== id)
      return null
    },
    saveSearch: ({ name, query }) => {
      kept = [saved(name, query)]
      return saved(name, query)
    },
  })
  const page = open('/incidents')
  await openMenu(page)
  await page.user.click(await screen.findByRole('button', { name: 'Forget Banks' }))
  expect(await screen.findByText('No search is saved yet.')).toBeVisible()
  await page.user.click(screen.getByRole('button', { name: 'Undo' }))
  await waitFor(() => expect(kept.map((one) => one.query)).toEqual(['sector:banking']))
})
