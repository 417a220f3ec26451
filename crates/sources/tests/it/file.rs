//! Files: folders that change, long files, and what nobody should put into them.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use expect_test::{Expect, expect};
use flate2::Compression;
use flate2::write::GzEncoder;
use model::{Cursor, IncidentType, Severity, SourceId};
use net::Door;
use sources::file::{Config, Files};
use sources::preview::preview;
use sources::{Polled, Source, SourceError, Tools};
use tempfile::TempDir;
use testkit::TestClock;

const FEED: &str = "<rss><channel><item><guid>2</guid><title>Second</title><pubDate>Sat, 21 Nov 2026 08:00:00 GMT</pubDate></item><item><guid>1</guid><title>First</title><pubDate>Fri, 20 Nov 2026 08:00:00 GMT</pubDate></item></channel></rss>";
const CVE: &str = r#"{"resultsPerPage": 1, "startIndex": 0, "totalResults": 1, "vulnerabilities": [{"cve": {"id": "CVE-2026-1234", "sourceIdentifier": "cna@example.org", "published": "2026-11-20T10:00:00.000", "lastModified": "2026-11-20T10:00:00.000", "vulnStatus": "Received", "descriptions": [{"lang": "en", "value": "A flaw."}], "metrics": {}, "references": []}}]}"#;
const KEV: &str = r#"{"title": "KEV", "catalogVersion": "2026.11.20", "dateReleased": "2026-11-20T10:00:00.000Z", "count": 1, "vulnerabilities": [{"cveID": "CVE-2026-1234", "vendorProject": "Acme", "product": "Gate", "vulnerabilityName": "Acme Gate flaw", "dateAdded": "2026-11-20", "shortDescription": "A flaw.", "requiredAction": "Update.", "dueDate": "2026-12-11", "knownRansomwareCampaignUse": "Unknown", "notes": "", "cwes": []}]}"#;

fn files(path: impl Into<PathBuf>, change: impl FnOnce(&mut Config)) -> Files {
    let clock = TestClock::at("2026-11-21T09:00:00Z");
    let door = Door::new(net::Config::default(), clock.clone()).unwrap();
    let mut config = Config {
        path: path.into(),
        history: true,
        max_file_mb: 256,
    };
    change(&mut config);
    Files::new(
        SourceId::new("drop").unwrap(),
        config,
        &Tools {
            door: Arc::new(door),
            clock,
        },
    )
}

/// Polls until there is no more, everything joined; gives the number of polls.
async fn read_on(source: &Files, since: &Cursor) -> (Polled, usize) {
    let mut whole = source.poll(since).await.unwrap();
    let mut polls = 1;
    while whole.more {
        let next = source.poll(&whole.cursor).await.unwrap();
        assert_eq!(next.first_load, whole.first_load);
        assert!(next.checkpoint);
        whole.items.extend(next.items);
        whole.statements.extend(next.statements);
        whole.problems.extend(next.problems);
        (whole.cursor, whole.more) = (next.cursor, next.more);
        polls += 1;
    }
    (whole, polls)
}

fn titles(polled: &Polled) -> Vec<&str> {
    polled
        .items
        .iter()
        .map(|item| item.title.as_str())
        .collect()
}

fn problems(polled: &Polled) -> Vec<String> {
    polled
        .problems
        .iter()
        .map(|problem| format!("{}: {}", problem.place, problem.reason))
        .collect()
}

fn gzipped(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn put(folder: &TempDir, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, content).unwrap();
    path
}

#[tokio::test]
async fn a_folder_of_every_kind_is_read_once() {
    let folder = TempDir::new().unwrap();
    put(&folder, "a.xml", FEED);
    put(
        &folder,
        "b.jsonl",
        "{\"title\": \"Line one\"}\n\n{\"title\": \"Line two\"}\n",
    );
    put(&folder, "deep/c.json.gz", gzipped(CVE));
    put(&folder, "d.json", KEV);
    put(&folder, "e.json", r#"[{"title": "In an array"}, 7]"#);
    put(&folder, ".hidden.xml", FEED);
    let source = files(folder.path(), |_| {});
    let (polled, _) = read_on(&source, &Cursor::start()).await;
    assert_eq!(
        titles(&polled),
        ["First", "Second", "Line one", "Line two", "In an array"]
    );
    let cves: Vec<(&str, bool)> = polled
        .statements
        .iter()
        .map(|said| (said.cve.as_str(), said.exploitation.is_some()))
        .collect();
    assert_eq!(cves, [("CVE-2026-1234", true), ("CVE-2026-1234", false)]);
    assert_eq!(problems(&polled), ["e.json: entry 2: it is not an object"]);
    assert!(polled.first_load);

    let again = source.poll(&polled.cursor).await.unwrap();
    assert!(
        again.items.is_empty() && again.statements.is_empty() && !again.more && !again.first_load
    );
    assert_eq!(again.cursor, polled.cursor);
}

#[tokio::test]
async fn what_is_put_in_later_is_news_and_what_changed_is_read_again() {
    let folder = TempDir::new().unwrap();
    let path = put(&folder, "a.jsonl", "{\"title\": \"One\", \"id\": 1}\n");
    let source = files(folder.path(), |_| {});
    let first = source.poll(&Cursor::start()).await.unwrap();
    put(&folder, "b.jsonl", "{\"title\": \"New\"}\n");
    let second = source.poll(&first.cursor).await.unwrap();
    assert_eq!(titles(&second), ["New"]);
    assert!(!second.first_load);

    // Touched only: hashed, and not read.
    let touched = fs::metadata(&path).unwrap().modified().unwrap() + Duration::from_secs(60);
    fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_modified(touched)
        .unwrap();
    let third = source.poll(&second.cursor).await.unwrap();
    assert!(third.items.is_empty());
    assert_ne!(third.cursor, second.cursor);

    fs::write(
        &path,
        "{\"title\": \"One, edited\", \"id\": 1}\n{\"title\": \"Two\", \"id\": 2}\n",
    )
    .unwrap();
    let fourth = source.poll(&third.cursor).await.unwrap();
    assert_eq!(titles(&fourth), ["One, edited", "Two"]);
    assert_eq!(fourth.items[0].external_id, first.items[0].external_id);

    // Gone, and put back: read again, under the same ids.
    let text = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let fifth = source.poll(&fourth.cursor).await.unwrap();
    fs::write(&path, text).unwrap();
    let sixth = source.poll(&fifth.cursor).await.unwrap();
    assert_eq!(
        sixth.items.iter().map(|item| item.id).collect::<Vec<_>>(),
        fourth.items.iter().map(|item| item.id).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn history_is_what_the_config_says() {
    let folder = TempDir::new().unwrap();
    put(&folder, "a.xml", FEED);
    let polled = files(folder.path(), |config| config.history = false)
        .poll(&Cursor::start())
        .await
        .unwrap();
    assert!(!polled.first_load && polled.items.len() == 2);
}

#[tokio::test]
async fn a_long_file_is_read_in_stretches_and_can_be_broken_off() {
    let folder = TempDir::new().unwrap();
    let mut text = String::new();
    for n in 1..=4_500 {
        text.push_str(&format!("{{\"title\": \"Item {n}\"}}\n"));
    }
    text.push_str("broken\n");
    for (name, content) in [
        ("long.jsonl", text.clone().into_bytes()),
        ("long.jsonl.gz", gzipped(&text)),
    ] {
        let path = put(&folder, name, content);
        let (polled, polls) = read_on(&files(&path, |_| {}), &Cursor::start()).await;
        assert_eq!((polled.items.len(), polls), (4_500, 3), "{name}");
        assert_eq!(polled.items[4_499].title, "Item 4500");
        assert_eq!(
            problems(&polled),
            [format!(
                "{name}: line 4501: not JSON: expected value (column 1)"
            )]
        );

        // Another process goes on from the cursor of the first stretch.
        let first = files(&path, |_| {}).poll(&Cursor::start()).await.unwrap();
        let (rest, polls) = read_on(&files(&path, |_| {}), &first.cursor).await;
        assert_eq!(
            (rest.items.len(), rest.items[0].title.as_str(), polls),
            (2_500, "Item 2001", 2)
        );
        assert!(rest.first_load);
    }
}

#[tokio::test]
async fn a_folder_of_many_small_files_is_read_in_a_few_polls() {
    let folder = TempDir::new().unwrap();
    for n in 0..50 {
        put(
            &folder,
            &format!("{n:03}.jsonl"),
            "{\"title\": \"A\"}\n{\"title\": \"B\"}\n".repeat(50),
        );
    }
    let (polled, polls) = read_on(&files(folder.path(), |_| {}), &Cursor::start()).await;
    assert_eq!((polled.items.len(), polls), (5_000, 3));
}

#[tokio::test]
async fn limits_of_size() {
    let folder = TempDir::new().unwrap();
    put(
        &folder,
        "long-line.jsonl",
        format!(
            "{{\"title\": \"A\"}}\n{{\"title\": \"{}\"}}\n{{\"title\": \"B\"}}\n",
            "x".repeat(3 << 20)
        ),
    );
    put(
        &folder,
        "packed-line.jsonl.gz",
        gzipped(&format!(
            "{{\"title\": \"C\"}}\n{{}}\n{{\"text\": \"{}\"}}",
            "x".repeat(1_000_000)
        )),
    );
    let (polled, _) = read_on(&files(folder.path(), |_| {}), &Cursor::start()).await;
    assert_eq!(titles(&polled), ["A", "B", "C", ""]);
    assert_eq!(
        problems(&polled),
        [
            "long-line.jsonl: line 2: it is longer than 1 MB",
            "packed-line.jsonl.gz: line 2: it has neither title, text nor address"
        ]
    );

    let folder = TempDir::new().unwrap();
    put(&folder, "big.xml", " ".repeat((1 << 20) + 1));
    put(
        &folder,
        "bomb.jsonl.gz",
        gzipped(&"{\"title\": \"A\"}\n".repeat(200_000)),
    );
    put(&folder, "bomb.xml.gz", gzipped(&"<rss>".repeat(1 << 20)));
    put(&folder, "good.xml", FEED);
    let (polled, _) = read_on(
        &files(folder.path(), |config| config.max_file_mb = 1),
        &Cursor::start(),
    )
    .await;
    assert_eq!(polled.items.len(), (1 << 20) / 15 + 2);
    let found = problems(&polled);
    assert_eq!(found[0], "big.xml: it is larger than 1 MB");
    assert!(found.iter().any(|problem| problem.ends_with("the file is too large; nothing is read from here on")), "{found:?}");
    assert!(
        found.contains(&"bomb.xml.gz: it is larger than 1 MB".to_owned()),
        "{found:?}"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn links_out_of_the_folder_are_not_followed() {
    use std::os::unix::fs::symlink;

    let outside = TempDir::new().unwrap();
    let secret = put(&outside, "secret.xml", FEED);
    put(&outside, "more/secret.xml", FEED);
    let folder = TempDir::new().unwrap();
    put(&folder, "z.jsonl", "{\"title\": \"Inside\"}");
    symlink(secret, folder.path().join("a.xml")).unwrap();
    symlink(outside.path().join("more"), folder.path().join("b")).unwrap();
    symlink(folder.path(), folder.path().join("round")).unwrap();
    symlink(folder.path().join("z.jsonl"), folder.path().join("c.jsonl")).unwrap();
    symlink("nowhere", folder.path().join("d")).unwrap();
    let (polled, _) = read_on(&files(folder.path(), |_| {}), &Cursor::start()).await;
    assert_eq!(titles(&polled), ["Inside", "Inside"]);
    let mut found = problems(&polled);
    found.sort();
    assert_eq!(found.len(), 3, "{found:?}");
    assert_eq!(
        found[..2],
        [
            "a.xml: it is a link out of the folder",
            "b: it is a link out of the folder"
        ]
    );
}

#[tokio::test]
async fn a_path_that_is_not_there_is_an_error_and_a_strange_file_a_problem() {
    let folder = TempDir::new().unwrap();
    let missing = files(folder.path().join("missing.xml"), |_| {})
        .poll(&Cursor::start())
        .await;
    assert!(
        matches!(missing, Err(SourceError::Nonsense(reason)) if reason.contains("missing.xml cannot be read"))
    );

    let page = put(&folder, "page.html", "<!DOCTYPE html><html></html>");
    put(&folder, "good.xml", FEED);
    put(&folder, "empty.jsonl", "");
    put(&folder, "cut.xml.gz", &gzipped(&FEED.repeat(20))[..60]);
    let source = files(folder.path(), |_| {});
    let (polled, _) = read_on(&source, &Cursor::start()).await;
    // Said once, and not at every poll.
    assert!(problems(&source.poll(&polled.cursor).await.unwrap()).is_empty());
    assert_eq!(
        problems(&polled),
        [
            "cut.xml.gz: incomplete deflate stream",
            "page.html: the document is a web page, not a feed"
        ]
    );
    assert_eq!(polled.items.len(), 2);
    assert!(matches!(
        files(page, |_| {}).poll(&Cursor::start()).await,
        Err(SourceError::Nonsense(_))
    ));
}

#[tokio::test]
async fn lines_of_json_with_all_they_may_say() {
    let folder = TempDir::new().unwrap();
    let path = put(
        &folder,
        "a.jsonl",
        concat!(
            r#"{"title": "Bank hit", "description": "Plain <Vec> & text", "url": "https://a.example/1", "date": "2026-11-20", "source": "Daily", "author": "Anna", "language": "en", "external_id": "x-1", "type": "Ransomware", "severity": "HIGH", "country": ["IN", "us"], "other": {}}"#,
            "\n",
            r#"{"text": "<p>HTML</p>", "published": 1795251600, "id": 7, "source": "Daily", "types": ["ransomware", "nonsense"]}"#,
            "\n",
            r#"{"title": "Wrong types", "url": 5, "date": "soon", "author": ["A"]}"#,
            "\n",
            "[1]\n",
            "{\"title\": \n",
            "\u{FEFF}{\"title\": \"Marked\"}\r\n",
            "{}\n",
        ),
    );
    let (polled, _) = read_on(&files(path, |_| {}), &Cursor::start()).await;
    let item = &polled.items[0];
    assert_eq!(item.stated.types, [IncidentType::Ransomware]);
    assert_eq!(item.stated.severity, Some(Severity::High));
    assert_eq!(
        item.stated
            .countries
            .iter()
            .map(|country| country.as_str())
            .collect::<Vec<_>>(),
        ["IN", "US"]
    );
    let shown: Vec<String> = polled
        .items
        .iter()
        .map(|item| {
            let published = item.published.map(|at| at.to_string());
            format!(
                "{} | {:?} | {} | {:?} | {published:?} | {:?} | {:?}",
                item.title, item.markup, item.text, item.url, item.author, item.external_id
            )
        })
        .collect();
    check(
        &shown,
        &expect![[r#"
        Bank hit | Plain | Plain <Vec> & text | Some("https://a.example/1") | Some("2026-11-20T00:00:00Z") | Some("Anna") | "x-1"
         | Html | <p>HTML</p> | None | Some("2026-11-21T09:00:00Z") | Some("Daily") | "7"
        Wrong types | Html |  | None | None | None | "sha256:74f5279a0da6df56ccf8a9a6e8c88d82"
        Marked | Html |  | None | None | None | "sha256:a62c412671b034cf951ca5d34aaddbf9"
    "#]],
    );
    check(
        &problems(&polled),
        &expect![[r#"
            a.jsonl: line 2: `nonsense` is not an incident type (as ransomware, data_breach, phishing_fraud)
            a.jsonl: line 3: its date `soon` cannot be read
            a.jsonl: line 4: it is not an object
            a.jsonl: line 5: not JSON: EOF while parsing a value (column 9)
            a.jsonl: line 7: it has neither title, text nor address
        "#]],
    );
}

fn check(lines: &[String], expected: &Expect) {
    expected.assert_eq(&(lines.join("\n") + "\n"));
}

#[test]
fn a_preview_has_the_shape_of_the_design() {
    let shown = |bytes: &str, kind| {
        serde_json::to_string(&preview(bytes.as_bytes(), None, "", kind).unwrap()).unwrap()
    };
    let feed = "<rss><channel><title>T &amp; U</title><item><guid>1</guid><title>A &amp;amp; B</title><link>https://a.example/</link><pubDate>Sat, 21 Nov 2026 09:00:00 +0530</pubDate></item><item/></channel></rss>";
    check(
        &[
            shown(feed, None),
            shown(feed, Some("feed")),
            shown(CVE, None),
            shown("{\"title\": \"A\"}", Some("file")),
        ],
        &expect![[r#"
            {"kind":"feed","title":"T & U","items":[{"title":"A & B","url":"https://a.example/","published":"2026-11-21T03:30:00Z","updated":null,"author":null,"text":null,"external_id":"1"}],"problems":[{"place":"entry 2","reason":"it has neither title, text nor address"}]}
            {"kind":"feed","title":"T & U","items":[{"title":"A & B","url":"https://a.example/","published":"2026-11-21T03:30:00Z","updated":null,"author":null,"text":null,"external_id":"1"}],"problems":[{"place":"entry 2","reason":"it has neither title, text nor address"}]}
            {"kind":"nvd","title":null,"items":[{"title":"CVE-2026-1234: A flaw","url":"https://nvd.nist.gov/vuln/detail/CVE-2026-1234","published":"2026-11-20T10:00:00Z","updated":"2026-11-20T10:00:00Z","author":null,"text":"A flaw.","external_id":"CVE-2026-1234"}],"problems":[],"statements":[{"cve":"CVE-2026-1234","status":"received","published":"2026-11-20T10:00:00Z","modified":"2026-11-20T10:00:00Z","scores":[],"weaknesses":[],"affected":0,"exploited":false,"epss":null,"aliases":[]}]}
            {"kind":"file","title":null,"items":[{"title":"A","url":null,"published":null,"updated":null,"author":null,"text":null,"external_id":"sha256:79f421664ed03eaa0bb4bab0b89eb22f"}],"problems":[]}
        "#]],
    );
    for (bytes, kind, reason) in [
        ("<html>", None, "the document is a web page, not a feed"),
        (FEED, Some("slack"), "there is no kind `slack`"),
    ] {
        assert_eq!(
            preview(bytes.as_bytes(), None, "", kind)
                .unwrap_err()
                .to_string(),
            reason
        );
    }
}

#[test]
fn of_the_sample_cves_every_one_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples/nvd");
    let Ok(entries) = fs::read_dir(&folder) else {
        println!("no sample CVEs beside the repository: nothing was tried");
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        let preview = preview(&fs::read(&path).unwrap(), None, "", None).unwrap();
        assert_eq!(preview.kind, "nvd", "{}", path.display());
        assert!(
            preview.problems.is_empty(),
            "{}: {:?}",
            path.display(),
            preview.problems
        );
    }
}

#[test]
fn an_unknown_key_of_the_config_is_an_error() {
    let wrong = toml::from_str::<Config>("path = \"/x\"\nhistroy = true")
        .unwrap_err()
        .to_string();
    assert!(wrong.contains("histroy"), "{wrong}");
    let config: Config = toml::from_str("path = \"-\"").unwrap();
    assert!(config.history && config.max_file_mb == 256);
}
