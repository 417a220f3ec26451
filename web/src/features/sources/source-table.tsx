// Every source with its state, last success and last error, worst first.

import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { sourceList } from '../../api/source-list'
import type { SourceOut } from '../../api/types'
import { useDisplay } from '../../ui/display'
import { count, exact, sentence, span } from '../../ui/format'
import { ErrorNotice, Notice } from '../../ui/notice'
import { OutLink } from '../../ui/out-link'
import { Skeleton } from '../../ui/skeleton'
import { TimeAgo } from '../../ui/time-ago'
import { byNeed, stateWords } from './health'

export function SourceTable({
  actions,
}: {
  /** What can be done about a source; nothing where the list is only looked at. */
  actions?: (source: SourceOut) => ReactNode
}) {
  const { data, error, refetch, isFetching } = useQuery(sourceList())
  const steady = useSteadyOrder()
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
          Add one by its address under Sources, or with <code>prahari sources add</code>.
        </p>
      </Notice>
    )
  return (
    <>
      {data.concerns.map((concern) => (
        <p key={concern.kind} className="source-error">
          {concern.text}
        </p>
      ))}
      <ul className="sources" aria-label="Sources">
        {(actions === undefined ? byNeed(data.sources) : steady(data.sources)).map((source) => (
          <Source key={source.id} source={source} actions={actions?.(source)} />
        ))}
      </ul>
    </>
  )
}

/** Worst first when the list is opened, and then as it was: nothing moves away from
 *  under the hand that switches it. What is new stands on top. */
function useSteadyOrder() {
  const [places] = useState(() => new Map<string, number>())
  return (sources: readonly SourceOut[]) => {
    const first = places.size === 0
    byNeed(sources).forEach(({ id }) => {
      if (!places.has(id)) places.set(id, first ? places.size : -places.size)
    })
    const place = ({ id }: SourceOut) => places.get(id) ?? 0
    return [...sources].sort((a, b) => place(a) - place(b))
  }
}

function Source({ source, actions }: { source: SourceOut; actions: ReactNode }) {
  const { zone } = useDisplay()
  return (
    <li className={actions === undefined ? 'source' : 'source source-managed'}>
      <div className="source-head">
        <OutLink to={source.url} className="source-name">
          {source.name}
        </OutLink>
        <span className={`source-state health-${source.state}`}>{stateWords[source.state]}</span>
      </div>
      <div className="source-facts">
        {source.last_success == null ? (
          source.state !== 'off' && <span>no success yet</span>
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
        {source.typical_gap_seconds != null && (
          <span>usually every {span(source.typical_gap_seconds * 1000)}</span>
        )}
        <span>{count(source.items, 'item')}</span>
        {source.failures > 0 && <span>failed {count(source.failures, 'time')} in a row</span>}
      </div>
      {source.breaker === 'open' && source.next_poll != null && (
        <p className="source-error">
          It keeps failing and is only probed; next try {exact(source.next_poll, zone)}.
        </p>
      )}
      {source.concerns.map((concern) => (
        <p key={concern.kind} className="source-error">
          {concern.text}
        </p>
      ))}
      {source.error != null && <p className="source-error">{source.error}</p>}
      {source.problems > 0 && (
        <p className="source-error">
          {count(source.problems, 'entry', 'entries')} could not be read
          {source.problem != null && <>: {source.problem}</>}
        </p>
      )}
      {source.why_off != null && (
        <p className="source-why">
          {sentence(source.why_off)}.
          {source.switched_on_by.length > 0 && (
            <>
              {' '}
              Set{' '}
              {source.switched_on_by.map((variable, index) => (
                <span key={variable}>
                  {index > 0 && ', '}
                  <code>{variable}</code>
                </span>
              ))}{' '}
              in <code>.env</code> and start again to switch it on.
            </>
          )}
        </p>
      )}
      {actions}
    </li>
  )
}
