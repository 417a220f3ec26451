//! The catalogue that ships with the binary: `catalogue.toml`, a data file.
//!
//! Feeds are in it that were seen working in 2025 or 2026, or that at least two
//! maintained lists of 2026 hold. The operator's own sources are merged over it
//! by id, so its ids never change.

use std::time::Duration;

use jiff::SignedDuration;
use model::{Country, SourceId};
use serde::Deserialize;

use crate::SourceConfig;

/// A source of the catalogue.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its name in Prahari.
    pub id: SourceId,
    /// Its name for people.
    pub name: String,
    /// The country it writes about; none for the world.
    pub region: Option<Country>,
    /// The language it writes in (BCP 47).
    pub language: String,
    /// What it is good for, in a few words.
    pub good_for: String,
    /// Whether it is read unless the operator says otherwise.
    pub enabled: bool,
    /// How often it is read.
    pub interval: Duration,
    /// Its kind and what that needs.
    pub config: SourceConfig,
}

/// The shipped catalogue, in its order.
///
/// # Errors
/// An entry cannot be read: the sentence names it. A test keeps that from
/// happening.
pub fn shipped() -> Result<Vec<Entry>, String> {
    read(include_str!("../catalogue.toml"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    source: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    name: String,
    kind: String,
    url: String,
    region: String,
    language: String,
    good_for: String,
    enabled: bool,
    interval: String,
}

fn read(text: &str) -> Result<Vec<Entry>, String> {
    let file: File = toml::from_str(text).map_err(|error| format!("catalogue.toml: {error}"))?;
    file.source
        .into_iter()
        .map(|row| {
            let place = format!("catalogue.toml, source `{}`", row.id);
            entry(row).map_err(|why| format!("{place}: {why}"))
        })
        .collect()
}

fn entry(row: Row) -> Result<Entry, String> {
    let mut settings = toml::Table::new();
    settings.insert("kind".to_owned(), row.kind.into());
    settings.insert("url".to_owned(), row.url.into());
    let interval: SignedDuration = row
        .interval
        .parse()
        .map_err(|error| format!("interval: {error}"))?;
    Ok(Entry {
        id: SourceId::new(&row.id).map_err(|error| error.to_string())?,
        name: row.name,
        region: match row.region.as_str() {
            "global" => None,
            code => Some(code.parse().map_err(|error| format!("region: {error}"))?),
        },
        language: row.language,
        good_for: row.good_for,
        enabled: row.enabled,
        interval: Duration::try_from(interval).map_err(|error| format!("interval: {error}"))?,
        config: SourceConfig::deserialize(settings).map_err(|error| error.to_string())?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_entry_can_be_read_and_names_and_addresses_are_its_own() {
        let entries = shipped().unwrap();
        let ids: BTreeSet<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
        let urls: BTreeSet<&str> = entries
            .iter()
            .filter_map(|entry| entry.config.url())
            .collect();
        assert_eq!(ids.len(), entries.len());
        assert_eq!(urls.len(), entries.len());
        for entry in &entries {
            let url = url::Url::parse(entry.config.url().unwrap()).unwrap();
            assert_eq!(url.scheme(), "https", "{}", entry.id);
            assert!(url.host_str().unwrap().contains('.'), "{}", entry.id);
            assert!(
                !entry.name.is_empty() && !entry.good_for.is_empty(),
                "{}",
                entry.id
            );
            assert!((2..=5).contains(&entry.language.len()), "{}", entry.id);
            // Nothing oftener than a reader would; nothing so seldom that a day is lost.
            let minutes = entry.interval.as_secs() / 60;
            assert!((15..=720).contains(&minutes), "{}", entry.id);
        }
    }

    #[test]
    fn it_holds_the_catalogues_the_world_and_india() {
        let entries = shipped().unwrap();
        let kinds: BTreeSet<&str> = entries.iter().map(|entry| entry.config.kind()).collect();
        assert_eq!(
            kinds.into_iter().collect::<Vec<_>>(),
            ["cisa_kev", "feed", "nvd"]
        );
        let india = entries
            .iter()
            .filter(|entry| entry.region == Some(Country::INDIA))
            .count();
        assert!(india >= 6, "{india}");
        let nvd = entries
            .iter()
            .find(|entry| entry.id.as_str() == "nvd")
            .unwrap();
        assert!(nvd.interval >= nvd.config.default_interval());
    }

    #[test]
    fn a_wrong_entry_is_named() {
        let row = |change: &str| {
            format!(
                "[[source]]\nid = \"x\"\nname = \"X\"\nkind = \"feed\"\nurl = \"https://x.example/\"\n\
                 region = \"global\"\nlanguage = \"en\"\ngood_for = \"news\"\nenabled = true\ninterval = \"30m\"\n{change}"
            )
        };
        assert_eq!(read(&row("")).unwrap().len(), 1);
        for (from, to) in [
            ("\"feed\"", "\"fed\""),
            ("\"30m\"", "\"often\""),
            ("\"30m\"", "\"-30m\""),
            ("\"global\"", "\"India\""),
            ("id = \"x\"", "id = \"X y\""),
        ] {
            let error = read(&row("").replace(from, to)).unwrap_err();
            assert!(error.starts_with("catalogue.toml, source `"), "{error}");
        }
        assert!(
            read(&row("colour = \"red\""))
                .unwrap_err()
                .contains("colour")
        );
    }
}
