//! Who denies, confirms or says what: the words around a cue, where the cue alone
//! would mislead. "Denies" is no denial of the event where an accused denies the deed
//! or a company denies that it paid; "confirm" is no confirmation where researchers
//! confirm what thieves offer.
//!
//! Cues themselves are read by trained models and stay as they are; this is read for
//! the claim status alone.

use crate::cues::Feature;
use crate::fold::is_word;
use crate::work;

/// Words looked at around a cue, in bytes: a clause of news.
const REACH: usize = 120;

/// Words of a text that are read; news says early what is firm.
const MOST_WORDS: usize = 3_000;

/// Who is suspected, not hit; a state that denies denies to have attacked.
const SUSPECTS: &[&str] = &[
    "accused",
    "attacker",
    "attackers",
    "beijing",
    "china",
    "defendant",
    "duo",
    "embassy",
    "ex-employee",
    "gang",
    "hacker",
    "hackers",
    "iran",
    "kremlin",
    "man",
    "men",
    "moscow",
    "pyongyang",
    "russia",
    "suspect",
    "suspects",
    "teen",
    "teenager",
    "teenagers",
    "teens",
    "tehran",
    "trio",
    "woman",
    "women",
    "youth",
    "youths",
];

/// Who knows of it from outside.
const OUTSIDERS: &[&str] = &[
    "analyst",
    "analysts",
    "customers",
    "expert",
    "experts",
    "gang",
    "hacker",
    "hackers",
    "media",
    "people",
    "post",
    "posts",
    "report",
    "reports",
    "researcher",
    "researchers",
    "source",
    "sources",
    "tweet",
    "user",
    "users",
];

/// What may be denied beside the event itself.
const OTHER_THINGS: &[&str] = &[
    "bail",
    "blame",
    "charge",
    "charges",
    "complicity",
    "conspiracy",
    "cover-up",
    "delay",
    "delaying",
    "guilt",
    "involvement",
    "knowledge",
    "liability",
    "link",
    "links",
    "negligence",
    "offence",
    "offences",
    "offense",
    "offenses",
    "paid",
    "paying",
    "payment",
    "payments",
    "ransom",
    "responsibility",
    "role",
    "ties",
    "wrongdoing",
];

/// How words for the event begin.
const EVENTS: &[&str] = &[
    "attack",
    "breach",
    "compromis",
    "cyber",
    "hack",
    "incident",
    "intrusion",
    "leak",
    "outage",
    "ransomware",
    "stolen",
    "theft",
];

/// Behind "denies hacking" these leave it what happened; anything else is who was hacked.
const STILL_AN_EVENT: &[&str] = &[
    "after",
    "allegation",
    "allegations",
    "attack",
    "attempt",
    "attempts",
    "charge",
    "claim",
    "claims",
    "incident",
    "of",
    "report",
    "reports",
    "rumor",
    "rumors",
    "rumour",
    "rumours",
];

/// How verbs begin by which a report is waved away, and what is waved away.
const DISMISSALS: &[&str] = &[
    "debunk", "dismiss", "quash", "refut", "reject", "rubbish", "trash",
];
const REPORTS: &[&str] = &[
    "allegation",
    "allegations",
    "breach",
    "claim",
    "claims",
    "hack",
    "hacking",
    "leak",
    "report",
    "reports",
    "rumor",
    "rumors",
    "rumour",
    "rumours",
];

/// What courts and employers dismiss.
const OTHERWISE_DISMISSED: &[&str] = &[
    "appeal",
    "case",
    "ceo",
    "complaint",
    "court",
    "employee",
    "employees",
    "judge",
    "lawsuit",
    "lawsuits",
    "motion",
    "offer",
    "official",
    "officials",
    "petition",
    "plea",
    "settlement",
    "staff",
    "suit",
    "tribunal",
];

/// Verbs of saying; those that name whom it is said to.
const SAYINGS: &[&str] = &["announced", "revealed", "said", "say", "says"];
const SAYINGS_TO: &[&str] = &["informed", "informs", "tells", "told"];

/// What may stand between the verb and what is said.
const FILLERS: &[&str] = &[
    "a",
    "early",
    "exchange",
    "filing",
    "friday",
    "in",
    "last",
    "late",
    "monday",
    "on",
    "post",
    "release",
    "saturday",
    "statement",
    "sunday",
    "that",
    "the",
    "this",
    "thursday",
    "today",
    "tuesday",
    "wednesday",
    "week",
    "yesterday",
];

const ITSELF: &[&str] = &["it", "its", "our", "their", "they", "we"];

/// How words go on that say that it was hit …
const HIT: &[&str] = &[
    "attacked",
    "breached",
    "compromised",
    "crippled",
    "encrypted",
    "hacked",
    "hit",
    "infected",
    "struck",
    "targeted",
];

/// … behind one of these, or that it met an event.
const PASSIVE: &[&str] = &["are", "been", "is", "was", "were"];
const MET: &[&str] = &[
    "detected",
    "discovered",
    "experienced",
    "faced",
    "identified",
    "suffered",
    "sustained",
];

/// What makes it uncertain or turns it round.
const UNSURE: &[&str] = &[
    "could", "if", "may", "might", "never", "no", "not", "whether", "would",
];

/// What the words of a text say of its firmness where no cue says it.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(super) struct Told {
    pub(super) claimed: bool,
    pub(super) confirmed: bool,
    pub(super) denied: bool,
}

/// Whether a cue that denies or confirms, at these bytes of a folded text, speaks of
/// the event and for its victim.
pub(crate) fn holds(feature: Feature, text: &str, start: usize, end: usize) -> bool {
    let before = words_before(text, start);
    match feature {
        Feature::Confirmed => {
            let after = words_after(text, end);
            let by_outsider = after.first() == Some(&"by")
                && after.iter().take(4).any(|word| OUTSIDERS.contains(word));
            !is_said_by(&before, OUTSIDERS) && !by_outsider
        }
        Feature::Denied => {
            let cue = text.get(start..end).unwrap_or_default();
            if !cue.starts_with("denie") {
                return true;
            }
            let verb = cue.find(' ').map_or(end, |at| start + at);
            !is_said_by(&before, SUSPECTS) && denies_event(&words_after(text, verb))
        }
        _ => true,
    }
}

/// Whether what is denied is the event.
fn denies_event(denied: &[&str]) -> bool {
    if let Some(("hacking", rest)) = denied.split_first().map(|(first, rest)| (*first, rest)) {
        return rest
            .first()
            .is_none_or(|next| STILL_AN_EVENT.contains(next));
    }
    for word in denied {
        if OTHER_THINGS.contains(word) {
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
        if DISMISSALS.iter().any(|verb| word.text.starts_with(verb)) {
            told.denied |= !is_said_by(&subject(), OTHERWISE_DISMISSED)
                && !is_said_by(&subject(), SUSPECTS)
                && dismisses_report(&behind());
        } else if word.text == "claimed" {
            let by = behind().first() == Some(&"by");
            told.claimed |= by && subject().last().is_some_and(|word| is_event(word));
        } else if (SAYINGS.contains(&word.text) || SAYINGS_TO.contains(&word.text))
            && !is_said_by(&subject(), OUTSIDERS)
        {
            told.confirmed |= says_it_was_hit(&behind(), SAYINGS_TO.contains(&word.text));
        }
    }
    told
}

fn dismisses_report(behind: &[&str]) -> bool {
    let first = behind
        .iter()
        .take(6)
        .find(|word| REPORTS.contains(word) || OTHERWISE_DISMISSED.contains(word));
    first.is_some_and(|word| REPORTS.contains(word))
}

/// Whether somebody says that they themselves were hit.
fn says_it_was_hit(said: &[&str], to_somebody: bool) -> bool {
    const LISTENERS: usize = 7;
    const VERB: usize = 6;
    let Some(itself) = said
        .iter()
        .take(LISTENERS)
        .position(|word| ITSELF.contains(word))
    else {
        return false;
    };
    let between = said.get(..itself).unwrap_or_default();
    if !to_somebody && !between.iter().all(|word| FILLERS.contains(word)) {
        return false;
    }
    let rest = said.get(itself + 1..).unwrap_or_default();
    for (at, word) in rest.iter().take(VERB).enumerate() {
        if UNSURE.contains(word) {
            return false;
        }
        let behind = rest.get(at + 1..).unwrap_or_default();
        let mut next = behind.iter().take(2);
        if PASSIVE.contains(word)
            && next.any(|word| HIT.contains(word) && !UNSURE.contains(word))
            && !behind.first().is_some_and(|word| UNSURE.contains(word))
        {
            return true;
        }
        if MET.contains(word) && behind.iter().take(5).any(|word| is_event(word)) {
            return true;
        }
    }
    false
}

fn is_event(word: &str) -> bool {
    EVENTS.iter().any(|event| word.starts_with(event))
}

/// Whether one of these stands where the subject of a clause stands: at its beginning
/// or right before the verb.
fn is_said_by(clause: &[&str], who: &[&str]) -> bool {
    const NEAR: usize = 2;
    let last = clause.len().saturating_sub(NEAR);
    let near = clause.iter().take(NEAR);
    near.chain(clause.get(last..).unwrap_or_default())
        .any(|word| who.contains(word))
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

fn words_before(text: &str, start: usize) -> Vec<&str> {
    let from = text.ceil_char_boundary(start.saturating_sub(REACH));
    let before = words(text.get(from..start).unwrap_or_default());
    let first = before
        .iter()
        .rposition(|word| word.ends)
        .map_or(0, |at| at + 1);
    let clause = before.get(first..).unwrap_or_default();
    clause.iter().map(|word| word.text).collect()
}

fn words_after(text: &str, end: usize) -> Vec<&str> {
    let to = text.floor_char_boundary((end + REACH).min(text.len()));
    let after = text.get(end..to).unwrap_or_default();
    if after.starts_with([',', '.', ';', ':', '!', '?', '|']) {
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
    fn lists_of_words_are_folded() {
        let lists = [
            SUSPECTS,
            OUTSIDERS,
            OTHER_THINGS,
            EVENTS,
            STILL_AN_EVENT,
            DISMISSALS,
            REPORTS,
            OTHERWISE_DISMISSED,
        ];
        for list in lists {
            assert!(list.is_sorted(), "{list:?}");
            assert!(list.iter().all(|word| crate::fold::folded(word) == *word));
        }
    }

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
}
