//! Which incident an item joins.

use model::incident::{Candidate, Link};
use model::{Analysis, CveId, IncidentId, Item, ItemId, Member};

use super::likeness::{Compared, Likeness};
use super::summary::overlap;
use crate::Context;

/// Texts with fewer letters than this are alike by chance: "Security bulletin".
const SHORTEST_TEXT: usize = 40;

/// From this share of common words on, the page at an address still says the same.
const SAME_TEXT: f32 = 0.6;

/// Where an item belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placement {
    /// It belongs to a known incident.
    Joins {
        /// Which.
        incident: IncidentId,
        /// Why, in one sentence.
        because: String,
        /// The item it repeats or replaces, if it does. Both count once, and this
        /// item's opinion on severity takes the other's place.
        repeat_of: Option<ItemId>,
    },
    /// It opens a new incident.
    Opens,
}

/// Where the item belongs among the candidates. Of several the strongest link
/// wins (what people said, new version, address, text, CVE), then the earliest incident, then the
/// smallest id, so that the order in which candidates come makes no difference.
/// Without a link the item joins the incident whose items read most like it, if
/// they read enough like it.
#[must_use]
pub fn place(
    item: &Item,
    analysis: &Analysis,
    candidates: &[Candidate],
    context: &Context,
) -> Placement {
    by_link(item, analysis, candidates, context)
        .or_else(|| by_words(item, analysis, candidates, context))
        .unwrap_or(Placement::Opens)
}

fn by_link(
    item: &Item,
    analysis: &Analysis,
    candidates: &[Candidate],
    context: &Context,
) -> Option<Placement> {
    let (_, link, candidate) = candidates
        .iter()
        .filter_map(|candidate| {
            let link = strongest(analysis, candidate)?;
            Some((
                (
                    rank(link),
                    candidate.incident.first_seen,
                    candidate.incident.id,
                ),
                link,
                candidate,
            ))
        })
        .min_by(|a, b| a.0.cmp(&b.0))?;
    let candidate = match link {
        Link::Cve(_) => closest_rival(item, analysis, link, candidate, candidates, context),
        _ => candidate,
    };
    Some(joins(analysis, link, candidate))
}

/// Two stories of one CVE that people keep apart: of those, the one whose items read
/// most like the item.
fn closest_rival<'a>(
    item: &Item,
    analysis: &Analysis,
    link: &Link,
    first: &'a Candidate,
    candidates: &'a [Candidate],
    context: &Context,
) -> &'a Candidate {
    let Some(model) = context.models().stories() else {
        return first;
    };
    let is_rival = |other: &&Candidate| {
        other.links.contains(link)
            && (first.apart.contains(&other.incident.id)
                || other.apart.contains(&first.incident.id))
    };
    let score = |candidate: &Candidate| {
        let print = &analysis.story_keys.print;
        let members: Vec<&Member> = candidate.members.iter().collect();
        let likeness = model.likeness(print, item.effective(), &members);
        likeness.map_or(f32::NEG_INFINITY, |likeness| likeness.score)
    };
    let mut best = first;
    for rival in candidates.iter().filter(is_rival) {
        if score(rival) > score(best) {
            best = rival;
        }
    }
    best
}

fn by_words(
    item: &Item,
    analysis: &Analysis,
    candidates: &[Candidate],
    context: &Context,
) -> Option<Placement> {
    let model = context.models().stories()?;
    let print = &analysis.story_keys.print;
    if print.is_empty() {
        return None;
    }
    let compared = Compared::new(print);
    let alike: Vec<(&Candidate, Likeness)> = candidates
        .iter()
        .filter(|candidate| !speak_of_other_cves(analysis, &candidate.incident.cves))
        .filter_map(|candidate| {
            let members: Vec<&Member> = candidate.members.iter().collect();
            let likeness = model.joining(&compared, item.effective(), &members)?;
            Some((candidate, likeness))
        })
        .collect();
    // A reprint of what people took out of a story is no part of that story.
    let taken_out = |candidate: &Candidate| {
        alike.iter().any(|(other, likeness)| {
            likeness.is_reprint && candidate.apart.contains(&other.incident.id)
        })
    };
    let (candidate, likeness) = alike
        .iter()
        .filter(|(candidate, _)| !taken_out(candidate))
        .max_by(|(a, x), (b, y)| {
            let older = |candidate: &Candidate| {
                std::cmp::Reverse((candidate.incident.first_seen, candidate.incident.id))
            };
            x.score
                .total_cmp(&y.score)
                .then_with(|| older(a).cmp(&older(b)))
        })?;
    let Likeness {
        closest,
        is_reprint,
        ..
    } = *likeness;
    let member = candidate.members.get(closest)?;
    let words = model.shared_words(&analysis.title, &analysis.text, print, &member.print);
    let because = if is_reprint {
        "a reprint of an item of this incident".to_owned()
    } else if words.is_empty() {
        "tells the same story in the same words".to_owned()
    } else {
        format!("tells the same story: both speak of {}", words.join(", "))
    };
    Some(Placement::Joins {
        incident: candidate.incident.id,
        because,
        repeat_of: is_reprint.then_some(member.item),
    })
}

/// Two flaws of one product are told in the same words and are two stories.
fn speak_of_other_cves(analysis: &Analysis, cves: &[CveId]) -> bool {
    let own = &analysis.story_keys.cves;
    !own.is_empty() && !cves.is_empty() && !own.iter().any(|cve| cves.contains(cve))
}

const fn rank(link: &Link) -> u8 {
    match link {
        Link::Said => 0,
        Link::Edit(_) => 1,
        Link::Address(_) => 2,
        Link::Text(_) => 3,
        Link::Cve(_) => 4,
    }
}

/// The strongest link that holds for this item. Among equal ones that to an item
/// whose opinion the incident still has, because that is the one to replace.
fn strongest<'a>(analysis: &Analysis, candidate: &'a Candidate) -> Option<&'a Link> {
    let speaks = |link: &Link| match link {
        Link::Edit(item) | Link::Address(item) | Link::Text(item) => {
            let origin = item.to_string();
            candidate
                .incident
                .voices
                .iter()
                .any(|voice| voice.origin == origin)
        }
        Link::Said | Link::Cve(_) => true,
    };
    candidate
        .links
        .iter()
        .filter(|link| match link {
            Link::Said | Link::Edit(_) | Link::Address(_) => true,
            Link::Text(_) => letters(analysis) >= SHORTEST_TEXT,
            Link::Cve(cve) => analysis.story_keys.cves.contains(cve),
        })
        .min_by(|a, b| {
            rank(a)
                .cmp(&rank(b))
                .then_with(|| speaks(b).cmp(&speaks(a)))
                .then_with(|| a.cmp(b))
        })
}

fn joins(analysis: &Analysis, link: &Link, candidate: &Candidate) -> Placement {
    let incident = candidate.incident.id;
    let has_text_link = candidate
        .links
        .iter()
        .any(|link| matches!(link, Link::Text(_)));
    let edited = candidate.links.iter().find_map(|link| match link {
        Link::Edit(item) => Some(*item),
        _ => None,
    });
    let (because, repeat_of) = match link {
        Link::Said => ("people said that it belongs here".to_owned(), edited),
        Link::Edit(item) => (
            "a new version of an item of this incident".to_owned(),
            Some(*item),
        ),
        Link::Text(item) => (
            "the same text as an item of this incident".to_owned(),
            Some(*item),
        ),
        Link::Address(item) if has_text_link || says_the_same(analysis, candidate) => (
            "the same page as an item of this incident".to_owned(),
            Some(*item),
        ),
        Link::Address(_) => (
            "an update at the address of an item of this incident".to_owned(),
            None,
        ),
        Link::Cve(cve) => (format!("both are about {cve}"), None),
    };
    Placement::Joins {
        incident,
        because,
        repeat_of,
    }
}

/// Whether a page at a known address still says what the incident says: the
/// same headline, or most of the same words. Otherwise it is an update.
fn says_the_same(analysis: &Analysis, candidate: &Candidate) -> bool {
    let known = &candidate.incident;
    let item_text = format!("{} {}", analysis.title, analysis.text);
    overlap(&known.summary, &item_text) >= SAME_TEXT
        || overlap(&analysis.text, &known.summary) >= SAME_TEXT
}

/// How many letters the item has, counted only as far as it matters.
fn letters(analysis: &Analysis) -> usize {
    analysis
        .title
        .chars()
        .chain(analysis.text.chars())
        .filter(|c| c.is_alphanumeric())
        .take(SHORTEST_TEXT)
        .count()
}
