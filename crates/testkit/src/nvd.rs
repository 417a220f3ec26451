//! NVD's CVE API 2.0, as its documentation and recorded answers show it.
//!
//! It refuses with 404 and the reason in a `message` header, with an empty body.
//! A firewall in front answers 403 without any reason when requests come too
//! fast; it only does so here once [`FakeNvd::limit_rate`] gave it a clock.
//! <https://nvd.nist.gov/developers/vulnerabilities>

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use model::Clock;
use serde_json::{Value, json};

use crate::http::{Seen, Server};
use crate::rate::Rate;
use crate::reply::Reply;
use crate::shared::Shared;

mod filter;

use filter::Filter;

/// The path of the real API.
const PATH: &str = "/rest/json/cves/2.0";
/// Most records a page may hold.
const LARGEST_PAGE: usize = 2000;
/// The firewall counts over this long.
const RATE_WINDOW: Duration = Duration::from_secs(30);
/// What it lets through in that time without a key, and with one.
const RATE: (usize, usize) = (5, 50);

/// The parameters NVD knows; it refuses all others.
const KNOWN: &[&str] = &[
    "cveId",
    "cveTag",
    "cpeName",
    "virtualMatchString",
    "cweId",
    "cvssV2Metrics",
    "cvssV2Severity",
    "cvssV3Metrics",
    "cvssV3Severity",
    "cvssV4Metrics",
    "cvssV4Severity",
    "keywordSearch",
    "keywordExactMatch",
    "hasKev",
    "hasOval",
    "hasCertAlerts",
    "hasCertNotes",
    "isVulnerable",
    "noRejected",
    "sourceIdentifier",
    "pubStartDate",
    "pubEndDate",
    "lastModStartDate",
    "lastModEndDate",
    "kevStartDate",
    "kevEndDate",
    "versionStart",
    "versionStartType",
    "versionEnd",
    "versionEndType",
    "resultsPerPage",
    "startIndex",
];

/// The ones this fake acts on. Those it knows but would ignore are refused too:
/// a test must not pass because a filter was not applied.
const PLAYED: &[&str] = &[
    "cveId",
    "cweId",
    "cvssV3Severity",
    "keywordSearch",
    "keywordExactMatch",
    "hasKev",
    "noRejected",
    "sourceIdentifier",
    "pubStartDate",
    "pubEndDate",
    "lastModStartDate",
    "lastModEndDate",
    "resultsPerPage",
    "startIndex",
];

/// NVD on 127.0.0.1.
#[derive(Debug)]
pub struct FakeNvd {
    server: Server,
    state: Shared<State>,
}

#[derive(Default)]
struct State {
    records: Vec<Value>,
    script: VecDeque<Reply>,
    requests: Vec<Seen>,
    key: Option<String>,
    rate: Rate,
    omits_empty: bool,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("records", &self.records.len())
            .finish_non_exhaustive()
    }
}

impl FakeNvd {
    /// NVD with these records (the inner `cve` objects; see [`record`]), in the
    /// order in which pages give them.
    pub async fn start(records: Vec<Value>) -> Self {
        Self::start_on(0, records).await
    }

    /// The same on this port.
    pub async fn start_on(port: u16, records: Vec<Value>) -> Self {
        let state = Shared::new(State {
            records: records.into_iter().map(unwrapped).collect(),
            ..State::default()
        });
        let seen_by = state.clone();
        let server = Server::start(port, move |seen| answer(&mut seen_by.lock(), seen)).await;
        Self { server, state }
    }

    /// The address of the API.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url(PATH)
    }

    /// Changes the records.
    pub fn records_mut(&self, change: impl FnOnce(&mut Vec<Value>)) {
        change(&mut self.state.lock().records);
    }

    /// Answers the next requests so; after them normal answers go on.
    pub fn script(&self, replies: Vec<Reply>) {
        self.state.lock().script.extend(replies);
    }

    /// Refuses every other `apiKey` than this one. None is still allowed, as NVD
    /// allows it.
    pub fn know_key(&self, key: &str) {
        self.state.lock().key = Some(key.to_owned());
    }

    /// Lets the firewall count: 5 requests in 30 s without a key, 50 with one.
    pub fn limit_rate(&self, clock: Arc<dyn Clock>) {
        self.state.lock().rate.count_by(clock);
    }

    /// Leaves `vulnerabilities` out of an empty page, as some recorded ones do.
    pub fn omit_empty(&self) {
        self.state.lock().omits_empty = true;
    }

    /// Every request so far, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        self.state.lock().requests.clone()
    }
}

/// A record as NVD gives it: `cve` with an English description, a CVSS 3.1 base
/// score by NVD if there is one, analysed, published and changed at `modified`
/// (`2026-11-20T10:00:00.000`: milliseconds and no zone, as NVD writes).
#[must_use]
pub fn record(cve: &str, modified: &str, description: &str, base: Option<f32>) -> Value {
    let mut record = json!({
        "id": cve,
        "sourceIdentifier": "security@example.org",
        "published": modified,
        "lastModified": modified,
        "vulnStatus": if base.is_some() { "Analyzed" } else { "Awaiting Analysis" },
        "cveTags": [],
        "descriptions": [{ "lang": "en", "value": description }],
        "metrics": {},
        "references": [{ "url": format!("https://example.org/advisories/{cve}"), "source": "security@example.org" }],
    });
    if let Some(base) = base {
        // As text first: a float of 32 bits would show digits nobody wrote.
        let base: f64 = format!("{base:.1}").parse().unwrap_or_default();
        record["metrics"] = json!({ "cvssMetricV31": [{
            "source": "nvd@nist.gov",
            "type": "Primary",
            "cvssData": {
                "version": "3.1",
                "vectorString": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
                "attackVector": "NETWORK",
                "attackComplexity": "LOW",
                "privilegesRequired": "NONE",
                "userInteraction": "NONE",
                "scope": "UNCHANGED",
                "confidentialityImpact": "HIGH",
                "integrityImpact": "HIGH",
                "availabilityImpact": "HIGH",
                "baseScore": base,
                "baseSeverity": band(base),
            },
            "exploitabilityScore": 3.9,
            "impactScore": 5.9,
        }] });
    }
    record
}

fn band(base: f64) -> &'static str {
    match base {
        b if b >= 9.0 => "CRITICAL",
        b if b >= 7.0 => "HIGH",
        b if b >= 4.0 => "MEDIUM",
        _ => "LOW",
    }
}

/// Whole entries of a page are taken as well as the `cve` inside.
fn unwrapped(mut record: Value) -> Value {
    match record.get_mut("cve") {
        Some(inner) if inner.is_object() => inner.take(),
        _ => record,
    }
}

fn answer(state: &mut State, seen: &Seen) -> Reply {
    state.requests.push(seen.clone());
    if let Some(reply) = state.script.pop_front() {
        return reply;
    }
    if seen.path.trim_end_matches('/') != PATH {
        return Reply::status(404);
    }
    if seen.method != "GET" {
        return Reply::status(405);
    }
    let (bucket, most) = if seen.header("apikey").is_some() {
        ("key", RATE.1)
    } else {
        ("no key", RATE.0)
    };
    if state.rate.pass(bucket, most, RATE_WINDOW).is_err() {
        return Reply::status(403)
            .content_type("text/html")
            .body("<html><body><h1>403 Forbidden</h1>Request forbidden by administrative rules.</body></html>");
    }
    match page(state, seen) {
        Ok(page) => Reply::json(&page),
        Err(message) => Reply::status(404).header("message", &message),
    }
}

fn page(state: &State, seen: &Seen) -> Result<Value, String> {
    let params = seen.params();
    for (name, _) in &params {
        if !KNOWN.contains(&name.as_str()) {
            return Err(format!("Invalid parameter: {name}"));
        }
        if !PLAYED.contains(&name.as_str()) {
            return Err(format!("The fake NVD does not play {name}"));
        }
    }
    if let (Some(known), Some(given)) = (&state.key, seen.header("apikey"))
        && known != given
    {
        return Err("Invalid apiKey.".to_owned());
    }
    let filter = Filter::of(seen)?;
    let found: Vec<&Value> = state
        .records
        .iter()
        .filter(|record| filter.takes(record))
        .collect();
    let start = number(seen, "startIndex", 0)?;
    let size = number(seen, "resultsPerPage", LARGEST_PAGE)?;
    if size > LARGEST_PAGE {
        return Err(format!(
            "Invalid resultsPerPage parameter. The maximum is {LARGEST_PAGE}."
        ));
    }
    let given: Vec<Value> = found
        .iter()
        .skip(start)
        .take(size)
        .map(|record| json!({ "cve": record }))
        .collect();
    let mut page = json!({
        "resultsPerPage": given.len(),
        "startIndex": start,
        "totalResults": found.len(),
        "format": "NVD_CVE",
        "version": "2.0",
        "timestamp": timestamp(state),
    });
    if !(given.is_empty() && state.omits_empty) {
        page["vulnerabilities"] = Value::Array(given);
    }
    Ok(page)
}

/// The answer's own time: the clock's, or without one the latest change.
fn timestamp(state: &State) -> String {
    match state.rate.now() {
        Some(now) => now.strftime("%Y-%m-%dT%H:%M:%S%.3f").to_string(),
        None => state
            .records
            .iter()
            .filter_map(|record| record["lastModified"].as_str())
            .max()
            .unwrap_or("2026-11-21T09:00:00.000")
            .to_owned(),
    }
}

fn number(seen: &Seen, name: &str, default: usize) -> Result<usize, String> {
    match seen.param(name) {
        None => Ok(default),
        Some(text) => text
            .parse()
            .map_err(|_| format!("Invalid {name} parameter.")),
    }
}
