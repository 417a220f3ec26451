//! A clock that tests move. Sleeping on it moves it: no test waits.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use model::clock::later;
use model::{Clock, Timestamp};

use crate::shared::Shared;

/// A clock that stands still until a test, or a sleeper, moves it.
#[derive(Debug)]
pub struct TestClock(Shared<Face>);

#[derive(Debug)]
struct Face {
    now: Timestamp,
    slept: Vec<Duration>,
}

impl TestClock {
    /// A clock that shows this time, as `2026-11-21T09:00:00Z`.
    ///
    /// # Panics
    /// The text is not a time in RFC 3339.
    #[must_use]
    pub fn at(time: &str) -> Arc<Self> {
        match time.parse() {
            Ok(now) => Self::showing(now),
            Err(error) => panic!("`{time}` is not a time: {error}"),
        }
    }

    /// A clock that shows this time.
    #[must_use]
    pub fn showing(now: Timestamp) -> Arc<Self> {
        Arc::new(Self(Shared::new(Face {
            now,
            slept: Vec::new(),
        })))
    }

    /// Moves the clock forward.
    pub fn advance(&self, duration: Duration) {
        let mut face = self.0.lock();
        face.now = later(face.now, duration);
    }

    /// Sets the clock, also back: the time of a machine does jump.
    pub fn set(&self, now: Timestamp) {
        self.0.lock().now = now;
    }

    /// How long each sleeper asked to sleep, in the order of asking.
    #[must_use]
    pub fn slept(&self) -> Vec<Duration> {
        self.0.lock().slept.clone()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.0.lock().now
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let face = self.0.clone();
        // The clock moves when the sleep is awaited, not when it is written down:
        // a sleep that loses a `select!` before its first poll has not happened.
        Box::pin(async move {
            {
                let mut face = face.lock();
                face.now = later(face.now, duration);
                face.slept.push(duration);
            }
            // A worker that loops over sleeps must still let others run.
            tokio::task::yield_now().await;
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sleep_moves_the_clock_once_it_is_awaited() {
        let clock = TestClock::at("2026-11-21T09:00:00Z");
        let sleep = clock.sleep(Duration::from_secs(60));
        assert_eq!(clock.now().to_string(), "2026-11-21T09:00:00Z");
        sleep.await;
        clock.advance(Duration::from_secs(30));
        assert_eq!(clock.now().to_string(), "2026-11-21T09:01:30Z");
        assert_eq!(clock.slept(), [Duration::from_secs(60)]);
    }
}
