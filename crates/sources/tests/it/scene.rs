//! A fake site, a clock, and a door that lets nothing out but to that site; and
//! what a pipeline does with a source: it asks until there is no more.

use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use model::{Cursor, SourceId};
use net::Door;
use serde_json::Value;
use sources::{Polled, Source, SourceError, Tools};
use testkit::TestClock;
use testkit::site::FakeSite;

pub(crate) struct Scene {
    pub(crate) site: FakeSite,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) tools: Tools,
}

impl Scene {
    pub(crate) async fn start() -> Self {
        let site = FakeSite::start().await;
        let clock = TestClock::at("2026-11-21T09:00:00Z");
        let host = site.url("");
        let config = net::Config {
            allow: vec![host.trim_start_matches("http://").to_owned()],
            ..net::Config::default()
        };
        let door = Door::new(config, clock.clone()).unwrap();
        let tools = Tools {
            door: Arc::new(door),
            clock: clock.clone(),
        };
        Self { site, clock, tools }
    }
}

/// The name of a source in tests.
pub(crate) fn name() -> SourceId {
    SourceId::new("social").unwrap()
}

/// Polls until there is no more.
pub(crate) async fn read_all(source: &dyn Source, since: &Cursor) -> Vec<Polled> {
    let mut polls: Vec<Polled> = Vec::new();
    for _ in 0..50 {
        let cursor = polls.last().map_or(since, |last| &last.cursor);
        polls.push(source.poll(cursor).await.unwrap());
        if polls.last().is_some_and(|last| !last.more) {
            return polls;
        }
    }
    panic!("it never ends");
}

/// What was told: of which CVEs, and then the names of items.
pub(crate) fn told(polls: &[Polled]) -> Vec<String> {
    let statements = polls.iter().flat_map(|polled| &polled.statements);
    let items = polls.iter().flat_map(|polled| &polled.items);
    statements
        .map(|said| said.cve.to_string())
        .chain(items.map(|item| item.external_id.clone()))
        .collect()
}

/// What an error says.
pub(crate) fn said(result: Result<Polled, SourceError>) -> String {
    result.unwrap_err().to_string()
}

/// A document of ours, shaped like a real one.
pub(crate) fn fixture(name: &str) -> String {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "fixtures", name]
        .iter()
        .collect();
    std::fs::read_to_string(path).unwrap()
}

/// The recordings lent to us for trying things: name, address asked, body; none
/// where they are not.
pub(crate) fn recordings(kind: &str) -> Vec<(String, String, Value)> {
    let folder: PathBuf = [
        env!("CARGO_MANIFEST_DIR"),
        "..",
        "..",
        "..",
        "shared",
        "samples",
        kind,
    ]
    .iter()
    .collect();
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("no sample recordings beside the repository: nothing was tried");
        return Vec::new();
    };
    let mut recordings = Vec::new();
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let mut bytes = std::fs::read(&path).unwrap();
        if bytes.starts_with(b"\x1F\x8B") {
            let mut whole = Vec::new();
            flate2::read::MultiGzDecoder::new(bytes.as_slice())
                .read_to_end(&mut whole)
                .unwrap();
            bytes = whole;
        }
        let Ok(Value::Array(exchanges)) = serde_json::from_slice(&bytes) else {
            continue;
        };
        for exchange in exchanges {
            let asked = exchange
                .pointer("/request/uri")
                .or(exchange.get("doc"))
                .and_then(Value::as_str);
            let body = exchange.pointer("/response/body").or(exchange.get("body"));
            recordings.push((
                name.clone(),
                asked.unwrap_or_default().to_owned(),
                body.cloned().unwrap_or_default(),
            ));
        }
    }
    recordings
}
