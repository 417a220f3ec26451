//! What a person asks, as a tree.
//!
//! Trees are kept in one form, which the makers here give: no `And` within an
//! `And`, no list of one, and the words of an `And` together. So what is printed
//! and read again is the same tree.

use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::field::Field;
use super::parse::{QueryError, is_bare, is_lower_operator, parse};
use super::value::{Number, Op, When};
use crate::severity::Severity;

/// A query.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Query {
    /// Nothing is asked: everything is found.
    #[default]
    All,
    /// All of these.
    And(Vec<Self>),
    /// One of these.
    Or(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
    /// One of its items holds all of these words.
    Words(Vec<Word>),
    /// What a field says.
    Test(Test),
}

/// A word or phrase that is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Whether only headlines are looked at.
    pub(super) in_title: bool,
    /// As it was written, without quotes and star.
    pub(super) text: String,
    /// Whether it stood in quotes.
    pub(super) quoted: bool,
    /// Whether it may go on.
    pub(super) prefix: bool,
}

/// A name, an id or a label that is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    pub(super) text: String,
    /// Whether it may go on.
    pub(super) prefix: bool,
}

/// What is asked of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// It has one of these names.
    Names(Field, Vec<Name>),
    /// One of these products is affected in this version.
    Affected(Vec<Name>, String),
    /// How bad.
    Severity(Op, Severity),
    /// A number.
    Number(Field, Op, Number),
    /// A number between two, both included.
    Between(Field, Number, Number),
    /// True or false.
    Flag(Field, bool),
    /// When.
    When(When),
}

impl Query {
    /// All of these; what asks nothing is left out.
    #[must_use]
    pub fn and(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut flat: Vec<Self> = Vec::new();
        for part in parts {
            match part {
                Self::All => {}
                Self::And(parts) => parts.into_iter().for_each(|part| join(&mut flat, part)),
                other => join(&mut flat, other),
            }
        }
        match flat.len() {
            0 => Self::All,
            1 => flat.remove(0),
            _ => Self::And(flat),
        }
    }

    /// One of these. Of none: everything, as if nothing had been asked.
    #[must_use]
    pub fn or(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut flat: Vec<Self> = Vec::new();
        for part in parts {
            match part {
                // What holds for everything holds.
                Self::All => return Self::All,
                Self::Or(parts) => flat.extend(parts),
                other => flat.push(other),
            }
        }
        match flat.len() {
            0 => Self::All,
            1 => flat.remove(0),
            _ => Self::Or(flat),
        }
    }

    /// One of these names in a field.
    pub fn names<T: ToString>(field: Field, names: impl IntoIterator<Item = T>) -> Self {
        let names: Vec<Name> = names
            .into_iter()
            .map(|name| Name::new(&name.to_string(), false))
            .collect();
        if names.is_empty() {
            return Self::All;
        }
        Self::Test(Test::Names(field, names))
    }

    /// A phrase that stands in one of its items.
    #[must_use]
    pub fn phrase(text: &str) -> Self {
        Self::Words(vec![Word::new(text, true, false, false)])
    }

    /// Every part that asks something, with whether it is asked for or against.
    pub fn leaves(&self) -> Vec<(&Self, bool)> {
        let mut leaves = Vec::new();
        self.gather(true, &mut leaves);
        leaves
    }

    fn gather<'a>(&'a self, wanted: bool, leaves: &mut Vec<(&'a Self, bool)>) {
        match self {
            Self::All => {}
            Self::And(parts) | Self::Or(parts) => {
                parts.iter().for_each(|part| part.gather(wanted, leaves));
            }
            Self::Not(part) => part.gather(!wanted, leaves),
            Self::Words(_) | Self::Test(_) => leaves.push((self, wanted)),
        }
    }
}

/// Adds a part to those that must all hold. Words beside one another are looked
/// for in the same item.
fn join(flat: &mut Vec<Query>, part: Query) {
    if let Query::Words(more) = part {
        let known = flat.iter_mut().find_map(|part| match part {
            Query::Words(words) => Some(words),
            _ => None,
        });
        match known {
            Some(words) => words.extend(more),
            None => flat.push(Query::Words(more)),
        }
    } else {
        flat.push(part);
    }
}

impl Word {
    /// A word or phrase. What cannot stand without quotes is put in quotes, stars
    /// at the end are no part of it.
    #[must_use]
    pub fn new(text: &str, quoted: bool, prefix: bool, in_title: bool) -> Self {
        let text = without_star(text);
        let needs_quotes = !is_bare(&text, in_title) || (text.is_empty() && !prefix);
        Self {
            in_title,
            quoted: (quoted && !is_lower_operator(&text)) || needs_quotes,
            prefix,
            text,
        }
    }

    /// As it was written, without quotes and star.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl Name {
    /// A name; `prefix`: it may go on. Stars at the end are no part of it.
    #[must_use]
    pub fn new(text: &str, prefix: bool) -> Self {
        Self {
            text: without_star(text),
            prefix,
        }
    }

    /// Any name at all: `*`.
    #[must_use]
    pub const fn any() -> Self {
        Self {
            text: String::new(),
            prefix: true,
        }
    }

    /// As it is written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it stands for any name at all.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.prefix && self.text.is_empty()
    }
}

fn without_star(text: &str) -> String {
    text.trim()
        .trim_end_matches(|c: char| c == '*' || c.is_whitespace())
        .to_owned()
}

impl FromStr for Query {
    type Err = QueryError;
    fn from_str(text: &str) -> Result<Self, QueryError> {
        parse(text)
    }
}

/// As text, in settings and answers.
impl Serialize for Query {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Query {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(&text).map_err(serde::de::Error::custom)
    }
}
