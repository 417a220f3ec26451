//! Named things in an item's text, and where they stand.

use serde::{Deserialize, Serialize};

/// Which text of the item a span lies in.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Field {
    /// The title.
    Title,
    /// The body, as clean text.
    Text,
}

/// A stretch of clean text: from `start` up to, not including, `end`, counted in
/// Unicode code points.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
pub struct Span {
    /// Which text.
    pub field: Field,
    /// First code point.
    pub start: u32,
    /// One past the last code point.
    pub end: u32,
}

/// What kind of thing a name names.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum EntityKind {
    /// A CVE id.
    Cve,
    /// A weakness class (CWE).
    Cwe,
    /// A GitHub advisory id (GHSA).
    Ghsa,
    /// A CERT-In vulnerability note or advisory (CIVN, CIAD).
    CertIn,
    /// A technique or tactic of MITRE ATT&CK (T1566.001, TA0001).
    Attack,
    /// An IPv4 or IPv6 address.
    Ip,
    /// A domain name.
    Domain,
    /// A web address.
    Url,
    /// A mail address.
    Email,
    /// An MD5 hash.
    Md5,
    /// A SHA-1 hash.
    Sha1,
    /// A SHA-256 hash.
    Sha256,
    /// A SHA-512 hash.
    Sha512,
    /// A place.
    Place,
    /// An organisation.
    Organisation,
    /// One of the user's own keywords.
    Keyword,
    /// A threat actor.
    Actor,
    /// Malware, ransomware included.
    Malware,
    /// A tool that attackers use.
    Tool,
    /// A product, a service, a platform.
    Product,
    /// A flaw by a name of its own (Log4Shell), or without an id.
    Vulnerability,
    /// A file, a package, a fragment of an address: traces without a kind of
    /// their own.
    Indicator,
    /// A person.
    Person,
}

/// What part an organisation plays in what is told.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// It was attacked, or its data taken.
    Victim,
}

/// A named thing in an item, with every place where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Entity {
    /// What it is.
    pub kind: EntityKind,
    /// Its one spelling: re-fanged, upper-case ids, lower-case domains.
    pub name: String,
    /// Where it stands, in order; never empty.
    pub spans: Vec<Span>,
    /// Its part in what is told, where that could be read.
    #[serde(default)]
    pub role: Option<Role>,
}
