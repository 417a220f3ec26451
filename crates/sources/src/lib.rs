//! The world, read: each kind of source turns documents into items (news,
//! advisories, posts) and statements (what a catalogue says of one CVE).
//!
//! A kind is one file: its `Config`, a pure `parse` that never panics and never
//! loses a batch to one bad entry, and a short [`Source`] impl that asks
//! [`net::Door`] for documents and keeps its own note in the [`Cursor`].

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use model::item::Draft;
use model::{Clock, Cursor, Document, Item, OwaspCategory, SourceId, Statement, Timestamp};
use net::{Door, NetError};
use schemars::JsonSchema;
use serde::Deserialize;

mod answer;
mod backlog;
pub mod bluesky;
pub mod catalogue;
pub mod cert_in;
pub mod cisa_kev;
mod credential;
pub mod csaf;
pub mod cve_list;
pub mod epss;
pub mod feed;
pub mod file;
pub mod gdelt;
pub mod ghsa;
pub mod hibp;
mod html;
pub mod import;
pub mod json;
pub mod mastodon;
pub mod misp_feed;
pub mod news_search;
pub mod nvd;
pub mod opml;
pub mod osv;
pub mod owasp_top10;
pub mod page;
pub mod preview;
pub mod ransomware_live;
pub mod reddit;
mod robots;
mod round;
pub mod taxii;
pub mod telegram_channel;
mod visit;
pub mod x;

/// A place in the world that is read again and again.
#[async_trait]
pub trait Source: Send + Sync {
    /// Reads what is new since `since`: one page, one document, one window. A
    /// source with more to give says so in [`Polled::more`] and is asked again
    /// with the new cursor.
    ///
    /// # Errors
    /// Nothing could be read; the cursor stays where it was.
    async fn poll(&self, since: &Cursor) -> Result<Polled, SourceError>;

    /// Reads again a document that was read at that time: what the parser of this
    /// version makes of it. One that only says what to read next, as an index,
    /// gives nothing by itself.
    ///
    /// # Errors
    /// It is not what this source gives.
    fn reread(&self, document: &Document, at: Timestamp) -> Result<Reread, SourceError>;
}

/// What a document that was kept gives.
#[derive(Debug, Default)]
pub struct Reread {
    /// Items, oldest first where the source has an order.
    pub items: Vec<Item>,
    /// What the source says of CVEs.
    pub statements: Vec<Statement>,
    /// Categories of the OWASP Top 10.
    pub categories: Vec<OwaspCategory>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

impl Reread {
    /// Items of `source`, read at that time.
    fn of(
        source: &SourceId,
        drafts: impl IntoIterator<Item = Draft>,
        at: Timestamp,
        problems: Vec<Problem>,
    ) -> Self {
        let items = drafts.into_iter().map(|draft| Item::new(source, draft, at));
        Self {
            items: items.collect(),
            problems,
            ..Self::default()
        }
    }

    /// Statements.
    fn said(parsed: Parsed<Statement>) -> Self {
        Self {
            statements: parsed.entries,
            problems: parsed.problems,
            ..Self::default()
        }
    }
}

/// What one poll gave.
#[derive(Debug, Default)]
pub struct Polled {
    /// Items, oldest first where the source has an order.
    pub items: Vec<Item>,
    /// What the source says of CVEs.
    pub statements: Vec<Statement>,
    /// Categories of the OWASP Top 10, with the weaknesses mapped to them.
    pub categories: Vec<OwaspCategory>,
    /// What could not be read, each with where and why. Costs only itself.
    pub problems: Vec<Problem>,
    /// Where to go on.
    pub cursor: Cursor,
    /// Whether `cursor` may be kept across a restart. Inside an NVD window it may
    /// not: a window counts only when it was read whole.
    pub checkpoint: bool,
    /// Whether there is more to read now.
    pub more: bool,
    /// How far a long first load has come.
    pub progress: Option<Progress>,
    /// Whether this belongs to the source's first load: history never alerts.
    pub first_load: bool,
}

/// How far a long read has come, in records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Read so far.
    pub done: u64,
    /// Of so many.
    pub total: u64,
}

/// What a pure parser gives: everything that could be read, and what could not.
#[derive(Debug)]
pub struct Parsed<T> {
    /// What could be read.
    pub entries: Vec<T>,
    /// What could not.
    pub problems: Vec<Problem>,
}

impl<T> Default for Parsed<T> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            problems: Vec::new(),
        }
    }
}

/// One entry, record or line that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// Where: `entry 3`, `line 17`, `CVE-2026-1`.
    pub place: String,
    /// Why, in a few words.
    pub reason: String,
}

impl Problem {
    /// A problem at a place.
    pub fn new(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            reason: reason.into(),
        }
    }
}

/// Why a poll gave nothing. The pipeline reads only the variant.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The door did not get the document: try again later, as the door says.
    #[error(transparent)]
    Unreached(#[from] NetError),
    /// A document came, and it is not what this source gives. The last good data
    /// stays; the source shows as failing.
    #[error("{0}")]
    Nonsense(String),
    /// A person must act first: a key is missing, a token is refused, an account
    /// is out of credit. The sentence names what to do.
    #[error("{0}")]
    Unready(String),
    /// Nothing is wrong, and nothing is asked before then: a budget is used up.
    #[error("{reason}")]
    Resting {
        /// Why, for people.
        reason: String,
        /// For how long.
        after: Duration,
    },
}

/// What every source is given.
#[derive(Clone)]
pub struct Tools {
    /// The one door out.
    pub door: Arc<Door>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The kind of a source and what that kind needs to know.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SourceConfig {
    /// RSS, Atom, RDF or JSON Feed.
    Feed(feed::Config),
    /// The National Vulnerability Database's CVE API 2.0.
    Nvd(nvd::Config),
    /// The CVE list: CVE records with what CISA adds to them.
    CveList(cve_list::Config),
    /// EPSS: how likely each CVE is to be exploited.
    Epss(epss::Config),
    /// GitHub's advisory database.
    Ghsa(ghsa::Config),
    /// OSV: flaws of open-source packages, by ecosystem.
    Osv(osv::Config),
    /// CSAF advisories of a vendor or a CERT.
    Csaf(csaf::Config),
    /// CISA's catalogue of known exploited vulnerabilities.
    CisaKev(cisa_kev::Config),
    /// The OWASP Top 10, scraped from its site.
    OwaspTop10(owasp_top10::Config),
    /// Advisories and vulnerability notes of CERT-In, from its pages.
    CertIn(cert_in::Config),
    /// News articles from GDELT's search.
    Gdelt(gdelt::Config),
    /// Google News, searched.
    NewsSearch(news_search::Config),
    /// Any list of articles on a web page, by CSS selectors.
    Page(page::Config),
    /// A folder, a file or standard input.
    File(file::Config),
    /// What ransomware groups claim on their leak sites.
    RansomwareLive(ransomware_live::Config),
    /// Breaches loaded into Have I Been Pwned.
    Hibp(hibp::Config),
    /// Any interface that answers with JSON, by JSON pointers.
    Json(json::Config),
    /// Events of a MISP feed.
    MispFeed(misp_feed::Config),
    /// STIX objects of a TAXII 2.1 server.
    Taxii(taxii::Config),
    /// Posts on X that match a search.
    X(x::Config),
    /// Posts on Bluesky that match a search.
    Bluesky(bluesky::Config),
    /// A public Telegram channel.
    TelegramChannel(telegram_channel::Config),
    /// Public posts of one Mastodon server.
    Mastodon(mastodon::Config),
    /// The newest posts of subreddits.
    Reddit(reddit::Config),
}

impl SourceConfig {
    /// The kind as it is written in the config.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Feed(_) => "feed",
            Self::Nvd(_) => "nvd",
            Self::CveList(_) => "cve_list",
            Self::Epss(_) => "epss",
            Self::Ghsa(_) => "ghsa",
            Self::Osv(_) => "osv",
            Self::Csaf(_) => "csaf",
            Self::CisaKev(_) => "cisa_kev",
            Self::OwaspTop10(_) => "owasp_top10",
            Self::CertIn(_) => "cert_in",
            Self::Gdelt(_) => "gdelt",
            Self::NewsSearch(_) => "news_search",
            Self::Page(_) => "page",
            Self::File(_) => "file",
            Self::RansomwareLive(_) => "ransomware_live",
            Self::Hibp(_) => "hibp",
            Self::Json(_) => "json",
            Self::MispFeed(_) => "misp_feed",
            Self::Taxii(_) => "taxii",
            Self::X(_) => "x",
            Self::Bluesky(_) => "bluesky",
            Self::TelegramChannel(_) => "telegram_channel",
            Self::Mastodon(_) => "mastodon",
            Self::Reddit(_) => "reddit",
        }
    }

    /// Where it is read, for people; absent for kinds without an address.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Feed(config) => Some(&config.url),
            Self::Nvd(config) => Some(&config.url),
            Self::CveList(config) => Some(&config.url),
            Self::Epss(config) => Some(&config.url),
            Self::Ghsa(config) => Some(&config.url),
            Self::Osv(config) => Some(&config.url),
            Self::Csaf(config) => Some(&config.url),
            Self::CisaKev(config) => Some(&config.url),
            Self::OwaspTop10(config) => Some(&config.url),
            Self::CertIn(config) => Some(&config.url),
            Self::Gdelt(config) => Some(&config.url),
            Self::NewsSearch(config) => Some(&config.url),
            Self::Page(config) => Some(&config.url),
            Self::File(_) => None,
            Self::RansomwareLive(config) => Some(&config.url),
            Self::Hibp(config) => Some(&config.url),
            Self::Json(config) => Some(&config.url),
            Self::MispFeed(config) => Some(&config.url),
            Self::Taxii(config) => Some(&config.url),
            Self::X(config) => Some(&config.url),
            Self::Bluesky(config) => Some(&config.url),
            Self::TelegramChannel(config) => Some(&config.url),
            Self::Mastodon(config) => Some(&config.url),
            Self::Reddit(config) => Some(&config.url),
        }
    }

    /// The source, ready to be polled under the name `id`.
    #[must_use]
    pub fn open(self, id: SourceId, tools: &Tools) -> Box<dyn Source> {
        match self {
            Self::Feed(config) => Box::new(feed::Feed::new(id, config, tools)),
            Self::Nvd(config) => Box::new(nvd::Nvd::new(id, config, tools)),
            Self::CveList(config) => Box::new(cve_list::CveList::new(id, config, tools)),
            Self::Epss(config) => Box::new(epss::Epss::new(id, config, tools)),
            Self::Ghsa(config) => Box::new(ghsa::Ghsa::new(id, config, tools)),
            Self::Osv(config) => Box::new(osv::Osv::new(id, config, tools)),
            Self::Csaf(config) => Box::new(csaf::Csaf::new(id, config, tools)),
            Self::CisaKev(config) => Box::new(cisa_kev::CisaKev::new(id, config, tools)),
            Self::OwaspTop10(config) => Box::new(owasp_top10::OwaspTop10::new(id, config, tools)),
            Self::CertIn(config) => Box::new(cert_in::CertIn::new(id, config, tools)),
            Self::Gdelt(config) => Box::new(gdelt::Gdelt::new(id, config, tools)),
            Self::NewsSearch(config) => Box::new(news_search::NewsSearch::new(id, config, tools)),
            Self::Page(config) => Box::new(page::Page::new(id, config, tools)),
            Self::File(config) => Box::new(file::Files::new(id, config, tools)),
            Self::RansomwareLive(config) => {
                Box::new(ransomware_live::RansomwareLive::new(id, config, tools))
            }
            Self::Hibp(config) => Box::new(hibp::Hibp::new(id, config, tools)),
            Self::Json(config) => Box::new(json::Json::new(id, config, tools)),
            Self::MispFeed(config) => Box::new(misp_feed::MispFeed::new(id, config, tools)),
            Self::Taxii(config) => Box::new(taxii::Taxii::new(id, config, tools)),
            Self::X(config) => Box::new(x::X::new(id, config, tools)),
            Self::Bluesky(config) => Box::new(bluesky::Bluesky::new(id, config, tools)),
            Self::TelegramChannel(config) => {
                Box::new(telegram_channel::TelegramChannel::new(id, config, tools))
            }
            Self::Mastodon(config) => Box::new(mastodon::Mastodon::new(id, config, tools)),
            Self::Reddit(config) => Box::new(reddit::Reddit::new(id, config, tools)),
        }
    }

    /// How often such a source is read when the config does not say.
    #[must_use]
    pub const fn default_interval(&self) -> Duration {
        match self {
            Self::Feed(_) => Duration::from_secs(15 * 60),
            // NVD asks for no more than one synchronisation in two hours.
            Self::Nvd(_) => Duration::from_secs(2 * 60 * 60),
            // The list is written every seven minutes or so.
            Self::CveList(_) => Duration::from_secs(20 * 60),
            // Once a day, at no fixed hour; an unchanged table costs a 304.
            Self::Epss(_) => Duration::from_secs(3 * 60 * 60),
            // Without a token there are 60 requests an hour for all of GitHub.
            Self::Ghsa(_) => Duration::from_secs(30 * 60),
            // The lists are written every few minutes; an hour late is early enough.
            Self::Osv(_) => Duration::from_secs(60 * 60),
            // Advisories of vendors come by the day; some lists have megabytes.
            Self::Csaf(_) => Duration::from_secs(4 * 60 * 60),
            Self::CisaKev(_) => Duration::from_secs(60 * 60),
            // A new edition comes every four years, a corrected page some times a year.
            Self::OwaspTop10(_) => Duration::from_secs(7 * 24 * 60 * 60),
            Self::CertIn(_) => Duration::from_secs(60 * 60),
            Self::Gdelt(_) => Duration::from_secs(30 * 60),
            Self::NewsSearch(_) => Duration::from_secs(30 * 60),
            Self::Page(_) => Duration::from_secs(60 * 60),
            Self::File(_) => Duration::from_secs(60),
            Self::RansomwareLive(_) => Duration::from_secs(30 * 60),
            Self::Hibp(_) => Duration::from_secs(2 * 60 * 60),
            Self::Json(_) => Duration::from_secs(30 * 60),
            Self::MispFeed(_) => Duration::from_secs(60 * 60),
            Self::Taxii(_) => Duration::from_secs(60 * 60),
            // Costs are by post, not by request.
            Self::X(_) => Duration::from_secs(15 * 60),
            Self::Bluesky(_) => Duration::from_secs(10 * 60),
            Self::TelegramChannel(_) => Duration::from_secs(10 * 60),
            Self::Mastodon(_) => Duration::from_secs(10 * 60),
            Self::Reddit(_) => Duration::from_secs(15 * 60),
        }
    }
}
