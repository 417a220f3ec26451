// The filters above the list. Each writes to the address; there is no other state.

import { useState } from 'react'
import type { IncidentStatus, IncidentType } from '../../api/types'
import { useDisplay } from '../../ui/display'
import { date } from '../../ui/format'
import { Menu } from '../../ui/menu'
import { SEVERITIES, severityMark, severityWord } from '../../ui/severity'
import { type IncidentFilter, narrowedBy, SINCE } from './filter'
import { countryName } from './places'
import { STATUSES, statusWords, TYPES, typeWords } from './words'

export function FilterBar({
  filter,
  onChange,
}: {
  filter: IncidentFilter
  onChange: (filter: IncidentFilter) => void
}) {
  const [open, setOpen] = useState(false)
  const { zone } = useDisplay()
  const set = (change: Partial<IncidentFilter>) => onChange({ ...filter, ...change })
  const narrowed = narrowedBy(filter)
  const chips: [keyof IncidentFilter, string][] = []
  if (filter.cve !== undefined) chips.push(['cve', filter.cve])
  if (filter.keyword !== undefined) chips.push(['keyword', `keyword: ${filter.keyword}`])
  if (filter.source !== undefined) chips.push(['source', `source: ${filter.source}`])
  return (
    <div className={open ? 'filters filters-open' : 'filters'}>
      <button
        type="button"
        className={
          narrowed > 0
            ? 'btn btn-sm btn-filter filters-toggle active'
            : 'btn btn-sm btn-filter filters-toggle'
        }
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        Filters{narrowed > 0 && ` · ${narrowed}`}
      </button>
      <fieldset className="filters-all">
        <legend className="visually-hidden">Filters</legend>
        <Select
          label="Severity"
          value={filter.severity ?? ''}
          none="Any severity"
          options={SEVERITIES.filter((severity) => severity !== 'low').map((severity) => [
            severity,
            severity === 'critical'
              ? `${severityMark.critical} Critical`
              : `${severityMark[severity]} ${severityWord[severity]} or above`,
          ])}
          onChange={(severity) => set({ severity: SEVERITIES.find((one) => one === severity) })}
        />
        <Choices
          label="Type"
          all={TYPES}
          chosen={filter.type ?? []}
          word={(type: IncidentType) => typeWords[type]}
          onChange={(type) => set({ type })}
        />
        <Select
          label="Country"
          value={filter.country ?? ''}
          none="Anywhere"
          options={[...new Set(['IN', filter.country ?? 'IN'])].map((code) => [
            code,
            countryName(code),
          ])}
          onChange={(country) => set({ country })}
        />
        <Choices
          label="Status"
          all={STATUSES}
          chosen={filter.status ?? []}
          word={(status: IncidentStatus) => statusWords[status]}
          onChange={(status) => set({ status })}
          note="All but dismissed, unless you choose."
        />
        <Select
          label="Since"
          value={filter.since ?? ''}
          none="Any time"
          options={[
            ...Object.entries(SINCE).map(([key, { word }]): [string, string] => [key, word]),
            ...(filter.since !== undefined && SINCE[filter.since] === undefined
              ? [[filter.since, `Since ${date(filter.since, zone)}`] as [string, string]]
              : []),
          ]}
          onChange={(since) => set({ since })}
        />
        <button
          type="button"
          className={filter.exploited ? 'btn btn-sm btn-filter active' : 'btn btn-sm btn-filter'}
          aria-pressed={filter.exploited === true}
          onClick={() => set({ exploited: filter.exploited ? undefined : true })}
        >
          Exploited
        </button>
        {chips.map(([name, text]) => (
          <button
            key={name}
            type="button"
            className="btn btn-sm btn-filter active"
            aria-label={`Remove the filter ${text}`}
            onClick={() => set({ [name]: undefined })}
          >
            {text} <span aria-hidden="true">×</span>
          </button>
        ))}
        {narrowed > 0 && (
          <button
            type="button"
            className="btn btn-sm btn-link"
            onClick={() => onChange(filter.order === undefined ? {} : { order: filter.order })}
          >
            Clear
          </button>
        )}
      </fieldset>
      <Select
        label="Order"
        value={filter.order ?? ''}
        none="Latest first"
        options={[['worst', 'Worst first']]}
        onChange={(order) => set({ order: order === 'worst' ? 'worst' : undefined })}
        plain
      />
    </div>
  )
}

function Select({
  label,
  value,
  none,
  options,
  onChange,
  plain = false,
}: {
  label: string
  value: string
  none: string
  options: [string, string][]
  onChange: (value: string | undefined) => void
  plain?: boolean
}) {
  return (
    <select
      aria-label={label}
      className={
        value === '' || plain ? 'form-select form-select-sm' : 'form-select form-select-sm active'
      }
      value={value}
      onChange={(event) => onChange(event.target.value === '' ? undefined : event.target.value)}
    >
      <option value="">{none}</option>
      {options.map(([value, word]) => (
        <option key={value} value={value}>
          {word}
        </option>
      ))}
    </select>
  )
}

function Choices<T extends string>({
  label,
  all,
  chosen,
  word,
  onChange,
  note,
}: {
  label: string
  all: readonly T[]
  chosen: readonly T[]
  word: (value: T) => string
  onChange: (chosen: T[] | undefined) => void
  note?: string
}) {
  const [first] = chosen
  const said =
    first === undefined
      ? `Any ${label.toLowerCase()}`
      : `${word(first)}${chosen.length > 1 ? ` +${chosen.length - 1}` : ''}`
  return (
    <Menu label={said} name={`${label}: ${said}`} active={chosen.length > 0}>
      <fieldset>
        <legend>{label}</legend>
        {all.map((value) => (
          <label key={value} className="choice">
            <input
              type="checkbox"
              checked={chosen.includes(value)}
              onChange={(event) => {
                const next = all.filter((one) =>
                  one === value ? event.target.checked : chosen.includes(one),
                )
                onChange(next.length > 0 ? next : undefined)
              }}
            />
            {word(value)}
          </label>
        ))}
      </fieldset>
      {note !== undefined && <p className="menu-note">{note}</p>}
    </Menu>
  )
}
