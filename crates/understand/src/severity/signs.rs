//! The signs of an event that severity is judged by: what happened, to whom, how
//! many, who says so; each in the title or anywhere.
//!
//! No names stand among them. A name would say how grave the stories of the last
//! months were, not how grave this one is.

use model::{Field, IncidentType, RelevanceLabel, Sector, Span};

use super::misread::is_misread;
use crate::cues::{Feature, Hit, Sense};
use crate::passage::Passage;
use crate::quantity::{Counted, Quantity};

/// Places kept of one sign.
const MAX_SPANS: usize = 3;

/// A cue less sure than this is none.
const SURE: f32 = 0.5;

/// What a cue can say, and which way it can move severity: more (1), less (-1), or
/// either.
const FEATURES: [(Feature, &str, i8); 34] = [
    (Feature::Exploited, "exploited", 1),
    (Feature::ZeroDay, "a zero-day", 1),
    (Feature::CriticalWord, "called critical", 1),
    (Feature::HighWord, "called high", 1),
    (Feature::MediumWord, "called medium", 0),
    (Feature::LowWord, "called low", -1),
    (Feature::GraveFlaw, "a grave flaw", 1),
    (Feature::Disruption, "service disrupted", 1),
    (Feature::Wide, "reaches far", 1),
    (Feature::Major, "a vital victim", 1),
    (Feature::Sensitive, "sensitive data", 1),
    (Feature::Aftermath, "aftermath", -1),
    (Feature::Advice, "advice", -1),
    (Feature::Claimed, "a claim", 0),
    (Feature::Confirmed, "confirmed", 1),
    (Feature::Denied, "denied", -1),
    (Feature::Legal, "legal follow-up", -1),
    (Feature::LawFirm, "a law firm's notice", -1),
    (Feature::Arrest, "arrest or trial", -1),
    (Feature::Earnings, "business results", 0),
    (Feature::Recovery, "recovery", -1),
    (Feature::Foiled, "foiled", -1),
    (Feature::Statistics, "statistics", -1),
    (Feature::Warning, "a warning", 0),
    (Feature::Probe, "being looked into", 0),
    (Feature::Small, "a small or local victim", -1),
    (Feature::StateActor, "a state behind it", 1),
    (Feature::Government, "a public body", 0),
    (Feature::Large, "called large", 1),
    (Feature::General, "attacks in general", -1),
    (Feature::Concrete, "a concrete event", 1),
    (Feature::Personal, "data of persons", 1),
    (Feature::Estimate, "an estimate", 1),
    (Feature::Trade, "the trade speaking of itself", -1),
];

/// Amounts from which on a quantity is a sign.
const PEOPLE: [f64; 9] = [1.0, 1e3, 1e4, 5e4, 1e5, 5e5, 1e6, 1e7, 1e8];
const ORGANISATIONS: [f64; 4] = [2.0, 20.0, 100.0, 1e3];
const MONEY: [f64; 4] = [1.0, 1e6, 1e7, 1e8];

const LABELS: [(RelevanceLabel, &str, i8); 3] = [
    (RelevanceLabel::Incident, "an incident", 1),
    (RelevanceLabel::ThreatInfo, "threat information", 0),
    (RelevanceLabel::Irrelevant, "other matters", -1),
];

/// Signs that need more than one look.
const JOINT: [(&str, i8); 10] = [
    ("a claim that nobody confirms", 0),
    ("many people, confirmed", 1),
    ("many people, denied", -1),
    ("disruption that is over", 0),
    ("exploited and far-reaching", 1),
    ("exploitation denied", 0),
    ("disruption denied", 0),
    ("many people in the aftermath", 0),
    ("a question", -1),
    ("hardly any text", 0),
];

/// How many signs there are.
pub const COUNT: usize = 2
    * (FEATURES.len()
        + PEOPLE.len()
        + ORGANISATIONS.len()
        + MONEY.len()
        + LABELS.len()
        + IncidentType::ALL.len()
        + Sector::ALL.len())
    + JOINT.len();

/// A sign that is there.
#[derive(Debug, Clone)]
pub struct Sign {
    /// Below [`COUNT`].
    pub number: usize,
    /// Where it stands; empty if it stands nowhere in particular.
    pub spans: Vec<Span>,
}

/// What a sign is called, and which way it can move severity.
#[must_use]
pub fn meaning(number: usize) -> (String, i8) {
    let pairs = COUNT - JOINT.len();
    if let Some((name, way)) = number.checked_sub(pairs).and_then(|at| JOINT.get(at)) {
        return ((*name).to_owned(), *way);
    }
    let (at, in_title) = (number / 2, number % 2 == 1);
    let title = if in_title { " in the title" } else { "" };
    let (name, way) = single(at);
    (format!("{name}{title}"), way)
}

fn single(at: usize) -> (String, i8) {
    let mut at = at;
    if let Some((_, name, way)) = FEATURES.get(at) {
        return ((*name).to_owned(), *way);
    }
    at -= FEATURES.len();
    for (steps, what) in [
        (PEOPLE.as_slice(), "people or records"),
        (ORGANISATIONS.as_slice(), "organisations or systems"),
        (MONEY.as_slice(), "in money"),
    ] {
        if let Some(step) = steps.get(at) {
            return (format!("{step} {what} and more"), 1);
        }
        at -= steps.len();
    }
    if let Some((_, name, way)) = LABELS.get(at) {
        return ((*name).to_owned(), *way);
    }
    at -= LABELS.len();
    if let Some(kind) = IncidentType::ALL.get(at) {
        return (kind.word().to_owned(), 0);
    }
    let sector = at.checked_sub(IncidentType::ALL.len());
    let sector = sector.and_then(|at| Sector::ALL.get(at));
    (
        sector.map_or(String::new(), |sector| sector.word().to_owned()),
        0,
    )
}

/// What a sign is of, whatever the amount and wherever it stands: one reason tells
/// all of them.
#[must_use]
pub fn kind(number: usize) -> usize {
    if number >= COUNT - JOINT.len() {
        return number;
    }
    match number / 2 {
        PEOPLE_AT..ORGANISATIONS_AT => PEOPLE_AT,
        ORGANISATIONS_AT..MONEY_AT => ORGANISATIONS_AT,
        MONEY_AT..LABELS_AT => MONEY_AT,
        single => single,
    }
}

/// What a kind of sign is called.
#[must_use]
pub fn name(kind: usize) -> &'static str {
    let joint = kind.checked_sub(COUNT - JOINT.len());
    let listed = |at: Option<usize>, names: &[(RelevanceLabel, &'static str, i8)]| {
        at.and_then(|at| names.get(at)).map(|(_, name, _)| *name)
    };
    let kinds = kind
        .checked_sub(TYPES_AT)
        .and_then(|at| IncidentType::ALL.get(at));
    let sectors = kind
        .checked_sub(SECTORS_AT)
        .and_then(|at| Sector::ALL.get(at));
    match kind {
        PEOPLE_AT => "people or records",
        ORGANISATIONS_AT => "organisations or systems",
        MONEY_AT => "money",
        _ => joint
            .and_then(|at| JOINT.get(at))
            .map(|(name, _)| *name)
            .or_else(|| FEATURES.get(kind).map(|(_, name, _)| *name))
            .or_else(|| listed(kind.checked_sub(LABELS_AT), &LABELS))
            .or_else(|| kinds.map(|kind| kind.word()))
            .or_else(|| sectors.map(|sector| sector.word()))
            .unwrap_or_default(),
    }
}

/// Whether a person believes a kind of sign as a reason: "a question" is none, and
/// neither are words before a number.
pub(super) fn is_telling(kind: usize) -> bool {
    const MUTE: [&str; 4] = [
        "a question",
        "hardly any text",
        "an estimate",
        "business results",
    ];
    !MUTE.contains(&name(kind))
}

/// Whether a sign is a sum of money.
pub(super) fn is_money(number: usize) -> bool {
    kind(number) == MONEY_AT
}

/// Whether a law firm looks for victims to represent: its words stand in the title.
#[must_use]
pub fn is_law_firms_notice(signs: &[Sign]) -> bool {
    let at = FEATURES
        .iter()
        .position(|(feature, _, _)| *feature == Feature::LawFirm);
    signs
        .iter()
        .any(|sign| at.map(|at| 2 * at + 1) == Some(sign.number))
}

/// The signs of a text, in the order of their numbers.
pub(crate) fn read(passages: &[Passage; 2], hits: &[Hit], quantities: &[Quantity]) -> Vec<Sign> {
    let mut found = Found::default();
    let mut negated = [false; 2];
    for hit in hits.iter().filter(|hit| !is_misread(passages, hit)) {
        let number = match &hit.cue.sense {
            Sense::Feature(feature) => {
                if hit.negated {
                    negated[0] |= *feature == Feature::Exploited;
                    negated[1] |= *feature == Feature::Disruption;
                    continue;
                }
                FEATURES.iter().position(|(known, _, _)| known == feature)
            }
            Sense::Relevance(label) => place(LABELS_AT, LABELS.iter().position(|l| l.0 == *label)),
            Sense::Type(kind) => place(TYPES_AT, IncidentType::ALL.iter().position(|k| k == kind)),
            Sense::Sector(sector) => {
                place(SECTORS_AT, Sector::ALL.iter().position(|s| s == sector))
            }
            _ => None,
        };
        if let Some(number) = number.filter(|_| hit.cue.weight.abs() >= SURE) {
            found.note(number, hit.in_title(), hit.span);
        }
    }
    for quantity in quantities {
        let (first, steps) = match quantity.counted {
            Counted::People => (PEOPLE_AT, PEOPLE.as_slice()),
            Counted::Organisations => (ORGANISATIONS_AT, ORGANISATIONS.as_slice()),
            Counted::Money => (MONEY_AT, MONEY.as_slice()),
        };
        for (step, _) in steps
            .iter()
            .enumerate()
            .filter(|(_, least)| quantity.amount >= **least)
        {
            let in_title = quantity.span.field == Field::Title;
            found.note(first + step, in_title, quantity.span);
        }
    }
    let has = |feature: Feature| {
        let at = FEATURES.iter().position(|(known, _, _)| *known == feature);
        at.is_some_and(|at| found.has(at))
    };
    // From 100,000 people on.
    let many = found.has(PEOPLE_AT + 4);
    let after = has(Feature::Aftermath) || has(Feature::Legal);
    let [title, text] = passages;
    let joint = [
        has(Feature::Claimed) && !has(Feature::Confirmed),
        many && has(Feature::Confirmed),
        many && has(Feature::Denied),
        has(Feature::Disruption) && has(Feature::Recovery),
        has(Feature::Exploited) && (has(Feature::Wide) || has(Feature::Large)),
        negated[0],
        negated[1],
        many && after,
        title.clean.contains('?'),
        text.clean.len() < 60,
    ];
    let mut signs = found.signs;
    for (at, _) in joint.iter().enumerate().filter(|(_, is)| **is) {
        signs.push(Sign {
            number: COUNT - JOINT.len() + at,
            spans: Vec::new(),
        });
    }
    signs.sort_by_key(|sign| sign.number);
    signs
}

const PEOPLE_AT: usize = FEATURES.len();
const ORGANISATIONS_AT: usize = PEOPLE_AT + PEOPLE.len();
const MONEY_AT: usize = ORGANISATIONS_AT + ORGANISATIONS.len();
const LABELS_AT: usize = MONEY_AT + MONEY.len();
const TYPES_AT: usize = LABELS_AT + LABELS.len();
const SECTORS_AT: usize = TYPES_AT + IncidentType::ALL.len();

fn place(first: usize, at: Option<usize>) -> Option<usize> {
    at.map(|at| first + at)
}

#[derive(Default)]
struct Found {
    signs: Vec<Sign>,
}

impl Found {
    fn note(&mut self, single: usize, in_title: bool, span: Span) {
        for number in [2 * single, 2 * single + 1]
            .into_iter()
            .take(1 + usize::from(in_title))
        {
            match self.signs.iter_mut().find(|sign| sign.number == number) {
                Some(sign) if sign.spans.len() < MAX_SPANS => sign.spans.push(span),
                Some(_) => {}
                None => self.signs.push(Sign {
                    number,
                    spans: vec![span],
                }),
            }
        }
    }

    fn has(&self, single: usize) -> bool {
        self.signs.iter().any(|sign| sign.number == 2 * single)
    }
}

/// The signs of a document, for training.
#[must_use]
pub fn of(document: &crate::Document) -> Vec<Sign> {
    let quantities: Vec<Quantity> = document
        .passages
        .iter()
        .flat_map(crate::quantity::read)
        .collect();
    read(&document.passages, &document.hits, &quantities)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Document;
    use expect_test::{Expect, expect};
    use model::Markup;

    fn check(title: &str, text: &str, wanted: &Expect) {
        let names: Vec<String> = of(&Document::new(title, text, Markup::Plain))
            .iter()
            .map(|sign| meaning(sign.number).0)
            .collect();
        wanted.assert_eq(&names.join("\n"));
    }

    #[test]
    fn every_sign_has_a_name_of_its_own() {
        assert!((0..COUNT).all(|number| !name(kind(number)).is_empty()));
        let mut names: Vec<String> = (0..COUNT).map(|number| meaning(number).0).collect();
        assert!(names.iter().all(|name| !name.trim().is_empty()));
        names.sort();
        names.dedup();
        assert_eq!(names.len(), COUNT);
    }

    #[test]
    fn signs_are_read() {
        check(
            "Borealis confirms outage?",
            "",
            &expect![[r#"
                service disrupted
                service disrupted in the title
                confirmed
                confirmed in the title
                a question
                hardly any text"#]],
        );
    }

    #[test]
    fn a_law_firms_notice_is_known_by_its_title() {
        let is = |title: &str, text: &str| {
            is_law_firms_notice(&of(&Document::new(title, text, Markup::Plain)))
        };
        assert!(is(
            "Ash & Elm LLP investigates claims over Borealis breach",
            ""
        ));
        assert!(!is(
            "Borealis sued over breach",
            "Its law firm had no comment."
        ));
        assert!(!is("Borealis is investigating a breach", ""));
    }

    #[test]
    fn amounts_count_for_every_step_below_them() {
        let signs = of(&Document::new(
            "Clinic breached",
            "Data of 12,000 patients was stolen in an attack that ended on Monday evening.",
            Markup::Plain,
        ));
        let amounts: Vec<String> = signs
            .iter()
            .map(|sign| meaning(sign.number).0)
            .filter(|name| name.contains("and more"))
            .collect();
        assert_eq!(
            amounts,
            [
                "1 people or records and more",
                "1000 people or records and more",
                "10000 people or records and more"
            ]
        );
    }
}
