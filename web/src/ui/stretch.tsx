// A list that is read from its beginning and may be long: so many at first, the rest a
// stretch at a time. What people search for with the browser stays where it stands.

import { type ReactNode, useState } from 'react'
import { number } from './format'

export function Stretch<T>({
  of,
  at,
  list,
}: {
  of: readonly T[]
  /** How many are shown at first, and more at each press. */
  at: number
  /** The list around those that are shown. */
  list: (shown: readonly T[]) => ReactNode
}) {
  const [shown, setShown] = useState(at)
  const rest = of.length - shown
  return (
    <>
      {list(of.slice(0, shown))}
      {rest > 0 && (
        <p className="more">
          <button
            type="button"
            className="btn btn-sm btn-action"
            onClick={() => setShown(shown + at)}
          >
            {rest > at ? `Show ${number(at)} more of ${number(rest)}` : `Show ${number(rest)} more`}
          </button>
        </p>
      )}
    </>
  )
}
