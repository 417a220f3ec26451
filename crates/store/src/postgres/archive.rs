//! Documents as they arrived: packed, each once, forgotten oldest first.

use model::{Document, SourceId, Timestamp};

use super::rows;
use super::work::Work;
use crate::StoreError;
use crate::archive::{Kept, Place, Reading, Retention, Swept, Wanted};
use crate::packing::{MOST_READINGS, ONCE_IN, One, Packed, size, unpack};

/// Keeps documents. `brought` says whether the poll brought anything new. Shares
/// [`super::work::Lock::Documents`].
pub(super) async fn keep(
    work: &Work,
    source: &SourceId,
    at: Timestamp,
    packed: &Packed,
    brought: bool,
) -> Result<(), StoreError> {
    let at = rows::micros(at);
    let any_way = packed.telling || brought;
    for document in &packed.documents {
        let url = rows::text(&document.url);
        if !any_way && was_kept(work, source, &url, at).await? {
            continue;
        }
        let n = row_of(work, document).await?;
        work.run(
            "INSERT INTO readings AS r (source, url, content_type, document, at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (source, md5(url), document) DO UPDATE SET at = greatest(r.at, excluded.at)",
            &[
                &source.as_str(),
                &url,
                &rows::maybe_text(document.content_type.as_deref()),
                &n,
                &at,
            ],
        )
        .await?;
    }
    Ok(())
}

async fn was_kept(work: &Work, source: &SourceId, url: &str, at: i64) -> Result<bool, StoreError> {
    let row = work
        .one(
            "SELECT EXISTS (SELECT 1 FROM readings WHERE source = $1 AND md5(url) = md5($2) AND at > $3)",
            &[&source.as_str(), &url, &(at - ONCE_IN)],
        )
        .await?;
    Ok(row.try_get(0)?)
}

/// The row of a document, which is written if it is not there.
async fn row_of(work: &Work, document: &One) -> Result<i64, StoreError> {
    let hash = document.hash.as_slice();
    let written = work
        .row(
            "INSERT INTO documents (hash, size, packed)
             SELECT $1, $2, $3 WHERE NOT EXISTS (SELECT 1 FROM documents WHERE hash = $1)
             ON CONFLICT (hash) DO NOTHING RETURNING n",
            &[
                &hash,
                &size(document.size),
                &size(document.body.len() as u64),
            ],
        )
        .await?;
    let Some(row) = written else {
        let row = work
            .one("SELECT n FROM documents WHERE hash = $1", &[&hash])
            .await?;
        return Ok(row.try_get(0)?);
    };
    let n: i64 = row.try_get(0)?;
    work.run(
        "INSERT INTO document_bodies (document, body) VALUES ($1, $2)",
        &[&n, &document.body],
    )
    .await?;
    Ok(n)
}

pub(super) async fn kept(work: &Work) -> Result<Kept, StoreError> {
    let row = work
        .one(
            "SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM readings),
                 (SELECT coalesce(sum(size), 0)::bigint FROM documents),
                 (SELECT coalesce(sum(packed), 0)::bigint FROM documents),
                 (SELECT min(at) FROM readings)",
            &[],
        )
        .await?;
    Ok(Kept {
        documents: rows::count(&row, 0)?,
        readings: rows::count(&row, 1)?,
        bytes: rows::count(&row, 2)?,
        packed: rows::count(&row, 3)?,
        oldest: rows::maybe_time_of(&row, 4)?,
    })
}

/// One step of forgetting. Under [`super::work::Lock::Documents`].
pub(super) async fn sweep(
    work: &Work,
    retention: &Retention,
    limit: u32,
) -> Result<Swept, StoreError> {
    let since = rows::micros(retention.since);
    let mut packed = kept(work).await?.packed;
    let oldest = work
        .rows(
            "SELECT n, document, at FROM readings ORDER BY at, n LIMIT $1",
            &[&i64::from(limit)],
        )
        .await?;
    let mut swept = Swept::default();
    for row in oldest {
        let (reading, document, at): (i64, i64, i64) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        if at >= since && packed <= retention.packed {
            return Ok(swept);
        }
        work.run("DELETE FROM readings WHERE n = $1", &[&reading])
            .await?;
        swept.readings += 1;
        if let Some(freed) = forget(work, document).await? {
            swept.documents += 1;
            packed = packed.saturating_sub(freed);
        }
    }
    swept.more = swept.readings == limit;
    Ok(swept)
}

/// Forgets a document that no reading gave any more, and says what it took.
async fn forget(work: &Work, document: i64) -> Result<Option<u64>, StoreError> {
    let gone = work
        .row(
            "DELETE FROM documents WHERE n = $1
             AND NOT EXISTS (SELECT 1 FROM readings WHERE document = $1) RETURNING packed",
            &[&document],
        )
        .await?;
    let Some(row) = gone else { return Ok(None) };
    work.run(
        "DELETE FROM document_bodies WHERE document = $1",
        &[&document],
    )
    .await?;
    Ok(Some(rows::count(&row, 0)?))
}

pub(super) async fn readings(
    work: &Work,
    wanted: &Wanted,
    after: Option<Place>,
    limit: u32,
) -> Result<Vec<Reading>, StoreError> {
    let (at, n) = after.map_or((i64::MIN, i64::MIN), |place| {
        (rows::micros(place.at), place.n)
    });
    work.rows(
        "SELECT r.n, r.at, r.source, r.url, r.content_type, d.size
         FROM readings r JOIN documents d ON d.n = r.document
         WHERE (r.at, r.n) > ($1, $2) AND ($3::text IS NULL OR r.source = $3) AND r.at >= $4 AND r.at <= $5
         ORDER BY r.at, r.n LIMIT $6",
        &[
            &at,
            &n,
            &wanted.source.as_ref().map(SourceId::as_str),
            &wanted.since.map_or(i64::MIN, rows::micros),
            &wanted.until.map_or(i64::MAX, rows::micros),
            &i64::from(limit.clamp(1, MOST_READINGS)),
        ],
    )
    .await?
    .iter()
    .map(|row| {
        Ok(Reading {
            place: Place {
                at: rows::time_of(row, 1)?,
                n: row.try_get(0)?,
            },
            source: rows::name_of(row, 2)?,
            url: row.try_get(3)?,
            content_type: row.try_get(4)?,
            size: rows::count(row, 5)?,
        })
    })
    .collect()
}

pub(super) async fn document(
    work: &Work,
    reading: &Reading,
) -> Result<Option<Document>, StoreError> {
    let found = work
        .row(
            "SELECT d.hash, d.size, b.body FROM readings r
             JOIN documents d ON d.n = r.document JOIN document_bodies b ON b.document = d.n
             WHERE r.n = $1",
            &[&reading.place.n],
        )
        .await?;
    let Some(row) = found else {
        return Ok(None);
    };
    let size = u64::try_from(row.try_get::<_, i64>(1)?).unwrap_or(u64::MAX);
    let bytes = unpack(row.try_get(2)?, size, row.try_get(0)?)?;
    Ok(Some(Document {
        url: reading.url.clone(),
        content_type: reading.content_type.clone(),
        bytes: bytes.into(),
    }))
}
