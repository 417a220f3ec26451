//! Deliver: what is due is claimed, rendered as things stand now, sent, and
//! settled by what the service said.

use std::time::Duration;

use channels::DeliveryError;
use channels::message::{Content, Message, Story};
use futures::StreamExt;
use model::clock::later;
use model::{
    Alert, ChannelId, DeliveryId, DeliveryKind, Incident, Milestone, Receipt, Severity, Timestamp,
};
use store::{Claimed, NewDelivery, Settlement, StoreError};
use tracing::{info, warn};

use super::{ADDRESS_MEMO, OpenChannel, Pipeline};

/// How many deliveries are claimed together.
const CLAIM: u32 = 16;
/// How long a claim holds: longer than any channel's time-out.
const CLAIM_FOR: Duration = Duration::from_secs(120);
/// Back-off after a passing failure: 5 s, half as much again each time, at most
/// 30 min, give or take 30 % (design, "Retry classes").
const FIRST_WAIT: f64 = 5.0;
const LONGEST_WAIT: f64 = 30.0 * 60.0;
const SPREAD: f64 = 0.3;
/// Stories told in a digest; the message says how many more there are.
const DIGEST_STORIES: usize = 50;
/// Items and vulnerabilities told with a story.
const STORY_ITEMS: u32 = 5;

/// What a round of deliveries came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Taken by their services.
    pub sent: u32,
    /// To be tried again.
    pub again: u32,
    /// Dead letters.
    pub dead: u32,
    /// Waiting for a paused channel.
    pub paused: u32,
}

impl Pipeline {
    /// Delivers what is due now.
    ///
    /// # Errors
    /// The store could not claim or settle; claims expire and are taken up again.
    pub async fn deliver_due(&self) -> Result<Delivered, StoreError> {
        let channels = self.channel_ids();
        let mut sum = Delivered::default();
        loop {
            let now = self.clock.now();
            let claimed = self
                .store
                .claim(&self.holder, &channels, now, later(now, CLAIM_FOR), CLAIM)
                .await?;
            if claimed.is_empty() {
                return Ok(sum);
            }
            let outcomes: Vec<_> = futures::stream::iter(claimed)
                .map(|claimed| self.deliver_one(claimed))
                .buffer_unordered(CLAIM as usize)
                .collect()
                .await;
            for outcome in outcomes {
                match outcome? {
                    Settlement::Sent(_) => sum.sent += 1,
                    Settlement::Again { .. } => sum.again += 1,
                    Settlement::Dead { .. } => sum.dead += 1,
                    Settlement::Paused { .. } => sum.paused += 1,
                }
            }
        }
    }

    async fn deliver_one(&self, claimed: Claimed) -> Result<Settlement, StoreError> {
        let id = claimed.delivery.id;
        let attempts = claimed.delivery.attempts;
        let Some(open) = self
            .channels
            .iter()
            .find(|channel| channel.entry.id == claimed.delivery.channel)
        else {
            let error = "the channel is no longer configured".to_owned();
            return self.settle(id, Settlement::Dead { error }).await;
        };
        let message = self.message(claimed).await?;
        let result = open.channel.deliver(&message).await;
        let settlement = match result {
            Ok(receipt) => {
                self.milestones.passed(Milestone::MESSAGE_SENT);
                info!(channel.id = %open.entry.id, delivery.id = %id, "told {}", open.channel.address());
                Settlement::Sent(receipt)
            }
            Err(error) => {
                warn!(channel.id = %open.entry.id, delivery.id = %id, "{}: {error}", open.entry.id);
                self.class_of(&error, &open.entry.id, id, attempts)
            }
        };
        self.settle(id, settlement).await
    }

    async fn settle(
        &self,
        id: DeliveryId,
        settlement: Settlement,
    ) -> Result<Settlement, StoreError> {
        self.store
            .settle(id, self.clock.now(), settlement.clone())
            .await?;
        Ok(settlement)
    }

    /// What happens next after a failure.
    fn class_of(
        &self,
        error: &DeliveryError,
        channel: &ChannelId,
        id: DeliveryId,
        attempts: u32,
    ) -> Settlement {
        let now = self.clock.now();
        let text = error.to_string();
        match error {
            DeliveryError::Later { after, .. } => Settlement::Again {
                due: later(now, *after),
                error: text,
            },
            DeliveryError::Passing { .. } => Settlement::Again {
                due: later(now, back_off(id, attempts)),
                error: text,
            },
            DeliveryError::Refused { .. } => Settlement::Dead { error: text },
            DeliveryError::Paused { .. } => Settlement::Paused {
                notices: self.notices(channel, &text, now),
                reason: text,
            },
        }
    }

    /// Tells the other channels that one is paused.
    fn notices(&self, paused: &ChannelId, reason: &str, now: Timestamp) -> Vec<NewDelivery> {
        self.channels
            .iter()
            .filter(|channel| &channel.entry.id != paused)
            .map(|channel| NewDelivery {
                id: DeliveryId(self.ids.next_id()),
                channel: channel.entry.id.clone(),
                kind: DeliveryKind::Notice {
                    title: format!("Channel {paused} is paused"),
                    text: format!(
                        "{reason}. Its alerts wait and go out when its settings are changed, or after `prahari notify test {paused}` went through."
                    ),
                },
                alerts: Vec::new(),
                due: now,
                gap: Duration::ZERO,
            })
            .collect()
    }

    /// The message as things stand now.
    async fn message(&self, claimed: Claimed) -> Result<Message, StoreError> {
        let Claimed {
            delivery,
            alerts,
            thread,
        } = claimed;
        let content = match delivery.kind {
            DeliveryKind::Notice { title, text } => Content::Notice { title, text },
            DeliveryKind::Incident { .. } => match strongest(&alerts) {
                Some((alert, incident)) => {
                    Content::Story(Box::new(self.story(alert, incident).await?))
                }
                None => Content::Notice {
                    title: "An incident that is no longer there".to_owned(),
                    text: "Its alert was written, and it was removed before it was told."
                        .to_owned(),
                },
            },
            DeliveryKind::Digest => self.digest(&alerts).await?,
        };
        Ok(Message {
            id: delivery.id,
            at: delivery.created,
            content,
            thread,
            dashboard: Some(
                self.settings
                    .server
                    .public_url
                    .trim_end_matches('/')
                    .to_owned(),
            ),
            zone: self.settings.server.zone.clone(),
        })
    }

    async fn story(&self, alert: &Alert, incident: &Incident) -> Result<Story, StoreError> {
        let mut vulnerabilities = self.store.vulnerabilities(&incident.cves).await?;
        vulnerabilities.sort_by(|a, b| score(b).total_cmp(&score(a)));
        vulnerabilities.truncate(STORY_ITEMS as usize);
        Ok(Story {
            cause: alert.cause.clone(),
            reason: format!("rule {}: {}", alert.rule, alert.reason),
            items: self.store.latest_items(incident.id, STORY_ITEMS).await?,
            vulnerabilities,
            incident: incident.clone(),
        })
    }

    async fn digest(&self, alerts: &[(Alert, Incident)]) -> Result<Content, StoreError> {
        let mut latest: Vec<&(Alert, Incident)> = Vec::new();
        for entry in alerts.iter().rev() {
            if !latest.iter().any(|known| known.1.id == entry.1.id) {
                latest.push(entry);
            }
        }
        let worst = |incident: &Incident| (incident.band(), incident.last_seen);
        latest.sort_by_key(|(_, incident)| std::cmp::Reverse(worst(incident)));
        let count = latest.len();
        let mut stories = Vec::new();
        for (alert, incident) in latest.into_iter().take(DIGEST_STORIES) {
            stories.push(self.story(alert, incident).await?);
        }
        let told = stories.len();
        let mut occasion = "while Prahari was away".to_owned();
        if count > told {
            occasion = format!("{occasion}; the {told} worst of {count}");
        }
        Ok(Content::Digest { stories, occasion })
    }

    /// Sends a test through one channel, outside the outbox. A test that goes
    /// through ends a pause.
    ///
    /// # Errors
    /// The channel did not take it.
    pub async fn test_channel(&self, open: &OpenChannel) -> Result<Receipt, DeliveryError> {
        let message = Message {
            id: DeliveryId(self.ids.next_id()),
            at: self.clock.now(),
            content: Content::Test,
            thread: None,
            dashboard: Some(
                self.settings
                    .server
                    .public_url
                    .trim_end_matches('/')
                    .to_owned(),
            ),
            zone: self.settings.server.zone.clone(),
        };
        let receipt = open.channel.deliver(&message).await?;
        let kept = async {
            if let Some(address) = &receipt.address {
                self.store
                    .keep_channel_memo(&open.entry.id, ADDRESS_MEMO, address)
                    .await?;
            }
            self.store.resume(&open.entry.id).await
        };
        if let Err(error) = kept.await {
            warn!(channel.id = %open.entry.id, "the test went through, and that could not be noted: {error}");
        }
        Ok(receipt)
    }
}

fn score(vulnerability: &model::Vulnerability) -> f32 {
    vulnerability
        .severity
        .as_ref()
        .map_or(0.0, |judgement| judgement.score)
}

/// The alert that says most: the first that met its rule, else the latest.
fn strongest(alerts: &[(Alert, Incident)]) -> Option<&(Alert, Incident)> {
    let rank = |alert: &Alert| {
        (
            alert.cause == model::Cause::New,
            alert.severity >= Severity::High,
            alert.at,
        )
    };
    alerts.iter().max_by_key(|(alert, _)| rank(alert))
}

/// The wait after so many attempts. Its spread comes from the delivery's id, so
/// that many deliveries do not come back at the same moment, and a test gets the
/// same wait each time.
fn back_off(id: DeliveryId, attempts: u32) -> Duration {
    let exponent = i32::try_from(attempts.min(64)).unwrap_or(64);
    let wait = (FIRST_WAIT * 1.5_f64.powi(exponent)).min(LONGEST_WAIT);
    let seed = model::hash::short(&[id.as_bytes(), &attempts.to_le_bytes()]);
    let unit = f64::from(u16::from_le_bytes([seed[0], seed[1]])) / f64::from(u16::MAX);
    Duration::from_secs_f64((wait * (1.0 - SPREAD + 2.0 * SPREAD * unit)).min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_from_five_seconds_to_half_an_hour() {
        let id: DeliveryId = "01936000-0000-7000-8000-000000000001".parse().unwrap();
        let first = back_off(id, 0).as_secs_f64();
        assert!((3.5..=6.5).contains(&first), "{first}");
        let tenth = back_off(id, 10).as_secs_f64();
        assert!(
            (5.0 * 1.5_f64.powi(10) * 0.7..=5.0 * 1.5_f64.powi(10) * 1.3).contains(&tenth),
            "{tenth}"
        );
        assert!(back_off(id, 400) <= Duration::from_secs(30 * 60));
        assert!(back_off(id, 400) >= Duration::from_secs(20 * 60));
        let other: DeliveryId = "01936000-0000-7000-8000-000000000002".parse().unwrap();
        assert_ne!(back_off(id, 3), back_off(other, 3));
    }
}
