//! Feeds: RSS 0.9 to 2.0, RSS 1.0 (RDF), Atom 0.3 and 1.0, JSON Feed.
//!
//! Half of the feeds in the world are broken in some way, and people's readers
//! show them all the same. So [`parse`] reads what a reader would read: it
//! believes the bytes before the declared encoding (`charset`), takes for text
//! what is not markup (`xml`), and reports what it could not read instead of
//! giving up. A web page where a feed should be is an error: several sites answer
//! "not found" with status 200.
//!
//! Specifications: <https://www.rssboard.org/rss-specification>,
//! <https://web.resource.org/rss/1.0/spec>, RFC 4287, <https://www.jsonfeed.org/>.

pub(crate) mod address;
pub(crate) mod charset;
pub(crate) mod date;
mod document;
mod entity;
pub(crate) mod entry;
mod json;
pub(crate) mod markup;
mod names;
mod xml;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use model::item::Draft;
use model::{Clock, Cursor, Document, Item, SourceId, Timestamp};
use net::{Body, Door, Fetched, Request};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::full_text::Reader;
use crate::{FullText, Parsed, Polled, Problem, Reread, Source, SourceError, Tools, visit};

/// Entries of one document that are looked at; the largest feed we know
/// (Microsoft's update guide) has about 4,900.
const MOST_ENTRIES: usize = 20_000;
/// Problems of one document that are listed.
const MOST_PROBLEMS: usize = 100;

/// A feed to be read.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The feed's address.
    pub url: String,
    /// The User-Agent for this feed alone; some sites refuse Prahari's own.
    #[serde(default)]
    pub user_agent: Option<String>,
    /// Entries taken from one reading at most, the newest first.
    #[serde(default = "default_max_items")]
    pub max_items: usize,
    /// Whether the whole text of a new article is fetched from its page: `never`,
    /// or `teasers` when the feed gives only a teaser. For sites whose terms allow it.
    #[serde(default)]
    pub full_text: FullText,
}

const fn default_max_items() -> usize {
    500
}

/// The format of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedKind {
    /// RSS 0.9 to 2.0.
    Rss,
    /// RSS 1.0, which is RDF.
    Rdf,
    /// Atom.
    Atom,
    /// JSON Feed.
    Json,
}

/// A feed that was read.
#[derive(Debug)]
pub struct FeedDocument {
    /// Its title, plain.
    pub title: Option<String>,
    /// Its format.
    pub kind: FeedKind,
    /// Its entries in the order of the document, and what could not be read.
    pub parsed: Parsed<Draft>,
}

/// Reads a feed. `content_type` is HTTP's, which is believed last; `base_url` is
/// where the document came from, empty if nobody knows.
///
/// # Errors
/// The document is no feed: [`SourceError::Nonsense`] says what it is instead.
pub fn parse(
    bytes: &[u8],
    content_type: Option<&str>,
    base_url: &str,
) -> Result<FeedDocument, SourceError> {
    read(bytes, content_type, base_url)
        .map_err(|what| SourceError::Nonsense(format!("the document is {what}")))
}

fn read(
    bytes: &[u8],
    content_type: Option<&str>,
    base_url: &str,
) -> Result<FeedDocument, NotAFeed> {
    let text = charset::decode(bytes, content_type);
    let begin = text.trim_start();
    let mut document = if begin.is_empty() {
        Err(NotAFeed::Empty)
    } else if begin.starts_with(['{', '[']) {
        json::read(begin, base_url)
    } else {
        document::read(begin, base_url)
    }?;
    entry::part_namesakes(&mut document.parsed.entries);
    Ok(document)
}

/// What a document is that is no feed.
#[derive(Debug, thiserror::Error)]
enum NotAFeed {
    #[error("an empty document, not a feed")]
    Empty,
    #[error("a web page, not a feed")]
    WebPage,
    #[error("XML of another kind (`<{0}>`), not a feed")]
    OtherXml(String),
    #[error("JSON of another kind, not a feed")]
    OtherJson,
    #[error("no feed; it begins with `{0}`")]
    Other(String),
}

/// The problems of one document, bounded.
#[derive(Debug, Default)]
struct Problems {
    listed: Vec<Problem>,
    /// Found after the list was full.
    more: usize,
}

impl Problems {
    fn add(&mut self, place: impl Into<String>, reason: impl Into<String>) {
        self.room().push(Problem::new(place, reason));
    }

    /// The list, with room in it.
    fn room(&mut self) -> &mut Vec<Problem> {
        if self.listed.len() > MOST_PROBLEMS {
            self.more += self.listed.len() - MOST_PROBLEMS;
            self.listed.truncate(MOST_PROBLEMS);
        }
        &mut self.listed
    }

    fn with(mut self, entries: Vec<Draft>) -> Parsed<Draft> {
        self.room();
        if self.more > 0 {
            self.listed.push(Problem::new(
                "document",
                format!("{} more problems", self.more),
            ));
        }
        Parsed {
            entries,
            problems: self.listed,
        }
    }
}

/// A feed that is read again and again.
pub struct Feed {
    id: SourceId,
    config: Config,
    door: Arc<Door>,
    clock: Arc<dyn Clock>,
    reader: Reader,
}

impl Feed {
    /// The feed of this config, under the name `id`.
    #[must_use]
    pub fn new(id: SourceId, config: Config, tools: &Tools) -> Self {
        Self {
            id,
            config,
            door: Arc::clone(&tools.door),
            clock: Arc::clone(&tools.clock),
            reader: Reader::new(tools),
        }
    }
}

#[async_trait]
impl Source for Feed {
    async fn poll(&self, since: &Cursor) -> Result<Polled, SourceError> {
        let mut request = Request::get(&self.config.url)
            .header("accept", "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5")
            .unless(visit::known(since, &self.config.url));
        if let Some(user_agent) = &self.config.user_agent {
            request = request.header("user-agent", user_agent);
        }
        let body = match self.door.fetch(request).await? {
            Fetched::Unchanged => return Ok(visit::unchanged(since)),
            Fetched::Body(body) => body,
        };
        let fetched = self.clock.now();
        let Parsed {
            entries,
            mut problems,
        } = read(&body.bytes, body.content_type.as_deref(), &body.url)
            .map_err(|what| SourceError::Nonsense(format!("the address gives {what}")))?
            .parsed;
        let held = entries.len();
        let drafts = oldest_first(entries, self.config.max_items);
        if drafts.len() < held {
            problems.push(Problem::new(
                "document",
                format!(
                    "it holds {held} entries, the newest {} were read",
                    drafts.len()
                ),
            ));
        }
        let items = drafts
            .into_iter()
            .map(|draft| Item::new(&self.id, draft, fetched))
            .collect();
        let polled = Polled {
            rest: rest_asked(&body),
            ..visit::read(
                since,
                self.config.url.clone(),
                body.validators,
                items,
                problems,
            )
        };
        if self.config.full_text == FullText::Never {
            return Ok(polled);
        }
        let user_agent = self.config.user_agent.as_deref();
        Ok(visit::with_whole_texts(polled, since, &self.reader, user_agent).await)
    }

    fn reread(&self, document: &Document, at: Timestamp) -> Result<Reread, SourceError> {
        let parsed = parse(
            &document.bytes,
            document.content_type.as_deref(),
            &document.url,
        )?
        .parsed;
        let drafts = oldest_first(parsed.entries, self.config.max_items);
        Ok(Reread::of(&self.id, drafts, at, parsed.problems))
    }
}

/// Where a feed says how long it may be kept: `<ttl>` stands in the channel, before
/// the entries.
const TTL_WITHIN: usize = 8 * 1024;
/// No feed is left alone longer because of what it says.
const LONGEST_REST: Duration = Duration::from_secs(24 * 60 * 60);

/// How long its server (`Cache-Control: max-age`) or the document (`<ttl>`, minutes)
/// asks to be left alone; the longer of the two.
fn rest_asked(body: &Body) -> Option<Duration> {
    let cached = body
        .header("cache-control")
        .and_then(|value| {
            let mut parts = value.split(',').map(str::trim);
            parts.find_map(|part| part.strip_prefix("max-age="))
        })
        .and_then(|seconds| seconds.parse().ok())
        .map(Duration::from_secs);
    let head = body.bytes.get(..TTL_WITHIN).unwrap_or(&body.bytes);
    let ttl = String::from_utf8_lossy(head)
        .split_once("<ttl>")
        .and_then(|(_, rest)| rest.split_once('<'))
        .and_then(|(minutes, _)| minutes.trim().parse::<u32>().ok())
        .map(|minutes| Duration::from_secs(u64::from(minutes) * 60));
    cached.max(ttl).map(|rest| rest.min(LONGEST_REST))
}

/// The newest `most` entries, oldest first. Feeds begin with the newest, a few
/// with the oldest; an entry without a date stays with its neighbour.
pub(crate) fn oldest_first(mut drafts: Vec<Draft>, most: usize) -> Vec<Draft> {
    let date = |draft: &Draft| draft.published.or(draft.updated);
    let mut dates = drafts.iter().filter_map(date);
    let ascending =
        matches!((dates.next(), dates.next_back()), (Some(first), Some(last)) if first < last);
    if !ascending {
        drafts.reverse();
    }
    let mut neighbour = Timestamp::MIN;
    let mut dated: Vec<(Timestamp, Draft)> = drafts
        .into_iter()
        .map(|draft| {
            neighbour = date(&draft).unwrap_or(neighbour);
            (neighbour, draft)
        })
        .collect();
    dated.sort_by_key(|(at, _)| *at);
    let surplus = dated.len().saturating_sub(most);
    dated
        .into_iter()
        .skip(surplus)
        .map(|(_, draft)| draft)
        .collect()
}
