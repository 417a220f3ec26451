// The frame around every screen: rail, top line, keyboard help. What the top
// line holds belongs to other features and arrives from routes.tsx.

import './shell.css'
import { Link } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import type { Live } from '../../api/live'
import { paths } from '../../paths'
import { IncidentsIcon, MarkIcon, ModelsIcon, SourcesIcon } from '../../ui/icons'
import { useKeys } from '../../ui/keys'
import { DisplayMenu } from './display-menu'
import { KeyHelp } from './key-help'
import { LiveDot } from './live-dot'

export function Shell({
  live,
  search,
  health,
  children,
}: {
  live: Live
  search: ReactNode
  health: ReactNode
  children: ReactNode
}) {
  const [help, setHelp] = useState(false)
  useKeys({ '?': () => setHelp(true) })
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <nav className="rail" aria-label="Main">
        <Link to={paths.incidents} className="rail-mark" aria-label="Prahari, to the incidents">
          <MarkIcon />
        </Link>
        <Link to={paths.incidents} className="rail-link" activeProps={{ className: 'rail-here' }}>
          <IncidentsIcon />
          <span>Incidents</span>
        </Link>
        <Link to={paths.sources} className="rail-link" activeProps={{ className: 'rail-here' }}>
          <SourcesIcon />
          <span>Sources</span>
        </Link>
        <Link to={paths.models} className="rail-link" activeProps={{ className: 'rail-here' }}>
          <ModelsIcon />
          <span>Models</span>
        </Link>
      </nav>
      <header className="top">
        <div className="top-search">{search}</div>
        <div className="top-state">
          {health}
          <LiveDot live={live} />
        </div>
        <div className="top-tools">
          <button
            type="button"
            className="btn btn-sm btn-quiet top-help"
            aria-label="Keyboard shortcuts"
            onClick={() => setHelp(true)}
          >
            ?
          </button>
          <DisplayMenu />
        </div>
      </header>
      <main id="main" className="main" tabIndex={-1}>
        {children}
      </main>
      {help && <KeyHelp onClose={() => setHelp(false)} />}
    </div>
  )
}
