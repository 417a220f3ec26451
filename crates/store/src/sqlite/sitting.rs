//! A sitting: one job of the writing thread that takes its steps one by one from who
//! asked for it, and is committed with its last.
//!
//! Every other write waits meanwhile, so nobody may wait for one within a sitting. Each
//! placement has a savepoint: one that fails costs itself only. A sitting that is
//! dropped leaves nothing behind.
//!
//! The words of what was placed are written with the last step, together: one piece of
//! the text index instead of one for each item, which FTS5 would merge again and again.

use async_trait::async_trait;
use model::incident::Candidate;
use model::tokens::Text;
use model::{Analysis, CveId, IncidentId, Item, Milestone, Vulnerability};
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::writer::{News, execute};
use super::{Sqlite, candidates, lane, placing};
use crate::candidate::Wanted;
use crate::codec::off_thread;
use crate::prepared::Placement;
use crate::{Fence, Placed, Sitting, StoreError};

enum Step {
    Do(Box<dyn FnOnce(&mut Desk<'_>) + Send>),
    Commit,
}

/// The side of the writing thread.
struct Desk<'a> {
    connection: &'a Connection,
    /// What was placed and is not found by its words yet.
    unindexed: Vec<Unindexed>,
}

struct Unindexed {
    item: i64,
    title: String,
    text: String,
}

/// The side of who asked.
struct Seat<'a> {
    store: &'a Sqlite,
    steps: mpsc::Sender<Step>,
    /// What came of the whole job.
    ended: oneshot::Receiver<Result<(), StoreError>>,
}

/// Asks the writing thread to sit down.
pub(super) async fn begin<'a>(
    store: &'a Sqlite,
    fence: &Fence,
) -> Result<Box<dyn Sitting + 'a>, StoreError> {
    let fence = fence.clone();
    let (steps, mut asked) = mpsc::channel(1);
    let ended = store
        .writer
        .ask(
            News::Yes,
            |()| Some(Milestone::PLACEMENT_COMMITTED),
            move |connection| {
                if !lane::holds(connection, &fence)? {
                    return Err(StoreError::Fenced);
                }
                sit(connection, &mut asked)
            },
        )
        .await?;
    Ok(Box::new(Seat {
        store,
        steps,
        ended,
    }))
}

fn sit(connection: &Connection, asked: &mut mpsc::Receiver<Step>) -> Result<(), StoreError> {
    let mut desk = Desk {
        connection,
        unindexed: Vec::new(),
    };
    loop {
        match asked.blocking_recv() {
            Some(Step::Do(step)) => step(&mut desk),
            Some(Step::Commit) => {
                return desk.unindexed.iter().try_for_each(|one| {
                    placing::index(connection, one.item, &one.title, &one.text)
                });
            }
            None => return Err(StoreError::Busy("the sitting was left".to_owned())),
        }
        if connection.is_autocommit() {
            // As SQLite does on some full disks.
            return Err(StoreError::Busy("the transaction was given up".to_owned()));
        }
    }
}

impl Seat<'_> {
    async fn step<T, F>(&mut self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Desk<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let step = Step::Do(Box::new(move |desk| {
            // Whoever asked may have gone; then the sitting is dropped as a whole.
            let _ = reply.send(work(desk));
        }));
        if self.steps.send(step).await.is_ok()
            && let Ok(answer) = answer.await
        {
            return answer;
        }
        Err(self.why_it_ended().await)
    }

    async fn why_it_ended(&mut self) -> StoreError {
        match (&mut self.ended).await {
            Ok(Err(error)) => error,
            _ => StoreError::Broken("the writing thread has ended".to_owned()),
        }
    }
}

#[async_trait]
impl Sitting for Seat<'_> {
    async fn candidates(
        &mut self,
        item: &Item,
        analysis: &Analysis,
    ) -> Result<Vec<Candidate>, StoreError> {
        let wanted = Wanted::of(item, analysis);
        self.step(move |desk| candidates::find(desk.connection, &wanted))
            .await
    }

    async fn texts(&mut self, incident: IncidentId, limit: u32) -> Result<Vec<Text>, StoreError> {
        self.step(move |desk| lane::texts(desk.connection, incident, limit))
            .await
    }

    async fn vulnerabilities(&mut self, cves: &[CveId]) -> Result<Vec<Vulnerability>, StoreError> {
        if cves.is_empty() {
            return Ok(Vec::new());
        }
        let cves = cves.to_vec();
        self.step(move |desk| lane::vulnerabilities(desk.connection, &cves))
            .await
    }

    async fn place(&mut self, placed: Placed) -> Result<(), StoreError> {
        let prepared = off_thread(move || Placement::of(placed)).await?;
        let milestones = std::sync::Arc::clone(&self.store.milestones);
        self.step(move |desk| {
            let connection = desk.connection;
            execute(connection, "SAVEPOINT placement")?;
            let written = placing::write(connection, &prepared, milestones.as_ref());
            if written.is_err() && !connection.is_autocommit() {
                execute(connection, "ROLLBACK TO placement")?;
            }
            if !connection.is_autocommit() {
                execute(connection, "RELEASE placement")?;
            }
            desk.unindexed.extend(written?.map(|item| Unindexed {
                item,
                title: prepared.title,
                text: prepared.text,
            }));
            Ok(())
        })
        .await
    }

    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        // Where nobody takes it the job has ended, and says why.
        let _ = self.steps.send(Step::Commit).await;
        self.ended
            .await
            .map_err(|_| StoreError::Broken("the writing thread has ended".to_owned()))?
    }
}
