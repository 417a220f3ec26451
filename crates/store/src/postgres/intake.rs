//! Taking in what sources gave.

use std::collections::HashSet;

use async_trait::async_trait;
use model::{Item, ItemId, Milestone, Milestones, SourceId, Timestamp};
use uuid::Uuid;

use super::vulnerabilities::{self, Knowledge};
use super::work::{Lock, Work};
use super::writer::News;
use super::{Postgres, archive, events, incidents, owasp, prune, rows};
use crate::codec::off_thread;
use crate::prepared::{Manner, Poll};
use crate::statement::{Change, Hearing, Heeded};
use crate::{Collected, Intake, Occasion, Recorded, SourceState, StoreError};

/// Items written by one statement.
const TOGETHER: usize = 64;

#[async_trait]
impl Intake for Postgres {
    async fn record(&self, collected: Collected) -> Result<Recorded, StoreError> {
        let poll = off_thread(move || Poll::of(collected)).await?;
        let (poll, milestones) = (&poll, self.milestones.as_ref());
        self.write(
            News::Yes,
            |_| Some(Milestone::POLL_COMMITTED),
            |work| async move { write(&work, poll, milestones).await },
        )
        .await
    }

    async fn record_failure(
        &self,
        source: &SourceId,
        at: Timestamp,
        error: &str,
    ) -> Result<(), StoreError> {
        self.write(News::Yes, |()| None, |work| async move {
            work.run(
                "INSERT INTO sources (source, cursor, last_attempt, failures, error, items, problems)
                 VALUES ($1, 'null', $2, 1, $3, 0, 0)
                 ON CONFLICT (source) DO UPDATE SET
                     last_attempt = excluded.last_attempt, failures = sources.failures + 1, error = excluded.error",
                &[&source.as_str(), &rows::micros(at), &rows::text(error)],
            )
            .await?;
            Ok(())
        })
        .await
    }

    async fn source_states(&self) -> Result<Vec<SourceState>, StoreError> {
        self.read(|work| async move { states(&work, None).await })
            .await
    }

    async fn source_state(&self, source: &SourceId) -> Result<Option<SourceState>, StoreError> {
        self.read(|work| async move { Ok(states(&work, Some(source)).await?.pop()) })
            .await
    }
}

async fn write(
    work: &Work,
    poll: &Poll,
    milestones: &dyn Milestones,
) -> Result<Recorded, StoreError> {
    work.lock_source(&poll.source).await?;
    if !poll.heeded.is_empty() {
        work.lock(Lock::Statements).await?;
    }
    if !poll.arrived.documents.is_empty() {
        work.lock_shared(Lock::Documents).await?;
    }
    let mut recorded = Recorded::default();
    insert_items(work, &poll.items, poll.occasion, &mut recorded).await?;
    let manner = Manner {
        at: poll.at,
        occasion: poll.occasion,
        hearing: Hearing::on(poll.occasion),
    };
    heed_all(work, manner, &poll.heeded, &mut recorded).await?;
    for category in &poll.categories {
        owasp::keep(work, category).await?;
    }
    let news = recorded.items + recorded.new_vulnerabilities + recorded.changed_vulnerabilities > 0;
    let brought = news || poll.problems.0 > 0;
    archive::keep(work, &poll.source, poll.at, &poll.arrived, brought).await?;
    milestones.passed(Milestone::ITEMS_WRITTEN);

    let at = rows::micros(poll.at);
    work.run(
        "INSERT INTO sources AS s (source, cursor, first_success, last_success, last_attempt, failures, error,
             last_item, items, problems, problem)
         VALUES ($1, coalesce($2::text, 'null'), $3, $3, $3, 0, NULL, $4, $5, $6, $7)
         ON CONFLICT (source) DO UPDATE SET
             cursor = coalesce($2::text, s.cursor),
             first_success = coalesce(s.first_success, excluded.first_success),
             last_success = excluded.last_success, last_attempt = excluded.last_attempt,
             failures = 0, error = NULL,
             last_item = coalesce(excluded.last_item, s.last_item), items = s.items + excluded.items,
             problems = excluded.problems, problem = excluded.problem",
        &[
            &poll.source.as_str(),
            &poll.cursor,
            &at,
            &news.then_some(at),
            &i64::from(recorded.items),
            &i64::from(poll.problems.0),
            &rows::maybe_text(poll.problems.1.as_deref()),
        ],
    )
    .await?;
    if news {
        work.tell(
            poll.at,
            events::SOURCE_POLLED,
            poll.source.as_str().to_owned(),
        );
    }
    Ok(recorded)
}

/// Writes items that wait for placement, and counts which were new.
pub(super) async fn insert_items(
    work: &Work,
    items: &[(Item, String)],
    occasion: Occasion,
    recorded: &mut Recorded,
) -> Result<(), StoreError> {
    // Most of most polls is known: that costs one question.
    let known = known(work, items.iter().map(|(item, _)| item.id)).await?;
    prune::seen_again(work, items.iter().map(|(item, _)| item)).await?;
    let mut seen = HashSet::new();
    let new: Vec<&(Item, String)> = items
        .iter()
        .filter(|(item, _)| !known.contains(&item.id.0) && seen.insert(item.id.0))
        .collect();
    let mut written = 0;
    for together in new.chunks(TOGETHER) {
        written += insert_together(work, together, occasion).await?;
    }
    let written = u32::try_from(written).unwrap_or(u32::MAX);
    let all = u32::try_from(items.len()).unwrap_or(u32::MAX);
    recorded.items += written;
    recorded.repeats += all.saturating_sub(written);
    Ok(())
}

/// Which of these items are stored, or were and are forgotten.
pub(super) async fn known(
    work: &Work,
    items: impl Iterator<Item = ItemId>,
) -> Result<HashSet<Uuid>, StoreError> {
    let ids: Vec<Uuid> = items.map(|id| id.0).collect();
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    work.rows(
        "SELECT id FROM items WHERE id = ANY ($1)
         UNION ALL SELECT id FROM forgotten_items WHERE id = ANY ($1)",
        &[&ids],
    )
    .await?
    .iter()
    .map(|row| Ok(row.try_get(0)?))
    .collect()
}

/// Keeps statements and, where people should hear of one, makes it an item.
pub(super) async fn heed_all(
    work: &Work,
    manner: Manner,
    heeded: &[Heeded],
    recorded: &mut Recorded,
) -> Result<(), StoreError> {
    if heeded.is_empty() {
        return Ok(());
    }
    let mut knowledge = Knowledge::of(work, heeded, manner.at, manner.hearing).await?;
    let mut changed: Vec<&str> = Vec::new();
    for one in heeded {
        if heed(work, &mut knowledge, manner, one, recorded).await? {
            changed.push(one.statement.cve.as_str());
        }
    }
    incidents::refresh(work, &changed).await
}

/// True if something else is known of the CVE now.
async fn heed(
    work: &Work,
    knowledge: &mut Knowledge,
    manner: Manner,
    heeded: &Heeded,
    recorded: &mut Recorded,
) -> Result<bool, StoreError> {
    let change = vulnerabilities::keep(work, knowledge, heeded, manner.at, manner.hearing).await?;
    let material = match change {
        Change::None => {
            // The statement is old, but the keyword that promotes it may be new.
            if heeded.promote && insert_statement(work, manner, heeded).await? {
                recorded.items += 1;
            }
            return Ok(false);
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
    let moves_incident =
        material && vulnerabilities::is_in_incident(work, &heeded.statement.cve).await?;
    if !heeded.promote && !moves_incident {
        return Ok(true);
    }
    if insert_statement(work, manner, heeded).await? {
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
        if insert(work, &item, &body, manner.occasion).await? {
            recorded.items += 1;
        }
    } else {
        recorded.repeats += 1;
    }
    Ok(true)
}

async fn insert_statement(
    work: &Work,
    manner: Manner,
    heeded: &Heeded,
) -> Result<bool, StoreError> {
    let item = heeded.statement.to_item(manner.at);
    insert(work, &item, &rows::json(&item)?, manner.occasion).await
}

/// Writes items that wait for placement, in their order, and says how many: those that
/// somebody else wrote meanwhile, and those that were forgotten, are not.
async fn insert_together(
    work: &Work,
    items: &[&(Item, String)],
    occasion: Occasion,
) -> Result<u64, StoreError> {
    let ids: Vec<_> = items.iter().map(|(item, _)| item.id.0).collect();
    let sources: Vec<_> = items.iter().map(|(item, _)| item.source.as_str()).collect();
    let names: Vec<_> = items
        .iter()
        .map(|(item, _)| rows::text(&item.external_id))
        .collect();
    let times: Vec<_> = items
        .iter()
        .map(|(item, _)| rows::micros(item.effective()))
        .collect();
    let authors: Vec<_> = items
        .iter()
        .map(|(item, _)| rows::maybe_text(item.author.as_deref()))
        .collect();
    let bodies: Vec<_> = items.iter().map(|(_, body)| body).collect();
    work.run(
        "WITH asked AS (
             SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[])
                 WITH ORDINALITY AS a (id, source, external_id, effective, author, body, nth)),
         written AS (
             INSERT INTO items (id, source, external_id, effective, occasion)
             SELECT id, source, external_id, effective, $7 FROM asked a
             WHERE NOT EXISTS (SELECT 1 FROM items i WHERE i.id = a.id)
                 AND NOT EXISTS (SELECT 1 FROM forgotten_items f WHERE f.id = a.id)
             ORDER BY nth
             ON CONFLICT (id) DO NOTHING RETURNING n, id)
         INSERT INTO item_texts (item, author, body)
         SELECT w.n, a.author, a.body FROM written w JOIN asked a ON a.id = w.id",
        &[
            &ids,
            &sources,
            &names,
            &times,
            &authors,
            &bodies,
            &rows::occasion_number(occasion),
        ],
    )
    .await
}

/// Writes an item that waits for placement; false if it is known. A known one must
/// not move the sequence: placement counts recent items by their numbers.
async fn insert(
    work: &Work,
    item: &Item,
    body: &str,
    occasion: Occasion,
) -> Result<bool, StoreError> {
    let written = work
        .run(
            "WITH written AS (
                 INSERT INTO items (id, source, external_id, effective, occasion)
                 SELECT $1, $2, $3, $4, $5 WHERE NOT EXISTS (SELECT 1 FROM items WHERE id = $1)
                     AND NOT EXISTS (SELECT 1 FROM forgotten_items WHERE id = $1)
                 ON CONFLICT (id) DO NOTHING RETURNING n)
             INSERT INTO item_texts (item, author, body) SELECT n, $6, $7 FROM written",
            &[
                &item.id.0,
                &item.source.as_str(),
                &rows::text(&item.external_id),
                &rows::micros(item.effective()),
                &rows::occasion_number(occasion),
                &rows::maybe_text(item.author.as_deref()),
                &body,
            ],
        )
        .await?;
    Ok(written > 0)
}

/// How sources stand: all of them, or one.
async fn states(work: &Work, only: Option<&SourceId>) -> Result<Vec<SourceState>, StoreError> {
    work.rows(
        "SELECT s.source, s.cursor, s.first_success, s.last_success, s.last_attempt, s.failures, s.error,
             s.last_item, s.items, s.problems, s.problem, l.body
         FROM sources s LEFT JOIN source_ledgers l ON l.source = s.source
         WHERE $1::text IS NULL OR s.source = $1 ORDER BY s.source",
        &[&only.map(SourceId::as_str)],
    )
    .await?
    .iter()
    .map(|row| {
        Ok(SourceState {
            source: rows::name_of(row, 0)?,
            cursor: rows::body(row, 1)?,
            first_success: rows::maybe_time_of(row, 2)?,
            last_success: rows::maybe_time_of(row, 3)?,
            last_attempt: rows::maybe_time_of(row, 4)?,
            failures: rows::small(row, 5)?,
            error: row.try_get(6)?,
            last_item: rows::maybe_time_of(row, 7)?,
            items: rows::count(row, 8)?,
            problems: (rows::small(row, 9)?, row.try_get(10)?),
            ledger: rows::ledger(row.try_get(11)?),
        })
    })
    .collect()
}
