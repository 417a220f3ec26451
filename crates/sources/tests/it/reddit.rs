//! Subreddits through Reddit's API and through its feeds, against a fake; and
//! listings.

use std::time::Duration;

use expect_test::expect;
use model::{Cursor, Secret};
use serde_json::{Value, json};
use sources::reddit::{Config, Reddit, parse};
use sources::{Source, SourceError};
use testkit::site::{Reply, Seen};

use crate::scene::{Scene, fixture, name, read_all, recordings, said};

pub(crate) const TOKEN: &str = "/api/v1/access_token";
pub(crate) const AGENT: &str = "linux:prahari:0.1 (by /u/someone)";

fn config(scene: &Scene, subreddits: &[&str]) -> Config {
    let text = format!("subreddits = {subreddits:?}");
    Config {
        url: scene.site.url(""),
        token_url: scene.site.url(TOKEN),
        feed_url: scene.site.url(""),
        ..toml::from_str(&text).unwrap()
    }
}

/// With an app, and a token that is given out.
fn app(scene: &Scene, subreddits: &[&str]) -> Config {
    scene.site.serve(TOKEN, token("token-1"));
    Config {
        client_id: Some("app-1".to_owned()),
        client_secret: Some(Secret::new("hunter2".to_owned())),
        user_agent: Some(AGENT.to_owned()),
        ..config(scene, subreddits)
    }
}

pub(crate) fn token(value: &str) -> Reply {
    Reply::json(
        &json!({"access_token": value, "token_type": "bearer", "expires_in": 86400, "scope": "*"}),
    )
}

fn open(scene: &Scene, config: Config) -> Reddit {
    Reddit::new(name(), config, &scene.tools)
}

/// Posts made so many seconds after 08:00 UTC.
pub(crate) fn listing(seconds: &[i64], after: Option<&str>) -> Reply {
    let children: Vec<Value> = seconds
        .iter()
        .map(|at| {
            json!({"kind": "t3", "data": {
                "name": format!("t3_p{at}"), "title": format!("post {at}"), "created_utc": 1_795_248_000.0 + *at as f64, "is_self": true,
                "selftext": "text", "permalink": format!("/r/netsec/comments/p{at}/x/"), "edited": false
            }})
        })
        .collect();
    Reply::json(
        &json!({"kind": "Listing", "data": {"after": after, "before": null, "children": children}}),
    )
}

fn asked(scene: &Scene) -> Vec<String> {
    let line = |seen: &Seen| match seen.param("after") {
        Some(after) => format!("{} {after}", seen.path),
        None => seen.path.clone(),
    };
    scene.site.requests().iter().map(line).collect()
}

#[test]
fn a_listing_is_read_with_links_texts_edits_and_what_is_gone() {
    let page = parse(fixture("reddit/new.json").as_bytes()).unwrap();
    let mut out = String::new();
    for draft in &page.parsed.entries {
        out.push_str(&format!(
            "{} {} {} {:?} {:?}\n{}\n{}\n\n",
            draft.external_id,
            draft.url.as_deref().unwrap_or("-"),
            draft.author.as_deref().unwrap_or("-"),
            draft.published.map(|at| at.to_string()),
            draft.updated.map(|at| at.to_string()),
            draft.title,
            draft.text
        ));
    }
    for problem in &page.parsed.problems {
        out.push_str(&format!("{}: {}\n", problem.place, problem.reason));
    }
    expect![[r#"
        t3_1p0aa03 https://www.reddit.com/r/netsec/comments/1p0aa03/crosspost_bank_breach/ - Some("2026-11-21T08:00:00Z") None
        Crosspost: bank breach
        https://www.reddit.com/r/india/comments/1p0zz99/bank_breach/

        The bank said on Friday …

        t3_1p0aa05 https://www.reddit.com/r/netsec/comments/1p0aa05/anyone_seeing_scans_on_4443/ u/night_shift Some("2026-11-21T08:33:20Z") Some("2026-11-21T08:40:00Z")
        Anyone seeing scans on 4443?
        Since **08:00 IST** we see `GET /vpn/../` from 203.0.113.7.

        [pcap](https://paste.example/1)

        Edit: also हिन्दी pages.

        t3_1p0aa06 https://www.reddit.com/r/netsec/comments/1p0aa06/acmevpn_91_preauth_rce_how_we_found_it/ u/acme_researcher Some("2026-11-21T08:50:00Z") None
        AcmeVPN < 9.1 pre-auth RCE & how we found it
        https://lab.example/acmevpn?x=1&y=2

        post 5: it has no title
    "#]]
    .assert_eq(&out);
    assert_eq!(page.after.as_deref(), Some("t3_1p0aa01"));
}

#[test]
fn every_recorded_listing_gives_every_post() {
    let mut listings = 0;
    for (file, asked, body) in recordings("reddit") {
        let posts: Vec<&Value> = body
            .pointer("/data/children")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter(|child| child.get("kind") == Some(&json!("t3")))
            .collect();
        let read = parse(body.to_string().as_bytes());
        if posts.is_empty() {
            continue;
        }
        listings += 1;
        let page = read.unwrap();
        assert_eq!(page.parsed.entries.len(), posts.len(), "{file} {asked}");
        for draft in &page.parsed.entries {
            assert!(
                draft.published.is_some() && draft.url.is_some(),
                "{file} {draft:?}"
            );
            assert!(
                !draft.text.is_empty()
                    || draft
                        .url
                        .as_deref()
                        .is_some_and(|url| url.contains("/comments/")),
                "{draft:?}"
            );
        }
    }
    println!("{listings} recorded listings");
}

#[test]
fn no_listing_cut_anywhere_makes_it_panic() {
    let whole = fixture("reddit/new.json");
    for end in 0..whole.len() {
        let _ = parse(&whole.as_bytes()[..end.min(whole.floor_char_boundary(end))]);
    }
    let odd = json!({"kind": "Listing", "data": {"children": [7, {"kind": "t3"}, {"kind": "t3", "data": {"name": "../x", "title": "t"}}]}});
    assert_eq!(
        parse(odd.to_string().as_bytes())
            .unwrap()
            .parsed
            .problems
            .len(),
        2
    );
    assert!(matches!(
        parse(b"{\"error\": 403}"),
        Err(SourceError::Nonsense(_))
    ));
}

#[tokio::test]
async fn with_an_app_it_logs_in_once_and_reads_back_to_what_it_knew() {
    let scene = Scene::start().await;
    let reddit = open(&scene, app(&scene, &["netsec"]));
    scene
        .site
        .serve("/r/netsec/new", listing(&[3, 2, 1], Some("t3_p1")));
    let first = reddit.poll(&Cursor::start()).await.unwrap();
    assert!(first.first_load && first.checkpoint && !first.more);
    let titles: Vec<&str> = first.items.iter().map(|item| item.title.as_str()).collect();
    assert_eq!(titles, ["post 1", "post 2", "post 3"]);

    scene.site.script(
        "/r/netsec/new",
        vec![
            listing(&[9, 8, 7], Some("t3_p7")),
            listing(&[6, 5, 4], Some("t3_p4")),
            listing(&[3, 2, 1], Some("t3_p1")),
        ],
    );
    let polls = read_all(&reddit, &first.cursor).await;
    assert!(
        polls
            .iter()
            .all(|polled| polled.checkpoint && !polled.first_load)
    );
    assert_eq!(polls[2].items[2].id, first.items[2].id);
    assert_eq!(
        asked(&scene),
        [
            TOKEN,
            "/r/netsec/new",
            "/r/netsec/new",
            "/r/netsec/new t3_p7",
            "/r/netsec/new t3_p4"
        ]
    );
    let requests = scene.site.requests();
    // app-1:hunter2
    assert_eq!(
        requests[0].header("authorization"),
        Some("Basic YXBwLTE6aHVudGVyMg==")
    );
    assert_eq!(requests[0].text(), "grant_type=client_credentials");
    assert_eq!(requests[1].header("authorization"), Some("Bearer token-1"));
    assert_eq!(requests[1].header("user-agent"), Some(AGENT));
    assert_eq!(requests[1].param("raw_json").as_deref(), Some("1"));
}

#[tokio::test]
async fn a_token_that_ends_or_is_refused_is_renewed_once() {
    let scene = Scene::start().await;
    let reddit = open(&scene, app(&scene, &["netsec"]));
    scene.site.script(
        TOKEN,
        vec![token("token-1"), token("token-2"), token("token-3")],
    );
    scene.site.script(
        "/r/netsec/new",
        vec![Reply::status(401), listing(&[1], None)],
    );
    let first = reddit.poll(&Cursor::start()).await.unwrap();
    assert_eq!(first.items.len(), 1);
    scene.clock.advance(Duration::from_secs(86_400));
    reddit.poll(&first.cursor).await.unwrap();
    let used: Vec<String> = scene
        .site
        .requests()
        .iter()
        .filter(|seen| seen.path == "/r/netsec/new")
        .filter_map(|seen| seen.header("authorization").map(str::to_owned))
        .collect();
    assert_eq!(used, ["Bearer token-1", "Bearer token-2", "Bearer token-3"]);
    scene.site.serve("/r/netsec/new", Reply::status(401));
    assert_eq!(
        said(reddit.poll(&first.cursor).await),
        "Reddit refuses the token it has just given"
    );
}

#[tokio::test]
async fn a_subreddit_that_is_gone_costs_itself_and_all_gone_is_an_error() {
    let scene = Scene::start().await;
    let reddit = open(
        &scene,
        app(&scene, &["hidden", "nowhere", "withheld", "netsec"]),
    );
    scene.site.serve(
        "/r/hidden/new",
        Reply::status(403).body(r#"{"reason":"private","message":"Forbidden","error":403}"#),
    );
    scene.site.serve(
        "/r/nowhere/new",
        Reply::redirect(302, "/subreddits/search.json?q=nowhere"),
    );
    scene.site.serve("/r/withheld/new", Reply::status(451));
    scene.site.serve("/r/netsec/new", listing(&[1], None));
    let polls = read_all(&reddit, &Cursor::start()).await;
    let problems: Vec<&str> = polls
        .iter()
        .flat_map(|polled| &polled.problems)
        .map(|problem| problem.reason.as_str())
        .collect();
    assert_eq!(
        problems,
        [
            "r/hidden is private",
            "there is no r/nowhere",
            "r/withheld is withheld for legal reasons"
        ]
    );
    assert_eq!(polls[3].items.len(), 1);
    // Nothing good came before the fourth: a kill before it begins the round anew.
    assert_eq!(
        polls
            .iter()
            .map(|polled| polled.checkpoint)
            .collect::<Vec<_>>(),
        [false, false, false, true]
    );

    scene.site.serve(
        "/r/netsec/new",
        Reply::status(404).body(r#"{"reason":"banned","message":"Not Found","error":404}"#),
    );
    let mut cursor = polls[3].cursor.clone();
    for _ in 0..3 {
        cursor = reddit.poll(&cursor).await.unwrap().cursor;
    }
    assert_eq!(said(reddit.poll(&cursor).await), "r/netsec is banned");
}

#[tokio::test]
async fn when_no_request_is_left_the_rest_waits_for_the_next_poll() {
    let scene = Scene::start().await;
    let reddit = open(&scene, app(&scene, &["netsec", "india"]));
    scene.site.serve(
        "/r/netsec/new",
        listing(&[1], None)
            .header("x-ratelimit-remaining", "0.0")
            .header("x-ratelimit-reset", "120"),
    );
    scene.site.serve("/r/india/new", listing(&[2], None));
    let first = reddit.poll(&Cursor::start()).await.unwrap();
    assert!(!first.more);
    assert_eq!(
        reddit.poll(&first.cursor).await.unwrap().items[0].title,
        "post 2"
    );
}

#[tokio::test]
async fn without_an_app_the_feeds_are_read_when_they_changed() {
    let scene = Scene::start().await;
    let reddit = open(&scene, config(&scene, &["netsec"]));
    scene.site.serve(
        "/r/netsec/new/.rss",
        Reply::ok(fixture("reddit/new.rss")).etag("\"1\""),
    );
    let first = reddit.poll(&Cursor::start()).await.unwrap();
    assert!(first.first_load);
    let item = &first.items[1];
    assert_eq!(
        (item.external_id.as_str(), item.author.as_deref()),
        ("t3_1p0aa06", Some("u/acme_researcher"))
    );
    assert_eq!(item.kind, model::ItemKind::Post);
    let second = reddit.poll(&first.cursor).await.unwrap();
    assert!(second.items.is_empty() && !second.first_load);
    assert_eq!(
        scene.site.requests()[1].header("if-none-match"),
        Some("\"1\"")
    );
}

#[tokio::test]
async fn half_an_app_and_a_user_agent_of_another_form_are_named() {
    let scene = Scene::start().await;
    for (change, says) in [
        (
            (|config| config.client_secret = None) as fn(&mut Config),
            "`client_secret` or `client_secret_file` is missing beside `client_id`",
        ),
        (
            |config| config.client_id = None,
            "`client_id` is missing beside `client_secret`",
        ),
        (
            |config| config.user_agent = None,
            "`user_agent` must have the form",
        ),
        (
            |config| config.user_agent = Some("Mozilla/5.0".to_owned()),
            "`user_agent` must have the form",
        ),
    ] {
        let mut config = app(&scene, &["netsec"]);
        change(&mut config);
        assert!(!format!("{config:?}").contains("hunter2"));
        let text = said(open(&scene, config).poll(&Cursor::start()).await);
        assert!(text.starts_with(says), "{text}");
    }
    assert!(scene.site.requests().is_empty());
    let reddit = open(&scene, app(&scene, &["netsec"]));
    for (reply, says) in [
        (
            Reply::status(401).body(r#"{"message":"Unauthorized","error":401}"#),
            "Reddit does not accept `client_id` and `client_secret`",
        ),
        (
            Reply::ok(r#"{"error":"unsupported_grant_type"}"#),
            "Reddit gives no token for `client_id` and `client_secret`: unsupported_grant_type",
        ),
    ] {
        scene.site.serve(TOKEN, reply);
        assert_eq!(said(reddit.poll(&Cursor::start()).await), says);
    }
}

#[test]
fn names_of_subreddits_are_checked_at_once() {
    let error = |text: &str| toml::from_str::<Config>(text).unwrap_err().to_string();
    assert!(error("subreddits = []").contains("`subreddits` is empty"));
    assert!(error("subreddits = ['r/netsec']").contains("write `netsec`, not `r/netsec`"));
    assert!(error("subreddits = ['a?b']").contains("is no subreddit's name"));
}
