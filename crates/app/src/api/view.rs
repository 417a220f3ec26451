//! Incidents as clients see them.

use std::collections::BTreeMap;

use model::{
    Alert, Cause, ClaimStatus, Country, CveId, Delivery, DeliveryState, Entity, EntityCount,
    EntityKind, Incident, IncidentId, IncidentStatus, IncidentType, ItemId, ItemKind, Reason,
    RelevanceLabel, Role, RuleId, Sector, Severity, SourceId, Tagged, Timestamp, Voice,
    Vulnerability,
};
use serde::Serialize;
use store::{IncidentDetail, PlacedItem};
use utoipa::ToSchema;

/// One incident in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IncidentSummary {
    /// Its name.
    pub id: IncidentId,
    /// Grows with every change.
    pub revision: u64,
    /// The headline, as a source wrote it.
    pub title: String,
    /// One to three sentences that a source wrote.
    pub summary: String,
    /// Where title and summary come from.
    pub url: Option<String>,
    /// The source title and summary come from.
    pub source: SourceId,
    /// How bad.
    pub severity: Severity,
    /// How bad, from 0 to 10.
    pub severity_score: f32,
    /// Why this severity.
    pub severity_reason: String,
    /// Kinds of event, surest first.
    pub types: Vec<Tagged<IncidentType>>,
    /// Affected countries.
    pub countries: Vec<Country>,
    /// Affected Indian states and territories, by ISO 3166-2:IN code without `IN-`.
    pub states: Vec<String>,
    /// Affected sectors.
    pub sectors: Vec<Tagged<Sector>>,
    /// The CVEs it is about.
    pub cves: Vec<CveId>,
    /// Whether exploitation is confirmed.
    pub exploited: bool,
    /// Whether a CVE of it is in CISA's catalogue of known exploited ones.
    pub kev: bool,
    /// The user's keywords that stand in it.
    pub keywords: Vec<String>,
    /// How firm the story is.
    pub claim: ClaimStatus,
    /// What people did about it.
    pub status: IncidentStatus,
    /// Incident, threat information, or neither.
    pub relevance: RelevanceLabel,
    /// The probability that it is relevant, from 0 to 1.
    pub relevance_probability: f32,
    /// When its earliest item was published.
    pub first_seen: Timestamp,
    /// When its latest item was published.
    pub last_seen: Timestamp,
    /// How many items it has, repeats left out.
    pub items: u32,
    /// The highest EPSS score of its CVEs when it was last told.
    pub epss: Option<f32>,
    /// The highest CVSS score of its CVEs when it was last told.
    pub cvss: Option<f32>,
    /// The sources that tell it.
    pub sources: Vec<SourceId>,
}

impl From<Incident> for IncidentSummary {
    fn from(incident: Incident) -> Self {
        Self {
            id: incident.id,
            revision: incident.revision,
            title: incident.title,
            summary: incident.summary,
            url: incident.url,
            source: incident.source,
            severity: incident.severity.severity,
            severity_score: incident.severity.score,
            severity_reason: incident.severity.reason.text,
            types: incident.types,
            countries: incident.region.countries,
            states: incident.region.states,
            sectors: incident.sectors,
            cves: incident.cves,
            exploited: incident.exploited,
            kev: incident.kev,
            keywords: incident.keywords,
            claim: incident.claim,
            status: incident.status,
            relevance: incident.relevance.label,
            relevance_probability: incident.relevance.probability,
            first_seen: incident.first_seen,
            last_seen: incident.last_seen,
            items: incident.items,
            epss: incident.epss,
            cvss: incident.cvss,
            sources: incident.sources,
        }
    }
}

/// A page of incidents.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IncidentList {
    /// The incidents.
    pub incidents: Vec<IncidentSummary>,
    /// Give this as `after` to get the next page; null on the last.
    pub next: Option<String>,
    /// How many match in all.
    pub total: u64,
    /// Whether `total` is exact; beyond 10,000 it is an estimate.
    pub total_exact: bool,
}

/// One incident with all that belongs to it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IncidentFull {
    #[serde(flatten)]
    pub summary: IncidentSummary,
    /// Why: relevance, types, severity, region; weightiest first.
    pub reasons: Vec<Reason>,
    /// Every opinion on how bad it is, highest first.
    pub voices: Vec<Voice>,
    /// Named things over all items, most frequent first.
    pub entities: Vec<EntityCount>,
    /// Its items, newest first.
    pub timeline: Vec<TimelineItem>,
    /// What is known of its CVEs, worst first.
    pub vulnerabilities: Vec<Vulnerability>,
    /// Alerts on it, newest first.
    pub alerts: Vec<AlertView>,
}

/// One item of an incident.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TimelineItem {
    /// Its name.
    pub id: ItemId,
    /// Who published it.
    pub source: SourceId,
    /// Its form.
    pub kind: ItemKind,
    /// Where it can be read.
    pub url: Option<String>,
    /// Its title as clean text; spans of `title` count in it.
    pub title: String,
    /// Its text as clean text; spans of `text` count in it.
    pub text: String,
    /// Who wrote it.
    pub author: Option<String>,
    /// When the source says it was published.
    pub published: Option<Timestamp>,
    /// When we read it.
    pub fetched: Timestamp,
    /// ISO 639-3 code of its language.
    pub language: Option<String>,
    /// The item whose text or address it repeats.
    pub repeat_of: Option<ItemId>,
    /// Why it belongs to this incident.
    pub joined_because: Option<String>,
    /// How bad, by itself.
    pub severity: Severity,
    /// How bad, from 0 to 10.
    pub severity_score: f32,
    /// Kinds of event.
    pub types: Vec<Tagged<IncidentType>>,
    /// Affected countries.
    pub countries: Vec<Country>,
    /// Incident, threat information, or neither.
    pub relevance: RelevanceLabel,
    /// The probability that it is relevant.
    pub relevance_probability: f32,
    /// Named things and where they stand.
    pub entities: Vec<Entity>,
    /// Why, with the words it rests on.
    pub reasons: Vec<Reason>,
}

/// An alert.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlertView {
    /// Its name.
    pub id: model::AlertId,
    /// The rule that fired.
    pub rule: RuleId,
    /// Why now.
    pub cause: Cause,
    /// Why now, as a sentence.
    pub cause_text: String,
    /// Why this rule.
    pub reason: String,
    /// The severity when it fired.
    pub severity: Severity,
    /// When.
    pub at: Timestamp,
    /// Why nobody was told, if nobody was.
    pub held: Option<String>,
    /// To whom it went.
    pub deliveries: Vec<DeliveryView>,
}

/// An alert's way through one channel.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryView {
    /// Its name.
    pub id: model::DeliveryId,
    /// Through which channel.
    pub channel: model::ChannelId,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// What the last attempt came to, if it failed.
    pub error: Option<String>,
    /// Not before this.
    pub due: Timestamp,
    /// When it was sent or declared dead.
    pub settled: Option<Timestamp>,
}

impl From<IncidentDetail> for IncidentFull {
    fn from(detail: IncidentDetail) -> Self {
        let mut incident = detail.incident;
        Self {
            reasons: std::mem::take(&mut incident.reasons),
            voices: std::mem::take(&mut incident.voices),
            summary: incident.into(),
            entities: count_entities(&detail.items),
            timeline: detail.items.into_iter().map(TimelineItem::from).collect(),
            vulnerabilities: detail.vulnerabilities,
            alerts: detail.alerts.into_iter().map(AlertView::from).collect(),
        }
    }
}

fn count_entities(items: &[PlacedItem]) -> Vec<EntityCount> {
    let mut counts: BTreeMap<(EntityKind, &str), (u32, Option<Role>)> = BTreeMap::new();
    for item in items.iter().filter(|item| item.repeat_of.is_none()) {
        for entity in &item.analysis.entities {
            let (count, role) = counts.entry((entity.kind, &entity.name)).or_default();
            *count += 1;
            *role = role.or(entity.role);
        }
    }
    let mut entities: Vec<EntityCount> = counts
        .into_iter()
        .map(|((kind, name), (count, role))| EntityCount {
            kind,
            name: name.to_owned(),
            count,
            role,
        })
        .collect();
    entities.sort_by_key(|entity| std::cmp::Reverse(entity.count));
    entities
}

impl From<PlacedItem> for TimelineItem {
    fn from(placed: PlacedItem) -> Self {
        let PlacedItem {
            item,
            analysis,
            repeat_of,
            joined_because,
        } = placed;
        Self {
            id: item.id,
            source: item.source,
            kind: item.kind,
            url: item.url,
            title: analysis.title,
            text: analysis.text,
            author: item.author,
            published: item.published,
            fetched: item.fetched,
            language: analysis.language,
            repeat_of,
            joined_because,
            severity: analysis.severity.severity,
            severity_score: analysis.severity.score,
            types: analysis.types,
            countries: analysis.region.countries,
            relevance: analysis.relevance.label,
            relevance_probability: analysis.relevance.probability,
            entities: analysis.entities,
            reasons: analysis.reasons,
        }
    }
}

impl From<(Alert, Vec<Delivery>)> for AlertView {
    fn from((alert, deliveries): (Alert, Vec<Delivery>)) -> Self {
        Self {
            id: alert.id,
            rule: alert.rule,
            cause_text: alert.cause.sentence(),
            cause: alert.cause,
            reason: alert.reason,
            severity: alert.severity,
            at: alert.at,
            held: alert.held,
            deliveries: deliveries.into_iter().map(DeliveryView::from).collect(),
        }
    }
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.id,
            channel: delivery.channel,
            state: delivery.state,
            attempts: delivery.attempts,
            error: delivery.error,
            due: delivery.due,
            settled: delivery.settled,
        }
    }
}
