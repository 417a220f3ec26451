// Copies one value. The clipboard needs a secure page: over plain http on
// another machine's address the browser refuses, and we say so.

import { useEffect, useState } from 'react'

type Outcome = 'idle' | 'copied' | 'refused'

export function CopyButton({
  value,
  name,
  label = 'Copy',
}: {
  value: string
  name: string
  label?: string
}) {
  const [outcome, setOutcome] = useState<Outcome>('idle')
  useEffect(() => {
    if (outcome === 'idle') return
    const timer = setTimeout(() => setOutcome('idle'), 2_000)
    return () => clearTimeout(timer)
  }, [outcome])
  const words: Record<Outcome, string> = { idle: label, copied: 'Copied', refused: 'Not allowed' }
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value)
      setOutcome('copied')
    } catch {
      setOutcome('refused')
    }
  }
  return (
    <button
      type="button"
      className="btn btn-sm btn-quiet copy"
      aria-label={label === 'Copy' ? `${words[outcome]} ${name}` : undefined}
      title={
        outcome === 'refused'
          ? 'The browser lets a page copy only over https or on this machine. Select the text instead.'
          : undefined
      }
      onClick={copy}
    >
      {words[outcome]}
    </button>
  )
}
