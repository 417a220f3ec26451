// What decides one task: which model since when, how well beside the one before, what
// it could learn from, and what can be done about it.

import type { ModelDecision, ModelOut, ModelVersion } from '../../api/types'
import { useDisplay } from '../../ui/display'
import { count, date, number } from '../../ui/format'
import { TimeAgo } from '../../ui/time-ago'
import { measure, measureWord, SHIPPED, taskWords, versionWord } from './model-words'

export function Model({
  model,
  decisions,
  busy,
  activating,
  onTrain,
  onActivate,
  onBack,
}: {
  model: ModelOut
  /** About this task, newest first. */
  decisions: readonly ModelDecision[]
  /** Something is being trained: one at a time. */
  busy: boolean
  activating: boolean
  onTrain: () => void
  onActivate: (version: string) => void
  onBack: (version: string) => void
}) {
  const { zone } = useDisplay()
  const since = decisions.find((decision) => decision.changed && decision.live === model.live)
  const live = model.versions.find(({ version }) => version === model.live)
  const short = model.held_back < model.needed
  const why = `model-${model.task}-why`
  return (
    <li className="model" aria-labelledby={`model-${model.task}`}>
      <div className="model-head">
        <h2 id={`model-${model.task}`}>{model.name}</h2>
        <Version version={model.live} />
        <span className="because">
          {since !== undefined ? (
            <>
              since <TimeAgo at={since.at} />
            </>
          ) : (
            live !== undefined && `of ${date(live.made, zone)}`
          )}
        </span>
      </div>
      <p className="because">Decides {taskWords[model.task]}.</p>
      {model.problem != null && (
        <p className="model-problem">
          The shipped model decides although {versionWord(model.live)} should: {model.problem}.
        </p>
      )}
      <Scores model={model} decisions={decisions} />
      <div className="model-acts">
        {model.taught && (
          <button
            type="button"
            className="btn btn-sm btn-action"
            disabled={busy || short}
            aria-describedby={why}
            onClick={onTrain}
          >
            {model.training ? 'Training…' : 'Train now'}
          </button>
        )}
        {model.previous != null && (
          <button
            type="button"
            className="btn btn-sm btn-action"
            disabled={activating}
            onClick={() => model.previous != null && onBack(model.previous)}
          >
            Back to {versionWord(model.previous)}
          </button>
        )}
        {model.live !== SHIPPED && model.previous !== SHIPPED && (
          <button
            type="button"
            className="btn btn-sm btn-action"
            disabled={activating}
            onClick={() => onActivate(SHIPPED)}
          >
            Use the shipped model
          </button>
        )}
      </div>
      <p id={why} className="because">
        {model.taught
          ? short
            ? `Feedback gives ${count(model.labels, 'label')}. A third of them, whole stories, is held back to try a trained model on: ${number(model.held_back)} now, and it takes ${number(model.needed)}.`
            : `Feedback gives ${count(model.labels, 'label')}; a trained model is tried on ${number(model.held_back)} of them that it never saw.`
          : 'It does not learn from feedback.'}
      </p>
      <Versions model={model} activating={activating} onActivate={onActivate} />
    </li>
  )
}

function Version({ version }: { version: string }) {
  return version === SHIPPED ? (
    <span className="tag">Shipped</span>
  ) : (
    <span className="tag">
      Trained <span className="code">{version}</span>
    </span>
  )
}

/** The live model's measures beside those of the one before. */
function Scores({ model, decisions }: { model: ModelOut; decisions: readonly ModelDecision[] }) {
  const { live, previous } = model
  const scores = (version: string | null | undefined) =>
    model.versions.find((one) => one.version === version)?.scores ?? {}
  const [now, before] = [scores(live), scores(previous)]
  const rows = new Map<string, [number | undefined, number | undefined]>()
  // Where one was trained beside the other, both were tried on the same feedback: only
  // these figures can be set side by side, so they come first.
  for (const { version, before: other, trial } of decisions) {
    if (trial == null || rows.size > 0 || previous == null) continue
    const [mine, theirs] =
      version === live && other === previous
        ? [trial.after, trial.before]
        : version === previous && other === live
          ? [trial.before, trial.after]
          : []
    if (mine === undefined || theirs === undefined) continue
    rows.set('held_back_error', [mine.error, theirs.error])
    rows.set('held_back_log_loss', [mine.log_loss, theirs.log_loss])
  }
  for (const name of [...Object.keys(now), ...Object.keys(before)])
    if (!rows.has(name)) rows.set(name, [now[name], before[name]])
  if (rows.size === 0) return <p className="none">No measure came with it.</p>
  const figure = (name: string, value: number | undefined) =>
    value === undefined ? (
      <>
        <span aria-hidden="true">–</span>
        <span className="visually-hidden">not measured</span>
      </>
    ) : (
      measure(name, value)
    )
  return (
    <table className="model-scores">
      <thead className={model.previous == null ? 'visually-hidden' : undefined}>
        <tr>
          <th scope="col">Measure</th>
          <th scope="col">Now</th>
          {model.previous != null && <th scope="col">Before</th>}
        </tr>
      </thead>
      <tbody>
        {[...rows].map(([name, [value, was]]) => (
          <tr key={name}>
            <th scope="row">{measureWord(name)}</th>
            <td>{figure(name, value)}</td>
            {model.previous != null && <td>{figure(name, was)}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** Every model there is; any of them may be chosen. */
function Versions({
  model,
  activating,
  onActivate,
}: {
  model: ModelOut
  activating: boolean
  onActivate: (version: string) => void
}) {
  const { zone } = useDisplay()
  if (model.versions.length < 2) return null
  return (
    <details>
      <summary>{count(model.versions.length, 'model')} to choose from</summary>
      <ul className="model-versions">
        {model.versions.map((one) => (
          <li key={one.version}>
            <div>
              <Version version={one.version} />{' '}
              <span className="because">
                made {date(one.made, zone)}
                {learnedFrom(one)}, {number(Math.ceil(one.size / 1024))} kB
                {one.data !== '' && (
                  <>
                    , data <span className="code">{one.data}</span>
                  </>
                )}
              </span>
            </div>
            {one.version === model.live ? (
              <span className="because">Decides now</span>
            ) : (
              <button
                type="button"
                className="btn btn-sm btn-action"
                aria-label={`Use ${versionWord(one.version)} for ${model.name}`}
                disabled={activating}
                onClick={() => onActivate(one.version)}
              >
                Use this one
              </button>
            )}
          </li>
        ))}
      </ul>
    </details>
  )
}

function learnedFrom({ counts }: ModelVersion): string {
  if (counts.learned !== undefined) return `, from ${count(counts.learned, 'label')}`
  if (counts.texts !== undefined) return `, from ${count(counts.texts, 'text')}`
  return ''
}
