//! Text cut into tokens and sentences, with exact places.
//!
//! One pass over the words between blanks. What keeps a token whole is what names
//! are made of: `AT&T`, `com.android.vending`, `hxxp://a[.]b/c`, `U.S.`; what ends one
//! is what names never hold. The name model is trained on these very tokens, so a
//! change here wants a new training.

use crate::fold::is_word;
use crate::work;

/// A token: bytes `start..end` of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Whether a sentence begins here.
    pub first: bool,
}

/// What ends with a full stop without ending a sentence.
const ABBREVIATIONS: &[&str] = &[
    "Inc", "Ltd", "Co", "Corp", "Pvt", "Bros", "Mr", "Mrs", "Ms", "Dr", "Prof", "St", "Gov", "Sen",
    "Rep", "Gen", "Rs", "No", "Jr", "Sr", "vs", "approx", "Jan", "Feb", "Mar", "Apr", "Aug",
    "Sept", "Oct", "Nov", "Dec", "e.g", "i.e",
];

/// Parts after a hyphen that describe what is named before it: `Iran-linked`.
const DESCRIBING: &[&str] = &[
    "based",
    "linked",
    "backed",
    "led",
    "affiliated",
    "owned",
    "aligned",
    "sponsored",
    "speaking",
    "related",
    "style",
    "like",
    "nexus",
    "wide",
    "run",
    "focused",
    "made",
    "born",
    "listed",
    "headquartered",
    "inspired",
    "operated",
    "controlled",
    "level",
    "themed",
    "infected",
];

/// Words that begin a sentence glued to the one before: `leaked.The`.
const BEGINNERS: &[&str] = &[
    "The",
    "In",
    "It",
    "This",
    "That",
    "We",
    "They",
    "He",
    "She",
    "An",
    "On",
    "At",
    "For",
    "But",
    "And",
    "As",
    "If",
    "When",
    "A",
    "According",
];

/// The tokens of a text. At most `most` are made.
#[must_use]
pub fn tokens(text: &str, most: usize) -> Vec<Token> {
    let mut cutter = Cutter {
        text,
        tokens: Vec::with_capacity((text.len() / 5).min(most)),
        line_starts: true,
        sentence_ended: false,
        most,
    };
    let mut start = None;
    for (at, character) in text.char_indices() {
        if character.is_whitespace() || character == '\u{200b}' {
            if let Some(from) = start.take() {
                cutter.chunk(from, at);
            }
            cutter.line_starts |= character == '\n';
            if cutter.tokens.len() >= most {
                break;
            }
        } else if start.is_none() {
            start = Some(at);
        }
    }
    if let Some(from) = start {
        cutter.chunk(from, text.len());
    }
    cutter.tokens.truncate(most);
    cutter.tokens
}

struct Cutter<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    line_starts: bool,
    /// The last token was a full stop or its like.
    sentence_ended: bool,
    most: usize,
}

impl<'a> Cutter<'a> {
    fn slice(&self, start: usize, end: usize) -> &'a str {
        work::steps(1);
        self.text.get(start..end).unwrap_or_default()
    }

    fn push(&mut self, start: usize, end: usize) {
        work::steps(end.saturating_sub(start));
        if start >= end || self.tokens.len() >= self.most {
            return;
        }
        let word = self.slice(start, end);
        let opens = !word.starts_with(|c: char| c.is_lowercase() || c == ',' || c == ')');
        let first = self.tokens.is_empty() || self.line_starts || (self.sentence_ended && opens);
        let ends = matches!(word, "." | "?" | "!" | "…" | "।" | "..." | "॥")
            || (self.sentence_ended && matches!(word, "\"" | "”" | "’" | "'" | ")" | "]"));
        self.line_starts = false;
        self.sentence_ended = ends;
        self.tokens.push(Token { start, end, first });
    }

    /// A stretch without blanks.
    fn chunk(&mut self, start: usize, end: usize) {
        let whole = self.slice(start, end);
        if is_plain_word(whole) {
            return self.push(start, end);
        }
        let mut from = start;
        while let Some(character) = self.slice(from, end).chars().next() {
            let full = self.tokens.len() >= self.most;
            if full || !is_opening(character) || from + character.len_utf8() == end {
                break;
            }
            self.push(from, from + character.len_utf8());
            from += character.len_utf8();
        }
        // A full stop at the end may belong to the word before it.
        let mut to = end;
        while let Some(character) = self.slice(from, to).chars().next_back() {
            let before = to - character.len_utf8();
            if before == from || !is_closing(character) {
                break;
            }
            if character == '.' && keeps_full_stop(self.slice(from, before)) {
                break;
            }
            to = before;
        }
        if is_address(self.slice(from, to)) {
            self.push(from, to);
        } else {
            self.core(from, to);
        }
        let mut at = to;
        while let Some(character) = self.slice(at, end).chars().next() {
            if self.tokens.len() >= self.most {
                return;
            }
            // Dots of an ellipsis are one token, brackets are not.
            let step = if character == '.' {
                let rest = self.slice(at, end);
                rest.len() - rest.trim_start_matches('.').len()
            } else {
                character.len_utf8()
            };
            self.push(at, at + step);
            at += step;
        }
    }

    /// A chunk without its outer punctuation.
    fn core(&mut self, start: usize, end: usize) {
        let mut word = start;
        let mut at = start;
        while let Some(character) = self.slice(at, end).chars().next() {
            if self.tokens.len() >= self.most {
                return;
            }
            let next = at + character.len_utf8();
            if is_word(character) {
                at = next;
                continue;
            }
            let rest = self.slice(next, end);
            let before = self.slice(word, at);
            let joins = !before.is_empty() && joins(before, character, rest);
            if !joins {
                self.word(word, at);
                if is_apostrophe(character) && !before.is_empty() && matches!(rest, "s" | "S") {
                    self.push(at, end);
                    return;
                }
                self.push(at, next);
                word = next;
            }
            at = next;
        }
        self.word(word, end);
    }

    /// A word, cut before a describing part.
    fn word(&mut self, start: usize, end: usize) {
        let word = self.slice(start, end);
        if let Some(hyphen) = word.rfind(['-', '‑'])
            && word
                .get(hyphen..)
                .map(|part| part.trim_start_matches(['-', '‑']))
                .is_some_and(|part| DESCRIBING.contains(&part))
            && hyphen > 0
        {
            self.push(start, start + hyphen);
            self.push(start + hyphen, end);
        } else {
            self.push(start, end);
        }
    }
}

fn is_plain_word(chunk: &str) -> bool {
    chunk.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_opening(character: char) -> bool {
    matches!(
        character,
        '"' | '\''
            | '“'
            | '”'
            | '‘'
            | '’'
            | '«'
            | '('
            | '['
            | '{'
            | '<'
            | '*'
            | '…'
            | ','
            | ';'
            | ':'
            | '!'
            | '?'
            | '|'
            | ']'
            | ')'
            | '•'
            | '-'
            | '–'
            | '—'
            | '`'
    )
}

fn is_closing(character: char) -> bool {
    matches!(
        character,
        '"' | '\''
            | '“'
            | '”'
            | '‘'
            | '’'
            | '»'
            | ')'
            | ']'
            | '}'
            | '>'
            | '*'
            | '.'
            | ','
            | ';'
            | ':'
            | '!'
            | '?'
            | '…'
            | '|'
            | '('
            | '['
            | '।'
            | '॥'
            | '-'
            | '–'
            | '—'
            | '`'
            | '™'
            | '®'
    )
}

fn is_apostrophe(character: char) -> bool {
    matches!(character, '\'' | '’')
}

/// `U`, `U.S`, `Inc`: a full stop after it is part of it.
fn keeps_full_stop(word: &str) -> bool {
    let single = |part: &str| {
        let mut characters = part.chars();
        characters.next().is_some_and(char::is_uppercase) && characters.next().is_none()
    };
    word.len() <= 12 && (word.split('.').all(single) || ABBREVIATIONS.contains(&word))
}

/// A web or mail address, a path: whole, whatever it holds.
fn is_address(chunk: &str) -> bool {
    let bytes = chunk.as_bytes();
    // One of these stands in every address; most chunks are a word and a comma.
    let is_sign = |byte: &u8| matches!(byte, b':' | b'[' | b'(' | b'\\' | b'/' | b'@');
    if !bytes.iter().any(is_sign) && !chunk.starts_with("www.") {
        return false;
    }
    let has = |wanted: &str| chunk.contains(wanted);
    let slashes = bytes.iter().filter(|byte| **byte == b'/').count();
    has("://")
        || has("[.")
        || has("[:")
        || has("(.)")
        || has("\\")
        || chunk.starts_with("www.")
        || (chunk.len() > 1
            && slashes > 0
            && (bytes.first() == Some(&b'/') || (slashes > 1 && has("."))))
        || bytes
            .iter()
            .skip(1)
            .take(bytes.len().saturating_sub(2))
            .any(|byte| *byte == b'@')
}

/// Whether `before`, the character and `rest` make one word.
fn joins(before: &str, character: char, rest: &str) -> bool {
    let Some(after) = rest.chars().next() else {
        return character == '+';
    };
    let last = before.chars().next_back().unwrap_or(' ');
    match character {
        '+' => true,
        '.' => is_word(after) && !begins_sentence(last, rest),
        '-' | '_' | '‑' => is_word(after),
        '\'' | '’' => is_word(after) && rest != "s" && rest != "S",
        ',' | ':' => last.is_numeric() && after.is_numeric(),
        '&' => last.is_uppercase() && after.is_uppercase(),
        // A joiner shapes letters.
        '\u{200c}' | '\u{200d}' | '\u{ad}' => true,
        _ => false,
    }
}

fn begins_sentence(last: char, rest: &str) -> bool {
    let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
    last.is_lowercase()
        && rest
            .get(..end)
            .is_some_and(|word| BEGINNERS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, wanted: &Expect) {
        let mut shown = String::new();
        for token in tokens(text, 1_000) {
            if !shown.is_empty() {
                shown.push_str(if token.first { " ‖ " } else { " | " });
            }
            shown.push_str(&text[token.start..token.end]);
        }
        wanted.assert_eq(&shown);
    }

    #[test]
    fn names_stay_whole() {
        check(
            "AT&T, M&S and D-Link's C++ (v1.2.3) at U.S. offices.",
            &expect![
                "AT&T | , | M&S | and | D-Link | 's | C++ | ( | v1.2.3 | ) | at | U.S | . | offices | ."
            ],
        );
        check(
            "“Iran-linked” APT-C-36 hit Acme Inc. yesterday",
            &expect!["“ | Iran | -linked | ” | APT-C-36 | hit | Acme | Inc | . | yesterday"],
        );
    }

    #[test]
    fn addresses_and_paths_stay_whole() {
        check(
            "See hxxp://bad[.]example/x?y, C:\\Temp\\a.exe, /etc/passwd and a@b.example.",
            &expect![
                "See | hxxp://bad[.]example/x?y | , | C:\\Temp\\a.exe | , | /etc/passwd | and | a@b.example | ."
            ],
        );
    }

    #[test]
    fn sentences_begin_after_stops_and_lines() {
        check(
            "It fell. Then Mr. Rao said i.e. nothing.The rest\nis silence",
            &expect![
                "It | fell | . ‖ Then | Mr | . ‖ Rao | said | i.e | . | nothing | . ‖ The | rest ‖ is | silence"
            ],
        );
        check(
            "दिल्ली में साइबर हमला। बैंक बंद",
            &expect!["दिल्ली | में | साइबर | हमला | । ‖ बैंक | बंद"],
        );
    }

    #[test]
    fn hostile_texts_are_bounded() {
        for text in [
            "a.".repeat(100_000),
            "[".repeat(100_000),
            format!("x{}", ")".repeat(300_000)),
            format!("x{}y", ")".repeat(300_000)),
            ":".repeat(300_000),
            ".".repeat(100_000),
            "-x".repeat(100_000),
            "'s".repeat(50_000),
            "\u{200d}".repeat(50_000),
        ] {
            let made = tokens(&text, 10_000);
            assert!(made.len() <= 10_000);
            assert!(
                made.iter()
                    .all(|token| token.start < token.end
                        && text.get(token.start..token.end).is_some())
            );
        }
    }
}
