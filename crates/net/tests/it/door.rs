//! Statuses and limits, over loopback; redirects and courtesy stand beside.

use std::sync::Arc;
use std::time::Duration;

use model::{Clock, Secret};
use net::{Body, Config, Door, Fetched, NetError, Recorder, Request};
use serde_json::json;
use testkit::TestClock;
use testkit::site::{FakeSite, Reply};

pub(crate) const SECRET: &str = "hunter2";

pub(crate) fn authority(site: &FakeSite) -> String {
    site.url("")
        .trim_start_matches("http://")
        .trim_end_matches('/')
        .to_owned()
}

pub(crate) fn config(sites: &[&FakeSite]) -> Config {
    Config {
        allow: sites.iter().map(|site| authority(site)).collect(),
        host_interval_seconds: 0,
        ..Config::default()
    }
}

pub(crate) fn door(sites: &[&FakeSite]) -> Door {
    match Door::new(config(sites), TestClock::at("2026-11-21T09:00:00Z")) {
        Ok(door) => door,
        Err(why) => panic!("{why}"),
    }
}

pub(crate) async fn body_of(door: &Door, request: Request) -> Body {
    match door.fetch(request).await {
        Ok(Fetched::Body(body)) => body,
        other => panic!("{}", shown(&other)),
    }
}

/// The variant and what the caller needs of it, in a few words.
pub(crate) fn shown(result: &Result<Fetched, NetError>) -> String {
    match result {
        Ok(Fetched::Unchanged) => "unchanged".to_owned(),
        Ok(Fetched::Body(body)) => format!("body {}", body.status),
        Err(error) => shown_error(error),
    }
}

pub(crate) fn shown_error(error: &NetError) -> String {
    match error {
        NetError::Wait { after, .. } => format!("wait {}", after.as_secs()),
        NetError::Passing { .. } => "passing".to_owned(),
        NetError::Refused { status, body, .. } => format!("refused {status} {body}"),
        NetError::Gone { .. } => "gone".to_owned(),
        NetError::Rejected { status, body, .. } => format!("rejected {status} {body}"),
        NetError::Forbidden { reason, .. } => format!("forbidden {reason}"),
    }
}

#[tokio::test]
async fn every_status_is_a_next_step() {
    let date = "Sat, 21 Nov 2026 09:02:00 GMT";
    for (reply, wanted) in [
        (Reply::ok("x"), "body 200"),
        (Reply::status(204), "body 204"),
        (Reply::status(300), "rejected 300 "),
        (Reply::status(304), "rejected 304 "),
        (Reply::status(301), "rejected 301 "),
        (
            Reply::status(400).body("bad query"),
            "rejected 400 bad query",
        ),
        (Reply::status(401).body("no"), "refused 401 no"),
        (Reply::status(403), "refused 403 "),
        (Reply::status(403).header("retry-after", "7"), "wait 7"),
        (
            Reply::status(404).header("message", "Invalid parameter"),
            "rejected 404 Invalid parameter",
        ),
        (Reply::status(408), "passing"),
        (Reply::status(410), "gone"),
        (Reply::status(413), "rejected 413 "),
        (Reply::status(429), "wait 60"),
        (Reply::status(429).header("retry-after", "0"), "wait 1"),
        (Reply::status(429).header("retry-after", date), "wait 120"),
        (
            Reply::status(429).header("x-rate-limit-reset", "1795251690"),
            "wait 90",
        ),
        (
            Reply::status(429).header("x-ratelimit-reset", "2026-11-21T09:05:00Z"),
            "wait 300",
        ),
        (
            Reply::status(429).header("ratelimit-reset", "1795251690"),
            "wait 90",
        ),
        (
            Reply::status(403)
                .header("x-ratelimit-remaining", "0")
                .header("x-ratelimit-reset", "259"),
            "wait 259",
        ),
        (
            Reply::status(403)
                .header("x-ratelimit-remaining", "599.0")
                .header("x-ratelimit-reset", "259"),
            "refused 403 ",
        ),
        (
            Reply::status(429).header("retry-after", "9999999"),
            "wait 86400",
        ),
        (Reply::status(429).header("retry-after", "soon"), "wait 60"),
        (Reply::status(500), "passing"),
        (Reply::status(503), "passing"),
        (Reply::status(503).header("retry-after", "30"), "wait 30"),
        (Reply::status(524), "passing"),
    ] {
        let site = FakeSite::start().await;
        site.serve("/x", reply);
        let result = door(&[&site]).fetch(Request::get(site.url("/x"))).await;
        assert_eq!(shown(&result), wanted);
    }
}

#[tokio::test]
async fn a_refusal_keeps_two_kilobytes_of_its_reason_even_of_an_endless_one() {
    let site = FakeSite::start().await;
    site.serve("/x", Reply::status(400).body("because ").endless());
    match door(&[&site]).fetch(Request::get(site.url("/x"))).await {
        Err(NetError::Rejected {
            status: 400, body, ..
        }) => assert!((2000..=2048).contains(&body.len()), "{}", body.len()),
        other => panic!("{}", shown(&other)),
    }
}

#[tokio::test]
async fn a_compressed_bomb_is_counted_unpacked() {
    let site = FakeSite::start().await;
    site.serve("/bomb", Reply::ok(vec![b' '; 3 * 1024 * 1024]).gzip());
    site.serve("/fits", Reply::ok(vec![b' '; 1024 * 1024]).gzip());
    let door = Door::new(
        Config {
            max_body_mb: 1,
            ..config(&[&site])
        },
        TestClock::at("2026-11-21T09:00:00Z"),
    )
    .unwrap();
    let result = door.fetch(Request::get(site.url("/bomb"))).await;
    assert_eq!(
        shown(&result),
        "forbidden the answer is larger than 1048576 bytes"
    );
    assert_eq!(
        body_of(&door, Request::get(site.url("/fits")))
            .await
            .bytes
            .len(),
        1024 * 1024
    );
    let result = door
        .fetch(Request::get(site.url("/fits")).max_body(1024 * 1024 - 1))
        .await;
    assert!(matches!(result, Err(NetError::Forbidden { .. })));
}

#[tokio::test]
async fn an_announced_length_over_the_cap_is_refused_and_an_endless_body_ends() {
    let site = FakeSite::start().await;
    site.serve("/large", Reply::ok(vec![b'x'; 4096]));
    site.serve("/endless", Reply::ok("more and more ").endless());
    let door = door(&[&site]);
    for path in ["/large", "/endless"] {
        let result = door
            .fetch(Request::get(site.url(path)).max_body(4095))
            .await;
        assert_eq!(
            shown(&result),
            "forbidden the answer is larger than 4095 bytes",
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_truncated_body_may_come_whole_later() {
    let site = FakeSite::start().await;
    let text = "a body of some length ".repeat(2000);
    site.script(
        "/x",
        vec![
            Reply::ok(&text).truncated(),
            Reply::ok(&text).gzip().truncated(),
            Reply::ok(&text),
        ],
    );
    let door = door(&[&site]);
    for _ in 0..2 {
        assert_eq!(
            shown(&door.fetch(Request::get(site.url("/x"))).await),
            "passing"
        );
    }
    assert_eq!(
        body_of(&door, Request::get(site.url("/x")))
            .await
            .bytes
            .len(),
        text.len()
    );
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up() {
    let site = FakeSite::start().await;
    site.serve("/x", Reply::hang());
    let result = door(&[&site])
        .fetch(Request::get(site.url("/x")).timeout(Duration::from_millis(100)))
        .await;
    match result {
        Err(NetError::Passing { reason, .. }) => assert_eq!(reason, "no answer within 100ms"),
        other => panic!("{}", shown(&other)),
    }
}

#[tokio::test]
async fn nobody_listening_is_a_passing_failure() {
    let site = FakeSite::start().await;
    let url = site.url("/x");
    let door = door(&[&site]);
    drop(site);
    assert_eq!(shown(&door.fetch(Request::get(url)).await), "passing");
}

#[tokio::test]
async fn a_post_sends_its_body_and_follows_nothing() {
    let site = FakeSite::start().await;
    site.serve("/hook", Reply::ok("taken"));
    site.serve("/moved", Reply::redirect(308, "/hook"));
    let door = door(&[&site]);
    let message = json!({ "text": "प्रहरी" });
    let body = door
        .send(Request::post_json(site.url("/hook"), &message))
        .await
        .unwrap();
    assert_eq!(&body.bytes[..], b"taken");
    let seen = &site.requests()[0];
    assert_eq!(
        (seen.method.as_str(), seen.json()),
        ("POST", message.clone())
    );
    assert_eq!(
        seen.header("content-type"),
        Some("application/json; charset=utf-8")
    );
    assert!(seen.header("user-agent").unwrap().starts_with("Prahari/"));

    let error = door
        .send(Request::post_json(site.url("/moved"), &message))
        .await
        .unwrap_err();
    assert_eq!(shown_error(&error), "rejected 308 ");
    let fetched = door
        .fetch(Request::post_json(site.url("/moved"), &message))
        .await;
    assert_eq!(shown(&fetched), "rejected 308 ");
    assert_eq!(
        site.requests()
            .iter()
            .filter(|seen| seen.path == "/hook")
            .count(),
        1
    );
}

#[tokio::test]
async fn errors_name_the_host_and_nothing_else_of_the_address() {
    let site = FakeSite::start().await;
    let path = format!("/bot{SECRET}/send?token={SECRET}");
    site.script(
        &format!("/bot{SECRET}/send"),
        vec![
            Reply::status(400),
            Reply::status(500),
            Reply::ok("xxxxxxxxxx").truncated(),
            Reply::redirect(302, &format!("http://10.0.0.1/{SECRET}")),
            Reply::hang(),
        ],
    );
    let door = door(&[&site]);
    let mut requests: Vec<Request> = (0..5)
        .map(|_| Request::get(site.url(&path)).header("authorization", SECRET))
        .collect();
    requests.push(Request::get(format!(
        "http://user:{SECRET}@example.org/{SECRET}"
    )));
    requests.push(Request::get(format!("ftp://example.org/{SECRET}")));
    requests.push(Request::get(format!("not an address {SECRET}")));
    requests.push(Request::get(site.url("/")).header("x-key", format!("{SECRET}\n")));
    requests.push(Request::get(format!("http://127.0.0.1:1/{SECRET}")));
    let mut count = 0;
    for request in requests {
        let error = door
            .fetch(request.timeout(Duration::from_millis(200)))
            .await
            .unwrap_err();
        assert!(!format!("{error} {error:?}").contains(SECRET), "{error:?}");
        count += 1;
    }
    assert_eq!(count, 10);
}

#[tokio::test]
async fn everything_goes_through_the_proxy_when_there_is_one() {
    let proxy = FakeSite::start().await;
    proxy.serve("/feed.xml", Reply::ok("through the proxy"));
    let config = Config {
        proxy: Some(Secret::new(proxy.url(""))),
        host_interval_seconds: 0,
        ..Config::default()
    };
    let door = Door::new(config, TestClock::at("2026-11-21T09:00:00Z")).unwrap();
    // The name exists nowhere: only the proxy can be asked.
    let body = body_of(&door, Request::get("http://feeds.invalid/feed.xml")).await;
    assert_eq!(&body.bytes[..], b"through the proxy");
    assert_eq!(proxy.requests()[0].header("host"), Some("feeds.invalid"));
    let seen = proxy.requests().len();
    let inside = door.fetch(Request::get("http://10.0.0.1/feed.xml")).await;
    assert!(matches!(inside, Err(NetError::Forbidden { .. })));
    assert_eq!(proxy.requests().len(), seen);
}

#[test]
fn a_config_that_cannot_be_read_is_said_without_its_secrets() {
    let clock: Arc<dyn Clock> = TestClock::at("2026-11-21T09:00:00Z");
    for (config, word) in [
        (
            Config {
                proxy: Some(Secret::new(format!("socks5://user:{SECRET}@proxy:1"))),
                ..Config::default()
            },
            "net.proxy",
        ),
        (
            Config {
                proxy: Some(Secret::new("proxy:3128".to_owned())),
                ..Config::default()
            },
            "net.proxy",
        ),
        (
            Config {
                allow: vec!["10.0.0.0/99".to_owned()],
                ..Config::default()
            },
            "10.0.0.0/99",
        ),
        (
            Config {
                user_agent: "a\nb".to_owned(),
                ..Config::default()
            },
            "net.user_agent",
        ),
    ] {
        let error = Door::new(config, Arc::clone(&clock)).err().unwrap();
        assert!(error.contains(word) && !error.contains(SECRET), "{error}");
    }
}

#[tokio::test]
async fn a_document_comes_with_the_headers_of_its_server_but_no_cookie() {
    let site = FakeSite::start().await;
    let reply = Reply::ok("x").header("link", "<https://a.example/?page=2>; rel=\"next\"");
    site.serve("/x", reply.header("set-cookie", "session=hunter2"));
    let body = body_of(&door(&[&site]), Request::get(site.url("/x"))).await;
    assert_eq!(
        body.header("Link"),
        Some("<https://a.example/?page=2>; rel=\"next\"")
    );
    assert_eq!(body.header("x-rate-limit-remaining"), None);
    assert!(!format!("{body:?}").contains(SECRET));
}

#[tokio::test]
async fn a_form_is_sent_encoded_and_no_body_is_shown() {
    let site = FakeSite::start().await;
    site.serve("/token", Reply::ok("{}"));
    let request = Request::post_form(
        site.url("/token"),
        &[("grant_type", "a b"), ("p", "hunter2")],
    );
    assert!(!format!("{request:?}").contains(SECRET), "{request:?}");
    door(&[&site]).send(request).await.unwrap();
    door(&[&site])
        .send(Request::post(site.url("/token")))
        .await
        .unwrap();
    let empty = &site.requests()[1];
    assert_eq!((empty.method.as_str(), empty.body.len()), ("POST", 0));
    assert_eq!(empty.header("content-type"), None);
    let seen = &site.requests()[0];
    assert_eq!(
        (seen.method.as_str(), seen.text().as_str()),
        ("POST", "grant_type=a+b&p=hunter2")
    );
    assert_eq!(
        seen.header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
}

#[tokio::test]
async fn what_is_read_through_a_recorded_door_is_noted() {
    let site = FakeSite::start().await;
    site.serve("/feed", Reply::ok("<rss/>").content_type("application/xml"));
    site.serve("/moved", Reply::redirect(301, "/feed?apikey=hunter2"));
    site.serve(
        "/robots.txt",
        Reply::ok("User-agent: *").content_type("text/plain"),
    );
    site.serve(
        "/login",
        Reply::ok("{\"token\":\"hunter2\"}").content_type("application/json"),
    );
    site.serve(
        "/large",
        Reply::ok("x".repeat(200)).content_type("text/plain"),
    );
    site.serve("/gone", Reply::status(404));
    let plain = door(&[&site]);
    let recorder = Arc::new(Recorder::new(100, 20));
    let recorded = plain.recorded_by(Arc::clone(&recorder));
    let get = |path: &str| Request::get(site.url(path));
    body_of(&recorded, get("/feed")).await;
    body_of(&recorded, get("/moved")).await;
    body_of(&recorded, get("/robots.txt").passing()).await;
    body_of(&recorded, get("/large")).await;
    recorded
        .send(Request::post_json(site.url("/login"), &json!({})))
        .await
        .unwrap();
    let _ = recorded.fetch(get("/gone")).await;
    body_of(&plain, get("/feed")).await;
    let noted = recorder.take();
    let urls: Vec<String> = noted
        .iter()
        .map(|document| document.url.replace(&site.url(""), ""))
        .collect();
    assert_eq!(urls, ["/feed", "/feed?apikey=redacted"]);
    assert_eq!(noted[0].bytes, "<rss/>");
    assert_eq!(noted[0].content_type.as_deref(), Some("application/xml"));
    assert_eq!(recorder.take(), []);
    // Together they are bounded: 20 bytes hold three of six.
    for _ in 0..5 {
        body_of(&recorded, get("/feed")).await;
    }
    assert_eq!(recorder.take().len(), 3);
}
