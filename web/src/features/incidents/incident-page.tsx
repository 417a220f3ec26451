// One incident: left the story, right the facts, why, and who was told.

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { ApiError } from '../../api/client'
import { liveChanges } from '../../api/live'
import type { IncidentDetail, Reason } from '../../api/types'
import { paths } from '../../paths'
import { count } from '../../ui/format'
import { ErrorNotice, Notice } from '../../ui/notice'
import { Skeleton } from '../../ui/skeleton'
import { Alerts } from './alerts'
import { incidentDetail, incidentDetailPeek } from './detail-queries'
import { Facts } from './facts'
import { Story } from './story'
import { Timeline } from './timeline'
import { Why } from './why'

export function IncidentPage() {
  const { id = '' } = useParams({ strict: false })
  const { data, error, refetch, isFetching } = useQuery(incidentDetail(id))
  const pane = useRef<HTMLElement>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: another incident starts at its top
  useEffect(() => {
    pane.current?.scrollTo({ top: 0 })
  }, [id])
  return (
    <section className="detail-pane" aria-label="Incident" ref={pane}>
      <div className="detail-bar">
        <Link
          to={paths.incidents}
          search={true}
          activeOptions={{ exact: true }}
          className="btn btn-sm btn-quiet"
        >
          <span className="back-narrow">‹ Incidents</span>
          <span className="back-wide">Close</span>
        </Link>
      </div>
      {data !== undefined ? (
        <Incident key={id} incident={data} />
      ) : error instanceof ApiError && error.status === 404 ? (
        <Notice title="There is no such incident">
          <p>It may have been merged into another, or the address is not whole.</p>
        </Notice>
      ) : error !== null ? (
        <ErrorNotice
          title="The incident did not load"
          error={error}
          onRetry={() => void refetch()}
          retrying={isFetching}
        />
      ) : (
        <Loading />
      )}
    </section>
  )
}

function Incident({ incident }: { incident: IncidentDetail }) {
  // The reason under the pointer, lit in whichever texts it rests on.
  const [lit, setLit] = useState<Reason>()
  return (
    <article className="detail">
      <title>{`${incident.title} · Prahari`}</title>
      <div className="detail-story">
        <Story incident={incident} />
        <Timeline incident={incident} lit={lit} />
      </div>
      <aside className="detail-facts" aria-label="Facts about this incident">
        <Facts incident={incident} />
        <Why incident={incident} onLit={setLit} />
        <Alerts alerts={incident.alerts} />
      </aside>
      <Changed incident={incident} />
    </article>
  )
}

/** A newer revision waits behind a bar: the text being read stays where it is. */
function Changed({ incident }: { incident: IncidentDetail }) {
  const client = useQueryClient()
  const changes = useQuery(liveChanges()).data
  const stirred = changes.updated.includes(incident.id) || changes.settled > 0 || changes.missed > 0
  const { data: newer } = useQuery({ ...incidentDetailPeek(incident.id), enabled: stirred })
  useEffect(() => {
    // The same revision with other deliveries changes in place: no line moves.
    if (newer !== undefined && newer.revision === incident.revision)
      client.setQueryData<IncidentDetail>(
        incidentDetail(incident.id).queryKey,
        (shown) => shown && { ...shown, alerts: newer.alerts },
      )
  }, [client, newer, incident.id, incident.revision])
  if (newer === undefined || newer.revision <= incident.revision) return null
  const more = newer.items - incident.items
  return (
    <div className="changed">
      <div className="new-bar" role="status">
        <button
          type="button"
          className="btn btn-sm btn-link"
          onClick={() => client.setQueryData(incidentDetail(incident.id).queryKey, newer)}
        >
          {more > 0 ? count(more, 'more item') : 'This incident changed'}
          <span className="new-bar-act"> · show</span>
        </button>
      </div>
    </div>
  )
}

function Loading() {
  return (
    <div className="detail" role="status" aria-label="Loading the incident">
      <div className="detail-story">
        <div className="story-head">
          <Skeleton width={2} />
        </div>
        <p className="skeleton-title">
          <Skeleton width={5} />
        </p>
        {[5, 4, 5, 3].map((width, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: grey lines have no other name
          <p key={index}>
            <Skeleton width={width as 3 | 4 | 5} />
          </p>
        ))}
      </div>
    </div>
  )
}
