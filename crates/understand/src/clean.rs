//! What a source sent, as text that can be read, searched and counted in.
//!
//! One pass and bounded: at most [`MAX_BYTES`] are read, at most [`MAX_CHARS`]
//! kept. Feeds escape their HTML twice often enough that the second layer is
//! looked for; it is removed only when the first held no tag at all, because an
//! article about `<script>` escapes its examples.

mod entity;
mod html;
mod tail;
mod trace;
mod writer;

use model::Markup;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

pub use trace::Trace;

use writer::Writer;

/// A feed entry with a whole book in it is cut here.
const MAX_BYTES: usize = 2_000_000;

/// The longest real advisories have some 60,000 characters.
pub(crate) const MAX_CHARS: usize = 200_000;

/// Titles beyond this are bodies in the wrong place.
const MAX_TITLE_CHARS: usize = 1_000;

/// The title: one line.
pub(crate) fn title(raw: &str, markup: Markup) -> String {
    let mut title = text_of(raw, markup, MAX_TITLE_CHARS);
    if title.contains('\n') {
        title = title.replace('\n', " ");
    }
    title
}

/// The body: paragraphs and list entries each on a line, without the feed's
/// "read more" at its end, and in HTML without links to other stories between.
pub(crate) fn body(raw: &str, markup: Markup) -> String {
    let mut body = text_of(raw, markup, MAX_CHARS);
    if markup == Markup::Html {
        tail::drop_links(&mut body);
    }
    tail::cut(&mut body);
    body
}

fn text_of(raw: &str, markup: Markup, max_chars: usize) -> String {
    let raw = head(raw, MAX_BYTES);
    let text = match markup {
        Markup::Plain => {
            let mut writer = Writer::new(raw.len(), max_chars);
            writer.push_lines(raw);
            writer.finish()
        }
        Markup::Html => {
            let first = html::text(raw, max_chars);
            if !first.had_tags && html::looks_like_markup(&first.text) {
                html::text(&first.text, max_chars).text
            } else {
                first.text
            }
        }
    };
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => text,
        // Composition never lengthens by much, but the cap is the promise.
        _ => text.nfc().take(max_chars).collect(),
    }
}

/// At most `bytes` of a text, cut between characters.
fn head(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(html: &str, wanted: &Expect) {
        wanted.assert_eq(&body(html, Markup::Html));
    }

    #[test]
    fn blocks_become_lines_and_inline_tags_nothing() {
        check(
            "<h1>Acme</h1><p>Acme was <b>hac</b>ked.</p><ul><li>one<li>two</ul>last<br>line",
            &expect![[r#"
                Acme
                Acme was hacked.
                - one
                - two
                last
                line"#]],
        );
    }

    #[test]
    fn scripts_styles_comments_and_attributes_are_dropped() {
        check(
            "a<script>if (a < b) { alert('x') }</script>b<style>p { }</style><!-- c --><img alt='d' src=\"e>f\">g",
            &expect![["abg"]],
        );
        check(
            "<svg><text>x</text></svg>y<noscript>z</noscript>",
            &expect![["y"]],
        );
        check("<nav>Home</nav>text", &expect![["text"]]);
    }

    #[test]
    fn entities_are_read_once() {
        check(
            "AT&amp;T &lt;hacked&gt; &#8377;45&nbsp;crore &euro;5 &bogus; &amp",
            &expect![["AT&T <hacked> ₹45 crore €5 &bogus; &"]],
        );
    }

    #[test]
    fn html_escaped_twice_is_recognised_and_examples_are_kept() {
        check(
            "&lt;p&gt;Acme &amp;amp; Co&lt;/p&gt;&lt;p&gt;hacked&lt;/p&gt;",
            &expect![["Acme & Co\nhacked"]],
        );
        check(
            "<p>Inject <code>&lt;script&gt;alert(1)&lt;/script&gt;</code> here</p>",
            &expect![["Inject <script>alert(1)</script> here"]],
        );
    }

    #[test]
    fn what_is_cut_at_the_end_is_dropped() {
        check("text<!", &expect![["text"]]);
        check("text<a href=\"x", &expect![["text"]]);
        check("text<!-- cut", &expect![["text"]]);
        check("text<script>cut", &expect![["text"]]);
        check("a < b and c > d", &expect![["a < b and c > d"]]);
        check("5<6", &expect![["5<6"]]);
    }

    #[test]
    fn invisible_characters_go_and_letters_that_need_joiners_keep_them() {
        check(
            "ran\u{200b}som\u{202e}ware\u{0007}\u{feff} \u{ad}x",
            &expect![["ransomware x"]],
        );
        check(
            "क\u{094d}\u{200d}ष a\u{200d}b",
            &expect![["क\u{094d}\u{200d}ष ab"]],
        );
        check("Cafe\u{301}", &expect![["Café"]]);
    }

    #[test]
    fn white_space_collapses() {
        check(
            "  a \t b\u{a0}\u{2003}c <p> </p><p>\n\n</p> d ",
            &expect![["a b c\nd"]],
        );
        let plain = body("one\r\ntwo\n\n\nthree  four", Markup::Plain);
        expect![[r#"
            one
            two
            three four"#]]
        .assert_eq(&plain);
    }

    #[test]
    fn plain_text_keeps_its_angle_brackets() {
        assert_eq!(
            body("use of <script> & co", Markup::Plain),
            "use of <script> & co"
        );
    }

    #[test]
    fn boilerplate_at_the_end_goes() {
        check(
            "<p>Acme was hacked.</p><p>The post <a href='x'>Acme</a> appeared first on <a>News</a>.</p>",
            &expect![["Acme was hacked."]],
        );
        check(
            "Acme was hacked. [&#8230;] Read more",
            &expect![["Acme was hacked."]],
        );
        check(
            "Users should read more about it in the report.",
            &expect![["Users should read more about it in the report."]],
        );
        check(
            "<p>Acme was hacked.</p><p>ALSO READ | Pune bank loses ₹2 crore</p><p>यह भी पढ़ें: दिल्ली में ठगी</p><p>Also, read the terms.</p><p>Police are looking into it.</p>",
            &expect![[r#"
                Acme was hacked.
                Also, read the terms.
                Police are looking into it."#]],
        );
        assert_eq!(
            body("Also read: terms\nx", Markup::Plain),
            "Also read: terms\nx",
            "spans in plain text lead back to the given text"
        );
        check(
            "<p>Also read: only this</p>",
            &expect![["Also read: only this"]],
        );
    }

    #[test]
    fn hostile_documents_are_bounded() {
        for hostile in [
            "<".repeat(300_000),
            "<a href=\"".repeat(100_000),
            "<!--".repeat(100_000),
            "<script>".repeat(50_000),
            "<nav>".repeat(100_000),
            "&".repeat(500_000),
            "&#".repeat(300_000),
            "x".repeat(3_000_000),
            "<p>".repeat(300_000),
            "\u{202e}".repeat(300_000),
            "e\u{301}\u{301}".repeat(200_000),
        ] {
            assert!(body(&hostile, Markup::Html).chars().count() <= MAX_CHARS);
        }
        assert!(title(&"x ".repeat(10_000), Markup::Plain).chars().count() <= MAX_TITLE_CHARS);
    }
}
