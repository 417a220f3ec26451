// The few icons that stand beside a word.

export function IncidentsIcon() {
  return (
    <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" className="icon">
      <path d="M3 5h14M3 10h14M3 15h9" />
    </svg>
  )
}

export function ModelsIcon() {
  return (
    <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" className="icon">
      <path d="M10 4v12M4 16h12M4 7h12M4 7l-2 5h4zM16 7l-2 5h4z" />
    </svg>
  )
}

export function SourcesIcon() {
  return (
    <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" className="icon">
      <path d="M4 9a7 7 0 0 1 7 7M4 4a12 12 0 0 1 12 12" />
      <circle cx="5" cy="15" r="1.6" className="icon-filled" />
    </svg>
  )
}

export function MarkIcon() {
  return (
    <svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" className="icon">
      <path d="M2.5 12s3.5-6.5 9.5-6.5 9.5 6.5 9.5 6.5-3.5 6.5-9.5 6.5S2.5 12 2.5 12Z" />
      <circle cx="12" cy="12" r="3" className="icon-filled" />
    </svg>
  )
}
