//! A CVE with its history, and lists of CVEs.
//!
//! The history holds what [`model::vulnerability::changes`] calls a change. It is
//! bounded for each CVE, so that a source that wavers cannot fill the database.

use std::collections::BTreeSet;

use model::query::Key;
use model::vulnerability::Change;
use model::{CveId, CweId, SourceId, Timestamp, Vulnerability};
use tokio_postgres::types::ToSql;

use super::rows;
use super::work::{Parameter, Work};
use super::{owasp, vulnerabilities};
use crate::paging::{
    LONGEST_PAGE, MOST_CHANGES, MOST_INCIDENTS, vulnerability_cursor, vulnerability_place,
};
use crate::{
    StoreError, VulnerabilityChange, VulnerabilityDetail, VulnerabilityFilter, VulnerabilityPage,
};

/// Writes what the word of `source` changed.
pub(super) async fn write(
    work: &Work,
    vulnerability: i64,
    at: Timestamp,
    source: &SourceId,
    changes: &[Change],
) -> Result<(), StoreError> {
    if changes.is_empty() {
        return Ok(());
    }
    // They come weightiest first, and the latest row is shown first.
    for change in changes.iter().rev() {
        work.run(
            "INSERT INTO vulnerability_changes (vulnerability, at, source, body) VALUES ($1, $2, $3, $4)",
            &[&vulnerability, &rows::micros(at), &source.as_str(), &rows::json(change)?],
        )
        .await?;
    }
    work.run(
        "DELETE FROM vulnerability_changes WHERE vulnerability = $1 AND n <= (
             SELECT n FROM vulnerability_changes WHERE vulnerability = $1
             ORDER BY n DESC LIMIT 1 OFFSET $2)",
        &[&vulnerability, &i64::from(MOST_CHANGES)],
    )
    .await?;
    Ok(())
}

/// All that is known of a CVE.
pub(super) async fn detail(
    work: &Work,
    cve: &CveId,
) -> Result<Option<VulnerabilityDetail>, StoreError> {
    let found = work
        .row(
            "SELECT n FROM vulnerabilities WHERE cve = $1",
            &[&cve.as_str()],
        )
        .await?;
    let Some(row) = found else { return Ok(None) };
    let n: i64 = row.try_get(0)?;
    let statements = vulnerabilities::statements(work, n).await?;
    let Some(vulnerability) = Vulnerability::fuse(&statements) else {
        return Ok(None);
    };
    let mut categories = owasp::categories(work).await?;
    let named: BTreeSet<CweId> = vulnerability.weaknesses.iter().copied().collect();
    categories.retain(|category| category.cwes.iter().any(|cwe| named.contains(cwe)));
    Ok(Some(VulnerabilityDetail {
        vulnerability,
        statements,
        owasp: categories,
        incidents: incidents(work, cve).await?,
        changes: changes(work, n).await?,
    }))
}

async fn changes(work: &Work, vulnerability: i64) -> Result<Vec<VulnerabilityChange>, StoreError> {
    work.rows(
        "SELECT at, source, body FROM vulnerability_changes WHERE vulnerability = $1 ORDER BY n DESC",
        &[&vulnerability],
    )
    .await?
    .iter()
    .map(|row| {
        Ok(VulnerabilityChange {
            at: rows::time_of(row, 0)?,
            source: rows::name_of(row, 1)?,
            change: rows::body(row, 2)?,
        })
    })
    .collect()
}

async fn incidents(work: &Work, cve: &CveId) -> Result<Vec<model::Incident>, StoreError> {
    work.rows(
        "SELECT b.body FROM incident_keys k
         JOIN incidents i ON i.n = k.incident JOIN incident_bodies b ON b.incident = i.n
         WHERE k.kind = $1 AND k.value = $2 ORDER BY i.last_seen DESC, i.id DESC LIMIT $3",
        &[
            &Key::Cve.number(),
            &cve.as_str(),
            &i64::from(MOST_INCIDENTS),
        ],
    )
    .await?
    .iter()
    .map(|row| rows::body(row, 0))
    .collect()
}

/// One page of vulnerabilities. The query is put together from the parts that are
/// asked for, so that each part finds its index.
pub(super) async fn page(
    work: &Work,
    filter: &VulnerabilityFilter,
    after: Option<&str>,
    limit: u32,
) -> Result<VulnerabilityPage, StoreError> {
    let limit = limit.clamp(1, LONGEST_PAGE);
    let mut conditions: Vec<String> = Vec::new();
    let mut values: Vec<Box<dyn ToSql + Sync + Send>> = Vec::new();
    let mut add = |value: Box<dyn ToSql + Sync + Send>| {
        values.push(value);
        format!("${}", values.len())
    };
    if let Some(begin) = &filter.cve {
        let (from, to) = (rows::text(begin), format!("{begin}\u{10FFFF}"));
        let (from, to) = (
            add(Box::new(from.into_owned())),
            add(Box::new(rows::text(&to).into_owned())),
        );
        conditions.push(format!("cve >= {from} AND cve < {to}"));
    }
    if let Some(severity) = filter.min_severity {
        let given = add(Box::new(rows::severity_number(severity)));
        conditions.push(format!("severity >= {given}"));
    }
    match filter.exploited {
        Some(true) => conditions.push("exploited".to_owned()),
        Some(false) => conditions.push("NOT exploited".to_owned()),
        None => {}
    }
    if let Some(weakness) = filter.weakness {
        let given = add(Box::new(i64::from(weakness.0)));
        conditions.push(format!(
            "n IN (SELECT vulnerability FROM vulnerability_weaknesses WHERE cwe = {given})"
        ));
    }
    if let Some(since) = filter.changed_since {
        let given = add(Box::new(rows::micros(since)));
        conditions.push(format!(
            "n IN (SELECT vulnerability FROM vulnerability_changes WHERE at >= {given})"
        ));
    }
    if let Some(since) = filter.modified_since {
        let given = add(Box::new(rows::micros(since)));
        conditions.push(format!("coalesce(modified, 0) >= {given}"));
    }
    if let Some(after) = after {
        let (modified, n) = vulnerability_place(after)?;
        let (modified, n) = (add(Box::new(modified)), add(Box::new(n)));
        conditions.push(format!("(coalesce(modified, 0), n) < ({modified}, {n})"));
    }
    let limited = add(Box::new(i64::from(limit + 1)));
    let filtered = if conditions.is_empty() {
        String::new()
    } else {
        format!(" WHERE {}", conditions.join(" AND "))
    };
    let sql = format!(
        "SELECT n, coalesce(modified, 0) FROM vulnerabilities{filtered}
         ORDER BY coalesce(modified, 0) DESC, n DESC LIMIT {limited}"
    );
    let values: Vec<Parameter<'_>> = values
        .iter()
        .map(|value| &**value as Parameter<'_>)
        .collect();
    let mut found = work
        .rows(&sql, &values)
        .await?
        .iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect::<Result<Vec<(i64, i64)>, StoreError>>()?;
    let is_more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let last = found.last().filter(|_| is_more);
    let next = last.map(|(n, modified)| vulnerability_cursor(*modified, *n));
    let wanted: Vec<i64> = found.iter().map(|(n, _)| *n).collect();
    Ok(VulnerabilityPage {
        vulnerabilities: vulnerabilities::list_rows(work, &wanted).await?,
        next,
    })
}
