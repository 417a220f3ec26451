// "3 new": what has arrived and waits until the reader wants it.

import { number } from '../../ui/format'
import type { News } from './use-news'

export function NewBar({ news, onShow }: { news: News; onShow: () => void }) {
  const said = [
    news.opened > 0 ? `${number(news.opened)}${news.orMore ? ' or more' : ''} new` : '',
    news.changed > 0 ? `${number(news.changed)} changed` : '',
  ]
    .filter((text) => text !== '')
    .join(', ')
  return (
    <div className="new-bar" role="status">
      <button type="button" className="btn btn-sm btn-link" onClick={onShow} aria-keyshortcuts="n">
        {said}
        <span className="new-bar-act"> · show</span>
      </button>
    </div>
  )
}
