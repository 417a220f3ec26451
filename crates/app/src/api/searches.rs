//! `/api/searches`: searches that people keep.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use model::query::parse;
use model::{SearchId, Timestamp};
use serde::{Deserialize, Serialize};
use store::SavedSearch;
use utoipa::ToSchema;

use super::Shared;
use super::error::Problem;
use super::input::JsonBody;

/// Longest name, in characters.
const LONGEST_NAME: usize = 100;

/// A search that somebody keeps.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Search {
    /// Its id.
    id: SearchId,
    /// Its name.
    name: String,
    /// What it asks.
    query: String,
    /// What it asks, in plain words.
    sentence: String,
    /// When it was saved.
    at: Timestamp,
}

impl From<SavedSearch> for Search {
    fn from(saved: SavedSearch) -> Self {
        Self {
            id: saved.id,
            name: saved.name,
            query: saved.query.to_string(),
            sentence: saved.query.sentence(),
            at: saved.at,
        }
    }
}

/// Lists saved searches, by name.
#[utoipa::path(
    get, path = "/api/searches", tag = "query", operation_id = "listSearches",
    responses((status = 200, body = Vec<Search>))
)]
pub(super) async fn list(State(shared): State<Shared>) -> Result<Json<Vec<Search>>, Problem> {
    let saved = shared.pipeline.store.saved_searches().await?;
    Ok(Json(saved.into_iter().map(Search::from).collect()))
}

/// A search to be kept.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewSearch {
    /// Its name, which no other has.
    name: String,
    /// What it asks.
    query: String,
}

/// Keeps a search.
#[utoipa::path(
    post, path = "/api/searches", tag = "query", operation_id = "saveSearch",
    request_body = NewSearch,
    responses(
        (status = 201, body = Search),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "There is one of this name, or 500 are kept"),
    )
)]
pub(super) async fn save(
    State(shared): State<Shared>,
    JsonBody(body): JsonBody<NewSearch>,
) -> Result<(StatusCode, Json<Search>), Problem> {
    let name = body.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        let what = format!("name: 1 to {LONGEST_NAME} characters");
        return Err(Problem::bad_value("name", what));
    }
    let search = SavedSearch {
        id: SearchId(shared.pipeline.next_id()),
        name,
        query: parse(&body.query).map_err(|error| Problem::bad_query("query", &error))?,
        at: shared.pipeline.clock.now(),
    };
    if !shared.pipeline.store.save_search(search.clone()).await? {
        let saved = shared.pipeline.store.saved_searches().await?;
        let what = if saved.iter().any(|known| known.name == search.name) {
            format!("there is a search called `{}`", search.name)
        } else {
            format!("{} searches are kept, which is the most", saved.len())
        };
        return Err(Problem::duplicate(what));
    }
    Ok((StatusCode::CREATED, Json(search.into())))
}

/// Forgets a search.
#[utoipa::path(
    delete, path = "/api/searches/{id}", tag = "query", operation_id = "forgetSearch",
    params(("id" = SearchId, Path)),
    responses(
        (status = 204),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn forget(
    State(shared): State<Shared>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id: SearchId = id
        .parse()
        .map_err(|error: model::IdError| Problem::not_found(error.to_string()))?;
    if shared.pipeline.store.forget_search(id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::not_found(format!("there is no search {id}")))
    }
}
