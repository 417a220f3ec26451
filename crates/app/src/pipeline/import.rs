//! Import: history from files, recorded part by part while the next part is read.
//!
//! What was imported is remembered in the cursor of a source of its own,
//! [`MEMO`]: it is written in one transaction with the last part of a file, and
//! the health of the source whose history it is stays what its polls made it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use model::{Cursor, SourceId};
use serde::{Deserialize, Serialize};
use sources::import::{self, Format, Job, Part};
use sources::{Problem, Progress};
use store::{Arrived, Collected, Occasion, Recorded, StoreError};
use tokio::sync::mpsc;

use super::Pipeline;

/// The source that holds what was imported.
const MEMO: &str = "prahari-import";
/// Files remembered; of more, the oldest are forgotten, and would be read again.
const MOST_REMEMBERED: usize = 4_096;
/// Problems told one by one; the others are counted.
const PROBLEMS_TOLD: usize = 100;
/// A running service may hold the database for a moment, so often and so long.
const PATIENCE: (u32, Duration) = (60, Duration::from_secs(1));

/// What to import.
#[derive(Debug, Clone)]
pub struct Import {
    /// What the files hold.
    pub format: Format,
    /// Files and folders.
    pub paths: Vec<PathBuf>,
    /// Whether files that were imported before are read again.
    pub again: bool,
    /// Whether OSV's records of malicious packages are read, too.
    pub malware: bool,
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// Files read to their end.
    pub files: u64,
    /// Files that were imported before.
    pub skipped: u64,
    /// Files and folders that could not be read, or not to their end.
    pub failed: u64,
    /// Statements read, changed or not.
    pub statements: u64,
    /// Records that were not asked for.
    pub left_out: u64,
    /// What the store made of it.
    pub recorded: Recorded,
    /// How many entries could not be read.
    pub problems: u64,
    /// The first of them.
    pub told: Vec<Problem>,
}

/// What is remembered of earlier imports.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Memo {
    /// Names of contents, oldest first.
    files: Vec<String>,
}

impl Pipeline {
    /// Loads history from files, telling `progress` how many bytes of them are read.
    /// Nothing of it ever alerts.
    ///
    /// # Errors
    /// The store could not keep it; what it kept before stays.
    pub async fn import(
        &self,
        wanted: Import,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Imported, StoreError> {
        let invalid = |error: String| StoreError::Invalid(error);
        let id = SourceId::new(MEMO).map_err(|error| invalid(error.to_string()))?;
        let source =
            SourceId::new(wanted.format.source()).map_err(|error| invalid(error.to_string()))?;
        let mut memo = self.memo(&id).await?;
        let job = Job {
            format: wanted.format,
            source,
            at: self.clock.now(),
            malware: wanted.malware,
        };
        let known: BTreeSet<String> = if wanted.again {
            BTreeSet::new()
        } else {
            memo.files.iter().cloned().collect()
        };
        let (files, missing) = find(job.format, wanted.paths).await?;
        let total = files.iter().map(|file| file.size).sum();
        let mut sum = Imported {
            failed: missing.len() as u64,
            problems: missing.len() as u64,
            told: missing,
            ..Imported::default()
        };
        // One part waits while another is written: reading and writing overlap.
        let (give, mut parts) = mpsc::channel::<Part>(1);
        let reading = tokio::task::spawn_blocking(move || {
            import::read(&job, &files, &known, &mut |part| {
                give.blocking_send(part).is_ok()
            });
        });
        while let Some(part) = parts.recv().await {
            let done = part.done;
            self.take_part(&id, part, &mut memo, &mut sum).await?;
            progress(Progress { done, total });
        }
        reading
            .await
            .map_err(|error| StoreError::Broken(format!("reading was broken off: {error}")))?;
        sum.told.truncate(PROBLEMS_TOLD);
        Ok(sum)
    }

    async fn memo(&self, id: &SourceId) -> Result<Memo, StoreError> {
        let states = self.store.source_states().await?;
        let state = states.into_iter().find(|state| &state.source == id);
        Ok(state.map(|state| state.cursor.note()).unwrap_or_default())
    }

    async fn take_part(
        &self,
        id: &SourceId,
        part: Part,
        memo: &mut Memo,
        sum: &mut Imported,
    ) -> Result<(), StoreError> {
        let problems = part.problems.len() as u64 + part.untold;
        sum.files += part.files;
        sum.skipped += part.skipped;
        sum.failed += part.failed;
        sum.left_out += part.left_out;
        sum.statements += part.statements.len() as u64;
        sum.problems += problems;
        for problem in &part.problems {
            tracing::debug!(source.id = %id, place = problem.place, "{}: {}", problem.place, problem.reason);
        }
        let first = part.problems.first();
        let first = first.map(|problem| format!("{}: {}", problem.place, problem.reason));
        let room = PROBLEMS_TOLD.saturating_sub(sum.told.len());
        sum.told.extend(part.problems.into_iter().take(room));
        if part.statements.is_empty() && part.items.is_empty() && part.finished.is_empty() {
            return Ok(());
        }
        let is_news = !part.finished.is_empty();
        for name in part.finished {
            memo.files.retain(|known| *known != name);
            memo.files.push(name);
        }
        let surplus = memo.files.len().saturating_sub(MOST_REMEMBERED);
        memo.files.drain(..surplus);
        let mut statements = part.statements;
        statements.extend(part.items.iter().filter_map(understand::in_passing));
        let collected = Collected {
            source: id.clone(),
            at: self.clock.now(),
            items: part.items,
            heard: statements
                .into_iter()
                .map(|statement| self.hear(statement))
                .collect(),
            categories: Vec::new(),
            cursor: is_news.then(|| Cursor::of(memo)),
            occasion: Occasion::History,
            problems: (u32::try_from(problems).unwrap_or(u32::MAX), first),
            arrived: Arrived::default(),
        };
        let recorded = self.record_patiently(collected).await?;
        sum.recorded.items += recorded.items;
        sum.recorded.repeats += recorded.repeats;
        sum.recorded.new_vulnerabilities += recorded.new_vulnerabilities;
        sum.recorded.changed_vulnerabilities += recorded.changed_vulnerabilities;
        Ok(())
    }

    /// An hour of loading is not given up because a service beside us writes.
    async fn record_patiently(&self, collected: Collected) -> Result<Recorded, StoreError> {
        let (times, pause) = PATIENCE;
        for _ in 1..times {
            match self.store.record(collected.clone()).await {
                Err(StoreError::Busy(_)) => self.clock.sleep(pause).await,
                result => return result,
            }
        }
        self.store.record(collected).await
    }
}

/// Looks for the files where it may block: a folder may hold 300,000.
async fn find(
    format: Format,
    paths: Vec<PathBuf>,
) -> Result<(Vec<import::Found>, Vec<Problem>), StoreError> {
    tokio::task::spawn_blocking(move || import::find(format, &paths))
        .await
        .map_err(|error| StoreError::Broken(format!("looking for files was broken off: {error}")))
}
