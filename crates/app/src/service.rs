//! The service: each source on its own beat, one placement loop, one delivery
//! loop, the API, and a stop that loses nothing.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use model::clock::{elapsed, later};
use model::{Clock, Timestamp};
use sources::Progress;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tracing::{error, info, warn};

use crate::api;
use crate::pipeline::{OpenSource, Pipeline, Poll, PollError};

/// Sources read at the same time.
const TOGETHER: usize = 8;
/// How often placement and delivery look for work that another process left.
const LOOK_AROUND: Duration = Duration::from_secs(2);
/// How long placement and delivery rest after the store failed them.
const AFTER_TROUBLE: Duration = Duration::from_secs(5);
/// After a failure a source is tried again at twice the distance each time, at
/// most this long.
const LONGEST_BACK_OFF: Duration = Duration::from_secs(6 * 60 * 60);
/// How often kept documents are looked through.
const BETWEEN_SWEEPS: Duration = Duration::from_secs(60 * 60);
/// How long requests and polls under way may take to end when the service stops.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the command line shows of long loads.
pub type ProgressSink = Arc<dyn Fn(&OpenSource, Progress) + Send + Sync>;

/// Runs until `stop` turns true, or a part fails for good.
///
/// # Errors
/// The address cannot be bound.
pub async fn run(
    pipeline: Arc<Pipeline>,
    progress: ProgressSink,
    stop: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let address = pipeline
        .settings
        .server
        .address()
        .map_err(anyhow::Error::msg)?;
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("{address} cannot be used"))?;
    let bound = listener.local_addr()?;
    info!(server.listen = %bound, "Prahari is at http://{bound}");

    let mut tasks = JoinSet::new();
    let places = Arc::new(Semaphore::new(TOGETHER));
    for index in 0..pipeline.sources.len() {
        let (pipeline, places, progress, stop) = (
            Arc::clone(&pipeline),
            Arc::clone(&places),
            Arc::clone(&progress),
            stop.clone(),
        );
        tasks.spawn(until(stop, async move {
            read_forever(&pipeline, index, &places, &progress).await
        }));
    }
    {
        let (pipeline, stop) = (Arc::clone(&pipeline), stop.clone());
        tasks.spawn(async move { place_forever(&pipeline, stop).await });
    }
    {
        let (pipeline, stop) = (Arc::clone(&pipeline), stop.clone());
        tasks.spawn(async move { deliver_forever(&pipeline, stop).await });
    }

    {
        let (pipeline, stop) = (Arc::clone(&pipeline), stop.clone());
        tasks.spawn(until(stop, async move { sweep_forever(&pipeline).await }));
    }

    let router = api::router(Arc::clone(&pipeline), stop.clone());
    let mut ending = stop.clone();
    let serving = axum::serve(listener, router).with_graceful_shutdown(async move {
        let _ = ending.wait_for(|stop| *stop).await;
    });
    let served = tokio::spawn(async move { serving.await });

    let mut waiting = stop;
    let _ = waiting.wait_for(|stop| *stop).await;
    info!("stopping");
    let ended = async {
        while tasks.join_next().await.is_some() {}
        served.await
    };
    tokio::select! {
        served = ended => served??,
        () = pipeline.clock.sleep(PATIENCE) => warn!("some work did not end in {} s; it goes on at the next start", PATIENCE.as_secs()),
    }
    info!("stopped");
    Ok(())
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

async fn place_forever(pipeline: &Pipeline, mut stop: watch::Receiver<bool>) {
    let mut changes = pipeline.store.changes();
    while !*stop.borrow() {
        let pause = match pipeline.place_waiting().await {
            Ok(_) => LOOK_AROUND,
            Err(error) => {
                error!("placement paused: {error}");
                AFTER_TROUBLE
            }
        };
        wait(&*pipeline.clock, &mut changes, &mut stop, pause).await;
    }
}

/// A round that has begun is ended before the stop: a message that was sent and
/// not noted would be sent again.
async fn deliver_forever(pipeline: &Pipeline, mut stop: watch::Receiver<bool>) {
    let mut changes = pipeline.store.changes();
    let channels = pipeline.channel_ids();
    if channels.is_empty() {
        info!("no channel is configured: alerts are only shown");
        return;
    }
    while !*stop.borrow() {
        let pause = match pipeline.deliver_due().await {
            Ok(_) => {
                let due = pipeline.store.next_due(&channels).await.ok().flatten();
                due.map_or(LOOK_AROUND, |due| elapsed(pipeline.clock.now(), due))
                    .clamp(Duration::from_millis(50), LOOK_AROUND)
            }
            Err(error) => {
                error!("deliveries paused: {error}");
                AFTER_TROUBLE
            }
        };
        wait(&*pipeline.clock, &mut changes, &mut stop, pause).await;
    }
}

/// Forgets kept documents that are too old or too many, once an hour.
async fn sweep_forever(pipeline: &Pipeline) {
    loop {
        if let Err(error) = pipeline.sweep().await {
            warn!("kept documents could not be looked through: {error}");
        }
        pipeline.clock.sleep(BETWEEN_SWEEPS).await;
    }
}

/// Until this process commits something, the time is over, or the service stops.
async fn wait(
    clock: &dyn Clock,
    changes: &mut watch::Receiver<u64>,
    stop: &mut watch::Receiver<bool>,
    pause: Duration,
) {
    tokio::select! {
        _ = changes.changed() => {}
        () = clock.sleep(pause) => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
}
