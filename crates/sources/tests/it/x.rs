//! X's recent search against a fake: paging, the budget, refusals; and pages.

use std::time::Duration;

use expect_test::expect;
use model::{Clock, Cursor, Secret};
use serde_json::{Value, json};
use sources::x::{Config, X, parse};
use sources::{Source, SourceError};
use testkit::site::{Reply, Seen};

use crate::scene::{Scene, fixture, name, read_all, recordings, said};

pub(crate) const PATH: &str = "/2/tweets/search/recent";
/// The id of a post of 21 November 2026, 08:00 UTC.
pub(crate) const MORNING: u64 = (1_795_248_000_000 - 1_288_834_974_657) << 22;

fn config(scene: &Scene) -> Config {
    Config {
        bearer_token: Some(Secret::new("hunter2".to_owned())),
        url: scene.site.url("/2"),
        ..toml::from_str("query = 'CERT-In lang:en'").unwrap()
    }
}

fn open(scene: &Scene, config: Config) -> X {
    X::new(name(), config, &scene.tools)
}

/// A page that holds these posts, newest first.
pub(crate) fn page(ids: &[u64], next_token: Option<&str>) -> Reply {
    let data: Vec<Value> = ids
        .iter()
        .map(|id| json!({"id": id.to_string(), "edit_history_tweet_ids": [id.to_string()], "text": format!("post {}", id - MORNING)}))
        .collect();
    let mut meta = json!({"result_count": ids.len()});
    if let (Some(newest), Some(oldest)) = (ids.first(), ids.last()) {
        meta["newest_id"] = newest.to_string().into();
        meta["oldest_id"] = oldest.to_string().into();
    }
    if let Some(token) = next_token {
        meta["next_token"] = token.into();
    }
    let mut body = json!({"meta": meta});
    if !data.is_empty() {
        body["data"] = data.into();
    }
    Reply::json(&body)
}

fn since_ids(requests: &[Seen]) -> Vec<Option<u64>> {
    requests
        .iter()
        .map(|seen| seen.param("since_id").map(|id| id.parse().unwrap()))
        .collect()
}

#[test]
fn a_page_is_read_with_its_authors_links_edits_and_errors() {
    let page = parse(fixture("x/page.json").as_bytes()).unwrap();
    let mut out = String::new();
    for draft in &page.parsed.entries {
        out.push_str(&format!(
            "{} {} {} {} {}\n  {}\n",
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
        1991812345678899000 https://x.com/i/status/1991812345678899000 - - 2026-11-21T08:30:00Z
          A long story begins and goes on: एम्स दिल्ली https://news.example/aiims
        1991812345678900001 https://x.com/berita/status/1991812345678901249 @berita id 2026-11-21T08:40:00Z
          Bank Contoh diretas (disunting)
        1991812345678901250 https://x.com/acme_psirt/status/1991812345678901250 @acme_psirt en 2026-11-21T08:41:07Z
          Patch now: AcmeVPN < 9.1 & later is exploited, CVE-2026-1234 https://acme.example/advisory?id=7&lang=en #infosec https://t.co/Zz9Yy8Xx7w
        answer: Could not find user with author_id: [3000000000000000404].
        post 4: it has no text
    "#]]
    .assert_eq(&out);
    assert_eq!((page.posts, page.authors, page.next_token), (5, 2, None));
    assert_eq!(page.newest_id, Some(1_991_812_345_678_901_250));
}

#[test]
fn every_recorded_search_gives_every_post() {
    let mut searches = 0;
    for (file, asked, body) in recordings("x") {
        let posts = body
            .get("data")
            .and_then(Value::as_array)
            .map_or(0, Vec::len);
        let read = parse(body.to_string().as_bytes());
        if asked.contains("search") && posts > 0 && body.pointer("/data/0/text").is_some() {
            searches += 1;
            assert_eq!(read.unwrap().parsed.entries.len(), posts, "{file} {asked}");
        }
    }
    println!("{searches} recorded searches");
}

#[test]
fn no_page_cut_anywhere_makes_it_panic() {
    let whole = fixture("x/page.json");
    for end in 0..whole.len() {
        let _ = parse(&whole.as_bytes()[..end]);
    }
    for odd in [
        json!({"data": [7, null, "x", [], {"id": 5, "text": "number"}, {"id": "-5", "text": "x"}], "meta": {}}),
        json!({"data": {"id": "5"}, "meta": {"newest_id": 5}}),
        json!({"meta": {"result_count": 0}}),
    ] {
        assert!(
            parse(odd.to_string().as_bytes())
                .unwrap()
                .parsed
                .entries
                .is_empty(),
            "{odd}"
        );
    }
    assert!(matches!(
        parse(b"{\"title\":\"x\"}"),
        Err(SourceError::Nonsense(_))
    ));
}

#[tokio::test]
async fn the_first_reading_takes_one_page_and_the_next_ones_all_pages_since() {
    let scene = Scene::start().await;
    scene.site.script(
        PATH,
        vec![
            page(&[MORNING + 12, MORNING + 11], Some("older")),
            page(&[MORNING + 16, MORNING + 15], Some("page2")),
            page(&[MORNING + 14, MORNING + 13], None),
            page(&[], None),
        ],
    );
    let x = open(&scene, config(&scene));
    let first = x.poll(&Cursor::start()).await.unwrap();
    assert!(first.first_load && first.checkpoint && !first.more);
    assert_eq!(
        first
            .items
            .iter()
            .map(|item| item.text.as_str())
            .collect::<Vec<_>>(),
        ["post 11", "post 12"]
    );

    let polls = read_all(&x, &first.cursor).await;
    assert_eq!(
        polls
            .iter()
            .map(|polled| polled.items.len())
            .collect::<Vec<_>>(),
        [2, 2]
    );
    assert!(
        polls
            .iter()
            .all(|polled| !polled.first_load && polled.checkpoint)
    );
    // Read anew with another instance, the cursor alone knows where it was.
    let last = open(&scene, config(&scene))
        .poll(&polls[1].cursor)
        .await
        .unwrap();
    assert!(last.items.is_empty() && !last.more);

    let requests = scene.site.requests();
    assert_eq!(
        since_ids(&requests),
        [
            None,
            Some(MORNING + 12),
            Some(MORNING + 12),
            Some(MORNING + 16)
        ]
    );
    assert_eq!(requests[2].param("next_token").as_deref(), Some("page2"));
    assert_eq!(
        requests[0].param("query").as_deref(),
        Some("CERT-In lang:en")
    );
    assert_eq!(requests[0].param("max_results").as_deref(), Some("100"));
    assert_eq!(requests[0].header("authorization"), Some("Bearer hunter2"));
}

#[tokio::test]
async fn a_limit_without_retry_after_is_waited_for_until_its_reset() {
    let scene = Scene::start().await;
    let reset = (scene.clock.now().as_second() + 600).to_string();
    scene.site.serve(
        PATH,
        Reply::status(429).header("x-rate-limit-reset", &reset),
    );
    assert_eq!(
        said(open(&scene, config(&scene)).poll(&Cursor::start()).await),
        "127.0.0.1 asks us to wait 600 s"
    );
}

#[tokio::test]
async fn when_the_limit_is_reached_the_next_page_waits_for_the_next_poll() {
    let scene = Scene::start().await;
    let x = open(&scene, config(&scene));
    scene.site.script(
        PATH,
        vec![
            page(&[MORNING + 1], None),
            page(&[MORNING + 3], Some("page2")).header("x-rate-limit-remaining", "0"),
            page(&[MORNING + 2], None),
        ],
    );
    let first = x.poll(&Cursor::start()).await.unwrap();
    let second = x.poll(&first.cursor).await.unwrap();
    assert!(!second.more);
    let third = x.poll(&second.cursor).await.unwrap();
    assert_eq!(third.items[0].text, "post 2");
    assert_eq!(
        scene.site.requests()[2].param("next_token").as_deref(),
        Some("page2")
    );
}

#[tokio::test]
async fn a_place_that_x_has_forgotten_is_read_again_from_the_newest() {
    let scene = Scene::start().await;
    let x = open(&scene, config(&scene));
    scene.site.script(
        PATH,
        vec![
            page(&[MORNING + 1], None),
            page(&[MORNING + 3], Some("page2")),
            Reply::status(400).body(r#"{"detail":"The next_token is not valid."}"#),
            page(&[MORNING + 3, MORNING + 2], None),
        ],
    );
    let first = x.poll(&Cursor::start()).await.unwrap();
    let polls = read_all(&x, &first.cursor).await;
    assert_eq!(polls.len(), 3);
    assert_eq!(polls[1].problems[0].place, "paging");
    assert_eq!(polls[2].items.last().unwrap().id, polls[0].items[0].id);
    assert_eq!(since_ids(&scene.site.requests())[3], Some(MORNING + 1));
}

#[tokio::test]
async fn after_seven_days_it_reads_without_the_old_mark() {
    let scene = Scene::start().await;
    let x = open(&scene, config(&scene));
    scene.site.serve(PATH, page(&[MORNING + 1], None));
    let first = x.poll(&Cursor::start()).await.unwrap();
    scene.clock.advance(Duration::from_secs(8 * 24 * 60 * 60));
    let later = x.poll(&first.cursor).await.unwrap();
    assert!(!later.first_load);
    assert_eq!(since_ids(&scene.site.requests()), [None, None]);
}

#[tokio::test]
async fn the_budget_shrinks_the_page_then_rests_until_the_month_is_over() {
    let scene = Scene::start().await;
    let mut config = config(&scene);
    // 15 posts.
    config.monthly_budget_usd = 0.075;
    config.price_per_author_usd = 0.0;
    let x = open(&scene, config);
    scene
        .site
        .serve(PATH, page(&[MORNING + 3, MORNING + 2, MORNING + 1], None));
    let first = x.poll(&Cursor::start()).await.unwrap();
    let second = x.poll(&first.cursor).await.unwrap();
    let asked = scene.site.requests();
    assert_eq!(asked[0].param("max_results").as_deref(), Some("15"));
    assert_eq!(asked[1].param("max_results").as_deref(), Some("12"));
    // Nine are left, and X's smallest page has ten: it is not even asked.
    match x.poll(&second.cursor).await {
        Err(SourceError::Resting { reason, after }) => {
            assert_eq!(
                reason,
                "the monthly budget of $0.07 is used up until 1 December"
            );
            assert!(after > Duration::from_secs(9 * 24 * 60 * 60), "{after:?}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(scene.site.requests().len(), 2);
    scene.clock.advance(Duration::from_secs(10 * 24 * 60 * 60));
    assert_eq!(x.poll(&second.cursor).await.unwrap().items.len(), 3);
}

#[tokio::test]
async fn refusals_are_sentences_that_say_what_to_do() {
    let scene = Scene::start().await;
    let x = open(&scene, config(&scene));
    for (status, body, says) in [
        (
            401,
            r#"{"title":"Unauthorized","type":"about:blank","status":401,"detail":"Unauthorized"}"#,
            "X does not accept the bearer token: Unauthorized",
        ),
        (
            402,
            r#"{"title":"CreditsDepleted","detail":"Your account has no credits left.","type":"about:blank"}"#,
            "the account at X is out of credit: Your account has no credits left",
        ),
        (
            403,
            r#"{"title":"Client Forbidden","detail":"Attach the app to a project."}"#,
            "X refuses this account: Attach the app to a project",
        ),
        (
            400,
            r#"{"errors":[{"message":"missing EOF at ')'"}],"detail":"One or more parameters was invalid."}"#,
            "X does not accept the search: missing EOF at ')'",
        ),
        (403, "<html>", "X refuses this account"),
    ] {
        scene.site.serve(PATH, Reply::status(status).body(body));
        match x.poll(&Cursor::start()).await {
            Err(SourceError::Unready(text)) => assert_eq!(text, says),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn without_a_token_nothing_is_asked_and_no_token_is_shown() {
    let scene = Scene::start().await;
    let mut bare = config(&scene);
    assert!(!format!("{bare:?}").contains("hunter2"));
    bare.bearer_token = None;
    assert_eq!(
        said(open(&scene, bare).poll(&Cursor::start()).await),
        "`bearer_token` or `bearer_token_file` is missing"
    );
    assert!(scene.site.requests().is_empty());
}

#[tokio::test]
async fn a_token_may_come_from_a_file() {
    let scene = Scene::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "from-a-file\n").unwrap();
    let x = open(
        &scene,
        Config {
            bearer_token: None,
            bearer_token_file: Some(path),
            ..config(&scene)
        },
    );
    scene.site.serve(PATH, page(&[MORNING], None));
    assert_eq!(x.poll(&Cursor::start()).await.unwrap().items.len(), 1);
    assert_eq!(
        scene.site.requests()[0].header("authorization"),
        Some("Bearer from-a-file")
    );
}

#[test]
fn a_config_that_x_would_refuse_is_refused_at_once() {
    let error = |text: &str| toml::from_str::<Config>(text).unwrap_err().to_string();
    assert!(
        error(&format!("query = '{}'", "x".repeat(513)))
            .contains("`query` has 513 characters; X takes 512")
    );
    assert!(error("query = ' '").contains("`query` is empty"));
    assert!(error("query = 'x'\nmax_results = 5").contains("from 10 to 100"));
    assert!(error("query = 'x'\nbearer = 'x'").contains("unknown field"));
    assert!(error("").contains("missing field `query`"));
}
