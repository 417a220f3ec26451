//! Threats with the names of ordinary words need evidence: Play is a gang where a
//! word beside it says so, and a word elsewhere. So do those of people, feasts and
//! programs (`data/ordinary_names.toml`), and there the word must stand next to the name:
//! a sentence about Donald Trump soon speaks of a campaign, a leak or hackers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use toml::{Table, Value};

use super::words::{Word, pattern};
use super::{NameKind, Seen, lower_hash, names};
use crate::extract::gazetteer::{class, hash_of};

/// One of these in the sentence speaks of threats.
const WORDS: &[&str] = &[
    "actor",
    "actors",
    "adversary",
    "affiliate",
    "affiliates",
    "apt",
    "backdoor",
    "backdoors",
    "botnet",
    "breach",
    "campaign",
    "claimed",
    "crew",
    "cyberattack",
    "extortion",
    "family",
    "gang",
    "gangs",
    "group",
    "groups",
    "hacker",
    "hackers",
    "implant",
    "infected",
    "leak",
    "loader",
    "malicious",
    "malware",
    "operators",
    "payload",
    "ransom",
    "ransomware",
    "rat",
    "sample",
    "samples",
    "spyware",
    "stealer",
    "threat",
    "tool",
    "trojan",
    "variant",
    "worm",
];

/// One of these next to a name says that it is a threat's.
const NEXT_TO: &[&str] = &[
    "affiliates",
    "backdoor",
    "botnet",
    "cryptominer",
    "dropper",
    "gang",
    "hackers",
    "infostealer",
    "keylogger",
    "loader",
    "malware",
    "operators",
    "ransomware",
    "rat",
    "spyware",
    "stealer",
    "strain",
    "trojan",
    "variant",
    "wiper",
    "worm",
];

/// These may stand between the two.
const BETWEEN: &[&str] = &[
    "\"", "'", "“", "”", "‘", "’", ",", "(", ")", "a", "an", "as", "called", "dubbed", "known",
    "named", "new", "of", "the",
];

/// How many of them.
const MOST_BETWEEN: usize = 4;

/// What names of ordinary things need to be a threat's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubt {
    /// A word next to them.
    Evidence,
    /// They are none.
    Never,
}

/// By the hash of the name. A test reads the file, so a broken one cannot be shipped.
static ORDINARY: LazyLock<BTreeMap<u64, Doubt>> = LazyLock::new(|| {
    let file: Table = include_str!("../../../data/ordinary_names.toml")
        .parse()
        .unwrap_or_default();
    let mut names = BTreeMap::new();
    for (part, doubt) in [("evidence", Doubt::Evidence), ("never", Doubt::Never)] {
        let listed = file.get(part).and_then(Value::as_table);
        for name in listed.into_iter().flat_map(Table::keys) {
            for written in [name.clone(), format!("{name}'s"), format!("{name}’s")] {
                names.insert(hash_of(&written), doubt);
            }
        }
    }
    names
});

static NEXT_HASHES: LazyLock<BTreeSet<u64>> =
    LazyLock::new(|| NEXT_TO.iter().map(|word| lower_hash(word)).collect());

static BETWEEN_HASHES: LazyLock<BTreeSet<u64>> =
    LazyLock::new(|| BETWEEN.iter().map(|word| lower_hash(word)).collect());

static HASHES: LazyLock<BTreeSet<u64>> =
    LazyLock::new(|| WORDS.iter().map(|word| lower_hash(word)).collect());

impl Seen {
    /// Takes back the labels of threats that bear the names of ordinary things, unless a
    /// word next to the name, somewhere in the item, says that it is one.
    pub(super) fn take_back_ordinary(&self, labels: &mut [u8]) {
        let mut doubted: Vec<(usize, usize, u64, Doubt)> = Vec::new();
        for (kind, start, end) in names(labels) {
            let threat = matches!(kind, NameKind::Actor | NameKind::Malware | NameKind::Tool);
            let hash = self.hash(start, end);
            if let Some(doubt) = ORDINARY.get(&hash).filter(|_| threat) {
                doubted.push((start, end, hash, *doubt));
            }
        }
        let supported: BTreeSet<u64> = doubted
            .iter()
            .filter(|(start, end, _, doubt)| {
                *doubt == Doubt::Evidence && self.is_called_a_threat(*start, *end)
            })
            .map(|(_, _, hash, _)| *hash)
            .collect();
        for (start, end, hash, _) in doubted {
            if let Some(slots) = labels.get_mut(start..end)
                && !supported.contains(&hash)
            {
                slots.fill(0);
            }
        }
    }

    /// Whether a word next to these tokens says that they name a threat.
    fn is_called_a_threat(&self, start: usize, end: usize) -> bool {
        let is_threat = |words: &mut dyn Iterator<Item = &Word>| {
            let mut words = words
                .map(|word| word.lower)
                .take(MOST_BETWEEN + 1)
                .skip_while(|lower| BETWEEN_HASHES.contains(lower));
            words
                .next()
                .is_some_and(|lower| NEXT_HASHES.contains(&lower))
        };
        let before = self.words.get(..start).unwrap_or_default();
        let behind = self.words.get(end..).unwrap_or_default();
        // A version may follow: "Exorcist 2.0 ransomware".
        let mut behind = behind
            .iter()
            .skip_while(|word| word.pattern == pattern::VERSION);
        is_threat(&mut before.iter().rev()) || is_threat(&mut behind)
    }

    /// Takes back the labels of threats that are ordinary words too, unless a sentence
    /// of the item that holds the name speaks of threats.
    pub(super) fn ask_for_evidence(&self, labels: &mut [u8]) {
        let doubted: Vec<(usize, usize)> = names(labels)
            .into_iter()
            .filter(|(kind, start, end)| {
                let threat = matches!(kind, NameKind::Actor | NameKind::Malware | NameKind::Tool);
                let word = self.words.get(*start);
                threat
                    && end - start == 1
                    && word.is_some_and(|word| word.known & class::AMBIGUOUS != 0)
            })
            .map(|(_, start, end)| (start, end))
            .collect();
        if doubted.is_empty() {
            return;
        }
        let supported: BTreeSet<u64> = self
            .sentences
            .iter()
            .filter_map(|sentence| self.words.get(sentence.start..sentence.end))
            .filter(|words| words.iter().any(|word| HASHES.contains(&word.lower)))
            .flatten()
            .filter(|word| word.known & class::AMBIGUOUS != 0 && word.has_capital())
            .map(|word| word.exact)
            .collect();
        for (start, end) in doubted {
            let known = self
                .words
                .get(start)
                .is_some_and(|word| supported.contains(&word.exact));
            if let Some(slots) = labels.get_mut(start..end)
                && !known
            {
                slots.fill(0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_are_told_with_their_reasons() {
        let file: Table = include_str!("../../../data/ordinary_names.toml")
            .parse()
            .unwrap();
        let parts: Vec<&String> = file.keys().collect();
        assert_eq!(parts, ["evidence", "never"]);
        let mut names = 0;
        for (name, reason) in file.values().flat_map(|part| part.as_table().unwrap()) {
            assert_eq!(*name, name.to_lowercase());
            assert!(!reason.as_str().unwrap().is_empty(), "{name}");
            names += 1;
        }
        // Each under three spellings, none twice.
        assert_eq!(ORDINARY.len(), names * 3);
    }
}
