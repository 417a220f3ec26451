// A screen that broke while drawing itself: our fault, said plainly.

import type { ErrorComponentProps } from '@tanstack/react-router'
import { ErrorNotice } from '../../ui/notice'

export function BrokenPage({ error, reset }: ErrorComponentProps) {
  return (
    <ErrorNotice
      title="This screen broke"
      error={error instanceof Error ? error : new Error(String(error))}
      onRetry={reset}
    />
  )
}
