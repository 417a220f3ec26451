//! The OWASP Top 10: its categories, and the CVEs whose weaknesses they hold.

use model::{CveId, OwaspCategory, Vulnerability};
use rusqlite::Connection;

use super::rows;
use crate::{OwaspStanding, StoreError};

/// How many CVEs are named with a category, worst first.
const NAMED: u32 = 5;

/// Keeps a category, in place of what its page said before. True if it says
/// something else.
pub(super) fn keep(connection: &Connection, category: &OwaspCategory) -> Result<bool, StoreError> {
    let changed = connection
        .prepare_cached(
            "INSERT INTO owasp_categories (edition, rank, body) VALUES (?1, ?2, ?3)
             ON CONFLICT (edition, rank) DO UPDATE SET body = excluded.body WHERE body <> excluded.body",
        )?
        .execute((category.edition, category.rank, rows::json(category)?))?;
    Ok(changed > 0)
}

/// Notes which weaknesses a vulnerability has. One that no source names any more
/// is forgotten.
pub(super) fn note_weaknesses(
    connection: &Connection,
    vulnerability: i64,
    fused: &Vulnerability,
) -> Result<(), StoreError> {
    let named: Vec<u32> = fused.weaknesses.iter().map(|weakness| weakness.0).collect();
    connection
        .prepare_cached(
            "DELETE FROM vulnerability_weaknesses
             WHERE vulnerability = ?1 AND cwe NOT IN (SELECT value FROM json_each(?2))",
        )?
        .execute((vulnerability, rows::json(&named)?))?;
    let mut insert = connection.prepare_cached(
        "INSERT OR IGNORE INTO vulnerability_weaknesses (cwe, vulnerability) VALUES (?1, ?2)",
    )?;
    for weakness in &named {
        insert.execute((weakness, vulnerability))?;
    }
    Ok(())
}

/// Every category of every edition, newest edition first, with its CVEs.
pub(super) fn standings(connection: &Connection) -> Result<Vec<OwaspStanding>, StoreError> {
    categories(connection)?
        .into_iter()
        .map(|category| standing(connection, category))
        .collect()
}

/// Every category of every edition, newest edition first.
pub(super) fn categories(connection: &Connection) -> Result<Vec<OwaspCategory>, StoreError> {
    let mut query = connection
        .prepare_cached("SELECT body FROM owasp_categories ORDER BY edition DESC, rank")?;
    let bodies = query
        .query_map([], |row| row.get::<_, String>(0))?
        .collect::<Result<Vec<_>, _>>()?;
    bodies.iter().map(|body| rows::read(body)).collect()
}

fn standing(connection: &Connection, category: OwaspCategory) -> Result<OwaspStanding, StoreError> {
    let weaknesses: Vec<u32> = category.cwes.iter().map(|weakness| weakness.0).collect();
    let weaknesses = rows::json(&weaknesses)?;
    let (vulnerabilities, exploited): (u32, u32) = connection
        .prepare_cached(
            "SELECT count(*), coalesce(sum(exploited), 0) FROM vulnerabilities WHERE n IN (
                 SELECT vulnerability FROM vulnerability_weaknesses WHERE cwe IN (SELECT value FROM json_each(?1)))",
        )?
        .query_row([&weaknesses], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut query = connection.prepare_cached(
        "SELECT cve FROM vulnerabilities WHERE n IN (
             SELECT vulnerability FROM vulnerability_weaknesses WHERE cwe IN (SELECT value FROM json_each(?1)))
         ORDER BY exploited DESC, score DESC, modified DESC LIMIT ?2",
    )?;
    let worst = query
        .query_map((&weaknesses, NAMED), |row| row.get::<_, String>(0))?
        .filter_map(|cve| cve.ok().and_then(|cve| CveId::new(&cve).ok()))
        .collect();
    Ok(OwaspStanding {
        category,
        vulnerabilities: vulnerabilities.into(),
        exploited: exploited.into(),
        worst,
    })
}
