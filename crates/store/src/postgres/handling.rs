//! What people do about incidents, in rows: small changes here, moves of items in
//! `rearrange`.

use async_trait::async_trait;
use model::IncidentId;

use super::work::{Lock, Work};
use super::writer::News;
use super::{Postgres, again, developments, events, incidents, lane, rearrange, rows, similar};
use crate::archive::Story;
use crate::handling::{Act, Cause, Handled, Handling, MOST_NOTES, Rearranged, Similar};
use crate::{Change, Fence, StoreError};

#[async_trait]
impl Handling for Postgres {
    async fn handle(
        &self,
        id: IncidentId,
        act: Act,
        change: Change,
        seen: Option<u64>,
    ) -> Result<Handled, StoreError> {
        let (act, change) = (&act, &change);
        self.write(
            News::Yes,
            |_| None,
            |work| async move { handle(&work, id, act, change, seen).await },
        )
        .await
    }

    async fn story(&self, id: IncidentId) -> Result<Option<Story>, StoreError> {
        self.read(|work| async move {
            match incidents::resolve(&work, id).await? {
                Some(n) => Ok(Some(again::story(&work, n).await?)),
                None => Ok(None),
            }
        })
        .await
    }

    async fn rearrange(
        &self,
        fence: &Fence,
        rearranged: Rearranged,
    ) -> Result<Handled, StoreError> {
        let rearranged = &rearranged;
        self.write(
            News::Yes,
            |_| None,
            |work| async move {
                if !lane::holds(&work, fence).await? {
                    return Err(StoreError::Fenced);
                }
                // A merge joins deliveries that wait.
                work.lock(Lock::Outbox).await?;
                rearrange::write(&work, rearranged).await
            },
        )
        .await
    }

    async fn similar(
        &self,
        id: IncidentId,
        limit: u32,
    ) -> Result<Option<Vec<Similar>>, StoreError> {
        self.read(|work| async move { similar::find(&work, id, limit).await })
            .await
    }
}

async fn handle(
    work: &Work,
    id: IncidentId,
    act: &Act,
    change: &Change,
    seen: Option<u64>,
) -> Result<Handled, StoreError> {
    let Some(n) = incidents::resolve_to_change(work, id).await? else {
        return Ok(Handled::Unknown);
    };
    let stored = incidents::get(work, n).await?;
    if seen.is_some_and(|seen| seen != stored.revision) {
        return Ok(Handled::Changed(stored.revision));
    }
    let Some(mut incident) = act.on(&stored) else {
        return Ok(Handled::Full("tags"));
    };
    if let Some(note) = &act.note
        && !write_note(work, n, change, &note.0).await?
    {
        return Ok(Handled::Full("notes"));
    }
    if incident != stored || act.note.is_some() {
        incident.revision = stored.revision.saturating_add(1);
        incidents::update(work, n, &incident).await?;
        developments::note(work, n, Cause::of(change), &stored, &incident).await?;
        work.tell(change.at, events::INCIDENT_UPDATED, incident.id.to_string());
    }
    Ok(Handled::Done(Box::new(incident)))
}

/// False when there are as many notes as an incident takes.
async fn write_note(work: &Work, n: i64, change: &Change, text: &str) -> Result<bool, StoreError> {
    let written = work
        .run(
            "INSERT INTO notes (incident, at, by, text) SELECT $1, $2, $3, $4
             WHERE (SELECT count(*) FROM notes WHERE incident = $1) < $5",
            &[
                &n,
                &rows::micros(change.at),
                &rows::text(&change.by),
                &rows::text(text),
                &i64::from(MOST_NOTES),
            ],
        )
        .await?;
    Ok(written == 1)
}
