//! The nouns of Prahari, in the order in which an item meets them.
//!
//! A [`Item`] is one thing a source published. Understanding it gives an
//! [`Analysis`]; what sources say of one CVE is a [`Statement`], and all of them
//! together a [`Vulnerability`]. Items that tell one story are an [`Incident`];
//! a [`Rule`] that fires on one is an [`Alert`], and an alert on its way through
//! one channel is a [`Delivery`].
//!
//! Nothing here does I/O, is random or reads a clock: the time comes in through
//! [`Clock`], new ids through [`IdMaker`].

#[macro_use]
mod label;

pub mod alert;
pub mod alias;
pub mod analysis;
pub mod attack;
pub mod audit;
pub mod clock;
pub mod cursor;
pub mod cvss;
pub mod delivery;
pub mod document;
pub mod entity;
pub mod feedback;
pub mod fold;
pub mod hash;
pub mod id;
pub mod incident;
pub mod item;
pub mod milestone;
pub mod owasp;
pub mod phrases;
pub mod print;
pub mod query;
pub mod region;
pub mod rule;
pub mod secret;
pub mod severity;
pub mod stop;
pub mod tokens;
pub mod training;
pub mod vulnerability;

pub use alert::{Alert, Cause};
pub use analysis::{
    Analysis, Aspect, IncidentType, Reason, Relevance, RelevanceLabel, Sector, Tagged,
};
pub use attack::{Attack, AttackClass};
pub use clock::{Clock, Timestamp};
pub use cursor::Cursor;
pub use delivery::{Attempt, Delivery, DeliveryKind, DeliveryState, Receipt};
pub use document::Document;
pub use entity::{Entity, EntityKind, Field, Role, Span};
pub use feedback::{Feedback, Said, Sample};
pub use id::{
    AlertId, ChannelId, CveId, CweId, DeliveryId, FeedbackId, IdError, IdMaker, IncidentId, ItemId,
    RuleId, SearchId, SourceId,
};
pub use incident::{ClaimStatus, EntityCount, Incident, IncidentStatus, Voice};
pub use item::{Item, ItemKind, Markup};
pub use milestone::{Milestone, Milestones};
pub use owasp::OwaspCategory;
pub use print::{Member, Print};
pub use query::Query;
pub use region::{Country, Region};
pub use rule::{Audience, Rule, Sign};
pub use secret::Secret;
pub use severity::{Judgement, Severity};
pub use training::{Decision, Task};
pub use vulnerability::{
    Affected, Epss, Exploitation, OwnReading, Reading, Reference, Sayer, Score, ScoreVersion, Ssvc,
    SsvcDecision, SsvcExploitation, Statement, TechnicalImpact, VersionRange, Vulnerability,
    VulnerabilityStatus,
};
