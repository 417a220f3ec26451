//! Which incidents a request asks for: a query, and the filters that the API had
//! before there was one. Together they are one query.

use model::query::{self, Field, Moment, Op, Query, Test, When};
use model::{Country, CveId, IncidentStatus, IncidentType, Severity, SourceId};

use super::error::Problem;
use super::input::Parameters;

/// The parameters that say which incidents.
pub(super) const FILTERS: &[&str] = &[
    "q",
    "severity",
    "type",
    "country",
    "status",
    "cve",
    "source",
    "exploited",
    "keyword",
    "since",
    "until",
];

/// What the parameters ask together.
pub(super) fn asked(parameters: &Parameters) -> Result<Query, Problem> {
    let mut parts = vec![query_of(parameters, "q")?];
    if let Some(severity) = parameters.one::<Severity>("severity")? {
        parts.push(Query::Test(Test::Severity(Op::AtLeast, severity)));
    }
    parts.push(Query::names(
        Field::Type,
        parameters.several::<IncidentType>("type")?,
    ));
    parts.push(Query::names(
        Field::Region,
        parameters.several::<Country>("country")?,
    ));
    parts.push(Query::names(
        Field::Status,
        parameters.several::<IncidentStatus>("status")?,
    ));
    parts.push(Query::names(Field::Cve, parameters.one::<CveId>("cve")?));
    parts.push(Query::names(
        Field::Source,
        parameters.one::<SourceId>("source")?,
    ));
    if let Some(exploited) = parameters.one("exploited")? {
        parts.push(Query::Test(Test::Flag(Field::Exploited, exploited)));
    }
    parts.push(Query::names(Field::Keyword, parameters.text("keyword")));
    if let Some(since) = parameters.time("since")? {
        parts.push(Query::Test(Test::When(When::After(Moment::At(since)))));
    }
    if let Some(until) = parameters.time("until")? {
        parts.push(Query::Test(Test::When(When::Before(Moment::At(until)))));
    }
    Ok(Query::and(parts))
}

/// The query in a parameter; everything when it is absent.
pub(super) fn query_of(parameters: &Parameters, name: &str) -> Result<Query, Problem> {
    query::parse(parameters.whole(name).unwrap_or_default())
        .map_err(|error| Problem::bad_query(name, &error))
}
