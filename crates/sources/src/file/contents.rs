//! What a document is, told from its first bytes and never from its name, and
//! what it gives.

use model::item::Draft;
use model::{SourceId, Statement};
use serde::de::IgnoredAny;
use serde_json::Value;

use super::lines;
use crate::feed::entry::Place;
use crate::{Problem, SourceError, cisa_kev, feed, nvd};

/// A kind of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// RSS, Atom, RDF, JSON Feed; also whatever is none of the others.
    Feed,
    /// One object a line.
    JsonLines,
    /// An array of such objects.
    JsonArray,
    /// A page of NVD's API, or a yearly file.
    Nvd,
    /// CISA's catalogue of known exploited vulnerabilities.
    CisaKev,
}

/// What a document gives.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    pub(crate) title: Option<String>,
    pub(crate) drafts: Vec<Draft>,
    pub(crate) statements: Vec<Statement>,
    pub(crate) problems: Vec<Problem>,
}

impl Format {
    /// The format of a document that begins with `head`.
    pub(crate) fn of(head: &[u8]) -> Self {
        let head = head
            .strip_prefix(b"\xEF\xBB\xBF")
            .unwrap_or(head)
            .trim_ascii_start();
        match head.first() {
            Some(b'{') => {}
            // No line is a line less: an empty file is nothing strange.
            None => return Self::JsonLines,
            Some(b'[') => return Self::JsonArray,
            _ => return Self::Feed,
        }
        let holds = |key: &str| {
            memchr::memmem::find_iter(head, key.as_bytes()).any(|at| {
                head.get(at + key.len()..)
                    .unwrap_or_default()
                    .trim_ascii_start()
                    .starts_with(b":")
            })
        };
        let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let rest = head
            .get(line.len()..)
            .unwrap_or_default()
            .trim_ascii_start();
        if rest.first() == Some(&b'{') && serde_json::from_slice::<IgnoredAny>(line).is_ok() {
            return Self::JsonLines;
        }
        if holds("\"catalogVersion\"") {
            Self::CisaKev
        } else if [
            "\"vulnerabilities\"",
            "\"cve_items\"",
            "\"totalResults\"",
            "\"sourceIdentifier\"",
        ]
        .iter()
        .any(|key| holds(key))
        {
            Self::Nvd
        } else if holds("\"items\"") {
            Self::Feed
        } else {
            Self::JsonLines
        }
    }

    /// The source kind that gives such documents.
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Self::Feed => "feed",
            Self::JsonLines | Self::JsonArray => "file",
            Self::Nvd => "nvd",
            Self::CisaKev => "cisa_kev",
        }
    }

    /// Reads a whole document of this format.
    pub(crate) fn read(
        self,
        bytes: &[u8],
        content_type: Option<&str>,
        base_url: &str,
        source: &SourceId,
    ) -> Result<Contents, SourceError> {
        let mut contents = Contents::default();
        match self {
            Self::Feed => {
                let document = feed::parse(bytes, content_type, base_url)?;
                contents.title = document.title;
                contents.drafts = document.parsed.entries;
                contents.problems = document.parsed.problems;
            }
            Self::JsonLines => {
                for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
                    if line.len() > lines::LONGEST_LINE {
                        contents.problems.push(Problem::new(
                            Place::Line(index + 1),
                            "it is longer than 1 MB",
                        ));
                    } else if !line.trim_ascii().is_empty() {
                        contents.drafts.extend(lines::read(
                            line,
                            Place::Line(index + 1),
                            &mut contents.problems,
                        ));
                    }
                }
            }
            Self::JsonArray => match serde_json::from_slice::<Vec<Value>>(bytes) {
                Ok(values) => {
                    for (index, value) in values.iter().enumerate() {
                        contents.drafts.extend(lines::draft(
                            value,
                            Place::Entry(index + 1),
                            &mut contents.problems,
                        ));
                    }
                }
                Err(error) => {
                    return Err(SourceError::Nonsense(format!(
                        "not an array of items: {error}"
                    )));
                }
            },
            Self::Nvd => {
                let (_, parsed) = nvd::parse(bytes, source);
                contents.statements = parsed.entries;
                contents.problems = parsed.problems;
            }
            Self::CisaKev => {
                let (catalogue, parsed) = cisa_kev::parse(bytes, source);
                contents.title = catalogue.version;
                contents.statements = parsed
                    .entries
                    .into_iter()
                    .map(|entry| entry.statement)
                    .collect();
                contents.problems = parsed.problems;
            }
        }
        Ok(contents)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell_the_format() {
        for (head, format) in [
            ("<?xml version=\"1.0\"?><rss>", Format::Feed),
            (
                "\u{FEFF} {\"version\": \"https://jsonfeed.org/version/1.1\", \"items\": []}",
                Format::Feed,
            ),
            (
                "{\"title\": \"a\"}\n{\"title\": \"b\"}\n",
                Format::JsonLines,
            ),
            ("{\"title\": \"vulnerabilities\"}\n", Format::JsonLines),
            ("{\"items\": 1}\n{\"items\": 2}", Format::JsonLines),
            ("{broken\n{\"title\": \"b\"}", Format::JsonLines),
            ("[{\"title\": \"a\"}]", Format::JsonArray),
            (
                "{\n \"resultsPerPage\": 0,\n \"totalResults\": 0}",
                Format::Nvd,
            ),
            ("{\"vulnerabilities\": [{\"cve\": {}}]}", Format::Nvd),
            (
                "{\"title\": \"x\", \"catalogVersion\": \"2026\", \"vulnerabilities\": []}",
                Format::CisaKev,
            ),
            ("plain text", Format::Feed),
            ("", Format::JsonLines),
        ] {
            assert_eq!(Format::of(head.as_bytes()), format, "{head}");
        }
    }
}
