//! Any list of articles on any page, by CSS selectors.
//!
//! For publishers without a feed. A page that no longer matches is the usual end
//! of such a source, so an empty list is a failure that is told, never silence.
//! A reading goes on to the next page only while all it finds is new; and it asks
//! the site's robots.txt first, since these pages were made for people.

mod config;
pub(crate) mod date;
mod list;

use std::collections::BTreeSet;

use async_trait::async_trait;
use model::{Cursor, Document, Item, SourceId, Timestamp, hash};
use net::{Fetched, NetError, Request, Validators};
use serde::{Deserialize, Serialize};
use url::Url;

pub use config::{Config, Css, Zone};
pub use list::{Listing, parse};

use crate::feed::oldest_first;
use crate::robots::Robots;
use crate::{Polled, Problem, Reread, Source, SourceError, Tools, html};

/// Entries remembered as known: some pages' worth of the longest lists.
const MOST_KNOWN: usize = 2_000;

/// A page as a source.
pub struct Page {
    id: SourceId,
    config: Config,
    tools: Tools,
    robots: Robots,
}

/// What is remembered between two polls.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Note {
    /// The address that was read.
    url: String,
    /// Of its first page.
    #[serde(default)]
    validators: Validators,
    /// Hashes of the ids of what was read, newest last.
    #[serde(default)]
    known: Vec<String>,
}

/// A page's text, and where it came from.
struct Fetch {
    text: String,
    url: String,
    validators: Validators,
}

impl Page {
    /// The page of this config under the name `id`.
    #[must_use]
    pub fn new(id: SourceId, config: Config, tools: &Tools) -> Self {
        Self {
            id,
            config,
            robots: Robots::new(tools),
            tools: tools.clone(),
        }
    }

    /// The page at `url`, if it changed and the site lets us.
    async fn fetch(&self, url: &str, known: Validators) -> Result<Option<Fetch>, SourceError> {
        if !self.robots.allow(url).await? {
            return Err(SourceError::Nonsense(
                "the site's robots.txt does not allow this page to be read".to_owned(),
            ));
        }
        let mut request = Request::get(url)
            .header(
                "accept",
                "text/html, application/xhtml+xml;q=0.9, */*;q=0.5",
            )
            .unless(known)
            .max_body(html::LARGEST_PAGE);
        if let Some(user_agent) = &self.config.user_agent {
            request = request.header("user-agent", user_agent);
        }
        Ok(match self.tools.door.fetch(request).await? {
            Fetched::Unchanged => None,
            Fetched::Body(body) => Some(Fetch {
                text: html::decode(&body.bytes, body.content_type.as_deref()).into_owned(),
                url: body.url,
                validators: body.validators,
            }),
        })
    }
}

#[async_trait]
impl Source for Page {
    async fn poll(&self, since: &Cursor) -> Result<Polled, SourceError> {
        let mut note: Note = since.note();
        // A page that was read under another address is another page.
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
        let Some(first) = self
            .fetch(&self.config.url, note.validators.clone())
            .await?
        else {
            polled.cursor = since.clone();
            return Ok(polled);
        };
        let origin = Url::parse(&first.url).ok().map(|url| url.origin());
        let known: BTreeSet<String> = note.known.iter().cloned().collect();
        let (mut read, mut visited) = (Vec::new(), vec![first.url.clone()]);
        let validators = first.validators.clone();
        let mut page = Some(first);
        while let Some(Fetch { text, url, .. }) = page.take() {
            let number = visited.len();
            let Listing { parsed, next } = match parse(&text, &url, &self.config) {
                Ok(listing) => listing,
                Err(error) if number > 1 => {
                    polled
                        .problems
                        .push(Problem::new(format!("page {number}"), error.to_string()));
                    break;
                }
                Err(error) => return Err(error),
            };
            polled
                .problems
                .extend(parsed.problems.into_iter().map(|problem| match number {
                    1 => problem,
                    _ => Problem::new(format!("page {number}, {}", problem.place), problem.reason),
                }));
            let all_new = parsed
                .entries
                .iter()
                .all(|draft| !known.contains(&short_hash(&draft.external_id)));
            read.extend(parsed.entries);
            let next = next.filter(|next| {
                // A next page elsewhere is an advertisement, one seen before a loop.
                Url::parse(next).ok().map(|url| url.origin()) == origin && !visited.contains(next)
            });
            let Some(next) = next else { break };
            if !all_new
                || number >= usize::from(self.config.max_pages)
                || read.len() >= self.config.max_items
            {
                break;
            }
            visited.push(next.clone());
            match self.fetch(&next, Validators::default()).await {
                Ok(fetched) => page = fetched,
                Err(
                    error @ (SourceError::Nonsense(_)
                    | SourceError::Unreached(
                        NetError::Rejected { .. }
                        | NetError::Gone { .. }
                        | NetError::Forbidden { .. },
                    )),
                ) => polled.problems.push(Problem::new(
                    format!("page {}", number + 1),
                    error.to_string(),
                )),
                Err(error) => return Err(error),
            }
        }
        let mut seen = BTreeSet::new();
        read.retain(|draft| seen.insert(draft.external_id.clone()));
        let fetched = self.tools.clock.now();
        for draft in oldest_first(read, self.config.max_items) {
            let hash = short_hash(&draft.external_id);
            if !known.contains(&hash) {
                note.known.push(hash);
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
        let text = html::decode(&document.bytes, document.content_type.as_deref());
        let parsed = parse(&text, &document.url, &self.config)?.parsed;
        let drafts = oldest_first(parsed.entries, self.config.max_items);
        Ok(Reread::of(&self.id, drafts, at, parsed.problems))
    }
}

/// 16 hexadecimal digits of an id.
fn short_hash(id: &str) -> String {
    let [a, b, c, d, e, f, g, h, ..] = hash::short(&[id.as_bytes()]);
    format!("{:016x}", u64::from_be_bytes([a, b, c, d, e, f, g, h]))
}
