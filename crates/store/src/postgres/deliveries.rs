//! Deliveries as rows: written, joined, read.

use model::{
    Alert, AlertId, Attempt, Delivery, DeliveryId, DeliveryKind, DeliveryState, Incident, Timestamp,
};
use tokio_postgres::Row;
use uuid::Uuid;

use super::incidents;
use super::rows::{self, DEAD, PENDING};
use super::work::Work;
use crate::{NewDelivery, StoreError};

/// How many are listed at once at most.
const LONGEST_LIST: u32 = 1_000;
/// The columns [`from_row`] reads.
const COLUMNS: &str = "d.id, d.channel, d.body, d.state, d.due, d.attempts, d.error, d.created, d.settled,
    ARRAY(SELECT a.id FROM delivery_alerts t JOIN alerts a ON a.n = t.alert WHERE t.delivery = d.n ORDER BY a.n)";

/// Writes a delivery, or adds its alerts to the one that waits for the same
/// channel and story and was never claimed: a claimed one may be on its way, and
/// what receivers know by its id must not change. Under [`super::work::Lock::Outbox`].
pub(super) async fn write(
    work: &Work,
    at: Timestamp,
    delivery: &NewDelivery,
) -> Result<(), StoreError> {
    let (kind, incident): (i64, Option<i64>) = match &delivery.kind {
        DeliveryKind::Incident { incident } => {
            let Some(n) = incidents::row(work, *incident).await? else {
                return Err(StoreError::Invalid(format!(
                    "there is no incident {incident} to tell of"
                )));
            };
            (0, Some(n))
        }
        DeliveryKind::Digest => (1, None),
        DeliveryKind::Notice { .. } => (2, None),
    };
    let channel = delivery.channel.as_str();
    let gap = rows::length(delivery.gap);
    let last_sent = work
        .row(
            "SELECT last_sent FROM threads WHERE channel = $1 AND incident = $2",
            &[&channel, &incident],
        )
        .await?
        .map(|row| row.try_get::<_, i64>(0))
        .transpose()?;
    let due =
        rows::micros(delivery.due).max(last_sent.map_or(i64::MIN, |sent| rows::moved(sent, gap)));
    // A notice says its own words and joins no other.
    let waiting = work
        .row(
            "SELECT n FROM deliveries
             WHERE state = 0 AND channel = $1 AND kind = $2 AND incident IS NOT DISTINCT FROM $3 AND kind <> 2
                 AND attempts = 0 AND holder IS NULL
             ORDER BY n LIMIT 1",
            &[&channel, &kind, &incident],
        )
        .await?;
    let n: i64 = if let Some(waiting) = waiting {
        let n = waiting.try_get(0)?;
        work.run(
            "UPDATE deliveries SET due = least(due, $2) WHERE n = $1",
            &[&n, &due],
        )
        .await?;
        n
    } else {
        work.one(
            "INSERT INTO deliveries (id, channel, kind, incident, body, state, due, gap, attempts, created)
             VALUES ($1, $2, $3, $4, $5, 0, $6, $7, 0, $8) RETURNING n",
            &[
                &delivery.id.0,
                &channel,
                &kind,
                &incident,
                &rows::json(&delivery.kind)?,
                &due,
                &gap,
                &rows::micros(at),
            ],
        )
        .await?
        .try_get(0)?
    };
    for alert in &delivery.alerts {
        let known = work
            .row("SELECT n FROM alerts WHERE id = $1", &[&alert.0])
            .await?;
        let Some(known) = known else {
            return Err(StoreError::Invalid(format!(
                "there is no alert {alert} to tell of"
            )));
        };
        work.run(
            "INSERT INTO delivery_alerts (delivery, alert) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            &[&n, &known.try_get::<_, i64>(0)?],
        )
        .await?;
    }
    Ok(())
}

/// The delivery in a row.
pub(super) async fn get(work: &Work, n: i64) -> Result<Delivery, StoreError> {
    let row = work
        .one(
            &format!("SELECT {COLUMNS} FROM deliveries d WHERE d.n = $1"),
            &[&n],
        )
        .await?;
    from_row(&row)
}

/// Deliveries by state, newest first.
pub(super) async fn list(
    work: &Work,
    state: Option<DeliveryState>,
    limit: u32,
) -> Result<Vec<Delivery>, StoreError> {
    let wanted = if state.is_some() {
        "d.state = $1::bigint"
    } else {
        "$1::bigint IS NULL"
    };
    let limit = i64::from(limit.min(LONGEST_LIST));
    work.rows(
        &format!("SELECT {COLUMNS} FROM deliveries d WHERE {wanted} ORDER BY d.n DESC LIMIT $2"),
        &[&state.map(rows::state_number), &limit],
    )
    .await?
    .iter()
    .map(from_row)
    .collect()
}

/// The deliveries that tell of an alert, oldest first.
pub(super) async fn of_alert(work: &Work, alert: i64) -> Result<Vec<Delivery>, StoreError> {
    work.rows(
        &format!(
            "SELECT {COLUMNS} FROM delivery_alerts x JOIN deliveries d ON d.n = x.delivery
             WHERE x.alert = $1 ORDER BY d.n"
        ),
        &[&alert],
    )
    .await?
    .iter()
    .map(from_row)
    .collect()
}

/// The alerts a delivery tells of, each with its incident as it is now.
pub(super) async fn alerts(work: &Work, n: i64) -> Result<Vec<(Alert, Incident)>, StoreError> {
    work.rows(
        "SELECT a.body, b.body FROM delivery_alerts d
         JOIN alerts a ON a.n = d.alert JOIN incident_bodies b ON b.incident = a.incident
         WHERE d.delivery = $1 ORDER BY a.n",
        &[&n],
    )
    .await?
    .iter()
    .map(|row| Ok((rows::body(row, 0)?, rows::body(row, 1)?)))
    .collect()
}

/// Every attempt that is kept, oldest first.
pub(super) async fn attempts(
    work: &Work,
    delivery: DeliveryId,
) -> Result<Vec<Attempt>, StoreError> {
    work.rows(
        "SELECT a.at, a.outcome FROM attempts a JOIN deliveries d ON d.n = a.delivery
         WHERE d.id = $1 ORDER BY a.number",
        &[&delivery.0],
    )
    .await?
    .iter()
    .map(|row| {
        Ok(Attempt {
            at: rows::time_of(row, 0)?,
            outcome: row.try_get(1)?,
        })
    })
    .collect()
}

/// Makes a dead delivery pending again; false if it is not dead. Its attempts stay
/// counted, so nothing joins it: the receiver may know its id.
pub(super) async fn replay(
    work: &Work,
    delivery: DeliveryId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let changed = work
        .run(
            "UPDATE deliveries SET state = $3, due = $2, settled = NULL, holder = NULL, held_until = NULL
             WHERE id = $1 AND state = $4",
            &[&delivery.0, &rows::micros(now), &PENDING, &DEAD],
        )
        .await?;
    Ok(changed > 0)
}

fn from_row(row: &Row) -> Result<Delivery, StoreError> {
    let alerts: Vec<Uuid> = row.try_get(9)?;
    Ok(Delivery {
        id: DeliveryId(row.try_get(0)?),
        channel: rows::name_of(row, 1)?,
        kind: rows::body(row, 2)?,
        alerts: alerts.into_iter().map(AlertId).collect(),
        state: rows::state(row.try_get(3)?)?,
        due: rows::time_of(row, 4)?,
        attempts: rows::small(row, 5)?,
        error: row.try_get(6)?,
        created: rows::time_of(row, 7)?,
        settled: rows::maybe_time_of(row, 8)?,
    })
}
