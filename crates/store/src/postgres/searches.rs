//! Searches that people keep, and what they may be completed to.

use model::SearchId;
use model::query::Key;

use super::rows;
use super::work::Work;
use crate::completion::{self, MOST_ROWS, MOST_SEARCHES};
use crate::{SavedSearch, StoreError};

/// Every saved search, by name. One that this program cannot read is left out.
pub(super) async fn saved(work: &Work) -> Result<Vec<SavedSearch>, StoreError> {
    let found = work
        .rows(
            "SELECT id, name, query, at FROM saved_searches ORDER BY name",
            &[],
        )
        .await?;
    let mut searches = Vec::new();
    for row in found {
        let Ok(query) = model::query::parse(row.try_get(2)?) else {
            continue;
        };
        searches.push(SavedSearch {
            id: SearchId(row.try_get(0)?),
            name: row.try_get(1)?,
            query,
            at: rows::time_of(&row, 3)?,
        });
    }
    Ok(searches)
}

pub(super) async fn save(work: &Work, search: &SavedSearch) -> Result<bool, StoreError> {
    let written = work
        .run(
            "INSERT INTO saved_searches (id, name, query, at) SELECT $1, $2, $3, $4
             WHERE (SELECT count(*) FROM saved_searches) < $5
             ON CONFLICT (name) DO NOTHING",
            &[
                &search.id.0,
                &rows::text(&search.name),
                &rows::text(&search.query.to_string()),
                &rows::micros(search.at),
                &MOST_SEARCHES,
            ],
        )
        .await?;
    Ok(written > 0)
}

pub(super) async fn forget(work: &Work, id: SearchId) -> Result<bool, StoreError> {
    let forgotten = work
        .run("DELETE FROM saved_searches WHERE id = $1", &[&id.0])
        .await?;
    Ok(forgotten > 0)
}

/// Known keys that begin so, those of most incidents first.
pub(super) async fn known_keys(
    work: &Work,
    key: Key,
    begins: &str,
    limit: u32,
) -> Result<Vec<(String, u64)>, StoreError> {
    let range = completion::range(key, begins);
    let to = range.to.unwrap_or_default();
    work.rows(
        "SELECT value, count(*) AS incidents FROM (
             SELECT value FROM incident_keys WHERE kind = $1 AND value >= $2 AND value < $3
             ORDER BY value LIMIT $4) begun
         GROUP BY value ORDER BY incidents DESC, value LIMIT $5",
        &[
            &key.number(),
            &rows::text(&range.from),
            &rows::text(&to),
            &MOST_ROWS,
            &i64::from(limit),
        ],
    )
    .await?
    .iter()
    .map(|row| {
        let value: &str = row.try_get(0)?;
        Ok((value.trim_end().to_owned(), rows::count(row, 1)?))
    })
    .collect()
}
