//! A CVE with its history, and lists of CVEs.
//!
//! The history holds what [`model::vulnerability::changes`] calls a change. It is
//! bounded for each CVE, so that a source that wavers cannot fill the file.

use std::collections::BTreeSet;

use model::query::Key;
use model::vulnerability::Change;
use model::{CveId, CweId, SourceId, Statement, Timestamp, Vulnerability};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params_from_iter};

use super::rows;
use super::{owasp, vulnerabilities};
use crate::paging::{
    LONGEST_PAGE, MOST_CHANGES, MOST_INCIDENTS, vulnerability_cursor, vulnerability_place,
};
use crate::{
    StoreError, VulnerabilityChange, VulnerabilityDetail, VulnerabilityFilter, VulnerabilityPage,
};

/// Writes what the word of `source` changed.
pub(super) fn write(
    connection: &Connection,
    vulnerability: i64,
    at: Timestamp,
    source: &SourceId,
    changes: &[Change],
) -> Result<(), StoreError> {
    if changes.is_empty() {
        return Ok(());
    }
    let mut insert = connection.prepare_cached(
        "INSERT INTO vulnerability_changes (vulnerability, at, source, body) VALUES (?1, ?2, ?3, ?4)",
    )?;
    // They come weightiest first, and the latest row is shown first.
    for change in changes.iter().rev() {
        let body = rows::json(change)?;
        insert.execute((vulnerability, rows::micros(at), source.as_str(), body))?;
    }
    connection
        .prepare_cached(
            "DELETE FROM vulnerability_changes WHERE vulnerability = ?1 AND n <= (
                 SELECT n FROM vulnerability_changes WHERE vulnerability = ?1
                 ORDER BY n DESC LIMIT 1 OFFSET ?2)",
        )?
        .execute((vulnerability, MOST_CHANGES))?;
    Ok(())
}

/// All that is known of a CVE.
pub(super) fn detail(
    connection: &Connection,
    cve: &CveId,
) -> Result<Option<VulnerabilityDetail>, StoreError> {
    let n: Option<i64> = connection
        .prepare_cached("SELECT n FROM vulnerabilities WHERE cve = ?1")?
        .query_row([cve.as_str()], |row| row.get(0))
        .optional()?;
    let Some(n) = n else { return Ok(None) };
    let statements = vulnerabilities::statements(connection, n)?;
    let Some(vulnerability) = Vulnerability::fuse(&statements) else {
        return Ok(None);
    };
    let mut categories = owasp::categories(connection)?;
    let named: BTreeSet<CweId> = vulnerability.weaknesses.iter().copied().collect();
    categories.retain(|category| category.cwes.iter().any(|cwe| named.contains(cwe)));
    Ok(Some(VulnerabilityDetail {
        vulnerability,
        statements,
        owasp: categories,
        incidents: incidents(connection, cve)?,
        changes: changes(connection, n)?,
    }))
}

fn changes(
    connection: &Connection,
    vulnerability: i64,
) -> Result<Vec<VulnerabilityChange>, StoreError> {
    let mut lookup = connection.prepare_cached(
        "SELECT at, source, body FROM vulnerability_changes WHERE vulnerability = ?1 ORDER BY n DESC",
    )?;
    let mut found = lookup.query([vulnerability])?;
    let mut changes = Vec::new();
    while let Some(row) = found.next()? {
        changes.push(VulnerabilityChange {
            at: rows::time(row.get(0)?)?,
            source: rows::name(&row.get::<_, String>(1)?)?,
            change: rows::read(&row.get::<_, String>(2)?)?,
        });
    }
    Ok(changes)
}

fn incidents(connection: &Connection, cve: &CveId) -> Result<Vec<model::Incident>, StoreError> {
    let mut lookup = connection.prepare_cached(
        "SELECT b.body FROM incident_keys k
         JOIN incidents i ON i.n = k.incident JOIN incident_bodies b ON b.incident = i.n
         WHERE k.kind = ?1 AND k.value = ?2 ORDER BY i.last_seen DESC, i.id DESC LIMIT ?3",
    )?;
    let mut found = lookup.query((Key::Cve.number(), cve.as_str(), MOST_INCIDENTS))?;
    let mut incidents = Vec::new();
    while let Some(row) = found.next()? {
        incidents.push(rows::read(&row.get::<_, String>(0)?)?);
    }
    Ok(incidents)
}

/// One page of vulnerabilities. The query is put together from the parts that are
/// asked for, so that each part finds its index.
pub(super) fn page(
    connection: &Connection,
    filter: &VulnerabilityFilter,
    after: Option<&str>,
    limit: u32,
) -> Result<VulnerabilityPage, StoreError> {
    let limit = limit.clamp(1, LONGEST_PAGE);
    let mut conditions: Vec<&str> = Vec::new();
    let mut values: Vec<Value> = Vec::new();
    if let Some(begin) = &filter.cve {
        conditions.push("cve >= ? AND cve < ?");
        values.push(begin.clone().into());
        values.push(format!("{begin}\u{10FFFF}").into());
    }
    if let Some(severity) = filter.min_severity {
        conditions.push("severity >= ?");
        values.push(rows::severity_number(severity).into());
    }
    match filter.exploited {
        Some(true) => conditions.push("exploited = 1"),
        Some(false) => conditions.push("exploited = 0"),
        None => {}
    }
    if let Some(weakness) = filter.weakness {
        conditions.push("n IN (SELECT vulnerability FROM vulnerability_weaknesses WHERE cwe = ?)");
        values.push(i64::from(weakness.0).into());
    }
    if let Some(since) = filter.changed_since {
        conditions.push("n IN (SELECT vulnerability FROM vulnerability_changes WHERE at >= ?)");
        values.push(rows::micros(since).into());
    }
    if let Some(since) = filter.modified_since {
        conditions.push("coalesce(modified, 0) >= ?");
        values.push(rows::micros(since).into());
    }
    if let Some(after) = after {
        let (modified, n) = vulnerability_place(after)?;
        conditions.push("(coalesce(modified, 0), n) < (?, ?)");
        values.push(modified.into());
        values.push(n.into());
    }
    let filtered = if conditions.is_empty() {
        String::new()
    } else {
        format!(" WHERE {}", conditions.join(" AND "))
    };
    values.push(i64::from(limit + 1).into());
    let mut lookup = connection.prepare_cached(&format!(
        "SELECT n, coalesce(modified, 0) FROM vulnerabilities{filtered}
         ORDER BY coalesce(modified, 0) DESC, n DESC LIMIT ?"
    ))?;
    let mut found = lookup
        .query_map(params_from_iter(values), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<Result<Vec<(i64, i64)>, _>>()?;
    let is_more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let last = found.last().filter(|_| is_more);
    let next = last.map(|(n, modified)| vulnerability_cursor(*modified, *n));
    let mut vulnerabilities = Vec::with_capacity(found.len());
    for (n, _) in &found {
        let said: Vec<Statement> = vulnerabilities::statements(connection, *n)?;
        vulnerabilities.extend(Vulnerability::fuse(&said));
    }
    Ok(VulnerabilityPage {
        vulnerabilities,
        next,
    })
}
