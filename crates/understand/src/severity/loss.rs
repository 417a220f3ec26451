//! Money that somebody lost: a sum beside a verb of losing or taking, in one sentence.
//! A sum alone may be what a company is worth, or what it was fined.

use model::Field;

use crate::passage::Passage;
use crate::quantity::{Counted, Quantity};
use crate::work;

/// How far the verb may be from the sum, in bytes.
const REACH: usize = 90;

/// How the verbs begin.
const VERBS: &[&str] = &[
    "cheated",
    "conned",
    "defraud",
    "drained",
    "duped",
    "embezzl",
    "lose ",
    "loses ",
    "losing ",
    "lost ",
    "looted",
    "robbed",
    "scammed",
    "siphon",
    "stole",
    "swindl",
    "wiped",
    "ठग",
    "गंवा",
    "गवा",
    "उड़ा",
    "गायब",
    "हड़प",
    "चुरा",
    "चोरी",
];

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
    let [title, text] = passages;
    let passage = match quantity.span.field {
        Field::Title => title,
        Field::Text => text,
    };
    work::steps(2 * REACH);
    let folded = passage.folded.text();
    let (start, end) = quantity.place;
    let from = folded.ceil_char_boundary(start.saturating_sub(REACH));
    let to = folded.floor_char_boundary((end + REACH).min(folded.len()));
    let before = folded.get(from..start).unwrap_or_default();
    let after = folded.get(end..to).unwrap_or_default();
    let before = before.rsplit(ends).next().unwrap_or_default();
    let after = sentence(after);
    VERBS
        .iter()
        .any(|verb| begins_word(before, verb) || begins_word(after, verb))
}

fn ends(c: char) -> bool {
    matches!(c, ';' | '!' | '?' | '|' | '।')
}

/// Up to the end of the sentence. A point within a number or "Rs." ends none.
fn sentence(after: &str) -> &str {
    let end = after.find(". ").or_else(|| after.find(ends));
    end.and_then(|end| after.get(..end)).unwrap_or(after)
}

fn begins_word(text: &str, verb: &str) -> bool {
    text.match_indices(verb).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        !before.is_some_and(crate::fold::is_word)
    })
}
