//! The name model: labelled sets in, weights out, and how well they find names.
//!
//! The recipe is told in the model card. What made the difference: names of actors
//! and malware swapped for others of the lists, so that the words around a name are
//! learned and not the name; and kinds that a set never looked for left open.

pub mod clusters;
pub mod corpus;
pub mod perceptron;
pub mod score;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use model::item::{Draft, Stated};
use model::{EntityKind, Field, Item, ItemKind, Markup, SourceId, Timestamp};
use understand::names::NameKind;
use understand::names::{
    GENRES, Gazetteer, LABELS, Model, Seen, buckets, cluster_key, is_legal, lower_hash, names,
    tokens,
};
use understand::weights::Weights;
use understand::{Context, understand};

use crate::data::{DataError, read_lines};
use crate::file::Writer;
use crate::folds::folds;
use crate::random::Random;
use corpus::{Labelled, Marked};
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
                && let Some(swapped) =
                    corpus::swap(document, &swaps.actors, &swaps.malware, &mut random)
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

/// What is known of words before any label is: their clusters, and of which genre
/// of text they speak.
#[derive(Debug, Clone, Default)]
pub struct Lexicon {
    /// Sorted.
    pub keys: Vec<u32>,
    /// One a word.
    pub clusters: Vec<u16>,
    /// [`GENRES`] a word.
    pub genres: Vec<i8>,
}

impl Lexicon {
    /// Learns clusters from texts and genres from documents.
    #[must_use]
    pub fn learn(texts: &[String], documents: &[Labelled], seed: u64) -> Self {
        let (keys, clusters) = clusters::learn(texts.iter().cloned(), seed);
        let mut lexicon = Self {
            genres: vec![0; keys.len() * GENRES],
            keys,
            clusters,
        };
        lexicon.tell_genres(documents);
        lexicon
    }

    /// Weighs each word anew by how much more often one set holds it than the others.
    pub fn tell_genres(&mut self, documents: &[Labelled]) {
        /// Seen so often everywhere before the first was counted.
        const BEFORE: f32 = 3.0;
        /// Bytes a natural unit.
        const FINE: f32 = 16.0;
        let mut counts = vec![[BEFORE; GENRES]; self.keys.len()];
        self.genres = vec![0; self.keys.len() * GENRES];
        let mut totals = [BEFORE * self.keys.len() as f32; GENRES];
        for document in documents {
            let Some(genre) = corpus::SETS
                .iter()
                .chain(&["news"])
                .position(|set| *set == document.set)
            else {
                continue;
            };
            for text in &document.texts {
                for token in tokens(text, usize::MAX) {
                    let word = lower_hash(text.get(token.start..token.end).unwrap_or_default());
                    if let Ok(at) = self.keys.binary_search(&cluster_key(word)) {
                        counts[at][genre] += 1.0;
                        totals[genre] += 1.0;
                    }
                }
            }
        }
        for (counts, slots) in counts.iter().zip(self.genres.chunks_exact_mut(GENRES)) {
            let logs: [f32; GENRES] =
                std::array::from_fn(|genre| (counts[genre] / totals[genre]).ln());
            let mean = logs.iter().sum::<f32>() / GENRES as f32;
            for (slot, log) in slots.iter_mut().zip(logs) {
                *slot = ((log - mean) * FINE).round().clamp(-127.0, 127.0) as i8;
            }
        }
    }
}

/// Unambiguous names of the lists, to put in the place of others.
#[derive(Debug, Clone, Default)]
pub struct Swaps {
    /// Threat actors.
    pub actors: Vec<String>,
    /// Malware.
    pub malware: Vec<String>,
}

impl Swaps {
    /// Reads them from the lists.
    ///
    /// # Errors
    ///
    /// If the list cannot be read.
    pub fn read(folder: &Path, gazetteer: &Gazetteer) -> Result<Self, DataError> {
        use understand::names::class;
        let mut swaps = Self::default();
        for line in read_lines(&folder.join("gazetteers/threat_names.tsv"))?
            .iter()
            .skip(1)
        {
            let mut fields = line.split('\t');
            let (Some(kind), Some(name), Some(aliases)) =
                (fields.next(), fields.next(), fields.next())
            else {
                continue;
            };
            for spelling in [name].into_iter().chain(aliases.split('|')) {
                let spelling = spelling.trim();
                let classes = gazetteer
                    .lookup(spelling)
                    .fold(0, |all, entry| all | entry.classes);
                let fits = spelling.split_whitespace().count() <= 3
                    && (3..=24).contains(&spelling.chars().count())
                    && spelling.contains(char::is_uppercase)
                    && !spelling.contains(['(', '.', '/'])
                    && classes & class::AMBIGUOUS == 0;
                match kind {
                    "ACTOR" if fits && classes & class::MALWARE == 0 => {
                        swaps.actors.push(spelling.to_owned())
                    }
                    "MALWARE" | "RANSOMWARE" if fits && classes & class::ACTOR == 0 => {
                        swaps.malware.push(spelling.to_owned());
                    }
                    _ => {}
                }
            }
        }
        Ok(swaps)
    }
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

/// The names a model finds in a document.
#[must_use]
pub fn find(document: &Labelled, gazetteer: &Gazetteer, model: &Model) -> Vec<Marked> {
    let texts: Vec<&str> = document.texts.iter().map(String::as_str).collect();
    let seen = Seen::new(&texts, gazetteer, model);
    names(&seen.label(model))
        .into_iter()
        .filter_map(|(kind, first, end)| {
            let (text, start) = seen.token(first)?;
            let (_, last) = seen.token(end.checked_sub(1)?)?;
            Some(Marked {
                text,
                start: start.start,
                end: last.end,
                kind,
            })
        })
        .collect()
}

/// The names that the whole analysis finds in a document, as its users see them:
/// indicators by grammar too. The sentences of a document are its lines.
#[must_use]
pub fn find_by_analysis(document: &Labelled, context: &Context) -> Vec<Marked> {
    let (title, lines) = match document.texts.as_slice() {
        [title, text] if document.set == "news" => (title.as_str(), std::slice::from_ref(text)),
        texts => ("", texts),
    };
    let Ok(source) = SourceId::new("labelled") else {
        return Vec::new();
    };
    let draft = Draft {
        external_id: "1".to_owned(),
        kind: ItemKind::Article,
        url: None,
        title: title.to_owned(),
        text: lines.join("\n"),
        markup: Markup::Plain,
        author: None,
        language: None,
        published: None,
        updated: None,
        stated: Stated::default(),
    };
    let analysis = understand(&Item::new(&source, draft, Timestamp::UNIX_EPOCH), context);
    let first_line = document.texts.len() - lines.len();
    let mut found = Vec::new();
    for entity in &analysis.entities {
        let Some(kind) = kind_of(entity.kind) else {
            continue;
        };
        for span in &entity.spans {
            let (start, end) = (span.start as usize, span.end as usize);
            if span.field == Field::Title {
                found.extend(
                    document
                        .texts
                        .first()
                        .and_then(|title| marked(title, 0, start, end, kind)),
                );
                continue;
            }
            let mut before = 0;
            for (index, line) in lines.iter().enumerate() {
                let length = line.chars().count();
                if (before..=before + length).contains(&start) {
                    found.extend(marked(
                        line,
                        first_line + index,
                        start - before,
                        end - before,
                        kind,
                    ));
                }
                before += length + 1;
            }
        }
    }
    found
}

fn marked(text: &str, index: usize, start: usize, end: usize, kind: NameKind) -> Option<Marked> {
    let byte = |count: usize| {
        text.char_indices()
            .map(|(at, _)| at)
            .chain([text.len()])
            .nth(count)
    };
    Some(Marked {
        text: index,
        start: byte(start)?,
        end: byte(end)?,
        kind,
    })
}

fn kind_of(kind: EntityKind) -> Option<NameKind> {
    Some(match kind {
        EntityKind::Actor => NameKind::Actor,
        EntityKind::Malware => NameKind::Malware,
        EntityKind::Tool => NameKind::Tool,
        EntityKind::Organisation => NameKind::Organisation,
        EntityKind::Place => NameKind::Place,
        EntityKind::Product => NameKind::Product,
        EntityKind::Person => NameKind::Person,
        EntityKind::Cve | EntityKind::Ghsa | EntityKind::Vulnerability => NameKind::Vulnerability,
        EntityKind::Ip
        | EntityKind::Domain
        | EntityKind::Url
        | EntityKind::Email
        | EntityKind::Md5
        | EntityKind::Sha1
        | EntityKind::Sha256
        | EntityKind::Sha512
        | EntityKind::Indicator => NameKind::Indicator,
        _ => return None,
    })
}

/// The score of the whole analysis on documents.
#[must_use]
pub fn evaluate_analysis(documents: &[Labelled], context: &Context) -> score::Scores {
    let mut scores = score::Scores::default();
    for document in documents {
        scores.add(document, &find_by_analysis(document, context));
    }
    scores
}

/// The documents without a fifth of the news, and that fifth; no story is in both.
#[must_use]
pub fn hold_news_back(documents: &[Labelled]) -> (Vec<Labelled>, Vec<Labelled>) {
    let (news, mut rest): (Vec<Labelled>, Vec<Labelled>) = documents
        .iter()
        .cloned()
        .partition(|document| document.set == "news");
    let stories: Vec<Option<&str>> = news
        .iter()
        .map(|document| document.story.as_deref())
        .collect();
    let folds = folds(&stories, 5, 3);
    let mut held = Vec::new();
    for (document, fold) in news.iter().zip(folds) {
        if fold == 0 {
            held.push(document.clone());
        } else {
            rest.push(document.clone());
        }
    }
    (rest, held)
}

/// The documents without a fifth of each set, and that fifth.
#[must_use]
pub fn hold_back(documents: &[Labelled], fold: usize) -> (Vec<Labelled>, Vec<Labelled>) {
    let stories: Vec<Option<&str>> = documents
        .iter()
        .filter(|document| document.set == "news")
        .map(|document| document.story.as_deref())
        .collect();
    let mut of_news = folds(&stories, 5, 3).into_iter();
    let (mut rest, mut held) = (Vec::new(), Vec::new());
    for (index, document) in documents.iter().enumerate() {
        let mine = if document.set == "news" {
            of_news.next().unwrap_or_default()
        } else {
            index / 5 % 5
        };
        if mine == fold {
            held.push(document.clone());
        } else {
            rest.push(document.clone());
        }
    }
    (rest, held)
}

/// The scores of models that each lack a fifth of every set: on what they lack, and
/// on the dev sets.
///
/// # Errors
///
/// If a set cannot be read.
pub fn cross_validate(
    folder: &Path,
    gazetteer: &Gazetteer,
    settings: &Settings,
    times: usize,
) -> Result<BTreeMap<String, score::Scores>, DataError> {
    let all = documents(folder, 1)?;
    let swaps = Swaps::read(folder, gazetteer)?;
    let mut lexicon = Lexicon::learn(&texts(folder)?, &all, 7);
    let mut scores: BTreeMap<String, score::Scores> = BTreeMap::new();
    for fold in 0..times {
        let (rest, held) = hold_back(&all, fold);
        lexicon.tell_genres(&rest);
        let learned = train(&rest, &swaps, &lexicon, gazetteer, settings, &|_, _| {});
        let bytes = file(&learned, &lexicon, "", "", &BTreeMap::new());
        let model = Weights::open(bytes)
            .and_then(|file| Model::read(&file))
            .unwrap_or_default();
        for document in &held {
            let found = find(document, gazetteer, &model);
            let name = format!("{}, held back", document.set);
            scores.entry(name).or_default().add(document, &found);
        }
        for (name, found) in evaluate_dev(folder, gazetteer, &model)? {
            scores.entry(name).or_default().merge(found);
        }
    }
    Ok(scores)
}

/// The scores of a model on the dev sets, sentence by sentence and 25 at a time: a
/// report says more than its sentences.
///
/// # Errors
///
/// If a set cannot be read.
pub fn evaluate_dev(
    folder: &Path,
    gazetteer: &Gazetteer,
    model: &Model,
) -> Result<Vec<(String, score::Scores)>, DataError> {
    let mut all = Vec::new();
    for (size, name) in [(1, "sentences"), (25, "reports")] {
        for set in corpus::MEASURED {
            let dev = corpus::sentences(folder, set, "dev", || size)?;
            let set_name = corpus::written(set);
            all.push((
                format!("{set_name}, {name}"),
                evaluate(&dev, gazetteer, model),
            ));
        }
    }
    Ok(all)
}

/// The score of a model on documents.
#[must_use]
pub fn evaluate(documents: &[Labelled], gazetteer: &Gazetteer, model: &Model) -> score::Scores {
    let mut scores = score::Scores::default();
    for document in documents {
        scores.add(document, &find(document, gazetteer, model));
    }
    scores
}
