//! The base vectors of CVSS 3.1, and how probable each is.
//!
//! Eight metrics judged one by one make 2,592 vectors. Their product alone would
//! give chances to vectors nobody writes (confidentiality and integrity go
//! together), so each has a lift: how much more often it was seen than its metrics
//! say. The score is the median over all of them, for the most probable vector
//! alone is right less often.

use model::cvss;

/// The metrics in the order of a vector, each with its values.
pub(crate) const METRICS: [(&str, &str); 8] = [
    ("AV", "NALP"),
    ("AC", "LH"),
    ("PR", "NLH"),
    ("UI", "NR"),
    ("S", "UC"),
    ("C", "NLH"),
    ("I", "NLH"),
    ("A", "NLH"),
];

/// All values of all metrics.
pub(crate) const VALUES: usize = 22;

/// All vectors.
pub const VECTORS: usize = 4 * 2 * 3 * 2 * 2 * 27;

/// Scores have one decimal: 0.0 to 10.0.
const TENTHS: usize = 101;

/// A vector by the place of each value in its metric.
pub type Levels = [u8; 8];

/// The vector of this number.
#[must_use]
pub fn levels(number: usize) -> Levels {
    let mut rest = number;
    let mut levels = [0; 8];
    for (level, (_, values)) in levels.iter_mut().zip(METRICS).rev() {
        *level = u8::try_from(rest % values.len()).unwrap_or_default();
        rest /= values.len();
    }
    levels
}

/// The number of a vector.
#[must_use]
pub fn number(levels: &Levels) -> usize {
    levels
        .iter()
        .zip(METRICS)
        .fold(0, |sum, (level, (_, values))| {
            sum * values.len() + usize::from(*level)
        })
}

/// Reads a CVSS 3 vector; other metrics in it are left.
#[must_use]
pub fn read(vector: &str) -> Option<Levels> {
    let metrics = vector
        .strip_prefix("CVSS:3.1/")
        .or_else(|| vector.strip_prefix("CVSS:3.0/"))?;
    let mut levels = [u8::MAX; 8];
    for (name, value) in metrics.split('/').filter_map(|part| part.split_once(':')) {
        if let Some((level, (_, values))) = levels
            .iter_mut()
            .zip(METRICS)
            .find(|(_, (known, _))| *known == name)
        {
            *level = u8::try_from(values.find(value)?).ok()?;
        }
    }
    (!levels.contains(&u8::MAX)).then_some(levels)
}

/// Writes a vector as CVSS 3.1 does.
#[must_use]
pub fn write(levels: &Levels) -> String {
    let mut text = "CVSS:3.1".to_owned();
    for (level, (name, values)) in levels.iter().zip(METRICS) {
        let value = values.get(usize::from(*level)..).unwrap_or_default();
        text.extend(["/", name, ":", value.get(..1).unwrap_or_default()]);
    }
    text
}

/// Every vector's score in tenths and its lift.
#[derive(Debug, Clone)]
pub(crate) struct Vectors {
    tenths: Vec<u8>,
    lifts: Vec<f32>,
}

/// What the metrics say together.
#[derive(Debug, Clone)]
pub(crate) struct Spread {
    pub(crate) levels: Levels,
    pub(crate) score: f32,
    /// The chance of the score's band.
    pub(crate) sure: f32,
}

impl Vectors {
    /// `lifts` has one a vector.
    pub(crate) fn new(lifts: Vec<f32>) -> Self {
        let tenths = (0..VECTORS)
            .map(|number| {
                let score = cvss::score(&write(&levels(number))).map_or(0.0, |(_, score)| score);
                (score * 10.0).round() as u8
            })
            .collect();
        Self { tenths, lifts }
    }

    /// `metrics` are the probabilities of every value, metric after metric, `bands`
    /// those of the four bands by the model that judges them directly, and `share`
    /// how much the latter count.
    pub(crate) fn spread(&self, metrics: &[f32; VALUES], bands: [f32; 4], share: f32) -> Spread {
        let mut weights = vec![0.0_f32; VECTORS];
        let mut tenths = [0.0_f32; TENTHS];
        let (head, tail) = metrics.split_at(13);
        let impacts = impacts(tail);
        let mut first = 0;
        for_each_head(head, |chance| {
            for (offset, impact) in impacts.iter().enumerate() {
                let at = first + offset;
                let weight = chance * impact * self.lifts.get(at).copied().unwrap_or_default();
                if let Some(to) = weights.get_mut(at) {
                    *to = weight;
                }
                let tenth = self.tenths.get(at).copied().unwrap_or_default();
                if let Some(sum) = tenths.get_mut(usize::from(tenth)) {
                    *sum += weight;
                }
            }
            first += impacts.len();
        });

        let mut by_band = [0.0_f32; 4];
        for (tenth, sum) in tenths.iter().enumerate() {
            if let Some(band) = by_band.get_mut(band(tenth)) {
                *band += sum;
            }
        }
        let all = by_band.iter().sum::<f32>().max(f32::MIN_POSITIVE);
        let mut mixed = [0.0_f32; 4];
        for ((to, spread), direct) in mixed.iter_mut().zip(by_band).zip(bands) {
            *to = (1.0 - share) * spread / all + share * direct;
        }
        let best = (0..4)
            .max_by(|a, b| {
                mixed
                    .get(*a)
                    .partial_cmp(&mixed.get(*b))
                    .unwrap_or(std::cmp::Ordering::Equal)
            })
            .unwrap_or_default();
        // The bands as mixed, inside each the vectors as spread.
        for (tenth, sum) in tenths.iter_mut().enumerate() {
            let of = |list: &[f32; 4]| list.get(band(tenth)).copied().unwrap_or_default();
            *sum *= of(&mixed) / of(&by_band).max(f32::MIN_POSITIVE);
        }
        let mut median = median(&tenths, |_| true);
        if band(median) != best {
            median = self::median(&tenths, |tenth| band(tenth) == best);
        }
        let chosen = weights
            .iter()
            .zip(&self.tenths)
            .enumerate()
            .filter(|(_, (_, tenth))| usize::from(**tenth) == median)
            .max_by(|(_, (a, _)), (_, (b, _))| a.total_cmp(b))
            .map_or(0, |(number, _)| number);
        Spread {
            levels: levels(chosen),
            score: median as f32 / 10.0,
            sure: mixed.get(best).copied().unwrap_or_default(),
        }
    }
}

fn band(tenth: usize) -> usize {
    match tenth {
        90.. => 3,
        70.. => 2,
        40.. => 1,
        _ => 0,
    }
}

/// The tenth at which half of what `counts` is reached.
fn median(tenths: &[f32; TENTHS], counts: impl Fn(usize) -> bool) -> usize {
    let counted = || {
        tenths
            .iter()
            .enumerate()
            .filter(|(tenth, sum)| counts(*tenth) && **sum > 0.0)
    };
    let half = counted().map(|(_, sum)| sum).sum::<f32>() / 2.0;
    let mut sum = 0.0;
    let mut last = 0;
    for (tenth, weight) in counted() {
        sum += weight;
        last = tenth;
        if sum >= half {
            break;
        }
    }
    last
}

/// The chances of the 27 impacts: C, I, A.
fn impacts(metrics: &[f32]) -> [f32; 27] {
    let at = |index: usize| metrics.get(index).copied().unwrap_or_default();
    let mut chances = [0.0; 27];
    for (number, chance) in chances.iter_mut().enumerate() {
        *chance = at(number / 9) * at(3 + number / 3 % 3) * at(6 + number % 3);
    }
    chances
}

/// Visits the chances of AV, AC, PR, UI, S in the order of their numbers.
fn for_each_head(metrics: &[f32], mut visit: impl FnMut(f32)) {
    let at = |index: usize| metrics.get(index).copied().unwrap_or_default();
    for number in 0..4 * 2 * 3 * 2 * 2 {
        visit(
            at(number / 24)
                * at(4 + number / 12 % 2)
                * at(6 + number / 4 % 3)
                * at(9 + number / 2 % 2)
                * at(11 + number % 2),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Severity;

    #[test]
    fn a_vector_is_its_number_and_its_text() {
        for number in 0..VECTORS {
            let levels = levels(number);
            assert_eq!(super::number(&levels), number);
            assert_eq!(read(&write(&levels)), Some(levels));
        }
        assert_eq!(
            write(&read("CVSS:3.0/AV:L/AC:H/PR:L/UI:R/S:C/C:L/I:N/A:H/E:P").unwrap()),
            "CVSS:3.1/AV:L/AC:H/PR:L/UI:R/S:C/C:L/I:N/A:H"
        );
        for vector in ["", "CVSS:3.1/AV:N", "CVSS:4.0/AV:N", "CVSS:3.1/AV:X/AC:L"] {
            assert_eq!(read(vector), None, "{vector}");
        }
    }

    /// Metrics that are as sure as can be of one vector.
    fn sure(vector: &str) -> [f32; VALUES] {
        let mut metrics = [0.0; VALUES];
        let mut first = 0;
        for (level, (_, values)) in read(vector).unwrap().iter().zip(METRICS) {
            metrics[first + usize::from(*level)] = 1.0;
            first += values.len();
        }
        metrics
    }

    #[test]
    fn what_is_sure_is_said() {
        let vectors = Vectors::new(vec![1.0; VECTORS]);
        for (vector, score) in [
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
            ("CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:C/C:L/I:N/A:L", 3.7),
            ("CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0),
        ] {
            let spread = vectors.spread(&sure(vector), [0.25; 4], 0.3);
            assert_eq!(
                (write(&spread.levels).as_str(), spread.score),
                (vector, score)
            );
        }
    }

    #[test]
    fn the_vector_has_the_score_and_the_score_the_band() {
        let vectors = Vectors::new(vec![1.0; VECTORS]);
        let mut metrics = [0.0; VALUES];
        for (place, chance) in metrics.iter_mut().enumerate() {
            *chance = 0.2 + (place % 3) as f32 * 0.1;
        }
        for bands in [[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0], [f32::NAN; 4]] {
            let spread = vectors.spread(&metrics, bands, 0.6);
            let said = cvss::score(&write(&spread.levels)).unwrap().1;
            assert_eq!(said, spread.score);
            assert_eq!(Severity::of_score(said), Severity::of_score(spread.score));
        }
    }
}
