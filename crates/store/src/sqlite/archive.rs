//! Documents as they arrived: packed, each once, forgotten oldest first.

use model::{Document, SourceId};
use rusqlite::{Connection, OptionalExtension};

use super::rows;
use crate::StoreError;
use crate::archive::{Kept, Place, Reading, Retention, Swept, Wanted};
use crate::packing::{MOST_READINGS, ONCE_IN, One, Packed, size, unpack};

/// Keeps documents. `brought` says whether the poll brought anything new.
pub(super) fn keep(
    connection: &Connection,
    source: &SourceId,
    at: model::Timestamp,
    packed: &Packed,
    brought: bool,
) -> Result<(), StoreError> {
    let at = rows::micros(at);
    let any_way = packed.telling || brought;
    for document in &packed.documents {
        if !any_way && was_kept(connection, source, &document.url, at)? {
            continue;
        }
        let known: Option<i64> = connection
            .prepare_cached("SELECT n FROM documents WHERE hash = ?1")?
            .query_row([document.hash], |row| row.get(0))
            .optional()?;
        let n = match known {
            Some(n) => n,
            None => insert(connection, document)?,
        };
        connection
            .prepare_cached(
                "INSERT INTO readings (source, url, content_type, document, at) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (source, url, document) DO UPDATE SET at = max(at, excluded.at)",
            )?
            .execute((source.as_str(), &document.url, &document.content_type, n, at))?;
    }
    Ok(())
}

fn was_kept(
    connection: &Connection,
    source: &SourceId,
    url: &str,
    at: i64,
) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM readings WHERE source = ?1 AND url = ?2 AND at > ?3)",
        )?
        .query_one((source.as_str(), url, at - ONCE_IN), |row| row.get(0))?)
}

fn insert(connection: &Connection, document: &One) -> Result<i64, StoreError> {
    connection
        .prepare_cached("INSERT INTO documents (hash, size, packed) VALUES (?1, ?2, ?3)")?
        .execute((
            document.hash,
            size(document.size),
            size(document.body.len() as u64),
        ))?;
    let n = connection.last_insert_rowid();
    connection
        .prepare_cached("INSERT INTO document_bodies (document, body) VALUES (?1, ?2)")?
        .execute((n, &document.body))?;
    Ok(n)
}

pub(super) fn kept(connection: &Connection) -> Result<Kept, StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM readings),
             (SELECT coalesce(sum(size), 0) FROM documents), (SELECT coalesce(sum(packed), 0) FROM documents),
             (SELECT min(at) FROM readings)",
    )?;
    let (kept, oldest) = query.query_one([], |row| {
        let kept = Kept {
            documents: rows::count(row, 0)?,
            readings: rows::count(row, 1)?,
            bytes: rows::count(row, 2)?,
            packed: rows::count(row, 3)?,
            oldest: None,
        };
        Ok((kept, row.get(4)?))
    })?;
    Ok(Kept {
        oldest: rows::maybe_time(oldest)?,
        ..kept
    })
}

/// One step of forgetting.
pub(super) fn sweep(
    connection: &Connection,
    retention: &Retention,
    limit: u32,
) -> Result<Swept, StoreError> {
    let since = rows::micros(retention.since);
    let mut packed = kept(connection)?.packed;
    let mut oldest = connection
        .prepare_cached("SELECT n, document, at FROM readings ORDER BY at, n LIMIT ?1")?;
    let oldest: Vec<(i64, i64, i64)> = oldest
        .query_map([limit], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    let mut swept = Swept::default();
    for (reading, document, at) in oldest {
        if at >= since && packed <= retention.packed {
            return Ok(swept);
        }
        connection
            .prepare_cached("DELETE FROM readings WHERE n = ?1")?
            .execute([reading])?;
        swept.readings += 1;
        if let Some(freed) = forget(connection, document)? {
            swept.documents += 1;
            packed = packed.saturating_sub(freed);
        }
    }
    swept.more = swept.readings == limit;
    Ok(swept)
}

/// Forgets a document that no reading gave any more, and says what it took.
fn forget(connection: &Connection, document: i64) -> Result<Option<u64>, StoreError> {
    let packed: Option<i64> = connection
        .prepare_cached(
            "DELETE FROM documents WHERE n = ?1
             AND NOT EXISTS (SELECT 1 FROM readings WHERE document = ?1) RETURNING packed",
        )?
        .query_row([document], |row| row.get(0))
        .optional()?;
    if packed.is_some() {
        connection
            .prepare_cached("DELETE FROM document_bodies WHERE document = ?1")?
            .execute([document])?;
    }
    Ok(packed.map(|packed| u64::try_from(packed).unwrap_or(0)))
}

pub(super) fn readings(
    connection: &Connection,
    wanted: &Wanted,
    after: Option<Place>,
    limit: u32,
) -> Result<Vec<Reading>, StoreError> {
    let after = after.map_or((i64::MIN, i64::MIN), |place| {
        (rows::micros(place.at), place.n)
    });
    let mut lookup = connection.prepare_cached(
        "SELECT r.n, r.at, r.source, r.url, r.content_type, d.size
         FROM readings r JOIN documents d ON d.n = r.document
         WHERE (r.at, r.n) > (?1, ?2) AND (?3 IS NULL OR r.source = ?3) AND r.at >= ?4 AND r.at <= ?5
         ORDER BY r.at, r.n LIMIT ?6",
    )?;
    let mut found = lookup.query((
        after.0,
        after.1,
        wanted.source.as_ref().map(SourceId::as_str),
        wanted.since.map_or(i64::MIN, rows::micros),
        wanted.until.map_or(i64::MAX, rows::micros),
        limit.clamp(1, MOST_READINGS),
    ))?;
    let mut readings = Vec::new();
    while let Some(row) = found.next()? {
        readings.push(Reading {
            place: Place {
                at: rows::time(row.get(1)?)?,
                n: row.get(0)?,
            },
            source: rows::name(&row.get::<_, String>(2)?)?,
            url: row.get(3)?,
            content_type: row.get(4)?,
            size: rows::count(row, 5)?,
        });
    }
    Ok(readings)
}

pub(super) fn document(
    connection: &Connection,
    reading: &Reading,
) -> Result<Option<Document>, StoreError> {
    let found: Option<(Vec<u8>, i64, Vec<u8>)> = connection
        .prepare_cached(
            "SELECT d.hash, d.size, b.body FROM readings r
             JOIN documents d ON d.n = r.document JOIN document_bodies b ON b.document = d.n
             WHERE r.n = ?1",
        )?
        .query_row([reading.place.n], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let Some((hash, size, body)) = found else {
        return Ok(None);
    };
    let bytes = unpack(&body, u64::try_from(size).unwrap_or(u64::MAX), &hash)?;
    Ok(Some(Document {
        url: reading.url.clone(),
        content_type: reading.content_type.clone(),
        bytes: bytes.into(),
    }))
}
