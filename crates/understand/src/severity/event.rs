//! How grave an event is: a linear model with a sum for each band, over the words
//! of the text and the [`signs`] in it.
//!
//! The signs say what matters everywhere (people, disruption, denial); the words
//! say the rest, and right answers rose by four in a hundred with them. It was
//! trained on texts without the names of those they tell of: a name would say how
//! grave the stories of last months were, not how grave this one is.

use model::{Aspect, Reason, Span};

use super::signs::{self, COUNT, Sign};
use crate::explain::Read;
use crate::features::{Share, Terms};
use crate::linear::{Linear, Scores};
use crate::weights::{Weights, WeightsError, unfit};

/// What a sign that is there counts beside the words, whose values have length one.
const SIGN: f32 = 0.3;

/// How many bands.
pub const BANDS: usize = 4;

/// Reasons shown, each way.
const SHOWN: usize = 5;

/// Words looked at for a reason.
const WORDS: usize = 24;

/// What moves the band by less is not shown.
const LEAST: f32 = 0.02;

/// Names given to one place.
const NAMES: usize = 2;

/// Places shown with a reason.
const MAX_SPANS: usize = 20;

/// The loaded model.
#[derive(Debug, Clone)]
pub struct EventModel {
    linear: Linear,
}

/// What the model says.
pub(super) struct Judged {
    pub(super) score: f32,
    /// What raises and lowers it, the strongest first.
    pub(super) reasons: Vec<Told>,
}

/// A reason of the model.
pub(super) struct Told {
    pub(super) reason: Reason,
    /// Whether it names what a person would name: a sign, not only a word.
    pub(super) is_telling: bool,
}

impl EventModel {
    /// Reads what [`Linear::read_words`] reads, with a sum a band.
    ///
    /// # Errors
    ///
    /// [`WeightsError::Unfit`] if sizes do not fit one another or this program.
    pub fn read(weights: &Weights) -> Result<Self, WeightsError> {
        let linear = Linear::read_words(weights, COUNT)?;
        if linear.outputs() == BANDS {
            Ok(Self { linear })
        } else {
            Err(unfit("it does not know four bands"))
        }
    }

    /// The chances of the bands, by which the event is judged.
    #[must_use]
    pub fn chances(&self, terms: &Terms, signs: &[Sign]) -> [f32; BANDS] {
        probabilities(&self.linear.score(terms, &values(signs), 0..BANDS))
    }

    /// What the model says. Sums of money raise, or they say nothing: in the labelled
    /// news they stand in lawsuits and results, so that it learned that they lower.
    pub(super) fn judge(&self, read: &Read<'_>, signs: &[Sign]) -> Judged {
        let (money, others): (Vec<Sign>, Vec<Sign>) = signs
            .iter()
            .cloned()
            .partition(|sign| signs::is_money(sign.number));
        let scores = |signs: &[Sign]| self.linear.score(read.terms, &values(signs), 0..BANDS);
        let of = |scores: &Scores| score(&probabilities(scores));
        let mut chosen = (scores(signs), signs);
        if !money.is_empty() {
            let without = scores(&others);
            if of(&without) > of(&chosen.0) {
                chosen = (without, &others);
            }
        }
        let (scores, signs) = chosen;
        let bands = probabilities(&scores);
        Judged {
            score: score(&bands),
            reasons: self.explain(read, signs, &scores, &bands),
        }
    }

    /// What raises the band and what lowers it: how far the mean band moves with
    /// each word and sign.
    fn explain(
        &self,
        read: &Read<'_>,
        signs: &[Sign],
        scores: &Scores,
        bands: &[f32; BANDS],
    ) -> Vec<Told> {
        let mean: f32 = (0_u8..).zip(bands).map(|(at, p)| f32::from(at) * p).sum();
        let mut slopes = [0.0; BANDS];
        for ((at, slope), chance) in (0_u8..).zip(&mut slopes).zip(bands) {
            *slope = chance * (f32::from(at) - mean);
        }
        let mut causes: Vec<Cause> = Vec::new();
        for sign in signs {
            let worth = (0..BANDS)
                .zip(slopes)
                .map(|(band, slope)| {
                    let weight = self.linear.extra_weights(band).get(sign.number);
                    slope * SIGN * weight.copied().unwrap_or_default()
                })
                .sum::<f32>();
            let kind = signs::kind(sign.number);
            // The steps of one amount are one reason, and so is a word that says
            // several things.
            let known = causes.iter_mut().find(|cause| {
                let same_place = cause
                    .spans
                    .first()
                    .is_some_and(|first| sign.spans.first() == Some(first));
                cause.kinds.contains(&kind) || same_place
            });
            match known {
                Some(cause) => cause.add(worth, kind, &sign.spans),
                None => causes.push(Cause {
                    worth,
                    kinds: vec![kind],
                    spans: sign.spans.clone(),
                }),
            }
        }
        let mut worths: Vec<f32> = Vec::new();
        for (band, slope) in slopes.into_iter().enumerate() {
            let of_band = scores.worths(band);
            worths.resize(of_band.len(), 0.0);
            for (sum, worth) in worths.iter_mut().zip(of_band) {
                *sum += slope * worth;
            }
        }
        let mut words = read.terms.by_word(&worths);
        words.sort_by(|a, b| b.worth.abs().total_cmp(&a.worth.abs()));
        words.truncate(WORDS);
        words.retain(|word| !read.is_joining(word));
        add_words(&mut causes, &words, read);
        causes.retain(|cause| cause.worth.abs() >= LEAST);
        causes.sort_by(|a, b| b.worth.abs().total_cmp(&a.worth.abs()));
        let mut left = [SHOWN, SHOWN];
        causes.retain(|cause| {
            let [lowers, raises] = &mut left;
            let left = if cause.worth < 0.0 { lowers } else { raises };
            let keep = *left > 0;
            *left = left.saturating_sub(1);
            keep
        });
        causes.iter().map(|cause| cause.told(read)).collect()
    }
}

/// A word that a sign rests on speaks with the sign; the others for themselves.
fn add_words(causes: &mut Vec<Cause>, words: &[Share], read: &Read<'_>) {
    let signs = causes.len();
    for word in words {
        let spans = read.terms.places(read.document, word, MAX_SPANS);
        let Some(first) = spans.first() else { continue };
        let holder = causes
            .iter_mut()
            .take(signs)
            .find(|cause| cause.spans.iter().any(|span| holds(span, first)));
        if let Some(cause) = holder {
            cause.worth += word.worth;
        } else {
            causes.push(Cause {
                worth: word.worth,
                kinds: Vec::new(),
                spans,
            });
        }
    }
}

fn holds(outer: &Span, inner: &Span) -> bool {
    outer.field == inner.field && outer.start <= inner.start && inner.end <= outer.end
}

/// What raises or lowers the band: signs in one place, or a word.
struct Cause {
    worth: f32,
    kinds: Vec<usize>,
    spans: Vec<Span>,
}

impl Cause {
    fn add(&mut self, worth: f32, kind: usize, spans: &[Span]) {
        self.worth += worth;
        if !self.kinds.contains(&kind) {
            self.kinds.push(kind);
        }
        for span in spans {
            if !self.spans.contains(span) {
                self.spans.push(*span);
            }
        }
    }

    fn told(&self, read: &Read<'_>) -> Told {
        let quoted = self.spans.first().map(|span| read.quote(*span));
        let mut names: Vec<&str> = self.kinds.iter().map(|kind| signs::name(*kind)).collect();
        names.truncate(NAMES);
        let named = names.join(", ");
        let what = match quoted {
            Some(quoted) if named.is_empty() => quoted,
            Some(quoted) => format!("{quoted}: {named}"),
            None => named,
        };
        let text = if self.worth < 0.0 {
            format!("lowers: {what}")
        } else {
            what
        };
        let spans = self.spans.iter().copied().take(MAX_SPANS).collect();
        Told {
            reason: Reason::new(Aspect::Severity, text, self.worth.clamp(-1.0, 1.0)).at(spans),
            is_telling: self.kinds.iter().any(|kind| signs::is_telling(*kind)),
        }
    }
}

/// The signs as numbers behind those of the words.
#[must_use]
pub fn values(signs: &[Sign]) -> Vec<f32> {
    let mut values = vec![0.0; COUNT];
    for sign in signs {
        if let Some(value) = values.get_mut(sign.number) {
            *value = SIGN;
        }
    }
    values
}

fn probabilities(scores: &Scores) -> [f32; BANDS] {
    let sums: [f32; BANDS] = std::array::from_fn(|band| scores.sum(band));
    let most = sums.iter().copied().fold(f32::MIN, f32::max);
    let raised = sums.map(|sum| (sum - most).exp());
    let all: f32 = raised.iter().sum();
    raised.map(|one| one / all)
}

/// A score in the likeliest band, towards the neighbour that is likelier.
fn score(bands: &[f32; BANDS]) -> f32 {
    /// The lowest score of each band, and the end.
    const FLOORS: [f32; BANDS + 1] = [0.0, 4.0, 7.0, 9.0, 10.0];
    let at = |band: usize| bands.get(band).copied().unwrap_or_default();
    let best = (0..BANDS)
        .max_by(|a, b| at(*a).total_cmp(&at(*b)))
        .unwrap_or_default();
    let below: f32 = (0..best).map(at).sum();
    let above: f32 = (best + 1..BANDS).map(at).sum();
    let place = (0.5 + above - below).clamp(0.05, 0.95);
    let floor = |band: usize| FLOORS.get(band).copied().unwrap_or(10.0);
    floor(best) + place * (floor(best + 1) - floor(best))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Severity;

    #[test]
    fn the_score_stands_in_the_likeliest_band() {
        for (bands, wanted) in [
            ([0.7, 0.1, 0.1, 0.1], Severity::Low),
            ([0.2, 0.5, 0.2, 0.1], Severity::Medium),
            ([0.0, 0.4, 0.6, 0.0], Severity::High),
            ([0.0, 0.0, 0.0, 1.0], Severity::Critical),
            ([0.0, 0.0, 0.49, 0.51], Severity::Critical),
        ] {
            assert_eq!(Severity::of_score(score(&bands)), wanted, "{bands:?}");
        }
        assert!(score(&[0.0, 0.5, 0.4, 0.1]) > score(&[0.4, 0.5, 0.1, 0.0]));
    }

    #[test]
    fn every_sign_counts_the_same() {
        let sign = |number| Sign {
            number,
            spans: Vec::new(),
        };
        let values = values(&[sign(3), sign(COUNT - 1), sign(COUNT)]);
        assert_eq!(values.len(), COUNT);
        assert_eq!(values.iter().filter(|value| **value == SIGN).count(), 2);
    }
}
