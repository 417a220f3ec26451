//! An operator's side: examination, rebuilding, forgetting.

use async_trait::async_trait;
use model::Timestamp;

use super::writer::News;
use super::{Sqlite, doctor, lane, prune};
use crate::upkeep::{Finding, Forgotten, Policy, Rebuilt, Upkeep};
use crate::{Fence, StoreError};

#[async_trait]
impl Upkeep for Sqlite {
    async fn examine(&self, now: Timestamp) -> Result<Vec<Finding>, StoreError> {
        self.readers
            .read(move |connection| doctor::examine(connection, now))
            .await
    }

    async fn rebuild(&self, after: i64) -> Result<Rebuilt, StoreError> {
        self.writer
            .run(
                News::No,
                |_| None,
                move |connection| doctor::rebuild(connection, after),
            )
            .await
    }

    async fn forgettable(&self, policy: &Policy) -> Result<Forgotten, StoreError> {
        let policy = *policy;
        self.readers
            .read(move |connection| prune::forgettable(connection, &policy))
            .await
    }

    async fn forget(
        &self,
        fence: &Fence,
        policy: &Policy,
        limit: u32,
        now: Timestamp,
    ) -> Result<Forgotten, StoreError> {
        let (fence, policy) = (fence.clone(), *policy);
        self.writer
            .run(
                News::Yes,
                |_| None,
                move |connection| {
                    if !lane::holds(connection, &fence)? {
                        return Err(StoreError::Fenced);
                    }
                    prune::forget(connection, &policy, limit, now)
                },
            )
            .await
    }

    async fn give_back(&self) -> Result<bool, StoreError> {
        self.writer.run(News::No, |_| None, prune::give_back).await
    }
}
