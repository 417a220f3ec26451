//! Learns how grave an event is from labelled news, and measures it through the
//! pipeline.
//!
//! Two small models over the same signs: a multinomial logistic regression under
//! strong regularisation, and a proportional-odds model whose weights may move
//! severity only the way sense demands. A story of thirty items is one story: its
//! items share one weight, here as in what is measured.

use std::collections::BTreeMap;
use std::path::Path;

use model::{Markup, Severity};
use serde::Deserialize;
use understand::severity::signs::{self, COUNT, Sign};
use understand::{Context, Document, Models, understand};

use crate::cve::{self, CveError};
use crate::data;
use crate::file::Writer;
use crate::folds::folds;
use crate::lbfgs::{Stop, minimise};
use crate::measure::Confusion;

/// How much errors count beside the length of the weights.
const STRENGTH: f64 = 0.3;

/// How much the ordered model counts.
const SHARE: f32 = 0.3;

/// Enough for weights that no longer move.
const STOP: Stop = Stop {
    steps: 300,
    gradient: 1e-5,
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
}

impl Row {
    fn band(&self) -> Option<Severity> {
        self.severity.as_deref()?.parse().ok()
    }
}

/// A row ready for learning.
#[derive(Clone)]
struct Example {
    signs: Vec<Sign>,
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
    let mut writer = writer(
        &examples(&rows),
        version,
        made,
        &data::fingerprint(&[path])?,
    );
    writer.scores(BTreeMap::from([
        (
            "accuracy by story, cross-validated".to_owned(),
            measured.by_story,
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
                signs: signs::of(&Document::new(&row.title, &row.text, Markup::Plain)),
                band: row.band()? as usize,
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

fn writer(examples: &[Example], version: &str, made: &str, fingerprint: &str) -> Writer {
    let bands = fit_bands(examples);
    let (order, thresholds) = fit_order(examples);
    let narrow = |numbers: &[f64]| -> Vec<f32> { numbers.iter().map(|n| *n as f32).collect() };
    let mut writer = Writer::new("severity", version, made, fingerprint);
    writer
        .count("texts", examples.len())
        .section("bands", &narrow(&bands))
        .section("order", &narrow(&order))
        .section("thresholds", &narrow(&thresholds))
        .section("share", &[SHARE]);
    writer
}

/// By sign, then band; the last row is the bias.
fn fit_bands(examples: &[Example]) -> Vec<f64> {
    let mut weights = vec![0.0; (COUNT + 1) * 4];
    minimise(&mut weights, STOP, |weights, gradient| {
        let mut loss = 0.0;
        for (at, (slope, weight)) in gradient.iter_mut().zip(weights).enumerate() {
            // The bias is as good as free.
            let price = if at < COUNT * 4 { 1.0 } else { 1e-3 };
            *slope = price * weight;
            loss += 0.5 * price * weight * weight;
        }
        for example in examples {
            let rows = || example.signs.iter().map(|sign| sign.number).chain([COUNT]);
            let mut sums = [0.0_f64; 4];
            for row in rows() {
                for (sum, weight) in sums
                    .iter_mut()
                    .zip(weights.get(row * 4..).unwrap_or_default())
                {
                    *sum += weight;
                }
            }
            let most = sums.iter().copied().fold(f64::MIN, f64::max);
            let all: f64 = sums.iter().map(|sum| (sum - most).exp()).sum();
            let chances = sums.map(|sum| (sum - most).exp() / all);
            let factor = STRENGTH * example.weight;
            loss -= factor
                * chances
                    .get(example.band)
                    .copied()
                    .unwrap_or(1.0)
                    .max(1e-12)
                    .ln();
            for row in rows() {
                let slopes = gradient.get_mut(row * 4..row * 4 + 4).unwrap_or_default();
                for (band, (slope, chance)) in slopes.iter_mut().zip(chances).enumerate() {
                    let right = f64::from(u8::from(band == example.band));
                    *slope += factor * (chance - right);
                }
            }
        }
        loss
    });
    weights
}

/// By sign, and the thresholds. A weight that may only raise is a square, one that
/// may only lower the negative of one, so that minimising needs no bounds.
fn fit_order(examples: &[Example]) -> (Vec<f64>, [f64; 3]) {
    let ways: Vec<i8> = (0..COUNT).map(|number| signs::meaning(number).1).collect();
    let weight = |raw: f64, way: i8| match way {
        0 => raw,
        way => f64::from(way) * raw * raw,
    };
    let slope = |raw: f64, way: i8| match way {
        0 => 1.0,
        way => 2.0 * f64::from(way) * raw,
    };
    let thresholds = |raw: &[f64]| -> [f64; 3] {
        let at = |index: usize| raw.get(COUNT + index).copied().unwrap_or_default();
        let medium = at(0) + at(1).exp();
        [at(0), medium, medium + at(2).exp()]
    };
    let mut raw = vec![0.1; COUNT + 3];
    minimise(&mut raw, STOP, |raw, gradient| {
        gradient.fill(0.0);
        let weights: Vec<f64> = raw
            .iter()
            .zip(&ways)
            .map(|(raw, way)| weight(*raw, *way))
            .collect();
        let mut by_weight = weights.clone();
        let mut loss: f64 = weights.iter().map(|weight| 0.5 * weight * weight).sum();
        let limits = thresholds(raw);
        let mut by_limit = [0.0; 3];
        for example in examples {
            let sum: f64 = example
                .signs
                .iter()
                .filter_map(|sign| weights.get(sign.number))
                .sum();
            let below = limits.map(|limit| 1.0 / (1.0 + (sum - limit).exp()));
            let [low, medium, high] = below;
            let (upper, lower) = match example.band {
                0 => (low, 0.0),
                1 => (medium, low),
                2 => (high, medium),
                _ => (1.0, high),
            };
            let chance = (upper - lower).max(1e-9);
            let factor = STRENGTH * example.weight;
            loss -= factor * chance.ln();
            let steep = |below: f64| below * (1.0 - below);
            let by_sum = factor * (steep(upper) - steep(lower)) / chance;
            for sign in &example.signs {
                if let Some(slope) = by_weight.get_mut(sign.number) {
                    *slope += by_sum;
                }
            }
            if let Some(slope) = by_limit.get_mut(example.band) {
                *slope -= factor * steep(upper) / chance;
            }
            if let Some(slope) = example
                .band
                .checked_sub(1)
                .and_then(|b| by_limit.get_mut(b))
            {
                *slope += factor * steep(lower) / chance;
            }
        }
        for (((to, by), raw), way) in gradient.iter_mut().zip(&by_weight).zip(raw).zip(&ways) {
            *to = by * slope(*raw, *way);
        }
        let [low, medium, high] = by_limit;
        let gap = |index: usize| raw.get(COUNT + index).copied().unwrap_or_default().exp();
        let tail = [low + medium + high, (medium + high) * gap(1), high * gap(2)];
        for (to, slope) in gradient.iter_mut().skip(COUNT).zip(tail) {
            *to = slope;
        }
        loss
    });
    let limits = thresholds(&raw);
    let weights = raw
        .iter()
        .zip(&ways)
        .map(|(raw, way)| weight(*raw, *way))
        .collect();
    (weights, limits)
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
    /// Within one band, each story counting once.
    pub near: f64,
    /// The worst errors.
    pub worst: Vec<String>,
}

/// What was wanted and given for one row.
struct Answer {
    wanted: usize,
    given: usize,
    /// Why it was given.
    says: String,
}

fn sum_up(rows: &[Row], answers: &[Answer]) -> Measured {
    let sizes = story_sizes(rows);
    let mut bands = Confusion::new(&["low", "medium", "high", "critical"]);
    let (mut right, mut near, mut all) = (0.0, 0.0, 0.0);
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
    Measured {
        by_item: bands.accuracy(),
        bands,
        by_story: right / f64::max(all, 1e-9),
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
        let train: Vec<Example> = inside.map(|(example, _)| example.clone()).collect();
        let file = writer(&train, "fold", "", "").finish()?;
        let models = Models::shipped().with(file).map_err(CveError::Model)?;
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
/// See [`cve::item`].
pub fn measure(rows: &[Row], context: &Context) -> Result<Measured, CveError> {
    let answers: Result<Vec<Answer>, CveError> = rows.iter().map(|row| ask(row, context)).collect();
    Ok(sum_up(rows, &answers?))
}

fn ask(row: &Row, context: &Context) -> Result<Answer, CveError> {
    let item = cve::item(&row.id, Some(&row.title), &row.text)?;
    let analysis = understand(&item, context);
    Ok(Answer {
        wanted: row.band().map_or(0, |band| band as usize),
        given: analysis.severity.severity as usize,
        says: analysis.severity.reason.text,
    })
}
