//! Taking turns: what only one node may do at a time, it does under a lease.
//!
//! The lease is renewed while the work goes on and given back when it ends. A node that
//! dies leaves it behind, and after half a minute another takes it. A node that was cut
//! off stops working before that: the database no longer renews its lease.

use std::future::Future;
use std::time::Duration;

use model::clock::later;

use super::Pipeline;

/// How long a lease holds without renewal.
const LEASE: Duration = Duration::from_secs(30);
/// How often it is renewed: twice may fail.
const RENEW: Duration = Duration::from_secs(10);

impl Pipeline {
    /// Does `work` while no other node does what is called so. `None`: another node
    /// does, or the lease was lost halfway.
    pub async fn in_turn<T>(&self, name: &str, work: impl Future<Output = T>) -> Option<T> {
        let acquire = || async {
            let now = self.clock.now();
            let until = later(now, LEASE);
            let held = self.store.acquire(name, &self.holder, now, until).await;
            (held, until)
        };
        let (held, mut until) = acquire().await;
        let fence = match held {
            Ok(Some(fence)) => fence,
            Ok(None) => return None,
            Err(error) => {
                tracing::warn!("{name} waits: {error}");
                return None;
            }
        };
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => {
                    if let Err(error) = self.store.release(&fence).await {
                        tracing::debug!("the lease on {name} is left to expire: {error}");
                    }
                    return Some(done);
                }
                () = self.clock.sleep(RENEW) => match acquire().await {
                    (Ok(Some(_)), renewed) => until = renewed,
                    (Ok(None), _) => return None,
                    (Err(_), _) if self.clock.now() >= until => return None,
                    (Err(_), _) => {}
                },
            }
        }
    }
}
