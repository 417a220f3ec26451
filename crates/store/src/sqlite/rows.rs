//! Values as SQLite keeps them: times as microseconds, ids as 16 bytes, bodies as
//! JSON, small enums as numbers.

use std::time::Duration;

use model::{DeliveryState, ItemId, Severity, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::{Occasion, PlacedItem, StoreError};

pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub(super) fn time(micros: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(micros)
        .map_err(|_| StoreError::Broken(format!("a stored time cannot be read: {micros}")))
}

pub(super) fn maybe_time(micros: Option<i64>) -> Result<Option<Timestamp>, StoreError> {
    micros.map(time).transpose()
}

/// A duration in microseconds, at most a hundred years: sums with times stay
/// within 64 bits.
pub(super) fn length(duration: Duration) -> i64 {
    const LONGEST: i64 = 100 * 366 * 24 * 60 * 60 * 1_000_000;
    i64::try_from(duration.as_micros()).map_or(LONGEST, |micros| micros.min(LONGEST))
}

/// `at` moved by `length`, but never out of what a time can be.
pub(super) fn moved(at: i64, length: i64) -> i64 {
    at.saturating_add(length).min(micros(Timestamp::MAX))
}

/// A count, which SQLite keeps as a signed number.
pub(super) fn count(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
}

pub(super) const fn uuid(bytes: [u8; 16]) -> Uuid {
    Uuid::from_bytes(bytes)
}

pub(super) fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::Invalid(format!("the value cannot be stored: {error}")))
}

pub(super) fn read<T: DeserializeOwned>(body: &str) -> Result<T, StoreError> {
    Ok(serde_json::from_str(body)?)
}

/// A placed item: its body, its analysis, what it repeats, why it is there.
pub(super) fn placed_item(row: &rusqlite::Row<'_>) -> Result<PlacedItem, StoreError> {
    let repeat_of: Option<[u8; 16]> = row.get(2)?;
    Ok(PlacedItem {
        item: read(&row.get::<_, String>(0)?)?,
        analysis: read(&row.get::<_, String>(1)?)?,
        repeat_of: repeat_of.map(|id| ItemId(uuid(id))),
        joined_because: row.get(3)?,
    })
}

/// A name such as a source's, which was checked before it was stored.
pub(super) fn name<T>(text: &str) -> Result<T, StoreError>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    text.parse()
        .map_err(|error| StoreError::Broken(format!("a stored name cannot be read: {error}")))
}

pub(super) const fn severity_number(severity: Severity) -> i64 {
    match severity {
        Severity::Low => 0,
        Severity::Medium => 1,
        Severity::High => 2,
        Severity::Critical => 3,
    }
}

/// A score of 0 to 10 in tenths; what is no number counts as 0.
#[expect(clippy::cast_possible_truncation, reason = "clamped before")]
pub(super) fn tenths(score: f32) -> i64 {
    if score.is_nan() {
        0
    } else {
        (score.clamp(0.0, 10.0) * 10.0).round() as i64
    }
}

pub(super) const fn occasion_number(occasion: Occasion) -> i64 {
    match occasion {
        Occasion::Fresh => 0,
        Occasion::History => 1,
        Occasion::CatchUp => 2,
    }
}

pub(super) fn occasion(number: i64) -> Result<Occasion, StoreError> {
    match number {
        0 => Ok(Occasion::Fresh),
        1 => Ok(Occasion::History),
        2 => Ok(Occasion::CatchUp),
        _ => Err(StoreError::Broken(format!(
            "a stored occasion cannot be read: {number}"
        ))),
    }
}

pub(super) const PENDING: i64 = 0;
pub(super) const SENT: i64 = 1;
pub(super) const DEAD: i64 = 2;

pub(super) const fn state_number(state: DeliveryState) -> i64 {
    match state {
        DeliveryState::Pending => PENDING,
        DeliveryState::Sent => SENT,
        DeliveryState::Dead => DEAD,
    }
}

pub(super) fn state(number: i64) -> Result<DeliveryState, StoreError> {
    match number {
        PENDING => Ok(DeliveryState::Pending),
        SENT => Ok(DeliveryState::Sent),
        DEAD => Ok(DeliveryState::Dead),
        _ => Err(StoreError::Broken(format!(
            "a stored state cannot be read: {number}"
        ))),
    }
}
