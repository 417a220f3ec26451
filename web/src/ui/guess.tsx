// What the machine guessed, as opposed to what a source said: dotted underline,
// and the word "predicted" for those who cannot see or hover it.

import type { ReactNode } from 'react'
import { percent } from './format'

export function Guess({ children, confidence }: { children: ReactNode; confidence?: number }) {
  const sure = confidence === undefined ? '' : `, ${percent(confidence)} sure`
  return (
    <span className="guess" title={`Predicted${sure}`}>
      {children}
      <span className="visually-hidden"> (predicted{sure})</span>
    </span>
  )
}
