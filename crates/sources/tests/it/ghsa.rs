//! GitHub's advisories against a fake of the interface, and recorded ones.

use model::{Cursor, Sayer, Secret, Timestamp};
use serde_json::{Value, json};
use sources::ghsa::{Advisory, Config, Ghsa, Kind, parse};
use sources::{Source, SourceError};
use testkit::site::{Reply, Seen};

use crate::scene::{Scene, fixture, name, read_all, said, told};

pub(crate) const PATH: &str = "/advisories";

fn open(scene: &Scene, types: &[Kind]) -> Ghsa {
    let config = Config {
        url: scene.site.url(PATH),
        types: types.to_vec(),
        ..Config::default()
    };
    Ghsa::new(name(), config, &scene.tools)
}

pub(crate) fn advisory(n: usize, cve: bool, updated: &str) -> Value {
    json!({
        "ghsa_id": format!("GHSA-0000-0000-{n:04}"),
        "cve_id": cve.then(|| format!("CVE-2026-{}", 1000 + n)),
        "summary": format!("Flaw {n}"),
        "description": "A flaw.",
        "severity": "high",
        "updated_at": updated,
        "published_at": "2026-11-20T00:00:00Z",
    })
}

/// Answers with the advisories of the type asked for, two a page.
fn serve(scene: &Scene, kind: &'static str, all: Vec<Value>) {
    let base = scene.site.url(PATH);
    scene.site.serve_live(PATH, move |seen: &Seen| {
        let since = seen
            .param("modified")
            .unwrap_or_default()
            .trim_start_matches(">=")
            .to_owned();
        let asked = seen.param("type").unwrap_or_default();
        let known: Vec<Value> = all
            .iter()
            .filter(|each| {
                asked == kind && each["updated_at"].as_str().unwrap_or_default() >= since.as_str()
            })
            .cloned()
            .collect();
        let start: usize = match seen.param("after") {
            None => 0,
            Some(after) => match after.strip_prefix("page=").and_then(|at| at.parse().ok()) {
                Some(at) => at,
                None => return Reply::status(422).body("{\"message\":\"Invalid cursor\"}"),
            },
        };
        let page: Vec<Value> = known.iter().skip(start).take(2).cloned().collect();
        let reply = Reply::json(&Value::Array(page));
        if known.len() > start + 2 {
            let link = format!(
                "<{base}?per_page=100&after=page%3D{}>; rel=\"next\"",
                start + 2
            );
            return reply.header("link", &link);
        }
        reply
    });
}

#[tokio::test]
async fn pages_are_turned_and_the_next_reading_begins_where_this_one_ended() {
    let scene = Scene::start().await;
    let mut all: Vec<Value> = (0..5)
        .map(|n| advisory(n, n != 3, &format!("2026-11-20T10:0{n}:00Z")))
        .collect();
    all.push(advisory(9, true, "2026-01-01T00:00:00Z"));
    serve(&scene, "reviewed", all.clone());
    let ghsa = open(&scene, &[Kind::Reviewed]);
    let polls = read_all(&ghsa, &Cursor::start()).await;
    assert_eq!(
        told(&polls),
        [
            "CVE-2026-1000",
            "CVE-2026-1001",
            "CVE-2026-1002",
            "CVE-2026-1004",
            "GHSA-0000-0000-0003"
        ]
    );
    assert!(
        polls
            .iter()
            .all(|polled| polled.first_load && polled.checkpoint)
    );
    assert_eq!(polls[0].problems.len(), 1);
    let last = polls.last().unwrap();
    assert!(last.problems.is_empty());

    // From the newest on inclusively: the same again, and what is new.
    let again = read_all(&ghsa, &last.cursor).await;
    assert_eq!(told(&again), ["CVE-2026-1004"]);
    assert_eq!(again[0].statements[0], polls[2].statements[0]);
    assert!(!again[0].first_load);
    all.push(advisory(7, false, "2026-11-21T08:00:00Z"));
    serve(&scene, "reviewed", all);
    let next = read_all(&ghsa, &last.cursor).await;
    assert_eq!(told(&next), ["CVE-2026-1004", "GHSA-0000-0000-0007"]);
    let replay = read_all(&ghsa, &last.cursor).await;
    assert_eq!(next[0].items[0].id, replay[0].items[0].id);
}

#[tokio::test]
async fn each_type_is_read_by_itself_and_the_token_is_sent() {
    let scene = Scene::start().await;
    serve(
        &scene,
        "malware",
        vec![advisory(1, false, "2026-11-20T10:00:00Z")],
    );
    let config = Config {
        url: scene.site.url(PATH),
        token: Some(Secret::new("ghp_secret".to_owned())),
        types: vec![Kind::Reviewed, Kind::Malware],
        ..Config::default()
    };
    let ghsa = Ghsa::new(name(), config, &scene.tools);
    let polls = read_all(&ghsa, &Cursor::start()).await;
    assert_eq!(
        (polls.len(), told(&polls)),
        (2, vec!["GHSA-0000-0000-0001".to_owned()])
    );
    assert_eq!(polls[1].items[0].stated.types.len(), 2);
    for seen in scene.site.requests() {
        assert_eq!(seen.header("authorization"), Some("Bearer ghp_secret"));
        assert_eq!(seen.header("accept"), Some("application/vnd.github+json"));
    }
    scene.site.serve(
        PATH,
        Reply::status(401).body("{\"message\":\"Bad credentials\"}"),
    );
    assert_eq!(
        said(ghsa.poll(&Cursor::start()).await),
        "GitHub refuses the token; make a new one: Bad credentials"
    );
    let nothing = open(&scene, &[]);
    assert!(matches!(
        nothing.poll(&Cursor::start()).await,
        Err(SourceError::Unready(_))
    ));
}

#[tokio::test]
async fn a_page_cursor_that_no_longer_holds_is_forgotten() {
    let scene = Scene::start().await;
    let all: Vec<Value> = (0..5)
        .map(|n| advisory(n, true, &format!("2026-11-20T10:0{n}:00Z")))
        .collect();
    serve(&scene, "reviewed", all);
    let ghsa = open(&scene, &[Kind::Reviewed]);
    let first = ghsa.poll(&Cursor::start()).await.unwrap();
    assert!(first.more);
    let mut note: Value = serde_json::to_value(&first.cursor).unwrap();
    note["after"] = json!("stale");
    let stale: Cursor = serde_json::from_value(note).unwrap();
    assert_eq!(told(&read_all(&ghsa, &stale).await).len(), 5);
}

#[tokio::test]
async fn haste_is_told_from_refusal() {
    let scene = Scene::start().await;
    let ghsa = open(&scene, &[Kind::Reviewed]);
    scene.site.serve(
        PATH,
        Reply::status(403).body("{\"message\":\"API rate limit exceeded for 192.0.2.1.\"}"),
    );
    let error = ghsa.poll(&Cursor::start()).await.unwrap_err();
    assert!(
        matches!(error, SourceError::Unreached(net::NetError::Wait { .. })),
        "{error:?}"
    );
    scene.site.serve(PATH, Reply::ok(fixture("ghsa/page.json")));
    let polled = ghsa.poll(&Cursor::start()).await.unwrap();
    assert_eq!((polled.statements.len(), polled.items.len()), (2, 2));
}

#[test]
fn the_recorded_advisories_are_read() {
    let folder =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples/ghsa");
    for n in ["02", "03", "04"] {
        let Ok(bytes) = std::fs::read(folder.join(format!("dt-advisory-{n}.json"))) else {
            println!("left out: {} is not there", folder.display());
            return;
        };
        let read = parse(&bytes, &name(), false, Timestamp::UNIX_EPOCH).unwrap();
        assert!(
            read.problems.is_empty() && read.newest.is_some(),
            "{n}: {:?}",
            read.problems
        );
        match &read.advisories[0] {
            Advisory::OfCve(said) => {
                assert!(
                    !said.affected.is_empty() && !said.references.is_empty(),
                    "{n}"
                );
                assert!(!said.aliases.is_empty() && !said.scores.is_empty(), "{n}");
                assert!(
                    said.scores.iter().all(|score| score.sayer == Sayer::Github),
                    "{n}"
                );
                let any = model::VersionRange::default();
                assert!(
                    said.affected.iter().all(|product| product.versions != any),
                    "{n}"
                );
            }
            Advisory::Alone(item) => {
                assert!(n != "02", "it has a CVE");
                assert!(
                    !item.title.is_empty()
                        && !item.text.is_empty()
                        && item.stated.severity.is_some()
                );
            }
        }
    }
    // Lists of ranges without their advisories are no advisories.
    let bytes = std::fs::read(folder.join("graphql-pypi.json")).unwrap();
    assert!(parse(&bytes, &name(), false, Timestamp::UNIX_EPOCH).is_err());
}
