// The list: filters, the bar of what is new, rows, and more of them on demand.

import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { type ReactNode, type RefObject, useEffect, useMemo, useRef } from 'react'
import { isMistake } from '../../api/client'
import { count, number } from '../../ui/format'
import { useKeys } from '../../ui/keys'
import { ErrorNotice, Notice } from '../../ui/notice'
import { Skeleton } from '../../ui/skeleton'
import { fits, type IncidentFilter, narrowedBy } from './filter'
import { FilterBar } from './filter-bar'
import { IncidentRows } from './incident-rows'
import { dismissedPeek, incidentList } from './list-queries'
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
  const scroller = useRef<HTMLDivElement>(null)
  // The last page knows how many there are; before it the first tells what all agree on.
  const counted = list.hasNextPage ? list.data?.pages[0] : list.data?.pages.at(-1)
  const { shown, left } = useMemo(() => {
    const all = list.data?.pages.flatMap((page) => page.incidents)
    if (all === undefined) return { shown: undefined, left: 0 }
    // While one page loads, an incident may move onto it from another: show it once.
    const once = [...new Map(all.map((incident) => [incident.id, incident])).values()]
    // What was dismissed, or called less severe, leaves a list that does not ask for it.
    const shown = once.filter((incident) => fits(filter, incident))
    return { shown, left: once.length - shown.length }
  }, [list.data, filter])
  const { news, show } = useNews(filter, shown)
  const showNews = () => {
    show()
    scroller.current?.scrollTo({ top: 0 })
  }
  useKeys({
    n: () => {
      if (news !== undefined) showNews()
    },
  })
  const more = () => {
    if (list.hasNextPage && !list.isFetching) void list.fetchNextPage()
  }
  // All that was loaded has left: the next ones come up.
  const bare = shown?.length === 0 && list.hasNextPage && !list.isFetchNextPageError
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each page that came
  useEffect(() => {
    if (bare) more()
  }, [bare, list.data])
  // An estimate may say less than is shown.
  const total =
    counted === undefined ? undefined : Math.max(counted.total - left, shown?.length ?? 0)
  const Heading = open === undefined ? 'h1' : 'h2'
  return (
    <>
      <header className="list-head">
        <Heading className="list-title">
          Incidents{' '}
          {counted !== undefined && total !== undefined && (
            <span className="total">
              {counted.total_exact ? '' : 'about '}
              {number(total)}
            </span>
          )}
        </Heading>
        <FilterBar filter={filter} onChange={onFilter} />
      </header>
      <div className="list-body">
        {news !== undefined && shown?.length !== 0 && <NewBar news={news} onShow={showNews} />}
        {shown !== undefined && shown.length > 0 ? (
          <IncidentRows
            key={JSON.stringify(filter)}
            shown={shown}
            filter={filter}
            open={open}
            total={counted?.total_exact ? total : undefined}
            scroller={scroller}
            onLast={more}
          >
            <More
              shown={shown.length}
              hasMore={list.hasNextPage}
              loading={list.isFetchingNextPage}
              error={list.isFetchNextPageError ? list.error : null}
              onMore={() => void list.fetchNextPage()}
              scroller={scroller}
            />
          </IncidentRows>
        ) : (
          <div className="list-scroll">
            {bare ? (
              <Loading />
            ) : shown !== undefined ? (
              <Empty filter={filter} states={states} onFilter={onFilter} />
            ) : isMistake(list.error) ? (
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
            )}
          </div>
        )}
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
  return <NoneOpen states={states} onFilter={onFilter} />
}

/** Nothing was read so far, or all of it was dismissed: the two must not be mixed up. */
function NoneOpen({
  states,
  onFilter,
}: {
  states: ReactNode
  onFilter: (filter: IncidentFilter) => void
}) {
  const { data: dismissed } = useQuery(dismissedPeek())
  if (dismissed !== undefined && dismissed.total > 0)
    return (
      <Notice title="No incident is open">
        <p>{`${count(dismissed.total, 'incident is', 'incidents are')} dismissed.`}</p>
        <button
          type="button"
          className="btn btn-sm btn-primary"
          onClick={() => onFilter({ status: ['dismissed'] })}
        >
          Show the dismissed
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
  scroller,
}: {
  shown: number
  hasMore: boolean
  loading: boolean
  error: Error | null
  onMore: () => void
  scroller: RefObject<HTMLDivElement | null>
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
      { root: scroller.current, rootMargin: '400px' },
    )
    observer.observe(button.current)
    return () => observer.disconnect()
  }, [hasMore, loading, error, scroller])
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
