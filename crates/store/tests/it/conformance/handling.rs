//! What people do about incidents.

use std::sync::Arc;

use model::incident::{Development, Link};
use model::{ClaimStatus, Incident, IncidentStatus, Item, ItemId, Severity};
use store::handling::{Act, Handled, MOST_NOTES, Moved, Rearranged, Rearrangement};
use store::{Change, Fence, Store, StoreError};

use crate::build::{
    Tale, alert, analysis, cve, delivery, incident, item, judgement, minute, placed, published,
    rule, wanted,
};

type Db = Arc<dyn Store>;

fn by(name: &str, at: i64) -> Change {
    Change {
        at: minute(at),
        by: name.to_owned(),
    }
}

#[track_caller]
fn done(handled: Handled) -> Incident {
    match handled {
        Handled::Done(incident) => *incident,
        other => panic!("{other:?}"),
    }
}

/// Another item of the incident; `repeats` says which one it repeats.
async fn joins(tale: &Tale, to: &Incident, item: &Item, repeats: Option<ItemId>) -> Incident {
    tale.record(&[item]).await;
    let mut grown = tale.store.incident(to.id).await.unwrap().unwrap().incident;
    grown.revision += 1;
    grown.items += u32::from(repeats.is_none());
    let mut placed = placed(item, Some(grown.clone()));
    placed.repeat_of = repeats;
    placed.joined_because = Some("a test says so".to_owned());
    tale.commit(placed).await.unwrap();
    grown
}

fn rearranged(incident: &Incident, what: Rearrangement) -> Rearranged {
    Rearranged {
        change: by("Asha", 10),
        seen: None,
        incident: incident.clone(),
        what,
    }
}

fn split(opened: &Incident, items: &[&Item]) -> Rearrangement {
    Rearrangement::Split {
        opened: Box::new(opened.clone()),
        alerts: Vec::new(),
        items: items
            .iter()
            .map(|item| Moved {
                item: item.id,
                repeat_of: None,
                because: "moved".to_owned(),
            })
            .collect(),
    }
}

async fn names(tale: &Tale, incident: &Incident) -> Vec<String> {
    let story = tale.store.story(incident.id).await.unwrap().unwrap();
    story
        .items
        .into_iter()
        .map(|placed| placed.item.title)
        .collect()
}

pub(crate) async fn a_status_is_set_and_told(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let story = tale.story("One").await;
    let events = store.last_event().await.unwrap();
    let watched = tale
        .set_status(story.id, IncidentStatus::Watching, minute(5))
        .await;
    assert_eq!(
        (watched.status, watched.revision),
        (IncidentStatus::Watching, 2)
    );
    assert_eq!(
        store.incident(story.id).await.unwrap().unwrap().incident,
        watched
    );
    // Set again, it is no news.
    let again = tale
        .set_status(story.id, IncidentStatus::Watching, minute(6))
        .await;
    assert_eq!(again, watched);
    let told = store.events(events, 10).await.unwrap().events;
    assert_eq!(told.len(), 1);
    assert_eq!(
        (told[0].kind.as_str(), &told[0].subject),
        ("incident.updated", &story.id.to_string())
    );
    let nobody = incident(&item("feed", "9", "", "")).id;
    let handled = store
        .handle(nobody, Act::default(), by("Asha", 5), None)
        .await;
    assert_eq!(handled.unwrap(), Handled::Unknown);
}

pub(crate) async fn tags_people_and_notes_are_kept_within_limits(store: Db, other: Db) {
    let tale = Tale::of(store.clone()).await;
    let story = tale.story("One").await;
    let handle = async |act: Act| {
        store
            .handle(story.id, act, by("Asha", 5), None)
            .await
            .unwrap()
    };
    let tags = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect();
    let tagged = done(
        handle(Act {
            add_tags: tags(&["Wave Two", "bank"]),
            assignee: Some("Ravi".parse().ok()),
            ..Act::default()
        })
        .await,
    );
    assert_eq!(tagged.tags, ["bank", "wave-two"]);
    assert_eq!(tagged.assignee.as_deref(), Some("Ravi"));
    let found = async |query: &str| {
        let facets = other.facets(&wanted(query)).await.unwrap();
        facets.looked_at == 1
    };
    for (query, expected) in [
        ("tag:\"Wave Two\" assignee:ravi", true),
        ("tag:wave*", true),
        ("-assignee:*", false),
        ("tag:wave", false),
    ] {
        assert_eq!(found(query).await, expected, "{query}");
    }
    let untagged = done(
        handle(Act {
            remove_tags: tags(&["bank", "missing"]),
            assignee: Some(None),
            ..Act::default()
        })
        .await,
    );
    assert_eq!(
        (untagged.tags.as_slice(), &untagged.assignee),
        (["wave-two".to_owned()].as_slice(), &None)
    );
    assert!(found("-assignee:* tag:wave-two -tag:bank").await);
    let many: Vec<String> = (0..20).map(|n| format!("tag-{n}")).collect();
    let full = handle(Act {
        add_tags: tags(&many.iter().map(String::as_str).collect::<Vec<_>>()),
        ..Act::default()
    })
    .await;
    assert_eq!(full, Handled::Full("tags"));
    for n in 0..MOST_NOTES {
        let note = format!("note {n}").parse().ok();
        done(
            handle(Act {
                note,
                ..Act::default()
            })
            .await,
        );
    }
    let full = handle(Act {
        note: "one more".parse().ok(),
        status: Some(IncidentStatus::Handled),
        ..Act::default()
    })
    .await;
    assert_eq!(full, Handled::Full("notes"));
    let detail = other.incident(story.id).await.unwrap().unwrap();
    assert_eq!(detail.notes.len(), MOST_NOTES as usize);
    assert_eq!(
        (detail.notes[0].text.as_str(), detail.notes[0].by.as_str()),
        ("note 0", "Asha")
    );
    assert_eq!(
        detail.incident.status,
        IncidentStatus::New,
        "nothing by halves"
    );
    assert_eq!(detail.incident.tags, ["wave-two"]);
}

pub(crate) async fn a_revision_that_is_gone_is_refused(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let story = tale.story("One").await;
    let act = || Act {
        status: Some(IncidentStatus::Watching),
        ..Act::default()
    };
    let seen = async |revision| {
        store
            .handle(story.id, act(), by("Asha", 5), Some(revision))
            .await
            .unwrap()
    };
    assert_eq!(seen(7).await, Handled::Changed(1));
    assert_eq!(done(seen(1).await).revision, 2);
    assert_eq!(seen(1).await, Handled::Changed(2));
    let mut wanted = rearranged(&story, Rearrangement::TakeOut { items: Vec::new() });
    wanted.seen = Some(1);
    assert_eq!(
        store.rearrange(&tale.fence, wanted).await.unwrap(),
        Handled::Changed(2)
    );
}

pub(crate) async fn how_an_incident_developed_is_kept(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let story = tale.story("One").await;
    let second = item("feed", "2", "Two", "");
    tale.record(&[&second]).await;
    let mut worse = story.clone();
    worse.revision = 2;
    worse.severity = judgement(9.5);
    worse.claim = ClaimStatus::Confirmed;
    let mut placement = placed(&second, Some(worse));
    placement.at = minute(4);
    tale.commit(placement).await.unwrap();
    tale.set_status(story.id, IncidentStatus::Watching, minute(5))
        .await;
    let told = store
        .incident(story.id)
        .await
        .unwrap()
        .unwrap()
        .developments;
    let lines: Vec<String> = told
        .iter()
        .map(|one| {
            let by = one.by.as_deref().unwrap_or("-");
            format!("{by} {}", one.what.sentence())
        })
        .collect();
    assert_eq!(
        lines,
        [
            "Asha status: new → watching",
            "- how firm: reported → confirmed",
            "- severity: medium → critical: a test says so",
            "- opened as medium, reported: a test says so",
        ]
    );
    assert_eq!((told[2].at, told[2].item), (minute(4), Some(second.id)));
}

pub(crate) async fn a_split_opens_an_incident_and_stays(store: Db, other: Db) {
    let tale = Tale::of(store.clone()).await;
    let first = item("feed", "1", "Acme bank breached", "one");
    let story = tale.opened(&first, |_| ()).await;
    let second = item("feed", "2", "Bolt bank breached", "two");
    let story = joins(&tale, &story, &second, None).await;
    let fired = tale.alerted(&story, &["soc"]).await;
    let claimed = tale.claim(&["soc"], minute(3)).await;
    let receipt = model::Receipt {
        thread: Some("T1".to_owned()),
        address: None,
    };
    store
        .settle(
            claimed[0].delivery.id,
            minute(3),
            store::Settlement::Sent(receipt),
        )
        .await
        .unwrap();
    let events = store.last_event().await.unwrap();

    let opened = incident(&second);
    let handled = store
        .rearrange(&tale.fence, rearranged(&story, split(&opened, &[&second])))
        .await
        .unwrap();
    let left = done(handled);
    let bolt = other.incident(opened.id).await.unwrap().unwrap();
    assert_eq!(bolt.items.len(), 1);
    assert_eq!(bolt.items[0].joined_because.as_deref(), Some("moved"));
    assert_eq!(
        store.placement_of(second.id).await.unwrap(),
        Some(Some(opened.id))
    );
    assert!(!names(&tale, &left).await.contains(&second.title));
    // What was sent stays where it was sent, and nothing waits again.
    assert!(bolt.alerts.is_empty());
    let acme = store.incident(left.id).await.unwrap().unwrap();
    assert_eq!(acme.alerts[0].0.id, fired.id);
    assert_eq!(
        store.next_due(&["soc".parse().unwrap()]).await.unwrap(),
        None
    );
    let told: Vec<String> = store
        .events(events, 10)
        .await
        .unwrap()
        .events
        .into_iter()
        .map(|event| event.kind)
        .collect();
    assert_eq!(told, ["incident.opened", "incident.updated"]);
    assert!(matches!(
        acme.developments[0].what,
        Development::Split { items: 1, .. }
    ));
    assert!(
        bolt.developments
            .iter()
            .any(|one| matches!(one.what, Development::SplitFrom { .. })
                && one.by.as_deref() == Some("Asha"))
    );
    // Searching finds each where it is.
    assert_eq!(tale.found("bolt").await, ["Bolt bank breached"]);

    // A new version of it finds the story it opened and not the one it left, though
    // it has the address and the text of an item there.
    let edit = item("feed", "2", "Bolt bank breached: update", "more");
    let mut understood = analysis(&edit);
    understood.story_keys = analysis(&first).story_keys;
    let found = store.candidates(&edit, &understood).await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].incident.id, opened.id);
    assert_eq!(found[0].links, [Link::Said, Link::Edit(second.id)]);
    // Split again, of an item that is no longer there.
    let again = store
        .rearrange(&tale.fence, rearranged(&left, split(&opened, &[&second])))
        .await
        .unwrap();
    assert!(matches!(again, Handled::Changed(_)), "{again:?}");
}

pub(crate) async fn a_merge_takes_all_along_and_its_name_leads_on(store: Db, other: Db) {
    let tale = Tale::of(store.clone()).await;
    let (one, two) = (tale.story("One").await, tale.story("Two").await);
    let three = tale.story("Three").await;
    let tag = |name: &str| Act {
        add_tags: vec![name.parse().unwrap()],
        note: format!("about {name}").parse().ok(),
        ..Act::default()
    };
    for (story, name) in [(&one, "first"), (&two, "second")] {
        done(
            store
                .handle(story.id, tag(name), by("Ravi", 3), None)
                .await
                .unwrap(),
        );
    }
    let fired = tale.alerted(&two, &["soc"]).await;
    let merge =
        |into: &Incident, gone: &Incident| rearranged(into, Rearrangement::Merge { gone: gone.id });
    let merged = done(
        store
            .rearrange(&tale.fence, merge(&one, &two))
            .await
            .unwrap(),
    );
    assert_eq!((merged.id, merged.revision), (one.id, 3));
    assert_eq!(merged.tags, ["first", "second"]);
    let detail = other.incident(two.id).await.unwrap().unwrap();
    assert_eq!(detail.incident, merged, "the old name leads on");
    assert_eq!(detail.items.len(), 3);
    let notes: Vec<&str> = detail.notes.iter().map(|note| note.text.as_str()).collect();
    assert_eq!(notes, ["about first", "about second"]);
    assert_eq!(
        (detail.alerts[0].0.id, detail.alerts[0].0.incident),
        (fired.id, one.id)
    );
    assert!(
        detail
            .developments
            .iter()
            .any(|told| told.was == Some(two.id))
    );
    assert!(matches!(
        detail.developments.iter().find(|told| told.by.as_deref() == Some("Asha")),
        Some(told) if matches!(&told.what, Development::Merged { items: 2, title, .. } if title == "Two")
    ));
    assert_eq!(store.totals().await.unwrap().incidents, 2);
    let claimed = tale.claim(&["soc"], minute(20)).await;
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].alerts[0].1.id, one.id);
    assert_eq!(
        claimed[0].delivery.kind,
        model::DeliveryKind::Incident { incident: one.id }
    );
    assert_eq!(store.alerts(&rule("urgent"), 9).await.unwrap().len(), 1);

    // What is done to the old name is done to where it leads.
    let watched = tale
        .set_status(two.id, IncidentStatus::Watching, minute(11))
        .await;
    assert_eq!(
        (watched.id, watched.status),
        (one.id, IncidentStatus::Watching)
    );
    // And on, when that one is merged, too.
    done(
        store
            .rearrange(&tale.fence, merge(&three, &one))
            .await
            .unwrap(),
    );
    for old in [&one, &two] {
        let detail = store.incident(old.id).await.unwrap().unwrap();
        assert_eq!(detail.incident.id, three.id);
    }
    let gone = store
        .rearrange(&tale.fence, merge(&three, &one))
        .await
        .unwrap();
    assert!(matches!(gone, Handled::Changed(_)), "{gone:?}");
    let order = names(&tale, &three).await;
    assert_eq!((order[0].as_str(), order[1].as_str()), ("Three", "One"));
    assert_eq!(tale.found("two").await, ["Three"]);
    // A new version of an item that came along is of the merged story.
    let edit = item("feed", "Two", "Two, corrected", "");
    let found = store.candidates(&edit, &analysis(&edit)).await.unwrap();
    assert_eq!(
        (found.len(), found[0].incident.id, &found[0].links[0]),
        (1, three.id, &Link::Said)
    );
}

pub(crate) async fn a_merge_joins_what_waits_and_keeps_the_thread(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let (one, two) = (tale.story("One").await, tale.story("Two").await);
    let first = tale.alerted(&one, &["soc", "mail"]).await;
    let second = tale.alerted(&two, &["soc", "chat"]).await;
    let merged = done(
        store
            .rearrange(
                &tale.fence,
                rearranged(&one, Rearrangement::Merge { gone: two.id }),
            )
            .await
            .unwrap(),
    );
    let claimed = tale.claim(&["soc", "mail", "chat"], minute(20)).await;
    let mut told: Vec<(String, Vec<model::AlertId>)> = claimed
        .iter()
        .map(|one| {
            (
                one.delivery.channel.to_string(),
                one.delivery.alerts.clone(),
            )
        })
        .collect();
    told.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(
        told,
        [
            ("chat".to_owned(), vec![second.id]),
            ("mail".to_owned(), vec![first.id]),
            ("soc".to_owned(), vec![first.id, second.id]),
        ],
        "one message in a channel, though both waited"
    );
    for (claim, thread) in claimed.iter().zip(["A", "B", "C"]) {
        let receipt = model::Receipt {
            thread: Some(thread.to_owned()),
            address: None,
        };
        store
            .settle(
                claim.delivery.id,
                minute(21),
                store::Settlement::Sent(receipt),
            )
            .await
            .unwrap();
    }
    // Another one with a thread goes in: the thread that is there stays.
    let three = tale.story("Three").await;
    let third = alert(&three, "urgent", minute(22));
    tale.told(
        &three,
        vec![third.clone()],
        vec![
            delivery("soc", &three, &[&third]),
            delivery("desk", &three, &[&third]),
        ],
    )
    .await;
    for claim in tale.claim(&["soc", "desk"], minute(23)).await {
        let receipt = model::Receipt {
            thread: Some(format!("late-{}", claim.delivery.channel)),
            address: None,
        };
        store
            .settle(
                claim.delivery.id,
                minute(23),
                store::Settlement::Sent(receipt),
            )
            .await
            .unwrap();
    }
    let merged = done(
        store
            .rearrange(
                &tale.fence,
                rearranged(&merged, Rearrangement::Merge { gone: three.id }),
            )
            .await
            .unwrap(),
    );
    tale.alerted(&merged, &["soc", "desk"]).await;
    let mut threads: Vec<(String, Option<String>)> = tale
        .claim(&["soc", "desk"], minute(60))
        .await
        .into_iter()
        .map(|claim| (claim.delivery.channel.to_string(), claim.thread))
        .collect();
    threads.sort();
    let soc = claimed
        .iter()
        .zip(["A", "B", "C"])
        .find(|(claim, _)| claim.delivery.channel.as_str() == "soc")
        .unwrap()
        .1;
    assert_eq!(
        threads,
        [
            ("desk".to_owned(), Some("late-desk".to_owned())),
            ("soc".to_owned(), Some(soc.to_owned())),
        ]
    );
}

pub(crate) async fn what_was_taken_out_waits_and_does_not_come_back(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let first = item("feed", "1", "Acme bank breached", "one");
    let story = tale.opened(&first, |_| ()).await;
    let second = item(
        "feed",
        "2",
        "Ferry timetable changed",
        "the same long words",
    );
    let story = joins(&tale, &story, &second, None).await;
    let out = Rearrangement::TakeOut {
        items: vec![second.id],
    };
    done(
        store
            .rearrange(&tale.fence, rearranged(&story, out))
            .await
            .unwrap(),
    );
    let waiting = store.unplaced(10).await.unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(
        (waiting[0].item.id, waiting[0].occasion),
        (second.id, store::Occasion::History)
    );
    assert!(tale.found("ferry").await.is_empty());
    let told = store
        .incident(story.id)
        .await
        .unwrap()
        .unwrap()
        .developments;
    assert!(
        matches!(&told[0].what, Development::TakenOut { title, .. } if title == "Ferry timetable changed")
    );
    // Whatever it shares with that story.
    let mut understood = analysis(&second);
    understood.story_keys = analysis(&first).story_keys;
    assert_eq!(store.candidates(&second, &understood).await.unwrap(), []);
    // Placed elsewhere, its reprint does not go there either, nor does an edit.
    let elsewhere = incident(&second);
    tale.commit(placed(&second, Some(elsewhere.clone())))
        .await
        .unwrap();
    let reprint = published(
        item(
            "other",
            "9",
            "Ferry timetable changed",
            "the same long words",
        ),
        minute(3),
    );
    let mut understood = analysis(&reprint);
    understood.story_keys.cves = vec![cve("CVE-2026-1234")];
    let mut marked = store.incident(story.id).await.unwrap().unwrap().incident;
    marked.cves = vec![cve("CVE-2026-1234")];
    marked.severity = judgement(5.0);
    assert_eq!(marked.band(), Severity::Medium);
    let third = item("feed", "3", "Acme again", "");
    tale.record(&[&third]).await;
    tale.commit(placed(&third, Some(marked))).await.unwrap();
    let found = store.candidates(&reprint, &understood).await.unwrap();
    let found: Vec<_> = found.iter().map(|one| one.incident.id).collect();
    assert_eq!(found, [elsewhere.id]);
}

pub(crate) async fn two_that_are_kept_apart_are_told_so(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let about = |it: &mut Incident| it.cves = vec![cve("CVE-2026-1234")];
    let first = item("feed", "1", "Acme VPN exploited", "one");
    let story = tale.opened(&first, about).await;
    let second = item("feed", "2", "Bolt VPN exploited", "two");
    let story = joins(&tale, &story, &second, None).await;
    let mut opened = incident(&second);
    about(&mut opened);
    done(
        store
            .rearrange(&tale.fence, rearranged(&story, split(&opened, &[&second])))
            .await
            .unwrap(),
    );
    let news = item("third", "3", "VPN exploited", "three");
    let mut understood = analysis(&news);
    understood.story_keys.cves = vec![cve("CVE-2026-1234")];
    let found = store.candidates(&news, &understood).await.unwrap();
    assert_eq!(found.len(), 2);
    let acme = found
        .iter()
        .find(|one| one.incident.id == story.id)
        .unwrap();
    assert_eq!(acme.apart, [opened.id]);
}

pub(crate) async fn who_lost_the_lane_cannot_rearrange(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let (one, two) = (tale.story("One").await, tale.story("Two").await);
    let wrong = Fence {
        number: tale.fence.number + 1,
        ..tale.fence.clone()
    };
    let merge = rearranged(&one, Rearrangement::Merge { gone: two.id });
    assert!(matches!(
        store.rearrange(&wrong, merge).await,
        Err(StoreError::Fenced)
    ));
    assert_eq!(store.totals().await.unwrap().incidents, 2);
}

pub(crate) async fn like_ones_share_rare_words_and_cves(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    for n in 0..30 {
        let title = format!("Company{n} reports data breach after attack");
        let name = format!("many-{n}");
        tale.opened(&item("feed", &name, &title, "the usual"), |_| ())
            .await;
    }
    let own = tale
        .opened(
            &item(
                "feed",
                "own",
                "Zentrabank says what these files were: data breach after KolibriLocker attack in Pune",
                "",
            ),
            |it| it.cves = vec![cve("CVE-2026-7777")],
        )
        .await;
    let named = tale
        .story("KolibriLocker gang hits a dairy near Pune")
        .await;
    let by_cve = tale
        .opened(&item("other", "cve", "Patch your gateways", "now"), |it| {
            it.cves = vec![cve("CVE-2026-7777")]
        })
        .await;
    tale.story("Farmers say what these floods were").await;
    let found = store.similar(own.id, 10).await.unwrap().unwrap();
    let ids: Vec<_> = found.iter().map(|one| one.incident.id).collect();
    // The many share common words, the farmers words that tell nothing.
    assert_eq!(ids.len(), 2, "{found:#?}");
    assert!(ids.contains(&named.id) && ids.contains(&by_cve.id));
    let named = found
        .iter()
        .find(|one| one.incident.id == named.id)
        .unwrap();
    assert!(
        named.shared.contains(&"kolibrilocker".to_owned()),
        "{named:?}"
    );
    assert!(named.shared.contains(&"pune".to_owned()), "{named:?}");
    assert!(named.score > 0.1 && named.score <= 1.0);
    assert_eq!(store.similar(own.id, 1).await.unwrap().unwrap().len(), 1);
    let nobody = incident(&item("feed", "x", "", "")).id;
    assert!(store.similar(nobody, 10).await.unwrap().is_none());
}
