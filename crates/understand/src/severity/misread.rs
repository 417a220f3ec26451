//! Cues that say something else where they stand: "he was fine" is no penalty, a
//! "digital arrest" is a scam, who is told of it is not who was hit, and a company that
//! denies a ransom payment does not deny the attack.

use crate::cues::{Feature, Hit, Sense};
use crate::passage::Passage;
use crate::story::wording;

/// What stands before "fine" where it is no penalty.
const WELL: &[&str] = &[
    "am", "are", "be", "been", "doing", "feel", "feels", "i'm", "is", "it's", "just", "was",
    "were", "works",
];

/// What stands before whoever is told of an event.
const TOLD: &[&str] = &[
    "disclosed to",
    "filed with",
    "filing to",
    "filing with",
    "informed",
    "notice to",
    "said to",
    "statement to",
    "tells",
    "to",
    "told",
    "told this",
    "with",
];

/// What stands behind whoever publishes a notice.
const NOTICES: &[&str] = &[
    "disclosure",
    "disclosures",
    "filing",
    "filings",
    "notice",
    "notification",
];

/// Whether the cue says something else here.
pub(crate) fn is_misread(passages: &[Passage; 2], hit: &Hit) -> bool {
    let [title, text] = passages;
    let passage = if hit.in_title() { title } else { text };
    let folded = passage.folded.text();
    let cue = folded.get(hit.start..hit.end).unwrap_or_default();
    match &hit.cue.sense {
        Sense::Feature(Feature::Denied) => {
            !wording::holds(Feature::Denied, folded, hit.start, hit.end)
        }
        Sense::Feature(Feature::Arrest) => before(folded, hit.start).ends_with("digital"),
        Sense::Feature(_) if cue == "fine" => {
            let last = before(folded, hit.start).rsplit(' ').next();
            let behind = folded.get(hit.end..).unwrap_or_default();
            last.is_some_and(|word| WELL.contains(&word))
                || behind.starts_with('-')
                || behind.starts_with(" print")
        }
        Sense::Sector(_) | Sense::Feature(Feature::Major) => {
            is_bystander(folded, cue, hit.start, hit.end)
        }
        _ => false,
    }
}

/// Whether somebody is only told of the event, by their kind: a stock exchange, a
/// newspaper.
fn is_bystander(text: &str, cue: &str, start: usize, end: usize) -> bool {
    let is_told_of_much = ["stock exchange", "newspaper"]
        .iter()
        .any(|kind| cue.starts_with(kind));
    if !is_told_of_much {
        return false;
    }
    let before = before(text, start);
    let before = before
        .strip_suffix(" the")
        .or_else(|| before.strip_suffix(" this"))
        .unwrap_or(before);
    let is_told = TOLD.iter().any(|told| {
        before
            .strip_suffix(told)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with(' '))
    });
    let behind = text.get(end..).unwrap_or_default().trim_start();
    let next = behind.split([' ', ',', '.']).next().unwrap_or_default();
    is_told || NOTICES.contains(&next)
}

/// The words right before, without the blank.
fn before(text: &str, start: usize) -> &str {
    const REACH: usize = 24;
    let from = text.ceil_char_boundary(start.saturating_sub(REACH));
    text.get(from..start).unwrap_or_default().trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Document;
    use model::Markup;

    fn misread(text: &str, cue: &str) -> bool {
        let document = Document::new("", text, Markup::Plain);
        let mut hits = document.hits.iter().filter(|hit| {
            hit.cue.pattern == cue && matches!(hit.cue.sense, Sense::Feature(_) | Sense::Sector(_))
        });
        hits.any(|hit| is_misread(&document.passages, hit))
    }

    #[test]
    fn words_that_mean_something_else_are_known() {
        for (text, cue, wanted) in [
            ("He was fine after the attack.", "fine", true),
            ("It faces a fine.", "fine", false),
            (
                "Acme said in a stock exchange filing.",
                "stock exchange",
                true,
            ),
            ("Acme informed the stock exchange.", "stock exchange", true),
            ("The stock exchange was hit.", "stock exchange", false),
            ("An officer told this newspaper.", "newspaper", true),
            ("Hackers hit a newspaper.", "newspaper", false),
            ("Acme denies paying a ransom.", "denies", true),
            ("Acme denies a breach.", "denies", false),
        ] {
            assert_eq!(misread(text, cue), wanted, "{text}");
        }
    }
}
