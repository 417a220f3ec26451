//! Named things as `analyse` writes them.
//!
//! Inside, a kind says how a thing was found and how a query asks for it: a CVE, a
//! SHA-256. Whoever reads an analysis wants to know what a thing is in the field's own
//! terms, so a CVE is written as a vulnerability and a SHA-256 as an indicator.

use model::{Entity, EntityKind, Field, Role, Span};
use serde::Serialize;

/// One mention of a named thing. Offsets count code points of the given text.
#[derive(Debug, Serialize)]
pub(super) struct Named<'a> {
    kind: Kind,
    text: &'a str,
    /// Its one spelling.
    name: &'a str,
    start: u32,
    end: u32,
    field: Field,
    /// An organisation's part in what is told.
    role: Option<Part>,
    /// What sort of trace an indicator is.
    indicator: Option<EntityKind>,
}

/// What a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Actor,
    Malware,
    Tool,
    Organisation,
    Product,
    Vulnerability,
    Indicator,
    Technique,
    Weakness,
    Place,
    Person,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Part {
    Victim,
    Other,
}

impl<'a> Named<'a> {
    /// A mention at this span of the given text. Nothing for one of the user's own
    /// keywords: it names no kind of thing, and stands among the reasons.
    pub(super) fn new(entity: &'a Entity, span: Span, text: &'a str) -> Option<Self> {
        let kind = Kind::of(entity.kind)?;
        let part = match entity.role {
            Some(Role::Victim) => Part::Victim,
            None => Part::Other,
        };
        Some(Self {
            kind,
            text,
            name: &entity.name,
            start: span.start,
            end: span.end,
            field: span.field,
            role: (kind == Kind::Organisation).then_some(part),
            indicator: (kind == Kind::Indicator && entity.kind != EntityKind::Indicator)
                .then_some(entity.kind),
        })
    }

    /// By which mentions are put in order.
    pub(super) fn place(&self) -> (Field, u32, u32) {
        (self.field, self.start, self.end)
    }
}

impl Kind {
    fn of(kind: EntityKind) -> Option<Self> {
        Some(match kind {
            EntityKind::Actor => Self::Actor,
            EntityKind::Malware => Self::Malware,
            EntityKind::Tool => Self::Tool,
            EntityKind::Organisation => Self::Organisation,
            EntityKind::Product => Self::Product,
            // Ids of flaws, and of notes that are about one.
            EntityKind::Vulnerability | EntityKind::Cve | EntityKind::Ghsa | EntityKind::CertIn => {
                Self::Vulnerability
            }
            EntityKind::Indicator
            | EntityKind::Ip
            | EntityKind::Domain
            | EntityKind::Url
            | EntityKind::Email
            | EntityKind::Md5
            | EntityKind::Sha1
            | EntityKind::Sha256
            | EntityKind::Sha512 => Self::Indicator,
            EntityKind::Attack => Self::Technique,
            EntityKind::Cwe => Self::Weakness,
            EntityKind::Place => Self::Place,
            EntityKind::Person => Self::Person,
            EntityKind::Keyword => return None,
        })
    }
}
