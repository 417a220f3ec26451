//! Time, passed in. Only the binary knows the real clock; tests move their own.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

pub use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::Offset;

/// Where the time comes from, and how long work waits.
pub trait Clock: Send + Sync {
    /// The time now, in UTC.
    fn now(&self) -> Timestamp;

    /// Completes once `duration` has passed on this clock. A test clock moves
    /// itself forward instead of waiting.
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// `at` moved by `duration`, or the last instant there is. Times come from
/// outside, so an overflow is data and not a bug.
#[must_use]
pub fn later(at: Timestamp, duration: Duration) -> Timestamp {
    at.checked_add(duration).unwrap_or(Timestamp::MAX)
}

/// `at` moved back by `duration`, or the first instant there is.
#[must_use]
pub fn earlier(at: Timestamp, duration: Duration) -> Timestamp {
    at.checked_sub(duration).unwrap_or(Timestamp::MIN)
}

/// Where days that are given without a time begin, in seconds east: in UTC, and in
/// India, whose CERT dates its notes so.
const DAYS_BEGIN: [i32; 2] = [0, 19_800];

/// The day, of a time that stands for a whole day: sources keep a date without a time as
/// its midnight. What truly happened on the stroke of it loses its hour, which is better
/// than an hour that nobody said.
#[must_use]
pub fn whole_day(at: Timestamp) -> Option<Date> {
    DAYS_BEGIN
        .into_iter()
        .filter_map(|east| Offset::from_seconds(east).ok())
        .map(|offset| offset.to_datetime(at))
        .find(|local| local.time() == Time::midnight())
        .map(|local| local.date())
}

/// How long from `start` to `end`; zero if `end` is not after `start`.
#[must_use]
pub fn elapsed(start: Timestamp, end: Timestamp) -> Duration {
    Duration::try_from(end.duration_since(start)).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn midnight_in_utc_or_in_india_stands_for_a_day() {
        for (at, day) in [
            ("2026-11-21T00:00:00Z", Some("2026-11-21")),
            ("2026-11-20T18:30:00Z", Some("2026-11-21")),
            ("2026-11-21T00:00:00.000001Z", None),
            ("2026-11-21T05:30:00Z", None),
        ] {
            let told = whole_day(at.parse().unwrap()).map(|day| day.to_string());
            assert_eq!(told.as_deref(), day, "{at}");
        }
        for edge in [Timestamp::MIN, Timestamp::MAX] {
            let _ = whole_day(edge);
        }
    }
}
