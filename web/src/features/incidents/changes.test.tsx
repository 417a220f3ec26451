import { screen, within } from '@testing-library/react'
import { expect, test } from 'vitest'
import {
  detail,
  minutesAgo,
  source,
  vulnerability,
  vulnerabilityFull,
} from '../../testing/factories'
import { listOf, type MockApi, mockApi, problem } from '../../testing/mock-api'
import { open } from '../../testing/render'

async function show(answer: MockApi['vulnerability']) {
  const api = mockApi({
    list: () => listOf([]),
    detail: () =>
      detail('a', {
        cves: ['CVE-2026-1234'],
        vulnerabilities: [vulnerability('CVE-2026-1234')],
      }),
    sources: () => ({ sources: [source('nvd', { name: 'NVD' })], concerns: [] }),
    vulnerability: answer,
  })
  const { user } = open('/incidents/a')
  const button = await screen.findByRole('button', { name: 'What changed of CVE-2026-1234' })
  return { api, user, button }
}

test('what changed is asked for only when somebody wants to know', async () => {
  const { api, user, button } = await show((cve) =>
    vulnerabilityFull(cve, {
      changes: [
        {
          at: minutesAgo(90),
          source: 'nvd',
          what: 'score',
          from: 'CVSS 3.1 7.5 by NVD',
          to: 'CVSS 3.1 9.8 by NVD',
        },
        {
          at: minutesAgo(91),
          source: 'kev',
          what: 'exploitation',
          from: null,
          to: 'exploited (KEV)',
        },
      ],
    }),
  )
  expect(button).toHaveAttribute('aria-expanded', 'false')
  expect(api.asked).not.toContain('GET /api/vulnerabilities/CVE-2026-1234')
  await user.click(button)
  expect(button).toHaveAttribute('aria-expanded', 'true')
  const list = await screen.findByRole('list', { name: 'Changes of CVE-2026-1234' })
  const lines = within(list).getAllByRole('listitem')
  expect(lines).toHaveLength(2)
  expect(lines[0]).toHaveTextContent('Score: CVSS 3.1 7.5 by NVD → CVSS 3.1 9.8 by NVD by NVD')
  expect(lines[1]).toHaveTextContent('Exploitation: nothing → exploited (KEV) by kev')
  expect(api.asked).toContain('GET /api/vulnerabilities/CVE-2026-1234')
  await user.click(button)
  expect(screen.queryByRole('list', { name: 'Changes of CVE-2026-1234' })).not.toBeInTheDocument()
})

test('a CVE of which nothing changed says so', async () => {
  const { user, button } = await show((cve) => vulnerabilityFull(cve))
  await user.click(button)
  expect(await screen.findByText('Nothing yet. Edits of words do not count.')).toBeVisible()
})

test('while it loads, it says so', async () => {
  const { user, button } = await show(() => 'never')
  await user.click(button)
  expect(
    await screen.findByRole('status', { name: 'Loading what changed of CVE-2026-1234' }),
  ).toBeVisible()
})

test('an error offers to try again', async () => {
  let broken = true
  const { user, button } = await show((cve) =>
    broken ? problem(500, 'The history broke.') : vulnerabilityFull(cve),
  )
  await user.click(button)
  expect(await screen.findByRole('alert')).toHaveTextContent('The history broke.')
  broken = false
  await user.click(screen.getByRole('button', { name: 'Try again' }))
  expect(await screen.findByText('Nothing yet. Edits of words do not count.')).toBeVisible()
})
