//! Severity of events: the weights of signs for the four bands. The second model
//! beside them, which knows that bands are ordered, stays as it is shipped.

use model::Said;
use model::training::Task;
use understand::severity::EventModel;
use understand::severity::signs::COUNT;
use understand::weights::{Weights, WeightsError};

use super::{OTHER, Pupil, Read};
use crate::file::Writer;
use crate::lbfgs::{Stop, minimise};

/// How much a label counts beside the length of the difference, as in the training
/// of the shipped model.
const STRENGTH: f64 = 0.3;

/// Enough for decisions to stand still.
const STOP: Stop = Stop {
    steps: 100,
    gradient: 1e-4,
};

const BANDS: usize = 4;

/// The model of events, which learns.
pub(super) struct Bands {
    /// By sign, then band; the last row is the bias.
    weights: Vec<f32>,
    order: Vec<f32>,
    thresholds: Vec<f32>,
    share: f32,
    model: EventModel,
}

/// A text with the chances of its bands.
struct Example {
    rows: Vec<usize>,
    target: [f64; BANDS],
    weight: f64,
    /// What the ordered model says of it, by its share.
    fixed: [f64; BANDS],
}

impl Bands {
    fn rows(text: &Read) -> Vec<usize> {
        let signs = text.signs.iter().map(|sign| sign.number);
        signs.chain([COUNT]).collect()
    }

    fn chances(&self, text: &Read) -> [f64; BANDS] {
        self.model.bands(&text.signs).map(f64::from)
    }

    fn example(&self, text: &Read, target: [f64; BANDS], weight: f64) -> Example {
        let rows = Self::rows(text);
        let weights: Vec<f64> = self.weights.iter().map(|one| f64::from(*one)).collect();
        let plain = softmax(&weights, &rows);
        let mut fixed = self.chances(text);
        for (fixed, plain) in fixed.iter_mut().zip(plain) {
            *fixed = (*fixed - (1.0 - f64::from(self.share)) * plain).max(0.0);
        }
        Example {
            rows,
            target,
            weight,
            fixed,
        }
    }
}

impl Pupil for Bands {
    fn read(_: Task, weights: &Weights) -> Result<Self, WeightsError> {
        let model = EventModel::read(weights)?;
        let numbers = |name: &str| -> Result<Vec<f32>, WeightsError> {
            Ok(weights.section::<f32>(name)?.iter().collect())
        };
        Ok(Self {
            weights: numbers("bands")?,
            order: numbers("order")?,
            thresholds: numbers("thresholds")?,
            share: numbers("share")?.first().copied().unwrap_or_default(),
            model,
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
        let best = (0..BANDS).max_by(|a, b| {
            let of = |band: &usize| chances.get(*band).copied().unwrap_or_default();
            of(a).total_cmp(&of(b))
        });
        best.into_iter().collect()
    }

    fn taught(&self, lessons: &[(&Read, &Said)], others: &[Read]) -> Self {
        let mut examples: Vec<Example> = Vec::new();
        for (text, said) in lessons {
            let Some(severity) = said.severity else {
                continue;
            };
            let mut target = [0.0; BANDS];
            if let Some(right) = target.get_mut(severity as usize) {
                *right = 1.0;
            }
            examples.push(self.example(text, target, 1.0));
        }
        for text in others {
            examples.push(self.example(text, self.chances(text), f64::from(OTHER)));
        }
        let start: Vec<f64> = self.weights.iter().map(|one| f64::from(*one)).collect();
        let own = 1.0 - f64::from(self.share);
        let mut weights = start.clone();
        minimise(&mut weights, STOP, |weights, gradient| {
            let mut loss = 0.0;
            for ((slope, weight), start) in gradient.iter_mut().zip(weights).zip(&start) {
                *slope = weight - start;
                loss += 0.5 * (weight - start) * (weight - start);
            }
            for example in &examples {
                let plain = softmax(weights, &example.rows);
                let factor = STRENGTH * example.weight;
                // Of each band: how the loss falls when its plain chance grows.
                let mut falls = [0.0; BANDS];
                let bands = plain.iter().zip(&example.fixed).zip(&example.target);
                for (fall, ((plain, fixed), target)) in falls.iter_mut().zip(bands) {
                    let chance = (own * plain + fixed).max(1e-9);
                    loss -= factor * target * chance.ln();
                    *fall = factor * target * own / chance * plain;
                }
                let all: f64 = falls.iter().sum();
                for row in &example.rows {
                    let slopes = gradient.get_mut(row * BANDS..(row + 1) * BANDS);
                    let bands = falls.iter().zip(&plain);
                    for (slope, (fall, plain)) in slopes.unwrap_or_default().iter_mut().zip(bands) {
                        *slope += plain * all - fall;
                    }
                }
            }
            loss
        });
        Self {
            weights: weights.into_iter().map(|one| one as f32).collect(),
            order: self.order.clone(),
            thresholds: self.thresholds.clone(),
            share: self.share,
            // Of the weights before: the moved ones are read from their file.
            model: self.model.clone(),
        }
    }

    fn write(&self, writer: &mut Writer) {
        writer
            .section("bands", &self.weights)
            .section("order", &self.order)
            .section("thresholds", &self.thresholds)
            .section("share", &[self.share]);
    }
}

fn softmax(weights: &[f64], rows: &[usize]) -> [f64; BANDS] {
    let mut sums = [0.0_f64; BANDS];
    for row in rows {
        let of = weights.get(row * BANDS..(row + 1) * BANDS);
        for (sum, weight) in sums.iter_mut().zip(of.unwrap_or_default()) {
            *sum += weight;
        }
    }
    let most = sums.iter().copied().fold(f64::MIN, f64::max);
    let grown = sums.map(|sum| (sum - most).exp());
    let all: f64 = grown.iter().sum();
    grown.map(|one| one / all)
}
