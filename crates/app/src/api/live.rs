//! `/api/live`: server-sent events, resumable by id.
//!
//! Events are rows, numbered in the order of their commits; a reader that comes
//! back with `Last-Event-ID` gets what it missed, or `reset` when that is no
//! longer kept. Nothing is buffered per reader, so a slow one costs nothing.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event as Sse, KeepAlive, Sse as Stream};
use futures::stream;
use model::Timestamp;
use serde::Serialize;
use store::Event;
use utoipa::ToSchema;

use super::Shared;
use super::error::Problem;
use super::input::Parameters;

/// Events read from the store at once.
const PAGE: u32 = 200;
/// How often the store is asked for what another process committed.
const OTHERS: Duration = Duration::from_secs(2);
/// How often a silent stream shows that it lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// What happened.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LiveEvent {
    /// Its number.
    seq: i64,
    /// When.
    at: Timestamp,
    /// What: `incident.opened`, `incident.updated`, `incident.merged` (the one that is
    /// gone), `delivery.settled`, `source.polled`, `feedback.changed`, `model.decided`.
    kind: String,
    /// About what: an id.
    subject: String,
}

struct Reader {
    shared: Shared,
    changes: tokio::sync::watch::Receiver<u64>,
    after: i64,
    ready: std::collections::VecDeque<Sse>,
}

/// Streams what happens. Reconnect with `Last-Event-ID` (or `?after=`) to get what
/// was missed; an event `reset` says that some can no longer be told.
#[utoipa::path(
    get, path = "/api/live", tag = "live", operation_id = "streamEvents",
    params(("after" = Option<i64>, Query, description = "Start after this event; absent: from now on")),
    responses((status = 200, body = LiveEvent, content_type = "text/event-stream"))
)]
pub(super) async fn stream(
    State(shared): State<Shared>,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Stream<impl futures::Stream<Item = Result<Sse, Infallible>>>, Problem> {
    let resumed = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse().ok());
    let after = match (resumed, parameters.one::<i64>("after")?) {
        (Some(seq), _) | (None, Some(seq)) => seq,
        (None, None) => shared.pipeline.store.last_event().await?,
    };
    let changes = shared.pipeline.store.changes();
    // Sent at once, so that the reader knows where it stands even if nothing
    // happens before its connection breaks.
    let hello = Sse::default()
        .event("hello")
        .id(after.to_string())
        .data("{}");
    let reader = Reader {
        shared,
        changes,
        after,
        ready: [hello].into(),
    };
    Ok(Stream::new(stream::unfold(reader, next)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

async fn next(mut reader: Reader) -> Option<(Result<Sse, Infallible>, Reader)> {
    loop {
        if let Some(event) = reader.ready.pop_front() {
            return Some((Ok(event), reader));
        }
        match reader
            .shared
            .pipeline
            .store
            .events(reader.after, PAGE)
            .await
        {
            Ok(page) => {
                if page.gap {
                    let reset = reset(&mut reader).await?;
                    reader.ready.push_back(reset);
                }
                for event in page.events {
                    reader.after = event.seq;
                    reader.ready.push_back(sse(event));
                }
            }
            Err(error) => {
                tracing::warn!("a live stream ended: {error}");
                return None;
            }
        }
        if !reader.ready.is_empty() {
            continue;
        }
        let Reader {
            shared, changes, ..
        } = &mut reader;
        tokio::select! {
            _ = shared.stopping.wait_for(|stopping| *stopping) => return None,
            changed = changes.changed() => if changed.is_err() { return None },
            () = shared.pipeline.clock.sleep(OTHERS) => {}
        }
    }
}

/// Says that events were missed, and goes on where events are. A reader that stands
/// behind the last one (it knew another database: a restored one, or none) would
/// otherwise be told so without end.
async fn reset(reader: &mut Reader) -> Option<Sse> {
    match reader.shared.pipeline.store.last_event().await {
        Ok(last) => {
            reader.after = reader.after.clamp(0, last.max(0));
            let reset = Sse::default().event("reset").id(reader.after.to_string());
            Some(reset.data("{}"))
        }
        Err(error) => {
            tracing::warn!("a live stream ended: {error}");
            None
        }
    }
}

fn sse(event: Event) -> Sse {
    let kind = event.kind.clone();
    let seq = event.seq;
    let live = LiveEvent {
        seq,
        at: event.at,
        kind: event.kind,
        subject: event.subject,
    };
    let data = serde_json::to_string(&live).unwrap_or_default();
    Sse::default().event(kind).id(seq.to_string()).data(data)
}
