//! What is known of words before any label is.

use understand::names::{GENRES, cluster_key, lower_hash, tokens};

use super::clusters;
use super::corpus::{self, Labelled};

/// What is known of words before any label is: their clusters, and of which genre
/// of text they speak.
#[derive(Debug, Clone, Default)]
pub struct Lexicon {
    /// Sorted.
    pub keys: Vec<u32>,
    /// One a word.
    pub clusters: Vec<u16>,
    /// [`GENRES`] a word.
    pub genres: Vec<i8>,
}

impl Lexicon {
    /// Learns clusters from texts and genres from documents.
    #[must_use]
    pub fn learn(texts: &[String], documents: &[Labelled], seed: u64) -> Self {
        let (keys, clusters) = clusters::learn(texts.iter().cloned(), seed);
        let mut lexicon = Self {
            genres: vec![0; keys.len() * GENRES],
            keys,
            clusters,
        };
        lexicon.tell_genres(documents);
        lexicon
    }

    /// Weighs each word anew by how much more often one set holds it than the others.
    pub fn tell_genres(&mut self, documents: &[Labelled]) {
        /// Seen so often everywhere before the first was counted.
        const BEFORE: f32 = 3.0;
        /// Bytes a natural unit.
        const FINE: f32 = 16.0;
        let mut counts = vec![[BEFORE; GENRES]; self.keys.len()];
        self.genres = vec![0; self.keys.len() * GENRES];
        let mut totals = [BEFORE * self.keys.len() as f32; GENRES];
        for document in documents {
            let Some(genre) = corpus::SETS
                .iter()
                .chain(&["news"])
                .position(|set| *set == document.set)
            else {
                continue;
            };
            for text in &document.texts {
                for token in tokens(text, usize::MAX) {
                    let word = lower_hash(text.get(token.start..token.end).unwrap_or_default());
                    if let Ok(at) = self.keys.binary_search(&cluster_key(word)) {
                        counts[at][genre] += 1.0;
                        totals[genre] += 1.0;
                    }
                }
            }
        }
        for (counts, slots) in counts.iter().zip(self.genres.chunks_exact_mut(GENRES)) {
            let logs: [f32; GENRES] =
                std::array::from_fn(|genre| (counts[genre] / totals[genre]).ln());
            let mean = logs.iter().sum::<f32>() / GENRES as f32;
            for (slot, log) in slots.iter_mut().zip(logs) {
                *slot = ((log - mean) * FINE).round().clamp(-127.0, 127.0) as i8;
            }
        }
    }
}
