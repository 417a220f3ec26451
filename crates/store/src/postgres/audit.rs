//! What the self-audit keeps, and what it asks of the statements.

use async_trait::async_trait;
use model::audit::{Episode, Ledger};
use model::{SourceId, Timestamp};

use super::work::{Lock, Work};
use super::writer::News;
use super::{Postgres, deliveries, rows};
use crate::{Audit, StoreError, Telling};

#[async_trait]
impl Audit for Postgres {
    async fn keep_ledger(&self, source: &SourceId, ledger: &Ledger) -> Result<(), StoreError> {
        let body = &rows::json(ledger)?;
        self.write(
            News::No,
            |()| None,
            |work| async move {
                work.run(
                    "INSERT INTO source_ledgers (source, body) VALUES ($1, $2)
                 ON CONFLICT (source) DO UPDATE SET body = excluded.body",
                    &[&source.as_str(), body],
                )
                .await?;
                Ok(())
            },
        )
        .await
    }

    async fn episodes(&self) -> Result<Vec<Episode>, StoreError> {
        self.read(|work| async move { episodes(&work).await }).await
    }

    async fn tell(&self, at: Timestamp, telling: Telling) -> Result<bool, StoreError> {
        let telling = &telling;
        self.write(
            News::Yes,
            |_| None,
            |work| async move {
                // It guards the episodes as well: of two nodes that tell the same, the
                // second finds it told.
                work.lock(Lock::Outbox).await?;
                tell(&work, at, telling).await
            },
        )
        .await
    }

    async fn held(&self, source: &SourceId) -> Result<u64, StoreError> {
        self.read(|work| async move {
            let row = work
                .one(
                    "SELECT count(DISTINCT vulnerability) FROM statements WHERE source = $1",
                    &[&source.as_str()],
                )
                .await?;
            rows::count(&row, 0)
        })
        .await
    }

    async fn known_only_to(&self, one: &SourceId, other: &SourceId) -> Result<u64, StoreError> {
        self.read(|work| async move {
            let row = work
                .one(
                    "SELECT count(DISTINCT s.vulnerability) FROM statements s
                     JOIN vulnerabilities v ON v.n = s.vulnerability
                     WHERE s.source = $1 AND v.status <> 'rejected' AND NOT EXISTS (
                         SELECT 1 FROM statements o
                         WHERE o.source = $2 AND o.vulnerability = s.vulnerability)",
                    &[&one.as_str(), &other.as_str()],
                )
                .await?;
            rows::count(&row, 0)
        })
        .await
    }
}

async fn episodes(work: &Work) -> Result<Vec<Episode>, StoreError> {
    work.rows(
        "SELECT source, kind, since, told, ended FROM episodes ORDER BY source, kind",
        &[],
    )
    .await?
    .iter()
    .map(|row| {
        let source: &str = row.try_get(0)?;
        Ok(Episode {
            source: (!source.is_empty())
                .then(|| rows::name(source))
                .transpose()?,
            kind: rows::name_of(row, 1)?,
            since: rows::time_of(row, 2)?,
            told: row.try_get(3)?,
            ended: rows::maybe_time_of(row, 4)?,
        })
    })
    .collect()
}

async fn tell(work: &Work, at: Timestamp, telling: &Telling) -> Result<bool, StoreError> {
    // Another process may have told the same: what lasts is not opened twice, and
    // what has ended does not end again.
    let begin = telling.opened.iter().map(|episode| (episode, None));
    let end = telling.ended.iter().map(|episode| (episode, Some(at)));
    let all: Vec<(&Episode, Option<Timestamp>)> = begin.chain(end).collect();
    for (episode, ended) in &all {
        if lasts(work, episode).await? != ended.is_some() {
            return Ok(false);
        }
    }
    for (episode, ended) in &all {
        work.run(
            "INSERT INTO episodes (source, kind, since, told, ended) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (source, kind) DO UPDATE SET
                 since = excluded.since, told = excluded.told, ended = excluded.ended",
            &[
                &name_of(episode),
                &episode.kind.as_str(),
                &rows::micros(episode.since),
                &rows::text(&episode.told),
                &ended.map(rows::micros),
            ],
        )
        .await?;
    }
    for notice in &telling.notices {
        deliveries::write(work, at, notice).await?;
    }
    Ok(true)
}

async fn lasts(work: &Work, episode: &Episode) -> Result<bool, StoreError> {
    let known = work
        .row(
            "SELECT ended IS NULL FROM episodes WHERE source = $1 AND kind = $2",
            &[&name_of(episode), &episode.kind.as_str()],
        )
        .await?;
    Ok(known
        .map(|row| row.try_get::<_, bool>(0))
        .transpose()?
        .unwrap_or(false))
}

fn name_of(episode: &Episode) -> &str {
    episode.source.as_ref().map_or("", SourceId::as_str)
}
