//! What only SQLite can show: files that are not ours, locks, full disks.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use model::milestone::PassBy;
use model::{Milestone, Milestones};
use rusqlite::Connection;
use store::sqlite::{Options, Sqlite};
use store::{Intake, Lane, Library, Outbox, Settlement, Store, StoreError};
use tempfile::TempDir;

use crate::build::{Tale, collected, item, minute, notice, source};

/// Two stores on one new file.
pub(crate) async fn stores() -> (TempDir, Arc<dyn Store>, Arc<dyn Store>) {
    let folder = TempDir::new().unwrap();
    let one = store::open(file(&folder).into(), Arc::new(PassBy))
        .await
        .unwrap();
    let other = store::open(file(&folder).into(), Arc::new(PassBy))
        .await
        .unwrap();
    (folder, one, other)
}

fn file(folder: &TempDir) -> PathBuf {
    folder.path().join("data").join("prahari.db")
}

async fn open(folder: &TempDir) -> Result<Sqlite, StoreError> {
    let options = Options {
        busy_timeout: Duration::from_millis(20),
        ..Options::default()
    };
    Sqlite::open_with(file(folder), Arc::new(PassBy), options).await
}

#[track_caller]
fn refused(opened: Result<Sqlite, StoreError>, because: &str) {
    match opened {
        Err(StoreError::Broken(reason)) => assert!(reason.contains(because), "{reason}"),
        Err(other) => panic!("refused otherwise: {other}"),
        Ok(_) => panic!("not refused"),
    }
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let folder = TempDir::new().unwrap();
    drop(open(&folder).await.unwrap());
    Connection::open(file(&folder))
        .unwrap()
        .execute("INSERT INTO schema_version VALUES (99)", [])
        .unwrap();
    refused(
        open(&folder).await,
        "newer version of this program (schema 99",
    );
}

#[tokio::test]
async fn a_database_of_another_program_is_refused_and_left_as_it_is() {
    let folder = TempDir::new().unwrap();
    std::fs::create_dir_all(folder.path().join("data")).unwrap();
    Connection::open(file(&folder))
        .unwrap()
        .execute_batch("CREATE TABLE bookmarks (url TEXT)")
        .unwrap();
    let before = std::fs::read(file(&folder)).unwrap();
    refused(open(&folder).await, "another program");
    assert_eq!(std::fs::read(file(&folder)).unwrap(), before);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
    let folder = TempDir::new().unwrap();
    std::fs::create_dir_all(folder.path().join("data")).unwrap();
    let letter = "Dear reader, this is a letter and not a database. ".repeat(100);
    std::fs::write(file(&folder), &letter).unwrap();
    refused(open(&folder).await, "not a database");
    assert_eq!(std::fs::read_to_string(file(&folder)).unwrap(), letter);
}

#[tokio::test]
async fn a_folder_in_the_place_of_the_file_is_refused_and_not_called_damaged() {
    let folder = TempDir::new().unwrap();
    std::fs::create_dir_all(file(&folder)).unwrap();
    match open(&folder).await {
        Err(StoreError::Denied(reason)) => assert!(reason.contains("unable to open"), "{reason}"),
        other => panic!("{:?}", other.err()),
    }
}

#[tokio::test]
async fn what_was_written_is_there_after_opening_again() {
    let folder = TempDir::new().unwrap();
    let first = item("feed", "1", "Bank robbed by phone", "");
    {
        let tale = Tale::of(Arc::new(open(&folder).await.unwrap())).await;
        tale.opened(&first, |_| ()).await;
    }
    let tale = Tale::of(Arc::new(open(&folder).await.unwrap())).await;
    assert_eq!(tale.found("robbed bank").await, ["Bank robbed by phone"]);
    assert_eq!(tale.record(&[&first]).await.repeats, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_processes_may_open_a_new_file_at_once() {
    let folder = TempDir::new().unwrap();
    let opening: Vec<_> = (0..8)
        .map(|_| tokio::spawn(store::open(file(&folder).into(), Arc::new(PassBy))))
        .collect();
    for opened in opening {
        opened.await.unwrap().unwrap().probe().await.unwrap();
    }
}

#[tokio::test]
async fn a_locked_database_is_busy_and_then_works() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await.unwrap();
    let intruder = Connection::open(file(&folder)).unwrap();
    intruder.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let poll = || collected("feed", vec![item("feed", "1", "One", "")]);
    assert!(matches!(
        store.record(poll()).await,
        Err(StoreError::Busy(_))
    ));
    assert!(matches!(store.probe().await, Err(StoreError::Busy(_))));
    // Readers go on meanwhile.
    assert_eq!(store.unplaced_count().await.unwrap(), 0);
    intruder.execute_batch("ROLLBACK").unwrap();
    assert_eq!(store.record(poll()).await.unwrap().items, 1);
}

#[tokio::test]
async fn a_full_disk_loses_nothing_that_was_acknowledged() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await.unwrap();
    store.limit_pages(300).await.unwrap();
    let poll = |n: u32| {
        let text = format!("{n} ").repeat(20_000);
        collected("feed", vec![item("feed", &n.to_string(), "Long", &text)])
    };
    let mut acknowledged = 0;
    let refusal = loop {
        match store.record(poll(acknowledged)).await {
            Ok(_) => acknowledged += 1,
            Err(refusal) => break refusal,
        }
        assert!(acknowledged < 1_000, "the limit does not hold");
    };
    assert!(matches!(refusal, StoreError::Full), "{refusal}");
    assert!(acknowledged > 0);
    // It stays full, readers go on, and what fits is still written.
    assert!(matches!(
        store.record(poll(acknowledged)).await,
        Err(StoreError::Full)
    ));
    assert_eq!(
        store.unplaced_count().await.unwrap(),
        u64::from(acknowledged)
    );
    store.probe().await.unwrap();

    store.limit_pages(10_000).await.unwrap();
    assert_eq!(store.record(poll(acknowledged)).await.unwrap().items, 1);
    assert_eq!(
        store.unplaced(1_000).await.unwrap().len(),
        usize::try_from(acknowledged + 1).unwrap()
    );
    drop(store);
    let check: String = Connection::open(file(&folder))
        .unwrap()
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(check, "ok");
}

/// Keeps what was passed.
#[derive(Default)]
struct Passed(Mutex<Vec<Milestone>>);

impl Milestones for Passed {
    fn passed(&self, milestone: Milestone) {
        self.0.lock().unwrap().push(milestone);
    }
}

#[tokio::test]
async fn milestones_stand_where_their_names_say() {
    let folder = TempDir::new().unwrap();
    let passed = Arc::new(Passed::default());
    let tale = Tale::of(Arc::new(
        Sqlite::open(file(&folder), passed.clone()).await.unwrap(),
    ))
    .await;
    let story = tale.story("One").await;
    tale.alerted(&story, &["soc"]).await;
    let claimed = tale.claim(&["soc"], minute(3)).await;
    tale.store
        .settle(
            claimed[0].delivery.id,
            minute(3),
            Settlement::Sent(model::Receipt::default()),
        )
        .await
        .unwrap();
    // Nothing was claimed, so nothing was committed.
    assert!(tale.claim(&["soc"], minute(4)).await.is_empty());
    let passed: Vec<&str> = passed
        .0
        .lock()
        .unwrap()
        .iter()
        .map(|milestone| milestone.0)
        .collect();
    expect_test::expect![[r#"
        [
            "collect.items-written",
            "collect.committed",
            "place.incident-written",
            "place.committed",
            "collect.items-written",
            "collect.committed",
            "place.incident-written",
            "place.alerts-written",
            "place.deliveries-written",
            "place.committed",
            "deliver.claimed",
            "deliver.settled",
        ]
    "#]]
    .assert_debug_eq(&passed);
}

#[tokio::test]
async fn a_damaged_body_is_an_error_and_no_panic() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await.unwrap();
    store
        .record(collected("feed", vec![item("feed", "1", "One", "")]))
        .await
        .unwrap();
    Connection::open(file(&folder))
        .unwrap()
        .execute("UPDATE item_texts SET body = '{'", [])
        .unwrap();
    assert!(matches!(
        store.unplaced(10).await,
        Err(StoreError::Broken(_))
    ));
    assert_eq!(
        store.source_states().await.unwrap()[0].source,
        source("feed")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_stayed_behind_the_events_that_are_kept_is_told() {
    let folder = TempDir::new().unwrap();
    let store = Arc::new(open(&folder).await.unwrap());
    let last = 0;
    let notices = 21_100;
    store.enqueue(minute(2), notice("soc", "x")).await.unwrap();
    let id = store.deliveries(None, 1).await.unwrap()[0].id;
    let mut settling = Vec::new();
    for n in 0..notices {
        let store = store.clone();
        settling.push(tokio::spawn(async move {
            let again = Settlement::Again {
                due: minute(3),
                error: n.to_string(),
            };
            store.settle(id, minute(3), again).await.unwrap();
        }));
    }
    for settled in settling {
        settled.await.unwrap();
    }
    let page = store.events(last, 10).await.unwrap();
    assert!(page.gap);
    assert!(page.events[0].seq > last + 1);
    let newest = store.last_event().await.unwrap();
    assert_eq!(newest, last + notices);
    assert!(!store.events(newest - 20_000, 10).await.unwrap().gap);
    assert!(newest - page.events[0].seq < 21_000);
}
