//! The words and word pairs of a description, by their hashes.
//!
//! Unlike [`crate::features`] these are looked up in a list of known ones: in
//! descriptions of flaws a word says most by being the one it is, and colliding
//! buckets would mix "subscriber" with "subtract". A run of digits is one `0`, and
//! so is a version, whatever its parts.

use model::Span;

use crate::fold::is_word;
use crate::passage::Passage;

/// Of title and text together; descriptions say what they have to say early.
const MAX_CHARS: usize = 1_500;

/// Longer words are read this far.
const MAX_WORD: usize = 40;

/// The hash of a number.
const NUMBER: u32 = 0x2f0b_4f1d;

/// Every word and pair of a text, in order.
#[derive(Debug, Default)]
pub(crate) struct Words {
    grams: Vec<Gram>,
    /// Of each word, where it starts and ends in its folded passage, and whether
    /// that is the title.
    places: Vec<(usize, usize, bool)>,
}

/// A word or a pair, and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gram {
    pub(crate) hash: u32,
    /// Its first and last word.
    pub(crate) words: (u16, u16),
}

impl Words {
    pub(crate) fn of(passages: &[Passage; 2]) -> Self {
        let mut words = Self {
            grams: Vec::with_capacity(MAX_CHARS / 3),
            places: Vec::with_capacity(MAX_CHARS / 6),
        };
        let mut left = MAX_CHARS;
        for (passage, title) in passages.iter().zip([true, false]) {
            words.passage(passage.folded.text(), title, &mut left);
        }
        words
    }

    pub(crate) fn grams(&self) -> &[Gram] {
        &self.grams
    }

    /// Where a gram stands, and how it is written there.
    pub(crate) fn place<'a>(
        &self,
        gram: &Gram,
        passages: &'a [Passage; 2],
    ) -> Option<(Span, &'a str)> {
        let (start, _, title) = *self.places.get(usize::from(gram.words.0))?;
        let (_, end, _) = *self.places.get(usize::from(gram.words.1))?;
        let [head, body] = passages;
        let passage = if title { head } else { body };
        Some((
            passage.span_of_folded(start, end),
            passage.clean_of_folded(start, end),
        ))
    }

    fn passage(&mut self, text: &str, title: bool, left: &mut usize) {
        let mut before: Option<u32> = None;
        let mut letters = text.char_indices().peekable();
        while let Some((start, first)) = letters.next() {
            if *left == 0 {
                return;
            }
            *left -= 1;
            if !is_word(first) {
                continue;
            }
            let mut hash = step(SEED, folded(first));
            let (mut last, mut end, mut length) = (first, start + first.len_utf8(), 1);
            let mut number = first.is_ascii_digit();
            while let Some((at, letter)) = letters.next_if(|(_, letter)| is_word(*letter)) {
                *left = left.saturating_sub(1);
                length += 1;
                end = at + letter.len_utf8();
                number &= letter.is_ascii_digit();
                let digits = last.is_ascii_digit() && letter.is_ascii_digit();
                if length <= MAX_WORD && !digits {
                    hash = step(hash, folded(letter));
                }
                last = letter;
            }
            if number {
                hash = NUMBER;
                if before == Some(NUMBER) {
                    // The parts of one version.
                    if let Some(place) = self.places.last_mut() {
                        place.1 = end;
                    }
                    continue;
                }
            }
            let Ok(word) = u16::try_from(self.places.len()) else {
                return;
            };
            self.places.push((start, end, title));
            self.grams.push(Gram {
                hash: finish(hash),
                words: (word, word),
            });
            if let Some(before) = before {
                self.grams.push(Gram {
                    hash: finish(step(before.rotate_left(15), hash)),
                    words: (word.saturating_sub(1), word),
                });
            }
            before = Some(hash);
        }
    }
}

const SEED: u32 = 0x811c_9dc5;

fn folded(letter: char) -> u32 {
    if letter.is_ascii_digit() {
        u32::from(b'0')
    } else {
        letter as u32
    }
}

fn step(hash: u32, letter: u32) -> u32 {
    (hash ^ letter).wrapping_mul(0x9e37_79b9).rotate_left(13)
}

/// MurmurHash3's finish: the list of known grams is searched by value.
fn finish(hash: u32) -> u32 {
    let mut hash = hash ^ (hash >> 16);
    hash = hash.wrapping_mul(0x85eb_ca6b);
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Field;

    fn words(text: &str) -> ([Passage; 2], Words) {
        let passages = [
            Passage::new(Field::Title, String::new()),
            Passage::new(Field::Text, text.to_owned()),
        ];
        let words = Words::of(&passages);
        (passages, words)
    }

    fn hashes(text: &str) -> Vec<u32> {
        words(text).1.grams().iter().map(|gram| gram.hash).collect()
    }

    #[test]
    fn versions_are_alike_and_words_are_not() {
        assert_eq!(hashes("before 1.2.3 is"), hashes("Before 10.44 is"));
        assert_eq!(hashes("v8 engine"), hashes("v10 engine"));
        assert_ne!(hashes("stored data"), hashes("data stored"));
        assert_eq!(hashes("a b").len(), 3);
    }

    #[test]
    fn a_gram_knows_its_place() {
        let (passages, words) = words("Ünsafe 🔥 code 1.2");
        let slices: Vec<&str> = words
            .grams()
            .iter()
            .filter_map(|gram| words.place(gram, &passages))
            .map(|(_, said)| said)
            .collect();
        assert_eq!(
            slices,
            ["Ünsafe", "code", "Ünsafe 🔥 code", "1.2", "code 1.2"]
        );
    }

    #[test]
    fn the_worst_text_costs_what_a_long_one_costs() {
        assert!(hashes(&"a ".repeat(1_000_000)).len() <= MAX_CHARS);
        assert!(hashes(&"1.".repeat(1_000_000)).len() <= 1);
        assert_eq!(hashes(&"x".repeat(1_000_000)).len(), 1);
        assert!(hashes("").is_empty());
    }
}
