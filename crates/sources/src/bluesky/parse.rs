//! One page of Bluesky's search, read.
//!
//! What surprised us: places in a text are counted in bytes of UTF-8, and come
//! from the writer's own client, so they may lie inside a character, overlap or
//! end beyond the text; `createdAt` is the writer's claim and `indexedAt` is when
//! Bluesky saw it; a link is shown shortened and stands whole in its facet alone.

use model::item::{Draft, Stated};
use model::{ItemKind, Markup, Timestamp};
use serde_json::Value;

use crate::answer::{cut, json, link, text, time};
use crate::{Parsed, Problem, SourceError};

/// A post has 300 characters; what is embedded and linked comes on top.
const LONGEST_TEXT: usize = 64 * 1024;
/// Links of one post that are written out.
const MOST_LINKS: usize = 64;

/// A page of a search.
#[derive(Debug, Default)]
pub struct Page {
    /// Its posts, oldest first, and what could not be read.
    pub parsed: Parsed<Draft>,
    /// Where the next page is.
    pub cursor: Option<String>,
    /// When Bluesky saw the newest.
    pub newest: Option<Timestamp>,
}

/// Reads a page.
///
/// # Errors
/// The document is no answer to a search.
pub fn parse(bytes: &[u8]) -> Result<Page, SourceError> {
    let answer = json(bytes, "Bluesky")?;
    let posts = answer
        .get("posts")
        .and_then(Value::as_array)
        .ok_or_else(|| {
            SourceError::Nonsense("Bluesky answered with data that is no search result".to_owned())
        })?;
    let mut page = Page {
        cursor: text(&answer, "/cursor")
            .filter(|cursor| cursor.len() <= 1024)
            .map(str::to_owned),
        ..Page::default()
    };
    for (index, post) in posts.iter().enumerate() {
        match read_post(post) {
            Ok(draft) => {
                page.newest = page.newest.max(time(post, "/indexedAt"));
                page.parsed.entries.push(draft);
            }
            Err(why) => page
                .parsed
                .problems
                .push(Problem::new(format!("post {}", index + 1), why)),
        }
    }
    page.parsed.entries.reverse();
    Ok(page)
}

/// A post as the search gives it.
pub(super) fn read_post(post: &Value) -> Result<Draft, &'static str> {
    let uri = text(post, "/uri")
        .filter(|uri| uri.starts_with("at://") && uri.len() <= 1024)
        .ok_or("it has no name")?;
    let mut parts = uri.trim_start_matches("at://").split('/');
    let (Some(did), Some("app.bsky.feed.post"), Some(key)) =
        (parts.next(), parts.next(), parts.next())
    else {
        return Err("it is no post");
    };
    if !is_plain(did) || !is_plain(key) {
        return Err("its name cannot stand in an address");
    }
    let record = post.get("record").ok_or("it has no record")?;
    let handle = text(post, "/author/handle")
        .filter(|handle| is_plain(handle) && *handle != "handle.invalid");
    let mut body = record
        .get("text")
        .and_then(Value::as_str)
        .map(|text| with_links(text, record))
        .unwrap_or_default();
    // What a link card says; its text is often all there is.
    let card = post
        .pointer("/record/embed/external")
        .or_else(|| post.pointer("/record/embed/media/external"));
    if let Some(card) = card
        && let Some(link) = link(card, "/uri")
        && !body.contains(link)
    {
        for line in [text(card, "/title").unwrap_or_default(), link] {
            body.push('\n');
            body.push_str(line);
        }
    }
    if body.trim().is_empty() {
        return Err("it has no text");
    }
    let (created, indexed) = (time(record, "/createdAt"), time(post, "/indexedAt"));
    Ok(Draft {
        external_id: uri.to_owned(),
        kind: ItemKind::Post,
        url: Some(format!(
            "https://bsky.app/profile/{}/post/{key}",
            handle.unwrap_or(did)
        )),
        title: String::new(),
        text: cut(body.trim(), LONGEST_TEXT).to_owned(),
        markup: Markup::Plain,
        author: Some(format!("@{}", handle.unwrap_or(did))),
        language: text(record, "/langs/0")
            .filter(|language| language.len() <= 35)
            .map(str::to_owned),
        published: match (created, indexed) {
            (Some(created), Some(indexed)) => Some(created.min(indexed)),
            (created, indexed) => created.or(indexed),
        },
        updated: None,
        stated: Stated::default(),
    })
}

/// A name that can stand in an address: a DID, a handle, a record's key.
fn is_plain(name: &str) -> bool {
    (1..=512).contains(&name.len())
        && name.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'~')
        })
}

/// The text with every link written whole: in place of what it was shortened to,
/// or behind the words that carry it.
fn with_links(text: &str, record: &Value) -> String {
    let mut links: Vec<(usize, usize, &str)> = record
        .get("facets")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .take(MOST_LINKS)
        .filter_map(|facet| {
            let at = |pointer: &str| usize::try_from(facet.pointer(pointer)?.as_u64()?).ok();
            let uri = facet
                .get("features")?
                .as_array()?
                .iter()
                .filter(|feature| {
                    self::text(feature, "/$type") == Some("app.bsky.richtext.facet#link")
                })
                .find_map(|feature| link(feature, "/uri"))?;
            Some((at("/index/byteStart")?, at("/index/byteEnd")?, uri))
        })
        .collect();
    links.sort_unstable();
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (start, end, uri) in links {
        // Gives nothing for places that overlap, lie beyond the text or inside a
        // character.
        let (Some(before), Some(shown)) = (text.get(from..start), text.get(start..end)) else {
            continue;
        };
        out.push_str(before);
        let stem = shown.trim_end_matches(['…', '.']);
        if stem.is_empty() || uri.contains(stem) {
            out.push_str(uri);
        } else {
            out.push_str(&format!("{shown} ({uri})"));
        }
        from = end;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}
