//! How incidents developed, and what people wrote beside them.

use model::incident::{Developed, Development, Note};
use model::{Incident, IncidentId, ItemId};

use super::rows;
use super::work::Work;
use crate::StoreError;
use crate::handling::{Cause, DEVELOPMENTS_READ, MOST_DEVELOPMENTS, opening};

/// Writes what `after` has become since `before`.
pub(super) async fn note(
    work: &Work,
    n: i64,
    cause: Cause<'_>,
    before: &Incident,
    after: &Incident,
) -> Result<(), StoreError> {
    write(work, n, cause, &model::incident::between(before, after)).await
}

/// Writes that an incident was opened.
pub(super) async fn opened(
    work: &Work,
    n: i64,
    cause: Cause<'_>,
    incident: &Incident,
) -> Result<(), StoreError> {
    write(work, n, cause, &[opening(incident)]).await
}

pub(super) async fn write(
    work: &Work,
    n: i64,
    cause: Cause<'_>,
    told: &[Development],
) -> Result<(), StoreError> {
    if told.is_empty() {
        return Ok(());
    }
    let bodies: Vec<String> = told.iter().map(rows::json).collect::<Result<_, _>>()?;
    work.run(
        "INSERT INTO developments (incident, at, by, item, body)
         SELECT $1, $2, $3, $4, body FROM unnest($5::text[]) WITH ORDINALITY AS told (body, nth) ORDER BY nth",
        &[
            &n,
            &rows::micros(cause.at),
            &rows::maybe_text(cause.by),
            &cause.item.map(|id| id.0),
            &bodies,
        ],
    )
    .await?;
    work.run(
        "DELETE FROM developments WHERE incident = $1 AND by IS NULL AND n <= (
             SELECT n FROM developments WHERE incident = $1 AND by IS NULL
             ORDER BY n DESC LIMIT 1 OFFSET $2)",
        &[&n, &i64::from(MOST_DEVELOPMENTS)],
    )
    .await?;
    Ok(())
}

/// What is kept, latest first.
pub(super) async fn of(work: &Work, n: i64) -> Result<Vec<Developed>, StoreError> {
    work.rows(
        "SELECT at, by, item, was, body FROM developments WHERE incident = $1
         ORDER BY at DESC, n DESC LIMIT $2",
        &[&n, &i64::from(DEVELOPMENTS_READ)],
    )
    .await?
    .iter()
    .map(|row| {
        Ok(Developed {
            at: rows::time_of(row, 0)?,
            by: row.try_get(1)?,
            item: row.try_get::<_, Option<_>>(2)?.map(ItemId),
            was: row.try_get::<_, Option<_>>(3)?.map(IncidentId),
            what: rows::body(row, 4)?,
        })
    })
    .collect()
}

/// The notes, oldest first.
pub(super) async fn notes(work: &Work, n: i64) -> Result<Vec<Note>, StoreError> {
    work.rows(
        "SELECT at, by, text FROM notes WHERE incident = $1 ORDER BY at, n",
        &[&n],
    )
    .await?
    .iter()
    .map(|row| {
        Ok(Note {
            at: rows::time_of(row, 0)?,
            by: row.try_get(1)?,
            text: row.try_get(2)?,
        })
    })
    .collect()
}
