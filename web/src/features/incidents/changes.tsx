// What really changed of a CVE, asked for when somebody wants to know: most
// readers of an incident never do.

import { useQuery } from '@tanstack/react-query'
import { useId, useState } from 'react'
import type { VulnerabilityChange } from '../../api/types'
import { Skeleton } from '../../ui/skeleton'
import { TimeAgo } from '../../ui/time-ago'
import { vulnerabilityDetail } from './detail-queries'
import { SourceName } from './source-name'

export function Changes({ cve }: { cve: string }) {
  const [open, setOpen] = useState(false)
  const id = useId()
  return (
    <div className="changes">
      <button
        type="button"
        className="btn btn-sm btn-link"
        aria-expanded={open}
        aria-controls={id}
        aria-label={`What changed of ${cve}`}
        onClick={() => setOpen(!open)}
      >
        What changed
      </button>
      <div id={id}>{open && <History cve={cve} />}</div>
    </div>
  )
}

function History({ cve }: { cve: string }) {
  const { data, error, isFetching, refetch } = useQuery(vulnerabilityDetail(cve))
  if (data !== undefined) return <Listed changes={data.changes} cve={cve} />
  if (error !== null)
    return (
      <p role="alert">
        {error.message}{' '}
        <button
          type="button"
          className="btn btn-sm btn-link"
          disabled={isFetching}
          onClick={() => void refetch()}
        >
          Try again
        </button>
      </p>
    )
  return (
    <p role="status" aria-label={`Loading what changed of ${cve}`}>
      <Skeleton width={4} />
    </p>
  )
}

function Listed({ changes, cve }: { changes: readonly VulnerabilityChange[]; cve: string }) {
  if (changes.length === 0) return <p className="none">Nothing yet. Edits of words do not count.</p>
  return (
    <ul aria-label={`Changes of ${cve}`}>
      {changes.map((change) => (
        <li key={`${change.at} ${change.what} ${change.from} ${change.to}`}>
          <TimeAgo at={change.at} /> {CHANGED[change.what]}: {change.from ?? 'nothing'} →{' '}
          <strong>{change.to ?? 'nothing'}</strong>{' '}
          <span className="because">
            by <SourceName id={change.source} />
          </span>
        </li>
      ))}
    </ul>
  )
}

const CHANGED: Record<VulnerabilityChange['what'], string> = {
  severity: 'Severity',
  score: 'Score',
  exploitation: 'Exploitation',
  ssvc: 'SSVC',
  status: 'Status',
  affected: 'Affected',
  epss: 'EPSS',
}
