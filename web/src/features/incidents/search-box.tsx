// The search box in the top line: it speaks the query language (docs/queries.md).
// While somebody types, only what can be read reaches the address, 250 ms after
// the last key: a half-written word must not empty the list. Enter is the reader's
// word: it goes there as it stands. What the address says elsewhere (Back, a saved
// search) comes back into the box.

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react'
import { isMistake } from '../../api/client'
import type { Offer } from '../../api/types'
import { paths } from '../../paths'
import { cut, pointAt } from '../../ui/code-points'
import { useKeys } from '../../ui/keys'
import {
  filterFromSearch,
  type IncidentFilter,
  QUERY_MAX,
  queryTextOf,
  searchFromFilter,
} from './filter'
import { SavedSearches } from './saved-searches'
import { SearchMistake } from './search-mistake'
import { offerId, SearchOffers } from './search-offers'
import { explanation } from './search-queries'
import { useOffers } from './use-offers'

const TYPING_MS = 250

/** A mistake is no news while its word is being written. */
const MISTAKE_MS = 1_200

/** From here on list and incident stand side by side (ui.md). */
const SIDE_BY_SIDE = '(min-width: 1200px)'

export function SearchBox() {
  const filter = filterFromSearch(useSearch({ strict: false }))
  const { id: open } = useParams({ strict: false })
  const navigate = useNavigate()
  const client = useQueryClient()
  const q = filter.q ?? ''
  const [text, setText] = useState(q)
  /** What was last asked about; its mistake is told once the reader pauses. */
  const [asked, setAsked] = useState(q)
  const [paused, setPaused] = useState(true)
  const input = useRef<HTMLInputElement>(null)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const pause = useRef<ReturnType<typeof setTimeout>>(undefined)
  const written = useRef(q)
  /** Counts searches: an answer about one before the last changes nothing. */
  const turn = useRef(0)
  const waiting = useRef(false)
  const now = useRef(filter)
  const ids = { offers: useId(), mistake: useId(), sentence: useId() }
  const { offers, marked, lookFrom, close, step, take } = useOffers()
  const said = useQuery({ ...explanation(asked), enabled: asked !== '' })

  useEffect(() => {
    now.current = filter
  })
  useEffect(() => {
    // Our own writing comes back here too, when the reader has typed on: leave it.
    if (q === written.current) return
    written.current = q
    turn.current += 1
    waiting.current = false
    clearTimeout(timer.current)
    timer.current = undefined
    setText(q)
    setAsked(q)
    setPaused(true)
  }, [q])
  useEffect(
    () => () => {
      clearTimeout(timer.current)
      clearTimeout(pause.current)
    },
    [],
  )
  useKeys({
    '/': () => {
      input.current?.focus()
      input.current?.select()
    },
  })

  const go = (next: IncidentFilter) => {
    written.current = next.q ?? ''
    const beside = open !== undefined && window.matchMedia(SIDE_BY_SIDE).matches
    void navigate({
      to: beside ? '.' : paths.incidents,
      search: searchFromFilter(next),
      replace: true,
    })
  }
  const search = async (text: string, done: boolean) => {
    clearTimeout(timer.current)
    timer.current = undefined
    turn.current += 1
    const mine = turn.current
    const query = text.trim()
    setAsked(query)
    waiting.current = !done && query !== ''
    if (waiting.current) {
      const mistaken = await client.fetchQuery(explanation(query)).then(() => false, isMistake)
      if (mine !== turn.current) return
      waiting.current = false
      if (mistaken) return
    }
    go({ ...now.current, q: query })
  }
  const write = (value: string) => {
    setText(value)
    setPaused(false)
    clearTimeout(timer.current)
    clearTimeout(pause.current)
    timer.current = setTimeout(() => void search(value, false), TYPING_MS)
    pause.current = setTimeout(() => setPaused(true), MISTAKE_MS)
  }
  const finish = (text: string) => {
    clearTimeout(pause.current)
    setPaused(true)
    close()
    void search(text, true)
  }
  const onTake = (offer: Offer) => {
    const taken = take(offer)
    const box = input.current
    if (taken === undefined || box === null) return
    write(taken.text)
    // The cursor goes behind the offer; React would put it at the end.
    box.value = taken.text
    const [before] = cut(taken.text, taken.at, taken.at)
    box.setSelectionRange(before.length, before.length)
    box.focus()
    if (taken.isField) lookFrom(taken.text, taken.at)
    else close()
  }
  const lookAround = (box: HTMLInputElement, byHand = false) =>
    lookFrom(box.value, pointAt(box.value, box.selectionStart ?? box.value.length), byHand)
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.nativeEvent.isComposing) return
    const offer = offers[marked]
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      if (offering) step(event.key === 'ArrowDown' ? 1 : -1)
      else if (event.key === 'ArrowDown') lookAround(event.currentTarget, true)
    } else if ((event.key === 'Enter' || event.key === 'Tab') && offer !== undefined) {
      event.preventDefault()
      onTake(offer)
    } else if (event.key === 'Escape') {
      event.preventDefault()
      if (offering) close()
      else if (telling) setPaused(false)
      else event.currentTarget.blur()
    } else if (/^(Arrow(Left|Right)|Home|End)$/.test(event.key)) close()
  }

  const current = text.trim() === asked && asked !== ''
  const mistake = current && isMistake(said.error) ? said.error.problem : undefined
  const sentence = current ? said.data?.sentence : undefined
  const offering = offers.length > 0
  const telling = mistake !== undefined && paused && !offering
  return (
    <div className="search" role="search">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          finish(text)
        }}
      >
        <input
          ref={input}
          type="text"
          role="combobox"
          inputMode="search"
          enterKeyHint="search"
          className="form-control form-control-sm"
          aria-label="Search incidents"
          aria-expanded={offering}
          aria-controls={ids.offers}
          aria-autocomplete="list"
          aria-activedescendant={offering && marked >= 0 ? offerId(ids.offers, marked) : undefined}
          aria-invalid={telling}
          aria-describedby={telling ? ids.mistake : ids.sentence}
          aria-keyshortcuts="/"
          title={sentence === undefined ? undefined : `Incidents where ${sentence}.`}
          placeholder="Search, or severity:high region:IN"
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          maxLength={QUERY_MAX}
          value={text}
          onChange={(event) => {
            write(event.target.value)
            lookAround(event.target)
          }}
          onClick={close}
          onBlur={() => {
            close()
            // What is still waiting happens before whatever the reader turned to.
            if (timer.current !== undefined || waiting.current) void search(text, true)
          }}
          onKeyDown={onKeyDown}
        />
        <span id={ids.sentence} className="visually-hidden">
          {sentence !== undefined && `Incidents where ${sentence}.`}
        </span>
      </form>
      <SavedSearches
        query={queryTextOf(filter)}
        onApply={(q) => {
          turn.current += 1
          setText(q)
          setAsked(q)
          go(filter.order === undefined ? { q } : { q, order: filter.order })
        }}
      />
      {offering && (
        <SearchOffers
          id={ids.offers}
          offers={offers}
          marked={marked}
          sentence={sentence}
          onTake={onTake}
        />
      )}
      {telling && (
        <SearchMistake
          id={ids.mistake}
          text={asked}
          problem={mistake}
          onApply={(text) => {
            setText(text)
            finish(text)
            input.current?.focus()
          }}
        />
      )}
    </div>
  )
}
