//! One document, asked for again and again: the cursor keeps what its server said
//! of it, and for which address, because after a change of the config that means
//! nothing.

use model::{Cursor, Item};
use net::Validators;
use serde::{Deserialize, Serialize};

use crate::{Polled, Problem};

/// What the cursor keeps.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Visit {
    /// The address that was read.
    url: String,
    /// Of the document that was read last.
    validators: Validators,
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
        cursor: Cursor::of(&Visit { url, validators }),
        ..unchanged(since)
    }
}
