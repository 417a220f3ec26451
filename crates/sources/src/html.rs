//! Web pages, read as browsers read them, within bounds.
//!
//! HTML's own rules let 2 MB of tags cost minutes and gigabytes: an unclosed `b`
//! is made anew in every paragraph behind it, every `div` looks through all open
//! elements, every attribute through those before it. So a page is fed to the
//! parser in small pieces, and refused when what grew out of them is no page for
//! people any more. A parsed page is not `Send`: it never leaves the function
//! that reads it.

use std::borrow::Cow;

use ego_tree::NodeRef;
use ego_tree::iter::Edge;
use html5ever::driver::{self, ParseOpts};
use html5ever::tendril::TendrilSink;
use regex::bytes::Regex;
use scraper::{ElementRef, Html, HtmlTreeSink, Node, Selector, StrTendril};

use crate::SourceError;
use crate::feed::charset;

/// Larger pages are no lists and no articles.
pub(crate) const LARGEST_PAGE: u64 = 4 * 1024 * 1024;
/// How many bytes the parser gets between two looks at what it made of them.
const PIECE: usize = 4096;
/// Elements and texts of one page; the largest list seen has some 20,000.
const MOST_NODES: usize = 200_000;
/// Elements inside one another; browsers stop at 512.
const DEEPEST: usize = 512;
/// Bytes of one tag or comment; pictures written into a page are the longest.
const LONGEST_TAG: usize = 128 * 1024;
/// Texts are cut here.
pub(crate) const LONGEST_TEXT: usize = 1 << 20;
/// A page says its encoding within these first bytes (HTML, 13.2.3.2, prescan).
const PRESCAN: usize = 1024;

/// The text of a page. HTTP's encoding counts before the page's own `meta`, and
/// the bytes before both.
pub(crate) fn decode<'a>(bytes: &'a [u8], content_type: Option<&str>) -> Cow<'a, str> {
    if content_type.is_some_and(|kind| kind.to_ascii_lowercase().contains("charset")) {
        return charset::decode(bytes, content_type);
    }
    let head = bytes.get(..bytes.len().min(PRESCAN)).unwrap_or_default();
    let label =
        Regex::new(r#"(?i-u)<meta[^>]{0,200}charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]{1,40})"#)
            .ok()
            .and_then(|pattern| pattern.captures(head)?.get(1))
            .map(|label| {
                format!(
                    "text/html; charset={}",
                    String::from_utf8_lossy(label.as_bytes())
                )
            });
    charset::decode(bytes, label.as_deref())
}

/// Reads a page.
///
/// # Errors
/// It is larger, deeper or longer than pages for people are.
pub(crate) fn read(text: &str) -> Result<Html, SourceError> {
    let too = |what: &str| Err(SourceError::Nonsense(format!("the page has {what}")));
    if text.len() as u64 > LARGEST_PAGE * 2 {
        return too("more bytes than a page for people");
    }
    let sink = HtmlTreeSink::new(Html::new_document());
    let mut parser = driver::parse_document(sink, ParseOpts::default());
    let mut rest = text;
    let mut before = (0, 0);
    let mut unmoved = 0;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE).max(1));
        rest = after;
        parser.process(StrTendril::from(piece));
        let grown = {
            let page = parser.tokenizer.sink.sink.0.borrow();
            let nodes = page.tree.values().len();
            if nodes > MOST_NODES {
                return too("more elements than a page for people");
            }
            let last = page.tree.nodes().next_back();
            if last.is_some_and(|last| last.ancestors().take(DEEPEST + 1).count() > DEEPEST) {
                return too("elements nested too deep");
            }
            let length = last
                .and_then(|last| last.value().as_text().map(|text| text.len()))
                .unwrap_or_default();
            (nodes, length)
        };
        unmoved = if grown == before {
            unmoved + piece.len()
        } else {
            0
        };
        before = grown;
        if unmoved > LONGEST_TAG {
            return too("a tag without an end");
        }
    }
    Ok(parser.finish())
}

/// A selector of our own, known to be one.
pub(crate) fn selector(text: &'static str) -> Result<Selector, SourceError> {
    Selector::parse(text).map_err(|error| SourceError::Nonsense(format!("`{text}`: {error}")))
}

/// Where a page that is no more than a `<meta http-equiv="refresh">` leads.
pub(crate) fn refreshes_to(page: &Html) -> Option<String> {
    let metas = Selector::parse("meta[http-equiv]").ok()?;
    page.select(&metas)
        .filter(|meta| {
            meta.attr("http-equiv")
                .is_some_and(|what| what.trim().eq_ignore_ascii_case("refresh"))
        })
        .find_map(|meta| {
            let (_, target) = meta.attr("content")?.split_once([';', ','])?;
            let target = target.trim();
            // `url=` may be left out, HTML says.
            let target = match target.split_once('=') {
                Some((word, after)) if word.trim().eq_ignore_ascii_case("url") => after,
                _ => target,
            };
            let target = target.trim().trim_matches(['"', '\'']).trim();
            (!target.is_empty()).then(|| target.to_owned())
        })
}

/// What a person reads of an element: blocks in lines of their own, blanks made
/// one, nothing of scripts and styles.
pub(crate) fn text_of(element: &ElementRef<'_>) -> String {
    let mut writer = Writer::default();
    writer.node(**element);
    writer.out.trim_end().to_owned()
}

/// The same in one line.
pub(crate) fn line_of(element: &ElementRef<'_>) -> String {
    let text = text_of(element);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Writes text as it comes; blanks and line ends are owed until a word follows.
#[derive(Default)]
pub(crate) struct Writer {
    pub(crate) out: String,
    owes_line: bool,
    owes_blank: bool,
}

impl Writer {
    /// A node and all it holds.
    pub(crate) fn node(&mut self, node: NodeRef<'_, Node>) {
        let mut hidden = 0_usize;
        for edge in node.traverse() {
            if self.out.len() > LONGEST_TEXT {
                self.out
                    .truncate(self.out.floor_char_boundary(LONGEST_TEXT));
                return;
            }
            match edge {
                Edge::Open(node) => match node.value() {
                    Node::Element(element) if is_hidden(element.name()) => hidden += 1,
                    Node::Element(element) => self.tag(element.name()),
                    Node::Text(text) if hidden == 0 => self.words(text),
                    _ => {}
                },
                Edge::Close(node) => match node.value() {
                    Node::Element(element) if is_hidden(element.name()) => {
                        hidden = hidden.saturating_sub(1);
                    }
                    Node::Element(element) => self.tag(element.name()),
                    _ => {}
                },
            }
        }
    }

    fn tag(&mut self, name: &str) {
        self.owes_line |= is_block(name);
        // Cells of one row stay in one line.
        self.owes_blank |= matches!(name, "td" | "th");
    }

    fn words(&mut self, text: &str) {
        self.owes_blank |= text.starts_with(char::is_whitespace);
        let mut first = true;
        for word in text.split_whitespace() {
            if !self.out.is_empty() {
                if self.owes_line && first {
                    self.out.push('\n');
                } else if self.owes_blank || !first {
                    self.out.push(' ');
                }
            }
            self.out.push_str(word);
            self.owes_line = false;
            self.owes_blank = false;
            first = false;
        }
        self.owes_blank |= text.ends_with(char::is_whitespace);
    }
}

fn is_hidden(name: &str) -> bool {
    matches!(
        name,
        "script" | "style" | "template" | "noscript" | "svg" | "head"
    )
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "br"
            | "dd"
            | "div"
            | "dl"
            | "dt"
            | "fieldset"
            | "figcaption"
            | "figure"
            | "footer"
            | "form"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "hr"
            | "li"
            | "main"
            | "nav"
            | "ol"
            | "p"
            | "pre"
            | "section"
            | "table"
            | "tbody"
            | "thead"
            | "tr"
            | "ul"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(html: &str) -> String {
        let page = read(html).unwrap();
        text_of(&page.select(&selector("body").unwrap()).next().unwrap())
    }

    #[test]
    fn text_is_what_a_person_reads() {
        for (html, expected) in [
            (
                "<p>One <b>two</b>, three</p><p>four",
                "One two, three\nfour",
            ),
            ("a<br>b<br><br>c", "a\nb\nc"),
            ("<ul><li>a</li> <li>b", "a\nb"),
            ("<table><tr><td>a</td><td>b</td></tr><tr><td>c", "a b\nc"),
            ("x<script>alert(1)</script><style>p{}</style>y", "xy"),
            ("  a &amp;\n\n&nbsp; b  ", "a & b"),
            ("<h2>A</h2>B", "A\nB"),
            ("", ""),
        ] {
            assert_eq!(text(html), expected, "{html}");
        }
    }

    #[test]
    fn refreshes_are_read_in_every_spelling() {
        for (content, expected) in [
            ("0; url=./2025/en/", Some("./2025/en/")),
            ("0;URL='/x'", Some("/x")),
            ("5, url = \"/y\"", Some("/y")),
            ("0; /z?url=1", Some("/z?url=1")),
            ("30", None),
            ("0; url=", None),
        ] {
            let html = format!(
                "<meta http-equiv=Refresh content='{}'>",
                content.replace('\'', "&#39;")
            );
            assert_eq!(
                refreshes_to(&read(&html).unwrap()).as_deref(),
                expected,
                "{content}"
            );
        }
    }

    #[test]
    fn a_page_says_its_encoding_and_http_knows_better() {
        let page = b"<html><meta http-equiv='Content-Type' content='text/html; charset=windows-1251'>\xD0\xF3\xF1";
        assert!(decode(page, None).ends_with("Рус"));
        assert!(decode(page, Some("text/html")).ends_with("Рус"));
        assert!(decode(page, Some("text/html; charset=iso-8859-1")).ends_with("Ðóñ"));
        assert!(decode(b"<meta charset=\"iso-8859-1\">\x93a\x94", None).ends_with("“a”"));
        assert!(decode("<meta charset=iso-8859-1>é".as_bytes(), None).ends_with('é'));
    }

    #[test]
    fn pages_that_are_made_to_hurt_are_refused() {
        let refused = |html: &str| match read(html) {
            Err(SourceError::Nonsense(why)) => why,
            other => panic!("{:?}", other.map(|page| page.tree.values().len())),
        };
        assert!(refused(&"<div>".repeat(400_000)).contains("deep"));
        assert!(refused(&"<i>".repeat(600_000)).contains("deep"));
        let fonts: String = (0..400).map(|n| format!("<font color=c{n}>")).collect();
        assert!(refused(&(fonts + &"<p>x".repeat(400_000))).contains("elements"));
        let attributes: String = (0..50_000).map(|n| format!(" a{n}")).collect();
        assert!(refused(&format!("<p{attributes}>")).contains("tag"));
        assert!(refused(&"<p>x</p>".repeat(200_000)).contains("elements"));
        assert!(refused(&"x".repeat(9 * 1024 * 1024)).contains("bytes"));
    }

    #[test]
    fn long_texts_and_scripts_are_no_harm() {
        let page = format!("<script>{}</script><p>end", "a<b;".repeat(100_000));
        assert_eq!(text(&page), "end");
        let page = format!("<p>{}", "word ".repeat(250_000));
        assert!(text(&page).len() <= LONGEST_TEXT);
    }

    #[test]
    fn no_page_makes_it_panic() {
        use proptest::prelude::*;
        let parts = prop::collection::vec(
            prop_oneof![
                Just("<table>"),
                Just("<tr>"),
                Just("<td"),
                Just(">"),
                Just("</"),
                Just("<template>"),
                Just("<svg>"),
                Just("<math>"),
                Just("<!--"),
                Just("-->"),
                Just("<![CDATA["),
                Just("é"),
                Just("<select><option>"),
                Just("&#0;"),
                Just("&#x110000;"),
                Just("<plaintext>"),
                Just("<frameset>"),
                Just("<a href='"),
                Just("'"),
                Just("<b><i></b>"),
                Just("\0"),
            ],
            0..40,
        );
        proptest!(ProptestConfig::with_cases(200), |(parts in parts)| {
            if let Ok(page) = read(&parts.concat()) {
                let _ = refreshes_to(&page);
                for node in page.tree.nodes() {
                    if let Some(element) = ElementRef::wrap(node) {
                        let _ = text_of(&element);
                    }
                }
            }
        });
    }
}
