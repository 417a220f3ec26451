//! Who tells a story: a site, or whoever wrote a post. Two feeds of one newspaper are
//! one publisher, and a search that gives articles of forty newspapers is forty.

use model::{Item, ItemKind};
use url::Url;

use crate::extract::registrable;

/// Sites that show what others wrote, under addresses of their own.
const SHOW_OTHERS: &[&str] = &["news.google.com", "news.yahoo.com", "flipboard.com"];

/// Parts of a site, editions of it, and forms for small screens. Other names before a
/// domain may be papers of their own: one house publishes several under one.
const PARTS: &[&str] = &[
    "amp", "blog", "edition", "en", "english", "epaper", "feed", "feeds", "hindi", "in", "m",
    "mobile", "news", "rss", "tech", "uk", "us", "www",
];

/// Longest name kept, in characters.
const LONGEST: usize = 100;

/// Who publishes the item.
pub(super) fn publisher(item: &Item) -> String {
    let site = item.url.as_deref().and_then(site);
    let author = item
        .author
        .as_deref()
        .map(|author| author.trim().to_lowercase())
        .filter(|author| !author.is_empty());
    let name = match (item.kind, site, author) {
        (ItemKind::Post, _, Some(author)) => author,
        (_, Some(site), author) if SHOW_OTHERS.contains(&site.as_str()) => author.unwrap_or(site),
        (_, Some(site), _) => site,
        (_, None, _) => item.source.to_string(),
    };
    name.chars().take(LONGEST).collect()
}

fn site(url: &str) -> Option<String> {
    let url = Url::parse(url.trim()).ok()?;
    let host = url.host_str()?.trim_end_matches('.').to_lowercase();
    if SHOW_OTHERS.contains(&host.as_str()) {
        return Some(host);
    }
    Some(whole(&host).to_owned()).filter(|host| !host.is_empty())
}

/// The site that this one, by its name, is a part of, or itself.
pub(super) fn whole(site: &str) -> &str {
    let shortest = registrable(site).len();
    let mut whole = site;
    while let Some((part, rest)) = whole.split_once('.')
        && rest.len() >= shortest
        && PARTS.binary_search(&part).is_ok()
        && !SHOW_OTHERS.contains(&whole)
    {
        whole = rest;
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_in_order() {
        assert!(PARTS.is_sorted());
    }

    #[test]
    fn one_site_is_one_publisher_and_a_search_is_many() {
        for (url, name) in [
            ("https://www.Herald.example/a", Some("herald.example")),
            ("https://m.herald.example/b", Some("herald.example")),
            (
                "https://news.google.com/rss/articles/x",
                Some("news.google.com"),
            ),
            ("https://news.herald.example/c", Some("herald.example")),
            ("https://m.hindi.herald.co.in/c", Some("herald.co.in")),
            ("https://news.co.in/c", Some("news.co.in")),
            (
                "https://gazette.house.example/c",
                Some("gazette.house.example"),
            ),
            ("mailto:desk@herald.example", None),
            ("not an address", None),
        ] {
            assert_eq!(site(url).as_deref(), name, "{url}");
        }
    }
}
