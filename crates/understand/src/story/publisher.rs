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
    channels: Vec<String>,
    own_words: Vec<String>,
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
        (_, Some(site), _) => channel(item, &site).unwrap_or(site),
        (_, None, _) => item.source.to_string(),
    };
    name.chars().take(LONGEST).collect()
}

/// Whether the item is the word of those who say that they did it: of a leak site or what
/// copies one, of a forum where data is sold, a post of the gang itself, or what a channel
/// says that it did. It is no publisher of the event beside others.
pub(super) fn is_claimant(item: &Item, analysis: &Analysis) -> bool {
    let site = item.url.as_deref().and_then(site);
    let channel = site.as_deref().and_then(|site| channel(item, site));
    if channel.is_some() && speaks_for_itself(analysis) {
        return true;
    }
    let is_site_of_claims = site.is_some_and(|site| {
        let is = |known: &String| {
            let rest = site.strip_suffix(known.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        site.ends_with(".onion") || SITES.claimants.iter().any(is)
    });
    is_site_of_claims || is_post_of_its_gang(item, channel.as_deref(), analysis)
}

/// The channel an item stands in, with its site: `t.me/acme`. Files bring posts as articles.
fn channel(item: &Item, site: &str) -> Option<String> {
    if !has(&SITES.channels, site) {
        return None;
    }
    let url = Url::parse(item.url.as_deref()?.trim()).ok()?;
    let mut parts = url.path_segments()?.filter(|part| !part.is_empty());
    // `t.me/s/acme` shows the same channel.
    let name = parts.find(|part| *part != "s")?.to_lowercase();
    Some(format!("{site}/{name}"))
}

/// Whether the text says of itself that it did it: "we have breached".
fn speaks_for_itself(analysis: &Analysis) -> bool {
    /// Characters in which it does so.
    const HEAD: usize = 1_000;
    [&analysis.title, &analysis.text].into_iter().any(|text| {
        let head: String = text.chars().take(HEAD).collect();
        let head = head.to_lowercase().replace('’', "'");
        let begins_word = |(at, _): (usize, &str)| {
            let before = head.get(..at).and_then(|before| before.chars().next_back());
            !before.is_some_and(char::is_alphanumeric)
        };
        let says = |words: &String| head.match_indices(words.as_str()).any(begins_word);
        SITES.own_words.iter().any(says)
    })
}

/// Whether the author of a post, or its channel, bears the name of an attacker of whom it
/// speaks.
fn is_post_of_its_gang(item: &Item, channel: Option<&str>, analysis: &Analysis) -> bool {
    let letters = |text: &str| -> String {
        let letters = text.chars().filter(|c| c.is_alphanumeric());
        letters.flat_map(char::to_lowercase).take(LONGEST).collect()
    };
    let channel = channel.and_then(|channel| channel.split_once('/'));
    let author = match (item.kind, &item.author, channel) {
        (ItemKind::Post, Some(author), _) => letters(author),
        (_, _, Some((_, name))) => letters(name),
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
        for list in [
            &sites.show_others,
            &sites.parts,
            &sites.claimants,
            &sites.channels,
        ] {
            assert!(!list.is_empty() && list.is_sorted(), "{list:?}");
        }
        let small = |words: &String| *words == words.to_lowercase();
        assert!(!sites.own_words.is_empty() && sites.own_words.iter().all(small));
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
