//! The labelled sets as documents: texts, the names in them, and which kinds were
//! looked for.

use std::path::Path;

use serde::Deserialize;
use understand::names::NameKind;

use crate::data::{DataError, Sentence, read_conll, read_jsonl};

/// A name: which text, bytes in it, kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marked {
    /// Which text.
    pub text: usize,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// What it is.
    pub kind: NameKind,
}

/// A document of a set.
#[derive(Debug, Clone)]
pub struct Labelled {
    /// Its set: `aptner`, `news`.
    pub set: &'static str,
    /// Title and body, or sentences.
    pub texts: Vec<String>,
    /// Its names.
    pub names: Vec<Marked>,
    /// The kinds that were looked for.
    pub sought: Vec<NameKind>,
    /// The story it tells, if the set knows.
    pub story: Option<String>,
}

impl Labelled {
    /// The text of a name.
    #[must_use]
    pub fn slice(&self, name: &Marked) -> &str {
        self.texts
            .get(name.text)
            .and_then(|text| text.get(name.start..name.end))
            .unwrap_or_default()
    }
}

/// The sets of sentences, in the order of their files.
pub const SETS: [&str; 5] = ["annoctr", "aptner", "cyner", "ladder", "dnrti"];

/// Those that are measured on: the last repeats itself.
pub const MEASURED: [&str; 4] = ["annoctr", "aptner", "cyner", "ladder"];

/// A set's name as its authors write it.
#[must_use]
pub fn written(set: &str) -> &str {
    match set {
        "annoctr" => "AnnoCTR",
        "aptner" => "APTNER",
        "cyner" => "CyNER",
        "ladder" => "LADDER",
        "dnrti" => "DNRTI",
        other => other,
    }
}

fn kind_of(label: &str) -> Option<NameKind> {
    Some(match label {
        "ACTOR" => NameKind::Actor,
        "MALWARE" => NameKind::Malware,
        "TOOL" => NameKind::Tool,
        "ORG" | "VICTIM" => NameKind::Organisation,
        "LOC" => NameKind::Place,
        "PRODUCT" => NameKind::Product,
        "VULN" => NameKind::Vulnerability,
        "INDICATOR" => NameKind::Indicator,
        "PERSON" => NameKind::Person,
        _ => return None,
    })
}

/// One of the sets of sentences: `part` is `train` or `dev`. Each sentence is a
/// text; `size` sentences that follow one another make a document.
///
/// # Errors
///
/// If the file cannot be read.
pub fn sentences(
    folder: &Path,
    set: &'static str,
    part: &str,
    mut size: impl FnMut() -> usize,
) -> Result<Vec<Labelled>, DataError> {
    let path = folder.join(format!("ner_unified/{part}_{set}.conll.gz"));
    let sentences = read_conll(&path)?;
    let mut documents = Vec::new();
    let mut rest = sentences.as_slice();
    while !rest.is_empty() {
        let (now, later) = rest.split_at(size().clamp(1, rest.len()));
        rest = later;
        documents.push(document(set, now));
    }
    Ok(documents)
}

fn document(set: &'static str, sentences: &[Sentence]) -> Labelled {
    let mut texts = Vec::new();
    let mut names: Vec<Marked> = Vec::new();
    let sought = sentences
        .first()
        .map(|first| {
            first
                .labels
                .iter()
                .filter_map(|label| kind_of(label))
                .collect()
        })
        .unwrap_or_default();
    for (index, sentence) in sentences.iter().enumerate() {
        let mut text = String::new();
        for (token, tag) in sentence.tokens.iter().zip(&sentence.tags) {
            if !text.is_empty() {
                text.push(' ');
            }
            let start = text.len();
            text.push_str(token);
            let goes_on = tag.starts_with("I-");
            let Some(kind) = tag.get(2..).and_then(kind_of) else {
                continue;
            };
            match names.last_mut() {
                Some(last) if goes_on && last.text == index && last.end + 1 == start => {
                    last.end = text.len()
                }
                _ => names.push(Marked {
                    text: index,
                    start,
                    end: text.len(),
                    kind,
                }),
            }
        }
        texts.push(text);
    }
    Labelled {
        set,
        texts,
        names,
        sought,
        story: None,
    }
}

#[derive(Deserialize)]
struct NewsRow {
    title: String,
    text: String,
    story: Option<String>,
    entities: Vec<(String, String)>,
}

/// `news/train.jsonl`: title and text, the names wherever they stand, longest first.
///
/// # Errors
///
/// If the file cannot be read.
pub fn news(folder: &Path) -> Result<Vec<Labelled>, DataError> {
    let rows: Vec<NewsRow> = read_jsonl(&folder.join("news/train.jsonl"))?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let mut entities = row.entities;
            entities.sort_by_key(|(_, name)| std::cmp::Reverse(name.len()));
            let texts = vec![row.title, row.text];
            let mut names: Vec<Marked> = Vec::new();
            for (label, name) in &entities {
                let Some(kind) = kind_of(label) else { continue };
                for (index, text) in texts.iter().enumerate() {
                    for (start, found) in text.match_indices(name.as_str()) {
                        let end = start + found.len();
                        let beside = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
                        let inside_word =
                            beside(text.get(..start).and_then(|t| t.chars().next_back()))
                                || beside(text.get(end..).and_then(|t| t.chars().next()));
                        let taken = names.iter().any(|other| {
                            other.text == index && start < other.end && other.start < end
                        });
                        if !inside_word && !taken {
                            names.push(Marked {
                                text: index,
                                start,
                                end,
                                kind,
                            });
                        }
                    }
                }
            }
            names.sort_by_key(|name| (name.text, name.start));
            Labelled {
                set: "news",
                texts,
                names,
                sought: vec![
                    NameKind::Actor,
                    NameKind::Malware,
                    NameKind::Organisation,
                    NameKind::Place,
                    NameKind::Product,
                    NameKind::Person,
                ],
                story: row.story,
            }
        })
        .collect())
}
