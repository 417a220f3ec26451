//! Which records a request asks for.

use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use model::Timestamp;
use model::clock::earlier;
use serde_json::Value;

use crate::http::Seen;

/// Longest range of dates.
const LONGEST_RANGE: Duration = Duration::from_secs(120 * 24 * 60 * 60);

/// The filters of one request; all must hold.
#[derive(Default)]
pub(super) struct Filter {
    cve: Option<String>,
    cwe: Option<String>,
    severity: Option<String>,
    sayer: Option<String>,
    words: Vec<String>,
    kev: bool,
    no_rejected: bool,
    published: Option<(Timestamp, Timestamp)>,
    modified: Option<(Timestamp, Timestamp)>,
}

impl Filter {
    /// The filters that the request names.
    ///
    /// # Errors
    /// A parameter that NVD refuses; the text goes into the `message` header.
    pub(super) fn of(seen: &Seen) -> Result<Self, String> {
        let phrase = seen.param("keywordSearch").map(|text| text.to_lowercase());
        let words = match (phrase, seen.param("keywordExactMatch")) {
            (Some(phrase), Some(_)) => vec![phrase],
            (Some(phrase), None) => phrase.split_whitespace().map(str::to_owned).collect(),
            (None, Some(_)) => return Err("keywordExactMatch needs keywordSearch.".to_owned()),
            (None, None) => Vec::new(),
        };
        Ok(Self {
            cve: seen.param("cveId"),
            cwe: seen.param("cweId"),
            severity: seen.param("cvssV3Severity").map(|text| text.to_uppercase()),
            sayer: seen.param("sourceIdentifier"),
            words,
            kev: seen.param("hasKev").is_some(),
            no_rejected: seen.param("noRejected").is_some(),
            published: range(seen, "pubStartDate", "pubEndDate")?,
            modified: range(seen, "lastModStartDate", "lastModEndDate")?,
        })
    }

    /// Whether this record is asked for.
    pub(super) fn takes(&self, record: &Value) -> bool {
        let within = |range: &Option<(Timestamp, Timestamp)>, field: &str| match range {
            None => true,
            Some((start, end)) => record[field]
                .as_str()
                .and_then(instant)
                .is_some_and(|at| *start <= at && at <= *end),
        };
        let text = || {
            record["descriptions"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|each| each["value"].as_str())
                .collect::<Vec<_>>()
                .join("\n")
                .to_lowercase()
        };
        let severe = |wanted: &String| {
            ["cvssMetricV31", "cvssMetricV30"].iter().any(|version| {
                record["metrics"][version]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .any(|each| each["cvssData"]["baseSeverity"].as_str() == Some(wanted))
            })
        };
        let weak = |wanted: &String| {
            record["weaknesses"]
                .as_array()
                .into_iter()
                .flatten()
                .flat_map(|each| each["description"].as_array().into_iter().flatten())
                .any(|each| each["value"].as_str() == Some(wanted))
        };
        self.cve
            .as_ref()
            .is_none_or(|cve| record["id"].as_str() == Some(cve))
            && self.cwe.as_ref().is_none_or(weak)
            && self.severity.as_ref().is_none_or(severe)
            && self
                .sayer
                .as_ref()
                .is_none_or(|sayer| record["sourceIdentifier"].as_str() == Some(sayer))
            && (self.words.is_empty() || {
                let text = text();
                self.words.iter().all(|word| text.contains(word.as_str()))
            })
            && (!self.kev || record.get("cisaExploitAdd").is_some())
            && (!self.no_rejected || record["vulnStatus"].as_str() != Some("Rejected"))
            && within(&self.published, "published")
            && within(&self.modified, "lastModified")
    }
}

/// A range of dates, both ends included; both or neither must be given.
fn range(seen: &Seen, start: &str, end: &str) -> Result<Option<(Timestamp, Timestamp)>, String> {
    let (from, to) = match (seen.param(start), seen.param(end)) {
        (None, None) => return Ok(None),
        (Some(from), Some(to)) => (from, to),
        _ => return Err(format!("{start} and {end} must both be present.")),
    };
    let from = instant(&from).ok_or_else(|| format!("Invalid {start} parameter."))?;
    let to = instant(&to).ok_or_else(|| format!("Invalid {end} parameter."))?;
    if to < from {
        return Err(format!("Invalid date range: {start} is after {end}."));
    }
    if earlier(to, LONGEST_RANGE) > from {
        return Err("The maximum allowable range when using any date range parameters is 120 consecutive days.".to_owned());
    }
    Ok(Some((from, to)))
}

/// A time in extended ISO 8601; without an offset it is UTC. A `+` that was not
/// sent as `%2B` arrives as a blank, and is refused as by NVD.
fn instant(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let zoneless: DateTime = text.parse().ok()?;
    zoneless
        .to_zoned(TimeZone::UTC)
        .ok()
        .map(|at| at.timestamp())
}
