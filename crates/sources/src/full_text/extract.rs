//! An article out of a page, and whether it is the article that was announced.
//!
//! The library finds the article as browsers' reading views do (Mozilla's
//! Readability). It gets a page that has passed our own bounds, written anew, so
//! that it never meets markup made to hurt. Whether what it found is the article,
//! and not a page about cookies or the first lines before a paywall, is judged by
//! the teaser's own words.

use std::collections::HashSet;

use dom_smoothie::{Config, Readability, TextMode};
use scraper::Html;
use url::Url;

use crate::feed::markup::plain_title;
use crate::html;

/// Elements and texts of an article's page; long ones have some 5,000.
const MOST_NODES: usize = 30_000;
/// A text shorter than this is taken for a teaser: feeds that give whole articles
/// give more.
const SHORT: usize = 700;
/// A text that says it goes on is one up to this length.
const SHORT_IF_CUT: usize = 2_500;
/// An article is longer than its teaser by this much, or it is only that.
const LONGER: usize = 300;
/// Words of fewer letters are in every text.
const WORD: usize = 4;

/// An article that was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Article {
    /// Its text, a paragraph a line.
    pub(super) text: String,
    /// Its own address.
    pub(super) url: String,
}

/// Whether a text only announces an article.
pub(super) fn is_teaser(text: &str) -> bool {
    // Twice the length, for the tags: no need to read a long text.
    if text.len() > SHORT_IF_CUT * 8 {
        return false;
    }
    let plain = plain(text);
    let length = plain.chars().count();
    let end = plain
        .trim_end_matches([' ', ']', ')', '»', '→'])
        .to_lowercase();
    let is_cut = [
        "…",
        "...",
        "read more",
        "continue reading",
        "और पढ़ें",
        "[more",
    ]
    .iter()
    .any(|ending| end.ends_with(ending));
    length < SHORT || is_cut && length < SHORT_IF_CUT
}

/// The article of `page`, which came from `url`; none when there is none, or not
/// the one that `title` and `teaser` announce.
pub(super) fn article(page: &str, url: &str, title: &str, teaser: &str) -> Option<Article> {
    let page = html::read(page).ok()?;
    if page.tree.values().len() > MOST_NODES || is_paid_for(&page) {
        return None;
    }
    let canonical = canonical(&page, url);
    let config = Config {
        max_elements_to_parse: MOST_NODES,
        // Read by a parser of its own, for titles and dates that we have.
        disable_json_ld: true,
        text_mode: TextMode::Formatted,
        ..Config::default()
    };
    let mut reading = Readability::new(page.html(), None, Some(config)).ok()?;
    let found = reading.parse().ok()?.text_content;
    let text = lines(&found);
    is_announced(&text, &plain_title(title), &plain(teaser)).then_some(Article {
        text,
        url: canonical,
    })
}

/// Whether the text is what was announced: longer, and with its words.
fn is_announced(text: &str, title: &str, teaser: &str) -> bool {
    if text.chars().count() < teaser.chars().count() + LONGER {
        return false;
    }
    let held: HashSet<String> = words(text).collect();
    let mut announced: HashSet<String> = words(teaser).collect();
    // A teaser of a word or two says nothing.
    if announced.len() < 5 {
        announced.extend(words(title));
    }
    let kept = announced.iter().filter(|word| held.contains(*word)).count();
    // Teasers are written anew now and then, in other forms of the same words.
    !announced.is_empty() && kept * 10 >= announced.len() * 6
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric() && !is_mark(c))
        .filter(|word| word.chars().count() >= WORD)
        .map(str::to_lowercase)
}

/// The signs that belong to letters of Indian scripts.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{900}'..='\u{DFF}' | '\u{200C}' | '\u{200D}')
}

/// Whether the page itself tells search engines that it shows not all to all.
fn is_paid_for(page: &Html) -> bool {
    let Ok(scripts) = html::selector("script[type='application/ld+json']") else {
        return false;
    };
    page.select(&scripts).any(|script| {
        let said: String = script
            .text()
            .flat_map(str::chars)
            .filter(|c| !c.is_whitespace() && *c != '"')
            .take(256 * 1024)
            .flat_map(char::to_lowercase)
            .collect();
        said.contains("isaccessibleforfree:false")
    })
}

/// The address that the page gives as its own, where that is one of the same
/// site; else where it came from.
fn canonical(page: &Html, url: &str) -> String {
    let own = || url.to_owned();
    let (Ok(came_from), Ok(links)) = (Url::parse(url), html::selector("link[rel='canonical']"))
    else {
        return own();
    };
    page.select(&links)
        .filter_map(|link| came_from.join(link.attr("href")?.trim()).ok())
        .find(|named| {
            matches!(named.scheme(), "http" | "https")
                && site(named).is_some()
                && site(named) == site(&came_from)
                && named.port() == came_from.port()
                // The front page is nobody's own address.
                && named.path() != "/"
                && named.as_str().len() <= 2048
        })
        .map_or_else(own, String::from)
}

/// The host without what sites put before it for phones.
fn site(url: &Url) -> Option<&str> {
    let host = url.host_str()?;
    ["www.", "m.", "amp.", "mobile."]
        .iter()
        .find_map(|prefix| host.strip_prefix(prefix))
        .or(Some(host))
}

/// The text of a fragment of HTML, or of plain text.
fn plain(text: &str) -> String {
    match html::read(text) {
        Ok(page) => html::text_of(&page.root_element()),
        Err(_) => text.to_owned(),
    }
}

/// One line a paragraph, without the blanks around.
fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(line);
    }
    out.truncate(out.floor_char_boundary(html::LONGEST_TEXT));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const TITLE: &str = "Acme Bank confirms breach";
    const TEASER: &str = "<p>Acme Bank has confirmed that attackers copied customer records in October. Read more</p>";

    fn page(body: &str) -> String {
        format!(
            "<html><head><title>x</title></head><body><nav><a href=/>Home</a></nav>{body}<footer>All rights reserved</footer></body></html>"
        )
    }

    fn long(paragraph: &str) -> String {
        let paragraphs: String = (1..=6)
            .map(|n| format!("<p>{paragraph} This is paragraph {n}, which goes on for a while, with commas, so that it counts as prose and not as a list of links.</p>"))
            .collect();
        page(&format!("<article><h1>{TITLE}</h1>{paragraphs}</article>"))
    }

    #[test]
    fn the_article_is_found_and_what_is_around_it_left() {
        let html = long(
            "Acme Bank has confirmed that attackers copied customer records in October, from <a href=x>a server</a>.",
        );
        let found = article(&html, "https://news.example/a?utm=1", TITLE, TEASER).unwrap();
        assert!(
            found
                .text
                .contains("attackers copied customer records in October, from a server.")
        );
        assert!(found.text.contains("paragraph 6"));
        assert!(!found.text.contains("All rights reserved") && !found.text.contains("Home"));
        assert!(found.text.lines().count() >= 6, "{}", found.text);
        assert_eq!(found.url, "https://news.example/a?utm=1");
    }

    #[test]
    fn pages_about_something_else_are_not_the_article() {
        for (name, html) in [
            ("consent", long("We and our 847 partners use cookies and other technologies to process personal data. You can accept or manage your choices.")),
            ("the teaser again", page(&format!("<article><h1>{TITLE}</h1>{TEASER}<p>Subscribe to continue.</p></article>"))),
            ("a list", page("<ul><li><a href=1>One</a><li><a href=2>Two</a></ul>")),
            ("nothing", String::new()),
            ("paid for", long("Acme Bank has confirmed that attackers copied customer records in October.").replace(
                "<body>",
                "<body><script type='application/ld+json'>{\"@type\":\"NewsArticle\", \"isAccessibleForFree\" : \"False\"}</script>",
            )),
        ] {
            assert_eq!(article(&html, "https://news.example/a", TITLE, TEASER), None, "{name}");
        }
    }

    #[test]
    fn without_a_teaser_the_title_announces() {
        let html = long("Acme Bank confirms a breach of its servers.");
        assert!(article(&html, "https://news.example/a", TITLE, "").is_some());
        assert!(
            article(
                &html,
                "https://news.example/a",
                "Cats win football match again",
                ""
            )
            .is_none()
        );
    }

    #[test]
    fn the_address_is_the_pages_own_if_it_is_of_the_same_site() {
        let html =
            long("Acme Bank has confirmed that attackers copied customer records in October.");
        for (named, expected) in [
            ("/a", "https://m.news.example/a"),
            ("https://www.news.example/a", "https://www.news.example/a"),
            ("https://evil.example/a", "https://m.news.example/a?amp"),
            ("https://m.news.example/", "https://m.news.example/a?amp"),
            ("javascript:alert(1)", "https://m.news.example/a?amp"),
            (
                "https://news.example:8443/a",
                "https://m.news.example/a?amp",
            ),
            ("", "https://m.news.example/a?amp"),
        ] {
            let html = html.replace(
                "</head>",
                &format!("<link rel=canonical href='{named}'></head>"),
            );
            let found = article(&html, "https://m.news.example/a?amp", TITLE, TEASER).unwrap();
            assert_eq!(found.url, expected, "{named}");
        }
    }

    #[test]
    fn teasers_are_told_from_whole_texts() {
        let sentence = "Attackers copied records of customers. ";
        for (text, expected) in [
            (String::new(), true),
            (TEASER.to_owned(), true),
            (sentence.repeat(10), true),
            (sentence.repeat(40), false),
            (format!("<p>{}[…]</p>", sentence.repeat(40)), true),
            (format!("{} Read more »", sentence.repeat(40)), true),
            (format!("{}…", sentence.repeat(100)), false),
            ("<div>".repeat(20_000), false),
        ] {
            assert_eq!(is_teaser(&text), expected, "{} bytes", text.len());
        }
    }

    #[test]
    fn pages_made_to_hurt_cost_little() {
        let deep = "<div>".repeat(500) + "Acme Bank";
        let wide = "<p>Acme, Bank, has, confirmed, that, attackers</p>".repeat(14_000);
        let links = "<div><a href=x>Acme Bank</a> <span>, , , ,</span></div>".repeat(5_000);
        let nested = format!(
            "{}{}",
            "<section><p>a, b, c".repeat(120),
            "<table><tr><td>".repeat(120)
        );
        let words = format!("<p>{}", "Acme, ".repeat(300_000));
        for hostile in [
            deep,
            wide,
            links,
            nested,
            words,
            "<p>\0\u{FFFD}<![CDATA[".repeat(5_000),
        ] {
            let found = article(&page(&hostile), "https://news.example/a", TITLE, TEASER);
            assert!(found.is_none_or(|found| found.text.len() <= html::LONGEST_TEXT));
        }
    }

    #[test]
    fn no_page_makes_it_panic() {
        use proptest::prelude::*;
        let parts = prop::collection::vec(
            prop_oneof![
                Just("<table>"),
                Just("<tr>"),
                Just("<td"),
                Just(">"),
                Just("</"),
                Just("<p>Acme Bank, has, confirmed that attackers"),
                Just("<template>"),
                Just("<svg>"),
                Just("<math>"),
                Just("<!--"),
                Just("-->"),
                Just("<br><br>"),
                Just("é"),
                Just("<a href='"),
                Just("'"),
                Just("<b><i></b>"),
                Just("<article class=comment>"),
                Just("<h1>"),
                Just("<img src=data:x>"),
                Just("<meta property=og:title content='"),
                Just("<title>"),
                Just("<base href=//>"),
                Just("<noscript>"),
            ],
            0..60,
        );
        proptest!(ProptestConfig::with_cases(100), |(parts in parts)| {
            let _ = article(&parts.concat(), "https://news.example/a", TITLE, TEASER);
        });
    }
}
