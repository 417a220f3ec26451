//! Folds for cross-validation that never part what belongs together.
//!
//! Two reports of one story in different folds would let a model be asked what
//! it was told.

use std::collections::BTreeMap;

use crate::random::Random;

/// The fold of each row, below `count`. Rows with one key share a fold; those
/// without a key stand alone. Large groups are dealt first, each to the fold that
/// has least.
#[must_use]
pub fn folds(keys: &[Option<&str>], count: usize, seed: u64) -> Vec<usize> {
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut alone: Vec<Vec<usize>> = Vec::new();
    for (row, key) in keys.iter().enumerate() {
        match key {
            Some(key) => groups.entry(key).or_default().push(row),
            None => alone.push(vec![row]),
        }
    }
    let mut groups: Vec<Vec<usize>> = groups.into_values().chain(alone).collect();
    Random::new(seed).shuffle(&mut groups);
    groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
    let mut sizes = vec![0_usize; count.max(1)];
    let mut fold_of = vec![0; keys.len()];
    for group in groups {
        let least = (0..sizes.len())
            .min_by_key(|fold| sizes.get(*fold).copied())
            .unwrap_or_default();
        if let Some(size) = sizes.get_mut(least) {
            *size += group.len();
        }
        for row in group {
            if let Some(fold) = fold_of.get_mut(row) {
                *fold = least;
            }
        }
    }
    fold_of
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_story_stays_in_one_fold() {
        let keys: Vec<Option<String>> = (0..100)
            .map(|row| (row % 3 > 0).then(|| format!("story {}", row % 17)))
            .collect();
        let keys: Vec<Option<&str>> = keys.iter().map(Option::as_deref).collect();
        let fold_of = folds(&keys, 5, 7);
        for (a, key) in keys.iter().enumerate() {
            for (b, other) in keys.iter().enumerate() {
                if key.is_some() && key == other {
                    assert_eq!(fold_of[a], fold_of[b]);
                }
            }
        }
        for fold in 0..5 {
            let size = fold_of.iter().filter(|of| **of == fold).count();
            assert!((17..=23).contains(&size), "{size}");
        }
        assert_eq!(fold_of, folds(&keys, 5, 7));
        assert_ne!(fold_of, folds(&keys, 5, 8));
    }
}
