// The line of source health in the top line, and the panel behind it.

import './sources.css'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { sourceList } from '../../api/source-list'
import { paths } from '../../paths'
import { Dialog } from '../../ui/dialog'
import { useDisplay } from '../../ui/display'
import { healthParts } from './health'
import { SourceTable } from './source-table'

export function SourceHealth() {
  const [open, setOpen] = useState(false)
  return (
    <>
      <button
        type="button"
        className="btn btn-sm btn-quiet health"
        aria-haspopup="dialog"
        onClick={() => setOpen(true)}
      >
        <HealthLine />
      </button>
      {open && (
        <Dialog title="Sources" onClose={() => setOpen(false)} side>
          <p>
            <Link to={paths.sources} onClick={() => setOpen(false)}>
              Add, switch and preview sources
            </Link>
          </p>
          <SourceTable />
        </Dialog>
      )}
    </>
  )
}

function HealthLine() {
  const { data, error } = useQuery(sourceList())
  const { now } = useDisplay()
  if (data === undefined) {
    return <span>{error === null ? 'Sources …' : 'State of the sources unknown'}</span>
  }
  const parts = healthParts(data.sources, now)
  if (parts.length === 0) return <span>No sources are on</span>
  return (
    <span>
      <span className="visually-hidden">Sources: </span>
      {parts.map((part, index) => (
        <span key={part.state}>
          {index > 0 && ', '}
          <span className={`health-${part.state}`}>{part.text}</span>
        </span>
      ))}
      {error !== null && <span className="health-failing"> (as last known)</span>}
    </span>
  )
}
