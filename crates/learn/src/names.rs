//! The name model: labelled sets in, weights out, and how well they find names.
//!
//! The recipe is told in the model card. What made the difference: names of actors
//! and malware swapped for others of the lists, so that the words around a name are
//! learned and not the name; and kinds that a set never looked for left open.

pub mod clusters;
pub mod corpus;
mod lexicon;
mod measure;
pub mod perceptron;
pub mod score;
mod swaps;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use understand::names::{Gazetteer, LABELS, Model, Seen, buckets, is_legal};
use understand::weights::Weights;

pub use lexicon::Lexicon;
pub use measure::{
    cross_validate, evaluate, evaluate_analysis, evaluate_dev, find, find_by_analysis, hold_back,
    hold_news_back,
};
pub use swaps::Swaps;

use crate::data::{DataError, read_lines};
use crate::file::Writer;
use crate::random::Random;
use corpus::Labelled;
use perceptron::{Learned, Lessons, Settings};

/// A weight below this changes hardly a label.
const SMALLEST: f32 = 1.0;

/// What a weight of one is written as. Bytes were too small: cutting the few large
/// weights at 32 cost several points, and more the longer the training.
const SCALE: f32 = 16.0;

/// Sets whose texts are read without their labels: every row, or every third.
const UNLABELLED: [(&str, usize); 4] = [
    ("relevance", 1),
    ("incidents", 1),
    ("casie_spans", 1),
    ("cve_severity", 3),
];

/// Unlabelled texts of the sets, for clusters and for telling ordinary words.
///
/// # Errors
///
/// If a set cannot be read.
pub fn texts(folder: &Path) -> Result<Vec<String>, DataError> {
    #[derive(serde::Deserialize)]
    struct Row {
        #[serde(default)]
        title: String,
        text: String,
    }
    let mut texts = Vec::new();
    for (set, every) in UNLABELLED {
        // Some rows say NaN beside their text; what is no row is no text.
        let lines = read_lines(&folder.join(format!("{set}/train.jsonl.gz")))?;
        let rows = lines
            .iter()
            .step_by(every)
            .filter_map(|line| serde_json::from_str::<Row>(&line.replace(": NaN", ": null")).ok());
        texts.extend(rows.map(|row| format!("{}\n{}", row.title, row.text)));
    }
    for document in corpus::news(folder)? {
        texts.push(document.texts.join("\n"));
    }
    for set in corpus::SETS {
        for document in corpus::sentences(folder, set, "train", || 40)? {
            texts.push(document.texts.join("\n"));
        }
    }
    Ok(texts)
}

/// The sets that [`texts`] and [`documents`] read.
#[must_use]
pub fn sets(folder: &Path) -> Vec<PathBuf> {
    let labelled = corpus::SETS.map(|set| format!("ner_unified/train_{set}.conll.gz"));
    let unlabelled = UNLABELLED.map(|(set, _)| format!("{set}/train.jsonl.gz"));
    let all = labelled.into_iter().chain(unlabelled);
    all.chain(["news/train.jsonl".to_owned()])
        .map(|path| folder.join(path))
        .collect()
}

/// How often a word stands in lower case.
#[must_use]
pub fn lower_words(texts: &[String]) -> HashMap<String, u32> {
    let mut counts = HashMap::new();
    for text in texts {
        for word in text.split(|c: char| !c.is_alphanumeric()) {
            if word.chars().all(char::is_lowercase) && word.len() > 1 {
                *counts.entry(word.to_owned()).or_default() += 1;
            }
        }
    }
    counts
}

/// The documents to learn from: of the sets of sentences their training parts, cut
/// into documents of one to forty sentences, and the news.
///
/// # Errors
///
/// If a set cannot be read.
pub fn documents(folder: &Path, seed: u64) -> Result<Vec<Labelled>, DataError> {
    let mut random = Random::new(seed);
    let mut documents = Vec::new();
    for set in corpus::SETS {
        documents.extend(corpus::sentences(folder, set, "train", || {
            // A reader may be given single sentences or whole reports.
            if random.unit() < 0.3 {
                1
            } else {
                8 + random.below(33)
            }
        })?);
    }
    documents.extend(corpus::news(folder)?);
    Ok(documents)
}

/// Trains on these documents. Two seeds run at a time.
pub fn train(
    documents: &[Labelled],
    swaps: &Swaps,
    lexicon: &Lexicon,
    gazetteer: &Gazetteer,
    settings: &Settings,
    progress: &(dyn Fn(u64, usize) + Sync),
) -> Learned {
    let model = word_model(lexicon);
    let one = |seed: u64| {
        let mut random = Random::new(seed);
        let mut lessons = Lessons::default();
        let copies = |document: &Labelled| {
            if document.set == "news" {
                settings.news
            } else {
                1
            }
        };
        for document in documents
            .iter()
            .flat_map(|one| std::iter::repeat_n(one, copies(one)))
        {
            let mut add = |document: &Labelled, random: &mut Random| {
                let texts: Vec<&str> = document.texts.iter().map(String::as_str).collect();
                let mut seen = Seen::new(&texts, gazetteer, &model);
                if random.unit() < settings.genreless {
                    seen = seen.without_genre();
                }
                lessons.add(document, &seen, settings.empty, random);
            };
            add(document, &mut random);
            if random.unit() < settings.swapped
                && let Some(swapped) = swaps.swapped(document, &mut random)
            {
                add(&swapped, &mut random);
            }
        }
        perceptron::train(&lessons, settings, seed, |epoch| progress(seed, epoch))
    };
    // Two at a time: more would not fit small machines.
    let seeds: Vec<u64> = (1..=settings.seeds.max(1)).collect();
    let mut learned = Vec::new();
    for pair in seeds.chunks(2) {
        std::thread::scope(|scope| {
            let threads: Vec<_> = pair
                .iter()
                .map(|seed| scope.spawn(move || one(*seed)))
                .collect();
            for thread in threads {
                learned.extend(thread.join());
            }
        });
    }
    perceptron::mean(&learned)
}

fn word_model(lexicon: &Lexicon) -> Model {
    let nothing = Learned {
        weights: perceptron::ByFeature::default(),
        transitions: understand::names::legal_only(),
    };
    let bytes = file(&nothing, lexicon, "", "", &BTreeMap::new());
    Weights::open(bytes)
        .and_then(|file| Model::read(&file))
        .unwrap_or_default()
}

/// The model file.
#[must_use]
pub fn file(
    learned: &Learned,
    lexicon: &Lexicon,
    made: &str,
    fingerprint: &str,
    scores: &BTreeMap<String, f64>,
) -> Vec<u8> {
    let mut rows: Vec<(u32, Vec<(u8, i16)>)> = Vec::new();
    for (key, row) in &learned.weights {
        let weights: Vec<(u8, i16)> = (0_u8..)
            .zip(row.0)
            .filter(|(_, weight)| weight.abs() >= SMALLEST)
            .map(|(label, weight)| (label, (weight * SCALE).round() as i16))
            .collect();
        if !weights.is_empty() {
            rows.push((*key, weights));
        }
    }
    rows.sort_unstable_by_key(|(key, _)| *key);
    let keys: Vec<u32> = rows.iter().map(|(key, _)| *key).collect();
    let mut firsts = vec![0_u32];
    let mut labels = Vec::new();
    let mut weights = Vec::new();
    for (label, weight) in rows.iter().flat_map(|(_, weights)| weights) {
        labels.push(*label);
        weights.push(*weight);
    }
    for (_, weights) in &rows {
        let last = firsts.last().copied().unwrap_or_default();
        firsts.push(last + u32::try_from(weights.len()).unwrap_or_default());
    }
    let mut transitions = Vec::new();
    for (from, row) in learned.transitions.iter().enumerate() {
        for (to, weight) in row.0.iter().enumerate().take(LABELS) {
            transitions.push(if is_legal(from, to) {
                weight * SCALE
            } else {
                0.0
            });
        }
    }
    let mut writer = Writer::new("names", "1", made, fingerprint);
    writer
        .scores(scores.clone())
        .count("features", keys.len())
        .count("weights", weights.len())
        .section("transitions", &transitions)
        .section("buckets", &buckets(&keys))
        .section("keys", &keys)
        .section("firsts", &firsts)
        .section("labels", &labels)
        .section("weights", &weights)
        .section("cluster_keys", &lexicon.keys)
        .section("clusters", &lexicon.clusters)
        .section("genres", &lexicon.genres);
    writer.finish().unwrap_or_default()
}
