//! Tags and accounts of a fake Mastodon server; and timelines.

use expect_test::expect;
use model::{Cursor, Secret};
use serde_json::{Value, json};
use sources::mastodon::{Config, Mastodon, parse};
use sources::{Source, SourceError};
use testkit::site::{Reply, Seen};

use crate::scene::{Scene, fixture, name, read_all, recordings, said};

pub(crate) const TAG: &str = "/api/v1/timelines/tag/infosec";

fn config(scene: &Scene, rest: &str) -> Config {
    toml::from_str(&format!("url = '{}'\n{rest}", scene.site.url(""))).unwrap()
}

fn open(scene: &Scene, config: Config) -> Mastodon {
    Mastodon::new(name(), config, &scene.tools)
}

/// A page with these ids, newest first.
pub(crate) fn page(ids: &[u64]) -> Reply {
    let statuses: Vec<Value> = ids
        .iter()
        .map(|id| {
            json!({"id": id.to_string(), "uri": format!("https://a.example/{id}"), "content": format!("<p>{id}</p>"), "visibility": "public",
                   "created_at": "2026-11-21T08:00:00.000Z", "account": {"acct": "asha"}, "reblog": null})
        })
        .collect();
    Reply::json(&statuses.into())
}

fn asked(scene: &Scene) -> Vec<String> {
    let line = |seen: &Seen| match seen.param("max_id").or(seen.param("acct")) {
        Some(param) => format!("{} {param}", seen.path),
        None => seen.path.clone(),
    };
    scene.site.requests().iter().map(line).collect()
}

#[test]
fn a_timeline_is_read_without_boosts_and_private_posts() {
    let page = parse(fixture("mastodon/tag.json").as_bytes(), "infosec.example").unwrap();
    let mut out = String::new();
    for draft in &page.parsed.entries {
        out.push_str(&format!(
            "{} {} {} {} {:?} {:?}\n{}\n",
            draft.external_id,
            draft.url.as_deref().unwrap_or("-"),
            draft.author.as_deref().unwrap_or("-"),
            draft.language.as_deref().unwrap_or("-"),
            draft.published.map(|at| at.to_string()),
            draft.updated.map(|at| at.to_string()),
            draft.text
        ));
    }
    for problem in &page.parsed.problems {
        out.push_str(&format!("{}: {}\n", problem.place, problem.reason));
    }
    expect![[r##"
        https://other.example/notes/9x https://other.example/notes/9x @kiran@other.example hi Some("2026-11-21T08:48:00Z") None
        <p>एम्स दिल्ली पर साइबर हमला</p>
        https://infosec.example/users/asha/statuses/115600000000000006 https://infosec.example/@asha/115600000000000006 @asha@infosec.example en Some("2026-11-21T08:50:00.123Z") Some("2026-11-21T08:55:00Z")
        <p>Breach &lt;details&gt;</p><p><a href="https://infosec.example/tags/databreach" class="mention hashtag" rel="tag">#<span>databreach</span></a> at Example Bank &amp; Co</p><p><a href="https://news.example/bank">https://news.example/bank</a></p>
        post 6: it has no id
        post 7: it has no text
    "##]]
    .assert_eq(&out);
    assert_eq!(page.newest_id.as_deref(), Some("115600000000000006"));
    assert_eq!(page.oldest_id.as_deref(), Some("115600000000000001"));
}

#[test]
fn every_recorded_timeline_gives_every_post_that_is_no_boost() {
    let mut timelines = 0;
    for (file, asked, body) in recordings("mastodon") {
        let read = parse(body.to_string().as_bytes(), "mastodon.example");
        let Some(statuses) = body
            .as_array()
            .filter(|_| asked.contains("/timelines/") || asked.contains("/statuses"))
        else {
            continue;
        };
        timelines += 1;
        let is_post = |status: &&Value| {
            status.get("reblog") == Some(&Value::Null)
                && status.get("content").and_then(Value::as_str) != Some("")
        };
        let posts = statuses.iter().filter(is_post).count();
        let page = read.unwrap();
        assert_eq!(page.parsed.entries.len(), posts, "{file} {asked}");
        for draft in &page.parsed.entries {
            assert!(
                draft.published.is_some() && draft.url.is_some() && draft.author.is_some(),
                "{file} {draft:?}"
            );
        }
    }
    println!("{timelines} recorded timelines");
}

#[test]
fn no_timeline_cut_anywhere_makes_it_panic() {
    let whole = fixture("mastodon/tag.json");
    for end in 0..whole.len() {
        let _ = parse(&whole.as_bytes()[..end], "a.example");
    }
    assert_eq!(
        parse(b"[7, null, {\"id\": \"../x\"}]", "a.example")
            .unwrap()
            .parsed
            .problems
            .len(),
        3
    );
    assert!(matches!(
        parse(b"{\"error\":\"x\"}", "a.example"),
        Err(SourceError::Nonsense(_))
    ));
}

#[tokio::test]
async fn a_tag_is_read_back_to_what_was_known_and_edits_are_new_versions() {
    let scene = Scene::start().await;
    let mastodon = open(&scene, config(&scene, "tags = ['#infosec']"));
    scene.site.serve(TAG, page(&[101, 100, 99]));
    let first = mastodon.poll(&Cursor::start()).await.unwrap();
    assert!(first.first_load && first.checkpoint && !first.more);
    assert_eq!(first.items.len(), 3);

    scene.site.script(
        TAG,
        vec![page(&[106, 105]), page(&[104, 103]), page(&[102, 101])],
    );
    let polls = read_all(&mastodon, &first.cursor).await;
    assert_eq!(polls.len(), 3);
    assert!(
        polls
            .iter()
            .all(|polled| !polled.first_load && polled.checkpoint)
    );
    assert_eq!(polls[2].items[0].id, first.items[2].id);

    let edited = json!([{"id": "106", "uri": "https://a.example/106", "content": "<p>106, edited</p>", "edited_at": "2026-11-21T08:30:00Z"}]);
    scene.site.serve(TAG, Reply::json(&edited));
    let last = mastodon.poll(&polls[2].cursor).await.unwrap();
    assert!(!last.more);
    assert_eq!(last.items[0].external_id, polls[0].items[1].external_id);
    assert_ne!(last.items[0].id, polls[0].items[1].id);
    assert_eq!(
        asked(&scene),
        [
            TAG,
            TAG,
            "/api/v1/timelines/tag/infosec 105",
            "/api/v1/timelines/tag/infosec 103",
            TAG
        ]
    );
    assert_eq!(
        scene.site.requests()[0].param("limit").as_deref(),
        Some("40")
    );
}

#[tokio::test]
async fn a_tag_that_held_nothing_is_known_all_the_same() {
    let scene = Scene::start().await;
    let mastodon = open(&scene, config(&scene, "tags = ['infosec']"));
    scene
        .site
        .script(TAG, vec![page(&[]), page(&[7]), page(&[])]);
    let first = mastodon.poll(&Cursor::start()).await.unwrap();
    let polls = read_all(&mastodon, &first.cursor).await;
    assert!(!polls[0].first_load);
    assert_eq!(polls[0].items.len(), 1);
}

#[tokio::test]
async fn an_account_is_looked_up_once() {
    let scene = Scene::start().await;
    let mastodon = open(
        &scene,
        config(&scene, "accounts = ['@certin@other.example']"),
    );
    scene.site.serve(
        "/api/v1/accounts/lookup",
        Reply::ok(r#"{"id":"77","acct":"certin@other.example"}"#),
    );
    scene.site.serve("/api/v1/accounts/77/statuses", page(&[1]));
    let first = mastodon.poll(&Cursor::start()).await.unwrap();
    mastodon.poll(&first.cursor).await.unwrap();
    assert_eq!(
        asked(&scene),
        [
            "/api/v1/accounts/lookup certin@other.example",
            "/api/v1/accounts/77/statuses",
            "/api/v1/accounts/77/statuses"
        ]
    );
    assert_eq!(
        scene.site.requests()[1].param("exclude_reblogs").as_deref(),
        Some("true")
    );
}

#[tokio::test]
async fn a_limit_says_its_end_as_a_date() {
    let scene = Scene::start().await;
    let limited = Reply::status(429)
        .header("x-ratelimit-remaining", "0")
        .header("x-ratelimit-reset", "2026-11-21T09:05:00.060561Z");
    scene.site.serve(TAG, limited);
    let text = said(
        open(&scene, config(&scene, "tags = ['infosec']"))
            .poll(&Cursor::start())
            .await,
    );
    assert_eq!(text, "127.0.0.1 asks us to wait 300 s");
}

#[tokio::test]
async fn a_closed_server_is_told_and_what_is_open_is_read_beside_it() {
    let scene = Scene::start().await;
    let host = scene.site.url("").replace("http://", "");
    let closed = open(&scene, config(&scene, "tags = ['infosec']"));
    for (reply, says) in [
        (
            Reply::status(401).body(r#"{"error":"The access token is invalid"}"#),
            "HOST shows #infosec only with a login; set `access_token`, or read it on another server: The access token is invalid",
        ),
        (
            Reply::status(422).body(r#"{"error":"This method requires an authenticated user"}"#),
            "HOST shows #infosec only with a login; set `access_token`, or read it on another server: This method requires an authenticated user",
        ),
        (
            Reply::status(422).body(r#"{"error":"Validation failed"}"#),
            "HOST does not understand #infosec: Validation failed",
        ),
        (Reply::status(403), "HOST refuses to show #infosec"),
        (Reply::status(410), "there is no #infosec on HOST"),
    ] {
        scene.site.serve(TAG, reply);
        match closed.poll(&Cursor::start()).await {
            Err(SourceError::Unready(text)) => assert_eq!(text, says.replace("HOST", &host)),
            other => panic!("{other:?}"),
        }
    }
    let both = open(
        &scene,
        config(&scene, "tags = ['infosec']\naccounts = ['asha']"),
    );
    scene
        .site
        .serve("/api/v1/accounts/lookup", Reply::ok(r#"{"id":"5"}"#));
    scene.site.serve("/api/v1/accounts/5/statuses", page(&[1]));
    let polls = read_all(&both, &Cursor::start()).await;
    assert_eq!(polls[0].problems[0].place, "#infosec");
    assert_eq!(polls[1].items.len(), 1);
}

#[tokio::test]
async fn a_token_is_sent_and_never_shown() {
    let scene = Scene::start().await;
    let mut config = config(&scene, "tags = ['infosec']");
    config.access_token = Some(Secret::new("hunter2".to_owned()));
    assert!(!format!("{config:?}").contains("hunter2"));
    let mastodon = open(&scene, config);
    scene
        .site
        .script(TAG, vec![page(&[1]), Reply::status(401).body("{}")]);
    let first = mastodon.poll(&Cursor::start()).await.unwrap();
    assert_eq!(
        scene.site.requests()[0].header("authorization"),
        Some("Bearer hunter2")
    );
    let text = said(mastodon.poll(&first.cursor).await);
    assert!(text.ends_with("does not accept `access_token`"), "{text}");
}

#[tokio::test]
async fn another_server_in_the_config_begins_anew() {
    let scene = Scene::start().await;
    scene.site.serve(TAG, page(&[1]));
    let first = open(&scene, config(&scene, "tags = ['infosec']"))
        .poll(&Cursor::start())
        .await
        .unwrap();
    let mut other = config(&scene, "tags = ['infosec']");
    other.url.push('/');
    assert!(
        open(&scene, other)
            .poll(&first.cursor)
            .await
            .unwrap()
            .first_load
    );
}

#[tokio::test]
async fn a_config_that_names_nothing_or_no_server_is_told() {
    let scene = Scene::start().await;
    let text = said(
        open(&scene, config(&scene, ""))
            .poll(&Cursor::start())
            .await,
    );
    assert_eq!(text, "`tags` or `accounts` must name something");
    let text = said(
        open(&scene, config(&scene, "tags = ['two words']"))
            .poll(&Cursor::start())
            .await,
    );
    assert_eq!(text, "`#two words` is no tag and no account");
    let error = toml::from_str::<Config>("url = 'infosec.exchange'")
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("`url` must be a server's address"),
        "{error}"
    );
    assert!(scene.site.requests().is_empty());
}
