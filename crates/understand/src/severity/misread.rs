//! Cues that say something else where they stand: "he was fine" is no penalty, a
//! "digital arrest" is a scam, who is told of it is not who was hit, and a company that
//! denies a ransom payment does not deny the attack.

use serde::Deserialize;

use crate::cues::{Feature, Hit, Sense};
use crate::lists::{LISTS, begins, has};
use crate::passage::{Passage, ends_sentence};
use crate::story::wording;

/// Words looked at before whoever is told, in bytes.
const REACH: usize = 60;

/// The lists of `data/wording.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Words {
    /// What stands before "fine" where it is no penalty.
    well: Vec<String>,
    /// Who is told of much that befell others: how their cues begin.
    listeners: Vec<String>,
    /// What stands before whoever is told; a name may stand between.
    told: Vec<String>,
    /// The same, but right before.
    beside: Vec<String>,
    /// What introduces the event itself.
    introduces: Vec<String>,
    /// What stands behind whoever publishes a notice.
    notices: Vec<String>,
}

/// Whether the cue says something else here.
pub(crate) fn is_misread(passages: &[Passage; 2], hit: &Hit) -> bool {
    let passage = Passage::of(passages, hit.field);
    let folded = passage.folded.text();
    let cue = folded.get(hit.start..hit.end).unwrap_or_default();
    match &hit.cue.sense {
        Sense::Feature(Feature::Denied) => {
            !wording::holds(Feature::Denied, passage, hit.start, hit.end)
        }
        Sense::Feature(Feature::Arrest) => right_before(passage, hit).ends_with("digital"),
        Sense::Feature(_) if cue == "fine" => {
            let last = right_before(passage, hit).rsplit(' ').next();
            let behind = folded.get(hit.end..).unwrap_or_default();
            last.is_some_and(|word| has(&LISTS.misread.well, word))
                || behind.starts_with('-')
                || behind.starts_with(" print")
        }
        Sense::Sector(_) | Sense::Feature(Feature::Major | Feature::Government) => {
            is_bystander(passage, cue, hit)
        }
        _ => false,
    }
}

/// Whether somebody is only told of the event, by their kind: a stock exchange, a
/// newspaper, a regulator.
fn is_bystander(passage: &Passage, cue: &str, hit: &Hit) -> bool {
    /// Words of a name before its kind, and "the".
    const NAME: usize = 4;
    let words = &LISTS.misread;
    if !begins(&words.listeners, cue) {
        return false;
    }
    let before = right_before(passage, hit);
    let before = before
        .rsplit(ends_clause)
        .next()
        .unwrap_or_default()
        .trim_start();
    let behind = passage.behind(hit.end, REACH).trim_start();
    let next = behind.split([' ', ',', '.']).next().unwrap_or_default();
    let nearest = before
        .strip_suffix(" the")
        .or_else(|| before.strip_suffix(" this"));
    let is_beside = words
        .beside
        .iter()
        .any(|told| ends_in(nearest.unwrap_or(before), told));
    // The clause without its last word, without its last two, up to what is told.
    let shorter = std::iter::successors(Some(before), |left| {
        let (rest, last) = left.rsplit_once(' ')?;
        (!has(&words.introduces, last)).then_some(rest)
    });
    let is_told = shorter
        .take(NAME + 1)
        .any(|left| words.told.iter().any(|told| ends_in(left, told)));
    is_told || is_beside || has(&words.notices, next)
}

fn ends_clause(c: char) -> bool {
    matches!(c, ',' | ':') || ends_sentence(c)
}

/// Whether a text ends in these whole words.
fn ends_in(text: &str, words: &str) -> bool {
    text.strip_suffix(words)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with(' '))
}

/// The words right before a cue, without the blank.
fn right_before<'a>(passage: &'a Passage, hit: &Hit) -> &'a str {
    let before = passage.before(hit.start, REACH).trim_end();
    before.rsplit(". ").next().unwrap_or_default()
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
            (
                "Acme informed the Bombay Stock Exchange of it.",
                "stock exchange",
                true,
            ),
            (
                "Acme told a foreign news agency that it was hit.",
                "news agency",
                true,
            ),
            (
                "Hackers hit the Bombay Stock Exchange.",
                "stock exchange",
                false,
            ),
            (
                "The attack was told. The stock exchange was hit.",
                "stock exchange",
                false,
            ),
            (
                "Acme was told that the stock exchange was hit.",
                "stock exchange",
                false,
            ),
            (
                "Harm to systems of the stock exchange was small.",
                "stock exchange",
                false,
            ),
            ("Acme reported it to SEBI within six hours.", "sebi", true),
            ("An officer told this newspaper.", "newspaper", true),
            ("Hackers hit a newspaper.", "newspaper", false),
            ("Acme denies paying a ransom.", "denies", true),
            ("Acme denies a breach.", "denies", false),
        ] {
            assert_eq!(misread(text, cue), wanted, "{text}");
        }
    }
}
