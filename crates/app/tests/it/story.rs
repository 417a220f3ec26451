//! Stories: what happens in the world, and what people hear of it.

use testkit::feeds::Mood;
use testkit::slack::SlackFailure;
use testkit::telegram::TelegramFailure;

use crate::world::{World, days, minutes};

const EVERYTHING: &str = r#"
    [[rules]]
    id = "all"
    channels = ["slack"]
"#;

const EVERYTHING_EVERYWHERE: &str = r#"
    [[rules]]
    id = "all"
"#;

#[tokio::test]
async fn one_story_told_twice_alerts_once() {
    let mut world = World::start().await;
    world.configure(EVERYTHING).await;
    world.publish(
        "feed-a",
        "Acme VPN exploited in ransomware attacks: CVE-2026-1234",
    );
    world.publish(
        "feed-b",
        "CVE-2026-1234 lets attackers into Acme VPN networks",
    );
    world.pass(minutes(10)).await;
    world.delivered(&["#soc: ◇ High · Ransomware, Vulnerability: Acme VPN exploited in ransomware attacks: CVE-2026-1234"]);
    let incidents = world.incidents().await;
    assert_eq!(incidents.len(), 1);
    assert_eq!(incidents[0].items, 2);
    assert_eq!(incidents[0].sources.len(), 2);
}

#[tokio::test]
async fn one_breach_in_other_words_is_one_incident_and_says_why() {
    let mut world = World::start().await;
    world.configure(EVERYTHING).await;
    world.publish(
        "feed-a",
        "Zentrabank data breach: hackers steal account data of 250,000 customers in Pune",
    );
    world.pass(minutes(10)).await;
    world.publish(
        "feed-b",
        "Zentrabank of Pune confirms data breach after hackers steal customers' account data",
    );
    world.pass(minutes(10)).await;
    let incidents = world.incidents().await;
    assert_eq!(incidents.len(), 1, "{incidents:?}");
    assert_eq!((incidents[0].items, incidents[0].sources.len()), (2, 2));
    let because = incidents[0]
        .reasons
        .iter()
        .find(|reason| reason.aspect == model::Aspect::Story);
    assert!(because.is_some_and(|reason| reason.text.contains("Zentrabank")));
}

#[tokio::test]
async fn history_never_alerts() {
    let mut world = World::before_first_load().await;
    world.configure(EVERYTHING_EVERYWHERE).await;
    world.publish(
        "feed-a",
        "Ransomware attack on hospital in Kerala leaks patient data",
    );
    world
        .kev
        .list(testkit::kev::entry("CVE-2026-2000", "Acme", "VPN"));
    world.pass(minutes(30)).await;
    world.delivered(&[]);
    assert_eq!(world.telegram.messages().len(), 0);
    assert_eq!(
        world.incidents().await.len(),
        2,
        "history is known all the same"
    );
}

#[tokio::test]
async fn a_kev_listing_of_a_known_story_is_told_in_its_thread() {
    let mut world = World::start().await;
    world.configure(EVERYTHING).await;
    world.publish("feed-a", "Patch released for Acme VPN flaw CVE-2026-1234");
    world.pass(minutes(10)).await;
    world
        .kev
        .list(testkit::kev::entry("CVE-2026-1234", "Acme", "VPN"));
    world.pass(minutes(10)).await;
    let posts = world.slack.posts();
    assert_eq!(posts.len(), 2, "{posts:#?}");
    assert_eq!(
        posts[1].arguments["thread_ts"].as_str(),
        Some(posts[0].ts.as_str())
    );
    assert!(
        posts[1].arguments.to_string().contains("listed by CISA"),
        "{}",
        posts[1].arguments
    );
    let incidents = world.incidents().await;
    assert_eq!(incidents.len(), 1);
    assert!(incidents[0].kev && incidents[0].exploited);
    // CISA gave only a day, the 20th: no midnight of it begins the story.
    let first = incidents[0].first_seen.to_string();
    assert!(first.starts_with("2026-11-21T"), "{first}");
    assert!(!posts[1].arguments.to_string().contains("20 Nov"));
}

#[tokio::test]
async fn an_edit_of_an_old_record_wakes_nobody() {
    let mut world = World::start().await;
    world
        .configure("[watch]\nkeywords = [\"Acme VPN\"]\n")
        .await;
    world.configure(EVERYTHING_EVERYWHERE).await;
    let mut record = testkit::nvd::record(
        "CVE-2019-0001",
        "2026-11-21T09:01:00.000",
        "A flaw in Acme VPN allows access.",
        Some(9.8),
    );
    record["published"] = "2019-05-01T00:00:00.000".into();
    world.nvd.records_mut(|records| records.push(record));
    world.pass(minutes(30)).await;
    world.delivered(&[]);
    assert_eq!(
        world.incidents().await.len(),
        1,
        "it is an incident, because a keyword stands in it"
    );
}

#[tokio::test]
async fn a_cve_nobody_watches_is_known_and_no_incident() {
    let mut world = World::start().await;
    let record = testkit::nvd::record(
        "CVE-2026-0001",
        "2026-11-21T09:01:00.000",
        "A flaw in Some Plugin.",
        Some(9.8),
    );
    world.nvd.records_mut(|records| records.push(record));
    world.pass(minutes(10)).await;
    assert_eq!(world.incidents().await.len(), 0);
    let known = world
        .pipeline
        .store
        .vulnerabilities(&["CVE-2026-0001".parse().unwrap()])
        .await
        .unwrap();
    assert_eq!(known[0].severity.as_ref().unwrap().score, 9.8);
}

#[tokio::test]
async fn after_an_absence_people_get_one_digest() {
    let mut world = World::start().await;
    world.configure(EVERYTHING).await;
    for company in ["Acme", "Bolt", "Crux"] {
        world.publish(
            "feed-a",
            &format!("{company} confirms data breach after ransomware attack"),
        );
    }
    world.clock.advance(days(4));
    world.pass(minutes(30)).await;
    let posts = world.slack.posts();
    assert_eq!(posts.len(), 1, "{posts:#?}");
    for company in ["Acme", "Bolt", "Crux"] {
        assert!(posts[0].arguments.to_string().contains(company));
    }
    world.publish(
        "feed-a",
        "Dune confirms data breach after ransomware attack",
    );
    world.pass(minutes(10)).await;
    assert_eq!(
        world.slack.posts().len(),
        2,
        "what comes after the absence is told at once"
    );
}

#[tokio::test]
async fn a_refused_token_pauses_the_channel_and_another_one_says_so() {
    let mut world = World::start().await;
    world.configure(EVERYTHING).await;
    world.slack.fail_next(SlackFailure::error("invalid_auth"));
    world.publish(
        "feed-a",
        "Acme confirms data breach after ransomware attack",
    );
    world.pass(minutes(60)).await;
    world.delivered(&[]);
    let told: Vec<String> = world
        .telegram
        .messages()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("slack is paused"), "{told:?}");
    // New settings end the pause, and nothing was lost.
    let paused = world.pipeline.store.paused().await.unwrap();
    assert_eq!(paused.len(), 1);
    assert!(
        world
            .pipeline
            .store
            .resume(&"slack".parse().unwrap())
            .await
            .unwrap()
    );
    world.pass(minutes(60)).await;
    world.delivered(&[
        "#soc: ◇ High · Data breach, Ransomware: Acme confirms data breach after ransomware attack",
    ]);
}

#[tokio::test]
async fn ok_false_is_a_failure_and_is_tried_again() {
    let mut world = World::start().await;
    world.configure(EVERYTHING).await;
    world.slack.fail_next(SlackFailure::error("internal_error"));
    world.slack.fail_next(SlackFailure::RateLimited(90));
    world.slack.fail_next(SlackFailure::Status(503));
    world.slack.fail_next(SlackFailure::LoseAnswer);
    world.publish(
        "feed-a",
        "Acme confirms data breach after ransomware attack",
    );
    world.pass(minutes(60)).await;
    let posts = world.slack.posts();
    assert_eq!(posts.len(), 2, "the lost answer makes it come twice");
    assert_eq!(
        posts[0].arguments["metadata"], posts[1].arguments["metadata"],
        "with one id"
    );
}

#[tokio::test]
async fn a_message_that_can_never_go_is_a_dead_letter_that_can_be_replayed() {
    let mut world = World::start().await;
    world.configure(EVERYTHING).await;
    world.slack.fail_next(SlackFailure::error("invalid_blocks"));
    world.publish(
        "feed-a",
        "Acme confirms data breach after ransomware attack",
    );
    world.pass(minutes(60)).await;
    world.delivered(&[]);
    let dead = world
        .pipeline
        .store
        .deliveries(Some(model::DeliveryState::Dead), 10)
        .await
        .unwrap();
    assert_eq!(dead.len(), 1);
    assert!(dead[0].error.as_ref().unwrap().contains("invalid_blocks"));
    let now = model::Clock::now(&*world.clock);
    assert!(world.pipeline.store.replay(dead[0].id, now).await.unwrap());
    world.pass(minutes(5)).await;
    world.delivered(&[
        "#soc: ◇ High · Data breach, Ransomware: Acme confirms data breach after ransomware attack",
    ]);
}

#[tokio::test]
async fn telegram_waits_as_told_and_follows_a_chat_that_moved() {
    let mut world = World::start().await;
    world
        .configure("[[rules]]\nid = \"all\"\nchannels = [\"telegram\"]\n")
        .await;
    world.telegram.fail_next(TelegramFailure::RetryAfter(40));
    world.publish(
        "feed-a",
        "Acme confirms data breach after ransomware attack",
    );
    world.pass(minutes(10)).await;
    assert_eq!(world.telegram.messages().len(), 1);
}

#[tokio::test]
async fn a_source_that_answers_nonsense_keeps_its_data_and_shows_as_failing() {
    let mut world = World::start().await;
    world.publish(
        "feed-a",
        "Acme confirms data breach after ransomware attack",
    );
    world.pass(minutes(10)).await;
    for mood in [
        Mood::WebPage,
        Mood::Down(503),
        Mood::TooMany("30".to_owned()),
    ] {
        world.feeds["feed-a"].set_mood(mood.clone());
        world.pass(minutes(10)).await;
        let states = world.pipeline.store.source_states().await.unwrap();
        let state = states
            .iter()
            .find(|state| state.source.as_str() == "feed-a")
            .unwrap();
        assert!(state.failures > 0 && state.error.is_some(), "{mood:?}");
    }
    assert_eq!(world.incidents().await.len(), 1);
    world.feeds["feed-a"].set_mood(Mood::Good);
    world.publish(
        "feed-a",
        "Bolt confirms data breach after ransomware attack",
    );
    world.pass(minutes(10)).await;
    assert_eq!(world.incidents().await.len(), 2);
    let states = world.pipeline.store.source_states().await.unwrap();
    assert!(
        states
            .iter()
            .all(|state| state.failures == 0 && state.error.is_none())
    );
}

#[tokio::test]
async fn a_reprint_counts_once() {
    let mut world = World::start().await;
    let text = "The company said that attackers took the records of 40,000 customers in October.";
    world.publish_text("feed-a", "Acme confirms data breach", text);
    world.pass(minutes(10)).await;
    world.publish_text("feed-b", "Acme confirms data breach", text);
    world.pass(minutes(10)).await;
    let incidents = world.incidents().await;
    assert_eq!(incidents.len(), 1);
    assert_eq!(incidents[0].items, 1);
    assert_eq!(incidents[0].sources.len(), 2);
}

#[tokio::test]
async fn what_is_irrelevant_is_kept_and_told_to_nobody() {
    let mut world = World::start().await;
    world.configure(EVERYTHING_EVERYWHERE).await;
    world.publish_text(
        "feed-a",
        "Ten recipes for a rainy weekend",
        "Soup, bread and a pie that children like.",
    );
    world.pass(minutes(10)).await;
    world.delivered(&[]);
    assert_eq!(world.incidents().await.len(), 0);
    assert_eq!(world.pipeline.store.totals().await.unwrap().items, 1);
}

#[tokio::test]
async fn what_comes_in_a_flood_is_placed_as_what_comes_bit_by_bit() {
    const STORIES: usize = 75;
    let mut told = Vec::new();
    for stories_at_once in [5, STORIES] {
        let mut world = World::start().await;
        for story in 0..STORIES {
            let victim = format!("Bank{story} of Town{story}");
            let title = format!("{victim} confirms ransomware attack");
            let text = format!("{victim} said that attackers took {} records.", 100 + story);
            world.publish_text("feed-a", &title, &text);
            world.publish_text("feed-b", &format!("{title}, again"), &text);
            if (story + 1) % stories_at_once == 0 {
                world.poll().await;
            }
        }
        let incidents = world.incidents().await.into_iter();
        let mut incidents: Vec<_> = incidents
            .map(|it| (it.title, it.items, it.sources))
            .collect();
        incidents.sort();
        told.push(incidents);
    }
    assert_eq!(told[0].len(), STORIES);
    assert_eq!(told[0], told[1]);
}
