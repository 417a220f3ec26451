//! Entries of the lists of sources and channels. A mistake costs one entry.

use std::time::Duration;

use channels::ChannelConfig;
use model::{ChannelId, Secret, SourceId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sources::SourceConfig;
use store::Change;
use url::Url;

use super::document::Document;
use super::table::{of_kind, typed};
use super::{Mistake, keys};

/// A source that may be read.
#[derive(Debug, Clone)]
pub struct SourceEntry {
    /// Its short name.
    pub id: SourceId,
    /// Its name for people.
    pub name: String,
    /// Whether it is read.
    pub enabled: bool,
    /// How often.
    pub interval: Duration,
    /// What kind it is and what that kind needs.
    pub config: SourceConfig,
    /// What it is good for, if it ships with Prahari.
    pub good_for: Option<String>,
    /// Why it ships switched off, and what to do to switch it on.
    pub why_off: Option<String>,
    /// The same settings as they were written, `kind` included: what an entry of the
    /// same id leaves out is taken from here. Secrets may stand in it.
    pub settings: Secret<toml::Table>,
    /// Where it comes from.
    pub origin: Origin,
    /// Where else something was said of it: a line of the file, a variable.
    pub said_by: Vec<String>,
    /// Whether somebody said that it is on or off: the file, a variable, a command.
    pub decided: bool,
    /// When and by whom it was added, or switched on or off, beside the file.
    pub change: Option<Change>,
}

/// Where a source comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// It ships with Prahari.
    Catalogue,
    /// The settings file.
    File,
    /// It was added with a command or in the dashboard.
    Added,
}

impl Origin {
    /// For people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Catalogue => "catalogue",
            Self::File => "file",
            Self::Added => "added",
        }
    }

    /// For a sentence on a source.
    #[must_use]
    pub const fn whence(self) -> &'static str {
        match self {
            Self::Catalogue => "from the catalogue",
            Self::File => "from the settings file",
            Self::Added => "added by hand",
        }
    }
}

/// A channel.
#[derive(Debug, Clone)]
pub struct ChannelEntry {
    /// Its short name.
    pub id: ChannelId,
    /// What kind it is and what that kind needs.
    pub config: ChannelConfig,
    /// A hash of its settings: when it changes, a pause ends.
    pub fingerprint: String,
}

/// What every source has, whatever its kind.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SourceCommon {
    /// Its short name: `a-z`, `0-9`, `-`, `_`, `.`.
    id: SourceId,
    /// Its name for people; the id if absent.
    name: Option<String>,
    /// Whether it is read.
    enabled: Option<bool>,
    /// How often it is read, as `15m` or `2h`.
    interval: Option<String>,
}

/// What every channel has, whatever its kind.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ChannelCommon {
    /// Its short name: `a-z`, `0-9`, `-`, `_`, `.`.
    id: ChannelId,
    /// Whether it is used.
    enabled: Option<bool>,
}

/// Every source: the shipped ones, changed and joined by those of the file.
pub(super) fn sources(
    document: &Document,
    catalogue: bool,
    mistakes: &mut Vec<Mistake>,
) -> Vec<SourceEntry> {
    let mut sources: Vec<SourceEntry> = Vec::new();
    if catalogue {
        match sources::catalogue::shipped() {
            Ok(shipped) => sources.extend(shipped.into_iter().map(|entry| SourceEntry {
                id: entry.id,
                name: entry.name,
                enabled: entry.enabled,
                interval: entry.interval,
                config: entry.config,
                good_for: Some(entry.good_for),
                why_off: entry.why_off,
                settings: Secret::new(entry.settings),
                origin: Origin::Catalogue,
                said_by: Vec::new(),
                decided: false,
                change: None,
            })),
            Err(what) => mistakes.push(Mistake {
                place: "the shipped catalogue".to_owned(),
                what,
            }),
        }
    }
    let mut named: Vec<SourceId> = Vec::new();
    for (at, table) in document.entries("sources") {
        let shipped = table
            .get("id")
            .and_then(toml::Value::as_str)
            .and_then(|id| sources.iter().position(|source| source.id.as_str() == id));
        match source(
            document,
            &at,
            table,
            shipped.and_then(|index| sources.get(index)),
        ) {
            Ok(source) if named.contains(&source.id) => mistakes.push(Mistake {
                place: document.place_of(&at),
                what: format!("{at}: there are two sources called `{}`", source.id),
            }),
            Ok(mut source) => {
                if let Some(what) = source.config.url().and_then(unread_scheme) {
                    let key = format!("{at}.url");
                    mistakes.push(Mistake {
                        place: document.place_of(&key),
                        what: format!("{key}: {what}"),
                    });
                    continue;
                }
                named.push(source.id.clone());
                source.said_by.push(document.place_of(&at));
                match shipped {
                    Some(index) => sources[index] = source,
                    None => sources.push(source),
                }
            }
            Err(found) => mistakes.extend(found),
        }
    }
    sources
}

/// What is wrong with the scheme of an address that is to be read, if anything. Some
/// kinds take a bare domain.
pub(crate) fn unread_scheme(url: &str) -> Option<&'static str> {
    let is_other = Url::parse(url).is_ok_and(|url| !matches!(url.scheme(), "http" | "https"));
    is_other.then_some("only http and https are read")
}

/// One source. `shipped`: the catalogue's entry of the same id, whose kind and
/// settings hold where the file is silent.
fn source(
    document: &Document,
    at: &str,
    mut table: toml::Table,
    shipped: Option<&SourceEntry>,
) -> Result<SourceEntry, Vec<Mistake>> {
    let common_keys = ["id", "name", "enabled", "interval"];
    let common: toml::Table = common_keys
        .iter()
        .filter_map(|key| table.remove(*key).map(|value| ((*key).to_owned(), value)))
        .collect();
    let common: SourceCommon = typed(document, at, common)?;
    if let Some(shipped) = shipped.filter(|_| !table.contains_key("kind")) {
        for (key, value) in shipped.settings.reveal() {
            table.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
    let settings = table.clone();
    let config: SourceConfig = of_kind(document, at, table, &common_keys)?;
    let interval = common
        .interval
        .map(|text| read_interval(&text))
        .transpose()
        .map_err(|what| {
            let key = format!("{at}.interval");
            vec![Mistake {
                place: document.place_of(&key),
                what: format!("{key}: {what}"),
            }]
        })?;
    Ok(SourceEntry {
        name: common
            .name
            .or_else(|| shipped.map(|shipped| shipped.name.clone()))
            .unwrap_or_else(|| common.id.to_string()),
        decided: common.enabled.is_some() || shipped.is_some_and(|shipped| shipped.decided),
        enabled: common
            .enabled
            .or_else(|| shipped.map(|shipped| shipped.enabled))
            .unwrap_or(true),
        interval: interval
            .or_else(|| shipped.map(|shipped| shipped.interval))
            .unwrap_or_else(|| config.default_interval()),
        id: common.id,
        config,
        good_for: shipped.and_then(|shipped| shipped.good_for.clone()),
        why_off: shipped.and_then(|shipped| shipped.why_off.clone()),
        settings: Secret::new(settings),
        origin: shipped.map_or(Origin::File, |shipped| shipped.origin),
        said_by: shipped
            .map(|shipped| shipped.said_by.clone())
            .unwrap_or_default(),
        change: shipped.and_then(|shipped| shipped.change.clone()),
    })
}

/// `source` with what `table` says of it in place of what its entry says.
pub(super) fn changed(source: &SourceEntry, mut table: toml::Table) -> Result<SourceEntry, String> {
    table.insert("id".to_owned(), source.id.as_str().into());
    read_alone(table, Some(source))
}

/// An entry that stands in no file. What is wrong with it is one sentence.
pub(super) fn alone(table: toml::Table) -> Result<SourceEntry, String> {
    read_alone(table, None)
}

fn read_alone(table: toml::Table, over: Option<&SourceEntry>) -> Result<SourceEntry, String> {
    let document = Document::parse("", "").map_err(|mistake| mistake.what)?;
    // A sentence names `url`, for there is no place that `source.url` would be in.
    let alone = |mistake: Mistake| {
        let what = mistake.what.replace("`source.", "`");
        let bare = ["source.", "source: "]
            .iter()
            .find_map(|prefix| what.strip_prefix(prefix).map(str::to_owned));
        bare.unwrap_or(what)
    };
    source(&document, "source", table, over).map_err(|mistakes| {
        let sentences: Vec<String> = mistakes.into_iter().map(alone).collect();
        sentences.join("; ")
    })
}

/// No source is asked more often, or more seldom.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);
const LONGEST_INTERVAL: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Keys of a kind that hold secrets, with the key that names a file instead, if
/// there is one.
pub(super) fn secret_keys(kind: &str) -> Vec<(String, Option<String>)> {
    let schema = keys::schema::<SourceConfig>();
    let Some(variant) = keys::variant(&schema, kind) else {
        return Vec::new();
    };
    let properties = variant.get("properties").and_then(Value::as_object);
    let has = |key: &str| properties.is_some_and(|known| known.contains_key(key));
    properties
        .into_iter()
        .flatten()
        .filter(|(_, property)| keys::is_secret(property, &variant, 0))
        .map(|(key, _)| {
            let singular = key.trim_end_matches('s');
            let file = [format!("{key}_file"), format!("{singular}_files")]
                .into_iter()
                .find(|file| has(file));
            (key.clone(), file)
        })
        .collect()
}

/// A setting of a kind, read as its schema says.
pub(super) fn value_of(kind: &str, key: &str, text: &str) -> toml::Value {
    let schema = keys::schema::<SourceConfig>();
    let types = keys::variant(&schema, kind)
        .and_then(|variant| keys::types_of(&variant, key))
        .unwrap_or_default();
    let is = |wanted: &str| types.iter().any(|kind| kind == wanted);
    let read = super::env::read_value(text);
    match read {
        toml::Value::Array(_) if is("array") => read,
        _ if is("array") => text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| match super::env::read_value(part) {
                number @ toml::Value::Integer(_) if !is("string") => number,
                _ => toml::Value::from(part),
            })
            .collect::<Vec<_>>()
            .into(),
        _ if is("string") => text.into(),
        read => read,
    }
}

/// A time between two polls.
fn read_interval(text: &str) -> Result<Duration, String> {
    let interval = text
        .parse::<jiff::SignedDuration>()
        .ok()
        .and_then(|span| Duration::try_from(span).ok());
    interval
        .filter(|interval| (SHORTEST_INTERVAL..=LONGEST_INTERVAL).contains(interval))
        .ok_or_else(|| format!("`{text}` is not a time from a second to a year, as 15m or 2h"))
}

/// Every channel of the file, then those that variables alone describe.
pub(super) fn channels(
    document: &Document,
    seed: Vec<(&'static str, toml::Table)>,
    mistakes: &mut Vec<Mistake>,
) -> Vec<ChannelEntry> {
    let mut channels: Vec<ChannelEntry> = Vec::new();
    for (at, table) in document.entries("channels") {
        match channel(document, &at, table) {
            Ok(Some(channel)) if channels.iter().any(|known| known.id == channel.id) => mistakes
                .push(Mistake {
                    place: document.place_of(&at),
                    what: format!("{at}: there are two channels called `{}`", channel.id),
                }),
            Ok(Some(channel)) => channels.push(channel),
            Ok(None) => {}
            Err(found) => mistakes.extend(found),
        }
    }
    for (variable, table) in seed {
        let id = table
            .get("id")
            .and_then(toml::Value::as_str)
            .unwrap_or_default()
            .to_owned();
        if channels.iter().any(|channel| channel.id.as_str() == id) {
            continue; // the file has the last word
        }
        match channel(document, variable, table) {
            Ok(Some(channel)) => channels.push(channel),
            Ok(None) => {}
            Err(found) => mistakes.extend(found.into_iter().map(|mistake| Mistake {
                place: variable.to_owned(),
                what: mistake.what,
            })),
        }
    }
    channels
}

fn channel(
    document: &Document,
    at: &str,
    mut table: toml::Table,
) -> Result<Option<ChannelEntry>, Vec<Mistake>> {
    let common_keys = ["id", "enabled"];
    let fingerprint = model::hash::short(&[table.to_string().as_bytes()]);
    let common: toml::Table = common_keys
        .iter()
        .filter_map(|key| table.remove(*key).map(|value| ((*key).to_owned(), value)))
        .collect();
    let common: ChannelCommon = typed(document, at, common)?;
    let config = of_kind(document, at, table, &common_keys)?;
    Ok((common.enabled != Some(false)).then(|| ChannelEntry {
        id: common.id,
        config,
        fingerprint: fingerprint
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
    }))
}

/// The schemas of what every source and channel has, for the test of the example file.
#[cfg(test)]
pub(super) fn schema_of_common() -> Value {
    serde_json::json!([
        keys::schema::<SourceCommon>(),
        keys::schema::<ChannelCommon>()
    ])
}
