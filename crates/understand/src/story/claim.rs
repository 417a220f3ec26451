//! How firm a story is, and whether its flaw is exploited, by what texts say.

use std::sync::LazyLock;

use model::{Analysis, ClaimStatus, Field, Item};

use super::{publisher, wording};
use crate::cues::{Book, Feature, Hit, Sense};
use crate::passage::Passage;
use crate::region::Regions;

/// The cues that are read here: to look for all others once more for each fold costs as much
/// again as the rest of it.
static BOOK: LazyLock<Book> = LazyLock::new(|| {
    use Feature::{Claimed, Confirmed, Denied, Exploited};
    Book::only(Regions::shipped().packs(), |sense| {
        matches!(
            sense,
            Sense::Feature(Claimed | Confirmed | Denied | Exploited)
        )
    })
});

/// What an item's text says of the firmness of its story.
pub(super) struct Signs {
    pub(super) claim: ClaimStatus,
    /// Exploitation, in the words of the text.
    pub(super) exploited: bool,
    /// The item is the word of those who say that they did it.
    pub(super) is_claimant: bool,
}

/// Reads the signs of an item: of whom it comes from, and of its clean text.
pub(super) fn signs(item: &Item, analysis: &Analysis) -> Signs {
    let passages = [
        Passage::new(Field::Title, analysis.title.clone()),
        Passage::new(Field::Text, analysis.text.clone()),
    ];
    let hits = BOOK.read(&passages);
    let strength = |feature: Feature| -> f32 {
        hits.iter()
            .filter(|hit| hit.cue.sense == Sense::Feature(feature) && !hit.negated)
            .filter(|hit| {
                let passage = Passage::of(&passages, hit.field);
                wording::holds(feature, passage, hit.start, hit.end)
            })
            .map(weight)
            .fold(0.0, f32::max)
    };
    let [in_title, in_text] = passages
        .each_ref()
        .map(|passage| wording::told(passage.folded.text()));
    let told = |title: bool, text: bool| match (title, text) {
        (true, _) => IN_TITLE,
        (false, true) => 1.0,
        (false, false) => 0.0_f32,
    };
    let by_name = match wording::is_claimed_by_name(&passages, &analysis.entities) {
        Some(Field::Title) => IN_TITLE * BY_NAME,
        Some(Field::Text) => BY_NAME,
        None => 0.0,
    };
    let claimed = strength(Feature::Claimed)
        .max(told(in_title.claimed, in_text.claimed))
        .max(by_name);
    let confirmed = strength(Feature::Confirmed).max(told(in_title.confirmed, in_text.confirmed));
    let denied = strength(Feature::Denied).max(told(in_title.denied, in_text.denied));
    let is_claimant = publisher::is_claimant(item, analysis);
    let claim = if is_claimant {
        ClaimStatus::Claimed
    } else if denied >= 0.9 && denied > confirmed {
        ClaimStatus::Denied
    } else if confirmed >= 0.8 && confirmed > claimed {
        ClaimStatus::Confirmed
    } else if claimed >= 0.9 {
        ClaimStatus::Claimed
    } else {
        ClaimStatus::Reported
    };
    Signs {
        claim,
        exploited: strength(Feature::Exploited) >= 0.9,
        is_claimant,
    }
}

/// What a claim weighs that a gang makes by its name: less than "confirms", which often
/// stands beside it.
const BY_NAME: f32 = 0.9;

/// A cue of the title counts more than one of the body, which may tell of another
/// story on the side.
const IN_TITLE: f32 = 1.5;

fn weight(hit: &Hit) -> f32 {
    hit.cue.weight * if hit.in_title() { IN_TITLE } else { 1.0 }
}

/// How firm the story is with one more item. A claim is repeated by as many as like to
/// and is no firmer for it: beside it a report counts as the first, and beside reports it
/// counts nothing. Two who report on their own corroborate each other.
pub(super) fn merged(before: ClaimStatus, item: ClaimStatus, independent: bool) -> ClaimStatus {
    use ClaimStatus::{Claimed, Confirmed, Corroborated, Denied};
    match (before, item) {
        (Confirmed, _) | (_, Confirmed) => Confirmed,
        (_, Denied) | (Denied, _) => Denied,
        (Claimed, item) => item,
        (before, Claimed) => before,
        (before, _) if !independent => before,
        (_, _) => Corroborated,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_add_nothing_and_reports_count_from_the_first() {
        use ClaimStatus::{Claimed, Confirmed, Corroborated, Denied, Reported};
        for (items, wanted) in [
            (&[Claimed, Claimed, Claimed][..], Claimed),
            (&[Claimed, Reported], Reported),
            (&[Reported, Claimed, Claimed], Reported),
            (&[Claimed, Reported, Reported], Corroborated),
            (&[Reported, Claimed, Reported, Claimed], Corroborated),
            (&[Claimed, Confirmed, Denied], Confirmed),
            (&[Claimed, Denied, Reported], Denied),
        ] {
            let told = items
                .iter()
                .copied()
                .reduce(|before, item| merged(before, item, true));
            assert_eq!(told, Some(wanted), "{items:?}");
        }
        assert_eq!(merged(Reported, Reported, false), Reported);
        assert_eq!(merged(Claimed, Reported, false), Reported);
    }
}
