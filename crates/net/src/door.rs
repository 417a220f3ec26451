//! The door itself: a request is judged, waits for its turn, and is followed
//! through redirects by hand, each of which is judged again.
//!
//! Waiting is done on the clock that was passed in; the time-out of a request on
//! the wire is real time, because a server that hangs does so in real time.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use model::{Clock, Secret};
use reqwest::header::HeaderMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::NetError;
use crate::guard::AddressGuard;
use crate::pace::Pace;
use crate::record::Recorder;
use crate::wire::{Answer, Wire, host_of};

/// How Prahari reaches the world.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The User-Agent sent with every request.
    pub user_agent: String,
    /// A proxy for all requests, as `http://proxy.example.org:3128`; may hold a login.
    pub proxy: Option<Secret<String>>,
    /// Hosts, addresses or networks (CIDR) that may be reached although they are
    /// private: `10.1.0.0/16`, `feeds.corp.example`, `127.0.0.1:8081`.
    pub allow: Vec<String>,
    /// Seconds until a request is given up.
    pub timeout_seconds: u64,
    /// Largest body accepted, in megabytes, counted after decompression.
    pub max_body_mb: u64,
    /// Redirects followed at most.
    pub max_redirects: u8,
    /// Seconds between two requests to one host, at least.
    pub host_interval_seconds: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            user_agent: concat!(
                "Prahari/",
                env!("CARGO_PKG_VERSION"),
                " (threat monitoring)"
            )
            .to_owned(),
            proxy: None,
            allow: Vec::new(),
            timeout_seconds: 30,
            max_body_mb: 32,
            max_redirects: 5,
            host_interval_seconds: 1,
        }
    }
}

/// The verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Read.
    Get,
    /// Send a body.
    Post,
}

/// What a server said about a document, to be repeated in the next request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    /// `ETag`, verbatim.
    pub etag: Option<String>,
    /// `Last-Modified`, verbatim.
    pub last_modified: Option<String>,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Request {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, Secret<String>)>,
    /// May hold a password, as a login does.
    pub(crate) body: Option<Secret<Bytes>>,
    pub(crate) validators: Validators,
    pub(crate) max_body: Option<u64>,
    pub(crate) pace: Option<Duration>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) passing: bool,
}

impl Request {
    /// Reads `url`.
    #[must_use]
    pub fn get(url: impl Into<String>) -> Self {
        Self {
            method: Method::Get,
            url: url.into(),
            headers: Vec::new(),
            body: None,
            validators: Validators::default(),
            max_body: None,
            pace: None,
            timeout: None,
            passing: false,
        }
    }

    /// Sends JSON to `url`. Redirects of a post are not followed.
    #[must_use]
    pub fn post_json(url: impl Into<String>, body: &serde_json::Value) -> Self {
        let mut request = Self::get(url).header("content-type", "application/json; charset=utf-8");
        request.method = Method::Post;
        request.body = Some(Secret::new(Bytes::from(body.to_string())));
        request
    }

    /// Posts nothing to `url`, which some services want. Redirects of a post are
    /// not followed.
    #[must_use]
    pub fn post(url: impl Into<String>) -> Self {
        let mut request = Self::get(url);
        request.method = Method::Post;
        request
    }

    /// Sends a form to `url`, as web pages and OAuth do. Redirects of a post are
    /// not followed.
    #[must_use]
    pub fn post_form(url: impl Into<String>, fields: &[(&str, &str)]) -> Self {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let mut request =
            Self::get(url).header("content-type", "application/x-www-form-urlencoded");
        request.method = Method::Post;
        request.body = Some(Secret::new(Bytes::from(form)));
        request
    }

    /// Adds a header. Values never show in logs or errors, and are not sent on to
    /// another host after a redirect.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers
            .push((name.to_owned(), Secret::new(value.into())));
        self
    }

    /// Asks only for what changed since these validators were given.
    #[must_use]
    pub fn unless(mut self, validators: Validators) -> Self {
        self.validators = validators;
        self
    }

    /// Caps the body at so many bytes instead of the configured cap.
    #[must_use]
    pub const fn max_body(mut self, bytes: u64) -> Self {
        self.max_body = Some(bytes);
        self
    }

    /// Keeps this distance to the request before to the same host, instead of the
    /// configured one.
    #[must_use]
    pub const fn pace(mut self, distance: Duration) -> Self {
        self.pace = Some(distance);
        self
    }

    /// Gives up after this, instead of the configured time.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The answer is of no use later on, as a robots.txt, and is not kept.
    #[must_use]
    pub const fn passing(mut self) -> Self {
        self.passing = true;
        self
    }
}

/// What a read gave.
#[derive(Debug)]
pub enum Fetched {
    /// 304: nothing changed since the validators.
    Unchanged,
    /// A document.
    Body(Body),
}

/// A document, or the answer to a post.
#[derive(Debug, Clone)]
pub struct Body {
    /// The status, 200 to 299.
    pub status: u16,
    /// The address it came from, after redirects.
    pub url: String,
    /// `Content-Type`, verbatim. Often wrong.
    pub content_type: Option<String>,
    /// For the next request.
    pub validators: Validators,
    /// The bytes, decompressed.
    pub bytes: Bytes,
    /// What else the server said, without its cookies.
    pub(crate) headers: Box<HeaderMap>,
}

impl Body {
    /// The first header of this name, if it is text: `link`, or how much of a
    /// limit is left.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// The one door out. Copies of it share its pace and its connections.
#[derive(Clone)]
pub struct Door {
    config: Arc<Config>,
    clock: Arc<dyn Clock>,
    guard: Arc<AddressGuard>,
    pace: Arc<Pace>,
    wire: Arc<Wire>,
    recorder: Option<Arc<Recorder>>,
}

impl Door {
    /// A door with these limits.
    ///
    /// # Errors
    /// The proxy or an allowed network cannot be read; the sentence names it.
    pub fn new(config: Config, clock: Arc<dyn Clock>) -> Result<Self, String> {
        let guard = Arc::new(AddressGuard::new(&config.allow)?);
        let wire = Wire::new(&config, &guard)?;
        Ok(Self {
            pace: Arc::new(Pace::new(Arc::clone(&clock))),
            config: Arc::new(config),
            clock,
            guard,
            wire: Arc::new(wire),
            recorder: None,
        })
    }

    /// The same door, with somebody who notes what is read through this copy.
    #[must_use]
    pub fn recorded_by(&self, recorder: Arc<Recorder>) -> Self {
        Self {
            recorder: Some(recorder),
            ..self.clone()
        }
    }

    /// Reads a document.
    ///
    /// # Errors
    /// See [`NetError`].
    pub async fn fetch(&self, request: Request) -> Result<Fetched, NetError> {
        let mut url = parse(&request.url)?;
        let mut patience = self.patience(&request);
        let mut secrets = true;
        for _ in 0..=self.config.max_redirects {
            match self
                .exchange(&request, &url, secrets, &mut patience)
                .await?
            {
                Answer::Unchanged => return Ok(Fetched::Unchanged),
                Answer::Document(body) => {
                    self.note(&request, &body);
                    return Ok(Fetched::Body(body));
                }
                Answer::Elsewhere { status, location } => {
                    let next = location
                        .as_deref()
                        .and_then(|location| url.join(location).ok());
                    let Some(mut next) = next.filter(|_| request.method == Method::Get) else {
                        return Err(redirected(&url, status));
                    };
                    next.set_fragment(None);
                    secrets &= may_see_secrets(&url, &next);
                    url = next;
                }
            }
        }
        Err(NetError::Forbidden {
            host: host_of(&url),
            reason: format!("more than {} redirects", self.config.max_redirects),
        })
    }

    /// Sends, and gives the answer of a success (2xx).
    ///
    /// # Errors
    /// See [`NetError`]; a redirect is [`NetError::Rejected`].
    pub async fn send(&self, request: Request) -> Result<Body, NetError> {
        let url = parse(&request.url)?;
        let mut patience = self.patience(&request);
        match self.exchange(&request, &url, true, &mut patience).await? {
            Answer::Document(body) => {
                self.note(&request, &body);
                Ok(body)
            }
            Answer::Unchanged => Err(redirected(&url, 304)),
            Answer::Elsewhere { status, .. } => Err(redirected(&url, status)),
        }
    }

    /// One request to one host: judged, paced, timed. `patience` is what is left
    /// of the whole request's time; waiting for a turn does not use it up.
    async fn exchange(
        &self,
        request: &Request,
        url: &Url,
        secrets: bool,
        patience: &mut Duration,
    ) -> Result<Answer, NetError> {
        let host = host_of(url);
        let way = self
            .guard
            .check(url)
            .map_err(|refusal| NetError::Forbidden {
                host: host.clone(),
                reason: refusal.to_string(),
            })?;
        let queue = queue_of(url);
        let distance = request
            .pace
            .unwrap_or(Duration::from_secs(self.config.host_interval_seconds));
        self.pace
            .turn(&queue, distance)
            .await
            .map_err(|after| NetError::Wait {
                host: host.clone(),
                after,
            })?;
        tracing::debug!(net.host = %host, "asking {host}");

        let max_body = request
            .max_body
            .unwrap_or(self.config.max_body_mb.saturating_mul(1024 * 1024));
        let asked = tokio::time::Instant::now();
        let exchange = self
            .wire
            .exchange(request, url, way, secrets, max_body, self.clock.now());
        let answer = tokio::time::timeout(*patience, exchange)
            .await
            .unwrap_or_else(|_| {
                let limit = self.patience(request);
                Err(NetError::Passing {
                    host,
                    reason: format!("no answer within {limit:?}"),
                })
            });
        *patience = patience.saturating_sub(asked.elapsed());
        if let Err(NetError::Wait { after, .. }) = &answer {
            self.pace.hold(&queue, *after);
        }
        answer
    }

    fn note(&self, request: &Request, body: &Body) {
        if let Some(recorder) = &self.recorder {
            recorder.note(request, body);
        }
    }

    fn patience(&self, request: &Request) -> Duration {
        request
            .timeout
            .unwrap_or(Duration::from_secs(self.config.timeout_seconds))
    }
}

fn parse(text: &str) -> Result<Url, NetError> {
    let mut url = Url::parse(text).map_err(|error| NetError::Forbidden {
        host: "the address".to_owned(),
        reason: format!("cannot be read: {error}"),
    })?;
    url.set_fragment(None);
    Ok(url)
}

/// Where a host's requests queue up. A port of its own is a service of its own.
fn queue_of(url: &Url) -> String {
    match url.port() {
        Some(port) => format!("{}:{port}", host_of(url)),
        None => host_of(url),
    }
}

/// Whether the headers of a request to `from` may go on to `to`: to the same
/// origin, or to the same host now that it asks for https.
fn may_see_secrets(from: &Url, to: &Url) -> bool {
    let upgraded = from.host() == to.host()
        && (from.scheme(), to.scheme()) == ("http", "https")
        && from.port().is_none()
        && to.port().is_none();
    upgraded || from.origin() == to.origin()
}

fn redirected(url: &Url, status: u16) -> NetError {
    NetError::Rejected {
        host: host_of(url),
        status,
        body: String::new(),
    }
}
