//! The world, read: each kind of source turns documents into items (news,
//! advisories, posts) and statements (what a catalogue says of one CVE).
//!
//! A kind is one file: its `Config`, a pure `parse` that never panics and never
//! loses a batch to one bad entry, and a short [`Source`] impl that asks
//! [`net::Door`] for documents and keeps its own note in the [`Cursor`].

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use model::{Clock, Cursor, Item, SourceId, Statement};
use net::{Door, NetError};
use schemars::JsonSchema;
use serde::Deserialize;

pub mod catalogue;
pub mod cisa_kev;
mod credential;
pub mod feed;
pub mod file;
pub mod nvd;
pub mod preview;

/// A place in the world that is read again and again.
#[async_trait]
pub trait Source: Send + Sync {
    /// Reads what is new since `since`: one page, one document, one window. A
    /// source with more to give says so in [`Polled::more`] and is asked again
    /// with the new cursor.
    ///
    /// # Errors
    /// Nothing could be read; the cursor stays where it was.
    async fn poll(&self, since: &Cursor) -> Result<Polled, SourceError>;
}

/// What one poll gave.
#[derive(Debug, Default)]
pub struct Polled {
    /// Items, oldest first where the source has an order.
    pub items: Vec<Item>,
    /// What the source says of CVEs.
    pub statements: Vec<Statement>,
    /// What could not be read, each with where and why. Costs only itself.
    pub problems: Vec<Problem>,
    /// Where to go on.
    pub cursor: Cursor,
    /// Whether `cursor` may be kept across a restart. Inside an NVD window it may
    /// not: a window counts only when it was read whole.
    pub checkpoint: bool,
    /// Whether there is more to read now.
    pub more: bool,
    /// How far a long first load has come.
    pub progress: Option<Progress>,
    /// Whether this belongs to the source's first load: history never alerts.
    pub first_load: bool,
}

/// How far a long read has come, in records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Read so far.
    pub done: u64,
    /// Of so many.
    pub total: u64,
}

/// What a pure parser gives: everything that could be read, and what could not.
#[derive(Debug)]
pub struct Parsed<T> {
    /// What could be read.
    pub entries: Vec<T>,
    /// What could not.
    pub problems: Vec<Problem>,
}

impl<T> Default for Parsed<T> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            problems: Vec::new(),
        }
    }
}

/// One entry, record or line that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// Where: `entry 3`, `line 17`, `CVE-2026-1`.
    pub place: String,
    /// Why, in a few words.
    pub reason: String,
}

impl Problem {
    /// A problem at a place.
    pub fn new(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            reason: reason.into(),
        }
    }
}

/// Why a poll gave nothing. The pipeline reads only the variant.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The door did not get the document: try again later, as the door says.
    #[error(transparent)]
    Unreached(#[from] NetError),
    /// A document came, and it is not what this source gives. The last good data
    /// stays; the source shows as failing.
    #[error("{0}")]
    Nonsense(String),
    /// A person must act first: a key is missing, a token is refused, an account
    /// is out of credit. The sentence names what to do.
    #[error("{0}")]
    Unready(String),
    /// Nothing is wrong, and nothing is asked before then: a budget is used up.
    #[error("{reason}")]
    Resting {
        /// Why, for people.
        reason: String,
        /// For how long.
        after: Duration,
    },
}

/// What every source is given.
#[derive(Clone)]
pub struct Tools {
    /// The one door out.
    pub door: Arc<Door>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The kind of a source and what that kind needs to know.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SourceConfig {
    /// RSS, Atom, RDF or JSON Feed.
    Feed(feed::Config),
    /// The National Vulnerability Database's CVE API 2.0.
    Nvd(nvd::Config),
    /// CISA's catalogue of known exploited vulnerabilities.
    CisaKev(cisa_kev::Config),
    /// A folder, a file or standard input.
    File(file::Config),
}

impl SourceConfig {
    /// The kind as it is written in the config.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Feed(_) => "feed",
            Self::Nvd(_) => "nvd",
            Self::CisaKev(_) => "cisa_kev",
            Self::File(_) => "file",
        }
    }

    /// Where it is read, for people; absent for kinds without an address.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Feed(config) => Some(&config.url),
            Self::Nvd(config) => Some(&config.url),
            Self::CisaKev(config) => Some(&config.url),
            Self::File(_) => None,
        }
    }

    /// The source, ready to be polled under the name `id`.
    #[must_use]
    pub fn open(self, id: SourceId, tools: &Tools) -> Box<dyn Source> {
        match self {
            Self::Feed(config) => Box::new(feed::Feed::new(id, config, tools)),
            Self::Nvd(config) => Box::new(nvd::Nvd::new(id, config, tools)),
            Self::CisaKev(config) => Box::new(cisa_kev::CisaKev::new(id, config, tools)),
            Self::File(config) => Box::new(file::Files::new(id, config, tools)),
        }
    }

    /// How often such a source is read when the config does not say.
    #[must_use]
    pub const fn default_interval(&self) -> Duration {
        match self {
            Self::Feed(_) => Duration::from_secs(15 * 60),
            // NVD asks for no more than one synchronisation in two hours.
            Self::Nvd(_) => Duration::from_secs(2 * 60 * 60),
            Self::CisaKev(_) => Duration::from_secs(60 * 60),
            Self::File(_) => Duration::from_secs(60),
        }
    }
}
