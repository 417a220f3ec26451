//! How far NVD has been read: pure steps from one page to the next.
//!
//! The total of a window is watched. When it changes between two pages, records
//! have moved and one may have slipped through between them, so the window is
//! read again; a window that never settles is read on from as many records
//! earlier as have left it.

use std::time::Duration;

use model::Timestamp;
use model::clock::{earlier, elapsed, later};
use serde::{Deserialize, Serialize};

use crate::Progress;

/// NVD refuses longer ranges of dates.
const LONGEST_WINDOW: Duration = Duration::from_secs(120 * 24 * 60 * 60);
/// A window whose total changes is begun again so many times.
const RESTARTS: u32 = 3;
/// Then it is read on from a little earlier, so many times; after that it is
/// finished as it comes, because a total that changes at every page never ends.
const STEPS_BACK: u32 = 20;
/// A first load that finds nothing asks so often before it believes it: an
/// outage that answers with an empty page must not cost the whole history.
const EMPTY_ANSWERS: u32 = 3;
/// NVD's total is asked for once a day: a record that slipped through may wait as
/// long as that.
const COUNT_EVERY: Duration = Duration::from_secs(24 * 60 * 60);
/// How far back is read again for records that were missed: first the days in which
/// an outage would have cost them, then as far as one window reaches. After that
/// everything is read again.
const REREAD: [Duration; 2] = [Duration::from_secs(8 * 24 * 60 * 60), LONGEST_WINDOW];

/// The source's note.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    /// Every change before this was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    high_water: Option<Timestamp>,
    /// The first load while it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_load: Option<FirstLoad>,
    /// The window of changes being read. Never kept across a restart.
    #[serde(skip_serializing_if = "Option::is_none")]
    window: Option<Window>,
    /// When NVD was last asked how many records it has in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    counted: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct FirstLoad {
    start_index: u64,
    /// When it began: the high-water mark once it is done.
    started: Timestamp,
    total: Option<u64>,
    #[serde(default)]
    empty_answers: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Window {
    run: String,
    from: Timestamp,
    to: Timestamp,
    /// Whether it ends where reading began, so that nothing follows now.
    last: bool,
    next_index: u64,
    total: Option<u64>,
    shifts: u32,
}

/// The next page to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) start_index: u64,
    /// The window of changes; none in the first load.
    pub(super) changed: Option<(Timestamp, Timestamp)>,
}

/// What a page meant.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) checkpoint: bool,
    pub(super) more: bool,
    pub(super) progress: Option<Progress>,
    pub(super) problem: Option<String>,
}

impl Note {
    /// What to ask for at `now`; nothing when the mark is not before it.
    pub(super) fn step(&mut self, now: Timestamp, overlap: Duration, run: &str) -> Option<Step> {
        let Some(high_water) = self.high_water else {
            let load = self.first_load.get_or_insert(FirstLoad {
                start_index: 0,
                started: whole_milliseconds(now),
                total: None,
                empty_answers: 0,
            });
            return Some(Step {
                start_index: load.start_index,
                changed: None,
            });
        };
        if self.window.as_ref().is_none_or(|window| window.run != run) {
            let now = whole_milliseconds(now);
            // A clock that was set back must not ask about the future.
            let from = whole_milliseconds(earlier(high_water.min(now), overlap));
            let to = later(from, LONGEST_WINDOW).min(now);
            if to <= from {
                return None;
            }
            self.window = Some(Window {
                run: run.to_owned(),
                from,
                to,
                last: to == now,
                next_index: 0,
                total: None,
                shifts: 0,
            });
        }
        self.window.as_ref().map(|window| Step {
            start_index: window.next_index,
            changed: Some((window.from, window.to)),
        })
    }

    /// Whether NVD's total is to be asked for at `now`.
    pub(super) fn is_count_due(&self, now: Timestamp) -> bool {
        self.counted
            .is_none_or(|counted| elapsed(counted, now) >= COUNT_EVERY)
    }

    /// Notes that NVD said at `now` how many records it has.
    pub(super) fn count(&mut self, now: Timestamp) {
        self.counted = Some(now);
    }

    /// The note with which what was missed is read again, further back at each
    /// attempt; none when everything was. The total is asked for again afterwards.
    pub(super) fn reread(&self, attempt: u32) -> Option<Self> {
        let high_water = self.high_water?;
        let attempt = usize::try_from(attempt).unwrap_or(usize::MAX);
        match REREAD.get(attempt) {
            Some(back) => Some(Self {
                high_water: Some(earlier(high_water, *back)),
                ..Self::default()
            }),
            None => (attempt == REREAD.len()).then(Self::default),
        }
    }

    /// Notes that the page of `step` came with so many records of `total`.
    pub(super) fn advance(&mut self, step: &Step, records: u64, total: u64) -> Outcome {
        if self.high_water.is_none() {
            self.advance_first_load(step, records, total)
        } else {
            self.advance_window(step, records, total)
        }
    }

    fn advance_first_load(&mut self, step: &Step, records: u64, total: u64) -> Outcome {
        let Some(load) = &mut self.first_load else {
            return Outcome::default();
        };
        if total == 0 && load.empty_answers + 1 < EMPTY_ANSWERS {
            load.empty_answers += 1;
            load.start_index = 0;
            return Outcome {
                more: true,
                ..Outcome::default()
            };
        }
        // Records that were taken out have moved all behind them up.
        let gone = load
            .total
            .unwrap_or(total)
            .saturating_sub(total)
            .min(records.saturating_sub(1));
        let next = step
            .start_index
            .saturating_add(records)
            .saturating_sub(gone);
        load.total = Some(total);
        load.start_index = next;
        let progress = Some(Progress {
            done: next.min(total),
            total,
        });
        let more = next < total;
        if !more {
            self.high_water = Some(load.started);
            self.first_load = None;
        }
        Outcome {
            checkpoint: true,
            more,
            progress,
            problem: None,
        }
    }

    fn advance_window(&mut self, step: &Step, records: u64, total: u64) -> Outcome {
        let Some(window) = &mut self.window else {
            return Outcome::default();
        };
        let next = step.start_index.saturating_add(records);
        let known = window.total.replace(total).unwrap_or(total);
        let mut problem = None;
        if known != total {
            window.shifts += 1;
            if window.shifts <= RESTARTS {
                window.next_index = 0;
                window.total = None;
                return Outcome {
                    more: true,
                    ..Outcome::default()
                };
            }
            if window.shifts <= RESTARTS + STEPS_BACK {
                window.next_index = next.saturating_sub(known.abs_diff(total));
                if window.next_index < total {
                    return Outcome {
                        more: true,
                        ..Outcome::default()
                    };
                }
            } else {
                problem = Some(
                    "the number of changed records never settled; some may come later".to_owned(),
                );
            }
        }
        if next < total {
            window.next_index = next;
            return Outcome {
                more: true,
                problem,
                ..Outcome::default()
            };
        }
        let more = !window.last;
        self.high_water = Some(window.to);
        self.window = None;
        Outcome {
            checkpoint: true,
            more,
            progress: None,
            problem,
        }
    }
}

/// NVD counts in milliseconds; what is remembered must be what was asked for.
fn whole_milliseconds(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// A note whose first load is done, with the mark at `mark`.
    fn marked(mark: &str) -> Note {
        Note {
            high_water: Some(at(mark)),
            ..Note::default()
        }
    }

    #[test]
    fn a_first_load_that_finds_nothing_asks_thrice_before_it_believes() {
        let mut note = Note::default();
        let now = at("2026-11-21T09:00:00Z");
        for _ in 0..2 {
            let step = note.step(now, HOUR, "a").unwrap();
            let outcome = note.advance(&step, 0, 0);
            assert!(outcome.more && !outcome.checkpoint);
        }
        let step = note.step(now, HOUR, "a").unwrap();
        let outcome = note.advance(&step, 0, 0);
        assert!(!outcome.more && outcome.checkpoint);
        assert_eq!(note, marked("2026-11-21T09:00:00Z"));
    }

    #[test]
    fn records_taken_out_during_the_first_load_move_it_back() {
        let mut note = Note::default();
        let now = at("2026-11-21T09:00:00Z");
        for (start, records, total, next) in [(0, 10, 35, 10), (10, 10, 32, 17), (17, 10, 32, 27)] {
            let step = note.step(now, HOUR, "a").unwrap();
            assert_eq!(
                step,
                Step {
                    start_index: start,
                    changed: None
                }
            );
            let outcome = note.advance(&step, records, total);
            assert_eq!(outcome.progress, Some(Progress { done: next, total }));
            assert!(outcome.more && outcome.checkpoint);
        }
    }

    #[test]
    fn a_window_that_never_settles_is_begun_thrice_again_then_read_on_from_before() {
        let mut note = marked("2026-11-21T08:00:00Z");
        let now = at("2026-11-21T09:00:00Z");
        let mut asked = Vec::new();
        // Each page is of ten records; a record leaves the window between any two.
        for total in (0..40_u64).rev().map(|left| 100 + left) {
            let step = note.step(now, HOUR, "a").unwrap();
            asked.push(step.start_index);
            let outcome = note.advance(&step, 10, total);
            if outcome.checkpoint {
                break;
            }
        }
        assert_eq!(asked[..11], [0, 10, 0, 10, 0, 10, 0, 10, 19, 28, 37]);
        assert_eq!(note.window, None);
    }

    #[test]
    fn a_window_of_another_run_is_begun_again() {
        let mut note = marked("2026-11-21T08:00:00Z");
        let now = at("2026-11-21T09:00:00Z");
        let step = note.step(now, HOUR, "a").unwrap();
        note.advance(&step, 10, 30);
        assert_eq!(note.step(now, HOUR, "a").unwrap().start_index, 10);
        let later = at("2026-11-21T10:00:00Z");
        let step = note.step(later, HOUR, "b").unwrap();
        assert_eq!(
            step,
            Step {
                start_index: 0,
                changed: Some((at("2026-11-21T07:00:00Z"), later))
            }
        );
    }

    #[test]
    fn a_clock_set_back_asks_about_the_past_only() {
        let mut note = marked("2027-11-21T08:00:00Z");
        let now = at("2026-11-21T09:00:00Z");
        let step = note.step(now, HOUR, "a").unwrap();
        assert_eq!(step.changed, Some((at("2026-11-21T08:00:00Z"), now)));
        assert_eq!(
            marked("2026-11-21T09:00:00Z").step(now, Duration::ZERO, "a"),
            None
        );
    }
}
