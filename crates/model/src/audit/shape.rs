//! How a source's documents look, and when they suddenly look otherwise: a feed whose
//! entries are gone, whose dates moved to a field nobody reads, whose links broke.
//! Each of these is a dead feed behind a green light, because the document came.

use serde::{Deserialize, Serialize};

use crate::clock::{Timestamp, elapsed};

/// Documents it takes to know how they look.
const FEWEST_DOCUMENTS: u32 = 10;
/// How much the latest document changes the running means: the last twenty or so
/// are what counts.
const WEIGHT: f32 = 0.1;
/// Fewer entries than this say nothing of a share.
const FEWEST_ENTRIES: u32 = 3;
/// A share is usual up to here …
const SELDOM: f32 = 0.1;
/// … and odd from here on.
const MOSTLY: f32 = 0.8;
/// For problems a half is odd already: each is an entry that is lost.
const HALF: f32 = 0.5;
/// After so long the new look is the usual one.
const ADOPTED_AFTER_SECS: u64 = 30 * 24 * 60 * 60;

/// What one reading looked like, in counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Facts {
    /// Entries the document held, known ones included; absent when no whole document
    /// was read.
    pub held: Option<u32>,
    /// Entries that could be read.
    pub entries: u32,
    /// Entries that could not.
    pub problems: u32,
    /// Entries without a date.
    pub undated: u32,
    /// Entries without a link.
    pub unlinked: u32,
    /// Entries without a text.
    pub textless: u32,
}

/// What is odd about the latest documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Oddity {
    /// It held entries and holds none.
    Empty,
    /// Half of its entries or more cannot be read.
    Unreadable,
    /// Its entries have no dates any more.
    Undated,
    /// Its entries have no links any more.
    Unlinked,
    /// Its entries have no texts any more.
    Textless,
}

impl Oddity {
    /// In words: what its documents do now.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Empty => "its documents held entries and are empty now",
            Self::Unreadable => "most of its entries can no longer be read",
            Self::Undated => "its entries have no dates any more",
            Self::Unlinked => "its entries have no links any more",
            Self::Textless => "its entries have no texts any more",
        }
    }
}

/// Running means over a source's documents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Shape {
    /// Documents seen.
    documents: u32,
    /// Shares, each from 0 to 1.
    empty: f32,
    problems: f32,
    undated: f32,
    unlinked: f32,
    textless: f32,
    odd: Option<(Oddity, Timestamp)>,
}

impl Shape {
    /// Notes a reading. One without a document and without entries, as an answer
    /// that nothing changed, leaves everything as it is.
    pub fn note(&mut self, facts: &Facts, at: Timestamp) {
        if facts.held.is_none() && facts.entries + facts.problems == 0 {
            return;
        }
        if let Some(oddity) = self.oddity_of(facts) {
            let since = match self.odd {
                Some((known, since)) if known == oddity => since,
                _ => at,
            };
            if elapsed(since, at).as_secs() < ADOPTED_AFTER_SECS {
                // An odd document is no example of the usual ones.
                self.odd = Some((oddity, since));
                return;
            }
            *self = Self::default();
        }
        self.odd = None;
        self.learn(facts);
    }

    /// What is odd about its documents, and since when.
    #[must_use]
    pub const fn odd(&self) -> Option<(Oddity, Timestamp)> {
        self.odd
    }

    fn oddity_of(&self, facts: &Facts) -> Option<Oddity> {
        if self.documents < FEWEST_DOCUMENTS {
            return None;
        }
        if facts.held == Some(0) && facts.problems == 0 {
            return (self.empty < SELDOM / 2.0).then_some(Oddity::Empty);
        }
        let all = facts.entries.saturating_add(facts.problems);
        let turned = |now: u32, of: u32, usual: f32, odd: f32| {
            of >= FEWEST_ENTRIES && share(now, of) >= odd && usual <= SELDOM
        };
        if turned(facts.problems, all, self.problems, HALF) {
            return Some(Oddity::Unreadable);
        }
        [
            (facts.undated, self.undated, Oddity::Undated),
            (facts.unlinked, self.unlinked, Oddity::Unlinked),
            (facts.textless, self.textless, Oddity::Textless),
        ]
        .into_iter()
        .find(|(now, usual, _)| turned(*now, facts.entries, *usual, MOSTLY))
        .map(|(_, _, oddity)| oddity)
    }

    fn learn(&mut self, facts: &Facts) {
        // The first documents weigh more, or zero would be what we began with.
        let weight = WEIGHT.max(1.0 / (self.documents.min(1000) as f32 + 1.0));
        let mean = |mean: &mut f32, value: f32| *mean += (value - *mean) * weight;
        self.documents = self.documents.saturating_add(1);
        if let Some(held) = facts.held {
            mean(&mut self.empty, f32::from(u8::from(held == 0)));
        }
        let all = facts.entries.saturating_add(facts.problems);
        if all > 0 {
            mean(&mut self.problems, share(facts.problems, all));
        }
        if facts.entries > 0 {
            mean(&mut self.undated, share(facts.undated, facts.entries));
            mean(&mut self.unlinked, share(facts.unlinked, facts.entries));
            mean(&mut self.textless, share(facts.textless, facts.entries));
        }
    }
}

fn share(part: u32, of: u32) -> f32 {
    if of == 0 {
        0.0
    } else {
        part as f32 / of as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::later;
    use std::time::Duration;

    const GOOD: Facts = Facts {
        held: Some(20),
        entries: 20,
        problems: 0,
        undated: 0,
        unlinked: 0,
        textless: 0,
    };

    fn hour(count: u64) -> Timestamp {
        let start: Timestamp = "2026-11-21T00:00:00Z".parse().unwrap();
        later(start, Duration::from_secs(count * 3600))
    }

    /// A shape after ten documents like this one.
    fn used_to(facts: Facts) -> Shape {
        let mut shape = Shape::default();
        for n in 0..10 {
            shape.note(&facts, hour(n));
        }
        assert_eq!(shape.odd(), None);
        shape
    }

    #[test]
    fn what_changes_is_named_and_what_was_always_so_is_not() {
        let empty = Facts {
            held: Some(0),
            ..Facts::default()
        };
        let undated = Facts {
            undated: 18,
            ..GOOD
        };
        let half = Facts {
            entries: 10,
            problems: 10,
            ..GOOD
        };
        let few = Facts {
            held: Some(2),
            entries: 2,
            undated: 2,
            ..Facts::default()
        };
        let cases = [
            (GOOD, GOOD, None),
            (GOOD, empty, Some(Oddity::Empty)),
            (empty, empty, None),
            (empty, GOOD, None),
            (GOOD, undated, Some(Oddity::Undated)),
            (undated, undated, None),
            (GOOD, half, Some(Oddity::Unreadable)),
            (
                GOOD,
                Facts {
                    unlinked: 20,
                    ..GOOD
                },
                Some(Oddity::Unlinked),
            ),
            (
                GOOD,
                Facts {
                    textless: 16,
                    ..GOOD
                },
                Some(Oddity::Textless),
            ),
            (
                GOOD,
                Facts {
                    textless: 15,
                    ..GOOD
                },
                None,
            ),
            (GOOD, few, None),
        ];
        for (usual, now, wanted) in cases {
            let mut shape = used_to(usual);
            shape.note(&now, hour(20));
            assert_eq!(
                shape.odd().map(|(oddity, _)| oddity),
                wanted,
                "{usual:?} {now:?}"
            );
        }
    }

    #[test]
    fn an_oddity_lasts_until_a_usual_document_comes() {
        let mut shape = used_to(GOOD);
        let empty = Facts {
            held: Some(0),
            ..Facts::default()
        };
        shape.note(&empty, hour(20));
        shape.note(&Facts::default(), hour(21));
        shape.note(&empty, hour(30));
        assert_eq!(shape.odd(), Some((Oddity::Empty, hour(20))));
        shape.note(&GOOD, hour(31));
        assert_eq!(shape.odd(), None);
    }

    #[test]
    fn a_look_that_lasts_a_month_becomes_the_usual_one() {
        let mut shape = used_to(GOOD);
        let bare = Facts {
            textless: 20,
            ..GOOD
        };
        for day in 1..29 {
            shape.note(&bare, hour(day * 24));
            assert!(shape.odd().is_some());
        }
        for day in 31..50 {
            shape.note(&bare, hour(day * 24));
            assert_eq!(shape.odd(), None);
        }
    }

    #[test]
    fn little_is_known_of_nine_documents() {
        let mut shape = Shape::default();
        for n in 0..9 {
            shape.note(&GOOD, hour(n));
        }
        shape.note(
            &Facts {
                held: Some(0),
                ..Facts::default()
            },
            hour(10),
        );
        assert_eq!(shape.odd(), None);
    }
}
