// What the sources are doing, for a list that has nothing in it yet: an empty
// screen must not look like a calm world.

import { useQuery } from '@tanstack/react-query'
import { sourceList } from '../../api/source-list'
import { count } from '../../ui/format'
import { SourceTable } from './source-table'

export function SourceStates() {
  const { data } = useQuery(sourceList())
  const waiting = data?.sources.filter((source) => source.state === 'not_reached').length ?? 0
  return (
    <div className="source-states">
      {waiting > 0 && <p>{count(waiting, 'source has', 'sources have')} not been reached yet.</p>}
      <SourceTable />
    </div>
  )
}
