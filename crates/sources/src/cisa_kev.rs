//! CISA's Known Exploited Vulnerabilities catalogue.
//! <https://www.cisa.gov/known-exploited-vulnerabilities-catalog>
//!
//! One JSON document, replaced whole, without paging; an unchanged one costs a
//! conditional request. Entries change silently, mostly when ransomware use
//! becomes known, and `catalogVersion` does not always move then: so whole
//! entries are compared, by a hash of each that the cursor keeps.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use model::{
    Affected, Cursor, CveId, CweId, Document, Exploitation, Reference, SourceId, Statement,
    Timestamp, VersionRange, hash,
};
use net::{Fetched, Request, Validators};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Parsed, Polled, Problem, Reread, Source, SourceError, Tools};

/// The catalogue has 1.5 MB (2026), and grows by a tenth of that in a year.
const LARGEST_DOCUMENT: u64 = 16 * 1024 * 1024;
/// Removals listed one by one; more are told as a number.
const REMOVALS_TOLD: usize = 20;
/// Links kept of one entry; the longest list seen has seven.
const MOST_LINKS: usize = 64;

/// CISA's catalogue of known exploited vulnerabilities.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The address of the catalogue as JSON. CISA keeps a copy in its repository
    /// `cisagov/kev-data` on GitHub, for networks that cisa.gov refuses.
    pub url: String,
    /// The User-Agent. cisa.gov answers 403 to those of bare libraries; if it
    /// refuses this one, set a browser's.
    pub user_agent: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            url: "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json".to_owned(),
            user_agent: concat!("Mozilla/5.0 (compatible; Prahari/", env!("CARGO_PKG_VERSION"), ")").to_owned(),
        }
    }
}

/// The catalogue as a source.
pub struct CisaKev {
    id: SourceId,
    config: Config,
    tools: Tools,
}

/// What is remembered between two polls.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Note {
    /// Whether the catalogue was read once.
    loaded: bool,
    /// `catalogVersion`, for people who look into the cursor.
    version: Option<String>,
    #[serde(default)]
    validators: Validators,
    /// Each CVE and the hash of its entry, 16 hexadecimal digits.
    #[serde(default)]
    entries: BTreeMap<String, String>,
}

impl CisaKev {
    /// The catalogue under the name `id`.
    #[must_use]
    pub fn new(id: SourceId, config: Config, tools: &Tools) -> Self {
        Self {
            id,
            config,
            tools: tools.clone(),
        }
    }
}

#[async_trait]
impl Source for CisaKev {
    async fn poll(&self, since: &Cursor) -> Result<Polled, SourceError> {
        let note: Note = since.note();
        let request = Request::get(&self.config.url)
            .header("user-agent", &self.config.user_agent)
            .max_body(LARGEST_DOCUMENT)
            .unless(note.validators.clone());
        let body = match self.tools.door.fetch(request).await? {
            Fetched::Unchanged => {
                return Ok(Polled {
                    cursor: since.clone(),
                    checkpoint: true,
                    ..Polled::default()
                });
            }
            Fetched::Body(body) => body,
        };
        let (catalogue, parsed) = parse(&body.bytes, &self.id);
        if let Some(broken) = catalogue.broken {
            return Err(SourceError::Nonsense(format!(
                "this is not CISA's catalogue: {broken}"
            )));
        }
        let Parsed {
            entries,
            mut problems,
        } = parsed;
        let removed: Vec<&String> = note
            .entries
            .keys()
            .filter(|cve| !catalogue.named.contains(cve.as_str()))
            .collect();
        // CISA has taken out a handful in years. Half of it gone is an accident.
        if removed.len() * 2 > note.entries.len() {
            return Err(SourceError::Nonsense(format!(
                "{} of {} entries are missing from CISA's catalogue",
                removed.len(),
                note.entries.len()
            )));
        }
        problems.extend(told(&removed));

        let mut hashes: BTreeMap<String, String> = BTreeMap::new();
        let mut statements = Vec::new();
        // CISA puts the newest on top; ours go oldest first.
        for Entry { statement, hash } in entries.into_iter().rev() {
            let cve = statement.cve.to_string();
            if note.entries.get(&cve) != Some(&hash) {
                statements.push(statement);
            }
            hashes.insert(cve, hash);
        }
        // An entry that cannot be read now is not news when it can be again.
        for (cve, hash) in &note.entries {
            if catalogue.named.contains(cve) && !hashes.contains_key(cve) {
                hashes.insert(cve.clone(), hash.clone());
            }
        }
        let cursor = Cursor::of(&Note {
            loaded: true,
            version: catalogue.version,
            validators: body.validators,
            entries: hashes,
        });
        Ok(Polled {
            statements,
            problems,
            cursor,
            checkpoint: true,
            first_load: !note.loaded,
            ..Polled::default()
        })
    }

    fn reread(&self, document: &Document, _: Timestamp) -> Result<Reread, SourceError> {
        let (catalogue, parsed) = parse(&document.bytes, &self.id);
        if let Some(broken) = catalogue.broken {
            return Err(SourceError::Nonsense(format!(
                "this is not CISA's catalogue: {broken}"
            )));
        }
        let said = parsed.entries.into_iter().rev();
        Ok(Reread {
            statements: said.map(|entry| entry.statement).collect(),
            problems: parsed.problems,
            ..Reread::default()
        })
    }
}

fn told(removed: &[&String]) -> Vec<Problem> {
    let mut problems: Vec<Problem> = removed
        .iter()
        .take(REMOVALS_TOLD)
        .map(|cve| Problem::new(cve.as_str(), "was removed from the catalogue"))
        .collect();
    if removed.len() > REMOVALS_TOLD {
        let rest = removed.len() - REMOVALS_TOLD;
        problems.push(Problem::new(
            "catalogue",
            format!("{rest} more entries were removed"),
        ));
    }
    problems
}

/// What the catalogue says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// `catalogVersion`, as `2026.11.20`.
    pub version: Option<String>,
    /// Every CVE named in it, also by entries that could not be read.
    pub named: BTreeSet<String>,
    /// Why the document is not the catalogue, if it is not.
    pub broken: Option<String>,
}

/// One entry: what it says, and a hash of all of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// What it says.
    pub statement: Statement,
    /// 16 hexadecimal digits over every field, known to us or not.
    pub hash: String,
}

/// Reads the catalogue; entries in its order, newest first.
#[must_use]
pub fn parse(bytes: &[u8], source: &SourceId) -> (Catalogue, Parsed<Entry>) {
    #[derive(Deserialize)]
    struct Document {
        #[serde(rename = "catalogVersion", default)]
        version: Value,
        #[serde(default)]
        count: Value,
        vulnerabilities: Vec<Value>,
    }

    let mut parsed = Parsed::default();
    let mut catalogue = Catalogue::default();
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let document: Document = match serde_json::from_str(&String::from_utf8_lossy(bytes)) {
        Ok(document) => document,
        Err(error) => {
            catalogue.broken = Some(error.to_string());
            parsed
                .problems
                .push(Problem::new("document", error.to_string()));
            return (catalogue, parsed);
        }
    };
    catalogue.version = document
        .version
        .as_str()
        .map(|version| version.chars().take(40).collect());
    let held = document.vulnerabilities.len() as u64;
    if document.count.as_u64().is_some_and(|count| count != held) {
        let text = format!("it says {} entries and holds {held}", document.count);
        parsed.problems.push(Problem::new("count", text));
    }
    for (index, value) in document.vulnerabilities.into_iter().enumerate() {
        let place = format!("entry {}", index + 1);
        let Value::Object(fields) = value else {
            parsed
                .problems
                .push(Problem::new(place, "it is not an object"));
            continue;
        };
        // In the order of their names: the order in the document has no meaning.
        let fields: BTreeMap<String, Value> = fields.into_iter().collect();
        let cve = match CveId::new(text(&fields, "cveID").unwrap_or_default()) {
            Ok(cve) => cve,
            Err(error) => {
                parsed.problems.push(Problem::new(place, error.to_string()));
                continue;
            }
        };
        if !catalogue.named.insert(cve.to_string()) {
            parsed.problems.push(Problem::new(
                cve.as_str(),
                "is listed twice; the first counts",
            ));
            continue;
        }
        let statement = read_entry(cve, &fields, source, &mut parsed.problems);
        parsed.entries.push(Entry {
            statement,
            hash: hash_of(&fields),
        });
    }
    (catalogue, parsed)
}

fn read_entry(
    cve: CveId,
    fields: &BTreeMap<String, Value>,
    source: &SourceId,
    problems: &mut Vec<Problem>,
) -> Statement {
    let mut day = |name: &str| {
        let text = text(fields, name)?;
        let at = midnight(text);
        if at.is_none() {
            problems.push(Problem::new(
                cve.as_str(),
                format!("`{name}` is not a date"),
            ));
        }
        at
    };
    let added = day("dateAdded");
    let due = day("dueDate");
    let name = text(fields, "vulnerabilityName").map(str::to_owned);
    let ransomware = text(fields, "knownRansomwareCampaignUse")
        .is_some_and(|known| known.eq_ignore_ascii_case("known"));
    let affected = match (text(fields, "vendorProject"), text(fields, "product")) {
        (Some(vendor), Some(product)) => vec![Affected {
            vendor: vendor.to_owned(),
            product: product.to_owned(),
            versions: VersionRange::default(),
        }],
        _ => Vec::new(),
    };
    Statement {
        url: Some(format!(
            "https://www.cisa.gov/known-exploited-vulnerabilities-catalog?field_cve={cve}"
        )),
        title: name.clone(),
        description: text(fields, "shortDescription").map(str::to_owned),
        weaknesses: weaknesses(fields.get("cwes")),
        affected,
        references: references(text(fields, "notes").unwrap_or_default()),
        exploitation: Some(Exploitation {
            name,
            added,
            due,
            action: text(fields, "requiredAction").map(str::to_owned),
            ransomware,
        }),
        ..Statement::new(cve, source.clone())
    }
}

/// A field as text, without blanks around it; none when it is empty.
fn text<'a>(fields: &'a BTreeMap<String, Value>, name: &str) -> Option<&'a str> {
    fields
        .get(name)?
        .as_str()
        .map(str::trim)
        .filter(|text| !text.is_empty())
}

/// CISA gives days, without a time or a zone.
fn midnight(day: &str) -> Option<Timestamp> {
    let day: Date = day.parse().ok()?;
    day.to_zoned(TimeZone::UTC)
        .ok()
        .map(|zoned| zoned.timestamp())
}

fn weaknesses(value: Option<&Value>) -> Vec<CweId> {
    let mut ids: Vec<CweId> = value
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|each| each.as_str()?.parse().ok())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// The links in the notes: words among other words, split by semicolons with
/// blanks on either side or none, sometimes with a stray quote or comma behind.
fn references(notes: &str) -> Vec<Reference> {
    let mut references: Vec<Reference> = Vec::new();
    for word in notes
        .split_whitespace()
        .flat_map(|word| word.split(";http"))
        .take(MOST_LINKS * 8)
    {
        // Splitting at `;http` took the beginning of the next address away.
        let word = if word.starts_with("s://") || word.starts_with("://") {
            format!("http{word}")
        } else {
            word.to_owned()
        };
        let url = word.trim_end_matches([';', ',', '"', '\'', '.', ')', '>', '?']);
        let link = url.starts_with("https://") || url.starts_with("http://");
        if link && references.len() < MOST_LINKS && !references.iter().any(|known| known.url == url)
        {
            references.push(Reference {
                url: url.to_owned(),
                tags: Vec::new(),
            });
        }
    }
    references
}

fn hash_of(fields: &BTreeMap<String, Value>) -> String {
    let canonical = serde_json::to_vec(fields).unwrap_or_default();
    let [a, b, c, d, e, f, g, h, ..] = hash::short(&[&canonical]);
    format!("{:016x}", u64::from_be_bytes([a, b, c, d, e, f, g, h]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    fn source() -> SourceId {
        SourceId::new("cisa-kev").unwrap()
    }

    #[test]
    fn entries_are_read_and_what_is_malformed_costs_only_itself() {
        let (catalogue, parsed) = parse(
            include_bytes!("../fixtures/cisa_kev/catalogue.json"),
            &source(),
        );
        let mut lines = vec![format!("{catalogue:?}")];
        for Entry { statement, hash } in &parsed.entries {
            let links: Vec<&str> = statement
                .references
                .iter()
                .map(|link| link.url.as_str())
                .collect();
            lines.push(format!(
                "{} {hash}\n  {:?} | {:?}\n  {:?} {:?}\n  {links:?}\n  {:?}",
                statement.cve,
                statement.title,
                statement.description,
                statement.weaknesses,
                statement
                    .affected
                    .iter()
                    .map(|a| format!("{}/{}", a.vendor, a.product))
                    .collect::<Vec<_>>(),
                statement.exploitation,
            ));
        }
        lines.extend(
            parsed
                .problems
                .iter()
                .map(|problem| format!("! {}: {}", problem.place, problem.reason)),
        );
        expect![[r#"
            Catalogue { version: Some("2026.11.20"), named: {"CVE-2026-40001", "CVE-2026-40002", "CVE-2026-40004"}, broken: None }
            CVE-2026-40001 c431e56595fb772e
              Some("Acme Gate Command Injection Vulnerability") | Some("Acme Gate contains a command injection vulnerability.")
              [CweId(20), CweId(78)] ["Acme/Gate"]
              ["https://acme.example/psirt/26-101", "https://acme.example/kb?a=1", "https://nvd.nist.gov/vuln/detail/CVE-2026-40001"]
              Some(Exploitation { name: Some("Acme Gate Command Injection Vulnerability"), added: Some(2026-11-20T00:00:00Z), due: Some(2026-12-11T00:00:00Z), action: Some("Apply mitigations per vendor instructions."), ransomware: true })
            CVE-2026-40002 756138d8cf10c06a
              Some("Linux Kernel Use-After-Free Vulnerability") | None
              [] ["Linux/Kernel"]
              []
              Some(Exploitation { name: Some("Linux Kernel Use-After-Free Vulnerability"), added: None, due: Some(2026-12-11T00:00:00Z), action: Some("Apply the update."), ransomware: false })
            CVE-2026-40004 c8c27d49182d86b3
              None | None
              [] []
              []
              Some(Exploitation { name: None, added: None, due: None, action: None, ransomware: false })
            ! count: it says 9 entries and holds 7
            ! CVE-2026-40002: `dateAdded` is not a date
            ! CVE-2026-40001: is listed twice; the first counts
            ! entry 4: `CVE-26-1` is not a CVE id (CVE-2026-1234)
            ! entry 5: `` is not a CVE id (CVE-2026-1234)
            ! entry 6: it is not an object
        "#]].assert_eq(&(lines.join("\n") + "\n"));
    }

    #[test]
    fn the_hash_covers_every_field_and_no_order() {
        let hashes = |entry: &str| {
            let text = format!("{{\"vulnerabilities\":[{entry}]}}");
            let (_, parsed) = parse(text.as_bytes(), &source());
            parsed
                .entries
                .into_iter()
                .map(|entry| entry.hash)
                .collect::<Vec<_>>()
        };
        let one = hashes(r#"{"cveID":"CVE-2026-1000","notes":"https:\/\/x.example","new":1}"#);
        assert_eq!(one[0].len(), 16);
        assert_eq!(
            one,
            hashes(r#"{ "new": 1, "notes": "https://x.example", "cveID": "CVE-2026-1000" }"#)
        );
        assert_ne!(
            one,
            hashes(r#"{"cveID":"CVE-2026-1000","notes":"https:\/\/x.example","new":2}"#)
        );
    }

    #[test]
    fn documents_that_are_not_the_catalogue_are_said_to_be_broken() {
        for text in [
            "",
            "<html>Access Denied</html>",
            "[]",
            "{}",
            "{\"vulnerabilities\":{}}",
            "{\"vulnerabilities\":[",
        ] {
            let (catalogue, parsed) = parse(text.as_bytes(), &source());
            assert!(
                catalogue.broken.is_some() && parsed.entries.is_empty(),
                "{text}"
            );
        }
    }
}
