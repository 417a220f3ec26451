// The rows of the list, however many there are: only those in sight, and a few
// around them, are in the page. Two more stay in it wherever the reader scrolls: the
// open one, and the one last focused or opened, so that focus is never lost. Each
// says its place in the whole (aria-rowindex), so that a screen reader counts right,
// and they stand in the page in their order, so that Tab goes from row to row.

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useVirtualizer } from '@tanstack/react-virtual'
import {
  type ReactNode,
  type RefObject,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react'
import { flushSync } from 'react-dom'
import type { IncidentSummary } from '../../api/types'
import { useKeys } from '../../ui/keys'
import type { IncidentFilter } from './filter'
import { IncidentRow } from './incident-row'
import { listPlace } from './list-queries'
import { useRowLinks } from './row-links'

/** Rows above and below those in sight: a turn of the wheel shows no gap. */
const AROUND = 12

/** Until a row has been measured. */
const ROW_HEIGHT = 36

const columns = [
  ['severity', 'Severity'],
  ['title', 'Incident'],
  ['type', 'Type'],
  ['place', 'Place'],
  ['sources', 'Sources'],
  ['items', 'Items'],
  ['status', 'Status'],
  ['time', 'Last seen'],
] as const

export function IncidentRows({
  shown,
  filter,
  open,
  total,
  scroller,
  onLast,
  children,
}: {
  shown: readonly IncidentSummary[]
  filter: IncidentFilter
  open: string | undefined
  /** How many there are in all; unset when they were not counted to the end. */
  total: number | undefined
  scroller: RefObject<HTMLDivElement | null>
  /** The keyboard has come to the last row. */
  onLast: () => void
  /** What stands below the last row. */
  children: ReactNode
}) {
  const rows = useRef<HTMLDivElement>(null)
  const places = useMemo(
    () => new Map(shown.map((incident, index) => [incident.id, index])),
    [shown],
  )
  const [last, setLast] = useState({ id: open, open })
  if (last.open !== open) setLast({ id: open ?? last.id, open })
  const stood = useRef(-1)
  useEffect(() => {
    stood.current = places.get(last.id ?? '') ?? stood.current
  }, [places, last.id])
  const { height, above } = useSizes(scroller, rows)
  const top = usePlace(filter, scroller)
  const virtual = useVirtualizer({
    count: shown.length,
    getScrollElement: () => scroller.current,
    getItemKey: useCallback((index: number) => shown[index]?.id ?? index, [shown]),
    estimateSize: () => height,
    overscan: AROUND,
    scrollMargin: above,
    initialOffset: top,
    useFlushSync: false,
  })
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows of another height lie elsewhere
  useLayoutEffect(() => virtual.measure(), [virtual, height])

  const inPage = new Set(virtual.getVirtualItems().map(({ index }) => index))
  for (const id of [last.id, open]) {
    const index = id === undefined ? undefined : places.get(id)
    if (index !== undefined) inPage.add(index)
  }
  const focusOn = (incident: IncidentSummary) => {
    flushSync(() => setLast({ id: incident.id, open }))
    rows.current?.querySelector<HTMLElement>(`[data-row="${CSS.escape(incident.id)}"]`)?.focus()
  }
  const { search, handlers } = useRowLinks()
  const step = (by: 1 | -1) => {
    const focused = (document.activeElement as HTMLElement | null)?.dataset.row
    const here = places.get(focused ?? open ?? last.id ?? '')
    // One that was dismissed or merged has left: the next one stands where it was.
    const at = here ?? (by > 0 ? stood.current - 1 : stood.current)
    const to = Math.min(Math.max(at + by, 0), shown.length - 1)
    const next = shown[to]
    if (next !== undefined) focusOn(next)
    if (to === shown.length - 1) onLast()
  }
  useKeys({ j: () => step(1), k: () => step(-1) })
  return (
    <div className="list-scroll" ref={scroller}>
      <div
        role="table"
        aria-label="Incidents"
        aria-rowcount={total === undefined ? -1 : total + 1}
        onFocus={({ target }) => {
          const id = target.dataset.row
          if (id !== undefined && id !== last.id) setLast({ id, open })
        }}
      >
        <div role="rowgroup">
          <div role="row" className="row-grid list-columns" aria-rowindex={1}>
            {columns.map(([name, word]) => (
              <span key={name} role="columnheader" className={`cell-${name}`}>
                {word}
              </span>
            ))}
          </div>
        </div>
        <div
          role="rowgroup"
          className="list-rows"
          ref={rows}
          style={{ height: shown.length * height }}
          {...handlers}
        >
          {[...inPage]
            .sort((a, b) => a - b)
            .map((index) => {
              const incident = shown[index]
              return (
                incident !== undefined && (
                  <IncidentRow
                    key={incident.id}
                    incident={incident}
                    index={index + 2}
                    top={index * height}
                    search={search}
                    open={incident.id === open}
                  />
                )
              )
            })}
        </div>
      </div>
      {children}
    </div>
  )
}

/** How high a row is, and what stands above the first: both follow the width of the pane. */
function useSizes(
  scroller: RefObject<HTMLDivElement | null>,
  rows: RefObject<HTMLDivElement | null>,
) {
  const [sizes, setSizes] = useState({ height: ROW_HEIGHT, above: 0 })
  useLayoutEffect(() => {
    const [pane, inner] = [scroller.current, rows.current]
    if (pane === null || inner === null) return
    const look = () => {
      const height = inner.querySelector<HTMLElement>('[role=row]')?.offsetHeight ?? 0
      // Hidden behind an incident it measures nothing, and stays as it was.
      if (height === 0) return
      const above =
        inner.getBoundingClientRect().top - pane.getBoundingClientRect().top + pane.scrollTop
      setSizes((was) => (was.height === height && was.above === above ? was : { height, above }))
    }
    look()
    const observer = new ResizeObserver(look)
    observer.observe(pane)
    // The first row comes only when the pane has been measured.
    observer.observe(inner)
    return () => observer.disconnect()
  }, [scroller, rows])
  return sizes
}

/** Where the reader left the list of this filter, and where they leave it now. */
function usePlace(filter: IncidentFilter, scroller: RefObject<HTMLDivElement | null>) {
  const client = useQueryClient()
  const { queryKey } = listPlace(filter)
  const left = useQuery(listPlace(filter)).data
  const key = useRef(queryKey)
  useEffect(() => {
    const pane = scroller.current
    let top = pane?.scrollTop ?? 0
    const note = () => {
      if (pane !== null && pane.clientHeight > 0) top = pane.scrollTop
    }
    pane?.addEventListener('scroll', note, { passive: true })
    return () => {
      pane?.removeEventListener('scroll', note)
      client.setQueryData(key.current, top)
    }
  }, [client, scroller])
  return left
}
