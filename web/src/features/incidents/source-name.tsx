// A source by its name, with a word when it has gone stale: what it says may be
// old on every screen that shows it.

import { useQuery } from '@tanstack/react-query'
import { sourceList } from '../../api/source-list'

export function SourceName({ id }: { id: string }) {
  const source = useQuery(sourceList()).data?.sources.find((source) => source.id === id)
  return <>{source?.name ?? id}</>
}

export function SourceStale({ id }: { id: string }) {
  const source = useQuery(sourceList()).data?.sources.find((source) => source.id === id)
  if (source?.state !== 'failing' && source?.state !== 'late') return null
  return <span className="stale">source {source.state}</span>
}
