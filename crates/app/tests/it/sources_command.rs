//! `prahari sources`: adding, removing, switching, importing and previewing.

use std::io::Write;

use serde_json::Value;
use testkit::site::{FakeSite, Reply};

use crate::cli::{Folder, LINES};

const FEED: &str = "<rss version='2.0'><channel><title>Cyber News</title><item><title>Acme breached</title>\
     <link>https://example.org/1</link><pubDate>Fri, 20 Nov 2026 10:00:00 +0530</pubDate></item></channel></rss>";

/// A site with a feed and a page that names it, and a folder that may reach it.
async fn folder_and_site() -> (Folder, FakeSite) {
    let site = FakeSite::start().await;
    site.serve(
        "/feed.xml",
        Reply::ok(FEED).content_type("application/rss+xml"),
    );
    site.serve(
        "/",
        Reply::ok(
            "<!doctype html><html><head><link rel='alternate' type='application/rss+xml' href='/comments.xml' title='Comments'>\
             <link rel='alternate' type='application/rss+xml' href='/feed.xml' title='News'></head><body>Hello</body></html>",
        )
        .content_type("text/html"),
    );
    let folder = Folder::new();
    folder.write(
        "prahari.toml",
        "catalogue = false\n[net]\nallow = [\"127.0.0.1\"]\nhost_interval_seconds = 0\n\
         [[sources]]\nid = \"inbox\"\nkind = \"file\"\npath = \"items.jsonl\"\n",
    );
    (folder, site)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_found_by_its_page_added_switched_and_removed() {
    let (folder, site) = folder_and_site().await;
    let page = site.url("/");
    let added = folder.json(&["sources", "add", &page, "--yes", "--json"]);
    assert_eq!(added["id"], "cyber-news", "{added}");
    assert_eq!(added["kind"], "feed");
    assert_eq!(added["url"], site.url("/feed.xml"));
    assert!(
        added["found"].as_str().unwrap().contains("names the feed"),
        "{added}"
    );
    assert_eq!(added["items"], 1);

    let list = folder.json(&["sources", "list", "--json"]);
    let origins: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["origin"].clone())
        .collect();
    assert_eq!(origins, ["file", "added"]);
    let poll = folder.json(&["sources", "poll", "cyber-news", "--json"]);
    assert_eq!(poll["new_items"], 1);

    let off = folder.json(&["sources", "disable", "inbox", "cyber-news", "--json"]);
    assert_eq!(off[0]["changed"], true, "{off}");
    let list = folder.json(&["sources", "list", "--json"]);
    assert!(
        list.as_array()
            .unwrap()
            .iter()
            .all(|it| it["enabled"] == false),
        "{list}"
    );
    let again = folder.json(&["sources", "disable", "inbox", "--json"]);
    assert_eq!(again[0]["changed"], false);
    folder.json(&["sources", "enable", "inbox", "--json"]);

    let gone = folder.json(&["sources", "remove", "inbox", "cyber-news", "--json"]);
    assert_eq!(gone[0]["outcome"], "switched_off", "{gone}");
    assert_eq!(gone[1]["outcome"], "removed");
    let list = folder.json(&["sources", "list", "--json"]);
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!(list[0]["enabled"], false);
    // What it gave stays.
    assert_eq!(folder.json(&["search", "Acme", "--json"])["total"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_there_already_is_refused_by_its_name() {
    let (folder, site) = folder_and_site().await;
    let feed = site.url("/feed.xml");
    folder.json(&["sources", "add", &feed, "--id", "news", "--yes", "--json"]);
    let said = |arguments: &[&str]| {
        let output = folder.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let twin = format!("{feed}?utm_source=reader");
    let taken = said(&["sources", "add", &twin, "--yes"]);
    assert!(
        taken.contains("`news`") && taken.contains("added by hand) reads the same already"),
        "{taken}"
    );
    let same_id = said(&["sources", "add", &site.url("/"), "--id", "inbox", "--yes"]);
    assert!(
        same_id.contains("`inbox`") && same_id.contains("choose another id"),
        "{same_id}"
    );
    let misspelt = said(&["sources", "disable", "nwes"]);
    assert!(misspelt.contains("did you mean `news`?"), "{misspelt}");
    let misspelt = said(&[
        "sources",
        "add",
        &feed,
        "--kind",
        "feed",
        "--id",
        "two",
        "--set",
        "user_agnt=x",
        "--yes",
    ]);
    assert!(
        misspelt.contains("did you mean `user_agent`?"),
        "{misspelt}"
    );
    let nothing = said(&["sources", "add", &site.url("/nothing"), "--yes"]);
    assert!(nothing.contains("404"), "{nothing}");
}

#[test]
fn secrets_are_not_taken_on_the_command_line() {
    let folder = Folder::new();
    folder.write("prahari.toml", "catalogue = false\n");
    let output = folder.run(&[
        "sources",
        "add",
        "https://api.x.com/2",
        "--kind",
        "x",
        "--id",
        "mine",
        "--no-check",
        "--set",
        "query=ransomware",
        "--set",
        "bearer_token=hunter2",
    ]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    for way in [
        "PRAHARI_SOURCES__MINE__BEARER_TOKEN",
        "X_BEARER_TOKEN",
        "bearer_token_file",
    ] {
        assert!(said.contains(way), "{way} is missing in: {said}");
    }
    assert!(!said.contains("hunter2"), "{said}");
    let output = folder.run(&[
        "sources",
        "add",
        "https://u:hunter2@example.org/f",
        "--kind",
        "feed",
        "--no-check",
    ]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("login") && !said.contains("hunter2"),
        "{said}"
    );
    assert_eq!(
        folder.json(&["sources", "list", "--json"]),
        serde_json::json!([])
    );
}

#[test]
fn a_list_of_feeds_is_imported_once_and_a_broken_entry_costs_itself() {
    let folder = Folder::new();
    folder.write("prahari.toml", "catalogue = false\n").write(
        "feeds.opml",
        "<opml version='2.0'><body><outline text='India'>\
         <outline type='rss' text='One' xmlUrl='https://one.example/feed'/>\
         <outline type='rss' text='One' xmlUrl='https://two.example/feed'/></outline>\
         <outline type='rss' text='Login' xmlUrl='https://u:p@three.example/feed'/></body></opml>",
    );
    let run = |arguments: &[&str]| {
        let output = folder.run(arguments);
        let done: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), done)
    };
    let (code, tried) = run(&["sources", "import", "feeds.opml", "--dry-run", "--json"]);
    assert_eq!(code, Some(3), "{tried}");
    assert_eq!(
        tried["added"],
        serde_json::json!(["one-india", "one-india-2"])
    );
    assert_eq!(
        folder.json(&["sources", "list", "--json"]),
        serde_json::json!([])
    );
    let (_, done) = run(&["sources", "import", "feeds.opml", "--off", "--json"]);
    assert_eq!(done["added"], tried["added"]);
    assert_eq!(
        (done["duplicates"].as_u64(), done["failed"].as_u64()),
        (Some(0), Some(1))
    );
    let (_, again) = run(&["sources", "import", "feeds.opml", "--json"]);
    assert_eq!(
        (
            again["duplicates"].as_u64(),
            again["added"].as_array().unwrap().len()
        ),
        (Some(2), 0)
    );
    let list = folder.json(&["sources", "list", "--json"]);
    assert_eq!(list[0]["name"], "One (India)");
    assert_eq!(list[0]["enabled"], false);
    let exported = folder.run(&["sources", "export"]);
    assert!(String::from_utf8_lossy(&exported.stdout).contains("https://two.example/feed"));
}

#[test]
fn check_says_where_each_source_was_set() {
    let folder = Folder::new();
    folder.write(
        ".env",
        "X_BEARER_TOKEN=hush-hush\nPRAHARI_SOURCES__NVD__INTERVAL=4h\n",
    );
    folder.json(&["sources", "disable", "epss", "--json"]);
    let check = folder.run(&["check"]);
    let said = String::from_utf8(check.stdout).unwrap();
    for part in [
        "X_BEARER_TOKEN is set: the source `x-india` is switched on",
        "source x-india (x, catalogue) is on: X_BEARER_TOKEN",
        "source nvd (nvd, catalogue) is on: PRAHARI_SOURCES__NVD__INTERVAL",
        "source epss (epss, catalogue) is off: switched off by command",
    ] {
        assert!(said.contains(part), "{part} is missing in:\n{said}");
    }
    assert!(!said.contains("hush"), "{said}");
    folder.write(".env", "PRAHARI_SOURCES__NWD__INTERVAL=4h\n");
    let check = folder.run(&["check"]);
    assert_eq!(check.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&check.stdout).contains("there is no source of this name"));
}

#[test]
fn a_configured_source_and_a_packed_file_can_be_previewed() {
    let folder = Folder::new();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(FEED.as_bytes()).unwrap();
    std::fs::write(
        folder.0.path().join("feed.xml.gz"),
        packed.finish().unwrap(),
    )
    .unwrap();
    folder.write("items.jsonl", LINES).write(
        "prahari.toml",
        "catalogue = false\n[[sources]]\nid = \"inbox\"\nkind = \"file\"\npath = \"items.jsonl\"\nenabled = false\n",
    );
    let packed = folder.json(&["sources", "preview", "feed.xml.gz", "--json"]);
    assert_eq!(packed["title"], "Cyber News");
    let inbox = folder.json(&["sources", "preview", "inbox", "--json"]);
    assert_eq!(inbox["kind"], "file");
    assert_eq!(inbox["items"].as_array().unwrap().len(), 2, "{inbox}");
    folder.write(
        "answer.json",
        "{\"data\": {\"rows\": [{\"headline\": \"Acme breached\", \"id\": 7}]}}",
    );
    let json = folder.json(&[
        "sources",
        "preview",
        "answer.json",
        "--kind",
        "json",
        "--set",
        "items=/data/rows",
        "--set",
        "title=/headline",
        "--set",
        "item_id=/id",
        "--json",
    ]);
    assert_eq!(json["items"][0]["title"], "Acme breached");
    assert!(!folder.0.path().join("data").exists());
}
