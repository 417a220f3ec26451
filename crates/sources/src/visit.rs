//! One document, asked for again and again: the cursor keeps what its server said
//! of it, and for which address, because after a change of the config that means
//! nothing.

use std::collections::BTreeSet;

use model::{Cursor, Item};
use net::Validators;
use serde::{Deserialize, Serialize};

use crate::full_text::{Reader, mark};
use crate::{Polled, Problem};

/// What the cursor keeps.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Visit {
    /// The address that was read.
    url: String,
    /// Of the document that was read last.
    validators: Validators,
    /// The items it held, where whole texts are fetched for new ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    held: Vec<String>,
}

/// What to say of the document at `url` when it is asked for again.
pub(crate) fn known(since: &Cursor, url: &str) -> Validators {
    let visit: Visit = since.note();
    if visit.url == url {
        visit.validators
    } else {
        Validators::default()
    }
}

/// A poll that found nothing changed.
pub(crate) fn unchanged(since: &Cursor) -> Polled {
    Polled {
        cursor: since.clone(),
        checkpoint: true,
        first_load: since.is_start(),
        ..Polled::default()
    }
}

/// A poll that read the document at `url` whole.
pub(crate) fn read(
    since: &Cursor,
    url: String,
    validators: Validators,
    items: Vec<Item>,
    problems: Vec<Problem>,
) -> Polled {
    Polled {
        held: Some(u32::try_from(items.len()).unwrap_or(u32::MAX)),
        items,
        problems,
        cursor: Cursor::of(&Visit {
            url,
            validators,
            held: Vec::new(),
        }),
        ..unchanged(since)
    }
}

/// The same poll with whole texts in place of teasers, for items that the document
/// did not hold before. When it is read for the first time all are history, and
/// keep their teasers.
pub(crate) async fn with_whole_texts(
    mut polled: Polled,
    since: &Cursor,
    reader: &Reader,
    user_agent: Option<&str>,
) -> Polled {
    let before: Visit = since.note();
    let mut visit: Visit = polled.cursor.note();
    visit.held = polled.items.iter().map(mark).collect();
    if before.url == visit.url && !before.held.is_empty() {
        let held: BTreeSet<String> = before.held.into_iter().collect();
        let is_new = |item: &Item| !held.contains(&mark(item));
        reader.complete(&mut polled.items, is_new, user_agent).await;
    }
    polled.cursor = Cursor::of(&visit);
    polled
}
