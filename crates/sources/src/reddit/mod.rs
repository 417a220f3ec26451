//! Reddit: the newest posts of subreddits, through its API with an app's
//! credentials, or through its feeds without.
//! <https://support.reddithelp.com/hc/en-us/articles/16160319875092>
//!
//! Each subreddit is read by itself, one page a poll, so that one that is gone
//! private costs only itself and is named. Pages go from new to old; a reading
//! goes back to what was read before. What surprised us: `before` a post that was
//! deleted since gives nothing for ever, so the time of the newest post is kept
//! and not its name; and a subreddit that does not exist redirects to a search.

mod login;
mod parse;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use model::item::Draft;
use model::{Cursor, Document, Item, ItemKind, Secret, SourceId, Timestamp};
use net::{Body, Fetched, NetError, Request, Validators};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::round::Round;
use crate::{
    Parsed, Polled, Problem, Reread, Source, SourceError, Tools, answer, credential, feed,
};
use login::{App, Login};
pub use parse::{Page, parse};

/// Reddit's own maximum of posts on a page.
const PAGE: &str = "100";
/// Reddit shows no more than the newest 1,000 posts.
const MOST_PAGES: u32 = 10;
/// A page of 100 long posts has some 6 MB.
const LARGEST_ANSWER: u64 = 24 * 1024 * 1024;
/// 100 requests a minute with credentials.
const PACE_WITH_LOGIN: Duration = Duration::from_secs(1);
/// About 10 without.
const PACE_WITHOUT: Duration = Duration::from_secs(7);
/// More subreddits belong into a second source.
const MOST_SUBREDDITS: usize = 100;

/// The newest posts of subreddits.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The names of the subreddits, without `r/`.
    #[serde(deserialize_with = "names")]
    #[schemars(length(min = 1, max = 100))]
    pub subreddits: Vec<String>,
    /// The id of an app (reddit.com/prefs/apps, kind "script"). Without one
    /// Reddit's feeds are read, which allow a tenth of the requests.
    #[serde(default)]
    pub client_id: Option<String>,
    /// The app's secret.
    #[serde(default)]
    pub client_secret: Option<Secret<String>>,
    /// A file that holds the app's secret.
    #[serde(default)]
    pub client_secret_file: Option<PathBuf>,
    /// The User-Agent. With an app Reddit requires the form
    /// `<platform>:<app id>:<version> (by /u/<name>)`.
    #[serde(default)]
    pub user_agent: Option<String>,
    /// The address of the API.
    #[serde(default = "default_url")]
    pub url: String,
    /// Where the API's tokens come from.
    #[serde(default = "default_token_url")]
    pub token_url: String,
    /// The site whose feeds are read without an app.
    #[serde(default = "default_feed_url")]
    pub feed_url: String,
}

fn default_url() -> String {
    "https://oauth.reddit.com".to_owned()
}

fn default_token_url() -> String {
    "https://www.reddit.com/api/v1/access_token".to_owned()
}

fn default_feed_url() -> String {
    "https://www.reddit.com".to_owned()
}

fn names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    match fault(&names) {
        Some(fault) => Err(serde::de::Error::custom(fault)),
        None => Ok(names),
    }
}

/// What is wrong with a list of subreddits.
fn fault(names: &[String]) -> Option<String> {
    if names.is_empty() {
        return Some("`subreddits` is empty".to_owned());
    }
    if names.len() > MOST_SUBREDDITS {
        return Some(format!(
            "`subreddits` has {} names; {MOST_SUBREDDITS} are read at most",
            names.len()
        ));
    }
    let is_name = |name: &str| {
        (2..=21).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    names
        .iter()
        .find(|name| !is_name(name))
        .map(|name| format!("`{name}` is no subreddit's name; write `netsec`, not `r/netsec`"))
}

/// Subreddits as a source.
pub struct Reddit {
    id: SourceId,
    config: Config,
    tools: Tools,
    login: Login,
}

/// What is remembered between two polls.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Note {
    /// Each subreddit that was read, by name.
    read: BTreeMap<String, Mark>,
    /// The round that goes on.
    round: Round<Timestamp>,
}

/// How far one subreddit was read.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Mark {
    /// When its newest post was made.
    newest: Option<Timestamp>,
    /// Of its feed.
    validators: Validators,
}

impl Reddit {
    /// The subreddits of this config, under the name `id`.
    #[must_use]
    pub fn new(id: SourceId, config: Config, tools: &Tools) -> Self {
        Self {
            id,
            config,
            tools: tools.clone(),
            login: Login::default(),
        }
    }

    /// The app, if the config holds one.
    async fn app(&self) -> Result<Option<App>, SourceError> {
        let Config {
            client_id,
            client_secret,
            client_secret_file,
            user_agent,
            ..
        } = &self.config;
        let secret = credential::read(
            "client_secret",
            client_secret.as_ref(),
            client_secret_file.as_deref(),
        )
        .await?;
        let unready = |text: &str| Err(SourceError::Unready(text.to_owned()));
        match (client_id, secret) {
            (None, None) => Ok(None),
            (Some(_), None) => {
                unready("`client_secret` or `client_secret_file` is missing beside `client_id`")
            }
            (None, Some(_)) => unready("`client_id` is missing beside `client_secret`"),
            (Some(id), Some(secret)) => match user_agent {
                Some(user_agent) if is_wanted_form(user_agent) => Ok(Some(App {
                    id: id.clone(),
                    secret,
                    user_agent: user_agent.clone(),
                })),
                _ => unready(
                    "`user_agent` must have the form `<platform>:<app id>:<version> (by /u/<name>)`: Reddit refuses others",
                ),
            },
        }
    }

    /// One page of a subreddit through the API; a refused token is renewed once.
    async fn page(
        &self,
        app: &App,
        subreddit: &str,
        after: Option<&str>,
    ) -> Result<Body, SourceError> {
        let mut url = answer::address(&self.config.url, &format!("/r/{subreddit}/new"))?;
        url.query_pairs_mut()
            .append_pair("limit", PAGE)
            .append_pair("raw_json", "1");
        if let Some(after) = after {
            url.query_pairs_mut().append_pair("after", after);
        }
        let ask = async || {
            let token = self
                .login
                .token(&self.config.token_url, app, &self.tools)
                .await?;
            let request = Request::get(url.as_str())
                .header("authorization", format!("Bearer {}", token.reveal()))
                .header("user-agent", &app.user_agent)
                .max_body(LARGEST_ANSWER)
                .pace(PACE_WITH_LOGIN);
            self.tools
                .door
                .send(request)
                .await
                .map_err(SourceError::from)
        };
        match ask().await {
            Err(SourceError::Unreached(NetError::Refused { status: 401, .. })) => {
                self.login.forget();
                ask().await
            }
            answer => answer,
        }
    }

    async fn read_page(
        &self,
        app: &App,
        subreddit: &str,
        after: Option<&str>,
    ) -> Result<(Page, bool), SourceError> {
        let body = self.page(app, subreddit, after).await?;
        Ok((parse(&body.bytes)?, answer::is_last_allowed(&body)))
    }

    /// A subreddit's feed, as a page without others behind it.
    async fn read_feed(&self, subreddit: &str, mark: &mut Mark) -> Result<Page, SourceError> {
        let url = answer::address(
            &self.config.feed_url,
            &format!("/r/{subreddit}/new/.rss?limit={PAGE}"),
        )?;
        let mut request = Request::get(url)
            .pace(PACE_WITHOUT)
            .unless(mark.validators.clone());
        if let Some(user_agent) = &self.config.user_agent {
            request = request.header("user-agent", user_agent);
        }
        let body = match self.tools.door.fetch(request).await? {
            Fetched::Unchanged => return Ok(Page::default()),
            Fetched::Body(body) => body,
        };
        let parsed = posts_of_feed(&body.bytes, body.content_type.as_deref(), &body.url)?;
        mark.validators = body.validators;
        let newest = parsed
            .entries
            .iter()
            .filter_map(|draft| draft.published)
            .max();
        Ok(Page {
            parsed,
            newest,
            ..Page::default()
        })
    }
}

#[async_trait]
impl Source for Reddit {
    async fn poll(&self, since: &Cursor) -> Result<Polled, SourceError> {
        if let Some(fault) = fault(&self.config.subreddits) {
            return Err(SourceError::Unready(fault));
        }
        let app = self.app().await?;
        let mut note: Note = since.note();
        let names = &self.config.subreddits;
        note.read.retain(|name, _| names.contains(name));
        let Some(subreddit) = note.round.current(names) else {
            return Err(SourceError::Unready("`subreddits` is empty".to_owned()));
        };
        let known = note.read.get(subreddit).cloned();
        let first_load = known.is_none();
        let mut mark = known.unwrap_or_default();
        let round = &mut note.round;
        let (answer, last_allowed) = match &app {
            Some(app) => match self.read_page(app, subreddit, round.after()).await {
                Ok((page, last_allowed)) => (Ok(page), last_allowed),
                Err(error) => (Err(error), false),
            },
            None => (self.read_feed(subreddit, &mut mark).await, false),
        };
        let mut polled = Polled {
            first_load,
            ..Polled::default()
        };
        match answer {
            Ok(page) => {
                let back_enough = first_load
                    || mark
                        .newest
                        .is_some_and(|mark| page.oldest.is_none_or(|oldest| oldest <= mark));
                let after = page.after.filter(|_| !back_enough);
                if let Some(newest) = round.page(page.newest, after, MOST_PAGES) {
                    mark.newest = mark.newest.max(newest);
                    note.read.insert(subreddit.clone(), mark);
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
                let Some(why) = costs_itself(subreddit, &error) else {
                    return Err(refused(error));
                };
                // All of them gone is a source that cannot be read.
                if round.fail(names) {
                    return Err(SourceError::Unready(why));
                }
                polled
                    .problems
                    .push(Problem::new(format!("r/{subreddit}"), why));
            }
        }
        let step = round.step(subreddit, names);
        polled.more = step.more && !last_allowed;
        polled.checkpoint = step.checkpoint;
        polled.cursor = Cursor::of(&note);
        Ok(polled)
    }

    fn reread(&self, document: &Document, at: Timestamp) -> Result<Reread, SourceError> {
        let bytes = &document.bytes;
        let parsed = if bytes.trim_ascii_start().starts_with(b"{") {
            parse(bytes)?.parsed
        } else {
            posts_of_feed(bytes, document.content_type.as_deref(), &document.url)?
        };
        Ok(Reread::of(&self.id, parsed.entries, at, parsed.problems))
    }
}

/// The posts in a subreddit's feed.
fn posts_of_feed(
    bytes: &[u8],
    content_type: Option<&str>,
    url: &str,
) -> Result<Parsed<Draft>, SourceError> {
    let mut parsed = feed::parse(bytes, content_type, url)?.parsed;
    for draft in &mut parsed.entries {
        draft.kind = ItemKind::Post;
        draft.author = draft
            .author
            .take()
            .map(|author| author.trim_start_matches('/').to_owned());
    }
    parsed.entries = feed::oldest_first(parsed.entries, usize::MAX);
    Ok(parsed)
}

/// Why this subreddit alone cannot be read, if it is this one alone.
fn costs_itself(subreddit: &str, error: &SourceError) -> Option<String> {
    let SourceError::Unreached(error) = error else {
        return None;
    };
    let (status, body) = match error {
        NetError::Refused {
            status: status @ 403,
            body,
            ..
        }
        | NetError::Rejected {
            status: status @ (404 | 451),
            body,
            ..
        } => (*status, body.as_str()),
        NetError::Rejected {
            status: status @ (301 | 302),
            ..
        } => (*status, ""),
        _ => return None,
    };
    let said = answer::reason(body, &["/reason", "/message"]);
    Some(match (status, said.as_deref()) {
        (301 | 302, _) => format!("there is no r/{subreddit}"),
        (451, _) => format!("r/{subreddit} is withheld for legal reasons"),
        (_, Some(reason @ ("private" | "banned" | "quarantined" | "gold_only"))) => {
            format!("r/{subreddit} is {reason}")
        }
        (_, said) => answer::because(&format!("r/{subreddit} cannot be read"), said),
    })
}

fn refused(error: SourceError) -> SourceError {
    match error {
        SourceError::Unreached(NetError::Refused { status: 401, .. }) => {
            SourceError::Unready("Reddit refuses the token it has just given".to_owned())
        }
        other => other,
    }
}

/// Whether a User-Agent has the form Reddit asks for.
fn is_wanted_form(user_agent: &str) -> bool {
    let Some((app, by)) = user_agent.split_once(" (by ") else {
        return false;
    };
    let name = by
        .strip_suffix(')')
        .and_then(|by| by.trim_start_matches('/').strip_prefix("u/"));
    let mut parts = app.splitn(3, ':');
    name.is_some_and(|name| !name.is_empty())
        && (0..3).all(|_| parts.next().is_some_and(|part| !part.trim().is_empty()))
}
