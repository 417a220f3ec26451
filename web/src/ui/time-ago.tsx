// A moment, said the way people say it, with the exact one on hover.

import { useDisplay } from './display'
import { ago, agoShort, exact } from './format'

export function TimeAgo({ at, short = false }: { at: string; short?: boolean }) {
  const { now, zone } = useDisplay()
  return (
    <time dateTime={at} title={exact(at, zone)} className="text-nowrap">
      {short ? agoShort(at, now, zone) : ago(at, now, zone)}
    </time>
  )
}
