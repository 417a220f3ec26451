//! Whose database it is, how old its schema is, and bringing it up to date.
//!
//! A table of our own name tells our databases from others': one of another program
//! is refused before anything in it changes. Migrations are numbered files with the
//! numbers of SQLite's, each run once, all in one transaction and under a lock, so
//! that of many nodes that start at once one makes the schema and the others find it.

use std::time::Duration;

use deadpool_postgres::Pool;

use super::work::{Lock, Work};
use crate::StoreError;

/// Every migration, in order; its number is its place, from 1.
const MIGRATIONS: [&str; 13] = [
    include_str!("../../migrations/postgres/0001_first.sql"),
    include_str!("../../migrations/postgres/0002_weaknesses.sql"),
    include_str!("../../migrations/postgres/0003_vulnerability_changes.sql"),
    include_str!("../../migrations/postgres/0004_documents.sql"),
    include_str!("../../migrations/postgres/0005_audit.sql"),
    include_str!("../../migrations/postgres/0006_source_settings.sql"),
    include_str!("../../migrations/postgres/0007_story_words.sql"),
    include_str!("../../migrations/postgres/0008_queries.sql"),
    include_str!("../../migrations/postgres/0009_learning.sql"),
    include_str!("../../migrations/postgres/0010_handling.sql"),
    include_str!("../../migrations/postgres/0011_a_million.sql"),
    include_str!("../../migrations/postgres/0012_retention.sql"),
    include_str!("../../migrations/postgres/0013_fresh_first.sql"),
];

/// The schema this program knows.
const VERSION: usize = MIGRATIONS.len();
/// The oldest server we are tested on.
const OLDEST_SERVER: i64 = 150_000;
/// How long a migration may take: an index over a million items takes minutes.
const MIGRATION: Duration = Duration::from_secs(60 * 60);

/// Makes the schema, or brings it up to date.
pub(super) async fn bring_up_to_date(pool: &Pool) -> Result<(), StoreError> {
    let work = Work::begin(pool, "BEGIN", MIGRATION).await?;
    suits(&work).await?;
    // A database that is up to date is only read: opening must not wait for a lock.
    let up_to_date = is_ours(&work).await? && version(&work).await? == VERSION;
    if !up_to_date {
        work.execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0")
            .await?;
        work.lock(Lock::Schema).await?;
        if !is_ours(&work).await? {
            work.execute("CREATE TABLE prahari_schema (version BIGINT PRIMARY KEY)")
                .await?;
        }
        let done = version(&work).await?;
        for (migration, number) in MIGRATIONS.iter().zip(1_i64..).skip(done) {
            work.execute(migration).await?;
            work.run("INSERT INTO prahari_schema VALUES ($1)", &[&number])
                .await?;
        }
    }
    work.end("COMMIT").await
}

/// Whether the server is one we can use.
async fn suits(work: &Work) -> Result<(), StoreError> {
    let row = work
        .one(
            "SELECT current_setting('server_version_num')::bigint, current_setting('server_version'),
                 current_setting('server_encoding')",
            &[],
        )
        .await?;
    let (number, version, encoding): (i64, String, String) =
        (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    if number < OLDEST_SERVER {
        return Err(StoreError::Broken(format!(
            "it is PostgreSQL {version}; 15 or later is needed"
        )));
    }
    if encoding != "UTF8" {
        return Err(StoreError::Broken(format!(
            "its encoding is {encoding}; make it with `CREATE DATABASE … ENCODING 'UTF8'`"
        )));
    }
    Ok(())
}

/// Whether it is our database; false when it is empty, an error when it is another's.
async fn is_ours(work: &Work) -> Result<bool, StoreError> {
    let row = work
        .one(
            "SELECT to_regclass('prahari_schema') IS NOT NULL, EXISTS (
                 SELECT 1 FROM pg_class c
                 WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
                     AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e'))",
            &[],
        )
        .await?;
    let (ours, others): (bool, bool) = (row.try_get(0)?, row.try_get(1)?);
    if !ours && others {
        return Err(StoreError::Broken(
            "it holds tables of another program; give Prahari a database, or a schema, of its own"
                .to_owned(),
        ));
    }
    Ok(ours)
}

/// The schema's version; an error when this program does not know it.
async fn version(work: &Work) -> Result<usize, StoreError> {
    let row = work
        .one("SELECT coalesce(max(version), 0) FROM prahari_schema", &[])
        .await?;
    let found = usize::try_from(row.try_get::<_, i64>(0)?).unwrap_or(0);
    if found > VERSION {
        return Err(StoreError::Broken(format!(
            "it was made by a newer version of this program (schema {found}; this one knows {VERSION})"
        )));
    }
    Ok(found)
}
