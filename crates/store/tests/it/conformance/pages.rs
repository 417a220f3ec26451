//! Pages of incidents.

use std::collections::HashSet;
use std::sync::Arc;

use model::{Country, Incident, IncidentStatus, IncidentType, Severity, Tagged};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use store::{IncidentFilter, IncidentOrder, PageRequest, Store, StoreError};

use crate::build::{Tale, cve, first_page, item, judgement, minute, published, source, titles};

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

    let all = || IncidentFilter::default();
    let check = async |filter: IncidentFilter, expected: &[&str]| {
        let page = store
            .incidents(&filter, &first_page(IncidentOrder::Latest, 10))
            .await
            .unwrap();
        assert_eq!(titles(&page), expected, "{filter:?}");
        assert_eq!(
            (page.total, page.exact, page.next),
            (expected.len() as u64, true, None)
        );
    };
    check(all(), &["Phish", "Vpn", "Bank"]).await;
    check(
        IncidentFilter {
            min_severity: Some(Severity::High),
            ..all()
        },
        &["Vpn", "Bank"],
    )
    .await;
    check(
        IncidentFilter {
            min_severity: Some(Severity::Critical),
            ..all()
        },
        &["Bank"],
    )
    .await;
    let types = vec![IncidentType::Ransomware, IncidentType::VulnExploit];
    check(IncidentFilter { types, ..all() }, &["Vpn", "Bank"]).await;
    check(
        IncidentFilter {
            types: vec![IncidentType::Ddos],
            ..all()
        },
        &[],
    )
    .await;
    check(
        IncidentFilter {
            countries: vec![Country::INDIA],
            ..all()
        },
        &["Vpn", "Bank"],
    )
    .await;
    check(
        IncidentFilter {
            countries: vec!["US".parse().unwrap(), "FR".parse().unwrap()],
            ..all()
        },
        &["Vpn"],
    )
    .await;
    check(
        IncidentFilter {
            statuses: vec![IncidentStatus::Handled],
            ..all()
        },
        &["Bank"],
    )
    .await;
    check(
        IncidentFilter {
            statuses: vec![IncidentStatus::New, IncidentStatus::Watching],
            ..all()
        },
        &["Phish", "Vpn"],
    )
    .await;
    check(
        IncidentFilter {
            cve: Some(cve("CVE-2026-1234")),
            ..all()
        },
        &["Vpn"],
    )
    .await;
    check(
        IncidentFilter {
            source: Some(source("feed-b")),
            ..all()
        },
        &["Phish", "Vpn"],
    )
    .await;
    check(
        IncidentFilter {
            exploited: Some(true),
            ..all()
        },
        &["Vpn"],
    )
    .await;
    check(
        IncidentFilter {
            exploited: Some(false),
            ..all()
        },
        &["Phish", "Bank"],
    )
    .await;
    check(
        IncidentFilter {
            keyword: Some("acme vpn".to_owned()),
            ..all()
        },
        &["Vpn"],
    )
    .await;
    check(
        IncidentFilter {
            since: Some(minute(-20)),
            ..all()
        },
        &["Phish", "Vpn"],
    )
    .await;
    check(
        IncidentFilter {
            until: Some(minute(-20)),
            ..all()
        },
        &["Bank"],
    )
    .await;
    check(
        IncidentFilter {
            text: Some("length bank".to_owned()),
            ..all()
        },
        &["Bank"],
    )
    .await;
    check(
        IncidentFilter {
            text: Some("length".to_owned()),
            exploited: Some(true),
            source: Some(source("feed-b")),
            ..all()
        },
        &["Vpn"],
    )
    .await;
    check(
        IncidentFilter {
            text: Some("  ".to_owned()),
            ..all()
        },
        &["Phish", "Vpn", "Bank"],
    )
    .await;

    // What an incident no longer is, it is no longer found by.
    let mut changed = store.incident(bank.id).await.unwrap().unwrap().incident;
    changed.types = tagged(IncidentType::Ddos);
    changed.severity = judgement(5.0);
    tale.told(&changed, vec![], vec![]).await;
    check(
        IncidentFilter {
            types: vec![IncidentType::Ransomware],
            ..all()
        },
        &[],
    )
    .await;
    check(
        IncidentFilter {
            types: vec![IncidentType::Ddos],
            ..all()
        },
        &["Bank"],
    )
    .await;
    check(
        IncidentFilter {
            min_severity: Some(Severity::High),
            ..all()
        },
        &["Vpn"],
    )
    .await;
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
        .incidents(
            &IncidentFilter::default(),
            &first_page(IncidentOrder::Worst, 10),
        )
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
        store.incidents(&IncidentFilter::default(), &request).await
    };
    let first = store
        .incidents(
            &IncidentFilter::default(),
            &first_page(IncidentOrder::Latest, 1),
        )
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
            .incidents(
                &IncidentFilter::default(),
                &first_page(IncidentOrder::Latest, limit),
            )
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
        let filter = IncidentFilter {
            source: Some(source(&from)),
            countries: if keyed { vec![Country::INDIA] } else { vec![] },
            ..IncidentFilter::default()
        };
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
            for n in chunk * 100..(chunk + 1) * 100 {
                let one = published(
                    item(
                        &format!("feed-{}", n % 2),
                        &n.to_string(),
                        &format!("Story {n}"),
                        "vpn",
                    ),
                    minute(-n),
                );
                tale.opened(&one, |it| it.exploited = n % 10 == 0).await;
            }
        }));
    }
    for opened in opening {
        opened.await.unwrap();
    }
    let page = async |filter: IncidentFilter| {
        let page = store
            .incidents(&filter, &first_page(IncidentOrder::Latest, 3))
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
    let (total, exact, first) = page(IncidentFilter::default()).await;
    assert!(near(total) && !exact, "{total}");
    assert_eq!(first, ["Story 0", "Story 1", "Story 2"]);
    // A key that many share, a window, and a column: counted exactly.
    let many = IncidentFilter {
        source: Some(source("feed-1")),
        ..IncidentFilter::default()
    };
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
    let few = IncidentFilter {
        exploited: Some(true),
        until: Some(minute(-5)),
        ..IncidentFilter::default()
    };
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
    let common = |filter| IncidentFilter {
        text: Some("vpn".to_owned()),
        ..filter
    };
    let (total, exact, first) = page(common(IncidentFilter::default())).await;
    assert!(near(total) && !exact, "{total}");
    assert_eq!(first, ["Story 0", "Story 1", "Story 2"]);
    let (_, _, first) = page(common(IncidentFilter {
        until: Some(minute(-10_000)),
        ..IncidentFilter::default()
    }))
    .await;
    assert_eq!(first, ["Story 10001", "Story 10002", "Story 10003"]);
    let rare = IncidentFilter {
        text: Some("vpn 10250".to_owned()),
        ..IncidentFilter::default()
    };
    assert_eq!(tale.found(rare).await, ["Story 10250"]);
}
