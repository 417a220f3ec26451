//! What matters however tersely it is told. Models learn from news and from lists of
//! incidents; "SCADA compromise at load despatch centre" reads like neither. What
//! stands in `data/grave.toml`, and a listed attacker at work, is relevant whatever the
//! model says, as a keyword of the user is.

use model::{Aspect, Entity, EntityKind, Field, Reason, Span};

use crate::cues::{Hit, Sense};
use crate::document::Document;
use crate::passage::Passage;
use crate::work;

/// How far apart the parts may stand, in bytes: some 25 words, and 12 of Devanagari.
const REACH: usize = 200;

/// Cues of one part that are looked at.
const MOST: usize = 64;

/// What an attacker does, right behind its name.
const DEEDS: &[&str] = &[
    "attack",
    "breach",
    "compromis",
    "deploy",
    "drop",
    "exploit",
    "hack",
    "infect",
    "ransom",
    "steal",
    "stole",
    "target",
    "use",
    "using",
];

/// How far behind its name, in characters.
const DEED_REACH: u32 = 40;

/// Why the item is relevant, if it is by this alone.
pub(crate) fn reason(document: &Document, entities: &[Entity]) -> Option<Reason> {
    let parts: Vec<&Hit> = document
        .hits
        .iter()
        .filter(|hit| matches!(hit.cue.sense, Sense::Part { .. }) && !hit.negated)
        .collect();
    parts
        .iter()
        .take(MOST)
        .find_map(|first| told(document, first, &parts))
        .or_else(|| at_work(document, entities))
}

/// The reason of which this cue is the first part, if the others stand with it.
fn told(document: &Document, first: &Hit, parts: &[&Hit]) -> Option<Reason> {
    let Sense::Part {
        of,
        part: 0,
        parts: all,
    } = &first.cue.sense
    else {
        return None;
    };
    let mut spans = vec![first.span];
    for wanted in 1..*all {
        let other = parts.iter().take(4 * MOST).find(|hit| {
            matches!(&hit.cue.sense, Sense::Part { of: its, part, .. } if its == of && *part == wanted)
                && stand_together(document, first, hit)
        })?;
        spans.push(other.span);
    }
    let text = format!("{of}: “{}”", first.cue.pattern);
    Some(Reason::new(Aspect::Relevance, text, RAISES).at(spans))
}

/// What such a reason weighs among the others.
const RAISES: f32 = 3.0;

fn stand_together(document: &Document, a: &Hit, b: &Hit) -> bool {
    if a.field != b.field {
        return false;
    }
    let (from, to) = if a.start <= b.start {
        (a.end, b.start)
    } else {
        (b.end, a.start)
    };
    let between = to.saturating_sub(from);
    work::steps(REACH.min(between));
    let [title, text] = &document.passages;
    let passage = if a.in_title() { title } else { text };
    between <= REACH
        && passage
            .folded
            .text()
            .get(from..to.max(from))
            .is_none_or(|gap| !gap.contains(". ") && !gap.contains('।'))
}

/// A listed attacker doing something: one that is numbered (APT29), or one beside its
/// malware. Names alone are those of gods and film monsters too.
fn at_work(document: &Document, entities: &[Entity]) -> Option<Reason> {
    let first = |kind: EntityKind| {
        let of_kind = entities.iter().find(|entity| entity.kind == kind);
        of_kind.and_then(|entity| Some((entity, *entity.spans.first()?)))
    };
    let (actor, place) = first(EntityKind::Actor)?;
    let malware = first(EntityKind::Malware).map(|(_, place)| place);
    let written = passage(document, place).slice(place, DEED_REACH);
    let is_numbered = written.bytes().any(|byte| byte.is_ascii_digit());
    if !(is_numbered || malware.is_some()) || !does_something(document, place) {
        return None;
    }
    let spans = std::iter::once(place).chain(malware).collect();
    let text = format!("names an attacker at work: “{}”", actor.name);
    Some(Reason::new(Aspect::Relevance, text, RAISES).at(spans))
}

fn passage(document: &Document, place: Span) -> &Passage {
    let [title, text] = &document.passages;
    match place.field {
        Field::Title => title,
        Field::Text => text,
    }
}

/// Whether a deed stands right behind a name.
fn does_something(document: &Document, name: Span) -> bool {
    let behind = Span {
        start: name.end,
        end: u32::MAX,
        ..name
    };
    let behind = passage(document, name)
        .slice(behind, DEED_REACH)
        .to_lowercase();
    let sentence = behind.split(". ").next().unwrap_or_default();
    sentence
        .split(|c: char| !c.is_alphanumeric())
        .any(|word| !word.is_empty() && DEEDS.iter().any(|deed| word.starts_with(deed)))
}
