//! A running service follows what people change of its sources, from beside it too.

use std::process::{Command, Stdio};
use std::time::Duration;

use model::{Clock, SourceId};
use store::Change;
use testkit::site::{FakeSite, Reply};
use tokio::sync::mpsc;

use crate::world::World;

fn change() -> Change {
    Change {
        at: testkit::TestClock::at("2026-11-21T09:00:00Z").now(),
        by: "command".to_owned(),
    }
}

#[tokio::test]
async fn changes_made_beside_a_process_are_taken_up_and_the_rest_stays_open() {
    let world = World::start().await;
    let pipeline = &world.pipeline;
    let before = pipeline.sources();
    assert!(
        !pipeline.follow_sources().await.unwrap(),
        "nothing was changed"
    );
    // As another process would: in the store, past the pipeline.
    let feed =
        serde_json::json!({ "id": "mine", "kind": "feed", "url": "https://example.org/feed" });
    let id = |name: &str| SourceId::new(name).unwrap();
    pipeline
        .store
        .add_source(&id("mine"), feed, change())
        .await
        .unwrap();
    pipeline
        .store
        .switch_source(&id("feed-a"), false, change())
        .await
        .unwrap();
    assert!(pipeline.follow_sources().await.unwrap());
    let after = pipeline.sources();
    let open: Vec<&str> = after.open.iter().map(|it| it.entry.id.as_str()).collect();
    assert_eq!(open, ["feed-b", "kev", "nvd", "mine"]);
    // What did not change may be in the midst of a long load.
    let nvd = |sources: &app::pipeline::Sources| {
        sources
            .open
            .iter()
            .position(|it| it.entry.id.as_str() == "nvd")
            .unwrap()
    };
    assert!(std::sync::Arc::ptr_eq(
        &before.open[nvd(&before)],
        &after.open[nvd(&after)]
    ));
    pipeline.store.remove_source(&id("mine")).await.unwrap();
    pipeline
        .store
        .switch_source(&id("feed-a"), true, change())
        .await
        .unwrap();
    pipeline.follow_sources().await.unwrap();
    assert_eq!(pipeline.sources().open.len(), 4);
}

#[tokio::test]
async fn an_added_source_that_cannot_be_read_any_more_costs_only_itself() {
    let world = World::start().await;
    let pipeline = &world.pipeline;
    let entry = serde_json::json!({ "id": "odd", "kind": "a_kind_of_tomorrow" });
    let id = SourceId::new("odd").unwrap();
    pipeline
        .store
        .add_source(&id, entry, change())
        .await
        .unwrap();
    pipeline.follow_sources().await.unwrap();
    let sources = pipeline.sources();
    assert_eq!(sources.open.len(), 4);
    assert!(
        sources.mistakes[0]
            .to_string()
            .contains("a_kind_of_tomorrow"),
        "{:?}",
        sources.mistakes
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_service_reads_what_a_command_adds() {
    let site = FakeSite::start().await;
    let (asked, mut asking) = mpsc::unbounded_channel();
    site.serve_live("/feed.xml", move |_| {
        let _ = asked.send(());
        Reply::ok("<rss><channel><title>N</title></channel></rss>")
    });
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("prahari.toml"),
        "catalogue = false\n[server]\nlisten = \"127.0.0.1:0\"\n[net]\nallow = [\"127.0.0.1\"]\n",
    )
    .unwrap();
    let prahari = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_prahari"));
        command.args(arguments).current_dir(folder.path());
        command
            .env_clear()
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    };
    let mut service = prahari(&["run"]).spawn().unwrap();
    let feed = site.url("/feed.xml");
    let added = prahari(&[
        "sources",
        "add",
        &feed,
        "--kind",
        "feed",
        "--no-check",
        "--yes",
    ])
    .status()
    .unwrap();
    let read = tokio::time::timeout(Duration::from_secs(60), asking.recv()).await;
    service.kill().unwrap();
    service.wait().unwrap();
    assert!(added.success());
    assert!(matches!(read, Ok(Some(()))), "the service did not read it");
}
