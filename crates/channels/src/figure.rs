//! Numbers and times as the reader writes them.

use jiff::tz::TimeZone;
use model::Timestamp;
use model::clock::whole_day;

/// A count with Indian grouping: `1,20,000`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + 8);
    for (index, digit) in digits.chars().enumerate() {
        let left = digits.len() - index;
        // Three digits at the end, pairs before them.
        if index > 0 && (left == 3 || (left > 3 && left % 2 == 1)) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 item`, `14 items`.
pub(crate) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// The time in the reader's zone: `21 Nov 2026, 14:30 IST`. UTC when the zone is
/// unknown. What stands for a whole day is shown as one.
pub(crate) fn time(at: Timestamp, zone: &str) -> String {
    if let Some(day) = whole_day(at) {
        return day.strftime("%-d %b %Y").to_string();
    }
    let zoned = at.to_zoned(TimeZone::get(zone).unwrap_or(TimeZone::UTC));
    let shown = zoned.strftime("%-d %b %Y, %H:%M").to_string();
    let name = zoned.strftime("%Z").to_string();
    // Zones without a name of their own are called by their distance: `+04`.
    let apart = if name.starts_with(['+', '-']) {
        "UTC"
    } else {
        ""
    };
    format!("{shown} {apart}{name}")
}

/// A day that was given without a time, and is kept as midnight UTC: `12 Dec 2026`.
pub(crate) fn day(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%-d %b %Y").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_the_indian_way() {
        for (number, shown) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (99_999, "99,999"),
            (120_000, "1,20,000"),
            (12_345_678, "1,23,45,678"),
        ] {
            assert_eq!(count(number), shown);
        }
        assert_eq!(counted(1, "item", "items"), "1 item");
    }

    #[test]
    fn times_are_shown_in_the_readers_zone() {
        let at: Timestamp = "2026-11-21T09:00:00Z".parse().unwrap();
        for (zone, shown) in [
            ("Asia/Kolkata", "21 Nov 2026, 14:30 IST"),
            ("Asia/Dubai", "21 Nov 2026, 13:00 UTC+04"),
            ("UTC", "21 Nov 2026, 09:00 UTC"),
            ("Middle/Earth", "21 Nov 2026, 09:00 UTC"),
        ] {
            assert_eq!(time(at, zone), shown);
        }
        let midnight: Timestamp = "2026-11-21T00:00:00Z".parse().unwrap();
        for zone in ["Asia/Kolkata", "America/Lima"] {
            assert_eq!(time(midnight, zone), "21 Nov 2026");
        }
        assert_eq!(day("2026-12-12T00:00:00Z".parse().unwrap()), "12 Dec 2026");
        for edge in [Timestamp::MIN, Timestamp::MAX] {
            assert!(!time(edge, "Asia/Kolkata").is_empty());
        }
    }
}
