//! Our own reading of a source's description of a CVE, where the source says
//! nothing itself: how bad, which weakness, which products. And of an article or a
//! bulletin that names one CVE and which versions it affects, or what an attacker does
//! with it: for days, nobody else may say that.
//!
//! It stands beside what sources say and counts only while all of them are silent:
//! see [`model::Vulnerability::fuse`].

use model::{
    Affected, CveId, Item, ItemKind, Reading, Sayer, Score, ScoreVersion, Statement, VersionRange,
    VulnerabilityStatus,
};

use crate::clean;
use crate::context::Context;
use crate::extract::product::maker::{self, Made};
use crate::extract::product::{self, Product};

/// Shorter descriptions say nothing: "TBD", "** RESERVED **".
const LEAST_WORDS: usize = 4;

/// What we read in a statement's description; none where nothing is missing or
/// there is nothing to read.
#[must_use]
pub fn reading(statement: &Statement, context: &Context) -> Option<Reading> {
    let model = context.models().flaw()?;
    let description = statement.description.as_deref()?;
    let unscored = statement.scores.is_empty();
    let no_weakness = statement.weaknesses.is_empty();
    let no_product = statement.affected.is_empty();
    let is_silent = unscored || no_weakness || no_product;
    let is_void = statement.withdrawn.is_some()
        || statement.status == Some(VulnerabilityStatus::Rejected)
        || description
            .split_whitespace()
            .nth(LEAST_WORDS - 1)
            .is_none();
    if !is_silent || is_void {
        return None;
    }
    let title = statement.title.as_deref().unwrap_or_default();
    let flaw = (unscored || no_weakness).then(|| model.describe(title, description));
    let mut reading = Reading::default();
    if let Some(flaw) = flaw {
        reading.score = unscored.then_some(Score {
            sayer: Sayer::Prahari,
            version: ScoreVersion::V31,
            vector: Some(flaw.vector),
            base: flaw.score,
        });
        reading.weaknesses = flaw.weakness.filter(|_| no_weakness).into_iter().collect();
    }
    if no_product {
        reading.affected = all_affected(&product::products(description));
    }
    (reading != Reading::default()).then_some(reading)
}

/// What an item that is no record says of the versions that a CVE affects and of what an
/// attacker does with it, as a statement of its source. None where it names no CVE or
/// several, or neither: which range is whose in a round-up nobody can tell.
#[must_use]
pub fn in_passing(item: &Item) -> Option<Statement> {
    if item.kind == ItemKind::CveRecord || !names_cve(&item.title) && !names_cve(&item.text) {
        return None;
    }
    let title = clean::title(&item.title, item.markup);
    let text = clean::body(&item.text, item.markup);
    let cve = only_cve(&title, &text)?;
    let head: String = text.chars().take(READ_IN_PASSING).collect();
    let said = sentences(&title)
        .chain(sentences(&head))
        .filter(|sentence| names_cve(sentence) || speaks_of_flaw(sentence));
    let (mut telling, mut products) = (Vec::new(), Vec::new());
    let mut subject: Option<Product> = None;
    for sentence in said {
        subject = product::listed_subject(sentence).or(subject);
        let found = product::of_sentence(sentence, subject.clone());
        let tells_attack = || names_cve(sentence) && !model::attack::told(sentence).is_empty();
        if !found.is_empty() || tells_attack() {
            telling.push(sentence);
            products.extend(found);
        }
    }
    // "Upgrade to 7.2.5" says no more where "7.2.0 to 7.2.4" is told.
    let told: Vec<String> = products
        .iter()
        .filter(|product| !product.by_mend)
        .map(|product| product.name.to_lowercase())
        .collect();
    products.retain(|product| {
        let name = product.name.to_lowercase();
        let is_one = |told: &String| told.contains(&name) || name.contains(told.as_str());
        !product.by_mend || !told.iter().any(is_one)
    });
    let affected = all_affected(&products);
    if telling.is_empty() {
        return None;
    }
    let mut statement = Statement::new(cve, item.source.clone());
    statement.url.clone_from(&item.url);
    statement.document = Some(item.external_id.clone());
    statement.description = Some(telling.join(" "));
    statement.published = item.published;
    statement.modified = item.updated;
    statement.item = Some(item.id);
    statement.reading = (!affected.is_empty()).then(|| Reading {
        affected,
        ..Reading::default()
    });
    Some(statement)
}

/// Characters of an item in which versions are looked for.
const READ_IN_PASSING: usize = 6_000;

/// Whether a text may name a CVE.
fn names_cve(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes
        .windows(4)
        .any(|four| four.eq_ignore_ascii_case(b"CVE-"))
}

/// The CVE that a title and a text name, if it is one alone.
fn only_cve(title: &str, text: &str) -> Option<CveId> {
    let mut only: Option<CveId> = None;
    for part in [title, text] {
        let upper = part.to_ascii_uppercase();
        for (at, _) in upper.match_indices("CVE-") {
            let rest = upper.get(at + 4..).unwrap_or_default();
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '-');
            let number = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            let Ok(cve) = CveId::new(&format!("CVE-{}", number.trim_end_matches('-'))) else {
                continue;
            };
            if only.as_ref().is_some_and(|only| *only != cve) {
                return None;
            }
            only = Some(cve);
        }
    }
    only
}

/// The sentences of a text, and its lines; "7.2.4" ends none.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .flat_map(|line| line.split_inclusive(". "))
        .map(str::trim)
        .filter(|sentence| !sentence.is_empty())
}

/// Whether a sentence speaks of a flaw or its mending, and so of the one CVE that its text
/// names.
fn speaks_of_flaw(sentence: &str) -> bool {
    const WORDS: [&str; 11] = [
        "vulnerab",
        "flaw",
        "bug",
        "issue",
        "affect",
        "impact",
        "exploit",
        "patch",
        "fixed",
        "upgrade",
        "update to",
    ];
    let lower = sentence.to_ascii_lowercase();
    WORDS.iter().any(|word| lower.contains(word))
}

fn all_affected(products: &[Product]) -> Vec<Affected> {
    let names: Vec<&str> = products
        .iter()
        .map(|product| product.name.as_str())
        .collect();
    let mut all: Vec<Affected> = Vec::new();
    for (product, made) in products.iter().zip(maker::makers(&names)) {
        for one in affected(product, &made) {
            if !all.contains(&one) {
                all.push(one);
            }
        }
    }
    all
}

fn affected(product: &Product, made: &Made) -> Vec<Affected> {
    let of = |versions| Affected {
        vendor: made.vendor.clone(),
        product: made.product.clone(),
        versions,
    };
    if product.ranges.is_empty() {
        return vec![of(VersionRange::default())];
    }
    product.ranges.iter().cloned().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{CveId, CweId, SourceId};

    fn statement(description: &str) -> Statement {
        Statement {
            description: Some(description.to_owned()),
            ..Statement::new(
                CveId::new("CVE-2026-1234").unwrap(),
                SourceId::new("cve-list").unwrap(),
            )
        }
    }

    const INJECTION: &str = "SQL injection vulnerability in login.php in Acme Clinic 1.0 allows \
        remote attackers to execute arbitrary SQL commands via the username parameter.";

    #[test]
    fn what_nobody_says_is_read() {
        let context = Context::default();
        let read = reading(&statement(INJECTION), &context).unwrap();
        let score = read.score.unwrap();
        assert_eq!(score.sayer, Sayer::Prahari);
        assert!(score.base >= 7.0, "{score:?}");
        let vector = score.vector.unwrap();
        assert!(vector.starts_with("CVSS:3.1/AV:N/AC:L/"), "{vector}");
        assert_eq!(model::cvss::score(&vector).unwrap().1, score.base);
        assert_eq!(read.weaknesses, [CweId(89)]);
        assert_eq!(read.affected[0].product, "Acme Clinic");
        assert_eq!(read.affected[0].versions.exact.as_deref(), Some("1.0"));
    }

    fn article(title: &str, text: &str) -> Item {
        let draft = model::item::Draft {
            external_id: "https://news.example/1".to_owned(),
            kind: ItemKind::Article,
            url: Some("https://news.example/1".to_owned()),
            title: title.to_owned(),
            text: text.to_owned(),
            markup: model::Markup::Html,
            author: None,
            language: None,
            published: None,
            updated: None,
            stated: model::item::Stated::default(),
        };
        let source = SourceId::new("news").unwrap();
        Item::new(&source, draft, model::Timestamp::UNIX_EPOCH)
    }

    fn passing(title: &str, text: &str) -> Vec<String> {
        let Some(said) = in_passing(&article(title, text)) else {
            return Vec::new();
        };
        assert_eq!(said.source.as_str(), "news");
        assert!(said.item.is_some() && said.url.is_some());
        let read = said.reading.unwrap_or_default();
        assert_eq!((read.score, read.weaknesses.len()), (None, 0));
        let shown = |one: &Affected| {
            let versions = &one.versions;
            let bounds = [
                (">=", &versions.from_including),
                ("<=", &versions.to_including),
                ("<", &versions.to_excluding),
            ];
            let bounds = bounds
                .iter()
                .filter_map(|(sign, bound)| bound.as_ref().map(|bound| format!(" {sign}{bound}")));
            let bounds: String = bounds.collect();
            format!("{} {}{bounds}", said.cve, one.product)
        };
        read.affected.iter().map(shown).collect()
    }

    #[test]
    fn versions_in_the_news_of_one_cve_are_kept() {
        assert_eq!(
            passing(
                "Fortinet warns of a new flaw",
                "<p>Attackers use CVE-2026-70001, an authentication bypass in FortiOS 7.2.0 through 7.2.4. \
                 Customers are many.</p>",
            ),
            ["CVE-2026-70001 FortiOS >=7.2.0 <=7.2.4"]
        );
        assert_eq!(
            passing(
                "CVE-2026-70001: patch now",
                "The vulnerability affects FortiOS before 7.2.5.",
            ),
            ["CVE-2026-70001 FortiOS <7.2.5"]
        );
    }

    #[test]
    fn versions_are_read_as_news_and_advisories_write_them() {
        for (text, wanted) in [
            (
                "CVE-2026-70001 affects FortiOS 7.2.0 to 7.2.4. Users should upgrade to 7.2.5.",
                &["FortiOS >=7.2.0 <=7.2.4"][..],
            ),
            (
                "The flaw CVE-2026-70001 in FortiOS 7.2.0-7.2.4 is used.",
                &["FortiOS >=7.2.0 <=7.2.4"],
            ),
            (
                "CVE-2026-70001 affects FortiOS 7.2.4 and below.",
                &["FortiOS <=7.2.4"],
            ),
            (
                "CVE-2026-70001 is an authentication bypass in FortiOS. It was patched in versions \
                 7.2.5 and 7.0.12 on Monday.",
                &["FortiOS <7.0.12", "FortiOS >=7.1 <7.2.5"],
            ),
            (
                "CVE-2026-70001: FortiOS 7.4.0 through 7.4.2 and 7.2.0 through 7.2.6 are affected.",
                &["FortiOS >=7.4.0 <=7.4.2", "FortiOS >=7.2.0 <=7.2.6"],
            ),
            (
                "Zimbra Collaboration before 9.0.0 Patch 46 has CVE-2026-70001, a flaw.",
                &["Collaboration <9.0.0 Patch 46"],
            ),
            // Whose versions these are is not said.
            (
                "Acme Labs found CVE-2026-70001, a flaw. It was fixed in 7.2.5 of last week.",
                &[],
            ),
            (
                "An update for CVE-2026-70001 was issued to Windows 7, 8.1 and 10.",
                &[],
            ),
        ] {
            let wanted: Vec<String> = wanted
                .iter()
                .map(|one| format!("CVE-2026-70001 {one}"))
                .collect();
            assert_eq!(passing("", text), wanted, "{text}");
        }
    }

    #[test]
    fn what_an_attacker_does_is_kept_without_any_versions() {
        let text = "Hackers use CVE-2026-70001, a path traversal, for weeks. They steal files.";
        let said = in_passing(&article("Gate under fire", text)).unwrap();
        assert_eq!(said.reading, None);
        let known = model::Vulnerability::fuse(&[said]).unwrap();
        let classes: Vec<_> = known.attacks.iter().map(|attack| attack.class).collect();
        assert_eq!(classes, [model::AttackClass::PathTraversal]);
        let other = "CVE-2026-70001 is a flaw. Elsewhere, a path traversal was found.";
        assert_eq!(in_passing(&article("", other)), None);
    }

    #[test]
    fn a_range_that_may_be_of_something_else_is_not_kept() {
        let no_one: [String; 0] = [];
        // Of which of the two?
        let two = "CVE-2026-70001 and CVE-2026-70002 are in FortiOS 7.2.0 through 7.2.4.";
        assert_eq!(passing("", two), no_one);
        // Nothing is said of a flaw there.
        let other = "CVE-2026-70001 is grave. The museum shows Acme Gate 1.0 through 7.2.";
        assert_eq!(passing("", other), no_one);
        assert_eq!(passing("", "CVE-2026-70001 is a flaw in FortiOS."), no_one);
        assert_eq!(
            passing("", "FortiOS 7.2.0 through 7.2.4 has a flaw."),
            no_one
        );
        assert_eq!(passing("CVE-", "cve-x before 1.0 CVE-2026-"), no_one);
        let mut record = article("", "CVE-2026-70001 affects FortiOS before 7.2.5.");
        assert!(in_passing(&record).is_some());
        record.kind = ItemKind::CveRecord;
        assert_eq!(in_passing(&record), None);
    }

    #[test]
    fn a_product_is_read_with_its_maker() {
        let read = |text| reading(&statement(text), &Context::default()).unwrap();
        let whole =
            read("Fortinet FortiOS version 7.2.0 through 7.2.4 allows an attacker to read files.");
        let named: Vec<(&str, &str)> = whole
            .affected
            .iter()
            .map(|one| (one.vendor.as_str(), one.product.as_str()))
            .collect();
        assert_eq!(named, [("Fortinet", "FortiOS")]);
        let alone = read("An authentication bypass in FortiOS before 7.2.4 allows an attacker in.");
        assert_eq!(alone.affected[0].vendor, "fortinet");
    }

    #[test]
    fn what_a_source_says_is_left_to_it() {
        let context = Context::default();
        let scored = Score {
            sayer: Sayer::Nvd,
            version: ScoreVersion::V31,
            vector: None,
            base: 1.0,
        };
        let mut said = statement(INJECTION);
        said.scores.push(scored);
        assert_eq!(reading(&said, &context).unwrap().score, None);
        said.weaknesses.push(CweId(89));
        said.affected.push(Affected {
            vendor: "acme".to_owned(),
            product: "clinic".to_owned(),
            versions: VersionRange::default(),
        });
        assert_eq!(reading(&said, &context), None);
        for nothing in ["", "TBD", "** RESERVED **"] {
            assert_eq!(reading(&statement(nothing), &context), None, "{nothing}");
        }
        let rejected = Statement {
            status: Some(VulnerabilityStatus::Rejected),
            ..statement(INJECTION)
        };
        assert_eq!(reading(&rejected, &context), None);
    }
}
