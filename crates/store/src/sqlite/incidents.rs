//! Incidents as rows: the body, the columns that order and filter, the keys.

use model::{Incident, IncidentId};
use rusqlite::{Connection, OptionalExtension};

use super::rows::{self, Key};
use crate::{StoreError, tokens};

/// The row of an incident.
pub(super) fn row(connection: &Connection, id: IncidentId) -> Result<Option<i64>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT n FROM incidents WHERE id = ?1")?
        .query_row([id.as_bytes()], |row| row.get(0))
        .optional()?)
}

/// The row of an incident, or of the one it was merged into.
pub(super) fn resolve(connection: &Connection, id: IncidentId) -> Result<Option<i64>, StoreError> {
    if let Some(n) = row(connection, id)? {
        return Ok(Some(n));
    }
    Ok(connection
        .prepare_cached("SELECT incident FROM merged_incidents WHERE id = ?1")?
        .query_row([id.as_bytes()], |row| row.get(0))
        .optional()?)
}

/// The incident in a row.
pub(super) fn get(connection: &Connection, n: i64) -> Result<Incident, StoreError> {
    let body: String = connection
        .prepare_cached("SELECT body FROM incident_bodies WHERE incident = ?1")?
        .query_one([n], |row| row.get(0))?;
    rows::read(&body)
}

/// Writes an incident that was not there, and gives its row.
pub(super) fn insert(connection: &Connection, incident: &Incident) -> Result<i64, StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO incidents (id, revision, severity, score, status, exploited, last_seen)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute((
            incident.id.as_bytes(),
            revision(incident),
            rows::severity_number(incident.band()),
            rows::tenths(incident.severity.score),
            incident.status.as_str(),
            incident.exploited,
            rows::micros(incident.last_seen),
        ))?;
    let n = connection.last_insert_rowid();
    connection
        .prepare_cached("INSERT INTO incident_bodies (incident, body) VALUES (?1, ?2)")?
        .execute((n, rows::json(incident)?))?;
    write_keys(connection, n, incident)?;
    Ok(n)
}

/// Writes a changed incident over the one in row `n`.
pub(super) fn update(
    connection: &Connection,
    n: i64,
    incident: &Incident,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE incidents SET revision = ?2, severity = ?3, score = ?4, status = ?5, exploited = ?6,
                 last_seen = ?7
             WHERE n = ?1",
        )?
        .execute((
            n,
            revision(incident),
            rows::severity_number(incident.band()),
            rows::tenths(incident.severity.score),
            incident.status.as_str(),
            incident.exploited,
            rows::micros(incident.last_seen),
        ))?;
    connection
        .prepare_cached("UPDATE incident_bodies SET body = ?2 WHERE incident = ?1")?
        .execute((n, rows::json(incident)?))?;
    write_keys(connection, n, incident)
}

/// By what filters and candidates find the incident.
/// Takes away an incident on which nothing hangs any more.
pub(super) fn remove(connection: &Connection, n: i64) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM incident_keys WHERE incident = ?1",
        "DELETE FROM incident_bodies WHERE incident = ?1",
        "DELETE FROM incidents WHERE n = ?1",
    ] {
        connection.prepare_cached(sql)?.execute([n])?;
    }
    Ok(())
}

fn keys(incident: &Incident) -> Vec<(i64, String)> {
    let mut keys: Vec<(i64, String)> = Vec::new();
    let mut add = |kind: Key, value: String| keys.push((kind.number(), value));
    incident
        .type_labels()
        .for_each(|label| add(Key::Type, label.as_str().to_owned()));
    incident
        .region
        .countries
        .iter()
        .for_each(|country| add(Key::Country, country.as_str().to_owned()));
    incident
        .cves
        .iter()
        .for_each(|cve| add(Key::Cve, cve.as_str().to_owned()));
    incident
        .keywords
        .iter()
        .for_each(|keyword| add(Key::Keyword, tokens::folded(keyword)));
    incident
        .sources
        .iter()
        .for_each(|source| add(Key::Source, source.as_str().to_owned()));
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Most updates change no key, so only differences are written.
fn write_keys(connection: &Connection, n: i64, incident: &Incident) -> Result<(), StoreError> {
    let wanted = keys(incident);
    let mut lookup =
        connection.prepare_cached("SELECT kind, value FROM incident_keys WHERE incident = ?1")?;
    let stored: Vec<(i64, String)> = lookup
        .query_map([n], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (kind, value) in stored
        .iter()
        .filter(|key| wanted.binary_search(key).is_err())
    {
        connection
            .prepare_cached(
                "DELETE FROM incident_keys WHERE kind = ?1 AND value = ?2 AND incident = ?3",
            )?
            .execute((kind, value, n))?;
    }
    for (kind, value) in wanted.iter().filter(|key| !stored.contains(key)) {
        connection
            .prepare_cached(
                "INSERT INTO incident_keys (kind, value, incident) VALUES (?1, ?2, ?3)",
            )?
            .execute((kind, value, n))?;
    }
    Ok(())
}

fn revision(incident: &Incident) -> i64 {
    i64::try_from(incident.revision).unwrap_or(i64::MAX)
}
