//! Backups, copies, the doctor and forgetting, as an operator meets them.

use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use testkit::postgres::Database;

use crate::cli::{Folder, LINES};
use crate::world::{World, minutes};

const DAY: u64 = 86_400;

/// A folder with two incidents and a trained model.
fn filled() -> Folder {
    let folder = Folder::new();
    folder
        .write(
            "prahari.toml",
            "catalogue = false\n[log]\nlevel = \"warn\"\n",
        )
        .write("items.jsonl", LINES)
        .write("data/models/relevance-0011223344556677.bin", "a model")
        .write("data/models/being-written.part", "half a model");
    folder.json(&["ingest", "items.jsonl", "--json"]);
    folder
}

fn said(output: &std::process::Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Everything a script sees of incidents.
fn seen(folder: &Folder, database: &[&str]) -> Value {
    let with = |arguments: &[&str]| folder.json(&[arguments, database].concat());
    json!([
        with(&["incident", "list", "--json"]),
        with(&["search", "customers", "Mumbai", "--json"]),
        with(&["search", "अस्पताल", "--json"]),
    ])
}

fn path(folder: &Folder, name: &str) -> PathBuf {
    folder.0.path().join(name)
}

#[test]
fn a_backup_brings_everything_back() {
    let folder = filled();
    let before = seen(&folder, &[]);
    let made = folder.json(&["backup", "b.zip", "--json"]);
    assert_eq!(made["manifest"]["tables"]["incidents"], 2, "{made}");
    assert_eq!(made["manifest"]["store"], "sqlite");
    let files: Vec<&Value> = made["manifest"]["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| &file["path"])
        .collect();
    assert_eq!(
        files,
        ["prahari.db", "models/relevance-0011223344556677.bin"]
    );
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path(&folder, "b.zip"))
        .unwrap()
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);

    // It is not lost by accident, and neither is what it was made of.
    let again = folder.run(&["backup", "b.zip"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(said(&again).contains("--force"), "{}", said(&again));
    assert!(folder.run(&["backup", "b.zip", "--force"]).status.success());
    for precious in ["data/prahari.db", "items.jsonl"] {
        let before = std::fs::read(path(&folder, precious)).unwrap();
        let refused = folder.run(&["backup", "--force", precious]);
        assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
        assert_eq!(std::fs::read(path(&folder, precious)).unwrap(), before);
    }
    let refused = folder.run(&["restore", "b.zip"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused).contains("not empty"), "{}", said(&refused));
    assert_eq!(seen(&folder, &[]), before);
    let checked = folder.run(&["restore", "--check", "b.zip"]);
    assert!(said(&checked).contains("the backup is whole: 2 incidents of 2 items"));

    // Over what was written since, and where nothing is.
    folder.write("more.jsonl", "{\"title\":\"Ransomware halts Crux Hospital\",\"text\":\"Patients were turned away.\",\"url\":\"https://example.org/3\"}\n");
    folder.json(&["ingest", "more.jsonl", "--json"]);
    assert_ne!(seen(&folder, &[]), before);
    let restored = folder.run(&["restore", "--force", "b.zip"]);
    assert!(restored.status.success(), "{}", said(&restored));
    assert_eq!(seen(&folder, &[]), before);
    std::fs::remove_dir_all(path(&folder, "data")).unwrap();
    let restored = folder.run(&["restore", "b.zip"]);
    assert!(restored.status.success(), "{}", said(&restored));
    assert_eq!(seen(&folder, &[]), before);
    assert_eq!(
        std::fs::read(path(&folder, "data/models/relevance-0011223344556677.bin")).unwrap(),
        b"a model"
    );
    let left = |at: &Path| -> Vec<String> {
        let files = std::fs::read_dir(at).unwrap();
        let mut names: Vec<String> = files
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(left(&path(&folder, "data")), ["models", "prahari.db"]);
    assert_eq!(
        left(folder.0.path()),
        ["b.zip", "data", "items.jsonl", "more.jsonl", "prahari.toml"]
    );
}

/// The backup packed again with one byte of its database changed, and every checksum of
/// the zip right. A byte of the packed data would not do: where much is alike some of
/// them unpack to the same.
fn with_another_byte(backup: &[u8]) -> Vec<u8> {
    let mut from = zip::ZipArchive::new(Cursor::new(backup)).unwrap();
    let mut into = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..from.len() {
        let mut file = from.by_index(index).unwrap();
        let name = file.name().unwrap().into_owned();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        if name == "prahari.db" {
            *bytes.last_mut().unwrap() ^= 1;
        }
        let options = zip::write::SimpleFileOptions::default();
        into.start_file(name, options).unwrap();
        into.write_all(&bytes).unwrap();
    }
    into.finish().unwrap().into_inner()
}

/// The backup with another checksum of its database in the zip's directory.
fn with_another_checksum(backup: &[u8]) -> Vec<u8> {
    let mut bytes = backup.to_vec();
    let (header, name) = (b"PK\x01\x02", b"prahari.db");
    let is_entry =
        |at: &usize| bytes[*at..].starts_with(header) && bytes[at + 46..].starts_with(name);
    let at = (0..bytes.len() - 56).find(is_entry).unwrap();
    bytes[at + 16] ^= 1;
    bytes
}

#[test]
fn a_damaged_or_strange_backup_changes_nothing() {
    let folder = filled();
    folder.json(&["backup", "b.zip", "--json"]);
    let before = seen(&folder, &[]);
    let whole = std::fs::read(path(&folder, "b.zip")).unwrap();
    let refused = |bytes: &[u8], why: &str| {
        std::fs::write(path(&folder, "bad.zip"), bytes).unwrap();
        let output = folder.run(&["restore", "--force", "bad.zip"]);
        assert_eq!(output.status.code(), Some(1), "{why}: {}", said(&output));
        assert_eq!(seen(&folder, &[]), before, "{why}");
        said(&output)
    };
    let told = refused(&with_another_byte(&whole), "a byte was changed");
    assert!(told.contains("prahari.db is damaged"), "{told}");
    let told = refused(&with_another_checksum(&whole), "a checksum was changed");
    assert!(told.contains("prahari.db cannot be unpacked"), "{told}");
    let mut overwritten = whole.clone();
    overwritten[4..30].fill(0xff);
    refused(&overwritten, "the first file's header was overwritten");
    refused(&whole[..whole.len() * 2 / 3], "it was cut");
    refused(b"", "it is empty");
    refused(LINES.as_bytes(), "it is no zip");
    let missing = folder.run(&["restore", "--force", "missing.zip"]);
    assert_eq!(missing.status.code(), Some(1));
}

#[test]
fn a_backup_of_one_store_is_restored_into_the_other() {
    let folder = filled();
    let before = seen(&folder, &[]);
    let database = Database::empty();
    let url = database.url();
    let there = ["--database", url.as_str()];
    let on = |arguments: &[&str]| folder.run(&[arguments, &there].concat());
    folder.json(&["backup", "sqlite.zip", "--json"]);
    let restored = on(&["restore", "sqlite.zip"]);
    assert!(restored.status.success(), "{}", said(&restored));
    assert_eq!(seen(&folder, &there), before);
    assert_eq!(on(&["restore", "sqlite.zip"]).status.code(), Some(1));
    assert!(on(&["restore", "--force", "sqlite.zip"]).status.success());

    let made = on(&["backup", "postgres.zip", "--json"]);
    assert!(made.status.success(), "{}", said(&made));
    assert!(!said(&made).contains(url.split([':', '@']).nth(2).unwrap()));
    let made: Value = serde_json::from_slice(&made.stdout).unwrap();
    assert_eq!(made["manifest"]["store"], "postgresql");
    let restored = folder.run(&["restore", "--force", "postgres.zip"]);
    assert!(restored.status.success(), "{}", said(&restored));
    assert_eq!(seen(&folder, &[]), before);
}

#[test]
fn everything_is_copied_to_postgres_and_counted() {
    let folder = filled();
    let database = Database::empty();
    let url = database.url();
    let copied = folder.run(&["copy", "--from", "data/prahari.db", "--to", &url]);
    let text = said(&copied);
    assert!(copied.status.success(), "{text}");
    assert!(text.contains("           2  items\n"), "{text}");
    assert!(text.contains("the words of 2 items indexed"), "{text}");
    assert!(!text.contains(url.split([':', '@']).nth(2).unwrap()));
    assert_eq!(seen(&folder, &["--database", &url]), seen(&folder, &[]));
    let again = folder.run(&["copy", "--from", "data/prahari.db", "--to", &url]);
    assert_eq!(again.status.code(), Some(1));
    assert!(said(&again).contains("not empty"), "{}", said(&again));
    let back = folder.json(&["copy", "--from", &url, "--to", "sqlite:back.db", "--json"]);
    assert_eq!(back["tables"]["incidents"], 2);
    assert_eq!(
        seen(&folder, &["--database", "back.db"]),
        seen(&folder, &[])
    );
    let nothing = folder.run(&["copy", "--from", "missing.db", "--to", "new.db"]);
    assert_eq!(nothing.status.code(), Some(1));
    assert!(!path(&folder, "missing.db").exists() && !path(&folder, "new.db").exists());
}

/// What the doctor finds, but for the disk of the machine that runs the tests and the
/// autovacuum that its PostgreSQL does without.
fn findings(folder: &Folder, database: &[&str]) -> Vec<String> {
    let output = folder.run(&[&["doctor", "--json"], database].concat());
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let found = found["findings"].as_array().unwrap().iter();
    found
        .filter(|finding| finding["check"] != "disk" && finding["check"] != "space")
        .map(|finding| {
            assert!(!finding["advice"].as_str().unwrap().is_empty());
            format!(
                "{} {}",
                finding["level"].as_str().unwrap(),
                finding["check"].as_str().unwrap()
            )
        })
        .collect()
}

#[test]
fn the_doctor_advises_a_backup_only_where_something_may_be_damaged() {
    let folder = Folder::new();
    folder.write("prahari.toml", "catalogue = false\n");
    folder.write("garbled.db", &"no database at all ".repeat(100));
    let advised = |database: &str| {
        let output = folder.run(&["doctor", "--database", database]);
        assert_eq!(output.status.code(), Some(1));
        said(&output)
    };
    // For who runs the tests as root every right is there, so a folder stands for it.
    let denied = advised(".");
    assert!(
        denied.contains("needs the right to read and write"),
        "{denied}"
    );
    assert!(!denied.contains("prahari restore"), "{denied}");
    let garbled = advised("garbled.db");
    assert!(garbled.contains("prahari restore"), "{garbled}");
}

#[test]
fn the_doctor_says_what_to_do_and_repairs_what_follows() {
    let folder = filled();
    assert_eq!(findings(&folder, &[]), Vec::<String>::new());
    let database = Database::empty();
    let url = database.url();
    let there = ["--database", url.as_str()];
    let copied = folder.run(&["copy", "--from", "data/prahari.db", "--to", &url]);
    assert!(copied.status.success(), "{}", said(&copied));
    assert_eq!(findings(&folder, &there), Vec::<String>::new());

    database.sql("DELETE FROM item_words; UPDATE incidents SET kev = true");
    assert_eq!(
        findings(&folder, &there),
        ["broken text index", "broken facts"]
    );
    let doctor = |arguments: &[&str]| folder.run(&[&["doctor"], arguments, &there].concat());
    assert_eq!(doctor(&[]).status.code(), Some(1));
    let repaired = said(&doctor(&["--repair"]));
    assert!(
        repaired.contains("the words of 2 items, what queries ask of 2 incidents"),
        "{repaired}"
    );
    assert_eq!(findings(&folder, &there), Vec::<String>::new());
    assert_eq!(seen(&folder, &there), seen(&folder, &[]));

    database.sql("DELETE FROM incident_bodies WHERE incident = 1");
    assert_eq!(findings(&folder, &there), ["broken rows"]);
    database.sql(
        "INSERT INTO paused_channels (channel, since, reason) VALUES ('soc', 0, 'wrong token')",
    );
    let told = said(&doctor(&[]));
    assert!(
        told.contains("the channel soc is paused: wrong token"),
        "{told}"
    );

    folder.write("data/prahari.db", "this is no database");
    assert_eq!(findings(&folder, &[]), ["broken start"]);
    folder.write("prahari.toml", "catalouge = false\n");
    assert_eq!(findings(&folder, &[]), ["broken settings"]);
}

#[test]
fn old_things_are_forgotten_by_command() {
    let folder = filled();
    folder.write(
        "prahari.toml",
        "catalogue = false\n[retention]\nincident_days = 30\n",
    );
    let later = |arguments: &[&str]| -> Value {
        let output = folder
            .command(arguments)
            .env("PRAHARI_CLOCK_AHEAD", (40 * DAY).to_string())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", said(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    assert_eq!(folder.json(&["prune", "--json"])["incidents"], 0);
    let would = later(&["prune", "--dry-run", "--json"]);
    assert_eq!(
        (&would["incidents"], &would["items"]),
        (&json!(2), &json!(2))
    );
    let done = later(&["prune", "--json"]);
    assert_eq!((&done["incidents"], &done["items"]), (&json!(2), &json!(2)));
    assert_eq!(later(&["incident", "list", "--json"])["total"], 0);
    assert_eq!(later(&["search", "अस्पताल", "--json"])["total"], 0);
    // The file still lists what was forgotten.
    let again = later(&["ingest", "items.jsonl", "--json"]);
    assert_eq!(again["sources"][0]["new_items"], 0, "{again}");
    let wrong = "catalogue = false\n[retention]\nhour = 24\n";
    folder.write("prahari.toml", wrong);
    let output = folder.run(&["prune"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("hour: 24"), "{}", said(&output));
}

/// A feed may list a story for years.
async fn a_forgotten_story_is_not_told_again(mut world: World) {
    world
        .configure("[retention]\nincident_days = 30\ndelivery_days = 10\n[[rules]]\nid = \"severe\"\nmin_severity = \"high\"\nchannels = [\"slack\"]\n")
        .await;
    world.publish("feed-a", "Acme VPN exploited in attacks: CVE-2026-1234");
    world.pass(minutes(10)).await;
    assert_eq!(world.slack.posts().len(), 1);
    world.clock.advance(Duration::from_secs(20 * DAY));
    let done = world.pipeline.forget(&|_| ()).await.unwrap();
    assert_eq!((done.incidents, done.deliveries), (0, 1));
    world.clock.advance(Duration::from_secs(20 * DAY));
    let done = world.pipeline.forget(&|_| ()).await.unwrap();
    assert_eq!((done.incidents, done.items), (1, 1));
    assert_eq!(world.incidents().await, []);
    world.pass(minutes(30)).await;
    assert_eq!(world.incidents().await, []);
    assert_eq!(world.slack.posts().len(), 1);
    let now = world.clock_now();
    let found = world.pipeline.store.examine(now).await.unwrap();
    let broken: Vec<_> = found
        .iter()
        .filter(|finding| finding.level == store::upkeep::Level::Broken)
        .collect();
    assert!(broken.is_empty(), "{broken:?}");
    // What is new is told as ever.
    world.publish("feed-a", "Crux VPN exploited in attacks: CVE-2026-9999");
    world.pass(minutes(10)).await;
    assert_eq!(world.slack.posts().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forgotten_story_is_not_told_again_on_sqlite() {
    a_forgotten_story_is_not_told_again(World::start().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forgotten_story_is_not_told_again_on_postgres() {
    let database = Database::empty();
    a_forgotten_story_is_not_told_again(World::start_on(database.url()).await).await;
}
