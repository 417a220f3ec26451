//! One thing exactly as a source published it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::analysis::IncidentType;
use crate::clock::{Timestamp, later, whole_day};
use crate::hash;
use crate::id::{ItemId, SourceId};
use crate::region::Country;
use crate::severity::Severity;

/// What form the thing has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// News, a blog post.
    Article,
    /// A warning or note by a vendor or a CERT.
    Advisory,
    /// A CVE record or catalogue entry, and no more than that.
    CveRecord,
    /// A social post.
    Post,
    /// Written by a person into Prahari (`POST /api/incidents`).
    Note,
}

/// How the item's text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Markup {
    /// Plain text.
    Plain,
    /// HTML, whole or a fragment. Hostile until cleaned.
    Html,
}

/// What the publisher itself says of the thing, beside its text. Counts before
/// our own reading of the text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stated {
    /// Its kinds of event.
    pub types: Vec<IncidentType>,
    /// How bad.
    pub severity: Option<Severity>,
    /// Affected countries.
    pub countries: Vec<Country>,
}

/// One thing exactly as a source published it; never edited. A changed document
/// is another item with the same `external_id`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Derived from source, external id and content, so that a replay gives the
    /// same id.
    pub id: ItemId,
    /// Who published it.
    pub source: SourceId,
    /// The source's own name for it: guid, CVE id, post id, or its address.
    pub external_id: String,
    /// Its form.
    pub kind: ItemKind,
    /// Where it can be read.
    pub url: Option<String>,
    /// The title, possibly with markup; may be empty.
    pub title: String,
    /// The fullest text the source gave; may be empty.
    pub text: String,
    /// How `title` and `text` are written.
    pub markup: Markup,
    /// Who wrote it, as the source says.
    pub author: Option<String>,
    /// The language the source declares (BCP 47), often wrong.
    pub language: Option<String>,
    /// When the source says it was published.
    pub published: Option<Timestamp>,
    /// When the source says it was last changed.
    pub updated: Option<Timestamp>,
    /// When we read it.
    pub fetched: Timestamp,
    /// What the publisher says of it beside the text; mostly nothing.
    #[serde(default)]
    pub stated: Stated,
}

/// What a source gives for one item; [`Item::new`] adds what follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// See [`Item::external_id`].
    pub external_id: String,
    /// See [`Item::kind`].
    pub kind: ItemKind,
    /// See [`Item::url`].
    pub url: Option<String>,
    /// See [`Item::title`].
    pub title: String,
    /// See [`Item::text`].
    pub text: String,
    /// See [`Item::markup`].
    pub markup: Markup,
    /// See [`Item::author`].
    pub author: Option<String>,
    /// See [`Item::language`].
    pub language: Option<String>,
    /// See [`Item::published`].
    pub published: Option<Timestamp>,
    /// See [`Item::updated`].
    pub updated: Option<Timestamp>,
    /// See [`Item::stated`].
    pub stated: Stated,
}

impl Item {
    /// The item that `source` published, read at `fetched`.
    #[must_use]
    pub fn new(source: &SourceId, draft: Draft, fetched: Timestamp) -> Self {
        // The address and the dates are left out: many feeds add a tracking
        // number or touch a date at each request without changing a word.
        let content = hash::short(&[draft.title.as_bytes(), draft.text.as_bytes()]);
        Self {
            id: ItemId::of(source, &draft.external_id, &content),
            source: source.clone(),
            external_id: draft.external_id,
            kind: draft.kind,
            url: draft.url,
            title: draft.title,
            text: draft.text,
            markup: draft.markup,
            author: draft.author,
            language: draft.language,
            published: draft.published,
            updated: draft.updated,
            fetched,
            stated: draft.stated,
        }
    }

    /// When it counts as having happened: the earlier of published and fetched,
    /// so that a date in the future counts as fetched. Many Atom feeds say only
    /// when an entry was changed; that stands in for the missing date. Where only a day
    /// is given, what is read on that day or the next counts as fetched: nobody knows
    /// better, and it is no night's news.
    #[must_use]
    pub fn effective(&self) -> Timestamp {
        match self.published.or(self.updated) {
            Some(said) if whole_day(said).is_some() && self.fetched < later(said, TWO_DAYS) => {
                self.fetched
            }
            Some(said) => said.min(self.fetched),
            None => self.fetched,
        }
    }
}

/// A day, and the next, on which it is read at the latest if it is news.
const TWO_DAYS: Duration = Duration::from_secs(2 * 24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_without_a_time_counts_as_read_and_not_as_midnight() {
        for (published, fetched, effective) in [
            (
                "2026-11-21T09:00:00Z",
                "2026-11-21T16:03:00Z",
                "2026-11-21T09:00:00Z",
            ),
            (
                "2026-11-21T00:00:00Z",
                "2026-11-21T16:03:00Z",
                "2026-11-21T16:03:00Z",
            ),
            (
                "2026-11-21T00:00:00Z",
                "2026-11-22T23:59:59Z",
                "2026-11-22T23:59:59Z",
            ),
            // Midnight in India.
            (
                "2026-11-20T18:30:00Z",
                "2026-11-21T16:03:00Z",
                "2026-11-21T16:03:00Z",
            ),
            // What is old keeps its day.
            (
                "2026-11-21T00:00:00Z",
                "2026-11-23T00:00:00Z",
                "2026-11-21T00:00:00Z",
            ),
            (
                "2026-12-24T00:00:00Z",
                "2026-11-21T16:03:00Z",
                "2026-11-21T16:03:00Z",
            ),
        ] {
            let draft = Draft {
                external_id: "1".to_owned(),
                kind: ItemKind::Article,
                url: None,
                title: "One".to_owned(),
                text: String::new(),
                markup: Markup::Plain,
                author: None,
                language: None,
                published: Some(published.parse().unwrap()),
                updated: None,
                stated: Stated::default(),
            };
            let source = SourceId::new("feed").unwrap();
            let item = Item::new(&source, draft, fetched.parse().unwrap());
            assert_eq!(
                item.effective().to_string(),
                effective,
                "{published}, {fetched}"
            );
        }
    }
}
