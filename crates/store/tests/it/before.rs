//! Databases from before full text was made anew (migration 0011), with data in them:
//! opening one brings it up to date, and what was found is found.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use model::milestone::PassBy;
use rusqlite::Connection;
use store::{IncidentOrder, Store};
use tempfile::TempDir;
use testkit::postgres::Database;

use crate::build::{analysis, first_page, incident, item, minute, published, titles, wanted};

/// How many migrations there were.
const BEFORE: usize = 10;

/// The first migrations of a back end, in order.
fn migrations(of: &str) -> Vec<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let entries = std::fs::read_dir(folder.join(of)).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.truncate(BEFORE);
    files
        .iter()
        .map(|file| std::fs::read_to_string(file).unwrap())
        .collect()
}

/// Three items that tell two stories, as rows. `bytes` writes an id. Words are left to
/// the back ends.
fn rows(bytes: fn(&[u8; 16]) -> String) -> String {
    let told = [
        ("Kolibri Bank breached", "records of customers", 1),
        ("Harbour closed by ransomware", "remote code was run", 2),
        ("Kolibri Bank says more", "the police investigate", 1),
    ];
    let mut sql = String::new();
    for (nth, (title, text, story)) in (1_i64..).zip(told) {
        let item = published(item("feed", title, title, text), minute(nth));
        let quoted = |json: String| format!("'{}'", json.replace('\'', "''"));
        let (id, at) = (bytes(item.id.as_bytes()), minute(nth).as_microsecond());
        let body = quoted(serde_json::to_string(&item).unwrap());
        let analysis = quoted(serde_json::to_string(&analysis(&item)).unwrap());
        writeln!(
            sql,
            "INSERT INTO items (id, source, external_id, effective, occasion, placed_at, incident)
             VALUES ({id}, 'feed', '{title}', {at}, 0, {at}, {story});
             INSERT INTO item_texts (item, body, analysis) VALUES ({nth}, {body}, {analysis});"
        )
        .unwrap();
        if nth == story {
            let incident = incident(&item);
            let id = bytes(incident.id.as_bytes());
            let body = quoted(serde_json::to_string(&incident).unwrap());
            writeln!(
                sql,
                "INSERT INTO incidents (id, revision, severity, score, status, exploited, last_seen)
                 VALUES ({id}, 1, 1, 50, 'new', false, {at});
                 INSERT INTO incident_bodies (incident, body) VALUES ({nth}, {body});"
            )
            .unwrap();
        }
    }
    sql
}

async fn finds_what_it_held(store: Arc<dyn Store>) {
    let (kolibri, harbour) = ("Kolibri Bank breached", "Harbour closed by ransomware");
    for (query, expected) in [
        ("kolibri", vec![kolibri]),
        ("ko*", vec![kolibri]),
        ("kol*", vec![kolibri]),
        ("koli*", vec![kolibri]),
        ("title:harbour", vec![harbour]),
        ("\"remote code\"", vec![harbour]),
        ("police", vec![kolibri]),
        ("-kolibri", vec![harbour]),
        ("feed", vec![harbour, kolibri]),
        ("severity:medium", vec![harbour, kolibri]),
        ("nowhere", vec![]),
    ] {
        let page = first_page(IncidentOrder::Latest, 50);
        let found = store.incidents(&wanted(query), &page).await.unwrap();
        assert_eq!(titles(&found), expected, "{query}");
        assert!(found.exact, "{query}");
    }
}

#[tokio::test]
async fn an_old_file_is_brought_up_to_date_and_searched() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("prahari.db");
    let old = Connection::open(&file).unwrap();
    old.pragma_update(None, "application_id", 0x5052_4852)
        .unwrap();
    old.execute_batch("CREATE TABLE schema_version (version INTEGER PRIMARY KEY) STRICT")
        .unwrap();
    for (migration, number) in migrations("sqlite").iter().zip(1_i64..) {
        old.execute_batch(migration).unwrap();
        old.execute("INSERT INTO schema_version VALUES (?1)", [number])
            .unwrap();
    }
    let hexadecimal = |id: &[u8; 16]| {
        let digits: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("x'{digits}'")
    };
    old.execute_batch(&rows(hexadecimal)).unwrap();
    // Words that no text holds: they must not outlive the old index.
    old.execute_batch(
        "INSERT INTO items_fts (rowid, title, text, names) VALUES (1, 'nowhere', 'kolibri', 'feed')",
    )
    .unwrap();
    drop(old);
    finds_what_it_held(store::open(file.into(), Arc::new(PassBy)).await.unwrap()).await;
}

#[tokio::test]
async fn an_old_database_is_brought_up_to_date_and_searched() {
    let database = Database::empty();
    database.sql("CREATE TABLE prahari_schema (version BIGINT PRIMARY KEY)");
    for (migration, number) in migrations("postgres").iter().zip(1..) {
        database.sql(migration);
        database.sql(&format!("INSERT INTO prahari_schema VALUES ({number})"));
    }
    let uuid = |id: &[u8; 16]| format!("'{}'", uuid::Uuid::from_bytes(*id));
    database.sql(&rows(uuid));
    database.sql(
        "INSERT INTO item_words (item, words) VALUES
             (1, '''kolibri'':1A ''bank'':2A ''breach'':3A ''feed'':5B ''record'':7 ''custom'':9'),
             (2, '''harbour'':1A ''feed'':6B ''remot'':8 ''code'':9'),
             (3, '''kolibri'':1A ''feed'':6B ''polic'':9')",
    );
    let location = store::Location::Postgres(database.url().parse().unwrap());
    finds_what_it_held(store::open(location, Arc::new(PassBy)).await.unwrap()).await;
}
