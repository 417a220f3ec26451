//! How the incidents that a query finds fall into types, countries, sources and the
//! like. The same for every back end: it gives the latest incidents, they are
//! counted here.

use std::collections::{BTreeMap, BTreeSet};

use model::alias::usual_name;
use model::{ClaimStatus, Country, EntityCount, EntityKind, IncidentStatus, IncidentType, Region};
use model::{Role, Sector, Severity, SourceId, Tagged};
use serde::Deserialize;

/// How many of the latest incidents are looked at.
pub(crate) const SAMPLE: u32 = 2_000;
/// How many values of a facet are told.
const MOST_VALUES: usize = 20;

/// One value, and how many of the incidents have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facet {
    /// The value, as a query takes it.
    pub value: String,
    /// How many.
    pub count: u64,
}

/// Every facet, the commonest values first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facets {
    /// How many incidents were looked at: the latest.
    pub looked_at: u64,
    /// Whether these are all that match.
    pub complete: bool,
    /// Kinds of event.
    pub types: Vec<Facet>,
    /// Bands of severity.
    pub severities: Vec<Facet>,
    /// Affected countries.
    pub countries: Vec<Facet>,
    /// Affected Indian states, as `IN-KA`.
    pub states: Vec<Facet>,
    /// Affected sectors.
    pub sectors: Vec<Facet>,
    /// Who tells them.
    pub sources: Vec<Facet>,
    /// What people did about them.
    pub statuses: Vec<Facet>,
    /// How firm they are.
    pub claims: Vec<Facet>,
    /// Who did it.
    pub actors: Vec<Facet>,
    /// Malware.
    pub malware: Vec<Facet>,
    /// Products that are named.
    pub products: Vec<Facet>,
    /// Who was attacked.
    pub victims: Vec<Facet>,
}

/// What of an incident's body is counted; the rest is passed over.
#[derive(Deserialize)]
struct Counted {
    severity: Band,
    types: Vec<Tagged<IncidentType>>,
    region: Region,
    sectors: Vec<Tagged<Sector>>,
    claim: ClaimStatus,
    status: IncidentStatus,
    sources: Vec<SourceId>,
    #[serde(default)]
    entities: Vec<EntityCount>,
}

#[derive(Deserialize)]
struct Band {
    severity: Severity,
}

/// Counts the bodies of incidents, at most [`SAMPLE`].
pub(crate) fn count(bodies: &[String], complete: bool) -> Result<Facets, serde_json::Error> {
    let mut tally = Tally::default();
    for body in bodies {
        let incident: Counted = serde_json::from_str(body)?;
        tally.add("severity", incident.severity.severity.as_str());
        tally.add("status", incident.status.as_str());
        tally.add("claim", incident.claim.as_str());
        for tag in &incident.types {
            tally.add("type", tag.label.as_str());
        }
        for tag in &incident.sectors {
            tally.add("sector", tag.label.as_str());
        }
        for country in &incident.region.countries {
            tally.add("country", Country::as_str(country));
        }
        for state in &incident.region.states {
            tally.add("state", &format!("IN-{state}"));
        }
        for source in &incident.sources {
            tally.add("source", source.as_str());
        }
        // What older versions told of under another name is the same threat.
        let mut threats: BTreeSet<(&'static str, &str)> = BTreeSet::new();
        for entity in &incident.entities {
            let usual = || usual_name(entity.kind, &entity.name).unwrap_or(&entity.name);
            match entity.kind {
                EntityKind::Actor => threats.extend([("actor", usual())]),
                EntityKind::Malware => threats.extend([("malware", usual())]),
                EntityKind::Product => tally.add("product", &entity.name),
                _ => {}
            }
            if entity.role == Some(Role::Victim) {
                tally.add("victim", &entity.name);
            }
        }
        for (facet, name) in threats {
            tally.add(facet, name);
        }
    }
    Ok(Facets {
        looked_at: bodies.len() as u64,
        complete,
        types: tally.take("type"),
        severities: tally.take("severity"),
        countries: tally.take("country"),
        states: tally.take("state"),
        sectors: tally.take("sector"),
        sources: tally.take("source"),
        statuses: tally.take("status"),
        claims: tally.take("claim"),
        actors: tally.take("actor"),
        malware: tally.take("malware"),
        products: tally.take("product"),
        victims: tally.take("victim"),
    })
}

#[derive(Default)]
struct Tally(BTreeMap<&'static str, BTreeMap<String, u64>>);

impl Tally {
    fn add(&mut self, facet: &'static str, value: &str) {
        let values = self.0.entry(facet).or_default();
        match values.get_mut(value) {
            Some(count) => *count += 1,
            None => {
                values.insert(value.to_owned(), 1);
            }
        }
    }

    fn take(&mut self, facet: &str) -> Vec<Facet> {
        let values = self.0.remove(facet).unwrap_or_default();
        let mut facets: Vec<Facet> = values
            .into_iter()
            .map(|(value, count)| Facet { value, count })
            .collect();
        // A stable sort: of equals the first by name.
        facets.sort_by_key(|facet| std::cmp::Reverse(facet.count));
        facets.truncate(MOST_VALUES);
        facets
    }
}
