//! X (Twitter): recent search of API v2, the last seven days.
//! <https://docs.x.com/x-api/posts/search/introduction>
//!
//! Every post in an answer costs money, so a monthly budget is kept in the cursor
//! and nothing is asked once it does not pay for a page. Pages go from new to old:
//! what was read is known by the newest id of the first page, and counts only when
//! the last page was read. What surprised us: `since_id` older than the seven days
//! is an error, not an empty answer.

mod budget;
mod parse;

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use model::clock::earlier;
use model::{Cursor, Document, Item, SourceId, Timestamp};
use net::{NetError, Request};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::{Polled, Problem, Reread, Source, SourceError, Tools, answer, credential};
use budget::{Budget, Spent};
use model::Secret;
pub use parse::{Page, parse};

/// X's own minimum of posts on a page.
const SMALLEST_PAGE: u64 = 10;
/// And its maximum.
const LARGEST_PAGE: u16 = 100;
/// A longer query is refused.
const LONGEST_QUERY: usize = 512;
/// 450 requests in 15 minutes.
const PACE: Duration = Duration::from_secs(2);
/// A page of 100 long posts with their authors has under 4 MB.
const LARGEST_ANSWER: u64 = 16 * 1024 * 1024;
/// The search goes back seven days; an hour is left for slow clocks.
const REACH: Duration = Duration::from_secs((7 * 24 - 1) * 60 * 60);
/// Milliseconds since 1970 at which X's ids begin to count.
const FIRST_ID_MILLISECOND: i64 = 1_288_834_974_657;

/// Posts on X that match a search. X charges for each post read.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What to search for, in X's query language, at most 512 characters:
    /// `(CERT-In OR ransomware) lang:en -is:retweet`.
    #[serde(deserialize_with = "query")]
    #[schemars(length(min = 1, max = 512))]
    pub query: String,
    /// The bearer token of an app (developer.x.com).
    #[serde(default)]
    pub bearer_token: Option<Secret<String>>,
    /// A file that holds the bearer token, read anew at each poll.
    #[serde(default)]
    pub bearer_token_file: Option<PathBuf>,
    /// Posts asked for at once, 10 to 100.
    #[serde(default = "default_max_results", deserialize_with = "page_size")]
    #[schemars(range(min = 10, max = 100))]
    pub max_results: u16,
    /// What this source may cost in a calendar month (UTC), in dollars; then it
    /// rests until the next month. Other sources of the same account have budgets
    /// of their own.
    #[serde(default = "default_monthly_budget")]
    pub monthly_budget_usd: f64,
    /// What X charges for a post read, in dollars.
    #[serde(default = "default_price_per_post")]
    pub price_per_post_usd: f64,
    /// What X charges for an author named beside the posts, in dollars. Its price
    /// list does not say whether it does; 0 if your bill shows none.
    #[serde(default = "default_price_per_author")]
    pub price_per_author_usd: f64,
    /// The address of the API.
    #[serde(default = "default_url")]
    pub url: String,
}

const fn default_max_results() -> u16 {
    LARGEST_PAGE
}

const fn default_monthly_budget() -> f64 {
    5.0
}

/// A post read, by X's price list of 2026.
const fn default_price_per_post() -> f64 {
    0.005
}

/// A user read, by the same list.
const fn default_price_per_author() -> f64 {
    0.01
}

fn default_url() -> String {
    "https://api.x.com/2".to_owned()
}

fn query<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let query = String::deserialize(deserializer)?;
    match fault(&query) {
        Some(fault) => Err(serde::de::Error::custom(fault)),
        None => Ok(query),
    }
}

/// What is wrong with a query, if X would refuse it unread.
fn fault(query: &str) -> Option<String> {
    let length = query.chars().count();
    if query.trim().is_empty() {
        return Some("`query` is empty".to_owned());
    }
    (length > LONGEST_QUERY)
        .then(|| format!("`query` has {length} characters; X takes {LONGEST_QUERY}"))
}

fn page_size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    let size = u16::deserialize(deserializer)?;
    if (10..=LARGEST_PAGE).contains(&size) {
        Ok(size)
    } else {
        Err(serde::de::Error::custom(
            "`max_results` must be from 10 to 100",
        ))
    }
}

/// A search on X as a source.
pub struct X {
    id: SourceId,
    config: Config,
    tools: Tools,
}

impl X {
    /// The search of this config, under the name `id`.
    #[must_use]
    pub fn new(id: SourceId, config: Config, tools: &Tools) -> Self {
        Self {
            id,
            config,
            tools: tools.clone(),
        }
    }

    fn address(
        &self,
        size: u64,
        since_id: Option<u64>,
        next_token: Option<&str>,
    ) -> Result<String, SourceError> {
        let mut url = answer::address(&self.config.url, "/tweets/search/recent")?;
        {
            let mut pairs = url.query_pairs_mut();
            pairs
                .append_pair("query", &self.config.query)
                .append_pair("max_results", &size.to_string())
                .append_pair(
                    "tweet.fields",
                    "author_id,created_at,edit_history_tweet_ids,entities,lang,note_tweet",
                )
                .append_pair("expansions", "author_id")
                .append_pair("user.fields", "username");
            if let Some(since_id) = since_id {
                pairs.append_pair("since_id", &since_id.to_string());
            }
            if let Some(token) = next_token {
                pairs.append_pair("next_token", token);
            }
        }
        Ok(url.into())
    }
}

/// What is remembered between two polls.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Note {
    /// Whether something was read once.
    loaded: bool,
    /// The newest post of the last reading that came to its end.
    since_id: Option<u64>,
    /// The reading that goes on.
    reading: Option<Reading>,
    /// What this month has cost.
    spent: Spent,
}

/// A reading between two of its pages.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Reading {
    /// The query the token belongs to.
    query: String,
    /// Where the next page is.
    next_token: String,
    /// The newest id of the first page.
    newest_id: Option<u64>,
}

#[async_trait]
impl Source for X {
    async fn poll(&self, since: &Cursor) -> Result<Polled, SourceError> {
        let config = &self.config;
        if let Some(fault) = fault(&config.query) {
            return Err(SourceError::Unready(fault));
        }
        let token = credential::required(
            "bearer_token",
            config.bearer_token.as_ref(),
            config.bearer_token_file.as_deref(),
        )
        .await?;
        let now = self.tools.clock.now();
        let mut note: Note = since.note();
        note.spent.enter(now);
        let budget = Budget::new(
            config.monthly_budget_usd,
            config.price_per_post_usd,
            config.price_per_author_usd,
        );
        let affordable = budget.affords(&note.spent);
        if affordable < SMALLEST_PAGE {
            return Err(budget.exhausted(now));
        }
        let size = u64::from(config.max_results).clamp(SMALLEST_PAGE, affordable);
        let reading = note
            .reading
            .take()
            .filter(|reading| reading.query == config.query);
        let next_token = reading.as_ref().map(|reading| reading.next_token.as_str());
        let since_id = note.since_id.filter(|id| is_within_reach(*id, now));

        let request = Request::get(self.address(size, since_id, next_token)?)
            .header("authorization", format!("Bearer {}", token.reveal()))
            .max_body(LARGEST_ANSWER)
            .pace(PACE);
        let body = match self.tools.door.send(request).await {
            Ok(body) => body,
            // Tokens of pages do not live long; without one it begins again.
            Err(NetError::Rejected { status: 400, .. }) if reading.is_some() => {
                return Ok(Polled {
                    problems: vec![Problem::new(
                        "paging",
                        "X has lost its place: read again from the newest post",
                    )],
                    cursor: Cursor::of(&note),
                    checkpoint: true,
                    more: true,
                    ..Polled::default()
                });
            }
            Err(error) => return Err(refused(error)),
        };
        let page = parse(&body.bytes)?;
        note.spent.add(page.posts, page.authors);
        let first_load = !note.loaded;
        note.loaded = true;
        let newest_id = match &reading {
            Some(reading) => reading.newest_id,
            None => page.newest_id,
        };
        // Of the time before the first reading one page is enough: it costs money
        // and never alerts.
        let token = page
            .next_token
            .filter(|token| !first_load && page.posts > 0 && next_token != Some(token));
        note.reading = token.map(|next_token| Reading {
            query: config.query.clone(),
            next_token,
            newest_id,
        });
        if note.reading.is_none() {
            note.since_id = note.since_id.max(newest_id);
        }
        // Asking once more than X allows costs fifteen minutes; the rest is read
        // at the next poll.
        let more = note.reading.is_some() && !answer::is_last_allowed(&body);
        Ok(Polled {
            items: page
                .parsed
                .entries
                .into_iter()
                .map(|draft| Item::new(&self.id, draft, now))
                .collect(),
            problems: page.parsed.problems,
            more,
            cursor: Cursor::of(&note),
            checkpoint: true,
            first_load,
            ..Polled::default()
        })
    }

    fn reread(&self, document: &Document, at: Timestamp) -> Result<Reread, SourceError> {
        let parsed = parse(&document.bytes)?.parsed;
        Ok(Reread::of(&self.id, parsed.entries, at, parsed.problems))
    }
}

/// Whether the search goes back to this post: its id holds its time.
fn is_within_reach(id: u64, now: Timestamp) -> bool {
    let milliseconds = i64::try_from(id >> 22)
        .unwrap_or(i64::MAX)
        .saturating_add(FIRST_ID_MILLISECOND);
    Timestamp::from_millisecond(milliseconds).is_ok_and(|posted| posted > earlier(now, REACH))
}

/// What a refusal means for people.
fn refused(error: NetError) -> SourceError {
    let told = |sentence: &str, body: &str| {
        let reason = answer::reason(body, &["/errors/0/message", "/detail", "/title"]);
        SourceError::Unready(answer::because(sentence, reason.as_deref()))
    };
    match &error {
        NetError::Refused {
            status: 401, body, ..
        } => told("X does not accept the bearer token", body),
        NetError::Refused { body, .. } => told("X refuses this account", body),
        NetError::Rejected {
            status: 402, body, ..
        } => told("the account at X is out of credit", body),
        NetError::Rejected {
            status: 400, body, ..
        } => told("X does not accept the search", body),
        _ => error.into(),
    }
}
