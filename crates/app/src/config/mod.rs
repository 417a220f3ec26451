//! Settings: read once at start, every mistake reported together, passed down as
//! values.
//!
//! Three layers, later ones win: `prahari.toml`, the environment (with the `.env`
//! file beneath it), flags. Over them lies, for sources alone, what people changed
//! with commands, which the database keeps. A mistake in one source, channel or rule costs only
//! that entry; a file that is not TOML, or a wrong key of a section, stops the start, and is
//! told with all the others.

mod credential;
mod document;
mod entry;
mod env;
mod file;
mod keys;
mod region;
mod roster;
mod rules;
mod table;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use credential::{SourceVariables, switched_on_by, variable_for, variable_of};
pub(crate) use entry::unread_scheme;
pub use entry::{ChannelEntry, Origin, SourceEntry};
pub use env::{Environment, database, read_environment};
pub use file::{
    Alerting, Audit, Keep, Learning, Log, LogFormat, Polling, Retention, Server, Watch,
};
pub use region::{Region, pack};
pub use roster::{Roster, of_table, reads_the_same, secret_keys, set, setting};

use model::{Country, Rule, Secret};
use store::Location;
use understand::Context;
use understand::region::Regions;

/// Everything the program needs to know, ready to use.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where and how the service answers.
    pub server: Server,
    /// The folder of everything Prahari keeps.
    pub data_dir: PathBuf,
    /// Where the memory is.
    pub database: Location,
    /// The door out.
    pub net: net::Config,
    /// Which country is home.
    pub region: Region,
    /// The region packs, when they are not the shipped home alone.
    packs: Option<Arc<Regions>>,
    /// The user's keywords.
    pub watch: Watch,
    /// How alerts are gathered.
    pub alerting: Alerting,
    /// What of the documents that arrived is kept.
    pub keep: Keep,
    /// How long things are remembered.
    pub retention: Retention,
    /// How often sources are asked.
    pub polling: Polling,
    /// The self-audit of sources.
    pub audit: Audit,
    /// Learning from feedback.
    pub learning: Learning,
    /// How the log is written.
    pub log: Log,
    /// What is read, switched-off ones included, before what people changed with
    /// commands: see [`Settings::roster`].
    pub sources: Vec<SourceEntry>,
    /// What the environment says of sources.
    pub source_variables: SourceVariables,
    /// Who is told.
    pub channels: Vec<ChannelEntry>,
    /// Of what.
    pub rules: Vec<Rule>,
    /// What was assumed because nobody said it; `prahari check` states each.
    pub assumptions: Vec<String>,
    /// Mistakes that cost one entry each.
    pub mistakes: Vec<Mistake>,
}

/// Something wrong in the settings: where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// File and line, or the variable.
    pub place: String,
    /// What is wrong, naming the key.
    pub what: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// What flags say.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// `--config`: this file must exist. Without it `prahari.toml` is read if it is there.
    pub config: Option<PathBuf>,
    /// `--listen`.
    pub listen: Option<String>,
    /// `--data-dir`.
    pub data_dir: Option<PathBuf>,
    /// `--database`.
    pub database: Option<Secret<String>>,
}

/// The file that is read when no flag names another.
pub const DEFAULT_FILE: &str = "prahari.toml";

/// Reads all settings.
///
/// # Errors
/// Every mistake that leaves nothing to start with.
pub fn load(flags: &Flags, environment: &Environment) -> Result<Settings, Vec<Mistake>> {
    let path = flags
        .config
        .clone()
        .unwrap_or_else(|| PathBuf::from(DEFAULT_FILE));
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && flags.config.is_none() => {
            String::new()
        }
        Err(error) => {
            return Err(vec![Mistake {
                place: path.display().to_string(),
                what: error.to_string(),
            }]);
        }
    };
    let mut settings = parse(&text, &path, flags, environment)?;
    if settings.region != Region::default() {
        let packs = settings.region.open().map_err(|mistakes| {
            let place = format!("{}, [region]", path.display());
            let told = mistakes.into_iter().map(|what| Mistake {
                place: place.clone(),
                what,
            });
            told.collect::<Vec<_>>()
        })?;
        if let Some(home) = packs.home() {
            follow_home(&mut settings.rules, home.country);
        }
        settings.packs = Some(packs);
    }
    Ok(settings)
}

/// The built-in rules speak of India until the packs are read and home is known.
fn follow_home(rules: &mut [Rule], home: Country) {
    let shipped = Rule::built_in(Country::INDIA);
    for (at_home, shipped) in Rule::built_in(home).into_iter().zip(shipped) {
        for rule in rules.iter_mut().filter(|rule| **rule == shipped) {
            rule.clone_from(&at_home);
        }
    }
}

impl Settings {
    /// The region packs in use, the home's first.
    #[must_use]
    pub fn regions(&self) -> Arc<Regions> {
        self.packs.clone().unwrap_or_else(Regions::shipped)
    }

    /// What understanding needs to know of the user.
    #[must_use]
    pub fn context(&self) -> Context {
        Context::new(&self.watch.keywords).within(self.regions())
    }
}

/// Settings from the text of a file, an environment and flags. Pure.
///
/// # Errors
/// See [`load`].
pub fn parse(
    text: &str,
    path: &Path,
    flags: &Flags,
    environment: &Environment,
) -> Result<Settings, Vec<Mistake>> {
    let place = path.display().to_string();
    let mut document = document::Document::parse(text, &place).map_err(|mistake| vec![mistake])?;
    let mut mistakes = environment.mistakes.clone();
    let mut assumptions = Vec::new();

    environment.overlay(&mut document);
    let (mut file, mut fatal) = document.sections();
    if let Some(listen) = &flags.listen {
        file.server.listen.clone_from(listen);
    }
    if let Some(folder) = &flags.data_dir {
        file.data_dir.clone_from(folder);
    }
    fatal.extend(file.check().into_iter().map(|(key, what)| match key {
        "server.listen" if flags.listen.is_some() => Mistake {
            place: "--listen".to_owned(),
            what,
        },
        "data_dir" if flags.data_dir.is_some() => Mistake {
            place: "--data-dir".to_owned(),
            what,
        },
        _ => Mistake {
            place: document.place_of(key),
            what: format!("{key}: {what}"),
        },
    }));

    let mut sources = entry::sources(&document, file.catalogue, &mut mistakes);
    let source_variables = SourceVariables::of(environment);
    for source in &mut sources {
        source_variables.apply(source, &mut assumptions, &mut mistakes);
    }
    let seed = environment.seed_channels(&mut assumptions, &mut mistakes);
    let channels = entry::channels(&document, seed, &mut mistakes);
    let rules = rules::rules(&document, &channels, &mut mistakes);

    let mut watch = file.watch;
    watch.keywords.extend(environment.keywords());
    mistakes.extend(rules::unknown_channels(
        &document,
        "audit.channels",
        file.audit.channels.as_deref().unwrap_or_default(),
        &channels,
    ));
    let data_dir = file.data_dir;
    let database = match (
        &flags.database,
        &file.database,
        environment.get("DATABASE_URL"),
    ) {
        (Some(flag), _, _) => env::database("--database", flag.reveal()),
        (None, _, Some(url)) => env::database("DATABASE_URL", url),
        (None, Some(text), None) => env::database(&document.place_of("database"), text.reveal()),
        (None, None, None) => Ok(data_dir.join("prahari.db").into()),
    };
    let database = match database {
        Ok(database) if fatal.is_empty() => database,
        database => {
            fatal.extend(database.err());
            fatal.extend(mistakes);
            return Err(fatal);
        }
    };
    Ok(Settings {
        server: file.server,
        data_dir,
        database,
        net: file.net,
        region: file.region,
        packs: None,
        watch,
        alerting: file.alerting,
        keep: file.keep,
        retention: file.retention,
        polling: file.polling,
        audit: file.audit,
        learning: file.learning,
        log: file.log,
        sources,
        source_variables,
        channels,
        rules,
        assumptions,
        mistakes,
    })
}

/// A map of settings from variable names, as tests and [`read_environment`] make it.
pub type Variables = BTreeMap<String, String>;

#[cfg(test)]
mod tests;
