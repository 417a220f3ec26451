//! A sitting: one transaction that stays open from placement to placement.
//!
//! Each placement has a savepoint: one that fails costs itself only. A sitting that is
//! dropped closes its connection, and the server undoes it. It is not run again by
//! itself when it loses a race; who sat does that, with fewer items.

use std::sync::Arc;

use async_trait::async_trait;
use model::incident::Candidate;
use model::tokens::Text;
use model::{Analysis, CveId, IncidentId, Item, Milestone, Vulnerability};

use super::work::Work;
use super::writer::{BEGIN, News};
use super::{Postgres, candidates, lane, placing, vulnerabilities};
use crate::candidate::Wanted;
use crate::codec::off_thread;
use crate::prepared::Placement;
use crate::{Fence, Placed, Sitting, StoreError};

struct Seat<'a> {
    store: &'a Postgres,
    work: Work,
}

pub(super) async fn begin<'a>(
    store: &'a Postgres,
    fence: &Fence,
) -> Result<Box<dyn Sitting + 'a>, StoreError> {
    let work = Work::begin(&store.pool, BEGIN, store.patience).await?;
    if lane::holds(&work, fence).await? {
        return Ok(Box::new(Seat { store, work }));
    }
    let _ = work.end("ROLLBACK").await;
    Err(StoreError::Fenced)
}

#[async_trait]
impl Sitting for Seat<'_> {
    async fn candidates(
        &mut self,
        item: &Item,
        analysis: &Analysis,
    ) -> Result<Vec<Candidate>, StoreError> {
        candidates::find(&self.work, &Wanted::of(item, analysis)).await
    }

    async fn texts(&mut self, incident: IncidentId, limit: u32) -> Result<Vec<Text>, StoreError> {
        lane::texts(&self.work, incident, limit).await
    }

    async fn vulnerabilities(&mut self, cves: &[CveId]) -> Result<Vec<Vulnerability>, StoreError> {
        if cves.is_empty() {
            return Ok(Vec::new());
        }
        vulnerabilities::list(&self.work, cves).await
    }

    async fn place(&mut self, placed: Placed) -> Result<(), StoreError> {
        let prepared = off_thread(move || Placement::of(placed)).await?;
        let milestones = Arc::clone(&self.store.milestones);
        let told = self.work.how_many_told();
        self.work.execute("SAVEPOINT placement").await?;
        let written = placing::write(&self.work, &prepared, milestones.as_ref()).await;
        if written.is_err() {
            self.work.execute("ROLLBACK TO placement").await?;
            self.work.untell(told);
        }
        self.work.execute("RELEASE placement").await?;
        written
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let Self { store, work } = *self;
        store.tell(&work, News::Yes).await?;
        work.end("COMMIT").await?;
        store.milestones.passed(Milestone::PLACEMENT_COMMITTED);
        store.changes.send_modify(|count| *count += 1);
        Ok(())
    }
}
