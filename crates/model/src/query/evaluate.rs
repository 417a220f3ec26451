//! Whether a condition holds of an incident, in memory.

use super::bind::{Condition, Wanted};
use super::facts::Facts;
use super::key::{Key, KeyRange};
use crate::tokens::Phrase;

/// Whether the condition holds of these facts.
#[must_use]
pub fn holds(condition: &Condition, facts: &Facts<'_>) -> bool {
    match condition {
        Condition::All(parts) => parts.iter().all(|part| holds(part, facts)),
        Condition::Any(parts) => parts.iter().any(|part| holds(part, facts)),
        Condition::Not(part) => !holds(part, facts),
        Condition::Key(key, ranges) => ranges.iter().any(|range| facts.has(*key, range)),
        Condition::Number(column, from, to) => facts.number(*column).is_some_and(|number| {
            from.is_none_or(|from| number >= from) && to.is_none_or(|to| number <= to)
        }),
        Condition::Words(wanted) => facts.texts().iter().any(|text| {
            let stands = |one: &Wanted| text.holds(&one.term, one.in_title);
            wanted.iter().all(stands)
        }),
        Condition::Affected(names, version) => {
            let affected = facts.affected().iter();
            affected
                .into_iter()
                .any(|product| product.is_affected(names, version))
        }
    }
}

/// Something that an incident has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Anchor {
    /// This key; of names one of their words.
    Key(Key, String),
    /// A token of one of its texts.
    Token(String),
}

/// What a condition cannot hold without. A set of many rules is looked up by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// Nothing: it may hold of anything.
    Nothing,
    /// This.
    One(Anchor),
    /// Each of these.
    Each(Vec<Self>),
    /// One of these.
    Either(Vec<Self>),
}

/// What the condition cannot hold without.
#[must_use]
pub fn need(condition: &Condition) -> Need {
    match condition {
        Condition::All(parts) => Need::Each(parts.iter().map(need).collect()),
        Condition::Any(parts) => Need::Either(parts.iter().map(need).collect()),
        Condition::Key(key, ranges) => key_need(*key, ranges),
        Condition::Affected(names, _) => key_need(Key::Product, names),
        Condition::Words(wanted) => {
            let phrase = |phrase: &Phrase| {
                // The last token of a beginning is none that must stand there.
                let whole = phrase.tokens.len() - usize::from(phrase.prefix);
                let tokens = phrase.tokens.iter().take(whole);
                Need::Each(
                    tokens
                        .map(|token| Need::One(Anchor::Token(token.clone())))
                        .collect(),
                )
            };
            let term = |one: &Wanted| Need::Either(one.term.0.iter().map(phrase).collect());
            Need::Each(wanted.iter().map(term).collect())
        }
        Condition::Not(_) | Condition::Number(..) => Need::Nothing,
    }
}

fn key_need(key: Key, ranges: &[KeyRange]) -> Need {
    let range = |range: &KeyRange| {
        if !key.is_name() {
            let is_one = range.to.is_none();
            return if is_one {
                Need::One(Anchor::Key(key, range.from.clone()))
            } else {
                Need::Nothing
            };
        }
        // What stands behind the last space is a word only begun.
        let (words, _) = range.from.rsplit_once(' ').unwrap_or_default();
        let words = words.split(' ').filter(|word| !word.is_empty());
        Need::Each(
            words
                .map(|word| Need::One(Anchor::Key(key, word.to_owned())))
                .collect(),
        )
    };
    Need::Either(ranges.iter().map(range).collect())
}
