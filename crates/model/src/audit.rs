//! What is remembered of a source's conduct, so that silence is never mistaken for
//! calm: when it gave something new, how its documents looked, how it failed, and
//! what it says of its own size.
//!
//! Everything here is pure: a [`Ledger`] is read with the source's state, changed by
//! what a poll came to, and kept again. Whether people are told is decided elsewhere,
//! from these facts alone.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::{Timestamp, elapsed};
use crate::id::SourceId;

mod breaker;
mod cadence;
mod shape;

pub use breaker::Breaker;
pub use cadence::{Arrivals, Cadence};
pub use shape::{Facts, Oddity, Shape};

/// The conduct of one source. Small: some kilobytes at most.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ledger {
    /// When it gave something new.
    pub arrivals: Arrivals,
    /// Since when it has been read without a long hole. Silence before that is ours.
    pub watched_since: Option<Timestamp>,
    /// Which of the latest polls gave something new.
    pub yields: Yields,
    /// What keeps it from being read, if anything does.
    pub trouble: Option<Trouble>,
    /// Whether it is asked as usual or probed slowly.
    pub breaker: Breaker,
    /// When it is asked again.
    pub next_poll: Option<Timestamp>,
    /// For how many seconds the source asks not to be read again after a reading.
    pub rest_seconds: Option<u64>,
    /// How its documents look.
    pub shape: Shape,
    /// Its own total, and ours.
    pub balance: Option<Balance>,
}

/// Why a source is not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// What kind of trouble.
    pub kind: TroubleKind,
    /// Since when, without a success between.
    pub since: Timestamp,
    /// In a sentence, as the last poll said it.
    pub said: String,
}

/// Kinds of trouble, each with its own meaning for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TroubleKind {
    /// It was not reached: the network, or its server.
    Unreached,
    /// It answers, and not with what it gives: refused, a web page, another address.
    Wrong,
    /// Its address is gone for good (410).
    Gone,
    /// Nothing is wrong: it rests, because a budget is used up.
    Resting,
}

/// A source's own total against what we hold of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// What it says it has.
    pub stated: u64,
    /// What we hold of it.
    pub held: u64,
    /// When they were compared.
    pub at: Timestamp,
    /// Since when records are missing; absent while none are.
    pub short_since: Option<Timestamp>,
    /// How often what is missing was read again since then.
    pub rereads: u32,
    /// Another catalogue of the same, compared with it.
    #[serde(default)]
    pub against: Option<Against>,
}

/// How two catalogues of CVEs differ, rejected ones left out. One that is read from
/// today on lacks all that was before: the figures inform, and are no fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Against {
    /// The other source.
    pub source: SourceId,
    /// CVEs of which only the other speaks.
    pub only_there: u64,
    /// CVEs of which the other does not speak.
    pub only_here: u64,
}

impl Balance {
    /// Compares. The difference of the time before is remembered by `before`.
    #[must_use]
    pub fn of(stated: u64, held: u64, at: Timestamp, before: Option<&Self>) -> Self {
        let mut balance = Self {
            stated,
            held,
            at,
            short_since: None,
            rereads: 0,
            against: None,
        };
        if balance.missing() > 0 {
            let short = before.filter(|before| before.short_since.is_some());
            balance.short_since = short.and_then(|before| before.short_since).or(Some(at));
            balance.rereads = short.map_or(0, |before| before.rereads);
        }
        balance
    }

    /// How many records the source has and we lack. One in ten thousand is let
    /// pass: a catalogue grows while it is read.
    #[must_use]
    pub const fn missing(&self) -> u64 {
        let missing = self.stated.saturating_sub(self.held);
        if missing > self.stated / 10_000 {
            missing
        } else {
            0
        }
    }
}

/// Which of the latest polls gave something new, the newest in the lowest bit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Yields {
    bits: u16,
    polls: u8,
}

/// Polls that [`Yields`] looks back on: enough that one more or less changes the
/// pace by a few percent only.
const LOOK_BACK: u8 = 16;

impl Yields {
    /// Notes a poll.
    pub const fn note(&mut self, gave: bool) {
        self.bits = (self.bits << 1) | gave as u16;
        if self.polls < LOOK_BACK {
            self.polls += 1;
        }
    }

    /// The share of polls that gave something new; absent until enough were seen.
    #[must_use]
    pub fn share(self) -> Option<f64> {
        (self.polls == LOOK_BACK).then(|| f64::from(self.bits.count_ones()) / f64::from(LOOK_BACK))
    }
}

impl Ledger {
    /// Notes a poll that gave an answer. `gave`: something new that is no history;
    /// `hole`: it had not been read for so long that the pause says nothing.
    pub fn answered(&mut self, at: Timestamp, gave: bool, hole: bool) {
        if hole || self.watched_since.is_none() {
            self.watched_since = Some(at);
        }
        self.trouble = None;
        self.breaker = self.breaker.after_success();
        self.yields.note(gave);
        if gave {
            self.arrivals.note(at, hole);
        }
    }

    /// Notes a poll that gave none. `hole`: it had not been asked for so long that
    /// an older trouble does not count as lasting.
    pub fn failed(&mut self, at: Timestamp, kind: TroubleKind, said: String, hole: bool) {
        let since = match &self.trouble {
            // A rest is no failure, and a failure no rest.
            Some(trouble)
                if !hole
                    && (trouble.kind == TroubleKind::Resting) == (kind == TroubleKind::Resting) =>
            {
                trouble.since
            }
            _ => at,
        };
        if kind != TroubleKind::Resting {
            self.breaker = self.breaker.after_failure(kind == TroubleKind::Gone);
        }
        self.trouble = Some(Trouble { kind, since, said });
    }

    /// Its cadence, once it is learned.
    #[must_use]
    pub fn cadence(&self, interval: Duration) -> Option<Cadence> {
        self.arrivals.cadence(interval)
    }

    /// The moment from which its silence counts.
    #[must_use]
    pub fn silent_from(&self, last_item: Option<Timestamp>) -> Option<Timestamp> {
        last_item.max(self.watched_since)
    }

    /// How long it has been in trouble.
    #[must_use]
    pub fn troubled_for(&self, now: Timestamp) -> Duration {
        let since = self.trouble.as_ref().map(|trouble| trouble.since);
        since.map_or(Duration::ZERO, |since| elapsed(since, now))
    }
}

/// Something people were told of a source, until it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Episode {
    /// Which source; none when it is about most of them at once.
    pub source: Option<SourceId>,
    /// What it is.
    pub kind: EpisodeKind,
    /// Since when it is so.
    pub since: Timestamp,
    /// What was told, in one sentence.
    pub told: String,
    /// When it ended; absent while it lasts.
    pub ended: Option<Timestamp>,
}

labels! {
    /// What the self-audit tells people.
    EpisodeKind, "a finding of the self-audit (silent, failing)" {
        /// A source that normally speaks gives nothing new.
        Silent = "silent", "quieter than usual";
        /// A source cannot be read for long.
        Failing = "failing", "cannot be read";
        /// A source's address is gone for good.
        Gone = "gone", "gone";
        /// A source's documents look other than they used to.
        Shape = "shape", "changed its shape";
        /// A source has records that we lack, also after reading again.
        Totals = "totals", "records are missing";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_ledger_survives_being_written_down_and_an_older_one_is_read() {
        let mut ledger = Ledger::default();
        ledger.answered(at("2026-11-21T09:00:00Z"), true, false);
        ledger.failed(
            at("2026-11-21T10:00:00Z"),
            TroubleKind::Wrong,
            "a web page".to_owned(),
            false,
        );
        let text = serde_json::to_string(&ledger).unwrap();
        assert_eq!(serde_json::from_str::<Ledger>(&text).unwrap(), ledger);
        assert_eq!(
            serde_json::from_str::<Ledger>("{}").unwrap(),
            Ledger::default()
        );
    }

    #[test]
    fn trouble_lasts_from_its_first_failure_until_a_success_or_a_hole() {
        let mut ledger = Ledger::default();
        let fail = |ledger: &mut Ledger, when: &str, hole| {
            ledger.failed(at(when), TroubleKind::Unreached, String::new(), hole);
            ledger.trouble.as_ref().unwrap().since
        };
        let first = at("2026-11-21T09:00:00Z");
        assert_eq!(fail(&mut ledger, "2026-11-21T09:00:00Z", false), first);
        assert_eq!(fail(&mut ledger, "2026-11-21T10:00:00Z", false), first);
        assert_eq!(
            fail(&mut ledger, "2026-11-25T10:00:00Z", true),
            at("2026-11-25T10:00:00Z")
        );
        ledger.answered(at("2026-11-25T11:00:00Z"), false, false);
        assert_eq!(ledger.trouble, None);
    }

    #[test]
    fn silence_counts_from_the_last_news_or_from_our_return() {
        let mut ledger = Ledger::default();
        let news = Some(at("2026-11-20T09:00:00Z"));
        ledger.answered(at("2026-11-20T08:00:00Z"), false, false);
        assert_eq!(ledger.silent_from(news), news);
        ledger.answered(at("2026-11-24T08:00:00Z"), false, true);
        assert_eq!(ledger.silent_from(news), Some(at("2026-11-24T08:00:00Z")));
    }

    #[test]
    fn totals_that_differ_by_a_little_are_even() {
        let day = |n: i8| at(&format!("2026-11-{n:02}T09:00:00Z"));
        let check = |stated, held, missing| {
            let balance = Balance::of(stated, held, day(1), None);
            assert_eq!(balance.missing(), missing, "{stated} {held}");
            assert_eq!(balance.short_since.is_some(), missing > 0);
        };
        check(300_000, 300_000, 0);
        check(300_000, 299_970, 0);
        check(300_000, 299_969, 31);
        check(300_000, 300_500, 0);
        check(20, 19, 1);
        check(0, 0, 0);
        let mut first = Balance::of(20, 5, day(1), None);
        first.rereads = 2;
        let second = Balance::of(21, 5, day(2), Some(&first));
        assert_eq!((second.short_since, second.rereads), (Some(day(1)), 2));
        let even = Balance::of(21, 21, day(3), Some(&second));
        assert_eq!((even.short_since, even.rereads), (None, 0));
        let again = Balance::of(22, 21, day(4), Some(&even));
        assert_eq!((again.short_since, again.rereads), (Some(day(4)), 0));
    }

    #[test]
    fn the_share_of_polls_that_gave_is_known_after_sixteen() {
        let mut yields = Yields::default();
        for n in 0..15 {
            yields.note(n % 2 == 0);
            assert_eq!(yields.share(), None);
        }
        yields.note(false);
        assert_eq!(yields.share(), Some(0.5));
        for _ in 0..16 {
            yields.note(false);
        }
        assert_eq!(yields.share(), Some(0.0));
    }
}
