//! Incidents as rows: the body, the columns that order and filter, the keys.

use model::query::{Column, Facts, Key, Subject};
use model::{Incident, IncidentId, Vulnerability};

use super::work::{Parameter, Work};
use super::{rows, vulnerabilities};
use crate::StoreError;
use crate::codec::revision;

/// The row of an incident.
pub(super) async fn row(work: &Work, id: IncidentId) -> Result<Option<i64>, StoreError> {
    work.row("SELECT n FROM incidents WHERE id = $1", &[&id.0])
        .await?
        .map(|row| Ok(row.try_get(0)?))
        .transpose()
}

/// The row of an incident, or of the one it was merged into.
pub(super) async fn resolve(work: &Work, id: IncidentId) -> Result<Option<i64>, StoreError> {
    if let Some(n) = row(work, id).await? {
        return Ok(Some(n));
    }
    work.row(
        "SELECT incident FROM merged_incidents WHERE id = $1",
        &[&id.0],
    )
    .await?
    .map(|row| Ok(row.try_get(0)?))
    .transpose()
}

/// [`resolve`] of an incident that is about to be changed.
pub(super) async fn resolve_to_change(
    work: &Work,
    id: IncidentId,
) -> Result<Option<i64>, StoreError> {
    if let Some(n) = row_to_change(work, id).await? {
        return Ok(Some(n));
    }
    work.row(
        "SELECT i.n FROM merged_incidents m JOIN incidents i ON i.n = m.incident
         WHERE m.id = $1 FOR UPDATE OF i",
        &[&id.0],
    )
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
    let bodies = bodies(work, wanted).await?;
    bodies.iter().map(|body| rows::read(body)).collect()
}

/// What is stored of the incidents in these rows, in this order, as JSON.
pub(super) async fn bodies(work: &Work, wanted: &[i64]) -> Result<Vec<String>, StoreError> {
    work.rows(
        "SELECT b.body FROM unnest($1::bigint[]) WITH ORDINALITY AS w (n, nth)
         JOIN incident_bodies b ON b.incident = w.n ORDER BY w.nth",
        &[&wanted],
    )
    .await?
    .iter()
    .map(|row| Ok(row.try_get(0)?))
    .collect()
}

/// Writes an incident that was not there, and gives its row.
pub(super) async fn insert(work: &Work, incident: &Incident) -> Result<i64, StoreError> {
    let known = vulnerabilities::list(work, &incident.cves).await?;
    let facts = facts(incident, &known);
    let row = work
        .one(
            "INSERT INTO incidents (id, revision, severity, score, status, exploited, last_seen,
                 kev, items, epss, cvss)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING n",
            &Columns::of(incident, &facts).parameters(&incident.id.0),
        )
        .await?;
    let n: i64 = row.try_get(0)?;
    let body = async {
        work.run(
            "INSERT INTO incident_bodies (incident, body) VALUES ($1, $2)",
            &[&n, &rows::json(incident)?],
        )
        .await
    };
    futures::try_join!(body, write_lookups(work, n, &facts))?;
    Ok(n)
}

/// Writes a changed incident over the one in row `n`.
pub(super) async fn update(work: &Work, n: i64, incident: &Incident) -> Result<(), StoreError> {
    let known = vulnerabilities::list(work, &incident.cves).await?;
    update_known(work, n, incident, &known).await
}

/// The same, where what is known of its CVEs is at hand.
pub(super) async fn update_known(
    work: &Work,
    n: i64,
    incident: &Incident,
    known: &[Vulnerability],
) -> Result<(), StoreError> {
    let facts = facts(incident, known);
    let numbers = async {
        work.run(
            "UPDATE incidents SET revision = $2, severity = $3, score = $4, status = $5, exploited = $6,
                 last_seen = $7, kev = $8, items = $9, epss = $10, cvss = $11
             WHERE n = $1",
            &Columns::of(incident, &facts).parameters(&n),
        )
        .await
    };
    let body = async {
        work.run(
            "UPDATE incident_bodies SET body = $2 WHERE incident = $1",
            &[&n, &rows::json(incident)?],
        )
        .await
    };
    futures::try_join!(numbers, body, write_lookups(work, n, &facts))?;
    Ok(())
}

/// The columns that order and filter, but for the name.
struct Columns {
    revision: i64,
    severity: i64,
    score: i64,
    status: &'static str,
    exploited: bool,
    last_seen: i64,
    kev: bool,
    items: i64,
    epss: Option<i64>,
    cvss: Option<i64>,
}

impl Columns {
    fn of(incident: &Incident, facts: &Facts<'_>) -> Self {
        Self {
            revision: revision(incident),
            severity: rows::severity_number(incident.band()),
            score: rows::tenths(incident.severity.score),
            status: incident.status.as_str(),
            exploited: incident.exploited,
            last_seen: rows::micros(incident.last_seen),
            kev: is_kev(facts),
            items: facts.number(Column::Items).unwrap_or(0),
            epss: facts.number(Column::Epss),
            cvss: facts.number(Column::Cvss),
        }
    }

    /// As `$2` to `$11`, in this order, after what names the row.
    fn parameters<'a>(&'a self, name: Parameter<'a>) -> [Parameter<'a>; 11] {
        [
            name,
            &self.revision,
            &self.severity,
            &self.score,
            &self.status,
            &self.exploited,
            &self.last_seen,
            &self.kev,
            &self.items,
            &self.epss,
            &self.cvss,
        ]
    }
}

/// Takes away an incident on which nothing hangs any more.
pub(super) async fn remove(work: &Work, n: i64) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM incident_keys WHERE incident = $1",
        "DELETE FROM incident_affected WHERE incident = $1",
        "DELETE FROM incident_bodies WHERE incident = $1",
        "DELETE FROM incidents WHERE n = $1",
    ] {
        work.run(sql, &[&n]).await?;
    }
    Ok(())
}

/// Writes what queries ask of the incidents that are about one of these CVEs, after
/// something else was said of it. They are locked in order of their rows: placement
/// may be changing one of them. One that gets its CVE at this very moment is not seen
/// and keeps the older numbers until its next item or the CVE's next statement: to
/// wait for polls would stop placement during a first load.
pub(super) async fn refresh(work: &Work, cves: &[&str]) -> Result<(), StoreError> {
    if cves.is_empty() {
        return Ok(());
    }
    let found = work
        .rows(
            "SELECT n FROM incidents WHERE n = ANY (ARRAY(
                 SELECT incident FROM incident_keys WHERE kind = $1 AND value = ANY ($2)))
             ORDER BY n FOR UPDATE",
            &[&Key::Cve.number(), &cves],
        )
        .await?;
    for row in found {
        let n = row.try_get(0)?;
        write_facts(work, n, &get(work, n).await?).await?;
    }
    Ok(())
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
pub(super) async fn write_facts(
    work: &Work,
    n: i64,
    incident: &Incident,
) -> Result<(), StoreError> {
    let known = vulnerabilities::list(work, &incident.cves).await?;
    let facts = facts(incident, &known);
    work.run(
        "UPDATE incidents SET kev = $2, items = $3, epss = $4, cvss = $5 WHERE n = $1",
        &[
            &n,
            &is_kev(&facts),
            &facts.number(Column::Items).unwrap_or(0),
            &facts.number(Column::Epss),
            &facts.number(Column::Cvss),
        ],
    )
    .await?;
    write_lookups(work, n, &facts).await
}

fn is_kev(facts: &Facts<'_>) -> bool {
    facts.number(Column::Kev).is_some_and(|kev| kev != 0)
}

/// Writes the keys of an incident and its products.
async fn write_lookups(work: &Work, n: i64, facts: &Facts<'_>) -> Result<(), StoreError> {
    let affected = async {
        if facts.affected().is_empty() {
            work.run("DELETE FROM incident_affected WHERE incident = $1", &[&n])
                .await
        } else {
            work.run(
                "INSERT INTO incident_affected (incident, body) VALUES ($1, $2)
                 ON CONFLICT (incident) DO UPDATE SET body = excluded.body",
                &[&n, &rows::json(&facts.affected())?],
            )
            .await
        }
    };
    futures::try_join!(affected, write_keys(work, n, facts.keys()))?;
    Ok(())
}

/// Most updates change no key, so only differences are written.
async fn write_keys(work: &Work, n: i64, keys: &[(Key, String)]) -> Result<(), StoreError> {
    let (kinds, values): (Vec<i64>, Vec<String>) = keys
        .iter()
        .map(|(key, value)| (key.number(), rows::text(value).into_owned()))
        .unzip();
    let gone = async {
        work.run(
            "DELETE FROM incident_keys WHERE incident = $1 AND (kind, value) NOT IN (
                 SELECT kind, value FROM unnest($2::bigint[], $3::text[]) AS wanted (kind, value))",
            &[&n, &kinds, &values],
        )
        .await
    };
    let come = async {
        work.run(
            "INSERT INTO incident_keys (kind, value, incident)
             SELECT kind, value, $1 FROM unnest($2::bigint[], $3::text[]) AS wanted (kind, value)
             ON CONFLICT DO NOTHING",
            &[&n, &kinds, &values],
        )
        .await
    };
    futures::try_join!(gone, come)?;
    Ok(())
}
