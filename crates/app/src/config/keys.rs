//! Keys nobody knows, each with the nearest one that somebody does.
//!
//! What is known comes from the JSON Schema of the config types, so that a new
//! field needs no second list.

use serde_json::Value;

/// A key that the schema does not have.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unknown {
    /// Where, as `server.listn`.
    pub path: String,
    /// The nearest known key, if one is near.
    pub nearest: Option<String>,
}

impl Unknown {
    pub(super) fn sentence(&self) -> String {
        match &self.nearest {
            Some(nearest) => format!("unknown key `{}`; did you mean `{nearest}`?", self.path),
            None => format!("unknown key `{}`", self.path),
        }
    }
}

/// The schema of a config type.
pub(super) fn schema<T: schemars::JsonSchema>() -> Value {
    schemars::schema_for!(T).to_value()
}

/// Every unknown key of `table`, at any depth.
pub(super) fn unknown(table: &toml::Table, schema: &Value) -> Vec<Unknown> {
    let mut found = Vec::new();
    walk(table, schema, schema, "", &mut found);
    found
}

/// The schema of the variant of a tagged enum whose `kind` is this.
pub(super) fn variant(schema: &Value, kind: &str) -> Option<Value> {
    let variant = schema.get("oneOf")?.as_array()?.iter().find(|variant| {
        variant
            .pointer("/properties/kind/const")
            .and_then(Value::as_str)
            == Some(kind)
    })?;
    let mut whole = variant.clone();
    let defs = schema.get("$defs").cloned();
    if let (Some(object), Some(defs)) = (whole.as_object_mut(), defs) {
        object.insert("$defs".to_owned(), defs);
    }
    Some(whole)
}

/// The `kind`s of a tagged enum.
pub(super) fn kinds(schema: &Value) -> Vec<String> {
    let variants = schema
        .get("oneOf")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    variants
        .iter()
        .filter_map(|variant| variant.pointer("/properties/kind/const")?.as_str())
        .map(str::to_owned)
        .collect()
}

/// Whether a property holds a secret, itself or in what it holds.
pub(super) fn is_secret(property: &Value, root: &Value, depth: u8) -> bool {
    if depth > 8 {
        return false;
    }
    let target = property
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| root.pointer(reference.strip_prefix('#')?));
    let parts = ["anyOf", "oneOf", "allOf"]
        .iter()
        .filter_map(|composition| property.get(composition)?.as_array())
        .flatten();
    property.get("writeOnly") == Some(&Value::Bool(true))
        || parts
            .chain(target)
            .chain(property.get("additionalProperties"))
            .any(|part| is_secret(part, root, depth + 1))
}

/// The JSON types of a property of a variant.
pub(super) fn types_of(variant: &Value, key: &str) -> Option<Vec<String>> {
    let mut property = variant.get("properties")?.get(key)?;
    if let Some(reference) = property.get("$ref").and_then(Value::as_str) {
        property = variant.pointer(reference.strip_prefix('#')?)?;
    }
    let types = match property.get("type")? {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        one => vec![one.as_str()?],
    };
    Some(types.into_iter().map(str::to_owned).collect())
}

/// The nearest of `known`, if it is near enough to be what was meant.
pub(super) fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    known
        .into_iter()
        .map(|candidate| {
            (
                strsim::jaro_winkler(&given.to_lowercase(), candidate),
                candidate,
            )
        })
        .filter(|(likeness, _)| *likeness >= 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate.to_owned())
}

fn walk(table: &toml::Table, schema: &Value, root: &Value, prefix: &str, found: &mut Vec<Unknown>) {
    let mut known = serde_json::Map::new();
    gather(schema, root, &mut known, 0);
    if known.is_empty() {
        return; // a free table: every key is right
    }
    for (key, value) in table {
        let path = if prefix.is_empty() {
            key.clone()
        } else {
            format!("{prefix}.{key}")
        };
        match (known.get(key), value) {
            (None, _) => {
                let nearest = nearest(key, known.keys().map(String::as_str));
                found.push(Unknown { path, nearest });
            }
            (Some(schema), toml::Value::Table(inner)) => walk(inner, schema, root, &path, found),
            (Some(_), _) => {}
        }
    }
}

/// The properties of a schema, through references and compositions.
fn gather(schema: &Value, root: &Value, known: &mut serde_json::Map<String, Value>, depth: u8) {
    if depth > 8 {
        return;
    }
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        known.extend(properties.clone());
    }
    let reference = schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| root.pointer(reference.strip_prefix('#')?));
    if let Some(target) = reference {
        gather(target, root, known, depth + 1);
    }
    for composition in ["allOf", "anyOf"] {
        for part in schema
            .get(composition)
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default()
        {
            gather(part, root, known, depth + 1);
        }
    }
}
