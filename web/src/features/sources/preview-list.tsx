// What a source would give: its newest items, and what could not be read.

import type { PreviewOut } from '../../api/types'
import { count } from '../../ui/format'
import { OutLink } from '../../ui/out-link'
import { TimeAgo } from '../../ui/time-ago'

/** Enough to see whether it is what was meant. */
const SHOWN = 5

type Item = PreviewOut['items'][number]

/** Sources answer in any order. Of what has no date the order stays, behind the rest. */
const newestFirst = (a: Item, b: Item) => moment(b) - moment(a)
const moment = ({ published }: Item) => (published == null ? 0 : Date.parse(published))

export function PreviewList({ preview }: { preview: PreviewOut }) {
  const { problems } = preview
  const items = preview.items.toSorted(newestFirst)
  if (items.length === 0 && problems.length === 0)
    return <p className="none">It answers, and there is nothing in it now.</p>
  return (
    <div className="preview">
      <ul aria-label="What it would give">
        {items.slice(0, SHOWN).map((item) => (
          <li key={item.external_id} className="preview-item">
            <OutLink to={item.url}>{item.title ?? 'Without a title'}</OutLink>
            <span className="preview-date">
              {item.published == null ? 'no date' : <TimeAgo at={item.published} />}
            </span>
          </li>
        ))}
      </ul>
      {items.length > SHOWN && (
        <p className="source-facts">and {count(items.length - SHOWN, 'more item')}</p>
      )}
      {problems.length > 0 && (
        <p className="source-error">
          {count(problems.length, 'entry', 'entries')} could not be read: {problems[0]?.reason}
        </p>
      )}
    </div>
  )
}
