//! How bad something is: four bands over a score from 0 to 10.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::analysis::Reason;
use crate::id::IdError;

/// Four bands, lower-case on the wire. Critical is the top of High: asking for
/// high gives both.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Score below 4.
    Low,
    /// Score from 4.
    Medium,
    /// Score from 7.
    High,
    /// Score from 9.
    Critical,
}

impl Severity {
    /// All bands, lowest first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The band of a score, by CVSS's qualitative scale
    /// (<https://www.first.org/cvss/v4-0/specification-document>, section 6);
    /// its "None" (0.0) counts as low.
    #[must_use]
    pub fn of_score(score: f32) -> Self {
        match score {
            s if s >= 9.0 => Self::Critical,
            s if s >= 7.0 => Self::High,
            s if s >= 4.0 => Self::Medium,
            _ => Self::Low,
        }
    }

    /// The lowest score of this band.
    #[must_use]
    pub const fn floor(self) -> f32 {
        match self {
            Self::Low => 0.0,
            Self::Medium => 4.0,
            Self::High => 7.0,
            Self::Critical => 9.0,
        }
    }

    /// The band's mark: colour is never its only sign.
    #[must_use]
    pub const fn mark(self) -> &'static str {
        match self {
            Self::Low => "○",
            Self::Medium => "△",
            Self::High => "◇",
            Self::Critical => "■",
        }
    }

    /// The band on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The band's word for people: `Low`, `Medium`, `High`, `Critical`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Low => "Low",
            Self::Medium => "Medium",
            Self::High => "High",
            Self::Critical => "Critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Severity {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        match text.to_ascii_lowercase().as_str() {
            "low" => Ok(Self::Low),
            "medium" => Ok(Self::Medium),
            "high" => Ok(Self::High),
            "critical" => Ok(Self::Critical),
            _ => Err(IdError {
                given: text.chars().take(60).collect(),
                wanted: "a severity (low, medium, high or critical)",
            }),
        }
    }
}

/// A severity with its score, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Judgement {
    /// The band.
    pub severity: Severity,
    /// From 0 to 10, one decimal; within the band.
    pub score: f32,
    /// Why, in one sentence, with the span it rests on if it rests on text.
    pub reason: Reason,
}

impl Judgement {
    /// A judgement from a score; its band follows.
    #[must_use]
    pub fn of_score(score: f32, reason: Reason) -> Self {
        let score = (score.clamp(0.0, 10.0) * 10.0).round() / 10.0;
        Self {
            severity: Severity::of_score(score),
            score,
            reason,
        }
    }
}
