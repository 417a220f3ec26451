//! What X costs, and when to stop: pure sums in millionths of a dollar.
//!
//! X charges for every post in an answer, once per UTC day however often it is
//! asked for, and its price list does not say whether the authors named beside
//! posts are users read. So both are counted, and every time: what is noted is
//! never less than the bill.

use std::time::Duration;

use jiff::ToSpan;
use jiff::tz::TimeZone;
use model::Timestamp;
use model::clock::elapsed;
use serde::{Deserialize, Serialize};

use super::SMALLEST_PAGE;
use crate::SourceError;

/// At the end of time there is no next month.
const LONGEST_MONTH: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// What was read in one calendar month (UTC).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Spent {
    /// As `2026-11`.
    month: String,
    posts: u64,
    authors: u64,
}

impl Spent {
    /// Begins the count anew when the month is another one.
    pub(super) fn enter(&mut self, now: Timestamp) {
        let month = now.strftime("%Y-%m").to_string();
        if self.month != month {
            *self = Self {
                month,
                ..Self::default()
            };
        }
    }

    /// Notes what an answer held.
    pub(super) const fn add(&mut self, posts: u64, authors: u64) {
        self.posts = self.posts.saturating_add(posts);
        self.authors = self.authors.saturating_add(authors);
    }
}

/// What may be spent in a month, and what things cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    whole: u64,
    post: u64,
    author: u64,
}

impl Budget {
    /// From dollars. What is no sum of money is nothing.
    pub(super) fn new(whole: f64, post: f64, author: f64) -> Self {
        Self {
            whole: millionths(whole),
            post: millionths(post),
            author: millionths(author),
        }
    }

    /// How many more posts it pays for, each by an author of its own.
    pub(super) fn affords(&self, spent: &Spent) -> u64 {
        let posts = spent.posts.saturating_mul(self.post);
        let authors = spent.authors.saturating_mul(self.author);
        let left = self.whole.saturating_sub(posts).saturating_sub(authors);
        left.checked_div(self.post.saturating_add(self.author))
            .unwrap_or(u64::MAX)
    }

    /// Why nothing is read when it does not pay for a page.
    pub(super) fn exhausted(&self, now: Timestamp) -> SourceError {
        let whole = format!("the monthly budget of {}", dollars(self.whole));
        if self.affords(&Spent::default()) < SMALLEST_PAGE {
            return SourceError::Unready(format!(
                "{whole} does not pay for the smallest page, {SMALLEST_PAGE} posts; raise `monthly_budget_usd`"
            ));
        }
        match next_month(now) {
            Some(next) => SourceError::Resting {
                reason: format!("{whole} is used up until {}", next.strftime("%-d %B")),
                after: elapsed(now, next),
            },
            None => SourceError::Resting {
                reason: format!("{whole} is used up"),
                after: LONGEST_MONTH,
            },
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a float stops at the ends of the range, and NaN is zero"
)]
fn millionths(dollars: f64) -> u64 {
    (dollars * 1e6).round() as u64
}

fn dollars(millionths: u64) -> String {
    let cents = millionths / 10_000;
    format!("${}.{:02}", cents / 100, cents % 100)
}

/// The first instant of the month after.
fn next_month(now: Timestamp) -> Option<Timestamp> {
    let first = now.to_zoned(TimeZone::UTC).first_of_month().ok()?;
    let next = first.start_of_day().ok()?.checked_add(1.month()).ok()?;
    Some(next.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_budget_is_counted_down_and_begins_anew_each_month() {
        let budget = Budget::new(5.0, 0.005, 0.0);
        let mut spent = Spent::default();
        spent.enter(at("2026-11-21T09:00:00Z"));
        assert_eq!(budget.affords(&spent), 1000);
        spent.add(995, 900);
        spent.enter(at("2026-11-30T23:59:59Z"));
        assert_eq!(budget.affords(&spent), 5);
        spent.enter(at("2026-12-01T00:00:00Z"));
        assert_eq!(budget.affords(&spent), 1000);
    }

    #[test]
    fn authors_cost_too() {
        let budget = Budget::new(5.0, 0.005, 0.01);
        let mut spent = Spent::default();
        assert_eq!(budget.affords(&spent), 333);
        spent.add(100, 50);
        assert_eq!(budget.affords(&spent), 266);
    }

    #[test]
    fn it_says_until_when_it_is_used_up() {
        let budget = Budget::new(5.0, 0.005, 0.01);
        match budget.exhausted(at("2026-11-29T12:00:00Z")) {
            SourceError::Resting { reason, after } => {
                assert_eq!(
                    reason,
                    "the monthly budget of $5.00 is used up until 1 December"
                );
                assert_eq!(after, Duration::from_secs(36 * 60 * 60));
            }
            other => panic!("{other:?}"),
        }
        let text = budget.exhausted(at("2026-12-31T23:59:59.5Z")).to_string();
        assert!(text.ends_with("until 1 January"), "{text}");
    }

    #[test]
    fn a_budget_below_one_page_is_a_mistake_and_odd_sums_are_nothing() {
        let text = Budget::new(0.1, 0.005, 0.01)
            .exhausted(at("2026-11-29T12:00:00Z"))
            .to_string();
        assert!(
            text.starts_with("the monthly budget of $0.10 does not pay for"),
            "{text}"
        );
        for (whole, post, affords) in [
            (f64::NAN, 0.005, 0),
            (-5.0, 0.005, 0),
            (f64::INFINITY, 0.005, u64::MAX / 5000),
            (5.0, 0.0, u64::MAX),
            (5.0, f64::INFINITY, 0),
        ] {
            assert_eq!(
                Budget::new(whole, post, 0.0).affords(&Spent::default()),
                affords,
                "{whole} {post}"
            );
        }
    }
}
