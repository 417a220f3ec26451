//! Whose file it is, how old its schema is, and bringing it up to date.
//!
//! The application id in the file's header tells our files from others': a file
//! of another program is refused before anything in it changes. Migrations are
//! numbered files, each run once, all in one transaction.

use model::tokens;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::placing;
use crate::StoreError;

/// `PRHR` in the header of the file (`PRAGMA application_id`).
const APPLICATION_ID: i64 = 0x5052_4852;

/// Every migration, in order; its number is its place, from 1.
const MIGRATIONS: [&str; 13] = [
    include_str!("../../migrations/sqlite/0001_first.sql"),
    include_str!("../../migrations/sqlite/0002_weaknesses.sql"),
    include_str!("../../migrations/sqlite/0003_vulnerability_changes.sql"),
    include_str!("../../migrations/sqlite/0004_documents.sql"),
    include_str!("../../migrations/sqlite/0005_audit.sql"),
    include_str!("../../migrations/sqlite/0006_source_settings.sql"),
    include_str!("../../migrations/sqlite/0007_story_words.sql"),
    include_str!("../../migrations/sqlite/0008_queries.sql"),
    include_str!("../../migrations/sqlite/0009_learning.sql"),
    include_str!("../../migrations/sqlite/0010_handling.sql"),
    include_str!("../../migrations/sqlite/0011_a_million.sql"),
    include_str!("../../migrations/sqlite/0012_retention.sql"),
    include_str!("../../migrations/sqlite/0013_fresh_first.sql"),
];

/// The schema this program knows.
pub(super) const VERSION: usize = MIGRATIONS.len();

/// The migration that makes full text anew.
const BEGINNINGS: usize = 11;

/// Makes the schema, or brings it up to date.
///
/// The write lock is taken before the file is looked at, so of two processes that
/// open a new file at once one makes the schema and the other finds it.
pub(super) fn bring_up_to_date(connection: &mut Connection) -> Result<(), StoreError> {
    // A file that is up to date is only read: opening must not wait for a writer,
    // nor fail beside a full disk. One snapshot, or another process's first
    // migration would be seen by halves.
    let snapshot = connection.transaction()?;
    let up_to_date = is_ours(&snapshot)? && version(&snapshot)? == VERSION;
    snapshot.finish()?;
    if up_to_date {
        return Ok(());
    }
    // Pages that become free are given back in steps. Only an empty file takes the word.
    connection.pragma_update(None, "auto_vacuum", "incremental")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if !is_ours(&transaction)? {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction
            .execute_batch("CREATE TABLE schema_version (version INTEGER PRIMARY KEY) STRICT")?;
    }
    let done = version(&transaction)?;
    for (migration, number) in MIGRATIONS.iter().zip(1_i64..).skip(done) {
        transaction.execute_batch(migration)?;
        transaction.execute("INSERT INTO schema_version VALUES (?1)", [number])?;
    }
    if done < BEGINNINGS {
        fill_full_text(&transaction)?;
    }
    transaction.commit()?;
    Ok(())
}

/// Writes the words of every item that has an incident: half a second for a thousand
/// articles at most.
fn fill_full_text(transaction: &Connection) -> Result<(), StoreError> {
    let mut items = transaction.prepare(
        "SELECT i.n, t.analysis ->> '$.title', t.analysis ->> '$.text'
         FROM items i JOIN item_texts t ON t.item = i.n WHERE i.incident IS NOT NULL",
    )?;
    let mut found = items.query([])?;
    while let Some(row) = found.next()? {
        let title = tokens::stream(&row.get::<_, String>(1)?);
        let text = tokens::stream(&row.get::<_, String>(2)?);
        placing::index(transaction, row.get(0)?, &title, &text)?;
    }
    Ok(())
}

/// Whether it is our file; false when it is empty, an error when it is another's.
pub(super) fn is_ours(connection: &Connection) -> Result<bool, StoreError> {
    let id: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if id == APPLICATION_ID {
        return Ok(true);
    }
    let tables: i64 =
        connection.query_one("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if id == 0 && tables == 0 {
        return Ok(false);
    }
    Err(StoreError::Broken(
        "the file is a database of another program".to_owned(),
    ))
}

/// The schema's version; an error when this program does not know it.
pub(super) fn version(connection: &Connection) -> Result<usize, StoreError> {
    let found: Option<i64> = connection
        .query_row("SELECT max(version) FROM schema_version", [], |row| {
            row.get(0)
        })
        .optional()?
        .flatten();
    let found = usize::try_from(found.unwrap_or(0)).unwrap_or(0);
    if found > VERSION {
        return Err(StoreError::Broken(format!(
            "it was made by a newer version of this program (schema {found}; this one knows {VERSION})"
        )));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn incidents_from_before_queries_are_found_by_what_their_bodies_say() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection
            .pragma_update(None, "application_id", APPLICATION_ID)
            .unwrap();
        connection
            .execute_batch("CREATE TABLE schema_version (version INTEGER PRIMARY KEY) STRICT")
            .unwrap();
        for (migration, number) in MIGRATIONS.iter().zip(1_i64..).take(7) {
            connection.execute_batch(migration).unwrap();
            connection
                .execute("INSERT INTO schema_version VALUES (?1)", [number])
                .unwrap();
        }
        connection
            .execute_batch(
                r#"INSERT INTO incidents VALUES (1, x'01', 1, 2, 80, 'watching', 0, 5);
                INSERT INTO incident_bodies VALUES (1, '{"kev":true,"items":3,"claim":"denied",
                    "sectors":[{"label":"health","confidence":0.9}],"region":{"countries":["IN"],"states":["KL"]}}');"#,
            )
            .unwrap();
        bring_up_to_date(&mut connection).unwrap();
        let numbers: (i64, i64, Option<i64>) = connection
            .query_one("SELECT kev, items, epss FROM incidents", [], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .unwrap();
        assert_eq!(numbers, (1, 3, None));
        let mut lookup = connection
            .prepare("SELECT kind || ' ' || value FROM incident_keys ORDER BY kind")
            .unwrap();
        let keys: Vec<String> = lookup
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert_eq!(keys, ["6 health", "7 KL", "8 watching", "9 denied"]);
    }
}
