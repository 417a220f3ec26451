//! What readers ask.

use async_trait::async_trait;
use model::query::{Condition, Key};
use model::{
    Alert, CveId, Incident, IncidentId, Item, ItemId, OwaspCategory, RuleId, SearchId,
    Vulnerability,
};
use rusqlite::{Connection, OptionalExtension};
use tokio::sync::watch;

use super::writer::News;
use super::{
    Sqlite, deliveries, developments, events, history, incidents, owasp, pages, rows, searches,
    vulnerabilities,
};
use crate::paging::{LONGEST_LIST, MOST_ALERTS, MOST_ITEMS, MOST_VULNERABILITIES};
use crate::{
    EventPage, Explained, Facets, IncidentDetail, IncidentPage, Library, OwaspStanding,
    PageRequest, PlacedItem, SavedSearch, StoreError, Totals, VulnerabilityDetail,
    VulnerabilityFilter, VulnerabilityPage,
};

#[async_trait]
impl Library for Sqlite {
    async fn incidents(
        &self,
        wanted: &Condition,
        page: &PageRequest,
    ) -> Result<IncidentPage, StoreError> {
        let (wanted, page) = (wanted.clone(), page.clone());
        self.readers
            .read(move |connection| pages::page(connection, &wanted, &page))
            .await
    }

    async fn explain(&self, wanted: &Condition) -> Result<Explained, StoreError> {
        let wanted = wanted.clone();
        self.readers
            .read(move |connection| pages::explain(connection, &wanted))
            .await
    }

    async fn facets(&self, wanted: &Condition) -> Result<Facets, StoreError> {
        let wanted = wanted.clone();
        self.readers
            .read(move |connection| pages::facets(connection, &wanted))
            .await
    }

    async fn known_keys(
        &self,
        key: Key,
        begins: &str,
        limit: u32,
    ) -> Result<Vec<(String, u64)>, StoreError> {
        let begins = begins.to_owned();
        self.readers
            .read(move |connection| {
                searches::known_keys(connection, key, &begins, limit.min(LONGEST_LIST))
            })
            .await
    }

    async fn owasp_categories(&self) -> Result<Vec<OwaspCategory>, StoreError> {
        self.readers.read(owasp::categories).await
    }

    async fn saved_searches(&self) -> Result<Vec<SavedSearch>, StoreError> {
        self.readers.read(searches::saved).await
    }

    async fn save_search(&self, search: SavedSearch) -> Result<bool, StoreError> {
        self.writer
            .run(
                News::Yes,
                |_| None,
                move |connection| searches::save(connection, &search),
            )
            .await
    }

    async fn forget_search(&self, id: SearchId) -> Result<bool, StoreError> {
        self.writer
            .run(
                News::Yes,
                |_| None,
                move |connection| searches::forget(connection, id),
            )
            .await
    }

    async fn incident(&self, id: IncidentId) -> Result<Option<IncidentDetail>, StoreError> {
        self.readers
            .read(move |connection| detail(connection, id))
            .await
    }

    async fn incident_alone(&self, id: IncidentId) -> Result<Option<Incident>, StoreError> {
        self.readers
            .read(move |connection| {
                incidents::resolve(connection, id)?
                    .map(|n| incidents::get(connection, n))
                    .transpose()
            })
            .await
    }

    async fn latest_items(&self, id: IncidentId, limit: u32) -> Result<Vec<Item>, StoreError> {
        self.readers
            .read(move |connection| latest_items(connection, id, limit.min(MOST_ITEMS)))
            .await
    }

    async fn placement_of(&self, item: ItemId) -> Result<Option<Option<IncidentId>>, StoreError> {
        self.readers
            .read(move |connection| {
                let placed: Option<Option<[u8; 16]>> = connection
                    .prepare_cached(
                        "SELECT i.id FROM items t LEFT JOIN incidents i ON i.n = t.incident
                         WHERE t.id = ?1 AND t.placed_at IS NOT NULL",
                    )?
                    .query_row([item.as_bytes()], |row| row.get(0))
                    .optional()?;
                Ok(placed.map(|incident| incident.map(|id| IncidentId(rows::uuid(id)))))
            })
            .await
    }

    async fn alerts(
        &self,
        rule: &RuleId,
        limit: u32,
    ) -> Result<Vec<(Alert, Incident)>, StoreError> {
        let rule = rule.clone();
        self.readers
            .read(move |connection| alerts(connection, &rule, limit.min(LONGEST_LIST)))
            .await
    }

    async fn events(&self, after: i64, limit: u32) -> Result<EventPage, StoreError> {
        self.readers
            .read(move |connection| events::page(connection, after, limit))
            .await
    }

    async fn last_event(&self) -> Result<i64, StoreError> {
        self.readers.read(events::last).await
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn version(&self) -> Option<u64> {
        self.readers.version()
    }

    async fn vulnerability(&self, cve: &CveId) -> Result<Option<VulnerabilityDetail>, StoreError> {
        let cve = cve.clone();
        self.readers
            .read(move |connection| history::detail(connection, &cve))
            .await
    }

    async fn vulnerability_page(
        &self,
        filter: &VulnerabilityFilter,
        after: Option<&str>,
        limit: u32,
    ) -> Result<VulnerabilityPage, StoreError> {
        let (filter, after) = (filter.clone(), after.map(str::to_owned));
        self.readers
            .read(move |connection| history::page(connection, &filter, after.as_deref(), limit))
            .await
    }

    async fn owasp(&self) -> Result<Vec<OwaspStanding>, StoreError> {
        self.readers.read(owasp::standings).await
    }

    async fn totals(&self) -> Result<Totals, StoreError> {
        self.readers
            .read(|connection| {
                Ok(connection
                    .prepare_cached(
                        "SELECT (SELECT count(*) FROM items), (SELECT count(*) FROM incidents),
                             (SELECT count(*) FROM vulnerabilities),
                             (SELECT count(*) FROM deliveries WHERE state = 0),
                             (SELECT count(*) FROM deliveries WHERE state = 2)",
                    )?
                    .query_one([], |row| {
                        Ok(Totals {
                            items: rows::count(row, 0)?,
                            incidents: rows::count(row, 1)?,
                            vulnerabilities: rows::count(row, 2)?,
                            pending: rows::count(row, 3)?,
                            dead: rows::count(row, 4)?,
                        })
                    })?)
            })
            .await
    }

    async fn probe(&self) -> Result<(), StoreError> {
        let written: i64 = self
            .writer
            .run(
                News::No,
                |_| None,
                |connection| {
                    Ok(connection
                        .prepare_cached(
                            "UPDATE probes SET count = count + 1 WHERE probe = 1 RETURNING count",
                        )?
                        .query_one([], |row| row.get(0))?)
                },
            )
            .await?;
        let read: i64 = self
            .readers
            .read(|connection| {
                Ok(connection.query_one("SELECT count FROM probes", [], |row| row.get(0))?)
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

fn detail(connection: &Connection, id: IncidentId) -> Result<Option<IncidentDetail>, StoreError> {
    let Some(n) = incidents::resolve(connection, id)? else {
        return Ok(None);
    };
    let incident = incidents::get(connection, n)?;
    let mut known: Vec<Vulnerability> = Vec::new();
    for cve in incident.cves.iter().take(MOST_VULNERABILITIES) {
        known.extend(vulnerabilities::get(connection, cve)?);
    }
    let score = |one: &Vulnerability| {
        one.severity
            .as_ref()
            .map_or(-1, |judgement| rows::tenths(judgement.score))
    };
    known.sort_by_key(|one| std::cmp::Reverse(score(one)));
    Ok(Some(IncidentDetail {
        items: placed_items(connection, n)?,
        vulnerabilities: known,
        alerts: alerts_with_deliveries(connection, n)?,
        developments: developments::of(connection, n)?,
        notes: developments::notes(connection, n)?,
        incident,
    }))
}

fn placed_items(connection: &Connection, incident: i64) -> Result<Vec<PlacedItem>, StoreError> {
    let mut lookup = connection.prepare_cached(
        "SELECT t.body, t.analysis, i.repeat_of, t.joined_because
         FROM items i JOIN item_texts t ON t.item = i.n
         WHERE i.incident = ?1 ORDER BY i.effective DESC, i.n DESC LIMIT ?2",
    )?;
    let mut found = lookup.query((incident, MOST_ITEMS))?;
    let mut items = Vec::new();
    while let Some(row) = found.next()? {
        items.push(rows::placed_item(row)?);
    }
    Ok(items)
}

fn latest_items(
    connection: &Connection,
    id: IncidentId,
    limit: u32,
) -> Result<Vec<Item>, StoreError> {
    let Some(n) = incidents::resolve(connection, id)? else {
        return Ok(Vec::new());
    };
    let mut lookup = connection.prepare_cached(
        "SELECT t.body FROM items i JOIN item_texts t ON t.item = i.n
         WHERE i.incident = ?1 AND i.repeat_of IS NULL ORDER BY i.effective DESC, i.n DESC LIMIT ?2",
    )?;
    let mut found = lookup.query((n, limit))?;
    let mut items = Vec::new();
    while let Some(row) = found.next()? {
        items.push(rows::read(&row.get::<_, String>(0)?)?);
    }
    Ok(items)
}

fn alerts_with_deliveries(
    connection: &Connection,
    incident: i64,
) -> Result<Vec<(Alert, Vec<model::Delivery>)>, StoreError> {
    let mut lookup = connection.prepare_cached(
        "SELECT n, body FROM alerts WHERE incident = ?1 ORDER BY at DESC, n DESC LIMIT ?2",
    )?;
    let mut found = lookup.query((incident, MOST_ALERTS))?;
    let mut alerts = Vec::new();
    while let Some(row) = found.next()? {
        let alert = rows::read(&row.get::<_, String>(1)?)?;
        alerts.push((alert, deliveries::of_alert(connection, row.get(0)?)?));
    }
    Ok(alerts)
}

fn alerts(
    connection: &Connection,
    rule: &RuleId,
    limit: u32,
) -> Result<Vec<(Alert, Incident)>, StoreError> {
    let mut lookup = connection.prepare_cached(
        "SELECT a.body, b.body FROM alerts a JOIN incident_bodies b ON b.incident = a.incident
         WHERE a.rule = ?1 AND NOT EXISTS (
             SELECT 1 FROM alerts o
             WHERE o.incident = a.incident AND o.rule = a.rule AND (o.at, o.n) > (a.at, a.n))
         ORDER BY a.at DESC, a.n DESC LIMIT ?2",
    )?;
    let mut found = lookup.query((rule.as_str(), limit))?;
    let mut alerts = Vec::new();
    while let Some(row) = found.next()? {
        alerts.push((
            rows::read(&row.get::<_, String>(0)?)?,
            rows::read(&row.get::<_, String>(1)?)?,
        ));
    }
    Ok(alerts)
}
