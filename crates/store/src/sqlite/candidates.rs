//! Incidents an item may belong to, found by what it shares with them.

use std::collections::BTreeMap;

use model::clock::{earlier, later};
use model::incident::{Candidate, Link};
use model::query::Key;
use model::{Analysis, CveId, Item, ItemId, Print};
use rusqlite::{Connection, ToSql};

use super::marks::Said;
use super::rows;
use super::{incidents, marks, prints};
use crate::StoreError;

/// How many candidates there are at most.
const MOST: usize = 50;
/// How many items that share one thing are looked at.
const MOST_ITEMS: u32 = 200;
/// How many CVEs of one item are looked up; a longer list is no story's.
const MOST_CVES: usize = 50;
/// The same text after this long is another event: a monthly notice, a template.
const TEXT_WINDOW: std::time::Duration = std::time::Duration::from_secs(30 * 24 * 60 * 60);

/// How far apart items of one story may be told (`understand::story::likeness`
/// learned its weights on pairs within this time).
const TOLD_WINDOW: std::time::Duration = std::time::Duration::from_secs(21 * 24 * 60 * 60);

/// What of an item is looked for.
pub(super) struct Wanted {
    item: ItemId,
    source: String,
    external_id: String,
    address: Option<String>,
    text: [u8; 16],
    from: i64,
    to: i64,
    cves: Vec<CveId>,
    print: Print,
    told_from: i64,
    told_to: i64,
}

impl Wanted {
    pub(super) fn of(item: &Item, analysis: &Analysis) -> Self {
        let keys = &analysis.story_keys;
        Self {
            item: item.id,
            source: item.source.as_str().to_owned(),
            external_id: item.external_id.clone(),
            address: keys.canonical_url.clone(),
            text: keys.content_hash,
            from: rows::micros(earlier(item.effective(), TEXT_WINDOW)),
            to: rows::micros(later(item.effective(), TEXT_WINDOW)),
            cves: keys.cves.iter().take(MOST_CVES).cloned().collect(),
            print: keys.print.clone(),
            told_from: rows::micros(earlier(item.effective(), TOLD_WINDOW)),
            told_to: rows::micros(later(item.effective(), TOLD_WINDOW)),
        }
    }
}

/// What an incident shares with the item, by its row.
type Found = BTreeMap<i64, Vec<Link>>;

pub(super) fn find(connection: &Connection, wanted: &Wanted) -> Result<Vec<Candidate>, StoreError> {
    let mut found = Found::new();
    let id = wanted.item.as_bytes();
    // The newest version of the document is the one this one follows.
    by_item(
        connection,
        &mut found,
        Link::Edit,
        "SELECT incident, id FROM items
         WHERE source = ?1 AND external_id = ?2 AND id <> ?3 AND incident IS NOT NULL
         ORDER BY n DESC LIMIT ?4",
        &[&wanted.source, &wanted.external_id, id, &MOST_ITEMS],
    )?;
    // Of the items with one address or text, the original: the first that repeats
    // no other.
    if let Some(address) = &wanted.address {
        by_item(
            connection,
            &mut found,
            Link::Address,
            "SELECT incident, id FROM items
             WHERE canonical_url = ?1 AND id <> ?2 AND incident IS NOT NULL
             ORDER BY repeat_of IS NOT NULL, n LIMIT ?3",
            &[address, id, &MOST_ITEMS],
        )?;
    }
    if wanted.text != [0; 16] {
        by_item(
            connection,
            &mut found,
            Link::Text,
            "SELECT incident, id FROM items
             WHERE content_hash = ?1 AND effective BETWEEN ?2 AND ?3 AND id <> ?4 AND incident IS NOT NULL
             ORDER BY repeat_of IS NOT NULL, n LIMIT ?5",
            &[&wanted.text, &wanted.from, &wanted.to, id, &MOST_ITEMS],
        )?;
    }
    for cve in &wanted.cves {
        let mut lookup = connection.prepare_cached(
            "SELECT k.incident FROM incident_keys k JOIN incidents i ON i.n = k.incident
             WHERE k.kind = ?1 AND k.value = ?2 ORDER BY i.last_seen DESC, i.id DESC LIMIT ?3",
        )?;
        let mut rows = lookup.query((
            Key::Cve.number(),
            cve.as_str(),
            u32::try_from(MOST).unwrap_or(u32::MAX),
        ))?;
        while let Some(row) = rows.next()? {
            found
                .entry(row.get(0)?)
                .or_default()
                .push(Link::Cve(cve.clone()));
        }
    }
    let said = marks::of(
        connection,
        &wanted.source,
        &wanted.external_id,
        wanted.address.as_deref(),
        &wanted.text,
    )?;
    found.retain(|incident, _| !said.not.contains(incident));
    for incident in &said.belongs {
        found.entry(*incident).or_default().push(Link::Said);
    }
    let mut candidates = latest(connection, wanted, found)?;
    // A link decides; words are asked only where there is none.
    if candidates.is_empty() && !wanted.print.is_empty() {
        candidates = by_words(connection, wanted, &said)?;
    }
    Ok(candidates)
}

/// Incidents whose items share words with the item, those that share most first.
fn by_words(
    connection: &Connection,
    wanted: &Wanted,
    said: &Said,
) -> Result<Vec<Candidate>, StoreError> {
    prints::near(connection, &wanted.print, wanted.told_from, wanted.told_to)?
        .into_iter()
        .filter(|(n, _)| !said.not.contains(n))
        .map(|(n, members)| {
            Ok(Candidate {
                incident: incidents::get(connection, n)?,
                links: Vec::new(),
                members,
                apart: marks::apart(connection, n)?,
            })
        })
        .collect()
}

/// Adds a link to every incident of the items found, to the first of each.
fn by_item(
    connection: &Connection,
    found: &mut Found,
    link: fn(ItemId) -> Link,
    sql: &str,
    parameters: &[&dyn ToSql],
) -> Result<(), StoreError> {
    let mut lookup = connection.prepare_cached(sql)?;
    let mut rows = lookup.query(parameters)?;
    while let Some(row) = rows.next()? {
        let link = link(ItemId(rows::uuid(row.get(1)?)));
        let links = found.entry(row.get(0)?).or_default();
        if !links
            .iter()
            .any(|known| std::mem::discriminant(known) == std::mem::discriminant(&link))
        {
            links.push(link);
        }
    }
    Ok(())
}

/// The incidents, latest first. When there are too many, those with the strongest
/// links stay.
fn latest(
    connection: &Connection,
    wanted: &Wanted,
    found: Found,
) -> Result<Vec<Candidate>, StoreError> {
    let mut candidates = Vec::with_capacity(found.len().min(MOST));
    let mut ranked = Vec::with_capacity(found.len());
    for (n, mut links) in found {
        links.sort();
        links.dedup();
        let last_seen: i64 = connection
            .prepare_cached("SELECT last_seen FROM incidents WHERE n = ?1")?
            .query_one([n], |row| row.get(0))?;
        let strength = match links.first() {
            Some(Link::Said) => 0,
            Some(Link::Edit(_)) => 1,
            Some(Link::Address(_)) => 2,
            Some(Link::Text(_)) => 3,
            Some(Link::Cve(_)) | None => 4,
        };
        ranked.push((strength, std::cmp::Reverse(last_seen), n, links));
    }
    ranked.sort();
    ranked.truncate(MOST);
    ranked.sort_by_key(|(_, last_seen, n, _)| (*last_seen, *n));
    for (_, _, n, links) in ranked {
        candidates.push(Candidate {
            incident: incidents::get(connection, n)?,
            links,
            members: Vec::new(),
            apart: marks::apart(connection, n)?,
        });
    }
    // Of two that people keep apart and that share the same with the item, its words
    // decide.
    if candidates.iter().any(|one| !one.apart.is_empty()) {
        for candidate in &mut candidates {
            if let Some(n) = incidents::row(connection, candidate.incident.id)? {
                candidate.members =
                    prints::members(connection, n, wanted.told_from, wanted.told_to)?;
            }
        }
    }
    Ok(candidates)
}
