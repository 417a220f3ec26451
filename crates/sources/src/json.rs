//! Any interface that answers with JSON, by JSON pointers (RFC 6901).
//!
//! Such a source is described by hand, and the first description is mostly wrong
//! somewhere. So each pointer that finds nothing is named, with what the document
//! holds instead; and a description by which no entry at all can be read is an
//! error, not an empty reading.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::PathBuf;

use async_trait::async_trait;
use model::item::{Draft, Stated};
use model::{
    Cursor, Document, Item, ItemKind, Markup, Secret, Severity, SourceId, Timestamp, hash,
};
use net::{Fetched, NetError, Request, Validators};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::feed::address::Base;
use crate::feed::{markup, oldest_first};
use crate::page::{Zone, date};
use crate::{Parsed, Polled, Problem, Reread, Source, SourceError, Tools, answer, credential};

/// Entries whose names are remembered, to know when a page brings nothing new.
const MOST_KNOWN: usize = 5000;
/// Texts are cut here.
const LONGEST_TEXT: usize = 1 << 20;
/// Problems told of one reading; a wrong pointer is wrong in every entry.
const PROBLEMS_TOLD: usize = 20;

/// Any interface that answers with JSON. Each part of an entry is named by a JSON
/// pointer as `/headline` or `/data/0/title`, counted from the entry.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The address of the interface.
    pub url: String,
    /// Where the list of entries is in the document. When absent, the document is
    /// the list.
    #[serde(default)]
    pub items: Pointer,
    /// What an entry is called by, always the same. Its link when absent.
    #[serde(default)]
    pub item_id: Option<Pointer>,
    /// The entry's title.
    #[serde(default = "title")]
    pub title: Pointer,
    /// The entry's text.
    #[serde(default)]
    pub text: Option<Pointer>,
    /// Whether title and text are HTML.
    #[serde(default)]
    pub html: bool,
    /// The entry's address; relative ones are joined to `url`.
    #[serde(default)]
    pub link: Option<Pointer>,
    /// When the entry was published.
    #[serde(default)]
    pub date: Option<Pointer>,
    /// Who wrote it.
    #[serde(default)]
    pub author: Option<Pointer>,
    /// How bad it is: `low`, `medium`, `high`, `critical`, or a CVSS score.
    #[serde(default)]
    pub severity: Option<Pointer>,
    /// The language of the entries, as `en` or `hi`.
    #[serde(default)]
    pub language: Option<String>,
    /// Headers to send, as `Authorization`. Their values are kept secret.
    #[serde(default)]
    pub headers: BTreeMap<String, Secret<String>>,
    /// Headers whose values stand in files, read anew at each poll.
    #[serde(default)]
    pub header_files: BTreeMap<String, PathBuf>,
    /// Where the document holds the address of the next page; with `page_param`,
    /// where it holds what to send in that parameter.
    #[serde(default)]
    pub next_page: Option<Pointer>,
    /// The parameter that asks for a page. Without `next_page` pages are counted.
    #[serde(default)]
    pub page_param: Option<String>,
    /// The number of the first page, when pages are counted.
    #[serde(default = "one")]
    pub first_page: u32,
    /// How dates are written, tried in this order, in the letters of strftime;
    /// after these the usual ways, and seconds or milliseconds since 1970.
    #[serde(default)]
    pub date_formats: Vec<String>,
    /// The time zone of dates that name none, by its IANA name, as `Asia/Kolkata`.
    #[serde(default)]
    pub zone: Zone,
    /// Pages of one reading at most.
    #[serde(default = "five")]
    pub max_pages: u8,
    /// Entries of one reading at most, the newest first.
    #[serde(default = "two_hundred")]
    pub max_items: usize,
}

fn title() -> Pointer {
    Pointer("/title".to_owned())
}

const fn one() -> u32 {
    1
}

const fn five() -> u8 {
    5
}

const fn two_hundred() -> usize {
    200
}

/// A JSON pointer; the empty one is the whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Pointer(String);

impl Pointer {
    fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Pointer {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.is_empty() || text.starts_with('/') {
            Ok(Self(text))
        } else {
            Err(format!("`{text}` is not a JSON pointer; write `/{text}`"))
        }
    }
}

impl JsonSchema for Pointer {
    fn schema_name() -> Cow<'static, str> {
        "Pointer".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^(/.*)?$" })
    }
}

/// An interface as a source.
pub struct Json {
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
    /// Short hashes of the ids of entries given, oldest first.
    known: Vec<String>,
}

impl Json {
    /// The interface of this config under the name `id`.
    #[must_use]
    pub fn new(id: SourceId, config: Config, tools: &Tools) -> Self {
        Self {
            id,
            config,
            tools: tools.clone(),
        }
    }

    async fn headers(&self) -> Result<Vec<(&str, Secret<String>)>, SourceError> {
        let given = self.config.headers.iter();
        let mut headers: Vec<(&str, Secret<String>)> = given
            .map(|(name, value)| (name.as_str(), value.clone()))
            .collect();
        for (name, file) in &self.config.header_files {
            let key = format!("header_files.{name}");
            if let Some(value) = credential::read(&key, None, Some(file)).await? {
                headers.push((name, value));
            }
        }
        Ok(headers)
    }

    async fn fetch(
        &self,
        url: &str,
        headers: &[(&str, Secret<String>)],
        known: Validators,
    ) -> Result<Fetched, SourceError> {
        let mut request = Request::get(url).unless(known);
        if !headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("accept"))
        {
            request = request.header("accept", "application/json");
        }
        for (name, value) in headers {
            request = request.header(&name.to_ascii_lowercase(), value.reveal());
        }
        let fetched = self.tools.door.fetch(request).await;
        fetched.map_err(|error| match error {
            NetError::Refused { host, body, .. } => {
                let reason = answer::reason(&body, &["/message", "/error", "/detail", "/title"]);
                let sentence = format!("{host} refuses us; look at `headers`");
                SourceError::Unready(answer::because(&sentence, reason.as_deref()))
            }
            other => other.into(),
        })
    }

    /// The address of the first page.
    fn first(&self) -> Result<Url, SourceError> {
        let mut url = Url::parse(&self.config.url)
            .map_err(|error| SourceError::Unready(format!("`url` is no address: {error}")))?;
        if let (Some(name), None) = (&self.config.page_param, &self.config.next_page) {
            set_param(&mut url, name, &self.config.first_page.to_string());
        }
        Ok(url)
    }

    /// The address of the page after the one at `url`, which is the `turned`th.
    fn next(&self, document: &Value, url: &Url, turned: usize) -> Option<Url> {
        let next = match (&self.config.next_page, &self.config.page_param) {
            (None, None) => return None,
            (None, Some(name)) => {
                let number = u64::from(self.config.first_page) + turned as u64;
                let mut next = url.clone();
                set_param(&mut next, name, &number.to_string());
                next
            }
            (Some(pointer), name) => {
                let given = scalar(document.pointer(pointer.as_str())?)?;
                match name {
                    Some(name) => {
                        let mut next = url.clone();
                        set_param(&mut next, name, &given);
                        next
                    }
                    None => url.join(&given).ok()?,
                }
            }
        };
        // Headers may hold secrets, which are for this host alone.
        (next.origin() == url.origin() && next != *url).then_some(next)
    }
}

fn set_param(url: &mut Url, name: &str, value: &str) {
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(known, _)| known != name)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    url.query_pairs_mut()
        .clear()
        .extend_pairs(kept)
        .append_pair(name, value);
}

#[async_trait]
impl Source for Json {
    async fn poll(&self, since: &Cursor) -> Result<Polled, SourceError> {
        let mut note: Note = since.note();
        let first_load = note.url != self.config.url;
        if first_load {
            note = Note {
                url: self.config.url.clone(),
                ..Note::default()
            };
        }
        let mut polled = Polled {
            checkpoint: true,
            first_load,
            ..Polled::default()
        };
        let headers = self.headers().await?;
        let mut url = self.first()?;
        let known: HashSet<String> = note.known.iter().cloned().collect();
        let mut visited = BTreeSet::new();
        let mut read: Vec<Draft> = Vec::new();
        let mut validators = std::mem::take(&mut note.validators);
        loop {
            let number = visited.len() + 1;
            let condition = if number == 1 {
                std::mem::take(&mut validators)
            } else {
                Validators::default()
            };
            let body = match self.fetch(url.as_str(), &headers, condition).await {
                Ok(Fetched::Body(body)) => body,
                Ok(Fetched::Unchanged) => {
                    if number == 1 {
                        polled.cursor = since.clone();
                        return Ok(polled);
                    }
                    break;
                }
                // Counted pages end in a 404 at many services.
                Err(SourceError::Unreached(NetError::Rejected { status: 404, .. }))
                    if number > 1 && self.config.next_page.is_none() =>
                {
                    break;
                }
                Err(error) => return Err(error),
            };
            if number == 1 {
                validators = body.validators;
            }
            visited.insert(url.to_string());
            let document = answer::json(&body.bytes, "the service")?;
            let parsed = parse(&document, url.as_str(), &self.config)?;
            let at_end = parsed.entries.is_empty() && parsed.problems.is_empty();
            let is_known = |draft: &Draft| known.contains(&name_of(draft));
            let brings_new = parsed.entries.iter().any(|draft| !is_known(draft));
            read.extend(parsed.entries);
            polled
                .problems
                .extend(parsed.problems.into_iter().map(|problem| match number {
                    1 => problem,
                    _ => Problem::new(format!("page {number}, {}", problem.place), problem.reason),
                }));
            let done = at_end
                || !brings_new
                || number >= usize::from(self.config.max_pages)
                || read.len() >= self.config.max_items;
            match self.next(&document, &url, number) {
                Some(next) if !done && !visited.contains(next.as_str()) => url = next,
                _ => break,
            }
        }
        let mut seen = HashSet::new();
        read.retain(|draft| seen.insert(name_of(draft)));
        let fetched = self.tools.clock.now();
        for draft in oldest_first(read, self.config.max_items) {
            let name = name_of(&draft);
            if !known.contains(&name) {
                note.known.push(name);
            }
            polled.items.push(Item::new(&self.id, draft, fetched));
        }
        let surplus = note.known.len().saturating_sub(MOST_KNOWN);
        note.known.drain(..surplus);
        note.validators = validators;
        polled.cursor = Cursor::of(&note);
        Ok(polled)
    }

    fn reread(&self, document: &Document, at: Timestamp) -> Result<Reread, SourceError> {
        let read = answer::json(&document.bytes, "the service")?;
        let parsed = parse(&read, &document.url, &self.config)?;
        let drafts = oldest_first(parsed.entries, self.config.max_items);
        Ok(Reread::of(&self.id, drafts, at, parsed.problems))
    }
}

fn name_of(draft: &Draft) -> String {
    let [a, b, c, d, e, f, g, h, ..] = hash::short(&[draft.external_id.as_bytes()]);
    format!("{:016x}", u64::from_be_bytes([a, b, c, d, e, f, g, h]))
}

/// Reads a document that was found at `url`; entries in its order.
///
/// # Errors
/// There is no list where `items` says, or no entry of it can be read.
pub fn parse(document: &Value, url: &str, config: &Config) -> Result<Parsed<Draft>, SourceError> {
    let pointer = config.items.as_str();
    let list = document.pointer(pointer).and_then(Value::as_array);
    let Some(list) = list else {
        return Err(SourceError::Nonsense(format!(
            "there is no list at `items` (`{pointer}`); the document is {}",
            shape(document)
        )));
    };
    let base = Base::new(url);
    let mut parsed: Parsed<Draft> = Parsed::default();
    let mut untold = 0_usize;
    for (index, entry) in list.iter().take(config.max_items.max(1)).enumerate() {
        let mut problems = Vec::new();
        if let Some(draft) = read_entry(entry, &base, config, &mut problems) {
            parsed.entries.push(draft);
        }
        for reason in problems {
            if parsed.problems.len() < PROBLEMS_TOLD {
                parsed
                    .problems
                    .push(Problem::new(format!("entry {}", index + 1), reason));
            } else {
                untold += 1;
            }
        }
    }
    if let (true, Some(first)) = (parsed.entries.is_empty(), parsed.problems.first()) {
        return Err(SourceError::Nonsense(format!(
            "no entry can be read; the first: {}",
            first.reason
        )));
    }
    if untold > 0 {
        parsed
            .problems
            .push(Problem::new("list", format!("{untold} more problems")));
    }
    Ok(parsed)
}

fn read_entry(
    entry: &Value,
    base: &Base,
    config: &Config,
    problems: &mut Vec<String>,
) -> Option<Draft> {
    let found = |pointer: &Option<Pointer>| {
        let pointer = pointer.as_ref()?;
        scalar(entry.pointer(pointer.as_str())?)
    };
    let Some(title) = scalar(entry.pointer(config.title.as_str()).unwrap_or(&Value::Null)) else {
        problems.push(format!(
            "`title` (`{}`) finds no text; the entry is {}",
            config.title.as_str(),
            shape(entry)
        ));
        return None;
    };
    let link = found(&config.link).and_then(|link| {
        let resolved = base.resolve(&link);
        if resolved.is_none() {
            problems.push(format!(
                "`link`: `{}` is no address",
                answer::one_line(&link)
            ));
        }
        resolved
    });
    let published: Option<Timestamp> = match (found(&config.date), &config.date) {
        (Some(text), _) => {
            let read = date::read(&text, &config.date_formats, config.zone.zone());
            if read.is_none() {
                problems.push(format!(
                    "`date`: `{}` is no date that we can read; see `date_formats`",
                    answer::one_line(&text)
                ));
            }
            read
        }
        (None, Some(pointer)) => {
            problems.push(format!("`date` (`{}`) finds nothing", pointer.as_str()));
            None
        }
        (None, None) => None,
    };
    let severity = found(&config.severity).and_then(|word| {
        let severity = severity_of(&word);
        if severity.is_none() {
            problems.push(format!(
                "`severity`: `{}` is none that we know",
                answer::one_line(&word)
            ));
        }
        severity
    });
    let own = match (&config.item_id, found(&config.item_id)) {
        (Some(pointer), None) => {
            problems.push(format!("`item_id` (`{}`) finds nothing", pointer.as_str()));
            None
        }
        (_, own) => own,
    };
    let external_id = own
        .or_else(|| link.clone())
        .unwrap_or_else(|| format!("{title}/{}", published.unwrap_or_default()));
    let text = found(&config.text).unwrap_or_default();
    Some(Draft {
        external_id: answer::cut(&external_id, 2000).to_owned(),
        kind: ItemKind::Article,
        url: link,
        title: if config.html {
            answer::cut(title.trim(), 2000).to_owned()
        } else {
            markup::plain_title(&title)
        },
        text: answer::cut(&text, LONGEST_TEXT).to_owned(),
        markup: if config.html {
            Markup::Html
        } else {
            Markup::Plain
        },
        author: found(&config.author).map(|author| answer::one_line(&author)),
        language: config.language.clone(),
        published,
        updated: None,
        stated: Stated {
            severity,
            ..Stated::default()
        },
    })
}

/// A value as text: a string, a number, or a list of these.
fn scalar(value: &Value) -> Option<String> {
    const MOST: usize = 50;
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Array(values) => {
            let texts = values.iter().take(MOST).filter_map(|value| match value {
                Value::Array(_) => None,
                value => scalar(value),
            });
            texts.collect::<Vec<_>>().join(", ")
        }
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

fn severity_of(word: &str) -> Option<Severity> {
    if let Ok(score) = word.parse::<f32>() {
        return (score > 0.0 && score <= 10.0).then(|| Severity::of_score(score));
    }
    match word.to_ascii_lowercase().as_str() {
        "low" | "minor" => Some(Severity::Low),
        "medium" | "moderate" => Some(Severity::Medium),
        "high" | "important" | "major" => Some(Severity::High),
        "critical" | "severe" => Some(Severity::Critical),
        _ => None,
    }
}

/// What a value is, for a person who looks for the right pointer.
fn shape(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let names = fields.keys().take(12).map(|name| answer::cut(name, 40));
            let names: Vec<&str> = names.collect();
            if names.is_empty() {
                "an empty object".to_owned()
            } else {
                format!("an object of {}", names.join(", "))
            }
        }
        Value::Array(values) => format!("a list of {}", values.len()),
        Value::String(_) => "a text".to_owned(),
        Value::Number(_) => "a number".to_owned(),
        Value::Bool(_) | Value::Null => "no text".to_owned(),
    }
}
