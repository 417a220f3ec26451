//! Politeness: a least distance between two requests to one host, and the
//! memory of hosts that asked us to wait.
//!
//! A place in the queue is taken under a short lock and waited for outside it,
//! so tasks go in the order in which they came. A host with another port than
//! the usual ones is another service, with a queue of its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::clock::{elapsed, later};
use model::{Clock, Timestamp};

/// Whoever would stand in the queue longer than this is told to come back, so
/// that a queue never holds tasks for hours.
const LONGEST_QUEUE: Duration = Duration::from_secs(10 * 60);

/// Hosts remembered before those that are long done are forgotten: many times
/// the catalogue, and a bound on what redirects can make us keep.
const MANY_HOSTS: usize = 4096;

/// After this a host without a hold is as good as new.
const FORGET_AFTER: Duration = Duration::from_secs(60 * 60);

pub(crate) struct Pace {
    clock: Arc<dyn Clock>,
    hosts: Mutex<HashMap<String, Host>>,
}

/// What is remembered of one host.
#[derive(Default)]
struct Host {
    /// The last turn given, possibly still to come.
    last: Option<Timestamp>,
    /// Not to be asked before this.
    held_until: Option<Timestamp>,
}

impl Pace {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            hosts: Mutex::new(HashMap::new()),
        }
    }

    /// Waits for a turn at `host`, at least `distance` after the turn before.
    /// The error is how long the host asks to be left alone.
    pub(crate) async fn turn(&self, host: &str, distance: Duration) -> Result<(), Duration> {
        let wait = self.take(host, distance)?;
        if wait.is_zero() {
            return Ok(());
        }
        self.clock.sleep(wait).await;
        // Whoever was before us may have been told to wait.
        let now = self.clock.now();
        match self.hosts().get(host).and_then(|known| held(known, now)) {
            Some(rest) => Err(rest),
            None => Ok(()),
        }
    }

    /// Nobody asks `host` again before `after` has passed.
    pub(crate) fn hold(&self, host: &str, after: Duration) {
        let until = later(self.clock.now(), after);
        let mut hosts = self.hosts();
        let known = hosts.entry(host.to_owned()).or_default();
        known.held_until = known.held_until.max(Some(until));
    }

    fn take(&self, host: &str, distance: Duration) -> Result<Duration, Duration> {
        let now = self.clock.now();
        let mut hosts = self.hosts();
        if hosts.len() >= MANY_HOSTS {
            hosts.retain(|_, known| {
                held(known, now).is_some()
                    || known
                        .last
                        .is_some_and(|last| later(last, FORGET_AFTER) > now)
            });
        }
        let known = hosts.entry(host.to_owned()).or_default();
        if let Some(rest) = held(known, now) {
            return Err(rest);
        }
        let turn = known
            .last
            .map_or(now, |last| later(last, distance).max(now));
        let wait = elapsed(now, turn);
        if wait > LONGEST_QUEUE {
            return Err(wait);
        }
        known.last = Some(turn);
        Ok(wait)
    }

    fn hosts(&self) -> MutexGuard<'_, HashMap<String, Host>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn held(host: &Host, now: Timestamp) -> Option<Duration> {
    host.held_until
        .filter(|until| *until > now)
        .map(|until| elapsed(now, until))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::Pin;

    /// Time stands still until the test moves it; a sleep only notes its length.
    struct StillClock(Mutex<(Timestamp, Vec<Duration>)>);

    impl StillClock {
        fn new() -> Arc<Self> {
            Arc::new(Self(Mutex::new((
                "2026-11-21T09:00:00Z".parse().unwrap(),
                Vec::new(),
            ))))
        }
        fn advance(&self, by: Duration) {
            let mut state = self.0.lock().unwrap();
            state.0 = later(state.0, by);
        }
        fn slept(&self) -> Vec<u64> {
            self.0
                .lock()
                .unwrap()
                .1
                .iter()
                .map(Duration::as_secs)
                .collect()
        }
    }

    impl Clock for StillClock {
        fn now(&self) -> Timestamp {
            self.0.lock().unwrap().0
        }
        fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
            self.0.lock().unwrap().1.push(duration);
            Box::pin(std::future::ready(()))
        }
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn tasks_to_one_host_queue_up_in_order_and_other_hosts_do_not_wait() {
        let clock = StillClock::new();
        let pace = Pace::new(clock.clone());
        for _ in 0..3 {
            pace.turn("a.example", SECOND).await.unwrap();
        }
        pace.turn("b.example", SECOND).await.unwrap();
        pace.turn("a.example", 6 * SECOND).await.unwrap();
        assert_eq!(clock.slept(), [1, 2, 8]);
        clock.advance(60 * SECOND);
        pace.turn("a.example", 6 * SECOND).await.unwrap();
        assert_eq!(clock.slept(), [1, 2, 8]);
    }

    #[tokio::test]
    async fn a_host_that_asked_to_wait_is_left_alone_until_then() {
        let clock = StillClock::new();
        let pace = Pace::new(clock.clone());
        pace.hold("a.example", 90 * SECOND);
        pace.hold("a.example", 10 * SECOND);
        clock.advance(30 * SECOND);
        assert_eq!(pace.turn("a.example", SECOND).await, Err(60 * SECOND));
        assert_eq!(pace.turn("b.example", SECOND).await, Ok(()));
        clock.advance(60 * SECOND);
        assert_eq!(pace.turn("a.example", SECOND).await, Ok(()));
    }

    #[tokio::test]
    async fn nobody_queues_for_longer_than_ten_minutes() {
        let clock = StillClock::new();
        let pace = Pace::new(clock.clone());
        for _ in 0..3 {
            pace.turn("a.example", 300 * SECOND).await.unwrap();
        }
        assert_eq!(
            pace.turn("a.example", 300 * SECOND).await,
            Err(900 * SECOND)
        );
        assert_eq!(clock.slept(), [300, 600]);
    }

    #[tokio::test]
    async fn hosts_that_are_long_done_are_forgotten() {
        let clock = StillClock::new();
        let pace = Pace::new(clock.clone());
        pace.hold("held.example", 24 * FORGET_AFTER);
        for n in 0..MANY_HOSTS {
            pace.turn(&format!("{n}.example"), SECOND).await.unwrap();
        }
        clock.advance(2 * FORGET_AFTER);
        pace.turn("new.example", SECOND).await.unwrap();
        assert_eq!(pace.hosts().len(), 2);
        assert!(pace.turn("held.example", SECOND).await.is_err());
    }
}
