//! Numbers with what they count: "2.3 million records", "1.2 lakh users", "₹45
//! crore". Indian multipliers and groupings (1,20,000) included.

use model::Span;

use crate::passage::Passage;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counted {
    /// People, accounts, records about them.
    People,
    /// Money, in whatever currency.
    Money,
}

/// A number with its unit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Quantity {
    pub(crate) counted: Counted,
    pub(crate) amount: f64,
    pub(crate) span: Span,
    /// As the reader sees it.
    pub(crate) text: String,
}

/// Numbers beyond these are a table.
const MAX_NUMBERS: usize = 500;

const MULTIPLIERS: &[(&str, f64)] = &[
    ("thousand", 1e3),
    ("k", 1e3),
    ("हजार", 1e3),
    ("lakh", 1e5),
    ("lakhs", 1e5),
    ("lac", 1e5),
    ("लाख", 1e5),
    ("million", 1e6),
    ("millions", 1e6),
    ("m", 1e6),
    ("mn", 1e6),
    ("crore", 1e7),
    ("crores", 1e7),
    ("cr", 1e7),
    ("करोड़", 1e7),
    ("करोड", 1e7),
    ("billion", 1e9),
    ("bn", 1e9),
    ("b", 1e9),
];

const PEOPLE: &[&str] = &[
    "accounts",
    "citizens",
    "clients",
    "consumers",
    "credentials",
    "customers",
    "emails",
    "employees",
    "guests",
    "households",
    "individuals",
    "members",
    "members'",
    "passengers",
    "passwords",
    "patients",
    "people",
    "people's",
    "profiles",
    "records",
    "residents",
    "students",
    "subscribers",
    "taxpayers",
    "travellers",
    "users",
    "victims",
    "voters",
    "workers",
    "लोगों",
    "यूजर्स",
    "उपयोगकर्ताओं",
    "ग्राहकों",
    "खातों",
    "मरीजों",
    "रिकॉर्ड",
];

/// Every quantity of a passage.
pub(crate) fn read(passage: &Passage) -> Vec<Quantity> {
    let text = passage.folded.text();
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    let mut numbers = 0;
    while let Some(skipped) = bytes
        .get(at..)
        .and_then(|rest| rest.iter().position(u8::is_ascii_digit))
    {
        let start = at + skipped;
        let rest = text.get(start..).unwrap_or_default();
        let len = rest
            .bytes()
            .take_while(|b| b.is_ascii_digit() || matches!(b, b'.' | b','))
            .count();
        at = start + len.max(1);
        numbers += 1;
        if numbers > MAX_NUMBERS {
            break;
        }
        // Part of a word or an id: `CVE-2026-1234`, `T1059`, `3g`.
        let before = text
            .get(..start)
            .and_then(|before| before.chars().next_back());
        if before
            .is_some_and(|c| crate::fold::is_word(c) || matches!(c, '-' | '.' | ':' | '/' | '#'))
        {
            continue;
        }
        found.extend(quantity(passage, text, start, len));
    }
    found
}

fn quantity(passage: &Passage, text: &str, start: usize, len: usize) -> Option<Quantity> {
    let digits: String = text
        .get(start..start + len)?
        .trim_end_matches(['.', ','])
        .replace(',', "");
    let number: f64 = digits.parse().ok()?;
    let mut end = start
        + text
            .get(start..start + len)?
            .trim_end_matches(['.', ','])
            .len();
    // `rest` is short, so that a hostile text costs no long scan for each number.
    let tail_end = text.floor_char_boundary((end + 80).min(text.len()));
    let tail = text.get(end..tail_end)?;
    let mut amount = number;
    let mut words = tail.split_inclusive([' ', '-']).peekable();
    let mut consumed = 0;
    // "2.3m" and "2.3 million": the multiplier touches the number or follows it.
    while let Some(word) = words.peek() {
        let bare = word.trim_matches(|c: char| {
            !c.is_alphanumeric() && !unicode_normalization::char::is_combining_mark(c)
        });
        if bare.is_empty() && consumed == 0 {
            consumed += word.len();
            words.next();
            continue;
        }
        if let Some((_, factor)) = MULTIPLIERS.iter().find(|(name, _)| *name == bare) {
            amount *= factor;
            end += consumed
                + word
                    .trim_end_matches(|c: char| !crate::fold::is_word(c))
                    .len();
        }
        break;
    }
    let before = text.get(..start)?.trim_end();
    let currency = ["₹", "$", "£", "€", "rs", "rs.", "inr", "usd"]
        .iter()
        .find(|sign| before.ends_with(**sign));
    if let Some(sign) = currency {
        let from = before.len() - sign.len();
        return Some(make(passage, Counted::Money, amount, from, end));
    }
    // Up to three words may stand between: "2.3 million Indian bank customers".
    let tail = text.get(end..tail_end)?;
    let mut at = 0;
    for word in tail
        .split_inclusive([' ', '-'])
        .filter(|word| !word.trim().is_empty())
        .take(4)
    {
        let leading = word.len() - word.trim_start().len();
        let bare = word.trim_matches(|c: char| !crate::fold::is_word(c) && c != '\'');
        if PEOPLE.contains(&bare) {
            let from = at + leading;
            let unit_end = end + text.get(end + from..)?.find(bare)? + from + bare.len();
            return Some(make(passage, Counted::People, amount, start, unit_end));
        }
        // A sentence or another number ends the reach.
        if word.contains(['.', ';', '(', ')', '%'])
            || bare.starts_with(|c: char| c.is_ascii_digit())
        {
            return None;
        }
        at += word.len();
    }
    None
}

fn make(passage: &Passage, counted: Counted, amount: f64, start: usize, end: usize) -> Quantity {
    Quantity {
        counted,
        amount,
        span: passage.span_of_folded(start, end),
        text: passage.clean_of_folded(start, end).to_owned(),
    }
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
            "80 लाख लोगों का डेटा",
            &expect![["People 8000000 ‹80 लाख लोगों›"]],
        );
        check(
            "10M Indian bank customers",
            &expect![["People 10000000 ‹10M Indian bank customers›"]],
        );
    }

    #[test]
    fn other_numbers_are_left() {
        check(
            "CVE-2026-1234 users, in 2026. Users of 3.1% and 5 days",
            &expect![[""]],
        );
        check("", &expect![[""]]);
    }
}
