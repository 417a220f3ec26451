//! A table of the file as what it should be, or every mistake in it.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::document::Document;
use super::{Mistake, keys};

/// A table as one type, or every mistake in it.
pub(super) fn typed<T: DeserializeOwned + JsonSchema>(
    document: &Document,
    at: &str,
    table: toml::Table,
) -> Result<T, Vec<Mistake>> {
    let unknown = unknown_keys(document, at, &table, &keys::schema::<T>());
    if !unknown.is_empty() {
        return Err(unknown);
    }
    toml::Value::Table(table)
        .try_into()
        .map_err(|error| vec![document.wrong_value(at, &error)])
}

/// A table as the variant of a tagged enum that its `kind` names.
pub(super) fn of_kind<T: DeserializeOwned + JsonSchema>(
    document: &Document,
    at: &str,
    table: toml::Table,
    common_keys: &[&str],
) -> Result<T, Vec<Mistake>> {
    let schema = keys::schema::<T>();
    let kind = table
        .get("kind")
        .and_then(toml::Value::as_str)
        .unwrap_or_default();
    let Some(mut variant) = keys::variant(&schema, kind) else {
        let known = keys::kinds(&schema);
        let what = if kind.is_empty() {
            format!("{at}: `kind` is missing; it is one of {}", known.join(", "))
        } else {
            let hint = keys::nearest(kind, known.iter().map(String::as_str));
            let hint = hint
                .map(|near| format!("; did you mean `{near}`?"))
                .unwrap_or_default();
            format!("{at}.kind: there is no kind `{kind}`{hint}")
        };
        return Err(vec![Mistake {
            place: document.place_of(&format!("{at}.kind")),
            what,
        }]);
    };
    // So that a misspelt common key finds its right spelling, too.
    if let Some(properties) = variant
        .pointer_mut("/properties")
        .and_then(Value::as_object_mut)
    {
        properties.extend(
            common_keys
                .iter()
                .map(|key| ((*key).to_owned(), Value::Bool(true))),
        );
    }
    let unknown = unknown_keys(document, at, &table, &variant);
    if !unknown.is_empty() {
        return Err(unknown);
    }
    toml::Value::Table(table)
        .try_into()
        .map_err(|error| vec![document.wrong_value(at, &error)])
}

fn unknown_keys(
    document: &Document,
    at: &str,
    table: &toml::Table,
    schema: &Value,
) -> Vec<Mistake> {
    keys::unknown(table, schema)
        .into_iter()
        .map(|mut unknown| {
            unknown.path = format!("{at}.{}", unknown.path);
            Mistake {
                place: document.place_of(&unknown.path),
                what: unknown.sentence(),
            }
        })
        .collect()
}
