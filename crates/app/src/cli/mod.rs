//! The command line. Each command is one file; what they share is here: flags,
//! start-up, and how results are printed.
//!
//! Exit codes: 0 done; 1 it could not be done; 2 the command or the settings are
//! wrong; 3 done in part (some sources failed).

mod analyse;
mod backup;
mod by_hand;
mod check;
mod copy;
mod doctor;
mod evaluate;
mod feedback;
mod import;
mod incident;
mod ingest;
mod init_db;
mod models;
mod notify;
mod openapi;
mod print;
mod progress;
mod prune;
mod region;
mod reprocess;
mod rule;
mod run;
mod search;
mod sources;
mod train;
mod vulnerability;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use model::{Milestones, Secret};
use tracing_subscriber::EnvFilter;

use crate::config::{self, Environment, Flags, LogFormat, Mistake, Settings};
use crate::pipeline::{Pipeline, World};
use crate::system::{SystemClock, SystemIds};

/// Watches where cyber threats become public, understands what it reads, and
/// tells the right people once, with the reasons.
#[derive(Debug, Parser)]
#[command(name = "prahari", version, max_term_width = 100)]
struct Arguments {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Flags that every command takes.
#[derive(Debug, clap::Args)]
struct Global {
    /// The settings file [default: prahari.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder of everything Prahari keeps [default: data]
    #[arg(long, global = true, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// The database: a file, or postgres://user@host/name [default: prahari.db in the data folder]
    #[arg(long, global = true, value_name = "DATABASE")]
    database: Option<String>,
    /// Address and port of the service [default: 127.0.0.1:8000]
    #[arg(long, global = true, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Print JSON instead of text
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run everything: collect, place, alert, deliver, and serve API and dashboard
    Run(run::Run),
    /// Read every source once, place and deliver what it brings, and say what was done
    Ingest(ingest::Ingest),
    /// Load history from files: yearly files, archives and tables that others offer
    Import(import::Import),
    /// Read what is kept again, and understand what is stored again; alerts nobody
    Reprocess(reprocess::Reprocess),
    /// Make the database, or bring it up to date
    InitDb,
    /// List incidents, show one, and do something about them
    Incident(incident::Incident),
    /// Find incidents by a query
    Search(search::Search),
    /// List rules, and say what one would have sent
    Rule(rule::Rule),
    /// Show what is known of a CVE, who says it, and what changed
    Vulnerability(vulnerability::Vulnerability),
    /// List, add, switch, check, preview and poll sources
    Sources(sources::Sources),
    /// Understand documents: JSON Lines in, one analysis a line out; nothing is stored
    Analyse(analyse::Analyse),
    /// List, show, check and build region packs
    Region(region::Region),
    /// Say what is right about an incident or item; list and take back what was said
    Feedback(feedback::Feedback),
    /// Train models: on feedback, or on labelled sets
    Train(train::Train),
    /// Measure models: on feedback, or on labelled sets
    Evaluate(evaluate::Evaluate),
    /// List the models that decide, and choose others
    Models(models::Models),
    /// Test channels, and look after their deliveries
    Notify(notify::Notify),
    /// Write everything into one file, while the service goes on
    Backup(backup::Backup),
    /// Bring back what `backup` wrote
    Restore(backup::Restore),
    /// Copy everything into another database: SQLite to PostgreSQL, or back
    Copy(copy::Copy),
    /// Forget what is older than the settings keep it
    Prune(prune::Prune),
    /// Say what is wrong with settings, machine and memory, and what to do
    Doctor(doctor::Doctor),
    /// Read the settings and say what is wrong, and what is assumed
    Check,
    /// Print the OpenAPI document of the API
    Openapi,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Done,
    Failed,
    Wrong,
    InPart,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::SUCCESS,
            Outcome::Failed => Self::from(1),
            Outcome::Wrong => Self::from(2),
            Outcome::InPart => Self::from(3),
        }
    }
}

/// Settings that cannot be used.
const WRONG_SETTINGS: u8 = 2;

/// Reads the arguments and does what they say.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let json = arguments.global.json;
    if matches!(arguments.command, Command::Openapi) {
        return finish(openapi::openapi());
    }
    let environment = config::read_environment(&PathBuf::from("."));
    let flags = Flags {
        config: arguments.global.config,
        listen: arguments.global.listen,
        data_dir: arguments.global.data_dir,
        database: arguments.global.database.map(Secret::new),
    };
    let loaded = config::load(&flags, &environment);
    if matches!(arguments.command, Command::Check) {
        return finish(on_runtime(check::check(loaded, json, world(&environment))));
    }
    if let Command::Doctor(doctor) = arguments.command {
        return finish(on_runtime(doctor.run(loaded, json, world(&environment))));
    }
    if let Command::Region(region) = arguments.command {
        return finish(region.run(loaded.as_ref().ok(), json));
    }
    let settings = match loaded {
        Ok(settings) => settings,
        Err(mistakes) => {
            report(&mistakes);
            return ExitCode::from(WRONG_SETTINGS);
        }
    };
    start_log(&settings);
    for mistake in &settings.mistakes {
        tracing::error!(
            config.place = mistake.place,
            "{mistake}; this entry is left out"
        );
    }
    let world = world(&environment);
    finish(match arguments.command {
        Command::Run(run) => on_runtime(run.run(settings, world)),
        Command::Ingest(ingest) => on_runtime(ingest.run(settings, world, json)),
        Command::Import(import) => on_runtime(import.run(settings, world, json)),
        Command::Reprocess(again) => on_runtime(again.run(settings, world, json)),
        Command::InitDb => on_runtime(init_db::init_db(settings, world, json)),
        Command::Incident(incident) => on_runtime(incident.run(settings, world, json)),
        Command::Sources(sources) => on_runtime(sources.run(settings, world, json)),
        Command::Search(search) => on_runtime(search.run(settings, world, json)),
        Command::Rule(rule) => on_runtime(rule.run(settings, world, json)),
        Command::Vulnerability(one) => on_runtime(one.run(settings, world, json)),
        Command::Notify(notify) => on_runtime(notify.run(settings, world, json)),
        Command::Feedback(feedback) => on_runtime(feedback.run(settings, world, json)),
        Command::Train(train) => on_runtime(train.run(settings, world, json)),
        Command::Evaluate(evaluate) => on_runtime(evaluate.run(settings, world, json)),
        Command::Models(models) => on_runtime(models.run(settings, world, json)),
        Command::Backup(backup) => on_runtime(backup.run(settings, world, json)),
        Command::Restore(restore) => on_runtime(restore.run(settings, json)),
        Command::Copy(copy) => on_runtime(copy.run(json)),
        Command::Prune(prune) => on_runtime(prune.run(settings, world, json)),
        Command::Analyse(analyse) => analyse.run(&settings),
        Command::Check | Command::Doctor(_) | Command::Openapi | Command::Region(_) => {
            Ok(Outcome::Done)
        }
    })
}

/// Opens a pipeline over the real world.
async fn open(settings: Settings, world: World) -> anyhow::Result<Pipeline> {
    Pipeline::open(settings, world).await
}

/// Opens what is there already. A command that looks, or changes what there is, makes no
/// database: in the wrong folder it would find nothing and say so as if that were true.
async fn open_existing(settings: Settings, world: World) -> anyhow::Result<Pipeline> {
    anyhow::ensure!(
        settings.database.is_there(),
        "there is no database {}: is this the right folder? `prahari run` or `prahari init-db` makes one",
        settings.database
    );
    open(settings, world).await
}

fn on_runtime<F: Future<Output = anyhow::Result<Outcome>>>(work: F) -> anyhow::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(work);
    // Readers that still wait for the disk are not waited for.
    runtime.shutdown_background();
    outcome
}

fn finish(result: anyhow::Result<Outcome>) -> ExitCode {
    match result {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            print::error(&format!("{error:#}"));
            Outcome::Failed.into()
        }
    }
}

fn report(mistakes: &[Mistake]) {
    for mistake in mistakes {
        print::error(&mistake.to_string());
    }
}

fn start_log(settings: &Settings) {
    let filter = settings
        .log
        .filter()
        .unwrap_or_else(|_| EnvFilter::new("info"));
    let colour = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(colour)
        .with_writer(std::io::stderr);
    match settings.log.format {
        LogFormat::Text => log.with_target(false).init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
}

/// The machine's clock and random ids; nobody is told of milestones. In debug
/// builds a test may stop the process at one, and set its clock ahead.
fn world(environment: &Environment) -> World {
    #[cfg(debug_assertions)]
    let (clock, stop) = (
        environment
            .get("PRAHARI_CLOCK_AHEAD")
            .and_then(|seconds| seconds.parse().ok())
            .map_or_else(SystemClock::default, |seconds| {
                SystemClock::ahead(std::time::Duration::from_secs(seconds))
            }),
        environment
            .get("PRAHARI_STOP_AT")
            .and_then(crate::system::StopAt::of),
    );
    #[cfg(not(debug_assertions))]
    let (clock, stop) = {
        let _ = environment;
        (SystemClock::default(), None::<model::milestone::PassBy>)
    };
    let milestones: Arc<dyn Milestones> = match stop {
        Some(stop) => Arc::new(stop),
        None => Arc::new(model::milestone::PassBy),
    };
    World {
        clock: Arc::new(clock),
        ids: Arc::new(SystemIds(clock)),
        milestones,
    }
}
