//! Ids are types: a rule's id cannot be passed where a channel's is wanted.
//!
//! An [`ItemId`] is derived from what it names, so a replay gives the same id.
//! Incidents, alerts and deliveries get UUIDs of version 7 from an [`IdMaker`].
//! Sources, rules and channels carry the short names that people gave them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::hash;

/// Makes ids for things that are new: UUIDs of version 7, so that they sort by
/// the time of their making.
pub trait IdMaker: Send + Sync {
    /// A fresh id.
    fn next_id(&self) -> Uuid;
}

/// A text that is not the id it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not {wanted}")]
pub struct IdError {
    /// What was given.
    pub given: String,
    /// What an id of this kind looks like.
    pub wanted: &'static str,
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $wanted:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(transparent)]
        #[schema(value_type = String, format = "uuid")]
        pub struct $name(pub Uuid);

        impl $name {
            /// The id's 16 bytes, as the store keeps them.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Uuid::from_str(text)
                    .map(Self)
                    .map_err(|_| IdError { given: crop(text), wanted: $wanted })
            }
        }
    };
}

uuid_id!(
    /// Names an item. Derived by [`ItemId::of`].
    ItemId, "an item id (a UUID)"
);
uuid_id!(
    /// Names an incident.
    IncidentId, "an incident id (a UUID)"
);
uuid_id!(
    /// Names an alert.
    AlertId, "an alert id (a UUID)"
);
uuid_id!(
    /// Names a delivery. Receivers see it and can de-duplicate on it.
    DeliveryId, "a delivery id (a UUID)"
);
uuid_id!(
    /// Names a saying of a person.
    FeedbackId, "a feedback id (a UUID)"
);

uuid_id!(
    /// Names a saved search.
    SearchId, "a search id (a UUID)"
);

impl ItemId {
    /// The id of what `source` published as `external_id` with the content of
    /// this hash: a UUID of version 8 over the first bytes of their SHA-256.
    #[must_use]
    pub fn of(source: &SourceId, external_id: &str, content_hash: &[u8]) -> Self {
        let bytes = hash::short(&[
            source.as_str().as_bytes(),
            external_id.as_bytes(),
            content_hash,
        ]);
        Self(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }
}

macro_rules! named_id {
    ($(#[$doc:meta])* $name:ident, $wanted:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, utoipa::ToSchema)]
        #[schema(value_type = String)]
        pub struct $name(String);

        impl $name {
            /// Reads a name: 1 to 64 characters of `a-z`, `0-9`, `-`, `_` and `.`,
            /// the first a letter or digit.
            ///
            /// # Errors
            /// The text is longer, empty, or holds another character.
            pub fn new(text: &str) -> Result<Self, IdError> {
                if is_name(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(IdError { given: crop(text), wanted: $wanted })
                }
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::new(&text).map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,63}$" })
            }
        }
    };
}

named_id!(
    /// Names a source, as `the-hacker-news`.
    SourceId, "a source name (a-z, 0-9, '-', '_', '.', at most 64)"
);
named_id!(
    /// Names a channel, as `slack` or `soc-mail`.
    ChannelId, "a channel name (a-z, 0-9, '-', '_', '.', at most 64)"
);
named_id!(
    /// Names a rule, as `urgent`.
    RuleId, "a rule name (a-z, 0-9, '-', '_', '.', at most 64)"
);

/// A CVE id: `CVE-` year `-` four or more digits, always upper-case.
/// <https://www.cve.org/About/Process#CVERecordLifecycle>
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, pattern = "^CVE-[0-9]{4}-[0-9]{4,}$")]
pub struct CveId(String);

impl CveId {
    /// Reads an id in any case.
    ///
    /// # Errors
    /// The text has another form. The number may have 4 to 19 digits, the limit
    /// of the CVE record format.
    pub fn new(text: &str) -> Result<Self, IdError> {
        let upper = text.trim().to_ascii_uppercase();
        let valid = upper
            .strip_prefix("CVE-")
            .and_then(|rest| rest.split_once('-'))
            .is_some_and(|(year, number)| {
                year.len() == 4
                    && (4..=19).contains(&number.len())
                    && year
                        .bytes()
                        .chain(number.bytes())
                        .all(|b| b.is_ascii_digit())
            });
        if valid {
            Ok(Self(upper))
        } else {
            Err(IdError {
                given: crop(text),
                wanted: "a CVE id (CVE-2026-1234)",
            })
        }
    }

    /// The id as text, upper-case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CveId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for CveId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::new(text)
    }
}

impl<'de> Deserialize<'de> for CveId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).map_err(serde::de::Error::custom)
    }
}

/// A weakness class of MITRE's list: the number in `CWE-79`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, utoipa::ToSchema)]
#[schema(value_type = String, pattern = "^CWE-[0-9]+$")]
pub struct CweId(pub u32);

impl fmt::Display for CweId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CWE-{}", self.0)
    }
}

impl FromStr for CweId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        text.trim()
            .to_ascii_uppercase()
            .strip_prefix("CWE-")
            .and_then(|number| number.parse().ok())
            .map(Self)
            .ok_or_else(|| IdError {
                given: crop(text),
                wanted: "a CWE id (CWE-79)",
            })
    }
}

impl Serialize for CweId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CweId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A UUID of version 7 from a time and ten random bytes.
#[must_use]
pub fn uuid_v7(now: Timestamp, random: &[u8; 10]) -> Uuid {
    let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, random).into_uuid()
}

fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    (1..=64).contains(&bytes.len())
        && bytes[0].is_ascii_alphanumeric()
        && bytes.iter().all(|b| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.')
        })
}

/// At most 60 characters of a text that goes into an error message.
fn crop(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cve_ids_are_read_in_any_case_and_refused_otherwise() {
        assert_eq!(
            CveId::new(" cve-2026-1234 ").unwrap().as_str(),
            "CVE-2026-1234"
        );
        for wrong in [
            "CVE-2026-123",
            "CVE-26-1234",
            "CVE-2026-12x4",
            "2026-1234",
            "",
            "CVE-2026-12345678901234567890",
        ] {
            assert!(CveId::new(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_replay_gives_the_same_item_id_and_other_content_another() {
        let source = SourceId::new("feed-a").unwrap();
        let first = ItemId::of(&source, "post-1", b"hash");
        assert_eq!(first, ItemId::of(&source, "post-1", b"hash"));
        assert_ne!(first, ItemId::of(&source, "post-1", b"edited"));
        assert_ne!(first, ItemId::of(&source, "post-", b"1hash"));
    }

    #[test]
    fn names_are_short_and_plain() {
        assert!(RuleId::new("urgent").is_ok());
        for wrong in ["", "Urgent", "a b", "-x", "ü", &"x".repeat(65)] {
            assert!(RuleId::new(wrong).is_err(), "{wrong}");
        }
    }
}
