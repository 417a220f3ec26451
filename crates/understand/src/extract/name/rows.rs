//! What words add to the labels' scores by themselves and to those of the words near
//! them, worked out once for each spelling of an item: nearly half of its tokens are
//! written like one before.
//!
//! Most spellings of an item were in others shortly before: their sums come from the
//! [`Memo`].

use super::features::{self, NEAR};
use super::label::Row;
use super::memo::Memo;
use super::model::{Model, Wanted};
use super::words::{Looks, Word};

/// Sums by spelling.
pub(super) struct Rows {
    /// [`WIDTH`] rows for the end of a sentence, then for each spelling: its own sum, and
    /// that for the words as far as [`NEAR`] says.
    rows: Vec<Row>,
}

/// How many rows a spelling has.
pub(super) const WIDTH: usize = 1 + NEAR.len();

impl Rows {
    /// The sums of these spellings, a word of each.
    pub(super) fn of<'a>(
        spellings: impl Iterator<Item = &'a Word>,
        genre: u64,
        model: &Model,
        memo: &mut Memo,
    ) -> Self {
        let words: Vec<(&Word, Looks)> = spellings.map(|word| (word, word.looks(genre))).collect();
        let touched = words
            .iter()
            .fold(0, |all, (_, looks)| all ^ memo.touch_sums(looks));
        std::hint::black_box(touched);
        let mut rows = Vec::with_capacity((words.len() + 1) * WIDTH);
        let mut wanted = Vec::with_capacity(words.len());
        let mut new: Vec<(Looks, usize)> = Vec::new();
        for word in std::iter::once(None).chain(words.iter().map(Some)) {
            let first = rows.len();
            if let Some((_, looks)) = word {
                if let Some(known) = memo.sums(looks) {
                    rows.extend(known);
                    continue;
                }
                new.push((*looks, first));
            }
            let word = word.map(|(word, _)| *word);
            rows.extend([Row::ZERO; WIDTH]);
            let row = u32::try_from(first).unwrap_or(u32::MAX);
            let mut want = |feature| wanted.push(Wanted { feature, row });
            if let Some(word) = word {
                features::own(word, genre, &mut want);
            }
            for (row, offset) in (row.saturating_add(1)..).zip(NEAR) {
                let mut want = |feature| wanted.push(Wanted { feature, row });
                features::beside(word, offset, genre, &mut want);
            }
        }
        model.add(&wanted, &mut rows);
        for (looks, first) in new {
            let sums = rows.get(first..).and_then(|rows| rows.first_chunk());
            if let Some(sums) = sums {
                memo.keep_sums(looks, sums);
            }
        }
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
