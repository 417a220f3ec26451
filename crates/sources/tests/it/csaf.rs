//! A CSAF provider against a fake of its site, and recorded advisories.

use model::{Cursor, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sources::csaf::{Config, Csaf, parse};
use sources::{Polled, Source, SourceError};
use testkit::site::{FakeSite, Reply};

use crate::scene::{Scene, name, read_all, said};

pub(crate) const METADATA: &str = "/csaf/provider-metadata.json";

fn open(scene: &Scene, path: &str) -> Csaf {
    Csaf::new(
        name(),
        Config {
            url: scene.site.url(path),
            first_days: 30,
            verify: true,
        },
        &scene.tools,
    )
}

fn advisory(id: &str) -> String {
    json!({
        "document": {
            "title": format!("Advisory {id}"),
            "publisher": { "name": "Acme PSIRT" },
            "tracking": { "id": id, "current_release_date": "2026-11-20T10:00:00Z" }
        },
        "vulnerabilities": [{ "cve": "CVE-2026-1001" }]
    })
    .to_string()
}

fn checksum(body: &str) -> String {
    let digest = Sha256::digest(body.as_bytes());
    digest
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<String>()
        + "  acme.json\n"
}

/// An advisory and its checksum.
pub(crate) fn serve(site: &FakeSite, path: &str, id: &str) {
    let body = advisory(id);
    site.serve(&format!("{path}.sha256"), Reply::ok(checksum(&body)));
    site.serve(path, Reply::ok(body));
}

pub(crate) fn folder(site: &FakeSite) -> Reply {
    Reply::json(&json!({ "distributions": [{ "directory_url": site.url("/csaf/white") }] }))
}

fn ids(polls: &[Polled]) -> Vec<&str> {
    polls
        .iter()
        .flat_map(|polled| &polled.items)
        .map(|item| item.external_id.as_str())
        .collect()
}

#[tokio::test]
async fn a_folder_is_followed_by_its_changes() {
    let scene = Scene::start().await;
    scene.site.serve(METADATA, folder(&scene.site));
    let changes = "\"2026/b.json\",\"2026-11-20T10:00:00+00:00\"\n\"2026/a.json\",\"2026-11-10T10:00:00Z\"\n\"2020/old.json\",\"2020-01-01T00:00:00Z\"\n\"../x.json\",\"2026-11-20T10:00:00Z\"\n";
    scene
        .site
        .serve("/csaf/white/changes.csv", Reply::ok(changes));
    serve(&scene.site, "/csaf/white/2026/a.json", "A");
    serve(&scene.site, "/csaf/white/2026/b.json", "B");
    let csaf = open(&scene, METADATA);
    let first = read_all(&csaf, &Cursor::start()).await;
    assert_eq!(ids(&first), ["A", "B"]);
    assert_eq!(first[0].statements.len(), 2);
    assert!(first[0].first_load && first[0].checkpoint);
    let places: Vec<&str> = first[0]
        .problems
        .iter()
        .map(|problem| problem.place.as_str())
        .collect();
    assert_eq!(places, ["first reading", "changes.csv, line 4"]);

    let idle = csaf.poll(&first[0].cursor).await.unwrap();
    assert!(idle.items.is_empty() && !idle.first_load);
    let changes = format!("\"2026/c.json\",\"2026-11-21T08:00:00Z\"\n{changes}");
    scene
        .site
        .serve("/csaf/white/changes.csv", Reply::ok(changes));
    serve(&scene.site, "/csaf/white/2026/c.json", "C");
    let next = csaf.poll(&first[0].cursor).await.unwrap();
    let replay = csaf.poll(&first[0].cursor).await.unwrap();
    assert_eq!(ids(std::slice::from_ref(&next)), ["C"]);
    assert_eq!(next.items[0].id, replay.items[0].id);
}

#[tokio::test]
async fn a_wrong_checksum_keeps_an_advisory_out_and_a_missing_one_does_not() {
    let scene = Scene::start().await;
    let entry = |id: &str| {
        let url = scene.site.url(&format!("/white/{id}.json"));
        json!({
            "id": id,
            "updated": "2026-11-20T10:00:00Z",
            "link": [{ "rel": "self", "href": url }, { "rel": "hash", "href": format!("{url}.sha256") }]
        })
    };
    let entries = vec![
        entry("good"),
        entry("changed"),
        entry("bare"),
        entry("garbage"),
        json!({ "id": "nowhere" }),
    ];
    scene.site.serve(
        "/feed.json",
        Reply::json(&json!({ "feed": { "entry": entries } })),
    );
    let feeds = json!([
        { "url": scene.site.url("/feed.json"), "tlp_label": "WHITE" },
        { "url": scene.site.url("/secret.json"), "tlp_label": "AMBER" }
    ]);
    // Found by the domain alone, through its security.txt.
    scene.site.serve(
        "/.well-known/security.txt",
        Reply::ok("Contact: x\nCSAF: /csaf/provider-metadata.json\n"),
    );
    let distributions = json!({ "distributions": [{ "rolie": { "feeds": feeds } }, { "directory_url": "https://elsewhere.example/" }] });
    scene.site.serve(METADATA, Reply::json(&distributions));
    serve(&scene.site, "/white/good.json", "good");
    serve(&scene.site, "/white/changed.json", "changed");
    scene
        .site
        .serve("/white/changed.json", Reply::ok(advisory("changed since")));
    scene
        .site
        .serve("/white/bare.json", Reply::ok(advisory("bare")));
    let garbage = advisory("garbage") + "\ninvalid data\n";
    scene
        .site
        .serve("/white/garbage.json.sha256", Reply::ok(checksum(&garbage)));
    scene.site.serve("/white/garbage.json", Reply::ok(garbage));
    let csaf = open(&scene, "");
    let polled = csaf.poll(&Cursor::start()).await.unwrap();
    assert_eq!(
        ids(std::slice::from_ref(&polled)),
        ["bare", "garbage", "good"]
    );
    let reasons: Vec<&str> = polled
        .problems
        .iter()
        .map(|problem| problem.reason.as_str())
        .collect();
    assert_eq!(reasons.len(), 5, "{reasons:?}");
    assert!(reasons[1].contains("no address or no time"));
    assert!(reasons[2].contains("cannot be had"));
    assert!(reasons[3].contains("checksum is wrong"));
    assert!(reasons[4].contains("behind the document"));
}

#[tokio::test]
async fn a_folder_without_times_is_followed_by_its_names() {
    let scene = Scene::start().await;
    scene.site.serve(METADATA, folder(&scene.site));
    scene
        .site
        .serve("/csaf/white/index.txt", Reply::ok("a.json\n"));
    serve(&scene.site, "/csaf/white/a.json", "A");
    serve(&scene.site, "/csaf/white/b.json", "B");
    let csaf = open(&scene, METADATA);
    let first = csaf.poll(&Cursor::start()).await.unwrap();
    scene
        .site
        .serve("/csaf/white/index.txt", Reply::ok("b.json\na.json\n"));
    let second = csaf.poll(&first.cursor).await.unwrap();
    assert_eq!((ids(&[first]), ids(&[second])), (vec!["A"], vec!["B"]));
}

#[tokio::test]
async fn a_provider_without_a_list_is_told() {
    let scene = Scene::start().await;
    scene.site.serve(METADATA, folder(&scene.site));
    let csaf = open(&scene, METADATA);
    for reply in [Reply::ok("<html>\n<p>sorry"), Reply::ok("\u{0}\u{1}")] {
        scene.site.serve("/csaf/white/changes.csv", reply);
        let error = csaf.poll(&Cursor::start()).await.unwrap_err();
        assert!(matches!(error, SourceError::Nonsense(_)), "{error:?}");
    }
    scene
        .site
        .serve(METADATA, Reply::json(&json!({ "distributions": [] })));
    assert_eq!(
        said(csaf.poll(&Cursor::start()).await),
        "the provider offers neither an open feed nor a folder"
    );
    let nowhere = Scene::start().await;
    assert!(matches!(
        open(&nowhere, "").poll(&Cursor::start()).await,
        Err(SourceError::Unready(_))
    ));
}

#[test]
fn the_recorded_advisories_are_read() {
    let folder =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples/csaf");
    for (file, cves, problems) in [
        ("bsi-2022-0001.json", 1, 0),
        ("cisco-sa-20180328-smi2.json", 1, 0),
        ("rhsa-2021_5217.json", 1, 0),
        ("rhsa-2022_0011.json", 1, 0),
        ("rhsa-2024_9371.json", 1, 0),
        ("rhsa-2025_23414.json", 2, 0),
        (
            "gocsaf-simple-directory-provider_white_avendor-advisory-0004.json",
            2,
            0,
        ),
        ("gocsaf-trailing-garbage.json", 2, 1),
    ] {
        let Ok(bytes) = std::fs::read(folder.join(file)) else {
            println!("left out: {} is not there", folder.display());
            return;
        };
        let advisory = parse(
            &bytes,
            &name(),
            "https://acme.example/a.json",
            Timestamp::UNIX_EPOCH,
        )
        .unwrap();
        assert_eq!(
            (advisory.statements.len(), advisory.problems.len()),
            (cves, problems),
            "{file}"
        );
        assert!(
            !advisory.item.text.is_empty() && advisory.item.updated.is_some(),
            "{file}"
        );
        let document: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        for statement in &advisory.statements {
            if document
                .pointer("/vulnerabilities/0/product_status/under_investigation")
                .is_none()
                && problems == 0
            {
                assert!(!statement.affected.is_empty(), "{file}");
            }
            assert!(
                statement
                    .affected
                    .iter()
                    .all(|product| !product.product.is_empty()),
                "{file}"
            );
        }
    }
}
