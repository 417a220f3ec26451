//! One spelling for one address, so that a repeat is recognised.
//!
//! Careful where being wrong joins strangers: a path keeps its case, unknown
//! query parameters stay. What goes is what is known to change nothing: tracking
//! parameters, the scheme's letter, `www.`, the mobile and AMP forms.

use url::Url;

/// Longer than any address that servers take.
const MAX_LEN: usize = 4_096;

/// Parameters that say where a reader came from, and nothing else.
/// After the lists of Firefox's query stripping and ClearURLs.
const TRACKING: &[&str] = &[
    "_hsenc",
    "_hsmi",
    "amp",
    "cmpid",
    "dclid",
    "fbclid",
    "feature",
    "gbraid",
    "gclid",
    "guccounter",
    "igshid",
    "mc_cid",
    "mc_eid",
    "mkt_tok",
    "msclkid",
    "ncid",
    "ocid",
    "outputtype",
    "publisher",
    "ref",
    "ref_src",
    "ref_url",
    "referrer",
    "rss",
    "s_cid",
    "smid",
    "source",
    "spm",
    "twclid",
    "vero_id",
    "wbraid",
    "wt_mc",
    "yclid",
];

/// The address by which repeats are recognised: `https`, lower-case host without
/// `www.`, no fragment, no tracking, the rest of the query sorted. `None` for
/// what is no web address.
#[must_use]
pub fn canonical_url(url: &str) -> Option<String> {
    let url = url.trim();
    if url.len() > MAX_LEN {
        return None;
    }
    let url = Url::parse(url).ok()?;
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let host = canonical_host(url.host_str()?);
    // A port that is not the scheme's own is part of the place.
    let port = url
        .port()
        .filter(|port| !matches!(port, 80 | 443))
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    let path = canonical_path(url.path());
    let mut query: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| !is_tracking(name))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    query.sort();
    let mut out = format!("https://{host}{port}{path}");
    if !query.is_empty() {
        let encoded = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(query)
            .finish();
        out.push('?');
        out.push_str(&encoded);
    }
    Some(out)
}

/// Whether a canonical address names a page of its own. The front page that a
/// sloppy feed gives for every entry does not.
pub(crate) fn names_a_page(canonical: &str) -> bool {
    canonical
        .strip_prefix("https://")
        .and_then(|rest| rest.split_once('/'))
        .is_some_and(|(_, path)| !path.is_empty())
        || canonical.contains('?')
}

fn canonical_host(host: &str) -> String {
    let lower = host.trim_end_matches('.').to_ascii_lowercase();
    let mut host = lower.as_str();
    // `m.co` is a host of its own: what is left must still be a name and its end.
    while let Some(rest) = ["www.", "m.", "amp.", "mobile."]
        .iter()
        .find_map(|prefix| host.strip_prefix(prefix))
        .filter(|rest| rest.contains('.'))
    {
        host = rest;
    }
    host.to_owned()
}

fn canonical_path(path: &str) -> String {
    let mut path = path.trim_end_matches('/');
    if let Some(rest) = path.strip_suffix("/amp") {
        path = rest;
    } else if let Some(rest) = path
        .strip_suffix("/index.html")
        .or_else(|| path.strip_suffix("/index.php"))
    {
        path = rest;
    }
    match path.strip_prefix("/amp/") {
        Some(rest) => format!("/{rest}"),
        None => path.trim_end_matches('/').to_owned(),
    }
}

fn is_tracking(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("utm_")
        || name.starts_with("at_")
        || TRACKING.binary_search(&name.as_str()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_page_are_one() {
        for (given, wanted) in [
            (
                "HTTP://WWW.Example.COM/News/?utm_source=rss&fbclid=1#top",
                Some("https://example.com/News"),
            ),
            (
                "https://example.com:443/a?b=2&a=1",
                Some("https://example.com/a?a=1&b=2"),
            ),
            (
                "https://example.com:8443/a",
                Some("https://example.com:8443/a"),
            ),
            (
                "https://m.example.com/a/amp/",
                Some("https://example.com/a"),
            ),
            (
                "https://amp.example.co.in/amp/story",
                Some("https://example.co.in/story"),
            ),
            ("https://m.co/x", Some("https://m.co/x")),
            ("https://example.com", Some("https://example.com")),
            (
                "https://example.com/article?id=7&ref=home",
                Some("https://example.com/article?id=7"),
            ),
            (
                "https://उदाहरण.भारत/क",
                Some("https://xn--p1b6ci4b4b3a.xn--h2brj9c/%E0%A4%95"),
            ),
            ("mailto:a@example.com", None),
            ("not an address", None),
            ("", None),
        ] {
            assert_eq!(canonical_url(given).as_deref(), wanted, "{given}");
        }
        assert!(TRACKING.is_sorted());
        assert_eq!(
            canonical_url(&format!("https://example.com/{}", "x".repeat(5_000))),
            None
        );
    }

    #[test]
    fn canonical_is_a_fixed_point() {
        for url in [
            "https://www.example.com/a/?x=%20&y=a+b",
            "http://example.com/index.html",
            "https://example.com/?p=12",
        ] {
            let once = canonical_url(url).unwrap();
            assert_eq!(canonical_url(&once).unwrap(), once);
        }
    }

    #[test]
    fn a_front_page_is_no_page() {
        assert!(!names_a_page("https://example.com"));
        assert!(names_a_page("https://example.com/a"));
        assert!(names_a_page("https://example.com?p=1"));
    }
}
