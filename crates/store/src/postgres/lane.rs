//! Placement's side: the leases, what waits, what is known.

use async_trait::async_trait;
use model::incident::Candidate;
use model::tokens::{self, Text};
use model::{Analysis, CveId, IncidentId, Item, Timestamp, Vulnerability};
use serde::Deserialize;

use super::work::Work;
use super::writer::News;
use super::{Postgres, candidates, incidents, rows, sitting, vulnerabilities};
use crate::candidate::Wanted;
use crate::prepared::MOST_WAITING;
use crate::{Fence, Lane, Sitting, StoreError, Waiting};

#[async_trait]
impl Lane for Postgres {
    async fn acquire(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Fence>, StoreError> {
        self.write(
            News::No,
            |_| None,
            |work| async move {
                let taken = work
                    .row(
                        "INSERT INTO leases AS l (name, holder, number, until) VALUES ($1, $2, 1, $4)
                         ON CONFLICT (name) DO UPDATE SET
                             number = CASE WHEN l.holder = $2 THEN l.number ELSE l.number + 1 END,
                             holder = $2, until = $4
                         WHERE l.holder IS NULL OR l.holder = $2 OR l.until <= $3
                         RETURNING number",
                        &[&name, &holder, &rows::micros(now), &rows::micros(until)],
                    )
                    .await?;
                taken
                    .map(|row| {
                        Ok(Fence {
                            name: name.to_owned(),
                            number: row.try_get(0)?,
                        })
                    })
                    .transpose()
            },
        )
        .await
    }

    async fn release(&self, fence: &Fence) -> Result<(), StoreError> {
        self.write(
            News::No,
            |()| None,
            |work| async move {
                work.run(
                    "UPDATE leases SET holder = NULL WHERE name = $1 AND number = $2",
                    &[&fence.name, &fence.number],
                )
                .await?;
                Ok(())
            },
        )
        .await
    }

    async fn unplaced(&self, limit: u32) -> Result<Vec<Waiting>, StoreError> {
        self.read(|work| async move { unplaced(&work, limit.min(MOST_WAITING)).await })
            .await
    }

    async fn unplaced_count(&self) -> Result<u64, StoreError> {
        self.read(|work| async move {
            let row = work
                .one("SELECT count(*) FROM items WHERE placed_at IS NULL", &[])
                .await?;
            rows::count(&row, 0)
        })
        .await
    }

    async fn candidates(
        &self,
        item: &Item,
        analysis: &Analysis,
    ) -> Result<Vec<Candidate>, StoreError> {
        let wanted = &Wanted::of(item, analysis);
        self.read(|work| async move { candidates::find(&work, wanted).await })
            .await
    }

    async fn texts(&self, incident: IncidentId, limit: u32) -> Result<Vec<Text>, StoreError> {
        self.read(|work| async move { texts(&work, incident, limit).await })
            .await
    }

    async fn vulnerabilities(&self, cves: &[CveId]) -> Result<Vec<Vulnerability>, StoreError> {
        if cves.is_empty() {
            return Ok(Vec::new());
        }
        self.read(|work| async move { vulnerabilities::list(&work, cves).await })
            .await
    }

    async fn sit<'a>(&'a self, fence: &Fence) -> Result<Box<dyn Sitting + 'a>, StoreError> {
        sitting::begin(self, fence).await
    }
}

/// Whether the lease is still the fence's, and nobody takes it before the commit. An
/// expired one is, until somebody takes it: nobody else can have placed anything.
pub(super) async fn holds(work: &Work, fence: &Fence) -> Result<bool, StoreError> {
    let held = work
        .row(
            "SELECT 1 FROM leases WHERE name = $1 AND number = $2 AND holder IS NOT NULL FOR SHARE",
            &[&fence.name, &fence.number],
        )
        .await?;
    Ok(held.is_some())
}

/// The texts of an incident's latest items, as full text has them.
pub(super) async fn texts(
    work: &Work,
    id: IncidentId,
    limit: u32,
) -> Result<Vec<Text>, StoreError> {
    let Some(n) = incidents::row(work, id).await? else {
        return Ok(Vec::new());
    };
    work.rows(
        "SELECT i.source, t.author, t.analysis FROM items i JOIN item_texts t ON t.item = i.n
         WHERE i.incident = $1 ORDER BY i.repeat_of IS NOT NULL, i.effective DESC, i.n DESC LIMIT $2",
        &[&n, &i64::from(limit)],
    )
    .await?
    .iter()
    .map(|row| {
        let said: Said = rows::body(row, 2)?;
        let tellers = tokens::tellers(row.try_get(0)?, row.try_get(1)?);
        Ok(Text::of(&said.title, &said.text, &tellers))
    })
    .collect()
}

/// What of an analysis is full text.
#[derive(Deserialize)]
struct Said {
    title: String,
    text: String,
}

async fn unplaced(work: &Work, limit: u32) -> Result<Vec<Waiting>, StoreError> {
    work.rows(
        "SELECT t.body, i.occasion FROM items i JOIN item_texts t ON t.item = i.n
         WHERE i.placed_at IS NULL ORDER BY i.occasion = 1, i.effective, i.n LIMIT $1",
        &[&i64::from(limit)],
    )
    .await?
    .iter()
    .map(|row| {
        Ok(Waiting {
            item: rows::body(row, 0)?,
            occasion: rows::occasion(row.try_get(1)?)?,
        })
    })
    .collect()
}
