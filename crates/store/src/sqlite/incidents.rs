//! Incidents as rows: the body, the columns that order and filter, the keys.

use model::query::{Column, Facts, Key, Subject};
use model::{CveId, Incident, IncidentId, Vulnerability};
use rusqlite::{Connection, OptionalExtension};

use super::{rows, vulnerabilities};
use crate::StoreError;
use crate::codec::revision;

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
    rows::read(&body(connection, n)?)
}

/// What is stored of the incident in a row, as JSON.
pub(super) fn body(connection: &Connection, n: i64) -> Result<String, StoreError> {
    Ok(connection
        .prepare_cached("SELECT body FROM incident_bodies WHERE incident = ?1")?
        .query_one([n], |row| row.get(0))?)
}

/// Writes an incident that was not there, and gives its row.
pub(super) fn insert(connection: &Connection, incident: &Incident) -> Result<i64, StoreError> {
    let known = known(connection, incident)?;
    let facts = facts(incident, &known);
    connection
        .prepare_cached(
            "INSERT INTO incidents (id, revision, severity, score, status, exploited, last_seen,
                 kev, items, epss, cvss)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute((
            incident.id.as_bytes(),
            revision(incident),
            rows::severity_number(incident.band()),
            rows::tenths(incident.severity.score),
            incident.status.as_str(),
            incident.exploited,
            rows::micros(incident.last_seen),
            facts.number(Column::Kev),
            facts.number(Column::Items),
            facts.number(Column::Epss),
            facts.number(Column::Cvss),
        ))?;
    let n = connection.last_insert_rowid();
    connection
        .prepare_cached("INSERT INTO incident_bodies (incident, body) VALUES (?1, ?2)")?
        .execute((n, rows::json(incident)?))?;
    write_lookups(connection, n, &facts)?;
    Ok(n)
}

/// Writes a changed incident over the one in row `n`.
pub(super) fn update(
    connection: &Connection,
    n: i64,
    incident: &Incident,
) -> Result<(), StoreError> {
    let known = known(connection, incident)?;
    let facts = facts(incident, &known);
    // The numbers stand in the indexes of every order: one statement moves them once.
    connection
        .prepare_cached(
            "UPDATE incidents SET revision = ?2, severity = ?3, score = ?4, status = ?5, exploited = ?6,
                 last_seen = ?7, kev = ?8, items = ?9, epss = ?10, cvss = ?11
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
            facts.number(Column::Kev),
            facts.number(Column::Items),
            facts.number(Column::Epss),
            facts.number(Column::Cvss),
        ))?;
    connection
        .prepare_cached("UPDATE incident_bodies SET body = ?2 WHERE incident = ?1")?
        .execute((n, rows::json(incident)?))?;
    write_lookups(connection, n, &facts)
}

/// Takes away an incident on which nothing hangs any more.
pub(super) fn remove(connection: &Connection, n: i64) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM incident_keys WHERE incident = ?1",
        "DELETE FROM incident_affected WHERE incident = ?1",
        "DELETE FROM incident_bodies WHERE incident = ?1",
        "DELETE FROM incidents WHERE n = ?1",
    ] {
        connection.prepare_cached(sql)?.execute([n])?;
    }
    Ok(())
}

/// Writes what queries ask of the incidents that are about a CVE, after something
/// else was said of it.
pub(super) fn refresh(connection: &Connection, cve: &CveId) -> Result<(), StoreError> {
    let mut lookup = connection
        .prepare_cached("SELECT incident FROM incident_keys WHERE kind = ?1 AND value = ?2")?;
    let found: Vec<i64> = lookup
        .query_map((Key::Cve.number(), cve.as_str()), |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for n in found {
        write_facts(connection, n, &get(connection, n)?)?;
    }
    Ok(())
}

/// What is known of an incident's CVEs.
pub(super) fn known(
    connection: &Connection,
    incident: &Incident,
) -> Result<Vec<Vulnerability>, StoreError> {
    let known = incident.cves.iter();
    known
        .filter_map(|cve| vulnerabilities::get(connection, cve).transpose())
        .collect()
}

/// What queries ask of an incident.
pub(super) fn facts<'a>(incident: &'a Incident, known: &'a [Vulnerability]) -> Facts<'a> {
    Facts::of(Subject {
        incident,
        vulnerabilities: known,
        texts: &[],
    })
}

/// Writes what queries ask of an incident: its keys, its numbers, its products.
pub(super) fn write_facts(
    connection: &Connection,
    n: i64,
    incident: &Incident,
) -> Result<(), StoreError> {
    let known = known(connection, incident)?;
    let facts = facts(incident, &known);
    connection
        .prepare_cached(
            "UPDATE incidents SET kev = ?2, items = ?3, epss = ?4, cvss = ?5 WHERE n = ?1",
        )?
        .execute((
            n,
            facts.number(Column::Kev),
            facts.number(Column::Items),
            facts.number(Column::Epss),
            facts.number(Column::Cvss),
        ))?;
    write_lookups(connection, n, &facts)
}

/// Writes the keys of an incident and its products.
fn write_lookups(connection: &Connection, n: i64, facts: &Facts<'_>) -> Result<(), StoreError> {
    if facts.affected().is_empty() {
        connection
            .prepare_cached("DELETE FROM incident_affected WHERE incident = ?1")?
            .execute([n])?;
    } else {
        connection
            .prepare_cached(
                "INSERT INTO incident_affected (incident, body) VALUES (?1, ?2)
                 ON CONFLICT (incident) DO UPDATE SET body = excluded.body",
            )?
            .execute((n, rows::json(&facts.affected())?))?;
    }
    write_keys(connection, n, facts.keys())
}

/// Most updates change no key, so only differences are written.
fn write_keys(connection: &Connection, n: i64, keys: &[(Key, String)]) -> Result<(), StoreError> {
    let mut wanted: Vec<(i64, &str)> = keys
        .iter()
        .map(|(key, value)| (key.number(), value.as_str()))
        .collect();
    wanted.sort_unstable();
    let mut lookup =
        connection.prepare_cached("SELECT kind, value FROM incident_keys WHERE incident = ?1")?;
    let stored: Vec<(i64, String)> = lookup
        .query_map([n], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let mut stored: Vec<(i64, &str)> = stored
        .iter()
        .map(|(kind, value)| (*kind, value.as_str()))
        .collect();
    stored.sort_unstable();
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
    for (kind, value) in wanted
        .iter()
        .filter(|key| stored.binary_search(key).is_err())
    {
        connection
            .prepare_cached(
                "INSERT INTO incident_keys (kind, value, incident) VALUES (?1, ?2, ?3)",
            )?
            .execute((kind, value, n))?;
    }
    Ok(())
}
