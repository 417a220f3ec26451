//! One page, read: its entries, and where the next page is.

use model::item::{Draft, Stated};
use model::{ItemKind, Markup, hash};
use scraper::{ElementRef, Html};

use super::config::{Config, Css};
use super::date;
use crate::feed::address::Base;
use crate::{Parsed, Problem, SourceError, html};

/// Entries of one page that are looked at.
const MOST_ENTRIES: usize = 1_000;
/// Problems of one page that are listed.
const MOST_PROBLEMS: usize = 100;
/// Longer titles are texts in the wrong place.
const LONGEST_TITLE: usize = 500;
/// A teaser; whoever selects whole articles gets their beginning.
const LONGEST_TEXT: usize = 64 * 1024;

/// A page's entries in its order, and its next page.
#[derive(Debug)]
pub struct Listing {
    /// The entries, and what could not be read.
    pub parsed: Parsed<Draft>,
    /// The address of the next page, if it names one.
    pub next: Option<String>,
}

/// Reads the page that came from `url`.
///
/// # Errors
/// Nothing in it is an entry: it is another page, or has another form now.
pub fn parse(text: &str, url: &str, config: &Config) -> Result<Listing, SourceError> {
    let page = html::read(text)?;
    let base = base_of(&page, url)?;
    let mut parsed: Parsed<Draft> = Parsed::default();
    let mut found = 0_usize;
    for item in page.select(config.item.selector()).take(MOST_ENTRIES) {
        found += 1;
        let place = format!("entry {found}");
        match read_entry(&item, &base, config) {
            Ok((draft, problem)) => {
                if let Some(reason) = problem
                    && parsed.problems.len() < MOST_PROBLEMS
                {
                    parsed.problems.push(Problem::new(place, reason));
                }
                parsed.entries.push(draft);
            }
            Err(reason) if parsed.problems.len() < MOST_PROBLEMS => {
                parsed.problems.push(Problem::new(place, reason));
            }
            Err(_) => {}
        }
    }
    if parsed.entries.is_empty() {
        let why = if found == 0 {
            "nothing in the page matches `item`".to_owned()
        } else {
            format!("none of the {found} entries of the page has a title or a link")
        };
        return Err(SourceError::Nonsense(format!(
            "{why}: it has changed, or is another page"
        )));
    }
    let next = config
        .next_page
        .as_ref()
        .and_then(|next| {
            page.select(next.selector())
                .find_map(|link| link.attr("href"))
        })
        .and_then(|href| base.resolve(href))
        .map(without_fragment);
    Ok(Listing { parsed, next })
}

/// What relative addresses are relative to: the page's `base`, itself relative to
/// where the page came from.
fn base_of(page: &Html, url: &str) -> Result<Base, SourceError> {
    let base = Base::new(url);
    let said = page.select(&html::selector("base[href]")?).next();
    Ok(match said.and_then(|element| element.attr("href")) {
        Some(href) => base.within(href),
        None => base,
    })
}

fn without_fragment(url: String) -> String {
    match url.split_once('#') {
        Some((url, _)) => url.to_owned(),
        None => url,
    }
}

/// An entry, and what is wrong with it.
fn read_entry(
    item: &ElementRef<'_>,
    base: &Base,
    config: &Config,
) -> Result<(Draft, Option<String>), &'static str> {
    let find = |css: &Option<Css>| {
        let css = css.as_ref()?;
        item.select(css.selector())
            .next()
            .or_else(|| css.selector().matches(item).then_some(*item))
    };
    let link = match &config.link {
        Some(_) => find(&config.link),
        None => Some(*item)
            .filter(|item| item.attr("href").is_some())
            .or_else(|| {
                item.descendent_elements()
                    .find(|element| element.value().name() == "a" && element.attr("href").is_some())
            }),
    };
    let url = link.and_then(|link| base.resolve(link.attr("href")?));
    // Pictures link with a title and no text.
    let title = find(&config.title)
        .into_iter()
        .chain(link)
        .find_map(|element| {
            let line = html::line_of(&element);
            let attribute = || element.attr("title").map(|title| title.trim().to_owned());
            Some(line)
                .filter(|line| !line.is_empty())
                .or_else(attribute)
                .filter(|line| !line.is_empty())
        })
        .unwrap_or_default();
    if title.is_empty() {
        return Err("it has no title");
    }
    if url.is_none() && config.link.is_some() {
        return Err("it has no link");
    }
    let title: String = title.chars().take(LONGEST_TITLE).collect();
    let written = find(&config.date).map(|date| {
        let attribute = date.attr("datetime").or_else(|| date.attr("content"));
        attribute.map_or_else(|| html::line_of(&date), str::to_owned)
    });
    let published = written
        .as_deref()
        .and_then(|written| date::read(written, &config.date_formats, config.zone.zone()));
    let problem = match (&config.date, &written, published) {
        (Some(_), None, _) => Some("it has no date".to_owned()),
        (Some(_), Some(written), None) => {
            let written: String = written.trim().chars().take(60).collect();
            Some(format!("its date `{written}` cannot be read"))
        }
        _ => None,
    };
    let mut text = find(&config.text)
        .map(|text| html::text_of(&text))
        .unwrap_or_default();
    text.truncate(text.floor_char_boundary(LONGEST_TEXT));
    let external_id = url.clone().unwrap_or_else(|| {
        let date = written.unwrap_or_default();
        let digits = hash::short(&[title.as_bytes(), date.as_bytes()]);
        digits
            .iter()
            .fold("sha256:".to_owned(), |id, byte| format!("{id}{byte:02x}"))
    });
    let draft = Draft {
        external_id,
        kind: ItemKind::Article,
        url,
        title,
        text,
        markup: Markup::Plain,
        author: None,
        language: config.language.clone(),
        published,
        updated: None,
        stated: Stated::default(),
    };
    Ok((draft, problem))
}
