//! Remembers everything; the only SQL.
//!
//! A trait for each part of the flow that needs memory: [`Roster`] for which
//! sources people want, [`Intake`] for what was collected, [`Audit`] for how sources
//! behave, [`Lane`] for placement, [`Outbox`] for deliveries, [`Library`] for readers,
//! [`Handling`] for what people do about incidents, [`Archive`] for documents and second
//! readings, and [`Upkeep`] for soundness and forgetting. [`Store`] is all of them.
//! Every write is one transaction; what belongs together is written together.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use model::audit::{Episode, Ledger};
use model::incident::Candidate;
use model::query::{Condition, Key};
use model::tokens::Text;
use model::{
    Alert, Analysis, Attempt, ChannelId, Cursor, CveId, Delivery, DeliveryId, DeliveryKind,
    Incident, IncidentId, Item, ItemId, Milestones, OwaspCategory, Query, Receipt, SearchId,
    Severity, SourceId, Statement, Timestamp, Vulnerability,
};

pub mod archive;
pub mod backup;
mod candidate;
mod codec;
mod completion;
pub mod copy;
mod doctor;
mod facets;
pub mod handling;
mod journal;
pub mod learning;
mod packing;
mod paging;
mod place;
mod plan;
pub mod postgres;
mod prepared;
mod prune;
mod similarity;
pub mod sqlite;
mod statement;
pub mod upkeep;

pub use archive::{Archive, Arrived};
pub use facets::{Facet, Facets};
pub use handling::Handling;
pub use learning::Learning;
pub use upkeep::Upkeep;

/// All of the memory.
pub trait Store:
    Intake + Roster + Audit + Lane + Outbox + Library + Archive + Handling + Learning + Upkeep
{
}
impl<T: Intake + Roster + Audit + Lane + Outbox + Library + Archive + Handling + Learning + Upkeep>
    Store for T
{
}

/// Why the store did not do it. Each variant is a different next step.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Locked by another process, or the queue of writes is full: try again.
    #[error("the database is busy or away: {0}")]
    Busy(String),
    /// No room left on the disk: everything stays as it was; make room.
    #[error("the disk is full")]
    Full,
    /// Another node holds the lane now; drop what was computed.
    #[error("the placement lane was taken over by another process")]
    Fenced,
    /// The caller asked for something that cannot be: a page cursor we did not make.
    #[error("{0}")]
    Invalid(String),
    /// It cannot be opened or written as things are, and nothing says that it is
    /// damaged: give us the right to it.
    #[error("the database cannot be opened or written: {0}")]
    Denied(String),
    /// The database is damaged, newer than this program, or not ours.
    #[error("the database cannot be used: {0}")]
    Broken(String),
}

/// What people changed of the sources, over the catalogue and the settings file.
#[async_trait]
pub trait Roster: Send + Sync {
    /// Grows with every change, whichever process makes it: cheap to look at often.
    async fn source_revision(&self) -> Result<u64, StoreError>;

    /// Every change, those of the oldest sources first.
    async fn source_settings(&self) -> Result<Vec<SourceSetting>, StoreError>;

    /// Adds a source whole. What was remembered of an earlier source of this name is
    /// forgotten: its first reading is history again. False, and nothing is done,
    /// when there is one of this name that was added.
    async fn add_source(
        &self,
        source: &SourceId,
        entry: serde_json::Value,
        change: Change,
    ) -> Result<bool, StoreError>;

    /// Switches a source on or off, whatever its entry says.
    async fn switch_source(
        &self,
        source: &SourceId,
        enabled: bool,
        change: Change,
    ) -> Result<(), StoreError>;

    /// Takes away a source that was added. False when it was not. What it gave stays.
    async fn remove_source(&self, source: &SourceId) -> Result<bool, StoreError>;
}

/// When and by whom a source or an incident was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// A person's name; `command` or `api` where nobody gave one.
    pub by: String,
}

/// What people changed of one source.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceSetting {
    /// Which.
    pub source: SourceId,
    /// Switched on or off; absent: as its entry says.
    pub enabled: Option<bool>,
    /// The whole entry of a source that was added.
    pub entry: Option<serde_json::Value>,
    /// The latest change.
    pub change: Change,
}

/// Takes in what sources gave.
#[async_trait]
pub trait Intake: Send + Sync {
    /// Writes one poll: items that are new wait for placement, statements are
    /// fused into their vulnerabilities, the cursor and the source's health are
    /// kept. All or nothing. An item whose id is known is a repeat and changes
    /// nothing.
    async fn record(&self, collected: Collected) -> Result<Recorded, StoreError>;

    /// Notes that a poll gave nothing. The cursor stays.
    async fn record_failure(
        &self,
        source: &SourceId,
        at: Timestamp,
        error: &str,
    ) -> Result<(), StoreError>;

    /// How every source that was ever polled stands.
    async fn source_states(&self) -> Result<Vec<SourceState>, StoreError>;

    /// How one source stands; none before its first poll.
    async fn source_state(&self, source: &SourceId) -> Result<Option<SourceState>, StoreError>;
}

/// One poll's yield.
#[derive(Debug, Clone)]
pub struct Collected {
    /// Which source.
    pub source: SourceId,
    /// When it was read.
    pub at: Timestamp,
    /// What it published.
    pub items: Vec<Item>,
    /// What it states of CVEs.
    pub heard: Vec<Heard>,
    /// Categories of the OWASP Top 10.
    pub categories: Vec<OwaspCategory>,
    /// Where to go on; absent when the poll is no checkpoint.
    pub cursor: Option<Cursor>,
    /// How what it brings may alert.
    pub occasion: Occasion,
    /// Problems the parser met, for the source's health: the count and the first.
    pub problems: (u32, Option<String>),
    /// What was read for it, to be kept.
    pub arrived: Arrived,
}

/// A statement, and whether it is more than a mere record.
#[derive(Debug, Clone)]
pub struct Heard {
    /// What is said.
    pub statement: Statement,
    /// Whether it becomes an item: a keyword stands in it, or it says the flaw is
    /// exploited. If not, it still does when its CVE already has an incident.
    pub promote: bool,
}

/// How items of a poll may alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// Now, as rules say.
    Fresh,
    /// Never: a first load, an import.
    History,
    /// In one digest per channel: catching up after an absence.
    CatchUp,
}

/// What [`Intake::record`] did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Items that were new and now wait for placement.
    pub items: u32,
    /// Items that were known already.
    pub repeats: u32,
    /// CVEs that no source had spoken of.
    pub new_vulnerabilities: u32,
    /// CVEs of which this source now says something else.
    pub changed_vulnerabilities: u32,
}

impl Recorded {
    /// Whether there is more new in it than in `before`.
    #[must_use]
    pub const fn has_more_than(&self, before: &Self) -> bool {
        self.items > before.items
            || self.new_vulnerabilities > before.new_vulnerabilities
            || self.changed_vulnerabilities > before.changed_vulnerabilities
    }
}

/// How a source stands.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceState {
    /// Which.
    pub source: SourceId,
    /// How far it was read.
    pub cursor: Cursor,
    /// First poll that gave an answer.
    pub first_success: Option<Timestamp>,
    /// Latest poll that gave an answer.
    pub last_success: Option<Timestamp>,
    /// Latest poll.
    pub last_attempt: Option<Timestamp>,
    /// Polls that failed since the last success.
    pub failures: u32,
    /// What the latest failure was; absent after a success.
    pub error: Option<String>,
    /// When it last gave something new.
    pub last_item: Option<Timestamp>,
    /// Items it gave since ever.
    pub items: u64,
    /// Problems in its latest document: the count and the first.
    pub problems: (u32, Option<String>),
    /// Its conduct.
    pub ledger: Ledger,
}

/// The self-audit: how sources behave, and what was told of it.
#[async_trait]
pub trait Audit: Send + Sync {
    /// Keeps what is known of a source's conduct, in the place of what was.
    async fn keep_ledger(&self, source: &SourceId, ledger: &Ledger) -> Result<(), StoreError>;

    /// The latest episode of every source and kind, ended ones included.
    async fn episodes(&self) -> Result<Vec<Episode>, StoreError>;

    /// Opens and ends episodes, and writes the notices that tell of it. All or
    /// nothing: false, and nothing is written, when one to be opened lasts already
    /// or one to be ended does not: somebody else told people.
    async fn tell(&self, at: Timestamp, telling: Telling) -> Result<bool, StoreError>;

    /// Of how many CVEs a statement of this source is held.
    async fn held(&self, source: &SourceId) -> Result<u64, StoreError>;

    /// Of how many CVEs `one` speaks and `other` does not. Rejected ones are left
    /// out.
    async fn known_only_to(&self, one: &SourceId, other: &SourceId) -> Result<u64, StoreError>;
}

/// What people are told of episodes.
#[derive(Debug, Clone, Default)]
pub struct Telling {
    /// Those that begin.
    pub opened: Vec<Episode>,
    /// Those that end.
    pub ended: Vec<Episode>,
    /// The words, one for each channel.
    pub notices: Vec<NewDelivery>,
}

/// Placement: one item after the other, by whoever holds the lane.
#[async_trait]
pub trait Lane: Send + Sync {
    /// Takes or renews the lease `name` until `until`. `None`: somebody else holds
    /// it and it has not expired at `now`.
    async fn acquire(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Fence>, StoreError>;

    /// Gives the lease back.
    async fn release(&self, fence: &Fence) -> Result<(), StoreError>;

    /// Items that wait for placement: what may alert before history, each oldest
    /// effective time first. An import must not hold up what happens now.
    async fn unplaced(&self, limit: u32) -> Result<Vec<Waiting>, StoreError>;

    /// How many items wait for placement.
    async fn unplaced_count(&self) -> Result<u64, StoreError>;

    /// Incidents the item may belong to, by what it shares with them, and the
    /// item of it that shares it: the same document (an edit), address, text or
    /// CVE. At most 50, the latest first.
    async fn candidates(
        &self,
        item: &Item,
        analysis: &Analysis,
    ) -> Result<Vec<Candidate>, StoreError>;

    /// The texts of an incident's latest items, repeats last, at most `limit`:
    /// for rules that look for words.
    async fn texts(&self, incident: IncidentId, limit: u32) -> Result<Vec<Text>, StoreError>;

    /// What is known of these CVEs, in this order, unknown ones left out.
    async fn vulnerabilities(&self, cves: &[CveId]) -> Result<Vec<Vulnerability>, StoreError>;

    /// Begins a sitting. Until it is committed or dropped other writes may wait for it:
    /// whoever sits asks for none.
    ///
    /// # Errors
    /// [`StoreError::Fenced`], here or at any step, when `fence` no longer holds.
    async fn sit<'a>(&'a self, fence: &Fence) -> Result<Box<dyn Sitting + 'a>, StoreError>;

    /// A sitting of one placement.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when `fence` no longer holds.
    async fn commit(&self, fence: &Fence, placed: Placed) -> Result<(), StoreError> {
        let mut sitting = self.sit(fence).await?;
        sitting.place(placed).await?;
        sitting.commit().await
    }
}

/// Placements that share one commit, and with it the wait for the disk. Each sees those
/// before it; readers see none before the commit. Dropped, it leaves nothing behind.
#[async_trait]
pub trait Sitting: Send {
    /// [`Lane::candidates`].
    async fn candidates(
        &mut self,
        item: &Item,
        analysis: &Analysis,
    ) -> Result<Vec<Candidate>, StoreError>;

    /// [`Lane::texts`].
    async fn texts(&mut self, incident: IncidentId, limit: u32) -> Result<Vec<Text>, StoreError>;

    /// [`Lane::vulnerabilities`].
    async fn vulnerabilities(&mut self, cves: &[CveId]) -> Result<Vec<Vulnerability>, StoreError>;

    /// Writes the item's analysis, its incident, the alerts and their deliveries. All or
    /// nothing: one that fails costs none of those before it.
    async fn place(&mut self, placed: Placed) -> Result<(), StoreError>;

    /// Commits what was placed.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// The right to commit, until somebody else takes the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    /// Of which lease.
    pub name: String,
    /// Grows each time the lease changes hands.
    pub number: i64,
}

/// An item that waits for placement.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// The item.
    pub item: Item,
    /// How it may alert.
    pub occasion: Occasion,
}

/// What became of one item.
#[derive(Debug, Clone)]
pub struct Placed {
    /// Which.
    pub item: ItemId,
    /// When.
    pub at: Timestamp,
    /// What we understood.
    pub analysis: Analysis,
    /// The item whose text or address it repeats.
    pub repeat_of: Option<ItemId>,
    /// Why it belongs to the incident, in one sentence.
    pub joined_because: Option<String>,
    /// The incident with the item in it; none when the item is irrelevant.
    pub incident: Option<Incident>,
    /// What rules say of it.
    pub alerts: Vec<Alert>,
    /// Whom to tell.
    pub deliveries: Vec<NewDelivery>,
}

/// A delivery to be written. It joins one that waits for the same channel and
/// incident (or the channel's waiting digest) and has not been claimed or tried.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    /// The id, if it does not join another.
    pub id: DeliveryId,
    /// Through which channel.
    pub channel: ChannelId,
    /// What it carries.
    pub kind: DeliveryKind,
    /// Alerts it tells of.
    pub alerts: Vec<model::AlertId>,
    /// Not before this.
    pub due: Timestamp,
    /// Nor sooner than this after the last message on the same incident.
    pub gap: Duration,
}

/// Deliveries, their claims and their fates.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Claims up to `limit` deliveries that are due, whose channel is among
    /// `channels` and not paused, and that nobody holds, until `until`. At most one
    /// per channel and incident at a time, oldest first.
    async fn claim(
        &self,
        holder: &str,
        channels: &[ChannelId],
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Claimed>, StoreError>;

    /// Writes what came of a claimed delivery, and ends the claim.
    async fn settle(
        &self,
        delivery: DeliveryId,
        at: Timestamp,
        settlement: Settlement,
    ) -> Result<(), StoreError>;

    /// When the next pending delivery of these channels is due.
    async fn next_due(&self, channels: &[ChannelId]) -> Result<Option<Timestamp>, StoreError>;

    /// Writes a delivery that belongs to no alert.
    async fn enqueue(&self, at: Timestamp, delivery: NewDelivery) -> Result<(), StoreError>;

    /// Deliveries by state, newest first.
    async fn deliveries(
        &self,
        state: Option<model::DeliveryState>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError>;

    /// Every attempt of a delivery, oldest first.
    async fn attempts(&self, delivery: DeliveryId) -> Result<Vec<Attempt>, StoreError>;

    /// Makes a dead delivery pending again, due now. False if it is not dead.
    async fn replay(&self, delivery: DeliveryId, now: Timestamp) -> Result<bool, StoreError>;

    /// The channels that are paused, since when and why.
    async fn paused(&self) -> Result<Vec<(ChannelId, Timestamp, String)>, StoreError>;

    /// Ends a pause. False if it was not paused.
    async fn resume(&self, channel: &ChannelId) -> Result<bool, StoreError>;

    /// A channel's memo: a fingerprint of its settings, a learned chat id.
    async fn channel_memo(
        &self,
        channel: &ChannelId,
        key: &str,
    ) -> Result<Option<String>, StoreError>;

    /// Keeps a channel's memo.
    async fn keep_channel_memo(
        &self,
        channel: &ChannelId,
        key: &str,
        value: &str,
    ) -> Result<(), StoreError>;
}

/// A delivery somebody has claimed, with what it takes to render it.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// The delivery.
    pub delivery: Delivery,
    /// Its alerts, oldest first, each with its incident as it is now.
    pub alerts: Vec<(Alert, Incident)>,
    /// The thread of the incident in this channel, if one was opened.
    pub thread: Option<String>,
}

/// What came of an attempt.
#[derive(Debug, Clone)]
pub enum Settlement {
    /// The service took it.
    Sent(Receipt),
    /// Again, not before this.
    Again {
        /// When.
        due: Timestamp,
        /// Why not now.
        error: String,
    },
    /// Trying again cannot help.
    Dead {
        /// Why.
        error: String,
    },
    /// The channel is paused and the delivery waits; these others are told.
    Paused {
        /// Why.
        reason: String,
        /// Notices to other channels.
        notices: Vec<NewDelivery>,
    },
}

/// What readers ask.
#[async_trait]
pub trait Library: Send + Sync {
    /// One page of the incidents of which this holds.
    async fn incidents(
        &self,
        wanted: &Condition,
        page: &PageRequest,
    ) -> Result<IncidentPage, StoreError>;

    /// How what a query asks is looked up, and how much there is.
    async fn explain(&self, wanted: &Condition) -> Result<Explained, StoreError>;

    /// How the latest of them fall into types, countries, sources and the like.
    async fn facets(&self, wanted: &Condition) -> Result<Facets, StoreError>;

    /// Known keys of a kind that begin so, those of most incidents first, each with
    /// how many; names without the spaces they are stored with.
    async fn known_keys(
        &self,
        key: Key,
        begins: &str,
        limit: u32,
    ) -> Result<Vec<(String, u64)>, StoreError>;

    /// The categories of the OWASP Top 10, newest edition first.
    async fn owasp_categories(&self) -> Result<Vec<OwaspCategory>, StoreError>;

    /// Every saved search, by name.
    async fn saved_searches(&self) -> Result<Vec<SavedSearch>, StoreError>;

    /// Saves a search. False, and nothing is done, when there is one of this name,
    /// or too many.
    async fn save_search(&self, search: SavedSearch) -> Result<bool, StoreError>;

    /// Forgets a saved search. False if there is none of this id.
    async fn forget_search(&self, id: SearchId) -> Result<bool, StoreError>;

    /// One incident with all that belongs to it. The name of one that was merged
    /// gives the one it went into.
    async fn incident(&self, id: IncidentId) -> Result<Option<IncidentDetail>, StoreError>;

    /// An incident without what hangs on it.
    async fn incident_alone(&self, id: IncidentId) -> Result<Option<Incident>, StoreError>;

    /// The latest items of an incident, newest first, repeats left out.
    async fn latest_items(&self, id: IncidentId, limit: u32) -> Result<Vec<Item>, StoreError>;

    /// The incident an item was placed in; `None` while it waits, `Some(None)` when
    /// it was found irrelevant.
    async fn placement_of(&self, item: ItemId) -> Result<Option<Option<IncidentId>>, StoreError>;

    /// The latest alert of `rule` on each incident, newest first.
    async fn alerts(
        &self,
        rule: &model::RuleId,
        limit: u32,
    ) -> Result<Vec<(Alert, Incident)>, StoreError>;

    /// Events after `seq`, oldest first. `seq` older than the oldest kept gives
    /// [`EventPage::gap`].
    async fn events(&self, after: i64, limit: u32) -> Result<EventPage, StoreError>;

    /// The number of the latest event; 0 when there is none.
    async fn last_event(&self) -> Result<i64, StoreError>;

    /// Wakes whenever this process committed something that readers show. Leases,
    /// claims and memos are not: whoever waits here may take them without waking
    /// itself.
    fn changes(&self) -> tokio::sync::watch::Receiver<u64>;

    /// A number that is another one as soon as something was committed, by whichever
    /// process; of other nodes of a PostgreSQL as soon as we are told. `None` while it
    /// is not known. Cheap to ask for.
    fn version(&self) -> Option<u64>;

    /// All that is known of a CVE. `None` if nobody has spoken of it.
    async fn vulnerability(&self, cve: &CveId) -> Result<Option<VulnerabilityDetail>, StoreError>;

    /// One page of vulnerabilities, those whose record was changed last first:
    /// after `after`, at most `limit` (1 to 200).
    async fn vulnerability_page(
        &self,
        filter: &VulnerabilityFilter,
        after: Option<&str>,
        limit: u32,
    ) -> Result<VulnerabilityPage, StoreError>;

    /// Every category of the OWASP Top 10, newest edition first, with its CVEs.
    async fn owasp(&self) -> Result<Vec<OwaspStanding>, StoreError>;

    /// How much there is.
    async fn totals(&self) -> Result<Totals, StoreError>;

    /// Reads and writes one row: whether the store works.
    async fn probe(&self) -> Result<(), StoreError>;
}

/// Which page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// In which order.
    pub order: IncidentOrder,
    /// After this: [`IncidentPage::next`] of the page before.
    pub after: Option<String>,
    /// At most so many, 1 to 200.
    pub limit: u32,
}

/// In which order incidents are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IncidentOrder {
    /// Latest first.
    Latest,
    /// Worst first, then latest.
    Worst,
    /// Where the words stand most tellingly first, of the latest 2,000 at most; of a
    /// query without words the latest first.
    Relevance,
}

/// How a condition is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// Step by step, in words for people who know databases.
    pub steps: Vec<String>,
    /// How many incidents match.
    pub total: u64,
    /// Whether `total` is exact.
    pub exact: bool,
}

/// A search that somebody keeps.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedSearch {
    /// Its id.
    pub id: SearchId,
    /// Its name, which no other has.
    pub name: String,
    /// What it asks.
    pub query: Query,
    /// When it was saved.
    pub at: Timestamp,
}

/// A page of incidents.
#[derive(Debug, Clone)]
pub struct IncidentPage {
    /// The incidents: fewer than were asked for, even none, where a search walked far and
    /// found little. The next page goes on there.
    pub incidents: Vec<Incident>,
    /// Where the next page begins; absent on the last.
    pub next: Option<String>,
    /// How many match in all; exact up to 10,000, where not too many had to be looked at.
    pub total: u64,
    /// Whether `total` is exact.
    pub exact: bool,
}

/// One incident with all that belongs to it.
#[derive(Debug, Clone)]
pub struct IncidentDetail {
    /// The incident.
    pub incident: Incident,
    /// Its items, newest first, repeats included, at most 500.
    pub items: Vec<PlacedItem>,
    /// Its vulnerabilities, worst first.
    pub vulnerabilities: Vec<Vulnerability>,
    /// Alerts on it with their deliveries, newest first, at most 200.
    pub alerts: Vec<(Alert, Vec<Delivery>)>,
    /// How it developed, latest first.
    pub developments: Vec<model::incident::Developed>,
    /// What people wrote beside it, oldest first.
    pub notes: Vec<model::incident::Note>,
}

/// An item in its incident.
#[derive(Debug, Clone)]
pub struct PlacedItem {
    /// The item.
    pub item: Item,
    /// What we understood of it.
    pub analysis: Analysis,
    /// The item whose text or address it repeats.
    pub repeat_of: Option<ItemId>,
    /// Why it is here.
    pub joined_because: Option<String>,
}

/// All that is known of a CVE.
#[derive(Debug, Clone)]
pub struct VulnerabilityDetail {
    /// The whole that follows from the statements.
    pub vulnerability: Vulnerability,
    /// What each source says, by source.
    pub statements: Vec<Statement>,
    /// The categories of the OWASP Top 10 that hold one of its weaknesses, newest
    /// edition first.
    pub owasp: Vec<OwaspCategory>,
    /// The incidents that are about it, latest first, at most 50.
    pub incidents: Vec<Incident>,
    /// What really changed, latest first; edits are not among it.
    pub changes: Vec<VulnerabilityChange>,
}

/// Something of a vulnerability changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VulnerabilityChange {
    /// When we heard of it.
    pub at: Timestamp,
    /// Whose word changed it.
    pub source: SourceId,
    /// What changed, from and to.
    pub change: model::vulnerability::Change,
}

/// Which vulnerabilities. All given parts must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VulnerabilityFilter {
    /// Whose CVE begins so, as `CVE-2026-`.
    pub cve: Option<String>,
    /// At least this severe.
    pub min_severity: Option<Severity>,
    /// Exploited, or not.
    pub exploited: Option<bool>,
    /// With this weakness.
    pub weakness: Option<model::CweId>,
    /// Of which something really changed at or after this; an edit is no change.
    pub changed_since: Option<Timestamp>,
    /// Whose record was changed at or after this, be it a comma.
    pub modified_since: Option<Timestamp>,
}

/// A page of vulnerabilities.
#[derive(Debug, Clone)]
pub struct VulnerabilityPage {
    /// The vulnerabilities.
    pub vulnerabilities: Vec<Vulnerability>,
    /// Where the next page begins; absent on the last.
    pub next: Option<String>,
}

/// A category of the OWASP Top 10, and the CVEs whose weaknesses it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwaspStanding {
    /// The category.
    pub category: OwaspCategory,
    /// How many CVEs have one of its weaknesses.
    pub vulnerabilities: u64,
    /// How many of them are exploited.
    pub exploited: u64,
    /// The worst of them: exploited first, then by score; at most five.
    pub worst: Vec<CveId>,
}

/// Something that happened, for live readers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its number; grows.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// What: `incident.opened`, `incident.updated`, `incident.merged` (the one that is
    /// gone), `delivery.settled`, `source.polled`, `feedback.changed`, `model.decided`.
    pub kind: String,
    /// About what: the id.
    pub subject: String,
}

/// Some events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventPage {
    /// The events.
    pub events: Vec<Event>,
    /// Whether events were missed because they are no longer kept.
    pub gap: bool,
}

/// How much there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Items.
    pub items: u64,
    /// Incidents.
    pub incidents: u64,
    /// Vulnerabilities.
    pub vulnerabilities: u64,
    /// Deliveries that wait.
    pub pending: u64,
    /// Dead letters.
    pub dead: u64,
}

/// Where the memory is. Shown without secrets.
#[derive(Debug, Clone)]
pub enum Location {
    /// A SQLite file.
    File(PathBuf),
    /// A PostgreSQL database.
    Postgres(postgres::Address),
}

impl Location {
    /// False for a file that opening would make. Whether a PostgreSQL is there only
    /// opening tells.
    #[must_use]
    pub fn is_there(&self) -> bool {
        match self {
            Self::File(path) => path.exists(),
            Self::Postgres(_) => true,
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Postgres(address) => write!(f, "{address}"),
        }
    }
}

impl From<PathBuf> for Location {
    fn from(path: PathBuf) -> Self {
        Self::File(path)
    }
}

/// Opens the store that is at `location`, making it and bringing it up to date.
///
/// # Errors
/// It is not ours, is newer than this program, or cannot be opened or reached.
pub async fn open(
    location: Location,
    milestones: Arc<dyn Milestones>,
) -> Result<Arc<dyn Store>, StoreError> {
    Ok(match location {
        Location::File(path) => Arc::new(sqlite::Sqlite::open(path, milestones).await?),
        Location::Postgres(address) => {
            Arc::new(postgres::Postgres::open(&address, milestones).await?)
        }
    })
}
