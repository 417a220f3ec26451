//! Deliveries, their claims and their fates.

use std::sync::Arc;
use std::time::Duration;

use model::{DeliveryId, DeliveryKind, DeliveryState, Receipt};
use store::{Claimed, NewDelivery, Settlement, Store, StoreError};

use crate::build::{Tale, alert, channel, delivery, incident, item, minute, minutes, notice};

type Db = Arc<dyn Store>;

fn ids(claimed: &[Claimed]) -> Vec<DeliveryId> {
    claimed.iter().map(|claimed| claimed.delivery.id).collect()
}

fn sent() -> Settlement {
    Settlement::Sent(Receipt::default())
}

fn again(at: i64) -> Settlement {
    Settlement::Again {
        due: minute(at),
        error: "not now".to_owned(),
    }
}

fn dead() -> Settlement {
    Settlement::Dead {
        error: "no such chat".to_owned(),
    }
}

pub(crate) async fn a_claimed_delivery_comes_with_its_alerts_and_incidents(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let story = tale.story("One").await;
    let fired = tale.alerted(&story, &["soc", "mail"]).await;
    assert!(
        tale.claim(&["soc"], minute(1)).await.is_empty(),
        "it is not due"
    );
    assert!(tale.claim(&["other"], minute(3)).await.is_empty());
    assert!(tale.claim(&[], minute(3)).await.is_empty());
    assert_eq!(
        store.next_due(&[channel("soc")]).await.unwrap(),
        Some(minute(2))
    );
    assert_eq!(store.next_due(&[channel("other")]).await.unwrap(), None);

    let claimed = tale.claim(&["soc"], minute(3)).await;
    assert_eq!(claimed.len(), 1);
    let now = store.incident(story.id).await.unwrap().unwrap().incident;
    assert_eq!(claimed[0].alerts, [(fired.clone(), now)]);
    assert_eq!(claimed[0].delivery.alerts, [fired.id]);
    assert_eq!(
        claimed[0].delivery.kind,
        DeliveryKind::Incident { incident: story.id }
    );
    assert_eq!(
        (claimed[0].delivery.state, claimed[0].delivery.attempts),
        (DeliveryState::Pending, 0)
    );
    assert_eq!(claimed[0].thread, None);
    assert!(
        tale.claim(&["soc"], minute(4)).await.is_empty(),
        "it is held"
    );
    assert_eq!(
        tale.claim(&["soc", "mail"], minute(4)).await[0]
            .delivery
            .channel,
        channel("mail")
    );
}

pub(crate) async fn alerts_on_one_story_join_the_waiting_delivery(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let story = tale.story("One").await;
    let first = tale.alerted(&story, &["soc"]).await;
    let second = tale.alerted(&story, &["soc", "mail"]).await;
    let elsewhere = tale.story("Two").await;
    let third = tale.alerted(&elsewhere, &["soc"]).await;
    let claimed = tale.claim(&["soc"], minute(3)).await;
    let told: Vec<Vec<_>> = claimed
        .iter()
        .map(|it| it.delivery.alerts.clone())
        .collect();
    assert_eq!(told, [vec![first.id, second.id], vec![third.id]]);
    assert_eq!(store.totals().await.unwrap().pending, 3);
    // A later alert does not put off what waits, an earlier one pulls it forward.
    let fired = alert(&story, "feed", minute(5));
    let due = |at: i64| NewDelivery {
        due: minute(at),
        ..delivery("pager", &story, &[&fired])
    };
    tale.told(&story, vec![fired.clone()], vec![due(30)]).await;
    store.enqueue(minute(5), due(40)).await.unwrap();
    assert_eq!(
        store.next_due(&[channel("pager")]).await.unwrap(),
        Some(minute(30))
    );
    store.enqueue(minute(5), due(20)).await.unwrap();
    assert_eq!(
        store.next_due(&[channel("pager")]).await.unwrap(),
        Some(minute(20))
    );
}

pub(crate) async fn nothing_joins_a_delivery_that_was_claimed_or_tried(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let story = tale.story("One").await;
    tale.alerted(&story, &["soc"]).await;
    let first = tale.claim(&["soc"], minute(3)).await.remove(0).delivery;
    tale.alerted(&story, &["soc"]).await;
    assert_eq!(store.totals().await.unwrap().pending, 2);
    // Tried, and waiting again.
    store.settle(first.id, minute(3), again(9)).await.unwrap();
    tale.alerted(&story, &["soc"]).await;
    assert_eq!(store.totals().await.unwrap().pending, 2);
    let first = tale.claim(&["soc"], minute(10)).await.remove(0).delivery;
    assert_eq!((first.alerts.len(), first.attempts), (1, 1));
    // Its claim expired: it may have been sent.
    let tale_two = tale.story("Two").await;
    tale.alerted(&tale_two, &["mail"]).await;
    let held = ids(&tale.claim(&["mail"], minute(10)).await);
    tale.alerted(&tale_two, &["mail"]).await;
    let expired = tale.claim(&["mail"], minute(60)).await;
    assert_eq!(ids(&expired), held);
    assert_eq!(expired[0].delivery.alerts.len(), 1);
}

pub(crate) async fn a_digest_collects_many_stories_and_has_no_thread(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let mut told = Vec::new();
    for title in ["One", "Two", "Three"] {
        let story = tale.story(title).await;
        let fired = alert(&story, "urgent", minute(2));
        let digest = NewDelivery {
            kind: DeliveryKind::Digest,
            ..delivery("soc", &story, &[&fired])
        };
        tale.told(&story, vec![fired.clone()], vec![digest]).await;
        told.push(fired.id);
    }
    // Beside the digest, a story of its own.
    let story = tale.story("Four").await;
    tale.alerted(&story, &["soc"]).await;
    let claimed = tale.claim(&["soc"], minute(3)).await;
    assert_eq!(claimed.len(), 2);
    assert_eq!(
        (&claimed[0].delivery.kind, &claimed[0].delivery.alerts),
        (&DeliveryKind::Digest, &told)
    );
    let titles: Vec<&str> = claimed[0]
        .alerts
        .iter()
        .map(|(_, incident)| incident.title.as_str())
        .collect();
    assert_eq!(titles, ["One", "Two", "Three"]);
    let receipt = Receipt {
        thread: Some("t-1".to_owned()),
        address: None,
    };
    store
        .settle(claimed[0].delivery.id, minute(3), Settlement::Sent(receipt))
        .await
        .unwrap();
    store
        .enqueue(
            minute(4),
            NewDelivery {
                kind: DeliveryKind::Digest,
                ..notice("soc", "")
            },
        )
        .await
        .unwrap();
    let next = tale.claim(&["soc"], minute(5)).await;
    assert_eq!((next.len(), next[0].thread.as_deref()), (1, None));
}

pub(crate) async fn notices_never_join(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    store
        .enqueue(minute(2), notice("soc", "First"))
        .await
        .unwrap();
    store
        .enqueue(minute(2), notice("soc", "Second"))
        .await
        .unwrap();
    let claimed = tale.claim(&["soc"], minute(3)).await;
    let titles: Vec<&DeliveryKind> = claimed.iter().map(|it| &it.delivery.kind).collect();
    assert!(
        matches!(titles.as_slice(), [
        DeliveryKind::Notice { title: first, .. },
        DeliveryKind::Notice { title: second, .. },
    ] if first == "First" && second == "Second"),
        "{titles:?}"
    );
    assert!(claimed[0].alerts.is_empty());
}

pub(crate) async fn the_gap_counts_from_the_last_message_of_the_story(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let story = tale.story("One").await;
    tale.alerted(&story, &["soc"]).await;
    let first = tale.claim(&["soc"], minute(3)).await.remove(0);
    store
        .settle(first.delivery.id, minute(4), sent())
        .await
        .unwrap();
    let with_gap = |to: &str| NewDelivery {
        gap: minutes(5),
        due: minute(6),
        ..delivery(to, &story, &[])
    };
    store.enqueue(minute(6), with_gap("soc")).await.unwrap();
    store.enqueue(minute(6), with_gap("mail")).await.unwrap();
    assert_eq!(
        store.next_due(&[channel("soc")]).await.unwrap(),
        Some(minute(9))
    );
    assert_eq!(
        store.next_due(&[channel("mail")]).await.unwrap(),
        Some(minute(6))
    );
    let endless = NewDelivery {
        gap: Duration::MAX,
        ..delivery("soc", &tale.story("Two").await, &[])
    };
    store.enqueue(minute(6), endless).await.unwrap();
    assert_eq!(
        store.next_due(&[channel("soc")]).await.unwrap(),
        Some(minute(2))
    );
}

pub(crate) async fn the_gap_also_holds_for_what_was_written_while_a_message_was_on_its_way(
    store: Db,
    _: Db,
) {
    let tale = Tale::of(store.clone()).await;
    let story = tale.story("One").await;
    tale.alerted(&story, &["soc"]).await;
    let first = tale.claim(&["soc"], minute(3)).await.remove(0);
    let second = NewDelivery {
        gap: minutes(5),
        due: minute(3),
        ..delivery("soc", &story, &[])
    };
    store.enqueue(minute(3), second.clone()).await.unwrap();
    store
        .settle(first.delivery.id, minute(4), sent())
        .await
        .unwrap();
    assert!(tale.claim(&["soc"], minute(8)).await.is_empty());
    assert_eq!(ids(&tale.claim(&["soc"], minute(9)).await), [second.id]);
}

pub(crate) async fn an_expired_claim_can_be_claimed_again_under_the_same_id(store: Db, other: Db) {
    let tale = Tale::of(store.clone()).await;
    let story = tale.story("One").await;
    tale.alerted(&story, &["soc"]).await;
    let first = tale.claim(&["soc"], minute(3)).await;
    // The worker died. Its claim runs out after five minutes, and is due then.
    assert_eq!(
        store.next_due(&[channel("soc")]).await.unwrap(),
        Some(minute(8))
    );
    let take = async |at| {
        other
            .claim("another", &[channel("soc")], minute(at), minute(at + 5), 10)
            .await
            .unwrap()
    };
    assert!(take(7).await.is_empty());
    assert_eq!(ids(&take(8).await), ids(&first));
}

pub(crate) async fn one_story_is_told_in_order(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let (story, elsewhere) = (tale.story("One").await, tale.story("Two").await);
    tale.alerted(&story, &["soc"]).await;
    let first = tale.claim(&["soc"], minute(3)).await.remove(0).delivery.id;
    tale.alerted(&story, &["soc"]).await;
    tale.alerted(&elsewhere, &["soc"]).await;
    // The second of the story waits for the first; the other story does not.
    assert_eq!(
        store.next_due(&[channel("soc")]).await.unwrap(),
        Some(minute(2))
    );
    let claimed = tale.claim(&["soc"], minute(4)).await;
    assert_eq!(claimed.len(), 1);
    assert_eq!(
        claimed[0].delivery.kind,
        DeliveryKind::Incident {
            incident: elsewhere.id
        }
    );
    store
        .settle(claimed[0].delivery.id, minute(4), sent())
        .await
        .unwrap();
    store.settle(first, minute(4), again(20)).await.unwrap();
    assert!(tale.claim(&["soc"], minute(19)).await.is_empty());
    assert_eq!(
        store.next_due(&[channel("soc")]).await.unwrap(),
        Some(minute(20))
    );
    assert_eq!(ids(&tale.claim(&["soc"], minute(20)).await), [first]);
    store.settle(first, minute(20), dead()).await.unwrap();
    assert_eq!(tale.claim(&["soc"], minute(20)).await.len(), 1);
}

pub(crate) async fn follow_ups_know_the_thread(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let story = tale.story("One").await;
    for (nth, given, expected) in [
        (0, Some("t-1"), None),
        (1, Some("t-2"), Some("t-1")),
        (2, None, Some("t-1")),
    ] {
        tale.alerted(&story, &["soc"]).await;
        let claimed = tale.claim(&["soc"], minute(3 + nth)).await.remove(0);
        assert_eq!(claimed.thread.as_deref(), expected, "message {nth}");
        let receipt = Receipt {
            thread: given.map(str::to_owned),
            address: Some("-100".to_owned()),
        };
        store
            .settle(
                claimed.delivery.id,
                minute(3 + nth),
                Settlement::Sent(receipt),
            )
            .await
            .unwrap();
    }
    assert_eq!(
        store
            .channel_memo(&channel("soc"), "address")
            .await
            .unwrap()
            .as_deref(),
        Some("-100")
    );
    tale.alerted(&story, &["mail"]).await;
    assert_eq!(tale.claim(&["mail"], minute(9)).await[0].thread, None);
}

pub(crate) async fn a_delivery_that_must_wait_is_due_later(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let story = tale.story("One").await;
    tale.alerted(&story, &["soc"]).await;
    let id = tale.claim(&["soc"], minute(3)).await[0].delivery.id;
    store.settle(id, minute(4), again(7)).await.unwrap();
    assert!(tale.claim(&["soc"], minute(6)).await.is_empty());
    let claimed = tale.claim(&["soc"], minute(7)).await.remove(0).delivery;
    assert_eq!(
        (claimed.id, claimed.attempts, claimed.error.as_deref()),
        (id, 1, Some("not now"))
    );
    store.settle(id, minute(8), sent()).await.unwrap();
    let settled = store
        .deliveries(Some(DeliveryState::Sent), 10)
        .await
        .unwrap()
        .remove(0);
    assert_eq!(
        (settled.attempts, settled.error, settled.settled),
        (2, None, Some(minute(8)))
    );
    let attempts: Vec<_> = store
        .attempts(id)
        .await
        .unwrap()
        .into_iter()
        .map(|it| (it.at, it.outcome))
        .collect();
    assert_eq!(
        attempts,
        [
            (minute(4), "not now".to_owned()),
            (minute(8), "sent".to_owned())
        ]
    );
    let last = store
        .events(store.last_event().await.unwrap() - 1, 10)
        .await
        .unwrap()
        .events
        .remove(0);
    assert_eq!(
        (last.kind.as_str(), last.subject),
        ("delivery.settled", id.to_string())
    );
    assert_eq!(store.next_due(&[channel("soc")]).await.unwrap(), None);
}

pub(crate) async fn a_dead_delivery_can_be_replayed(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let story = tale.story("One").await;
    tale.alerted(&story, &["soc"]).await;
    let id = tale.claim(&["soc"], minute(3)).await[0].delivery.id;
    assert!(!store.replay(id, minute(3)).await.unwrap(), "it is pending");
    store.settle(id, minute(4), dead()).await.unwrap();
    let buried = store
        .deliveries(Some(DeliveryState::Dead), 10)
        .await
        .unwrap()
        .remove(0);
    assert_eq!(
        (buried.error.as_deref(), buried.settled),
        (Some("no such chat"), Some(minute(4)))
    );
    assert!(tale.claim(&["soc"], minute(99)).await.is_empty());
    assert!(store.replay(id, minute(50)).await.unwrap());
    assert!(!store.replay(id, minute(51)).await.unwrap());
    // What the receiver may know under this id stays as it is.
    tale.alerted(&story, &["soc"]).await;
    let claimed = tale.claim(&["soc"], minute(50)).await.remove(0).delivery;
    assert_eq!(
        (claimed.id, claimed.alerts.len(), claimed.settled),
        (id, 1, None)
    );
    store.settle(id, minute(51), sent()).await.unwrap();
    assert!(!store.replay(id, minute(52)).await.unwrap());
}

pub(crate) async fn a_paused_channel_keeps_its_deliveries_and_tells_others_once(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let (story, elsewhere) = (tale.story("One").await, tale.story("Two").await);
    tale.alerted(&story, &["soc"]).await;
    tale.alerted(&elsewhere, &["soc"]).await;
    let claimed = tale.claim(&["soc"], minute(3)).await;
    for (nth, claimed) in claimed.iter().enumerate() {
        let paused = Settlement::Paused {
            reason: format!("401, answer {nth}"),
            notices: vec![notice("mail", "soc is paused")],
        };
        store
            .settle(claimed.delivery.id, minute(4), paused)
            .await
            .unwrap();
    }
    assert_eq!(
        store.paused().await.unwrap(),
        [(channel("soc"), minute(4), "401, answer 0".to_owned())]
    );
    assert_eq!(tale.claim(&["mail"], minute(5)).await.len(), 1, "told once");
    tale.alerted(&story, &["soc"]).await;
    assert!(tale.claim(&["soc"], minute(99)).await.is_empty());
    assert_eq!(store.next_due(&[channel("soc")]).await.unwrap(), None);
    assert_eq!(store.totals().await.unwrap().pending, 4);
    assert!(store.resume(&channel("soc")).await.unwrap());
    assert!(!store.resume(&channel("soc")).await.unwrap());
    assert!(store.paused().await.unwrap().is_empty());
    let resumed = tale.claim(&["soc"], minute(100)).await;
    assert_eq!(ids(&resumed), ids(&claimed));
    assert_eq!(resumed[0].delivery.attempts, 1);
}

pub(crate) async fn the_latest_attempts_are_kept(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    tale.alerted(&tale.story("One").await, &["soc"]).await;
    let mut id = None;
    for nth in 0..55 {
        let claimed = tale
            .claim(&["soc"], minute(10 * nth + 10))
            .await
            .remove(0)
            .delivery;
        store
            .settle(claimed.id, minute(10 * nth + 10), again(10 * nth + 11))
            .await
            .unwrap();
        id = Some(claimed.id);
    }
    let attempts = store.attempts(id.unwrap()).await.unwrap();
    assert_eq!(
        (attempts.len(), attempts[0].at, attempts[49].at),
        (50, minute(60), minute(550))
    );
    assert_eq!(store.deliveries(None, 1).await.unwrap()[0].attempts, 55);
}

pub(crate) async fn who_got_through_decides(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    tale.alerted(&tale.story("One").await, &["soc"]).await;
    let id = tale.claim(&["soc"], minute(3)).await[0].delivery.id;
    // A slow worker's claim expired, another one sent it, then the slow one answers.
    assert_eq!(ids(&tale.claim(&["soc"], minute(9)).await), [id]);
    store.settle(id, minute(9), sent()).await.unwrap();
    for late in [again(20), dead()] {
        store.settle(id, minute(10), late).await.unwrap();
        let now = store.deliveries(None, 1).await.unwrap().remove(0);
        assert_eq!(
            (now.state, now.settled),
            (DeliveryState::Sent, Some(minute(9)))
        );
    }
    assert_eq!(store.attempts(id).await.unwrap().len(), 3);
    // The other way round: given up by one, taken from the other.
    tale.alerted(&tale.story("Two").await, &["soc"]).await;
    let id = tale.claim(&["soc"], minute(30)).await[0].delivery.id;
    store.settle(id, minute(31), dead()).await.unwrap();
    store.settle(id, minute(32), sent()).await.unwrap();
    assert_eq!(
        store.deliveries(None, 1).await.unwrap()[0].state,
        DeliveryState::Sent
    );
}

pub(crate) async fn deliveries_are_listed_by_state(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    for title in ["One", "Two", "Three", "Four"] {
        store
            .enqueue(minute(2), notice("soc", title))
            .await
            .unwrap();
    }
    let claimed = tale.claim(&["soc"], minute(3)).await;
    store
        .settle(claimed[0].delivery.id, minute(3), sent())
        .await
        .unwrap();
    store
        .settle(claimed[1].delivery.id, minute(3), dead())
        .await
        .unwrap();
    let listed = async |state, limit| {
        let found = store.deliveries(state, limit).await.unwrap();
        found
            .into_iter()
            .map(|it| {
                claimed
                    .iter()
                    .position(|known| known.delivery.id == it.id)
                    .unwrap()
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(listed(None, 100).await, [3, 2, 1, 0]);
    assert_eq!(listed(Some(DeliveryState::Pending), 100).await, [3, 2]);
    assert_eq!(listed(Some(DeliveryState::Pending), 1).await, [3]);
    assert_eq!(listed(Some(DeliveryState::Sent), 100).await, [0]);
    assert_eq!(listed(Some(DeliveryState::Dead), 100).await, [1]);
    let totals = store.totals().await.unwrap();
    assert_eq!((totals.pending, totals.dead), (2, 1));
}

pub(crate) async fn memos_are_kept_per_channel(store: Db, _: Db) {
    let memo = async |of: &str| store.channel_memo(&channel(of), "chat").await.unwrap();
    store
        .keep_channel_memo(&channel("soc"), "chat", "1")
        .await
        .unwrap();
    store
        .keep_channel_memo(&channel("soc"), "chat", "2")
        .await
        .unwrap();
    store
        .keep_channel_memo(&channel("soc"), "other", "3")
        .await
        .unwrap();
    assert_eq!(
        (memo("soc").await.as_deref(), memo("mail").await),
        (Some("2"), None)
    );
}

pub(crate) async fn strangers_are_refused(store: Db, _: Db) {
    let stranger = incident(&item("feed", "1", "Never stored", ""));
    let unknown = delivery("soc", &stranger, &[]);
    assert!(matches!(
        store.settle(unknown.id, minute(3), sent()).await,
        Err(StoreError::Invalid(_))
    ));
    assert!(!store.replay(unknown.id, minute(3)).await.unwrap());
    assert!(store.attempts(unknown.id).await.unwrap().is_empty());
    assert!(matches!(
        store.enqueue(minute(3), unknown).await,
        Err(StoreError::Invalid(_))
    ));
    assert_eq!(store.totals().await.unwrap().pending, 0);
}
