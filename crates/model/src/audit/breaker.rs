//! The circuit breaker: who fails again and again is probed slowly, never forgotten.

use serde::{Deserialize, Serialize};

/// Failures in a row after which a source is only probed. With waits of 1, 2, 4, 8
/// minutes between them it has failed for a quarter of an hour: no restart of a
/// server takes that long.
const PATIENCE: u32 = 5;

/// How a source is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Breaker {
    /// As usual; after so many failures in a row.
    Closed {
        /// Failures since the last success.
        failures: u32,
    },
    /// Slowly: it keeps failing.
    Open {
        /// Probes that failed since it opened.
        probes: u32,
    },
    /// As usual again, on trial: the first failure opens it once more.
    HalfOpen,
}

impl Default for Breaker {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

impl Breaker {
    /// After an answer.
    #[must_use]
    pub const fn after_success(self) -> Self {
        match self {
            Self::Open { .. } => Self::HalfOpen,
            Self::Closed { .. } | Self::HalfOpen => Self::Closed { failures: 0 },
        }
    }

    /// After a failure. What is gone for good opens it at once.
    #[must_use]
    pub const fn after_failure(self, gone: bool) -> Self {
        match self {
            Self::Closed { failures } if failures + 1 < PATIENCE && !gone => Self::Closed {
                failures: failures + 1,
            },
            Self::Closed { .. } | Self::HalfOpen => Self::Open { probes: 0 },
            Self::Open { probes } => Self::Open {
                probes: probes.saturating_add(1),
            },
        }
    }

    /// The word for it on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed { .. } => "closed",
            Self::Open { .. } => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `f` a failure, `s` a success, `g` gone: the word after each.
    fn check(polls: &str, words: &str) {
        let mut breaker = Breaker::default();
        let seen: Vec<&str> = polls
            .chars()
            .map(|poll| {
                breaker = match poll {
                    's' => breaker.after_success(),
                    poll => breaker.after_failure(poll == 'g'),
                };
                breaker.as_str()
            })
            .collect();
        assert_eq!(seen.join(" "), words, "{polls}");
    }

    #[test]
    fn it_opens_after_five_failures_and_closes_after_two_successes() {
        check("fff", "closed closed closed");
        check(
            "ffffsffff",
            "closed closed closed closed closed closed closed closed closed",
        );
        check("fffffff", "closed closed closed closed open open open");
        check(
            "fffffss",
            "closed closed closed closed open half_open closed",
        );
        check("fffffsf", "closed closed closed closed open half_open open");
        check("gs", "open half_open");
        check("fgf", "closed open open");
    }

    #[test]
    fn probes_are_counted_from_its_opening() {
        let mut breaker = Breaker::default();
        for _ in 0..8 {
            breaker = breaker.after_failure(false);
        }
        assert_eq!(breaker, Breaker::Open { probes: 3 });
    }
}
