// Incidents that read like this one, with how much and by which words.

import { queryOptions, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { api } from '../../api/client'
import { paths } from '../../paths'
import { percent } from '../../ui/format'
import { Severity } from '../../ui/severity'
import { Skeleton } from '../../ui/skeleton'
import { TimeAgo } from '../../ui/time-ago'

export const similarIncidents = (id: string) =>
  queryOptions({
    queryKey: ['similar', id],
    queryFn: ({ signal }) => api.incidents.similar(id, signal),
    staleTime: 60_000,
  })

/** The weightiest words come first; more than these explain nothing. */
const WORDS_SHOWN = 6

export function Similar({ id }: { id: string }) {
  const { data, error, isFetching, refetch } = useQuery(similarIncidents(id))
  return (
    <section className="fact" aria-labelledby="similar">
      <h2 id="similar">Similar</h2>
      {data === undefined && error !== null && (
        <p role="alert">
          {error.message}{' '}
          <button
            type="button"
            className="btn btn-sm btn-link"
            disabled={isFetching}
            onClick={() => void refetch()}
          >
            Try again
          </button>
        </p>
      )}
      {data === undefined && error === null && (
        <p role="status" aria-label="Looking for similar incidents">
          <Skeleton width={4} />
        </p>
      )}
      {data?.incidents.length === 0 && <p className="none">No other incident reads like it.</p>}
      {data !== undefined && data.incidents.length > 0 && (
        <ul className="similar">
          {data.incidents.map(({ incident, score, shared }) => (
            <li key={incident.id}>
              <Link to={paths.incident} params={{ id: incident.id }} search={true}>
                {incident.title}
              </Link>
              <p className="because spaced">
                <Severity of={incident.severity} />
                <TimeAgo at={incident.last_seen} />
              </p>
              <p className="because">
                {percent(score)} alike
                {shared.length > 0 && `: ${shared.slice(0, WORDS_SHOWN).join(', ')}`}
              </p>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
