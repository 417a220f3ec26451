//! GDELT against a fake of its API, and the recorded answers.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use model::clock::elapsed;
use model::{Clock, Cursor};
use net::NetError;
use serde_json::{Value, json};
use sources::gdelt::{Config, Gdelt, parse};
use sources::{Polled, Source, SourceError};
use testkit::TestClock;
use testkit::site::{FakeSite, Reply};

use crate::door;

pub(crate) const PATH: &str = "/api/v2/doc/doc";

fn open(site: &FakeSite) -> (Gdelt, Arc<TestClock>) {
    let clock = TestClock::at("2026-11-21T09:00:00Z");
    let config = Config {
        url: site.url(PATH),
        query: "(ransomware OR \"data breach\") sourcecountry:india".to_owned(),
        timespan: "6h".to_owned(),
        ..Config::default()
    };
    (
        Gdelt::new(door::name("gdelt"), config, &door::to(site, &clock)),
        clock,
    )
}

fn article(number: u32) -> Value {
    json!({
        "url": format!("https://news.example/{number}"), "title": format!("Bank , number {number}"),
        "seendate": format!("20261121T0{}{:02}00Z", number / 60, number % 60),
        "domain": "news.example", "language": "English", "sourcecountry": "India",
    })
}

/// An answer with these articles, the newest first as GDELT gives them.
pub(crate) fn answer(numbers: impl DoubleEndedIterator<Item = u32>) -> Reply {
    let articles: Vec<Value> = numbers.rev().map(article).collect();
    Reply::json(&json!({ "articles": articles }))
}

fn titles(polled: &Polled) -> Vec<&str> {
    polled
        .items
        .iter()
        .map(|item| item.title.as_str())
        .collect()
}

#[tokio::test]
async fn the_search_is_asked_for_and_given_oldest_first() {
    let site = FakeSite::start().await;
    site.script(
        PATH,
        vec![answer(1..3), answer(1..4), Reply::json(&json!({}))],
    );
    let (gdelt, clock) = open(&site);
    let first = gdelt.poll(&Cursor::start()).await.unwrap();
    assert_eq!(titles(&first), ["Bank, number 1", "Bank, number 2"]);
    assert!(first.first_load && first.checkpoint && !first.more && first.problems.is_empty());
    let asked = &site.requests()[0];
    for (name, value) in [
        (
            "query",
            "(ransomware OR \"data breach\") sourcecountry:india",
        ),
        ("mode", "artlist"),
        ("format", "json"),
        ("maxrecords", "250"),
        ("sort", "datedesc"),
        ("timespan", "6h"),
    ] {
        assert_eq!(asked.param(name).as_deref(), Some(value), "{name}");
    }
    let item = &first.items[0];
    assert_eq!(item.author.as_deref(), Some("news.example (India)"));
    assert!(item.stated.countries.is_empty());

    let second = gdelt.poll(&first.cursor).await.unwrap();
    assert_eq!(second.items.len(), 3);
    assert!(!second.first_load);
    // What was there before is the same item again.
    assert_eq!(second.items[1].id, first.items[1].id);
    assert_eq!(clock.slept(), [Duration::from_secs(6)]);
    // No hit at all is no failure.
    assert_eq!(titles(&gdelt.poll(&second.cursor).await.unwrap()), [""; 0]);
}

#[tokio::test]
async fn a_full_answer_says_that_it_is_full() {
    let site = FakeSite::start().await;
    site.serve(PATH, answer(1..251));
    let (gdelt, _) = open(&site);
    let polled = gdelt.poll(&Cursor::start()).await.unwrap();
    assert_eq!(polled.items.len(), 250);
    assert_eq!(polled.problems[0].place, "answer");
}

#[tokio::test]
async fn refusals_in_text_are_told() {
    let site = FakeSite::start().await;
    let (gdelt, clock) = open(&site);
    let slow_down =
        "Please limit requests to one every 5 seconds or contact us for larger queries.";
    for (reply, expected) in [
        (
            Reply::status(429)
                .body(slow_down)
                .content_type("text/plain"),
            "wait",
        ),
        (Reply::status(429).header("retry-after", "5"), "wait"),
        (
            Reply::ok("The specified phrase is too short.").content_type("text/html"),
            "nonsense: GDELT says: The specified phrase is too short.",
        ),
        (
            Reply::ok("<html><body>Bad gateway"),
            "nonsense: GDELT answers with a web page",
        ),
    ] {
        site.serve(PATH, reply);
        let seen = match gdelt.poll(&Cursor::start()).await {
            Err(SourceError::Unreached(NetError::Wait { after, .. }))
                if after >= Duration::from_secs(5) =>
            {
                "wait".to_owned()
            }
            Err(SourceError::Nonsense(why)) => format!("nonsense: {why}"),
            other => panic!("{other:?}"),
        };
        assert_eq!(seen, expected);
        clock.advance(Duration::from_secs(61));
    }
    site.serve(PATH, answer(1..3));
    assert_eq!(gdelt.poll(&Cursor::start()).await.unwrap().items.len(), 2);
}

#[test]
fn the_recorded_answers_are_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples/gdelt");
    if !folder.is_dir() {
        println!("left out: {} is not there", folder.display());
        return;
    }
    let parsed = parse(
        &std::fs::read(folder.join("artlist-shape-constructed.json")).unwrap(),
        None,
    )
    .unwrap();
    assert_eq!(parsed.problems, []);
    let seen: Vec<(&str, Option<&str>)> = parsed
        .entries
        .iter()
        .map(|draft| (draft.title.as_str(), draft.language.as_deref()))
        .collect();
    assert_eq!(
        seen,
        [
            ("Fed holds rates", Some("en")),
            ("Месси забил исторический гол", Some("ru"))
        ]
    );
    let limit = parse(
        &std::fs::read(folder.join("rate-limit-429-body.txt")).unwrap(),
        None,
    );
    assert!(matches!(limit, Err(SourceError::Nonsense(why)) if why.contains("5 seconds")));
}

#[tokio::test]
async fn a_429_without_a_time_costs_six_seconds_and_one_more_request() {
    let site = FakeSite::start().await;
    let (gdelt, clock) = open(&site);
    site.script(PATH, vec![Reply::status(429), answer(1..3)]);
    let begun = clock.now();
    assert_eq!(gdelt.poll(&Cursor::start()).await.unwrap().items.len(), 2);
    assert_eq!(site.requests().len(), 2);
    assert_eq!(elapsed(begun, clock.now()), Duration::from_secs(6));
    // Twice is enough: then it is a failure.
    site.script(
        PATH,
        vec![Reply::status(429), Reply::status(429), answer(1..3)],
    );
    clock.advance(Duration::from_secs(60));
    let refused = gdelt.poll(&Cursor::start()).await;
    assert!(
        matches!(refused, Err(SourceError::Unreached(NetError::Wait { .. }))),
        "{refused:?}"
    );
    assert_eq!(site.requests().len(), 4);
}
