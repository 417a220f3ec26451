//! What of an item is looked for among the incidents, and which of those that share
//! something are its candidates.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use model::clock::{earlier, later};
use model::incident::Link;
use model::{Analysis, CveId, Item, ItemId, Print};

use crate::StoreError;
use crate::codec;

/// How many candidates there are at most.
pub(crate) const MOST: usize = 50;
/// How many items that share one thing are looked at.
pub(crate) const MOST_ITEMS: u32 = 200;
/// How many CVEs of one item are looked up; a longer list is no story's.
const MOST_CVES: usize = 50;
/// The same text after this long is another event: a monthly notice, a template.
const TEXT_WINDOW: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How far apart items of one story may be told (`understand::story::likeness`
/// learned its weights on pairs within this time).
const TOLD_WINDOW: Duration = Duration::from_secs(21 * 24 * 60 * 60);

/// What of an item is looked for.
pub(crate) struct Wanted {
    pub(crate) item: ItemId,
    pub(crate) source: String,
    pub(crate) external_id: String,
    pub(crate) address: Option<String>,
    pub(crate) text: [u8; 16],
    pub(crate) from: i64,
    pub(crate) to: i64,
    pub(crate) cves: Vec<CveId>,
    pub(crate) print: Print,
    pub(crate) told_from: i64,
    pub(crate) told_to: i64,
}

impl Wanted {
    pub(crate) fn of(item: &Item, analysis: &Analysis) -> Self {
        let keys = &analysis.story_keys;
        Self {
            item: item.id,
            source: item.source.as_str().to_owned(),
            external_id: item.external_id.clone(),
            address: keys.canonical_url.clone(),
            text: keys.content_hash,
            from: codec::micros(earlier(item.effective(), TEXT_WINDOW)),
            to: codec::micros(later(item.effective(), TEXT_WINDOW)),
            cves: keys.cves.iter().take(MOST_CVES).cloned().collect(),
            print: keys.print.clone(),
            told_from: codec::micros(earlier(item.effective(), TOLD_WINDOW)),
            told_to: codec::micros(later(item.effective(), TOLD_WINDOW)),
        }
    }
}

/// What an incident shares with the item, by its row.
pub(crate) type Found = BTreeMap<i64, Vec<Link>>;

/// Adds a link to an incident, the first of each sort.
pub(crate) fn link(found: &mut Found, incident: i64, link: Link) {
    let links = found.entry(incident).or_default();
    let same_sort = |known: &Link| std::mem::discriminant(known) == std::mem::discriminant(&link);
    if matches!(link, Link::Cve(_)) || !links.iter().any(same_sort) {
        links.push(link);
    }
}

/// What people said of one document.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// Incidents it belongs to.
    pub(crate) belongs: BTreeSet<i64>,
    /// Incidents it does not belong to, nor does what repeats it.
    pub(crate) not: BTreeSet<i64>,
}

impl Said {
    /// Takes out what people took out, and puts in what they put in.
    pub(crate) fn apply(&self, found: &mut Found) {
        found.retain(|incident, _| !self.not.contains(incident));
        for incident in &self.belongs {
            found.entry(*incident).or_default().push(Link::Said);
        }
    }
}

/// The incidents by row, latest first, with their links. When there are too many,
/// those with the strongest links stay.
pub(crate) fn ranked(found: Found, last_seen: &HashMap<i64, i64>) -> Vec<(i64, Vec<Link>)> {
    let mut ranked = Vec::with_capacity(found.len());
    for (n, mut links) in found {
        links.sort();
        links.dedup();
        let strength = match links.first() {
            Some(Link::Said) => 0,
            Some(Link::Edit(_)) => 1,
            Some(Link::Address(_)) => 2,
            Some(Link::Text(_)) => 3,
            Some(Link::Cve(_)) | None => 4,
        };
        let seen = last_seen.get(&n).copied().unwrap_or(i64::MIN);
        ranked.push((strength, Reverse(seen), n, links));
    }
    ranked.sort();
    ranked.truncate(MOST);
    ranked.sort_by_key(|(_, last_seen, n, _)| (*last_seen, *n));
    ranked
        .into_iter()
        .map(|(_, _, n, links)| (n, links))
        .collect()
}

/// Prints of so many items are kept at least: some weeks of a busy installation.
pub(crate) const KEPT: i64 = 50_000;
/// Old prints are taken away when there are so many, together: their words lie all over
/// the table, and of a thousand items many lie on one page.
pub(crate) const TAKEN_AWAY: i64 = 1_024;
/// So many at once at most, after the limit was lowered.
pub(crate) const MOST_TAKEN_AWAY: i64 = 2 * TAKEN_AWAY;
/// Of the items that share one word the latest so many are looked at.
pub(crate) const SHARING: u32 = 100;
/// Incidents compared: those that share most.
const COMPARED: usize = 20;
/// Items of each that are compared, the latest.
pub(crate) const MEMBERS: u32 = 12;

/// Sums what incidents share with an item, word by word.
#[derive(Default)]
pub(crate) struct Shared(HashMap<i64, u64>);

impl Shared {
    /// These incidents, each once, share a word of this weight.
    pub(crate) fn word(&mut self, weight: u16, incidents: impl IntoIterator<Item = i64>) {
        let mut seen: Vec<i64> = Vec::new();
        for incident in incidents {
            if !seen.contains(&incident) {
                seen.push(incident);
                *self.0.entry(incident).or_default() += u64::from(weight);
            }
        }
    }

    /// Those that share most, most first.
    pub(crate) fn most(self) -> Vec<i64> {
        let mut ranked: Vec<(u64, i64)> = self.0.into_iter().map(|(n, sum)| (sum, n)).collect();
        ranked.sort_unstable_by(|a, b| b.cmp(a));
        ranked.truncate(COMPARED);
        ranked.into_iter().map(|(_, incident)| incident).collect()
    }
}

/// A print as it was stored.
pub(crate) fn print(body: &[u8]) -> Result<Print, StoreError> {
    Print::from_bytes(body)
        .ok_or_else(|| StoreError::Broken("the words of an item cannot be read".to_owned()))
}
