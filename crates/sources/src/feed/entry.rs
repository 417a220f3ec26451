//! What was gathered of one entry, and the draft it becomes.
//!
//! Feeds say the same thing in several elements, so every value comes with a
//! rank: a better one replaces a worse one, the first of equals stays. Texts are
//! the exception: of equals the longest wins, because `content:encoded` is now
//! the whole article and now empty.

use std::borrow::Cow;

use model::item::{Draft, Stated};
use model::{ItemKind, Markup, Timestamp, hash};

use super::address::Base;
use super::xml::trimmed;
use super::{date, entity, markup};
use crate::Problem;

/// Longer texts are cut here; the longest article in our samples has 170 kB.
const LONGEST_TEXT: usize = 1 << 20;
/// Longer names of entries are replaced by their hash.
const LONGEST_ID: usize = 1024;
/// Longer names of authors are cut.
const LONGEST_AUTHOR: usize = 300;
/// More authors are not listed.
const MOST_AUTHORS: usize = 8;
/// More addresses of one entry are not looked at.
const MOST_LINKS: usize = 32;

/// A value and how good its origin is; 0 is none.
#[derive(Debug, Default)]
struct Ranked<T> {
    rank: u8,
    value: T,
}

impl<T> Ranked<T> {
    fn offer(&mut self, rank: u8, value: T) {
        if rank > self.rank {
            *self = Self { rank, value };
        }
    }
}

/// Where something stands in its document, counted from 1.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    /// Which entry.
    Entry(usize),
    /// Which line.
    Line(usize),
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        match place {
            Place::Entry(number) => format!("entry {number}"),
            Place::Line(number) => format!("line {number}"),
        }
    }
}

/// What was gathered of one entry so far.
#[derive(Debug, Default)]
pub(crate) struct Entry<'a> {
    /// Its own base, if it has an `xml:base`.
    pub(super) base: Option<Base>,
    /// Its own language.
    pub(crate) language: Option<Cow<'a, str>>,
    title: Ranked<Cow<'a, str>>,
    id: Ranked<Cow<'a, str>>,
    text: Ranked<Cow<'a, str>>,
    text_markup: Option<Markup>,
    links: Vec<(u8, Cow<'a, str>)>,
    authors: Ranked<Vec<String>>,
    published: Ranked<Option<Timestamp>>,
    updated: Ranked<Option<Timestamp>>,
    unread_date: Option<Cow<'a, str>>,
}

/// What the feed says for all of its entries.
#[derive(Debug, Default)]
pub(crate) struct Surroundings {
    /// What addresses are relative to.
    pub(crate) base: Base,
    /// The author of entries that name none.
    pub(crate) author: Option<String>,
    /// The language of entries that name none.
    pub(crate) language: Option<String>,
}

impl<'a> Entry<'a> {
    /// Offers a title.
    pub(crate) fn title(&mut self, rank: u8, title: Cow<'a, str>) {
        if !title.trim_ascii().is_empty() {
            self.title.offer(rank, title);
        }
    }

    /// Offers the publisher's name for the entry.
    pub(crate) fn id(&mut self, rank: u8, id: Cow<'a, str>) {
        let id = trimmed(id);
        if !id.is_empty() {
            self.id.offer(rank, id);
        }
    }

    /// Offers an address.
    pub(crate) fn link(&mut self, rank: u8, link: Cow<'a, str>) {
        if !link.trim_ascii().is_empty() && self.links.len() < MOST_LINKS {
            self.links.push((rank, link));
        }
    }

    /// Offers a guid that may be an address too.
    pub(super) fn guid(&mut self, guid: Cow<'a, str>, permalink: Option<bool>) {
        let guid = trimmed(guid);
        if guid.starts_with("http://") || guid.starts_with("https://") {
            // `false` over an address means no more than "do not rely on it".
            self.link(if permalink == Some(false) { 2 } else { 5 }, guid.clone());
        } else if permalink == Some(true) && guid.starts_with('/') {
            self.link(2, guid.clone());
        }
        self.id(3, guid);
    }

    /// Offers a text.
    pub(crate) fn text(&mut self, rank: u8, text: Cow<'a, str>, how: Markup) {
        let text = trimmed(text);
        if !text.is_empty()
            && (rank > self.text.rank
                || rank == self.text.rank && text.len() > self.text.value.len())
        {
            self.text = Ranked { rank, value: text };
            self.text_markup = Some(how);
        }
    }

    /// Offers a text that does not say whether it is HTML.
    pub(crate) fn text_of_some_kind(&mut self, rank: u8, text: Cow<'a, str>) {
        let how = if markup::looks_like_html(&text) {
            Markup::Html
        } else {
            Markup::Plain
        };
        self.text(rank, text, how);
    }

    /// Offers an author; those of the best rank are all kept.
    pub(crate) fn author(&mut self, rank: u8, author: &str) {
        let (author, rank) = match person(author) {
            Some(name) => (name, rank),
            None => (author.trim(), 1),
        };
        if author.is_empty() {
            return;
        }
        let known = &mut self.authors.value;
        if rank > self.authors.rank {
            self.authors = Ranked {
                rank,
                value: vec![author.to_owned()],
            };
        } else if rank == self.authors.rank
            && known.len() < MOST_AUTHORS
            && !known.iter().any(|one| one == author)
        {
            known.push(author.to_owned());
        }
    }

    /// Offers the day it was published.
    pub(crate) fn published(&mut self, rank: u8, text: Cow<'a, str>) {
        match date::read(&text) {
            Some(at) => self.published.offer(rank, Some(at)),
            None => self.note_unread(text),
        }
    }

    /// Offers the day it was last changed.
    pub(crate) fn updated(&mut self, rank: u8, text: Cow<'a, str>) {
        match date::read(&text) {
            Some(at) => self.updated.offer(rank, Some(at)),
            None => self.note_unread(text),
        }
    }

    fn note_unread(&mut self, text: Cow<'a, str>) {
        if !text.trim_ascii().is_empty() {
            self.unread_date.get_or_insert(text);
        }
    }

    /// Whether it has a title, an address and a text: enough to be shown, even if
    /// the document was cut inside the entry.
    pub(super) fn is_telling(&self) -> bool {
        self.title.rank > 0 && !self.links.is_empty() && self.text.rank > 0
    }

    /// The draft, and what was wrong with the entry at this place. No draft if it
    /// says nothing at all.
    pub(crate) fn finish(
        self,
        place: Place,
        around: &Surroundings,
        problems: &mut Vec<Problem>,
    ) -> Option<Draft> {
        let base = self.base.as_ref().unwrap_or(&around.base);
        let url = self.best_link(base);
        let mut text = self.text.value;
        let mut how = self.text_markup.unwrap_or(Markup::Html);
        if how == Markup::Html && markup::is_escaped_twice(&text) {
            text = Cow::Owned(entity::decode(&text).into_owned());
        }
        if text.len() > LONGEST_TEXT {
            problems.push(Problem::new(
                place,
                "its text is longer than 1 MB and was cut",
            ));
            text = Cow::Owned(
                text.get(..text.floor_char_boundary(LONGEST_TEXT))
                    .unwrap_or_default()
                    .to_owned(),
            );
        }
        let title = match how {
            Markup::Html => markup::html_title(&self.title.value),
            Markup::Plain => markup::plain_title(&self.title.value),
        };
        if title.is_empty() && text.is_empty() && url.is_none() {
            problems.push(Problem::new(
                place,
                "it has neither title, text nor address",
            ));
            return None;
        }
        if text.is_empty() {
            how = Markup::Html;
        }
        if self.published.value.is_none()
            && self.updated.value.is_none()
            && let Some(date) = &self.unread_date
        {
            let date: String = date.trim().chars().take(60).collect();
            problems.push(Problem::new(
                place,
                format!("its date `{date}` cannot be read"),
            ));
        }
        let external_id = if self.id.value.is_empty() {
            url.clone().unwrap_or_else(|| {
                let date = self
                    .published
                    .value
                    .or(self.updated.value)
                    .map(|at| at.to_string())
                    .unwrap_or_default();
                // Without a title only the text can tell two entries apart.
                let name = if title.is_empty() {
                    text.as_bytes()
                } else {
                    title.as_bytes()
                };
                hashed(&[name, date.as_bytes()])
            })
        } else if self.id.value.len() > LONGEST_ID {
            hashed(&[self.id.value.as_bytes()])
        } else {
            self.id.value.into_owned()
        };
        let author = (!self.authors.value.is_empty()).then(|| self.authors.value.join(", "));
        Some(Draft {
            external_id,
            kind: ItemKind::Article,
            url,
            title,
            text: text.into_owned(),
            markup: how,
            author: author.or_else(|| around.author.clone()).map(|mut author| {
                author.truncate(author.floor_char_boundary(LONGEST_AUTHOR));
                author
            }),
            language: self
                .language
                .map(Cow::into_owned)
                .or_else(|| around.language.clone()),
            published: self.published.value,
            updated: self.updated.value,
            stated: Stated::default(),
        })
    }

    /// The best address that is one.
    fn best_link(&self, base: &Base) -> Option<String> {
        let mut rank = u8::MAX;
        // From the best rank down; there are a handful, so no sorting.
        while let Some(next) = self
            .links
            .iter()
            .map(|(rank, _)| *rank)
            .filter(|other| *other < rank)
            .max()
        {
            rank = next;
            let mut equals = self.links.iter().filter(|(other, _)| *other == rank);
            if let Some(url) = equals.find_map(|(_, link)| base.resolve(link)) {
                return Some(url);
            }
        }
        None
    }
}

/// Entries that share a guid although they are different things: their address
/// becomes part of their id. A feed that gives all entries one guid would
/// otherwise be one story that changes at every line.
pub(super) fn part_namesakes(drafts: &mut [Draft]) {
    use std::collections::HashMap;

    let mut first: HashMap<&str, Option<&str>> = HashMap::with_capacity(drafts.len());
    let mut shared: Vec<String> = Vec::new();
    for draft in &*drafts {
        let url = draft.url.as_deref();
        if *first.entry(draft.external_id.as_str()).or_insert(url) != url {
            shared.push(draft.external_id.clone());
        }
    }
    if shared.is_empty() {
        return;
    }
    shared.sort_unstable();
    for draft in drafts.iter_mut() {
        if let Some(url) = &draft.url
            && shared.binary_search(&draft.external_id).is_ok()
        {
            draft.external_id = format!("{} {url}", draft.external_id);
        }
    }
}

/// The person's name in `mail@example.org (Name)`, `Name <mail@example.org>` or
/// a bare name; none for a bare mail address.
fn person(author: &str) -> Option<&str> {
    let author = author.trim();
    let name = if let Some((mail, name)) = author.split_once('(')
        && mail.contains('@')
    {
        name.trim_end_matches(')')
    } else if let Some((name, mail)) = author.split_once('<')
        && mail.contains('@')
    {
        name
    } else if author.contains('@') && !author.contains(' ') && !author.starts_with('@') {
        return None;
    } else {
        author
    };
    let name = name.trim();
    (!name.is_empty()).then_some(name)
}

fn hashed(parts: &[&[u8]]) -> String {
    let mut id = String::from("sha256:");
    for byte in hash::short(parts) {
        id.push_str(&format!("{byte:02x}"));
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn persons() {
        for (given, name) in [
            ("anna@example.org (Anna Rao)", Some("Anna Rao")),
            ("Anna Rao <anna@example.org>", Some("Anna Rao")),
            ("anna@example.org", None),
            ("@anna", Some("@anna")),
            (" Anna Rao (CERT) ", Some("Anna Rao (CERT)")),
            ("anna@example.org ()", None),
            ("", None),
        ] {
            assert_eq!(person(given), name, "{given}");
        }
    }

    #[test]
    fn one_guid_for_all_is_no_guid() {
        let draft = |id: &str, url: &str| {
            let mut entry = Entry::default();
            entry.id(3, Cow::Borrowed(id));
            entry.link(8, Cow::Borrowed(url));
            entry
                .finish(Place::Entry(1), &Surroundings::default(), &mut Vec::new())
                .unwrap()
        };
        let mut drafts = [
            draft("x", "https://a.example/1"),
            draft("x", "https://a.example/2"),
            draft("y", "https://a.example/3"),
            draft("y", "https://a.example/3"),
        ];
        part_namesakes(&mut drafts);
        let ids: Vec<&str> = drafts
            .iter()
            .map(|draft| draft.external_id.as_str())
            .collect();
        assert_eq!(
            ids,
            ["x https://a.example/1", "x https://a.example/2", "y", "y"]
        );
    }
}
