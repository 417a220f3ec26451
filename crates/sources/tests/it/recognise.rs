//! What a document or an address is, told by looking.

use sources::preview::preview;
use sources::recognise::{Recognised, Setting, by_address, by_document};

fn kind(text: &str) -> String {
    match by_document(text.as_bytes(), None, "https://example.org/x/manifest.json") {
        Recognised::Kind(kind) => kind.kind.to_owned(),
        Recognised::Feeds(feeds) => format!(
            "page: {}",
            feeds
                .iter()
                .map(|feed| feed.url.as_str())
                .collect::<Vec<_>>()
                .join(" ")
        ),
        other => format!("{other:?}"),
    }
}

#[test]
fn documents_are_told_by_what_only_they_hold() {
    for (text, wanted) in [
        ("<rss><channel><title>A</title></channel></rss>", "feed"),
        (
            "<!-- <html> --><rss><channel><title>A</title></channel></rss>",
            "feed",
        ),
        (
            r#"{"version": "https://jsonfeed.org/version/1.1", "title": "A", "items": []}"#,
            "feed",
        ),
        (
            r#"{"catalogVersion": "2026", "vulnerabilities": []}"#,
            "cisa_kev",
        ),
        (
            r#"{"resultsPerPage": 0, "totalResults": 0, "vulnerabilities": []}"#,
            "nvd",
        ),
        (
            r#"{"document": {"csaf_version": "2.0"}, "vulnerabilities": []}"#,
            "csaf",
        ),
        (
            r#"{"canonical_url": "https://v.example/", "publisher": {}, "distributions": []}"#,
            "csaf",
        ),
        (
            r#"{"dataType": "CVE_RECORD", "cveMetadata": {"cveId": "CVE-2026-1"}}"#,
            "cve_list",
        ),
        (
            "#model_version:v2026,score_date:2026-11-20\ncve,epss,percentile\n",
            "epss",
        ),
        (r#"[{"ghsa_id": "GHSA-aaaa-bbbb-cccc"}]"#, "ghsa"),
        (
            r#"{"id": "OSV-1", "modified": "2026-01-01T00:00:00Z", "affected": []}"#,
            "osv",
        ),
        (r#"[{"Name": "A", "BreachDate": "2026-01-01"}]"#, "hibp"),
        (
            r#"[{"group_name": "g", "post_title": "t"}]"#,
            "ransomware_live",
        ),
        (
            r#"{"title": "A", "api_roots": ["https://t.example/api/"]}"#,
            "taxii",
        ),
        (
            r#"{"type": "bundle", "id": "bundle--1", "objects": []}"#,
            "taxii",
        ),
        (r#"{"Event": {"info": "A"}}"#, "misp_feed"),
        (
            r#"{"5a8d9f9e-5b3c-4b6c-8c3d-0a0b0c0d0e0f": {"info": "A", "timestamp": "1"}}"#,
            "misp_feed",
        ),
        (r#"{"kind": "Listing", "data": {"children": []}}"#, "reddit"),
        (
            r#"{"posts": [{"uri": "at://did/app.bsky.feed.post/1"}]}"#,
            "bluesky",
        ),
        (r#"{"data": [], "meta": {"result_count": 0}}"#, "x"),
        (
            r#"{"articles": [{"url": "https://a.example/", "seendate": "20261120T000000Z"}]}"#,
            "gdelt",
        ),
        (
            r#"[{"id": "1", "uri": "u", "content": "c", "account": {}}]"#,
            "mastodon",
        ),
        ("{\"title\": \"a\"}\n{\"title\": \"b\"}\n", "file"),
        (r#"{"rows": []}"#, "Json"),
        ("<html><body>Hello</body></html>", "Page"),
        (
            "<html><head><base href='/news/'><link rel='alternate' type='application/rss+xml' href='comments.xml'>\
             <link rel='ALTERNATE' type='application/atom+xml; charset=utf-8' href='all.xml'>\
             <link rel='alternate' type='text/html' href='en'><link rel='stylesheet' type='text/css' href='x'>",
            "page: https://example.org/news/all.xml https://example.org/news/comments.xml",
        ),
        ("nothing at all", "Unknown"),
        (
            r#"{"ghsaId": "GHSA-aaaa-bbbb-cccc", "vulnerabilities": []}"#,
            "ghsa",
        ),
        (
            r#"{"cve": {"id": "CVE-2026-1", "sourceIdentifier": "a@b.example"}}"#,
            "nvd",
        ),
        (
            "{\"document\": {\"csaf_version\": \"2.0\"}}\n-- \nsigned",
            "csaf",
        ),
        ("{broken", "file"),
        ("", "Unknown"),
        ("\0\u{fffd}[[[[", "Unknown"),
    ] {
        assert_eq!(kind(text), wanted, "{text}");
    }
}

#[test]
fn networks_are_told_by_their_addresses() {
    let told = |url: &str| {
        by_address(url).map(|kind| {
            let setting = kind.settings.first().map(|(key, value)| match value {
                Setting::Text(text) | Setting::List(text) => format!("{key}={text}"),
            });
            format!("{} {}", kind.kind, setting.unwrap_or_default())
        })
    };
    for (url, wanted) in [
        (
            "https://t.me/s/examplecert",
            Some("telegram_channel channel=examplecert"),
        ),
        (
            "https://t.me/examplecert",
            Some("telegram_channel channel=examplecert"),
        ),
        (
            "https://www.reddit.com/r/netsec/",
            Some("reddit subreddits=netsec"),
        ),
        ("https://taxii.example.org/taxii2/", Some("taxii ")),
        ("https://example.org/feed", None),
        ("https://t.me/s/a%20b", None),
        ("no address", None),
    ] {
        assert_eq!(told(url).as_deref(), wanted, "{url}");
    }
}

/// Every sample is told right and shown, or refused with a reason; nothing panics.
#[test]
fn every_sample_is_previewed_as_what_it_is() {
    let samples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples");
    let kinds = [
        ("bluesky", "file"),
        ("certin", "cert_in"),
        ("csaf", "csaf"),
        ("cve5", "cve_list"),
        ("epss", "epss"),
        ("gdelt", "gdelt"),
        ("ghsa", "ghsa"),
        ("hibp", "hibp"),
        ("kev", "cisa_kev"),
        ("mastodon", "mastodon"),
        ("misp", "misp_feed"),
        ("nvd", "nvd"),
        ("osv", "osv"),
        ("owasp", "owasp_top10"),
        ("ransomware", "ransomware_live"),
        ("reddit", "reddit"),
        ("stix-taxii", "taxii"),
        ("x", "x"),
    ];
    if !samples.is_dir() {
        println!("no samples beside the repository: nothing was tried");
        return;
    }
    let (mut right, mut others) = (0, Vec::new());
    for (folder, wanted) in kinds {
        for path in files(&samples.join(folder)) {
            let bytes = plain(&path);
            // Any kind in any document's place is refused, not a panic.
            for kind in sources::SourceConfig::KINDS {
                let _ = preview(&bytes, None, "", Some(kind));
            }
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let told = by_document(&bytes, None, "");
            match told {
                Recognised::Kind(kind) if kind.kind == wanted => {
                    right += 1;
                    if let Err(error) = preview(&bytes, None, "", None) {
                        others.push(format!("{name}: {error}"));
                    }
                }
                // Recordings of conversations, lists of names, schemas, source text.
                Recognised::Json | Recognised::Unknown | Recognised::Page => {}
                other => others.push(format!("{name}: {other:?}")),
            }
        }
    }
    assert!(right >= 85, "{right} documents are told");
    expect_test::expect![[r#"
        gocsaf-simple-directory-provider_provider-metadata.json: it is no CSAF document: it has no id
        gocsaf-simple-rolie-provider_provider-metadata.json: it is no CSAF document: it has no id
        gocsaf-simple-rolie-provider_white_white-feed.json: it is no CSAF document: it has no id
        vunnel-invalid-header.csv: this is no table of EPSS: it has no column `cve`
        kev-schema.json: Kind(Kind { kind: "file", settings: [] })
        manifest-digitalside-excerpt.json: this is the list of a MISP feed, of 7 events; preview its address to see them
    "#]]
    .assert_eq(&(others.join("\n") + "\n"));
}

fn plain(path: &std::path::Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap();
    if !bytes.starts_with(b"\x1f\x8b") {
        return bytes;
    }
    let mut whole = Vec::new();
    let mut packed = flate2::read::MultiGzDecoder::new(bytes.as_slice());
    std::io::Read::read_to_end(&mut packed, &mut whole).unwrap();
    whole
}

fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if std::fs::metadata(&path).unwrap().len() < 4_000_000 {
            found.push(path);
        }
    }
    found.sort();
    found
}
