//! Streams of X, Mastodon and Bluesky against fakes that are cut, refuse and go
//! silent.

use std::time::Duration;

use model::{Clock, Cursor, Secret};
use serde_json::{Value, json};
use sources::bluesky::{self, Bluesky};
use sources::mastodon::{self, Mastodon};
use sources::x::{self, X};
use sources::{Connection, Polls, Source, SourceError};
use testkit::jetstream::FakeJetstream;
use testkit::site::Reply;
use testkit::tap::Tap;

use crate::scene::{Scene, name};

const NOW: u64 = 1_795_251_600_000_000;

async fn connect(source: &dyn Source, since: &Cursor) -> Result<Box<dyn Connection>, SourceError> {
    source.streaming().unwrap().connect(since).await
}

/// The error of a connection that must not come about.
async fn refusal(source: &dyn Source, since: &Cursor) -> String {
    match connect(source, since).await {
        Ok(_) => panic!("it is open"),
        Err(error) => error.to_string(),
    }
}

/// Reads batches until so many items have come; gives their texts, the cursor and
/// what could not be read.
async fn hear(
    open: &mut Box<dyn Connection>,
    since: &Cursor,
    items: usize,
) -> (Vec<String>, Cursor, Vec<String>) {
    let (mut texts, mut cursor, mut problems) = (Vec::new(), since.clone(), Vec::new());
    while texts.len() < items {
        let polled = open.next(&cursor).await.unwrap();
        texts.extend(polled.items.into_iter().map(|item| item.text));
        problems.extend(polled.problems.into_iter().map(|problem| problem.reason));
        cursor = polled.cursor;
    }
    (texts, cursor, problems)
}

// X

const RULES: &str = "/2/tweets/search/stream/rules";
const STREAM: &str = "/2/tweets/search/stream";

fn x_source(scene: &Scene, lines: &str) -> X {
    let config = x::Config {
        bearer_token: Some(Secret::new("hunter2".to_owned())),
        url: scene.site.url("/2"),
        ..toml::from_str(&format!(
            "query = 'CERT-In lang:en'\nstream = true\n{lines}"
        ))
        .unwrap()
    };
    X::new(name(), config, &scene.tools)
}

fn tweet(id: u64, text: &str, tag: &str) -> String {
    let post = json!({"data": {"id": id.to_string(), "edit_history_tweet_ids": [id.to_string()], "text": text, "author_id": "7"},
        "includes": {"users": [{"id": "7", "username": "acme"}]},
        "matching_rules": [{"id": "1", "tag": tag}]});
    format!("{post}\r\n")
}

fn with_rules(scene: &Scene, rules: &Value) -> Tap {
    let tap = Tap::new();
    scene.site.serve(STREAM, Reply::tap(&tap));
    let known = rules.clone();
    scene.site.serve_live(RULES, move |seen| {
        if seen.method == "GET" {
            Reply::json(&json!({"data": known}))
        } else {
            Reply::json(&json!({"meta": {"summary": {"created": 1, "not_created": 0}}}))
        }
    });
    tap
}

#[tokio::test]
async fn rules_at_x_are_made_what_the_config_says_and_those_of_others_stay() {
    let scene = Scene::start().await;
    let mine = json!({"id": "1", "value": "CERT-In lang:en", "tag": "prahari/social"});
    let changes = |scene: &Scene| -> Vec<Value> {
        let requests = scene.site.requests();
        let posts = requests.iter().filter(|seen| seen.method == "POST");
        posts.map(|seen| seen.json()).collect()
    };
    let source = x_source(&scene, "");
    let _tap = with_rules(
        &scene,
        &json!([mine, {"id": "9", "value": "cats", "tag": "other"}]),
    );
    drop(connect(&source, &Cursor::start()).await.unwrap());
    assert_eq!(changes(&scene), [] as [Value; 0]);
    let _tap = with_rules(
        &scene,
        &json!([
            {"id": "1", "value": "old", "tag": "prahari/social"},
            {"id": "2", "value": "x", "tag": "prahari/gone"},
            {"id": "9", "value": "cats"},
        ]),
    );
    drop(connect(&source, &Cursor::start()).await.unwrap());
    assert_eq!(
        changes(&scene),
        [
            json!({"delete": {"ids": ["1", "2"]}}),
            json!({"add": [{"value": "CERT-In lang:en", "tag": "prahari/social"}]}),
        ]
    );
    scene.site.serve(
        RULES,
        Reply::json(&json!({"meta": {"summary": {"created": 0, "not_created": 1}}, "errors": [{"title": "Invalid", "details": ["no such operator"]}]})),
    );
    let error = refusal(&source, &Cursor::start()).await;
    assert!(
        error.ends_with("as a rule of the stream: no such operator"),
        "{error}"
    );
}

#[tokio::test]
async fn posts_on_x_come_with_their_cost_and_the_reason_of_the_end() {
    let scene = Scene::start().await;
    let tap = with_rules(&scene, &json!([]));
    let source = x_source(&scene, "");
    let mut open = connect(&source, &Cursor::start()).await.unwrap();
    tap.opened(1).await;
    tap.send("\r\n");
    tap.send(tweet(11, "first", "prahari/social"));
    tap.send(tweet(12, "of another rule", "other"));
    tap.send("{\"data\":7}\r\nnonsense\r\n");
    tap.send(tweet(13, "second", "prahari/social"));
    let (texts, cursor, problems) = hear(&mut open, &Cursor::start(), 2).await;
    assert_eq!(texts, ["first", "second"]);
    assert_eq!(problems.len(), 2, "{problems:?}");
    let note: Value = cursor.note();
    assert_eq!(
        (
            &note["spent"]["posts"],
            &note["spent"]["authors"],
            &note["streamed_id"]
        ),
        (&json!(3), &json!(3), &json!(13))
    );
    tap.send("{\"errors\":[{\"title\":\"operational-disconnect\",\"detail\":\"Upstream maintenance.\"}]}\r\n");
    let error = open.next(&cursor).await.unwrap_err();
    assert!(matches!(error, SourceError::Unreached(_)), "{error:?}");
    assert!(
        error.to_string().contains("Upstream maintenance"),
        "{error}"
    );
    let request = scene.site.requests().pop().unwrap();
    assert_eq!(request.header("authorization"), Some("Bearer hunter2"));
    assert_eq!(request.param("expansions").as_deref(), Some("author_id"));
    assert_eq!(
        source.streaming().unwrap().polls(),
        Polls::AfterConnecting(Duration::from_secs(40))
    );
}

#[tokio::test]
async fn the_gap_before_a_stream_is_searched_and_only_that() {
    let scene = Scene::start().await;
    let tap = with_rules(&scene, &json!([]));
    let source = x_source(&scene, "");
    // Ids of this morning, or the search would not go back to them.
    let id = |n: u64| ((NOW / 1000 - 1_288_834_974_657 - 60_000) << 22) + n;
    let search = "/2/tweets/search/recent";
    scene.site.serve(
        search,
        Reply::json(&json!({"data": [{"id": id(5).to_string(), "text": "found"}], "meta": {"newest_id": id(5).to_string(), "result_count": 1}})),
    );
    let since_ids = |scene: &Scene| -> Vec<Option<u64>> {
        let requests = scene.site.requests();
        let asked = requests.iter().filter(|seen| seen.path == search);
        asked
            .map(|seen| seen.param("since_id").map(|id| id.parse().unwrap()))
            .collect()
    };
    let mut cursor = source.poll(&Cursor::start()).await.unwrap().cursor;
    for (times, posts) in [(1, 10), (2, 20), (3, 30)] {
        let mut open = connect(&source, &cursor).await.unwrap();
        tap.opened(times).await;
        tap.send(tweet(id(posts), "a", "prahari/social"));
        (_, cursor, _) = hear(&mut open, &cursor, 1).await;
        // The second time the connection breaks before the gap was filled.
        if times != 2 {
            cursor = source.poll(&cursor).await.unwrap().cursor;
            tap.send(tweet(id(posts + 1), "b", "prahari/social"));
            (_, cursor, _) = hear(&mut open, &cursor, 1).await;
        }
        tap.cut();
    }
    assert_eq!(since_ids(&scene), [None, Some(id(5)), Some(id(11))]);
    let note: Value = cursor.note();
    assert_eq!(
        (&note["streamed_id"], &note["gap_from"]),
        (&json!(id(31)), &Value::Null)
    );
}

#[tokio::test]
async fn a_spent_budget_ends_the_stream_of_x_until_the_month_turns() {
    let scene = Scene::start().await;
    let tap = with_rules(&scene, &json!([]));
    // Twelve posts by authors of their own.
    let source = x_source(&scene, "monthly_budget_usd = 0.18");
    let mut open = connect(&source, &Cursor::start()).await.unwrap();
    tap.opened(1).await;
    for n in 0..5 {
        tap.send(tweet(100 + n, "post", "prahari/social"));
    }
    let (texts, cursor, _) = hear(&mut open, &Cursor::start(), 3).await;
    assert_eq!(texts.len(), 3);
    let error = open.next(&cursor).await.unwrap_err();
    assert!(matches!(error, SourceError::Resting { .. }), "{error:?}");
    let connections = tap.times();
    assert!(
        refusal(&source, &cursor)
            .await
            .contains("used up until 1 December")
    );
    assert_eq!(tap.times(), connections);
    scene.clock.set("2026-12-01T00:00:01Z".parse().unwrap());
    assert!(connect(&source, &cursor).await.is_ok());
}

#[tokio::test]
async fn x_refuses_a_second_stream_and_a_wrong_token_in_words() {
    let scene = Scene::start().await;
    let _tap = with_rules(&scene, &json!([]));
    let source = x_source(&scene, "");
    scene.site.serve(STREAM, Reply::status(429));
    let error = refusal(&source, &Cursor::start()).await;
    assert!(error.contains("asks us to wait 60 s"), "{error}");
    scene.clock.advance(Duration::from_secs(61));
    scene.site.serve(RULES, Reply::status(401));
    assert_eq!(
        refusal(&source, &Cursor::start()).await,
        "X does not accept the bearer token"
    );
}

// Mastodon

fn mastodon_source(scene: &Scene, lines: &str) -> Mastodon {
    let url = scene.site.url("");
    let config: mastodon::Config =
        toml::from_str(&format!("url = '{url}'\ntags = ['infosec']\n{lines}")).unwrap();
    Mastodon::new(name(), config, &scene.tools)
}

fn status(id: u64, text: &str) -> Value {
    json!({"id": id.to_string(), "uri": format!("https://a.example/{id}"), "content": format!("<p>{text}</p>"), "visibility": "public", "account": {"acct": "ann"}})
}

const HASHTAG: &str = "/api/v1/streaming/hashtag";

#[tokio::test]
async fn posts_of_a_tag_come_as_events_and_are_those_of_the_timeline() {
    let scene = Scene::start().await;
    let tap = Tap::new();
    scene.site.serve(HASHTAG, Reply::tap(&tap));
    let source = mastodon_source(&scene, "access_token = 'hunter2'");
    let since = Cursor::of(&json!({"kept": true}));
    let mut open = connect(&source, &since).await.unwrap();
    tap.opened(1).await;
    let event = |name: &str, data: &Value| format!(":thump\nevent: {name}\ndata: {data}\n\n");
    tap.send(event("update", &status(1, "one")));
    tap.send(event("delete", &json!(1)));
    let mut boost = status(2, "boost");
    boost["reblog"] = status(1, "one");
    tap.send(event("update", &boost));
    tap.send(event("update", &json!({"id": "3"})));
    tap.send(event("status.update", &status(1, "one, edited")));
    let (texts, cursor, problems) = hear(&mut open, &since, 2).await;
    assert_eq!(texts, ["<p>one</p>", "<p>one, edited</p>"]);
    assert_eq!(
        (cursor, problems),
        (since.clone(), vec!["it has no text".to_owned()])
    );
    // The same post read by a poll is the same item.
    tap.send(event("update", &status(1, "one")));
    let streamed = open.next(&since).await.unwrap();
    scene.site.serve(
        "/api/v1/timelines/tag/infosec",
        Reply::json(&json!([status(1, "one")])),
    );
    let polled = source.poll(&Cursor::start()).await.unwrap();
    assert_eq!(streamed.items[0].id, polled.items[0].id);
    let request = scene
        .site
        .requests()
        .into_iter()
        .find(|seen| seen.path == HASHTAG)
        .unwrap();
    assert_eq!(request.param("tag").as_deref(), Some("infosec"));
    assert_eq!(request.header("authorization"), Some("Bearer hunter2"));
    tap.cut();
    let error = open.next(&since).await.unwrap_err();
    assert!(matches!(error, SourceError::Unreached(_)), "{error:?}");
}

#[tokio::test]
async fn a_server_streams_from_where_it_says() {
    let scene = Scene::start().await;
    let other = testkit::site::FakeSite::start().await;
    let (tap, own) = (Tap::new(), Tap::new());
    other.serve(HASHTAG, Reply::tap(&tap));
    scene.site.serve(HASHTAG, Reply::tap(&own));
    let instance =
        |named: &str| Reply::json(&json!({"configuration": {"urls": {"streaming": named}}}));
    scene.site.serve(
        "/api/v2/instance",
        instance(&other.url("").replace("http", "ws")),
    );
    // The door of this scene lets out to one site alone: that it is another that
    // is asked shows in the refusal.
    let source = mastodon_source(&scene, "stream = true");
    let error = refusal(&source, &Cursor::start()).await;
    assert!(error.contains("loopback"), "{error}");
    for odd in ["javascript:x", "not an address", "file:///etc/passwd"] {
        scene.site.serve("/api/v2/instance", instance(odd));
        assert!(connect(&source, &Cursor::start()).await.is_ok(), "{odd}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_stream_says_so_in_words() {
    let scene = Scene::start().await;
    for (lines, reply, expected) in [
        (
            "stream = true",
            Reply::status(401),
            "streams only with a login: set `access_token`",
        ),
        (
            "access_token = 'x'",
            Reply::status(401),
            "does not stream to this `access_token`",
        ),
        ("stream = true", Reply::status(404), "does not stream"),
        (
            "stream = true",
            Reply::redirect(301, "/x"),
            "does not stream",
        ),
    ] {
        scene.site.serve(HASHTAG, reply);
        let source = mastodon_source(&scene, lines);
        match connect(&source, &Cursor::start()).await {
            Err(SourceError::Unready(why)) => assert!(why.contains(expected), "{why}"),
            Err(other) => panic!("{other:?}"),
            Ok(_) => panic!("it is open"),
        }
        assert_eq!(source.streaming().unwrap().polls(), Polls::OnBeat);
    }
    assert!(mastodon_source(&scene, "").streaming().is_none());
    assert!(
        mastodon_source(&scene, "access_token = 'x'\nstream = false")
            .streaming()
            .is_none()
    );
}

// Bluesky

async fn bluesky_source(lines: &str) -> (Scene, FakeJetstream, Bluesky) {
    let scene = Scene::start().await;
    let fake = FakeJetstream::start().await;
    let door = net::Door::new(
        net::Config {
            allow: vec!["127.0.0.1".to_owned()],
            ..net::Config::default()
        },
        scene.clock.clone(),
    )
    .unwrap();
    let tools = sources::Tools {
        door: std::sync::Arc::new(door),
        ..scene.tools.clone()
    };
    let config: bluesky::Config = toml::from_str(&format!(
        "stream = true\nstream_urls = ['{}', '{}']\n{lines}",
        scene.site.url("").replace("http", "ws"),
        fake.url()
    ))
    .unwrap();
    (scene, fake, Bluesky::new(name(), config, &tools))
}

fn record(text: &str) -> Value {
    json!({"$type": "app.bsky.feed.post", "text": text, "createdAt": "2026-11-21T09:00:00Z", "langs": ["en"]})
}

#[tokio::test]
async fn jetstream_is_matched_here_and_goes_on_from_its_cursor() {
    let (_scene, fake, source) = bluesky_source("keywords = ['Acme', 'डेटा लीक']").await;
    fake.post(
        NOW - 9_000_000,
        "did:plc:a",
        "0",
        &record("Acme before we listened"),
    );
    // The first server has no such page; the second takes us.
    let mut open = connect(&source, &Cursor::start()).await.unwrap();
    fake.connected(1).await;
    fake.post(NOW, "did:plc:a", "1", &record("a cat"));
    fake.post(NOW + 1, "did:plc:a", "2", &record("ACME breached"));
    fake.happens(NOW + 2, &json!({"did": "did:plc:b", "time_us": NOW + 2, "kind": "identity", "identity": {"handle": "acme.example"}}));
    fake.happens(NOW + 3, &json!({"did": "did:plc:b", "time_us": NOW + 3, "kind": "commit", "commit": {"operation": "delete", "collection": "app.bsky.feed.post", "rkey": "acme"}}));
    fake.post(NOW + 4, "did:plc:c", "3", &record("Acmeology"));
    fake.post(NOW + 5, "did:plc:c", "4", &record("बैंक का डेटा लीक हुआ"));
    let (texts, cursor, problems) = hear(&mut open, &Cursor::start(), 2).await;
    assert_eq!(texts, ["ACME breached", "बैंक का डेटा लीक हुआ"]);
    assert_eq!(problems, [] as [String; 0]);
    fake.cut();
    let error = open.next(&cursor).await.unwrap_err();
    assert!(matches!(error, SourceError::Unreached(_)), "{error:?}");
    // What is posted meanwhile is repeated, from a little before the cursor on.
    fake.post(NOW + 6, "did:plc:c", "5", &record("acme again"));
    let mut open = connect(&source, &cursor).await.unwrap();
    let (texts, _, problems) = hear(&mut open, &cursor, 3).await;
    assert_eq!(texts, ["ACME breached", "बैंक का डेटा लीक हुआ", "acme again"]);
    assert_eq!(problems, [] as [String; 0]);
    assert_eq!(fake.cursors(), [None, Some(NOW + 5 - 5_000_000)]);
    assert!(fake.queries()[0].contains("wantedCollections=app.bsky.feed.post"));
    assert_eq!(source.streaming().unwrap().polls(), Polls::Never);
}

#[tokio::test]
async fn a_poll_reads_the_stream_up_to_now() {
    let (scene, fake, source) = bluesky_source("keywords = ['acme']").await;
    for n in 0..500 {
        fake.post(
            NOW - 1_000_000 + n,
            "did:plc:a",
            &n.to_string(),
            &record("acme leaks"),
        );
    }
    fake.post(NOW, "did:plc:a", "now", &record("a cat"));
    fake.post(NOW + 1, "did:plc:a", "later", &record("acme later"));
    let polled = source.poll(&Cursor::start()).await.unwrap();
    assert_eq!(
        (polled.items.len(), polled.more, polled.first_load),
        (500, false, true)
    );
    let item = &polled.items[7];
    assert_eq!(item.external_id, "at://did:plc:a/app.bsky.feed.post/7");
    assert_eq!(
        item.url.as_deref(),
        Some("https://bsky.app/profile/did:plc:a/post/7")
    );
    scene.clock.advance(Duration::from_micros(1));
    let again = source.poll(&polled.cursor).await.unwrap();
    assert!(!again.first_load && again.items.iter().any(|item| item.text == "acme later"));
}

#[tokio::test]
async fn a_place_that_is_too_old_is_told_and_odd_frames_cost_nothing() {
    let (scene, fake, source) = bluesky_source("keywords = ['acme']").await;
    let since = Cursor::of(
        &json!({"loaded": false, "newest": null, "round": {}, "time_us": NOW - 40 * 3_600_000_000}),
    );
    fake.happens(NOW, &json!("acme, but no event"));
    fake.happens(NOW, &json!({"kind": "commit", "acme": {"time_us": 1}}));
    fake.happens(NOW, &json!({"time_us": u64::MAX, "kind": "acme"}));
    fake.post(NOW, "did:plc:a", "1", &json!({"text": 7, "acme": []}));
    fake.post(NOW, "did:plc:a", "2", &Value::Null);
    fake.post(NOW, "did plc", "x/../y", &record("acme"));
    fake.post(NOW, "did:plc:a", "3", &record("acme"));
    let mut open = connect(&source, &since).await.unwrap();
    let (texts, cursor, problems) = hear(&mut open, &since, 1).await;
    assert_eq!(texts, ["acme"]);
    assert_eq!(
        problems,
        [
            "it goes back only to 21 November 09:00 UTC; what was posted since 19 November 17:00 UTC was not seen"
        ]
    );
    assert_eq!(cursor.note::<Value>()["time_us"], json!(NOW));
    assert_eq!(
        scene.clock.now().as_microsecond(),
        i64::try_from(NOW).unwrap()
    );
}

#[tokio::test]
async fn servers_are_tried_in_turn_and_the_last_refusal_is_told() {
    let (scene, fake, source) = bluesky_source("").await;
    fake.refuse(Some(503));
    let error = refusal(&source, &Cursor::start()).await;
    assert!(error.contains("HTTP 503"), "{error}");
    assert_eq!(scene.site.requests().len(), 1);
    fake.refuse(None);
    assert!(connect(&source, &Cursor::start()).await.is_ok());
}
