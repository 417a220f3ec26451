// What may be written next, below the search box: the listbox of its combobox.
// Focus stays in the box; the box says which offer is marked.

import { useEffect, useRef } from 'react'
import type { Offer } from '../../api/types'
import { number } from '../../ui/format'

export const offerId = (list: string, index: number) => `${list}-${index}`

export function SearchOffers({
  id,
  offers,
  marked,
  sentence,
  onTake,
}: {
  id: string
  offers: readonly Offer[]
  /** Which is marked; -1 for none. */
  marked: number
  /** What the query means as it stands. */
  sentence: string | undefined
  onTake: (offer: Offer) => void
}) {
  const list = useRef<HTMLDivElement>(null)
  useEffect(() => {
    // Not scrollIntoView: that scrolls the page too.
    const box = list.current
    const option = box?.children[marked]
    if (box === null || !(option instanceof HTMLElement)) return
    const { offsetTop: top, offsetHeight: height } = option
    if (top < box.scrollTop) box.scrollTop = top
    else if (top + height > box.scrollTop + box.clientHeight)
      box.scrollTop = top + height - box.clientHeight
  }, [marked])
  return (
    <div className="search-panel">
      <div ref={list} id={id} role="listbox" aria-label="What may come next" className="offers">
        {offers.map((offer, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the box's own
          <div
            key={offer.text}
            id={offerId(id, index)}
            role="option"
            aria-selected={index === marked}
            className={index === marked ? 'offer offer-marked' : 'offer'}
            // The box keeps the focus.
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => onTake(offer)}
          >
            <span className="code">{offer.text}</span>
            <span className="offer-about">
              {/* "high: High" says nothing more. */}
              {offer.about.toLowerCase() !== offer.text && offer.about.replaceAll('`', '')}
              {offer.incidents !== null &&
                `${number(offer.incidents)} ${offer.incidents === 1 ? 'incident' : 'incidents'}`}
            </span>
          </div>
        ))}
      </div>
      {sentence !== undefined && <p className="search-sentence">Incidents where {sentence}.</p>}
    </div>
  )
}
