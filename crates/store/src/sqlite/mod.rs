//! The store on SQLite: one file, one writing thread, a few readers.
//!
//! The file is in WAL mode, so readers see the last commit while the writer goes
//! on, and the command line may write to it beside a running service: whoever
//! comes second waits for the lock, at most [`Options::busy_timeout`].

mod again;
mod archive;
mod audit;
pub(crate) mod backup;
mod candidates;
mod claims;
pub(crate) mod copy;
mod deliveries;
mod developments;
mod doctor;
mod events;
mod fault;
mod handling;
mod history;
mod incidents;
mod intake;
mod lane;
mod learning;
mod library;
mod marks;
mod outbox;
mod owasp;
mod pages;
mod placing;
mod prints;
mod prune;
mod readers;
mod rearrange;
mod roster;
mod rows;
mod schema;
mod searches;
mod similar;
mod sitting;
mod text_index;
mod translate;
mod upkeep;
mod vulnerabilities;
mod words;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use model::Milestones;
use tokio::sync::watch;

use self::readers::Readers;
use self::writer::{News, Writer};
use crate::StoreError;

/// The schema this program knows.
pub(crate) const SCHEMA: u64 = schema::VERSION as u64;

/// What may be set, mostly by tests.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How long to wait for a lock that another process holds.
    pub busy_timeout: Duration,
    /// How many readers may read at once.
    pub readers: usize,
    /// How many writes may wait in the queue before callers wait for the queue.
    pub queue: usize,
}

impl Default for Options {
    fn default() -> Self {
        // Four readers: the machines we aim at have two to four cores, and each
        // costs a page cache.
        Self {
            busy_timeout: Duration::from_secs(10),
            readers: 4,
            queue: 256,
        }
    }
}

/// The store on SQLite.
pub struct Sqlite {
    // Fields drop in this order: the readers close before the writer, so that the
    // writer's connection is the last and folds the log into the file.
    readers: Readers,
    writer: Writer,
    changes: watch::Sender<u64>,
    milestones: Arc<dyn Milestones>,
}

impl Sqlite {
    /// Opens the file at `path`, making it and its folder if need be, and brings
    /// its schema up to date.
    ///
    /// # Errors
    /// The file is not ours, is newer than this program, or cannot be opened.
    pub async fn open(path: PathBuf, milestones: Arc<dyn Milestones>) -> Result<Self, StoreError> {
        Self::open_with(path, milestones, Options::default()).await
    }

    /// [`Self::open`] with other settings than usual.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_with(
        path: PathBuf,
        milestones: Arc<dyn Milestones>,
        options: Options,
    ) -> Result<Self, StoreError> {
        let task = tokio::task::spawn_blocking(move || {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(|error| {
                    StoreError::Denied(format!("{}: {error}", folder.display()))
                })?;
            }
            let named = |error| match error {
                StoreError::Broken(reason) => {
                    StoreError::Broken(format!("{}: {reason}", path.display()))
                }
                StoreError::Denied(reason) => {
                    StoreError::Denied(format!("{}: {reason}", path.display()))
                }
                other => other,
            };
            let mut connection = writer::connect(&path, &options).map_err(named)?;
            schema::bring_up_to_date(&mut connection).map_err(named)?;
            writer::prepare(&connection).map_err(named)?;
            let changes = watch::Sender::new(0);
            let writer = Writer::start(
                connection,
                &options,
                Arc::clone(&milestones),
                changes.clone(),
            )?;
            Ok(Self {
                readers: Readers::new(path, options),
                writer,
                changes,
                milestones,
            })
        });
        task.await
            .map_err(|error| StoreError::Broken(format!("opening was stopped: {error}")))?
    }

    /// Lets the file grow to so many pages of 4 KiB and no further: beyond, writes
    /// fail with [`StoreError::Full`] and everything stays as it was.
    ///
    /// # Errors
    /// The writer could not set it.
    pub async fn limit_pages(&self, pages: u32) -> Result<(), StoreError> {
        self.writer
            .run(
                News::No,
                |_| None,
                move |connection| {
                    connection.pragma_update(None, "max_page_count", pages)?;
                    Ok(())
                },
            )
            .await
    }
}
