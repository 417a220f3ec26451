//! Trains what [`understand::linear`] reads.

use model::IncidentType;
use understand::features::{BUCKETS, Feature, Terms, WORD_BUCKETS};
use understand::signals::{self, Signals};
use understand::weights::{Weights, WeightsError};

use crate::file::{Writer, to_bytes};
use crate::folds::folds;
use crate::lbfgs::Stop;
use crate::logistic::{Example, Fitted, Matrix, Platt, fit};
use crate::texts::Text;

/// Columns of a text's row: a bucket each, then the plain numbers.
const COLUMNS: usize = BUCKETS + signals::COUNT;

/// liblinear's C. Four and sixteen ranked alike, one ranked worse.
const STRENGTH: f64 = 4.0;

/// What a training may vary.
#[derive(Debug, Clone, Copy)]
pub struct Recipe {
    /// How much the plain numbers are trusted beside the words: their columns are
    /// scaled by this, so that their weights cost less.
    pub signals: f32,
    /// What a text of another kind than the output is for weighs.
    pub foreign: f32,
    /// Whether who and where it was counts.
    pub whom: bool,
    /// How far anything but the cues of the label itself is trusted: one is fully.
    pub trust: f32,
    /// The label, if cues are of it.
    pub label: Option<IncidentType>,
}

/// How far a feature's value is scaled by how unevenly it falls on yes and no
/// (Wang and Manning's NB-SVM): a half rejected one irrelevant text in a hundred
/// more at the same recall, in each of three shuffles.
const UNEVENNESS: f32 = 0.5;

/// Enough for the ranking to stand still.
const STOP: Stop = Stop {
    steps: 100,
    gradient: 1e-3,
};

/// The features' idf, as bytes: what is shipped is what is trained with.
#[derive(Debug, Clone)]
pub struct Space {
    idf: Vec<u8>,
    scale: f32,
}

impl Space {
    /// Counts in how many of the texts each feature stands; one that stands in
    /// none is left out of the model.
    #[must_use]
    pub fn learn<'a>(texts: impl IntoIterator<Item = &'a Text>) -> Self {
        Self::of(texts.into_iter().map(|text| &text.terms))
    }

    /// The same of features alone.
    #[must_use]
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a Terms>) -> Self {
        let mut holders = vec![0_u32; BUCKETS];
        let mut total = 0_u32;
        for terms in texts {
            total += 1;
            for feature in terms.features() {
                if let Some(count) = holders.get_mut(feature.bucket as usize) {
                    *count += 1;
                }
            }
        }
        let idf = |count: u32| ((1.0 + total as f32) / (1.0 + count as f32)).ln() + 1.0;
        let scale = idf(1).max(1.0) / 255.0;
        let idf = holders
            .iter()
            .map(|count| match count {
                0 => 0,
                _ => (idf(*count) / scale).round() as u8,
            })
            .collect();
        Self { idf, scale }
    }

    /// The row of one text, as the pipeline weighs it.
    #[must_use]
    pub fn row(&self, text: &Text) -> Vec<(u32, f32)> {
        self.row_of(&text.terms, &text.signals)
    }

    fn row_of(&self, terms: &Terms, signals: &Signals) -> Vec<(u32, f32)> {
        let mut row = self.terms(terms, BUCKETS);
        let values = signals.values().iter().enumerate();
        row.extend(values.map(|(at, value)| ((BUCKETS + at) as u32, *value)));
        row
    }

    /// The features below `buckets`, those of words and those of pieces each scaled
    /// to length one.
    #[must_use]
    pub fn terms(&self, terms: &Terms, buckets: usize) -> Vec<(u32, f32)> {
        let mut row = Vec::with_capacity(terms.features().len() + signals::COUNT);
        let mut squares = [0.0_f32; 2];
        let block = |bucket: u32| usize::from(bucket as usize >= WORD_BUCKETS);
        let known = |feature: &&Feature| (feature.bucket as usize) < buckets;
        for feature in terms.features().iter().filter(known) {
            let idf = self
                .idf
                .get(feature.bucket as usize)
                .copied()
                .unwrap_or_default();
            let value = f32::from(feature.count).sqrt() * f32::from(idf);
            if value > 0.0 {
                squares[block(feature.bucket)] += value * value;
                row.push((feature.bucket, value));
            }
        }
        let lengths = squares.map(|sum| sum.sqrt().max(f32::MIN_POSITIVE));
        for (bucket, value) in &mut row {
            *value /= lengths[block(*bucket)];
        }
        row
    }

    /// The rows of many texts.
    #[must_use]
    pub fn matrix<'a>(&self, texts: impl IntoIterator<Item = &'a Text>) -> Matrix {
        self.matrix_of(texts.into_iter().map(|text| (&text.terms, &text.signals)))
    }

    /// The rows of many texts' features and numbers.
    #[must_use]
    pub fn matrix_of<'a>(
        &self,
        texts: impl IntoIterator<Item = (&'a Terms, &'a Signals)>,
    ) -> Matrix {
        let mut matrix = Matrix::new(COLUMNS);
        for (terms, signals) in texts {
            matrix.push(self.row_of(terms, signals));
        }
        matrix
    }
}

/// Fits one output: features that fall unevenly on yes and no are trusted more.
#[must_use]
pub fn fit_output(matrix: &Matrix, examples: &[Example], recipe: Recipe) -> Fitted {
    let mut sums = [vec![0.1_f32; COLUMNS], vec![0.1_f32; COLUMNS]];
    for example in examples {
        let side = &mut sums[usize::from(example.target > 0.5)];
        for (column, value) in matrix.row(example.row) {
            if let Some(sum) = side.get_mut(*column as usize) {
                *sum += value.abs();
            }
        }
    }
    let totals = sums
        .each_ref()
        .map(|side| side.iter().take(BUCKETS).sum::<f32>());
    let scale: Vec<f32> = (0..COLUMNS)
        .map(|column| {
            if let Some(number) = column.checked_sub(BUCKETS) {
                let counts = recipe.whom || !signals::is_about_whom(number);
                let own = signals::event_kind(number) == recipe.label;
                let trust = if own { 1.0 } else { recipe.trust };
                return if counts { recipe.signals * trust } else { 0.0 };
            }
            let share = |side: usize| sums[side][column] / totals[side];
            let unevenness = (share(1) / share(0)).ln().abs();
            recipe.trust * (1.0 - UNEVENNESS + UNEVENNESS * unevenness)
        })
        .collect();
    let of = |column: u32| scale.get(column as usize).copied().unwrap_or(1.0);
    let mut scaled = Matrix::new(COLUMNS);
    let examples: Vec<Example> = examples
        .iter()
        .enumerate()
        .map(|(row, example)| {
            scaled.push(
                matrix
                    .row(example.row)
                    .iter()
                    .map(|(column, value)| (*column, value * of(*column))),
            );
            Example { row, ..*example }
        })
        .collect();
    let mut fitted = fit(&scaled, &examples, STRENGTH, STOP);
    for (weight, scale) in fitted.weights.iter_mut().zip(&scale) {
        *weight *= scale;
    }
    fitted
}

/// The sum of every example by a model that saw none of its fold. `None` stands
/// for an example that only ever trains.
#[must_use]
pub fn held_out(
    matrix: &Matrix,
    examples: &[Example],
    fold_of: &[Option<usize>],
    count: usize,
    recipe: Recipe,
) -> Vec<f32> {
    let mut sums = vec![0.0; examples.len()];
    for fold in 0..count {
        let training: Vec<Example> = examples
            .iter()
            .zip(fold_of)
            .filter(|(_, of)| **of != Some(fold))
            .map(|(example, _)| *example)
            .collect();
        let fitted = fit_output(matrix, &training, recipe);
        for ((sum, example), of) in sums.iter_mut().zip(examples).zip(fold_of) {
            if *of == Some(fold) {
                *sum = fitted.sum(matrix.row(example.row));
            }
        }
    }
    sums
}

/// Fits one output whose sums are log-odds: calibrated on held-back folds of the
/// examples that have a key (`Some`); the others only train.
#[must_use]
pub fn fit_calibrated(
    matrix: &Matrix,
    examples: &[Example],
    keys: &[Option<Option<&str>>],
    seed: u64,
    recipe: Recipe,
) -> Fitted {
    const FOLDS: usize = 4;
    let fold_of = folds_of(keys, FOLDS, seed);
    let sums = held_out(matrix, examples, &fold_of, FOLDS, recipe);
    let (mut said, mut was) = (Vec::new(), Vec::new());
    for ((sum, example), key) in sums.iter().zip(examples).zip(keys) {
        if key.is_some() {
            said.push(*sum);
            was.push(example.target > 0.5);
        }
    }
    let platt = Platt::fit(&said, &was);
    let mut fitted = fit_output(matrix, examples, recipe);
    let slope = platt.slope.max(0.0) as f32;
    for weight in &mut fitted.weights {
        *weight *= slope;
    }
    fitted.bias = fitted.bias * slope + platt.offset as f32;
    fitted
}

/// Folds of those examples that have a key.
#[must_use]
pub fn folds_of(keys: &[Option<Option<&str>>], count: usize, seed: u64) -> Vec<Option<usize>> {
    let known: Vec<Option<&str>> = keys.iter().filter_map(|key| *key).collect();
    let mut dealt = folds(&known, count, seed).into_iter();
    keys.iter()
        .map(|key| key.and_then(|_| dealt.next()))
        .collect()
}

/// Puts the outputs into a file.
pub fn write(writer: &mut Writer, space: &Space, outputs: &[Fitted]) {
    write_first(writer, space, outputs, BUCKETS);
}

/// Puts outputs into a file that know only the first `buckets`; the weights behind
/// those are of other numbers.
pub fn write_first(writer: &mut Writer, space: &Space, outputs: &[Fitted], buckets: usize) {
    let packed: Vec<(Vec<i8>, f32)> = outputs
        .iter()
        .map(|output| to_bytes(output.weights.get(..buckets).unwrap_or_default()))
        .collect();
    let mut rows = Vec::with_capacity(buckets * (outputs.len() + 1));
    for (bucket, idf) in space.idf.iter().enumerate().take(buckets) {
        rows.push(*idf);
        rows.extend(packed.iter().map(|(weights, _)| {
            weights
                .get(bucket)
                .copied()
                .unwrap_or_default()
                .cast_unsigned()
        }));
    }
    let mut scales = vec![space.scale];
    scales.extend(packed.iter().map(|(_, scale)| *scale));
    let bias: Vec<f32> = outputs.iter().map(|output| output.bias).collect();
    let extras: Vec<f32> = outputs
        .iter()
        .flat_map(|output| output.weights.iter().skip(buckets).copied())
        .collect();
    writer
        .count("buckets", buckets)
        .count("outputs", outputs.len())
        .count("extras", extras.len() / outputs.len().max(1))
        .section("rows", &rows)
        .section("scales", &scales)
        .section("bias", &bias)
        .section("extras", &extras);
}

/// Takes the outputs out of a file again, as far as bytes kept them.
///
/// # Errors
///
/// If it is no such file, or counts other features.
pub fn read(weights: &Weights) -> Result<(Space, Vec<Fitted>), WeightsError> {
    read_first(weights, BUCKETS, signals::COUNT)
}

/// Takes outputs out of a file that know only the first `buckets`, and `numbers`
/// others, as [`write_first`] puts them there.
///
/// # Errors
///
/// If it is no such file, or counts other features.
pub fn read_first(
    weights: &Weights,
    buckets: usize,
    numbers: usize,
) -> Result<(Space, Vec<Fitted>), WeightsError> {
    // Its reader proves every size and number.
    let outputs = if buckets == BUCKETS {
        understand::linear::Linear::read(weights)?.outputs()
    } else {
        understand::linear::Linear::read_words(weights, numbers)?.outputs()
    };
    let extras = weights.section::<f32>("extras")?;
    let table = weights.section::<u8>("rows")?;
    let scales = weights.section::<f32>("scales")?;
    let bias = weights.section::<f32>("bias")?;
    let width = outputs + 1;
    let space = Space {
        idf: table.bytes().chunks_exact(width).map(first).collect(),
        scale: scales.at(0),
    };
    let fitted = (0..outputs).map(|output| {
        let weight = |row: &[u8]| {
            let byte = row.get(1 + output).copied().unwrap_or_default();
            f32::from(byte.cast_signed()) * scales.at(1 + output)
        };
        let words = table.bytes().chunks_exact(width).map(weight);
        let rest = (0..numbers).map(|at| extras.at(output * numbers + at));
        Fitted {
            weights: words.chain(rest).collect(),
            bias: bias.at(output),
        }
    });
    Ok((space, fitted.collect()))
}

fn first(row: &[u8]) -> u8 {
    row.first().copied().unwrap_or_default()
}
