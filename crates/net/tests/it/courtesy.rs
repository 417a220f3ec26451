//! Conditional requests and the distance between requests to one host, over loopback.

use std::time::Duration;

use net::{Config, Door, Request, Validators};
use testkit::TestClock;
use testkit::site::{FakeSite, Reply};

use crate::door::{body_of, config, door, shown};

#[tokio::test]
async fn an_unchanged_document_costs_a_conditional_request() {
    let site = FakeSite::start().await;
    site.serve(
        "/tag",
        Reply::ok("x")
            .etag("W/\"v1\"")
            .content_type("application/xml"),
    );
    site.serve(
        "/date",
        Reply::ok("x").last_modified("Sat, 21 Nov 2026 08:00:00 GMT"),
    );
    site.serve(
        "/long",
        Reply::ok("x").etag(&format!("\"{}\"", "v".repeat(5000))),
    );
    let door = door(&[&site]);
    for path in ["/tag", "/date"] {
        let body = body_of(&door, Request::get(site.url(path))).await;
        assert_ne!(body.validators, Validators::default(), "{path}");
        let again = door
            .fetch(Request::get(site.url(path)).unless(body.validators))
            .await;
        assert_eq!(shown(&again), "unchanged", "{path}");
    }
    let body = body_of(&door, Request::get(site.url("/long"))).await;
    assert_eq!(body.validators, Validators::default());
    // What a cursor kept may have been damaged; it must not stop the reading.
    let odd = Validators {
        etag: Some("a\nb".to_owned()),
        last_modified: None,
    };
    assert_eq!(
        shown(&door.fetch(Request::get(site.url("/tag")).unless(odd)).await),
        "body 200"
    );
}

#[tokio::test]
async fn requests_to_one_host_keep_their_distance() {
    let site = FakeSite::start().await;
    let other = FakeSite::start().await;
    site.serve("/x", Reply::ok("x"));
    other.serve("/x", Reply::ok("x"));
    let clock = TestClock::at("2026-11-21T09:00:00Z");
    let door = Door::new(
        Config {
            host_interval_seconds: 2,
            ..config(&[&site, &other])
        },
        clock.clone(),
    )
    .unwrap();
    body_of(&door, Request::get(site.url("/x"))).await;
    body_of(&door, Request::get(other.url("/x"))).await;
    body_of(&door, Request::get(site.url("/x"))).await;
    body_of(
        &door,
        Request::get(site.url("/x")).pace(Duration::from_secs(6)),
    )
    .await;
    assert_eq!(
        clock.slept(),
        [Duration::from_secs(2), Duration::from_secs(6)]
    );
}

#[tokio::test]
async fn a_host_that_said_retry_after_is_not_asked_before() {
    let site = FakeSite::start().await;
    site.script(
        "/x",
        vec![
            Reply::status(429).header("retry-after", "90"),
            Reply::ok("x"),
        ],
    );
    let clock = TestClock::at("2026-11-21T09:00:00Z");
    let door = Door::new(config(&[&site]), clock.clone()).unwrap();
    assert_eq!(
        shown(&door.fetch(Request::get(site.url("/x"))).await),
        "wait 90"
    );
    clock.advance(Duration::from_secs(30));
    assert_eq!(
        shown(&door.fetch(Request::get(site.url("/y"))).await),
        "wait 60"
    );
    assert_eq!(site.requests().len(), 1);
    clock.advance(Duration::from_secs(60));
    assert_eq!(
        shown(&door.fetch(Request::get(site.url("/x"))).await),
        "body 200"
    );
}
