//! Google News, searched: a feed for any query.
//! <https://news.google.com/rss/search?q=…>
//!
//! Nobody documents it and nobody promises it, so it is read seldom. What
//! surprised us: links lead to a redirect of Google's and not to the article;
//! titles end in ` - Publisher`, and the publisher stands in `source` as well; the
//! text is the same title again as a link, or a list of other papers' titles: it is
//! left out. Google answers a page that asks for consent where a feed should be, when
//! it takes us for a person in Europe.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use model::item::Draft;
use model::{Cursor, Document, Item, Markup, SourceId, Timestamp};
use net::{Fetched, Request};
use regex::Regex;
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use crate::feed::{self, charset, markup, oldest_first};
use crate::full_text::Reader;
use crate::{FullText, Parsed, Polled, Reread, Source, SourceError, Tools, visit};

/// One search in ten seconds, however many are configured: the service is not
/// meant for programs.
const PACE: Duration = Duration::from_secs(10);
/// A search gives 100 entries.
const MOST_ITEMS: usize = 200;
/// Publishers' names are short; a longer ending is part of the title.
const LONGEST_PUBLISHER: usize = 80;

/// News articles from Google News, by search.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The address of the search.
    pub url: String,
    /// What to search for: words, quoted phrases, `OR`, `-word`, `site:example.org`,
    /// and `when:1d` for the last day alone.
    pub query: String,
    /// The language and region: `en-IN` for English from India, `hi-IN` for Hindi.
    pub edition: String,
    /// Whether the whole text of a new article is fetched from its page: `never`, or
    /// `teasers`. Google finds articles of every site there is; whether their
    /// terms allow it is yours to judge.
    pub full_text: FullText,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            url: "https://news.google.com/rss/search".to_owned(),
            query: "(\"data breach\" OR ransomware OR \"cyber attack\" OR hacked) India when:1d"
                .to_owned(),
            edition: "en-IN".to_owned(),
            full_text: FullText::Never,
        }
    }
}

/// A search of Google News as a source.
pub struct NewsSearch {
    id: SourceId,
    config: Config,
    tools: Tools,
    reader: Reader,
}

impl NewsSearch {
    /// The search of this config under the name `id`.
    #[must_use]
    pub fn new(id: SourceId, config: Config, tools: &Tools) -> Self {
        Self {
            id,
            config,
            reader: Reader::new(tools),
            tools: tools.clone(),
        }
    }

    fn address(&self) -> Result<String, SourceError> {
        let mut url = Url::parse(&self.config.url).map_err(|error| {
            SourceError::Nonsense(format!("its address cannot be read: {error}"))
        })?;
        let (language, region) = self.edition()?;
        // English carries its region in `hl`, as the site's own links do.
        let spoken = if language == "en" {
            format!("en-{region}")
        } else {
            language.clone()
        };
        url.query_pairs_mut()
            .append_pair("q", &self.config.query)
            .append_pair("hl", &spoken)
            .append_pair("gl", &region)
            .append_pair("ceid", &format!("{region}:{language}"));
        Ok(url.into())
    }

    /// Language and region, as `en` and `IN`.
    fn edition(&self) -> Result<(String, String), SourceError> {
        let edition = self.config.edition.trim();
        let is_code =
            |code: &str| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphabetic());
        edition
            .split_once(['-', '_'])
            .filter(|(language, region)| is_code(language) && is_code(region))
            .map(|(language, region)| (language.to_ascii_lowercase(), region.to_ascii_uppercase()))
            .ok_or_else(|| {
                let edition: String = edition.chars().take(20).collect();
                SourceError::Nonsense(format!("its edition is `{edition}`, not as `en-IN`"))
            })
    }
}

#[async_trait]
impl Source for NewsSearch {
    async fn poll(&self, since: &Cursor) -> Result<Polled, SourceError> {
        let url = self.address()?;
        let request = Request::get(&url)
            .header(
                "accept",
                "application/rss+xml, application/xml;q=0.9, */*;q=0.5",
            )
            .unless(visit::known(since, &url))
            .pace(PACE);
        let body = match self.tools.door.fetch(request).await? {
            Fetched::Unchanged => return Ok(visit::unchanged(since)),
            Fetched::Body(body) => body,
        };
        let (language, _) = self.edition()?;
        let Parsed { entries, problems } = parse(
            &body.bytes,
            body.content_type.as_deref(),
            &body.url,
            &language,
        )?;
        let fetched = self.tools.clock.now();
        let items = oldest_first(entries, MOST_ITEMS)
            .into_iter()
            .map(|draft| Item::new(&self.id, draft, fetched))
            .collect();
        let polled = visit::read(since, url, body.validators, items, problems);
        if self.config.full_text == FullText::Never {
            return Ok(polled);
        }
        Ok(visit::with_whole_texts(polled, since, &self.reader, None).await)
    }

    fn reread(&self, document: &Document, at: Timestamp) -> Result<Reread, SourceError> {
        let (language, _) = self.edition()?;
        let parsed = parse(
            &document.bytes,
            document.content_type.as_deref(),
            &document.url,
            &language,
        )?;
        let drafts = oldest_first(parsed.entries, MOST_ITEMS);
        Ok(Reread::of(&self.id, drafts, at, parsed.problems))
    }
}

/// Reads the feed of a search in this language.
///
/// # Errors
/// It is no feed: [`SourceError::Nonsense`] says what it is instead.
pub fn parse(
    bytes: &[u8],
    content_type: Option<&str>,
    base_url: &str,
    language: &str,
) -> Result<Parsed<Draft>, SourceError> {
    let document = feed::parse(bytes, content_type, base_url)?;
    let publishers = publishers(&charset::decode(bytes, content_type))?;
    let Parsed { entries, problems } = document.parsed;
    let entries = entries
        .into_iter()
        .map(|draft| {
            let whole = markup::plain_title(&draft.title);
            let publisher = publishers.get(&draft.external_id).map(String::as_str);
            let (title, publisher) = parted(&whole, publisher);
            Draft {
                title: title.to_owned(),
                text: String::new(),
                markup: Markup::Plain,
                author: publisher.map(str::to_owned).or(draft.author),
                language: Some(language.to_owned()),
                ..draft
            }
        })
        .collect();
    Ok(Parsed { entries, problems })
}

/// Who published each entry, by its guid. The feed reader passes over `source`:
/// elsewhere it names the feed an entry was copied from.
fn publishers(text: &str) -> Result<HashMap<String, String>, SourceError> {
    let pattern =
        |text: &str| Regex::new(text).map_err(|error| SourceError::Nonsense(error.to_string()));
    let guid = pattern(r"<guid[^>]*>\s*([^<]{1,1024}?)\s*</guid>")?;
    let source = pattern(r"<source[^>]*>\s*([^<]{1,400}?)\s*</source>")?;
    let find = |pattern: &Regex, entry: &str| {
        let found = pattern.captures(entry)?.get(1)?.as_str();
        Some(markup::plain_title(found))
    };
    Ok(text
        .split("<item>")
        .skip(1)
        .take(MOST_ITEMS * 2)
        .filter_map(|entry| Some((find(&guid, entry)?, find(&source, entry)?)))
        .collect())
}

/// The title without the publisher behind it, and the publisher.
fn parted<'a>(title: &'a str, publisher: Option<&'a str>) -> (&'a str, Option<&'a str>) {
    if let Some(publisher) = publisher {
        let before = title
            .strip_suffix(publisher)
            .and_then(|title| title.strip_suffix(" - "));
        return (before.map_or(title, str::trim), Some(publisher));
    }
    match title.rsplit_once(" - ") {
        Some((before, behind))
            if !before.trim().is_empty()
                && !behind.trim().is_empty()
                && behind.len() <= LONGEST_PUBLISHER =>
        {
            (before.trim(), Some(behind.trim()))
        }
        _ => (title, None),
    }
}
