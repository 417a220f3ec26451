import { fireEvent, screen, waitFor, within } from '@testing-library/react'
import { expect, test } from 'vitest'
import { incident } from '../../testing/factories'
import { listOf, mockApi } from '../../testing/mock-api'
import { open } from '../../testing/render'

/** A list of so many rows, all there. */
async function opened(path = '/incidents', many = 2_000) {
  const all = Array.from({ length: many }, (_, index) => incident(`${index}`))
  mockApi({ list: () => listOf(all) })
  const app = open(path)
  const table = await screen.findByRole('table', { name: 'Incidents' })
  return { table, ...app }
}

const scrollTo = (table: HTMLElement, top: number) => {
  const pane = table.parentElement as HTMLElement
  pane.scrollTop = top
  fireEvent.scroll(pane)
}

test('of 100,000 rows only those in sight are in the page, and each says its place', async () => {
  const { table } = await opened('/incidents', 100_000)
  expect(table).toHaveAttribute('aria-rowcount', '100001')
  expect(within(table).getAllByRole('link').length).toBeLessThan(50)
  scrollTo(table, 50_000 * 36)
  const row = (await screen.findByRole('link', { name: 'Incident 50000' })).closest('[role=row]')
  expect(row).toHaveAttribute('aria-rowindex', '50002')
  expect(within(table).getAllByRole('link').length).toBeLessThan(60)
})

test('a row that has focus stays, and the keyboard goes on from it', async () => {
  const { table, user } = await opened()
  await user.keyboard('jj')
  expect(screen.getByRole('link', { name: 'Incident 1' })).toHaveFocus()
  scrollTo(table, 1_000 * 36)
  await screen.findByRole('link', { name: 'Incident 1000' })
  expect(screen.getByRole('link', { name: 'Incident 1' })).toHaveFocus()
  await user.keyboard('j')
  expect(screen.getByRole('link', { name: 'Incident 2' })).toHaveFocus()
})

test('a row opens by a plain click only, and keeps the filter', async () => {
  const { address, user } = await opened('/incidents?order=worst')
  const row = screen.getByRole('link', { name: 'Incident 3' })
  expect(row).toHaveAttribute('href', '/incidents/3?order=worst')
  await user.keyboard('{Control>}')
  await user.click(row)
  await user.keyboard('{/Control}')
  expect(address()).toBe('/incidents?order=worst')
  await user.click(row)
  await waitFor(() => expect(address()).toBe('/incidents/3?order=worst'))
})

test('pointing at a row fetches what a click would show', async () => {
  const api = mockApi({ list: () => listOf([incident('a')]) })
  const { user } = open('/incidents')
  await user.hover(await screen.findByRole('link', { name: 'Incident a' }))
  await waitFor(() => expect(api.asked).toContain('GET /api/incidents/a'))
})

test('who goes elsewhere and comes back finds the list where it was', async () => {
  const { table, user } = await opened()
  scrollTo(table, 1_000 * 36)
  await screen.findByRole('link', { name: 'Incident 1000' })
  await user.click(screen.getByRole('link', { name: 'Sources' }))
  await screen.findByRole('heading', { name: 'Sources' })
  await user.click(screen.getByRole('link', { name: 'Incidents' }))
  expect(await screen.findByRole('link', { name: 'Incident 1000' })).toBeVisible()
})
