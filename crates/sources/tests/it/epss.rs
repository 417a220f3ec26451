//! EPSS against a fake of its site, and the recorded heads of tables.

use std::fmt::Write as _;

use model::Cursor;
use sources::epss::{Config, Epss, parse};
use sources::{Source, SourceError};
use testkit::site::Reply;

use crate::scene::{Scene, name, read_all};

pub(crate) const PATH: &str = "/epss_scores-current.csv.gz";

fn open(scene: &Scene) -> Epss {
    Epss::new(
        name(),
        Config {
            url: scene.site.url(PATH),
        },
        &scene.tools,
    )
}

/// A table of so many rows, all of this score.
pub(crate) fn table(day: &str, rows: usize, score: &str) -> String {
    let mut text =
        format!("#model_version:v2026.03.14,score_date:{day}T12:55:00+0000\ncve,epss,percentile\n");
    for n in 0..rows {
        writeln!(text, "CVE-2026-{},{score},0.50000", 10_000 + n).unwrap();
    }
    text
}

pub(crate) fn packed(text: &str) -> Reply {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    Reply::ok(encoder.finish().unwrap()).content_type("application/gzip")
}

#[tokio::test]
async fn a_table_is_read_once_in_parts_and_its_repetition_says_the_same() {
    let scene = Scene::start().await;
    scene.site.serve(
        PATH,
        packed(&table("2026-11-20", 45_000, "0.21234")).etag("\"a\""),
    );
    let epss = open(&scene);
    let first = read_all(&epss, &Cursor::start()).await;
    assert_eq!(
        first
            .iter()
            .map(|polled| polled.statements.len())
            .collect::<Vec<_>>(),
        [20_000, 20_000, 5_000]
    );
    assert_eq!(scene.site.requests().len(), 1);
    assert_eq!(
        first
            .iter()
            .map(|polled| polled.checkpoint)
            .collect::<Vec<_>>(),
        [false, false, true]
    );
    assert!(
        first
            .iter()
            .all(|polled| polled.first_load && polled.problems.is_empty())
    );
    assert_eq!(
        first[2]
            .progress
            .map(|progress| (progress.done, progress.total)),
        Some((45_000, 45_000))
    );

    let idle = epss.poll(&first[2].cursor).await.unwrap();
    assert!(idle.statements.is_empty() && idle.checkpoint && idle.cursor == first[2].cursor);

    // The same day under another tag is no news; the next day is, and what did
    // not move says just what it said.
    scene.site.serve(
        PATH,
        packed(&table("2026-11-20", 45_000, "0.21234")).etag("\"b\""),
    );
    assert!(
        epss.poll(&first[2].cursor)
            .await
            .unwrap()
            .statements
            .is_empty()
    );
    scene.site.serve(
        PATH,
        packed(&table("2026-11-21", 45_001, "0.21399")).etag("\"c\""),
    );
    let next = read_all(&epss, &first[2].cursor).await;
    let hash = |polled: &sources::Polled| polled.statements[0].content_hash();
    assert_eq!(hash(&next[0]), hash(&first[0]));
    assert_ne!(next[0].statements[0], first[0].statements[0]);
    assert!(next.iter().all(|polled| !polled.first_load));

    // After a restart in the middle the table is read from its beginning.
    let restarted = open(&scene);
    let again = read_all(&restarted, &next[0].cursor).await;
    assert_eq!(
        again
            .iter()
            .map(|polled| polled.statements.len())
            .sum::<usize>(),
        45_001
    );
}

#[tokio::test]
async fn a_broken_table_keeps_the_last_good_one() {
    let scene = Scene::start().await;
    let epss = open(&scene);
    scene
        .site
        .serve(PATH, packed(&table("2026-11-20", 10, "0.2")));
    let first = epss.poll(&Cursor::start()).await.unwrap();
    // Cut before it was packed, and packed before it was cut.
    for reply in [
        packed(&table("2026-11-21", 4, "0.2")),
        Reply::ok(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03nonsense"),
    ] {
        scene.site.serve(PATH, reply);
        let error = epss.poll(&first.cursor).await.unwrap_err();
        assert!(matches!(error, SourceError::Nonsense(_)), "{error:?}");
    }
}

#[tokio::test]
async fn the_day_of_a_copy_without_comment_is_that_of_its_address() {
    let scene = Scene::start().await;
    scene
        .site
        .serve(PATH, Reply::redirect(302, "/epss_scores-2026-11-19.csv.gz"));
    scene.site.serve(
        "/epss_scores-2026-11-19.csv.gz",
        Reply::ok("cve,epss,percentile\nCVE-2026-1000,0.5,0.9\n"),
    );
    let polled = open(&scene).poll(&Cursor::start()).await.unwrap();
    let epss = polled.statements[0].epss.clone().unwrap();
    assert_eq!(
        epss.date.map(|date| date.to_string()).as_deref(),
        Some("2026-11-19")
    );
    scene.site.serve(
        PATH,
        Reply::ok("cve,epss,percentile\nCVE-2026-1000,0.5,0.9\n"),
    );
    let polled = open(&scene).poll(&Cursor::start()).await.unwrap();
    assert_eq!(polled.statements[0].epss.clone().unwrap().date, None);
    assert_eq!(polled.problems.len(), 1);
}

#[test]
fn the_recorded_tables_are_read() {
    let folder =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples/epss");
    for (file, wanted) in [
        (
            "epss_scores-current-head-no-comment.csv",
            Some((false, false)),
        ),
        ("vunnel-example-1.csv", Some((true, true))),
        ("vunnel-missing-date.csv", Some((false, true))),
        ("vunnel-invalid-header.csv", None),
    ] {
        let Ok(bytes) = std::fs::read(folder.join(file)) else {
            println!("left out: {} is not there", folder.display());
            return;
        };
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
        let told = parse(&bytes, &name()).ok().map(|(date, model, parsed)| {
            assert!(parsed.problems.is_empty(), "{file}: {:?}", parsed.problems);
            assert!(
                parsed.entries.len() + 3 > lines,
                "{file}: {} of {lines}",
                parsed.entries.len()
            );
            (date.is_some(), model.is_some())
        });
        assert_eq!(told, wanted, "{file}");
    }
}
