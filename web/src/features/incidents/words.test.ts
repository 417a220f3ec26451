import { expect, test } from 'vitest'
import { headline } from './words'

test('an item without a title is known by its first words', () => {
  expect(headline({ title: 'Acme breached', text: 'Long ago.' })).toBe('Acme breached')
  expect(headline({ title: '', text: 'We have breached Acme.' })).toBe('We have breached Acme.')
  expect(headline({ title: '', text: '🔒'.repeat(81) })).toBe(`${'🔒'.repeat(80)}…`)
})
