//! How an incident developed: what changed of it, when, and by whose hand.
//!
//! What follows from two states of an incident is told by [`between`]; a merge, a
//! split and an item taken out are told by those who do them.

use serde::{Deserialize, Serialize};

use super::{ClaimStatus, Incident, IncidentStatus};
use crate::clock::Timestamp;
use crate::feedback::Said;
use crate::id::{IncidentId, ItemId};
use crate::severity::Severity;

/// Something of an incident changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Development {
    /// It was opened.
    Opened {
        /// How bad it was then.
        severity: Severity,
        /// How firm it was then.
        claim: ClaimStatus,
        /// Why that severity.
        why: String,
    },
    /// How bad it is changed.
    Severity {
        /// The band before.
        from: Severity,
        /// The band since.
        to: Severity,
        /// Why.
        why: String,
    },
    /// How firm the story is changed.
    Claim {
        /// Before.
        from: ClaimStatus,
        /// Since.
        to: ClaimStatus,
    },
    /// Exploitation was confirmed.
    Exploited,
    /// A CVE of it was added to CISA's catalogue of known exploited ones.
    KevListed,
    /// Another source tells it better.
    Retold {
        /// The headline before.
        from: String,
        /// The headline since.
        to: String,
    },
    /// What people do about it changed.
    Status {
        /// Before.
        from: IncidentStatus,
        /// Since.
        to: IncidentStatus,
    },
    /// Who looks after it changed.
    Assignee {
        /// Who did; none: nobody.
        from: Option<String>,
        /// Who does; none: nobody.
        to: Option<String>,
    },
    /// Its tags changed.
    Tags {
        /// New ones.
        added: Vec<String>,
        /// Those that went.
        removed: Vec<String>,
    },
    /// A person said what is right about it, above what was read out of its items.
    Said {
        /// What.
        said: Said,
    },
    /// What a person had said was taken back.
    TakenBack {
        /// What, and who had said it.
        said: Said,
    },
    /// Another incident went into it.
    Merged {
        /// Which, by the name it had.
        incident: IncidentId,
        /// Its headline.
        title: String,
        /// How many items came with it, repeats included.
        items: u32,
    },
    /// Items left it and opened another incident.
    Split {
        /// The other one.
        into: IncidentId,
        /// How many left, repeats included.
        items: u32,
    },
    /// It was opened by items that left another incident.
    SplitFrom {
        /// The other one.
        incident: IncidentId,
        /// Its headline.
        title: String,
    },
    /// An item does not belong to it and was placed again.
    TakenOut {
        /// Which.
        item: ItemId,
        /// Its title.
        title: String,
    },
}

/// A development, when it came, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Developed {
    /// When.
    pub at: Timestamp,
    /// Whose hand; none: Prahari itself.
    pub by: Option<String>,
    /// The item that brought it, if one did.
    pub item: Option<ItemId>,
    /// The incident of which it was told, when that was merged into this one since.
    pub was: Option<IncidentId>,
    /// What.
    pub what: Development,
}

impl Development {
    /// The development as a short sentence for people.
    #[must_use]
    pub fn sentence(&self) -> String {
        let nobody = |who: &Option<String>| who.clone().unwrap_or_else(|| "nobody".to_owned());
        match self {
            Self::Opened {
                severity,
                claim,
                why,
            } => format!("opened as {severity}, {claim}: {why}"),
            Self::Severity { from, to, why } => format!("severity: {from} → {to}: {why}"),
            Self::Claim { from, to } => format!("how firm: {from} → {to}"),
            Self::Exploited => "exploitation is confirmed".to_owned(),
            Self::KevListed => "listed by CISA as known to be exploited".to_owned(),
            Self::Retold { from, to } => format!("headline: “{from}” → “{to}”"),
            Self::Status { from, to } => format!("status: {from} → {to}"),
            Self::Assignee { from, to } => {
                format!("assigned to {} (before: {})", nobody(to), nobody(from))
            }
            Self::Tags { added, removed } => {
                let signed = |sign: char, tags: &[String]| -> Vec<String> {
                    tags.iter().map(|tag| format!("{sign}{tag}")).collect()
                };
                let mut all = signed('+', added);
                all.extend(signed('-', removed));
                format!("tags: {}", all.join(" "))
            }
            Self::Said { said } => format!("said: {said}"),
            Self::TakenBack { said } => format!("taken back what {} said: {said}", said.by),
            Self::Merged { title, items, .. } => {
                format!("merged: {items} items of “{title}” came in")
            }
            Self::Split { into, items } => format!("split: {items} items went to {into}"),
            Self::SplitFrom { incident, title } => {
                format!("split from “{title}” ({incident})")
            }
            Self::TakenOut { title, .. } => format!("not the same story: “{title}”"),
        }
    }
}

/// What of an incident is another now.
#[must_use]
pub fn between(before: &Incident, after: &Incident) -> Vec<Development> {
    let mut told = Vec::new();
    if before.band() != after.band() {
        told.push(Development::Severity {
            from: before.band(),
            to: after.band(),
            why: after.severity.reason.text.clone(),
        });
    }
    if before.claim != after.claim {
        told.push(Development::Claim {
            from: before.claim,
            to: after.claim,
        });
    }
    if after.exploited && !before.exploited {
        told.push(Development::Exploited);
    }
    if after.kev && !before.kev {
        told.push(Development::KevListed);
    }
    if before.title != after.title {
        told.push(Development::Retold {
            from: before.title.clone(),
            to: after.title.clone(),
        });
    }
    if before.status != after.status {
        told.push(Development::Status {
            from: before.status,
            to: after.status,
        });
    }
    if before.assignee != after.assignee {
        told.push(Development::Assignee {
            from: before.assignee.clone(),
            to: after.assignee.clone(),
        });
    }
    let only = |some: &[String], other: &[String]| -> Vec<String> {
        let missing = some.iter().filter(|tag| !other.contains(tag));
        missing.cloned().collect()
    };
    let (added, removed) = (
        only(&after.tags, &before.tags),
        only(&before.tags, &after.tags),
    );
    if !added.is_empty() || !removed.is_empty() {
        told.push(Development::Tags { added, removed });
    }
    told
}
