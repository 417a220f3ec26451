//! A page as Telegram's HTML.
//!
//! The text is put together from runs that each have one style, so a message
//! that is too long loses whole lines and is never cut inside a tag. Telegram
//! counts UTF-16 units of what is shown, after it has read the tags.
//! <https://core.telegram.org/bots/api#html-style>

use crate::figure;
use crate::render::{Digest, Entry, Fact, Link, Page, Sheet, Word};
use crate::text::short;

/// The limit is 4,096; clients show a message of that length as a wall anyway.
const LIMIT: usize = 4096;

const MOST_ENTRIES: usize = 12;
const ENTRY_TITLE: usize = 160;
const ENTRY_NOTE: usize = 120;

/// A stretch of text in one style.
enum Run {
    Plain(String),
    Bold(String),
    Code(String),
    Link { text: String, url: String },
}

/// One line. When there is no room, those of the highest rank go first.
struct Line {
    rank: u8,
    runs: Vec<Run>,
}

/// The message's text, ready for `parse_mode: HTML`.
pub(super) fn html(page: &Page) -> String {
    match page {
        Page::Story(sheet) => fit(story(sheet)),
        Page::Word(word) => fit(self::word(&page.headline(), word)),
        Page::Digest(told) => {
            // Fewer entries rather than cut ones, and a true count of the rest.
            let mut number = told.entries.len().min(MOST_ENTRIES);
            loop {
                let lines = digest(told, number);
                if number == 0 || length(&lines) <= LIMIT {
                    return fit(lines);
                }
                number -= 1;
            }
        }
    }
}

fn story(sheet: &Sheet) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(news) = &sheet.news {
        lines.push(line(0, vec![bold(news)]));
    }
    lines.push(line(0, vec![plain(&sheet.marked())]));
    lines.push(line(0, vec![bold(&sheet.title)]));
    if !sheet.summary.is_empty() {
        lines.push(gap(3));
        lines.push(line(
            3,
            vec![plain(&format!("{} — {}", sheet.summary, sheet.teller))],
        ));
    }
    if !(sheet.flaws.is_empty() && sheet.facts.is_empty()) {
        lines.push(gap(2));
    }
    for flaw in &sheet.flaws {
        let mark = flaw
            .severity
            .map(|severity| format!("{} ", severity.mark()))
            .unwrap_or_default();
        let mut runs = vec![Run::Code(flaw.id.clone())];
        if let Some(score) = &flaw.score {
            runs.push(plain(&format!("  {mark}")));
            runs.push(bold(score));
        }
        if !flaw.note.is_empty() {
            runs.push(plain(&format!("  {}", flaw.note)));
        }
        lines.push(line(2, runs));
    }
    if sheet.more_flaws > 0 {
        lines.push(line(
            4,
            vec![plain(&format!(
                "and {} more",
                figure::count(sheet.more_flaws as u64)
            ))],
        ));
    }
    for Fact { name, value } in &sheet.facts {
        lines.push(line(
            4,
            vec![bold(&format!("{name}:")), plain(&format!(" {value}"))],
        ));
    }
    if !sheet.reasons.is_empty() {
        lines.push(gap(5));
    }
    for Fact { name, value } in &sheet.reasons {
        lines.push(line(5, vec![plain(&format!("{name}: {value}"))]));
    }
    lines.push(gap(1));
    if let Some(open) = &sheet.open {
        lines.push(line(1, open_runs(open)));
    }
    if !sheet.links.is_empty() {
        let mut runs = vec![plain("Read at ")];
        for (index, Link { url, host }) in sheet.links.iter().enumerate() {
            if index > 0 {
                runs.push(plain(", "));
            }
            runs.push(Run::Link {
                text: host.clone(),
                url: url.clone(),
            });
        }
        lines.push(line(3, runs));
    }
    lines
}

fn digest(digest: &Digest, number: usize) -> Vec<Line> {
    let mut lines = vec![
        line(0, vec![bold(&digest.title)]),
        line(0, vec![plain(&digest.counts)]),
    ];
    for entry in digest.entries.iter().take(number) {
        lines.push(gap(0));
        lines.extend(entry_lines(entry));
    }
    let left = digest.entries.len().saturating_sub(number);
    if left > 0 {
        lines.push(gap(0));
        lines.push(line(
            0,
            vec![plain(&format!("and {} more", figure::count(left as u64)))],
        ));
    }
    if let Some(open) = &digest.open {
        lines.push(gap(0));
        lines.push(line(0, open_runs(open)));
    }
    lines
}

fn entry_lines(entry: &Entry) -> Vec<Line> {
    let title = short(&entry.title, ENTRY_TITLE);
    let title = match &entry.url {
        Some(url) if is_linkable(url) => Run::Link {
            text: title,
            url: url.clone(),
        },
        _ => plain(&title),
    };
    let mut lines = vec![line(0, vec![plain(&entry.marked())]), line(0, vec![title])];
    if !entry.note.is_empty() {
        lines.push(line(0, vec![plain(&short(&entry.note, ENTRY_NOTE))]));
    }
    lines
}

fn word(headline: &str, word: &Word) -> Vec<Line> {
    let mut lines = vec![line(0, vec![bold(headline)])];
    for paragraph in &word.paragraphs {
        lines.push(gap(1));
        lines.push(line(1, vec![plain(paragraph)]));
    }
    lines.push(gap(2));
    if let Some(open) = &word.open {
        lines.push(line(2, open_runs(open)));
    }
    lines.push(line(2, vec![plain(&word.time)]));
    lines
}

fn line(rank: u8, runs: Vec<Run>) -> Line {
    Line { rank, runs }
}

fn gap(rank: u8) -> Line {
    line(rank, Vec::new())
}

fn plain(text: &str) -> Run {
    Run::Plain(text.to_owned())
}

fn bold(text: &str) -> Run {
    Run::Bold(text.to_owned())
}

/// The way into the dashboard. Telegram drops links to hosts without a dot, as
/// `localhost`, so those are written out.
fn open_runs(url: &str) -> Vec<Run> {
    if is_linkable(url) {
        vec![Run::Link {
            text: "Open in Prahari".to_owned(),
            url: url.to_owned(),
        }]
    } else {
        vec![plain(&format!("Open in Prahari: {url}"))]
    }
}

fn is_linkable(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| url.host_str().is_some_and(|host| host.contains('.')))
}

impl Run {
    fn shown(&self) -> &str {
        match self {
            Self::Plain(text) | Self::Bold(text) | Self::Code(text) | Self::Link { text, .. } => {
                text
            }
        }
    }

    fn html(&self) -> String {
        let text = escape(self.shown());
        match self {
            Self::Plain(_) => text,
            Self::Bold(_) => format!("<b>{text}</b>"),
            Self::Code(_) => format!("<code>{text}</code>"),
            Self::Link { url, .. } => format!("<a href=\"{}\">{text}</a>", escape(url)),
        }
    }
}

/// What the lines take of the limit, each with its line break.
fn length(lines: &[Line]) -> usize {
    lines
        .iter()
        .map(|line| {
            1 + line
                .runs
                .iter()
                .map(|run| run.shown().encode_utf16().count())
                .sum::<usize>()
        })
        .sum()
}

fn fit(mut lines: Vec<Line>) -> String {
    while length(&lines) > LIMIT {
        let Some(rank) = lines.iter().map(|line| line.rank).max() else {
            break;
        };
        let Some(last) = lines.iter().rposition(|line| line.rank == rank) else {
            break;
        };
        lines.remove(last);
    }
    let lines: Vec<String> = lines
        .iter()
        .map(|line| line.runs.iter().map(Run::html).collect::<String>())
        .collect();
    lines.join("\n").trim().to_owned()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
