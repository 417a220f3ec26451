//! What came through the door, noted for keeping.
//!
//! Only answers to reads: a post is a login. Addresses lose what may be a secret
//! before they are noted, since they are stored.

use std::sync::{Mutex, MutexGuard, PoisonError};

use model::Document;
use url::Url;

use crate::door::{Body, Method, Request};

/// Stands in place of a secret.
const REDACTED: &str = "redacted";
/// Parts of the names of query parameters that hold secrets.
const SECRET_PARTS: [&str; 8] = [
    "token",
    "secret",
    "passw",
    "pwd",
    "auth",
    "credential",
    "session",
    "signature",
];
/// Ends of such names; `key` in the middle is a keyword.
const SECRET_ENDS: [&str; 3] = ["key", "sig", "jwt"];

/// Notes the documents that are read through one handle of the door, in order.
#[derive(Debug)]
pub struct Recorder {
    largest: u64,
    most: u64,
    noted: Mutex<Noted>,
}

#[derive(Debug, Default)]
struct Noted {
    documents: Vec<Document>,
    bytes: u64,
}

impl Recorder {
    /// Notes documents of up to `largest` bytes, up to `most` bytes together until
    /// they are taken.
    #[must_use]
    pub fn new(largest: u64, most: u64) -> Self {
        Self {
            largest,
            most,
            noted: Mutex::default(),
        }
    }

    /// The documents noted since the last time.
    #[must_use]
    pub fn take(&self) -> Vec<Document> {
        std::mem::take(&mut *self.noted()).documents
    }

    /// Notes the answer to a request, unless it is none to keep.
    pub(crate) fn note(&self, request: &Request, body: &Body) {
        let size = body.bytes.len() as u64;
        if request.method != Method::Get || request.passing || size == 0 || size > self.largest {
            return;
        }
        let mut noted = self.noted();
        if noted.bytes + size > self.most {
            return;
        }
        noted.bytes += size;
        noted.documents.push(Document {
            url: without_secrets(&body.url),
            content_type: body.content_type.clone(),
            bytes: body.bytes.clone(),
        });
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An address without its login, and without the values of parameters that may
/// hold a key. Rather one too many: the address only names the document.
fn without_secrets(address: &str) -> String {
    let Ok(mut url) = Url::parse(address) else {
        return String::new();
    };
    let has_login = !url.username().is_empty() || url.password().is_some();
    if has_login && (url.set_username("").is_err() || url.set_password(None).is_err()) {
        return String::new();
    }
    if !url.query_pairs().any(|(name, _)| is_secret(&name)) {
        return url.into();
    }
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let shown = pairs.iter().map(|(name, value)| {
        let value = if is_secret(name) { REDACTED } else { value };
        (name.as_str(), value)
    });
    url.query_pairs_mut().clear().extend_pairs(shown);
    url.into()
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_PARTS.iter().any(|part| name.contains(part))
        || SECRET_ENDS.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_of_an_address_is_noted() {
        for (address, noted) in [
            (
                "https://a.example/feed?page=2",
                "https://a.example/feed?page=2",
            ),
            ("https://me:pass@a.example/feed", "https://a.example/feed"),
            (
                "https://a.example/?apiKey=abc&page=2",
                "https://a.example/?apiKey=redacted&page=2",
            ),
            (
                "https://a.example/?access_token=abc&X-Amz-Signature=1&sig=2",
                "https://a.example/?access_token=redacted&X-Amz-Signature=redacted&sig=redacted",
            ),
            (
                "https://a.example/?keyword=ransomware%20india",
                "https://a.example/?keyword=ransomware%20india",
            ),
            ("no address", ""),
        ] {
            assert_eq!(without_secrets(address), noted);
        }
    }
}
