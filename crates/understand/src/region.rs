//! Where the affected are: names of countries and places that do not stand beside
//! an attacker, and for the countries of region packs bodies, companies and words of
//! their life too.
//!
//! What shows that the home is affected is data (see [`Pack`]); what the signs add up
//! to is told here, the same for every pack.

pub mod gazetteer;
mod names;
mod pack;

use model::{Aspect, Country, EntityKind, Field, Reason, Region, Span};
use serde::Deserialize;

pub use pack::{Credit, HOME, Pack, Regions, Size, Subdivision};

use crate::cues::{Hit, Local, Sense};
use crate::document::Document;
use crate::evidence;
use crate::extract::Named;
use crate::extract::gazetteer::Gazetteer;
use crate::fold::is_word;
use crate::lists::{LISTS, begins};
use crate::passage::Passage;
use crate::work;

/// From this belief on a country is affected.
const THRESHOLD: f32 = 0.5;

/// A country named in the body alone may be the publisher's, or a comparison.
const BODY_FACTOR: f32 = 0.6;

/// So much of a pack's sign is left when it stands in the body alone.
const LOCAL_BODY_FACTOR: f32 = 0.85;

/// No single sign makes it certain.
const MOST: f32 = 0.97;

/// So much must other signs say before a name counts that stands elsewhere too.
const FIRM_ENOUGH: f32 = 0.25;

/// A round-up names many; the surest few are kept.
const MAX_COUNTRIES: usize = 6;

/// Signs looked at; what an item is about is said early.
const MAX_SIGHTINGS: usize = 2_000;

/// Places shown with a reason; more help nobody.
const MAX_SPANS: usize = 5;

/// The lists of `data/wording.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Words {
    /// Whose arrests say nothing of the victims.
    police: Vec<String>,
    /// How words for an arrest begin.
    arrests: Vec<String>,
    /// What says behind a call centre that it was attacked.
    hit: Vec<String>,
}

/// What is known of the place before the words are read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prior<'a> {
    /// The text's language, by its ISO 639-3 code.
    pub(crate) language: Option<&'a str>,
    /// Countries the publisher states.
    pub(crate) stated: &'a [Country],
}

/// A sign of a pack where it stands.
#[derive(Debug, Clone)]
struct Sighting {
    local: Local,
    weight: f32,
    /// How reasons and entities show it.
    shown: String,
    field: Field,
    /// In bytes of the passage's folded text.
    start: usize,
    end: usize,
    span: Span,
}

/// How far an attacker word may be from its country, in bytes: a blank, a hyphen,
/// "'s".
const BESIDE: usize = 3;

pub(crate) fn judge(
    document: &Document,
    regions: &Regions,
    prior: Prior<'_>,
    named: &mut Named,
    reasons: &mut Vec<Reason>,
) -> Region {
    let (passages, hits) = (&document.passages, &document.hits);
    let victims: Vec<Hit> = hits
        .iter()
        .filter(|hit| {
            let names = matches!(hit.cue.sense, Sense::Country(_) | Sense::Local(..));
            names || matches!(hit.cue.sense, Sense::Namesake(_))
        })
        .filter(|hit| {
            // Hackers of a company are not its own.
            matches!(&hit.cue.sense, Sense::Local(_, local) if is_organisation(local))
                || !is_attacker(passages, hits, hit.field, hit.start, hit.end)
        })
        .copied()
        .collect();
    let mut region = Region::default();
    let mut countries: Vec<(f32, Country)> = Vec::new();
    let names_country = |hit: &Hit| matches!(hit.cue.sense, Sense::Country(_) | Sense::Namesake(_));
    for one in evidence::gather(&victims, names_country) {
        let (Sense::Country(country) | Sense::Namesake(country)) = one.cue.sense else {
            continue;
        };
        let belief = if one.in_title { 0.9 } else { BODY_FACTOR };
        if !is_adjective(&one.cue.pattern) {
            for span in &one.spans {
                named.add(EntityKind::Place, &one.cue.pattern, *span);
            }
        }
        let mut reason = one.reason(Aspect::Region, country.as_str());
        reason.weight = belief;
        reasons.push(reason);
        match countries.iter_mut().find(|(_, known)| *known == country) {
            Some((known, _)) => *known = either(*known, belief),
            None => countries.push((belief, country)),
        }
    }
    let elsewhere = !countries.is_empty() || !prior.stated.is_empty();
    for (index, pack) in regions.packs().iter().enumerate() {
        let sightings = sightings(pack, &victims, document);
        let language = prior
            .language
            .and_then(|language| pack.languages.get(language))
            .map_or(0.0, |says| if elsewhere { says / 2.0 } else { *says });
        let (mut belief, mut parts) = local(pack, &sightings, document, language, named, reasons);
        if elsewhere
            && belief >= THRESHOLD
            && let Some(police) = only_arrests(document, &sightings)
        {
            reasons.push(
                Reason::new(
                    Aspect::Region,
                    format!(
                        "against {}: only where the arrest was, “{}”",
                        pack.name, police.shown
                    ),
                    -belief,
                )
                .at(vec![police.span]),
            );
            (belief, parts) = (0.0, Vec::new());
        }
        if belief >= THRESHOLD {
            countries.push((belief, pack.country));
        }
        // Codes without their country are the home's.
        if index == 0 && (belief >= THRESHOLD || prior.stated.contains(&pack.country)) {
            region.states = parts;
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
    countries.truncate(MAX_COUNTRIES);
    region.countries = countries.into_iter().map(|(_, country)| country).collect();
    region
}

/// The first sign of a pack, if all of them only say whose police arrested somebody.
fn only_arrests<'a>(document: &Document, sightings: &'a [Sighting]) -> Option<&'a Sighting> {
    let are_police = sightings.iter().all(|sign| {
        work::steps(ARREST_REACH);
        let passage = Passage::of(&document.passages, sign.field);
        arrests(passage, sign.start, sign.end)
    });
    sightings.first().filter(|_| are_police)
}

/// How far behind its name a police says whom it arrested, in bytes.
const ARREST_REACH: usize = 60;

fn arrests(passage: &Passage, start: usize, end: usize) -> bool {
    let words = &LISTS.region;
    let name = passage.folded.text().get(start..end).unwrap_or_default();
    let behind = passage.behind(end, ARREST_REACH);
    let next = behind.trim_start();
    let is_police = words.police.iter().any(|police| {
        let rest = next.strip_prefix(police.as_str());
        rest.is_some_and(|rest| !rest.starts_with(is_word))
    });
    (is_police || name.ends_with(" police"))
        && behind.split(' ').any(|word| begins(&words.arrests, word))
}

/// Where signs of a pack stand, in order: its cues, and names of its lists where no
/// cue stands and no veto hides them.
fn sightings(pack: &Pack, victims: &[Hit], document: &Document) -> Vec<Sighting> {
    let mut found: Vec<Sighting> = victims
        .iter()
        .filter_map(|hit| match &hit.cue.sense {
            Sense::Local(country, local) if *country == pack.country => Some(Sighting {
                local: local.clone(),
                weight: hit.cue.weight,
                shown: hit.cue.pattern.clone(),
                field: hit.field,
                start: hit.start,
                end: hit.end,
                span: hit.span,
            }),
            _ => None,
        })
        .take(MAX_SIGHTINGS)
        .collect();
    let cues = found.len();
    for passage in &document.passages {
        pack.names.find(passage, &mut found);
    }
    let vetoes: Vec<&Hit> = document
        .hits
        .iter()
        .filter(|hit| matches!(hit.cue.sense, Sense::Mask | Sense::Namesake(_)))
        .take(MAX_SIGHTINGS)
        .collect();
    let (of_cues, listed) = found.split_at(cues);
    let free: Vec<Sighting> = listed
        .iter()
        .filter(|name| {
            work::steps(of_cues.len() + vetoes.len());
            let overlaps = |field: Field, start: usize, end: usize| {
                field == name.field && start < name.end && name.start < end
            };
            let known = of_cues
                .iter()
                .any(|cue| overlaps(cue.field, cue.start, cue.end));
            let hidden = vetoes
                .iter()
                .any(|veto| overlaps(veto.field, veto.start, veto.end));
            !known
                && !hidden
                && (is_organisation(&name.local)
                    || !is_attacker(
                        &document.passages,
                        &document.hits,
                        name.field,
                        name.start,
                        name.end,
                    ))
        })
        .cloned()
        .collect();
    found.truncate(cues);
    found.extend(free);
    found.sort_by_key(|one| (one.field, one.start, usize::MAX - one.end));
    found
}

/// A sign with all its places.
struct Evidence<'a> {
    sign: &'a Sighting,
    in_title: bool,
    /// In the title, or in the first sentence of a text without one.
    in_headline: bool,
    spans: Vec<Span>,
}

/// Each sign once. One inside a longer one adds nothing of its own.
fn gather<'a>(sightings: &'a [Sighting], document: &Document) -> Vec<Evidence<'a>> {
    let headline = document.headline();
    let mut evidence: Vec<Evidence<'_>> = Vec::new();
    let mut reach = (Field::Title, 0);
    for sign in sightings {
        if sign.field == reach.0 && sign.end <= reach.1 {
            continue;
        }
        reach = (sign.field, sign.end);
        work::steps(evidence.len());
        let known = evidence
            .iter_mut()
            .find(|known| known.sign.shown == sign.shown && known.sign.local == sign.local);
        match known {
            Some(known) if known.spans.len() < MAX_SPANS => known.spans.push(sign.span),
            Some(_) => {}
            None => evidence.push(Evidence {
                sign,
                in_title: sign.field == Field::Title,
                in_headline: sign.field == Field::Title || sign.end <= headline,
                spans: vec![sign.span],
            }),
        }
    }
    evidence
}

/// How sure it is that a pack's country is affected, and which parts of it.
fn local(
    pack: &Pack,
    sightings: &[Sighting],
    document: &Document,
    language: f32,
    named: &mut Named,
    reasons: &mut Vec<Reason>,
) -> (f32, Vec<String>) {
    let evidence = gather(sightings, document);
    let mut firm = language;
    let mut clashing = 0.0;
    let mut parts: Vec<String> = Vec::new();
    for one in &evidence {
        let factor = if one.in_headline {
            1.0
        } else {
            LOCAL_BODY_FACTOR
        };
        let belief = one.sign.weight.min(MOST) * factor;
        let name = pack.name.as_str();
        let says = match &one.sign.local {
            Local::Subdivision(_) => format!("{name}, {}", pack.subdivision),
            Local::City(_) | Local::ClashingCity(_) => format!("{name}, city"),
            Local::Body(_) => format!("{name}, public body"),
            Local::Company | Local::ClashingCompany => format!("{name}, company"),
            Local::Term => name.to_owned(),
        };
        let place = if one.in_title { " in the title" } else { "" };
        let text = format!("{says}: “{}”{place}", one.sign.shown);
        reasons.push(Reason::new(Aspect::Region, text, belief).at(one.spans.clone()));
        match &one.sign.local {
            Local::ClashingCity(_) | Local::ClashingCompany => clashing = either(clashing, belief),
            _ => firm = either(firm, belief),
        }
        if let Local::Subdivision(code) | Local::City(code) | Local::ClashingCity(code) =
            &one.sign.local
            && !code.is_empty()
            && !parts.contains(code)
        {
            parts.push(code.clone());
        }
    }
    if language >= THRESHOLD && evidence.is_empty() {
        let text = format!("{}: the text's language", pack.name);
        reasons.push(Reason::new(Aspect::Region, text, language));
    }
    // A name that stands elsewhere too counts beside another sign only.
    let belief = if firm >= FIRM_ENOUGH {
        either(firm, clashing)
    } else {
        firm
    };
    for one in &evidence {
        let (kind, name) = match &one.sign.local {
            Local::Subdivision(_) | Local::City(_) | Local::ClashingCity(_) => {
                (EntityKind::Place, &one.sign.shown)
            }
            Local::Body(name) => (EntityKind::Organisation, name),
            Local::Company => (EntityKind::Organisation, &one.sign.shown),
            Local::ClashingCompany if belief >= THRESHOLD => {
                (EntityKind::Organisation, &one.sign.shown)
            }
            Local::ClashingCompany | Local::Term => continue,
        };
        for span in &one.spans {
            named.add(kind, name, *span);
        }
    }
    (belief, parts)
}

/// Whether a cue for a country is no place's name: an adjective, as `Russian`.
fn is_adjective(cue: &str) -> bool {
    cue.is_ascii() && !Gazetteer::shipped().is_place(cue)
}

fn is_organisation(local: &Local) -> bool {
    matches!(
        local,
        Local::Body(_) | Local::Company | Local::ClashingCompany
    )
}

/// Two independent signs together.
fn either(a: f32, b: f32) -> f32 {
    1.0 - (1.0 - a) * (1.0 - b)
}

/// Whether what otherwise is a place of attackers, a call centre, was attacked itself.
fn is_hit_itself(passage: &Passage, hit: &Hit) -> bool {
    const REACH: usize = 40;
    let behind = passage
        .behind(hit.end, REACH)
        .trim_end_matches(['.', ',', ':', ' ']);
    let verb = behind.trim_start();
    let is_bare = verb == "hacked" || verb.starts_with("hacked,");
    is_bare
        || LISTS
            .region
            .hit
            .iter()
            .any(|word| behind.contains(word.as_str()))
}

/// Whether an attacker word stands beside a name: "Chinese hackers", "linked to
/// Russia".
fn is_attacker(
    passages: &[Passage; 2],
    hits: &[Hit],
    field: Field,
    start: usize,
    end: usize,
) -> bool {
    let passage = Passage::of(passages, field);
    let text = passage.folded.text();
    let near = |from: usize, to: usize| {
        to >= from
            && to - from <= BESIDE
            && text
                .get(from..to)
                .is_some_and(|gap| !gap.contains(['.', ',', ';', '|']))
    };
    // Hits are in order of start: only those just around this one can stand beside it.
    let at = hits.partition_point(|other| (other.field, other.start) < (field, start));
    let after = hits
        .iter()
        .skip(at)
        .take_while(|other| other.field == field && other.start <= end + BESIDE)
        .any(|other| {
            let is_attackers = match other.cue.sense {
                Sense::AttackerAfter => true,
                Sense::AttackerUnlessHit => !is_hit_itself(passage, other),
                _ => false,
            };
            is_attackers && near(end, other.start)
        });
    let before = || {
        hits.iter().take(at).rev().take(12).any(|other| {
            other.field == field
                && other.cue.sense == Sense::AttackerBefore
                && near(other.end, start)
        })
    };
    after || before()
}
