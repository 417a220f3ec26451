//! ransomware.live against a fake of its interface, and the recorded shapes.

use std::time::Duration;

use expect_test::expect;
use model::{Cursor, Secret};
use serde_json::{Value, json};
use sources::ransomware_live::{Config, RansomwareLive, parse};
use sources::{Polled, Source, SourceError};
use testkit::site::Reply;

use crate::scene::{Scene, fixture, name, said};

pub(crate) const PATH: &str = "/v2/recentvictims";

fn open(scene: &Scene) -> RansomwareLive {
    let config = Config {
        url: scene.site.url(PATH),
        ..Config::default()
    };
    RansomwareLive::new(name(), config, &scene.tools)
}

pub(crate) fn victims(numbers: std::ops::Range<u32>) -> Reply {
    let list: Vec<Value> = numbers
        .rev()
        .map(|n| {
            json!({ "victim": format!("Company {n}"), "group": "qilin",
                "discovered": format!("2026-11-20T10:{n:02}:00Z"),
                "url": format!("https://www.ransomware.live/id/{n}") })
        })
        .collect();
    Reply::json(&Value::Array(list))
}

fn titles(polled: &Polled) -> Vec<&str> {
    polled
        .items
        .iter()
        .map(|item| item.title.as_str())
        .collect()
}

#[test]
fn every_generation_of_the_interface_is_read() {
    let parsed = parse(fixture("ransomware_live/recent.json").as_bytes()).unwrap();
    let mut lines: Vec<String> = Vec::new();
    for draft in &parsed.entries {
        lines.push(format!("{} | {}", draft.external_id, draft.title));
        lines.push(format!(
            "  {:?} {:?} {:?} {:?}",
            draft.url,
            draft.published.map(|at| at.to_string()),
            draft.stated.types,
            draft
                .stated
                .countries
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        ));
        lines.extend(draft.text.lines().map(|line| format!("  > {line}")));
    }
    lines.extend(
        parsed
            .problems
            .iter()
            .map(|p| format!("! {}: {}", p.place, p.reason)),
    );
    expect![[r#"
        https://www.ransomware.live/id/bm9ydGh3aW5k | LockBit 3.0 claims an attack on Northwind Hospital & Clinics
          Some("https://www.ransomware.live/id/bm9ydGh3aW5k") Some("2026-11-20T22:20:57.7Z") [Ransomware] ["IN"]
          > The ransomware group LockBit 3.0 claims an attack on Northwind Hospital & Clinics; a claim on its leak site, not confirmed.
          > Country: IN
          > Sector: Healthcare
          > Website: northwind-hospital.example
          > Attack, as claimed: 2026-11-19
          > Data, as claimed: 120 GB
          > Logins of theirs in the logs of infostealers: 4 employees, 2 third parties
          > Press: https://news.example/northwind
          > The group's entry: All files will be published. See now.
        Q29udG9zb0BxaWxpbg== | Qilin claims an attack on Contoso
          Some("https://www.ransomware.live/id/Q29udG9zb0BxaWxpbg==") Some("2026-11-20T14:56:41.7Z") [Ransomware] ["GB"]
          > The ransomware group Qilin claims an attack on Contoso; a claim on its leak site, not confirmed.
          > Country: GB
          > Website: contoso.example
        ransomhub/fabrikam-works.e.../2026-11-18 | RansomHub claims an attack on fabrikam-works.e...
          None Some("2026-11-18T00:00:00Z") [Ransomware] []
          > The ransomware group RansomHub claims an attack on fabrikam-works.e...; a claim on its leak site, not confirmed.
        ragnarlocker/Announce – Hello World !/2026-11-17 00:00:00.000000 | Ragnar Locker writes on its leak site: Announce – Hello World !
          None Some("2026-11-17T00:00:00Z") [] []
          > The ransomware group Ragnar Locker writes on its leak site; a text of criminals, not confirmed.
        akira/Dateless Ltd/soon | Akira claims an attack on Dateless Ltd
          None None [Ransomware] []
          > The ransomware group Akira claims an attack on Dateless Ltd; a claim on its leak site, not confirmed.
        ! entry 5: it names no group
        ! entry 6: its date cannot be read
        ! entry 7: it is not an object
    "#]].assert_eq(&(lines.join("\n") + "\n"));
}

#[test]
fn no_address_of_a_leak_site_is_kept() {
    let parsed = parse(fixture("ransomware_live/recent.json").as_bytes()).unwrap();
    for draft in &parsed.entries {
        assert!(!format!("{draft:?}").contains("onion"), "{draft:?}");
    }
}

#[tokio::test]
async fn claims_are_read_oldest_first_and_again_as_the_same_items() {
    let scene = Scene::start().await;
    scene.site.script(PATH, vec![victims(1..3), victims(1..4)]);
    let source = open(&scene);
    let first = source.poll(&Cursor::start()).await.unwrap();
    assert_eq!(
        titles(&first),
        [
            "Qilin claims an attack on Company 1",
            "Qilin claims an attack on Company 2"
        ]
    );
    assert!(first.first_load && first.checkpoint && !first.more);
    scene.clock.advance(Duration::from_secs(1800));
    let second = source.poll(&first.cursor).await.unwrap();
    assert!(!second.first_load);
    assert_eq!(second.items.len(), 3);
    assert_eq!(second.items[0].id, first.items[0].id);
}

#[tokio::test]
async fn it_is_asked_once_in_ten_minutes() {
    let scene = Scene::start().await;
    scene.site.serve(PATH, victims(1..3).etag("\"1\""));
    let source = open(&scene);
    let first = source.poll(&Cursor::start()).await.unwrap();
    scene.clock.advance(Duration::from_secs(60));
    // After a restart, too.
    match open(&scene).poll(&first.cursor).await {
        Err(SourceError::Resting { after, .. }) => assert_eq!(after, Duration::from_secs(540)),
        other => panic!("{other:?}"),
    }
    assert_eq!(scene.site.requests().len(), 1);
    scene.clock.advance(Duration::from_secs(540));
    let second = source.poll(&first.cursor).await.unwrap();
    assert_eq!((second.items.len(), scene.site.requests().len()), (0, 2));
    // A reading that found nothing changed counts as a reading.
    let third = source.poll(&second.cursor).await;
    assert!(
        matches!(third, Err(SourceError::Resting { .. })),
        "{third:?}"
    );
    // One that failed leaves the distance to the door.
    source.poll(&Cursor::start()).await.unwrap();
    assert_eq!(scene.clock.slept(), [Duration::from_secs(600)]);
}

#[tokio::test]
async fn a_key_is_sent_and_its_refusal_told() {
    let scene = Scene::start().await;
    let config = Config {
        url: scene.site.url(PATH),
        api_key: Some(Secret::new("hunter2".to_owned())),
        api_key_file: None,
    };
    let source = RansomwareLive::new(name(), config, &scene.tools);
    scene.site.serve(
        PATH,
        Reply::json(&json!({ "victims": [
        { "victim": "Acme", "group": "akira", "discovered": "2026-11-20" } ] })),
    );
    let polled = source.poll(&Cursor::start()).await.unwrap();
    assert_eq!(titles(&polled), ["Akira claims an attack on Acme"]);
    assert_eq!(polled.items[0].url, None);
    assert_eq!(
        scene.site.requests()[0].header("x-api-key"),
        Some("hunter2")
    );
    let refusal = Reply::status(403).body("{\"message\":\"Invalid API key.\"}");
    scene.site.serve(PATH, refusal);
    assert_eq!(
        said(source.poll(&Cursor::start()).await),
        "ransomware.live refuses the key: Invalid API key"
    );
    assert!(said(open(&scene).poll(&Cursor::start()).await).contains("set `api_key`"));
}

#[tokio::test]
async fn another_list_is_none_of_victims() {
    let scene = Scene::start().await;
    scene
        .site
        .serve(PATH, Reply::json(&json!({ "error": "Down for a while." })));
    assert!(
        said(open(&scene).poll(&Cursor::start()).await)
            .ends_with("no list of victims: Down for a while")
    );
}

#[test]
fn the_recorded_shapes_are_read() {
    let folder =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples/ransomware");
    if !folder.is_dir() {
        println!("left out: {} is not there", folder.display());
        return;
    }
    let posts = std::fs::read(folder.join("ransomwatch-posts-excerpt.json")).unwrap();
    let parsed = parse(&posts).unwrap();
    assert_eq!((parsed.entries.len(), parsed.problems.len()), (16, 0));
    let claimed = parsed
        .entries
        .iter()
        .filter(|draft| !draft.stated.types.is_empty());
    assert_eq!(claimed.count(), 14);
    let shapes = std::fs::read(folder.join("ransomware-live-shapes.json")).unwrap();
    let shapes: Value = serde_json::from_slice(&shapes).unwrap();
    for (name, list) in shapes.as_object().unwrap() {
        if list.is_array() {
            let parsed = parse(list.to_string().as_bytes()).unwrap();
            assert_eq!(
                (parsed.entries.len(), parsed.problems.len()),
                (1, 0),
                "{name}"
            );
            assert!(parsed.entries[0].published.is_some(), "{name}");
        }
    }
}

#[tokio::test]
async fn an_interface_that_was_taken_away_is_told_in_words() {
    let scene = Scene::start().await;
    scene.site.serve(PATH, Reply::status(404));
    let told = said(open(&scene).poll(&Cursor::start()).await);
    assert!(
        told.starts_with(
            "ransomware.live has no free list at this address any more (HTTP 404); set `api_key`"
        ),
        "{told}"
    );
}
