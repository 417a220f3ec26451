//! What a person says of a page: where its entries are, and what is what in them.

use std::borrow::Cow;

use jiff::tz::TimeZone;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use scraper::Selector;
use serde::Deserialize;

use crate::FullText;

/// A list of articles on a web page.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The page's address.
    pub url: String,
    /// What one entry of the list is, as a CSS selector: `article`, `ul.news > li`,
    /// `table tr`. The other selectors look inside it.
    pub item: Css,
    /// The entry's title. The text of its link when absent.
    #[serde(default)]
    pub title: Option<Css>,
    /// The entry's link. The first one inside it when absent.
    #[serde(default)]
    pub link: Option<Css>,
    /// The entry's date: the `datetime` of the element, or its text.
    #[serde(default)]
    pub date: Option<Css>,
    /// The entry's text, as a teaser. Without it an entry is its title.
    #[serde(default)]
    pub text: Option<Css>,
    /// The link to the next page.
    #[serde(default)]
    pub next_page: Option<Css>,
    /// How dates are written, tried in this order, in the letters of strftime:
    /// `%d %B %Y`, `%d/%m/%y %H:%M`. Hindi months and digits are read as English
    /// ones. After these the usual ways are tried; of two numbers the first is then
    /// the day.
    #[serde(default)]
    pub date_formats: Vec<String>,
    /// The time zone of dates that name none, by its IANA name, as `Asia/Kolkata`.
    #[serde(default)]
    pub zone: Zone,
    /// The language of the page, as `en` or `hi`.
    #[serde(default)]
    pub language: Option<String>,
    /// Pages of one reading at most, if there is a `next_page`.
    #[serde(default = "five")]
    pub max_pages: u8,
    /// Entries of one reading at most, the newest first.
    #[serde(default = "two_hundred")]
    pub max_items: usize,
    /// The User-Agent for this page alone; some sites refuse Prahari's own.
    #[serde(default)]
    pub user_agent: Option<String>,
    /// Whether the whole text of a new article is fetched from its page: `never`,
    /// or `teasers` when the list gives only a teaser. For sites whose terms allow it.
    #[serde(default)]
    pub full_text: FullText,
}

const fn five() -> u8 {
    5
}

const fn two_hundred() -> usize {
    200
}

impl Config {
    /// A page and what its entries are, the rest as when left out.
    #[must_use]
    pub fn new(url: impl Into<String>, item: Css) -> Self {
        Self {
            url: url.into(),
            item,
            title: None,
            link: None,
            date: None,
            text: None,
            next_page: None,
            date_formats: Vec::new(),
            zone: Zone::default(),
            language: None,
            max_pages: five(),
            max_items: two_hundred(),
            user_agent: None,
            full_text: FullText::Never,
        }
    }
}

/// A CSS selector that can be read.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Css(Selector);

impl Css {
    pub(super) const fn selector(&self) -> &Selector {
        &self.0
    }
}

impl TryFrom<String> for Css {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Selector::parse(&text)
            .map(Self)
            .map_err(|_| format!("`{text}` is not a CSS selector"))
    }
}

impl JsonSchema for Css {
    fn schema_name() -> Cow<'static, str> {
        "Css".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1 })
    }
}

/// A time zone that is known.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Zone(TimeZone);

impl Zone {
    pub(crate) const fn zone(&self) -> &TimeZone {
        &self.0
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl TryFrom<String> for Zone {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        TimeZone::get(&text)
            .map(Self)
            .map_err(|_| format!("`{text}` is not a time zone (Asia/Kolkata)"))
    }
}

impl JsonSchema for Zone {
    fn schema_name() -> Cow<'static, str> {
        "Zone".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1 })
    }
}
