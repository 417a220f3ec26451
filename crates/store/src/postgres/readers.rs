//! Reading: each on one snapshot of the database, in a transaction that cannot write.

use std::future::Future;
use std::sync::Arc;

use super::Postgres;
use super::work::Work;
use crate::StoreError;

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// Reads whose connection broke are begun again so often.
const TRIES: u32 = 3;

impl Postgres {
    /// Runs `read` on one snapshot of the database.
    pub(super) async fn read<T, F, R>(&self, read: F) -> Result<T, StoreError>
    where
        F: Fn(Arc<Work>) -> R,
        R: Future<Output = Result<T, StoreError>>,
    {
        let mut tries = 0;
        loop {
            tries += 1;
            let work = Arc::new(Work::begin(&self.pool, BEGIN, self.patience).await?);
            match read(Arc::clone(&work)).await {
                Ok(answer) => {
                    // What was read was read, whatever becomes of the connection.
                    if let Some(work) = Arc::into_inner(work) {
                        let _ = work.end("COMMIT").await;
                    }
                    return Ok(answer);
                }
                Err(_) if work.may_be_run_again() && tries < TRIES => {}
                Err(error) => {
                    if let Some(work) = Arc::into_inner(work) {
                        let _ = work.end("ROLLBACK").await;
                    }
                    return Err(error);
                }
            }
        }
    }
}
