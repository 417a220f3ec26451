//! Writing: one transaction for each job, run again when it lost a race.
//!
//! Events are numbered at the very end, under a lock that is held until the commit,
//! so that whoever reads them sees no number appear before one that was seen. The
//! notification that wakes other nodes is part of the same transaction.

use std::future::Future;
use std::sync::Arc;

use model::Milestone;

use super::work::Work;
use super::{CHANNEL, Postgres, events};
use crate::StoreError;

pub(super) const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
/// A job that lost a race, or its connection before the commit, is run so often.
const TRIES: u32 = 5;

/// Whether readers are woken once a job is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// Something readers show has changed.
    Yes,
    /// Leases, claims and memos: whoever waits for news and then takes a lease
    /// would otherwise wake itself for ever.
    No,
}

impl Postgres {
    /// Runs a job and returns once it is committed. `passed` names the milestone
    /// that its commit is, if it is one.
    pub(super) async fn write<T, F, R>(
        &self,
        news: News,
        passed: fn(&T) -> Option<Milestone>,
        job: F,
    ) -> Result<T, StoreError>
    where
        F: Fn(Arc<Work>) -> R,
        R: Future<Output = Result<T, StoreError>>,
    {
        let mut tries = 0;
        loop {
            tries += 1;
            let work = Arc::new(Work::begin(&self.pool, BEGIN, self.patience).await?);
            let mut done = job(Arc::clone(&work)).await;
            if done.is_ok()
                && let Err(error) = self.tell(&work, news).await
            {
                done = Err(error);
            }
            let again = work.may_be_run_again() && tries < TRIES;
            let Some(work) = Arc::into_inner(work) else {
                return Err(StoreError::Broken("a write did not end".to_owned()));
            };
            match done {
                Ok(result) => {
                    // From here on nobody knows whether it is written until the
                    // answer comes: it is not run again, and every write bears being
                    // asked for twice.
                    work.end("COMMIT").await?;
                    if let Some(milestone) = passed(&result) {
                        self.milestones.passed(milestone);
                    }
                    if news == News::Yes {
                        self.changes.send_modify(|count| *count += 1);
                    }
                    return Ok(result);
                }
                Err(error) => {
                    let _ = work.end("ROLLBACK").await;
                    if !again {
                        return Err(error);
                    }
                    tracing::debug!("a write is run again: {error}");
                }
            }
        }
    }

    /// Numbers the events of a write and wakes the other nodes, at its very end.
    pub(super) async fn tell(&self, work: &Work, news: News) -> Result<(), StoreError> {
        events::write(work).await?;
        if news == News::Yes {
            work.rows("SELECT pg_notify($1, $2)", &[&CHANNEL, &self.node])
                .await?;
        }
        Ok(())
    }
}
