//! The facts of a story, each in one line: where, whom, which flaws, what to do.

use model::{
    ClaimStatus, EntityCount, EntityKind, Incident, Role, Timestamp, VersionRange, Vulnerability,
    VulnerabilityStatus,
};

use super::{FACT, Fact, Flaw};
use crate::message::Story;
use crate::text::{capital, short};
use crate::{figure, place};

// Upper lengths in UTF-16 units.
const SAYER: usize = 40;
const PRODUCT: usize = 60;
const NAME: usize = 40;
/// Names, what stands between them, and how many more there are.
const NAMES: usize = MOST_NAMES * (NAME + 2) + 12;

const MOST_SECTORS: usize = 3;
const MOST_NAMES: usize = 3;
const MOST_KEYWORDS: usize = 5;
const MOST_PRODUCTS: usize = 3;

/// What is known of the incident as a whole; what is not known is left out.
pub(super) fn facts(story: &Story, zone: &str) -> Vec<Fact> {
    let incident = &story.incident;
    let mut facts = Vec::new();
    push(&mut facts, "Where", &place::region(&incident.region), FACT);
    let sectors = incident
        .sectors
        .iter()
        .map(|sector| sector.label.word().to_owned());
    push(
        &mut facts,
        "Sector",
        &place::listed(sectors, MOST_SECTORS),
        FACT,
    );
    let victims = named(incident, |one| one.role == Some(Role::Victim));
    push(&mut facts, "Victim", &victims, NAMES);
    let actors = named(incident, |one| one.kind == EntityKind::Actor);
    push(&mut facts, "Actor", &actors, NAMES);
    let malware = named(incident, |one| one.kind == EntityKind::Malware);
    push(&mut facts, "Malware", &malware, NAMES);
    let claim = match incident.claim {
        // The ordinary case goes without saying.
        ClaimStatus::Reported => "",
        ClaimStatus::Claimed => "by the attacker only, so far",
        ClaimStatus::Corroborated => "told by several independent publishers",
        ClaimStatus::Confirmed => "confirmed by the victim or an authority",
        ClaimStatus::Denied => "denied by the victim",
    };
    push(&mut facts, "Claim", claim, FACT);
    push(&mut facts, "Exploited", &exploited(story), FACT);
    let action = story
        .vulnerabilities
        .iter()
        .find_map(|known| known.exploitation.as_ref()?.action.as_deref());
    push(&mut facts, "To do", action.unwrap_or_default(), FACT);
    push(
        &mut facts,
        "Products",
        &products(&story.vulnerabilities),
        MOST_PRODUCTS * (PRODUCT + 4),
    );
    let keywords = incident
        .keywords
        .iter()
        .map(|keyword| format!("“{}”", short(keyword, SAYER)));
    push(
        &mut facts,
        "Your keywords",
        &place::listed(keywords, MOST_KEYWORDS),
        FACT,
    );
    push(&mut facts, "Seen", &seen(story, zone), FACT);
    facts
}

/// The names of what its items name, most often named first.
fn named(incident: &Incident, wanted: impl Fn(&&EntityCount) -> bool) -> String {
    let names: Vec<String> = incident
        .entities
        .iter()
        .filter(wanted)
        .map(|one| short(&one.name, NAME))
        .filter(|name| !name.is_empty())
        .collect();
    place::listed(names.into_iter(), MOST_NAMES)
}

/// When, and by how many.
fn seen(story: &Story, zone: &str) -> String {
    let incident = &story.incident;
    let time = |at: Timestamp| figure::time(at, zone);
    let when = if time(incident.first_seen) == time(incident.last_seen) {
        time(incident.last_seen)
    } else {
        format!(
            "{}, first {}",
            time(incident.last_seen),
            time(incident.first_seen)
        )
    };
    if incident.items < 2 {
        return when;
    }
    let items = figure::counted(incident.items.into(), "item", "items");
    let sources = figure::counted(incident.sources.len() as u64, "source", "sources");
    format!("{when}; {items} from {sources}")
}

fn exploited(story: &Story) -> String {
    let incident = &story.incident;
    if !(incident.kev || incident.exploited) {
        return String::new();
    }
    let said = || {
        story
            .vulnerabilities
            .iter()
            .filter_map(|known| known.exploitation.as_ref())
    };
    let mut text = "yes".to_owned();
    if said().any(|known| known.ransomware) {
        text.push_str(", also by ransomware");
    }
    if incident.kev {
        text.push_str("; listed by CISA (KEV)");
    }
    if let Some(due) = said().filter_map(|known| known.due).min() {
        text.push_str(&format!(", US agencies must act by {}", figure::day(due)));
    }
    text
}

/// The first products that are affected: `fortinet fortios before 7.2.5`.
fn products(vulnerabilities: &[Vulnerability]) -> String {
    let mut names: Vec<String> = Vec::new();
    for product in vulnerabilities.iter().flat_map(|known| &known.affected) {
        if names.len() > MOST_PRODUCTS {
            break;
        }
        // CPE names have underscores for spaces.
        let name = format!(
            "{} {} {}",
            product.vendor,
            product.product,
            versions(&product.versions)
        )
        .replace('_', " ");
        let name = short(&name, PRODUCT);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let more = if names.len() > MOST_PRODUCTS {
        " and more"
    } else {
        ""
    };
    names.truncate(MOST_PRODUCTS);
    format!("{}{more}", names.join(", "))
}

fn versions(range: &VersionRange) -> String {
    if let Some(exact) = &range.exact {
        return exact.clone();
    }
    let from = match (&range.from_including, &range.from_excluding) {
        (Some(version), _) => format!("from {version} "),
        (None, Some(version)) => format!("after {version} "),
        (None, None) => String::new(),
    };
    match (&range.to_including, &range.to_excluding) {
        (_, Some(version)) => format!("{from}before {version}"),
        (Some(version), None) => format!("{from}up to {version}"),
        (None, None) => from,
    }
}

/// A CVE in one line.
pub(super) fn flaw(known: &Vulnerability) -> Flaw {
    let mut notes = Vec::new();
    let best = known.scores.first();
    if let Some(score) = best {
        notes.push(format!(
            "{} by {}",
            score.version.name(),
            short(score.sayer.name(), SAYER)
        ));
    } else {
        notes.push("not scored yet".to_owned());
    }
    if known.status == VulnerabilityStatus::Rejected {
        notes = vec!["rejected".to_owned()];
    } else if known.is_exploited() {
        notes.push("exploited".to_owned());
    }
    Flaw {
        id: known.cve.to_string(),
        score: best.map(|score| format!("{:.1}", score.base)),
        severity: known.severity.as_ref().map(|judgement| judgement.severity),
        note: notes.join(", "),
    }
}

/// Adds a fact, unless there is nothing to say.
pub(super) fn push(facts: &mut Vec<Fact>, name: &str, value: &str, room: usize) {
    let value = short(value, room);
    if !value.is_empty() {
        facts.push(Fact {
            name: name.to_owned(),
            value: capital(&value),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_ranges_read_as_people_write_them() {
        let range = |exact: Option<&str>,
                     from: Option<&str>,
                     to: Option<&str>,
                     below: Option<&str>| VersionRange {
            exact: exact.map(str::to_owned),
            from_including: from.map(str::to_owned),
            to_including: to.map(str::to_owned),
            to_excluding: below.map(str::to_owned),
            ..VersionRange::default()
        };
        for (range, shown) in [
            (range(Some("7.2.4"), None, None, None), "7.2.4"),
            (
                range(None, Some("7.2"), None, Some("7.2.5")),
                "from 7.2 before 7.2.5",
            ),
            (range(None, None, Some("7.2.4"), None), "up to 7.2.4"),
            (range(None, Some("7.2"), None, None), "from 7.2 "),
            (VersionRange::default(), ""),
        ] {
            assert_eq!(versions(&range), shown);
        }
    }
}
