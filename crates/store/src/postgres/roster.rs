//! What people changed of the sources.
//!
//! Each change moves the revision in the same transaction, so a service that sees
//! the revision sees the change.

use async_trait::async_trait;
use model::SourceId;

use super::work::Work;
use super::writer::News;
use super::{Postgres, rows};
use crate::{Change, Roster, SourceSetting, StoreError};

#[async_trait]
impl Roster for Postgres {
    async fn source_revision(&self) -> Result<u64, StoreError> {
        self.read(|work| async move {
            let row = work
                .one("SELECT revision FROM source_settings_revision", &[])
                .await?;
            rows::count(&row, 0)
        })
        .await
    }

    async fn source_settings(&self) -> Result<Vec<SourceSetting>, StoreError> {
        self.read(|work| async move { settings(&work).await }).await
    }

    async fn add_source(
        &self,
        source: &SourceId,
        entry: serde_json::Value,
        change: Change,
    ) -> Result<bool, StoreError> {
        let (entry, change) = (&rows::json(&entry)?, &change);
        self.write(News::Yes, |_| None, |work| async move {
            let added = work
                .run(
                    "INSERT INTO source_settings AS s (source, enabled, entry, at, by) VALUES ($1, NULL, $2, $3, $4)
                     ON CONFLICT (source) DO UPDATE SET
                         enabled = NULL, entry = excluded.entry, at = excluded.at, by = excluded.by
                     WHERE s.entry IS NULL",
                    &[&source.as_str(), entry, &rows::micros(change.at), &change.by],
                )
                .await?;
            if added == 0 {
                return Ok(false);
            }
            work.run("DELETE FROM sources WHERE source = $1", &[&source.as_str()])
                .await?;
            moved(&work).await?;
            Ok(true)
        })
        .await
    }

    async fn switch_source(
        &self,
        source: &SourceId,
        enabled: bool,
        change: Change,
    ) -> Result<(), StoreError> {
        let change = &change;
        self.write(News::Yes, |()| None, |work| async move {
            work.run(
                "INSERT INTO source_settings (source, enabled, entry, at, by) VALUES ($1, $2, NULL, $3, $4)
                 ON CONFLICT (source) DO UPDATE SET
                     enabled = excluded.enabled, at = excluded.at, by = excluded.by",
                &[&source.as_str(), &enabled, &rows::micros(change.at), &change.by],
            )
            .await?;
            moved(&work).await
        })
        .await
    }

    async fn remove_source(&self, source: &SourceId) -> Result<bool, StoreError> {
        self.write(
            News::Yes,
            |_| None,
            |work| async move {
                let removed = work
                    .run(
                        "DELETE FROM source_settings WHERE source = $1 AND entry IS NOT NULL",
                        &[&source.as_str()],
                    )
                    .await?;
                if removed == 0 {
                    return Ok(false);
                }
                moved(&work).await?;
                Ok(true)
            },
        )
        .await
    }
}

async fn moved(work: &Work) -> Result<(), StoreError> {
    work.run(
        "UPDATE source_settings_revision SET revision = revision + 1",
        &[],
    )
    .await?;
    Ok(())
}

async fn settings(work: &Work) -> Result<Vec<SourceSetting>, StoreError> {
    work.rows(
        "SELECT source, enabled, entry, at, by FROM source_settings ORDER BY n",
        &[],
    )
    .await?
    .iter()
    .map(|row| {
        let entry: Option<&str> = row.try_get(2)?;
        Ok(SourceSetting {
            source: rows::name_of(row, 0)?,
            enabled: row.try_get(1)?,
            entry: entry.map(rows::read).transpose()?,
            change: Change {
                at: rows::time_of(row, 3)?,
                by: row.try_get(4)?,
            },
        })
    })
    .collect()
}
