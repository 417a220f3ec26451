//! A TAXII 2.1 server: STIX objects in collections.
//! <https://docs.oasis-open.org/cti/taxii/v2.1/os/taxii-v2.1-os.html>
//!
//! A discovery document names API roots, a root its collections, a collection
//! gives its objects in the order they were added, page by page. How far it was
//! read stands in the header `X-TAXII-Date-Added-Last`; a server without it is
//! asked from the newest `modified` on, which may give some objects twice and
//! loses none. Reports, vulnerabilities, malware, actors and campaigns become
//! items; of the rest (indicators, relationships, sightings) each page tells how
//! many there were. An object that a report names is told by its name if it comes
//! on the same page, as it mostly does.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use model::clock::earlier;
use model::item::{Draft, Stated};
use model::{Cursor, Document, Item, ItemKind, Markup, Secret, SourceId, Timestamp};
use net::{Body, Fetched, NetError, Request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::feed::markup;
use crate::{Parsed, Polled, Problem, Reread, Source, SourceError, Tools, answer, credential};

const MEDIA: &str = "application/taxii+json;version=2.1";
/// A page of a thousand objects has 1 to 2 MB.
const LARGEST_ANSWER: u64 = 32 * 1024 * 1024;
/// Roots and collections read of one server.
const MOST_ROOTS: usize = 20;
const MOST_COLLECTIONS: usize = 200;
/// Pages of one collection in one round; a server that never ends is left there.
const MOST_PAGES: u32 = 2_000;
/// Texts are cut here.
const LONGEST_TEXT: usize = 128 * 1024;
/// Objects named by one report.
const MOST_NAMES: usize = 200;
/// TLP:RED, as STIX 2.1 and TLP 2.0 define it once for all.
const RED: [&str; 2] = [
    "marking-definition--5e57c739-391a-4eb3-b6be-7da15ca92ed5",
    "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
];

/// A TAXII 2.1 server: threat reports, malware and actors as STIX objects.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The address of the server's discovery document, as
    /// `https://taxii.example.org/taxii2/`, or of one API root.
    pub url: String,
    /// The collections to read, by id or title. All that may be read when empty.
    #[serde(default)]
    pub collections: Vec<String>,
    /// The name to log in with.
    #[serde(default)]
    pub username: Option<String>,
    /// The password.
    #[serde(default)]
    pub password: Option<Secret<String>>,
    /// A file that holds the password, read anew at each poll.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// Objects of one page.
    #[serde(default = "hundred")]
    pub limit: u16,
    /// How many days back the first reading looks.
    #[serde(default = "month")]
    pub first_days: u16,
}

const fn hundred() -> u16 {
    100
}

const fn month() -> u16 {
    30
}

/// A TAXII server as a source.
pub struct Taxii {
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
    /// Whether the first round came to its end.
    loaded: bool,
    /// Of each collection's objects, by address: added after this is not read yet.
    since: BTreeMap<String, String>,
    /// The collections yet to be read in this round; the last is being read.
    waiting: Vec<String>,
    /// The next page of the one that is being read.
    next: Option<String>,
    pages: u32,
    /// How far its pages so far have come.
    newest: Option<String>,
}

impl Taxii {
    /// The server of this config under the name `id`.
    #[must_use]
    pub fn new(id: SourceId, config: Config, tools: &Tools) -> Self {
        Self {
            id,
            config,
            tools: tools.clone(),
        }
    }

    async fn login(&self) -> Result<Option<String>, SourceError> {
        let config = &self.config;
        let file = config.password_file.as_deref();
        let password = credential::read("password", config.password.as_ref(), file).await?;
        match (&config.username, password) {
            (None, None) => Ok(None),
            (Some(name), Some(password)) => {
                let pair = format!("{name}:{}", password.reveal());
                let pair = base64::engine::general_purpose::STANDARD.encode(pair);
                Ok(Some(format!("Basic {pair}")))
            }
            _ => Err(SourceError::Unready(
                "`username` and `password` belong together; one is missing".to_owned(),
            )),
        }
    }

    async fn get(&self, url: &Url, login: Option<&String>) -> Result<Body, SourceError> {
        let mut request = Request::get(url.as_str())
            .header("accept", MEDIA)
            .max_body(LARGEST_ANSWER);
        if let Some(login) = login {
            request = request.header("authorization", login);
        }
        match self.tools.door.fetch(request).await {
            Ok(Fetched::Body(body)) => Ok(body),
            Ok(Fetched::Unchanged) => Err(SourceError::Nonsense(
                "the server answered 304 to a request without a condition".to_owned(),
            )),
            Err(NetError::Refused { host, body, .. }) => {
                Err(SourceError::Unready(answer::because(
                    &format!("{host} refuses us; look at `username` and `password`"),
                    answer::reason(&body, &["/description", "/title"]).as_deref(),
                )))
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn document(&self, url: &Url, login: Option<&String>) -> Result<Value, SourceError> {
        answer::json(&self.get(url, login).await?.bytes, "the TAXII server")
    }

    /// The addresses of the collections to read, from the discovery on.
    async fn discover(
        &self,
        login: Option<&String>,
        problems: &mut Vec<Problem>,
    ) -> Result<Vec<String>, SourceError> {
        let mut start = Url::parse(&self.config.url)
            .map_err(|error| SourceError::Unready(format!("`url` is no address: {error}")))?;
        if !start.path().ends_with('/') {
            start.set_path(&format!("{}/", start.path()));
        }
        let document = self.document(&start, login).await?;
        let roots: Vec<Url> = match document.get("api_roots").and_then(Value::as_array) {
            Some(roots) => {
                let mut read = Vec::new();
                for root in roots.iter().take(MOST_ROOTS).filter_map(Value::as_str) {
                    let slashed = format!("{}/", root.trim_end_matches('/'));
                    match start.join(&slashed) {
                        // The login is for this server alone.
                        Ok(root) if root.origin() == start.origin() => read.push(root),
                        _ => problems.push(Problem::new(
                            answer::one_line(root),
                            "this API root is on another server; give it a source of its own",
                        )),
                    }
                }
                read
            }
            None if document.get("versions").is_some() || document.get("title").is_some() => {
                vec![start]
            }
            None => {
                return Err(SourceError::Nonsense(
                    "this is neither a TAXII server's discovery nor an API root".to_owned(),
                ));
            }
        };
        let mut found = Vec::new();
        for root in roots {
            let list = match root.join("collections/") {
                Ok(address) => self.document(&address, login).await,
                Err(_) => continue,
            };
            let list = match list {
                Ok(list) => list,
                Err(SourceError::Unreached(error @ NetError::Rejected { .. })) => {
                    problems.push(Problem::new(root.as_str(), error.to_string()));
                    continue;
                }
                Err(error) => return Err(error),
            };
            let collections = list.get("collections").and_then(Value::as_array);
            for collection in collections.into_iter().flatten().take(MOST_COLLECTIONS) {
                let Some(id) = answer::text(collection, "/id") else {
                    problems.push(Problem::new(root.as_str(), "a collection has no id"));
                    continue;
                };
                let title = answer::text(collection, "/title").unwrap_or_default();
                let wanted = &self.config.collections;
                let named = wanted.iter().any(|name| name == id || name == title);
                if !(wanted.is_empty() || named) {
                    continue;
                }
                if collection.get("can_read") == Some(&Value::Bool(false)) {
                    if named {
                        problems.push(Problem::new(id, "this collection may not be read"));
                    }
                    continue;
                }
                let mut address = root.clone();
                if let Ok(mut path) = address.path_segments_mut() {
                    path.pop_if_empty()
                        .extend(["collections", id, "objects", ""]);
                }
                found.push(address.into());
            }
        }
        if found.is_empty() {
            return Err(SourceError::Unready(
                "the TAXII server has no collection that we may read; look at `collections` and the login".to_owned(),
            ));
        }
        // The last is read first.
        found.reverse();
        Ok(found)
    }
}

#[async_trait]
impl Source for Taxii {
    async fn poll(&self, since: &Cursor) -> Result<Polled, SourceError> {
        let mut note: Note = since.note();
        if note.url != self.config.url {
            note = Note {
                url: self.config.url.clone(),
                ..Note::default()
            };
        }
        let first_load = !note.loaded;
        let login = self.login().await?;
        let now = self.tools.clock.now();
        let mut problems = Vec::new();
        if note.waiting.is_empty() {
            note.waiting = self.discover(login.as_ref(), &mut problems).await?;
        }
        let mut items = Vec::new();
        if let Some(collection) = note.waiting.last().cloned() {
            // Kept from the first page on: `next` belongs to the question it came with.
            let from = note.since.entry(collection.clone()).or_insert_with(|| {
                let days = u32::from(self.config.first_days);
                earlier(now, Duration::from_secs(86_400) * days).to_string()
            });
            let from = from.clone();
            let mut url = Url::parse(&collection)
                .map_err(|error| SourceError::Nonsense(error.to_string()))?;
            url.query_pairs_mut()
                .append_pair("added_after", &from)
                .append_pair("limit", &self.config.limit.max(1).to_string());
            if let Some(next) = &note.next {
                url.query_pairs_mut().append_pair("next", next);
            }
            let mut next = None;
            match self.get(&url, login.as_ref()).await {
                Ok(body) => {
                    let page = parse(&body.bytes)?;
                    problems.extend(page.parsed.problems);
                    for draft in page.parsed.entries {
                        items.push(Item::new(&self.id, draft, now));
                    }
                    let said = body.header("x-taxii-date-added-last").map(str::to_owned);
                    // A date in the future must not hide what comes before it.
                    let newest = said.or(page.newest.map(|at| at.min(now).to_string()));
                    note.newest = later_of(note.newest.take(), newest);
                    note.pages += 1;
                    if page.more && note.pages < MOST_PAGES {
                        next = page.next.filter(|next| note.next.as_ref() != Some(next));
                        if next.is_none() {
                            problems.push(Problem::new(
                                collection.as_str(),
                                "says that there is more, and not where; the next reading goes on",
                            ));
                        }
                    }
                }
                Err(SourceError::Unreached(error @ NetError::Rejected { .. })) => {
                    problems.push(Problem::new(collection.as_str(), error.to_string()));
                }
                Err(error) => return Err(error),
            }
            if next.is_some() {
                note.next = next;
            } else {
                let reached = later_of(Some(from), note.newest.take());
                note.since.extend(reached.map(|at| (collection, at)));
                note.waiting.pop();
                note.next = None;
                note.pages = 0;
            }
        }
        note.loaded |= note.waiting.is_empty();
        Ok(Polled {
            items,
            problems,
            more: !note.waiting.is_empty(),
            checkpoint: true,
            first_load,
            cursor: Cursor::of(&note),
            ..Polled::default()
        })
    }

    fn reread(&self, document: &Document, at: Timestamp) -> Result<Reread, SourceError> {
        // Discovery and collections only say what to read.
        if !document.url.contains("/objects") {
            return Ok(Reread::default());
        }
        let parsed = parse(&document.bytes)?.parsed;
        Ok(Reread::of(&self.id, parsed.entries, at, parsed.problems))
    }
}

/// The later of two instants, as it was written: servers give more digits than
/// we need, and want them back.
fn later_of(one: Option<String>, other: Option<String>) -> Option<String> {
    let at = |text: &Option<String>| text.as_ref()?.trim().parse::<Timestamp>().ok();
    match (at(&one), at(&other)) {
        (Some(a), Some(b)) if b > a => other,
        (None, Some(_)) => other,
        (Some(_), _) => one,
        (None, None) => None,
    }
}

/// A page of a collection.
#[derive(Debug)]
pub struct Page {
    /// Its objects that are items; what else it holds as problems, counted.
    pub parsed: Parsed<Draft>,
    /// Whether there is more.
    pub more: bool,
    /// What to ask for it with.
    pub next: Option<String>,
    /// The newest `modified` or `created` of its objects.
    pub newest: Option<Timestamp>,
}

/// Reads a page: an envelope of TAXII, or a bundle of STIX.
///
/// # Errors
/// It is neither.
pub fn parse(bytes: &[u8]) -> Result<Page, SourceError> {
    let document = answer::json(bytes, "the TAXII server")?;
    let Some(envelope) = document.as_object() else {
        return Err(SourceError::Nonsense(
            "the TAXII server answered with something that is no envelope".to_owned(),
        ));
    };
    // Without objects an envelope is `{}`.
    let empty = Vec::new();
    let objects = match envelope.get("objects") {
        None => &empty,
        Some(Value::Array(objects)) => objects,
        Some(_) => {
            return Err(SourceError::Nonsense("`objects` is no list".to_owned()));
        }
    };
    let mut names: HashMap<&str, String> = HashMap::new();
    for object in objects.iter().filter(|object| !is_red(object)) {
        if let (Some(id), Some(name)) = (answer::text(object, "/id"), name_of(object)) {
            names.insert(id, name);
        }
    }
    let mut page = Page {
        parsed: Parsed::default(),
        more: envelope.get("more") == Some(&Value::Bool(true)),
        next: answer::text(&document, "/next").map(str::to_owned),
        newest: None,
    };
    let mut counted: BTreeMap<&str, u64> = BTreeMap::new();
    for (index, object) in objects.iter().enumerate() {
        let changed = answer::time(object, "/modified").or(answer::time(object, "/created"));
        page.newest = page.newest.max(changed);
        let (Some(kind), Some(id)) = (answer::text(object, "/type"), answer::text(object, "/id"))
        else {
            let place = format!("object {}", index + 1);
            page.parsed
                .problems
                .push(Problem::new(place, "it has no type or no id"));
            continue;
        };
        if !matches!(
            kind,
            "report" | "vulnerability" | "malware" | "threat-actor" | "intrusion-set" | "campaign"
        ) {
            *counted.entry(answer::cut(kind, 40)).or_default() += 1;
            continue;
        }
        let place = answer::cut(id, 100);
        if is_red(object) {
            let reason = "is marked TLP:RED and is not shown";
            page.parsed.problems.push(Problem::new(place, reason));
            continue;
        }
        if object.get("revoked") == Some(&Value::Bool(true)) {
            page.parsed
                .problems
                .push(Problem::new(place, "was revoked"));
            continue;
        }
        match read_object(object, kind, id, &names) {
            Some(draft) => page.parsed.entries.push(draft),
            None => page
                .parsed
                .problems
                .push(Problem::new(place, "it has no name")),
        }
    }
    if !counted.is_empty() {
        let counts = counted
            .iter()
            .take(20)
            .map(|(kind, count)| format!("{count} {kind}"));
        let reason = format!("not shown: {}", counts.collect::<Vec<_>>().join(", "));
        page.parsed
            .problems
            .push(Problem::new("other objects", reason));
    }
    // Several versions of one object: oldest first.
    page.parsed.entries.sort_by_key(|draft| draft.updated);
    Ok(page)
}

fn is_red(object: &Value) -> bool {
    let marks = object.get("object_marking_refs").and_then(Value::as_array);
    marks
        .into_iter()
        .flatten()
        .any(|mark| RED.iter().any(|red| mark == red))
}

fn name_of(object: &Value) -> Option<String> {
    let name = ["/name", "/value"]
        .iter()
        .find_map(|at| answer::text(object, at))?;
    Some(markup::plain_title(name)).filter(|name| !name.is_empty())
}

fn read_object(
    object: &Value,
    kind: &str,
    id: &str,
    names: &HashMap<&str, String>,
) -> Option<Draft> {
    let name = name_of(object)?;
    let title = match kind {
        "report" => name,
        "vulnerability" => format!("Vulnerability {name}"),
        "malware" => format!("Malware {name}"),
        "threat-actor" => format!("Threat actor {name}"),
        "intrusion-set" => format!("Intrusion set {name}"),
        _ => format!("Campaign {name}"),
    };
    let mut text = String::new();
    if let Some(description) = answer::text(object, "/description") {
        text = format!("{}\n", answer::cut(description, LONGEST_TEXT));
    }
    let texts = |field: &str| -> Vec<&str> {
        let values = object
            .get(field)
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        values.filter_map(Value::as_str).take(MOST_NAMES).collect()
    };
    let mut line = |word: &str, values: &[String]| {
        if !values.is_empty() && text.len() < LONGEST_TEXT {
            text.push_str(&format!("{word}: {}\n", values.join(", ")));
        }
    };
    let owned = |values: Vec<&str>| values.into_iter().map(answer::one_line).collect::<Vec<_>>();
    line("Also known as", &owned(texts("aliases")));
    line(
        "Types",
        &owned(
            [
                texts("report_types"),
                texts("malware_types"),
                texts("threat_actor_types"),
            ]
            .concat(),
        ),
    );
    line("Labels", &owned(texts("labels")));
    let mut told: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for reference in texts("object_refs") {
        let kind = reference.split("--").next().unwrap_or(reference);
        if let Some(name) = names.get(reference) {
            told.entry(kind).or_default().push(name.clone());
        }
    }
    for (kind, names) in &told {
        line(kind, names);
    }
    let references = object.get("external_references").and_then(Value::as_array);
    let references: Vec<&Value> = references.into_iter().flatten().take(MOST_NAMES).collect();
    let mut known: Vec<String> = Vec::new();
    for reference in &references {
        let id = answer::text(reference, "/external_id").map(answer::one_line);
        known.extend(id.filter(|id| !title.contains(id.as_str())));
    }
    line("References", &known);
    let links: Vec<&str> = references
        .iter()
        .filter_map(|reference| answer::link(reference, "/url"))
        .collect();
    line("Links", &owned(links.clone()));
    Some(Draft {
        external_id: id.to_owned(),
        kind: if kind == "vulnerability" {
            ItemKind::Advisory
        } else {
            ItemKind::Article
        },
        url: links.first().map(|link| (*link).to_owned()),
        title,
        text: text.trim_end().to_owned(),
        markup: Markup::Plain,
        author: answer::text(object, "/created_by_ref")
            .and_then(|author| names.get(author).cloned()),
        language: answer::text(object, "/lang").map(|lang| answer::cut(lang, 35).to_owned()),
        published: answer::time(object, "/published").or(answer::time(object, "/created")),
        updated: answer::time(object, "/modified"),
        stated: Stated::default(),
    })
}
