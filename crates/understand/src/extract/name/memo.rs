//! What was worked out of words before, in other items: most words of an item stood in one
//! shortly before.
//!
//! A memo has a fixed size and changes no answer: what is kept of a word counts only for
//! one that is written the same, and its sums for one that all features are the same of.

use std::sync::{Arc, Mutex};

use super::label::Row;
use super::rows::WIDTH;
use super::words::{Looks, Word};

/// Words and sums kept, a power of two: 2 MB hold most of what an article holds.
const KEPT: usize = 1 << 12;

/// Longer words are rare.
const MAX_BYTES: usize = 24;

/// The words met last. Each has one place, where it drives out another.
#[derive(Debug)]
pub(super) struct Memo {
    words: Vec<Option<Kept>>,
    looks: Vec<Option<Looks>>,
    /// Whole numbers, as weights are.
    sums: Vec<[[i16; Row::WIDTH]; WIDTH]>,
}

#[derive(Debug, Clone, Copy)]
struct Kept {
    written: [u8; MAX_BYTES],
    length: usize,
    word: Word,
}

impl Memo {
    fn new() -> Self {
        Self {
            words: vec![None; KEPT],
            looks: vec![None; KEPT],
            sums: vec![[[0; Row::WIDTH]; WIDTH]; KEPT],
        }
    }

    /// What a word looks like that is written so; `hash` is of its bytes. Where it stood is
    /// of no meaning.
    pub(super) fn word(&self, written: &str, hash: u64) -> Option<&Word> {
        let kept = self.words.get(place(hash))?.as_ref()?;
        let bytes = kept.written.get(..kept.length);
        (bytes == Some(written.as_bytes())).then_some(&kept.word)
    }

    pub(super) fn keep_word(&mut self, written: &str, hash: u64, word: Word) {
        let mut bytes = [0; MAX_BYTES];
        if let Some(to) = bytes.get_mut(..written.len())
            && let Some(slot) = self.words.get_mut(place(hash))
        {
            to.copy_from_slice(written.as_bytes());
            *slot = Some(Kept {
                written: bytes,
                length: written.len(),
                word,
            });
        }
    }

    /// What such a word adds to the scores.
    pub(super) fn sums(&self, looks: &Looks) -> Option<[Row; WIDTH]> {
        let at = place(looks.hash());
        let known = self.looks.get(at)?.as_ref();
        known.filter(|known| *known == looks)?;
        let sums = self.sums.get(at)?;
        Some(sums.map(|row| Row(row.map(f32::from))))
    }

    pub(super) fn keep_sums(&mut self, looks: Looks, sums: &[Row; WIDTH]) {
        let at = place(looks.hash());
        let whole = sums.map(|row| row.0.map(|sum| sum as i16));
        let fits = sums.iter().zip(&whole).all(|(row, whole)| {
            let mut sums = row.0.iter().zip(whole);
            sums.all(|(sum, whole)| *sum == f32::from(*whole))
        });
        if let (Some(slot), Some(kept)) = (self.looks.get_mut(at), self.sums.get_mut(at))
            && fits
        {
            *slot = Some(looks);
            *kept = whole;
        }
    }

    /// Touches the place of a word. The memo is larger than what the processor has at
    /// hand: touched first, many places are waited for at a time. The number is of no
    /// meaning.
    pub(super) fn touch_word(&self, hash: u64) -> usize {
        let kept = self.words.get(place(hash)).and_then(Option::as_ref);
        kept.map_or(0, |kept| kept.length ^ kept.word.token.start)
    }

    /// The same for the sums of such a word.
    pub(super) fn touch_sums(&self, looks: &Looks) -> i16 {
        let at = place(looks.hash());
        let known = self.looks.get(at).is_some_and(Option::is_some);
        let sums = self.sums.get(at).map_or(0, |[first, _, middle, _, last]| {
            let [first, middle, last] = [first, middle, last].map(|row| row.first());
            [first, middle, last]
                .into_iter()
                .flatten()
                .fold(0, |all, one| all ^ one)
        });
        sums ^ i16::from(known)
    }
}

fn place(hash: u64) -> usize {
    /// Odd, with its bits well spread: 2^64 divided by the golden ratio.
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
    usize::try_from(hash.wrapping_mul(SPREAD) >> 32).unwrap_or_default() & (KEPT - 1)
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
