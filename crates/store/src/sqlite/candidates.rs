//! Incidents an item may belong to, found by what it shares with them.

use std::collections::HashMap;

use model::ItemId;
use model::incident::{Candidate, Link};
use model::query::Key;
use rusqlite::{Connection, ToSql};

use super::{incidents, marks, prints, rows};
use crate::StoreError;
use crate::candidate::{self, Found, MOST, MOST_ITEMS, Said, Wanted};

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
    let said = marks::of(
        connection,
        &wanted.source,
        &wanted.external_id,
        wanted.address.as_deref(),
        &wanted.text,
    )?;
    said.apply(&mut found);
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
        let item = ItemId(rows::uuid(row.get(1)?));
        candidate::link(found, row.get(0)?, link(item));
    }
    Ok(())
}

/// The incidents, latest first.
fn latest(
    connection: &Connection,
    wanted: &Wanted,
    found: Found,
) -> Result<Vec<Candidate>, StoreError> {
    let mut last_seen = HashMap::with_capacity(found.len());
    for n in found.keys() {
        let seen: i64 = connection
            .prepare_cached("SELECT last_seen FROM incidents WHERE n = ?1")?
            .query_one([n], |row| row.get(0))?;
        last_seen.insert(*n, seen);
    }
    let mut candidates = Vec::new();
    for (n, links) in candidate::ranked(found, &last_seen) {
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
