//! Our own reading of a source's description of a CVE, where the source says
//! nothing itself: how bad, which weakness, which products.
//!
//! It stands beside what sources say and counts only while all of them are silent:
//! see [`model::Vulnerability::fuse`].

use model::{
    Affected, Reading, Sayer, Score, ScoreVersion, Statement, VersionRange, VulnerabilityStatus,
};

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
        let products = product::products(description);
        let names: Vec<&str> = products
            .iter()
            .map(|product| product.name.as_str())
            .collect();
        let made = maker::makers(&names);
        let both = products.iter().zip(made);
        reading.affected = both
            .flat_map(|(product, made)| affected(product, &made))
            .collect();
    }
    (reading != Reading::default()).then_some(reading)
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
