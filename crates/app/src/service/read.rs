//! Reading: each source on its own beat, a few at the same time. The pipeline notes
//! after each poll when the next one is due; here that is waited for.

use std::sync::Arc;
use std::time::Duration;

use model::Timestamp;
use model::clock::{elapsed, later};
use store::SourceState;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tracing::warn;

use super::ProgressSink;
use super::stream::listen_forever;
use crate::pipeline::{OpenSource, Pipeline};

/// Sources read at the same time.
const TOGETHER: usize = 8;
/// The sources begin one after the other, so far apart.
const SPREAD: Duration = Duration::from_millis(200);
/// A source whose next poll could not be noted is asked again after this, or after
/// its interval if that is shorter.
const AFTER_TROUBLE: Duration = Duration::from_secs(60);

/// Starts a task for each source, all ending when the service stops.
pub(super) fn every_source(
    pipeline: &Arc<Pipeline>,
    progress: &ProgressSink,
    stop: &watch::Receiver<bool>,
    tasks: &mut JoinSet<()>,
) {
    let places = Arc::new(Semaphore::new(TOGETHER));
    for index in 0..pipeline.sources.len() {
        let (pipeline, places, progress, stop) = (
            Arc::clone(pipeline),
            Arc::clone(&places),
            Arc::clone(progress),
            stop.clone(),
        );
        tasks.spawn(until(stop, async move {
            read_forever(&pipeline, index, &places, &progress).await
        }));
    }
}

/// Runs `work` until the stop. What is cut off was not acknowledged, and is done
/// again at the next start.
async fn until(mut stop: watch::Receiver<bool>, work: impl Future<Output = ()>) {
    tokio::select! {
        _ = stop.wait_for(|stop| *stop) => {}
        () = work => {}
    }
}

async fn read_forever(
    pipeline: &Pipeline,
    index: usize,
    places: &Semaphore,
    progress: &ProgressSink,
) {
    let Some(source) = pipeline.sources.get(index) else {
        return;
    };
    let spread = SPREAD * u32::try_from(index).unwrap_or(u32::MAX);
    let mut due = first_due(pipeline, source)
        .await
        .max(later(pipeline.clock.now(), spread));
    if let Some(polls) = source.streams() {
        return listen_forever(pipeline, source, polls, due, places).await;
    }
    loop {
        pipeline
            .clock
            .sleep(elapsed(pipeline.clock.now(), due))
            .await;
        let Ok(place) = places.acquire().await else {
            return;
        };
        // What went wrong is in the log and in the source's ledger.
        let _ = pipeline.poll(source, &|done| progress(source, done)).await;
        drop(place);
        due = next_due(pipeline, source).await;
    }
}

/// When a source is first due after a start. One that was read a moment ago keeps its
/// beat; for one in trouble a restart is a good moment to try again, because it may be
/// our mending.
async fn first_due(pipeline: &Pipeline, source: &OpenSource) -> Timestamp {
    let now = pipeline.clock.now();
    let state = pipeline.store.source_state(&source.entry.id).await;
    let well = |state: &SourceState| state.failures == 0 && state.ledger.trouble.is_none();
    let Some(state) = state.ok().flatten().filter(well) else {
        return now;
    };
    let one_on = |last| later(last, source.entry.interval);
    // Another interval than before must not wait for the old one.
    state
        .ledger
        .next_poll
        .filter(|next| *next <= one_on(now))
        .or(state.last_attempt.map(one_on))
        .unwrap_or(now)
}

/// When it is due after a poll.
async fn next_due(pipeline: &Pipeline, source: &OpenSource) -> Timestamp {
    let soon = later(
        pipeline.clock.now(),
        AFTER_TROUBLE.min(source.entry.interval),
    );
    match pipeline.store.source_state(&source.entry.id).await {
        // A time that has passed already was noted by an earlier poll.
        Ok(state) => state
            .and_then(|state| state.ledger.next_poll)
            .filter(|next| *next > pipeline.clock.now())
            .unwrap_or(soon),
        Err(error) => {
            warn!(source.id = %source.entry.id, "when {} is due cannot be read: {error}", source.entry.id);
            soon
        }
    }
}
