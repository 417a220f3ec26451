//! More like this: incidents that share the rarest words and the CVEs of one
//! ([`crate::similarity`]).

use model::IncidentId;
use model::query::Key;
use rusqlite::{Connection, Params};

use super::incidents;
use crate::StoreError;
use crate::handling::Similar;
use crate::similarity::{self, COMMON, Found, ITEMS, NEWEST, Word};

/// The incidents most like this one; `None` if it is not there.
pub(super) fn find(
    connection: &Connection,
    id: IncidentId,
    limit: u32,
) -> Result<Option<Vec<Similar>>, StoreError> {
    let Some(own) = incidents::resolve(connection, id)? else {
        return Ok(None);
    };
    let items = newest_item(connection)?;
    let mut found = Found::default();
    for word in telling_words(connection, own, items)? {
        let sharing = incidents_of(
            connection,
            "SELECT DISTINCT i.incident FROM (
                 SELECT rowid AS n FROM items_fts WHERE items_fts MATCH ?1 ORDER BY rowid DESC LIMIT ?2
             ) f JOIN items i ON i.n = f.n WHERE i.incident IS NOT NULL",
            (quoted(&word.token), NEWEST),
        )?;
        found.word(&word, sharing);
    }
    for cve in &incidents::get(connection, own)?.cves {
        let sharing = incidents_of(
            connection,
            "SELECT incident FROM incident_keys WHERE kind = ?1 AND value = ?2
             ORDER BY incident DESC LIMIT ?3",
            (Key::Cve.number(), cve.as_str(), NEWEST),
        )?;
        found.cve(cve.as_str(), items, sharing);
    }
    let similar = found.ranked(own, limit).into_iter();
    similar
        .map(|(n, score, shared)| {
            Ok(Similar {
                incident: incidents::get(connection, n)?,
                score,
                shared,
            })
        })
        .collect::<Result<_, _>>()
        .map(Some)
}

/// The words of its headlines and its summary that few items hold, weightiest first.
fn telling_words(connection: &Connection, own: i64, items: u32) -> Result<Vec<Word>, StoreError> {
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
    let mut holding = connection.prepare_cached(
        "SELECT count(*) FROM (SELECT 1 FROM items_fts WHERE items_fts MATCH ?1 LIMIT ?2)",
    )?;
    let mut counted = Vec::new();
    for word in similarity::words(&texts) {
        let held = holding.query_one((quoted(&word.token), COMMON + 1), |row| row.get(0))?;
        counted.push((word, held));
    }
    Ok(similarity::telling(counted, items))
}

fn incidents_of(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
) -> Result<Vec<i64>, StoreError> {
    let mut lookup = connection.prepare_cached(sql)?;
    let found = lookup.query_map(parameters, |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
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
