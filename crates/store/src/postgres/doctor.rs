//! Whether what is stored is sound, and building again what follows from it.

use model::query::Column;
use model::{Incident, Timestamp};

use super::work::Work;
use super::{copy, incidents, rows, vulnerabilities};
use crate::StoreError;
use crate::doctor::{Pulse, overdue_before, questions};
use crate::upkeep::{Finding, Level, Rebuilt};

/// Incidents whose facts are looked at in one step.
const AT_ONCE: i64 = 200;

/// All that is found.
pub(super) async fn examine(work: &Work, now: Timestamp) -> Result<Vec<Finding>, StoreError> {
    let mut findings = server(work).await?;
    for question in questions() {
        let row = work.one_once(&question.sql, &[]).await?;
        findings.extend(question.finding(rows::count(&row, 0)?));
    }
    findings.extend(sequences(work).await?);
    findings.extend(pulse(work, now).await?.findings(now));
    Ok(findings)
}

/// What the server itself says.
async fn server(work: &Work) -> Result<Vec<Finding>, StoreError> {
    let mut findings = Vec::new();
    let indexes = names(
        work,
        "SELECT c.relname::text FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid
         WHERE c.relnamespace = current_schema()::regnamespace AND NOT (x.indisvalid AND x.indisready)",
    )
    .await?;
    for index in indexes {
        findings.push(Finding::new(
            "integrity",
            Level::Broken,
            format!("the index {index} is not valid"),
            format!("as the owner of the database: REINDEX INDEX {index}"),
        ));
    }
    let constraints = names(
        work,
        "SELECT conname::text FROM pg_constraint
         WHERE connamespace = current_schema()::regnamespace AND NOT convalidated",
    )
    .await?;
    for constraint in constraints {
        findings.push(Finding::new(
            "integrity",
            Level::Broken,
            format!("the constraint {constraint} was never proved"),
            "as the owner of the database: ALTER TABLE … VALIDATE CONSTRAINT; if that fails, restore a backup",
        ));
    }
    let row = work
        .one("SELECT current_setting('autovacuum')", &[])
        .await?;
    if row.try_get::<_, String>(0)? != "on" {
        findings.push(Finding::new(
            "space",
            Level::Warning,
            "autovacuum is off on the server",
            "switch it on: without it forgotten rows take room for ever, and queries slow down",
        ));
    }
    Ok(findings)
}

async fn names(work: &Work, sql: &str) -> Result<Vec<String>, StoreError> {
    let found = work.rows(sql, &[]).await?;
    found.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Whether the numbers that the server gives next are free.
async fn sequences(work: &Work) -> Result<Vec<Finding>, StoreError> {
    let numbered = work
        .rows(
            "SELECT c.relname::text, a.attname::text,
                 coalesce(pg_sequence_last_value(pg_get_serial_sequence(c.relname::text, a.attname::text)::regclass), 0)
             FROM pg_class c
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attidentity <> '' AND NOT a.attisdropped
             WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' ORDER BY 1",
            &[],
        )
        .await?;
    let mut findings = Vec::new();
    for row in numbered {
        let (table, column, last): (String, String, i64) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let row = work
            .one_once(
                &format!("SELECT coalesce(max({column}), 0) FROM {table}"),
                &[],
            )
            .await?;
        let most: i64 = row.try_get(0)?;
        if most > last {
            findings.push(Finding::new(
                "integrity",
                Level::Broken,
                format!("the sequence of {table} stands at {last}, and {most} is taken"),
                format!("SELECT setval(pg_get_serial_sequence('{table}', '{column}'), {most})"),
            ));
        }
    }
    Ok(findings)
}

async fn pulse(work: &Work, now: Timestamp) -> Result<Pulse, StoreError> {
    let micros = rows::micros(now);
    let overdue = work
        .rows(
            "SELECT channel, count(*) FROM deliveries
             WHERE state = 0 AND due < $1 AND coalesce(held_until, 0) < $2
                 AND channel NOT IN (SELECT channel FROM paused_channels)
             GROUP BY channel ORDER BY channel",
            &[&overdue_before(now), &micros],
        )
        .await?;
    let paused = work
        .rows(
            "SELECT channel, reason FROM paused_channels ORDER BY channel",
            &[],
        )
        .await?;
    let left = work
        .rows(
            "SELECT name FROM leases WHERE holder IS NOT NULL AND until < $1 ORDER BY name",
            &[&micros],
        )
        .await?;
    let latest = work
        .one(
            "SELECT greatest((SELECT max(at) FROM events),
                 (SELECT max(until) FROM leases WHERE holder IS NOT NULL))",
            &[],
        )
        .await?;
    Ok(Pulse {
        overdue: overdue
            .iter()
            .map(|row| Ok((row.try_get(0)?, rows::count(row, 1)?)))
            .collect::<Result<_, StoreError>>()?,
        paused: paused
            .iter()
            .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
            .collect::<Result<_, StoreError>>()?,
        dead: count(work, "SELECT count(*) FROM deliveries WHERE state = 2").await?,
        waiting: count(work, "SELECT count(*) FROM items WHERE placed_at IS NULL").await?,
        left: left
            .iter()
            .map(|row| Ok(row.try_get(0)?))
            .collect::<Result<_, StoreError>>()?,
        latest: latest.try_get(0)?,
        unfound: count(work, UNFOUND).await? + count(work, FOUND_WRONGLY).await?,
        stale: stale(work).await?,
    })
}

async fn count(work: &Work, sql: &str) -> Result<u64, StoreError> {
    rows::count(&work.one_once(sql, &[]).await?, 0)
}

const UNFOUND: &str = "SELECT count(*) FROM items i JOIN item_texts t ON t.item = i.n
     WHERE i.incident IS NOT NULL AND t.analysis IS NOT NULL
         AND NOT EXISTS (SELECT 1 FROM item_words w WHERE w.item = i.n)";
const FOUND_WRONGLY: &str = "SELECT count(*) FROM item_words w
     WHERE NOT EXISTS (SELECT 1 FROM items i WHERE i.n = w.item AND i.incident IS NOT NULL)";

async fn stale(work: &Work) -> Result<u64, StoreError> {
    let (mut after, mut stale) = (i64::MIN, 0);
    loop {
        let some = some(work, after, "").await?;
        let Some((last, _)) = some.last() else {
            return Ok(stale);
        };
        after = *last;
        for (n, incident) in &some {
            stale += u64::from(is_stale(work, *n, incident).await?);
        }
    }
}

async fn some(work: &Work, after: i64, how: &str) -> Result<Vec<(i64, Incident)>, StoreError> {
    let found = work
        .rows(
            &format!(
                "SELECT b.incident, b.body FROM incidents i JOIN incident_bodies b ON b.incident = i.n
                 WHERE i.n > $1 ORDER BY i.n LIMIT $2 {how}"
            ),
            &[&after, &AT_ONCE],
        )
        .await?;
    found
        .iter()
        .map(|row| Ok((row.try_get(0)?, rows::body(row, 1)?)))
        .collect()
}

/// Whether queries know something else of an incident than what it is.
async fn is_stale(work: &Work, n: i64, incident: &Incident) -> Result<bool, StoreError> {
    let known = vulnerabilities::list(work, &incident.cves).await?;
    let facts = incidents::facts(incident, &known);
    let row = work
        .one(
            "SELECT kev, items, epss, cvss FROM incidents WHERE n = $1",
            &[&n],
        )
        .await?;
    let kev: bool = row.try_get(0)?;
    let numbers: [Option<i64>; 3] = [row.try_get(1)?, row.try_get(2)?, row.try_get(3)?];
    let wanted = [Column::Items, Column::Epss, Column::Cvss].map(|column| facts.number(column));
    if facts.number(Column::Kev).is_some_and(|kev| kev != 0) != kev || numbers != wanted {
        return Ok(true);
    }
    let stored = work
        .rows(
            "SELECT kind, value FROM incident_keys WHERE incident = $1",
            &[&n],
        )
        .await?;
    let mut stored = stored
        .iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect::<Result<Vec<(i64, String)>, StoreError>>()?;
    stored.sort_unstable();
    let mut keys: Vec<(i64, String)> = facts
        .keys()
        .iter()
        .map(|(key, value)| (key.number(), rows::text(value).into_owned()))
        .collect();
    keys.sort_unstable();
    keys.dedup();
    Ok(stored != keys)
}

/// One step of building again what follows from the rest.
pub(super) async fn rebuild(work: &Work, after: i64) -> Result<Rebuilt, StoreError> {
    let mut rebuilt = Rebuilt {
        items: copy::index_missing(work).await?,
        ..Rebuilt::default()
    };
    rebuilt.items += work
        .run(
            "DELETE FROM item_words WHERE item IN (SELECT w.item FROM item_words w
                 WHERE NOT EXISTS (SELECT 1 FROM items i WHERE i.n = w.item AND i.incident IS NOT NULL) LIMIT $1)",
            &[&AT_ONCE],
        )
        .await?;
    // Placement must not change one of them between our reading and our writing.
    let some = some(work, after, "FOR UPDATE OF i").await?;
    for (n, incident) in &some {
        if is_stale(work, *n, incident).await? {
            incidents::write_facts(work, *n, incident).await?;
            rebuilt.incidents += 1;
        }
    }
    rebuilt.next = match some.last() {
        Some((last, _)) => Some(*last),
        // Words may take longer than facts.
        None => (rebuilt.items > 0).then_some(after),
    };
    Ok(rebuilt)
}
