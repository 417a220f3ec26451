//! Answers without an end, read line by line as they come: line-delimited JSON
//! (X) and server-sent events (Mastodon).
//!
//! The time-out of a request ends with the head of the answer; from then on the
//! connection may stay open for days, and only its silence is timed. Servers send
//! blank lines or comments so that a quiet stream can be told from a dead one, so
//! every byte counts as life. All waiting here can be dropped and begun anew
//! without losing a byte.

use std::time::Duration;

use bytes::{Buf, BytesMut};
use reqwest::Response;
use url::Url;

use crate::NetError;
use crate::door::{Door, Request, parse, redirected};
use crate::wire::{Opened, broken_off, host_of};

/// What is borne of a connection that stays open.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Longer silence is the end of it.
    pub idle: Duration,
    /// The longest line, event or message in bytes.
    pub longest: usize,
}

impl Door {
    /// Opens an answer that is read line by line, for as long as it lasts.
    ///
    /// # Errors
    /// See [`NetError`]; a redirect is [`NetError::Rejected`].
    pub async fn lines(&self, request: Request, bounds: Bounds) -> Result<Lines, NetError> {
        let url = parse(&request.url)?;
        let way = self.turn(&request, &url).await?;
        // Compressed, a line would come when the compressor sees fit.
        let request = request.header("accept-encoding", "identity");
        let opening = self.wire.open(&request, &url, way, self.clock.now());
        let opened = self.in_time(&request, &url, opening).await;
        self.heed(&url, &opened);
        let response = match opened? {
            Opened::Success(response) => response,
            Opened::Unchanged => return Err(redirected(&url, 304)),
            Opened::Elsewhere { status, .. } => return Err(redirected(&url, status)),
        };
        Ok(Lines {
            host: host_of(&url),
            response,
            unread: BytesMut::new(),
            searched: 0,
            inside_overlong: false,
            dropped: 0,
            bounds,
        })
    }

    /// The same, read as server-sent events.
    ///
    /// # Errors
    /// See [`NetError`]; a redirect is [`NetError::Rejected`].
    pub async fn events(&self, request: Request, bounds: Bounds) -> Result<Events, NetError> {
        let lines = self
            .lines(request.header("accept", "text/event-stream"), bounds)
            .await?;
        Ok(Events {
            lines,
            name: String::new(),
            data: String::new(),
        })
    }

    /// The head of an answer within the time a request has.
    pub(crate) async fn in_time<T>(
        &self,
        request: &Request,
        url: &Url,
        opening: impl Future<Output = Result<T, NetError>>,
    ) -> Result<T, NetError> {
        let patience = self.patience(request);
        tokio::time::timeout(patience, opening)
            .await
            .unwrap_or_else(|_| {
                Err(NetError::Passing {
                    host: host_of(url),
                    reason: format!("no answer within {patience:?}"),
                })
            })
    }
}

/// An answer without an end, line by line.
#[derive(Debug)]
pub struct Lines {
    host: String,
    response: Response,
    unread: BytesMut,
    /// Bytes of `unread` that hold no line's end.
    searched: usize,
    /// Whether what comes up to the next line's end belongs to a line too long.
    inside_overlong: bool,
    dropped: u32,
    bounds: Bounds,
}

impl Lines {
    /// The next line without its end, possibly empty; `None` when the server has
    /// closed. What it had begun to say then is dropped. May be cancelled.
    ///
    /// # Errors
    /// [`NetError::Passing`]: silence, or a broken connection.
    pub async fn next(&mut self) -> Result<Option<String>, NetError> {
        loop {
            if let Some(line) = self.whole_line() {
                return Ok(Some(line));
            }
            let chunk = tokio::time::timeout(self.bounds.idle, self.response.chunk()).await;
            match chunk {
                Err(_) => return Err(silent(&self.host, self.bounds.idle)),
                Ok(Err(error)) => return Err(broken_off(&self.host, &error)),
                Ok(Ok(None)) => return Ok(None),
                Ok(Ok(Some(chunk))) => self.unread.extend_from_slice(&chunk),
            }
        }
    }

    /// How many lines were longer than the bound and left out since this was
    /// asked last.
    pub const fn dropped(&mut self) -> u32 {
        std::mem::replace(&mut self.dropped, 0)
    }

    fn whole_line(&mut self) -> Option<String> {
        loop {
            let rest = self.unread.get(self.searched..).unwrap_or_default();
            let Some(at) = rest.iter().position(|byte| *byte == b'\n') else {
                self.searched = self.unread.len();
                if self.searched > self.bounds.longest {
                    self.inside_overlong = true;
                }
                if self.inside_overlong {
                    self.unread.clear();
                    self.searched = 0;
                }
                return None;
            };
            let line = self.unread.split_to(self.searched + at);
            self.unread.advance(1);
            self.searched = 0;
            if std::mem::take(&mut self.inside_overlong) || line.len() > self.bounds.longest {
                self.dropped = self.dropped.saturating_add(1);
                continue;
            }
            let line = line.strip_suffix(b"\r").unwrap_or(&line);
            return Some(String::from_utf8_lossy(line).into_owned());
        }
    }
}

/// What a server said on a stream of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A sign of life.
    Comment,
    /// An event with its name, which may be empty, and its data.
    Message {
        /// The `event` field.
        name: String,
        /// The `data` lines, joined.
        data: String,
    },
}

/// Server-sent events (HTML Living Standard, 9.2.6), without ids: none of our
/// services resumes by them.
#[derive(Debug)]
pub struct Events {
    lines: Lines,
    name: String,
    data: String,
}

impl Events {
    /// The next event; `None` when the server has closed. May be cancelled.
    ///
    /// # Errors
    /// See [`Lines::next`].
    pub async fn next(&mut self) -> Result<Option<Event>, NetError> {
        while let Some(line) = self.lines.next().await? {
            if line.is_empty() {
                let (name, data) = (
                    std::mem::take(&mut self.name),
                    std::mem::take(&mut self.data),
                );
                if !data.is_empty() {
                    return Ok(Some(Event::Message { name, data }));
                }
                continue;
            }
            let (field, value) = line.split_once(':').unwrap_or((&line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "" => return Ok(Some(Event::Comment)),
                "event" => self.name = value.to_owned(),
                "data" if self.data.len() + value.len() > self.lines.bounds.longest => {
                    return Err(NetError::Forbidden {
                        host: self.lines.host.clone(),
                        reason: format!(
                            "an event is larger than {} bytes",
                            self.lines.bounds.longest
                        ),
                    });
                }
                "data" => {
                    if !self.data.is_empty() {
                        self.data.push('\n');
                    }
                    self.data.push_str(value);
                }
                _ => {}
            }
        }
        Ok(None)
    }
}

pub(crate) fn silent(host: &str, idle: Duration) -> NetError {
    NetError::Passing {
        host: host.to_owned(),
        reason: format!("the stream was silent for {idle:?}"),
    }
}
