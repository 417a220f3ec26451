//! The self-audit, told as stories: what people hear of their sources, and what not.

use std::time::Duration;

use model::audit::EpisodeKind;
use model::clock::later;
use store::SourceState;
use testkit::feeds::Mood;

use crate::world::{World, days, minutes};

const HOUR: Duration = Duration::from_secs(3600);
/// Nobody is told of stories here: what comes to Slack are notices.
const NOTHING: &str = "
    [[rules]]
    id = \"none\"
    channels = []
";

async fn state(world: &World, source: &str) -> SourceState {
    let source = source.parse().unwrap();
    let state = world.pipeline.store.source_state(&source).await.unwrap();
    state.unwrap()
}

/// The notices that came to Slack: headlines, without our name before them.
fn notices(world: &World) -> Vec<String> {
    let posts = world.slack.posts();
    let lines = posts.iter().map(|post| {
        let text = post.arguments["text"].as_str().unwrap_or_default();
        let line = text.lines().next().unwrap_or_default();
        line.trim_start_matches("Prahari: ").to_owned()
    });
    lines.collect()
}

/// So many hours in which this feed has a new story each hour.
async fn speak(world: &mut World, feed: &str, hours: u32) {
    for hour in 0..hours {
        let title = format!("Recipe {hour} of {}", world.clock_now());
        world.publish(feed, &title);
        world.round().await;
        world.clock.advance(HOUR);
    }
}

/// So many hours of nothing.
async fn wait(world: &mut World, hours: u32) {
    for _ in 0..hours {
        world.round().await;
        world.clock.advance(HOUR);
    }
    world.round().await;
}

#[tokio::test]
async fn a_feed_that_spoke_hourly_falls_silent_and_is_told_once() {
    let mut world = World::start().await;
    world.configure(NOTHING).await;
    // Nine days, so that a weekend was seen.
    speak(&mut world, "feed-a", 9 * 24).await;
    assert_eq!(notices(&world), [""; 0]);

    wait(&mut world, 10).await;
    assert_eq!(notices(&world), [""; 0], "a night is no silence");
    wait(&mut world, 10).await;
    assert_eq!(notices(&world), ["feed-a is quieter than usual"]);
    assert_eq!(world.telegram.messages().len(), 1, "on every channel");
    let text = world.slack.posts()[0].arguments.to_string();
    assert!(text.contains("every 60 min or so"), "{text}");

    // feed-b never spoke, and is not missed. A restart repeats nothing.
    world.restart().await;
    wait(&mut world, 40).await;
    assert_eq!(notices(&world).len(), 1);

    speak(&mut world, "feed-a", 2).await;
    assert_eq!(
        notices(&world),
        ["feed-a is quieter than usual", "feed-a speaks again"]
    );
    wait(&mut world, 3).await;
    assert_eq!(notices(&world).len(), 2);
}

#[tokio::test]
async fn coming_back_after_an_absence_is_no_silence_of_others() {
    let mut world = World::start().await;
    world.configure(NOTHING).await;
    speak(&mut world, "feed-a", 9 * 24).await;
    world.clock.advance(days(5));
    world.restart().await;
    // Before anything was asked, nothing is known.
    world.pipeline.audit().await.unwrap();
    wait(&mut world, 10).await;
    assert_eq!(notices(&world), [""; 0]);
    wait(&mut world, 10).await;
    assert_eq!(notices(&world), ["feed-a is quieter than usual"]);
}

#[tokio::test]
async fn our_own_network_down_is_one_notice() {
    let mut world = World::start().await;
    world.configure(NOTHING).await;
    for feed in world.feeds.values() {
        feed.set_mood(Mood::Down(503));
    }
    let down = || testkit::site::Reply::status(503);
    world.kev.script((0..200).map(|_| down()).collect());
    world.nvd.script((0..200).map(|_| down()).collect());
    wait(&mut world, 12).await;
    assert_eq!(notices(&world), ["Most sources cannot be reached"]);
    let text = world.slack.posts()[0].arguments.to_string();
    assert!(text.contains("4 of 4 sources"), "{text}");

    // It comes back, but one source stays away: it is told after its own time.
    world.feeds["feed-a"].set_mood(Mood::Good);
    world.kev.script(Vec::new());
    while state(&world, "kev").await.failures > 0 || state(&world, "nvd").await.failures > 0 {
        world.poll().await;
    }
    world.round().await;
    assert_eq!(notices(&world)[1..], ["Sources can be reached again"]);
    wait(&mut world, 4).await;
    assert_eq!(notices(&world).len(), 2);
    wait(&mut world, 4).await;
    assert_eq!(notices(&world)[2..], ["feed-b cannot be read"]);
}

#[tokio::test]
async fn a_source_that_is_gone_is_told_and_probed_once_a_day() {
    let mut world = World::start().await;
    world.configure(NOTHING).await;
    world.feeds["feed-a"].set_mood(Mood::Gone);
    let asked_before = world.asked("/feed-a.xml");
    let end = later(world.clock_now(), days(4));
    while world.clock_now() < end {
        world.round_of_due().await;
        world.clock.advance(minutes(20));
    }
    assert_eq!(notices(&world), ["feed-a is gone"]);
    let probes = world.asked("/feed-a.xml") - asked_before;
    assert!((4..=5).contains(&probes), "{probes} probes in four days");

    // Its other failures are counted over a restart, and its return is told.
    world.restart().await;
    assert_eq!(state(&world, "feed-a").await.failures as usize, probes);
    world.feeds["feed-a"].set_mood(Mood::Good);
    world.poll().await;
    world.round().await;
    assert_eq!(notices(&world)[1..], ["feed-a can be read again"]);
}

#[tokio::test]
async fn a_source_that_keeps_failing_is_probed_slowly_and_told_once() {
    let mut world = World::start().await;
    world.configure(NOTHING).await;
    world.feeds["feed-a"].set_mood(Mood::WebPage);
    let asked_before = world.asked("/feed-a.xml");
    let end = later(world.clock_now(), days(2));
    while world.clock_now() < end {
        world.round_of_due().await;
        world.clock.advance(minutes(5));
    }
    assert_eq!(notices(&world), ["feed-a cannot be read"]);
    let state = state(&world, "feed-a").await;
    assert_eq!(state.ledger.breaker.as_str(), "open");
    // 5 in a quarter of an hour, 4 in eight hours, then one in six.
    let asked = world.asked("/feed-a.xml") - asked_before;
    assert!((13..=17).contains(&asked), "{asked}");
}

#[tokio::test]
async fn a_feed_that_is_suddenly_empty_has_changed_its_shape() {
    let mut world = World::start().await;
    world.configure(NOTHING).await;
    speak(&mut world, "feed-a", 30).await;
    let full = world.feeds["feed-a"].clone();
    let empty = testkit::feeds::Feed::rss("feed-a");
    world.serve("feed-a", &empty);
    wait(&mut world, 2).await;
    assert_eq!(notices(&world), [""; 0], "it may be written just now");
    wait(&mut world, 3).await;
    assert_eq!(notices(&world), ["feed-a looks other than usual"]);
    world.serve("feed-a", &full);
    wait(&mut world, 1).await;
    assert_eq!(notices(&world)[1..], ["feed-a looks as usual again"]);
}

#[tokio::test]
async fn nvd_that_has_more_than_we_hold_is_read_again_and_then_told() {
    let mut world = World::start().await;
    world.configure(NOTHING).await;
    let add = |world: &World, number: u32, modified: &str| {
        let record = testkit::nvd::record(&format!("CVE-2026-{number}"), modified, "A flaw.", None);
        world.nvd.records_mut(|records| records.push(record));
    };
    // It appears three days late, in a window that was read long ago.
    wait(&mut world, 72).await;
    add(&world, 1001, "2026-11-21T20:00:00.000");
    wait(&mut world, 26).await;
    let cve = ["CVE-2026-1001".parse().unwrap()];
    let known = world.pipeline.store.vulnerabilities(&cve).await.unwrap();
    assert_eq!(known.len(), 1, "it was read again");
    let balance = state(&world, "nvd").await.ledger.balance.unwrap();
    assert_eq!((balance.stated, balance.held), (1, 1));
    assert_eq!(notices(&world), [""; 0]);

    // One that no reading gives: its date lies in no window, and its id is no CVE's.
    world.nvd.records_mut(|records| {
        let mut record =
            testkit::nvd::record("CVE-26-1", "2026-11-22T20:00:00.000", "A flaw.", None);
        record["id"] = "CVE-26-1".into();
        records.push(record);
    });
    wait(&mut world, 30).await;
    let balance = state(&world, "nvd").await.ledger.balance.unwrap();
    assert_eq!((balance.missing(), balance.rereads), (1, 3));
    assert_eq!(notices(&world), [""; 0], "a day is given to it");
    wait(&mut world, 24).await;
    assert_eq!(notices(&world), ["Records of nvd are missing"]);
}

#[tokio::test]
async fn a_source_that_was_never_reached_raises_nothing() {
    let mut world = World::before_first_load().await;
    world.configure(NOTHING).await;
    world.feeds["feed-a"].set_mood(Mood::WebPage);
    wait(&mut world, 30).await;
    assert_eq!(notices(&world), [""; 0]);
}

#[tokio::test]
async fn only_the_chosen_channels_are_told_and_none_when_it_is_off() {
    let mut world = World::start().await;
    world.configure(NOTHING).await;
    world
        .configure("[audit]\nchannels = [\"telegram\"]\nfailing_after_hours = 1\n")
        .await;
    world.feeds["feed-a"].set_mood(Mood::WebPage);
    wait(&mut world, 3).await;
    assert_eq!(notices(&world), [""; 0]);
    assert_eq!(world.telegram.messages().len(), 1);

    let mut silent = World::start().await;
    silent.configure(NOTHING).await;
    silent.configure("[audit]\nenabled = false\n").await;
    silent.feeds["feed-a"].set_mood(Mood::Gone);
    wait(&mut silent, 3).await;
    assert_eq!(silent.telegram.messages().len(), 0);
}

#[tokio::test]
async fn a_source_that_is_switched_off_ends_its_episode_without_a_word() {
    let mut world = World::start().await;
    world.configure(NOTHING).await;
    world.feeds["feed-a"].set_mood(Mood::Gone);
    wait(&mut world, 1).await;
    assert_eq!(notices(&world), ["feed-a is gone"]);
    world.switch_off("feed-a").await;
    wait(&mut world, 1).await;
    assert_eq!(notices(&world).len(), 1);
    let episodes = world.pipeline.store.episodes().await.unwrap();
    assert_eq!(episodes[0].kind, EpisodeKind::Gone);
    assert!(episodes[0].ended.is_some());
}
