//! What words add to the labels' scores by themselves and to those of the words near
//! them, worked out once for each spelling of an item: nearly half of its tokens are
//! written like one before.
//!
//! Most spellings of an item were in others shortly before. Their sums are kept in a
//! [`Memo`] of fixed size, which changes no sum: a kept one counts only for a word that
//! all its features are the same of.

use std::sync::{Arc, Mutex};

use super::features::{self, NEAR};
use super::label::Row;
use super::model::{Model, Wanted};
use super::words::{Looks, Word};

/// Sums by spelling.
pub(super) struct Rows {
    /// [`WIDTH`] rows for the end of a sentence, then for each spelling: its own sum, and
    /// that for the words as far as [`NEAR`] says.
    rows: Vec<Row>,
}

const WIDTH: usize = 1 + NEAR.len();

impl Rows {
    /// The sums of these spellings, a word of each.
    pub(super) fn of<'a>(
        spellings: impl Iterator<Item = &'a Word>,
        genre: u64,
        model: &Model,
    ) -> Self {
        let mut memo = model.memos().take();
        let mut rows = Vec::new();
        let mut wanted = Vec::new();
        let mut new: Vec<(Looks, usize)> = Vec::new();
        for word in std::iter::once(None).chain(spellings.map(Some)) {
            let first = rows.len();
            if let Some(word) = word {
                let looks = word.looks(genre);
                if let Some(known) = memo.find(&looks) {
                    rows.extend_from_slice(known);
                    continue;
                }
                new.push((looks, first));
            }
            rows.extend([Row::ZERO; WIDTH]);
            let mut row = u32::try_from(first).unwrap_or(u32::MAX);
            let mut want = |feature| wanted.push(Wanted { feature, row });
            if let Some(word) = word {
                features::own(word, genre, &mut want);
            }
            for offset in NEAR {
                row += 1;
                let mut want = |feature| wanted.push(Wanted { feature, row });
                features::beside(word, offset, genre, &mut want);
            }
        }
        model.add(&wanted, &mut rows);
        for (looks, first) in new {
            let sums = rows.get(first..).and_then(|rows| rows.first_chunk());
            if let Some(sums) = sums {
                memo.keep(looks, sums);
            }
        }
        model.memos().put_back(memo);
        Self { rows }
    }

    /// What the word of a place says by itself, and the words near it say of it.
    pub(super) fn sum(&self, place: features::Place<'_>) -> Row {
        let first = |word: &Word| (word.spelling as usize + 1) * WIDTH;
        let own = place.words.get(place.at).map(first);
        let mut row = own
            .and_then(|at| self.rows.get(at))
            .copied()
            .unwrap_or(Row::ZERO);
        for (offset, index) in NEAR.into_iter().zip(1..) {
            let first = place.near(offset).map_or(0, first);
            if let Some(more) = self.rows.get(first + index) {
                row.add(more);
            }
        }
        row
    }
}

/// Sums of words by what the model sees of them, those looked for last.
#[derive(Debug)]
pub(super) struct Memo {
    /// A word has one place, where it drives out another.
    looks: Vec<Option<Looks>>,
    sums: Vec<[Row; WIDTH]>,
}

/// Words of a memo, a power of two: half of those that a thousand articles hold, and most
/// of those that each of them holds.
const KEPT: usize = 1 << 12;

impl Memo {
    fn new() -> Self {
        Self {
            looks: vec![None; KEPT],
            sums: vec![[Row::ZERO; WIDTH]; KEPT],
        }
    }

    fn find(&self, looks: &Looks) -> Option<&[Row; WIDTH]> {
        let at = looks.place(KEPT);
        let known = self.looks.get(at)?.as_ref();
        known.filter(|known| *known == looks)?;
        self.sums.get(at)
    }

    fn keep(&mut self, looks: Looks, sums: &[Row; WIDTH]) {
        let at = looks.place(KEPT);
        if let (Some(slot), Some(kept)) = (self.looks.get_mut(at), self.sums.get_mut(at)) {
            *slot = Some(looks);
            *kept = *sums;
        }
    }
}

/// The memos of a model that nobody is using: one for each thread that ever used the
/// model while the others did.
#[derive(Debug, Clone, Default)]
pub(super) struct Memos(Arc<Mutex<Vec<Memo>>>);

impl Memos {
    fn take(&self) -> Memo {
        let idle = self.0.lock().ok().and_then(|mut memos| memos.pop());
        idle.unwrap_or_else(Memo::new)
    }

    fn put_back(&self, memo: Memo) {
        if let Ok(mut memos) = self.0.lock() {
            memos.push(memo);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Seen;
    use super::*;
    use crate::Models;
    use crate::extract::gazetteer::Gazetteer;

    #[test]
    fn sums_by_spelling_are_those_of_the_features() {
        let models = Models::shipped();
        let model = models.names();
        let texts = [
            "LockBit hits Acme Bank of Pune again, again",
            "The LockBit group hit Acme. Acme Bank said: the Emotet loader v1.2 and APT28 were there; \
             दिल्ली के बैंक पर LockBit. The end",
        ];
        let seen = Seen::new(&texts, Gazetteer::shipped(), model);
        for seen in [seen.clone(), seen.without_genre()] {
            let rows = seen.rows(model);
            let mut features = Vec::new();
            for (at, sum) in seen.scores(model).iter().enumerate() {
                seen.features(at, &mut features);
                let wanted: Vec<Wanted> = features
                    .iter()
                    .map(|feature| Wanted {
                        feature: *feature,
                        row: 0,
                    })
                    .collect();
                let mut whole = [Row::ZERO];
                model.add(&wanted, &mut whole);
                assert_eq!(*sum, whole[0], "word {at}");
                assert_ne!(*sum, Row::ZERO);
            }
            assert!(rows.rows.len() > WIDTH);
        }
    }
}
