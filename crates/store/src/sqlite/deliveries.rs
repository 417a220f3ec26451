//! Deliveries as rows: written, joined, read.

use model::{
    Alert, AlertId, Attempt, Delivery, DeliveryId, DeliveryKind, DeliveryState, Incident, Timestamp,
};
use rusqlite::{Connection, OptionalExtension, Row};

use super::incidents;
use super::rows::{self, DEAD, PENDING};
use crate::{NewDelivery, StoreError};

/// How many are listed at once at most.
const LONGEST_LIST: u32 = 1_000;
/// The columns [`from_row`] reads.
const COLUMNS: &str =
    "d.n, d.id, d.channel, d.body, d.state, d.due, d.attempts, d.error, d.created, d.settled";

/// Writes a delivery, or adds its alerts to the one that waits for the same
/// channel and story and was never claimed: a claimed one may be on its way, and
/// what receivers know by its id must not change.
pub(super) fn write(
    connection: &Connection,
    at: Timestamp,
    delivery: &NewDelivery,
) -> Result<(), StoreError> {
    let (kind, incident) = match &delivery.kind {
        DeliveryKind::Incident { incident } => {
            let Some(n) = incidents::row(connection, *incident)? else {
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
    let last_sent: Option<i64> = connection
        .prepare_cached("SELECT last_sent FROM threads WHERE channel = ?1 AND incident = ?2")?
        .query_row((channel, incident), |row| row.get(0))
        .optional()?;
    let due =
        rows::micros(delivery.due).max(last_sent.map_or(i64::MIN, |sent| rows::moved(sent, gap)));
    // A notice says its own words and joins no other.
    let waiting: Option<i64> = connection
        .prepare_cached(
            "SELECT n FROM deliveries
             WHERE state = 0 AND channel = ?1 AND kind = ?2 AND incident IS ?3 AND kind <> 2
                 AND attempts = 0 AND holder IS NULL
             ORDER BY n LIMIT 1",
        )?
        .query_row((channel, kind, incident), |row| row.get(0))
        .optional()?;
    let n = if let Some(n) = waiting {
        connection
            .prepare_cached("UPDATE deliveries SET due = min(due, ?2) WHERE n = ?1")?
            .execute((n, due))?;
        n
    } else {
        connection
            .prepare_cached(
                "INSERT INTO deliveries (id, channel, kind, incident, body, state, due, gap, attempts, created)
                 VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7, 0, ?8)",
            )?
            .execute((
                delivery.id.as_bytes(),
                channel,
                kind,
                incident,
                rows::json(&delivery.kind)?,
                due,
                gap,
                rows::micros(at),
            ))?;
        connection.last_insert_rowid()
    };
    for alert in &delivery.alerts {
        let written = connection
            .prepare_cached(
                "INSERT OR IGNORE INTO delivery_alerts (delivery, alert) SELECT ?1, n FROM alerts WHERE id = ?2",
            )?
            .execute((n, alert.as_bytes()))?;
        if written == 0 && alert_row(connection, *alert)?.is_none() {
            return Err(StoreError::Invalid(format!(
                "there is no alert {alert} to tell of"
            )));
        }
    }
    Ok(())
}

fn alert_row(connection: &Connection, id: AlertId) -> Result<Option<i64>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT n FROM alerts WHERE id = ?1")?
        .query_row([id.as_bytes()], |row| row.get(0))
        .optional()?)
}

/// The delivery in a row.
pub(super) fn get(connection: &Connection, n: i64) -> Result<Delivery, StoreError> {
    let mut lookup = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM deliveries d WHERE d.n = ?1"
    ))?;
    let mut found = lookup.query([n])?;
    match found.next()? {
        Some(row) => from_row(connection, row),
        None => Err(StoreError::Broken(format!("delivery {n} is gone"))),
    }
}

/// Deliveries by state, newest first.
pub(super) fn list(
    connection: &Connection,
    state: Option<DeliveryState>,
    limit: u32,
) -> Result<Vec<Delivery>, StoreError> {
    let wanted = if state.is_some() {
        "d.state = ?1"
    } else {
        "?1 IS NULL"
    };
    let mut lookup = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM deliveries d WHERE {wanted} ORDER BY d.n DESC LIMIT ?2"
    ))?;
    let mut found = lookup.query((state.map(rows::state_number), limit.min(LONGEST_LIST)))?;
    let mut list = Vec::new();
    while let Some(row) = found.next()? {
        list.push(from_row(connection, row)?);
    }
    Ok(list)
}

/// The deliveries that tell of an alert, oldest first.
pub(super) fn of_alert(connection: &Connection, alert: i64) -> Result<Vec<Delivery>, StoreError> {
    let mut lookup = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM delivery_alerts a JOIN deliveries d ON d.n = a.delivery
         WHERE a.alert = ?1 ORDER BY d.n"
    ))?;
    let mut found = lookup.query([alert])?;
    let mut list = Vec::new();
    while let Some(row) = found.next()? {
        list.push(from_row(connection, row)?);
    }
    Ok(list)
}

/// The alerts a delivery tells of, each with its incident as it is now.
pub(super) fn alerts(
    connection: &Connection,
    n: i64,
) -> Result<Vec<(Alert, Incident)>, StoreError> {
    let mut lookup = connection.prepare_cached(
        "SELECT a.body, b.body FROM delivery_alerts d
         JOIN alerts a ON a.n = d.alert JOIN incident_bodies b ON b.incident = a.incident
         WHERE d.delivery = ?1 ORDER BY a.n",
    )?;
    let mut found = lookup.query([n])?;
    let mut alerts = Vec::new();
    while let Some(row) = found.next()? {
        alerts.push((
            rows::read(&row.get::<_, String>(0)?)?,
            rows::read(&row.get::<_, String>(1)?)?,
        ));
    }
    Ok(alerts)
}

/// Every attempt that is kept, oldest first.
pub(super) fn attempts(
    connection: &Connection,
    delivery: DeliveryId,
) -> Result<Vec<Attempt>, StoreError> {
    let mut lookup = connection.prepare_cached(
        "SELECT a.at, a.outcome FROM attempts a JOIN deliveries d ON d.n = a.delivery
         WHERE d.id = ?1 ORDER BY a.number",
    )?;
    let mut found = lookup.query([delivery.as_bytes()])?;
    let mut attempts = Vec::new();
    while let Some(row) = found.next()? {
        attempts.push(Attempt {
            at: rows::time(row.get(0)?)?,
            outcome: row.get(1)?,
        });
    }
    Ok(attempts)
}

/// Makes a dead delivery pending again; false if it is not dead. Its attempts stay
/// counted, so nothing joins it: the receiver may know its id.
pub(super) fn replay(
    connection: &Connection,
    delivery: DeliveryId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let changed = connection
        .prepare_cached(
            "UPDATE deliveries SET state = ?3, due = ?2, settled = NULL, holder = NULL, held_until = NULL
             WHERE id = ?1 AND state = ?4",
        )?
        .execute((delivery.as_bytes(), rows::micros(now), PENDING, DEAD))?;
    Ok(changed > 0)
}

fn from_row(connection: &Connection, row: &Row<'_>) -> Result<Delivery, StoreError> {
    let n: i64 = row.get(0)?;
    let mut lookup = connection.prepare_cached(
        "SELECT a.id FROM delivery_alerts d JOIN alerts a ON a.n = d.alert WHERE d.delivery = ?1 ORDER BY a.n",
    )?;
    let ids: Vec<[u8; 16]> = lookup
        .query_map([n], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(Delivery {
        id: DeliveryId(rows::uuid(row.get(1)?)),
        channel: rows::name(&row.get::<_, String>(2)?)?,
        kind: rows::read(&row.get::<_, String>(3)?)?,
        alerts: ids.into_iter().map(|id| AlertId(rows::uuid(id))).collect(),
        state: rows::state(row.get(4)?)?,
        due: rows::time(row.get(5)?)?,
        attempts: row.get(6)?,
        error: row.get(7)?,
        created: rows::time(row.get(8)?)?,
        settled: rows::maybe_time(row.get(9)?)?,
    })
}
