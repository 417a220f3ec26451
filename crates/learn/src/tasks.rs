//! Every task by one pair of functions: train it on the labelled sets, measure a
//! model file on their dev parts.
//!
//! The sets lie in one folder, laid out as `../shared/datasets/README.md` says. The
//! same sets, seed and date give the same bytes. Training looks at the training
//! parts alone; each file carries scores that no text it learned from had a part in.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use model::Task;
use serde::Serialize;
use understand::names::{Gazetteer, Model};
use understand::story::likeness::StoryModel;
use understand::weights::{Weights, WeightsError};
use understand::{Context, Models};

use crate::data::{DataError, fingerprint, read_jsonl};
use crate::measure::{Bin, Confusion, Tally};
use crate::names::perceptron::Settings;
use crate::retrain::{self, Lesson, RetrainError};
use crate::texts::Data;
use crate::{cve, names, relevance, severity, stories, types};

/// With which the shipped files were made.
pub const SEED: u64 = 2026;

/// Errors told of one task.
const TOLD: usize = 10;

/// Why a task could not be trained or measured.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// A set is not there or not readable: look at the folder.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The model file cannot be used.
    #[error(transparent)]
    Model(#[from] WeightsError),
    /// Training came to nothing.
    #[error("{0}")]
    Failed(String),
}

impl From<serde_json::Error> for TaskError {
    fn from(error: serde_json::Error) -> Self {
        Self::Failed(format!("the model cannot be written: {error}"))
    }
}

impl From<cve::CveError> for TaskError {
    fn from(error: cve::CveError) -> Self {
        match error {
            cve::CveError::Data(error) => Self::Data(error),
            cve::CveError::Model(error) => Self::Model(error),
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<stories::TrainError> for TaskError {
    fn from(error: stories::TrainError) -> Self {
        match error {
            stories::TrainError::Unfit(error) => Self::Model(error),
            stories::TrainError::Write(error) => error.into(),
        }
    }
}

/// About how many steps a training tells of.
#[must_use]
pub fn steps(task: Task) -> u64 {
    match task {
        Task::Relevance | Task::Types => 6,
        Task::Severity | Task::Stories => 1,
        Task::Flaw => 2,
        Task::Names => {
            let settings = Settings::default();
            2 * settings.seeds * settings.epochs as u64
        }
    }
}

/// Trains a task on the sets in `folder` and gives the bytes of its file. `made` is
/// the date that stands in it, in RFC 3339. `progress` hears of every step.
///
/// # Errors
///
/// See [`TaskError`].
pub fn train(
    task: Task,
    folder: &Path,
    seed: u64,
    made: &str,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Vec<u8>, TaskError> {
    let mut tell = |what: &str| progress(what);
    match task {
        Task::Relevance => {
            let data = Data::read(folder, "train")?;
            let scores = relevance::cross_validate(&data, seed, &mut tell);
            Ok(relevance::train(&data, seed, made, &scores, &mut tell)?.file)
        }
        Task::Types => {
            let data = Data::read(folder, "train")?;
            let scores = types::cross_validate(&data, seed, types::RECIPE, &mut tell);
            Ok(types::train(&data, seed, made, &scores, &mut tell)?.file)
        }
        Task::Severity => {
            tell("severity: ten folds, then all");
            Ok(severity::train(folder, "1", made)?)
        }
        Task::Flaw => Ok(cve::train(folder, "1", made, progress)?),
        Task::Stories => {
            tell("stories: each window left out, then all");
            train_stories(folder, made)
        }
        Task::Names => train_names(folder, made, progress),
    }
}

fn train_stories(folder: &Path, made: &str) -> Result<Vec<u8>, TaskError> {
    let path = folder.join("news/train.jsonl");
    let rows: Vec<stories::Row> = read_jsonl(&path)?;
    let rows: Vec<&stories::Row> = rows.iter().collect();
    let held = stories::cross_validate(&rows)?;
    let mean = held.values().map(|scores| scores.f1).sum::<f64>() / held.len().max(1) as f64;
    let scores = BTreeMap::from([("b_cubed_f1_left_out".to_owned(), mean)]);
    Ok(stories::train(
        &rows,
        made,
        &fingerprint(&[path])?,
        &scores,
    )?)
}

/// News is measured by a model that never saw a fifth of its stories; the file then
/// learns from all of them.
fn train_names(
    folder: &Path,
    made: &str,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Vec<u8>, TaskError> {
    let gazetteer = Gazetteer::shipped();
    let settings = Settings::default();
    let all = names::documents(folder, 1)?;
    let swaps = names::Swaps::read(folder, gazetteer)?;
    let lexicon = names::Lexicon::learn(&names::texts(folder)?, &all, 7);
    let (rest, held) = names::hold_news_back(&all);
    let train = |documents: &[names::corpus::Labelled], name: &'static str| {
        let tell = |seed: u64, epoch: usize| {
            progress(&format!("names, {name}: seed {seed}, round {epoch}"));
        };
        names::train(documents, &swaps, &lexicon, gazetteer, &settings, &tell)
    };
    let learned = train(&rest, "measured");
    let bytes = names::file(&learned, &lexicon, made, "", &BTreeMap::new());
    let model = Model::read(&Weights::open(bytes.clone())?)?;
    let mut scores = BTreeMap::new();
    for (name, found) in names::evaluate_dev(folder, gazetteer, &model)? {
        scores.insert(name, found.all.f1());
    }
    let found = names::evaluate(&held, gazetteer, &model);
    scores.insert("news, held back".to_owned(), found.all.f1());
    let context = Context::new(&[]).using(Models::default().with(bytes)?.into());
    let found = names::evaluate_analysis(&held, &context);
    scores.insert(
        "news, held back, by the analysis".to_owned(),
        found.all.f1(),
    );
    Ok(names::file(
        &train(&all, "shipped"),
        &lexicon,
        made,
        &fingerprint(&names::sets(folder))?,
        &scores,
    ))
}

/// How a model does.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// What it decides.
    pub task: Task,
    /// What it was measured on: `dev`, `feedback`.
    pub on: String,
    /// Figures by name.
    pub measures: BTreeMap<String, f64>,
    /// Which class was given for which: of news and their kinds, of pairs of items, of
    /// names as the analysis gives them.
    pub confusion: Option<Confusion>,
    /// How often what was said came true, where chances are given.
    pub calibration: Vec<Bin>,
    /// Figures by label: precision, recall, F1.
    pub labels: BTreeMap<String, [f64; 3]>,
    /// The worst errors, a line each.
    pub worst: Vec<String>,
}

impl Report {
    /// A report without figures.
    #[must_use]
    pub fn new(task: Task, on: &str) -> Self {
        Self {
            task,
            on: on.to_owned(),
            measures: BTreeMap::new(),
            confusion: None,
            calibration: Vec::new(),
            labels: BTreeMap::new(),
            worst: Vec::new(),
        }
    }

    fn measure(&mut self, name: &str, figure: f64) {
        let rounded = (figure * 1e4).round() / 1e4;
        self.measures.insert(name.to_owned(), rounded);
    }
}

/// Measures the file of a task on what people said.
///
/// # Errors
///
/// The task learns from no feedback, or the file cannot be used.
pub fn evaluate_on_feedback(
    task: Task,
    file: &[u8],
    lessons: &[Lesson],
) -> Result<Report, RetrainError> {
    let measured = retrain::measure(task, file, lessons)?;
    let mut report = Report::new(task, "feedback");
    report.measure("labels", measured.labels as f64);
    report.measure("log_loss", measured.marks.log_loss);
    report.measure("error", measured.marks.error);
    report.confusion = measured.confusion;
    report.calibration = measured.calibration;
    report.worst = measured.worst;
    Ok(report)
}

/// Measures the file of a task on the dev parts of the sets in `folder`. What else
/// the analysis needs is the shipped models.
///
/// # Errors
///
/// See [`TaskError`].
pub fn evaluate(task: Task, folder: &Path, file: &[u8]) -> Result<Report, TaskError> {
    let mut report = Report::new(task, "dev");
    let context = || -> Result<Context, TaskError> {
        let models = Models::shipped().with(file.to_vec())?;
        Ok(Context::new(&[]).using(models.into()))
    };
    match task {
        Task::Relevance => {
            let scores = relevance::evaluate(file, &Data::read(folder, "dev")?)?;
            for (name, figure) in scores.named() {
                report.measure(&name, figure);
            }
            report.measure("hindi_auc", scores.hindi_auc);
            report.confusion = scores.confusion;
            report.calibration = scores.calibration;
            report.worst = scores.worst;
        }
        Task::Types => {
            let scores = types::evaluate(file, &Data::read(folder, "dev")?)?;
            for (name, figure) in scores.named() {
                report.measure(&name, figure);
            }
            for (set, tallies) in [("news", &scores.news), ("lines", &scores.lines)] {
                for (kind, tally) in tallies {
                    let figures = [tally.precision(), tally.recall(), tally.f1()];
                    report.labels.insert(format!("{set}, {kind}"), figures);
                }
            }
            report.confusion = scores.confusion;
            report.calibration = scores.calibration;
            report.worst = scores.worst;
        }
        Task::Severity => {
            let rows = severity::rows(&folder.join("news/dev.jsonl"))?;
            let measured = severity::measure(&rows, &context()?)?;
            report.measure("accuracy_by_story", measured.by_story);
            report.measure("accuracy_by_story_as_defined", measured.as_defined);
            report.measure("accuracy_by_item", measured.by_item);
            report.measure("within_one_band_by_story", measured.near);
            report.measure("calibration_error", measured.calibration_error);
            report.calibration = measured.calibration;
            report.confusion = Some(measured.bands);
            report.worst = measured.worst.into_iter().take(TOLD).collect();
        }
        Task::Flaw => {
            let rows = cve::rows(&folder.join("cve_severity/dev.jsonl.gz"))?;
            let measured = cve::measure(&rows, &context()?).map_err(cve::CveError::from)?;
            report.measure("band_accuracy", measured.bands.accuracy());
            report.measure("band_macro_f1", measured.band_f1);
            report.measure("score_error", measured.error);
            report.measure("recognised", measured.recognised);
            report.measure("weakness_right", measured.weakness.0);
            report.measure("weakness_named", measured.weakness.1);
            report.measure("weakness_found", measured.weakness_found);
            report.measure("product_right", measured.product);
            let mut attacks = Tally::default();
            for (class, tally) in &measured.attacks {
                if cve::is_impact(*class) {
                    continue;
                }
                let figures = [tally.precision(), tally.recall(), tally.f1()];
                report.labels.insert(format!("attack, {class}"), figures);
                attacks.merge(*tally);
            }
            report.measure("attack_right", attacks.precision());
            report.measure("attack_found", attacks.recall());
            for (metric, right) in METRICS.iter().zip(measured.metrics) {
                report.measure(&format!("metric_{metric}"), right);
            }
            report.measure("calibration_error", measured.calibration_error);
            report.calibration = measured.calibration;
            report.confusion = Some(measured.bands);
            let worst = measured.worst.into_iter().take(TOLD);
            report.worst = worst
                .map(|(away, text)| format!("{away:.1} away: {text}"))
                .collect();
        }
        Task::Stories => {
            let rows: Vec<stories::Row> = read_jsonl(&folder.join("news/dev.jsonl"))?;
            let model = StoryModel::read(&Weights::open(file.to_vec())?)?;
            let rows: Vec<&stories::Row> = rows.iter().collect();
            report.confusion = Some(stories::pairs(&rows, &model));
            report.worst = stories::worst(&rows, &model);
            report.worst.truncate(TOLD);
            for (window, scores) in stories::evaluate(&rows, &model) {
                let window = if window.is_empty() { "all" } else { &window };
                report.measure(&format!("{window}_b_cubed_f1"), scores.f1);
                report.measure(
                    &format!("{window}_duplicates_removed"),
                    scores.duplicates_removed,
                );
                report.measure(&format!("{window}_wrongly_merged"), scores.wrongly_merged);
            }
        }
        Task::Names => {
            let model = Model::read(&Weights::open(file.to_vec())?)?;
            for (name, found) in names::evaluate_dev(folder, Gazetteer::shipped(), &model)? {
                report.measure(&format!("{name}: F1"), found.all.f1());
                for (kind, tally) in &found.by_kind {
                    let figures = [tally.precision(), tally.recall(), tally.f1()];
                    report.labels.insert(format!("{name}: {kind:?}"), figures);
                }
                let worst = found.worst(2).into_iter();
                report
                    .worst
                    .extend(worst.map(|(error, times)| format!("{name}: {times} × {error}")));
            }
            let mut all = names::score::Scores::default();
            for set in names::corpus::MEASURED {
                let dev = names::corpus::sentences(folder, set, "dev", || 1)?;
                let found = names::evaluate_analysis(&dev, &context()?);
                let set = names::corpus::written(set);
                report.measure(&format!("{set}, by the analysis: F1"), found.all.f1());
                all.merge(found);
            }
            // A name is given without a chance: there is nothing to calibrate.
            report.confusion = Some(all.confusion());
        }
    }
    Ok(report)
}

/// Of CVSS 3.1, in their order.
const METRICS: [&str; 8] = ["AV", "AC", "PR", "UI", "S", "C", "I", "A"];

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} on {}", self.task.word(), self.on)?;
        for (name, figure) in &self.measures {
            writeln!(f, "  {name:44} {figure:.3}")?;
        }
        if let Some(confusion) = &self.confusion {
            writeln!(f, "{confusion}")?;
        }
        for bin in &self.calibration {
            let Bin { count, said, was } = bin;
            writeln!(f, "  said {said:.2}, was {was:.2} ({count} texts)")?;
        }
        for (label, [precision, recall, f1]) in &self.labels {
            writeln!(
                f,
                "  {label:44} precision {precision:.2} recall {recall:.2} F1 {f1:.2}"
            )?;
        }
        if !self.worst.is_empty() {
            writeln!(f, "  worst:")?;
        }
        for line in &self.worst {
            writeln!(f, "    {line}")?;
        }
        Ok(())
    }
}
