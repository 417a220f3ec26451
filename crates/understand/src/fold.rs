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

/// Where the next character of a word stands.
pub(crate) fn find_word(text: &str) -> Option<usize> {
    // Nearly all text is plain: its bytes tell.
    let at = text
        .bytes()
        .position(|byte| is_word_byte(byte) || !byte.is_ascii())?;
    if text.as_bytes().get(at).is_some_and(u8::is_ascii) {
        return Some(at);
    }
    let rest = text.get(at..)?;
    rest.find(is_word).map(|further| at + further)
}

/// How many bytes at the beginning of a text are characters of one word.
pub(crate) fn word_length(text: &str) -> usize {
    let plain = text.bytes().take_while(|byte| is_word_byte(*byte)).count();
    if text.as_bytes().get(plain).is_none_or(u8::is_ascii) {
        return plain;
    }
    let rest = text.get(plain..).unwrap_or_default();
    plain + rest.find(|c| !is_word(c)).unwrap_or(rest.len())
}

/// The words of a text: all that stands between other characters.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let from = rest.get(find_word(rest)?..)?;
        let (word, behind) = from.split_at_checked(word_length(from))?;
        rest = behind;
        Some(word)
    })
}

/// A letter or digit by itself: of other bytes their character must be asked.
pub(crate) fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
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
    fn words_are_what_stands_between_other_characters() {
        for text in [
            "",
            "one",
            " a_1, दिल्ली-में\u{301} é.",
            "₹5 — “Émile” 🔥x",
            "a\u{301}b c",
        ] {
            let wanted: Vec<&str> = text
                .split(|c| !is_word(c))
                .filter(|word| !word.is_empty())
                .collect();
            assert_eq!(words(text).collect::<Vec<&str>>(), wanted);
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
