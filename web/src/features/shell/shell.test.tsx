import { screen } from '@testing-library/react'
import { expect, test } from 'vitest'
import { incident } from '../../testing/factories'
import { listOf, mockApi } from '../../testing/mock-api'
import { open } from '../../testing/render'

test('the theme is the reader’s, and is kept', async () => {
  mockApi()
  const { user } = open('/incidents')
  await user.click(await screen.findByRole('button', { name: 'Display' }))
  expect(screen.getByRole('radio', { name: 'Like the system' })).toBeChecked()
  expect(document.documentElement).toHaveAttribute('data-bs-theme', 'light')
  await user.click(screen.getByRole('radio', { name: 'Dark' }))
  expect(document.documentElement).toHaveAttribute('data-bs-theme', 'dark')
  expect(localStorage.getItem('prahari.theme')).toBe('dark')
})

test('times are India’s until the reader chooses another zone', async () => {
  mockApi({ list: () => listOf([incident('a', { last_seen: '2026-11-21T08:18:00Z' })]) })
  const { user } = open('/incidents')
  expect(await screen.findByText('42 min')).toHaveAttribute(
    'title',
    expect.stringMatching(/13:48:00 IST/),
  )
  await user.click(screen.getByRole('button', { name: 'Display' }))
  await user.click(screen.getByRole('radio', { name: 'UTC' }))
  expect(screen.getByText('42 min')).toHaveAttribute('title', expect.stringMatching(/08:18:00 UTC/))
})

test('an address that leads nowhere leads back', async () => {
  mockApi()
  open('/no/such/page')
  expect(await screen.findByRole('heading', { name: 'There is no such page' })).toBeVisible()
  expect(screen.getByRole('link', { name: 'To the incidents' })).toHaveAttribute(
    'href',
    '/incidents',
  )
})
