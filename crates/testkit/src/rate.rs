//! How often a service lets itself be asked, by a clock that tests move.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use model::clock::{earlier, elapsed, later};
use model::{Clock, Timestamp};

/// A rolling window per key. Without a clock it lets everything through.
#[derive(Default)]
pub(crate) struct Rate {
    clock: Option<Arc<dyn Clock>>,
    passed: HashMap<String, Vec<Timestamp>>,
}

impl std::fmt::Debug for Rate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rate")
            .field("passed", &self.passed)
            .finish_non_exhaustive()
    }
}

impl Rate {
    /// Counts from now on.
    pub(crate) fn count_by(&mut self, clock: Arc<dyn Clock>) {
        self.clock = Some(clock);
    }

    /// The clock's time, if there is a clock.
    pub(crate) fn now(&self) -> Option<Timestamp> {
        self.clock.as_ref().map(|clock| clock.now())
    }

    /// Lets one more through under `key`, or says how long until it would: no
    /// more than `most` may pass within `window`. What is stopped does not count.
    pub(crate) fn pass(
        &mut self,
        key: &str,
        most: usize,
        window: Duration,
    ) -> Result<(), Duration> {
        let Some(now) = self.now() else { return Ok(()) };
        let from = earlier(now, window);
        let passed = self.passed.entry(key.to_owned()).or_default();
        passed.retain(|at| *at > from);
        match passed.first() {
            Some(first) if passed.len() >= most => Err(elapsed(now, later(*first, window))),
            _ => {
                passed.push(now);
                Ok(())
            }
        }
    }
}

/// A wait in whole seconds, rounded up: services tell no fractions.
pub(crate) const fn whole_seconds(wait: Duration) -> u64 {
    let rest = if wait.subsec_nanos() > 0 { 1 } else { 0 };
    wait.as_secs() + rest
}
