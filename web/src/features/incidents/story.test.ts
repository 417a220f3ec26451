import { expect, test } from 'vitest'
import { alert, detail, item, minutesAgo } from '../../testing/factories'
import { affectedProducts } from './facts'
import { shortPlace } from './places'
import { whatIsNew } from './story'
import { fold } from './timeline'

test('what is new are turns of the story and its latest item, newest first', () => {
  const pieces = whatIsNew(
    detail('a', {
      title: 'First',
      timeline: [
        item('r', { repeat_of: 'old', published: minutesAgo(1) }),
        item('new', { title: 'Latest', published: minutesAgo(5) }),
        item('old', { title: 'First' }),
      ],
      alerts: [
        alert('1'),
        alert('2', {
          cause: { kind: 'exploited' },
          cause_text: 'Exploitation is confirmed',
          at: minutesAgo(2),
        }),
      ],
    }),
  )
  expect(pieces.map((piece) => piece.text)).toEqual(['Exploitation is confirmed.', 'Latest'])
})

test('an incident told once has no news', () => {
  expect(whatIsNew(detail('a', { alerts: [alert('1')] }))).toEqual([])
})

test('chains of repeats fold under the first, and bad ones lose nothing', () => {
  const shape = (...items: ReturnType<typeof item>[]) =>
    fold(items).map(({ item, repeats }) => `${item.id}(${repeats.map(({ id }) => id)})`)
  expect(shape(item('c', { repeat_of: 'b' }), item('b', { repeat_of: 'a' }), item('a'))).toEqual([
    'a(c,b)',
  ])
  expect(shape(item('b', { repeat_of: 'gone' }))).toEqual(['b()'])
  // Two that claim to repeat each other: both stay visible, whichever comes first.
  const loop = fold([item('x', { repeat_of: 'y' }), item('y', { repeat_of: 'x' })])
  expect(
    loop.flatMap(({ item, repeats }) => [item.id, ...repeats.map(({ id }) => id)]).sort(),
  ).toEqual(['x', 'y'])
})

test('ranges of one product are one line', () => {
  const none = {
    exact: null,
    from_including: null,
    from_excluding: null,
    to_including: null,
    to_excluding: null,
  }
  expect(
    affectedProducts([
      { vendor: 'Acme', product: 'Acme VPN', versions: { ...none, to_including: '6.4' } },
      {
        vendor: 'Acme',
        product: 'Acme VPN',
        versions: { ...none, from_excluding: '7.0', to_excluding: '7.2' },
      },
      { vendor: 'Acme', product: 'Gate', versions: none },
    ]),
  ).toEqual([
    { name: 'Acme VPN', versions: ['up to 6.4', 'after 7.0 before 7.2'] },
    { name: 'Acme Gate', versions: [] },
  ])
})

test('a place is the state if there is one', () => {
  expect(shortPlace({ countries: ['IN'], states: ['KL', 'TN'] })).toBe('Kerala +1')
  expect(shortPlace({ countries: ['IN'], states: [] })).toBe('India')
  expect(shortPlace({ countries: ['QZ'], states: [] })).toBe('QZ')
  expect(shortPlace({ countries: [], states: [] })).toBe('')
})
