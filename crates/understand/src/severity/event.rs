//! How grave an event is, by a model over its [`signs`].
//!
//! Two small models speak: one that weighs every sign for every band on its own,
//! and one that knows the bands are ordered and each sign moves severity only the
//! way sense demands. The second keeps the first from learning that lawsuits are
//! grave because those of last spring were.

use model::Aspect;
use model::{Reason, Severity};

use super::signs::{self, COUNT, Sign};
use crate::weights::{Weights, WeightsError, unfit};

/// Signs shown as reasons.
const SHOWN: usize = 6;

/// A sign that moves less is not shown.
const LEAST: f32 = 0.05;

/// The loaded model.
#[derive(Debug, Clone)]
pub struct EventModel {
    /// By sign, then band; the last row is the bias.
    bands: Vec<f32>,
    /// By sign.
    order: Vec<f32>,
    /// Below which sums a band is not exceeded: low, medium, high.
    thresholds: [f32; 3],
    /// How much the ordered model counts.
    share: f32,
}

impl EventModel {
    /// Reads the sections `bands`, `order`, `thresholds`, `share`.
    ///
    /// # Errors
    ///
    /// [`WeightsError::Unfit`] if sizes do not fit this program.
    pub fn read(weights: &Weights) -> Result<Self, WeightsError> {
        let finite = |name: &str, count: usize| -> Result<Vec<f32>, WeightsError> {
            let numbers: Vec<f32> = weights.section_of(name, count)?.iter().collect();
            if numbers.iter().all(|number| number.is_finite()) {
                Ok(numbers)
            } else {
                Err(unfit(format!("{name} are no numbers")))
            }
        };
        Ok(Self {
            bands: finite("bands", (COUNT + 1) * 4)?,
            order: finite("order", COUNT)?,
            thresholds: finite("thresholds", 3)?
                .try_into()
                .map_err(|_| unfit("thresholds"))?,
            share: finite("share", 1)?.first().copied().unwrap_or_default(),
        })
    }

    /// The probabilities of the four bands.
    #[must_use]
    pub fn bands(&self, signs: &[Sign]) -> [f32; 4] {
        let mut sums = [0.0_f32; 4];
        let mut order = 0.0;
        for number in signs.iter().map(|sign| sign.number) {
            self.add(number, &mut sums);
            order += self.order.get(number).copied().unwrap_or_default();
        }
        self.add(COUNT, &mut sums);
        let most = sums.iter().copied().fold(f32::MIN, f32::max);
        let plain = sums.map(|sum| (sum - most).exp());
        let all: f32 = plain.iter().sum();
        let below = self
            .thresholds
            .map(|threshold| 1.0 / (1.0 + (order - threshold).exp()));
        let [low, medium, high] = below;
        let ordered = [low, medium - low, high - medium, 1.0 - high];
        let mut mixed = [0.0; 4];
        for ((to, plain), ordered) in mixed.iter_mut().zip(plain).zip(ordered) {
            *to = (1.0 - self.share) * plain / all + self.share * ordered;
        }
        mixed
    }

    /// The band, its score, and why.
    pub(super) fn judge(&self, signs: &[Sign]) -> (f32, Vec<Reason>) {
        let bands = self.bands(signs);
        let best = (0..4)
            .max_by(|a, b| {
                let of = |band: &usize| bands.get(*band).copied().unwrap_or_default();
                of(a).total_cmp(&of(b))
            })
            .unwrap_or_default();
        (score(&bands, best), self.explain(signs, best))
    }

    /// The signs that speak most for the band against the mean of the others, and
    /// the strongest against it.
    fn explain(&self, signs: &[Sign], band: usize) -> Vec<Reason> {
        let mut moved: Vec<(f32, &Sign)> = signs
            .iter()
            .map(|sign| {
                let mut sums = [0.0; 4];
                self.add(sign.number, &mut sums);
                let own = sums.get(band).copied().unwrap_or_default();
                let others = (sums.iter().sum::<f32>() - own) / 3.0;
                (own - others, sign)
            })
            .filter(|(worth, _)| worth.abs() >= LEAST)
            .collect();
        moved.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
        let word = Severity::ALL.get(band).map_or("", |band| band.word());
        moved
            .into_iter()
            .take(SHOWN)
            .map(|(worth, sign)| {
                let way = if worth > 0.0 { "for" } else { "against" };
                let name = signs::meaning(sign.number).0;
                let says = format!("speaks {way} {}: {name}", word.to_lowercase());
                Reason::new(Aspect::Severity, says, worth.clamp(-1.0, 1.0)).at(sign.spans.clone())
            })
            .collect()
    }

    fn add(&self, number: usize, sums: &mut [f32; 4]) {
        let weights = self
            .bands
            .get(number * 4..number * 4 + 4)
            .unwrap_or_default();
        for (sum, weight) in sums.iter_mut().zip(weights) {
            *sum += weight;
        }
    }
}

/// Where inside its band the score stands: towards the neighbour that is likelier.
fn score(bands: &[f32; 4], best: usize) -> f32 {
    /// The lowest score of each band, and the end.
    const FLOORS: [f32; 5] = [0.0, 4.0, 7.0, 9.0, 10.0];
    let at = |band: usize| bands.get(band).copied().unwrap_or_default();
    let below: f32 = (0..best).map(at).sum();
    let above: f32 = (best + 1..4).map(at).sum();
    let place = (0.5 + above - below).clamp(0.05, 0.95);
    let floor = |band: usize| FLOORS.get(band).copied().unwrap_or(10.0);
    floor(best) + place * (floor(best + 1) - floor(best))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(order: f32) -> EventModel {
        let mut bands = vec![0.0; (COUNT + 1) * 4];
        bands[3] = 2.0;
        EventModel {
            bands,
            order: vec![order; COUNT],
            thresholds: [-1.0, 0.0, 1.0],
            share: 0.3,
        }
    }

    #[test]
    fn the_bands_are_probabilities() {
        let sign = Sign {
            number: 0,
            spans: Vec::new(),
        };
        for signs in [vec![], vec![sign.clone()], vec![sign; 9]] {
            let bands = model(0.5).bands(&signs);
            assert!((bands.iter().sum::<f32>() - 1.0).abs() < 1e-5);
            assert!(bands.iter().all(|band| *band >= 0.0));
        }
    }

    #[test]
    fn a_sign_speaks_and_says_so() {
        let sign = Sign {
            number: 0,
            spans: Vec::new(),
        };
        let (score, reasons) = model(0.5).judge(&[sign]);
        assert_eq!(Severity::of_score(score), Severity::Critical);
        assert_eq!(reasons.len(), 1);
        assert!(
            reasons[0].text.starts_with("speaks for critical: "),
            "{}",
            reasons[0].text
        );
    }

    #[test]
    fn the_score_stands_in_its_band() {
        for best in 0..4 {
            for bands in [[0.25; 4], [1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]] {
                let score = score(&bands, best);
                assert_eq!(Severity::of_score(score) as usize, best);
            }
        }
    }
}
