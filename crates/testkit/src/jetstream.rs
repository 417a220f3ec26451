//! Bluesky's Jetstream: a WebSocket that repeats from a cursor on and then goes
//! on live. Like the real one it knows no way to say that a cursor is too old: it
//! begins with the oldest it has.

use std::sync::Arc;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::StatusCode;

use crate::loopback::Loopback;
use crate::shared::Shared;

/// A Jetstream server on 127.0.0.1.
#[derive(Debug)]
pub struct FakeJetstream {
    loopback: Loopback,
    state: Shared<State>,
    changed: Arc<watch::Sender<Change>>,
}

#[derive(Debug, Default)]
struct State {
    /// What happened, oldest first: its time in microseconds, and the frame.
    events: Vec<(u64, String)>,
    /// The query of each connection.
    queries: Vec<String>,
    refusing: Option<u16>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Change {
    /// Grows with every event and connection.
    count: u64,
    /// Grows with every cut.
    cuts: u64,
    connections: usize,
}

impl FakeJetstream {
    /// A server without events on a free port.
    pub async fn start() -> Self {
        let state: Shared<State> = Shared::new(State::default());
        let changed = Arc::new(watch::Sender::new(Change::default()));
        let (known, changes) = (state.clone(), Arc::clone(&changed));
        let loopback = Loopback::listen(0, move |stream| {
            let (known, changes) = (known.clone(), Arc::clone(&changes));
            async move {
                // A client that goes away is no concern of the fake.
                let _ = converse(stream, &known, &changes).await;
            }
        })
        .await;
        Self {
            loopback,
            state,
            changed,
        }
    }

    /// Its address, as it stands in the config.
    #[must_use]
    pub fn url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.loopback.port())
    }

    /// Somebody posts, at this time in microseconds since 1970.
    pub fn post(&self, time_us: u64, did: &str, rkey: &str, record: &Value) {
        let commit = json!({
            "rev": "3l", "operation": "create", "collection": "app.bsky.feed.post",
            "rkey": rkey, "cid": "bafyrei", "record": record,
        });
        // In the order of the real ones.
        let did = Value::from(did);
        let frame =
            format!(r#"{{"did":{did},"time_us":{time_us},"kind":"commit","commit":{commit}}}"#);
        self.add(time_us, frame);
    }

    /// Anything else happens.
    pub fn happens(&self, time_us: u64, event: &Value) {
        self.add(time_us, event.to_string());
    }

    fn add(&self, time_us: u64, frame: String) {
        self.state.lock().events.push((time_us, frame));
        self.changed.send_modify(|change| change.count += 1);
    }

    /// Closes every connection without a word.
    pub fn cut(&self) {
        self.changed.send_modify(|change| change.cuts += 1);
    }

    /// Answers the next connections with this status; `None` takes them again.
    pub fn refuse(&self, status: Option<u16>) {
        self.state.lock().refusing = status;
    }

    /// What was asked for by each connection, as a query.
    #[must_use]
    pub fn queries(&self) -> Vec<String> {
        self.state.lock().queries.clone()
    }

    /// The cursor each connection asked for.
    #[must_use]
    pub fn cursors(&self) -> Vec<Option<u64>> {
        self.queries()
            .iter()
            .map(|query| cursor_of(query))
            .collect()
    }

    /// Waits until so many connections were taken in all.
    pub async fn connected(&self, times: usize) {
        let mut changes = self.changed.subscribe();
        // The sender lives as long as `self`.
        let _ = changes.wait_for(|change| change.connections >= times).await;
    }
}

fn cursor_of(query: &str) -> Option<u64> {
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "cursor")
        .and_then(|(_, value)| value.parse().ok())
}

async fn converse(
    stream: TcpStream,
    state: &Shared<State>,
    changed: &watch::Sender<Change>,
) -> Result<(), tokio_tungstenite::tungstenite::Error> {
    let mut query = String::new();
    #[expect(
        clippy::result_large_err,
        reason = "the library's own type of a refusal"
    )]
    let judge = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        query = request.uri().query().unwrap_or_default().to_owned();
        let status = match state.lock().refusing {
            Some(status) => StatusCode::from_u16(status).unwrap_or_default(),
            None if request.uri().path() == "/subscribe" => return Ok(response),
            None => StatusCode::NOT_FOUND,
        };
        let mut refusal = ErrorResponse::new(None);
        *refusal.status_mut() = status;
        Err(refusal)
    };
    let mut socket = tokio_tungstenite::accept_hdr_async(stream, judge).await?;
    let mut changes = changed.subscribe();
    let cuts = changes.borrow().cuts;
    let mut next = {
        let mut state = state.lock();
        let from = cursor_of(&query);
        state.queries.push(query);
        match from {
            Some(from) => state.events.partition_point(|(time, _)| *time < from),
            None => state.events.len(),
        }
    };
    changed.send_modify(|change| change.connections += 1);
    loop {
        let event = state.lock().events.get(next).cloned();
        if changes.borrow_and_update().cuts > cuts {
            return Ok(());
        }
        if let Some((_, frame)) = event {
            next += 1;
            socket.send(Message::text(frame)).await?;
            continue;
        }
        tokio::select! {
            _ = changes.changed() => {}
            message = socket.next() => match message {
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error),
                None => return Ok(()),
            },
        }
    }
}
