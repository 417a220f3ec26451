//! How incidents developed, and what people wrote beside them.

use model::incident::{Developed, Development, Note};
use model::{Incident, IncidentId, ItemId};
use rusqlite::Connection;

use super::rows;
use crate::StoreError;
use crate::handling::{Cause, DEVELOPMENTS_READ, MOST_DEVELOPMENTS, opening};

/// Writes what `after` has become since `before`.
pub(super) fn note(
    connection: &Connection,
    n: i64,
    cause: Cause<'_>,
    before: &Incident,
    after: &Incident,
) -> Result<(), StoreError> {
    write(
        connection,
        n,
        cause,
        &model::incident::between(before, after),
    )
}

/// Writes that an incident was opened.
pub(super) fn opened(
    connection: &Connection,
    n: i64,
    cause: Cause<'_>,
    incident: &Incident,
) -> Result<(), StoreError> {
    write(connection, n, cause, &[opening(incident)])
}

pub(super) fn write(
    connection: &Connection,
    n: i64,
    cause: Cause<'_>,
    told: &[Development],
) -> Result<(), StoreError> {
    if told.is_empty() {
        return Ok(());
    }
    let mut insert = connection.prepare_cached(
        "INSERT INTO developments (incident, at, by, item, body) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for what in told {
        let item = cause.item.map(|id| *id.as_bytes());
        insert.execute((n, rows::micros(cause.at), cause.by, item, rows::json(what)?))?;
    }
    connection
        .prepare_cached(
            "DELETE FROM developments WHERE incident = ?1 AND by IS NULL AND n <= (
                 SELECT n FROM developments WHERE incident = ?1 AND by IS NULL
                 ORDER BY n DESC LIMIT 1 OFFSET ?2)",
        )?
        .execute((n, MOST_DEVELOPMENTS))?;
    Ok(())
}

/// What is kept, latest first.
pub(super) fn of(connection: &Connection, n: i64) -> Result<Vec<Developed>, StoreError> {
    let mut lookup = connection.prepare_cached(
        "SELECT at, by, item, was, body FROM developments WHERE incident = ?1
         ORDER BY at DESC, n DESC LIMIT ?2",
    )?;
    let mut found = lookup.query((n, DEVELOPMENTS_READ))?;
    let mut told = Vec::new();
    while let Some(row) = found.next()? {
        let item: Option<[u8; 16]> = row.get(2)?;
        let was: Option<[u8; 16]> = row.get(3)?;
        told.push(Developed {
            at: rows::time(row.get(0)?)?,
            by: row.get(1)?,
            item: item.map(|id| ItemId(rows::uuid(id))),
            was: was.map(|id| IncidentId(rows::uuid(id))),
            what: rows::read(&row.get::<_, String>(4)?)?,
        });
    }
    Ok(told)
}

/// The notes, oldest first.
pub(super) fn notes(connection: &Connection, n: i64) -> Result<Vec<Note>, StoreError> {
    let mut lookup = connection
        .prepare_cached("SELECT at, by, text FROM notes WHERE incident = ?1 ORDER BY at, n")?;
    let mut found = lookup.query([n])?;
    let mut notes = Vec::new();
    while let Some(row) = found.next()? {
        notes.push(Note {
            at: rows::time(row.get(0)?)?,
            by: row.get(1)?,
            text: row.get(2)?,
        });
    }
    Ok(notes)
}
