//! `/api/query`: what a query means, and what may be written next.

use axum::Json;
use axum::extract::State;
use model::query::{Expected, Field, Query, complete, gang_or_malware};
use serde::Serialize;
use utoipa::ToSchema;

use super::Shared;
use super::asked::query_of;
use super::error::Problem;
use super::input::Parameters;

/// How many known names are offered.
const MOST_NAMES: u32 = 10;

/// What a query means.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Explanation {
    /// The query in its one spelling.
    query: String,
    /// What it asks, in plain words.
    sentence: String,
    /// Its parts.
    tree: QueryPart,
    /// How the store looks it up, step by step.
    steps: Vec<String>,
    /// How many incidents match.
    total: u64,
    /// Whether `total` is exact; beyond 10,000, or where too many would have to be
    /// looked at, it is an estimate.
    total_exact: bool,
}

/// A part of a query.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct QueryPart {
    /// `all`, `and`, `or`, `not`, `words` or `field`.
    kind: &'static str,
    /// The part as it is written.
    text: String,
    /// The part in plain words.
    sentence: String,
    /// What it is made of: of `and`, `or` and `not`.
    #[schema(no_recursion)]
    parts: Vec<QueryPart>,
}

impl QueryPart {
    fn of(query: &Query) -> Self {
        let (kind, parts) = match query {
            Query::All => ("all", &[][..]),
            Query::And(parts) => ("and", parts.as_slice()),
            Query::Or(parts) => ("or", parts.as_slice()),
            Query::Not(part) => ("not", std::slice::from_ref(part.as_ref())),
            Query::Words(_) => ("words", &[][..]),
            Query::Test(_) => ("field", &[][..]),
        };
        Self {
            kind,
            text: query.to_string(),
            sentence: query.sentence(),
            parts: parts.iter().map(Self::of).collect(),
        }
    }
}

/// Says what a query means and how it is looked up.
#[utoipa::path(
    get, path = "/api/query/explain", tag = "query", operation_id = "explainQuery",
    params(("q" = String, Query, description = "A query (docs/queries.md)")),
    responses(
        (status = 200, body = Explanation),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "Code `query_invalid`: `start`, `end` and `suggestion` say what is wrong"),
    )
)]
pub(super) async fn explain(
    State(shared): State<Shared>,
    parameters: Parameters,
) -> Result<Json<Explanation>, Problem> {
    parameters.only(&["q"])?;
    let query = query_of(&parameters, "q")?;
    let wanted = shared.pipeline.bind(&query).await?;
    let explained = shared.pipeline.store.explain(&wanted).await?;
    Ok(Json(Explanation {
        query: query.to_string(),
        sentence: query.sentence(),
        tree: QueryPart::of(&query),
        steps: explained.steps,
        total: explained.total,
        total_exact: explained.exact,
    }))
}

/// What may stand where the cursor is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Completion {
    /// The first character that an offer replaces, counted in Unicode code points.
    start: u32,
    /// One past the last.
    end: u32,
    /// `field` (or a word that is looked for), or `value`.
    expected: &'static str,
    /// Of a value: the field it belongs to.
    field: Option<&'static str>,
    /// What fits, likeliest first.
    offers: Vec<Offer>,
}

/// Something that may be written.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Offer {
    /// What to write from `start` to `end`.
    text: String,
    /// What it means; empty for names.
    about: String,
    /// Of a name: how many incidents have it.
    incidents: Option<u64>,
}

/// Says what may be written at a place of a query, which need not be whole.
#[utoipa::path(
    get, path = "/api/query/complete", tag = "query", operation_id = "completeQuery",
    params(
        ("q" = Option<String>, Query, description = "A query, as far as it is written"),
        ("at" = Option<u32>, Query, description = "Where the cursor stands, in Unicode code points; at the end if absent"),
    ),
    responses(
        (status = 200, body = Completion),
        (status = 400, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn completion(
    State(shared): State<Shared>,
    parameters: Parameters,
) -> Result<Json<Completion>, Problem> {
    parameters.only(&["q", "at"])?;
    let text = parameters.whole("q").unwrap_or_default();
    let at = parameters.one("at")?.unwrap_or(u32::MAX);
    let found = complete(text, at);
    let mut offers: Vec<Offer> = found
        .offers
        .into_iter()
        .map(|offer| Offer {
            text: offer.text,
            about: offer.about,
            incidents: None,
        })
        .collect();
    let field = match &found.expected {
        Expected::FieldOrWord => None,
        Expected::Value(field) => Some(*field),
        Expected::Name(field, key, begun) => {
            // A gang may stand in the store as its ransomware, and is found so.
            let kinds = std::iter::once((*key, "")).chain(
                gang_or_malware(*key)
                    .filter(|_| !begun.is_empty())
                    .map(|key| (key, "of the same name")),
            );
            for (key, about) in kinds {
                let store = &shared.pipeline.store;
                for (name, incidents) in store.known_keys(key, begun, MOST_NAMES).await? {
                    let text = model::query::Name::new(&name, false).to_string();
                    if !offers.iter().any(|offer| offer.text == text) {
                        offers.push(Offer {
                            text,
                            about: about.to_owned(),
                            incidents: Some(incidents),
                        });
                    }
                }
            }
            Some(*field)
        }
    };
    Ok(Json(Completion {
        start: found.start,
        end: found.end,
        expected: if field.is_some() { "value" } else { "field" },
        field: field.map(Field::name),
        offers,
    }))
}

/// A field of the query language.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct QueryField {
    /// Its name.
    name: &'static str,
    /// Other names that mean the same.
    other_names: Vec<&'static str>,
    /// What it asks.
    about: &'static str,
    /// How it is written.
    example: &'static str,
    /// The values it takes, where these are few.
    values: Vec<FieldValue>,
}

/// A value that a field takes.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FieldValue {
    /// As it is written.
    text: &'static str,
    /// Its word for people.
    about: &'static str,
}

/// Lists the fields of the query language.
#[utoipa::path(
    get, path = "/api/query/fields", tag = "query", operation_id = "listQueryFields",
    responses((status = 200, body = Vec<QueryField>))
)]
pub(super) async fn fields() -> Json<Vec<QueryField>> {
    let fields = Field::all().map(|field| QueryField {
        name: field.name(),
        other_names: field.other_names().to_vec(),
        about: field.about(),
        example: field.example(),
        values: field
            .labels()
            .into_iter()
            .map(|(text, about)| FieldValue { text, about })
            .collect(),
    });
    Json(fields.collect())
}
