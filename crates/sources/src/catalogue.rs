//! The catalogue that ships with the binary: `catalogue.toml`, a data file.
//!
//! Sources are on that were seen working in 2025 or 2026, or that a maintained list
//! of 2026 holds; the others are off, and say why. The operator's own sources are
//! merged over it by id, so its ids never change.

use std::time::Duration;

use jiff::SignedDuration;
use model::{Country, SourceId};
use serde::Deserialize;
use toml::{Table, Value};

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
    /// Why it is off, and what to do to turn it on; there if it is off.
    pub why_off: Option<String>,
    /// How often it is read.
    pub interval: Duration,
    /// Its kind and what that needs.
    pub config: SourceConfig,
    /// The same as the catalogue writes it, `kind` included: what the operator's
    /// entry of the same id leaves out is taken from here.
    pub settings: Table,
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
    source: Vec<Table>,
}

/// What every entry has; its other keys belong to its kind.
#[derive(Deserialize)]
struct Row {
    id: String,
    name: String,
    region: String,
    language: String,
    good_for: String,
    enabled: bool,
    why_off: Option<String>,
    interval: String,
}

/// The keys of [`Row`].
const COMMON_KEYS: [&str; 8] = [
    "id", "name", "region", "language", "good_for", "enabled", "why_off", "interval",
];

fn read(text: &str) -> Result<Vec<Entry>, String> {
    let file: File = toml::from_str(text).map_err(|error| format!("catalogue.toml: {error}"))?;
    file.source
        .into_iter()
        .map(|table| {
            let id = table
                .get("id")
                .and_then(Value::as_str)
                .unwrap_or("without an id");
            let place = format!("catalogue.toml, source `{id}`");
            entry(table).map_err(|why| format!("{place}: {why}"))
        })
        .collect()
}

fn entry(mut settings: Table) -> Result<Entry, String> {
    let common: Table = COMMON_KEYS
        .iter()
        .filter_map(|key| {
            settings
                .remove(*key)
                .map(|value| ((*key).to_owned(), value))
        })
        .collect();
    let row = Row::deserialize(common).map_err(|error| error.to_string())?;
    if row.enabled != row.why_off.is_none() {
        return Err("`why_off` says why a source is off, and of no other".to_owned());
    }
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
        why_off: row.why_off,
        interval: Duration::try_from(interval).map_err(|error| format!("interval: {error}"))?,
        config: SourceConfig::deserialize(settings.clone()).map_err(|error| error.to_string())?,
        settings,
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
        let names: BTreeSet<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        // A search and a social network are read with more than one question.
        let read: BTreeSet<String> = entries
            .iter()
            .map(|entry| entry.settings.to_string())
            .collect();
        assert_eq!(ids.len(), entries.len());
        assert_eq!(names.len(), entries.len());
        assert_eq!(read.len(), entries.len());
        let feeds = entries.iter().filter(|entry| entry.config.kind() == "feed");
        let addresses: BTreeSet<&str> = feeds
            .clone()
            .filter_map(|entry| entry.config.url())
            .map(|url| url.trim_end_matches('/'))
            .collect();
        assert_eq!(addresses.len(), feeds.count());
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
            // Nothing oftener than a reader would; nothing so seldom that a day is
            // lost, but what changes some times a year.
            let minutes = entry.interval.as_secs() / 60;
            let longest = match entry.config.kind() {
                "owasp_top10" => 7 * 24 * 60,
                _ => 720,
            };
            assert!((15..=longest).contains(&minutes), "{}", entry.id);
        }
    }

    #[test]
    fn it_holds_the_catalogues_the_world_and_india() {
        let entries = shipped().unwrap();
        let kinds: BTreeSet<&str> = entries.iter().map(|entry| entry.config.kind()).collect();
        for kind in [
            "nvd",
            "cisa_kev",
            "owasp_top10",
            "cert_in",
            "news_search",
            "gdelt",
            "x",
            "feed",
        ] {
            assert!(kinds.contains(kind), "{kind}");
        }
        assert!(entries.len() >= 80, "{}", entries.len());
        let india = || {
            entries
                .iter()
                .filter(|entry| entry.region == Some(Country::INDIA))
        };
        assert!(india().count() >= 20, "{}", india().count());
        assert!(india().any(|entry| entry.language == "hi" && entry.enabled));
        assert!(india().filter(|entry| entry.enabled).count() >= 20);
        let nvd = entries
            .iter()
            .find(|entry| entry.id.as_str() == "nvd")
            .unwrap();
        assert!(nvd.interval >= nvd.config.default_interval());
    }

    #[test]
    fn what_needs_a_key_is_off_and_says_how_to_get_it() {
        for entry in shipped().unwrap() {
            assert_eq!(entry.why_off.is_some(), !entry.enabled, "{}", entry.id);
            let setting = match entry.config {
                SourceConfig::X(_) => "bearer_token",
                SourceConfig::Bluesky(ref config) if !config.stream => "app_password",
                SourceConfig::Reddit(_) => "client_secret",
                _ => continue,
            };
            let why = entry.why_off.unwrap();
            assert!(why.contains(setting) && why.contains(" at "), "{why}");
        }
    }

    /// Operators' settings refer to these ids.
    #[test]
    fn ids_that_were_shipped_stay() {
        let entries = shipped().unwrap();
        for id in [
            "nvd",
            "cisa-kev",
            "the-hacker-news",
            "bleepingcomputer",
            "krebs-on-security",
            "securityweek",
            "dark-reading",
            "schneier",
            "the-register-security",
            "infosecurity-magazine",
            "troy-hunt",
            "sans-isc",
            "cisa-advisories",
            "cert-cc",
            "microsoft-security",
            "talos",
            "unit-42",
            "securelist",
            "welivesecurity",
            "dfir-report",
            "exploit-db",
            "qualys",
            "portswigger-research",
            "ars-technica",
            "wired",
            "et-ciso",
            "medianama",
            "indian-express-tech",
            "the-hindu-tech",
            "times-of-india",
            "seqrite",
            "cyble",
        ] {
            assert!(entries.iter().any(|entry| entry.id.as_str() == id), "{id}");
        }
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
            ("enabled = true", "enabled = false"),
            ("name = \"X\"\n", ""),
            ("url = \"https://x.example/\"\n", ""),
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
