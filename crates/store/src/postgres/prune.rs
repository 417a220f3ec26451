//! Forgetting rows that are old enough. The server gives their space back by itself.

use model::{Item, Timestamp};
use uuid::Uuid;

use super::rows;
use super::work::{Parameter, Work};
use crate::StoreError;
use crate::prune::{
    INCIDENTS_AT_ONCE, Limits, OF_INCIDENT, SEEN_AGAIN, delivery, incident, irrelevant,
};
use crate::upkeep::{Forgotten, Policy};

/// What people said of a document is found by the hash of its name.
const SAME_NAME: &str = "md5(m.external_id) = md5(i.external_id)";

/// How much would go.
pub(super) async fn forgettable(work: &Work, policy: &Policy) -> Result<Forgotten, StoreError> {
    let limits = Limits::of(policy);
    let incidents = incident("$1", "$2");
    let of_incidents: [Parameter<'_>; 2] = [&limits.dismissed, &limits.incidents];
    Ok(Forgotten {
        irrelevant: count(
            work,
            &format!(
                "SELECT count(*) FROM items i WHERE {}",
                irrelevant("$1", SAME_NAME)
            ),
            &[&limits.irrelevant],
        )
        .await?,
        incidents: count(
            work,
            &format!("SELECT count(*) FROM incidents i WHERE {incidents}"),
            &of_incidents,
        )
        .await?,
        items: count(
            work,
            &format!(
                "SELECT count(*) FROM items WHERE incident IN (SELECT i.n FROM incidents i WHERE {incidents})"
            ),
            &of_incidents,
        )
        .await?,
        deliveries: count(
            work,
            &format!("SELECT count(*) FROM deliveries d WHERE {}", delivery("$1")),
            &[&limits.deliveries],
        )
        .await?,
        names: count(
            work,
            "SELECT count(*) FROM forgotten_items WHERE seen < $1",
            &[&limits.names],
        )
        .await?,
        more: false,
    })
}

async fn count(work: &Work, sql: &str, values: &[Parameter<'_>]) -> Result<u64, StoreError> {
    rows::count(&work.one_once(sql, values).await?, 0)
}

/// One step of forgetting. Under [`super::work::Lock::Outbox`].
pub(super) async fn forget(
    work: &Work,
    policy: &Policy,
    limit: u32,
    now: Timestamp,
) -> Result<Forgotten, StoreError> {
    let limits = Limits::of(policy);
    let at_once = i64::from(limit.max(1));
    let mut done = Forgotten::default();

    let items = some(
        work,
        &format!(
            "SELECT i.n FROM items i WHERE {} ORDER BY i.placed_at LIMIT $2 FOR UPDATE OF i",
            irrelevant("$1", SAME_NAME)
        ),
        &[&limits.irrelevant, &at_once],
    )
    .await?;
    forget_items(work, &items, now).await?;
    done.irrelevant = items.len() as u64;

    let few = INCIDENTS_AT_ONCE.min(at_once);
    let incidents = some(
        work,
        &format!(
            "SELECT i.n FROM incidents i WHERE {} ORDER BY i.last_seen LIMIT $3 FOR UPDATE OF i",
            incident("$1", "$2")
        ),
        &[&limits.dismissed, &limits.incidents, &few],
    )
    .await?;
    let mut left_over = false;
    for one in &incidents {
        if done.items >= u64::from(limit) {
            left_over = true;
            break;
        }
        done.items += forget_incident(work, *one, now).await?;
        done.incidents += 1;
    }

    let deliveries = some(
        work,
        &format!(
            "SELECT d.n FROM deliveries d WHERE {} ORDER BY d.n LIMIT $2",
            delivery("$1")
        ),
        &[&limits.deliveries, &at_once],
    )
    .await?;
    forget_deliveries(work, &deliveries).await?;
    work.run("DELETE FROM deliveries WHERE n = ANY ($1)", &[&deliveries])
        .await?;
    done.deliveries = deliveries.len() as u64;

    done.names = work
        .run(
            "DELETE FROM forgotten_items WHERE id IN (SELECT id FROM forgotten_items WHERE seen < $1 LIMIT $2)",
            &[&limits.names, &at_once],
        )
        .await?;
    let full = |count: u64| count >= u64::from(limit.max(1));
    done.more = left_over
        || full(done.irrelevant)
        || incidents.len() as i64 >= few
        || full(done.deliveries)
        || full(done.names);
    Ok(done)
}

async fn some(work: &Work, sql: &str, values: &[Parameter<'_>]) -> Result<Vec<i64>, StoreError> {
    let found = work.rows(sql, values).await?;
    found.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Forgets items but for their names.
async fn forget_items(work: &Work, items: &[i64], now: Timestamp) -> Result<(), StoreError> {
    work.run(
        "INSERT INTO forgotten_items (id, seen) SELECT id, $2 FROM items WHERE n = ANY ($1)
         ON CONFLICT DO NOTHING",
        &[&items, &rows::micros(now)],
    )
    .await?;
    work.run(
        "DELETE FROM story_words w USING prints p WHERE p.item = ANY ($1) AND w.item = p.item AND w.at = p.at",
        &[&items],
    )
    .await?;
    for sql in [
        "DELETE FROM prints WHERE item = ANY ($1)",
        "DELETE FROM item_words WHERE item = ANY ($1)",
        "DELETE FROM item_texts WHERE item = ANY ($1)",
        "DELETE FROM items WHERE n = ANY ($1)",
    ] {
        work.run(sql, &[&items]).await?;
    }
    Ok(())
}

/// Forgets an incident with all that hangs on it; gives how many items it had.
async fn forget_incident(work: &Work, incident: i64, now: Timestamp) -> Result<u64, StoreError> {
    let items = some(
        work,
        "SELECT n FROM items WHERE incident = $1",
        &[&incident],
    )
    .await?;
    forget_items(work, &items, now).await?;
    let deliveries = some(
        work,
        "SELECT n FROM deliveries WHERE incident = $1",
        &[&incident],
    )
    .await?;
    forget_deliveries(work, &deliveries).await?;
    // A digest tells of several incidents.
    work.run(
        "DELETE FROM delivery_alerts WHERE alert IN (SELECT n FROM alerts WHERE incident = $1)",
        &[&incident],
    )
    .await?;
    for (table, column) in OF_INCIDENT {
        work.run(
            &format!("DELETE FROM {table} WHERE {column} = $1"),
            &[&incident],
        )
        .await?;
    }
    Ok(items.len() as u64)
}

/// Forgets what hangs on deliveries.
async fn forget_deliveries(work: &Work, deliveries: &[i64]) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM attempts WHERE delivery = ANY ($1)",
        "DELETE FROM delivery_alerts WHERE delivery = ANY ($1)",
    ] {
        work.run(sql, &[&deliveries]).await?;
    }
    Ok(())
}

/// Notes, seldom, that a source still shows items that were forgotten.
pub(super) async fn seen_again(
    work: &Work,
    items: impl Iterator<Item = &Item>,
) -> Result<(), StoreError> {
    let (ids, fetched): (Vec<Uuid>, Vec<i64>) = items
        .map(|item| (item.id.0, rows::micros(item.fetched)))
        .unzip();
    if let Some(latest) = fetched.iter().max() {
        work.run(
            "UPDATE forgotten_items SET seen = $2 WHERE id = ANY ($1) AND seen < $3",
            &[&ids, latest, &(latest - SEEN_AGAIN)],
        )
        .await?;
    }
    Ok(())
}
