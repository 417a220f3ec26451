//! Incidents as clients see them.

use std::collections::BTreeMap;

use model::incident::{Development, Note};
use model::{
    Alert, Cause, ClaimStatus, Country, CveId, Delivery, DeliveryState, Entity, EntityCount,
    EntityKind, Incident, IncidentId, IncidentStatus, IncidentType, ItemId, ItemKind, Reason,
    RelevanceLabel, Role, RuleId, Said, Sector, Severity, SourceId, Tagged, Timestamp, Voice,
    Vulnerability,
};
use serde::Serialize;
use store::handling::Similar;
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
    /// Who looks after it.
    pub assignee: Option<String>,
    /// What people filed it under.
    pub tags: Vec<String>,
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
    /// Who tells it in words of their own: sites, and authors of posts. Reprints are
    /// left out; so many are independent of one another.
    pub publishers: Vec<String>,
    /// What people said of it, which stands above what its items say; null when nobody
    /// said anything.
    pub said: Option<Said>,
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
            assignee: incident.assignee,
            tags: incident.tags,
            relevance: incident.relevance.label,
            relevance_probability: incident.relevance.probability,
            first_seen: incident.first_seen,
            last_seen: incident.last_seen,
            items: incident.items,
            epss: incident.epss,
            cvss: incident.cvss,
            sources: incident.sources,
            publishers: incident.publishers,
            said: incident.said,
        }
    }
}

/// A page of incidents.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IncidentList {
    /// The incidents; fewer than `limit`, even none, also where a search walked far and
    /// found little: `next` goes on there.
    pub incidents: Vec<IncidentSummary>,
    /// Give this as `after` to get the next page; null on the last.
    pub next: Option<String>,
    /// How many match in all.
    pub total: u64,
    /// Whether `total` is exact; beyond 10,000, or where too many would have to be
    /// looked at, it is an estimate.
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
    /// What people wrote beside it, oldest first.
    pub notes: Vec<NoteView>,
    /// All that happened, latest first: items, alerts, notes and what changed of it.
    pub history: Vec<HistoryEntry>,
}

/// What a person wrote beside an incident.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NoteView {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What.
    pub text: String,
}

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HistoryKind {
    /// An item came, at its effective time.
    Item,
    /// Something of the incident changed.
    Development,
    /// An alert fired.
    Alert,
    /// A person wrote a note.
    Note,
}

/// Something that happened to an incident.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HistoryEntry {
    /// When.
    pub at: Timestamp,
    /// What kind of thing.
    pub kind: HistoryKind,
    /// The same in a sentence: an item's title, a note's text.
    pub text: String,
    /// Whose hand; null: Prahari itself, or a source.
    pub by: Option<String>,
    /// The item, or the one that brought the change.
    pub item: Option<ItemId>,
    /// The alert.
    pub alert: Option<model::AlertId>,
    /// What changed.
    pub development: Option<Development>,
    /// The incident to which it happened, when that was merged into this one since.
    pub was: Option<IncidentId>,
}

/// Incidents like another.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SimilarList {
    /// Most like it first.
    pub incidents: Vec<SimilarIncident>,
}

/// An incident that reads like another.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SimilarIncident {
    /// Which.
    pub incident: IncidentSummary,
    /// Which share of the other's telling words and CVEs stand in it, from 0 to 1.
    pub score: f32,
    /// What they share, weightiest first.
    pub shared: Vec<String>,
}

impl From<Similar> for SimilarIncident {
    fn from(similar: Similar) -> Self {
        Self {
            incident: similar.incident.into(),
            score: similar.score,
            shared: similar.shared,
        }
    }
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
        let history = history(&detail);
        let mut incident = detail.incident;
        Self {
            reasons: std::mem::take(&mut incident.reasons),
            voices: std::mem::take(&mut incident.voices),
            summary: incident.into(),
            entities: count_entities(&detail.items),
            timeline: detail.items.into_iter().map(TimelineItem::from).collect(),
            vulnerabilities: detail.vulnerabilities,
            alerts: detail.alerts.into_iter().map(AlertView::from).collect(),
            notes: detail.notes.into_iter().map(NoteView::from).collect(),
            history,
        }
    }
}

impl From<Note> for NoteView {
    fn from(note: Note) -> Self {
        Self {
            at: note.at,
            by: note.by,
            text: note.text,
        }
    }
}

/// Items, alerts, notes and developments in one list, latest first.
fn history(detail: &IncidentDetail) -> Vec<HistoryEntry> {
    let entry = |at, kind, text| HistoryEntry {
        at,
        kind,
        text,
        by: None,
        item: None,
        alert: None,
        development: None,
        was: None,
    };
    let mut all: Vec<HistoryEntry> = Vec::new();
    all.extend(detail.notes.iter().rev().map(|note| HistoryEntry {
        by: Some(note.by.clone()),
        ..entry(note.at, HistoryKind::Note, note.text.clone())
    }));
    all.extend(detail.alerts.iter().map(|(alert, _)| {
        let text = format!("{}: {}", alert.rule, alert.cause.sentence());
        HistoryEntry {
            alert: Some(alert.id),
            ..entry(alert.at, HistoryKind::Alert, text)
        }
    }));
    all.extend(detail.developments.iter().map(|told| HistoryEntry {
        by: told.by.clone(),
        item: told.item,
        development: Some(told.what.clone()),
        was: told.was,
        ..entry(told.at, HistoryKind::Development, told.what.sentence())
    }));
    all.extend(detail.items.iter().map(|placed| HistoryEntry {
        item: Some(placed.item.id),
        ..entry(
            placed.item.effective(),
            HistoryKind::Item,
            placed.analysis.title.clone(),
        )
    }));
    all.sort_by_key(|entry| std::cmp::Reverse(entry.at));
    all
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
