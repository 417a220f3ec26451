import { expect, test } from 'vitest'
import { ago, agoShort, count, date, exact, number, percent, sentence, span } from './format'

const now = Date.parse('2026-11-21T09:00:00Z')
const zone = 'Asia/Kolkata'

test('numbers are grouped the Indian way', () => {
  expect(number(120000)).toBe('1,20,000')
  expect(count(1, 'item')).toBe('1 item')
  expect(count(2, 'item')).toBe('2 items')
})

test('a likelihood is never rounded to a certainty', () => {
  expect([1, 0.998, 0.914, 0.004, 0].map(percent)).toEqual([
    '100 %',
    'over 99 %',
    '91 %',
    'under 1 %',
    '0 %',
  ])
})

test('a clause begins a sentence', () => {
  expect(sentence('the text names a score')).toBe('The text names a score')
  expect(sentence('')).toBe('')
})

test('recent times are said in one unit', () => {
  expect(ago('2026-11-21T08:59:40Z', now, zone)).toBe('just now')
  expect(ago('2026-11-21T08:18:00Z', now, zone)).toBe('42 min ago')
  expect(ago('2026-11-21T00:00:01Z', now, zone)).toBe('8 h ago')
  expect(ago('2026-11-18T09:00:00Z', now, zone)).toBe('3 d ago')
  expect(agoShort('2026-11-21T08:18:00Z', now, zone)).toBe('42 min')
  expect(span(30 * 60 * 60 * 1000)).toBe('30 h')
})

test('older times are dates, with the year when it is another', () => {
  expect(ago('2026-11-01T09:00:00Z', now, zone)).toBe('1 Nov')
  expect(ago('2025-11-01T09:00:00Z', now, zone)).toBe('1 Nov 2025')
})

test('a source that lies about dates is not hidden', () => {
  expect(ago('2027-01-12T09:00:00Z', now, zone)).toBe('12 Jan 2027, ahead of now')
  expect(ago('yesterday', now, zone)).toBe('at an unknown time')
})

test('a day without a time is told as a day, wherever the reader is', () => {
  for (const where of [zone, 'America/Lima'])
    for (const midnight of ['2026-11-21T00:00:00Z', '2026-11-20T18:30:00Z']) {
      expect(ago(midnight, now, where)).toBe('21 Nov')
      expect(agoShort(midnight, now, where)).toBe('21 Nov')
      expect(exact(midnight, where)).toBe('Sat 21 Nov 2026')
    }
  expect(ago('2027-01-12T00:00:00Z', now, zone)).toBe('12 Jan 2027, ahead of now')
})

test('the exact time is in the zone of the reader', () => {
  expect(exact('2026-11-21T20:30:00Z', zone)).toMatch(/^Sun 22 Nov 2026, 02:00:00 IST$/)
  expect(exact('2026-11-21T18:35:00Z', zone)).toMatch(/00:05:00/)
  expect(date('2026-11-21T20:30:00Z', zone)).toBe('22 Nov 2026')
})
