// What a list or page says when it has nothing to show: nothing there, or an
// error with the way out of it.

import type { ReactNode } from 'react'

export function Notice({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="notice">
      <h2>{title}</h2>
      {children}
    </div>
  )
}

export function ErrorNotice({
  title,
  error,
  onRetry,
  retrying = false,
}: {
  title: string
  error: Error
  onRetry: () => void
  retrying?: boolean
}) {
  return (
    <div className="notice" role="alert">
      <h2>{title}</h2>
      <p>{error.message}</p>
      <button
        type="button"
        className="btn btn-sm btn-primary"
        onClick={onRetry}
        disabled={retrying}
      >
        {retrying ? 'Trying…' : 'Try again'}
      </button>
    </div>
  )
}
