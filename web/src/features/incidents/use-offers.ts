// What may be written next in the search box: asked for shortly after the last
// key, shown while it fits what is written, marked by the arrow keys.

import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import type { Offer } from '../../api/types'
import { cut } from '../../ui/code-points'
import { completion, type Offered } from './search-queries'

/** Shorter than a search waits: an offer is for the next key. */
const OFFER_MS = 120

interface Place {
  text: string
  /** Where the cursor stands, in code points. */
  at: number
  /** The reader asked, rather than typed: then all that may stand here is offered. */
  asked: boolean
}

export function useOffers() {
  const [place, setPlace] = useState<Place>()
  const [wanted, setWanted] = useState<Place>()
  const [marked, setMarked] = useState(-1)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])
  const { data } = useQuery({
    ...completion(wanted?.text ?? '', wanted?.at ?? 0),
    enabled: wanted !== undefined,
  })
  const offers =
    place === undefined || wanted === undefined || data === undefined ? [] : fitting(data, place)
  return {
    offers,
    marked,
    /** The reader is at this place. */
    lookFrom: (text: string, at: number, asked = false) => {
      const next = { text, at, asked }
      setPlace(next)
      setMarked(-1)
      clearTimeout(timer.current)
      timer.current = setTimeout(() => setWanted(next), asked ? 0 : OFFER_MS)
    },
    close: () => {
      clearTimeout(timer.current)
      setPlace(undefined)
      setWanted(undefined)
      setMarked(-1)
    },
    /** Marks the next or the one before; past either end is none. */
    step: (by: 1 | -1) => {
      const count = offers.length + 1
      setMarked(((marked + 1 + by + count) % count) - 1)
    },
    /** The text with an offer written into it, and where the cursor stands then. */
    take: (offer: Offer): { text: string; at: number; isField: boolean } | undefined => {
      if (place === undefined || data === undefined) return undefined
      const [before, , behind] = cut(place.text, data.start, place.at)
      const isField = data.expected === 'field'
      // After a value comes the next word; after a field its value.
      const written = isField || behind !== '' ? offer.text : `${offer.text} `
      const text = before + written + behind
      return { text, at: data.start + [...written].length, isField }
    },
  }
}

/** The offers that still fit: an answer may be about a text of some keys ago. */
function fitting(found: Offered, place: Place): readonly Offer[] {
  const [stem] = cut(found.text, found.at, found.at)
  const [now] = cut(place.text, place.at, place.at)
  if (!now.startsWith(stem)) return []
  const typedSince = now.slice(stem.length)
  if (/[\s():=<>,"]/.test(typedSince)) return []
  const [, written] = cut(place.text, found.start, place.at)
  // All fields after every blank would be noise.
  if (written === '' && found.expected === 'field' && !place.asked) return []
  const begun = written.replace(/^"/, '').toLowerCase()
  return found.offers.filter(
    ({ text, about }) =>
      text !== written && (typedSince === '' || `${text} ${about}`.toLowerCase().includes(begun)),
  )
}
