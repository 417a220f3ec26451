//! What the cues of a text add up to, as plain numbers for the models.
//!
//! Hand-written cues know turns of phrase that no training text holds; the models
//! learn how much each kind of cue is worth. A kind has two numbers, one for the
//! whole text and one for the title; each cue counts once, and sums are bounded.

use model::{IncidentType, RelevanceLabel, Span};

use crate::cues::{Cue, Feature, Hit, Sense};
use crate::document::Document;

/// Features of the event that are read here. The others told neither relevance nor
/// types apart any better.
const FEATURES: [Feature; 16] = [
    Feature::Exploited,
    Feature::ZeroDay,
    Feature::CriticalWord,
    Feature::HighWord,
    Feature::MediumWord,
    Feature::LowWord,
    Feature::GraveFlaw,
    Feature::Disruption,
    Feature::Wide,
    Feature::Major,
    Feature::Sensitive,
    Feature::Aftermath,
    Feature::Advice,
    Feature::Claimed,
    Feature::Confirmed,
    Feature::Denied,
];

/// Where the kinds of event begin: behind relevance.
const TYPES_AT: usize = 3;

/// Where the features begin: behind relevance and types.
const FEATURES_AT: usize = 15;

/// Relevance 3, types 12, the features, sectors, places.
const KINDS: usize = FEATURES_AT + FEATURES.len() + 2;

/// Numbers about the form of the text, behind those of the cues.
const FORM: usize = 6;

/// How many numbers.
pub const COUNT: usize = 2 * KINDS + FORM;

/// Whether a number only tells who or where it was: a vital victim, a sector, a place.
/// No kind of event follows from that.
#[must_use]
pub fn is_about_whom(number: usize) -> bool {
    let major = FEATURES
        .iter()
        .position(|feature| *feature == Feature::Major)
        .map(|at| FEATURES_AT + at);
    let kind = number % KINDS;
    number < 2 * KINDS && (kind >= KINDS - 2 || Some(kind) == major)
}

/// The kind of event whose cues a number sums up, if it is of one.
#[must_use]
pub fn event_kind(number: usize) -> Option<IncidentType> {
    let first = number.checked_sub(if number < KINDS { 0 } else { KINDS })?;
    let at = (TYPES_AT..FEATURES_AT).position(|kind| kind == first)?;
    IncidentType::ALL.get(at).copied()
}

/// Sums of weights beyond this say no more.
const MOST: f32 = 8.0;

/// Brings the numbers to the size of the features beside them.
const UNIT: f32 = 0.25;

/// The numbers of one text.
#[derive(Debug, Clone)]
pub struct Signals {
    values: [f32; COUNT],
    cues: Vec<Found>,
}

/// A cue with all its places.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) cue: &'static Cue,
    pub(crate) in_title: bool,
    pub(crate) spans: Vec<Span>,
    kind: usize,
    field: model::Field,
    start: usize,
    end: usize,
}

impl Signals {
    /// Reads a document.
    #[must_use]
    pub fn of(document: &Document) -> Self {
        Self::with_headline(document, 0)
    }

    /// Reads a text without a title that reads like news: its first sentence is its
    /// headline.
    #[must_use]
    pub fn headed(document: &Document) -> Self {
        Self::with_headline(document, document.headline())
    }

    /// The first bytes of the folded text are the headline, where there is no title.
    fn with_headline(document: &Document, headline: usize) -> Self {
        let is_headline = |hit: &Hit| hit.in_title() || hit.end <= headline;
        let mut cues: Vec<Found> = Vec::new();
        for hit in &document.hits {
            let Some(kind) = kind(&hit.cue.sense) else {
                continue;
            };
            let known = cues
                .iter_mut()
                .find(|known| std::ptr::eq(known.cue, hit.cue));
            if let Some(known) = known {
                known.spans.push(hit.span);
            } else if cues.len() < MAX_CUES {
                cues.push(Found::new(hit, kind, is_headline(hit)));
            }
        }
        let mut values = [0.0_f32; COUNT];
        for found in &cues {
            let weight = found.cue.weight.abs();
            add(&mut values, found.kind, weight);
            if found.in_title {
                add(&mut values, KINDS + found.kind, weight);
            }
        }
        for value in &mut values {
            *value = value.min(MOST) * UNIT;
        }
        for (value, form) in values
            .iter_mut()
            .skip(2 * KINDS)
            .zip(form(document, headline))
        {
            *value = form;
        }
        Self { values, cues }
    }

    /// The numbers, in a fixed order.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The cues with what each adds to a sum that weighs the numbers so. A cue
    /// inside a longer one of its kind is left out: deleting it deletes the other.
    pub(crate) fn shares<'a>(
        &'a self,
        weights: &'a [f32],
    ) -> impl Iterator<Item = (&'a Found, f32)> + 'a {
        let weight = move |at: usize| weights.get(at).copied().unwrap_or_default();
        self.cues
            .iter()
            .filter(move |found| !self.cues.iter().any(|other| other.holds(found)))
            .map(move |found| {
                let title = if found.in_title {
                    weight(KINDS + found.kind)
                } else {
                    0.0
                };
                let worth = found.cue.weight.abs() * UNIT * (weight(found.kind) + title);
                (found, worth)
            })
    }
}

/// Distinct cues looked at; the densest news has some 60.
const MAX_CUES: usize = 256;

impl Found {
    fn new(hit: &Hit, kind: usize, in_title: bool) -> Self {
        Self {
            cue: hit.cue,
            in_title,
            spans: vec![hit.span],
            kind,
            field: hit.field,
            start: hit.start,
            end: hit.end,
        }
    }

    fn holds(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.field == other.field
            && self.start <= other.start
            && self.end >= other.end
            && self.end - self.start > other.end - other.start
    }
}

fn add(values: &mut [f32], at: usize, weight: f32) {
    if let Some(value) = values.get_mut(at) {
        *value += weight;
    }
}

fn kind(sense: &Sense) -> Option<usize> {
    Some(match sense {
        Sense::Relevance(RelevanceLabel::Incident) => 0,
        Sense::Relevance(RelevanceLabel::ThreatInfo) => 1,
        Sense::Relevance(RelevanceLabel::Irrelevant) => 2,
        Sense::Type(kind) => {
            TYPES_AT
                + IncidentType::ALL
                    .iter()
                    .position(|known| known == kind)
                    .filter(|at| *at < 12)?
        }
        Sense::Feature(feature) => {
            FEATURES_AT + FEATURES.iter().position(|known| known == feature)?
        }
        Sense::Sector(_) => KINDS - 2,
        Sense::Country(_) | Sense::Local(..) => KINDS - 1,
        Sense::AttackerAfter
        | Sense::AttackerUnlessHit
        | Sense::AttackerBefore
        | Sense::Negation
        | Sense::NegationBehind
        | Sense::Mask
        | Sense::Namesake(_)
        | Sense::Part { .. } => return None,
    })
}

fn form(document: &Document, headline: usize) -> [f32; FORM] {
    let folded = document.passages[1].folded.text();
    let title = if headline > 0 {
        folded.get(..headline).unwrap_or(folded)
    } else {
        document.title()
    };
    let flag = |yes: bool| if yes { 1.0 } else { 0.0 };
    let text = document.text().len();
    let text = if headline > 0 {
        folded.len().saturating_sub(headline)
    } else {
        text
    };
    let bytes = text.min(4_000) as f32;
    [
        flag(text == 0),
        flag(title.ends_with('?')),
        flag(title.contains(['$', '₹', '€', '£'])),
        flag(title.contains(':')),
        flag(title.bytes().any(|b| b.is_ascii_digit())),
        bytes.ln_1p() / 8.0,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Markup;

    fn signals(title: &str, text: &str) -> Signals {
        Signals::of(&Document::new(title, text, Markup::Plain))
    }

    #[test]
    fn who_and_where_are_told_from_what() {
        let about = |text: &str| -> Vec<bool> {
            let signals = signals("", text);
            let numbers = (0..2 * KINDS).filter(|at| signals.values()[*at] > 0.0);
            numbers.map(is_about_whom).collect()
        };
        assert_eq!(about("power utility"), [true, true]);
        assert_eq!(about("Norway"), [true]);
        assert_eq!(about("defacement"), [false]);
        assert!((2 * KINDS..COUNT).all(|form| !is_about_whom(form)));
    }

    #[test]
    fn a_number_knows_its_kind_of_event() {
        let about = |title: &str| -> Vec<Option<IncidentType>> {
            let signals = signals(title, "");
            let numbers = (0..2 * KINDS).filter(|at| signals.values()[*at] > 0.0);
            numbers.map(event_kind).collect()
        };
        let insider = Some(IncidentType::Insider);
        assert_eq!(about("disgruntled"), [insider, insider]);
        assert_eq!(about("Norway"), [None, None]);
        assert!((2 * KINDS..COUNT).all(|form| event_kind(form).is_none()));
    }

    #[test]
    fn each_cue_counts_once_and_sums_are_bounded() {
        let once = signals("", "data breach");
        let often = signals("", &"data breach ".repeat(500));
        assert_eq!(once.values()[0], often.values()[0]);
        assert_eq!(once.values()[KINDS], 0.0);
        assert!(signals("Data breach", "").values()[KINDS] > 0.0);
        let all = "data breach ransomware attack cyberattack phishing attack hackers hacked ";
        for value in signals(all, all).values() {
            assert!((0.0..=MOST * UNIT).contains(value));
        }
    }

    #[test]
    fn shares_come_with_their_places() {
        let signals = signals("Data breach at Acme", "A data breach.");
        let weights = [1.0; COUNT];
        let (found, worth) = signals
            .shares(&weights)
            .find(|(found, _)| {
                found.cue.pattern == "data breach" && matches!(found.cue.sense, Sense::Relevance(_))
            })
            .unwrap();
        assert!((worth - 2.4 * UNIT * 2.0).abs() < 1e-6, "{worth}");
        assert_eq!(found.spans.len(), 2);
    }
}
