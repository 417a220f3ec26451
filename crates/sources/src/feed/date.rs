//! Dates as feeds write them.
//!
//! RSS asks for RFC 822, Atom for RFC 3339; feeds write both in either place, and
//! more: `2026-11-21 09:00`, `21-Nov-2026`, `Nov 21, 2026 9:00 AM IST`, seconds
//! since 1970. A weekday is passed over, since it is often wrong. A date that
//! cannot be is none. Zone names mean what they mean in the places our sources
//! write from: `IST` is India; a military letter means nothing (RFC 5322, 4.3).

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use model::Timestamp;

/// `0001-01-01` is how Go and .NET write "none". It is kept, as feeds give it: an
/// old date does less harm than no date, which would make the entry news.
const FIRST_YEAR: i16 = 1;

/// Nor after.
const LAST_YEAR: i16 = 2199;

/// The longest real date we have seen has 44 characters.
const LONGEST: usize = 80;

/// The instant a text names; none if it names none. Without a zone it is UTC.
pub(crate) fn read(text: &str) -> Option<Timestamp> {
    read_in(text, &TimeZone::UTC)
}

/// The same for a place whose writers leave out their zone.
pub(crate) fn read_in(text: &str, unsaid: &TimeZone) -> Option<Timestamp> {
    let text = text.trim();
    if text.is_empty() || text.len() > LONGEST {
        return None;
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) && matches!(text.len(), 9 | 10 | 13) {
        return epoch(text);
    }
    let parts = iso(text).or_else(|| words(text))?;
    parts.instant(unsaid)
}

#[derive(Debug, Default, Clone, Copy)]
struct Parts {
    year: i16,
    month: i8,
    day: i8,
    hour: i8,
    minute: i8,
    second: i8,
    nanosecond: i32,
    offset: Option<i32>,
}

impl Parts {
    fn instant(self, unsaid: &TimeZone) -> Option<Timestamp> {
        if !(FIRST_YEAR..=LAST_YEAR).contains(&self.year) {
            return None;
        }
        // The end of a day written as its 24th hour, and a leap second.
        let (hour, next_day) = if self.hour == 24 && self.minute == 0 {
            (0, true)
        } else {
            (self.hour, false)
        };
        let second = if self.second == 60 { 59 } else { self.second };
        let local = DateTime::new(
            self.year,
            self.month,
            self.day,
            hour,
            self.minute,
            second,
            self.nanosecond,
        )
        .ok()?;
        let local = if next_day {
            local.tomorrow().ok()?
        } else {
            local
        };
        // An offset that no place has is read as none, like an unknown zone.
        let offset = self
            .offset
            .and_then(|seconds| Offset::from_seconds(seconds).ok());
        match offset {
            Some(offset) => offset.to_timestamp(local).ok(),
            None => unsaid.to_timestamp(local).ok(),
        }
    }

    /// Reads `9:00`, `09:00:30.25` and what else begins so; gives the rest.
    fn read_time<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        let (hour, rest) = number(text, 2)?;
        let rest = rest.strip_prefix(':').or_else(|| rest.strip_prefix('.'))?;
        let (minute, mut rest) = number(rest, 2)?;
        self.hour = i8::try_from(hour).ok()?;
        self.minute = i8::try_from(minute).ok()?;
        if let Some(after) = rest.strip_prefix(':')
            && let Some((second, after)) = number(after, 2)
        {
            self.second = i8::try_from(second).ok()?;
            rest = after;
            if let Some(fraction) = after.strip_prefix(['.', ',']) {
                let digits = digits_at(fraction, 24);
                rest = fraction.get(digits..)?;
                let kept = fraction.get(..digits.min(9))?;
                self.nanosecond = format!("{kept:0<9}").parse().ok()?;
            }
        }
        Some(rest)
    }
}

fn epoch(text: &str) -> Option<Timestamp> {
    let number: i64 = text.parse().ok()?;
    let at = if text.len() == 13 {
        Timestamp::from_millisecond(number).ok()
    } else {
        Timestamp::from_second(number).ok()
    };
    at.filter(|at| Offset::UTC.to_datetime(*at).year() <= LAST_YEAR)
}

/// `2026-11-21T09:00:00+05:30` and its relatives: other separators, no seconds,
/// no time, `20261121T090000Z`.
fn iso(text: &str) -> Option<Parts> {
    let mut parts = Parts::default();
    let (year, rest) = exactly(text, 4)?;
    let separator = rest.chars().next().filter(|c| matches!(c, '-' | '/' | '.'));
    let (month, day, rest) = if let Some(separator) = separator {
        let (month, rest) = number(rest.strip_prefix(separator)?, 2)?;
        match rest.strip_prefix(separator) {
            Some(rest) => {
                let (day, rest) = number(rest, 2)?;
                (month, day, rest)
            }
            // A month alone, as RFC 3339's parent allows.
            None if rest.is_empty() => (month, 1, rest),
            None => return None,
        }
    } else {
        let (month, rest) = exactly(rest, 2)?;
        let (day, rest) = exactly(rest, 2)?;
        (month, day, rest)
    };
    parts.year = i16::try_from(year).ok()?;
    parts.month = i8::try_from(month).ok()?;
    parts.day = i8::try_from(day).ok()?;
    let rest = rest.trim_start_matches([' ', 'T', 't', ',', '_']);
    if rest.is_empty() {
        return Some(parts);
    }
    let compact = digits_at(rest, 7);
    let rest = if matches!(compact, 4 | 6) {
        let (hour, rest) = exactly(rest, 2)?;
        let (minute, rest) = exactly(rest, 2)?;
        parts.hour = i8::try_from(hour).ok()?;
        parts.minute = i8::try_from(minute).ok()?;
        match exactly(rest, 2) {
            Some((second, rest)) => {
                parts.second = i8::try_from(second).ok()?;
                rest
            }
            None => rest,
        }
    } else if let Some(rest) = parts.read_time(rest) {
        rest
    } else {
        // `2026-11-21+05:30`, or words that are no time.
        rest
    };
    let mut meridiem = None;
    for word in rest.split_ascii_whitespace() {
        match half_day(word) {
            Some(afternoon) => meridiem = Some(afternoon),
            None => parts.offset = parts.offset.or_else(|| offset(word)),
        }
    }
    parts.hour = twelve_hours(parts.hour, meridiem)?;
    Some(parts)
}

/// `Sat, 21 Nov 2026 09:00:00 +0530`, and dates in words in any order.
fn words(text: &str) -> Option<Parts> {
    let mut parts = Parts::default();
    let (mut day, mut month, mut year, mut timed, mut meridiem) = (None, None, None, false, None);
    let mut previous_gmt = false;
    let separated = |c: char| c.is_whitespace() || matches!(c, ',' | '(' | ')');
    for word in text
        .split(separated)
        .flat_map(unglued)
        .filter(|word| !word.is_empty())
    {
        let after_gmt = std::mem::take(&mut previous_gmt);
        let letters = word.bytes().take_while(u8::is_ascii_alphabetic).count();
        let digits = digits_at(word, 5);
        if !timed && word.contains(':') && digits > 0 {
            let rest = parts.read_time(word)?;
            timed = true;
            match half_day(rest) {
                Some(afternoon) => meridiem = Some(afternoon),
                None if rest.is_empty() => {}
                None => parts.offset = offset(rest),
            }
        } else if digits > 0 && word.contains(['-', '/']) && day.is_none() && month.is_none() {
            // `21-Nov-2026`. All in digits it could be a day or a month: none.
            let mut pieces = word.split(['-', '/']);
            day = pieces.next()?.parse::<i8>().ok();
            month = Some(month_named(pieces.next()?)?);
            year = Some(year_written(pieces.next()?)?);
        } else if digits > 0
            && digits <= 2
            && day.is_none()
            && is_ordinal(word.get(digits..).unwrap_or_default())
        {
            day = word.get(..digits).and_then(|day| day.parse().ok());
        } else if year.is_none()
            && digits == word.len()
            && (digits == 4 || month.is_some() && matches!(digits, 2 | 3))
        {
            year = Some(year_written(word)?);
        } else if let Some(afternoon) = half_day(word).filter(|_| timed) {
            meridiem = Some(afternoon);
        } else if month.is_none() && letters >= 3 && month_named(word).is_some() {
            month = month_named(word);
        } else if timed && (parts.offset.is_none() || after_gmt) {
            // `GMT +0530` means the second of them.
            previous_gmt = zone(word) == Some(0);
            parts.offset = offset(word).or(parts.offset);
        }
    }
    parts.day = day?;
    parts.month = month?;
    parts.year = year?;
    parts.hour = twelve_hours(parts.hour, meridiem)?;
    Some(parts)
}

/// `30Mar` and `202510:50:41` as two words: Times of India drops a blank now and
/// then.
fn unglued(word: &str) -> [&str; 2] {
    let digits = digits_at(word, 7);
    let at = match digits {
        1 | 2 if month_named(word.get(digits..).unwrap_or_default()).is_some() => digits,
        5 | 6 if word.contains(':') => 4,
        _ => 0,
    };
    word.split_at_checked(at).map_or([word, ""], Into::into)
}

/// At most `most` digits at the beginning, as a number, and the rest.
fn number(text: &str, most: usize) -> Option<(i32, &str)> {
    let digits = digits_at(text, most);
    let value = text.get(..digits)?.parse().ok()?;
    Some((value, text.get(digits..)?))
}

/// Exactly so many digits at the beginning, as a number, and the rest.
fn exactly(text: &str, digits: usize) -> Option<(i32, &str)> {
    (digits_at(text, digits) == digits)
        .then(|| number(text, digits))
        .flatten()
}

fn digits_at(text: &str, most: usize) -> usize {
    text.bytes()
        .take(most)
        .take_while(u8::is_ascii_digit)
        .count()
}

fn is_ordinal(suffix: &str) -> bool {
    matches!(
        suffix.to_ascii_lowercase().as_str(),
        "" | "." | "st" | "nd" | "rd" | "th"
    )
}

/// Whether `am` or `pm` is written, and which.
fn half_day(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "am" | "a.m." => Some(false),
        "pm" | "p.m." => Some(true),
        _ => None,
    }
}

fn twelve_hours(hour: i8, afternoon: Option<bool>) -> Option<i8> {
    Some(match (afternoon, hour) {
        (Some(false), 12) => 0,
        (Some(true), 1..=11) => hour.checked_add(12)?,
        _ => hour,
    })
}

/// Two digits mean 1950 to 2049, three count from 1900 (RFC 5322, 4.3).
fn year_written(word: &str) -> Option<i16> {
    let year: i16 = word.parse().ok()?;
    match word.len() {
        2 if year < 50 => Some(2000 + year),
        2 | 3 => Some(1900 + year),
        4 => Some(year),
        _ => None,
    }
}

fn month_named(word: &str) -> Option<i8> {
    let head = word.get(..3)?;
    if !word
        .trim_end_matches('.')
        .bytes()
        .all(|byte| byte.is_ascii_alphabetic())
    {
        return None;
    }
    let months = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let found = months
        .iter()
        .position(|month| head.eq_ignore_ascii_case(month))?;
    i8::try_from(found + 1).ok()
}

/// Seconds east of Greenwich: `+0530`, `+05:30`, `+5`, `GMT+5:30`, `IST`.
fn offset(word: &str) -> Option<i32> {
    let word = word.trim_matches(['(', ')', '[', ']', '"']);
    let letters = word.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (name, numbers) = word.split_at_checked(letters)?;
    if numbers.is_empty() {
        return zone(name);
    }
    let (sign, numbers) = match numbers.strip_prefix('+') {
        Some(rest) => (1, rest),
        None => (-1, numbers.strip_prefix(['-', '\u{2212}', '\u{2013}'])?),
    };
    let (hours, minutes) = match numbers.split_once(':') {
        Some((hours, minutes)) => (number(hours, 2)?.0, number(minutes, 2)?.0),
        None if digits_at(numbers, 5) > 2 => {
            let (hours, minutes) =
                numbers.split_at_checked(digits_at(numbers, 5).saturating_sub(2))?;
            (number(hours, 2)?.0, number(minutes, 2)?.0)
        }
        None => (number(numbers, 2)?.0, 0),
    };
    (hours <= 15 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// Seconds east of Greenwich of a zone's name.
fn zone(name: &str) -> Option<i32> {
    let quarters = match name.to_ascii_uppercase().as_str() {
        "UT" | "UTC" | "GMT" | "Z" | "WET" => 0,
        "EST" | "CDT" => -5 * 4,
        "EDT" | "AST" => -4 * 4,
        "CST" | "MDT" => -6 * 4,
        "MST" | "PDT" => -7 * 4,
        "PST" | "AKDT" => -8 * 4,
        "AKST" => -9 * 4,
        "HST" => -10 * 4,
        "ADT" | "BRT" | "ART" => -3 * 4,
        "NST" => -14,
        "NDT" => -10,
        "BST" | "CET" | "MET" | "MEZ" | "WEST" | "WAT" => 4,
        "CEST" | "MEST" | "MESZ" | "EET" | "SAST" | "CAT" => 2 * 4,
        "EEST" | "MSK" | "EAT" | "TRT" => 3 * 4,
        "GST" => 4 * 4,
        "PKT" => 5 * 4,
        "IST" => 22,
        "NPT" => 23,
        "BDT" => 6 * 4,
        "ICT" | "WIB" => 7 * 4,
        "SGT" | "HKT" | "PHT" | "MYT" | "AWST" => 8 * 4,
        "JST" | "KST" => 9 * 4,
        "ACST" => 38,
        "ACDT" => 42,
        "AEST" => 10 * 4,
        "AEDT" => 11 * 4,
        "NZST" => 12 * 4,
        "NZDT" => 13 * 4,
        _ => return None,
    };
    Some(quarters * 15 * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_as_feeds_write_them() {
        for (given, expected) in [
            // RFC 822 and what became of it.
            ("Sat, 21 Nov 2026 09:00:00 GMT", "2026-11-21T09:00:00Z"),
            ("Sat, 21 Nov 2026 09:00:00 +0530", "2026-11-21T03:30:00Z"),
            ("Mon, 21 Nov 2026 09:00:00 +05:30", "2026-11-21T03:30:00Z"),
            ("Sat, 21 Nov 2026 09:00 EDT", "2026-11-21T13:00:00Z"),
            ("Sat, 21 Nov 2026 09:00:00 IST", "2026-11-21T03:30:00Z"),
            ("21 Nov 26 09:00:00 Z", "2026-11-21T09:00:00Z"),
            ("21 Nov 99 09:00:00 UT", "1999-11-21T09:00:00Z"),
            ("Sat, 21 Nov 2026 09:00:00 A", "2026-11-21T09:00:00Z"),
            ("Sat, 21 Nov 2026 09:00:00 XYZT", "2026-11-21T09:00:00Z"),
            (
                "Saturday, 21 November 2026 09:00:00 -0000",
                "2026-11-21T09:00:00Z",
            ),
            ("Sat,21 Nov 2026 9:00:00 GMT+0530", "2026-11-21T03:30:00Z"),
            (
                "Sat, 21 Nov 2026 09:00:00 GMT +05:30",
                "2026-11-21T03:30:00Z",
            ),
            ("Sat Nov 21 09:00:00 2026", "2026-11-21T09:00:00Z"),
            ("Sat Nov 21 09:00:00 IST 2026", "2026-11-21T03:30:00Z"),
            ("Sat, 21 Nov 2026", "2026-11-21T00:00:00Z"),
            ("Sat, 21Nov 2026 09:00:00 +0530", "2026-11-21T03:30:00Z"),
            ("Sat, 21 Nov 20269:00:00 +0530", "2026-11-21T03:30:00Z"),
            ("Mon, 01 Jan 0001 00:00:00 +0000", "0001-01-01T00:00:00Z"),
            ("Nov 21st, 2026 9:05 PM", "2026-11-21T21:05:00Z"),
            ("November 21, 2026 12:05AM IST", "2026-11-20T18:35:00Z"),
            ("21-Nov-2026 09:00:00", "2026-11-21T09:00:00Z"),
            ("Sat, 21 Nov 2026 24:00:00 GMT", "2026-11-22T00:00:00Z"),
            ("Sat, 31 Dec 2016 23:59:60 GMT", "2016-12-31T23:59:59Z"),
            ("Sat, 21 Nov 2026 09:00:00 +9999", "2026-11-21T09:00:00Z"),
            (
                "Sat, 21 Nov 2026 09:00:00 +0000 (Coordinated Universal Time)",
                "2026-11-21T09:00:00Z",
            ),
            // RFC 3339 and its relatives.
            ("2026-11-21T09:00:00Z", "2026-11-21T09:00:00Z"),
            (
                "2026-11-21T09:00:00.123456789123+05:30",
                "2026-11-21T03:30:00.123456789Z",
            ),
            ("2026-11-21T09:00:00,5Z", "2026-11-21T09:00:00.5Z"),
            ("2026-11-21t09:00+0530", "2026-11-21T03:30:00Z"),
            ("2026-11-21 09:00:00", "2026-11-21T09:00:00Z"),
            ("2026-11-21 09:00:00 IST", "2026-11-21T03:30:00Z"),
            ("2026-11-21 9:05 PM", "2026-11-21T21:05:00Z"),
            ("2026/11/21 09:00", "2026-11-21T09:00:00Z"),
            ("2026-11-21T09:é", "2026-11-21T00:00:00Z"),
            ("2026-11-21", "2026-11-21T00:00:00Z"),
            ("2026-11", "2026-11-01T00:00:00Z"),
            ("20261121T090000Z", "2026-11-21T09:00:00Z"),
            ("20261121", "2026-11-21T00:00:00Z"),
            (" 2026-11-21T09:00:00-08:00\n", "2026-11-21T17:00:00Z"),
            ("1795251600", "2026-11-21T09:00:00Z"),
            ("1795251600000", "2026-11-21T09:00:00Z"),
        ] {
            assert_eq!(
                read(given).map(|at| at.to_string()).as_deref(),
                Some(expected),
                "{given}"
            );
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for given in [
            "",
            "   ",
            "yesterday",
            "Sat, 31 Feb 2026 09:00:00 GMT",
            "2026-13-01T00:00:00Z",
            "2026-02-30",
            "0000-00-00 00:00:00",
            "-0001-11-30T00:00:00+00:00",
            "сб, 21 ноя 2026 09:00:00",
            "Sa, 21 Dez",
            "21/11/2026",
            "99999999999",
            "Sat, 21 Nov 2026 25:00:00 GMT",
            "::::",
            "+0530",
            "Nov",
            "é2026-11-21",
            "2026-é",
            "21-é-2026",
            "1-2-3",
            "2026-11-21T99:99:99Z",
            "Invalid Date",
            "9999999999999",
        ] {
            assert_eq!(read(given), None, "{given}");
        }
        assert_eq!(read(&"9".repeat(1000)), None);
    }

    #[test]
    fn no_text_makes_it_panic() {
        use proptest::prelude::*;
        proptest!(|(text in "\\PC{0,60}")| { let _ = read(&text); });
        proptest!(|(text in "[0-9A-Za-z:+/.,\u{e9} -]{0,40}")| { let _ = read(&text); });
    }
}
