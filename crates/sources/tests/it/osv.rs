//! OSV against a fake of its bucket, and recorded records.

use model::{Cursor, Timestamp};
use serde_json::{Value, json};
use sources::osv::{Config, Osv, parse};
use sources::{Source, SourceError};
use testkit::site::{Reply, Seen};

use crate::scene::{Scene, fixture, name, read_all, told};

fn open(scene: &Scene, ecosystems: &[&str]) -> Osv {
    let config = Config {
        url: scene.site.url(""),
        ecosystems: ecosystems.iter().map(|&name| name.to_owned()).collect(),
        ..Config::default()
    };
    Osv::new(name(), config, &scene.tools)
}

pub(crate) fn record(id: &str, cve: Option<&str>) -> Reply {
    Reply::json(&json!({
        "id": id,
        "modified": "2026-11-20T10:00:00Z",
        "aliases": cve.into_iter().collect::<Vec<_>>(),
        "summary": "A flaw",
        "affected": [{ "package": { "ecosystem": "npm", "name": "gate" } }],
    }))
}

pub(crate) const LIST: &str = "/npm/modified_id.csv";

#[tokio::test]
async fn changes_are_followed_by_the_list_of_each_ecosystem() {
    let scene = Scene::start().await;
    let list = "2026-11-21T08:00:00.5Z,GHSA-a\n2026-11-21T07:00:00Z,MAL-2026-1\n2026-11-20T07:00:00Z,OSV-b\nnonsense\n2026-11-01T00:00:00Z,GHSA-old\n";
    scene.site.serve(LIST, Reply::ok(list).etag("\"1\""));
    scene.site.serve(
        "/Rocky%20Linux/modified_id.csv",
        Reply::ok("2026-11-21T08:00:00Z,RLSA-2026:1\n"),
    );
    scene
        .site
        .serve("/npm/GHSA-a.json", record("GHSA-a", Some("CVE-2026-1001")));
    scene.site.serve("/npm/OSV-b.json", record("OSV-b", None));
    scene.site.serve(
        "/Rocky%20Linux/RLSA-2026:1.json",
        record("RLSA-2026:1", Some("CVE-2026-1002")),
    );
    let osv = open(&scene, &["npm", "Rocky Linux"]);
    let first = read_all(&osv, &Cursor::start()).await;
    assert_eq!(told(&first), ["CVE-2026-1001", "CVE-2026-1002", "OSV-b"]);
    assert!(
        first
            .iter()
            .all(|polled| polled.first_load && polled.checkpoint)
    );
    let places: Vec<&str> = first
        .iter()
        .flat_map(|polled| &polled.problems)
        .map(|problem| problem.place.as_str())
        .collect();
    assert_eq!(places, ["npm", "line 4", "Rocky Linux"]);
    assert_eq!(
        scene.site.requests()[0].header("range"),
        Some("bytes=0-262143")
    );

    let last = &first.last().unwrap().cursor;
    let idle = read_all(&osv, last).await;
    assert!(told(&idle).is_empty() && idle.iter().all(|polled| !polled.first_load));
    let list = format!("2026-11-21T09:00:00Z,GHSA-c\n{list}");
    scene.site.serve(LIST, Reply::ok(list).etag("\"2\""));
    scene.site.serve("/npm/GHSA-c.json", record("GHSA-c", None));
    let next = read_all(&osv, last).await;
    assert_eq!(told(&next), ["GHSA-c"]);
    let replay = read_all(&osv, last).await;
    assert_eq!(next[0].items[0].id, replay[0].items[0].id);
}

#[tokio::test]
async fn a_long_list_is_asked_for_in_its_beginning_first() {
    let scene = Scene::start().await;
    // 20,000 changes of one day, 700 kB: the first part does not reach back.
    let lines: String = (0..20_000)
        .map(|n| {
            format!(
                "2026-11-21T{:02}:{:02}:{:02}Z,GHSA-{n:08}-xxxx\n",
                8 - n / 3600,
                59 - n / 60 % 60,
                59 - n % 60
            )
        })
        .collect();
    let lines = lines + "2026-11-01T00:00:00Z,GHSA-old\n";
    let whole = lines.clone();
    scene.site.serve_live(LIST, move |seen: &Seen| {
        let end: usize = seen
            .header("range")
            .and_then(|range| range.rsplit('-').next()?.parse().ok())
            .unwrap();
        match whole.get(..=end) {
            Some(part) => Reply::ok(part).code(206),
            None => Reply::ok(&whole).code(206),
        }
    });
    let osv = open(&scene, &["npm"]);
    // None of the records is there: each costs only itself.
    let first = osv.poll(&Cursor::start()).await.unwrap();
    let asked: Vec<Option<String>> = scene
        .site
        .requests()
        .iter()
        .filter(|seen| seen.path == LIST)
        .map(|seen| seen.header("range").map(str::to_owned))
        .collect();
    assert_eq!(
        asked,
        [
            Some("bytes=0-262143".to_owned()),
            Some("bytes=0-2097151".to_owned())
        ]
    );
    assert_eq!(
        first
            .progress
            .map(|progress| (progress.done, progress.total)),
        Some((25, 20_000))
    );
    assert_eq!((first.problems.len(), first.more), (26, true));
}

#[tokio::test]
async fn other_documents_cost_only_themselves_unless_all_are() {
    let scene = Scene::start().await;
    scene.site.serve(
        "/npm/GHSA-2222-3333-4444.json",
        Reply::ok(fixture("osv/GHSA-2222-3333-4444.json")),
    );
    let osv = open(&scene, &["npm"]);
    let list = "2026-11-20T10:00:00Z,GHSA-2222-3333-4444\n";
    scene.site.serve(LIST, Reply::ok(list));
    assert_eq!(
        told(&read_all(&osv, &Cursor::start()).await),
        ["CVE-2026-5001"]
    );
    let list =
        "2026-11-20T10:00:00Z,GHSA-a\n2026-11-20T09:00:00Z,GHSA-b\n2026-11-20T08:00:00Z,../x\n";
    scene.site.serve(LIST, Reply::ok(list));
    // Records that are not what they should be cost only themselves …
    scene.site.serve("/npm/GHSA-a.json", Reply::ok("{}"));
    scene
        .site
        .serve("/npm/GHSA-b.json", record("GHSA-other", None));
    let polled = osv.poll(&Cursor::start()).await.unwrap();
    let places: Vec<&str> = polled
        .problems
        .iter()
        .map(|problem| problem.place.as_str())
        .collect();
    assert_eq!(places, ["npm", "x", "GHSA-b", "GHSA-a"]);
    // … and web pages in place of all of them are the bucket's fault.
    scene.site.serve("/npm/GHSA-a.json", Reply::ok("<html>"));
    scene.site.serve("/npm/GHSA-b.json", Reply::ok("<html>"));
    let error = osv.poll(&Cursor::start()).await.unwrap_err();
    assert!(matches!(error, SourceError::Nonsense(_)), "{error:?}");
    assert!(matches!(
        open(&scene, &[]).poll(&Cursor::start()).await,
        Err(SourceError::Unready(_))
    ));
}

#[test]
fn the_recorded_records_are_read() {
    let folder =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples/osv");
    let Ok(files) = std::fs::read_dir(&folder) else {
        println!("left out: {} is not there", folder.display());
        return;
    };
    let (mut read, mut of_cves, mut scored) = (0, 0, 0);
    for file in files {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|kind| kind != "json") {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let document: Value = serde_json::from_slice(&bytes).unwrap();
        let record = parse(&bytes, &name(), Timestamp::UNIX_EPOCH).unwrap();
        let invalid = path.to_string_lossy().contains("invalid-cvss");
        assert_eq!(
            record.problems.len(),
            usize::from(invalid),
            "{}: {:?}",
            path.display(),
            record.problems
        );
        for said in &record.statements {
            assert!(
                !said.affected.is_empty() && said.modified.is_some(),
                "{}",
                path.display()
            );
            scored += usize::from(!said.scores.is_empty());
        }
        let named = document["aliases"]
            .as_array()
            .is_some_and(|names| !names.is_empty());
        assert_eq!(record.statements.is_empty(), !named, "{}", path.display());
        assert_eq!(record.item.is_none(), named, "{}", path.display());
        of_cves += usize::from(named);
        read += 1;
    }
    assert_eq!((read, of_cves, scored), (16, 7, 6));
}
