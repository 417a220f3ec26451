//! One transaction on one connection of the pool.
//!
//! It is begun and ended by hand rather than through the client's own transactions,
//! which borrow the connection: what runs in it is a future that others must be able
//! to poll from any thread. One that is dropped halfway, because its caller went
//! away, closes its connection, and the server undoes it.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use deadpool_postgres::{Object, Pool, PoolError};
use model::{SourceId, Timestamp};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row};

use super::fault;
use crate::StoreError;

/// A value of a query.
pub(super) type Parameter<'a> = &'a (dyn ToSql + Sync);

/// What a write of its kind does one at a time, whichever node asks for it. A
/// transaction takes those it needs in this order (that of its source first), and rows
/// only after them, so that no two wait for each other.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lock {
    /// The schema is made.
    Schema = 1,
    /// Statements are fused: what one says changes what the next one changes.
    Statements = 2,
    /// Kept documents are added (shared) or forgotten (alone).
    Documents = 3,
    /// Deliveries are written, claimed and settled: which of a story's may be claimed
    /// depends on rows beside its own, which no lock of a row protects.
    Outbox = 4,
    /// Events are numbered, from the first number to the commit.
    Events = 5,
}

/// `PRHR`, in the upper half of the keys of our advisory locks.
const LOCKS: i64 = 0x5052_4852 << 32;

/// The first half of the locks of sources.
const SOURCES: i32 = 0x5052_4852;

impl Lock {
    pub(super) const fn key(self) -> i64 {
        LOCKS + self as i64
    }
}

/// A transaction that is under way.
pub(super) struct Work {
    /// Gone once the transaction has ended.
    client: Option<Object>,
    /// How long the server may take for one answer before we give the connection up.
    patience: Duration,
    events: Mutex<Vec<(Timestamp, &'static str, String)>>,
    /// Whether what failed may be run again.
    passing: AtomicBool,
}

impl Work {
    /// Begins a transaction with these words.
    pub(super) async fn begin(
        pool: &Pool,
        words: &str,
        patience: Duration,
    ) -> Result<Self, StoreError> {
        // After the server was away every connection of the pool is dead, and says so
        // only when it is used.
        let mut left = pool.status().max_size;
        loop {
            let client = pool.get().await.map_err(out_of_pool)?;
            let work = Self {
                client: Some(client),
                patience,
                events: Mutex::default(),
                passing: AtomicBool::new(false),
            };
            match work.execute(words).await {
                Ok(()) => return Ok(work),
                Err(_) if work.may_be_run_again() && left > 0 => left -= 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// The rows of a query.
    pub(super) async fn rows(
        &self,
        sql: &str,
        values: &[Parameter<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let client = self.client()?;
        self.within(async {
            let statement = client.prepare_cached(sql).await?;
            client.query(&statement, values).await
        })
        .await
    }

    /// The rows of a query that is written for one question. Its statement is not kept:
    /// people can ask in any number of ways, and a connection forgets no statement.
    pub(super) async fn rows_once(
        &self,
        sql: &str,
        values: &[Parameter<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let client = self.client()?;
        self.within(client.query(sql, values)).await
    }

    /// The row of such a query that always has one.
    pub(super) async fn one_once(
        &self,
        sql: &str,
        values: &[Parameter<'_>],
    ) -> Result<Row, StoreError> {
        let row = self.rows_once(sql, values).await?.into_iter().next();
        row.ok_or_else(|| StoreError::Broken("a row is missing".to_owned()))
    }

    /// The first row of a query, if there is one.
    pub(super) async fn row(
        &self,
        sql: &str,
        values: &[Parameter<'_>],
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// The row of a query that always has one.
    pub(super) async fn one(&self, sql: &str, values: &[Parameter<'_>]) -> Result<Row, StoreError> {
        self.row(sql, values)
            .await?
            .ok_or_else(|| StoreError::Broken("a row is missing".to_owned()))
    }

    /// Runs a statement, and says how many rows it touched.
    pub(super) async fn run(&self, sql: &str, values: &[Parameter<'_>]) -> Result<u64, StoreError> {
        let client = self.client()?;
        self.within(async {
            let statement = client.prepare_cached(sql).await?;
            client.execute(&statement, values).await
        })
        .await
    }

    /// Runs statements without values.
    pub(super) async fn execute(&self, sql: &str) -> Result<(), StoreError> {
        let client = self.client()?;
        self.within(client.batch_execute(sql)).await
    }

    /// Waits for a lock, which ends with the transaction.
    pub(super) async fn lock(&self, lock: Lock) -> Result<(), StoreError> {
        self.rows("SELECT pg_advisory_xact_lock($1)", &[&lock.key()])
            .await?;
        Ok(())
    }

    /// Waits until nobody else writes what this source gave. It comes before every
    /// other lock: polls of one source bring the same items, and those of two never do.
    pub(super) async fn lock_source(&self, source: &SourceId) -> Result<(), StoreError> {
        self.rows(
            "SELECT pg_advisory_xact_lock($1, hashtext($2))",
            &[&SOURCES, &source.as_str()],
        )
        .await?;
        Ok(())
    }

    /// Waits for a lock that others may hold as well, if they share it.
    pub(super) async fn lock_shared(&self, lock: Lock) -> Result<(), StoreError> {
        self.rows("SELECT pg_advisory_xact_lock_shared($1)", &[&lock.key()])
            .await?;
        Ok(())
    }

    /// Tells live readers of something, once it is committed.
    pub(super) fn tell(&self, at: Timestamp, kind: &'static str, subject: String) {
        self.events
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((at, kind, subject));
    }

    /// How much is to be told.
    pub(super) fn how_many_told(&self) -> usize {
        self.events
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    /// Forgets all but the first that is to be told: the rest was undone.
    pub(super) fn untell(&self, but: usize) {
        self.events
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .truncate(but);
    }

    /// What is to be told, taken out.
    pub(super) fn told(&self) -> Vec<(Timestamp, &'static str, String)> {
        std::mem::take(&mut self.events.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether what failed is undone and may be run again.
    pub(super) fn may_be_run_again(&self) -> bool {
        self.passing.load(Ordering::Relaxed)
    }

    /// Ends the transaction and gives the connection back.
    pub(super) async fn end(mut self, words: &str) -> Result<(), StoreError> {
        self.execute(words).await?;
        self.client = None;
        Ok(())
    }

    fn client(&self) -> Result<&Object, StoreError> {
        self.client
            .as_ref()
            .ok_or_else(|| StoreError::Broken("the transaction has ended".to_owned()))
    }

    /// The server stops what takes too long by itself; a connection that is cut
    /// without a word is found here.
    async fn within<T>(
        &self,
        asked: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, StoreError> {
        match tokio::time::timeout(self.patience, asked).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                // What was sent beside the statement that failed only says that one did.
                if error.code() != Some(&SqlState::IN_FAILED_SQL_TRANSACTION) {
                    self.passing
                        .store(fault::may_be_run_again(&error), Ordering::Relaxed);
                }
                Err(error.into())
            }
            Err(_) => Err(StoreError::Busy(format!(
                "no answer within {} s",
                self.patience.as_secs()
            ))),
        }
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        // Not ended: nobody may get this connection with half a transaction on it.
        if let Some(client) = self.client.take() {
            drop(Object::take(client));
        }
    }
}

fn out_of_pool(error: PoolError) -> StoreError {
    match error {
        PoolError::Backend(error) => error.into(),
        PoolError::Timeout(_) => StoreError::Busy("no connection became free in time".to_owned()),
        other => StoreError::Busy(other.to_string()),
    }
}
