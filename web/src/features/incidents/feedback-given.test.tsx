import { act, screen, waitFor, within } from '@testing-library/react'
import { expect, test } from 'vitest'
import type { FeedbackOut, NewFeedback } from '../../api/types'
import { feedback } from '../../testing/factories'
import { FakeEventSource } from '../../testing/fake-event-source'
import { type MockApi, mockApi, problem } from '../../testing/mock-api'
import { open } from '../../testing/render'

function show(given: FeedbackOut[], answers: Partial<MockApi> = {}) {
  const world = { given }
  const api = mockApi({
    feedback: () => ({ feedback: world.given, next: null, total: world.given.length }),
    ...answers,
  })
  return { world, api, ...open('/models') }
}

const list = async () => within(await screen.findByRole('list', { name: 'Feedback' }))

test('what people said is listed with the incident it is of', async () => {
  show([
    feedback('f1', { severity: 'critical', title: 'Grid is down', note: 'Called them.' }),
    feedback('f2', { relevant: false, incident: null, title: 'A recipe', by: 'command' }),
  ])
  const [first, second] = (await list()).getAllByRole('listitem')
  expect(first).toHaveTextContent(/Severity Critical.*Grid is down.*“Called them.”.*3 min ago/)
  expect(within(first as HTMLElement).getByRole('link', { name: 'Grid is down' })).toHaveAttribute(
    'href',
    '/incidents/a',
  )
  expect(second).toHaveTextContent(/Not relevant.*A recipe.*by command.*in no incident/)
  expect(screen.getByRole('heading', { name: /^Feedback ?2$/ })).toBeVisible()
})

test('what was said is taken back, and said again by Undo', async () => {
  const said: NewFeedback[] = []
  const one = feedback('f1', { types: ['ddos'], item: 'i7' })
  const { user, world } = show([one], {
    withdrawFeedback: () => {
      world.given = []
      return one
    },
    giveFeedback: (feedback) => {
      said.push(feedback)
      world.given = [one]
      return one
    },
  })
  await user.click((await list()).getByRole('button', { name: /^Take back: DDoS/ }))
  expect(await screen.findByText(/Nobody has said anything yet/)).toBeVisible()
  await user.click(screen.getByRole('button', { name: 'Undo' }))
  expect(await list()).toBeDefined()
  expect(said).toMatchObject([{ item: 'i7', types: ['ddos'] }])
})

test('what cannot be taken back stays, with the reason', async () => {
  const { user } = show([feedback('f1', { relevant: true })], {
    withdrawFeedback: () => problem(503, 'the store is busy'),
  })
  await user.click((await list()).getByRole('button', { name: /^Take back/ }))
  expect(await screen.findByText('Not taken back: The store is busy')).toBeVisible()
  expect((await list()).getAllByRole('listitem')).toHaveLength(1)
})

test('what somebody else says appears by itself', async () => {
  const { world } = show([])
  await screen.findByText(/Nobody has said anything yet/)
  world.given = [feedback('f1', { severity: 'low' })]
  act(() => FakeEventSource.current().say('feedback.changed', 'f1'))
  expect(await list()).toBeDefined()
})

test('feedback comes page by page', async () => {
  const { user } = show([], {
    feedback: (_, after) =>
      after === null
        ? { feedback: [feedback('f1', { relevant: true })], next: 'p2', total: 2 }
        : { feedback: [feedback('f2', { relevant: true })], next: null, total: 2 },
  })
  await user.click(await screen.findByRole('button', { name: 'Show more' }))
  await waitFor(async () => expect((await list()).getAllByRole('listitem')).toHaveLength(2))
  expect(screen.queryByRole('button', { name: 'Show more' })).not.toBeInTheDocument()
})

test('feedback that does not load says so', async () => {
  show([], { feedback: () => problem(500, 'It broke.') })
  expect(await screen.findByText('It broke.')).toBeVisible()
})
