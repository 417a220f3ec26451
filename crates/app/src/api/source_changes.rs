//! `/api/sources` for those who change them: look, add, switch, remove. The rules are
//! those of the command line, with one more: nothing over the network names a file of
//! this machine, for what it holds would be sent to whatever address stands beside it.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use model::SourceId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sources::SourceConfig;
use sources::preview::Preview;
use utoipa::ToSchema;

use super::Shared;
use super::error::Problem;
use super::input::JsonBody;
use super::sources::SourceView;
use crate::pipeline::{NewSource, Refusal, Removal};

/// Who makes the changes of this file.
const BY: &str = "api";

/// An address to look at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Look {
    /// A web address: of a feed, of a page that names one, of a document or a service.
    url: String,
    /// What it is, as `feed` or `taxii`; told by looking if absent.
    kind: Option<String>,
    /// What the kind needs beside the address. Secrets are not taken.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Value>)]
    settings: Map<String, Value>,
}

/// What was found at an address.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LookView {
    /// Its kind.
    kind: String,
    /// The short name it would have.
    id: String,
    /// The name it would have.
    name: String,
    /// Where it would be read.
    url: Option<String>,
    /// How often.
    interval_seconds: u64,
    /// The settings to add it with.
    #[schema(value_type = BTreeMap<String, Value>)]
    settings: Map<String, Value>,
    /// What was found, in a sentence.
    found: String,
    /// What it would give.
    preview: Preview,
}

/// A source to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSource)]
pub(super) struct NewSourceBody {
    /// A web address, as for `/api/sources/preview`.
    url: String,
    /// What it is, as `feed` or `taxii`; told by looking if absent.
    kind: Option<String>,
    /// Its short name; made from its name or address if absent.
    id: Option<String>,
    /// Its name for people; its own title if absent.
    name: Option<String>,
    /// How often it is read, as `15m` or `2h`; as usual for its kind if absent.
    interval: Option<String>,
    /// Whether it is read from now on; true if absent.
    enabled: Option<bool>,
    /// What the kind needs beside the address. Secrets are not taken.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Value>)]
    settings: Map<String, Value>,
    /// Whether it must be readable now; true if absent. Without it `kind` is needed.
    check: Option<bool>,
}

/// What to change of a source.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceChange {
    /// Whether it is read.
    enabled: bool,
}

/// What became of a source that was to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    /// It was added, and is gone; what it gave stays.
    Removed,
    /// It ships with Prahari or stands in the settings file: it is switched off.
    SwitchedOff,
}

/// What became of a source that was to be removed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RemovalView {
    /// Which.
    id: SourceId,
    /// What was done.
    outcome: Outcome,
    /// The same in a sentence.
    detail: String,
}

/// Looks at an address: what kind of source it is, and what it would give. Stores
/// nothing.
#[utoipa::path(
    post, path = "/api/sources/preview", tag = "sources", operation_id = "previewSource",
    request_body = Look,
    responses(
        (status = 200, body = LookView),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn look(
    State(shared): State<Shared>,
    JsonBody(look): JsonBody<Look>,
) -> Result<Json<LookView>, Problem> {
    let settings = checked(&look.url, look.kind.as_deref(), look.settings)?;
    let pipeline = &shared.pipeline;
    let looked = pipeline
        .look_at(&look.url, look.kind.as_deref(), settings)
        .await?;
    let source = NewSource {
        name: looked.title,
        ..looked.source
    };
    let settings = serde_json::to_value(&source.settings).unwrap_or_default();
    let candidate = pipeline.candidate(source)?;
    Ok(Json(LookView {
        kind: candidate.entry.config.kind().to_owned(),
        id: candidate.entry.id.to_string(),
        name: candidate.entry.name.clone(),
        url: candidate.entry.config.url().map(str::to_owned),
        interval_seconds: candidate.entry.interval.as_secs(),
        settings: settings.as_object().cloned().unwrap_or_default(),
        found: looked.found,
        preview: looked.preview,
    }))
}

/// Adds a source. The service reads it within seconds.
#[utoipa::path(
    post, path = "/api/sources", tag = "sources", operation_id = "addSource",
    request_body = NewSourceBody,
    responses(
        (status = 201, body = SourceView),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn add(
    State(shared): State<Shared>,
    JsonBody(new): JsonBody<NewSourceBody>,
) -> Result<(StatusCode, Json<SourceView>), Problem> {
    let settings = checked(&new.url, new.kind.as_deref(), new.settings)?;
    let pipeline = &shared.pipeline;
    let (source, title) = match (&new.kind, new.check) {
        (Some(kind), Some(false)) => (pipeline.described(kind, &new.url, settings), None),
        (None, Some(false)) => {
            return Err(Problem::bad_value(
                "kind",
                "kind: without looking it is not known; give it",
            ));
        }
        (kind, _) => {
            let looked = pipeline
                .look_at(&new.url, kind.as_deref(), settings)
                .await?;
            (looked.source, looked.title)
        }
    };
    let candidate = pipeline.candidate(NewSource {
        id: new.id,
        name: new.name.or(title),
        interval: new.interval,
        off: new.enabled == Some(false),
        ..source
    })?;
    let entry = pipeline.add_source(candidate, BY).await?;
    let view = super::sources::one(pipeline, &entry).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// What a source that is configured would give now. Stores nothing.
#[utoipa::path(
    get, path = "/api/sources/{id}/preview", tag = "sources", operation_id = "previewConfiguredSource",
    params(("id" = SourceId, Path)),
    responses(
        (status = 200, body = Preview),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn preview(
    State(shared): State<Shared>,
    Path(id): Path<String>,
) -> Result<Json<Preview>, Problem> {
    let entry = shared.pipeline.entry(&read_id(&id)?)?;
    let preview = shared.pipeline.preview(&entry).await;
    Ok(Json(preview.map_err(|error| {
        Problem::unreadable(format!("`{}`: {error}", entry.id))
    })?))
}

/// Switches a source on or off, wherever it comes from.
#[utoipa::path(
    patch, path = "/api/sources/{id}", tag = "sources", operation_id = "changeSource",
    params(("id" = SourceId, Path)), request_body = SourceChange,
    responses(
        (status = 200, body = SourceView),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn change(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    JsonBody(change): JsonBody<SourceChange>,
) -> Result<Json<SourceView>, Problem> {
    let pipeline = &shared.pipeline;
    let entry = pipeline
        .switch_source(&read_id(&id)?, change.enabled, BY)
        .await?;
    Ok(Json(super::sources::one(pipeline, &entry).await?))
}

/// Removes a source that was added; any other is switched off. What it gave stays.
#[utoipa::path(
    delete, path = "/api/sources/{id}", tag = "sources", operation_id = "removeSource",
    params(("id" = SourceId, Path)),
    responses(
        (status = 200, body = RemovalView),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn remove(
    State(shared): State<Shared>,
    Path(id): Path<String>,
) -> Result<Json<RemovalView>, Problem> {
    let id = read_id(&id)?;
    let removal = shared.pipeline.remove_source(&id, BY).await?;
    let detail = removal_in_words(&id, removal);
    let outcome = match removal {
        Removal::Removed => Outcome::Removed,
        Removal::SwitchedOff(_) => Outcome::SwitchedOff,
    };
    Ok(Json(RemovalView {
        id,
        outcome,
        detail,
    }))
}

fn removal_in_words(id: &SourceId, removal: Removal) -> String {
    match removal {
        Removal::Removed => format!("`{id}` is removed; what it gave stays"),
        Removal::SwitchedOff(origin) => format!(
            "`{id}` stands in the {} and is not removed: it is switched off",
            origin.as_str()
        ),
    }
}

fn read_id(text: &str) -> Result<SourceId, Problem> {
    SourceId::new(text).map_err(|_| Problem::not_found(format!("there is no source `{text}`")))
}

/// What a client may say of a source: an address of the web, and no file of ours.
fn checked(
    url: &str,
    kind: Option<&str>,
    settings: Map<String, Value>,
) -> Result<toml::Table, Problem> {
    if !(url.starts_with("http://") || url.starts_with("https://")) {
        return Err(Problem::bad_value(
            "url",
            "url: only http and https are read",
        ));
    }
    if let Some(kind) = kind {
        if kind == "file" {
            return Err(Problem::bad_value(
                "kind",
                "kind: a folder or file is added with `prahari sources add --kind file`",
            ));
        }
        if !SourceConfig::KINDS.contains(&kind) {
            return Err(Problem::bad_value(
                "kind",
                format!("kind: there is no kind `{kind}`"),
            ));
        }
    }
    let files = |key: &&String| key.ends_with("_file") || key.ends_with("_files");
    if let Some(key) = settings.keys().find(files) {
        return Err(Problem::bad_value(
            key,
            format!("{key}: files are named in prahari.toml, or with `prahari sources add`"),
        ));
    }
    serde_json::from_value(Value::Object(settings))
        .map_err(|error| Problem::bad_value("settings", format!("settings: {error}")))
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Wrong { field, what } => Self::bad_value(&field, what),
            Refusal::Taken { what, .. } => Self::duplicate(what),
            Refusal::Unknown(what) => Self::not_found(what),
            Refusal::Unread(what) => Self::unreadable(what),
            Refusal::Store(error) => error.into(),
        }
    }
}
