//! A page as a mail: subject, plain text, HTML.
//!
//! The HTML comes from `mail.html` with every value escaped by the template
//! engine; the plain text is wrapped at 72 columns, as mail readers quote it.

use minijinja::value::Serde;
use minijinja::{Environment, Value};
use model::Severity;
use serde::Serialize;

use crate::figure;
use crate::render::{Digest, Fact, Flaw, Page, Sheet, Word};
use crate::text::short;

/// Mail programs show 60 to 120 characters of a subject.
const SUBJECT: usize = 120;

/// Incidents told in one digest; a mail above 100 kB is clipped by Gmail, and an
/// entry with the longest title and address has about 2.5 kB.
const MOST_ENTRIES: usize = 30;

/// The beginning of the text that inboxes show beside the subject.
const PREVIEW: usize = 140;

const COLUMNS: usize = 72;

/// Width of the names before facts in the plain text.
const NAME_COLUMN: usize = 16;

/// A mail without its addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// One line, at most 120 UTF-16 units.
    pub subject: String,
    /// The part for readers without HTML.
    pub text: String,
    /// The part for everyone else.
    pub html: String,
}

/// The template, read once.
pub(crate) struct Stationery(Environment<'static>);

impl Stationery {
    /// # Errors
    /// The template in this crate is broken.
    pub(crate) fn new() -> Result<Self, String> {
        let mut environment = Environment::new();
        // The name ends in `.html`: that is what switches escaping on.
        environment
            .add_template("mail.html", include_str!("mail.html"))
            .map_err(|error| format!("the mail template is broken: {error}"))?;
        Ok(Self(environment))
    }

    /// # Errors
    /// The template in this crate asks for what there is not.
    pub(crate) fn letter(&self, page: &Page) -> Result<Letter, String> {
        let subject = short(&page.headline(), SUBJECT);
        let view = View::of(page, &subject);
        let html = self
            .0
            .get_template("mail.html")
            .and_then(|template| template.render(Value::from(Serde(&view))))
            .map_err(|error| format!("the mail template is broken: {error}"))?;
        Ok(Letter {
            subject,
            text: text(page),
            html,
        })
    }
}

/// What the template sees.
#[derive(Serialize)]
struct View<'a> {
    subject: &'a str,
    preview: String,
    band: Option<Band>,
    sheet: Option<&'a Sheet>,
    flaws: Vec<FlawRow<'a>>,
    digest: Option<DigestView<'a>>,
    word: Option<WordView<'a>>,
    button: Option<Button<'a>>,
}

/// How a severity shows: colour, mark and word, and Critical filled.
#[derive(Serialize)]
struct Band {
    ink: &'static str,
    mark: &'static str,
    word: &'static str,
    filled: bool,
}

#[derive(Serialize)]
struct FlawRow<'a> {
    flaw: &'a Flaw,
    ink: &'static str,
    mark: &'static str,
}

#[derive(Serialize)]
struct DigestView<'a> {
    title: &'a str,
    counts: &'a str,
    entries: Vec<EntryView<'a>>,
    more: Option<String>,
}

#[derive(Serialize)]
struct EntryView<'a> {
    band: Band,
    kinds: &'a str,
    title: &'a str,
    note: &'a str,
    url: Option<&'a str>,
}

#[derive(Serialize)]
struct WordView<'a> {
    title: String,
    paragraphs: &'a [String],
    time: &'a str,
}

#[derive(Serialize)]
struct Button<'a> {
    url: &'a str,
    word: String,
}

impl Band {
    const fn of(severity: Severity) -> Self {
        Self {
            ink: ink(severity),
            mark: severity.mark(),
            word: severity.word(),
            filled: matches!(severity, Severity::Critical),
        }
    }
}

/// The colours of the dashboard's light theme, each 4.5 : 1 on white and more.
const fn ink(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "#5b6b7b",
        Severity::Medium => "#8a5a00",
        Severity::High => "#c2410c",
        Severity::Critical => "#9f1239",
    }
}

impl<'a> View<'a> {
    fn of(page: &'a Page, subject: &'a str) -> Self {
        let empty = Self {
            subject,
            preview: String::new(),
            band: None,
            sheet: None,
            flaws: Vec::new(),
            digest: None,
            word: None,
            button: None,
        };
        let open = |url: &'a Option<String>| {
            url.as_deref().map(|url| Button {
                url,
                word: "Open in Prahari".to_owned(),
            })
        };
        match page {
            Page::Story(sheet) => Self {
                preview: short(
                    if sheet.summary.is_empty() {
                        &sheet.title
                    } else {
                        &sheet.summary
                    },
                    PREVIEW,
                ),
                band: Some(Band::of(sheet.severity)),
                flaws: sheet.flaws.iter().map(flaw_row).collect(),
                button: open(&sheet.open).or_else(|| {
                    let first = sheet.links.first()?;
                    Some(Button {
                        url: &first.url,
                        word: format!("Read at {}", first.host),
                    })
                }),
                sheet: Some(sheet),
                ..empty
            },
            Page::Digest(digest) => Self {
                preview: digest.counts.clone(),
                button: open(&digest.open),
                digest: Some(DigestView {
                    title: &digest.title,
                    counts: &digest.counts,
                    entries: digest
                        .entries
                        .iter()
                        .take(MOST_ENTRIES)
                        .map(|entry| EntryView {
                            band: Band::of(entry.severity),
                            kinds: &entry.kinds,
                            title: &entry.title,
                            note: &entry.note,
                            url: entry.url.as_deref(),
                        })
                        .collect(),
                    more: more(digest),
                }),
                ..empty
            },
            Page::Word(word) => Self {
                preview: short(word.paragraphs.first().map_or("", String::as_str), PREVIEW),
                button: open(&word.open),
                word: Some(WordView {
                    title: page.headline(),
                    paragraphs: &word.paragraphs,
                    time: &word.time,
                }),
                ..empty
            },
        }
    }
}

fn flaw_row(flaw: &Flaw) -> FlawRow<'_> {
    let severity = flaw.severity.unwrap_or(Severity::Low);
    FlawRow {
        flaw,
        ink: ink(severity),
        mark: severity.mark(),
    }
}

/// What the digest leaves out: `and 1,20,000 more`.
fn more(digest: &Digest) -> Option<String> {
    let left = digest.entries.len().saturating_sub(MOST_ENTRIES);
    (left > 0).then(|| format!("and {} more", figure::count(left as u64)))
}

fn text(page: &Page) -> String {
    let mut out = String::new();
    match page {
        Page::Story(sheet) => story_text(&mut out, sheet),
        Page::Digest(digest) => digest_text(&mut out, digest),
        Page::Word(word) => word_text(&mut out, &page.headline(), word),
    }
    out.push_str("\n-- \nSent by Prahari, the threat monitor that your team runs.\n");
    out
}

fn story_text(out: &mut String, sheet: &Sheet) {
    wrap(out, "", &sheet.marked());
    if let Some(news) = &sheet.news {
        wrap(out, "", news);
    }
    out.push('\n');
    wrap(out, "", &sheet.title);
    if !sheet.summary.is_empty() {
        out.push('\n');
        wrap(out, "", &sheet.summary);
        wrap(out, "    ", &format!("-- {}", sheet.teller));
    }
    if let Some(open) = &sheet.open {
        out.push_str(&format!("\nOpen in Prahari:\n{open}\n"));
    }
    out.push('\n');
    for flaw in &sheet.flaws {
        let mark = flaw
            .severity
            .map(|severity| format!("{} ", severity.mark()))
            .unwrap_or_default();
        let score = flaw
            .score
            .as_ref()
            .map(|score| format!("{mark}{score}  "))
            .unwrap_or_default();
        wrap(out, &named(&flaw.id), &format!("{score}{}", flaw.note));
    }
    if sheet.more_flaws > 0 {
        wrap(out, &named(""), &format!("and {} more", sheet.more_flaws));
    }
    for fact in &sheet.facts {
        wrap(out, &named(&fact.name), &fact.value);
    }
    if !sheet.links.is_empty() {
        out.push_str("\nRead at:\n");
        for link in &sheet.links {
            out.push_str(&format!("{}\n", link.url));
        }
    }
    for Fact { name, value } in &sheet.reasons {
        out.push('\n');
        wrap(out, "", &format!("{name}: {value}"));
    }
}

fn digest_text(out: &mut String, digest: &Digest) {
    wrap(out, "", &digest.title);
    wrap(out, "", &digest.counts);
    for entry in digest.entries.iter().take(MOST_ENTRIES) {
        out.push('\n');
        wrap(out, "", &entry.marked());
        wrap(out, "  ", &entry.title);
        if !entry.note.is_empty() {
            wrap(out, "  ", &entry.note);
        }
        if let Some(url) = &entry.url {
            out.push_str(&format!("  {url}\n"));
        }
    }
    if let Some(more) = more(digest) {
        out.push_str(&format!("\n{more}\n"));
    }
    if let Some(open) = &digest.open {
        out.push_str(&format!("\nOpen in Prahari:\n{open}\n"));
    }
}

fn word_text(out: &mut String, headline: &str, word: &Word) {
    wrap(out, "", headline);
    for paragraph in &word.paragraphs {
        out.push('\n');
        wrap(out, "", paragraph);
    }
    if let Some(open) = &word.open {
        out.push_str(&format!("\nOpen in Prahari:\n{open}\n"));
    }
    out.push_str(&format!("\n{}\n", word.time));
}

fn named(name: &str) -> String {
    format!("{name:<NAME_COLUMN$} ")
}

/// Adds a paragraph after `lead`, its further lines indented as far.
fn wrap(out: &mut String, lead: &str, text: &str) {
    let indent = lead.chars().count();
    out.push_str(lead);
    let mut column = indent;
    for word in text.split(' ') {
        let width = word.chars().count();
        if column > indent && column + 1 + width > COLUMNS {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
            column = indent;
        } else if column > indent {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += width;
    }
    out.push('\n');
}
