//! What is kept and read again, and the history of a CVE, told as stories.

use std::sync::Arc;

use app::pipeline::Reprocess;
use model::vulnerability::Changed;
use model::{CveId, Document, IncidentStatus, SourceId};
use sources::Progress;
use store::Arrived;
use store::Change;
use store::handling::{Act, Handled};
use testkit::feeds::Mood;
use testkit::nvd::record;

use crate::world::{World, days, minutes};

const EVERYTHING: &str = r#"
    [[rules]]
    id = "all"
    channels = ["slack"]
"#;

fn all() -> Reprocess {
    Reprocess {
        documents: true,
        items: true,
        ..Reprocess::default()
    }
}

fn silent(_: Progress) {}

/// A document that feed-a gave, whose only entry the parser of that day lost.
async fn keep_lost(world: &World, title: &str, at: model::Timestamp) {
    let document = Document {
        url: "https://feed-a.example.org/feed.xml".to_owned(),
        content_type: Some("application/rss+xml".to_owned()),
        bytes: format!(
            "<rss version=\"2.0\"><channel><title>A</title><item><title>{title}</title>\
             <link>https://feed-a.example.org/lost</link><guid>lost</guid></item></channel></rss>"
        )
        .into(),
    };
    let arrived = Arrived {
        documents: vec![document],
        telling: true,
    };
    let source = SourceId::new("feed-a").unwrap();
    world
        .pipeline
        .store
        .keep(&source, at, arrived)
        .await
        .unwrap();
}

async fn changes(world: &World, cve: &str) -> Vec<(Changed, Option<String>)> {
    let cve = CveId::new(cve).unwrap();
    let detail = world.pipeline.store.vulnerability(&cve).await.unwrap();
    let changes = detail.unwrap().changes.into_iter();
    changes
        .map(|changed| (changed.change.what, changed.change.to))
        .collect()
}

#[tokio::test]
async fn a_raised_score_is_history_and_a_reworded_text_is_not() {
    let mut world = World::start().await;
    let now = |world: &World| {
        let at = model::Clock::now(&*world.clock);
        at.strftime("%Y-%m-%dT%H:%M:%S.000").to_string()
    };
    world.pass(minutes(10)).await;
    let say = |world: &World, words: &str, base: f32| {
        let said = record("CVE-2026-1234", &now(world), words, Some(base));
        world.nvd.records_mut(|records| *records = vec![said]);
    };
    say(&world, "A flaw in Acme VPN.", 7.5);
    world.pass(days(1)).await;
    assert_eq!(changes(&world, "CVE-2026-1234").await, []);
    say(&world, "A flaw in Acme VPN, reworded.", 7.5);
    world.pass(days(1)).await;
    assert_eq!(changes(&world, "CVE-2026-1234").await, []);
    say(&world, "A flaw in Acme VPN, reworded.", 9.8);
    world.pass(days(1)).await;
    assert_eq!(
        changes(&world, "CVE-2026-1234").await,
        [
            (Changed::Severity, Some("critical".to_owned())),
            (Changed::Score, Some("CVSS 3.1 9.8 by NVD".to_owned())),
        ]
    );
}

#[tokio::test]
async fn what_arrives_is_kept_and_what_cannot_be_read_too() {
    let mut world = World::start().await;
    world.publish("feed-a", "Ransomware attack on a hospital in Kerala");
    world.pass(minutes(5)).await;
    let store = Arc::clone(&world.pipeline.store);
    let found = store
        .readings(&Default::default(), None, 100)
        .await
        .unwrap();
    let of = |found: &[store::archive::Reading], source: &str| {
        found
            .iter()
            .filter(|one| one.source.as_str() == source)
            .count()
    };
    assert!(of(&found, "feed-a") >= 1, "{found:?}");
    assert!(
        of(&found, "kev") >= 1 && of(&found, "nvd") >= 1,
        "{found:?}"
    );
    let before = of(&found, "feed-b");
    world.clock.advance(days(1));
    world.feeds["feed-b"].set_mood(Mood::WebPage);
    world.poll().await;
    let found = store
        .readings(&Default::default(), None, 100)
        .await
        .unwrap();
    assert_eq!(of(&found, "feed-b"), before + 1, "{found:?}");
}

#[tokio::test]
async fn reprocessing_finds_what_was_lost_and_alerts_nobody() {
    let mut world = World::start().await;
    world.configure(EVERYTHING).await;
    world.publish(
        "feed-a",
        "Acme VPN exploited in ransomware attacks: CVE-2026-1234",
    );
    world.pass(minutes(10)).await;
    let told = world.slack.posts().len();
    assert_eq!(told, 1);
    let at = model::Clock::now(&*world.clock);
    keep_lost(
        &world,
        "Ransomware attack on a hospital in Kerala leaks patient data",
        at,
    )
    .await;
    world.clock.advance(minutes(1));

    let dry = Reprocess {
        dry_run: true,
        ..all()
    };
    let would = world.pipeline.reprocess(dry, &silent).await.unwrap();
    assert_eq!((would.new_items, would.changed, would.incidents), (1, 0, 0));
    assert_eq!(would.differences.len(), 1);
    assert_eq!(
        world.incidents().await.len(),
        1,
        "a dry run changes nothing"
    );

    let done = world.pipeline.reprocess(all(), &silent).await.unwrap();
    assert_eq!((done.new_items, done.changed, done.unreadable), (1, 0, 0));
    assert!(!done.resumed);
    world.pass(minutes(30)).await;
    assert_eq!(world.incidents().await.len(), 2);
    assert_eq!(world.slack.posts().len(), told, "history never alerts");

    let again = world.pipeline.reprocess(all(), &silent).await.unwrap();
    assert_eq!(
        (again.new_items, again.changed, again.placed_anew),
        (0, 0, 0)
    );
}

#[tokio::test]
async fn other_eyes_see_other_things_and_leave_what_people_decided() {
    let mut world = World::start().await;
    world.configure(EVERYTHING).await;
    world.publish(
        "feed-a",
        "Acme VPN exploited in ransomware attacks: CVE-2026-1234",
    );
    world.publish("feed-b", "The Kolibri choir sings in the park on Sunday");
    world.pass(minutes(10)).await;
    let incident = world.incidents().await.remove(0);
    let store = Arc::clone(&world.pipeline.store);
    let at = model::Clock::now(&*world.clock);
    let act = Act {
        status: Some(IncidentStatus::Handled),
        ..Act::default()
    };
    let by = "Asha".to_owned();
    let handled = store
        .handle(incident.id, act, Change { at, by }, None)
        .await;
    assert!(matches!(handled, Ok(Handled::Done(_))));
    let told = world.slack.posts().len();
    drop(store);

    // Another model would do as well; a keyword makes other eyes in a line.
    world
        .configure("[watch]\nkeywords = [\"Kolibri\", \"Acme VPN\"]")
        .await;
    let done = world.pipeline.reprocess(all(), &silent).await.unwrap();
    assert_eq!(done.placed_anew, 1, "{done:?}");
    assert_eq!(done.incidents, 1, "{done:?}");
    world.pass(minutes(30)).await;
    let mut seen: Vec<(String, IncidentStatus)> = world
        .incidents()
        .await
        .into_iter()
        .map(|incident| (incident.keywords.join(" "), incident.status))
        .collect();
    seen.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(
        seen,
        [
            ("Acme VPN".to_owned(), IncidentStatus::Handled),
            ("Kolibri".to_owned(), IncidentStatus::New),
        ]
    );
    assert_eq!(world.slack.posts().len(), told, "history never alerts");
}

#[tokio::test]
async fn an_interrupted_pass_goes_on_where_it_was() {
    let mut world = World::start().await;
    let at = model::Clock::now(&*world.clock);
    for n in 0..10_u64 {
        let at = model::clock::later(at, minutes(n));
        keep_lost(
            &world,
            &format!("Ransomware attack number {n} on a bank in Goa"),
            at,
        )
        .await;
    }
    world.clock.advance(minutes(60));
    let wanted = Reprocess {
        source: Some(SourceId::new("feed-a").unwrap()),
        ..all()
    };
    let (enough, interrupted) = (tokio::sync::Notify::new(), wanted.clone());
    let tell = |progress: Progress| {
        if progress.done == 4 {
            enough.notify_one();
        }
    };
    tokio::select! {
        biased;
        () = enough.notified() => {}
        done = world.pipeline.reprocess(interrupted, &tell) => panic!("{done:?}"),
    }
    world.restart().await;
    let done = world.pipeline.reprocess(wanted, &silent).await.unwrap();
    assert!(done.resumed);
    assert_eq!(done.new_items, 10, "{done:?}");
}

#[tokio::test]
async fn kept_documents_are_forgotten_after_their_time() {
    let mut world = World::start().await;
    let before = world.pipeline.sweep().await.unwrap();
    assert!(before.documents > 0);
    world.configure("[keep]\ndays = 7").await;
    assert_eq!(world.pipeline.sweep().await.unwrap(), before);
    world.clock.advance(days(8));
    let after = world.pipeline.sweep().await.unwrap();
    assert_eq!((after.documents, after.readings, after.packed), (0, 0, 0));
}

#[tokio::test]
async fn nothing_is_kept_when_keeping_is_off() {
    let mut world = World::before_first_load().await;
    world.configure("[keep]\ndocuments = false").await;
    world.publish("feed-a", "Ransomware attack on a hospital in Kerala");
    world.poll().await;
    assert_eq!(world.incidents().await.len(), 1);
    assert_eq!(world.pipeline.store.kept().await.unwrap().documents, 0);
}
