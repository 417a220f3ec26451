//! Dates as pages write them: in the given forms, else in any usual one, in
//! English or Hindi, in a zone of the page's own.

use jiff::civil::{Date, Time};
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::TimeZone;
use model::Timestamp;

use crate::feed::date;

/// Longer texts hold a date somewhere, and no longer say which.
const LONGEST: usize = 120;
/// Tried last: India writes the day first, and so does most of the world.
const DAY_FIRST: [&str; 6] = [
    "%d/%m/%Y",
    "%d-%m-%Y",
    "%d.%m.%Y",
    "%d/%m/%Y %H:%M",
    "%d-%m-%Y %H:%M",
    "%d.%m.%Y %H:%M",
];

/// Hindi months, in the spellings of newspapers and of the government.
const MONTHS: [(&str, &str); 23] = [
    ("जनवरी", "January"),
    ("फरवरी", "February"),
    ("फ़रवरी", "February"),
    ("फ\u{95e}रवरी", "February"),
    ("मार्च", "March"),
    ("अप्रैल", "April"),
    ("अप्रेल", "April"),
    ("मई", "May"),
    ("जून", "June"),
    ("जुलाई", "July"),
    ("अगस्त", "August"),
    ("सितंबर", "September"),
    ("सितम्बर", "September"),
    ("अक्टूबर", "October"),
    ("अक्तूबर", "October"),
    ("नवंबर", "November"),
    ("नवम्बर", "November"),
    ("दिसंबर", "December"),
    ("दिसम्बर", "December"),
    ("बजे", ""),
    ("पूर्वाह्न", "AM"),
    ("अपराह्न", "PM"),
    ("भारतीय समय", "IST"),
];

/// The instant a text names.
pub(crate) fn read(text: &str, formats: &[String], zone: &TimeZone) -> Option<Timestamp> {
    let text = in_english(text)?;
    formats
        .iter()
        .find_map(|format| formatted(format, &text, zone))
        .or_else(|| date::read_in(&text, zone))
        .or_else(|| {
            DAY_FIRST
                .iter()
                .find_map(|format| formatted(format, &text, zone))
        })
}

/// One line with English months and ASCII digits; none if it is too long.
fn in_english(text: &str) -> Option<String> {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        // `२१` are the digits U+0966 on.
        line.extend(word.chars().map(|c| match u32::from(c) {
            digit @ 0x966..=0x96F => char::from_digit(digit - 0x966, 10).unwrap_or(c),
            _ => c,
        }));
        if line.len() > LONGEST * 3 {
            return None;
        }
    }
    if !line.is_ascii() {
        for (hindi, english) in MONTHS {
            if line.contains(hindi) {
                line = line.replace(hindi, english);
            }
        }
    }
    let line = line.trim().to_owned();
    (!line.is_empty() && line.chars().count() <= LONGEST).then_some(line)
}

fn formatted(format: &str, text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let parts: BrokenDownTime = strtime::parse(format, text).ok()?;
    if let Ok(at) = parts.to_timestamp() {
        return Some(at);
    }
    let date: Date = parts.to_date().ok()?;
    let time = parts.to_time().unwrap_or(Time::midnight());
    zone.to_timestamp(date.to_datetime(time)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_in_the_ways_of_pages() {
        let india = TimeZone::get("Asia/Kolkata").unwrap();
        for (text, format, expected) in [
            ("21 November 2026", "", "2026-11-20T18:30:00Z"),
            ("Posted on 21 Nov 2026", "", "2026-11-20T18:30:00Z"),
            ("2026-11-21T09:00:00Z", "", "2026-11-21T09:00:00Z"),
            ("2026-11-21 09:00", "", "2026-11-21T03:30:00Z"),
            ("Sat, 21 Nov 2026 09:00:00 GMT", "", "2026-11-21T09:00:00Z"),
            ("२१ नवंबर २०२६", "", "2026-11-20T18:30:00Z"),
            ("21 नवम्बर 2026, 10:30", "", "2026-11-21T05:00:00Z"),
            ("5 अप्रैल 2026", "", "2026-04-04T18:30:00Z"),
            ("1 फ़रवरी 2026", "", "2026-01-31T18:30:00Z"),
            ("21/11/2026", "", "2026-11-20T18:30:00Z"),
            ("05-04-2026", "", "2026-04-04T18:30:00Z"),
            ("21.11.2026 10:30", "", "2026-11-21T05:00:00Z"),
            ("11/21/2026", "%m/%d/%Y", "2026-11-20T18:30:00Z"),
            ("04/05/2026", "%m/%d/%Y", "2026-04-04T18:30:00Z"),
            ("21-11-26 0930", "%d-%m-%y %H%M", "2026-11-21T04:00:00Z"),
            (
                "Nov 21 26 09:30 +0000",
                "%b %d %y %H:%M %z",
                "2026-11-21T09:30:00Z",
            ),
            ("  21\n   Nov\t2026 ", "", "2026-11-20T18:30:00Z"),
        ] {
            let formats: Vec<String> = [format]
                .iter()
                .filter(|f| !f.is_empty())
                .map(|f| (*f).to_owned())
                .collect();
            let at = read(text, &formats, &india).map(|at| at.to_string());
            assert_eq!(at.as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "soon",
            "31/02/2026",
            "13/13/2026",
            "१३/१३",
            "नवंबर",
            &"1 ".repeat(500),
        ] {
            assert_eq!(
                read(text, &["%Q".to_owned(), "%".to_owned()], &TimeZone::UTC),
                None,
                "{text}"
            );
        }
    }

    #[test]
    fn no_text_makes_it_panic() {
        use proptest::prelude::*;
        proptest!(|(text in "\\PC{0,40}", format in "[%a-zA-Z0-9:.^_-]{0,8}")| {
            let _ = read(&text, &[format], &TimeZone::UTC);
        });
    }
}
