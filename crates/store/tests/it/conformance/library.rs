//! What readers ask of one incident, of alerts and of events.

use std::sync::Arc;

use model::Item;
use store::{Store, Totals};

use crate::build::{
    Tale, alert, cve, delivery, heard, incident, item, minute, placed, published, rule, said,
    scored, source, statement,
};

type Db = Arc<dyn Store>;

pub(crate) async fn an_incident_shows_all_that_belongs_to_it(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let says = |of: &str, base| heard(scored(statement("nvd", of, "A flaw."), base), false);
    store
        .record(said(
            "nvd",
            vec![says("CVE-2026-1111", 4.0), says("CVE-2026-2222", 9.0)],
        ))
        .await
        .unwrap();
    let story = tale
        .opened(&item("feed", "1", "One", ""), |it| {
            it.cves = vec![
                cve("CVE-2026-1111"),
                cve("CVE-2026-2222"),
                cve("CVE-2026-3333"),
            ];
        })
        .await;
    let first = tale.alerted(&story, &["soc"]).await;
    let second = alert(&story, "urgent", minute(7));
    tale.told(
        &story,
        vec![second.clone()],
        vec![
            delivery("soc", &story, &[&second]),
            delivery("mail", &story, &[&second]),
        ],
    )
    .await;

    let detail = store.incident(story.id).await.unwrap().unwrap();
    assert_eq!(detail.items.len(), 3);
    let worst: Vec<&str> = detail
        .vulnerabilities
        .iter()
        .map(|it| it.cve.as_str())
        .collect();
    assert_eq!(worst, ["CVE-2026-2222", "CVE-2026-1111"]);
    let alerts: Vec<_> = detail
        .alerts
        .iter()
        .map(|(alert, deliveries)| (alert.id, deliveries.len()))
        .collect();
    assert_eq!(alerts, [(second.id, 2), (first.id, 1)]);
    assert_eq!(detail.alerts[0].1[0], detail.alerts[1].1[0]);
    assert!(
        store
            .incident(incident(&item("feed", "9", "", "")).id)
            .await
            .unwrap()
            .is_none()
    );
}

pub(crate) async fn the_latest_items_leave_repeats_out(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let at = |n: i64| {
        published(
            item("feed", &n.to_string(), &format!("Item {n}"), ""),
            minute(-n),
        )
    };
    let first = at(5);
    let story = tale.opened(&first, |_| ()).await;
    for (n, repeat) in [(3, false), (4, true), (1, false), (2, true)] {
        let next = at(n);
        tale.record(&[&next]).await;
        let mut placement = placed(&next, Some(story.clone()));
        placement.repeat_of = repeat.then_some(first.id);
        tale.commit(placement).await.unwrap();
    }
    let titles = |items: Vec<Item>| items.into_iter().map(|it| it.title).collect::<Vec<_>>();
    assert_eq!(
        titles(store.latest_items(story.id, 10).await.unwrap()),
        ["Item 1", "Item 3", "Item 5"]
    );
    assert_eq!(
        titles(store.latest_items(story.id, 1).await.unwrap()),
        ["Item 1"]
    );
    let detail = store.incident(story.id).await.unwrap().unwrap();
    let all: Vec<_> = detail
        .items
        .iter()
        .map(|it| (it.item.title.as_str(), it.repeat_of))
        .collect();
    assert_eq!(
        all,
        [
            ("Item 1", None),
            ("Item 2", Some(first.id)),
            ("Item 3", None),
            ("Item 4", Some(first.id)),
            ("Item 5", None)
        ]
    );
}

pub(crate) async fn alerts_of_a_rule_are_the_latest_of_each_incident(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let (one, two) = (tale.story("One").await, tale.story("Two").await);
    let fire = async |story, by: &str, at| {
        let fired = alert(story, by, minute(at));
        tale.told(story, vec![fired.clone()], vec![]).await;
        fired.id
    };
    fire(&one, "feed", 1).await;
    let of_two = fire(&two, "feed", 2).await;
    let of_one = fire(&one, "feed", 3).await;
    fire(&one, "urgent", 4).await;
    let listed = async |by: &str, limit| {
        let found = store.alerts(&rule(by), limit).await.unwrap();
        found
            .into_iter()
            .map(|(alert, incident)| (alert.id, incident.title))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        listed("feed", 10).await,
        [(of_one, "One".to_owned()), (of_two, "Two".to_owned())]
    );
    assert_eq!(listed("feed", 1).await.len(), 1);
    assert_eq!(listed("urgent", 10).await.len(), 1);
    assert!(listed("none", 10).await.is_empty());
}

pub(crate) async fn events_are_numbered_and_a_gap_is_told(store: Db, _: Db) {
    assert!(!store.events(0, 10).await.unwrap().gap);
    assert!(
        store.events(7, 10).await.unwrap().gap,
        "a number of another database"
    );
    for n in 0..5 {
        store
            .record(crate::build::collected(
                "feed",
                vec![item("feed", &n.to_string(), "x", "")],
            ))
            .await
            .unwrap();
    }
    let page = store.events(0, 3).await.unwrap();
    assert_eq!((page.events.len(), page.gap), (3, false));
    let rest = store.events(page.events[2].seq, 10).await.unwrap();
    assert_eq!(rest.events.len(), 2);
    let last = store.last_event().await.unwrap();
    assert_eq!(rest.events[1].seq, last);
    let none = store.events(last, 10).await.unwrap();
    assert_eq!((none.events.len(), none.gap), (0, false));
}

pub(crate) async fn changes_wake_readers(store: Db, _: Db) {
    let mut changes = store.changes();
    let tale = Tale::of(store.clone()).await;
    let story = tale.story("One").await;
    assert!(changes.has_changed().unwrap());
    changes.mark_unchanged();
    // Leases, empty claims, claims and memos wake nobody.
    tale.alerted(&story, &["soc"]).await;
    changes.mark_unchanged();
    store
        .acquire("lane", "the test", minute(5), minute(700))
        .await
        .unwrap();
    let claimed = tale.claim(&["soc"], minute(3)).await;
    assert!(tale.claim(&["soc"], minute(3)).await.is_empty());
    store
        .keep_channel_memo(&source_channel(), "a", "b")
        .await
        .unwrap();
    store.probe().await.unwrap();
    assert!(!changes.has_changed().unwrap());
    store
        .settle(
            claimed[0].delivery.id,
            minute(4),
            store::Settlement::Dead {
                error: "x".to_owned(),
            },
        )
        .await
        .unwrap();
    assert!(changes.has_changed().unwrap());
    changes.mark_unchanged();
    store
        .record_failure(&source("feed"), minute(5), "x")
        .await
        .unwrap();
    assert!(changes.has_changed().unwrap());
}

fn source_channel() -> model::ChannelId {
    crate::build::channel("soc")
}

pub(crate) async fn totals_count_everything(store: Db, _: Db) {
    assert_eq!(store.totals().await.unwrap(), Totals::default());
    let tale = Tale::of(store.clone()).await;
    tale.alerted(&tale.story("One").await, &["soc", "mail"])
        .await;
    store
        .record(said(
            "nvd",
            vec![heard(statement("nvd", "CVE-2026-1234", "x"), false)],
        ))
        .await
        .unwrap();
    let id = tale.claim(&["mail"], minute(3)).await[0].delivery.id;
    store
        .settle(
            id,
            minute(3),
            store::Settlement::Dead {
                error: "x".to_owned(),
            },
        )
        .await
        .unwrap();
    let expected = Totals {
        items: 2,
        incidents: 1,
        vulnerabilities: 1,
        pending: 1,
        dead: 1,
    };
    assert_eq!(store.totals().await.unwrap(), expected);
}

pub(crate) async fn a_probe_writes_and_reads(store: Db, other: Db) {
    for store in [&store, &other, &store] {
        store.probe().await.unwrap();
    }
}
