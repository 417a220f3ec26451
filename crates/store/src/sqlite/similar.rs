//! More like this: incidents that share the rarest words and the CVEs of one.
//!
//! Each step is bounded, so that a million items cost what a thousand do: so many
//! words are weighed, of each so many items are counted, and of the rarest words the
//! newest items that hold them are looked at.

use std::collections::{BTreeMap, HashMap};

use model::query::Key;
use model::{IncidentId, tokens};
use rusqlite::Connection;

use super::incidents;
use crate::StoreError;
use crate::handling::Similar;

/// Items whose headlines are read, the latest.
const ITEMS: u32 = 12;
/// Words that are weighed.
const WEIGHED: usize = 96;
/// A word of more items than this tells nothing.
const COMMON: u32 = 2_000;
/// Words by which others are looked for, the weightiest.
const TELLING: usize = 24;
/// Of the items that hold a word, and the incidents of a CVE, the newest so many are
/// looked at.
const NEWEST: u32 = 200;
/// A CVE weighs as much as so many words that nobody else has.
const CVE_WEIGHT: f32 = 1.5;
/// What shares less of the whole weight is like by chance.
const LEAST: f32 = 0.1;
/// Longest list.
const MOST: u32 = 50;
/// Shared words that are told.
const TOLD: usize = 8;

/// The incidents most like this one; `None` if it is not there.
pub(super) fn find(
    connection: &Connection,
    id: IncidentId,
    limit: u32,
) -> Result<Option<Vec<Similar>>, StoreError> {
    let Some(own) = incidents::resolve(connection, id)? else {
        return Ok(None);
    };
    let mut found = Found::default();
    let words = telling_words(connection, own)?;
    for word in &words {
        found.by_word(connection, word)?;
    }
    let rarest = rarity(newest_item(connection)?, 1);
    for cve in &incidents::get(connection, own)?.cves {
        found.by_cve(connection, cve.as_str(), CVE_WEIGHT * rarest)?;
    }
    found.ranked(connection, own, limit).map(Some)
}

/// A word of the incident.
struct Word {
    /// As it stands in the index.
    token: String,
    /// As it is told.
    written: String,
    weight: f32,
}

/// The words of its headlines and its summary that few items hold, weightiest first.
fn telling_words(connection: &Connection, own: i64) -> Result<Vec<Word>, StoreError> {
    let incident = incidents::get(connection, own)?;
    let mut texts = vec![incident.title, incident.summary];
    let mut titles = connection.prepare_cached(
        "SELECT coalesce(t.analysis ->> '$.title', '') FROM items i JOIN item_texts t ON t.item = i.n
         WHERE i.incident = ?1 AND i.repeat_of IS NULL ORDER BY i.effective DESC, i.n DESC LIMIT ?2",
    )?;
    let mut found = titles.query((own, ITEMS))?;
    while let Some(row) = found.next()? {
        texts.push(row.get(0)?);
    }
    let mut counts: BTreeMap<String, (u16, String)> = BTreeMap::new();
    for text in &texts {
        for (token, written) in tokens::words(text) {
            // A CVE is looked up as what it is.
            if token.starts_with("cve-") || token == "cve" {
                continue;
            }
            if counts.len() < WEIGHED || counts.contains_key(&token) {
                let (count, _) = counts.entry(token).or_insert((0, written));
                *count = count.saturating_add(1);
            }
        }
    }
    let items = newest_item(connection)?;
    let mut holding = connection.prepare_cached(
        "SELECT count(*) FROM (SELECT 1 FROM items_fts WHERE items_fts MATCH ?1 LIMIT ?2)",
    )?;
    let mut words = Vec::new();
    for (token, (count, written)) in counts {
        let held: u32 = holding.query_one((quoted(&token), COMMON + 1), |row| row.get(0))?;
        // In a small store every word is rare, and those of a third of it are not.
        let is_common = held > COMMON || (items >= 10 && held > items / 3);
        if held > 0 && !is_common {
            words.push(Word {
                weight: rarity(items, held) * (1.0 + f32::from(count).ln()),
                token,
                written,
            });
        }
    }
    words.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    words.truncate(TELLING);
    Ok(words)
}

/// What other incidents share with it.
#[derive(Default)]
struct Found {
    shared: HashMap<i64, (f32, Vec<String>)>,
    whole: f32,
}

impl Found {
    fn by_word(&mut self, connection: &Connection, word: &Word) -> Result<(), StoreError> {
        self.by(
            connection,
            "SELECT DISTINCT i.incident FROM (
                 SELECT rowid AS n FROM items_fts WHERE items_fts MATCH ?1 ORDER BY rowid DESC LIMIT ?2
             ) f JOIN items i ON i.n = f.n WHERE i.incident IS NOT NULL",
            (quoted(&word.token), NEWEST),
            &word.written,
            word.weight,
        )
    }

    fn by_cve(
        &mut self,
        connection: &Connection,
        cve: &str,
        weight: f32,
    ) -> Result<(), StoreError> {
        let sql = format!(
            "SELECT incident FROM incident_keys WHERE kind = {} AND value = ?1
             ORDER BY incident DESC LIMIT ?2",
            Key::Cve.number()
        );
        self.by(connection, &sql, (cve.to_owned(), NEWEST), cve, weight)
    }

    fn by(
        &mut self,
        connection: &Connection,
        sql: &str,
        parameters: (String, u32),
        told: &str,
        weight: f32,
    ) -> Result<(), StoreError> {
        self.whole += weight;
        let mut lookup = connection.prepare_cached(sql)?;
        let mut rows = lookup.query(parameters)?;
        while let Some(row) = rows.next()? {
            let (sum, shared) = self.shared.entry(row.get(0)?).or_default();
            *sum += weight;
            shared.push(told.to_owned());
        }
        Ok(())
    }

    fn ranked(
        mut self,
        connection: &Connection,
        own: i64,
        limit: u32,
    ) -> Result<Vec<Similar>, StoreError> {
        self.shared.remove(&own);
        let least = LEAST * self.whole;
        let mut ranked: Vec<(f32, i64, Vec<String>)> = self
            .shared
            .into_iter()
            .filter(|(_, (sum, shared))| {
                *sum >= least && (shared.len() > 1 || shared.iter().any(|one| is_cve(one)))
            })
            .map(|(n, (sum, shared))| (sum, n, shared))
            .collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
        ranked.truncate(usize::try_from(limit.clamp(1, MOST)).unwrap_or(usize::MAX));
        let similar = ranked.into_iter().map(|(sum, n, mut shared)| {
            // CVEs came last and weigh most.
            shared.sort_by_key(|one| !is_cve(one));
            shared.truncate(TOLD);
            Ok(Similar {
                incident: incidents::get(connection, n)?,
                score: sum / self.whole,
                shared,
            })
        });
        similar.collect()
    }
}

fn is_cve(told: &str) -> bool {
    told.starts_with("CVE-")
}

fn quoted(token: &str) -> String {
    format!("\"{token}\"")
}

/// About how many items there are.
fn newest_item(connection: &Connection) -> Result<u32, StoreError> {
    let n: Option<i64> = connection
        .prepare_cached("SELECT max(n) FROM items")?
        .query_one([], |row| row.get(0))?;
    Ok(u32::try_from(n.unwrap_or(0)).unwrap_or(u32::MAX))
}

/// What a word says that so many items hold of so many.
#[expect(
    clippy::cast_precision_loss,
    reason = "a logarithm needs no more digits"
)]
fn rarity(items: u32, held: u32) -> f32 {
    (1.0 + items as f32 / held.max(1) as f32).ln()
}
