//! The whole system on PostgreSQL: what people see is what they see on SQLite.

use std::process::{Command, Output};

use testkit::postgres::Database;

use crate::world::{World, minutes};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_story_told_twice_alerts_once() {
    let database = Database::empty();
    let mut world = World::start_on(database.url()).await;
    world
        .configure("[[rules]]\nid = \"severe\"\nmin_severity = \"high\"\nchannels = [\"slack\"]\n")
        .await;
    world.publish("feed-a", "Acme VPN exploited in attacks: CVE-2026-1234");
    world.publish(
        "feed-b",
        "Exploited Acme VPN flaw CVE-2026-1234 hits users in attacks",
    );
    world.pass(minutes(10)).await;
    let incidents = world.incidents().await;
    assert_eq!(incidents.len(), 1, "{incidents:?}");
    assert_eq!(incidents[0].items, 2);
    assert_eq!(world.slack.posts().len(), 1);
    // After a restart nothing is told again.
    world.restart().await;
    world.pass(minutes(10)).await;
    assert_eq!(world.slack.posts().len(), 1);
}

/// Runs a command with `DATABASE_URL` in an empty folder.
fn prahari(folder: &tempfile::TempDir, url: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_prahari"))
        .args(arguments)
        .current_dir(folder.path())
        .env("DATABASE_URL", url)
        .output()
        .unwrap()
}

#[test]
fn every_command_works_and_none_shows_the_password() {
    let database = Database::empty();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("prahari.toml"),
        "catalogue = false\n[log]\nlevel = \"debug\"\n",
    )
    .unwrap();
    let jsonl = folder.path().join("items.jsonl");
    std::fs::write(
        &jsonl,
        "{\"title\":\"Ransomware halts Crux Hospital\",\"text\":\"Patients were turned away.\",\"url\":\"https://news.example.org/crux\"}\n",
    )
    .unwrap();
    let url = database.url();
    let password = url.split([':', '@']).nth(2).unwrap().to_owned();
    let run = |arguments: &[&str]| {
        let output = prahari(&folder, &url, arguments);
        let (out, err) = (
            String::from_utf8_lossy(&output.stdout).into_owned(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        );
        assert!(
            !out.contains(&password) && !err.contains(&password),
            "{arguments:?}"
        );
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {out}{err}");
        out
    };
    assert!(run(&["init-db"]).starts_with("postgres://prahari@127.0.0.1:"));
    assert!(
        run(&["check"]).contains("the database is PostgreSQL at postgres://prahari@127.0.0.1:")
    );
    run(&["import", "jsonl", jsonl.to_str().unwrap()]);
    run(&["ingest"]);
    assert!(run(&["search", "hospital"]).contains("Crux Hospital"));
    assert!(run(&["incident", "list"]).contains("Crux Hospital"));
    run(&["sources", "list"]);
    run(&["notify", "dead"]);
    run(&["reprocess", "--dry-run"]);
    // Nothing was made beside it.
    assert!(!folder.path().join("data/prahari.db").exists());
}

#[test]
fn a_database_that_is_not_there_is_told_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let url = "postgres://soc:s3cret@127.0.0.1:1/prahari";
    let output = prahari(&folder, url, &["init-db"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.contains("postgres://soc@127.0.0.1:1/prahari"),
        "{said}"
    );
    assert!(!said.contains("s3cret"), "{said}");
}
