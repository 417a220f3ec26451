//! A rule fired on an incident.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{AlertId, IncidentId, RuleId};
use crate::region::Country;
use crate::severity::Severity;

/// What made a rule fire now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Cause {
    /// The incident met the rule for the first time.
    New,
    /// Its severity rose.
    SeverityRose {
        /// The band before.
        from: Severity,
        /// The band now.
        to: Severity,
    },
    /// Exploitation was confirmed.
    Exploited,
    /// A CVE of it was added to CISA's catalogue of known exploited ones.
    KevListed,
    /// A country of the rule's became affected.
    NewRegion {
        /// Which.
        country: Country,
    },
}

impl Cause {
    /// The cause as a short sentence for people.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::New => "new incident".to_owned(),
            Self::SeverityRose { from, to } => format!("severity rose from {from} to {to}"),
            Self::Exploited => "exploitation is confirmed".to_owned(),
            Self::KevListed => "listed by CISA as known to be exploited".to_owned(),
            Self::NewRegion { country } => {
                format!(
                    "{} is now affected",
                    country.name().unwrap_or(country.as_str())
                )
            }
        }
    }
}

/// A rule fired on an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Its name.
    pub id: AlertId,
    /// The rule that fired.
    pub rule: RuleId,
    /// On what.
    pub incident: IncidentId,
    /// The incident's revision it fired on.
    pub revision: u64,
    /// Why now.
    pub cause: Cause,
    /// The incident's severity when it fired.
    pub severity: Severity,
    /// Why this rule, in one sentence.
    pub reason: String,
    /// Why nothing was sent, if nothing was: as `history never alerts`.
    pub held: Option<String>,
    /// When.
    pub at: Timestamp,
}
