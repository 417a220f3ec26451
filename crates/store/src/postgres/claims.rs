//! Claiming deliveries and writing what came of them.
//!
//! Of one story only the oldest waiting delivery in a channel can be claimed: the
//! first message opens the thread that the others answer in, so a second one must
//! not overtake a first that is being retried. That looks at rows beside the one that
//! is claimed, so everything here runs under [`super::work::Lock::Outbox`].

use model::{ChannelId, DeliveryId, Receipt, Timestamp};

use super::rows::{self, DEAD, PENDING, SENT};
use super::work::Work;
use super::{deliveries, events};
use crate::codec::{ATTEMPTS_KEPT, MOST_CLAIMED};
use crate::{Claimed, NewDelivery, Settlement, StoreError};

/// Deliveries that nothing but time keeps from being sent.
const CLAIMABLE: &str = "d.state = 0
    AND d.channel = ANY ($1)
    AND d.channel NOT IN (SELECT channel FROM paused_channels)
    AND NOT EXISTS (
        SELECT 1 FROM deliveries o
        WHERE o.state = 0 AND o.channel = d.channel AND o.incident = d.incident AND o.n < d.n)";

fn names(channels: &[ChannelId]) -> Vec<&str> {
    channels.iter().map(ChannelId::as_str).collect()
}

pub(super) async fn claim(
    work: &Work,
    holder: &str,
    channels: &[ChannelId],
    now: Timestamp,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<Claimed>, StoreError> {
    let limit = i64::from(limit.min(MOST_CLAIMED));
    let due = work
        .rows(
            &format!(
                "SELECT d.n FROM deliveries d
                 WHERE {CLAIMABLE} AND d.due <= $2 AND coalesce(d.held_until, $2) <= $2
                 ORDER BY d.due, d.n LIMIT $3"
            ),
            &[&names(channels), &rows::micros(now), &limit],
        )
        .await?;
    let mut claimed = Vec::with_capacity(due.len());
    for row in due {
        let n: i64 = row.try_get(0)?;
        work.run(
            "UPDATE deliveries SET holder = $2, held_until = $3 WHERE n = $1",
            &[&n, &holder, &rows::micros(until)],
        )
        .await?;
        let thread = work
            .row(
                "SELECT t.thread FROM deliveries d JOIN threads t ON t.channel = d.channel AND t.incident = d.incident
                 WHERE d.n = $1",
                &[&n],
            )
            .await?
            .map(|row| row.try_get::<_, Option<String>>(0))
            .transpose()?
            .flatten();
        claimed.push(Claimed {
            delivery: deliveries::get(work, n).await?,
            alerts: deliveries::alerts(work, n).await?,
            thread,
        });
    }
    Ok(claimed)
}

/// When there may be something to claim: when the next is due, or when the claim
/// on it expires.
pub(super) async fn next_due(
    work: &Work,
    channels: &[ChannelId],
) -> Result<Option<Timestamp>, StoreError> {
    let row = work
        .one(
            &format!(
                "SELECT min(greatest(d.due, coalesce(d.held_until, d.due))) FROM deliveries d WHERE {CLAIMABLE}"
            ),
            &[&names(channels)],
        )
        .await?;
    rows::maybe_time_of(&row, 0)
}

/// The delivery that is settled.
struct Tried {
    n: i64,
    channel: String,
    incident: Option<i64>,
    state: i64,
    attempts: i64,
}

pub(super) async fn settle(
    work: &Work,
    delivery: DeliveryId,
    at: Timestamp,
    settlement: &Settlement,
) -> Result<(), StoreError> {
    let found = work
        .row(
            "SELECT n, channel, incident, state, attempts FROM deliveries WHERE id = $1",
            &[&delivery.0],
        )
        .await?;
    let Some(row) = found else {
        return Err(StoreError::Invalid(format!(
            "there is no delivery {delivery}"
        )));
    };
    let tried = Tried {
        n: row.try_get(0)?,
        channel: row.try_get(1)?,
        incident: row.try_get(2)?,
        state: row.try_get(3)?,
        attempts: row.try_get(4)?,
    };
    let outcome = match settlement {
        Settlement::Sent(_) => "sent",
        Settlement::Again { error, .. } | Settlement::Dead { error } => error.as_str(),
        Settlement::Paused { reason, .. } => reason.as_str(),
    };
    note_attempt(work, &tried, at, outcome).await?;
    match settlement {
        Settlement::Sent(receipt) => sent(work, &tried, at, receipt).await?,
        // A claim expired, another worker took over, and both tried: whoever got
        // through decides.
        _ if tried.state != PENDING => {}
        Settlement::Again { due, error } => wait(work, &tried, Some(*due), error).await?,
        Settlement::Dead { error } => {
            work.run(
                "UPDATE deliveries SET state = $2, settled = $3, error = $4, holder = NULL, held_until = NULL
                 WHERE n = $1",
                &[&tried.n, &DEAD, &rows::micros(at), &rows::text(error)],
            )
            .await?;
        }
        Settlement::Paused { reason, notices } => {
            wait(work, &tried, None, reason).await?;
            pause(work, &tried.channel, at, reason, notices).await?;
        }
    }
    work.tell(at, events::DELIVERY_SETTLED, delivery.to_string());
    Ok(())
}

async fn note_attempt(
    work: &Work,
    tried: &Tried,
    at: Timestamp,
    outcome: &str,
) -> Result<(), StoreError> {
    let number = tried.attempts + 1;
    work.run(
        "UPDATE deliveries SET attempts = $2 WHERE n = $1",
        &[&tried.n, &number],
    )
    .await?;
    work.run(
        "INSERT INTO attempts (delivery, number, at, outcome) VALUES ($1, $2, $3, $4)",
        &[&tried.n, &number, &rows::micros(at), &rows::text(outcome)],
    )
    .await?;
    work.run(
        "DELETE FROM attempts WHERE delivery = $1 AND number <= $2",
        &[&tried.n, &(number - ATTEMPTS_KEPT)],
    )
    .await?;
    Ok(())
}

async fn sent(
    work: &Work,
    tried: &Tried,
    at: Timestamp,
    receipt: &Receipt,
) -> Result<(), StoreError> {
    let at = rows::micros(at);
    work.run(
        "UPDATE deliveries SET state = $2, settled = $3, error = NULL, holder = NULL, held_until = NULL
         WHERE n = $1",
        &[&tried.n, &SENT, &at],
    )
    .await?;
    if let Some(incident) = tried.incident {
        work.run(
            "INSERT INTO threads AS t (channel, incident, thread, last_sent) VALUES ($1, $2, $3, $4)
             ON CONFLICT (channel, incident) DO UPDATE SET
                 thread = coalesce(t.thread, excluded.thread), last_sent = greatest(t.last_sent, excluded.last_sent)",
            &[
                &tried.channel,
                &incident,
                &rows::maybe_text(receipt.thread.as_deref()),
                &at,
            ],
        )
        .await?;
        // What was written while this one was on its way could not know of it.
        work.run(
            "UPDATE deliveries SET due = greatest(due, $3 + gap)
             WHERE state = 0 AND channel = $1 AND incident = $2 AND attempts = 0",
            &[&tried.channel, &incident, &at],
        )
        .await?;
    }
    if let Some(address) = &receipt.address {
        keep_memo(work, &tried.channel, "address", address).await?;
    }
    Ok(())
}

/// Back to waiting, until `due` if one is given.
async fn wait(
    work: &Work,
    tried: &Tried,
    due: Option<Timestamp>,
    error: &str,
) -> Result<(), StoreError> {
    work.run(
        "UPDATE deliveries SET due = coalesce($2, due), error = $3, holder = NULL, held_until = NULL WHERE n = $1",
        &[&tried.n, &due.map(rows::micros), &rows::text(error)],
    )
    .await?;
    Ok(())
}

/// Pauses a channel. When it is paused already, the others were told.
async fn pause(
    work: &Work,
    channel: &str,
    at: Timestamp,
    reason: &str,
    notices: &[NewDelivery],
) -> Result<(), StoreError> {
    let paused = work
        .run(
            "INSERT INTO paused_channels (channel, since, reason) VALUES ($1, $2, $3)
             ON CONFLICT (channel) DO NOTHING",
            &[&channel, &rows::micros(at), &rows::text(reason)],
        )
        .await?;
    if paused > 0 {
        for notice in notices {
            deliveries::write(work, at, notice).await?;
        }
    }
    Ok(())
}

pub(super) async fn keep_memo(
    work: &Work,
    channel: &str,
    key: &str,
    value: &str,
) -> Result<(), StoreError> {
    work.run(
        "INSERT INTO channel_memos (channel, key, value) VALUES ($1, $2, $3)
         ON CONFLICT (channel, key) DO UPDATE SET value = excluded.value",
        &[&channel, &key, &rows::text(value)],
    )
    .await?;
    Ok(())
}
