//! The CVE list against a fake of its repository, and the recorded records.

use std::time::Duration;

use model::{Cursor, Sayer, SsvcExploitation};
use net::NetError;
use serde_json::{Value, json};
use sources::cve_list::{Config, CveList, parse};
use sources::{Source, SourceError};
use testkit::site::{FakeSite, Reply};

use crate::scene::{Scene, name, read_all, told};

fn open(scene: &Scene) -> CveList {
    let config = Config {
        url: scene.site.url("/cves"),
        ..Config::default()
    };
    CveList::new(name(), config, &scene.tools)
}

pub(crate) fn delta(at: &str, new: &[&str], updated: &[&str]) -> Value {
    let entries = |cves: &[&str]| -> Vec<Value> {
        cves.iter()
            .map(|cve| json!({ "cveId": cve, "githubLink": "https://elsewhere.example/record.json", "dateUpdated": at }))
            .collect()
    };
    json!({ "fetchTime": at, "numberOfChanges": new.len() + updated.len(), "new": entries(new), "updated": entries(updated), "error": [] })
}

pub(crate) fn record(cve: &str, words: &str) -> Reply {
    Reply::json(&json!({
        "dataType": "CVE_RECORD",
        "cveMetadata": { "cveId": cve, "state": "PUBLISHED", "assignerShortName": "acme" },
        "containers": { "cna": { "providerMetadata": { "shortName": "acme" }, "descriptions": [{ "lang": "en", "value": words }] } }
    }))
}

/// Fills the fake list: deltas newest first, and a record for each CVE named.
pub(crate) fn publish(site: &FakeSite, deltas: &[Value]) {
    site.serve(
        "/cves/delta.json",
        Reply::json(&deltas[0]).etag(&format!("\"{}\"", deltas.len())),
    );
    site.serve(
        "/cves/deltaLog.json",
        Reply::json(&Value::Array(deltas.to_vec())),
    );
}

pub(crate) fn serve(site: &FakeSite, cve: &str, reply: Reply) {
    let thousand = &cve["CVE-2026-".len()..cve.len() - 3];
    site.serve(&format!("/cves/2026/{thousand}xxx/{cve}.json"), reply);
}

#[tokio::test]
async fn the_first_reading_takes_recent_changes_and_then_each_delta() {
    let scene = Scene::start().await;
    let old = delta("2026-11-10T09:00:00.000Z", &["CVE-2026-1000"], &[]);
    let first = delta(
        "2026-11-21T08:00:00.000Z",
        &["CVE-2026-1001"],
        &["CVE-2026-1002"],
    );
    publish(&scene.site, &[first.clone(), old.clone()]);
    for cve in [
        "CVE-2026-1000",
        "CVE-2026-1001",
        "CVE-2026-1002",
        "CVE-2026-12003",
    ] {
        serve(&scene.site, cve, record(cve, "A flaw."));
    }
    let list = open(&scene);
    let polls = read_all(&list, &Cursor::start()).await;
    assert_eq!(told(&polls), ["CVE-2026-1001", "CVE-2026-1002"]);
    assert!(polls[0].first_load && polls[0].checkpoint);
    let places: Vec<&str> = polls[0]
        .problems
        .iter()
        .map(|problem| problem.place.as_str())
        .collect();
    assert_eq!(places, ["first reading"]);

    // Nothing new: one conditional request.
    let asked = scene.site.requests().len();
    let idle = list.poll(&polls[0].cursor).await.unwrap();
    assert_eq!(
        (idle.statements.len(), idle.problems.len(), idle.first_load),
        (0, 0, false)
    );
    assert_eq!(scene.site.requests().len(), asked + 1);
    assert!(
        scene.site.requests()[asked]
            .header("if-none-match")
            .is_some()
    );

    // Two deltas at once; one record changed twice is fetched once.
    let second = delta(
        "2026-11-21T09:10:00.000Z",
        &["CVE-2026-12003"],
        &["CVE-2026-1001"],
    );
    let third = delta("2026-11-21T09:20:00.000Z", &[], &["CVE-2026-1001"]);
    publish(&scene.site, &[third, second, first, old]);
    let next = read_all(&list, &idle.cursor).await;
    assert_eq!(told(&next), ["CVE-2026-12003", "CVE-2026-1001"]);
    assert!(!next[0].first_load && next[0].problems.is_empty());
    // A replay gives the same statements.
    let replay = read_all(&list, &idle.cursor).await;
    assert_eq!(next[0].statements, replay[0].statements);
}

#[tokio::test]
async fn a_long_list_is_read_in_parts_and_goes_on_after_a_failure() {
    let scene = Scene::start().await;
    let names: Vec<String> = (0..60).map(|n| format!("CVE-2026-{}", 2000 + n)).collect();
    let cves_of: Vec<&str> = names.iter().map(String::as_str).collect();
    publish(
        &scene.site,
        &[delta("2026-11-21T08:00:00.000Z", &cves_of, &[])],
    );
    for cve in &cves_of {
        serve(&scene.site, cve, record(cve, "A flaw."));
    }
    serve(
        &scene.site,
        "CVE-2026-2030",
        Reply::status(429).header("retry-after", "60"),
    );
    serve(&scene.site, "CVE-2026-2003", Reply::status(404));
    serve(
        &scene.site,
        "CVE-2026-2004",
        Reply::ok("<html>sorry</html>"),
    );
    serve(
        &scene.site,
        "CVE-2026-2005",
        record("CVE-2026-9999", "Another one's."),
    );
    let list = open(&scene);

    let first = list.poll(&Cursor::start()).await.unwrap();
    assert_eq!((first.statements.len(), first.more), (22, true));
    assert_eq!(
        first
            .progress
            .map(|progress| (progress.done, progress.total)),
        Some((25, 60))
    );
    let places: Vec<&str> = first
        .problems
        .iter()
        .map(|problem| problem.place.as_str())
        .collect();
    assert_eq!(
        places,
        [
            "first reading",
            "CVE-2026-2003",
            "document",
            "CVE-2026-2004",
            "CVE-2026-2005"
        ]
    );
    // What was read before the host asked to wait counts …
    let second = list.poll(&first.cursor).await.unwrap();
    assert_eq!((second.statements.len(), second.more), (5, true));
    // … and then it is let alone.
    let error = list.poll(&second.cursor).await.unwrap_err();
    assert!(
        matches!(error, SourceError::Unreached(NetError::Wait { .. })),
        "{error:?}"
    );
    serve(
        &scene.site,
        "CVE-2026-2030",
        record("CVE-2026-2030", "A flaw."),
    );
    scene.clock.advance(Duration::from_secs(61));
    let rest = read_all(&list, &second.cursor).await;
    assert_eq!(told(&rest).len(), 30);
    assert_eq!(told(&rest)[0], "CVE-2026-2030");
    assert!(rest.iter().all(|polled| polled.first_load));
}

#[tokio::test]
async fn a_list_that_is_none_changes_nothing() {
    let scene = Scene::start().await;
    let good = delta("2026-11-21T08:00:00.000Z", &["CVE-2026-1001"], &[]);
    publish(&scene.site, std::slice::from_ref(&good));
    serve(
        &scene.site,
        "CVE-2026-1001",
        record("CVE-2026-1001", "A flaw."),
    );
    let list = open(&scene);
    for nonsense in [json!([]), json!({"message": "moved"}), json!("log")] {
        scene
            .site
            .serve("/cves/deltaLog.json", Reply::json(&nonsense));
        let error = list.poll(&Cursor::start()).await.unwrap_err();
        assert!(matches!(error, SourceError::Nonsense(_)), "{error:?}");
    }
    // Web pages in place of every record: the site is broken, not the records.
    let both = delta(
        "2026-11-21T08:00:00.000Z",
        &["CVE-2026-1001", "CVE-2026-1002"],
        &[],
    );
    publish(&scene.site, &[both]);
    serve(&scene.site, "CVE-2026-1001", Reply::ok("<html>"));
    serve(&scene.site, "CVE-2026-1002", Reply::ok("<html>"));
    let error = list.poll(&Cursor::start()).await.unwrap_err();
    assert!(matches!(error, SourceError::Nonsense(_)), "{error:?}");
}

#[tokio::test]
async fn a_gap_that_the_log_does_not_cover_is_told() {
    let scene = Scene::start().await;
    publish(
        &scene.site,
        &[delta("2026-11-21T08:00:00.000Z", &["CVE-2026-1001"], &[])],
    );
    serve(
        &scene.site,
        "CVE-2026-1001",
        record("CVE-2026-1001", "A flaw."),
    );
    let list = open(&scene);
    let first = list.poll(&Cursor::start()).await.unwrap();
    publish(
        &scene.site,
        &[
            delta("2027-03-01T08:00:00.000Z", &["CVE-2026-1001"], &[]),
            delta("2027-02-01T08:00:00.000Z", &[], &[]),
        ],
    );
    let late = list.poll(&first.cursor).await.unwrap();
    assert_eq!(late.problems.len(), 1);
    assert!(
        late.problems[0].reason.contains("are lost"),
        "{:?}",
        late.problems
    );
}

#[test]
fn the_recorded_records_are_read() {
    let folder =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples/cve5");
    let mut read = 0;
    for n in 1..=3 {
        let Ok(bytes) = std::fs::read(folder.join(format!("vulnrichment-data{n}.json"))) else {
            println!("left out: {} is not there", folder.display());
            return;
        };
        let parsed = parse(&bytes, &name());
        assert!(parsed.problems.is_empty(), "{:?}", parsed.problems);
        let said = &parsed.entries[0];
        assert!(
            said.description.is_some() && !said.affected.is_empty() && !said.references.is_empty()
        );
        assert!(
            said.published.is_some() && said.modified.is_some(),
            "{}",
            said.cve
        );
        assert!(
            said.scores
                .iter()
                .any(|score| matches!(score.sayer, Sayer::Cna(_))),
            "{}",
            said.cve
        );
        let ssvc = said.ssvc.as_ref().unwrap();
        assert_eq!(
            (ssvc.exploitation, &ssvc.by),
            (SsvcExploitation::None, &Sayer::CisaAdp)
        );
        assert!(ssvc.decision.is_some() && ssvc.at.is_some());
        read += 1;
    }
    assert_eq!(read, 3);
}
