//! Feedback and decisions about models as rows.
//!
//! Feedback hangs on its item. What holds for an incident is what was said of the
//! items that are in it now, so a story that is split or merged needs no care here.

use async_trait::async_trait;
use model::incident::Development;
use model::{Decision, Feedback, FeedbackId, Incident, IncidentId, ItemId, ItemKind, Said, Task};
use tokio_postgres::Row;
use uuid::Uuid;

use super::work::Work;
use super::writer::News;
use super::{Postgres, developments, events, incidents, rows};
use crate::handling::Cause;
use crate::learning::{
    DECISIONS_KEPT, Effect, FeedbackFilter, FeedbackPage, Given, LONGEST_PAGE, LOOKED_AT, Learning,
    MOST_ITEMS, page_place,
};
use crate::{Change, Occasion, PlacedItem, StoreError};

#[async_trait]
impl Learning for Postgres {
    async fn keep_feedback(&self, feedback: Feedback, effect: Effect) -> Result<bool, StoreError> {
        let (feedback, effect, body) = (&feedback, &effect, &rows::json(&feedback)?);
        self.write(
            News::Yes,
            |_| None,
            |work| async move {
                let at = feedback.said.at;
                let said = Development::Said {
                    said: feedback.said.clone(),
                };
                if !follows(&work, effect, Cause::said(feedback), said).await? {
                    return Ok(false);
                }
                work.run(
                    "INSERT INTO feedback (id, item, at, body) VALUES ($1, $2, $3, $4)",
                    &[&feedback.id.0, &feedback.item.0, &rows::micros(at), body],
                )
                .await?;
                work.tell(at, events::FEEDBACK_CHANGED, feedback.id.to_string());
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
        let (feedback, change, effect) = (&feedback, &change, &effect);
        self.write(
            News::Yes,
            |_| None,
            |work| async move {
                let cause = Cause {
                    item: Some(feedback.item),
                    ..Cause::of(change)
                };
                let taken_back = Development::TakenBack {
                    said: feedback.said.clone(),
                };
                if !follows(&work, effect, cause, taken_back).await? {
                    return Ok(false);
                }
                work.run("DELETE FROM feedback WHERE id = $1", &[&feedback.id.0])
                    .await?;
                work.tell(change.at, events::FEEDBACK_CHANGED, feedback.id.to_string());
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
        let after = page_place(after)?;
        self.read(
            |work| async move { page(&work, filter, after, limit.clamp(1, LONGEST_PAGE)).await },
        )
        .await
    }

    async fn one_feedback(&self, id: FeedbackId) -> Result<Option<Given>, StoreError> {
        self.read(|work| async move {
            work.row(
                "SELECT f.n, f.body, c.id FROM feedback f
                 LEFT JOIN items i ON i.id = f.item LEFT JOIN incidents c ON c.n = i.incident
                 WHERE f.id = $1",
                &[&id.0],
            )
            .await?
            .as_ref()
            .map(given)
            .transpose()
        })
        .await
    }

    async fn feedback_on(&self, items: &[ItemId]) -> Result<Vec<Feedback>, StoreError> {
        self.read(|work| async move { on(&work, items).await })
            .await
    }

    async fn placed_item(&self, item: ItemId) -> Result<Option<PlacedItem>, StoreError> {
        self.read(|work| async move {
            work.row(
                "SELECT t.body, t.analysis, i.repeat_of, t.joined_because
                 FROM items i JOIN item_texts t ON t.item = i.n
                 WHERE i.id = $1 AND i.placed_at IS NOT NULL",
                &[&item.0],
            )
            .await?
            .as_ref()
            .map(rows::placed_item)
            .transpose()
        })
        .await
    }

    async fn latest_placed(&self, limit: u32) -> Result<Vec<PlacedItem>, StoreError> {
        let limit = limit.clamp(1, MOST_ITEMS);
        self.read(|work| async move {
            // By the order of arrival: no index holds the time of placement.
            let found = work
                .rows(
                    "SELECT t.body, t.analysis, i.repeat_of, t.joined_because
                     FROM items i JOIN item_texts t ON t.item = i.n
                     WHERE i.placed_at IS NOT NULL AND i.repeat_of IS NULL
                     ORDER BY i.n DESC LIMIT $1",
                    &[&i64::from(limit.saturating_mul(LOOKED_AT))],
                )
                .await?;
            let mut items = Vec::new();
            for row in found {
                if items.len() >= limit as usize {
                    break;
                }
                let placed = rows::placed_item(&row)?;
                if placed.item.kind != ItemKind::CveRecord {
                    items.push(placed);
                }
            }
            Ok(items)
        })
        .await
    }

    async fn decide(&self, decision: Decision) -> Result<(), StoreError> {
        let (decision, body) = (&decision, &rows::json(&decision)?);
        self.write(
            News::Yes,
            |()| None,
            |work| async move {
                let task = decision.task.as_str();
                work.run(
                    "INSERT INTO model_decisions (task, at, body) VALUES ($1, $2, $3)",
                    &[&task, &rows::micros(decision.at), body],
                )
                .await?;
                work.run(
                    "DELETE FROM model_decisions WHERE task = $1 AND n <= (
                         SELECT n FROM model_decisions WHERE task = $1 ORDER BY n DESC LIMIT 1 OFFSET $2)",
                    &[&task, &DECISIONS_KEPT],
                )
                .await?;
                work.tell(decision.at, events::MODEL_DECIDED, task.to_owned());
                Ok(())
            },
        )
        .await
    }

    async fn decisions(&self, task: Option<Task>, limit: u32) -> Result<Vec<Decision>, StoreError> {
        self.read(|work| async move {
            work.rows(
                "SELECT body FROM model_decisions WHERE $1::text IS NULL OR task = $1
                 ORDER BY n DESC LIMIT $2",
                &[&task.map(Task::as_str), &i64::from(limit)],
            )
            .await?
            .iter()
            .map(|row| rows::body(row, 0))
            .collect()
        })
        .await
    }

    async fn decision_count(&self) -> Result<u64, StoreError> {
        self.read(|work| async move {
            let row = work
                .one("SELECT coalesce(max(n), 0) FROM model_decisions", &[])
                .await?;
            rows::count(&row, 0)
        })
        .await
    }
}

/// What was said of the items that are in an incident now.
async fn said_of(work: &Work, incident: i64) -> Result<Option<Said>, StoreError> {
    let found = work
        .rows(
            "SELECT f.body FROM feedback f JOIN items i ON i.id = f.item
             WHERE i.incident = $1 ORDER BY f.at, f.n",
            &[&incident],
        )
        .await?;
    let mut said = Vec::new();
    for row in found {
        let feedback: Feedback = rows::body(&row, 0)?;
        said.push(feedback.said);
    }
    Ok(Said::together(said))
}

/// Lets an incident that is to be written say what people said of it.
pub(super) async fn heed(
    work: &Work,
    n: i64,
    stored: &Incident,
    incident: &mut Incident,
) -> Result<(), StoreError> {
    // Nearly always nobody said anything, and nothing need be looked up.
    if stored.said.is_some() || incident.said.is_some() {
        incident.said = said_of(work, n).await?;
        incident.heed();
    }
    Ok(())
}

/// The same, once this item has come to an incident: what people said of the item is
/// the incident's from now on.
pub(super) async fn settle(work: &Work, n: i64, item: ItemId) -> Result<(), StoreError> {
    let of_item = on(work, &[item]).await?;
    for feedback in &of_item {
        let said = feedback.said.clone();
        developments::write(
            work,
            n,
            Cause::said(feedback),
            &[Development::Said { said }],
        )
        .await?;
    }
    let stored = incidents::get(work, n).await?;
    let mut incident = stored.clone();
    incident.said = said_of(work, n).await?;
    if incident.said != stored.said {
        incident.heed();
        incidents::update(work, n, &incident).await?;
        if let Some(latest) = of_item.last() {
            developments::note(work, n, Cause::said(latest), &stored, &incident).await?;
        }
    }
    Ok(())
}

/// What was said of these items, of each the oldest first.
async fn on(work: &Work, items: &[ItemId]) -> Result<Vec<Feedback>, StoreError> {
    let items: Vec<Uuid> = items.iter().map(|id| id.0).collect();
    work.rows(
        "SELECT f.body FROM unnest($1::uuid[]) WITH ORDINALITY AS w (item, nth)
         JOIN feedback f ON f.item = w.item ORDER BY w.nth, f.at, f.n",
        &[&items],
    )
    .await?
    .iter()
    .map(|row| rows::body(row, 0))
    .collect()
}

/// Writes what follows, and `told` in the incident's history; false, and nothing is
/// written, when the incident has moved on.
async fn follows(
    work: &Work,
    effect: &Effect,
    cause: Cause<'_>,
    told: Development,
) -> Result<bool, StoreError> {
    match effect {
        Effect::Nothing => Ok(true),
        Effect::Incident(incident) => {
            let Some(n) = incidents::row_to_change(work, incident.id).await? else {
                return Ok(false);
            };
            let stored = incidents::get(work, n).await?;
            if stored.revision.saturating_add(1) != incident.revision {
                return Ok(false);
            }
            incidents::update(work, n, incident).await?;
            developments::write(work, n, cause, &[told]).await?;
            developments::note(work, n, cause, &stored, incident).await?;
            work.tell(cause.at, events::INCIDENT_UPDATED, incident.id.to_string());
            Ok(true)
        }
        Effect::Placement(item) => {
            work.run(
                "UPDATE items SET placed_at = NULL, occasion = $2 WHERE id = $1 AND incident IS NULL",
                &[&item.0, &rows::occasion_number(Occasion::History)],
            )
            .await?;
            Ok(true)
        }
    }
}

async fn page(
    work: &Work,
    filter: &FeedbackFilter,
    after: i64,
    limit: u32,
) -> Result<FeedbackPage, StoreError> {
    const FROM: &str = "FROM feedback f
         LEFT JOIN items i ON i.id = f.item LEFT JOIN incidents c ON c.n = i.incident
         WHERE ($1::uuid IS NULL OR c.id = $1) AND ($2::uuid IS NULL OR f.item = $2)";
    let incident = filter.incident.map(|id| id.0);
    let item = filter.item.map(|id| id.0);
    let row = work
        .one(&format!("SELECT count(*) {FROM}"), &[&incident, &item])
        .await?;
    let mut page = FeedbackPage {
        total: rows::count(&row, 0)?,
        ..FeedbackPage::default()
    };
    let found = work
        .rows(
            &format!("SELECT f.n, f.body, c.id {FROM} AND f.n < $3 ORDER BY f.n DESC LIMIT $4"),
            &[
                &incident,
                &item,
                &after,
                &i64::from(limit.saturating_add(1)),
            ],
        )
        .await?;
    let mut last = None;
    for row in &found {
        if page.given.len() as u64 == u64::from(limit) {
            page.next = last;
            break;
        }
        last = Some(row.try_get::<_, i64>(0)?.to_string());
        page.given.push(given(row)?);
    }
    Ok(page)
}

fn given(row: &Row) -> Result<Given, StoreError> {
    Ok(Given {
        feedback: rows::body(row, 1)?,
        incident: row.try_get::<_, Option<_>>(2)?.map(IncidentId),
    })
}
