//! Documents as they arrived: packed, each once, forgotten oldest first.
//!
//! Deflate, since the tree has it: zstd would pack a fifth better for half a
//! minute more of every clean build, and a C library more to trust.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use model::{Document, SourceId, Timestamp};
use rusqlite::{Connection, OptionalExtension};
use sha2::{Digest, Sha256};

use super::rows;
use crate::StoreError;
use crate::archive::{Arrived, Kept, Place, Reading, Retention, Swept, Wanted};

/// No document is larger, whatever the settings say, nor does one grow beyond it
/// when it is unpacked.
const LARGEST: u64 = 64 * 1024 * 1024;
/// An address of which nothing was kept for so long is kept once more.
const ONCE_IN: i64 = 20 * 60 * 60 * 1_000_000;
/// Readings handed out at once at most.
const MOST_READINGS: u32 = 1_000;

/// Documents made ready for writing, off the writing thread.
pub(super) struct Packed {
    documents: Vec<One>,
    telling: bool,
}

struct One {
    url: String,
    content_type: Option<String>,
    hash: [u8; 32],
    size: u64,
    body: Vec<u8>,
}

impl Packed {
    pub(super) fn of(arrived: Arrived) -> Result<Self, StoreError> {
        let documents = arrived
            .documents
            .into_iter()
            .filter(|document| document.bytes.len() as u64 <= LARGEST)
            .map(|document| {
                Ok(One {
                    hash: Sha256::digest(&document.bytes).into(),
                    size: document.bytes.len() as u64,
                    body: pack(&document.bytes)?,
                    url: document.url,
                    content_type: document.content_type,
                })
            })
            .collect::<Result<_, StoreError>>()?;
        Ok(Self {
            documents,
            telling: arrived.telling,
        })
    }
}

fn pack(bytes: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .map_err(|error| StoreError::Invalid(format!("a document cannot be packed: {error}")))
}

/// The bytes that were packed: as many as the row says, and no more.
fn unpack(body: &[u8], size: u64, hash: &[u8]) -> Result<Vec<u8>, StoreError> {
    let damaged = |what: &str| StoreError::Invalid(format!("a kept document {what}"));
    if size > LARGEST {
        return Err(damaged("is larger than any that was kept"));
    }
    let mut bytes = Vec::new();
    DeflateDecoder::new(body)
        .take(size + 1)
        .read_to_end(&mut bytes)
        .map_err(|_| damaged("cannot be unpacked"))?;
    if bytes.len() as u64 != size || Sha256::digest(&bytes).as_slice() != hash {
        return Err(damaged("is not what arrived"));
    }
    Ok(bytes)
}

/// Keeps documents. `brought` says whether the poll brought anything new.
pub(super) fn keep(
    connection: &Connection,
    source: &SourceId,
    at: Timestamp,
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

fn size(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(bytes: &[u8]) -> [u8; 32] {
        Sha256::digest(bytes).into()
    }

    #[test]
    fn what_was_packed_is_unpacked() {
        for bytes in [&b""[..], b"<rss/>", &[7; 100_000]] {
            let packed = pack(bytes).unwrap();
            let unpacked = unpack(&packed, bytes.len() as u64, &hash(bytes)).unwrap();
            assert_eq!(unpacked, bytes);
        }
        assert!(pack(&[7; 100_000]).unwrap().len() < 1_000);
    }

    #[test]
    fn a_bomb_is_not_unpacked_beyond_what_its_row_says() {
        // 50 MB of zeros in 50 kB, in a row that claims ten bytes.
        let zeros = vec![0; 50 * 1024 * 1024];
        let bomb = pack(&zeros).unwrap();
        assert!(bomb.len() < 64 * 1024);
        for size in [10, 0, u64::MAX, LARGEST + 1] {
            let refused = unpack(&bomb, size, &hash(&zeros));
            assert!(matches!(refused, Err(StoreError::Invalid(_))), "{size}");
        }
    }

    #[test]
    fn a_damaged_document_is_refused() {
        let packed = pack(b"<rss>the text</rss>").unwrap();
        let good = hash(b"<rss>the text</rss>");
        assert!(unpack(&packed, 19, &good).is_ok());
        assert!(unpack(&packed, 18, &good).is_err());
        assert!(unpack(&packed, 19, &hash(b"another")).is_err());
        assert!(unpack(&packed[..5], 19, &good).is_err());
        assert!(unpack(b"no deflate at all", 19, &good).is_err());
    }
}
