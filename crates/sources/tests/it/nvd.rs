//! NVD against its fake: paging, catching up, failures in the middle, totals
//! that shift; and the recorded pages.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use model::clock::elapsed;
use model::{Clock, Cursor, Secret, SourceId, Timestamp};
use net::{Door, NetError};
use sources::nvd::{Config, Nvd, parse};
use sources::{Polled, Progress, Source, SourceError, Tools};
use testkit::TestClock;
use testkit::nvd::{FakeNvd, record};
use testkit::site::Reply;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const NOW: &str = "2026-11-21T09:00:00Z";

struct Scene {
    fake: FakeNvd,
    clock: Arc<TestClock>,
    tools: Tools,
    config: Config,
    nvd: Nvd,
}

/// NVD with so many records a day apart, the last changed yesterday, and a source
/// that asks for two at once.
async fn scene(records: usize, change: impl FnOnce(&mut Config)) -> Scene {
    let day: Timestamp = match "2026-11-20T10:00:00Z".parse() {
        Ok(day) => day,
        Err(error) => panic!("{error}"),
    };
    let records = (0..records).map(|n| {
        let back = u32::try_from(records - 1 - n).unwrap_or_default();
        let modified = model::clock::earlier(day, DAY * back)
            .strftime("%Y-%m-%dT%H:%M:%S%.3f")
            .to_string();
        record(
            &format!("CVE-2026-{}", 1000 + n),
            &modified,
            "A flaw.",
            Some(7.5),
        )
    });
    let fake = FakeNvd::start(records.collect()).await;
    let clock = TestClock::at(NOW);
    let allow = fake
        .url()
        .trim_start_matches("http://")
        .split('/')
        .next()
        .map(str::to_owned);
    let net = net::Config {
        allow: allow.into_iter().collect(),
        ..net::Config::default()
    };
    let door = match Door::new(net, clock.clone()) {
        Ok(door) => Arc::new(door),
        Err(why) => panic!("{why}"),
    };
    let tools = Tools {
        door,
        clock: clock.clone(),
    };
    let mut config = Config {
        url: fake.url(),
        results_per_page: 2,
        ..Config::default()
    };
    change(&mut config);
    let nvd = open(&config, &tools);
    Scene {
        fake,
        clock,
        tools,
        config,
        nvd,
    }
}

fn open(config: &Config, tools: &Tools) -> Nvd {
    match SourceId::new("nvd") {
        Ok(id) => Nvd::new(id, config.clone(), tools),
        Err(error) => panic!("{error}"),
    }
}

/// What a pipeline holds: the cursor in hand, the one it may keep across a
/// restart, and every CVE it was given.
#[derive(Default)]
struct Reader {
    cursor: Cursor,
    kept: Cursor,
    cves: BTreeSet<String>,
    polls: Vec<Polled>,
}

impl Reader {
    async fn read(&mut self, nvd: &Nvd) -> Result<bool, SourceError> {
        let polled = nvd.poll(&self.cursor).await?;
        self.cursor = polled.cursor.clone();
        if polled.checkpoint {
            self.kept = polled.cursor.clone();
        }
        self.cves.extend(
            polled
                .statements
                .iter()
                .map(|statement| statement.cve.to_string()),
        );
        let more = polled.more;
        self.polls.push(polled);
        Ok(more)
    }

    async fn read_all(&mut self, nvd: &Nvd) {
        for _ in 0..200 {
            match self.read(nvd).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => panic!("{error}"),
            }
        }
        panic!("it never ends");
    }

    /// As after a kill: only what was kept is left.
    fn restarted(&self) -> Self {
        Self {
            cursor: self.kept.clone(),
            kept: self.kept.clone(),
            ..Self::default()
        }
    }
}

/// The windows asked for, each `start..end` and the first index of each page.
fn windows(fake: &FakeNvd) -> Vec<(String, String)> {
    let mut windows: Vec<(String, String)> = Vec::new();
    for seen in fake.requests() {
        let window = (
            seen.param("lastModStartDate").unwrap_or_default(),
            seen.param("lastModEndDate").unwrap_or_default(),
        );
        if windows.last() != Some(&window) {
            windows.push(window);
        }
    }
    windows
}

fn indexes(fake: &FakeNvd) -> Vec<String> {
    fake.requests()
        .iter()
        .filter_map(|seen| seen.param("startIndex"))
        .collect()
}

#[tokio::test]
async fn a_first_load_pages_through_everything_and_says_how_far_it_is() {
    let scene = scene(5, |_| {}).await;
    scene.fake.limit_rate(scene.clock.clone());
    let mut reader = Reader::default();
    reader.read_all(&scene.nvd).await;
    assert_eq!(reader.cves.len(), 5);
    assert_eq!(indexes(&scene.fake), ["0", "2", "4"]);
    assert_eq!(windows(&scene.fake), [(String::new(), String::new())]);
    let progress: Vec<Option<Progress>> =
        reader.polls.iter().map(|polled| polled.progress).collect();
    assert_eq!(
        progress,
        [2, 4, 5].map(|done| Some(Progress { done, total: 5 }))
    );
    assert!(
        reader
            .polls
            .iter()
            .all(|polled| polled.first_load && polled.checkpoint && polled.problems.is_empty())
    );
    assert_eq!(scene.clock.slept(), [Duration::from_secs(6); 2]);
}

#[tokio::test]
async fn a_first_load_goes_on_after_a_restart_where_it_was() {
    let scene = scene(6, |_| {}).await;
    let mut reader = Reader::default();
    assert!(reader.read(&scene.nvd).await.unwrap());
    assert!(reader.read(&scene.nvd).await.unwrap());
    let mut again = reader.restarted();
    again.read_all(&open(&scene.config, &scene.tools)).await;
    assert_eq!(indexes(&scene.fake), ["0", "2", "4"]);
    assert_eq!(again.cves.len(), 2);
}

#[tokio::test]
async fn after_the_first_load_only_changes_are_read_from_its_beginning_on() {
    let scene = scene(3, |config| config.overlap_minutes = 60).await;
    let mut reader = Reader::default();
    reader.read_all(&scene.nvd).await;
    // Changed while the first load ran, and after it.
    scene.fake.records_mut(|records| {
        records.push(record(
            "CVE-2026-2000",
            "2026-11-21T09:00:03.000",
            "During.",
            None,
        ));
        records.push(record(
            "CVE-2026-2001",
            "2026-11-21T10:30:00.000",
            "After.",
            None,
        ));
    });
    scene.clock.advance(2 * 60 * Duration::from_secs(60));
    let mut later = Reader {
        cursor: reader.cursor.clone(),
        ..Reader::default()
    };
    later.read_all(&scene.nvd).await;
    assert_eq!(
        later.cves,
        ["CVE-2026-2000", "CVE-2026-2001"].map(str::to_owned).into()
    );
    assert!(
        later
            .polls
            .iter()
            .all(|polled| !polled.first_load && polled.progress.is_none())
    );
    assert_eq!(
        windows(&scene.fake).last().unwrap(),
        &(
            "2026-11-21T08:00:00.000Z".to_owned(),
            "2026-11-21T11:00:06.000Z".to_owned()
        )
    );
}

#[tokio::test]
async fn three_hundred_days_off_are_three_windows() {
    let scene = scene(300, |config| {
        config.results_per_page = 100;
        config.overlap_minutes = 60;
    })
    .await;
    let mut reader = Reader {
        cursor: loaded_at("2026-01-25T09:00:00Z"),
        ..Reader::default()
    };
    reader.read_all(&scene.nvd).await;
    assert_eq!(reader.cves.len(), 300);
    assert_eq!(
        windows(&scene.fake),
        [
            ("2026-01-25T08:00:00.000Z", "2026-05-25T08:00:00.000Z"),
            ("2026-05-25T07:00:00.000Z", "2026-09-22T07:00:00.000Z"),
            ("2026-09-22T06:00:00.000Z", "2026-11-21T09:00:18.000Z"),
        ]
        .map(|(from, to)| (from.to_owned(), to.to_owned()))
    );
    let kept: Vec<bool> = reader
        .polls
        .iter()
        .map(|polled| polled.checkpoint)
        .collect();
    assert_eq!(kept, [false, true, false, true, true]);
}

/// The cursor of a source whose first load ended at `mark`.
fn loaded_at(mark: &str) -> Cursor {
    Cursor::of(&serde_json::json!({ "high_water": mark, "counted": "2026-11-21T00:00:00Z" }))
}

#[tokio::test]
async fn a_failure_in_the_middle_of_a_window_leaves_the_checkpoint() {
    for (reply, wait) in [
        (Reply::status(403), Some(30)),
        (Reply::status(503), None),
        (Reply::status(503).header("retry-after", "7"), Some(7)),
        (Reply::status(524), None),
        (
            Reply::ok("{\"totalResults\": 5, \"vulnerabilities\": [ … ]}".repeat(100)).truncated(),
            None,
        ),
    ] {
        let scene = scene(5, |_| {}).await;
        let mut reader = Reader {
            cursor: loaded_at("2026-11-10T00:00:00Z"),
            ..Reader::default()
        };
        reader.kept = reader.cursor.clone();
        assert!(reader.read(&scene.nvd).await.unwrap());
        scene.fake.script(vec![reply]);
        match (reader.read(&scene.nvd).await, wait) {
            (Err(SourceError::Unreached(NetError::Wait { after, .. })), Some(wait)) => {
                assert_eq!(after, Duration::from_secs(wait));
            }
            (Err(SourceError::Unreached(NetError::Passing { .. })), None) => {}
            (other, _) => panic!("{other:?}"),
        }
        assert_eq!(reader.kept, loaded_at("2026-11-10T00:00:00Z"));
        // The same run goes on at the page that failed.
        scene.clock.advance(Duration::from_secs(60));
        let mut same = Reader {
            cursor: reader.cursor.clone(),
            ..Reader::default()
        };
        same.read_all(&scene.nvd).await;
        assert_eq!(indexes(&scene.fake)[1..], ["2", "2", "4"]);
        // Another run reads the window from its beginning.
        let mut killed = reader.restarted();
        killed.read_all(&open(&scene.config, &scene.tools)).await;
        assert_eq!(killed.cves.len(), 5);
        assert_eq!(indexes(&scene.fake)[4..], ["0", "2", "4"]);
    }
}

#[tokio::test]
async fn a_cursor_from_inside_a_window_counts_only_in_its_own_run() {
    let scene = scene(5, |_| {}).await;
    let mut reader = Reader {
        cursor: loaded_at("2026-11-10T00:00:00Z"),
        ..Reader::default()
    };
    assert!(reader.read(&scene.nvd).await.unwrap());
    reader.read_all(&open(&scene.config, &scene.tools)).await;
    assert_eq!(indexes(&scene.fake), ["0", "0", "2", "4"]);
}

#[tokio::test]
async fn a_window_whose_total_shifts_is_read_again() {
    let scene = scene(7, |_| {}).await;
    let mut reader = Reader {
        cursor: loaded_at("2026-11-10T00:00:00Z"),
        ..Reader::default()
    };
    assert!(reader.read(&scene.nvd).await.unwrap());
    // The first record changes again and leaves the window: CVE-2026-1002 moves
    // into the page that was read, and would never be seen.
    scene.fake.records_mut(|records| {
        records[0]["lastModified"] = "2026-11-21T12:00:00.000".into();
    });
    reader.read_all(&scene.nvd).await;
    assert_eq!(indexes(&scene.fake), ["0", "2", "0", "2", "4"]);
    assert!(
        (1000..1007).all(|n| reader.cves.contains(&format!("CVE-2026-{n}"))),
        "{:?}",
        reader.cves
    );
    assert_eq!(
        reader
            .polls
            .iter()
            .filter(|polled| polled.checkpoint)
            .count(),
        1
    );
}

#[tokio::test]
async fn pages_that_are_none_are_nonsense_and_move_nothing() {
    let page = |text: &str| Reply::ok(text).content_type("application/json");
    for reply in [
        page("<html>maintenance</html>"),
        page("{}"),
        page(r#"{"vulnerabilities":[]}"#),
        page(r#"{"startIndex":0,"totalResults":5,"vulnerabilities":[]}"#),
        page(r#"{"startIndex":0,"totalResults":5}"#),
        page(
            r#"{"startIndex":2,"totalResults":5,"vulnerabilities":[{"cve":{"id":"CVE-2026-1000"}}]}"#,
        ),
        page(
            r#"{"startIndex":0,"totalResults":5,"vulnerabilities":[{"cve":{"id":"CVE-2026-1000"}},"#,
        ),
    ] {
        for cursor in [Cursor::start(), loaded_at("2026-11-10T00:00:00Z")] {
            let scene = scene(5, |_| {}).await;
            scene.fake.script(vec![reply.clone()]);
            let result = scene.nvd.poll(&cursor).await;
            assert!(
                matches!(result, Err(SourceError::Nonsense(_))),
                "{reply:?}: {result:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_malformed_record_costs_only_itself() {
    let scene = scene(3, |_| {}).await;
    scene
        .fake
        .records_mut(|records| records[1]["id"] = "CVE-none".into());
    let mut reader = Reader::default();
    reader.read_all(&scene.nvd).await;
    assert_eq!(
        reader.cves,
        ["CVE-2026-1000", "CVE-2026-1002"].map(str::to_owned).into()
    );
    let problems: Vec<&str> = reader
        .polls
        .iter()
        .flat_map(|polled| &polled.problems)
        .map(|problem| problem.place.as_str())
        .collect();
    assert_eq!(problems, ["record 2"]);
}

#[tokio::test]
async fn the_key_is_sent_in_its_header_and_makes_it_faster() {
    let scene = scene(5, |config| {
        config.api_key = Some(Secret::new("key-1".to_owned()))
    })
    .await;
    scene.fake.know_key("key-1");
    scene.fake.limit_rate(scene.clock.clone());
    let mut reader = Reader::default();
    reader.read_all(&scene.nvd).await;
    assert_eq!(reader.cves.len(), 5);
    assert!(
        scene
            .fake
            .requests()
            .iter()
            .all(|seen| seen.header("apikey") == Some("key-1"))
    );
    assert!(
        scene
            .fake
            .requests()
            .iter()
            .all(|seen| !seen.query.contains("key-1"))
    );
    assert_eq!(scene.clock.slept(), [Duration::from_millis(600); 2]);

    scene.fake.script(vec![Reply::status(403)]);
    match scene.nvd.poll(&Cursor::start()).await {
        Err(SourceError::Unreached(NetError::Refused {
            status: 403, body, ..
        })) => {
            assert!(body.contains("the API key may be wrong"), "{body}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_wrong_key_is_refused_in_the_words_of_nvd() {
    let scene = scene(1, |config| {
        config.api_key = Some(Secret::new("key-2".to_owned()))
    })
    .await;
    scene.fake.know_key("key-1");
    match scene.nvd.poll(&Cursor::start()).await {
        Err(SourceError::Unreached(NetError::Rejected {
            status: 404, body, ..
        })) => assert_eq!(body, "Invalid apiKey."),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_key_may_stand_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, "key-from-file\n").unwrap();
    let scene = scene(1, |config| config.api_key_file = Some(path.clone())).await;
    scene.nvd.poll(&Cursor::start()).await.unwrap();
    assert_eq!(
        scene.fake.requests()[0].header("apikey"),
        Some("key-from-file")
    );
    for wrong in ["", "  \n"] {
        std::fs::write(&path, wrong).unwrap();
        assert!(matches!(
            scene.nvd.poll(&Cursor::start()).await,
            Err(SourceError::Unready(_))
        ));
    }
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(
        scene.nvd.poll(&Cursor::start()).await,
        Err(SourceError::Unready(_))
    ));
    assert_eq!(scene.fake.requests().len(), 1);
}

#[tokio::test]
async fn nothing_new_is_an_empty_window() {
    let scene = scene(1, |_| {}).await;
    scene.fake.omit_empty();
    let polled = scene
        .nvd
        .poll(&loaded_at("2026-11-21T08:59:00Z"))
        .await
        .unwrap();
    assert!(polled.statements.is_empty() && polled.checkpoint && !polled.more);
    assert_eq!(polled.cursor, loaded_at(NOW));
}

#[test]
fn the_config_refuses_what_nvd_would() {
    let config: Config = toml::from_str("").unwrap();
    assert_eq!((config.results_per_page, config.api_key), (2000, None));
    for wrong in [
        "results_per_page = 0",
        "results_per_page = 2001",
        "api-key = \"x\"",
    ] {
        assert!(toml::from_str::<Config>(wrong).is_err(), "{wrong}");
    }
    let config: Config = toml::from_str("api_key = \"secret\"").unwrap();
    assert!(!format!("{config:?}").contains("secret"));
}

#[test]
fn every_recorded_record_is_read_with_its_status_and_its_score() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples/nvd");
    let Ok(files) = std::fs::read_dir(&folder) else {
        println!("left out: {} is not there", folder.display());
        return;
    };
    let source = SourceId::new("nvd").unwrap();
    let mut count = 0;
    for file in files {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let document: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let records: Vec<&serde_json::Value> =
            match (document.get("vulnerabilities"), document.get("cve")) {
                (Some(list), _) => list
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|each| &each["cve"])
                    .collect(),
                (None, Some(record)) => vec![record],
                (None, None) => Vec::new(),
            };
        let (page, parsed) = parse(&bytes, &source);
        assert_eq!(
            (page.broken, page.records),
            (None, records.len() as u64),
            "{}",
            path.display()
        );
        assert_eq!(parsed.problems, [], "{}", path.display());
        assert_eq!(parsed.entries.len(), records.len(), "{}", path.display());
        for (statement, record) in parsed.entries.iter().zip(records) {
            assert_eq!(statement.cve.as_str(), record["id"]);
            let id = &statement.cve;
            assert!(
                statement.status.is_some() && statement.description.is_some(),
                "{id}"
            );
            assert!(
                statement.published.is_some() && statement.modified.is_some(),
                "{id}"
            );
            let metrics = |name: &str| record["metrics"][name].as_array().map_or(0, Vec::len);
            let scored: usize = [
                "cvssMetricV40",
                "cvssMetricV31",
                "cvssMetricV30",
                "cvssMetricV2",
            ]
            .map(metrics)
            .iter()
            .sum();
            assert_eq!(statement.scores.len(), scored, "{id}");
            assert!(
                statement.scores.iter().all(|score| score.vector.is_some()),
                "{id}"
            );
            assert_eq!(
                statement.exploitation.is_some(),
                record.get("cisaExploitAdd").is_some(),
                "{id}"
            );
            let says = |part: &str| record[part].as_array().is_some_and(|list| !list.is_empty());
            assert!(
                !statement.affected.is_empty() || !(says("configurations") || says("affected")),
                "{id}"
            );
            assert_eq!(statement.references.is_empty(), !says("references"), "{id}");
            count += 1;
        }
    }
    assert!(count > 100, "{count}");
}

#[tokio::test]
async fn the_total_is_asked_for_once_a_day() {
    let scene = scene(5, |_| ()).await;
    let mut reader = Reader::default();
    let totals = |reader: &Reader| -> Vec<u64> {
        let standings = reader.polls.iter().filter_map(|polled| polled.standing);
        standings.map(|standing| standing.stated).collect()
    };
    reader.read_all(&scene.nvd).await;
    assert_eq!(totals(&reader), [5], "the first load says it by itself");
    for _ in 0..13 {
        scene.clock.advance(Duration::from_secs(2 * 60 * 60));
        reader.read_all(&scene.nvd).await;
    }
    assert_eq!(totals(&reader), [5, 5]);
    let asked = scene.fake.requests();
    let alone: Vec<_> = asked
        .iter()
        .filter(|seen| seen.param("resultsPerPage").as_deref() == Some("1"))
        .collect();
    assert_eq!(alone.len(), 1);
    assert_eq!(alone[0].param("lastModStartDate"), None);
    // A day on which it cannot be told costs no reading.
    scene.clock.advance(Duration::from_secs(25 * 60 * 60));
    let empty = serde_json::json!({ "resultsPerPage": 0, "startIndex": 0, "totalResults": 0, "vulnerabilities": [] });
    scene
        .fake
        .script(vec![Reply::json(&empty), Reply::status(503)]);
    reader.read_all(&scene.nvd).await;
    let last = reader.polls.last().unwrap();
    assert!(last.checkpoint && last.standing.is_none());
    assert_eq!(last.problems[0].place, "totalResults");
    reader.read_all(&scene.nvd).await;
    assert_eq!(totals(&reader), [5, 5, 5]);
}

#[tokio::test]
async fn what_was_missed_is_read_again_from_further_back_each_time() {
    let scene = scene(5, |_| ()).await;
    let mut reader = Reader::default();
    reader.read_all(&scene.nvd).await;
    let days_back = async |attempt| {
        let cursor = scene.nvd.begin_again(&reader.kept, attempt)?;
        let asked_before = scene.fake.requests().len();
        let mut again = Reader {
            cursor,
            ..Reader::default()
        };
        again.read_all(&scene.nvd).await;
        assert!(again.polls.last().unwrap().standing.is_some());
        let from = scene.fake.requests()[asked_before].param("lastModStartDate");
        Some(from.map_or_else(
            || "everything".to_owned(),
            |from| {
                let from: Timestamp = from.parse().unwrap();
                let back = elapsed(from, scene.clock.now());
                format!("{} days", back.as_secs() / 86_400)
            },
        ))
    };
    scene.clock.advance(Duration::from_secs(60 * 60));
    assert_eq!(days_back(0).await.as_deref(), Some("8 days"));
    assert_eq!(days_back(1).await.as_deref(), Some("120 days"));
    assert_eq!(days_back(2).await.as_deref(), Some("everything"));
    assert_eq!(days_back(3).await, None);
    // Before the first load is over there is nothing to read again.
    assert!(scene.nvd.begin_again(&Cursor::start(), 0).is_none());
}
