//! Telling HTML from plain text, and titles as either.
//!
//! An item says of its title and text together whether they are HTML. Titles are
//! the trouble: `AT&amp;T` escaped twice is HTML, `Vec<T> in C++` is not, and no
//! feed says which. So a title that goes out as HTML has every `<` escaped that
//! begins no HTML tag known in titles, and one that goes out as plain text has
//! its references resolved once more.

use std::borrow::Cow;

use super::entity;

/// Longer titles are texts in the wrong place.
const LONGEST_TITLE: usize = 2000;

/// Tags that people write in titles and short texts, sorted.
const TAGS: [&str; 56] = [
    "a",
    "abbr",
    "acronym",
    "b",
    "bdi",
    "bdo",
    "big",
    "blockquote",
    "br",
    "center",
    "cite",
    "code",
    "del",
    "dfn",
    "div",
    "em",
    "figure",
    "font",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "iframe",
    "img",
    "ins",
    "kbd",
    "li",
    "mark",
    "nobr",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "section",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "sup",
    "svg",
    "table",
    "td",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "video",
    "wbr",
];

/// Whether a text that does not say what it is is HTML: it holds a tag of HTML's
/// or a reference.
pub(super) fn looks_like_html(text: &str) -> bool {
    let tag = text
        .match_indices('<')
        .any(|(at, _)| text.get(at..).is_some_and(begins_tag));
    tag || text
        .match_indices('&')
        .any(|(at, _)| text.get(at..).is_some_and(entity::begins_reference))
}

/// Whether a text is HTML that was escaped once too often: no tag, and yet tags
/// that were escaped. An article about HTML has tags of its own besides.
pub(super) fn is_escaped_twice(html: &str) -> bool {
    !html.contains('<')
        && [
            "&lt;p&gt;",
            "&lt;p ",
            "&lt;/p&gt;",
            "&lt;br",
            "&lt;a href",
            "&lt;img ",
            "&lt;div",
        ]
        .iter()
        .any(|tag| html.contains(tag))
}

/// A title as HTML: one line, a bounded length, no `<` that is none.
pub(super) fn html_title(title: &str) -> String {
    let line = one_line(title);
    if !line.contains('<') {
        return line;
    }
    let mut out = String::with_capacity(line.len() + 8);
    let mut rest = line.as_str();
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        out.push_str(before);
        out.push_str(if begins_tag(tag) { "<" } else { "&lt;" });
        rest = tag.get(1..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// A title as plain text: without HTML's tags, references resolved.
pub(crate) fn plain_title(title: &str) -> String {
    let line = one_line(title);
    let mut out = String::with_capacity(line.len());
    let mut rest = line.as_str();
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        out.push_str(before);
        match tag.find('>') {
            Some(end) if begins_tag(tag) => rest = tag.get(end + 1..).unwrap_or_default(),
            _ => {
                out.push('<');
                rest = tag.get(1..).unwrap_or_default();
            }
        }
    }
    out.push_str(rest);
    match entity::decode(&out) {
        Cow::Borrowed(_) => out.trim().to_owned(),
        Cow::Owned(decoded) => one_line(&decoded),
    }
}

/// Blanks and line ends as single blanks, none at the ends, cut to a title's
/// length.
fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(LONGEST_TITLE));
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
        if out.len() > LONGEST_TITLE {
            out.truncate(out.floor_char_boundary(LONGEST_TITLE));
            out.push('…');
            break;
        }
    }
    out
}

/// Whether `text` begins with a tag of [`TAGS`], opening or closing.
fn begins_tag(text: &str) -> bool {
    let name = text.get(1..).unwrap_or_default();
    let name = name.strip_prefix('/').unwrap_or(name);
    let length = name
        .bytes()
        .take(12)
        .take_while(u8::is_ascii_alphanumeric)
        .count();
    let (name, after) = name.split_at(length);
    after.starts_with(|c: char| c == '>' || c == '/' || c.is_ascii_whitespace())
        && TAGS
            .binary_search(&name.to_ascii_lowercase().as_str())
            .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_sorted() {
        assert!(TAGS.is_sorted());
    }

    #[test]
    fn titles_as_html_and_as_plain_text() {
        for (given, html, plain) in [
            ("AT&T & you", "AT&T & you", "AT&T & you"),
            ("AT&amp;T", "AT&amp;T", "AT&T"),
            ("  two\n lines ", "two lines", "two lines"),
            (
                "A <b>bold</b> claim<br/>",
                "A <b>bold</b> claim<br/>",
                "A bold claim",
            ),
            (
                "Vec<T> and a < b",
                "Vec&lt;T> and a &lt; b",
                "Vec<T> and a < b",
            ),
            ("Use &lt;script&gt;", "Use &lt;script&gt;", "Use <script>"),
            (
                "<script>alert(1)</script>",
                "&lt;script>alert(1)&lt;/script>",
                "<script>alert(1)</script>",
            ),
            ("<b", "&lt;b", "<b"),
            ("a&nbsp;b", "a&nbsp;b", "a b"),
            ("", "", ""),
        ] {
            assert_eq!(html_title(given), html, "{given}");
            assert_eq!(plain_title(given), plain, "{given}");
        }
    }

    #[test]
    fn a_title_has_a_length() {
        assert_eq!(
            html_title(&"é".repeat(4000)).len(),
            LONGEST_TITLE + '…'.len_utf8()
        );
    }

    #[test]
    fn html_is_told_from_plain_text() {
        for (text, html) in [
            ("plain, a < b & c", false),
            ("Vec<T>", false),
            ("x <p>y</p>", true),
            ("<br/>", true),
            ("R&amp;D", true),
            ("caf&eacute;", true),
        ] {
            assert_eq!(looks_like_html(text), html, "{text}");
        }
        assert!(is_escaped_twice("&lt;p&gt;Hello &amp;amp; more&lt;/p&gt;"));
        assert!(!is_escaped_twice("<p>Write &lt;p&gt; first</p>"));
    }
}
