//! Reads the labelled sets: JSON Lines and CoNLL, plain or gzipped.
//!
//! The sets lie outside the repository (`../shared/datasets`; what they are and
//! what their labels mean is told there).

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use model::item::{Draft, Stated};
use model::{IdError, Item, ItemKind, Markup, SourceId, Timestamp};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

/// The largest set has some 15 MB; a bomb is no set.
const MAX_BYTES: u64 = 1 << 30;

/// Why a set could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The file is not there, or not readable.
    #[error("{}: {cause}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// A line is not what it should be.
    #[error("{} line {line}: {reason}", path.display())]
    Line {
        /// Which file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
}

/// Every row of a `.jsonl` or `.jsonl.gz` file.
///
/// # Errors
///
/// If the file cannot be read or a line is no such row.
pub fn read_jsonl<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, DataError> {
    let mut rows = Vec::new();
    for (index, line) in open(path)?.lines().enumerate() {
        let line = line.map_err(|cause| file_error(path, cause))?;
        if line.trim().is_empty() {
            continue;
        }
        // Python writes what is missing as NaN, which is no JSON.
        let line = line.replace(": NaN", ": null");
        rows.push(
            serde_json::from_str(&line).map_err(|error| DataError::Line {
                path: path.to_owned(),
                line: index + 1,
                reason: error.to_string(),
            })?,
        );
    }
    Ok(rows)
}

/// Every line of a file, plain or gzipped.
///
/// # Errors
///
/// If the file cannot be read.
pub fn read_lines(path: &Path) -> Result<Vec<String>, DataError> {
    open(path)?
        .lines()
        .map(|line| line.map_err(|cause| file_error(path, cause)))
        .collect()
}

/// One sentence of a CoNLL file: tokens and their BIO tags.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sentence {
    /// Its name in its set; sentences of one document share all but the end.
    pub id: String,
    /// The labels its annotators looked for; everything else is unknown, not
    /// outside. Empty if the file does not say.
    pub labels: Vec<String>,
    /// The words as they stand.
    pub tokens: Vec<String>,
    /// One a token: `O`, `B-ACTOR`, `I-ACTOR`.
    pub tags: Vec<String>,
}

/// Reads a `.conll` or `.conll.gz` file.
///
/// # Errors
///
/// If the file cannot be read or a line has no tag.
pub fn read_conll(path: &Path) -> Result<Vec<Sentence>, DataError> {
    let mut sentences = Vec::new();
    let mut sentence = Sentence::default();
    for (index, line) in open(path)?.lines().enumerate() {
        let line = line.map_err(|cause| file_error(path, cause))?;
        if line.trim().is_empty() {
            if !sentence.tokens.is_empty() {
                sentences.push(std::mem::take(&mut sentence));
            }
        } else if let Some((token, tag)) = line.rsplit_once('\t') {
            sentence.tokens.push(token.to_owned());
            sentence.tags.push(tag.trim().to_owned());
        } else if let Some(header) = line.strip_prefix("# ") {
            for (name, value) in header.split(' ').filter_map(|part| part.split_once('=')) {
                match name {
                    "id" => sentence.id = value.to_owned(),
                    "labels" => sentence.labels = value.split(',').map(str::to_owned).collect(),
                    _ => {}
                }
            }
        } else {
            return Err(DataError::Line {
                path: path.to_owned(),
                line: index + 1,
                reason: "no tab between token and tag".to_owned(),
            });
        }
    }
    if !sentence.tokens.is_empty() {
        sentences.push(sentence);
    }
    Ok(sentences)
}

/// The same files give the same fingerprint; names count, folders do not.
///
/// # Errors
///
/// If a file cannot be read.
pub fn fingerprint(paths: &[PathBuf]) -> Result<String, DataError> {
    let mut hash = Sha256::new();
    for path in paths {
        let bytes = std::fs::read(path).map_err(|cause| file_error(path, cause))?;
        let name = path.file_name().unwrap_or_default();
        hash.update(name.as_encoded_bytes());
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(&bytes);
    }
    Ok(hash
        .finalize()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

/// Where the sets lie beside this repository, if they do.
#[must_use]
pub fn shared() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/datasets");
    path.is_dir().then_some(path)
}

fn open(path: &Path) -> Result<BufReader<Box<dyn Read>>, DataError> {
    let file = File::open(path).map_err(|cause| file_error(path, cause))?;
    let is_gzip = path.extension().is_some_and(|end| end == "gz");
    let reader: Box<dyn Read> = if is_gzip {
        Box::new(MultiGzDecoder::new(BufReader::new(file)).take(MAX_BYTES))
    } else {
        Box::new(file.take(MAX_BYTES))
    };
    Ok(BufReader::new(reader))
}

fn file_error(path: &Path, cause: std::io::Error) -> DataError {
    DataError::File {
        path: path.to_owned(),
        cause,
    }
}

/// A labelled text as an item, the way `prahari analyse` makes it.
///
/// # Errors
///
/// Never: the source's name is a good one.
pub fn item(id: &str, title: Option<&str>, text: &str) -> Result<Item, IdError> {
    let draft = Draft {
        external_id: id.to_owned(),
        kind: ItemKind::Article,
        url: None,
        title: title.unwrap_or_default().to_owned(),
        text: text.to_owned(),
        markup: Markup::Plain,
        author: None,
        language: None,
        published: None,
        updated: None,
        stated: Stated::default(),
    };
    Ok(Item::new(
        &SourceId::new("learn")?,
        draft,
        Timestamp::UNIX_EPOCH,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    #[test]
    fn sets_are_read_plain_and_packed() {
        let folder = tempfile::tempdir().unwrap();
        let plain = folder.path().join("a.jsonl");
        std::fs::write(&plain, "{\"n\": 1}\n\n{\"n\": NaN}\n").unwrap();
        let packed = folder.path().join("a.conll.gz");
        let mut gzip = GzEncoder::new(File::create(&packed).unwrap(), Compression::fast());
        gzip.write_all(b"# source=x id=x:1 labels=ACTOR,TOOL\nThe\tO\nbear\tB-ACTOR\n\nx\tO\n")
            .unwrap();
        gzip.finish().unwrap();
        let rows: Vec<serde_json::Value> = read_jsonl(&plain).unwrap();
        assert_eq!(rows.len(), 2);
        let sentences = read_conll(&packed).unwrap();
        assert_eq!(sentences[0].labels, ["ACTOR", "TOOL"]);
        assert_eq!(sentences[0].id, "x:1");
        assert_eq!(sentences[0].tags, ["O", "B-ACTOR"]);
        assert_eq!(sentences[1].tokens, ["x"]);
        let one = fingerprint(&[plain.clone(), packed.clone()]).unwrap();
        assert_eq!(one.len(), 16);
        assert_ne!(one, fingerprint(&[packed, plain]).unwrap());
    }

    #[test]
    fn a_bad_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        std::fs::write(&path, "{}\n{\n").unwrap();
        let error = read_jsonl::<serde_json::Value>(&path).unwrap_err();
        assert!(error.to_string().contains("a.jsonl line 2"), "{error}");
        std::fs::write(&path, "token O\n").unwrap();
        assert!(
            read_conll(&path)
                .unwrap_err()
                .to_string()
                .contains("no tab")
        );
        assert!(read_conll(&folder.path().join("none")).is_err());
    }
}
