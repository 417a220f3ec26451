//! Second readings: what a kept document gives today, and what stored items are
//! understood to be today.

use async_trait::async_trait;
use model::query::Key;
use model::{Document, SourceId, Timestamp};
use rusqlite::{Connection, OptionalExtension};

use super::writer::News;
use super::{
    Sqlite, archive, developments, events, incidents, intake, lane, learning, owasp, placing,
    prints, rows, vulnerabilities,
};
use crate::archive::{
    Again, Archive, Arrived, Irrelevant, Kept, Memo, Place, Reading, Retention, Revised, Story,
    Swept, Unknown, Wanted,
};
use crate::codec::off_thread;
use crate::handling::Cause;
use crate::packing::Packed;
use crate::prepared::{MOST_IRRELEVANT, Manner, SecondReading, Text, text_hash};
use crate::statement::Hearing;
use crate::{Fence, Occasion, PlacedItem, Recorded, StoreError};

#[async_trait]
impl Archive for Sqlite {
    async fn keep(
        &self,
        source: &SourceId,
        at: Timestamp,
        arrived: Arrived,
    ) -> Result<(), StoreError> {
        let packed = off_thread(move || Packed::of(arrived)).await?;
        let source = source.clone();
        self.writer
            .run(
                News::No,
                |()| None,
                move |connection| archive::keep(connection, &source, at, &packed, false),
            )
            .await
    }

    async fn kept(&self) -> Result<Kept, StoreError> {
        self.readers.read(archive::kept).await
    }

    async fn sweep(&self, retention: &Retention, limit: u32) -> Result<Swept, StoreError> {
        let retention = *retention;
        self.writer
            .run(
                News::No,
                |_| None,
                move |connection| archive::sweep(connection, &retention, limit),
            )
            .await
    }

    async fn readings(
        &self,
        wanted: &Wanted,
        after: Option<Place>,
        limit: u32,
    ) -> Result<Vec<Reading>, StoreError> {
        let wanted = wanted.clone();
        self.readers
            .read(move |connection| archive::readings(connection, &wanted, after, limit))
            .await
    }

    async fn document(&self, reading: &Reading) -> Result<Option<Document>, StoreError> {
        let reading = reading.clone();
        self.readers
            .read(move |connection| archive::document(connection, &reading))
            .await
    }

    async fn record_again(&self, again: Again, memo: &Memo) -> Result<Recorded, StoreError> {
        let prepared = off_thread(move || SecondReading::of(again)).await?;
        let memo = memo.clone();
        self.writer
            .run(
                News::Yes,
                |_| None,
                move |connection| {
                    let recorded = record(connection, &prepared)?;
                    keep_memo(connection, &memo)?;
                    Ok(recorded)
                },
            )
            .await
    }

    async fn unknown(&self, again: &Again) -> Result<Unknown, StoreError> {
        let again = again.clone();
        let prepared = off_thread(move || SecondReading::of(again)).await?;
        self.readers
            .read(move |connection| unknown(connection, &prepared))
            .await
    }

    async fn next_story(&self, wanted: &Wanted, after: i64) -> Result<Option<Story>, StoreError> {
        let wanted = wanted.clone();
        self.readers
            .read(move |connection| next_story(connection, &wanted, after))
            .await
    }

    async fn irrelevant(
        &self,
        wanted: &Wanted,
        after: i64,
        limit: u32,
    ) -> Result<Vec<Irrelevant>, StoreError> {
        let wanted = wanted.clone();
        self.readers
            .read(move |connection| irrelevant(connection, &wanted, after, limit))
            .await
    }

    async fn revise(&self, fence: &Fence, revised: Revised, memo: &Memo) -> Result<(), StoreError> {
        let (fence, memo) = (fence.clone(), memo.clone());
        let analyses = off_thread(move || {
            let texts = Text::of(&revised)?;
            Ok((revised, texts))
        })
        .await?;
        self.writer
            .run(
                News::Yes,
                |()| None,
                move |connection| {
                    if !lane::holds(connection, &fence)? {
                        return Err(StoreError::Fenced);
                    }
                    let (revised, texts) = analyses;
                    revise(connection, &revised, &texts)?;
                    keep_memo(connection, &memo)
                },
            )
            .await
    }

    async fn memo(&self, key: &str) -> Result<Option<String>, StoreError> {
        let key = key.to_owned();
        self.readers
            .read(move |connection| {
                Ok(connection
                    .prepare_cached("SELECT value FROM memos WHERE key = ?1")?
                    .query_row([key], |row| row.get(0))
                    .optional()?)
            })
            .await
    }

    async fn keep_memo(&self, memo: &Memo) -> Result<(), StoreError> {
        let memo = memo.clone();
        self.writer
            .run(
                News::No,
                |()| None,
                move |connection| keep_memo(connection, &memo),
            )
            .await
    }
}

fn record(connection: &Connection, reading: &SecondReading) -> Result<Recorded, StoreError> {
    let mut recorded = Recorded::default();
    for (item, body) in reading.again.items.iter().zip(&reading.bodies) {
        if intake::insert(connection, item, body, Occasion::History)? {
            recorded.items += 1;
        } else {
            recorded.repeats += 1;
        }
    }
    let manner = Manner {
        at: reading.again.at,
        occasion: Occasion::History,
        hearing: Hearing::Reread,
    };
    for heeded in &reading.heeded {
        intake::heed(connection, manner, heeded, &mut recorded)?;
    }
    for category in &reading.again.categories {
        owasp::keep(connection, category)?;
    }
    Ok(recorded)
}

fn unknown(connection: &Connection, reading: &SecondReading) -> Result<Unknown, StoreError> {
    let mut unknown = Unknown::default();
    for item in &reading.again.items {
        let known: bool = connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM items WHERE id = ?1
                     UNION ALL SELECT 1 FROM forgotten_items WHERE id = ?1)",
            )?
            .query_one([item.id.as_bytes()], |row| row.get(0))?;
        if !known {
            unknown.items.push(item.id);
        }
    }
    for heeded in &reading.heeded {
        if vulnerabilities::would_change(connection, heeded, reading.again.at)? {
            unknown.cves.push(heeded.statement.cve.clone());
        }
    }
    Ok(unknown)
}

fn keep_memo(connection: &Connection, memo: &Memo) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO memos (key, value) VALUES (?1, ?2)
             ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        )?
        .execute((&memo.key, &memo.value))?;
    Ok(())
}

fn next_story(
    connection: &Connection,
    wanted: &Wanted,
    after: i64,
) -> Result<Option<Story>, StoreError> {
    let n: Option<i64> = connection
        .prepare_cached(
            "SELECT n FROM incidents i WHERE n > ?1 AND last_seen >= ?2 AND (?3 IS NULL OR EXISTS (
                 SELECT 1 FROM incident_keys WHERE kind = ?4 AND value = ?3 AND incident = i.n))
             ORDER BY n LIMIT 1",
        )?
        .query_row(
            (
                after,
                wanted.since.map_or(i64::MIN, rows::micros),
                wanted.source.as_ref().map(SourceId::as_str),
                Key::Source.number(),
            ),
            |row| row.get(0),
        )
        .optional()?;
    n.map(|n| story(connection, n)).transpose()
}

/// The incident in a row, with all its items in the order in which they were placed.
pub(super) fn story(connection: &Connection, n: i64) -> Result<Story, StoreError> {
    let mut lookup = connection.prepare_cached(
        "SELECT t.body, t.analysis, i.repeat_of, t.joined_because
         FROM items i JOIN item_texts t ON t.item = i.n
         WHERE i.incident = ?1 ORDER BY i.placed_at, i.n",
    )?;
    let mut found = lookup.query([n])?;
    let mut items: Vec<PlacedItem> = Vec::new();
    while let Some(row) = found.next()? {
        items.push(rows::placed_item(row)?);
    }
    Ok(Story {
        n,
        incident: incidents::get(connection, n)?,
        items,
    })
}

fn irrelevant(
    connection: &Connection,
    wanted: &Wanted,
    after: i64,
    limit: u32,
) -> Result<Vec<Irrelevant>, StoreError> {
    let mut lookup = connection.prepare_cached(
        "SELECT i.n, t.body, t.analysis FROM items i JOIN item_texts t ON t.item = i.n
         WHERE i.n > ?1 AND i.incident IS NULL AND i.placed_at IS NOT NULL
             AND i.effective >= ?2 AND (?3 IS NULL OR i.source = ?3)
         ORDER BY i.n LIMIT ?4",
    )?;
    let mut found = lookup.query((
        after,
        wanted.since.map_or(i64::MIN, rows::micros),
        wanted.source.as_ref().map(SourceId::as_str),
        limit.clamp(1, MOST_IRRELEVANT),
    ))?;
    let mut items = Vec::new();
    while let Some(row) = found.next()? {
        items.push(Irrelevant {
            n: row.get(0)?,
            item: rows::read(&row.get::<_, String>(1)?)?,
            analysis: rows::read(&row.get::<_, String>(2)?)?,
        });
    }
    Ok(items)
}

fn revise(connection: &Connection, revised: &Revised, texts: &[Text]) -> Result<(), StoreError> {
    for ((id, analysis), text) in revised.analyses.iter().zip(texts) {
        let found: Option<(i64, Option<i64>)> = connection
            .prepare_cached("SELECT n, incident FROM items WHERE id = ?1")?
            .query_row([id.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((item, incident)) = found else {
            continue;
        };
        let keys = &analysis.story_keys;
        let hash = text_hash(analysis);
        connection
            .prepare_cached("UPDATE items SET canonical_url = ?2, content_hash = ?3 WHERE n = ?1")?
            .execute((item, &keys.canonical_url, hash))?;
        connection
            .prepare_cached("UPDATE item_texts SET analysis = ?2 WHERE item = ?1")?
            .execute((item, &text.analysis))?;
        if let Some(incident) = incident {
            prints::rewrite(connection, item, incident, &keys.print)?;
            connection
                .prepare_cached("DELETE FROM items_fts WHERE rowid = ?1")?
                .execute([item])?;
            placing::index(connection, item, &text.title, &text.text)?;
        }
    }
    for id in &revised.placed_anew {
        connection
            .prepare_cached(
                "UPDATE items SET placed_at = NULL, occasion = ?2 WHERE id = ?1 AND incident IS NULL",
            )?
            .execute((id.as_bytes(), rows::occasion_number(Occasion::History)))?;
    }
    let Some(incident) = &revised.incident else {
        return Ok(());
    };
    let Some(n) = incidents::row(connection, incident.id)? else {
        return Ok(());
    };
    let stored = incidents::get(connection, n)?;
    let mut merged = incident.clone();
    merged.keep_decisions_of(&stored);
    merged.revision = stored.revision;
    learning::heed(connection, n, &stored, &mut merged)?;
    if merged == stored {
        // What queries ask of it may be told in another way than it was written.
        incidents::write_facts(connection, n, &stored)?;
    } else {
        merged.revision = stored.revision.saturating_add(1);
        incidents::update(connection, n, &merged)?;
        let cause = Cause {
            at: revised.at,
            by: None,
            item: None,
        };
        developments::note(connection, n, cause, &stored, &merged)?;
        let subject = incident.id.to_string();
        events::write(connection, revised.at, events::INCIDENT_UPDATED, &subject)?;
    }
    Ok(())
}
