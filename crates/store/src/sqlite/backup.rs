//! A file of everything, made while others go on writing, and proved.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::{Options, copy, schema, writer};
use crate::StoreError;
use crate::backup::Snapshot;
use crate::codec::off_thread;

/// Makes a file of what is in the one at `path` now. Writers go on meanwhile.
pub(crate) async fn snapshot(path: PathBuf, into: PathBuf) -> Result<(), StoreError> {
    off_thread(move || {
        copy::make_folder(&into)?;
        copy::remove(&into)?;
        let mut connection = writer::connect(&path, &Options::default())?;
        schema::bring_up_to_date(&mut connection)?;
        // The copy can give back its free pages, even if this file cannot.
        connection.pragma_update(None, "auto_vacuum", "incremental")?;
        connection.execute(
            "VACUUM INTO ?1",
            [into.to_str().ok_or_else(|| {
                StoreError::Invalid(format!("{}: the name is no Unicode", into.display()))
            })?],
        )?;
        Ok(())
    })
    .await
}

/// Proves a file that nobody writes to, and says what is in it.
pub(crate) async fn inspect(path: PathBuf) -> Result<Snapshot, StoreError> {
    off_thread(move || {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags)?;
        if !schema::is_ours(&connection)? {
            return Err(StoreError::Broken("it holds nothing".to_owned()));
        }
        let schema = schema::version(&connection)?;
        if let Some(damage) = damage(&connection)? {
            return Err(StoreError::Broken(format!("it is damaged: {damage}")));
        }
        if let Some(table) = copy::wrong_reference(&connection)? {
            return Err(StoreError::Broken(format!(
                "rows of {table} refer to rows that are not there"
            )));
        }
        Ok(Snapshot {
            schema: schema as u64,
            tables: copy::counts(&connection)?,
        })
    })
    .await
}

/// What SQLite finds wrong with the file itself.
pub(super) fn damage(connection: &Connection) -> Result<Option<String>, StoreError> {
    let mut check = connection.prepare("PRAGMA integrity_check(1)")?;
    let said: String = check.query_row([], |row| row.get(0))?;
    Ok((said != "ok").then_some(said))
}

/// Lets a file that was proved take the place of a database.
pub(crate) async fn put_back(
    file: PathBuf,
    path: PathBuf,
    replace: bool,
) -> Result<(), StoreError> {
    off_thread(move || {
        // One of an older version is brought up to date before anything is lost.
        let mut connection = writer::connect(&file, &Options::default())?;
        schema::bring_up_to_date(&mut connection)?;
        connection.close().map_err(|(_, error)| error)?;
        copy::make_folder(&path)?;
        copy::vacate(&path, replace)?;
        copy::put(&file, &path)
    })
    .await
}

/// Whether a database could be put here; see [`copy::vacate`].
pub(crate) async fn vacate(path: PathBuf, replace: bool) -> Result<(), StoreError> {
    off_thread(move || copy::vacate(&path, replace)).await
}

/// The file beside `path` while it is being written.
pub(crate) fn part_of(path: &Path) -> PathBuf {
    crate::copy::part_of(path)
}
