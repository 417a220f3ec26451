//! Copies of one text: the same words, or the words of one in the other.
//!
//! Agencies' texts come shortened, under a headline of the site's own, with a word of
//! thanks below. Nearly all words of the shorter then stand in the longer. Of pairs of
//! labelled news that tell one story in words of their own no more than seven words in
//! ten do, of copies more than eight.

use model::Member;
use model::print::Print;

/// From this share of the shorter's words on it is a copy …
const SHARE: f32 = 0.8;

/// … if it has so many: some sixty words of news with those that join them.
const WORDS: usize = 25;

/// The first of the members of which the item is a copy, whole or shortened, or which
/// is a shortened copy of the item.
pub(super) fn copied(print: &Print, members: &[&Member]) -> Option<usize> {
    members
        .iter()
        .position(|member| holds(print, &member.print))
}

fn holds(a: &Print, b: &Print) -> bool {
    let shorter = a.terms.len().min(b.terms.len());
    if shorter < WORDS {
        return false;
    }
    let in_both = a
        .terms
        .iter()
        .filter(|(hash, _)| b.terms.binary_search_by_key(hash, |word| word.0).is_ok())
        .count();
    in_both as f32 >= SHARE * shorter as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(words: std::ops::Range<u32>) -> Print {
        Print {
            terms: words.map(|word| (word, 1)).collect(),
            ..Print::default()
        }
    }

    #[test]
    fn a_text_within_another_is_a_copy_from_a_fair_length_on() {
        for (a, b, wanted) in [
            (0..30, 0..90, true),
            (0..90, 0..30, true),
            (0..30, 5..90, true),
            (0..30, 7..90, false),
            (0..24, 0..90, false),
            (0..0, 0..90, false),
        ] {
            assert_eq!(
                holds(&print(a.clone()), &print(b.clone())),
                wanted,
                "{a:?} {b:?}"
            );
        }
    }
}
