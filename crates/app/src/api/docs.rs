//! The API, described: the OpenAPI document, and a page for people made from it.
//!
//! The page is written here and not by a viewer's script: it works offline, under
//! our Content-Security-Policy, and on a phone.

use std::fmt::Write;
use std::sync::OnceLock;

use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use serde_json::Value;

/// `/api/openapi.json`.
pub(super) async fn openapi_json() -> Response {
    static TEXT: OnceLock<String> = OnceLock::new();
    let text = TEXT.get_or_init(|| super::openapi().to_pretty_json().unwrap_or_default());
    ([(header::CONTENT_TYPE, "application/json")], text.as_str()).into_response()
}

/// `/api/docs`.
pub(super) async fn page() -> Html<&'static str> {
    static TEXT: OnceLock<String> = OnceLock::new();
    Html(TEXT.get_or_init(|| {
        let document = serde_json::to_value(super::openapi()).unwrap_or_default();
        render(&document)
    }))
}

/// `/api/docs.css`: the tokens of the dashboard, in both themes.
pub(super) async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE).into_response()
}

const STYLE: &str = "
:root { color-scheme: light dark; --ground: #fbfbf9; --line: #e4e3de; --text: #1b1c1f; --second: #5d6067; --accent: #2453c4 }
@media (prefers-color-scheme: dark) { :root { --ground: #131417; --line: #2c2f36; --text: #e8e8e6; --second: #a0a3ab; --accent: #8aaaff } }
body { background: var(--ground); color: var(--text); font: 14px/1.5 system-ui, sans-serif; margin: 0 }
main { max-width: 860px; margin: 0 auto; padding: 24px 16px }
h1 { font-size: 22px } h2 { font-size: 16px; border-top: 1px solid var(--line); padding-top: 20px; margin: 28px 0 4px } h3 { font-size: 14px; margin: 20px 0 2px }
code { font: 13px ui-monospace, monospace } p { margin: 4px 0 } ul { margin: 4px 0; padding-left: 20px } li { color: var(--second) } li code { color: var(--text) }
a { color: var(--accent) }
";

/// The page for a document.
fn render(document: &Value) -> String {
    let mut page = String::from(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>Prahari API</title><link rel=\"stylesheet\" href=\"/api/docs.css\"></head><body><main>",
    );
    let info = |key: &str| {
        prose(
            document
                .pointer(&format!("/info/{key}"))
                .and_then(Value::as_str)
                .unwrap_or_default(),
        )
    };
    let _ = write!(
        page,
        "<h1>{} API {}</h1><p>{}</p>",
        info("title"),
        info("version"),
        info("description")
    );
    page.push_str("<p>For programs: <a href=\"/api/openapi.json\">openapi.json</a></p>");
    for (path, methods) in object(document.get("paths")) {
        for (method, operation) in object(Some(methods)) {
            render_operation(&mut page, path, method, operation);
        }
    }
    page.push_str("<h2>Shapes</h2>");
    for (name, schema) in object(document.pointer("/components/schemas")) {
        render_shape(&mut page, name, schema);
    }
    page.push_str("</main></body></html>");
    page
}

fn render_operation(page: &mut String, path: &str, method: &str, operation: &Value) {
    let text = |key: &str| {
        prose(
            operation
                .get(key)
                .and_then(Value::as_str)
                .unwrap_or_default(),
        )
    };
    let _ = write!(
        page,
        "<h2><code>{} {}</code></h2><p>{} {}</p>",
        method.to_uppercase(),
        escape(path),
        text("summary"),
        text("description")
    );
    let parameters = operation
        .get("parameters")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    if !parameters.is_empty() {
        page.push_str("<ul>");
        for parameter in parameters {
            let part = |key: &str| {
                parameter
                    .get(key)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            };
            let _ = write!(
                page,
                "<li><code>{}</code> ({}) {}</li>",
                escape(part("name")),
                escape(part("in")),
                prose(part("description"))
            );
        }
        page.push_str("</ul>");
    }
    if let Some(body) = operation.pointer("/requestBody/content/application~1json/schema") {
        let _ = write!(page, "<p>Takes {}</p>", shape(body));
    }
    for (status, response) in object(operation.get("responses")) {
        for (kind, content) in object(response.get("content")) {
            let schema = content.get("schema").map(shape).unwrap_or_default();
            let _ = write!(
                page,
                "<p>{} <code>{}</code> {}</p>",
                escape(status),
                escape(kind),
                schema
            );
        }
    }
}

fn render_shape(page: &mut String, name: &str, schema: &Value) {
    let description = schema
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let _ = write!(
        page,
        "<h3 id=\"{0}\"><code>{0}</code></h3><p>{1}</p>",
        escape(name),
        prose(description)
    );
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        let values: Vec<String> = values
            .iter()
            .filter_map(Value::as_str)
            .map(|value| format!("<code>{}</code>", escape(value)))
            .collect();
        let _ = write!(page, "<p>{}</p>", values.join(", "));
    }
    let parts = schema
        .get("allOf")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    page.push_str("<ul>");
    for part in parts.iter().chain([schema]) {
        if part.get("$ref").is_some() {
            let _ = write!(page, "<li>all of {}</li>", shape(part));
        }
        for (member, schema) in object(part.get("properties")) {
            let description = schema
                .get("description")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let _ = write!(
                page,
                "<li><code>{}</code>: {} {}</li>",
                escape(member),
                shape(schema),
                prose(description)
            );
        }
    }
    page.push_str("</ul>");
}

/// A schema in a few words, linked where it has a name.
fn shape(schema: &Value) -> String {
    if let Some(name) = schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|path| path.rsplit('/').next())
    {
        return format!("<a href=\"#{0}\">{0}</a>", escape(name));
    }
    for (key, joint) in [("oneOf", " or "), ("anyOf", " or "), ("allOf", " and ")] {
        if let Some(parts) = schema.get(key).and_then(Value::as_array) {
            return parts.iter().map(shape).collect::<Vec<_>>().join(joint);
        }
    }
    if let Some(items) = schema.get("items") {
        return format!("list of {}", shape(items));
    }
    match schema.get("type") {
        Some(Value::String(kind)) => escape(kind),
        Some(Value::Array(kinds)) => kinds
            .iter()
            .filter_map(Value::as_str)
            .map(escape)
            .collect::<Vec<_>>()
            .join(" or "),
        _ => "anything".to_owned(),
    }
}

fn object(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

/// Sentences, in which what stands between backticks is code.
fn prose(text: &str) -> String {
    let mut marked = String::new();
    for (index, part) in text.split('`').enumerate() {
        let part = escape(part);
        if index % 2 == 1 {
            let _ = write!(marked, "<code>{part}</code>");
        } else {
            marked.push_str(&part);
        }
    }
    marked
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
