//! Documents as they arrived, and second readings.

use std::sync::Arc;

use model::{Document, IncidentStatus, RelevanceLabel};
use store::archive::{Again, Memo, Place, Retention, Revised, Wanted};
use store::{Arrived, Collected, Occasion, Store, StoreError};

use crate::build::{
    Tale, analysis, collected, cve, heard, item, minute, placed, scored, source, statement,
};

type Db = Arc<dyn Store>;

fn document(url: &str, bytes: &str) -> Document {
    Document {
        url: url.to_owned(),
        content_type: Some("application/xml".to_owned()),
        bytes: bytes.to_owned().into(),
    }
}

fn arrived(documents: &[Document]) -> Arrived {
    Arrived {
        documents: documents.to_vec(),
        telling: true,
    }
}

async fn keep(store: &Db, at: i64, documents: &[Document]) {
    store
        .keep(&source("feed"), minute(at), arrived(documents))
        .await
        .unwrap();
}

/// What is kept: `minute address`, oldest first.
async fn readings(store: &Db, wanted: &Wanted) -> Vec<String> {
    let found = store.readings(wanted, None, 100).await.unwrap();
    let minutes = |place: Place| (place.at.as_second() - minute(0).as_second()) / 60;
    found
        .iter()
        .map(|one| format!("{} {}", minutes(one.place), one.url))
        .collect()
}

fn all() -> Wanted {
    Wanted::default()
}

fn memo(value: &str) -> Memo {
    Memo {
        key: "work".to_owned(),
        value: value.to_owned(),
    }
}

pub(crate) async fn a_document_is_kept_once_though_read_twice(store: Db, other: Db) {
    let text = "<rss/>".repeat(1_000);
    let same = document("https://feed.example/a", &text);
    keep(&store, 1, std::slice::from_ref(&same)).await;
    keep(&other, 2, std::slice::from_ref(&same)).await;
    // The same bytes at another address, and other bytes at the same.
    keep(&store, 3, &[document("https://feed.example/b", &text)]).await;
    keep(&store, 4, &[document("https://feed.example/a", "<rss>")]).await;
    let kept = store.kept().await.unwrap();
    assert_eq!((kept.documents, kept.readings), (2, 3));
    assert_eq!(kept.bytes, 6_005);
    assert!(kept.packed < 200, "{kept:?}");
    assert_eq!(kept.oldest, Some(minute(2)));
    assert_eq!(
        readings(&store, &all()).await,
        [
            "2 https://feed.example/a",
            "3 https://feed.example/b",
            "4 https://feed.example/a"
        ]
    );
    let found = store.readings(&all(), None, 1).await.unwrap().remove(0);
    assert_eq!(found.size, 6_000);
    assert_eq!(store.document(&found).await.unwrap(), Some(same));
}

pub(crate) async fn a_poll_keeps_its_documents_with_what_they_brought(store: Db, _: Db) {
    let poll = |at: i64, items, problems, bytes: &str| Collected {
        at: minute(at),
        problems,
        arrived: Arrived {
            documents: vec![document("https://feed.example/a", bytes)],
            telling: false,
        },
        ..collected("feed", items)
    };
    let news = item("feed", "1", "News", "");
    let none = || (0, None);
    store
        .record(poll(1, vec![news.clone()], none(), "one"))
        .await
        .unwrap();
    // The same entries in other bytes, as a feed with a build date gives them.
    store
        .record(poll(2, vec![news.clone()], none(), "two"))
        .await
        .unwrap();
    assert_eq!(store.kept().await.unwrap().documents, 1);
    // An entry could not be read: another parser may.
    let trouble = (1, Some("entry 2: no title".to_owned()));
    store
        .record(poll(3, vec![news.clone()], trouble, "three"))
        .await
        .unwrap();
    assert_eq!(store.kept().await.unwrap().documents, 2);
    // After most of a day one is kept in any case.
    store
        .record(poll(24 * 60, vec![news], none(), "four"))
        .await
        .unwrap();
    assert_eq!(store.kept().await.unwrap().documents, 3);
}

pub(crate) async fn retention_forgets_the_oldest_first(store: Db, _: Db) {
    // Bytes that do not pack: a generator of its own for each document.
    let noise = |seed: u64| {
        let mut state = seed;
        let text: String = (0..1_000)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                char::from(b'a' + u8::try_from((state >> 59) % 26).unwrap())
            })
            .collect();
        text
    };
    for n in 0..10_u8 {
        let one = document(&format!("https://feed.example/{n}"), &noise(n.into()));
        keep(&store, i64::from(n), &[one]).await;
    }
    let whole = store.kept().await.unwrap().packed;
    let by_age = Retention {
        since: minute(3),
        packed: u64::MAX,
    };
    // In steps: two at a time.
    let step = store.sweep(&by_age, 2).await.unwrap();
    assert_eq!((step.readings, step.documents, step.more), (2, 2, true));
    let step = store.sweep(&by_age, 2).await.unwrap();
    assert_eq!((step.readings, step.documents, step.more), (1, 1, false));
    // Room for five of the ten, and not for six.
    let by_size = Retention {
        since: minute(0),
        packed: whole * 55 / 100,
    };
    while store.sweep(&by_size, 3).await.unwrap().more {}
    let kept = store.kept().await.unwrap();
    assert!(kept.packed <= by_size.packed, "{kept:?}");
    assert_eq!(kept.oldest, Some(minute(5)));
    assert_eq!(kept.documents, 5);
    let idle = store.sweep(&by_size, 3).await.unwrap();
    assert_eq!(idle, store::archive::Swept::default());
}

pub(crate) async fn readings_are_found_by_source_and_time(store: Db, _: Db) {
    keep(&store, 1, &[document("a", "one"), document("b", "two")]).await;
    keep(&store, 5, &[document("c", "three")]).await;
    let others = arrived(&[document("d", "four")]);
    store
        .keep(&source("other"), minute(7), others)
        .await
        .unwrap();
    let wanted = |since: Option<i64>, until: Option<i64>, of: Option<&str>| Wanted {
        source: of.map(source),
        since: since.map(minute),
        until: until.map(minute),
    };
    for (wanted, expected) in [
        (wanted(None, None, None), vec!["1 a", "1 b", "5 c", "7 d"]),
        (wanted(None, None, Some("feed")), vec!["1 a", "1 b", "5 c"]),
        (wanted(Some(5), None, None), vec!["5 c", "7 d"]),
        (wanted(None, Some(1), None), vec!["1 a", "1 b"]),
    ] {
        assert_eq!(readings(&store, &wanted).await, expected, "{wanted:?}");
    }
    // Page by page, none twice.
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = store.readings(&all(), after, 1).await.unwrap();
        let Some(one) = page.into_iter().next() else {
            break;
        };
        after = Some(one.place);
        seen.push(one.url);
    }
    assert_eq!(seen, ["a", "b", "c", "d"]);
}

pub(crate) async fn a_second_reading_finds_what_was_lost_and_undoes_nothing(store: Db, _: Db) {
    let known = item("feed", "1", "Known", "");
    let poll = |at: i64, base: f32| Collected {
        at: minute(at),
        occasion: Occasion::Fresh,
        heard: vec![heard(
            scored(statement("feed", "CVE-2026-1001", "A flaw."), base),
            false,
        )],
        ..collected("feed", vec![known.clone()])
    };
    store.record(poll(1, 5.0)).await.unwrap();
    store.record(poll(10, 9.0)).await.unwrap();
    let again = |at: i64, words: &str, base: f32| {
        let mut said = scored(statement("feed", "CVE-2026-1001", words), base);
        said.modified = None;
        Again {
            source: source("feed"),
            at: minute(at),
            items: vec![known.clone(), item("feed", "2", "Lost", "")],
            heard: vec![heard(said, false)],
            categories: Vec::new(),
        }
    };
    // The document of before: its entry was lost, and its score is no more true.
    let old = again(1, "A flaw.", 5.0);
    let unknown = store.unknown(&old).await.unwrap();
    assert_eq!(unknown.items, [item("feed", "2", "Lost", "").id]);
    assert_eq!(unknown.cves, []);
    let recorded = store.record_again(old, &memo("1")).await.unwrap();
    assert_eq!((recorded.items, recorded.repeats), (1, 1));
    assert_eq!(recorded.changed_vulnerabilities, 0);
    let score = async || {
        let detail = store.vulnerability(&cve("CVE-2026-1001")).await.unwrap();
        let detail = detail.unwrap();
        let changes = detail.changes.len();
        (detail.vulnerability.scores[0].base, changes)
    };
    let (base, changes) = score().await;
    assert!((base - 9.0).abs() < 0.01, "{base}");
    // The latest document, read by a better parser: taken, and no history.
    let latest = again(10, "A flaw.", 9.5);
    assert_eq!(
        store.unknown(&latest).await.unwrap().cves,
        [cve("CVE-2026-1001")]
    );
    store.record_again(latest, &memo("2")).await.unwrap();
    let (base, after) = score().await;
    assert!((base - 9.5).abs() < 0.01, "{base}");
    assert_eq!(after, changes, "our reading changed, not the world");
    assert_eq!(store.memo("work").await.unwrap().as_deref(), Some("2"));
    assert_eq!(store.memo("another").await.unwrap(), None);
    // What was found waits as history; the source's health knows nothing of it.
    let waiting = store.unplaced(10).await.unwrap();
    let lost = waiting.iter().find(|one| one.item.title == "Lost").unwrap();
    assert_eq!(lost.occasion, Occasion::History);
    let state = store.source_states().await.unwrap().remove(0);
    assert_eq!((state.items, state.last_success), (1, Some(minute(10))));
}

pub(crate) async fn a_second_reading_of_the_same_words_replaces_ours(store: Db, _: Db) {
    let read = |weakness: u32| {
        let mut said = statement("feed", "CVE-2026-1001", "A flaw.");
        said.reading = Some(model::Reading {
            weaknesses: vec![model::CweId(weakness)],
            ..model::Reading::default()
        });
        heard(said, false)
    };
    let known = async || {
        let known = store.vulnerability(&cve("CVE-2026-1001")).await.unwrap();
        known.unwrap().vulnerability.weaknesses
    };
    let poll = |at: i64, heard| Collected {
        at: minute(at),
        occasion: Occasion::Fresh,
        heard: vec![heard],
        ..collected("feed", Vec::new())
    };
    store.record(poll(1, read(79))).await.unwrap();
    // The source repeats itself: that is no news, whatever we make of it.
    store.record(poll(2, read(80))).await.unwrap();
    assert_eq!(known().await, [model::CweId(79)]);
    let again = || Again {
        source: source("feed"),
        at: minute(2),
        items: Vec::new(),
        heard: vec![read(89)],
        categories: Vec::new(),
    };
    let unknown = store.unknown(&again()).await.unwrap();
    assert_eq!(unknown.cves, [cve("CVE-2026-1001")]);
    let recorded = store.record_again(again(), &memo("1")).await.unwrap();
    assert_eq!(recorded.changed_vulnerabilities, 1);
    assert_eq!(known().await, [model::CweId(89)]);
    // Once more it changes nothing.
    assert_eq!(store.unknown(&again()).await.unwrap().cves, []);
    let recorded = store.record_again(again(), &memo("2")).await.unwrap();
    assert_eq!(recorded.changed_vulnerabilities, 0);
}

pub(crate) async fn a_revised_story_keeps_what_people_decided(store: Db, other: Db) {
    let tale = Tale::of(Arc::clone(&store)).await;
    let news = item("feed", "1", "Old words", "nothing more is known");
    let opened = tale.opened(&news, |_| ()).await;
    tale.opened(&item("other", "2", "Another story", ""), |_| ())
        .await;
    tale.set_status(opened.id, IncidentStatus::Watching, minute(3))
        .await;
    let by_feed = Wanted {
        source: Some(source("feed")),
        ..all()
    };
    let story = store.next_story(&by_feed, 0).await.unwrap().unwrap();
    assert_eq!(story.incident.id, opened.id);
    assert_eq!(story.items.len(), 1);
    assert!(store.next_story(&by_feed, story.n).await.unwrap().is_none());
    let mut now = analysis(&news);
    now.text = "Kolibri was attacked".to_owned();
    let mut after = story.incident.clone();
    after.status = IncidentStatus::New;
    after.exploited = true;
    let revised = Revised {
        at: minute(4),
        analyses: vec![(news.id, now.clone())],
        incident: Some(after),
        placed_anew: Vec::new(),
    };
    store
        .revise(&tale.fence, revised.clone(), &memo("story"))
        .await
        .unwrap();
    let detail = store.incident(opened.id).await.unwrap().unwrap();
    assert_eq!(detail.incident.status, IncidentStatus::Watching);
    assert_eq!(detail.incident.revision, story.incident.revision + 1);
    assert!(detail.incident.exploited);
    assert_eq!(detail.items[0].analysis, now);
    assert_eq!(tale.found("kolibri").await, ["Old words"]);
    assert_eq!(tale.found("exploited:true").await, ["Old words"]);
    assert_eq!(tale.found("nothing").await, Vec::<String>::new());
    // Done again it changes nothing.
    store
        .revise(&tale.fence, revised.clone(), &memo("story"))
        .await
        .unwrap();
    let again = store.incident(opened.id).await.unwrap().unwrap();
    assert_eq!(again.incident, detail.incident);
    // Who lost the lane writes nothing.
    other
        .acquire("lane", "another", minute(6_000), minute(7_000))
        .await
        .unwrap()
        .unwrap();
    let late = store.revise(&tale.fence, revised, &memo("late")).await;
    assert!(matches!(late, Err(StoreError::Fenced)), "{late:?}");
    assert_eq!(store.memo("work").await.unwrap().as_deref(), Some("story"));
}

pub(crate) async fn an_irrelevant_item_can_be_placed_anew(store: Db, _: Db) {
    let tale = Tale::of(Arc::clone(&store)).await;
    let (dull, dim) = (item("feed", "1", "Dull", ""), item("feed", "2", "Dim", ""));
    tale.record(&[&dull, &dim]).await;
    for one in [&dull, &dim] {
        let mut given = placed(one, None);
        given.analysis.relevance.label = RelevanceLabel::Irrelevant;
        tale.commit(given).await.unwrap();
    }
    let found = store.irrelevant(&all(), 0, 10).await.unwrap();
    let titles: Vec<&str> = found.iter().map(|one| one.item.title.as_str()).collect();
    assert_eq!(titles, ["Dull", "Dim"]);
    let rest = store.irrelevant(&all(), found[0].n, 10).await.unwrap();
    assert_eq!(rest.len(), 1);
    let revised = Revised {
        at: minute(5),
        analyses: vec![(dim.id, found[1].analysis.clone())],
        incident: None,
        placed_anew: vec![dull.id],
    };
    store
        .revise(&tale.fence, revised, &memo("1"))
        .await
        .unwrap();
    let waiting = store.unplaced(10).await.unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].item.id, dull.id);
    assert_eq!(waiting[0].occasion, Occasion::History);
}
