//! The items that tell one story.

mod development;
mod handling;

use serde::{Deserialize, Serialize};

use crate::analysis::{IncidentType, Reason, Relevance, Sector, Tagged};
use crate::clock::Timestamp;
use crate::entity::{EntityKind, Role};
use crate::feedback::Said;
use crate::id::{CveId, IncidentId, ItemId, SourceId};
use crate::print::Member;
use crate::region::Region;
use crate::severity::{Judgement, Severity};

pub use development::{Developed, Development, between};
pub use handling::{Note, NoteText, Person, Tag};

labels! {
    /// What people have done about an incident.
    IncidentStatus, "an incident status (new, watching, handled or dismissed)" {
        /// Nobody has looked.
        New = "new", "New";
        /// Somebody follows it.
        Watching = "watching", "Watching";
        /// Done.
        Handled = "handled", "Handled";
        /// Of no concern.
        Dismissed = "dismissed", "Dismissed";
    }
}

labels! {
    /// How firm the story is.
    ClaimStatus, "a claim status (claimed, reported, corroborated, confirmed or denied)" {
        /// Only the attacker says so.
        Claimed = "claimed", "Claimed";
        /// One publisher reports it.
        Reported = "reported", "Reported";
        /// Several independent publishers report it.
        Corroborated = "corroborated", "Corroborated";
        /// The victim or an authority confirms it.
        Confirmed = "confirmed", "Confirmed";
        /// The victim denies it.
        Denied = "denied", "Denied";
    }
}

/// One opinion on how bad an incident is: an item's, or a vulnerability's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Voice {
    /// Whose: an item id, or a CVE id.
    pub origin: String,
    /// What it says.
    pub judgement: Judgement,
}

/// A named thing and how many items of an incident name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EntityCount {
    /// What it is.
    pub kind: EntityKind,
    /// Its name.
    pub name: String,
    /// How many items name it.
    pub count: u32,
    /// The part that an item gives it, if one does.
    #[serde(default)]
    pub role: Option<Role>,
}

/// An incident that an item may belong to, and what they share.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The incident.
    pub incident: Incident,
    /// What they share, strongest first; empty when it was found by its words.
    pub links: Vec<Link>,
    /// Its latest items near the time of the item, latest first, when it was found
    /// by its words, or when people keep it apart from another one.
    pub members: Vec<Member>,
    /// Incidents with items that people took out of this one.
    pub apart: Vec<IncidentId>,
}

/// What an item and an incident share.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Link {
    /// People said that the item's document belongs to it.
    Said,
    /// The item is a new version of this one: same source, same external id.
    Edit(ItemId),
    /// This item has the same canonical address.
    Address(ItemId),
    /// This item has the same text.
    Text(ItemId),
    /// Both are about this CVE.
    Cve(CveId),
}

/// The items that tell one story, and what follows from them together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Incident {
    /// Its name.
    pub id: IncidentId,
    /// Grows by one with every change; tells a reader whether it has news.
    pub revision: u64,
    /// The headline, as a source wrote it.
    pub title: String,
    /// One to three sentences that a source wrote.
    pub summary: String,
    /// The address of the item that title and summary come from.
    pub url: Option<String>,
    /// The source that title and summary come from.
    pub source: SourceId,
    /// How bad: the highest of `voices`.
    pub severity: Judgement,
    /// Every opinion on how bad, highest first, at most [`Incident::MAX_VOICES`].
    pub voices: Vec<Voice>,
    /// Kinds of event, surest first.
    pub types: Vec<Tagged<IncidentType>>,
    /// Where.
    pub region: Region,
    /// Whom.
    pub sectors: Vec<Tagged<Sector>>,
    /// The highest relevance among its items.
    pub relevance: Relevance,
    /// The CVEs it is about.
    pub cves: Vec<CveId>,
    /// Whether exploitation is confirmed.
    pub exploited: bool,
    /// Whether a CVE of it is in CISA's catalogue of known exploited ones.
    pub kev: bool,
    /// The user's keywords that brought it, as the user spelled them.
    pub keywords: Vec<String>,
    /// How firm the story is.
    pub claim: ClaimStatus,
    /// What people did about it.
    pub status: IncidentStatus,
    /// Who looks after it.
    #[serde(default)]
    pub assignee: Option<String>,
    /// What people filed it under, in alphabetical order.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Effective time of its earliest item.
    pub first_seen: Timestamp,
    /// Effective time of its latest item.
    pub last_seen: Timestamp,
    /// How many items it has, repeats of one text left out.
    pub items: u32,
    /// The sources that tell it, in order of first telling.
    pub sources: Vec<SourceId>,
    /// Who tells it in words of their own, in order of first telling: sites, and
    /// authors of posts, at most [`Incident::MAX_PUBLISHERS`]. Reprints are left out.
    #[serde(default)]
    pub publishers: Vec<String>,
    /// Why, weightiest first: relevance, types, severity, region.
    pub reasons: Vec<Reason>,
    /// What people said of it, which stands above what its items say.
    #[serde(default)]
    pub said: Option<Said>,
    /// Named things in its items, victims and then those named most first, at most
    /// [`Incident::MAX_ENTITIES`].
    #[serde(default)]
    pub entities: Vec<EntityCount>,
    /// The highest EPSS score of its CVEs when it was last told.
    #[serde(default)]
    pub epss: Option<f32>,
    /// The highest CVSS score of its CVEs when it was last told.
    #[serde(default)]
    pub cvss: Option<f32>,
}

impl Incident {
    /// How many opinions on severity are kept.
    pub const MAX_VOICES: usize = 12;
    /// How many named things are kept.
    pub const MAX_ENTITIES: usize = 64;

    /// How many publishers are kept.
    pub const MAX_PUBLISHERS: usize = 100;

    /// How many tags people may give it.
    pub const MAX_TAGS: usize = 20;

    /// How bad.
    #[must_use]
    pub const fn band(&self) -> Severity {
        self.severity.severity
    }

    /// Takes over what people decided of `stored`: machines never undo it.
    pub fn keep_decisions_of(&mut self, stored: &Self) {
        self.status = stored.status;
        self.assignee.clone_from(&stored.assignee);
        self.tags.clone_from(&stored.tags);
    }

    /// Its types without the confidence.
    pub fn type_labels(&self) -> impl Iterator<Item = IncidentType> {
        self.types.iter().map(|tagged| tagged.label)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the first version stored it.
    #[test]
    fn an_incident_from_before_entities_still_reads() {
        let stored = serde_json::json!({
            "id": "01936000-0000-7000-8000-000000000001", "revision": 1, "title": "Acme attacked",
            "summary": "", "url": null, "source": "feed-a",
            "severity": { "severity": "high", "score": 8.0,
                "reason": { "aspect": "severity", "text": "a test", "weight": 1.0 } },
            "voices": [], "types": [], "region": { "countries": ["IN"], "states": [] },
            "sectors": [], "relevance": { "label": "incident", "probability": 0.9 },
            "cves": [], "exploited": false, "kev": false, "keywords": [], "claim": "reported",
            "status": "new", "first_seen": "2026-11-21T09:00:00Z",
            "last_seen": "2026-11-21T09:00:00Z", "items": 1, "sources": ["feed-a"], "reasons": [],
        });
        let incident: Incident = serde_json::from_value(stored).unwrap();
        assert_eq!(
            (incident.entities.len(), incident.epss, incident.cvss),
            (0, None, None)
        );
    }
}
