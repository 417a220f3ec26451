//! `/api/models`: which models decide, and what was decided about them.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use learn::retrain::Lesson;
use model::training::SHIPPED;
use model::{Decision, Task};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Shared;
use super::error::Problem;
use super::input::JsonBody;
use crate::pipeline::{ModelRefusal, Pipeline, Version};

/// Who asks over the API.
const BY: &str = "api";

/// Decisions that are shown.
const SHOWN: u32 = 50;

/// The models and the latest decisions about them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelList {
    /// One a task.
    pub models: Vec<ModelView>,
    /// What was decided, newest first.
    pub decisions: Vec<DecisionView>,
}

/// What decides one task.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelView {
    /// The task.
    pub task: Task,
    /// The task in words.
    pub name: String,
    /// The version that decides: `shipped`, or one that was trained here.
    pub live: String,
    /// The version that was live before; null when there was none. Rolling back goes
    /// there.
    pub previous: Option<String>,
    /// Why the shipped model decides although another should; null when all is well.
    pub problem: Option<String>,
    /// Every model there is, the live one first.
    pub versions: Vec<VersionView>,
    /// Whether it learns from feedback.
    pub taught: bool,
    /// Texts that feedback labels for it.
    pub labels: u32,
    /// Those that are held back for the gate.
    pub held_back: u32,
    /// How many must be held back before a trained model can go live.
    pub needed: u32,
    /// Whether it is being trained now.
    pub training: bool,
}

/// One model of a task.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VersionView {
    /// `shipped`, or the beginning of the file's SHA-256.
    pub version: String,
    /// When it was made, in RFC 3339.
    pub made: String,
    /// The fingerprint of the data it learned from.
    pub data: String,
    /// Its bytes.
    pub size: u64,
    /// How it was measured when it was made, by name of the measure.
    pub scores: BTreeMap<String, f64>,
    /// Sizes: texts it learned from, outputs.
    pub counts: BTreeMap<String, u64>,
}

/// A decision about the model of a task.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecisionView {
    /// What was decided.
    #[serde(flatten)]
    pub decision: Decision,
    /// Whether another model is live since.
    pub changed: bool,
}

/// Which model is to decide.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Activation {
    /// `shipped`, or one of the task's versions.
    version: String,
}

impl From<Version> for VersionView {
    fn from(version: Version) -> Self {
        let Version {
            version,
            header,
            size,
        } = version;
        Self {
            version,
            made: header.made,
            data: header.data,
            size,
            scores: header.scores,
            counts: header.counts,
        }
    }
}

impl From<Decision> for DecisionView {
    fn from(decision: Decision) -> Self {
        Self {
            changed: decision.changed(),
            decision,
        }
    }
}

/// The models and decisions as they are now.
pub(crate) async fn all(pipeline: &Pipeline) -> Result<ModelList, store::StoreError> {
    let lessons = pipeline.lessons().await?;
    let mut models = Vec::new();
    for task in Task::ALL {
        models.push(view(pipeline, *task, &lessons).await?);
    }
    let decisions = pipeline.store.decisions(None, SHOWN).await?;
    Ok(ModelList {
        models,
        decisions: decisions.into_iter().map(DecisionView::from).collect(),
    })
}

async fn view(
    pipeline: &Pipeline,
    task: Task,
    lessons: &[Lesson],
) -> Result<ModelView, store::StoreError> {
    let standing = pipeline.model_standing(task).await?;
    let labels = Pipeline::labels(task, lessons);
    Ok(ModelView {
        task,
        name: task.word().to_owned(),
        live: standing.live,
        previous: standing.previous,
        problem: standing.problem,
        versions: standing
            .versions
            .into_iter()
            .map(VersionView::from)
            .collect(),
        taught: task.is_taught(),
        labels: labels.count,
        held_back: labels.held_back,
        needed: labels.needed,
        training: pipeline.training() == Some(task),
    })
}

/// Which models decide, how they were measured, and what was decided about them.
#[utoipa::path(
    get, path = "/api/models", tag = "learning", operation_id = "listModels",
    responses((status = 200, body = ModelList))
)]
pub(super) async fn list(State(shared): State<Shared>) -> Result<Json<ModelList>, Problem> {
    Ok(Json(all(&shared.pipeline).await?))
}

/// Trains a task on feedback, in the background and one task at a time. Whether the
/// model goes live is a decision of the gate: see `GET /api/models`, or wait for the
/// live event `model.decided`.
#[utoipa::path(
    post, path = "/api/models/{task}/train", tag = "learning", operation_id = "trainModel",
    params(("task" = Task, Path)),
    responses(
        (status = 202, body = ModelView),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn train(
    State(shared): State<Shared>,
    Path(task): Path<String>,
) -> Result<(StatusCode, Json<ModelView>), Problem> {
    let task = read_task(&task)?;
    let pipeline = Arc::clone(&shared.pipeline);
    let training = pipeline.begin_training(task, BY).await?;
    let answer = one(&pipeline, task).await?;
    tokio::spawn(async move {
        if let Err(error) = pipeline.train(training).await {
            tracing::error!(model.task = %task, "{task} could not be trained: {error}");
        }
    });
    Ok((StatusCode::ACCEPTED, Json(answer)))
}

/// Makes a version live, whatever its scores: a person's decision.
#[utoipa::path(
    post, path = "/api/models/{task}/activate", tag = "learning", operation_id = "activateModel",
    params(("task" = Task, Path)), request_body = Activation,
    responses(
        (status = 200, body = ModelView),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn activate(
    State(shared): State<Shared>,
    Path(task): Path<String>,
    JsonBody(body): JsonBody<Activation>,
) -> Result<Json<ModelView>, Problem> {
    let task = read_task(&task)?;
    let pipeline = &shared.pipeline;
    let standing = pipeline.model_standing(task).await?;
    let known = |version: &Version| version.version == body.version;
    if body.version != SHIPPED && !standing.versions.iter().any(known) {
        return Err(Problem::not_found(format!(
            "{task} has no model of this version"
        )));
    }
    pipeline.activate_model(task, &body.version, BY).await?;
    Ok(Json(one(pipeline, task).await?))
}

/// Goes back to the model that was live before.
#[utoipa::path(
    post, path = "/api/models/{task}/rollback", tag = "learning", operation_id = "rollBackModel",
    params(("task" = Task, Path)),
    responses(
        (status = 200, body = ModelView),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn roll_back(
    State(shared): State<Shared>,
    Path(task): Path<String>,
) -> Result<Json<ModelView>, Problem> {
    let task = read_task(&task)?;
    shared.pipeline.roll_back_model(task, BY).await?;
    Ok(Json(one(&shared.pipeline, task).await?))
}

async fn one(pipeline: &Pipeline, task: Task) -> Result<ModelView, Problem> {
    let lessons = pipeline.lessons().await?;
    Ok(view(pipeline, task, &lessons).await?)
}

fn read_task(text: &str) -> Result<Task, Problem> {
    text.parse()
        .map_err(|error: model::IdError| Problem::not_found(error.to_string()))
}

impl From<ModelRefusal> for Problem {
    fn from(refusal: ModelRefusal) -> Self {
        match refusal {
            ModelRefusal::Unknown(what) => {
                tracing::warn!("a model cannot be used: {what}");
                Self::not_found(
                    "there is no such model, or its file cannot be used; the log says why",
                )
            }
            ModelRefusal::Unusable(what) => Self::unreadable(what),
            ModelRefusal::Conflict(what) => Self::refused(what),
            ModelRefusal::Store(error) => error.into(),
        }
    }
}
