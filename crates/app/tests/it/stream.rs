//! Streams in the whole system: what is posted becomes an alert, and a connection
//! that is cut loses nothing and repeats nothing.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use app::pipeline::{OpenSource, OpenStream, Pipeline, Poll, PollError, World as Given};
use model::milestone::PassBy;
use model::{Clock, Timestamp};
use serde_json::json;
use testkit::TestClock;
use testkit::jetstream::FakeJetstream;

use crate::world::{FreshIds, World};

/// 21 November 2026, 09:00 UTC.
const NOW: u64 = 1_795_251_600_000_000;

fn post(fake: &FakeJetstream, second: u64, key: &str, text: &str) {
    let record = json!({"$type": "app.bsky.feed.post", "text": text, "langs": ["en"]});
    fake.post(NOW + second * 1_000_000, "did:plc:ann", key, &record);
}

async fn with_stream(fake: &FakeJetstream) -> World {
    let mut world = World::start().await;
    world
        .configure(&format!(
            r#"
            [server]
            listen = "127.0.0.1:0"
            [watch]
            keywords = ["Acme VPN"]
            [[rules]]
            id = "all"
            channels = ["slack"]
            [[sources]]
            id = "sky"
            kind = "bluesky"
            stream = true
            stream_urls = ["{}"]
            "#,
            fake.url()
        ))
        .await;
    world
}

/// Waits for the next batch and keeps it.
async fn hear(
    pipeline: &Pipeline,
    source: &OpenSource,
    stream: &mut OpenStream,
) -> Result<Poll, PollError> {
    let batch = stream.next().await?;
    pipeline.keep(source, stream, batch).await
}

#[tokio::test]
async fn what_is_kept_of_a_stream_is_kept_once() {
    let fake = FakeJetstream::start().await;
    let world = with_stream(&fake).await;
    let pipeline = &world.pipeline;
    let source = pipeline
        .source(&model::SourceId::new("sky").unwrap())
        .unwrap();
    let mut stream = pipeline.connect(&source).await.unwrap();
    fake.connected(1).await;
    post(&fake, 1, "1", "a cat sleeps");
    post(
        &fake,
        2,
        "2",
        "Acme VPN flaw exploited by ransomware gang, patch now",
    );
    let kept = hear(pipeline, &source, &mut stream).await.unwrap();
    assert_eq!(kept.recorded.items, 1);
    fake.cut();
    assert!(hear(pipeline, &source, &mut stream).await.is_err());
    post(
        &fake,
        3,
        "3",
        "Hospital in Kerala hit by LockBit ransomware, says Acme VPN user",
    );
    let mut stream = pipeline.connect(&source).await.unwrap();
    let mut kept = (0, 0);
    while kept.0 + kept.1 < 2 {
        let batch = hear(pipeline, &source, &mut stream).await.unwrap();
        kept.0 += batch.recorded.items;
        kept.1 += batch.recorded.repeats;
    }
    assert_eq!(kept, (1, 1), "one is new, one was known");
    let states = pipeline.store.source_states().await.unwrap();
    let state = states
        .iter()
        .find(|state| state.source == source.entry.id)
        .unwrap();
    assert_eq!(state.failures, 0);
}

/// A clock on which short pauses are over at once, and long ones never end: the
/// service runs, and the time stands where the test has put it.
struct Patient(Arc<TestClock>);

impl Clock for Patient {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        if duration < Duration::from_secs(10) {
            Box::pin(tokio::task::yield_now())
        } else {
            Box::pin(std::future::pending())
        }
    }
}

#[tokio::test]
async fn a_post_on_a_stream_becomes_an_alert_though_the_connection_is_cut() {
    let fake = FakeJetstream::start().await;
    let world = with_stream(&fake).await;
    let given = Given {
        clock: Arc::new(Patient(Arc::clone(&world.clock))),
        ids: Arc::new(FreshIds),
        milestones: Arc::new(PassBy),
    };
    let settings = world.pipeline.settings.clone();
    let pipeline = Arc::new(Pipeline::open(settings, given).await.unwrap());
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(app::service::run(
        pipeline,
        app::service::Role::All,
        Arc::new(|_, _| ()),
        stopped,
    ));
    fake.connected(1).await;
    post(
        &fake,
        1,
        "1",
        "Acme VPN flaw exploited by ransomware gang, patch now",
    );
    until_incidents(&world, 1).await;
    fake.cut();
    // Posted while nobody listens; repeated to whoever comes back.
    post(
        &fake,
        2,
        "2",
        "Ransomware attack on hospital in Kerala leaks patient data",
    );
    fake.connected(2).await;
    until_incidents(&world, 2).await;
    post(
        &fake,
        3,
        "3",
        "Data breach at Example Bank exposes card numbers of customers",
    );
    until_incidents(&world, 3).await;
    until("three messages", async || {
        world.clock.advance(Duration::from_secs(1));
        world.slack.posts().len() >= 3
    })
    .await;
    stop.send(true).unwrap();
    running.await.unwrap().unwrap();
    assert_eq!(world.incidents().await.len(), 3);
    assert_eq!(world.slack.posts().len(), 3, "{:#?}", world.slack.posts());
}

async fn until_incidents(world: &World, count: usize) {
    until("incidents", async || world.incidents().await.len() >= count).await;
}

/// Lets the service work until this is so; what never comes fails the test.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    };
    if tokio::time::timeout(Duration::from_secs(60), waiting)
        .await
        .is_err()
    {
        panic!("no {what}");
    }
}
