//! Which models decide: the shipped ones, and in the place of some those that were
//! trained here. They are exchanged while everything runs.
//!
//! The store holds the decisions, the data folder the files. Every process looks at
//! the number of decisions before it places, so all follow the latest within seconds.
//! A file that is missing or damaged is refused, and the shipped model decides.

mod folder;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, PoisonError};

use model::training::{SHIPPED, Step, Trial};
use model::{Decision, Task};
use store::StoreError;
use understand::weights::{Header, Weights};
use understand::{Context, Models};

use super::Pipeline;
pub(crate) use folder::write_whole;
use folder::{Folder, prove, read_file, version_of};

/// Versions of one task kept beside the live one and the one before.
const SPARE: usize = 3;

/// Decisions looked through for the model before the live one.
const LOOKED_THROUGH: u32 = 100;

/// What decides in this process.
pub(super) struct Live {
    /// What understanding knows.
    pub(super) context: Arc<Context>,
    /// The decisions it follows.
    count: u64,
    /// Tasks that a model of ours decides, or should.
    tasks: BTreeMap<Task, Own>,
}

/// A model in the place of a shipped one.
struct Own {
    version: String,
    /// Its file; or what is wrong with it, and then the shipped one decides.
    file: Result<Vec<u8>, String>,
}

/// How the models of one task stand.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The task.
    pub task: Task,
    /// The version that should decide.
    pub live: String,
    /// The one that was live before it.
    pub previous: Option<String>,
    /// Why the shipped model decides instead, if it does.
    pub problem: Option<String>,
    /// Every model there is: the live one first, the shipped one last.
    pub versions: Vec<Version>,
}

/// A model file.
#[derive(Debug, Clone)]
pub struct Version {
    /// `shipped`, or the beginning of its hash.
    pub version: String,
    /// What it says of itself.
    pub header: Header,
    /// Its bytes.
    pub size: u64,
}

/// Why a model was not exchanged.
#[derive(Debug, thiserror::Error)]
pub enum ModelRefusal {
    /// There is no such model.
    #[error("{0}")]
    Unknown(String),
    /// The file cannot be used.
    #[error("{0}")]
    Unusable(String),
    /// Nothing would change, or somebody is at it: look first.
    #[error("{0}")]
    Conflict(String),
    /// The store could not keep it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Live {
    /// The shipped models alone.
    pub(super) fn shipped(context: Context) -> Self {
        Self {
            context: Arc::new(context),
            count: 0,
            tasks: BTreeMap::new(),
        }
    }
}

impl Pipeline {
    /// What understanding knows now.
    pub(super) fn context(&self) -> Arc<Context> {
        Arc::clone(&self.live().context)
    }

    fn live(&self) -> Arc<Live> {
        Arc::clone(&self.live.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn folder(&self) -> Folder {
        Folder::of(&self.settings.data_dir)
    }

    /// The file that decides a task now: that of the data folder, or the shipped one.
    #[must_use]
    pub fn model_file(&self, task: Task) -> Vec<u8> {
        match self.live().tasks.get(&task) {
            Some(Own {
                file: Ok(bytes), ..
            }) => bytes.clone(),
            _ => shipped(task).to_vec(),
        }
    }

    /// Takes up what was decided about models, here or by another process.
    ///
    /// # Errors
    /// The store does not answer; the models stay as they are.
    pub async fn follow_models(&self) -> Result<bool, StoreError> {
        let before = self.live();
        let count = self.store.decision_count().await?;
        if count == before.count {
            return Ok(false);
        }
        let mut wanted = Vec::new();
        for task in Task::ALL {
            let latest = self.store.decisions(Some(*task), 1).await?;
            if let Some(decision) = latest.into_iter().next()
                && decision.live != SHIPPED
            {
                wanted.push((*task, decision.live));
            }
        }
        let folder = self.folder();
        let base = before.context.as_ref().clone();
        let loading = tokio::task::spawn_blocking(move || {
            let mut models = Models::shipped().as_ref().clone();
            let mut tasks = BTreeMap::new();
            for (task, version) in wanted {
                let file = folder.read(task, &version).and_then(|proved| {
                    models = models
                        .with(proved.bytes.clone())
                        .map_err(|error| error.to_string())?;
                    Ok(proved.bytes)
                });
                tasks.insert(task, Own { version, file });
            }
            Live {
                context: Arc::new(base.using(Arc::new(models))),
                count,
                tasks,
            }
        });
        let live = loading
            .await
            .map_err(|error| StoreError::Busy(format!("loading models was stopped: {error}")))?;
        for (task, own) in &live.tasks {
            match &own.file {
                Ok(_) => {
                    tracing::info!(model.task = %task, model.version = own.version, "{task} is decided by model {}", own.version)
                }
                Err(what) => {
                    tracing::error!(model.task = %task, model.version = own.version, "{what}; the shipped model decides {task}")
                }
            }
        }
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(live);
        Ok(true)
    }

    /// How the models of a task stand.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn model_standing(&self, task: Task) -> Result<Standing, StoreError> {
        self.follow_models().await?;
        let live = self.live();
        let own = live.tasks.get(&task);
        let version = own.map_or(SHIPPED, |own| own.version.as_str()).to_owned();
        let problem = own.and_then(|own| own.file.as_ref().err().cloned());
        let previous = self.previous(task, &version).await?;
        let folder = self.folder();
        let live_version = version.clone();
        let listing = tokio::task::spawn_blocking(move || {
            let mut versions: Vec<Version> = folder
                .versions(task)
                .into_iter()
                .filter_map(|version| {
                    let proved = folder.read(task, &version).ok()?;
                    Some(Version {
                        version,
                        size: proved.bytes.len() as u64,
                        header: proved.header,
                    })
                })
                .collect();
            versions.extend(shipped_version(task));
            versions.sort_by_key(|one| one.version != live_version);
            versions
        });
        let versions = listing
            .await
            .map_err(|error| StoreError::Busy(format!("listing models was stopped: {error}")))?;
        Ok(Standing {
            task,
            live: version,
            previous,
            problem,
            versions,
        })
    }

    /// The version that was live before this one.
    async fn previous(&self, task: Task, live: &str) -> Result<Option<String>, StoreError> {
        let decisions = self.store.decisions(Some(task), LOOKED_THROUGH).await?;
        let mut befores = decisions.into_iter().map(|decision| decision.before);
        Ok(befores.find(|before| before != live))
    }

    /// Makes a version live that is there already: `shipped`, or one of the data
    /// folder. That is a person's decision; no gate is asked.
    ///
    /// # Errors
    /// There is none, or it is live.
    pub async fn activate_model(
        &self,
        task: Task,
        version: &str,
        by: &str,
    ) -> Result<Decision, ModelRefusal> {
        self.put_live(
            task,
            version,
            Step::Activated,
            by,
            "chosen by hand".to_owned(),
            None,
        )
        .await
    }

    /// Goes back to the model that was live before.
    ///
    /// # Errors
    /// There was none.
    pub async fn roll_back_model(&self, task: Task, by: &str) -> Result<Decision, ModelRefusal> {
        let standing = self.model_standing(task).await?;
        let Some(previous) = standing.previous else {
            return Err(ModelRefusal::Conflict(format!(
                "{task} was never decided by another model"
            )));
        };
        let why = format!("back from {} by hand", standing.live);
        self.put_live(task, &previous, Step::RolledBack, by, why, None)
            .await
    }

    /// Takes a model file into the data folder, without making it live, and says what
    /// it decides and its version.
    ///
    /// # Errors
    /// The file cannot be used.
    pub fn adopt_model(&self, path: &Path) -> Result<(Task, String), ModelRefusal> {
        let named = |what: String| ModelRefusal::Unusable(format!("{}: {what}", path.display()));
        let bytes = read_file(path).map_err(named)?;
        self.keep_model(bytes).map_err(|error| match error {
            ModelRefusal::Unusable(what) => named(what),
            other => other,
        })
    }

    /// The same of bytes.
    ///
    /// # Errors
    /// They cannot be used.
    pub fn keep_model(&self, bytes: Vec<u8>) -> Result<(Task, String), ModelRefusal> {
        let proved = prove(bytes).map_err(ModelRefusal::Unusable)?;
        let task: Task = proved
            .header
            .task
            .parse()
            .map_err(|error: model::IdError| ModelRefusal::Unusable(error.to_string()))?;
        if version_of(&proved.bytes) == version_of(shipped(task)) {
            return Ok((task, SHIPPED.to_owned()));
        }
        let version = self
            .folder()
            .write(task, &proved.bytes)
            .map_err(ModelRefusal::Unusable)?;
        Ok((task, version))
    }

    /// Makes a version live, and writes down by whom and why.
    pub(super) async fn put_live(
        &self,
        task: Task,
        version: &str,
        step: Step,
        by: &str,
        why: String,
        trial: Option<Trial>,
    ) -> Result<Decision, ModelRefusal> {
        self.follow_models().await?;
        let live = self.live();
        let own = live.tasks.get(&task);
        let before = own.map_or_else(|| SHIPPED.to_owned(), |own| own.version.clone());
        // Choosing a damaged one again reads it again.
        if before == version && own.is_none_or(|own| own.file.is_ok()) {
            return Err(ModelRefusal::Conflict(format!(
                "{version} decides {task} already"
            )));
        }
        if version != SHIPPED {
            self.folder()
                .read(task, version)
                .map_err(ModelRefusal::Unknown)?;
        }
        let decision = Decision {
            at: self.clock.now(),
            by: by.to_owned(),
            task,
            step,
            version: Some(version.to_owned()),
            before,
            live: version.to_owned(),
            why,
            trial,
        };
        self.store.decide(decision.clone()).await?;
        self.follow_models().await?;
        self.prune(task, &decision);
        Ok(decision)
    }

    /// Writes down that a trained model does not go live.
    pub(super) async fn note_refused(
        &self,
        task: Task,
        by: &str,
        why: String,
        trial: Trial,
    ) -> Result<Decision, ModelRefusal> {
        let live = self.live();
        let version = live
            .tasks
            .get(&task)
            .map_or_else(|| SHIPPED.to_owned(), |own| own.version.clone());
        let decision = Decision {
            at: self.clock.now(),
            by: by.to_owned(),
            task,
            step: Step::Trained,
            version: None,
            before: version.clone(),
            live: version,
            why,
            trial: Some(trial),
        };
        self.store.decide(decision.clone()).await?;
        Ok(decision)
    }

    /// Forgets the oldest files of a task; the live one and the one before stay.
    fn prune(&self, task: Task, latest: &Decision) {
        let folder = self.folder();
        let spare = folder
            .versions(task)
            .into_iter()
            .filter(|version| *version != latest.live && *version != latest.before);
        for version in spare.skip(SPARE) {
            folder.remove(task, &version);
        }
    }
}

/// The file in the binary.
fn shipped(task: Task) -> &'static [u8] {
    Models::shipped_file(task.as_str()).unwrap_or_default()
}

fn shipped_version(task: Task) -> Option<Version> {
    let bytes = shipped(task);
    let header = Weights::open(bytes).ok()?.header().clone();
    Some(Version {
        version: SHIPPED.to_owned(),
        header,
        size: bytes.len() as u64,
    })
}
