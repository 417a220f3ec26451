//! Where the affected are.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::IdError;

mod names;

pub use names::{state_code, state_name, states};

/// A country by its ISO 3166-1 alpha-2 code, upper-case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, utoipa::ToSchema)]
#[schema(value_type = String, pattern = "^[A-Z]{2}$")]
pub struct Country([u8; 2]);

impl Country {
    /// India.
    pub const INDIA: Self = Self(*b"IN");

    /// The two letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("")
    }
}

impl FromStr for Country {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        match text.trim().as_bytes() {
            [a, b] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => {
                Ok(Self([a.to_ascii_uppercase(), b.to_ascii_uppercase()]))
            }
            _ => Err(IdError {
                given: text.chars().take(60).collect(),
                wanted: "a country code (two letters, as IN)",
            }),
        }
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Country {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Country {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Country".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[A-Za-z]{2}$" })
    }
}

/// Where the victims or the affected public are; never where the attacker or
/// the publisher is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Region {
    /// Countries, without repeats, surest first.
    pub countries: Vec<Country>,
    /// Indian states and union territories by ISO 3166-2:IN code without the
    /// country (`KL`, `MH`), without repeats.
    pub states: Vec<String>,
}

impl Region {
    /// Whether India is among the countries.
    #[must_use]
    pub fn is_india(&self) -> bool {
        self.countries.contains(&Country::INDIA)
    }

    /// Adds what another region names and this one lacks.
    pub fn absorb(&mut self, other: &Self) {
        for country in &other.countries {
            if !self.countries.contains(country) {
                self.countries.push(*country);
            }
        }
        for state in &other.states {
            if !self.states.contains(state) {
                self.states.push(state.clone());
            }
        }
    }
}
