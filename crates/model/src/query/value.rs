//! Values in a query: numbers, comparisons, moments, lengths of time.

use std::fmt;

use jiff::civil::Date;

use crate::clock::Timestamp;

/// A day of the calendar.
pub type Day = Date;

/// How a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `=`
    Equal,
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
}

impl Op {
    /// The sign.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Above => ">",
            Self::AtLeast => ">=",
        }
    }

    /// In words.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Equal => "exactly",
            Self::Below => "below",
            Self::AtMost => "at most",
            Self::Above => "above",
            Self::AtLeast => "at least",
        }
    }
}

/// A number with up to five decimals, as many as EPSS has: whole so that every
/// store compares it alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number(u64);

impl Number {
    /// How many of its units make one.
    pub const ONE: u64 = 100_000;
    const DECIMALS: usize = 5;

    /// Of so many units.
    #[must_use]
    pub const fn of_units(units: u64) -> Self {
        Self(units)
    }

    /// In units.
    #[must_use]
    pub const fn units(self) -> u64 {
        self.0
    }

    /// Reads `7`, `0.5`, `.5`.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let sound = |digits: &str, most| {
            digits.len() <= most && digits.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !sound(whole, 9) || !sound(part, Self::DECIMALS) || (whole.is_empty() && part.is_empty())
        {
            return None;
        }
        let whole: u64 = if whole.is_empty() {
            0
        } else {
            whole.parse().ok()?
        };
        let part: u64 = format!("{part:0<5}").parse().ok()?;
        Some(Self(whole * Self::ONE + part))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0 / Self::ONE)?;
        let part = format!("{:05}", self.0 % Self::ONE);
        match part.trim_end_matches('0') {
            "" => Ok(()),
            part => write!(f, ".{part}"),
        }
    }
}

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// `m`
    Minute,
    /// `h`
    Hour,
    /// `d`: 24 hours.
    Day,
    /// `w`: 7 days.
    Week,
}

/// A length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Length {
    count: u32,
    unit: Unit,
}

impl Length {
    /// Longer ones are before everything.
    const MOST: u32 = 100_000;

    /// So many; at most 100,000.
    #[must_use]
    pub fn new(count: u32, unit: Unit) -> Self {
        Self {
            count: count.min(Self::MOST),
            unit,
        }
    }

    /// Reads `30m`, `24h`, `7d`, `2w`.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (count, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let unit = match unit {
            "m" => Unit::Minute,
            "h" => Unit::Hour,
            "d" => Unit::Day,
            "w" => Unit::Week,
            _ => return None,
        };
        if !count.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let count = count
            .parse()
            .ok()
            .filter(|count| (1..=Self::MOST).contains(count))?;
        Some(Self { count, unit })
    }

    /// In seconds.
    #[must_use]
    pub fn seconds(self) -> u64 {
        let unit = match self.unit {
            Unit::Minute => 60,
            Unit::Hour => 60 * 60,
            Unit::Day => 24 * 60 * 60,
            Unit::Week => 7 * 24 * 60 * 60,
        };
        u64::from(self.count) * unit
    }

    /// In words.
    #[must_use]
    pub fn words(self) -> String {
        let unit = match self.unit {
            Unit::Minute => "minute",
            Unit::Hour => "hour",
            Unit::Day => "day",
            Unit::Week => "week",
        };
        let s = if self.count == 1 { "" } else { "s" };
        format!("{} {unit}{s}", self.count)
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            Unit::Minute => 'm',
            Unit::Hour => 'h',
            Unit::Day => 'd',
            Unit::Week => 'w',
        };
        write!(f, "{}{unit}", self.count)
    }
}

/// A moment: fixed, or told from the reader's now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// `2026-11-01`: that day where the reader is.
    Day(Day),
    /// `2026-11-01T09:00:00Z`
    At(Timestamp),
    /// `-7d`
    Ago(Length),
    /// `now`
    Now,
    /// `today`
    Today,
    /// `yesterday`
    Yesterday,
}

/// Why a text is no moment that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoMoment {
    /// It is not written as one.
    Form,
    /// It lies before [`Moment::FIRST_YEAR`] or after [`Moment::LAST_YEAR`].
    Year,
}

impl Moment {
    /// Nothing was published on the net before.
    pub const FIRST_YEAR: i16 = 1970;
    /// What is dated later is a mistake, and every zone can still reckon with it.
    pub const LAST_YEAR: i16 = 2200;

    /// Reads a day, a time in RFC 3339, `-7d`, `now`, `today` or `yesterday`.
    ///
    /// # Errors
    /// It is none of them, or too far away.
    pub fn read(text: &str) -> Result<Self, NoMoment> {
        match text.to_ascii_lowercase().as_str() {
            "now" => return Ok(Self::Now),
            "today" => return Ok(Self::Today),
            "yesterday" => return Ok(Self::Yesterday),
            _ => {}
        }
        if let Some(length) = text.strip_prefix('-') {
            return Length::read(length).map(Self::Ago).ok_or(NoMoment::Form);
        }
        let begin = text.split_at_checked("2026-11-01".len());
        let (day, time) = begin.ok_or(NoMoment::Form)?;
        let day: Day = day.parse().map_err(|_| NoMoment::Form)?;
        // Before the time is read: the last days there are make no timestamp.
        let day = within_years(day.year(), day)?;
        if time.is_empty() {
            return Ok(Self::Day(day));
        }
        let at: Timestamp = text.parse().map_err(|_| NoMoment::Form)?;
        // It is written again in UTC, where it may lie in another year.
        let year = at.to_zoned(jiff::tz::TimeZone::UTC).year();
        within_years(year, Self::At(at))
    }

    /// In words.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Ago(length) => format!("{} ago", length.words()),
            other => other.to_string(),
        }
    }
}

fn within_years<T>(year: i16, moment: T) -> Result<T, NoMoment> {
    let is_within = (Moment::FIRST_YEAR..=Moment::LAST_YEAR).contains(&year);
    is_within.then_some(moment).ok_or(NoMoment::Year)
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => write!(f, "{day}"),
            Self::At(at) => write!(f, "{at}"),
            Self::Ago(length) => write!(f, "-{length}"),
            Self::Now => f.write_str("now"),
            Self::Today => f.write_str("today"),
            Self::Yesterday => f.write_str("yesterday"),
        }
    }
}

/// When the latest report of an incident came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// At or after this.
    After(Moment),
    /// Before this.
    Before(Moment),
    /// Within the last so long.
    Last(Length),
    /// From one moment up to another; of a day, up to its end.
    Between(Moment, Moment),
}
