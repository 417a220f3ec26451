//! What people do about incidents: status, assignee, tags, notes; and what they say
//! of stories: that one is two, that two are one, that an item does not belong.
//!
//! What people say is remembered of the document, in all its versions, and no
//! placement and no second reading goes against it.

use async_trait::async_trait;
use model::incident::{Development, NoteText, Person, Tag};
use model::{Alert, Feedback, Incident, IncidentId, IncidentStatus, ItemId, Timestamp};

use crate::archive::Story;
use crate::{Change, Fence, StoreError};

/// How many notes an incident takes.
pub const MOST_NOTES: u32 = 200;

/// The hands of people.
#[async_trait]
pub trait Handling: Send + Sync {
    /// Does to an incident what a person wants. `seen` is the revision the person
    /// looked at; when it is given and no longer the present one, nothing is done.
    async fn handle(
        &self,
        id: IncidentId,
        act: Act,
        change: Change,
        seen: Option<u64>,
    ) -> Result<Handled, StoreError>;

    /// An incident with all its items, in the order in which they were placed. The
    /// name of one that was merged gives the one it went into.
    async fn story(&self, id: IncidentId) -> Result<Option<Story>, StoreError>;

    /// Writes a split, a merge or an item taken out, and remembers that people said
    /// so. All or nothing.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when `fence` no longer holds.
    async fn rearrange(&self, fence: &Fence, rearranged: Rearranged)
    -> Result<Handled, StoreError>;

    /// The incidents that read most like this one, most like it first. `None` if
    /// there is no such incident.
    async fn similar(&self, id: IncidentId, limit: u32)
    -> Result<Option<Vec<Similar>>, StoreError>;
}

/// What a person wants of an incident. What is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Act {
    /// What was done about it.
    pub status: Option<IncidentStatus>,
    /// Who looks after it; none within: nobody.
    pub assignee: Option<Option<Person>>,
    /// Tags to add.
    pub add_tags: Vec<Tag>,
    /// Tags to take away.
    pub remove_tags: Vec<Tag>,
    /// A note to write beside it.
    pub note: Option<NoteText>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Handled {
    /// Done; the incident as it is now.
    Done(Box<Incident>),
    /// There is no such incident.
    Unknown,
    /// Somebody or something changed it meanwhile; this is its revision now.
    Changed(u64),
    /// It has as many notes or tags as it takes.
    Full(&'static str),
}

/// Items move between incidents, by hand.
#[derive(Debug, Clone)]
pub struct Rearranged {
    /// Who, when.
    pub change: Change,
    /// The revision the person looked at.
    pub seen: Option<u64>,
    /// The incident that stays, as it follows from the items it will have.
    pub incident: Incident,
    /// What moves.
    pub what: Rearrangement,
}

/// What moves.
#[derive(Debug, Clone)]
pub enum Rearrangement {
    /// Items leave and open another incident.
    Split {
        /// The other one.
        opened: Box<Incident>,
        /// What rules say of it, for the record: nobody is told.
        alerts: Vec<Alert>,
        /// Those that leave, in order.
        items: Vec<Moved>,
    },
    /// Another incident goes into this one, with its alerts, deliveries, threads and
    /// notes. Its name leads here from now on.
    Merge {
        /// The other one.
        gone: IncidentId,
    },
    /// Items leave and wait for placement again, as history.
    TakeOut {
        /// Those that leave.
        items: Vec<ItemId>,
    },
}

/// An item in its new incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Which.
    pub item: ItemId,
    /// The item of the new incident that it repeats.
    pub repeat_of: Option<ItemId>,
    /// Why it is there.
    pub because: String,
}

/// An incident that reads like another.
#[derive(Debug, Clone, PartialEq)]
pub struct Similar {
    /// Which.
    pub incident: Incident,
    /// Which share of the other's telling words and CVEs stand in it, from 0 to 1.
    pub score: f32,
    /// What they share, weightiest first: words as they are written, and CVEs.
    pub shared: Vec<String>,
}

/// Developments of one incident that Prahari itself told are kept up to this, the
/// latest; what people did stays.
pub(crate) const MOST_DEVELOPMENTS: u32 = 500;
/// How many are read at once at most.
pub(crate) const DEVELOPMENTS_READ: u32 = 1_000;
/// Why items of a merged incident are where they are, when nothing else says so.
pub(crate) const MERGED: &str = "its incident was merged into this one by hand";

/// When, by whom, and through which item.
#[derive(Clone, Copy)]
pub(crate) struct Cause<'a> {
    pub(crate) at: Timestamp,
    pub(crate) by: Option<&'a str>,
    pub(crate) item: Option<ItemId>,
}

impl<'a> Cause<'a> {
    /// By the hand of a person.
    pub(crate) fn of(change: &'a Change) -> Self {
        Self {
            at: change.at,
            by: Some(&change.by),
            item: None,
        }
    }

    /// By what a person said.
    pub(crate) fn said(feedback: &'a Feedback) -> Self {
        Self {
            at: feedback.said.at,
            by: Some(&feedback.said.by),
            item: Some(feedback.item),
        }
    }
}

/// What is told of an incident that was opened.
pub(crate) fn opening(incident: &Incident) -> Development {
    Development::Opened {
        severity: incident.band(),
        claim: incident.claim,
        why: incident.severity.reason.text.clone(),
    }
}

impl Act {
    /// The incident after it; `None` when it would have more tags than one takes.
    pub(crate) fn on(&self, stored: &Incident) -> Option<Incident> {
        let mut incident = stored.clone();
        if let Some(status) = self.status {
            incident.status = status;
        }
        if let Some(assignee) = &self.assignee {
            incident.assignee = assignee.as_ref().map(|person| person.0.clone());
        }
        incident
            .tags
            .retain(|tag| !self.remove_tags.iter().any(|gone| gone.0 == *tag));
        incident
            .tags
            .extend(self.add_tags.iter().map(|tag| tag.0.clone()));
        incident.tags.sort_unstable();
        incident.tags.dedup();
        (incident.tags.len() <= Incident::MAX_TAGS).then_some(incident)
    }
}

/// Lets the incident that takes another in have what people gave that one.
pub(crate) fn take_over(incident: &mut Incident, gone: &Incident) {
    if incident.assignee.is_none() {
        incident.assignee.clone_from(&gone.assignee);
    }
    incident.tags.extend(gone.tags.iter().cloned());
    incident.tags.sort_unstable();
    incident.tags.dedup();
    incident.tags.truncate(Incident::MAX_TAGS);
}
