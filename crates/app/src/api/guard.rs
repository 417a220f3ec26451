//! What every answer and request passes: security headers, and the check that a
//! request was meant for us. A page on another site can make a browser resolve
//! its own name to 127.0.0.1 (DNS rebinding); its Host header gives it away.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error::Problem;
use crate::config::Server;

/// Host names under which we answer.
#[derive(Clone)]
pub(super) struct Hosts(Arc<Vec<String>>);

impl Hosts {
    /// The loopback names and the host of the public address.
    pub(super) fn of(server: &Server) -> Self {
        let mut hosts = vec![
            "localhost".to_owned(),
            "127.0.0.1".to_owned(),
            "[::1]".to_owned(),
        ];
        if let Some(host) = url::Url::parse(&server.public_url)
            .ok()
            .and_then(|url| url.host_str().map(str::to_lowercase))
        {
            hosts.push(host);
        }
        Self(Arc::new(hosts))
    }

    fn has(&self, host: &str) -> bool {
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => host,
        };
        self.0.iter().any(|known| known.eq_ignore_ascii_case(name))
    }
}

/// Scripts, styles and connections only from ourselves, no framing, no sniffing.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Refuses requests that name another host, and adds the security headers to every answer.
pub(super) async fn watch(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|value| value.to_str().ok());
    let mut response = match host {
        Some(host) if hosts.has(host) => next.run(request).await,
        _ => Problem::wrong_host().into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(POLICY),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    response
}
