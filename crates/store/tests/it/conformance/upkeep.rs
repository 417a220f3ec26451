//! Whether the memory is sound, and that it forgets what is old.

use std::sync::Arc;

use model::{IncidentStatus, Item, RelevanceLabel, Timestamp};
use store::upkeep::{Finding, Forgotten, Level, Policy};
use store::{Settlement, Store, StoreError};

use crate::build::{Tale, collected, item, minute, placed, published};

type Db = Arc<dyn Store>;

const DAY: i64 = 24 * 60;

/// What somebody should do something about, a line each. The server of the tests has no
/// autovacuum, and says so.
fn troubles(findings: &[Finding]) -> Vec<String> {
    let bad = findings
        .iter()
        .filter(|finding| finding.level > Level::Note && finding.check != "space");
    bad.map(|finding| format!("{}: {}", finding.check, finding.what))
        .collect()
}

/// Forgets everything from before this.
fn all_before(at: Timestamp) -> Policy {
    Policy {
        irrelevant: Some(at),
        dismissed: Some(at),
        incidents: Some(at),
        deliveries: Some(at),
        names: None,
    }
}

/// Forgets in steps of three rows until there is nothing more.
async fn forget(tale: &Tale, policy: &Policy, now: Timestamp) -> Forgotten {
    let mut done = Forgotten::default();
    for _ in 0..100 {
        let step = tale.store.forget(&tale.fence, policy, 3, now).await;
        done = done.and(step.unwrap());
        if !done.more {
            return done;
        }
    }
    panic!("it does not end: {done:?}");
}

async fn irrelevant(tale: &Tale, item: &Item) {
    tale.record(&[item]).await;
    let mut placed = placed(item, None);
    placed.analysis.relevance.label = RelevanceLabel::Irrelevant;
    tale.commit(placed).await.unwrap();
}

pub(crate) async fn a_sound_store_has_nothing_to_tell(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let story = tale.story("Bank robbed").await;
    tale.alerted(&story, &["soc"]).await;
    irrelevant(&tale, &item("feed", "9", "Weather", "sunny")).await;
    store.release(&tale.fence).await.unwrap();
    let found = store.examine(minute(3)).await.unwrap();
    assert_eq!(troubles(&found), Vec::<String>::new());
    assert!(found.iter().all(|f| f.check == "space"), "{found:?}");
    // Nothing to build again, either.
    let rebuilt = store.rebuild(i64::MIN).await.unwrap();
    assert_eq!((rebuilt.items, rebuilt.incidents), (0, 0));
    let end = store.rebuild(rebuilt.next.unwrap()).await.unwrap();
    assert_eq!(end.next, None);
}

pub(crate) async fn an_outbox_that_stands_still_is_told(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let story = tale.story("Bank robbed").await;
    tale.alerted(&story, &["soc", "mail", "chat"]).await;
    store.release(&tale.fence).await.unwrap();
    for (channel, settlement) in [
        (
            "mail",
            Settlement::Dead {
                error: "refused".to_owned(),
            },
        ),
        (
            "chat",
            Settlement::Paused {
                reason: "wrong token".to_owned(),
                notices: Vec::new(),
            },
        ),
    ] {
        let claimed = tale.claim(&[channel], minute(3)).await;
        let id = claimed.first().unwrap().delivery.id;
        store.settle(id, minute(3), settlement).await.unwrap();
    }
    let found = store.examine(minute(30)).await.unwrap();
    assert_eq!(
        troubles(&found),
        [
            "outbox: the channel chat is paused: wrong token",
            "outbox: 1 deliveries were given up",
        ]
    );
    let found = store.examine(minute(90)).await.unwrap();
    assert_eq!(
        troubles(&found).first().unwrap(),
        "outbox: 1 deliveries for soc are due for more than an hour"
    );
    assert!(found.iter().all(|finding| !finding.advice.is_empty()));
}

pub(crate) async fn what_waits_and_clocks_that_differ_are_told(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    tale.record(&[&item("feed", "1", "One", "")]).await;
    let found = store.examine(minute(595)).await.unwrap();
    assert_eq!(troubles(&found), Vec::<String>::new());
    assert!(found.iter().any(|f| f.what == "1 items wait for placement"));
    // The lease is held until minute 600.
    let found = store.examine(minute(1)).await.unwrap();
    assert_eq!(troubles(&found).len(), 1);
    assert_eq!(found.last().unwrap().check, "clock");
    let found = store.examine(minute(700)).await.unwrap();
    assert!(found.iter().any(|finding| finding.check == "leases"));
}

pub(crate) async fn old_things_are_forgotten_with_all_that_hangs_on_them(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let mut handled = Vec::new();
    for name in ["robbed", "flooded", "watched", "waiting"] {
        let story = tale.story(&format!("Bank {name}")).await;
        handled.push(tale.alerted(&story, &["soc"]).await.incident);
    }
    // All but the last were told of.
    for claimed in tale.claim(&["soc"], minute(3)).await {
        let settlement = if claimed
            .alerts
            .iter()
            .any(|(alert, _)| alert.incident == handled[3])
        {
            Settlement::Again {
                due: minute(2),
                error: "later".to_owned(),
            }
        } else {
            Settlement::Sent(model::Receipt::default())
        };
        let id = claimed.delivery.id;
        store.settle(id, minute(4), settlement).await.unwrap();
    }
    tale.set_status(handled[1], IncidentStatus::Dismissed, minute(5))
        .await;
    tale.set_status(handled[2], IncidentStatus::Watching, minute(5))
        .await;
    let old = item("feed", "weather", "Weather", "sunny");
    irrelevant(&tale, &old).await;
    assert_eq!(tale.found("bank").await.len(), 4);

    // Only what was dismissed, and what is irrelevant.
    let now = minute(100 * DAY);
    let policy = Policy {
        incidents: None,
        deliveries: None,
        ..all_before(minute(90 * DAY))
    };
    let would = store.forgettable(&policy).await.unwrap();
    let done = forget(&tale, &policy, now).await;
    assert_eq!(
        (done.irrelevant, done.incidents, done.items, done.deliveries),
        (1, 1, 2, 0)
    );
    assert_eq!(
        (would.irrelevant, would.incidents, would.items),
        (done.irrelevant, done.incidents, done.items)
    );
    assert!(store.incident(handled[1]).await.unwrap().is_none());
    assert_eq!(tale.found("flooded").await, Vec::<String>::new());
    assert_eq!(tale.found("bank").await.len(), 3);

    // Everything: but for what is watched, and what still waits to be sent.
    let done = forget(&tale, &all_before(minute(90 * DAY)), now).await;
    assert_eq!((done.incidents, done.items), (1, 2));
    // That of the incident that stays; the other went with its own.
    assert_eq!(done.deliveries, 1);
    let mut left = tale.found("bank").await;
    left.sort();
    assert_eq!(left, ["Bank waiting", "Bank watched"]);
    assert!(
        store
            .forgettable(&all_before(minute(90 * DAY)))
            .await
            .unwrap()
            .is_nothing()
    );

    // What is left is sound, and what was forgotten does not come back as news.
    store.release(&tale.fence).await.unwrap();
    while store.give_back().await.unwrap() {}
    let found = store.examine(minute(5)).await.unwrap();
    assert_eq!(troubles(&found), Vec::<String>::new());
    let again = tale.record(&[&old]).await;
    assert_eq!((again.items, again.repeats), (0, 1));
    let again = tale
        .record(&[&item(
            "feed",
            "Bank robbed",
            "Bank robbed",
            "nothing more is known",
        )])
        .await;
    assert_eq!((again.items, again.repeats), (0, 1));
    assert_eq!(store.unplaced_count().await.unwrap(), 0);
    // A new version of it is news.
    let edited = item("feed", "Bank robbed", "Bank robbed again", "");
    assert_eq!(tale.record(&[&edited]).await.items, 1);
}

pub(crate) async fn what_came_lately_is_kept_however_old_it_is(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let ancient = |name: &str| {
        let mut item = published(item("feed", name, name, ""), minute(-900 * DAY));
        item.fetched = minute(1);
        item
    };
    tale.opened(&ancient("Bank robbed"), |_| ()).await;
    irrelevant(&tale, &ancient("Weather")).await;
    // Both were placed at minute 2: an import of history is not gone the next night.
    let policy = all_before(minute(2));
    assert!(store.forgettable(&policy).await.unwrap().is_nothing());
    let policy = all_before(minute(3));
    let done = forget(&tale, &policy, minute(3)).await;
    assert_eq!((done.irrelevant, done.incidents), (1, 1));
}

pub(crate) async fn a_name_is_forgotten_once_no_source_shows_it(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let old = item("feed", "weather", "Weather", "sunny");
    irrelevant(&tale, &old).await;
    forget(&tale, &all_before(minute(DAY)), minute(DAY)).await;
    // Half a year later the source shows it still.
    let mut seen = old.clone();
    seen.fetched = minute(180 * DAY);
    let mut poll = collected("feed", vec![seen]);
    poll.at = minute(180 * DAY);
    assert_eq!(store.record(poll).await.unwrap().repeats, 1);
    let names = |at: i64| Policy {
        names: Some(minute(at)),
        ..Policy::default()
    };
    assert_eq!(
        forget(&tale, &names(180 * DAY), minute(200 * DAY))
            .await
            .names,
        0
    );
    let done = forget(&tale, &names(181 * DAY), minute(200 * DAY)).await;
    assert_eq!(done.names, 1);
    assert_eq!(tale.record(&[&old]).await.items, 1);
}

pub(crate) async fn who_lost_the_lane_forgets_nothing(store: Db, other: Db) {
    let tale = Tale::of(store.clone()).await;
    tale.story("Bank robbed").await;
    let taken = other
        .acquire("lane", "another", minute(700), minute(800))
        .await
        .unwrap();
    assert!(taken.is_some());
    let policy = all_before(minute(90 * DAY));
    let refused = store
        .forget(&tale.fence, &policy, 3, minute(100 * DAY))
        .await;
    assert!(matches!(refused, Err(StoreError::Fenced)), "{refused:?}");
    assert_eq!(tale.found("bank").await.len(), 1);
}
