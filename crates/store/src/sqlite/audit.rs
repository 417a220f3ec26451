//! What the self-audit keeps, and what it asks of the statements.

use async_trait::async_trait;
use model::audit::{Episode, Ledger};
use model::{SourceId, Timestamp};
use rusqlite::{Connection, OptionalExtension};

use super::writer::News;
use super::{Sqlite, deliveries, rows};
use crate::{Audit, StoreError, Telling};

#[async_trait]
impl Audit for Sqlite {
    async fn keep_ledger(&self, source: &SourceId, ledger: &Ledger) -> Result<(), StoreError> {
        let (source, body) = (source.clone(), rows::json(ledger)?);
        self.writer
            .run(
                News::No,
                |_| None,
                move |connection| {
                    connection
                        .prepare_cached(
                            "INSERT INTO source_ledgers (source, body) VALUES (?1, ?2)
                         ON CONFLICT (source) DO UPDATE SET body = excluded.body",
                        )?
                        .execute((source.as_str(), body))?;
                    Ok(())
                },
            )
            .await
    }

    async fn episodes(&self) -> Result<Vec<Episode>, StoreError> {
        self.readers.read(episodes).await
    }

    async fn tell(&self, at: Timestamp, telling: Telling) -> Result<bool, StoreError> {
        self.writer
            .run(
                News::Yes,
                |_| None,
                move |connection| tell(connection, at, &telling),
            )
            .await
    }

    async fn held(&self, source: &SourceId) -> Result<u64, StoreError> {
        let source = source.clone();
        self.readers
            .read(move |connection| {
                Ok(connection
                    .prepare_cached(
                        "SELECT count(DISTINCT vulnerability) FROM statements WHERE source = ?1",
                    )?
                    .query_one([source.as_str()], |row| rows::count(row, 0))?)
            })
            .await
    }

    async fn known_only_to(&self, one: &SourceId, other: &SourceId) -> Result<u64, StoreError> {
        let (one, other) = (one.clone(), other.clone());
        self.readers
            .read(move |connection| {
                Ok(connection
                    .prepare_cached(
                        "SELECT count(DISTINCT s.vulnerability) FROM statements s
                         JOIN vulnerabilities v ON v.n = s.vulnerability
                         WHERE s.source = ?1 AND v.status <> 'rejected' AND NOT EXISTS (
                             SELECT 1 FROM statements o
                             WHERE o.source = ?2 AND o.vulnerability = s.vulnerability)",
                    )?
                    .query_one((one.as_str(), other.as_str()), |row| rows::count(row, 0))?)
            })
            .await
    }
}

fn episodes(connection: &Connection) -> Result<Vec<Episode>, StoreError> {
    let mut lookup = connection.prepare_cached(
        "SELECT source, kind, since, told, ended FROM episodes ORDER BY source, kind",
    )?;
    let mut found = lookup.query([])?;
    let mut episodes = Vec::new();
    while let Some(row) = found.next()? {
        let source: String = row.get(0)?;
        episodes.push(Episode {
            source: (!source.is_empty())
                .then(|| rows::name(&source))
                .transpose()?,
            kind: rows::name(&row.get::<_, String>(1)?)?,
            since: rows::time(row.get(2)?)?,
            told: row.get(3)?,
            ended: rows::maybe_time(row.get(4)?)?,
        });
    }
    Ok(episodes)
}

fn tell(connection: &Connection, at: Timestamp, telling: &Telling) -> Result<bool, StoreError> {
    // Another process may have told the same: what lasts is not opened twice, and
    // what has ended does not end again.
    for (episode, should_last) in telling
        .opened
        .iter()
        .map(|episode| (episode, false))
        .chain(telling.ended.iter().map(|episode| (episode, true)))
    {
        if lasts(connection, episode)? != should_last {
            return Ok(false);
        }
    }
    let mut keep = connection.prepare_cached(
        "INSERT INTO episodes (source, kind, since, told, ended) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (source, kind) DO UPDATE SET
             since = excluded.since, told = excluded.told, ended = excluded.ended",
    )?;
    for (episode, ended) in telling
        .opened
        .iter()
        .map(|episode| (episode, None))
        .chain(telling.ended.iter().map(|episode| (episode, Some(at))))
    {
        keep.execute((
            name_of(episode),
            episode.kind.as_str(),
            rows::micros(episode.since),
            &episode.told,
            ended.map(rows::micros),
        ))?;
    }
    for notice in &telling.notices {
        deliveries::write(connection, at, notice)?;
    }
    Ok(true)
}

fn lasts(connection: &Connection, episode: &Episode) -> Result<bool, StoreError> {
    let known: Option<Option<i64>> = connection
        .prepare_cached("SELECT ended FROM episodes WHERE source = ?1 AND kind = ?2")?
        .query_row((name_of(episode), episode.kind.as_str()), |row| row.get(0))
        .optional()?;
    Ok(known == Some(None))
}

fn name_of(episode: &Episode) -> &str {
    episode.source.as_ref().map_or("", SourceId::as_str)
}
