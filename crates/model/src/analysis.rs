//! What we understood of one item, and why.

use serde::{Deserialize, Serialize};

use crate::entity::{Entity, EntityKind, Field, Span};
use crate::id::CveId;
use crate::print::Print;
use crate::region::Region;
use crate::severity::Judgement;

/// What a reason is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Aspect {
    /// Why it is relevant, or not.
    Relevance,
    /// Why it is of this type.
    Type,
    /// Why it is this severe.
    Severity,
    /// Why it concerns this country or state.
    Region,
    /// Why it concerns this sector.
    Sector,
    /// Why it belongs to this incident.
    Story,
    /// Why a rule fired or held.
    Alert,
}

/// One reason for one decision: a sentence, the text it rests on, its weight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Reason {
    /// What it is about.
    pub aspect: Aspect,
    /// A short sentence for people, as `"actively exploited" in the title`.
    pub text: String,
    /// The stretches of the item's clean text it rests on; empty when it rests
    /// on something else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<Span>,
    /// Its share in the decision: above zero speaks for, below zero against.
    pub weight: f32,
}

impl Reason {
    /// A reason that rests on something other than the item's text.
    #[must_use]
    pub fn new(aspect: Aspect, text: impl Into<String>, weight: f32) -> Self {
        Self {
            aspect,
            text: text.into(),
            spans: Vec::new(),
            weight,
        }
    }

    /// The same reason, resting on these stretches of text.
    #[must_use]
    pub fn at(mut self, spans: Vec<Span>) -> Self {
        self.spans = spans;
        self
    }
}

/// The three classes of relevance. *Relevant* means one of the first two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RelevanceLabel {
    /// A concrete attack, breach, leak, outage by attack, or its aftermath.
    Incident,
    /// Vulnerabilities, patches, advisories, research, warnings, policy.
    ThreatInfo,
    /// The rest.
    Irrelevant,
}

/// Whether an item matters to the reader.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Relevance {
    /// The class.
    pub label: RelevanceLabel,
    /// The probability that the item is relevant, from 0 to 1.
    pub probability: f32,
}

impl Relevance {
    /// Whether the item is an incident or threat information.
    #[must_use]
    pub fn is_relevant(&self) -> bool {
        self.label != RelevanceLabel::Irrelevant
    }
}

labels! {
    /// What kind of event an item tells of. An item may have several.
    IncidentType, "an incident type (as ransomware, data_breach, phishing_fraud)" {
        /// Extortion by encryption or by threatened publication.
        Ransomware = "ransomware", "Ransomware";
        /// Data taken or exposed.
        DataBreach = "data_breach", "Data breach";
        /// Deception of people for credentials or money.
        PhishingFraud = "phishing_fraud", "Phishing or fraud";
        /// Service made unreachable by traffic.
        Ddos = "ddos", "DDoS";
        /// Malicious software, other than ransomware alone.
        Malware = "malware", "Malware";
        /// A flaw, known or exploited.
        VulnExploit = "vuln_exploit", "Vulnerability";
        /// Espionage or long-term intrusion by a capable group.
        AptEspionage = "apt_espionage", "Espionage";
        /// Accounts or channels taken over.
        AccountTakeover = "account_takeover", "Account takeover";
        /// Reached through a supplier, a package or an update.
        SupplyChain = "supply_chain", "Supply chain";
        /// A site changed to show the attacker's message.
        Defacement = "defacement", "Defacement";
        /// Done by someone inside.
        Insider = "insider", "Insider";
        /// The text gives no kind of attack.
        Other = "other", "Other";
    }
}

labels! {
    /// What the affected do. India's critical sectors come first (NCIIPC's list).
    Sector, "a sector (as power, banking, health, government)" {
        /// Power and energy.
        Power = "power", "Power and energy";
        /// Banking, financial services and insurance.
        Banking = "banking", "Banking and finance";
        /// Telecommunications.
        Telecom = "telecom", "Telecom";
        /// Transport.
        Transport = "transport", "Transport";
        /// Government.
        Government = "government", "Government";
        /// Strategic and public enterprises.
        StrategicEnterprises = "strategic_enterprises", "Strategic enterprises";
        /// Health.
        Health = "health", "Health";
        /// Education.
        Education = "education", "Education";
        /// Retail and commerce.
        Retail = "retail", "Retail";
        /// Technology companies.
        Technology = "technology", "Technology";
        /// Manufacturing.
        Manufacturing = "manufacturing", "Manufacturing";
        /// Media.
        Media = "media", "Media";
    }
}

/// A label and how sure we are of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Tagged<T> {
    /// The label.
    pub label: T,
    /// From 0 to 1.
    pub confidence: f32,
}

/// What we understood of one item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Analysis {
    /// The title as clean text; spans of [`Field::Title`] count in it.
    pub title: String,
    /// The body as clean text; spans of [`Field::Text`] count in it.
    pub text: String,
    /// ISO 639-3 code of the language, if it could be told.
    pub language: Option<String>,
    /// Whether it matters.
    pub relevance: Relevance,
    /// Kinds of event, surest first.
    pub types: Vec<Tagged<IncidentType>>,
    /// How bad.
    pub severity: Judgement,
    /// Where.
    pub region: Region,
    /// Whom.
    pub sectors: Vec<Tagged<Sector>>,
    /// Named things, in order of first appearance.
    pub entities: Vec<Entity>,
    /// The user's keywords that stand in it, as the user spelled them.
    pub keywords: Vec<String>,
    /// What the item is a story of: keys by which placement finds candidates.
    pub story_keys: StoryKeys,
    /// Why all of the above, weightiest first.
    pub reasons: Vec<Reason>,
}

/// By what an item can be recognised as part of a known story.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoryKeys {
    /// The CVEs the item is *about*: in its title or first lines, and not one of
    /// a long list. A patch-day round-up is about none.
    pub cves: Vec<CveId>,
    /// The address without tracking parts, if it has one.
    pub canonical_url: Option<String>,
    /// SHA-256 of the clean title and text, folded, first 16 bytes.
    pub content_hash: [u8; 16],
    /// Its words and names, by which items told in other words are recognised;
    /// empty for records, advisories and round-ups. Kept beside the item, not here.
    #[serde(skip)]
    pub print: Print,
}

impl Analysis {
    /// The names of one kind, in order of first appearance.
    pub fn names(&self, kind: EntityKind) -> impl Iterator<Item = &str> {
        self.entities
            .iter()
            .filter(move |e| e.kind == kind)
            .map(|e| e.name.as_str())
    }

    /// The reasons for one decision, weightiest first.
    pub fn reasons_for(&self, aspect: Aspect) -> impl Iterator<Item = &Reason> {
        self.reasons.iter().filter(move |r| r.aspect == aspect)
    }

    /// The text a span covers; empty if the span lies outside.
    #[must_use]
    pub fn slice(&self, span: Span) -> String {
        let whole = match span.field {
            Field::Title => &self.title,
            Field::Text => &self.text,
        };
        whole
            .chars()
            .skip(span.start as usize)
            .take((span.end.saturating_sub(span.start)) as usize)
            .collect()
    }
}
