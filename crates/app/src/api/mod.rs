//! The REST API, the live events, and the dashboard beside them.
//!
//! Every route is described where it is written; the OpenAPI document is made
//! from the same code and served at `/api/openapi.json`, a page for people at
//! `/api/docs`.

mod alerts;
mod answers;
mod asked;
mod docs;
mod error;
mod facets;
pub(crate) mod feedback;
mod guard;
mod handling;
mod health;
mod incidents;
mod input;
mod live;
pub(crate) mod models;
mod owasp;
mod query;
mod searches;
mod source_changes;
mod sources;
mod ui;
pub(crate) mod view;
pub(crate) mod vulnerabilities;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, options};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use utoipa::OpenApi;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Schema, SchemaType, Type};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::pipeline::Pipeline;

/// What handlers share.
#[derive(Clone)]
pub struct Shared {
    pipeline: Arc<Pipeline>,
    /// Turns true when the service stops; live streams end then.
    stopping: tokio::sync::watch::Receiver<bool>,
    /// Lists that were asked for.
    answers: Arc<answers::Answers>,
}

/// Largest request body, in bytes: an incident written by a person fits many times.
const LARGEST_BODY: usize = 256 * 1024;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Prahari",
        description = "Cyber-threat monitoring and alerting. Times are RFC 3339 in UTC. Errors are `application/problem+json` with a stable `code`.",
        license(name = "MIT", identifier = "MIT")
    ),
    tags(
        (name = "incidents", description = "Reports of one event, joined into one story"),
        (name = "alerts", description = "For websites"),
        (name = "query", description = "The query language: what a query means, what may follow, searches that are kept"),
        (name = "vulnerabilities", description = "What is known of CVEs"),
        (name = "sources", description = "What is read, and how it stands"),
        (name = "learning", description = "What people say of items, and the models that learn from it"),
        (name = "live", description = "What happens, as it happens"),
        (name = "health", description = "For those who run Prahari")
    )
)]
struct Described;

/// The described routes.
fn described() -> OpenApiRouter<Shared> {
    OpenApiRouter::with_openapi(Described::openapi())
        .routes(routes!(incidents::list, incidents::create))
        .routes(routes!(incidents::get_one, handling::change))
        .routes(routes!(handling::note))
        .routes(routes!(handling::split))
        .routes(routes!(handling::merge))
        .routes(routes!(handling::not_same))
        .routes(routes!(handling::similar))
        .routes(routes!(facets::facets))
        .routes(routes!(query::explain))
        .routes(routes!(query::completion))
        .routes(routes!(query::fields))
        .routes(routes!(searches::list, searches::save))
        .routes(routes!(searches::forget))
        .routes(routes!(alerts::list))
        .routes(routes!(owasp::list))
        .routes(routes!(vulnerabilities::list))
        .routes(routes!(vulnerabilities::get_one))
        .routes(routes!(sources::list, source_changes::add))
        .routes(routes!(source_changes::look))
        .routes(routes!(source_changes::change, source_changes::remove))
        .routes(routes!(source_changes::preview))
        .routes(routes!(feedback::list, feedback::give))
        .routes(routes!(feedback::withdraw))
        .routes(routes!(models::list))
        .routes(routes!(models::train))
        .routes(routes!(models::activate))
        .routes(routes!(models::roll_back))
        .routes(routes!(live::stream))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
}

/// The OpenAPI document.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    let (_, mut document) = described().split_for_parts();
    env!("CARGO_PKG_VERSION").clone_into(&mut document.info.version);
    require_what_is_always_there(&mut document);
    document
}

/// What clients send, where a missing member and null mean the same.
const SENT: [&str; 12] = [
    "NewIncident",
    "NewSearch",
    "IncidentChange",
    "NewNote",
    "Split",
    "Merge",
    "NotSame",
    "Look",
    "NewSource",
    "SourceChange",
    "NewFeedback",
    "Activation",
];

/// Answers have every member, null where there is nothing to say; the derive takes
/// an `Option` for a member that may be missing.
fn require_what_is_always_there(document: &mut utoipa::openapi::OpenApi) {
    let schemas = document
        .components
        .iter_mut()
        .flat_map(|components| components.schemas.iter_mut());
    for (name, schema) in schemas {
        if let RefOr::T(schema) = schema
            && !SENT.contains(&name.as_str())
        {
            require_nullable(schema);
        }
    }
}

fn require_nullable(schema: &mut Schema) {
    match schema {
        Schema::Object(object) => {
            for (name, property) in &object.properties {
                if is_nullable(property) && !object.required.contains(name) {
                    object.required.push(name.clone());
                }
            }
        }
        Schema::AllOf(all) => all.items.iter_mut().for_each(|part| {
            if let RefOr::T(part) = part {
                require_nullable(part);
            }
        }),
        Schema::OneOf(one) => one.items.iter_mut().for_each(|part| {
            if let RefOr::T(part) = part {
                require_nullable(part);
            }
        }),
        _ => {}
    }
}

fn is_nullable(schema: &RefOr<Schema>) -> bool {
    let RefOr::T(schema) = schema else {
        return false;
    };
    match schema {
        Schema::Object(object) => match &object.schema_type {
            SchemaType::Type(kind) => *kind == Type::Null,
            SchemaType::Array(kinds) => kinds.contains(&Type::Null),
            SchemaType::AnyValue => false,
        },
        Schema::Array(array) => {
            matches!(&array.schema_type, SchemaType::Array(kinds) if kinds.contains(&Type::Null))
        }
        Schema::OneOf(one) => one.items.iter().any(is_nullable),
        _ => false,
    }
}

/// Everything that answers over HTTP.
pub fn router(pipeline: Arc<Pipeline>, stopping: tokio::sync::watch::Receiver<bool>) -> Router {
    let guard = guard::Hosts::of(&pipeline.settings.server);
    let shared = Shared {
        pipeline,
        stopping,
        answers: Arc::default(),
    };
    let (routes, _) = described().split_for_parts();
    routes
        .route("/alerts", options(alerts::preflight))
        .route("/api/openapi.json", get(docs::openapi_json))
        .route("/api/docs", get(docs::page))
        .route("/api/docs.css", get(docs::style))
        .fallback(ui::serve)
        .method_not_allowed_fallback(error::method_not_allowed)
        // Together, outermost first: each `layer` of its own would be cloned with all below it
        // at every request.
        .layer((
            CatchPanicLayer::custom(error::panicked),
            CompressionLayer::new(),
            middleware::from_fn_with_state(guard, guard::watch),
            DefaultBodyLimit::max(LARGEST_BODY),
        ))
        .with_state(shared)
}
