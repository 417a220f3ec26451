//! For those who run Prahari: is it alive, is it ready.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::Shared;
use super::error::Problem;

/// The service answers.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Alive {
    /// Always `ok`.
    status: &'static str,
    /// The version that answers.
    version: &'static str,
}

/// The service works.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Ready {
    /// Always `ready`.
    status: &'static str,
    /// Items kept.
    items: u64,
    /// Incidents kept.
    incidents: u64,
    /// CVEs known.
    vulnerabilities: u64,
    /// Items that wait to be placed.
    unplaced: u64,
    /// Deliveries that wait.
    deliveries_pending: u64,
    /// Deliveries that need a person.
    deliveries_dead: u64,
}

/// Whether the process answers.
#[utoipa::path(
    get, path = "/healthz", tag = "health", operation_id = "isAlive",
    responses((status = 200, body = Alive))
)]
pub(super) async fn healthz() -> Json<Alive> {
    Json(Alive {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
    })
}

/// Whether the store can be written and read.
#[utoipa::path(
    get, path = "/readyz", tag = "health", operation_id = "isReady",
    responses(
        (status = 200, body = Ready),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn readyz(State(shared): State<Shared>) -> Result<Json<Ready>, Problem> {
    let store = &shared.pipeline.store;
    store.probe().await?;
    let totals = store.totals().await?;
    Ok(Json(Ready {
        status: "ready",
        items: totals.items,
        incidents: totals.incidents,
        vulnerabilities: totals.vulnerabilities,
        unplaced: store.unplaced_count().await?,
        deliveries_pending: totals.pending,
        deliveries_dead: totals.dead,
    }))
}
