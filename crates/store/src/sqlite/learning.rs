//! Feedback and decisions about models as rows.
//!
//! Feedback hangs on its item. What holds for an incident is what was said of the
//! items that are in it now, so a story that is split or merged needs no care here.

use async_trait::async_trait;
use model::incident::Development;
use model::{
    Decision, Feedback, FeedbackId, Incident, IncidentId, ItemId, ItemKind, Said, Task, Timestamp,
};
use rusqlite::{Connection, Row};

use super::writer::News;
use super::{Sqlite, developments, events, incidents, rows};
use crate::handling::Cause;
use crate::learning::{
    DECISIONS_KEPT, Effect, FeedbackFilter, FeedbackPage, Given, LONGEST_PAGE, LOOKED_AT, Learning,
    MOST_ITEMS, page_place,
};
use crate::{Change, Occasion, PlacedItem, StoreError};

#[async_trait]
impl Learning for Sqlite {
    async fn keep_feedback(&self, feedback: Feedback, effect: Effect) -> Result<bool, StoreError> {
        let body = rows::json(&feedback)?;
        self.writer
            .run(
                News::Yes,
                |_| None,
                move |connection| {
                    let at = feedback.said.at;
                    let cause = Cause::said(&feedback);
                    let said = Development::Said {
                        said: feedback.said.clone(),
                    };
                    if !follows(connection, &effect, cause, said)? {
                        return Ok(false);
                    }
                    connection
                        .prepare_cached(
                            "INSERT INTO feedback (id, item, at, body) VALUES (?1, ?2, ?3, ?4)",
                        )?
                        .execute((
                            feedback.id.as_bytes(),
                            feedback.item.as_bytes(),
                            rows::micros(at),
                            body,
                        ))?;
                    told(connection, at, feedback.id)?;
                    Ok(true)
                },
            )
            .await
    }

    async fn withdraw_feedback(
        &self,
        feedback: Feedback,
        change: Change,
        effect: Effect,
    ) -> Result<bool, StoreError> {
        self.writer
            .run(
                News::Yes,
                |_| None,
                move |connection| {
                    let cause = Cause {
                        item: Some(feedback.item),
                        ..Cause::of(&change)
                    };
                    let taken_back = Development::TakenBack {
                        said: feedback.said,
                    };
                    if !follows(connection, &effect, cause, taken_back)? {
                        return Ok(false);
                    }
                    connection
                        .prepare_cached("DELETE FROM feedback WHERE id = ?1")?
                        .execute([feedback.id.as_bytes()])?;
                    told(connection, change.at, feedback.id)?;
                    Ok(true)
                },
            )
            .await
    }

    async fn feedback(
        &self,
        filter: &FeedbackFilter,
        after: Option<&str>,
        limit: u32,
    ) -> Result<FeedbackPage, StoreError> {
        let filter = *filter;
        let after = page_place(after)?;
        self.readers
            .read(move |connection| page(connection, filter, after, limit.clamp(1, LONGEST_PAGE)))
            .await
    }

    async fn one_feedback(&self, id: FeedbackId) -> Result<Option<Given>, StoreError> {
        self.readers
            .read(move |connection| {
                let mut found = connection.prepare_cached(
                    "SELECT f.n, f.body, c.id FROM feedback f
                     LEFT JOIN items i ON i.id = f.item LEFT JOIN incidents c ON c.n = i.incident
                     WHERE f.id = ?1",
                )?;
                let mut found = found.query([id.as_bytes()])?;
                found.next()?.map(given).transpose()
            })
            .await
    }

    async fn feedback_on(&self, items: &[ItemId]) -> Result<Vec<Feedback>, StoreError> {
        let items = items.to_vec();
        self.readers
            .read(move |connection| {
                let mut feedback = Vec::new();
                for item in items {
                    feedback.extend(on(connection, item)?);
                }
                Ok(feedback)
            })
            .await
    }

    async fn placed_item(&self, item: ItemId) -> Result<Option<PlacedItem>, StoreError> {
        self.readers
            .read(move |connection| {
                let mut lookup = connection.prepare_cached(
                    "SELECT t.body, t.analysis, i.repeat_of, t.joined_because
                     FROM items i JOIN item_texts t ON t.item = i.n
                     WHERE i.id = ?1 AND i.placed_at IS NOT NULL",
                )?;
                let mut found = lookup.query([item.as_bytes()])?;
                found.next()?.map(rows::placed_item).transpose()
            })
            .await
    }

    async fn latest_placed(&self, limit: u32) -> Result<Vec<PlacedItem>, StoreError> {
        self.readers
            .read(move |connection| {
                // By the order of arrival: no index holds the time of placement.
                let mut lookup = connection.prepare_cached(
                    "SELECT t.body, t.analysis, i.repeat_of, t.joined_because
                     FROM items i JOIN item_texts t ON t.item = i.n
                     WHERE i.placed_at IS NOT NULL AND i.repeat_of IS NULL
                     ORDER BY i.n DESC LIMIT ?1",
                )?;
                let limit = limit.clamp(1, MOST_ITEMS);
                let mut found = lookup.query([limit.saturating_mul(LOOKED_AT)])?;
                let mut items = Vec::new();
                while let Some(row) = found.next()?
                    && items.len() < limit as usize
                {
                    let placed = rows::placed_item(row)?;
                    if placed.item.kind != ItemKind::CveRecord {
                        items.push(placed);
                    }
                }
                Ok(items)
            })
            .await
    }

    async fn decide(&self, decision: Decision) -> Result<(), StoreError> {
        let body = rows::json(&decision)?;
        self.writer
            .run(News::Yes, |()| None, move |connection| {
                let task = decision.task.as_str();
                connection
                    .prepare_cached("INSERT INTO model_decisions (task, at, body) VALUES (?1, ?2, ?3)")?
                    .execute((task, rows::micros(decision.at), body))?;
                connection
                    .prepare_cached(
                        "DELETE FROM model_decisions WHERE task = ?1 AND n <= (
                             SELECT n FROM model_decisions WHERE task = ?1 ORDER BY n DESC LIMIT 1 OFFSET ?2)",
                    )?
                    .execute((task, DECISIONS_KEPT))?;
                events::write(connection, decision.at, events::MODEL_DECIDED, task)
            })
            .await
    }

    async fn decisions(&self, task: Option<Task>, limit: u32) -> Result<Vec<Decision>, StoreError> {
        self.readers
            .read(move |connection| {
                let mut lookup = connection.prepare_cached(
                    "SELECT body FROM model_decisions WHERE ?1 IS NULL OR task = ?1 ORDER BY n DESC LIMIT ?2",
                )?;
                let mut found = lookup.query((task.map(Task::as_str), limit))?;
                let mut decisions = Vec::new();
                while let Some(row) = found.next()? {
                    decisions.push(rows::read(&row.get::<_, String>(0)?)?);
                }
                Ok(decisions)
            })
            .await
    }

    async fn decision_count(&self) -> Result<u64, StoreError> {
        self.readers
            .read(|connection| {
                Ok(connection
                    .prepare_cached("SELECT coalesce(max(n), 0) FROM model_decisions")?
                    .query_one([], |row| rows::count(row, 0))?)
            })
            .await
    }
}

/// What was said of the items that are in an incident now.
pub(super) fn said_of(connection: &Connection, incident: i64) -> Result<Option<Said>, StoreError> {
    let mut lookup = connection.prepare_cached(
        "SELECT f.body FROM feedback f JOIN items i ON i.id = f.item
         WHERE i.incident = ?1 ORDER BY f.at, f.n",
    )?;
    let mut found = lookup.query([incident])?;
    let mut said = Vec::new();
    while let Some(row) = found.next()? {
        let feedback: Feedback = rows::read(&row.get::<_, String>(0)?)?;
        said.push(feedback.said);
    }
    Ok(Said::together(said))
}

/// Lets an incident that is to be written say what people said of it.
pub(super) fn heed(
    connection: &Connection,
    n: i64,
    stored: &Incident,
    incident: &mut Incident,
) -> Result<(), StoreError> {
    // Nearly always nobody said anything, and nothing need be looked up.
    if stored.said.is_some() || incident.said.is_some() {
        incident.said = said_of(connection, n)?;
        incident.heed();
    }
    Ok(())
}

/// The same, once this item has come to an incident: what people said of the item is
/// the incident's from now on.
pub(super) fn settle(connection: &Connection, n: i64, item: ItemId) -> Result<(), StoreError> {
    let of_item = on(connection, item)?;
    for feedback in &of_item {
        let said = feedback.said.clone();
        developments::write(
            connection,
            n,
            Cause::said(feedback),
            &[Development::Said { said }],
        )?;
    }
    let stored = incidents::get(connection, n)?;
    let mut incident = stored.clone();
    incident.said = said_of(connection, n)?;
    if incident.said != stored.said {
        incident.heed();
        incidents::update(connection, n, &incident)?;
        if let Some(latest) = of_item.last() {
            developments::note(connection, n, Cause::said(latest), &stored, &incident)?;
        }
    }
    Ok(())
}

/// What was said of an item, oldest first.
fn on(connection: &Connection, item: ItemId) -> Result<Vec<Feedback>, StoreError> {
    let mut lookup =
        connection.prepare_cached("SELECT body FROM feedback WHERE item = ?1 ORDER BY at, n")?;
    let mut found = lookup.query([item.as_bytes()])?;
    let mut feedback = Vec::new();
    while let Some(row) = found.next()? {
        feedback.push(rows::read(&row.get::<_, String>(0)?)?);
    }
    Ok(feedback)
}

/// Writes what follows, and `told` in the incident's history; false, and nothing is
/// written, when the incident has moved on.
fn follows(
    connection: &Connection,
    effect: &Effect,
    cause: Cause<'_>,
    told: Development,
) -> Result<bool, StoreError> {
    match effect {
        Effect::Nothing => Ok(true),
        Effect::Incident(incident) => {
            let Some(n) = incidents::row(connection, incident.id)? else {
                return Ok(false);
            };
            let stored = incidents::get(connection, n)?;
            if stored.revision.saturating_add(1) != incident.revision {
                return Ok(false);
            }
            incidents::update(connection, n, incident)?;
            developments::write(connection, n, cause, &[told])?;
            developments::note(connection, n, cause, &stored, incident)?;
            let subject = incident.id.to_string();
            events::write(connection, cause.at, events::INCIDENT_UPDATED, &subject)?;
            Ok(true)
        }
        Effect::Placement(item) => {
            connection
                .prepare_cached(
                    "UPDATE items SET placed_at = NULL, occasion = ?2 WHERE id = ?1 AND incident IS NULL",
                )?
                .execute((item.as_bytes(), rows::occasion_number(Occasion::History)))?;
            Ok(true)
        }
    }
}

fn told(connection: &Connection, at: Timestamp, id: FeedbackId) -> Result<(), StoreError> {
    events::write(connection, at, events::FEEDBACK_CHANGED, &id.to_string())
}

fn page(
    connection: &Connection,
    filter: FeedbackFilter,
    after: i64,
    limit: u32,
) -> Result<FeedbackPage, StoreError> {
    const FROM: &str = "FROM feedback f
         LEFT JOIN items i ON i.id = f.item LEFT JOIN incidents c ON c.n = i.incident
         WHERE (?1 IS NULL OR c.id = ?1) AND (?2 IS NULL OR f.item = ?2)";
    let incident = filter.incident.map(|id| *id.as_bytes());
    let item = filter.item.map(|id| *id.as_bytes());
    let total = connection
        .prepare_cached(&format!("SELECT count(*) {FROM}"))?
        .query_one((incident, item), |row| rows::count(row, 0))?;
    let mut lookup = connection.prepare_cached(&format!(
        "SELECT f.n, f.body, c.id {FROM} AND f.n < ?3 ORDER BY f.n DESC LIMIT ?4"
    ))?;
    let mut found = lookup.query((incident, item, after, limit.saturating_add(1)))?;
    let mut page = FeedbackPage {
        total,
        ..FeedbackPage::default()
    };
    let mut last = None;
    while let Some(row) = found.next()? {
        if page.given.len() as u64 == u64::from(limit) {
            page.next = last;
            break;
        }
        last = Some(row.get::<_, i64>(0)?.to_string());
        page.given.push(given(row)?);
    }
    Ok(page)
}

fn given(row: &Row<'_>) -> Result<Given, StoreError> {
    let incident: Option<[u8; 16]> = row.get(2)?;
    Ok(Given {
        feedback: rows::read(&row.get::<_, String>(1)?)?,
        incident: incident.map(|id| IncidentId(rows::uuid(id))),
    })
}
