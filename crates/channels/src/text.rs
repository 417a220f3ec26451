//! Outside text, made safe to show in one line, and cut where it must be cut.
//!
//! Feeds carry line breaks in titles, direction overrides that turn
//! `gpj.exe` around, and zero-width characters. Joiners stay: Devanagari needs
//! them.

use unicode_segmentation::UnicodeSegmentation;

/// No single text of a message is read further than this; what follows would be
/// cut away by every channel.
const LONGEST_READ: usize = 20_000;

/// The text in one line: breaks, tabs and control characters become single
/// spaces, characters that hide or reorder others go.
pub(crate) fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(1024));
    let mut gap = false;
    for c in text.chars().take(LONGEST_READ) {
        if c.is_whitespace() || c.is_control() {
            gap = true;
        } else if !is_hidden(c) {
            if gap && !out.is_empty() {
                out.push(' ');
            }
            gap = false;
            out.push(c);
        }
    }
    out
}

/// Characters that show nothing and change how their neighbours show: direction
/// marks, overrides and isolates, zero-width spaces, tags, fillers, the byte
/// order mark, and what Unicode will never assign.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
        | '\u{180E}' | '\u{200B}' | '\u{200E}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}'
        | '\u{E0000}'..='\u{E0FFF}')
        || (u32::from(c) & 0xFFFE) == 0xFFFE
        || matches!(c, '\u{FDD0}'..='\u{FDEF}')
}

/// The text if it fits into `room`, else its beginning and an ellipsis, cut
/// between words, or between letters as people see them when one word fills the
/// room. `cost` says how much of the room a character takes.
pub(crate) fn cut(text: &str, room: usize, cost: impl Fn(char) -> usize) -> String {
    let width = |part: &str| part.chars().map(&cost).sum::<usize>();
    if width(text) <= room {
        return text.to_owned();
    }
    let Some(room) = room.checked_sub(cost('…')) else {
        return String::new();
    };
    let mut used = 0;
    let mut end = 0;
    let mut word_end = 0;
    for (at, letter) in text.grapheme_indices(true) {
        if letter.chars().all(char::is_whitespace) {
            word_end = at;
        }
        used += width(letter);
        if used > room {
            break;
        }
        end = at + letter.len();
    }
    // A word that takes more than half of the room is broken: an address, a hash.
    if word_end * 2 >= end {
        end = word_end;
    }
    let kept = text.get(..end).unwrap_or_default();
    format!(
        "{}…",
        kept.trim_end_matches(
            |c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '.' | '…')
        )
    )
}

/// [`line`], then [`cut`] to so many UTF-16 units, the measure that Telegram and
/// Slack share.
pub(crate) fn short(text: &str, room: usize) -> String {
    cut(&line(text), room, char::len_utf16)
}

/// `text` with a capital first letter.
pub(crate) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_holds_no_breaks_and_no_hidden_characters() {
        for (given, shown) in [
            (
                "  Acme\r\nBcc: all@example.org\u{2028}x ",
                "Acme Bcc: all@example.org x",
            ),
            ("invoice\u{202E}gpj.exe", "invoicegpj.exe"),
            ("a\u{0}b\tc\u{200B}d", "a b cd"),
            ("\u{E0041}\u{FEFF}x\u{FFFF}", "x"),
            // The joiner that makes half letters of Devanagari stays.
            ("क्\u{200D}ष", "क्\u{200D}ष"),
        ] {
            assert_eq!(line(given), shown);
        }
    }

    #[test]
    fn a_cut_falls_between_words_or_between_letters() {
        let cut = |text, room| short(text, room);
        expect!["Hospital chain…"].assert_eq(&cut("Hospital chain, in Kerala", 17));
        expect!["http://very-lon…"].assert_eq(&cut("http://very-long.example/without/spaces", 16));
        expect!["अस्पताल पर…"].assert_eq(&cut("अस्पताल पर रैनसमवेयर हमला", 14));
        expect!["👩‍👩‍👧…"].assert_eq(&cut("👩‍👩‍👧👩‍👩‍👧", 12));
        expect!["fits"].assert_eq(&cut("fits", 4));
        expect!["…"].assert_eq(&cut("abcdef", 1));
        expect![""].assert_eq(&cut("abcdef", 0));
    }

    proptest! {
        #[test]
        fn a_cut_never_exceeds_its_room(text in "\\PC*", room in 0_usize..60) {
            let shown = cut(&text, room, char::len_utf16);
            prop_assert!(shown.encode_utf16().count() <= room);
        }

        #[test]
        fn a_line_is_one_line(text in any::<String>()) {
            let shown = line(&text);
            prop_assert!(!shown.chars().any(|c| c.is_control() || is_hidden(c)));
            prop_assert_eq!(line(&shown), shown);
        }
    }
}
