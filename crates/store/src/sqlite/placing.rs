//! One item's placement: its analysis, its incident, the alerts and whom to tell,
//! in one transaction.

use model::{Alert, Milestone, Milestones, tokens};
use rusqlite::{Connection, OptionalExtension};

use super::{deliveries, developments, events, incidents, learning, prints, rows};
use crate::handling::Cause;
use crate::prepared::{Placement, text_hash};
use crate::{Placed, StoreError};

/// Gives the row of the item if it is to be found by its words. They are left to the
/// caller: FTS5 writes out what it gathered at every savepoint, and a piece of its index
/// for each item costs more than all else of a placement.
pub(super) fn write(
    connection: &Connection,
    prepared: &Placement,
    milestones: &dyn Milestones,
) -> Result<Option<i64>, StoreError> {
    let Placement { placed, .. } = prepared;
    let waiting: Option<(i64, bool)> = connection
        .prepare_cached("SELECT n, placed_at IS NULL FROM items WHERE id = ?1")?
        .query_row([placed.item.as_bytes()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let item = match waiting {
        None => {
            return Err(StoreError::Invalid(format!(
                "there is no item {}",
                placed.item
            )));
        }
        // It was placed before; the answer was lost on the way.
        Some((_, false)) => return Ok(None),
        Some((item, true)) => item,
    };
    let incident = write_incident(connection, placed)?;
    write_item(connection, item, incident, prepared)?;
    if let Some(incident) = incident {
        if placed
            .incident
            .as_ref()
            .is_some_and(|one| one.said.is_some())
        {
            learning::settle(connection, incident, placed.item)?;
        }
        milestones.passed(Milestone::INCIDENT_WRITTEN);
    }
    for alert in &placed.alerts {
        write_alert(connection, alert)?;
    }
    if !placed.alerts.is_empty() {
        milestones.passed(Milestone::ALERTS_WRITTEN);
    }
    for delivery in &placed.deliveries {
        deliveries::write(connection, placed.at, delivery)?;
    }
    if !placed.deliveries.is_empty() {
        milestones.passed(Milestone::DELIVERIES_WRITTEN);
    }
    Ok(incident.map(|_| item))
}

fn write_incident(connection: &Connection, placed: &Placed) -> Result<Option<i64>, StoreError> {
    let Some(incident) = &placed.incident else {
        return Ok(None);
    };
    let subject = incident.id.to_string();
    let cause = Cause {
        at: placed.at,
        by: None,
        item: Some(placed.item),
    };
    let Some(n) = incidents::row(connection, incident.id)? else {
        let n = incidents::insert(connection, incident)?;
        developments::opened(connection, n, cause, incident)?;
        events::write(connection, placed.at, events::INCIDENT_OPENED, &subject)?;
        return Ok(Some(n));
    };
    // Somebody may have set a status since the incident was read for placement:
    // what people decide stays, and no revision is given twice.
    let stored = incidents::get(connection, n)?;
    let mut merged = incident.clone();
    merged.keep_decisions_of(&stored);
    merged.revision = merged.revision.max(stored.revision.saturating_add(1));
    learning::heed(connection, n, &stored, &mut merged)?;
    incidents::update(connection, n, &merged)?;
    developments::note(connection, n, cause, &stored, &merged)?;
    events::write(connection, placed.at, events::INCIDENT_UPDATED, &subject)?;
    Ok(Some(n))
}

fn write_item(
    connection: &Connection,
    item: i64,
    incident: Option<i64>,
    prepared: &Placement,
) -> Result<(), StoreError> {
    let Placement {
        placed, analysis, ..
    } = prepared;
    let keys = &placed.analysis.story_keys;
    let hash = text_hash(&placed.analysis);
    connection
        .prepare_cached(
            "UPDATE items SET placed_at = ?2, incident = ?3, repeat_of = ?4, canonical_url = ?5, content_hash = ?6
             WHERE n = ?1",
        )?
        .execute((
            item,
            rows::micros(placed.at),
            incident,
            placed.repeat_of.map(|id| *id.as_bytes()),
            &keys.canonical_url,
            hash,
        ))?;
    connection
        .prepare_cached("UPDATE item_texts SET analysis = ?2, joined_because = ?3 WHERE item = ?1")?
        .execute((item, analysis, &placed.joined_because))?;
    // A repeat has the words of the item it repeats.
    if let Some(incident) = incident
        && placed.repeat_of.is_none()
    {
        prints::write(connection, item, incident, &keys.print)?;
    }
    Ok(())
}

/// Lets an item be found by the words of its title and text, and by who wrote it.
pub(super) fn index(
    connection: &Connection,
    item: i64,
    title: &str,
    text: &str,
) -> Result<(), StoreError> {
    let (source, author): (String, Option<String>) = connection
        .prepare_cached("SELECT i.source, t.author FROM items i JOIN item_texts t ON t.item = i.n WHERE i.n = ?1")?
        .query_one([item], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let names = tokens::stream(&tokens::tellers(&source, author.as_deref()));
    connection
        .prepare_cached(
            "INSERT INTO items_fts (rowid, title, text, names) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute((item, title, text, names))?;
    Ok(())
}

pub(super) fn write_alert(connection: &Connection, alert: &Alert) -> Result<(), StoreError> {
    let Some(incident) = incidents::row(connection, alert.incident)? else {
        return Err(StoreError::Invalid(format!(
            "there is no incident {} to alert on",
            alert.incident
        )));
    };
    connection
        .prepare_cached(
            "INSERT INTO alerts (id, rule, incident, at, body) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((
            alert.id.as_bytes(),
            alert.rule.as_str(),
            incident,
            rows::micros(alert.at),
            rows::json(alert)?,
        ))?;
    Ok(())
}
