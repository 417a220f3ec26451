import { act, screen, waitFor, within } from '@testing-library/react'
import { expect, test } from 'vitest'
import type { ModelList } from '../../api/types'
import { decision, model, modelVersion, trial } from '../../testing/factories'
import { FakeEventSource } from '../../testing/fake-event-source'
import { type MockApi, mockApi, problem } from '../../testing/mock-api'
import { open } from '../../testing/render'

const ENOUGH = { labels: 180, held_back: 60 }
const trained = modelVersion('1a2b3c4d5e6f', {
  scores: { held_back_error: 0.15, held_back_log_loss: 0.42 },
  counts: { learned: 120 },
})

function show(list: ModelList, answers: Partial<MockApi> = {}) {
  const world = { list }
  const api = mockApi({ models: () => world.list, ...answers })
  return { world, api, ...open('/models') }
}

const task = async (name: string) => within(await screen.findByRole('listitem', { name }))

test('while it loads, the screen says so', async () => {
  mockApi({ models: () => 'never' })
  open('/models')
  expect(await screen.findByRole('status', { name: 'Loading the models' })).toBeVisible()
})

test('an error says what happened and tries again on demand', async () => {
  let broken = true
  mockApi({
    models: () =>
      broken ? problem(503, 'The store is busy.') : { models: [model('relevance')], decisions: [] },
  })
  const { user } = open('/models')
  expect(await screen.findByRole('alert')).toHaveTextContent('The store is busy.')
  broken = false
  await user.click(screen.getByRole('button', { name: 'Try again' }))
  expect(await screen.findByRole('listitem', { name: 'Relevance' })).toBeVisible()
})

test('a fresh machine is decided by shipped models, and says what it would take', async () => {
  show({
    models: [model('relevance', { labels: 12, held_back: 4 }), model('names', { taught: false })],
    decisions: [],
  })
  const relevance = await task('Relevance')
  expect(relevance.getByText('Shipped')).toBeVisible()
  expect(relevance.getByText('Decides whether an item matters.')).toBeVisible()
  expect(relevance.getByRole('row', { name: 'Ranking (AUC) 0.959' })).toBeVisible()
  expect(relevance.getByRole('row', { name: 'Calibration error 1.6 %' })).toBeVisible()
  const button = relevance.getByRole('button', { name: 'Train now' })
  expect(button).toBeDisabled()
  expect(button).toHaveAccessibleDescription(/12 labels.*held back.*4 now, and it takes 50/)
  const names = await task('names')
  expect(names.getByText('It does not learn from feedback.')).toBeVisible()
  expect(names.queryByRole('button')).not.toBeInTheDocument()
  expect(screen.getByText(/Nothing was decided yet/)).toBeVisible()
  expect(await screen.findByText(/Nobody has said anything yet/)).toBeVisible()
})

test('a distance is no share of texts', async () => {
  const scores = { band_accuracy: 0.672, score_error: 0.941, 'AnnoCTR, reports': 0.74 }
  show({
    models: [model('flaw', { versions: [modelVersion('shipped', { scores })] })],
    decisions: [],
  })
  const flaw = await task('flaw')
  expect(flaw.getByRole('row', { name: 'Right band 67.2 %' })).toBeVisible()
  expect(flaw.getByRole('row', { name: 'Distance of the score, 0 to 10 0.941' })).toBeVisible()
  expect(flaw.getByRole('row', { name: 'AnnoCTR, reports 0.740' })).toBeVisible()
})

test('a trained model stands beside the one before, on the feedback both were tried on', async () => {
  show({
    models: [
      model('relevance', {
        ...ENOUGH,
        live: trained.version,
        previous: 'shipped',
        versions: [trained, modelVersion('shipped')],
      }),
    ],
    decisions: [decision('relevance', { live: trained.version, changed: true, by: 'service' })],
  })
  const relevance = await task('Relevance')
  expect(relevance.getByText('1a2b3c4d5e6f', { selector: '.model-head *' })).toBeVisible()
  expect(relevance.getByText('5 min ago')).toBeVisible()
  expect(
    relevance.getByRole('row', { name: 'Wrong, on feedback held back 15.0 % 30.0 %' }),
  ).toBeVisible()
  expect(
    relevance.getByRole('row', { name: 'Log loss, on feedback held back 0.420 0.610' }),
  ).toBeVisible()
  expect(relevance.getByRole('row', { name: 'Ranking (AUC) not measured 0.959' })).toBeVisible()
  const decisions = within(screen.getByRole('region', { name: 'Decisions' }))
  expect(decisions.getByText('Live')).toBeVisible()
  expect(decisions.getByText(/by itself/)).toBeVisible()
})

test('after a roll-back the same figures stand the other way round', async () => {
  show({
    models: [
      model('relevance', {
        live: 'shipped',
        previous: trained.version,
        versions: [modelVersion('shipped'), trained],
      }),
    ],
    decisions: [
      decision('relevance', {
        step: 'rolled_back',
        before: trained.version,
        version: 'shipped',
        trial: null,
        changed: true,
      }),
      decision('relevance', { at: '2026-11-20T09:00:00Z', live: trained.version, changed: true }),
    ],
  })
  expect(
    (await task('Relevance')).getByRole('row', {
      name: 'Wrong, on feedback held back 30.0 % 15.0 %',
    }),
  ).toBeVisible()
})

test('a decision says why, and how the model was tried', async () => {
  show({ models: [model('types', ENOUGH)], decisions: [decision('types')] })
  const decisions = within(await screen.findByRole('region', { name: 'Decisions' }))
  expect(decisions.getByText('Not taken')).toBeVisible()
  expect(
    decisions.getByText(
      'Of 60 labels held back it mends 3 and breaks 2: no more than chance may do.',
    ),
  ).toBeVisible()
  expect(decisions.getByText('The shipped model goes on deciding.')).toBeVisible()
  expect(decisions.getByText('180: learned from 120, tried on 60')).toBeInTheDocument()
  expect(decisions.getByText('31 of 400 items nobody spoke of')).toBeInTheDocument()
})

test('a decision without enough labels shows no figures of a trial that was none', async () => {
  show({
    models: [model('types')],
    decisions: [decision('types', { trial: trial({ held_back: 2 }), version: null })],
  })
  await screen.findByRole('region', { name: 'Decisions' })
  expect(screen.queryByText('How it was tried')).not.toBeInTheDocument()
})

test('training shows that it goes on, and says what the gate decided', async () => {
  const { user, world, api } = show(
    { models: [model('relevance', ENOUGH), model('types', ENOUGH)], decisions: [] },
    {
      train: () => {
        const training = model('relevance', { ...ENOUGH, training: true })
        world.list = { ...world.list, models: [training, model('types', ENOUGH)] }
        return training
      },
    },
  )
  await user.click((await task('Relevance')).getByRole('button', { name: 'Train now' }))
  const button = await screen.findByRole('button', { name: 'Training…' })
  expect(button).toBeDisabled()
  // One at a time.
  expect((await task('Types')).getByRole('button', { name: 'Train now' })).toBeDisabled()
  expect(api.asked).toContain('POST /api/models/relevance/train')
  world.list = {
    models: [model('relevance', ENOUGH), model('types', ENOUGH)],
    decisions: [decision('relevance')],
  }
  act(() => FakeEventSource.current().say('model.decided', 'relevance'))
  expect(await screen.findByText(/^Relevance: The model stays. Of 60 labels/)).toBeVisible()
  expect((await task('Relevance')).getByRole('button', { name: 'Train now' })).toBeEnabled()
})

test('a training that is refused says why', async () => {
  const { user } = show(
    { models: [model('relevance', ENOUGH)], decisions: [] },
    { train: () => problem(409, 'types is being trained; one at a time', 'refused') },
  )
  await user.click(await screen.findByRole('button', { name: 'Train now' }))
  expect(
    await screen.findByText('Relevance is not trained: Types is being trained; one at a time'),
  ).toBeVisible()
})

test('rolling back goes to the model before, and can be undone', async () => {
  const versions = [trained, modelVersion('shipped')]
  const live = model('relevance', { live: trained.version, previous: 'shipped', versions })
  const back = model('relevance', { live: 'shipped', previous: trained.version, versions })
  const { user, world, api } = show(
    { models: [live], decisions: [] },
    {
      rollBack: () => {
        world.list = { models: [back], decisions: [] }
        return back
      },
      activate: () => {
        world.list = { models: [live], decisions: [] }
        return live
      },
    },
  )
  await user.click(await screen.findByRole('button', { name: 'Back to the shipped model' }))
  expect(await screen.findByText('Relevance: the shipped model decides now.')).toBeVisible()
  expect(api.asked).toContain('POST /api/models/relevance/rollback')
  await user.click(screen.getByRole('button', { name: 'Undo' }))
  await waitFor(() => expect(api.asked).toContain('POST /api/models/relevance/activate'))
  expect(await screen.findByRole('button', { name: 'Back to the shipped model' })).toBeVisible()
})

test('any model can be chosen, and a refusal leaves things as they are', async () => {
  const other = modelVersion('ffeeddccbbaa')
  const { user, api } = show(
    {
      models: [
        model('relevance', {
          live: trained.version,
          previous: other.version,
          versions: [trained, other, modelVersion('shipped')],
        }),
      ],
      decisions: [],
    },
    { activate: () => problem(404, 'there is no such model', 'not_found') },
  )
  const relevance = await task('Relevance')
  await user.click(relevance.getByText('3 models to choose from'))
  await user.click(relevance.getByRole('button', { name: 'Use model ffeeddccbbaa for Relevance' }))
  expect(
    await screen.findByText('Relevance is decided as before: There is no such model'),
  ).toBeVisible()
  expect(relevance.getByText('Decides now')).toBeVisible()
  await user.click(relevance.getByRole('button', { name: 'Use the shipped model' }))
  await waitFor(() => expect(api.asked.filter((ask) => ask.endsWith('/activate'))).toHaveLength(2))
})

test('a model that cannot be used is said to be so', async () => {
  show({
    models: [
      model('relevance', { live: trained.version, problem: 'its file is not as it was written' }),
    ],
    decisions: [],
  })
  expect(
    await screen.findByText(
      'The shipped model decides although model 1a2b3c4d5e6f should: its file is not as it was written.',
    ),
  ).toBeVisible()
})

test('the rail leads here', async () => {
  mockApi()
  const { user, address } = open('/incidents')
  await user.click(await screen.findByRole('link', { name: 'Models' }))
  await waitFor(() => expect(address()).toBe('/models'))
})
