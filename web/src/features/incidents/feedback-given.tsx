// All that people said is right, newest first: what the models learn from. Each can be
// taken back, and said again.

import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { FeedbackOut } from '../../api/types'
import { paths } from '../../paths'
import { number, sentence } from '../../ui/format'
import { ErrorNotice } from '../../ui/notice'
import { Skeleton } from '../../ui/skeleton'
import { TimeAgo } from '../../ui/time-ago'
import { feedbackGiven, useTakeBack } from './feedback'
import { sayingWords } from './said'

export function FeedbackGiven() {
  const list = useInfiniteQuery(feedbackGiven())
  const takeBack = useTakeBack()
  const given = list.data?.pages.flatMap(({ feedback }) => feedback)
  return (
    <section className="model-part" aria-labelledby="feedback-given">
      <h2 id="feedback-given">
        Feedback{' '}
        {list.data !== undefined && (
          <span className="total">{number(list.data.pages[0]?.total ?? 0)}</span>
        )}
      </h2>
      {given === undefined ? (
        list.error !== null ? (
          <ErrorNotice
            title="The feedback did not load"
            error={list.error}
            onRetry={() => void list.refetch()}
            retrying={list.isFetching}
          />
        ) : (
          <p role="status" aria-label="Loading the feedback">
            <Skeleton width={4} />
          </p>
        )
      ) : given.length === 0 ? (
        <p className="none">
          Nobody has said anything yet. “Wrong…” on an incident says what is right of it: it holds
          at once, and the models learn from it.
        </p>
      ) : (
        <ul className="given" aria-label="Feedback">
          {given.map((one) => (
            <Given
              key={one.id}
              given={one}
              busy={takeBack.isPending}
              onTakeBack={() => takeBack.mutate(one)}
            />
          ))}
        </ul>
      )}
      {list.hasNextPage && (
        <p className="more">
          {list.isFetchNextPageError && (
            <span role="alert">The next did not load: {list.error?.message} </span>
          )}
          <button
            type="button"
            className="btn btn-sm btn-action"
            disabled={list.isFetchingNextPage}
            onClick={() => void list.fetchNextPage()}
          >
            {list.isFetchingNextPage ? 'Loading…' : 'Show more'}
          </button>
        </p>
      )}
    </section>
  )
}

function Given({
  given,
  busy,
  onTakeBack,
}: {
  given: FeedbackOut
  busy: boolean
  onTakeBack: () => void
}) {
  return (
    <li className="given-one">
      <div>
        <p className="given-said">{sentence(sayingWords(given).join(', '))}</p>
        <p className="given-title">
          {given.incident == null ? (
            given.title
          ) : (
            <Link to={paths.incident} params={{ id: given.incident }}>
              {given.title}
            </Link>
          )}
        </p>
        {given.note != null && given.note !== '' && <p>“{given.note}”</p>}
        <p className="because">
          by {given.by}, <TimeAgo at={given.at} />
          {given.incident == null && ', of an item that is in no incident'}
        </p>
      </div>
      <button
        type="button"
        className="btn btn-sm btn-action"
        aria-label={`Take back: ${sayingWords(given).join(', ')}, of ${given.title}`}
        disabled={busy}
        onClick={onTakeBack}
      >
        Take back
      </button>
    </li>
  )
}
