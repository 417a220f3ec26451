//! What people say of items: relevant or not, of which type, how severe, where.
//!
//! It is said of one item's text, which is kept beside it as a label to learn from,
//! and holds for the incident that the item is in: there it stands above what was
//! read out of the items, until it is withdrawn.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::analysis::{Aspect, IncidentType, Reason, RelevanceLabel, Tagged};
use crate::clock::Timestamp;
use crate::id::{FeedbackId, ItemId};
use crate::incident::Incident;
use crate::item::ItemKind;
use crate::region::Country;
use crate::severity::{Judgement, Severity};

/// A band that a person gives stands a little above its floor, unless our own score
/// lies in it.
const ABOVE_FLOOR: f32 = 0.5;

/// Above every reason that a text gives.
const WEIGHT: f32 = 20.0;

/// What people said of one thing. What nobody spoke of is absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Said {
    /// Whether it matters.
    pub relevant: Option<bool>,
    /// Its kinds of event, all of them.
    pub types: Option<Vec<IncidentType>>,
    /// How bad.
    pub severity: Option<Severity>,
    /// The affected countries, all of them.
    pub countries: Option<Vec<Country>>,
    /// Why, in their own words.
    pub note: Option<String>,
    /// Who said the latest of it: a name; `api`, `command` where nobody gave one.
    pub by: String,
    /// When the latest of it was said.
    pub at: Timestamp,
}

/// One saying, and the text it was said of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feedback {
    /// Its name.
    pub id: FeedbackId,
    /// The item it was said of.
    pub item: ItemId,
    /// What was said.
    pub said: Said,
    /// The item's text as it was then.
    pub sample: Sample,
}

/// A text to learn from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// The form of the item.
    pub kind: ItemKind,
    /// ISO 639-3 code of its language.
    pub language: Option<String>,
    /// Its clean title.
    pub title: String,
    /// The beginning of its clean text, at most [`Sample::LONGEST`] characters.
    pub text: String,
}

impl Sample {
    /// More than any model reads of a text.
    pub const LONGEST: usize = 8_000;
}

impl Said {
    /// What all of it says together, the later standing above the earlier.
    #[must_use]
    pub fn together(all: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut all: Vec<Self> = all.into_iter().collect();
        all.sort_by_key(|said| said.at);
        all.into_iter().reduce(|earlier, later| Self {
            relevant: later.relevant.or(earlier.relevant),
            types: later.types.or(earlier.types),
            severity: later.severity.or(earlier.severity),
            countries: later.countries.or(earlier.countries),
            note: later.note.or(earlier.note),
            by: later.by,
            at: later.at,
        })
    }

    /// Whether it says anything.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.relevant.is_none()
            && self.types.is_none()
            && self.severity.is_none()
            && self.countries.is_none()
    }

    /// The reason people read: `said by a person: not relevant (“marketing”)`.
    fn reason(&self, aspect: Aspect, what: &str) -> Reason {
        let note = self.quoted_note();
        Reason::new(aspect, format!("said by a person: {what}{note}"), WEIGHT)
    }

    fn quoted_note(&self) -> String {
        self.note
            .as_ref()
            .map(|note| format!(" (“{note}”)"))
            .unwrap_or_default()
    }
}

/// `Ransomware, Data breach; High; IN (“seen it”)`.
impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            self.relevant.map(relevance_words).map(str::to_owned),
            self.types.as_deref().map(type_words),
            self.severity.map(|severity| severity.word().to_owned()),
            self.countries.as_deref().map(country_words),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        write!(f, "{}{}", parts.join("; "), self.quoted_note())
    }
}

const fn relevance_words(relevant: bool) -> &'static str {
    if relevant { "relevant" } else { "not relevant" }
}

fn type_words(types: &[IncidentType]) -> String {
    let words: Vec<&str> = types.iter().map(|label| label.word()).collect();
    words.join(", ")
}

fn country_words(countries: &[Country]) -> String {
    if countries.is_empty() {
        return "no country".to_owned();
    }
    let codes: Vec<&str> = countries.iter().map(Country::as_str).collect();
    codes.join(", ")
}

impl Incident {
    /// Lets what people said of it stand above what was read out of its items. Done
    /// again it changes nothing.
    pub fn heed(&mut self) {
        let Some(said) = self.said.clone() else {
            return;
        };
        if let Some(relevant) = said.relevant {
            self.relevance.probability = if relevant { 1.0 } else { 0.0 };
            if !relevant {
                self.relevance.label = RelevanceLabel::Irrelevant;
            } else if !self.relevance.is_relevant() {
                self.relevance.label = RelevanceLabel::Incident;
            }
            self.decide(said.reason(Aspect::Relevance, relevance_words(relevant)));
        }
        if let Some(types) = &said.types {
            self.types = types
                .iter()
                .map(|label| Tagged {
                    label: *label,
                    confidence: 1.0,
                })
                .collect();
            self.decide(said.reason(Aspect::Type, &type_words(types)));
        }
        if let Some(severity) = said.severity {
            let score = if self.band() == severity {
                self.severity.score
            } else {
                severity.floor() + ABOVE_FLOOR
            };
            let reason = said.reason(Aspect::Severity, severity.word());
            self.severity = Judgement::of_score(score, reason.clone());
            self.decide(reason);
        }
        if let Some(countries) = &said.countries {
            self.region.countries.clone_from(countries);
            if !self.region.is_india() {
                self.region.states.clear();
            }
            self.decide(said.reason(Aspect::Region, &country_words(countries)));
        }
    }

    /// Puts one reason in the place of all others for the same decision.
    fn decide(&mut self, reason: Reason) {
        self.reasons.retain(|known| known.aspect != reason.aspect);
        self.reasons.insert(0, reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(minute: i64) -> Said {
        Said {
            relevant: None,
            types: None,
            severity: None,
            countries: None,
            note: None,
            by: "api".to_owned(),
            at: Timestamp::from_second(60 * minute).unwrap(),
        }
    }

    #[test]
    fn the_later_word_stands_above_the_earlier_part_by_part() {
        let first = Said {
            relevant: Some(true),
            severity: Some(Severity::Low),
            ..said(1)
        };
        let second = Said {
            severity: Some(Severity::High),
            by: "command".to_owned(),
            ..said(2)
        };
        // In whatever order they come.
        let both = Said::together([second, first]).unwrap();
        assert_eq!(both.relevant, Some(true));
        assert_eq!(both.severity, Some(Severity::High));
        assert_eq!(both.by, "command");
        assert_eq!(Said::together([]), None);
        assert!(said(1).is_empty() && !both.is_empty());
    }

    #[test]
    fn what_is_said_reads_as_one_line() {
        for (said, line) in [
            (
                Said {
                    relevant: Some(false),
                    note: Some("an exercise".to_owned()),
                    ..said(1)
                },
                "not relevant (“an exercise”)",
            ),
            (
                Said {
                    types: Some(vec![IncidentType::Ransomware, IncidentType::DataBreach]),
                    severity: Some(Severity::High),
                    countries: Some(vec![Country::INDIA]),
                    ..said(1)
                },
                "Ransomware, Data breach; High; IN",
            ),
            (
                Said {
                    countries: Some(Vec::new()),
                    ..said(1)
                },
                "no country",
            ),
        ] {
            assert_eq!(said.to_string(), line);
        }
    }
}
