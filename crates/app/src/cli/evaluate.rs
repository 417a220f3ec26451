//! `prahari evaluate`: how well models decide, on feedback or on labelled sets.

use std::path::PathBuf;

use learn::retrain::{self, Lesson};
use learn::tasks::{self, Report};
use model::Task;

use super::{Outcome, open_existing, print};
use crate::config::Settings;
use crate::pipeline::{Pipeline, World};

/// Measures the models that decide here. Without --data on what people said; with
/// --data on the dev parts of labelled sets.
#[derive(Debug, clap::Args)]
pub(super) struct Evaluate {
    /// What to measure: relevance, types, severity, flaw, stories, names; may be given
    /// several times [default: all]
    #[arg(long = "task", value_name = "TASK")]
    tasks: Vec<Task>,
    /// The folder of the labelled sets
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// The shipped models, whatever is live
    #[arg(long)]
    shipped: bool,
}

impl Evaluate {
    pub(super) async fn run(
        self,
        settings: Settings,
        world: World,
        as_json: bool,
    ) -> anyhow::Result<Outcome> {
        // Measuring shipped models on sets makes no database.
        let pipeline = if self.data.is_some() && (self.shipped || !settings.database.is_there()) {
            None
        } else {
            Some(open_existing(settings, world).await?)
        };
        let lessons = match (&self.data, &pipeline) {
            (None, Some(pipeline)) => pipeline.lessons().await?,
            _ => Vec::new(),
        };
        let tasks = match (self.tasks.is_empty(), &self.data) {
            (false, _) => self.tasks.clone(),
            (true, Some(_)) => Task::ALL.to_vec(),
            (true, None) => Task::TAUGHT.to_vec(),
        };
        let mut reports = Vec::new();
        for task in tasks {
            let report = self.measure(task, pipeline.as_ref(), &lessons)?;
            if !as_json {
                print::line(&shown(&report));
            }
            reports.push(report);
        }
        if as_json {
            print::json(&reports)?;
        }
        Ok(Outcome::Done)
    }

    fn measure(
        &self,
        task: Task,
        pipeline: Option<&Pipeline>,
        lessons: &[Lesson],
    ) -> anyhow::Result<Report> {
        let file = match pipeline.filter(|_| !self.shipped) {
            Some(pipeline) => pipeline.model_file(task),
            None => retrain::prior(task).to_vec(),
        };
        Ok(match &self.data {
            Some(folder) => tasks::evaluate(task, folder, &file)?,
            None => tasks::evaluate_on_feedback(task, &file, lessons)?,
        })
    }
}

/// The report as text. Outside text stands in the worst errors: control characters would
/// move a terminal's cursor.
fn shown(report: &Report) -> String {
    // No error among no labels is no good sign.
    if report
        .measures
        .get("labels")
        .is_some_and(|labels| *labels < 1.0)
    {
        return format!("{}: nobody has said anything of it yet", report.task.word());
    }
    let lines = report.to_string();
    let lines: Vec<String> = lines.lines().map(print::plain).collect();
    lines.join("\n")
}
