//! The pages of the OWASP Top 10, read: stubs, indexes and categories.

use model::owasp::ATTRIBUTION;
use model::{CweId, OwaspCategory};
use regex::Regex;
use scraper::{ElementRef, Html};

use crate::feed::address::Base;
use crate::{SourceError, html};

/// An edition has ten categories; the links of an index beyond this are ignored.
const MOST_CATEGORIES: usize = 20;
/// The longest list has 40.
const MOST_WEAKNESSES: usize = 500;
/// A summary is a paragraph, not a page.
const LONGEST_SUMMARY: usize = 1200;

/// Where the page at `url` refreshes to, if that is all it does.
pub(super) fn leads_to(text: &str, url: &str) -> Result<Option<String>, SourceError> {
    // A stub has no article; a page that renews itself every hour has one.
    let page = html::read(text)?;
    if article(&page)?.is_some() {
        return Ok(None);
    }
    Ok(html::refreshes_to(&page).and_then(|target| Base::new(url).resolve(&target)))
}

fn article(page: &Html) -> Result<Option<ElementRef<'_>>, SourceError> {
    Ok(page.select(&html::selector("article")?).next())
}

/// A category as the index names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The year of the edition.
    pub edition: u16,
    /// Its place, from 1.
    pub rank: u8,
    /// Its name.
    pub title: String,
    /// Its page.
    pub url: String,
}

impl Listed {
    /// As `A01:2025`.
    pub(super) fn id(&self) -> String {
        format!("A{:02}:{}", self.rank, self.edition)
    }
}

/// Reads the index of an edition, which came from `url`.
///
/// # Errors
/// It is no page of the OWASP Top 10.
pub fn parse_index(text: &str, url: &str) -> Result<Vec<Listed>, SourceError> {
    let page = html::read(text)?;
    let Some(article) = article(&page)? else {
        return Err(SourceError::Nonsense(
            "the index of the OWASP Top 10 has no article".to_owned(),
        ));
    };
    // `A01:2025 - Broken Access Control`, and `A01 Broken Access Control` in 2021,
    // where only the address tells the edition.
    let name = pattern(r"^A(\d{2})(?::(\d{4}))?\s*[-–—:]?\s*(\S.*)$")?;
    let place = pattern(r"A\d{2}_(\d{4})-")?;
    let base = Base::new(url);
    let mut listed: Vec<Listed> = Vec::new();
    for link in article.select(&html::selector("a[href]")?) {
        let line = html::line_of(&link);
        let Some(found) = name.captures(&line) else {
            continue;
        };
        let href = link.attr("href").unwrap_or_default();
        let year = found.get(2).or_else(|| place.captures(href)?.get(1));
        let part = |at: usize| found.get(at).map_or("", |part| part.as_str());
        if let (Some(Ok(edition)), Ok(rank), Some(url)) = (
            year.map(|year| year.as_str().parse()),
            part(1).parse(),
            base.resolve(href),
        ) && listed.len() < MOST_CATEGORIES
            && !listed
                .iter()
                .any(|known| (known.edition, known.rank) == (edition, rank))
        {
            listed.push(Listed {
                edition,
                rank,
                title: part(3).to_owned(),
                url,
            });
        }
    }
    Ok(listed)
}

/// A category with the text of its page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Article {
    /// What it says.
    pub category: OwaspCategory,
    /// Its sections, plain, with the licence's attribution.
    pub text: String,
}

/// Reads the page of a category, which came from `url`.
///
/// # Errors
/// It is not that category's page, or lists no weaknesses.
pub fn parse_category(text: &str, url: &str, listed: &Listed) -> Result<Article, SourceError> {
    let id = listed.id();
    let nonsense = |what: &str| SourceError::Nonsense(format!("the page of {id} {what}"));
    let page = html::read(text)?;
    let article = article(&page)?.ok_or_else(|| nonsense("has no article"))?;
    let heading = article
        .select(&html::selector("h1")?)
        .next()
        .map(|heading| html::line_of(&heading))
        .unwrap_or_default();
    if !heading.starts_with(&id) {
        let heading: String = heading.chars().take(60).collect();
        return Err(nonsense(&format!("is headed `{heading}`")));
    }
    let cwes = weaknesses(&article)?;
    if cwes.is_empty() {
        return Err(nonsense("lists no weaknesses"));
    }
    let sections = sections(&article)?;
    let mut text = String::new();
    for section in &sections {
        // The links of the references say nothing; the weaknesses come below.
        if matches!(section.id.as_str(), "references" | "list-of-mapped-cwes") {
            continue;
        }
        text.push_str(&format!("{}\n{}\n\n", section.heading, section.text));
    }
    let names: Vec<String> = cwes.iter().map(ToString::to_string).collect();
    text.push_str(&format!(
        "Mapped weaknesses\n{}\n\n{ATTRIBUTION}",
        names.join(", ")
    ));
    Ok(Article {
        category: OwaspCategory {
            edition: listed.edition,
            rank: listed.rank,
            title: listed.title.clone(),
            url: url.to_owned(),
            summary: summary(&sections),
            cwes,
            id,
        },
        text,
    })
}

/// Reads the page of a category without the index that led to it: its heading says
/// which it is. None when its address is no category's.
///
/// # Errors
/// See [`parse_category`].
pub(super) fn parse_alone(text: &str, url: &str) -> Result<Option<Article>, SourceError> {
    if !pattern(r"A\d{2}_\d{4}-")?.is_match(url) {
        return Ok(None);
    }
    let heading = {
        let page = html::read(text)?;
        let headings = html::selector("h1")?;
        let first = page.select(&headings).next();
        first.map(|heading| html::line_of(&heading))
    };
    let heading = heading.unwrap_or_default();
    let name = pattern(r"^A(\d{2}):(\d{4})\s*[-–—:]?\s*(\S.*)$")?;
    let listed = name.captures(&heading).and_then(|found| {
        let part = |nth| found.get(nth).map_or("", |part| part.as_str());
        Some(Listed {
            rank: part(1).parse().ok()?,
            edition: part(2).parse().ok()?,
            title: part(3).to_owned(),
            url: url.to_owned(),
        })
    });
    match listed {
        Some(listed) => parse_category(text, url, &listed).map(Some),
        None => Err(SourceError::Nonsense(
            "the heading names no category of the OWASP Top 10".to_owned(),
        )),
    }
}

struct Section {
    id: String,
    heading: String,
    text: String,
}

/// What follows each `h2` up to the next.
fn sections(article: &ElementRef<'_>) -> Result<Vec<Section>, SourceError> {
    let mut sections = Vec::new();
    for heading in article.select(&html::selector("h2[id]")?) {
        let mut writer = html::Writer::default();
        for node in heading.next_siblings() {
            if ElementRef::wrap(node).is_some_and(|element| element.value().name() == "h2") {
                break;
            }
            writer.node(node);
        }
        sections.push(Section {
            id: heading.attr("id").unwrap_or_default().to_owned(),
            heading: html::line_of(&heading).trim_end_matches('.').to_owned(),
            text: writer.out,
        });
    }
    Ok(sections)
}

/// The first paragraph that says something by itself: of the description, less a
/// sentence that leads over to a list, and where nothing is left of it then
/// (`You are likely vulnerable:`), of the overview.
fn summary(sections: &[Section]) -> String {
    let of = |names: &[&str]| {
        let section = sections
            .iter()
            .find(|section| names.contains(&section.id.as_str()))?;
        let line = section.text.lines().next()?;
        if !line.ends_with(':') {
            return Some(line);
        }
        line.get(..line.rfind(". ")? + 1)
    };
    let line = of(&["description"])
        .or_else(|| of(&["background", "overview"]))
        .unwrap_or_default();
    let cut = line.floor_char_boundary(LONGEST_SUMMARY);
    line.get(..cut).unwrap_or_default().to_owned()
}

/// The links to MITRE's list that stand behind the heading of the mapped
/// weaknesses; those before it are the text's.
fn weaknesses(article: &ElementRef<'_>) -> Result<Vec<CweId>, SourceError> {
    let number = pattern(r"^https?://cwe\.mitre\.org/data/definitions/(\d{1,6})(?:\.html)?$")?;
    let mut cwes: Vec<CweId> = Vec::new();
    let mut listing = false;
    for element in article.descendent_elements() {
        listing |= element.attr("id") == Some("list-of-mapped-cwes");
        let Some(href) = element.attr("href").filter(|_| listing) else {
            continue;
        };
        let cwe = number
            .captures(href.trim())
            .and_then(|found| found.get(1)?.as_str().parse().ok())
            .map(CweId);
        if let Some(cwe) = cwe
            && cwes.len() < MOST_WEAKNESSES
            && !cwes.contains(&cwe)
        {
            cwes.push(cwe);
        }
    }
    Ok(cwes)
}

fn pattern(text: &str) -> Result<Regex, SourceError> {
    Regex::new(text).map_err(|error| SourceError::Nonsense(error.to_string()))
}
