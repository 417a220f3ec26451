//! Forgetting rows that are old enough.

use model::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use super::{prints, rows};
use crate::StoreError;
use crate::prune::{
    INCIDENTS_AT_ONCE, Limits, OF_INCIDENT, PAGES_AT_ONCE, SEEN_AGAIN, delivery, incident,
    irrelevant,
};
use crate::upkeep::{Forgotten, Policy};

const SAME_NAME: &str = "m.external_id = i.external_id";

/// How much would go.
pub(super) fn forgettable(
    connection: &Connection,
    policy: &Policy,
) -> Result<Forgotten, StoreError> {
    let limits = Limits::of(policy);
    let count = |sql: &str, values: &[i64]| -> Result<u64, StoreError> {
        Ok(
            connection.query_one(sql, rusqlite::params_from_iter(values), |row| {
                rows::count(row, 0)
            })?,
        )
    };
    let incidents = incident("?1", "?2");
    let of_incidents = [limits.dismissed, limits.incidents];
    Ok(Forgotten {
        irrelevant: count(
            &format!(
                "SELECT count(*) FROM items i WHERE {}",
                irrelevant("?1", SAME_NAME)
            ),
            &[limits.irrelevant],
        )?,
        incidents: count(
            &format!("SELECT count(*) FROM incidents i WHERE {incidents}"),
            &of_incidents,
        )?,
        items: count(
            &format!(
                "SELECT count(*) FROM items WHERE incident IN (SELECT i.n FROM incidents i WHERE {incidents})"
            ),
            &of_incidents,
        )?,
        deliveries: count(
            &format!("SELECT count(*) FROM deliveries d WHERE {}", delivery("?1")),
            &[limits.deliveries],
        )?,
        names: count(
            "SELECT count(*) FROM forgotten_items WHERE seen < ?1",
            &[limits.names],
        )?,
        more: false,
    })
}

/// One step of forgetting.
pub(super) fn forget(
    connection: &Connection,
    policy: &Policy,
    limit: u32,
    now: Timestamp,
) -> Result<Forgotten, StoreError> {
    let limits = Limits::of(policy);
    let some = |sql: &str, values: &[i64]| -> Result<Vec<i64>, StoreError> {
        Ok(connection
            .prepare_cached(sql)?
            .query_map(rusqlite::params_from_iter(values), |row| row.get(0))?
            .collect::<Result<_, _>>()?)
    };
    let at_once = i64::from(limit.max(1));
    let mut done = Forgotten::default();

    let items = some(
        &format!(
            "SELECT i.n FROM items i WHERE {} ORDER BY i.placed_at LIMIT ?2",
            irrelevant("?1", SAME_NAME)
        ),
        &[limits.irrelevant, at_once],
    )?;
    for item in &items {
        forget_item(connection, *item, now)?;
    }
    done.irrelevant = items.len() as u64;

    let incidents = some(
        &format!(
            "SELECT i.n FROM incidents i WHERE {} ORDER BY i.last_seen LIMIT ?3",
            incident("?1", "?2")
        ),
        &[
            limits.dismissed,
            limits.incidents,
            INCIDENTS_AT_ONCE.min(at_once),
        ],
    )?;
    let mut left_over = false;
    for one in &incidents {
        if done.items >= u64::from(limit) {
            left_over = true;
            break;
        }
        done.items += forget_incident(connection, *one, now)?;
        done.incidents += 1;
    }

    let deliveries = some(
        &format!(
            "SELECT d.n FROM deliveries d WHERE {} ORDER BY d.n LIMIT ?2",
            delivery("?1")
        ),
        &[limits.deliveries, at_once],
    )?;
    for one in &deliveries {
        forget_delivery(connection, *one)?;
        connection
            .prepare_cached("DELETE FROM deliveries WHERE n = ?1")?
            .execute([one])?;
    }
    done.deliveries = deliveries.len() as u64;

    done.names = connection
        .prepare_cached(
            "DELETE FROM forgotten_items WHERE id IN (SELECT id FROM forgotten_items WHERE seen < ?1 LIMIT ?2)",
        )?
        .execute((limits.names, at_once))? as u64;
    let full = |count: u64| count >= u64::from(limit.max(1));
    done.more = left_over
        || full(done.irrelevant)
        || incidents.len() as i64 >= INCIDENTS_AT_ONCE.min(at_once)
        || full(done.deliveries)
        || full(done.names);
    Ok(done)
}

/// Forgets an item but for its name.
fn forget_item(connection: &Connection, item: i64, now: Timestamp) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO forgotten_items (id, seen) SELECT id, ?2 FROM items WHERE n = ?1",
        )?
        .execute((item, rows::micros(now)))?;
    prints::forget(connection, item)?;
    for sql in [
        "DELETE FROM items_fts WHERE rowid = ?1",
        "DELETE FROM item_texts WHERE item = ?1",
        "DELETE FROM items WHERE n = ?1",
    ] {
        connection.prepare_cached(sql)?.execute([item])?;
    }
    Ok(())
}

/// Forgets an incident with all that hangs on it; gives how many items it had.
fn forget_incident(
    connection: &Connection,
    incident: i64,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let of = |sql: &str| -> Result<Vec<i64>, StoreError> {
        Ok(connection
            .prepare_cached(sql)?
            .query_map([incident], |row| row.get(0))?
            .collect::<Result<_, _>>()?)
    };
    let items = of("SELECT n FROM items WHERE incident = ?1")?;
    for item in &items {
        forget_item(connection, *item, now)?;
    }
    for delivery in of("SELECT n FROM deliveries WHERE incident = ?1")? {
        forget_delivery(connection, delivery)?;
    }
    // A digest tells of several incidents.
    connection
        .prepare_cached(
            "DELETE FROM delivery_alerts WHERE alert IN (SELECT n FROM alerts WHERE incident = ?1)",
        )?
        .execute([incident])?;
    for (table, column) in OF_INCIDENT {
        connection
            .prepare_cached(&format!("DELETE FROM {table} WHERE {column} = ?1"))?
            .execute([incident])?;
    }
    Ok(items.len() as u64)
}

/// Forgets what hangs on a delivery.
fn forget_delivery(connection: &Connection, delivery: i64) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM attempts WHERE delivery = ?1",
        "DELETE FROM delivery_alerts WHERE delivery = ?1",
    ] {
        connection.prepare_cached(sql)?.execute([delivery])?;
    }
    Ok(())
}

/// Whether an item was forgotten. That a source shows it still is noted, seldom.
pub(super) fn was_forgotten(
    connection: &Connection,
    item: &model::Item,
) -> Result<bool, StoreError> {
    let seen: Option<i64> = connection
        .prepare_cached("SELECT seen FROM forgotten_items WHERE id = ?1")?
        .query_row([item.id.as_bytes()], |row| row.get(0))
        .optional()?;
    let fetched = rows::micros(item.fetched);
    if seen.is_some_and(|seen| seen < fetched - SEEN_AGAIN) {
        connection
            .prepare_cached("UPDATE forgotten_items SET seen = ?2 WHERE id = ?1")?
            .execute((item.id.as_bytes(), fetched))?;
    }
    Ok(seen.is_some())
}

/// Gives some free pages back to the disk; true if there are more. A file that was
/// made before this was thought of keeps them for what comes.
pub(super) fn give_back(connection: &Connection) -> Result<bool, StoreError> {
    let (before, mode) = free_pages(connection)?;
    if mode != INCREMENTAL || before == 0 {
        return Ok(false);
    }
    let mut some = connection.prepare(&format!("PRAGMA incremental_vacuum({PAGES_AT_ONCE})"))?;
    // A page is given back with each row.
    let mut pages = some.query([])?;
    while pages.next()?.is_some() {}
    let (after, _) = free_pages(connection)?;
    Ok(after > 0 && after < before)
}

/// `PRAGMA auto_vacuum` of a file that can give pages back.
pub(super) const INCREMENTAL: i64 = 2;

/// How many pages are free, and whether they can be given back.
pub(super) fn free_pages(connection: &Connection) -> Result<(i64, i64), StoreError> {
    Ok((
        connection.pragma_query_value(None, "freelist_count", |row| row.get(0))?,
        connection.pragma_query_value(None, "auto_vacuum", |row| row.get(0))?,
    ))
}
