//! Money that somebody lost: a sum beside a verb of losing or taking, in one sentence.
//! A sum alone may be what a company is worth, or what it was fined.

use serde::Deserialize;

use crate::lists::LISTS;
use crate::passage::{Passage, ends_sentence};
use crate::quantity::{Counted, Quantity};
use crate::work;

/// How far the verb may be from the sum, in bytes.
const REACH: usize = 90;

/// The list of `data/wording.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Words {
    /// How the verbs begin.
    verbs: Vec<String>,
}

/// The largest sum that somebody lost.
pub(super) fn largest<'a>(
    passages: &[Passage; 2],
    quantities: &'a [Quantity],
) -> Option<&'a Quantity> {
    let lost = quantities
        .iter()
        .filter(|quantity| quantity.counted == Counted::Money && is_lost(passages, quantity));
    lost.max_by(|a, b| a.amount.total_cmp(&b.amount))
}

fn is_lost(passages: &[Passage; 2], quantity: &Quantity) -> bool {
    let passage = Passage::of(passages, quantity.span.field);
    work::steps(2 * REACH);
    let (start, end) = quantity.place;
    let before = passage.before(start, REACH);
    let before = before.rsplit(ends_sentence).next().unwrap_or_default();
    let after = passage.behind(end, REACH);
    LISTS
        .loss
        .verbs
        .iter()
        .any(|verb| begins_word(before, verb) || begins_word(after, verb))
}

fn begins_word(text: &str, verb: &str) -> bool {
    text.match_indices(verb).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        !before.is_some_and(crate::fold::is_word)
    })
}
