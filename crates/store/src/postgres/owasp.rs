//! The OWASP Top 10: its categories, and the CVEs whose weaknesses they hold.

use model::{CveId, OwaspCategory, Vulnerability};

use super::work::Work;
use super::{rows, vulnerabilities};
use crate::{OwaspStanding, StoreError};

/// How many CVEs are named with a category, worst first.
const NAMED: i64 = 5;

/// Keeps a category, in place of what its page said before.
pub(super) async fn keep(work: &Work, category: &OwaspCategory) -> Result<(), StoreError> {
    work.run(
        "INSERT INTO owasp_categories (edition, rank, body) VALUES ($1, $2, $3)
         ON CONFLICT (edition, rank) DO UPDATE SET body = excluded.body
         WHERE owasp_categories.body <> excluded.body",
        &[
            &i64::from(category.edition),
            &i64::from(category.rank),
            &rows::json(category)?,
        ],
    )
    .await?;
    Ok(())
}

/// Notes which weaknesses a vulnerability has. One that no source names any more
/// is forgotten.
pub(super) async fn note_weaknesses(
    work: &Work,
    vulnerability: i64,
    fused: &Vulnerability,
) -> Result<(), StoreError> {
    let named = vulnerabilities::weaknesses(fused);
    work.run(
        "DELETE FROM vulnerability_weaknesses WHERE vulnerability = $1 AND cwe <> ALL ($2)",
        &[&vulnerability, &named],
    )
    .await?;
    work.run(
        "INSERT INTO vulnerability_weaknesses (cwe, vulnerability)
         SELECT cwe, $1 FROM unnest($2::bigint[]) AS cwe ON CONFLICT DO NOTHING",
        &[&vulnerability, &named],
    )
    .await?;
    Ok(())
}

/// Every category of every edition, newest edition first, with its CVEs.
pub(super) async fn standings(work: &Work) -> Result<Vec<OwaspStanding>, StoreError> {
    let mut standings = Vec::new();
    for category in categories(work).await? {
        standings.push(standing(work, category).await?);
    }
    Ok(standings)
}

/// Every category of every edition, newest edition first.
pub(super) async fn categories(work: &Work) -> Result<Vec<OwaspCategory>, StoreError> {
    work.rows(
        "SELECT body FROM owasp_categories ORDER BY edition DESC, rank",
        &[],
    )
    .await?
    .iter()
    .map(|row| rows::body(row, 0))
    .collect()
}

async fn standing(work: &Work, category: OwaspCategory) -> Result<OwaspStanding, StoreError> {
    let weaknesses: Vec<i64> = category.cwes.iter().map(|cwe| i64::from(cwe.0)).collect();
    let counted = work
        .one(
            "SELECT count(*), count(*) FILTER (WHERE exploited) FROM vulnerabilities WHERE n IN (
                 SELECT vulnerability FROM vulnerability_weaknesses WHERE cwe = ANY ($1))",
            &[&weaknesses],
        )
        .await?;
    let named = work
        .rows(
            "SELECT cve FROM vulnerabilities WHERE n IN (
                 SELECT vulnerability FROM vulnerability_weaknesses WHERE cwe = ANY ($1))
             ORDER BY exploited DESC, score DESC NULLS LAST, modified DESC NULLS LAST LIMIT $2",
            &[&weaknesses, &NAMED],
        )
        .await?;
    let worst = named
        .iter()
        .filter_map(|row| CveId::new(row.try_get(0).ok()?).ok())
        .collect();
    Ok(OwaspStanding {
        category,
        vulnerabilities: rows::count(&counted, 0)?,
        exploited: rows::count(&counted, 1)?,
        worst,
    })
}
