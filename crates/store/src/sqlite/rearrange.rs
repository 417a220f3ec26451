//! Items move between incidents, by hand: a split, a merge, an item taken out. What
//! hangs on an incident goes with it, and nothing that was sent is sent again.

use model::incident::Development;
use model::{Incident, IncidentId, ItemId};
use rusqlite::{Connection, OptionalExtension};

use super::handling::told;
use super::{developments, events, incidents, marks, placing, prints, rows};
use crate::handling::{Cause, Handled, MERGED, Moved, Rearranged, Rearrangement, take_over};
use crate::{Change, Occasion, StoreError};

pub(super) fn write(
    connection: &Connection,
    rearranged: Rearranged,
) -> Result<Handled, StoreError> {
    let Rearranged {
        change,
        seen,
        mut incident,
        what,
    } = rearranged;
    let Some(n) = incidents::row(connection, incident.id)? else {
        return Ok(Handled::Unknown);
    };
    let stored = incidents::get(connection, n)?;
    if seen.is_some_and(|seen| seen != stored.revision) {
        return Ok(Handled::Changed(stored.revision));
    }
    incident.keep_decisions_of(&stored);
    let moved = match what {
        Rearrangement::Split {
            opened,
            alerts,
            items,
        } => {
            let moved = split(connection, n, &stored, &opened, &items, &change)?;
            if moved.is_some() {
                for alert in &alerts {
                    placing::write_alert(connection, alert)?;
                }
            }
            moved
        }
        Rearrangement::Merge { gone } => merge(connection, n, &mut incident, gone, &change)?,
        Rearrangement::TakeOut { items } => take_out(connection, n, &items, &change)?,
    };
    let Some(moved) = moved else {
        return Ok(Handled::Changed(stored.revision));
    };
    incident.revision = stored.revision.saturating_add(1);
    incidents::update(connection, n, &incident)?;
    developments::write(connection, n, Cause::of(&change), &moved)?;
    // What follows from the move is Prahari's conclusion, not the person's word.
    let follows = Cause {
        by: None,
        ..Cause::of(&change)
    };
    developments::note(connection, n, follows, &stored, &incident)?;
    told(connection, change.at, events::INCIDENT_UPDATED, incident.id)?;
    Ok(Handled::Done(Box::new(incident)))
}

/// `None` when one of the items is not there, or no longer in the incident.
fn rows_in(
    connection: &Connection,
    n: i64,
    items: impl Iterator<Item = ItemId>,
) -> Result<Option<Vec<i64>>, StoreError> {
    let mut found = Vec::new();
    for id in items {
        let item: Option<i64> = connection
            .prepare_cached("SELECT n FROM items WHERE id = ?1 AND incident = ?2")?
            .query_row((id.as_bytes(), n), |row| row.get(0))
            .optional()?;
        match item {
            Some(item) => found.push(item),
            None => return Ok(None),
        }
    }
    Ok(Some(found))
}

fn split(
    connection: &Connection,
    from: i64,
    stored: &Incident,
    opened: &Incident,
    items: &[Moved],
    change: &Change,
) -> Result<Option<Vec<Development>>, StoreError> {
    let Some(rows) = rows_in(connection, from, items.iter().map(|moved| moved.item))? else {
        return Ok(None);
    };
    let n = incidents::insert(connection, opened)?;
    for ((item, moved), at) in rows.iter().zip(items).zip(rows::micros(change.at)..) {
        let repeated: Option<[u8; 16]> = connection
            .prepare_cached("SELECT repeat_of FROM items WHERE n = ?1")?
            .query_one([item], |row| row.get(0))?;
        connection
            .prepare_cached(
                "UPDATE items SET incident = ?2, placed_at = ?3, repeat_of = ?4 WHERE n = ?1",
            )?
            .execute((item, n, at, moved.repeat_of.map(|id| *id.as_bytes())))?;
        connection
            .prepare_cached("UPDATE item_texts SET joined_because = ?2 WHERE item = ?1")?
            .execute((item, &moved.because))?;
        match repeated {
            // A repeat has no words of its own; on its own it has those it repeated.
            Some(original) if moved.repeat_of.is_none() => {
                prints::copy(connection, original, *item, n)?
            }
            _ => prints::give(connection, *item, n)?,
        }
    }
    marks::write(connection, &rows, from, false, change)?;
    marks::write(connection, &rows, n, true, change)?;
    developments::opened(connection, n, Cause::of(change), opened)?;
    let told_there = Development::SplitFrom {
        incident: stored.id,
        title: stored.title.clone(),
    };
    developments::write(connection, n, Cause::of(change), &[told_there])?;
    told(connection, change.at, events::INCIDENT_OPENED, opened.id)?;
    Ok(Some(vec![Development::Split {
        into: opened.id,
        items: count(rows.len()),
    }]))
}

fn merge(
    connection: &Connection,
    into: i64,
    incident: &mut Incident,
    gone: IncidentId,
    change: &Change,
) -> Result<Option<Vec<Development>>, StoreError> {
    let Some(n) = incidents::row(connection, gone)?.filter(|n| *n != into) else {
        return Ok(None);
    };
    let other = incidents::get(connection, n)?;
    take_over(incident, &other);

    // Its items come after those that are there, in the order they had.
    let items: Vec<i64> = connection
        .prepare_cached("SELECT n FROM items WHERE incident = ?1 ORDER BY placed_at, n")?
        .query_map([n], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for (item, at) in items.iter().zip(rows::micros(change.at)..) {
        connection
            .prepare_cached("UPDATE items SET incident = ?2, placed_at = ?3 WHERE n = ?1")?
            .execute((item, into, at))?;
        connection
            .prepare_cached(
                "UPDATE item_texts SET joined_because = coalesce(joined_because, ?2) WHERE item = ?1",
            )?
            .execute((item, MERGED))?;
        prints::give(connection, *item, into)?;
    }
    merge_messages(connection, n, into, incident.id)?;
    connection
        .prepare_cached(
            "UPDATE developments SET incident = ?2, was = coalesce(was, ?3) WHERE incident = ?1",
        )?
        .execute((n, into, gone.as_bytes()))?;
    connection
        .prepare_cached("UPDATE notes SET incident = ?2 WHERE incident = ?1")?
        .execute((n, into))?;
    marks::merge(connection, n, into)?;
    marks::write(connection, &items, into, true, change)?;
    connection
        .prepare_cached("UPDATE merged_incidents SET incident = ?2 WHERE incident = ?1")?
        .execute((n, into))?;
    connection
        .prepare_cached("INSERT INTO merged_incidents (id, incident) VALUES (?1, ?2)")?
        .execute((gone.as_bytes(), into))?;
    incidents::remove(connection, n)?;
    told(connection, change.at, events::INCIDENT_MERGED, gone)?;
    Ok(Some(vec![Development::Merged {
        incident: gone,
        title: other.title,
        items: count(items.len()),
    }]))
}

/// Alerts, deliveries and threads of the incident in row `gone` become those of the
/// one in row `into`.
fn merge_messages(
    connection: &Connection,
    gone: i64,
    into: i64,
    id: IncidentId,
) -> Result<(), StoreError> {
    let id = id.to_string();
    connection
        .prepare_cached(
            "UPDATE alerts SET incident = ?2, body = json_set(body, '$.incident', ?3) WHERE incident = ?1",
        )?
        .execute((gone, into, &id))?;
    // What waits untried in one channel for both becomes one message.
    let joined: Vec<(i64, i64)> = connection
        .prepare_cached(
            "SELECT d.n, o.n FROM deliveries d JOIN deliveries o
                 ON o.channel = d.channel AND o.incident = ?2 AND o.kind = d.kind
             WHERE d.incident = ?1 AND d.state = 0 AND d.attempts = 0 AND d.holder IS NULL
                 AND o.state = 0 AND o.attempts = 0 AND o.holder IS NULL",
        )?
        .query_map((gone, into), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (from, to) in joined {
        connection
            .prepare_cached(
                "UPDATE OR IGNORE delivery_alerts SET delivery = ?2 WHERE delivery = ?1",
            )?
            .execute((from, to))?;
        connection
            .prepare_cached(
                "UPDATE deliveries SET due = min(due, (SELECT due FROM deliveries WHERE n = ?1)) WHERE n = ?2",
            )?
            .execute((from, to))?;
        for sql in [
            "DELETE FROM delivery_alerts WHERE delivery = ?1",
            "DELETE FROM deliveries WHERE n = ?1",
        ] {
            connection.prepare_cached(sql)?.execute([from])?;
        }
    }
    connection
        .prepare_cached(
            "UPDATE deliveries SET incident = ?2, body = json_set(body, '$.incident', ?3) WHERE incident = ?1",
        )?
        .execute((gone, into, &id))?;
    // The thread that is there stays; where there is none, the other's goes on.
    connection
        .prepare_cached(
            "INSERT INTO threads (channel, incident, thread, last_sent)
             SELECT channel, ?2, thread, last_sent FROM threads WHERE incident = ?1
             ON CONFLICT (channel, incident) DO UPDATE SET
                 thread = coalesce(thread, excluded.thread), last_sent = max(last_sent, excluded.last_sent)",
        )?
        .execute((gone, into))?;
    connection
        .prepare_cached("DELETE FROM threads WHERE incident = ?1")?
        .execute([gone])?;
    Ok(())
}

fn take_out(
    connection: &Connection,
    from: i64,
    items: &[ItemId],
    change: &Change,
) -> Result<Option<Vec<Development>>, StoreError> {
    let Some(rows) = rows_in(connection, from, items.iter().copied())? else {
        return Ok(None);
    };
    marks::write(connection, &rows, from, false, change)?;
    let mut told = Vec::new();
    for (n, id) in rows.iter().zip(items) {
        connection
            .prepare_cached(
                "UPDATE items SET incident = NULL, placed_at = NULL, repeat_of = NULL, occasion = ?2 WHERE n = ?1",
            )?
            .execute((n, rows::occasion_number(Occasion::History)))?;
        connection
            .prepare_cached("UPDATE item_texts SET joined_because = NULL WHERE item = ?1")?
            .execute([n])?;
        prints::forget(connection, *n)?;
        connection
            .prepare_cached("DELETE FROM items_fts WHERE rowid = ?1")?
            .execute([n])?;
        let title: String = connection
            .prepare_cached("SELECT body ->> '$.title' FROM item_texts WHERE item = ?1")?
            .query_one([n], |row| row.get(0))?;
        told.push(Development::TakenOut { item: *id, title });
    }
    Ok(Some(told))
}

fn count(items: usize) -> u32 {
    u32::try_from(items).unwrap_or(u32::MAX)
}
