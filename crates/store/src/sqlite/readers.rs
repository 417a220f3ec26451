//! Readers: a few connections that cannot write, used off the async threads.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use super::Options;
use crate::StoreError;

/// A pool of reading connections, opened when first needed.
pub(super) struct Readers {
    path: PathBuf,
    options: Options,
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
    /// Only ever asked whether others committed.
    watching: Mutex<Option<Connection>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf, options: Options) -> Self {
        let permits = Arc::new(Semaphore::new(options.readers.max(1)));
        Self {
            path,
            options,
            idle: Arc::default(),
            permits,
            watching: Mutex::default(),
        }
    }

    /// What SQLite calls the version of the data: it changes with every commit of
    /// another connection, and this one commits nothing. It waits for no lock.
    pub(super) fn version(&self) -> Option<u64> {
        let mut watching = self.watching.lock().unwrap_or_else(PoisonError::into_inner);
        if watching.is_none() {
            let patience = Options {
                busy_timeout: Duration::ZERO,
                ..self.options
            };
            *watching = connect(&self.path, &patience).ok();
        }
        let version: i64 = watching
            .as_ref()?
            .prepare_cached("PRAGMA data_version")
            .and_then(|mut statement| statement.query_one([], |row| row.get(0)))
            .ok()?;
        u64::try_from(version).ok()
    }

    /// Runs `read` on one snapshot of the database.
    pub(super) async fn read<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let stopped = |error: &dyn std::fmt::Display| {
            StoreError::Broken(format!("a reader has stopped: {error}"))
        };
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|error| stopped(&error))?;
        let idle = Arc::clone(&self.idle);
        let (path, options) = (self.path.clone(), self.options);
        let task = tokio::task::spawn_blocking(move || {
            // The permit ends with the task, not with a caller who goes away.
            let _permit = permit;
            let kept = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = kept.map_or_else(|| connect(&path, &options), Ok)?;
            let answer = {
                let snapshot = connection.unchecked_transaction()?;
                let answer = read(&snapshot);
                snapshot.finish()?;
                answer
            };
            idle.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(connection);
            answer
        });
        task.await.map_err(|error| stopped(&error))?
    }
}

fn connect(path: &Path, options: &Options) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(options.busy_timeout)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    // 8 MB of pages each; the system's cache holds the rest.
    connection.pragma_update(None, "cache_size", -8_192)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}
