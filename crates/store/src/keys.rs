//! By what filters and candidates find an incident: pairs of kind and value.

use model::Incident;

use crate::codec::Key;
use crate::{IncidentFilter, tokens};

/// By what filters and candidates find the incident.
pub(crate) fn keys(incident: &Incident) -> Vec<(i64, String)> {
    let mut keys: Vec<(i64, String)> = Vec::new();
    let mut add = |kind: Key, value: String| keys.push((kind.number(), value));
    incident
        .type_labels()
        .for_each(|label| add(Key::Type, label.as_str().to_owned()));
    incident
        .region
        .countries
        .iter()
        .for_each(|country| add(Key::Country, country.as_str().to_owned()));
    incident
        .cves
        .iter()
        .for_each(|cve| add(Key::Cve, cve.as_str().to_owned()));
    incident
        .keywords
        .iter()
        .for_each(|keyword| add(Key::Keyword, tokens::folded(keyword)));
    incident
        .sources
        .iter()
        .for_each(|source| add(Key::Source, source.as_str().to_owned()));
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// The filters that are looked up by key.
pub(crate) fn wanted_keys(filter: &IncidentFilter) -> Vec<(Key, Vec<String>)> {
    let mut keys: Vec<(Key, Vec<String>)> = Vec::new();
    if !filter.types.is_empty() {
        keys.push((
            Key::Type,
            filter
                .types
                .iter()
                .map(|label| label.as_str().to_owned())
                .collect(),
        ));
    }
    if !filter.countries.is_empty() {
        keys.push((
            Key::Country,
            filter
                .countries
                .iter()
                .map(|country| country.as_str().to_owned())
                .collect(),
        ));
    }
    keys.extend(
        filter
            .cve
            .iter()
            .map(|cve| (Key::Cve, vec![cve.as_str().to_owned()])),
    );
    keys.extend(
        filter
            .source
            .iter()
            .map(|source| (Key::Source, vec![source.as_str().to_owned()])),
    );
    keys.extend(
        filter
            .keyword
            .iter()
            .map(|keyword| (Key::Keyword, vec![tokens::folded(keyword)])),
    );
    keys
}

/// The revision as it is stored.
pub(crate) fn revision(incident: &Incident) -> i64 {
    i64::try_from(incident.revision).unwrap_or(i64::MAX)
}
