//! Sparse logistic regression with L2 regularisation, and Platt's calibration.

use crate::lbfgs::{Stop, minimise};

/// Texts as sparse rows of numbers, all with the same columns.
#[derive(Debug, Clone, Default)]
pub struct Matrix {
    columns: usize,
    /// Where each row ends in `entries`.
    ends: Vec<usize>,
    entries: Vec<(u32, f32)>,
}

impl Matrix {
    /// An empty matrix of so many columns.
    #[must_use]
    pub fn new(columns: usize) -> Self {
        Self {
            columns,
            ends: Vec::new(),
            entries: Vec::new(),
        }
    }

    /// Appends a row; entries beyond the columns are left out.
    pub fn push(&mut self, row: impl IntoIterator<Item = (u32, f32)>) {
        let columns = self.columns;
        self.entries.extend(
            row.into_iter()
                .filter(|(column, value)| (*column as usize) < columns && *value != 0.0),
        );
        self.ends.push(self.entries.len());
    }

    /// How many columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// How many rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.ends.len()
    }

    /// One row; empty beyond the end.
    #[must_use]
    pub fn row(&self, index: usize) -> &[(u32, f32)] {
        let start = index
            .checked_sub(1)
            .map_or(Some(0), |before| self.ends.get(before).copied());
        let end = self.ends.get(index).copied();
        start
            .zip(end)
            .and_then(|(start, end)| self.entries.get(start..end))
            .unwrap_or_default()
    }
}

/// One labelled row of a [`Matrix`].
#[derive(Debug, Clone, Copy)]
pub struct Example {
    /// Which row.
    pub row: usize,
    /// What is right: 1 is yes, 0 no; between them a leaning.
    pub target: f32,
    /// How much it counts.
    pub weight: f32,
}

/// What was learned: a sum above zero says yes.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// One a column.
    pub weights: Vec<f32>,
    /// Added to every sum.
    pub bias: f32,
}

impl Fitted {
    /// The sum for one row.
    #[must_use]
    pub fn sum(&self, row: &[(u32, f32)]) -> f32 {
        row.iter()
            .map(|(column, value)| {
                value
                    * self
                        .weights
                        .get(*column as usize)
                        .copied()
                        .unwrap_or_default()
            })
            .sum::<f32>()
            + self.bias
    }
}

/// Fits the examples. `strength` is liblinear's C: how much errors count beside
/// the length of the weights. A column whose values are scaled up is regularised
/// less.
#[must_use]
pub fn fit(matrix: &Matrix, examples: &[Example], strength: f64, stop: Stop) -> Fitted {
    // Only columns that occur are carried along: most buckets are empty.
    let mut used = vec![u32::MAX; matrix.columns()];
    let mut columns: Vec<u32> = Vec::new();
    let mut rows: Vec<(u32, f32)> = Vec::new();
    let mut ends: Vec<usize> = Vec::with_capacity(examples.len());
    for example in examples {
        for (column, value) in matrix.row(example.row) {
            let Some(at) = used.get_mut(*column as usize) else {
                continue;
            };
            if *at == u32::MAX {
                *at = u32::try_from(columns.len()).unwrap_or(u32::MAX);
                columns.push(*column);
            }
            rows.push((*at, *value));
        }
        ends.push(rows.len());
    }
    let bias_at = columns.len();
    let mut weights = vec![0.0_f64; bias_at + 1];
    minimise(&mut weights, stop, |weights, gradient| {
        let (bias, plain) = weights
            .split_last()
            .map_or((0.0, weights), |(b, w)| (*b, w));
        let mut loss = 0.0;
        for (g, w) in gradient.iter_mut().zip(weights) {
            *g = *w;
            loss += 0.5 * w * w;
        }
        // The bias is as good as free.
        loss -= 0.5 * (1.0 - 1e-3) * bias * bias;
        let mut bias_gradient = 1e-3 * bias;
        let mut start = 0;
        for (example, end) in examples.iter().zip(&ends) {
            let row = rows.get(start..*end).unwrap_or_default();
            start = *end;
            let sum = bias
                + row
                    .iter()
                    .map(|(column, value)| {
                        f64::from(*value) * plain.get(*column as usize).copied().unwrap_or_default()
                    })
                    .sum::<f64>();
            let weight = strength * f64::from(example.weight);
            let target = f64::from(example.target);
            loss += weight * (softplus(sum) - target * sum);
            let slope = weight * (logistic(sum) - target);
            bias_gradient += slope;
            for (column, value) in row {
                if let Some(g) = gradient.get_mut(*column as usize) {
                    *g += slope * f64::from(*value);
                }
            }
        }
        if let Some(last) = gradient.last_mut() {
            *last = bias_gradient;
        }
        loss
    });
    let mut all = vec![0.0_f32; matrix.columns()];
    for (column, weight) in columns.iter().zip(&weights) {
        if let Some(to) = all.get_mut(*column as usize) {
            *to = *weight as f32;
        }
    }
    Fitted {
        weights: all,
        bias: weights.get(bias_at).copied().unwrap_or_default() as f32,
    }
}

/// Factors that let both answers weigh the same in total, as `balanced` does in
/// scikit-learn: for no and for yes.
#[must_use]
pub fn balance(examples: &[Example]) -> [f32; 2] {
    let total: f32 = examples.iter().map(|e| e.weight).sum();
    let yes: f32 = examples.iter().map(|e| e.weight * e.target).sum();
    let of = |part: f32| {
        if part > 0.0 {
            total / (2.0 * part)
        } else {
            1.0
        }
    };
    [of(total - yes), of(yes)]
}

/// Turns sums into probabilities: `1 / (1 + exp(-(slope · sum + offset)))`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Platt {
    /// Above zero, unless the sums say nothing.
    pub slope: f64,
    /// Moves the sum at which yes and no are alike.
    pub offset: f64,
}

impl Platt {
    /// Learns from sums of held-back texts and their answers, with Platt's softened
    /// targets, so that few examples make no certainty.
    #[must_use]
    pub fn fit(sums: &[f32], answers: &[bool]) -> Self {
        let yes = answers.iter().filter(|answer| **answer).count() as f64;
        let no = answers.len() as f64 - yes;
        let targets = [1.0 / (no + 2.0), (yes + 1.0) / (yes + 2.0)];
        let mut at = [1.0, 0.0];
        let stop = Stop {
            steps: 100,
            gradient: 1e-8,
        };
        minimise(&mut at, stop, |at, gradient| {
            let [slope, offset] = [at[0], at[1]];
            let (mut loss, mut by_slope, mut by_offset) = (0.0, 0.0, 0.0);
            for (sum, answer) in sums.iter().zip(answers) {
                let target = targets[usize::from(*answer)];
                let sum = f64::from(*sum);
                let odds = slope * sum + offset;
                loss += softplus(odds) - target * odds;
                let error = logistic(odds) - target;
                by_slope += error * sum;
                by_offset += error;
            }
            gradient[0] = by_slope;
            gradient[1] = by_offset;
            loss
        });
        Self {
            slope: at[0],
            offset: at[1],
        }
    }

    /// The probability of yes.
    #[must_use]
    pub fn probability(&self, sum: f32) -> f32 {
        logistic(self.slope * f64::from(sum) + self.offset) as f32
    }
}

/// `1 / (1 + exp(-odds))`.
#[must_use]
pub fn logistic(odds: f64) -> f64 {
    1.0 / (1.0 + (-odds).exp())
}

/// `ln(1 + exp(odds))`, without overflow.
fn softplus(odds: f64) -> f64 {
    if odds > 0.0 {
        odds + (-odds).exp().ln_1p()
    } else {
        odds.exp().ln_1p()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn examples(targets: &[f32]) -> Vec<Example> {
        targets
            .iter()
            .enumerate()
            .map(|(row, target)| Example {
                row,
                target: *target,
                weight: 1.0,
            })
            .collect()
    }

    #[test]
    fn what_tells_the_classes_apart_gets_the_weight() {
        let mut matrix = Matrix::new(10);
        for row in 0..40_u32 {
            matrix.push([(row % 2, 1.0), (5 + row % 3, 1.0), (99, 1.0)]);
        }
        let targets: Vec<f32> = (0..40).map(|row| (row % 2) as f32).collect();
        let examples = examples(&targets);
        let fitted = fit(&matrix, &examples, 1.0, Stop::default());
        assert!(fitted.weights[1] > 1.0 && fitted.weights[0] < -1.0);
        assert!(fitted.weights[5].abs() < 0.2);
        assert_eq!(fitted.weights[9], 0.0);
        assert_eq!(fitted, fit(&matrix, &examples, 1.0, Stop::default()));
    }

    #[test]
    fn both_answers_weigh_the_same_when_balanced() {
        let [no, yes] = balance(&examples(&[1.0, 0.0, 0.0, 0.0]));
        assert!((no * 3.0 - yes).abs() < 1e-6);
    }

    #[test]
    fn calibration_finds_the_odds() {
        // Sums of 2 are right nine times in ten, sums of -2 once in ten.
        let sums: Vec<f32> = (0..1000)
            .map(|n| if n % 2 == 0 { 2.0 } else { -2.0 })
            .collect();
        let answers: Vec<bool> = (0..1000).map(|n| (n % 20 < 2) != (n % 2 == 0)).collect();
        let platt = Platt::fit(&sums, &answers);
        assert!((platt.probability(2.0) - 0.9).abs() < 0.01);
        assert!((platt.probability(-2.0) - 0.1).abs() < 0.01);
    }
}
