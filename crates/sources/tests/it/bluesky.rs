//! Bluesky's search behind its login, against a fake; and pages.

use expect_test::expect;
use model::{Cursor, Secret};
use serde_json::{Value, json};
use sources::bluesky::{Bluesky, Config, parse};
use sources::{Source, SourceError};
use testkit::site::Reply;

use crate::scene::{Scene, fixture, name, read_all, said};

pub(crate) const SEARCH: &str = "/xrpc/app.bsky.feed.searchPosts";
pub(crate) const LOGIN: &str = "/xrpc/com.atproto.server.createSession";
const RENEWAL: &str = "/xrpc/com.atproto.server.refreshSession";

fn config(scene: &Scene) -> Config {
    scene.site.serve(LOGIN, tokens("access-1", "refresh-1"));
    Config {
        identifier: Some("@watch.example.com".to_owned()),
        app_password: Some(Secret::new("hunter2".to_owned())),
        url: scene.site.url(""),
        ..toml::from_str("query = '\"data breach\" India'").unwrap()
    }
}

pub(crate) fn tokens(access: &str, refresh: &str) -> Reply {
    Reply::json(
        &json!({"accessJwt": access, "refreshJwt": refresh, "handle": "watch.example.com", "did": "did:plc:w"}),
    )
}

fn ended() -> Reply {
    Reply::status(400).body(r#"{"error":"ExpiredToken","message":"Token has expired"}"#)
}

fn open(scene: &Scene, config: Config) -> Bluesky {
    Bluesky::new(name(), config, &scene.tools)
}

/// Posts seen at these minutes after 08:00, newest first.
pub(crate) fn page(minutes: &[u32], cursor: Option<&str>) -> Reply {
    let posts: Vec<Value> = minutes
        .iter()
        .map(|minute| {
            let at = format!("2026-11-21T08:{minute:02}:00.000Z");
            json!({"uri": format!("at://did:plc:a/app.bsky.feed.post/k{minute}"), "author": {"did": "did:plc:a", "handle": "a.example"},
                   "record": {"text": format!("post {minute}"), "createdAt": at}, "indexedAt": at})
        })
        .collect();
    let mut body = json!({"posts": posts});
    if let Some(cursor) = cursor {
        body["cursor"] = cursor.into();
    }
    Reply::json(&body)
}

/// Each request: where, and with which token.
fn asked(scene: &Scene) -> Vec<String> {
    let name = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    scene
        .site
        .requests()
        .iter()
        .map(|seen| {
            format!(
                "{} {}",
                name(&seen.path),
                seen.header("authorization").unwrap_or("-")
            )
        })
        .collect()
}

#[test]
fn a_page_is_read_with_its_links_by_bytes_and_its_cards() {
    let page = parse(fixture("bluesky/search.json").as_bytes()).unwrap();
    let mut out = String::new();
    for draft in &page.parsed.entries {
        out.push_str(&format!(
            "{} {} {} {} {}\n{}\n",
            draft.external_id,
            draft.url.as_deref().unwrap_or("-"),
            draft.author.as_deref().unwrap_or("-"),
            draft.language.as_deref().unwrap_or("-"),
            draft.published.unwrap(),
            draft.text
        ));
    }
    for problem in &page.parsed.problems {
        out.push_str(&format!("{}: {}\n", problem.place, problem.reason));
    }
    expect![[r#"
        at://did:plc:bbbbbbbbbbbbbbbbbbbbbbbb/app.bsky.feed.post/3mptbyqhi7s2f https://bsky.app/profile/did:plc:bbbbbbbbbbbbbbbbbbbbbbbb/post/3mptbyqhi7s2f @did:plc:bbbbbbbbbbbbbbbbbbbbbbbb - 2026-11-21T08:39:00Z
        Worth a read
        Acme VPN exploited in the wild
        https://blog.example/acme-vpn
        at://did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/app.bsky.feed.post/3mptbyoeyc22k https://bsky.app/profile/asha.example.com/post/3mptbyoeyc22k @asha.example.com hi 2026-11-21T08:40:00Z
        एम्स पर हमला: https://news.example/aiims-ransomware?id=1 और यहाँ पढ़ें (https://cert.example/a) @kiran.example
        post 3: it is no post
        post 4: it has no name
        post 5: it has no text
    "#]].assert_eq(&out);
    assert_eq!(page.cursor.as_deref(), Some("100"));
    assert_eq!(page.newest.unwrap().to_string(), "2026-11-21T08:40:03.123Z");
}

/// Real posts, wrapped as a search gives them.
#[test]
fn every_recorded_post_with_a_text_is_read() {
    let path: std::path::PathBuf = [
        env!("CARGO_MANIFEST_DIR"),
        "..",
        "..",
        "..",
        "shared",
        "samples",
        "bluesky",
        "jetstream-v1-expected.jsonl",
    ]
    .iter()
    .collect();
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("no recorded posts beside the repository: nothing was tried");
        return;
    };
    let mut posts = 0;
    for line in text.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        let commit = &event["commit"];
        let record = &commit["record"];
        if commit["collection"] != "app.bsky.feed.post"
            || record["text"]
                .as_str()
                .is_none_or(|text| text.trim().is_empty())
        {
            continue;
        }
        posts += 1;
        let uri = format!(
            "at://{}/app.bsky.feed.post/{}",
            event["did"].as_str().unwrap(),
            commit["rkey"].as_str().unwrap()
        );
        let answer = json!({"posts": [{"uri": uri, "author": {"handle": "a.example"}, "record": record, "indexedAt": "2026-11-21T08:00:00Z"}]});
        let page = parse(answer.to_string().as_bytes()).unwrap();
        assert_eq!(page.parsed.entries.len(), 1, "{record}");
        let whole = &page.parsed.entries[0].text;
        for facet in record["facets"].as_array().into_iter().flatten() {
            if let Some(uri) = facet["features"][0]["uri"].as_str() {
                assert!(whole.contains(uri), "{whole}");
            }
        }
    }
    println!("{posts} recorded posts");
}

#[test]
fn no_page_cut_anywhere_makes_it_panic() {
    let whole = fixture("bluesky/search.json");
    for end in 0..whole.len() {
        let _ = parse(&whole.as_bytes()[..end]);
    }
    let odd = json!({"posts": [7, {}, {"uri": "at://x/app.bsky.feed.post/a?b", "record": {"text": "x"}},
        {"uri": "at://did:plc:a/app.bsky.feed.post/k", "record": {"text": "é", "facets": [{"index": {"byteStart": 1, "byteEnd": 0}, "features": [{"$type": "app.bsky.richtext.facet#link", "uri": "https://a.example"}]}, 5]}}]});
    let page = parse(odd.to_string().as_bytes()).unwrap();
    assert_eq!(
        (
            page.parsed.problems.len(),
            page.parsed.entries[0].text.as_str()
        ),
        (3, "é")
    );
    assert!(matches!(
        parse(b"{\"error\":\"x\"}"),
        Err(SourceError::Nonsense(_))
    ));
}

#[tokio::test]
async fn it_logs_in_once_and_asks_for_what_is_newer() {
    let scene = Scene::start().await;
    let bluesky = open(&scene, config(&scene));
    scene.site.script(
        SEARCH,
        vec![
            page(&[12, 11], Some("100")),
            page(&[30, 29], Some("100")),
            page(&[20, 12], None),
        ],
    );
    let first = bluesky.poll(&Cursor::start()).await.unwrap();
    assert!(first.first_load && first.checkpoint && !first.more);
    let polls = read_all(&bluesky, &first.cursor).await;
    assert_eq!(
        polls
            .iter()
            .map(|polled| polled.items.len())
            .collect::<Vec<_>>(),
        [2, 2]
    );
    assert!(polls.iter().all(|polled| !polled.first_load));
    assert_eq!(polls[1].items[0].id, first.items[1].id);

    assert_eq!(
        asked(&scene),
        [
            "createSession -",
            "searchPosts Bearer access-1",
            "searchPosts Bearer access-1",
            "searchPosts Bearer access-1"
        ]
    );
    let requests = scene.site.requests();
    assert_eq!(
        requests[0].json(),
        json!({"identifier": "watch.example.com", "password": "hunter2"})
    );
    assert_eq!(
        requests[1].param("q").as_deref(),
        Some("\"data breach\" India")
    );
    assert_eq!(requests[1].param("sort").as_deref(), Some("latest"));
    let since: Vec<Option<String>> = requests[1..]
        .iter()
        .map(|seen| seen.param("since"))
        .collect();
    let ten_minutes_before = Some("2026-11-21T08:02:00.000Z".to_owned());
    assert_eq!(
        since,
        [None, ten_minutes_before.clone(), ten_minutes_before]
    );
    assert_eq!(requests[3].param("cursor").as_deref(), Some("100"));
}

#[tokio::test]
async fn a_token_that_has_ended_is_renewed_and_a_renewal_that_has_ended_is_a_login() {
    let scene = Scene::start().await;
    let bluesky = open(&scene, config(&scene));
    scene.site.serve(RENEWAL, tokens("access-2", "refresh-2"));
    scene.site.script(
        SEARCH,
        vec![
            page(&[1], None),
            ended(),
            page(&[2], None),
            ended(),
            page(&[3], None),
        ],
    );
    let first = bluesky.poll(&Cursor::start()).await.unwrap();
    let second = bluesky.poll(&first.cursor).await.unwrap();
    assert_eq!(second.items[0].text, "post 2");
    scene.site.serve(RENEWAL, ended());
    scene.site.serve(LOGIN, tokens("access-3", "refresh-3"));
    bluesky.poll(&second.cursor).await.unwrap();
    assert_eq!(
        asked(&scene),
        [
            "createSession -",
            "searchPosts Bearer access-1",
            "searchPosts Bearer access-1",
            "refreshSession Bearer refresh-1",
            "searchPosts Bearer access-2",
            "searchPosts Bearer access-2",
            "refreshSession Bearer refresh-2",
            "createSession -",
            "searchPosts Bearer access-3",
        ]
    );
    assert!(scene.site.requests()[3].body.is_empty());
}

#[tokio::test]
async fn refusals_are_sentences_that_say_what_to_do() {
    let scene = Scene::start().await;
    let bluesky = open(&scene, config(&scene));
    for (path, status, body, says) in [
        (
            LOGIN,
            401,
            r#"{"error":"AuthenticationRequired","message":"Invalid identifier or password"}"#,
            "Bluesky does not accept `identifier` and `app_password`: Invalid identifier or password",
        ),
        (
            LOGIN,
            401,
            r#"{"error":"AuthFactorTokenRequired","message":"A sign in code has been sent"}"#,
            "Bluesky asks for a second factor: `app_password` must be an app password, not the account's own",
        ),
        (SEARCH, 403, "<html>", "Bluesky refuses the search"),
        (
            SEARCH,
            400,
            r#"{"error":"BadQueryString","message":"Invalid query"}"#,
            "Bluesky refuses the search: Invalid query",
        ),
    ] {
        scene.site.serve(LOGIN, tokens("access-1", "refresh-1"));
        scene.site.serve(path, Reply::status(status).body(body));
        match bluesky.poll(&Cursor::start()).await {
            Err(SourceError::Unready(text)) => assert_eq!(text, says),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn without_a_login_nothing_is_asked_and_no_password_is_shown() {
    let scene = Scene::start().await;
    for (change, says) in [
        (
            (|config| config.identifier = None) as fn(&mut Config),
            "`identifier` is missing: Bluesky's search needs a login",
        ),
        (
            |config| config.app_password = None,
            "`app_password` or `app_password_file` is missing",
        ),
    ] {
        let mut config = config(&scene);
        change(&mut config);
        assert!(!format!("{config:?}").contains("hunter2"));
        assert_eq!(
            said(open(&scene, config).poll(&Cursor::start()).await),
            says
        );
    }
    assert!(scene.site.requests().is_empty());
    assert!(
        toml::from_str::<Config>("query = ''")
            .unwrap_err()
            .to_string()
            .contains("`query` is empty")
    );
}
