//! `prahari models list|activate|rollback`.

use std::path::Path;

use clap::Subcommand;
use model::training::SHIPPED;
use model::{Decision, Task};

use super::{Outcome, open_existing, print};
use crate::api::models::{self, DecisionView, ModelList, ModelView};
use crate::config::Settings;
use crate::pipeline::{Pipeline, World};

/// Who asks by command.
pub(super) const BY: &str = "command";

/// The models that decide.
#[derive(Debug, clap::Args)]
pub(super) struct Models {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the models and what was decided about them
    List,
    /// Make a model live: a running service takes it up within seconds
    Activate {
        /// What it decides: relevance, types, severity, flaw, stories, names
        task: Task,
        /// One of its versions, `shipped`, or a model file
        model: String,
    },
    /// Go back to the model that was live before
    Rollback {
        /// What it decides
        task: Task,
    },
}

impl Models {
    pub(super) async fn run(
        self,
        settings: Settings,
        world: World,
        as_json: bool,
    ) -> anyhow::Result<Outcome> {
        let zone = settings.server.zone.clone();
        let pipeline = open_existing(settings, world).await?;
        let decision = match self.command {
            Command::List => {
                let list = models::all(&pipeline).await?;
                if as_json {
                    print::json(&list)?;
                } else {
                    show(&list, &zone);
                }
                return Ok(Outcome::Done);
            }
            Command::Activate { task, model } => {
                let version = version(&pipeline, task, model)?;
                pipeline.activate_model(task, &version, BY).await?
            }
            Command::Rollback { task } => pipeline.roll_back_model(task, BY).await?,
        };
        tell(decision, as_json)?;
        Ok(Outcome::Done)
    }
}

/// The version that is meant; a file is taken into the data folder first.
fn version(pipeline: &Pipeline, task: Task, model: String) -> anyhow::Result<String> {
    let path = Path::new(&model);
    if model == SHIPPED || !path.is_file() {
        return Ok(model);
    }
    let (decides, version) = pipeline.adopt_model(path)?;
    anyhow::ensure!(decides == task, "{model} decides {decides}, not {task}");
    Ok(version)
}

/// What was decided, as a line or as JSON.
pub(super) fn tell(decision: Decision, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        return print::json(&DecisionView::from(decision));
    }
    let Decision {
        task, live, why, ..
    } = &decision;
    print::line(&if decision.changed() {
        format!("{task} is decided by {live} from now on: {why}")
    } else {
        format!("{task} is decided by {live} as before: {why}")
    });
    Ok(())
}

fn show(list: &ModelList, zone: &str) {
    for model in &list.models {
        let ModelView {
            task,
            live,
            labels,
            held_back,
            needed,
            ..
        } = model;
        let first = model.versions.first();
        let made = first.map_or_else(String::new, |version| moment(&version.made, zone));
        let mut line = format!("{:10} {live:17} {made:21}", task.as_str());
        if model.taught {
            line += &format!(" {labels} labels, {held_back} of {needed} held back");
        }
        if model.training {
            line += ", being trained";
        }
        print::line(&line);
        if let Some(problem) = &model.problem {
            print::line(&format!("{:10} {}", "", print::plain(problem)));
        }
        for version in &model.versions {
            if version.version != *live {
                let previous = model.previous.as_ref() == Some(&version.version);
                let mark = if previous { " (before)" } else { "" };
                print::line(&format!(
                    "{:10} {:17} {}{mark}",
                    "",
                    version.version,
                    moment(&version.made, zone)
                ));
            }
        }
    }
    if !list.decisions.is_empty() {
        print::line("\nDecisions");
    }
    for DecisionView { decision, changed } in &list.decisions {
        let what = match (changed, &decision.version) {
            (true, _) => format!("{} goes live", decision.live),
            (false, Some(version)) => format!("{version} stays live"),
            (false, None) => "refused".to_owned(),
        };
        print::line(&format!(
            "  {}  {}: {} by {}, {what}: {}",
            print::time(decision.at, zone),
            decision.task,
            decision.step.word().to_lowercase(),
            decision.by,
            print::plain(&decision.why)
        ));
    }
}

/// When a model was made, as its file says.
fn moment(text: &str, zone: &str) -> String {
    text.parse()
        .map_or_else(|_| print::plain(text), |at| print::time(at, zone))
}
