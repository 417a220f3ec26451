//! Learns to read descriptions of flaws: the CVSS vector, metric by metric, the
//! band, the class of weakness; and measures it through the pipeline.
//!
//! Who scored a CVE tells more of its score than a reader would like: the same
//! sentence is Medium with one vendor and Critical with the next. Older records,
//! scored by NVD alone, therefore count less than those the numbering authorities
//! scored. A hidden layer, longer word groups and more words lowered no error.

mod measure;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use model::{CweId, IdError, Markup, Severity};
use serde::Deserialize;
use understand::flaw::{self, FIRST_WEAKNESS, vector};
use understand::{Context, Document, Models};

pub use measure::{Measured, is_impact, measure, mistaken};

use crate::data::{self, DataError};
use crate::file::{Writer, to_bytes};
use crate::softmax::{Example, Fitted, Pace, fit};

/// Words and pairs the model knows: the most frequent. 70,000 were no better.
const WORDS: usize = 40_000;

/// Classes of weakness it tells apart; the rest is one class.
const WEAKNESSES: usize = 40;

/// How much a record scored by NVD counts beside one scored by its authority.
const NVD_WEIGHT: f32 = 0.3;

/// How far vectors are lifted to what they were seen: 1 would be all the way.
const LIFT: f64 = 0.3;

/// How much the direct judgement of the band counts.
const SHARE: f32 = 0.4;

/// Ten passes at a small step: more learns the scorers' moods by heart.
const PACE: Pace = Pace {
    passes: 10,
    step: 0.1,
};

/// Texts of each other set that show what is no description of a flaw.
const OTHERS: usize = 6_000;

/// The newest of so many records are held back to measure what the file tells of itself.
const HELD_BACK: usize = 20;

/// One CVE with its text.
#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    /// The CVE's id.
    pub id: String,
    /// `nvd` or `vulnrichment`.
    pub src: String,
    /// The title; often none.
    pub title: Option<String>,
    /// The description.
    pub text: String,
    /// The band as scored.
    pub sev: Option<String>,
    /// The score.
    pub score: Option<f32>,
    /// The day it was published: `2024-05-31`.
    #[serde(default)]
    pub date: String,
    /// The vector.
    pub vector: Option<String>,
    /// Classes of weakness.
    #[serde(default)]
    pub cwe: Vec<String>,
    /// Vendors and their products.
    #[serde(default)]
    pub vendor_product: Vec<(Option<String>, Option<String>)>,
}

#[derive(Debug, Deserialize)]
struct Other {
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    text: Option<String>,
}

impl Row {
    fn band(&self) -> Option<Severity> {
        self.sev.as_deref()?.parse().ok()
    }

    fn levels(&self) -> Option<vector::Levels> {
        vector::read(self.vector.as_deref()?)
    }

    fn weakness(&self) -> Option<u32> {
        self.cwe.first()?.strip_prefix("CWE-")?.parse().ok()
    }

    fn weaknesses(&self) -> impl Iterator<Item = CweId> {
        let numbers = self.cwe.iter().filter_map(|cwe| cwe.strip_prefix("CWE-"));
        numbers.filter_map(|number| number.parse().ok().map(CweId))
    }

    /// Vendor and product, where the record says. The Linux kernel's own records say
    /// "Linux" everywhere and name parts of it in the text: nothing to measure.
    fn products(&self) -> Vec<(&str, &str)> {
        self.vendor_product
            .iter()
            .filter_map(|(vendor, product)| Some((vendor.as_deref()?, product.as_deref()?)))
            .filter(|(vendor, product)| *product != "n/a" && *vendor != "Linux")
            .collect()
    }

    fn weight(&self) -> f32 {
        if self.src == "nvd" { NVD_WEIGHT } else { 1.0 }
    }
}

/// Why the model could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CveError {
    /// A set could not be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The weights could not be written.
    #[error(transparent)]
    Header(#[from] serde_json::Error),
    /// What was written could not be read.
    #[error(transparent)]
    Model(#[from] understand::weights::WeightsError),
    /// A name was refused.
    #[error(transparent)]
    Name(#[from] IdError),
}

/// The rows of a set of CVEs.
///
/// # Errors
///
/// If it cannot be read.
pub fn rows(path: &Path) -> Result<Vec<Row>, CveError> {
    Ok(data::read_jsonl(path)?)
}

/// Learns the model from the sets in `folder` and writes its file, with the scores of
/// one that never saw the newest records. `progress` hears of both.
///
/// # Errors
///
/// If a set cannot be read.
pub fn train(
    folder: &Path,
    version: &str,
    made: &str,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Vec<u8>, CveError> {
    let path = folder.join("cve_severity/train.jsonl.gz");
    let others = [
        folder.join("news/train.jsonl"),
        folder.join("relevance/train.jsonl.gz"),
    ];
    let rows = rows(&path)?;
    let not_flaws = not_flaws(&others)?;
    progress("flaw: without the newest records, to be measured on them");
    let (older, newer) = by_age(&rows);
    let file = learn(&older, &not_flaws, "measured", "", "")?.finish()?;
    let models = Models::default().with(file)?;
    let measured = measure(&newer, &Context::new(&[]).using(models.into()))?;
    progress("flaw: eight metrics, bands and weaknesses");
    let sets: Vec<_> = std::iter::once(path).chain(others).collect();
    let mut writer = learn(&rows, &not_flaws, version, made, &data::fingerprint(&sets)?)?;
    writer.scores(BTreeMap::from([
        ("band_accuracy".to_owned(), measured.bands.accuracy()),
        ("band_macro_f1".to_owned(), measured.band_f1),
        ("score_error".to_owned(), measured.error),
    ]));
    Ok(writer.finish()?)
}

/// The newest records apart: flaws are to be read that nobody has described yet.
fn by_age(rows: &[Row]) -> (Vec<Row>, Vec<Row>) {
    let mut dates: Vec<&str> = rows.iter().map(|row| row.date.as_str()).collect();
    dates.sort_unstable();
    let at = dates.len() - dates.len() / HELD_BACK;
    let first = dates.get(at).copied().unwrap_or_default();
    let is_older = |row: &Row| first.is_empty() || row.date.as_str() < first;
    rows.iter().cloned().partition(is_older)
}

/// The words of texts that describe no flaw.
fn not_flaws(paths: &[PathBuf]) -> Result<Vec<Vec<u32>>, CveError> {
    let mut texts = Vec::new();
    for path in paths {
        let others: Vec<Other> = data::read_jsonl(path)?;
        let step = (others.len() / OTHERS).max(1);
        texts.extend(others.iter().step_by(step).map(|other| {
            words_of(
                other.title.as_deref(),
                other.text.as_deref().unwrap_or_default(),
            )
        }));
    }
    Ok(texts)
}

fn learn(
    rows: &[Row],
    not_flaws: &[Vec<u32>],
    version: &str,
    made: &str,
    fingerprint: &str,
) -> Result<Writer, CveError> {
    let mut texts: Vec<Vec<u32>> = rows
        .iter()
        .map(|row| words_of(row.title.as_deref(), &row.text))
        .collect();
    texts.extend_from_slice(not_flaws);
    let vocabulary = Vocabulary::of(&texts, rows.len());
    let encoded: Vec<Vec<(u32, f32)>> = texts.iter().map(|text| vocabulary.encode(text)).collect();
    let weaknesses = frequent_weaknesses(rows);

    let jobs = jobs(rows, &encoded, &weaknesses);
    let columns = vocabulary.keys.len();
    let fitted: Vec<Fitted> = std::thread::scope(|scope| {
        let handles: Vec<_> = jobs
            .iter()
            .map(|job| scope.spawn(|| fit(&job.examples, columns, job.classes, PACE, 1)))
            .collect();
        handles
            .into_iter()
            .filter_map(|handle| handle.join().ok())
            .collect()
    });
    let outputs: usize = FIRST_WEAKNESS + weaknesses.len() + 1;
    // By output, then word.
    let mut weights: Vec<Vec<f32>> = Vec::with_capacity(outputs);
    let mut bias: Vec<f32> = Vec::with_capacity(outputs);
    for (job, fitted) in jobs.iter().zip(&fitted) {
        for class in 0..job.classes {
            let of = |column| fitted.weight(column, class);
            if !job.binary {
                weights.push((0..columns).map(of).collect());
                bias.push(fitted.bias(class));
            } else if class == 1 {
                // Two classes are one sum: that of yes less that of no.
                let no = |column| fitted.weight(column, 0);
                weights.push((0..columns).map(|column| of(column) - no(column)).collect());
                bias.push(fitted.bias(1) - fitted.bias(0));
            }
        }
    }

    let mut scales = vec![vocabulary.scale];
    let mut columns_of: Vec<Vec<i8>> = Vec::with_capacity(outputs);
    for output in &weights {
        let (bytes, scale) = to_bytes(output);
        scales.push(scale);
        columns_of.push(bytes);
    }
    let mut table: Vec<u8> = Vec::with_capacity(columns * (outputs + 1));
    for (column, idf) in vocabulary.idf.iter().enumerate() {
        table.push(*idf);
        for output in &columns_of {
            table.push(
                output
                    .get(column)
                    .copied()
                    .unwrap_or_default()
                    .cast_unsigned(),
            );
        }
    }
    let mut writer = Writer::new("flaw", version, made, fingerprint);
    writer
        .count("texts", texts.len())
        .count("words", columns)
        .count("outputs", outputs)
        .section("keys", &vocabulary.keys)
        .section("rows", &table)
        .section("scales", &scales)
        .section("bias", &bias)
        .section("weaknesses", &weaknesses)
        .section("lifts", &lifts(rows))
        .section("share", &[SHARE]);
    Ok(writer)
}

fn words_of(title: Option<&str>, text: &str) -> Vec<u32> {
    let document = Document::new(title.unwrap_or_default(), text, Markup::Plain);
    flaw::words_of(&document)
}

/// The known words, by hash, with what each counts.
struct Vocabulary {
    keys: Vec<u32>,
    /// In steps of `scale`.
    idf: Vec<u8>,
    scale: f32,
}

impl Vocabulary {
    /// The most frequent words of the first `count` texts.
    fn of(texts: &[Vec<u32>], count: usize) -> Self {
        let mut known: HashMap<u32, usize> = HashMap::new();
        for word in texts.iter().take(count).flatten() {
            *known.entry(*word).or_default() += 1;
        }
        let mut known: Vec<(u32, usize)> = known.into_iter().collect();
        known.sort_unstable_by_key(|(word, texts)| (std::cmp::Reverse(*texts), *word));
        known.truncate(WORDS);
        known.sort_unstable();
        // The root of the logarithm: rare words are surer, not much surer.
        let idf: Vec<f32> = known
            .iter()
            .map(|(_, texts)| (count as f32 / *texts as f32).ln().max(0.01).sqrt())
            .collect();
        let scale = idf.iter().copied().fold(f32::MIN_POSITIVE, f32::max) / 255.0;
        Self {
            keys: known.iter().map(|(word, _)| *word).collect(),
            idf: idf
                .iter()
                .map(|idf| (idf / scale).round().max(1.0) as u8)
                .collect(),
            scale,
        }
    }

    /// The known words of a text, scaled to length one.
    fn encode(&self, text: &[u32]) -> Vec<(u32, f32)> {
        let mut row: Vec<(u32, f32)> = text
            .iter()
            .filter_map(|word| self.keys.binary_search(word).ok())
            .map(|at| {
                let idf = self.idf.get(at).copied().unwrap_or_default();
                (u32::try_from(at).unwrap_or(u32::MAX), f32::from(idf))
            })
            .collect();
        let length = row
            .iter()
            .map(|(_, value)| value * value)
            .sum::<f32>()
            .sqrt();
        for (_, value) in &mut row {
            *value /= length.max(f32::MIN_POSITIVE);
        }
        row
    }
}

/// One thing to learn.
struct Job<'a> {
    examples: Vec<Example<'a>>,
    classes: usize,
    binary: bool,
}

/// In the order of the model's outputs: the metrics, the band, whether it is a
/// description, the weakness.
fn jobs<'a>(rows: &[Row], encoded: &'a [Vec<(u32, f32)>], weaknesses: &[u32]) -> Vec<Job<'a>> {
    let of = |label: &dyn Fn(&Row) -> Option<usize>, classes| Job {
        examples: rows
            .iter()
            .zip(encoded)
            .filter_map(|(row, text)| {
                Some(Example {
                    row: text,
                    class: label(row)?,
                    weight: row.weight(),
                })
            })
            .collect(),
        classes,
        binary: false,
    };
    let mut jobs: Vec<Job<'a>> = Vec::new();
    for (metric, classes) in [4, 2, 3, 2, 2, 3, 3, 3].into_iter().enumerate() {
        let level = move |row: &Row| row.levels()?.get(metric).copied().map(usize::from);
        jobs.push(of(&level, classes));
    }
    jobs.push(of(&|row| Some(row.band()? as usize), 4));
    jobs.push(Job {
        examples: encoded
            .iter()
            .enumerate()
            .map(|(index, row)| Example {
                row,
                class: usize::from(index < rows.len()),
                weight: 1.0,
            })
            .collect(),
        classes: 2,
        binary: true,
    });
    let class = |row: &Row| {
        let cwe = row.weakness()?;
        let at = weaknesses.iter().position(|known| *known == cwe);
        Some(at.unwrap_or(weaknesses.len()))
    };
    jobs.push(of(&class, weaknesses.len() + 1));
    jobs
}

fn frequent_weaknesses(rows: &[Row]) -> Vec<u32> {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for cwe in rows.iter().filter_map(Row::weakness) {
        *counts.entry(cwe).or_default() += 1;
    }
    let mut counts: Vec<(u32, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(cwe, count)| (std::cmp::Reverse(*count), *cwe));
    counts
        .into_iter()
        .take(WEAKNESSES)
        .map(|(cwe, _)| cwe)
        .collect()
}

/// How much more often each vector was seen than its metrics say.
fn lifts(rows: &[Row]) -> Vec<f32> {
    let mut seen = vec![0.0_f64; vector::VECTORS];
    let mut single = [[0.0_f64; 4]; 8];
    let mut all = 0.0;
    for (levels, weight) in rows
        .iter()
        .filter_map(|row| Some((row.levels()?, f64::from(row.weight()))))
    {
        if let Some(count) = seen.get_mut(vector::number(&levels)) {
            *count += weight;
        }
        for (counts, level) in single.iter_mut().zip(levels) {
            if let Some(count) = counts.get_mut(usize::from(level)) {
                *count += weight;
            }
        }
        all += weight;
    }
    seen.iter()
        .enumerate()
        .map(|(number, seen)| {
            let alone: f64 = single
                .iter()
                .zip(vector::levels(number))
                .map(|(counts, level)| {
                    counts.get(usize::from(level)).copied().unwrap_or_default() / all
                })
                .product();
            // Half a record each for what was never seen.
            let together = (seen + 0.5) / (all + vector::VECTORS as f64 / 2.0);
            (together / alone.max(1e-12)).powf(LIFT) as f32
        })
        .collect()
}
