//! `prahari sources add|remove|enable|disable|import`.

use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;

use model::SourceId;
use serde::Serialize;
use serde_json::json;
use sources::opml::Outline;

use super::super::{Outcome, print};
use super::{is_address, preview, settings_of};
use crate::config::SourceEntry;
use crate::pipeline::{NewSource, Pipeline, Refusal, Removal};

/// Who makes the changes of this file.
const BY: &str = "command";
/// Items of a preview shown before a source is added.
const SHOWN: usize = 5;

/// Adds a source.
#[derive(Debug, clap::Args)]
pub(super) struct Add {
    /// A web address: of a feed, of a page that names one, of a document or a service
    place: String,
    /// Its short name; made from its title if absent
    #[arg(long)]
    id: Option<String>,
    /// Its name for people; its own title if absent
    #[arg(long)]
    name: Option<String>,
    /// What it is; told by looking if absent
    #[arg(long)]
    kind: Option<String>,
    /// How often it is read, as 15m or 2h; as usual for its kind if absent
    #[arg(long)]
    interval: Option<String>,
    /// A setting of its kind; may be given several times. Secrets are not taken
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Add it switched off
    #[arg(long)]
    off: bool,
    /// Add it without asking
    #[arg(long, short)]
    yes: bool,
    /// Add it without reading it first; needs --kind
    #[arg(long, requires = "kind")]
    no_check: bool,
}

impl Add {
    pub(super) async fn run(self, pipeline: &Pipeline, as_json: bool) -> anyhow::Result<Outcome> {
        let mut settings = settings_of(self.kind.as_deref(), &self.set)?;
        let is_file = self.kind.as_deref() == Some("file");
        anyhow::ensure!(
            is_address(&self.place) || is_file,
            "{} is no web address; a folder or file is added with --kind file",
            self.place
        );
        let mut looked = None;
        let source = match &self.kind {
            Some(kind) if self.no_check || is_file => {
                if is_file {
                    // The service may run in another folder.
                    let path = std::path::absolute(&self.place)?;
                    let path = path.to_str().unwrap_or(&self.place);
                    settings.insert("path".to_owned(), path.into());
                }
                pipeline.described(kind, &self.place, settings)
            }
            kind => {
                // What is refused anyway is refused before anybody is asked for it.
                if let Some(kind) = kind {
                    let described = pipeline.described(kind, &self.place, settings.clone());
                    pipeline.candidate(NewSource {
                        id: self.id.clone(),
                        ..described
                    })?;
                }
                let found = pipeline
                    .look_at(&self.place, kind.as_deref(), settings)
                    .await?;
                let source = found.source.clone();
                looked = Some(found);
                source
            }
        };
        let title = looked.as_ref().and_then(|looked| looked.title.clone());
        let candidate = pipeline.candidate(NewSource {
            id: self.id,
            name: self.name.or(title),
            interval: self.interval,
            off: self.off,
            ..source
        })?;
        if !as_json && let Some(looked) = &looked {
            print::line(&print::plain(&looked.found));
            preview::show(&looked.preview, &pipeline.settings.server.zone, SHOWN);
        }
        if !self.yes && !as_json && std::io::stdin().is_terminal() {
            print::line(&format!("Add it as `{}`? [y/N]", candidate.entry.id));
            let mut answer = String::new();
            std::io::stdin().lock().read_line(&mut answer)?;
            if !matches!(answer.trim(), "y" | "Y" | "yes") {
                print::line("nothing was added");
                return Ok(Outcome::Failed);
            }
        }
        let entry = pipeline.add_source(candidate, BY).await?;
        let found = looked.as_ref().map(|looked| looked.found.as_str());
        let items = looked.as_ref().map(|looked| looked.preview.items.len());
        if as_json {
            print::json(&json!({
                "id": entry.id, "name": entry.name, "kind": entry.config.kind(), "url": entry.config.url(),
                "enabled": entry.enabled, "interval_seconds": entry.interval.as_secs(),
                "found": found, "items": items,
            }))?;
        } else {
            print::line(&said_of(&entry, "added"));
        }
        Ok(Outcome::Done)
    }
}

fn said_of(entry: &SourceEntry, what: &str) -> String {
    let seconds = entry.interval.as_secs();
    let beat = match (seconds % 3600, seconds % 60) {
        (0, _) => format!("{} h", seconds / 3600),
        (_, 0) => format!("{} min", seconds / 60),
        _ => format!("{seconds} s"),
    };
    let reading = if entry.enabled {
        format!("it is read every {beat}")
    } else {
        "it is off".to_owned()
    };
    format!(
        "`{}` ({}) is {what}; {reading}",
        entry.id,
        entry.config.kind()
    )
}

/// Switches sources on or off.
pub(super) async fn switch(
    pipeline: &Pipeline,
    ids: &[SourceId],
    enabled: bool,
    as_json: bool,
) -> anyhow::Result<Outcome> {
    // All or nothing: a misspelt name leaves everything as it was.
    for id in ids {
        pipeline.entry(id)?;
    }
    let mut done = Vec::new();
    for id in ids {
        let before = pipeline.entry(id)?.enabled;
        let entry = pipeline.switch_source(id, enabled, BY).await?;
        if !as_json {
            let what = match (before == enabled, enabled) {
                (true, _) => "as it was",
                (false, true) => "switched on",
                (false, false) => "switched off",
            };
            print::line(&said_of(&entry, what));
            for variable in missing(&entry) {
                print::line(&format!("  it needs {variable}"));
            }
        }
        done.push(json!({ "id": id, "enabled": entry.enabled, "changed": before != enabled }));
    }
    if as_json {
        print::json(&done)?;
    }
    Ok(Outcome::Done)
}

/// The variables a source still waits for, if it is on and has not all it needs.
fn missing(entry: &SourceEntry) -> Vec<&'static str> {
    if !entry.enabled || entry.why_off.is_none() {
        return Vec::new();
    }
    let mut needed = crate::config::switched_on_by(entry);
    needed.retain(|variable| !entry.said_by.iter().any(|by| by.starts_with(variable)));
    needed
}

/// Removes sources.
pub(super) async fn remove(
    pipeline: &Pipeline,
    ids: &[SourceId],
    as_json: bool,
) -> anyhow::Result<Outcome> {
    for id in ids {
        pipeline.entry(id)?;
    }
    let mut done = Vec::new();
    for id in ids {
        let removal = pipeline.remove_source(id, BY).await?;
        let (outcome, sentence) = match removal {
            Removal::Removed => ("removed", format!("`{id}` is removed; what it gave stays")),
            Removal::SwitchedOff(origin) => (
                "switched_off",
                format!(
                    "`{id}` stands in the {} and cannot be removed by a command: it is switched off",
                    origin.as_str()
                ),
            ),
        };
        if !as_json {
            print::line(&sentence);
        }
        done.push(json!({ "id": id, "outcome": outcome }));
    }
    if as_json {
        print::json(&done)?;
    }
    Ok(Outcome::Done)
}

/// Adds the feeds of a list.
#[derive(Debug, clap::Args)]
pub(super) struct Import {
    /// A list of feeds as OPML, as feed readers export it
    file: PathBuf,
    /// Add them switched off
    #[arg(long)]
    off: bool,
    /// How often each is read, as 15m or 2h
    #[arg(long)]
    interval: Option<String>,
    /// Say what would be added, and add nothing
    #[arg(long)]
    dry_run: bool,
}

/// What an import of feeds did.
#[derive(Debug, Default, Serialize)]
struct Imported {
    added: Vec<SourceId>,
    duplicates: u32,
    failed: u32,
    problems: Vec<String>,
    dry_run: bool,
}

/// The largest list that is read: the reader of OPML stops at 8 MiB.
const LARGEST_LIST: u64 = 9 * 1024 * 1024;

impl Import {
    pub(super) async fn run(self, pipeline: &Pipeline, as_json: bool) -> anyhow::Result<Outcome> {
        let shown = self.file.display();
        let size = tokio::fs::metadata(&self.file)
            .await
            .map_err(|error| anyhow::anyhow!("{shown}: {error}"))?
            .len();
        anyhow::ensure!(
            size <= LARGEST_LIST,
            "{shown} is too large for a list of feeds"
        );
        let list = sources::opml::import(&tokio::fs::read(&self.file).await?);
        let mut done = Imported {
            dry_run: self.dry_run,
            ..Imported::default()
        };
        for problem in &list.problems {
            done.failed += 1;
            done.problems
                .push(format!("{}: {}", problem.place, problem.reason));
        }
        for outline in list.entries {
            let url = outline.url.clone();
            match self.take(pipeline, outline, &done.added).await {
                Ok(id) => done.added.push(id),
                Err(Refusal::Taken { .. }) => done.duplicates += 1,
                Err(Refusal::Store(error)) => return Err(error.into()),
                Err(refusal) => {
                    done.failed += 1;
                    done.problems.push(format!("{url}: {refusal}"));
                }
            }
        }
        if as_json {
            print::json(&done)?;
        } else {
            for problem in &done.problems {
                print::line(&format!("left out  {}", print::plain(problem)));
            }
            print::line(&format!(
                "{} sources {}, {} were there already, {} could not be taken",
                done.added.len(),
                if self.dry_run {
                    "would be added"
                } else {
                    "are added"
                },
                done.duplicates,
                done.failed
            ));
        }
        Ok(
            match (done.failed, done.added.len() + done.duplicates as usize) {
                (0, _) => Outcome::Done,
                (_, 0) => Outcome::Failed,
                _ => Outcome::InPart,
            },
        )
    }

    /// Adds one feed, unread: its first poll says whether it can be.
    async fn take(
        &self,
        pipeline: &Pipeline,
        outline: Outline,
        added: &[SourceId],
    ) -> Result<SourceId, Refusal> {
        let name = match &outline.category {
            // A source has no folders; its name keeps where it stood.
            Some(folder) => format!("{} ({folder})", outline.title),
            None => outline.title.clone(),
        };
        let described = pipeline.described("feed", &outline.url, toml::Table::new());
        let new = NewSource {
            name: Some(name),
            interval: self.interval.clone(),
            off: self.off,
            ..described
        };
        let mut candidate = pipeline.candidate(new.clone())?;
        if self.dry_run {
            // Two of one name in a list would be told apart when they are added.
            let base = candidate.entry.id.to_string();
            let mut number = 2;
            while added.contains(&candidate.entry.id) {
                candidate = pipeline.candidate(NewSource {
                    id: Some(format!("{base}-{number}")),
                    ..new.clone()
                })?;
                number += 1;
            }
            return Ok(candidate.entry.id);
        }
        Ok(pipeline.add_source(candidate, BY).await?.id)
    }
}
