//! One advisory of GitHub: as the REST interface writes it, and as the GraphQL
//! interface does, in which exports and mirrors come.
//!
//! A missing CVSS is a score of 0 without a vector, not a score. Version ranges
//! are text (`>= 1.0, < 1.2.3`), one for each affected branch.

use model::item::{Draft, Stated};
use model::{
    Affected, CveId, CweId, IncidentType, Item, ItemKind, Markup, Reference, Sayer, Score,
    Severity, SourceId, Statement, Timestamp, VersionRange,
};
use serde_json::Value;

use crate::{Problem, SourceError, answer};

/// An advisory names a handful of packages; bundles some hundred.
const MOST_AFFECTED: usize = 5_000;
const MOST_LINKS: usize = 500;

/// What an advisory is for us.
#[derive(Debug, Clone, PartialEq)]
pub enum Advisory {
    /// What GitHub says of a CVE.
    OfCve(Box<Statement>),
    /// One without a CVE.
    Alone(Box<Item>),
}

/// A page of advisories.
#[derive(Debug, Default)]
pub struct Read {
    /// What could be read.
    pub advisories: Vec<Advisory>,
    /// What could not.
    pub problems: Vec<Problem>,
    /// The newest modification.
    pub newest: Option<Timestamp>,
}

/// Reads a page, or one advisory alone. `malware` says that the page was asked
/// for as one of malicious packages.
///
/// # Errors
/// It is no page of advisories.
pub fn parse(
    bytes: &[u8],
    source: &SourceId,
    malware: bool,
    fetched: Timestamp,
) -> Result<Read, SourceError> {
    let document = answer::json(bytes, "GitHub")?;
    let one = std::slice::from_ref(&document);
    let page = match document.as_array() {
        Some(page) => page.as_slice(),
        None if ghsa_id(&document).is_some() => one,
        None => {
            let said = answer::text(&document, "/message").map(answer::one_line);
            let sentence = answer::because("GitHub gave no advisories", said.as_deref());
            return Err(SourceError::Nonsense(sentence));
        }
    };
    let mut read = Read::default();
    for (index, advisory) in page.iter().enumerate() {
        let Some(id) = ghsa_id(advisory) else {
            read.problems.push(Problem::new(
                format!("advisory {}", index + 1),
                "it has no GHSA id",
            ));
            continue;
        };
        let modified = time(advisory, ["/updated_at", "/updatedAt"]);
        if modified.is_none() {
            read.problems
                .push(Problem::new(id, "does not say when it was modified"));
        }
        read.newest = modified.max(read.newest);
        let cve = text(advisory, ["/cve_id", "/cveId"])
            .or_else(|| identifiers(advisory).find(|name| name.starts_with("CVE-")))
            .map(CveId::new);
        read.advisories.push(match cve {
            Some(Ok(cve)) => Advisory::OfCve(Box::new(statement(advisory, id, cve, source))),
            other => {
                if let Some(Err(error)) = other {
                    read.problems.push(Problem::new(id, error.to_string()));
                }
                Advisory::Alone(Box::new(item(advisory, id, source, malware, fetched)))
            }
        });
    }
    if read.advisories.is_empty() && !page.is_empty() {
        return Err(SourceError::Nonsense(
            "GitHub gave a list, and not of advisories".to_owned(),
        ));
    }
    Ok(read)
}

/// The text at the first of two places: REST's and GraphQL's.
fn text<'a>(advisory: &'a Value, places: [&str; 2]) -> Option<&'a str> {
    places
        .iter()
        .find_map(|place| answer::text(advisory, place))
}

fn time(advisory: &Value, places: [&str; 2]) -> Option<Timestamp> {
    text(advisory, places)?.parse().ok()
}

fn ghsa_id(advisory: &Value) -> Option<&str> {
    text(advisory, ["/ghsa_id", "/ghsaId"]).filter(|id| {
        id.len() <= 40
            && id.starts_with("GHSA-")
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    })
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// The entries of a list, or the nodes of GraphQL's edges.
fn entries<'a>(value: &'a Value, name: &str) -> Vec<&'a Value> {
    let plain = list(value, &format!("/{name}")).iter();
    let edges = list(value, &format!("/{name}/edges"))
        .iter()
        .filter_map(|edge| edge.get("node"));
    let nodes = list(value, &format!("/{name}/nodes")).iter();
    plain
        .chain(edges)
        .chain(nodes)
        .take(MOST_AFFECTED)
        .collect()
}

fn identifiers(advisory: &Value) -> impl Iterator<Item = &str> {
    list(advisory, "/identifiers")
        .iter()
        .take(100)
        .filter_map(|each| answer::text(each, "/value"))
}

fn url_of(advisory: &Value, id: &str) -> String {
    let given =
        answer::link(advisory, "/html_url").or_else(|| answer::link(advisory, "/permalink"));
    given.map_or_else(
        || format!("https://github.com/advisories/{id}"),
        str::to_owned,
    )
}

fn statement(advisory: &Value, id: &str, cve: CveId, source: &SourceId) -> Statement {
    let mut aliases: Vec<String> = identifiers(advisory)
        .chain([id])
        .filter(|name| *name != cve.as_str() && name.len() <= 60)
        .map(str::to_owned)
        .collect();
    aliases.sort_unstable();
    aliases.dedup();
    let mut weaknesses: Vec<CweId> = entries(advisory, "cwes")
        .iter()
        .filter_map(|cwe| text(cwe, ["/cwe_id", "/cweId"])?.parse().ok())
        .collect();
    weaknesses.sort_unstable();
    weaknesses.dedup();
    Statement {
        url: Some(url_of(advisory, id)),
        title: answer::text(advisory, "/summary").map(str::to_owned),
        description: answer::text(advisory, "/description").map(str::to_owned),
        published: time(advisory, ["/published_at", "/publishedAt"]),
        modified: time(advisory, ["/updated_at", "/updatedAt"]),
        scores: scores(advisory),
        weaknesses,
        affected: affected(advisory),
        references: references(advisory),
        aliases,
        document: Some(id.to_owned()),
        withdrawn: time(advisory, ["/withdrawn_at", "/withdrawnAt"]),
        ..Statement::new(cve, source.clone())
    }
}

fn scores(advisory: &Value) -> Vec<Score> {
    let mut scores: Vec<Score> = Vec::new();
    for place in [
        "/cvss_severities/cvss_v4",
        "/cvss_severities/cvss_v3",
        "/cvssSeverities/cvssV4",
        "/cvssSeverities/cvssV3",
        "/cvss",
    ] {
        let Some(vector) = advisory
            .pointer(place)
            .and_then(|cvss| text(cvss, ["/vector_string", "/vectorString"]))
        else {
            continue;
        };
        let Some((version, computed)) = model::cvss::score(vector) else {
            continue;
        };
        let given = advisory
            .pointer(place)
            .and_then(|cvss| cvss.get("score")?.as_f64());
        #[expect(
            clippy::cast_possible_truncation,
            reason = "one decimal between 0 and 10"
        )]
        let base = given
            .filter(|score| (0.1..=10.0).contains(score))
            .map_or(computed, |score| score as f32);
        if !scores.iter().any(|known: &Score| known.version == version) {
            scores.push(Score {
                sayer: Sayer::Github,
                version,
                vector: Some(vector.to_owned()),
                base,
            });
        }
    }
    scores.sort_by_key(|score| std::cmp::Reverse(score.version));
    scores
}

fn affected(advisory: &Value) -> Vec<Affected> {
    let mut products: Vec<Affected> = Vec::new();
    for entry in entries(advisory, "vulnerabilities") {
        let (Some(ecosystem), Some(name)) = (
            answer::text(entry, "/package/ecosystem"),
            answer::text(entry, "/package/name"),
        ) else {
            continue;
        };
        let mended = text(
            entry,
            [
                "/first_patched_version/identifier",
                "/firstPatchedVersion/identifier",
            ],
        )
        .or_else(|| answer::text(entry, "/first_patched_version"));
        let versions = text(
            entry,
            ["/vulnerable_version_range", "/vulnerableVersionRange"],
        )
        .and_then(VersionRange::of_text)
        .unwrap_or_else(|| VersionRange {
            to_excluding: mended.map(str::to_owned),
            ..VersionRange::default()
        });
        products.push(Affected {
            vendor: registry(ecosystem),
            product: name.to_owned(),
            versions,
        });
    }
    products
}

/// GitHub's names of ecosystems as the registries', which OSV uses too.
fn registry(ecosystem: &str) -> String {
    let lower = ecosystem.to_ascii_lowercase();
    match lower.as_str() {
        "pip" => "pypi",
        "rust" => "crates.io",
        "composer" => "packagist",
        "erlang" => "hex",
        "actions" => "github actions",
        _ => &lower,
    }
    .to_owned()
}

fn references(advisory: &Value) -> Vec<Reference> {
    let mut references: Vec<Reference> = Vec::new();
    for link in list(advisory, "/references").iter().take(MOST_LINKS) {
        // REST gives texts, GraphQL objects.
        let url = link
            .as_str()
            .filter(|url| answer::is_web(url))
            .or_else(|| answer::link(link, "/url"));
        if let Some(url) = url.filter(|url| !references.iter().any(|known| known.url == *url)) {
            references.push(Reference {
                url: url.to_owned(),
                tags: Vec::new(),
            });
        }
    }
    references
}

fn item(advisory: &Value, id: &str, source: &SourceId, malware: bool, fetched: Timestamp) -> Item {
    let summary = answer::text(advisory, "/summary").unwrap_or(id);
    let withdrawn = time(advisory, ["/withdrawn_at", "/withdrawnAt"]);
    let mut body = answer::text(advisory, "/description")
        .unwrap_or_default()
        .to_owned();
    let products = affected(advisory);
    if !products.is_empty() {
        body.push_str("\n\nAffected packages:\n");
        for product in products.iter().take(100) {
            let versions = list(advisory, "/vulnerabilities")
                .iter()
                .find(|entry| answer::text(entry, "/package/name") == Some(&product.product))
                .and_then(|entry| answer::text(entry, "/vulnerable_version_range"));
            body.push_str(&format!(
                "- {} ({}) {}\n",
                product.product,
                product.vendor,
                versions.unwrap_or_default()
            ));
        }
    }
    let malware = malware || answer::text(advisory, "/type") == Some("malware");
    let severity = match answer::text(advisory, "/severity")
        .map(str::to_ascii_lowercase)
        .as_deref()
    {
        Some("low") => Some(Severity::Low),
        Some("medium" | "moderate") => Some(Severity::Medium),
        Some("high") => Some(Severity::High),
        Some("critical") => Some(Severity::Critical),
        _ => None,
    };
    let types = if malware {
        vec![IncidentType::Malware, IncidentType::SupplyChain]
    } else {
        Vec::new()
    };
    Item::new(
        source,
        Draft {
            external_id: id.to_owned(),
            kind: ItemKind::Advisory,
            url: Some(url_of(advisory, id)),
            title: if withdrawn.is_some() {
                format!("Withdrawn: {summary}")
            } else {
                summary.to_owned()
            },
            text: body.trim().to_owned(),
            markup: Markup::Plain,
            author: None,
            language: Some("en".to_owned()),
            published: time(advisory, ["/published_at", "/publishedAt"]),
            updated: time(advisory, ["/updated_at", "/updatedAt"]),
            stated: Stated {
                types,
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

    #[test]
    fn an_advisory_is_a_statement_with_a_cve_and_an_item_without() {
        let source = SourceId::new("ghsa").unwrap();
        let page = include_bytes!("../../fixtures/ghsa/page.json");
        let read = parse(page, &source, false, Timestamp::UNIX_EPOCH).unwrap();
        let mut told = format!("newest {:?}", read.newest);
        for advisory in &read.advisories {
            match advisory {
                Advisory::OfCve(s) => {
                    write!(told, "\n{} {:?} {:?}", s.cve, s.aliases, s.title).unwrap();
                    told.push_str(&testkit::build::rated(s));
                    let links: Vec<&str> =
                        s.references.iter().map(|link| link.url.as_str()).collect();
                    write!(
                        told,
                        "\n  {:?} {links:?} withdrawn {:?}",
                        s.weaknesses, s.withdrawn
                    )
                    .unwrap();
                }
                Advisory::Alone(item) => {
                    write!(
                        told,
                        "\n{} {:?} | {:?} {:?}",
                        item.external_id, item.title, item.text, item.stated
                    )
                    .unwrap();
                }
            }
        }
        for problem in &read.problems {
            write!(told, "\n! {}: {}", problem.place, problem.reason).unwrap();
        }
        expect![[r#"
            newest Some(2026-11-05T10:00:00Z)
            CVE-2026-5001 ["GHSA-2222-3333-4444"] Some("acme-gate: command injection")
              CVSS 4.0 9.3 by Github
              CVSS 3.1 9.8 by Github
              pypi/acme-gate: - 1.0.0 - 1.4.2
              pypi/acme-gate: - - 0.9 -
              npm/@acme/gate: - - - 3.0.0
              [CweId(20), CweId(78)] ["https://github.com/acme/gate/security/advisories/GHSA-2222-3333-4444", "https://nvd.nist.gov/vuln/detail/CVE-2026-5001"] withdrawn None
            CVE-2026-5002 ["GHSA-5555-6666-7777"] Some("Duplicate Advisory: gate")
              [] [] withdrawn Some(2026-11-05T09:30:00Z)
            GHSA-8888-9999-cccc "Malware in acme-colours" | "Any computer that has this package installed should be considered fully compromised.\n\nAffected packages:\n- acme-colours (npm) >= 0" Stated { types: [Malware, SupplyChain], severity: Some(Critical), countries: [] }
            GHSA-cccc-dddd-eeee "A wrong number" | "" Stated { types: [], severity: None, countries: [] }
            ! GHSA-cccc-dddd-eeee: does not say when it was modified
            ! GHSA-cccc-dddd-eeee: `CVE-1` is not a CVE id (CVE-2026-1234)
            ! advisory 5: it has no GHSA id"#]].assert_eq(&told);
    }

    #[test]
    fn other_answers_are_refused_with_their_own_words() {
        let source = SourceId::new("ghsa").unwrap();
        let said = |text: &str| match parse(text.as_bytes(), &source, false, Timestamp::UNIX_EPOCH)
        {
            Ok(read) => format!("{} read", read.advisories.len()),
            Err(error) => error.to_string(),
        };
        assert_eq!(said("[]"), "0 read");
        assert_eq!(
            said("{\"message\":\"Bad credentials\"}"),
            "GitHub gave no advisories: Bad credentials"
        );
        assert_eq!(said("[1,2]"), "GitHub gave a list, and not of advisories");
        assert!(said("<html>").contains("web page"));
    }
}
