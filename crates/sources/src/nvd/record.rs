//! One record of NVD, and what it says.
//!
//! Of a metric only source, vector and score are read: the names of the other
//! fields of CVSS 4 changed in 2025. `Primary` does not mean NVD: where NVD takes
//! over a CNA's score, that score is the primary one, so the source alone says
//! who speaks. Times have no zone and are UTC. Links and matches repeat. Since
//! 2026 a record holds the CNA's own list of products (`affected`), often the
//! only one there is.

use std::borrow::Cow;
use std::collections::HashMap;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use model::{
    Affected, CveId, CweId, Exploitation, Reference, Sayer, Score, ScoreVersion, SourceId,
    Statement, Timestamp, VersionRange, VulnerabilityStatus,
};

use super::cpe;
use super::shape::{AffectedProduct, CpeMatch, Described, Link, Metric, Metrics, Record, Weakness};
use crate::{Parsed, Problem};

/// The name CISA signs with when it adds to records of others.
const CISA_ADP: &str = "134c704f-9b21-4f2e-91b3-4a467353bcc0";
/// How NVD signs.
const NVD: &str = "nvd@nist.gov";
/// Numbering authorities that sign with a number, by the name people know.
const NAMED: [(&str, &str); 1] = [("416baaa9-dc9f-4396-8d5f-8c081fb06d67", "kernel.org")];
/// NVD knows some twenty tags.
const MOST_TAGS: usize = 32;

/// Adds what a record says to `parsed`.
pub(super) fn keep(
    record: &Record<'_>,
    index: usize,
    source: &SourceId,
    parsed: &mut Parsed<Statement>,
) {
    let cve = match CveId::new(&record.id) {
        Ok(cve) => cve,
        Err(error) => {
            parsed.problems.push(Problem::new(
                format!("record {}", index + 1),
                error.to_string(),
            ));
            return;
        }
    };
    let mut problem = |reason: String| {
        parsed
            .problems
            .push(Problem::new(record.id.as_ref(), reason))
    };
    let mut time = |name: &str, text: &Option<Cow<'_, str>>| {
        let text = text.as_deref()?;
        let at = utc(text);
        if at.is_none() {
            problem(format!("`{name}` is not a time"));
        }
        at
    };
    let published = time("published", &record.published);
    let modified = time("lastModified", &record.last_modified);
    let added = time("cisaExploitAdd", &record.cisa_exploit_add);
    let due = time("cisaActionDue", &record.cisa_action_due);
    let status = record.vuln_status.as_deref().and_then(|text| {
        let status = status_of(text);
        if status.is_none() {
            problem(format!(
                "the status `{}` is not known",
                text.chars().take(40).collect::<String>()
            ));
        }
        status
    });
    let scores = scores(record, &mut problem);
    let title = record
        .cisa_vulnerability_name
        .as_ref()
        .map(|name| name.trim())
        .filter(|name| !name.is_empty());
    let exploitation = record.cisa_exploit_add.is_some().then(|| Exploitation {
        name: title.map(str::to_owned),
        added,
        due,
        action: record.cisa_required_action.clone(),
        // NVD repeats the catalogue without this field.
        ransomware: false,
    });
    parsed.entries.push(Statement {
        url: Some(format!("https://nvd.nist.gov/vuln/detail/{cve}")),
        title: title.map(str::to_owned),
        description: in_english(&record.descriptions),
        status,
        published,
        modified,
        scores,
        weaknesses: weaknesses(&record.weaknesses),
        affected: affected(record),
        references: references(&record.references),
        exploitation,
        ..Statement::new(cve, source.clone())
    });
}

/// A time as NVD writes it: without a zone, then it is UTC, or with one.
fn utc(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    // The parser of zoneless times skips an offset, so look for one first.
    let time_of_day = text.get(10..).unwrap_or_default();
    if time_of_day.contains(['Z', 'z', '+', '-']) {
        return text.parse().ok();
    }
    let zoneless: DateTime = text.parse().ok()?;
    zoneless
        .to_zoned(TimeZone::UTC)
        .ok()
        .map(|zoned| zoned.timestamp())
}

fn status_of(text: &str) -> Option<VulnerabilityStatus> {
    Some(match text {
        "Received" => VulnerabilityStatus::Received,
        "Awaiting Analysis" => VulnerabilityStatus::AwaitingAnalysis,
        "Undergoing Analysis" => VulnerabilityStatus::UndergoingAnalysis,
        "Analyzed" => VulnerabilityStatus::Analyzed,
        "Modified" => VulnerabilityStatus::Modified,
        "Deferred" => VulnerabilityStatus::Deferred,
        "Rejected" => VulnerabilityStatus::Rejected,
        _ => return None,
    })
}

fn in_english(descriptions: &[Described<'_>]) -> Option<String> {
    let english = descriptions
        .iter()
        .find(|each| each.lang == "en" || each.lang.starts_with("en-"));
    let text = english.or_else(|| descriptions.first())?.value.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn scores(record: &Record<'_>, problem: &mut impl FnMut(String)) -> Vec<Score> {
    let Metrics { v40, v31, v30, v2 } = &record.metrics;
    let mut scores = Vec::with_capacity(v40.len() + v31.len() + v30.len() + v2.len());
    for (version, metrics) in [
        (ScoreVersion::V40, v40),
        (ScoreVersion::V31, v31),
        (ScoreVersion::V30, v30),
        (ScoreVersion::V2, v2),
    ] {
        for Metric {
            source,
            kind,
            cvss_data,
        } in metrics
        {
            if !(0.0..=10.0).contains(&cvss_data.base_score) {
                problem(format!(
                    "a score of {} is outside 0 to 10",
                    cvss_data.base_score
                ));
                continue;
            }
            scores.push(Score {
                sayer: sayer(
                    source.as_deref(),
                    kind.as_deref(),
                    record.source_identifier.as_deref(),
                ),
                version,
                vector: cvss_data
                    .vector_string
                    .clone()
                    .filter(|vector| !vector.is_empty()),
                base: cvss_data.base_score,
            });
        }
    }
    scores
}

fn sayer(source: Option<&str>, kind: Option<&str>, numbered_by: Option<&str>) -> Sayer {
    let Some(source) = source.filter(|source| !source.is_empty()) else {
        return if kind == Some("Primary") {
            Sayer::Nvd
        } else {
            Sayer::Other("unnamed".to_owned())
        };
    };
    if source == NVD {
        return Sayer::Nvd;
    }
    if source == CISA_ADP {
        return Sayer::CisaAdp;
    }
    if let Some((_, domain)) = source.rsplit_once('@') {
        return Sayer::Cna(domain.to_ascii_lowercase());
    }
    let name = NAMED
        .iter()
        .find(|(number, _)| *number == source)
        .map_or(source, |(_, name)| name)
        .to_owned();
    if numbered_by == Some(source) {
        Sayer::Cna(name)
    } else {
        Sayer::Other(name)
    }
}

fn weaknesses(given: &[Weakness<'_>]) -> Vec<CweId> {
    let mut ids: Vec<CweId> = given
        .iter()
        .flat_map(|weakness| &weakness.description)
        // `NVD-CWE-noinfo` and `NVD-CWE-Other` name no weakness.
        .filter_map(|each| each.value.parse().ok())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn affected(record: &Record<'_>) -> Vec<Affected> {
    let by_cpe = record
        .configurations
        .iter()
        .flat_map(|configuration| &configuration.nodes)
        .filter(|node| !node.negate)
        .flat_map(|node| &node.cpe_match)
        .filter(|matched| matched.vulnerable)
        .filter_map(affected_by_cpe);
    let by_cna = record
        .affected
        .iter()
        .flat_map(|by| &by.affected_data)
        .flat_map(affected_by_cna);
    let mut products: Vec<Affected> = by_cpe.chain(by_cna).collect();
    // In one order, without repeats: NVD gives the same match several times, and
    // a record whose matches were shuffled has not changed.
    products.sort_by(|a, b| sort_key(a).cmp(&sort_key(b)));
    products.dedup();
    products
}

fn sort_key(product: &Affected) -> [Option<&str>; 7] {
    let VersionRange {
        exact,
        from_including,
        from_excluding,
        to_including,
        to_excluding,
    } = &product.versions;
    [
        Some(&product.vendor),
        Some(&product.product),
        exact.as_deref(),
        from_including.as_deref(),
        from_excluding.as_deref(),
        to_including.as_deref(),
        to_excluding.as_deref(),
    ]
}

fn affected_by_cpe(matched: &CpeMatch<'_>) -> Option<Affected> {
    let cpe = cpe::parse(&matched.criteria)?;
    let mut versions = VersionRange {
        exact: None,
        from_including: matched.version_start_including.clone(),
        from_excluding: matched.version_start_excluding.clone(),
        to_including: matched.version_end_including.clone(),
        to_excluding: matched.version_end_excluding.clone(),
    };
    if versions == VersionRange::default() {
        versions.exact = cpe.version.map(Cow::into_owned);
    }
    Some(Affected {
        vendor: cpe.vendor.into_owned(),
        product: cpe.product.into_owned(),
        versions,
    })
}

fn affected_by_cna(given: &AffectedProduct<'_>) -> Vec<Affected> {
    let Some(vendor) = said(given.vendor.as_deref()) else {
        return Vec::new();
    };
    let Some(product) =
        said(given.product.as_deref()).or_else(|| said(given.package_name.as_deref()))
    else {
        return Vec::new();
    };
    let by_default = given.default_status.as_deref();
    let product = |versions| Affected {
        vendor: vendor.to_owned(),
        product: product.to_owned(),
        versions,
    };
    if given.versions.is_empty() {
        return if by_default == Some("affected") {
            vec![product(VersionRange::default())]
        } else {
            Vec::new()
        };
    }
    given
        .versions
        .iter()
        .filter(|version| version.status.as_deref().or(by_default) == Some("affected"))
        .map(|version| {
            let at = said(version.version.as_deref()).map(str::to_owned);
            let below = said(version.less_than.as_deref()).map(str::to_owned);
            let up_to = said(version.less_than_or_equal.as_deref()).map(str::to_owned);
            let is_range = version.less_than.is_some() || version.less_than_or_equal.is_some();
            product(if is_range {
                VersionRange {
                    from_including: at.filter(|at| at != "0"),
                    to_excluding: below,
                    to_including: up_to,
                    ..VersionRange::default()
                }
            } else {
                VersionRange {
                    exact: at,
                    ..VersionRange::default()
                }
            })
        })
        .collect()
}

/// A word unless it stands for no word.
fn said(text: Option<&str>) -> Option<&str> {
    let text = text?.trim();
    let empty = ["", "*", "-", "n/a", "unspecified", "unknown", "all"];
    (!empty.iter().any(|word| text.eq_ignore_ascii_case(word))).then_some(text)
}

fn references(links: &[Link<'_>]) -> Vec<Reference> {
    let mut references: Vec<Reference> = Vec::with_capacity(links.len());
    let mut places: HashMap<&str, usize> = HashMap::with_capacity(links.len());
    for link in links {
        let url = link.url.trim();
        // They are shown as links, so other schemes have no business here.
        if !["https://", "http://", "ftp://"]
            .iter()
            .any(|scheme| url.starts_with(scheme))
        {
            continue;
        }
        match places.get(url).and_then(|place| references.get_mut(*place)) {
            Some(known) => {
                for tag in &link.tags {
                    if known.tags.len() < MOST_TAGS && !known.tags.contains(tag) {
                        known.tags.push(tag.clone());
                    }
                }
            }
            None => {
                places.insert(url, references.len());
                references.push(Reference {
                    url: url.to_owned(),
                    tags: link.tags.clone(),
                });
            }
        }
    }
    references
}
