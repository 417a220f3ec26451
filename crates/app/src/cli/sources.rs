//! `prahari sources`: what is read, how it stands, and what an address would give.

use std::path::Path;
use std::sync::Arc;

use clap::Subcommand;
use model::clock::elapsed;
use model::{Clock, SourceId};
use net::{Door, Fetched, Request};
use serde::Serialize;
use sources::opml::Outline;

use super::{Outcome, open, print};
use crate::config::Settings;
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
    /// Read sources once, keep nothing, and say what each would give
    Check {
        /// Only these; all that are read if none is given
        ids: Vec<SourceId>,
    },
    /// Show what a document would give, storing nothing
    Preview {
        /// A web address or a file
        place: String,
        /// What it is: feed, nvd, cisa_kev; told from the document if absent
        #[arg(long)]
        kind: Option<String>,
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
            Freshness::Off => match &self.why_off {
                Some(why) => format!("{word}: {why}"),
                None => word.to_owned(),
            },
            Freshness::NotReached if self.error.is_none() => word.to_owned(),
            Freshness::NotReached => format!("{word}: {error}"),
            Freshness::Failing | Freshness::Gone | Freshness::Resting => {
                let lasting = self.since.map(|since| span(elapsed(since, now)));
                let lasting = lasting.map_or_else(String::new, |span| format!(" for {span}"));
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
        mut settings: Settings,
        world: World,
        as_json: bool,
    ) -> anyhow::Result<Outcome> {
        match self.command {
            Command::List => list(&open(settings, world).await?, as_json).await,
            Command::Check { ids } => {
                only(&mut settings, &ids)?;
                check(&open(settings, world).await?, as_json).await
            }
            Command::Export => export(&settings),
            Command::Preview { place, kind } => {
                preview(&settings, &world, &place, kind.as_deref(), as_json).await
            }
            Command::Poll { id } => {
                only(&mut settings, std::slice::from_ref(&id))?;
                poll(&open(settings, world).await?, as_json).await
            }
        }
    }
}

/// Leaves the named sources, switched on because they were asked for by name.
pub(super) fn only(settings: &mut Settings, ids: &[SourceId]) -> anyhow::Result<()> {
    for wanted in ids {
        anyhow::ensure!(
            settings.sources.iter().any(|source| &source.id == wanted),
            "there is no source `{wanted}`"
        );
    }
    if !ids.is_empty() {
        settings.sources.retain(|source| ids.contains(&source.id));
        settings
            .sources
            .iter_mut()
            .for_each(|source| source.enabled = true);
    }
    Ok(())
}

async fn list(pipeline: &Pipeline, as_json: bool) -> anyhow::Result<Outcome> {
    let states = pipeline.store.source_states().await?;
    let now = pipeline.clock.now();
    let listed: Vec<Listed> = pipeline
        .settings
        .sources
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
            }
        })
        .collect();
    if as_json {
        print::json(&listed)?;
        return Ok(Outcome::Done);
    }
    for source in &listed {
        print::line(&format!(
            "{:<28} {:<18} {}",
            source.id.as_str(),
            source.kind,
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

fn export(settings: &Settings) -> anyhow::Result<Outcome> {
    let feeds: Vec<Outline> = settings
        .sources
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
    for source in &pipeline.sources {
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

/// Largest file that is previewed, in bytes.
const LARGEST_PREVIEW: u64 = 64 * 1024 * 1024;

async fn preview(
    settings: &Settings,
    world: &World,
    place: &str,
    kind: Option<&str>,
    as_json: bool,
) -> anyhow::Result<Outcome> {
    let is_address = place.starts_with("http://") || place.starts_with("https://");
    let (bytes, content_type, base) = if is_address {
        let clock: Arc<dyn Clock> = Arc::clone(&world.clock);
        let door = Door::new(settings.net.clone(), clock).map_err(anyhow::Error::msg)?;
        match door.fetch(Request::get(place)).await? {
            Fetched::Body(body) => (body.bytes.to_vec(), body.content_type, body.url),
            Fetched::Unchanged => {
                anyhow::bail!("{place} says that nothing changed, to a first request")
            }
        }
    } else {
        let size = tokio::fs::metadata(Path::new(place))
            .await
            .map_err(|error| anyhow::anyhow!("{place}: {error}"))?
            .len();
        anyhow::ensure!(size <= LARGEST_PREVIEW, "{place} is larger than 64 MB");
        (tokio::fs::read(place).await?, None, String::new())
    };
    let preview = sources::preview::preview(&bytes, content_type.as_deref(), &base, kind)?;
    if as_json {
        print::json(&preview)?;
        return Ok(Outcome::Done);
    }
    print::line(&format!(
        "{}: {}",
        preview.kind,
        print::plain(preview.title.as_deref().unwrap_or("without a title"))
    ));
    for item in &preview.items {
        let at = item.published.map_or_else(
            || "no date          ".to_owned(),
            |at| print::time(at, &settings.server.zone),
        );
        print::line(&format!(
            "  {at}  {}",
            print::plain(item.title.as_deref().unwrap_or("without a title"))
        ));
    }
    for problem in &preview.problems {
        print::line(&format!(
            "  cannot be read: {}: {}",
            problem.place,
            print::plain(&problem.reason)
        ));
    }
    Ok(Outcome::Done)
}

async fn poll(pipeline: &Pipeline, as_json: bool) -> anyhow::Result<Outcome> {
    let Some(source) = pipeline.sources.first() else {
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
