// The search box in the top line. It writes to the address, 250 ms after the last
// key; what the address says elsewhere (a chip removed, Back) comes back into it.

import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useId, useRef, useState } from 'react'
import { paths } from '../../paths'
import { useDisplay } from '../../ui/display'
import { useKeys } from '../../ui/keys'
import { filterFromSearch, searchFromFilter } from './filter'
import { searchWords } from './search-words'

const TYPING_MS = 250

/** From here on list and incident stand side by side (ui.md). */
const SIDE_BY_SIDE = '(min-width: 1200px)'

export function SearchBox() {
  const filter = filterFromSearch(useSearch({ strict: false }))
  const navigate = useNavigate()
  const { zone } = useDisplay()
  const q = filter.q ?? ''
  const [text, setText] = useState(q)
  const [problem, setProblem] = useState<string>()
  const input = useRef<HTMLInputElement>(null)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const written = useRef(q)
  const hint = useId()

  useEffect(() => {
    // Our own writing comes back here too, when the reader has typed on: leave it.
    if (q !== written.current) {
      written.current = q
      setText(q)
      setProblem(undefined)
    }
  }, [q])
  useEffect(() => () => clearTimeout(timer.current), [])
  useKeys({
    '/': () => {
      input.current?.focus()
      input.current?.select()
    },
  })

  const search = (text: string, done: boolean) => {
    clearTimeout(timer.current)
    timer.current = undefined
    const words = searchWords(text, done, zone)
    setProblem(words.problem)
    const { q: _, ...others } = filter
    const next = { ...others, ...words.set, ...(words.rest === '' ? {} : { q: words.rest }) }
    if (Object.keys(words.set).length > 0) setText(words.rest === '' ? '' : `${words.rest} `)
    written.current = words.rest
    void navigate({
      to: window.matchMedia(SIDE_BY_SIDE).matches ? '.' : paths.incidents,
      search: searchFromFilter(next),
      replace: true,
    })
  }

  return (
    <div className="search" role="search">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          search(text, true)
        }}
      >
        <input
          ref={input}
          type="search"
          className="form-control form-control-sm"
          aria-label="Search incidents"
          aria-describedby={problem === undefined ? undefined : hint}
          aria-keyshortcuts="/"
          placeholder="Search, or severity:high region:IN"
          autoComplete="off"
          spellCheck={false}
          maxLength={300}
          value={text}
          onChange={(event) => {
            const value = event.target.value
            setText(value)
            clearTimeout(timer.current)
            timer.current = setTimeout(() => search(value, false), TYPING_MS)
          }}
          onBlur={() => {
            // What is still waiting happens before whatever the reader turned to.
            if (timer.current !== undefined) search(text, false)
          }}
          onKeyDown={(event) => {
            if (event.key === 'Escape') event.currentTarget.blur()
          }}
        />
      </form>
      {problem !== undefined && (
        <p id={hint} className="search-problem" role="status">
          Searched as text: {problem}.
        </p>
      )}
    </div>
  )
}
