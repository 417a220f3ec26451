//! JSON Lines: one object a line, each an item.
//!
//! `{"title", "text" or "description", "url", "published" or "date", "source",
//! "author", "language", "external_id" or "id"}`, all optional except that a line
//! has to say something; `type` or `types`, `severity` and `country` or
//! `countries` are taken as what the publisher states, as in `POST
//! /api/incidents`. Other keys are left out: people pipe whole records in.

use std::borrow::Cow;
use std::str::FromStr;

use model::item::{Draft, Stated};
use serde_json::{Map, Value};

use crate::Problem;
use crate::feed::entry::{Entry, Place, Surroundings};

/// The longest line that is read.
pub(super) const LONGEST_LINE: usize = 1 << 20;

/// Reads one line that is not blank.
pub(super) fn read(line: &[u8], place: Place, problems: &mut Vec<Problem>) -> Option<Draft> {
    let text = String::from_utf8_lossy(line.trim_ascii());
    match serde_json::from_str::<Value>(text.trim_start_matches('\u{FEFF}')) {
        Ok(value) => draft(&value, place, problems),
        Err(error) => {
            // serde_json counts lines in what it was given, which is one.
            let reason = error.to_string();
            let reason = reason.split(" at line ").next().unwrap_or_default();
            problems.push(Problem::new(
                place,
                format!("not JSON: {reason} (column {})", error.column()),
            ));
            None
        }
    }
}

/// The item an object describes.
pub(super) fn draft(value: &Value, place: Place, problems: &mut Vec<Problem>) -> Option<Draft> {
    let Value::Object(fields) = value else {
        problems.push(Problem::new(place, "it is not an object"));
        return None;
    };
    let mut entry = Entry::default();
    for (rank, name) in [(2, "external_id"), (1, "id")] {
        match fields.get(name) {
            Some(Value::String(id)) => entry.id(rank, Cow::Borrowed(id)),
            Some(Value::Number(id)) => entry.id(rank, Cow::Owned(id.to_string())),
            _ => {}
        }
    }
    if let Some(title) = text(fields, "title") {
        entry.title(1, title);
    }
    for (rank, name) in [(2, "text"), (1, "description")] {
        if let Some(text) = text(fields, name) {
            entry.text_of_some_kind(rank, text);
        }
    }
    for name in ["url", "link"] {
        if let Some(url) = text(fields, name) {
            entry.link(1, url);
        }
    }
    for (rank, name) in [(2, "published"), (1, "date")] {
        match fields.get(name) {
            Some(Value::String(at)) => entry.published(rank, Cow::Borrowed(at)),
            Some(Value::Number(at)) => entry.published(rank, Cow::Owned(at.to_string())),
            _ => {}
        }
    }
    if let Some(at) = text(fields, "updated") {
        entry.updated(1, at);
    }
    for (rank, name) in [(4, "author"), (2, "source")] {
        if let Some(author) = text(fields, name) {
            entry.author(rank, &author);
        }
    }
    entry.language = text(fields, "language");
    let mut draft = entry.finish(place, &Surroundings::default(), problems)?;
    draft.stated = Stated {
        types: labels(fields, ["types", "type"], place, problems),
        severity: labels(fields, ["severity"], place, problems)
            .into_iter()
            .next(),
        countries: labels(fields, ["countries", "country"], place, problems),
    };
    Some(draft)
}

fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<Cow<'a, str>> {
    fields.get(name).and_then(Value::as_str).map(Cow::Borrowed)
}

/// The labels under the first of these names: one, or a list. A label that is
/// none costs only itself.
fn labels<T, const N: usize>(
    fields: &Map<String, Value>,
    names: [&str; N],
    place: Place,
    problems: &mut Vec<Problem>,
) -> Vec<T>
where
    T: FromStr<Err: std::fmt::Display>,
{
    let given = names
        .iter()
        .find_map(|name| fields.get(*name))
        .map(std::slice::from_ref)
        .unwrap_or_default();
    let given = match given {
        [Value::Array(list)] => list.as_slice(),
        other => other,
    };
    let mut labels = Vec::new();
    for label in given
        .iter()
        .filter_map(Value::as_str)
        .filter(|label| !label.trim().is_empty())
        .take(32)
    {
        match label.trim().to_lowercase().parse() {
            Ok(label) => labels.push(label),
            Err(error) => problems.push(Problem::new(place, T::Err::to_string(&error))),
        }
    }
    labels
}
