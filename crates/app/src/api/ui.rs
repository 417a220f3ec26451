//! The dashboard, embedded in the binary as `build.rs` packed it. Unknown addresses outside
//! `/api` give its first page: the address bar belongs to the dashboard's own router.

use std::io::Read;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;
use rust_embed::{EmbeddedFile, RustEmbed};

use super::error::Problem;

/// `web/dist`, or a page that says how to build it (see `build.rs`), each file in gzip.
#[derive(RustEmbed)]
#[folder = "$PRAHARI_WEB_DIST"]
struct Files;

/// Serves a file of the dashboard, or its first page.
pub(super) async fn serve(uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path.starts_with("api/") || path == "api" {
        return Problem::not_found(format!("there is no address /{path}")).into_response();
    }
    if let Some(file) = Files::get(path) {
        // Files under assets carry their hash in the name.
        let cache = if path.starts_with("assets/") {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        return answer(path, file, cache, &headers);
    }
    if path.starts_with("assets/") {
        return Problem::not_found(
            "there is no such file; the dashboard was updated, load it again",
        )
        .into_response();
    }
    match Files::get("index.html") {
        Some(file) => answer("index.html", file, "no-cache", &headers),
        None => Problem::not_found("the dashboard is not in this build").into_response(),
    }
}

fn answer(path: &str, file: EmbeddedFile, cache: &'static str, headers: &HeaderMap) -> Response {
    let hash = file.metadata.sha256_hash();
    let etag = format!(
        "\"{}\"",
        hash.iter()
            .take(12)
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    );
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    let mut response = if known == Some(etag.as_str()) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let kind = [(header::CONTENT_TYPE, kind_of(path))];
        if takes_gzip(headers) {
            let packed = [(header::CONTENT_ENCODING, "gzip")];
            (kind, packed, Body::from(file.data.into_owned())).into_response()
        } else {
            let mut plain = Vec::new();
            if GzDecoder::new(&*file.data).read_to_end(&mut plain).is_err() {
                return Problem::not_found(format!("{path} is damaged in this build"))
                    .into_response();
            }
            (kind, Body::from(plain)).into_response()
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(header::ETAG, etag);
    }
    response
}

/// Whether the one who asks takes gzip: says so, and does not say `q=0`.
fn takes_gzip(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
            let weight = weight.trim().strip_prefix("q=").unwrap_or("1");
            matches!(name.trim(), "gzip" | "*")
                && weight.trim().parse::<f32>().is_ok_and(|it| it > 0.0)
        })
}

/// The types of what the front end's build writes.
fn kind_of(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_to_those_who_take_it() {
        let takes = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
            takes_gzip(&headers)
        };
        for yes in ["gzip", "br, gzip;q=0.5", "*", "deflate,gzip , br"] {
            assert!(takes(yes), "{yes}");
        }
        for no in ["br", "gzip;q=0", "identity", "", "gzip;q=much"] {
            assert!(!takes(no), "{no}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
