//! Jetstream: every public post of Bluesky's network as it is written, over a
//! WebSocket, without a login.
//! <https://github.com/bluesky-social/jetstream>
//!
//! Nothing can be searched there, so posts are matched here. A frame's time in
//! microseconds is the place in the stream, the same on every host give or take
//! some seconds; from it on the stream is repeated, for a day and a half. What
//! surprised us: a cursor older than that is moved forward without a word; and
//! news of accounts come whatever is asked for.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use model::clock::elapsed;
use model::{Clock, Cursor, Item, SourceId, Timestamp};
use net::{Bounds, NetError, Request, Socket};
use serde::Deserialize;
use serde_json::{Value, json};

use super::parse::read_post;
use super::words::{USUAL, Words};
use super::{Bluesky, Note};
use crate::streaming::{Batch, next_unless_quiet};
use crate::{Connection, Polled, Polls, Problem, SourceError, Streaming, answer};

/// Posts are the only collection we read.
const POSTS: &str = "app.bsky.feed.post";
/// The largest frame that is asked for; posts with all they embed have some kB.
const LONGEST_FRAME: usize = 256 * 1024;
/// Some posts a second are normal; half a minute of silence is not.
const BOUNDS: Bounds = Bounds {
    idle: Duration::from_secs(30),
    // The server counts without the frame around the record.
    longest: 2 * LONGEST_FRAME,
};
/// How far we step back to be sure: hosts do not agree to the microsecond.
const REWIND: u64 = 5_000_000;
/// Clocks go wrong by this at most, in microseconds.
const MINUTE: u64 = 60_000_000;
/// A post that is older than this when it comes is repeated, not new.
const LIVE: Duration = Duration::from_secs(60);
/// A first look at the stream takes the posts of the last seconds.
const FIRST_LOOK: u64 = 20_000_000;
/// A place further back than this may have been moved forward.
const LOOK_BACK: Duration = Duration::from_secs(60 * 60);
/// Items of one poll; the rest waits for the next.
const MOST_ITEMS: usize = 5_000;
/// A frame says its time behind the author's name, which is short.
const TIME_WITHIN: usize = 256;

#[async_trait]
impl Streaming for Bluesky {
    async fn connect(&self, since: &Cursor) -> Result<Box<dyn Connection>, SourceError> {
        let note: Note = since.note();
        Ok(Box::new(self.open(note.time_us, None).await?))
    }

    fn polls(&self) -> Polls {
        Polls::Never
    }
}

impl Bluesky {
    /// Reads the stream up to now.
    pub(super) async fn look(&self, since: &Cursor) -> Result<Polled, SourceError> {
        let note: Note = since.note();
        let now = micros(self.tools.clock.now());
        let from = note.time_us.unwrap_or(now.saturating_sub(FIRST_LOOK));
        let mut open = self.open(Some(from), Some(now)).await?;
        let mut sum = Polled {
            cursor: since.clone(),
            checkpoint: true,
            first_load: note.time_us.is_none(),
            ..Polled::default()
        };
        loop {
            let polled = open.next(&sum.cursor).await?;
            sum.items.extend(polled.items);
            sum.problems.extend(polled.problems);
            sum.cursor = polled.cursor;
            sum.more = !open.is_there;
            if open.is_there || sum.items.len() >= MOST_ITEMS {
                return Ok(sum);
            }
        }
    }

    /// The stream from a place on, at the first host that takes us.
    async fn open(&self, from: Option<u64>, up_to: Option<u64>) -> Result<Open, SourceError> {
        let hosts = &self.config.stream_urls;
        let words: Vec<String> = self.words();
        let words = Words::new(&words)
            .map_err(|error| SourceError::Unready(format!("`keywords`: {error}")))?;
        let mut last = SourceError::Unready("`stream_urls` is empty".to_owned());
        let begin = self.host.fetch_add(1, Ordering::Relaxed);
        for turn in 0..hosts.len() {
            let Some(host) = hosts.get((begin.wrapping_add(turn)) % hosts.len()) else {
                continue;
            };
            let mut url = answer::address(host, "/subscribe")?;
            url.query_pairs_mut()
                .append_pair("wantedCollections", POSTS)
                .append_pair("maxMessageSizeBytes", &LONGEST_FRAME.to_string());
            if let Some(from) = from {
                url.query_pairs_mut()
                    .append_pair("cursor", &from.saturating_sub(REWIND).to_string());
            }
            match self.tools.door.socket(Request::get(url), BOUNDS).await {
                Ok(socket) => {
                    let clock = Arc::clone(&self.tools.clock);
                    return Ok(Open {
                        id: self.id.clone(),
                        socket,
                        words,
                        from: from.filter(|_| up_to.is_none()),
                        newest: from,
                        up_to,
                        is_there: false,
                        batch: Batch::new(clock.now()),
                        clock,
                    });
                }
                Err(error) => last = error.into(),
            }
        }
        Err(last)
    }

    /// What is watched for: the config's words or the usual ones, and its owner's.
    fn words(&self) -> Vec<String> {
        let mut words = self.config.keywords.clone();
        if words.is_empty() {
            words.extend(USUAL.iter().map(|word| (*word).to_owned()));
        }
        words.extend(self.config.watched.iter().cloned());
        words
    }
}

/// The stream while it is open.
struct Open {
    id: SourceId,
    socket: Socket,
    words: Words,
    /// Where it was asked to begin, until it has.
    from: Option<u64>,
    /// The place that was reached.
    newest: Option<u64>,
    /// Where it is enough.
    up_to: Option<u64>,
    /// Whether it is.
    is_there: bool,
    batch: Batch,
    clock: Arc<dyn Clock>,
}

impl Open {
    fn take_in(&mut self, frame: &[u8]) {
        let now = micros(self.clock.now());
        // A time in the future is a mistake, and would cost all posts up to it.
        let known = self.newest.unwrap_or_default().saturating_sub(2 * REWIND)..=now + MINUTE;
        let time = time_of(frame).filter(|time| known.contains(time));
        if let Some(time) = time {
            if let Some(from) = self.from.take() {
                self.tell_gap(from, time, now);
            }
            self.newest = self.newest.max(Some(time));
            self.is_there |= self.up_to.is_some_and(|up_to| time >= up_to);
        }
        if !self.words.may_stand_in(frame) {
            return;
        }
        match post_of(frame, time) {
            Ok(Some(post)) => match read_post(&post) {
                Ok(draft) if self.words.stand_in(&draft.text) => self.batch.drafts.push(draft),
                // A post without a text: a picture.
                Ok(_) | Err(_) => {}
            },
            Ok(None) => {}
            Err(error) => self.batch.problems.push(Problem::new("stream", error)),
        }
    }

    /// Says so when the stream begins later than it was asked to.
    fn tell_gap(&mut self, from: u64, time: u64, now: u64) {
        let missing = Duration::from_micros(time.saturating_sub(from));
        if missing > LIVE && Duration::from_micros(now.saturating_sub(from)) > LOOK_BACK {
            let show = |at| moment(at).map(|at| at.strftime("%-d %B %H:%M UTC").to_string());
            self.batch.problems.push(Problem::new(
                "stream",
                format!(
                    "it goes back only to {}; what was posted since {} was not seen",
                    show(time).unwrap_or_default(),
                    show(from).unwrap_or_default()
                ),
            ));
        }
    }
}

#[async_trait]
impl Connection for Open {
    async fn next(&mut self, since: &Cursor) -> Result<Polled, SourceError> {
        while !self.batch.is_due(self.clock.now()) && !self.is_there {
            match next_unless_quiet(self.batch.is_empty(), self.socket.next()).await {
                None => break,
                Some(Ok(Some(frame))) => self.take_in(&frame),
                Some(Ok(None)) => self.batch.end(SourceError::Unreached(NetError::Passing {
                    host: "Jetstream".to_owned(),
                    reason: "it closed the stream".to_owned(),
                })),
                Some(Err(error)) => self.batch.end(error.into()),
            }
        }
        let now = self.clock.now();
        let (drafts, problems) = self.batch.take(now)?;
        let mut note: Note = since.note();
        note.time_us = note.time_us.max(self.newest);
        let behind = self
            .newest
            .and_then(moment)
            .is_some_and(|newest| elapsed(newest, now) > LIVE);
        Ok(Polled {
            items: drafts
                .into_iter()
                .map(|draft| Item::new(&self.id, draft, now))
                .collect(),
            problems,
            more: behind,
            cursor: Cursor::of(&note),
            checkpoint: true,
            ..Polled::default()
        })
    }
}

/// The time of a frame. It stands near the beginning, and is mostly found without
/// reading the rest.
fn time_of(frame: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Time {
        time_us: u64,
    }
    let near = || {
        let head = frame.get(..frame.len().min(TIME_WITHIN))?;
        let name = b"\"time_us\":";
        let digits = head.get(memchr::memmem::find(head, name)? + name.len()..)?;
        let end = digits.iter().position(|byte| !byte.is_ascii_digit())?;
        std::str::from_utf8(digits.get(..end)?).ok()?.parse().ok()
    };
    near().or_else(|| {
        let read: Time = serde_json::from_slice(frame).ok()?;
        Some(read.time_us)
    })
}

/// The post of a frame in the form in which the search gives posts; none when
/// something else has happened.
fn post_of(frame: &[u8], time: Option<u64>) -> Result<Option<Value>, String> {
    let mut frame: Value =
        serde_json::from_slice(frame).map_err(|error| format!("broken JSON: {error}"))?;
    let is = |pointer: &str, value: &str| answer::text(&frame, pointer) == Some(value);
    let written = is("/commit/operation", "create") || is("/commit/operation", "update");
    if !is("/kind", "commit") || !is("/commit/collection", POSTS) || !written {
        return Ok(None);
    }
    let (Some(did), Some(key)) = (
        answer::text(&frame, "/did"),
        answer::text(&frame, "/commit/rkey"),
    ) else {
        return Err("a post without a name".to_owned());
    };
    let uri = format!("at://{did}/{POSTS}/{key}");
    let indexed = time.and_then(moment).map(|at| at.to_string());
    let record = frame.pointer_mut("/commit/record").map(Value::take);
    Ok(Some(
        json!({"uri": uri, "indexedAt": indexed, "record": record}),
    ))
}

fn micros(at: Timestamp) -> u64 {
    u64::try_from(at.as_microsecond()).unwrap_or(0)
}

fn moment(micros: u64) -> Option<Timestamp> {
    Timestamp::from_microsecond(i64::try_from(micros).ok()?).ok()
}

/// What matching costs: gives how many of the frames hold one of the usual words,
/// found as the stream finds them. For the measurement in `examples/`.
#[doc(hidden)]
#[must_use]
pub fn count_matching(frames: &[Vec<u8>]) -> usize {
    let words: Vec<String> = USUAL.iter().map(|word| (*word).to_owned()).collect();
    let Ok(words) = Words::new(&words) else {
        return 0;
    };
    frames
        .iter()
        .filter(|frame| {
            words.may_stand_in(frame)
                && post_of(frame, time_of(frame))
                    .ok()
                    .flatten()
                    .and_then(|post| read_post(&post).ok())
                    .is_some_and(|draft| words.stand_in(&draft.text))
        })
        .count()
}
