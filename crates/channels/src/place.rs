//! Names of places for people: incidents carry codes.

use model::{Country, Region};

/// Countries in a message before the rest is counted. A story that names more
/// affects the world.
const MOST_COUNTRIES: usize = 5;

/// States in a message before the rest is counted.
const MOST_STATES: usize = 4;

/// The country's everyday English name; its code when there is none.
pub(crate) fn country(country: Country) -> String {
    named(country.name(), country.as_str())
}

/// The whole region: `India (Kerala, Tamil Nadu), Nepal`; empty when unknown.
pub(crate) fn region(region: &Region) -> String {
    let states = listed(
        region
            .states
            .iter()
            .map(|code| named(model::region::state_name(code), code)),
        MOST_STATES,
    );
    let mut names: Vec<String> = region.countries.iter().map(|code| country(*code)).collect();
    if !states.is_empty() {
        match region
            .countries
            .iter()
            .position(|country| *country == Country::INDIA)
        {
            Some(index) => {
                if let Some(india) = names.get_mut(index) {
                    *india = format!("India ({states})");
                }
            }
            None => names.push(format!("India ({states})")),
        }
    }
    listed(names.into_iter(), MOST_COUNTRIES)
}

/// Names joined by commas; beyond `most` only counted.
pub(crate) fn listed(names: impl ExactSizeIterator<Item = String>, most: usize) -> String {
    let more = names.len().saturating_sub(most);
    let mut out = names.take(most).collect::<Vec<_>>().join(", ");
    if more > 0 {
        out.push_str(&format!(" and {more} more"));
    }
    out
}

/// The name, or the code where there is none.
fn named(name: Option<&str>, code: &str) -> String {
    name.map_or_else(|| crate::text::short(code, 12), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(countries: &[&str], states: &[&str]) -> String {
        region(&Region {
            countries: countries.iter().map(|code| code.parse().unwrap()).collect(),
            states: states.iter().map(|&code| code.to_owned()).collect(),
        })
    }

    #[test]
    fn regions_read_as_people_write_them() {
        for (countries, states, says) in [
            (
                &["IN", "NP"][..],
                &["KL", "TN"][..],
                "India (Kerala, Tamil Nadu), Nepal",
            ),
            (&["US"], &[], "United States"),
            (&[], &["KL"], "India (Kerala)"),
            (&["QZ"], &[], "QZ"),
            (
                &["IN"],
                &["KL", "MH", "TN", "KA", "DL", "??"],
                "India (Kerala, Maharashtra, Tamil Nadu, Karnataka and 2 more)",
            ),
            (
                &["DE", "FR", "IT", "ES", "PL", "AT", "CH"],
                &[],
                "Germany, France, Italy, Spain, Poland and 2 more",
            ),
            (&[], &[], ""),
        ] {
            assert_eq!(shown(countries, states), says);
        }
    }
}
