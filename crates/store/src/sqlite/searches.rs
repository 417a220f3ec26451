//! Searches that people keep, and what they may be completed to.

use model::SearchId;
use model::query::Key;
use rusqlite::Connection;

use super::rows;
use crate::completion::{self, MOST_ROWS, MOST_SEARCHES};
use crate::{SavedSearch, StoreError};

/// Every saved search, by name. One that this program cannot read is left out.
pub(super) fn saved(connection: &Connection) -> Result<Vec<SavedSearch>, StoreError> {
    let mut lookup = connection
        .prepare_cached("SELECT id, name, query, at FROM saved_searches ORDER BY name")?;
    let mut found = lookup.query([])?;
    let mut searches = Vec::new();
    while let Some(row) = found.next()? {
        let Ok(query) = model::query::parse(&row.get::<_, String>(2)?) else {
            continue;
        };
        searches.push(SavedSearch {
            id: SearchId(rows::uuid(row.get(0)?)),
            name: row.get(1)?,
            query,
            at: rows::time(row.get(3)?)?,
        });
    }
    Ok(searches)
}

pub(super) fn save(connection: &Connection, search: &SavedSearch) -> Result<bool, StoreError> {
    let written = connection
        .prepare_cached(
            "INSERT INTO saved_searches (id, name, query, at) SELECT ?1, ?2, ?3, ?4
             WHERE (SELECT count(*) FROM saved_searches) < ?5
             ON CONFLICT (name) DO NOTHING",
        )?
        .execute((
            search.id.as_bytes(),
            &search.name,
            search.query.to_string(),
            rows::micros(search.at),
            MOST_SEARCHES,
        ))?;
    Ok(written > 0)
}

pub(super) fn forget(connection: &Connection, id: SearchId) -> Result<bool, StoreError> {
    let forgotten = connection
        .prepare_cached("DELETE FROM saved_searches WHERE id = ?1")?
        .execute([id.as_bytes()])?;
    Ok(forgotten > 0)
}

/// Known keys that begin so, those of most incidents first.
pub(super) fn known_keys(
    connection: &Connection,
    key: Key,
    begins: &str,
    limit: u32,
) -> Result<Vec<(String, u64)>, StoreError> {
    let range = completion::range(key, begins);
    let mut lookup = connection.prepare_cached(
        "SELECT value, count(*) AS incidents FROM (
             SELECT value FROM incident_keys WHERE kind = ?1 AND value >= ?2 AND value < ?3 LIMIT ?4)
         GROUP BY value ORDER BY incidents DESC, value LIMIT ?5",
    )?;
    let asked = (key.number(), &range.from, &range.to, MOST_ROWS, limit);
    let found = lookup.query_map(asked, |row| {
        Ok((
            row.get::<_, String>(0)?.trim_end().to_owned(),
            rows::count(row, 1)?,
        ))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}
