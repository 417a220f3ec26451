//! TAXII against a fake of a server, and the recorded objects.

use expect_test::expect;
use model::{Cursor, Secret};
use serde_json::{Value, json};
use sources::taxii::{Config, Taxii, parse};
use sources::{Polled, Source, SourceConfig, SourceError};
use testkit::site::{FakeSite, Reply, Seen};

use crate::scene::{Scene, fixture, name, read_all, said};

pub(crate) const ONE: &str = "/api1/collections/one/objects/";
const TWO: &str = "/api1/collections/two/objects/";

fn config(scene: &Scene, rest: &Value) -> Config {
    let mut all = json!({ "kind": "taxii", "url": scene.site.url("/taxii2/") });
    for (key, value) in rest.as_object().unwrap() {
        all[key] = value.clone();
    }
    match serde_json::from_value(all).unwrap() {
        SourceConfig::Taxii(config) => config,
        other => panic!("{other:?}"),
    }
}

fn open(scene: &Scene, rest: &Value) -> Taxii {
    Taxii::new(name(), config(scene, rest), &scene.tools)
}

/// Serves a server with two collections that may be read, and one that may not.
pub(crate) fn serve(site: &FakeSite) {
    let roots = json!([site.url("/api1/"), "https://elsewhere.example/api/"]);
    let discovery = json!({ "title": "A server", "api_roots": roots });
    site.serve("/taxii2/", Reply::json(&discovery));
    let collections = json!({ "collections": [
        { "id": "one", "title": "Reports", "can_read": true },
        { "id": "two", "title": "More reports", "can_read": true },
        { "id": "closed", "title": "Closed", "can_read": false } ] });
    site.serve("/api1/collections/", Reply::json(&collections));
    site.serve(TWO, Reply::json(&json!({})));
}

fn report(n: u32) -> Value {
    json!({ "type": "report", "id": format!("report--{n}"), "name": format!("Report {n}"),
        "created": "2026-11-01T00:00:00Z", "modified": format!("2026-11-20T00:00:{n:02}Z") })
}

/// Serves these reports in collection one, two a page, as a server does that
/// filters by `added_after`; with the header for how far it was read, or without.
pub(crate) fn serve_reports(site: &FakeSite, numbers: std::ops::Range<u32>, with_header: bool) {
    let all: Vec<Value> = numbers.map(report).collect();
    site.serve_live(ONE, move |seen: &Seen| {
        let after = seen.param("added_after").unwrap();
        let fresh: Vec<&Value> = all
            .iter()
            .filter(|report| report["modified"].as_str().unwrap() > after.as_str())
            .collect();
        let start: usize = seen.param("next").map_or(0, |next| next.parse().unwrap());
        let page: Vec<&Value> = fresh.iter().skip(start).take(2).copied().collect();
        if page.is_empty() {
            return Reply::json(&json!({}));
        }
        let more = fresh.len() > start + 2;
        let last = page.last().unwrap()["modified"]
            .as_str()
            .unwrap()
            .to_owned();
        let envelope = json!({ "more": more, "next": (start + 2).to_string(), "objects": page });
        let reply = Reply::json(&envelope).content_type("application/taxii+json;version=2.1");
        if with_header {
            reply.header("x-taxii-date-added-last", &last)
        } else {
            reply
        }
    });
}

fn titles(polls: &[Polled]) -> Vec<&str> {
    let items = polls.iter().flat_map(|polled| &polled.items);
    items.map(|item| item.title.as_str()).collect()
}

#[test]
fn objects_are_read_and_the_rest_is_counted() {
    let page = parse(fixture("taxii/envelope.json").as_bytes()).unwrap();
    assert!(!page.more && page.next.is_none());
    let mut lines = vec![format!("newest {:?}", page.newest.map(|at| at.to_string()))];
    for draft in &page.parsed.entries {
        lines.push(format!(
            "{} | {:?} {}",
            draft.external_id, draft.kind, draft.title
        ));
        lines.push(format!(
            "  {:?} {:?} {:?}",
            draft.url,
            draft.author,
            draft.published.map(|at| at.to_string())
        ));
        lines.extend(draft.text.lines().map(|line| format!("  > {line}")));
    }
    let problems = page.parsed.problems.iter();
    lines.extend(problems.map(|p| format!("! {}: {}", p.place, p.reason)));
    expect![[r#"
        newest Some("2026-11-20T00:00:00Z")
        vulnerability--66666666-6666-4666-8666-666666666666 | Advisory Vulnerability CVE-2026-40001
          None None Some("2026-11-16T00:00:00Z")
          > References: NVD-7
        malware--33333333-3333-4333-8333-333333333333 | Article Malware Gate
          None None Some("2026-11-17T00:00:00Z")
          > Also known as: GateKeeper
          > Types: downloader
        report--22222222-2222-4222-8222-222222222222 | Article Gate loader in banks
          Some("https://cert.example/gate") Some("CERT Example") Some("2026-11-18T08:00:00Z")
          > The Gate loader hit two banks.
          > Types: malware
          > Labels: tlp:clear
          > indicator: Gate C2
          > malware: Gate
          > References: CERT-26-1
          > Links: https://cert.example/gate
        ! threat-actor--44444444-4444-4444-8444-444444444444: is marked TLP:RED and is not shown
        ! campaign--88888888-8888-4888-8888-888888888888: it has no name
        ! intrusion-set--12121212-1212-4212-8212-121212121212: was revoked
        ! object 10: it has no type or no id
        ! other objects: not shown: 1 identity, 1 indicator, 1 relationship
    "#]]
    .assert_eq(&(lines.join("\n") + "\n"));
}

#[tokio::test]
async fn all_collections_are_read_page_by_page_and_then_only_what_was_added() {
    for with_header in [true, false] {
        let scene = Scene::start().await;
        serve(&scene.site);
        serve_reports(&scene.site, 1..6, with_header);
        let source = open(
            &scene,
            &json!({ "username": "u", "password": "hunter2", "limit": 2 }),
        );
        let first = read_all(&source, &Cursor::start()).await;
        assert_eq!(
            titles(&first),
            ["Report 1", "Report 2", "Report 3", "Report 4", "Report 5"]
        );
        assert!(
            first
                .iter()
                .all(|polled| polled.first_load && polled.checkpoint)
        );
        assert_eq!(
            first[0].problems.len(),
            1,
            "the other server: {:?}",
            first[0].problems
        );
        let asked = scene.site.requests();
        assert!(
            asked
                .iter()
                .all(|seen| seen.header("authorization") == Some("Basic dTpodW50ZXIy"))
        );
        assert!(
            asked
                .iter()
                .all(|seen| seen.header("accept") == Some("application/taxii+json;version=2.1"))
        );
        assert!(!asked.iter().any(|seen| seen.path.contains("closed")));
        let page = asked.iter().find(|seen| seen.path == ONE).unwrap();
        assert_eq!(
            page.param("added_after").as_deref(),
            Some("2026-10-22T09:00:00Z")
        );
        assert_eq!(page.param("limit").as_deref(), Some("2"));
        // All pages of one reading ask the same question.
        let mut pages = asked.iter().filter(|seen| seen.path == ONE);
        assert!(pages.all(|seen| seen.param("added_after") == page.param("added_after")));
        assert_eq!(asked.iter().filter(|seen| seen.path == TWO).count(), 1);

        serve_reports(&scene.site, 1..7, with_header);
        let cursor = &first.last().unwrap().cursor;
        let second = read_all(&source, cursor).await;
        assert_eq!(titles(&second), ["Report 6"]);
        assert!(!second[0].first_load);
        // From the start again, after a restart: the same items.
        let again = read_all(&open(&scene, &json!({})), &Cursor::start()).await;
        assert_eq!(again[0].items[0].id, first[0].items[0].id);
    }
}

#[tokio::test]
async fn collections_are_chosen_by_id_or_title_and_a_root_may_be_named_itself() {
    let scene = Scene::start().await;
    serve(&scene.site);
    serve_reports(&scene.site, 1..2, true);
    scene.site.serve(
        "/api1/",
        Reply::json(
            &json!({ "title": "A root", "versions": ["application/taxii+json;version=2.1"] }),
        ),
    );
    let root = scene.site.url("/api1");
    let only = open(
        &scene,
        &json!({ "url": root, "collections": ["Reports", "closed"] }),
    );
    let polls = read_all(&only, &Cursor::start()).await;
    assert_eq!((polls.len(), titles(&polls)), (1, vec!["Report 1"]));
    assert_eq!(
        polls[0].problems[0].reason,
        "this collection may not be read"
    );
    let none = open(&scene, &json!({ "collections": ["three"] }));
    assert!(said(none.poll(&Cursor::start()).await).contains("no collection that we may read"));
}

#[tokio::test]
async fn a_collection_that_is_gone_costs_only_itself() {
    let scene = Scene::start().await;
    serve(&scene.site);
    scene.site.serve(ONE, Reply::status(404));
    scene
        .site
        .serve(TWO, Reply::json(&json!({ "objects": [report(7)] })));
    let polls = read_all(&open(&scene, &json!({})), &Cursor::start()).await;
    assert_eq!(titles(&polls), ["Report 7"]);
    assert!(
        polls[0]
            .problems
            .iter()
            .any(|problem| problem.place.ends_with(ONE))
    );
}

#[tokio::test]
async fn a_login_that_is_refused_or_half_given_is_told() {
    let scene = Scene::start().await;
    serve(&scene.site);
    let half = open(&scene, &json!({ "username": "u" }));
    assert!(said(half.poll(&Cursor::start()).await).contains("belong together"));
    let refusal =
        Reply::status(401).body("{\"title\":\"Unauthorized\",\"description\":\"Wrong password.\"}");
    scene.site.serve("/taxii2/", refusal);
    let mut config = config(&scene, &json!({ "username": "u" }));
    config.password = Some(Secret::new("hunter2".to_owned()));
    let error = said(
        Taxii::new(name(), config, &scene.tools)
            .poll(&Cursor::start())
            .await,
    );
    assert!(
        error.ends_with("look at `username` and `password`: Wrong password"),
        "{error}"
    );
}

#[tokio::test]
async fn a_failure_between_two_pages_keeps_the_first() {
    let scene = Scene::start().await;
    serve(&scene.site);
    let source = open(&scene, &json!({}));
    serve_reports(&scene.site, 1..5, true);
    let first = source.poll(&Cursor::start()).await.unwrap();
    assert_eq!(first.items.len(), 2);
    scene.site.serve(ONE, Reply::status(503));
    let error = source.poll(&first.cursor).await.unwrap_err();
    assert!(matches!(error, SourceError::Unreached(_)), "{error}");
    serve_reports(&scene.site, 1..5, true);
    assert_eq!(
        titles(&read_all(&source, &first.cursor).await),
        ["Report 3", "Report 4"]
    );
    scene
        .site
        .serve("/taxii2/", Reply::json(&json!({ "hello": 1 })));
    let error = source.poll(&Cursor::start()).await.unwrap_err();
    assert!(matches!(error, SourceError::Nonsense(_)), "{error}");
}

#[tokio::test]
async fn a_server_that_says_more_and_not_where_is_left_there() {
    let scene = Scene::start().await;
    serve(&scene.site);
    scene.site.serve(
        ONE,
        Reply::json(&json!({ "more": true, "objects": [report(1)] })),
    );
    let polls = read_all(&open(&scene, &json!({})), &Cursor::start()).await;
    assert_eq!(polls.len(), 2);
    assert!(
        polls[0]
            .problems
            .iter()
            .any(|problem| problem.reason.contains("not where"))
    );
}

#[test]
fn the_recorded_objects_are_read() {
    let folder =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples/stix-taxii");
    if !folder.is_dir() {
        println!("left out: {} is not there", folder.display());
        return;
    }
    let bundle = std::fs::read(folder.join("misp-exported-stix2.json")).unwrap();
    let page = parse(&bundle).unwrap();
    assert_eq!(page.parsed.entries[0].title, "Test Stix");
    assert_eq!(page.parsed.entries[0].author.as_deref(), Some("ORGNAME"));
    let server: Value =
        serde_json::from_slice(&std::fs::read(folder.join("medallion-default-data.json")).unwrap())
            .unwrap();
    let collection = &server["trustgroup1"]["collections"][2];
    let page = parse(collection.to_string().as_bytes()).unwrap();
    assert_eq!(page.parsed.entries.len(), 2);
    assert!(
        page.parsed
            .entries
            .iter()
            .all(|draft| draft.title == "Malware Poison Ivy")
    );
    assert!(
        page.parsed.problems[0].reason.contains("4 indicator"),
        "{:?}",
        page.parsed.problems
    );
}
