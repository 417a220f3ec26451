//! The sources as they are in the end: catalogue, file and environment, and over
//! them what people added and switched with a command or in the dashboard.

use sources::SourceConfig;
use store::SourceSetting;

use super::entry::{self, Origin, SourceEntry};
use super::{Mistake, Settings};

/// Every source, and what is wrong with what was kept of them.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    /// The sources: those of the settings in their order, then the added ones.
    pub entries: Vec<SourceEntry>,
    /// What was assumed of added sources because nobody said it.
    pub assumptions: Vec<String>,
    /// Mistakes that cost one entry each.
    pub mistakes: Vec<Mistake>,
}

impl Settings {
    /// The sources under what people changed of them. Pure.
    #[must_use]
    pub fn roster(&self, settings: &[SourceSetting]) -> Roster {
        let mut roster = Roster {
            entries: self.sources.clone(),
            ..Roster::default()
        };
        for setting in settings {
            if let Some(kept) = &setting.entry {
                match added(kept, setting) {
                    Ok(mut source) => {
                        self.source_variables.apply(
                            &mut source,
                            &mut roster.assumptions,
                            &mut roster.mistakes,
                        );
                        roster.put(source);
                    }
                    Err(what) => roster.mistakes.push(Mistake {
                        place: format!("the added source `{}`", setting.source),
                        what,
                    }),
                }
            }
            let entry = roster
                .entries
                .iter_mut()
                .find(|entry| entry.id == setting.source);
            // A switch of a source that a file no longer has waits for its return.
            if let (Some(entry), Some(enabled)) = (entry, setting.enabled) {
                entry.enabled = enabled;
                entry.decided = true;
                entry.change = Some(setting.change.clone());
            }
        }
        let strays = self.source_variables.strays(&roster.entries);
        roster.mistakes.extend(strays);
        roster
    }
}

impl Roster {
    /// Puts an added source into its place. One that has come into a file or the
    /// catalogue since then has the last word, and that is said.
    fn put(&mut self, source: SourceEntry) {
        match self.entries.iter().find(|entry| entry.id == source.id) {
            None => self.entries.push(source),
            Some(entry) => self.mistakes.push(Mistake {
                place: format!("the added source `{}`", source.id),
                what: format!(
                    "the {} has a source of this name now, and that one is read; `prahari sources remove {}` forgets the added one",
                    entry.origin.as_str(),
                    source.id
                ),
            }),
        }
    }
}

fn added(kept: &serde_json::Value, setting: &SourceSetting) -> Result<SourceEntry, String> {
    let table: toml::Table =
        serde_json::from_value(kept.clone()).map_err(|error| error.to_string())?;
    let mut source = entry::alone(table)?;
    source.id = setting.source.clone();
    source.origin = Origin::Added;
    source.change = Some(setting.change.clone());
    Ok(source)
}

/// A source from a table as the settings file would hold it, checked as that is.
///
/// # Errors
/// What is wrong, naming each key.
pub fn of_table(table: toml::Table) -> Result<SourceEntry, String> {
    let mut source = entry::alone(table)?;
    source.origin = Origin::Added;
    Ok(source)
}

/// A setting of a kind as people write it on a command line: lists are separated by
/// commas, and a text stays a text although it looks like a number.
#[must_use]
pub fn setting(kind: &str, key: &str, text: &str) -> toml::Value {
    entry::value_of(kind, key, text)
}

/// Sets a key, as `headers.accept`, in a table.
pub fn set(table: &mut toml::Table, key: &str, value: toml::Value) {
    let path: Vec<String> = key.split('.').map(str::to_owned).collect();
    super::document::Document::set_in(table, &path, value);
}

/// The keys of a kind that hold secrets, each with the key that names a file
/// instead, if there is one.
#[must_use]
pub fn secret_keys(kind: &str) -> Vec<(String, Option<String>)> {
    entry::secret_keys(kind)
}

/// Whether two sources read the same: one address, and of a search one question.
#[must_use]
pub fn reads_the_same(one: &SourceEntry, other: &SourceEntry) -> bool {
    // What the answer depends on beside the address.
    const QUESTIONS: [&str; 14] = [
        "query",
        "subreddits",
        "tags",
        "accounts",
        "channel",
        "collections",
        "ecosystems",
        "edition",
        "types",
        "path",
        "items",
        "item",
        "editions",
        "timespan",
    ];
    let address = |config: &SourceConfig| {
        config
            .url()
            .map(|url| understand::canonical_url(url).unwrap_or_else(|| url.to_owned()))
    };
    let (kind, theirs) = (one.config.kind(), other.config.kind());
    let (a, b) = (one.settings.reveal(), other.settings.reveal());
    kind == theirs
        && address(&one.config) == address(&other.config)
        && QUESTIONS.iter().all(|key| a.get(*key) == b.get(*key))
}
