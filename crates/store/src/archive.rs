//! What the archive promises: documents as they arrived, kept for a while, and
//! the ways of `prahari reprocess` back into what was made of them.

use async_trait::async_trait;
use model::{
    Analysis, CveId, Document, Incident, Item, ItemId, OwaspCategory, SourceId, Statement,
    Timestamp,
};

use crate::{Fence, Heard, PlacedItem, Recorded, StoreError};

/// Documents as they arrived, and second readings.
#[async_trait]
pub trait Archive: Send + Sync {
    /// Keeps documents of a poll that gave nothing else: what is no feed today may
    /// be one to the next version.
    async fn keep(
        &self,
        source: &SourceId,
        at: Timestamp,
        arrived: Arrived,
    ) -> Result<(), StoreError>;

    /// How much is kept.
    async fn kept(&self) -> Result<Kept, StoreError>;

    /// Forgets what `retention` no longer wants, oldest first, at most `limit`
    /// readings in one step; [`Swept::more`] says whether to go on.
    async fn sweep(&self, retention: &Retention, limit: u32) -> Result<Swept, StoreError>;

    /// Readings after `after`, oldest first.
    async fn readings(
        &self,
        wanted: &Wanted,
        after: Option<Place>,
        limit: u32,
    ) -> Result<Vec<Reading>, StoreError>;

    /// The document a reading gave; `None` if it was forgotten meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] when what is stored is not what arrived.
    async fn document(&self, reading: &Reading) -> Result<Option<Document>, StoreError>;

    /// Writes what a second reading gave, and the memo with it: new items as
    /// history, statements unless something else was heard since.
    async fn record_again(&self, again: Again, memo: &Memo) -> Result<Recorded, StoreError>;

    /// What of a second reading the store does not know: items, and CVEs of which
    /// it would say something else.
    async fn unknown(&self, again: &Again) -> Result<Unknown, StoreError>;

    /// The first incident after `after`, with all its items in the order in which
    /// they were placed.
    async fn next_story(&self, wanted: &Wanted, after: i64) -> Result<Option<Story>, StoreError>;

    /// Items after `after` that were found irrelevant.
    async fn irrelevant(
        &self,
        wanted: &Wanted,
        after: i64,
        limit: u32,
    ) -> Result<Vec<Irrelevant>, StoreError>;

    /// Writes what items are understood to be now, and the memo with it. What
    /// people decided stays; nothing alerts.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when `fence` no longer holds.
    async fn revise(&self, fence: &Fence, revised: Revised, memo: &Memo) -> Result<(), StoreError>;

    /// A memo.
    async fn memo(&self, key: &str) -> Result<Option<String>, StoreError>;

    /// Writes a memo.
    async fn keep_memo(&self, memo: &Memo) -> Result<(), StoreError>;
}

/// Documents that a poll read.
#[derive(Debug, Clone, Default)]
pub struct Arrived {
    /// The documents, in the order read.
    pub documents: Vec<Document>,
    /// Whether they are kept in any case. If not, only where the poll brought
    /// something new, or met problems, or none of their address was kept for most
    /// of a day: a feed that is read 96 times a day says the same in most of them.
    pub telling: bool,
}

/// How much is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kept {
    /// Documents.
    pub documents: u64,
    /// Readings that gave them.
    pub readings: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The bytes that are stored in their place.
    pub packed: u64,
    /// When the oldest was read.
    pub oldest: Option<Timestamp>,
}

/// What stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Nothing that was read before this.
    pub since: Timestamp,
    /// At most so many stored bytes.
    pub packed: u64,
}

/// What a sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Readings forgotten.
    pub readings: u32,
    /// Documents forgotten.
    pub documents: u32,
    /// Whether there is more to forget.
    pub more: bool,
}

/// Of which source, from when on, until when. All given parts must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Of this source.
    pub source: Option<SourceId>,
    /// At or after this.
    pub since: Option<Timestamp>,
    /// At or before this.
    pub until: Option<Timestamp>,
}

/// Where a reading stands in the order of readings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Place {
    /// When.
    pub at: Timestamp,
    /// Which of that moment.
    pub n: i64,
}

/// A source was read, and gave a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Where it stands in their order.
    pub place: Place,
    /// Which source.
    pub source: SourceId,
    /// Where.
    pub url: String,
    /// As what.
    pub content_type: Option<String>,
    /// How many bytes.
    pub size: u64,
}

/// What a second reading of a document gave.
#[derive(Debug, Clone)]
pub struct Again {
    /// Of which source.
    pub source: SourceId,
    /// When it was read first.
    pub at: Timestamp,
    /// Items.
    pub items: Vec<Item>,
    /// Statements.
    pub heard: Vec<Heard>,
    /// Categories of the OWASP Top 10.
    pub categories: Vec<OwaspCategory>,
}

/// What the store does not know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unknown {
    /// Items that are not stored.
    pub items: Vec<ItemId>,
    /// CVEs of which something else would be said.
    pub cves: Vec<CveId>,
}

/// How far a work has come: a name and what it wants to remember.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memo {
    /// The name.
    pub key: String,
    /// The note.
    pub value: String,
}

/// An incident with all its items.
#[derive(Debug, Clone)]
pub struct Story {
    /// Where it stands in their order.
    pub n: i64,
    /// The incident.
    pub incident: Incident,
    /// Its items, in the order in which they were placed.
    pub items: Vec<PlacedItem>,
}

/// An item that was found irrelevant.
#[derive(Debug, Clone)]
pub struct Irrelevant {
    /// Where it stands in their order.
    pub n: i64,
    /// The item.
    pub item: Item,
    /// What was understood of it.
    pub analysis: Analysis,
}

/// What items are understood to be now.
#[derive(Debug, Clone)]
pub struct Revised {
    /// When.
    pub at: Timestamp,
    /// Items and their analyses.
    pub analyses: Vec<(ItemId, Analysis)>,
    /// The incident they are in, as it follows from them.
    pub incident: Option<Incident>,
    /// Items that turn out to be relevant: they are placed, as history.
    pub placed_anew: Vec<ItemId>,
}

impl Again {
    /// Its statements.
    pub fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.heard.iter().map(|heard| &heard.statement)
    }
}
