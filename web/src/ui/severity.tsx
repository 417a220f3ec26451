// Severity: shape, word and colour, never colour alone. Critical is the only
// filled badge on any screen.

import { score as formatScore } from './format'

export type SeverityName = 'low' | 'medium' | 'high' | 'critical'

export const SEVERITIES: readonly SeverityName[] = ['low', 'medium', 'high', 'critical']

export const severityMark: Record<SeverityName, string> = {
  low: '○',
  medium: '△',
  high: '◇',
  critical: '■',
}

export const severityWord: Record<SeverityName, string> = {
  low: 'Low',
  medium: 'Medium',
  high: 'High',
  critical: 'Critical',
}

export function Severity({ of, score }: { of: SeverityName; score?: number }) {
  return (
    <span className={`severity severity-${of}`}>
      <span className="severity-mark" aria-hidden="true">
        {severityMark[of]}
      </span>
      <span className="severity-word">{severityWord[of]}</span>
      {score !== undefined && <span className="severity-score">{formatScore(score)}</span>}
    </span>
  )
}
