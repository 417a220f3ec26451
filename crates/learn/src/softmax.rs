//! Multinomial logistic regression over sparse rows, by AdaGrad.
//!
//! Some 40,000 texts of 150 words each are learned in a second an output. The
//! steps shrink where a word has spoken often, the weights of the later half of
//! the passes are averaged; stopping after a few passes is all the regularisation
//! there is, and on noisy labels it beat a penalty.

use crate::random::Random;

/// A row of words with their values, the right class, and how much it counts.
#[derive(Debug, Clone, Copy)]
pub struct Example<'a> {
    /// Column and value.
    pub row: &'a [(u32, f32)],
    /// Below the number of classes.
    pub class: usize,
    /// How much it counts.
    pub weight: f32,
}

/// How long and how fast.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Times that every example is seen.
    pub passes: usize,
    /// The first step.
    pub step: f32,
}

/// What was learned: a sum a class.
#[derive(Debug, Clone)]
pub struct Fitted {
    classes: usize,
    /// By column, then class; the last column is the bias.
    weights: Vec<f32>,
}

impl Fitted {
    /// The weight of a column for a class.
    #[must_use]
    pub fn weight(&self, column: usize, class: usize) -> f32 {
        self.weights
            .get(column * self.classes + class)
            .copied()
            .unwrap_or_default()
    }

    /// What is added to every sum of a class.
    #[must_use]
    pub fn bias(&self, class: usize) -> f32 {
        let last = self.weights.len() / self.classes.max(1);
        self.weight(last.saturating_sub(1), class)
    }
}

/// Learns `classes` sums over rows of `columns`.
#[must_use]
pub fn fit(
    examples: &[Example<'_>],
    columns: usize,
    classes: usize,
    pace: Pace,
    seed: u64,
) -> Fitted {
    let size = (columns + 1) * classes;
    let (mut weights, mut squares) = (vec![0.0_f32; size], vec![1e-4_f32; size]);
    let (mut sum, mut summed) = (vec![0.0_f32; size], 0_usize);
    let mut order: Vec<usize> = (0..examples.len()).collect();
    let mut random = Random::new(seed);
    let mut errors = vec![0.0_f32; classes];
    let bias = [(u32::try_from(columns).unwrap_or(u32::MAX), 1.0)];
    let place = |column: u32| column as usize * classes..(column as usize + 1) * classes;
    for pass in 0..pace.passes {
        random.shuffle(&mut order);
        for example in order.iter().filter_map(|index| examples.get(*index)) {
            errors.fill(0.0);
            for (column, value) in example.row.iter().chain(&bias) {
                let weights = weights.get(place(*column)).unwrap_or_default();
                for (error, weight) in errors.iter_mut().zip(weights) {
                    *error += weight * value;
                }
            }
            to_errors(&mut errors, example);
            for (column, value) in example.row.iter().chain(&bias) {
                let (Some(weights), Some(squares)) = (
                    weights.get_mut(place(*column)),
                    squares.get_mut(place(*column)),
                ) else {
                    continue;
                };
                for ((weight, square), error) in weights.iter_mut().zip(squares).zip(&errors) {
                    let slope = error * value;
                    *square += slope * slope;
                    *weight -= pace.step * slope / square.sqrt();
                }
            }
        }
        if pass * 2 >= pace.passes {
            summed += 1;
            for (sum, weight) in sum.iter_mut().zip(&weights) {
                *sum += weight;
            }
        }
    }
    for weight in &mut sum {
        *weight /= summed.max(1) as f32;
    }
    Fitted {
        classes,
        weights: sum,
    }
}

/// Sums to probabilities less what was right.
fn to_errors(sums: &mut [f32], example: &Example<'_>) {
    let most = sums.iter().copied().fold(f32::MIN, f32::max);
    let mut all = 0.0;
    for sum in sums.iter_mut() {
        *sum = (*sum - most).exp();
        all += *sum;
    }
    for (class, sum) in sums.iter_mut().enumerate() {
        let right = if class == example.class { 1.0 } else { 0.0 };
        *sum = (*sum / all - right) * example.weight;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_the_classes_apart_is_learned() {
        let rows: Vec<(Vec<(u32, f32)>, usize)> = (0..300)
            .map(|n| (vec![(n % 3, 1.0), (3 + n % 7, 1.0)], (n % 3) as usize))
            .collect();
        let examples: Vec<Example<'_>> = rows
            .iter()
            .map(|(row, class)| Example {
                row,
                class: *class,
                weight: 1.0,
            })
            .collect();
        let pace = Pace {
            passes: 5,
            step: 0.2,
        };
        let fitted = fit(&examples, 10, 3, pace, 1);
        for class in 0..3 {
            let best = (0..3).max_by(|a, b| {
                fitted
                    .weight(class, *a)
                    .total_cmp(&fitted.weight(class, *b))
            });
            assert_eq!(best, Some(class));
            assert!(fitted.weight(5, class).abs() < fitted.weight(class, class).abs() / 2.0);
        }
        assert_eq!(fitted.weights, fit(&examples, 10, 3, pace, 1).weights);
    }
}
