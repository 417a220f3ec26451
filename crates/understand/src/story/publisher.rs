//! Who tells a story: a site, or whoever wrote a post. Two feeds of one newspaper are
//! one publisher, and a search that gives articles of forty newspapers is forty.

use model::{Item, ItemKind};
use url::Url;

/// Sites that show what others wrote, under addresses of their own.
const SHOW_OTHERS: &[&str] = &["news.google.com", "news.yahoo.com", "flipboard.com"];

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
    let host = ["www.", "m.", "amp."]
        .iter()
        .find_map(|prefix| host.strip_prefix(prefix))
        .unwrap_or(&host);
    (!host.is_empty()).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_site_is_one_publisher_and_a_search_is_many() {
        for (url, name) in [
            ("https://www.Herald.example/a", Some("herald.example")),
            ("https://m.herald.example/b", Some("herald.example")),
            (
                "https://news.google.com/rss/articles/x",
                Some("news.google.com"),
            ),
            ("mailto:desk@herald.example", None),
            ("not an address", None),
        ] {
            assert_eq!(site(url).as_deref(), name, "{url}");
        }
    }
}
