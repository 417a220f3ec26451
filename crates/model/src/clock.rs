//! Time, passed in. Only the binary knows the real clock; tests move their own.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

pub use jiff::Timestamp;

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

/// How long from `start` to `end`; zero if `end` is not after `start`.
#[must_use]
pub fn elapsed(start: Timestamp, end: Timestamp) -> Duration {
    Duration::try_from(end.duration_since(start)).unwrap_or(Duration::ZERO)
}
