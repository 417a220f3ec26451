//! The settings file as a document: where in it each key was said, and its sections read
//! key by key, so that one mistake does not hide the next.

use std::collections::HashMap;

use toml::de::{DeTable, DeValue};

use super::file::File;
use super::{Mistake, keys};

/// The file as a table, and where each key was said: file and line, or a variable.
pub(super) struct Document {
    pub(super) table: toml::Table,
    path: String,
    places: HashMap<String, String>,
}

impl Document {
    pub(super) fn parse(text: &str, path: &str) -> Result<Self, Mistake> {
        let fail = |error: &toml::de::Error| Mistake {
            place: error.span().map_or_else(
                || path.to_owned(),
                |span| format!("{path}:{}", line_of(text, span.start)),
            ),
            what: error.message().to_owned(),
        };
        let spanned = DeTable::parse(text).map_err(|error| fail(&error))?;
        let mut lines = HashMap::new();
        note_lines(text, spanned.get_ref(), "", &mut lines);
        let table = text.parse::<toml::Table>().map_err(|error| fail(&error))?;
        let places = lines
            .into_iter()
            .map(|(key, line)| (key, format!("{path}:{line}")))
            .collect();
        Ok(Self {
            table,
            path: path.to_owned(),
            places,
        })
    }

    /// Sets a key, as a variable says.
    pub(super) fn set(&mut self, variable: &str, path: &[String], value: toml::Value) {
        set(&mut self.table, path, value);
        self.places.insert(path.join("."), variable.to_owned());
    }

    /// Sets a key of a table that belongs to no document.
    pub(super) fn set_in(table: &mut toml::Table, path: &[String], value: toml::Value) {
        set(table, path, value);
    }

    /// Where a key such as `sources[2].url` was said, or what holds it.
    pub(super) fn place_of(&self, key: &str) -> String {
        let mut key = key;
        loop {
            if let Some(place) = self.places.get(key) {
                return place.clone();
            }
            match key.rfind(['.', '[']) {
                Some(cut) => key = &key[..cut],
                None => return self.path.clone(),
            }
        }
    }

    /// The sections, made of the keys that can be read, and every mistake in the rest.
    pub(super) fn sections(&self) -> (File, Vec<Mistake>) {
        let unknown = keys::unknown(&self.table, &keys::schema::<File>());
        let mut mistakes: Vec<Mistake> = unknown
            .iter()
            .map(|unknown| Mistake {
                place: self.place_of(&unknown.path),
                what: unknown.sentence(),
            })
            .collect();
        let mut good = toml::Table::new();
        for (path, value) in self.settings() {
            let key = path.join(".");
            if unknown
                .iter()
                .any(|unknown| holds(&unknown.path, &key) || holds(&key, &unknown.path))
            {
                continue; // said already
            }
            // Each key by itself, so that one mistake does not hide the next.
            let mut alone = toml::Table::new();
            set(&mut alone, &path, value.clone());
            match toml::Value::Table(alone).try_into::<File>() {
                Ok(_) => set(&mut good, &path, value.clone()),
                Err(error) => mistakes.push(self.wrong_value("", &error)),
            }
        }
        match toml::Value::Table(good).try_into() {
            Ok(file) => (file, mistakes),
            Err(error) => {
                mistakes.push(self.wrong_value("", &error));
                (File::default(), mistakes)
            }
        }
    }

    /// The keys of the document: those at the top, and those one level below.
    fn settings(&self) -> Vec<(Vec<String>, &toml::Value)> {
        let mut settings = Vec::new();
        for (key, value) in &self.table {
            match value {
                toml::Value::Table(section) => settings.extend(
                    section
                        .iter()
                        .map(|(inner, value)| (vec![key.clone(), inner.clone()], value)),
                ),
                _ => settings.push((vec![key.clone()], value)),
            }
        }
        settings
    }

    /// The entries of one list: each with its key, as `sources[0]`.
    pub(super) fn entries(&self, list: &str) -> Vec<(String, toml::Table)> {
        let entries = self
            .table
            .get(list)
            .and_then(toml::Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default();
        entries
            .iter()
            .enumerate()
            .filter_map(|(index, entry)| {
                Some((format!("{list}[{index}]"), entry.as_table()?.clone()))
            })
            .collect()
    }

    /// A value of the wrong type or out of bounds, as a mistake.
    pub(super) fn wrong_value(&self, at: &str, error: &toml::de::Error) -> Mistake {
        // The error of a value without source text ends with "in `a.b`".
        let text = error.to_string();
        let key = text
            .rsplit_once("in `")
            .and_then(|(_, rest)| rest.split('`').next())
            .unwrap_or_default();
        let path = match (at.is_empty(), key.is_empty()) {
            (true, _) => key.to_owned(),
            (false, true) => at.to_owned(),
            (false, false) => format!("{at}.{key}"),
        };
        let message = plainly(error.message());
        let what = if path.is_empty() {
            message
        } else {
            format!("{path}: {message}")
        };
        Mistake {
            place: self.place_of(&path),
            what,
        }
    }
}

/// Whether `inner` is the key `outer` or lies in it.
fn holds(outer: &str, inner: &str) -> bool {
    let rest = inner.strip_prefix(outer);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// What was expected, in words of a settings file instead of Rust's.
fn plainly(message: &str) -> String {
    const WORDS: [(&str, &str); 9] = [
        ("u64", "a whole number from 0"),
        ("u32", "a whole number from 0"),
        ("u16", "a whole number from 0 to 65535"),
        ("u8", "a whole number from 0 to 255"),
        ("usize", "a whole number from 0"),
        ("i64", "a whole number"),
        ("f64", "a number"),
        ("a boolean", "true or false"),
        ("a sequence", "a list, as [\"one\", \"two\"]"),
    ];
    let words = message
        .split_once(", expected ")
        .and_then(|(given, expected)| {
            let (_, words) = WORDS.iter().find(|(rust, _)| *rust == expected)?;
            Some(format!("{given}, expected {words}"))
        });
    words.unwrap_or_else(|| message.to_owned())
}

fn set(table: &mut toml::Table, path: &[String], value: toml::Value) {
    match path {
        [] => {}
        [key] => {
            table.insert(key.clone(), value);
        }
        [key, rest @ ..] => {
            let inner = table
                .entry(key.clone())
                .or_insert_with(|| toml::Table::new().into());
            if let toml::Value::Table(inner) = inner {
                set(inner, rest, value);
            }
        }
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()
        .iter()
        .take(offset)
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}

fn note_lines(text: &str, table: &DeTable<'_>, prefix: &str, lines: &mut HashMap<String, usize>) {
    for (key, value) in table {
        let path = if prefix.is_empty() {
            key.get_ref().to_string()
        } else {
            format!("{prefix}.{}", key.get_ref())
        };
        lines.insert(path.clone(), line_of(text, key.span().start));
        match value.get_ref() {
            DeValue::Table(inner) => note_lines(text, inner, &path, lines),
            DeValue::Array(entries) => {
                for (index, entry) in entries.iter().enumerate() {
                    let path = format!("{path}[{index}]");
                    lines.insert(path.clone(), line_of(text, entry.span().start));
                    if let DeValue::Table(inner) = entry.get_ref() {
                        note_lines(text, inner, &path, lines);
                    }
                }
            }
            _ => {}
        }
    }
}
