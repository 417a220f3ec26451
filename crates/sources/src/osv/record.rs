//! One record of OSV. <https://ossf.github.io/osv-schema/>
//!
//! A severity is a vector; its score is computed. Ranges are lists of events in
//! which each `introduced` opens a stretch. A record is of a CVE by `aliases` (the
//! same flaw) or `upstream` (a distribution's advisory on several flaws); one of
//! no CVE is an item. Ranges of commits say nothing to people and are left out.

use model::item::{Draft, Stated};
use model::{
    Affected, CveId, CweId, IncidentType, Item, ItemKind, Markup, Reference, Sayer, Score,
    Severity, SourceId, Statement, Timestamp, VersionRange,
};
use serde_json::Value;

use crate::{Problem, SourceError, answer};

/// Bounds on what is kept of one record.
const MOST_AFFECTED: usize = 5_000;
const MOST_LINKS: usize = 500;
const MOST_CVES: usize = 200;
/// A record without ranges lists versions, sometimes each build.
const MOST_VERSIONS: usize = 200;

/// What a record gives.
#[derive(Debug)]
pub struct Record {
    /// Its id.
    pub id: String,
    /// One for each CVE it is of.
    pub statements: Vec<Statement>,
    /// The record itself, if it is of no CVE.
    pub item: Option<Item>,
    /// What in it could not be read.
    pub problems: Vec<Problem>,
}

/// Reads a record.
///
/// # Errors
/// It is no record of OSV.
pub fn parse(bytes: &[u8], source: &SourceId, fetched: Timestamp) -> Result<Record, SourceError> {
    let document = answer::json(bytes, "OSV")?;
    let Some(id) = answer::text(&document, "/id").filter(|id| super::is_id(id)) else {
        return Err(SourceError::Nonsense(
            "it is no record of OSV: it has no id".to_owned(),
        ));
    };
    let mut problems = Vec::new();
    let mut same: Vec<CveId> = std::iter::once(id)
        .chain(texts(&document, "/aliases"))
        .filter_map(|name| CveId::new(name).ok())
        .collect();
    let mut upstream: Vec<CveId> = texts(&document, "/upstream")
        .filter_map(|name| CveId::new(name).ok())
        .collect();
    same.sort();
    same.dedup();
    upstream.sort();
    upstream.dedup();
    upstream.retain(|cve| !same.contains(cve));
    let scores = scores(&document, id, &mut problems);
    let Some(first) = same.first().or(upstream.first()).cloned() else {
        let item = item(&document, id, &scores, source, fetched);
        return Ok(Record {
            id: id.to_owned(),
            statements: Vec::new(),
            item: Some(item),
            problems,
        });
    };
    let whole = whole(&document, id, first, source, scores);
    let of_same = same.iter().map(|cve| {
        let mut aliases: Vec<String> = std::iter::once(id)
            .chain(texts(&document, "/aliases"))
            .filter(|name| *name != cve.as_str() && name.len() <= 60)
            .map(str::to_owned)
            .collect();
        aliases.sort_unstable();
        aliases.dedup();
        Statement {
            cve: cve.clone(),
            aliases,
            ..whole.clone()
        }
    });
    let of_upstream = upstream.iter().map(|cve| Statement {
        cve: cve.clone(),
        // The score of an advisory on several flaws is that of the worst.
        scores: if upstream.len() == 1 {
            whole.scores.clone()
        } else {
            Vec::new()
        },
        ..whole.clone()
    });
    let statements = of_same.chain(of_upstream).take(MOST_CVES).collect();
    Ok(Record {
        id: id.to_owned(),
        statements,
        item: None,
        problems,
    })
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn texts<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a str> {
    list(value, pointer)
        .iter()
        .take(MOST_CVES)
        .filter_map(Value::as_str)
}

/// All that the record says, of `cve`.
fn whole(
    document: &Value,
    id: &str,
    cve: CveId,
    source: &SourceId,
    scores: Vec<Score>,
) -> Statement {
    let mut weaknesses: Vec<CweId> = texts(document, "/database_specific/cwe_ids")
        .filter_map(|id| id.parse().ok())
        .collect();
    weaknesses.sort_unstable();
    weaknesses.dedup();
    let mut references: Vec<Reference> = Vec::new();
    for link in list(document, "/references").iter().take(MOST_LINKS) {
        if let Some(url) = answer::link(link, "/url")
            .filter(|url| !references.iter().any(|known| known.url == *url))
        {
            let tag = answer::text(link, "/type")
                .filter(|tag| *tag != "WEB")
                .map(str::to_ascii_lowercase);
            references.push(Reference {
                url: url.to_owned(),
                tags: tag.into_iter().collect(),
            });
        }
    }
    Statement {
        url: Some(url_of(id)),
        title: answer::text(document, "/summary").map(str::to_owned),
        description: answer::text(document, "/details").map(str::to_owned),
        published: answer::time(document, "/published"),
        modified: answer::time(document, "/modified"),
        scores,
        weaknesses,
        affected: affected(document),
        references,
        document: Some(id.to_owned()),
        withdrawn: answer::time(document, "/withdrawn"),
        ..Statement::new(cve, source.clone())
    }
}

fn url_of(id: &str) -> String {
    format!("https://osv.dev/vulnerability/{id}")
}

/// Who speaks, by the beginning of the id.
fn sayer(id: &str) -> Sayer {
    let prefix = id.split('-').next().unwrap_or(id);
    let name = match prefix {
        "GHSA" => return Sayer::Github,
        "PYSEC" => "PyPA",
        "GO" => "Go",
        "RUSTSEC" => "RustSec",
        "DSA" | "DLA" | "DTSA" | "DEBIAN" => "Debian",
        "USN" | "UBUNTU" | "LSN" => "Ubuntu",
        "ALSA" | "ALBA" | "ALEA" => "AlmaLinux",
        "RLSA" | "RXSA" => "Rocky Linux",
        "ALPINE" => "Alpine",
        "SUSE" | "openSUSE" => "SUSE",
        "RHSA" | "RHBA" | "RHEA" => "Red Hat",
        "MAL" => "OpenSSF",
        "OSV" => "OSS-Fuzz",
        other => other,
    };
    Sayer::Other(name.to_owned())
}

/// The scores of the record's vectors, and of its packages' where those stand.
fn scores(document: &Value, id: &str, problems: &mut Vec<Problem>) -> Vec<Score> {
    let of_packages = list(document, "/affected")
        .iter()
        .take(MOST_AFFECTED)
        .flat_map(|each| list(each, "/severity"));
    let mut scores: Vec<Score> = Vec::new();
    for severity in list(document, "/severity")
        .iter()
        .chain(of_packages)
        .take(MOST_AFFECTED)
    {
        // Ubuntu and others give words under types of their own.
        if !answer::text(severity, "/type").is_some_and(|kind| kind.starts_with("CVSS")) {
            continue;
        }
        let vector = answer::text(severity, "/score").unwrap_or_default();
        let Some((version, base)) = model::cvss::score(vector) else {
            if problems.len() < 20 {
                problems.push(Problem::new(
                    id,
                    format!("`{}` is no CVSS vector", answer::cut(vector, 60)),
                ));
            }
            continue;
        };
        let score = Score {
            sayer: sayer(id),
            version,
            vector: Some(vector.to_owned()),
            base,
        };
        // The worst of each version: packages of one record may differ.
        match scores.iter_mut().find(|known| known.version == version) {
            Some(known) if known.base < base => *known = score,
            Some(_) => {}
            None => scores.push(score),
        }
    }
    scores.sort_by_key(|score| std::cmp::Reverse(score.version));
    scores
}

fn affected(document: &Value) -> Vec<Affected> {
    let mut products: Vec<Affected> = Vec::new();
    for entry in list(document, "/affected").iter().take(MOST_AFFECTED) {
        let Some(name) = answer::text(entry, "/package/name") else {
            continue;
        };
        let vendor = answer::text(entry, "/package/ecosystem")
            .unwrap_or_default()
            .to_ascii_lowercase();
        let of = |versions| Affected {
            vendor: vendor.clone(),
            product: name.to_owned(),
            versions,
        };
        let mut found: Vec<Affected> = list(entry, "/ranges")
            .iter()
            .filter(|range| answer::text(range, "/type") != Some("GIT"))
            .flat_map(|range| stretches(list(range, "/events")))
            .map(of)
            .collect();
        if found.is_empty() {
            let of = |versions| Affected {
                vendor: vendor.clone(),
                product: name.to_owned(),
                versions,
            };
            found = texts_of(entry, "/versions")
                .map(|version| {
                    of(VersionRange {
                        exact: Some(version.to_owned()),
                        ..VersionRange::default()
                    })
                })
                .collect();
            if found.is_empty() && list(entry, "/ranges").is_empty() {
                found.push(of(VersionRange::default()));
            }
        }
        let room = MOST_AFFECTED.saturating_sub(products.len());
        products.extend(found.into_iter().take(room));
    }
    products
}

fn texts_of<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a str> {
    list(value, pointer)
        .iter()
        .take(MOST_VERSIONS)
        .filter_map(Value::as_str)
}

/// The stretches between events. They are to be sorted; a second end of a
/// stretch is left out, a stretch without an end goes on for ever.
fn stretches(events: &[Value]) -> Vec<VersionRange> {
    let mut stretches: Vec<VersionRange> = Vec::new();
    let mut open: Option<VersionRange> = None;
    for event in events.iter().take(MOST_AFFECTED) {
        if let Some(from) = answer::text(event, "/introduced") {
            stretches.extend(open.take());
            let from = Some(from).filter(|from| !matches!(*from, "0" | "0.0.0-0"));
            open = Some(VersionRange {
                from_including: from.map(str::to_owned),
                ..VersionRange::default()
            });
        } else if let Some(mut stretch) = open.take() {
            stretch.to_excluding = answer::text(event, "/fixed").map(str::to_owned);
            stretch.to_including = answer::text(event, "/last_affected").map(str::to_owned);
            if stretch.to_excluding.is_none() && stretch.to_including.is_none() {
                // A `limit` is a branch of a repository, not a version.
                open = Some(stretch);
            } else {
                stretches.push(stretch);
            }
        }
    }
    stretches.extend(open);
    stretches
}

fn item(
    document: &Value,
    id: &str,
    scores: &[Score],
    source: &SourceId,
    fetched: Timestamp,
) -> Item {
    let summary = answer::text(document, "/summary").unwrap_or(id);
    let mut text = answer::text(document, "/details")
        .unwrap_or_default()
        .to_owned();
    let related: Vec<&str> = texts(document, "/related")
        .filter(|name| name.starts_with("CVE-"))
        .collect();
    if !related.is_empty() {
        text.push_str(&format!("\n\nRelated: {}", related.join(", ")));
    }
    let mut packages: Vec<String> = affected(document)
        .iter()
        .map(|product| format!("{} ({})", product.product, product.vendor))
        .collect();
    packages.dedup();
    packages.truncate(100);
    if !packages.is_empty() {
        text.push_str(&format!("\n\nAffected packages: {}", packages.join(", ")));
    }
    let malware = id.starts_with("MAL-");
    let severity = match answer::text(document, "/database_specific/severity")
        .map(str::to_ascii_uppercase)
        .as_deref()
    {
        Some("LOW") => Some(Severity::Low),
        Some("MODERATE" | "MEDIUM") => Some(Severity::Medium),
        Some("HIGH") => Some(Severity::High),
        Some("CRITICAL") => Some(Severity::Critical),
        _ => scores.first().map(|score| Severity::of_score(score.base)),
    };
    Item::new(
        source,
        Draft {
            external_id: id.to_owned(),
            kind: ItemKind::Advisory,
            url: Some(url_of(id)),
            title: if answer::time(document, "/withdrawn").is_some() {
                format!("Withdrawn: {summary}")
            } else {
                summary.to_owned()
            },
            text: text.trim().to_owned(),
            markup: Markup::Plain,
            author: None,
            language: Some("en".to_owned()),
            published: answer::time(document, "/published"),
            updated: answer::time(document, "/modified"),
            stated: Stated {
                types: if malware {
                    vec![IncidentType::Malware, IncidentType::SupplyChain]
                } else {
                    Vec::new()
                },
                severity,
                countries: Vec::new(),
            },
        },
        fetched,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;
    use std::fmt::Write as _;

    fn told(bytes: &[u8]) -> String {
        let source = SourceId::new("osv").unwrap();
        let record = match parse(bytes, &source, Timestamp::UNIX_EPOCH) {
            Ok(record) => record,
            Err(error) => return error.to_string(),
        };
        let mut told = record.id;
        for s in &record.statements {
            write!(
                told,
                "\n{} {:?} {:?} {:?} withdrawn {:?}",
                s.cve, s.aliases, s.document, s.title, s.withdrawn
            )
            .unwrap();
            told.push_str(&testkit::build::rated(s));
            write!(told, "\n  {:?} {:?}", s.weaknesses, s.references).unwrap();
        }
        if let Some(item) = &record.item {
            write!(
                told,
                "\n{:?} | {:?} {:?}",
                item.title, item.text, item.stated
            )
            .unwrap();
        }
        for problem in &record.problems {
            write!(told, "\n! {}: {}", problem.place, problem.reason).unwrap();
        }
        told
    }

    #[test]
    fn a_record_speaks_of_its_cve() {
        expect![[r#"
            GHSA-2222-3333-4444
            CVE-2026-5001 ["GHSA-2222-3333-4444", "PYSEC-2026-11"] Some("GHSA-2222-3333-4444") Some("acme-gate: command injection") withdrawn None
              CVSS 4.0 9.3 by Github
              CVSS 3.1 9.8 by Github
              pypi/acme-gate: - - 0.9 -
              pypi/acme-gate: - 1.0.0 - 1.4.2
              pypi/acme-gate: - 2.0.0 - -
              npm/@acme/gate: 3.0.0 - - -
              [CweId(20), CweId(78)] [Reference { url: "https://nvd.nist.gov/vuln/detail/CVE-2026-5001", tags: ["advisory"] }, Reference { url: "https://acme.example/blog", tags: [] }]
            ! GHSA-2222-3333-4444: `CVSS:3.1/AV:N/AC:L` is no CVSS vector"#]].assert_eq(&told(include_bytes!(
            "../../fixtures/osv/GHSA-2222-3333-4444.json"
        )));
    }

    #[test]
    fn a_distribution_speaks_of_several_and_malware_of_none() {
        expect![[r#"
            DSA-9001-1
            CVE-2026-5001 [] Some("DSA-9001-1") Some("gate - security update") withdrawn None
              debian:12/gate: 1.0-1 - - -
              debian:12/gate: 1.0-2 - - -
              [] []
            CVE-2026-5002 [] Some("DSA-9001-1") Some("gate - security update") withdrawn None
              debian:12/gate: 1.0-1 - - -
              debian:12/gate: 1.0-2 - - -
              [] []"#]].assert_eq(&told(
            br#"{"id":"DSA-9001-1","modified":"2026-11-20T10:00:00Z","summary":"gate - security update",
                "upstream":["CVE-2026-5001","CVE-2026-5002"],"severity":[{"type":"Ubuntu","score":"high"}],
                "affected":[{"package":{"ecosystem":"Debian:12","name":"gate"},"versions":["1.0-1","1.0-2"]}]}"#,
        ));
        expect![[r#"
            MAL-2026-77
            "Malicious code in acme-colours (npm)" | "It steals tokens.\n\nRelated: CVE-2026-1, CVE-2026-5009\n\nAffected packages: acme-colours (npm)" Stated { types: [Malware, SupplyChain], severity: None, countries: [] }"#]].assert_eq(&told(
            br#"{"id":"MAL-2026-77","modified":"2026-11-20T10:00:00Z","summary":"Malicious code in acme-colours (npm)",
                "details":"It steals tokens.","related":["CVE-2026-1","CVE-2026-5009"],
                "affected":[{"package":{"ecosystem":"npm","name":"acme-colours"}}]}"#,
        ));
    }

    #[test]
    fn other_documents_are_refused() {
        for text in [
            "",
            "<html>",
            "[]",
            "{}",
            "{\"id\":7}",
            "{\"id\":\"../../etc\"}",
        ] {
            assert!(
                parse(
                    text.as_bytes(),
                    &SourceId::new("osv").unwrap(),
                    Timestamp::UNIX_EPOCH
                )
                .is_err(),
                "{text}"
            );
        }
    }
}
