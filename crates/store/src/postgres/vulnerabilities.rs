//! What sources state of CVEs, and what follows from it.

use std::collections::{HashMap, HashSet};

use model::query::Key;
use model::{CveId, CweId, Statement, Timestamp, Vulnerability};

use super::rows;
use super::work::Work;
use super::{history, owasp};
use crate::StoreError;
use crate::statement::{
    self, Change, Gist, Hearing, Heeded, Known, Standing, UNKNOWN, document, modified, score,
    status_word,
};

/// What is known of the CVEs that a poll speaks of, looked up at once: 2,000 records
/// are one question and not 2,000.
pub(super) struct Knowledge {
    known: HashMap<Place, Known>,
    /// Of these something was written since.
    stale: HashSet<CveId>,
    /// What was heard before this stands, if it is a second reading.
    heard_by: Option<i64>,
}

/// A statement's CVE, source and document.
type Place = (String, String, String);

fn place(statement: &Statement) -> Place {
    (
        statement.cve.as_str().to_owned(),
        statement.source.as_str().to_owned(),
        rows::text(document(statement)).into_owned(),
    )
}

impl Knowledge {
    /// Looks up what these statements, heard then, are about.
    pub(super) async fn of(
        work: &Work,
        heeded: &[Heeded],
        at: Timestamp,
        hearing: Hearing,
    ) -> Result<Self, StoreError> {
        let heard_by = (hearing == Hearing::Reread).then(|| rows::micros(at));
        Ok(Self {
            known: look_up(work, heeded.iter(), heard_by).await?,
            stale: HashSet::new(),
            heard_by,
        })
    }

    async fn get(&mut self, work: &Work, heeded: &Heeded) -> Result<Option<Known>, StoreError> {
        let place = place(&heeded.statement);
        if self.stale.contains(&heeded.statement.cve) {
            return Ok(look_up(work, [heeded].into_iter(), self.heard_by)
                .await?
                .remove(&place));
        }
        let found = self.known.get(&place).map(|known| Known {
            vulnerability: known.vulnerability,
            gist: known.gist,
            // The poll may hold another statement for the same place: each is held
            // against what is stored.
            statement: known.statement,
        });
        Ok(found)
    }

    fn wrote(&mut self, cve: &CveId) {
        self.stale.insert(cve.clone());
    }
}

async fn look_up(
    work: &Work,
    heeded: impl Iterator<Item = &Heeded>,
    heard_by: Option<i64>,
) -> Result<HashMap<Place, Known>, StoreError> {
    let mut asked: Vec<(Place, &Heeded)> = heeded
        .map(|heeded| (place(&heeded.statement), heeded))
        .collect();
    // Two statements in one place: the second is looked up again, for the first one
    // makes what is known of it stale.
    let mut seen = HashSet::new();
    asked.retain(|(place, _)| seen.insert(place.clone()));
    if asked.is_empty() {
        return Ok(HashMap::new());
    }
    let cves: Vec<&str> = asked.iter().map(|((cve, _, _), _)| cve.as_str()).collect();
    let sources: Vec<&str> = asked
        .iter()
        .map(|((_, source, _), _)| source.as_str())
        .collect();
    let documents: Vec<&str> = asked
        .iter()
        .map(|((_, _, document), _)| document.as_str())
        .collect();
    let hashes: Vec<&[u8]> = asked.iter().map(|(_, it)| it.hash.as_slice()).collect();
    let modified: Vec<Option<i64>> = asked
        .iter()
        .map(|(_, it)| it.statement.modified.map(rows::micros))
        .collect();
    let bodies: Vec<Option<&str>> = asked
        .iter()
        .map(|(_, it)| heard_by.and_then(|_| it.reread()))
        .collect();
    let found = work
        .rows(
            "SELECT a.nth, v.n, v.severity, v.kev, v.ransomware, v.status = 'rejected', v.exploited,
                 s.n, (s.hash = a.hash AND (a.body IS NULL OR s.body = a.body))
                     OR s.modified > a.modified OR s.heard > $6
             FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::bigint[], $7::text[])
                 WITH ORDINALITY AS a (cve, source, document, hash, modified, body, nth)
             JOIN vulnerabilities v ON v.cve = a.cve
             LEFT JOIN statements s ON s.vulnerability = v.n AND s.source = a.source
                 AND md5(s.document) = md5(a.document)",
            &[
                &cves, &sources, &documents, &hashes, &modified, &heard_by, &bodies,
            ],
        )
        .await?;
    let mut known = HashMap::with_capacity(found.len());
    for row in found {
        let nth = usize::try_from(row.try_get::<_, i64>(0)?).unwrap_or(0);
        let Some((place, _)) = nth.checked_sub(1).and_then(|nth| asked.get(nth)) else {
            continue;
        };
        let n: Option<i64> = row.try_get(7)?;
        // NULL where one of two times is not known.
        let standing = match row.try_get(8)? {
            Some(true) => Standing::Holds,
            Some(false) | None => Standing::Gives,
        };
        known.insert(
            place.clone(),
            Known {
                vulnerability: row.try_get(1)?,
                gist: Gist {
                    severity: row.try_get(2)?,
                    kev: row.try_get(3)?,
                    ransomware: row.try_get(4)?,
                    rejected: row.try_get(5)?,
                    exploited: row.try_get(6)?,
                },
                statement: n.map(|n| (n, standing)),
            },
        );
    }
    Ok(known)
}

/// Keeps a statement that was heard at `at`, the columns of the vulnerability it
/// belongs to, and what it changed. Under [`super::work::Lock::Statements`].
pub(super) async fn keep(
    work: &Work,
    knowledge: &mut Knowledge,
    heeded: &Heeded,
    at: Timestamp,
    hearing: Hearing,
) -> Result<Change, StoreError> {
    let Heeded {
        statement,
        body,
        hash,
        ..
    } = heeded;
    let heard = rows::micros(at);
    let hash = hash.as_slice();
    let Some(known) = knowledge.get(work, heeded).await? else {
        return insert(work, knowledge, heeded, heard).await;
    };
    if matches!(known.statement, Some((_, Standing::Holds))) {
        return Ok(Change::None);
    }
    let mut said = statements(work, known.vulnerability).await?;
    let before = hearing
        .makes_history(known.statement)
        .then(|| Vulnerability::fuse(&said))
        .flatten();
    knowledge.wrote(&statement.cve);
    let changed = statement.modified.map(rows::micros);
    match known.statement {
        Some((n, _)) => {
            work.run(
                "UPDATE statements SET hash = $2, body = $3, modified = $4, heard = $5 WHERE n = $1",
                &[&n, &hash, body, &changed, &heard],
            )
            .await?;
        }
        None => {
            work.run(
                "INSERT INTO statements (vulnerability, source, document, modified, hash, body, heard)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
                &[
                    &known.vulnerability,
                    &statement.source.as_str(),
                    &rows::text(document(statement)),
                    &changed,
                    &hash,
                    body,
                    &heard,
                ],
            )
            .await?;
        }
    }
    statement::put(&mut said, statement);
    let Some(fused) = Vulnerability::fuse(&said) else {
        return Ok(Change::None);
    };
    if let Some(before) = before {
        let changes = model::vulnerability::changes(&before, &fused);
        history::write(work, known.vulnerability, at, &statement.source, &changes).await?;
    }
    let (gist, status) = (Gist::of(&fused), status_word(&fused)?);
    work.run(
        "UPDATE vulnerabilities SET severity = $2, score = $3, status = $4, kev = $5, ransomware = $6,
             modified = $7, exploited = $8 WHERE n = $1",
        &[
            &known.vulnerability,
            &gist.severity,
            &score(&fused),
            &status,
            &gist.kev,
            &gist.ransomware,
            &modified(&fused),
            &gist.exploited,
        ],
    )
    .await?;
    owasp::note_weaknesses(work, known.vulnerability, &fused).await?;
    Ok(Change::Changed {
        material: gist != known.gist,
    })
}

/// Keeps the first statement on a CVE, in one round trip: an import is made of these.
async fn insert(
    work: &Work,
    knowledge: &mut Knowledge,
    heeded: &Heeded,
    heard: i64,
) -> Result<Change, StoreError> {
    let statement = &heeded.statement;
    let Some(fused) = Vulnerability::fuse(std::slice::from_ref(statement)) else {
        return Ok(Change::None);
    };
    let (gist, status) = (Gist::of(&fused), status_word(&fused)?);
    let weaknesses = weaknesses(&fused);
    work.run(
        "WITH v AS (
             INSERT INTO vulnerabilities (cve, severity, score, status, kev, ransomware, modified, exploited)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING n),
         w AS (
             INSERT INTO vulnerability_weaknesses (cwe, vulnerability)
             SELECT DISTINCT cwe, v.n FROM v, unnest($9::bigint[]) AS cwe)
         INSERT INTO statements (vulnerability, source, document, modified, hash, body, heard)
         SELECT v.n, $10, $11, $12, $13, $14, $15 FROM v",
        &[
            &statement.cve.as_str(),
            &gist.severity,
            &score(&fused),
            &status,
            &gist.kev,
            &gist.ransomware,
            &modified(&fused),
            &gist.exploited,
            &weaknesses,
            &statement.source.as_str(),
            &rows::text(document(statement)),
            &statement.modified.map(rows::micros),
            &heeded.hash.as_slice(),
            &heeded.body,
            &heard,
        ],
    )
    .await?;
    knowledge.wrote(&statement.cve);
    Ok(Change::New {
        material: gist != UNKNOWN,
    })
}

/// The numbers of its weaknesses.
pub(super) fn weaknesses(fused: &Vulnerability) -> Vec<i64> {
    let number = |weakness: &CweId| i64::from(weakness.0);
    fused.weaknesses.iter().map(number).collect()
}

/// The CVEs of these statements that a second reading would change.
pub(super) async fn would_change(
    work: &Work,
    heeded: &[Heeded],
    at: Timestamp,
) -> Result<Vec<CveId>, StoreError> {
    let known = look_up(work, heeded.iter(), Some(rows::micros(at))).await?;
    let holds = |it: &&Heeded| {
        let known = known.get(&place(&it.statement));
        matches!(
            known.and_then(|known| known.statement),
            Some((_, Standing::Holds))
        )
    };
    Ok(heeded
        .iter()
        .filter(|it| !holds(it))
        .map(|it| it.statement.cve.clone())
        .collect())
}

/// Whether an incident is about this CVE.
pub(super) async fn is_in_incident(work: &Work, cve: &CveId) -> Result<bool, StoreError> {
    let row = work
        .one(
            "SELECT EXISTS (SELECT 1 FROM incident_keys WHERE kind = $1 AND value = $2)",
            &[&Key::Cve.number(), &cve.as_str()],
        )
        .await?;
    Ok(row.try_get(0)?)
}

/// All that is known of these CVEs, in this order, unknown ones left out.
pub(super) async fn list(work: &Work, cves: &[CveId]) -> Result<Vec<Vulnerability>, StoreError> {
    if cves.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<&str> = cves.iter().map(CveId::as_str).collect();
    let found = work
        .rows(
            "SELECT a.nth, s.body FROM unnest($1::text[]) WITH ORDINALITY AS a (cve, nth)
             JOIN vulnerabilities v ON v.cve = a.cve JOIN statements s ON s.vulnerability = v.n
             ORDER BY a.nth, s.source, s.document",
            &[&names],
        )
        .await?;
    fused(&found)
}

/// All that is known of the CVEs in these rows, in this order.
pub(super) async fn list_rows(
    work: &Work,
    wanted: &[i64],
) -> Result<Vec<Vulnerability>, StoreError> {
    let found = work
        .rows(
            "SELECT a.nth, s.body FROM unnest($1::bigint[]) WITH ORDINALITY AS a (n, nth)
             JOIN statements s ON s.vulnerability = a.n
             ORDER BY a.nth, s.source, s.document",
            &[&wanted],
        )
        .await?;
    fused(&found)
}

/// Fuses statements that stand together by the number before them.
fn fused(found: &[tokio_postgres::Row]) -> Result<Vec<Vulnerability>, StoreError> {
    let mut vulnerabilities = Vec::new();
    let mut said: Vec<Statement> = Vec::new();
    let mut of: i64 = 0;
    for row in found {
        let nth: i64 = row.try_get(0)?;
        if nth != of {
            vulnerabilities.extend(Vulnerability::fuse(&said));
            said.clear();
            of = nth;
        }
        said.push(rows::body(row, 1)?);
    }
    vulnerabilities.extend(Vulnerability::fuse(&said));
    Ok(vulnerabilities)
}

/// Every statement on a CVE, by source and document.
pub(super) async fn statements(
    work: &Work,
    vulnerability: i64,
) -> Result<Vec<Statement>, StoreError> {
    work.rows(
        "SELECT body FROM statements WHERE vulnerability = $1 ORDER BY source, document",
        &[&vulnerability],
    )
    .await?
    .iter()
    .map(|row| rows::body(row, 0))
    .collect()
}
