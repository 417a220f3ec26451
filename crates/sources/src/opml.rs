//! OPML: lists of feeds, as feed readers exchange them. <http://opml.org/spec2.opml>
//!
//! What readers write is well-formed; version 1.0 has `text` or `title` alone, and
//! some addresses are web pages. Lists written by hand have bare `&`, `feed:` before
//! the address, names in any case, and a quotation mark too few, after which an XML
//! parser loses all that follows: so a tag that begins another entry within its
//! quotation marks is given up, and reading goes on there.
//! Entities that a document declares itself are never looked at.

use std::collections::BTreeSet;

use quick_xml::Reader;
use quick_xml::escape::{escape, unescape};
use quick_xml::events::{BytesStart, Event};
use url::Url;

use crate::feed::charset;
use crate::{Parsed, Problem};

/// The longest list seen has 200 kB.
const LARGEST_DOCUMENT: usize = 8 * 1024 * 1024;
/// More feeds than this are not taken from one list.
const MOST_OUTLINES: usize = 10_000;
/// Folders inside folders; deeper ones count as the last of these.
const DEEPEST: usize = 16;
/// How many bytes are searched in vain for the ends of broken tags. One quotation
/// mark too few costs the whole rest of the document.
const MOST_REREAD: usize = 64 * 1024 * 1024;
/// Problems told one by one; more are told as a number.
const MOST_PROBLEMS: usize = 200;
/// Characters of a title or of a folder's name that are kept.
const LONGEST_TITLE: usize = 300;
/// The length of an address beyond which it is none.
const LONGEST_ADDRESS: usize = 2048;

/// One feed of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// Its title; its host if the list gives none.
    pub title: String,
    /// The feed's address: `http` or `https`.
    pub url: String,
    /// The address of the site that it is of.
    pub html_url: Option<String>,
    /// The folder that it stands in, folders inside folders as `News/India`.
    pub category: Option<String>,
}

/// The feeds of a list, in its order, each address once.
#[must_use]
pub fn import(bytes: &[u8]) -> Parsed<Outline> {
    let mut list = List::default();
    if bytes.len() > LARGEST_DOCUMENT {
        list.problem("document", "has more than 8 MiB; no list of feeds has");
    } else {
        list.read(&charset::decode(bytes, None));
    }
    list.finish()
}

/// A list of feeds as OPML 2.0, those of one category in one folder.
#[must_use]
pub fn export(title: &str, outlines: &[Outline]) -> String {
    let mut sorted: Vec<(Vec<&str>, &Outline)> = outlines
        .iter()
        .map(|outline| (folders_of(outline.category.as_deref()), outline))
        .collect();
    // Stable: within a folder they stay in the order they were given.
    sorted.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut out =
        String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<opml version=\"2.0\">\n");
    out.push_str("  <head>\n    <title>");
    out.push_str(&escaped(title));
    out.push_str("</title>\n  </head>\n  <body>\n");
    let mut open: Vec<&str> = Vec::new();
    for (folders, outline) in &sorted {
        let common = open
            .iter()
            .zip(folders)
            .take_while(|(one, other)| one == other)
            .count();
        close(&mut out, &mut open, common);
        for folder in folders.iter().skip(common) {
            indent(&mut out, open.len());
            let name = escaped(folder);
            out.push_str(&format!("<outline text=\"{name}\" title=\"{name}\">\n"));
            open.push(folder);
        }
        indent(&mut out, open.len());
        let name = escaped(&outline.title);
        out.push_str(&format!(
            "<outline type=\"rss\" text=\"{name}\" title=\"{name}\" xmlUrl=\"{}\"",
            escaped(&outline.url)
        ));
        if let Some(html_url) = &outline.html_url {
            out.push_str(&format!(" htmlUrl=\"{}\"", escaped(html_url)));
        }
        out.push_str("/>\n");
    }
    close(&mut out, &mut open, 0);
    out.push_str("  </body>\n</opml>\n");
    out
}

/// Closes folders until `left` are open.
fn close(out: &mut String, open: &mut Vec<&str>, left: usize) {
    while open.len() > left {
        open.pop();
        indent(out, open.len());
        out.push_str("</outline>\n");
    }
}

fn indent(out: &mut String, depth: usize) {
    for _ in 0..depth + 2 {
        out.push_str("  ");
    }
}

/// `text` as XML may hold it, between quotation marks, too.
fn escaped(text: &str) -> String {
    let clean: String = text
        .chars()
        .map(|c| if is_xml(c) { c } else { ' ' })
        .collect();
    escape(clean.as_str()).into_owned()
}

/// Whether XML 1.0 may hold it in a line.
fn is_xml(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{FFFE}' | '\u{FFFF}')
}

/// The names in `News/India`.
fn folders_of(category: Option<&str>) -> Vec<&str> {
    category
        .unwrap_or_default()
        .split('/')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .take(DEEPEST)
        .collect()
}

/// A list that is being read.
#[derive(Default)]
struct List {
    outlines: Vec<Outline>,
    seen: BTreeSet<String>,
    problems: Vec<Problem>,
    /// Problems found after the list of them was full.
    more_problems: usize,
    /// The elements `outline` that are open; a folder has a name.
    open: Vec<Option<String>>,
    /// Open ones beyond [`DEEPEST`].
    deeper: usize,
    /// Elements `outline` so far, for people to find a place.
    count: usize,
    is_opml: bool,
}

/// A tag that could not be read.
struct Broken {
    /// Where it begins.
    start: usize,
    /// Where the search for its end stopped.
    searched: usize,
}

impl List {
    fn read(&mut self, text: &str) {
        let (mut rest, mut reread) = (text, 0);
        while let Some(broken) = self.stretch(rest) {
            reread += broken.searched.saturating_sub(broken.start);
            let Some(next) = next_outline(rest, broken.start) else {
                return;
            };
            if reread > MOST_REREAD {
                self.problem(
                    "document",
                    "has too many broken entries; the rest is left out",
                );
                return;
            }
            rest = next;
        }
    }

    /// Reads until the end or the next tag that cannot be read.
    fn stretch(&mut self, text: &str) -> Option<Broken> {
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.allow_dangling_amp = true;
        loop {
            let start = position(reader.buffer_position());
            let event = match reader.read_event() {
                Ok(event) => event,
                Err(error) => {
                    self.count += usize::from(self.is_opml);
                    let place = self.place();
                    self.problem(&place, &format!("cannot be read: {error}"));
                    return Some(Broken {
                        start,
                        searched: text.len(),
                    });
                }
            };
            let (tag, empty) = match event {
                Event::Start(tag) => (tag, false),
                Event::Empty(tag) => (tag, true),
                Event::End(tag) => {
                    if is(tag.name().0, "outline") {
                        self.leave();
                    }
                    continue;
                }
                Event::Eof => return None,
                _ => continue,
            };
            if is(tag.name().0, "opml") {
                self.is_opml = true;
            } else if self.is_opml && is(tag.name().0, "outline") {
                self.count += 1;
                if tag.attributes_raw().contains("<outline") {
                    let place = self.place();
                    self.problem(&place, "has a quotation mark too few or too many");
                    return Some(Broken {
                        start,
                        searched: position(reader.buffer_position()),
                    });
                }
                if self.outlines.len() >= MOST_OUTLINES {
                    self.problem(
                        "document",
                        "has more than 10,000 feeds; the rest is left out",
                    );
                    return None;
                }
                self.outline(&tag, empty);
            }
        }
    }

    fn outline(&mut self, tag: &BytesStart<'_>, empty: bool) {
        let found = Attributes::of(tag);
        let title = found.title.clone();
        let is_feed = match self.feed(found) {
            Ok(None) => false,
            Ok(Some(outline)) => {
                if self.seen.insert(outline.url.clone()) {
                    self.outlines.push(outline);
                }
                true
            }
            Err(why) => {
                let place = self.place();
                self.problem(&place, &why);
                true
            }
        };
        if empty {
            return;
        }
        if self.open.len() < DEEPEST {
            self.open.push(title.filter(|_| !is_feed));
        } else {
            self.deeper += 1;
        }
    }

    fn leave(&mut self) {
        if self.deeper > 0 {
            self.deeper -= 1;
        } else {
            self.open.pop();
        }
    }

    /// The feed that an element names, if it names one.
    fn feed(&self, found: Attributes) -> Result<Option<Outline>, String> {
        let kind = found
            .kind
            .as_deref()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let says_feed = matches!(kind.as_str(), "rss" | "atom" | "rdf" | "feed" | "json");
        let given = match (found.xml_url, found.url) {
            (Some(url), _) => url,
            (None, Some(url)) if says_feed => url,
            (None, Some(_)) if kind == "include" => {
                return Err("leads to another list; import that one by itself".to_owned());
            }
            (None, _) if says_feed => return Err("names no address".to_owned()),
            (None, _) => return Ok(None),
        };
        let url = address(&given)?;
        let folders: Vec<&str> = self.open.iter().flatten().map(String::as_str).collect();
        let category = if folders.is_empty() {
            let first = found
                .category
                .as_deref()
                .and_then(|list| list.split(',').next());
            folders_of(first).join("/")
        } else {
            folders_of(Some(&folders.join("/"))).join("/")
        };
        Ok(Some(Outline {
            title: found
                .title
                .or_else(|| url.host_str().map(str::to_owned))
                .unwrap_or_default(),
            url: url.into(),
            html_url: found
                .html_url
                .and_then(|given| address(&given).ok())
                .map(String::from),
            category: Some(category).filter(|category| !category.is_empty()),
        }))
    }

    fn place(&self) -> String {
        format!("outline {}", self.count)
    }

    fn problem(&mut self, place: &str, reason: &str) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(Problem::new(place, reason));
        } else {
            self.more_problems += 1;
        }
    }

    fn finish(mut self) -> Parsed<Outline> {
        if !self.is_opml
            && self
                .problems
                .iter()
                .all(|problem| problem.place != "document")
        {
            self.problems
                .insert(0, Problem::new("document", "is no OPML"));
        }
        if self.more_problems > 0 {
            self.problems.push(Problem::new(
                "document",
                format!("{} more problems", self.more_problems),
            ));
        }
        Parsed {
            entries: self.outlines,
            problems: self.problems,
        }
    }
}

/// What an element says of itself, resolved; empty values are absent.
#[derive(Default)]
struct Attributes {
    title: Option<String>,
    kind: Option<String>,
    xml_url: Option<String>,
    url: Option<String>,
    html_url: Option<String>,
    category: Option<String>,
}

impl Attributes {
    fn of(tag: &BytesStart<'_>) -> Self {
        let mut found = Self::default();
        let mut text = None;
        // What cannot be read ends the attributes; what stood before it counts.
        for attribute in tag.html_attributes().with_checks(false).flatten() {
            let name = attribute.key.0.to_ascii_lowercase();
            let field = match name.as_str() {
                "title" => &mut found.title,
                "text" => &mut text,
                "type" => &mut found.kind,
                "xmlurl" => &mut found.xml_url,
                "url" => &mut found.url,
                "htmlurl" => &mut found.html_url,
                "category" => &mut found.category,
                _ => continue,
            };
            let value = resolved(&attribute.value);
            let words: Vec<&str> = value
                .split(|c: char| c.is_whitespace() || !is_xml(c))
                .filter(|word| !word.is_empty())
                .collect();
            if field.is_none() && !words.is_empty() {
                *field = Some(words.join(" "));
            }
        }
        found.title = found.title.or(text).map(|title| {
            title
                .chars()
                .take(LONGEST_TITLE)
                .collect::<String>()
                .trim_end()
                .to_owned()
        });
        found
    }
}

/// An address that a feed can be read from.
fn address(given: &str) -> Result<Url, String> {
    if given.len() > LONGEST_ADDRESS {
        return Err("has an address of more than 2,048 characters".to_owned());
    }
    // `feed:https://…` and `feed://…`, of readers that registered the scheme.
    let plain = match given.strip_prefix("feed:") {
        Some(rest) if rest.starts_with("//") => format!("https:{rest}"),
        Some(rest) => rest.to_owned(),
        None => given.to_owned(),
    };
    Url::parse(&plain)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| {
            let shown: String = given.chars().take(80).collect();
            format!("`{shown}` is no address of a feed")
        })
}

/// `value` with its references replaced; what is none stays as it stands.
fn resolved(value: &str) -> String {
    let mut pieces = value.split('&');
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let reference = piece
            .bytes()
            .take(32)
            .position(|byte| byte == b';')
            .and_then(|end| piece.split_at_checked(end + 1));
        let text = reference.and_then(|(name, _)| unescape_one(name));
        match (text, reference) {
            (Some(text), Some((_, rest))) => {
                out.push_str(&text);
                out.push_str(rest);
            }
            _ => {
                out.push('&');
                out.push_str(piece);
            }
        }
    }
    out
}

/// The text of `name;`, if XML or HTML knows it.
fn unescape_one(name: &str) -> Option<String> {
    let reference = format!("&{name}");
    unescape(&reference).ok().map(std::borrow::Cow::into_owned)
}

fn is(name: &str, wanted: &str) -> bool {
    name.eq_ignore_ascii_case(wanted)
}

fn position(at: u64) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

/// `text` from the first entry after the one at `start` on.
fn next_outline(text: &str, start: usize) -> Option<&str> {
    let rest = text.get(start..)?;
    let found = memchr::memmem::find(rest.as_bytes().get(1..)?, b"<outline")?;
    rest.get(found + 1..)
}
