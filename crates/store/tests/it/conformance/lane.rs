//! Placement's side.

use std::sync::Arc;

use model::incident::Link;
use model::{IncidentStatus, Item, Print};
use store::{Collected, Fence, Occasion, Store, StoreError};

use crate::build::{
    Tale, alert, analysis, collected, cve, delivery, incident, item, minute, placed, published,
    rule,
};

type Db = Arc<dyn Store>;

pub(crate) async fn waiting_items_come_oldest_first(store: Db, _: Db) {
    let late = published(item("feed", "late", "Late", ""), minute(-1));
    let early = published(item("feed", "early", "Early", ""), minute(-9));
    let future = Item {
        published: Some(minute(999)),
        fetched: minute(-5),
        ..item("feed", "future", "Future", "")
    };
    let undated = Item {
        published: None,
        fetched: minute(-3),
        ..item("feed", "undated", "Undated", "")
    };
    let poll = collected("feed", vec![late, early, future, undated]);
    store
        .record(Collected {
            occasion: Occasion::History,
            ..poll
        })
        .await
        .unwrap();
    let waiting = store.unplaced(10).await.unwrap();
    let titles: Vec<&str> = waiting
        .iter()
        .map(|waiting| waiting.item.title.as_str())
        .collect();
    assert_eq!(titles, ["Early", "Future", "Undated", "Late"]);
    assert!(
        waiting
            .iter()
            .all(|waiting| waiting.occasion == Occasion::History)
    );
    // What may alert does not wait for history.
    let fresh = published(item("feed", "fresh", "Fresh", ""), minute(-2));
    store.record(collected("feed", vec![fresh])).await.unwrap();
    let first = store.unplaced(2).await.unwrap();
    let titles: Vec<&str> = first.iter().map(|one| one.item.title.as_str()).collect();
    assert_eq!(titles, ["Fresh", "Early"]);
    assert_eq!(store.unplaced(2).await.unwrap().len(), 2);
    assert!(store.unplaced(0).await.unwrap().is_empty());
}

pub(crate) async fn a_lease_is_held_by_one_until_it_expires_or_is_given_back(store: Db, other: Db) {
    let take = async |store: &Db, who: &str, now, until| {
        store
            .acquire("lane", who, minute(now), minute(until))
            .await
            .unwrap()
    };
    let first = take(&store, "a", 0, 10).await.unwrap();
    assert_eq!(take(&other, "b", 5, 15).await, None);
    // Renewed, it is the same hold.
    assert_eq!(take(&store, "a", 8, 20).await.as_ref(), Some(&first));
    assert_eq!(take(&other, "b", 19, 30).await, None);
    let second = take(&other, "b", 20, 30).await.unwrap();
    assert!(second.number > first.number);
    // Who lost it cannot give it back.
    store.release(&first).await.unwrap();
    assert_eq!(take(&store, "a", 21, 31).await, None);
    other.release(&second).await.unwrap();
    let third = take(&store, "a", 22, 32).await.unwrap();
    assert!(third.number > second.number);
    // Another lease is another matter.
    assert!(
        store
            .acquire("reports", "b", minute(22), minute(32))
            .await
            .unwrap()
            .is_some()
    );
}

pub(crate) async fn who_lost_the_lane_cannot_commit(store: Db, other: Db) {
    let tale = Tale::of(store.clone()).await;
    let one = item("feed", "1", "One", "");
    tale.record(&[&one]).await;
    let wrong = Fence {
        name: "elsewhere".to_owned(),
        ..tale.fence.clone()
    };
    assert!(matches!(
        store.commit(&wrong, placed(&one, None)).await,
        Err(StoreError::Fenced)
    ));
    let taken = other
        .acquire("lane", "another", minute(601), minute(700))
        .await
        .unwrap()
        .unwrap();
    let refused = tale.commit(placed(&one, Some(incident(&one)))).await;
    assert!(matches!(refused, Err(StoreError::Fenced)), "{refused:?}");
    assert_eq!(store.unplaced_count().await.unwrap(), 1);
    assert_eq!(store.totals().await.unwrap().incidents, 0);
    other
        .commit(&taken, placed(&one, Some(incident(&one))))
        .await
        .unwrap();
    other.release(&taken).await.unwrap();
    let late = item("feed", "2", "Two", "");
    tale.record(&[&late]).await;
    assert!(matches!(
        other.commit(&taken, placed(&late, None)).await,
        Err(StoreError::Fenced)
    ));
}

pub(crate) async fn a_placement_is_written_whole(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let one = item("feed", "1", "One", "text");
    tale.record(&[&one]).await;
    let opened = incident(&one);
    let fired = alert(&opened, "urgent", minute(2));
    let mut whole = placed(&one, Some(opened.clone()));
    whole.joined_because = Some("it opens the story".to_owned());
    whole.alerts = vec![fired.clone()];
    whole.deliveries = vec![delivery("soc", &opened, &[&fired])];
    tale.commit(whole.clone()).await.unwrap();

    let detail = store.incident(opened.id).await.unwrap().unwrap();
    assert_eq!(detail.incident, opened);
    assert_eq!(detail.items[0].item, one);
    assert_eq!(detail.items[0].analysis, analysis(&one));
    assert_eq!(
        detail.items[0].joined_because.as_deref(),
        Some("it opens the story")
    );
    assert_eq!(detail.alerts[0].0, fired);
    assert_eq!(detail.alerts[0].1[0].id, whole.deliveries[0].id);
    assert_eq!(
        store.placement_of(one.id).await.unwrap(),
        Some(Some(opened.id))
    );
    assert_eq!(store.unplaced_count().await.unwrap(), 0);
    let kinds: Vec<String> = store
        .events(0, 10)
        .await
        .unwrap()
        .events
        .into_iter()
        .map(|event| event.kind)
        .collect();
    assert_eq!(kinds, ["source.polled", "incident.opened"]);

    let two = item("feed", "2", "Two", "more");
    tale.record(&[&two]).await;
    let mut grown = opened.clone();
    grown.revision = 2;
    grown.items = 2;
    tale.commit(placed(&two, Some(grown.clone())))
        .await
        .unwrap();
    assert_eq!(
        store.incident(opened.id).await.unwrap().unwrap().incident,
        grown
    );
    let last = store.events(3, 10).await.unwrap().events.remove(0);
    assert_eq!(
        (last.kind.as_str(), last.subject),
        ("incident.updated", opened.id.to_string())
    );
}

pub(crate) async fn an_item_is_placed_once(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let one = item("feed", "1", "One", "text");
    tale.record(&[&one]).await;
    let opened = incident(&one);
    let fired = alert(&opened, "urgent", minute(2));
    let mut whole = placed(&one, Some(opened.clone()));
    whole.alerts = vec![fired.clone()];
    whole.deliveries = vec![delivery("soc", &opened, &[&fired])];
    tale.commit(whole.clone()).await.unwrap();
    let events = store.last_event().await.unwrap();
    tale.commit(whole).await.unwrap();
    tale.commit(placed(&one, Some(incident(&one))))
        .await
        .unwrap();
    tale.commit(placed(&one, None)).await.unwrap();
    assert_eq!(
        store.placement_of(one.id).await.unwrap(),
        Some(Some(opened.id))
    );
    assert_eq!(
        store
            .incident(opened.id)
            .await
            .unwrap()
            .unwrap()
            .alerts
            .len(),
        1
    );
    let totals = store.totals().await.unwrap();
    assert_eq!((totals.incidents, totals.pending), (1, 1));
    assert_eq!(store.last_event().await.unwrap(), events);
}

pub(crate) async fn an_irrelevant_item_has_a_placement_but_no_incident(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let one = item("feed", "1", "Cake recipes", "");
    tale.record(&[&one]).await;
    assert_eq!(store.placement_of(one.id).await.unwrap(), None);
    tale.commit(placed(&one, None)).await.unwrap();
    assert_eq!(store.placement_of(one.id).await.unwrap(), Some(None));
    assert!(tale.found("cake").await.is_empty());
    // Its address makes nobody a candidate.
    let again = Item {
        id: item("feed", "2", "x", "").id,
        ..one.clone()
    };
    assert!(
        store
            .candidates(&again, &analysis(&one))
            .await
            .unwrap()
            .is_empty()
    );
}

pub(crate) async fn a_placement_with_an_unknown_alert_writes_nothing(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let one = item("feed", "1", "One", "text");
    tale.record(&[&one]).await;
    let opened = incident(&one);
    let mut wrong = placed(&one, Some(opened.clone()));
    wrong.deliveries = vec![delivery(
        "soc",
        &opened,
        &[&alert(&opened, "urgent", minute(2))],
    )];
    assert!(matches!(
        tale.commit(wrong).await,
        Err(StoreError::Invalid(_))
    ));
    let unknown = item("feed", "never recorded", "x", "");
    assert!(matches!(
        tale.commit(placed(&unknown, None)).await,
        Err(StoreError::Invalid(_))
    ));
    assert_eq!(
        store
            .incident(opened.id)
            .await
            .unwrap()
            .map(|it| it.incident),
        None
    );
    assert!(tale.found("one").await.is_empty());
    assert_eq!(store.totals().await.unwrap().pending, 0);
    assert_eq!(store.unplaced_count().await.unwrap(), 1);
}

pub(crate) async fn a_sitting_sees_what_it_placed_and_others_do_not(store: Db, other: Db) {
    let tale = Tale::of(store.clone()).await;
    let one = item("feed-a", "1", "Acme robbed", "by night");
    let two = item("feed-b", "2", "Acme robbed", "by night");
    tale.record(&[&one]).await;
    tale.record(&[&two]).await;
    let opened = incident(&one);

    let mut sitting = store.sit(&tale.fence).await.unwrap();
    assert!(
        sitting
            .candidates(&one, &analysis(&one))
            .await
            .unwrap()
            .is_empty()
    );
    sitting
        .place(placed(&one, Some(opened.clone())))
        .await
        .unwrap();
    let found = sitting.candidates(&two, &analysis(&two)).await.unwrap();
    assert_eq!(found[0].incident, opened);
    assert_eq!(found[0].links, [Link::Text(one.id)]);
    assert_eq!(sitting.texts(opened.id, 9).await.unwrap().len(), 1);
    for reader in [&store, &other] {
        assert_eq!(reader.incident(opened.id).await.unwrap().map(|_| ()), None);
        assert_eq!(reader.unplaced_count().await.unwrap(), 2);
    }
    sitting.place(placed(&two, None)).await.unwrap();
    sitting.commit().await.unwrap();

    let detail = other.incident(opened.id).await.unwrap().unwrap();
    assert_eq!(detail.incident, opened);
    assert_eq!(store.unplaced_count().await.unwrap(), 0);
    let told = store.events(0, 100).await.unwrap().events;
    let told = told.iter().filter(|event| event.kind == "incident.opened");
    assert_eq!(told.count(), 1);
}

pub(crate) async fn what_fails_in_a_sitting_costs_itself_only(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let items = ["1", "2", "3"].map(|name| item("feed", name, name, name));
    tale.record(&[&items[0], &items[1], &items[2]]).await;
    let opened = items.each_ref().map(incident);
    let mut sitting = store.sit(&tale.fence).await.unwrap();
    for (item, opened) in items.iter().zip(&opened) {
        let mut placement = placed(item, Some(opened.clone()));
        let is_wrong = item.id == items[1].id;
        if is_wrong {
            placement.deliveries = vec![delivery(
                "soc",
                opened,
                &[&alert(opened, "urgent", minute(2))],
            )];
        }
        let done = sitting.place(placement).await;
        assert_eq!(done.is_err(), is_wrong, "{done:?}");
    }
    sitting.commit().await.unwrap();
    let waiting = store.unplaced(10).await.unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].item.id, items[1].id);
    assert_eq!(store.totals().await.unwrap().incidents, 2);
    let told = store.events(0, 100).await.unwrap().events;
    let told = told.iter().filter(|event| event.kind == "incident.opened");
    assert_eq!(told.count(), 2);
}

pub(crate) async fn a_sitting_that_is_left_leaves_nothing(store: Db, other: Db) {
    let tale = Tale::of(store.clone()).await;
    let one = item("feed", "1", "One", "");
    tale.record(&[&one]).await;
    let mut sitting = store.sit(&tale.fence).await.unwrap();
    sitting
        .place(placed(&one, Some(incident(&one))))
        .await
        .unwrap();
    drop(sitting);
    assert_eq!(store.unplaced_count().await.unwrap(), 1);
    // Nor does it keep others from writing.
    let taken = other
        .acquire("lane", "another", minute(601), minute(700))
        .await
        .unwrap()
        .unwrap();
    let refused = match store.sit(&tale.fence).await {
        Ok(mut sitting) => sitting.place(placed(&one, None)).await,
        Err(error) => Err(error),
    };
    assert!(matches!(refused, Err(StoreError::Fenced)), "{refused:?}");
    other
        .commit(&taken, placed(&one, Some(incident(&one))))
        .await
        .unwrap();
    assert_eq!(store.totals().await.unwrap().incidents, 1);
}

pub(crate) async fn the_version_is_another_after_each_commit(store: Db, other: Db) {
    let tale = Tale::of(store.clone()).await;
    let mut known = store.version().unwrap();
    assert_eq!(store.version().unwrap(), known);
    for name in ["1", "2"] {
        let one = item("feed", name, name, "");
        tale.record(&[&one]).await;
        let recorded = store.version().unwrap();
        assert_ne!(recorded, known);
        tale.commit(placed(&one, Some(incident(&one))))
            .await
            .unwrap();
        known = store.version().unwrap();
        assert_ne!(recorded, known);
    }
    // What another process commits is seen as well: at once in one file, on a server
    // once it is told.
    let mut changes = store.changes();
    changes.mark_unchanged();
    other
        .record(collected("feed", vec![item("feed", "3", "Three", "")]))
        .await
        .unwrap();
    if store.version() == Some(known) {
        changes.changed().await.unwrap();
        assert_ne!(store.version(), Some(known));
    }
}

pub(crate) async fn candidates_share_an_edit_an_address_a_text_or_a_cve(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let one = item("feed-a", "1", "Acme robbed", "by night");
    let told = tale
        .opened(&one, |it| {
            it.cves = vec![cve("CVE-2026-1234"), cve("CVE-2026-4321")]
        })
        .await;
    let repeat = item("feed-b", "9", "Acme robbed", "by night");
    tale.record(&[&repeat]).await;
    let mut placement = placed(&repeat, Some(told.clone()));
    placement.repeat_of = Some(one.id);
    tale.commit(placement).await.unwrap();
    let other = tale.story("Nothing in common").await;

    let links = async |item: &Item, change: &dyn Fn(&mut model::Analysis)| {
        let mut understood = analysis(item);
        change(&mut understood);
        let found = store.candidates(item, &understood).await.unwrap();
        found
            .into_iter()
            .map(|candidate| (candidate.incident.id, candidate.links))
            .collect::<Vec<_>>()
    };
    let edit = item("feed-a", "1", "Acme robbed", "by day");
    assert_eq!(
        links(&edit, &|_| ()).await,
        [(told.id, vec![Link::Edit(one.id), Link::Address(one.id)])]
    );
    let moved = item("feed-c", "5", "Acme robbed", "by night");
    assert_eq!(
        links(&moved, &|_| ()).await,
        [(told.id, vec![Link::Text(one.id)])]
    );
    let linked = item("feed-c", "6", "A list", "of robberies");
    let address = one.url.clone();
    assert_eq!(
        links(&linked, &|it| it.story_keys.canonical_url = address.clone()).await,
        [(told.id, vec![Link::Address(one.id)])]
    );
    let about = |it: &mut model::Analysis| {
        it.story_keys.cves = vec![cve("CVE-2026-4321"), cve("CVE-2026-0001")]
    };
    assert_eq!(
        links(&linked, &about).await,
        [(told.id, vec![Link::Cve(cve("CVE-2026-4321"))])]
    );
    // An item is no candidate's reason for itself.
    assert_eq!(
        links(&one, &|it| it.story_keys.canonical_url = None).await,
        [(told.id, vec![Link::Text(repeat.id)])]
    );
    // Without an address and with an empty text there is nothing to share.
    let bare = |it: &mut model::Analysis| {
        it.story_keys.canonical_url = None;
        it.story_keys.content_hash = [0; 16];
    };
    assert!(links(&linked, &bare).await.is_empty());
    assert_ne!(other.id, told.id);
}

pub(crate) async fn the_same_text_links_for_thirty_days(store: Db, _: Db) {
    const DAY: i64 = 24 * 60;
    let tale = Tale::of(store.clone()).await;
    let monthly = published(item("feed", "1", "Patch day", "As each month"), minute(0));
    tale.opened(&monthly, |_| ()).await;
    let later = async |days: i64| {
        let again = published(
            item("other", "2", "Patch day", "As each month"),
            minute(days * DAY),
        );
        store
            .candidates(&again, &analysis(&again))
            .await
            .unwrap()
            .len()
    };
    assert_eq!(
        [later(0).await, later(29).await, later(31).await],
        [1, 1, 0]
    );
    assert_eq!([later(-29).await, later(-31).await], [1, 0]);
}

pub(crate) async fn many_candidates_are_cut_to_the_latest_but_keep_strong_links(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let about = vec![cve("CVE-2026-1234")];
    let first = published(item("feed", "0", "Story 0", ""), minute(-100));
    let oldest = tale.opened(&first, |it| it.cves.clone_from(&about)).await;
    for n in 1..60 {
        let next = published(
            item("feed", &n.to_string(), &format!("Story {n}"), ""),
            minute(n - 100),
        );
        tale.opened(&next, |it| it.cves.clone_from(&about)).await;
    }
    let edit = item("feed", "0", "Story 0, corrected", "");
    let mut understood = analysis(&edit);
    understood.story_keys.cves = about;
    let found = store.candidates(&edit, &understood).await.unwrap();
    assert_eq!(found.len(), 50);
    assert_eq!(found[0].incident.title, "Story 59");
    assert!(found.is_sorted_by(|a, b| a.incident.last_seen >= b.incident.last_seen));
    let last = found.last().unwrap();
    assert_eq!((last.incident.id, last.links.len()), (oldest.id, 2));
}

pub(crate) async fn what_people_decided_survives_a_placement(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let opened = tale.story("One").await;
    // The lane has read the incident; then somebody handles it; then the lane commits.
    let handled = tale
        .set_status(opened.id, IncidentStatus::Handled, minute(3))
        .await;
    assert_eq!(handled.revision, 2);
    tale.told(&opened, vec![alert(&opened, "urgent", minute(4))], vec![])
        .await;
    let now = store.incident(opened.id).await.unwrap().unwrap().incident;
    assert_eq!((now.status, now.revision), (IncidentStatus::Handled, 3));
    assert_eq!(store.alerts(&rule("urgent"), 10).await.unwrap()[0].1, now);
}

pub(crate) async fn items_told_in_other_words_are_found_by_their_words(store: Db, _: Db) {
    let print = |keys: &[(u32, u16)]| Print {
        terms: vec![(1, Print::ONE)],
        keys: keys.to_vec(),
        ..Print::default()
    };
    let tale = Tale::of(store.clone()).await;
    let day = 24 * 60;
    let mut told = Vec::new();
    for (name, at, keys) in [
        ("near", -2 * day, [(7, 900), (8, 100)]),
        ("weak", -day, [(8, 100), (9, 100)]),
        ("old", -40 * day, [(7, 900), (8, 100)]),
    ] {
        let item = published(item("feed-a", name, name, name), minute(at));
        tale.record(&[&item]).await;
        let mut placement = placed(&item, Some(incident(&item)));
        placement.analysis.story_keys.print = print(&keys);
        told.push((item.id, placement.incident.as_ref().unwrap().id));
        tale.commit(placement).await.unwrap();
    }
    let asked = published(item("feed-b", "asked", "asked", "other words"), minute(0));
    let mut understood = analysis(&asked);
    understood.story_keys.print = print(&[(7, 900), (8, 100)]);
    let found = store.candidates(&asked, &understood).await.unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|candidate| {
            let members: Vec<_> = candidate.members.iter().map(|member| member.item).collect();
            (candidate.incident.id, members, candidate.links.len())
        })
        .collect();
    // What shares most comes first, and what was told long ago is another story.
    let wanted: Vec<_> = told
        .iter()
        .take(2)
        .map(|(item, incident)| (*incident, vec![*item], 0))
        .collect();
    assert_eq!(found, wanted);
    understood.story_keys.print = Print::default();
    assert!(
        store
            .candidates(&asked, &understood)
            .await
            .unwrap()
            .is_empty()
    );
}
