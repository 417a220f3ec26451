//! Errors as clients see them: `application/problem+json` (RFC 9457) with a
//! stable code and a sentence. Causes stay in the log.

use std::any::Any;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use store::StoreError;
use utoipa::ToSchema;

/// A problem.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Problem {
    /// Always `about:blank`: the code tells problems apart.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    kind: AboutBlank,
    /// The status in words.
    pub title: &'static str,
    /// The status.
    pub status: u16,
    /// What is wrong and what to do, in a sentence.
    pub detail: String,
    /// A stable name for programs: `not_found`, `bad_value`, `query_invalid`, `busy` …
    pub code: &'static str,
    /// The parameter or member that is wrong.
    pub field: Option<String>,
    /// Of a wrong query: the first character that is wrong, counted in Unicode code
    /// points from 0.
    #[schema(value_type = Option<u32>)]
    pub start: Option<u16>,
    /// One past the last.
    #[schema(value_type = Option<u32>)]
    pub end: Option<u16>,
    /// What to write in its place.
    pub suggestion: Option<String>,
}

/// The type that every problem has. It takes no room: a problem is an error of many
/// functions, and must be small.
#[derive(Debug, Clone, Copy)]
struct AboutBlank;

impl Serialize for AboutBlank {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("about:blank")
    }
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind: AboutBlank,
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail: detail.into(),
            code,
            field: None,
            start: None,
            end: None,
            suggestion: None,
        }
    }

    /// A query that cannot be read, and where it is wrong.
    pub(super) fn bad_query(field: &str, error: &model::query::QueryError) -> Self {
        let place = |at: u32| Some(u16::try_from(at).unwrap_or(u16::MAX));
        Self {
            field: Some(field.to_owned()),
            start: place(error.start),
            end: place(error.end),
            suggestion: error.suggestion.clone(),
            ..Self::new(StatusCode::BAD_REQUEST, "query_invalid", error.to_string())
        }
    }

    /// A parameter or member that cannot be read.
    pub(super) fn bad_value(field: &str, detail: impl Into<String>) -> Self {
        Self {
            field: Some(field.to_owned()),
            ..Self::new(StatusCode::BAD_REQUEST, "bad_value", detail)
        }
    }

    /// A parameter that nobody knows.
    pub(super) fn unknown_parameter(field: &str, detail: impl Into<String>) -> Self {
        Self {
            field: Some(field.to_owned()),
            ..Self::new(StatusCode::BAD_REQUEST, "unknown_parameter", detail)
        }
    }

    /// A body that is not JSON of the right shape.
    pub(super) fn bad_body(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_body", detail)
    }

    /// A body of another type than JSON.
    pub(super) fn not_json() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "not_json",
            "send Content-Type: application/json",
        )
    }

    /// A body over the limit.
    pub(super) fn too_large() -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            "the body is larger than 256 kB",
        )
    }

    /// Nothing under this address.
    pub(super) fn not_found(what: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", what)
    }

    /// What was to be added is there already.
    pub(super) fn duplicate(what: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "duplicate", what)
    }

    /// What is there does not allow it.
    pub(super) fn refused(what: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "refused", what)
    }

    /// It was changed since the client looked at it; with `If-Match`, a precondition
    /// that failed.
    pub(super) fn changed(what: impl Into<String>, conditional: bool) -> Self {
        let status = if conditional {
            StatusCode::PRECONDITION_FAILED
        } else {
            StatusCode::CONFLICT
        };
        Self::new(status, "changed", what)
    }

    /// An address elsewhere that cannot be read, or holds nothing that we know.
    pub(super) fn unreadable(what: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "unreadable", what)
    }

    /// A Host header of another site.
    pub(super) fn wrong_host() -> Self {
        Self::new(
            StatusCode::MISDIRECTED_REQUEST,
            "wrong_host",
            "this host name is not ours; set server.public_url to the address people use",
        )
    }

    /// It may work later.
    pub(super) fn busy(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail)
    }

    /// Our fault.
    pub(super) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "something went wrong here; the log says what",
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_string(&self).unwrap_or_default();
        (
            status,
            [(header::CONTENT_TYPE, "application/problem+json")],
            body,
        )
            .into_response()
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Invalid(what) => Self::bad_value("after", what),
            StoreError::Busy(_) | StoreError::Fenced => {
                tracing::warn!("a request met a busy database: {error}");
                Self::busy("the database is busy; try again")
            }
            StoreError::Full => {
                tracing::error!("a request could not be kept: {error}");
                Self::new(
                    StatusCode::INSUFFICIENT_STORAGE,
                    "disk_full",
                    "the disk is full",
                )
            }
            StoreError::Broken(_) | StoreError::Denied(_) => {
                tracing::error!("a request failed in the store: {error}");
                Self::internal()
            }
        }
    }
}

/// The answer to a method a route does not have.
pub(super) async fn method_not_allowed() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "this address does not take this method",
    )
}

/// The answer when a handler panicked: one request is lost, the service is not.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the layer hands the panic over"
)]
pub(super) fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let what = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("unknown");
    tracing::error!(panic = what, "a request handler panicked: {what}");
    Problem::internal().into_response()
}
