//! Incidents an item may belong to, found by what it shares with them.

use std::collections::HashMap;

use model::ItemId;
use model::incident::{Candidate, Link};
use rusqlite::{Connection, ToSql};

use super::rows::{self, Key};
use super::{incidents, prints};
use crate::StoreError;
use crate::candidate::{self, Found, MOST, MOST_ITEMS, Wanted};

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
            candidate::link(&mut found, row.get(0)?, Link::Cve(cve.clone()));
        }
    }
    let mut candidates = latest(connection, found)?;
    // A link decides; words are asked only where there is none.
    if candidates.is_empty() && !wanted.print.is_empty() {
        candidates = by_words(connection, wanted)?;
    }
    Ok(candidates)
}

/// Incidents whose items share words with the item, those that share most first.
fn by_words(connection: &Connection, wanted: &Wanted) -> Result<Vec<Candidate>, StoreError> {
    prints::near(connection, &wanted.print, wanted.told_from, wanted.told_to)?
        .into_iter()
        .map(|(n, members)| {
            Ok(Candidate {
                incident: incidents::get(connection, n)?,
                links: Vec::new(),
                members,
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
        let item = ItemId(rows::uuid(row.get(1)?));
        candidate::link(found, row.get(0)?, link(item));
    }
    Ok(())
}

/// The incidents, latest first.
fn latest(connection: &Connection, found: Found) -> Result<Vec<Candidate>, StoreError> {
    let mut last_seen = HashMap::with_capacity(found.len());
    for n in found.keys() {
        let seen: i64 = connection
            .prepare_cached("SELECT last_seen FROM incidents WHERE n = ?1")?
            .query_one([n], |row| row.get(0))?;
        last_seen.insert(*n, seen);
    }
    candidate::ranked(found, &last_seen)
        .into_iter()
        .map(|(n, links)| {
            Ok(Candidate {
                incident: incidents::get(connection, n)?,
                links,
                members: Vec::new(),
            })
        })
        .collect()
}
