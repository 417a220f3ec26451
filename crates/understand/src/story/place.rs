//! Which incident an item joins.

use model::incident::{Candidate, Link};
use model::{Analysis, CveId, IncidentId, Item, ItemId};

use super::likeness::Likeness;
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
/// wins (new version, address, text, CVE), then the earliest incident, then the
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
    by_link(analysis, candidates)
        .or_else(|| by_words(item, analysis, candidates, context))
        .unwrap_or(Placement::Opens)
}

fn by_link(analysis: &Analysis, candidates: &[Candidate]) -> Option<Placement> {
    candidates
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
        .min_by(|a, b| a.0.cmp(&b.0))
        .map(|(_, link, candidate)| joins(analysis, link, candidate))
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
    let (candidate, likeness) = candidates
        .iter()
        .filter(|candidate| !speak_of_other_cves(analysis, &candidate.incident.cves))
        .filter_map(|candidate| {
            let likeness = model.likeness(print, item.effective(), &candidate.members)?;
            (likeness.score > 0.0).then_some((candidate, likeness))
        })
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
    } = likeness;
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
        Link::Edit(_) => 0,
        Link::Address(_) => 1,
        Link::Text(_) => 2,
        Link::Cve(_) => 3,
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
        Link::Cve(_) => true,
    };
    candidate
        .links
        .iter()
        .filter(|link| match link {
            Link::Edit(_) | Link::Address(_) => true,
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
    let (because, repeat_of) = match link {
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
