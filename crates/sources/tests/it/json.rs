//! Interfaces described by JSON pointers, against a fake site.

use std::collections::BTreeMap;

use expect_test::expect;
use model::{Cursor, Secret, Severity};
use serde_json::{Value, json};
use sources::json::{Config, Json, parse};
use sources::{Polled, Source, SourceConfig, SourceError};
use testkit::site::{Reply, Seen};

use crate::scene::{Scene, fixture, name, said};

pub(crate) const PATH: &str = "/api/advisories";

/// A config as it stands in prahari.toml.
fn config(url: &str, rest: &Value) -> Config {
    let mut all = json!({ "kind": "json", "url": url });
    for (key, value) in rest.as_object().unwrap() {
        all[key] = value.clone();
    }
    match serde_json::from_value(all).unwrap() {
        SourceConfig::Json(config) => config,
        other => panic!("{other:?}"),
    }
}

fn described() -> Value {
    json!({ "items": "/result/list", "item_id": "/ref", "title": "/head/en", "text": "/body", "link": "/path",
        "date": "/when", "author": "/by", "severity": "/score", "language": "en",
        "date_formats": ["%d.%m.%Y %H:%M"], "zone": "Asia/Kolkata" })
}

fn open(scene: &Scene, rest: &Value) -> Json {
    Json::new(name(), config(&scene.site.url(PATH), rest), &scene.tools)
}

pub(crate) fn page(numbers: std::ops::Range<u32>, next: &Value) -> Reply {
    let list: Vec<Value> = numbers
        .rev()
        .map(|n| json!({ "title": format!("Notice {n}"), "id": n, "at": 1_795_000_000 + n }))
        .collect();
    Reply::json(&json!({ "list": list, "next": next }))
}

pub(crate) fn paged() -> Value {
    json!({ "items": "/list", "item_id": "/id", "date": "/at" })
}

fn titles(polled: &Polled) -> Vec<&str> {
    polled
        .items
        .iter()
        .map(|item| item.title.as_str())
        .collect()
}

fn with(mut value: Value, more: &Value) -> Value {
    for (key, given) in more.as_object().unwrap() {
        value[key] = given.clone();
    }
    value
}

#[test]
fn entries_are_read_and_each_pointer_that_finds_nothing_is_named() {
    let document: Value = serde_json::from_str(&fixture("json/advisories.json")).unwrap();
    let config = config("https://vendor.example/api/list", &described());
    let parsed = parse(&document, &config.url, &config).unwrap();
    let mut lines: Vec<String> = Vec::new();
    for draft in &parsed.entries {
        lines.push(format!("{} | {}", draft.external_id, draft.title));
        lines.push(format!(
            "  {:?} {:?} {:?} {:?} {:?}",
            draft.url,
            draft.published.map(|at| at.to_string()),
            draft.author,
            draft.stated.severity,
            draft.text
        ));
    }
    lines.extend(
        parsed
            .problems
            .iter()
            .map(|p| format!("! {}: {}", p.place, p.reason)),
    );
    expect![[r#"
        17 | Gate 4.2 & older: command injection
          Some("https://vendor.example/psirt/17") Some("2026-11-20T04:00:00Z") Some("A. Rao, PSIRT") Some(Critical) "Update to 4.3."
        18 | Weak cipher
          None None None None ""
        https://vendor.example/psirt/19 | No reference
          Some("https://vendor.example/psirt/19") Some("2026-11-18T11:06:40Z") None None ""
        ! entry 2: `link`: `javascript:alert(1)` is no address
        ! entry 2: `date`: `soon` is no date that we can read; see `date_formats`
        ! entry 2: `severity`: `info` is none that we know
        ! entry 3: `item_id` (`/ref`) finds nothing
        ! entry 4: `title` (`/head/en`) finds no text; the entry is an object of head, ref
        ! entry 5: `title` (`/head/en`) finds no text; the entry is a text
    "#]].assert_eq(&(lines.join("\n") + "\n"));
}

#[test]
fn a_wrong_description_is_told_as_a_sentence() {
    let document: Value = serde_json::from_str(&fixture("json/advisories.json")).unwrap();
    let says = |rest: &Value| {
        let config = config("https://vendor.example/", rest);
        parse(&document, &config.url, &config)
            .unwrap_err()
            .to_string()
    };
    expect!["there is no list at `items` (``); the document is an object of result, total"]
        .assert_eq(&says(&json!({})));
    expect!["there is no list at `items` (`/data`); the document is an object of result, total"]
        .assert_eq(&says(&json!({ "items": "/data" })));
    expect!["no entry can be read; the first: `title` (`/title`) finds no text; the entry is an object of body, by, head, path, ref, score, when"]
        .assert_eq(&says(&json!({ "items": "/result/list" })));
    let wrong = json!({ "kind": "json", "url": "https://a.example", "title": "headline" });
    let error = serde_json::from_value::<SourceConfig>(wrong).unwrap_err();
    assert!(error.to_string().contains("write `/headline`"), "{error}");
}

#[test]
fn severities_are_words_or_scores() {
    let rest = json!({ "severity": "/s" });
    let config = config("https://vendor.example/", &rest);
    for (given, expected) in [
        (json!("IMPORTANT"), Some(Severity::High)),
        (json!("critical"), Some(Severity::Critical)),
        (json!(5.3), Some(Severity::Medium)),
        (json!("9.8"), Some(Severity::Critical)),
        (json!(55), None),
        (json!("info"), None),
    ] {
        let document = json!([{ "title": "A", "s": given }]);
        let parsed = parse(&document, "https://vendor.example/", &config).unwrap();
        assert_eq!(parsed.entries[0].stated.severity, expected, "{given}");
        assert_eq!(parsed.problems.is_empty(), expected.is_some(), "{given}");
    }
}

#[tokio::test]
async fn the_first_reading_is_history_and_a_repeated_one_gives_the_same_items() {
    let scene = Scene::start().await;
    scene
        .site
        .serve(PATH, page(1..3, &Value::Null).etag("\"1\""));
    let source = open(&scene, &paged());
    let first = source.poll(&Cursor::start()).await.unwrap();
    assert_eq!(titles(&first), ["Notice 1", "Notice 2"]);
    assert!(first.first_load && first.checkpoint && !first.more && first.problems.is_empty());
    let unchanged = source.poll(&first.cursor).await.unwrap();
    assert_eq!(
        (
            unchanged.items.len(),
            &unchanged.cursor,
            unchanged.first_load
        ),
        (0, &first.cursor, false)
    );
    scene.site.serve(PATH, page(1..4, &Value::Null));
    let second = source.poll(&first.cursor).await.unwrap();
    assert_eq!(titles(&second), ["Notice 1", "Notice 2", "Notice 3"]);
    assert_eq!(second.items[0].id, first.items[0].id);
}

#[tokio::test]
async fn pages_are_turned_by_address_by_token_and_by_number() {
    let scene = Scene::start().await;
    let next = format!("{PATH}?page=2");
    for (more, second, asked) in [
        (json!({ "next_page": "/next" }), json!(next), "page=2"),
        (
            json!({ "next_page": "/next", "page_param": "after" }),
            json!("a b"),
            "after=a+b",
        ),
        (
            json!({ "page_param": "p", "first_page": 0 }),
            Value::Null,
            "p=1",
        ),
    ] {
        let seen_first = second.clone();
        scene.site.serve_live(PATH, move |seen: &Seen| {
            if seen.query == asked {
                page(1..3, &Value::Null)
            } else if seen.query.is_empty() || seen.query == "p=0" {
                page(3..5, &seen_first)
            } else {
                Reply::status(404)
            }
        });
        let before = scene.site.requests().len();
        let source = open(&scene, &with(paged(), &more));
        let first = source.poll(&Cursor::start()).await.unwrap();
        assert_eq!(
            titles(&first),
            ["Notice 1", "Notice 2", "Notice 3", "Notice 4"],
            "{more}"
        );
        assert_eq!(scene.site.requests()[before + 1].query, asked);
        // The next time the first page brings nothing new, and no other is asked for.
        let before = scene.site.requests().len();
        source.poll(&first.cursor).await.unwrap();
        assert_eq!(scene.site.requests().len(), before + 1, "{more}");
    }
}

#[tokio::test]
async fn a_next_page_in_a_circle_or_elsewhere_is_not_asked_for() {
    let scene = Scene::start().await;
    let source = open(&scene, &with(paged(), &json!({ "next_page": "/next" })));
    for next in [
        scene.site.url(PATH),
        "https://elsewhere.example/".to_owned(),
        "http://[".to_owned(),
    ] {
        let before = scene.site.requests().len();
        scene.site.serve(PATH, page(1..3, &json!(next)));
        let polled = source.poll(&Cursor::start()).await.unwrap();
        assert_eq!(polled.items.len(), 2);
        assert_eq!(scene.site.requests().len(), before + 1, "{next}");
    }
}

#[tokio::test]
async fn headers_are_sent_from_config_and_files_and_never_shown() {
    let scene = Scene::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    std::fs::write(&file, "hunter2\n").unwrap();
    let mut config = config(&scene.site.url(PATH), &paged());
    config.headers = BTreeMap::from([(
        "Authorization".to_owned(),
        Secret::new("Bearer hunter3".to_owned()),
    )]);
    config.header_files = BTreeMap::from([("X-Key".to_owned(), file)]);
    assert!(!format!("{config:?}").contains("hunter"));
    let source = Json::new(name(), config, &scene.tools);
    scene.site.serve(PATH, page(1..3, &Value::Null));
    source.poll(&Cursor::start()).await.unwrap();
    let asked = &scene.site.requests()[0];
    assert_eq!(asked.header("authorization"), Some("Bearer hunter3"));
    assert_eq!(asked.header("x-key"), Some("hunter2"));
    scene
        .site
        .serve(PATH, Reply::status(401).body("{\"message\":\"Bad key.\"}"));
    let error = said(source.poll(&Cursor::start()).await);
    assert!(
        error.ends_with("refuses us; look at `headers`: Bad key"),
        "{error}"
    );
}

#[tokio::test]
async fn a_failure_half_way_through_costs_the_reading() {
    let scene = Scene::start().await;
    let source = open(&scene, &with(paged(), &json!({ "next_page": "/next" })));
    scene.site.serve(PATH, page(3..5, &json!("?page=2")));
    let second = format!("{PATH}?page=2");
    scene
        .site
        .script(&second, vec![Reply::status(503), page(1..3, &Value::Null)]);
    let error = source.poll(&Cursor::start()).await.unwrap_err();
    assert!(matches!(error, SourceError::Unreached(_)), "{error}");
    assert_eq!(source.poll(&Cursor::start()).await.unwrap().items.len(), 4);
}
