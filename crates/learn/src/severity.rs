//! Learns how grave an event is from labelled news, and measures it through the
//! pipeline.
//!
//! A multinomial logistic regression over the words of a text and the signs in it.
//! A story of thirty items is one story: its items share one weight, here as in what
//! is measured. The words of names are left out of training: cross-validated it is
//! as good, and it cannot learn that what befalls one victim is grave. A second
//! model with bounded weights, bands in order, mixed in, lowered the result by one
//! to three in a hundred beside the words.
//!
//! Our four readers differ on one habit: to one of them a law firm's notice about a
//! breach is low, to three as grave as the breach. By the definition of the bands it
//! is aftermath, and so it is learned; against those three readers' labels that costs
//! two to three in a hundred, measured as they stand.

use std::collections::BTreeMap;
use std::path::Path;

use model::{Markup, Severity};
use serde::Deserialize;
use understand::features::{Terms, WORD_BUCKETS};
use understand::severity::signs::{self, COUNT};
use understand::severity::{BANDS, values};
use understand::{Context, Document, Models, understand};

use crate::cve::CveError;
use crate::data;
use crate::file::Writer;
use crate::folds::folds;
use crate::lbfgs::{Stop, minimise};
use crate::linear::{self, Space};
use crate::logistic::Fitted;
use crate::measure::{Bin, Confusion, calibration, calibration_error};

/// How much errors count beside the length of the weights. Two and eight were
/// alike.
const STRENGTH: f64 = 4.0;

/// What a text weighs that stands in once more without its words: so that the signs
/// alone decide well where the words are of a language that training lacks.
const WORDLESS: f64 = 0.25;

/// Enough for weights that no longer move.
const STOP: Stop = Stop {
    steps: 150,
    gradient: 1e-4,
};

/// Folds of the cross-validation.
const FOLDS: usize = 10;

/// A labelled item of news.
#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    /// Its name.
    pub id: String,
    /// The headline.
    #[serde(default)]
    pub title: String,
    /// The text under it.
    #[serde(default)]
    pub text: String,
    /// The band; none for items that do not matter.
    pub severity: Option<String>,
    /// The event it reports, if others report it, too.
    pub story: Option<String>,
    /// What is named, with its kind; none where nobody looked.
    #[serde(default)]
    pub entities: Vec<(String, String)>,
}

impl Row {
    fn band(&self) -> Option<Severity> {
        self.severity.as_deref()?.parse().ok()
    }

    /// By the definition of the bands, which one reader of four keeps to: a law firm's
    /// notice about a breach is aftermath.
    fn defined(&self) -> Option<Severity> {
        let document = Document::new(&self.title, &self.text, Markup::Plain);
        let band = self.band()?;
        let is_notice = signs::is_law_firms_notice(&signs::of(&document));
        Some(if is_notice { Severity::Low } else { band })
    }

    /// A text of this row without the names in it.
    fn nameless(&self, text: &str) -> String {
        let mut names: Vec<&str> = self
            .entities
            .iter()
            .map(|(_, name)| name.as_str())
            .collect();
        names.retain(|name| name.len() > 2);
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        let mut text = text.to_owned();
        for name in names {
            text = without(&text, name);
        }
        text
    }
}

/// A text without a name, where it stands as words of its own.
fn without(text: &str, name: &str) -> String {
    let mut left = String::with_capacity(text.len());
    let mut done = 0;
    for (at, _) in text.match_indices(name) {
        let (before, end) = (text.get(..at).unwrap_or_default(), at + name.len());
        let after = text.get(end..).unwrap_or_default();
        if !before.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric) {
            left.push_str(text.get(done..at).unwrap_or_default());
            done = end;
        }
    }
    left.push_str(text.get(done..).unwrap_or_default());
    left
}

/// A row ready for learning.
struct Example {
    terms: Terms,
    /// By sign.
    signs: Vec<f32>,
    band: usize,
    weight: f64,
}

/// The labelled rows of a set.
///
/// # Errors
///
/// If it cannot be read.
pub fn rows(path: &Path) -> Result<Vec<Row>, CveError> {
    let mut rows: Vec<Row> = data::read_jsonl(path)?;
    rows.retain(|row| row.band().is_some());
    Ok(rows)
}

/// Learns the model from `news/train.jsonl` in `folder` and writes its file.
///
/// # Errors
///
/// If the set cannot be read.
pub fn train(folder: &Path, version: &str, made: &str) -> Result<Vec<u8>, CveError> {
    let path = folder.join("news/train.jsonl");
    let rows = rows(&path)?;
    let measured = cross_validate(&rows)?;
    let examples = examples(&rows);
    let all: Vec<&Example> = examples.iter().collect();
    let mut writer = writer(&all, version, made, &data::fingerprint(&[path])?);
    writer.scores(BTreeMap::from([
        (
            "accuracy by story, cross-validated".to_owned(),
            measured.by_story,
        ),
        (
            "accuracy by story, law firms' notices low, cross-validated".to_owned(),
            measured.as_defined,
        ),
        (
            "accuracy by item, cross-validated".to_owned(),
            measured.by_item,
        ),
    ]));
    Ok(writer.finish()?)
}

fn examples(rows: &[Row]) -> Vec<Example> {
    let sizes = story_sizes(rows);
    rows.iter()
        .filter_map(|row| {
            let size = row
                .story
                .as_ref()
                .and_then(|story| sizes.get(story.as_str()));
            Some(Example {
                terms: Terms::of(&Document::new(
                    &row.nameless(&row.title),
                    &row.nameless(&row.text),
                    Markup::Plain,
                )),
                signs: values(&signs::of(&Document::new(
                    &row.title,
                    &row.text,
                    Markup::Plain,
                ))),
                band: row.defined()? as usize,
                weight: 1.0 / *size.unwrap_or(&1) as f64,
            })
        })
        .collect()
}

fn story_sizes(rows: &[Row]) -> BTreeMap<&str, usize> {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for story in rows.iter().filter_map(|row| row.story.as_deref()) {
        *sizes.entry(story).or_default() += 1;
    }
    sizes
}

fn writer(examples: &[&Example], version: &str, made: &str, fingerprint: &str) -> Writer {
    let space = Space::of(examples.iter().map(|example| &example.terms));
    let joining = Terms::joining_words();
    let mut lessons = Vec::with_capacity(2 * examples.len());
    for example in examples {
        let signs = (WORD_BUCKETS as u32..).zip(example.signs.iter().copied());
        let signs: Vec<(u32, f32)> = signs.filter(|(_, value)| *value > 0.0).collect();
        let mut row = space.terms(&example.terms, WORD_BUCKETS);
        row.retain(|(bucket, _)| !joining.contains(bucket));
        row.extend(&signs);
        for (row, weight) in [(row, 1.0), (signs, WORDLESS)] {
            lessons.push(Lesson {
                row,
                band: example.band,
                weight: weight * example.weight,
            });
        }
    }
    let mut writer = Writer::new("severity", version, made, fingerprint);
    writer.count("texts", examples.len());
    linear::write_first(&mut writer, &space, &fit(&lessons), WORD_BUCKETS);
    writer
}

/// What is learned from: columns with their values, and the right band.
struct Lesson {
    row: Vec<(u32, f32)>,
    band: usize,
    weight: f64,
}

/// A sum a band.
fn fit(lessons: &[Lesson]) -> Vec<Fitted> {
    const COLUMNS: usize = WORD_BUCKETS + COUNT;
    // By column, then band; the last row is the bias.
    let mut weights = vec![0.0; (COLUMNS + 1) * BANDS];
    minimise(&mut weights, STOP, |weights, gradient| {
        let mut loss = 0.0;
        for (at, (slope, weight)) in gradient.iter_mut().zip(weights).enumerate() {
            // The bias is as good as free.
            let price = if at < COLUMNS * BANDS { 1.0 } else { 1e-3 };
            *slope = price * weight;
            loss += 0.5 * price * weight * weight;
        }
        for lesson in lessons {
            let entries = || {
                let bias = (COLUMNS as u32, 1.0_f32);
                lesson.row.iter().copied().chain([bias])
            };
            let mut sums = [0.0_f64; BANDS];
            for (column, value) in entries() {
                let at = column as usize * BANDS;
                let weights = weights.get(at..at + BANDS).unwrap_or_default();
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    *sum += f64::from(value) * weight;
                }
            }
            let most = sums.iter().copied().fold(f64::MIN, f64::max);
            let all: f64 = sums.iter().map(|sum| (sum - most).exp()).sum();
            let chances = sums.map(|sum| (sum - most).exp() / all);
            let factor = STRENGTH * lesson.weight;
            let right = chances.get(lesson.band).copied().unwrap_or(1.0);
            loss -= factor * right.max(1e-12).ln();
            for (column, value) in entries() {
                let at = column as usize * BANDS;
                let slopes = gradient.get_mut(at..at + BANDS).unwrap_or_default();
                for (band, (slope, chance)) in slopes.iter_mut().zip(chances).enumerate() {
                    let right = f64::from(u8::from(band == lesson.band));
                    *slope += factor * f64::from(value) * (chance - right);
                }
            }
        }
        loss
    });
    (0..BANDS)
        .map(|band| {
            let of_band = || weights.iter().skip(band).step_by(BANDS);
            Fitted {
                weights: of_band()
                    .take(COLUMNS)
                    .map(|weight| *weight as f32)
                    .collect(),
                bias: of_band().nth(COLUMNS).copied().unwrap_or_default() as f32,
            }
        })
        .collect()
}

/// How well severity is judged.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Which band was given for which, by item.
    pub bands: Confusion,
    /// The share of right bands, each item counting once.
    pub by_item: f64,
    /// The same, each story counting once.
    pub by_story: f64,
    /// The same, law firms' notices taken as low whatever the reader said.
    pub as_defined: f64,
    /// Within one band, each story counting once.
    pub near: f64,
    /// How often the band that was given was right, by the chance the model gave it.
    pub calibration: Vec<Bin>,
    /// The mean distance of the two.
    pub calibration_error: f64,
    /// The worst errors.
    pub worst: Vec<String>,
}

/// What was wanted and given for one row.
struct Answer {
    wanted: usize,
    defined: usize,
    given: usize,
    /// The chance the model gave it; one without a model.
    chance: f32,
    /// Why it was given.
    says: String,
}

fn sum_up(rows: &[Row], answers: &[Answer]) -> Measured {
    let sizes = story_sizes(rows);
    let mut bands = Confusion::new(&["low", "medium", "high", "critical"]);
    let (mut right, mut as_defined, mut near, mut all) = (0.0, 0.0, 0.0, 0.0);
    let mut worst: Vec<(usize, String)> = Vec::new();
    for (row, answer) in rows.iter().zip(answers) {
        bands.add(answer.wanted, answer.given);
        let size = row
            .story
            .as_ref()
            .and_then(|story| sizes.get(story.as_str()));
        let weight = 1.0 / *size.unwrap_or(&1) as f64;
        let away = answer.wanted.abs_diff(answer.given);
        all += weight;
        right += if away == 0 { weight } else { 0.0 };
        as_defined += if answer.defined == answer.given {
            weight
        } else {
            0.0
        };
        near += if away <= 1 { weight } else { 0.0 };
        if away > 0 {
            let names = ["low", "medium", "high", "critical"];
            let name = |band: usize| names.get(band).copied().unwrap_or_default();
            let (wanted, given) = (name(answer.wanted), name(answer.given));
            worst.push((
                away,
                format!("{given} for {wanted}: {} [{}]", row.title, answer.says),
            ));
        }
    }
    worst.sort_by_key(|(away, _)| std::cmp::Reverse(*away));
    let said: Vec<(f32, bool)> = answers
        .iter()
        .map(|answer| (answer.chance, answer.given == answer.wanted))
        .collect();
    Measured {
        calibration: calibration(&said),
        calibration_error: calibration_error(&said),
        by_item: bands.accuracy(),
        bands,
        by_story: right / f64::max(all, 1e-9),
        as_defined: as_defined / f64::max(all, 1e-9),
        near: near / f64::max(all, 1e-9),
        worst: worst.into_iter().map(|(_, says)| says).collect(),
    }
}

/// Measures by cross-validation through the pipeline, stories kept together.
///
/// # Errors
///
/// If a model cannot be written and read.
pub fn cross_validate(rows: &[Row]) -> Result<Measured, CveError> {
    let keys: Vec<Option<&str>> = rows.iter().map(|row| row.story.as_deref()).collect();
    let fold_of = folds(&keys, FOLDS, 1);
    let examples = examples(rows);
    let mut answers: Vec<Option<Answer>> = rows.iter().map(|_| None).collect();
    for fold in 0..FOLDS {
        let inside = examples.iter().zip(&fold_of).filter(|(_, of)| **of != fold);
        let train: Vec<&Example> = inside.map(|(example, _)| example).collect();
        let file = writer(&train, "fold", "", "").finish()?;
        // Beside no other model: what is written must not hang on what was shipped.
        let models = Models::default().with(file).map_err(CveError::Model)?;
        let context = Context::new(&[]).using(models.into());
        for ((row, answer), of) in rows.iter().zip(&mut answers).zip(&fold_of) {
            if *of == fold {
                *answer = Some(ask(row, &context)?);
            }
        }
    }
    let answers: Vec<Answer> = answers.into_iter().flatten().collect();
    Ok(sum_up(rows, &answers))
}

/// Measures what the pipeline says with the models of a context.
///
/// # Errors
///
/// See [`data::item`].
pub fn measure(rows: &[Row], context: &Context) -> Result<Measured, CveError> {
    let answers: Result<Vec<Answer>, CveError> = rows.iter().map(|row| ask(row, context)).collect();
    Ok(sum_up(rows, &answers?))
}

fn ask(row: &Row, context: &Context) -> Result<Answer, CveError> {
    let item = data::item(&row.id, Some(&row.title), &row.text)?;
    let analysis = understand(&item, context);
    let given = analysis.severity.severity as usize;
    let document = Document::new(&row.title, &row.text, Markup::Plain);
    let chances = context
        .models()
        .event()
        .map(|model| model.chances(&Terms::of(&document), &signs::of(&document)));
    Ok(Answer {
        chance: chances.map_or(1.0, |chances| {
            chances.get(given).copied().unwrap_or_default()
        }),
        wanted: row.band().map_or(0, |band| band as usize),
        defined: row.defined().map_or(0, |band| band as usize),
        given,
        says: analysis.severity.reason.text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_left_out_where_they_are_words() {
        assert_eq!(
            without("Acme hit, AcmeCo not. Acme", "Acme"),
            " hit, AcmeCo not. "
        );
        assert_eq!(without("no such name", "Acme"), "no such name");
        assert_eq!(without("", ""), "");
    }
}
