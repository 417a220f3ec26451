//! `prahari sources preview`: what an address, a file or a source would give.

use std::path::Path;

use model::SourceId;
use sources::SourceConfig;
use sources::preview::{self, Preview};

use super::super::print;
use crate::config;
use crate::pipeline::{Pipeline, Refusal};

/// Largest file that is previewed, in bytes, packed or not.
const LARGEST: u64 = 64 * 1024 * 1024;

/// What `place` would give: a web address, a file, or the id of a source.
pub(super) async fn of_place(
    pipeline: &Pipeline,
    place: &str,
    kind: Option<&str>,
    settings: toml::Table,
) -> anyhow::Result<Preview> {
    if super::is_address(place) {
        return Ok(pipeline.look_at(place, kind, settings).await?.preview);
    }
    if !Path::new(place).exists()
        && let Ok(id) = SourceId::new(place)
        && let Ok(entry) = pipeline.entry(&id)
    {
        anyhow::ensure!(
            kind.is_none() && settings.is_empty(),
            "`{id}` is a source that has its kind and settings; leave out --kind and --set"
        );
        return Ok(pipeline.preview(&entry).await?);
    }
    if let Some((scheme, _)) = place.split_once("://") {
        anyhow::bail!("{place}: only http and https are read, and no {scheme}");
    }
    let bytes = read(Path::new(place)).await?;
    let preview = match kind {
        Some(kind) if !settings.is_empty() => {
            preview::preview_as(&bytes, None, "", &config_of(kind, settings)?)
        }
        kind => preview::preview(&bytes, None, "", kind),
    };
    preview.map_err(|error| anyhow::anyhow!("{place}: {error}"))
}

async fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let shown = path.display();
    let size = tokio::fs::metadata(path)
        .await
        .map_err(|error| anyhow::anyhow!("{shown}: {error}"))?;
    anyhow::ensure!(
        !size.is_dir(),
        "{shown} is a folder; a source of the kind `file` reads it"
    );
    anyhow::ensure!(size.len() <= LARGEST, "{shown} is larger than 64 MB");
    let bytes = tokio::fs::read(path).await?;
    if !bytes.starts_with(b"\x1f\x8b") {
        return Ok(bytes);
    }
    use std::io::Read as _;
    let mut whole = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes.as_slice())
        .take(LARGEST + 1)
        .read_to_end(&mut whole)
        .map_err(|error| anyhow::anyhow!("{shown} cannot be unpacked: {error}"))?;
    anyhow::ensure!(
        whole.len() as u64 <= LARGEST,
        "{shown} has more than 64 MB, unpacked"
    );
    Ok(whole)
}

/// The config of a kind, of which a document on disk needs no address.
fn config_of(kind: &str, mut settings: toml::Table) -> anyhow::Result<SourceConfig> {
    for (key, value) in [("url", "https://document.invalid/"), ("query", "document")] {
        settings.entry(key).or_insert_with(|| value.into());
    }
    if kind != "x" && kind != "bluesky" && kind != "gdelt" && kind != "news_search" {
        settings.remove("query");
    }
    settings.insert("kind".to_owned(), kind.into());
    settings.insert("id".to_owned(), "preview".into());
    let entry = config::of_table(settings).map_err(|what| Refusal::wrong("settings", what))?;
    Ok(entry.config)
}

/// The preview for people.
pub(super) fn show(preview: &Preview, zone: &str, most: usize) {
    print::line(&format!(
        "{}: {}",
        preview.kind,
        print::plain(preview.title.as_deref().unwrap_or("without a title"))
    ));
    for item in preview.items.iter().take(most) {
        let at = item.published.map_or_else(
            || "no date          ".to_owned(),
            |at| print::time(at, zone),
        );
        print::line(&format!(
            "  {at}  {}",
            print::plain(item.title.as_deref().unwrap_or("without a title"))
        ));
    }
    let more = preview.items.len().saturating_sub(most);
    if more > 0 {
        print::line(&format!("  and {more} more"));
    }
    if preview.left_out > 0 {
        print::line(&format!(
            "  {} more CVE records are not shown",
            preview.left_out
        ));
    }
    for problem in preview.problems.iter().take(most) {
        print::line(&format!(
            "  cannot be read: {}: {}",
            print::plain(&problem.place),
            print::plain(&problem.reason)
        ));
    }
}
