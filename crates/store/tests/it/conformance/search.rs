//! Full text.

use std::sync::Arc;

use store::Store;

use crate::build::{Tale, cve, item};

type Db = Arc<dyn Store>;

async fn told(store: &Db, stories: &[(&str, &str)]) -> Tale {
    let tale = Tale::of(store.clone()).await;
    for (title, text) in stories {
        tale.opened(&item("the-feed", title, title, text), |_| ())
            .await;
    }
    tale
}

/// The search finds exactly these, in any order.
async fn check(tale: &Tale, text: &str, expected: &[&str]) {
    let mut found = tale.found(text).await;
    found.sort();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(found, expected, "search for {text:?}");
}

pub(crate) async fn words_are_found_in_any_form(store: Db, _: Db) {
    let tale = told(
        &store,
        &[
            ("Attackers exploited Ivanti", "Réseau of Düsseldorf"),
            ("Bank", "An exploit is sold"),
        ],
    )
    .await;
    check(
        &tale,
        "exploitation",
        &["Attackers exploited Ivanti", "Bank"],
    )
    .await;
    check(&tale, "EXPLOITS attacker", &["Attackers exploited Ivanti"]).await;
    check(&tale, "dusseldorf reseau", &["Attackers exploited Ivanti"]).await;
    check(&tale, "exploit nowhere", &[]).await;
}

pub(crate) async fn phrases_stand_together(store: Db, _: Db) {
    let tale = told(
        &store,
        &[
            ("A", "remote code execution in a zero-day flaw"),
            ("B", "code that is remote, execution of a zero day"),
            ("C remote", "code execution"),
        ],
    )
    .await;
    check(&tale, "remote code execution", &["A", "B", "C remote"]).await;
    check(&tale, "\"remote code execution\"", &["A"]).await;
    check(&tale, "\"zero day\"", &["A", "B"]).await;
    check(&tale, "zero-day", &["A", "B"]).await;
    check(&tale, "\"day flaw\" \"remote code\"", &["A"]).await;
    check(&tale, "title:\"c remote\"", &["C remote"]).await;
    check(&tale, "title:remote code", &["C remote"]).await;
}

pub(crate) async fn a_star_finds_what_begins_so(store: Db, _: Db) {
    let tale = told(
        &store,
        &[
            ("A", "exploitation of FortiGate"),
            ("B", "exploring FortiOS"),
            ("C", "forts"),
        ],
    )
    .await;
    check(&tale, "expl*", &["A", "B"]).await;
    check(&tale, "exploita*", &["A"]).await;
    check(&tale, "exploitati*", &["A"]).await;
    check(&tale, "forti*", &["A", "B"]).await;
    check(&tale, "\"exploring fortio*\"", &["B"]).await;
    check(&tale, "\"exploring forti\"*", &["B"]).await;
    check(&tale, "*", &[]).await;
}

pub(crate) async fn names_are_found_whole_and_in_parts(store: Db, _: Db) {
    let tale = told(
        &store,
        &[
            ("A", "CVE-2026-1234 in FortiOS 7.2.4 by 10.0.0.1, T1566.001"),
            ("B", "CVE-2026-12345 and cve 2026 and 1234 and 7.2.40"),
        ],
    )
    .await;
    check(&tale, "CVE-2026-1234", &["A"]).await;
    check(&tale, "cve-2026-12345", &["B"]).await;
    check(&tale, "2026-1234", &["A"]).await;
    check(&tale, "CVE-2026-12*", &["A", "B"]).await;
    check(&tale, "\"fortios 7.2.4\"", &["A"]).await;
    check(&tale, "7.2.4", &["A"]).await;
    check(&tale, "10.0.0.1 t1566.001", &["A"]).await;
}

pub(crate) async fn hindi_is_found_as_it_is_written(store: Db, _: Db) {
    let tale = told(
        &store,
        &[
            (
                "भारतीय रेलवे पर साइबर हमला",
                "रेलवे की वेबसाइट ठप, २०२६ का बड़ा हमला।",
            ),
            ("बैंक में सेंध", "ग्राहकों का डेटा चोरी"),
        ],
    )
    .await;
    let railway = "भारतीय रेलवे पर साइबर हमला";
    check(&tale, "रेलवे", &[railway]).await;
    check(&tale, "\"साइबर हमला\"", &[railway]).await;
    check(&tale, "\"हमला साइबर\"", &[]).await;
    check(&tale, "भार*", &[railway]).await;
    check(&tale, "2026", &[railway]).await;
    check(&tale, "ब\u{921}\u{93c}ा", &[railway]).await;
    // A vowel sign is part of the word: रल is not रेल.
    check(&tale, "रलव", &[]).await;
    check(&tale, "डेटा चोरी", &["बैंक में सेंध"]).await;
}

pub(crate) async fn authors_and_sources_are_found(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let mut one = item("the-hacker-news", "1", "One", "text");
    one.author = Some("Ravie Lakshmanan".to_owned());
    tale.opened(&one, |_| ()).await;
    check(&tale, "lakshmanan", &["One"]).await;
    check(&tale, "\"hacker news\"", &["One"]).await;
}

pub(crate) async fn hostile_queries_are_only_words(store: Db, _: Db) {
    let tale = told(&store, &[("A", "title x or near a b not c and")]).await;
    check(&tale, "\"title:x\"", &["A"]).await;
    check(&tale, "\"NEAR(a b)\"", &["A"]).await;
    check(&tale, "or near", &["A"]).await;
    check(&tale, "near OR zebra", &["A"]).await;
    check(&tale, "NOT zebra", &["A"]).await;
    let long = "a ".repeat(1_000);
    for hostile in [
        "\"",
        "\"\"",
        "\"\"\"",
        "'",
        "a\" OR \"b",
        "^a",
        "-a",
        "+",
        "{title} : a",
        "a\0b",
        "\u{202e}a",
        "*",
        "**",
        "((((",
        "a AND",
        "\\",
        "%",
        "_",
        ";--",
        "title : \"",
        long.as_str(),
        "𝕬𝖇𝖈",
        "🦀",
        "ͺ",
        "victim:\"x' OR 1=1 --\"",
        "actor:%",
        "source:\"\\\"); DROP TABLE incidents; --\"",
        "indicator:\u{10ffff}*",
        "keyword:\"\0\"",
        "product:\"a\" version:\"' OR 1\"",
    ] {
        if let Ok(query) = model::query::parse(hostile) {
            tale.found(&query.to_string()).await;
        }
    }
    check(&tale, "\"!!! ---\"", &[]).await;
    check(&tale, "a * near", &["A"]).await;
}

pub(crate) async fn common_words_are_found_through_other_filters(store: Db, _: Db) {
    let tale = told(&store, &[("A", "a flaw"), ("B", "a flaw")]).await;
    let one = item("feed-b", "c", "C", "a flaw");
    tale.opened(&one, |it| it.cves = vec![cve("CVE-2026-1234")])
        .await;
    assert_eq!(tale.found("flaw cve:CVE-2026-1234").await, ["C"]);
    assert_eq!(tale.found("flaw source:the-feed").await.len(), 2);
}
