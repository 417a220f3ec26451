//! The linear chain: an averaged perceptron over whole sentences.
//!
//! A kind that a set never looked for is unknown there, not absent: where the set says
//! nothing of what is written like a name, labels of that kind are not predicted while
//! training, so nothing is learned against them.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use understand::names::{LABELS, NameKind, Row, Seen, Transitions, decode, legal_only};

use super::corpus::Labelled;
use crate::random::Random;

/// Feature keys are well mixed already.
#[derive(Default)]
pub struct Plain(u64);

impl Hasher for Plain {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 << 8) ^ u64::from(*byte);
        }
    }

    fn write_u32(&mut self, key: u32) {
        self.0 = u64::from(key).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

/// A map by feature.
pub type ByFeature<T> = HashMap<u32, T, BuildHasherDefault<Plain>>;

/// How to train.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Rounds over the sentences.
    pub epochs: usize,
    /// Models whose weights are averaged.
    pub seeds: u64,
    /// The share of sentences without a name that is used.
    pub empty: f64,
    /// The share of documents that is used once more with names swapped.
    pub swapped: f64,
    /// How often each piece of news is used: it is what the product reads.
    pub news: usize,
    /// By how much a right label must beat the others.
    pub margin: f32,
    /// The share of features left out at each look at a sentence.
    pub dropout: f64,
    /// Features of fewer tokens than this are left out.
    pub rarest: u32,
    /// The share of documents read as if of no genre.
    pub genreless: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            epochs: 8,
            seeds: 5,
            empty: 1.0,
            swapped: 0.25,
            news: 1,
            margin: 20.0,
            dropout: 0.15,
            rarest: 2,
            genreless: 0.3,
        }
    }
}

/// Sentences as features and what may stand there.
#[derive(Debug, Default)]
pub struct Lessons {
    ids: ByFeature<u32>,
    /// Features of all tokens, one after another.
    features: Vec<u32>,
    /// Where each token's features start, and the end.
    starts: Vec<usize>,
    /// The right label, or zero.
    gold: Vec<u8>,
    /// Labels that may be predicted, one bit each.
    open: Vec<u32>,
    /// First token and one past the last.
    sentences: Vec<(usize, usize)>,
}

impl Lessons {
    /// Adds the sentences of a document: all with a name, of the others a share.
    pub fn add(&mut self, document: &Labelled, seen: &Seen, empty: f64, random: &mut Random) {
        let gold = gold(document, seen);
        let mut unknown = 0_u32;
        for kind in NameKind::ALL {
            // News names hardly a trace or a tool; left open there, they would take the
            // places of what it names.
            if !document.sought.contains(&kind) && document.set != "news" {
                unknown |= (1 << kind.first()) | (1 << kind.further());
            }
        }
        let mut keys = Vec::new();
        for (start, end) in seen.sentences() {
            let labels = gold.get(start..end).unwrap_or_default();
            if labels.iter().all(|label| *label == 0) && random.unit() >= empty {
                continue;
            }
            let first = self.gold.len();
            for (at, label) in (start..end).zip(labels) {
                seen.features(at, &mut keys);
                self.starts.push(self.features.len());
                for key in &keys {
                    let next = u32::try_from(self.ids.len()).unwrap_or(u32::MAX);
                    let id = *self.ids.entry(*key).or_insert(next);
                    self.features.push(id);
                }
                self.gold.push(*label);
                // A name of a known kind is of no other, and a plain word is no name;
                // of the rest nobody knows.
                let unsure = *label == 0 && seen.looks_like_a_name(at);
                self.open.push(if unsure { !unknown } else { u32::MAX });
            }
            self.sentences.push((first, self.gold.len()));
        }
    }

    /// How many sentences.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sentences.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sentences.is_empty()
    }
}

/// The right label of every token.
#[must_use]
pub fn gold(document: &Labelled, seen: &Seen) -> Vec<u8> {
    let mut labels = vec![0; seen.len()];
    let mut next = 0;
    let mut open: Option<usize> = None;
    for (at, slot) in labels.iter_mut().enumerate() {
        let Some((text, token)) = seen.token(at) else {
            continue;
        };
        while let Some(name) = document.names.get(next)
            && (name.text, name.end) <= (text, token.start)
        {
            next += 1;
        }
        if let Some(name) = document.names.get(next)
            && name.text == text
            && name.start < token.end
        {
            *slot = if open == Some(next) {
                name.kind.further()
            } else {
                name.kind.first()
            };
            open = Some(next);
        }
    }
    labels
}

/// Weights by feature and label, and between labels.
#[derive(Debug, Clone)]
pub struct Learned {
    /// For each feature its labels' weights.
    pub weights: ByFeature<Row>,
    /// Between labels.
    pub transitions: Transitions,
}

/// Trains one model.
#[must_use]
pub fn train(
    lessons: &Lessons,
    settings: &Settings,
    seed: u64,
    mut progress: impl FnMut(usize),
) -> Learned {
    let size = lessons.ids.len();
    let mut weights = vec![[0.0_f32; Row::WIDTH]; size];
    // Steps are many and sums large: 24 bits would lose what the mean is made of.
    let mut sums = vec![[0.0_f64; Row::WIDTH]; size];
    let mut transitions = legal_only();
    let mut transition_sums = [[0.0_f64; Row::WIDTH]; LABELS + 1];
    let mut order: Vec<usize> = (0..lessons.sentences.len()).collect();
    let mut random = Random::new(seed);
    let mut step = 0.0_f64;
    let mut scores: Vec<Row> = Vec::new();
    let mut counts = vec![0_u32; size];
    for id in &lessons.features {
        counts[*id as usize] += 1;
    }
    let dropped = (settings.dropout * f64::from(u32::MAX)) as u32;
    for epoch in 0..settings.epochs {
        random.shuffle(&mut order);
        for sentence in &order {
            step += 1.0;
            let (start, end) = lessons.sentences[*sentence];
            scores.clear();
            let salt = seed ^ (step as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let is_kept = |at: usize, id: usize| {
                counts[id] >= settings.rarest
                    && draw(salt ^ ((at as u64) << 32) ^ id as u64) >= dropped
            };
            for at in start..end {
                // The wrong labels start ahead: the right one must win by a margin.
                let mut row = [settings.margin; Row::WIDTH];
                row[usize::from(lessons.gold[at])] = 0.0;
                for id in features(lessons, at).filter(|id| is_kept(at, *id)) {
                    for (sum, weight) in row.iter_mut().zip(&weights[id]) {
                        *sum += weight;
                    }
                }
                scores.push(Row(row));
            }
            let guess = decode(&scores, &transitions, Some(&lessons.open[start..end]));
            let right = &lessons.gold[start..end];
            if guess == right {
                continue;
            }
            let mut before = (LABELS, LABELS);
            for (offset, (guess, right)) in guess.iter().zip(right).enumerate() {
                let (wrong, right) = (usize::from(*guess), usize::from(*right));
                if wrong != right {
                    for id in
                        features(lessons, start + offset).filter(|id| is_kept(start + offset, *id))
                    {
                        weights[id][right] += 1.0;
                        weights[id][wrong] -= 1.0;
                        sums[id][right] += step;
                        sums[id][wrong] -= step;
                    }
                }
                if (before.0, wrong) != (before.1, right) {
                    transitions[before.1].0[right] += 1.0;
                    transition_sums[before.1][right] += step;
                    transitions[before.0].0[wrong] -= 1.0;
                    transition_sums[before.0][wrong] -= step;
                }
                before = (wrong, right);
            }
        }
        progress(epoch + 1);
    }
    let average = |weight: f32, sum: f64| (f64::from(weight) - sum / (step + 1.0)) as f32;
    let mut learned = Learned {
        weights: ByFeature::default(),
        transitions,
    };
    for (row, sums) in learned.transitions.iter_mut().zip(&transition_sums) {
        for (weight, sum) in row.0.iter_mut().zip(sums) {
            *weight = average(*weight, *sum);
        }
    }
    for (key, id) in &lessons.ids {
        let id = *id as usize;
        if sums[id].iter().any(|sum| *sum != 0.0) {
            let row = std::array::from_fn(|label| average(weights[id][label], sums[id][label]));
            learned.weights.insert(*key, Row(row));
        }
    }
    learned
}

/// A number that any change of `salt` changes: which features a look leaves out.
fn draw(salt: u64) -> u32 {
    let mixed = salt.wrapping_mul(0xff51_afd7_ed55_8ccd);
    let mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    (mixed >> 32) as u32
}

fn features(lessons: &Lessons, at: usize) -> impl Iterator<Item = usize> + '_ {
    let start = lessons.starts[at];
    let end = lessons
        .starts
        .get(at + 1)
        .copied()
        .unwrap_or(lessons.features.len());
    lessons.features[start..end].iter().map(|id| *id as usize)
}

/// The mean of several models.
#[must_use]
pub fn mean(all: &[Learned]) -> Learned {
    let share = 1.0 / all.len().max(1) as f32;
    let mut mean = Learned {
        weights: ByFeature::default(),
        transitions: legal_only(),
    };
    for one in all {
        for (key, row) in &one.weights {
            let sum = mean.weights.entry(*key).or_insert(Row([0.0; Row::WIDTH]));
            for (sum, weight) in sum.0.iter_mut().zip(&row.0) {
                *sum += weight * share;
            }
        }
        for (sum, row) in mean.transitions.iter_mut().zip(&one.transitions) {
            for (sum, weight) in sum.0.iter_mut().zip(&row.0) {
                *sum += weight * share;
            }
        }
    }
    mean
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::corpus::Marked;
    use understand::names::{Gazetteer, Model};

    fn lessons() -> Lessons {
        let gazetteer = Gazetteer::default();
        let model = Model::default();
        let mut lessons = Lessons::default();
        for (index, name) in ["Zorvex", "Quillon", "Brimso", "Tandril"]
            .into_iter()
            .enumerate()
        {
            let text = format!("The {name} ransomware hit number {index} .");
            let document = Labelled {
                set: "news",
                texts: vec![text.clone()],
                names: vec![Marked {
                    text: 0,
                    start: 4,
                    end: 4 + name.len(),
                    kind: NameKind::Malware,
                }],
                sought: NameKind::ALL.to_vec(),
                story: None,
            };
            let seen = Seen::new(&[&text], &gazetteer, &model);
            lessons.add(&document, &seen, 1.0, &mut Random::new(1));
        }
        lessons
    }

    #[test]
    fn the_words_around_a_name_are_learned_and_a_seed_gives_its_weights() {
        let settings = Settings::default();
        let learned = train(&lessons(), &settings, 7, |_| {});
        let again = train(&lessons(), &settings, 7, |_| {});
        assert_eq!(learned.transitions, again.transitions);
        assert_eq!(learned.weights.len(), again.weights.len());
        let bytes = crate::names::file(
            &learned,
            &crate::names::Lexicon::default(),
            "",
            "",
            &Default::default(),
        );
        let model = Model::read(&understand::weights::Weights::open(bytes).unwrap()).unwrap();
        let seen = Seen::new(
            &["The Ormund ransomware hit ."],
            &Gazetteer::default(),
            &model,
        );
        // Of so few lessons only what stands before the word is certain.
        assert_eq!(seen.label(&model).get(1), Some(&NameKind::Malware.first()));
    }
}
