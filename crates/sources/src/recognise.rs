//! What kind of source an address or a document is of, told by looking at it.
//!
//! Documents are told apart by what only they hold, never by their name: an
//! advisory of CSAF has `vulnerabilities` as a page of NVD has, a bundle of STIX
//! has `objects`, and half the world answers with `items`. Networks are told by the
//! address where their pages for people hold nothing for us.

use scraper::Html;
use serde_json::Value;
use url::Url;

use crate::feed::address::Base;
use crate::file::contents::Format;
use crate::{answer, feed, html};

/// Feeds of one page that are named.
const MOST_FEEDS: usize = 20;
/// How much of a document that is no JSON is searched for words.
const HEAD: usize = 256 * 1024;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recognised {
    /// A document, or an address, of a kind.
    Kind(Kind),
    /// A web page that names feeds, in its order.
    Feeds(Vec<Link>),
    /// A web page that names none.
    Page,
    /// JSON that no kind of ours gives.
    Json,
    /// Nothing that we know.
    Unknown,
}

/// A kind of source, and what it needs to read what was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    /// The kind.
    pub kind: &'static str,
    /// Settings in place of the address that was given.
    pub settings: Vec<(&'static str, Setting)>,
}

/// A setting that was told from an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    /// One text.
    Text(String),
    /// A list of one text.
    List(String),
}

/// A feed that a page names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its address.
    pub url: String,
    /// What the page calls it.
    pub title: Option<String>,
}

/// What an address alone tells: a Telegram channel, a subreddit, a TAXII server.
#[must_use]
pub fn by_address(url: &str) -> Option<Kind> {
    let url = Url::parse(url).ok()?;
    let host = url.host_str()?.trim_start_matches("www.");
    let parts: Vec<&str> = url
        .path_segments()?
        .filter(|part| !part.is_empty())
        .collect();
    let kind = |kind, settings| Some(Kind { kind, settings });
    match (host, parts.as_slice()) {
        ("t.me" | "telegram.me", ["s", channel] | [channel]) if is_word(channel) => kind(
            "telegram_channel",
            vec![("channel", Setting::Text((*channel).to_owned()))],
        ),
        ("reddit.com" | "old.reddit.com" | "new.reddit.com", ["r", name]) if is_word(name) => kind(
            "reddit",
            vec![("subreddits", Setting::List((*name).to_owned()))],
        ),
        // They answer only to who asks for TAXII.
        (_, [.., "taxii2"]) => kind("taxii", Vec::new()),
        _ => None,
    }
}

fn is_word(text: &str) -> bool {
    (1..=100).contains(&text.len())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

/// What a document that came from `url` is.
#[must_use]
pub fn by_document(bytes: &[u8], content_type: Option<&str>, url: &str) -> Recognised {
    let kind = |kind| {
        Recognised::Kind(Kind {
            kind,
            settings: Vec::new(),
        })
    };
    let start = bytes
        .strip_prefix(b"\xEF\xBB\xBF")
        .unwrap_or(bytes)
        .trim_ascii_start();
    if matches!(start.first(), Some(b'{' | b'[')) {
        // What stands behind the document, as it does in some advisories, is no reason
        // not to know it; a second document is, for then it is one of many.
        let mut documents = serde_json::Deserializer::from_slice(start).into_iter::<Value>();
        if let Some(Ok(document)) = documents.next() {
            let rest = start.get(documents.byte_offset()..).unwrap_or_default();
            if rest.trim_ascii_start().starts_with(b"{") {
                return kind("file");
            }
            return match (of_json(&document), folder_of(url)) {
                // The source reads the folder, of which this is the list.
                (Some("misp_feed"), Some(folder)) => Recognised::Kind(Kind {
                    kind: "misp_feed",
                    settings: vec![("url", Setting::Text(folder))],
                }),
                (Some(found), _) => kind(found),
                (None, _) => Recognised::Json,
            };
        }
        return match Format::of(start) {
            Format::JsonLines | Format::JsonArray => kind("file"),
            format => kind(format.kind()),
        };
    }
    let head = String::from_utf8_lossy(start.get(..HEAD).unwrap_or(start));
    if is_epss(bytes, &head) {
        return kind("epss");
    }
    if let Some(found) = of_page(&head) {
        return Recognised::Kind(found);
    }
    if feed::parse(bytes, content_type, url).is_ok() {
        return kind("feed");
    }
    let lower = head.to_ascii_lowercase();
    if ["<!doctype html", "<html", "<head", "<body"]
        .iter()
        .any(|mark| lower.contains(mark))
    {
        let feeds = feeds_of(&html::decode(bytes, content_type), url);
        return match feeds.as_slice() {
            [] => Recognised::Page,
            _ => Recognised::Feeds(feeds),
        };
    }
    Recognised::Unknown
}

/// The kind that gives such JSON.
fn of_json(document: &Value) -> Option<&'static str> {
    let has = |value: &Value, key: &str| value.get(key).is_some();
    let first = |value: &Value, pointer: &str| value.pointer(pointer)?.as_array()?.first().cloned();
    if let Some(list) = document.as_array() {
        return of_entry(list.first()?);
    }
    let text = |pointer: &str| answer::text(document, pointer);
    if has(document, "ghsa_id") || has(document, "ghsaId") {
        // Before NVD: an advisory lists its `vulnerabilities`, too.
        Some("ghsa")
    } else if has(document, "catalogVersion") && has(document, "vulnerabilities") {
        Some("cisa_kev")
    } else if document.pointer("/document/csaf_version").is_some()
        || (has(document, "canonical_url") && has(document, "publisher"))
        || (document.pointer("/feed/entry").is_some() && document.pointer("/feed/id").is_some())
    {
        Some("csaf")
    } else if has(document, "Event")
        || document.pointer("/response/0/Event").is_some()
        || is_manifest(document)
    {
        Some("misp_feed")
    } else if has(document, "api_roots")
        || (has(document, "versions") && has(document, "max_content_length"))
        || text("/type") == Some("bundle")
        || first(document, "/objects")
            .is_some_and(|object| has(&object, "type") && has(&object, "id"))
    {
        Some("taxii")
    } else if text("/kind") == Some("Listing") {
        Some("reddit")
    } else if first(document, "/posts")
        .is_some_and(|post| answer::text(&post, "/uri").is_some_and(|uri| uri.starts_with("at://")))
    {
        Some("bluesky")
    } else if first(document, "/articles").is_some_and(|article| has(&article, "seendate")) {
        Some("gdelt")
    } else if document.pointer("/meta/result_count").is_some()
        || first(document, "/data").is_some_and(|post| has(&post, "edit_history_tweet_ids"))
    {
        Some("x")
    } else if first(document, "/victims").is_some() {
        Some("ransomware_live")
    } else if [
        "totalResults",
        "vulnerabilities",
        "cve_items",
        "sourceIdentifier",
        "CVE_Items",
    ]
    .iter()
    .any(|key| has(document, key))
        || text("/cve/id").is_some()
    {
        Some("nvd")
    } else if text("/version").is_some_and(|version| version.contains("jsonfeed.org"))
        || (has(document, "items") && has(document, "title"))
    {
        Some("feed")
    } else {
        of_entry(document)
    }
}

/// The kind whose lists have such an entry.
fn of_entry(entry: &Value) -> Option<&'static str> {
    let has = |key: &str| entry.get(key).is_some();
    if has("cveMetadata") {
        Some("cve_list")
    } else if has("ghsa_id") || has("ghsaId") {
        Some("ghsa")
    } else if has("BreachDate") || has("PwnCount") {
        Some("hibp")
    } else if (has("group_name") || has("group")) && (has("post_title") || has("victim")) {
        Some("ransomware_live")
    } else if has("account") && has("content") && has("uri") {
        Some("mastodon")
    } else if has("id") && (has("affected") || (has("modified") && has("schema_version"))) {
        Some("osv")
    } else if answer::text(entry, "/title").is_some()
        && (has("text") || has("description") || has("published") || has("url"))
    {
        Some("file")
    } else {
        None
    }
}

/// A map from UUIDs to events.
fn is_manifest(document: &Value) -> bool {
    let Some(events) = document.as_object() else {
        return false;
    };
    !events.is_empty()
        && events.iter().take(3).all(|(name, event)| {
            name.len() == 36 && event.get("timestamp").is_some() && event.get("info").is_some()
        })
}

fn folder_of(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    url.path()
        .ends_with("manifest.json")
        .then(|| url.join(".").ok())
        .flatten()
        .map(Into::into)
}

/// A table of scores, packed or not.
fn is_epss(bytes: &[u8], head: &str) -> bool {
    use std::io::Read as _;
    let begins = |text: &str| {
        text.starts_with("#model_version") || text.to_ascii_lowercase().starts_with("cve,epss")
    };
    if !bytes.starts_with(b"\x1f\x8b") {
        return begins(head);
    }
    let mut start = Vec::new();
    let read = flate2::read::MultiGzDecoder::new(bytes)
        .take(256)
        .read_to_end(&mut start);
    read.is_ok() && begins(&String::from_utf8_lossy(&start))
}

/// A page of a site that we know, in whatever dress.
fn of_page(head: &str) -> Option<Kind> {
    let of = |kind| {
        Some(Kind {
            kind,
            settings: Vec::new(),
        })
    };
    if head.contains("tgme_widget_message") || head.contains("tgme_channel_info") {
        let channel = head
            .split("data-post=\"")
            .nth(1)
            .and_then(|rest| rest.split('/').next())
            .filter(|name| is_word(name))?;
        return Some(Kind {
            kind: "telegram_channel",
            settings: vec![("channel", Setting::Text(channel.to_owned()))],
        });
    }
    if head.contains("VLCODE=CI")
        || (head.contains("Original Issue Date") && head.contains("Software Affected"))
    {
        return of("cert_in");
    }
    if head.contains("OWASP Top 10") && head.contains("<article") {
        return of("owasp_top10");
    }
    None
}

/// The feeds that a page names: `<link rel="alternate" type="application/rss+xml">`.
fn feeds_of(text: &str, url: &str) -> Vec<Link> {
    let Ok(page) = html::read(text) else {
        return Vec::new();
    };
    let Ok(links) = html::selector("link[rel][href]") else {
        return Vec::new();
    };
    let base = Base::new(&base_of(&page, url));
    let mut feeds: Vec<Link> = Vec::new();
    for link in page.select(&links) {
        let is = |name: &str, wanted: &[&str]| {
            link.attr(name).is_some_and(|value| {
                let value = value.to_ascii_lowercase();
                let value = value.split(';').next().unwrap_or_default();
                value
                    .split_ascii_whitespace()
                    .any(|word| wanted.contains(&word))
            })
        };
        let is_feed = is("rel", &["alternate"])
            && is(
                "type",
                &[
                    "application/rss+xml",
                    "application/atom+xml",
                    "application/rdf+xml",
                    "application/feed+json",
                ],
            );
        let Some(address) = link
            .attr("href")
            .filter(|_| is_feed)
            .and_then(|href| base.resolve(href))
            .filter(|address| answer::is_web(address))
        else {
            continue;
        };
        if feeds.len() < MOST_FEEDS && !feeds.iter().any(|known| known.url == address) {
            feeds.push(Link {
                url: address,
                title: link.attr("title").map(answer::one_line),
            });
        }
    }
    // Feeds of comments stand beside the feed of the site, and sometimes before it.
    feeds.sort_by_key(|feed| {
        let name = format!("{} {}", feed.url, feed.title.as_deref().unwrap_or_default());
        name.to_ascii_lowercase().contains("comment")
    });
    feeds
}

fn base_of(page: &Html, url: &str) -> String {
    let href = html::selector("base[href]")
        .ok()
        .and_then(|bases| page.select(&bases).next()?.attr("href").map(str::to_owned));
    href.and_then(|href| Base::new(url).resolve(&href))
        .unwrap_or_else(|| url.to_owned())
}
