// Why a search cannot be read: the search once more, letter below letter, with the
// wrong stretch marked, and what was probably meant as a button.

import type { Problem } from '../../api/types'
import { cut } from '../../ui/code-points'

/** Why, as a sentence; what was probably meant is said apart from it. */
export function mistakeWords({ detail, suggestion }: Problem): string {
  const tail = `; did you mean \`${suggestion}\`?`
  const why = detail.endsWith(tail) ? detail.slice(0, -tail.length) : detail
  return `${why.charAt(0).toUpperCase()}${why.slice(1)}.`.replaceAll('`', '')
}

export function SearchMistake({
  id,
  text,
  problem,
  onApply,
}: {
  id: string
  /** What was asked: places are counted in it. */
  text: string
  problem: Problem
  onApply: (text: string) => void
}) {
  const { start, end, suggestion } = problem
  const [before, wrong, behind] = cut(text, start ?? 0, end ?? 0)
  return (
    <div className="search-panel search-mistake">
      <div id={id} role="status">
        {start !== null && (
          <p className="mistake-text">
            {before}
            {/* Something is missing: the place where it belongs is marked. */}
            <mark className="mistake">{wrong === '' ? '\u00a0' : wrong}</mark>
            {behind}
          </p>
        )}
        <p>{mistakeWords(problem)}</p>
      </div>
      {suggestion !== null && (
        <p>
          Did you mean{' '}
          <button
            type="button"
            className="btn btn-sm btn-link"
            // Leaving the box would search for what is wrong.
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => onApply(before + suggestion + behind)}
          >
            <span className="code">{suggestion}</span>
          </button>
          ?
        </p>
      )}
    </div>
  )
}
