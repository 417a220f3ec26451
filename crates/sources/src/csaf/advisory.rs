//! One CSAF advisory: an item, and what its publisher says of each CVE in it.
//!
//! Not every vulnerability has a CVE yet; those without stand in the item alone.
//! Some files have lines behind the document.

use model::item::{Draft, Stated};
use model::{
    CveId, CweId, Item, ItemKind, Markup, Reference, Sayer, Score, ScoreVersion, Severity,
    SourceId, Statement, Timestamp,
};
use serde_json::Value;

use super::product::Products;
use crate::{Problem, SourceError, answer};

/// Bounds on what is kept of one advisory.
const MOST_FLAWS: usize = 2_000;
const MOST_LINKS: usize = 200;
const MOST_REMEDIES: usize = 30;
/// The text of an item, in bytes.
const LONGEST_TEXT: usize = 60_000;

/// What an advisory gives.
#[derive(Debug)]
pub struct Advisory {
    /// The advisory itself.
    pub item: Item,
    /// What it says of each CVE.
    pub statements: Vec<Statement>,
    /// What in it is not as it should be.
    pub problems: Vec<Problem>,
}

/// Reads an advisory that came from `url`.
///
/// # Errors
/// It is no CSAF document.
pub fn parse(
    bytes: &[u8],
    source: &SourceId,
    url: &str,
    fetched: Timestamp,
) -> Result<Advisory, SourceError> {
    let (csaf, garbage) = document(bytes)?;
    let nonsense = |what: &str| SourceError::Nonsense(format!("it is no CSAF document: {what}"));
    let Some(id) = answer::text(&csaf, "/document/tracking/id").map(|id| answer::cut(id, 200))
    else {
        return Err(nonsense("it has no id"));
    };
    let mut problems = Vec::new();
    if garbage {
        problems.push(Problem::new(id, "something stands behind the document"));
    }
    let products = Products::read(csaf.get("product_tree").unwrap_or(&Value::Null));
    let page = page_of(&csaf, url);
    let publisher = answer::text(&csaf, "/document/publisher/name").unwrap_or("unnamed");
    let published = answer::time(&csaf, "/document/tracking/initial_release_date");
    let modified = answer::time(&csaf, "/document/tracking/current_release_date");
    let mut statements: Vec<Statement> = Vec::new();
    for (index, flaw) in list(&csaf, "/vulnerabilities")
        .iter()
        .take(MOST_FLAWS)
        .enumerate()
    {
        let cve = match answer::text(flaw, "/cve").map(CveId::new) {
            Some(Ok(cve)) => cve,
            Some(Err(error)) => {
                problems.push(Problem::new(
                    format!("{id}, vulnerability {}", index + 1),
                    error.to_string(),
                ));
                continue;
            }
            None => continue,
        };
        if statements.iter().any(|known| known.cve == cve) {
            problems.push(Problem::new(
                id,
                format!("{cve} stands in it twice; the first counts"),
            ));
            continue;
        }
        let scores = scores(flaw, publisher);
        statements.push(Statement {
            url: Some(page.clone()),
            title: answer::text(flaw, "/title").map(str::to_owned),
            description: note(flaw, &["description", "summary", "details"]),
            published,
            modified,
            scores,
            weaknesses: weakness(flaw),
            affected: products.affected(flaw),
            references: references(flaw, &page),
            document: Some(id.to_owned()),
            ..Statement::new(cve, source.clone())
        });
    }
    let title = answer::text(&csaf, "/document/title").unwrap_or(id);
    let item = Item::new(
        source,
        Draft {
            external_id: id.to_owned(),
            kind: ItemKind::Advisory,
            url: Some(page),
            title: title.to_owned(),
            text: text(&csaf, &statements),
            markup: Markup::Plain,
            author: Some(publisher.to_owned()),
            language: answer::text(&csaf, "/document/lang").map(str::to_owned),
            published,
            updated: modified,
            stated: Stated {
                severity: severity(&csaf),
                ..Stated::default()
            },
        },
        fetched,
    );
    Ok(Advisory {
        item,
        statements,
        problems,
    })
}

/// The document at the beginning, and whether anything stands behind it.
fn document(bytes: &[u8]) -> Result<(Value, bool), SourceError> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}');
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    match values.next() {
        Some(Ok(value)) => {
            let behind = text.get(values.byte_offset()..).unwrap_or_default();
            Ok((value, !behind.trim().is_empty()))
        }
        // Says whether it is a web page, nothing or broken.
        _ => answer::json(bytes, "the provider").map(|value| (value, false)),
    }
}

pub(super) fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// The page for people, or else the document.
fn page_of(csaf: &Value, url: &str) -> String {
    list(csaf, "/document/references")
        .iter()
        .filter(|link| answer::text(link, "/category") == Some("self"))
        .filter_map(|link| answer::link(link, "/url"))
        .find(|link| !link.ends_with(".json"))
        .unwrap_or(url)
        .to_owned()
}

/// The first note of the first of these categories that there is.
fn note(of: &Value, categories: &[&str]) -> Option<String> {
    categories.iter().find_map(|category| {
        let note = list(of, "/notes")
            .iter()
            .find(|note| answer::text(note, "/category") == Some(category))?;
        answer::text(note, "/text").map(|text| answer::cut(text, LONGEST_TEXT).to_owned())
    })
}

fn severity(csaf: &Value) -> Option<Severity> {
    let word = answer::text(csaf, "/document/aggregate_severity/text")?.to_ascii_lowercase();
    Some(match word.as_str() {
        "critical" => Severity::Critical,
        "important" | "high" => Severity::High,
        "moderate" | "medium" => Severity::Medium,
        "low" => Severity::Low,
        _ => return None,
    })
}

/// The highest score of each version: products of one advisory may differ.
fn scores(flaw: &Value, publisher: &str) -> Vec<Score> {
    let mut scores: Vec<Score> = Vec::new();
    // CSAF 2.1 has `metrics`, each with its content.
    let given = list(flaw, "/scores").iter().chain(
        list(flaw, "/metrics")
            .iter()
            .filter_map(|each| each.get("content")),
    );
    for cvss in given
        .take(MOST_FLAWS)
        .flat_map(|each| ["cvss_v4", "cvss_v3", "cvss_v2"].map(|name| each.get(name)))
    {
        let Some(cvss) = cvss else { continue };
        let vector = answer::text(cvss, "/vectorString");
        let computed = vector.and_then(model::cvss::score);
        let version = match answer::text(cvss, "/version") {
            Some("4.0") => ScoreVersion::V40,
            Some("3.1") => ScoreVersion::V31,
            Some("3.0") => ScoreVersion::V30,
            Some("2.0") => ScoreVersion::V2,
            _ => match computed {
                Some((version, _)) => version,
                None => continue,
            },
        };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "one decimal between 0 and 10"
        )]
        let given = cvss
            .get("baseScore")
            .and_then(Value::as_f64)
            .map(|base| base as f32);
        let Some(base) = given
            .or(computed.map(|(_, base)| base))
            .filter(|base| (0.0..=10.0).contains(base))
        else {
            continue;
        };
        let sayer = Sayer::Other(publisher.to_owned());
        let score = Score {
            sayer,
            version,
            vector: vector.map(str::to_owned),
            base,
        };
        match scores.iter_mut().find(|known| known.version == version) {
            Some(known) if known.base < base => *known = score,
            Some(_) => {}
            None => scores.push(score),
        }
    }
    scores.sort_by_key(|score| std::cmp::Reverse(score.version));
    scores
}

fn weakness(flaw: &Value) -> Vec<CweId> {
    // One object in CSAF 2.0, a list of them in 2.1.
    let mut ids: Vec<CweId> = flaw
        .get("cwe")
        .into_iter()
        .chain(list(flaw, "/cwes"))
        .filter_map(|cwe| answer::text(cwe, "/id")?.parse().ok())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn references(flaw: &Value, page: &str) -> Vec<Reference> {
    let mut references = vec![Reference {
        url: page.to_owned(),
        tags: vec!["vendor-advisory".to_owned()],
    }];
    for link in list(flaw, "/references").iter().take(MOST_LINKS) {
        if let Some(url) = answer::link(link, "/url")
            .filter(|url| !references.iter().any(|known| known.url == *url))
        {
            references.push(Reference {
                url: url.to_owned(),
                tags: Vec::new(),
            });
        }
    }
    references
}

/// Notes, flaws and remedies as text.
fn text(csaf: &Value, statements: &[Statement]) -> String {
    let mut parts: Vec<String> = list(csaf, "/document/notes")
        .iter()
        .filter(|note| answer::text(note, "/category") != Some("legal_disclaimer"))
        .filter_map(|note| answer::text(note, "/text"))
        .take(20)
        .map(str::to_owned)
        .collect();
    let flaws: Vec<String> = statements
        .iter()
        .map(|said| {
            let mut line = said.cve.to_string();
            if let Some(title) = &said.title {
                line.push_str(&format!(": {title}"));
            }
            if let Some(score) = said.scores.first() {
                line.push_str(&format!(" ({} {:.1})", score.version.name(), score.base));
            }
            line
        })
        .collect();
    if !flaws.is_empty() {
        parts.push(format!("Vulnerabilities:\n{}", flaws.join("\n")));
    }
    let mut remedies: Vec<&str> = Vec::new();
    for remedy in list(csaf, "/vulnerabilities")
        .iter()
        .take(MOST_FLAWS)
        .flat_map(|flaw| list(flaw, "/remediations"))
    {
        if let Some(details) = answer::text(remedy, "/details")
            && remedies.len() < MOST_REMEDIES
            && !remedies.contains(&details)
        {
            remedies.push(details);
        }
    }
    if !remedies.is_empty() {
        parts.push(format!("Remedies:\n{}", remedies.join("\n")));
    }
    let text = parts.join("\n\n");
    answer::cut(&text, LONGEST_TEXT).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;
    use std::fmt::Write as _;

    fn read(bytes: &[u8]) -> Result<Advisory, SourceError> {
        let source = SourceId::new("acme-csaf").unwrap();
        parse(
            bytes,
            &source,
            "https://acme.example/csaf/acme-2026-7.json",
            Timestamp::UNIX_EPOCH,
        )
    }

    #[test]
    fn an_advisory_is_an_item_and_a_statement_for_each_cve() {
        let advisory = read(include_bytes!("../../fixtures/csaf/acme-2026-7.json")).unwrap();
        let item = &advisory.item;
        let mut told = format!(
            "{} {:?} {:?}\n{:?} {:?} {:?}\n{}",
            item.external_id,
            item.url,
            item.title,
            item.author,
            item.published,
            item.stated.severity,
            item.text
        );
        for s in &advisory.statements {
            write!(
                told,
                "\n{} {:?} {:?} {:?}",
                s.cve, s.title, s.description, s.weaknesses
            )
            .unwrap();
            told.push_str(&testkit::build::rated(s));
        }
        for problem in &advisory.problems {
            write!(told, "\n! {}: {}", problem.place, problem.reason).unwrap();
        }
        expect![[r#"
            ACME-2026-7 Some("https://acme.example/psirt/2026-7") "Command injection in Acme Gate"
            Some("Acme PSIRT") Some(2026-11-03T10:00:00Z) Some(High)
            Acme Gate runs what it is given.

            Vulnerabilities:
            CVE-2026-5001: Command injection (CVSS 3.1 9.8)

            Remedies:
            Update to 10.3.
            CVE-2026-5001 Some("Command injection") Some("The console runs what it is given.") [CweId(78)]
              CVSS 3.1 9.8 by Other("Acme PSIRT")
              CVSS 2.0 10.0 by Other("Acme PSIRT")
              Acme/Gate: 10.2 - - -
              Acme/Gate: - - - 1.2
              Acme/Gate: - 2.0 - 2.3
              Acme/Gate: 11 SP2 - - -
              /Acme Cloud: - - - -
              Acme/Gate: - - - 10.3
              Acme/gate-agent: - - - 3.1-2
            ! ACME-2026-7: CVE-2026-5001 stands in it twice; the first counts
            ! ACME-2026-7, vulnerability 4: `CVE-1` is not a CVE id (CVE-2026-1234)"#]].assert_eq(&told);
    }

    #[test]
    fn what_stands_behind_the_document_is_told() {
        let bytes =
            b"{\"document\":{\"tracking\":{\"id\":\"A-1\"},\"publisher\":{}}}\ninvalid data\n";
        let advisory = read(bytes).unwrap();
        assert_eq!(
            advisory.problems,
            [Problem::new("A-1", "something stands behind the document")]
        );
        assert_eq!(
            (advisory.item.title.as_str(), advisory.statements.len()),
            ("A-1", 0)
        );
    }

    #[test]
    fn other_documents_are_refused() {
        let deep = format!("{{\"document\":{}", "[".repeat(100_000));
        for text in ["", "<html>", "[]", "{}", "{\"document\":{}}", &deep] {
            assert!(read(text.as_bytes()).is_err(), "{}", answer::cut(text, 40));
        }
    }
}
