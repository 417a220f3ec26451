// The models: what decides now and how well, what was decided about them and why, and
// what people said that they learn from.

import './models.css'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { ErrorNotice } from '../../ui/notice'
import { Skeleton } from '../../ui/skeleton'
import { Decisions } from './decisions'
import { Model } from './model'
import { modelList, useActivate, useTrain } from './model-queries'

/** `feedback` is what people said; it belongs to the incidents. */
export function ModelsScreen({ feedback }: { feedback: ReactNode }) {
  const { data, error, refetch, isFetching } = useQuery(modelList())
  const train = useTrain(data)
  const activate = useActivate()
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: with nothing to press, the keyboard still scrolls it
    <section className="models-screen" aria-label="Models" tabIndex={0}>
      <title>Models · Prahari</title>
      <h1>Models</h1>
      {data === undefined ? (
        error !== null ? (
          <ErrorNotice
            title="The models did not load"
            error={error}
            onRetry={() => void refetch()}
            retrying={isFetching}
          />
        ) : (
          <Loading />
        )
      ) : (
        <>
          {error !== null && (
            <p className="model-problem" role="alert">
              As last known. {error.message}
            </p>
          )}
          <ul className="models" aria-label="What decides">
            {data.models.map((model) => (
              <Model
                key={model.task}
                model={model}
                decisions={data.decisions.filter(({ task }) => task === model.task)}
                busy={data.models.some(({ training }) => training) || train.isPending}
                activating={activate.isPending}
                onTrain={() => train.mutate(model)}
                onActivate={(version) => activate.mutate({ model, version })}
                onBack={(version) => activate.mutate({ model, version, how: 'back' })}
              />
            ))}
          </ul>
          <Decisions
            decisions={data.decisions}
            names={new Map(data.models.map(({ task, name }) => [task, name]))}
          />
        </>
      )}
      {feedback}
    </section>
  )
}

function Loading() {
  return (
    <div role="status" aria-label="Loading the models">
      {[3, 4, 3].map((width, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: grey lines have no other name
        <p key={index} className="model">
          <Skeleton width={width as 3 | 4} />
        </p>
      ))}
    </div>
  )
}
