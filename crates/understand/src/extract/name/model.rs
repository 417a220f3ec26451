//! The weights of the name model, read in place, and the best way through them.

use super::label::{LABELS, Row, is_legal};
use super::memo::Memos;
use crate::weights::{Section, Weights, WeightsError, unfit};
use crate::work;

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
///
/// The file is made to be small. Read where it lies, a feature costs five visits to
/// memory far apart; so its lists are laid out anew at start (3 ms), and it costs two.
#[derive(Debug, Clone)]
pub struct Model {
    transitions: Transitions,
    /// Open addressing: a feature stands in the first free place from its own on.
    places: Vec<Place>,
    /// What a feature adds to a label; those of one feature side by side.
    weights: Vec<(u8, i16)>,
    /// Sorted by key.
    clusters: Vec<Cluster>,
    /// The first word for each value of a cluster key's upper bits, and the end.
    cluster_starts: Vec<u32>,
    /// One bit for each value of a key's upper bits: most features of a text have
    /// no weight, and this says so at the cost of one look.
    present: Vec<u64>,
    memos: Memos,
}

/// Where a feature's weights lie.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    key: u32,
    /// The first of them, then in the lowest [`COUNT_BITS`] how many; zero is free.
    weights: u32,
}

/// What is known of a word.
#[derive(Debug, Clone, Copy)]
struct Cluster {
    key: u32,
    cluster: u16,
    /// What it says of the text's genre.
    genres: [i8; GENRES],
}

/// A feature, and the row of scores that its weights are wanted for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wanted {
    pub(super) feature: u32,
    pub(super) row: u32,
}

const COUNT_BITS: u32 = 5;

/// No feature stands further from its own place; of hashes none stands by far.
const FURTHEST: usize = 1_000;

const PRESENT_BITS: u32 = 20;

/// Words are found among the clusters by their first bits: three or four words each.
const CLUSTER_SHIFT: u32 = 19;

/// Features looked up side by side, so that the processor waits for many at a time.
const AT_ONCE: usize = 128;

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
            places: vec![Place::default()],
            weights: Vec::new(),
            clusters: Vec::new(),
            cluster_starts: Vec::new(),
            present: vec![0; 1 << (PRESENT_BITS - 6)],
            memos: Memos::default(),
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
        let weights: Section<i16> = file.section_of("weights", labels.len())?;
        let firsts: Section<u32> = file.section_of("firsts", keys.len() + 1)?;
        let _: Section<u32> = file.section_of("buckets", BUCKETS + 1)?;
        let clusters = clusters(file)?;
        let starts = |start: u64| {
            let first = clusters.partition_point(|one| u64::from(one.key) < start << CLUSTER_SHIFT);
            u32::try_from(first).unwrap_or(u32::MAX)
        };
        Ok(Self {
            transitions,
            places: places(&keys, &firsts, labels.len())?,
            weights: labels.iter().zip(weights.iter()).collect(),
            cluster_starts: (0..=1 << (32 - CLUSTER_SHIFT)).map(starts).collect(),
            clusters,
            present,
            memos: Memos::default(),
        })
    }

    /// The cluster of a word, given its [`super::lower_hash`], zero if it has none;
    /// and what the word says of the text's genre.
    pub(super) fn cluster(&self, word: u64) -> (u16, [i8; GENRES]) {
        let key = cluster_key(word);
        let start = (key >> CLUSTER_SHIFT) as usize;
        let bound = |at: usize| self.cluster_starts.get(at).copied().unwrap_or_default() as usize;
        let alike = self.clusters.get(bound(start)..bound(start + 1));
        alike
            .unwrap_or_default()
            .iter()
            .find(|one| one.key == key)
            .map_or((0, [0; GENRES]), |one| (one.cluster, one.genres))
    }

    /// What was worked out of words before.
    pub(super) fn memos(&self) -> &Memos {
        &self.memos
    }

    /// Adds the weights of features to the scores they are wanted for. Weights are whole
    /// numbers, so their order makes no difference.
    pub(super) fn add(&self, wanted: &[Wanted], scores: &mut [Row]) {
        work::steps(wanted.len());
        for wanted in wanted.chunks(AT_ONCE) {
            let mut known = [Wanted::default(); AT_ONCE];
            let mut count = 0;
            // Who has a weight, without a branch that nobody could foresee.
            for one in wanted {
                if let Some(slot) = known.get_mut(count) {
                    *slot = *one;
                }
                let (slot, bit) = present_at(one.feature);
                let present = self.present.get(slot).copied().unwrap_or_default();
                count += usize::from(present & bit != 0);
            }
            let known = known.get_mut(..count).unwrap_or_default();
            // What follows lies all over some megabytes. It is touched first, so that the
            // processor waits for many at a time and not for one after the other.
            let mut touched = 0;
            for one in &*known {
                let place = self.places.get(own_place(one.feature, self.places.len()));
                touched ^= place.map_or(0, |place| place.weights);
            }
            for one in &mut *known {
                one.feature = self.place(one.feature);
                let first = self.weights.get((one.feature >> COUNT_BITS) as usize);
                touched ^= first.map_or(0, |(label, _)| u32::from(*label));
            }
            std::hint::black_box(touched);
            for one in &*known {
                let Some(row) = scores.get_mut(one.row as usize) else {
                    continue;
                };
                let first = (one.feature >> COUNT_BITS) as usize;
                let count = (one.feature & ((1 << COUNT_BITS) - 1)) as usize;
                let weights = self.weights.get(first..first + count);
                for (label, weight) in weights.unwrap_or_default() {
                    if let Some(score) = row.0.get_mut(usize::from(*label)) {
                        *score += f32::from(*weight);
                    }
                }
            }
        }
    }

    /// Where a feature's weights lie; zero if it has none.
    fn place(&self, feature: u32) -> u32 {
        let mut at = own_place(feature, self.places.len());
        for _ in 0..=FURTHEST {
            match self.places.get(at) {
                Some(place) if place.weights != 0 && place.key != feature => {
                    at = (at + 1) & (self.places.len() - 1);
                }
                Some(place) => return place.weights,
                None => return 0,
            }
        }
        0
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
                        // `max` would ask of each sum whether it is a number.
                        let score = so_far + weight;
                        *to = if score > *to { score } else { *to };
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
        // Of equals the last.
        let (mut label, mut most) = (0, value(&0));
        for next in 1..LABELS {
            let worth = value(&next);
            if worth >= most {
                (label, most) = (next, worth);
            }
        }
        *slot = u8::try_from(label).unwrap_or_default();
        after = Some(label);
    }
    labels
}

/// The table of features: at least half as many places again as features, a power of two.
fn places(
    keys: &Section<u32>,
    firsts: &Section<u32>,
    weights: usize,
) -> Result<Vec<Place>, WeightsError> {
    let size = (keys.len() * 3 / 2 + 1).next_power_of_two();
    let mut places = vec![Place::default(); size];
    for (row, key) in keys.iter().enumerate() {
        let (first, end) = (firsts.at(row), firsts.at(row + 1));
        let count = end.saturating_sub(first);
        if end as usize > weights || count >> COUNT_BITS != 0 || first >> (32 - COUNT_BITS) != 0 {
            return Err(unfit("a feature has no weights of its own"));
        }
        let mut at = own_place(key, size);
        let mut far = 0;
        while places.get(at).is_some_and(|place| place.weights != 0) {
            at = (at + 1) & (size - 1);
            far += 1;
            if far > FURTHEST {
                return Err(unfit("its features are no hashes"));
            }
        }
        if let Some(place) = places.get_mut(at) {
            let weights = (first << COUNT_BITS) | count;
            *place = Place { key, weights };
        }
    }
    Ok(places)
}

/// Keys are hashes: their upper bits are as good as any. `places` is a power of two.
fn own_place(key: u32, places: usize) -> usize {
    let place = (u64::from(key) * places as u64) >> 32;
    usize::try_from(place).unwrap_or_default()
}

fn clusters(file: &Weights) -> Result<Vec<Cluster>, WeightsError> {
    let keys: Section<u32> = file.section("cluster_keys")?;
    let clusters: Section<u16> = file.section_of("clusters", keys.len())?;
    let genres: Section<i8> = file.section_of("genres", keys.len() * GENRES)?;
    let words = keys.iter().zip(clusters.iter()).enumerate();
    Ok(words
        .map(|(row, (key, cluster))| Cluster {
            key,
            cluster,
            genres: std::array::from_fn(|genre| genres.at(row * GENRES + genre)),
        })
        .collect())
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
