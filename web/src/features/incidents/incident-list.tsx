// The list: filters, the bar of what is new, rows, and more of them on demand.

import { useInfiniteQuery } from '@tanstack/react-query'
import { type ReactNode, useEffect, useMemo, useRef } from 'react'
import { isMistake } from '../../api/client'
import { number } from '../../ui/format'
import { useKeys } from '../../ui/keys'
import { ErrorNotice, Notice } from '../../ui/notice'
import { Skeleton } from '../../ui/skeleton'
import { type IncidentFilter, narrowedBy } from './filter'
import { FilterBar } from './filter-bar'
import { IncidentRow } from './incident-row'
import { incidentList } from './list-queries'
import { NewBar } from './new-bar'
import { mistakeWords } from './search-mistake'
import { useNews } from './use-news'

export function IncidentList({
  filter,
  open,
  states,
  onFilter,
}: {
  filter: IncidentFilter
  open: string | undefined
  states: ReactNode
  onFilter: (filter: IncidentFilter) => void
}) {
  const list = useInfiniteQuery(incidentList(filter))
  const rows = useRef<HTMLDivElement>(null)
  const scroller = useRef<HTMLDivElement>(null)
  // While one page loads, an incident may move onto it from another: show it once.
  const shown = useMemo(() => {
    const all = list.data?.pages.flatMap((page) => page.incidents)
    return all && [...new Map(all.map((incident) => [incident.id, incident])).values()]
  }, [list.data])
  const { news, show } = useNews(filter, shown)
  const showNews = () => {
    show()
    scroller.current?.scrollTo({ top: 0 })
  }
  const step = (by: 1 | -1) => {
    const links = [...(rows.current?.querySelectorAll<HTMLElement>('[data-row]') ?? [])]
    const focused = links.indexOf(document.activeElement as HTMLElement)
    const at = focused >= 0 ? focused : links.findIndex((link) => link.dataset.row === open)
    const next = links[Math.min(Math.max(at + by, 0), links.length - 1)]
    next?.focus()
    if (next !== undefined && next === links.at(-1) && list.hasNextPage && !list.isFetching)
      void list.fetchNextPage()
  }
  useKeys({
    j: () => step(1),
    k: () => step(-1),
    n: () => {
      if (news !== undefined) showNews()
    },
  })
  const total = list.data?.pages[0]
  const Heading = open === undefined ? 'h1' : 'h2'
  return (
    <>
      <header className="list-head">
        <Heading className="list-title">
          Incidents{' '}
          {total !== undefined && (
            <span className="list-total">
              {total.total_exact ? '' : 'about '}
              {number(total.total)}
            </span>
          )}
        </Heading>
        <FilterBar filter={filter} onChange={onFilter} />
      </header>
      <div className="list-body">
        {news !== undefined && shown?.length !== 0 && <NewBar news={news} onShow={showNews} />}
        <div className="list-scroll" ref={scroller}>
          {shown === undefined ? (
            isMistake(list.error) ? (
              <Notice title="The search cannot be read">
                <p>{mistakeWords(list.error.problem)}</p>
                <button
                  type="button"
                  className="btn btn-sm btn-primary"
                  onClick={() => onFilter({ ...filter, q: undefined })}
                >
                  Clear the search
                </button>
              </Notice>
            ) : list.error !== null ? (
              <ErrorNotice
                title="The incidents did not load"
                error={list.error}
                onRetry={() => void list.refetch()}
                retrying={list.isFetching}
              />
            ) : (
              <Loading />
            )
          ) : shown.length === 0 ? (
            <Empty filter={filter} states={states} onFilter={onFilter} />
          ) : (
            <>
              <div
                role="table"
                aria-label="Incidents"
                aria-rowcount={total?.total_exact ? total.total + 1 : -1}
                ref={rows}
              >
                <div role="rowgroup">
                  <div role="row" className="row-grid list-columns" aria-rowindex={1}>
                    <span role="columnheader" className="cell-severity">
                      Severity
                    </span>
                    <span role="columnheader" className="cell-title">
                      Incident
                    </span>
                    <span role="columnheader" className="cell-type">
                      Type
                    </span>
                    <span role="columnheader" className="cell-place">
                      Place
                    </span>
                    <span role="columnheader" className="cell-sources">
                      Sources
                    </span>
                    <span role="columnheader" className="cell-items">
                      Items
                    </span>
                    <span role="columnheader" className="cell-status">
                      Status
                    </span>
                    <span role="columnheader" className="cell-time">
                      Last seen
                    </span>
                  </div>
                </div>
                <div role="rowgroup">
                  {shown.map((incident, index) => (
                    <IncidentRow
                      key={incident.id}
                      incident={incident}
                      index={index + 2}
                      open={incident.id === open}
                    />
                  ))}
                </div>
              </div>
              <More
                shown={shown.length}
                hasMore={list.hasNextPage}
                loading={list.isFetchingNextPage}
                error={list.isFetchNextPageError ? list.error : null}
                onMore={() => void list.fetchNextPage()}
                root={scroller.current}
              />
            </>
          )}
        </div>
      </div>
    </>
  )
}

/** As many rows as fill a laptop's screen, each as high as a real one. */
function Loading() {
  return (
    <div role="status" aria-label="Loading incidents" className="list-loading">
      {Array.from({ length: 20 }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: grey lines have no other name
        <div key={index} className="row-grid incident-row">
          <span className="cell-severity">
            <Skeleton width={3} />
          </span>
          <span className="cell-title">
            <Skeleton width={((index % 3) + 3) as 3 | 4 | 5} />
          </span>
          <span className="cell-type">
            <Skeleton width={4} />
          </span>
          <span className="cell-time">
            <Skeleton width={3} />
          </span>
        </div>
      ))}
    </div>
  )
}

function Empty({
  filter,
  states,
  onFilter,
}: {
  filter: IncidentFilter
  states: ReactNode
  onFilter: (filter: IncidentFilter) => void
}) {
  if (narrowedBy(filter) > 0)
    return (
      <Notice title="No incident matches">
        <p>Nothing that is stored fits these filters.</p>
        <button type="button" className="btn btn-sm btn-primary" onClick={() => onFilter({})}>
          Clear the filters
        </button>
      </Notice>
    )
  return (
    <Notice title="No incidents yet">
      <p>
        This is not calm: it only means that nothing has been read so far. Incidents appear here by
        themselves.
      </p>
      {states}
    </Notice>
  )
}

function More({
  shown,
  hasMore,
  loading,
  error,
  onMore,
  root,
}: {
  shown: number
  hasMore: boolean
  loading: boolean
  error: Error | null
  onMore: () => void
  root: Element | null
}) {
  const button = useRef<HTMLButtonElement>(null)
  const more = useRef(onMore)
  useEffect(() => {
    more.current = onMore
  })
  useEffect(() => {
    // Loading by scrolling; after an error only the button tries again.
    if (!hasMore || loading || error !== null || button.current === null) return
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) more.current()
      },
      { root, rootMargin: '400px' },
    )
    observer.observe(button.current)
    return () => observer.disconnect()
  }, [hasMore, loading, error, root])
  return (
    <footer className="list-foot">
      {hasMore ? (
        <>
          {error !== null && <p role="alert">The next incidents did not load: {error.message}</p>}
          <button
            ref={button}
            type="button"
            className="btn btn-sm btn-filter"
            onClick={onMore}
            disabled={loading}
          >
            {loading ? 'Loading…' : 'Load more'}
          </button>
        </>
      ) : (
        <p>That is all: {number(shown)}.</p>
      )}
    </footer>
  )
}
