//! CISA's catalogue of known exploited vulnerabilities: one JSON document.
//!
//! Entries change silently, so a change here alters the document and its ETag
//! but not `catalogVersion`; only a new entry moves that on.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Value, json};

use crate::http::{Seen, Server};
use crate::reply::Reply;
use crate::shared::Shared;

/// The path of the real catalogue.
const PATH: &str = "/sites/default/files/feeds/known_exploited_vulnerabilities.json";

/// cisa.gov's catalogue on 127.0.0.1; empty at first.
#[derive(Debug)]
pub struct FakeKev {
    server: Server,
    state: Shared<State>,
}

#[derive(Debug, Default)]
struct State {
    entries: Vec<Value>,
    release: u64,
    script: VecDeque<Reply>,
    requests: Vec<Seen>,
    agent: Option<String>,
}

impl FakeKev {
    /// An empty catalogue on a free port.
    pub async fn start() -> Self {
        Self::start_on(0).await
    }

    /// The same on this port.
    pub async fn start_on(port: u16) -> Self {
        let state: Shared<State> = Shared::new(State::default());
        let seen_by = state.clone();
        let server = Server::start(port, move |seen| answer(&mut seen_by.lock(), seen)).await;
        Self { server, state }
    }

    /// The address of the catalogue.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url(PATH)
    }

    /// Adds an entry (see [`entry`]) on top, as CISA does, in a new release.
    pub fn list(&self, entry: Value) {
        let mut state = self.state.lock();
        state.entries.insert(0, entry);
        state.release += 1;
    }

    /// Changes the entry of this CVE, silently. False if there is none.
    pub fn change(&self, cve: &str, change: impl FnOnce(&mut Value)) -> bool {
        let mut state = self.state.lock();
        let entry = state.entries.iter_mut().find(|entry| entry["cveID"] == cve);
        entry.map(change).is_some()
    }

    /// Takes the entry of this CVE out, which CISA has done with mistakes.
    pub fn withdraw(&self, cve: &str) {
        let mut state = self.state.lock();
        state.entries.retain(|entry| entry["cveID"] != cve);
        state.release += 1;
    }

    /// Answers 403 to every User-Agent without this word, as cisa.gov does to
    /// those of bare libraries.
    pub fn only_for_agents(&self, word: &str) {
        self.state.lock().agent = Some(word.to_owned());
    }

    /// Answers the next requests so; after them normal answers go on.
    pub fn script(&self, replies: Vec<Reply>) {
        self.state.lock().script.extend(replies);
    }

    /// Every request so far, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        self.state.lock().requests.clone()
    }
}

/// An entry with every field of CISA's schema, not known to be used by
/// ransomware, added on 2026-11-20.
#[must_use]
pub fn entry(cve: &str, vendor: &str, product: &str) -> Value {
    json!({
        "cveID": cve,
        "vendorProject": vendor,
        "product": product,
        "vulnerabilityName": format!("{vendor} {product} Command Injection Vulnerability"),
        "dateAdded": "2026-11-20",
        "shortDescription": format!("{vendor} {product} contains a command injection vulnerability that lets an unauthenticated attacker run code."),
        "requiredAction": "Apply the vendor's mitigations or discontinue use of the product if there are none.",
        "dueDate": "2026-12-11",
        "knownRansomwareCampaignUse": "Unknown",
        "notes": format!("https://example.org/advisories/{cve} ; https://nvd.nist.gov/vuln/detail/{cve}"),
        "cwes": ["CWE-78"],
    })
}

fn answer(state: &mut State, seen: &Seen) -> Reply {
    state.requests.push(seen.clone());
    if let Some(reply) = state.script.pop_front() {
        return reply;
    }
    let welcome = state.agent.as_ref().is_none_or(|word| {
        seen.header("user-agent")
            .is_some_and(|agent| agent.contains(word.as_str()))
    });
    if !welcome {
        return Reply::status(403)
            .content_type("text/html")
            .body("<HTML><TITLE>Access Denied</TITLE></HTML>");
    }
    if seen.path != PATH {
        return Reply::status(404);
    }
    let document = json!({
        "title": "CISA Catalog of Known Exploited Vulnerabilities",
        "catalogVersion": version(state.release),
        "dateReleased": format!("{}T17:04:19.9796Z", version(state.release).replace('.', "-")),
        "count": state.entries.len(),
        "vulnerabilities": state.entries,
    })
    .to_string();
    let mut hasher = DefaultHasher::new();
    document.hash(&mut hasher);
    Reply::ok(document)
        .content_type("application/json")
        .etag(&format!("\"{:016x}\"", hasher.finish()))
}

/// A release a day from 1 November 2026 on, as CISA names its releases.
fn version(release: u64) -> String {
    let days = i64::try_from(release).unwrap_or_default();
    jiff::civil::date(2026, 11, 1)
        .checked_add(jiff::Span::new().try_days(days).unwrap_or_default())
        .unwrap_or(jiff::civil::Date::MAX)
        .strftime("%Y.%m.%d")
        .to_string()
}
