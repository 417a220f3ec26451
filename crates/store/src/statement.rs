//! What a statement does to what is known of its CVE: the part that is the same
//! wherever statements are kept.

use model::{Statement, Vulnerability, VulnerabilityStatus};

use crate::codec;
use crate::{Heard, Occasion, StoreError};

/// A statement made ready for writing, off the writing thread.
pub(crate) struct Heeded {
    pub(crate) statement: Statement,
    pub(crate) promote: bool,
    pub(crate) body: String,
    pub(crate) hash: [u8; 16],
}

impl Heeded {
    pub(crate) fn of(heard: Heard) -> Result<Self, StoreError> {
        let body = codec::json(&heard.statement)?;
        // An EPSS score carries its day and a reading is ours, which is no news by
        // itself; of all other statements these are the bytes that `content_hash`
        // would make once more.
        let hash = if heard.statement.epss.is_some() || heard.statement.reading.is_some() {
            heard.statement.content_hash()
        } else {
            model::hash::short(&[body.as_bytes()])
        };
        Ok(Self {
            statement: heard.statement,
            promote: heard.promote,
            body,
            hash,
        })
    }
}

impl Heeded {
    /// What of a second reading must stand in the store as it is, or the statement is
    /// another: our own reading is no part of its hash, and a better one replaces it. The
    /// day of an EPSS score does not, for each day's document has another.
    pub(crate) fn reread(&self) -> Option<&str> {
        let is_dated = self.statement.epss.is_some();
        (!is_dated).then_some(self.body.as_str())
    }
}

/// What a statement changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Nothing: the source said so before.
    None,
    /// Nobody had spoken of the CVE.
    New {
        /// Whether it says what people must hear of.
        material: bool,
    },
    /// The source says something else, or speaks of it for the first time.
    Changed {
        /// Whether severity band, exploitation or rejection changed by it.
        material: bool,
    },
}

/// How statements reach us. It decides which of them make history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hearing {
    /// As they are published: every change is one.
    Live,
    /// Many at once: a first load, an import. Another source's first word is news
    /// to us only; a source that corrects itself made history.
    Loaded,
    /// From a document that was kept: what changed is our reading of it, and what
    /// was heard since stands.
    Reread,
}

/// What of a vulnerability makes people look again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gist {
    pub(crate) severity: Option<i64>,
    pub(crate) kev: bool,
    pub(crate) exploited: bool,
    pub(crate) ransomware: bool,
    pub(crate) rejected: bool,
}

/// A CVE nobody has spoken of.
pub(crate) const UNKNOWN: Gist = Gist {
    severity: None,
    kev: false,
    exploited: false,
    ransomware: false,
    rejected: false,
};

/// How a kept statement stands to one that arrives.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It says the same, or is of a later time: an old file was imported.
    Holds,
    /// It says something else.
    Gives,
}

/// What is known of the CVE of a statement.
pub(crate) struct Known {
    /// Its row.
    pub(crate) vulnerability: i64,
    pub(crate) gist: Gist,
    /// This source's statement in this document, and how it stands to the new one.
    pub(crate) statement: Option<(i64, Standing)>,
}

impl Hearing {
    /// How the statements of a poll reach us.
    pub(crate) const fn on(occasion: Occasion) -> Self {
        match occasion {
            Occasion::History => Self::Loaded,
            Occasion::Fresh | Occasion::CatchUp => Self::Live,
        }
    }

    /// Whether a statement heard so makes history, and not only a new present.
    /// `said` is what stands in its place.
    pub(crate) const fn makes_history(self, said: Option<(i64, Standing)>) -> bool {
        match (self, said) {
            (Self::Live, _) | (Self::Loaded, Some(_)) => true,
            (Self::Loaded, None) | (Self::Reread, _) => false,
        }
    }
}

/// Puts a statement in its place among those on its CVE, which are in order of
/// source and document.
pub(crate) fn put(said: &mut Vec<Statement>, statement: &Statement) {
    let place = |of: &Statement| (of.source.clone(), of.document.clone().unwrap_or_default());
    match said.binary_search_by_key(&place(statement), place) {
        Ok(nth) => said[nth] = statement.clone(),
        Err(nth) => said.insert(nth, statement.clone()),
    }
}

/// A statement's name for its document; empty where the CVE is the name.
pub(crate) fn document(statement: &Statement) -> &str {
    statement.document.as_deref().unwrap_or_default()
}

/// When the fused record was changed, as it is stored.
pub(crate) fn modified(fused: &Vulnerability) -> Option<i64> {
    fused.modified.map(codec::micros)
}

impl Gist {
    pub(crate) fn of(fused: &Vulnerability) -> Self {
        Self {
            severity: fused
                .severity
                .as_ref()
                .map(|judgement| codec::severity_number(judgement.severity)),
            kev: fused.exploitation.is_some(),
            exploited: fused.is_exploited(),
            ransomware: fused
                .exploitation
                .as_ref()
                .is_some_and(|exploitation| exploitation.ransomware),
            rejected: fused.status == VulnerabilityStatus::Rejected,
        }
    }
}

/// Its score in tenths.
pub(crate) fn score(fused: &Vulnerability) -> Option<i64> {
    fused
        .severity
        .as_ref()
        .map(|judgement| codec::tenths(judgement.score))
}

/// The status as on the wire.
pub(crate) fn status_word(fused: &Vulnerability) -> Result<String, StoreError> {
    Ok(codec::json(&fused.status)?.trim_matches('"').to_owned())
}
