//! Relevance and types: sums over hashed words, each a log-odds.

use model::training::Task;
use model::{IncidentType, Said};
use understand::relevance::{BARE, NEWS};
use understand::types::KINDS;
use understand::weights::{Weights, WeightsError};

use super::{OTHER, Pupil, Read};
use crate::file::Writer;
use crate::lbfgs::{Stop, minimise};
use crate::linear::{self, Space};
use crate::logistic::{Fitted, logistic};

/// How much a label counts beside the length of the difference: as much as a label
/// counted when the shipped model was trained.
const STRENGTH: f64 = 4.0;

/// Enough for decisions to stand still.
const STOP: Stop = Stop {
    steps: 60,
    gradient: 1e-3,
};

/// A linear model that learns.
pub(super) struct Sums {
    task: Task,
    space: Space,
    outputs: Vec<Fitted>,
}

/// A text with its leaning for one output.
struct Example<'a> {
    row: &'a [(u32, f32)],
    target: f64,
    weight: f64,
}

impl Sums {
    /// The outputs that decide a text of this form, for each decision.
    fn outputs_of(&self, bare: bool) -> Vec<usize> {
        match (self.task, bare) {
            (Task::Relevance, true) => vec![BARE],
            (Task::Relevance, false) => vec![NEWS],
            (_, true) => (KINDS.len()..2 * KINDS.len()).collect(),
            (_, false) => (0..KINDS.len()).collect(),
        }
    }

    /// What is right for each of these outputs.
    fn answers(&self, said: &Said) -> Option<Vec<bool>> {
        if self.task == Task::Relevance {
            return said.relevant.map(|relevant| vec![relevant]);
        }
        let types: &[IncidentType] = said.types.as_deref()?;
        Some(KINDS.iter().map(|kind| types.contains(kind)).collect())
    }

    /// The labels that answers give: yes or no, or the kinds that apply.
    fn numbers(&self, answers: &[bool]) -> Vec<usize> {
        if self.task == Task::Relevance {
            return answers.iter().map(|yes| usize::from(*yes)).collect();
        }
        let numbered = answers.iter().enumerate();
        numbered
            .filter(|(_, yes)| **yes)
            .map(|(at, _)| at)
            .collect()
    }

    fn sums(&self, text: &Read) -> Vec<f64> {
        let row = self.space.row(&text.text);
        let outputs = self.outputs_of(text.bare).into_iter();
        outputs
            .map(|output| {
                let fitted = self.outputs.get(output);
                f64::from(fitted.map_or(0.0, |fitted| fitted.sum(&row)))
            })
            .collect()
    }
}

impl Pupil for Sums {
    fn read(task: Task, weights: &Weights) -> Result<Self, WeightsError> {
        let (space, outputs) = linear::read(weights)?;
        Ok(Self {
            task,
            space,
            outputs,
        })
    }

    fn loss(&self, text: &Read, said: &Said) -> Option<f64> {
        let answers = self.answers(said)?;
        let share = 1.0 / answers.len().max(1) as f64;
        let pairs = self.sums(text).into_iter().zip(answers);
        let losses = pairs.map(|(sum, yes)| {
            let chance = logistic(if yes { sum } else { -sum });
            -share * chance.max(1e-9).ln()
        });
        Some(losses.sum())
    }

    fn decisions(&self, text: &Read) -> Vec<usize> {
        let given: Vec<bool> = self.sums(text).iter().map(|sum| *sum > 0.0).collect();
        self.numbers(&given)
    }

    fn wanted(&self, said: &Said) -> Option<Vec<usize>> {
        Some(self.numbers(&self.answers(said)?))
    }

    fn taught(&self, lessons: &[(&Read, &Said)], others: &[Read]) -> Self {
        let mut outputs = self.outputs.clone();
        let row = |text: &Read| self.space.row(&text.text);
        let lesson_rows: Vec<_> = lessons.iter().map(|(text, _)| row(text)).collect();
        let other_rows: Vec<_> = others.iter().map(row).collect();
        for (output, fitted) in outputs.iter_mut().enumerate() {
            let mut examples: Vec<Example<'_>> = Vec::new();
            for ((text, said), row) in lessons.iter().zip(&lesson_rows) {
                let place = self
                    .outputs_of(text.bare)
                    .iter()
                    .position(|of| *of == output);
                let answers = self.answers(said);
                if let Some(yes) = place
                    .zip(answers)
                    .and_then(|(at, all)| all.get(at).copied())
                {
                    examples.push(Example {
                        row,
                        target: f64::from(u8::from(yes)),
                        weight: 1.0,
                    });
                }
            }
            if examples.is_empty() {
                continue;
            }
            for (text, row) in others.iter().zip(&other_rows) {
                if self.outputs_of(text.bare).contains(&output) {
                    examples.push(Example {
                        row,
                        target: logistic(f64::from(fitted.sum(row))),
                        weight: f64::from(OTHER),
                    });
                }
            }
            move_towards(fitted, &examples);
        }
        Self {
            task: self.task,
            space: self.space.clone(),
            outputs,
        }
    }

    fn write(&self, writer: &mut Writer) {
        linear::write(writer, &self.space, &self.outputs);
    }
}

/// Adds to an output the difference that serves the examples, where its length
/// costs. The bias costs like any weight: a habit of the reader's is no reason to
/// call everything relevant.
fn move_towards(fitted: &mut Fitted, examples: &[Example<'_>]) {
    let mut columns: Vec<u32> = examples
        .iter()
        .flat_map(|example| example.row.iter().map(|(column, _)| *column))
        .collect();
    columns.sort_unstable();
    columns.dedup();
    let place = |column: u32| columns.binary_search(&column).unwrap_or(columns.len());
    let rows: Vec<Vec<(usize, f64)>> = examples
        .iter()
        .map(|example| {
            let entries = example.row.iter();
            let mut row: Vec<(usize, f64)> = entries
                .map(|(column, value)| (place(*column), f64::from(*value)))
                .collect();
            row.push((columns.len(), 1.0));
            row
        })
        .collect();
    let offsets: Vec<f64> = examples
        .iter()
        .map(|example| f64::from(fitted.sum(example.row)))
        .collect();
    let mut moved = vec![0.0_f64; columns.len() + 1];
    minimise(&mut moved, STOP, |moved, gradient| {
        let mut loss = 0.0;
        for (slope, weight) in gradient.iter_mut().zip(moved) {
            *slope = *weight;
            loss += 0.5 * weight * weight;
        }
        for ((example, row), offset) in examples.iter().zip(&rows).zip(&offsets) {
            let at = |column: usize| moved.get(column).copied().unwrap_or_default();
            let own: f64 = row.iter().map(|(column, value)| at(*column) * value).sum();
            let sum = offset + own;
            let weight = STRENGTH * example.weight;
            loss += weight * (sum.max(0.0) + (-sum.abs()).exp().ln_1p() - example.target * sum);
            let steep = weight * (logistic(sum) - example.target);
            for (column, value) in row {
                if let Some(slope) = gradient.get_mut(*column) {
                    *slope += steep * value;
                }
            }
        }
        loss
    });
    for (column, by) in columns.iter().zip(&moved) {
        if let Some(weight) = fitted.weights.get_mut(*column as usize) {
            *weight += *by as f32;
        }
    }
    fitted.bias += moved.last().copied().unwrap_or_default() as f32;
}
