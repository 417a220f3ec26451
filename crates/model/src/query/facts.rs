//! What of an incident can be asked: its keys, its numbers, its affected products and
//! its words. A store keeps exactly these beside the incident, so that what it finds
//! is what is found in memory.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::bind::{Column, number_of};
use super::key::{Key, KeyRange, name_keys, name_words};
use crate::entity::{EntityKind, Role};
use crate::incident::Incident;
use crate::region::state_code;
use crate::tokens::{self, Text};
use crate::vulnerability::{VersionRange, Vulnerability};

/// How many affected products of an incident can be asked for: a bulletin for a
/// whole distribution names thousands, and is no product's story.
const MOST_PRODUCTS: usize = 64;
/// How many stretches of versions are kept of one product.
const MOST_RANGES: usize = 200;
/// How long an id that is a key may be, in characters.
const LONGEST_KEY: usize = 300;

/// An incident, what is known of its CVEs, and the texts of its items.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The incident.
    pub incident: &'a Incident,
    /// What is known of its CVEs; of others too, which are passed over.
    pub vulnerabilities: &'a [Vulnerability],
    /// The texts of its items. A store looks for words itself and gives none.
    pub texts: &'a [Text],
}

/// What of an incident can be asked.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// Its keys, in order, without repeats.
    keys: Vec<(Key, String)>,
    numbers: Numbers,
    affected: Vec<AffectedProduct>,
    texts: &'a [Text],
}

/// A product that is affected, and in which versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AffectedProduct {
    /// The keys under which it is found: of its name, alone and after its maker's.
    keys: Vec<String>,
    versions: Vec<VersionRange>,
}

#[derive(Debug, Clone, Copy)]
struct Numbers {
    severity: i64,
    score: i64,
    exploited: i64,
    kev: i64,
    epss: Option<i64>,
    cvss: Option<i64>,
    items: i64,
    last_seen: i64,
}

impl<'a> Facts<'a> {
    /// The facts of a subject.
    #[must_use]
    pub fn of(subject: Subject<'a>) -> Self {
        let incident = subject.incident;
        let about = || {
            let vulnerabilities = subject.vulnerabilities.iter();
            vulnerabilities.filter(|known| incident.cves.contains(&known.cve))
        };
        let mut keys = own_keys(incident);
        for vulnerability in about() {
            for weakness in &vulnerability.weaknesses {
                keys.push((Key::Cwe, weakness.0.to_string()));
            }
            for attack in &vulnerability.attacks {
                keys.push((Key::AttackClass, attack.class.as_str().to_owned()));
            }
        }
        let affected = affected(about(), &mut keys);
        keys.sort_unstable();
        keys.dedup();
        let epss = about().filter_map(|known| Some(epss_units(known.epss.as_ref()?.score)));
        let cvss = about().filter_map(|known| Some(tenths(known.scores.first()?.base)));
        Self {
            numbers: Numbers {
                severity: number_of(incident.band()),
                score: tenths(incident.severity.score),
                exploited: i64::from(incident.exploited),
                kev: i64::from(incident.kev),
                epss: epss.max(),
                cvss: cvss.max(),
                items: i64::from(incident.items),
                last_seen: incident.last_seen.as_microsecond(),
            },
            keys,
            affected,
            texts: subject.texts,
        }
    }

    /// The same with the scores that the incident was told with: what is known of a
    /// CVE today is no fact of yesterday's incident.
    #[must_use]
    pub fn as_told(mut self, incident: &Incident) -> Self {
        self.numbers.epss = incident.epss.map(epss_units);
        self.numbers.cvss = incident.cvss.map(tenths);
        self
    }

    /// Its keys, in order, without repeats.
    #[must_use]
    pub fn keys(&self) -> &[(Key, String)] {
        &self.keys
    }

    /// One of its numbers; none where it is not known.
    #[must_use]
    pub const fn number(&self, column: Column) -> Option<i64> {
        let numbers = &self.numbers;
        match column {
            Column::Severity => Some(numbers.severity),
            Column::Score => Some(numbers.score),
            Column::Exploited => Some(numbers.exploited),
            Column::Kev => Some(numbers.kev),
            Column::Epss => numbers.epss,
            Column::Cvss => numbers.cvss,
            Column::Items => Some(numbers.items),
            Column::LastSeen => Some(numbers.last_seen),
        }
    }

    /// What is affected.
    #[must_use]
    pub fn affected(&self) -> &[AffectedProduct] {
        &self.affected
    }

    /// The texts of its items.
    #[must_use]
    pub const fn texts(&self) -> &'a [Text] {
        self.texts
    }

    /// Whether it has a key within this range.
    #[must_use]
    pub fn has(&self, key: Key, range: &KeyRange) -> bool {
        let first = self
            .keys
            .partition_point(|(kind, value)| (*kind, value.as_str()) < (key, range.from.as_str()));
        let next = self.keys.get(first);
        next.is_some_and(|(kind, value)| *kind == key && range.holds(value))
    }
}

impl AffectedProduct {
    /// Whether one of these names it and it is affected in this version.
    #[must_use]
    pub fn is_affected(&self, names: &[KeyRange], version: &str) -> bool {
        let named = |range: &KeyRange| self.keys.iter().any(|key| range.holds(key));
        names.iter().any(named) && self.versions.iter().any(|range| range.holds(version))
    }
}

/// A score of 0 to 10 in tenths; what is no number counts as 0.
#[expect(clippy::cast_possible_truncation, reason = "clamped before")]
#[must_use]
fn tenths(score: f32) -> i64 {
    if score.is_nan() {
        0
    } else {
        (score.clamp(0.0, 10.0) * 10.0).round() as i64
    }
}

/// A probability in hundred-thousandths.
#[expect(clippy::cast_possible_truncation, reason = "clamped before")]
fn epss_units(score: f32) -> i64 {
    if score.is_nan() {
        0
    } else {
        (f64::from(score.clamp(0.0, 1.0)) * 100_000.0).round() as i64
    }
}

/// What the incident itself says.
fn own_keys(incident: &Incident) -> Vec<(Key, String)> {
    let mut keys: Vec<(Key, String)> = Vec::new();
    let mut add = |key: Key, value: &str| keys.push((key, value.to_owned()));
    incident
        .type_labels()
        .for_each(|label| add(Key::Type, label.as_str()));
    incident
        .sectors
        .iter()
        .for_each(|tag| add(Key::Sector, tag.label.as_str()));
    incident
        .region
        .countries
        .iter()
        .for_each(|country| add(Key::Country, country.as_str()));
    for state in &incident.region.states {
        add(Key::State, state_code(state).unwrap_or(state));
    }
    incident
        .cves
        .iter()
        .for_each(|cve| add(Key::Cve, cve.as_str()));
    incident
        .keywords
        .iter()
        .for_each(|word| add(Key::Keyword, &tokens::folded(word)));
    incident
        .sources
        .iter()
        .for_each(|source| add(Key::Source, source.as_str()));
    add(Key::Status, incident.status.as_str());
    add(Key::Claim, incident.claim.as_str());
    incident.tags.iter().for_each(|tag| add(Key::Tag, tag));
    if let Some(person) = &incident.assignee {
        add_names(&mut keys, Key::Assignee, person);
    }
    for entity in &incident.entities {
        if entity.role == Some(Role::Victim) {
            add_names(&mut keys, Key::Victim, &entity.name);
        }
        match entity_key(entity.kind) {
            Some(key) if key.is_name() => add_names(&mut keys, key, &entity.name),
            Some(key) => add_ids(&mut keys, key, entity.kind, &entity.name),
            None => {}
        }
    }
    keys
}

/// Under which key an entity is found; CVEs and keywords are the incident's own.
const fn entity_key(kind: EntityKind) -> Option<Key> {
    Some(match kind {
        EntityKind::Cwe => Key::Cwe,
        EntityKind::Attack => Key::Technique,
        EntityKind::Ip
        | EntityKind::Domain
        | EntityKind::Url
        | EntityKind::Email
        | EntityKind::Md5
        | EntityKind::Sha1
        | EntityKind::Sha256
        | EntityKind::Sha512
        | EntityKind::Indicator => Key::Indicator,
        EntityKind::Place => Key::Place,
        EntityKind::Organisation => Key::Org,
        EntityKind::Actor => Key::Actor,
        EntityKind::Malware => Key::Malware,
        EntityKind::Tool => Key::Tool,
        EntityKind::Product => Key::Product,
        EntityKind::Vulnerability => Key::Flaw,
        EntityKind::Person => Key::Person,
        EntityKind::Cve | EntityKind::Ghsa | EntityKind::CertIn | EntityKind::Keyword => {
            return None;
        }
    })
}

fn add_names(keys: &mut Vec<(Key, String)>, key: Key, name: &str) {
    keys.extend(name_keys(name).map(|value| (key, value)));
}

fn add_ids(keys: &mut Vec<(Key, String)>, key: Key, kind: EntityKind, name: &str) {
    let cropped = |text: &str| text.chars().take(LONGEST_KEY).collect::<String>();
    match key {
        Key::Cwe => {
            let number = name.trim_start_matches(|c: char| !c.is_ascii_digit());
            keys.push((key, cropped(number)));
        }
        Key::Technique => {
            let id = cropped(&name.to_ascii_uppercase());
            // Who asks for a technique asks for its sub-techniques.
            if let Some((parent, _)) = id.split_once('.') {
                keys.push((key, parent.to_owned()));
            }
            keys.push((key, id));
        }
        _ => {
            keys.push((key, cropped(&tokens::folded(name))));
            // An address is also found by its host.
            let host = (kind == EntityKind::Url)
                .then(|| url::Url::parse(name).ok())
                .flatten()
                .and_then(|url| url.host_str().map(tokens::folded));
            keys.extend(host.map(|host| (key, cropped(&host))));
        }
    }
}

/// What is affected, and the keys of it.
fn affected<'v>(
    vulnerabilities: impl Iterator<Item = &'v Vulnerability>,
    keys: &mut Vec<(Key, String)>,
) -> Vec<AffectedProduct> {
    let mut products: BTreeMap<(Vec<String>, Vec<String>), Vec<VersionRange>> = BTreeMap::new();
    for one in vulnerabilities.flat_map(|known| &known.affected) {
        let name = (name_words(&one.vendor), name_words(&one.product));
        let is_known = products.contains_key(&name);
        if name.1.is_empty() || (!is_known && products.len() >= MOST_PRODUCTS) {
            continue;
        }
        let ranges = products.entry(name).or_default();
        if ranges.len() < MOST_RANGES && !ranges.contains(&one.versions) {
            ranges.push(one.versions.clone());
        }
    }
    let products = products.into_iter().map(|((vendor, product), versions)| {
        add_names(keys, Key::Vendor, &vendor.join(" "));
        let mut names: Vec<String> = name_keys(&product.join(" ")).collect();
        if !product.starts_with(&vendor) {
            let whole: Vec<String> = vendor.into_iter().chain(product).collect();
            names.extend(name_keys(&whole.join(" ")).take(1));
        }
        keys.extend(names.iter().map(|name| (Key::Product, name.clone())));
        AffectedProduct {
            keys: names,
            versions,
        }
    });
    products.collect()
}
