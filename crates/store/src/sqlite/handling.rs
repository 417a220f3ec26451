//! What people do about incidents, in rows: small changes here, moves of items in
//! `rearrange`.

use async_trait::async_trait;
use model::{IncidentId, Timestamp};
use rusqlite::Connection;

use super::writer::News;
use super::{Sqlite, again, developments, events, incidents, lane, rearrange, rows, similar};
use crate::archive::Story;
use crate::handling::{Act, Cause, Handled, Handling, MOST_NOTES, Rearranged, Similar};
use crate::{Change, Fence, StoreError};

#[async_trait]
impl Handling for Sqlite {
    async fn handle(
        &self,
        id: IncidentId,
        act: Act,
        change: Change,
        seen: Option<u64>,
    ) -> Result<Handled, StoreError> {
        self.writer
            .run(
                News::Yes,
                |_| None,
                move |connection| handle(connection, id, &act, &change, seen),
            )
            .await
    }

    async fn story(&self, id: IncidentId) -> Result<Option<Story>, StoreError> {
        self.readers
            .read(
                move |connection| match incidents::resolve(connection, id)? {
                    Some(n) => Ok(Some(again::story(connection, n)?)),
                    None => Ok(None),
                },
            )
            .await
    }

    async fn rearrange(
        &self,
        fence: &Fence,
        rearranged: Rearranged,
    ) -> Result<Handled, StoreError> {
        let fence = fence.clone();
        self.writer
            .run(
                News::Yes,
                |_| None,
                move |connection| {
                    if !lane::holds(connection, &fence)? {
                        return Err(StoreError::Fenced);
                    }
                    rearrange::write(connection, rearranged)
                },
            )
            .await
    }

    async fn similar(
        &self,
        id: IncidentId,
        limit: u32,
    ) -> Result<Option<Vec<Similar>>, StoreError> {
        self.readers
            .read(move |connection| similar::find(connection, id, limit))
            .await
    }
}

fn handle(
    connection: &Connection,
    id: IncidentId,
    act: &Act,
    change: &Change,
    seen: Option<u64>,
) -> Result<Handled, StoreError> {
    let Some(n) = incidents::resolve(connection, id)? else {
        return Ok(Handled::Unknown);
    };
    let stored = incidents::get(connection, n)?;
    if seen.is_some_and(|seen| seen != stored.revision) {
        return Ok(Handled::Changed(stored.revision));
    }
    let Some(mut incident) = act.on(&stored) else {
        return Ok(Handled::Full("tags"));
    };
    if let Some(note) = &act.note
        && !write_note(connection, n, change, &note.0)?
    {
        return Ok(Handled::Full("notes"));
    }
    if incident != stored || act.note.is_some() {
        incident.revision = stored.revision.saturating_add(1);
        incidents::update(connection, n, &incident)?;
        developments::note(connection, n, Cause::of(change), &stored, &incident)?;
        told(connection, change.at, events::INCIDENT_UPDATED, incident.id)?;
    }
    Ok(Handled::Done(Box::new(incident)))
}

/// False when there are as many notes as an incident takes.
fn write_note(
    connection: &Connection,
    n: i64,
    change: &Change,
    text: &str,
) -> Result<bool, StoreError> {
    let written = connection
        .prepare_cached(
            "INSERT INTO notes (incident, at, by, text) SELECT ?1, ?2, ?3, ?4
             WHERE (SELECT count(*) FROM notes WHERE incident = ?1) < ?5",
        )?
        .execute((n, rows::micros(change.at), &change.by, text, MOST_NOTES))?;
    Ok(written == 1)
}

pub(super) fn told(
    connection: &Connection,
    at: Timestamp,
    kind: &str,
    id: IncidentId,
) -> Result<(), StoreError> {
    events::write(connection, at, kind, &id.to_string())
}
