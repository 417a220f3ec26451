//! The weights of the name model, read in place, and the best way through them.

use super::label::{LABELS, Row, is_legal};
use crate::weights::{Number, Section, Weights, WeightsError};

/// Weights and word clusters. A model file ([`crate::weights`]) with the sections
///
/// | section | what |
/// | --- | --- |
/// | `transitions` | for each label, and the start of a sentence, the weight of each next label |
/// | `buckets` | the first feature for each value of the key's upper 15 bits, and the end |
/// | `keys` | the features, sorted |
/// | `firsts` | each feature's first weight, and the end |
/// | `labels`, `weights` | whose weight, and the weight: the few large ones need more than a byte |
/// | `cluster_keys`, `clusters` | the words' clusters, sorted by key |
/// | `genres` | for each of these words how much it speaks for each genre of text |
#[derive(Debug, Clone)]
pub struct Model {
    transitions: Transitions,
    buckets: Section<u32>,
    keys: Section<u32>,
    firsts: Section<u32>,
    labels: Section<u8>,
    weights: Section<i16>,
    cluster_keys: Section<u32>,
    clusters: Section<u16>,
    genres: Section<i8>,
    /// One bit for each value of a key's upper bits: most features of a text have
    /// no weight, and this says so at the cost of one look.
    present: Vec<u64>,
}

const PRESENT_BITS: u32 = 20;

/// Kinds of texts that the model tells apart by their words, because what counts as
/// a name differs: a report on a group, an analysis of an app, a piece of news.
pub const GENRES: usize = 6;

/// The weight of a label after another; the last row is a sentence's start.
pub type Transitions = [Row; LABELS + 1];

const BUCKET_BITS: u32 = 15;
const BUCKETS: usize = 1 << BUCKET_BITS;

impl Default for Model {
    /// A model that knows nothing.
    fn default() -> Self {
        Self {
            transitions: legal_only(),
            buckets: Section::default(),
            keys: Section::default(),
            firsts: Section::default(),
            labels: Section::default(),
            weights: Section::default(),
            cluster_keys: Section::default(),
            clusters: Section::default(),
            genres: Section::default(),
            present: vec![0; 1 << (PRESENT_BITS - 6)],
        }
    }
}

/// No weight but that of what is illegal.
#[must_use]
pub fn legal_only() -> Transitions {
    let mut transitions = [Row([f32::NEG_INFINITY; Row::WIDTH]); LABELS + 1];
    for (from, row) in transitions.iter_mut().enumerate() {
        for (to, weight) in row.0.iter_mut().enumerate() {
            if is_legal(from, to) {
                *weight = 0.0;
            }
        }
    }
    transitions
}

impl Model {
    /// The model in a file.
    ///
    /// # Errors
    ///
    /// If the file holds no such model.
    pub fn read(file: &Weights) -> Result<Self, WeightsError> {
        let mut transitions = legal_only();
        let shipped: Section<f32> = file.section_of("transitions", (LABELS + 1) * LABELS)?;
        for (from, row) in transitions.iter_mut().enumerate() {
            for (to, weight) in row.0.iter_mut().enumerate() {
                if is_legal(from, to) {
                    *weight = shipped.at(from * LABELS + to);
                }
            }
        }
        let keys: Section<u32> = file.section("keys")?;
        let mut present = vec![0_u64; 1 << (PRESENT_BITS - 6)];
        for key in keys.iter() {
            let (slot, bit) = present_at(key);
            if let Some(slot) = present.get_mut(slot) {
                *slot |= bit;
            }
        }
        let labels: Section<u8> = file.section("labels")?;
        let cluster_keys: Section<u32> = file.section("cluster_keys")?;
        Ok(Self {
            transitions,
            buckets: file.section_of("buckets", BUCKETS + 1)?,
            firsts: file.section_of("firsts", keys.len() + 1)?,
            weights: file.section_of("weights", labels.len())?,
            clusters: file.section_of("clusters", cluster_keys.len())?,
            genres: file.section_of("genres", cluster_keys.len() * GENRES)?,
            keys,
            labels,
            cluster_keys,
            present,
        })
    }

    /// The cluster of a word, given its [`super::lower_hash`]; zero if it has none.
    /// Adds what the word says of the text's genre.
    pub(super) fn cluster(&self, word: u64, genre: &mut [i32; GENRES]) -> u16 {
        let key = cluster_key(word);
        let (mut low, mut high) = (0, self.cluster_keys.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.cluster_keys.at(middle) < key {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if low >= self.cluster_keys.len() || self.cluster_keys.at(low) != key {
            return 0;
        }
        for (index, sum) in genre.iter_mut().enumerate() {
            *sum += i32::from(self.genres.at(low * GENRES + index));
        }
        self.clusters.at(low)
    }

    /// Adds the weights of a feature to the labels' scores.
    pub(super) fn add(&self, feature: u32, scores: &mut Row) {
        let (slot, bit) = present_at(feature);
        if self
            .present
            .get(slot)
            .is_none_or(|present| present & bit == 0)
        {
            return;
        }
        let bucket = bucket(feature);
        let (start, end) = (self.buckets.at(bucket), self.buckets.at(bucket + 1));
        let Some(found) = (start as usize..end as usize).find(|at| self.keys.at(*at) == feature)
        else {
            return;
        };
        let (first, next) = (
            self.firsts.at(found) as usize,
            self.firsts.at(found + 1) as usize,
        );
        let labels = self.labels.bytes().get(first..next).unwrap_or_default();
        let weights = self
            .weights
            .bytes()
            .get(first * 2..next * 2)
            .unwrap_or_default();
        for (label, weight) in labels.iter().zip(weights.chunks_exact(2)) {
            if let Some(score) = scores.0.get_mut(usize::from(*label)) {
                *score += f32::from(i16::read(weight));
            }
        }
    }

    /// The labels of the best legal way through the scores.
    pub(super) fn decode(&self, scores: &[Row]) -> Vec<u8> {
        decode(scores, &self.transitions, None)
    }
}

/// The best legal way: for each row of scores a label. `allowed`, if given, holds
/// for each row the labels that may stand there, one bit each.
#[must_use]
pub fn decode(scores: &[Row], transitions: &Transitions, allowed: Option<&[u32]>) -> Vec<u8> {
    let [.., start] = transitions;
    let mut best: Vec<Row> = Vec::with_capacity(scores.len());
    for (at, row) in scores.iter().enumerate() {
        let mut next = Row([f32::NEG_INFINITY; Row::WIDTH]);
        match best.last() {
            None => next = *start,
            Some(before) => {
                for (so_far, transition) in before.0.iter().zip(transitions).take(LABELS) {
                    for (to, weight) in next.0.iter_mut().zip(&transition.0) {
                        *to = to.max(so_far + weight);
                    }
                }
            }
        }
        for (to, score) in next.0.iter_mut().zip(&row.0) {
            *to += score;
        }
        if let Some(mask) = allowed.and_then(|allowed| allowed.get(at)) {
            for (to, score) in next.0.iter_mut().enumerate() {
                if mask & (1 << to) == 0 {
                    *score = f32::NEG_INFINITY;
                }
            }
        }
        best.push(next);
    }
    // Back along the best way; which label led to a score is worked out once more,
    // for this way only.
    let mut labels = vec![0; scores.len()];
    let mut after: Option<usize> = None;
    for (slot, row) in labels.iter_mut().zip(&best).rev() {
        let value = |label: &usize| {
            let leads = after.map_or(0.0, |after| transitions[*label].0[after]);
            row.0[*label] + leads
        };
        let label = (0..LABELS)
            .max_by(|a, b| value(a).total_cmp(&value(b)))
            .unwrap_or_default();
        *slot = u8::try_from(label).unwrap_or_default();
        after = Some(label);
    }
    labels
}

/// The key a word has in the table of clusters.
#[must_use]
pub fn cluster_key(word: u64) -> u32 {
    u32::try_from((word ^ (word >> 32)) & 0xffff_ffff).unwrap_or_default()
}

fn present_at(feature: u32) -> (usize, u64) {
    let at = feature >> (32 - PRESENT_BITS);
    ((at >> 6) as usize, 1 << (at & 63))
}

fn bucket(feature: u32) -> usize {
    (feature >> (32 - BUCKET_BITS)) as usize
}

/// The buckets of features sorted by key.
#[must_use]
pub fn buckets(keys: &[u32]) -> Vec<u32> {
    (0..=BUCKETS)
        .map(|wanted| {
            let first = keys.partition_point(|key| bucket(*key) < wanted);
            u32::try_from(first).unwrap_or(u32::MAX)
        })
        .collect()
}
