//! What people do about incidents: `PATCH /api/incidents/{id}`, and below it notes,
//! split, merge, what is not the same, and more like this.
//!
//! An answer has the revision as its `ETag`; whoever sends it back as `If-Match` is
//! refused when somebody, or a new report, was faster.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponseParts, ResponseParts};
use model::incident::{NoteText, Person, Tag};
use model::{Incident, IncidentId, IncidentStatus, ItemId};
use serde::{Deserialize, Deserializer, Serialize};
use store::Change;
use store::handling::{Act, Handled};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

use super::Shared;
use super::error::Problem;
use super::incidents::{read_id, unknown};
use super::input::{JsonBody, Parameters};
use super::view::{IncidentSummary, SimilarIncident, SimilarList};
use crate::pipeline::{ByHandError, Hand};

/// Who does what comes without a name.
const BY: &str = "api";
/// Tags, or items of a split, in one request.
const MOST: usize = 500;

/// What a person changes. What is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct IncidentChange {
    /// What was done about it.
    status: Option<IncidentStatus>,
    /// Who looks after it; null: nobody.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    assignee: Option<Option<String>>,
    /// Tags to add; upper case and blanks are folded.
    #[serde(default)]
    add_tags: Vec<String>,
    /// Tags to take away.
    #[serde(default)]
    remove_tags: Vec<String>,
    /// Who does it; `api` if absent.
    by: Option<String>,
}

/// A note.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewNote {
    /// What to write, at most 10,000 characters.
    text: String,
    /// Who writes it; `api` if absent.
    by: Option<String>,
}

/// Which items open an incident of their own.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Split {
    /// Their ids. Items that repeat them come along.
    items: Vec<ItemId>,
    /// Who does it; `api` if absent.
    by: Option<String>,
}

/// Into which incident one goes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Merge {
    /// Its id.
    into: IncidentId,
    /// Who does it; `api` if absent.
    by: Option<String>,
}

/// Which item does not belong to an incident.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NotSame {
    /// Its id. Items that repeat it go along.
    item: ItemId,
    /// Who says so; `api` if absent.
    by: Option<String>,
}

/// What a split came to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SplitView {
    /// The incident the items left.
    left: IncidentSummary,
    /// The one they opened.
    opened: IncidentSummary,
}

/// Where an item that did not belong is now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NotSameView {
    /// The incident it left.
    left: IncidentSummary,
    /// The one it is in; null when by itself it is irrelevant.
    placed: Option<IncidentSummary>,
}

/// What every act answers when it is not done: it cannot be read, there is no such
/// incident, or it cannot be done to it.
struct NotDone;

impl IntoResponses for NotDone {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        described(&["400", "404", "409"])
    }
}

/// What those answer that heed `If-Match`.
struct ChangedMeanwhile;

impl IntoResponses for ChangedMeanwhile {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        described(&["412"])
    }
}

/// Problems with these statuses, for the OpenAPI document.
fn described(statuses: &[&str]) -> BTreeMap<String, RefOr<Response>> {
    let problem = || {
        let shape = Ref::from_schema_name(Problem::name());
        let content = ContentBuilder::new().schema(Some(shape)).build();
        ResponseBuilder::new().content("application/problem+json", content)
    };
    let each = statuses.iter();
    each.map(|status| ((*status).to_owned(), problem().build().into()))
        .collect()
}

/// Sets status and assignee, adds and takes away tags.
#[utoipa::path(
    patch, path = "/api/incidents/{id}", tag = "incidents", operation_id = "changeIncident",
    params(
        ("id" = IncidentId, Path),
        ("If-Match" = Option<String>, Header, description = "Only if this is still its ETag"),
    ),
    request_body = IncidentChange,
    responses((status = 200, body = IncidentSummary), NotDone, ChangedMeanwhile)
)]
pub(super) async fn change(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    seen: Seen,
    JsonBody(body): JsonBody<IncidentChange>,
) -> Result<(Revision, Json<IncidentSummary>), Problem> {
    let tags = |field: &str, given: &[String]| -> Result<Vec<Tag>, Problem> {
        if given.len() > MOST {
            return Err(too_many(field));
        }
        given.iter().map(|tag| read(field, tag)).collect()
    };
    let assignee = match &body.assignee {
        None => None,
        Some(None) => Some(None),
        Some(Some(name)) => Some(Some(read::<Person>("assignee", name)?)),
    };
    let act = Act {
        status: body.status,
        assignee,
        add_tags: tags("add_tags", &body.add_tags)?,
        remove_tags: tags("remove_tags", &body.remove_tags)?,
        note: None,
    };
    let incident = handle(&shared, &id, act, body.by.as_deref(), seen).await?;
    Ok((Revision(incident.revision), Json(incident.into())))
}

/// Writes a note beside an incident. Notes stay as they were written.
#[utoipa::path(
    post, path = "/api/incidents/{id}/notes", tag = "incidents", operation_id = "addNote",
    params(("id" = IncidentId, Path)),
    request_body = NewNote,
    responses((status = 201, body = IncidentSummary), NotDone)
)]
pub(super) async fn note(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody<NewNote>,
) -> Result<(StatusCode, Revision, Json<IncidentSummary>), Problem> {
    let act = Act {
        note: Some(read::<NoteText>("text", &body.text)?),
        ..Act::default()
    };
    let incident = handle(&shared, &id, act, body.by.as_deref(), Seen(None)).await?;
    let revision = Revision(incident.revision);
    Ok((StatusCode::CREATED, revision, Json(incident.into())))
}

/// Lets items leave an incident and open another. It stays so: neither a new version
/// of them nor a reprint goes back. Nobody is told again.
#[utoipa::path(
    post, path = "/api/incidents/{id}/split", tag = "incidents", operation_id = "splitIncident",
    params(
        ("id" = IncidentId, Path),
        ("If-Match" = Option<String>, Header, description = "Only if this is still its ETag"),
    ),
    request_body = Split,
    responses((status = 201, body = SplitView), NotDone, ChangedMeanwhile)
)]
pub(super) async fn split(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    seen: Seen,
    JsonBody(body): JsonBody<Split>,
) -> Result<(StatusCode, Json<SplitView>), Problem> {
    if body.items.len() > MOST {
        return Err(too_many("items"));
    }
    let hand = hand(body.by.as_deref(), seen)?;
    let (left, opened) = shared
        .pipeline
        .split(read_id(&id)?, &body.items, &hand)
        .await
        .map_err(|error| problem(error, seen))?;
    let view = SplitView {
        left: left.into(),
        opened: opened.into(),
    };
    Ok((StatusCode::CREATED, Json(view)))
}

/// Lets an incident go into another, with its alerts, threads and notes. Its id leads
/// there from now on. `If-Match` is of the one that goes.
#[utoipa::path(
    post, path = "/api/incidents/{id}/merge", tag = "incidents", operation_id = "mergeIncident",
    params(
        ("id" = IncidentId, Path),
        ("If-Match" = Option<String>, Header, description = "Only if this is still its ETag"),
    ),
    request_body = Merge,
    responses((status = 200, body = IncidentSummary), NotDone, ChangedMeanwhile)
)]
pub(super) async fn merge(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    seen: Seen,
    JsonBody(body): JsonBody<Merge>,
) -> Result<(Revision, Json<IncidentSummary>), Problem> {
    let hand = hand(body.by.as_deref(), seen)?;
    let incident = shared
        .pipeline
        .merge(read_id(&id)?, body.into, &hand)
        .await
        .map_err(|error| problem(error, seen))?;
    Ok((Revision(incident.revision), Json(incident.into())))
}

/// Takes an item out of an incident to which it does not belong, and places it again,
/// anywhere but there.
#[utoipa::path(
    post, path = "/api/incidents/{id}/not-same", tag = "incidents", operation_id = "notSame",
    params(
        ("id" = IncidentId, Path),
        ("If-Match" = Option<String>, Header, description = "Only if this is still its ETag"),
    ),
    request_body = NotSame,
    responses((status = 200, body = NotSameView), NotDone, ChangedMeanwhile)
)]
pub(super) async fn not_same(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    seen: Seen,
    JsonBody(body): JsonBody<NotSame>,
) -> Result<Json<NotSameView>, Problem> {
    let hand = hand(body.by.as_deref(), seen)?;
    let (left, placed) = shared
        .pipeline
        .take_out(read_id(&id)?, body.item, &hand)
        .await
        .map_err(|error| problem(error, seen))?;
    Ok(Json(NotSameView {
        left: left.into(),
        placed: placed.map(IncidentSummary::from),
    }))
}

/// Incidents that read most like this one: they share its rarest words and its CVEs.
#[utoipa::path(
    get, path = "/api/incidents/{id}/similar", tag = "incidents", operation_id = "similarIncidents",
    params(
        ("id" = IncidentId, Path),
        ("limit" = Option<u32>, Query, description = "1 to 50; 10 if absent"),
    ),
    responses(
        (status = 200, body = SimilarList),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn similar(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Result<Json<SimilarList>, Problem> {
    parameters.only(&["limit"])?;
    let limit = parameters.limit(1..=50, 10)?;
    let id = read_id(&id)?;
    let found = shared.pipeline.store.similar(id, limit).await?;
    let found = found.ok_or_else(|| unknown(id))?;
    Ok(Json(SimilarList {
        incidents: found.into_iter().map(SimilarIncident::from).collect(),
    }))
}

async fn handle(
    shared: &Shared,
    id: &str,
    act: Act,
    by: Option<&str>,
    seen: Seen,
) -> Result<Incident, Problem> {
    let id = read_id(id)?;
    let change = Change {
        at: shared.pipeline.clock.now(),
        by: name(by)?,
    };
    match shared
        .pipeline
        .store
        .handle(id, act, change, seen.0)
        .await?
    {
        Handled::Done(incident) => Ok(*incident),
        Handled::Unknown => Err(unknown(id)),
        Handled::Changed(revision) => Err(problem(ByHandError::Changed(revision), seen)),
        Handled::Full(what) => Err(Problem::refused(format!(
            "the incident has as many {what} as it takes"
        ))),
    }
}

fn problem(error: ByHandError, seen: Seen) -> Problem {
    match error {
        ByHandError::Unknown(id) => unknown(id),
        ByHandError::Changed(_) => Problem::changed(error.to_string(), seen.0.is_some()),
        ByHandError::Cannot(what) => Problem::refused(what),
        ByHandError::Failed(crate::pipeline::PlaceError::Store(error)) => error.into(),
        ByHandError::Failed(error) => {
            tracing::error!("an incident could not be rearranged: {error}");
            Problem::internal()
        }
    }
}

fn hand(by: Option<&str>, seen: Seen) -> Result<Hand, Problem> {
    Ok(Hand {
        by: name(by)?,
        seen: seen.0,
    })
}

/// The name that the history shows.
pub(super) fn name(by: Option<&str>) -> Result<String, Problem> {
    by.map_or_else(
        || Ok(BY.to_owned()),
        |by| read::<Person>("by", by).map(|person| person.0),
    )
}

fn read<T: std::str::FromStr<Err = model::IdError>>(field: &str, text: &str) -> Result<T, Problem> {
    text.parse()
        .map_err(|error| Problem::bad_value(field, format!("{field}: {error}")))
}

fn too_many(field: &str) -> Problem {
    Problem::bad_value(field, format!("{field}: more than {MOST}"))
}

/// A member that may be null: absent is none, null is none within.
fn given<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// The revision a client looked at, if it sends one as `If-Match`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen(Option<u64>);

impl<S: Sync> FromRequestParts<S> for Seen {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else {
            return Ok(Self(None));
        };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(Self(None));
        }
        // A proxy that packs an answer may weaken its tag.
        let quoted = text.strip_prefix("W/").unwrap_or(text);
        let revision = quoted
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .and_then(|digits| digits.parse().ok());
        match revision {
            Some(revision) => Ok(Self(Some(revision))),
            None => Err(Problem::bad_value(
                "If-Match",
                "If-Match: not an ETag of an incident, as \"7\"",
            )),
        }
    }
}

/// An incident's revision as the `ETag` of an answer.
pub(super) struct Revision(pub(super) u64);

impl IntoResponseParts for Revision {
    type Error = std::convert::Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Self::Error> {
        if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", self.0)) {
            parts.headers_mut().insert(header::ETAG, tag);
        }
        Ok(parts)
    }
}
