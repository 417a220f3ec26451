//! CERT-In's lists: three rows an entry, with a link, a date and a title.
//!
//! Classes come and go (`contentTD,DateContent` is one class) and items stand in
//! cells, so an entry is what follows the code in a link's address up to the next
//! code, read as text: its date in brackets, and the line behind it.

use model::Timestamp;
use regex::Regex;

use crate::{Parsed, Problem, SourceError, html};

/// A year has about 500 notes and 50 advisories.
const MOST_ENTRIES: usize = 5_000;
/// An entry has some 700 bytes of mark-up.
const LONGEST_ENTRY: usize = 8 * 1024;
/// Longer titles are texts in the wrong place.
const LONGEST_TITLE: usize = 500;

/// An entry of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// As `CIVN-2026-0170`.
    pub id: String,
    /// The day it was issued, from its midnight in India.
    pub date: Option<Timestamp>,
    /// Its title; may be empty.
    pub title: String,
}

/// Reads a list. A list without entries is a year that has just begun, or no list
/// at all: only who knows the others can tell.
///
/// # Errors
/// It is the page that CERT-In shows with status 200 for what it has not got.
pub fn parse(text: &str) -> Result<Parsed<Listed>, SourceError> {
    if super::note::is_not_found(text) {
        return Err(SourceError::Nonsense(
            "CERT-In answers with its page for addresses it does not know".to_owned(),
        ));
    }
    let code = pattern(r"VLCODE=(CI(?:VN|AD)-\d{4}-\d{4,6})\b")?;
    let date = pattern(r"\(\s*([A-Za-z]{3,9}\s+\d{1,2}\s*,?\s*\d{4})\s*\)")?;
    let mut parsed: Parsed<Listed> = Parsed::default();
    let found: Vec<(usize, &str)> = code
        .captures_iter(text)
        .filter_map(|found| Some((found.get(0)?.end(), found.get(1)?.as_str())))
        .take(MOST_ENTRIES)
        .collect();
    for (at, (start, id)) in found.iter().enumerate() {
        let next = found.get(at + 1);
        if next.is_some_and(|(_, next)| next == id)
            || parsed.entries.iter().any(|known| known.id == *id)
        {
            continue;
        }
        let end = next.map_or(text.len(), |(end, _)| *end);
        let entry = text.get(*start..end).unwrap_or_default();
        let entry = entry
            .get(..entry.floor_char_boundary(LONGEST_ENTRY))
            .unwrap_or_default();
        // The rest of the link's tag, and the beginning of the next entry's.
        let entry = entry.split_once('>').map_or("", |(_, rest)| rest);
        let entry = entry.rsplit_once('<').map_or(entry, |(entry, _)| entry);
        let page = html::read(entry)?;
        let body = page.select(&html::selector("body")?).next();
        let lines = body.map(|body| html::text_of(&body)).unwrap_or_default();
        let Some(found) = date.captures(&lines) else {
            parsed
                .problems
                .push(Problem::new(*id, "is listed without a date"));
            parsed.entries.push(Listed {
                id: (*id).to_owned(),
                date: None,
                title: String::new(),
            });
            continue;
        };
        let written = found.get(1).map_or("", |day| day.as_str());
        let day = super::day_written(written);
        if day.is_none() {
            parsed.problems.push(Problem::new(
                *id,
                format!("its date `{written}` cannot be read"),
            ));
        }
        let behind = found.get(0).map_or(0, |found| found.end());
        let title = lines
            .get(behind..)
            .unwrap_or_default()
            .lines()
            .map(str::trim)
            .find(|line| !line.is_empty())
            .unwrap_or_default();
        parsed.entries.push(Listed {
            id: (*id).to_owned(),
            date: day,
            title: title.chars().take(LONGEST_TITLE).collect(),
        });
    }
    Ok(parsed)
}

fn pattern(text: &str) -> Result<Regex, SourceError> {
    Regex::new(text).map_err(|error| SourceError::Nonsense(error.to_string()))
}
