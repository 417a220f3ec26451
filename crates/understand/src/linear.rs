//! A linear model over hashed features and a few plain numbers.
//!
//! Each bucket is a row: its idf and one weight an output, a byte each, so that
//! all outputs cost one visit to memory. A feature counts √tf · idf, and words and
//! pieces are each scaled to length one, so that a long text says no more than a
//! short one. The plain numbers ("extras": sums of cues and the like) have weights
//! of their own. A single bucket's weight is a byte times a scale: no text can
//! reach further than its words.
//!
//! The rows of a text lie all over some megabytes. They are gathered first, so
//! that the processor waits for many at a time, and explanations read the copy:
//! scoring in place took three times as long.

use std::ops::Range;

use crate::features::{BUCKETS, Feature, Terms, WORD_BUCKETS};
use crate::signals;
use crate::weights::{Section, Weights, WeightsError};

/// More outputs than any task has.
const MAX_OUTPUTS: usize = 64;

/// Outputs scored at a time: a power of two, so that the sums are made side by
/// side.
pub const LANES: usize = 16;

/// Enough for models of few outputs, at a third of the cost.
const FEW_LANES: usize = 4;

/// More extras than any task has.
const MAX_EXTRAS: usize = 4_096;

/// The loaded model.
#[derive(Debug, Clone)]
pub struct Linear {
    /// All, or those of words.
    buckets: usize,
    outputs: usize,
    extras: usize,
    /// By bucket: idf, then a weight an output.
    rows: Section<u8>,
    /// Of the idf, then of each output's weights.
    scales: Vec<f32>,
    bias: Vec<f32>,
    /// By output, then extra.
    extra_weights: Vec<f32>,
}

/// What a model says of one text.
#[derive(Debug, Clone)]
pub struct Scores {
    /// The first of the outputs that were asked for.
    first: usize,
    /// One sum an output, from the first on.
    sums: [f32; LANES],
    /// Of each feature that the model reads: √tf · idf, by the length of its block.
    values: Vec<f32>,
    /// Of each feature: its weights for so many outputs.
    rows: Vec<i8>,
    lanes: usize,
    scales: [f32; LANES],
}

impl Scores {
    /// The sum of one output; zero if it was not asked for.
    #[must_use]
    pub fn sum(&self, output: usize) -> f32 {
        self.lane(output, &self.sums)
    }

    /// What each feature that the model reads adds to an output, all its occurrences
    /// together.
    #[must_use]
    pub fn worths(&self, output: usize) -> Vec<f32> {
        let lane = output.saturating_sub(self.first);
        let scale = self.lane(output, &self.scales);
        let rows = self.rows.chunks_exact(self.lanes);
        let features = self.values.iter().zip(rows);
        features
            .map(|(value, row)| {
                value * f32::from(row.get(lane).copied().unwrap_or_default()) * scale
            })
            .collect()
    }

    fn lane<T: Copy + Default>(&self, output: usize, lanes: &[T]) -> T {
        output
            .checked_sub(self.first)
            .and_then(|lane| lanes.get(lane))
            .copied()
            .unwrap_or_default()
    }
}

impl Linear {
    /// Reads the sections `rows`, `scales`, `bias`, `extras` and the counts
    /// `buckets`, `outputs`, `extras`: words, pieces of words, and the
    /// [`signals`] of a text.
    ///
    /// # Errors
    ///
    /// [`WeightsError::Unfit`] if sizes do not fit one another or this program.
    pub fn read(weights: &Weights) -> Result<Self, WeightsError> {
        Self::read_as(weights, BUCKETS, signals::COUNT)
    }

    /// Reads a model of words without their pieces, and of `extras` other numbers.
    ///
    /// # Errors
    ///
    /// [`WeightsError::Unfit`] if sizes do not fit one another or this program.
    pub fn read_words(weights: &Weights, extras: usize) -> Result<Self, WeightsError> {
        Self::read_as(weights, WORD_BUCKETS, extras)
    }

    fn read_as(weights: &Weights, buckets: usize, extras: usize) -> Result<Self, WeightsError> {
        let outputs = weights.count("outputs", MAX_OUTPUTS)?;
        let known = weights.count("buckets", BUCKETS)? == buckets
            && weights.count("extras", MAX_EXTRAS)? == extras;
        // One cue more or less moves the meaning of all numbers behind it.
        if !known {
            return Err(crate::weights::unfit("it counts other features"));
        }
        let finite = |name: &str, count: usize| -> Result<Vec<f32>, WeightsError> {
            let numbers: Vec<f32> = weights.section_of(name, count)?.iter().collect();
            if numbers.iter().all(|number| number.is_finite()) {
                Ok(numbers)
            } else {
                Err(crate::weights::unfit(format!("{name} are no numbers")))
            }
        };
        Ok(Self {
            buckets,
            outputs,
            extras,
            rows: weights.section_of("rows", buckets * (outputs + 1))?,
            scales: finite("scales", outputs + 1)?,
            bias: finite("bias", outputs)?,
            extra_weights: finite("extras", outputs * extras)?,
        })
    }

    /// How many sums it gives.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// The sums for one text, of the first [`LANES`] of these outputs.
    #[must_use]
    pub fn score(&self, terms: &Terms, extras: &[f32], outputs: Range<usize>) -> Scores {
        if outputs.len() <= FEW_LANES {
            self.score_in::<FEW_LANES>(terms, extras, outputs)
        } else {
            self.score_in::<LANES>(terms, extras, outputs)
        }
    }

    fn score_in<const N: usize>(
        &self,
        terms: &Terms,
        extras: &[f32],
        outputs: Range<usize>,
    ) -> Scores {
        let (of_words, of_pieces) = terms.kinds();
        let mut values = Vec::with_capacity(terms.features().len());
        let mut rows: Vec<[i8; N]> = Vec::with_capacity(terms.features().len());
        let words = self.gather(of_words, &outputs, &mut values, &mut rows);
        let pieces = if self.buckets > WORD_BUCKETS {
            self.gather(of_pieces, &outputs, &mut values, &mut rows)
        } else {
            (0.0, [0.0; N])
        };
        let squares = [words.0, pieces.0];
        let dots = [words.1, pieces.1];
        let [words, pieces] = squares.map(|sum| 1.0 / sum.sqrt().max(f32::MIN_POSITIVE));
        for (index, value) in values.iter_mut().enumerate() {
            *value *= if index < of_words.len() {
                words
            } else {
                pieces
            };
        }
        let mut scales = [0.0; LANES];
        let mut sums = [0.0; LANES];
        let lanes = scales.iter_mut().zip(&mut sums);
        let [word_dots, piece_dots] = &dots;
        let dots = word_dots.iter().zip(piece_dots);
        for ((output, (scale, sum)), (word, piece)) in outputs.clone().zip(lanes).zip(dots) {
            *scale = self.scales.get(output + 1).copied().unwrap_or_default();
            let bias = self.bias.get(output).copied().unwrap_or_default();
            let by_extras = extras
                .iter()
                .zip(self.extra_weights(output))
                .map(|(extra, weight)| extra * weight)
                .sum::<f32>();
            *sum = bias + (word * words + piece * pieces) * *scale + by_extras;
        }
        Scores {
            first: outputs.start,
            sums,
            values,
            rows: rows.into_flattened(),
            lanes: N,
            scales,
        }
    }

    /// Appends √tf · idf and the weights of every feature of a kind; gives the sum of the
    /// squares of the first, and their product with the weights of each output.
    fn gather<const N: usize>(
        &self,
        features: &[Feature],
        outputs: &Range<usize>,
        values: &mut Vec<f32>,
        rows: &mut Vec<[i8; N]>,
    ) -> (f32, [f32; N]) {
        let table = self.rows.bytes();
        let width = self.outputs + 1;
        let wanted = 1 + outputs.start..(1 + outputs.end).min(width);
        let done = values.len();
        // The idf of every row first: a loop this short keeps many reads under way,
        // and the weights behind each are then at hand.
        values.extend(features.iter().map(|feature| {
            let idf = table.get(feature.bucket as usize * width).copied();
            f32::from(feature.count).sqrt() * f32::from(idf.unwrap_or_default())
        }));
        for feature in features {
            let at = feature.bucket as usize * width;
            // A fixed number of bytes is one copy. Those behind the outputs are another's
            // weights, and count nothing.
            let first = at + wanted.start;
            let fixed = table.get(first..first + N);
            let fixed = fixed.and_then(|bytes| <[u8; N]>::try_from(bytes).ok());
            rows.push(match fixed {
                Some(bytes) => bytes.map(u8::cast_signed),
                None => {
                    let mut row = [0_i8; N];
                    let weights = table.get(first..at + wanted.end);
                    for (to, from) in row.iter_mut().zip(weights.unwrap_or_default()) {
                        *to = from.cast_signed();
                    }
                    row
                }
            });
        }
        let mut square = 0.0_f32;
        let mut dots = [0.0_f32; N];
        for (value, row) in values.iter().zip(&*rows).skip(done) {
            square += value * value;
            for (dot, weight) in dots.iter_mut().zip(row) {
                *dot += value * f32::from(*weight);
            }
        }
        (square, dots)
    }

    /// The weights of the extras for one output.
    #[must_use]
    pub fn extra_weights(&self, output: usize) -> &[f32] {
        self.extra_weights
            .get(output * self.extras..(output + 1) * self.extras)
            .unwrap_or_default()
    }
}
