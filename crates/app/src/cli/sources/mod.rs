//! `prahari sources`: what is read, how it stands, and what an address would give.

mod change;
mod preview;

use clap::Subcommand;
use model::SourceId;
use model::clock::elapsed;
use serde::Serialize;
use sources::SourceConfig;
use sources::opml::Outline;

use super::{Outcome, open, print};
use crate::config::{self, Origin, Settings};
use crate::pipeline::audit::{Freshness, freshness, since, span};
use crate::pipeline::{Pipeline, World};

/// Sources.
#[derive(Debug, clap::Args)]
pub(super) struct Sources {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List every source: kind, interval, on or off, and how it stands
    List,
    /// Add a source: what it is is found by looking, and shown before it is kept
    Add(change::Add),
    /// Remove sources that were added; others are switched off
    Remove {
        /// Which
        #[arg(required = true)]
        ids: Vec<SourceId>,
    },
    /// Switch sources on
    Enable {
        /// Which
        #[arg(required = true)]
        ids: Vec<SourceId>,
    },
    /// Switch sources off
    Disable {
        /// Which
        #[arg(required = true)]
        ids: Vec<SourceId>,
    },
    /// Add the feeds of an OPML list
    Import(change::Import),
    /// Read sources once, keep nothing, and say what each would give
    Check {
        /// Only these; all that are read if none is given
        ids: Vec<SourceId>,
    },
    /// Show what an address, a file or a source would give, storing nothing
    Preview {
        /// A web address, a file, or the id of a source
        place: String,
        /// What it is, as feed, nvd, taxii; told by looking if absent
        #[arg(long)]
        kind: Option<String>,
        /// A setting of its kind; may be given several times
        #[arg(long = "set", value_name = "KEY=VALUE", requires = "kind")]
        set: Vec<String>,
    },
    /// Print the feeds as OPML, for other readers
    Export,
    /// Read one source now, and keep what it gives
    Poll {
        /// Which
        id: SourceId,
    },
}

/// A source in the list.
#[derive(Debug, Serialize)]
struct Listed {
    id: SourceId,
    name: String,
    kind: &'static str,
    url: Option<String>,
    enabled: bool,
    interval_seconds: u64,
    state: Freshness,
    since: Option<model::Timestamp>,
    last_success: Option<model::Timestamp>,
    last_item: Option<model::Timestamp>,
    expected_by: Option<model::Timestamp>,
    next_poll: Option<model::Timestamp>,
    failures: u32,
    error: Option<String>,
    good_for: Option<String>,
    why_off: Option<String>,
    origin: Origin,
    said_by: Vec<String>,
    switched_on_by: Vec<&'static str>,
    changed_at: Option<model::Timestamp>,
    changed_by: Option<String>,
}

impl Listed {
    /// How it stands, in words.
    fn standing(&self, now: model::Timestamp, zone: &str) -> String {
        let word = self.state.word();
        let time = |at: Option<model::Timestamp>| {
            at.map_or_else(|| "-".to_owned(), |at| print::time(at, zone))
        };
        let error = print::plain(self.error.as_deref().unwrap_or("no reason known"));
        match self.state {
            Freshness::Off => match (&self.changed_by, &self.why_off) {
                (Some(by), _) => format!("{word}: switched off by {by}"),
                (None, Some(why)) => format!("{word}: {why}"),
                (None, None) => word.to_owned(),
            },
            Freshness::NotReached if self.error.is_none() => word.to_owned(),
            Freshness::NotReached => format!("{word}: {error}"),
            Freshness::Failing | Freshness::Gone | Freshness::Resting => {
                let lasting = self.since.map(|since| elapsed(since, now));
                let lasting = lasting.filter(|lasting| lasting.as_secs() >= 60);
                let lasting =
                    lasting.map_or_else(String::new, |long| format!(" for {}", span(long)));
                format!(
                    "{word}{lasting}: {error}; next try {}",
                    time(self.next_poll)
                )
            }
            Freshness::Silent => {
                format!("{word}: last news {}", time(self.since))
            }
            Freshness::Fresh | Freshness::Late => {
                let mut said = format!("{word}: read {}", time(self.last_success));
                if self.last_item.is_some() {
                    said.push_str(&format!(", last news {}", time(self.last_item)));
                }
                if self.expected_by.is_some() {
                    said.push_str(&format!(", more by {}", time(self.expected_by)));
                }
                said
            }
        }
    }
}

/// What a source would give.
#[derive(Debug, Serialize)]
struct Verdict {
    id: SourceId,
    items: usize,
    statements: usize,
    problems: usize,
    error: Option<String>,
}

impl Sources {
    pub(super) async fn run(
        self,
        settings: Settings,
        world: World,
        as_json: bool,
    ) -> anyhow::Result<Outcome> {
        // A preview and an export of a first look leave no database behind.
        let pipeline = match &self.command {
            Command::Preview { .. } | Command::Export => open_if_there(settings, world).await?,
            _ => open(settings, world).await?,
        };
        match self.command {
            Command::List => list(&pipeline, as_json).await,
            Command::Add(add) => add.run(&pipeline, as_json).await,
            Command::Remove { ids } => change::remove(&pipeline, &ids, as_json).await,
            Command::Enable { ids } => change::switch(&pipeline, &ids, true, as_json).await,
            Command::Disable { ids } => change::switch(&pipeline, &ids, false, as_json).await,
            Command::Import(import) => import.run(&pipeline, as_json).await,
            Command::Check { ids } => {
                pipeline.keep_to_named(&ids)?;
                check(&pipeline, as_json).await
            }
            Command::Export => export(&pipeline),
            Command::Preview { place, kind, set } => {
                let settings = settings_of(kind.as_deref(), &set)?;
                let preview =
                    preview::of_place(&pipeline, &place, kind.as_deref(), settings).await?;
                if as_json {
                    print::json(&preview)?;
                } else {
                    preview::show(&preview, &pipeline.settings.server.zone, usize::MAX);
                }
                Ok(Outcome::Done)
            }
            Command::Poll { id } => {
                pipeline.keep_to_named(std::slice::from_ref(&id))?;
                poll(&pipeline, as_json).await
            }
        }
    }
}

/// A pipeline over the database if there is one; else over none that stays.
async fn open_if_there(mut settings: Settings, world: World) -> anyhow::Result<Pipeline> {
    if settings.database.is_there() {
        return open(settings, world).await;
    }
    let folder = tempfile::tempdir()?;
    settings.database = folder.path().join("preview.db").into();
    // The file stays open; its name may go.
    open(settings, world).await
}

/// Whether a place is a web address.
fn is_address(place: &str) -> bool {
    place.starts_with("http://") || place.starts_with("https://")
}

/// What `--set key=value` says.
fn settings_of(kind: Option<&str>, set: &[String]) -> anyhow::Result<toml::Table> {
    if let Some(kind) = kind {
        let known = SourceConfig::KINDS;
        anyhow::ensure!(
            known.contains(&kind),
            "there is no kind `{kind}`; it is one of {}",
            known.join(", ")
        );
    }
    let mut table = toml::Table::new();
    for pair in set {
        let (key, value) = pair
            .split_once('=')
            .ok_or_else(|| anyhow::anyhow!("--set takes KEY=VALUE, and `{pair}` has no ="))?;
        config::set(
            &mut table,
            key.trim(),
            config::setting(kind.unwrap_or_default(), key.trim(), value),
        );
    }
    Ok(table)
}

async fn list(pipeline: &Pipeline, as_json: bool) -> anyhow::Result<Outcome> {
    let states = pipeline.store.source_states().await?;
    let now = pipeline.clock.now();
    let listed: Vec<Listed> = pipeline
        .sources()
        .entries
        .iter()
        .map(|entry| {
            let state = states.iter().find(|state| state.source == entry.id);
            let freshness = freshness(entry, state, now);
            let trouble = state.and_then(|state| state.ledger.trouble.as_ref());
            let silent_from = state.and_then(|state| state.ledger.silent_from(state.last_item));
            let cadence = state.and_then(|state| state.ledger.cadence(entry.interval));
            Listed {
                id: entry.id.clone(),
                name: entry.name.clone(),
                kind: entry.config.kind(),
                url: entry.config.url().map(str::to_owned),
                enabled: entry.enabled,
                interval_seconds: entry.interval.as_secs(),
                state: freshness,
                since: state.and_then(|state| since(freshness, state)),
                last_success: state.and_then(|state| state.last_success),
                last_item: state.and_then(|state| state.last_item),
                expected_by: cadence
                    .zip(silent_from)
                    .map(|(cadence, from)| cadence.expected_by(from)),
                next_poll: state.and_then(|state| state.ledger.next_poll),
                failures: state.map_or(0, |state| state.failures),
                error: trouble
                    .map(|trouble| trouble.said.clone())
                    .or_else(|| state.and_then(|state| state.error.clone())),
                good_for: entry.good_for.clone(),
                why_off: entry.why_off.clone().filter(|_| !entry.enabled),
                origin: entry.origin,
                said_by: entry.said_by.clone(),
                switched_on_by: match (entry.enabled, &entry.why_off) {
                    (false, Some(_)) => config::switched_on_by(entry),
                    _ => Vec::new(),
                },
                changed_at: entry.change.as_ref().map(|change| change.at),
                changed_by: entry.change.as_ref().map(|change| change.by.clone()),
            }
        })
        .collect();
    if as_json {
        print::json(&listed)?;
        return Ok(Outcome::Done);
    }
    for source in &listed {
        print::line(&format!(
            "{:<28} {:<18} {:<10} {}",
            source.id.as_str(),
            source.kind,
            source.origin.as_str(),
            source.standing(now, &pipeline.settings.server.zone)
        ));
    }
    print::line(&format!(
        "{} sources, {} of them on",
        listed.len(),
        listed.iter().filter(|source| source.enabled).count()
    ));
    Ok(Outcome::Done)
}

fn export(pipeline: &Pipeline) -> anyhow::Result<Outcome> {
    let feeds: Vec<Outline> = pipeline
        .sources()
        .entries
        .iter()
        .filter(|entry| entry.config.kind() == "feed")
        .filter_map(|entry| {
            Some(Outline {
                title: entry.name.clone(),
                url: entry.config.url()?.to_owned(),
                html_url: None,
                category: None,
            })
        })
        .collect();
    print::line(&sources::opml::export("Prahari", &feeds));
    Ok(Outcome::Done)
}

async fn check(pipeline: &Pipeline, as_json: bool) -> anyhow::Result<Outcome> {
    let mut failed = 0;
    let mut verdicts = Vec::new();
    for source in &pipeline.sources().open {
        let verdict = match source.look().await {
            Ok(polled) => Verdict {
                id: source.entry.id.clone(),
                items: polled.items.len() + polled.categories.len(),
                statements: polled.statements.len(),
                problems: polled.problems.len(),
                error: None,
            },
            Err(error) => {
                failed += 1;
                Verdict {
                    id: source.entry.id.clone(),
                    items: 0,
                    statements: 0,
                    problems: 0,
                    error: Some(error.to_string()),
                }
            }
        };
        if !as_json {
            let said = match &verdict.error {
                Some(error) => format!("fails: {}", print::plain(error)),
                None if verdict.items + verdict.statements == 0 => {
                    "answers, with nothing in it".to_owned()
                }
                None => format!(
                    "works: {} items, {} CVE records, {} entries that cannot be read",
                    verdict.items, verdict.statements, verdict.problems
                ),
            };
            print::line(&format!("{:<28} {said}", verdict.id.as_str()));
        }
        verdicts.push(verdict);
    }
    if as_json {
        print::json(&verdicts)?;
    }
    Ok(match failed {
        0 => Outcome::Done,
        n if n == verdicts.len() => Outcome::Failed,
        _ => Outcome::InPart,
    })
}

async fn poll(pipeline: &Pipeline, as_json: bool) -> anyhow::Result<Outcome> {
    let sources = pipeline.sources();
    let Some(source) = sources.open.first() else {
        return Ok(Outcome::Failed);
    };
    let polled = pipeline.poll(source, &|_| ()).await?;
    pipeline.place_waiting().await?;
    if as_json {
        print::json(&serde_json::json!({
            "id": source.entry.id, "new_items": polled.recorded.items, "repeats": polled.recorded.repeats,
            "statements": polled.statements, "problems": polled.problems,
        }))?;
    } else {
        print::line(&format!(
            "{}: {} new items, {} CVE records, {} entries that could not be read",
            source.entry.id, polled.recorded.items, polled.statements, polled.problems
        ));
    }
    Ok(Outcome::Done)
}
