//! A MISP feed: a folder of events behind any web server.
//! <https://www.misp-project.org/datamodels/>
//!
//! `manifest.json` names every event with its timestamp; each event is a document
//! of its own. An event whose timestamp grew is fetched again, as another version.
//! Numbers are texts (`"1599627030"`), mostly; titles repeat, so an event is known
//! by its UUID alone. What is marked TLP:RED is for those it was given to: it is
//! told as skipped and never shown.

use std::collections::BTreeMap;

use async_trait::async_trait;
use model::item::{Draft, Stated};
use model::{Cursor, Document, Item, ItemKind, Markup, Severity, SourceId, Timestamp};
use net::{Fetched, Request, Validators};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::backlog::{Backlog, MOST_NAMES};
use crate::feed::{date, markup};
use crate::{Parsed, Polled, Problem, Reread, Source, SourceError, Tools, answer};

/// Two thousand events have a manifest of 2 MB.
const LARGEST_MANIFEST: u64 = 64 * 1024 * 1024;
/// The largest events hold some ten thousand attributes.
const LARGEST_EVENT: u64 = 32 * 1024 * 1024;
/// Attributes told of one event.
const MOST_ATTRIBUTES: usize = 300;
/// Texts are cut here.
const LONGEST_TEXT: usize = 128 * 1024;
/// A value is cut here; rules and scripts are long.
const LONGEST_VALUE: usize = 2000;
/// Problems of a manifest told one by one.
const PROBLEMS_TOLD: usize = 20;

/// A MISP feed: events with indicators, shared by a CERT or a community.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The address of the feed: the folder that holds `manifest.json`.
    pub url: String,
    /// Events of the first reading at most, the newest. Older ones are passed over
    /// until they change.
    pub max_events: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            url: "https://www.circl.lu/doc/misp/feed-osint".to_owned(),
            max_events: 500,
        }
    }
}

/// A MISP feed as a source.
pub struct MispFeed {
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
    /// Whether the first reading came to its end.
    loaded: bool,
    /// Of the manifest.
    validators: Validators,
    /// The timestamp of each event that was fetched, or is waiting to be.
    known: BTreeMap<String, i64>,
    waiting: Backlog,
}

impl MispFeed {
    /// The feed of this config under the name `id`.
    #[must_use]
    pub fn new(id: SourceId, config: Config, tools: &Tools) -> Self {
        Self {
            id,
            config,
            tools: tools.clone(),
        }
    }

    fn address(&self, file: &str) -> Result<String, SourceError> {
        let base = self.config.url.trim_end_matches("manifest.json");
        answer::address(base, &format!("/{file}")).map(Into::into)
    }

    /// Puts the events that are new or changed on the list; whether the manifest
    /// had changed at all.
    async fn look(
        &self,
        note: &mut Note,
        problems: &mut Vec<Problem>,
    ) -> Result<bool, SourceError> {
        let request = Request::get(self.address("manifest.json")?)
            .header("accept", "application/json")
            .unless(note.validators.clone())
            .max_body(LARGEST_MANIFEST);
        let body = match self.tools.door.fetch(request).await? {
            Fetched::Unchanged => return Ok(false),
            Fetched::Body(body) => body,
        };
        let parsed = manifest(&body.bytes)?;
        problems.extend(parsed.problems);
        let mut wanted: Vec<Listed> = Vec::new();
        for event in parsed.entries {
            let known = note.known.get(&event.uuid).copied();
            if known.is_some_and(|known| event.timestamp <= known) {
                continue;
            }
            if event.red {
                problems.push(skipped(&event.uuid));
                note.known.insert(event.uuid, event.timestamp);
            } else {
                wanted.push(event);
            }
        }
        wanted.sort_by_key(|event| event.timestamp);
        if !note.loaded {
            let surplus = wanted.len().saturating_sub(self.config.max_events);
            for event in wanted.drain(..surplus) {
                note.known.insert(event.uuid, event.timestamp);
            }
            if surplus > 0 {
                let reason = format!("{surplus} older events are passed over; see `max_events`");
                problems.push(Problem::new("first reading", reason));
            }
        }
        // The rest is found by the next look, for which the manifest must be new.
        note.validators = if wanted.len() > MOST_NAMES {
            Validators::default()
        } else {
            body.validators
        };
        wanted.truncate(MOST_NAMES);
        for event in &wanted {
            note.known.insert(event.uuid.clone(), event.timestamp);
        }
        note.waiting
            .begin(wanted.into_iter().map(|event| event.uuid));
        Ok(true)
    }
}

#[async_trait]
impl Source for MispFeed {
    async fn poll(&self, since: &Cursor) -> Result<Polled, SourceError> {
        let mut note: Note = since.note();
        if note.url != self.config.url {
            note = Note {
                url: self.config.url.clone(),
                ..Note::default()
            };
        }
        let first_load = !note.loaded;
        let mut problems = Vec::new();
        if note.waiting.is_empty() && !self.look(&mut note, &mut problems).await? {
            return Ok(Polled {
                cursor: since.clone(),
                checkpoint: true,
                first_load,
                ..Polled::default()
            });
        }
        let base = self.address("")?;
        let fetched = self.tools.clock.now();
        let mut items = Vec::new();
        let door = &self.tools.door;
        let request = |uuid: &str| {
            Request::get(format!("{base}{uuid}.json"))
                .header("accept", "application/json")
                .max_body(LARGEST_EVENT)
        };
        note.waiting
            .fetch(door, &mut problems, request, |uuid, body, problems| {
                match parse(&body.bytes) {
                    Ok(event) if event.red => problems.push(skipped(uuid)),
                    Ok(mut event) => {
                        // What the manifest says it is.
                        uuid.clone_into(&mut event.draft.external_id);
                        items.push(Item::new(&self.id, event.draft, fetched));
                    }
                    Err(error) => {
                        problems.push(Problem::new(uuid, error.to_string()));
                        return false;
                    }
                }
                true
            })
            .await?;
        note.loaded |= note.waiting.is_empty();
        Ok(Polled {
            items,
            problems,
            more: !note.waiting.is_empty(),
            checkpoint: true,
            progress: note.waiting.progress(),
            first_load,
            cursor: Cursor::of(&note),
            ..Polled::default()
        })
    }

    fn reread(&self, document: &Document, at: Timestamp) -> Result<Reread, SourceError> {
        let name = document.url.rsplit('/').next().unwrap_or_default();
        let uuid = name.strip_suffix(".json").unwrap_or(name);
        // The manifest only says what to read.
        if uuid == "manifest" {
            return Ok(Reread::default());
        }
        let mut event = parse(&document.bytes)?;
        if event.red {
            return Ok(Reread {
                problems: vec![skipped(uuid)],
                ..Reread::default()
            });
        }
        uuid.clone_into(&mut event.draft.external_id);
        Ok(Reread::of(&self.id, [event.draft], at, Vec::new()))
    }
}

fn skipped(uuid: &str) -> Problem {
    Problem::new(uuid, "is marked TLP:RED and is not shown")
}

/// An event as the manifest names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub uuid: String,
    /// When it was changed last, in seconds since 1970.
    pub timestamp: i64,
    /// Whether it is marked TLP:RED.
    pub red: bool,
}

/// Reads a manifest.
///
/// # Errors
/// It is none.
pub fn manifest(bytes: &[u8]) -> Result<Parsed<Listed>, SourceError> {
    let document = answer::json(bytes, "the feed")?;
    let nothing = Value::Object(serde_json::Map::new());
    let Some(events) = document
        .as_object()
        // PHP writes an empty map as a list.
        .or_else(|| {
            nothing
                .as_object()
                .filter(|_| document.as_array().is_some_and(Vec::is_empty))
        })
    else {
        return Err(SourceError::Nonsense(
            "this is not the manifest of a MISP feed".to_owned(),
        ));
    };
    let mut parsed: Parsed<Listed> = Parsed::default();
    let mut bad = 0_usize;
    for (uuid, event) in events {
        let problem = if !is_uuid(uuid) {
            "is not a UUID"
        } else if let Some(timestamp) = number(event, "/timestamp") {
            parsed.entries.push(Listed {
                uuid: uuid.clone(),
                timestamp,
                red: is_red(event),
            });
            continue;
        } else {
            "has no `timestamp`"
        };
        bad += 1;
        if bad <= PROBLEMS_TOLD {
            let place = answer::cut(uuid, 60);
            parsed.problems.push(Problem::new(place, problem));
        }
    }
    if parsed.entries.is_empty() && bad > 0 {
        return Err(SourceError::Nonsense(
            "this is not the manifest of a MISP feed: it names no event".to_owned(),
        ));
    }
    if bad > PROBLEMS_TOLD {
        let reason = format!("{} more entries could not be read", bad - PROBLEMS_TOLD);
        parsed.problems.push(Problem::new("manifest", reason));
    }
    Ok(parsed)
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What it says.
    pub draft: Draft,
    /// Whether it, or a part of it, is marked TLP:RED.
    pub red: bool,
}

/// Reads an event, with `Event` around it or without.
///
/// # Errors
/// It is none.
pub fn parse(bytes: &[u8]) -> Result<Event, SourceError> {
    let document = answer::json(bytes, "the feed")?;
    let event = document.get("Event").unwrap_or(&document);
    let info = answer::text(event, "/info").map(markup::plain_title);
    let Some(title) = info.filter(|info| !info.is_empty()) else {
        return Err(SourceError::Nonsense(
            "this is not an event of MISP: it has no `info`".to_owned(),
        ));
    };
    let list = |value: &'_ Value, name: &str| -> Vec<Value> {
        value
            .get(name)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let objects = list(event, "Object");
    let mut attributes = list(event, "Attribute");
    for object in objects.iter().filter(|object| !is_deleted(object)) {
        attributes.extend(list(object, "Attribute"));
    }
    attributes.retain(|attribute| !is_deleted(attribute));
    let red = is_red(event) || objects.iter().chain(&attributes).any(is_red);

    let level = number(event, "/threat_level_id");
    let severity = match level {
        Some(1) => Some(Severity::High),
        Some(2) => Some(Severity::Medium),
        Some(3) => Some(Severity::Low),
        // 4 is "undefined".
        _ => None,
    };
    let (mut prose, mut facts, mut told, mut url) = (String::new(), String::new(), 0, None);
    for attribute in &attributes {
        let kind = answer::text(attribute, "/type").unwrap_or("other");
        let Some(value) = answer::text(attribute, "/value") else {
            continue;
        };
        if kind == "link" && url.is_none() {
            url = answer::link(attribute, "/value").map(str::to_owned);
        }
        if told >= MOST_ATTRIBUTES || prose.len() + facts.len() > LONGEST_TEXT {
            continue;
        }
        told += 1;
        let value = answer::cut(value, LONGEST_VALUE);
        if matches!(kind, "text" | "comment") && value.contains(' ') {
            prose.push_str(&format!("{value}\n"));
            continue;
        }
        let comment = answer::text(attribute, "/comment").map(answer::one_line);
        let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
        facts.push_str(&match comment {
            Some(comment) => format!("{kind}: {value} ({comment})\n"),
            None => format!("{kind}: {value}\n"),
        });
    }
    let mut text = prose;
    if let Some(severity) = severity {
        text.push_str(&format!("Threat level: {severity}\n"));
    }
    let tags: Vec<String> = tags(event).map(answer::one_line).take(50).collect();
    if !tags.is_empty() {
        text.push_str(&format!("Tags: {}\n", tags.join(", ")));
    }
    text.push_str(&facts);
    let untold = attributes.len().saturating_sub(told);
    if untold > 0 {
        text.push_str(&format!("{untold} more attributes\n"));
    }
    let changed = number(event, "/timestamp").and_then(|at| Timestamp::from_second(at).ok());
    Ok(Event {
        draft: Draft {
            external_id: answer::text(event, "/uuid").unwrap_or(&title).to_owned(),
            kind: ItemKind::Article,
            url,
            title,
            text: text.trim_end().to_owned(),
            markup: Markup::Plain,
            author: answer::text(event, "/Orgc/name").map(answer::one_line),
            language: None,
            published: answer::text(event, "/date").and_then(date::read),
            updated: changed,
            stated: Stated {
                severity,
                ..Stated::default()
            },
        },
        red,
    })
}

/// A number, or a text that is one.
fn number(value: &Value, pointer: &str) -> Option<i64> {
    let value = value.pointer(pointer)?;
    value
        .as_i64()
        .or_else(|| value.as_str()?.trim().parse().ok())
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

fn is_deleted(value: &Value) -> bool {
    value
        .get("deleted")
        .is_some_and(|deleted| deleted == true || deleted == "1")
}

/// The tags of an event, an object or an attribute.
fn tags(value: &Value) -> impl Iterator<Item = &str> {
    value
        .get("Tag")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|tag| answer::text(tag, "/name"))
}

fn is_red(value: &Value) -> bool {
    tags(value).any(|tag| {
        let tag = tag.to_ascii_lowercase();
        let level = tag
            .strip_prefix("tlp:")
            .map(|level| level.trim_matches([' ', '"']));
        level.is_some_and(|level| level == "red")
    })
}
