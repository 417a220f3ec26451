//! A file of everything, made while others go on writing, and proved.

use std::fmt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::{Options, copy, schema, text_index, writer};
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

/// What SQLite finds wrong with a file.
pub(super) struct Damage {
    /// The first of it that nothing can build again, or else the first of it.
    what: String,
    /// The text index alone: all that it holds stands in the texts too.
    pub(super) is_of_index: bool,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// Looks for damage of the file itself. The text index checks itself with the rest.
pub(super) fn damage(connection: &Connection) -> Result<Option<Damage>, StoreError> {
    /// More damage than this is damage of more than one table.
    const MOST: usize = 20;
    if let Some(what) = text_index::unusable(connection)? {
        // The check of the whole would fail at it.
        let other = damage_of_tables(connection)?;
        return Ok(Some(Damage {
            is_of_index: other.is_none(),
            what: other.unwrap_or(what),
        }));
    }
    let mut check = connection.prepare(&format!("PRAGMA integrity_check({MOST})"))?;
    let said: Vec<String> = check
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    // There is one such table.
    let is_of_index = |what: &&String| what.to_lowercase().contains("fts5");
    let other = said.iter().find(|what| !is_of_index(what));
    if other.is_some_and(|what| what == "ok") {
        return Ok(None);
    }
    Ok(other.or(said.first()).map(|what| Damage {
        what: what.clone(),
        is_of_index: other.is_none() && said.len() < MOST,
    }))
}

/// Looks for damage of each table by itself but those of the text index.
fn damage_of_tables(connection: &Connection) -> Result<Option<String>, StoreError> {
    let mut tables = connection.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0
             AND name NOT LIKE 'items\\_fts\\_%' ESCAPE '\\'",
    )?;
    let mut found = tables.query([])?;
    while let Some(row) = found.next()? {
        let table: String = row.get(0)?;
        let said: String =
            connection.query_row(&format!("PRAGMA integrity_check({table})"), [], |row| {
                row.get(0)
            })?;
        if said != "ok" {
            return Ok(Some(said));
        }
    }
    Ok(None)
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
