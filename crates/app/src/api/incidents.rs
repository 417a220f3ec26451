//! `/api/incidents`: list, one, write.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use model::clock::later;
use model::item::{Draft, Stated};
use model::{
    Country, Incident, IncidentId, IncidentType, Item, ItemKind, Markup, Severity, SourceId,
};
use serde::Deserialize;
use store::{IncidentOrder, PageRequest};
use utoipa::ToSchema;

use super::Shared;
use super::asked::{FILTERS, asked};
use super::error::Problem;
use super::handling::Revision;
use super::input::{JsonBody, Parameters, read_time};
use super::view::{IncidentFull, IncidentList, IncidentSummary};

/// Longest title and description that are taken, in characters.
const LONGEST_TITLE: usize = 500;
const LONGEST_DESCRIPTION: usize = 50_000;
/// Who writes an incident waits so long: another process may hold the lane for one lease,
/// 30 s.
const PATIENCE: Duration = Duration::from_secs(40);

/// Lists incidents, latest first, a page at a time.
#[utoipa::path(
    get, path = "/api/incidents", tag = "incidents", operation_id = "listIncidents",
    params(
        ("q" = Option<String>, Query, description = "A query (docs/queries.md): `type:ransomware (region:IN OR sector:banking) severity>=high`; words alone stand in its items. The other filters must hold too"),
        ("severity" = Option<Severity>, Query, description = "At least this severe"),
        ("type" = Option<String>, Query, description = "One of these types, separated by commas"),
        ("country" = Option<String>, Query, description = "One of these countries (ISO 3166-1 alpha-2), separated by commas"),
        ("status" = Option<String>, Query, description = "One of these statuses, separated by commas"),
        ("cve" = Option<String>, Query, description = "About this CVE"),
        ("source" = Option<String>, Query, description = "Told by this source"),
        ("exploited" = Option<bool>, Query, description = "Whether exploitation is confirmed"),
        ("keyword" = Option<String>, Query, description = "Brought by this keyword of yours"),
        ("since" = Option<String>, Query, description = "Latest report at or after this time or date"),
        ("until" = Option<String>, Query, description = "Latest report before this time or date"),
        ("order" = Option<String>, Query, description = "`latest` (default), `worst`, or `relevance`: where the words stand most tellingly first, of the latest 2,000"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
        ("limit" = Option<u32>, Query, description = "1 to 200; 50 if absent"),
    ),
    responses(
        (status = 200, body = IncidentList, headers(("ETag" = String, description = "Names this answer, for `If-None-Match`"))),
        (status = 304, description = "It is the answer that `If-None-Match` names"),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "Code `query_invalid`: `start`, `end` and `suggestion` say what of `q` is wrong"),
    )
)]
pub(super) async fn list(
    State(shared): State<Shared>,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    parameters.only(&[FILTERS, &["order", "after", "limit"]].concat())?;
    let query = asked(&parameters)?;
    let order = match parameters.text("order") {
        None | Some("latest") => IncidentOrder::Latest,
        Some("worst") => IncidentOrder::Worst,
        Some("relevance") => IncidentOrder::Relevance,
        Some(other) => {
            return Err(Problem::bad_value(
                "order",
                format!("order: `{other}` is not latest, worst or relevance"),
            ));
        }
    };
    let limit = parameters.limit(1..=200, 50)?;
    let page = PageRequest {
        order,
        after: parameters.text("after").map(str::to_owned),
        limit,
    };
    let wanted = shared.pipeline.bind(&query).await?;
    let asked = format!("{wanted:?} {page:?}");
    let version = shared.pipeline.store.version();
    if let Some(answer) = shared.answers.given(&asked, version) {
        return Ok(answer.to(&headers));
    }
    let page = shared.pipeline.store.incidents(&wanted, &page).await?;
    let incidents = page.incidents.into_iter();
    let list = IncidentList {
        incidents: incidents.map(IncidentSummary::from).collect(),
        next: page.next,
        total: page.total,
        total_exact: page.exact,
    };
    Ok(shared.answers.give(asked, version, &list)?.to(&headers))
}

/// One incident with its items, entities, reasons, vulnerabilities, alerts, notes and
/// history. The id of one that was merged gives the one it went into.
#[utoipa::path(
    get, path = "/api/incidents/{id}", tag = "incidents", operation_id = "getIncident",
    params(("id" = IncidentId, Path)),
    responses(
        (status = 200, body = IncidentFull, headers(("ETag" = String, description = "Its revision, for `If-Match`"))),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get_one(
    State(shared): State<Shared>,
    Path(id): Path<String>,
) -> Result<(Revision, Json<IncidentFull>), Problem> {
    let id = read_id(&id)?;
    let detail = shared
        .pipeline
        .store
        .incident(id)
        .await?
        .ok_or_else(|| unknown(id))?;
    let revision = Revision(detail.incident.revision);
    Ok((revision, Json(detail.into())))
}

/// An incident as a person or a script writes it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewIncident {
    /// The headline.
    title: String,
    /// What happened.
    description: Option<String>,
    /// Its kind; or several in `types`.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// Its kinds.
    #[serde(default)]
    types: Vec<String>,
    /// How bad: low, medium, high or critical, in any case.
    severity: Option<String>,
    /// Where it can be read.
    url: Option<String>,
    /// Who says it; `api` if absent.
    source: Option<String>,
    /// When it was published: a time or a date.
    date: Option<String>,
    /// The affected country, as `IN`.
    country: Option<String>,
}

/// Writes an incident. It is understood and placed like any item: what tells a
/// story that is known already joins it.
#[utoipa::path(
    post, path = "/api/incidents", tag = "incidents", operation_id = "createIncident",
    request_body = NewIncident,
    responses(
        (status = 201, body = IncidentSummary),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 415, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn create(
    State(shared): State<Shared>,
    JsonBody(body): JsonBody<NewIncident>,
) -> Result<(StatusCode, Json<IncidentSummary>), Problem> {
    let pipeline = &shared.pipeline;
    let now = pipeline.clock.now();
    let (source, draft) = read_draft(body)?;
    let item = Item::new(&source, draft, now);
    let id = item.id;
    pipeline.take_in(&source, item, now).await?;
    let incident = placed(&shared, id).await?;
    Ok((StatusCode::CREATED, Json(incident.into())))
}

/// The incident an item came to be in. Placement runs beside this if nobody else runs it,
/// and goes on with what else waits when the item has its incident.
async fn placed(shared: &Shared, item: model::ItemId) -> Result<Incident, Problem> {
    let late = || Problem::busy("it is kept and will be placed; the list shows it soon");
    let pipeline = &shared.pipeline;
    let until = later(pipeline.clock.now(), PATIENCE);
    let mut changes = pipeline.store.changes();
    let place = || {
        let pipeline = Arc::clone(pipeline);
        tokio::spawn(async move { pipeline.place_waiting().await })
    };
    let mut placing = place();
    let mut is_done = false;
    loop {
        if let Some(placement) = pipeline.store.placement_of(item).await? {
            let incident = match placement {
                Some(incident) => pipeline.store.incident_alone(incident).await?,
                None => None,
            };
            return incident.ok_or_else(Problem::internal);
        }
        if pipeline.clock.now() >= until {
            return Err(late());
        }
        if is_done {
            // Another process holds the lane.
            tokio::select! {
                _ = changes.changed() => {}
                () = pipeline.clock.sleep(Duration::from_secs(1)) => {}
            }
            placing = place();
        }
        is_done = tokio::select! {
            done = &mut placing => match done {
                Ok(Ok(_)) => true,
                Ok(Err(error)) => {
                    tracing::error!("an incident that was posted could not be placed yet: {error}");
                    return Err(late());
                }
                Err(_) => return Err(Problem::internal()),
            },
            _ = changes.changed() => false,
        };
    }
}

fn read_draft(body: NewIncident) -> Result<(SourceId, Draft), Problem> {
    let title = body.title.trim().to_owned();
    if title.is_empty() {
        return Err(Problem::bad_value("title", "title: must not be empty"));
    }
    if title.chars().count() > LONGEST_TITLE {
        return Err(Problem::bad_value(
            "title",
            format!("title: longer than {LONGEST_TITLE} characters"),
        ));
    }
    let text = body.description.unwrap_or_default();
    if text.chars().count() > LONGEST_DESCRIPTION {
        return Err(Problem::bad_value(
            "description",
            format!("description: longer than {LONGEST_DESCRIPTION} characters"),
        ));
    }
    let url = body.url.map(|url| read_url(&url)).transpose()?;
    let mut types: Vec<IncidentType> = Vec::new();
    for (field, name) in body
        .kind
        .iter()
        .map(|name| ("type", name))
        .chain(body.types.iter().map(|name| ("types", name)))
    {
        let label = name.trim().to_lowercase().replace([' ', '-'], "_");
        let label = label
            .parse()
            .map_err(|error| Problem::bad_value(field, format!("{field}: {error}")))?;
        if !types.contains(&label) {
            types.push(label);
        }
    }
    let severity: Option<Severity> = body
        .severity
        .map(|text| {
            text.trim()
                .parse()
                .map_err(|error| Problem::bad_value("severity", format!("severity: {error}")))
        })
        .transpose()?;
    let country: Option<Country> = body
        .country
        .map(|text| {
            text.parse()
                .map_err(|error| Problem::bad_value("country", format!("country: {error}")))
        })
        .transpose()?;
    let published = body
        .date
        .map(|date| read_time("date", date.trim()))
        .transpose()?;
    let source = source_of(body.source.as_deref());
    // The same report sent twice is one item.
    let external_id = url.clone().unwrap_or_else(|| {
        let hash = model::hash::short(&[title.as_bytes(), text.as_bytes()]);
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    });
    Ok((
        source,
        Draft {
            external_id,
            kind: ItemKind::Note,
            url,
            title,
            text,
            markup: Markup::Plain,
            author: None,
            language: None,
            published,
            updated: None,
            stated: Stated {
                types,
                severity,
                countries: country.into_iter().collect(),
            },
        },
    ))
}

fn read_url(text: &str) -> Result<String, Problem> {
    match url::Url::parse(text.trim()) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && text.len() <= 2_000 => {
            Ok(url.to_string())
        }
        _ => Err(Problem::bad_value(
            "url",
            "url: not a web address (http or https, at most 2000 characters)",
        )),
    }
}

/// A source name from what a client calls itself.
fn source_of(name: Option<&str>) -> SourceId {
    let slug: String = name
        .unwrap_or_default()
        .trim()
        .to_lowercase()
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') {
                c
            } else {
                '-'
            }
        })
        .take(64)
        .collect();
    let slug = slug.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    SourceId::new(slug).unwrap_or_else(|_| api_source())
}

/// The source of what comes without one.
fn api_source() -> SourceId {
    #[expect(clippy::expect_used, reason = "a valid name, by its test")]
    SourceId::new("api").expect("`api` is a valid name")
}

pub(super) fn read_id(text: &str) -> Result<IncidentId, Problem> {
    text.parse()
        .map_err(|error: model::IdError| Problem::not_found(error.to_string()))
}

pub(super) fn unknown(id: IncidentId) -> Problem {
    Problem::not_found(format!("there is no incident {id}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_may_call_itself_anything() {
        for (given, source) in [
            (None, "api"),
            (Some("My SIEM (prod)"), "my-siem--prod"),
            (Some("रिपोर्ट"), "api"),
            (Some(""), "api"),
        ] {
            assert_eq!(source_of(given).as_str(), source);
        }
    }
}
