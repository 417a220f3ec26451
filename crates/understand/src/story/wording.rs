//! Who denies, confirms or says what: the words around a cue, where the cue alone
//! would mislead. "Denies" is no denial of the event where an accused denies the deed
//! or a company denies that it paid; "confirm" is no confirmation where researchers
//! confirm what thieves offer.
//!
//! Cues themselves are read by trained models and stay as they are; this is read for
//! the claim status alone.

use model::{Entity, EntityKind, Field};
use serde::Deserialize;

use crate::cues::Feature;
use crate::fold::is_word;
use crate::lists::{LISTS, begins, has};
use crate::passage::Passage;
use crate::work;

/// Words looked at around a cue, in bytes: a clause of news.
const REACH: usize = 120;

/// Words of a text that are read; news says early what is firm.
const MOST_WORDS: usize = 3_000;

/// The lists of `data/wording.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Words {
    /// Who is suspected, not hit; a state that denies denies to have attacked.
    pub(crate) suspects: Vec<String>,
    /// Who knows of it from outside.
    outsiders: Vec<String>,
    /// What may be denied beside the event itself.
    other_things: Vec<String>,
    /// How words for the event begin.
    events: Vec<String>,
    /// Behind "denies hacking" these leave it what happened; anything else is who was
    /// hacked.
    still_an_event: Vec<String>,
    /// How verbs begin by which a report is waved away, and what is waved away.
    dismissals: Vec<String>,
    reports: Vec<String>,
    /// What courts and employers dismiss.
    otherwise_dismissed: Vec<String>,
    /// Verbs of saying; those that name whom it is said to.
    sayings: Vec<String>,
    sayings_to: Vec<String>,
    /// What may stand between the verb and what is said.
    fillers: Vec<String>,
    itself: Vec<String>,
    /// How words go on that say that it was hit, behind a passive; or that it met an event.
    hit: Vec<String>,
    passive: Vec<String>,
    met: Vec<String>,
    /// What makes it uncertain or turns it round.
    unsure: Vec<String>,
    /// What a gang does behind its name: it claims, or it lists whom it says to have hit …
    claims: Vec<String>,
    lists: Vec<String>,
    /// … there, or as that.
    shown: Vec<String>,
}

fn lists() -> &'static Words {
    &LISTS.firmness
}

/// What the words of a text say of its firmness where no cue says it.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(super) struct Told {
    pub(super) claimed: bool,
    pub(super) confirmed: bool,
    pub(super) denied: bool,
}

/// Whether a cue that denies or confirms, at these bytes of a passage, speaks of
/// the event and for its victim.
pub(crate) fn holds(feature: Feature, passage: &Passage, start: usize, end: usize) -> bool {
    let before = words_before(passage, start);
    match feature {
        Feature::Confirmed => {
            let after = words_after(passage, end);
            let by_outsider = after.first() == Some(&"by")
                && after
                    .iter()
                    .take(4)
                    .any(|word| has(&lists().outsiders, word));
            !is_said_by(&before, &lists().outsiders) && !by_outsider
        }
        Feature::Denied => {
            let cue = passage.folded.text().get(start..end).unwrap_or_default();
            if !cue.starts_with("denie") {
                return true;
            }
            let verb = cue.find(' ').map_or(end, |at| start + at);
            !is_said_by(&before, &lists().suspects) && denies_event(&words_after(passage, verb))
        }
        _ => true,
    }
}

/// Whether what is denied is the event.
fn denies_event(denied: &[&str]) -> bool {
    if let Some(("hacking", rest)) = denied.split_first().map(|(first, rest)| (*first, rest)) {
        return rest
            .first()
            .is_none_or(|next| has(&lists().still_an_event, next));
    }
    for word in denied {
        if has(&lists().other_things, word) {
            return false;
        }
        if is_event(word) {
            return true;
        }
    }
    true
}

/// What whole turns of phrase say: "rubbishes the claim", "attack claimed by", "says
/// that its systems were hit".
pub(super) fn told(text: &str) -> Told {
    let words = words(text);
    let mut told = Told::default();
    for (at, word) in words.iter().enumerate() {
        work::steps(1);
        let subject = || {
            let before = words.get(at.saturating_sub(12)..at).unwrap_or_default();
            let from = before
                .iter()
                .rposition(|word| word.ends)
                .map_or(0, |at| at + 1);
            let clause = before.get(from..).unwrap_or_default();
            clause.iter().map(|word| word.text).collect::<Vec<&str>>()
        };
        let behind = || clause(words.get(at + 1..).unwrap_or_default());
        if word.ends {
            continue;
        }
        if begins(&lists().dismissals, word.text) {
            told.denied |= !is_said_by(&subject(), &lists().otherwise_dismissed)
                && !is_said_by(&subject(), &lists().suspects)
                && dismisses_report(&behind());
        } else if word.text == "claimed" {
            let by = behind().first() == Some(&"by");
            told.claimed |= by && subject().last().is_some_and(|word| is_event(word));
        } else if (has(&lists().sayings, word.text) || has(&lists().sayings_to, word.text))
            && !is_said_by(&subject(), &lists().outsiders)
        {
            told.confirmed |= says_it_was_hit(&behind(), has(&lists().sayings_to, word.text));
        }
    }
    told
}

/// Whether a gang or its malware, by its name, claims something or shows somebody as its
/// victim: "Qilin claims the attack", "Qilin lists Acme on its leak site".
pub(super) fn is_claimed_by_name(passages: &[Passage; 2], entities: &[Entity]) -> Option<Field> {
    /// Places looked at.
    const MOST: usize = 40;
    let names = entities
        .iter()
        .filter(|entity| matches!(entity.kind, EntityKind::Actor | EntityKind::Malware))
        .flat_map(|entity| &entity.spans)
        .take(MOST);
    let claiming = names.filter(|name| {
        let passage = Passage::of(passages, name.field);
        let behind = passage.slice_behind(**name, REACH);
        let behind = crate::fold::folded(behind);
        claims(&clause(&words(&behind)))
    });
    claiming.map(|name| name.field).min()
}

/// Whether somebody of whom this is said claims an attack.
fn claims(said: &[&str]) -> bool {
    /// The verb stands close behind the name: "the Qilin ransomware group claims".
    const VERB: usize = 4;
    let verb = said.iter().take(VERB).position(|word| {
        has(&lists().claims, word) || has(&lists().lists, word) || has(&lists().unsure, word)
    });
    let Some((word, rest)) = verb.and_then(|at| Some((*said.get(at)?, said.get(at + 1..)?))) else {
        return false;
    };
    has(&lists().claims, word)
        || has(&lists().lists, word) && rest.iter().any(|word| has(&lists().shown, word))
}

fn dismisses_report(behind: &[&str]) -> bool {
    let first = behind
        .iter()
        .take(6)
        .find(|word| has(&lists().reports, word) || has(&lists().otherwise_dismissed, word));
    first.is_some_and(|word| has(&lists().reports, word))
}

/// Whether somebody says that they themselves were hit.
fn says_it_was_hit(said: &[&str], to_somebody: bool) -> bool {
    const LISTENERS: usize = 7;
    const VERB: usize = 6;
    let Some(itself) = said
        .iter()
        .take(LISTENERS)
        .position(|word| has(&lists().itself, word))
    else {
        return false;
    };
    let between = said.get(..itself).unwrap_or_default();
    if !to_somebody && !between.iter().all(|word| has(&lists().fillers, word)) {
        return false;
    }
    let rest = said.get(itself + 1..).unwrap_or_default();
    for (at, word) in rest.iter().take(VERB).enumerate() {
        if has(&lists().unsure, word) {
            return false;
        }
        let behind = rest.get(at + 1..).unwrap_or_default();
        let mut next = behind.iter().take(2);
        if has(&lists().passive, word)
            && next.any(|word| has(&lists().hit, word) && !has(&lists().unsure, word))
            && !behind
                .first()
                .is_some_and(|word| has(&lists().unsure, word))
        {
            return true;
        }
        if has(&lists().met, word) && behind.iter().take(5).any(|word| is_event(word)) {
            return true;
        }
    }
    false
}

fn is_event(word: &str) -> bool {
    begins(&lists().events, word)
}

/// Whether one of these stands where the subject of a clause stands: at its beginning
/// or right before the verb.
fn is_said_by(clause: &[&str], who: &[String]) -> bool {
    const NEAR: usize = 2;
    let last = clause.len().saturating_sub(NEAR);
    let near = clause.iter().take(NEAR);
    near.chain(clause.get(last..).unwrap_or_default())
        .any(|word| has(who, word))
}

/// A word, and whether a clause ends behind it.
struct Word<'a> {
    text: &'a str,
    ends: bool,
}

fn words(text: &str) -> Vec<Word<'_>> {
    let all = text.split_whitespace().take(MOST_WORDS);
    all.map(|word| Word {
        text: bare(word),
        ends: ends_clause(word),
    })
    .filter(|word| !word.text.is_empty() || word.ends)
    .collect()
}

/// The words up to the end of the clause.
fn clause<'a>(words: &[Word<'a>]) -> Vec<&'a str> {
    const MOST: usize = 16;
    let end = words
        .iter()
        .take(MOST)
        .position(|word| word.ends)
        .map_or(MOST.min(words.len()), |at| at + 1);
    let clause = words.get(..end).unwrap_or_default();
    clause.iter().map(|word| word.text).collect()
}

fn words_before(passage: &Passage, start: usize) -> Vec<&str> {
    let before = words(passage.before(start, REACH));
    let first = before
        .iter()
        .rposition(|word| word.ends)
        .map_or(0, |at| at + 1);
    let clause = before.get(first..).unwrap_or_default();
    clause.iter().map(|word| word.text).collect()
}

fn words_after(passage: &Passage, end: usize) -> Vec<&str> {
    let after = passage.behind(end, REACH);
    if after.starts_with([',', '.', ':']) {
        return Vec::new();
    }
    clause(&words(after))
}

fn bare(word: &str) -> &str {
    word.trim_matches(|c| !is_word(c))
}

fn ends_clause(word: &str) -> bool {
    word.ends_with([',', '.', ';', ':', '!', '?', '|', '।'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_of_phrase_are_read() {
        for (text, claimed, confirmed, denied) in [
            ("acme says it was hit by ransomware", false, true, false),
            (
                "acme said on monday that its systems were attacked.",
                false,
                true,
                false,
            ),
            (
                "acme informed the bse that it suffered a cyber attack",
                false,
                true,
                false,
            ),
            ("acme says it was not hit", false, false, false),
            ("acme says it may have been hit", false, false, false),
            ("hackers say it was hit", false, false, false),
            ("acme said. it was hit", false, false, false),
            ("acme rubbishes hacking claim", false, false, true),
            ("acme dismissed the claims as old", false, false, true),
            ("judge dismisses claims in breach", false, false, false),
            (
                "acme dismissed an employee over the leak",
                false,
                false,
                false,
            ),
            ("the attack claimed by blacksuit", true, false, false),
            ("money can be claimed by customers", false, false, false),
            ("says it", false, false, false),
            ("", false, false, false),
        ] {
            let wanted = Told {
                claimed,
                confirmed,
                denied,
            };
            assert_eq!(told(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_claim_stands_right_behind_the_name() {
        for (said, wanted) in [
            (" claims attack on acme", true),
            (" ransomware gang claims responsibility", true),
            (" has listed acme on its leak site", true),
            (" adds acme to victims", true),
            (" added a new encryptor", false),
            (" claimed 300 victims this year", true),
            (" never claimed it", false),
            (" hit acme, which claims damages", false),
            ("", false),
        ] {
            assert_eq!(claims(&clause(&words(said))), wanted, "{said}");
        }
    }
}
