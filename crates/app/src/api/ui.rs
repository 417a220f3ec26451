//! The dashboard, embedded in the binary as `build.rs` packed it. Unknown addresses outside
//! `/api` give its first page: the address bar belongs to the dashboard's own router.

use std::io::Read;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;
use rust_embed::{EmbeddedFile, RustEmbed};

use super::error::{self, Problem};

/// `web/dist`, or a page that says how to build it (see `build.rs`), each file in gzip.
#[derive(RustEmbed)]
#[folder = "$PRAHARI_WEB_DIST"]
struct Files;

/// For those who gather the web: there is nothing here for them.
const ROBOTS: &str = "User-agent: *\nDisallow: /\n";

/// Serves a file of the dashboard, or its first page.
pub(super) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path.starts_with("api/") || path == "api" {
        return Problem::not_found(format!("there is no address /{path}")).into_response();
    }
    if !matches!(method, Method::GET | Method::HEAD) {
        let allowed = [(header::ALLOW, "GET, HEAD")];
        return (allowed, error::method_not_allowed().await).into_response();
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
    if path == "robots.txt" {
        return ([(header::CONTENT_TYPE, kind_of(path))], ROBOTS).into_response();
    }
    // `favicon.ico` and the like are asked for by name, and are no page.
    if !path.contains('/') && kind_of(path) != UNKNOWN {
        return Problem::not_found(format!("there is no file /{path}")).into_response();
    }
    match Files::get("index.html") {
        Some(file) => answer("index.html", file, "no-cache", &headers),
        None => Problem::not_found("the dashboard is not in this build").into_response(),
    }
}

fn answer(path: &str, file: EmbeddedFile, cache: &'static str, headers: &HeaderMap) -> Response {
    let hash = file.metadata.sha256_hash();
    // Weak: it is the same packed and plain.
    let etag = format!(
        "W/\"{}\"",
        hash.iter()
            .take(12)
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    );
    let is_known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|known| known.split(',').any(|one| one.trim() == etag));
    let mut response = if is_known {
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

/// Whether the one who asks takes gzip: what is said of it goes before what is said of all.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let mut weights = [None; 2];
    let codings = headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    for coding in codings {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let (name, weight) = (name.trim(), weight.trim().to_ascii_lowercase());
        let weight = weight.strip_prefix("q=").unwrap_or("1").trim();
        let weight: f32 = weight.parse().unwrap_or(0.0);
        let [of_gzip, of_all] = &mut weights;
        if name.eq_ignore_ascii_case("gzip") {
            *of_gzip = Some(weight);
        } else if name == "*" {
            *of_all = Some(weight);
        }
    }
    let [of_gzip, of_all] = weights;
    of_gzip.or(of_all).is_some_and(|weight| weight > 0.0)
}

/// The type of what has none of the others.
const UNKNOWN: &str = "application/octet-stream";

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
        _ => UNKNOWN,
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
        for yes in [
            "gzip",
            "br, gzip;q=0.5",
            "*",
            "deflate,gzip , br",
            "*;q=0, GZIP",
        ] {
            assert!(takes(yes), "{yes}");
        }
        for no in [
            "br",
            "gzip;q=0",
            "identity",
            "",
            "gzip;q=much",
            "gzip;q=0, *",
            "*, gzip; Q=0",
        ] {
            assert!(!takes(no), "{no}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }
    #[tokio::test]
    async fn pages_are_given_to_those_who_ask_for_pages() {
        let asked = async |method: Method, path: &'static str, headers: HeaderMap| {
            let answer = serve(method, Uri::from_static(path), headers).await;
            let header = |name| {
                let value: Option<&HeaderValue> = answer.headers().get(name);
                value.map_or("", |value| value.to_str().unwrap()).to_owned()
            };
            let (kind, tag) = (header(header::CONTENT_TYPE), header(header::ETAG));
            (answer.status(), kind, tag)
        };
        let page = "text/html; charset=utf-8";
        for path in [
            "/",
            "/incidents/018dc816-30d0-7000-8000-0000c4ac0000",
            "/sources/a.txt",
        ] {
            let (status, kind, tag) = asked(Method::GET, path, HeaderMap::new()).await;
            assert_eq!((status, &*kind), (StatusCode::OK, page), "{path}");
            let with = |name, value: &str| {
                HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
            };
            let packed = asked(Method::GET, path, with(header::ACCEPT_ENCODING, "gzip")).await;
            assert!(tag.starts_with("W/") && packed.2 == tag, "{tag}");
            let known = with(header::IF_NONE_MATCH, &format!("\"old\", {tag}"));
            let again = asked(Method::GET, path, known).await;
            assert_eq!(again.0, StatusCode::NOT_MODIFIED);
            let sent = asked(Method::POST, path, HeaderMap::new()).await;
            assert_eq!(sent.0, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        }
        let robots = asked(Method::GET, "/robots.txt", HeaderMap::new()).await;
        assert_eq!(robots.1, "text/plain; charset=utf-8");
        for path in ["/favicon.ico", "/sitemap.json", "/api/no", "/assets/no.js"] {
            let (status, kind, _) = asked(Method::GET, path, HeaderMap::new()).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
            assert_eq!(kind, "application/problem+json", "{path}");
        }
    }
}
