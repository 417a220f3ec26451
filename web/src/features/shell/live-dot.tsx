// Whether news still arrives. A lost connection says since when, because what is
// on the screen is from then.

import { useSyncExternalStore } from 'react'
import type { Live } from '../../api/live'
import { useDisplay } from '../../ui/display'
import { clock } from '../../ui/format'

export function LiveDot({ live }: { live: Live }) {
  const { state, since } = useSyncExternalStore(live.subscribe, live.status)
  const { zone } = useDisplay()
  const words = {
    open: 'Live',
    connecting: 'Connecting',
    lost: `Reconnecting since ${clock(since, zone)}`,
  }[state]
  return (
    <span className={`live live-${state}`} role="status">
      <span className="live-dot" aria-hidden="true" />
      {words}
    </span>
  )
}
