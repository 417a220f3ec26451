//! One record of the CVE list: the container of its numbering authority (CNA) and
//! those of others who add to it (ADP), CISA's above all.
//! <https://cveproject.github.io/cve-schema/schema/docs/>
//!
//! Each container signs with its short name, and so does what it says. CISA's
//! holds CVSS, SSVC and the listing in KEV under `metrics[].other`, its words in
//! changing case. Times of old records have no zone and are UTC. GitHub, a CNA of
//! thousands, writes whole ranges into `version` (`< 1.2.3`).

use std::collections::HashMap;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use model::{
    Affected, CveId, CweId, Exploitation, Reference, Sayer, Score, ScoreVersion, SourceId, Ssvc,
    SsvcExploitation, Statement, TechnicalImpact, Timestamp, VersionRange, VulnerabilityStatus,
};
use serde_json::Value;

use crate::{Parsed, Problem, answer};

/// How CISA signs what it adds.
const CISA: &str = "CISA-ADP";
/// A record holds a container for each who adds; today there are three of them.
const MOST_CONTAINERS: usize = 32;
/// Kernel flaws have some two thousand; more than these is an accident.
const MOST_AFFECTED: usize = 20_000;
/// Links and tags kept of one record.
const MOST_LINKS: usize = 1_000;
const MOST_TAGS: usize = 32;

/// Reads a record, or a list of them.
#[must_use]
pub fn parse(bytes: &[u8], source: &SourceId) -> Parsed<Statement> {
    let mut parsed = Parsed::default();
    let document = match answer::json(bytes, "the CVE list") {
        Ok(document) => document,
        Err(error) => {
            parsed
                .problems
                .push(Problem::new("document", error.to_string()));
            return parsed;
        }
    };
    let one = std::slice::from_ref(&document);
    for (index, record) in document
        .as_array()
        .map_or(one, Vec::as_slice)
        .iter()
        .enumerate()
    {
        let place = format!("record {}", index + 1);
        match answer::text(record, "/cveMetadata/cveId").map(CveId::new) {
            Some(Ok(cve)) => {
                let statement = read(record, cve, source, &mut parsed.problems);
                parsed.entries.push(statement);
            }
            Some(Err(error)) => parsed.problems.push(Problem::new(place, error.to_string())),
            None => parsed
                .problems
                .push(Problem::new(place, "it is no CVE record")),
        }
    }
    parsed
}

fn read(record: &Value, cve: CveId, source: &SourceId, problems: &mut Vec<Problem>) -> Statement {
    let mut time = |name: &str| {
        let text = answer::text(record, &format!("/cveMetadata/{name}"))?;
        let at = utc(text);
        if at.is_none() {
            problems.push(Problem::new(
                cve.as_str(),
                format!("`{name}` is not a time"),
            ));
        }
        at
    };
    let published = time("datePublished");
    let modified = time("dateUpdated");
    let rejected = answer::text(record, "/cveMetadata/state") == Some("REJECTED");
    let mut statement = Statement {
        url: Some(format!("https://www.cve.org/CVERecord?id={cve}")),
        status: Some(if rejected {
            VulnerabilityStatus::Rejected
        } else {
            VulnerabilityStatus::Published
        }),
        published,
        modified,
        ..Statement::new(cve, source.clone())
    };
    let Some(cna) = record.pointer("/containers/cna") else {
        problems.push(Problem::new(
            statement.cve.as_str(),
            "it has no container of its numbering authority",
        ));
        return statement;
    };
    statement.title = answer::text(cna, "/title").map(str::to_owned);
    statement.description = in_english(cna.get(if rejected {
        "rejectedReasons"
    } else {
        "descriptions"
    }));
    let authority = answer::text(cna, "/providerMetadata/shortName")
        .or_else(|| answer::text(record, "/cveMetadata/assignerShortName"))
        .unwrap_or("unnamed");
    add(
        &mut statement,
        cna,
        &Sayer::Cna(authority.to_owned()),
        problems,
    );
    for container in list(record.pointer("/containers/adp"))
        .iter()
        .take(MOST_CONTAINERS)
    {
        let sayer = match answer::text(container, "/providerMetadata/shortName") {
            Some(CISA) => Sayer::CisaAdp,
            Some(name) => Sayer::Other(name.to_owned()),
            None => Sayer::Other("unnamed".to_owned()),
        };
        add(&mut statement, container, &sayer, problems);
    }
    statement.weaknesses.sort_unstable();
    statement.weaknesses.dedup();
    statement
}

/// Adds what a container says.
fn add(statement: &mut Statement, container: &Value, sayer: &Sayer, problems: &mut Vec<Problem>) {
    for metric in list(container.get("metrics")) {
        for (name, version) in [
            ("cvssV4_0", ScoreVersion::V40),
            ("cvssV3_1", ScoreVersion::V31),
            ("cvssV3_0", ScoreVersion::V30),
            ("cvssV2_0", ScoreVersion::V2),
        ] {
            let Some(cvss) = metric.get(name) else {
                continue;
            };
            match score(cvss, version, sayer) {
                Some(score) if !statement.scores.contains(&score) => statement.scores.push(score),
                Some(_) => {}
                None => problems.push(Problem::new(
                    statement.cve.as_str(),
                    format!("a {} of {} holds no score", version.name(), sayer.name()),
                )),
            }
        }
        match answer::text(metric, "/other/type") {
            Some("ssvc") => {
                if let Some(ssvc) = metric
                    .pointer("/other/content")
                    .and_then(|content| assessment(content, sayer))
                {
                    statement.ssvc = Some(ssvc);
                }
            }
            // Whoever may write "kev" here repeats CISA's list; only CISA's word counts.
            Some("kev") if *sayer == Sayer::CisaAdp => {
                statement.exploitation = Some(Exploitation {
                    name: None,
                    added: answer::text(metric, "/other/content/dateAdded").and_then(utc),
                    due: None,
                    action: None,
                    // The record does not repeat this field of the catalogue.
                    ransomware: false,
                });
            }
            _ => {}
        }
    }
    for description in list(container.get("problemTypes"))
        .iter()
        .flat_map(|kind| list(kind.get("descriptions")))
    {
        let named = answer::text(description, "/cweId").or_else(|| {
            // Many write the id into the text alone.
            answer::text(description, "/description")?
                .split([' ', ':'])
                .next()
        });
        statement
            .weaknesses
            .extend(named.and_then(|id| id.parse::<CweId>().ok()));
    }
    let room = MOST_AFFECTED.saturating_sub(statement.affected.len());
    let products = list(container.get("affected"))
        .iter()
        .flat_map(affected)
        .take(room);
    statement.affected.extend(products);
    references(&mut statement.references, list(container.get("references")));
}

fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A time with a zone, without one (then UTC), or a day.
fn utc(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    // The parser of zoneless times skips an offset, so none may be there.
    if text
        .get(10..)
        .unwrap_or_default()
        .contains(['Z', 'z', '+', '-'])
    {
        return None;
    }
    let zoneless = match text.parse::<DateTime>() {
        Ok(time) => time,
        Err(_) => text
            .parse::<Date>()
            .ok()?
            .to_datetime(jiff::civil::Time::midnight()),
    };
    zoneless
        .to_zoned(TimeZone::UTC)
        .ok()
        .map(|zoned| zoned.timestamp())
}

fn in_english(descriptions: Option<&Value>) -> Option<String> {
    let descriptions = list(descriptions);
    let is_english = |each: &&Value| {
        answer::text(each, "/lang").is_some_and(|lang| {
            let lang = lang.to_ascii_lowercase();
            lang == "en" || lang.starts_with("en-") || lang.starts_with("en_")
        })
    };
    let chosen = descriptions
        .iter()
        .find(is_english)
        .or_else(|| descriptions.first())?;
    answer::text(chosen, "/value").map(str::to_owned)
}

fn score(cvss: &Value, version: ScoreVersion, sayer: &Sayer) -> Option<Score> {
    let vector = answer::text(cvss, "/vectorString").map(str::to_owned);
    let computed = || model::cvss::score(vector.as_deref()?).map(|(_, score)| f64::from(score));
    let base = cvss
        .get("baseScore")
        .and_then(Value::as_f64)
        .or_else(computed)?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "one decimal between 0 and 10"
    )]
    (0.0..=10.0).contains(&base).then_some(Score {
        sayer: sayer.clone(),
        version,
        vector,
        base: base as f32,
    })
}

/// SSVC: a list of objects of one key each, in changing case.
fn assessment(content: &Value, sayer: &Sayer) -> Option<Ssvc> {
    let mut points: HashMap<String, String> = HashMap::new();
    for option in list(content.get("options"))
        .iter()
        .filter_map(Value::as_object)
        .take(32)
    {
        for (name, value) in option.iter().take(8) {
            if let Some(value) = value.as_str() {
                points.insert(name.to_ascii_lowercase(), value.trim().to_ascii_lowercase());
            }
        }
    }
    let exploitation = match points.get("exploitation")?.as_str() {
        "none" => SsvcExploitation::None,
        "poc" | "public poc" => SsvcExploitation::Poc,
        "active" => SsvcExploitation::Active,
        _ => return None,
    };
    let automatable = match points.get("automatable").map(String::as_str) {
        Some("yes") => Some(true),
        Some("no") => Some(false),
        _ => None,
    };
    let impact = match points.get("technical impact").map(String::as_str) {
        Some("partial") => Some(TechnicalImpact::Partial),
        Some("total") => Some(TechnicalImpact::Total),
        _ => None,
    };
    let at = answer::text(content, "/timestamp").and_then(utc);
    Some(Ssvc::new(
        exploitation,
        automatable,
        impact,
        sayer.clone(),
        at,
    ))
}

/// One entry of `affected`: a product, and the versions that are.
fn affected(entry: &Value) -> Vec<Affected> {
    let vendor = said(entry, "/vendor");
    let Some(product) = said(entry, "/product").or_else(|| said(entry, "/packageName")) else {
        return Vec::new();
    };
    let of = |versions| Affected {
        vendor: vendor.unwrap_or_default().to_owned(),
        product: product.to_owned(),
        versions,
    };
    let by_default = answer::text(entry, "/defaultStatus").unwrap_or("unknown");
    let versions = list(entry.get("versions"));
    let is = |version: &&Value, status: &str| {
        answer::text(version, "/status").unwrap_or(by_default) == status
    };
    let named: Vec<Affected> = versions
        .iter()
        .filter(|version| is(version, "affected"))
        .map(|version| of(range(version)))
        .collect();
    if !named.is_empty() || by_default != "affected" {
        return named;
    }
    // All but those named as unaffected: up to the first that is mended for good.
    let mended = versions
        .iter()
        .filter(|version| is(version, "unaffected") && has_no_end(version))
        .find_map(|version| said(version, "/version"));
    vec![of(VersionRange {
        to_excluding: mended.map(str::to_owned),
        ..VersionRange::default()
    })]
}

fn range(version: &Value) -> VersionRange {
    let at = said(version, "/version");
    let below = said(version, "/lessThan");
    let up_to = said(version, "/lessThanOrEqual");
    let is_range = version.get("lessThan").is_some() || version.get("lessThanOrEqual").is_some();
    // A change inside the range mends it earlier than its end says.
    let mended = list(version.get("changes"))
        .iter()
        .find(|change| answer::text(change, "/status") == Some("unaffected"))
        .and_then(|change| said(change, "/at"));
    if is_range || mended.is_some() {
        return VersionRange {
            from_including: at.filter(|at| *at != "0").map(str::to_owned),
            to_including: up_to.filter(|_| mended.is_none()).map(str::to_owned),
            to_excluding: below
                .filter(|_| mended.is_none())
                .or(mended)
                .map(str::to_owned),
            ..VersionRange::default()
        };
    }
    let Some(text) = at else {
        return VersionRange::default();
    };
    // Prose stays as it is: better read by a person than lost.
    VersionRange::of_text(text).unwrap_or_else(|| VersionRange {
        exact: Some(answer::cut(text, 200).to_owned()),
        ..VersionRange::default()
    })
}

fn has_no_end(version: &Value) -> bool {
    ["/lessThan", "/lessThanOrEqual"]
        .iter()
        .any(|end| answer::text(version, end) == Some("*"))
}

/// A word unless it stands for no word.
fn said<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    let text = answer::text(value, pointer)?;
    let empty = ["*", "-", "n/a", "unspecified", "unknown", "all"];
    (!empty.iter().any(|word| text.eq_ignore_ascii_case(word))).then_some(text)
}

fn references(known: &mut Vec<Reference>, links: &[Value]) {
    for link in links {
        // They are shown as links, so other schemes have no business here.
        let Some(url) = answer::link(link, "/url") else {
            continue;
        };
        let tags = list(link.get("tags"))
            .iter()
            .filter_map(Value::as_str)
            // Says only that the list moved from one format to the next.
            .filter(|tag| *tag != "x_transferred")
            .take(MOST_TAGS);
        let room = known.len() < MOST_LINKS;
        match known.iter_mut().find(|reference| reference.url == url) {
            Some(reference) => {
                for tag in tags {
                    if reference.tags.len() < MOST_TAGS
                        && !reference.tags.iter().any(|each| each == tag)
                    {
                        reference.tags.push(tag.to_owned());
                    }
                }
            }
            None if room => {
                known.push(Reference {
                    url: url.to_owned(),
                    tags: tags.map(str::to_owned).collect(),
                });
            }
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;
    use std::fmt::Write as _;

    #[test]
    fn every_container_is_read_with_who_says_it() {
        let source = SourceId::new("cve-list").unwrap();
        let parsed = parse(
            include_bytes!("../../fixtures/cve_list/records.json"),
            &source,
        );
        let mut text = String::new();
        for s in &parsed.entries {
            writeln!(
                text,
                "{} {:?} {:?} {:?}",
                s.cve, s.status, s.published, s.modified
            )
            .unwrap();
            let rated = testkit::build::rated(s);
            writeln!(text, "  {:?} | {:?}{rated}", s.title, s.description).unwrap();
            for link in &s.references {
                writeln!(text, "  {} {:?}", link.url, link.tags).unwrap();
            }
            let ssvc = s
                .ssvc
                .as_ref()
                .map(|ssvc| format!("{} by {:?} {:?}", ssvc.line(), ssvc.by, ssvc.at));
            writeln!(text, "  {:?} {ssvc:?} {:?}", s.weaknesses, s.exploitation).unwrap();
        }
        for problem in &parsed.problems {
            writeln!(text, "! {}: {}", problem.place, problem.reason).unwrap();
        }
        expect![[r#"
            CVE-2026-5001 Some(Published) Some(2026-11-03T10:15:00.123Z) Some(2026-11-05T06:30:00Z)
              Some("Acme Gate: command injection in the console") | Some("A command injection in the console of Acme Gate lets an unauthenticated attacker run code.")
              CVSS 4.0 9.3 by Cna("acme")
              CVSS 3.1 9.8 by Cna("acme")
              CVSS 3.1 8.8 by CisaAdp
              Acme/Gate: - 10.2.0 - 10.2.9-h1
              Acme/Gate: - 11.0 - 11.0.4
              Acme/Gate: - - 8.9 -
              acme-labs/gate-sdk: - 1.0.0 - 1.4.2
              acme-labs/gate-sdk: 2.0.0-rc1 - - -
              Linux/gatefs: - - - 6.9
              acme/gate: - 10.2.0 - 10.2.9-h1
              https://acme.example/psirt/26-101 ["vendor-advisory"]
              https://lists.example/1 ["mailing-list"]
              [CweId(20), CweId(77), CweId(78)] Some("Act (exploited, automatable, total impact) by CisaAdp Some(2026-11-04T12:00:00.5Z)") Some(Exploitation { name: None, added: Some(2026-11-04T00:00:00Z), due: None, action: None, ransomware: false })
            CVE-2026-5002 Some(Rejected) Some(2026-11-01T00:00:00Z) None
              None | Some("Not a flaw.")
              [] None None
            CVE-2026-5003 Some(Published) None None
              None | None
              [] None None
            ! CVE-2026-5001: a CVSS 3.0 of acme holds no score
            ! CVE-2026-5002: `dateUpdated` is not a time
            ! record 3: `CVE-26-1` is not a CVE id (CVE-2026-1234)
            ! CVE-2026-5003: it has no container of its numbering authority
            ! record 5: it is no CVE record
        "#]].assert_eq(&text);
    }

    #[test]
    fn hostile_documents_are_problems() {
        let source = SourceId::new("cve-list").unwrap();
        let deep = "[".repeat(100_000);
        for bytes in [
            "",
            "<html>",
            "{",
            "{}",
            "7",
            "[[]]",
            &deep,
            "{\"cveMetadata\":{\"cveId\":7}}",
        ] {
            let parsed = parse(bytes.as_bytes(), &source);
            assert!(
                parsed.entries.is_empty() && !parsed.problems.is_empty(),
                "{}",
                answer::cut(bytes, 40)
            );
        }
    }
}
