// Every source with its state, last success and last error, worst first.

import { useQuery } from '@tanstack/react-query'
import { sourceList } from '../../api/source-list'
import type { SourceOut } from '../../api/types'
import { count } from '../../ui/format'
import { ErrorNotice, Notice } from '../../ui/notice'
import { OutLink } from '../../ui/out-link'
import { Skeleton } from '../../ui/skeleton'
import { TimeAgo } from '../../ui/time-ago'
import { byNeed, stateWords } from './health'

export function SourceTable() {
  const { data, error, refetch, isFetching } = useQuery(sourceList())
  if (data === undefined) {
    if (error !== null)
      return (
        <ErrorNotice
          title="The state of the sources is not known"
          error={error}
          onRetry={() => void refetch()}
          retrying={isFetching}
        />
      )
    return (
      <ul className="sources" aria-label="Sources" aria-busy="true">
        {[3, 4, 2, 3, 4].map((width, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: five grey lines have no other name
          <li key={index} className="source">
            <Skeleton width={width as 2 | 3 | 4} />
            <Skeleton width={2} />
          </li>
        ))}
      </ul>
    )
  }
  if (data.sources.length === 0)
    return (
      <Notice title="No sources are configured">
        <p>
          Add some to <code>prahari.toml</code>: one <code>[[sources]]</code> table each.
        </p>
      </Notice>
    )
  return (
    <ul className="sources" aria-label="Sources">
      {byNeed(data.sources).map((source) => (
        <Source key={source.id} source={source} />
      ))}
    </ul>
  )
}

function Source({ source }: { source: SourceOut }) {
  return (
    <li className="source">
      <div className="source-head">
        <OutLink to={source.url} className="source-name">
          {source.name}
        </OutLink>
        <span className={`source-state health-${source.state}`}>{stateWords[source.state]}</span>
      </div>
      <div className="source-facts">
        {source.last_success == null ? (
          <span>{source.state === 'off' ? 'switched off' : 'no success yet'}</span>
        ) : (
          <span>
            read <TimeAgo at={source.last_success} />
          </span>
        )}
        {source.last_item != null && (
          <span>
            last news <TimeAgo at={source.last_item} />
          </span>
        )}
        <span>{count(source.items, 'item')}</span>
        {source.failures > 0 && <span>failed {count(source.failures, 'time')} in a row</span>}
      </div>
      {source.error != null && <p className="source-error">{source.error}</p>}
      {source.problems > 0 && (
        <p className="source-error">
          {count(source.problems, 'entry', 'entries')} could not be read
          {source.problem != null && <>: {source.problem}</>}
        </p>
      )}
    </li>
  )
}
