//! Every document lent to us for trying things, through every reader: the one it
//! is meant for, which is held by the tests of its kind, and all the others, which
//! must refuse it or read it, and never panic.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use model::Timestamp;
use serde_json::Value;
use sources::page::{Config as PageConfig, Css};

use crate::scene::name;

/// Other readers than its own get only so much of a document: JSON breaks off
/// there, which is a document, too.
const BEGINNING: usize = 16 * 1024;

/// Every file of the samples, unpacked.
fn documents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(documents(&path));
            continue;
        }
        let mut bytes = fs::read(&path).unwrap();
        if bytes.starts_with(b"\x1f\x8b") {
            let mut whole = Vec::new();
            let mut reader = flate2::read::MultiGzDecoder::new(bytes.as_slice());
            reader.read_to_end(&mut whole).unwrap();
            bytes = whole;
        }
        found.push((path, bytes));
    }
    found.sort();
    found
}

/// How many of all readers made something of a document.
fn read_by_all(bytes: &[u8]) -> usize {
    let (source, at, url) = (name(), Timestamp::UNIX_EPOCH, "https://a.example/b/");
    let text = String::from_utf8_lossy(bytes);
    let page = PageConfig::new(url, Css::try_from("li, tr, article".to_owned()).unwrap());
    let pointers: sources::json::Config =
        serde_json::from_value(serde_json::json!({ "url": url })).unwrap();
    let json: Result<Value, _> = serde_json::from_slice(bytes);
    let read = [
        sources::feed::parse(bytes, None, url).is_ok(),
        !sources::nvd::parse(bytes, &source).1.entries.is_empty(),
        !sources::cve_list::parse(bytes, &source).entries.is_empty(),
        sources::epss::parse(bytes, &source).is_ok(),
        sources::ghsa::parse(bytes, &source, false, at).is_ok(),
        sources::osv::parse(bytes, &source, at).is_ok(),
        sources::csaf::parse(bytes, &source, url, at).is_ok(),
        !sources::cisa_kev::parse(bytes, &source)
            .1
            .entries
            .is_empty(),
        sources::owasp_top10::parse_index(&text, url).is_ok(),
        sources::cert_in::parse_list(&text).is_ok(),
        sources::cert_in::parse_advisory(&text, "CIVN-2026-0001").is_ok(),
        sources::gdelt::parse(bytes, None).is_ok(),
        sources::news_search::parse(bytes, None, url, "en").is_ok(),
        sources::page::parse(&text, url, &page).is_ok(),
        sources::ransomware_live::parse(bytes).is_ok(),
        sources::hibp::parse(bytes).is_ok(),
        json.is_ok_and(|json| sources::json::parse(&json, url, &pointers).is_ok()),
        sources::misp_feed::parse(bytes).is_ok(),
        sources::misp_feed::manifest(bytes).is_ok(),
        sources::taxii::parse(bytes).is_ok(),
        sources::x::parse(bytes).is_ok(),
        sources::bluesky::parse(bytes).is_ok(),
        sources::telegram_channel::parse(bytes, None, "examplecert").is_ok(),
        sources::mastodon::parse(bytes, "a.example").is_ok(),
        sources::reddit::parse(bytes).is_ok(),
        !sources::opml::import(bytes).entries.is_empty(),
        sources::preview::preview(bytes, None, url, None).is_ok(),
    ];
    read.into_iter().filter(|read| *read).count()
}

#[test]
fn no_sample_makes_any_reader_panic() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples");
    let documents = documents(&folder);
    if documents.is_empty() {
        println!("left out: {} is not there", folder.display());
        return;
    }
    let (mut whole, mut parts) = (0, 0);
    for (path, bytes) in &documents {
        // Whole through the reader that it chooses itself …
        let url = "https://a.example/";
        whole += usize::from(sources::preview::preview(bytes, None, url, None).is_ok());
        // … and its beginning through all of them.
        let beginning = bytes.get(..BEGINNING).unwrap_or(bytes);
        let readers = read_by_all(beginning);
        assert!(readers < 12, "{}: read by {readers}", path.display());
        parts += readers;
    }
    println!(
        "{} documents, {whole} of them with a preview; {parts} readings of something",
        documents.len()
    );
    assert!(whole > 100, "{whole}");
}
