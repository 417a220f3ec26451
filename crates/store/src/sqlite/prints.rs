//! The words of the latest items, and which incidents share most of them with an
//! item.

use model::{ItemId, Member, Print};
use rusqlite::{Connection, OptionalExtension};

use super::rows;
use crate::StoreError;
use crate::candidate::{KEPT, MEMBERS, SHARING, Shared, TAKEN_AWAY, print as stored};

/// Keeps the print of an item of an incident.
pub(super) fn write(
    connection: &Connection,
    item: i64,
    incident: i64,
    print: &Print,
) -> Result<(), StoreError> {
    if print.is_empty() {
        return Ok(());
    }
    let at: i64 = connection
        .prepare_cached("SELECT effective FROM items WHERE n = ?1")?
        .query_one([item], |row| row.get(0))?;
    connection
        .prepare_cached("INSERT INTO prints (item, incident, at, body) VALUES (?1, ?2, ?3, ?4)")?
        .execute((item, incident, at, print.to_bytes()))?;
    let mut insert = connection.prepare_cached(
        "INSERT OR IGNORE INTO story_words (word, at, item, incident) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (word, _) in &print.keys {
        insert.execute((word, at, item, incident))?;
    }
    take_away(connection, item - KEPT)
}

/// Keeps another print of an item whose print is kept.
pub(super) fn rewrite(
    connection: &Connection,
    item: i64,
    incident: i64,
    print: &Print,
) -> Result<(), StoreError> {
    let old: Option<(i64, Vec<u8>)> = connection
        .prepare_cached("SELECT at, body FROM prints WHERE item = ?1")?
        .query_row([item], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match old {
        Some((_, body)) if body == print.to_bytes() => Ok(()),
        Some((at, body)) => {
            remove(connection, item, at, &body)?;
            write(connection, item, incident, print)
        }
        None => Ok(()),
    }
}

fn remove(connection: &Connection, item: i64, at: i64, body: &[u8]) -> Result<(), StoreError> {
    for (word, _) in stored(body)?.keys {
        connection
            .prepare_cached("DELETE FROM story_words WHERE word = ?1 AND at = ?2 AND item = ?3")?
            .execute((word, at, item))?;
    }
    connection
        .prepare_cached("DELETE FROM prints WHERE item = ?1")?
        .execute([item])?;
    Ok(())
}

fn take_away(connection: &Connection, up_to: i64) -> Result<(), StoreError> {
    let old: Vec<(i64, i64, Vec<u8>)> = connection
        .prepare_cached(
            "SELECT item, at, body FROM prints WHERE item <= ?1 ORDER BY item LIMIT ?2",
        )?
        .query_map((up_to, TAKEN_AWAY), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?
        .collect::<Result<_, _>>()?;
    for (item, at, body) in old {
        remove(connection, item, at, &body)?;
    }
    Ok(())
}

/// The incidents, by row, that share most words with `print` among the items told
/// between `from` and `to`, each with its latest items of that time.
pub(super) fn near(
    connection: &Connection,
    print: &Print,
    from: i64,
    to: i64,
) -> Result<Vec<(i64, Vec<Member>)>, StoreError> {
    let mut shared = Shared::default();
    let mut sharing = connection.prepare_cached(
        "SELECT incident FROM story_words WHERE word = ?1 AND at BETWEEN ?2 AND ?3
         ORDER BY at DESC, item DESC LIMIT ?4",
    )?;
    for (word, weight) in &print.keys {
        let incidents: Vec<i64> = sharing
            .query_map((word, from, to, SHARING), |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        shared.word(*weight, incidents);
    }
    let mut latest = connection.prepare_cached(
        "SELECT i.id, p.at, p.body FROM prints p JOIN items i ON i.n = p.item
         WHERE p.incident = ?1 AND p.at BETWEEN ?2 AND ?3 ORDER BY p.at DESC, p.item DESC LIMIT ?4",
    )?;
    shared
        .most()
        .into_iter()
        .map(|incident| {
            let mut members = Vec::new();
            let mut rows = latest.query((incident, from, to, MEMBERS))?;
            while let Some(row) = rows.next()? {
                members.push(Member {
                    item: ItemId(rows::uuid(row.get(0)?)),
                    at: rows::time(row.get(1)?)?,
                    print: stored(&row.get::<_, Vec<u8>>(2)?)?,
                });
            }
            Ok((incident, members))
        })
        .collect()
}
