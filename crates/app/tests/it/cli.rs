//! The command line as a user and a script meet it.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

pub(crate) struct Folder(pub(crate) tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> &Self {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_prahari"));
        command
            .args(arguments)
            .current_dir(self.0.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin");
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(arguments);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

pub(crate) const LINES: &str = r#"{"title":"Acme confirms data breach","text":"Records of 40,000 customers in Mumbai were taken.","url":"https://example.org/1","published":"2026-11-20T10:00:00Z"}
this line is no JSON
{"title":"साइबर हमले के बाद अस्पताल बंद","text":"केरल के अस्पताल पर रैंसमवेयर हमला हुआ।","url":"https://example.org/2","published":"2026-11-20T11:00:00Z"}
"#;

#[test]
fn an_item_without_a_title_is_known_by_its_first_words() {
    let folder = Folder::new();
    let post = "We have breached Orvelle Cements. 300 GB of data taken, servers encrypted at Pune; pay or we publish.";
    folder.write("prahari.toml", "catalogue = false\n").write(
        "items.jsonl",
        &format!("{{\"text\":\"{post}\",\"url\":\"https://example.org/1\"}}\n"),
    );
    folder.json(&["ingest", "items.jsonl", "--json"]);
    let list = folder.json(&["incident", "list", "--json"]);
    let id = list["incidents"][0]["id"].as_str().unwrap();
    let shown = folder.run(&["incident", "show", id]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    let (_, items) = shown.split_once("Items").unwrap();
    assert!(
        items.contains(
            "We have breached Orvelle Cements. 300 GB of data taken, servers encrypted at Pun…"
        ),
        "{shown}"
    );
}

#[test]
fn a_folder_of_documents_is_read_listed_shown_and_searched() {
    let folder = Folder::new();
    folder
        .write("prahari.toml", "catalogue = false\n")
        .write("items.jsonl", LINES);
    let summary = folder.json(&["ingest", "items.jsonl", "--json"]);
    assert_eq!(summary["sources"][0]["new_items"], 2, "{summary}");
    assert_eq!(summary["sources"][0]["problems"], 1);
    assert_eq!(summary["placed"], 2);
    let list = folder.json(&["incident", "list", "--json"]);
    assert_eq!(list["total"], 2, "{list}");
    let id = list["incidents"][0]["id"].as_str().unwrap();
    let shown = folder.run(&["incident", "show", id]);
    assert!(shown.status.success());
    assert!(String::from_utf8_lossy(&shown.stdout).contains("Why"));
    let found = folder.json(&["search", "customers", "Mumbai", "--json"]);
    assert_eq!(found["incidents"][0]["title"], "Acme confirms data breach");
    let found = folder.json(&["search", "अस्पताल", "--json"]);
    assert_eq!(found["total"], 1);
    let again = folder.json(&["ingest", "items.jsonl", "--json"]);
    assert_eq!(
        again["sources"][0]["new_items"], 0,
        "an unchanged file brings nothing new"
    );
}

#[test]
fn documents_can_come_by_standard_input() {
    let folder = Folder::new();
    folder.write("prahari.toml", "catalogue = false\n");
    let mut child = folder
        .command(&["ingest", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(LINES.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["sources"][0]["new_items"], 2, "{summary}");
}

#[test]
fn exit_codes_tell_scripts_what_happened() {
    let folder = Folder::new();
    folder.write("prahari.toml", "catalogue = false\n");
    let code = |arguments: &[&str]| folder.run(arguments).status.code();
    assert_eq!(code(&["init-db"]), Some(0));
    assert_eq!(code(&["check"]), Some(0));
    assert_eq!(
        code(&["incident", "show", "01936000-0000-7000-8000-000000000001"]),
        Some(1)
    );
    assert_eq!(code(&["ingest", "missing.xml"]), Some(1));
    assert_eq!(code(&["notify", "test"]), Some(1));
    assert_eq!(code(&["frobnicate"]), Some(2));
    folder.write("prahari.toml", "catalouge = false\n");
    assert_eq!(code(&["check"]), Some(2));
    assert_eq!(code(&["ingest"]), Some(2));
    let said = String::from_utf8(folder.run(&["ingest"]).stderr).unwrap();
    assert!(
        said.contains("prahari.toml:1: unknown key `catalouge`; did you mean `catalogue`?"),
        "{said}"
    );
}

#[test]
fn a_wrong_folder_is_told_and_not_an_empty_answer() {
    let folder = Folder::new();
    folder.write("prahari.toml", "catalogue = false\n");
    for looks in [
        &["incident", "list"][..],
        &["search", "kev:true"],
        &["rule", "test", "kev:true"],
        &["vulnerability", "CVE-2026-1234"],
        &["feedback", "list"],
        &["notify", "dead"],
        &["prune", "--dry-run"],
        &["models", "list"],
        &["evaluate"],
        &["train"],
    ] {
        let output = folder.run(looks);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{looks:?}");
        assert!(
            said.contains("there is no database data"),
            "{looks:?}: {said}"
        );
    }
    let doctor = folder.run(&["doctor"]);
    let said = String::from_utf8(doctor.stdout).unwrap();
    assert_eq!(doctor.status.code(), Some(1));
    assert!(said.contains("there is no database data"), "{said}");
    assert!(!folder.0.path().join("data").exists());
}

#[test]
fn what_could_not_be_read_is_named() {
    let folder = Folder::new();
    folder.write("prahari.toml", "catalogue = false\n");
    folder.write("items.jsonl", "{\"title\": \"A\"}\nnot json\n");
    let output = folder.run(&["ingest", "items.jsonl"]);
    let said = String::from_utf8(output.stdout).unwrap();
    let found = "1 new item, 1 entry could not be read: items.jsonl: line 2: not JSON";
    assert!(said.contains(found), "{said}");
    let output = folder.run(&["evaluate", "--task", "types"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said.trim_end(), "Types: nobody has said anything of it yet");
    let output = folder.run(&["sources", "preview", "ftp://example.org/x"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("only http and https are read"), "{said}");
    let output = folder.run(&["vulnerability", "CVE-2026-49999"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("no source has spoken of CVE-2026-49999"),
        "{said}"
    );
    folder.write(
        "told.jsonl",
        "{\"title\": \"Attackers exploit CVE-2026-49999 in Acme VPN\", \"text\": \"Attackers exploit it.\"}\n",
    );
    assert!(folder.run(&["ingest", "told.jsonl"]).status.success());
    let output = folder.run(&["vulnerability", "CVE-2026-49999"]);
    let said = String::from_utf8(output.stderr).unwrap();
    let found = "no source has a record of CVE-2026-49999 yet; 1 incident names it: prahari search cve:CVE-2026-49999";
    assert!(said.contains(found), "{said}");
}

#[test]
fn what_only_the_news_says_of_a_cve_is_kept_with_who_said_it() {
    let folder = Folder::new();
    folder.write(
        "told.jsonl",
        "{\"title\": \"Attackers exploit a flaw in FortiOS\", \"date\": \"2026-11-02T06:30:00Z\", \"text\": \"Attackers exploit CVE-2026-70001, an authentication bypass in FortiOS 7.2.0 through 7.2.4.\"}\n",
    );
    assert!(folder.run(&["ingest", "told.jsonl"]).status.success());
    let output = folder.run(&["vulnerability", "CVE-2026-70001"]);
    let said = String::from_utf8(output.stdout).unwrap();
    for part in [
        "Attack classes\n  Authentication bypass\n",
        "Affected, as we read it\n  fortinet FortiOS >= 7.2.0 <= 7.2.4",
        "Said by",
        "02 Nov 2026 12:00  file",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    for (query, found) in [
        ("product:FortiOS version:7.2.3", true),
        ("product:FortiOS version:7.2.5", false),
        ("attack_class:authentication_bypass", true),
        ("class:sqli", false),
    ] {
        let output = folder.run(&["search", query]);
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(said.contains("flaw in FortiOS"), found, "{query}: {said}");
    }
}

#[test]
fn check_states_what_is_assumed_and_shows_no_secret() {
    let folder = Folder::new();
    folder.write(".env", "EMAIL_USER=soc@gmail.com\nEMAIL_PASS=hunter2\nSLACK_TOKEN=xoxb-hush\nTELEGRAM_TOKEN=1:hush\n");
    let output = folder.run(&["check"]);
    let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    for part in [
        "smtp.gmail.com",
        "mail goes to soc@gmail.com",
        "#security",
        "/start",
        "127.0.0.1:8000",
        "rule urgent",
    ] {
        assert!(said.contains(part), "{part} is missing in:\n{said}");
    }
    assert!(
        !said.contains("hunter2") && !said.contains("hush"),
        "{said}"
    );
}

#[test]
fn a_document_can_be_previewed_without_storing_anything() {
    let folder = Folder::new();
    folder.write("prahari.toml", "catalogue = false\n").write(
        "feed.xml",
        "<rss version='2.0'><channel><title>News</title><item><title>Acme &amp; Bolt</title>\
         <link>https://example.org/1</link><pubDate>Fri, 20 Nov 2026 10:00:00 +0530</pubDate></item></channel></rss>",
    );
    let preview = folder.json(&["sources", "preview", "feed.xml", "--kind", "feed", "--json"]);
    assert_eq!(
        (preview["kind"].as_str(), preview["title"].as_str()),
        (Some("feed"), Some("News"))
    );
    let item = &preview["items"][0];
    assert_eq!(item["title"], "Acme & Bolt");
    assert_eq!(item["published"], "2026-11-20T04:30:00Z");
    assert!(item["author"].is_null() && item["updated"].is_null());
    assert_eq!(preview["problems"], serde_json::json!([]));
    assert!(!folder.0.path().join("data").exists());
}

#[test]
fn sources_are_listed_checked_and_polled() {
    let folder = Folder::new();
    folder.write("items.jsonl", LINES).write(
        "prahari.toml",
        "catalogue = false\n[[sources]]\nid = \"inbox\"\nkind = \"file\"\npath = \"items.jsonl\"\n\
         [[sources]]\nid = \"gone\"\nkind = \"file\"\npath = \"gone.jsonl\"\n",
    );
    let output = folder.run(&["sources", "check", "--json"]);
    assert_eq!(output.status.code(), Some(3), "one of two fails");
    let verdicts: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (
            verdicts[0]["items"].as_u64(),
            verdicts[0]["problems"].as_u64()
        ),
        (Some(2), Some(1))
    );
    assert!(
        verdicts[1]["error"]
            .as_str()
            .unwrap()
            .contains("gone.jsonl")
    );
    let polled = folder.json(&["sources", "poll", "inbox", "--json"]);
    assert_eq!(polled["new_items"], 2);
    let list = folder.json(&["sources", "list", "--json"]);
    assert!(
        list[0]["last_success"].is_string() && list[1]["last_success"].is_null(),
        "{list}"
    );
}

const DOCUMENTS: &str = r#"{"id":"a","title":"Acme confirms data breach","text":"Records  of 40,000 customers in Mumbai were taken, says\nAcme. CVE-2026-1234 was used.","date":"2026-11-20"}
{"id":2,"text":"Ten life hacks for your kitchen that you did not know about","date":"2026-11-20T10:00:00"}

{"id":"c","title":"CVE-2026-1234 in Acme Gate exploited","text":"Attackers exploit CVE-2026-1234.","date":"2026-11-21T10:00:00Z"}
"#;

#[test]
fn analyses_never_take_the_place_of_what_is_read() {
    let folder = Folder::new();
    folder
        .write("prahari.toml", "catalogue = false\n")
        .write("docs.jsonl", DOCUMENTS);
    let path = folder.0.path().join("docs.jsonl");
    std::os::unix::fs::symlink(&path, folder.0.path().join("link.jsonl")).unwrap();
    for output in ["docs.jsonl", "./docs.jsonl", "link.jsonl"] {
        let refused = folder.run(&["analyse", "--input", "docs.jsonl", "--output", output]);
        assert!(!refused.status.success(), "{output}");
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(said.contains(output), "{said}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), DOCUMENTS);
    }
}

#[test]
fn documents_are_analysed_in_order_with_exact_places() {
    let folder = Folder::new();
    folder
        .write("prahari.toml", "catalogue = false\n")
        .write("docs.jsonl", DOCUMENTS);
    let output = folder.run(&["analyse", "--input", "docs.jsonl", "--output", "out.jsonl"]);
    assert!(output.status.success(), "{output:?}");
    let out = std::fs::read_to_string(folder.0.path().join("out.jsonl")).unwrap();
    let results: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(results.len(), 3);
    assert_eq!(
        (&results[0]["id"], &results[1]["id"]),
        (&"a".into(), &2.into())
    );
    assert_eq!(results[0]["label"], "incident");
    assert_eq!(results[0]["countries"][0], "IN");
    assert_eq!(results[1]["relevant"], false);
    assert_eq!(results[1]["story"], Value::Null);
    assert!(results[0]["story"].is_string());
    assert_eq!(
        results[0]["story"], results[2]["story"],
        "one CVE is one story"
    );
    // The text has two blanks and a line break that cleaning folds away.
    let text: Vec<char> =
        "Records  of 40,000 customers in Mumbai were taken, says\nAcme. CVE-2026-1234 was used."
            .chars()
            .collect();
    let named = results[0]["entities"].as_array().unwrap();
    assert!(
        named.iter().any(|one| one["kind"] == "vulnerability"),
        "{named:?}"
    );
    for one in named.iter().filter(|one| one["field"] == "text") {
        let at = |key: &str| usize::try_from(one[key].as_u64().unwrap()).unwrap();
        let slice: String = text[at("start")..at("end")].iter().collect();
        assert_eq!(one["text"], slice.as_str());
    }
    let keys: Vec<&str> = results[0]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        [
            "countries",
            "entities",
            "id",
            "label",
            "reasons",
            "relevance",
            "relevant",
            "sectors",
            "severity",
            "severity_score",
            "story",
            "types"
        ]
    );
}

#[test]
fn named_things_are_written_in_the_terms_of_the_field() {
    let folder = Folder::new();
    folder
        .write(
            "prahari.toml",
            "catalogue = false\n[watch]\nkeywords = [\"gateway\"]\n",
        )
        .write(
            "docs.jsonl",
            r#"{"id":1,"title":"Infosys hit by ransomware, FBI says","text":"LockBit used CVE-2024-3400 (CWE-77) and T1190 in the gateway at Pune, from 203.0.113.7 and evil@bad[.]example, the attackers wrote."}"#,
        );
    let output = folder.run(&["analyse", "--input", "docs.jsonl"]);
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let told: Vec<String> = said["entities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let text = |key: &str| one[key].as_str().unwrap_or("-").to_owned();
            let keys = ["kind", "name", "role", "indicator"];
            keys.map(text).join(" ")
        })
        .collect();
    expect_test::expect![[r#"
        organisation Infosys victim -
        organisation FBI other -
        malware LockBit - -
        vulnerability CVE-2024-3400 - -
        weakness CWE-77 - -
        technique T1190 - -
        place Pune - -
        indicator 203.0.113.7 - ip
        indicator evil@bad.example - email"#]]
    .assert_eq(&told.join("\n"));
}

#[test]
fn a_line_that_is_no_document_costs_only_itself() {
    let folder = Folder::new();
    folder.write("prahari.toml", "catalogue = false\n");
    let mut child = folder
        .command(&["analyse"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"\xef\xbb\xbf{\"id\":1,\"text\":\"Acme was hacked\"}\nnonsense\n{\"text\":\"no id\"}\n{\"id\":3,\"text\":\"x\",\"date\":\"soon\"}\n{\"id\":4}\n")
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let told = String::from_utf8(output.stderr).unwrap();
    for line in [
        "line 2:",
        "line 3: missing field `id`",
        "line 4: `soon` is no date",
    ] {
        assert!(told.contains(line), "{told}");
    }
    let ids: Vec<Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].clone())
        .collect();
    assert_eq!(ids, [1, 4]);
}

const PACK: &str = r#"
id = "zorvia"
name = "Zorvia"
country = "ZW"
subdivision = "county"
[[sources]]
what = "invented"
licence = "MIT"
[subdivisions]
N = { name = "North", gazetteer = "07", signs = ["North Zorvia"] }
"#;

#[test]
fn another_country_can_be_home() {
    let folder = Folder::new();
    folder
        .write("pack/pack.toml", PACK)
        .write(
            "towns.csv",
            "name,population,admin1,country\nZorvexpur,200000,07,ZW\nParis,2000000,11,FR\n",
        )
        .write(
            "prahari.toml",
            "catalogue = false\n[region]\nhome = \"zorvia\"\npacks = [\"pack\"]\n",
        );
    let built = folder.run(&[
        "region",
        "build",
        "--gazetteer",
        "towns.csv",
        "--output",
        "pack",
    ]);
    assert!(built.status.success(), "{built:?}");
    let names = std::fs::read_to_string(folder.0.path().join("pack/names.tsv")).unwrap();
    assert!(names.ends_with("\ncity\tZorvexpur\tN\n"), "{names}");

    folder.write(
        "docs.jsonl",
        "{\"id\":1,\"title\":\"Clinic in Zorvexpur hit by ransomware\",\"text\":\"\"}\n",
    );
    let output = folder.run(&["analyse", "--input", "docs.jsonl"]);
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["countries"], serde_json::json!(["ZW"]));
    let list = folder.run(&["region", "list", "--json"]);
    let list: Value = serde_json::from_slice(&list.stdout).unwrap();
    let states: Vec<&str> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|pack| pack["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["home", "shipped", "shipped"]);

    // A pack of its own can be begun from the list alone.
    let begin = [
        "region",
        "build",
        "--gazetteer",
        "towns.csv",
        "--output",
        "new",
    ];
    assert_eq!(folder.run(&begin).status.code(), Some(1));
    let begun = folder.run(&[&begin[..], &["--country", "ZW", "--name", "New Zorvia"]].concat());
    assert!(begun.status.success(), "{begun:?}");
    assert!(folder.run(&["region", "check", "new"]).status.success());
}

#[test]
fn a_wrong_pack_stops_the_start_and_says_why() {
    let folder = Folder::new();
    folder
        .write(
            "pack/pack.toml",
            &PACK.replace("[subdivisions]", "[terms]\nzorvian = 2.0\n[subdivisions]"),
        )
        .write("pack/names.tsv", "city\tZorvexpur\tQ\n")
        .write(
            "prahari.toml",
            "catalogue = false\n[region]\nhome = \"atlantis\"\npacks = [\"pack\", \"missing\"]\n",
        );
    let output = folder.run(&["check"]);
    assert!(!output.status.success());
    let told = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    for mistake in [
        "prahari.toml, [region]: packs: pack: pack.toml, [terms]: 2 of `zorvian` is not from 0 to 1",
        "packs: pack: names.tsv, line 1: no subdivision has the code `Q`",
        "packs: missing/pack.toml:",
        "home: no pack has the id `atlantis`; shipped are india, singapore",
    ] {
        assert!(told.contains(mistake), "{told}");
    }
    assert_eq!(
        folder.run(&["region", "check", "pack"]).status.code(),
        Some(1)
    );
}

#[test]
fn an_incident_is_handled_from_the_command_line() {
    let folder = Folder::new();
    folder.write("prahari.toml", "catalogue = false\n").write(
        "items.jsonl",
        r#"{"title":"Acme VPN exploited: CVE-2026-1234","text":"Attackers use CVE-2026-1234 in ransomware attacks.","url":"https://one.example/1","published":"2026-11-20T10:00:00Z"}
{"title":"CVE-2026-1234 lets attackers into Bolt gateways","text":"Hackers used the flaw to breach Bolt.","url":"https://two.example/2","published":"2026-11-20T11:00:00Z"}
"#,
    );
    folder.json(&["ingest", "items.jsonl", "--json"]);
    let list = folder.json(&["incident", "list", "--json"]);
    assert_eq!(list["total"], 1, "{list}");
    let id = list["incidents"][0]["id"].as_str().unwrap();
    let full = folder.json(&["incident", "show", id, "--json"]);
    let item = full["timeline"][0]["id"].as_str().unwrap();
    let parts = folder.json(&["incident", "split", id, item, "--by", "Asha", "--json"]);
    let opened = parts[1]["id"].as_str().unwrap();
    folder.json(&["incident", "status", opened, "watching", "--json"]);
    folder.json(&["incident", "assign", opened, "Ravi Kumar", "--json"]);
    folder.json(&["incident", "tag", opened, "vpn", "Bolt", "--json"]);
    folder.json(&[
        "incident",
        "note",
        opened,
        "call them",
        "--by",
        "Asha",
        "--json",
    ]);
    let similar = folder.json(&["incident", "similar", opened, "--json"]);
    assert_eq!(similar["incidents"][0]["incident"]["id"], id, "{similar}");
    let code = |arguments: &[&str]| folder.run(arguments).status.code();
    assert_eq!(
        code(&["incident", "status", opened, "new", "--revision", "1"]),
        Some(1)
    );
    assert_eq!(code(&["incident", "tag", opened, "a,b"]), Some(2));
    assert_eq!(code(&["incident", "assign", opened]), Some(2));
    assert_eq!(code(&["incident", "split", id, item]), Some(1));
    let shown = folder.run(&["incident", "show", opened]);
    let shown = String::from_utf8_lossy(&shown.stdout);
    for line in [
        "watching · Ravi Kumar #bolt #vpn",
        "Asha: call them",
        "command: status: new → watching",
        "Asha: split from “Acme VPN exploited: CVE-2026-1234”",
    ] {
        assert!(shown.contains(line), "{line}\n{shown}");
    }
    let merged = folder.json(&["incident", "merge", opened, id, "--json"]);
    assert_eq!(merged[0]["items"], 2);
    let led = folder.json(&["incident", "show", opened, "--json"]);
    assert_eq!(
        (&led["id"], &led["notes"][0]["text"]),
        (&id.into(), &"call them".into())
    );
    let out = folder.json(&["incident", "not-same", id, item, "--json"]);
    assert_eq!(out.as_array().unwrap().len(), 2);
}

#[test]
fn a_query_is_asked_and_a_rule_is_tried() {
    let folder = Folder::new();
    folder
        .write(
            "prahari.toml",
            "catalogue = false\n[[rules]]\nid = \"mine\"\nquery = \"customers -type:ddos\"\n",
        )
        .write("items.jsonl", LINES);
    folder.json(&["ingest", "items.jsonl", "--json"]);
    let found = folder.json(&[
        "search",
        "--json",
        "region:IN",
        "(customers",
        "OR",
        "nothing)",
    ]);
    assert_eq!(found["total"], 1, "{found}");
    let none = folder.json(&["search", "--json", "customers before:2026-11-01"]);
    assert_eq!(none["total"], 0, "{none}");

    let nobodys = folder.json(&["search", "-assignee:* customers", "--json"]);
    assert_eq!(nobodys["total"], 1, "{nobodys}");

    let wrong = folder.run(&["search", "region:IN severty:high"]);
    assert_eq!(wrong.status.code(), Some(2));
    let said = String::from_utf8_lossy(&wrong.stderr);
    assert!(said.contains("did you mean `severity`?"), "{said}");
    assert!(said.contains("            ^^^^^^^"), "{said}");

    let rules = folder.json(&["rule", "list", "--json"]);
    assert_eq!(rules[1]["query"], "customers NOT type:ddos", "{rules}");
    let tried = folder.json(&["rule", "test", "mine", "--days", "3650", "--json"]);
    assert_eq!(tried["incidents"], 1, "{tried}");
    assert_eq!(
        tried["latest"][0]["reason"],
        "“customers” stands in it, and not (the type is DDoS)"
    );

    folder.write(
        "prahari.toml",
        "catalogue = false\n[[rules]]\nid = \"mine\"\nquery = \"type:ransomwear\"\n",
    );
    let checked = folder.run(&["check"]);
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&checked.stdout),
        String::from_utf8_lossy(&checked.stderr)
    );
    assert!(
        said.contains("rules[0].query: character 6: there is no type"),
        "{said}"
    );
}
