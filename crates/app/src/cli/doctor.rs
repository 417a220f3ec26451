//! `prahari doctor`: whether settings, machine and memory are sound, and what to do.
//!
//! It changes nothing unless told to, and asks nobody outside. Exit code: 0 nothing to
//! do; 1 something is broken; 3 somebody should do something.

use std::path::Path;

use serde_json::json;
use store::upkeep::{Finding, Level};
use store::{Location, StoreError};

use super::check::{Looked, look};
use super::{Outcome, print};
use crate::config::{Mistake, Settings};
use crate::pipeline::{Pipeline, World};

/// Says what is wrong with settings, machine and memory, and what to do about it. Asks
/// nobody outside. Ends with 0 when there is nothing to do, 1 when something is broken,
/// 3 when somebody should do something.
#[derive(Debug, clap::Args)]
pub(super) struct Doctor {
    /// Build again what can be: the words by which items are found, and what queries
    /// ask of incidents
    #[arg(long)]
    repair: bool,
}

const MEGABYTE: u64 = 1024 * 1024;
/// Below so much free space writes will soon fail.
const TIGHT: u64 = 200 * MEGABYTE;
/// Below so much somebody should make room: a busy week of items, and the write-ahead
/// log of an import.
const LITTLE: u64 = 2_048 * MEGABYTE;

impl Doctor {
    pub(super) async fn run(
        self,
        loaded: Result<Settings, Vec<Mistake>>,
        as_json: bool,
        world: World,
    ) -> anyhow::Result<Outcome> {
        let now = world.clock.now();
        let settings = loaded.as_ref().ok().cloned();
        let missing = settings
            .as_ref()
            .map(|settings| &settings.database)
            .filter(|database| !database.is_there());
        if let Some(database) = missing {
            let finding = no_database(database);
            show(&[finding], None, as_json)?;
            return Ok(Outcome::Failed);
        }
        let Looked {
            mistakes,
            closed,
            pipeline,
            ..
        } = look(loaded, world).await;
        let mut findings: Vec<Finding> = mistakes
            .into_iter()
            .map(|mistake| {
                Finding::new(
                    "settings",
                    Level::Broken,
                    mistake,
                    "mend it; `prahari check` says what is assumed besides",
                )
            })
            .collect();
        if let Some(error) = closed {
            findings.push(Finding::new(
                "start",
                Level::Broken,
                format!("{error:#}"),
                advice_on(&error),
            ));
        }
        if let Some(settings) = &settings {
            findings.extend(space(settings));
        }
        let mut rebuilt = None;
        if let Some(pipeline) = &pipeline {
            let mut found = pipeline.store.examine(now).await?;
            if self.repair && found.iter().any(|finding| finding.rebuild) {
                rebuilt = Some(rebuild(pipeline).await?);
                found = pipeline.store.examine(now).await?;
            }
            findings.extend(found);
        }
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
        show(&findings, rebuilt, as_json)?;
        Ok(match findings.first().map(|worst| worst.level) {
            Some(Level::Broken) => Outcome::Failed,
            Some(Level::Warning) => Outcome::InPart,
            Some(Level::Note) | None => Outcome::Done,
        })
    }
}

/// To look is no reason to make one: in the wrong folder all would seem sound.
fn no_database(database: &Location) -> Finding {
    Finding::new(
        "database",
        Level::Broken,
        format!("there is no database {database}"),
        "see that this is the right folder; `prahari run` or `prahari init-db` makes one",
    )
}

/// What to do about a start that fails: a backup helps only where something is damaged.
fn advice_on(error: &anyhow::Error) -> &'static str {
    let is_folder = error.downcast_ref::<std::io::Error>().is_some();
    match error.downcast_ref::<StoreError>() {
        Some(StoreError::Broken(_)) => {
            "the service does not start like this; where the database is damaged, `prahari restore` brings back a backup"
        }
        Some(StoreError::Denied(_)) => {
            "nothing says that it is damaged: the user that runs Prahari needs the right to read and write the database file and its folder, in PostgreSQL a role that may log in and owns the tables"
        }
        Some(StoreError::Busy(_)) => {
            "see that the database server runs and can be reached, and that no other program holds the file"
        }
        Some(StoreError::Full) => "make room on the disk",
        None if is_folder => "the user that runs Prahari needs the right to write there",
        _ => "the service does not start like this; mend what it says",
    }
}

/// Builds everything again that can be; says of how many items and incidents.
async fn rebuild(pipeline: &Pipeline) -> anyhow::Result<(u64, u64)> {
    let (mut items, mut incidents) = (0, 0);
    let mut next = Some(i64::MIN);
    while let Some(after) = next {
        let rebuilt = pipeline.store.rebuild(after).await?;
        items += rebuilt.items;
        incidents += rebuilt.incidents;
        next = rebuilt.next;
    }
    Ok((items, incidents))
}

/// Whether there is room where files grow.
fn space(settings: &Settings) -> Vec<Finding> {
    let mut folders = vec![settings.data_dir.as_path()];
    let mut size = 0;
    if let Location::File(path) = &settings.database {
        folders.extend(path.parent().filter(|folder| *folder != settings.data_dir));
        size = std::fs::metadata(path).map_or(0, |file| file.len());
    }
    folders
        .into_iter()
        .filter_map(|folder| {
            let free = free_in(folder)?;
            let level = if free < TIGHT {
                Level::Broken
            } else if free < LITTLE.max(size / 4) {
                Level::Warning
            } else {
                return None;
            };
            Some(Finding::new(
                "disk",
                level,
                format!("{} MB are free in {}", free / MEGABYTE, folder.display()),
                "make room, or keep less: [retention], [keep] max_total_mb, `prahari prune`; when the disk is full nothing is lost, but nothing is written either",
            ))
        })
        .collect()
}

fn free_in(folder: &Path) -> Option<u64> {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

fn show(findings: &[Finding], rebuilt: Option<(u64, u64)>, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        let findings: Vec<_> = findings
            .iter()
            .map(|finding| {
                json!({
                    "check": finding.check,
                    "level": finding.level.as_str(),
                    "what": finding.what,
                    "advice": finding.advice,
                })
            })
            .collect();
        let rebuilt =
            rebuilt.map(|(items, incidents)| json!({ "items": items, "incidents": incidents }));
        return print::json(&json!({ "findings": findings, "rebuilt": rebuilt }));
    }
    if let Some((items, incidents)) = rebuilt {
        print::line(&format!(
            "built again: the words of {items} items, what queries ask of {incidents} incidents"
        ));
    }
    for finding in findings {
        print::line(&print::plain(&format!(
            "{:<8} {}: {}",
            finding.level.as_str(),
            finding.check,
            finding.what
        )));
        print::line(&print::plain(&format!("         → {}", finding.advice)));
    }
    if findings.iter().all(|finding| finding.level == Level::Note) {
        print::line("settings, disk and memory are sound");
    }
    Ok(())
}
