// What a person said of an incident. It stands above what the machine read, and
// looks it: plain words, no dotted line.

import type { Said } from '../../api/types'
import { severityWord } from '../../ui/severity'
import { TimeAgo } from '../../ui/time-ago'
import { countryName } from './places'
import { typeWords } from './words'

export type Saying = Pick<Said, 'relevant' | 'types' | 'severity' | 'countries' | 'note'>

/** One saying as short clauses: "critical", "types: DDoS". */
export function sayingWords(said: Partial<Saying>): string[] {
  const words: string[] = []
  if (said.relevant != null) words.push(said.relevant ? 'relevant' : 'not relevant')
  if (said.severity != null) words.push(`severity ${severityWord[said.severity]}`)
  if (said.types != null) words.push(said.types.map((type) => typeWords[type]).join(' and '))
  if (said.countries != null)
    words.push(
      said.countries.length === 0
        ? 'no country affected'
        : `affects ${said.countries.map(countryName).join(' and ')}`,
    )
  return words
}

export function SaidByPerson({ said }: { said: Said }) {
  return (
    <p className="said">
      <strong>Said by a person:</strong> {sayingWords(said).join(', ')}.
      {said.note != null && said.note !== '' && ` “${said.note}”`}{' '}
      <span className="because">
        <TimeAgo at={said.at} />
      </span>
    </p>
  )
}
