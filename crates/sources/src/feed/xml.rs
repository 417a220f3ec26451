//! A tokeniser for what feeds call XML.
//!
//! A reader of feeds may not stop where an XML parser must: at a bare `<` or `&`,
//! an attribute without quotes, an element that is never closed, a second
//! prolog, a missing end. So this one never fails: whatever is not markup is
//! text, and every byte is looked at a bounded number of times. Entities stay as
//! they are until a text is really wanted, which also makes it faster than a
//! general tokeniser (examples/feed_speed.rs compares with quick-xml).

use std::borrow::Cow;

use memchr::memmem;

use super::entity;

/// A piece of a document. Comments, processing instructions and declarations
/// are passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// `<name attributes>`, or `<name attributes/>`.
    Start {
        /// With its prefix.
        name: &'a str,
        /// All that follows the name.
        attributes: &'a str,
        /// Whether it closed itself.
        empty: bool,
    },
    /// `</name>`.
    End {
        /// With its prefix.
        name: &'a str,
    },
    /// Text, references unresolved.
    Text(&'a str),
    /// The inside of a CDATA section.
    Data(&'a str),
}

/// What stands between a start tag and its end tag.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Inner<'a> {
    source: &'a str,
    /// Whether it is one stretch of text and no markup at all.
    plain: bool,
    /// Whether there are elements inside: then it is markup as it stands.
    elements: bool,
}

/// Reads tokens one after the other.
#[derive(Debug, Clone)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// How many bytes may still be read a second time, after a search for an end
    /// tag that is missing.
    rereads: usize,
    /// That no `>` comes any more, so as not to look for it again and again.
    no_more_gt: bool,
    /// That no `-->` comes any more.
    no_more_comments: bool,
    /// Whether a document type was passed over: there can be one only.
    doctype_seen: bool,
}

/// How often a document may be read over for the sake of its missing end tags. A
/// feed that forgets one in every entry reads each entry twice.
const REREADINGS: usize = 4;

/// More attributes than this on one element are not looked at.
const MOST_ATTRIBUTES: usize = 64;

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            rereads: text.len().saturating_mul(REREADINGS),
            no_more_gt: false,
            no_more_comments: false,
            doctype_seen: false,
        }
    }

    /// What stands before the end tag of the element `name` whose start tag was
    /// just read. `ends_record` tells the tags that no field can reach over: if
    /// one comes first, the end tag is missing, and the field is the text up to
    /// the first markup.
    pub(super) fn inner(&mut self, name: &str, ends_record: fn(&str) -> bool) -> Inner<'a> {
        let start = self.at;
        let mut first_tag = None;
        let (mut depth, mut tokens, mut data, mut elements) = (0_usize, 0_usize, false, false);
        loop {
            let before = self.at;
            match self.next() {
                Some(Token::Text(_)) => tokens += 1,
                Some(Token::Data(_)) => data = true,
                Some(Token::End { name: end }) if end.eq_ignore_ascii_case(name) => {
                    if depth == 0 {
                        let source = self.slice(start, before);
                        // Comments leave no token, so the length has to fit too.
                        let plain = !data
                            && !elements
                            && tokens <= 1
                            && !source.starts_with('<')
                            && !source.ends_with('>');
                        return Inner {
                            source,
                            plain,
                            elements,
                        };
                    }
                    depth -= 1;
                }
                Some(Token::Start {
                    name: child, empty, ..
                }) if !ends_record(child) => {
                    first_tag.get_or_insert(before);
                    elements = true;
                    if !empty && child.eq_ignore_ascii_case(name) {
                        depth += 1;
                    }
                }
                Some(Token::End { name: end }) if !ends_record(end) => {
                    first_tag.get_or_insert(before);
                }
                // The document was cut here, and the field with it.
                None => return Inner::default(),
                Some(_) => {
                    let end = first_tag.unwrap_or(before);
                    self.at = before;
                    self.go_back(end);
                    return Inner {
                        source: self.slice(start, end),
                        ..Inner::default()
                    };
                }
            }
        }
    }

    /// Passes over the element `name` whose start tag was just read; if its end
    /// tag is missing, over that start tag only.
    pub(super) fn pass(&mut self, name: &str, ends_record: fn(&str) -> bool) {
        let start = self.at;
        if self.rereads == 0 {
            return;
        }
        let mut depth = 0_usize;
        for token in self.by_ref() {
            match token {
                Token::Start { name: child, .. } if ends_record(child) => break,
                Token::Start {
                    name: child,
                    empty: false,
                    ..
                } if child == name => depth += 1,
                Token::End { name: end } if end == name => {
                    if depth == 0 {
                        return;
                    }
                    depth -= 1;
                }
                Token::End { name: end } if ends_record(end) => break,
                _ => {}
            }
        }
        self.go_back(start);
    }

    /// Goes back to `to`, if so much may still be read a second time.
    fn go_back(&mut self, to: usize) {
        if self.rereads > 0 {
            self.rereads = self.rereads.saturating_sub(self.at.saturating_sub(to));
            self.at = to;
        }
    }

    /// The beginning of the next markup at or after `from`, or the end.
    fn markup_after(&self, from: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut from = from;
        while let Some(found) = bytes
            .get(from..)
            .and_then(|rest| memchr::memchr(b'<', rest))
        {
            let at = from + found;
            match bytes.get(at + 1) {
                Some(b'/' | b'!' | b'?') => return at,
                Some(byte) if begins_name(*byte) => return at,
                _ => from = at + 1,
            }
        }
        bytes.len()
    }

    /// The position of the next `>` at or after `from`.
    fn gt_after(&mut self, from: usize) -> Option<usize> {
        if self.no_more_gt {
            return None;
        }
        let found = self
            .text
            .as_bytes()
            .get(from..)
            .and_then(|rest| memchr::memchr(b'>', rest));
        self.no_more_gt = found.is_none();
        found.map(|found| from + found)
    }

    fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// Text from here, its first character taken as text whatever it is.
    fn text_token(&mut self) -> Token<'a> {
        let start = self.at;
        self.at = self.markup_after(start + 1);
        Token::Text(self.slice(start, self.at))
    }

    /// A tag that begins at `self.at` and never ends.
    fn cut_tag(&mut self) -> Option<Token<'a>> {
        self.at = self.text.len();
        None
    }

    fn data(&mut self) -> Token<'a> {
        let start = self.at + CDATA.len();
        let rest = self.text.as_bytes().get(start..).unwrap_or_default();
        let end = match memmem::find(rest, b"]]>") {
            Some(length) => start + length,
            None => self.text.len(),
        };
        self.at = (end + 3).min(self.text.len());
        Token::Data(self.slice(start, end))
    }

    /// Passes over a comment, a declaration or a processing instruction.
    fn pass_over(&mut self) -> Option<()> {
        let bytes = self.text.as_bytes();
        let rest = bytes.get(self.at..)?;
        if rest.starts_with(b"<!--") && !self.no_more_comments {
            if let Some(length) = memmem::find(rest.get(4..)?, b"-->") {
                self.at += 4 + length + 3;
                return Some(());
            }
            // A comment that never ends is taken to end with its tag.
            self.no_more_comments = true;
        }
        let mut end = self.gt_after(self.at)?;
        if !self.doctype_seen
            && rest
                .get(..9)
                .is_some_and(|name| name.eq_ignore_ascii_case(b"<!DOCTYPE"))
        {
            self.doctype_seen = true;
            // An internal subset holds tags of its own; nothing in it is used.
            let head = bytes.get(self.at..end)?;
            if memchr::memchr(b'[', head).is_some()
                && let Some(length) =
                    memmem::find(rest, b"]>").or_else(|| memmem::find(rest, b"]\n>"))
            {
                end = self.gt_after(self.at + length)?;
            }
        }
        self.at = end + 1;
        Some(())
    }

    fn end_tag(&mut self) -> Option<Token<'a>> {
        let start = self.at + 2;
        let rest = self.text.as_bytes().get(start..)?;
        let Some(length) = memchr::memchr2(b'>', b'<', rest) else {
            return self.cut_tag();
        };
        let end = start + length;
        self.at = if rest.get(length) == Some(&b'>') {
            end + 1
        } else {
            end
        };
        let name = self.slice(start, end).trim_ascii();
        Some(Token::End {
            name: name.split_ascii_whitespace().next().unwrap_or_default(),
        })
    }

    fn start_tag(&mut self) -> Option<Token<'a>> {
        let bytes = self.text.as_bytes();
        let mut at = self.at + 1;
        let end = loop {
            match bytes.get(at) {
                Some(b'>') => break at,
                // `if a<b then</title>`: it was no tag.
                Some(b'<') => return Some(self.text_token()),
                Some(quote @ (b'"' | b'\'')) if bytes.get(at - 1) == Some(&b'=') => {
                    let value = bytes.get(at + 1..).unwrap_or_default();
                    match memchr::memchr2(*quote, b'<', value) {
                        Some(length) if value.get(length) == Some(quote) => at += length + 2,
                        // The quote is never closed: the tag ends where it can.
                        Some(length) => match value
                            .get(..length)
                            .and_then(|value| memchr::memchr(b'>', value))
                        {
                            Some(length) => break at + 1 + length,
                            None => return Some(self.text_token()),
                        },
                        None => match memchr::memchr(b'>', value) {
                            Some(length) => break at + 1 + length,
                            None => return self.cut_tag(),
                        },
                    }
                }
                Some(_) => at += 1,
                None => return self.cut_tag(),
            }
        };
        let tag = self.slice(self.at + 1, end);
        self.at = end + 1;
        let (tag, empty) = match tag.strip_suffix('/') {
            Some(tag) => (tag, true),
            None => (tag, false),
        };
        let name_end = tag
            .bytes()
            .position(|b| b.is_ascii_whitespace() || b == b'/')
            .unwrap_or(tag.len());
        let (name, attributes) = tag.split_at(name_end);
        Some(Token::Start {
            name,
            attributes,
            empty,
        })
    }
}

const CDATA: &[u8] = b"<![CDATA[";

impl<'a> Iterator for Scanner<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let bytes = self.text.as_bytes();
        loop {
            if *bytes.get(self.at)? != b'<' {
                return Some(self.text_token());
            }
            match bytes.get(self.at + 1) {
                Some(b'!')
                    if bytes
                        .get(self.at..)
                        .is_some_and(|rest| rest.starts_with(CDATA)) =>
                {
                    return Some(self.data());
                }
                Some(b'!' | b'?') => {
                    if self.pass_over().is_none() {
                        return self.cut_tag();
                    }
                }
                Some(b'/') => return self.end_tag(),
                Some(byte) if begins_name(*byte) => return self.start_tag(),
                _ => return Some(self.text_token()),
            }
        }
    }
}

const fn begins_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'_' | b':') || byte >= 0x80
}

impl<'a> Inner<'a> {
    /// The source between the tags, as it stands.
    pub(super) const fn source(&self) -> &'a str {
        self.source
    }

    /// Whether there are elements inside.
    pub(super) const fn has_elements(&self) -> bool {
        self.elements
    }

    /// The text: references resolved and sections opened; if there are elements
    /// inside, the markup as it stands.
    pub(super) fn text(&self) -> Cow<'a, str> {
        if self.plain {
            return entity::decode(self.source);
        }
        if self.elements {
            return markup(self.source);
        }
        // Most often there is one section and only blanks round it.
        let mut only: Option<&'a str> = None;
        let mut text = String::new();
        for token in Scanner::new(self.source) {
            let (piece, raw) = match token {
                Token::Data(piece) => (piece, true),
                Token::Text(piece) => (piece, false),
                Token::Start { .. } | Token::End { .. } => continue,
            };
            if text.is_empty() && only.is_none() && piece.trim_ascii().is_empty() {
                continue;
            }
            if text.is_empty() && only.is_none() && raw {
                only = Some(piece);
                continue;
            }
            if let Some(first) = only.take() {
                if piece.trim_ascii().is_empty() && !raw {
                    only = Some(first);
                    continue;
                }
                text.push_str(first);
            }
            if raw {
                text.push_str(piece);
            } else {
                entity::decode_into(&mut text, piece);
            }
        }
        match only {
            Some(only) => Cow::Borrowed(only),
            None => Cow::Owned(text),
        }
    }
}

/// Markup as it stands, except that CDATA sections are opened.
fn markup(source: &str) -> Cow<'_, str> {
    if memmem::find(source.as_bytes(), CDATA).is_none() {
        return Cow::Borrowed(source);
    }
    let mut out = String::with_capacity(source.len());
    let mut scanner = Scanner::new(source);
    loop {
        let before = scanner.at;
        match scanner.next() {
            Some(Token::Data(data)) => out.push_str(data),
            Some(_) => out.push_str(scanner.slice(before, scanner.at)),
            None => return Cow::Owned(out),
        }
    }
}

/// The attributes of a start tag, in order, references resolved.
pub(super) fn attributes(source: &str) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
    let mut rest = source;
    std::iter::from_fn(move || {
        loop {
            rest = rest.trim_start_matches(|c: char| {
                c.is_ascii_whitespace() || matches!(c, '/' | '"' | '\'' | '=')
            });
            if rest.is_empty() {
                return None;
            }
            let end = rest
                .find(|c: char| c == '=' || c.is_ascii_whitespace())
                .unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            let Some(value) = after.trim_ascii_start().strip_prefix('=') else {
                rest = after;
                continue;
            };
            let value = value.trim_ascii_start();
            let quoted = ['"', '\''].into_iter().find_map(|quote| {
                let value = value.strip_prefix(quote)?;
                Some(value.split_once(quote).unwrap_or((value, "")))
            });
            let (value, after) = quoted.unwrap_or_else(|| {
                value.split_at(
                    value
                        .find(|c: char| c.is_ascii_whitespace())
                        .unwrap_or(value.len()),
                )
            });
            rest = after;
            return Some((name, entity::decode(value)));
        }
    })
    .take(MOST_ATTRIBUTES)
}

/// One attribute's value, its blanks trimmed; none if it is absent or empty.
pub(super) fn attribute<'a>(source: &'a str, wanted: &str) -> Option<Cow<'a, str>> {
    attributes(source)
        .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
        .map(|(_, value)| trimmed(value))
        .filter(|value| !value.is_empty())
}

/// A text without the blanks round it.
pub(super) fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) if text.trim().len() == text.len() => Cow::Owned(text),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use expect_test::{Expect, expect};

    use super::*;

    fn check(document: &str, expected: &Expect) {
        let mut seen = String::new();
        for token in Scanner::new(document) {
            match token {
                Token::Start {
                    name,
                    attributes: source,
                    empty,
                } => {
                    write!(seen, "<{name}").unwrap();
                    for (name, value) in attributes(source) {
                        write!(seen, " {name}={value}").unwrap();
                    }
                    seen.push_str(if empty { "/>" } else { ">" });
                }
                Token::End { name } => write!(seen, "</{name}>").unwrap(),
                Token::Text(text) => write!(seen, "[{text}]").unwrap(),
                Token::Data(text) => write!(seen, "{{{text}}}").unwrap(),
            }
        }
        expected.assert_eq(&seen);
    }

    #[test]
    fn well_formed_markup() {
        check(
            r#"<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "<x>">]><!-- <no> --><a b="1 > 0" c='d&amp;e'>t<![CDATA[<x>]]></a ><br/>"#,
            &expect!["<a b=1 > 0 c=d&e>[t]{<x>}</a><br/>"],
        );
    }

    #[test]
    fn what_is_not_markup_is_text() {
        check(
            "a < b <3 <title>if x<y then</title> <> & </ b >",
            &expect!["[a < b <3 ]<title>[if x][<y then]</title>[ <> & ]</b>"],
        );
    }

    #[test]
    fn attributes_without_quotes_or_without_an_end() {
        check(
            "<a b=1 c d = 'x' e=\"y>text</a><b c='x\">t",
            &expect!["<a b=1 d=x e=y>[text]</a><b c=x\">[t]"],
        );
    }

    #[test]
    fn documents_that_end_too_early() {
        for (document, expected) in [
            ("<a>text", "<a>[text]"),
            ("<a><b c=", "<a>"),
            ("<a></b", "<a>"),
            ("<a><![CDATA[x]]", "<a>{x]]}"),
            ("<a><!-- x", "<a>"),
            ("<", "[<]"),
        ] {
            let mut seen = String::new();
            for token in Scanner::new(document) {
                match token {
                    Token::Start { name, .. } => write!(seen, "<{name}>").unwrap(),
                    Token::Text(text) => write!(seen, "[{text}]").unwrap(),
                    Token::Data(text) => write!(seen, "{{{text}}}").unwrap(),
                    Token::End { name } => write!(seen, "</{name}>").unwrap(),
                }
            }
            assert_eq!(seen, expected, "{document}");
        }
    }

    fn inner_of(document: &str) -> (String, String) {
        let mut scanner = Scanner::new(document);
        let Some(Token::Start { name, .. }) = scanner.next() else {
            panic!("no tag in {document}")
        };
        let text = scanner
            .inner(name, |name| name == "item")
            .text()
            .into_owned();
        (text, document.get(scanner.at..).unwrap().to_owned())
    }

    #[test]
    fn the_inside_of_an_element() {
        for (document, text, rest) in [
            ("<t>a &amp;amp; b</t>x", "a &amp; b", "x"),
            ("<t> <![CDATA[<p>&amp;]]> </t>x", "<p>&amp;", "x"),
            (
                "<t>a<![CDATA[b]]]]><![CDATA[>c]]> d&lt;</t>x",
                "ab]]>c d<",
                "x",
            ),
            (
                "<t><p>a &lt; <![CDATA[b]]></p></t>x",
                "<p>a &lt; b</p>",
                "x",
            ),
            ("<t>a<!-- c -->b</t>x", "ab", "x"),
            ("<t>a<t>b</t>c</t>x", "a<t>b</t>c", "x"),
            ("<t>5 < 6</T>x", "5 < 6", "x"),
            ("<t></t>x", "", "x"),
            (
                "<t>never closed<u>x</u></item>",
                "never closed",
                "<u>x</u></item>",
            ),
            ("<t>never closed</item>", "never closed", "</item>"),
            ("<t>cut of", "", ""),
            ("<t><![CDATA[cut of", "", ""),
        ] {
            assert_eq!(
                inner_of(document),
                (text.to_owned(), rest.to_owned()),
                "{document}"
            );
        }
    }

    #[test]
    fn a_missing_end_tag_in_every_record_costs_no_other_field() {
        let document = "<item><a>text<b>more</b></item>".repeat(500);
        let mut scanner = Scanner::new(&document);
        let mut seen = 0;
        while let Some(token) = scanner.next() {
            if let Token::Start { name, .. } = token
                && name != "item"
            {
                let text = scanner.inner(name, |name| name == "item").text();
                assert_eq!(text, if name == "a" { "text" } else { "more" });
                seen += 1;
            }
        }
        assert_eq!(seen, 1000);
    }

    #[test]
    fn hostile_documents_cost_no_more_than_their_length() {
        // Each of these makes a tokeniser that looks ahead run over the rest of
        // the document again and again: without our guards they take minutes.
        for unit in [
            "<a ",
            "<a b=\"",
            "<![CDATA[",
            "<!--",
            "<!",
            "<?",
            "</",
            "<t>",
            "<",
            "&",
            "<!DOCTYPE [>",
            "<!-- >",
            "<x y='>",
        ] {
            let document = unit.repeat(400_000);
            assert!(Scanner::new(&document).count() <= 400_000, "{unit}");
            let mut scanner = Scanner::new(&document);
            while let Some(token) = scanner.next() {
                if let Token::Start { name, .. } = token {
                    scanner.pass(name, |_| false);
                    let _ = scanner.inner(name, |_| false).text();
                }
            }
        }
    }
}
