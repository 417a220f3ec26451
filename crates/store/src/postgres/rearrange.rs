//! Items move between incidents, by hand: a split, a merge, an item taken out. What
//! hangs on an incident goes with it, and nothing that was sent is sent again.

use model::incident::Development;
use model::{Incident, IncidentId, Item, ItemId};
use tokio_postgres::Row;
use uuid::Uuid;

use super::work::Work;
use super::{developments, events, incidents, marks, placing, prints, rows};
use crate::handling::{Cause, Handled, MERGED, Moved, Rearranged, Rearrangement, take_over};
use crate::{Change, Occasion, StoreError};

pub(super) async fn write(work: &Work, rearranged: &Rearranged) -> Result<Handled, StoreError> {
    let Rearranged {
        change,
        seen,
        incident,
        what,
    } = rearranged;
    let mut incident = incident.clone();
    lock(work, &incident, what).await?;
    let Some(n) = incidents::row(work, incident.id).await? else {
        return Ok(Handled::Unknown);
    };
    let stored = incidents::get(work, n).await?;
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
            let moved = split(work, n, &stored, opened, items, change).await?;
            if moved.is_some() {
                for alert in alerts {
                    placing::write_alert(work, alert).await?;
                }
            }
            moved
        }
        Rearrangement::Merge { gone } => merge(work, n, &mut incident, *gone, change).await?,
        Rearrangement::TakeOut { items } => take_out(work, n, items, change).await?,
    };
    let Some(moved) = moved else {
        return Ok(Handled::Changed(stored.revision));
    };
    incident.revision = stored.revision.saturating_add(1);
    incidents::update(work, n, &incident).await?;
    developments::write(work, n, Cause::of(change), &moved).await?;
    // What follows from the move is Prahari's conclusion, not the person's word.
    let follows = Cause {
        by: None,
        ..Cause::of(change)
    };
    developments::note(work, n, follows, &stored, &incident).await?;
    work.tell(change.at, events::INCIDENT_UPDATED, incident.id.to_string());
    Ok(Handled::Done(Box::new(incident)))
}

/// Until the commit nobody else changes the incidents, which are locked in order of
/// their rows, as everywhere.
async fn lock(work: &Work, incident: &Incident, what: &Rearrangement) -> Result<(), StoreError> {
    let mut ids = vec![incident.id.0];
    if let Rearrangement::Merge { gone } = what {
        ids.push(gone.0);
    }
    work.rows(
        "SELECT n FROM incidents WHERE id = ANY ($1) ORDER BY n FOR UPDATE",
        &[&ids],
    )
    .await?;
    Ok(())
}

/// `None` when one of the items is not there, or no longer in the incident.
async fn rows_in(
    work: &Work,
    n: i64,
    items: impl Iterator<Item = ItemId>,
) -> Result<Option<Vec<i64>>, StoreError> {
    let ids: Vec<Uuid> = items.map(|id| id.0).collect();
    let found: Vec<i64> = work
        .rows(
            "SELECT i.n FROM unnest($1::uuid[]) WITH ORDINALITY AS w (id, nth)
             JOIN items i ON i.id = w.id WHERE i.incident = $2 ORDER BY w.nth",
            &[&ids, &n],
        )
        .await?
        .iter()
        .map(first)
        .collect::<Result<_, _>>()?;
    Ok((found.len() == ids.len()).then_some(found))
}

fn first(row: &Row) -> Result<i64, StoreError> {
    Ok(row.try_get(0)?)
}

async fn split(
    work: &Work,
    from: i64,
    stored: &Incident,
    opened: &Incident,
    items: &[Moved],
    change: &Change,
) -> Result<Option<Vec<Development>>, StoreError> {
    let Some(rows) = rows_in(work, from, items.iter().map(|moved| moved.item)).await? else {
        return Ok(None);
    };
    let n = incidents::insert(work, opened).await?;
    for ((item, moved), at) in rows.iter().zip(items).zip(rows::micros(change.at)..) {
        let repeated: Option<Uuid> = work
            .one("SELECT repeat_of FROM items WHERE n = $1", &[item])
            .await?
            .try_get(0)?;
        work.run(
            "UPDATE items SET incident = $2, placed_at = $3, repeat_of = $4 WHERE n = $1",
            &[item, &n, &at, &moved.repeat_of.map(|id| id.0)],
        )
        .await?;
        work.run(
            "UPDATE item_texts SET joined_because = $2 WHERE item = $1",
            &[item, &rows::text(&moved.because)],
        )
        .await?;
        match repeated {
            // A repeat has no words of its own; on its own it has those it repeated.
            Some(original) if moved.repeat_of.is_none() => {
                prints::copy(work, original, *item, n).await?;
            }
            _ => prints::give(work, *item, n).await?,
        }
    }
    marks::write(work, &rows, from, false, change).await?;
    marks::write(work, &rows, n, true, change).await?;
    developments::opened(work, n, Cause::of(change), opened).await?;
    let told_there = Development::SplitFrom {
        incident: stored.id,
        title: stored.title.clone(),
    };
    developments::write(work, n, Cause::of(change), &[told_there]).await?;
    work.tell(change.at, events::INCIDENT_OPENED, opened.id.to_string());
    Ok(Some(vec![Development::Split {
        into: opened.id,
        items: count(rows.len()),
    }]))
}

async fn merge(
    work: &Work,
    into: i64,
    incident: &mut Incident,
    gone: IncidentId,
    change: &Change,
) -> Result<Option<Vec<Development>>, StoreError> {
    let found = incidents::row(work, gone).await?;
    let Some(n) = found.filter(|n| *n != into) else {
        return Ok(None);
    };
    let other = incidents::get(work, n).await?;
    take_over(incident, &other);

    // Its items come after those that are there, in the order they had.
    let items: Vec<i64> = work
        .rows(
            "SELECT n FROM items WHERE incident = $1 ORDER BY placed_at, n",
            &[&n],
        )
        .await?
        .iter()
        .map(first)
        .collect::<Result<_, _>>()?;
    for (item, at) in items.iter().zip(rows::micros(change.at)..) {
        work.run(
            "UPDATE items SET incident = $2, placed_at = $3 WHERE n = $1",
            &[item, &into, &at],
        )
        .await?;
        work.run(
            "UPDATE item_texts SET joined_because = coalesce(joined_because, $2) WHERE item = $1",
            &[item, &MERGED],
        )
        .await?;
        prints::give(work, *item, into).await?;
    }
    merge_messages(work, n, into, incident.id).await?;
    work.run(
        "UPDATE developments SET incident = $2, was = coalesce(was, $3) WHERE incident = $1",
        &[&n, &into, &gone.0],
    )
    .await?;
    work.run(
        "UPDATE notes SET incident = $2 WHERE incident = $1",
        &[&n, &into],
    )
    .await?;
    marks::merge(work, n, into).await?;
    marks::write(work, &items, into, true, change).await?;
    work.run(
        "UPDATE merged_incidents SET incident = $2 WHERE incident = $1",
        &[&n, &into],
    )
    .await?;
    work.run(
        "INSERT INTO merged_incidents (id, incident) VALUES ($1, $2)",
        &[&gone.0, &into],
    )
    .await?;
    incidents::remove(work, n).await?;
    work.tell(change.at, events::INCIDENT_MERGED, gone.to_string());
    Ok(Some(vec![Development::Merged {
        incident: gone,
        title: other.title,
        items: count(items.len()),
    }]))
}

/// Alerts, deliveries and threads of the incident in row `gone` become those of the
/// one in row `into`.
async fn merge_messages(
    work: &Work,
    gone: i64,
    into: i64,
    id: IncidentId,
) -> Result<(), StoreError> {
    rename(
        work,
        "SELECT n, body FROM alerts WHERE incident = $1",
        "UPDATE alerts SET incident = $2, body = $3 WHERE n = $1",
        (gone, into, id),
    )
    .await?;
    // What waits untried in one channel for both becomes one message.
    let joined = work
        .rows(
            "SELECT d.n, o.n FROM deliveries d JOIN deliveries o
                 ON o.channel = d.channel AND o.incident = $2 AND o.kind = d.kind
             WHERE d.incident = $1 AND d.state = 0 AND d.attempts = 0 AND d.holder IS NULL
                 AND o.state = 0 AND o.attempts = 0 AND o.holder IS NULL",
            &[&gone, &into],
        )
        .await?;
    for row in joined {
        let (from, to): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        work.run(
            "INSERT INTO delivery_alerts (delivery, alert)
             SELECT $2::bigint, alert FROM delivery_alerts WHERE delivery = $1 ON CONFLICT DO NOTHING",
            &[&from, &to],
        )
        .await?;
        work.run(
            "UPDATE deliveries SET due = least(due, (SELECT due FROM deliveries WHERE n = $1)) WHERE n = $2",
            &[&from, &to],
        )
        .await?;
        for sql in [
            "DELETE FROM delivery_alerts WHERE delivery = $1",
            "DELETE FROM deliveries WHERE n = $1",
        ] {
            work.run(sql, &[&from]).await?;
        }
    }
    rename(
        work,
        "SELECT n, body FROM deliveries WHERE incident = $1",
        "UPDATE deliveries SET incident = $2, body = $3 WHERE n = $1",
        (gone, into, id),
    )
    .await?;
    // The thread that is there stays; where there is none, the other's goes on.
    work.run(
        "INSERT INTO threads AS t (channel, incident, thread, last_sent)
         SELECT channel, $2::bigint, thread, last_sent FROM threads WHERE incident = $1
         ON CONFLICT (channel, incident) DO UPDATE SET
             thread = coalesce(t.thread, excluded.thread),
             last_sent = greatest(t.last_sent, excluded.last_sent)",
        &[&gone, &into],
    )
    .await?;
    work.run("DELETE FROM threads WHERE incident = $1", &[&gone])
        .await?;
    Ok(())
}

/// Writes the incident's new name into the bodies of what hangs on it. They are text
/// to the server, so they are read and written here.
async fn rename(
    work: &Work,
    which: &str,
    update: &str,
    (gone, into, id): (i64, i64, IncidentId),
) -> Result<(), StoreError> {
    for row in work.rows(which, &[&gone]).await? {
        let mut body: serde_json::Map<String, serde_json::Value> = rows::body(&row, 1)?;
        body.insert("incident".to_owned(), id.to_string().into());
        work.run(update, &[&first(&row)?, &into, &rows::json(&body)?])
            .await?;
    }
    Ok(())
}

async fn take_out(
    work: &Work,
    from: i64,
    items: &[ItemId],
    change: &Change,
) -> Result<Option<Vec<Development>>, StoreError> {
    let Some(rows) = rows_in(work, from, items.iter().copied()).await? else {
        return Ok(None);
    };
    marks::write(work, &rows, from, false, change).await?;
    let mut told = Vec::new();
    for (n, id) in rows.iter().zip(items) {
        work.run(
            "UPDATE items SET incident = NULL, placed_at = NULL, repeat_of = NULL, occasion = $2 WHERE n = $1",
            &[n, &rows::occasion_number(Occasion::History)],
        )
        .await?;
        let row = work
            .one(
                "UPDATE item_texts SET joined_because = NULL WHERE item = $1 RETURNING body",
                &[n],
            )
            .await?;
        prints::forget(work, *n).await?;
        work.run("DELETE FROM item_words WHERE item = $1", &[n])
            .await?;
        let item: Item = rows::body(&row, 0)?;
        told.push(Development::TakenOut {
            item: *id,
            title: item.title,
        });
    }
    Ok(Some(told))
}

fn count(items: usize) -> u32 {
    u32::try_from(items).unwrap_or(u32::MAX)
}
