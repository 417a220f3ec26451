//! JSON Feed, 1.0 and 1.1: <https://www.jsonfeed.org/version/1.1/>.
//!
//! Items are taken one by one as they are read, so that a document that was cut
//! short gives those that are whole. A field of a wrong type counts as absent,
//! except that numbers serve as ids.

use std::borrow::Cow;
use std::fmt;

use model::Markup;
use model::item::Draft;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::address::Base;
use super::entry::{Entry, Place, Surroundings};
use super::{FeedDocument, FeedKind, MOST_ENTRIES, NotAFeed, Problems};

/// Reads a JSON Feed.
pub(super) fn read(text: &str, base_url: &str) -> Result<FeedDocument, NotAFeed> {
    let mut feed = Feed::default();
    let mut json = serde_json::Deserializer::from_str(text);
    let end = (&mut feed).deserialize(&mut json);
    if !feed.has_items && !feed.says_so() {
        return Err(NotAFeed::OtherJson);
    }
    let mut problems = Problems::default();
    let mut around = Surroundings {
        base: Base::new(base_url),
        author: authors(&feed.head),
        language: string(&feed.head, "language").map(str::to_owned),
    };
    if let Some(home) = string(&feed.head, "home_page_url")
        .map(Base::new)
        .filter(|home| !home.is_unknown())
    {
        around.base = home;
    }
    let mut drafts = Vec::with_capacity(feed.items.len());
    for (index, item) in feed.items.iter().enumerate() {
        if item.is_object() {
            drafts.extend(draft(item, index + 1, &around, problems.room()));
        } else {
            problems.add(Place::Entry(index + 1), "it is not an object");
        }
    }
    if let Err(error) = end {
        let reason = if error.is_eof() {
            "the document ends inside it".to_owned()
        } else {
            format!("not JSON, nothing is read from here on: {error}")
        };
        problems.add(Place::Entry(feed.items.len() + 1), reason);
    } else if feed.too_many {
        problems.add(
            "document",
            format!("it holds more than {MOST_ENTRIES} entries"),
        );
    }
    Ok(FeedDocument {
        title: string(&feed.head, "title").map(str::to_owned),
        kind: FeedKind::Json,
        parsed: problems.with(drafts),
    })
}

fn draft(
    item: &Value,
    number: usize,
    around: &Surroundings,
    problems: &mut Vec<crate::Problem>,
) -> Option<Draft> {
    let field = |name| string(item, name).map(Cow::Borrowed);
    let mut entry = Entry::default();
    match item.get("id") {
        Some(Value::String(id)) => entry.guid(Cow::Borrowed(id), None),
        Some(Value::Number(id)) => entry.id(3, Cow::Owned(id.to_string())),
        _ => {}
    }
    for (rank, name) in [(8, "url"), (6, "external_url")] {
        if let Some(link) = field(name) {
            entry.link(rank, link);
        }
    }
    if let Some(title) = field("title") {
        entry.title(3, title);
    }
    if let Some(text) = field("content_html") {
        entry.text(3, text, Markup::Html);
    }
    if let Some(text) = field("content_text") {
        entry.text(2, text, Markup::Plain);
    }
    if let Some(text) = field("summary") {
        entry.text_of_some_kind(1, text);
    }
    if let Some(at) = field("date_published") {
        entry.published(3, at);
    }
    if let Some(at) = field("date_modified") {
        entry.updated(3, at);
    }
    if let Some(names) = authors(item) {
        entry.author(3, &names);
    }
    entry.language = field("language");
    entry.finish(Place::Entry(number), around, problems)
}

/// `authors` of version 1.1, `author` of version 1.0.
fn authors(value: &Value) -> Option<String> {
    let listed = value
        .get("authors")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let names: Vec<&str> = listed
        .iter()
        .chain(value.get("author"))
        .filter_map(|author| string(author, "name"))
        .take(8)
        .collect();
    let mut unique = names.clone();
    unique.dedup();
    (!unique.is_empty()).then(|| unique.join(", "))
}

/// A field that is a text and not blank.
fn string<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value
        .get(name)
        .and_then(Value::as_str)
        .map(str::trim)
        .filter(|text| !text.is_empty())
}

/// The document, filled while it is read.
#[derive(Default)]
struct Feed {
    /// All but the items.
    head: Value,
    items: Vec<Value>,
    has_items: bool,
    too_many: bool,
}

impl Feed {
    fn says_so(&self) -> bool {
        string(&self.head, "version").is_some_and(|version| version.contains("jsonfeed.org"))
    }
}

impl<'de> DeserializeSeed<'de> for &mut Feed {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Feed {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON Feed")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut head = serde_json::Map::new();
        let end = loop {
            match map.next_key::<String>() {
                Ok(None) => break Ok(()),
                Ok(Some(key)) if key == "items" => {
                    if let Err(error) = map.next_value_seed(Items(self)) {
                        break Err(error);
                    }
                }
                Ok(Some(key)) => match map.next_value::<Value>() {
                    Ok(value) => {
                        head.insert(key, value);
                    }
                    Err(error) => break Err(error),
                },
                Err(error) => break Err(error),
            }
        };
        self.head = Value::Object(head);
        end
    }
}

/// The array of items.
struct Items<'f>(&'f mut Feed);

impl<'de> DeserializeSeed<'de> for Items<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Items<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of items")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        self.0.has_items = true;
        while self.0.items.len() < MOST_ENTRIES {
            match seq.next_element::<Value>()? {
                Some(item) => self.0.items.push(item),
                None => return Ok(()),
            }
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {
            self.0.too_many = true;
        }
        Ok(())
    }
}
