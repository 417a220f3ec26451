//! Where a page of incidents ends and the next one goes on, as text: the same for
//! every back end. `L.<time>.<id>.<shown>`, `W.<severity>.<score>.<time>.<id>.<shown>`, or
//! `R.<shown>`, where `shown` is how many incidents came up to there: whoever reads to the
//! end is told how many there are, though the total was an estimate before.

use model::{IncidentId, Timestamp};
use uuid::Uuid;

use crate::{IncidentOrder, StoreError};

/// The last incident of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In order of time: its latest report, in microseconds.
    Latest { last_seen: i64, id: IncidentId },
    /// In order of severity: the band's number and the score in tenths before.
    Worst {
        severity: i64,
        score: i64,
        last_seen: i64,
        id: IncidentId,
    },
    /// In order of relevance: so many were shown.
    Relevance { shown: u32 },
}

/// Where a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Begin {
    /// After this incident; none at the first page.
    pub(crate) after: Option<Place>,
    /// How many came before, if that is known: older cursors do not say.
    shown: Option<u64>,
}

impl Begin {
    /// Reads the cursor of a list in this order.
    pub(crate) fn read(cursor: Option<&str>, order: IncidentOrder) -> Result<Self, StoreError> {
        let Some(text) = cursor else {
            return Ok(Self {
                after: None,
                shown: Some(0),
            });
        };
        let parts = usize::from(order == IncidentOrder::Worst) * 2 + 4;
        let counted = text.rsplit_once('.').filter(|_| {
            order != IncidentOrder::Relevance && text.split('.').take(parts + 1).count() == parts
        });
        let (place, shown) = match counted {
            Some((place, shown)) => (place, Some(shown.parse().map_err(|_| no_page())?)),
            None => (text, None),
        };
        Ok(Self {
            after: Some(Place::read(place, order)?),
            shown,
        })
    }

    /// The cursor of the page after one with so many incidents.
    pub(crate) fn next(self, place: Place, found: usize) -> String {
        match (place, self.shown) {
            (Place::Relevance { .. }, _) | (_, None) => place.text(),
            (_, Some(shown)) => format!("{}.{}", place.text(), shown.saturating_add(found as u64)),
        }
    }

    /// How many there are, where this page with so many is the last. Relevance goes only
    /// through the latest.
    pub(crate) fn whole(
        self,
        found: usize,
        next: Option<Place>,
        order: IncidentOrder,
    ) -> Option<u64> {
        let is_whole = next.is_none() && order != IncidentOrder::Relevance;
        let shown = self.shown.filter(|_| is_whole)?;
        Some(shown.saturating_add(found as u64))
    }

    /// A total that says no less than the reader has seen: an estimate may.
    pub(crate) fn at_least(
        self,
        (total, exact): (u64, bool),
        found: usize,
        next: Option<Place>,
    ) -> u64 {
        let shown = self.shown.filter(|_| !exact).unwrap_or(0);
        let more = u64::from(next.is_some() && !exact);
        total.max(shown.saturating_add(found as u64).saturating_add(more))
    }
}

fn no_page() -> StoreError {
    StoreError::Invalid("this is no page of this list; begin at the first".to_owned())
}

impl Place {
    fn text(&self) -> String {
        match self {
            Self::Latest { last_seen, id } => format!("L.{last_seen}.{}", id.0.simple()),
            Self::Worst {
                severity,
                score,
                last_seen,
                id,
            } => format!("W.{severity}.{score}.{last_seen}.{}", id.0.simple()),
            Self::Relevance { shown } => format!("R.{shown}"),
        }
    }

    /// Reads the place of a list in this order.
    fn read(text: &str, order: IncidentOrder) -> Result<Self, StoreError> {
        let number = |text: &str| text.parse::<i64>().ok();
        let time =
            |text: &str| number(text).filter(|micros| Timestamp::from_microsecond(*micros).is_ok());
        let id = |text: &str| Uuid::try_parse(text).ok().map(IncidentId);
        let parts: Vec<&str> = text.split('.').take(6).collect();
        let place = match (order, parts.as_slice()) {
            (IncidentOrder::Latest, ["L", at, name]) => time(at)
                .zip(id(name))
                .map(|(last_seen, id)| Self::Latest { last_seen, id }),
            (IncidentOrder::Worst, ["W", severity, score, at, name]) => number(severity)
                .zip(number(score))
                .zip(time(at))
                .zip(id(name))
                .map(|(((severity, score), last_seen), id)| Self::Worst {
                    severity,
                    score,
                    last_seen,
                    id,
                }),
            (IncidentOrder::Relevance, ["R", shown]) => {
                shown.parse().ok().map(|shown| Self::Relevance { shown })
            }
            _ => None,
        };
        place.ok_or_else(no_page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_tells_how_many_came_before_it() {
        let (id, last_seen) = (IncidentId(Uuid::from_u128(7)), 5);
        let (severity, score) = (2, 75);
        for (order, place) in [
            (IncidentOrder::Latest, Place::Latest { last_seen, id }),
            (
                IncidentOrder::Worst,
                Place::Worst {
                    severity,
                    score,
                    last_seen,
                    id,
                },
            ),
        ] {
            let first = Begin::read(None, order).unwrap();
            assert_eq!(first.whole(3, None, order), Some(3));
            let second = Begin::read(Some(&first.next(place, 50)), order).unwrap();
            assert_eq!(second.after, Some(place));
            assert_eq!(second.whole(7, Some(place), order), None);
            assert_eq!(second.whole(7, None, order), Some(57));
            // An estimate that what was seen has refuted, and one that it has not.
            assert_eq!(second.at_least((40, false), 50, Some(place)), 101);
            assert_eq!(second.at_least((400, false), 50, Some(place)), 400);
            // Some may have left since.
            assert_eq!(second.at_least((40, true), 3, Some(place)), 40);
            // As earlier versions wrote them.
            let older = Begin::read(Some(&place.text()), order).unwrap();
            assert_eq!(older.after, Some(place));
            assert_eq!(older.whole(7, None, order), None);
            for wrong in [
                "",
                "L",
                "L.5.x.1",
                "W.1.2.3",
                &format!("{}.many", place.text()),
            ] {
                assert!(Begin::read(Some(wrong), order).is_err(), "{wrong}");
            }
        }
        let order = IncidentOrder::Relevance;
        let page = Begin::read(Some("R.50"), order).unwrap();
        assert_eq!(page.whole(7, None, order), None);
        let next = page.next(Place::Relevance { shown: 100 }, 50);
        assert_eq!(next, "R.100");
    }
}
