//! What was worked out of words before, in other items: most words of an item stood in one
//! shortly before.
//!
//! A memo has a fixed size and changes no answer: what is kept of a word counts only for
//! one that is written the same, and its sums for one that all features are the same of.

use std::sync::{Arc, Mutex};

use super::label::Row;
use super::rows::WIDTH;
use super::words::{Looks, Word};

/// Words and sums kept, a power of two: 3 MB hold six words in seven of an article. In twice
/// as many places, each with its own word, it would be as many.
const KEPT: usize = 1 << 13;

/// Longer words are rare.
const MAX_BYTES: usize = 24;

/// The words met last.
#[derive(Debug)]
pub(super) struct Memo {
    words: Latest<Spelled>,
    sums: Latest<Sums>,
}

/// How a word that is written so looks: two lines of the processor's, and no third.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Spelled {
    written: [u8; MAX_BYTES],
    length: usize,
    word: Word,
}

/// What words that look so add to the scores. Whole numbers, as weights are.
#[derive(Debug, Clone, Copy)]
struct Sums {
    looks: Looks,
    rows: [[i16; Row::WIDTH]; WIDTH],
}

impl Memo {
    fn new() -> Self {
        Self {
            words: Latest::new(KEPT),
            sums: Latest::new(KEPT),
        }
    }

    /// What a word looks like that is written so; `hash` is of its bytes. Where it stood is
    /// of no meaning.
    pub(super) fn word(&mut self, written: &str, hash: u64) -> Option<&Word> {
        let written = written.as_bytes();
        let is_it = |kept: &Spelled| kept.written.get(..kept.length) == Some(written);
        self.words.find(hash, is_it).map(|kept| &kept.word)
    }

    pub(super) fn keep_word(&mut self, written: &str, hash: u64, word: Word) {
        let mut bytes = [0; MAX_BYTES];
        if let Some(to) = bytes.get_mut(..written.len()) {
            to.copy_from_slice(written.as_bytes());
            let kept = Spelled {
                written: bytes,
                length: written.len(),
                word,
            };
            self.words.keep(hash, kept);
        }
    }

    /// What such a word adds to the scores.
    pub(super) fn sums(&mut self, looks: &Looks) -> Option<[Row; WIDTH]> {
        let kept = self.sums.find(looks.hash(), |kept| kept.looks == *looks)?;
        let mut sums = [Row::ZERO; WIDTH];
        for (sum, kept) in sums.iter_mut().zip(&kept.rows) {
            for (to, from) in sum.0.iter_mut().zip(kept) {
                *to = f32::from(*from);
            }
        }
        Some(sums)
    }

    pub(super) fn keep_sums(&mut self, looks: Looks, sums: &[Row; WIDTH]) {
        let rows = sums.map(|row| row.0.map(|sum| sum as i16));
        let fits = sums.iter().zip(&rows).all(|(row, whole)| {
            let mut sums = row.0.iter().zip(whole);
            sums.all(|(sum, whole)| *sum == f32::from(*whole))
        });
        if fits {
            self.sums.keep(looks.hash(), Sums { looks, rows });
        }
    }

    /// Touches the places of a word. The memo is larger than what the processor has at
    /// hand: touched first, many places are waited for at a time. The number is of no
    /// meaning.
    pub(super) fn touch_word(&self, hash: u64) -> usize {
        let kept = self.words.near(hash);
        kept.fold(0, |all, kept| all ^ kept.length ^ kept.word.token.start)
    }

    /// The same for the sums of such a word.
    pub(super) fn touch_sums(&self, looks: &Looks) -> i16 {
        let kept = self.sums.near(looks.hash());
        kept.fold(0, |all, kept| {
            let [first, _, middle, _, last] = kept.rows;
            all ^ first[0] ^ middle[0] ^ last[0]
        })
    }
}

/// What was met last, in pairs of places: what is new drives out the one of its pair that
/// was not asked for last, so that rare words leave the frequent ones alone.
#[derive(Debug)]
struct Latest<T> {
    pairs: Vec<[Option<T>; 2]>,
    /// Which of each pair was asked for last.
    asked: Vec<bool>,
}

impl<T: Copy> Latest<T> {
    /// `places` is a power of two.
    fn new(places: usize) -> Self {
        Self {
            pairs: vec![[None; 2]; places / 2],
            asked: vec![false; places / 2],
        }
    }

    fn find(&mut self, hash: u64, is_it: impl Fn(&T) -> bool) -> Option<&T> {
        let at = self.place(hash);
        let [first, second] = self.pairs.get(at)?;
        let is_it = |kept: &Option<T>| kept.as_ref().is_some_and(&is_it);
        let found = if is_it(first) {
            (false, first)
        } else if is_it(second) {
            (true, second)
        } else {
            return None;
        };
        *self.asked.get_mut(at)? = found.0;
        found.1.as_ref()
    }

    fn keep(&mut self, hash: u64, new: T) {
        let at = self.place(hash);
        if let Some([first, second]) = self.pairs.get_mut(at) {
            let second_was_asked = self.asked.get(at).copied().unwrap_or_default();
            let place = if second_was_asked { first } else { second };
            *place = Some(new);
        }
    }

    /// Both that may be it.
    fn near(&self, hash: u64) -> impl Iterator<Item = &T> {
        self.pairs
            .get(self.place(hash))
            .into_iter()
            .flatten()
            .flatten()
    }

    fn place(&self, hash: u64) -> usize {
        /// Odd, with its bits well spread: 2^64 divided by the golden ratio.
        const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
        let spread = usize::try_from(hash.wrapping_mul(SPREAD) >> 32).unwrap_or_default();
        spread & (self.pairs.len() - 1)
    }
}

/// The memos of a model that nobody is using: one for each thread that ever used the
/// model while the others did.
#[derive(Debug, Clone, Default)]
pub(super) struct Memos(Arc<Mutex<Vec<Memo>>>);

impl Memos {
    pub(super) fn take(&self) -> Memo {
        let idle = self.0.lock().ok().and_then(|mut memos| memos.pop());
        idle.unwrap_or_else(Memo::new)
    }

    pub(super) fn put_back(&self, memo: Memo) {
        if let Ok(mut memos) = self.0.lock() {
            memos.push(memo);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_again_stays() {
        let mut latest = Latest::new(2);
        let find =
            |latest: &mut Latest<u8>, wanted: u8| latest.find(0, |kept| *kept == wanted).is_some();
        for often in [1, 2] {
            latest.keep(0, often);
            assert!(find(&mut latest, often));
            for rare in 10..20 {
                latest.keep(0, rare);
            }
            assert!(find(&mut latest, often) && find(&mut latest, 19) && !find(&mut latest, 18));
        }
    }
}
