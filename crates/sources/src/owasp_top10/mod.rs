//! The OWASP Top 10, scraped from its site: the categories and the weaknesses
//! mapped to them. <https://owasp.org/Top10/>
//!
//! There is no data file. The site's root is a stub that refreshes to the current
//! edition, in two hops; older editions stay under their year. What surprised us:
//! the sidebar of every page repeats all headings, so only the article counts; the
//! 2021 edition lists weaknesses in paragraphs and 2025 in a list, so only their
//! links count; index and page spell a name differently (`and`, `&`), and the
//! index is taken. Slips are kept: the table of A02:2021 says 29 and its list
//! has 30; A03:2025 lists CWE-447 where its text speaks of 477.
//!
//! The texts are OWASP's, under CC BY-SA 4.0: [`model::owasp::ATTRIBUTION`].

mod parse;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use model::item::{Draft, Stated};
use model::{Cursor, Document, Item, ItemKind, Markup, SourceId, Timestamp};
use net::{Fetched, NetError, Request, Validators};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use parse::{Article, Listed, parse_category, parse_index};

use crate::{Polled, Problem, Reread, Source, SourceError, Tools, html};

/// The root takes two hops to the current edition.
const MOST_HOPS: usize = 5;
/// Editions one may ask for; there have been eight since 2003.
const MOST_EDITIONS: usize = 10;
/// Static pages behind a large cache.
const PACE: Duration = Duration::from_secs(1);

/// The OWASP Top 10, read from its site.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The root of the site. It leads to the current edition.
    pub url: String,
    /// The editions to read, by year, beside the current one. Editions before 2021
    /// are pages of another form and cannot be read.
    pub editions: Vec<u16>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            url: "https://owasp.org/Top10/".to_owned(),
            editions: vec![2025, 2021],
        }
    }
}

/// The site as a source.
pub struct OwaspTop10 {
    id: SourceId,
    config: Config,
    tools: Tools,
}

/// What is remembered between two polls.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Note {
    /// Whether the editions were read once.
    loaded: bool,
    /// Of each category's page, by its address.
    #[serde(default)]
    pages: BTreeMap<String, Validators>,
}

/// A page that is not a stub, or nothing because it did not change.
enum Page {
    Unchanged,
    Text {
        text: String,
        url: String,
        validators: Validators,
    },
}

impl OwaspTop10 {
    /// The site under the name `id`.
    #[must_use]
    pub fn new(id: SourceId, config: Config, tools: &Tools) -> Self {
        Self {
            id,
            config,
            tools: tools.clone(),
        }
    }

    /// The page at `url`, behind its stubs.
    async fn page(&self, url: &str, note: &Note) -> Result<Page, SourceError> {
        let mut url = url.to_owned();
        for _ in 0..=MOST_HOPS {
            let known = note.pages.get(&url).cloned().unwrap_or_default();
            let request = Request::get(&url)
                .unless(known)
                .pace(PACE)
                .max_body(html::LARGEST_PAGE);
            let body = match self.tools.door.fetch(request).await? {
                Fetched::Unchanged => return Ok(Page::Unchanged),
                Fetched::Body(body) => body,
            };
            let text = html::decode(&body.bytes, body.content_type.as_deref()).into_owned();
            match parse::leads_to(&text, &body.url)? {
                Some(next) => url = next,
                None => {
                    return Ok(Page::Text {
                        text,
                        url: body.url,
                        validators: body.validators,
                    });
                }
            }
        }
        Err(SourceError::Nonsense(format!(
            "more than {MOST_HOPS} pages each refresh to the next"
        )))
    }

    /// The item of a category's page.
    fn item(&self, Article { category, text }: &Article, at: Timestamp) -> Item {
        let draft = Draft {
            external_id: category.id.clone(),
            kind: ItemKind::Advisory,
            url: Some(category.url.clone()),
            title: format!("{} {}", category.id, category.title),
            text: text.clone(),
            markup: Markup::Plain,
            author: Some("OWASP Foundation".to_owned()),
            language: Some("en".to_owned()),
            published: None,
            updated: None,
            stated: Stated::default(),
        };
        Item::new(&self.id, draft, at)
    }

    /// The index at `url`. Indexes are always read whole: they say what to read.
    async fn index(&self, url: &str) -> Result<Vec<Listed>, SourceError> {
        let found = match self.page(url, &Note::default()).await? {
            Page::Text { text, url, .. } => parse_index(&text, &url)?,
            Page::Unchanged => Vec::new(),
        };
        if found.is_empty() {
            return Err(SourceError::Nonsense(
                "the index of the OWASP Top 10 lists no categories".to_owned(),
            ));
        }
        Ok(found)
    }
}

#[async_trait]
impl Source for OwaspTop10 {
    async fn poll(&self, since: &Cursor) -> Result<Polled, SourceError> {
        let note: Note = since.note();
        let mut kept = Note {
            loaded: true,
            ..Note::default()
        };
        let mut polled = Polled {
            checkpoint: true,
            first_load: !note.loaded,
            ..Polled::default()
        };
        let mut listed = self.index(&self.config.url).await?;
        let current: Vec<u16> = listed.iter().map(|category| category.edition).collect();
        for edition in self.config.editions.iter().take(MOST_EDITIONS) {
            if current.contains(edition) {
                continue;
            }
            let url = format!("{}/{edition}/", self.config.url.trim_end_matches('/'));
            match self.index(&url).await {
                Ok(more) => listed.extend(more),
                Err(error) => polled
                    .problems
                    .push(costs_itself(format!("edition {edition}"), error)?),
            }
        }
        let (mut read, mut unchanged) = (Vec::new(), 0_usize);
        for category in listed {
            match self.page(&category.url, &note).await {
                Ok(Page::Unchanged) => {
                    unchanged += 1;
                    if let Some(known) = note.pages.get(&category.url) {
                        kept.pages.insert(category.url, known.clone());
                    }
                }
                Ok(Page::Text {
                    text,
                    url,
                    validators,
                }) => {
                    let place = category.id();
                    match parse_category(&text, &url, &category) {
                        Ok(article) => {
                            kept.pages.insert(url, validators);
                            read.push(article);
                        }
                        Err(error) => polled.problems.push(costs_itself(place, error)?),
                    }
                }
                Err(error) => polled.problems.push(costs_itself(category.id(), error)?),
            }
        }
        if read.is_empty() && unchanged == 0 {
            let why = polled
                .problems
                .first()
                .map(|problem| problem.reason.as_str());
            return Err(SourceError::Nonsense(format!(
                "no category of the OWASP Top 10 could be read: {}",
                why.unwrap_or_default()
            )));
        }
        let fetched = self.tools.clock.now();
        for article in read {
            polled.items.push(self.item(&article, fetched));
            polled.categories.push(article.category);
        }
        polled.cursor = Cursor::of(&kept);
        Ok(polled)
    }

    fn reread(&self, document: &Document, at: Timestamp) -> Result<Reread, SourceError> {
        let text = html::decode(&document.bytes, document.content_type.as_deref());
        // Stubs and indexes only say what to read.
        if parse::leads_to(&text, &document.url)?.is_some() {
            return Ok(Reread::default());
        }
        let mut reread = Reread::default();
        if let Some(article) = parse::parse_alone(&text, &document.url)? {
            reread.items.push(self.item(&article, at));
            reread.categories.push(article.category);
        }
        Ok(reread)
    }
}

/// A failure that costs one page or edition; any other ends the poll, since the
/// next page would fare no better.
fn costs_itself(place: String, error: SourceError) -> Result<Problem, SourceError> {
    match error {
        SourceError::Nonsense(_)
        | SourceError::Unreached(
            NetError::Rejected { .. } | NetError::Gone { .. } | NetError::Forbidden { .. },
        ) => Ok(Problem::new(place, error.to_string())),
        SourceError::Unreached(_) | SourceError::Unready(_) | SourceError::Resting { .. } => {
            Err(error)
        }
    }
}
