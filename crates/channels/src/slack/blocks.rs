//! A page as Block Kit.
//!
//! What others wrote goes into `plain_text`, where Slack reads no markup; only
//! our own words, names and links are `mrkdwn`. The limits are those of
//! slack_sdk's validators; over all blocks Slack takes about 13,200 characters
//! (slackapi/bolt-js issue 2509), so we stay under 12,000.

use model::DeliveryId;
use serde_json::{Value, json};

use crate::figure;
use crate::render::{Digest, Entry, Fact, Page, Sheet, Word};
use crate::text::cut;

const HEADER: usize = 150;
const BUTTON: usize = 75;
/// A section may have 3,000; one third of that is as much as people read.
const SECTION: usize = 1500;
const FIELD: usize = 250;
const CONTEXT: usize = 450;
const ENTRY_TITLE: usize = 300;
const ENTRY_NOTE: usize = 250;
/// `text` may have 40,000; it is what a phone's lock screen shows.
const FALLBACK: usize = 300;

/// Fields of one section.
const MOST_FIELDS: usize = 10;
const MOST_ENTRIES: usize = 15;

/// The whole of the blocks as JSON, which is more than what Slack counts.
const ALL_BLOCKS: usize = 11_500;

/// The body of a post: blocks, and a text for notifications.
pub(super) fn message(page: &Page, delivery: DeliveryId) -> Value {
    let mut blocks = match page {
        Page::Story(sheet) => story(sheet),
        Page::Digest(told) => digest(told),
        Page::Word(word) => self::word(page, word),
    };
    // Webhooks keep no metadata; the id of the first block tells a repeat there.
    if let Some(first) = blocks.first_mut() {
        first["block_id"] = json!(format!("prahari-{delivery}"));
    }
    json!({
        "text": mrkdwn(&page.headline(), FALLBACK),
        "blocks": blocks,
        "unfurl_links": false,
        "unfurl_media": false,
    })
}

fn story(sheet: &Sheet) -> Vec<Value> {
    let mut blocks = Vec::new();
    if let Some(news) = &sheet.news {
        blocks.push(marked(&format!("*{}*", mrkdwn(news, FIELD))));
    }
    let head = format!(
        "{} {}: {}",
        sheet.severity.mark(),
        sheet.severity.word(),
        sheet.title
    );
    blocks.push(header(&head));
    if !sheet.summary.is_empty() {
        blocks.push(spoken(&format!("{} — {}", sheet.summary, sheet.teller)));
    }
    let kinds = (!sheet.kinds.is_empty()).then(|| field("Type", &sheet.kinds));
    let facts = sheet.facts.iter();
    let facts = facts.map(|Fact { name, value }| field(name, value));
    let fields: Vec<Value> = kinds.into_iter().chain(facts).collect();
    for fields in fields.chunks(MOST_FIELDS) {
        blocks.push(json!({ "type": "section", "fields": fields }));
    }
    if !sheet.flaws.is_empty() {
        let mut lines: Vec<String> = Vec::new();
        for flaw in &sheet.flaws {
            let mark = flaw
                .severity
                .map(|severity| format!("{} ", severity.mark()))
                .unwrap_or_default();
            let score = flaw
                .score
                .as_ref()
                .map(|score| format!("  {mark}*{score}*"))
                .unwrap_or_default();
            let apart = if flaw.note.is_empty() { "" } else { "  " };
            lines.push(format!(
                "`{}`{score}{apart}{}",
                flaw.id,
                mrkdwn(&flaw.note, FIELD)
            ));
        }
        if sheet.more_flaws > 0 {
            lines.push(format!(
                "and {} more",
                figure::count(sheet.more_flaws as u64)
            ));
        }
        blocks.push(marked(&lines.join("\n")));
    }
    let mut notes: Vec<Value> = sheet
        .reasons
        .iter()
        .map(|Fact { name, value }| plain(&format!("{name}: {value}"), CONTEXT))
        .collect();
    let read: Vec<String> = sheet
        .links
        .iter()
        .skip(1)
        .map(|link| anchor(&link.url, &mrkdwn(&link.host, FIELD)))
        .collect();
    if !read.is_empty() {
        notes.push(json!({ "type": "mrkdwn", "text": format!("Also at {}", read.join(", ")) }));
    }
    if !notes.is_empty() {
        blocks.push(json!({ "type": "context", "elements": notes }));
    }
    let mut buttons = Vec::new();
    if let Some(open) = &sheet.open {
        buttons.push(button("open", "Open in Prahari", open, true));
    }
    if let Some(link) = sheet.links.first() {
        buttons.push(button(
            "read",
            &format!("Read at {}", link.host),
            &link.url,
            false,
        ));
    }
    if !buttons.is_empty() {
        blocks.push(json!({ "type": "actions", "elements": buttons }));
    }
    blocks
}

fn digest(digest: &Digest) -> Vec<Value> {
    let mut blocks = vec![header(&digest.title)];
    if !digest.counts.is_empty() {
        blocks.push(marked(&mrkdwn(&digest.counts, FIELD)));
    }
    let mut end = Vec::new();
    if let Some(open) = &digest.open {
        end.push(json!({ "type": "actions", "elements": [button("open", "Open in Prahari", open, true)] }));
    }
    let mut used = size(&blocks) + size(&end) + FIELD;
    let mut told = 0;
    for entry in digest.entries.iter().take(MOST_ENTRIES) {
        let block = marked(&entry_text(entry));
        used += size(std::slice::from_ref(&block));
        if used > ALL_BLOCKS {
            break;
        }
        blocks.push(block);
        told += 1;
    }
    let left = digest.entries.len().saturating_sub(told);
    if left > 0 {
        let more = format!("and {} more", figure::count(left as u64));
        blocks.push(json!({ "type": "context", "elements": [plain(&more, CONTEXT)] }));
    }
    blocks.extend(end);
    blocks
}

fn entry_text(entry: &Entry) -> String {
    let title = mrkdwn(&entry.title, ENTRY_TITLE);
    let title = match &entry.url {
        Some(url) => anchor(url, &title),
        None => title,
    };
    let note = mrkdwn(&entry.note, ENTRY_NOTE);
    let apart = if note.is_empty() { "" } else { "\n" };
    format!("*{}*\n{title}{apart}{note}", entry.marked())
}

fn word(page: &Page, word: &Word) -> Vec<Value> {
    let mut blocks = vec![header(&page.headline())];
    blocks.extend(word.paragraphs.iter().map(|paragraph| spoken(paragraph)));
    blocks.push(json!({ "type": "context", "elements": [plain(&word.time, CONTEXT)] }));
    if let Some(open) = &word.open {
        blocks.push(json!({ "type": "actions", "elements": [button("open", "Open in Prahari", open, true)] }));
    }
    blocks
}

fn size(blocks: &[Value]) -> usize {
    blocks
        .iter()
        .map(|block| block.to_string().encode_utf16().count() + 1)
        .sum()
}

fn header(text: &str) -> Value {
    json!({ "type": "header", "text": plain(text, HEADER) })
}

/// A section of outside text, without markup.
fn spoken(text: &str) -> Value {
    json!({ "type": "section", "text": plain(text, SECTION) })
}

/// A section of our own markup.
fn marked(text: &str) -> Value {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": text, "verbatim": true } })
}

fn field(name: &str, value: &str) -> Value {
    json!({ "type": "mrkdwn", "text": format!("*{name}*\n{}", mrkdwn(value, FIELD)), "verbatim": true })
}

fn button(action: &str, word: &str, url: &str, primary: bool) -> Value {
    let mut button =
        json!({ "type": "button", "action_id": action, "text": plain(word, BUTTON), "url": url });
    if primary {
        button["style"] = json!("primary");
    }
    button
}

/// A link; the address has no `|`, `<` or `>` (see `render`).
fn anchor(url: &str, text: &str) -> String {
    format!("<{}|{text}>", escape(url))
}

fn plain(text: &str, room: usize) -> Value {
    json!({ "type": "plain_text", "text": escape(&cut(text, room, cost)), "emoji": false })
}

/// Outside text among our markup: cut, without what Slack reads as markup, and
/// escaped. An underscore inside a word means nothing to Slack and stays.
fn mrkdwn(text: &str, room: usize) -> String {
    let text = cut(text, room, cost);
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let inside =
            before.is_alphanumeric() && chars.peek().is_some_and(|next| next.is_alphanumeric());
        out.push(match c {
            '*' => '∗',
            '~' => '∼',
            '`' => 'ˋ',
            '_' if !inside => 'ˍ',
            c => c,
        });
        before = c;
    }
    escape(&out)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// What a character takes of a limit, once it is escaped for Slack and for JSON.
fn cost(c: char) -> usize {
    match c {
        '&' => 5,
        '<' | '>' => 4,
        '"' | '\\' => 2,
        c => c.len_utf16(),
    }
}
