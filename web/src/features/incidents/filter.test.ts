import { expect, test } from 'vitest'
import {
  filterFromSearch,
  narrowedBy,
  queryFromFilter,
  queryTextOf,
  searchFromFilter,
} from './filter'

test('an address survives the way in and out', () => {
  const search = {
    q: 'अस्पताल',
    severity: 'high',
    type: 'ransomware,data_breach',
    country: 'IN',
    status: 'new,watching',
    exploited: 'true',
    cve: 'CVE-2026-1234',
    source: 'cert_in',
    keyword: 'hospital',
    since: '7d',
    order: 'worst',
  }
  expect(searchFromFilter(filterFromSearch(search))).toEqual(search)
  expect(narrowedBy(filterFromSearch(search))).toBe(10)
})

test('what makes no sense is left out', () => {
  expect(
    filterFromSearch({
      severity: 'severe',
      type: 'nonsense',
      country: 'India',
      exploited: 'yes',
      cve: 'CVE-1',
      since: 'toString',
      order: 'best',
      q: '  ',
      status: 7,
    }),
  ).toEqual({})
})

test('a period becomes a time, and dismissed ones stay out unless chosen', () => {
  const now = Date.parse('2026-11-21T09:00:00Z')
  expect(queryFromFilter({ since: '24h' }, now)).toMatchObject({
    since: '2026-11-20T09:00:00.000Z',
    status: 'new,watching,handled',
    order: 'latest',
  })
  expect(queryFromFilter({ status: ['dismissed'] }, now).status).toBe('dismissed')
})

test('a query that names a status is not narrowed to the others', () => {
  const status = (q: string) => queryFromFilter({ q }, 0).status
  expect(status('bank (status:dismissed OR status=new)')).toBeUndefined()
  expect(status('-status:new')).toBeUndefined()
  expect(status('"status:dismissed" substatus:x')).toBe('new,watching,handled')
})

test('filters and words together are one query', () => {
  expect(
    queryTextOf({
      q: 'bank OR hospital',
      severity: 'high',
      type: ['ransomware', 'ddos'],
      country: 'IN',
      exploited: true,
      keyword: 'state bank',
      since: '7d',
    }),
  ).toBe(
    '(bank OR hospital) severity:high type:ransomware,ddos region:IN exploited:true keyword:"state bank" last:7d',
  )
  expect(queryTextOf({ q: 'a OR b', order: 'worst' })).toBe('a OR b')
  expect(queryTextOf({ since: '2026-11-01T09:00:00Z' })).toBe('after:2026-11-01T09:00:00Z')
  expect(queryTextOf({})).toBe('')
})
