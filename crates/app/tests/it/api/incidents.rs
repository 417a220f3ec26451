//! `/api/incidents`: taking in, listing, what is refused.

use model::item::{Draft, Stated};
use model::{Item, ItemKind, Markup, SourceId};
use reqwest::StatusCode;
use serde_json::json;
use store::{Arrived, Collected, Occasion};

use super::Client;
use crate::world::minutes;

#[tokio::test]
async fn what_a_person_posts_does_not_wait_for_an_import() {
    let client = Client::start().await;
    let now = client.world.clock_now();
    let source = SourceId::new("archive").unwrap();
    let told = |n: u32| {
        let draft = Draft {
            external_id: n.to_string(),
            kind: ItemKind::Article,
            url: None,
            title: format!("Ransomware at Hospital {n}"),
            text: format!("The hospital number {n} was hit by ransomware."),
            markup: Markup::Plain,
            author: None,
            language: None,
            published: None,
            updated: None,
            stated: Stated::default(),
        };
        Item::new(&source, draft, now)
    };
    let import = Collected {
        source: source.clone(),
        at: now,
        items: (0..1_500).map(told).collect(),
        heard: Vec::new(),
        cursor: None,
        occasion: Occasion::History,
        categories: Vec::new(),
        problems: (0, None),
        arrived: Arrived::default(),
    };
    client.world.pipeline.store.record(import).await.unwrap();
    let report = json!({"title": "Data breach at Kolibri Bank", "severity": "high"});
    let (status, incident) = client.post("/api/incidents", &report).await;
    assert_eq!(status, StatusCode::CREATED, "{incident}");
    assert_eq!(incident["title"], report["title"]);
    let (_, ready) = client.get("/readyz").await;
    assert!(ready["unplaced"].as_u64() > Some(0), "{ready}");
}

#[tokio::test]
async fn an_incident_that_is_posted_is_understood_placed_and_found() {
    let client = Client::start().await;
    let report = json!({
        "title": "Hospital chain in Kochi halts admissions",
        "description": "Ransomware encrypted the records of 2 lakh patients, the hospital said.",
        "severity": "High",
        "type": "ransomware",
        "source": "State CERT",
        "date": "2026-11-20",
        "country": "in",
        "url": "https://example.org/kochi"
    });
    let (status, incident) = client.post("/api/incidents", &report).await;
    assert_eq!(status, 201, "{incident}");
    assert_eq!(
        incident["title"],
        "Hospital chain in Kochi halts admissions"
    );
    assert_eq!(incident["severity"], "high");
    assert_eq!(incident["source"], "state-cert");
    assert!(
        incident["countries"]
            .as_array()
            .unwrap()
            .contains(&json!("IN"))
    );
    assert_eq!(incident["types"][0]["label"], "ransomware");
    let (_, again) = client.post("/api/incidents", &report).await;
    assert_eq!(
        again["id"], incident["id"],
        "the same report sent twice is one item"
    );
    let id = incident["id"].as_str().unwrap();
    let (status, full) = client.get(&format!("/api/incidents/{id}")).await;
    assert_eq!(status, 200);
    assert_eq!(full["timeline"].as_array().unwrap().len(), 1);
    assert!(!full["reasons"].as_array().unwrap().is_empty());
    assert_eq!(
        client
            .titles("?q=kochi+patients&severity=high&country=IN&type=ransomware")
            .await
            .len(),
        1
    );
    assert_eq!(client.titles("?q=kochi+bakery").await.len(), 0);
}

#[tokio::test]
async fn a_minimal_post_is_enough() {
    let client = Client::start().await;
    let (status, incident) = client
        .post(
            "/api/incidents",
            &json!({ "title": "Odd traffic at the edge" }),
        )
        .await;
    assert_eq!(status, 201, "{incident}");
    assert_eq!(incident["source"], "api");
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let client = Client::start().await;
    for (path, status, code, field) in [
        ("/api/incidents?severity=hihg", 400, "bad_value", "severity"),
        ("/api/incidents?limit=0", 400, "bad_value", "limit"),
        ("/api/incidents?limit=x", 400, "bad_value", "limit"),
        (
            "/api/incidents?seveirty=high",
            400,
            "unknown_parameter",
            "seveirty",
        ),
        ("/api/incidents?since=yesterday", 400, "bad_value", "since"),
        ("/api/incidents?cve=CVE-1", 400, "bad_value", "cve"),
        ("/api/incidents?after=nonsense", 400, "bad_value", "after"),
        (
            "/api/incidents?type=ransomware&type=ddos",
            400,
            "bad_value",
            "type",
        ),
        ("/alerts?limit=1000", 400, "bad_value", "limit"),
    ] {
        let (got, problem) = client.get(path).await;
        assert_eq!(
            (
                got.as_u16(),
                problem["code"].as_str(),
                problem["field"].as_str()
            ),
            (status, Some(code), Some(field)),
            "{path}"
        );
    }
    for path in [
        "/api/incidents/none",
        "/api/incidents/01936000-0000-7000-8000-000000000001",
        "/api/nothing",
    ] {
        let (got, problem) = client.get(path).await;
        assert_eq!(
            (got.as_u16(), problem["code"].as_str()),
            (404, Some("not_found")),
            "{path}"
        );
    }
    for (body, field) in [
        (json!({ "title": " " }), Some("title")),
        (
            json!({ "title": "a", "severity": "terrible" }),
            Some("severity"),
        ),
        (
            json!({ "title": "a", "url": "javascript:alert(1)" }),
            Some("url"),
        ),
        (json!({ "title": "a", "country": "India" }), Some("country")),
        (json!({ "title": "a", "date": "soon" }), Some("date")),
        (json!({ "title": "a", "type": "earthquake" }), Some("type")),
        (json!({ "title": "a", "colour": "red" }), None),
        (json!({ "headline": "a" }), None),
        (json!([1]), None),
    ] {
        let (got, problem) = client.post("/api/incidents", &body).await;
        assert_eq!(
            (got.as_u16(), problem["field"].as_str()),
            (400, field),
            "{body}: {problem}"
        );
    }
}

#[tokio::test]
async fn simple_posts_of_other_sites_and_large_bodies_are_refused() {
    let client = Client::start().await;
    let url = format!("{}/api/incidents", client.base);
    let form = client
        .http
        .post(&url)
        .header("content-type", "text/plain")
        .body("{\"title\":\"a\"}")
        .send()
        .await
        .unwrap();
    assert_eq!(form.status(), 415);
    let body = json!({ "title": "a", "description": "x".repeat(300 * 1024) });
    let (status, problem) = client.post("/api/incidents", &body).await;
    assert_eq!(
        (status.as_u16(), problem["code"].as_str()),
        (413, Some("too_large"))
    );
    let rebound = client
        .http
        .get(&url)
        .header("host", "evil.example")
        .send()
        .await
        .unwrap();
    assert_eq!(rebound.status(), 421);
    let wrong = client.http.delete(&url).send().await.unwrap();
    assert_eq!(wrong.status(), 405);
    assert_eq!(wrong.headers()["content-type"], "application/problem+json");
}

/// A name that no other number has.
fn company(number: usize) -> String {
    const FIRST: [&str; 5] = ["Arb", "Belk", "Corv", "Dund", "Elst"];
    const LAST: [&str; 6] = ["ax", "edo", "ion", "orum", "ux", "ymar"];
    format!("{}{}", FIRST[number / 6 % 5], LAST[number % 6])
}

#[tokio::test]
async fn pages_give_each_incident_once_while_new_ones_arrive() {
    let mut client = Client::start().await;
    for number in 0..25 {
        client.world.publish_text(
            "feed-a",
            &format!("{} confirms data breach", company(number)),
            &format!("{} lost records.", company(number)),
        );
    }
    client.world.pass(minutes(10)).await;
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let (_, page) = client.get(&format!("/api/incidents?limit=10{after}")).await;
        seen.extend(
            page["incidents"]
                .as_array()
                .unwrap()
                .iter()
                .map(|i| i["id"].as_str().unwrap().to_owned()),
        );
        client.world.publish_text(
            "feed-b",
            &format!("Late{} confirms data breach", company(seen.len())),
            &format!("Late{} lost more records.", company(seen.len())),
        );
        client.world.pass(minutes(10)).await;
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 25);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 25);
}
