//! `GET /api/owasp`: the OWASP Top 10, and through its weaknesses its CVEs.

use axum::Json;
use axum::extract::State;
use model::{CveId, OwaspCategory};
use serde::Serialize;
use utoipa::ToSchema;

use super::Shared;
use super::error::Problem;
use super::input::Parameters;

/// A category and its CVEs.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OwaspView {
    /// The category, as its page says.
    category: OwaspCategory,
    /// How many CVEs have one of its weaknesses.
    vulnerabilities: u64,
    /// How many of them are exploited.
    exploited: u64,
    /// The worst of them: exploited first, then by score; at most five.
    worst: Vec<CveId>,
}

/// Every category.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OwaspList {
    /// The categories, newest edition first, by rank.
    categories: Vec<OwaspView>,
    /// What OWASP's licence asks to be shown with its texts.
    attribution: &'static str,
}

/// Lists the categories of the OWASP Top 10 with their CVEs.
#[utoipa::path(
    get, path = "/api/owasp", tag = "vulnerabilities", operation_id = "listOwasp",
    params(("edition" = Option<u16>, Query, description = "Only this edition, as 2025")),
    responses(
        (status = 200, body = OwaspList),
        (status = 400, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    State(shared): State<Shared>,
    parameters: Parameters,
) -> Result<Json<OwaspList>, Problem> {
    parameters.only(&["edition"])?;
    let edition = parameters.one::<u16>("edition")?;
    let standings = shared.pipeline.store.owasp().await?;
    let categories = standings
        .into_iter()
        .filter(|standing| edition.is_none_or(|edition| standing.category.edition == edition))
        .map(|standing| OwaspView {
            category: standing.category,
            vulnerabilities: standing.vulnerabilities,
            exploited: standing.exploited,
            worst: standing.worst,
        })
        .collect();
    Ok(Json(OwaspList {
        categories,
        attribution: model::owasp::ATTRIBUTION,
    }))
}
