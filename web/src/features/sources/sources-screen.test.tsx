import { screen, within } from '@testing-library/react'
import { expect, test } from 'vitest'
import type { LookOut } from '../../api/types'
import { source } from '../../testing/factories'
import { mockApi, problem } from '../../testing/mock-api'
import { open } from '../../testing/render'

const found: LookOut = {
  kind: 'feed',
  id: 'cyber-news',
  name: 'Cyber News',
  url: 'https://news.example/feed.xml',
  interval_seconds: 900,
  settings: { url: 'https://news.example/feed.xml' },
  found: 'https://news.example is a web page; it names the feed https://news.example/feed.xml',
  preview: {
    kind: 'feed',
    title: 'Cyber News',
    items: [
      {
        title: 'Acme breached',
        url: 'https://news.example/1',
        published: '2026-11-21T08:00:00Z',
        updated: null,
        author: null,
        text: null,
        external_id: '1',
      },
    ],
    problems: [],
  },
}

test('an address is looked at, shown and added', async () => {
  let sources = [source('fine', { name: 'Fine' })]
  const api = mockApi({
    sources: () => ({ sources, concerns: [] }),
    look: () => found,
    addSource: (body) => {
      expect(body).toMatchObject({
        url: 'https://news.example/feed.xml',
        kind: 'feed',
        name: 'Our news',
        check: false,
      })
      const added = source('cyber-news', { name: 'Our news', origin: 'added' })
      sources = [...sources, added]
      return added
    },
  })
  const { user } = open('/sources')
  await screen.findByRole('group', { name: 'Fine' })
  await user.keyboard('a')
  const field = screen.getByRole('textbox', { name: 'Add a source' })
  expect(field).toHaveFocus()
  await user.keyboard('news.example{Enter}')
  const form = await screen.findByRole('region', { name: 'Add a source' })
  expect(await within(form).findByText('Acme breached')).toBeVisible()
  expect(within(form).getByText(/it names the feed/)).toBeVisible()
  expect(api.asked).toContain('POST /api/sources/preview')
  const name = within(form).getByRole('textbox', { name: 'Name' })
  await user.clear(name)
  await user.type(name, 'Our news{Enter}')
  expect(await screen.findByText('Our news is added. It is read within seconds.')).toBeVisible()
  expect(await screen.findByRole('group', { name: 'Our news' })).toBeVisible()
  expect(field).toHaveValue('')
})

test('what cannot be read says why, and the address stays', async () => {
  mockApi({ look: () => problem(422, 'https://x.example/ is a web page that names no feed') })
  const { user } = open('/sources')
  const field = await screen.findByRole('textbox', { name: 'Add a source' })
  await user.type(field, 'https://x.example/{Enter}')
  expect(await screen.findByRole('alert')).toHaveTextContent('names no feed')
  expect(field).toHaveValue('https://x.example/')
  expect(field).toBeInvalid()
})

test('while an address is looked at the button says so', async () => {
  mockApi({ look: () => 'never' })
  const { user } = open('/sources')
  await user.type(await screen.findByRole('textbox', { name: 'Add a source' }), 'x.example{Enter}')
  expect(screen.getByRole('button', { name: 'Looking…' })).toBeDisabled()
})

test('a source is switched off at once, and the switch can be undone', async () => {
  let enabled = true
  mockApi({
    sources: () => ({
      concerns: [],
      sources: [source('fine', { name: 'Fine', enabled, state: enabled ? 'fresh' : 'off' })],
    }),
    changeSource: (_, wanted) => {
      enabled = wanted
      return source('fine', { enabled })
    },
  })
  const { user } = open('/sources')
  await user.click(await screen.findByRole('switch', { name: 'On' }))
  expect(await screen.findByText('Fine is switched off.')).toBeVisible()
  expect(screen.getByRole('switch', { name: 'Off' })).not.toBeChecked()
  await user.click(screen.getByRole('button', { name: 'Undo' }))
  expect(await screen.findByRole('switch', { name: 'On' })).toBeChecked()
})

test('a switch the server refuses goes back and says why', async () => {
  mockApi({
    sources: () => ({ sources: [source('fine', { name: 'Fine' })], concerns: [] }),
    changeSource: () => problem(503, 'the database is busy; try again'),
  })
  const { user } = open('/sources')
  await user.click(await screen.findByRole('switch', { name: 'On' }))
  expect(await screen.findByText(/Fine stays as it was: the database is busy/)).toBeVisible()
  expect(screen.getByRole('switch', { name: 'On' })).toBeChecked()
})

test('only what was added can be removed, and only when it is meant', async () => {
  let sources = [
    source('mine', { name: 'Mine', origin: 'added' }),
    source('nvd', { name: 'NVD', origin: 'catalogue' }),
  ]
  const api = mockApi({
    sources: () => ({ sources, concerns: [] }),
    removeSource: (id) => {
      sources = sources.filter((one) => one.id !== id)
      return { id, outcome: 'removed', detail: 'gone' }
    },
  })
  const { user } = open('/sources')
  const mine = await screen.findByRole('group', { name: 'Mine' })
  expect(
    within(screen.getByRole('group', { name: 'NVD' })).queryByRole('button', { name: 'Remove' }),
  ).toBeNull()
  await user.click(within(mine).getByRole('button', { name: 'Remove' }))
  expect(api.asked).not.toContain('DELETE /api/sources/mine')
  await user.click(screen.getByRole('button', { name: 'Remove Mine' }))
  expect(await screen.findByText('Mine is removed. What it gave stays.')).toBeVisible()
  expect(screen.queryByRole('group', { name: 'Mine' })).toBeNull()
})

test('of what a source gives the newest is shown, wherever it stands in the answer', async () => {
  const item = (name: string, published: string | null) => ({
    external_id: name,
    title: name,
    url: 'https://news.example/1',
    published,
    updated: null,
    author: null,
    text: null,
  })
  mockApi({
    sources: () => ({ sources: [source('fine', { name: 'Fine' })], concerns: [] }),
    previewSource: () => ({
      ...found.preview,
      items: [
        item('undated', null),
        item('old', '2026-11-01T00:00:00Z'),
        item('older', '2026-10-01T00:00:00Z'),
        item('newest', '2026-11-20T00:00:00Z'),
        item('new', '2026-11-19T00:00:00Z'),
        item('newer', '2026-11-19T12:00:00Z'),
      ],
    }),
  })
  const { user } = open('/sources')
  await user.click(await screen.findByRole('button', { name: 'Preview' }))
  const shown = await screen.findByRole('list', { name: 'What it would give' })
  expect(
    within(shown)
      .getAllByRole('link')
      .map((link) => link.textContent),
  ).toEqual(['newest', 'newer', 'new', 'old', 'older'])
})

test('a source can be looked into, and says when it cannot be read', async () => {
  let broken = false
  mockApi({
    sources: () => ({ sources: [source('fine', { name: 'Fine' })], concerns: [] }),
    previewSource: () => (broken ? problem(422, '`fine`: answered 503') : found.preview),
  })
  const { user } = open('/sources')
  const button = await screen.findByRole('button', { name: 'Preview' })
  await user.click(button)
  expect(await screen.findByText('Acme breached')).toBeVisible()
  await user.click(button)
  broken = true
  await user.click(button)
  expect(await screen.findByText('`fine`: answered 503')).toBeVisible()
})

test('a source that waits for a key says which variable switches it on', async () => {
  mockApi({
    sources: () => ({
      concerns: [],
      sources: [
        source('x-india', {
          name: 'X: India',
          enabled: false,
          state: 'off',
          why_off: 'needs a key and costs money',
          switched_on_by: ['X_BEARER_TOKEN'],
        }),
      ],
    }),
  })
  open('/sources')
  expect(await screen.findByText(/Needs a key and costs money\./)).toHaveTextContent(
    'Set X_BEARER_TOKEN in .env',
  )
})
