//! What people change of the sources, with a command or over the API: one set of
//! rules for both.

use model::SourceId;
use sources::SourceError;
use sources::preview::{self, Preview};
use store::{Change, StoreError};

use super::{OpenSource, Pipeline};
use crate::config::{self, Origin, SourceEntry};

/// A source as people describe it.
#[derive(Debug, Clone, Default)]
pub struct NewSource {
    /// Its kind.
    pub kind: String,
    /// Its short name; made from its name or address if absent.
    pub id: Option<String>,
    /// Its name for people.
    pub name: Option<String>,
    /// How often it is read.
    pub interval: Option<String>,
    /// Added switched off.
    pub off: bool,
    /// What its kind needs, its address among it.
    pub settings: toml::Table,
}

/// A source that may be added: checked, and like no other.
#[derive(Debug)]
pub struct Candidate {
    /// What it would be.
    pub entry: SourceEntry,
    table: toml::Table,
}

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Something that was given is wrong: mend it.
    #[error("{what}")]
    Wrong {
        /// The setting.
        field: String,
        /// What is wrong with it.
        what: String,
    },
    /// There is one already.
    #[error("{what}")]
    Taken {
        /// Which.
        by: SourceId,
        /// In what it is the same.
        what: String,
    },
    /// There is no such source.
    #[error("{0}")]
    Unknown(String),
    /// It cannot be read, or is nothing that we know: look at the address.
    #[error("{0}")]
    Unread(String),
    /// The store could not keep it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Refusal {
    pub(crate) fn wrong(field: &str, what: impl Into<String>) -> Self {
        Self::Wrong {
            field: field.to_owned(),
            what: what.into(),
        }
    }
}

/// What became of a source that was to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// It was added, and is gone; what it gave stays.
    Removed,
    /// It ships with Prahari or stands in the settings file: it is switched off.
    SwitchedOff(Origin),
}

/// Names that items which no source gave are kept under.
const RESERVED: [&str; 4] = ["api", "preview", "prahari", "prahari-import"];
/// Sources that may be added.
const MOST_ADDED: usize = 5_000;

impl Pipeline {
    /// The settings of a source, switched off or not.
    ///
    /// # Errors
    /// There is none of this name; the sentence names the nearest.
    pub fn entry(&self, id: &SourceId) -> Result<SourceEntry, Refusal> {
        let sources = self.sources();
        let found = sources.entries.iter().find(|entry| &entry.id == id);
        found.cloned().ok_or_else(|| {
            let nearest = sources
                .entries
                .iter()
                .map(|entry| {
                    (
                        strsim::jaro_winkler(id.as_str(), entry.id.as_str()),
                        &entry.id,
                    )
                })
                .filter(|(likeness, _)| *likeness >= 0.75)
                .max_by(|a, b| a.0.total_cmp(&b.0));
            let hint = nearest
                .map(|(_, near)| format!("; did you mean `{near}`?"))
                .unwrap_or_default();
            Refusal::Unknown(format!("there is no source `{id}`{hint}"))
        })
    }

    /// Checks what people describe, as the settings file is checked, and that nothing
    /// reads the same already. Stores nothing.
    ///
    /// # Errors
    /// What is wrong with it, or which source is the same.
    pub fn candidate(&self, new: NewSource) -> Result<Candidate, Refusal> {
        refuse_secrets(&new)?;
        let sources = self.sources();
        if sources
            .entries
            .iter()
            .filter(|entry| entry.origin == Origin::Added)
            .count()
            >= MOST_ADDED
        {
            return Err(Refusal::wrong(
                "id",
                format!("{MOST_ADDED} sources were added; remove some first"),
            ));
        }
        let taken = |id: &str| {
            RESERVED.contains(&id) || sources.entries.iter().any(|entry| entry.id.as_str() == id)
        };
        let id = match &new.id {
            Some(id) => id.clone(),
            None => free_id(&new, taken),
        };
        let id =
            SourceId::new(&id).map_err(|error| Refusal::wrong("id", format!("id: {error}")))?;
        if RESERVED.contains(&id.as_str()) {
            return Err(Refusal::wrong(
                "id",
                format!("id: `{id}` is a name of our own"),
            ));
        }
        let mut table = new.settings;
        table.insert("id".to_owned(), id.as_str().into());
        table.insert("kind".to_owned(), new.kind.into());
        for (key, value) in [("name", new.name), ("interval", new.interval)] {
            if let Some(value) = value {
                table.insert(key.to_owned(), value.into());
            }
        }
        if new.off {
            table.insert("enabled".to_owned(), false.into());
        }
        let entry = config::of_table(table.clone()).map_err(|what| {
            let field = what.split('`').nth(1).unwrap_or("settings").to_owned();
            Refusal::Wrong { field, what }
        })?;
        if let Some(url) = entry.config.url() {
            check_address(url)?;
        }
        for other in &sources.entries {
            let stands = format!("`{}` ({}, {})", other.id, other.name, other.origin.whence());
            let what = if other.id == entry.id {
                format!("there is a source {stands} already; choose another id")
            } else if config::reads_the_same(&entry, other) {
                let off = if other.enabled {
                    String::new()
                } else {
                    format!(
                        ", switched off; `prahari sources enable {}` reads it",
                        other.id
                    )
                };
                format!("{stands} reads the same already{off}")
            } else {
                continue;
            };
            return Err(Refusal::Taken {
                by: other.id.clone(),
                what,
            });
        }
        Ok(Candidate { entry, table })
    }

    /// What a source of these settings would give. Stores nothing.
    ///
    /// # Errors
    /// It could not be read.
    pub async fn preview(&self, entry: &SourceEntry) -> Result<Preview, SourceError> {
        let polled = OpenSource::new(entry.clone(), &self.settings, &self.tools)
            .look()
            .await?;
        Ok(preview::of_poll(entry.config.kind(), polled))
    }

    /// Adds a source. `by`: `command` or `api`.
    ///
    /// # Errors
    /// Somebody was quicker, or the store could not keep it.
    pub async fn add_source(&self, new: Candidate, by: &str) -> Result<SourceEntry, Refusal> {
        let Candidate { entry, table } = new;
        let kept = serde_json::to_value(&table)
            .map_err(|error| Refusal::wrong("settings", error.to_string()))?;
        if !self
            .store
            .add_source(&entry.id, kept, self.change_by(by))
            .await?
        {
            return Err(Refusal::Taken {
                what: format!("a source `{}` was added a moment ago", entry.id),
                by: entry.id,
            });
        }
        self.follow_sources().await?;
        self.entry(&entry.id)
    }

    /// Switches a source on or off, wherever it comes from.
    ///
    /// # Errors
    /// There is none of this name, or the store could not keep it.
    pub async fn switch_source(
        &self,
        id: &SourceId,
        enabled: bool,
        by: &str,
    ) -> Result<SourceEntry, Refusal> {
        let entry = self.entry(id)?;
        if entry.enabled == enabled {
            return Ok(entry);
        }
        self.store
            .switch_source(id, enabled, self.change_by(by))
            .await?;
        self.follow_sources().await?;
        self.entry(id)
    }

    /// Removes a source that was added; any other is switched off.
    ///
    /// # Errors
    /// There is none of this name, or the store could not keep it.
    pub async fn remove_source(&self, id: &SourceId, by: &str) -> Result<Removal, Refusal> {
        let entry = self.entry(id)?;
        if self.store.remove_source(id).await? {
            self.follow_sources().await?;
            return Ok(Removal::Removed);
        }
        self.switch_source(id, false, by).await?;
        Ok(Removal::SwitchedOff(entry.origin))
    }

    fn change_by(&self, by: &str) -> Change {
        Change {
            at: self.clock.now(),
            by: by.to_owned(),
        }
    }
}

/// Secrets are not kept in the database, and a command line can be read by every
/// process of the machine.
fn refuse_secrets(new: &NewSource) -> Result<(), Refusal> {
    for (key, file) in config::secret_keys(&new.kind) {
        if !new.settings.contains_key(&key) {
            continue;
        }
        let id = new.id.as_deref().unwrap_or("ID");
        let mut ways = vec![format!(
            "set {} in the environment or .env",
            config::variable_for(id, &key)
        )];
        if let Some(variable) = config::variable_of(&new.kind, &key) {
            ways.push(format!("set {variable} for all of this service"));
        }
        if let Some(file) = file {
            ways.push(format!("name a file with {file}"));
        }
        return Err(Refusal::Wrong {
            what: format!(
                "{key} is a secret and is not kept here: {}",
                ways.join(", or ")
            ),
            field: key,
        });
    }
    Ok(())
}

/// An address that may be shown and kept.
fn check_address(url: &str) -> Result<(), Refusal> {
    let wrong = |what: &str| Err(Refusal::wrong("url", format!("url: {what}")));
    if let Some(what) = config::unread_scheme(url) {
        return wrong(what);
    }
    match url::Url::parse(url) {
        Ok(url) if url.password().is_some() || !url.username().is_empty() => {
            wrong("it holds a login, which would be kept and shown; leave it out")
        }
        Ok(url) if url.host_str().is_none() => wrong("it names no host"),
        Ok(_) => Ok(()),
        // Some kinds take a bare domain.
        Err(_) if url.contains('.') && !url.contains(char::is_whitespace) => Ok(()),
        Err(error) => wrong(&error.to_string()),
    }
}

/// A name made from what people call it, or from its address.
fn free_id(new: &NewSource, taken: impl Fn(&str) -> bool) -> String {
    let host = || {
        let url = new.settings.get("url")?.as_str()?;
        let url = url::Url::parse(url).ok()?;
        Some(url.host_str()?.trim_start_matches("www.").to_owned())
    };
    let known = ["channel", "query", "path"];
    let named = || {
        let setting = known
            .iter()
            .find_map(|key| new.settings.get(*key)?.as_str());
        setting.map(|setting| format!("{} {setting}", new.kind))
    };
    let listed = || {
        let lists = ["subreddits", "tags", "accounts"];
        let first = lists
            .iter()
            .find_map(|key| new.settings.get(*key)?.as_array()?.first()?.as_str());
        first.map(|first| format!("{} {first}", new.kind))
    };
    let base = [new.name.clone(), named(), listed(), host()]
        .into_iter()
        .flatten()
        .map(|text| slug(&text))
        .find(|slug| slug.len() >= 2)
        .unwrap_or_else(|| slug(&new.kind));
    // Ends: a name is taken at most as often as there are sources.
    (1_u32..)
        .map(|number| match number {
            1 => base.clone(),
            number => format!("{base}-{number}"),
        })
        .find(|id| !taken(id))
        .unwrap_or(base)
}

/// A text as a name: `Krebs on Security` becomes `krebs-on-security`.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
        if slug.len() >= 48 {
            break;
        }
    }
    slug.trim_end_matches('-').to_owned()
}
