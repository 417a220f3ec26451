//! Placement's side: the lease of the lane, what waits, what is known.

use async_trait::async_trait;
use model::incident::Candidate;
use model::tokens::{self, Text};
use model::{Analysis, CveId, IncidentId, Item, Timestamp, Vulnerability};
use rusqlite::{Connection, OptionalExtension};
use serde::Deserialize;

use super::writer::News;
use super::{Sqlite, candidates, incidents, rows, sitting, vulnerabilities};
use crate::candidate::Wanted;
use crate::prepared::MOST_WAITING;
use crate::{Fence, Lane, Sitting, StoreError, Waiting};

#[async_trait]
impl Lane for Sqlite {
    async fn acquire(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Fence>, StoreError> {
        let (name, holder) = (name.to_owned(), holder.to_owned());
        self.writer
            .run(
                News::No,
                |_| None,
                move |connection| {
                    let number = acquire(
                        connection,
                        &name,
                        &holder,
                        rows::micros(now),
                        rows::micros(until),
                    )?;
                    Ok(number.map(|number| Fence { name, number }))
                },
            )
            .await
    }

    async fn release(&self, fence: &Fence) -> Result<(), StoreError> {
        let fence = fence.clone();
        self.writer
            .run(
                News::No,
                |_| None,
                move |connection| {
                    connection
                        .prepare_cached(
                            "UPDATE leases SET holder = NULL WHERE name = ?1 AND number = ?2",
                        )?
                        .execute((fence.name, fence.number))?;
                    Ok(())
                },
            )
            .await
    }

    async fn unplaced(&self, limit: u32) -> Result<Vec<Waiting>, StoreError> {
        self.readers
            .read(move |connection| unplaced(connection, limit.min(MOST_WAITING)))
            .await
    }

    async fn unplaced_count(&self) -> Result<u64, StoreError> {
        self.readers
            .read(|connection| {
                Ok(connection
                    .prepare_cached("SELECT count(*) FROM items WHERE placed_at IS NULL")?
                    .query_one([], |row| rows::count(row, 0))?)
            })
            .await
    }

    async fn candidates(
        &self,
        item: &Item,
        analysis: &Analysis,
    ) -> Result<Vec<Candidate>, StoreError> {
        let wanted = Wanted::of(item, analysis);
        self.readers
            .read(move |connection| candidates::find(connection, &wanted))
            .await
    }

    async fn texts(&self, incident: IncidentId, limit: u32) -> Result<Vec<Text>, StoreError> {
        self.readers
            .read(move |connection| texts(connection, incident, limit))
            .await
    }

    async fn vulnerabilities(&self, cves: &[CveId]) -> Result<Vec<Vulnerability>, StoreError> {
        if cves.is_empty() {
            return Ok(Vec::new());
        }
        let cves = cves.to_vec();
        self.readers
            .read(move |connection| vulnerabilities(connection, &cves))
            .await
    }

    async fn sit<'a>(&'a self, fence: &Fence) -> Result<Box<dyn Sitting + 'a>, StoreError> {
        sitting::begin(self, fence).await
    }
}

/// What is known of these CVEs, unknown ones left out.
pub(super) fn vulnerabilities(
    connection: &Connection,
    cves: &[CveId],
) -> Result<Vec<Vulnerability>, StoreError> {
    cves.iter()
        .filter_map(|cve| vulnerabilities::get(connection, cve).transpose())
        .collect()
}

/// The fencing number under which `holder` has the lease now, if it does.
fn acquire(
    connection: &Connection,
    name: &str,
    holder: &str,
    now: i64,
    until: i64,
) -> Result<Option<i64>, StoreError> {
    let held: Option<(Option<String>, i64, i64)> = connection
        .prepare_cached("SELECT holder, number, until FROM leases WHERE name = ?1")?
        .query_row([name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let number = match held {
        None => 1,
        Some((Some(by), number, _)) if by == holder => number,
        Some((Some(_), _, expires)) if expires > now => return Ok(None),
        Some((_, number, _)) => number + 1,
    };
    connection
        .prepare_cached(
            "INSERT INTO leases (name, holder, number, until) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (name) DO UPDATE SET holder = ?2, number = ?3, until = ?4",
        )?
        .execute((name, holder, number, until))?;
    Ok(Some(number))
}

/// The texts of an incident's latest items, as full text has them.
pub(super) fn texts(
    connection: &Connection,
    id: IncidentId,
    limit: u32,
) -> Result<Vec<Text>, StoreError> {
    let Some(n) = incidents::row(connection, id)? else {
        return Ok(Vec::new());
    };
    let mut lookup = connection.prepare_cached(
        "SELECT i.source, t.author, t.analysis FROM items i JOIN item_texts t ON t.item = i.n
         WHERE i.incident = ?1 ORDER BY i.repeat_of IS NOT NULL, i.effective DESC, i.n DESC LIMIT ?2",
    )?;
    let mut found = lookup.query((n, limit))?;
    let mut texts = Vec::new();
    while let Some(row) = found.next()? {
        let (source, author): (String, Option<String>) = (row.get(0)?, row.get(1)?);
        let said: Said = rows::read(&row.get::<_, String>(2)?)?;
        let tellers = tokens::tellers(&source, author.as_deref());
        texts.push(Text::of(&said.title, &said.text, &tellers));
    }
    Ok(texts)
}

/// What of an analysis is full text.
#[derive(Deserialize)]
struct Said {
    title: String,
    text: String,
}

/// Whether the lease is still the fence's. An expired one is, until somebody takes
/// it: nobody else can have placed anything.
pub(super) fn holds(connection: &Connection, fence: &Fence) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM leases WHERE name = ?1 AND number = ?2 AND holder IS NOT NULL)",
        )?
        .query_one((&fence.name, fence.number), |row| row.get(0))?)
}

fn unplaced(connection: &Connection, limit: u32) -> Result<Vec<Waiting>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT t.body, i.occasion FROM items i JOIN item_texts t ON t.item = i.n
         WHERE i.placed_at IS NULL ORDER BY i.occasion = 1, i.effective, i.n LIMIT ?1",
    )?;
    let mut found = statement.query([limit])?;
    let mut waiting = Vec::new();
    while let Some(row) = found.next()? {
        waiting.push(Waiting {
            item: rows::read(&row.get::<_, String>(0)?)?,
            occasion: rows::occasion(row.get(1)?)?,
        });
    }
    Ok(waiting)
}
