//! Types: a sum for each kind in news, and one in bare texts; above zero the label
//! is given.
//!
//! Labels of news are firm. An incident line has one firm label, its editor's; what
//! its words hint at beside it is more likely no than yes: half a no. Left out of
//! training, such kinds were given to every second line.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::panic::resume_unwind;

use model::IncidentType;
use serde::Serialize;
use understand::types::{KINDS, threshold};

use crate::file::Writer;
use crate::linear::{self, Recipe, Space, fit_output, folds_of, held_out};
use crate::logistic::{Example, Fitted, Matrix, logistic};
use crate::measure::{Bin, Confusion, Tally, calibration, macro_f1, micro_f1};
use crate::relevance::Trained;
use crate::texts::{Data, Line, News, Text};

/// What a line without an editor's label, only with hints, weighs beside others.
const HINTED: f32 = 0.3;

/// What a kind counts as no that a line only hints at, beside its editor's label.
const BESIDE: f32 = 0.5;

/// Chosen by cross-validation over news and lines.
pub const RECIPE: Recipe = Recipe {
    signals: 4.0,
    foreign: 0.05,
    whom: false,
    trust: 1.0,
    label: None,
};

/// Fewer stories than this are known by their own words: what else stands in them is
/// trusted by their share of it. Trials of the insiders of nine stories
/// made every lawsuit the work of one.
const STORIES: usize = 40;

/// Rare kinds weigh more, up to this.
const MOST_WEIGHT: f32 = 6.0;

/// Folds of the measurement.
const FOLDS: usize = 5;

/// Folds of the thresholds, inside each of the others.
const INNER: usize = 3;

/// Trains on everything. The same data and seed give the same bytes.
///
/// # Errors
///
/// If a score is no number, which the header cannot hold.
pub fn train(
    data: &Data,
    seed: u64,
    made: &str,
    scores: &Scores,
    progress: &mut dyn FnMut(&str),
) -> Result<Trained, serde_json::Error> {
    progress("types: training on everything");
    let news: Vec<&News> = data.news.iter().collect();
    let lines: Vec<&Line> = data.lines.iter().collect();
    let model = fit_all(&news, &lines, seed, RECIPE);
    let mut writer = Writer::new("types", "1", made, &data.fingerprint);
    writer
        .count("texts", news.len() + lines.len())
        .scores(scores.named());
    linear::write(&mut writer, &model.space, &model.outputs);
    Ok(Trained {
        file: writer.finish()?,
    })
}

struct Model {
    space: Space,
    outputs: Vec<Fitted>,
}

fn fit_all(news: &[&News], lines: &[&Line], seed: u64, recipe: Recipe) -> Model {
    let news: Vec<&News> = news.iter().filter(|one| one.relevant).copied().collect();
    let texts: Vec<&Text> = news
        .iter()
        .map(|one| &one.text)
        .chain(lines.iter().map(|one| &one.text))
        .collect();
    // What befell a place lately is no kind of event.
    let space = Space::of(texts.iter().map(|text| &text.placeless));
    let matrix = space.matrix_of(texts.iter().map(|text| (&text.placeless, &text.signals)));
    let fit = |for_news: bool| -> Vec<Fitted> {
        let fit = |kind| fit_kind(&matrix, &news, lines, kind, for_news, seed, recipe);
        KINDS.iter().map(|kind| fit(*kind)).collect()
    };
    // Side by side: it takes minutes.
    let outputs = std::thread::scope(|scope| {
        let of_lines = scope.spawn(|| fit(false));
        let mut outputs = fit(true);
        // A model without half of its outputs would read well and be wrong.
        outputs.extend(of_lines.join().unwrap_or_else(|panic| resume_unwind(panic)));
        outputs
    });
    Model { space, outputs }
}

/// One kind for news or for lines, its sum moved so that zero is the best threshold
/// there. The other texts train with little weight.
fn fit_kind(
    matrix: &Matrix,
    news: &[&News],
    lines: &[&Line],
    label: IncidentType,
    for_news: bool,
    seed: u64,
    recipe: Recipe,
) -> Fitted {
    let kind = label.as_str();
    let [news_weight, line_weight] = if for_news {
        [1.0, recipe.foreign]
    } else {
        [recipe.foreign, 1.0]
    };
    let recipe = Recipe {
        trust: (stories(news, lines, kind, for_news) as f32 / STORIES as f32).min(1.0),
        label: Some(label),
        ..recipe
    };
    let mut examples = Vec::new();
    let mut keys: Vec<Option<Option<&str>>> = Vec::new();
    for (row, one) in news.iter().enumerate() {
        let yes = one.types.iter().any(|label| label == kind);
        examples.push(example(row, yes, news_weight));
        keys.push(for_news.then_some(one.story.as_deref()));
    }
    for (index, line) in lines.iter().enumerate() {
        if let Some((yes, weight)) = said(line, kind) {
            examples.push(example(news.len() + index, yes, weight * line_weight));
            // Lines without an editor's label train, but set no threshold.
            let judged = !for_news && !line.native.is_empty();
            keys.push(judged.then_some(line.cluster.as_deref()));
        }
    }
    let all = examples.iter().map(|one| one.weight).sum::<f32>();
    let yes = examples
        .iter()
        .map(|one| one.weight * one.target)
        .sum::<f32>();
    let factor = (all / yes.max(1.0)).sqrt().min(MOST_WEIGHT);
    for one in &mut examples {
        one.weight *= 1.0 + (factor - 1.0) * one.target;
    }
    let sums = held_out(
        matrix,
        &examples,
        &folds_of(&keys, INNER, seed),
        INNER,
        recipe,
    );
    let judged: Vec<(f32, bool)> = sums
        .iter()
        .zip(&examples)
        .zip(&keys)
        .filter(|(_, key)| key.is_some())
        .map(|((sum, one), _)| (*sum, one.target > 0.5))
        .collect();
    let mut fitted = fit_output(matrix, &examples, recipe);
    fitted.bias -= TRUSTED * best_threshold(&judged);
    fitted
}

/// How many events of a kind the texts tell that an output is for.
fn stories(news: &[&News], lines: &[&Line], kind: &str, for_news: bool) -> usize {
    let is = |labels: &[String]| labels.iter().any(|label| label == kind);
    let of_news = news.iter().filter(|one| for_news && is(&one.types));
    let of_lines = lines.iter().filter(|one| !for_news && is(&one.native));
    let keys = of_news.map(|one| one.story.as_deref());
    let keys = keys.chain(of_lines.map(|one| one.cluster.as_deref()));
    let (told, alone): (Vec<_>, Vec<_>) = keys.partition(Option::is_some);
    told.into_iter().collect::<BTreeSet<_>>().len() + alone.len()
}

fn example(row: usize, yes: bool, weight: f32) -> Example {
    Example {
        row,
        target: f32::from(u8::from(yes)),
        weight,
    }
}

/// Whether a line is of this kind, and what its word weighs; `None` is unknown.
fn said(line: &Line, kind: &str) -> Option<(bool, f32)> {
    let native = line.native.iter().any(|label| label == kind);
    let hinted = line.hinted.iter().any(|label| label == kind);
    match (line.native.is_empty(), native, hinted) {
        (false, true, _) => Some((true, 1.0)),
        (false, false, false) => Some((false, 1.0)),
        (false, false, true) => Some((false, BESIDE)),
        (true, _, true) => Some((true, HINTED)),
        (true, _, false) => (!line.hinted.is_empty()).then_some((false, HINTED)),
    }
}

/// Few examples make no far threshold.
const FARTHEST: f32 = 2.0;

/// How far a sum is moved towards the best threshold: all the way was worse on
/// texts that had not set it, in each of two shuffles.
const TRUSTED: f32 = 0.5;

/// The threshold of the best F1, near zero.
fn best_threshold(judged: &[(f32, bool)]) -> f32 {
    let steps = 40_i16;
    let thresholds = (-steps..=steps).map(|step| f32::from(step) * FARTHEST / f32::from(steps));
    let mut best = (0.0, 0.0);
    for threshold in thresholds {
        let mut tally = Tally::default();
        for (sum, yes) in judged {
            tally.add(*yes, *sum > threshold);
        }
        let f1 = tally.f1();
        if f1 > best.0 + 1e-9 || (f1 > best.0 - 1e-9 && threshold.abs() < f32::abs(best.1)) {
            best = (f1, threshold);
        }
    }
    best.1
}

/// How good it is, on news that is relevant and on incident lines.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Scores {
    /// News, by kind; `other` is the absence of all.
    pub news: BTreeMap<String, Tally>,
    /// Incident lines, against their editors' labels.
    pub lines: BTreeMap<String, Tally>,
    /// News: which kind was given for which.
    pub confusion: Option<Confusion>,
    /// News: how often a kind that was said with a probability was right.
    pub calibration: Vec<Bin>,
    /// Ten news items with most wrong labels.
    pub worst: Vec<String>,
}

/// Measures by cross-validation: models and thresholds saw neither the text nor
/// its story.
#[must_use]
pub fn cross_validate(
    data: &Data,
    seed: u64,
    recipe: Recipe,
    progress: &mut dyn FnMut(&str),
) -> Scores {
    let news_keys: Vec<Option<Option<&str>>> = data
        .news
        .iter()
        .map(|one| Some(one.story.as_deref()))
        .collect();
    let line_keys: Vec<Option<Option<&str>>> = data
        .lines
        .iter()
        .map(|one| Some(one.cluster.as_deref()))
        .collect();
    let news_folds = folds_of(&news_keys, FOLDS, seed);
    let line_folds = folds_of(&line_keys, FOLDS, seed);
    let mut judged = Judged::default();
    for fold in 0..FOLDS {
        progress(&format!("types: fold {} of {FOLDS}", fold + 1));
        let news = |held: bool| -> Vec<&News> {
            let folds = data.news.iter().zip(&news_folds);
            folds
                .filter(|(_, of)| (**of == Some(fold)) == held)
                .map(|(one, _)| one)
                .collect()
        };
        let lines = |held: bool| -> Vec<&Line> {
            let folds = data.lines.iter().zip(&line_folds);
            folds
                .filter(|(_, of)| (**of == Some(fold)) == held)
                .map(|(one, _)| one)
                .collect()
        };
        let model = fit_all(&news(false), &lines(false), seed, recipe);
        judged.add(&news(true), &lines(true), |text| {
            let row = model.space.row(text);
            model
                .outputs
                .iter()
                .map(|output| output.sum(&row))
                .collect()
        });
    }
    judged.scores()
}

/// Measures a trained file on other data.
///
/// # Errors
///
/// If the file cannot be opened.
pub fn evaluate(file: &[u8], data: &Data) -> Result<Scores, understand::weights::WeightsError> {
    let weights = understand::weights::Weights::open(file.to_vec())?;
    let model = understand::linear::Linear::read(&weights)?;
    let news: Vec<&News> = data.news.iter().collect();
    let lines: Vec<&Line> = data.lines.iter().collect();
    let mut judged = Judged::default();
    judged.add(&news, &lines, |text| {
        let sums = |outputs: std::ops::Range<usize>| {
            let scores = model.score(&text.terms, text.signals.values(), outputs.clone());
            outputs.map(move |output| scores.sum(output))
        };
        let kinds = KINDS.len();
        sums(0..kinds).chain(sums(kinds..2 * kinds)).collect()
    });
    Ok(judged.scores())
}

#[derive(Default)]
struct Judged {
    news: BTreeMap<String, Tally>,
    lines: BTreeMap<String, Tally>,
    /// A probability and whether it was so, by news item and kind.
    said: Vec<(f32, bool)>,
    /// Wanted and given, by news item; `other` stands behind the kinds.
    kinds: Vec<[Vec<usize>; 2]>,
    wrong: Vec<(usize, String)>,
}

impl Judged {
    fn add(&mut self, news: &[&News], lines: &[&Line], sums: impl Fn(&Text) -> Vec<f32>) {
        for one in news.iter().filter(|one| one.relevant) {
            let sums = sums(&one.text);
            for (kind, sum) in KINDS.iter().zip(&sums) {
                let wanted = one.types.iter().any(|label| label == kind.as_str());
                self.said.push((logistic(f64::from(*sum)) as f32, wanted));
            }
            let mut given: Vec<&str> = KINDS
                .iter()
                .zip(&sums)
                .filter(|(_, sum)| **sum > 0.0)
                .map(|(kind, _)| kind.as_str())
                .collect();
            if given.is_empty() {
                given.push("other");
            }
            let mut wrong = 0;
            let names = KINDS.iter().map(|kind| kind.as_str()).chain(["other"]);
            let among = |labels: &[&str]| -> Vec<usize> {
                let numbered = names.clone().enumerate();
                let here = numbered.filter(|(_, name)| labels.contains(name));
                here.map(|(number, _)| number).collect()
            };
            let labels: Vec<&str> = one.types.iter().map(String::as_str).collect();
            self.kinds.push([among(&labels), among(&given)]);
            for kind in names {
                let wanted = one.types.iter().any(|label| label == kind);
                let got = given.contains(&kind);
                wrong += usize::from(wanted != got);
                self.news
                    .entry(kind.to_owned())
                    .or_default()
                    .add(wanted, got);
            }
            if wrong > 1 {
                let told = format!("{:?}, but {:?}: {}", given, one.types, one.text.name());
                self.wrong.push((wrong, told));
            }
        }
        for line in lines.iter().filter(|line| !line.native.is_empty()) {
            let sums = sums(&line.text);
            let sums = || sums.iter().skip(KINDS.len());
            let threshold = threshold(sums().copied(), true);
            for (kind, sum) in KINDS.iter().zip(sums()) {
                if let Some((wanted, _)) = said(line, kind.as_str()) {
                    self.lines
                        .entry(kind.to_string())
                        .or_default()
                        .add(wanted, *sum > threshold);
                }
            }
        }
    }

    fn scores(mut self) -> Scores {
        self.wrong.sort_by(|a, b| b.cmp(a));
        let mut names: Vec<&str> = KINDS.iter().map(|kind| kind.as_str()).collect();
        names.extend(["other", "nothing"]);
        let mut confusion = Confusion::new(&names);
        for [wanted, given] in &self.kinds {
            confusion.add_labels(wanted, given);
        }
        Scores {
            confusion: Some(confusion),
            news: self.news,
            lines: self.lines,
            calibration: calibration(&self.said),
            worst: self
                .wrong
                .into_iter()
                .take(10)
                .map(|(_, told)| told)
                .collect(),
        }
    }
}

impl Scores {
    fn figures(&self) -> [(&'static str, f64); 4] {
        let all = |tallies: &BTreeMap<String, Tally>| -> Vec<Tally> {
            tallies.values().copied().collect()
        };
        let (news, lines) = (all(&self.news), all(&self.lines));
        [
            ("news_micro_f1", micro_f1(&news)),
            ("news_macro_f1", macro_f1(&news)),
            ("lines_micro_f1", micro_f1(&lines)),
            ("lines_macro_f1", macro_f1(&lines)),
        ]
    }

    /// The figures that stand in the file.
    #[must_use]
    pub fn named(&self) -> BTreeMap<String, f64> {
        self.figures()
            .map(|(name, score)| (name.to_owned(), (score * 1e4).round() / 1e4))
            .into()
    }
}

impl fmt::Display for Scores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, score) in self.figures() {
            writeln!(f, "{name:16} {score:.3}")?;
        }
        for (title, tallies) in [("news", &self.news), ("lines", &self.lines)] {
            for (kind, tally) in tallies {
                writeln!(
                    f,
                    "  {title:6} {kind:18} precision {:.2} recall {:.2} F1 {:.2} ({} wanted)",
                    tally.precision(),
                    tally.recall(),
                    tally.f1(),
                    tally.hit + tally.missed
                )?;
            }
        }
        for line in &self.worst {
            writeln!(f, "  {line}")?;
        }
        Ok(())
    }
}
