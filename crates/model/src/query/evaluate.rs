//! Whether a condition holds of an incident, in memory.

use super::bind::{Condition, Wanted};
use super::facts::Facts;
use super::key::{Key, KeyRange};

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

/// Something without which a condition cannot hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Anchor {
    /// The incident has this key; of names their first word, without the space.
    Key(Key, String),
    /// This token stands in one of its texts.
    Token(String),
}

/// Lists of anchors: of each list at least one must be there for the condition to
/// hold. None at all when it may hold of anything. A set of many rules is looked up
/// by them.
#[must_use]
pub fn anchors(condition: &Condition) -> Vec<Vec<Anchor>> {
    match condition {
        Condition::All(parts) => parts.iter().flat_map(anchors).collect(),
        Condition::Any(parts) => {
            let mut either = Vec::new();
            for part in parts {
                // Of each part one list; the shortest costs least.
                let Some(one) = anchors(part).into_iter().min_by_key(Vec::len) else {
                    return Vec::new();
                };
                either.extend(one);
            }
            either.sort_unstable();
            either.dedup();
            if either.is_empty() {
                Vec::new()
            } else {
                vec![either]
            }
        }
        Condition::Key(key, ranges) => listed(ranges, |range| key_anchor(*key, range)),
        Condition::Affected(names, _) => listed(names, |range| key_anchor(Key::Product, range)),
        Condition::Words(wanted) => wanted
            .iter()
            .flat_map(|one| {
                listed(&one.term.0, |phrase| {
                    let whole = !phrase.prefix || phrase.tokens.len() > 1;
                    let first = phrase.tokens.first().filter(|_| whole)?;
                    Some(Anchor::Token(first.clone()))
                })
            })
            .collect(),
        Condition::Not(_) | Condition::Number(..) => Vec::new(),
    }
}

/// One list, if each alternative has its anchor.
fn listed<T>(alternatives: &[T], anchor: impl Fn(&T) -> Option<Anchor>) -> Vec<Vec<Anchor>> {
    let list: Option<Vec<Anchor>> = alternatives.iter().map(anchor).collect();
    list.into_iter().filter(|list| !list.is_empty()).collect()
}

fn key_anchor(key: Key, range: &KeyRange) -> Option<Anchor> {
    if key.is_name() {
        let (first, _) = range.from.split_once(' ')?;
        return Some(Anchor::Key(key, first.to_owned()));
    }
    range
        .to
        .is_none()
        .then(|| Anchor::Key(key, range.from.clone()))
}
