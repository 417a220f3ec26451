//! One page of a listing of Reddit's, read.
//!
//! Asked with `raw_json=1`, for without it every `&`, `<` and `>` is escaped, in
//! addresses too. `edited` is `false` or a time; an account or text that is gone
//! says `[deleted]` or `[removed]`; `url` is where a link post leads, and of a
//! post with a text of its own it is the post itself.

use model::item::{Draft, Stated};
use model::{ItemKind, Markup, Timestamp};
use serde_json::Value;

use crate::answer::{cut, is_web, json, text};
use crate::{Parsed, Problem, SourceError};

/// Reddit takes 40,000 characters.
const LONGEST_TEXT: usize = 192 * 1024;
/// Reddit takes 300 characters.
const LONGEST_TITLE: usize = 2048;
/// Where posts are read by people.
const SITE: &str = "https://www.reddit.com";

/// A page of a listing.
#[derive(Debug, Default)]
pub struct Page {
    /// Its posts, oldest first, and what could not be read.
    pub parsed: Parsed<Draft>,
    /// Where the next, older page is.
    pub after: Option<String>,
    /// When its newest post was made.
    pub newest: Option<Timestamp>,
    /// When its oldest post was made.
    pub oldest: Option<Timestamp>,
}

/// Reads a page.
///
/// # Errors
/// The document is no listing.
pub fn parse(bytes: &[u8]) -> Result<Page, SourceError> {
    let answer = json(bytes, "Reddit")?;
    let children = answer
        .pointer("/data/children")
        .and_then(Value::as_array)
        .filter(|_| text(&answer, "/kind") == Some("Listing"))
        .ok_or_else(|| {
            SourceError::Nonsense("Reddit answered with data that is no listing".to_owned())
        })?;
    let mut page = Page {
        after: text(&answer, "/data/after")
            .filter(|after| is_name(after))
            .map(str::to_owned),
        ..Page::default()
    };
    for (index, child) in children.iter().enumerate() {
        // Comments, subreddits and whatever else a listing may hold.
        if text(child, "/kind") != Some("t3") {
            continue;
        }
        match child.get("data").map_or(Err("it is empty"), read_post) {
            Ok(Some(draft)) => {
                page.newest = page.newest.max(draft.published);
                page.oldest = match (page.oldest, draft.published) {
                    (Some(one), Some(other)) => Some(one.min(other)),
                    (one, other) => one.or(other),
                };
                page.parsed.entries.push(draft);
            }
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

/// A post; none if moderators have taken it away.
fn read_post(post: &Value) -> Result<Option<Draft>, &'static str> {
    let name = text(post, "/name")
        .filter(|name| is_name(name))
        .ok_or("it has no name")?;
    let title = text(post, "/title").ok_or("it has no title")?;
    if text(post, "/removed_by_category").is_some() {
        return Ok(None);
    }
    let original = post.pointer("/crosspost_parent_list/0").unwrap_or(post);
    let own = [post, original]
        .into_iter()
        .find_map(|post| text(post, "/selftext").filter(|text| !is_gone(text)));
    let place = text(post, "/permalink")
        .filter(|place| place.starts_with("/r/") || place.starts_with("/user/"));
    let id = name.strip_prefix("t3_").unwrap_or(name);
    let url = place.map_or_else(
        || format!("{SITE}/comments/{id}"),
        |place| format!("{SITE}{place}"),
    );
    let is_self = post
        .get("is_self")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    let link = text(original, "/url")
        .filter(|link| !is_self && *link != url)
        .and_then(whole);
    let body = [link.as_deref(), own]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("\n\n");
    Ok(Some(Draft {
        external_id: name.to_owned(),
        kind: ItemKind::Post,
        url: Some(url).filter(|url| is_web(url)),
        title: cut(title, LONGEST_TITLE).to_owned(),
        text: cut(&body, LONGEST_TEXT).to_owned(),
        markup: Markup::Plain,
        author: text(post, "/author")
            .filter(|author| !is_gone(author))
            .map(|author| format!("u/{}", cut(author, 64))),
        language: None,
        published: seconds(post, "/created_utc"),
        updated: seconds(post, "/edited"),
        stated: Stated::default(),
    }))
}

/// The address of a link post; those within Reddit are given as paths.
fn whole(link: &str) -> Option<String> {
    let link = if link.starts_with("/r/") {
        format!("{SITE}{link}")
    } else {
        link.to_owned()
    };
    is_web(&link).then_some(link)
}

fn is_gone(text: &str) -> bool {
    matches!(text, "[deleted]" | "[removed]")
}

/// A thing's full name, as `t3_5jo13y`.
fn is_name(text: &str) -> bool {
    text.len() <= 32
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a cast of a float stops at the ends of the range"
)]
fn seconds(post: &Value, pointer: &str) -> Option<Timestamp> {
    let seconds = post
        .pointer(pointer)?
        .as_f64()
        .filter(|seconds| *seconds > 0.0)?;
    Timestamp::from_second(seconds as i64).ok()
}
