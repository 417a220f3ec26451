//! HTML to text in one pass, without building a tree.
//!
//! Every search for an end (of a tag, a comment, a script) that can fail
//! remembers its failure, so that a document made of nothing but openings costs
//! no more than a good one.

use super::entity;
use super::writer::Writer;
use crate::work;

/// A text, and whether tags were taken out of it.
pub(super) struct Read {
    pub(super) text: String,
    pub(super) had_tags: bool,
}

/// Elements whose content is not for readers. Their end must be found by name,
/// because it does not nest.
const DROPPED: &[&str] = &[
    "script", "style", "template", "noscript", "svg", "math", "iframe", "object", "head", "nav",
    "button", "select", "textarea", "form",
];

/// Of [`DROPPED`], those whose missing end means that the document was cut
/// inside; the others are then read on as if the tag were not there.
const RAW: usize = 2;

/// Elements that start a new line, and end one.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "br",
    "caption",
    "center",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "html",
    "li",
    "main",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "tbody",
    "tfoot",
    "thead",
    "title",
    "tr",
    "ul",
];

/// How far a quote that never closes is followed, and how far all of them
/// together are, over the whole document, before quotes count for nothing.
const QUOTE_REACH: usize = 4_096;
const QUOTE_BUDGET: usize = 50 * QUOTE_REACH;

pub(super) fn text(html: &str, max_chars: usize) -> Read {
    let mut reader = Reader {
        html,
        at: 0,
        out: Writer::new(html.len(), max_chars),
        had_tags: false,
        quotes: QUOTE_BUDGET,
        missing: 0,
    };
    while reader.at < html.len() {
        let rest = reader.rest();
        let run = rest
            .bytes()
            .position(|b| b == b'<' || b == b'&')
            .unwrap_or(rest.len());
        if run > 0 {
            reader.out.push_flow(rest.get(..run).unwrap_or_default());
            reader.at += run;
        } else if rest.starts_with('&') {
            reader.reference();
        } else {
            reader.tag();
        }
    }
    Read {
        text: reader.out.finish(),
        had_tags: reader.had_tags,
    }
}

/// Whether clean text still reads like HTML: a closing tag, or an opening one
/// that prose does not hold.
pub(super) fn looks_like_markup(text: &str) -> bool {
    const SIGNS: &[&str] = &[
        "</p>",
        "</a>",
        "</div>",
        "</li>",
        "</strong>",
        "</b>",
        "</em>",
        "</span>",
        "<br",
        "<p>",
        "<img ",
    ];
    text.contains('<') && {
        let lower = text.to_ascii_lowercase();
        SIGNS.iter().any(|sign| lower.contains(sign))
    }
}

struct Reader<'a> {
    html: &'a str,
    at: usize,
    out: Writer,
    had_tags: bool,
    quotes: usize,
    /// One bit for each of [`DROPPED`] whose end was not found from here on, and
    /// above them one for comments, one for `>`.
    missing: u32,
}

const NO_COMMENT_END: u32 = 1 << 30;
const NO_TAG_END: u32 = 1 << 31;

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.html.get(self.at..).unwrap_or_default()
    }

    /// `&name;`, or an ampersand that means itself.
    fn reference(&mut self) {
        // The longest name in use is `thetasym`; numbers have at most 8 digits.
        const LONGEST: usize = 12;
        let rest = self.rest().get(1..).unwrap_or_default();
        let len = rest
            .bytes()
            .take(LONGEST)
            .take_while(|b| b.is_ascii_alphanumeric() || *b == b'#')
            .count();
        let name = rest.get(..len).unwrap_or_default();
        let closed = rest.as_bytes().get(len) == Some(&b';');
        match entity::character(name) {
            // Without its semicolon only a whole word counts, or links with
            // `&copy=1` would change.
            Some(character)
                if closed
                    || (len > 1
                        && rest.as_bytes().get(len).is_none_or(u8::is_ascii_whitespace)) =>
            {
                self.out.push(character);
                self.at += 1 + len + usize::from(closed);
            }
            _ => {
                self.out.push('&');
                self.at += 1;
            }
        }
    }

    fn tag(&mut self) {
        let rest = self.rest();
        let bytes = rest.as_bytes();
        if rest.starts_with("<!--") {
            match self.find("-->", 4, NO_COMMENT_END) {
                Some(end) => self.at += end + 3,
                None => self.at = self.html.len(),
            }
            return;
        }
        if let Some(inner) = rest.strip_prefix("<![CDATA[") {
            let end = inner.find("]]>").unwrap_or(inner.len());
            self.out.push_flow(inner.get(..end).unwrap_or_default());
            self.at += (9 + end + 3).min(rest.len());
            return;
        }
        let closing = bytes.get(1) == Some(&b'/');
        let name_at = 1 + usize::from(closing);
        let first = bytes.get(name_at).copied();
        let is_tag = first.is_some_and(|b| b.is_ascii_alphabetic())
            || (!closing && matches!(first, Some(b'!' | b'?')));
        if !is_tag {
            // A sign for "less than", unless the document was cut right here.
            if rest.len() > 1 {
                self.out.push('<');
            }
            self.at += 1;
            return;
        }
        let Some(end) = self.tag_end(name_at) else {
            // Cut inside a tag: what is left of it is no text.
            self.at = self.html.len();
            return;
        };
        self.had_tags = true;
        let name_len = bytes
            .iter()
            .skip(name_at)
            .take(12)
            .take_while(|b| b.is_ascii_alphanumeric())
            .count();
        let name = rest.get(name_at..name_at + name_len).unwrap_or_default();
        self.at += end + 1;
        if let Some(index) = DROPPED
            .iter()
            .position(|dropped| dropped.eq_ignore_ascii_case(name))
        {
            let alone = bytes.get(end.saturating_sub(1)) == Some(&b'/');
            if !closing && !alone {
                self.skip_element(index);
            }
            return;
        }
        let is = |list: &[&str]| list.iter().any(|block| block.eq_ignore_ascii_case(name));
        if is(BLOCKS) {
            self.out.new_line();
            if !closing && name.eq_ignore_ascii_case("li") {
                self.out.push_flow("- ");
            }
        } else if is(&["td", "th"]) {
            self.out.push(' ');
        }
    }

    /// Past the end of an element whose content is dropped.
    fn skip_element(&mut self, index: usize) {
        let flag = 1 << index;
        let name = DROPPED.get(index).copied().unwrap_or_default();
        if self.missing & flag == 0 {
            let mut from = self.at;
            while let Some(found) = self.html.get(from..).and_then(|rest| rest.find("</")) {
                work::steps(found);
                let inner = from + found + 2;
                let matches = self
                    .html
                    .get(inner..inner + name.len())
                    .is_some_and(|there| there.eq_ignore_ascii_case(name));
                if matches {
                    let rest = self.html.get(inner..).unwrap_or_default();
                    self.at = rest
                        .find('>')
                        .map_or(self.html.len(), |end| inner + end + 1);
                    return;
                }
                from = inner;
            }
            self.missing |= flag;
        }
        if index < RAW {
            self.at = self.html.len();
        }
    }

    /// Where the tag's `>` is, counted from `<`.
    fn tag_end(&mut self, from: usize) -> Option<usize> {
        let rest = self.rest();
        let plain = self.find(">", from, NO_TAG_END)?;
        let inside = rest.get(from..plain).unwrap_or_default();
        if self.quotes == 0 || !inside.contains(['"', '\'']) {
            return Some(plain);
        }
        // A `>` inside a quoted attribute does not end the tag.
        let mut quote = None;
        for (index, byte) in rest
            .bytes()
            .enumerate()
            .skip(from)
            .take(QUOTE_REACH.max(plain))
        {
            match (quote, byte) {
                (None, b'>') => return Some(index),
                (None, b'"' | b'\'') => quote = Some(byte),
                (Some(open), _) if open == byte => quote = None,
                _ => {}
            }
        }
        // The quote never closes: it was a slip, and the first `>` is the end.
        self.quotes = self.quotes.saturating_sub(QUOTE_REACH);
        Some(plain)
    }

    /// Finds `wanted`, remembering under `flag` that it comes no more.
    fn find(&mut self, wanted: &str, from: usize, flag: u32) -> Option<usize> {
        if self.missing & flag != 0 {
            return None;
        }
        let found = self
            .rest()
            .get(from..)
            .and_then(|rest| rest.find(wanted))
            .map(|at| at + from);
        work::steps(found.unwrap_or(self.rest().len()));
        if found.is_none() {
            self.missing |= flag;
        }
        found
    }
}
