//! What readers ask.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use model::query::{Condition, Key};
use model::{
    Alert, CveId, Incident, IncidentId, Item, ItemId, OwaspCategory, RuleId, SearchId,
    Vulnerability,
};
use tokio::sync::watch;

use super::work::Work;
use super::writer::News;
use super::{
    Postgres, deliveries, developments, events, history, incidents, owasp, pages, rows, searches,
    vulnerabilities,
};
use crate::paging::{LONGEST_LIST, MOST_ALERTS, MOST_ITEMS, MOST_VULNERABILITIES};
use crate::{
    EventPage, Explained, Facets, IncidentDetail, IncidentPage, Library, OwaspStanding,
    PageRequest, PlacedItem, SavedSearch, StoreError, Totals, VulnerabilityDetail,
    VulnerabilityFilter, VulnerabilityPage,
};

#[async_trait]
impl Library for Postgres {
    async fn incidents(
        &self,
        wanted: &Condition,
        page: &PageRequest,
    ) -> Result<IncidentPage, StoreError> {
        self.read(|work| async move { pages::page(&work, wanted, page).await })
            .await
    }

    async fn explain(&self, wanted: &Condition) -> Result<Explained, StoreError> {
        self.read(|work| async move { pages::explain(&work, wanted).await })
            .await
    }

    async fn facets(&self, wanted: &Condition) -> Result<Facets, StoreError> {
        self.read(|work| async move { pages::facets(&work, wanted).await })
            .await
    }

    async fn known_keys(
        &self,
        key: Key,
        begins: &str,
        limit: u32,
    ) -> Result<Vec<(String, u64)>, StoreError> {
        let limit = limit.min(LONGEST_LIST);
        self.read(|work| async move { searches::known_keys(&work, key, begins, limit).await })
            .await
    }

    async fn owasp_categories(&self) -> Result<Vec<OwaspCategory>, StoreError> {
        self.read(|work| async move { owasp::categories(&work).await })
            .await
    }

    async fn saved_searches(&self) -> Result<Vec<SavedSearch>, StoreError> {
        self.read(|work| async move { searches::saved(&work).await })
            .await
    }

    async fn save_search(&self, search: SavedSearch) -> Result<bool, StoreError> {
        let search = &search;
        self.write(
            News::Yes,
            |_| None,
            |work| async move { searches::save(&work, search).await },
        )
        .await
    }

    async fn forget_search(&self, id: SearchId) -> Result<bool, StoreError> {
        self.write(
            News::Yes,
            |_| None,
            |work| async move { searches::forget(&work, id).await },
        )
        .await
    }

    async fn incident(&self, id: IncidentId) -> Result<Option<IncidentDetail>, StoreError> {
        self.read(|work| async move { detail(&work, id).await })
            .await
    }

    async fn incident_alone(&self, id: IncidentId) -> Result<Option<Incident>, StoreError> {
        self.read(|work| async move {
            match incidents::resolve(&work, id).await? {
                Some(n) => incidents::get(&work, n).await.map(Some),
                None => Ok(None),
            }
        })
        .await
    }

    async fn latest_items(&self, id: IncidentId, limit: u32) -> Result<Vec<Item>, StoreError> {
        self.read(|work| async move { latest_items(&work, id, limit.min(MOST_ITEMS)).await })
            .await
    }

    async fn placement_of(&self, item: ItemId) -> Result<Option<Option<IncidentId>>, StoreError> {
        self.read(|work| async move {
            let placed = work
                .row(
                    "SELECT i.id FROM items t LEFT JOIN incidents i ON i.n = t.incident
                     WHERE t.id = $1 AND t.placed_at IS NOT NULL",
                    &[&item.0],
                )
                .await?;
            placed
                .map(|row| Ok(row.try_get::<_, Option<_>>(0)?.map(IncidentId)))
                .transpose()
        })
        .await
    }

    async fn alerts(
        &self,
        rule: &RuleId,
        limit: u32,
    ) -> Result<Vec<(Alert, Incident)>, StoreError> {
        self.read(|work| async move { alerts(&work, rule, limit.min(LONGEST_LIST)).await })
            .await
    }

    async fn events(&self, after: i64, limit: u32) -> Result<EventPage, StoreError> {
        self.read(|work| async move { events::page(&work, after, limit).await })
            .await
    }

    async fn last_event(&self) -> Result<i64, StoreError> {
        self.read(|work| async move { events::last(&work).await })
            .await
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn version(&self) -> Option<u64> {
        self.hears
            .load(Ordering::Acquire)
            .then(|| *self.changes.borrow())
    }

    async fn vulnerability(&self, cve: &CveId) -> Result<Option<VulnerabilityDetail>, StoreError> {
        self.read(|work| async move { history::detail(&work, cve).await })
            .await
    }

    async fn vulnerability_page(
        &self,
        filter: &VulnerabilityFilter,
        after: Option<&str>,
        limit: u32,
    ) -> Result<VulnerabilityPage, StoreError> {
        self.read(|work| async move { history::page(&work, filter, after, limit).await })
            .await
    }

    async fn owasp(&self) -> Result<Vec<OwaspStanding>, StoreError> {
        self.read(|work| async move { owasp::standings(&work).await })
            .await
    }

    async fn totals(&self) -> Result<Totals, StoreError> {
        self.read(|work| async move {
            let row = work
                .one(
                    "SELECT (SELECT count(*) FROM items), (SELECT count(*) FROM incidents),
                         (SELECT count(*) FROM vulnerabilities),
                         (SELECT count(*) FROM deliveries WHERE state = 0),
                         (SELECT count(*) FROM deliveries WHERE state = 2)",
                    &[],
                )
                .await?;
            Ok(Totals {
                items: rows::count(&row, 0)?,
                incidents: rows::count(&row, 1)?,
                vulnerabilities: rows::count(&row, 2)?,
                pending: rows::count(&row, 3)?,
                dead: rows::count(&row, 4)?,
            })
        })
        .await
    }

    async fn probe(&self) -> Result<(), StoreError> {
        let written: i64 = self
            .write(
                News::No,
                |_| None,
                |work| async move {
                    let row = work
                        .one(
                            "UPDATE probes SET count = count + 1 WHERE probe = 1 RETURNING count",
                            &[],
                        )
                        .await?;
                    Ok(row.try_get(0)?)
                },
            )
            .await?;
        let read: i64 = self
            .read(|work| async move {
                let row = work.one("SELECT count FROM probes", &[]).await?;
                Ok(row.try_get(0)?)
            })
            .await?;
        if read < written {
            return Err(StoreError::Broken(
                "what was written cannot be read".to_owned(),
            ));
        }
        Ok(())
    }
}

async fn detail(work: &Work, id: IncidentId) -> Result<Option<IncidentDetail>, StoreError> {
    let Some(n) = incidents::resolve(work, id).await? else {
        return Ok(None);
    };
    let incident = incidents::get(work, n).await?;
    let named: Vec<CveId> = incident
        .cves
        .iter()
        .take(MOST_VULNERABILITIES)
        .cloned()
        .collect();
    let mut known = vulnerabilities::list(work, &named).await?;
    let score = |one: &Vulnerability| {
        one.severity
            .as_ref()
            .map_or(-1, |judgement| rows::tenths(judgement.score))
    };
    known.sort_by_key(|one| std::cmp::Reverse(score(one)));
    Ok(Some(IncidentDetail {
        items: placed_items(work, n).await?,
        vulnerabilities: known,
        alerts: alerts_with_deliveries(work, n).await?,
        developments: developments::of(work, n).await?,
        notes: developments::notes(work, n).await?,
        incident,
    }))
}

async fn placed_items(work: &Work, incident: i64) -> Result<Vec<PlacedItem>, StoreError> {
    work.rows(
        "SELECT t.body, t.analysis, i.repeat_of, t.joined_because
         FROM items i JOIN item_texts t ON t.item = i.n
         WHERE i.incident = $1 ORDER BY i.effective DESC, i.n DESC LIMIT $2",
        &[&incident, &i64::from(MOST_ITEMS)],
    )
    .await?
    .iter()
    .map(rows::placed_item)
    .collect()
}

async fn latest_items(work: &Work, id: IncidentId, limit: u32) -> Result<Vec<Item>, StoreError> {
    let Some(n) = incidents::resolve(work, id).await? else {
        return Ok(Vec::new());
    };
    work.rows(
        "SELECT t.body FROM items i JOIN item_texts t ON t.item = i.n
         WHERE i.incident = $1 AND i.repeat_of IS NULL ORDER BY i.effective DESC, i.n DESC LIMIT $2",
        &[&n, &i64::from(limit)],
    )
    .await?
    .iter()
    .map(|row| rows::body(row, 0))
    .collect()
}

async fn alerts_with_deliveries(
    work: &Work,
    incident: i64,
) -> Result<Vec<(Alert, Vec<model::Delivery>)>, StoreError> {
    let found = work
        .rows(
            "SELECT n, body FROM alerts WHERE incident = $1 ORDER BY at DESC, n DESC LIMIT $2",
            &[&incident, &i64::from(MOST_ALERTS)],
        )
        .await?;
    let mut alerts = Vec::with_capacity(found.len());
    for row in found {
        let deliveries = deliveries::of_alert(work, row.try_get(0)?).await?;
        alerts.push((rows::body(&row, 1)?, deliveries));
    }
    Ok(alerts)
}

async fn alerts(
    work: &Work,
    rule: &RuleId,
    limit: u32,
) -> Result<Vec<(Alert, Incident)>, StoreError> {
    work.rows(
        "SELECT a.body, b.body FROM alerts a JOIN incident_bodies b ON b.incident = a.incident
         WHERE a.rule = $1 AND NOT EXISTS (
             SELECT 1 FROM alerts o
             WHERE o.incident = a.incident AND o.rule = a.rule AND (o.at, o.n) > (a.at, a.n))
         ORDER BY a.at DESC, a.n DESC LIMIT $2",
        &[&rule.as_str(), &i64::from(limit)],
    )
    .await?
    .iter()
    .map(|row| Ok((rows::body(row, 0)?, rows::body(row, 1)?)))
    .collect()
}
