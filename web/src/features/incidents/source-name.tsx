// A source by its name, with a word when it has gone stale: what it says may be
// old on every screen that shows it.

import { useQuery } from '@tanstack/react-query'
import { sourceList } from '../../api/source-list'
import type { SourceOut } from '../../api/types'

/** States in which what a source says may be old, or not all. */
const stale: Partial<Record<SourceOut['state'], string>> = {
  failing: 'failing',
  gone: 'gone',
  late: 'late',
  silent: 'quieter than usual',
}

export function SourceName({ id }: { id: string }) {
  const source = useQuery(sourceList()).data?.sources.find((source) => source.id === id)
  return <>{source?.name ?? id}</>
}

export function SourceStale({ id }: { id: string }) {
  const source = useQuery(sourceList()).data?.sources.find((source) => source.id === id)
  const word = source === undefined ? undefined : stale[source.state]
  if (word === undefined) return null
  return <span className="stale">source {word}</span>
}
