//! What the store remembers of people's feedback, and of the models that learn from
//! it.

use async_trait::async_trait;
use model::{Decision, Feedback, FeedbackId, Incident, IncidentId, ItemId, Task};

use crate::{Change, PlacedItem, StoreError};

/// Feedback and decisions about models.
#[async_trait]
pub trait Learning: Send + Sync {
    /// Keeps what a person said, what follows from it at once, and both in the
    /// incident's history. False, and nothing is kept, when the incident of [`Effect::Incident`] was changed meanwhile: read
    /// it again.
    async fn keep_feedback(&self, feedback: Feedback, effect: Effect) -> Result<bool, StoreError>;

    /// Takes back what a person said, and what followed; `change` is who does, when.
    /// False as above.
    async fn withdraw_feedback(
        &self,
        feedback: Feedback,
        change: Change,
        effect: Effect,
    ) -> Result<bool, StoreError>;

    /// One page of feedback, newest first: after `after`, at most `limit` (1 to
    /// 10,000).
    async fn feedback(
        &self,
        filter: &FeedbackFilter,
        after: Option<&str>,
        limit: u32,
    ) -> Result<FeedbackPage, StoreError>;

    /// One saying.
    async fn one_feedback(&self, id: FeedbackId) -> Result<Option<Given>, StoreError>;

    /// What was said of these items, oldest first.
    async fn feedback_on(&self, items: &[ItemId]) -> Result<Vec<Feedback>, StoreError>;

    /// An item, wherever it was placed; `None` if it is not known or still waits.
    async fn placed_item(&self, item: ItemId) -> Result<Option<PlacedItem>, StoreError>;

    /// The items placed last, irrelevant ones among them, repeats and CVE records
    /// not; at most 5,000.
    async fn latest_placed(&self, limit: u32) -> Result<Vec<PlacedItem>, StoreError>;

    /// Writes a decision down. The oldest are forgotten, but of no task the latest
    /// hundred.
    async fn decide(&self, decision: Decision) -> Result<(), StoreError>;

    /// Decisions, newest first; of one task if it is given.
    async fn decisions(&self, task: Option<Task>, limit: u32) -> Result<Vec<Decision>, StoreError>;

    /// Grows with every decision, whichever process makes it: cheap to look at often.
    async fn decision_count(&self) -> Result<u64, StoreError>;
}

/// What follows at once from something said, or taken back.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Nothing: the item is in no incident and stays so.
    Nothing,
    /// The incident is now so. Its revision is one more than that which was read.
    Incident(Box<Incident>),
    /// The item was found irrelevant and is placed again, as history.
    Placement(ItemId),
}

/// Which feedback. All given parts must hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FeedbackFilter {
    /// On items of this incident.
    pub incident: Option<IncidentId>,
    /// On this item.
    pub item: Option<ItemId>,
}

/// Something said, and the incident it holds for.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    /// What was said, of which item.
    pub feedback: Feedback,
    /// The incident the item is in now, if it is in one.
    pub incident: Option<IncidentId>,
}

/// A page of feedback.
#[derive(Debug, Clone, Default)]
pub struct FeedbackPage {
    /// What was said.
    pub given: Vec<Given>,
    /// Where the next page begins; absent on the last.
    pub next: Option<String>,
    /// How much there is in all.
    pub total: u64,
}

/// Feedback handed out at once at most.
pub(crate) const LONGEST_PAGE: u32 = 10_000;
/// Items handed out at once at most.
pub(crate) const MOST_ITEMS: u32 = 5_000;
/// For each item wanted so many are looked at: some are records.
pub(crate) const LOOKED_AT: u32 = 4;
/// Decisions kept of each task.
pub(crate) const DECISIONS_KEPT: i64 = 100;

/// Where a page of feedback begins: before this row.
pub(crate) fn page_place(after: Option<&str>) -> Result<i64, StoreError> {
    after.map_or(Ok(i64::MAX), |text| {
        text.parse().map_err(|_| {
            StoreError::Invalid(format!("`{text}` is not the end of a page of feedback"))
        })
    })
}
