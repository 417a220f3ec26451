//! The real clock, real ids, and the place where a test may stop the process.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use model::{Clock, IdMaker, Timestamp};

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock {
    /// How far it is set ahead: zero, except where a test starts a process "ten
    /// minutes later".
    ahead: Duration,
}

impl SystemClock {
    /// A clock that is set ahead. Only debug builds have it: `PRAHARI_CLOCK_AHEAD=600`.
    #[cfg(debug_assertions)]
    #[must_use]
    pub const fn ahead(ahead: Duration) -> Self {
        Self { ahead }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the home of the real clock")]
    fn now(&self) -> Timestamp {
        // To the microsecond, which is what the store keeps.
        let now = model::clock::later(Timestamp::now(), self.ahead);
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    #[expect(clippy::disallowed_methods, reason = "the home of the real clock")]
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// UUIDs of version 7 from the machine's clock and random numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemIds(pub SystemClock);

impl IdMaker for SystemIds {
    fn next_id(&self) -> uuid::Uuid {
        let mut random = [0; 10];
        if getrandom::fill(&mut random).is_err() {
            // Without random numbers the clock's nanoseconds must do: two ids of
            // one process still differ.
            let nanos = self.0.now().as_nanosecond().to_le_bytes();
            random.copy_from_slice(&nanos[..10]);
        }
        model::id::uuid_v7(self.0.now(), &random)
    }
}

/// Stops the process as if it had been killed, at the nth passing of a milestone.
/// Only debug builds have it: `PRAHARI_STOP_AT=place.committed:3`.
#[cfg(debug_assertions)]
#[derive(Debug)]
pub struct StopAt {
    milestone: String,
    left: std::sync::atomic::AtomicU32,
}

#[cfg(debug_assertions)]
impl StopAt {
    /// From the variable's text; `None` if it names no milestone.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let (name, count) = text.rsplit_once(':').unwrap_or((text, "1"));
        let known = model::Milestone::ALL
            .iter()
            .any(|milestone| milestone.0 == name);
        let left = count.parse().ok()?;
        known.then(|| Self {
            milestone: name.to_owned(),
            left: std::sync::atomic::AtomicU32::new(left),
        })
    }
}

#[cfg(debug_assertions)]
impl model::Milestones for StopAt {
    fn passed(&self, milestone: model::Milestone) {
        use std::sync::atomic::Ordering;
        if milestone.0 == self.milestone && self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            // SIGKILL and not abort: no handler, no flush, no goodbye.
            let _ = std::process::Command::new("kill")
                .args(["-KILL", &std::process::id().to_string()])
                .status();
        }
    }
}
