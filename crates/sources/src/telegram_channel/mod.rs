//! A public Telegram channel, by the preview that t.me shows to everybody.
//!
//! The page holds the newest twenty messages or so; older ones are behind
//! `?before=NUMBER`, read until what was known. The newest page is read at every
//! poll, because messages are edited. What surprised us: a channel that is
//! private, does not exist or has switched its preview off redirects to a page
//! that invites to open the app.

mod parse;

use std::time::Duration;

use async_trait::async_trait;
use model::{Cursor, Document, Item, SourceId, Timestamp};
use net::{NetError, Request};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::round::Round;
use crate::{Polled, Reread, Source, SourceError, Tools, answer, html};
use parse::no_preview;
pub use parse::{Page, parse};

/// Pages read at once: 200 messages.
const MOST_PAGES: u32 = 10;
/// t.me does not say what it allows; people scroll about as fast.
const PACE: Duration = Duration::from_secs(3);

/// A public Telegram channel.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The channel's name: `examplecert` of `https://t.me/examplecert`.
    #[serde(deserialize_with = "name")]
    pub channel: String,
    /// The address that previews stand under.
    #[serde(default = "default_url")]
    pub url: String,
}

fn default_url() -> String {
    "https://t.me/s".to_owned()
}

fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let given = String::deserialize(deserializer)?;
    let name = given.trim().trim_start_matches('@');
    // Telegram allows 5 to 32 characters; names bought from it have 4.
    let is_name = (4..=32).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_name {
        Ok(name.to_owned())
    } else {
        Err(serde::de::Error::custom(format!(
            "`{given}` is no channel's name; write `examplecert` for `https://t.me/examplecert`"
        )))
    }
}

/// A channel as a source.
pub struct TelegramChannel {
    id: SourceId,
    config: Config,
    tools: Tools,
}

/// What is remembered between two polls.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Note {
    /// The channel it is of: numbers of another mean nothing.
    channel: String,
    /// The newest number that was read; 0 if there was none.
    newest: Option<u64>,
    round: Round<u64>,
}

impl TelegramChannel {
    /// The channel of this config, under the name `id`.
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
impl Source for TelegramChannel {
    async fn poll(&self, since: &Cursor) -> Result<Polled, SourceError> {
        let channel = &self.config.channel;
        let mut note: Note = since.note();
        if note.channel != *channel {
            note = Note {
                channel: channel.clone(),
                ..Note::default()
            };
        }
        let lists = std::slice::from_ref(channel);
        note.round.current(lists);
        let mut url = answer::address(&self.config.url, &format!("/{channel}"))?;
        if let Some(before) = note.round.after() {
            url.query_pairs_mut().append_pair("before", before);
        }
        let request = Request::get(url).max_body(html::LARGEST_PAGE).pace(PACE);
        let body = match self.tools.door.send(request).await {
            Ok(body) => body,
            Err(NetError::Rejected {
                status: 301 | 302 | 303 | 307 | 308 | 404,
                ..
            }) => return Err(no_preview(channel)),
            Err(error) => return Err(error.into()),
        };
        let page = parse(&body.bytes, body.content_type.as_deref(), channel)?;
        let known = note.newest;
        let older = page
            .oldest
            .filter(|oldest| *oldest > 1 && known.is_some_and(|known| *oldest > known));
        if let Some(newest) = note.round.page(
            page.newest,
            older.map(|oldest| oldest.to_string()),
            MOST_PAGES,
        ) {
            note.newest = Some(known.max(newest).unwrap_or(0));
        }
        let step = note.round.step(channel, lists);
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
            more: step.more,
            first_load: known.is_none(),
            ..Polled::default()
        })
    }

    fn reread(&self, document: &Document, at: Timestamp) -> Result<Reread, SourceError> {
        let content_type = document.content_type.as_deref();
        let parsed = parse(&document.bytes, content_type, &self.config.channel)?.parsed;
        Ok(Reread::of(&self.id, parsed.entries, at, parsed.problems))
    }
}
