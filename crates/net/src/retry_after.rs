//! `Retry-After`: a number of seconds or an HTTP date (RFC 9110, section 10.2.3).
//!
//! Services send decimals too (Discord), and dates in all three forms that HTTP
//! has had. A wait is cut at a day: a wrong header must not silence a source for
//! a year.
//!
//! Services that count requests say in headers of their own when the count
//! starts again: X, GitHub and Bluesky in seconds since 1970, Reddit in seconds from now,
//! Mastodon as an ISO time.

use std::time::Duration;

use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;
use model::Timestamp;
use model::clock::elapsed;

/// No wait is believed beyond this.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// HTTP dates: today's form, RFC 850's and asctime's. The weekday is read as a
/// word of its own, because it is often wrong and never needed.
const FORMS: [&str; 3] = [
    "%d %b %Y %H:%M:%S",
    "%d-%b-%y %H:%M:%S",
    "%b %d %H:%M:%S %Y",
];

/// Reads the header: how long to wait from `now`, at most a day. A date that is
/// past gives zero. `None` when the text is neither seconds nor a date.
#[must_use]
pub fn parse_retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    // A number cannot be longer than this and mean anything; nor can a date.
    if text.is_empty() || text.len() > 64 {
        return None;
    }
    if text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        let seconds: f64 = text.parse().ok()?;
        // Rounded up: asking a part of a second early is asking early.
        return Some(
            Duration::try_from_secs_f64(seconds.ceil())
                .unwrap_or(LONGEST)
                .min(LONGEST),
        );
    }
    let at = http_date(text)?;
    Some(elapsed(now, at).min(LONGEST))
}

/// Below this a number of seconds counts from now, above it from 1970: nobody
/// limits for thirty years.
const FIRST_EPOCH: f64 = 1e9;

/// Reads such a header (`x-rate-limit-reset` and its kin) in any of the three ways: how long to wait from
/// `now`, at most a day.
#[must_use]
pub fn parse_reset(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    let at = match text.parse::<f64>() {
        Ok(seconds) if seconds.is_nan() || seconds < FIRST_EPOCH => {
            return parse_retry_after(text, now);
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a cast of a float stops at the ends of the range"
        )]
        Ok(seconds) => Timestamp::from_second(seconds.ceil() as i64).ok()?,
        Err(_) => text.parse().ok()?,
    };
    Some(elapsed(now, at).min(LONGEST))
}

fn http_date(text: &str) -> Option<Timestamp> {
    let (_weekday, rest) = text.split_once(' ')?;
    let rest = rest.trim();
    let rest = rest
        .strip_suffix("GMT")
        .or_else(|| rest.strip_suffix("UTC"))
        .unwrap_or(rest)
        .trim();
    FORMS.iter().find_map(|form| {
        let zoned = BrokenDownTime::parse(form, rest)
            .ok()?
            .to_datetime()
            .ok()?
            .to_zoned(TimeZone::UTC)
            .ok()?;
        Some(zoned.timestamp())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_the_three_forms_of_http_dates_are_read() {
        let now: Timestamp = "2026-11-21T09:00:00Z".parse().unwrap();
        let cases: [(&str, Option<u64>); 15] = [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("1.2", Some(2)),
            ("99999999999999999999", Some(86_400)),
            ("172800", Some(86_400)),
            ("Sat, 21 Nov 2026 09:01:30 GMT", Some(90)),
            ("Saturday, 21-Nov-26 09:01:30 GMT", Some(90)),
            ("Sat Nov 21 09:01:30 2026", Some(90)),
            ("Sat, 21 Nov 2026 08:59:00 GMT", Some(0)),
            ("Fri, 31 Dec 2027 23:59:59 GMT", Some(86_400)),
            ("", None),
            ("-5", None),
            ("soon", None),
            ("1.2.3", None),
            ("Sat, 41 Nov 2026 09:01:30 GMT", None),
        ];
        for (text, wanted) in cases {
            assert_eq!(
                parse_retry_after(text, now),
                wanted.map(Duration::from_secs),
                "{text}"
            );
        }
    }

    #[test]
    fn a_reset_is_an_instant_or_a_wait() {
        let now: Timestamp = "2026-11-21T09:00:00Z".parse().unwrap();
        let epoch = (now.as_second() + 90).to_string();
        let far = (now.as_second() * 2).to_string();
        for (text, wanted) in [
            (epoch.as_str(), Some(90)),
            (far.as_str(), Some(86_400)),
            ("259", Some(259)),
            ("259.5", Some(260)),
            ("2026-11-21T09:05:00.060561Z", Some(301)),
            ("2026-11-21T08:00:00Z", Some(0)),
            ("inf", None),
            ("NaN", None),
            ("-7", None),
            ("1e300", None),
            ("", None),
            ("tomorrow", None),
        ] {
            let seconds = parse_reset(text, now).map(|wait| wait.as_secs_f64().ceil());
            assert_eq!(seconds, wanted.map(f64::from), "{text}");
        }
    }
}
