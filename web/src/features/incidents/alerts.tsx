// Who was told about this incident, why, and whether it arrived.

import type { AlertOut, DeliveryOut } from '../../api/types'
import { count, sentence } from '../../ui/format'
import { Severity } from '../../ui/severity'
import { Stretch } from '../../ui/stretch'
import { TimeAgo } from '../../ui/time-ago'

/** The latest; who was told a year ago is asked for. */
const ALERTS = 20

export function Alerts({ alerts }: { alerts: readonly AlertOut[] }) {
  return (
    <section className="fact" aria-labelledby="alerts">
      <h2 id="alerts">Alerts</h2>
      {alerts.length === 0 ? (
        <p className="none">No rule fired on this incident.</p>
      ) : (
        <Stretch
          of={alerts}
          at={ALERTS}
          list={(some) => (
            <ul className="alerts">
              {some.map((alert) => (
                <li key={alert.id}>
                  <p className="alert-head">
                    <Severity of={alert.severity} />
                    <span>{sentence(alert.cause_text)}</span>
                    <TimeAgo at={alert.at} />
                  </p>
                  <p className="because">
                    Rule {alert.rule}: {alert.reason}
                  </p>
                  {alert.held != null && <p className="held">Held: {alert.held}</p>}
                  {alert.deliveries.length === 0 && alert.held == null && (
                    <p className="none">The rule has no channel, so nobody was told.</p>
                  )}
                  <ul className="deliveries">
                    {alert.deliveries.map((delivery) => (
                      <Delivery key={delivery.id} delivery={delivery} />
                    ))}
                  </ul>
                </li>
              ))}
            </ul>
          )}
        />
      )}
    </section>
  )
}

function Delivery({ delivery }: { delivery: DeliveryOut }) {
  return (
    <li className={`delivery-${delivery.state}`}>
      <span className="delivery-channel">{delivery.channel}</span>{' '}
      {delivery.state === 'sent' && (
        <>
          sent {delivery.settled != null && <TimeAgo at={delivery.settled} />}
          {delivery.attempts > 1 && ` at attempt ${delivery.attempts}`}
        </>
      )}
      {delivery.state === 'pending' &&
        (delivery.attempts === 0
          ? 'waiting to be sent'
          : `waiting after ${count(delivery.attempts, 'failed attempt')}`)}
      {delivery.state === 'dead' && (
        <strong>not delivered after {count(delivery.attempts, 'attempt')}</strong>
      )}
      {delivery.error != null && delivery.state !== 'sent' && (
        <p className="delivery-error">{delivery.error}</p>
      )}
    </li>
  )
}
