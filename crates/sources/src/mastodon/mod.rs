//! Mastodon, and servers that speak its language: tags and accounts of one server.
//! <https://docs.joinmastodon.org/methods/timelines/>
//!
//! Most servers show tags without a login; some have closed them, and say so with
//! 401 or 422. The newest page is read at every poll, because posts are edited and
//! an edit has the id of the post; older pages only until what was read before.
//! What surprised us: ids are numbers in strings, beyond 2^53, and on other
//! software words.

mod parse;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use model::{Cursor, Document, Item, Secret, SourceId, Timestamp};
use net::{Body, NetError, Request};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use url::Url;

use crate::round::Round;
use crate::{Polled, Problem, Reread, Source, SourceError, Tools, answer, credential};
pub use parse::{Page, parse};
use parse::{account_id, is_newer};

/// Mastodon's own maximum of posts on a page.
const PAGE: &str = "40";
/// Pages of one list read at once: 400 posts, which no tag of ours has in an hour.
const MOST_PAGES: u32 = 10;
/// A page of 40 posts has some 200 kB; servers with articles as posts more.
const LARGEST_ANSWER: u64 = 16 * 1024 * 1024;
/// 300 requests in 5 minutes.
const PACE: Duration = Duration::from_secs(1);
/// More lists belong into a second source.
const MOST_LISTS: usize = 100;

/// Public posts of one Mastodon server, by tag and by account.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The server: `https://infosec.exchange`.
    #[serde(deserialize_with = "server")]
    pub url: String,
    /// Tags, without `#`. A tag brings posts from other servers, too.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Accounts, as `name` or `name@server`.
    #[serde(default)]
    pub accounts: Vec<String>,
    /// An access token, for servers that show nothing without a login.
    #[serde(default)]
    pub access_token: Option<Secret<String>>,
    /// A file that holds the access token, read anew at each poll.
    #[serde(default)]
    pub access_token_file: Option<PathBuf>,
}

fn server<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let url = String::deserialize(deserializer)?;
    let host = Url::parse(&url)
        .ok()
        .filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host());
    match host {
        Some(_) => Ok(url),
        None => Err(serde::de::Error::custom(format!(
            "`url` must be a server's address, as `https://infosec.exchange`, not `{url}`"
        ))),
    }
}

impl Config {
    /// What is read, each as people write it: `#infosec`, `@name@server`.
    fn lists(&self) -> Result<Vec<String>, SourceError> {
        let tags = self
            .tags
            .iter()
            .map(|tag| format!("#{}", tag.trim().trim_start_matches('#')));
        let accounts = self
            .accounts
            .iter()
            .map(|account| format!("@{}", account.trim().trim_start_matches('@')));
        let lists: Vec<String> = tags.chain(accounts).collect();
        let unready = |text: String| Err(SourceError::Unready(text));
        if lists.is_empty() {
            return unready("`tags` or `accounts` must name something".to_owned());
        }
        if lists.len() > MOST_LISTS {
            return unready(format!(
                "{} tags and accounts are named; {MOST_LISTS} are read at most",
                lists.len()
            ));
        }
        let is_fine = |list: &str| {
            (2..=200).contains(&list.len())
                && !list.contains(|c: char| c.is_whitespace() || matches!(c, '/' | '?'))
        };
        match lists.iter().find(|list| !is_fine(list)) {
            Some(list) => unready(format!("`{list}` is no tag and no account")),
            None => Ok(lists),
        }
    }
}

/// Tags and accounts of a server as a source.
pub struct Mastodon {
    id: SourceId,
    config: Config,
    tools: Tools,
}

/// What is remembered between two polls.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Note {
    /// The server it is of: ids of another mean nothing.
    url: String,
    /// The newest id of each list that was read; empty if it held nothing.
    read: BTreeMap<String, String>,
    /// The ids of accounts, by name.
    accounts: BTreeMap<String, String>,
    round: Round<String>,
}

impl Mastodon {
    /// The tags and accounts of this config, under the name `id`.
    #[must_use]
    pub fn new(id: SourceId, config: Config, tools: &Tools) -> Self {
        Self {
            id,
            config,
            tools: tools.clone(),
        }
    }

    async fn ask(&self, url: Url, token: Option<&Secret<String>>) -> Result<Body, NetError> {
        let mut request = Request::get(url).max_body(LARGEST_ANSWER).pace(PACE);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {}", token.reveal()));
        }
        self.tools.door.send(request).await
    }

    /// Where a list is read; an account's id is looked up once.
    async fn address(
        &self,
        list: &str,
        host: &str,
        accounts: &mut BTreeMap<String, String>,
        token: Option<&Secret<String>>,
    ) -> Result<Url, SourceError> {
        let base = &self.config.url;
        let Some(account) = list.strip_prefix('@') else {
            let mut url = answer::address(base, "/api/v1/timelines/tag/")?;
            if let Ok(mut segments) = url.path_segments_mut() {
                segments.pop_if_empty().push(list.trim_start_matches('#'));
            }
            return Ok(url);
        };
        let id = match accounts.get(account) {
            Some(id) => id.clone(),
            None => {
                let mut url = answer::address(base, "/api/v1/accounts/lookup")?;
                url.query_pairs_mut().append_pair("acct", account);
                let id = account_id(&self.ask(url, token).await?.bytes, host)?;
                accounts.insert(account.to_owned(), id.clone());
                id
            }
        };
        let mut url = answer::address(base, &format!("/api/v1/accounts/{id}/statuses"))?;
        url.query_pairs_mut().append_pair("exclude_reblogs", "true");
        Ok(url)
    }

    async fn page(
        &self,
        list: &str,
        host: &str,
        note: &mut Note,
        token: Option<&Secret<String>>,
    ) -> Result<(Page, bool), SourceError> {
        let mut url = self.address(list, host, &mut note.accounts, token).await?;
        url.query_pairs_mut().append_pair("limit", PAGE);
        if let Some(max_id) = note.round.after() {
            url.query_pairs_mut().append_pair("max_id", max_id);
        }
        let body = self.ask(url, token).await?;
        Ok((parse(&body.bytes, host)?, answer::is_last_allowed(&body)))
    }
}

#[async_trait]
impl Source for Mastodon {
    async fn poll(&self, since: &Cursor) -> Result<Polled, SourceError> {
        let lists = self.config.lists()?;
        let host = host_of(&self.config.url)?;
        let token = credential::read(
            "access_token",
            self.config.access_token.as_ref(),
            self.config.access_token_file.as_deref(),
        )
        .await?;
        let mut note: Note = since.note();
        if note.url != self.config.url {
            note = Note {
                url: self.config.url.clone(),
                ..Note::default()
            };
        }
        note.read.retain(|list, _| lists.contains(list));
        note.accounts.retain(|account, _| {
            self.config
                .accounts
                .iter()
                .any(|named| named.trim().trim_start_matches('@') == account)
        });
        let Some(list) = note.round.current(&lists) else {
            return Err(SourceError::Unready(
                "`tags` or `accounts` must name something".to_owned(),
            ));
        };
        let known = note.read.get(list).cloned();
        let first_load = known.is_none();
        let mut polled = Polled {
            first_load,
            ..Polled::default()
        };
        let mut last_allowed = false;
        match self.page(list, &host, &mut note, token.as_ref()).await {
            Ok((page, last)) => {
                last_allowed = last;
                // What was known when nothing was there yet is older than anything.
                let is_older =
                    |id: &str| known.as_deref().is_some_and(|known| !is_newer(id, known));
                let after = page.oldest_id.filter(|id| !first_load && !is_older(id));
                if let Some(newest) = note.round.page(page.newest_id, after, MOST_PAGES) {
                    let newest = newest
                        .filter(|id| !is_older(id))
                        .or(known)
                        .unwrap_or_default();
                    note.read.insert(list.clone(), newest);
                }
                let now = self.tools.clock.now();
                polled.items = page
                    .parsed
                    .entries
                    .into_iter()
                    .map(|draft| Item::new(&self.id, draft, now))
                    .collect();
                polled.problems = page.parsed.problems;
            }
            Err(error) => {
                let Some(why) = costs_itself(list, &host, token.is_some(), &error) else {
                    return Err(error);
                };
                // An account that moved here anew has another id.
                note.accounts.remove(list.trim_start_matches('@'));
                if note.round.fail(&lists) {
                    return Err(SourceError::Unready(why));
                }
                polled.problems.push(Problem::new(list.as_str(), why));
            }
        }
        let step = note.round.step(list, &lists);
        polled.more = step.more && !last_allowed;
        polled.checkpoint = step.checkpoint;
        polled.cursor = Cursor::of(&note);
        Ok(polled)
    }

    fn reread(&self, document: &Document, at: Timestamp) -> Result<Reread, SourceError> {
        // An account's id only says what to read.
        if document.url.contains("/accounts/lookup") {
            return Ok(Reread::default());
        }
        let parsed = parse(&document.bytes, &host_of(&self.config.url)?)?.parsed;
        Ok(Reread::of(&self.id, parsed.entries, at, parsed.problems))
    }
}

fn host_of(url: &str) -> Result<String, SourceError> {
    let url = answer::address(url, "")?;
    let host = url.host_str().unwrap_or("the server");
    Ok(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

/// Why this list alone cannot be read, if it is the list.
fn costs_itself(list: &str, host: &str, has_token: bool, error: &SourceError) -> Option<String> {
    let SourceError::Unreached(error) = error else {
        return None;
    };
    let said = |body: &str| answer::reason(body, &["/error_description", "/error"]);
    let closed = |body: &str| {
        let sentence = if has_token {
            format!("{host} does not accept `access_token`")
        } else {
            format!(
                "{host} shows {list} only with a login; set `access_token`, or read it on another server"
            )
        };
        answer::because(&sentence, said(body).as_deref())
    };
    match error {
        NetError::Refused {
            status: 401, body, ..
        } => Some(closed(body)),
        // Mastodon's answer to the same, where the method is open and its owner is not.
        NetError::Rejected {
            status: 422, body, ..
        } if body.contains("authenticated") => Some(closed(body)),
        NetError::Refused { body, .. } => Some(answer::because(
            &format!("{host} refuses to show {list}"),
            said(body).as_deref(),
        )),
        NetError::Gone { .. } | NetError::Rejected { status: 404, .. } => {
            Some(format!("there is no {list} on {host}"))
        }
        NetError::Rejected {
            status: 422, body, ..
        } => Some(answer::because(
            &format!("{host} does not understand {list}"),
            said(body).as_deref(),
        )),
        _ => None,
    }
}
