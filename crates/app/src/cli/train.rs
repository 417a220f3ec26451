//! `prahari train`: on feedback with the gate behind it, or on labelled sets.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use learn::{file, tasks};
use model::Task;
use serde::Serialize;
use understand::weights::{Header, Weights};

use super::models::{self, BY};
use super::{Outcome, open, open_existing, print};
use crate::config::Settings;
use crate::pipeline::models::write_whole;
use crate::pipeline::{Pipeline, World};

/// Trains models. Without --data on what people said: a model goes live if it decides
/// better on feedback that was held back. With --data on labelled sets, laid out as
/// those the shipped models were trained on; the models are written into a folder, or
/// kept among the versions that `prahari models activate` chooses from.
///
/// A file is written whole when its task is done: interrupting loses only the task
/// under way.
#[derive(Debug, clap::Args)]
pub(super) struct Train {
    /// What to train: relevance, types, severity, flaw, stories, names; may be given
    /// several times [default: all]
    #[arg(long = "task", value_name = "TASK")]
    tasks: Vec<Task>,
    /// The folder of the labelled sets
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Where TASK.bin are written
    #[arg(long, value_name = "FOLDER", requires = "data")]
    output: Option<PathBuf>,
    /// Another seed, another shuffle; the same seed and sets give the same bytes
    #[arg(long, value_name = "NUMBER", default_value_t = tasks::SEED)]
    seed: u64,
}

/// One trained model.
#[derive(Debug, Serialize)]
struct Trained {
    task: Task,
    /// Its version among the models here; null when it was written into a folder.
    version: Option<String>,
    /// The file, when it was written into a folder.
    file: Option<PathBuf>,
    size: usize,
    /// Whether the file held the same model before, and was left as it is.
    unchanged: bool,
    made: String,
    data: String,
    scores: BTreeMap<String, f64>,
}

impl Train {
    pub(super) async fn run(
        self,
        settings: Settings,
        world: World,
        as_json: bool,
    ) -> anyhow::Result<Outcome> {
        let Some(data) = &self.data else {
            return self.on_feedback(settings, world, as_json).await;
        };
        anyhow::ensure!(data.is_dir(), "{} is no folder", data.display());
        let tasks = self.chosen(Task::ALL);
        let made = world.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let pipeline = match &self.output {
            Some(_) => None,
            None => Some(open(settings, world).await?),
        };
        let bar = bar(tasks.iter().map(|task| tasks::steps(*task)).sum());
        let mut all = Vec::new();
        for task in tasks {
            let bytes = tasks::train(task, data, self.seed, &made, &|what| step(&bar, what))?;
            let trained = match (&self.output, &pipeline) {
                (Some(folder), _) => write(task, folder, bytes)?,
                (None, Some(pipeline)) => keep(task, pipeline, &bytes)?,
                (None, None) => anyhow::bail!("nowhere to write {task}"),
            };
            if !as_json {
                bar.suspend(|| show(&trained));
            }
            all.push(trained);
        }
        bar.finish_and_clear();
        if as_json {
            print::json(&all)?;
        }
        Ok(Outcome::Done)
    }

    /// Trains, tries and decides, task by task.
    async fn on_feedback(
        self,
        settings: Settings,
        world: World,
        as_json: bool,
    ) -> anyhow::Result<Outcome> {
        let pipeline = open_existing(settings, world).await?;
        let tasks = self.chosen(&Task::TAUGHT);
        let bar = bar(tasks.len() as u64);
        let mut decisions = Vec::new();
        for task in tasks {
            step(&bar, &format!("{task}: learning from feedback"));
            let training = pipeline.begin_training(task, BY).await?;
            decisions.push(pipeline.train(training).await?);
        }
        bar.finish_and_clear();
        if as_json {
            let views = decisions
                .into_iter()
                .map(crate::api::models::DecisionView::from);
            print::json(&views.collect::<Vec<_>>())?;
        } else {
            for decision in decisions {
                models::tell(decision, false)?;
            }
        }
        Ok(Outcome::Done)
    }

    fn chosen(&self, all: &[Task]) -> Vec<Task> {
        let mut tasks = if self.tasks.is_empty() {
            all.to_vec()
        } else {
            self.tasks.clone()
        };
        tasks.sort_unstable();
        tasks.dedup();
        tasks
    }
}

/// A bar on a terminal; nothing elsewhere.
fn bar(steps: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(steps);
    if let Ok(style) =
        ProgressStyle::with_template("training {bar:32} {pos} of {len}, {elapsed}: {msg}")
    {
        bar.set_style(style);
    }
    bar
}

fn step(bar: &ProgressBar, what: &str) {
    bar.set_message(what.to_owned());
    bar.inc(1);
    if bar.is_hidden() {
        tracing::info!("{what}");
    }
}

/// Writes TASK.bin. A file that holds the same model but for its date stays.
fn write(task: Task, folder: &Path, bytes: Vec<u8>) -> anyhow::Result<Trained> {
    let path = folder.join(format!("{task}.bin"));
    let before = std::fs::read(&path).ok();
    let same = before.filter(|before| {
        let made = Weights::open(before.clone()).map(|known| known.header().made.clone());
        made.and_then(|made| file::redated(&bytes, &made))
            .is_ok_and(|redated| redated == *before)
    });
    let unchanged = same.is_some();
    let bytes = same.unwrap_or(bytes);
    if !unchanged {
        write_whole(&path, &bytes).map_err(anyhow::Error::msg)?;
    }
    trained(task, &bytes, |trained| {
        trained.unchanged = unchanged;
        trained.file = Some(path);
    })
}

/// Keeps a model among the versions here; it is not live.
fn keep(task: Task, pipeline: &Pipeline, bytes: &[u8]) -> anyhow::Result<Trained> {
    let (_, version) = pipeline.keep_model(bytes.to_vec())?;
    trained(task, bytes, |trained| trained.version = Some(version))
}

fn trained(task: Task, bytes: &[u8], add: impl FnOnce(&mut Trained)) -> anyhow::Result<Trained> {
    let Header {
        made, data, scores, ..
    } = Weights::open(bytes.to_vec())?.header().clone();
    let mut trained = Trained {
        task,
        version: None,
        file: None,
        size: bytes.len(),
        unchanged: false,
        made,
        data,
        scores,
    };
    add(&mut trained);
    Ok(trained)
}

fn show(trained: &Trained) {
    let Trained { task, size, .. } = trained;
    print::line(&match (&trained.file, &trained.version) {
        (Some(file), _) if trained.unchanged => {
            format!("{task}: {} holds the same model", file.display())
        }
        (Some(file), _) => format!("{task}: {} ({size} bytes)", file.display()),
        (None, Some(version)) => {
            format!("{task}: {version} ({size} bytes); prahari models activate {task} {version}")
        }
        (None, None) => format!("{task}: {size} bytes"),
    });
    for (name, score) in &trained.scores {
        print::line(&format!("  {name:44} {score:.3}"));
    }
}
