//! Forget: what is old is forgotten, in steps between which others get their turn.

use std::time::Duration;

use model::Timestamp;
use model::clock::earlier;
use store::StoreError;
use store::upkeep::{Forgotten, Policy};

use super::Pipeline;
use super::by_hand::ByHandError;
use crate::config::Retention;

/// Rows forgotten in one step, during which nothing is placed: some 50 ms.
const STEP: u32 = 500;
/// The names of forgotten items are kept for so many days after a source showed them
/// last: it will not show them again.
const NAMES_DAYS: u32 = 365;

impl Retention {
    /// What it forgets now.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Policy {
        let before = |days: u32| {
            (days > 0).then(|| earlier(now, Duration::from_secs(u64::from(days) * 86_400)))
        };
        Policy {
            irrelevant: before(self.irrelevant_days),
            dismissed: before(self.dismissed_days),
            incidents: before(self.incident_days),
            deliveries: before(self.delivery_days),
            names: before(NAMES_DAYS),
        }
    }

    /// When the service forgets next, after `now`.
    #[must_use]
    pub fn next(&self, now: Timestamp, zone: &str) -> Timestamp {
        let next = now.in_tz(zone).and_then(|here| {
            let today = here
                .date()
                .at(i8::try_from(self.hour).unwrap_or(0), 0, 0, 0);
            let tomorrow =
                here.date()
                    .tomorrow()?
                    .at(i8::try_from(self.hour).unwrap_or(0), 0, 0, 0);
            let today = today.to_zoned(here.time_zone().clone())?.timestamp();
            if today > now {
                return Ok(today);
            }
            Ok(tomorrow.to_zoned(here.time_zone().clone())?.timestamp())
        });
        next.unwrap_or_else(|_| model::clock::later(now, Duration::from_secs(86_400)))
    }
}

impl Pipeline {
    /// How much would be forgotten now.
    ///
    /// # Errors
    /// The store could not say.
    pub async fn forgettable(&self) -> Result<Forgotten, StoreError> {
        let policy = self.settings.retention.at(self.clock.now());
        self.store.forgettable(&policy).await
    }

    /// Forgets what is old, and gives the space back. `seen` is told after each step.
    ///
    /// # Errors
    /// The store could not, or another process keeps placing items.
    pub async fn forget(
        &self,
        seen: &(dyn Fn(&Forgotten) + Sync),
    ) -> Result<Forgotten, ByHandError> {
        let now = self.clock.now();
        let policy = self.settings.retention.at(now);
        let mut done = Forgotten::default();
        // Mostly there is nothing: then nobody waits.
        if self.store.forgettable(&policy).await?.is_nothing() {
            return Ok(done);
        }
        loop {
            let step = self
                .in_lane(async |fence| Ok(self.store.forget(fence, &policy, STEP, now).await?))
                .await?;
            done = done.and(step);
            seen(&done);
            if !step.more {
                break;
            }
        }
        while self.store.give_back().await? {}
        tracing::info!(
            "forgot {} irrelevant items, {} incidents of {} items, and {} deliveries",
            done.irrelevant,
            done.incidents,
            done.items,
            done.deliveries
        );
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_night_is_that_of_the_zone() {
        let retention = Retention::default();
        let next = |now: &str, zone: &str| retention.next(now.parse().unwrap(), zone).to_string();
        // Three in the morning in Kolkata is half past nine in the evening in UTC.
        assert_eq!(
            next("2026-11-21T09:00:00Z", "Asia/Kolkata"),
            "2026-11-21T21:30:00Z"
        );
        assert_eq!(
            next("2026-11-21T21:30:00Z", "Asia/Kolkata"),
            "2026-11-22T21:30:00Z"
        );
        assert_eq!(next("2026-11-21T01:00:00Z", "UTC"), "2026-11-21T03:00:00Z");
        // An hour that summer time leaves out is the one after it.
        let two = Retention {
            hour: 2,
            ..retention.clone()
        };
        let night = two.next("2026-03-28T23:00:00Z".parse().unwrap(), "Europe/Berlin");
        assert_eq!(night.to_string(), "2026-03-29T01:00:00Z");
    }

    #[test]
    fn nothing_is_forgotten_where_days_are_zero() {
        let ever = Retention {
            irrelevant_days: 0,
            dismissed_days: 0,
            incident_days: 0,
            delivery_days: 0,
            hour: 3,
        };
        let policy = ever.at("2026-11-21T09:00:00Z".parse().unwrap());
        assert_eq!(
            Policy {
                names: None,
                ..policy
            },
            Policy::default()
        );
    }
}
