//! Looking at an address before it becomes a source: what kind it is, and what it
//! would give.

use net::{Fetched, Request};
use sources::preview::{self, Preview};
use sources::recognise::{self, Kind, Link, Recognised, Setting};

use super::Pipeline;
use super::change::{NewSource, Refusal};
use crate::config;

/// What was found at an address.
#[derive(Debug)]
pub struct Looked {
    /// The source that reads it.
    pub source: NewSource,
    /// Its own title.
    pub title: Option<String>,
    /// What was found, in a sentence.
    pub found: String,
    /// What it would give.
    pub preview: Preview,
}

/// Feeds of a page that are tried until one can be read.
const MOST_TRIED: usize = 3;
/// Kinds whose document is all there is to read: it need not be asked for again.
const WHOLE: [&str; 5] = ["feed", "nvd", "cisa_kev", "epss", "hibp"];

impl Pipeline {
    /// Looks at an address. Without a kind it is told by looking; `settings` are what
    /// the kind needs beside its address. Stores nothing.
    ///
    /// # Errors
    /// It cannot be read, it is nothing that we know, or a setting is wrong.
    pub async fn look_at(
        &self,
        url: &str,
        kind: Option<&str>,
        settings: toml::Table,
    ) -> Result<Looked, Refusal> {
        if let Some(kind) = kind {
            let found = format!("read as `{kind}`, as was asked");
            return self.look_as(kind, url, settings, found).await;
        }
        if let Some(Kind {
            kind,
            settings: told,
        }) = recognise::by_address(url)
        {
            let found = format!("the address is one of the kind `{kind}`");
            return self.look_as(kind, url, with(settings, told), found).await;
        }
        let (bytes, content_type, at) = self.fetch(url).await?;
        match recognise::by_document(&bytes, content_type.as_deref(), &at) {
            Recognised::Kind(Kind { kind: "file", .. })
                if bytes.trim_ascii_start().starts_with(b"[") =>
            {
                let found = "the document is JSON, a list of entries".to_owned();
                self.look_as("json", url, settings, found).await
            }
            Recognised::Kind(Kind {
                kind,
                settings: told,
            }) if kind != "file" => {
                let found = format!("the document is one of the kind `{kind}`");
                if !WHOLE.contains(&kind) {
                    return self.look_as(kind, url, with(settings, told), found).await;
                }
                let preview = preview::preview(&bytes, content_type.as_deref(), &at, Some(kind))
                    .map_err(|error| Refusal::Unread(format!("{url}: {error}")))?;
                let source = describe(kind, url, with(settings, told));
                Ok(Looked {
                    source,
                    title: preview.title.clone(),
                    found,
                    preview,
                })
            }
            Recognised::Feeds(feeds) => self.look_for(url, feeds, settings).await,
            Recognised::Page => Err(Refusal::Unread(format!(
                "{url} is a web page that names no feed: give the address of its feed, or the kind `page` and its setting `item`, a CSS selector of one entry"
            ))),
            Recognised::Json | Recognised::Kind(_) => Err(Refusal::Unread(format!(
                "{url} answers with JSON of its own: give the kind `json` and its setting `items`, the JSON pointer to the list of entries"
            ))),
            Recognised::Unknown => Err(Refusal::Unread(format!(
                "{url} is nothing that we know; if you know what it is, give its kind"
            ))),
        }
    }

    /// The first feed of a page that can be read.
    async fn look_for(
        &self,
        url: &str,
        feeds: Vec<Link>,
        settings: toml::Table,
    ) -> Result<Looked, Refusal> {
        let others = feeds.len() - 1;
        let mut last = None;
        for feed in feeds.into_iter().take(MOST_TRIED) {
            let more = match others {
                0 => String::new(),
                _ => format!(" (and {others} more)"),
            };
            let found = format!("{url} is a web page; it names the feed {}{more}", feed.url);
            match self
                .look_as("feed", &feed.url, settings.clone(), found)
                .await
            {
                Ok(looked) => {
                    let title = looked.title.clone().or(feed.title);
                    return Ok(Looked { title, ..looked });
                }
                Err(refusal) => last = last.or(Some(refusal)),
            }
        }
        Err(last.unwrap_or_else(|| Refusal::Unread(format!("{url} names no feed"))))
    }

    async fn look_as(
        &self,
        kind: &str,
        url: &str,
        settings: toml::Table,
        found: String,
    ) -> Result<Looked, Refusal> {
        let source = describe(kind, url, settings);
        if kind == "feed" && !source.settings.contains_key("user_agent") {
            // The document has a title, which a poll does not tell.
            let at = source.settings.get("url").and_then(toml::Value::as_str);
            let (bytes, content_type, at) = self.fetch(at.unwrap_or(url)).await?;
            let preview = preview::preview(&bytes, content_type.as_deref(), &at, Some(kind))
                .map_err(|error| Refusal::Unread(format!("{url}: {error}")))?;
            let title = preview.title.clone();
            return Ok(Looked {
                source,
                title,
                found,
                preview,
            });
        }
        let entry = self.unstored(&source)?;
        let preview = self
            .preview(&entry)
            .await
            .map_err(|error| Refusal::Unread(format!("{url}: {error}")))?;
        Ok(Looked {
            source,
            title: None,
            found,
            preview,
        })
    }

    /// A source of a kind at an address, as the two alone describe it.
    #[must_use]
    pub fn described(&self, kind: &str, url: &str, settings: toml::Table) -> NewSource {
        describe(kind, url, settings)
    }

    /// The settings of a source that is only looked at.
    pub(crate) fn unstored(&self, source: &NewSource) -> Result<config::SourceEntry, Refusal> {
        let mut table = source.settings.clone();
        table.insert("id".to_owned(), "preview".into());
        table.insert("kind".to_owned(), source.kind.as_str().into());
        let mut entry = config::of_table(table).map_err(|what| Refusal::wrong("settings", what))?;
        self.settings.source_variables.lend(&mut entry);
        Ok(entry)
    }

    async fn fetch(&self, url: &str) -> Result<(Vec<u8>, Option<String>, String), Refusal> {
        let request = Request::get(url).header("accept", ACCEPT);
        match self.tools.door.fetch(request).await {
            Ok(Fetched::Body(body)) => Ok((body.bytes.to_vec(), body.content_type, body.url)),
            Ok(Fetched::Unchanged) => Err(Refusal::Unread(format!(
                "{url} says that nothing changed, to a first request"
            ))),
            Err(error) => Err(Refusal::Unread(format!("{url}: {error}"))),
        }
    }
}

/// A feed rather than the page about it, where a server has both under one address.
const ACCEPT: &str = "application/rss+xml, application/atom+xml, application/feed+json, application/json;q=0.9, application/xml;q=0.9, text/html;q=0.5, */*;q=0.4";

/// The source of a kind at an address.
fn describe(kind: &str, url: &str, mut settings: toml::Table) -> NewSource {
    // What reads no address of its own choosing has no `url` to set.
    let told = ["url", "path", "channel", "subreddits"];
    if !told.iter().any(|key| settings.contains_key(*key)) {
        let key = if kind == "file" { "path" } else { "url" };
        settings.insert(key.to_owned(), url.into());
    }
    NewSource {
        kind: kind.to_owned(),
        settings,
        ..NewSource::default()
    }
}

/// Settings, and what was told by looking where they are silent.
fn with(mut settings: toml::Table, told: Vec<(&'static str, Setting)>) -> toml::Table {
    for (key, value) in told {
        settings.entry(key).or_insert_with(|| match value {
            Setting::Text(text) => text.into(),
            Setting::List(text) => toml::Value::Array(vec![text.into()]),
        });
    }
    settings
}
