//! What people want to hear of.

use serde::{Deserialize, Serialize};

use crate::id::{ChannelId, RuleId};
use crate::query::{Field, Name, Op, Query, Test};
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

/// A condition and its channels. An incident that is irrelevant meets no rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Its name.
    pub id: RuleId,
    /// The condition.
    pub query: Query,
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

impl Sign {
    /// The sign as a query.
    #[must_use]
    pub fn query(self) -> Query {
        match self {
            Self::India => Query::names(Field::Region, [Country::INDIA]),
            Self::Exploited => Query::Test(Test::Flag(Field::Exploited, true)),
            Self::Keyword => Query::Test(Test::Names(Field::Keyword, vec![Name::any()])),
        }
    }
}

impl Rule {
    /// The two rules that exist when none is configured: `feed`, everything
    /// relevant and no channel (what `GET /alerts` shows), and `urgent`, high or
    /// above and the home country, exploited or a keyword, to every channel.
    #[must_use]
    pub fn built_in(home: Country) -> Vec<Self> {
        let urgent = Query::and([
            Query::Test(Test::Severity(Op::AtLeast, Severity::High)),
            Query::or([
                Query::names(Field::Region, [home]),
                Sign::Exploited.query(),
                Sign::Keyword.query(),
            ]),
        ]);
        let rule = |name: &str, query, audience| {
            RuleId::new(name).ok().map(|id| Self {
                id,
                query,
                audience,
            })
        };
        [
            rule("feed", Query::All, Audience::Channels(Vec::new())),
            rule("urgent", urgent, Audience::Everyone),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
