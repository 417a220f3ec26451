//! Severity of events: words and signs, with a sum for each of the four bands.

use std::collections::BTreeSet;

use model::Said;
use model::training::Task;
use understand::features::{Terms, WORD_BUCKETS};
use understand::severity::signs::COUNT;
use understand::severity::{BANDS, values};
use understand::weights::{Weights, WeightsError};

use super::{OTHER, Pupil, Read};
use crate::file::Writer;
use crate::lbfgs::{Stop, minimise};
use crate::linear::{self, Space};
use crate::logistic::Fitted;

/// How much a label counts beside the length of the difference, as in the training
/// of the shipped model.
const STRENGTH: f64 = 4.0;

/// Enough for decisions to stand still.
const STOP: Stop = Stop {
    steps: 100,
    gradient: 1e-4,
};

/// The model of events, which learns.
pub(super) struct Bands {
    space: Space,
    outputs: Vec<Fitted>,
    /// Words that join others teach nothing, as when the shipped model was trained.
    joining: BTreeSet<u32>,
}

/// A text with the chances of its bands.
struct Example {
    row: Vec<(u32, f32)>,
    target: [f64; BANDS],
    weight: f64,
}

impl Bands {
    fn row(&self, text: &Read) -> Vec<(u32, f32)> {
        let mut row = self.space.terms(&text.text.terms, WORD_BUCKETS);
        row.retain(|(bucket, _)| !self.joining.contains(bucket));
        let signs = (WORD_BUCKETS as u32..).zip(values(&text.signs));
        row.extend(signs.filter(|(_, value)| *value > 0.0));
        row
    }

    fn sums(&self, row: &[(u32, f32)]) -> [f64; BANDS] {
        std::array::from_fn(|band| {
            let fitted = self.outputs.get(band);
            f64::from(fitted.map_or(0.0, |fitted| fitted.sum(row)))
        })
    }

    fn chances(&self, text: &Read) -> [f64; BANDS] {
        softmax(self.sums(&self.row(text)))
    }
}

impl Pupil for Bands {
    fn read(_: Task, weights: &Weights) -> Result<Self, WeightsError> {
        let (space, outputs) = linear::read_first(weights, WORD_BUCKETS, COUNT)?;
        if outputs.len() != BANDS {
            return Err(WeightsError::Unfit(
                "it does not know four bands".to_owned(),
            ));
        }
        Ok(Self {
            space,
            outputs,
            joining: Terms::joining_words().into_iter().collect(),
        })
    }

    fn loss(&self, text: &Read, said: &Said) -> Option<f64> {
        let chances = self.chances(text);
        let right = chances.get(said.severity? as usize).copied();
        Some(-right.unwrap_or_default().max(1e-9).ln())
    }

    fn wanted(&self, said: &Said) -> Option<Vec<usize>> {
        Some(vec![said.severity? as usize])
    }

    fn decisions(&self, text: &Read) -> Vec<usize> {
        let chances = self.chances(text);
        let best = (0..BANDS).max_by(|a, b| chances[*a].total_cmp(&chances[*b]));
        best.into_iter().collect()
    }

    fn taught(&self, lessons: &[(&Read, &Said)], others: &[Read]) -> Self {
        let mut examples: Vec<Example> = Vec::new();
        for (text, said) in lessons {
            let Some(severity) = said.severity else {
                continue;
            };
            examples.push(Example {
                row: self.row(text),
                target: std::array::from_fn(|band| f64::from(u8::from(band == severity as usize))),
                weight: 1.0,
            });
        }
        for text in others {
            let row = self.row(text);
            examples.push(Example {
                target: softmax(self.sums(&row)),
                row,
                weight: f64::from(OTHER),
            });
        }
        let mut outputs = self.outputs.clone();
        let (columns, moved) = self.difference(&examples);
        for (band, fitted) in outputs.iter_mut().enumerate() {
            for (column, by) in columns.iter().zip(moved.chunks_exact(BANDS)) {
                if let Some(weight) = fitted.weights.get_mut(*column as usize) {
                    *weight += by[band] as f32;
                }
            }
            let by = moved.get(columns.len() * BANDS + band);
            fitted.bias += by.copied().unwrap_or_default() as f32;
        }
        Self {
            space: self.space.clone(),
            outputs,
            joining: self.joining.clone(),
        }
    }

    fn write(&self, writer: &mut Writer) {
        linear::write_first(writer, &self.space, &self.outputs, WORD_BUCKETS);
    }
}

impl Bands {
    /// The columns that the examples have, and the difference of weights that serves
    /// the examples, by column, then band, the bias last. Its length costs.
    fn difference(&self, examples: &[Example]) -> (Vec<u32>, Vec<f64>) {
        let entries = examples.iter().flat_map(|example| &example.row);
        let columns: BTreeSet<u32> = entries.map(|(column, _)| *column).collect();
        let columns: Vec<u32> = columns.into_iter().collect();
        let place = |column: u32| columns.binary_search(&column).unwrap_or(columns.len());
        let rows: Vec<Vec<(usize, f64)>> = examples
            .iter()
            .map(|example| {
                let entries = example.row.iter();
                let entries = entries.map(|(column, value)| (place(*column), f64::from(*value)));
                entries.chain([(columns.len(), 1.0)]).collect()
            })
            .collect();
        let before: Vec<[f64; BANDS]> = examples
            .iter()
            .map(|example| self.sums(&example.row))
            .collect();
        let mut moved = vec![0.0_f64; (columns.len() + 1) * BANDS];
        minimise(&mut moved, STOP, |moved, gradient| {
            let mut loss = 0.0;
            for (slope, weight) in gradient.iter_mut().zip(moved) {
                *slope = *weight;
                loss += 0.5 * weight * weight;
            }
            for ((example, row), before) in examples.iter().zip(&rows).zip(&before) {
                let mut sums = *before;
                for (column, value) in row {
                    let of = moved.get(column * BANDS..(column + 1) * BANDS);
                    for (sum, weight) in sums.iter_mut().zip(of.unwrap_or_default()) {
                        *sum += value * weight;
                    }
                }
                let chances = softmax(sums);
                let factor = STRENGTH * example.weight;
                for (chance, target) in chances.iter().zip(&example.target) {
                    loss -= factor * target * chance.max(1e-12).ln();
                }
                for (column, value) in row {
                    let slopes = gradient.get_mut(column * BANDS..(column + 1) * BANDS);
                    let bands = chances.iter().zip(&example.target);
                    for (slope, (chance, target)) in
                        slopes.unwrap_or_default().iter_mut().zip(bands)
                    {
                        *slope += factor * value * (chance - target);
                    }
                }
            }
            loss
        });
        (columns, moved)
    }
}

fn softmax(sums: [f64; BANDS]) -> [f64; BANDS] {
    let most = sums.iter().copied().fold(f64::MIN, f64::max);
    let grown = sums.map(|sum| (sum - most).exp());
    let all: f64 = grown.iter().sum();
    grown.map(|one| one / all)
}
