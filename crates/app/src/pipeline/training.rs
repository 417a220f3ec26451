//! Training on feedback, one task at a time, on a thread of its own; the gate of
//! [`learn::retrain`] decides whether a model goes live.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use learn::retrain::{self, Lesson};
use model::clock::later;
use model::training::Step;
use model::{Decision, Sample, Task};
use store::learning::FeedbackFilter;
use store::{Fence, StoreError};

use super::Pipeline;
use super::feedback::sample;
use super::models::ModelRefusal;

/// Feedback learned from at most: the newest.
const MOST_LESSONS: u32 = 10_000;
/// Texts that nobody spoke of, to hold a model where it was.
const OTHERS: u32 = 1_000;
/// So many new labels make the service train again.
const NEW_LABELS: u32 = 25;
/// The lease that lets one process train at a time, and its length: training takes
/// seconds, some minutes with thousands of labels.
const LEASE: (&str, Duration) = ("training", Duration::from_secs(10 * 60));

/// Labels of one task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Labels {
    /// All.
    pub count: u32,
    /// Those held back for the gate.
    pub held_back: u32,
    /// How many it takes.
    pub needed: u32,
}

/// What is being trained in this process.
pub(super) type Busy = Arc<Mutex<Option<Task>>>;

/// The right to train, and what is trained.
pub struct Training {
    task: Task,
    by: String,
    fence: Fence,
    busy: Busy,
}

impl Drop for Training {
    fn drop(&mut self) {
        *self.busy.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Pipeline {
    /// What is being trained in this process.
    #[must_use]
    pub fn training(&self) -> Option<Task> {
        *self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every text that people spoke of.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn lessons(&self) -> Result<Vec<Lesson>, StoreError> {
        let all = FeedbackFilter::default();
        let page = self.store.feedback(&all, None, MOST_LESSONS).await?;
        let keyed = page.given.into_iter().map(|given| {
            // What tells one story is held back together.
            let key = given.incident.map_or_else(
                || given.feedback.item.to_string(),
                |incident| incident.to_string(),
            );
            (given.feedback, key)
        });
        Ok(retrain::lessons(keyed.collect()))
    }

    /// How many labels these are for a task.
    #[must_use]
    pub fn labels(task: Task, lessons: &[Lesson]) -> Labels {
        let (count, held_back) = retrain::labels(task, lessons);
        Labels {
            count,
            held_back,
            needed: retrain::NEEDED,
        }
    }

    /// Takes the right to train a task on feedback.
    ///
    /// # Errors
    /// The task learns from no feedback, or something is being trained.
    pub async fn begin_training(&self, task: Task, by: &str) -> Result<Training, ModelRefusal> {
        if !task.is_taught() {
            let error = retrain::RetrainError::Untaught(task);
            return Err(ModelRefusal::Unusable(error.to_string()));
        }
        {
            let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(other) = *busy {
                return Err(ModelRefusal::Conflict(format!(
                    "{other} is being trained; one at a time"
                )));
            }
            *busy = Some(task);
        }
        let now = self.clock.now();
        let (name, length) = LEASE;
        let taken = self
            .store
            .acquire(name, &self.holder, now, later(now, length));
        let freed = || *self.busy.lock().unwrap_or_else(PoisonError::into_inner) = None;
        match taken.await {
            Ok(Some(fence)) => Ok(Training {
                task,
                by: by.to_owned(),
                fence,
                busy: Arc::clone(&self.busy),
            }),
            Ok(None) => {
                freed();
                Err(ModelRefusal::Conflict(
                    "another process trains; one at a time".to_owned(),
                ))
            }
            Err(error) => {
                freed();
                Err(error.into())
            }
        }
    }

    /// Trains on feedback, tries the model, and lets it go live or not. Either way it
    /// is written down.
    ///
    /// # Errors
    /// The store or a file failed; then nothing is decided.
    pub async fn train(&self, training: Training) -> Result<Decision, ModelRefusal> {
        let trained = self.train_and_decide(&training).await;
        self.store.release(&training.fence).await?;
        let decision = trained?;
        tracing::info!(
            model.task = %decision.task, model.version = decision.live,
            "{} was trained on feedback and {}: {}",
            decision.task,
            if decision.changed() { "goes live" } else { "is refused" },
            decision.why
        );
        Ok(decision)
    }

    async fn train_and_decide(&self, training: &Training) -> Result<Decision, ModelRefusal> {
        let task = training.task;
        self.follow_models().await?;
        let lessons = self.lessons().await?;
        let others = self.others(&lessons).await?;
        let live = self.model_file(task);
        let made = self.clock.now().to_string();
        let work = tokio::task::spawn_blocking(move || {
            retrain::retrain(task, retrain::prior(task), &live, &lessons, &others, &made)
        });
        let taught = work
            .await
            .map_err(|error| ModelRefusal::Unusable(format!("training was stopped: {error}")))?
            .map_err(|error| ModelRefusal::Unusable(error.to_string()))?;
        match taught.file.filter(|_| taught.passed) {
            Some(file) => {
                let (_, version) = self.keep_model(file)?;
                self.put_live(
                    task,
                    &version,
                    Step::Trained,
                    &training.by,
                    taught.why,
                    Some(taught.trial),
                )
                .await
            }
            None => {
                self.note_refused(task, &training.by, taught.why, taught.trial)
                    .await
            }
        }
    }

    /// Texts that nobody spoke of.
    async fn others(&self, lessons: &[Lesson]) -> Result<Vec<Sample>, StoreError> {
        let placed = self.store.latest_placed(OTHERS).await?;
        let samples = placed.iter().map(sample);
        let spoken_of = |one: &Sample| lessons.iter().any(|lesson| lesson.sample == *one);
        Ok(samples.filter(|one| !spoken_of(one)).collect())
    }

    /// Trains every task for which enough was said since it was last trained.
    ///
    /// # Errors
    /// As [`Pipeline::train`].
    pub async fn train_what_is_due(&self) -> Result<Vec<Decision>, ModelRefusal> {
        let lessons = self.lessons().await?;
        let mut decisions = Vec::new();
        for task in Task::TAUGHT {
            let labels = Self::labels(task, &lessons);
            if labels.held_back < labels.needed {
                continue;
            }
            let known = self.store.decisions(Some(task), 100).await?;
            let last = known.iter().find_map(|decision| decision.trial);
            let learned = last.map_or(0, |trial| trial.labels);
            if labels.count >= learned.saturating_add(NEW_LABELS) {
                let training = self.begin_training(task, "service").await?;
                decisions.push(self.train(training).await?);
            }
        }
        Ok(decisions)
    }
}
