//! Values to test with, and a store that is easily filled.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use model::item::{Draft, Stated};
use model::query::{Condition, Frame};
use model::{
    Alert, AlertId, Analysis, Aspect, Cause, ChannelId, CveId, DeliveryId, DeliveryKind, Incident,
    IncidentId, IncidentStatus, Item, ItemKind, Judgement, Markup, Reason, RuleId, Score,
    ScoreVersion, SourceId, Statement, Timestamp,
};
use store::handling::{Act, Handled};
use store::{
    Change, Claimed, Collected, Fence, Heard, IncidentOrder, IncidentPage, NewDelivery, Occasion,
    PageRequest, Placed, Recorded, Store, StoreError,
};
use testkit::build;
use uuid::Uuid;

/// Minutes after a Saturday morning.
pub(crate) fn minute(minutes: i64) -> Timestamp {
    let start: Timestamp = "2026-11-21T09:00:00Z".parse().unwrap();
    Timestamp::from_microsecond(start.as_microsecond() + minutes * 60_000_000).unwrap()
}

pub(crate) fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

pub(crate) fn source(name: &str) -> SourceId {
    SourceId::new(name).unwrap()
}

pub(crate) fn channel(name: &str) -> ChannelId {
    ChannelId::new(name).unwrap()
}

pub(crate) fn rule(name: &str) -> RuleId {
    RuleId::new(name).unwrap()
}

pub(crate) fn cve(text: &str) -> CveId {
    CveId::new(text).unwrap()
}

fn next_id() -> Uuid {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    uuid::Builder::from_unix_timestamp_millis(1_790_000_000_000 + count, &[7; 10]).into_uuid()
}

pub(crate) fn item(from: &str, external_id: &str, title: &str, text: &str) -> Item {
    let draft = Draft {
        external_id: external_id.to_owned(),
        kind: ItemKind::Article,
        url: Some(format!("https://{from}.example/{external_id}")),
        title: title.to_owned(),
        text: text.to_owned(),
        markup: Markup::Plain,
        author: None,
        language: Some("en".to_owned()),
        published: Some(minute(0)),
        updated: None,
        stated: Stated::default(),
    };
    Item::new(&source(from), draft, minute(1))
}

pub(crate) fn published(mut item: Item, at: Timestamp) -> Item {
    item.published = Some(at);
    item.fetched = item.fetched.max(at);
    item
}

pub(crate) fn analysis(item: &Item) -> Analysis {
    Analysis {
        severity: judgement(5.0),
        reasons: vec![Reason::new(Aspect::Relevance, "a test says so", 1.0)],
        ..build::analysis(item)
    }
}

pub(crate) fn judgement(score: f32) -> Judgement {
    Judgement::of_score(score, Reason::new(Aspect::Severity, "a test says so", 1.0))
}

/// A new incident that this item opens.
pub(crate) fn incident(item: &Item) -> Incident {
    Incident {
        id: IncidentId(next_id()),
        severity: judgement(5.0),
        ..build::opened(item)
    }
}

pub(crate) fn placed(item: &Item, incident: Option<Incident>) -> Placed {
    Placed {
        item: item.id,
        at: minute(2),
        analysis: analysis(item),
        repeat_of: None,
        joined_because: None,
        incident,
        alerts: Vec::new(),
        deliveries: Vec::new(),
    }
}

pub(crate) fn alert(incident: &Incident, by: &str, at: Timestamp) -> Alert {
    Alert {
        id: AlertId(next_id()),
        rule: rule(by),
        incident: incident.id,
        revision: incident.revision,
        cause: Cause::New,
        severity: incident.band(),
        reason: "a test says so".to_owned(),
        held: None,
        at,
    }
}

/// A delivery on an incident, due at once and without a gap.
pub(crate) fn delivery(to: &str, incident: &Incident, alerts: &[&Alert]) -> NewDelivery {
    NewDelivery {
        id: DeliveryId(next_id()),
        channel: channel(to),
        kind: DeliveryKind::Incident {
            incident: incident.id,
        },
        alerts: alerts.iter().map(|alert| alert.id).collect(),
        due: minute(2),
        gap: Duration::ZERO,
    }
}

pub(crate) fn notice(to: &str, title: &str) -> NewDelivery {
    NewDelivery {
        id: DeliveryId(next_id()),
        channel: channel(to),
        kind: DeliveryKind::Notice {
            title: title.to_owned(),
            text: "a test says so".to_owned(),
        },
        alerts: Vec::new(),
        due: minute(2),
        gap: Duration::ZERO,
    }
}

pub(crate) fn collected(from: &str, items: Vec<Item>) -> Collected {
    Collected {
        source: source(from),
        at: minute(1),
        items,
        heard: Vec::new(),
        cursor: None,
        occasion: Occasion::Fresh,
        categories: Vec::new(),
        problems: (0, None),
        arrived: store::Arrived::default(),
    }
}

/// What `from` says of a CVE.
pub(crate) fn statement(from: &str, of: &str, description: &str) -> Statement {
    let mut statement = Statement::new(cve(of), source(from));
    statement.description = Some(description.to_owned());
    statement.published = Some(minute(-600));
    statement.modified = Some(minute(-60));
    statement
}

pub(crate) fn scored(mut statement: Statement, base: f32) -> Statement {
    statement.scores = vec![Score {
        sayer: model::Sayer::Nvd,
        version: ScoreVersion::V31,
        vector: None,
        base,
    }];
    statement
}

pub(crate) fn heard(statement: Statement, promote: bool) -> Heard {
    Heard { statement, promote }
}

pub(crate) fn said(from: &str, heard: Vec<Heard>) -> Collected {
    Collected {
        heard,
        ..collected(from, Vec::new())
    }
}

pub(crate) fn first_page(order: IncidentOrder, limit: u32) -> PageRequest {
    PageRequest {
        order,
        after: None,
        limit,
    }
}

/// What a query asks, at the time of the tests.
pub(crate) fn wanted(query: &str) -> Condition {
    match model::query::parse(query) {
        Ok(query) => query.bind(&Frame::at(minute(10))),
        Err(error) => panic!("{query}: {error}"),
    }
}

/// The titles of a page.
pub(crate) fn titles(page: &IncidentPage) -> Vec<String> {
    page.incidents
        .iter()
        .map(|incident| incident.title.clone())
        .collect()
}

/// A store with the lane in hand.
pub(crate) struct Tale {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) fence: Fence,
}

impl Tale {
    pub(crate) async fn of(store: Arc<dyn Store>) -> Self {
        let fence = store
            .acquire("lane", "the test", minute(0), minute(600))
            .await
            .unwrap()
            .unwrap();
        Self { store, fence }
    }

    /// Records items as one poll of their source.
    pub(crate) async fn record(&self, items: &[&Item]) -> Recorded {
        let from = items.first().unwrap().source.as_str().to_owned();
        self.store
            .record(collected(
                &from,
                items.iter().map(|item| (*item).clone()).collect(),
            ))
            .await
            .unwrap()
    }

    pub(crate) async fn commit(&self, placed: Placed) -> Result<(), StoreError> {
        self.store.commit(&self.fence, placed).await
    }

    /// An item recorded, and an incident opened by it as `change` makes it.
    pub(crate) async fn opened(&self, item: &Item, change: impl FnOnce(&mut Incident)) -> Incident {
        self.record(&[item]).await;
        let mut incident = incident(item);
        change(&mut incident);
        self.commit(placed(item, Some(incident.clone())))
            .await
            .unwrap();
        incident
    }

    /// An incident with that title, opened by an article of `feed`.
    pub(crate) async fn story(&self, title: &str) -> Incident {
        self.opened(&item("feed", title, title, "nothing more is known"), |_| ())
            .await
    }

    /// Another item of the incident, with these alerts and deliveries.
    pub(crate) async fn told(
        &self,
        incident: &Incident,
        alerts: Vec<Alert>,
        deliveries: Vec<NewDelivery>,
    ) {
        let name = next_id().to_string();
        let item = item("feed", &name, &name, "");
        self.record(&[&item]).await;
        let mut changed = incident.clone();
        changed.revision += 1;
        let mut placed = placed(&item, Some(changed));
        placed.alerts = alerts;
        placed.deliveries = deliveries;
        self.commit(placed).await.unwrap();
    }

    /// A delivery waits in each of these channels for each alert given.
    pub(crate) async fn alerted(&self, incident: &Incident, to: &[&str]) -> Alert {
        let alert = alert(incident, "urgent", minute(2));
        let deliveries = to
            .iter()
            .map(|to| delivery(to, incident, &[&alert]))
            .collect();
        self.told(incident, vec![alert.clone()], deliveries).await;
        alert
    }

    /// Somebody sets a status.
    pub(crate) async fn set_status(
        &self,
        id: IncidentId,
        status: IncidentStatus,
        at: Timestamp,
    ) -> Incident {
        let act = Act {
            status: Some(status),
            ..Act::default()
        };
        let change = Change {
            at,
            by: "Asha".to_owned(),
        };
        match self.store.handle(id, act, change, None).await.unwrap() {
            Handled::Done(incident) => *incident,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn claim(&self, to: &[&str], now: Timestamp) -> Vec<Claimed> {
        let channels: Vec<ChannelId> = to.iter().map(|name| channel(name)).collect();
        self.store
            .claim("worker", &channels, now, now + minutes(5), 100)
            .await
            .unwrap()
    }

    pub(crate) async fn found(&self, query: &str) -> Vec<String> {
        titles(
            &self
                .store
                .incidents(&wanted(query), &first_page(IncidentOrder::Latest, 200))
                .await
                .unwrap(),
        )
    }
}
