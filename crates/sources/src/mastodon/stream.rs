//! Mastodon's streaming: posts of tags as they come, as server-sent events.
//! <https://docs.joinmastodon.org/methods/streaming/>
//!
//! One connection a tag; accounts cannot be streamed. Nothing is repeated after a
//! break, so polls go on beside the stream, and alone where it is refused: most
//! servers stream only to those who are logged in, some to nobody. What surprised
//! us: large servers stream from a host of their own, which only the description
//! of the server names, and a redirect there would lose the token.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use model::{Clock, Cursor, Item, Secret, SourceId};
use net::{Bounds, Event, Events, NetError, Request};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use url::Url;

use super::{LONGEST_POST, Mastodon, PACE, host_of, parse};
use crate::streaming::{Batch, next_unless_quiet};
use crate::{Connection, Polled, Polls, Problem, SourceError, Streaming, answer, credential};

/// A comment comes every 15 seconds.
const BOUNDS: Bounds = Bounds {
    idle: Duration::from_secs(45),
    longest: LONGEST_POST,
};
/// Tags that are streamed; those behind them are polled. A server may count each
/// as a connection of ours.
const MOST_STREAMS: usize = 8;
/// Events that wait to be read, over all tags.
const WAITING: usize = 64;

#[async_trait]
impl Streaming for Mastodon {
    async fn connect(&self, _since: &Cursor) -> Result<Box<dyn Connection>, SourceError> {
        let host = host_of(&self.config.url)?;
        let token = credential::read(
            "access_token",
            self.config.access_token.as_ref(),
            self.config.access_token_file.as_deref(),
        )
        .await?;
        let base = self.streaming_host(token.as_ref()).await?;
        let (sender, receiver) = mpsc::channel(WAITING);
        let mut readers = JoinSet::new();
        for list in self.config.lists()? {
            let Some(tag) = list.strip_prefix('#') else {
                continue;
            };
            if readers.len() >= MOST_STREAMS {
                break;
            }
            let mut url = answer::address(&base, "/api/v1/streaming/hashtag")?;
            url.query_pairs_mut().append_pair("tag", tag);
            let mut request = Request::get(url).pace(PACE);
            if let Some(token) = &token {
                request = request.header("authorization", format!("Bearer {}", token.reveal()));
            }
            let events = self.tools.door.events(request, BOUNDS).await;
            let events = events.map_err(|error| refused(&host, token.is_some(), error))?;
            readers.spawn(read(events, sender.clone()));
        }
        let clock = Arc::clone(&self.tools.clock);
        Ok(Box::new(Open {
            id: self.id.clone(),
            host,
            receiver,
            _readers: readers,
            batch: Batch::new(clock.now()),
            clock,
        }))
    }

    fn polls(&self) -> Polls {
        Polls::OnBeat
    }
}

impl Mastodon {
    /// Where the server streams: what it says itself, or else from its own host.
    async fn streaming_host(&self, token: Option<&Secret<String>>) -> Result<String, SourceError> {
        let own = || Ok(self.config.url.clone());
        let url = answer::address(&self.config.url, "/api/v2/instance")?;
        let body = match self.ask(url, token).await {
            Ok(body) => body,
            // Other software, or a server that does not describe itself.
            Err(NetError::Rejected { .. } | NetError::Refused { .. } | NetError::Gone { .. }) => {
                return own();
            }
            Err(error) => return Err(error.into()),
        };
        let Ok(said) = answer::json(&body.bytes, "the server") else {
            return own();
        };
        let Some(named) = answer::text(&said, "/configuration/urls/streaming")
            .and_then(|named| Url::parse(named).ok())
        else {
            return own();
        };
        // A token that was given to https never leaves by anything less.
        let scheme = match (named.scheme(), self.config.url.starts_with("https://")) {
            ("wss" | "https", _) => "https",
            ("ws" | "http", false) => "http",
            _ => return own(),
        };
        let rest = named.as_str().split_once(':').map_or("", |(_, rest)| rest);
        Ok(format!("{scheme}:{rest}"))
    }
}

/// Hands on the events of one tag, and why they end.
async fn read(mut events: Events, sender: mpsc::Sender<Result<Event, NetError>>) {
    loop {
        let (event, last) = match events.next().await {
            Ok(Some(event)) => (Ok(event), false),
            Ok(None) => (
                Err(NetError::Passing {
                    host: "the server".to_owned(),
                    reason: "it closed the stream".to_owned(),
                }),
                true,
            ),
            Err(error) => (Err(error), true),
        };
        if sender.send(event).await.is_err() || last {
            return;
        }
    }
}

/// The streams of all tags while they are open.
struct Open {
    id: SourceId,
    host: String,
    receiver: mpsc::Receiver<Result<Event, NetError>>,
    /// End with the connection.
    _readers: JoinSet<()>,
    batch: Batch,
    clock: Arc<dyn Clock>,
}

impl Open {
    fn take_in(&mut self, event: &Event) {
        let Event::Message { name, data } = event else {
            return;
        };
        // Also `delete`, `filters_changed` and what servers invent.
        if !matches!(name.as_str(), "update" | "status.update") {
            return;
        }
        match parse(format!("[{data}]").as_bytes(), &self.host) {
            Ok(page) => {
                self.batch.drafts.extend(page.parsed.entries);
                self.batch.problems.extend(page.parsed.problems);
            }
            Err(error) => self
                .batch
                .problems
                .push(Problem::new("stream", error.to_string())),
        }
    }
}

#[async_trait]
impl Connection for Open {
    async fn next(&mut self, since: &Cursor) -> Result<Polled, SourceError> {
        while !self.batch.is_due(self.clock.now()) {
            match next_unless_quiet(self.batch.is_empty(), self.receiver.recv()).await {
                None => break,
                Some(Some(Ok(event))) => self.take_in(&event),
                Some(Some(Err(error))) => self.batch.end(error.into()),
                Some(None) => self.batch.end(SourceError::Unready(
                    "there is no tag to be streamed".to_owned(),
                )),
            }
        }
        let now = self.clock.now();
        let (drafts, problems) = self.batch.take(now)?;
        Ok(Polled {
            items: drafts
                .into_iter()
                .map(|draft| Item::new(&self.id, draft, now))
                .collect(),
            problems,
            // Polls alone know what was read: they see what the stream missed.
            cursor: since.clone(),
            checkpoint: true,
            ..Polled::default()
        })
    }
}

/// What a refusal means for people.
fn refused(host: &str, has_token: bool, error: NetError) -> SourceError {
    match &error {
        NetError::Refused { .. } if !has_token => SourceError::Unready(format!(
            "{host} streams only with a login: set `access_token`, or `stream = false`"
        )),
        NetError::Refused { .. } => SourceError::Unready(format!(
            "{host} does not stream to this `access_token`; it needs the scope read"
        )),
        NetError::Gone { .. } | NetError::Rejected { .. } => {
            SourceError::Unready(format!("{host} does not stream ({error})"))
        }
        _ => error.into(),
    }
}
