//! The measures by which models are judged.

use serde::Serialize;

/// Bins of the calibration error.
const BINS: usize = 10;

/// The chance that a yes ranks above a no; ties count half. Without one of
/// either it is ½.
#[must_use]
pub fn auc(scored: &[(f32, bool)]) -> f64 {
    let mut sorted: Vec<&(f32, bool)> = scored.iter().collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut won, mut yes) = (0.0, 0.0, 0.0);
    for tied in sorted.chunk_by(|a, b| a.0 == b.0) {
        let here = tied.iter().filter(|(_, answer)| *answer).count() as f64;
        let no = tied.len() as f64 - here;
        won += here * (below + no / 2.0);
        below += no;
        yes += here;
    }
    if yes > 0.0 && below > 0.0 {
        won / (yes * below)
    } else {
        0.5
    }
}

/// Average precision: the precision at each yes, going down the ranking. Ties
/// are taken as one step.
#[must_use]
pub fn average_precision(scored: &[(f32, bool)]) -> f64 {
    let mut sorted: Vec<&(f32, bool)> = scored.iter().collect();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut seen, mut yes, mut sum) = (0.0, 0.0, 0.0);
    for tied in sorted.chunk_by(|a, b| a.0 == b.0) {
        let here = tied.iter().filter(|(_, answer)| *answer).count() as f64;
        seen += tied.len() as f64;
        yes += here;
        sum += here * yes / seen;
    }
    if yes > 0.0 { sum / yes } else { 0.0 }
}

/// The highest score that still keeps this share of the yeses.
#[must_use]
pub fn threshold_at_recall(scored: &[(f32, bool)], recall: f64) -> f32 {
    let mut yes: Vec<f32> = scored
        .iter()
        .filter(|(_, answer)| *answer)
        .map(|(score, _)| *score)
        .collect();
    yes.sort_by(|a, b| b.total_cmp(a));
    let wanted = (recall * yes.len() as f64).ceil() as usize;
    yes.get(wanted.saturating_sub(1))
        .copied()
        .unwrap_or(f32::NEG_INFINITY)
}

/// The share of noes that the threshold of this recall rejects.
#[must_use]
pub fn rejected_at_recall(scored: &[(f32, bool)], recall: f64) -> f64 {
    let threshold = threshold_at_recall(scored, recall);
    let noes = scored.iter().filter(|(_, answer)| !answer);
    let total = noes.clone().count();
    let rejected = noes.filter(|(score, _)| *score < threshold).count();
    rejected as f64 / total.max(1) as f64
}

/// One bin of a calibration table.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bin {
    /// Texts in it.
    pub count: usize,
    /// Their mean probability.
    pub said: f64,
    /// The share of yeses among them.
    pub was: f64,
}

/// How often what was said came true, in ten bins of equal width.
#[must_use]
pub fn calibration(scored: &[(f32, bool)]) -> Vec<Bin> {
    let mut sums = [(0_usize, 0.0_f64, 0.0_f64); BINS];
    for (probability, answer) in scored {
        let bin = ((f64::from(*probability) * BINS as f64) as usize).min(BINS - 1);
        if let Some((count, said, was)) = sums.get_mut(bin) {
            *count += 1;
            *said += f64::from(*probability);
            *was += f64::from(u8::from(*answer));
        }
    }
    sums.into_iter()
        .filter(|(count, _, _)| *count > 0)
        .map(|(count, said, was)| Bin {
            count,
            said: said / count as f64,
            was: was / count as f64,
        })
        .collect()
}

/// Expected calibration error: the mean distance of said and was.
#[must_use]
pub fn calibration_error(scored: &[(f32, bool)]) -> f64 {
    let total = scored.len().max(1) as f64;
    calibration(scored)
        .iter()
        .map(|bin| bin.count as f64 / total * (bin.said - bin.was).abs())
        .sum()
}

/// Hits and misses of one label.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Given, and right.
    pub hit: usize,
    /// Given, and wrong.
    pub extra: usize,
    /// Not given, but right.
    pub missed: usize,
}

impl Tally {
    /// Counts one decision.
    pub fn add(&mut self, wanted: bool, given: bool) {
        match (wanted, given) {
            (true, true) => self.hit += 1,
            (false, true) => self.extra += 1,
            (true, false) => self.missed += 1,
            (false, false) => {}
        }
    }

    /// Adds the decisions of another label.
    pub fn merge(&mut self, other: Self) {
        self.hit += other.hit;
        self.extra += other.extra;
        self.missed += other.missed;
    }

    /// The share of what was given that is right.
    #[must_use]
    pub fn precision(&self) -> f64 {
        self.hit as f64 / (self.hit + self.extra).max(1) as f64
    }

    /// The share of what is right that was given.
    #[must_use]
    pub fn recall(&self) -> f64 {
        self.hit as f64 / (self.hit + self.missed).max(1) as f64
    }

    /// The harmonic mean of both.
    #[must_use]
    pub fn f1(&self) -> f64 {
        let all = 2 * self.hit + self.extra + self.missed;
        2.0 * self.hit as f64 / all.max(1) as f64
    }
}

/// F1 of all labels' decisions together.
#[must_use]
pub fn micro_f1(tallies: &[Tally]) -> f64 {
    let sum = |of: fn(&Tally) -> usize| tallies.iter().map(of).sum();
    Tally {
        hit: sum(|t| t.hit),
        extra: sum(|t| t.extra),
        missed: sum(|t| t.missed),
    }
    .f1()
}

/// Mean F1 of the labels that occur.
#[must_use]
pub fn macro_f1(tallies: &[Tally]) -> f64 {
    let present: Vec<f64> = tallies
        .iter()
        .filter(|tally| tally.hit + tally.missed > 0)
        .map(Tally::f1)
        .collect();
    present.iter().sum::<f64>() / present.len().max(1) as f64
}

/// Which class was given for which, by name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Confusion {
    /// The classes.
    pub classes: Vec<String>,
    /// By wanted class, then given class.
    pub counts: Vec<Vec<usize>>,
}

impl Confusion {
    /// An empty table.
    #[must_use]
    pub fn new(classes: &[&str]) -> Self {
        Self {
            classes: classes.iter().map(|&class| class.to_owned()).collect(),
            counts: vec![vec![0; classes.len()]; classes.len()],
        }
    }

    /// Counts one decision, by the numbers of the classes.
    pub fn add(&mut self, wanted: usize, given: usize) {
        if let Some(count) = self
            .counts
            .get_mut(wanted)
            .and_then(|row| row.get_mut(given))
        {
            *count += 1;
        }
    }

    /// Counts a text of several labels: each that is right with itself, each missed
    /// with each that was given in its stead. The last class is nothing: the label of
    /// what was missed, or given, without the other.
    pub fn add_labels(&mut self, wanted: &[usize], given: &[usize]) {
        let nothing = self.classes.len().saturating_sub(1);
        let only = |these: &[usize], others: &[usize]| -> Vec<usize> {
            let left = these.iter().filter(|one| !others.contains(one)).copied();
            left.collect()
        };
        let (mut missed, mut extra) = (only(wanted, given), only(given, wanted));
        for both in wanted.iter().filter(|one| given.contains(one)) {
            self.add(*both, *both);
        }
        if missed.is_empty() && extra.is_empty() {
            return;
        }
        for side in [&mut missed, &mut extra] {
            if side.is_empty() {
                side.push(nothing);
            }
        }
        for wanted in &missed {
            for given in &extra {
                self.add(*wanted, *given);
            }
        }
    }

    /// The share of right decisions.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        let right: usize = self
            .counts
            .iter()
            .enumerate()
            .filter_map(|(class, row)| row.get(class))
            .sum();
        let all: usize = self.counts.iter().flatten().sum();
        right as f64 / all.max(1) as f64
    }
}

impl std::fmt::Display for Confusion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        /// A space more than the longest name of few classes.
        const WIDTH: usize = 13;
        // A table of many would run over every screen.
        let width = if self.classes.len() > 5 { 6 } else { WIDTH };
        let short = |class: &str| class.chars().take(width - 1).collect::<String>();
        write!(f, "{:18}", "wanted \\ given")?;
        for class in &self.classes {
            write!(f, "{:>width$}", short(class))?;
        }
        for (class, row) in self.classes.iter().zip(&self.counts) {
            write!(f, "\n{class:18}")?;
            for count in row {
                write!(f, "{count:>width$}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCORED: &[(f32, bool)] = &[(0.9, true), (0.8, false), (0.7, true), (0.1, false)];

    #[test]
    fn rankings_are_measured() {
        assert_eq!(auc(SCORED), 0.75);
        assert_eq!(auc(&[(0.5, true), (0.5, false)]), 0.5);
        assert_eq!(auc(&[]), 0.5);
        assert!((average_precision(SCORED) - (1.0 + 2.0 / 3.0) / 2.0).abs() < 1e-12);
        assert_eq!(threshold_at_recall(SCORED, 0.95), 0.7);
        assert_eq!(rejected_at_recall(SCORED, 0.95), 0.5);
        assert_eq!(rejected_at_recall(SCORED, 0.5), 1.0);
    }

    #[test]
    fn calibration_is_measured() {
        let always = [(0.75, true), (0.75, true), (0.75, true), (0.75, false)];
        assert_eq!(calibration_error(&always), 0.0);
        assert_eq!(calibration_error(&[(1.0, false)]), 1.0);
        assert_eq!(calibration(&always).len(), 1);
    }

    #[test]
    fn decisions_are_measured() {
        let mut good = Tally::default();
        good.add(true, true);
        let mut bad = Tally::default();
        bad.add(true, false);
        bad.add(false, true);
        assert_eq!(micro_f1(&[good, bad]), 0.5);
        assert_eq!(macro_f1(&[good, bad, Tally::default()]), 0.5);
        let mut confusion = Confusion::new(&["a", "b"]);
        confusion.add(0, 0);
        confusion.add(1, 0);
        confusion.add(7, 0);
        assert_eq!(confusion.accuracy(), 0.5);
    }

    #[test]
    fn labels_are_set_against_what_was_given_in_their_stead() {
        let mut confusion = Confusion::new(&["a", "b", "c", "nothing"]);
        confusion.add_labels(&[0, 1], &[0, 2]);
        confusion.add_labels(&[1], &[]);
        confusion.add_labels(&[], &[2]);
        assert_eq!(
            confusion.counts,
            [[1, 0, 0, 0], [0, 0, 1, 1], [0, 0, 0, 0], [0, 0, 1, 0]]
        );
    }
}
