// The incidents: the list alone, or the list beside one incident. Below 1,200 px
// an open incident is a page of its own; the list stays mounted behind it and
// keeps its place.

import './incidents.css'
import { Outlet, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { type ReactNode, useMemo } from 'react'
import { paths } from '../../paths'
import { useKeys } from '../../ui/keys'
import { filterFromSearch, searchFromFilter } from './filter'
import { IncidentList } from './incident-list'

/** `states` says how the sources are, for a list that is still empty. */
export function IncidentsScreen({ states }: { states: ReactNode }) {
  const search = useSearch({ strict: false })
  // One object for one address: a list of 100,000 rows is not gone through again.
  const filter = useMemo(() => filterFromSearch(search), [search])
  const { id } = useParams({ strict: false })
  const navigate = useNavigate()
  const back = () => {
    if (id === undefined) return
    void navigate({ to: paths.incidents, search: true })
    // Where the reader was: back on the row, once it is visible again.
    requestAnimationFrame(() =>
      document.querySelector<HTMLElement>(`[data-row="${CSS.escape(id)}"]`)?.focus(),
    )
  }
  useKeys({ Escape: back })
  return (
    <div className={id === undefined ? 'incidents' : 'incidents incidents-open'}>
      {id === undefined && <title>Incidents · Prahari</title>}
      <section className="list-pane" aria-label="List of incidents">
        <IncidentList
          filter={filter}
          open={id}
          states={states}
          onFilter={(next) => void navigate({ to: '.', search: searchFromFilter(next) })}
        />
      </section>
      <Outlet />
    </div>
  )
}
