//! Reading: each source on its own beat, a few at the same time.

use std::sync::Arc;
use std::time::Duration;

use model::Timestamp;
use model::clock::{elapsed, later};
use tokio::sync::{Semaphore, watch};
use tokio::task::{AbortHandle, JoinSet};
use tracing::{info, warn};

use super::ProgressSink;
use crate::pipeline::{OpenSource, Pipeline, Poll, PollError};

/// Sources read at the same time.
const TOGETHER: usize = 8;
/// After a failure a source is tried again at twice the distance each time, at
/// most this long.
const LONGEST_BACK_OFF: Duration = Duration::from_secs(6 * 60 * 60);
/// How often the store is asked whether people changed the sources: cheap, and soon
/// enough for somebody who watches the screen.
const LOOK_FOR_CHANGES: Duration = Duration::from_secs(2);

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
async fn until(mut stop: watch::Receiver<bool>, work: impl Future<Output = ()>) {
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
    // A source that was read a moment ago, before a restart, keeps its beat.
    let first = first_due(pipeline, source, index).await;
    pipeline
        .clock
        .sleep(elapsed(pipeline.clock.now(), first))
        .await;
    let mut failures: u32 = 0;
    loop {
        let result = {
            let Ok(_place) = places.acquire().await else {
                return;
            };
            pipeline.poll(source, &|done| progress(source, done)).await
        };
        failures = if result.is_ok() {
            0
        } else {
            failures.saturating_add(1)
        };
        if result.as_ref().is_err_and(PollError::is_gone) {
            warn!(source.id = %source.entry.id, "{} is gone for good and is not asked again until the next start", source.entry.id);
            return;
        }
        let pause = next_pause(source, &result, failures);
        pipeline.clock.sleep(pause).await;
    }
}

/// When a source is first due: an interval after its last attempt, and the sources
/// spread over the first seconds.
async fn first_due(pipeline: &Pipeline, source: &OpenSource, index: usize) -> Timestamp {
    let now = pipeline.clock.now();
    let spread = Duration::from_millis(200 * index as u64);
    let states = pipeline.store.source_states().await.unwrap_or_default();
    let last = states
        .into_iter()
        .find(|state| state.source == source.entry.id)
        .and_then(|state| {
            // After a failure a restart is a good moment to try again.
            if state.failures > 0 {
                None
            } else {
                state.last_attempt
            }
        });
    last.map_or(now, |last| later(last, source.entry.interval))
        .max(later(now, spread))
}

/// How long to leave a source alone now: what it asks for, or its interval, or
/// longer after failures. A little of it depends on the name, so that sources of
/// one interval do not all wake together.
fn next_pause(source: &OpenSource, result: &Result<Poll, PollError>, failures: u32) -> Duration {
    let interval = source.entry.interval;
    let seed = model::hash::short(&[source.entry.id.as_str().as_bytes()]);
    let jitter = interval.mul_f64(0.1 * f64::from(seed[0]) / 255.0);
    match result {
        Ok(_) => interval + jitter,
        Err(error) => {
            let first = Duration::from_secs(60).min(interval);
            let doubled = first.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1)));
            let back_off = doubled.clamp(first, LONGEST_BACK_OFF.max(interval));
            back_off.max(error.wait().unwrap_or_default()) + jitter.min(back_off / 10)
        }
    }
}
