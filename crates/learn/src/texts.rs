//! The labelled texts of relevance and types, read as the pipeline reads them.

use std::collections::BTreeMap;
use std::path::Path;

use model::Markup;
use serde::Deserialize;
use understand::Document;
use understand::features::Terms;
use understand::signals::Signals;

use crate::data::{DataError, fingerprint, read_jsonl};

/// Texts of one source and label taken at most: incident timelines would drown
/// the rest.
const CAP: usize = 1_500;

/// A text, ready for a model.
#[derive(Debug)]
pub struct Text {
    /// As the pipeline reads it.
    pub document: Document,
    /// Its hashed features.
    pub terms: Terms,
    /// The same without the home's places, bodies and companies.
    pub placeless: Terms,
    /// Its plain numbers.
    pub signals: Signals,
}

impl Text {
    /// Reads a title and a body.
    #[must_use]
    pub fn new(title: &str, text: &str) -> Self {
        let document = Document::new(title, text, Markup::Plain);
        let terms = Terms::of(&document);
        let placeless = Terms::of(&document.placeless());
        let signals = Signals::of(&document);
        Self {
            document,
            terms,
            placeless,
            signals,
        }
    }

    /// What to call it in a list of errors.
    #[must_use]
    pub fn name(&self) -> String {
        let title = self.document.title();
        let name = if title.is_empty() {
            self.document.text()
        } else {
            title
        };
        name.chars().take(110).collect()
    }
}

/// A labelled news item.
#[derive(Debug)]
pub struct News {
    /// Title and blurb.
    pub text: Text,
    /// Whether it is incident or threat_info.
    pub relevant: bool,
    /// Whether it is incident.
    pub incident: bool,
    /// Its types, by their names.
    pub types: Vec<String>,
    /// Items with one key report one event.
    pub story: Option<String>,
}

/// A labelled text without a title.
#[derive(Debug)]
pub struct Bare {
    /// The text.
    pub text: Text,
    /// Where it is from: `cti_ann`, `hindi_news`.
    pub source: String,
    /// Whether it is about a threat.
    pub relevant: bool,
}

/// A line of an incident list.
#[derive(Debug)]
pub struct Line {
    /// The text.
    pub text: Text,
    /// What its editor called it.
    pub native: Vec<String>,
    /// What its words hint at.
    pub hinted: Vec<String>,
    /// Lines of one event.
    pub cluster: Option<String>,
}

/// All of it.
#[derive(Debug)]
pub struct Data {
    /// `news/train.jsonl`.
    pub news: Vec<News>,
    /// `relevance/train.jsonl.gz`, capped.
    pub bare: Vec<Bare>,
    /// `incidents/train.jsonl.gz`.
    pub lines: Vec<Line>,
    /// Of the files read.
    pub fingerprint: String,
}

#[derive(Deserialize)]
struct NewsRow {
    title: String,
    text: String,
    relevance: String,
    #[serde(default)]
    types: Vec<String>,
    story: Option<String>,
}

#[derive(Deserialize)]
struct BareRow {
    text: String,
    src: String,
    label: u8,
}

#[derive(Deserialize)]
struct LineRow {
    #[serde(default)]
    title: String,
    text: String,
    #[serde(default)]
    types_native: Vec<String>,
    #[serde(default)]
    types_cue: Vec<String>,
    cluster: Option<String>,
}

impl Data {
    /// Reads the sets below `folder`: `part` is `train` or `dev`.
    ///
    /// # Errors
    ///
    /// If a set cannot be read.
    pub fn read(folder: &Path, part: &str) -> Result<Self, DataError> {
        let news = folder.join(format!("news/{part}.jsonl"));
        let bare = folder.join(format!("relevance/{part}.jsonl.gz"));
        let lines = folder.join(format!("incidents/{part}.jsonl.gz"));
        Ok(Self {
            news: read_news(&news)?,
            bare: read_bare(&bare)?,
            lines: read_lines(&lines)?,
            fingerprint: fingerprint(&[news, bare, lines])?,
        })
    }
}

fn read_news(path: &Path) -> Result<Vec<News>, DataError> {
    let rows: Vec<NewsRow> = read_jsonl(path)?;
    Ok(rows
        .into_iter()
        .map(|row| News {
            text: Text::new(&row.title, &row.text),
            relevant: row.relevance != "irrelevant",
            incident: row.relevance == "incident",
            types: row.types,
            story: row.story,
        })
        .collect())
}

/// Of each source and label every so-many-th row, so that at most [`CAP`] remain.
fn read_bare(path: &Path) -> Result<Vec<Bare>, DataError> {
    let rows: Vec<BareRow> = read_jsonl(path)?;
    let mut totals: BTreeMap<(String, u8), usize> = BTreeMap::new();
    for row in &rows {
        *totals.entry((row.src.clone(), row.label)).or_default() += 1;
    }
    let mut seen: BTreeMap<(String, u8), usize> = BTreeMap::new();
    let mut kept = Vec::new();
    for row in rows {
        let key = (row.src.clone(), row.label);
        let stride = totals.get(&key).map_or(1, |total| total.div_ceil(CAP));
        let number = seen.entry(key).or_default();
        *number += 1;
        if number.is_multiple_of(stride) {
            kept.push(Bare {
                text: Text::new("", &row.text),
                source: row.src,
                relevant: row.label == 1,
            });
        }
    }
    Ok(kept)
}

fn read_lines(path: &Path) -> Result<Vec<Line>, DataError> {
    let rows: Vec<LineRow> = read_jsonl(path)?;
    Ok(rows
        .into_iter()
        .map(|row| Line {
            text: Text::new(&row.title, &row.text),
            native: row.types_native,
            hinted: row.types_cue,
            cluster: row.cluster,
        })
        .collect())
}
