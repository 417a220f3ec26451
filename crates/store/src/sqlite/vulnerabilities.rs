//! What sources state of CVEs, and what follows from it.

use model::query::Key;
use model::{CveId, Statement, Timestamp, Vulnerability};
use rusqlite::{Connection, OptionalExtension};

use super::rows;
use super::{history, owasp};
use crate::StoreError;
use crate::statement::{
    self, Change, Gist, Hearing, Heeded, Known, Standing, UNKNOWN, document, modified, score,
    status_word,
};

/// Keeps a statement that was heard at `at`, the columns of the vulnerability it
/// belongs to, and what it changed.
pub(super) fn keep(
    connection: &Connection,
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
    let heard_by = (hearing == Hearing::Reread).then_some(heard);
    let Some(known) = known(connection, heeded, heard_by)? else {
        let fused = Vulnerability::fuse(std::slice::from_ref(statement));
        let Some(fused) = fused else {
            return Ok(Change::None);
        };
        let (gist, status) = (Gist::of(&fused), status_word(&fused)?);
        connection
            .prepare_cached(
                "INSERT INTO vulnerabilities (cve, severity, score, status, kev, ransomware, modified, exploited)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute((
                statement.cve.as_str(),
                gist.severity,
                score(&fused),
                status,
                gist.kev,
                gist.ransomware,
                modified(&fused),
                gist.exploited,
            ))?;
        let vulnerability = connection.last_insert_rowid();
        insert(connection, vulnerability, heeded, heard)?;
        owasp::note_weaknesses(connection, vulnerability, &fused)?;
        return Ok(Change::New {
            material: gist != UNKNOWN,
        });
    };
    if matches!(known.statement, Some((_, Standing::Holds))) {
        return Ok(Change::None);
    }
    let mut said = statements(connection, known.vulnerability)?;
    let before = hearing
        .makes_history(known.statement)
        .then(|| Vulnerability::fuse(&said))
        .flatten();
    match known.statement {
        Some((n, _)) => {
            connection
                .prepare_cached(
                    "UPDATE statements SET hash = ?2, body = ?3, modified = ?4, heard = ?5 WHERE n = ?1",
                )?
                .execute((n, hash, body, statement.modified.map(rows::micros), heard))?;
        }
        None => insert(connection, known.vulnerability, heeded, heard)?,
    }
    statement::put(&mut said, statement);
    let Some(fused) = Vulnerability::fuse(&said) else {
        return Ok(Change::None);
    };
    if let Some(before) = before {
        let changes = model::vulnerability::changes(&before, &fused);
        history::write(
            connection,
            known.vulnerability,
            at,
            &statement.source,
            &changes,
        )?;
    }
    let (gist, status) = (Gist::of(&fused), status_word(&fused)?);
    connection
        .prepare_cached(
            "UPDATE vulnerabilities SET severity = ?2, score = ?3, status = ?4, kev = ?5, ransomware = ?6,
             modified = ?7, exploited = ?8 WHERE n = ?1",
        )?
        .execute((
            known.vulnerability,
            gist.severity,
            score(&fused),
            status,
            gist.kev,
            gist.ransomware,
            modified(&fused),
            gist.exploited,
        ))?;
    owasp::note_weaknesses(connection, known.vulnerability, &fused)?;
    Ok(Change::Changed {
        material: gist != known.gist,
    })
}

/// Whether a second reading of a statement would change what is known.
pub(super) fn would_change(
    connection: &Connection,
    heeded: &Heeded,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let known = known(connection, heeded, Some(rows::micros(at)))?;
    Ok(!matches!(
        known,
        Some(Known {
            statement: Some((_, Standing::Holds)),
            ..
        })
    ))
}

/// Whether an incident is about this CVE.
pub(super) fn is_in_incident(connection: &Connection, cve: &CveId) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM incident_keys WHERE kind = ?1 AND value = ?2)",
        )?
        .query_one((Key::Cve.number(), cve.as_str()), |row| row.get(0))?)
}

/// All that is known of a CVE.
pub(super) fn get(
    connection: &Connection,
    cve: &CveId,
) -> Result<Option<Vulnerability>, StoreError> {
    let n: Option<i64> = connection
        .prepare_cached("SELECT n FROM vulnerabilities WHERE cve = ?1")?
        .query_row([cve.as_str()], |row| row.get(0))
        .optional()?;
    match n {
        Some(n) => Ok(Vulnerability::fuse(&statements(connection, n)?)),
        None => Ok(None),
    }
}

fn known(
    connection: &Connection,
    heeded: &Heeded,
    heard_by: Option<i64>,
) -> Result<Option<Known>, StoreError> {
    let statement = &heeded.statement;
    let mut lookup = connection.prepare_cached(
        "SELECT v.n, v.severity, v.kev, v.ransomware, v.status = 'rejected', v.exploited,
             s.n, (s.hash = ?4 AND (?7 IS NULL OR s.body = ?7)) OR s.modified > ?5 OR s.heard > ?6
         FROM vulnerabilities v
         LEFT JOIN statements s ON s.vulnerability = v.n AND s.source = ?2 AND s.document = ?3
         WHERE v.cve = ?1",
    )?;
    let asked = (
        statement.cve.as_str(),
        statement.source.as_str(),
        document(statement),
        heeded.hash,
        statement.modified.map(rows::micros),
        heard_by,
        heard_by.and_then(|_| heeded.reread()),
    );
    let known = lookup
        .query_row(asked, |row| {
            let n: Option<i64> = row.get(6)?;
            // NULL where one of two times is not known.
            let holds: Option<bool> = row.get(7)?;
            let standing = if holds == Some(true) {
                Standing::Holds
            } else {
                Standing::Gives
            };
            Ok(Known {
                vulnerability: row.get(0)?,
                gist: Gist {
                    severity: row.get(1)?,
                    kev: row.get(2)?,
                    ransomware: row.get(3)?,
                    rejected: row.get(4)?,
                    exploited: row.get(5)?,
                },
                statement: n.map(|n| (n, standing)),
            })
        })
        .optional()?;
    Ok(known)
}

/// Every statement on a CVE, by source and document.
pub(super) fn statements(
    connection: &Connection,
    vulnerability: i64,
) -> Result<Vec<Statement>, StoreError> {
    let mut lookup = connection.prepare_cached(
        "SELECT body FROM statements WHERE vulnerability = ?1 ORDER BY source, document",
    )?;
    let mut found = lookup.query([vulnerability])?;
    let mut statements = Vec::new();
    while let Some(row) = found.next()? {
        statements.push(rows::read(&row.get::<_, String>(0)?)?);
    }
    Ok(statements)
}

fn insert(
    connection: &Connection,
    vulnerability: i64,
    heeded: &Heeded,
    heard: i64,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO statements (vulnerability, source, document, modified, hash, body, heard)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute((
            vulnerability,
            heeded.statement.source.as_str(),
            document(&heeded.statement),
            heeded.statement.modified.map(rows::micros),
            &heeded.hash,
            &heeded.body,
            heard,
        ))?;
    Ok(())
}
