//! The one writer: a thread that owns the writing connection.
//!
//! Callers queue up (the queue is bounded; when it is full they wait). The thread
//! takes what waits as one group, runs each job in its own savepoint inside one
//! immediate transaction, commits once, and only then answers. So a failing job
//! costs only itself, and a commit, with its wait for the disk, is shared.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use model::{Milestone, Milestones};
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot, watch};

use super::Options;
use crate::StoreError;

/// How many jobs share a commit at most: so that the first need not wait long for
/// the last.
const GROUP: usize = 64;

/// Whether readers are woken once a job is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// Something readers show has changed.
    Yes,
    /// Leases, claims and memos: whoever waits for news and then takes a lease
    /// would otherwise wake itself for ever.
    No,
}

/// The milestone that the commit of a job with this result is.
pub(super) type Passed<T> = fn(&T) -> Option<Milestone>;

/// The way to the writing thread. Dropping it ends the thread after the last job.
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the thread on an open connection.
    pub(super) fn start(
        connection: Connection,
        options: &Options,
        milestones: Arc<dyn Milestones>,
        changes: watch::Sender<u64>,
    ) -> Result<Self, StoreError> {
        let (queue, jobs) = mpsc::channel(options.queue.max(1));
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || work(&connection, jobs, milestones.as_ref(), &changes))
            .map_err(|error| {
                StoreError::Busy(format!("the writing thread cannot start: {error}"))
            })?;
        Ok(Self {
            queue: Some(queue),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Runs a job and returns once it is committed. `passed` names the milestone
    /// that its commit is, if it is one.
    pub(super) async fn run<T, F>(
        &self,
        news: News,
        passed: Passed<T>,
        job: F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let answer = self.ask(news, passed, job).await?;
        answer
            .await
            .map_err(|_| StoreError::Broken("the writing thread has ended".to_owned()))?
    }

    /// Asks for a job, and gives the way on which its answer comes.
    pub(super) async fn ask<T, F>(
        &self,
        news: News,
        passed: Passed<T>,
        job: F,
    ) -> Result<oneshot::Receiver<Result<T, StoreError>>, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let asked = Asked {
            job: Some(job),
            outcome: None,
            reply,
            news,
            passed,
        };
        let gone = || StoreError::Broken("the writing thread has ended".to_owned());
        let queue = self.queue.as_ref().ok_or_else(gone)?;
        queue.send(Box::new(asked)).await.map_err(|_| gone())?;
        Ok(answer)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the writing thread of the store panicked");
        }
    }
}

/// The writing connection. Every commit waits for the disk (`synchronous=FULL`):
/// with NORMAL, a power loss would take back what was acknowledged.
pub(super) fn connect(path: &Path, options: &Options) -> Result<Connection, StoreError> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(options.busy_timeout)?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

/// Settings that change the file, once it is known to be ours.
pub(super) fn prepare(connection: &Connection) -> Result<(), StoreError> {
    let mode = write_ahead(connection)?;
    if mode != "wal" {
        return Err(StoreError::Broken(format!(
            "it does not allow readers beside the writer (journal mode {mode}); is it on a network drive?"
        )));
    }
    connection.pragma_update(None, "synchronous", "full")?;
    // 16 MB: an import writes the same index pages again and again, and each
    // checkpoint copies them once.
    connection.pragma_update_and_check(None, "wal_autocheckpoint", 4_000, |_| Ok(()))?;
    // The log is cut back to this after a burst.
    connection.pragma_update_and_check(None, "journal_size_limit", 64 * 1024 * 1024, |_| Ok(()))?;
    connection.pragma_update(None, "temp_store", "memory")?;
    // 16 MB of pages.
    connection.pragma_update(None, "cache_size", -16_384)?;
    Ok(())
}

/// Turns the file to WAL, for good. SQLite does not wait for the lock that this
/// needs, so when several processes open a new file at once, wait by taking another
/// one and try again; for whoever comes second there is nothing left to do.
fn write_ahead(connection: &Connection) -> Result<String, StoreError> {
    const TRIES: u32 = 50;
    for _ in 1..TRIES {
        let turned = connection
            .pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))
            .map_err(StoreError::from);
        match turned {
            Err(StoreError::Busy(_)) => connection.execute_batch("BEGIN IMMEDIATE; COMMIT")?,
            other => return other,
        }
    }
    Ok(connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?)
}

trait Job: Send {
    /// Does the work inside the open transaction.
    fn run(&mut self, connection: &Connection) -> Result<(), StoreError>;
    /// Takes the success back, because the transaction did not come through.
    fn undo(&mut self, error: &StoreError);
    /// Whether the work is done, and with what news and milestone.
    fn done(&self) -> Option<(News, Option<Milestone>)>;
    /// Tells the caller.
    fn answer(self: Box<Self>);
}

struct Asked<T, F> {
    job: Option<F>,
    outcome: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
    news: News,
    passed: Passed<T>,
}

impl<T, F> Job for Asked<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<T, StoreError> + Send,
{
    fn run(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let Some(job) = self.job.take() else {
            return Ok(());
        };
        let outcome = job(connection);
        let failure = outcome.as_ref().err().cloned();
        self.outcome = Some(outcome);
        failure.map_or(Ok(()), Err)
    }

    fn undo(&mut self, error: &StoreError) {
        if !matches!(self.outcome, Some(Err(_))) {
            self.outcome = Some(Err(error.clone()));
        }
    }

    fn done(&self) -> Option<(News, Option<Milestone>)> {
        match &self.outcome {
            Some(Ok(result)) => Some((self.news, (self.passed)(result))),
            _ => None,
        }
    }

    fn answer(self: Box<Self>) {
        let outcome = self
            .outcome
            .unwrap_or_else(|| Err(StoreError::Busy("the write was not begun".to_owned())));
        // Whoever asked may have gone; what was done stays done.
        let _ = self.reply.send(outcome);
    }
}

fn work(
    connection: &Connection,
    mut jobs: mpsc::Receiver<Box<dyn Job>>,
    milestones: &dyn Milestones,
    changes: &watch::Sender<u64>,
) {
    while let Some(first) = jobs.blocking_recv() {
        let mut group = vec![first];
        while group.len() < GROUP
            && let Ok(next) = jobs.try_recv()
        {
            group.push(next);
        }
        run_group(connection, &mut group);
        let mut news = News::No;
        for (job_news, passed) in group.iter().filter_map(|job| job.done()) {
            if job_news == News::Yes {
                news = News::Yes;
            }
            if let Some(milestone) = passed {
                milestones.passed(milestone);
            }
        }
        if news == News::Yes {
            changes.send_modify(|count| *count += 1);
        }
        for job in group {
            job.answer();
        }
    }
}

/// Runs the jobs and commits. Afterwards every job that is done is on the disk.
fn run_group(connection: &Connection, group: &mut [Box<dyn Job>]) {
    // Jobs before this one are not in the open transaction.
    let mut safe = 0;
    for nth in 0..group.len() {
        if connection.is_autocommit()
            && let Err(error) = execute(connection, "BEGIN IMMEDIATE")
        {
            // The others would each wait as long for the same lock.
            group.iter_mut().skip(nth).for_each(|job| job.undo(&error));
            return;
        }
        let Some(job) = group.get_mut(nth) else { break };
        if let Err(error) = in_savepoint(connection, job.as_mut()) {
            // SQLite has given up the whole transaction, as it may when the disk is
            // full; what ran in it is undone and must say so.
            group
                .iter_mut()
                .take(nth + 1)
                .skip(safe)
                .for_each(|lost| lost.undo(&error));
            safe = nth + 1;
        }
    }
    if connection.is_autocommit() {
        return;
    }
    if let Err(error) = execute(connection, "COMMIT") {
        if !connection.is_autocommit() {
            let _ = execute(connection, "ROLLBACK");
        }
        group
            .iter_mut()
            .skip(safe)
            .for_each(|lost| lost.undo(&error));
    }
}

/// Runs one job so that its failure takes back its own writes only. An error here
/// means that the whole transaction is gone.
fn in_savepoint(connection: &Connection, job: &mut dyn Job) -> Result<(), StoreError> {
    let kept = execute(connection, "SAVEPOINT job").and_then(|()| match job.run(connection) {
        Ok(()) => execute(connection, "RELEASE job"),
        Err(error) if connection.is_autocommit() => Err(error),
        Err(_) => {
            execute(connection, "ROLLBACK TO job").and_then(|()| execute(connection, "RELEASE job"))
        }
    });
    if kept.is_err() && !connection.is_autocommit() {
        // Half a job must never be committed with the others.
        let _ = execute(connection, "ROLLBACK");
    }
    kept
}

pub(super) fn execute(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use model::milestone::PassBy;
    use tokio::task::JoinHandle;

    use super::*;

    /// A writer on a new file whose thread stands still, so that what is asked next
    /// becomes one group.
    struct Stage {
        writer: Arc<Writer>,
        go_on: std::sync::mpsc::Sender<()>,
        asked: Vec<JoinHandle<Result<(), StoreError>>>,
        file: std::path::PathBuf,
        _folder: tempfile::TempDir,
    }

    impl Stage {
        async fn set() -> Self {
            let folder = tempfile::TempDir::new().unwrap();
            let file = folder.path().join("test.db");
            let options = Options::default();
            let connection = connect(&file, &options).unwrap();
            prepare(&connection).unwrap();
            connection
                .execute_batch(
                    "PRAGMA foreign_keys = on;
                     CREATE TABLE words (word TEXT, n INTEGER REFERENCES numbers (n) DEFERRABLE INITIALLY DEFERRED);
                     CREATE TABLE numbers (n INTEGER PRIMARY KEY)",
                )
                .unwrap();
            let writer = Arc::new(
                Writer::start(
                    connection,
                    &options,
                    Arc::new(PassBy),
                    watch::Sender::new(0),
                )
                .unwrap(),
            );
            let (go_on, waiting) = std::sync::mpsc::channel();
            let (begin, begun) = std::sync::mpsc::channel();
            let mut stage = Self {
                writer,
                go_on,
                asked: Vec::new(),
                file,
                _folder: folder,
            };
            stage
                .ask(move |_| {
                    begin.send(()).map_err(|_| StoreError::Full)?;
                    waiting.recv().map_err(|_| StoreError::Full)
                })
                .await;
            // Its group is closed once it runs.
            begun.recv().unwrap();
            stage
        }

        async fn ask(
            &mut self,
            job: impl FnOnce(&Connection) -> Result<(), StoreError> + Send + 'static,
        ) {
            let writer = Arc::clone(&self.writer);
            self.asked.push(tokio::spawn(async move {
                writer.run(News::Yes, |()| None, job).await
            }));
            // The only thread runs the task up to where it waits: it is in the queue.
            tokio::task::yield_now().await;
        }

        async fn write(&mut self, word: &'static str) {
            self.ask(move |connection| insert(connection, word)).await;
        }

        /// What came of the jobs, and the words that are in the file.
        async fn end(self) -> (String, Vec<String>) {
            self.go_on.send(()).unwrap();
            let mut answers = String::new();
            for asked in self.asked.into_iter().skip(1) {
                answers.push(match asked.await.unwrap() {
                    Ok(()) => '+',
                    Err(StoreError::Full) => 'F',
                    Err(StoreError::Invalid(_)) => 'I',
                    Err(_) => '?',
                });
            }
            (answers, words(&self.file))
        }
    }

    fn insert(connection: &Connection, word: &str) -> Result<(), StoreError> {
        connection.execute("INSERT INTO words (word) VALUES (?1)", [word])?;
        Ok(())
    }

    fn words(file: &Path) -> Vec<String> {
        let connection = Connection::open(file).unwrap();
        let mut statement = connection
            .prepare("SELECT word FROM words ORDER BY rowid")
            .unwrap();
        let found = statement
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>();
        found.unwrap()
    }

    #[tokio::test]
    async fn a_group_shares_one_commit() {
        let mut stage = Stage::set().await;
        stage.write("one").await;
        stage.write("two").await;
        let file = stage.file.clone();
        stage
            .ask(move |connection| {
                assert_eq!(
                    words(&file),
                    Vec::<String>::new(),
                    "others were committed before"
                );
                insert(connection, "three")
            })
            .await;
        assert_eq!(
            stage.end().await,
            (
                "+++".to_owned(),
                vec!["one".to_owned(), "two".into(), "three".into()]
            )
        );
    }

    #[tokio::test]
    async fn a_failing_job_in_a_group_costs_only_itself() {
        let mut stage = Stage::set().await;
        stage.write("one").await;
        stage
            .ask(|connection| {
                insert(connection, "half")?;
                Err(StoreError::Full)
            })
            .await;
        stage.write("two").await;
        assert_eq!(
            stage.end().await,
            ("+F+".to_owned(), vec!["one".to_owned(), "two".into()])
        );
    }

    #[tokio::test]
    async fn a_transaction_that_sqlite_gave_up_is_answered_as_lost() {
        let mut stage = Stage::set().await;
        stage.write("lost").await;
        stage
            .ask(|connection| {
                // As SQLite itself does on some full disks.
                connection.execute_batch("ROLLBACK")?;
                Err(StoreError::Full)
            })
            .await;
        stage.write("kept").await;
        assert_eq!(
            stage.end().await,
            ("FF+".to_owned(), vec!["kept".to_owned()])
        );
    }

    #[tokio::test]
    async fn a_failing_commit_is_answered_to_the_whole_group() {
        let mut stage = Stage::set().await;
        stage.write("one").await;
        stage
            .ask(|connection| {
                connection.execute("INSERT INTO words VALUES ('refers to nothing', 7)", [])?;
                Ok(())
            })
            .await;
        stage.write("two").await;
        assert_eq!(stage.end().await, ("III".to_owned(), Vec::new()));
    }

    #[tokio::test]
    async fn a_full_queue_makes_callers_wait_and_loses_nobody() {
        let folder = tempfile::TempDir::new().unwrap();
        let options = Options {
            queue: 1,
            ..Options::default()
        };
        let connection = connect(&folder.path().join("test.db"), &options).unwrap();
        connection
            .execute_batch("CREATE TABLE words (word TEXT)")
            .unwrap();
        let writer = Arc::new(
            Writer::start(
                connection,
                &options,
                Arc::new(PassBy),
                watch::Sender::new(0),
            )
            .unwrap(),
        );
        let asked: Vec<_> = (0..200)
            .map(|_| {
                let writer = Arc::clone(&writer);
                tokio::spawn(async move {
                    writer
                        .run(News::Yes, |()| None, |c| insert(c, "word"))
                        .await
                })
            })
            .collect();
        for asked in asked {
            asked.await.unwrap().unwrap();
        }
        drop(writer);
        assert_eq!(words(&folder.path().join("test.db")).len(), 200);
    }
}
