//! One item's placement: its analysis, its incident, the alerts and whom to tell,
//! in one transaction.
//!
//! Statements that do not rest on one another's answers are sent together
//! (`try_join!`): a placement waits for the server six times and not twenty-five.

use model::{Alert, Milestone, Milestones, tokens};

use super::work::{Lock, Work};
use super::{deliveries, developments, events, incidents, learning, prints, rows, vulnerabilities};
use crate::handling::Cause;
use crate::prepared::{Placement, text_hash};
use crate::{Placed, StoreError};

pub(super) async fn write(
    work: &Work,
    placement: &Placement,
    milestones: &dyn Milestones,
) -> Result<(), StoreError> {
    let Placement { placed, .. } = placement;
    let waiting = work
        .row(
            "SELECT i.n, i.placed_at IS NULL, i.source, t.author
             FROM items i JOIN item_texts t ON t.item = i.n WHERE i.id = $1 FOR UPDATE OF i",
            &[&placed.item.0],
        )
        .await?;
    let Some(waiting) = waiting else {
        return Err(StoreError::Invalid(format!(
            "there is no item {}",
            placed.item
        )));
    };
    if !waiting.try_get::<_, bool>(1)? {
        // It was placed before; the answer was lost on the way.
        return Ok(());
    }
    let item: i64 = waiting.try_get(0)?;
    if !placed.deliveries.is_empty() {
        work.lock(Lock::Outbox).await?;
    }
    let names = tokens::tellers(waiting.try_get(2)?, waiting.try_get(3)?);
    let incident = write_incident(work, placed).await?;
    write_item(work, item, incident, placement, &names).await?;
    if let Some(incident) = incident {
        if placed
            .incident
            .as_ref()
            .is_some_and(|one| one.said.is_some())
        {
            learning::settle(work, incident, placed.item).await?;
        }
        milestones.passed(Milestone::INCIDENT_WRITTEN);
    }
    for alert in &placed.alerts {
        write_alert(work, alert).await?;
    }
    if !placed.alerts.is_empty() {
        milestones.passed(Milestone::ALERTS_WRITTEN);
    }
    for delivery in &placed.deliveries {
        deliveries::write(work, placed.at, delivery).await?;
    }
    if !placed.deliveries.is_empty() {
        milestones.passed(Milestone::DELIVERIES_WRITTEN);
    }
    Ok(())
}

async fn write_incident(work: &Work, placed: &Placed) -> Result<Option<i64>, StoreError> {
    let Some(incident) = &placed.incident else {
        return Ok(None);
    };
    let subject = incident.id.to_string();
    let cause = Cause {
        at: placed.at,
        by: None,
        item: Some(placed.item),
    };
    let Some(n) = incidents::row_to_change(work, incident.id).await? else {
        let n = incidents::insert(work, incident).await?;
        developments::opened(work, n, cause, incident).await?;
        work.tell(placed.at, events::INCIDENT_OPENED, subject);
        return Ok(Some(n));
    };
    // Somebody may have set a status since the incident was read for placement:
    // what people decide stays, and no revision is given twice.
    let (stored, known) = futures::try_join!(
        incidents::get(work, n),
        // Under the lock on its row: whoever says something else of one writes the facts
        // of its incidents under it.
        vulnerabilities::list(work, &incident.cves),
    )?;
    let mut merged = incident.clone();
    merged.keep_decisions_of(&stored);
    merged.revision = merged.revision.max(stored.revision.saturating_add(1));
    learning::heed(work, n, &stored, &mut merged).await?;
    futures::try_join!(
        incidents::update_known(work, n, &merged, &known),
        developments::note(work, n, cause, &stored, &merged),
    )?;
    work.tell(placed.at, events::INCIDENT_UPDATED, subject);
    Ok(Some(n))
}

async fn write_item(
    work: &Work,
    item: i64,
    incident: Option<i64>,
    placement: &Placement,
    names: &str,
) -> Result<(), StoreError> {
    let Placement {
        placed,
        analysis,
        title,
        text,
    } = placement;
    let keys = &placed.analysis.story_keys;
    let columns = async {
        work.run(
            "UPDATE items SET placed_at = $2, incident = $3, repeat_of = $4, canonical_url = $5, content_hash = $6
             WHERE n = $1",
            &[
                &item,
                &rows::micros(placed.at),
                &incident,
                &placed.repeat_of.map(|id| id.0),
                &rows::maybe_text(keys.canonical_url.as_deref()),
                &text_hash(&placed.analysis).map(<[u8; 16]>::as_slice),
            ],
        )
        .await
    };
    let texts = async {
        work.run(
            "UPDATE item_texts SET analysis = $2, joined_because = $3 WHERE item = $1",
            &[
                &item,
                analysis,
                &rows::maybe_text(placed.joined_because.as_deref()),
            ],
        )
        .await
    };
    let print = async {
        match incident {
            // A repeat has the words of the item it repeats.
            Some(incident) if placed.repeat_of.is_none() => {
                prints::write(work, item, incident, &keys.print).await
            }
            _ => Ok(()),
        }
    };
    let words = async {
        match incident {
            Some(_) => write_words(work, item, title, text, names).await,
            None => Ok(()),
        }
    };
    futures::try_join!(columns, texts, print, words,)?;
    Ok(())
}

/// Lets an item be found by the words of its title and text, and by who wrote it.
pub(super) async fn index(
    work: &Work,
    item: i64,
    title: &str,
    text: &str,
) -> Result<(), StoreError> {
    let row = work
        .one(
            "SELECT i.source, t.author FROM items i JOIN item_texts t ON t.item = i.n WHERE i.n = $1",
            &[&item],
        )
        .await?;
    let names = tokens::tellers(row.try_get(0)?, row.try_get(1)?);
    write_words(work, item, title, text, &names).await
}

async fn write_words(
    work: &Work,
    item: i64,
    title: &str,
    text: &str,
    names: &str,
) -> Result<(), StoreError> {
    let words = super::words::Words::of(title, &tokens::stream(names), text);
    work.run(
        "INSERT INTO item_words (item, words, stream) VALUES ($1, $2::text::tsvector, $3)
         ON CONFLICT (item) DO UPDATE SET words = excluded.words, stream = excluded.stream",
        &[&item, &words.vector, &words.stream],
    )
    .await?;
    Ok(())
}

pub(super) async fn write_alert(work: &Work, alert: &Alert) -> Result<(), StoreError> {
    let Some(incident) = incidents::row(work, alert.incident).await? else {
        return Err(StoreError::Invalid(format!(
            "there is no incident {} to alert on",
            alert.incident
        )));
    };
    work.run(
        "INSERT INTO alerts (id, rule, incident, at, body) VALUES ($1, $2, $3, $4, $5)",
        &[
            &alert.id.0,
            &alert.rule.as_str(),
            &incident,
            &rows::micros(alert.at),
            &rows::json(alert)?,
        ],
    )
    .await?;
    Ok(())
}
