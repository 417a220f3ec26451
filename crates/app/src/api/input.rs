//! Reading what clients send: query parameters by name, bodies as JSON. Each
//! error names the parameter or member.

use std::ops::RangeInclusive;
use std::str::FromStr;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::IntoResponse;
use model::Timestamp;
use serde::de::DeserializeOwned;

use super::Shared;
use super::error::Problem;

/// The query parameters, each once.
pub(super) struct Parameters(Vec<(String, String)>);

impl<S: Sync> FromRequestParts<S> for Parameters {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let mut found: Vec<(String, String)> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            if found.iter().any(|(known, _)| *known == name) {
                return Err(Problem::bad_value(
                    &name,
                    format!("`{name}` is given twice; separate several values by commas"),
                ));
            }
            found.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(found))
    }
}

impl Parameters {
    /// Refuses parameters other than these: a misspelt filter must not silently
    /// give everything.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Problem> {
        for (name, _) in &self.0 {
            if !known.contains(&name.as_str()) {
                let nearest = known
                    .iter()
                    .map(|candidate| (strsim::jaro_winkler(name, candidate), *candidate))
                    .filter(|(likeness, _)| *likeness >= 0.75)
                    .max_by(|a, b| a.0.total_cmp(&b.0));
                let hint = nearest
                    .map(|(_, name)| format!("; did you mean `{name}`?"))
                    .unwrap_or_default();
                return Err(Problem::unknown_parameter(
                    name,
                    format!("there is no parameter `{name}`{hint}"),
                ));
            }
        }
        Ok(())
    }

    /// The text of a parameter, if given and not blank.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// The text of a parameter as it came, blanks and all: places are counted in it.
    pub(super) fn whole(&self, name: &str) -> Option<&str> {
        let given = self.0.iter().find(|(known, _)| known == name);
        given.map(|(_, value)| value.as_str())
    }

    /// One value.
    pub(super) fn one<T: FromStr>(&self, name: &str) -> Result<Option<T>, Problem>
    where
        T::Err: std::fmt::Display,
    {
        self.text(name).map(|value| read(name, value)).transpose()
    }

    /// How many are asked for: `limit`, a whole number within bounds.
    pub(super) fn limit(&self, bounds: RangeInclusive<u32>, absent: u32) -> Result<u32, Problem> {
        let Some(text) = self.text("limit") else {
            return Ok(absent);
        };
        let limit = text.parse().ok().filter(|limit| bounds.contains(limit));
        limit.ok_or_else(|| {
            let (least, most) = (bounds.start(), bounds.end());
            Problem::bad_value(
                "limit",
                format!("limit: a whole number from {least} to {most}"),
            )
        })
    }

    /// Several values, separated by commas.
    pub(super) fn several<T: FromStr>(&self, name: &str) -> Result<Vec<T>, Problem>
    where
        T::Err: std::fmt::Display,
    {
        let values = self
            .text(name)
            .unwrap_or_default()
            .split(',')
            .map(str::trim)
            .filter(|value| !value.is_empty());
        values.map(|value| read(name, value)).collect()
    }

    /// An instant, or a date (its first moment in UTC).
    pub(super) fn time(&self, name: &str) -> Result<Option<Timestamp>, Problem> {
        self.text(name)
            .map(|value| read_time(name, value))
            .transpose()
    }
}

fn read<T: FromStr>(name: &str, value: &str) -> Result<T, Problem>
where
    T::Err: std::fmt::Display,
{
    value
        .parse()
        .map_err(|error| Problem::bad_value(name, format!("{name}: {error}")))
}

/// An instant in RFC 3339, or a date.
pub(super) fn read_time(name: &str, value: &str) -> Result<Timestamp, Problem> {
    if let Ok(time) = value.parse() {
        return Ok(time);
    }
    value
        .parse::<jiff::civil::Date>()
        .ok()
        .and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC).ok())
        .map(|zoned| zoned.timestamp())
        .ok_or_else(|| {
            Problem::bad_value(
                name,
                format!("{name}: `{value}` is not a time, as 2026-11-21T09:00:00Z or 2026-11-21"),
            )
        })
}

/// A body of JSON. Only with a JSON content type: a simple cross-site form post
/// cannot have one.
pub(super) struct JsonBody<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Shared> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &Shared) -> Result<Self, Problem> {
        let kind = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let kind = kind
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        if kind != "application/json"
            && !(kind.starts_with("application/") && kind.ends_with("+json"))
        {
            return Err(Problem::not_json());
        }
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| {
                if rejection.into_response().status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
                    Problem::too_large()
                } else {
                    Problem::bad_body("the body could not be read")
                }
            })?;
        read_object(&bytes).map(Self)
    }
}

/// A JSON object. Anything else would be refused in words of Rust.
fn read_object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    match bytes.trim_ascii_start().first() {
        Some(b'{') => {
            serde_json::from_slice(bytes).map_err(|error| Problem::bad_body(error.to_string()))
        }
        Some(_) => Err(Problem::bad_body("the body is not a JSON object")),
        None => Err(Problem::bad_body("the body is empty; send a JSON object")),
    }
}
