//! Where redirects lead, over loopback: each is judged like the first address.

use std::time::Duration;

use net::{Config, Door, Fetched, NetError, Request};
use testkit::TestClock;
use testkit::site::{FakeSite, Reply};

use crate::door::{SECRET, authority, body_of, door, shown};

#[tokio::test]
async fn the_time_of_a_request_covers_its_redirects() {
    let site = FakeSite::start().await;
    site.serve("/a", Reply::redirect(302, "/b"));
    site.serve("/b", Reply::hang());
    let result = door(&[&site])
        .fetch(Request::get(site.url("/a")).timeout(Duration::from_millis(100)))
        .await;
    assert_eq!(shown(&result), "passing");
}

#[tokio::test]
async fn redirects_of_a_read_are_followed_to_a_cap() {
    let site = FakeSite::start().await;
    for (status, path) in [
        (301, "/a"),
        (302, "/b"),
        (303, "/c"),
        (307, "/d"),
        (308, "/e"),
    ] {
        site.serve(path, Reply::redirect(status, "/end?x=1#part"));
    }
    site.serve("/end", Reply::ok("here"));
    site.serve("/loop", Reply::redirect(302, "/loop"));
    let door = door(&[&site]);
    for path in ["/a", "/b", "/c", "/d", "/e"] {
        let body = body_of(&door, Request::get(site.url(path))).await;
        assert_eq!(
            (body.url, &body.bytes[..]),
            (site.url("/end?x=1"), &b"here"[..]),
            "{path}"
        );
    }
    let before = site.requests().len();
    assert_eq!(
        shown(&door.fetch(Request::get(site.url("/loop"))).await),
        "forbidden more than 5 redirects"
    );
    assert_eq!(site.requests().len() - before, 6);
}

#[tokio::test]
async fn a_redirect_is_judged_like_the_first_address() {
    let site = FakeSite::start().await;
    let inside = FakeSite::start().await;
    inside.serve("/admin", Reply::ok("secret"));
    site.serve("/private", Reply::redirect(302, &inside.url("/admin")));
    site.serve(
        "/metadata",
        Reply::redirect(301, "http://169.254.169.254/latest/"),
    );
    site.serve(
        "/name",
        Reply::redirect(302, &inside.url("/admin").replace("127.0.0.1", "localhost")),
    );
    site.serve("/file", Reply::redirect(302, "file:///etc/passwd"));
    site.serve(
        "/login",
        Reply::redirect(302, &site.url("/x").replace("http://", "http://user:pw@")),
    );
    let door = door(&[&site]);
    for path in ["/private", "/metadata", "/name", "/file", "/login"] {
        let result = door.fetch(Request::get(site.url(path))).await;
        assert!(
            matches!(result, Err(NetError::Forbidden { .. })),
            "{path}: {}",
            shown(&result)
        );
    }
    assert!(inside.requests().is_empty());
}

#[tokio::test]
async fn a_name_is_reached_at_the_ports_the_operator_lists() {
    let site = FakeSite::start().await;
    site.serve("/x", Reply::ok("x"));
    let url = site.url("/x").replace("127.0.0.1", "localhost");
    let port = authority(&site).rsplit_once(':').unwrap().1.to_owned();
    let clock = TestClock::at("2026-11-21T09:00:00Z");
    for (allow, allowed) in [
        (vec![], false),
        (vec!["localhost".to_owned()], true),
        (vec![format!("localhost:{port}")], true),
        (vec!["localhost:1".to_owned()], false),
        (vec!["other.example".to_owned()], false),
    ] {
        let door = Door::new(
            Config {
                allow: allow.clone(),
                ..Config::default()
            },
            clock.clone(),
        )
        .unwrap();
        let result = door.fetch(Request::get(&url)).await;
        assert_eq!(
            matches!(result, Ok(Fetched::Body(_))),
            allowed,
            "{allow:?}: {}",
            shown(&result)
        );
        assert_eq!(
            matches!(result, Err(NetError::Forbidden { .. })),
            !allowed,
            "{allow:?}"
        );
    }
}

#[tokio::test]
async fn secret_headers_stay_with_their_host() {
    let first = FakeSite::start().await;
    let second = FakeSite::start().await;
    first.serve("/same", Reply::redirect(302, "/end"));
    first.serve("/end", Reply::ok("x"));
    first.serve("/other", Reply::redirect(302, &second.url("/back")));
    second.serve("/back", Reply::redirect(302, &first.url("/end")));
    let door = door(&[&first, &second]);
    let ask = |path: &str| {
        Request::get(first.url(path))
            .header("authorization", SECRET)
            .header("x-api-key", SECRET)
            .header("user-agent", "Reader/1.0")
            .header("accept", "text/xml")
    };
    body_of(&door, ask("/same")).await;
    body_of(&door, ask("/other")).await;
    let seen: Vec<(String, bool, bool)> = first
        .requests()
        .iter()
        .chain(&second.requests())
        .map(|seen| {
            let secrets =
                seen.header("authorization").is_some() || seen.header("x-api-key").is_some();
            let plain = seen.header("user-agent") == Some("Reader/1.0")
                && seen.header("accept") == Some("text/xml");
            (seen.path.clone(), secrets, plain)
        })
        .collect();
    let wanted = [
        ("/same", true),
        ("/end", true),
        ("/other", true),
        ("/end", false),
        ("/back", false),
    ];
    assert_eq!(
        seen,
        wanted.map(|(path, secrets)| (path.to_owned(), secrets, true))
    );
}
