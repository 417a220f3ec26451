//! What an operator asks of the memory: whether it is sound, and that it forgets what
//! is old.

use async_trait::async_trait;
use model::Timestamp;

use crate::{Fence, StoreError};

/// Soundness and forgetting.
#[async_trait]
pub trait Upkeep: Send + Sync {
    /// Looks for what should not be so, and for what somebody should know. Changes
    /// nothing.
    async fn examine(&self, now: Timestamp) -> Result<Vec<Finding>, StoreError>;

    /// One step of building again what follows from the rest: the words by which items
    /// are found, and what queries ask of the incidents after `after`. `None` for
    /// [`Rebuilt::next`]: that was all.
    async fn rebuild(&self, after: i64) -> Result<Rebuilt, StoreError>;

    /// How much `policy` would forget.
    async fn forgettable(&self, policy: &Policy) -> Result<Forgotten, StoreError>;

    /// One step of forgetting, some `limit` rows; [`Forgotten::more`] says whether to go
    /// on. Nothing is placed meanwhile: an incident must not go while an item joins it.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when `fence` no longer holds.
    async fn forget(
        &self,
        fence: &Fence,
        policy: &Policy,
        limit: u32,
        now: Timestamp,
    ) -> Result<Forgotten, StoreError>;

    /// One step of giving free space back to the disk, where that is ours to do; true
    /// if there is more.
    async fn give_back(&self) -> Result<bool, StoreError>;
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Good to know; nothing to do.
    Note,
    /// Somebody should do something.
    Warning,
    /// Something is wrong with what is stored, or would be lost.
    Broken,
}

impl Level {
    /// `note`, `warning`, `broken`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Broken => "broken",
        }
    }
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where it was looked: `integrity`, `text index`, `outbox` …
    pub check: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What was found.
    pub what: String,
    /// What to do about it.
    pub advice: String,
    /// Whether [`Upkeep::rebuild`] mends it.
    pub rebuild: bool,
}

impl Finding {
    /// A finding that only a person can do something about.
    #[must_use]
    pub fn new(
        check: &'static str,
        level: Level,
        what: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            check,
            level,
            what: what.into(),
            advice: advice.into(),
            rebuild: false,
        }
    }
}

/// What one step of building again did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// Items that are found by their words now, or no longer.
    pub items: u64,
    /// Incidents of which queries know something else now.
    pub incidents: u64,
    /// Where the next step begins.
    pub next: Option<i64>,
}

/// What is forgotten. Absent parts are kept for ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Policy {
    /// Irrelevant items that were placed, and told, before this.
    pub irrelevant: Option<Timestamp>,
    /// Dismissed incidents of which nothing came since this.
    pub dismissed: Option<Timestamp>,
    /// Other incidents of which nothing came since this, unless somebody watches them.
    pub incidents: Option<Timestamp>,
    /// Deliveries that were sent or given up before this.
    pub deliveries: Option<Timestamp>,
    /// Names of forgotten items that no source has shown since this.
    pub names: Option<Timestamp>,
}

/// What was forgotten, or would be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Irrelevant items.
    pub irrelevant: u64,
    /// Incidents.
    pub incidents: u64,
    /// Their items.
    pub items: u64,
    /// Deliveries beside theirs.
    pub deliveries: u64,
    /// Names of forgotten items.
    pub names: u64,
    /// Whether there is more.
    pub more: bool,
}

impl Forgotten {
    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            irrelevant: self.irrelevant + other.irrelevant,
            incidents: self.incidents + other.incidents,
            items: self.items + other.items,
            deliveries: self.deliveries + other.deliveries,
            names: self.names + other.names,
            more: other.more,
        }
    }

    /// Whether it is nothing.
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        self.irrelevant + self.incidents + self.deliveries + self.names == 0
    }
}
