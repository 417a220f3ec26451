//! Second readings: what a kept document gives today, and what stored items are
//! understood to be today.

use async_trait::async_trait;
use model::query::Key;
use model::{Document, ItemId, SourceId, Timestamp};

use super::work::{Lock, Work};
use super::writer::News;
use super::{
    Postgres, archive, developments, events, incidents, intake, lane, learning, owasp, placing,
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
use crate::{Fence, Occasion, Recorded, StoreError};

#[async_trait]
impl Archive for Postgres {
    async fn keep(
        &self,
        source: &SourceId,
        at: Timestamp,
        arrived: Arrived,
    ) -> Result<(), StoreError> {
        let packed = &off_thread(move || Packed::of(arrived)).await?;
        self.write(
            News::No,
            |()| None,
            |work| async move {
                work.lock_shared(Lock::Documents).await?;
                archive::keep(&work, source, at, packed, false).await
            },
        )
        .await
    }

    async fn kept(&self) -> Result<Kept, StoreError> {
        self.read(|work| async move { archive::kept(&work).await })
            .await
    }

    async fn sweep(&self, retention: &Retention, limit: u32) -> Result<Swept, StoreError> {
        self.write(
            News::No,
            |_| None,
            |work| async move {
                work.lock(Lock::Documents).await?;
                archive::sweep(&work, retention, limit).await
            },
        )
        .await
    }

    async fn readings(
        &self,
        wanted: &Wanted,
        after: Option<Place>,
        limit: u32,
    ) -> Result<Vec<Reading>, StoreError> {
        self.read(|work| async move { archive::readings(&work, wanted, after, limit).await })
            .await
    }

    async fn document(&self, reading: &Reading) -> Result<Option<Document>, StoreError> {
        self.read(|work| async move { archive::document(&work, reading).await })
            .await
    }

    async fn record_again(&self, again: Again, memo: &Memo) -> Result<Recorded, StoreError> {
        let reading = &off_thread(move || SecondReading::of(again)).await?;
        self.write(
            News::Yes,
            |_| None,
            |work| async move {
                let recorded = record(&work, reading).await?;
                keep_memo(&work, memo).await?;
                Ok(recorded)
            },
        )
        .await
    }

    async fn unknown(&self, again: &Again) -> Result<Unknown, StoreError> {
        let again = again.clone();
        let reading = &off_thread(move || SecondReading::of(again)).await?;
        self.read(|work| async move { unknown(&work, reading).await })
            .await
    }

    async fn next_story(&self, wanted: &Wanted, after: i64) -> Result<Option<Story>, StoreError> {
        self.read(|work| async move { next_story(&work, wanted, after).await })
            .await
    }

    async fn irrelevant(
        &self,
        wanted: &Wanted,
        after: i64,
        limit: u32,
    ) -> Result<Vec<Irrelevant>, StoreError> {
        self.read(|work| async move { irrelevant(&work, wanted, after, limit).await })
            .await
    }

    async fn revise(&self, fence: &Fence, revised: Revised, memo: &Memo) -> Result<(), StoreError> {
        let (revised, texts) = &off_thread(move || {
            let texts = Text::of(&revised)?;
            Ok((revised, texts))
        })
        .await?;
        self.write(
            News::Yes,
            |()| None,
            |work| async move {
                if !lane::holds(&work, fence).await? {
                    return Err(StoreError::Fenced);
                }
                revise(&work, revised, texts).await?;
                keep_memo(&work, memo).await
            },
        )
        .await
    }

    async fn memo(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.read(|work| async move {
            work.row("SELECT value FROM memos WHERE key = $1", &[&key])
                .await?
                .map(|row| Ok(row.try_get(0)?))
                .transpose()
        })
        .await
    }

    async fn keep_memo(&self, memo: &Memo) -> Result<(), StoreError> {
        self.write(
            News::No,
            |()| None,
            |work| async move { keep_memo(&work, memo).await },
        )
        .await
    }
}

async fn record(work: &Work, reading: &SecondReading) -> Result<Recorded, StoreError> {
    let mut recorded = Recorded::default();
    work.lock_source(&reading.again.source).await?;
    if !reading.heeded.is_empty() {
        work.lock(Lock::Statements).await?;
    }
    let items: Vec<_> = reading
        .again
        .items
        .iter()
        .cloned()
        .zip(reading.bodies.iter().cloned())
        .collect();
    intake::insert_items(work, &items, Occasion::History, &mut recorded).await?;
    let manner = Manner {
        at: reading.again.at,
        occasion: Occasion::History,
        hearing: Hearing::Reread,
    };
    intake::heed_all(work, manner, &reading.heeded, &mut recorded).await?;
    for category in &reading.again.categories {
        owasp::keep(work, category).await?;
    }
    Ok(recorded)
}

async fn unknown(work: &Work, reading: &SecondReading) -> Result<Unknown, StoreError> {
    let items = || reading.again.items.iter().map(|item| item.id);
    let known = intake::known(work, items()).await?;
    Ok(Unknown {
        items: items().filter(|id| !known.contains(&id.0)).collect(),
        cves: vulnerabilities::would_change(work, &reading.heeded, reading.again.at).await?,
    })
}

async fn keep_memo(work: &Work, memo: &Memo) -> Result<(), StoreError> {
    work.run(
        "INSERT INTO memos (key, value) VALUES ($1, $2)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        &[&memo.key, &rows::text(&memo.value)],
    )
    .await?;
    Ok(())
}

async fn next_story(work: &Work, wanted: &Wanted, after: i64) -> Result<Option<Story>, StoreError> {
    let found = work
        .row(
            "SELECT n FROM incidents i WHERE n > $1 AND last_seen >= $2 AND ($3::text IS NULL OR EXISTS (
                 SELECT 1 FROM incident_keys WHERE kind = $4 AND value = $3 AND incident = i.n))
             ORDER BY n LIMIT 1",
            &[
                &after,
                &wanted.since.map_or(i64::MIN, rows::micros),
                &wanted.source.as_ref().map(SourceId::as_str),
                &Key::Source.number(),
            ],
        )
        .await?;
    match found {
        Some(row) => Ok(Some(story(work, row.try_get(0)?).await?)),
        None => Ok(None),
    }
}

/// The incident in a row, with all its items in the order in which they were placed.
pub(super) async fn story(work: &Work, n: i64) -> Result<Story, StoreError> {
    let items = work
        .rows(
            "SELECT t.body, t.analysis, i.repeat_of, t.joined_because
             FROM items i JOIN item_texts t ON t.item = i.n
             WHERE i.incident = $1 ORDER BY i.placed_at, i.n",
            &[&n],
        )
        .await?
        .iter()
        .map(rows::placed_item)
        .collect::<Result<_, _>>()?;
    Ok(Story {
        n,
        incident: incidents::get(work, n).await?,
        items,
    })
}

async fn irrelevant(
    work: &Work,
    wanted: &Wanted,
    after: i64,
    limit: u32,
) -> Result<Vec<Irrelevant>, StoreError> {
    work.rows(
        "SELECT i.n, t.body, t.analysis FROM items i JOIN item_texts t ON t.item = i.n
         WHERE i.n > $1 AND i.incident IS NULL AND i.placed_at IS NOT NULL
             AND i.effective >= $2 AND ($3::text IS NULL OR i.source = $3)
         ORDER BY i.n LIMIT $4",
        &[
            &after,
            &wanted.since.map_or(i64::MIN, rows::micros),
            &wanted.source.as_ref().map(SourceId::as_str),
            &i64::from(limit.clamp(1, MOST_IRRELEVANT)),
        ],
    )
    .await?
    .iter()
    .map(|row| {
        Ok(Irrelevant {
            n: row.try_get(0)?,
            item: rows::body(row, 1)?,
            analysis: rows::body(row, 2)?,
        })
    })
    .collect()
}

async fn revise(work: &Work, revised: &Revised, texts: &[Text]) -> Result<(), StoreError> {
    for ((id, analysis), text) in revised.analyses.iter().zip(texts) {
        let found = work
            .row("SELECT n, incident FROM items WHERE id = $1", &[&id.0])
            .await?;
        let Some(row) = found else { continue };
        let item: i64 = row.try_get(0)?;
        work.run(
            "UPDATE items SET canonical_url = $2, content_hash = $3 WHERE n = $1",
            &[
                &item,
                &rows::maybe_text(analysis.story_keys.canonical_url.as_deref()),
                &text_hash(analysis).map(<[u8; 16]>::as_slice),
            ],
        )
        .await?;
        work.run(
            "UPDATE item_texts SET analysis = $2 WHERE item = $1",
            &[&item, &text.analysis],
        )
        .await?;
        if let Some(incident) = row.try_get(1)? {
            prints::rewrite(work, item, incident, &analysis.story_keys.print).await?;
            placing::index(work, item, &text.title, &text.text).await?;
        }
    }
    let anew: Vec<_> = revised.placed_anew.iter().map(|id: &ItemId| id.0).collect();
    work.run(
        "UPDATE items SET placed_at = NULL, occasion = $2 WHERE id = ANY ($1) AND incident IS NULL",
        &[&anew, &rows::occasion_number(Occasion::History)],
    )
    .await?;
    let Some(incident) = &revised.incident else {
        return Ok(());
    };
    let Some(n) = incidents::row_to_change(work, incident.id).await? else {
        return Ok(());
    };
    let stored = incidents::get(work, n).await?;
    let mut merged = incident.clone();
    merged.keep_decisions_of(&stored);
    merged.revision = stored.revision;
    learning::heed(work, n, &stored, &mut merged).await?;
    if merged == stored {
        // What queries ask of it may be told in another way than it was written.
        incidents::write_facts(work, n, &stored).await?;
    } else {
        merged.revision = stored.revision.saturating_add(1);
        incidents::update(work, n, &merged).await?;
        let cause = Cause {
            at: revised.at,
            by: None,
            item: None,
        };
        developments::note(work, n, cause, &stored, &merged).await?;
        work.tell(
            revised.at,
            events::INCIDENT_UPDATED,
            incident.id.to_string(),
        );
    }
    Ok(())
}
