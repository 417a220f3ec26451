//! How firm a story is, and whether its flaw is exploited, by what texts say.

use model::{Analysis, ClaimStatus, Field};

use super::wording;
use crate::cues::{self, Feature, Hit, Sense};
use crate::passage::Passage;

/// What an item's text says of the firmness of its story.
pub(super) struct Signs {
    pub(super) claim: ClaimStatus,
    /// Exploitation, in the words of the text.
    pub(super) exploited: bool,
}

/// Reads the signs of a clean text.
pub(super) fn signs(analysis: &Analysis) -> Signs {
    let passages = [
        Passage::new(Field::Title, analysis.title.clone()),
        Passage::new(Field::Text, analysis.text.clone()),
    ];
    let hits = cues::read(&passages);
    let strength = |feature: Feature| -> f32 {
        hits.iter()
            .filter(|hit| hit.cue.sense == Sense::Feature(feature) && !hit.negated)
            .filter(|hit| {
                let [title, text] = &passages;
                let passage = if hit.in_title() { title } else { text };
                wording::holds(feature, passage.folded.text(), hit.start, hit.end)
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
    let claimed = strength(Feature::Claimed).max(told(in_title.claimed, in_text.claimed));
    let confirmed = strength(Feature::Confirmed).max(told(in_title.confirmed, in_text.confirmed));
    let denied = strength(Feature::Denied).max(told(in_title.denied, in_text.denied));
    let claim = if denied >= 0.9 && denied > confirmed {
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
    }
}

/// A cue of the title counts more than one of the body, which may tell of another
/// story on the side.
const IN_TITLE: f32 = 1.5;

fn weight(hit: &Hit) -> f32 {
    hit.cue.weight * if hit.in_title() { IN_TITLE } else { 1.0 }
}

/// How firm the story is with one more item. Publishers who repeat one claim do
/// not corroborate it; two who report on their own do.
pub(super) fn merged(before: ClaimStatus, item: ClaimStatus, independent: bool) -> ClaimStatus {
    use ClaimStatus::{Claimed, Confirmed, Corroborated, Denied};
    match (before, item) {
        (Confirmed, _) | (_, Confirmed) => Confirmed,
        (_, Denied) | (Denied, _) => Denied,
        (Claimed, Claimed) => Claimed,
        (before, _) if !independent => before,
        (_, _) => Corroborated,
    }
}
