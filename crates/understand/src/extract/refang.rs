//! De-fanged indicators made whole again: `hxxps://evil[.]com` is
//! `https://evil.com`, with the way back to what the reader sees.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::mapped::Mapped;

/// What writers put in the place of a character, longest first. Hyphens of
/// typographers are here too: `CVE‑2026‑1234` is an id.
const FORMS: &[(&str, &str)] = &[
    ("hxxps[://]", "https://"),
    ("hxxp[://]", "http://"),
    ("hxxps[:]//", "https://"),
    ("hxxp[:]//", "http://"),
    ("hxxps", "https"),
    ("hxxp", "http"),
    ("h**ps", "https"),
    ("h**p", "http"),
    ("fxp://", "ftp://"),
    ("[://]", "://"),
    ("[:]", ":"),
    ("[:", ":"),
    ("[/]", "/"),
    ("[.]", "."),
    ("(.)", "."),
    ("{.}", "."),
    ("<.>", "."),
    ("[.", "."),
    (".]", "."),
    ("\\.", "."),
    ("[dot]", "."),
    ("(dot)", "."),
    ("{dot}", "."),
    ("[d0t]", "."),
    (" [dot] ", "."),
    (" (dot) ", "."),
    (" [.] ", "."),
    ("[at]", "@"),
    ("(at)", "@"),
    ("{at}", "@"),
    ("[@]", "@"),
    (" [at] ", "@"),
    ("(@)", "@"),
    ("\u{2010}", "-"),
    ("\u{2011}", "-"),
    ("\u{2012}", "-"),
    ("\u{2013}", "-"),
    ("\u{2212}", "-"),
];

static AUTOMATON: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .ascii_case_insensitive(true)
        .build(FORMS.iter().map(|(form, _)| form))
        .ok()
});

/// The text with its indicators whole. A form counts only between characters
/// that an indicator could hold, so that "[...]" and "(at) home" stay.
pub(crate) fn refang(text: &str) -> Mapped {
    let mut whole = Mapped::with_capacity(text.len());
    let mut copied = 0;
    for found in AUTOMATON
        .iter()
        .flat_map(|automaton| automaton.find_iter(text))
    {
        let Some((form, meant)) = FORMS.get(found.pattern().as_usize()) else {
            continue;
        };
        if !fits(text, found.start(), found.end(), form) {
            continue;
        }
        whole.copy(copied, text.get(copied..found.start()).unwrap_or_default());
        whole.replace(found.start(), found.len());
        for character in meant.chars() {
            whole.push(character);
        }
        copied = found.end();
    }
    whole.copy(copied, text.get(copied..).unwrap_or_default());
    whole
}

fn fits(text: &str, start: usize, end: usize, form: &str) -> bool {
    let before = text
        .get(..start)
        .and_then(|before| before.chars().next_back());
    let after = text.get(end..).and_then(|after| after.chars().next());
    if form.starts_with('h') || form.starts_with("fxp") {
        return !before.is_some_and(char::is_alphanumeric)
            && matches!(after, Some(':' | '[' | '/' | '(') | None)
            || form.ends_with('/')
            || form.ends_with(']');
    }
    let inside = |c: Option<char>| {
        c.is_some_and(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '%' | '*'))
    };
    match form {
        // After the scheme or inside an IPv6 address.
        "[:]" | "[:" | "[://]" | "[/]" => {
            before.is_some_and(char::is_alphanumeric) || before == Some(':') || before == Some(']')
        }
        _ => inside(before) && inside(after),
    }
}
