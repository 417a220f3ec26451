//! A small HTTP/1.1 server, written by hand because it must also be a bad one:
//! bodies cut short, bodies without end, answers that never come. A library
//! server prevents just that.

use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::loopback::Loopback;
use crate::reply::{Ending, Reply};

/// A request as a fake received it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// `GET`, `POST` …
    pub method: String,
    /// The path, still percent-encoded, without the query.
    pub path: String,
    /// What follows the `?`, still encoded; empty without one.
    pub query: String,
    /// Names in lower case, values as sent.
    pub headers: Vec<(String, String)>,
    /// The body, without transfer coding.
    pub body: Bytes,
}

impl Seen {
    /// The first header of this lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(each, _)| each == name)
            .map(|(_, value)| value.as_str())
    }

    /// The first query parameter of this name, decoded.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<String> {
        self.params()
            .into_iter()
            .find(|(each, _)| each == name)
            .map(|(_, value)| value)
    }

    /// Every query parameter, decoded, in order.
    #[must_use]
    pub fn params(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(self.query.as_bytes())
            .into_owned()
            .collect()
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null if it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// What answers requests.
type Answer = dyn Fn(&Seen) -> Reply + Send + Sync;

/// An HTTP server on 127.0.0.1 until it is dropped.
#[derive(Debug)]
pub(crate) struct Server(Loopback);

impl Server {
    /// Listens on `port` (0: any free one).
    pub(crate) async fn start(
        port: u16,
        answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let answer: Arc<Answer> = Arc::new(answer);
        Self(
            Loopback::listen(port, move |stream| {
                let answer = Arc::clone(&answer);
                async move {
                    // A client that goes away mid-way is no concern of the fake.
                    let _ = converse(stream, &*answer).await;
                }
            })
            .await,
        )
    }

    /// The address of `path`, which begins with a slash.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.0.port())
    }
}

/// Requests larger than these are a client gone wrong.
const MAX_HEAD: usize = 64 << 10;
const MAX_BODY: usize = 64 << 20;

/// Answers requests on one connection until one of the two closes it.
async fn converse(mut stream: TcpStream, answer: &Answer) -> std::io::Result<()> {
    let mut buffer = Vec::new();
    while let Some(seen) = read_request(&mut stream, &mut buffer).await? {
        let reply = answer(&seen).for_request(&seen);
        let close = seen
            .header("connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"));
        write_reply(&mut stream, &seen, &reply).await?;
        if close || reply.ending != Ending::Whole {
            break;
        }
    }
    stream.shutdown().await
}

/// The next request; `None` when the client is done or does not speak HTTP/1.
async fn read_request(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
) -> std::io::Result<Option<Seen>> {
    let head_end = loop {
        if let Some(at) = find(buffer, b"\r\n\r\n") {
            break at;
        }
        if buffer.len() > MAX_HEAD || stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&buffer[..head_end]).into_owned();
    buffer.drain(..head_end + 4);

    let mut lines = head.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(target), Some(_)) = (words.next(), words.next(), words.next()) else {
        return Ok(None);
    };
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let target = own_path(target);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut seen = Seen {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body: Bytes::new(),
    };
    if seen
        .header("expect")
        .is_some_and(|value| value.eq_ignore_ascii_case("100-continue"))
    {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    let chunked = seen
        .header("transfer-encoding")
        .is_some_and(|value| value.eq_ignore_ascii_case("chunked"));
    let body = if chunked {
        read_chunks(stream, buffer).await?
    } else {
        let length = seen
            .header("content-length")
            .map_or(Some(0), |value| value.parse().ok());
        match length {
            Some(length) => take(stream, buffer, length).await?,
            None => None,
        }
    };
    Ok(body.map(|body| {
        seen.body = body.into();
        seen
    }))
}

/// The path of a target. A client that takes the fake for its proxy sends whole
/// addresses; whom it wanted stands in the `host` header too.
fn own_path(target: &str) -> &str {
    match target.strip_prefix("http://") {
        Some(rest) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"),
        None => target,
    }
}

/// A body in chunks (RFC 9112, section 7.1); trailers are skipped.
async fn read_chunks(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
) -> std::io::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    loop {
        let Some(line) = read_line(stream, buffer).await? else {
            return Ok(None);
        };
        let size = line.split(';').next().unwrap_or_default().trim();
        let Ok(size) = usize::from_str_radix(size, 16) else {
            return Ok(None);
        };
        if size == 0 {
            while read_line(stream, buffer)
                .await?
                .is_some_and(|line| !line.is_empty())
            {}
            return Ok(Some(body));
        }
        if body.len().saturating_add(size) > MAX_BODY {
            return Ok(None);
        }
        let Some(chunk) = take(stream, buffer, size).await? else {
            return Ok(None);
        };
        body.extend_from_slice(&chunk);
        read_line(stream, buffer).await?;
    }
}

async fn read_line(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
) -> std::io::Result<Option<String>> {
    loop {
        if let Some(at) = find(buffer, b"\r\n") {
            let line = String::from_utf8_lossy(&buffer[..at]).into_owned();
            buffer.drain(..at + 2);
            return Ok(Some(line));
        }
        if buffer.len() > MAX_HEAD || stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
}

/// The next `length` bytes; `None` if the client closes before.
async fn take(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
    length: usize,
) -> std::io::Result<Option<Vec<u8>>> {
    if length > MAX_BODY {
        return Ok(None);
    }
    while buffer.len() < length {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
    let rest = buffer.split_off(length);
    Ok(Some(std::mem::replace(buffer, rest)))
}

pub(crate) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

async fn write_reply(stream: &mut TcpStream, seen: &Seen, reply: &Reply) -> std::io::Result<()> {
    if reply.ending == Ending::Hang {
        // Reading tells when the client has given up.
        let mut ignored = [0; 1024];
        while stream.read(&mut ignored).await? > 0 {}
        return Ok(());
    }
    let mut head = format!("HTTP/1.1 {} {}\r\n", reply.status, reason(reply.status));
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if reply.gzip {
        head.push_str("content-encoding: gzip\r\n");
    }
    if reply.ending == Ending::Endless {
        head.push_str("transfer-encoding: chunked\r\n\r\n");
        stream.write_all(head.as_bytes()).await?;
        return flood(stream, reply).await;
    }
    if let Some(tap) = &reply.tap {
        head.push_str("transfer-encoding: chunked\r\n\r\n");
        stream.write_all(head.as_bytes()).await?;
        return tap.run(stream).await;
    }
    let body = if reply.gzip {
        compress(&reply.body)?.into()
    } else {
        reply.body.clone()
    };
    let bodyless = reply.status == 304 || reply.status == 204;
    let (promised, sent) = match reply.ending {
        Ending::Truncated => (body.len().max(1), body.len() / 2),
        _ => (body.len(), body.len()),
    };
    if !bodyless {
        head.push_str(&format!("content-length: {promised}\r\n"));
    }
    head.push_str("\r\n");
    let mut out = head.into_bytes();
    if seen.method != "HEAD" && !bodyless {
        out.extend_from_slice(body.get(..sent).unwrap_or_default());
    }
    stream.write_all(&out).await?;
    stream.flush().await
}

/// Repeats the body until the client goes away, which shows as a failed write.
async fn flood(stream: &mut TcpStream, reply: &Reply) -> std::io::Result<()> {
    let mut piece = Vec::new();
    let text: &[u8] = if reply.body.is_empty() {
        b" "
    } else {
        &reply.body
    };
    while piece.len() < 64 << 10 {
        piece.extend_from_slice(text);
    }
    // One compressed stream over all pieces: a decoder that stops at the end of
    // the first gzip member must not get away with it.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    loop {
        let out = if reply.gzip {
            encoder.write_all(&piece)?;
            encoder.flush()?;
            std::mem::take(encoder.get_mut())
        } else {
            piece.clone()
        };
        stream
            .write_all(format!("{:x}\r\n", out.len()).as_bytes())
            .await?;
        stream.write_all(&out).await?;
        stream.write_all(b"\r\n").await?;
        // On a busy single-threaded runtime the client must get its turn.
        tokio::task::yield_now().await;
    }
}

fn compress(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body)?;
    encoder.finish()
}

/// The words after the code. Clients must not read them, so few are needed.
const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        304 => "Not Modified",
        301 | 302 | 303 | 307 | 308 => "Moved",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        410 => "Gone",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Other",
    }
}
