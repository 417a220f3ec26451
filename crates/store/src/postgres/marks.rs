//! What people said of documents and stories: this one tells it, this one does not.

use std::collections::HashMap;

use model::IncidentId;

use super::rows;
use super::work::Work;
use crate::candidate::Said;
use crate::{Change, StoreError};

/// Remembers for the documents of these items whether they belong to an incident.
pub(super) async fn write(
    work: &Work,
    items: &[i64],
    incident: i64,
    belongs: bool,
    change: &Change,
) -> Result<(), StoreError> {
    // Of two versions of one document one row is enough.
    work.run(
        "INSERT INTO placement_marks (source, external_id, incident, belongs, at, by)
         SELECT DISTINCT source, external_id, $2::bigint, $3::boolean, $4::bigint, $5::text
         FROM items WHERE n = ANY ($1)
         ON CONFLICT (source, md5(external_id), incident) DO UPDATE SET
             belongs = excluded.belongs, at = excluded.at, by = excluded.by",
        &[
            &items,
            &incident,
            &belongs,
            &rows::micros(change.at),
            &rows::text(&change.by),
        ],
    )
    .await?;
    Ok(())
}

/// Lets what was said of the incident `gone` be said of `into`, which has its items
/// now. What was said of `into` counts first.
pub(super) async fn merge(work: &Work, gone: i64, into: i64) -> Result<(), StoreError> {
    work.run(
        "INSERT INTO placement_marks (source, external_id, incident, belongs, at, by)
         SELECT source, external_id, $2::bigint, belongs, at, by FROM placement_marks WHERE incident = $1
         ON CONFLICT DO NOTHING",
        &[&gone, &into],
    )
    .await?;
    work.run("DELETE FROM placement_marks WHERE incident = $1", &[&gone])
        .await?;
    // Nobody who puts two stories together means that a part of them is none.
    work.run(
        "DELETE FROM placement_marks m WHERE m.incident = $1 AND NOT m.belongs AND EXISTS (
             SELECT 1 FROM items i WHERE i.incident = $1 AND i.source = m.source
                 AND i.external_id = m.external_id)",
        &[&into],
    )
    .await?;
    Ok(())
}

/// What was said of a document, and of those it repeats by address or text: what
/// was taken out of a story does not come back as a reprint.
pub(super) async fn of(
    work: &Work,
    source: &str,
    external_id: &str,
    address: Option<&str>,
    text: &[u8; 16],
) -> Result<Said, StoreError> {
    let mut said = Said::default();
    if work
        .row("SELECT 1 FROM placement_marks LIMIT 1", &[])
        .await?
        .is_none()
    {
        return Ok(said);
    }
    let own = work
        .rows(
            "SELECT incident, belongs FROM placement_marks
             WHERE source = $1 AND md5(external_id) = md5($2)",
            &[&source, &rows::text(external_id)],
        )
        .await?;
    for row in own {
        let set = if row.try_get(1)? {
            &mut said.belongs
        } else {
            &mut said.not
        };
        set.insert(row.try_get(0)?);
    }
    let mut repeated = Vec::new();
    if let Some(address) = address {
        repeated.extend(
            work.rows(
                "SELECT DISTINCT m.incident FROM items i
                 JOIN placement_marks m ON m.source = i.source AND md5(m.external_id) = md5(i.external_id)
                 WHERE md5(i.canonical_url) = md5($1) AND i.canonical_url IS NOT NULL
                     AND i.incident IS NOT NULL AND NOT m.belongs",
                &[&rows::text(address)],
            )
            .await?,
        );
    }
    if *text != [0; 16] {
        repeated.extend(
            work.rows(
                "SELECT DISTINCT m.incident FROM items i
                 JOIN placement_marks m ON m.source = i.source AND md5(m.external_id) = md5(i.external_id)
                 WHERE i.content_hash = $1 AND i.incident IS NOT NULL AND NOT m.belongs",
                &[&text.as_slice()],
            )
            .await?,
        );
    }
    for row in repeated {
        said.not.insert(row.try_get(0)?);
    }
    // What was said of the document itself counts first.
    said.not.retain(|incident| !said.belongs.contains(incident));
    Ok(said)
}

/// The incidents that have items which people took out of one of these.
pub(super) async fn apart(
    work: &Work,
    incidents: &[i64],
) -> Result<HashMap<i64, Vec<IncidentId>>, StoreError> {
    let found = work
        .rows(
            "SELECT DISTINCT m.incident, o.n, o.id FROM placement_marks m
             JOIN items i ON i.source = m.source AND md5(i.external_id) = md5(m.external_id)
             JOIN incidents o ON o.n = i.incident
             WHERE m.incident = ANY ($1) AND NOT m.belongs AND i.incident <> m.incident
             ORDER BY m.incident, o.n",
            &[&incidents],
        )
        .await?;
    let mut apart: HashMap<i64, Vec<IncidentId>> = HashMap::new();
    for row in found {
        apart
            .entry(row.try_get(0)?)
            .or_default()
            .push(IncidentId(row.try_get(2)?));
    }
    Ok(apart)
}
