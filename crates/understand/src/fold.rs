//! Folding: one spelling for what readers take as the same word.
//!
//! Lower case, compatibility forms apart (`ﬁ` is `fi`), Latin and Greek accents
//! away, typographic quotes and hyphens plain, white space one blank. The marks
//! of Devanagari stay: without them another word would stand there.

use unicode_normalization::char::{decompose_compatible, is_combining_mark};

use crate::mapped::Mapped;

/// The folded text, with the way back.
pub(crate) fn fold(text: &str) -> Mapped {
    let mut folded = Mapped::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut run = String::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = bytes.get(at..).unwrap_or_default();
        let plain = rest
            .iter()
            .position(|b| !b.is_ascii())
            .unwrap_or(rest.len());
        if plain > 0 {
            run.clear();
            run.push_str(text.get(at..at + plain).unwrap_or_default());
            run.make_ascii_lowercase();
            if run.contains(['\n', '\t', '\r']) {
                run = run.replace(['\n', '\t', '\r'], " ");
            }
            folded.copy(at, &run);
            at += plain;
        }
        let Some(character) = text.get(at..).and_then(|rest| rest.chars().next()) else {
            break;
        };
        folded.replace(at, character.len_utf8());
        fold_character(character, |c| folded.push(c));
        at += character.len_utf8();
    }
    folded
}

/// The folded text alone.
pub(crate) fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        fold_character(character, |c| out.push(c));
    }
    out
}

/// Whether a character belongs to a word, so that no cue may end beside it.
/// Vowel signs and the virama belong: `हैकर` does not stand in `हैकरों`.
pub(crate) fn is_word(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_alphanumeric() || character == '_';
    }
    character.is_alphanumeric() || is_combining_mark(character)
}

fn fold_character(character: char, mut emit: impl FnMut(char)) {
    if character.is_ascii() {
        emit(match character {
            '\n' | '\t' | '\r' => ' ',
            other => other.to_ascii_lowercase(),
        });
        return;
    }
    match character {
        '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{02bc}' => return emit('\''),
        '\u{201c}' | '\u{201d}' | '\u{201e}' => return emit('"'),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => return emit('-'),
        // Joiners are kept in clean text for the shapes of letters only.
        '\u{200c}' | '\u{200d}' => return,
        other if other.is_whitespace() => return emit(' '),
        _ => {}
    }
    decompose_compatible(character, |part| {
        // Combining diacritical marks: accents of Latin, Greek, Cyrillic.
        if ('\u{0300}'..='\u{036f}').contains(&part) {
            return;
        }
        for lower in part.to_lowercase() {
            if !('\u{0300}'..='\u{036f}').contains(&lower) {
                emit(lower);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_read_alike_fold_alike() {
        for (text, wanted) in [
            ("CERT-In", "cert-in"),
            ("Café DÉJÀ", "cafe deja"),
            ("ﬁnance", "finance"),
            ("İstanbul", "istanbul"),
            ("employees’ data", "employees' data"),
            ("zero‑day", "zero-day"),
            ("साइबर हमला", "साइबर हमला"),
            ("क\u{200d}्ष", "क्ष"),
            ("ＡＢＣ", "abc"),
            ("two\nlines", "two lines"),
            ("", ""),
        ] {
            assert_eq!(fold(text).text(), wanted);
            assert_eq!(folded(text), wanted);
        }
    }

    #[test]
    fn the_way_back_is_by_whole_characters() {
        let text = "Élan ﬁn é";
        let mapped = fold(text);
        let at = mapped.text().find("in").unwrap();
        // The i inside the ligature starts where the ligature starts.
        assert_eq!(&text[mapped.start_of(at)..mapped.end_of(at + 2)], "ﬁn");
        let all = mapped.text().len();
        assert_eq!(&text[mapped.start_of(0)..mapped.end_of(all)], text);
    }
}
