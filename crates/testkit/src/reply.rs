//! What a fake answers, and how badly.

use bytes::Bytes;
use jiff::fmt::rfc2822;

use crate::http::Seen;
use crate::tap::Tap;

/// An answer to one request: good, or broken in one of the ways of the world.
#[derive(Debug, Clone)]
pub struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    pub(crate) ending: Ending,
    pub(crate) gzip: bool,
    pub(crate) tap: Option<Tap>,
    etag: Option<String>,
    last_modified: Option<String>,
}

/// How far an answer goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Whole,
    Truncated,
    Hang,
    Endless,
    Tap,
}

impl Reply {
    /// 200 with this body.
    #[must_use]
    pub fn ok(body: impl AsRef<[u8]>) -> Self {
        Self::status(200).body(body)
    }

    /// 200 with this JSON.
    #[must_use]
    pub fn json(body: &serde_json::Value) -> Self {
        Self::ok(body.to_string()).content_type("application/json")
    }

    /// This status and an empty body.
    #[must_use]
    pub const fn status(code: u16) -> Self {
        Self {
            status: code,
            headers: Vec::new(),
            body: Bytes::new(),
            ending: Ending::Whole,
            gzip: false,
            tap: None,
            etag: None,
            last_modified: None,
        }
    }

    /// A redirect by this status (301, 302, 303, 307 or 308) to this address.
    #[must_use]
    pub fn redirect(code: u16, to: &str) -> Self {
        Self::status(code).header("location", to)
    }

    /// Takes the request and never answers; ends when the client goes away.
    #[must_use]
    pub const fn hang() -> Self {
        let mut reply = Self::status(200);
        reply.ending = Ending::Hang;
        reply
    }

    /// 200, held open: carries what the tap lets run until it is cut.
    #[must_use]
    pub fn tap(tap: &Tap) -> Self {
        let mut reply = Self::status(200);
        reply.ending = Ending::Tap;
        reply.tap = Some(tap.clone());
        reply
    }

    /// The same with this body.
    #[must_use]
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = Bytes::copy_from_slice(body.as_ref());
        self
    }

    /// The same with this status.
    #[must_use]
    pub const fn code(mut self, code: u16) -> Self {
        self.status = code;
        self
    }

    /// The same with this `Content-Type`. Without one, none is sent.
    #[must_use]
    pub fn content_type(self, kind: &str) -> Self {
        self.header("content-type", kind)
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with this entity tag, quotes included (`"v1"`, `W/"v1"`). A
    /// request whose `If-None-Match` names it is answered with 304.
    #[must_use]
    pub fn etag(mut self, tag: &str) -> Self {
        self.etag = Some(tag.to_owned());
        self.header("etag", tag)
    }

    /// The same with this date, as `Sat, 21 Nov 2026 09:00:00 GMT`. A request
    /// whose `If-Modified-Since` is not before it is answered with 304.
    #[must_use]
    pub fn last_modified(mut self, date: &str) -> Self {
        self.last_modified = Some(date.to_owned());
        self.header("last-modified", date)
    }

    /// The same, compressed, whether or not the client asked for it.
    #[must_use]
    pub const fn gzip(mut self) -> Self {
        self.gzip = true;
        self
    }

    /// The same, cut: `Content-Length` promises the whole body, half of it comes,
    /// then the connection closes.
    #[must_use]
    pub const fn truncated(mut self) -> Self {
        self.ending = Ending::Truncated;
        self
    }

    /// The same, with the body repeated until the client goes away.
    #[must_use]
    pub const fn endless(mut self) -> Self {
        self.ending = Ending::Endless;
        self
    }

    /// This answer, or 304 if the request shows that its client has it already.
    /// `If-None-Match` silences `If-Modified-Since` (RFC 9110, section 13.2.2).
    pub(crate) fn for_request(self, seen: &Seen) -> Self {
        let conditional = matches!(seen.method.as_str(), "GET" | "HEAD") && self.status == 200;
        let known = match (seen.header("if-none-match"), &self.etag) {
            (Some(asked), Some(tag)) => names(asked, tag),
            (Some(_), None) => false,
            (None, _) => match (seen.header("if-modified-since"), &self.last_modified) {
                (Some(asked), Some(date)) => not_after(date, asked),
                _ => false,
            },
        };
        if !(conditional && known) {
            return self;
        }
        let mut unchanged = Self::status(304);
        unchanged.headers = self
            .headers
            .into_iter()
            .filter(|(name, _)| matches!(name.as_str(), "etag" | "last-modified" | "cache-control"))
            .collect();
        unchanged
    }
}

/// Whether an `If-None-Match` names this tag, compared weakly as for GET.
fn names(asked: &str, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    asked.trim() == "*" || asked.split(',').any(|each| opaque(each) == opaque(tag))
}

fn not_after(date: &str, limit: &str) -> bool {
    match (rfc2822::parse(date), rfc2822::parse(limit)) {
        (Ok(date), Ok(limit)) => date <= limit,
        _ => date == limit,
    }
}
