//! `/api/feedback`: what people say of incidents and items.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use model::{Country, FeedbackId, IncidentId, IncidentType, ItemId, Said, Severity, Timestamp};
use serde::{Deserialize, Serialize};
use store::learning::{FeedbackFilter, FeedbackPage, Given};
use utoipa::ToSchema;

use super::Shared;
use super::error::Problem;
use super::handling::name;
use super::input::{JsonBody, Parameters};
use crate::pipeline::{About, FeedbackRefusal};

/// What a person says of an incident or an item. At least one of `relevant`, `types`,
/// `severity` and `countries` is given.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewFeedback {
    /// Of this incident …
    incident: Option<IncidentId>,
    /// … or of this item, and so of the incident it is in.
    item: Option<ItemId>,
    /// Whether it matters.
    relevant: Option<bool>,
    /// Its kinds of event, all of them; `other` if none fits.
    types: Option<Vec<IncidentType>>,
    /// How bad.
    severity: Option<Severity>,
    /// The affected countries, all of them (ISO 3166-1 alpha-2).
    countries: Option<Vec<Country>>,
    /// Why, in your own words.
    note: Option<String>,
    /// Who says it; `api` if absent.
    by: Option<String>,
}

/// What a person said.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FeedbackView {
    /// Its name.
    pub id: FeedbackId,
    /// When.
    pub at: Timestamp,
    /// By whom: a name; `api` or `command` where nobody gave one.
    pub by: String,
    /// The incident it holds for; null when the item is in none.
    pub incident: Option<IncidentId>,
    /// The item it was said of.
    pub item: ItemId,
    /// The item's title.
    pub title: String,
    /// Whether it matters; null: nothing was said of it.
    pub relevant: Option<bool>,
    /// Its kinds of event.
    pub types: Option<Vec<IncidentType>>,
    /// How bad.
    pub severity: Option<Severity>,
    /// The affected countries.
    pub countries: Option<Vec<Country>>,
    /// Why.
    pub note: Option<String>,
}

/// A page of feedback.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FeedbackList {
    /// What was said, newest first.
    pub feedback: Vec<FeedbackView>,
    /// Give this as `after` to get the next page; null on the last.
    pub next: Option<String>,
    /// How much there is in all.
    pub total: u64,
}

impl From<Given> for FeedbackView {
    fn from(given: Given) -> Self {
        let Given { feedback, incident } = given;
        let said = feedback.said;
        Self {
            id: feedback.id,
            at: said.at,
            by: said.by,
            incident,
            item: feedback.item,
            title: feedback.sample.title,
            relevant: said.relevant,
            types: said.types,
            severity: said.severity,
            countries: said.countries,
            note: said.note,
        }
    }
}

impl From<FeedbackPage> for FeedbackList {
    fn from(page: FeedbackPage) -> Self {
        Self {
            feedback: page.given.into_iter().map(FeedbackView::from).collect(),
            next: page.next,
            total: page.total,
        }
    }
}

/// Says what is right about an incident or an item. It holds at once, stands above what
/// was read out of the items, and is learned from.
#[utoipa::path(
    post, path = "/api/feedback", tag = "learning", operation_id = "giveFeedback",
    request_body = NewFeedback,
    responses(
        (status = 201, body = FeedbackView),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn give(
    State(shared): State<Shared>,
    JsonBody(body): JsonBody<NewFeedback>,
) -> Result<(StatusCode, Json<FeedbackView>), Problem> {
    let about = match (body.incident, body.item) {
        (Some(incident), None) => About::Incident(incident),
        (None, Some(item)) => About::Item(item),
        _ => {
            return Err(Problem::bad_value(
                "incident",
                "give either an incident or an item",
            ));
        }
    };
    let said = Said {
        relevant: body.relevant,
        types: body.types,
        severity: body.severity,
        countries: body.countries,
        note: body.note,
        by: name(body.by.as_deref())?,
        at: shared.pipeline.clock.now(),
    };
    let given = shared.pipeline.give_feedback(about, said).await?;
    Ok((StatusCode::CREATED, Json(given.into())))
}

/// Lists what people said, newest first, a page at a time.
#[utoipa::path(
    get, path = "/api/feedback", tag = "learning", operation_id = "listFeedback",
    params(
        ("incident" = Option<String>, Query, description = "On items of this incident"),
        ("item" = Option<String>, Query, description = "On this item"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
        ("limit" = Option<u32>, Query, description = "1 to 200; 50 if absent"),
    ),
    responses(
        (status = 200, body = FeedbackList),
        (status = 400, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    State(shared): State<Shared>,
    parameters: Parameters,
) -> Result<Json<FeedbackList>, Problem> {
    parameters.only(&["incident", "item", "after", "limit"])?;
    let filter = FeedbackFilter {
        incident: parameters.one("incident")?,
        item: parameters.one("item")?,
    };
    let limit = parameters.limit(1..=200, 50)?;
    let store = &shared.pipeline.store;
    let page = store
        .feedback(&filter, parameters.text("after"), limit)
        .await?;
    Ok(Json(page.into()))
}

/// Takes back what was said: the incident is again what its items say of it.
#[utoipa::path(
    delete, path = "/api/feedback/{id}", tag = "learning", operation_id = "withdrawFeedback",
    params(
        ("id" = FeedbackId, Path),
        ("by" = Option<String>, Query, description = "Who takes it back; `api` if absent"),
    ),
    responses(
        (status = 200, body = FeedbackView),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn withdraw(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Result<Json<FeedbackView>, Problem> {
    parameters.only(&["by"])?;
    let by = name(parameters.text("by"))?;
    let id: FeedbackId = id
        .parse()
        .map_err(|error: model::IdError| Problem::not_found(error.to_string()))?;
    let given = shared.pipeline.withdraw_feedback(id, by).await?;
    Ok(Json(given.into()))
}

impl From<FeedbackRefusal> for Problem {
    fn from(refusal: FeedbackRefusal) -> Self {
        match refusal {
            FeedbackRefusal::Unknown(what) => Self::not_found(what),
            FeedbackRefusal::Wrong { field, what } => {
                Self::bad_value(field, format!("{field}: {what}"))
            }
            FeedbackRefusal::Store(error) => error.into(),
        }
    }
}
