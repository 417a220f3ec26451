//! What people do about incidents, and that the machine leaves it so.

use app::pipeline::{ByHandError, Hand, Reprocess};
use model::incident::Development;
use model::{Incident, IncidentId};
use store::IncidentDetail;

use crate::world::{World, minutes};

const EVERYTHING: &str = r#"
    [[rules]]
    id = "all"
    channels = ["slack"]
"#;

const NOBODY: &str = "01936000-0000-7000-8000-000000000001";
const HOSPITAL: (&str, &str) = (
    "Acme hospital of Kochi halts surgery after ransomware attack through CVE-2026-1234",
    "Surgeons at the Acme hospital in Kochi went back to paper on Monday after ransomware encrypted its records.",
);
const DAIRY: (&str, &str) = (
    "Bolt dairy of Pune stops milk trucks after cyber attack through CVE-2026-1234",
    "Milk trucks of the Bolt dairy stood still in Pune on Tuesday while engineers restored servers that hackers had wiped.",
);

fn asha() -> Hand {
    Hand {
        by: "Asha".to_owned(),
        seen: None,
    }
}

async fn detail(world: &World, id: IncidentId) -> IncidentDetail {
    world.pipeline.store.incident(id).await.unwrap().unwrap()
}

/// Titles of the items of an incident, newest first.
async fn told(world: &World, id: IncidentId) -> Vec<String> {
    let detail = detail(world, id).await;
    detail
        .items
        .into_iter()
        .map(|placed| placed.item.title)
        .collect()
}

/// A hospital and a dairy that the machine took for one story, because both were
/// reached through one flaw.
async fn two_in_one() -> (World, Incident) {
    let mut world = World::start().await;
    world.configure(EVERYTHING).await;
    world.publish_text("feed-a", HOSPITAL.0, HOSPITAL.1);
    world.pass(minutes(10)).await;
    world.publish_text("feed-b", DAIRY.0, DAIRY.1);
    world.pass(minutes(10)).await;
    let incidents = world.incidents().await;
    assert_eq!(incidents.len(), 1, "{incidents:#?}");
    (world, incidents.into_iter().next().unwrap())
}

/// The hospital's incident and the dairy's, split.
async fn split() -> (World, Incident, Incident) {
    let (world, both) = two_in_one().await;
    let dairy = detail(&world, both.id).await.items[0].item.clone();
    assert_eq!(dairy.title, DAIRY.0);
    let (left, opened) = world
        .pipeline
        .split(both.id, &[dairy.id], &asha())
        .await
        .unwrap();
    (world, left, opened)
}

#[tokio::test]
async fn what_people_split_stays_split_and_nobody_is_told_again() {
    let (mut world, left, opened) = split().await;
    let sent = world.slack.posts().len();
    assert_eq!(told(&world, left.id).await, [HOSPITAL.0]);
    assert_eq!(told(&world, opened.id).await, [DAIRY.0]);
    assert_eq!((left.items, opened.items), (1, 1));
    assert!(!left.summary.contains("dairy") && opened.summary.contains("dairy"));
    assert_eq!(opened.publishers, ["feed-b.example.org"]);
    world.pass(minutes(30)).await;
    assert_eq!(world.slack.posts().len(), sent, "nobody is told of a split");
    let alerts = detail(&world, opened.id).await.alerts;
    let all = alerts
        .iter()
        .find(|(alert, _)| alert.rule.as_str() == "all");
    let (alert, deliveries) = all.unwrap();
    let held = alert.held.as_deref().unwrap_or_default();
    assert!(held.contains("by hand") && deliveries.is_empty(), "{held}");

    // A reprint of what was split, and a report in its words that names the flaw of both.
    world.publish_text("feed-a", DAIRY.0, DAIRY.1);
    world.pass(minutes(10)).await;
    world.publish_text(
        "feed-a",
        "Milk trucks of Bolt dairy roll again in Pune after attack through CVE-2026-1234",
        "The Bolt dairy restored its servers, and milk trucks left its yard in Pune again on Wednesday.",
    );
    world.pass(minutes(10)).await;
    assert_eq!(world.incidents().await.len(), 2);
    assert_eq!(told(&world, left.id).await, [HOSPITAL.0]);
    assert_eq!(told(&world, opened.id).await.len(), 3);

    // Nor does a second reading put them together.
    world
        .configure("[watch]\nkeywords = [\"milk trucks\"]\n")
        .await;
    let again = Reprocess {
        items: true,
        documents: true,
        ..Reprocess::default()
    };
    world.pipeline.reprocess(again, &|_| ()).await.unwrap();
    assert_eq!(told(&world, left.id).await, [HOSPITAL.0]);
    let now = detail(&world, opened.id).await;
    assert_eq!(now.incident.keywords, ["milk trucks"]);
    assert_eq!(now.incident.title, opened.title);
}

#[tokio::test]
async fn what_was_split_can_be_merged_and_its_name_leads_there() {
    let (mut world, left, opened) = split().await;
    world.pass(minutes(30)).await;
    let sent = world.slack.posts().len();
    let merged = world
        .pipeline
        .merge(opened.id, left.id, &asha())
        .await
        .unwrap();
    assert_eq!((merged.id, merged.items), (left.id, 2));
    assert_eq!(
        merged.title, left.title,
        "the one that stays keeps its headline"
    );
    assert_eq!(detail(&world, opened.id).await.incident.id, left.id);
    assert_eq!(world.incidents().await.len(), 1);
    world.publish_text("feed-a", DAIRY.0, DAIRY.1);
    world.pass(minutes(10)).await;
    assert_eq!(told(&world, left.id).await.len(), 3);
    assert_eq!(world.slack.posts().len(), sent, "a merge is no news");
    let again = Reprocess {
        items: true,
        ..Reprocess::default()
    };
    world.pipeline.reprocess(again, &|_| ()).await.unwrap();
    let now = detail(&world, left.id).await;
    assert_eq!((now.incident.title, now.items.len()), (left.title, 3));
    // What is new after that lands in the thread that is there.
    world
        .kev
        .list(testkit::kev::entry("CVE-2026-1234", "Acme", "VPN"));
    world.pass(minutes(10)).await;
    let posts = world.slack.posts();
    assert_eq!(posts.len(), sent + 1);
    assert_eq!(
        posts[sent].arguments["thread_ts"].as_str(),
        Some(posts[0].ts.as_str())
    );
}

#[tokio::test]
async fn what_does_not_belong_is_placed_elsewhere_and_does_not_come_back() {
    let (mut world, both) = two_in_one().await;
    let sent = world.slack.posts().len();
    let dairy = detail(&world, both.id).await.items[0].item.clone();
    let (left, placed) = world
        .pipeline
        .take_out(both.id, dairy.id, &asha())
        .await
        .unwrap();
    let placed = placed.unwrap();
    assert_ne!(placed.id, left.id);
    assert_eq!(told(&world, left.id).await, [HOSPITAL.0]);
    assert_eq!(told(&world, placed.id).await, [DAIRY.0]);
    // Another version of it, at its own address.
    world.publish_text("feed-b", DAIRY.0, "Milk trucks of the Bolt dairy still stand in Pune, as they did on Tuesday, while servers that hackers wiped are restored.");
    world.pass(minutes(30)).await;
    assert_eq!(told(&world, left.id).await, [HOSPITAL.0]);
    assert_eq!(told(&world, placed.id).await.len(), 2);
    assert_eq!(world.slack.posts().len(), sent);
    let developments = detail(&world, left.id).await.developments;
    assert!(developments.iter().any(|one| {
        one.by.as_deref() == Some("Asha") && matches!(one.what, Development::TakenOut { .. })
    }));
}

#[tokio::test]
async fn what_cannot_be_done_by_hand_is_refused_and_changes_nothing() {
    let (world, both) = two_in_one().await;
    let pipeline = &world.pipeline;
    let items: Vec<_> = detail(&world, both.id)
        .await
        .items
        .iter()
        .map(|placed| placed.item.id)
        .collect();
    let refused = async |items: &[model::ItemId]| {
        let error = pipeline.split(both.id, items, &asha()).await.unwrap_err();
        assert!(matches!(error, ByHandError::Cannot(_)), "{error:?}");
        error.to_string()
    };
    assert!(refused(&items).await.contains("all of its items"));
    assert!(refused(&[]).await.contains("no item is named"));
    let nobody = NOBODY.parse().unwrap();
    assert!(refused(&[nobody]).await.contains("is not in incident"));
    let itself = pipeline.merge(both.id, both.id, &asha()).await;
    assert!(matches!(itself, Err(ByHandError::Cannot(_))), "{itself:?}");
    let unknown = pipeline
        .merge(both.id, NOBODY.parse().unwrap(), &asha())
        .await;
    assert!(
        matches!(unknown, Err(ByHandError::Unknown(_))),
        "{unknown:?}"
    );
    let late = Hand {
        seen: Some(both.revision + 7),
        ..asha()
    };
    for outcome in [
        pipeline.split(both.id, &items[..1], &late).await.err(),
        pipeline.take_out(both.id, items[0], &late).await.err(),
    ] {
        assert!(
            matches!(outcome, Some(ByHandError::Changed(revision)) if revision == both.revision)
        );
    }
    assert_eq!(detail(&world, both.id).await.incident, both);
    // The lane is free again: others are placed.
    assert!(pipeline.place_waiting().await.is_ok());
}
