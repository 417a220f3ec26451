//! In what two readings of one item differ, in words for people.

use std::collections::BTreeSet;

use model::{Analysis, EntityKind, ItemId, SourceId};
use serde::{Deserialize, Serialize};

/// Names told of each kind of difference.
const NAMES: usize = 3;

/// An item of which something else is understood now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Which.
    pub item: ItemId,
    /// Who published it.
    pub source: SourceId,
    /// Its title, as published.
    pub title: String,
    /// What is different.
    pub what: Vec<String>,
}

/// In what `after` differs from `before`.
pub(super) fn describe(before: &Analysis, after: &Analysis) -> Vec<String> {
    let mut what = Vec::new();
    let mut note = |name: &str, from: String, to: String| {
        if from != to {
            what.push(format!("{name}: {from} → {to}"));
        }
    };
    note("relevance", relevance(before), relevance(after));
    let listed = |labels: Vec<&str>| {
        if labels.is_empty() {
            "none".to_owned()
        } else {
            labels.join(", ")
        }
    };
    let types = |of: &Analysis| listed(of.types.iter().map(|one| one.label.as_str()).collect());
    note("types", types(before), types(after));
    let severity = |of: &Analysis| format!("{} {:.1}", of.severity.severity, of.severity.score);
    note("severity", severity(before), severity(after));
    let countries =
        |of: &Analysis| listed(of.region.countries.iter().map(|one| one.as_str()).collect());
    note("countries", countries(before), countries(after));
    let sectors = |of: &Analysis| listed(of.sectors.iter().map(|one| one.label.as_str()).collect());
    note("sectors", sectors(before), sectors(after));
    let keywords = |of: &Analysis| listed(of.keywords.iter().map(String::as_str).collect());
    note("keywords", keywords(before), keywords(after));
    let (old, new) = (names(before), names(after));
    for (sign, some, other) in [("+", &new, &old), ("-", &old, &new)] {
        let only: Vec<&(EntityKind, &str)> = some.difference(other).collect();
        for (kind, name) in only.iter().take(NAMES) {
            what.push(format!("{sign} {kind:?} {name}"));
        }
        if only.len() > NAMES {
            what.push(format!("{sign} {} more names", only.len() - NAMES));
        }
    }
    if (&before.title, &before.text) != (&after.title, &after.text) {
        what.push("its clean text".to_owned());
    }
    if what.is_empty() {
        what.push("its reasons".to_owned());
    }
    what
}

fn relevance(of: &Analysis) -> String {
    let word = if of.relevance.is_relevant() {
        "relevant"
    } else {
        "irrelevant"
    };
    format!("{word} ({:.2})", of.relevance.probability)
}

fn names(of: &Analysis) -> BTreeSet<(EntityKind, &str)> {
    of.entities
        .iter()
        .map(|entity| (entity.kind, entity.name.as_str()))
        .collect()
}
