//! Pages of incidents.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use model::{Country, Incident, IncidentStatus, IncidentType, Tagged};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use store::{IncidentOrder, PageRequest, Store, StoreError};

use crate::build::{
    Tale, cve, first_page, incident, item, judgement, minute, placed, published, titles, wanted,
};

type Db = Arc<dyn Store>;

fn tagged(label: IncidentType) -> Vec<Tagged<IncidentType>> {
    vec![Tagged {
        label,
        confidence: 0.9,
    }]
}

pub(crate) async fn each_filter_narrows(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let open = async |n: i64, from: &str, title: &str, change: &dyn Fn(&mut Incident)| {
        let first = published(item(from, title, title, "told at length"), minute(-n));
        tale.opened(&first, |it| change(it)).await
    };
    let bank = open(30, "feed-a", "Bank", &|it| {
        it.severity = judgement(9.5);
        it.types = tagged(IncidentType::Ransomware);
        it.region.countries = vec![Country::INDIA];
    })
    .await;
    open(20, "feed-b", "Vpn", &|it| {
        it.severity = judgement(7.0);
        it.types = tagged(IncidentType::VulnExploit);
        it.cves = vec![cve("CVE-2026-1234")];
        it.exploited = true;
        it.keywords = vec!["Acme VPN".to_owned()];
        it.region.countries = vec!["US".parse().unwrap(), Country::INDIA];
    })
    .await;
    open(10, "feed-b", "Phish", &|it| it.severity = judgement(3.0)).await;
    tale.set_status(bank.id, IncidentStatus::Handled, minute(3))
        .await;

    let check = async |query: &str, expected: &[&str]| {
        let page = store
            .incidents(&wanted(query), &first_page(IncidentOrder::Latest, 10))
            .await
            .unwrap();
        assert_eq!(titles(&page), expected, "{query}");
        assert_eq!(
            (page.total, page.exact, page.next),
            (expected.len() as u64, true, None)
        );
    };
    check("", &["Phish", "Vpn", "Bank"]).await;
    check("severity:high", &["Vpn", "Bank"]).await;
    check("severity:critical", &["Bank"]).await;
    check("severity=high", &["Vpn"]).await;
    check("score<5", &["Phish"]).await;
    check("type:ransomware,vuln_exploit", &["Vpn", "Bank"]).await;
    check("type:ddos", &[]).await;
    check("region:IN", &["Vpn", "Bank"]).await;
    check("country:US,FR", &["Vpn"]).await;
    check("status:handled", &["Bank"]).await;
    check("status:new,watching", &["Phish", "Vpn"]).await;
    check("cve:CVE-2026-1234", &["Vpn"]).await;
    check("cve:CVE-2026-*", &["Vpn"]).await;
    check("source:feed-b", &["Phish", "Vpn"]).await;
    check("exploited:true", &["Vpn"]).await;
    check("exploited:false", &["Phish", "Bank"]).await;
    check("keyword:\"acme vpn\"", &["Vpn"]).await;
    check("after:2026-11-21T08:40:00Z", &["Phish", "Vpn"]).await;
    check("before:2026-11-21T08:40:00Z", &["Bank"]).await;
    check("last:21m", &["Phish"]).await;
    check("length bank", &["Bank"]).await;
    check("length exploited:true source:feed-b", &["Vpn"]).await;
    check("type:ransomware OR severity<medium", &["Phish", "Bank"]).await;
    check("-region:IN OR title:bank", &["Phish", "Bank"]).await;
    check("NOT (region:IN exploited:true)", &["Phish", "Bank"]).await;

    // What an incident no longer is, it is no longer found by.
    let mut changed = store.incident(bank.id).await.unwrap().unwrap().incident;
    changed.types = tagged(IncidentType::Ddos);
    changed.severity = judgement(5.0);
    tale.told(&changed, vec![], vec![]).await;
    check("type:ransomware", &[]).await;
    check("type:ddos", &["Bank"]).await;
    check("severity:high", &["Vpn"]).await;
}

pub(crate) async fn the_worst_come_first(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    for (n, title, score) in [
        (1, "low", 1.0),
        (5, "high, old", 8.0),
        (2, "high, new", 8.0),
        (9, "higher", 8.1),
        (7, "critical", 9.0),
    ] {
        let first = published(item("feed", title, title, ""), minute(-n));
        tale.opened(&first, |it| it.severity = judgement(score))
            .await;
    }
    let page = store
        .incidents(&wanted(""), &first_page(IncidentOrder::Worst, 10))
        .await
        .unwrap();
    assert_eq!(
        titles(&page),
        ["critical", "higher", "high, new", "high, old", "low"]
    );
}

pub(crate) async fn a_cursor_of_another_list_is_refused(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    tale.story("One").await;
    tale.story("Two").await;
    let page = async |order, after: &str| {
        let request = PageRequest {
            order,
            after: Some(after.to_owned()),
            limit: 1,
        };
        store.incidents(&wanted(""), &request).await
    };
    let first = store
        .incidents(&wanted(""), &first_page(IncidentOrder::Latest, 1))
        .await
        .unwrap();
    let next = first.next.unwrap();
    assert_eq!(
        page(IncidentOrder::Latest, &next)
            .await
            .unwrap()
            .incidents
            .len(),
        1
    );
    let tampered = [
        next.replace('L', "W"),
        format!("{next}.1"),
        next.replace('.', ""),
        next.to_uppercase() + "x",
    ];
    let made_up = [
        "",
        "L",
        "L..",
        "L.99999999999999999999.x",
        "'; DROP TABLE incidents; --",
        "\0",
        "L.9223372036854775807.0",
    ];
    for wrong in tampered.iter().map(String::as_str).chain(made_up) {
        let refused = page(IncidentOrder::Latest, wrong).await;
        assert!(matches!(refused, Err(StoreError::Invalid(_))), "{wrong:?}");
    }
    assert!(matches!(
        page(IncidentOrder::Worst, &next).await,
        Err(StoreError::Invalid(_))
    ));
}

pub(crate) async fn limits_are_kept_within_bounds(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    for n in 0..201 {
        tale.story(&format!("Story {n}")).await;
    }
    for (limit, expected) in [(0, 1), (1, 1), (200, 200), (u32::MAX, 200)] {
        let page = store
            .incidents(&wanted(""), &first_page(IncidentOrder::Latest, limit))
            .await
            .unwrap();
        assert_eq!(
            (page.incidents.len(), page.total, page.exact),
            (expected, 201, true)
        );
        assert!(page.next.is_some());
    }
}

/// One incident: when it was last seen, its score, and whether it carries the key.
type Drawn = (i64, u8, bool);

pub(crate) async fn pages_give_each_incident_once_while_others_are_added(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let drawn = (
        prop::collection::vec((-9_i64..0, 0_u8..5, any::<bool>()), 0..25),
        prop::collection::vec((-9_i64..0, 0_u8..5, any::<bool>()), 0..6),
        1_u32..6,
        any::<bool>(),
        any::<bool>(),
    );
    // The rows of each round stay for the next; its own source tells them apart.
    let mut runner = TestRunner::new_with_rng(
        Config {
            cases: 24,
            failure_persistence: None,
            ..Config::default()
        },
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    );
    for round in 0..24 {
        let tree = drawn.new_tree(&mut runner).unwrap();
        let (before, between, limit, worst, keyed) = tree.current();
        let from = format!("round-{round}");
        let mut known = HashSet::new();
        for (n, drawn) in before.iter().enumerate() {
            known.insert(open(&tale, &from, &format!("before {n}"), drawn).await);
        }
        let filter = wanted(&format!(
            "source:{from}{}",
            if keyed { " region:IN" } else { "" }
        ));
        let order = if worst {
            IncidentOrder::Worst
        } else {
            IncidentOrder::Latest
        };
        let expected = before.iter().filter(|(_, _, key)| *key || !keyed).count();
        let mut added = between.iter().enumerate();
        let (mut seen, mut after): (Vec<Incident>, Option<String>) = (Vec::new(), None);
        loop {
            let page = store
                .incidents(
                    &filter,
                    &PageRequest {
                        order,
                        after,
                        limit,
                    },
                )
                .await
                .unwrap();
            assert!(page.incidents.len() <= limit as usize);
            assert!(page.exact);
            seen.extend(page.incidents);
            // Between two pages somebody adds one.
            if let Some((n, drawn)) = added.next() {
                open(&tale, &from, &format!("between {n}"), drawn).await;
            }
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        let place = |it: &Incident| {
            let worst = worst.then(|| (it.band(), (it.severity.score * 10.0).round() as i64));
            (worst, it.last_seen, it.id)
        };
        assert!(
            seen.is_sorted_by(|a, b| place(a) > place(b)),
            "round {round}: out of order, or twice"
        );
        let old = seen.iter().filter(|it| known.contains(&it.id)).count();
        assert_eq!(old, expected, "round {round}: one is missing");
    }
}

async fn open(tale: &Tale, from: &str, title: &str, (at, score, key): &Drawn) -> model::IncidentId {
    let first = published(item(from, title, title, ""), minute(*at));
    let opened = tale.opened(&first, |it| {
        it.severity = judgement(f32::from(*score) * 2.0);
        if *key {
            it.region.countries = vec![Country::INDIA];
        }
    });
    opened.await.id
}

pub(crate) async fn totals_beyond_ten_thousand_are_estimates(store: Db, _: Db) {
    let tale = Arc::new(Tale::of(store.clone()).await);
    // All at once, so that commits are shared.
    let mut opening = Vec::new();
    for chunk in 0..103 {
        let tale = tale.clone();
        opening.push(tokio::spawn(async move {
            let told = |n: i64| {
                let source = format!("feed-{}", n % 2);
                let story = item(&source, &n.to_string(), &format!("Story {n}"), "vpn");
                // Not on the minute: a midnight would stand for its whole day.
                published(story, minute(-n) + Duration::from_secs(1))
            };
            let mine = || (chunk * 100..(chunk + 1) * 100).map(|n| (n, told(n)));
            for parity in 0..2 {
                let poll: Vec<_> = mine().filter(|(n, _)| n % 2 == parity).collect();
                let poll: Vec<_> = poll.iter().map(|(_, item)| item).collect();
                tale.record(&poll).await;
            }
            for (n, item) in mine() {
                let mut opened = incident(&item);
                opened.exploited = n % 10 == 0;
                tale.commit(placed(&item, Some(opened))).await.unwrap();
            }
        }));
    }
    for opened in opening {
        opened.await.unwrap();
    }
    let page = async |query: &str| {
        let page = store
            .incidents(&wanted(query), &first_page(IncidentOrder::Latest, 3))
            .await
            .unwrap();
        assert_eq!(page.incidents.len(), 3);
        (
            page.total,
            page.exact,
            page.incidents
                .into_iter()
                .map(|it| it.title)
                .collect::<Vec<_>>(),
        )
    };
    let near = |total: u64| (10_000..10_700).contains(&total);
    let (total, exact, first) = page("").await;
    assert!(near(total) && !exact, "{total}");
    assert_eq!(first, ["Story 0", "Story 1", "Story 2"]);
    // A key that many share, a window, and a column: counted exactly.
    let many = "source:feed-1";
    assert_eq!(
        page(many).await,
        (
            5_150,
            true,
            vec![
                "Story 1".to_owned(),
                "Story 3".to_owned(),
                "Story 5".to_owned()
            ]
        )
    );
    let few = "exploited:true before:2026-11-21T08:55:00Z";
    assert_eq!(
        page(few).await,
        (
            1_029,
            true,
            vec![
                "Story 10".to_owned(),
                "Story 20".to_owned(),
                "Story 30".to_owned()
            ]
        )
    );
    // A word that stands nearly everywhere, alone and with others.
    let (total, exact, first) = page("vpn").await;
    assert!(near(total) && !exact, "{total}");
    assert_eq!(first, ["Story 0", "Story 1", "Story 2"]);
    let early = "vpn before:2026-11-14T10:20:00Z";
    let (_, _, first) = page(early).await;
    assert_eq!(first, ["Story 10001", "Story 10002", "Story 10003"]);
    assert_eq!(tale.found("vpn 10250").await, ["Story 10250"]);
    // Words that all share make none like another.
    let all = wanted("");
    let first = first_page(IncidentOrder::Latest, 1);
    let first = store.incidents(&all, &first).await.unwrap().incidents;
    let similar = store.similar(first[0].id, 10).await.unwrap().unwrap();
    assert!(similar.is_empty(), "{similar:?}");
    // One that almost nothing meets ends before it has walked through all, and goes on.
    let untold = item("feed-9", "untold", "Story untold", "nothing");
    let untold = published(untold, minute(-20_000));
    tale.record(&[&untold]).await;
    tale.commit(placed(&untold, Some(incident(&untold))))
        .await
        .unwrap();
    let rare = wanted("(story OR vpn) -vpn");
    for order in [IncidentOrder::Latest, IncidentOrder::Worst] {
        let (mut pages, mut found, mut after) = (0, Vec::new(), None);
        loop {
            let request = PageRequest {
                order,
                after,
                limit: 50,
            };
            let page = store.incidents(&rare, &request).await.unwrap();
            pages += 1;
            found.extend(titles(&page));
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        assert_eq!(found, ["Story untold"], "{order:?}");
        assert!(pages > 1, "{order:?}");
    }
    let facets = store.facets(&rare).await.unwrap();
    assert_eq!((facets.looked_at, facets.complete), (0, false));
}
