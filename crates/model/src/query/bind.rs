//! A query bound to its reader: relative times become moments, categories become
//! weaknesses, and every field becomes a key, a number or words. What is left is all
//! that the evaluator and a store need to know of the language.

use jiff::ToSpan;
use jiff::tz::TimeZone;

use super::field::{Field, Kind};
use super::key::{Key, KeyRange, name_range, name_words, whole_name};
use super::tree::{Name, Query, Test, Word};
use super::value::{Day, Moment, Number, Op, When};
use crate::alias;
use crate::clock::{Timestamp, earlier};
use crate::entity::EntityKind;
use crate::owasp::OwaspCategory;
use crate::severity::Severity;
use crate::tokens::{self, Term};

/// Who asks, and when.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The time now.
    pub now: Timestamp,
    /// Where days begin for the reader.
    pub zone: TimeZone,
    /// The categories of the OWASP Top 10, as known.
    pub owasp: Vec<OwaspCategory>,
}

impl Frame {
    /// A reader in UTC who knows no category.
    #[must_use]
    pub const fn at(now: Timestamp) -> Self {
        Self {
            now,
            zone: TimeZone::UTC,
            owasp: Vec::new(),
        }
    }
}

/// A number that an incident has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// From 0 (low) to 3 (critical).
    Severity,
    /// In tenths.
    Score,
    /// 1 if exploitation is confirmed.
    Exploited,
    /// 1 if CISA lists it.
    Kev,
    /// In hundred-thousandths; none where nobody gives one.
    Epss,
    /// In tenths; none where nobody gives one.
    Cvss,
    /// How many items.
    Items,
    /// In microseconds since 1970.
    LastSeen,
}

/// A term of full text, and where it must stand.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wanted {
    /// What.
    pub term: Term,
    /// Whether in a headline.
    pub in_title: bool,
}

/// What must hold of an incident.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Condition {
    /// All of these; always, when there are none.
    All(Vec<Self>),
    /// One of these; never, when there are none.
    Any(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
    /// It has one of these keys.
    Key(Key, Vec<KeyRange>),
    /// A number lies within these bounds, both included. One that is not known lies
    /// nowhere.
    Number(Column, Option<i64>, Option<i64>),
    /// One of its items holds all of these; never empty.
    Words(Vec<Wanted>),
    /// One of these products is affected in this version.
    Affected(Vec<KeyRange>, String),
}

impl Condition {
    /// What always holds.
    pub const ALWAYS: Self = Self::All(Vec::new());
    /// What never holds.
    pub const NEVER: Self = Self::Any(Vec::new());
}

impl Query {
    /// What must hold, for this reader.
    #[must_use]
    pub fn bind(&self, frame: &Frame) -> Condition {
        match self {
            Self::All => Condition::ALWAYS,
            Self::And(parts) => Condition::All(parts.iter().map(|part| part.bind(frame)).collect()),
            Self::Or(parts) => Condition::Any(parts.iter().map(|part| part.bind(frame)).collect()),
            Self::Not(part) => Condition::Not(Box::new(part.bind(frame))),
            Self::Words(words) => wanted(words),
            Self::Test(test) => test.bind(frame),
        }
    }

    /// Whether the same query is another condition tomorrow, or once OWASP is read.
    #[must_use]
    pub fn depends_on_frame(&self) -> bool {
        self.leaves().iter().any(|(leaf, _)| match leaf {
            Self::Test(Test::When(_)) => true,
            Self::Test(Test::Names(field, _)) => *field == Field::Owasp,
            _ => false,
        })
    }
}

/// Signs between words are no words; of signs alone nothing is found.
fn wanted(words: &[Word]) -> Condition {
    let terms: Vec<Wanted> = words
        .iter()
        .filter_map(|word| {
            let term = if word.quoted {
                Term::quoted(&word.text, word.prefix)
            } else {
                Term::bare(&word.text, word.prefix)
            };
            Some(Wanted {
                term: term?,
                in_title: word.in_title,
            })
        })
        .collect();
    if terms.is_empty() {
        Condition::NEVER
    } else {
        Condition::Words(terms)
    }
}

impl Test {
    fn bind(&self, frame: &Frame) -> Condition {
        match self {
            Self::Names(Field::Region, names) => regions(names),
            Self::Names(Field::Owasp, names) => owasp(names, &frame.owasp),
            Self::Names(field, names) => match field.kind() {
                Kind::Names(key) => of_either_kind(key, names),
                _ => Condition::NEVER,
            },
            Self::Affected(products, version) => match keys(Key::Product, products) {
                Condition::Key(_, ranges) => Condition::Affected(ranges, version.clone()),
                _ => Condition::NEVER,
            },
            Self::Severity(op, severity) => within(
                Column::Severity,
                *op,
                number_of(*severity),
                number_of(*severity),
            ),
            Self::Number(field, op, number) => {
                let (column, unit) = column(*field);
                let (floor, ceiling) = in_units(*number, unit);
                within(column, *op, floor, ceiling)
            }
            Self::Between(field, from, to) => {
                let (column, unit) = column(*field);
                Condition::Number(
                    column,
                    Some(in_units(*from, unit).1),
                    Some(in_units(*to, unit).0),
                )
            }
            Self::Flag(field, is) => {
                let column = if *field == Field::Kev {
                    Column::Kev
                } else {
                    Column::Exploited
                };
                let is = i64::from(*is);
                Condition::Number(column, Some(is), Some(is))
            }
            Self::When(when) => when.bind(frame),
        }
    }
}

/// A severity as a number that grows with it.
pub(super) const fn number_of(severity: Severity) -> i64 {
    match severity {
        Severity::Low => 0,
        Severity::Medium => 1,
        Severity::High => 2,
        Severity::Critical => 3,
    }
}

fn keys(key: Key, names: &[Name]) -> Condition {
    let mut ranges: Vec<KeyRange> = Vec::new();
    for name in names {
        let Some(asked) = range(key, name) else {
            continue;
        };
        if !name.prefix {
            // Older items are told of under other names, of new ones we know one more.
            let others = same_names(key, name.text()).iter().copied();
            let others = others.filter_map(whole_name);
            for other in others.filter(|other| !asked.holds(&other.from)) {
                if !ranges.contains(&other) {
                    ranges.push(other);
                }
            }
        }
        ranges.push(asked);
        // NVD writes its makers as one word: `paloaltonetworks`.
        let as_one = (key == Key::Vendor).then(|| name_words(name.text()));
        let as_one = as_one.filter(|words| words.len() > 1);
        ranges.extend(as_one.and_then(|words| name_range(&words.concat(), name.prefix)));
    }
    if ranges.is_empty() {
        Condition::NEVER
    } else {
        Condition::Key(key, ranges)
    }
}

/// The names, also as the other kind where a gang and its ransomware may be called the
/// same: who was read as the one in one item is read as the other in the next.
fn of_either_kind(key: Key, names: &[Name]) -> Condition {
    let own = keys(key, names);
    let Some(other) = gang_or_malware(key) else {
        return own;
    };
    let shared: Vec<Name> = names
        .iter()
        .filter(|name| !name.prefix && may_be_both(name.text()))
        .cloned()
        .collect();
    if shared.is_empty() {
        own
    } else {
        Condition::Any(vec![own, keys(other, &shared)])
    }
}

/// The kind that shares names with this one.
#[must_use]
pub const fn gang_or_malware(key: Key) -> Option<Key> {
    match key {
        Key::Actor => Some(Key::Malware),
        Key::Malware => Some(Key::Actor),
        _ => None,
    }
}

/// Whether a name may be a gang's and its malware's: all but those that are listed as an
/// actor's alone. Most gangs are in no list but that of malware, new ones in none.
fn may_be_both(name: &str) -> bool {
    let listed = |kind| alias::is_listed(kind, name);
    listed(EntityKind::Malware) || !listed(EntityKind::Actor)
}

/// All names of an actor or malware that is called so.
fn same_names(key: Key, name: &str) -> &'static [&'static str] {
    match threat(key) {
        Some(kind) => alias::same_names(kind, name),
        None => &[],
    }
}

/// The threats that are found by any of their names.
pub(super) const fn threat(key: Key) -> Option<EntityKind> {
    match key {
        Key::Actor => Some(EntityKind::Actor),
        Key::Malware => Some(EntityKind::Malware),
        Key::Tool => Some(EntityKind::Tool),
        _ => None,
    }
}

fn range(key: Key, name: &Name) -> Option<KeyRange> {
    let (text, prefix) = (name.text(), name.prefix);
    if key.is_name() {
        return name_range(text, prefix);
    }
    let text = match key {
        Key::Keyword | Key::Indicator => tokens::folded(text),
        Key::State => text.strip_prefix("IN-").unwrap_or(text).to_owned(),
        Key::Cwe => text.strip_prefix("CWE-").unwrap_or(text).to_owned(),
        _ => text.to_owned(),
    };
    Some(if prefix {
        KeyRange::beginning(text)
    } else {
        KeyRange::exactly(text)
    })
}

/// A country, or an Indian state as `IN-KA`.
fn regions(names: &[Name]) -> Condition {
    let is_state = |name: &&Name| name.text().starts_with("IN-");
    let (states, countries): (Vec<&Name>, Vec<&Name>) = names.iter().partition(is_state);
    let of = |key, names: Vec<&Name>| {
        let names: Vec<Name> = names.into_iter().cloned().collect();
        (!names.is_empty()).then(|| keys(key, &names))
    };
    let mut parts: Vec<Condition> = [of(Key::Country, countries), of(Key::State, states)]
        .into_iter()
        .flatten()
        .collect();
    if parts.len() == 1 {
        parts.remove(0)
    } else {
        Condition::Any(parts)
    }
}

/// A weakness of one of these categories; without an edition, of the newest known.
fn owasp(names: &[Name], known: &[OwaspCategory]) -> Condition {
    let newest = known.iter().map(|category| category.edition).max();
    let mut weaknesses: Vec<String> = known
        .iter()
        .filter(|category| {
            names.iter().any(|name| {
                let (rank, edition) = match name.text().split_once(':') {
                    Some((rank, edition)) => (rank, edition.parse().ok()),
                    None => (name.text(), newest),
                };
                let is_rank = name.is_any() || rank == format!("A{:02}", category.rank);
                is_rank && edition == Some(category.edition)
            })
        })
        .flat_map(|category| category.cwes.iter().map(|weakness| weakness.0.to_string()))
        .collect();
    weaknesses.sort_unstable();
    weaknesses.dedup();
    if weaknesses.is_empty() {
        return Condition::NEVER;
    }
    Condition::Key(
        Key::Cwe,
        weaknesses.into_iter().map(KeyRange::exactly).collect(),
    )
}

/// Where a field's number stands, and how many units of [`Number`] make one there.
const fn column(field: Field) -> (Column, u64) {
    match field {
        Field::Score => (Column::Score, Number::ONE / 10),
        Field::Epss => (Column::Epss, 1),
        Field::Cvss => (Column::Cvss, Number::ONE / 10),
        _ => (Column::Items, Number::ONE),
    }
}

/// A number in another unit: rounded down, and up.
fn in_units(number: Number, unit: u64) -> (i64, i64) {
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    (
        whole(number.units() / unit),
        whole(number.units().div_ceil(unit)),
    )
}

/// A column compared with a value that lies from `floor` to `ceiling`.
fn within(column: Column, op: Op, floor: i64, ceiling: i64) -> Condition {
    let (from, to) = match op {
        // Between two whole numbers lies none.
        Op::Equal => (Some(ceiling), Some(floor)),
        Op::Below => (None, Some(ceiling - 1)),
        Op::AtMost => (None, Some(floor)),
        Op::Above => (Some(floor + 1), None),
        Op::AtLeast => (Some(ceiling), None),
    };
    Condition::Number(column, from, to)
}

impl When {
    fn bind(self, frame: &Frame) -> Condition {
        let (from, to) = match self {
            Self::After(moment) => (Some(moment.start(frame)), None),
            Self::Before(moment) => (None, Some(moment.start(frame).saturating_sub(1))),
            Self::Last(length) => (Some(Moment::Ago(length).start(frame)), None),
            Self::Between(from, to) => (Some(from.start(frame)), Some(to.end(frame))),
        };
        Condition::Number(Column::LastSeen, from, to)
    }
}

impl Moment {
    /// Its first microsecond.
    fn start(self, frame: &Frame) -> i64 {
        let at = match self {
            Self::At(at) => at,
            Self::Now => frame.now,
            Self::Ago(length) => {
                earlier(frame.now, std::time::Duration::from_secs(length.seconds()))
            }
            Self::Day(day) => first_of(day, frame),
            Self::Today => first_of(today(frame), frame),
            Self::Yesterday => first_of(day_before(today(frame)), frame),
        };
        at.as_microsecond()
    }

    /// Its last microsecond: a day goes on until the next begins.
    fn end(self, frame: &Frame) -> i64 {
        let day = match self {
            Self::Day(day) => day,
            Self::Today => today(frame),
            Self::Yesterday => day_before(today(frame)),
            _ => return self.start(frame),
        };
        let next = day.checked_add(1.day()).unwrap_or(Day::MAX);
        first_of(next, frame).as_microsecond().saturating_sub(1)
    }
}

fn today(frame: &Frame) -> Day {
    frame.now.to_zoned(frame.zone.clone()).date()
}

fn day_before(day: Day) -> Day {
    day.checked_sub(1.day()).unwrap_or(Day::MIN)
}

fn first_of(day: Day, frame: &Frame) -> Timestamp {
    day.to_zoned(frame.zone.clone())
        .map_or(frame.now, |zoned| zoned.timestamp())
}
