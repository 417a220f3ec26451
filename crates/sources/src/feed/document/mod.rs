//! Feeds in XML: RSS 0.9 to 2.0, RSS 1.0 (RDF), Atom 0.3 and 1.0.
//!
//! One pass over the tokens. Records (`item`, `entry`) are found wherever they
//! stand, because RSS 1.0 keeps them beside the channel; fields are read whole
//! when their start tag comes, and what is unknown is passed over with all it
//! holds. There is no recursion and no stack, so depth costs nothing.

mod fields;

use std::borrow::Cow;

use model::item::Draft;

use super::address::Base;
use super::entry::{Entry, Place, Surroundings};
use super::names::{Prefixes, Vocabulary, ends_record, local};
use super::xml::{Scanner, Token, attribute};
use super::{FeedDocument, FeedKind, MOST_ENTRIES, NotAFeed, Problems};
use fields::{Field, lower};

/// Tags before the root that are looked at: a PHP warning holds some five.
const MOST_TAGS_BEFORE_ROOT: usize = 64;

/// Reads a feed in XML.
pub(super) fn read(text: &str, base_url: &str) -> Result<FeedDocument, NotAFeed> {
    let mut scanner = Scanner::new(text);
    let (root, attributes, empty) = find_root(&mut scanner, text)?;
    let kind = match local(root).to_ascii_lowercase().as_str() {
        "rdf" => FeedKind::Rdf,
        "feed" | "entry" => FeedKind::Atom,
        _ => FeedKind::Rss,
    };
    let mut reader = Reader {
        scanner,
        kind,
        prefixes: Prefixes::default(),
        title: None,
        document: Base::new(base_url),
        own_base: None,
        home: Base::default(),
        author: None,
        language: attribute(attributes, "xml:lang").map(Cow::into_owned),
        entry: None,
        begun: 0,
        drafts: Vec::new(),
        problems: Problems::default(),
    };
    reader.prefixes.vocabulary(root, attributes);
    if let Some(base) = attribute(attributes, "xml:base") {
        reader.own_base = Some(reader.document.within(&base));
    }
    if matches!(local(root), "entry" | "item") {
        // A document may be one single entry.
        reader.begin(attributes);
    }
    let whole = empty || reader.read_to_end(root);
    reader.end(root, whole);
    Ok(FeedDocument {
        title: reader.title,
        kind,
        parsed: reader.problems.with(reader.drafts),
    })
}

/// The root of a feed, after whatever stands before it.
fn find_root<'a>(
    scanner: &mut Scanner<'a>,
    text: &str,
) -> Result<(&'a str, &'a str, bool), NotAFeed> {
    let mut first = None;
    for token in scanner.by_ref().take(4 * MOST_TAGS_BEFORE_ROOT) {
        let Token::Start {
            name,
            attributes,
            empty,
        } = token
        else {
            continue;
        };
        match local(name).to_ascii_lowercase().as_str() {
            "rss" | "rdf" | "feed" | "channel" | "item" | "entry" => {
                return Ok((name, attributes, empty));
            }
            "html" => return Err(NotAFeed::WebPage),
            "head" | "body" | "title" | "meta" | "script" if first.is_none() => {
                return Err(NotAFeed::WebPage);
            }
            _ => {
                first.get_or_insert(name);
            }
        }
    }
    let head = text.trim_start().get(..14).unwrap_or_default();
    match first {
        _ if head.eq_ignore_ascii_case("<!doctype html") => Err(NotAFeed::WebPage),
        Some(name) => Err(NotAFeed::OtherXml(name.chars().take(40).collect())),
        None => Err(NotAFeed::Other(text.trim().chars().take(40).collect())),
    }
}

struct Reader<'a> {
    scanner: Scanner<'a>,
    kind: FeedKind,
    prefixes: Prefixes<'a>,
    title: Option<String>,
    /// Where the document came from.
    document: Base,
    /// Its `xml:base`.
    own_base: Option<Base>,
    /// The page the feed belongs to.
    home: Base,
    author: Option<String>,
    language: Option<String>,
    entry: Option<Entry<'a>>,
    /// Entries begun so far.
    begun: usize,
    drafts: Vec<Draft>,
    problems: Problems,
}

impl<'a> Reader<'a> {
    /// Reads all tokens; whether the root's end tag came.
    fn read_to_end(&mut self, root: &str) -> bool {
        while let Some(token) = self.scanner.next() {
            match token {
                Token::Start {
                    name,
                    attributes,
                    empty,
                } => {
                    let vocabulary = self.prefixes.vocabulary(name, attributes);
                    if ends_record(name) && vocabulary == Vocabulary::Core {
                        if matches!(local(name).to_ascii_lowercase().as_str(), "item" | "entry") {
                            self.finish();
                            if self.begun >= MOST_ENTRIES {
                                self.problems.add(
                                    "document",
                                    format!("it holds more than {MOST_ENTRIES} entries"),
                                );
                                return true;
                            }
                            self.begin(attributes);
                        } else if let Some(base) = attribute(attributes, "xml:base") {
                            self.own_base = Some(
                                self.own_base
                                    .as_ref()
                                    .unwrap_or(&self.document)
                                    .within(&base),
                            );
                        }
                        continue;
                    }
                    let mut buffer = [0; 16];
                    let word = lower(local(name), &mut buffer);
                    let field = Field {
                        name,
                        word,
                        attributes,
                        empty,
                        vocabulary,
                    };
                    match self.entry.take() {
                        Some(mut entry) => {
                            self.entry_field(&mut entry, field);
                            self.entry = Some(entry);
                        }
                        None => self.feed_field(field),
                    }
                }
                Token::End { name } if ends_record(name) => {
                    self.finish();
                    if name.eq_ignore_ascii_case(root) {
                        return true;
                    }
                }
                Token::End { .. } | Token::Text(_) | Token::Data(_) => {}
            }
        }
        false
    }

    fn begin(&mut self, attributes: &'a str) {
        self.begun += 1;
        let mut entry = Entry::default();
        if let Some(base) = attribute(attributes, "xml:base") {
            entry.base = Some(self.base().within(&base));
        }
        entry.language = attribute(attributes, "xml:lang");
        if let Some(about) = attribute(attributes, "rdf:about") {
            entry.link(3, about.clone());
            entry.id(2, about);
        }
        self.entry = Some(entry);
    }

    fn finish(&mut self) {
        let Some(entry) = self.entry.take() else {
            return;
        };
        let around = Surroundings {
            base: self.base().clone(),
            author: self.author.clone().filter(|_| self.kind == FeedKind::Atom),
            language: self.language.clone(),
        };
        self.drafts
            .extend(entry.finish(Place::Entry(self.begun), &around, self.problems.room()));
    }

    /// What addresses are relative to: RFC 3986 says the document for Atom;
    /// readers take the home page for RSS, which says nothing.
    fn base(&self) -> &Base {
        let (first, second) = match self.kind {
            FeedKind::Atom => (&self.document, &self.home),
            _ => (&self.home, &self.document),
        };
        self.own_base
            .as_ref()
            .unwrap_or(if first.is_unknown() { second } else { first })
    }

    fn end(&mut self, root: &str, whole: bool) {
        if whole {
            self.finish();
        } else if let Some(entry) = self.entry.take() {
            self.problems
                .add(Place::Entry(self.begun), "the document ends inside it");
            if entry.is_telling() {
                self.entry = Some(entry);
                self.finish();
            }
        } else {
            let root: String = root.chars().take(40).collect();
            self.problems
                .add("document", format!("it ends before `</{root}>`"));
        }
    }
}
