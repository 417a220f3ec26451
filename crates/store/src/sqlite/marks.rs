//! What people said of documents and stories: this one tells it, this one does not.

use model::IncidentId;
use rusqlite::{Connection, ToSql};

use super::rows;
use crate::candidate::Said;
use crate::{Change, StoreError};

/// Remembers for the documents of these items whether they belong to an incident.
pub(super) fn write(
    connection: &Connection,
    items: &[i64],
    incident: i64,
    belongs: bool,
    change: &Change,
) -> Result<(), StoreError> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO placement_marks (source, external_id, incident, belongs, at, by)
         SELECT source, external_id, ?2, ?3, ?4, ?5 FROM items WHERE n = ?1
         ON CONFLICT (source, external_id, incident) DO UPDATE SET
             belongs = excluded.belongs, at = excluded.at, by = excluded.by",
    )?;
    for item in items {
        insert.execute((item, incident, belongs, rows::micros(change.at), &change.by))?;
    }
    Ok(())
}

/// Lets what was said of the incident `gone` be said of `into`, which has its items
/// now. What was said of `into` counts first.
pub(super) fn merge(connection: &Connection, gone: i64, into: i64) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE OR IGNORE placement_marks SET incident = ?2 WHERE incident = ?1")?
        .execute((gone, into))?;
    connection
        .prepare_cached("DELETE FROM placement_marks WHERE incident = ?1")?
        .execute([gone])?;
    // Nobody who puts two stories together means that a part of them is none.
    connection
        .prepare_cached(
            "DELETE FROM placement_marks WHERE incident = ?1 AND belongs = 0 AND EXISTS (
                 SELECT 1 FROM items i WHERE i.incident = ?1
                     AND i.source = placement_marks.source
                     AND i.external_id = placement_marks.external_id)",
        )?
        .execute([into])?;
    Ok(())
}

/// What was said of a document, and of those it repeats by address or text: what
/// was taken out of a story does not come back as a reprint.
pub(super) fn of(
    connection: &Connection,
    source: &str,
    external_id: &str,
    address: Option<&str>,
    text: &[u8; 16],
) -> Result<Said, StoreError> {
    let mut said = Said::default();
    if !connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM placement_marks)")?
        .query_one([], |row| row.get(0))?
    {
        return Ok(said);
    }
    let mut own = connection.prepare_cached(
        "SELECT incident, belongs FROM placement_marks WHERE source = ?1 AND external_id = ?2",
    )?;
    let mut found = own.query((source, external_id))?;
    while let Some(row) = found.next()? {
        let set = if row.get(1)? {
            &mut said.belongs
        } else {
            &mut said.not
        };
        set.insert(row.get(0)?);
    }
    let mut of_repeated = |condition: &str, key: &dyn ToSql| -> Result<(), StoreError> {
        let sql = format!(
            "SELECT DISTINCT m.incident FROM items i
             JOIN placement_marks m ON m.source = i.source AND m.external_id = i.external_id
             WHERE {condition} AND i.incident IS NOT NULL AND m.belongs = 0"
        );
        let mut lookup = connection.prepare_cached(&sql)?;
        let mut found = lookup.query([key])?;
        while let Some(row) = found.next()? {
            said.not.insert(row.get(0)?);
        }
        Ok(())
    };
    if let Some(address) = address {
        of_repeated("i.canonical_url = ?1", &address)?;
    }
    if *text != [0; 16] {
        of_repeated("i.content_hash = ?1", text)?;
    }
    // What was said of the document itself counts first.
    said.not.retain(|incident| !said.belongs.contains(incident));
    Ok(said)
}

/// The incidents that have items which people took out of this one.
pub(super) fn apart(connection: &Connection, incident: i64) -> Result<Vec<IncidentId>, StoreError> {
    let mut lookup = connection.prepare_cached(
        "SELECT DISTINCT o.id FROM placement_marks m
         JOIN items i ON i.source = m.source AND i.external_id = m.external_id
         JOIN incidents o ON o.n = i.incident
         WHERE m.incident = ?1 AND m.belongs = 0 AND i.incident <> ?1",
    )?;
    let mut found = lookup.query([incident])?;
    let mut apart = Vec::new();
    while let Some(row) = found.next()? {
        apart.push(IncidentId(rows::uuid(row.get(0)?)));
    }
    Ok(apart)
}
