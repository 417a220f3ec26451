//! Answers without an end, and WebSockets, over loopback.

use std::time::Duration;

use net::{Bounds, Config, Door, Event, NetError, Request};
use serde_json::json;
use testkit::TestClock;
use testkit::jetstream::FakeJetstream;
use testkit::site::{FakeSite, Reply};
use testkit::tap::Tap;

const BOUNDS: Bounds = Bounds {
    idle: Duration::from_secs(10),
    longest: 40,
};
/// Real time: what is silent is so in real time.
const IMPATIENT: Bounds = Bounds {
    idle: Duration::from_millis(30),
    longest: 40,
};

fn door() -> Door {
    let config = Config {
        allow: vec!["127.0.0.1".to_owned()],
        host_interval_seconds: 0,
        ..Config::default()
    };
    Door::new(config, TestClock::at("2026-11-21T09:00:00Z")).unwrap()
}

async fn site(path: &str) -> (FakeSite, Tap) {
    let (site, tap) = (FakeSite::start().await, Tap::new());
    site.serve(path, Reply::tap(&tap));
    (site, tap)
}

#[tokio::test]
async fn lines_come_as_they_are_sent_whole_or_in_pieces() {
    let (site, tap) = site("/s").await;
    let mut lines = door()
        .lines(Request::get(site.url("/s")), BOUNDS)
        .await
        .unwrap();
    tap.opened(1).await;
    tap.send("one\r\n\r\ntwo\nth");
    for expected in ["one", "", "two"] {
        assert_eq!(lines.next().await.unwrap().as_deref(), Some(expected));
    }
    tap.send("ree \u{930}");
    tap.send("\nfour");
    assert_eq!(
        lines.next().await.unwrap().as_deref(),
        Some("three \u{930}")
    );
    tap.cut();
    // What was begun and not ended is not a line; the break is told.
    let end = lines.next().await;
    assert!(matches!(end, Err(NetError::Passing { .. })), "{end:?}");
    assert_eq!(
        site.requests()[0].header("accept-encoding"),
        Some("identity")
    );
}

#[tokio::test]
async fn a_line_too_long_costs_itself_and_no_memory() {
    let (site, tap) = site("/s").await;
    let mut lines = door()
        .lines(Request::get(site.url("/s")), BOUNDS)
        .await
        .unwrap();
    tap.opened(1).await;
    for _ in 0..100 {
        tap.send("x".repeat(10_000));
    }
    tap.send(format!("\nshort\n{}\nend\n", "y".repeat(41)));
    assert_eq!(lines.next().await.unwrap().as_deref(), Some("short"));
    assert_eq!(lines.next().await.unwrap().as_deref(), Some("end"));
    assert_eq!((lines.dropped(), lines.dropped()), (2, 0));
}

#[tokio::test]
async fn silence_is_the_end_and_every_byte_is_life() {
    let (site, tap) = site("/s").await;
    let door = door();
    let mut lines = door
        .lines(Request::get(site.url("/s")), IMPATIENT)
        .await
        .unwrap();
    let error = lines.next().await.unwrap_err();
    assert!(error.to_string().contains("silent for 30ms"), "{error}");
    let fake = FakeJetstream::start().await;
    let mut socket = door
        .socket(Request::get(format!("{}/subscribe", fake.url())), IMPATIENT)
        .await
        .unwrap();
    let error = socket.next().await.unwrap_err();
    assert!(error.to_string().contains("silent for 30ms"), "{error}");
    drop(tap);
}

#[tokio::test]
async fn events_are_read_with_their_names_and_comments_are_life() {
    let (site, tap) = site("/s").await;
    let mut events = door()
        .events(Request::get(site.url("/s")), BOUNDS)
        .await
        .unwrap();
    tap.opened(1).await;
    tap.send(
        ":thump\nevent: update\ndata: {\"a\":\ndata:1}\nid: 7\n\n\n\nevent: empty\n\ndata: x\n\n",
    );
    assert_eq!(events.next().await.unwrap(), Some(Event::Comment));
    let message = |name: &str, data: &str| {
        Some(Event::Message {
            name: name.to_owned(),
            data: data.to_owned(),
        })
    };
    assert_eq!(
        events.next().await.unwrap(),
        message("update", "{\"a\":\n1}")
    );
    assert_eq!(events.next().await.unwrap(), message("", "x"));
    tap.send(format!("data:{0}\ndata:{0}\n\n", "z".repeat(30)));
    let error = events.next().await.unwrap_err();
    assert!(matches!(error, NetError::Forbidden { .. }), "{error:?}");
    assert_eq!(
        site.requests()[0].header("accept"),
        Some("text/event-stream")
    );
}

#[tokio::test]
async fn refusals_of_a_stream_are_those_of_any_request() {
    let site = FakeSite::start().await;
    let door = door();
    for (reply, expected) in [
        (Reply::status(401).body("no"), "refuses us: HTTP 401: no"),
        (Reply::status(404), "HTTP 404"),
        (Reply::status(500), "HTTP 500"),
        (Reply::redirect(301, "/elsewhere"), "HTTP 301"),
    ] {
        site.serve("/s", reply);
        let error = door
            .lines(Request::get(site.url("/s")), BOUNDS)
            .await
            .unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    // The hint holds for whatever is asked of the host.
    site.serve("/s", Reply::status(420).header("retry-after", "90"));
    for path in ["/s", "/other"] {
        let error = door
            .lines(Request::get(site.url(path)), BOUNDS)
            .await
            .unwrap_err();
        assert!(matches!(error, NetError::Wait { .. }), "{error}");
    }
    assert!(site.requests().iter().all(|seen| seen.path != "/other"));
}

#[tokio::test]
async fn a_socket_gives_messages_until_it_is_closed() {
    let fake = FakeJetstream::start().await;
    let door = door();
    let address = format!("{}/subscribe?cursor=5", fake.url());
    fake.happens(4, &json!(4));
    fake.happens(5, &json!("five"));
    let mut socket = door.socket(Request::get(&address), BOUNDS).await.unwrap();
    assert_eq!(&socket.next().await.unwrap().unwrap()[..], b"\"five\"");
    fake.happens(6, &json!(6));
    assert_eq!(&socket.next().await.unwrap().unwrap()[..], b"6");
    fake.happens(7, &json!("x".repeat(50)));
    let error = socket.next().await.unwrap_err();
    assert!(
        error.to_string().contains("larger than 40 bytes"),
        "{error}"
    );
    let mut socket = door.socket(Request::get(&address), BOUNDS).await.unwrap();
    fake.connected(2).await;
    fake.cut();
    let mut last = socket.next().await;
    while let Ok(Some(_)) = last {
        last = socket.next().await;
    }
    assert!(matches!(
        last,
        Ok(None) | Err(NetError::Passing { .. } | NetError::Forbidden { .. })
    ));
}

#[tokio::test]
async fn a_socket_passes_the_same_guard_and_is_told_from_a_page() {
    let fake = FakeJetstream::start().await;
    let strict = Door::new(Config::default(), TestClock::at("2026-11-21T09:00:00Z")).unwrap();
    for address in [fake.url(), fake.url().replace("127.0.0.1", "localhost")] {
        let error = strict
            .socket(Request::get(address), BOUNDS)
            .await
            .unwrap_err();
        assert!(matches!(error, NetError::Forbidden { .. }), "{error:?}");
    }
    assert_eq!(fake.queries().len(), 0);
    let site = FakeSite::start().await;
    site.serve("/s", Reply::ok("<html>"));
    let address = site.url("/s").replace("http", "ws");
    let error = door()
        .socket(Request::get(address), BOUNDS)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("opened no WebSocket"), "{error}");
    for wrong in [site.url("/s"), "data:x".to_owned()] {
        let error = door()
            .socket(Request::get(wrong), BOUNDS)
            .await
            .unwrap_err();
        assert!(matches!(error, NetError::Forbidden { .. }), "{error:?}");
    }
    fake.refuse(Some(429));
    let address = format!("{}/subscribe", fake.url());
    let error = door()
        .socket(Request::get(address), BOUNDS)
        .await
        .unwrap_err();
    assert!(matches!(error, NetError::Wait { .. }), "{error:?}");
}

#[tokio::test]
async fn a_socket_goes_through_the_proxy_when_there_is_one() {
    let proxy = FakeSite::start().await;
    proxy.serve("/subscribe", Reply::status(403));
    let config = Config {
        proxy: Some(model::Secret::new(proxy.url(""))),
        ..Config::default()
    };
    let door = Door::new(config, TestClock::at("2026-11-21T09:00:00Z")).unwrap();
    let _ = door
        .socket(Request::get("ws://stream.invalid/subscribe"), BOUNDS)
        .await
        .unwrap_err();
    assert_eq!(proxy.requests()[0].header("host"), Some("stream.invalid"));
}
