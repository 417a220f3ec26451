//! Threats with the names of ordinary words need evidence: Play is a gang where a
//! word beside it says so, and a word elsewhere.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::{NameKind, Seen, lower_hash, names};
use crate::extract::gazetteer::class;

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

static HASHES: LazyLock<BTreeSet<u64>> =
    LazyLock::new(|| WORDS.iter().map(|word| lower_hash(word)).collect());

impl Seen {
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
