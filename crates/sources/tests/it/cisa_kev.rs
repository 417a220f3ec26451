//! CISA's catalogue against its fake, and the recorded catalogues.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use model::{Cursor, SourceId};
use net::{Door, NetError};
use serde_json::json;
use sources::cisa_kev::{CisaKev, Config, parse};
use sources::{Polled, Source, SourceError, Standing, Tools};
use testkit::TestClock;
use testkit::kev::{FakeKev, entry};
use testkit::site::Reply;

fn open(fake: &FakeKev, user_agent: Option<&str>) -> CisaKev {
    let clock = TestClock::at("2026-11-21T09:00:00Z");
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
    let mut config = Config {
        url: fake.url(),
        ..Config::default()
    };
    if let Some(user_agent) = user_agent {
        config.user_agent = user_agent.to_owned();
    }
    match (Door::new(net, clock.clone()), SourceId::new("cisa-kev")) {
        (Ok(door), Ok(id)) => CisaKev::new(
            id,
            config,
            &Tools {
                door: Arc::new(door),
                clock,
            },
        ),
        (door, id) => panic!("{:?} {id:?}", door.err()),
    }
}

fn cves(polled: &Polled) -> Vec<&str> {
    polled
        .statements
        .iter()
        .map(|statement| statement.cve.as_str())
        .collect()
}

#[tokio::test]
async fn the_first_load_is_everything_then_only_what_is_new_or_changed() {
    let fake = FakeKev::start().await;
    for n in 1..=4 {
        fake.list(entry(&format!("CVE-2026-100{n}"), "Acme", "Gate"));
    }
    let kev = open(&fake, None);

    let first = kev.poll(&Cursor::start()).await.unwrap();
    assert_eq!(
        cves(&first),
        [
            "CVE-2026-1001",
            "CVE-2026-1002",
            "CVE-2026-1003",
            "CVE-2026-1004"
        ]
    );
    assert!(first.first_load && first.checkpoint && !first.more && first.problems.is_empty());
    let statement = &first.statements[0];
    assert_eq!(
        statement.title.as_deref(),
        Some("Acme Gate Command Injection Vulnerability")
    );
    assert_eq!(
        (statement.references.len(), statement.weaknesses.len()),
        (2, 1)
    );

    let unchanged = kev.poll(&first.cursor).await.unwrap();
    assert_eq!(cves(&unchanged), [""; 0]);
    assert_eq!(unchanged.cursor, first.cursor);
    assert!(fake.requests()[1].header("if-none-match").is_some());

    // Ransomware use becomes known: silently, the release stays the same.
    fake.change("CVE-2026-1002", |entry| {
        entry["knownRansomwareCampaignUse"] = "Known".into()
    });
    fake.list(entry("CVE-2026-1005", "Beta", "Mail"));
    let second = kev.poll(&first.cursor).await.unwrap();
    assert_eq!(cves(&second), ["CVE-2026-1002", "CVE-2026-1005"]);
    assert!(!second.first_load);
    assert!(
        second.statements[0]
            .exploitation
            .as_ref()
            .unwrap()
            .ransomware
    );

    // A field that we do not know counts as well.
    fake.change("CVE-2026-1003", |entry| {
        entry["euvd"] = json!("EUVD-2026-1")
    });
    let third = kev.poll(&second.cursor).await.unwrap();
    assert_eq!(cves(&third), ["CVE-2026-1003"]);

    fake.withdraw("CVE-2026-1004");
    let fourth = kev.poll(&third.cursor).await.unwrap();
    assert_eq!(cves(&fourth), [""; 0]);
    assert_eq!(fourth.problems.len(), 1);
    assert_eq!(fourth.problems[0].place, "CVE-2026-1004");
    let fifth = kev.poll(&fourth.cursor).await.unwrap();
    assert!(fifth.problems.is_empty());
}

#[tokio::test]
async fn a_malformed_entry_costs_only_itself_and_is_no_news_when_mended() {
    let fake = FakeKev::start().await;
    for n in 1..=3 {
        fake.list(entry(&format!("CVE-2026-100{n}"), "Acme", "Gate"));
    }
    let kev = open(&fake, None);
    let first = kev.poll(&Cursor::start()).await.unwrap();
    fake.change("CVE-2026-1002", |entry| {
        *entry = json!({ "cveID": "CVE-2-1" })
    });
    let second = kev.poll(&first.cursor).await.unwrap();
    assert_eq!(cves(&second), [""; 0]);
    let places: Vec<&str> = second
        .problems
        .iter()
        .map(|problem| problem.place.as_str())
        .collect();
    assert_eq!(places, ["entry 2", "CVE-2026-1002"]);
    assert!(second.checkpoint);
}

#[tokio::test]
async fn nonsense_keeps_the_last_good_data() {
    let fake = FakeKev::start().await;
    for n in 1..=4 {
        fake.list(entry(&format!("CVE-2026-100{n}"), "Acme", "Gate"));
    }
    let kev = open(&fake, None);
    let first = kev.poll(&Cursor::start()).await.unwrap();
    let few = json!({ "count": 1, "vulnerabilities": [entry("CVE-2026-1001", "Acme", "Gate")] });
    fake.script(vec![
        Reply::ok("<html>We will be back</html>"),
        Reply::ok("{\"vulnerabilities\": []}"),
        Reply::json(&few),
    ]);
    for _ in 0..3 {
        let result = kev.poll(&first.cursor).await;
        assert!(
            matches!(result, Err(SourceError::Nonsense(_))),
            "{result:?}"
        );
    }
    assert_eq!(cves(&kev.poll(&first.cursor).await.unwrap()), [""; 0]);
}

#[tokio::test]
async fn a_catalogue_that_begins_empty_has_no_history() {
    let fake = FakeKev::start().await;
    let kev = open(&fake, None);
    let first = kev.poll(&Cursor::start()).await.unwrap();
    assert!(first.first_load && first.statements.is_empty());
    fake.list(entry("CVE-2026-1001", "Acme", "Gate"));
    let second = kev.poll(&first.cursor).await.unwrap();
    assert_eq!(
        (cves(&second), second.first_load),
        (vec!["CVE-2026-1001"], false)
    );
}

#[tokio::test]
async fn the_user_agent_is_its_own() {
    let fake = FakeKev::start().await;
    fake.only_for_agents("Mozilla/5.0");
    assert!(open(&fake, None).poll(&Cursor::start()).await.is_ok());
    let refused = open(&fake, Some("library/1.0"))
        .poll(&Cursor::start())
        .await;
    assert!(matches!(
        refused,
        Err(SourceError::Unreached(NetError::Refused {
            status: 403,
            ..
        }))
    ));
    let seen: Vec<Option<String>> = fake
        .requests()
        .iter()
        .map(|seen| seen.header("user-agent").map(str::to_owned))
        .collect();
    assert_eq!(seen[1].as_deref(), Some("library/1.0"));
    assert!(seen[0].as_deref().unwrap().contains("Prahari/"));
}

#[test]
fn the_recorded_catalogues_are_read_and_differ_as_counted() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples/kev");
    let source = SourceId::new("cisa-kev").unwrap();
    let mut read = Vec::new();
    for day in ["2025-02-24", "2025-05-06", "2025-08-21", "2025-08-25"] {
        let Ok(file) = std::fs::File::open(folder.join(format!("kev-{day}.json.gz"))) else {
            println!("left out: {} is not there", folder.display());
            return;
        };
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(file)
            .read_to_end(&mut bytes)
            .unwrap();
        let (catalogue, parsed) = parse(&bytes, &source);
        assert_eq!(catalogue.version.unwrap().replace('.', "-"), day);
        assert_eq!(
            (catalogue.broken, parsed.problems.len()),
            (None, 0),
            "{day}"
        );
        for entry in &parsed.entries {
            let statement = &entry.statement;
            let said = statement.exploitation.as_ref().unwrap();
            assert!(
                said.added.is_some() && said.due.is_some() && said.action.is_some(),
                "{}",
                statement.cve
            );
            assert!(
                statement.title.is_some() && statement.description.is_some(),
                "{}",
                statement.cve
            );
            assert!(
                statement.affected.len() == 1 && !statement.references.is_empty(),
                "{}",
                statement.cve
            );
            for link in &statement.references {
                assert!(url::Url::parse(&link.url).is_ok(), "{}", link.url);
                assert!(!link.url.ends_with(['"', ',', ';']), "{}", link.url);
            }
        }
        read.push(parsed.entries);
    }
    assert_eq!(
        read.iter().map(Vec::len).collect::<Vec<_>>(),
        [1278, 1333, 1401, 1404]
    );
    let changes: Vec<(usize, usize, usize)> = read
        .windows(2)
        .map(|pair| {
            let [old, new] = pair else { return (0, 0, 0) };
            let find = |list: &[sources::cisa_kev::Entry], cve: &model::CveId| {
                list.iter()
                    .find(|entry| entry.statement.cve == *cve)
                    .cloned()
            };
            let added = new
                .iter()
                .filter(|entry| find(old, &entry.statement.cve).is_none())
                .count();
            let changed = new
                .iter()
                .filter(|e| find(old, &e.statement.cve).is_some_and(|known| known.hash != e.hash))
                .count();
            let became_known = new
                .iter()
                .filter(|e| {
                    let known = |entry: &sources::cisa_kev::Entry| {
                        entry
                            .statement
                            .exploitation
                            .as_ref()
                            .is_some_and(|said| said.ransomware)
                    };
                    find(old, &e.statement.cve).is_some_and(|old| !known(&old) && known(e))
                })
                .count();
            (added, changed, became_known)
        })
        .collect();
    assert_eq!(changes[1], (68, 28, 27));
}

#[tokio::test]
async fn another_address_is_asked_without_what_the_first_one_said() {
    let (first, mirror) = (FakeKev::start().await, FakeKev::start().await);
    for fake in [&first, &mirror] {
        fake.list(entry("CVE-2026-1001", "Acme", "Gate"));
    }
    let read = open(&first, None).poll(&Cursor::start()).await.unwrap();
    let moved = open(&mirror, None).poll(&read.cursor).await.unwrap();
    assert!(mirror.requests()[0].header("if-none-match").is_none());
    assert_eq!(cves(&moved), [""; 0], "what is known is no news");
    assert!(!moved.first_load);
    open(&mirror, None).poll(&moved.cursor).await.unwrap();
    assert!(mirror.requests()[1].header("if-none-match").is_some());
}

#[tokio::test]
async fn its_own_count_is_told_beside_what_it_holds() {
    let fake = FakeKev::start().await;
    fake.script(vec![Reply::ok(
        r#"{"catalogVersion":"2026.11.20","count":3,"vulnerabilities":[{"cveID":"CVE-2026-1001"}]}"#,
    )]);
    let polled = open(&fake, None).poll(&Cursor::start()).await.unwrap();
    assert_eq!(polled.held, Some(1));
    assert_eq!(
        polled.standing,
        Some(Standing {
            stated: 3,
            read: Some(1)
        })
    );
}
