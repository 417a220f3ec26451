//! How much one incident is like another, from what they share: the same for every
//! back end, which says what holds a word and which incidents have a CVE.
//!
//! Each step is bounded, so that a million items cost what a thousand do: so many
//! words are weighed, of each so many items are counted, and of the rarest words the
//! newest items that hold them are looked at.

use std::collections::{BTreeMap, HashMap};

use model::tokens;

/// Items whose headlines are read, the latest.
pub(crate) const ITEMS: u32 = 12;
/// Words that are weighed.
const WEIGHED: usize = 96;
/// A word of more items than this tells nothing. That it has more is found by counting
/// them, which on PostgreSQL reads a page of the table for each.
pub(crate) const COMMON: u32 = 1_000;
/// Words by which others are looked for, the weightiest.
const TELLING: usize = 24;
/// Of the items that hold a word, and the incidents of a CVE, the newest so many are
/// looked at.
pub(crate) const NEWEST: u32 = 200;
/// A CVE weighs as much as so many words that nobody else has.
const CVE_WEIGHT: f32 = 1.5;
/// What shares less of the whole weight is like by chance.
const LEAST: f32 = 0.1;
/// Longest list.
const MOST: u32 = 50;
/// Shared words that are told.
const TOLD: usize = 8;

/// A word of an incident.
pub(crate) struct Word {
    /// As it stands in the index.
    pub(crate) token: String,
    /// As it is told.
    written: String,
    count: u16,
    weight: f32,
}

/// The words of these texts, in order of their tokens; CVEs are looked up as what
/// they are.
pub(crate) fn words(texts: &[String]) -> Vec<Word> {
    let mut counts: BTreeMap<String, (u16, String)> = BTreeMap::new();
    for text in texts {
        for (token, written) in tokens::words(text) {
            if token.starts_with("cve-") || token == "cve" {
                continue;
            }
            if counts.len() < WEIGHED || counts.contains_key(&token) {
                let (count, _) = counts.entry(token).or_insert((0, written));
                *count = count.saturating_add(1);
            }
        }
    }
    counts
        .into_iter()
        .map(|(token, (count, written))| Word {
            token,
            written,
            count,
            weight: 0.0,
        })
        .collect()
}

/// The words that tell most, weightiest first. With each word how many of so many
/// items hold it, counted up to one more than [`COMMON`].
pub(crate) fn telling(words: impl IntoIterator<Item = (Word, u32)>, items: u32) -> Vec<Word> {
    let mut telling = Vec::new();
    for (mut word, held) in words {
        // In a small store every word is rare, and those of a third of it are not.
        let is_common = held > COMMON || (items >= 10 && held > items / 3);
        if held > 0 && !is_common {
            word.weight = rarity(items, held) * (1.0 + f32::from(word.count).ln());
            telling.push(word);
        }
    }
    telling.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    telling.truncate(TELLING);
    telling
}

/// What other incidents share with one.
#[derive(Default)]
pub(crate) struct Found {
    shared: HashMap<i64, (f32, Vec<String>)>,
    whole: f32,
}

impl Found {
    /// These incidents, each once, share a word.
    pub(crate) fn word(&mut self, word: &Word, incidents: Vec<i64>) {
        self.share(&word.written, word.weight, incidents);
    }

    /// These incidents, each once, share a CVE; so many items there are.
    pub(crate) fn cve(&mut self, cve: &str, items: u32, incidents: Vec<i64>) {
        self.share(cve, CVE_WEIGHT * rarity(items, 1), incidents);
    }

    fn share(&mut self, told: &str, weight: f32, incidents: Vec<i64>) {
        self.whole += weight;
        for incident in incidents {
            let (sum, shared) = self.shared.entry(incident).or_default();
            *sum += weight;
            shared.push(told.to_owned());
        }
    }

    /// Those most like the incident in row `own`, most first: row, score, and what
    /// they share.
    pub(crate) fn ranked(mut self, own: i64, limit: u32) -> Vec<(i64, f32, Vec<String>)> {
        self.shared.remove(&own);
        let least = LEAST * self.whole;
        let mut ranked: Vec<(i64, f32, Vec<String>)> = self
            .shared
            .into_iter()
            .filter(|(_, (sum, shared))| {
                *sum >= least && (shared.len() > 1 || shared.iter().any(|one| is_cve(one)))
            })
            .map(|(n, (sum, shared))| (n, sum / self.whole, shared))
            .collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(b.0.cmp(&a.0)));
        ranked.truncate(usize::try_from(limit.clamp(1, MOST)).unwrap_or(usize::MAX));
        for (_, _, shared) in &mut ranked {
            // CVEs came last and weigh most.
            shared.sort_by_key(|one| !is_cve(one));
            shared.truncate(TOLD);
        }
        ranked
    }
}

fn is_cve(told: &str) -> bool {
    told.starts_with("CVE-")
}

/// What a word says that so many items hold of so many.
#[expect(
    clippy::cast_precision_loss,
    reason = "a logarithm needs no more digits"
)]
fn rarity(items: u32, held: u32) -> f32 {
    (1.0 + items as f32 / held.max(1) as f32).ln()
}
