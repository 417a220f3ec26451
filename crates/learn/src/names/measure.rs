//! How well names are found, by the model alone and by the whole analysis.

use std::collections::BTreeMap;
use std::path::Path;

use model::{EntityKind, Field};
use understand::names::{Gazetteer, Model, NameKind, Seen, names};
use understand::weights::Weights;
use understand::{Context, understand};

use super::corpus::{self, Labelled, Marked};
use super::perceptron::Settings;
use super::score::Scores;
use super::{Lexicon, Swaps, documents, file, texts, train};
use crate::data::{DataError, item};
use crate::folds::folds;

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
    let Ok(item) = item("1", Some(title), &lines.join("\n")) else {
        return Vec::new();
    };
    let analysis = understand(&item, context);
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
pub fn evaluate_analysis(documents: &[Labelled], context: &Context) -> Scores {
    let mut scores = Scores::default();
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
) -> Result<BTreeMap<String, Scores>, DataError> {
    let all = documents(folder, 1)?;
    let swaps = Swaps::read(folder, gazetteer)?;
    let mut lexicon = Lexicon::learn(&texts(folder)?, &all, 7);
    let mut scores: BTreeMap<String, Scores> = BTreeMap::new();
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
) -> Result<Vec<(String, Scores)>, DataError> {
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
pub fn evaluate(documents: &[Labelled], gazetteer: &Gazetteer, model: &Model) -> Scores {
    let mut scores = Scores::default();
    for document in documents {
        scores.add(document, &find(document, gazetteer, model));
    }
    scores
}
