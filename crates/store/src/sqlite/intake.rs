//! Taking in what sources gave.

use async_trait::async_trait;
use model::{Item, ItemId, Milestone, Milestones, SourceId, Timestamp};
use rusqlite::Connection;

use super::writer::News;
use super::{Sqlite, archive, events, incidents, owasp, prune, rows, vulnerabilities};
use crate::codec::off_thread;
use crate::prepared::{Manner, Poll};
use crate::statement::{Change, Hearing, Heeded};
use crate::{Collected, Intake, Occasion, Recorded, SourceState, StoreError};

#[async_trait]
impl Intake for Sqlite {
    async fn record(&self, collected: Collected) -> Result<Recorded, StoreError> {
        // Encoding and hashing are most of the work and need no lock.
        let prepared = off_thread(move || Poll::of(collected)).await?;
        let milestones = std::sync::Arc::clone(&self.milestones);
        self.writer
            .run(
                News::Yes,
                |_| Some(Milestone::POLL_COMMITTED),
                move |connection| write(connection, &prepared, milestones.as_ref()),
            )
            .await
    }

    async fn record_failure(
        &self,
        source: &SourceId,
        at: Timestamp,
        error: &str,
    ) -> Result<(), StoreError> {
        let (source, at, error) = (source.clone(), rows::micros(at), error.to_owned());
        self.writer
            .run(News::Yes, |_| None, move |connection| {
                connection
                    .prepare_cached(
                        "INSERT INTO sources (source, cursor, last_attempt, failures, error, items, problems)
                         VALUES (?1, 'null', ?2, 1, ?3, 0, 0)
                         ON CONFLICT (source) DO UPDATE SET
                             last_attempt = excluded.last_attempt, failures = failures + 1, error = excluded.error",
                    )?
                    .execute((source.as_str(), at, error))?;
                Ok(())
            })
            .await
    }

    async fn source_states(&self) -> Result<Vec<SourceState>, StoreError> {
        self.readers
            .read(|connection| states(connection, None))
            .await
    }

    async fn source_state(&self, source: &SourceId) -> Result<Option<SourceState>, StoreError> {
        let source = source.clone();
        self.readers
            .read(move |connection| Ok(states(connection, Some(&source))?.pop()))
            .await
    }
}

fn write(
    connection: &Connection,
    poll: &Poll,
    milestones: &dyn Milestones,
) -> Result<Recorded, StoreError> {
    let mut recorded = Recorded::default();
    for (item, body) in &poll.items {
        if insert(connection, item, body, poll.occasion)? {
            recorded.items += 1;
        } else {
            recorded.repeats += 1;
        }
    }
    let manner = Manner {
        at: poll.at,
        occasion: poll.occasion,
        hearing: Hearing::on(poll.occasion),
    };
    for heeded in &poll.heeded {
        heed(connection, manner, heeded, &mut recorded)?;
    }
    for category in &poll.categories {
        owasp::keep(connection, category)?;
    }
    let news = recorded.items + recorded.new_vulnerabilities + recorded.changed_vulnerabilities > 0;
    let brought = news || poll.problems.0 > 0;
    archive::keep(connection, &poll.source, poll.at, &poll.arrived, brought)?;
    milestones.passed(Milestone::ITEMS_WRITTEN);

    let at = rows::micros(poll.at);
    connection
        .prepare_cached(
            "INSERT INTO sources (source, cursor, first_success, last_success, last_attempt, failures, error,
                 last_item, items, problems, problem)
             VALUES (?1, coalesce(?2, 'null'), ?3, ?3, ?3, 0, NULL, ?4, ?5, ?6, ?7)
             ON CONFLICT (source) DO UPDATE SET
                 cursor = coalesce(?2, cursor),
                 first_success = coalesce(first_success, ?3), last_success = ?3, last_attempt = ?3,
                 failures = 0, error = NULL,
                 last_item = coalesce(?4, last_item), items = items + ?5,
                 problems = ?6, problem = ?7",
        )?
        .execute((
            poll.source.as_str(),
            &poll.cursor,
            at,
            news.then_some(at),
            recorded.items,
            poll.problems.0,
            &poll.problems.1,
        ))?;
    if news {
        events::write(
            connection,
            poll.at,
            events::SOURCE_POLLED,
            poll.source.as_str(),
        )?;
    }
    Ok(recorded)
}

/// Keeps a statement and, if people should hear of it, makes it an item.
pub(super) fn heed(
    connection: &Connection,
    manner: Manner,
    heeded: &Heeded,
    recorded: &mut Recorded,
) -> Result<(), StoreError> {
    let material = match vulnerabilities::keep(connection, heeded, manner.at, manner.hearing)? {
        Change::None => {
            // The statement is old, but the keyword that promotes it may be new.
            if heeded.promote && insert_statement(connection, manner, heeded)? {
                recorded.items += 1;
            }
            return Ok(());
        }
        Change::New { material } => {
            recorded.new_vulnerabilities += 1;
            material
        }
        Change::Changed { material } => {
            recorded.changed_vulnerabilities += 1;
            material
        }
    };
    incidents::refresh(connection, &heeded.statement.cve)?;
    let moves_incident =
        material && vulnerabilities::is_in_incident(connection, &heeded.statement.cve)?;
    if !heeded.promote && !moves_incident {
        return Ok(());
    }
    if insert_statement(connection, manner, heeded)? {
        recorded.items += 1;
    } else if moves_incident {
        // The text is what it was and its item was placed long ago, yet the facts
        // have changed: a new version of the same document, named after them.
        let mut item = heeded.statement.to_item(manner.at);
        item.id = ItemId::of(
            &item.source,
            &item.external_id,
            &heeded.statement.content_hash(),
        );
        let body = rows::json(&item)?;
        if insert(connection, &item, &body, manner.occasion)? {
            recorded.items += 1;
        }
    } else {
        recorded.repeats += 1;
    }
    Ok(())
}

fn insert_statement(
    connection: &Connection,
    manner: Manner,
    heeded: &Heeded,
) -> Result<bool, StoreError> {
    let item = heeded.statement.to_item(manner.at);
    insert(connection, &item, &rows::json(&item)?, manner.occasion)
}

/// Writes an item that waits for placement; false if it is known.
pub(super) fn insert(
    connection: &Connection,
    item: &Item,
    body: &str,
    occasion: Occasion,
) -> Result<bool, StoreError> {
    if prune::was_forgotten(connection, item)? {
        return Ok(false);
    }
    let written = connection
        .prepare_cached(
            "INSERT INTO items (id, source, external_id, effective, occasion) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (id) DO NOTHING",
        )?
        .execute((
            item.id.as_bytes(),
            item.source.as_str(),
            &item.external_id,
            rows::micros(item.effective()),
            rows::occasion_number(occasion),
        ))?;
    if written == 0 {
        return Ok(false);
    }
    connection
        .prepare_cached("INSERT INTO item_texts (item, author, body) VALUES (?1, ?2, ?3)")?
        .execute((connection.last_insert_rowid(), &item.author, body))?;
    Ok(true)
}

/// How sources stand: all of them, or one.
fn states(
    connection: &Connection,
    only: Option<&SourceId>,
) -> Result<Vec<SourceState>, StoreError> {
    let mut lookup = connection.prepare_cached(
        "SELECT s.source, s.cursor, s.first_success, s.last_success, s.last_attempt, s.failures, s.error,
             s.last_item, s.items, s.problems, s.problem, l.body
         FROM sources s LEFT JOIN source_ledgers l ON l.source = s.source
         WHERE ?1 IS NULL OR s.source = ?1 ORDER BY s.source",
    )?;
    let mut found = lookup.query([only.map(SourceId::as_str)])?;
    let mut states = Vec::new();
    while let Some(row) = found.next()? {
        states.push(SourceState {
            source: rows::name(&row.get::<_, String>(0)?)?,
            cursor: rows::read(&row.get::<_, String>(1)?)?,
            first_success: rows::maybe_time(row.get(2)?)?,
            last_success: rows::maybe_time(row.get(3)?)?,
            last_attempt: rows::maybe_time(row.get(4)?)?,
            failures: row.get(5)?,
            error: row.get(6)?,
            last_item: rows::maybe_time(row.get(7)?)?,
            items: rows::count(row, 8)?,
            problems: (row.get(9)?, row.get(10)?),
            ledger: rows::ledger(row.get::<_, Option<String>>(11)?.as_deref()),
        });
    }
    Ok(states)
}
