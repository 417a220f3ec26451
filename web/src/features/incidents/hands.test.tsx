import { act, screen, waitFor, within } from '@testing-library/react'
import { expect, test } from 'vitest'
import type { HistoryEntry, IncidentDetail } from '../../api/types'
import { detail, incident, item, minutesAgo } from '../../testing/factories'
import { FakeEventSource } from '../../testing/fake-event-source'
import { listOf, type MockApi, mockApi, problem } from '../../testing/mock-api'
import { open, write } from '../../testing/render'
import { incidentIdIn } from './handling'
import { tagsIn } from './tag-dialog'

const changed = () =>
  problem(412, 'the incident was changed meanwhile; it is at revision 8 now', 'changed')

function show(change: Partial<IncidentDetail>, given: Partial<MockApi> = {}) {
  const world = { detail: detail('a', { revision: 7, ...change }) }
  const api = mockApi({
    list: () => listOf([incident('a')]),
    detail: () => world.detail,
    ...given,
  })
  return { world, api, ...open('/incidents/a') }
}

const two = { timeline: [item('i2', { title: 'Second' }), item('i1', { title: 'First' })] }

async function dialog(user: ReturnType<typeof open>['user'], button: string, name: string) {
  await user.click(await screen.findByRole('button', { name: button }))
  return within(screen.getByRole('dialog', { name }))
}

test('an item that does not belong leaves, of the revision that was looked at', async () => {
  const asked: unknown[] = []
  const { user, api, world } = show(two, {
    notSame: (id, notSame) => {
      asked.push([id, notSame])
      world.detail = detail('a', { revision: 8, timeline: [item('i1', { title: 'First' })] })
      return { left: incident('a', { revision: 8 }), placed: incident('b', { title: 'Flood' }) }
    },
  })
  localStorage.setItem('prahari.name', 'Asha Rao')
  const panel = await dialog(user, 'Not the same…', 'Not the same')
  const elsewhere = panel.getByRole('button', { name: 'Place it elsewhere' })
  expect(elsewhere).toBeDisabled()
  await user.click(panel.getByRole('checkbox', { name: /Second/ }))
  await user.click(elsewhere)
  expect(await screen.findByText('It left this incident and is in “Flood” now.')).toBeVisible()
  expect(asked).toEqual([['a', { item: 'i2', by: 'Asha Rao' }]])
  expect(api.matched).toEqual(['"7"'])
  await waitFor(() =>
    expect(screen.queryByRole('heading', { name: 'Second' })).not.toBeInTheDocument(),
  )
  expect(screen.queryByRole('dialog')).not.toBeInTheDocument()
})

test('several items split off; one at least must stay', async () => {
  const asked: unknown[] = []
  const { user } = show(
    { timeline: [item('i3', { title: 'Third' }), ...two.timeline] },
    {
      split: (_, split) => {
        asked.push(split)
        return { left: incident('a'), opened: incident('b', { title: 'Flood', items: 2 }) }
      },
    },
  )
  const panel = await dialog(user, 'Not the same…', 'Not the same')
  for (const name of [/First/, /Second/, /Third/])
    await user.click(panel.getByRole('checkbox', { name }))
  const split = panel.getByRole('button', { name: 'Split off as one incident' })
  expect(split).toBeDisabled()
  expect(panel.getByText('One of them must stay.')).toBeVisible()
  await user.click(panel.getByRole('checkbox', { name: /First/ }))
  await user.click(split)
  expect(await screen.findByText('2 items left and opened “Flood”.')).toBeVisible()
  expect(asked).toEqual([{ items: ['i3', 'i2'], by: 'dashboard' }])
})

test('an incident told once can lose nothing', async () => {
  const { user } = show({})
  const panel = await dialog(user, 'Not the same…', 'Not the same')
  expect(panel.getByText(/It is told once, so nothing can leave it/)).toBeVisible()
  expect(panel.queryByRole('checkbox')).not.toBeInTheDocument()
})

test('who was slower is told so, and sees the incident as it is now', async () => {
  const { user, world, api } = show(two, { notSame: changed })
  const panel = await dialog(user, 'Not the same…', 'Not the same')
  await user.click(panel.getByRole('checkbox', { name: /Second/ }))
  world.detail = detail('a', {
    revision: 8,
    timeline: [item('i3', { title: 'Third' }), ...two.timeline],
  })
  await user.click(panel.getByRole('button', { name: 'Place it elsewhere' }))
  expect(await panel.findByRole('alert')).toHaveTextContent(
    'Nothing was done: the incident changed while you looked',
  )
  expect(await panel.findByRole('checkbox', { name: /Third/ })).not.toBeChecked()
  // Once more, of what is shown now.
  await user.click(panel.getByRole('button', { name: 'Place it elsewhere' }))
  await waitFor(() => expect(api.matched).toEqual(['"7"', '"8"']))
})

test('merging goes to the other incident, chosen or written', async () => {
  const asked: unknown[] = []
  const { user, address } = show(
    {},
    {
      similar: () => ({
        incidents: [{ incident: incident('b', { title: 'Flood' }), score: 0.62, shared: [] }],
      }),
      detail: (id) => detail(id, { title: `Story ${id}` }),
      merge: (id, merge) => {
        asked.push([id, merge])
        return merge.into === 'a'
          ? problem(409, 'an incident cannot be merged into itself', 'refused')
          : incident(merge.into)
      },
    },
  )
  const panel = await dialog(user, 'Not the same…', 'Not the same')
  const field = panel.getByRole('textbox', { name: /id or address/ })
  await write(user, field, 'https://prahari.example/incidents/a?severity=high')
  await user.click(panel.getByRole('button', { name: 'Merge into it' }))
  expect(await panel.findByRole('alert')).toHaveTextContent(
    'That cannot be done: an incident cannot be merged into itself.',
  )
  await user.click(await panel.findByRole('radio', { name: /Flood/ }))
  expect(field).toHaveValue('')
  await user.click(panel.getByRole('button', { name: 'Merge into it' }))
  expect(await screen.findByRole('heading', { name: 'Story b', level: 1 })).toBeVisible()
  expect(asked).toEqual([
    ['a', { into: 'a', by: 'dashboard' }],
    ['a', { into: 'b', by: 'dashboard' }],
  ])
  expect(address()).toBe('/incidents/b')
})

test('the id of a merged incident leads to where it went', async () => {
  const { address } = show({}, { detail: () => detail('b', { title: 'Where it went' }) })
  expect(await screen.findByText('The incident you opened is part of this one now.')).toBeVisible()
  expect(screen.getByRole('heading', { name: 'Where it went', level: 1 })).toBeVisible()
  expect(address()).toBe('/incidents/b')
})

test('an incident merged under the reader stays until they want to see the other', async () => {
  const { user, world, address } = show({ title: 'Gone' })
  await screen.findByRole('heading', { name: 'Gone', level: 1 })
  world.detail = detail('b', { title: 'Where it went' })
  act(() => FakeEventSource.current().say('incident.merged', 'a'))
  const bar = await screen.findByRole('button', { name: /This incident is part of another now/ })
  expect(screen.getByRole('heading', { name: 'Gone', level: 1 })).toBeVisible()
  await user.click(bar)
  expect(await screen.findByRole('heading', { name: 'Where it went', level: 1 })).toBeVisible()
  await waitFor(() => expect(address()).toBe('/incidents/b'))
})

test('similar incidents say how much and by which words', async () => {
  show(
    {},
    {
      similar: () => ({
        incidents: [
          { incident: incident('b', { title: 'Flood' }), score: 0.62, shared: ['kestrel', 'vpn'] },
        ],
      }),
    },
  )
  const similar = await screen.findByRole('region', { name: 'Similar' })
  expect(await within(similar).findByRole('link', { name: 'Flood' })).toHaveAttribute(
    'href',
    '/incidents/b',
  )
  expect(similar).toHaveTextContent('62 % alike: kestrel, vpn')
})

test('nothing similar is said to be so, and a failure offers to try again', async () => {
  let broken = true
  const { user } = show(
    {},
    { similar: () => (broken ? problem(500, 'It broke.') : { incidents: [] }) },
  )
  const similar = await screen.findByRole('region', { name: 'Similar' })
  expect(await within(similar).findByRole('alert')).toHaveTextContent('It broke.')
  broken = false
  await user.click(within(similar).getByRole('button', { name: 'Try again' }))
  expect(await within(similar).findByText('No other incident reads like it.')).toBeVisible()
})

test('a note is written under a name that this browser keeps', async () => {
  const asked: unknown[] = []
  const { user, world } = show(
    {},
    {
      note: (_, note) => {
        asked.push(note)
        world.detail = detail('a', {
          revision: 8,
          notes: [{ at: minutesAgo(0), by: 'Asha Rao', text: note.text }],
        })
        return incident('a', { revision: 8 })
      },
    },
  )
  const panel = await dialog(user, 'Note', 'Note')
  expect(panel.getByRole('button', { name: 'Write' })).toBeDisabled()
  await write(user, panel.getByLabelText(/What others should know/), 'Called the hospital.')
  await write(user, panel.getByLabelText('Your name, for the history'), 'Asha Rao')
  await user.click(panel.getByRole('button', { name: 'Write' }))
  const notes = await screen.findByRole('region', { name: 'Notes' })
  expect(notes).toHaveTextContent('Called the hospital.Asha Rao, just now')
  expect(asked).toEqual([{ text: 'Called the hospital.', by: 'Asha Rao' }])
  expect(localStorage.getItem('prahari.name')).toBe('Asha Rao')
})

test('a note that is refused stays in the field', async () => {
  const { user } = show(
    {},
    { note: () => problem(409, 'the incident has as many notes as it takes', 'refused') },
  )
  const panel = await dialog(user, 'Note', 'Note')
  await write(user, panel.getByLabelText(/What others should know/), 'One more.')
  await user.click(panel.getByRole('button', { name: 'Write' }))
  expect(await panel.findByRole('alert')).toHaveTextContent(
    'That cannot be done: the incident has as many notes as it takes.',
  )
  expect(panel.getByLabelText(/What others should know/)).toHaveValue('One more.')
})

test('assigning shows at once and can be undone', async () => {
  const asked: unknown[] = []
  const { user, world, api } = show(
    {},
    {
      change: (_, change) => {
        asked.push(change)
        const { assignee = null } = change
        const revision = world.detail.revision + 1
        world.detail = detail('a', { assignee, revision })
        return incident('a', { assignee, revision })
      },
    },
  )
  const panel = await dialog(user, 'Assign', 'Assign')
  await write(user, panel.getByLabelText('Who looks after it'), 'Asha Rao')
  await user.click(panel.getByRole('button', { name: 'Assign' }))
  expect(await screen.findByText('with Asha Rao')).toBeVisible()
  await user.click(await screen.findByRole('button', { name: 'Undo' }))
  await waitFor(() => expect(screen.queryByText('with Asha Rao')).not.toBeInTheDocument())
  await waitFor(() =>
    expect(asked).toEqual([
      { assignee: 'Asha Rao', by: 'dashboard' },
      { assignee: null, by: 'dashboard' },
    ]),
  )
  expect(api.matched).toEqual(['"7"'])
})

test('of two who take it at once the slower is told', async () => {
  const { user, world } = show({}, { change: changed })
  const panel = await dialog(user, 'Assign', 'Assign')
  await write(user, panel.getByLabelText('Who looks after it'), 'Asha Rao')
  world.detail = detail('a', { revision: 8, assignee: 'Ravi' })
  await user.click(panel.getByRole('button', { name: 'Assign' }))
  expect(await screen.findByText(/^Nothing was done: the incident changed/)).toBeVisible()
  expect(await screen.findByText('with Ravi')).toBeVisible()
})

test('tags are added and taken away in one go', async () => {
  const asked: unknown[] = []
  const { user, world } = show(
    { tags: ['old', 'bank'] },
    {
      change: (_, change) => {
        asked.push(change)
        world.detail = detail('a', { revision: 8, tags: ['bank', 'phishing-wave'] })
        return incident('a', { revision: 8, tags: ['bank', 'phishing-wave'] })
      },
    },
  )
  const panel = await dialog(user, 'Tag', 'Tags')
  await user.click(panel.getByRole('checkbox', { name: 'old' }))
  await write(user, panel.getByLabelText('Add, with commas between'), 'Phishing  Wave, bank')
  await user.click(panel.getByRole('button', { name: 'Save' }))
  expect(await screen.findByText('Tagged phishing-wave; no longer old.')).toBeVisible()
  expect(asked).toEqual([{ add_tags: ['phishing-wave'], remove_tags: ['old'], by: 'dashboard' }])
  expect(await screen.findByText('tagged bank, phishing-wave')).toBeVisible()
})

test('the history says what changed, by whose hand, and where items went', async () => {
  const entry = (change: Partial<HistoryEntry>): HistoryEntry => ({
    at: minutesAgo(10),
    kind: 'development',
    text: 'status: new → watching',
    by: null,
    item: null,
    alert: null,
    development: null,
    was: null,
    ...change,
  })
  show({
    history: [
      entry({
        text: '2 items left and opened another incident',
        by: 'Asha Rao',
        development: { kind: 'split', into: 'b', items: 2 },
      }),
      entry({ was: 'c' }),
      entry({ kind: 'item', text: 'An item of the timeline' }),
      ...Array.from({ length: 8 }, (_, n) => entry({ kind: 'alert', text: `rule ${n}` })),
    ],
  })
  const history = await screen.findByRole('region', { name: 'History' })
  const [split, status] = within(history).getAllByRole('listitem')
  expect(split).toHaveTextContent(/the other one by Asha Rao, 10 min ago$/)
  expect(split && within(split).getByRole('link')).toHaveAttribute('href', '/incidents/b')
  expect(status).toHaveTextContent(
    'Status: new → watching 10 min ago, before it was merged into this one',
  )
  expect(history).not.toHaveTextContent('An item of the timeline')
  expect(within(history).getByText('2 earlier changes')).toBeVisible()
})

test('an id is found in what people paste, and tags are folded as the server folds them', () => {
  expect(incidentIdIn(' 01JABC ')).toBe('01JABC')
  expect(incidentIdIn('https://x.example/incidents/01JABC/?q=a/b#c')).toBe('01JABC')
  expect(incidentIdIn('  ')).toBe('')
  expect(tagsIn('Phishing  Wave, ,VPN,vpn')).toEqual(['phishing-wave', 'vpn'])
})
