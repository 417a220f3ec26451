//! Have I Been Pwned: breaches whose accounts it has loaded.
//! <https://haveibeenpwned.com/API/v3>
//!
//! One list of all breaches, replaced whole, without a key and without paging.
//! A breach becomes news on the day it was added, often months or years after it
//! happened. Entries change later (a count, a flag), and `ModifiedDate` says so.
//! Descriptions are HTML. Some entries are no breaches: fabricated data, lists for
//! spam, what malware gathered; each says so, and only a breach is stated to be
//! one. Requests without a User-Agent are refused.

use std::collections::BTreeMap;

use async_trait::async_trait;
use model::item::{Draft, Stated};
use model::{Cursor, Document, IncidentType, Item, ItemKind, Markup, SourceId, Timestamp};
use net::{Fetched, Request, Validators};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::feed::markup;
use crate::{Parsed, Polled, Problem, Reread, Source, SourceError, Tools, answer};

/// A thousand breaches have 1 MB.
const LARGEST_ANSWER: u64 = 32 * 1024 * 1024;
/// Entries looked at; there are about a thousand, and a hundred more each year.
const MOST_ENTRIES: usize = 20_000;
/// Descriptions have some hundred characters.
const LONGEST_DESCRIPTION: usize = 20_000;
/// Where people read of one breach.
const PAGES: &str = "https://haveibeenpwned.com/Breach/";

/// Breaches loaded into Have I Been Pwned.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The address of the list of breaches. With `?domain=example.org` it is that
    /// of one domain.
    pub url: String,
    /// The User-Agent; requests without one are refused.
    pub user_agent: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            url: "https://haveibeenpwned.com/api/v3/breaches".to_owned(),
            user_agent: concat!(
                "Prahari/",
                env!("CARGO_PKG_VERSION"),
                " (threat monitoring)"
            )
            .to_owned(),
        }
    }
}

/// Have I Been Pwned as a source.
pub struct Hibp {
    id: SourceId,
    config: Config,
    tools: Tools,
}

/// What is remembered between two polls.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Note {
    /// The address that was read.
    url: String,
    validators: Validators,
    /// Each breach and when it was changed last, in seconds since 1970.
    known: BTreeMap<String, i64>,
}

impl Hibp {
    /// The list under the name `id`.
    #[must_use]
    pub fn new(id: SourceId, config: Config, tools: &Tools) -> Self {
        Self {
            id,
            config,
            tools: tools.clone(),
        }
    }
}

#[async_trait]
impl Source for Hibp {
    async fn poll(&self, since: &Cursor) -> Result<Polled, SourceError> {
        let mut note: Note = since.note();
        let first_load = note.url != self.config.url;
        if first_load {
            note = Note::default();
        }
        let request = Request::get(&self.config.url)
            .header("user-agent", &self.config.user_agent)
            .header("accept", "application/json")
            .unless(note.validators.clone())
            .max_body(LARGEST_ANSWER);
        let body = match self.tools.door.fetch(request).await? {
            Fetched::Unchanged => {
                return Ok(Polled {
                    cursor: since.clone(),
                    checkpoint: true,
                    first_load,
                    ..Polled::default()
                });
            }
            Fetched::Body(body) => body,
        };
        let Parsed {
            mut entries,
            problems,
        } = parse(&body.bytes)?;
        // A list of half its length is an accident, and would make its other half
        // news the day after.
        if entries.len() * 2 < note.known.len() {
            return Err(SourceError::Nonsense(format!(
                "Have I Been Pwned lists {} breaches, the list before had {}",
                entries.len(),
                note.known.len()
            )));
        }
        entries.sort_by_key(|breach| breach.draft.published);
        let fetched = self.tools.clock.now();
        let mut items = Vec::new();
        for Breach { draft, changed } in entries {
            let known = note.known.get(&draft.external_id).copied();
            let changed = changed.map_or(0, Timestamp::as_second);
            if known.is_none_or(|known| changed > known) {
                note.known.insert(draft.external_id.clone(), changed);
                items.push(Item::new(&self.id, draft, fetched));
            }
        }
        note.url = self.config.url.clone();
        note.validators = body.validators;
        Ok(Polled {
            items,
            problems,
            cursor: Cursor::of(&note),
            checkpoint: true,
            first_load,
            ..Polled::default()
        })
    }

    fn reread(&self, document: &Document, at: Timestamp) -> Result<Reread, SourceError> {
        let mut parsed = parse(&document.bytes)?;
        parsed.entries.sort_by_key(|breach| breach.draft.published);
        let drafts = parsed.entries.into_iter().map(|breach| breach.draft);
        Ok(Reread::of(&self.id, drafts, at, parsed.problems))
    }
}

/// One breach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// What it says.
    pub draft: Draft,
    /// When its entry was changed last.
    pub changed: Option<Timestamp>,
}

/// Reads a list of breaches, or a single one.
///
/// # Errors
/// It is no such list.
pub fn parse(bytes: &[u8]) -> Result<Parsed<Breach>, SourceError> {
    let document = answer::json(bytes, "Have I Been Pwned")?;
    let entries = match &document {
        Value::Array(entries) => entries.as_slice(),
        Value::Object(fields) if fields.contains_key("Name") => std::slice::from_ref(&document),
        _ => {
            let reason = answer::text(&document, "/message").map(answer::one_line);
            let sentence = "Have I Been Pwned answered with something that is no list of breaches";
            return Err(SourceError::Nonsense(answer::because(
                sentence,
                reason.as_deref(),
            )));
        }
    };
    let mut parsed = Parsed::default();
    for (index, entry) in entries.iter().take(MOST_ENTRIES).enumerate() {
        let place = format!("entry {}", index + 1);
        match read_breach(entry) {
            Ok(breach) => {
                if breach.draft.published.is_none() {
                    let place = breach.draft.external_id.clone();
                    parsed
                        .problems
                        .push(Problem::new(place, "`AddedDate` is not a date"));
                }
                parsed.entries.push(breach);
            }
            Err(reason) => parsed.problems.push(Problem::new(place, reason)),
        }
    }
    Ok(parsed)
}

fn read_breach(entry: &Value) -> Result<Breach, &'static str> {
    let name = answer::text(entry, "/Name").ok_or("it has no `Name`")?;
    if name.len() > 200 {
        return Err("its `Name` is no name");
    }
    let title = markup::plain_title(answer::text(entry, "/Title").unwrap_or(name));
    let is = |flag: &str| entry.get(flag).and_then(Value::as_bool) == Some(true);
    let accounts = entry.get("PwnCount").and_then(Value::as_u64);
    let counted = accounts.map(|count| format!("{} accounts", in_words(count)));
    let (what, types) = if is("IsFabricated") {
        ("in data that is held to be fabricated", vec![])
    } else if is("IsSpamList") {
        ("in a list used for spam", vec![])
    } else if is("IsMalware") || is("IsStealerLog") {
        ("in what malware has stolen", vec![IncidentType::Malware])
    } else {
        ("in a data breach", vec![IncidentType::DataBreach])
    };
    let line = match &counted {
        Some(counted) => format!("{title}: {counted} {what}"),
        None => format!("{title}: accounts {what}"),
    };

    let mut text = String::new();
    if let Some(description) = answer::text(entry, "/Description") {
        text = format!("<p>{}</p>\n", answer::cut(description, LONGEST_DESCRIPTION));
    }
    let mut say = |sentence: &str| text.push_str(&format!("<p>{}</p>\n", escaped(sentence)));
    if let Some(counted) = &counted {
        say(&format!("{counted} {what}."));
    }
    if let Some(domain) = answer::text(entry, "/Domain") {
        say(&format!("Site: {}.", answer::one_line(domain)));
    }
    if let Some(day) = answer::text(entry, "/BreachDate") {
        say(&format!("It happened on {}.", answer::one_line(day)));
    }
    let classes: Vec<&str> = entry
        .get("DataClasses")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(|class| answer::cut(class, 100))
        .take(100)
        .collect();
    if !classes.is_empty() {
        say(&format!("Data exposed: {}.", classes.join(", ")));
    }
    if entry.get("IsVerified").and_then(Value::as_bool) == Some(false) {
        say("Have I Been Pwned has not verified it.");
    }
    for (flag, sentence) in [
        (
            "IsFabricated",
            "Have I Been Pwned holds the data to be fabricated: it is probably no breach.",
        ),
        (
            "IsSensitive",
            "The breach is sensitive: to be in it may harm a person, and it is not searched in public.",
        ),
        (
            "IsRetired",
            "The breach is retired: its data was taken out of Have I Been Pwned.",
        ),
        (
            "IsSpamList",
            "The data is a list gathered for spam; no single site was breached.",
        ),
        (
            "IsMalware",
            "The data was gathered by malware; the site named was not breached.",
        ),
        (
            "IsStealerLog",
            "The data comes from logs of infostealers; the sites named were not breached.",
        ),
    ] {
        if is(flag) {
            say(sentence);
        }
    }
    let mut page = Url::parse(PAGES).map_err(|_| "it has no address")?;
    if let Ok(mut path) = page.path_segments_mut() {
        path.pop_if_empty().push(name);
    }
    let added = answer::time(entry, "/AddedDate");
    Ok(Breach {
        draft: Draft {
            external_id: name.to_owned(),
            kind: ItemKind::Article,
            url: Some(page.into()),
            title: escaped(&line),
            text: text.trim_end().to_owned(),
            markup: Markup::Html,
            author: Some("Have I Been Pwned".to_owned()),
            language: Some("en".to_owned()),
            published: added,
            updated: answer::time(entry, "/ModifiedDate"),
            stated: Stated {
                types,
                ..Stated::default()
            },
        },
        changed: answer::time(entry, "/ModifiedDate").or(added),
    })
}

/// `23165793` is `23.2 million`; under a million every digit is told.
fn in_words(count: u64) -> String {
    let tenths = |unit: u64, word: &str| {
        let tenths = (count + unit / 20) / (unit / 10);
        match tenths % 10 {
            0 => format!("{} {word}", tenths / 10),
            rest => format!("{}.{rest} {word}", tenths / 10),
        }
    };
    match count {
        0..1_000 => count.to_string(),
        1_000..1_000_000 => format!("{},{:03}", count / 1000, count % 1000),
        // Rounded, these are a thousand millions.
        1_000_000..999_950_000 => tenths(1_000_000, "million"),
        999_950_000..1_000_000_000 => "1 billion".to_owned(),
        _ => {
            // Nothing has so many accounts; the sum above must not overflow.
            let most = 1_000_000_000_000;
            if count > most {
                return "over 1000 billion".to_owned();
            }
            tenths(1_000_000_000, "billion")
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_told_in_words() {
        for (count, words) in [
            (0, "0"),
            (999, "999"),
            (12_045, "12,045"),
            (999_999, "999,999"),
            (1_000_000, "1 million"),
            (2_340_000, "2.3 million"),
            (23_165_793, "23.2 million"),
            (999_960_000, "1 billion"),
            (1_957_476_021, "2 billion"),
            (u64::MAX, "over 1000 billion"),
        ] {
            assert_eq!(in_words(count), words);
        }
    }
}
