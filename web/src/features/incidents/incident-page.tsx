// One incident: left the story, right the facts, why, and who was told.

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { ApiError } from '../../api/client'
import { liveChanges } from '../../api/live'
import type { IncidentDetail, Reason } from '../../api/types'
import { paths } from '../../paths'
import { count } from '../../ui/format'
import { ErrorNotice, Notice } from '../../ui/notice'
import { Skeleton } from '../../ui/skeleton'
import { useToast } from '../../ui/toast'
import { Alerts } from './alerts'
import { incidentDetail, incidentDetailPeek } from './detail-queries'
import { Facts } from './facts'
import { History } from './history'
import { Similar } from './similar'
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
  useMergedInto(id, data)
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
        <Incident key={data.id} incident={data} />
      ) : error instanceof ApiError && error.status === 404 ? (
        <Notice title="There is no such incident">
          <p>It may have been forgotten, or the address is not whole.</p>
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

/** The id of an incident that went into another gives the other one: so does its address. */
function useMergedInto(id: string, shown: IncidentDetail | undefined) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const say = useToast()
  useEffect(() => {
    if (shown === undefined || shown.id === id) return
    client.setQueryData(incidentDetail(shown.id).queryKey, shown)
    say({ text: 'The incident you opened is part of this one now.' })
    void navigate({ to: paths.incident, params: { id: shown.id }, search: true, replace: true })
  }, [client, navigate, say, id, shown])
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
        <History history={incident.history} />
        <Similar id={incident.id} />
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
    // The same revision with other deliveries, or with what the reader just did,
    // changes in place: no line of the story moves.
    if (newer !== undefined && newer.id === incident.id && newer.revision === incident.revision)
      client.setQueryData<IncidentDetail>(
        incidentDetail(incident.id).queryKey,
        (shown) =>
          shown && {
            ...shown,
            alerts: newer.alerts,
            notes: newer.notes,
            history: newer.history,
          },
      )
  }, [client, newer, incident.id, incident.revision])
  if (newer === undefined) return null
  const merged = newer.id !== incident.id
  if (!merged && newer.revision <= incident.revision) return null
  const more = merged ? 0 : newer.items - incident.items
  return (
    <div className="changed">
      <div className="new-bar" role="status">
        <button
          type="button"
          className="btn btn-sm btn-link"
          onClick={() => client.setQueryData(incidentDetail(incident.id).queryKey, newer)}
        >
          {merged
            ? 'This incident is part of another now'
            : more > 0
              ? count(more, 'more item')
              : 'This incident changed'}
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
