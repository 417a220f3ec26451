// Sets right what belongs together: items that tell another story leave, and an
// incident that tells a known story goes into the other one. What is done here
// cannot be undone by one click, so nothing is shown before the server has done it.

import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useId, useState } from 'react'
import type { IncidentDetail } from '../../api/types'
import { paths } from '../../paths'
import { Dialog } from '../../ui/dialog'
import { count } from '../../ui/format'
import { TimeAgo } from '../../ui/time-ago'
import { useToast } from '../../ui/toast'
import { incidentIdIn, refusal, useMerge, useNotSame, useSplit } from './handling'
import { MyNameField } from './my-name'
import { similarIncidents } from './similar'
import { SourceName } from './source-name'
import { fold } from './timeline'
import { headline } from './words'

export function NotSameDialog({
  incident,
  onClose,
}: {
  incident: IncidentDetail
  onClose: () => void
}) {
  return (
    <Dialog title="Not the same" onClose={onClose}>
      <Leave incident={incident} onClose={onClose} />
      <Merge incident={incident} onClose={onClose} />
      <MyNameField />
    </Dialog>
  )
}

/** Items that do not belong here. */
function Leave({ incident, onClose }: { incident: IncidentDetail; onClose: () => void }) {
  const [ticked, setTicked] = useState<readonly string[]>([])
  const say = useToast()
  const notSame = useNotSame(incident, ({ placed }) => {
    say({
      text:
        placed === null
          ? 'It left this incident. By itself it is not relevant.'
          : `It left this incident and is in “${placed.title}” now.`,
    })
    onClose()
  })
  const split = useSplit(incident, ({ opened }) => {
    say({ text: `${count(opened.items, 'item')} left and opened “${opened.title}”.` })
    onClose()
  })
  const tellings = fold(incident.timeline)
  // The incident may have changed since an item was ticked.
  const chosen = tellings.map(({ item }) => item.id).filter((id) => ticked.includes(id))
  const [only] = chosen
  const all = chosen.length === tellings.length
  const busy = notSame.isPending || split.isPending
  const error = notSame.error ?? split.error
  const fresh = () => {
    notSame.reset()
    split.reset()
  }
  if (tellings.length < 2)
    return (
      <p className="none">
        It is told once, so nothing can leave it. It can be dismissed, or be part of another.
      </p>
    )
  return (
    <fieldset className="hand-form">
      <legend>These tell another story</legend>
      <ul className="hand-list">
        {tellings.map(({ item, repeats }) => (
          <li key={item.id}>
            <label className="hand-choice">
              <input
                type="checkbox"
                checked={chosen.includes(item.id)}
                onChange={(event) => {
                  fresh()
                  setTicked(
                    event.target.checked
                      ? [...chosen, item.id]
                      : chosen.filter((id) => id !== item.id),
                  )
                }}
              />
              <span>
                {headline(item)}
                <span className="because">
                  {' '}
                  <SourceName id={item.source} /> <TimeAgo at={item.published ?? item.fetched} />
                  {repeats.length > 0 && `, with ${count(repeats.length, 'repeat')}`}
                </span>
              </span>
            </label>
          </li>
        ))}
      </ul>
      {all && <p className="none">One of them must stay.</p>}
      {error !== null && <p role="alert">{refusal(error)}</p>}
      <div className="hand-acts">
        <button
          type="button"
          className="btn btn-sm btn-primary"
          disabled={busy || chosen.length !== 1}
          title="Prahari places it again, anywhere but here"
          onClick={() => {
            fresh()
            if (only !== undefined) notSame.mutate(only)
          }}
        >
          Place it elsewhere
        </button>
        <button
          type="button"
          className="btn btn-sm btn-action"
          disabled={busy || chosen.length === 0 || all}
          onClick={() => {
            fresh()
            split.mutate([...chosen])
          }}
        >
          Split off as one incident
        </button>
      </div>
      <p className="because">What leaves does not come back, and nobody is told again.</p>
    </fieldset>
  )
}

/** This incident is part of another. */
function Merge({ incident, onClose }: { incident: IncidentDetail; onClose: () => void }) {
  const [picked, setPicked] = useState('')
  const [written, setWritten] = useState('')
  const navigate = useNavigate()
  const say = useToast()
  const { data } = useQuery(similarIncidents(incident.id))
  const ids = { group: useId(), field: useId() }
  const merge = useMerge(incident, (into) => {
    say({ text: 'Merged: this is where it went. Its address leads here.' })
    onClose()
    void navigate({ to: paths.incident, params: { id: into.id }, search: true, replace: true })
  })
  const into = incidentIdIn(written) || picked
  return (
    <form
      className="hand-form"
      onSubmit={(event) => {
        event.preventDefault()
        merge.mutate(into)
      }}
    >
      <fieldset>
        <legend>It is part of another incident</legend>
        <ul className="hand-list">
          {data?.incidents.map(({ incident: other }) => (
            <li key={other.id}>
              <label className="hand-choice">
                <input
                  type="radio"
                  name={ids.group}
                  checked={written === '' && picked === other.id}
                  onChange={() => {
                    merge.reset()
                    setWritten('')
                    setPicked(other.id)
                  }}
                />
                <span>
                  {other.title}
                  <span className="because">
                    {' '}
                    {count(other.items, 'item')}, <TimeAgo at={other.last_seen} />
                  </span>
                </span>
              </label>
            </li>
          ))}
        </ul>
      </fieldset>
      <label htmlFor={ids.field}>
        {(data?.incidents.length ?? 0) > 0 ? 'Or its id or address' : 'Its id or address'}
      </label>
      <input
        id={ids.field}
        className="form-control form-control-sm"
        autoComplete="off"
        spellCheck={false}
        value={written}
        onChange={(event) => {
          merge.reset()
          setWritten(event.target.value)
        }}
      />
      {merge.error !== null && <p role="alert">{refusal(merge.error)}</p>}
      <div className="hand-acts">
        <button
          type="submit"
          className="btn btn-sm btn-primary"
          disabled={merge.isPending || into === ''}
        >
          {merge.isPending ? 'Merging…' : 'Merge into it'}
        </button>
      </div>
      <p className="because">Items, notes and alerts go along. They can be split off again.</p>
    </form>
  )
}
