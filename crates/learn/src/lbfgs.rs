//! Minimising a smooth function of many numbers: limited-memory BFGS.
//!
//! Nocedal and Wright, Numerical Optimization, algorithms 7.4 and 7.5, with a
//! backtracking line search. It has no randomness, so the same function gives the
//! same bits.

use std::collections::VecDeque;

/// Steps remembered; ten is customary and more gained nothing.
const MEMORY: usize = 10;

/// A step is taken if it gains this share of what the slope promises.
const ENOUGH: f64 = 1e-4;

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub struct Stop {
    /// After so many steps.
    pub steps: usize,
    /// When the gradient is this much shorter than at the start.
    pub gradient: f64,
}

impl Default for Stop {
    fn default() -> Self {
        Self {
            steps: 200,
            gradient: 1e-4,
        }
    }
}

/// Moves `at` towards the least value of `value`, which writes its gradient into
/// the list it is given. Gives the value reached.
pub fn minimise(
    at: &mut [f64],
    stop: Stop,
    mut value: impl FnMut(&[f64], &mut [f64]) -> f64,
) -> f64 {
    let mut gradient = vec![0.0; at.len()];
    let mut now = value(at, &mut gradient);
    let start = norm(&gradient);
    let mut memory: VecDeque<Step> = VecDeque::with_capacity(MEMORY);
    let mut next = vec![0.0; at.len()];
    let mut next_gradient = vec![0.0; at.len()];
    for _ in 0..stop.steps {
        let length = norm(&gradient);
        if length <= stop.gradient * start || length == 0.0 {
            break;
        }
        let mut direction = downhill(&gradient, &memory);
        let mut slope = dot(&direction, &gradient);
        if slope >= 0.0 {
            memory.clear();
            direction = gradient.iter().map(|g| -g).collect();
            slope = -length * length;
        }
        // Without memory the direction has no scale of its own.
        let mut size = if memory.is_empty() {
            (1.0 / length).min(1.0)
        } else {
            1.0
        };
        let mut found = false;
        for _ in 0..40 {
            for ((to, from), step) in next.iter_mut().zip(at.iter()).zip(&direction) {
                *to = from + size * step;
            }
            let reached = value(&next, &mut next_gradient);
            if reached <= now + ENOUGH * size * slope {
                now = reached;
                found = true;
                break;
            }
            size *= 0.5;
        }
        if !found {
            break;
        }
        let moved: Vec<f64> = next.iter().zip(at.iter()).map(|(a, b)| a - b).collect();
        let turned: Vec<f64> = next_gradient
            .iter()
            .zip(&gradient)
            .map(|(a, b)| a - b)
            .collect();
        let product = dot(&moved, &turned);
        if product > 1e-12 {
            if memory.len() == MEMORY {
                memory.pop_front();
            }
            memory.push_back(Step {
                moved,
                turned,
                product,
            });
        }
        at.copy_from_slice(&next);
        gradient.copy_from_slice(&next_gradient);
    }
    now
}

/// One step taken, and how it turned the gradient.
struct Step {
    moved: Vec<f64>,
    turned: Vec<f64>,
    product: f64,
}

fn downhill(gradient: &[f64], memory: &VecDeque<Step>) -> Vec<f64> {
    let mut direction: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut shares = Vec::with_capacity(memory.len());
    for step in memory.iter().rev() {
        let share = dot(&step.moved, &direction) / step.product;
        add(&mut direction, -share, &step.turned);
        shares.push(share);
    }
    if let Some(last) = memory.back() {
        let scale = last.product / dot(&last.turned, &last.turned);
        for one in &mut direction {
            *one *= scale;
        }
    }
    for (step, share) in memory.iter().zip(shares.into_iter().rev()) {
        let back = dot(&step.turned, &direction) / step.product;
        add(&mut direction, share - back, &step.moved);
    }
    direction
}

fn add(to: &mut [f64], times: f64, from: &[f64]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += times * from;
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_valley_of_rosenbrock_is_followed_to_its_end() {
        let mut at = [-1.2, 1.0];
        let stop = Stop {
            steps: 500,
            gradient: 1e-9,
        };
        let least = minimise(&mut at, stop, |x, g| {
            let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
            g[0] = -2.0 * a - 400.0 * x[0] * b;
            g[1] = 200.0 * b;
            a * a + 100.0 * b * b
        });
        assert!(least < 1e-12, "{least}");
        assert!((at[0] - 1.0).abs() < 1e-5 && (at[1] - 1.0).abs() < 1e-5);
    }

    #[test]
    fn nothing_to_minimise_is_no_problem() {
        assert_eq!(minimise(&mut [], Stop::default(), |_, _| 3.0), 3.0);
    }
}
