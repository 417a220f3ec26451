//! Events for live readers: a short log whose numbers only grow.

use model::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use super::rows;
pub(super) use crate::journal::{
    DELIVERY_SETTLED, FEEDBACK_CHANGED, INCIDENT_MERGED, INCIDENT_OPENED, INCIDENT_UPDATED,
    MODEL_DECIDED, SOURCE_POLLED,
};
use crate::journal::{KEPT, LONGEST_PAGE, PRUNED_EACH};
use crate::{Event, EventPage, StoreError};

pub(super) fn write(
    connection: &Connection,
    at: Timestamp,
    kind: &str,
    subject: &str,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("INSERT INTO events (at, kind, subject) VALUES (?1, ?2, ?3)")?
        .execute((rows::micros(at), kind, subject))?;
    let seq = connection.last_insert_rowid();
    if seq % PRUNED_EACH == 0 {
        connection
            .prepare_cached("DELETE FROM events WHERE seq <= ?1")?
            .execute([seq - KEPT])?;
    }
    Ok(())
}

pub(super) fn last(connection: &Connection) -> Result<i64, StoreError> {
    let seq: Option<i64> = connection
        .prepare_cached("SELECT max(seq) FROM events")?
        .query_row([], |row| row.get(0))
        .optional()?
        .flatten();
    Ok(seq.unwrap_or(0))
}

pub(super) fn page(
    connection: &Connection,
    after: i64,
    limit: u32,
) -> Result<EventPage, StoreError> {
    let oldest: Option<i64> = connection
        .prepare_cached("SELECT min(seq) FROM events")?
        .query_row([], |row| row.get(0))
        .optional()?
        .flatten();
    let oldest = oldest.unwrap_or(1);
    // A number from the future was given by another file: what it stands for is
    // not here, so that is a gap as well.
    let gap = after < oldest - 1 || after > last(connection)?;
    let mut statement = connection.prepare_cached(
        "SELECT seq, at, kind, subject FROM events WHERE seq > ?1 ORDER BY seq LIMIT ?2",
    )?;
    let mut found = statement.query((after, limit.clamp(1, LONGEST_PAGE)))?;
    let mut events = Vec::new();
    while let Some(row) = found.next()? {
        events.push(Event {
            seq: row.get(0)?,
            at: rows::time(row.get(1)?)?,
            kind: row.get(2)?,
            subject: row.get(3)?,
        });
    }
    Ok(EventPage { events, gap })
}
