//! CERT-In against a fake of its servlet, and the recorded pages.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use expect_test::expect;
use model::{Cursor, Severity};
use net::NetError;
use sources::cert_in::{CertIn, Config, parse_advisory, parse_list};
use sources::{Polled, Source, SourceError};
use testkit::TestClock;
use testkit::site::{FakeSite, Reply};

use crate::door;

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/cert_in")
        .join(name);
    std::fs::read_to_string(path).unwrap()
}

/// The servlet: what it answers to `pageid` and `year` or `VLCODE`.
#[derive(Clone, Default)]
pub(crate) struct Servlet(Arc<Mutex<BTreeMap<String, Reply>>>);

impl Servlet {
    fn set(&self, what: &str, reply: Reply) {
        self.0.lock().unwrap().insert(what.to_owned(), reply);
    }

    pub(crate) fn issue(&self, id: &str, severity: &str, text: &str) {
        self.set(
            id,
            Reply::ok(format!(
                "<p>CERT-In Note {id}</p><p>Update of {id} for Acme</p><p>Original Issue Date: November 20, 2026</p>\
                 <p>Severity Rating: {severity}</p><p>Overview</p><p>{text}</p><p>Disclaimer</p><p>none</p>"
            )),
        );
    }

    pub(crate) fn list(&self, what: &str, entries: &[(&str, &str)]) {
        let rows: String = entries
            .iter()
            .map(|(id, date)| format!("<tr><td><a href=/s?VLCODE={id}>{id}</a></td></tr><tr><td>({date})</td></tr><tr><td>Title of {id}</td></tr>"))
            .collect();
        self.set(what, Reply::ok(format!("<table>{rows}</table>")));
    }

    async fn serve(&self) -> FakeSite {
        let site = FakeSite::start().await;
        self.serve_on(&site);
        site
    }

    pub(crate) fn serve_on(&self, site: &FakeSite) {
        let replies = self.clone();
        site.serve_live("/s2cMainServlet", move |seen| {
            let page = seen.param("pageid").unwrap_or_default();
            let what = match (seen.param("VLCODE"), seen.param("year")) {
                (Some(code), _) => {
                    let wanted = if code.starts_with("CIVN") {
                        "PUBVLNOTES01"
                    } else {
                        "PUBVLNOTES02"
                    };
                    assert_eq!(page, wanted, "{code}");
                    code
                }
                (None, year) => format!("{page} {}", year.unwrap_or_default()),
            };
            replies
                .0
                .lock()
                .unwrap()
                .get(&what)
                .cloned()
                .unwrap_or_else(|| Reply::ok(fixture("not-found.html")))
        });
    }
}

/// Two notes and an advisory in 2026, one note in 2025.
pub(crate) fn servlet() -> Servlet {
    let servlet = Servlet::default();
    servlet.list(
        "VLNLIST02 2026",
        &[
            ("CIVN-2026-0002", "November     19, 2026"),
            ("CIVN-2026-0001", "January 05, 2026"),
        ],
    );
    servlet.list("VLNLIST02 2025", &[("CIVN-2025-0300", "December 30, 2025")]);
    servlet.list(
        "PUBADVLIST02 2026",
        &[("CIAD-2026-0001", "March     26, 2026")],
    );
    servlet.list("PUBADVLIST02 2025", &[]);
    for id in [
        "CIVN-2026-0002",
        "CIVN-2026-0001",
        "CIVN-2025-0300",
        "CIAD-2026-0001",
    ] {
        servlet.issue(id, "HIGH", "A flaw, CVE-2026-1234.");
    }
    servlet
}

fn open(site: &FakeSite) -> (CertIn, Arc<TestClock>) {
    let clock = TestClock::at("2026-11-21T09:00:00Z");
    let config = Config {
        url: site.url("/s2cMainServlet"),
        ..Config::default()
    };
    (
        CertIn::new(door::name("cert-in"), config, &door::to(site, &clock)),
        clock,
    )
}

fn ids(polled: &Polled) -> Vec<&str> {
    polled
        .items
        .iter()
        .map(|item| item.external_id.as_str())
        .collect()
}

#[tokio::test]
async fn everything_listed_is_read_once_and_slowly() {
    let servlet = servlet();
    let site = servlet.serve().await;
    let (cert_in, clock) = open(&site);
    let first = cert_in.poll(&Cursor::start()).await.unwrap();
    assert_eq!(
        ids(&first),
        [
            "CIVN-2025-0300",
            "CIVN-2026-0001",
            "CIAD-2026-0001",
            "CIVN-2026-0002"
        ]
    );
    assert!(first.first_load && first.checkpoint && !first.more);
    assert_eq!(first.problems, []);
    let progress = first.progress.unwrap();
    assert_eq!((progress.done, progress.total), (4, 4));
    let item = &first.items[3];
    assert_eq!(
        item.title,
        "CERT-In CIVN-2026-0002: Update of CIVN-2026-0002 for Acme"
    );
    assert_eq!(item.published.unwrap().to_string(), "2026-11-19T18:30:00Z");
    assert_eq!(item.stated.severity, Some(Severity::High));
    assert_eq!(item.stated.countries, [model::Country::INDIA]);
    assert!(item.text.contains("CVE-2026-1234"), "{}", item.text);
    assert!(
        item.url
            .as_deref()
            .unwrap()
            .ends_with("?pageid=PUBVLNOTES01&VLCODE=CIVN-2026-0002")
    );
    // Four lists and four pages, ten seconds apart.
    assert_eq!(site.requests().len(), 8);
    assert_eq!(clock.slept(), vec![Duration::from_secs(10); 7]);

    // Nothing new costs the lists alone; what is young is looked at once a day.
    let second = cert_in.poll(&first.cursor).await.unwrap();
    assert_eq!((ids(&second).len(), second.first_load), (0, false));
    assert_eq!(site.requests().len(), 12);
    clock.advance(Duration::from_secs(25 * 3600));
    let third = cert_in.poll(&second.cursor).await.unwrap();
    assert_eq!(ids(&third), ["CIVN-2026-0002"]);
    assert_eq!(third.items[0].id, first.items[3].id);
    // An edited page is another version of the same advisory.
    clock.advance(Duration::from_secs(25 * 3600));
    servlet.issue("CIVN-2026-0002", "CRITICAL", "A flaw, exploited.");
    let fourth = cert_in.poll(&third.cursor).await.unwrap();
    assert_eq!(ids(&fourth), ["CIVN-2026-0002"]);
    assert_ne!(fourth.items[0].id, first.items[3].id);
    assert_eq!(fourth.items[0].stated.severity, Some(Severity::Critical));

    // A new one, and one listed under another date.
    servlet.issue("CIVN-2026-0003", "low", "Less.");
    servlet.list(
        "VLNLIST02 2026",
        &[
            ("CIVN-2026-0003", "November 21, 2026"),
            ("CIVN-2026-0002", "November 19, 2026"),
            ("CIVN-2026-0001", "November 20, 2026"),
        ],
    );
    let fifth = cert_in.poll(&fourth.cursor).await.unwrap();
    assert_eq!(ids(&fifth), ["CIVN-2026-0001", "CIVN-2026-0003"]);
    assert_eq!(fifth.items[1].stated.severity, Some(Severity::Low));

    // A replay gives the same items.
    let again = cert_in.poll(&fourth.cursor).await.unwrap();
    let same = |polled: &Polled| polled.items.iter().map(|item| item.id).collect::<Vec<_>>();
    assert_eq!(same(&again), same(&fifth));
}

#[tokio::test]
async fn a_long_first_load_goes_step_by_step_the_newest_first() {
    let servlet = servlet();
    let notes: Vec<String> = (1..=30).map(|n| format!("CIVN-2026-{n:04}")).collect();
    let dates: Vec<String> = (1..=30).map(|n| format!("October {n:02}, 2026")).collect();
    let entries: Vec<(&str, &str)> = notes
        .iter()
        .zip(&dates)
        .map(|(id, date)| (id.as_str(), date.as_str()))
        .collect();
    servlet.list("VLNLIST02 2026", &entries);
    for id in &notes {
        servlet.issue(id, "MEDIUM", "x");
    }
    let site = servlet.serve().await;
    let (cert_in, _) = open(&site);
    let (mut cursor, mut seen, mut steps) = (Cursor::start(), Vec::new(), 0);
    loop {
        let polled = cert_in.poll(&cursor).await.unwrap();
        assert!(polled.first_load && polled.checkpoint);
        // In the store a cursor is JSON.
        cursor = serde_json::from_str(&serde_json::to_string(&polled.cursor).unwrap()).unwrap();
        seen.extend(ids(&polled).into_iter().map(str::to_owned));
        steps += 1;
        if !polled.more {
            assert_eq!(polled.progress.unwrap().done, 32);
            break;
        }
    }
    assert_eq!(steps, 3);
    assert_eq!(&seen[..2], ["CIVN-2026-0019", "CIVN-2026-0020"]);
    assert_eq!(seen.len(), 32);
    assert!(!cert_in.poll(&cursor).await.unwrap().first_load);
}

#[tokio::test]
async fn the_site_is_down_and_nothing_is_lost() {
    let servlet = servlet();
    let site = servlet.serve().await;
    let (cert_in, clock) = open(&site);
    let all = servlet.0.lock().unwrap().clone();
    // Pages fail half-way: what was read is kept, the failure is told at once after.
    servlet.set("CIVN-2026-0001", Reply::status(503));
    let first = cert_in.poll(&Cursor::start()).await.unwrap();
    assert_eq!(ids(&first), ["CIAD-2026-0001", "CIVN-2026-0002"]);
    assert!(first.more && first.first_load);
    let second = cert_in.poll(&first.cursor).await;
    assert!(
        matches!(
            second,
            Err(SourceError::Unreached(NetError::Passing { .. }))
        ),
        "{second:?}"
    );
    servlet.set(
        "CIVN-2026-0001",
        Reply::status(429).header("retry-after", "60"),
    );
    let third = cert_in.poll(&first.cursor).await;
    let wait = Duration::from_secs(60);
    assert!(
        matches!(third, Err(SourceError::Unreached(NetError::Wait { after, .. })) if after == wait),
        "{third:?}"
    );
    clock.advance(Duration::from_secs(61));
    servlet.set("CIVN-2026-0001", Reply::ok("<p>".repeat(5000)).truncated());
    assert!(matches!(
        cert_in.poll(&first.cursor).await,
        Err(SourceError::Unreached(NetError::Passing { .. }))
    ));
    *servlet.0.lock().unwrap() = all;
    let fourth = cert_in.poll(&first.cursor).await.unwrap();
    assert_eq!(ids(&fourth), ["CIVN-2025-0300", "CIVN-2026-0001"]);
    assert!(!fourth.more);

    // Lists that are pages of another kind.
    for what in ["VLNLIST02 2026", "PUBADVLIST02 2026"] {
        let before = servlet.0.lock().unwrap().clone();
        for broken in [
            Reply::ok(fixture("not-found.html")),
            Reply::ok("<h1>Maintenance</h1>"),
            Reply::ok(""),
        ] {
            servlet.set(what, broken);
            let result = cert_in.poll(&fourth.cursor).await;
            assert!(
                matches!(result, Err(SourceError::Nonsense(_))),
                "{result:?}"
            );
        }
        *servlet.0.lock().unwrap() = before;
    }
    assert_eq!(ids(&cert_in.poll(&fourth.cursor).await.unwrap()), [""; 0]);
}

#[tokio::test]
async fn a_page_that_is_none_costs_only_itself_and_is_tried_again() {
    let servlet = servlet();
    let site = servlet.serve().await;
    let (cert_in, _) = open(&site);
    servlet.set("CIVN-2026-0001", Reply::ok(fixture("not-found.html")));
    let first = cert_in.poll(&Cursor::start()).await.unwrap();
    assert_eq!(
        ids(&first),
        ["CIVN-2025-0300", "CIAD-2026-0001", "CIVN-2026-0002"]
    );
    assert_eq!(
        (first.problems[0].place.as_str(), first.more),
        ("CIVN-2026-0001", false)
    );
    let mut cursor = first.cursor;
    for _ in 0..4 {
        let polled = cert_in.poll(&cursor).await.unwrap();
        assert_eq!(polled.problems.len(), 1);
        cursor = polled.cursor;
    }
    // Tried five times it is left alone, until it is listed otherwise.
    let polled = cert_in.poll(&cursor).await.unwrap();
    assert_eq!((polled.problems.len(), polled.items.len()), (0, 0));
    servlet.issue("CIVN-2026-0001", "odd", "Now there.");
    servlet.list(
        "VLNLIST02 2026",
        &[
            ("CIVN-2026-0002", "November 19, 2026"),
            ("CIVN-2026-0001", "January 06, 2026"),
        ],
    );
    let polled = cert_in.poll(&cursor).await.unwrap();
    assert_eq!(ids(&polled), ["CIVN-2026-0001"]);
    assert_eq!(
        polled.problems[0].reason,
        "has no severity rating that can be read"
    );

    // All pages turned into something else: the site changed.
    for id in [
        "CIVN-2026-0002",
        "CIVN-2026-0001",
        "CIVN-2025-0300",
        "CIAD-2026-0001",
    ] {
        servlet.set(id, Reply::ok("<html><p>Welcome to our new site</html>"));
    }
    let result = cert_in.poll(&Cursor::start()).await;
    assert!(
        matches!(result, Err(SourceError::Nonsense(_))),
        "{result:?}"
    );
}

#[tokio::test]
async fn the_year_turns_in_india() {
    let servlet = Servlet::default();
    servlet.list("VLNLIST02 2026", &[("CIVN-2026-0400", "December 31, 2026")]);
    servlet.list("PUBADVLIST02 2026", &[]);
    for empty in ["VLNLIST02 2027", "PUBADVLIST02 2027"] {
        servlet.list(empty, &[]);
    }
    servlet.issue("CIVN-2026-0400", "LOW", "x");
    let site = servlet.serve().await;
    let (cert_in, clock) = open(&site);
    clock.set("2026-12-31T19:00:00Z".parse().unwrap());
    let polled = cert_in.poll(&Cursor::start()).await.unwrap();
    assert_eq!(ids(&polled), ["CIVN-2026-0400"]);
    assert_eq!(polled.problems, []);
}

#[test]
fn lists_are_read_whatever_their_classes() {
    let mut seen = String::new();
    for name in ["notes-2026.html", "advisories-2026.html"] {
        let parsed = parse_list(&fixture(name)).unwrap();
        for entry in parsed.entries {
            let date = entry.date.map(|date| date.to_string()).unwrap_or_default();
            seen.push_str(&format!("{} | {date} | {}\n", entry.id, entry.title));
        }
        for problem in parsed.problems {
            seen.push_str(&format!("! {}: {}\n", problem.place, problem.reason));
        }
    }
    expect![[r#"
        CIVN-2026-0002 | 2026-11-18T18:30:00Z | Multiple Vulnerabilities in Acme & Sons Gate
        CIVN-2026-0001 | 2026-01-04T18:30:00Z | Remote Code Execution in Beta Mail
        CIVN-2026-0003 |  | 
        ! CIVN-2026-0003: is listed without a date
        CIAD-2026-0001 | 2026-03-25T18:30:00Z | Securing Gates
    "#]]
    .assert_eq(&seen);
    assert!(parse_list(&fixture("not-found.html")).is_err());
}

#[test]
fn a_page_is_read_by_its_headings() {
    let (advisory, problems) = parse_advisory(&fixture("note.html"), "CIVN-2026-0002").unwrap();
    assert_eq!(problems, []);
    expect![[r#"
        Multiple Vulnerabilities in Acme & Sons Gate | Some(2026-11-18T18:30:00Z) | Some(High)
        Original Issue Date: November 19, 2026
        Severity Rating: HIGH

        Software Affected
        Acme Gate 4.6.0 to 4.6.8
        Acme Gate 4.4.0

        Overview
        Flaws in the product let an attacker cause a crash.

        Target Audience
        All organizations using it.

        Description
        The flaws are in a parser.
        Overview
        Solution is not yet known to all.

        Solution
        Apply the updates:
        https://acme.example/psirt/26-101

        CVE Name
        CVE-2026-40001
        CVE-2026-40002
    "#]]
    .assert_eq(&format!(
        "{} | {:?} | {:?}\n{}\n",
        advisory.title, advisory.issued, advisory.severity, advisory.text
    ));
    assert!(parse_advisory(&fixture("note.html"), "CIVN-2026-0001").is_err());
    assert!(parse_advisory(&fixture("note.html"), "CIVN-2026-0009").is_err());
    assert!(parse_advisory(&fixture("not-found.html"), "CIVN-2026-0002").is_err());
    assert!(parse_advisory("", "CIVN-2026-0002").is_err());
}

#[test]
fn the_recorded_pages_are_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples/certin");
    if !folder.is_dir() {
        println!("left out: {} is not there", folder.display());
        return;
    }
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let mut entries = Vec::new();
    for name in [
        "listing-vulnerability-notes-2026-fragment.html",
        "listing-advisories-2026-fragment.html",
    ] {
        let parsed = parse_list(&read(name)).unwrap();
        assert_eq!(parsed.problems, []);
        entries.extend(
            parsed
                .entries
                .into_iter()
                .map(|entry| format!("{} {} {}", entry.id, entry.date.unwrap(), entry.title)),
        );
    }
    assert_eq!(
        entries,
        [
            "CIVN-2026-0170 2026-04-01T18:30:00Z Multiple Vulnerabilities in Google Chrome for Desktop",
            "CIAD-2026-0015 2026-03-25T18:30:00Z Multiple Vulnerabilities in Apple Products",
        ]
    );
    let (note, problems) =
        parse_advisory(&read("note-CIVN-2026-0483.txt"), "CIVN-2026-0483").unwrap();
    assert_eq!(problems, []);
    assert_eq!(
        (note.title.as_str(), note.severity),
        (
            "Multiple Vulnerabilities in Wireshark",
            Some(Severity::High)
        )
    );
    assert_eq!(note.issued.unwrap().to_string(), "2026-09-28T18:30:00Z");
    assert_eq!(note.text.matches("CVE-2026-").count(), 19);
    assert!(
        note.text.contains("\nTarget Audience\nAll organizations") && !note.text.contains("as is"),
        "{}",
        note.text
    );
}
