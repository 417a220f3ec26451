//! The one door out. Everything Prahari fetches or posts over HTTP passes here:
//! time-outs, body caps counted after decompression, redirect caps, an address
//! guard, pacing per host, and one vocabulary of failure.

mod door;
mod guard;
mod pace;
mod record;
mod retry_after;
mod wire;

pub use door::{Body, Config, Door, Fetched, Method, Request, Validators};
pub use guard::AddressGuard;
pub use record::Recorder;
pub use retry_after::{parse_reset, parse_retry_after};

use std::time::Duration;

/// Why nothing came through the door. Each variant is a different next step.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// The service asks to wait (429, 503 with Retry-After): not before this.
    #[error("{host} asks us to wait {} s", after.as_secs())]
    Wait {
        /// Who.
        host: String,
        /// How long.
        after: Duration,
    },
    /// It may work later: time-out, connection refused, 408, 5xx, a body cut short.
    #[error("{host} could not be reached: {reason}")]
    Passing {
        /// Who.
        host: String,
        /// What happened, without secrets.
        reason: String,
    },
    /// It refuses us: 401, 403. The key or the User-Agent is wrong.
    #[error("{host} refuses us: HTTP {status}{}", said(body))]
    Refused {
        /// Who.
        host: String,
        /// 401 or 403.
        status: u16,
        /// The beginning of the body (at most 2 kB): some services say why.
        body: String,
    },
    /// It is gone for good: 410.
    #[error("{host} says this address is gone for good")]
    Gone {
        /// Who.
        host: String,
    },
    /// Another answer that trying again will not change: 400, 404, 413 …
    #[error("{host} answered HTTP {status}")]
    Rejected {
        /// Who.
        host: String,
        /// The status.
        status: u16,
        /// The beginning of the body (at most 2 kB): some services say why.
        body: String,
    },
    /// We will not: an address that is private, a scheme we do not speak, too
    /// many redirects, a body over the cap.
    #[error("{host}: {reason}")]
    Forbidden {
        /// Who.
        host: String,
        /// Why not.
        reason: String,
    },
}

/// What a service said, where that is a line for people: no page, no document.
fn said(body: &str) -> String {
    const LONGEST: usize = 160;
    let line = body.trim().lines().next().unwrap_or_default().trim();
    if line.is_empty() || line.starts_with(['<', '{', '[']) {
        return String::new();
    }
    format!(
        ": {}",
        line.chars()
            .filter(|c| !c.is_control())
            .take(LONGEST)
            .collect::<String>()
    )
}
