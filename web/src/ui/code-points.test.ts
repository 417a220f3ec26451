import { expect, test } from 'vitest'
import { cut, pointAt } from './code-points'

test('places count code points, not UTF-16 units', () => {
  expect(pointAt('🔥 type:x', 3)).toBe(2)
  expect(cut('🔥 tipe:x', 2, 6)).toEqual(['🔥 ', 'tipe', ':x'])
})

test('places beyond the end, or reversed, keep the text whole', () => {
  expect(cut('abc', 9, 12)).toEqual(['abc', '', ''])
  expect(cut('abc', 2, 1)).toEqual(['ab', '', 'c'])
})
