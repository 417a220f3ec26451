//! The OWASP Top 10 against a site of stubs and pages, and the recorded site.

use std::path::{Path, PathBuf};

use expect_test::expect;
use model::Cursor;
use sources::owasp_top10::{Config, Listed, OwaspTop10, parse_category, parse_index};
use sources::{Polled, Source, SourceError};
use testkit::TestClock;
use testkit::site::{FakeSite, Reply};

use crate::door;

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/owasp_top10")
        .join(name);
    std::fs::read_to_string(path).unwrap()
}

pub(crate) fn page(name: &str) -> Reply {
    Reply::ok(fixture(name)).content_type("text/html; charset=utf-8")
}

pub(crate) fn category(edition: u16, rank: u8, weakness: u32) -> Reply {
    Reply::ok(format!(
        "<article><h1>A{rank:02}:{edition} X</h1><h2 id=description>D</h2><p>Text.</p>\
         <h2 id=list-of-mapped-cwes>L</h2><a href=https://cwe.mitre.org/data/definitions/{weakness}.html>x</a></article>"
    ))
}

/// The site: a root that leads in two hops to 2025, two categories there and one
/// in 2021.
async fn site() -> FakeSite {
    let site = FakeSite::start().await;
    fill(&site);
    site
}

pub(crate) fn fill(site: &FakeSite) {
    site.serve("/Top10/", page("root.html"));
    site.serve("/Top10/2025/en/", page("stub.html"));
    site.serve("/Top10/2025/", page("index-2025.html"));
    site.serve("/Top10/2021/", page("index-2021.html"));
    site.serve(
        "/Top10/2025/A01_2025-Open_Doors/",
        page("A01_2025.html").etag("\"a\""),
    );
    site.serve(
        "/Top10/2025/A02_2025-Old_Locks/",
        category(2025, 2, 326).etag("\"b\""),
    );
    site.serve(
        "/Top10/2021/A01_2021-Closed_Windows_%28CW%29/",
        page("A01_2021.html").etag("\"c\""),
    );
}

fn open(site: &FakeSite) -> OwaspTop10 {
    let clock = TestClock::at("2026-11-21T09:00:00Z");
    let config = Config {
        url: site.url("/Top10/"),
        ..Config::default()
    };
    OwaspTop10::new(door::name("owasp"), config, &door::to(site, &clock))
}

fn ids(polled: &Polled) -> Vec<&str> {
    polled
        .categories
        .iter()
        .map(|category| category.id.as_str())
        .collect()
}

#[tokio::test]
async fn both_editions_are_read_through_the_stubs() {
    let site = site().await;
    let first = open(&site).poll(&Cursor::start()).await.unwrap();
    let mut seen = String::new();
    for category in &first.categories {
        seen.push_str(&format!(
            "{}\n",
            serde_json::to_string(category)
                .unwrap()
                .replace(&site.url(""), "")
        ));
    }
    for item in &first.items {
        seen.push_str(&format!(
            "-- {} | {} | {:?}\n{}\n",
            item.external_id, item.title, item.kind, item.text
        ));
    }
    expect![[r#"
        {"edition":2025,"rank":1,"id":"A01:2025","title":"Open Doors","url":"/Top10/2025/A01_2025-Open_Doors/","summary":"Doors keep people out, and an open one does not.","cwes":["CWE-22","CWE-447"]}
        {"edition":2025,"rank":2,"id":"A02:2025","title":"Old Locks and Keys","url":"/Top10/2025/A02_2025-Old_Locks/","summary":"Text.","cwes":["CWE-326"]}
        {"edition":2021,"rank":1,"id":"A01:2021","title":"Closed Windows (CW)","url":"/Top10/2021/A01_2021-Closed_Windows_%28CW%29/","summary":"Windows were added from the survey.","cwes":["CWE-918"]}
        -- A01:2025 | A01:2025 Open Doors | Advisory
        Background
        Notable is CWE-998, in the text.

        Score table
        CWEs Mapped Total CVEs
        2 32,654

        Description
        Doors keep people out, and an open one does not. Signs are:
        No lock & no key.

        Mapped weaknesses
        CWE-22, CWE-447

        OWASP Top 10 by the OWASP Foundation, licensed under CC BY-SA 4.0 (https://creativecommons.org/licenses/by-sa/4.0/)
        -- A02:2025 | A02:2025 Old Locks and Keys | Advisory
        D
        Text.

        Mapped weaknesses
        CWE-326

        OWASP Top 10 by the OWASP Foundation, licensed under CC BY-SA 4.0 (https://creativecommons.org/licenses/by-sa/4.0/)
        -- A01:2021 | A01:2021 Closed Windows (CW) | Advisory
        Factors
        CWEs Mapped Total CVEs
        1 3,075

        Overview
        Windows were added from the survey.

        Description
        You are likely vulnerable:
        If it is shut.

        Mapped weaknesses
        CWE-918

        OWASP Top 10 by the OWASP Foundation, licensed under CC BY-SA 4.0 (https://creativecommons.org/licenses/by-sa/4.0/)
    "#]].assert_eq(&seen);
    assert!(first.first_load && first.checkpoint && !first.more && first.problems.is_empty());
}

#[tokio::test]
async fn the_next_poll_asks_only_for_what_changed() {
    let site = site().await;
    let owasp = open(&site);
    let first = owasp.poll(&Cursor::start()).await.unwrap();
    let second = owasp.poll(&first.cursor).await.unwrap();
    assert_eq!(
        (ids(&second).len(), second.first_load, second.problems.len()),
        (0, false, 0)
    );
    assert_eq!(second.cursor, first.cursor);
    let asked = site
        .requests()
        .iter()
        .filter(|seen| seen.header("if-none-match").is_some())
        .count();
    assert_eq!(asked, 3);

    site.serve(
        "/Top10/2025/A02_2025-Old_Locks/",
        category(2025, 2, 327).etag("\"b2\""),
    );
    let third = owasp.poll(&second.cursor).await.unwrap();
    assert_eq!(ids(&third), ["A02:2025"]);
    let old = first
        .items
        .iter()
        .find(|item| item.external_id == "A02:2025")
        .unwrap();
    assert_ne!(third.items[0].id, old.id);
    assert!(!third.first_load);

    // A replay gives the same items.
    let again = owasp.poll(&Cursor::start()).await.unwrap();
    assert_eq!(again.items[1].id, third.items[0].id);
    assert_eq!(again.items[0].id, first.items[0].id);
}

#[tokio::test]
async fn a_page_that_is_none_costs_only_itself() {
    let site = site().await;
    let owasp = open(&site);
    for broken in [
        Reply::ok("<html><title>Not found</title></html>"),
        Reply::ok("<article><h1>A09:2025 Another page</h1></article>"),
        Reply::ok("<article><h1>A02:2025 X</h1><h2 id=list-of-mapped-cwes>L</h2></article>"),
        Reply::status(404),
        Reply::status(410),
    ] {
        site.serve("/Top10/2025/A02_2025-Old_Locks/", broken);
        let polled = owasp.poll(&Cursor::start()).await.unwrap();
        assert_eq!(ids(&polled), ["A01:2025", "A01:2021"]);
        let places: Vec<&str> = polled
            .problems
            .iter()
            .map(|problem| problem.place.as_str())
            .collect();
        assert_eq!(places, ["A02:2025"]);
    }
    // Mended, it is asked for again, whatever was remembered of it.
    let polled = owasp.poll(&Cursor::start()).await.unwrap();
    site.serve("/Top10/2025/A02_2025-Old_Locks/", category(2025, 2, 326));
    assert_eq!(
        ids(&owasp.poll(&polled.cursor).await.unwrap()),
        ["A02:2025"]
    );

    site.serve("/Top10/2021/", Reply::status(404));
    let polled = owasp.poll(&Cursor::start()).await.unwrap();
    assert_eq!(ids(&polled), ["A01:2025", "A02:2025"]);
    assert_eq!(polled.problems[0].place, "edition 2021");
}

#[tokio::test]
async fn a_site_of_other_pages_gives_nothing() {
    for body in [
        "<html><h1>Maintenance</h1></html>",
        "{\"no\": \"page\"}",
        "<article><h1>Top 10</h1></article>",
        "<meta http-equiv=refresh content='0; url=/Top10/'>",
    ] {
        let site = site().await;
        site.serve("/Top10/", Reply::ok(body));
        let result = open(&site).poll(&Cursor::start()).await;
        assert!(
            matches!(result, Err(SourceError::Nonsense(_))),
            "{result:?}"
        );
    }
    let site = site().await;
    // And pages that all changed their form.
    for path in [
        "/Top10/2025/A01_2025-Open_Doors/",
        "/Top10/2025/A02_2025-Old_Locks/",
        "/Top10/2021/A01_2021-Closed_Windows_%28CW%29/",
    ] {
        site.serve(path, Reply::ok("<p>new form"));
    }
    let result = open(&site).poll(&Cursor::start()).await;
    assert!(matches!(result, Err(SourceError::Nonsense(_))));
}

fn recorded(edition: u16) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(format!("../../../shared/samples/owasp/html-{edition}"));
    if !folder.is_dir() {
        println!("left out: {} is not there", folder.display());
        return None;
    }
    Some(folder)
}

#[test]
fn the_recorded_editions_have_the_weaknesses_that_were_counted() {
    for (edition, counted) in [
        (2025, [40, 16, 6, 32, 37, 39, 36, 14, 5, 24]),
        (2021, [34, 30, 33, 40, 20, 3, 22, 10, 4, 1]),
    ] {
        let Some(folder) = recorded(edition) else {
            return;
        };
        let index = std::fs::read_to_string(folder.join("index.html")).unwrap();
        let listed: Vec<Listed> =
            parse_index(&index, &format!("https://owasp.org/Top10/{edition}/")).unwrap();
        assert_eq!(listed.len(), 10);
        let mut counts = Vec::new();
        for (at, category) in listed.iter().enumerate() {
            let name = category
                .url
                .trim_end_matches('/')
                .rsplit('/')
                .next()
                .unwrap();
            let name = name.replace("%28", "(").replace("%29", ")");
            let page = std::fs::read_to_string(folder.join(format!("{name}.html"))).unwrap();
            let article = parse_category(&page, &category.url, category).unwrap();
            assert_eq!(article.category.id, format!("A{:02}:{edition}", at + 1));
            assert!(
                article.category.summary.len() > 60,
                "{:?}",
                article.category
            );
            assert!(
                !article.category.summary.ends_with(':'),
                "{:?}",
                article.category
            );
            assert!(article.text.contains("Total CVEs"), "{}", article.text);
            counts.push(article.category.cwes.len());
        }
        assert_eq!(counts, counted);
    }
}

#[test]
fn the_recorded_names_are_the_official_ones() {
    let Some(folder) = recorded(2025) else { return };
    let index = std::fs::read_to_string(folder.join("index.html")).unwrap();
    let names: Vec<String> = parse_index(&index, "https://owasp.org/Top10/2025/")
        .unwrap()
        .into_iter()
        .map(|listed| listed.title)
        .collect();
    assert_eq!(
        names,
        [
            "Broken Access Control",
            "Security Misconfiguration",
            "Software Supply Chain Failures",
            "Cryptographic Failures",
            "Injection",
            "Insecure Design",
            "Authentication Failures",
            "Software or Data Integrity Failures",
            "Security Logging and Alerting Failures",
            "Mishandling of Exceptional Conditions",
        ]
    );
}
