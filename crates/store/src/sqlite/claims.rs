//! Claiming deliveries and writing what came of them.
//!
//! Of one story only the oldest waiting delivery in a channel can be claimed: the
//! first message opens the thread that the others answer in, so a second one must
//! not overtake a first that is being retried.

use model::{ChannelId, DeliveryId, Receipt, Timestamp};
use rusqlite::{Connection, OptionalExtension};

use super::rows::{self, DEAD, PENDING, SENT};
use super::{deliveries, events};
use crate::codec::{ATTEMPTS_KEPT, MOST_CLAIMED};
use crate::{Claimed, NewDelivery, Settlement, StoreError};

/// Deliveries that nothing but time keeps from being sent.
const CLAIMABLE: &str = "d.state = 0
    AND d.channel IN (SELECT value FROM json_each(?1))
    AND d.channel NOT IN (SELECT channel FROM paused_channels)
    AND NOT EXISTS (
        SELECT 1 FROM deliveries o
        WHERE o.state = 0 AND o.channel = d.channel AND o.incident = d.incident AND o.n < d.n)";

pub(super) fn claim(
    connection: &Connection,
    holder: &str,
    channels: &[ChannelId],
    now: Timestamp,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<Claimed>, StoreError> {
    let mut lookup = connection.prepare_cached(&format!(
        "SELECT d.n FROM deliveries d
         WHERE {CLAIMABLE} AND d.due <= ?2 AND coalesce(d.held_until, ?2) <= ?2
         ORDER BY d.due, d.n LIMIT ?3"
    ))?;
    let due: Vec<i64> = lookup
        .query_map(
            (
                rows::json(&channels)?,
                rows::micros(now),
                limit.min(MOST_CLAIMED),
            ),
            |row| row.get(0),
        )?
        .collect::<Result<_, _>>()?;
    let mut claimed = Vec::with_capacity(due.len());
    for n in due {
        connection
            .prepare_cached("UPDATE deliveries SET holder = ?2, held_until = ?3 WHERE n = ?1")?
            .execute((n, holder, rows::micros(until)))?;
        let thread: Option<String> = connection
            .prepare_cached(
                "SELECT t.thread FROM deliveries d JOIN threads t ON t.channel = d.channel AND t.incident = d.incident
                 WHERE d.n = ?1",
            )?
            .query_row([n], |row| row.get(0))
            .optional()?
            .flatten();
        claimed.push(Claimed {
            delivery: deliveries::get(connection, n)?,
            alerts: deliveries::alerts(connection, n)?,
            thread,
        });
    }
    Ok(claimed)
}

/// When there may be something to claim: when the next is due, or when the claim
/// on it expires.
pub(super) fn next_due(
    connection: &Connection,
    channels: &[ChannelId],
) -> Result<Option<Timestamp>, StoreError> {
    let next: Option<i64> = connection
        .prepare_cached(&format!(
            "SELECT min(max(d.due, coalesce(d.held_until, d.due))) FROM deliveries d WHERE {CLAIMABLE}"
        ))?
        .query_one([rows::json(&channels)?], |row| row.get(0))?;
    rows::maybe_time(next)
}

/// The delivery that is settled.
struct Tried {
    n: i64,
    channel: String,
    incident: Option<i64>,
    state: i64,
    attempts: i64,
}

pub(super) fn settle(
    connection: &Connection,
    delivery: DeliveryId,
    at: Timestamp,
    settlement: &Settlement,
) -> Result<(), StoreError> {
    let tried = connection
        .prepare_cached(
            "SELECT n, channel, incident, state, attempts FROM deliveries WHERE id = ?1",
        )?
        .query_row([delivery.as_bytes()], |row| {
            Ok(Tried {
                n: row.get(0)?,
                channel: row.get(1)?,
                incident: row.get(2)?,
                state: row.get(3)?,
                attempts: row.get(4)?,
            })
        })
        .optional()?;
    let Some(tried) = tried else {
        return Err(StoreError::Invalid(format!(
            "there is no delivery {delivery}"
        )));
    };
    let outcome = match settlement {
        Settlement::Sent(_) => "sent",
        Settlement::Again { error, .. } | Settlement::Dead { error } => error.as_str(),
        Settlement::Paused { reason, .. } => reason.as_str(),
    };
    note_attempt(connection, &tried, at, outcome)?;
    match settlement {
        Settlement::Sent(receipt) => sent(connection, &tried, at, receipt)?,
        // A claim expired, another worker took over, and both tried: whoever got
        // through decides.
        _ if tried.state != PENDING => {}
        Settlement::Again { due, error } => wait(connection, &tried, Some(*due), error)?,
        Settlement::Dead { error } => {
            connection
                .prepare_cached(
                    "UPDATE deliveries SET state = ?2, settled = ?3, error = ?4, holder = NULL, held_until = NULL
                     WHERE n = ?1",
                )?
                .execute((tried.n, DEAD, rows::micros(at), error))?;
        }
        Settlement::Paused { reason, notices } => {
            wait(connection, &tried, None, reason)?;
            pause(connection, &tried.channel, at, reason, notices)?;
        }
    }
    events::write(
        connection,
        at,
        events::DELIVERY_SETTLED,
        &delivery.to_string(),
    )
}

fn note_attempt(
    connection: &Connection,
    tried: &Tried,
    at: Timestamp,
    outcome: &str,
) -> Result<(), StoreError> {
    let number = tried.attempts + 1;
    connection
        .prepare_cached("UPDATE deliveries SET attempts = ?2 WHERE n = ?1")?
        .execute((tried.n, number))?;
    connection
        .prepare_cached(
            "INSERT INTO attempts (delivery, number, at, outcome) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute((tried.n, number, rows::micros(at), outcome))?;
    connection
        .prepare_cached("DELETE FROM attempts WHERE delivery = ?1 AND number <= ?2")?
        .execute((tried.n, number - ATTEMPTS_KEPT))?;
    Ok(())
}

fn sent(
    connection: &Connection,
    tried: &Tried,
    at: Timestamp,
    receipt: &Receipt,
) -> Result<(), StoreError> {
    let at = rows::micros(at);
    connection
        .prepare_cached(
            "UPDATE deliveries SET state = ?2, settled = ?3, error = NULL, holder = NULL, held_until = NULL
             WHERE n = ?1",
        )?
        .execute((tried.n, SENT, at))?;
    if let Some(incident) = tried.incident {
        connection
            .prepare_cached(
                "INSERT INTO threads (channel, incident, thread, last_sent) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (channel, incident) DO UPDATE SET
                     thread = coalesce(thread, excluded.thread), last_sent = max(last_sent, excluded.last_sent)",
            )?
            .execute((&tried.channel, incident, &receipt.thread, at))?;
        // What was written while this one was on its way could not know of it.
        connection
            .prepare_cached(
                "UPDATE deliveries SET due = max(due, ?3 + gap)
                 WHERE state = 0 AND channel = ?1 AND incident = ?2 AND attempts = 0",
            )?
            .execute((&tried.channel, incident, at))?;
    }
    if let Some(address) = &receipt.address {
        keep_memo(connection, &tried.channel, "address", address)?;
    }
    Ok(())
}

/// Back to waiting, until `due` if one is given.
fn wait(
    connection: &Connection,
    tried: &Tried,
    due: Option<Timestamp>,
    error: &str,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE deliveries SET due = coalesce(?2, due), error = ?3, holder = NULL, held_until = NULL WHERE n = ?1",
        )?
        .execute((tried.n, due.map(rows::micros), error))?;
    Ok(())
}

/// Pauses a channel. When it is paused already, the others were told.
fn pause(
    connection: &Connection,
    channel: &str,
    at: Timestamp,
    reason: &str,
    notices: &[NewDelivery],
) -> Result<(), StoreError> {
    let paused = connection
        .prepare_cached(
            "INSERT INTO paused_channels (channel, since, reason) VALUES (?1, ?2, ?3)
             ON CONFLICT (channel) DO NOTHING",
        )?
        .execute((channel, rows::micros(at), reason))?;
    if paused > 0 {
        for notice in notices {
            deliveries::write(connection, at, notice)?;
        }
    }
    Ok(())
}

pub(super) fn keep_memo(
    connection: &Connection,
    channel: &str,
    key: &str,
    value: &str,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO channel_memos (channel, key, value) VALUES (?1, ?2, ?3)
             ON CONFLICT (channel, key) DO UPDATE SET value = excluded.value",
        )?
        .execute((channel, key, value))?;
    Ok(())
}
