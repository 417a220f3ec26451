//! The service: each source on its own beat, one placement loop, one delivery
//! loop, the API, and a stop that loses nothing.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use model::Clock;
use model::clock::elapsed;
use sources::Progress;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{error, info, warn};

use crate::api;
use crate::pipeline::{OpenSource, Pipeline};

mod read;
mod stream;

/// How often placement and delivery look for work that another process left.
const LOOK_AROUND: Duration = Duration::from_secs(2);
/// How long placement and delivery rest after the store failed them.
const AFTER_TROUBLE: Duration = Duration::from_secs(5);
/// How often kept documents are looked through.
const BETWEEN_SWEEPS: Duration = Duration::from_secs(60 * 60);
/// How often the service looks whether feedback came to learn from.
const BETWEEN_LESSONS: Duration = Duration::from_secs(15 * 60);
/// How often the self-audit looks at the sources: what it finds in one round is one
/// notice.
const AUDIT_BEAT: Duration = Duration::from_secs(10 * 60);
/// How long requests and polls under way may take to end when the service stops.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a node does. Several share one PostgreSQL.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    /// Everything.
    #[default]
    All,
    /// Answers the API and serves the dashboard.
    Api,
    /// Collects, places and delivers.
    Worker,
}

/// What the command line shows of long loads.
pub type ProgressSink = Arc<dyn Fn(&OpenSource, Progress) + Send + Sync>;

/// Runs until `stop` turns true, or a part fails for good.
///
/// # Errors
/// The address cannot be bound.
pub async fn run(
    pipeline: Arc<Pipeline>,
    role: Role,
    progress: ProgressSink,
    stop: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let listener = match role {
        Role::All | Role::Api => Some(bind(&pipeline).await?),
        Role::Worker => None,
    };
    let mut tasks = JoinSet::new();
    match role {
        Role::All | Role::Worker => work(&mut tasks, &pipeline, progress, &stop),
        Role::Api => {
            let (pipeline, stop) = (Arc::clone(&pipeline), stop.clone());
            tasks.spawn(read::until(stop, async move {
                read::follow_forever(&pipeline).await
            }));
        }
    }
    let served = listener.map(|listener| {
        let router = api::router(Arc::clone(&pipeline), stop.clone());
        let mut ending = stop.clone();
        let serving = axum::serve(listener, router).with_graceful_shutdown(async move {
            let _ = ending.wait_for(|stop| *stop).await;
        });
        tokio::spawn(async move { serving.await })
    });

    let mut waiting = stop;
    let _ = waiting.wait_for(|stop| *stop).await;
    info!("stopping");
    let ended = async {
        while tasks.join_next().await.is_some() {}
        match served {
            Some(served) => served.await,
            None => Ok(Ok(())),
        }
    };
    tokio::select! {
        served = ended => served??,
        () = pipeline.clock.sleep(PATIENCE) => warn!("some work did not end in {} s; it goes on at the next start", PATIENCE.as_secs()),
    }
    info!("stopped");
    Ok(())
}

async fn bind(pipeline: &Pipeline) -> anyhow::Result<TcpListener> {
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

    Ok(listener)
}

/// Collects, places, alerts and delivers, each in a task of its own.
fn work(
    tasks: &mut JoinSet<()>,
    pipeline: &Arc<Pipeline>,
    progress: ProgressSink,
    stop: &watch::Receiver<bool>,
) {
    tasks.spawn(read::every_source(
        Arc::clone(pipeline),
        progress,
        stop.clone(),
    ));
    {
        let (pipeline, stop) = (Arc::clone(pipeline), stop.clone());
        tasks.spawn(async move { place_forever(&pipeline, stop).await });
    }
    {
        let (pipeline, stop) = (Arc::clone(pipeline), stop.clone());
        tasks.spawn(async move { audit_forever(&pipeline, stop).await });
    }
    {
        let (pipeline, stop) = (Arc::clone(pipeline), stop.clone());
        tasks.spawn(async move { deliver_forever(&pipeline, stop).await });
    }
    {
        let (pipeline, stop) = (Arc::clone(pipeline), stop.clone());
        tasks.spawn(read::until(
            stop,
            async move { sweep_forever(&pipeline).await },
        ));
    }
    {
        let (pipeline, stop) = (Arc::clone(pipeline), stop.clone());
        tasks.spawn(read::until(
            stop,
            async move { prune_forever(&pipeline).await },
        ));
    }
    if pipeline.settings.learning.automatic {
        let (pipeline, stop) = (Arc::clone(pipeline), stop.clone());
        tasks.spawn(read::until(
            stop,
            async move { learn_forever(&pipeline).await },
        ));
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

async fn audit_forever(pipeline: &Pipeline, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        tokio::select! {
            () = pipeline.clock.sleep(AUDIT_BEAT) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        // One node is enough.
        if let Some(Err(error)) = pipeline.in_turn("audit", pipeline.audit()).await {
            error!("the audit of sources was left out: {error}");
        }
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
        if let Some(Err(error)) = pipeline.in_turn("sweep", pipeline.sweep()).await {
            warn!("kept documents could not be looked through: {error}");
        }
        pipeline.clock.sleep(BETWEEN_SWEEPS).await;
    }
}

/// Forgets what is old, every night.
async fn prune_forever(pipeline: &Pipeline) {
    loop {
        let now = pipeline.clock.now();
        let zone = &pipeline.settings.server.zone;
        let night = pipeline.settings.retention.next(now, zone);
        pipeline.clock.sleep(elapsed(now, night)).await;
        if let Some(Err(error)) = pipeline.in_turn("prune", pipeline.forget(&|_| ())).await {
            warn!("what is old was not forgotten: {error}");
        }
    }
}

/// Trains on feedback when enough of it came.
async fn learn_forever(pipeline: &Pipeline) {
    loop {
        pipeline.clock.sleep(BETWEEN_LESSONS).await;
        if let Err(error) = pipeline.train_what_is_due().await {
            warn!("training on feedback was left out: {error}");
        }
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
