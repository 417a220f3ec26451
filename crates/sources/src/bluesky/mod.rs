//! Bluesky: posts that match a search.
//! <https://docs.bsky.app/docs/api/app-bsky-feed-search-posts>
//!
//! The search is closed to those who are not logged in (403), so an account and
//! an app password are needed. Posts cannot be edited. What is newer than the last
//! reading is asked for by time, a little earlier than that: posts come into the
//! index late, and reading one twice costs nothing.

mod parse;
mod session;

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use model::clock::earlier;
use model::{Cursor, Document, Item, Secret, SourceId, Timestamp};
use net::{Body, NetError, Request};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::round::Round;
use crate::{Polled, Reread, Source, SourceError, Tools, answer, credential};
pub use parse::{Page, parse};
use session::{Account, Session};

/// Bluesky's own maximum of posts on a page.
const PAGE: &str = "100";
/// Pages read at once: 1,000 posts.
const MOST_PAGES: u32 = 10;
/// A page of 100 posts with their cards has some 500 kB.
const LARGEST_ANSWER: u64 = 16 * 1024 * 1024;
/// 3,000 requests in 5 minutes; one a second is more than enough.
const PACE: Duration = Duration::from_secs(1);
/// How long a post may take into the index.
const OVERLAP: Duration = Duration::from_secs(10 * 60);
/// Longer searches are none.
const LONGEST_QUERY: usize = 512;

/// Posts on Bluesky that match a search.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What to search for: words, `"a phrase"`, `#tag`, `from:handle`, `lang:hi`.
    #[serde(deserialize_with = "query")]
    #[schemars(length(min = 1, max = 512))]
    pub query: String,
    /// The handle of an account, as `name.bsky.social`.
    #[serde(default)]
    pub identifier: Option<String>,
    /// An app password of that account (Settings, Privacy and security).
    #[serde(default)]
    pub app_password: Option<Secret<String>>,
    /// A file that holds the app password.
    #[serde(default)]
    pub app_password_file: Option<PathBuf>,
    /// The server that the account is on.
    #[serde(default = "default_url")]
    pub url: String,
}

fn default_url() -> String {
    "https://bsky.social".to_owned()
}

fn query<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let query = String::deserialize(deserializer)?;
    let length = query.chars().count();
    if query.trim().is_empty() {
        Err(serde::de::Error::custom("`query` is empty"))
    } else if length > LONGEST_QUERY {
        Err(serde::de::Error::custom(format!(
            "`query` has {length} characters; {LONGEST_QUERY} are taken"
        )))
    } else {
        Ok(query)
    }
}

/// A search on Bluesky as a source.
pub struct Bluesky {
    id: SourceId,
    config: Config,
    tools: Tools,
    session: Session,
}

/// What is remembered between two polls.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Note {
    /// Whether something was read once.
    loaded: bool,
    /// When Bluesky saw the newest post that was read.
    newest: Option<Timestamp>,
    /// The reading that goes on, under the name of its query.
    round: Round<Timestamp>,
}

impl Bluesky {
    /// The search of this config, under the name `id`.
    #[must_use]
    pub fn new(id: SourceId, config: Config, tools: &Tools) -> Self {
        Self {
            id,
            config,
            tools: tools.clone(),
            session: Session::default(),
        }
    }

    /// A page; a token that has ended is renewed once.
    async fn page(
        &self,
        since: Option<Timestamp>,
        cursor: Option<&str>,
    ) -> Result<Body, SourceError> {
        let Config {
            url,
            identifier,
            app_password,
            app_password_file,
            ..
        } = &self.config;
        let Some(identifier) = identifier
            .as_deref()
            .map(str::trim)
            .filter(|identifier| !identifier.is_empty())
        else {
            return Err(SourceError::Unready(
                "`identifier` is missing: Bluesky's search needs a login".to_owned(),
            ));
        };
        let password = credential::required(
            "app_password",
            app_password.as_ref(),
            app_password_file.as_deref(),
        )
        .await?;
        let account = Account {
            url,
            identifier: identifier.trim_start_matches('@'),
            password: &password,
        };
        let mut address = answer::address(url, "/xrpc/app.bsky.feed.searchPosts")?;
        address
            .query_pairs_mut()
            .append_pair("q", &self.config.query)
            .append_pair("limit", PAGE)
            .append_pair("sort", "latest");
        if let Some(since) = since {
            address.query_pairs_mut().append_pair(
                "since",
                &since.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
            );
        }
        if let Some(cursor) = cursor {
            address.query_pairs_mut().append_pair("cursor", cursor);
        }
        let ask = async |token: Secret<String>| {
            let request = Request::get(address.as_str())
                .header("authorization", format!("Bearer {}", token.reveal()))
                .max_body(LARGEST_ANSWER)
                .pace(PACE);
            self.tools.door.send(request).await
        };
        let token = self.session.token(&account, &self.tools).await?;
        match ask(token).await {
            Err(error) if has_ended(&error) => {
                let token = self.session.renewed(&account, &self.tools).await?;
                ask(token).await.map_err(refused)
            }
            answer => answer.map_err(refused),
        }
    }
}

#[async_trait]
impl Source for Bluesky {
    async fn poll(&self, since: &Cursor) -> Result<Polled, SourceError> {
        let mut note: Note = since.note();
        let lists = std::slice::from_ref(&self.config.query);
        note.round.current(lists);
        let from = note.newest.map(|newest| earlier(newest, OVERLAP));
        let body = self.page(from, note.round.after()).await?;
        let page = parse(&body.bytes)?;
        let first_load = !note.loaded;
        note.loaded = true;
        // One page of the time before the first reading is enough.
        let next = page
            .cursor
            .filter(|_| !first_load && !page.parsed.entries.is_empty());
        if let Some(newest) = note.round.page(page.newest, next, MOST_PAGES) {
            note.newest = note.newest.max(newest);
        }
        let step = note.round.step(&self.config.query, lists);
        let now = self.tools.clock.now();
        Ok(Polled {
            items: page
                .parsed
                .entries
                .into_iter()
                .map(|draft| Item::new(&self.id, draft, now))
                .collect(),
            problems: page.parsed.problems,
            cursor: Cursor::of(&note),
            checkpoint: step.checkpoint,
            more: step.more && !answer::is_last_allowed(&body),
            first_load,
            ..Polled::default()
        })
    }

    fn reread(&self, document: &Document, at: Timestamp) -> Result<Reread, SourceError> {
        let parsed = parse(&document.bytes)?.parsed;
        Ok(Reread::of(&self.id, parsed.entries, at, parsed.problems))
    }
}

/// Whether a token is no longer good.
fn has_ended(error: &NetError) -> bool {
    match error {
        NetError::Refused { status: 401, .. } => true,
        NetError::Rejected {
            status: 400, body, ..
        } => body.contains("ExpiredToken") || body.contains("InvalidToken"),
        _ => false,
    }
}

fn refused(error: NetError) -> SourceError {
    match &error {
        NetError::Refused { body, .. }
        | NetError::Rejected {
            status: 400, body, ..
        } => {
            let reason = answer::reason(body, &["/message", "/error"]);
            SourceError::Unready(answer::because(
                "Bluesky refuses the search",
                reason.as_deref(),
            ))
        }
        _ => error.into(),
    }
}
