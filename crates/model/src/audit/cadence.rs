//! How often a source speaks, learned from when it did, and from when on its silence
//! is worth a word.
//!
//! What surprised us: most sources are offices. They are quiet at night and from
//! Friday to Monday, so a plain average calls every weekend an outage. The gaps are
//! therefore judged by their long ones, and where nobody works on weekends those do
//! not count as time.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::{Timestamp, later};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;

/// Moments that are kept: ten days of a voice that speaks every hour.
const MOST: usize = 240;
/// Moments closer than this are one: nobody is missed within the hour, and so the
/// memory of a busy source still reaches over a weekend.
const ONE_MOMENT: i64 = HOUR;
/// Gaps it takes to speak of a habit.
const FEWEST_GAPS: usize = 10;
/// A habit has seen a weekend.
const SHORTEST_MEMORY: i64 = WEEK;
/// Nobody hears of a silence shorter than half a day: that is a night.
const FLOOR: i64 = 12 * HOUR;
/// A silence is only seen by asking; so many askings make it certain.
const FLOOR_IN_INTERVALS: i64 = 4;
/// Who pauses longer than this, and longer than ten usual gaps, has no cadence.
const CEILING: i64 = WEEK;
const CEILING_IN_GAPS: i64 = 10;
/// Who speaks less than once in this time is not missed.
const RAREST: i64 = 45 * DAY;
/// Saturday 06:00 to Sunday 18:00 UTC is weekend from India to California.
const WEEKEND_BEGINS: i64 = 2 * DAY + 6 * HOUR;
const WEEKEND: i64 = 36 * HOUR;
/// Moments it takes to tell that nobody works on weekends: by chance, none of 20
/// falls into a fifth of the week once in a hundred times.
const FEWEST_FOR_WEEKENDS: usize = 20;

/// When a source gave something new, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Arrivals(Vec<Arrival>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Arrival {
    /// In seconds since 1970.
    at: i64,
    /// Nobody listened for a while before it: the gap is ours.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    after_hole: bool,
}

/// How often a source speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cadence {
    /// The usual time between two news.
    pub typical: Duration,
    /// It is silent when it said nothing for so long.
    pub silent_after: Duration,
    /// Whether weekends do not count.
    pub weekdays_only: bool,
}

impl Arrivals {
    /// Notes that something new came at `at`; a clock that was set back notes
    /// nothing until it has caught up.
    pub fn note(&mut self, at: Timestamp, after_hole: bool) {
        let at = at.as_second();
        if let Some(last) = self.0.last()
            && at < last.at.saturating_add(ONE_MOMENT)
        {
            return;
        }
        self.0.push(Arrival { at, after_hole });
        let surplus = self.0.len().saturating_sub(MOST);
        self.0.drain(..surplus);
    }

    /// The habit in it, for a source that is asked at this interval; none when too
    /// little is known, or there is none.
    #[must_use]
    pub fn cadence(&self, interval: Duration) -> Option<Cadence> {
        let (first, last) = (self.0.first()?, self.0.last()?);
        if last.at - first.at < SHORTEST_MEMORY {
            return None;
        }
        let weekdays_only = self.is_quiet_on_weekends();
        let mut gaps: Vec<i64> = self
            .0
            .iter()
            .zip(self.0.iter().skip(1))
            .filter(|(_, next)| !next.after_hole)
            .map(|(before, next)| counted(before.at, next.at, weekdays_only))
            .collect();
        if gaps.len() < FEWEST_GAPS {
            return None;
        }
        gaps.sort_unstable();
        let typical = *gaps.get(gaps.len() / 2)?;
        // One gap in twenty is longer than this.
        let long = *gaps.get(gaps.len() * 19 / 20)?;
        let patience = (2 * long).max(3 * typical);
        if typical > RAREST || patience > CEILING.max(CEILING_IN_GAPS * typical) {
            return None;
        }
        let interval = i64::try_from(interval.as_secs())
            .unwrap_or(RAREST)
            .min(RAREST);
        let silent_after = patience.max(FLOOR).max(FLOOR_IN_INTERVALS * interval);
        Some(Cadence {
            typical: seconds(typical),
            silent_after: seconds(silent_after),
            weekdays_only,
        })
    }

    /// One moment in fifty may fall on a weekend: somebody forgot to go home.
    fn is_quiet_on_weekends(&self) -> bool {
        let on_weekends = self
            .0
            .iter()
            .filter(|arrival| weekend_before(arrival.at + 1) > weekend_before(arrival.at))
            .count();
        self.0.len() >= FEWEST_FOR_WEEKENDS && on_weekends * 50 <= self.0.len()
    }
}

impl Cadence {
    /// How long it has been silent at `now`, as it counts time.
    #[must_use]
    pub fn silence(&self, from: Timestamp, now: Timestamp) -> Duration {
        seconds(counted(
            from.as_second(),
            now.as_second(),
            self.weekdays_only,
        ))
    }

    /// Whether silence since `from` is unusual at `now`.
    #[must_use]
    pub fn is_silent(&self, from: Timestamp, now: Timestamp) -> bool {
        self.silence(from, now) > self.silent_after
    }

    /// When it would be silent if it gave nothing after `from`.
    #[must_use]
    pub fn expected_by(&self, from: Timestamp) -> Timestamp {
        let mut by = later(from, self.silent_after);
        // Each weekend on the way moves it on; a habit spans some weeks at most.
        for _ in 0..100 {
            let short = self.silent_after.saturating_sub(self.silence(from, by));
            if short.is_zero() {
                break;
            }
            by = later(by, short);
        }
        by
    }
}

fn counted(from: i64, to: i64, weekdays_only: bool) -> i64 {
    let all = to.saturating_sub(from).max(0);
    if weekdays_only {
        (all - (weekend_before(to) - weekend_before(from))).max(0)
    } else {
        all
    }
}

/// Seconds of weekend before `at`, from the first one after 1970 on. 1970 began on
/// a Thursday.
const fn weekend_before(at: i64) -> i64 {
    let since = at - WEEKEND_BEGINS;
    let into = since.rem_euclid(WEEK);
    since.div_euclid(WEEK) * WEEKEND + if into < WEEKEND { into } else { WEEKEND }
}

fn seconds(count: i64) -> Duration {
    Duration::from_secs(u64::try_from(count).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUARTER: Duration = Duration::from_secs(15 * 60);

    /// A Monday.
    fn start() -> Timestamp {
        "2026-09-07T00:00:00Z".parse().unwrap()
    }

    fn hours(count: f64) -> Duration {
        Duration::from_secs_f64(count * 3600.0)
    }

    /// Arrivals at these hours after the start.
    fn at_hours(moments: impl IntoIterator<Item = f64>) -> Arrivals {
        let mut arrivals = Arrivals::default();
        for moment in moments {
            arrivals.note(later(start(), hours(moment)), false);
        }
        arrivals
    }

    fn shown(arrivals: &Arrivals, interval: Duration) -> String {
        match arrivals.cadence(interval) {
            None => "not learned".to_owned(),
            Some(cadence) => format!(
                "every {} h, silent after {} h{}",
                cadence.typical.as_secs() / 3600,
                cadence.silent_after.as_secs() / 3600,
                if cadence.weekdays_only {
                    ", weekdays only"
                } else {
                    ""
                }
            ),
        }
    }

    /// The hours in `weeks` weeks at which an office speaks: Monday to Friday, each
    /// hour from 4 to 12 UTC.
    fn office(weeks: u32) -> Vec<f64> {
        (0..weeks * 7)
            .filter(|day| day % 7 < 5)
            .flat_map(|day| (4..12).map(move |hour| f64::from(day * 24 + hour)))
            .collect()
    }

    #[test]
    fn habits_are_learned_and_what_is_none_is_not() {
        let each = |step: f64, count: u32| (0..count).map(move |n| f64::from(n) * step);
        let cases: Vec<(&str, Arrivals, &str)> = vec![
            ("nothing", Arrivals::default(), "not learned"),
            (
                "three days of hours",
                at_hours(each(1.0, 72)),
                "not learned",
            ),
            (
                "ten days of hours",
                at_hours(each(1.0, 240)),
                "every 1 h, silent after 12 h",
            ),
            (
                "every ten minutes",
                at_hours(each(1.0 / 6.0, 2000)),
                "every 1 h, silent after 12 h",
            ),
            ("nine days", at_hours(each(24.0, 9)), "not learned"),
            (
                "a month of days",
                at_hours(each(24.0, 30)),
                "every 24 h, silent after 72 h",
            ),
            (
                "weekly",
                at_hours(each(168.0, 15)),
                "every 168 h, silent after 504 h",
            ),
            (
                "every two months",
                at_hours(each(1440.0, 15)),
                "not learned",
            ),
            (
                "an office",
                at_hours(office(3)),
                "every 1 h, silent after 34 h, weekdays only",
            ),
            (
                "bursts, then weeks of nothing",
                at_hours((0..8).flat_map(|month| {
                    (0..3).map(move |n| f64::from(month) * 720.0 + f64::from(n) * 2.0)
                })),
                "not learned",
            ),
        ];
        for (name, arrivals, wanted) in cases {
            assert_eq!(shown(&arrivals, QUARTER), wanted, "{name}");
        }
        assert_eq!(
            shown(&at_hours(each(1.0, 240)), hours(6.0)),
            "every 1 h, silent after 24 h",
            "who is asked every six hours is missed after four askings"
        );
    }

    #[test]
    fn one_long_outage_does_not_change_the_habit() {
        let moments = (0..200).map(|n| f64::from(n) + if n > 120 { 100.0 } else { 0.0 });
        assert_eq!(
            shown(&at_hours(moments), QUARTER),
            "every 1 h, silent after 12 h"
        );
    }

    #[test]
    fn a_gap_in_which_nobody_listened_is_not_counted() {
        let mut arrivals = Arrivals::default();
        for n in 0..12 {
            arrivals.note(later(start(), hours(f64::from(n) * 40.0)), true);
        }
        assert_eq!(shown(&arrivals, QUARTER), "not learned");
    }

    #[test]
    fn an_office_is_not_missed_on_a_weekend_and_is_on_a_monday() {
        let cadence = at_hours(office(3)).cadence(QUARTER).unwrap();
        let friday = later(start(), hours(18.0 * 24.0 + 11.0));
        for (hours_later, silent) in [(20.0, false), (60.0, false), (68.0, false), (72.0, true)] {
            assert_eq!(
                cadence.is_silent(friday, later(friday, hours(hours_later))),
                silent,
                "{hours_later} h"
            );
        }
        let by = cadence.expected_by(friday);
        assert!(!cadence.is_silent(friday, by));
        assert!(cadence.is_silent(friday, later(by, hours(0.1))));
    }

    #[test]
    fn memory_is_bounded_and_a_clock_set_back_harms_nothing() {
        let mut arrivals = at_hours((0..1000).map(f64::from));
        assert_eq!(arrivals.0.len(), MOST);
        arrivals.note(start(), false);
        assert_eq!(arrivals.0.len(), MOST);
        arrivals.note(Timestamp::MAX, false);
        arrivals.note(Timestamp::MIN, false);
        let _ = arrivals.cadence(Duration::MAX);
    }
}
