//! What a document would give, shown to a person before anything is stored.
//!
//! Bytes in, a value that serialises to `{"kind", "title", "items", "problems"}`
//! out; who fetched the bytes is the caller's business. Titles are plain text
//! here, texts stand as they were published.

use model::{Item, Markup, SourceId, Statement, Timestamp};
use serde::Serialize;

use crate::feed::markup::plain_title;
use crate::file::contents::Format;
use crate::{Problem, SourceError};

/// What a document would give.
#[derive(Debug, Serialize)]
pub struct Preview {
    /// The kind of source such a document comes from: `feed`, `nvd`, `cisa_kev`,
    /// or `file` for JSON Lines.
    pub kind: &'static str,
    /// The document's own title.
    pub title: Option<String>,
    /// What it holds, in its order.
    pub items: Vec<PreviewItem>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

/// One item of a preview.
#[derive(Debug, Serialize)]
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
    let format = match kind {
        Some("feed") => Format::Feed,
        Some("nvd") => Format::Nvd,
        Some("cisa_kev") => Format::CisaKev,
        None | Some("file") => Format::of(bytes),
        Some(other) => {
            return Err(SourceError::Nonsense(format!(
                "there is no preview of the kind `{other}`"
            )));
        }
    };
    // Statements carry the name of their source; a preview has none to show.
    let source =
        SourceId::new("preview").map_err(|error| SourceError::Nonsense(error.to_string()))?;
    let contents = format.read(bytes, content_type, base_url, &source)?;
    let drafts = contents
        .drafts
        .into_iter()
        .map(|draft| Item::new(&source, draft, Timestamp::UNIX_EPOCH));
    let statements = contents.statements.iter().map(statement_item);
    Ok(Preview {
        kind: format.kind(),
        title: contents.title,
        items: drafts.chain(statements).map(PreviewItem::from).collect(),
        problems: contents.problems,
    })
}

fn statement_item(statement: &Statement) -> Item {
    statement.to_item(Timestamp::UNIX_EPOCH)
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
