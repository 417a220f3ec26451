// Opening rows. A row's link is a plain anchor, because each of the router's own links
// watches the address and works out its target anew whenever that changes: forty in
// sight took half the time of opening one. One set of handlers serves them all, and
// does what the router's links do: a plain click navigates, pointing at one fetches it.

import { useLocation, useNavigate, useRouter } from '@tanstack/react-router'
import { type MouseEvent, type SyntheticEvent, useEffect, useRef } from 'react'
import { paths } from '../../paths'

/** As the router's own links wait: a pointer that crosses a row means nothing. */
const INTENT_MS = 60

export function useRowLinks() {
  const router = useRouter()
  const navigate = useNavigate()
  const search = useLocation({ select: ({ searchStr }) => searchStr })
  const intent = useRef<{ id: string; timer: ReturnType<typeof setTimeout> }>(undefined)
  useEffect(() => () => clearTimeout(intent.current?.timer), [])
  const onIntent = ({ target }: SyntheticEvent) => {
    const id = rowOf(target)
    if (id === intent.current?.id) return
    clearTimeout(intent.current?.timer)
    intent.current = id === undefined ? undefined : { id, timer: setTimeout(fetch, INTENT_MS, id) }
  }
  const fetch = (id: string) => {
    void router.preloadRoute({ to: paths.incident, params: { id }, search: true })
  }
  const onClick = (event: MouseEvent) => {
    const id = rowOf(event.target)
    const plain = !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
    if (id === undefined || event.button !== 0 || !plain || event.defaultPrevented) return
    event.preventDefault()
    void navigate({ to: paths.incident, params: { id }, search: true })
  }
  return {
    /** What stands behind `/incidents/ID` in a row's address. */
    search,
    handlers: { onClick, onMouseOver: onIntent, onTouchStart: onIntent, onFocus: onIntent },
  }
}

/** The incident whose row holds this element. */
function rowOf(target: EventTarget): string | undefined {
  const row = target instanceof Element ? target.closest('[role=row]') : null
  return row?.querySelector<HTMLElement>('[data-row]')?.dataset.row
}
