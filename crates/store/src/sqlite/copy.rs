//! Copying everything out of a file, and into a new one.
//!
//! A new file is written beside its place without a journal, proved, and then renamed:
//! an interrupted copy leaves nothing but a `.part` behind, which the next one removes.

use std::path::{Path, PathBuf};

use model::tokens;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, params_from_iter};
use serde::Deserialize;
use tokio::sync::mpsc;

use super::{Options, placing, rows, schema, writer};
use crate::StoreError;
use crate::codec::off_thread;
use crate::copy::{
    Batch, Copied, INDEXED_AT_ONCE, NO_CONTENT, NOT_COPIED, Part, Step, Tally, Value, Watcher,
    cut_short, gone, part_of,
};

/// Sends everything that is in a file, as it is at one moment.
pub(crate) async fn read(path: PathBuf, parts: mpsc::Sender<Part>) -> Result<(), StoreError> {
    off_thread(move || {
        let mut connection = writer::connect(&path, &Options::default())?;
        schema::bring_up_to_date(&mut connection)?;
        let snapshot = connection.transaction()?;
        send_all(&snapshot, &parts)
    })
    .await
}

fn send_all(connection: &Connection, parts: &mpsc::Sender<Part>) -> Result<(), StoreError> {
    let send = |part| parts.blocking_send(part).map_err(|_| gone());
    let tables = tables(connection)?;
    let mut total = 0;
    for table in &tables {
        total += count(connection, &table.name)?;
    }
    send(Part::Total(total))?;
    for table in tables {
        send(Part::Table {
            name: table.name.clone(),
            columns: table.columns.clone(),
        })?;
        let width = table.columns.len();
        let mut all = connection.prepare(&format!(
            "SELECT {} FROM {}{}",
            table.columns.join(", "),
            table.name,
            if table.has_rowid {
                " ORDER BY rowid"
            } else {
                ""
            }
        ))?;
        let mut found = all.query([])?;
        let mut batch = Batch::default();
        while let Some(row) = found.next()? {
            let values = (0..width).map(|column| value(row.get_ref(column)?));
            if let Some(part) = batch.add(values.collect::<Result<_, StoreError>>()?) {
                send(part)?;
            }
        }
        if let Some(part) = batch.rest() {
            send(part)?;
        }
    }
    send(Part::End)
}

fn value(value: ValueRef<'_>) -> Result<Value, StoreError> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Number(number),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        ValueRef::Real(number) => {
            return Err(StoreError::Broken(format!(
                "a stored number is no whole number: {number}"
            )));
        }
    })
}

/// A table and its columns.
struct Table {
    name: String,
    columns: Vec<String>,
    has_rowid: bool,
}

/// What is copied, tables that others refer to first.
fn tables(connection: &Connection) -> Result<Vec<Table>, StoreError> {
    // The tables behind a virtual table are of the type `shadow`.
    let mut lookup = connection.prepare(
        "SELECT name, wr = 0, (SELECT group_concat(name, ',') FROM pragma_table_info(t.name))
         FROM pragma_table_list t
         WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
         ORDER BY EXISTS (SELECT 1 FROM pragma_foreign_key_list(t.name)), name",
    )?;
    let mut found = lookup.query([])?;
    let mut tables = Vec::new();
    while let Some(row) = found.next()? {
        let (name, columns): (String, String) = (row.get(0)?, row.get(2)?);
        if !NOT_COPIED.contains(&name.as_str()) {
            tables.push(Table {
                name,
                has_rowid: row.get(1)?,
                columns: columns.split(',').map(str::to_owned).collect(),
            });
        }
    }
    Ok(tables)
}

fn count(connection: &Connection, table: &str) -> Result<u64, StoreError> {
    Ok(
        connection.query_one(&format!("SELECT count(*) FROM {table}"), [], |row| {
            rows::count(row, 0)
        })?,
    )
}

/// Each table with its rows.
pub(super) fn counts(connection: &Connection) -> Result<Vec<(String, u64)>, StoreError> {
    let mut counts = Vec::new();
    for table in tables(connection)? {
        let rows = count(connection, &table.name)?;
        counts.push((table.name, rows));
    }
    Ok(counts)
}

/// Makes a file of what comes.
pub(crate) async fn write(
    path: PathBuf,
    replace: bool,
    mut coming: mpsc::Receiver<Part>,
    watcher: Watcher,
) -> Result<Copied, StoreError> {
    off_thread(move || {
        make_folder(&path)?;
        vacate(&path, replace)?;
        let part = part_of(&path);
        remove(&part)?;
        let written = fill(&part, &mut coming, &watcher);
        // Whoever reads must not wait for a writer that has given up.
        drop(coming);
        match written.and_then(|copied| put(&part, &path).map(|()| copied)) {
            Ok(copied) => Ok(copied),
            Err(error) => {
                let _ = remove(&part);
                Err(error)
            }
        }
    })
    .await
}

fn fill(
    part: &Path,
    coming: &mut mpsc::Receiver<Part>,
    watcher: &Watcher,
) -> Result<Copied, StoreError> {
    let mut connection = writer::connect(part, &Options::default())?;
    // Nobody but us sees the file, and it is thrown away if anything fails.
    connection.pragma_update_and_check(None, "journal_mode", "off", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "off")?;
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.pragma_update(None, "cache_size", -65_536)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    schema::bring_up_to_date(&mut connection)?;
    let transaction = connection.transaction()?;
    for table in NO_CONTENT {
        transaction.execute(&format!("DELETE FROM {table}"), [])?;
    }
    let tally = insert_all(&transaction, coming, watcher)?.agree(counts(&transaction)?)?;
    let indexed = index_all(&transaction, watcher)?;
    if let Some(table) = wrong_reference(&transaction)? {
        return Err(StoreError::Broken(format!(
            "rows of {table} refer to rows that are not there"
        )));
    }
    transaction.commit()?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(tally.done(indexed))
}

fn insert_all(
    connection: &Connection,
    coming: &mut mpsc::Receiver<Part>,
    watcher: &Watcher,
) -> Result<Tally, StoreError> {
    let mut tally = Tally::default();
    let mut insert = None;
    loop {
        match coming.blocking_recv().ok_or_else(cut_short)? {
            Part::Total(total) => tally.expect(total),
            Part::Table { name, columns } => {
                let values = vec!["?"; columns.len()].join(", ");
                let columns = columns.join(", ");
                insert = Some(
                    connection
                        .prepare(&format!("INSERT INTO {name} ({columns}) VALUES ({values})"))?,
                );
                tally.begin(&name);
            }
            Part::Rows(rows) => {
                let insert = insert.as_mut().ok_or_else(cut_short)?;
                for row in &rows {
                    insert.execute(params_from_iter(row.iter().map(borrowed)))?;
                }
                tally.add(rows.len(), watcher);
            }
            Part::End => return Ok(tally),
        }
    }
}

fn borrowed(value: &Value) -> ToSqlOutput<'_> {
    ToSqlOutput::Borrowed(match value {
        Value::Null => ValueRef::Null,
        Value::Number(number) => ValueRef::Integer(*number),
        Value::Text(text) => ValueRef::Text(text.as_bytes()),
        Value::Bytes(bytes) => ValueRef::Blob(bytes),
    })
}

/// What of an analysis is full text.
#[derive(Deserialize)]
struct Said {
    title: String,
    text: String,
}

/// Lets every item of an incident be found by its words.
fn index_all(connection: &Connection, watcher: &Watcher) -> Result<u64, StoreError> {
    let of: u64 = connection.query_one(
        "SELECT count(*) FROM items WHERE incident IS NOT NULL",
        [],
        |row| rows::count(row, 0),
    )?;
    let (mut after, mut done) = (i64::MIN, 0);
    loop {
        let some = index_some(connection, INDEXABLE, after)?;
        let Some(last) = some.last() else {
            return Ok(done);
        };
        after = *last;
        done += some.len() as u64;
        watcher(&Step {
            what: "words".to_owned(),
            done,
            of,
        });
    }
}

/// Items that are searched for.
const INDEXABLE: &str = "i.incident IS NOT NULL";
/// Those of them that are not found: `items_fts_docsize` has a row for each that is.
const NOT_INDEXED: &str =
    "i.incident IS NOT NULL AND NOT EXISTS (SELECT 1 FROM items_fts_docsize d WHERE d.id = i.n)";

/// Lets items be found that should be and are not; gives how many it were.
pub(super) fn index_missing(connection: &Connection) -> Result<u64, StoreError> {
    Ok(index_some(connection, NOT_INDEXED, i64::MIN)?.len() as u64)
}

/// Indexes some of the items of which `condition` holds, and gives their rows.
fn index_some(
    connection: &Connection,
    condition: &str,
    after: i64,
) -> Result<Vec<i64>, StoreError> {
    let mut next = connection.prepare_cached(&format!(
        "SELECT i.n, t.analysis FROM items i JOIN item_texts t ON t.item = i.n
         WHERE {condition} AND i.n > ?1 AND t.analysis IS NOT NULL ORDER BY i.n LIMIT ?2"
    ))?;
    let some: Vec<(i64, String)> = next
        .query_map((after, INDEXED_AT_ONCE), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<Result<_, _>>()?;
    let mut done = Vec::with_capacity(some.len());
    for (item, analysis) in some {
        let said: Said = rows::read(&analysis)?;
        let (title, text) = (tokens::stream(&said.title), tokens::stream(&said.text));
        placing::index(connection, item, &title, &text)?;
        done.push(item);
    }
    Ok(done)
}

/// The first table with a row that refers to one that is not there.
pub(super) fn wrong_reference(connection: &Connection) -> Result<Option<String>, StoreError> {
    let mut check = connection.prepare("PRAGMA foreign_key_check")?;
    let mut found = check.query([])?;
    Ok(found.next()?.map(|row| row.get(0)).transpose()?)
}

/// Makes sure that a file may take this place: there is none, or one of ours that
/// nobody uses and that holds nothing, or whatever `replace` allows to be lost.
pub(crate) fn vacate(path: &Path, replace: bool) -> Result<(), StoreError> {
    if !path.exists() {
        return Ok(());
    }
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    if schema::is_ours(&connection)? {
        let rows: u64 = counts(&connection)?
            .into_iter()
            .filter(|(table, _)| !NO_CONTENT.contains(&table.as_str()))
            .map(|(_, rows)| rows)
            .sum();
        if rows > 0 && !replace {
            return Err(StoreError::Invalid(format!(
                "{} is not empty: it has {rows} rows",
                path.display()
            )));
        }
    }
    // Leaving WAL needs the file for oneself, folds the log in and takes it away.
    let mode: Result<String, StoreError> = connection
        .pragma_update_and_check(None, "journal_mode", "delete", |row| row.get(0))
        .map_err(StoreError::from);
    match mode {
        Ok(mode) if mode == "delete" => {}
        Ok(_) | Err(StoreError::Busy(_)) => {
            return Err(StoreError::Busy(format!(
                "{} is in use; stop the service first",
                path.display()
            )));
        }
        Err(error) => return Err(error),
    }
    connection.close().map_err(|(_, error)| error.into())
}

/// Lets a finished file take its place, for good.
pub(crate) fn put(part: &Path, path: &Path) -> Result<(), StoreError> {
    let failed = |error: std::io::Error| {
        StoreError::Broken(format!("{} cannot be written: {error}", path.display()))
    };
    std::fs::File::open(part)
        .and_then(|file| file.sync_all())
        .map_err(failed)?;
    std::fs::rename(part, path).map_err(failed)?;
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(failed)?;
    }
    Ok(())
}

pub(super) fn make_folder(path: &Path) -> Result<(), StoreError> {
    match path.parent() {
        Some(folder) => std::fs::create_dir_all(folder)
            .map_err(|error| StoreError::Broken(format!("{}: {error}", folder.display()))),
        None => Ok(()),
    }
}

/// Takes a file away, if it is there.
pub(super) fn remove(path: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(StoreError::Broken(
            format!("{} cannot be removed: {error}", path.display()),
        )),
        _ => Ok(()),
    }
}
