//! `GET /alerts`: the array that websites fetch. Kept from the system Prahari
//! replaces, so it stands outside `/api` and answers other origins.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use model::{AlertId, IncidentId, IncidentType, RuleId, Severity, SourceId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::Shared;
use super::error::Problem;
use super::input::Parameters;

/// One alert as websites show it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PublicAlert {
    /// The alert's name.
    id: AlertId,
    /// The headline.
    title: String,
    /// One to three sentences.
    description: String,
    /// How bad.
    severity: Severity,
    /// Kinds of event.
    types: Vec<IncidentType>,
    /// Who says it.
    source: SourceId,
    /// Where it can be read.
    url: Option<String>,
    /// When its latest item was published.
    published: Timestamp,
    /// The incident it is about.
    incident_id: IncidentId,
}

/// The rule whose alerts are public.
const PUBLIC_RULE: &str = "feed";

/// The newest alerts, one per incident, newest first, for a website's `fetch`.
#[utoipa::path(
    get, path = "/alerts", tag = "alerts", operation_id = "listPublicAlerts",
    params(("limit" = Option<u32>, Query, description = "1 to 500; 100 if absent")),
    responses((status = 200, body = Vec<PublicAlert>))
)]
pub(super) async fn list(
    State(shared): State<Shared>,
    parameters: Parameters,
) -> Result<(HeaderMap, Json<Vec<PublicAlert>>), Problem> {
    let limit = parameters.limit(1..=500, 100)?;
    let Ok(rule) = RuleId::new(PUBLIC_RULE) else {
        return Err(Problem::internal());
    };
    let alerts = shared.pipeline.store.alerts(&rule, limit).await?;
    let alerts = alerts
        .into_iter()
        // A person may have said since that it does not matter.
        .filter(|(_, incident)| incident.relevance.is_relevant())
        .map(|(alert, incident)| PublicAlert {
            id: alert.id,
            severity: incident.band(),
            types: incident.type_labels().collect(),
            title: incident.title,
            description: incident.summary,
            source: incident.source,
            url: incident.url,
            published: incident.last_seen,
            incident_id: incident.id,
        })
        .collect();
    Ok((for_websites(&shared), Json(alerts)))
}

/// What a browser asks before it fetches with a header of the website's own, be it only
/// `Content-Type`.
pub(super) async fn preflight(State(shared): State<Shared>) -> (StatusCode, HeaderMap) {
    let mut headers = for_websites(&shared);
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "accept, content-type"),
        // A day, which is the most that browsers keep.
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
        (header::ALLOW, "GET, HEAD, OPTIONS"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    (StatusCode::NO_CONTENT, headers)
}

fn for_websites(shared: &Shared) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Ok(origin) = HeaderValue::from_str(&shared.pipeline.settings.server.alerts_origin) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::VARY, HeaderValue::from_static("origin"));
    }
    headers
}
