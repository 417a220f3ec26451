//! Incidents an item may belong to, found by what it shares with them.

use std::collections::HashMap;

use model::incident::{Candidate, Link};
use model::query::Key;
use model::{CveId, ItemId};
use tokio_postgres::Row;

use super::work::Work;
use super::{incidents, marks, prints, rows};
use crate::StoreError;
use crate::candidate::{self, Found, MOST, MOST_ITEMS, Said, Wanted};

pub(super) async fn find(work: &Work, wanted: &Wanted) -> Result<Vec<Candidate>, StoreError> {
    let id = &wanted.item.0;
    let most = &i64::from(MOST_ITEMS);
    // The newest version of the document is the one this one follows.
    let edits = async {
        work.rows(
            "SELECT incident, id FROM items
             WHERE source = $1 AND md5(external_id) = md5($2) AND id <> $3 AND incident IS NOT NULL
             ORDER BY n DESC LIMIT $4",
            &[&wanted.source, &rows::text(&wanted.external_id), id, most],
        )
        .await
    };
    // Of the items with one address or text, the original: the first that repeats
    // no other.
    let addresses = async {
        let Some(address) = &wanted.address else {
            return Ok(Vec::new());
        };
        work.rows(
            "SELECT incident, id FROM items
             WHERE md5(canonical_url) = md5($1) AND canonical_url IS NOT NULL AND id <> $2 AND incident IS NOT NULL
             ORDER BY repeat_of IS NOT NULL, n LIMIT $3",
            &[&rows::text(address), id, most],
        )
        .await
    };
    let texts = async {
        if wanted.text == [0; 16] {
            return Ok(Vec::new());
        }
        work.rows(
            "SELECT incident, id FROM items
             WHERE content_hash = $1 AND effective BETWEEN $2 AND $3 AND id <> $4 AND incident IS NOT NULL
             ORDER BY repeat_of IS NOT NULL, n LIMIT $5",
            &[&wanted.text.as_slice(), &wanted.from, &wanted.to, id, most],
        )
        .await
    };
    let said = marks::of(
        work,
        &wanted.source,
        &wanted.external_id,
        wanted.address.as_deref(),
        &wanted.text,
    );
    let (edits, addresses, texts, sharing, said) =
        futures::try_join!(edits, addresses, texts, by_cve(work, wanted), said)?;
    let mut found = Found::new();
    by_item(&mut found, Link::Edit, &edits)?;
    by_item(&mut found, Link::Address, &addresses)?;
    by_item(&mut found, Link::Text, &texts)?;
    for row in sharing {
        let cve = rows::name_of(&row, 0)?;
        candidate::link(&mut found, row.try_get(1)?, Link::Cve(cve));
    }
    said.apply(&mut found);
    let mut candidates = latest(work, wanted, found).await?;
    // A link decides; words are asked only where there is none.
    if candidates.is_empty() && !wanted.print.is_empty() {
        candidates = by_words(work, wanted, &said).await?;
    }
    Ok(candidates)
}

/// Incidents whose items share words with the item, those that share most first.
async fn by_words(work: &Work, wanted: &Wanted, said: &Said) -> Result<Vec<Candidate>, StoreError> {
    let mut near = prints::near(work, &wanted.print, wanted.told_from, wanted.told_to).await?;
    near.retain(|(n, _)| !said.not.contains(n));
    let found: Vec<i64> = near.iter().map(|(n, _)| *n).collect();
    let (mut apart, incidents) =
        futures::try_join!(marks::apart(work, &found), incidents::list(work, &found))?;
    Ok(incidents
        .into_iter()
        .zip(near)
        .map(|(incident, (n, members))| Candidate {
            incident,
            links: Vec::new(),
            members,
            apart: apart.remove(&n).unwrap_or_default(),
        })
        .collect())
}

/// The incidents about the item's CVEs, by CVE, latest first.
async fn by_cve(work: &Work, wanted: &Wanted) -> Result<Vec<Row>, StoreError> {
    if wanted.cves.is_empty() {
        return Ok(Vec::new());
    }
    let cves: Vec<&str> = wanted.cves.iter().map(CveId::as_str).collect();
    work.rows(
        "SELECT a.cve, k.incident FROM unnest($2::text[]) AS a (cve)
         CROSS JOIN LATERAL (
             SELECT k.incident FROM incident_keys k JOIN incidents i ON i.n = k.incident
             WHERE k.kind = $1 AND k.value = a.cve
             ORDER BY i.last_seen DESC, i.id DESC LIMIT $3) k",
        &[
            &Key::Cve.number(),
            &cves,
            &i64::try_from(MOST).unwrap_or(i64::MAX),
        ],
    )
    .await
}

/// Adds a link to every incident of the items found, to the first of each.
fn by_item(found: &mut Found, link: fn(ItemId) -> Link, items: &[Row]) -> Result<(), StoreError> {
    for row in items {
        let item = ItemId(row.try_get(1)?);
        candidate::link(found, row.try_get(0)?, link(item));
    }
    Ok(())
}

/// The incidents, latest first.
async fn latest(work: &Work, wanted: &Wanted, found: Found) -> Result<Vec<Candidate>, StoreError> {
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let shared: Vec<i64> = found.keys().copied().collect();
    let last_seen = work
        .rows(
            "SELECT n, last_seen FROM incidents WHERE n = ANY ($1)",
            &[&shared],
        )
        .await?
        .iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect::<Result<HashMap<i64, i64>, StoreError>>()?;
    let ranked = candidate::ranked(found, &last_seen);
    let shared: Vec<i64> = ranked.iter().map(|(n, _)| *n).collect();
    let (mut apart, incidents) =
        futures::try_join!(marks::apart(work, &shared), incidents::list(work, &shared))?;
    // Of two that people keep apart and that share the same with the item, its words
    // decide.
    let mut members = if apart.is_empty() {
        HashMap::new()
    } else {
        prints::members(work, &shared, wanted.told_from, wanted.told_to).await?
    };
    Ok(incidents
        .into_iter()
        .zip(ranked)
        .map(|(incident, (n, links))| Candidate {
            incident,
            links,
            members: members.remove(&n).unwrap_or_default(),
            apart: apart.remove(&n).unwrap_or_default(),
        })
        .collect())
}
