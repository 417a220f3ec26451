//! WebSockets (RFC 6455), as a client that only listens: Bluesky's Jetstream.
//!
//! The handshake is an ordinary request of the HTTP client, so the address guard,
//! the roots of trust and the proxy are the same as everywhere; only when the
//! server has agreed is the connection taken over. What surprised us: HTTP/2 has
//! no such upgrade, so the connection must say before TLS that it speaks 1.1.
//!
//! A server's pings are answered, and count as life; silence ends the connection.

use bytes::Bytes;
use futures::StreamExt;
use reqwest::Upgraded;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Message, Role, WebSocketConfig};
use url::Url;

use crate::NetError;
use crate::door::{Door, Request, parse, redirected};
use crate::stream::{Bounds, silent};
use crate::wire::{Opened, broken_off, host_of};

/// Read at once from the connection: some messages of a busy stream.
const READ_AHEAD: usize = 32 * 1024;

impl Door {
    /// Opens a WebSocket at a `wss` or `ws` address.
    ///
    /// # Errors
    /// See [`NetError`]; a redirect is [`NetError::Rejected`].
    pub async fn socket(&self, request: Request, bounds: Bounds) -> Result<Socket, NetError> {
        let url = http_form(parse(&request.url)?)?;
        let host = host_of(&url);
        let way = self.turn(&request, &url).await?;
        let key = generate_key();
        let request = request
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", key.as_str());
        let opening = async {
            let opened = self
                .wire
                .open_to_upgrade(&request, &url, way, self.clock.now())
                .await?;
            let response = match opened {
                Opened::Success(response) => response,
                Opened::Unchanged => return Err(redirected(&url, 304)),
                Opened::Elsewhere { status, .. } => return Err(redirected(&url, status)),
            };
            let accepted = response
                .headers()
                .get("sec-websocket-accept")
                .is_some_and(|accept| {
                    accept.as_bytes() == derive_accept_key(key.as_bytes()).as_bytes()
                });
            if response.status().as_u16() != 101 || !accepted {
                return Err(NetError::Passing {
                    host: host.clone(),
                    reason: "it answered, but opened no WebSocket".to_owned(),
                });
            }
            response
                .upgrade()
                .await
                .map_err(|error| broken_off(&host, &error))
        };
        let opened = self.in_time(&request, &url, opening).await;
        self.heed(&url, &opened);
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_AHEAD)
            .max_message_size(Some(bounds.longest))
            .max_frame_size(Some(bounds.longest));
        let stream = WebSocketStream::from_raw_socket(opened?, Role::Client, Some(config)).await;
        Ok(Socket {
            host,
            stream,
            bounds,
        })
    }
}

/// An open WebSocket, message by message.
#[derive(Debug)]
pub struct Socket {
    host: String,
    stream: WebSocketStream<Upgraded>,
    bounds: Bounds,
}

impl Socket {
    /// The next message, text or not; `None` when the server has closed. May be
    /// cancelled.
    ///
    /// # Errors
    /// [`NetError::Passing`]: silence, or a broken connection.
    /// [`NetError::Forbidden`]: a message over the bound.
    pub async fn next(&mut self) -> Result<Option<Bytes>, NetError> {
        loop {
            let message = tokio::time::timeout(self.bounds.idle, self.stream.next()).await;
            match message {
                Err(_) => return Err(silent(&self.host, self.bounds.idle)),
                Ok(None | Some(Ok(Message::Close(_)))) => return Ok(None),
                Ok(Some(Ok(Message::Text(text)))) => return Ok(Some(text.into())),
                Ok(Some(Ok(Message::Binary(bytes)))) => return Ok(Some(bytes)),
                Ok(Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)))) => {}
                Ok(Some(Err(error))) => return Err(self.failure(&error)),
            }
        }
    }

    fn failure(&self, error: &tokio_tungstenite::tungstenite::Error) -> NetError {
        use tokio_tungstenite::tungstenite::Error;
        let host = self.host.clone();
        match error {
            Error::Capacity(_) => NetError::Forbidden {
                host,
                reason: format!("a message is larger than {} bytes", self.bounds.longest),
            },
            other => NetError::Passing {
                host,
                reason: format!("the stream broke off: {other}")
                    .chars()
                    .take(200)
                    .collect(),
            },
        }
    }
}

/// The address of the request that opens the socket.
fn http_form(mut url: Url) -> Result<Url, NetError> {
    let scheme = match url.scheme() {
        "wss" => "https",
        "ws" => "http",
        _ => "",
    };
    if scheme.is_empty() || url.set_scheme(scheme).is_err() {
        return Err(NetError::Forbidden {
            host: host_of(&url),
            reason: "a WebSocket's address begins with wss:// or ws://".to_owned(),
        });
    }
    Ok(url)
}
