//! Copies and backups: everything goes along, whatever the back ends, and nothing is
//! lost where it may not be.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use model::milestone::PassBy;
use model::{Document, IncidentStatus};
use rusqlite::Connection;
use store::archive::Memo;
use store::copy::{Copied, Step, Watcher, copy};
use store::{
    Arrived, Change, Collected, IncidentOrder, Location, SavedSearch, Store, StoreError, backup,
};
use tempfile::TempDir;
use testkit::postgres::Database;

use crate::build::{
    Tale, collected, first_page, heard, item, minute, placed, said, scored, source, statement,
    titles, wanted,
};

fn quietly() -> Watcher {
    Arc::new(|_| ())
}

fn file(folder: &TempDir) -> PathBuf {
    folder.path().join("data").join("prahari.db")
}

fn at(database: &Database) -> Location {
    Location::Postgres(database.url().parse().unwrap())
}

async fn open(location: Location) -> Arc<dyn Store> {
    store::open(location, Arc::new(PassBy)).await.unwrap()
}

/// Some of everything that a store remembers.
async fn fill(store: &Arc<dyn Store>) {
    let tale = Tale::of(store.clone()).await;
    let by = Change {
        at: minute(5),
        by: "Asha".to_owned(),
    };
    for n in 0..120 {
        let story = tale.story(&format!("Bank {n} robbed रेलवे")).await;
        if n % 10 == 0 {
            tale.alerted(&story, &["soc", "mail"]).await;
            tale.set_status(story.id, IncidentStatus::Handled, minute(6))
                .await;
        }
    }
    let dull = item("feed", "dull", "Weather \0 report", "sun\0ny");
    tale.record(&[&dull]).await;
    tale.commit(placed(&dull, None)).await.unwrap();
    tale.record(&[&item("feed", "waits", "It waits", "")]).await;
    store
        .record(said(
            "nvd",
            (1..=50)
                .map(|n| {
                    let cve = format!("CVE-2026-{:04}", 1_000 + n);
                    heard(scored(statement("nvd", &cve, "A flaw."), 7.5), n % 7 == 0)
                })
                .collect(),
        ))
        .await
        .unwrap();
    store
        .record(Collected {
            arrived: Arrived {
                documents: vec![Document {
                    url: "https://feed.example/rss".to_owned(),
                    content_type: Some("application/rss+xml".to_owned()),
                    bytes: vec![0, 159, 146, 150, 0].into(),
                }],
                telling: true,
            },
            ..collected("feed", Vec::new())
        })
        .await
        .unwrap();
    store
        .add_source(
            &source("own"),
            serde_json::json!({"kind": "feed"}),
            by.clone(),
        )
        .await
        .unwrap();
    store
        .switch_source(&source("nvd"), false, by)
        .await
        .unwrap();
    store
        .save_search(SavedSearch {
            id: model::SearchId(uuid::Uuid::from_u128(7)),
            name: "banks".to_owned(),
            query: wanted_query("bank"),
            at: minute(7),
        })
        .await
        .unwrap();
    let memo = Memo {
        key: "how far".to_owned(),
        value: "so far".to_owned(),
    };
    store.keep_memo(&memo).await.unwrap();
    store.release(&tale.fence).await.unwrap();
}

fn wanted_query(text: &str) -> model::Query {
    model::query::parse(text).unwrap()
}

/// What a reader sees: the same questions, and their answers.
async fn answers(store: &Arc<dyn Store>) -> Vec<String> {
    let mut answers = Vec::new();
    for query in [
        "bank",
        "\"bank 7 robbed\"",
        "रेलवे",
        "rob*",
        "NOT robbed",
        "source:feed",
        "cve:CVE-2026-1007",
        "cvss>=7",
        "status:handled",
        "flaw",
        "severity>=medium",
        "weather",
    ] {
        for order in [IncidentOrder::Latest, IncidentOrder::Worst] {
            let page = store
                .incidents(&wanted(query), &first_page(order, 200))
                .await
                .unwrap();
            answers.push(format!("{query} {:?} {}", titles(&page), page.total));
        }
    }
    answers.push(format!("{:?}", store.totals().await.unwrap()));
    answers.push(format!("{:?}", store.kept().await.unwrap()));
    answers.push(format!("{:?}", store.source_settings().await.unwrap()));
    answers.push(format!("{:?}", store.source_states().await.unwrap()));
    answers.push(format!("{:?}", store.saved_searches().await.unwrap()));
    answers.push(format!("{:?}", store.deliveries(None, 100).await.unwrap()));
    answers.push(format!("{:?}", store.memo("how far").await.unwrap()));
    answers.push(format!(
        "{:?}",
        store.events(0, 1_000).await.unwrap().events.len()
    ));
    answers
}

/// Tables in which two files differ.
fn differences(one: &Path, other: &Path) -> Vec<String> {
    let connection = Connection::open(one).unwrap();
    connection
        .execute("ATTACH ?1 AS other", [other.to_str().unwrap()])
        .unwrap();
    let mut lookup = connection
        .prepare("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name <> 'sqlite_schema'")
        .unwrap();
    let tables: Vec<String> = lookup
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert!(tables.len() > 30, "{tables:?}");
    let differs = |table: &String| {
        let sql = format!(
            "SELECT (SELECT count(*) FROM (SELECT * FROM main.{table} EXCEPT SELECT * FROM other.{table}))
                  + (SELECT count(*) FROM (SELECT * FROM other.{table} EXCEPT SELECT * FROM main.{table}))"
        );
        let rows: i64 = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
        rows > 0
    };
    tables.into_iter().filter(|table| differs(table)).collect()
}

fn rows(copied: &Copied, table: &str) -> u64 {
    let found = copied.tables.iter().find(|(name, _)| name == table);
    found.unwrap_or_else(|| panic!("{table} was not copied")).1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_goes_to_postgres_and_back() {
    let (folder, here, _) = crate::sqlite::stores().await;
    fill(&here).await;
    let there = Database::empty();
    let steps: Arc<Mutex<Vec<Step>>> = Arc::default();
    let seen = Arc::clone(&steps);
    let watcher: Watcher = Arc::new(move |step: &Step| seen.lock().unwrap().push(step.clone()));
    // The source is in use, and stays so.
    let copied = copy(file(&folder).into(), at(&there), false, watcher)
        .await
        .unwrap();
    assert_eq!(rows(&copied, "items"), 120 + 12 + 2 + 7);
    assert_eq!(rows(&copied, "source_settings"), 2);
    assert_eq!(copied.indexed, 120 + 12);
    let steps = steps.lock().unwrap().clone();
    let last = steps.last().unwrap();
    assert_eq!(
        (last.what.as_str(), last.done, last.of),
        ("words", 132, 132)
    );

    let moved = open(at(&there)).await;
    assert_eq!(answers(&here).await, answers(&moved).await);
    let broken = moved.examine(minute(8)).await.unwrap();
    assert_eq!(
        broken
            .iter()
            .filter(|finding| finding.level == store::upkeep::Level::Broken)
            .collect::<Vec<_>>(),
        Vec::<&store::upkeep::Finding>::new()
    );

    // Back into a file: row for row what it was.
    let back = TempDir::new().unwrap();
    let again = copy(at(&there), file(&back).into(), false, quietly())
        .await
        .unwrap();
    assert_eq!(again, copied);
    // NUL is what PostgreSQL does not take.
    assert_eq!(
        differences(&file(&folder), &file(&back)),
        Vec::<String>::new()
    );
    let returned = open(file(&back).into()).await;
    assert_eq!(answers(&here).await, answers(&returned).await);

    // Numbers go on behind what was copied.
    let tale = Tale::of(moved.clone()).await;
    let story = tale.story("Written afterwards").await;
    tale.alerted(&story, &["soc"]).await;
    assert_eq!(tale.found("afterwards").await, ["Written afterwards"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_postgres_is_copied_into_another() {
    let (one, here, _) = crate::postgres::stores().await;
    fill(&here).await;
    let there = Database::empty();
    copy(at(&one), at(&there), false, quietly()).await.unwrap();
    let moved = open(at(&there)).await;
    assert_eq!(answers(&here).await, answers(&moved).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_holds_something_is_left_as_it_is() {
    let (folder, here, _) = crate::sqlite::stores().await;
    fill(&here).await;
    let (database, other, _) = crate::postgres::stores().await;
    Tale::of(other.clone()).await.story("Already here").await;
    let before = answers(&other).await;
    let refused = copy(file(&folder).into(), at(&database), false, quietly()).await;
    assert!(
        matches!(&refused, Err(StoreError::Invalid(why)) if why.contains("not empty")),
        "{refused:?}"
    );
    assert_eq!(answers(&other).await, before);

    let taken = TempDir::new().unwrap();
    let mine = open(file(&taken).into()).await;
    Tale::of(mine.clone()).await.story("Already here").await;
    let refused = copy(at(&database), file(&taken).into(), false, quietly()).await;
    assert!(
        matches!(&refused, Err(StoreError::Invalid(why)) if why.contains("not empty")),
        "{refused:?}"
    );
    // Nor may one be replaced while somebody uses it.
    let refused = copy(at(&database), file(&taken).into(), true, quietly()).await;
    assert!(
        matches!(&refused, Err(StoreError::Busy(why)) if why.contains("in use")),
        "{refused:?}"
    );
    drop(mine);
    copy(at(&database), file(&taken).into(), true, quietly())
        .await
        .unwrap();
    let replaced = open(file(&taken).into()).await;
    assert_eq!(answers(&other).await, answers(&replaced).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_fails_leaves_nothing() {
    let (folder, here, _) = crate::sqlite::stores().await;
    fill(&here).await;
    // A row that PostgreSQL cannot take, in the last table.
    Connection::open(file(&folder))
        .unwrap()
        .execute_batch(
            "PRAGMA foreign_keys = off;
             INSERT INTO vulnerability_weaknesses (cwe, vulnerability) VALUES (79, 999999)",
        )
        .unwrap();
    let there = Database::empty();
    let failed = copy(file(&folder).into(), at(&there), false, quietly()).await;
    assert!(failed.is_err(), "{failed:?}");
    assert_eq!(there.sql("SELECT count(*) FROM items"), "0");
    let back = TempDir::new().unwrap();
    let failed = copy(file(&folder).into(), file(&back).into(), false, quietly()).await;
    assert!(failed.is_err(), "{failed:?}");
    let left: Vec<_> = std::fs::read_dir(back.path().join("data"))
        .unwrap()
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_is_taken_while_others_write() {
    let (folder, here, other) = crate::sqlite::stores().await;
    fill(&here).await;
    let before = answers(&here).await;
    let into = folder.path().join("snapshot.db");
    let writing = async {
        let tale = Tale::of(other.clone()).await;
        for n in 0..20 {
            tale.story(&format!("Meanwhile {n}")).await;
        }
    };
    let from = file(&folder).into();
    let (snapshot, ()) = tokio::join!(backup::snapshot(&from, &into, quietly()), writing);
    let snapshot = snapshot.unwrap();
    assert_eq!(snapshot.schema, backup::SCHEMA);
    let items = snapshot.tables.iter().find(|(name, _)| name == "items");
    assert!(items.unwrap().1 >= 141, "{items:?}");
    assert!(!into.with_extension("db-wal").exists());
    // Restored where nothing is, it is whole.
    let back = TempDir::new().unwrap();
    let staged = backup::staging(&file(&back).into(), back.path());
    std::fs::create_dir_all(staged.parent().unwrap()).unwrap();
    std::fs::copy(&into, &staged).unwrap();
    backup::put_back(staged, &file(&back).into(), false, quietly())
        .await
        .unwrap();
    let returned = open(file(&back).into()).await;
    let after = answers(&returned).await;
    assert!(after.len() == before.len() && after[2] == before[2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_is_found_before_it_is_restored() {
    let (folder, here, _) = crate::sqlite::stores().await;
    fill(&here).await;
    let into = folder.path().join("snapshot.db");
    let from = file(&folder).into();
    backup::snapshot(&from, &into, quietly()).await.unwrap();
    let mut bytes = std::fs::read(&into).unwrap();
    let middle = bytes.len() / 2;
    for byte in &mut bytes[middle..middle + 20_000] {
        *byte = 0xa5;
    }
    std::fs::write(&into, bytes).unwrap();
    let found = backup::inspect(&into).await;
    assert!(found.is_err(), "{found:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_text_index_is_built_again() {
    for damage in [
        "UPDATE items_fts_data SET block = x'0badc0de' WHERE id > 100",
        "DELETE FROM items_fts_data WHERE id > 100",
        // Zeros in the form of a block; within one; the totals; what blocks there are.
        "UPDATE items_fts_data SET block = zeroblob(length(block)) WHERE id > 100",
        "UPDATE items_fts_data SET block = CAST(substr(block, 1, length(block) / 3)
             || zeroblob(40) || substr(block, length(block) / 3 + 41) AS BLOB)
         WHERE id = (SELECT max(id) FROM items_fts_data WHERE length(block) > 400)",
        "UPDATE items_fts_data SET block = zeroblob(length(block)) WHERE id = 1",
        "UPDATE items_fts_data SET block = zeroblob(length(block)) WHERE id = 10",
        "DROP TABLE items_fts_idx",
        "DROP TABLE items_fts_docsize",
        "DELETE FROM items_fts_config",
    ] {
        let (folder, store, _) = crate::sqlite::stores().await;
        fill(&store).await;
        let asked = wanted("bank");
        let whole = store
            .incidents(&asked, &first_page(IncidentOrder::Latest, 200))
            .await
            .unwrap();
        assert!(!whole.incidents.is_empty());
        drop(store);
        Connection::open(file(&folder))
            .unwrap()
            .execute_batch(damage)
            .unwrap();
        let store = open(file(&folder).into()).await;
        let found = store.examine(minute(8)).await.unwrap();
        assert!(
            found
                .iter()
                .any(|finding| finding.check == "text index" && finding.rebuild),
            "{damage}: {found:?}"
        );
        let mut next = Some(i64::MIN);
        while let Some(after) = next {
            next = store.rebuild(after).await.unwrap().next;
        }
        let found = store.examine(minute(8)).await.unwrap();
        assert!(
            found.iter().all(|finding| !finding.rebuild),
            "{damage}: {found:?}"
        );
        let again = store
            .incidents(&asked, &first_page(IncidentOrder::Latest, 200))
            .await
            .unwrap();
        let ids = |page: &store::IncidentPage| -> Vec<_> {
            page.incidents.iter().map(|incident| incident.id).collect()
        };
        assert_eq!(ids(&again), ids(&whole), "{damage}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_lost_of_index_and_facts_is_built_again() {
    let (folder, here, _) = crate::sqlite::stores().await;
    fill(&here).await;
    let (database, there, _) = crate::postgres::stores().await;
    fill(&there).await;
    Connection::open(file(&folder))
        .unwrap()
        .execute_batch(
            "DELETE FROM items_fts WHERE rowid % 2 = 0;
             UPDATE incidents SET items = 99 WHERE n = 3;
             DELETE FROM incident_keys WHERE incident = 5",
        )
        .unwrap();
    database.sql(
        "DELETE FROM item_words WHERE item % 2 = 0;
         UPDATE incidents SET items = 99 WHERE n = 3;
         DELETE FROM incident_keys WHERE incident = 5",
    );
    for store in [here, there] {
        let found = store.examine(minute(8)).await.unwrap();
        let checks: Vec<&str> = found
            .iter()
            .filter(|finding| finding.rebuild)
            .map(|finding| finding.check)
            .collect();
        assert_eq!(checks, ["text index", "facts"], "{found:?}");
        let (mut next, mut items, mut incidents) = (Some(i64::MIN), 0, 0);
        while let Some(after) = next {
            let step = store.rebuild(after).await.unwrap();
            (items, incidents) = (items + step.items, incidents + step.incidents);
            next = step.next;
        }
        assert!(items > 50, "{items}");
        assert_eq!(incidents, 2);
        let found = store.examine(minute(8)).await.unwrap();
        assert!(found.iter().all(|finding| !finding.rebuild), "{found:?}");
        let page = store
            .incidents(&wanted("bank"), &first_page(IncidentOrder::Latest, 200))
            .await
            .unwrap();
        assert_eq!(page.total, 120);
    }
}
