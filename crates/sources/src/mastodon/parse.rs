//! One page of a timeline of Mastodon's, read.
//!
//! Servers that only speak the same language (Pleroma, GoToSocial, Pixelfed) leave
//! fields out, so nothing but an id and a text is required. `content` is HTML; the
//! content warning beside it is plain text. `uri` is the post's name on every
//! server, `id` its name on this one.

use model::item::{Draft, Stated};
use model::{ItemKind, Markup};
use serde_json::Value;

use crate::answer::{cut, json, link, text, time};
use crate::{Parsed, Problem, SourceError};

/// Posts have 500 characters on most servers; some allow whole articles.
const LONGEST_TEXT: usize = 256 * 1024;
/// Ids are numbers of 64 bits, or words of about that length.
const LONGEST_ID: usize = 64;

/// A page of a timeline.
#[derive(Debug, Default)]
pub struct Page {
    /// Its posts, oldest first, and what could not be read.
    pub parsed: Parsed<Draft>,
    /// The newest id on it, of boosts too.
    pub newest_id: Option<String>,
    /// The oldest.
    pub oldest_id: Option<String>,
}

/// Reads a page; `host` is the server, which accounts of its own do not name.
///
/// # Errors
/// The document is no timeline.
pub fn parse(bytes: &[u8], host: &str) -> Result<Page, SourceError> {
    let answer = json(bytes, host)?;
    let statuses = answer.as_array().ok_or_else(|| {
        SourceError::Nonsense(format!("{host} answered with data that is no timeline"))
    })?;
    let mut page = Page::default();
    for (index, status) in statuses.iter().enumerate() {
        let read = match id(status) {
            Some(id) => {
                if page
                    .newest_id
                    .as_deref()
                    .is_none_or(|newest| is_newer(id, newest))
                {
                    page.newest_id = Some(id.to_owned());
                }
                if page
                    .oldest_id
                    .as_deref()
                    .is_none_or(|oldest| is_newer(oldest, id))
                {
                    page.oldest_id = Some(id.to_owned());
                }
                read_status(status, id, host)
            }
            None => Err("it has no id"),
        };
        match read {
            Ok(Some(draft)) => page.parsed.entries.push(draft),
            Ok(None) => {}
            Err(why) => page
                .parsed
                .problems
                .push(Problem::new(format!("post {}", index + 1), why)),
        }
    }
    page.parsed.entries.reverse();
    Ok(page)
}

/// The id of an account in the answer to a look-up.
pub(super) fn account_id(bytes: &[u8], host: &str) -> Result<String, SourceError> {
    let answer = json(bytes, host)?;
    match id(&answer) {
        Some(id) => Ok(id.to_owned()),
        None => Err(SourceError::Nonsense(format!(
            "{host} answered with data that is no account"
        ))),
    }
}

/// Whether one id is newer than another: numbers grow longer before they grow
/// larger, and words of one length are in order.
pub(super) fn is_newer(one: &str, other: &str) -> bool {
    (one.len(), one) > (other.len(), other)
}

fn id(value: &Value) -> Option<&str> {
    text(value, "/id").filter(|id| {
        id.len() <= LONGEST_ID
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    })
}

/// A post; none for boosts, which are read where they were written, and for what
/// is not meant for everybody.
fn read_status(status: &Value, id: &str, host: &str) -> Result<Option<Draft>, &'static str> {
    if status.get("reblog").is_some_and(|reblog| !reblog.is_null()) {
        return Ok(None);
    }
    if text(status, "/visibility")
        .is_some_and(|visibility| !matches!(visibility, "public" | "unlisted"))
    {
        return Ok(None);
    }
    let content = text(status, "/content");
    let warning =
        text(status, "/spoiler_text").map(|warning| format!("<p>{}</p>", escaped(warning)));
    let body = match (&warning, content) {
        (Some(warning), content) => format!("{warning}{}", content.unwrap_or_default()),
        (None, Some(content)) => content.to_owned(),
        // Only a picture, or a poll.
        (None, None) if status.get("content").is_some() => return Ok(None),
        (None, None) => return Err("it has no text"),
    };
    let uri = link(status, "/uri");
    Ok(Some(Draft {
        external_id: uri.unwrap_or(id).to_owned(),
        kind: ItemKind::Post,
        url: link(status, "/url").or(uri).map(str::to_owned),
        title: String::new(),
        text: cut(&body, LONGEST_TEXT).to_owned(),
        markup: Markup::Html,
        author: text(status, "/account/acct").map(|acct| author(acct, host)),
        language: text(status, "/language")
            .filter(|language| language.len() <= 35)
            .map(str::to_owned),
        published: time(status, "/created_at"),
        updated: time(status, "/edited_at"),
        stated: Stated::default(),
    }))
}

/// `@name@server`, as people write it.
fn author(acct: &str, host: &str) -> String {
    let acct = cut(acct, 256);
    if acct.contains('@') {
        format!("@{acct}")
    } else {
        format!("@{acct}@{host}")
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
