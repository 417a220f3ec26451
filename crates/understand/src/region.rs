//! Where the affected are: names of countries and places that do not stand beside
//! an attacker, and for India bodies, companies and words of Indian life too.

use model::{Aspect, Country, EntityKind, Field, Reason, Region};

use crate::cues::{Hit, Sense};
use crate::evidence;
use crate::extract::Named;
use crate::passage::Passage;

/// From this belief on a country is affected.
const THRESHOLD: f32 = 0.5;

/// A country named in the body alone may be the publisher's, or a comparison.
const BODY_FACTOR: f32 = 0.6;

/// A round-up names many; the surest few are kept.
const MOST_COUNTRIES: usize = 6;

/// What is known of the place before the words are read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prior<'a> {
    /// The text is in Hindi.
    pub(crate) hindi: bool,
    /// Countries the publisher states.
    pub(crate) stated: &'a [Country],
}

/// How far an attacker word may be from its country, in bytes: a blank, a hyphen,
/// "'s".
const BESIDE: usize = 3;

pub(crate) fn judge(
    passages: &[Passage; 2],
    hits: &[Hit],
    prior: Prior<'_>,
    named: &mut Named,
    reasons: &mut Vec<Reason>,
) -> Region {
    let victims: Vec<Hit> = hits
        .iter()
        .filter(|hit| is_place(&hit.cue.sense))
        .filter(|hit| !is_attacker(passages, hits, hit))
        .copied()
        .collect();
    let mut region = Region::default();
    let mut countries: Vec<(f32, Country)> = Vec::new();
    let india = india(&victims, prior.hindi, &mut region, named, reasons);
    if india >= THRESHOLD {
        countries.push((india, Country::INDIA));
    }
    for one in evidence::gather(&victims, |hit| matches!(hit.cue.sense, Sense::Country(_))) {
        let Sense::Country(country) = one.cue.sense else {
            continue;
        };
        let belief = if one.in_title { 0.9 } else { BODY_FACTOR };
        for span in &one.spans {
            named.add(EntityKind::Place, &one.cue.pattern, *span);
        }
        let mut reason = one.reason(Aspect::Region, country.as_str());
        reason.weight = belief;
        reasons.push(reason);
        match countries.iter_mut().find(|(_, known)| *known == country) {
            Some((known, _)) => *known = either(*known, belief),
            None => countries.push((belief, country)),
        }
    }
    for country in prior.stated {
        countries.retain(|(_, known)| known != country);
        countries.push((1.0, *country));
        reasons.push(Reason::new(
            Aspect::Region,
            format!("{country}: the publisher says so"),
            1.0,
        ));
    }
    countries.retain(|(belief, _)| *belief >= THRESHOLD);
    countries.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    countries.truncate(MOST_COUNTRIES);
    region.countries = countries.into_iter().map(|(_, country)| country).collect();
    if !region.is_india() {
        region.states.clear();
    }
    region
}

/// How sure it is that Indians are affected.
fn india(
    victims: &[Hit],
    hindi: bool,
    region: &mut Region,
    named: &mut Named,
    reasons: &mut Vec<Reason>,
) -> f32 {
    let evidence = evidence::gather(victims, |hit| is_indian(&hit.cue.sense));
    let mut firm = 0.0;
    let mut clashing = 0.0;
    for one in &evidence {
        let belief = one.cue.weight.min(0.97) * if one.in_title { 1.0 } else { 0.85 };
        let says = match &one.cue.sense {
            Sense::State(_) => "India, state",
            Sense::City(_) | Sense::ClashingCity(_) => "India, city",
            Sense::Body(_) => "India, public body",
            Sense::Company => "India, company",
            _ => "India",
        };
        let mut reason = one.reason(Aspect::Region, says);
        reason.weight = belief;
        reasons.push(reason);
        match &one.cue.sense {
            Sense::ClashingCity(_) => clashing = either(clashing, belief),
            _ => firm = either(firm, belief),
        }
        for span in &one.spans {
            match &one.cue.sense {
                Sense::State(_) | Sense::City(_) | Sense::ClashingCity(_) => {
                    named.add(EntityKind::Place, &one.cue.pattern, *span)
                }
                Sense::Body(name) => named.add(EntityKind::Organisation, name, *span),
                Sense::Company => named.add(EntityKind::Organisation, &one.cue.pattern, *span),
                _ => {}
            }
        }
    }
    if hindi {
        firm = either(firm, 0.3);
    }
    // A name that stands elsewhere too counts beside another sign only.
    let belief = if firm >= 0.25 {
        either(firm, clashing)
    } else {
        firm
    };
    for one in &evidence {
        if let Sense::State(code) | Sense::City(code) | Sense::ClashingCity(code) = &one.cue.sense
            && !region.states.contains(code)
        {
            region.states.push(code.clone());
        }
    }
    belief
}

fn is_indian(sense: &Sense) -> bool {
    matches!(
        sense,
        Sense::State(_)
            | Sense::City(_)
            | Sense::ClashingCity(_)
            | Sense::Body(_)
            | Sense::Company
            | Sense::Term
    )
}

fn is_place(sense: &Sense) -> bool {
    is_indian(sense) || matches!(sense, Sense::Country(_))
}

/// Two independent signs together.
fn either(a: f32, b: f32) -> f32 {
    1.0 - (1.0 - a) * (1.0 - b)
}

/// Whether an attacker word stands beside the name: "Chinese hackers", "linked
/// to Russia".
fn is_attacker(passages: &[Passage; 2], hits: &[Hit], hit: &Hit) -> bool {
    let text = match hit.field {
        Field::Title => passages[0].folded.text(),
        Field::Text => passages[1].folded.text(),
    };
    let near = |from: usize, to: usize| {
        to >= from
            && to - from <= BESIDE
            && text
                .get(from..to)
                .is_some_and(|gap| !gap.contains(['.', ',', ';', '|']))
    };
    // Hits are in order of start: only those just around this one can stand beside it.
    let at = hits.partition_point(|other| (other.field, other.start) < (hit.field, hit.start));
    let after = hits
        .iter()
        .skip(at)
        .take_while(|other| other.field == hit.field && other.start <= hit.end + BESIDE)
        .any(|other| other.cue.sense == Sense::AttackerAfter && near(hit.end, other.start));
    let before = || {
        hits.iter().take(at).rev().take(12).any(|other| {
            other.field == hit.field
                && other.cue.sense == Sense::AttackerBefore
                && near(other.end, hit.start)
        })
    };
    after || before()
}
