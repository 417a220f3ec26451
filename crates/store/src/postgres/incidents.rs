//! Incidents as rows: the body, the columns that order and filter, the keys.

use model::{Incident, IncidentId};

use super::rows;
use super::work::Work;
use crate::StoreError;
use crate::keys::{keys, revision};

/// The row of an incident.
pub(super) async fn row(work: &Work, id: IncidentId) -> Result<Option<i64>, StoreError> {
    work.row("SELECT n FROM incidents WHERE id = $1", &[&id.0])
        .await?
        .map(|row| Ok(row.try_get(0)?))
        .transpose()
}

/// The row of an incident that is about to be changed: until the commit nobody else
/// changes it.
pub(super) async fn row_to_change(work: &Work, id: IncidentId) -> Result<Option<i64>, StoreError> {
    work.row("SELECT n FROM incidents WHERE id = $1 FOR UPDATE", &[&id.0])
        .await?
        .map(|row| Ok(row.try_get(0)?))
        .transpose()
}

/// The incident in a row.
pub(super) async fn get(work: &Work, n: i64) -> Result<Incident, StoreError> {
    let row = work
        .one(
            "SELECT body FROM incident_bodies WHERE incident = $1",
            &[&n],
        )
        .await?;
    rows::body(&row, 0)
}

/// The incidents in these rows, in this order.
pub(super) async fn list(work: &Work, wanted: &[i64]) -> Result<Vec<Incident>, StoreError> {
    work.rows(
        "SELECT b.body FROM unnest($1::bigint[]) WITH ORDINALITY AS w (n, nth)
         JOIN incident_bodies b ON b.incident = w.n ORDER BY w.nth",
        &[&wanted],
    )
    .await?
    .iter()
    .map(|row| rows::body(row, 0))
    .collect()
}

/// Writes an incident that was not there, and gives its row.
pub(super) async fn insert(work: &Work, incident: &Incident) -> Result<i64, StoreError> {
    let row = work
        .one(
            "INSERT INTO incidents (id, revision, severity, score, status, exploited, last_seen)
             VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING n",
            &[
                &incident.id.0,
                &revision(incident),
                &rows::severity_number(incident.band()),
                &rows::tenths(incident.severity.score),
                &incident.status.as_str(),
                &incident.exploited,
                &rows::micros(incident.last_seen),
            ],
        )
        .await?;
    let n: i64 = row.try_get(0)?;
    work.run(
        "INSERT INTO incident_bodies (incident, body) VALUES ($1, $2)",
        &[&n, &rows::json(incident)?],
    )
    .await?;
    write_keys(work, n, incident).await?;
    Ok(n)
}

/// Writes a changed incident over the one in row `n`.
pub(super) async fn update(work: &Work, n: i64, incident: &Incident) -> Result<(), StoreError> {
    work.run(
        "UPDATE incidents SET revision = $2, severity = $3, score = $4, status = $5, exploited = $6,
             last_seen = $7
         WHERE n = $1",
        &[
            &n,
            &revision(incident),
            &rows::severity_number(incident.band()),
            &rows::tenths(incident.severity.score),
            &incident.status.as_str(),
            &incident.exploited,
            &rows::micros(incident.last_seen),
        ],
    )
    .await?;
    work.run(
        "UPDATE incident_bodies SET body = $2 WHERE incident = $1",
        &[&n, &rows::json(incident)?],
    )
    .await?;
    write_keys(work, n, incident).await
}

/// Most updates change no key, so only differences are written.
async fn write_keys(work: &Work, n: i64, incident: &Incident) -> Result<(), StoreError> {
    let (kinds, values): (Vec<i64>, Vec<String>) = keys(incident)
        .into_iter()
        .map(|(kind, value)| (kind, rows::text(&value).into_owned()))
        .unzip();
    work.run(
        "DELETE FROM incident_keys WHERE incident = $1 AND (kind, value) NOT IN (
             SELECT kind, value FROM unnest($2::bigint[], $3::text[]) AS wanted (kind, value))",
        &[&n, &kinds, &values],
    )
    .await?;
    work.run(
        "INSERT INTO incident_keys (kind, value, incident)
         SELECT kind, value, $1 FROM unnest($2::bigint[], $3::text[]) AS wanted (kind, value)
         ON CONFLICT DO NOTHING",
        &[&n, &kinds, &values],
    )
    .await?;
    Ok(())
}
