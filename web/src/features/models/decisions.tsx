// Every decision about a model: when, who asked, what came of it, why, and the figures
// it rests on.

import type { ModelDecision, Task, Trial } from '../../api/types'
import { number, sentence } from '../../ui/format'
import { Stretch } from '../../ui/stretch'
import { TimeAgo } from '../../ui/time-ago'
import { askerWords, measure, share, stepWords, versionWord } from './model-words'

/** The latest are what is asked about. */
const SHOWN = 10

export function Decisions({
  decisions,
  names,
}: {
  decisions: readonly ModelDecision[]
  names: ReadonlyMap<Task, string>
}) {
  return (
    <section className="model-part" aria-labelledby="decisions">
      <h2 id="decisions">Decisions</h2>
      {decisions.length === 0 ? (
        <p className="none">
          Nothing was decided yet: the shipped models decide. A model that is trained on your
          feedback goes live only if it decides clearly better on labels it has not seen.
        </p>
      ) : (
        <Stretch
          of={decisions}
          at={SHOWN}
          list={(some) => (
            <ol className="decisions" aria-label="Decisions">
              {some.map((decision) => (
                <Decision
                  key={`${decision.task} ${decision.at}`}
                  decision={decision}
                  name={names.get(decision.task) ?? decision.task}
                />
              ))}
            </ol>
          )}
        />
      )}
    </section>
  )
}

function Decision({ decision, name }: { decision: ModelDecision; name: string }) {
  const { step, changed, before, live, why, trial } = decision
  return (
    <li className="decision">
      <p className="decision-head">
        <strong>{name}</strong>
        <span>{stepWords[step]}</span>
        <span className="tag">{changed ? 'Live' : 'Not taken'}</span>
        <span className="because">
          <TimeAgo at={decision.at} />, {askerWords(decision.by)}
        </span>
      </p>
      <p>{sentence(why)}.</p>
      <p className="because">
        {changed
          ? `${sentence(versionWord(live))} decides since, before it ${versionWord(before)}.`
          : `${sentence(versionWord(live))} goes on deciding.`}
      </p>
      {trial != null && trial.held_back >= trial.needed && <Tried trial={trial} />}
    </li>
  )
}

/** How a trained model did beside the live one. */
function Tried({ trial }: { trial: Trial }) {
  const { before, after } = trial
  const facts: [string, string][] = [
    [
      'Labels',
      `${number(trial.labels)}: learned from ${number(trial.learned)}, tried on ${number(trial.held_back)}`,
    ],
    ['Wrong', `${share(after.error)}, the live model ${share(before.error)}`],
    [
      'Log loss',
      `${measure('log_loss', after.log_loss)}, the live model ${measure('log_loss', before.log_loss)}`,
    ],
    ['Always the commonest', `wrong on ${share(trial.constant_error)}`],
    ['Mended', `${number(trial.mended)}, broke ${number(trial.broken)}`],
    [
      'Decided otherwise',
      `${number(trial.moved)} of ${number(trial.others)} items nobody spoke of`,
    ],
  ]
  return (
    <details>
      <summary>How it was tried</summary>
      <dl className="tried">
        {facts.map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </details>
  )
}
