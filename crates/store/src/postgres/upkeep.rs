//! An operator's side: examination, rebuilding, forgetting.

use async_trait::async_trait;
use model::Timestamp;

use super::work::Lock;
use super::writer::News;
use super::{Postgres, doctor, lane, prune};
use crate::upkeep::{Finding, Forgotten, Policy, Rebuilt, Upkeep};
use crate::{Fence, StoreError};

#[async_trait]
impl Upkeep for Postgres {
    async fn examine(&self, now: Timestamp) -> Result<Vec<Finding>, StoreError> {
        self.read(|work| async move { doctor::examine(&work, now).await })
            .await
    }

    async fn rebuild(&self, after: i64) -> Result<Rebuilt, StoreError> {
        self.write(
            News::No,
            |_| None,
            |work| async move { doctor::rebuild(&work, after).await },
        )
        .await
    }

    async fn forgettable(&self, policy: &Policy) -> Result<Forgotten, StoreError> {
        self.read(|work| async move { prune::forgettable(&work, policy).await })
            .await
    }

    async fn forget(
        &self,
        fence: &Fence,
        policy: &Policy,
        limit: u32,
        now: Timestamp,
    ) -> Result<Forgotten, StoreError> {
        self.write(
            News::Yes,
            |_| None,
            |work| async move {
                work.lock(Lock::Outbox).await?;
                if !lane::holds(&work, fence).await? {
                    return Err(StoreError::Fenced);
                }
                prune::forget(&work, policy, limit, now).await
            },
        )
        .await
    }

    /// Nothing: the server's autovacuum does.
    async fn give_back(&self) -> Result<bool, StoreError> {
        Ok(false)
    }
}
