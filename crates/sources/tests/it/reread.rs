//! Kept documents, read again: each kind gives from a document what its poll gave,
//! and nothing from one that only says what to read next.

use expect_test::{Expect, expect};
use model::{Document, SourceId, Timestamp};
use serde_json::{Value, json};
use sources::SourceConfig;

use crate::scene::{Scene, fixture};

const AT: &str = "2026-11-20T12:00:00Z";

/// What kinds give of documents: `kind: items + statements + categories`, or why
/// nothing.
async fn check(cases: &[(Value, &str, &str)], expected: Expect) {
    let scene = Scene::start().await;
    let mut lines = Vec::new();
    for (config, url, name) in cases {
        let kind = config["kind"].as_str().unwrap().to_owned();
        let config: SourceConfig = serde_json::from_value(config.clone()).unwrap();
        let source = config.open(SourceId::new("test").unwrap(), &scene.tools);
        let at: Timestamp = AT.parse().unwrap();
        let document = Document {
            url: (*url).to_owned(),
            content_type: None,
            bytes: fixture(name).into(),
        };
        lines.push(match source.reread(&document, at) {
            Ok(reread) => {
                assert!(reread.items.iter().all(|item| item.fetched == at), "{kind}");
                format!(
                    "{kind}: {} + {} + {}",
                    reread.items.len(),
                    reread.statements.len(),
                    reread.categories.len()
                )
            }
            Err(error) => format!("{kind}: {error}"),
        });
        // Hostile bytes give an error, nothing, or problems; never a panic.
        for bytes in [&b""[..], b"<", b"{", b"\xff\xfe\x00", b"[[[[", b"<html>"] {
            let broken = Document {
                bytes: bytes.to_vec().into(),
                ..document.clone()
            };
            if let Ok(reread) = source.reread(&broken, at) {
                assert!(reread.items.is_empty() && reread.statements.is_empty());
            }
        }
    }
    expected.assert_eq(&lines.join("\n"));
}

#[tokio::test]
async fn every_kind_reads_its_documents_again() {
    let a = "https://a.example";
    check(
        &[
            (json!({"kind": "feed", "url": a}), a, "feed/atom.xml"),
            (json!({"kind": "nvd"}), a, "nvd/page.json"),
            (
                json!({"kind": "cve_list"}),
                "https://a.example/2026/1xxx/CVE-2026-1000.json",
                "cve_list/records.json",
            ),
            (json!({"kind": "epss"}), a, "epss/scores.csv"),
            (
                json!({"kind": "ghsa"}),
                "https://a.example/advisories?type=reviewed",
                "ghsa/page.json",
            ),
            (
                json!({"kind": "osv"}),
                "https://a.example/npm/GHSA-2222-3333-4444.json",
                "osv/GHSA-2222-3333-4444.json",
            ),
            (
                json!({"kind": "csaf", "url": a}),
                "https://a.example/2026/acme-2026-7.json",
                "csaf/acme-2026-7.json",
            ),
            (json!({"kind": "cisa_kev"}), a, "cisa_kev/catalogue.json"),
            (
                json!({"kind": "owasp_top10"}),
                "https://owasp.example/Top10/2025/A01_2025-Broken_Access_Control/",
                "owasp_top10/A01_2025.html",
            ),
            (
                json!({"kind": "cert_in"}),
                "https://a.example/s2cMainServlet?pageid=PUBVLNOTES01&VLCODE=CIVN-2026-0002",
                "cert_in/note.html",
            ),
            (
                json!({"kind": "gdelt", "query": "ransomware"}),
                a,
                "gdelt/articles.json",
            ),
            (
                json!({"kind": "news_search", "query": "ransomware"}),
                a,
                "news_search/search.xml",
            ),
            (
                json!({"kind": "page", "url": a, "item": "ul.news > li", "title": "h3", "link": "h3 a"}),
                a,
                "page/list.html",
            ),
            (
                json!({"kind": "file", "path": "/nowhere"}),
                "notes.xml",
                "feed/atom.xml",
            ),
            (
                json!({"kind": "ransomware_live"}),
                a,
                "ransomware_live/recent.json",
            ),
            (json!({"kind": "hibp"}), a, "hibp/breaches.json"),
            (
                json!({"kind": "json", "url": a, "items": "/result/list", "item_id": "/ref", "title": "/head/en"}),
                a,
                "json/advisories.json",
            ),
            (
                json!({"kind": "misp_feed", "url": a}),
                "https://a.example/5f0c7d3e-0000-4000-8000-000000000001.json",
                "misp_feed/event.json",
            ),
            (
                json!({"kind": "taxii", "url": a}),
                "https://a.example/api/collections/1/objects/",
                "taxii/envelope.json",
            ),
            (
                json!({"kind": "x", "query": "ransomware"}),
                a,
                "x/page.json",
            ),
            (
                json!({"kind": "bluesky", "query": "ransomware"}),
                a,
                "bluesky/search.json",
            ),
            (
                json!({"kind": "telegram_channel", "channel": "threats"}),
                a,
                "telegram_channel/channel.html",
            ),
            (
                json!({"kind": "mastodon", "url": a, "tags": ["infosec"]}),
                "https://a.example/api/v1/timelines/tag/infosec",
                "mastodon/tag.json",
            ),
            (
                json!({"kind": "reddit", "subreddits": ["netsec"]}),
                a,
                "reddit/new.json",
            ),
            (
                json!({"kind": "reddit", "subreddits": ["netsec"]}),
                a,
                "reddit/new.rss",
            ),
        ],
        expect![[r#"
            feed: 3 + 0 + 0
            nvd: 0 + 5 + 0
            cve_list: 0 + 3 + 0
            epss: 0 + 5 + 0
            ghsa: 2 + 2 + 0
            osv: 0 + 1 + 0
            csaf: 1 + 1 + 0
            cisa_kev: 0 + 3 + 0
            owasp_top10: 1 + 0 + 1
            cert_in: 1 + 0 + 0
            gdelt: 3 + 0 + 0
            news_search: 4 + 0 + 0
            page: 4 + 0 + 0
            file: 3 + 0 + 0
            ransomware_live: 5 + 0 + 0
            hibp: 4 + 0 + 0
            json: 3 + 0 + 0
            misp_feed: 1 + 0 + 0
            taxii: 3 + 0 + 0
            x: 3 + 0 + 0
            bluesky: 2 + 0 + 0
            telegram_channel: 2 + 0 + 0
            mastodon: 2 + 0 + 0
            reddit: 3 + 0 + 0
            reddit: 2 + 0 + 0"#]],
    )
    .await;
}

#[tokio::test]
async fn what_only_says_what_to_read_gives_nothing_by_itself() {
    let a = "https://a.example";
    check(
        &[
            (
                json!({"kind": "cve_list"}),
                "https://a.example/deltaLog.json",
                "nvd/page.json",
            ),
            (
                json!({"kind": "osv"}),
                "https://a.example/npm/modified_id.csv",
                "epss/scores.csv",
            ),
            (
                json!({"kind": "csaf", "url": a}),
                "https://a.example/changes.csv",
                "epss/scores.csv",
            ),
            (
                json!({"kind": "csaf", "url": a}),
                "https://a.example/acme.json.sha256",
                "epss/scores.csv",
            ),
            (
                json!({"kind": "owasp_top10"}),
                "https://owasp.example/Top10/",
                "owasp_top10/index-2025.html",
            ),
            (
                json!({"kind": "owasp_top10"}),
                "https://owasp.example/Top10/",
                "owasp_top10/stub.html",
            ),
            (
                json!({"kind": "cert_in"}),
                "https://a.example/s2cMainServlet?pageid=VLNLIST02&year=2026",
                "cert_in/notes-2026.html",
            ),
            (
                json!({"kind": "misp_feed", "url": a}),
                "https://a.example/manifest.json",
                "misp_feed/event.json",
            ),
            (
                json!({"kind": "taxii", "url": a}),
                "https://a.example/taxii2/",
                "taxii/envelope.json",
            ),
            (
                json!({"kind": "mastodon", "url": a, "tags": ["infosec"]}),
                "https://a.example/api/v1/accounts/lookup?acct=x",
                "mastodon/tag.json",
            ),
        ],
        expect![[r#"
            cve_list: 0 + 0 + 0
            osv: 0 + 0 + 0
            csaf: 0 + 0 + 0
            csaf: 0 + 0 + 0
            owasp_top10: 0 + 0 + 0
            owasp_top10: 0 + 0 + 0
            cert_in: 0 + 0 + 0
            misp_feed: 0 + 0 + 0
            taxii: 0 + 0 + 0
            mastodon: 0 + 0 + 0"#]],
    )
    .await;
}

#[tokio::test]
async fn another_document_is_refused_by_name() {
    let a = "https://a.example";
    check(
        &[
            (json!({"kind": "feed", "url": a}), a, "page/list.html"),
            (json!({"kind": "nvd"}), a, "page/list.html"),
            (json!({"kind": "csaf", "url": a}), a, "page/list.html"),
            (json!({"kind": "cisa_kev"}), a, "page/list.html"),
        ],
        expect![[r#"
            feed: the document is a web page, not a feed
            nvd: this is not a page of records: expected value at line 1 column 1
            csaf: the provider answered with a web page, not with data
            cisa_kev: this is not CISA's catalogue: expected value at line 1 column 1"#]],
    )
    .await;
}
