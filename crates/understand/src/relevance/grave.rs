//! What matters however tersely it is told. Models learn from news and from lists of
//! incidents; "SCADA compromise at load despatch centre" reads like neither. What
//! stands in `data/grave.toml`, and a listed attacker at work, is relevant whatever the
//! model says, as a keyword of the user is. Some of it is severe by the definition of
//! the bands too: an attack that stops a hospital or reaches the controls of a grid.

use model::{Aspect, Entity, EntityKind, Reason, Severity, Span};
use serde::Deserialize;

use crate::cues::{Hit, Sense};
use crate::document::Document;
use crate::lists::{LISTS, begins};
use crate::passage::{Passage, sentence};
use crate::work;

/// How far apart the parts may stand, in bytes: some 25 words, and 12 of Devanagari.
const REACH: usize = 200;

/// Cues of one part that are looked at.
const MOST: usize = 64;

/// How far behind its name a deed may stand, in characters.
const DEED_REACH: u32 = 40;

/// The list of `data/wording.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deeds {
    /// What an attacker does, how the words begin.
    verbs: Vec<String>,
}

/// What is grave in an item.
#[derive(Debug, Default)]
pub(crate) struct Grave {
    /// Why the item is relevant, if it is by this alone.
    pub(crate) relevant: Option<Reason>,
    /// How severe such an event is at least, and why.
    pub(crate) severe: Option<(Severity, Reason)>,
}

/// What stands in the item that is grave by itself.
pub(crate) fn read(document: &Document, entities: &[Entity]) -> Grave {
    let parts: Vec<&Hit> = document
        .hits
        .iter()
        .filter(|hit| matches!(hit.cue.sense, Sense::Part { .. }) && !hit.negated)
        .collect();
    let mut grave = Grave::default();
    for first in parts.iter().take(MOST) {
        if grave.relevant.is_some() && grave.severe.is_some() {
            break;
        }
        let Some((least, reason)) = told(document, first, &parts) else {
            continue;
        };
        if let Some(least) = least
            && grave.severe.is_none()
        {
            grave.severe = Some((least, reason.clone()));
        }
        grave.relevant.get_or_insert(reason);
    }
    if grave.relevant.is_none() {
        grave.relevant = at_work(document, entities);
    }
    grave
}

/// The reason of which this cue is the first part, if the others stand with it, and how
/// severe that is at least.
fn told(document: &Document, first: &Hit, parts: &[&Hit]) -> Option<(Option<Severity>, Reason)> {
    let Sense::Part {
        of,
        part: 0,
        parts: all,
        least,
    } = &first.cue.sense
    else {
        return None;
    };
    let mut found: Vec<&Hit> = vec![first];
    for wanted in 1..*all {
        let other = parts.iter().take(4 * MOST).find(|hit| {
            matches!(&hit.cue.sense, Sense::Part { of: its, part, .. } if its == of && *part == wanted)
                && stand_together(document, first, hit)
        })?;
        found.push(other);
    }
    found.sort_by_key(|hit| hit.start);
    let quoted: Vec<String> = found
        .iter()
        .map(|hit| format!("“{}”", hit.cue.pattern))
        .collect();
    let text = format!("{of}: {}", quoted.join(", "));
    let spans = found.iter().map(|hit| hit.span).collect();
    Some((
        *least,
        Reason::new(Aspect::Relevance, text, RAISES).at(spans),
    ))
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
    let passage = Passage::of(&document.passages, a.field);
    between <= REACH
        && passage
            .folded
            .text()
            .get(from..to.max(from))
            .is_none_or(|gap| !gap.contains(". ") && !gap.contains(['।', '۔']))
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
    let passage = Passage::of(&document.passages, place.field);
    let written = passage.slice(place, u32::MAX);
    let is_numbered = written.bytes().any(|byte| byte.is_ascii_digit());
    if !(is_numbered || malware.is_some()) || !does_something(passage, place) {
        return None;
    }
    let spans = std::iter::once(place).chain(malware).collect();
    let text = format!("names an attacker at work: “{}”", actor.name);
    Some(Reason::new(Aspect::Relevance, text, RAISES).at(spans))
}

/// Whether a deed stands right behind a name.
fn does_something(passage: &Passage, name: Span) -> bool {
    let behind = Span {
        start: name.end,
        end: u32::MAX,
        ..name
    };
    let behind = passage.slice(behind, DEED_REACH).to_lowercase();
    sentence(&behind)
        .split(|c: char| !c.is_alphanumeric())
        .any(|word| !word.is_empty() && begins(&LISTS.deeds.verbs, word))
}
