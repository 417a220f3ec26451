//! A MISP feed against a fake site, and the recorded events.

use expect_test::expect;
use model::Cursor;
use serde_json::{Value, json};
use sources::misp_feed::{Config, MispFeed, manifest, parse};
use sources::{Polled, Source, SourceError};
use testkit::site::{FakeSite, Reply};

use crate::scene::{Scene, fixture, name, read_all};

pub(crate) const MANIFEST: &str = "/feed/manifest.json";

fn open(scene: &Scene, max_events: usize) -> MispFeed {
    let config = Config {
        url: scene.site.url("/feed/"),
        max_events,
    };
    MispFeed::new(name(), config, &scene.tools)
}

fn uuid(n: usize) -> String {
    format!("00000000-0000-4000-8000-{n:012}")
}

/// Serves a manifest of these events (number, timestamp, tag) and each of them.
pub(crate) fn serve(site: &FakeSite, events: &[(usize, u32, &str)]) -> Reply {
    let mut listed = json!({});
    for (n, timestamp, tag) in events {
        let event = json!({ "info": "The same title", "timestamp": timestamp.to_string(), "date": "2026-11-20",
            "Tag": [{ "name": tag }], "Attribute": [{ "type": "text", "value": format!("version {timestamp}") }] });
        listed[uuid(*n)] = event.clone();
        let path = format!("/feed/{}.json", uuid(*n));
        site.serve(&path, Reply::json(&json!({ "Event": event })));
    }
    let reply = Reply::json(&listed);
    site.serve(MANIFEST, reply.clone());
    reply
}

fn ids(polls: &[Polled]) -> Vec<&str> {
    let items = polls.iter().flat_map(|polled| &polled.items);
    items
        .map(|item| {
            item.external_id
                .trim_start_matches("00000000-0000-4000-8000-")
        })
        .map(|id| id.trim_start_matches('0'))
        .collect()
}

#[test]
fn an_event_is_read() {
    let event = parse(fixture("misp_feed/event.json").as_bytes()).unwrap();
    let draft = &event.draft;
    assert!(!event.red);
    let said = format!(
        "{} | {}\n{:?} {:?} {:?} {:?} {:?}\n{}\n",
        draft.external_id,
        draft.title,
        draft.url,
        draft.author,
        draft.published.map(|at| at.to_string()),
        draft.updated.map(|at| at.to_string()),
        draft.stated.severity,
        draft.text
    );
    expect![[r#"
        5e9decf1-3e24-4143-9fb2-0b81c0a80102 | OSINT - Gate loader & friends
        Some("https://cert.example/gate") Some("CERT Example") Some("2026-11-18T00:00:00Z") Some("2026-11-18T11:06:40Z") Some(High)
        The Gate loader arrives by mail.
        It fetches ransomware.
        Threat level: high
        Tags: tlp:clear, misp-galaxy:ransomware="Gate"
        link: https://cert.example/gate
        domain: gate[.]example (C2 server)
        filename: invoice.js
        sha256: ef537f25c895bfa782526529a9b63d97aa631564d5d789c2b765448c8635fb6c
        2 more attributes
    "#]].assert_eq(&said);
}

#[test]
fn red_is_found_wherever_it_is_marked() {
    let red = json!([{ "name": "TLP:RED" }]);
    for (event, expected) in [
        (json!({ "info": "A", "Tag": red }), true),
        (
            json!({ "info": "A", "Attribute": [{ "type": "md5", "value": "x", "Tag": red }] }),
            true,
        ),
        (
            json!({ "info": "A", "Object": [{ "Attribute": [{ "type": "md5", "value": "x", "Tag": red }] }] }),
            true,
        ),
        (
            json!({ "info": "A", "Tag": [{ "name": "tlp:amber" }, { "name": "red" }] }),
            false,
        ),
    ] {
        assert_eq!(
            parse(event.to_string().as_bytes()).unwrap().red,
            expected,
            "{event}"
        );
    }
}

#[test]
fn a_long_event_is_cut_and_says_so() {
    let attributes: Vec<Value> = (0..1000)
        .map(|n| json!({ "type": "domain", "value": format!("d{n}.example") }))
        .collect();
    let event = json!({ "info": "Many", "Attribute": attributes });
    let text = parse(event.to_string().as_bytes()).unwrap().draft.text;
    assert!(
        text.ends_with("d299.example\n700 more attributes"),
        "{text}"
    );
}

#[tokio::test]
async fn events_are_fetched_once_and_again_when_their_timestamp_grows() {
    let scene = Scene::start().await;
    serve(&scene.site, &[(2, 200, "tlp:white"), (1, 100, "tlp:white")]);
    let source = open(&scene, 500);
    let first = read_all(&source, &Cursor::start()).await;
    assert_eq!(ids(&first), ["1", "2"]);
    assert!(
        first
            .iter()
            .all(|polled| polled.first_load && polled.checkpoint)
    );
    let cursor = &first.last().unwrap().cursor;
    let before = scene.site.requests().len();
    assert_eq!(ids(&read_all(&source, cursor).await), [""; 0]);
    assert_eq!(scene.site.requests().len(), before + 1);

    serve(
        &scene.site,
        &[
            (2, 250, "tlp:white"),
            (1, 100, "tlp:white"),
            (3, 90, "tlp:white"),
        ],
    );
    let second = read_all(&source, cursor).await;
    assert_eq!(ids(&second), ["3", "2"]);
    assert!(!second[0].first_load);
    assert_eq!(
        second[0].items[1].external_id,
        first[0].items[1].external_id
    );
    assert_ne!(second[0].items[1].id, first[0].items[1].id);
    // Read again from the start, the items are the same.
    let again = read_all(&source, &Cursor::start()).await;
    assert_eq!(again[0].items[2].id, second[0].items[1].id);
}

#[tokio::test]
async fn a_long_first_reading_goes_on_after_a_restart_and_an_unchanged_manifest_costs_one_request()
{
    let scene = Scene::start().await;
    let events: Vec<(usize, u32, &str)> = (1..=70).map(|n| (n, n as u32, "tlp:green")).collect();
    let listed = serve(&scene.site, &events);
    scene.site.serve(MANIFEST, listed.etag("\"1\""));
    let first = open(&scene, 60).poll(&Cursor::start()).await.unwrap();
    assert!(first.more && first.first_load && first.checkpoint);
    assert_eq!(
        first.problems[0].reason,
        "10 older events are passed over; see `max_events`"
    );
    assert_eq!(
        (ids(&[first]).first(), scene.site.requests().len()),
        (Some(&"11"), 26)
    );
    let polls = read_all(&open(&scene, 60), &Cursor::start()).await;
    assert_eq!(ids(&polls).len(), 60);
    let last = polls.last().unwrap();
    assert!(last.first_load);
    let next = open(&scene, 60).poll(&last.cursor).await.unwrap();
    assert_eq!(
        (next.items.len(), next.first_load, &next.cursor),
        (0, false, &last.cursor)
    );
}

#[tokio::test]
async fn what_is_red_is_skipped_and_what_is_gone_costs_only_itself() {
    let scene = Scene::start().await;
    serve(
        &scene.site,
        &[
            (1, 100, "tlp:red"),
            (2, 200, "tlp:white"),
            (3, 300, "tlp:white"),
            (4, 400, "tlp:white"),
            (5, 500, "tlp:white"),
        ],
    );
    scene
        .site
        .serve(&format!("/feed/{}.json", uuid(2)), Reply::status(404));
    scene
        .site
        .serve(&format!("/feed/{}.json", uuid(4)), Reply::ok("<html>"));
    let red = json!({ "Event": { "info": "Secret", "Tag": [{ "name": "tlp:red" }] } });
    scene
        .site
        .serve(&format!("/feed/{}.json", uuid(5)), Reply::json(&red));
    let polls = read_all(&open(&scene, 500), &Cursor::start()).await;
    assert_eq!(ids(&polls), ["3"]);
    let problems: Vec<String> = polls[0]
        .problems
        .iter()
        .map(|p| {
            format!(
                "{} {}",
                p.place
                    .trim_start_matches("00000000-0000-4000-8000-00000000000"),
                p.reason
            )
        })
        .collect();
    assert_eq!(problems.len(), 4, "{problems:?}");
    assert_eq!(problems[0], "1 is marked TLP:RED and is not shown");
    assert!(
        problems[1].starts_with("2 ") && problems[2].contains("web page"),
        "{problems:?}"
    );
    assert_eq!(problems[3], "5 is marked TLP:RED and is not shown");
}

#[tokio::test]
async fn another_document_is_no_manifest() {
    let scene = Scene::start().await;
    let source = open(&scene, 500);
    scene
        .site
        .serve(MANIFEST, Reply::json(&json!({ "error": "x" })));
    let error = source.poll(&Cursor::start()).await.unwrap_err();
    assert!(matches!(error, SourceError::Nonsense(_)), "{error}");
}

#[test]
fn hostile_and_odd_manifests_are_borne() {
    assert!(manifest(b"[]").unwrap().entries.is_empty());
    assert!(manifest(b"[1]").is_err());
    let odd = json!({ "../../etc/passwd": { "timestamp": "1" }, uuid(1): { "timestamp": 7 }, uuid(2): {} });
    let parsed = manifest(odd.to_string().as_bytes()).unwrap();
    assert_eq!((parsed.entries.len(), parsed.entries[0].timestamp), (1, 7));
    assert_eq!(parsed.problems.len(), 2);
}

#[test]
fn the_recorded_documents_are_read() {
    let folder =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples/misp");
    if !folder.is_dir() {
        println!("left out: {} is not there", folder.display());
        return;
    }
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let parsed = manifest(&read("manifest-digitalside-excerpt.json")).unwrap();
    assert!(parsed.entries.len() > 3 && parsed.problems.is_empty());
    for name in [
        "57c4445b-c548-4654-af0b-4be3950d210f.json",
        "event-japanese.json",
        "existing_event.json",
        "misp_event.json",
        "new_misp_event.json",
    ] {
        let event = parse(&read(name)).unwrap();
        assert!(
            event.draft.published.is_some() && event.draft.updated.is_some(),
            "{name}"
        );
    }
    let event = parse(&read("existing_event.json")).unwrap();
    assert_eq!(
        event.draft.title,
        "OSINT - Sednit update: How Fancy Bear Spent the Year"
    );
    assert!(
        event
            .draft
            .url
            .unwrap()
            .starts_with("https://www.welivesecurity.com/")
    );
    // Not events: refused, not misread.
    for name in ["galaxy.json", "sighting.json"] {
        assert!(parse(&read(name)).is_err(), "{name}");
    }
}
