//! A linear model over hashed features and a few plain numbers.
//!
//! Each bucket is a row: its idf and one weight an output, a byte each, so that
//! all outputs cost one visit to memory. A feature counts √tf · idf, and words and
//! pieces are each scaled to length one, so that a long text says no more than a
//! short one. The plain numbers ("extras": sums of cues and the like) have weights
//! of their own. A single bucket's weight is a byte times a scale: no text can
//! reach further than its words.

use crate::features::{BUCKETS, Feature, Terms, WORD_BUCKETS};
use crate::weights::{Section, Weights, WeightsError};

/// More outputs than any task has.
pub const MAX_OUTPUTS: usize = 24;

/// More extras than any task has.
const MAX_EXTRAS: usize = 4_096;

/// The loaded model.
#[derive(Debug, Clone)]
pub struct Linear {
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

/// The lengths of a text's two blocks in one model.
#[derive(Debug, Clone, Copy)]
pub struct Lengths([f32; 2]);

/// What a model says of one text.
#[derive(Debug, Clone)]
pub struct Scores {
    /// One sum an output.
    pub sums: [f32; MAX_OUTPUTS],
    /// For explaining the sums.
    pub lengths: Lengths,
}

impl Linear {
    /// Reads the sections `rows`, `scales`, `bias`, `extras` and the counts
    /// `buckets`, `outputs`, `extras`.
    ///
    /// # Errors
    ///
    /// [`WeightsError::Unfit`] if sizes do not fit one another or this program.
    pub fn read(weights: &Weights) -> Result<Self, WeightsError> {
        let outputs = weights.count("outputs", MAX_OUTPUTS)?;
        let extras = weights.count("extras", MAX_EXTRAS)?;
        if weights.count("buckets", BUCKETS)? != BUCKETS {
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
            outputs,
            extras,
            rows: weights.section_of("rows", BUCKETS * (outputs + 1))?,
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

    /// The sums for one text. Extras beyond those it was trained on are left.
    #[must_use]
    pub fn score(&self, terms: &Terms, extras: &[f32]) -> Scores {
        let rows = self.rows.bytes();
        let width = self.outputs + 1;
        let mut dots = [[0.0_f32; MAX_OUTPUTS]; 2];
        let mut squares = [0.0_f32; 2];
        for feature in terms.features() {
            let at = feature.bucket as usize * width;
            let Some((idf, weights)) = rows.get(at..at + width).and_then(|row| row.split_first())
            else {
                continue;
            };
            let value = f32::from(feature.count).sqrt() * f32::from(*idf);
            let block = block(feature);
            let [words, pieces] = &mut dots;
            let dots = if block == 0 { words } else { pieces };
            for (dot, weight) in dots.iter_mut().zip(weights) {
                *dot += value * f32::from(weight.cast_signed());
            }
            if let Some(sum) = squares.get_mut(block) {
                *sum += value * value;
            }
        }
        let idf = self.idf_scale();
        let lengths = squares.map(|sum| (sum.sqrt() * idf).max(f32::MIN_POSITIVE));
        let mut sums = [0.0; MAX_OUTPUTS];
        for (output, sum) in sums.iter_mut().enumerate().take(self.outputs) {
            *sum = self.bias.get(output).copied().unwrap_or_default();
            for (dots, length) in dots.iter().zip(lengths) {
                let dot = dots.get(output).copied().unwrap_or_default();
                *sum += dot * idf * self.scale(output) / length;
            }
            *sum += extras
                .iter()
                .zip(self.extra_weights(output))
                .map(|(extra, weight)| extra * weight)
                .sum::<f32>();
        }
        Scores {
            sums,
            lengths: Lengths(lengths),
        }
    }

    /// What one feature of a text adds to an output, all its occurrences together.
    #[must_use]
    pub fn worth(&self, feature: &Feature, output: usize, lengths: Lengths) -> f32 {
        let at = feature.bucket as usize * (self.outputs + 1);
        let bytes = self.rows.bytes();
        let (Some(idf), Some(weight)) = (bytes.get(at), bytes.get(at + 1 + output)) else {
            return 0.0;
        };
        let length = lengths.0.get(block(feature)).copied().unwrap_or(1.0);
        f32::from(feature.count).sqrt()
            * f32::from(*idf)
            * self.idf_scale()
            * f32::from(weight.cast_signed())
            * self.scale(output)
            / length
    }

    /// The weights of the extras for one output.
    #[must_use]
    pub fn extra_weights(&self, output: usize) -> &[f32] {
        self.extra_weights
            .get(output * self.extras..(output + 1) * self.extras)
            .unwrap_or_default()
    }

    fn idf_scale(&self) -> f32 {
        self.scales.first().copied().unwrap_or_default()
    }

    fn scale(&self, output: usize) -> f32 {
        self.scales.get(output + 1).copied().unwrap_or_default()
    }
}

fn block(feature: &Feature) -> usize {
    usize::from(feature.bucket as usize >= WORD_BUCKETS)
}
