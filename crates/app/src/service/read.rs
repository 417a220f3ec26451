//! Reading: each source on its own beat, a few at the same time. The pipeline notes
//! after each poll when the next one is due; here that is waited for. Of several nodes
//! each waits, one takes the lease of the source and reads, and the others see that
//! it was read.

use std::sync::Arc;
use std::time::Duration;

use model::Timestamp;
use model::clock::{elapsed, later};
use store::SourceState;
use tokio::sync::{Semaphore, watch};
use tokio::task::{AbortHandle, JoinSet};
use tracing::{info, warn};

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
/// How often the store is asked whether people changed the sources: cheap, and soon
/// enough for somebody who watches the screen.
const LOOK_FOR_CHANGES: Duration = Duration::from_secs(2);

/// A stream that another node holds is looked for again after this.
const BEFORE_TAKING_OVER: Duration = Duration::from_secs(15);

/// A source that is being read.
struct Task {
    source: Arc<OpenSource>,
    handle: AbortHandle,
}

/// Reads every source, each in a task of its own, until the service stops. What people
/// add, change or remove meanwhile is taken up.
pub(super) async fn every_source(
    pipeline: Arc<Pipeline>,
    progress: ProgressSink,
    mut stop: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(TOGETHER));
    let mut tasks = JoinSet::new();
    let mut running: Vec<Task> = Vec::new();
    loop {
        let wanted = pipeline.sources();
        running.retain(|task| {
            let stays = wanted
                .open
                .iter()
                .any(|source| Arc::ptr_eq(source, &task.source));
            if !stays {
                info!(source.id = %task.source.entry.id, "{} is no longer read as it was", task.source.entry.id);
                // What is cut off was not acknowledged.
                task.handle.abort();
            }
            stays
        });
        let fresh: Vec<_> = wanted
            .open
            .iter()
            .filter(|source| !running.iter().any(|task| Arc::ptr_eq(source, &task.source)))
            .map(Arc::clone)
            .collect();
        for (index, source) in fresh.into_iter().enumerate() {
            let (pipeline, places, progress, open) = (
                Arc::clone(&pipeline),
                Arc::clone(&places),
                Arc::clone(&progress),
                Arc::clone(&source),
            );
            let handle = tasks.spawn(until(stop.clone(), async move {
                read_forever(&pipeline, &open, index, &places, &progress).await;
            }));
            running.push(Task { source, handle });
        }
        while tasks.try_join_next().is_some() {}
        loop {
            let stopping = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => true,
                () = pipeline.clock.sleep(LOOK_FOR_CHANGES) => false,
            };
            if stopping {
                while tasks.join_next().await.is_some() {}
                return;
            }
            if let Err(error) = pipeline.follow_sources().await {
                warn!("changes of the sources could not be looked for: {error}");
            }
            // The API may have taken them up before us.
            if !Arc::ptr_eq(&wanted, &pipeline.sources()) {
                break;
            }
        }
    }
}

/// Runs `work` until the stop. What is cut off was not acknowledged, and is done
/// again at the next start.
pub(super) async fn until(mut stop: watch::Receiver<bool>, work: impl Future<Output = ()>) {
    tokio::select! {
        _ = stop.wait_for(|stop| *stop) => {}
        () = work => {}
    }
}

async fn read_forever(
    pipeline: &Pipeline,
    source: &OpenSource,
    index: usize,
    places: &Semaphore,
    progress: &ProgressSink,
) {
    let lease = format!("source/{}", source.entry.id);
    let mut seen = last_attempt(pipeline, source).await;
    let spread = SPREAD * u32::try_from(index).unwrap_or(u32::MAX);
    let mut due = first_due(pipeline, source)
        .await
        .max(later(pipeline.clock.now(), spread));
    if let Some(polls) = source.streams() {
        loop {
            let listening = listen_forever(pipeline, source, polls, due, places);
            let _ = pipeline.in_turn(&lease, listening).await;
            pipeline.clock.sleep(BEFORE_TAKING_OVER).await;
            due = next_due(pipeline, source).await;
        }
    }
    loop {
        pipeline
            .clock
            .sleep(elapsed(pipeline.clock.now(), due))
            .await;
        let Ok(place) = places.acquire().await else {
            return;
        };
        let reading = async {
            // Under the lease nobody else reads it; somebody may have before.
            if last_attempt(pipeline, source).await == seen {
                // What went wrong is in the log and in the source's ledger.
                let _ = pipeline.poll(source, &|done| progress(source, done)).await;
            }
        };
        let _ = pipeline.in_turn(&lease, reading).await;
        drop(place);
        seen = last_attempt(pipeline, source).await;
        due = next_due(pipeline, source).await;
    }
}

/// When anybody last read the source; none before, or while the store does not say.
async fn last_attempt(pipeline: &Pipeline, source: &OpenSource) -> Option<Timestamp> {
    let state = pipeline.store.source_state(&source.entry.id).await;
    state.ok().flatten().and_then(|state| state.last_attempt)
}

/// Takes up what people change of the sources, where none is read.
pub(super) async fn follow_forever(pipeline: &Pipeline) {
    loop {
        pipeline.clock.sleep(LOOK_FOR_CHANGES).await;
        if let Err(error) = pipeline.follow_sources().await {
            warn!("changes of the sources could not be looked for: {error}");
        }
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
