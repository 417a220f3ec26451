//! `/api/sources`: how they stand, and what people change.

use serde_json::{Value, json};

use super::Client;
use crate::world::minutes;

#[tokio::test]
async fn sources_show_how_they_stand() {
    let mut client = Client::start().await;
    client.world.feeds["feed-b"].set_mood(testkit::feeds::Mood::WebPage);
    client.world.pass(minutes(10)).await;
    let (_, list) = client.get("/api/sources").await;
    let state = |id: &str| {
        let sources = list["sources"].as_array().unwrap();
        sources.iter().find(|source| source["id"] == id).unwrap()["state"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        (state("feed-a").as_str(), state("feed-b").as_str()),
        ("fresh", "failing")
    );
}

#[tokio::test]
async fn a_source_is_looked_at_added_switched_and_removed() {
    let client = Client::start().await;
    let site = testkit::site::FakeSite::start().await;
    site.serve(
        "/feed.xml",
        testkit::site::Reply::ok("<rss><channel><title>New News</title><item><title>Acme</title><link>https://example.org/1</link></item></channel></rss>"),
    );
    let feed = json!({ "url": site.url("/feed.xml") });
    let (status, looked) = client.post("/api/sources/preview", &feed).await;
    assert_eq!(status, 200, "{looked}");
    assert_eq!(
        (looked["id"].as_str(), looked["kind"].as_str()),
        (Some("new-news"), Some("feed"))
    );
    assert_eq!(looked["preview"]["items"][0]["title"], "Acme");
    let (_, before) = client.get("/api/sources").await;
    assert_eq!(
        before["sources"].as_array().unwrap().len(),
        4,
        "a look stores nothing"
    );

    let (status, added) = client.post("/api/sources", &feed).await;
    assert_eq!(status, 201, "{added}");
    assert_eq!(
        (added["origin"].as_str(), added["state"].as_str()),
        (Some("added"), Some("not_reached"))
    );
    let (status, twice) = client.post("/api/sources", &feed).await;
    assert_eq!(
        (status.as_u16(), twice["code"].as_str()),
        (409, Some("duplicate"))
    );

    // The same process reads it at once, and so does one beside it once it looks.
    assert!(
        client
            .world
            .pipeline
            .source(&"new-news".parse().unwrap())
            .is_some()
    );
    let (status, shown) = client.get("/api/sources/new-news/preview").await;
    assert_eq!(
        (status.as_u16(), shown["items"][0]["title"].as_str()),
        (200, Some("Acme"))
    );

    let (status, off) = client
        .send(
            reqwest::Method::PATCH,
            "/api/sources/new-news",
            &json!({ "enabled": false }),
        )
        .await;
    assert_eq!((status.as_u16(), off["state"].as_str()), (200, Some("off")));
    let delete = |path: &'static str| client.send(reqwest::Method::DELETE, path, &Value::Null);
    let (_, gone) = delete("/api/sources/new-news").await;
    assert_eq!(gone["outcome"], "removed");
    let (_, kept) = delete("/api/sources/feed-a").await;
    assert_eq!(kept["outcome"], "switched_off", "{kept}");
    let (status, _) = delete("/api/sources/never").await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn nobody_reads_files_or_leaves_secrets_over_the_network() {
    let client = Client::start().await;
    for (body, field) in [
        (json!({ "url": "file:///etc/passwd" }), "url"),
        (
            json!({ "url": "https://example.org/", "kind": "file", "settings": { "path": "/etc/passwd" } }),
            "kind",
        ),
        (
            json!({ "url": "https://example.org/", "kind": "json", "settings": { "header_files": { "x": "/etc/passwd" } } }),
            "header_files",
        ),
        (
            json!({ "url": "https://example.org/", "kind": "ghsa", "settings": { "token": "hunter2" }, "check": false }),
            "token",
        ),
        (
            json!({ "url": "https://example.org/", "kind": "fead", "check": false }),
            "kind",
        ),
    ] {
        let (status, problem) = client.post("/api/sources", &body).await;
        assert_eq!(
            (status.as_u16(), problem["field"].as_str()),
            (400, Some(field)),
            "{body}: {problem}"
        );
        assert!(!problem.to_string().contains("hunter2"));
    }
    // Loopback is allowed in this world, so another private address shows the guard.
    let (status, problem) = client
        .post(
            "/api/sources/preview",
            &json!({ "url": "http://10.0.0.1/feed" }),
        )
        .await;
    assert_eq!(
        (status.as_u16(), problem["code"].as_str()),
        (422, Some("unreadable")),
        "{problem}"
    );
}
