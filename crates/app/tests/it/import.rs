//! `prahari import` as a user meets it: every format from generated files, broken
//! off and run again, with archives that mean harm; and nothing is ever sent.

use std::io::{Cursor, Write};
use std::path::Path;
use std::process::{Command, Output};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use testkit::slack::FakeSlack;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("prahari.toml", b"catalogue = false\n");
        folder
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_prahari"));
        command
            .args(arguments)
            .current_dir(self.0.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin");
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// The summary, and the exit code.
    #[track_caller]
    fn import(&self, arguments: &[&str]) -> (Value, i32) {
        let all = [&["import", "--json"], arguments].concat();
        let output = self.run(&all);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let summary = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{said}"));
        (summary, output.status.code().unwrap())
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::default());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn zip(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let options = SimpleFileOptions::default();
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn nvd_record(cve: &str) -> Value {
    json!({"cve": {
        "id": cve, "sourceIdentifier": "psirt@acme.example", "vulnStatus": "Analyzed",
        "published": "2026-11-01T10:00:00.000", "lastModified": "2026-11-02T10:00:00.000",
        "descriptions": [{"lang": "en", "value": format!("{cve} is a flaw of Acme Gate.")}],
        "references": [{"url": format!("https://acme.example/{cve}"), "source": "psirt@acme.example"}],
    }})
}

/// A yearly file of so many records.
fn nvd_feed(year: u32, count: u32) -> Vec<u8> {
    let records: Vec<Value> = (0..count)
        .map(|number| nvd_record(&format!("CVE-{year}-{}", 1000 + number)))
        .collect();
    let feed = json!({"resultsPerPage": count, "startIndex": 0, "totalResults": count,
        "format": "NVD_CVE", "version": "2.0", "vulnerabilities": records});
    serde_json::to_vec(&feed).unwrap()
}

fn cve_record(cve: &str) -> Vec<u8> {
    let record = json!({"dataType": "CVE_RECORD", "dataVersion": "5.2",
        "cveMetadata": {"cveId": cve, "state": "PUBLISHED", "assignerShortName": "acme",
            "datePublished": "2026-11-03T10:15:00.123Z", "dateUpdated": "2026-11-05T06:30:00.000Z"},
        "containers": {"cna": {"providerMetadata": {"shortName": "acme"}, "title": "A flaw of Acme Gate",
            "descriptions": [{"lang": "en", "value": "A flaw."}],
            "affected": [{"vendor": "Acme", "product": "Gate"}], "references": []}}});
    serde_json::to_vec(&record).unwrap()
}

fn osv_record(id: &str, cve: Option<&str>) -> Vec<u8> {
    let record = json!({"schema_version": "1.7.0", "id": id, "modified": "2026-11-20T10:00:00Z",
        "published": "2026-11-03T12:00:00Z", "aliases": cve.into_iter().collect::<Vec<_>>(),
        "summary": format!("{id}: a flaw of acme-gate"), "details": "The console runs what it is given.",
        "affected": [{"package": {"ecosystem": "PyPI", "name": "acme-gate"}, "versions": ["1.0"]}]});
    serde_json::to_vec(&record).unwrap()
}

const EPSS: &str = "#model_version:v2026.03.14,score_date:2026-11-20T12:55:00+0000\n\
    cve,epss,percentile\nCVE-2026-1000,0.01328,0.85996\nno row at all\nCVE-2026-1001,0.94321,0.99912\n";

const LINES: &str = "{\"title\":\"Acme confirms data breach\",\"text\":\"Records of 40,000 customers were stolen in a ransomware attack.\",\"url\":\"https://example.org/1\",\"published\":\"2026-11-20T10:00:00Z\"}\n\
    this line is no JSON\n\
    {\"title\":\"Borealis hit by ransomware\",\"url\":\"https://example.org/2\",\"published\":\"2026-11-20T11:00:00Z\"}\n";

fn kev_catalogue() -> Vec<u8> {
    let entry = |cve: &str| {
        json!({"cveID": cve, "vendorProject": "Acme", "product": "Gate", "dateAdded": "2026-11-20",
            "vulnerabilityName": "Acme Gate Command Injection Vulnerability", "dueDate": "2026-12-11",
            "shortDescription": "Acme Gate runs what it is given.", "requiredAction": "Update.",
            "knownRansomwareCampaignUse": "Known", "notes": "https://acme.example/psirt", "cwes": ["CWE-78"]})
    };
    let catalogue = json!({"catalogVersion": "2026.11.20", "count": 2,
        "vulnerabilities": [entry("CVE-2026-1000"), entry("CVE-2026-1001")]});
    serde_json::to_vec(&catalogue).unwrap()
}

/// The numbers of a summary that matter here.
fn counts(summary: &Value) -> Vec<u64> {
    [
        "files",
        "statements",
        "new_vulnerabilities",
        "new_items",
        "left_out",
        "problems",
    ]
    .iter()
    .map(|name| summary[*name].as_u64().unwrap())
    .collect()
}

#[tokio::test]
async fn every_format_is_loaded_whatever_it_is_packed_in_and_nothing_is_sent() {
    let slack = FakeSlack::start().await;
    let folder = Folder::new();
    let settings = format!(
        r##"
        catalogue = false
        [net]
        allow = ["127.0.0.1"]
        host_interval_seconds = 0
        [alerting]
        group_wait_seconds = 0
        [[channels]]
        id = "slack"
        kind = "slack"
        token = "{}"
        channel = "#soc"
        api_url = "{}"
        [[rules]]
        id = "all"
        "##,
        slack.token(),
        slack.api_url(),
    );
    folder.write("prahari.toml", settings.as_bytes());
    folder.write("nvd/nvdcve-2.0-2024.json", &nvd_feed(2024, 3));
    folder.write(
        "nvd/deeper/nvdcve-2.0-2025.json.gz",
        &gzip(&nvd_feed(2025, 2)),
    );
    folder.write(
        "nvd/more.zip",
        &zip(&[("nvdcve-2.0-2026.json", nvd_feed(2026, 4))]),
    );
    folder.write("nvd/readme.txt", b"not of this format");
    let inner = zip(&[
        (
            "cves/2026/1xxx/CVE-2026-1000.json",
            cve_record("CVE-2026-1000"),
        ),
        (
            "cves/2026/1xxx/CVE-2026-1001.json",
            b"{\"cveMetadata\":".to_vec(),
        ),
        (
            "cves/2026/2xxx/CVE-2026-2000.json",
            cve_record("CVE-2026-2000"),
        ),
        ("cves/delta.json", b"{\"new\":[]}".to_vec()),
    ]);
    folder.write("all.zip.zip", &zip(&[("cves.zip", inner)]));
    folder.write("list/2026/CVE-2026-2001.json", &cve_record("CVE-2026-2001"));
    folder.write("kev.json.gz", &gzip(&kev_catalogue()));
    folder.write("epss.csv.gz", &gzip(EPSS.as_bytes()));
    folder.write("epss.csv", EPSS.as_bytes());
    folder.write(
        "ghsa.zip",
        &zip(&[
            (
                "advisories/GHSA-2222-3333-4444.json",
                osv_record("GHSA-2222-3333-4444", Some("CVE-2026-3000")),
            ),
            (
                "advisories/GHSA-2222-3333-5555.json",
                osv_record("GHSA-2222-3333-5555", None),
            ),
        ]),
    );
    folder.write(
        "page.json",
        &serde_json::to_vec(&json!([{"ghsa_id": "GHSA-2222-3333-6666", "cve_id": "CVE-2026-3001",
            "summary": "a flaw", "severity": "high", "updated_at": "2026-11-20T10:00:00Z"}, {"no": "id"}]))
        .unwrap(),
    );
    folder.write(
        "osv.zip",
        &zip(&[
            (
                "PYSEC-2026-1.json",
                osv_record("PYSEC-2026-1", Some("CVE-2026-4000")),
            ),
            ("MAL-2026-1.json", osv_record("MAL-2026-1", None)),
        ]),
    );
    folder.write("items.jsonl", LINES.as_bytes());
    let mut wrong = Vec::new();
    let mut check = |arguments: &[&str], code: i32, wanted: [u64; 6]| {
        let (summary, given) = folder.import(arguments);
        if counts(&summary) != wanted || code != given {
            wrong.push(format!("{arguments:?}: {given} {summary}"));
        }
    };
    //                                                  files, statements, new CVEs, new items, left out, problems
    check(&["nvd", "nvd"], 0, [3, 9, 9, 0, 0, 0]);
    check(&["cve-list", "all.zip.zip", "list"], 0, [2, 3, 2, 0, 0, 1]);
    // Two of them are listed as exploited, and become items.
    check(&["kev", "kev.json.gz"], 0, [1, 2, 0, 2, 0, 0]);
    // The same table, packed and plain: the second time nothing is new in it.
    check(&["epss", "epss.csv.gz", "epss.csv"], 0, [2, 4, 0, 0, 0, 2]);
    check(&["ghsa", "ghsa.zip", "page.json"], 0, [2, 2, 2, 1, 0, 1]);
    check(&["osv", "osv.zip"], 0, [1, 1, 1, 0, 1, 0]);
    // What was left out is asked for.
    check(
        &["osv", "osv.zip", "--malware", "--again"],
        0,
        [1, 1, 0, 1, 0, 0],
    );
    check(&["jsonl", "items.jsonl"], 0, [1, 0, 0, 2, 0, 1]);
    assert!(wrong.is_empty(), "{wrong:#?}");
    let pass = folder.run(&["ingest", "--json"]);
    let pass: Value = serde_json::from_slice(&pass.stdout).unwrap();
    assert_eq!(pass["vulnerabilities"], 14, "{pass}");
    assert!(pass["incidents"].as_u64().unwrap() >= 3, "{pass}");
    assert_eq!(pass["deliveries_sent"], 0, "{pass}");
    assert_eq!(slack.messages(), Vec::<Value>::new());
}

#[test]
fn an_import_goes_on_where_it_was_broken_off() {
    let folder = Folder::new();
    folder.write("feeds/a.json", &nvd_feed(2024, 2_500));
    let mut torn = gzip(&nvd_feed(2025, 3_000));
    let whole = torn.clone();
    torn.truncate(torn.len() * 2 / 3);
    folder.write("feeds/b.json.gz", &torn);
    folder.write("feeds/c.json", &nvd_feed(2026, 10));
    let (first, code) = folder.import(&["nvd", "feeds"]);
    assert_eq!(code, 3, "{first}");
    assert_eq!(
        (first["files"].as_u64(), first["failed_files"].as_u64()),
        (Some(2), Some(1))
    );
    let kept = first["statements"].as_u64().unwrap();
    assert!(
        kept > 2_510 && kept < 5_510,
        "what came before the tear is kept: {kept}"
    );
    let place = first["first_problems"][0]["place"].as_str().unwrap();
    assert_eq!(place, "feeds/b.json.gz: file");

    let (same, code) = folder.import(&["nvd", "feeds"]);
    assert_eq!(
        (code, same["skipped_files"].as_u64()),
        (3, Some(2)),
        "{same}"
    );
    assert_eq!(same["new_vulnerabilities"], 0);
    assert_eq!(same["changed_vulnerabilities"], 0);

    folder.write("feeds/b.json.gz", &whole);
    let (second, code) = folder.import(&["nvd", "feeds"]);
    assert_eq!((code, second["files"].as_u64()), (0, Some(1)), "{second}");
    assert_eq!(second["statements"], 3_000);
    assert_eq!(second["new_vulnerabilities"], 5_510 - kept);
    // A file that was renamed is the same file.
    std::fs::rename(
        folder.0.path().join("feeds/a.json"),
        folder.0.path().join("feeds/z.json"),
    )
    .unwrap();
    let (third, _) = folder.import(&["nvd", "feeds"]);
    assert_eq!(
        (
            third["skipped_files"].as_u64(),
            third["statements"].as_u64()
        ),
        (Some(3), Some(0))
    );
    let (again, code) = folder.import(&["nvd", "feeds", "--again"]);
    assert_eq!((code, again["statements"].as_u64()), (0, Some(5_510)));
    assert_eq!(
        (
            again["new_vulnerabilities"].as_u64(),
            again["changed_vulnerabilities"].as_u64()
        ),
        (Some(0), Some(0))
    );
}

#[test]
fn a_killed_import_has_kept_what_was_written_and_goes_on() {
    let folder = Folder::new();
    folder.write("feeds/a.json", &nvd_feed(2024, 2_500));
    folder.write("feeds/b.json", &nvd_feed(2025, 4_500));
    // The second part holds the end of the first file and the beginning of the second.
    let killed = folder
        .command(&["import", "nvd", "feeds"])
        .env("PRAHARI_STOP_AT", "collect.committed:2")
        .output()
        .unwrap();
    assert_eq!(killed.status.code(), None, "it was to be killed");
    let (summary, code) = folder.import(&["nvd", "feeds"]);
    assert_eq!(code, 0, "{summary}");
    assert_eq!(summary["skipped_files"], 1, "{summary}");
    assert_eq!(summary["statements"], 4_500, "{summary}");
    assert_eq!(summary["new_vulnerabilities"], 7_000 - 4_000, "{summary}");
    let pass = folder.run(&["ingest", "--json"]);
    let pass: Value = serde_json::from_slice(&pass.stdout).unwrap();
    assert_eq!(pass["vulnerabilities"], 7_000, "{pass}");
}

#[test]
fn a_malformed_record_costs_only_itself_and_is_named() {
    let folder = Folder::new();
    let feed = json!({"vulnerabilities": [
        nvd_record("CVE-2026-1000"), 7, {"cve": {"id": "CVE-26-1"}}, {"other": true}, nvd_record("CVE-2026-1001"),
    ]});
    folder.write("feed.json", &serde_json::to_vec(&feed).unwrap());
    let (summary, code) = folder.import(&["nvd", "feed.json"]);
    assert_eq!(
        (code, counts(&summary)),
        (0, vec![1, 2, 2, 0, 0, 3]),
        "{summary}"
    );
    let places: Vec<&str> = summary["first_problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| problem["place"].as_str().unwrap())
        .collect();
    assert_eq!(
        places,
        [
            "feed.json: record 2",
            "feed.json: record 3",
            "feed.json: record 4"
        ]
    );
}

#[test]
fn what_is_not_there_or_not_of_the_format_is_said() {
    let folder = Folder::new();
    folder.write("page.html", b"<html>Access denied</html>");
    folder.write("empty/readme.txt", b"nothing");
    folder.write("good.json", &nvd_feed(2026, 1));
    for path in ["missing.json", "page.html", "empty"] {
        let (summary, code) = folder.import(&["nvd", path]);
        assert_eq!(
            (code, summary["failed_files"].as_u64()),
            (1, Some(1)),
            "{path}: {summary}"
        );
        let (summary, code) = folder.import(&["nvd", path, "good.json", "--again"]);
        assert_eq!(
            (code, summary["statements"].as_u64()),
            (3, Some(1)),
            "{path}: {summary}"
        );
    }
    for format in ["kev", "epss", "cve-list", "ghsa", "osv", "jsonl"] {
        let (summary, code) = folder.import(&[format, "page.html"]);
        assert_eq!(
            (code, summary["statements"].as_u64()),
            (1, Some(0)),
            "{format}: {summary}"
        );
    }
    assert_eq!(folder.run(&["import", "nvd"]).status.code(), Some(2));
    let shown = folder.run(&["import", "nvd", "missing.json"]);
    assert!(String::from_utf8_lossy(&shown.stderr).contains("missing.json"));
}

#[test]
fn archives_that_mean_harm_do_none() {
    let folder = Folder::new();
    // Names that lead out: read as documents, written nowhere.
    let names = [
        "../../CVE-2026-1000.json",
        "/etc/CVE-2026-1001.json",
        "C:\\x\\CVE-2026-1002.json",
    ];
    let files: Vec<(&str, Vec<u8>)> = names
        .iter()
        .zip(1000..)
        .map(|(name, number)| (*name, cve_record(&format!("CVE-2026-{number}"))))
        .collect();
    folder.write("deep/down/names.zip", &zip(&files));
    let before = listed(folder.0.path());
    let (summary, code) = folder.import(&["cve-list", "deep/down/names.zip"]);
    assert_eq!(
        (code, summary["statements"].as_u64()),
        (0, Some(3)),
        "{summary}"
    );
    let after: Vec<String> = listed(folder.0.path())
        .into_iter()
        .filter(|name| !before.contains(name) && name != "data")
        .collect();
    assert_eq!(after, Vec::<String>::new());

    // 80 MB of blanks, then a record, in 80 kB: unpacked so far and no further.
    let mut blanks = vec![b' '; 80 << 20];
    blanks.extend(cve_record("CVE-2026-2000"));
    let bomb = zip(&[("CVE-2026-2000.json", blanks.clone())]);
    assert!(bomb.len() < 200_000);
    folder.write("bomb.zip", &bomb);
    folder.write("bomb.json.gz", &gzip(&blanks));
    // A string without an end: longer than any record.
    let endless = format!("[{{\"id\":\"{}\"}},", "x".repeat(20 << 20));
    let endless = [endless.as_bytes(), &cve_record("CVE-2026-3000"), b"]"].concat();
    folder.write("endless.zip", &zip(&[("CVE-2026-3000.json", endless)]));
    // Three zips in one another.
    let nested = zip(&[("CVE-2026-4000.json", cve_record("CVE-2026-4000"))]);
    let nested = zip(&[("b.zip", zip(&[("a.zip", nested)]))]);
    folder.write("nested.zip", &nested);
    // A list of files that is cut off.
    folder.write("cut.zip", &bomb[..bomb.len() - 30]);
    for (name, statements, says) in [
        ("bomb.zip", 0, "more than 100 times"),
        ("bomb.json.gz", 0, "more than 100 times"),
        ("endless.zip", 1, "too long"),
        ("nested.zip", 0, "too deep"),
        ("cut.zip", 0, "list of files"),
    ] {
        let (summary, _) = folder.import(&["cve-list", name]);
        assert_eq!(summary["statements"], statements, "{name}: {summary}");
        let reason = summary["first_problems"][0]["reason"].as_str().unwrap();
        assert!(reason.contains(says), "{name}: {reason}");
    }
}

fn listed(folder: &Path) -> Vec<String> {
    let parent = folder.parent().unwrap();
    [folder, &folder.join("deep"), &folder.join("deep/down")]
        .into_iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .chain(
            parent
                .join("CVE-2026-1000.json")
                .exists()
                .then(|| "escaped".to_owned()),
        )
        .collect()
}
