//! Queries, bound to the reader of this installation and asked of its store.

use model::query::{Condition, Field, Frame, Test};
use model::tokens::{self, Text};
use model::{Analysis, Incident, IncidentId, Item, Query, Timestamp};
use store::{IncidentOrder, PageRequest, StoreError};

use super::Pipeline;

/// Incidents looked up at once when a rule is tested.
const PAGE: u32 = 200;
/// Items of a story that are looked into, the latest: rules hear of it with each item,
/// so what only older ones say was told then.
pub(super) const MOST_TEXTS: u32 = 50;

/// What a rule would have done.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleTest {
    /// How many incidents it would have told of, once each.
    pub incidents: u64,
    /// Whether that is exact.
    pub exact: bool,
    /// The latest of them, with the reason.
    pub latest: Vec<(Incident, String)>,
}

impl Pipeline {
    /// What must hold for a query, now and where the readers are.
    ///
    /// # Errors
    /// The store could not tell what it needs.
    pub async fn bind(&self, query: &Query) -> Result<Condition, StoreError> {
        let mut frame = self.frame(self.clock.now());
        if asks_owasp(query) {
            frame.owasp = self.store.owasp_categories().await?;
        }
        Ok(query.bind(&frame))
    }

    /// The frame in which rules are evaluated.
    ///
    /// # Errors
    /// The store could not tell what it needs.
    pub(super) async fn rule_frame(&self) -> Result<Frame, StoreError> {
        let mut frame = self.frame(self.clock.now());
        if self
            .rules
            .rules()
            .iter()
            .any(|rule| asks_owasp(&rule.query))
        {
            frame.owasp = self.store.owasp_categories().await?;
        }
        Ok(frame)
    }

    fn frame(&self, now: Timestamp) -> Frame {
        let zone = jiff::tz::TimeZone::get(&self.settings.server.zone);
        Frame {
            zone: zone.unwrap_or(jiff::tz::TimeZone::UTC),
            ..Frame::at(now)
        }
    }

    /// What a rule with this query would have told of the incidents whose latest
    /// report came at or after `since`: each once, as new. At most `limit` are shown.
    ///
    /// # Errors
    /// The store could not do it.
    pub async fn test_rule(
        &self,
        query: &Query,
        since: Timestamp,
        limit: u32,
    ) -> Result<RuleTest, StoreError> {
        use model::query::{Moment, When};
        let limited = Query::and([
            query.clone(),
            Query::Test(Test::When(When::After(Moment::At(since)))),
        ]);
        let wanted = self.bind(&limited).await?;
        let mut latest: Vec<(Incident, String)> = Vec::new();
        let mut request = PageRequest {
            order: IncidentOrder::Latest,
            after: None,
            limit: limit.clamp(1, PAGE),
        };
        loop {
            let page = self.store.incidents(&wanted, &request).await?;
            for incident in page.incidents {
                if incident.relevance.is_relevant() {
                    let reason = self.reason(query, &incident).await?;
                    latest.push((incident, reason));
                }
            }
            let room = usize::try_from(limit).unwrap_or(usize::MAX);
            if latest.len() >= room || page.next.is_none() {
                latest.truncate(room);
                return Ok(RuleTest {
                    incidents: page.total,
                    exact: page.exact,
                    latest,
                });
            }
            request.after = page.next;
        }
    }

    /// Why the query holds of an incident, in one sentence.
    async fn reason(&self, query: &Query, incident: &Incident) -> Result<String, StoreError> {
        let known = self.store.vulnerabilities(&incident.cves).await?;
        let texts = self.texts(incident.id).await?;
        let subject = model::query::Subject {
            incident,
            vulnerabilities: &known,
            texts: &texts,
        };
        let condition = self.bind(query).await?;
        let facts = model::query::Facts::of(subject);
        let reasons = model::query::reasons(query, &condition, &facts).unwrap_or_default();
        Ok(if reasons.is_empty() {
            "it is relevant".to_owned()
        } else {
            reasons.join(", and ")
        })
    }

    /// The texts in which rules look for words.
    pub(super) async fn texts(&self, incident: IncidentId) -> Result<Vec<Text>, StoreError> {
        self.store.texts(incident, MOST_TEXTS).await
    }
}

/// The text of one item, as rules look into it.
pub(super) fn text_of(item: &Item, analysis: &Analysis) -> Text {
    let tellers = tokens::tellers(item.source.as_str(), item.author.as_deref());
    Text::of(&analysis.title, &analysis.text, &tellers)
}

fn asks_owasp(query: &Query) -> bool {
    let leaves = query.leaves();
    leaves
        .iter()
        .any(|(leaf, _)| matches!(leaf, Query::Test(Test::Names(Field::Owasp, _))))
}
