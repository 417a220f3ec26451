//! Google News against a fake of its feed.

use std::path::Path;

use expect_test::expect;
use model::Cursor;
use sources::news_search::{Config, NewsSearch, parse};
use sources::{Polled, Source, SourceError};
use testkit::TestClock;
use testkit::site::{FakeSite, Reply};

use crate::door;

fn fixture() -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/news_search/search.xml"))
        .unwrap()
}

fn open(site: &FakeSite, edition: &str) -> NewsSearch {
    let clock = TestClock::at("2026-11-21T09:00:00Z");
    let config = Config {
        url: site.url("/rss/search"),
        query: "\"data breach\" site:example.org when:1d".to_owned(),
        edition: edition.to_owned(),
        ..Config::default()
    };
    NewsSearch::new(door::name("news"), config, &door::to(site, &clock))
}

fn shown(polled: &Polled) -> String {
    let mut out = String::new();
    for item in &polled.items {
        out.push_str(&format!(
            "{} | {} | {} | {} | {}\n",
            item.external_id,
            item.title,
            item.author.as_deref().unwrap_or("-"),
            item.published.map(|at| at.to_string()).unwrap_or_default(),
            item.url.as_deref().unwrap_or("-"),
        ));
        assert_eq!(item.text, "");
    }
    for problem in &polled.problems {
        out.push_str(&format!("! {}: {}\n", problem.place, problem.reason));
    }
    out
}

#[tokio::test]
async fn a_search_is_read_with_publishers_and_bare_titles() {
    let site = FakeSite::start().await;
    site.serve(
        "/rss/search",
        Reply::ok(fixture())
            .content_type("application/xml")
            .etag("\"1\""),
    );
    let news = open(&site, "en-IN");
    let first = news.poll(&Cursor::start()).await.unwrap();
    expect![[r#"
        CBMi004 | No source is named | Some Paper | 2026-11-21T06:00:00Z | https://news.google.com/rss/articles/CBMi004?oc=5
        CBMi003 | Hackers - a portrait | Long Reads |  | https://news.google.com/rss/articles/CBMi003?oc=5
        CBMi002 | R&D lab leaks 5 GB | R&D Daily | 2026-11-21T07:00:00Z | https://news.google.com/rss/articles/CBMi002?oc=5
        CBMi001 | Bank hit - and hit again | The Example Times | 2026-11-21T08:00:00Z | https://news.google.com/rss/articles/CBMi001?oc=5
        ! entry 3: its date `not a date` cannot be read
        ! entry 5: it has neither title, text nor address
    "#]].assert_eq(&shown(&first));
    assert!(first.first_load && first.checkpoint && !first.more);
    assert_eq!(first.items[0].language.as_deref(), Some("en"));
    let second = news.poll(&first.cursor).await.unwrap();
    assert_eq!((second.items.len(), &second.cursor), (0, &first.cursor));

    // A replay gives the same items.
    let again = news.poll(&Cursor::start()).await.unwrap();
    let ids = |polled: &Polled| polled.items.iter().map(|item| item.id).collect::<Vec<_>>();
    assert_eq!(ids(&again), ids(&first));
    // And so does a title whose text Google garnished otherwise.
    let text = String::from_utf8(fixture())
        .unwrap()
        .replace("&lt;font", "&lt;b&gt;new&lt;/b&gt;&lt;font");
    site.serve("/rss/search", Reply::ok(text));
    assert_eq!(ids(&news.poll(&first.cursor).await.unwrap()), ids(&first));
}

#[tokio::test]
async fn the_edition_is_asked_for_in_its_own_way() {
    let site = FakeSite::start().await;
    site.serve("/rss/search", Reply::ok(fixture()));
    for (edition, hl, gl, ceid) in [
        ("en-IN", "en-IN", "IN", "IN:en"),
        ("hi-IN", "hi", "IN", "IN:hi"),
        ("en_us", "en-US", "US", "US:en"),
    ] {
        let polled = open(&site, edition).poll(&Cursor::start()).await.unwrap();
        assert_eq!(polled.items[0].language.as_deref(), edition.get(..2));
        let requests = site.requests();
        let asked = requests.last().unwrap();
        assert_eq!(
            asked.param("q").as_deref(),
            Some("\"data breach\" site:example.org when:1d")
        );
        assert_eq!(asked.param("hl").as_deref(), Some(hl));
        assert_eq!(asked.param("gl").as_deref(), Some(gl));
        assert_eq!(asked.param("ceid").as_deref(), Some(ceid));
    }
    for edition in ["English", "", "en-", "e-IN"] {
        let result = open(&site, edition).poll(&Cursor::start()).await;
        assert!(
            matches!(result, Err(SourceError::Nonsense(why)) if why.contains("edition")),
            "{edition}"
        );
    }
}

#[test]
fn a_feed_in_another_encoding_and_odd_entries() {
    let feed = "<?xml version='1.0' encoding='utf-16'?><rss><channel><item><guid>\
        a</guid><title>बैंक - अखबार</title><source>अखबार</source></item><item><guid>b</guid><title> - </title></item></channel></rss>";
    let bytes: Vec<u8> = feed.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let parsed = parse(&bytes, None, "https://news.example/", "hi").unwrap();
    let seen: Vec<(&str, Option<&str>)> = parsed
        .entries
        .iter()
        .map(|draft| (draft.title.as_str(), draft.author.as_deref()))
        .collect();
    assert_eq!(seen[0], ("बैंक", Some("अखबार")));
}
