//! Keep: what of the documents that arrived is kept, and for how long.
//!
//! A bulk load is not kept: its files can be had again, and NVD's alone would be
//! gigabytes. Everything else is, once for each content.

use std::sync::Arc;
use std::time::Duration;

use model::clock::earlier;
use net::Recorder;
use sources::{Polled, SourceError};
use store::archive::{Kept, Retention};
use store::{Arrived, StoreError};

use super::{OpenSource, Pipeline};
use crate::config::Keep;

/// From so many records on a first load is a bulk load.
const BULK: u64 = 5_000;
/// Readings forgotten in one step, so that other writers wait little.
const STEP: u32 = 200;
const MEGABYTE: u64 = 1024 * 1024;

/// Who notes what a source reads, if documents are kept.
pub(super) fn recorder(keep: &Keep) -> Option<Arc<Recorder>> {
    let largest = keep.max_document_mb.saturating_mul(MEGABYTE);
    // One poll fetches up to 25 documents; few of them are large.
    let most = largest.saturating_mul(8);
    keep.documents
        .then(|| Arc::new(Recorder::new(largest, most)))
}

impl OpenSource {
    /// The documents of the poll that gave this.
    pub(super) fn arrived(&self, polled: &Polled) -> Arrived {
        let is_bulk = polled.first_load
            && polled
                .progress
                .is_some_and(|progress| progress.total >= BULK);
        let mut documents = self.take_documents();
        if is_bulk {
            documents.clear();
        }
        Arrived {
            documents,
            telling: false,
        }
    }

    /// What was read since the last time.
    pub(super) fn take_documents(&self) -> Vec<model::Document> {
        self.recorder
            .as_ref()
            .map(|recorder| recorder.take())
            .unwrap_or_default()
    }
}

impl Pipeline {
    /// Keeps what a source read before it gave up, when that came and was not what
    /// the source gives: the next version may read it.
    pub(super) async fn keep_nonsense(&self, source: &OpenSource, error: &SourceError) {
        let documents = source.take_documents();
        if !matches!(error, SourceError::Nonsense(_)) || documents.is_empty() {
            return;
        }
        let arrived = Arrived {
            documents,
            telling: false,
        };
        let (id, now) = (&source.entry.id, self.clock.now());
        if let Err(error) = self.store.keep(id, now, arrived).await {
            tracing::warn!(source.id = %id, "what {id} answered could not be kept: {error}");
        }
    }

    /// Forgets documents that are too old, or too many, oldest first.
    ///
    /// # Errors
    /// The store could not forget them.
    pub async fn sweep(&self) -> Result<Kept, StoreError> {
        let keep = &self.settings.keep;
        let days = Duration::from_secs(u64::from(keep.days) * 86_400);
        let retention = Retention {
            since: earlier(self.clock.now(), days),
            packed: keep.max_total_mb.saturating_mul(MEGABYTE),
        };
        let mut forgotten = 0;
        loop {
            let swept = self.store.sweep(&retention, STEP).await?;
            forgotten += swept.documents;
            if !swept.more {
                break;
            }
        }
        if forgotten > 0 {
            tracing::info!(documents = forgotten, "forgot {forgotten} kept documents");
        }
        self.store.kept().await
    }
}
