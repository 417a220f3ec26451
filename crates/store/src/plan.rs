//! A condition, and how it may be looked up: the part that is the same for every
//! back end.
//!
//! A page walks the index of its order until it is full. That is quick when many
//! incidents match, and slow when few do; so parts that few incidents meet (a CVE, a
//! rare word) can drive the query instead. Whether few do is counted by the back end,
//! up to a bound, before the query is written.

use model::query::{AffectedProduct, Column, Condition, Key, KeyRange, Wanted};

use crate::IncidentOrder;
use crate::paging::{COUNTED_BY_KEYS, COUNTED_BY_LOOKUPS, COUNTED_BY_NUMBERS};

/// What the query is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A page in this order.
    Page(IncidentOrder),
    /// How many there are.
    Count,
}

/// How an item is asked whether it holds words.
#[derive(Debug, Default)]
pub(crate) enum Asked {
    /// Through the index, which tells of any stretch of items.
    #[default]
    Index,
    /// Not any more: these are the newest items that hold them, newest first, and whether
    /// they are all. Others are asked through the index.
    Once(Vec<i64>, bool),
    /// By its text: the words stand in so many items that the index costs more.
    Texts,
}

/// A condition of which is known what few incidents meet.
#[derive(Debug)]
pub(crate) enum Plan {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Number(Column, Option<i64>, Option<i64>),
    /// `rows`: how many there are, if few.
    Key {
        key: Key,
        ranges: Vec<KeyRange>,
        rows: Option<i64>,
    },
    /// `rows`: how many items meet it, if few. `asked`: how others are asked for it.
    Words {
        wanted: Vec<Wanted>,
        rows: Option<i64>,
        asked: Asked,
    },
    /// `incidents`: those in which one of these products is affected in this version.
    /// SQL knows no order of versions, so they are looked up before.
    Affected {
        names: Vec<KeyRange>,
        version: String,
        incidents: Vec<i64>,
    },
}

impl Plan {
    /// Of which nothing is counted yet.
    pub(crate) fn of(condition: &Condition) -> Self {
        let each = |parts: &[Condition]| parts.iter().map(Self::of).collect();
        match condition {
            Condition::All(parts) => Self::All(each(parts)),
            Condition::Any(parts) => Self::Any(each(parts)),
            Condition::Not(part) => Self::Not(Box::new(Self::of(part))),
            Condition::Number(column, from, to) => Self::Number(*column, *from, *to),
            Condition::Key(key, ranges) => Self::Key {
                key: *key,
                ranges: ranges.clone(),
                rows: None,
            },
            Condition::Words(wanted) => Self::Words {
                wanted: wanted.clone(),
                rows: None,
                asked: Asked::default(),
            },
            Condition::Affected(names, version) => Self::Affected {
                names: names.clone(),
                version: version.clone(),
                incidents: Vec::new(),
            },
        }
    }

    /// The parts that hold no others: for counting.
    pub(crate) fn leaves(&mut self) -> Vec<&mut Self> {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                parts.iter_mut().flat_map(Self::leaves).collect()
            }
            Self::Not(part) => part.leaves(),
            leaf => vec![leaf],
        }
    }

    /// The parts that together hold every incident it can be met by, few each, and
    /// how many rows they have; none when there are no such parts.
    pub(crate) fn driver(&self) -> Option<(Vec<&Self>, i64)> {
        match self {
            Self::Key { rows, .. } | Self::Words { rows, .. } => Some((vec![self], (*rows)?)),
            Self::Affected { incidents, .. } => {
                let rows = i64::try_from(incidents.len()).unwrap_or(i64::MAX);
                Some((vec![self], rows))
            }
            Self::All(parts) => parts
                .iter()
                .filter_map(Self::driver)
                .min_by_key(|(_, rows)| *rows),
            Self::Any(parts) => {
                let each: Option<Vec<_>> = parts.iter().map(Self::driver).collect();
                let mut together = (Vec::new(), 0_i64);
                for (parts, rows) in each? {
                    together.0.extend(parts);
                    together.1 = together.1.saturating_add(rows);
                }
                Some(together)
            }
            Self::Not(_) | Self::Number(..) => None,
        }
    }

    /// The parts that must all hold and are not certain to, once what drives is looked up.
    pub(crate) fn undriven(&self) -> Vec<&Self> {
        let driving = self.driver().map(|(parts, _)| parts).unwrap_or_default();
        let mut parts = self.conjuncts();
        parts.retain(|part| !part.is_within(&driving));
        parts
    }

    /// Whether every incident that meets one of these meets it, as far as is easily seen.
    fn is_within(&self, driving: &[&Self]) -> bool {
        match self {
            Self::Key { .. } | Self::Words { .. } | Self::Affected { .. } => {
                matches!(driving, [only] if std::ptr::eq(*only, self))
            }
            Self::Any(parts) => {
                parts.len() == driving.len()
                    && parts
                        .iter()
                        .zip(driving)
                        .all(|(part, drives)| std::ptr::eq(part, *drives))
            }
            Self::All(_) | Self::Not(_) | Self::Number(..) => false,
        }
    }

    /// The searches in it.
    pub(crate) fn words_of(&self) -> Vec<&Self> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::words_of).collect(),
            Self::Not(part) => part.words_of(),
            Self::Words { .. } => vec![self],
            Self::Number(..) | Self::Key { .. } | Self::Affected { .. } => Vec::new(),
        }
    }

    /// How many words an item is asked for by the searches in it.
    pub(crate) fn tokens(&self) -> u32 {
        let tokens = self.words_of().into_iter().map(|part| match part {
            Self::Words { wanted, .. } => tokens_of(wanted),
            _ => 0,
        });
        tokens.sum()
    }

    /// For how many keys an incident is looked at by this part.
    fn lookups(&self) -> u32 {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().map(Self::lookups).sum(),
            Self::Not(part) => part.lookups(),
            Self::Key { .. } => 1,
            Self::Words { .. } | Self::Number(..) | Self::Affected { .. } => 0,
        }
    }

    /// How it is looked up, in a sentence.
    pub(crate) fn words(&self) -> String {
        match self.driver() {
            None => "incidents are walked in their order until the page is full".to_owned(),
            Some((parts, rows)) => format!(
                "{} of its parts {} looked up first ({rows} rows); only what they hold is tested further",
                parts.len(),
                if parts.len() == 1 { "is" } else { "are" },
            ),
        }
    }

    /// The parts that must all hold.
    pub(crate) fn conjuncts(&self) -> Vec<&Self> {
        match self {
            Self::All(parts) => parts.iter().flat_map(Self::conjuncts).collect(),
            other => vec![other],
        }
    }

    /// The earliest latest report that is asked for, in microseconds.
    pub(crate) fn since(&self) -> Option<i64> {
        let conjuncts = self.conjuncts();
        let bounds = conjuncts.iter().filter_map(|part| match part {
            Self::Number(Column::LastSeen, from, _) => *from,
            _ => None,
        });
        bounds.max()
    }

    /// How a count goes through incidents, newest first, when nothing drives it.
    pub(crate) fn walk(&self) -> Walk<'_> {
        let conjuncts = self.conjuncts();
        let is_number = |part: &&Self| matches!(part, Self::Number(..));
        let is_in_time = |part: &&Self| matches!(part, Self::Number(Column::LastSeen, ..));
        let key = conjuncts.iter().find_map(|part| match part {
            Self::Key { key, ranges, .. } => match ranges.as_slice() {
                [one] if one.to.is_none() => Some((*part, *key, one.from.as_str())),
                _ => None,
            },
            _ => None,
        });
        let by_numbers = conjuncts
            .iter()
            .filter(|part| key.is_none_or(|(key, ..)| !std::ptr::eq(key, **part)))
            .all(is_number);
        // A stretch of time is walked by itself: it may be short.
        let walked = key.filter(|_| !conjuncts.iter().any(is_in_time));
        let most = match (key, walked) {
            (None, _) if by_numbers => COUNTED_BY_NUMBERS,
            (_, Some(_)) if by_numbers => COUNTED_BY_KEYS,
            _ => {
                let others = conjuncts
                    .iter()
                    .filter(|part| walked.is_none_or(|(key, ..)| !std::ptr::eq(key, **part)));
                let lookups: u32 = others.map(|part| part.lookups()).sum();
                (COUNTED_BY_LOOKUPS / lookups.max(1)).max(COUNTED_BY_LOOKUPS / 4)
            }
        };
        Walk { key: walked, most }
    }

    /// The latest latest report that is asked for, in microseconds.
    pub(crate) fn until(&self) -> Option<i64> {
        let conjuncts = self.conjuncts();
        let bounds = conjuncts.iter().filter_map(|part| match part {
            Self::Number(Column::LastSeen, _, to) => *to,
            _ => None,
        });
        bounds.min()
    }

    /// Every search in it that is not denied: what relevance rests on.
    pub(crate) fn searches(&self) -> Vec<&[Wanted]> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::searches).collect(),
            Self::Words { wanted, .. } => vec![wanted],
            _ => Vec::new(),
        }
    }
}

/// How a count goes through incidents.
pub(crate) struct Walk<'a> {
    /// Through those of one key: the part, the key and its value. If not, through all.
    pub(crate) key: Option<(&'a Plan, Key, &'a str)>,
    /// At most so many.
    pub(crate) most: u32,
}

/// Whether one of these products is affected in this version.
pub(crate) fn is_affected(products: &[AffectedProduct], names: &[KeyRange], version: &str) -> bool {
    products
        .iter()
        .any(|product| product.is_affected(names, version))
}

/// How many words an item is asked for.
pub(crate) fn tokens_of(wanted: &[Wanted]) -> u32 {
    let phrases = wanted.iter().flat_map(|one| &one.term.0);
    let tokens: usize = phrases.map(|phrase| phrase.tokens.len()).sum();
    u32::try_from(tokens).unwrap_or(u32::MAX).max(1)
}

/// Whether it is a word by itself, be it written in several ways.
pub(crate) fn is_one_word(wanted: &[Wanted]) -> bool {
    matches!(wanted, [one] if one.term.0.iter().all(|phrase| phrase.tokens.len() == 1))
}

/// Keys that are asked for whole.
pub(crate) fn exact(ranges: &[KeyRange]) -> Vec<&str> {
    ranges
        .iter()
        .filter(|range| range.to.is_none())
        .map(|range| range.from.as_str())
        .collect()
}

/// Keys of which the beginning is asked for: from, up to.
pub(crate) fn stretches(ranges: &[KeyRange]) -> impl Iterator<Item = (&str, &str)> {
    ranges
        .iter()
        .filter_map(|range| Some((range.from.as_str(), range.to.as_deref()?)))
}

/// The column of a number.
pub(crate) const fn column_name(column: Column) -> &'static str {
    match column {
        Column::Severity => "severity",
        Column::Score => "score",
        Column::Exploited => "exploited",
        Column::Kev => "kev",
        Column::Epss => "epss",
        Column::Cvss => "cvss",
        Column::Items => "items",
        Column::LastSeen => "last_seen",
    }
}

/// All of these, as SQL.
pub(crate) fn and(parts: &[String]) -> String {
    if parts.is_empty() {
        "true".to_owned()
    } else {
        format!("({})", parts.join(" AND "))
    }
}

/// One of these, as SQL.
pub(crate) fn or(parts: &[String]) -> String {
    if parts.is_empty() {
        "false".to_owned()
    } else {
        format!("({})", parts.join(" OR "))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use model::Timestamp;
    use model::query::{Frame, parse};

    use super::*;

    /// The words of a search, for tests of the back ends.
    pub(crate) fn wanted(text: &str) -> Vec<Wanted> {
        let frame = Frame::at(Timestamp::UNIX_EPOCH);
        match parse(text).unwrap().bind(&frame) {
            Condition::Words(wanted) => wanted,
            other => panic!("{text} is {other:?}"),
        }
    }
}
