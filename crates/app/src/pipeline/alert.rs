//! Alert: what the rules say of a change, and the deliveries that follow from it.

use model::clock::later;
use model::query::{Frame, Subject};
use model::{Alert, AlertId, Audience, ChannelId, DeliveryId, DeliveryKind, Incident, Timestamp};
use store::{NewDelivery, Occasion};

use super::Pipeline;

impl Pipeline {
    /// The alerts of a change and their deliveries. One delivery per channel,
    /// however many rules fired.
    pub(super) fn alert(
        &self,
        before: Option<Subject<'_>>,
        after: Subject<'_>,
        occasion: Occasion,
        frame: &Frame,
    ) -> (Vec<Alert>, Vec<NewDelivery>) {
        let now = frame.now;
        let mut alerts = Vec::new();
        let mut deliveries: Vec<NewDelivery> = Vec::new();
        let verdicts = self.rules.evaluate(before, after, frame);
        let after = after.incident;
        for verdict in verdicts {
            let audience = self.audience(&verdict.audience);
            let held = match occasion {
                _ if audience.is_empty() => None,
                Occasion::History => {
                    Some("it is history or was moved by hand: nobody is told of it now".to_owned())
                }
                Occasion::Fresh | Occasion::CatchUp => verdict.held,
            };
            let alert = Alert {
                id: AlertId(self.ids.next_id()),
                rule: verdict.rule,
                incident: after.id,
                revision: after.revision,
                cause: verdict.cause,
                severity: after.band(),
                reason: verdict.reason,
                held,
                at: now,
            };
            if alert.held.is_none() {
                for channel in audience {
                    match deliveries
                        .iter_mut()
                        .find(|delivery| delivery.channel == channel)
                    {
                        Some(delivery) => delivery.alerts.push(alert.id),
                        None => {
                            deliveries.push(self.delivery(channel, after, alert.id, occasion, now))
                        }
                    }
                }
            }
            alerts.push(alert);
        }
        (alerts, deliveries)
    }

    fn delivery(
        &self,
        channel: ChannelId,
        incident: &Incident,
        alert: AlertId,
        occasion: Occasion,
        now: Timestamp,
    ) -> NewDelivery {
        let alerting = &self.settings.alerting;
        let kind = if occasion == Occasion::CatchUp {
            DeliveryKind::Digest
        } else {
            DeliveryKind::Incident {
                incident: incident.id,
            }
        };
        // Sources catch up one after the other; the digest waits for the slower ones.
        let wait = if occasion == Occasion::CatchUp {
            alerting.group_interval()
        } else {
            alerting.group_wait()
        };
        NewDelivery {
            id: DeliveryId(self.ids.next_id()),
            channel,
            kind,
            alerts: vec![alert],
            due: later(now, wait),
            gap: alerting.group_interval(),
        }
    }

    fn audience(&self, audience: &Audience) -> Vec<ChannelId> {
        match audience {
            Audience::Everyone => self.channel_ids(),
            Audience::Channels(chosen) => chosen.clone(),
        }
    }
}
