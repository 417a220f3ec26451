//! Copying everything out of a database, and into an empty one.
//!
//! Both go over a connection of their own: what takes minutes must not be ended by the
//! limits that everyday statements have. Rows come in through `COPY`, which takes our
//! numbers for columns that the server numbers by itself; the sequences are moved
//! behind them afterwards.

use model::tokens;
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, NoTls, Row};
use uuid::Uuid;

use super::connection::{self, Address};
use super::words::Words;
use super::{Options, rows, schema};
use crate::StoreError;
use crate::codec::off_thread;
use crate::copy::{
    Batch, Copied, INDEXED_AT_ONCE, NO_CONTENT, NOT_COPIED, Part, Step, Tally, Value, Watcher,
    cut_short, gone,
};

/// A connection without limits of time, to a database that is up to date.
async fn alone(address: &Address) -> Result<Client, StoreError> {
    let options = Options::default();
    schema::bring_up_to_date(&connection::pool(address, &options)?).await?;
    let (client, connection) = address.config(&options).connect(NoTls).await?;
    // It ends with the client.
    tokio::spawn(connection);
    client
        .batch_execute(
            "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0;
             SET lock_timeout = '10s'; SET timezone = 'UTC'; SET client_min_messages = 'warning'",
        )
        .await?;
    Ok(client)
}

/// Sends everything that is in a database, as it is at one moment.
pub(crate) async fn read(address: &Address, parts: mpsc::Sender<Part>) -> Result<(), StoreError> {
    let client = alone(address).await?;
    client
        .batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await?;
    let send = async |part| parts.send(part).await.map_err(|_| gone());
    let tables = tables(&client).await?;
    let mut total = 0;
    for table in &tables {
        total += count(&client, &table.name).await?;
    }
    send(Part::Total(total)).await?;
    for table in tables {
        let all = format!(
            "SELECT {} FROM {}{}",
            table.columns.join(", "),
            table.name,
            table.order
        );
        send(Part::Table {
            name: table.name,
            columns: table.columns,
        })
        .await?;
        // The rows come one by one; the server waits until they are taken.
        let stream = client
            .query_raw(all.as_str(), std::iter::empty::<i64>())
            .await?;
        let mut stream = std::pin::pin!(stream);
        let mut batch = Batch::default();
        while let Some(row) = futures::TryStreamExt::try_next(&mut stream).await? {
            if let Some(part) = batch.add(values(&row)?) {
                send(part).await?;
            }
        }
        if let Some(part) = batch.rest() {
            send(part).await?;
        }
    }
    send(Part::End).await
}

fn values(row: &Row) -> Result<Vec<Value>, StoreError> {
    let value = |(nth, column): (usize, &tokio_postgres::Column)| {
        let value = match *column.type_() {
            Type::INT8 => row.try_get::<_, Option<i64>>(nth)?.map(Value::Number),
            Type::BOOL => row
                .try_get::<_, Option<bool>>(nth)?
                .map(|flag| Value::Number(flag.into())),
            Type::TEXT => row.try_get::<_, Option<String>>(nth)?.map(Value::Text),
            Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(nth)?.map(Value::Bytes),
            Type::UUID => row
                .try_get::<_, Option<Uuid>>(nth)?
                .map(|id| Value::Bytes(id.as_bytes().to_vec())),
            _ => return Err(unknown_type(column.type_())),
        };
        Ok(value.unwrap_or(Value::Null))
    };
    row.columns().iter().enumerate().map(value).collect()
}

fn unknown_type(kind: &Type) -> StoreError {
    StoreError::Broken(format!("no column of ours is {kind}"))
}

/// A table, its columns, and in which order its rows are read.
struct Table {
    name: String,
    columns: Vec<String>,
    order: String,
}

/// What is copied, tables that others refer to first. A column that the server numbers
/// and that is not the key is but the order of the rows, and is numbered anew.
async fn tables(client: &Client) -> Result<Vec<Table>, StoreError> {
    let found = client
        .query(
            "SELECT c.relname::text,
                 array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attidentity = '' OR k.indkey IS NOT NULL),
                 coalesce(
                     array_agg(a.attname::text) FILTER (WHERE a.attidentity <> ''),
                     array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE k.indkey IS NOT NULL))
             FROM pg_class c
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
             LEFT JOIN pg_index k ON k.indrelid = c.oid AND k.indisprimary AND a.attnum = ANY (k.indkey)
             WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
                 AND c.relname <> ALL ($1)
             GROUP BY c.oid, c.relname
             ORDER BY EXISTS (SELECT 1 FROM pg_constraint f WHERE f.conrelid = c.oid AND f.contype = 'f'), 1",
            &[&NOT_COPIED.as_slice()],
        )
        .await?;
    found
        .iter()
        .map(|row| {
            let order: Option<Vec<String>> = row.try_get(2)?;
            Ok(Table {
                name: row.try_get(0)?,
                columns: row.try_get(1)?,
                order: order
                    .map(|order| format!(" ORDER BY {}", order.join(", ")))
                    .unwrap_or_default(),
            })
        })
        .collect()
}

async fn count(client: &Client, table: &str) -> Result<u64, StoreError> {
    let row = client
        .query_one(format!("SELECT count(*) FROM {table}").as_str(), &[])
        .await?;
    rows::count(&row, 0)
}

async fn counts(client: &Client) -> Result<Vec<(String, u64)>, StoreError> {
    let mut counts = Vec::new();
    for table in tables(client).await? {
        counts.push((table.name.clone(), count(client, &table.name).await?));
    }
    Ok(counts)
}

/// Whether something may be written here: there is nothing yet, or `replace` says that
/// it may be lost.
pub(crate) async fn has_room(address: &Address, replace: bool) -> Result<(), StoreError> {
    if replace {
        return Ok(());
    }
    is_empty(&alone(address).await?).await
}

async fn is_empty(client: &Client) -> Result<(), StoreError> {
    let rows: u64 = counts(client)
        .await?
        .into_iter()
        .filter(|(table, _)| !NO_CONTENT.contains(&table.as_str()))
        .map(|(_, rows)| rows)
        .sum();
    if rows == 0 {
        return Ok(());
    }
    Err(StoreError::Invalid(format!(
        "the database is not empty: it has {rows} rows"
    )))
}

/// Fills a database with what comes.
pub(crate) async fn write(
    address: &Address,
    replace: bool,
    mut coming: mpsc::Receiver<Part>,
    watcher: Watcher,
) -> Result<Copied, StoreError> {
    let client = alone(address).await?;
    let written = fill(&client, replace, &mut coming, &watcher).await;
    // Whoever reads must not wait for a writer that has given up.
    drop(coming);
    match written {
        Ok(copied) => {
            client.batch_execute("COMMIT").await?;
            // A copy that is whole is no less so because its statistics come later.
            if let Err(error) = client.batch_execute("ANALYZE").await {
                tracing::warn!("statistics were left to the server: {error}");
            }
            Ok(copied)
        }
        Err(error) => {
            let _ = client.batch_execute("ROLLBACK").await;
            Err(error)
        }
    }
}

async fn fill(
    client: &Client,
    replace: bool,
    coming: &mut mpsc::Receiver<Part>,
    watcher: &Watcher,
) -> Result<Copied, StoreError> {
    client.batch_execute("BEGIN").await?;
    let names: Vec<String> = tables(client)
        .await?
        .into_iter()
        .map(|table| table.name)
        .collect();
    // Nobody writes between the question whether it is empty and the commit.
    client
        .batch_execute(&format!(
            "LOCK TABLE {} IN EXCLUSIVE MODE",
            names.join(", ")
        ))
        .await?;
    if replace {
        client
            .batch_execute(&format!("TRUNCATE {}, item_words", names.join(", ")))
            .await?;
    } else {
        is_empty(client).await?;
        for table in NO_CONTENT {
            client
                .batch_execute(&format!("DELETE FROM {table}"))
                .await?;
        }
    }
    let tally = insert_all(client, coming, watcher)
        .await?
        .agree(counts(client).await?)?;
    move_sequences(client).await?;
    let indexed = index_all(client, watcher).await?;
    Ok(tally.done(indexed))
}

async fn insert_all(
    client: &Client,
    coming: &mut mpsc::Receiver<Part>,
    watcher: &Watcher,
) -> Result<Tally, StoreError> {
    let mut tally = Tally::default();
    let mut next = coming.recv().await;
    loop {
        match next.ok_or_else(cut_short)? {
            Part::Total(total) => {
                tally.expect(total);
                next = coming.recv().await;
            }
            Part::Table { name, columns } => {
                tally.begin(&name);
                next = insert(
                    client,
                    &name,
                    &columns.join(", "),
                    coming,
                    &mut tally,
                    watcher,
                )
                .await?;
            }
            Part::Rows(_) => return Err(cut_short()),
            Part::End => return Ok(tally),
        }
    }
}

/// Takes in the rows of one table, and gives what comes after them.
async fn insert(
    client: &Client,
    table: &str,
    columns: &str,
    coming: &mut mpsc::Receiver<Part>,
    tally: &mut Tally,
    watcher: &Watcher,
) -> Result<Option<Part>, StoreError> {
    let shape = client
        .prepare(&format!("SELECT {columns} FROM {table}"))
        .await?;
    let types: Vec<Type> = shape
        .columns()
        .iter()
        .map(|column| column.type_().clone())
        .collect();
    let sink = client
        .copy_in(format!("COPY {table} ({columns}) FROM STDIN BINARY").as_str())
        .await?;
    let writer = BinaryCopyInWriter::new(sink, &types);
    let mut writer = std::pin::pin!(writer);
    loop {
        match coming.recv().await {
            Some(Part::Rows(rows)) => {
                for row in &rows {
                    let cells: Vec<Cell> = row
                        .iter()
                        .zip(&types)
                        .map(|(value, kind)| cell(value, kind))
                        .collect::<Result<_, _>>()?;
                    writer.as_mut().write_raw(cells).await?;
                }
                tally.add(rows.len(), watcher);
            }
            next => {
                // Cut short is for the caller to see; half a table is not committed.
                if next.is_some() {
                    writer.as_mut().finish().await?;
                }
                return Ok(next);
            }
        }
    }
}

type Cell = Box<dyn ToSql + Sync + Send>;

fn cell(value: &Value, kind: &Type) -> Result<Cell, StoreError> {
    let misfit = || StoreError::Broken(format!("a value to be copied is no {kind}"));
    let cell: Cell = match (kind.clone(), value) {
        (Type::INT8, Value::Null) => Box::new(None::<i64>),
        (Type::INT8, Value::Number(number)) => Box::new(*number),
        (Type::BOOL, Value::Null) => Box::new(None::<bool>),
        (Type::BOOL, Value::Number(flag)) => Box::new(*flag != 0),
        (Type::TEXT, Value::Null) => Box::new(None::<String>),
        (Type::TEXT, Value::Text(text)) => Box::new(rows::text(text).into_owned()),
        (Type::BYTEA, Value::Null) => Box::new(None::<Vec<u8>>),
        (Type::BYTEA, Value::Bytes(bytes)) => Box::new(bytes.clone()),
        (Type::UUID, Value::Null) => Box::new(None::<Uuid>),
        (Type::UUID, Value::Bytes(bytes)) => {
            Box::new(Uuid::from_slice(bytes).map_err(|_| misfit())?)
        }
        _ => return Err(misfit()),
    };
    Ok(cell)
}

/// Lets the server number what comes next behind what came.
async fn move_sequences(client: &Client) -> Result<(), StoreError> {
    let numbered = client
        .query(
            "SELECT c.relname::text, a.attname::text FROM pg_class c
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attidentity <> '' AND NOT a.attisdropped
             WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'",
            &[],
        )
        .await?;
    for row in numbered {
        let (table, column): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        client
            .batch_execute(&format!(
                "SELECT setval(pg_get_serial_sequence('{table}', '{column}'), max({column})) FROM {table}"
            ))
            .await?;
    }
    Ok(())
}

/// What of an analysis is full text.
#[derive(Deserialize)]
struct Said {
    title: String,
    text: String,
}

/// Items that should be found by their words and are not.
const NOT_INDEXED: &str =
    "i.incident IS NOT NULL AND NOT EXISTS (SELECT 1 FROM item_words w WHERE w.item = i.n)";

/// Lets every item of an incident be found by its words.
async fn index_all(client: &Client, watcher: &Watcher) -> Result<u64, StoreError> {
    let of = client
        .query_one("SELECT count(*) FROM items WHERE incident IS NOT NULL", &[])
        .await?;
    let of = rows::count(&of, 0)?;
    let (mut after, mut done) = (i64::MIN, 0);
    loop {
        let some = client
            .query(
                some_of("i.incident IS NOT NULL").as_str(),
                &[&after, &INDEXED_AT_ONCE],
            )
            .await?;
        let Some(last) = some.last() else {
            return Ok(done);
        };
        after = last.try_get(0)?;
        done += some.len() as u64;
        let indexed = Indexed::of(some).await?;
        client
            .execute(INSERT, &[&indexed.items, &indexed.words, &indexed.streams])
            .await?;
        watcher(&Step {
            what: "words".to_owned(),
            done,
            of,
        });
    }
}

/// Lets items be found that should be and are not; gives how many it were.
pub(super) async fn index_missing(work: &super::work::Work) -> Result<u64, StoreError> {
    let some = work
        .rows(&some_of(NOT_INDEXED), &[&i64::MIN, &INDEXED_AT_ONCE])
        .await?;
    let indexed = Indexed::of(some).await?;
    work.run(INSERT, &[&indexed.items, &indexed.words, &indexed.streams])
        .await
}

fn some_of(condition: &str) -> String {
    format!(
        "SELECT i.n, i.source, t.author, t.analysis FROM items i JOIN item_texts t ON t.item = i.n
         WHERE {condition} AND i.n > $1 AND t.analysis IS NOT NULL ORDER BY i.n LIMIT $2"
    )
}

const INSERT: &str = "INSERT INTO item_words (item, words, stream)
     SELECT item, words::tsvector, stream FROM unnest($1::bigint[], $2::text[], $3::text[]) AS given (item, words, stream)
     ON CONFLICT (item) DO NOTHING";

/// The words of some items.
#[derive(Default)]
struct Indexed {
    items: Vec<i64>,
    words: Vec<String>,
    streams: Vec<Option<String>>,
}

impl Indexed {
    async fn of(some: Vec<Row>) -> Result<Self, StoreError> {
        off_thread(move || {
            let mut indexed = Self::default();
            for row in some {
                let said: Said = rows::body(&row, 3)?;
                let tellers = tokens::tellers(row.try_get(1)?, row.try_get(2)?);
                let words = Words::of(
                    &tokens::stream(&said.title),
                    &tokens::stream(&tellers),
                    &tokens::stream(&said.text),
                );
                indexed.items.push(row.try_get(0)?);
                indexed.words.push(words.vector);
                indexed.streams.push(words.stream);
            }
            Ok(indexed)
        })
        .await
    }
}
