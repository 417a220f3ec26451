//! What people want to hear of.

use serde::{Deserialize, Serialize};

use crate::id::{ChannelId, RuleId};
use crate::region::Country;
use crate::severity::Severity;

/// Which channels a rule speaks to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Every configured channel.
    Everyone,
    /// These; none means the alert is only shown.
    Channels(Vec<ChannelId>),
}

/// A condition and its channels. All given parts of the condition must hold; an
/// absent part always holds. An incident that is irrelevant meets no rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Its name.
    pub id: RuleId,
    /// At least this severe.
    pub min_severity: Option<Severity>,
    /// One of these words or phrases stands in the title, the summary, an affected
    /// name or the incident's own keywords; case and accents do not count.
    pub keywords: Vec<String>,
    /// One of these countries is affected.
    pub regions: Vec<Country>,
    /// One of these is true. The built-in `urgent` asks for India, exploitation
    /// or a keyword.
    pub any_of: Vec<Sign>,
    /// Whom to tell.
    pub audience: Audience,
}

/// A sign that an incident concerns the reader.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// India is affected.
    India,
    /// Exploitation is confirmed.
    Exploited,
    /// One of the user's keywords or watched names stands in it.
    Keyword,
}

impl Rule {
    /// The two rules that exist when none is configured: `feed`, everything
    /// relevant and no channel (what `GET /alerts` shows), and `urgent`, high or
    /// above and India, exploited or a keyword, to every channel.
    ///
    #[must_use]
    pub fn built_in() -> Vec<Self> {
        let rule = |name: &str, min_severity, any_of: &[Sign], audience| {
            RuleId::new(name).ok().map(|id| Self {
                id,
                min_severity,
                keywords: Vec::new(),
                regions: Vec::new(),
                any_of: any_of.to_vec(),
                audience,
            })
        };
        [
            rule("feed", None, &[], Audience::Channels(Vec::new())),
            rule(
                "urgent",
                Some(Severity::High),
                &[Sign::India, Sign::Exploited, Sign::Keyword],
                Audience::Everyone,
            ),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
