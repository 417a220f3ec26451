//! The API as a client meets it, over a socket.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::world::{World, minutes};

/// A client of a served world.
pub(crate) struct Client {
    pub(crate) world: World,
    base: String,
    http: reqwest::Client,
    _stop: watch::Sender<bool>,
}

impl Client {
    pub(crate) async fn of(world: World) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (stop, stopping) = watch::channel(false);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = app::api::router(std::sync::Arc::clone(&world.pipeline), stopping);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(20))
            .build()
            .unwrap();
        Self {
            world,
            base,
            http,
            _stop: stop,
        }
    }

    pub(crate) async fn start() -> Self {
        Self::of(World::start().await).await
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        let response = self
            .http
            .get(format!("{}{path}", self.base))
            .send()
            .await
            .unwrap();
        let status = response.status();
        (
            status,
            serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default(),
        )
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        let request = self
            .http
            .post(format!("{}{path}", self.base))
            .header("content-type", "application/json");
        let response = request.body(body.to_string()).send().await.unwrap();
        let status = response.status();
        (
            status,
            serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default(),
        )
    }

    pub(crate) async fn send(
        &self,
        method: reqwest::Method,
        path: &str,
        body: &Value,
    ) -> (StatusCode, Value) {
        let request = self
            .http
            .request(method, format!("{}{path}", self.base))
            .header("content-type", "application/json");
        let response = request.body(body.to_string()).send().await.unwrap();
        let status = response.status();
        (
            status,
            serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default(),
        )
    }

    async fn titles(&self, query: &str) -> Vec<String> {
        let (status, list) = self.get(&format!("/api/incidents{query}")).await;
        assert_eq!(status, 200, "{query}: {list}");
        list["incidents"]
            .as_array()
            .unwrap()
            .iter()
            .map(|i| i["title"].as_str().unwrap().to_owned())
            .collect()
    }
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

#[tokio::test]
async fn websites_may_fetch_alerts_and_nothing_else() {
    let mut client = Client::start().await;
    client.world.publish_text(
        "feed-a",
        "Acme confirms data breach",
        "Records of 40,000 customers were taken.",
    );
    client.world.pass(minutes(10)).await;
    let response = client
        .http
        .get(format!("{}/alerts", client.base))
        .header("origin", "https://site.example")
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["access-control-allow-origin"], "*");
    let alerts: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    let alert = &alerts.as_array().unwrap()[0];
    let mut keys: Vec<&str> = alert
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        [
            "description",
            "id",
            "incident_id",
            "published",
            "severity",
            "source",
            "title",
            "types",
            "url"
        ]
    );
    assert_eq!(alert["title"], "Acme confirms data breach");
    let list = client
        .http
        .get(format!("{}/api/incidents", client.base))
        .header("origin", "https://site.example")
        .send()
        .await
        .unwrap();
    assert!(!list.headers().contains_key("access-control-allow-origin"));
    assert!(
        list.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .contains("script-src 'self'")
    );
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

#[tokio::test]
async fn a_status_is_changed_and_told_live() {
    let mut client = Client::start().await;
    client
        .world
        .publish_text("feed-a", "Acme confirms data breach", "Records were taken.");
    client.world.pass(minutes(10)).await;
    let (_, list) = client.get("/api/incidents").await;
    let id = list["incidents"][0]["id"].as_str().unwrap().to_owned();
    let request = client
        .http
        .patch(format!("{}/api/incidents/{id}", client.base))
        .header("content-type", "application/json");
    let response = request
        .body("{\"status\":\"watching\"}")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(client.titles("?status=watching").await.len(), 1);
    assert_eq!(client.titles("?status=new").await.len(), 0);
    // Everything since the beginning, to a reader that comes back.
    let mut stream = client
        .http
        .get(format!("{}/api/live", client.base))
        .header("last-event-id", "0")
        .send()
        .await
        .unwrap();
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let mut text = String::new();
    while !text.contains("incident.updated") {
        text.push_str(&String::from_utf8_lossy(
            &stream.chunk().await.unwrap().unwrap(),
        ));
    }
    assert!(text.contains("event: incident.opened"), "{text}");
    assert!(text.contains(&id));
}

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
async fn health_and_docs_answer() {
    let client = Client::start().await;
    for path in [
        "/healthz",
        "/readyz",
        "/api/openapi.json",
        "/api/owasp?edition=2025",
    ] {
        assert_eq!(client.get(path).await.0, 200, "{path}");
    }
    let page = client
        .http
        .get(format!("{}/api/docs", client.base))
        .send()
        .await
        .unwrap();
    let text = String::from_utf8(page.bytes().await.unwrap().to_vec()).unwrap();
    assert!(text.contains("/api/incidents/{id}"));
    let dashboard = client
        .http
        .get(format!("{}/incidents/anything", client.base))
        .send()
        .await
        .unwrap();
    assert_eq!(dashboard.status(), 200);
    assert!(
        dashboard.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/html")
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

/// A world with two incidents: of the first two reports, and of a third.
async fn two_incidents() -> (Client, String, String) {
    let mut client = Client::start().await;
    for (feed, title) in [
        (
            "feed-a",
            "Acme VPN exploited in ransomware attacks: CVE-2026-1234",
        ),
        (
            "feed-b",
            "CVE-2026-1234 lets attackers into Acme VPN networks",
        ),
        (
            "feed-b",
            "Zentrabank of Pune confirms data breach after phishing",
        ),
    ] {
        client.world.publish(feed, title);
        client.world.pass(minutes(10)).await;
    }
    let (_, list) = client.get("/api/incidents").await;
    let id = |nth: usize| list["incidents"][nth]["id"].as_str().unwrap().to_owned();
    assert_eq!(list["total"], 2, "{list}");
    let (bank, acme) = (id(0), id(1));
    (client, acme, bank)
}

#[tokio::test]
async fn people_tag_assign_note_and_see_the_history() {
    let (client, acme, _) = two_incidents().await;
    let patch = reqwest::Method::PATCH;
    let at = format!("/api/incidents/{acme}");
    let change = json!({"status": "watching", "assignee": "Ravi Kumar", "add_tags": ["VPN wave"], "by": "Asha"});
    let (status, changed) = client.send(patch.clone(), &at, &change).await;
    assert_eq!(status, 200, "{changed}");
    assert_eq!(
        (&changed["assignee"], &changed["tags"]),
        (&json!("Ravi Kumar"), &json!(["vpn-wave"]))
    );
    let note = json!({"text": "Called them.\nNo answer.", "by": "Asha"});
    let (status, _) = client.post(&format!("{at}/notes"), &note).await;
    assert_eq!(status, 201);
    let nobody = json!({"assignee": null, "remove_tags": ["vpn-wave"]});
    let (_, changed) = client.send(patch.clone(), &at, &nobody).await;
    assert_eq!(
        (&changed["assignee"], &changed["tags"], &changed["status"]),
        (&Value::Null, &json!([]), &json!("watching"))
    );
    let (_, full) = client.get(&at).await;
    assert_eq!(full["notes"][0]["text"], "Called them.\nNo answer.");
    assert_eq!(
        full["publishers"],
        json!(["feed-a.example.org", "feed-b.example.org"])
    );
    let history = full["history"].as_array().unwrap();
    let lines: Vec<String> = history
        .iter()
        .map(|entry| {
            let by = entry["by"].as_str().unwrap_or("-");
            let text = entry["text"].as_str().unwrap();
            format!("{} {by}: {text}", entry["kind"].as_str().unwrap())
        })
        .collect();
    for line in [
        "item -: Acme VPN exploited in ransomware attacks: CVE-2026-1234",
        "development -: how firm: reported → corroborated",
        "development Asha: status: new → watching",
        "development Asha: assigned to Ravi Kumar (before: nobody)",
        "development Asha: tags: +vpn-wave",
        "note Asha: Called them.\nNo answer.",
        "development api: assigned to nobody (before: Ravi Kumar)",
    ] {
        assert!(lines.iter().any(|told| told == line), "{line}\n{lines:#?}");
    }
    assert!(history.is_sorted_by(|a, b| a["at"].as_str() >= b["at"].as_str()));
}

#[tokio::test]
async fn incidents_are_split_and_merged_over_the_api() {
    let (client, acme, bank) = two_incidents().await;
    let at = format!("/api/incidents/{acme}");
    let (_, full) = client.get(&at).await;
    let item = full["timeline"][0]["id"].as_str().unwrap();
    let (status, parts) = client
        .post(
            &format!("{at}/split"),
            &json!({"items": [item], "by": "Asha"}),
        )
        .await;
    assert_eq!(status, 201, "{parts}");
    assert_eq!(
        (&parts["left"]["items"], &parts["opened"]["items"]),
        (&json!(1), &json!(1))
    );
    let opened = parts["opened"]["id"].as_str().unwrap();
    let (status, merged) = client
        .post(
            &format!("/api/incidents/{opened}/merge"),
            &json!({"into": bank}),
        )
        .await;
    assert_eq!((status, &merged["id"]), (StatusCode::OK, &json!(bank)));
    let (_, led) = client.get(&format!("/api/incidents/{opened}")).await;
    assert_eq!(led["id"], json!(bank), "its id leads on");
    let moved = led["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["id"] == item)
        .unwrap();
    assert_eq!(moved["joined_because"], "moved here by hand");
    let (status, out) = client
        .post(
            &format!("/api/incidents/{bank}/not-same"),
            &json!({"item": item}),
        )
        .await;
    assert_eq!(status, 200, "{out}");
    assert_eq!(out["left"]["id"], json!(bank));
    let placed = &out["placed"]["id"];
    assert!(
        *placed != json!(bank) && *placed != json!(acme) && placed.is_string(),
        "people said of both that it does not belong there: {out}"
    );
    let (status, similar) = client.get(&format!("{at}/similar?limit=5")).await;
    assert_eq!(status, 200, "{similar}");
    let like = similar["incidents"].as_array().unwrap();
    assert_eq!(like.len(), 1, "{similar}");
    assert_eq!(like[0]["incident"]["id"], *placed);
    assert_eq!(like[0]["shared"][0], "CVE-2026-1234");
}

#[tokio::test]
async fn whoever_looked_at_an_older_revision_is_refused() {
    let (client, acme, bank) = two_incidents().await;
    let get = client
        .http
        .get(format!("{}/api/incidents/{acme}", client.base));
    let seen = get.send().await.unwrap().headers()["etag"].clone();
    let send = async |path: &str, method: reqwest::Method, body: Value, tag: &str| {
        let request = client
            .http
            .request(
                method,
                format!("{}/api/incidents/{acme}{path}", client.base),
            )
            .header("content-type", "application/json")
            .header("if-match", tag);
        let response = request.body(body.to_string()).send().await.unwrap();
        (
            response.status().as_u16(),
            serde_json::from_slice::<Value>(&response.bytes().await.unwrap()).unwrap(),
        )
    };
    let patch = || reqwest::Method::PATCH;
    let tag = seen.to_str().unwrap();
    let watch = json!({"status": "watching"});
    assert_eq!(send("", patch(), watch, tag).await.0, 200);
    let handled = json!({"status": "handled"});
    let (status, problem) = send("", patch(), handled.clone(), tag).await;
    assert_eq!((status, &problem["code"]), (412, &json!("changed")));
    assert_eq!(send("", patch(), handled, "*").await.0, 200);
    let (status, problem) = send(
        "/merge",
        reqwest::Method::POST,
        json!({"into": bank}),
        &format!("W/{tag}"),
    )
    .await;
    assert_eq!((status, &problem["code"]), (412, &json!("changed")));
    let (status, problem) = send("", patch(), json!({}), "yesterday").await;
    assert_eq!((status, &problem["field"]), (400, &json!("If-Match")));
}

#[tokio::test]
async fn what_people_send_about_incidents_has_limits() {
    let (client, acme, _) = two_incidents().await;
    let nobody = "01936000-0000-7000-8000-000000000001";
    let at = format!("/api/incidents/{acme}");
    let (_, full) = client.get(&at).await;
    let item = full["timeline"][0]["id"].clone();
    for (path, body, status, code) in [
        ("split", json!({"items": []}), 409, "refused"),
        ("split", json!({"items": [nobody]}), 409, "refused"),
        ("split", json!({"items": ["x"]}), 400, "bad_body"),
        (
            "split",
            json!({"items": vec![nobody; 501]}),
            400,
            "bad_value",
        ),
        (
            "split",
            json!({"items": [item], "by": ""}),
            400,
            "bad_value",
        ),
        ("merge", json!({"into": nobody}), 404, "not_found"),
        ("merge", json!({"into": acme}), 409, "refused"),
        ("merge", json!({}), 400, "bad_body"),
        ("not-same", json!({"item": nobody}), 409, "refused"),
        ("notes", json!({"text": " "}), 400, "bad_value"),
        (
            "notes",
            json!({"text": "x".repeat(10_001)}),
            400,
            "bad_value",
        ),
        (
            "notes",
            json!({"text": "x", "by": "a\nb"}),
            400,
            "bad_value",
        ),
    ] {
        let (got, problem) = client.post(&format!("{at}/{path}"), &body).await;
        assert_eq!(
            (got.as_u16(), &problem["code"]),
            (status, &json!(code)),
            "{path} {body}"
        );
    }
    for body in [
        json!({"add_tags": ["a,b"]}),
        json!({"assignee": ""}),
        json!({"status": "done"}),
        json!({"state": "new"}),
    ] {
        let (got, _) = client.send(reqwest::Method::PATCH, &at, &body).await;
        assert_eq!(got, 400, "{body}");
    }
    let many: Vec<String> = (0..21).map(|n| format!("t{n}")).collect();
    let (got, _) = client
        .send(reqwest::Method::PATCH, &at, &json!({"add_tags": many}))
        .await;
    assert_eq!(got, 409);
    for path in ["similar?limit=0", "similar?limit=51", "similar?lim=3"] {
        let (got, _) = client.get(&format!("{at}/{path}")).await;
        assert_eq!(got, 400, "{path}");
    }
    let (got, _) = client
        .get(&format!("/api/incidents/{nobody}/similar"))
        .await;
    assert_eq!(got, 404);
}

#[tokio::test]
async fn a_query_finds_explains_and_counts() {
    let client = Client::start().await;
    for (title, country, kind) in [
        (
            "Hospital chain in Kochi halts admissions",
            "IN",
            "ransomware",
        ),
        (
            "Bank in Mumbai leaks records of customers",
            "IN",
            "data_breach",
        ),
        ("Port of Hamburg under attack", "DE", "ddos"),
    ] {
        let report = json!({
            "title": title, "type": kind, "severity": "high", "country": country, "date": "2026-11-20",
        });
        let (status, answer) = client.post("/api/incidents", &report).await;
        assert_eq!(status, 201, "{answer}");
    }
    let found = client
        .titles("?q=region:IN+(type:ransomware+OR+type:ddos)+severity%3E%3Dhigh")
        .await;
    assert_eq!(found, ["Hospital chain in Kochi halts admissions"]);
    // The older parameters narrow the same query.
    assert_eq!(
        client
            .titles("?q=customers+OR+hamburg&country=IN")
            .await
            .len(),
        1
    );
    assert_eq!(
        client.titles("?q=-region:IN&order=relevance").await.len(),
        1
    );

    let (status, facets) = client.get("/api/incidents/facets?q=severity:high").await;
    assert_eq!(status, 200, "{facets}");
    assert_eq!(facets["looked_at"], 3);
    assert_eq!(facets["countries"][0], json!({"value": "IN", "count": 2}));

    let (status, told) = client
        .get("/api/query/explain?q=type:ransomware+-region:IN")
        .await;
    assert_eq!(status, 200, "{told}");
    assert_eq!(told["query"], "type:ransomware NOT region:IN");
    assert_eq!(
        told["sentence"],
        "the type is Ransomware, and not (India is affected)"
    );
    assert_eq!(told["tree"]["parts"][1]["kind"], "not");
    assert_eq!(
        (&told["total"], &told["total_exact"]),
        (&json!(0), &json!(true))
    );
    assert!(!told["steps"].as_array().unwrap().is_empty());

    let (_, offered) = client.get("/api/query/complete?q=region:IN+sev").await;
    assert_eq!(
        (&offered["start"], &offered["end"]),
        (&json!(10), &json!(13))
    );
    assert_eq!(offered["offers"][0]["text"], "severity:");
    let (_, offered) = client.get("/api/query/complete?q=type:ran+x&at=8").await;
    assert_eq!(offered["field"], "type");
    assert_eq!(offered["offers"][0]["text"], "ransomware");
    let (_, offered) = client.get("/api/query/complete?q=source:a").await;
    assert_eq!(
        offered["offers"][0],
        json!({"text": "api", "about": "", "incidents": 3})
    );
    let (_, fields) = client.get("/api/query/fields").await;
    assert!(fields.as_array().unwrap().len() > 30);
}

#[tokio::test]
async fn a_wrong_query_is_told_with_its_place() {
    let client = Client::start().await;
    for path in [
        "/api/incidents",
        "/api/incidents/facets",
        "/api/query/explain",
    ] {
        let (status, problem) = client.get(&format!("{path}?q=bank+severty:high")).await;
        assert_eq!(status, 400);
        assert_eq!(problem["code"], "query_invalid");
        assert_eq!(
            (&problem["start"], &problem["end"]),
            (&json!(5), &json!(12))
        );
        assert_eq!(problem["suggestion"], "severity");
        assert_eq!(problem["field"], "q");
    }
    let long = "a".repeat(5_000);
    let (status, problem) = client.get(&format!("/api/incidents?q={long}")).await;
    assert_eq!(
        (status.as_u16(), &problem["code"]),
        (400, &json!("query_invalid"))
    );
}

#[tokio::test]
async fn a_search_is_kept_by_name() {
    let client = Client::start().await;
    let search = json!({"name": " Banks ", "query": "sector:banking  severity:high"});
    let (status, saved) = client.post("/api/searches", &search).await;
    assert_eq!(status, 201, "{saved}");
    assert_eq!(saved["name"], "Banks");
    assert_eq!(saved["query"], "sector:banking severity>=high");
    let (status, problem) = client
        .post("/api/searches", &json!({"name": "Banks", "query": ""}))
        .await;
    assert_eq!(
        (status.as_u16(), &problem["code"]),
        (409, &json!("duplicate"))
    );
    let (status, problem) = client
        .post("/api/searches", &json!({"name": "x", "query": "a AND"}))
        .await;
    assert_eq!(
        (status.as_u16(), &problem["code"]),
        (400, &json!("query_invalid"))
    );
    let (_, list) = client.get("/api/searches").await;
    assert_eq!(list.as_array().unwrap().len(), 1);
    let path = format!("/api/searches/{}", saved["id"].as_str().unwrap());
    let (status, _) = client
        .send(reqwest::Method::DELETE, &path, &json!({}))
        .await;
    assert_eq!(status, 204);
    let (status, _) = client
        .send(reqwest::Method::DELETE, &path, &json!({}))
        .await;
    assert_eq!(status, 404);
}
