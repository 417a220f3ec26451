//! Where a page of incidents ends and the next one goes on, as text: the same for
//! every back end. `L.<time>.<id>`, `W.<severity>.<score>.<time>.<id>`, or
//! `R.<how many were shown>`.

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

impl Place {
    pub(crate) fn text(&self) -> String {
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
    pub(crate) fn read(text: &str, order: IncidentOrder) -> Result<Self, StoreError> {
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
        place.ok_or_else(|| {
            StoreError::Invalid("this is no page of this list; begin at the first".to_owned())
        })
    }
}
