//! Word clusters from our own texts: words that stand among the same words.
//!
//! Each word is a row of how much more often than by chance it stands beside each
//! frequent word; a few rounds of a randomised subspace iteration press the rows
//! into [`WIDTH`] numbers, and k-means cuts them into [`CLUSTERS`].

use std::collections::HashMap;

use understand::names::{cluster_key, lower_hash, tokens};

use crate::random::Random;

/// Numbers a word.
const WIDTH: usize = 64;

/// Groups of words.
const CLUSTERS: usize = 400;

/// Words beside which others are looked at.
const BESIDE: usize = 1_500;

/// The most words that get a cluster, each standing at least [`SEEN`] times.
const WORDS: usize = 40_000;
const SEEN: u32 = 4;

/// Keys and clusters, sorted by key.
#[must_use]
pub fn learn(texts: impl Iterator<Item = String> + Clone, seed: u64) -> (Vec<u32>, Vec<u16>) {
    let words = words(texts.clone());
    let index: HashMap<u64, u32> = (0..).zip(&words).map(|(at, word)| (*word, at)).collect();
    let rows = rows(texts, &index);
    let vectors = press(&rows, &mut Random::new(seed));
    let clusters = group(&vectors, &mut Random::new(seed ^ 1));
    let mut keyed: Vec<(u32, u16)> = words
        .iter()
        .map(|word| cluster_key(*word))
        .zip(clusters)
        .collect();
    keyed.sort_unstable();
    keyed.dedup_by_key(|(key, _)| *key);
    keyed.into_iter().unzip()
}

fn hashes(text: &str) -> Vec<u64> {
    tokens(text, 100_000)
        .iter()
        .map(|token| lower_hash(text.get(token.start..token.end).unwrap_or_default()))
        .collect()
}

/// Words by frequency, most frequent first.
fn words(texts: impl Iterator<Item = String>) -> Vec<u64> {
    let mut counts: HashMap<u64, u32> = HashMap::new();
    for text in texts {
        for word in hashes(&text) {
            *counts.entry(word).or_default() += 1;
        }
    }
    let mut words: Vec<(u64, u32)> = counts
        .into_iter()
        .filter(|(_, count)| *count >= SEEN)
        .collect();
    words.sort_unstable_by_key(|(word, count)| (std::cmp::Reverse(*count), *word));
    words.truncate(WORDS);
    words.into_iter().map(|(word, _)| word).collect()
}

/// For each word the frequent words beside it, with how telling they are.
fn rows(texts: impl Iterator<Item = String>, index: &HashMap<u64, u32>) -> Vec<Vec<(u32, f32)>> {
    const PLACES: [isize; 4] = [-2, -1, 1, 2];
    let mut counts: HashMap<u64, f32> = HashMap::new();
    for text in texts {
        let words: Vec<Option<u32>> = hashes(&text)
            .iter()
            .map(|word| index.get(word).copied())
            .collect();
        for (at, word) in words.iter().enumerate() {
            let Some(word) = word else { continue };
            for (place, offset) in (0_u64..).zip(PLACES) {
                let beside = at
                    .checked_add_signed(offset)
                    .and_then(|at| words.get(at).copied().flatten())
                    .filter(|beside| (*beside as usize) < BESIDE);
                if let Some(beside) = beside {
                    let column = place * BESIDE as u64 + u64::from(beside);
                    *counts.entry((u64::from(*word) << 32) | column).or_default() += 1.0;
                }
            }
        }
    }
    let mut of_row = vec![0.0_f32; index.len()];
    let mut of_column = vec![0.0_f32; BESIDE * PLACES.len()];
    let mut total = 0.0_f32;
    let mut counts: Vec<(u64, f32)> = counts.into_iter().collect();
    counts.sort_unstable_by_key(|(key, _)| *key);
    let split = |key: u64| ((key >> 32) as usize, (key & 0xffff_ffff) as usize);
    for (key, count) in &counts {
        let (row, column) = split(*key);
        of_row[row] += count;
        of_column[column] += count;
        total += count;
    }
    let mut rows = vec![Vec::new(); index.len()];
    for (key, count) in counts {
        let (row, column) = split(key);
        let telling = (count * total / (of_row[row] * of_column[column])).ln();
        if telling > 0.0 {
            rows[row].push((u32::try_from(column).unwrap_or_default(), telling));
        }
    }
    rows
}

/// Presses sparse rows into dense ones that keep what differs most.
fn press(rows: &[Vec<(u32, f32)>], random: &mut Random) -> Vec<[f32; WIDTH]> {
    let columns = rows
        .iter()
        .flatten()
        .map(|(column, _)| column + 1)
        .max()
        .unwrap_or_default();
    let mut basis: Vec<[f32; WIDTH]> = (0..columns)
        .map(|_| std::array::from_fn(|_| random.unit() as f32 - 0.5))
        .collect();
    let mut dense = vec![[0.0; WIDTH]; rows.len()];
    for _ in 0..4 {
        for (row, out) in rows.iter().zip(&mut dense) {
            *out = [0.0; WIDTH];
            for (column, value) in row {
                let from = &basis[*column as usize];
                for (out, from) in out.iter_mut().zip(from) {
                    *out += value * from;
                }
            }
        }
        basis.fill([0.0; WIDTH]);
        for (row, from) in rows.iter().zip(&dense) {
            for (column, value) in row {
                for (out, from) in basis[*column as usize].iter_mut().zip(from) {
                    *out += value * from;
                }
            }
        }
        orthogonal(&mut basis);
    }
    for (row, out) in rows.iter().zip(&mut dense) {
        *out = [0.0; WIDTH];
        for (column, value) in row {
            for (out, from) in out.iter_mut().zip(&basis[*column as usize]) {
                *out += value * from;
            }
        }
        unit(out);
    }
    dense
}

/// Makes the columns of a tall matrix orthogonal and of length one.
fn orthogonal(matrix: &mut [[f32; WIDTH]]) {
    for column in 0..WIDTH {
        for other in 0..column {
            let along: f32 = matrix.iter().map(|row| row[column] * row[other]).sum();
            for row in matrix.iter_mut() {
                row[column] -= along * row[other];
            }
        }
        let length = matrix
            .iter()
            .map(|row| row[column] * row[column])
            .sum::<f32>()
            .sqrt();
        for row in matrix.iter_mut() {
            row[column] /= length.max(1e-9);
        }
    }
}

fn unit(vector: &mut [f32; WIDTH]) {
    let length = vector.iter().map(|n| n * n).sum::<f32>().sqrt().max(1e-9);
    for number in vector {
        *number /= length;
    }
}

/// K-means by angle; the clusters count from 1.
fn group(vectors: &[[f32; WIDTH]], random: &mut Random) -> Vec<u16> {
    let mut centres: Vec<[f32; WIDTH]> = (0..CLUSTERS)
        .filter_map(|_| vectors.get(random.below(vectors.len())).copied())
        .collect();
    let mut of = vec![0_u16; vectors.len()];
    for _ in 0..15 {
        for (vector, of) in vectors.iter().zip(&mut of) {
            let mut best = f32::NEG_INFINITY;
            for (index, centre) in (1_u16..).zip(&centres) {
                let near: f32 = vector.iter().zip(centre).map(|(a, b)| a * b).sum();
                if near > best {
                    best = near;
                    *of = index;
                }
            }
        }
        centres.fill([0.0; WIDTH]);
        for (vector, of) in vectors.iter().zip(&of) {
            if let Some(centre) = centres.get_mut(usize::from(*of).saturating_sub(1)) {
                for (sum, number) in centre.iter_mut().zip(vector) {
                    *sum += number;
                }
            }
        }
        centres.iter_mut().for_each(unit);
    }
    of
}
