//! One request and its answer on the wire, and what the answer means.
//!
//! reqwest would follow redirects, read proxies from the environment and count
//! bodies before decompression; all three are done here by hand instead. Errors
//! carry the host only: tokens live in paths, queries and headers.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use model::Timestamp;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Proxy, Response, header, redirect};
use url::Url;

use crate::NetError;
use crate::door::{Body, Config, Method, Request, Validators};
use crate::guard::{AddressGuard, GuardedResolver, Refusal, Way};
use crate::retry_after::{parse_reset, parse_retry_after};

/// Time for the connection alone; the rest of the request has its own limit.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections kept open per host: pacing lets hardly ever two run at once.
const IDLE_PER_HOST: usize = 2;

/// The wait after a 429 that does not say how long.
const WAIT_UNSAID: Duration = Duration::from_secs(60);

/// A `Retry-After: 0` is still an answer of "not now".
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

/// How much of a refusal's body is kept: services say why in a line or two.
const ERROR_BODY_BYTES: usize = 2048;

/// A validator longer than this is not one; it would be kept in every cursor.
const LONGEST_VALIDATOR: usize = 1024;

/// Room made ahead for a body whose length was announced.
const MOST_ROOM_AHEAD: u64 = 1024 * 1024;

/// Headers that another host may see after a redirect: they hold no secret.
const PLAIN_HEADERS: [&str; 3] = ["accept", "accept-language", "user-agent"];

/// An answer of which only the head was read.
pub(crate) enum Opened {
    Unchanged,
    Success(Response),
    Elsewhere {
        status: u16,
        location: Option<String>,
    },
}

/// What an answer is, when it is not a failure.
pub(crate) enum Answer {
    Unchanged,
    Document(Body),
    Elsewhere {
        status: u16,
        location: Option<String>,
    },
}

/// The clients behind the door.
pub(crate) struct Wire {
    guarded: Client,
    trusted: Client,
    guard: Arc<AddressGuard>,
    proxy: Option<Proxy>,
    user_agent: HeaderValue,
}

impl Wire {
    pub(crate) fn new(config: &Config, guard: &Arc<AddressGuard>) -> Result<Self, String> {
        // The error only says that a provider is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let user_agent = HeaderValue::from_str(&config.user_agent)
            .map_err(|_| "net.user_agent holds a character that cannot be sent".to_owned())?;
        let proxy = config
            .proxy
            .as_ref()
            .map(|proxy| parse_proxy(proxy.reveal()))
            .transpose()?;
        let trusted = build(proxy.clone(), None, Version::Any)?;
        // Behind a proxy only the proxy's own name is resolved here, and that one
        // is trusted: what it resolves for us is its operator's to judge.
        let guarded = if proxy.is_some() {
            trusted.clone()
        } else {
            build(None, Some(guard), Version::Any)?
        };
        Ok(Self {
            guarded,
            trusted,
            guard: Arc::clone(guard),
            proxy,
            user_agent,
        })
    }

    /// One request, one answer. `secrets` says whether this host may see the
    /// request's own headers.
    pub(crate) async fn exchange(
        &self,
        request: &Request,
        url: &Url,
        way: Way,
        secrets: bool,
        max_body: u64,
        now: Timestamp,
    ) -> Result<Answer, NetError> {
        let client = match way {
            Way::Guarded => &self.guarded,
            Way::Trusted => &self.trusted,
        };
        match self.ask(client, request, url, secrets, now).await? {
            Opened::Unchanged => Ok(Answer::Unchanged),
            Opened::Success(response) => {
                let body = read_document(response, url, &host_of(url), max_body).await?;
                Ok(Answer::Document(body))
            }
            Opened::Elsewhere { status, location } => Ok(Answer::Elsewhere { status, location }),
        }
    }

    /// The head of an answer whose body is read as it comes.
    pub(crate) async fn open(
        &self,
        request: &Request,
        url: &Url,
        way: Way,
        now: Timestamp,
    ) -> Result<Opened, NetError> {
        let client = match way {
            Way::Guarded => &self.guarded,
            Way::Trusted => &self.trusted,
        };
        self.ask(client, request, url, true, now).await
    }

    /// The same on a connection of its own that speaks HTTP/1.1, which alone can
    /// be turned into another protocol.
    pub(crate) async fn open_to_upgrade(
        &self,
        request: &Request,
        url: &Url,
        way: Way,
        now: Timestamp,
    ) -> Result<Opened, NetError> {
        let guard = (way == Way::Guarded && self.proxy.is_none()).then_some(&self.guard);
        let client = build(self.proxy.clone(), guard, Version::Http11).map_err(|reason| {
            NetError::Forbidden {
                host: host_of(url),
                reason,
            }
        })?;
        self.ask(&client, request, url, true, now).await
    }

    async fn ask(
        &self,
        client: &Client,
        request: &Request,
        url: &Url,
        secrets: bool,
        now: Timestamp,
    ) -> Result<Opened, NetError> {
        let host = host_of(url);
        let mut builder = match request.method {
            Method::Get => client.get(url.clone()),
            Method::Post => client.post(url.clone()),
        };
        builder = builder.headers(self.headers(request, &host, secrets)?);
        if let Some(body) = &request.body {
            builder = builder.body(body.reveal().clone());
        }
        let response = builder
            .send()
            .await
            .map_err(|error| unreached(&host, &error))?;
        let status = response.status().as_u16();
        match status {
            101 | 200..=299 => Ok(Opened::Success(response)),
            304 if request.validators != Validators::default() => Ok(Opened::Unchanged),
            301 | 302 | 303 | 307 | 308 => {
                // Bytes beyond ASCII do occur in this header, raw.
                let location = response
                    .headers()
                    .get(header::LOCATION)
                    .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
                Ok(Opened::Elsewhere { status, location })
            }
            _ => {
                let unsaid = request.wait_unsaid.unwrap_or(WAIT_UNSAID);
                Err(failure(status, response, host, now, unsaid).await)
            }
        }
    }

    fn headers(&self, request: &Request, host: &str, secrets: bool) -> Result<HeaderMap, NetError> {
        let mut headers = HeaderMap::new();
        for (name, value) in &request.headers {
            let wrong = || NetError::Forbidden {
                host: host.to_owned(),
                reason: format!("the value of the header `{name}` cannot be sent"),
            };
            let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
            if !secrets && !PLAIN_HEADERS.contains(&key.as_str()) {
                continue;
            }
            let mut value = HeaderValue::from_str(value.reveal()).map_err(|_| wrong())?;
            value.set_sensitive(true);
            headers.append(key, value);
        }
        if !headers.contains_key(header::USER_AGENT) {
            headers.insert(header::USER_AGENT, self.user_agent.clone());
        }
        let Validators {
            etag,
            last_modified,
        } = &request.validators;
        for (key, value) in [
            (header::IF_NONE_MATCH, etag),
            (header::IF_MODIFIED_SINCE, last_modified),
        ] {
            if let Some(value) = value
                .as_deref()
                .and_then(|value| HeaderValue::from_str(value).ok())
            {
                headers.insert(key, value);
            }
        }
        Ok(headers)
    }
}

/// The host of an address, for errors.
pub(crate) fn host_of(url: &Url) -> String {
    url.host_str().unwrap_or("the address").to_owned()
}

/// Which HTTP a client speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    Any,
    Http11,
}

fn build(
    proxy: Option<Proxy>,
    guard: Option<&Arc<AddressGuard>>,
    version: Version,
) -> Result<Client, String> {
    let mut builder = Client::builder()
        .redirect(redirect::Policy::none())
        .referer(false)
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_max_idle_per_host(IDLE_PER_HOST)
        // Proxies come from the config alone, not from the environment.
        .no_proxy();
    if version == Version::Http11 {
        builder = builder.http1_only();
    }
    if let Some(proxy) = proxy {
        builder = builder.proxy(proxy);
    }
    if let Some(guard) = guard {
        builder = builder.dns_resolver(GuardedResolver {
            guard: Arc::clone(guard),
        });
    }
    builder
        .build()
        .map_err(|error| format!("no HTTP client can be made: {}", innermost(&error)))
}

/// A proxy's address may hold a password, so no error repeats it.
fn parse_proxy(text: &str) -> Result<Proxy, String> {
    let wrong =
        || "net.proxy cannot be read: it should look like http://proxy.example.org:3128".to_owned();
    let url = Url::parse(text).map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(wrong());
    }
    Proxy::all(url).map_err(|_| wrong())
}

async fn read_document(
    mut response: Response,
    url: &Url,
    host: &str,
    max_body: u64,
) -> Result<Body, NetError> {
    let too_large = || NetError::Forbidden {
        host: host.to_owned(),
        reason: format!("the answer is larger than {} bytes", max_body),
    };
    let announced = response.content_length().unwrap_or(0);
    if announced > max_body {
        return Err(too_large());
    }
    let room = usize::try_from(announced.min(MOST_ROOM_AHEAD)).unwrap_or(0);
    let mut bytes = BytesMut::with_capacity(room);
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| broken_off(host, &error))?
    {
        if bytes.len() as u64 + chunk.len() as u64 > max_body {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    let text_of = |key: &HeaderName| {
        response
            .headers()
            .get(key)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let validator =
        |key| text_of(key).filter(|value| !value.is_empty() && value.len() <= LONGEST_VALIDATOR);
    let validators = Validators {
        etag: validator(&header::ETAG),
        last_modified: validator(&header::LAST_MODIFIED),
    };
    let content_type = text_of(&header::CONTENT_TYPE);
    let mut headers = response.headers().clone();
    headers.remove(header::SET_COOKIE);
    Ok(Body {
        status: response.status().as_u16(),
        url: url.to_string(),
        content_type,
        validators,
        bytes: bytes.freeze(),
        headers: Box::new(headers),
    })
}

/// What a status other than success, redirect and 304 means. `unsaid`: how long a
/// 429 that names no time makes us wait.
async fn failure(
    status: u16,
    response: Response,
    host: String,
    now: Timestamp,
    unsaid: Duration,
) -> NetError {
    let said = |name: &str| {
        response
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let none_left = said("x-ratelimit-remaining")
        .and_then(|left| left.trim().parse().ok())
        .is_some_and(|left: f64| left < 1.0);
    // 420 is what Twitter answered before there was a 429; some still do.
    let limited = matches!(status, 420 | 429) || none_left;
    let told = said("retry-after")
        .and_then(|text| parse_retry_after(text, now))
        .or_else(|| {
            let reset = said("x-rate-limit-reset")
                .or_else(|| said("x-ratelimit-reset"))
                .or_else(|| said("ratelimit-reset"));
            parse_reset(reset.filter(|_| limited)?, now)
        })
        .map(|after| after.max(SHORTEST_WAIT));
    match (status, told) {
        // GitHub and others use 403 for a rate limit, and then say how long.
        (420 | 429 | 503 | 403, Some(after)) => NetError::Wait { host, after },
        (420 | 429, None) => NetError::Wait {
            host,
            after: unsaid,
        },
        (401 | 403, _) => NetError::Refused {
            host,
            status,
            body: reason_given(response).await,
        },
        (410, _) => NetError::Gone { host },
        (408 | 500..=599, _) => NetError::Passing {
            host,
            reason: format!("HTTP {status}"),
        },
        _ => NetError::Rejected {
            host,
            status,
            body: reason_given(response).await,
        },
    }
}

/// The beginning of a refusal's body. NVD says why in a header called `message`
/// and leaves the body empty.
async fn reason_given(mut response: Response) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < ERROR_BODY_BYTES {
        // A body that breaks off here is still the best reason there is.
        let Ok(Some(chunk)) = response.chunk().await else {
            break;
        };
        let room = ERROR_BODY_BYTES - bytes.len();
        bytes.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
    }
    let text = String::from_utf8_lossy(&bytes).trim().to_owned();
    if !text.is_empty() {
        return text;
    }
    let message = response
        .headers()
        .get("message")
        .map(HeaderValue::as_bytes)
        .unwrap_or_default();
    String::from_utf8_lossy(message.get(..ERROR_BODY_BYTES).unwrap_or(message)).into_owned()
}

fn unreached(host: &str, error: &reqwest::Error) -> NetError {
    let host = host.to_owned();
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(current) = cause {
        if let Some(refusal) = current.downcast_ref::<Refusal>() {
            return NetError::Forbidden {
                host,
                reason: refusal.to_string(),
            };
        }
        cause = current.source();
    }
    let what = if error.is_timeout() {
        "no connection in time"
    } else if error.is_dns() {
        "its name cannot be resolved"
    } else if error.is_connect() {
        "no connection"
    } else {
        "no answer"
    };
    NetError::Passing {
        host,
        reason: format!("{what}: {}", innermost(error)),
    }
}

pub(crate) fn broken_off(host: &str, error: &reqwest::Error) -> NetError {
    NetError::Passing {
        host: host.to_owned(),
        reason: format!("the answer broke off: {}", innermost(error)),
    }
}

/// The cause at the bottom: what the system or the TLS library said. The levels
/// above repeat the whole address.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &(dyn StdError + 'static) = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    if std::ptr::addr_eq(cause, error) {
        return "the request failed".to_owned();
    }
    cause.to_string().chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_that_resolves_to_a_private_address_is_forbidden_and_not_asked() {
        let site = testkit::site::FakeSite::start().await;
        let url = Url::parse(&site.url("/x").replace("127.0.0.1", "localhost")).unwrap();
        let wire = Wire::new(&Config::default(), &Arc::new(AddressGuard::default())).unwrap();
        let request = Request::get(url.as_str());
        let ask = |way| wire.exchange(&request, &url, way, true, 1024, Timestamp::UNIX_EPOCH);
        let error = ask(Way::Guarded).await.err().unwrap();
        assert!(
            matches!(&error, NetError::Forbidden { reason, .. } if reason.contains("loopback")),
            "{error:?}"
        );
        assert!(site.requests().is_empty());
        // The same name, trusted, is asked (and has nothing there).
        assert!(matches!(
            ask(Way::Trusted).await,
            Err(NetError::Rejected { status: 404, .. })
        ));
    }
}
