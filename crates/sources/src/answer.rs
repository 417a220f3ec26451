//! Answers of JSON interfaces: documents told from web pages, and the reasons in
//! refusals told as sentences.
//!
//! Gateways in front of an interface answer with web pages of status 200, and
//! what a service says of a failure is its own text: one line of it is shown, and
//! never what we sent.

use model::Timestamp;
use net::Body;
use serde_json::Value;
use url::Url;

use crate::SourceError;

/// Longer reasons are cut.
const LONGEST_REASON: usize = 200;

/// The document that `who` answered with.
///
/// # Errors
/// It is no JSON.
pub(crate) fn json(bytes: &[u8], who: &str) -> Result<Value, SourceError> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let nonsense = |what: String| SourceError::Nonsense(format!("{who} answered {what}"));
    if text.is_empty() {
        return Err(nonsense("nothing".to_owned()));
    }
    if text.starts_with('<') {
        return Err(nonsense("with a web page, not with data".to_owned()));
    }
    serde_json::from_str(text).map_err(|error| nonsense(format!("with broken JSON: {error}")))
}

/// The text at a JSON pointer, if it is there and not blank.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value
        .pointer(pointer)?
        .as_str()
        .map(str::trim)
        .filter(|text| !text.is_empty())
}

/// The instant at a JSON pointer, written as RFC 3339.
pub(crate) fn time(value: &Value, pointer: &str) -> Option<Timestamp> {
    text(value, pointer)?.parse().ok()
}

/// The address of the web at a JSON pointer.
pub(crate) fn link<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    text(value, pointer).filter(|link| is_web(link))
}

/// Whether this can stand as an address of the web: no scheme but the web's, no
/// blank, no endless length.
pub(crate) fn is_web(link: &str) -> bool {
    const LONGEST: usize = 4096;
    link.len() <= LONGEST
        && (link.starts_with("https://") || link.starts_with("http://"))
        && !link.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// Whether a service says that no more may be asked for now. Reddit counts in
/// decimals.
pub(crate) fn is_last_allowed(body: &Body) -> bool {
    body.header("x-rate-limit-remaining")
        .or_else(|| body.header("x-ratelimit-remaining"))
        .or_else(|| body.header("ratelimit-remaining"))
        .and_then(|left| left.trim().parse().ok())
        .is_some_and(|left: f64| left < 1.0)
}

/// An interface's address joined from its base and a path.
///
/// # Errors
/// The base, which stands in the config, cannot be read.
pub(crate) fn address(base: &str, path: &str) -> Result<Url, SourceError> {
    let joined = format!("{}{path}", base.trim_end_matches('/'));
    Url::parse(&joined).map_err(|error| {
        SourceError::Unready(format!("the address `{base}` cannot be read: {error}"))
    })
}

/// What a refusal says, at the first of these pointers that holds a text: one
/// line, for people.
pub(crate) fn reason(body: &str, pointers: &[&str]) -> Option<String> {
    let body: Value = serde_json::from_str(body).ok()?;
    pointers
        .iter()
        .find_map(|pointer| text(&body, pointer))
        .map(one_line)
}

/// `sentence`, and the reason behind it if there is one.
pub(crate) fn because(sentence: &str, reason: Option<&str>) -> String {
    match reason {
        Some(reason) => format!("{sentence}: {}", reason.trim_end_matches('.')),
        None => sentence.to_owned(),
    }
}

/// A text of a service as one line of a bounded length.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        if word.is_empty() {
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > LONGEST_REASON {
            line.truncate(line.floor_char_boundary(LONGEST_REASON));
            line.push('…');
            break;
        }
    }
    line
}

/// `text`, cut between characters at so many bytes.
pub(crate) fn cut(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_data_is_named() {
        let said = |bytes: &[u8]| json(bytes, "X").map_err(|error| error.to_string());
        assert_eq!(said(b"\xef\xbb\xbf {}"), Ok(serde_json::json!({})));
        assert_eq!(said(b" \n").unwrap_err(), "X answered nothing");
        assert_eq!(
            said(b"<!doctype html><p>Sorry").unwrap_err(),
            "X answered with a web page, not with data"
        );
        assert!(
            said(b"{\"data\":[")
                .unwrap_err()
                .starts_with("X answered with broken JSON")
        );
        let deep = "[".repeat(100_000);
        assert!(said(deep.as_bytes()).is_err());
    }

    #[test]
    fn a_reason_is_one_short_line() {
        let body = r#"{"title":" ","detail":"No\u0007 credit\nleft. "}"#;
        let pointers = ["/errors/0/message", "/title", "/detail"];
        let given = reason(body, &pointers);
        assert_eq!(given.as_deref(), Some("No credit left."));
        assert_eq!(
            because("X refuses us", given.as_deref()),
            "X refuses us: No credit left"
        );
        assert_eq!(because("X refuses us", None), "X refuses us");
        assert_eq!(reason("<html>", &pointers), None);
        assert!(one_line(&"ü".repeat(1000)).len() <= LONGEST_REASON + 3);
    }

    #[test]
    fn only_addresses_of_the_web_are_links() {
        let value = serde_json::json!({"a": "https://a.example/", "b": "javascript:alert(1)", "c": "https://a b", "d": 7});
        assert_eq!(link(&value, "/a"), Some("https://a.example/"));
        for pointer in ["/b", "/c", "/d", "/e"] {
            assert_eq!(link(&value, pointer), None);
        }
    }
}
