//! Copies everything from one store into another: SQLite or PostgreSQL on either side.
//!
//! Which tables and columns there are is read from the schema, so a new migration needs
//! no line here. The source is read in one snapshot while it goes on working; the target
//! is written in one transaction and is there whole or not at all. What of the text
//! index differs between the two is not copied but built again from the same tokens.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::{Location, StoreError, postgres, sqlite};

/// How far a long work has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// With what it is busy: a table, or what is being done.
    pub what: String,
    /// How much is done.
    pub done: u64,
    /// Of how much.
    pub of: u64,
}

/// Who is told how far a long work has come.
pub type Watcher = Arc<dyn Fn(&Step) + Send + Sync>;

/// What was copied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Copied {
    /// Each table and its rows, which were counted on both sides.
    pub tables: Vec<(String, u64)>,
    /// Items whose words were indexed.
    pub indexed: u64,
}

/// Tables that belong to a database and not to what it remembers, and the words that
/// are indexed anew.
pub(crate) const NOT_COPIED: [&str; 4] =
    ["item_words", "prahari_schema", "probes", "schema_version"];
/// Tables that a database may have rows of and still be empty: nothing is lost when
/// they are written over.
pub(crate) const NO_CONTENT: [&str; 2] = ["leases", "source_settings_revision"];
/// Rows that travel together at most …
pub(crate) const BATCH_ROWS: usize = 1_000;
/// … and their bytes: kept documents have megabytes each.
pub(crate) const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// Batches that wait for the writer: a fast reader waits, too.
const QUEUE: usize = 4;
/// Items whose words are indexed in one go.
pub(crate) const INDEXED_AT_ONCE: i64 = 500;

/// A value on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    /// Flags travel as 0 and 1.
    Number(i64),
    Text(String),
    /// Ids travel as their 16 bytes.
    Bytes(Vec<u8>),
}

impl Value {
    fn size(&self) -> usize {
        match self {
            Self::Null | Self::Number(_) => 8,
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }
}

/// What travels from the reader to the writer.
#[derive(Debug)]
pub(crate) enum Part {
    /// So many rows will come.
    Total(u64),
    /// The rows that follow are of this table and have these columns.
    Table { name: String, columns: Vec<String> },
    /// Some of its rows.
    Rows(Vec<Vec<Value>>),
    /// That was all. Without it the writer throws away what it has.
    End,
}

/// Rows that are collected until they are worth a message.
#[derive(Default)]
pub(crate) struct Batch {
    rows: Vec<Vec<Value>>,
    bytes: usize,
}

impl Batch {
    /// Adds a row; gives what was collected when that is enough.
    pub(crate) fn add(&mut self, row: Vec<Value>) -> Option<Part> {
        self.bytes += row.iter().map(Value::size).sum::<usize>();
        self.rows.push(row);
        (self.rows.len() >= BATCH_ROWS || self.bytes >= BATCH_BYTES).then(|| self.take())
    }

    /// What is left.
    pub(crate) fn rest(mut self) -> Option<Part> {
        (!self.rows.is_empty()).then(|| self.take())
    }

    fn take(&mut self) -> Part {
        self.bytes = 0;
        Part::Rows(std::mem::take(&mut self.rows))
    }
}

/// The writer has gone; why, it says itself.
pub(crate) fn gone() -> StoreError {
    StoreError::Busy("copying was stopped".to_owned())
}

/// The reader has gone before the end; why, it says itself.
pub(crate) fn cut_short() -> StoreError {
    StoreError::Busy("what was to be copied did not come to its end".to_owned())
}

/// Counts and compares: what came, what is there.
#[derive(Default)]
pub(crate) struct Tally {
    total: u64,
    done: u64,
    tables: Vec<(String, u64)>,
}

impl Tally {
    pub(crate) const fn expect(&mut self, total: u64) {
        self.total = total;
    }

    pub(crate) fn begin(&mut self, table: &str) {
        self.tables.push((table.to_owned(), 0));
    }

    pub(crate) fn add(&mut self, rows: usize, watcher: &Watcher) {
        if let Some((table, count)) = self.tables.last_mut() {
            *count += rows as u64;
            self.done += rows as u64;
            watcher(&Step {
                what: table.clone(),
                done: self.done,
                of: self.total.max(self.done),
            });
        }
    }

    /// Whether each table of the target was filled, and has what came.
    pub(crate) fn agree(mut self, mut there: Vec<(String, u64)>) -> Result<Self, StoreError> {
        self.tables.sort();
        there.sort();
        if self.tables == there {
            return Ok(self);
        }
        let differs = self
            .tables
            .iter()
            .find(|came| !there.contains(came))
            .or_else(|| there.iter().find(|is| !self.tables.contains(is)));
        let (table, count) = differs.map_or(("", 0), |(table, count)| (table.as_str(), *count));
        Err(StoreError::Broken(format!(
            "the two databases differ in table {table} ({count} rows on one side); nothing was copied"
        )))
    }

    pub(crate) fn done(self, indexed: u64) -> Copied {
        Copied {
            tables: self.tables,
            indexed,
        }
    }
}

/// Copies all that is in `from` into `to`, which must hold nothing, or be written over
/// when `replace` says so.
///
/// # Errors
/// One of the two cannot be used, `to` is not empty or in use, or the copy is not what
/// was read. `to` is what it was, then.
pub async fn copy(
    from: Location,
    to: Location,
    replace: bool,
    watcher: Watcher,
) -> Result<Copied, StoreError> {
    if !from.is_there() {
        return Err(StoreError::Invalid(format!("there is no {from}")));
    }
    let (parts, coming) = mpsc::channel(QUEUE);
    let reading = async {
        match from {
            Location::File(path) => sqlite::copy::read(path, parts).await,
            Location::Postgres(address) => postgres::copy::read(&address, parts).await,
        }
    };
    let writing = async {
        match to {
            Location::File(path) => sqlite::copy::write(path, replace, coming, watcher).await,
            Location::Postgres(address) => {
                postgres::copy::write(&address, replace, coming, watcher).await
            }
        }
    };
    // Whoever fails first makes the other fail: the first says why.
    let (read, written) = tokio::join!(reading, writing);
    match (read, written) {
        (Err(error), _) if !is_gone(&error) => Err(error),
        (_, Err(error)) => Err(error),
        (Err(error), Ok(_)) => Err(error),
        (Ok(()), Ok(copied)) => Ok(copied),
    }
}

fn is_gone(error: &StoreError) -> bool {
    matches!((error, gone()), (StoreError::Busy(said), StoreError::Busy(gone)) if *said == gone)
}

/// Where a file is written before it takes its place.
pub(crate) fn part_of(path: &std::path::Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}
