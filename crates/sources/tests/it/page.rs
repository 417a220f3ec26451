//! Pages by CSS selectors: what is read of one, and how a site is gone through.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use expect_test::expect;
use model::Cursor;
use net::NetError;
use proptest::prelude::*;
use serde_json::json;
use sources::page::{Config, Listing, Page, parse};
use sources::{Polled, Source, SourceConfig, SourceError};
use testkit::TestClock;
use testkit::site::{FakeSite, Reply};

use crate::door;

fn fixture(name: &str) -> String {
    std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fixtures/page")
            .join(name),
    )
    .unwrap()
}

fn config(url: &str) -> Config {
    serde_json::from_value(json!({
        "url": url, "item": "ul.news > li", "title": "h3", "link": "h3 a", "date": ".date",
        "text": ".teaser", "next_page": "a.next", "zone": "Asia/Kolkata", "language": "hi",
    }))
    .unwrap()
}

fn open(site: &FakeSite) -> (Page, Arc<TestClock>) {
    let clock = TestClock::at("2026-11-21T09:00:00Z");
    let page = Page::new(
        door::name("press"),
        config(&site.url("/news")),
        &door::to(site, &clock),
    );
    (page, clock)
}

/// A page with these entries and a link to the next.
pub(crate) fn page(entries: &[u32], next: &str) -> Reply {
    let items: String = entries
        .iter()
        .map(|n| {
            format!(
                "<li><h3><a href='/a/{n}'>Notice {n}</a></h3><i class=date>2026-11-{:02}</i></li>",
                n % 28 + 1
            )
        })
        .collect();
    Reply::ok(format!(
        "<ul class=news>{items}</ul><a class=next href='{next}'>Older</a>"
    ))
}

fn titles(polled: &Polled) -> Vec<&str> {
    polled
        .items
        .iter()
        .map(|item| item.title.as_str())
        .collect()
}

fn pages_asked(site: &FakeSite) -> usize {
    site.requests()
        .iter()
        .filter(|seen| seen.path != "/robots.txt")
        .count()
}

#[test]
fn entries_are_read_by_their_selectors() {
    let Listing { parsed, next } = parse(
        &fixture("list.html"),
        "https://site.example/news/index.html",
        &config("https://x/"),
    )
    .unwrap();
    let mut seen = String::new();
    for draft in &parsed.entries {
        seen.push_str(&format!(
            "{} | {} | {} | {:?}\n",
            draft.title,
            draft.url.as_deref().unwrap_or("-"),
            draft.published.map(|at| at.to_string()).unwrap_or_default(),
            draft.text
        ));
    }
    for problem in &parsed.problems {
        seen.push_str(&format!("! {}: {}\n", problem.place, problem.reason));
    }
    seen.push_str(&format!("next {next:?}\n"));
    expect![[r#"
        Second notice | https://site.example/press/2026/two.html | 2026-11-20T18:30:00Z | "One.\nTwo."
        First notice | https://other.example/one | 2026-11-20T04:30:00Z | ""
        From its attribute | https://site.example/press/four.html |  | ""
        No date | https://site.example/press/five.html |  | ""
        ! entry 3: it has no link
        ! entry 4: it has no title
        ! entry 5: it has no link
        ! entry 6: its date `some day` cannot be read
        ! entry 7: it has no date
        next Some("https://site.example/press/?page=2")
    "#]].assert_eq(&seen);
}

#[test]
fn with_little_said_the_links_are_the_entries() {
    let config = |item: &str| -> Config {
        serde_json::from_value(json!({ "url": "https://x/", "item": item })).unwrap()
    };
    let seen = |item: &str| -> Vec<(String, String)> {
        let listing = parse(
            &fixture("list.html"),
            "https://site.example/",
            &config(item),
        )
        .unwrap();
        let entries = listing.parsed.entries.into_iter();
        entries
            .map(|draft| (draft.title, draft.url.unwrap_or_default()))
            .take(2)
            .collect()
    };
    let first = (
        "Second notice".to_owned(),
        "https://site.example/press/2026/two.html".to_owned(),
    );
    let second = (
        "First notice".to_owned(),
        "https://other.example/one".to_owned(),
    );
    assert_eq!(seen("ul.news li"), [first.clone(), second.clone()]);
    assert_eq!(seen("ul.news a"), [first, second]);
}

#[test]
fn what_is_no_selector_or_zone_is_said_at_the_start() {
    for (field, value) in [
        ("item", "li >"),
        ("item", ""),
        ("date", "::"),
        ("zone", "Mars/Base"),
        ("colour", "red"),
    ] {
        let mut given = json!({ "kind": "page", "url": "https://x/", "item": "li" });
        given[field] = json!(value);
        assert!(
            serde_json::from_value::<SourceConfig>(given).is_err(),
            "{field} {value}"
        );
    }
    let given = json!({ "kind": "page", "url": "https://x/", "item": "li" });
    let config: SourceConfig = serde_json::from_value(given).unwrap();
    assert_eq!((config.kind(), config.url()), ("page", Some("https://x/")));
}

#[tokio::test]
async fn pages_are_gone_through_once_and_then_only_as_far_as_there_is_news() {
    let site = FakeSite::start().await;
    site.serve("/news", page(&[6, 5], "/news?page=2"));
    site.serve("/news?page=2", page(&[4, 3], "?page=3"));
    site.serve("/news?page=3", page(&[2, 1], "/news"));
    let (source, _) = open(&site);
    let first = source.poll(&Cursor::start()).await.unwrap();
    assert_eq!(
        titles(&first),
        [
            "Notice 1", "Notice 2", "Notice 3", "Notice 4", "Notice 5", "Notice 6"
        ]
    );
    assert!(first.first_load && first.checkpoint && !first.more && first.problems.is_empty());
    assert_eq!(pages_asked(&site), 3);

    let second = source.poll(&first.cursor).await.unwrap();
    assert_eq!(titles(&second), ["Notice 5", "Notice 6"]);
    assert_eq!(second.items[1].id, first.items[5].id);
    assert!(!second.first_load);
    assert_eq!(pages_asked(&site), 4);

    // All of the first page is news: the second may hold some as well.
    site.serve("/news", page(&[8, 7], "/news?page=2"));
    site.serve("/news?page=2", page(&[6, 5], "?page=3"));
    let third = source.poll(&second.cursor).await.unwrap();
    assert_eq!(
        titles(&third),
        ["Notice 5", "Notice 6", "Notice 7", "Notice 8"]
    );
    assert_eq!(pages_asked(&site), 6);

    // robots.txt was asked for once.
    assert_eq!(site.requests().len(), 7);
    let again = source.poll(&second.cursor).await.unwrap();
    let ids = |polled: &Polled| polled.items.iter().map(|item| item.id).collect::<Vec<_>>();
    assert_eq!(ids(&again), ids(&third));
}

#[tokio::test]
async fn a_page_that_did_not_change_is_not_read_again() {
    let site = FakeSite::start().await;
    site.serve("/news", page(&[2, 1], "").etag("\"1\""));
    let (source, _) = open(&site);
    let first = source.poll(&Cursor::start()).await.unwrap();
    let second = source.poll(&first.cursor).await.unwrap();
    assert_eq!((titles(&second).len(), &second.cursor), (0, &first.cursor));
}

#[tokio::test]
async fn the_way_from_page_to_page_ends() {
    let site = FakeSite::start().await;
    let elsewhere = FakeSite::start().await;
    // For ever new pages: five and no more.
    site.serve_live("/news", |seen| {
        let number: u32 = seen
            .param("page")
            .and_then(|page| page.parse().ok())
            .unwrap_or(1);
        page(&[number], &format!("/news?page={}", number + 1))
    });
    let (source, _) = open(&site);
    assert_eq!(source.poll(&Cursor::start()).await.unwrap().items.len(), 5);
    assert_eq!(pages_asked(&site), 5);
    // To another site: not at all.
    site.serve("/news", page(&[1], &elsewhere.url("/news")));
    let polled = source.poll(&Cursor::start()).await.unwrap();
    assert_eq!((polled.items.len(), elsewhere.requests().len()), (1, 0));
    // A broken second page costs itself; one that fails for now costs the reading.
    for (reply, expected) in [
        (Reply::status(404), Some(1)),
        (Reply::ok("<p>nothing"), Some(1)),
        (Reply::status(503), None),
    ] {
        site.serve("/news", page(&[9], "/news?page=2"));
        site.serve("/news?page=2", reply);
        match (source.poll(&Cursor::start()).await, expected) {
            (Ok(polled), Some(items)) => {
                assert_eq!(polled.items.len(), items);
                assert!(
                    polled.problems[0].place.starts_with("page 2"),
                    "{:?}",
                    polled.problems
                );
            }
            (Err(SourceError::Unreached(NetError::Passing { .. })), None) => {}
            (other, _) => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn another_page_is_told_from_an_empty_one() {
    let site = FakeSite::start().await;
    site.serve(
        "/robots.txt",
        Reply::ok("User-agent: *\nDisallow: /private"),
    );
    site.serve("/news", page(&[2, 1], ""));
    let (source, _) = open(&site);
    let first = source.poll(&Cursor::start()).await.unwrap();
    for (reply, expected) in [
        (
            Reply::ok("<html><h1>We moved</h1>"),
            "nothing in the page matches `item`: it has changed, or is another page",
        ),
        (
            Reply::ok("<ul class=news><li><p>x</ul>"),
            "none of the 1 entries of the page has a title or a link: it has changed, or is another page",
        ),
        (
            Reply::ok("<div>".repeat(10_000)),
            "the page has elements nested too deep",
        ),
        (
            Reply::ok(""),
            "nothing in the page matches `item`: it has changed, or is another page",
        ),
    ] {
        site.serve("/news", reply);
        let result = source.poll(&first.cursor).await;
        assert!(
            matches!(&result, Err(SourceError::Nonsense(why)) if why == expected),
            "{result:?}"
        );
    }
}

#[tokio::test]
async fn robots_txt_is_asked_first_and_believed_for_a_day() {
    let site = FakeSite::start().await;
    site.serve("/news", page(&[1], "/news?page=2"));
    site.serve("/news?page=2", page(&[2], ""));
    site.serve("/robots.txt", Reply::ok("User-agent: *\nDisallow: /news\n"));
    let (source, clock) = open(&site);
    let refused = source.poll(&Cursor::start()).await;
    assert!(
        matches!(&refused, Err(SourceError::Nonsense(why)) if why.contains("robots.txt")),
        "{refused:?}"
    );
    assert_eq!(pages_asked(&site), 0);
    // Our own group counts before everyone's; the old copy counts for a day.
    site.serve(
        "/robots.txt",
        Reply::ok("User-agent: *\nDisallow: /\n\nUser-agent: Prahari\nDisallow: /*?page=\n"),
    );
    assert!(source.poll(&Cursor::start()).await.is_err());
    clock.advance(Duration::from_secs(25 * 3600));
    let polled = source.poll(&Cursor::start()).await.unwrap();
    assert_eq!(titles(&polled), ["Notice 1"]);
    assert_eq!(polled.problems[0].place, "page 2");
    // A site that fails to say keeps its old word, and a new one forbids.
    clock.advance(Duration::from_secs(25 * 3600));
    site.serve("/robots.txt", Reply::status(503));
    assert_eq!(
        titles(&source.poll(&Cursor::start()).await.unwrap()),
        ["Notice 1"]
    );
    let (fresh, _) = open(&site);
    let asked = pages_asked(&site);
    let result = fresh.poll(&Cursor::start()).await;
    assert!(
        matches!(
            result,
            Err(SourceError::Unreached(NetError::Passing { .. }))
        ),
        "{result:?}"
    );
    assert_eq!(pages_asked(&site), asked);
    // No file, and one that is refused, forbid nothing.
    for status in [404, 403] {
        site.serve("/robots.txt", Reply::status(status));
        let (fresh, _) = open(&site);
        assert_eq!(fresh.poll(&Cursor::start()).await.unwrap().items.len(), 2);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn no_page_makes_it_panic(
        parts in prop::collection::vec(
            prop_oneof![
                Just("<ul class=news>".to_owned()), Just("<li>".to_owned()), Just("<h3>".to_owned()),
                Just("<a href=x>".to_owned()), Just("</a>".to_owned()), Just("<base href='//'>".to_owned()),
                Just("<i class=date datetime=''>".to_owned()), "\\PC{0,12}",
            ],
            0..30,
        )
    ) {
        let _ = parse(&parts.concat(), "https://site.example/", &config("https://x/"));
    }
}
