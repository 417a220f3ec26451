//! Printing: the one place that writes to standard output and error.

use std::io::Write;

use model::clock::whole_day;
use model::{IncidentId, Severity, Timestamp};
use serde::Serialize;

/// A line of the result.
pub(super) fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    // A closed pipe (`| head`) is no mistake of anybody's.
    let _ = writeln!(out, "{text}");
}

/// The whole result as JSON.
pub(super) fn json<T: Serialize>(value: &T) -> anyhow::Result<()> {
    line(&serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Something that went wrong.
pub(super) fn error(text: &str) {
    let mut err = std::io::stderr().lock();
    let _ = writeln!(err, "prahari: {text}");
}

/// A time in the reader's zone, to the minute; what stands for a whole day is shown as
/// one.
pub(super) fn time(at: Timestamp, zone: &str) -> String {
    if let Some(day) = whole_day(at) {
        return day.strftime("%d %b %Y").to_string();
    }
    at.in_tz(zone).map_or_else(
        |_| at.to_string(),
        |zoned| zoned.strftime("%d %b %Y %H:%M").to_string(),
    )
}

/// An incident in one line of a list.
pub(super) fn incident(
    id: IncidentId,
    severity: Severity,
    last_seen: Timestamp,
    title: &str,
    zone: &str,
) -> String {
    format!(
        "{id}  {} {:<8} {}  {}",
        severity.mark(),
        severity.word(),
        time(last_seen, zone),
        plain(title),
    )
}

/// So many of something, as `1 item` or `2 items`.
pub(super) fn count(number: impl Into<u64>, one: &str, more: &str) -> String {
    let number = number.into();
    format!("{number} {}", if number == 1 { one } else { more })
}

/// A day as a source gave it, without a time of day: midnight in UTC, and not half past
/// five in the morning in India.
pub(super) fn day(at: Timestamp) -> String {
    at.strftime("%d %b %Y").to_string()
}

/// Outside text on a terminal: control characters would move its cursor.
pub(super) fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
