//! Real documents, when they are there: `../shared/samples` beside the checkout.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn samples(kind: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/samples")
        .join(kind);
    if path.is_dir() {
        return Some(path);
    }
    println!("no samples at {}: nothing was tried", path.display());
    None
}

fn prahari(folder: &Path, arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_prahari"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(
        output.status.code().is_some_and(|code| code != 101),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr)))
}

#[tokio::test]
async fn every_sample_feed_goes_through_the_whole_flow() {
    let Some(feeds) = samples("feeds") else {
        return;
    };
    let site = testkit::site::FakeSite::start().await;
    let mut settings =
        "catalogue = false\n[net]\nallow = [\"127.0.0.1\"]\nhost_interval_seconds = 0\n".to_owned();
    let mut count = 0;
    for entry in std::fs::read_dir(feeds).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.ends_with(".tsv") {
            continue;
        }
        let bytes = plain(&path);
        count += 1;
        let at = format!("/{count}");
        site.serve(
            &at,
            testkit::site::Reply::ok(bytes).content_type("text/html"),
        );
        settings.push_str(&format!(
            "[[sources]]\nid = \"f{count}\"\nname = \"{name}\"\nkind = \"feed\"\nurl = \"{}\"\n",
            site.url(&at)
        ));
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("prahari.toml"), settings).unwrap();
    let path = folder.path().to_owned();
    let summary = tokio::task::spawn_blocking(move || prahari(&path, &["ingest", "--json"]))
        .await
        .unwrap();
    let sources = summary["sources"].as_array().unwrap();
    assert_eq!(sources.len(), count);
    let items: u64 = sources
        .iter()
        .map(|source| source["new_items"].as_u64().unwrap())
        .sum();
    let failed: Vec<&Value> = sources
        .iter()
        .filter(|source| !source["error"].is_null())
        .collect();
    println!(
        "{count} documents, {items} items, {} placed, failed: {failed:?}",
        summary["placed"]
    );
    assert!(items > 2_000, "{items}");
    // How many of them give everything is judged document by document in `sources`.
    assert!(failed.len() <= 2, "{failed:#?}");
    assert_eq!(summary["placed"].as_u64(), Some(items));
}

#[tokio::test]
async fn every_cve_of_the_samples_is_stored_with_score_status_and_reason() {
    let (Some(nvd), Some(kev)) = (samples("nvd"), samples("kev")) else {
        return;
    };
    let site = testkit::site::FakeSite::start().await;
    let catalogue = plain(&kev.join("kev-2025-08-25.json.gz"));
    site.serve("/kev.json", testkit::site::Reply::ok(&catalogue));
    let folder = tempfile::tempdir().unwrap();
    let settings = format!(
        "catalogue = false\n[net]\nallow = [\"127.0.0.1\"]\n\
         [[sources]]\nid = \"kev\"\nkind = \"cisa_kev\"\nurl = \"{}\"\n\
         [[sources]]\nid = \"nvd\"\nkind = \"file\"\npath = \"{}\"\n",
        site.url("/kev.json"),
        nvd.display(),
    );
    std::fs::write(folder.path().join("prahari.toml"), settings).unwrap();
    let path = folder.path().to_owned();
    let summary = tokio::task::spawn_blocking(move || prahari(&path, &["ingest", "--json"]))
        .await
        .unwrap();
    println!("{summary}");

    let mut scored = std::collections::BTreeMap::new();
    for entry in std::fs::read_dir(nvd).unwrap() {
        let page: Value = serde_json::from_slice(&plain(&entry.unwrap().path())).unwrap();
        for record in page["vulnerabilities"].as_array().into_iter().flatten() {
            let cve: model::CveId = record["cve"]["id"].as_str().unwrap().parse().unwrap();
            let metrics = record["cve"]["metrics"]
                .as_object()
                .is_some_and(|metrics| !metrics.is_empty());
            *scored.entry(cve).or_insert(false) |= metrics;
        }
    }
    let listed: Value = serde_json::from_slice(&catalogue).unwrap();
    let listed: Vec<model::CveId> = listed["vulnerabilities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["cveID"].as_str().unwrap().parse().unwrap())
        .collect();
    println!(
        "{} CVEs in NVD's samples, {} in KEV's",
        scored.len(),
        listed.len()
    );

    let database = folder.path().join("data/prahari.db");
    let store = store::open(
        database.into(),
        std::sync::Arc::new(model::milestone::PassBy),
    )
    .await
    .unwrap();
    for (cve, has_score) in scored {
        let known = store
            .vulnerabilities(std::slice::from_ref(&cve))
            .await
            .unwrap();
        assert_eq!(known.len(), 1, "{cve} is not stored");
        assert!(
            !has_score || known[0].severity.is_some(),
            "{cve} lost its score"
        );
    }
    for cve in listed {
        let known = store
            .vulnerabilities(std::slice::from_ref(&cve))
            .await
            .unwrap();
        let severity = known[0].severity.as_ref().unwrap();
        assert!(
            severity.score >= 7.0 && severity.reason.text.contains("KEV"),
            "{cve}: {severity:?}"
        );
    }
}

/// The document, unpacked.
fn plain(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap();
    if path.extension().is_none_or(|kind| kind != "gz") {
        return bytes;
    }
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(bytes.as_slice())
        .read_to_end(&mut plain)
        .unwrap();
    plain
}
