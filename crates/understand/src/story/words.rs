//! The words of an item as stories are told apart by: stems, names, numbers.
//!
//! Names are found without a list: a word that is written large and that nobody
//! writes small. What is new today is in no gazetteer.

use model::stop::is_stop;

use crate::fold::{find_word, word_length};

/// News says what happened at its head; the rest is background that other stories
/// share.
pub(super) const MAX_CHARS: usize = 1_500;

/// Longer words are no words.
const MAX_WORD: usize = 40;

/// Endings that are left out of an English word, longest first.
const ENDINGS: &[&str] = &[
    "ions", "ings", "ing", "ion", "ers", "ies", "ed", "er", "es", "e", "s", "y",
];

/// Phrases of law firms in search of plaintiffs; two of them make a notice.
const LAW_PHRASES: &[&str] = &[
    "attorney",
    "claims being investigated by",
    "claims investigated by",
    "class action",
    "contact us",
    "data breach claims",
    "investigates claims",
    "investigates claims in",
    "investigating claims",
    "law firm",
    "lawsuit claims",
    "legal rights",
    "llp",
    // Of press releases.
    "newswire",
    "on behalf of",
    "plaintiff",
];

/// One word where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word<'a> {
    /// As it is written.
    pub text: &'a str,
    /// Of its stem, in lower case.
    pub hash: u32,
    /// Written as names are: its first letter large, or letters with digits.
    pub is_large: bool,
    /// Too common to tell anything.
    pub is_stop: bool,
}

/// The words of title and text.
#[derive(Debug, Clone, Default)]
pub struct Words<'a> {
    /// Of the title.
    pub title: Vec<Word<'a>>,
    /// Of the beginning of the text.
    pub text: Vec<Word<'a>>,
    /// Initials of names of several words.
    pub initials: Vec<u32>,
    /// Names of several words, written as one.
    pub joined: Vec<u32>,
    /// Numbers of more than one digit that are no years.
    pub numbers: Vec<u32>,
    /// Whether a law firm looks for plaintiffs.
    pub law_notice: bool,
}

impl<'a> Words<'a> {
    /// Reads a clean title and text.
    #[must_use]
    pub fn of(title: &'a str, text: &'a str) -> Self {
        let text = text
            .char_indices()
            .nth(MAX_CHARS)
            .and_then(|(end, _)| text.get(..end))
            .unwrap_or(text);
        let mut words = Self::default();
        words.title = words.read(title);
        words.text = words.read(text);
        let lower = [title, text].map(str::to_ascii_lowercase);
        words.law_notice = LAW_PHRASES
            .iter()
            .filter(|phrase| lower.iter().any(|text| text.contains(*phrase)))
            .take(2)
            .count()
            == 2;
        for list in [&mut words.initials, &mut words.joined, &mut words.numbers] {
            list.sort_unstable();
            list.dedup();
        }
        words
    }

    fn read(&mut self, text: &'a str) -> Vec<Word<'a>> {
        let mut found = Vec::new();
        let mut name = Name::default();
        let mut end_of_last = 0;
        for (start, word) in pieces(text) {
            let gap = text.get(end_of_last..start).unwrap_or_default();
            end_of_last = start + word.len();
            name.go_on(gap, word, self);
            if let Some(number) = number(word) {
                self.numbers.push(number);
                found.push(Word {
                    text: word,
                    hash: number,
                    is_large: false,
                    is_stop: false,
                });
            }
            if word.starts_with(|c: char| c.is_ascii_digit()) && !word.contains(char::is_alphabetic)
            {
                continue;
            }
            let mut add = |word: &'a str| {
                found.push(Word {
                    text: word,
                    hash: stem_hash(word),
                    is_large: is_large(word),
                    is_stop: is_stop(word),
                });
            };
            add(word);
            parts(word).into_iter().for_each(add);
        }
        name.end(self);
        found
    }
}

/// The words of a name that is a phrase written as one (`ManageMyHealth`); none of another
/// word. Those of two words have relatives: `BharatGas` is not `BharatPe`.
fn parts(word: &str) -> Vec<&str> {
    const WORDS: std::ops::RangeInclusive<usize> = 3..=5;
    let begins = |pair: &[u8]| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase();
    let mut parts = Vec::new();
    // Hardly any word has one.
    if !word.as_bytes().windows(2).any(begins) {
        return parts;
    }
    if word.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        let mut rest = word;
        while let Some(at) = rest.as_bytes().windows(2).position(begins) {
            let (part, after) = rest.split_at(at + 1);
            parts.push(part);
            rest = after;
        }
        parts.push(rest);
    }
    if !WORDS.contains(&parts.len()) {
        parts.clear();
    }
    parts
}

/// A run of large words, as far as it was read.
#[derive(Default)]
struct Name<'a> {
    words: Vec<&'a str>,
    plain: String,
    joined: String,
}

impl<'a> Name<'a> {
    /// More words than this are a headline in title case.
    const MOST: usize = 6;

    /// Names of so many words are also written as one.
    const WRITTEN_AS_ONE: usize = 4;

    fn go_on(&mut self, gap: &str, word: &'a str, words: &mut Words<'_>) {
        let joins = matches!(gap.trim(), "" | "&") && !gap.contains('\n');
        let first = word.chars().next().filter(|c| c.is_uppercase());
        let is_word = word.chars().skip(1).any(char::is_lowercase);
        match first.filter(|_| is_word) {
            Some(first) => {
                if !joins {
                    self.end(words);
                }
                if gap.contains('&') && !self.words.is_empty() {
                    self.joined.push('&');
                }
                self.words.push(word);
                self.plain.extend(first.to_lowercase());
                self.joined.extend(first.to_lowercase());
                for count in 2..=Self::WRITTEN_AS_ONE.min(self.words.len()) {
                    let last = self.words.iter().rev().take(count).rev();
                    words
                        .joined
                        .push(stem_hash(&last.copied().collect::<String>()));
                }
            }
            None if joins && matches!(word, "of" | "for") => {}
            None if joins && word == "and" => self.joined.push('&'),
            None => self.end(words),
        }
    }

    fn end(&mut self, words: &mut Words<'_>) {
        if self.words.is_empty() && self.joined.is_empty() {
            return;
        }
        if (2..=Self::MOST).contains(&self.words.len()) {
            words.initials.push(fnv(self.plain.bytes()));
            let joined = self.joined.trim_end_matches('&');
            if joined != self.plain {
                words.initials.push(fnv(joined.bytes()));
            }
        }
        *self = Self::default();
    }
}

/// Runs of letters and digits, with the signs inside that belong to names
/// (`AT&T`, `U.S`, `zero-day`) or group digits (`430,000`).
fn pieces(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_inside = |c: char| matches!(c, '\'' | '’' | '&' | '.' | '-' | '_');
    let mut rest = 0;
    std::iter::from_fn(move || {
        let tail = text.get(rest..)?;
        let start = rest + find_word(tail)?;
        let tail = text.get(start..)?;
        let is_digit = |at: usize| tail.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
        let groups =
            |at: usize, c: char| c == ',' && at > 0 && is_digit(at - 1) && is_digit(at + 1);
        let mut end = word_length(tail);
        while let Some(c) = tail.get(end..)?.chars().next() {
            if !(is_inside(c) || groups(end, c)) {
                break;
            }
            end += c.len_utf8();
            end += word_length(tail.get(end..)?);
        }
        rest = start + end;
        let word = tail.get(..end)?.trim_end_matches(is_inside);
        Some((start, word))
    })
}

/// The words of a text, as they are cut here.
pub(super) fn words_in(text: &str) -> impl Iterator<Item = &str> {
    pieces(text).map(|(_, word)| word)
}

fn is_large(word: &str) -> bool {
    word.chars().nth(1).is_some()
        && (word.starts_with(char::is_uppercase)
            || (word.contains(|c: char| c.is_ascii_digit()) && word.contains(char::is_alphabetic)))
}

/// The digits of a number (`430000`, `$2.8M`), unless it is one digit or a year.
fn number(word: &str) -> Option<u32> {
    let digits = || {
        word.bytes()
            .filter(|byte| byte.is_ascii_digit() || *byte == b'.')
    };
    let count = word.bytes().filter(u8::is_ascii_digit).count();
    let is_year =
        count == 4 && word.len() == 4 && (word.starts_with("20") || word.starts_with("19"));
    (count > 1 && count <= MAX_WORD && !is_year).then(|| fnv(digits()))
}

/// The hash of a word's stem: lower case, points of abbreviations and the English
/// endings left out. A plain stemmer; a finer one changed nothing that was measured.
#[must_use]
pub fn stem_hash(word: &str) -> u32 {
    // Plain words are most of a text, and need no copy.
    let mut plain = [0_u8; MAX_WORD];
    if let Some(lower) = plain.get_mut(..word.len())
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
    {
        for (to, byte) in lower.iter_mut().zip(word.bytes()) {
            *to = byte.to_ascii_lowercase();
        }
        let lower: &[u8] = lower;
        let last = lower.last();
        let ends_alike = |ending: &&&str| ending.as_bytes().last() == last;
        let stem = ENDINGS.iter().filter(ends_alike).find_map(|ending| {
            let stem = lower.strip_suffix(ending.as_bytes());
            stem.filter(|stem| stem.len() > 3)
        });
        return fnv(stem.unwrap_or(lower).iter().copied());
    }
    let mut lower = String::with_capacity(word.len());
    lower.extend(word.chars().take(MAX_WORD).flat_map(char::to_lowercase));
    let is_abbreviation = lower.contains('.') && lower.split('.').all(|part| part.len() <= 1);
    if is_abbreviation {
        lower.retain(|c| c != '.');
    }
    let owned = lower
        .strip_suffix("'s")
        .or_else(|| lower.strip_suffix("’s"))
        .unwrap_or(&lower);
    let stem = ENDINGS
        .iter()
        .find_map(|ending| owned.strip_suffix(ending).filter(|stem| stem.len() > 3))
        .unwrap_or(owned);
    fnv(stem.bytes())
}

/// FNV-1a, 32 bits.
fn fnv(bytes: impl Iterator<Item = u8>) -> u32 {
    bytes.fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_cut_and_stemmed() {
        let words = Words::of("AT&T's U.S. zero-day", "");
        let texts: Vec<&str> = words.title.iter().map(|word| word.text).collect();
        assert_eq!(texts, ["AT&T's", "U.S", "zero-day"]);
        assert_eq!(stem_hash("U.S"), stem_hash("US"));
        assert_eq!(stem_hash("AT&T's"), stem_hash("at&t"));
        for forms in [
            ["hackers", "hacked", "hacker"],
            ["seize", "seizes", "seized"],
            ["company", "companies", "company's"],
            ["encryption", "encrypts", "encrypting"],
        ] {
            assert_eq!(forms.map(stem_hash), [stem_hash(forms[0]); 3], "{forms:?}");
        }
        assert_ne!(stem_hash("hackers"), stem_hash("breach"));
    }

    #[test]
    fn initials_of_a_name_are_known() {
        let words = Words::of(
            "Marks & Spencer restores orders",
            "The Ministry of Defence said",
        );
        assert!(words.initials.contains(&stem_hash("M&S")));
        assert!(words.initials.contains(&fnv("tmd".bytes())));
    }

    #[test]
    fn a_name_is_known_however_it_is_parted() {
        let (one, parted) = (
            Words::of("ZorvexMyCare data leaked", ""),
            Words::of("Leak of Zorvex My Care data", ""),
        );
        let whole = stem_hash("ZorvexMyCare");
        assert!(one.title.iter().any(|word| word.hash == whole));
        assert!(parted.joined.contains(&whole));
        for part in ["Zorvex", "Care"] {
            let holds = |words: &Words<'_>| {
                let mut all = words.title.iter();
                all.any(|word| word.hash == stem_hash(part))
            };
            assert!(holds(&one) && holds(&parted), "{part}");
        }
        for plain in ["breach", "LLM", "x", "McAfee", "ZorvexPay", "aBcDeFgHiJkLm"] {
            assert!(parts(plain).is_empty(), "{plain}");
        }
    }

    #[test]
    fn numbers_are_told_apart_from_years() {
        let words = Words::of("In 2026 some 430000 people lost $2.8M to 7 thieves", "");
        assert_eq!(words.numbers.len(), 2);
        let grouped = Words::of("Some 430,000 people, 2,8 of them", "");
        assert!(grouped.numbers.iter().any(|it| words.numbers.contains(it)));
        let told: Vec<&str> = grouped.title.iter().map(|word| word.text).collect();
        assert!(told.contains(&"430,000"), "{told:?}");
    }

    #[test]
    fn hostile_text_is_bounded() {
        for hostile in [
            "A".repeat(1 << 20),
            "A ".repeat(1 << 19),
            "&'.".repeat(1 << 18),
        ] {
            let words = Words::of("", &hostile);
            assert!(words.text.len() <= MAX_CHARS);
        }
    }
}
