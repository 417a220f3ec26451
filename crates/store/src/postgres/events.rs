//! Events for live readers: a short log whose numbers only grow.

use super::rows;
use super::work::{Lock, Work};
pub(super) use crate::journal::{
    DELIVERY_SETTLED, FEEDBACK_CHANGED, INCIDENT_MERGED, INCIDENT_OPENED, INCIDENT_UPDATED,
    MODEL_DECIDED, SOURCE_POLLED,
};
use crate::journal::{KEPT, LONGEST_PAGE, PRUNED_EACH};
use crate::{Event, EventPage, StoreError};

/// Numbers and writes what the transaction has to tell. Nothing may follow it but
/// the commit.
pub(super) async fn write(work: &Work) -> Result<(), StoreError> {
    let told = work.told();
    if told.is_empty() {
        return Ok(());
    }
    work.lock(Lock::Events).await?;
    // A statement of its own: it must see what was committed while we waited.
    let before = last(work).await?;
    let mut at = Vec::with_capacity(told.len());
    let mut kinds = Vec::with_capacity(told.len());
    let mut subjects = Vec::with_capacity(told.len());
    for (when, kind, subject) in told {
        at.push(rows::micros(when));
        kinds.push(kind);
        subjects.push(subject);
    }
    work.run(
        "INSERT INTO events (seq, at, kind, subject)
         SELECT $1 + nth, at, kind, subject
         FROM unnest($2::bigint[], $3::text[], $4::text[]) WITH ORDINALITY AS told (at, kind, subject, nth)",
        &[&before, &at, &kinds, &subjects],
    )
    .await?;
    let seq = before + i64::try_from(at.len()).unwrap_or(0);
    if before / PRUNED_EACH != seq / PRUNED_EACH {
        work.run("DELETE FROM events WHERE seq <= $1", &[&(seq - KEPT)])
            .await?;
    }
    Ok(())
}

pub(super) async fn last(work: &Work) -> Result<i64, StoreError> {
    let row = work
        .one("SELECT coalesce(max(seq), 0) FROM events", &[])
        .await?;
    Ok(row.try_get(0)?)
}

pub(super) async fn page(work: &Work, after: i64, limit: u32) -> Result<EventPage, StoreError> {
    let row = work
        .one("SELECT coalesce(min(seq), 1) FROM events", &[])
        .await?;
    let oldest: i64 = row.try_get(0)?;
    // A number from the future was given by another database: what it stands for is
    // not here, so that is a gap as well.
    let gap = after < oldest - 1 || after > last(work).await?;
    let limit = i64::from(limit.clamp(1, LONGEST_PAGE));
    let found = work
        .rows(
            "SELECT seq, at, kind, subject FROM events WHERE seq > $1 ORDER BY seq LIMIT $2",
            &[&after, &limit],
        )
        .await?;
    let events = found
        .iter()
        .map(|row| {
            Ok(Event {
                seq: row.try_get(0)?,
                at: rows::time_of(row, 1)?,
                kind: row.try_get(2)?,
                subject: row.try_get(3)?,
            })
        })
        .collect::<Result<_, StoreError>>()?;
    Ok(EventPage { events, gap })
}
