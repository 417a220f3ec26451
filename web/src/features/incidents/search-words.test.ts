import { expect, test } from 'vitest'
import { searchWords } from './search-words'

const read = (text: string, done = true) => searchWords(text, done, 'Asia/Kolkata')

test('words are text', () => {
  expect(read('hospital केरल')).toEqual({ set: {}, rest: 'hospital केरल' })
})

test('name:value words set filters, and the rest stays', () => {
  expect(
    read('kerala severity>=high type:ransomware type:malware region:in exploited:true'),
  ).toEqual({
    set: { severity: 'high', type: ['ransomware', 'malware'], country: 'IN', exploited: true },
    rest: 'kerala',
  })
})

test('a CVE number is a filter by itself', () => {
  expect(read('cve-2026-1234')).toEqual({ set: { cve: 'CVE-2026-1234' }, rest: '' })
})

test('a word still being typed is left alone', () => {
  expect(read('status:new severity:h', false)).toEqual({
    set: { status: ['new'] },
    rest: 'severity:h',
  })
  expect(read('severity:high ', false).set).toEqual({ severity: 'high' })
})

test('quotes make text of anything', () => {
  expect(read('"severity:high matters"')).toEqual({ set: {}, rest: '"severity:high matters"' })
})

test('a date begins at midnight of the reader', () => {
  expect(read('after:2026-11-01').set).toEqual({ since: '2026-10-31T18:30:00.000Z' })
})

test('a filter that makes no sense stays text and says why', () => {
  expect(read('severity:hgh')).toEqual({
    set: {},
    rest: 'severity:hgh',
    problem: 'severity is low, medium, high, critical; not "hgh"',
  })
  expect(read('after:2026-13-45').problem).toMatch(/wants a date/)
})

test('an address is no filter', () => {
  expect(read('https://evil.example/x')).toEqual({ set: {}, rest: 'https://evil.example/x' })
})
