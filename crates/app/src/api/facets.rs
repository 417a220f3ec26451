//! `/api/incidents/facets`: how what a query finds falls into types, countries and
//! the like.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::Shared;
use super::asked::{FILTERS, asked};
use super::error::Problem;
use super::input::Parameters;

/// How the latest of the incidents that match fall into values of fields.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Facets {
    /// How many incidents were looked at: the latest that match, at most 2,000.
    looked_at: u64,
    /// Whether these are all that match, so that the counts are exact.
    complete: bool,
    /// Kinds of event (`type:`).
    types: Vec<Facet>,
    /// Bands of severity (`severity=`).
    severities: Vec<Facet>,
    /// Affected countries (`region:`).
    countries: Vec<Facet>,
    /// Affected Indian states and territories (`region:`), as `IN-KA`.
    states: Vec<Facet>,
    /// Affected sectors (`sector:`).
    sectors: Vec<Facet>,
    /// Who tells them (`source:`).
    sources: Vec<Facet>,
    /// What people did about them (`status:`).
    statuses: Vec<Facet>,
    /// How firm they are (`claim:`).
    claims: Vec<Facet>,
    /// Who did it (`actor:`).
    actors: Vec<Facet>,
    /// Malicious software (`malware:`).
    malware: Vec<Facet>,
    /// Products that are named (`product:`).
    products: Vec<Facet>,
    /// Who was attacked (`victim:`).
    victims: Vec<Facet>,
}

/// A value, and how many of the incidents have it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Facet {
    /// The value; in quotes it can stand behind its field in a query.
    value: String,
    /// How many.
    count: u64,
}

/// Counts the values of the incidents that match, the commonest 20 of each field.
#[utoipa::path(
    get, path = "/api/incidents/facets", tag = "incidents", operation_id = "incidentFacets",
    params(
        ("q" = Option<String>, Query, description = "A query (docs/queries.md). The filters of the list of incidents are taken too"),
    ),
    responses(
        (status = 200, body = Facets),
        (status = 400, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn facets(
    State(shared): State<Shared>,
    parameters: Parameters,
) -> Result<Json<Facets>, Problem> {
    parameters.only(FILTERS)?;
    let wanted = shared.pipeline.bind(&asked(&parameters)?).await?;
    let found = shared.pipeline.store.facets(&wanted).await?;
    let shown = |facets: Vec<store::Facet>| -> Vec<Facet> {
        let facets = facets.into_iter();
        facets
            .map(|store::Facet { value, count }| Facet { value, count })
            .collect()
    };
    Ok(Json(Facets {
        looked_at: found.looked_at,
        complete: found.complete,
        types: shown(found.types),
        severities: shown(found.severities),
        countries: shown(found.countries),
        states: shown(found.states),
        sectors: shown(found.sectors),
        sources: shown(found.sources),
        statuses: shown(found.statuses),
        claims: shown(found.claims),
        actors: shown(found.actors),
        malware: shown(found.malware),
        products: shown(found.products),
        victims: shown(found.victims),
    }))
}
