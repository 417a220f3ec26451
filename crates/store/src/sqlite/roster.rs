//! What people changed of the sources.
//!
//! Each change moves the revision in the same transaction, so a service that sees
//! the revision sees the change.

use async_trait::async_trait;
use model::SourceId;
use rusqlite::Connection;

use super::writer::News;
use super::{Sqlite, rows};
use crate::{Change, Roster, SourceSetting, StoreError};

#[async_trait]
impl Roster for Sqlite {
    async fn source_revision(&self) -> Result<u64, StoreError> {
        self.readers
            .read(|connection| {
                Ok(connection
                    .prepare_cached("SELECT revision FROM source_settings_revision")?
                    .query_one([], |row| rows::count(row, 0))?)
            })
            .await
    }

    async fn source_settings(&self) -> Result<Vec<SourceSetting>, StoreError> {
        self.readers.read(settings).await
    }

    async fn add_source(
        &self,
        source: &SourceId,
        entry: serde_json::Value,
        change: Change,
    ) -> Result<bool, StoreError> {
        let (source, entry) = (source.clone(), rows::json(&entry)?);
        self.writer
            .run(News::Yes, |_| None, move |connection| {
                let added = connection
                    .prepare_cached(
                        "INSERT INTO source_settings (source, enabled, entry, at, by) VALUES (?1, NULL, ?2, ?3, ?4)
                         ON CONFLICT (source) DO UPDATE SET
                             enabled = NULL, entry = excluded.entry, at = excluded.at, by = excluded.by
                         WHERE entry IS NULL",
                    )?
                    .execute((source.as_str(), entry, rows::micros(change.at), change.by))?;
                if added == 0 {
                    return Ok(false);
                }
                connection
                    .prepare_cached("DELETE FROM sources WHERE source = ?1")?
                    .execute([source.as_str()])?;
                moved(connection)?;
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
        let source = source.clone();
        self.writer
            .run(News::Yes, |_| None, move |connection| {
                connection
                    .prepare_cached(
                        "INSERT INTO source_settings (source, enabled, entry, at, by) VALUES (?1, ?2, NULL, ?3, ?4)
                         ON CONFLICT (source) DO UPDATE SET
                             enabled = excluded.enabled, at = excluded.at, by = excluded.by",
                    )?
                    .execute((source.as_str(), enabled, rows::micros(change.at), change.by))?;
                moved(connection)
            })
            .await
    }

    async fn remove_source(&self, source: &SourceId) -> Result<bool, StoreError> {
        let source = source.clone();
        self.writer
            .run(
                News::Yes,
                |_| None,
                move |connection| {
                    let removed = connection
                        .prepare_cached(
                            "DELETE FROM source_settings WHERE source = ?1 AND entry IS NOT NULL",
                        )?
                        .execute([source.as_str()])?;
                    if removed == 0 {
                        return Ok(false);
                    }
                    moved(connection)?;
                    Ok(true)
                },
            )
            .await
    }
}

fn moved(connection: &Connection) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE source_settings_revision SET revision = revision + 1")?
        .execute([])?;
    Ok(())
}

fn settings(connection: &Connection) -> Result<Vec<SourceSetting>, StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT source, enabled, entry, at, by FROM source_settings ORDER BY rowid",
    )?;
    let mut found = query.query([])?;
    let mut settings = Vec::new();
    while let Some(row) = found.next()? {
        let source: String = row.get(0)?;
        let entry: Option<String> = row.get(2)?;
        settings.push(SourceSetting {
            source: SourceId::new(&source).map_err(|error| {
                StoreError::Broken(format!("a source is called `{source}`: {error}"))
            })?,
            enabled: row.get(1)?,
            entry: entry.map(|entry| rows::read(&entry)).transpose()?,
            change: Change {
                at: rows::time(row.get(3)?)?,
                by: row.get(4)?,
            },
        });
    }
    Ok(settings)
}
