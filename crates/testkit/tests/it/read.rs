//! What is read: sites, feeds, NVD, KEV.

use std::io::Read;
use std::time::Duration;

use serde_json::json;
use testkit::feeds::{Feed, Mood};
use testkit::kev::{self, FakeKev};
use testkit::nvd::{self, FakeNvd};
use testkit::site::{FakeSite, Reply};
use testkit::world::FakeWorld;
use testkit::{TestClock, build};
use tokio::io::AsyncReadExt;

use crate::client::{ask, connect, get, post_json};

#[tokio::test]
async fn a_site_answers_as_scripted_and_remembers_who_asked() {
    let site = FakeSite::start().await;
    site.script(
        "/x",
        vec![
            Reply::status(503).header("retry-after", "7"),
            Reply::ok("good").content_type("text/plain"),
        ],
    );
    let url = site.url("/x");
    let first = get(&url).await;
    assert_eq!(
        (first.status, first.header("retry-after")),
        (503, Some("7"))
    );
    for _ in 0..2 {
        let next = ask(
            "GET",
            &format!("{url}?page=2"),
            &[("User-Agent", "Prahari")],
            "",
        )
        .await;
        assert_eq!((next.status, next.text().as_str()), (200, "good"));
    }
    site.serve("/x?page=2", Reply::redirect(308, "/y"));
    assert_eq!(
        get(&format!("{url}?page=2")).await.header("location"),
        Some("/y")
    );
    assert_eq!(get(&url).await.status, 200);
    assert_eq!(get(&site.url("/nowhere")).await.status, 404);
    let seen = &site.requests()[1];
    assert_eq!(
        (
            seen.method.as_str(),
            seen.path.as_str(),
            seen.query.as_str()
        ),
        ("GET", "/x", "page=2")
    );
    assert_eq!(seen.header("host"), Some(&site.url("")[7..]));
    assert_eq!(
        (seen.header("user-agent"), seen.param("page").as_deref()),
        (Some("Prahari"), Some("2"))
    );
}

#[tokio::test]
async fn a_site_says_304_only_to_who_has_it() {
    let site = FakeSite::start().await;
    let saturday = "Sat, 21 Nov 2026 09:00:00 GMT";
    site.serve("/x", Reply::ok("x").etag("\"v1\"").last_modified(saturday));
    for (headers, status) in [
        (vec![], 200),
        (vec![("If-None-Match", "\"v1\"")], 304),
        (vec![("If-None-Match", "\"v0\", W/\"v1\"")], 304),
        (vec![("If-None-Match", "\"v0\"")], 200),
        (vec![("If-Modified-Since", saturday)], 304),
        (
            vec![("If-Modified-Since", "Sat, 21 Nov 2026 08:59:59 GMT")],
            200,
        ),
        (
            vec![("If-None-Match", "\"v0\""), ("If-Modified-Since", saturday)],
            200,
        ),
    ] {
        let answer = ask("GET", &site.url("/x"), &headers, "").await;
        assert_eq!(answer.status, status, "{headers:?}");
        assert_eq!(answer.header("etag"), Some("\"v1\""));
        assert_eq!(answer.body.is_empty(), status == 304);
    }
}

#[tokio::test]
async fn a_site_can_be_as_bad_as_the_world() {
    let site = FakeSite::start().await;
    site.serve("/cut", Reply::ok("0123456789").truncated());
    let cut = get(&site.url("/cut")).await;
    assert_eq!((cut.whole, cut.text().as_str()), (false, "01234"));

    site.serve("/gzip", Reply::ok("x".repeat(5000)).gzip());
    let packed = get(&site.url("/gzip")).await;
    assert!(packed.whole && packed.body.len() < 100);
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed.body.as_slice())
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text.len(), 5000);

    site.serve("/endless", Reply::ok("more ").endless());
    let mut stream = connect("GET", &site.url("/endless"), &[], "").await;
    let mut megabytes = vec![0; 3 << 20];
    stream.read_exact(&mut megabytes).await.unwrap();
    assert!(megabytes.ends_with(b"more ") || megabytes.windows(5).any(|window| window == b"more "));

    site.serve("/hang", Reply::hang());
    let mut stream = connect("GET", &site.url("/hang"), &[], "").await;
    // Another request is answered meanwhile; the hanging one never is.
    assert_eq!(get(&site.url("/cut")).await.status, 200);
    let mut byte = [0];
    assert!(stream.try_read(&mut byte).is_err());
    drop(site);
    assert!(
        matches!(stream.read(&mut byte).await, Ok(0) | Err(_)),
        "a dropped site closes its connections"
    );
}

#[tokio::test]
async fn a_feed_grows_and_has_moods() {
    let site = FakeSite::start().await;
    let feed = Feed::rss("Desk");
    let url = feed.serve_on(&site, "/feed.xml");
    feed.publish("One & only", "<p>naïve</p>", "https://a.example/1");
    let first = get(&url).await;
    assert!(
        first.text().contains("<title>One &amp; only</title>"),
        "{}",
        first.text()
    );
    assert!(
        first
            .text()
            .contains("<pubDate>Sat, 21 Nov 2026 08:00:00 +0000</pubDate>")
    );
    let tag = first.header("etag").unwrap().to_owned();
    let known = [("If-None-Match", tag.as_str())];
    assert_eq!(ask("GET", &url, &known, "").await.status, 304);
    feed.edit("https://a.example/1", |story| story.title.push('!'));
    assert_eq!(ask("GET", &url, &known, "").await.status, 200);
    for (mood, status) in [
        (Mood::WebPage, 200),
        (Mood::Moved(301, "https://b.example/".to_owned()), 301),
        (Mood::TooMany("30".to_owned()), 429),
        (Mood::Gone, 410),
        (Mood::Down(502), 502),
    ] {
        feed.set_mood(mood);
        assert_eq!(get(&url).await.status, status);
    }
    feed.set_mood(Mood::WrongEncoding);
    assert!(String::from_utf8(get(&url).await.body).is_err());
    feed.set_mood(Mood::CutShort);
    assert!(!get(&url).await.whole);
}

#[tokio::test]
async fn nvd_refuses_what_nvd_refuses() {
    let records = (1..=5).map(|n| {
        nvd::record(
            &format!("CVE-2026-100{n}"),
            &format!("2026-11-0{n}T10:00:00.000"),
            "a flaw",
            Some(9.8),
        )
    });
    let nvd = FakeNvd::start(records.collect()).await;
    for (query, outcome) in [
        ("", "5 of 5"),
        ("?startIndex=3&resultsPerPage=3", "2 of 5"),
        ("?startIndex=9", "0 of 5"),
        (
            "?lastModStartDate=2026-11-02T10:00:00.000&lastModEndDate=2026-11-04T10:00:00.000",
            "3 of 3",
        ),
        (
            "?lastModStartDate=2026-11-02T12:00:00.000%2B02:00&lastModEndDate=2026-11-02T10:00:00Z",
            "1 of 1",
        ),
        (
            "?lastModStartDate=2026-08-01T00:00:00.000&lastModEndDate=2026-11-29T00:00:00.000",
            "5 of 5",
        ),
        (
            "?lastModStartDate=2026-08-01T00:00:00.000&lastModEndDate=2026-11-29T00:00:00.001",
            "The maximum allowable range when using any date range parameters is 120 consecutive days.",
        ),
        (
            "?lastModStartDate=2026-11-01T00:00:00.000",
            "lastModStartDate and lastModEndDate must both be present.",
        ),
        (
            "?pubEndDate=2026-11-01T00:00:00.000",
            "pubStartDate and pubEndDate must both be present.",
        ),
        (
            "?lastModStartDate=2026-11-02T00:00:00.000+02:00&lastModEndDate=2026-11-04T00:00:00.000",
            "Invalid lastModStartDate parameter.",
        ),
        (
            "?resultsPerPage=2001",
            "Invalid resultsPerPage parameter. The maximum is 2000.",
        ),
        ("?apikey=x", "Invalid parameter: apikey"),
        ("?cpeName=x", "The fake NVD does not play cpeName"),
    ] {
        let answer = get(&format!("{}{query}", nvd.url())).await;
        let got = if answer.status == 200 {
            let page = answer.json();
            assert_eq!(
                page["resultsPerPage"],
                page["vulnerabilities"].as_array().unwrap().len()
            );
            format!("{} of {}", page["resultsPerPage"], page["totalResults"])
        } else {
            assert_eq!((answer.status, answer.body.len()), (404, 0), "{query}");
            answer.header("message").unwrap().to_owned()
        };
        assert_eq!(got, outcome, "{query}");
    }
    nvd.script(vec![
        Reply::status(524),
        Reply::ok("{\"resultsPerPage\": 5,").truncated(),
    ]);
    assert_eq!(get(&nvd.url()).await.status, 524);
    assert!(!get(&nvd.url()).await.whole);
    nvd.omit_empty();
    nvd.records_mut(Vec::clear);
    assert!(
        get(&nvd.url())
            .await
            .json()
            .get("vulnerabilities")
            .is_none()
    );
}

#[tokio::test]
async fn nvds_firewall_counts_by_the_clock() {
    let nvd = FakeNvd::start(Vec::new()).await;
    let clock = TestClock::at("2026-11-21T09:00:00Z");
    nvd.limit_rate(clock.clone());
    for n in 1..=6 {
        assert_eq!(
            get(&nvd.url()).await.status,
            if n <= 5 { 200 } else { 403 },
            "request {n}"
        );
    }
    assert_eq!(
        ask("GET", &nvd.url(), &[("apiKey", "k")], "").await.status,
        200
    );
    clock.advance(Duration::from_secs(30));
    assert_eq!(
        get(&nvd.url()).await.json()["timestamp"],
        "2026-11-21T09:00:30.000"
    );
}

#[tokio::test]
async fn kev_changes_silently() {
    let kev = FakeKev::start().await;
    kev.list(kev::entry("CVE-2026-1001", "Acme", "Gateway"));
    kev.list(kev::entry("CVE-2026-1002", "Acme", "Mail"));
    let first = get(&kev.url()).await;
    assert_eq!(first.json()["vulnerabilities"][0]["cveID"], "CVE-2026-1002");
    let known = [("If-None-Match", first.header("etag").unwrap())];
    assert_eq!(ask("GET", &kev.url(), &known, "").await.status, 304);
    assert!(kev.change(
        "CVE-2026-1001",
        |entry| entry["knownRansomwareCampaignUse"] = json!("Known")
    ));
    assert!(!kev.change("CVE-2026-9999", |_| {}));
    let second = ask("GET", &kev.url(), &known, "").await;
    assert_eq!(second.status, 200);
    assert_eq!(
        second.json()["catalogVersion"],
        first.json()["catalogVersion"]
    );
    kev.only_for_agents("Mozilla");
    assert_eq!(get(&kev.url()).await.status, 403);
    assert_eq!(
        ask("GET", &kev.url(), &[("User-Agent", "Mozilla/5.0")], "")
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_world_is_steered_from_outside() {
    let clock = TestClock::showing(build::now());
    let world = FakeWorld::start(0, clock).await;
    let description = world.description();
    let control = description["control"].as_str().unwrap();
    let story = json!({ "feed": "india-news", "title": "Told", "text": "x", "url": "https://a.example/told" });
    assert_eq!(
        post_json(&format!("{control}/publish"), &[], &story)
            .await
            .status,
        200
    );
    let feed = description["feeds"]
        .as_array()
        .unwrap()
        .iter()
        .find(|feed| feed["name"] == "india-news")
        .unwrap();
    assert!(
        get(feed["url"].as_str().unwrap())
            .await
            .text()
            .contains("<title>Told</title>")
    );
    for (call, body, error) in [
        (
            "publish",
            json!({ "feed": "none" }),
            "there is no feed `none`",
        ),
        (
            "publish",
            json!({ "feed": "india-news" }),
            "`title` must be a text",
        ),
        (
            "mood",
            json!({ "feed": "india-news", "mood": "sad" }),
            "there is no mood `sad`",
        ),
        (
            "fail",
            json!({ "service": "slack" }),
            "`status` must be an HTTP status",
        ),
        (
            "fail",
            json!({ "service": "smtp", "code": 250 }),
            "`code` must be an SMTP refusal, 400 to 599",
        ),
        ("frob", json!({}), "no such call"),
    ] {
        let answer = post_json(&format!("{control}/{call}"), &[], &body).await;
        assert_eq!(
            (answer.status, answer.json()["error"].as_str()),
            (400, Some(error)),
            "{call} {body}"
        );
    }
    assert_eq!(world.places().nvd.requests().len(), 0);
}
