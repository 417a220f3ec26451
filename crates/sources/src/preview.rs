//! What a source would give, shown to a person before anything is stored.
//!
//! Two ways in: one document ([`preview`], pure), and one poll of a source
//! ([`of_poll`]). Both serialise to `{"kind", "title", "items", "problems"}` with
//! more arrays behind; who fetched is the caller's business. Titles are plain text
//! here, texts stand as they were published. A record of a CVE is shown twice: as the
//! item it would become, and as what it states.

use model::item::{Draft, Stated};
use model::{
    CweId, Epss, Item, ItemKind, Markup, OwaspCategory, Score, SourceId, Statement, Timestamp,
    VulnerabilityStatus,
};
use regex::Regex;
use serde::Serialize;

use crate::feed::charset;
use crate::feed::markup::plain_title;
use crate::file::contents::{Contents, Format};
use crate::recognise::{self, Kind, Recognised, Setting};
use crate::{
    Parsed, Polled, Problem, SourceConfig, SourceError, answer, bluesky, cert_in, csaf, cve_list,
    epss, gdelt, ghsa, hibp, html, json, mastodon, misp_feed, news_search, osv, owasp_top10, page,
    ransomware_live, reddit, taxii, telegram_channel, x,
};

/// Statements shown of one source: a page of NVD has 2,000, a table of EPSS 300,000.
const MOST_STATEMENTS: usize = 5_000;

/// What a source would give.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Preview {
    /// The kind of source: `feed`, `nvd`, …; `file` for JSON Lines.
    pub kind: &'static str,
    /// The document's own title.
    pub title: Option<String>,
    /// What it holds, in its order.
    pub items: Vec<PreviewItem>,
    /// What could not be read.
    pub problems: Vec<Problem>,
    /// What it states of CVEs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<PreviewStatement>,
    /// Categories of the OWASP Top 10.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<OwaspCategory>,
    /// Statements beyond the first 5,000, which are not shown.
    #[serde(skip_serializing_if = "is_none")]
    pub left_out: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
const fn is_none(count: &usize) -> bool {
    *count == 0
}

/// One item of a preview.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PreviewItem {
    /// The title, plain.
    pub title: Option<String>,
    /// Where it can be read.
    pub url: Option<String>,
    /// When it was published, UTC.
    pub published: Option<Timestamp>,
    /// When it was last changed, UTC.
    pub updated: Option<Timestamp>,
    /// Who wrote it.
    pub author: Option<String>,
    /// The text as published.
    pub text: Option<String>,
    /// The publisher's own name for it.
    pub external_id: String,
}

/// What is stated of one CVE.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PreviewStatement {
    /// Of which.
    pub cve: String,
    /// Where the record stands.
    pub status: Option<VulnerabilityStatus>,
    /// When the CVE was published, UTC.
    pub published: Option<Timestamp>,
    /// When the record was last changed, UTC.
    pub modified: Option<Timestamp>,
    /// Scores, each with its sayer.
    pub scores: Vec<Score>,
    /// Weakness classes.
    pub weaknesses: Vec<CweId>,
    /// How many affected products it names.
    pub affected: usize,
    /// Whether it says that the flaw is exploited.
    pub exploited: bool,
    /// How likely it is to be exploited.
    pub epss: Option<Epss>,
    /// Its other names.
    pub aliases: Vec<String>,
}

/// What a document would give. `kind` is the kind of source the caller expects;
/// without one the document itself decides.
///
/// # Errors
/// The document is not of that kind, or of none we know.
pub fn preview(
    bytes: &[u8],
    content_type: Option<&str>,
    base_url: &str,
    kind: Option<&str>,
) -> Result<Preview, SourceError> {
    let found = match kind {
        Some(kind) => Kind {
            kind: SourceConfig::KINDS
                .into_iter()
                .find(|known| *known == kind)
                .ok_or_else(|| SourceError::Nonsense(format!("there is no kind `{kind}`")))?,
            settings: Vec::new(),
        },
        None => match recognise::by_document(bytes, content_type, base_url) {
            Recognised::Kind(kind) => kind,
            Recognised::Json => Kind {
                kind: "file",
                settings: Vec::new(),
            },
            Recognised::Feeds(_) | Recognised::Page | Recognised::Unknown => Kind {
                kind: "feed",
                settings: Vec::new(),
            },
        },
    };
    let setting = |name: &str| {
        found.settings.iter().find_map(|(key, value)| match value {
            Setting::Text(text) if *key == name => Some(text.as_str()),
            _ => None,
        })
    };
    read(
        found.kind,
        bytes,
        content_type,
        base_url,
        None,
        setting("channel"),
    )
}

/// What a document would give to a source of this config.
///
/// # Errors
/// The document is not of its kind.
pub fn preview_as(
    bytes: &[u8],
    content_type: Option<&str>,
    base_url: &str,
    config: &SourceConfig,
) -> Result<Preview, SourceError> {
    let channel = match config {
        SourceConfig::TelegramChannel(config) => Some(config.channel.as_str()),
        _ => None,
    };
    read(
        config.kind(),
        bytes,
        content_type,
        base_url,
        Some(config),
        channel,
    )
}

/// What one poll of a source of this kind gave.
#[must_use]
pub fn of_poll(kind: &'static str, polled: Polled) -> Preview {
    let mut preview = shown(kind, None, polled.statements, polled.problems);
    preview
        .items
        .splice(0..0, polled.items.into_iter().map(PreviewItem::from));
    preview.categories = polled.categories;
    preview
}

/// A document in the eyes of one kind.
fn read(
    kind: &'static str,
    bytes: &[u8],
    content_type: Option<&str>,
    url: &str,
    config: Option<&SourceConfig>,
    channel: Option<&str>,
) -> Result<Preview, SourceError> {
    // Items and statements carry the name of their source; a preview has none to show.
    let source =
        SourceId::new("preview").map_err(|error| SourceError::Nonsense(error.to_string()))?;
    let at = Timestamp::UNIX_EPOCH;
    let mut categories = Vec::new();
    let mut items = Vec::new();
    let contents = match kind {
        "feed" => Format::Feed.read(bytes, content_type, url, &source)?,
        "nvd" => Format::Nvd.read(bytes, content_type, url, &source)?,
        "cisa_kev" => Format::CisaKev.read(bytes, content_type, url, &source)?,
        "cve_list" => said(cve_list::parse(bytes, &source)),
        "epss" => {
            let (date, _, parsed) = epss::parse(bytes, &source)?;
            Contents {
                title: date.map(|date| format!("EPSS of {date}")),
                ..said(parsed)
            }
        }
        "ghsa" => {
            let page = ghsa::parse(bytes, &source, false, at)?;
            let mut contents = Contents {
                problems: page.problems,
                ..Contents::default()
            };
            for advisory in page.advisories {
                match advisory {
                    ghsa::Advisory::OfCve(statement) => contents.statements.push(*statement),
                    ghsa::Advisory::Alone(item) => items.push(*item),
                }
            }
            contents
        }
        "osv" => {
            let record = osv::parse(bytes, &source, at)?;
            items.extend(record.item);
            Contents {
                title: Some(record.id),
                statements: record.statements,
                problems: record.problems,
                ..Contents::default()
            }
        }
        "csaf" => {
            let advisory = csaf::parse(bytes, &source, url, at)?;
            let title = Some(advisory.item.title.clone());
            items.push(advisory.item);
            Contents {
                title,
                statements: advisory.statements,
                problems: advisory.problems,
                ..Contents::default()
            }
        }
        "owasp_top10" => owasp(&charset::decode(bytes, content_type), url, &mut categories)?,
        "cert_in" => cert(&html::decode(bytes, content_type), url)?,
        "gdelt" => given(gdelt::parse(bytes, content_type)?),
        "news_search" => given(news_search::parse(bytes, content_type, url, "en")?),
        "ransomware_live" => given(ransomware_live::parse(bytes)?),
        "hibp" => {
            let Parsed { entries, problems } = hibp::parse(bytes)?;
            given(Parsed {
                entries: entries.into_iter().map(|breach| breach.draft).collect(),
                problems,
            })
        }
        "misp_feed" => {
            // The list of a feed names its events, and holds none of them.
            let event = match (misp_feed::parse(bytes), misp_feed::manifest(bytes)) {
                (Err(_), Ok(list)) if !list.entries.is_empty() => {
                    return Err(SourceError::Nonsense(format!(
                        "this is the list of a MISP feed, of {} events; preview its address to see them",
                        list.entries.len()
                    )));
                }
                (event, _) => event?,
            };
            if event.red {
                return Err(SourceError::Nonsense(
                    "the event is marked TLP:RED and is not shown".to_owned(),
                ));
            }
            Contents {
                title: Some(event.draft.title.clone()),
                drafts: vec![event.draft],
                ..Contents::default()
            }
        }
        "taxii" => given(taxii::parse(bytes)?.parsed),
        "x" => given(x::parse(bytes)?.parsed),
        "bluesky" => given(bluesky::parse(bytes)?.parsed),
        "reddit" => given(reddit::parse(bytes)?.parsed),
        "mastodon" => {
            let host = config
                .and_then(SourceConfig::url)
                .unwrap_or(url)
                .split('/')
                .nth(2)
                .unwrap_or("the server");
            given(mastodon::parse(bytes, host)?.parsed)
        }
        "telegram_channel" => {
            let channel = channel.unwrap_or("channel");
            given(telegram_channel::parse(bytes, content_type, channel)?.parsed)
        }
        "json" => match config {
            Some(SourceConfig::Json(config)) => {
                let document = answer::json(bytes, "the interface")?;
                given(json::parse(&document, url, config)?)
            }
            _ => return Err(needs("json", "items=/POINTER")),
        },
        "page" => match config {
            Some(SourceConfig::Page(config)) => {
                given(page::parse(&html::decode(bytes, content_type), url, config)?.parsed)
            }
            _ => return Err(needs("page", "item=SELECTOR")),
        },
        _ => Format::of(bytes).read(bytes, content_type, url, &source)?,
    };
    let kind = match kind {
        // What stands in a file is of the kind that writes such files.
        "file" => Format::of(bytes).kind(),
        kind => kind,
    };
    let mut preview = shown(kind, contents.title, contents.statements, contents.problems);
    let drafts = contents
        .drafts
        .into_iter()
        .map(|draft| Item::new(&source, draft, at));
    preview
        .items
        .splice(0..0, drafts.chain(items).map(PreviewItem::from));
    preview.categories = categories;
    Ok(preview)
}

fn needs(kind: &str, setting: &str) -> SourceError {
    SourceError::Nonsense(format!(
        "a document alone does not say how to read it as `{kind}`: give its settings, as {setting}"
    ))
}

fn given(parsed: Parsed<Draft>) -> Contents {
    Contents {
        drafts: parsed.entries,
        problems: parsed.problems,
        ..Contents::default()
    }
}

fn said(parsed: Parsed<Statement>) -> Contents {
    Contents {
        statements: parsed.entries,
        problems: parsed.problems,
        ..Contents::default()
    }
}

/// An index of the OWASP Top 10, or the page of one category.
fn owasp(
    text: &str,
    url: &str,
    categories: &mut Vec<OwaspCategory>,
) -> Result<Contents, SourceError> {
    let draft = |id: String, title: &str, url: &str, text: String| Draft {
        title: format!("{id} {title}"),
        url: Some(url.to_owned()),
        text,
        ..plain(id)
    };
    let heading = Regex::new(r"<h1[^>]*>\s*A(\d{2}):(\d{4})")
        .map_err(|error| SourceError::Nonsense(error.to_string()))?;
    if let Some(found) = heading.captures(text) {
        let part = |at: usize| found.get(at).map_or("", |part| part.as_str());
        let listed = owasp_top10::Listed {
            edition: part(2).parse().unwrap_or_default(),
            rank: part(1).parse().unwrap_or_default(),
            title: String::new(),
            url: url.to_owned(),
        };
        let article = owasp_top10::parse_category(text, url, &listed)?;
        let category = article.category;
        let contents = Contents {
            title: Some(format!("{} {}", category.id, category.title)),
            drafts: vec![draft(
                category.id.clone(),
                &category.title,
                &category.url,
                article.text,
            )],
            ..Contents::default()
        };
        categories.push(category);
        return Ok(contents);
    }
    let listed = owasp_top10::parse_index(text, url)?;
    Ok(Contents {
        title: Some("OWASP Top 10".to_owned()),
        drafts: listed
            .into_iter()
            .map(|listed| {
                let id = format!("A{:02}:{}", listed.rank, listed.edition);
                draft(id, &listed.title, &listed.url, String::new())
            })
            .collect(),
        ..Contents::default()
    })
}

/// A list of CERT-In's, or the page of one advisory or note.
fn cert(text: &str, url: &str) -> Result<Contents, SourceError> {
    let name = Regex::new(r"CI(?:VN|AD)-\d{4}-\d{4,6}")
        .map_err(|error| SourceError::Nonsense(error.to_string()))?;
    let id = name.find(text).map(|found| found.as_str().to_owned());
    if let Some(id) = id.filter(|_| text.contains("Original Issue Date")) {
        let (advisory, problems) = cert_in::parse_advisory(text, &id)?;
        return Ok(Contents {
            title: Some(advisory.title.clone()),
            drafts: vec![Draft {
                title: advisory.title,
                text: advisory.text,
                url: Some(url.to_owned()).filter(|url| !url.is_empty()),
                published: advisory.issued,
                ..plain(id)
            }],
            problems,
            ..Contents::default()
        });
    }
    let Parsed { entries, problems } = cert_in::parse_list(text)?;
    Ok(Contents {
        drafts: entries
            .into_iter()
            .map(|listed| Draft {
                title: listed.title,
                published: listed.date,
                ..plain(listed.id)
            })
            .collect(),
        problems,
        ..Contents::default()
    })
}

/// An advisory that says nothing yet.
fn plain(external_id: String) -> Draft {
    Draft {
        external_id,
        kind: ItemKind::Advisory,
        url: None,
        title: String::new(),
        text: String::new(),
        markup: Markup::Plain,
        author: None,
        language: None,
        published: None,
        updated: None,
        stated: Stated::default(),
    }
}

/// Statements, each also as the item it would become.
fn shown(
    kind: &'static str,
    title: Option<String>,
    mut statements: Vec<Statement>,
    problems: Vec<Problem>,
) -> Preview {
    let left_out = statements.len().saturating_sub(MOST_STATEMENTS);
    statements.truncate(MOST_STATEMENTS);
    Preview {
        kind,
        title,
        items: statements
            .iter()
            .map(|statement| PreviewItem::from(statement.to_item(Timestamp::UNIX_EPOCH)))
            .collect(),
        statements: statements.into_iter().map(PreviewStatement::from).collect(),
        categories: Vec::new(),
        problems,
        left_out,
    }
}

impl From<Statement> for PreviewStatement {
    fn from(statement: Statement) -> Self {
        Self {
            exploited: statement.is_exploited(),
            cve: statement.cve.to_string(),
            status: statement.status,
            published: statement.published,
            modified: statement.modified,
            scores: statement.scores,
            weaknesses: statement.weaknesses,
            affected: statement.affected.len(),
            epss: statement.epss,
            aliases: statement.aliases,
        }
    }
}

impl From<Item> for PreviewItem {
    fn from(item: Item) -> Self {
        let title = match item.markup {
            Markup::Html => plain_title(&item.title),
            Markup::Plain => item.title,
        };
        Self {
            title: Some(title).filter(|title| !title.is_empty()),
            url: item.url,
            published: item.published,
            updated: item.updated,
            author: item.author,
            text: Some(item.text).filter(|text| !text.is_empty()),
            external_id: item.external_id,
        }
    }
}
