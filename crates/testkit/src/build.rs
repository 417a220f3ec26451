//! Model values for tests, whole and sensible. A test changes what it is about
//! by struct update: `Incident { exploited: true, ..build::incident("Acme") }`.
//!
//! Everything happened on the morning of 21 November 2026; nothing here is real.

use model::analysis::StoryKeys;
use model::item::Draft;
use model::{
    Alert, AlertId, Analysis, Aspect, Cause, ChannelId, ClaimStatus, CveId, Delivery, DeliveryId,
    DeliveryKind, DeliveryState, Incident, IncidentId, IncidentStatus, IncidentType, Item,
    ItemKind, Judgement, Markup, Reason, Region, Relevance, RelevanceLabel, RuleId, Sayer, Score,
    ScoreVersion, SourceId, Statement, Tagged, Timestamp, Voice, Vulnerability,
    VulnerabilityStatus,
};

use crate::ids::numbered;

/// 21 November 2026, 09:00 UTC: when everything was read.
///
/// # Panics
/// Never: the text is a time.
#[must_use]
pub fn now() -> Timestamp {
    time("2026-11-21T09:00:00Z")
}

/// A time in RFC 3339.
///
/// # Panics
/// The text is none.
#[must_use]
pub fn time(text: &str) -> Timestamp {
    match text.parse() {
        Ok(time) => time,
        Err(error) => panic!("`{text}` is not a time: {error}"),
    }
}

macro_rules! name_of {
    ($($(#[$doc:meta])* $function:ident -> $type:ident;)*) => {
        $($(#[$doc])*
        ///
        /// # Panics
        /// The text is none.
        #[must_use]
        pub fn $function(text: &str) -> $type {
            match $type::new(text) {
                Ok(name) => name,
                Err(error) => panic!("{error}"),
            }
        })*
    };
}

name_of! {
    /// The name of a source.
    source_id -> SourceId;
    /// The name of a channel.
    channel_id -> ChannelId;
    /// The name of a rule.
    rule_id -> RuleId;
    /// A CVE id.
    cve_id -> CveId;
}

/// An article of the source `feed-a`, published at 08:30. Title, text and its
/// address follow from `title`, so two titles give two items.
#[must_use]
pub fn item(title: &str) -> Item {
    let slug: String = title
        .to_lowercase()
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { '-' })
        .collect();
    item_from(
        "feed-a",
        title,
        &format!("{title}. The operator says it is looking into it."),
        &format!("https://news.example/{slug}"),
    )
}

/// An article of this source with this title, text and address.
#[must_use]
pub fn item_from(source: &str, title: &str, text: &str, url: &str) -> Item {
    Item::new(
        &source_id(source),
        Draft {
            external_id: url.to_owned(),
            kind: ItemKind::Article,
            url: Some(url.to_owned()),
            title: title.to_owned(),
            text: text.to_owned(),
            markup: Markup::Plain,
            author: None,
            language: Some("en".to_owned()),
            published: Some(time("2026-11-21T08:30:00Z")),
            updated: None,
            stated: model::item::Stated::default(),
        },
        now(),
    )
}

/// What a reader would understand of `item`: relevant, of no known type, medium,
/// nowhere, about nothing. Title and text are the item's own.
#[must_use]
pub fn analysis(item: &Item) -> Analysis {
    Analysis {
        title: item.title.clone(),
        text: item.text.clone(),
        language: Some("eng".to_owned()),
        relevance: relevance(),
        types: Vec::new(),
        severity: judgement(5.0),
        region: Region::default(),
        sectors: Vec::new(),
        entities: Vec::new(),
        keywords: Vec::new(),
        story_keys: StoryKeys {
            cves: Vec::new(),
            canonical_url: item.url.clone(),
            content_hash: model::hash::short(&[item.title.as_bytes(), item.text.as_bytes()]),
            ..StoryKeys::default()
        },
        reasons: vec![
            Reason::new(Aspect::Severity, "no cue either way", 1.0),
            Reason::new(Aspect::Relevance, "it tells of an incident", 0.9),
        ],
    }
}

/// Surely an incident.
#[must_use]
pub const fn relevance() -> Relevance {
    Relevance {
        label: RelevanceLabel::Incident,
        probability: 0.95,
    }
}

/// A judgement of this score, with a reason that names the score.
#[must_use]
pub fn judgement(score: f32) -> Judgement {
    Judgement::of_score(
        score,
        Reason::new(
            Aspect::Severity,
            format!("scored {score:.1} by the test"),
            1.0,
        ),
    )
}

/// A new incident of this title: ransomware, high (8.0), told once by `feed-a`,
/// in no country. Its id is the first of [`crate::CountedIds`].
#[must_use]
pub fn incident(title: &str) -> Incident {
    let item = item(title);
    let severity = judgement(8.0);
    Incident {
        severity: severity.clone(),
        voices: vec![Voice {
            origin: item.id.to_string(),
            judgement: severity.clone(),
        }],
        types: vec![Tagged {
            label: IncidentType::Ransomware,
            confidence: 0.9,
        }],
        reasons: vec![severity.reason],
        ..opened(&item)
    }
}

/// A new incident that this item opens: medium (5.0), of no known type, nowhere, and
/// nobody has given a reason. Its id is the first of [`crate::CountedIds`].
#[must_use]
pub fn opened(item: &Item) -> Incident {
    Incident {
        id: IncidentId(numbered(1)),
        revision: 1,
        title: item.title.clone(),
        summary: item.text.clone(),
        url: item.url.clone(),
        source: item.source.clone(),
        severity: judgement(5.0),
        voices: Vec::new(),
        types: Vec::new(),
        region: Region::default(),
        sectors: Vec::new(),
        relevance: relevance(),
        cves: Vec::new(),
        exploited: false,
        kev: false,
        keywords: Vec::new(),
        claim: ClaimStatus::Reported,
        status: IncidentStatus::New,
        assignee: None,
        tags: Vec::new(),
        first_seen: item.effective(),
        last_seen: item.effective(),
        items: 1,
        sources: vec![item.source.clone()],
        publishers: Vec::new(),
        reasons: Vec::new(),
        said: None,
        entities: Vec::new(),
        epss: None,
        cvss: None,
    }
}

/// What NVD says of a CVE: analysed, CVSS 3.1 of 9.8, a command injection.
#[must_use]
pub fn statement(cve: &str) -> Statement {
    let published = time("2026-11-20T10:00:00Z");
    Statement {
        url: Some(format!("https://nvd.nist.gov/vuln/detail/{cve}")),
        description: Some(
            "A command injection in the web console of Acme Gateway lets an unauthenticated attacker run code."
                .to_owned(),
        ),
        status: Some(VulnerabilityStatus::Analyzed),
        published: Some(published),
        modified: Some(published),
        scores: vec![Score {
            sayer: Sayer::Nvd,
            version: ScoreVersion::V31,
            vector: Some("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".to_owned()),
            base: 9.8,
        }],
        weaknesses: vec![model::CweId(78)],
        ..Statement::new(cve_id(cve), source_id("nvd"))
    }
}

/// The scores and the affected products of a statement, a line each behind a line break:
/// product, then exact version, from, to, and below, `-` where there is none.
#[must_use]
pub fn rated(statement: &Statement) -> String {
    let scores = statement.scores.iter().map(|score| {
        let version = score.version.name();
        format!("\n  {version} {:.1} by {:?}", score.base, score.sayer)
    });
    let affected = statement.affected.iter().map(|product| {
        let versions = &product.versions;
        let bounds = [
            &versions.exact,
            &versions.from_including,
            &versions.to_including,
            &versions.to_excluding,
        ];
        let bounds = bounds
            .map(|bound| bound.as_deref().unwrap_or("-"))
            .join(" ");
        format!("\n  {}/{}: {bounds}", product.vendor, product.product)
    });
    scores.chain(affected).collect()
}

/// All that is known of a CVE when [`statement`] is.
///
/// # Panics
/// Never: one statement gives one vulnerability.
#[must_use]
pub fn vulnerability(cve: &str) -> Vulnerability {
    match Vulnerability::fuse(&[statement(cve)]) {
        Some(vulnerability) => vulnerability,
        None => panic!("a statement gave no vulnerability"),
    }
}

/// The rule `urgent` fired on this incident because it is new.
#[must_use]
pub fn alert(incident: &Incident) -> Alert {
    Alert {
        id: AlertId(numbered(1001)),
        rule: rule_id("urgent"),
        incident: incident.id,
        revision: incident.revision,
        cause: Cause::New,
        severity: incident.severity.severity,
        reason: format!("severity {} is at least high", incident.severity.severity),
        held: None,
        at: now(),
    }
}

/// An alert on its way through the channel `slack`: due now, never tried.
#[must_use]
pub fn delivery(alert: &Alert) -> Delivery {
    Delivery {
        id: DeliveryId(numbered(2001)),
        channel: channel_id("slack"),
        kind: DeliveryKind::Incident {
            incident: alert.incident,
        },
        alerts: vec![alert.id],
        state: DeliveryState::Pending,
        due: alert.at,
        attempts: 0,
        error: None,
        created: alert.at,
        settled: None,
    }
}
