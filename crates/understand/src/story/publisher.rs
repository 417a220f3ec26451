//! Who tells a story: a site, or whoever wrote a post. Two feeds of one newspaper are
//! one publisher, and a search that gives articles of forty newspapers is forty.

use std::sync::LazyLock;

use model::{Analysis, EntityKind, Item, ItemKind};
use serde::Deserialize;
use url::Url;

use crate::extract::registrable;
use crate::lists::has;

/// The lists of `data/publishers.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sites {
    show_others: Vec<String>,
    parts: Vec<String>,
    claimants: Vec<String>,
}

/// A test reads the file, so a broken one cannot be shipped.
static SITES: LazyLock<Sites> = LazyLock::new(|| toml::from_str(FILE).unwrap_or_default());

const FILE: &str = include_str!("../../data/publishers.toml");

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
        (_, Some(site), author) if has(&SITES.show_others, &site) => author.unwrap_or(site),
        (_, Some(site), _) => site,
        (_, None, _) => item.source.to_string(),
    };
    name.chars().take(LONGEST).collect()
}

/// Whether the item is the word of those who say that they did it: of a leak site or what
/// copies one, of a forum where data is sold, or a post of the gang itself. It is no
/// publisher of the event beside others.
pub(super) fn is_claimant(item: &Item, analysis: &Analysis) -> bool {
    let site = item.url.as_deref().and_then(site);
    let is_site_of_claims = site.is_some_and(|site| {
        let is = |known: &String| {
            let rest = site.strip_suffix(known.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        site.ends_with(".onion") || SITES.claimants.iter().any(is)
    });
    is_site_of_claims || is_post_of_its_gang(item, analysis)
}

/// Whether the author of a post bears the name of an attacker of whom it speaks.
fn is_post_of_its_gang(item: &Item, analysis: &Analysis) -> bool {
    let letters = |text: &str| -> String {
        let letters = text.chars().filter(|c| c.is_alphanumeric());
        letters.flat_map(char::to_lowercase).take(LONGEST).collect()
    };
    let author = match (item.kind, &item.author) {
        (ItemKind::Post, Some(author)) => letters(author),
        _ => return false,
    };
    analysis.entities.iter().any(|entity| {
        matches!(entity.kind, EntityKind::Actor | EntityKind::Malware)
            && !author.is_empty()
            && letters(&entity.name) == author
    })
}

fn site(url: &str) -> Option<String> {
    let url = Url::parse(url.trim()).ok()?;
    let host = url.host_str()?.trim_end_matches('.').to_lowercase();
    if has(&SITES.show_others, &host) {
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
        && has(&SITES.parts, part)
        && !has(&SITES.show_others, whole)
    {
        whole = rest;
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_read() {
        let sites: Sites = toml::from_str(FILE).unwrap();
        for list in [&sites.show_others, &sites.parts, &sites.claimants] {
            assert!(!list.is_empty() && list.is_sorted(), "{list:?}");
        }
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
