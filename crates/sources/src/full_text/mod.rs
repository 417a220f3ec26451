//! The whole text of an article whose source gives only a teaser, fetched from the
//! article's own page where the operator says that its terms allow it.
//!
//! A page changes with every comment below it, so it is no part of what an item
//! is: the id stays the one that follows from what the source gave, a replay gives
//! the same ids, and a page is asked for once. Whatever speaks against the fetched
//! text (robots.txt, a paywall, a page about cookies, a failure) costs only the
//! text: the item comes at once with its teaser.

mod extract;

use std::time::Duration;

use model::{Item, ItemKind, Markup, hash};
use net::{Fetched, NetError, Request};
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use crate::robots::Robots;
use crate::{Tools, html};
use extract::{Article, article, is_teaser};

/// Pages of one poll at most; the newest items get them.
const MOST_PAGES: usize = 10;
/// A page that takes longer is not worth waiting for: the item waits with it.
const PATIENCE: Duration = Duration::from_secs(15);
/// A host that fails twice in a row is left alone until the next poll.
const MOST_FAILURES: u32 = 2;

/// When the whole text of an article is fetched from its page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FullText {
    /// Never.
    #[default]
    Never,
    /// When the source gives only a teaser, and robots.txt allows it. Set it for
    /// sites whose terms allow their articles to be read by programs.
    Teasers,
}

/// Fetches whole texts for one source.
pub(crate) struct Reader {
    tools: Tools,
    robots: Robots,
}

impl Reader {
    pub(crate) fn new(tools: &Tools) -> Self {
        Self {
            robots: Robots::new(tools),
            tools: tools.clone(),
        }
    }

    /// Puts the whole text in place of the teaser, for the newest of `items` (which
    /// are oldest first) that are new and have only a teaser.
    pub(crate) async fn complete(
        &self,
        items: &mut [Item],
        is_new: impl Fn(&Item) -> bool + Send + Sync,
        user_agent: Option<&str>,
    ) {
        let mut failures = 0;
        let wanted = items
            .iter_mut()
            .rev()
            .filter(|item| {
                matches!(item.kind, ItemKind::Article | ItemKind::Advisory)
                    && is_new(item)
                    && is_teaser(&item.text)
            })
            .take(MOST_PAGES);
        for item in wanted {
            let Some(url) = item.url.clone() else {
                continue;
            };
            match self.fetch(item, &url, user_agent).await {
                Ok(Some(found)) => put(item, found),
                Ok(None) => {}
                Err(error) => {
                    tracing::debug!(source.id = %item.source, "no whole text: {error}");
                    failures += 1;
                    if failures >= MOST_FAILURES {
                        return;
                    }
                }
            }
        }
    }

    /// The article of a page; none where we may not read it or it is not there.
    async fn fetch(
        &self,
        item: &Item,
        url: &str,
        user_agent: Option<&str>,
    ) -> Result<Option<Article>, NetError> {
        if !self.robots.allow(url).await.unwrap_or(false) {
            return Ok(None);
        }
        let mut request = Request::get(url)
            .header("accept", "text/html, application/xhtml+xml;q=0.9")
            .max_body(html::LARGEST_PAGE)
            .timeout(PATIENCE)
            // Its text is in the item; under the feed's name nobody could read it again.
            .passing();
        if let Some(user_agent) = user_agent {
            request = request.header("user-agent", user_agent);
        }
        let body = match self.tools.door.fetch(request).await {
            Ok(Fetched::Body(body)) => body,
            Ok(Fetched::Unchanged) => return Ok(None),
            // This page is not for us; the next may be.
            Err(
                NetError::Rejected { .. }
                | NetError::Refused { .. }
                | NetError::Gone { .. }
                | NetError::Forbidden { .. },
            ) => return Ok(None),
            Err(error) => return Err(error),
        };
        let is_page = body
            .content_type
            .as_deref()
            .is_none_or(|kind| kind.to_ascii_lowercase().contains("html"));
        // What a redirect leads to has rules of its own.
        let elsewhere = Url::parse(url).ok().map(|url| url.origin())
            != Url::parse(&body.url).ok().map(|url| url.origin());
        if !is_page || elsewhere && !self.robots.allow(&body.url).await.unwrap_or(false) {
            return Ok(None);
        }
        let (title, teaser) = (item.title.clone(), item.text.clone());
        // Tens of milliseconds for a long page: too long for a thread that serves
        // others, and a page is never trusted to be ordinary.
        let found = tokio::task::spawn_blocking(move || {
            let page = html::decode(&body.bytes, body.content_type.as_deref());
            article(&page, &body.url, &title, &teaser)
        });
        Ok(found.await.ok().flatten())
    }
}

fn put(item: &mut Item, found: Article) {
    item.text = match item.markup {
        Markup::Plain => found.text,
        // The title beside it is HTML.
        Markup::Html => found
            .text
            .split('\n')
            .filter(|line| !line.trim().is_empty())
            .map(|line| format!("<p>{}</p>", escaped(line.trim())))
            .collect(),
    };
    item.url = Some(found.url);
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// The name under which a cursor remembers an item.
pub(crate) fn mark(item: &Item) -> String {
    let [a, b, c, d, e, f, g, h, ..] = hash::short(&[item.id.to_string().as_bytes()]);
    format!("{:016x}", u64::from_be_bytes([a, b, c, d, e, f, g, h]))
}
