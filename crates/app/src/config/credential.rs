//! Variables that say something of sources.
//!
//! Two forms. `PRAHARI_SOURCES__X_INDIA__BEARER_TOKEN` sets any key of one source,
//! whose id is written in capitals with `_` for `-` and `.`. The names that people
//! know (`X_BEARER_TOKEN`, `GITHUB_TOKEN`, …) are for every source of that service,
//! and for no other address: a token must not go to whoever a source names. Each
//! of these may be given as a file, too: the same name with `_FILE`.

use std::collections::BTreeSet;
use std::fmt;

use url::Url;

use super::document::Document;
use super::entry::{self, SourceEntry};
use super::{Environment, Mistake};

/// A name that people know, and the key it stands for.
struct Known {
    variable: &'static str,
    kind: &'static str,
    key: &'static str,
    /// The only host it is sent to; any where the key is no secret or where
    /// mirrors are common.
    host: Option<&'static str>,
    /// Whether sources of the kind cannot be read (well) without it: with all of
    /// these set, those of the catalogue are switched on.
    needed: bool,
}

const KNOWN: [Known; 10] = [
    known("NVD_API_KEY", "nvd", "api_key", None, false),
    known(
        "GITHUB_TOKEN",
        "ghsa",
        "token",
        Some("api.github.com"),
        false,
    ),
    known(
        "RANSOMWARE_LIVE_API_KEY",
        "ransomware_live",
        "api_key",
        Some("ransomware.live"),
        false,
    ),
    known(
        "MASTODON_TOKEN",
        "mastodon",
        "access_token",
        Some("infosec.exchange"),
        false,
    ),
    known(
        "X_BEARER_TOKEN",
        "x",
        "bearer_token",
        Some("api.x.com"),
        true,
    ),
    known(
        "REDDIT_CLIENT_ID",
        "reddit",
        "client_id",
        Some("oauth.reddit.com"),
        true,
    ),
    known(
        "REDDIT_CLIENT_SECRET",
        "reddit",
        "client_secret",
        Some("oauth.reddit.com"),
        true,
    ),
    known(
        "REDDIT_USER_AGENT",
        "reddit",
        "user_agent",
        Some("oauth.reddit.com"),
        true,
    ),
    known(
        "BLUESKY_IDENTIFIER",
        "bluesky",
        "identifier",
        Some("bsky.social"),
        true,
    ),
    known(
        "BLUESKY_APP_PASSWORD",
        "bluesky",
        "app_password",
        Some("bsky.social"),
        true,
    ),
];

const fn known(
    variable: &'static str,
    kind: &'static str,
    key: &'static str,
    host: Option<&'static str>,
    needed: bool,
) -> Known {
    Known {
        variable,
        kind,
        key,
        host,
        needed,
    }
}

/// Keys that may stand in a file, as `token_file` beside `token`.
const IN_FILES: [&str; 6] = [
    "api_key",
    "token",
    "access_token",
    "bearer_token",
    "client_secret",
    "app_password",
];

/// The variables that switch on a source of this kind that ships switched off.
#[must_use]
pub fn switched_on_by(source: &SourceEntry) -> Vec<&'static str> {
    needed(source).map(|known| known.variable).collect()
}

/// What a source waits for that ships switched off, if keys are all it waits for:
/// its reason names them. A whole stream of posts waits for somebody who wants it.
fn needed(source: &SourceEntry) -> impl Iterator<Item = &'static Known> {
    let why = source.why_off.as_deref().unwrap_or_default();
    KNOWN.iter().filter(move |known| {
        known.kind == source.config.kind() && known.needed && why.contains(known.variable)
    })
}

/// The variable that people know for a key of a kind.
#[must_use]
pub fn variable_of(kind: &str, key: &str) -> Option<&'static str> {
    KNOWN
        .iter()
        .find(|known| known.kind == kind && known.key == key)
        .map(|known| known.variable)
}

/// The variable that sets a key of one source.
#[must_use]
pub fn variable_for(id: &str, key: &str) -> String {
    format!(
        "{PREFIX}{}__{}",
        slug(id).to_ascii_uppercase(),
        key.replace('.', "__").to_ascii_uppercase()
    )
}

/// What the environment says of sources. Kept beside the settings, for sources that
/// are added later are treated no differently.
#[derive(Clone, Default)]
pub struct SourceVariables {
    environment: Environment,
}

/// The names alone: the values are secrets.
impl fmt::Debug for SourceVariables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.environment.variables.keys())
            .finish()
    }
}

/// What variables of one source begin with.
const PREFIX: &str = "PRAHARI_SOURCES__";

impl SourceVariables {
    pub(super) fn of(environment: &Environment) -> Self {
        let of_sources = |name: &str| {
            name.starts_with(PREFIX)
                || name == SERVER
                || KNOWN.iter().any(|known| {
                    name.strip_prefix(known.variable)
                        .is_some_and(|rest| matches!(rest, "" | "_FILE"))
                })
        };
        let variables = environment
            .variables
            .iter()
            .filter(|(name, _)| of_sources(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        Self {
            environment: Environment {
                variables,
                mistakes: Vec::new(),
            },
        }
    }

    /// Sets in `source` what variables say of it, and says what was assumed.
    pub(super) fn apply(
        &self,
        source: &mut SourceEntry,
        assumptions: &mut Vec<String>,
        mistakes: &mut Vec<Mistake>,
    ) {
        let (table, names) = self.said_of(source);
        if table.is_empty() {
            return;
        }
        let switches_on = !source.decided
            && !source.enabled
            && is_complete(source, &table)
            && !table.contains_key("enabled");
        match entry::changed(source, table) {
            Ok(mut changed) => {
                changed.said_by.extend(names.iter().cloned());
                if switches_on {
                    changed.enabled = true;
                    assumptions.push(format!(
                        "{} is set: the source `{}` is switched on",
                        names.join(" and "),
                        changed.id
                    ));
                }
                *source = changed;
            }
            // The variable is named, and never its value.
            Err(what) => mistakes.push(Mistake {
                place: names.join(", "),
                what,
            }),
        }
    }

    /// Sets in a source that is only looked at what variables say of its service.
    pub(crate) fn lend(&self, source: &mut SourceEntry) {
        self.apply(source, &mut Vec::new(), &mut Vec::new());
    }

    /// What variables say of a source, and their names.
    fn said_of(&self, source: &SourceEntry) -> (toml::Table, Vec<String>) {
        let (mut table, mut names) = (toml::Table::new(), Vec::new());
        for known in KNOWN
            .iter()
            .filter(|known| known.kind == source.config.kind())
        {
            let file_key = format!("{}_file", known.key);
            let settings = source.settings.reveal();
            if settings.contains_key(known.key)
                || settings.contains_key(&file_key)
                || !self.may_have(source, known)
            {
                continue;
            }
            let in_file = format!("{}_FILE", known.variable);
            if let Some(value) = self.environment.get(known.variable) {
                table.insert(known.key.to_owned(), value.into());
                names.push(known.variable.to_owned());
            } else if let Some(path) = self
                .environment
                .get(&in_file)
                .filter(|_| IN_FILES.contains(&known.key))
            {
                table.insert(file_key, path.into());
                names.push(in_file);
            }
        }
        let own = format!(
            "{PREFIX}{}__",
            slug(source.id.as_str()).to_ascii_uppercase()
        );
        for (name, value) in &self.environment.variables {
            let Some(path) = name.strip_prefix(&own).filter(|path| !path.is_empty()) else {
                continue;
            };
            let path: Vec<String> = path.split("__").map(str::to_lowercase).collect();
            Document::set_in(&mut table, &path, super::env::read_value(value));
            names.push(name.clone());
        }
        (table, names)
    }

    /// Whether a source may have what a variable holds: it reads the one service
    /// that the variable is for.
    fn may_have(&self, source: &SourceEntry, known: &Known) -> bool {
        let Some(wanted) = known.host else {
            return true;
        };
        let given = (known.kind == "mastodon")
            .then(|| self.environment.get(SERVER))
            .flatten()
            .map(|server| host_of(server).unwrap_or_else(|| server.to_owned()));
        let wanted = given.as_deref().unwrap_or(wanted);
        source
            .config
            .url()
            .and_then(host_of)
            .is_some_and(|host| host == wanted || host.ends_with(&format!(".{wanted}")))
    }

    /// Variables that name a source nobody has.
    pub(super) fn strays(&self, sources: &[SourceEntry]) -> Vec<Mistake> {
        let known: BTreeSet<String> = sources
            .iter()
            .map(|source| slug(source.id.as_str()).to_ascii_uppercase())
            .collect();
        let strays = self.environment.variables.keys().filter(|name| {
            name.strip_prefix(PREFIX)
                .is_some_and(|path| !path.split("__").next().is_some_and(|id| known.contains(id)))
        });
        strays
            .map(|name| Mistake {
                place: name.clone(),
                what: "there is no source of this name".to_owned(),
            })
            .collect()
    }
}

/// The server that `MASTODON_TOKEN` is of, if it is not infosec.exchange.
const SERVER: &str = "MASTODON_SERVER";

/// Whether a source has all that its kind needs, with what `table` brings.
fn is_complete(source: &SourceEntry, table: &toml::Table) -> bool {
    let mut needed = needed(source).peekable();
    needed.peek().is_some()
        && needed.all(|known| {
            let file = format!("{}_file", known.key);
            [table, source.settings.reveal()]
                .iter()
                .any(|table| table.contains_key(known.key) || table.contains_key(&file))
        })
}

fn host_of(url: &str) -> Option<String> {
    Url::parse(url).ok()?.host_str().map(str::to_owned)
}

fn slug(id: &str) -> String {
    id.replace(['-', '.'], "_")
}
