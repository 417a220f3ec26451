// What the machine got wrong about an incident, said by a person: what is left as
// it is shown is not said. It holds at once and is learned from.

import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useId, useState } from 'react'
import type { IncidentDetail, IncidentType, Severity } from '../../api/types'
import { Dialog } from '../../ui/dialog'
import { SEVERITIES, severityWord } from '../../ui/severity'
import { TimeAgo } from '../../ui/time-ago'
import { feedbackOn, useGiveFeedback, useWithdrawFeedback } from './feedback'
import { MyNameField } from './my-name'
import { countriesIn, countryName } from './places'
import { type Saying, sayingWords } from './said'
import { TYPES, typeWords } from './words'

/** As the server has it. */
const NOTE_MAX = 500

export function WrongDialog({
  incident,
  onClose,
}: {
  incident: IncidentDetail
  onClose: () => void
}) {
  const shown = incident.types.map(({ label }) => label)
  const [relevant, setRelevant] = useState<boolean>()
  const [types, setTypes] = useState<readonly IncidentType[]>(shown)
  const [severity, setSeverity] = useState<Severity>(incident.severity)
  const [places, setPlaces] = useState(() => incident.countries.map(countryName).join(', '))
  const [note, setNote] = useState('')
  const give = useGiveFeedback(incident)
  const ids = {
    group: useId(),
    places: useId(),
    unknown: useId(),
    note: useId(),
    severity: useId(),
  }
  const { codes, unknown } = countriesIn(places)
  const irrelevant = relevant === false
  const said: Partial<Saying> = { ...(relevant !== undefined && { relevant }) }
  // What does not matter has no types, severity or countries.
  if (!irrelevant) {
    if (types.length > 0 && !same(types, shown)) said.types = [...types]
    if (severity !== incident.severity) said.severity = severity
    if (!same(codes, incident.countries)) said.countries = codes
  }
  const nothing = Object.keys(said).length === 0
  const onSubmit = (event: FormEvent) => {
    event.preventDefault()
    give.mutate(note.trim() === '' ? said : { ...said, note: note.trim() })
    onClose()
  }
  const toggle = (type: IncidentType, on: boolean) => {
    // "Other" stands for none of the others.
    const rest = types.filter(
      (one) => one !== type && (!on || (one === 'other') === (type === 'other')),
    )
    setTypes(on ? [...rest, type] : rest)
  }
  return (
    <Dialog title="What is wrong" onClose={onClose}>
      <form className="hand-form" onSubmit={onSubmit}>
        <p className="because">What you leave as it is stays as it is.</p>
        <fieldset>
          <legend>Does it matter?</legend>
          {(
            [
              [undefined, 'Nothing to say'],
              [false, 'Not relevant'],
              [true, 'Relevant'],
            ] as const
          ).map(([value, word]) => (
            <label key={word} className="choice">
              <input
                type="radio"
                name={ids.group}
                checked={relevant === value}
                onChange={() => setRelevant(value)}
              />
              {word}
            </label>
          ))}
        </fieldset>
        <fieldset disabled={irrelevant}>
          <legend>Types, all of them</legend>
          <div className="hand-types">
            {TYPES.map((type) => (
              <label key={type} className="choice">
                <input
                  type="checkbox"
                  checked={types.includes(type)}
                  onChange={(event) => toggle(type, event.target.checked)}
                />
                {typeWords[type]}
              </label>
            ))}
          </div>
        </fieldset>
        <label htmlFor={ids.severity}>Severity</label>
        <select
          id={ids.severity}
          className="form-select form-select-sm"
          value={severity}
          disabled={irrelevant}
          onChange={(event) =>
            setSeverity(SEVERITIES.find((one) => one === event.target.value) ?? severity)
          }
        >
          {SEVERITIES.map((one) => (
            <option key={one} value={one}>
              {severityWord[one]}
            </option>
          ))}
        </select>
        <label htmlFor={ids.places}>Affected countries, with commas between</label>
        <input
          id={ids.places}
          className="form-control form-control-sm"
          value={places}
          disabled={irrelevant}
          aria-invalid={unknown.length > 0}
          aria-describedby={ids.unknown}
          onChange={(event) => setPlaces(event.target.value)}
        />
        <p id={ids.unknown} className="because">
          {unknown.length > 0 && `No country is called ${unknown.join(' or ')}.`}
        </p>
        <label htmlFor={ids.note}>Why, if you like</label>
        <textarea
          id={ids.note}
          className="form-control"
          rows={2}
          maxLength={NOTE_MAX}
          value={note}
          onChange={(event) => setNote(event.target.value)}
        />
        <MyNameField />
        <div className="hand-acts">
          <button
            type="submit"
            className="btn btn-sm btn-primary"
            disabled={nothing || (!irrelevant && unknown.length > 0)}
          >
            Say so
          </button>
        </div>
      </form>
      <SaidBefore id={incident.id} />
    </Dialog>
  )
}

/** What was said before, each to be taken back. */
function SaidBefore({ id }: { id: string }) {
  const { data, error } = useQuery(feedbackOn(id))
  const withdraw = useWithdrawFeedback(id)
  if (error !== null) return <p role="alert">{error.message}</p>
  if (data === undefined || data.feedback.length === 0) return null
  return (
    <section aria-labelledby="said-before">
      <h3 id="said-before">Said before</h3>
      <ul className="hand-list">
        {data.feedback.map((given) => (
          <li key={given.id} className="hand-said">
            <span>
              {sayingWords(given).join(', ')}
              {given.note != null && ` “${given.note}”`}{' '}
              <span className="because">
                <TimeAgo at={given.at} />
              </span>
            </span>
            <button
              type="button"
              className="btn btn-sm btn-action"
              disabled={withdraw.isPending}
              onClick={() => withdraw.mutate(given.id)}
            >
              Take back
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}

const same = (a: readonly string[], b: readonly string[]) =>
  a.length === b.length && a.every((one) => b.includes(one))
