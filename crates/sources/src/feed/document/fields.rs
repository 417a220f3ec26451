//! The fields of a feed and of its entries: which element says what, and how much
//! it is worth.

use std::borrow::Cow;

use model::Markup;

use super::Reader;
use crate::feed::address::Base;
use crate::feed::entry::{Entry, Place, Surroundings};
use crate::feed::markup;
use crate::feed::names::{Vocabulary, ends_record, local};
use crate::feed::xml::{Inner, Scanner, Token, attribute, attributes, trimmed};

/// A start tag and what it means.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'n, 'a> {
    pub(super) name: &'a str,
    /// Its name without the prefix, in lower case.
    pub(super) word: &'n [u8],
    pub(super) attributes: &'a str,
    pub(super) empty: bool,
    pub(super) vocabulary: Vocabulary,
}

impl<'a> Reader<'a> {
    /// The inside of a field whose start tag was just read.
    fn inner(&mut self, field: Field<'_, 'a>) -> Inner<'a> {
        if field.empty {
            Inner::default()
        } else {
            self.scanner.inner(field.name, ends_record)
        }
    }

    fn skip(&mut self, field: Field<'_, 'a>) {
        if !field.empty {
            self.scanner.pass(field.name, ends_record);
        }
    }

    /// A field of the feed itself.
    pub(super) fn feed_field(&mut self, field: Field<'_, 'a>) {
        match (field.vocabulary, field.word) {
            (Vocabulary::Core, b"title") => {
                let title = markup::plain_title(&self.inner(field).text());
                if self.title.is_none() && !title.is_empty() {
                    self.title = Some(title);
                }
            }
            (Vocabulary::Core, b"link") => self.feed_link(field),
            (Vocabulary::Core, b"author") => {
                let inner = self.inner(field);
                let mut entry = Entry::default();
                offer_authors(&mut entry, 3, inner);
                if let Some(draft) = named(entry) {
                    self.author.get_or_insert(draft);
                }
            }
            (Vocabulary::Core | Vocabulary::DublinCore, b"language") => {
                let language = trimmed(self.inner(field).text());
                if !language.is_empty() && language.len() <= 35 {
                    self.language = Some(language.into_owned());
                }
            }
            // They have a title and a link of their own.
            (Vocabulary::Core, b"image" | b"textinput" | b"source" | b"cloud")
            | (Vocabulary::Other | Vocabulary::Itunes | Vocabulary::Media, _) => {
                self.skip(field);
            }
            _ => {}
        }
    }

    fn feed_link(&mut self, field: Field<'_, 'a>) {
        let mut link = None;
        if let Some(href) = attribute(field.attributes, "href") {
            match attribute(field.attributes, "rel").as_deref() {
                None | Some("alternate") => link = Some(href),
                // Of a document without an address of its own.
                Some("self") if self.document.is_unknown() => self.document = Base::new(&href),
                _ => {}
            }
        } else {
            link = Some(self.inner(field).text());
        }
        if let Some(link) = link
            && self.home.is_unknown()
        {
            self.home = Base::new(&link);
        }
    }

    /// A field of an entry.
    pub(super) fn entry_field(&mut self, entry: &mut Entry<'a>, field: Field<'_, 'a>) {
        use Vocabulary::{Content, Core, DublinCore, Itunes, Media, Other};
        match (field.vocabulary, field.word) {
            (Core, b"title") => entry.title(3, self.inner(field).text()),
            (DublinCore | Itunes, b"title") => entry.title(2, self.inner(field).text()),
            (Media, b"title") => entry.title(1, self.inner(field).text()),

            (Core, b"link") => self.entry_link(entry, field),
            (_, b"origlink") => entry.link(9, self.inner(field).text()),
            (Core, b"enclosure") => {
                if let Some(url) = attribute(field.attributes, "url") {
                    entry.link(1, url);
                }
            }
            (Core, b"guid") => {
                let permalink = attribute(field.attributes, "isPermaLink")
                    .map(|says| says.eq_ignore_ascii_case("true"));
                entry.guid(self.inner(field).text(), permalink);
            }
            (Core, b"id") => entry.guid(self.inner(field).text(), None),
            (DublinCore, b"identifier") => entry.id(1, self.inner(field).text()),

            (Core, b"pubdate" | b"published" | b"issued") => {
                entry.published(3, self.inner(field).text())
            }
            (DublinCore | Core, b"date") | (DublinCore, b"issued") => {
                entry.published(2, self.inner(field).text())
            }
            (DublinCore | Core, b"created") => entry.published(1, self.inner(field).text()),
            (Core, b"updated" | b"modified") => entry.updated(3, self.inner(field).text()),
            (DublinCore, b"modified") => entry.updated(2, self.inner(field).text()),

            (Core, b"description") | (Content, b"encoded") | (_, b"body") => {
                entry.text(3, self.inner(field).text(), Markup::Html)
            }
            (Core, b"content" | b"summary") => self.entry_text(entry, field),
            (Media | Itunes | DublinCore, b"description" | b"summary" | b"text" | b"abstract") => {
                entry.text_of_some_kind(2, self.inner(field).text());
            }
            (Itunes, b"subtitle") => entry.text_of_some_kind(1, self.inner(field).text()),

            (Core, b"author" | b"creator") | (DublinCore, b"creator") => {
                offer_authors(entry, 4, self.inner(field))
            }
            (Itunes, b"author") => entry.author(3, &self.inner(field).text()),
            (Core, b"source") => {
                // The feed an entry was taken from, or only its name.
                let inner = self.inner(field);
                if inner.has_elements() {
                    offer_authors(entry, 2, inner);
                }
            }
            (DublinCore, b"language") => {
                entry.language = Some(trimmed(self.inner(field).text()))
                    .filter(|language| !language.is_empty() && language.len() <= 35);
            }
            // What they hold counts as the entry's own.
            (Media, b"group" | b"content") => {}
            (Core | Content | DublinCore | Media | Itunes | Other, _) => self.skip(field),
        }
    }

    /// RSS writes an address inside `link`, Atom in its `href`.
    fn entry_link(&mut self, entry: &mut Entry<'a>, field: Field<'_, 'a>) {
        let (mut href, mut rel, mut html, mut base) = (None, None, true, None);
        for (name, value) in attributes(field.attributes) {
            match name {
                "href" => href = Some(value),
                "rel" => rel = Some(value),
                "type" => html = value.contains("html"),
                "xml:base" => base = Some(value),
                _ => {}
            }
        }
        let Some(mut href) = href else {
            return entry.link(8, self.inner(field).text());
        };
        if let Some(base) = base
            && let Some(whole) = entry
                .base
                .as_ref()
                .unwrap_or(self.base())
                .within(&base)
                .resolve(&href)
        {
            href = Cow::Owned(whole);
        }
        let rank = match rel.as_deref().map(str::trim) {
            None
            | Some("" | "alternate" | "http://www.iana.org/assignments/relation/alternate") => {
                if html {
                    8
                } else {
                    6
                }
            }
            Some("related" | "via") => 4,
            Some("self") => 3,
            Some("enclosure") => 1,
            _ => return,
        };
        entry.link(rank, href);
    }

    /// Atom's texts say what they are.
    fn entry_text(&mut self, entry: &mut Entry<'a>, field: Field<'_, 'a>) {
        let (mut kind, mut encoded) = (None, false);
        for (name, value) in attributes(field.attributes) {
            match name {
                "type" => kind = Some(value.trim().to_ascii_lowercase()),
                "mode" => encoded = value.eq_ignore_ascii_case("base64"),
                // The text is elsewhere, and there is also a place to read it.
                "src" => entry.link(2, value),
                _ => {}
            }
        }
        let inner = self.inner(field);
        match kind.as_deref() {
            _ if encoded => {}
            Some("xhtml" | "html" | "text/html" | "application/xhtml+xml") => {
                entry.text(3, inner.text(), Markup::Html)
            }
            None | Some("text" | "text/plain" | "") if inner.has_elements() => {
                entry.text(3, inner.text(), Markup::Html)
            }
            None | Some("text" | "text/plain" | "") => entry.text_of_some_kind(3, inner.text()),
            // A picture, a film; but markup of some other kind is still text.
            Some(other) if other.contains("xml") => entry.text(3, inner.text(), Markup::Html),
            Some(_) => {}
        }
    }
}

/// The name in lower case, if it is short enough to be one of ours.
pub(super) fn lower<'n>(name: &str, buffer: &'n mut [u8; 16]) -> &'n [u8] {
    match buffer.get_mut(..name.len()) {
        Some(word) => {
            word.copy_from_slice(name.as_bytes());
            word.make_ascii_lowercase();
            word
        }
        None => b"",
    }
}

/// Offers the persons of an author element: Atom's `name` inside it, or its text.
fn offer_authors<'a>(entry: &mut Entry<'a>, rank: u8, inner: Inner<'a>) {
    if !inner.has_elements() {
        return entry.author(rank, &inner.text());
    }
    let mut scanner = Scanner::new(inner.source());
    while let Some(token) = scanner.next() {
        let Token::Start {
            name, empty: false, ..
        } = token
        else {
            continue;
        };
        match local(name) {
            "name" => entry.author(rank, &scanner.inner(name, ends_record).text()),
            "email" => entry.author(1, &scanner.inner(name, ends_record).text()),
            _ => {}
        }
    }
}

/// The author of an entry of which nothing else is known.
fn named(mut entry: Entry<'_>) -> Option<String> {
    entry.title(1, Cow::Borrowed("-"));
    entry
        .finish(Place::Entry(0), &Surroundings::default(), &mut Vec::new())?
        .author
}
