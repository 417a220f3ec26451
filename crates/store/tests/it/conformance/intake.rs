//! Taking in what sources gave.

use std::sync::Arc;

use model::{Cursor, CweId, ItemId, OwaspCategory, Severity, VulnerabilityStatus};
use store::{Collected, Occasion, Recorded, Store};

use crate::build::{
    Tale, collected, cve, heard, incident, item, minute, placed, published, said, scored, source,
    statement,
};

type Db = Arc<dyn Store>;

pub(crate) async fn new_items_wait_and_known_ones_are_repeats(store: Db, _: Db) {
    let (first, second) = (
        item("feed", "1", "One", "text"),
        item("feed", "2", "Two", "text"),
    );
    // One poll may hold one item twice.
    let poll = collected("feed", vec![first.clone(), second.clone(), first.clone()]);
    let recorded = store.record(poll).await.unwrap();
    assert_eq!(
        recorded,
        Recorded {
            items: 2,
            repeats: 1,
            ..Recorded::default()
        }
    );
    let edited = item("feed", "1", "One, corrected", "text");
    let recorded = store
        .record(collected("feed", vec![first.clone(), edited.clone()]))
        .await
        .unwrap();
    assert_eq!(
        recorded,
        Recorded {
            items: 1,
            repeats: 1,
            ..Recorded::default()
        }
    );
    let waiting: Vec<_> = store
        .unplaced(10)
        .await
        .unwrap()
        .into_iter()
        .map(|waiting| waiting.item)
        .collect();
    assert_eq!(waiting, [first, second, edited]);
    assert_eq!(store.unplaced_count().await.unwrap(), 3);
}

pub(crate) async fn the_cursor_stays_unless_a_poll_brings_one(store: Db, _: Db) {
    let poll = |cursor| Collected {
        cursor,
        problems: (2, Some("line 3: no title".to_owned())),
        ..collected("feed", vec![])
    };
    store.record(poll(None)).await.unwrap();
    let state = store.source_states().await.unwrap().remove(0);
    assert!(state.cursor.is_start());
    store
        .record(poll(Some(Cursor::of(&"page 7"))))
        .await
        .unwrap();
    store.record(poll(None)).await.unwrap();
    store
        .record_failure(&source("feed"), minute(5), "timed out")
        .await
        .unwrap();
    let state = store.source_states().await.unwrap().remove(0);
    assert_eq!(state.cursor.note::<String>(), "page 7");
    assert_eq!(state.problems, (2, Some("line 3: no title".to_owned())));
}

pub(crate) async fn a_failed_poll_is_counted_until_the_next_success(store: Db, _: Db) {
    for n in 1..=3 {
        store
            .record_failure(&source("feed"), minute(n), &format!("failure {n}"))
            .await
            .unwrap();
    }
    let state = store.source_states().await.unwrap().remove(0);
    assert_eq!(
        (state.failures, state.error.as_deref()),
        (3, Some("failure 3"))
    );
    assert_eq!(
        (state.first_success, state.last_success, state.last_attempt),
        (None, None, Some(minute(3)))
    );

    let at = |at, items| Collected {
        at,
        ..collected("feed", items)
    };
    store
        .record(at(minute(4), vec![item("feed", "1", "One", "")]))
        .await
        .unwrap();
    store
        .record(at(minute(5), vec![item("feed", "1", "One", "")]))
        .await
        .unwrap();
    store
        .record_failure(&source("feed"), minute(6), "gone")
        .await
        .unwrap();
    store.record(at(minute(7), vec![])).await.unwrap();
    let state = store.source_states().await.unwrap().remove(0);
    assert_eq!((state.failures, state.error), (0, None));
    assert_eq!(
        (state.first_success, state.last_success),
        (Some(minute(4)), Some(minute(7)))
    );
    assert_eq!(
        (state.last_attempt, state.last_item, state.items),
        (Some(minute(7)), Some(minute(4)), 1)
    );
}

pub(crate) async fn an_unchanged_statement_changes_nothing(store: Db, _: Db) {
    let one = || {
        heard(
            scored(statement("nvd", "CVE-2026-1234", "A flaw."), 5.0),
            false,
        )
    };
    let recorded = store.record(said("nvd", vec![one()])).await.unwrap();
    assert_eq!(
        recorded,
        Recorded {
            new_vulnerabilities: 1,
            ..Recorded::default()
        }
    );
    assert_eq!(
        store.record(said("nvd", vec![one(), one()])).await.unwrap(),
        Recorded::default()
    );
    let changed = heard(
        scored(statement("nvd", "CVE-2026-1234", "A flaw."), 9.8),
        false,
    );
    let recorded = store.record(said("nvd", vec![changed])).await.unwrap();
    assert_eq!(
        recorded,
        Recorded {
            changed_vulnerabilities: 1,
            ..Recorded::default()
        }
    );
    let known = store
        .vulnerabilities(&[cve("CVE-2026-1234")])
        .await
        .unwrap();
    assert_eq!(
        known[0].severity.as_ref().unwrap().severity,
        Severity::Critical
    );
    assert_eq!(store.unplaced_count().await.unwrap(), 0);
    assert_eq!(store.totals().await.unwrap().vulnerabilities, 1);
}

pub(crate) async fn statements_of_several_sources_are_fused(store: Db, _: Db) {
    let nvd = scored(
        statement(
            "nvd",
            "CVE-2026-1234",
            "A flaw that NVD describes at length.",
        ),
        5.0,
    );
    let mut kev = statement("kev", "CVE-2026-1234", "A flaw.");
    kev.exploitation = Some(model::Exploitation {
        name: None,
        added: Some(minute(0)),
        due: None,
        action: None,
        ransomware: true,
    });
    store
        .record(said("nvd", vec![heard(nvd.clone(), false)]))
        .await
        .unwrap();
    let recorded = store
        .record(said("kev", vec![heard(kev.clone(), false)]))
        .await
        .unwrap();
    assert_eq!(
        recorded,
        Recorded {
            changed_vulnerabilities: 1,
            ..Recorded::default()
        }
    );

    let asked = [cve("CVE-2026-9999"), cve("CVE-2026-1234")];
    let known = store.vulnerabilities(&asked).await.unwrap();
    assert_eq!(
        known,
        [model::Vulnerability::fuse(&[nvd.clone(), kev]).unwrap()]
    );
    assert_eq!(
        known[0].severity.as_ref().unwrap().severity,
        Severity::Critical
    );

    // A source takes back what it said; the other's word stays.
    let mut rejected = nvd;
    rejected.status = Some(VulnerabilityStatus::Rejected);
    store
        .record(said("nvd", vec![heard(rejected, false)]))
        .await
        .unwrap();
    let known = store.vulnerabilities(&asked).await.unwrap();
    assert_eq!(known[0].status, VulnerabilityStatus::Rejected);
    assert_eq!(known[0].sources, [source("kev"), source("nvd")]);
}

pub(crate) async fn a_promoted_statement_becomes_an_item(store: Db, _: Db) {
    let promoted = statement("nvd", "CVE-2026-1234", "A flaw in Acme VPN.");
    let poll = Collected {
        occasion: Occasion::CatchUp,
        ..said("nvd", vec![heard(promoted.clone(), true)])
    };
    let recorded = store.record(poll.clone()).await.unwrap();
    assert_eq!(
        recorded,
        Recorded {
            items: 1,
            new_vulnerabilities: 1,
            ..Recorded::default()
        }
    );
    assert_eq!(store.record(poll).await.unwrap(), Recorded::default());
    let waiting = store.unplaced(10).await.unwrap();
    assert_eq!(waiting[0].item, promoted.to_item(minute(1)));
    assert_eq!(waiting[0].occasion, Occasion::CatchUp);
    // A new date on the same words is no new item.
    let mut touched = promoted;
    touched.modified = Some(minute(0));
    let recorded = store
        .record(said("nvd", vec![heard(touched, true)]))
        .await
        .unwrap();
    assert_eq!(
        recorded,
        Recorded {
            repeats: 1,
            changed_vulnerabilities: 1,
            ..Recorded::default()
        }
    );
}

pub(crate) async fn a_known_statement_becomes_an_item_once_a_keyword_promotes_it(store: Db, _: Db) {
    let known = statement("nvd", "CVE-2026-1234", "A flaw in Acme VPN.");
    store
        .record(said("nvd", vec![heard(known.clone(), false)]))
        .await
        .unwrap();
    assert_eq!(store.unplaced_count().await.unwrap(), 0);
    let recorded = store
        .record(said("nvd", vec![heard(known, true)]))
        .await
        .unwrap();
    assert_eq!(
        recorded,
        Recorded {
            items: 1,
            ..Recorded::default()
        }
    );
}

pub(crate) async fn a_mere_record_becomes_an_item_when_its_cve_has_an_incident(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    tale.opened(&item("feed", "1", "Acme VPN broken", ""), |it| {
        it.cves = vec![cve("CVE-2026-1234")]
    })
    .await;
    // It says nothing yet that people must hear of.
    let mere = statement("nvd", "CVE-2026-1234", "Reserved.");
    store
        .record(said("nvd", vec![heard(mere.clone(), false)]))
        .await
        .unwrap();
    assert_eq!(store.unplaced_count().await.unwrap(), 0);
    // Another CVE is nobody's story.
    store
        .record(said(
            "nvd",
            vec![heard(
                scored(statement("nvd", "CVE-2026-5555", "Bad."), 9.9),
                false,
            )],
        ))
        .await
        .unwrap();
    assert_eq!(store.unplaced_count().await.unwrap(), 0);
    let recorded = store
        .record(said("nvd", vec![heard(scored(mere, 7.5), false)]))
        .await
        .unwrap();
    assert_eq!(
        recorded,
        Recorded {
            items: 1,
            changed_vulnerabilities: 1,
            ..Recorded::default()
        }
    );
    assert!(
        store.unplaced(1).await.unwrap()[0]
            .item
            .title
            .starts_with("CVE-2026-1234")
    );
}

pub(crate) async fn a_changed_fact_moves_its_incident_although_the_text_is_the_same(
    store: Db,
    _: Db,
) {
    let tale = Tale::of(store.clone()).await;
    let plain = statement("nvd", "CVE-2026-1234", "A flaw in Acme VPN.");
    store
        .record(said("nvd", vec![heard(plain.clone(), true)]))
        .await
        .unwrap();
    let first = store.unplaced(1).await.unwrap().remove(0).item;
    let mut opened = incident(&first);
    opened.cves = vec![cve("CVE-2026-1234")];
    tale.commit(placed(&first, Some(opened.clone())))
        .await
        .unwrap();

    let worse = scored(plain, 9.8);
    let recorded = store
        .record(said("nvd", vec![heard(worse.clone(), true)]))
        .await
        .unwrap();
    assert_eq!(
        recorded,
        Recorded {
            items: 1,
            changed_vulnerabilities: 1,
            ..Recorded::default()
        }
    );
    let second = store.unplaced(1).await.unwrap().remove(0).item;
    assert_eq!(
        (&second.external_id, &second.text),
        (&first.external_id, &first.text)
    );
    assert_eq!(
        second.id,
        ItemId::of(&source("nvd"), "CVE-2026-1234", &worse.content_hash())
    );
    // Within the band nothing moves; the same words again change nothing.
    let slightly = scored(worse.clone(), 9.9);
    assert_eq!(
        store
            .record(said("nvd", vec![heard(slightly, true)]))
            .await
            .unwrap()
            .items,
        0
    );
    assert_eq!(store.unplaced_count().await.unwrap(), 1);
}

pub(crate) async fn a_poll_with_nothing_new_is_no_event(store: Db, _: Db) {
    store.record(collected("feed", vec![])).await.unwrap();
    assert_eq!(store.last_event().await.unwrap(), 0);
    let poll = collected(
        "feed",
        vec![published(item("feed", "1", "One", ""), minute(0))],
    );
    store.record(poll.clone()).await.unwrap();
    store.record(poll).await.unwrap();
    let events = store.events(0, 10).await.unwrap().events;
    assert_eq!(events.len(), 1);
    assert_eq!(
        (
            events[0].kind.as_str(),
            events[0].subject.as_str(),
            events[0].at
        ),
        ("source.polled", "feed", minute(1))
    );
}

pub(crate) async fn a_category_knows_the_cves_of_its_weaknesses(store: Db, _: Db) {
    let category = |edition, rank, cwes: &[u32]| OwaspCategory {
        edition,
        rank,
        id: format!("A{rank:02}:{edition}"),
        title: "Broken Access Control".to_owned(),
        url: "https://owasp.org/Top10/".to_owned(),
        summary: "Access control enforces policy.".to_owned(),
        cwes: cwes.iter().map(|number| CweId(*number)).collect(),
    };
    let weak = |cve: &str, weaknesses: &[u32]| {
        let mut heard = heard(scored(statement("nvd", cve, "A flaw."), 7.5), false);
        heard.statement.weaknesses = weaknesses.iter().map(|number| CweId(*number)).collect();
        heard
    };
    let poll = |categories, heard| Collected {
        categories,
        heard,
        ..collected("owasp", vec![])
    };
    let (old, new) = (category(2021, 1, &[22]), category(2025, 1, &[22, 79]));
    store
        .record(poll(vec![old.clone(), new.clone()], vec![]))
        .await
        .unwrap();
    store
        .record(poll(
            vec![],
            vec![
                weak("CVE-2026-0001", &[79, 22]),
                weak("CVE-2026-0002", &[79]),
                weak("CVE-2026-0003", &[5]),
            ],
        ))
        .await
        .unwrap();
    let standings = store.owasp().await.unwrap();
    let seen: Vec<_> = standings
        .iter()
        .map(|one| (one.category.clone(), one.vulnerabilities, one.worst.len()))
        .collect();
    assert_eq!(seen, [(new.clone(), 2, 2), (old.clone(), 1, 1)]);
    // A weakness that is no longer named counts no more, and a page may change.
    let corrected = category(2021, 1, &[5]);
    store
        .record(poll(vec![corrected], vec![weak("CVE-2026-0001", &[79])]))
        .await
        .unwrap();
    let standings = store.owasp().await.unwrap();
    assert_eq!(
        standings
            .iter()
            .map(|one| one.vulnerabilities)
            .collect::<Vec<_>>(),
        [2, 1]
    );
    assert_eq!(standings[1].worst, [cve("CVE-2026-0003")]);
}

pub(crate) async fn an_older_statement_undoes_nothing(store: Db, _: Db) {
    let at = |minutes, base| {
        let mut statement = scored(statement("nvd", "CVE-2026-0001", "A flaw."), base);
        statement.modified = Some(minute(minutes));
        heard(statement, false)
    };
    let base = async || {
        let known = store
            .vulnerabilities(&[cve("CVE-2026-0001")])
            .await
            .unwrap();
        known[0].severity.as_ref().unwrap().score
    };
    store.record(said("nvd", vec![at(10, 9.8)])).await.unwrap();
    store.record(said("nvd", vec![at(5, 5.0)])).await.unwrap();
    assert_eq!(base().await, 9.8);
    store.record(said("nvd", vec![at(11, 7.5)])).await.unwrap();
    assert_eq!(base().await, 7.5);
}

pub(crate) async fn documents_of_one_source_stand_beside_each_other(store: Db, _: Db) {
    let of = |document: &str, base| {
        let mut statement = scored(statement("ghsa", "CVE-2026-0001", "A flaw."), base);
        statement.document = Some(document.to_owned());
        heard(statement, false)
    };
    store
        .record(said("ghsa", vec![of("GHSA-one", 5.0), of("GHSA-two", 8.0)]))
        .await
        .unwrap();
    let again = store
        .record(said("ghsa", vec![of("GHSA-one", 5.0), of("GHSA-two", 8.0)]))
        .await
        .unwrap();
    assert_eq!(again, Recorded::default());
    let known = store
        .vulnerabilities(&[cve("CVE-2026-0001")])
        .await
        .unwrap();
    assert_eq!(known[0].scores.len(), 2);
}
