//! Values as every back end keeps them: times as microseconds, bodies as JSON, small
//! enums as numbers.

use std::time::Duration;

use model::audit::Ledger;
use model::{DeliveryState, Incident, Severity, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Occasion, StoreError};

pub(crate) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub(crate) fn time(micros: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(micros)
        .map_err(|_| StoreError::Broken(format!("a stored time cannot be read: {micros}")))
}

pub(crate) fn maybe_time(micros: Option<i64>) -> Result<Option<Timestamp>, StoreError> {
    micros.map(time).transpose()
}

/// A duration in microseconds, at most a hundred years: sums with times stay
/// within 64 bits.
pub(crate) fn length(duration: Duration) -> i64 {
    const LONGEST: i64 = 100 * 366 * 24 * 60 * 60 * 1_000_000;
    i64::try_from(duration.as_micros()).map_or(LONGEST, |micros| micros.min(LONGEST))
}

/// `at` moved by `length`, but never out of what a time can be.
pub(crate) fn moved(at: i64, length: i64) -> i64 {
    at.saturating_add(length).min(micros(Timestamp::MAX))
}

pub(crate) fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::Invalid(format!("the value cannot be stored: {error}")))
}

pub(crate) fn read<T: DeserializeOwned>(body: &str) -> Result<T, StoreError> {
    Ok(serde_json::from_str(body)?)
}

/// A name such as a source's, which was checked before it was stored.
pub(crate) fn name<T>(text: &str) -> Result<T, StoreError>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    text.parse()
        .map_err(|error| StoreError::Broken(format!("a stored name cannot be read: {error}")))
}

pub(crate) const fn severity_number(severity: Severity) -> i64 {
    match severity {
        Severity::Low => 0,
        Severity::Medium => 1,
        Severity::High => 2,
        Severity::Critical => 3,
    }
}

/// A score of 0 to 10 in tenths; what is no number counts as 0.
#[expect(clippy::cast_possible_truncation, reason = "clamped before")]
pub(crate) fn tenths(score: f32) -> i64 {
    if score.is_nan() {
        0
    } else {
        (score.clamp(0.0, 10.0) * 10.0).round() as i64
    }
}

pub(crate) const fn occasion_number(occasion: Occasion) -> i64 {
    match occasion {
        Occasion::Fresh => 0,
        Occasion::History => 1,
        Occasion::CatchUp => 2,
    }
}

pub(crate) fn occasion(number: i64) -> Result<Occasion, StoreError> {
    match number {
        0 => Ok(Occasion::Fresh),
        1 => Ok(Occasion::History),
        2 => Ok(Occasion::CatchUp),
        _ => Err(StoreError::Broken(format!(
            "a stored occasion cannot be read: {number}"
        ))),
    }
}

/// The ledger as it was kept. One that cannot be read any more is begun anew: the
/// worst outcome is learning again.
pub(crate) fn ledger(body: Option<&str>) -> Ledger {
    body.and_then(|body| serde_json::from_str(body).ok())
        .unwrap_or_default()
}

/// How many deliveries are claimed at once at most.
pub(crate) const MOST_CLAIMED: u32 = 256;
/// How many attempts of one delivery are kept: half an hour apart, a day's worth.
pub(crate) const ATTEMPTS_KEPT: i64 = 50;

pub(crate) const PENDING: i64 = 0;
pub(crate) const SENT: i64 = 1;
pub(crate) const DEAD: i64 = 2;

pub(crate) const fn state_number(state: DeliveryState) -> i64 {
    match state {
        DeliveryState::Pending => PENDING,
        DeliveryState::Sent => SENT,
        DeliveryState::Dead => DEAD,
    }
}

pub(crate) fn state(number: i64) -> Result<DeliveryState, StoreError> {
    match number {
        PENDING => Ok(DeliveryState::Pending),
        SENT => Ok(DeliveryState::Sent),
        DEAD => Ok(DeliveryState::Dead),
        _ => Err(StoreError::Broken(format!(
            "a stored state cannot be read: {number}"
        ))),
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Broken(format!("a stored value cannot be read: {error}"))
    }
}

/// Encoding and packing, off the threads that serve requests.
pub(crate) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| StoreError::Broken(format!("encoding was stopped: {error}")))?
}

/// The revision of an incident.
pub(crate) fn revision(incident: &Incident) -> i64 {
    i64::try_from(incident.revision).unwrap_or(i64::MAX)
}
