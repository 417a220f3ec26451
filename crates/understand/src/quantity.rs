//! Numbers with what they count: "2.3 million records", "1.2 lakh users", "₹45
//! crore", "164 councils", "८० लाख लोगों", "tens of thousands of patients". Indian
//! multipliers and groupings (1,20,000) included.
//!
//! What surprised us: news agencies' texts arrive with a blank behind every point
//! and comma ("17. 5 million", "114, 000 users"); such numbers are put together
//! where only one number can be meant.

use std::sync::LazyLock;

use model::Span;

use crate::fold::{self, is_word, is_word_byte};
use crate::passage::Passage;
use crate::work;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counted {
    /// People, accounts, records about them.
    People,
    /// Companies, agencies, sites, devices of theirs.
    Organisations,
    /// Money, in whatever currency.
    Money,
}

/// A number with its unit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Quantity {
    pub(crate) counted: Counted,
    pub(crate) amount: f64,
    pub(crate) span: Span,
    /// In bytes of the passage's folded text.
    pub(crate) place: (usize, usize),
    /// As the reader sees it.
    pub(crate) text: String,
}

/// Numbers beyond these are a table.
const MAX_NUMBERS: usize = 500;

/// A text says how much early; the rest is a list.
const MAX_BYTES: usize = 50_000;

/// Words that may stand between a number and what it counts: "2.3 million Indian
/// bank customers".
const REACH: usize = 3;

const MULTIPLIERS: &[(&str, f64)] = &[
    ("thousand", 1e3),
    ("k", 1e3),
    ("हजार", 1e3),
    ("हज़ार", 1e3),
    ("lakh", 1e5),
    ("lakhs", 1e5),
    ("lac", 1e5),
    ("lacs", 1e5),
    ("लाख", 1e5),
    ("million", 1e6),
    ("millions", 1e6),
    ("mil", 1e6),
    ("m", 1e6),
    ("mn", 1e6),
    ("karod", 1e7),
    ("crore", 1e7),
    ("crores", 1e7),
    ("cr", 1e7),
    ("करोड़", 1e7),
    ("करोड", 1e7),
    ("billion", 1e9),
    ("bn", 1e9),
    ("b", 1e9),
    ("अरब", 1e9),
    ("trillion", 1e12),
];

/// Numbers in words; they count only before a multiplier ("two million").
const WORDS: &[(&str, f64)] = &[
    ("a", 1.0),
    ("one", 1.0),
    ("two", 2.0),
    ("three", 3.0),
    ("four", 4.0),
    ("five", 5.0),
    ("six", 6.0),
    ("seven", 7.0),
    ("eight", 8.0),
    ("nine", 9.0),
    ("ten", 10.0),
    ("eleven", 11.0),
    ("twelve", 12.0),
    ("thirteen", 13.0),
    ("fourteen", 14.0),
    ("fifteen", 15.0),
    ("sixteen", 16.0),
    ("seventeen", 17.0),
    ("eighteen", 18.0),
    ("nineteen", 19.0),
    ("twenty", 20.0),
    ("thirty", 30.0),
    ("forty", 40.0),
    ("fifty", 50.0),
    ("sixty", 60.0),
    ("seventy", 70.0),
    ("eighty", 80.0),
    ("ninety", 90.0),
    ("several", 2.0),
    ("एक", 1.0),
    ("दो", 2.0),
    ("तीन", 3.0),
    ("चार", 4.0),
    ("पांच", 5.0),
    ("दस", 10.0),
    ("बीस", 20.0),
    ("पचास", 50.0),
    ("सौ", 100.0),
];

/// Hindi's own fractions before a multiplier: one and a half, two and a half, one and a
/// quarter lakh.
const FRACTIONS: &[(&str, f64)] = &[("डेढ़", 1.5), ("ढाई", 2.5), ("सवा", 1.25)];

/// What these add to the number behind them: "साढ़े तीन लाख" is three and a half lakh.
const ADDED: &[(&str, f64)] = &[("साढ़े", 0.5), ("सवा", 0.25), ("पौने", -0.25)];

/// More than one, nobody says how many: twice the least.
const VAGUE: &[(&str, f64)] = &[
    ("dozens", 24.0),
    ("hundreds", 200.0),
    ("thousands", 2e3),
    ("tens of thousands", 2e4),
    ("hundreds of thousands", 2e5),
    ("lakhs", 2e5),
    ("millions", 2e6),
    ("tens of millions", 2e7),
    ("crores", 2e7),
    ("hundreds of millions", 2e8),
    ("billions", 2e9),
    ("हजारों", 2e3),
    ("लाखों", 2e5),
    ("करोड़ों", 2e7),
];

const PEOPLE: &[&str] = &[
    "accounts",
    "adults",
    "americans",
    "beneficiaries",
    "children",
    "citizens",
    "clients",
    "consumers",
    "credentials",
    "customers",
    "emails",
    "employees",
    "guests",
    "households",
    "identities",
    "indians",
    "individuals",
    "logins",
    "members",
    "members'",
    "officers",
    "passengers",
    "passwords",
    "patients",
    "people",
    "people's",
    "personnel",
    "persons",
    "policyholders",
    "profiles",
    "records",
    "residents",
    "shoppers",
    "staff",
    "students",
    "subscribers",
    "taxpayers",
    "travellers",
    "travelers",
    "users",
    "users'",
    "victims",
    "voters",
    "workers",
    "लोगों",
    "लोग",
    "यूजर्स",
    "यूज़र्स",
    "उपयोगकर्ताओं",
    "ग्राहकों",
    "ग्राहक",
    "खातों",
    "खाते",
    "नागरिकों",
    "मरीजों",
    "मरीज़ों",
    "छात्रों",
    "छात्र",
    "विद्यार्थियों",
    "मरीज",
    "यूजर",
    "कर्मचारियों",
    "यात्रियों",
    "उपभोक्ताओं",
    "निवेशकों",
    "खाताधारकों",
    "रिकॉर्ड",
    "logon",
    "grahakon",
    "marizon",
    "khaton",
];

const ORGANISATIONS: &[&str] = &[
    "agencies",
    "airports",
    "banks",
    "businesses",
    "companies",
    "computers",
    "councils",
    "countries",
    "devices",
    "entities",
    "firms",
    "governments",
    "hospitals",
    "instances",
    "institutions",
    "municipalities",
    "organisations",
    "organizations",
    "routers",
    "schools",
    "servers",
    "sites",
    "systems",
    "universities",
    "websites",
    "कंपनियों",
    "संगठनों",
    "बैंकों",
    "अस्पतालों",
];

const CURRENCIES_BEFORE: &[&str] = &["rs", "inr", "usd", "eur", "gbp"];

const CURRENCIES_AFTER: &[&str] = &[
    "dollars",
    "rupees",
    "euros",
    "pounds",
    "usd",
    "eur",
    "रुपये",
    "रुपए",
];

/// A word or a number of the text.
#[derive(Debug, Clone, Copy)]
struct Token<'a> {
    start: usize,
    end: usize,
    word: &'a str,
    /// Where a multiplier touches the number: "2.3m".
    value: Option<(f64, &'a str)>,
    /// A sentence, a bracket or the like ends behind it.
    last: bool,
}

/// Every quantity of a passage.
pub(crate) fn read(passage: &Passage) -> Vec<Quantity> {
    let text = passage.folded.text();
    let text = text
        .get(..text.floor_char_boundary(MAX_BYTES))
        .unwrap_or_default();
    let tokens = tokens(text);
    let mut found = Vec::new();
    let mut numbers = 0;
    let mut at = 0;
    while at < tokens.len() && numbers < MAX_NUMBERS {
        work::steps(1);
        let Some((amount, next)) = number(&tokens, at) else {
            at += 1;
            continue;
        };
        numbers += 1;
        found.extend(counted(passage, text, &tokens, at, next, amount));
        at = next;
    }
    found
}

/// What the number from token `at` up to, not including, token `next` counts.
fn counted(
    passage: &Passage,
    text: &str,
    tokens: &[Token<'_>],
    at: usize,
    next: usize,
    amount: f64,
) -> Option<Quantity> {
    let (first, last) = (tokens.get(at)?, tokens.get(next.checked_sub(1)?)?);
    let make = |counted, start, end| Quantity {
        counted,
        amount,
        span: passage.span_of_folded(start, end),
        place: (start, end),
        text: passage.clean_of_folded(start, end).to_owned(),
    };
    let before = text.get(..first.start).unwrap_or_default();
    let head = before.trim_end();
    if let Some(sign) = head.chars().next_back().filter(|c| "₹$£€".contains(*c)) {
        let start = head.len() - sign.len_utf8();
        return Some(make(Counted::Money, start, last.end));
    }
    let previous = at.checked_sub(1).and_then(|index| tokens.get(index));
    if let Some(previous) = previous.filter(|token| CURRENCIES_BEFORE.contains(&token.word)) {
        return Some(make(Counted::Money, previous.start, last.end));
    }
    let mut ended = last.last;
    for token in tokens.get(next..)?.iter().take(REACH + 1) {
        if ended || token.value.is_some() {
            return None;
        }
        let counted = if PEOPLE.contains(&token.word) {
            Counted::People
        } else if ORGANISATIONS.contains(&token.word) {
            Counted::Organisations
        } else if CURRENCIES_AFTER.contains(&token.word) {
            Counted::Money
        } else {
            ended = token.last;
            continue;
        };
        return Some(make(counted, first.start, token.end));
    }
    None
}

/// The number that starts at token `at`, and the token behind it.
fn number(tokens: &[Token<'_>], at: usize) -> Option<(f64, usize)> {
    let first = tokens.get(at)?;
    let word = |offset: usize| tokens.get(at + offset).map(|token| token.word);
    if let Some((value, touching)) = first.value {
        if !touching.is_empty() {
            return multiplier(touching).map(|factor| (value * factor, at + 1));
        }
        let mut amount = value;
        let mut next = at + 1;
        // "2 lakh crore" multiplies twice.
        while next <= at + 2
            && !tokens.get(next - 1).is_some_and(|token| token.last)
            && let Some(factor) = tokens.get(next).and_then(|token| multiplier(token.word))
        {
            amount *= factor;
            next += 1;
        }
        return Some((amount, next));
    }
    if !may_begin(first.word) {
        return None;
    }
    let known = |list: &[(&str, f64)], word: &str| {
        let found = list.iter().find(|(name, _)| *name == word);
        found.map(|(_, value)| *value)
    };
    if let Some(added) = known(ADDED, first.word)
        && let Some(second) = tokens.get(at + 1)
        && let Some(value) = second
            .value
            .map(|(value, _)| value)
            .or_else(|| known(WORDS, second.word))
        && let Some(factor) = word(2).and_then(multiplier)
    {
        return Some(((value + added) * factor, at + 3));
    }
    if let Some(value) = known(FRACTIONS, first.word)
        && let Some(factor) = word(1).and_then(multiplier)
    {
        return Some((value * factor, at + 2));
    }
    if let Some(value) = known(WORDS, first.word)
        && [word(1), word(2), word(3)] == [Some("and"), Some("a"), Some("half")]
        && let Some(factor) = word(4).and_then(multiplier)
    {
        return Some(((value + 0.5) * factor, at + 5));
    }
    if first.word == "half" && word(1) == Some("a") {
        return multiplier(word(2)?).map(|factor| (factor / 2.0, at + 3));
    }
    // Hardly any word begins one of them, and to join words costs.
    let begins = |vague: &str| {
        vague
            .strip_prefix(first.word)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    let vague = VAGUE.iter().any(|(vague, _)| begins(vague));
    for parts in [3, 1].into_iter().filter(|_| vague) {
        let joined: Vec<&str> = (0..parts).filter_map(word).collect();
        let joined = joined.join(" ");
        if let Some((_, amount)) = VAGUE.iter().find(|(vague, _)| *vague == joined) {
            let of = usize::from(word(parts) == Some("of"));
            return Some((*amount, at + parts + of));
        }
    }
    let value = known(WORDS, first.word)?;
    let factor = multiplier(word(1)?).filter(|_| word(1) != Some("m") && word(1) != Some("b"))?;
    Some((value * factor, at + 2))
}

/// False for a word that surely begins no number in words, which most are: by its first
/// byte and its length.
fn may_begin(word: &str) -> bool {
    let length = LENGTHS.get(usize::from(word.bytes().next().unwrap_or_default()));
    length.is_some_and(|lengths| lengths & length_bit(word) != 0)
}

/// The lengths of the words that begin numbers, one bit each, by their first byte.
static LENGTHS: LazyLock<[u64; 256]> = LazyLock::new(|| {
    let mut lengths = [0; 256];
    let phrases = [WORDS, FRACTIONS, ADDED, VAGUE].into_iter().flatten();
    for phrase in phrases.map(|(phrase, _)| *phrase).chain(["half"]) {
        let word = phrase.split(' ').next().unwrap_or_default();
        let first = usize::from(word.bytes().next().unwrap_or_default());
        if let Some(lengths) = lengths.get_mut(first) {
            *lengths |= length_bit(word);
        }
    }
    lengths
});

fn length_bit(word: &str) -> u64 {
    1 << word.len().min(63)
}

fn multiplier(word: &str) -> Option<f64> {
    MULTIPLIERS
        .iter()
        .find(|(name, _)| *name == word)
        .map(|(_, factor)| *factor)
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut at = 0;
    while let Some(skipped) = text.get(at..).and_then(fold::find_word) {
        let start = at + skipped;
        let rest = text.get(start..).unwrap_or_default();
        let token = match digits(rest) {
            Some((value, len)) if stands_alone(text, start) => {
                let tail = rest.get(len..).unwrap_or_default();
                let touching = word_length(tail);
                Token {
                    start,
                    end: start + len + touching,
                    word: "",
                    value: Some((value, tail.get(..touching).unwrap_or_default())),
                    last: false,
                }
            }
            _ => {
                let len = word_length(rest);
                Token {
                    start,
                    end: start + len,
                    word: rest.get(..len).unwrap_or_default(),
                    value: None,
                    last: false,
                }
            }
        };
        at = token.end.max(start + 1);
        let behind = text.get(at..).unwrap_or_default();
        let ends = behind.starts_with(['.', ';', '(', ')', '%', '!', '?', '|']);
        // "6.1 mil. users": an abbreviation ends no sentence.
        let abbreviated = token.word == "mil" || token.word == "rs";
        tokens.push(Token {
            last: ends && !abbreviated,
            ..token
        });
    }
    tokens
}

/// Whether a number starts here, and not the rest of a word or an id:
/// `CVE-2026-1234`, `T1059`, `3.1.2`. The end of a range does: `10-12 lakh`.
fn stands_alone(text: &str, start: usize) -> bool {
    let before = text.get(..start).unwrap_or_default();
    let is_part = |c: char| is_word(c) || matches!(c, '-' | '.' | ':' | '/' | '#');
    if let Some(before) = before.strip_suffix('-') {
        let from = before.trim_end_matches(|c: char| c.is_ascii_digit());
        let is_range = from.len() < before.len()
            && before.len() - from.len() <= 4
            && !from.chars().next_back().is_some_and(is_part);
        return is_range && is_multiplied(text.get(start..).unwrap_or_default());
    }
    !before.chars().next_back().is_some_and(is_part)
}

/// Whether a multiplier follows the digits.
fn is_multiplied(text: &str) -> bool {
    let behind = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let Some(word) = behind.strip_prefix(' ') else {
        return false;
    };
    word.get(..fold::word_length(word))
        .is_some_and(|word| multiplier(word).is_some())
}

fn word_length(text: &str) -> usize {
    // Most words are letters alone, each a byte.
    let is_plain = |byte: &u8| is_word_byte(*byte) && !byte.is_ascii_digit();
    let mut len = text.bytes().take_while(is_plain).count();
    for letter in text.get(len..).unwrap_or_default().chars() {
        let inside = is_word(letter) || (letter == '\'' && len > 0);
        if !inside || (len == 0 && letter.is_numeric()) {
            break;
        }
        len += letter.len_utf8();
    }
    if len == 0 {
        // A word may start with a digit that is part of an id.
        len = text
            .chars()
            .take_while(|letter| is_word(*letter))
            .map(char::len_utf8)
            .sum();
    }
    len
}

/// The number at the start of a text and its length in bytes: digits in groups,
/// with a fraction, Latin or Devanagari.
fn digits(text: &str) -> Option<(f64, usize)> {
    let (mut written, mut len) = run(text)?;
    while let Some(separator) = text
        .get(len..)?
        .chars()
        .next()
        .filter(|c| ".,".contains(*c))
    {
        let after = text.get(len + 1..)?;
        let gap = after.len() - after.trim_start_matches(' ').len();
        let Some((group, size)) = run(after.get(gap..)?) else {
            break;
        };
        let behind = after.get(gap + size..)?;
        if gap > 1 || (gap == 1 && !is_torn(separator, &group, behind)) {
            break;
        }
        if separator == '.' {
            // A second point makes it a version.
            if written.contains('.') {
                return None;
            }
            written.push('.');
        }
        written.push_str(&group);
        len += 1 + gap + size;
    }
    written.parse().ok().map(|value| (value, len))
}

/// Whether a number goes on behind a separator and a blank.
fn is_torn(separator: char, group: &str, behind: &str) -> bool {
    if separator == ',' {
        return group.len() == 3;
    }
    let word: String = behind
        .trim_start()
        .chars()
        .take_while(|c| is_word(*c))
        .collect();
    group.len() <= 2 && multiplier(&word).is_some()
}

/// A run of digits as ASCII, and its length in bytes.
fn run(text: &str) -> Option<(String, usize)> {
    /// Longer numbers count nothing.
    const MOST: usize = 20;
    let mut written = String::new();
    let mut len = 0;
    for letter in text.chars().take(MOST) {
        let digit = match letter {
            '0'..='9' => letter,
            '०'..='९' => char::from_digit(letter as u32 - '०' as u32, 10)?,
            _ => break,
        };
        written.push(digit);
        len += letter.len_utf8();
    }
    (!written.is_empty()).then_some((written, len))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use model::Field;

    fn check(text: &str, wanted: &Expect) {
        let found: Vec<String> = read(&Passage::new(Field::Text, text.to_owned()))
            .iter()
            .map(|q| format!("{:?} {} ‹{}›", q.counted, q.amount, q.text))
            .collect();
        wanted.assert_eq(&found.join(" | "));
    }

    #[test]
    fn numbers_are_read_with_what_they_count() {
        check(
            "exposed 2.3 million records and 500 customers",
            &expect![["People 2300000 ‹2.3 million records› | People 500 ‹500 customers›"]],
        );
        check(
            "data of 1,20,000 users",
            &expect![["People 120000 ‹1,20,000 users›"]],
        );
        check(
            "1.2 lakh users lost ₹45 crore",
            &expect![["People 120000 ‹1.2 lakh users› | Money 450000000 ‹₹45 crore›"]],
        );
        check(
            "10M Indian bank customers",
            &expect![["People 10000000 ‹10M Indian bank customers›"]],
        );
        check(
            "164 councils and 2,000 servers; losses of Rs 3,000 crore or 5 million dollars",
            &expect![[
                "Organisations 164 ‹164 councils› | Organisations 2000 ‹2,000 servers› | Money 30000000000 ‹Rs 3,000 crore› | Money 5000000 ‹5 million dollars›"
            ]],
        );
    }

    #[test]
    fn ranges_and_numbers_in_words_are_read() {
        check(
            "10-12 lakh users, twelve lakh customers, several lakh people",
            &expect![[
                "People 1200000 ‹12 lakh users› | People 1200000 ‹twelve lakh customers› | People 200000 ‹several lakh people›"
            ]],
        );
        check("CVE-2026-12 users, 2026-10-12 million", &expect![[""]]);
    }

    #[test]
    fn hindi_numbers_are_read() {
        check(
            "80 लाख लोगों का डेटा, २.५ करोड़ ग्राहकों का",
            &expect![["People 8000000 ‹80 लाख लोगों› | People 25000000 ‹२.५ करोड़ ग्राहकों›"]],
        );
        check(
            "दो लाख यूजर्स और लाखों लोग",
            &expect![["People 200000 ‹दो लाख यूजर्स› | People 200000 ‹लाखों लोग›"]],
        );
    }

    #[test]
    fn every_way_of_writing_is_read() {
        for (word, _) in [MULTIPLIERS, WORDS, FRACTIONS, ADDED, VAGUE].concat() {
            assert_eq!(crate::fold::folded(word), word, "never met in folded text");
        }
        for (text, counted, amount) in [
            ("डेढ़ लाख लोगों", Counted::People, 1.5e5),
            ("ढाई करोड़ रुपये", Counted::Money, 2.5e7),
            ("साढ़े तीन लाख यूजर्स", Counted::People, 3.5e5),
            ("सवा लाख ग्राहकों", Counted::People, 1.25e5),
            ("५० ह\u{91c}\u{93c}ार खाते", Counted::People, 5e4),
            ("५० ह\u{95b}ार खाते", Counted::People, 5e4),
            ("2 करो\u{95c} रुपये", Counted::Money, 2e7),
            ("1.2 करोड़ लोगों", Counted::People, 1.2e7),
            ("₹45-crore", Counted::Money, 4.5e8),
            ("Rs. 45 lakh", Counted::Money, 4.5e6),
            ("45 crore rupees", Counted::Money, 4.5e8),
            ("$1.2bn", Counted::Money, 1.2e9),
            ("USD 4.5 million", Counted::Money, 4.5e6),
            ("€3m", Counted::Money, 3e6),
            ("2.3-million records", Counted::People, 2.3e6),
            ("1.5M+ users", Counted::People, 1.5e6),
            ("1,20,000+ users", Counted::People, 1.2e5),
            ("over 20k accounts", Counted::People, 2e4),
            ("12 lakh-odd customers", Counted::People, 1.2e6),
            ("one and a half million people", Counted::People, 1.5e6),
        ] {
            let found = read(&Passage::new(Field::Text, text.to_owned()));
            let told: Vec<_> = found.iter().map(|q| (q.counted, q.amount)).collect();
            assert_eq!(told, [(counted, amount)], "{text}");
        }
    }

    #[test]
    fn numbers_in_words_are_read() {
        check(
            "half a million people, two million users, tens of thousands of patients, millions of accounts",
            &expect![[
                "People 500000 ‹half a million people› | People 2000000 ‹two million users› | People 20000 ‹tens of thousands of patients› | People 2000000 ‹millions of accounts›"
            ]],
        );
    }

    #[test]
    fn torn_numbers_are_put_together() {
        check(
            "17. 5 million user accounts; 114, 000 users; 6. 1 mil. users",
            &expect![[
                "People 17500000 ‹17. 5 million user accounts› | People 114000 ‹114, 000 users› | People 6100000 ‹6. 1 mil. users›"
            ]],
        );
        check(
            "In 2025. 5 users, 3, 4 people",
            &expect![["People 5 ‹5 users› | People 4 ‹4 people›"]],
        );
    }

    #[test]
    fn other_numbers_are_left() {
        check(
            "CVE-2026-1234 users, in 2026. Users of 3.1% and 5 days; 1.2.3 users, a user",
            &expect![[""]],
        );
        check("", &expect![[""]]);
    }
}
