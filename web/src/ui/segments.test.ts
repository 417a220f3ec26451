import { expect, test } from 'vitest'
import { segments } from './segments'

const cut = (text: string, ...marks: [number, number, string][]) =>
  segments(
    text,
    marks.map(([start, end, value]) => ({ start, end, value })),
  )
    .map(({ text, values }) => (values.length === 0 ? text : `[${text}|${values.join('+')}]`))
    .join('')

test('an unmarked text is one piece', () => {
  expect(cut('Acme breached')).toBe('Acme breached')
  expect(segments('', [])).toEqual([])
})

test('a mark in Devanagari counts letters and vowel signs one by one', () => {
  // केरल is क े र ल: four code points, three that a reader would count.
  expect(cut('केरल के अस्पताल पर हमला', [0, 4, 'place'])).toBe('[केरल|place] के अस्पताल पर हमला')
})

test('an emoji before the mark does not shift it', () => {
  expect(cut('🚨🚨 CVE-2026-1234 exploited', [3, 16, 'cve'])).toBe(
    '🚨🚨 [CVE-2026-1234|cve] exploited',
  )
  expect(cut('👩‍💻 at Acme', [7, 11, 'org'])).toBe('👩‍💻 at [Acme|org]')
})

test('an emoji inside the mark stays whole', () => {
  expect(cut('a🚨b', [1, 2, 'x'])).toBe('a[🚨|x]b')
})

test('overlapping marks cut each other', () => {
  expect(cut('abcdef', [0, 4, 'x'], [2, 6, 'y'])).toBe('[ab|x][cd|x+y][ef|y]')
})

test('marks that make no sense lose nothing of the text', () => {
  expect(cut('abc', [2, 2, 'empty'], [3, 1, 'reversed'], [-2, 1, 'before'], [7, 9, 'beyond'])).toBe(
    'abc',
  )
  expect(cut('abc', [1, 99, 'long'])).toBe('a[bc|long]')
})
