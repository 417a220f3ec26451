//! The public page of a Telegram channel, read.
//!
//! What surprised us: the quotation of the message that is replied to has the
//! class of a text, too, and stands before it; a message of several pictures is
//! one post; "channel created" and "pinned a message" look like posts. There is
//! no sign of an edit's time, so an edit shows by its text alone.

use model::item::{Draft, Stated};
use model::{ItemKind, Markup};
use scraper::{ElementRef, Html, Selector};

use crate::answer::{cut, one_line};
use crate::{Parsed, Problem, SourceError, html};

/// A message has at most 4,096 characters; its markup is longer.
const LONGEST_TEXT: usize = 128 * 1024;

/// A page of a channel.
#[derive(Debug, Default)]
pub struct Page {
    /// Its messages, oldest first, and what could not be read.
    pub parsed: Parsed<Draft>,
    /// The newest number on it, readable or not.
    pub newest: Option<u64>,
    /// The oldest.
    pub oldest: Option<u64>,
}

/// Reads a page of the channel of this name.
///
/// # Errors
/// The page is no preview of a channel.
pub fn parse(bytes: &[u8], content_type: Option<&str>, channel: &str) -> Result<Page, SourceError> {
    let document = html::read(&html::decode(bytes, content_type))?;
    let messages = html::selector("div.tgme_widget_message[data-post]")?;
    let head = html::selector(".tgme_channel_info, .tgme_header_info, .tgme_channel_history")?;
    let parts = Parts::new()?;
    let mut page = Page::default();
    for message in document.select(&messages) {
        let post = message.attr("data-post").unwrap_or_default();
        let Some(number) = post
            .rsplit('/')
            .next()
            .and_then(|number| number.parse::<u64>().ok())
        else {
            page.parsed
                .problems
                .push(Problem::new(one_line(post), "it has no number"));
            continue;
        };
        page.newest = page.newest.max(Some(number));
        page.oldest = Some(page.oldest.map_or(number, |oldest| oldest.min(number)));
        if let Some(draft) = parts.read(&message, channel, number) {
            page.parsed.entries.push(draft);
        }
    }
    if page.newest.is_none() && !holds(&document, &head) {
        return Err(no_preview(channel));
    }
    page.parsed
        .entries
        .sort_by_key(|draft| draft.external_id.parse::<u64>().unwrap_or(0));
    Ok(page)
}

/// What is said of a channel that cannot be read.
pub(super) fn no_preview(channel: &str) -> SourceError {
    SourceError::Nonsense(format!(
        "@{channel} has no public preview: there is no such channel, it is private, or it has switched its preview off"
    ))
}

fn holds(document: &Html, selector: &Selector) -> bool {
    document.select(selector).next().is_some()
}

/// Where the parts of a message stand.
struct Parts {
    text: Selector,
    owner: Selector,
    signature: Selector,
    forwarded: Selector,
    time: Selector,
}

impl Parts {
    fn new() -> Result<Self, SourceError> {
        Ok(Self {
            text: html::selector(".tgme_widget_message_text:not(.js-message_reply_text)")?,
            owner: html::selector(".tgme_widget_message_owner_name")?,
            signature: html::selector(".tgme_widget_message_from_author")?,
            forwarded: html::selector(".tgme_widget_message_forwarded_from_name")?,
            time: html::selector(".tgme_widget_message_date time[datetime]")?,
        })
    }

    /// A message; none for what holds no text or is the channel's own notice.
    fn read(&self, message: &ElementRef<'_>, channel: &str, number: u64) -> Option<Draft> {
        if message
            .value()
            .classes()
            .any(|class| class == "service_message")
        {
            return None;
        }
        let line = |selector: &Selector| {
            message
                .select(selector)
                .next()
                .map(|part| one_line(&html::line_of(&part)))
                .filter(|line| !line.is_empty())
        };
        let text = message.select(&self.text).next()?.inner_html();
        if text.trim().is_empty() {
            return None;
        }
        let forwarded = line(&self.forwarded)
            .map(|from| format!("<p>Forwarded from {}:</p>\n", escaped(&from)));
        let owner = line(&self.owner).unwrap_or_else(|| format!("@{channel}"));
        let published = message
            .select(&self.time)
            .next()
            .and_then(|time| time.attr("datetime")?.trim().parse().ok());
        Some(Draft {
            external_id: number.to_string(),
            kind: ItemKind::Post,
            url: Some(format!("https://t.me/{channel}/{number}")),
            title: String::new(),
            text: format!(
                "{}{}",
                forwarded.unwrap_or_default(),
                cut(&text, LONGEST_TEXT)
            ),
            markup: Markup::Html,
            author: Some(match line(&self.signature) {
                Some(signature) => format!("{owner}, {signature}"),
                None => owner,
            }),
            language: None,
            published,
            updated: None,
            stated: Stated::default(),
        })
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
