//! Two processes on one database.

use std::collections::HashSet;
use std::sync::Arc;

use model::Item;
use store::{Recorded, Store, StoreError};

use crate::build::{
    Tale, channel, collected, heard, incident, item, minute, notice, placed, said, scored,
    statement,
};

type Db = Arc<dyn Store>;

pub(crate) async fn two_stores_write_to_one_database(one: Db, other: Db) {
    let mut writing = Vec::new();
    for n in 0..60 {
        let store = if n % 2 == 0 {
            one.clone()
        } else {
            other.clone()
        };
        writing.push(tokio::spawn(async move {
            let name = n.to_string();
            store
                .record(collected(
                    &format!("feed-{}", n % 3),
                    vec![item("feed", &name, &name, "")],
                ))
                .await
                .unwrap();
            // Both speak of the same CVE, in turn.
            let word = scored(
                statement(&format!("says-{}", n % 5), "CVE-2026-1234", &name),
                5.0,
            );
            store
                .record(said("nvd", vec![heard(word, false)]))
                .await
                .unwrap();
        }));
    }
    for written in writing {
        written.await.unwrap();
    }
    assert_eq!(one.unplaced_count().await.unwrap(), 60);
    let totals = other.totals().await.unwrap();
    assert_eq!((totals.items, totals.vulnerabilities), (60, 1));
    let polled: u64 = one
        .source_states()
        .await
        .unwrap()
        .iter()
        .map(|state| state.items)
        .sum();
    assert_eq!(polled, 60);
    // Events are numbered once, whoever wrote them.
    let events = one.events(0, 1_000).await.unwrap().events;
    assert!(events.is_sorted_by(|a, b| a.seq < b.seq));
    assert_eq!(events.len(), 120);
}

pub(crate) async fn two_lanes_take_turns(one: Db, other: Db) {
    let items: Vec<Item> = (0..20)
        .map(|n| item("feed", &n.to_string(), &format!("Story {n}"), ""))
        .collect();
    one.record(collected("feed", items.clone())).await.unwrap();
    // Each takes the lane from the other while the other still works: the clock of
    // each attempt is past the lease of the one before.
    let mut working = Vec::new();
    for (who, store) in [("a", one.clone()), ("b", other.clone())] {
        working.push(tokio::spawn(async move {
            let (mut now, mut committed, mut fenced) = (0, 0, 0);
            while let Some(waiting) = store.unplaced(1).await.unwrap().pop() {
                now += 10;
                let Some(fence) = store
                    .acquire("lane", who, minute(now), minute(now + 1))
                    .await
                    .unwrap()
                else {
                    continue;
                };
                let opened = incident(&waiting.item);
                match store
                    .commit(&fence, placed(&waiting.item, Some(opened)))
                    .await
                {
                    Ok(()) => committed += 1,
                    Err(StoreError::Fenced) => fenced += 1,
                    Err(other) => panic!("{other}"),
                }
            }
            (committed, fenced)
        }));
    }
    let mut tried = 0;
    for worked in working {
        let (committed, fenced) = worked.await.unwrap();
        tried += committed + fenced;
    }
    assert!(tried >= 20);
    // However often they met, every item was placed once, in one incident.
    assert_eq!(one.totals().await.unwrap().incidents, 20);
    let mut homes = HashSet::new();
    for item in &items {
        homes.insert(one.placement_of(item.id).await.unwrap().flatten().unwrap());
    }
    assert_eq!(homes.len(), 20);
}

pub(crate) async fn two_claimers_never_get_the_same_delivery(one: Db, other: Db) {
    let tale = Tale::of(one.clone()).await;
    for n in 0..40 {
        if n % 2 == 0 {
            one.enqueue(minute(2), notice("soc", &n.to_string()))
                .await
                .unwrap();
        } else {
            tale.alerted(&tale.story(&n.to_string()).await, &["soc"])
                .await;
        }
    }
    let mut claiming = Vec::new();
    for nth in 0..8 {
        let store = if nth % 2 == 0 {
            one.clone()
        } else {
            other.clone()
        };
        claiming.push(tokio::spawn(async move {
            let mut mine = Vec::new();
            loop {
                let who = format!("worker-{nth}");
                let claimed = store
                    .claim(&who, &[channel("soc")], minute(3), minute(8), 3)
                    .await
                    .unwrap();
                if claimed.is_empty() {
                    return mine;
                }
                mine.extend(claimed.into_iter().map(|it| it.delivery.id));
            }
        }));
    }
    let mut all = Vec::new();
    for claimed in claiming {
        all.extend(claimed.await.unwrap());
    }
    assert_eq!(all.len(), 40);
    assert_eq!(all.into_iter().collect::<HashSet<_>>().len(), 40);
}

pub(crate) async fn the_same_items_from_two_processes_are_stored_once(one: Db, other: Db) {
    let items: Vec<Item> = (0..50)
        .map(|n| item("feed", &n.to_string(), &n.to_string(), ""))
        .collect();
    let (poll, same) = (collected("feed", items.clone()), collected("feed", items));
    let (a, b) = tokio::join!(one.record(poll), other.record(same));
    let (a, b): (Recorded, Recorded) = (a.unwrap(), b.unwrap());
    assert_eq!((a.items + b.items, a.repeats + b.repeats), (50, 50));
    assert_eq!(one.unplaced_count().await.unwrap(), 50);
}
