//! Pages of incidents: filters, order, keyset cursors, counts.
//!
//! A page walks the index of its order until it is full. That is quick when many
//! incidents match, and slow when few do; so a filter that few match (a CVE, a
//! rare word) is looked up first and drives the query instead. Whether few match is
//! counted, up to a bound, before the query is written.

use model::{Incident, IncidentId};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension};

use super::incidents;
use super::rows::{self, Key};
use crate::keys::wanted_keys;
use crate::paging::{COUNTED, FEW_INCIDENTS, FEW_ITEMS, LONGEST_PAGE, Position, estimated};
use crate::{IncidentFilter, IncidentOrder, IncidentPage, PageRequest, StoreError, tokens};

pub(super) fn page(
    connection: &Connection,
    filter: &IncidentFilter,
    request: &PageRequest,
) -> Result<IncidentPage, StoreError> {
    let after = request
        .after
        .as_deref()
        .map(|text| Position::read(text, request.order))
        .transpose()?;
    let Some(search) = Search::of(connection, filter)? else {
        return Ok(IncidentPage {
            incidents: Vec::new(),
            next: None,
            total: 0,
            exact: true,
        });
    };
    let limit = request.limit.clamp(1, LONGEST_PAGE);
    let mut query = Conditions::of(connection, filter, &search, Purpose::Page(request.order))?;
    if let Some(after) = &after {
        after_it(after, &mut query);
    }
    let sql = query.page_sql(request.order, limit + 1);
    let mut statement = connection.prepare_cached(&sql)?;
    let found: Vec<i64> = statement
        .query_map(rusqlite::params_from_iter(&query.parameters), |row| {
            row.get(0)
        })?
        .collect::<Result<_, _>>()?;
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let incidents: Vec<Incident> = found
        .iter()
        .take(shown)
        .map(|n| incidents::get(connection, *n))
        .collect::<Result<_, _>>()?;
    let next = match (found.get(shown), found.get(shown.saturating_sub(1))) {
        (Some(_), Some(last)) => Some(position(connection, *last, request.order)?.text()),
        _ => None,
    };
    let (total, exact) = count(connection, filter, &search)?;
    Ok(IncidentPage {
        incidents,
        next,
        total,
        exact,
    })
}

/// The search for words, if there is one.
struct Search {
    /// An FTS5 expression; empty when no words are looked for.
    expression: String,
    /// Whether few items match, so that the search can drive the query.
    few: bool,
}

impl Search {
    /// `None` when what is looked for cannot be found: it has no words.
    fn of(connection: &Connection, filter: &IncidentFilter) -> Result<Option<Self>, StoreError> {
        let text = filter.text.as_deref().unwrap_or_default().trim();
        if text.is_empty() {
            return Ok(Some(Self {
                expression: String::new(),
                few: false,
            }));
        }
        let expression = tokens::Query::read(text).fts5();
        if expression.is_empty() {
            return Ok(None);
        }
        let matches: i64 = connection
            .prepare_cached(
                "SELECT count(*) FROM (SELECT 1 FROM items_fts WHERE items_fts MATCH ?1 LIMIT ?2)",
            )?
            .query_one((&expression, FEW_ITEMS + 1), |row| row.get(0))?;
        Ok(Some(Self {
            expression,
            few: matches <= FEW_ITEMS,
        }))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Page(IncidentOrder),
    Count,
}

/// The conditions of one query, and their parameters.
struct Conditions {
    parts: Vec<String>,
    parameters: Vec<Value>,
    /// Whether one of them matches so few that it drives the query.
    driven: bool,
    /// Whether the search looks only at the newest matches.
    sampled: bool,
}

impl Conditions {
    fn of(
        connection: &Connection,
        filter: &IncidentFilter,
        search: &Search,
        purpose: Purpose,
    ) -> Result<Self, StoreError> {
        let mut all = Self {
            parts: Vec::new(),
            parameters: Vec::new(),
            driven: false,
            sampled: false,
        };
        // A plus keeps SQLite from walking the index of the other order, which
        // would mean to sort all that it finds there.
        let (by_severity, by_time) = match purpose {
            Purpose::Page(IncidentOrder::Worst) => ("i.severity", "+i.last_seen"),
            Purpose::Page(IncidentOrder::Latest) | Purpose::Count => ("+i.severity", "i.last_seen"),
        };
        if let Some(severity) = filter.min_severity {
            let given = all.parameter(rows::severity_number(severity));
            all.parts.push(format!("{by_severity} >= {given}"));
        }
        if let Some(since) = filter.since {
            let given = all.parameter(rows::micros(since));
            all.parts.push(format!("{by_time} >= {given}"));
        }
        if let Some(until) = filter.until {
            let given = all.parameter(rows::micros(until));
            all.parts.push(format!("{by_time} < {given}"));
        }
        if let Some(exploited) = filter.exploited {
            let given = all.parameter(i64::from(exploited));
            all.parts.push(format!("i.exploited = {given}"));
        }
        if !filter.statuses.is_empty() {
            let words: Vec<&str> = filter
                .statuses
                .iter()
                .map(|status| status.as_str())
                .collect();
            let given = all.parameter(rows::json(&words)?);
            all.parts.push(format!(
                "i.status IN (SELECT value FROM json_each({given}))"
            ));
        }
        for (key, values) in wanted_keys(filter) {
            all.key(connection, key, &values)?;
        }
        if !search.expression.is_empty() {
            all.search(search, purpose);
        }
        Ok(all)
    }

    /// The incident has one of these values.
    fn key(
        &mut self,
        connection: &Connection,
        key: Key,
        values: &[String],
    ) -> Result<(), StoreError> {
        let values = rows::json(&values)?;
        let rows: i64 = connection
            .prepare_cached(
                "SELECT count(*) FROM (SELECT 1 FROM incident_keys
                 WHERE kind = ?1 AND value IN (SELECT value FROM json_each(?2)) LIMIT ?3)",
            )?
            .query_one((key.number(), &values, FEW_INCIDENTS + 1), |row| row.get(0))?;
        let given = self.parameter(values);
        let chosen = format!(
            "FROM incident_keys k WHERE k.kind = {} AND k.value IN (SELECT value FROM json_each({given}))",
            key.number()
        );
        if rows <= FEW_INCIDENTS {
            self.driven = true;
            self.parts
                .push(format!("i.n IN (SELECT k.incident {chosen})"));
        } else {
            self.parts.push(format!(
                "(SELECT 1 {chosen} AND k.incident = i.n LIMIT 1) IS NOT NULL"
            ));
        }
        Ok(())
    }

    /// One of the incident's items matches the search.
    fn search(&mut self, search: &Search, purpose: Purpose) {
        let given = self.parameter(search.expression.clone());
        if search.few {
            self.driven = true;
            self.parts.push(format!(
                "i.n IN (SELECT t.incident FROM items_fts f CROSS JOIN items t ON t.n = f.rowid
                 WHERE f.items_fts MATCH {given})"
            ));
        } else if purpose == Purpose::Count && !self.driven {
            self.sampled = true;
            self.parts.push(format!(
                "i.n IN (SELECT t.incident FROM (SELECT rowid AS n FROM items_fts
                     WHERE items_fts MATCH {given} ORDER BY rowid DESC LIMIT {FEW_ITEMS}) f
                 CROSS JOIN items t ON t.n = f.n)"
            ));
        } else {
            self.parts.push(format!(
                "(SELECT 1 FROM items t WHERE t.incident = i.n
                     AND (SELECT 1 FROM items_fts WHERE items_fts MATCH {given} AND rowid = t.n) IS NOT NULL
                 LIMIT 1) IS NOT NULL"
            ));
        }
    }

    fn parameter(&mut self, value: impl Into<Value>) -> String {
        self.parameters.push(value.into());
        format!("?{}", self.parameters.len())
    }

    fn page_sql(&mut self, order: IncidentOrder, limit: u32) -> String {
        let order = match order {
            IncidentOrder::Latest => "i.last_seen DESC, i.id DESC",
            IncidentOrder::Worst => "i.severity DESC, i.score DESC, i.last_seen DESC, i.id DESC",
        };
        let limit = self.parameter(i64::from(limit));
        format!(
            "SELECT i.n FROM incidents i WHERE {} ORDER BY {order} LIMIT {limit}",
            self.joined()
        )
    }

    /// In order of time, so that what was counted says how dense the matches lie.
    fn count_sql(&self) -> String {
        format!(
            "SELECT count(*), min(n), max(n) FROM (SELECT i.n FROM incidents i WHERE {}
             ORDER BY i.last_seen DESC, i.id DESC LIMIT {})",
            self.joined(),
            COUNTED + 1
        )
    }

    fn joined(&self) -> String {
        if self.parts.is_empty() {
            "true".to_owned()
        } else {
            self.parts.join(" AND ")
        }
    }
}

/// How many incidents match, and whether that is exact.
fn count(
    connection: &Connection,
    filter: &IncidentFilter,
    search: &Search,
) -> Result<(u64, bool), StoreError> {
    let query = Conditions::of(connection, filter, search, Purpose::Count)?;
    let sql = query.count_sql();
    let (counted, first, last): (u64, Option<i64>, Option<i64>) = connection
        .prepare_cached(&sql)?
        .query_one(rusqlite::params_from_iter(&query.parameters), |row| {
            Ok((rows::count(row, 0)?, row.get(1)?, row.get(2)?))
        })?;
    if counted <= COUNTED && !query.sampled {
        return Ok((counted, true));
    }
    let oldest: i64 = match filter.since {
        None => 1,
        Some(since) => connection
            .prepare_cached(
                "SELECT n FROM incidents WHERE last_seen >= ?1 ORDER BY last_seen LIMIT 1",
            )?
            .query_row([rows::micros(since)], |row| row.get(0))
            .optional()?
            .unwrap_or(1),
    };
    Ok((
        estimated(counted, first.unwrap_or(1), last.unwrap_or(1), oldest),
        false,
    ))
}

/// Where the incident in a row stands in its order.
fn position(connection: &Connection, n: i64, order: IncidentOrder) -> Result<Position, StoreError> {
    Ok(connection
        .prepare_cached("SELECT severity, score, last_seen, id FROM incidents WHERE n = ?1")?
        .query_one([n], |row| {
            let worst = (row.get(0)?, row.get(1)?);
            Ok(Position {
                worst: (order == IncidentOrder::Worst).then_some(worst),
                last_seen: row.get(2)?,
                id: IncidentId(rows::uuid(row.get(3)?)),
            })
        })?)
}

/// What comes after it.
fn after_it(position: &Position, query: &mut Conditions) {
    let last_seen = query.parameter(position.last_seen);
    let id = query.parameter(position.id.as_bytes().to_vec());
    let part = match position.worst {
        None => format!("(i.last_seen, i.id) < ({last_seen}, {id})"),
        Some((severity, score)) => {
            let (severity, score) = (query.parameter(severity), query.parameter(score));
            format!(
                "(i.severity, i.score, i.last_seen, i.id) < ({severity}, {score}, {last_seen}, {id})"
            )
        }
    };
    query.parts.push(part);
}

#[cfg(test)]
mod tests {
    use model::{Country, CveId, Severity, Timestamp};

    use super::*;
    use crate::sqlite::schema;

    const SORTED: &str = "USE TEMP B-TREE FOR ORDER BY";

    /// How SQLite would answer, in its own words.
    fn plan(
        connection: &Connection,
        filter: &IncidentFilter,
        few: bool,
        order: Option<IncidentOrder>,
    ) -> String {
        let expression = filter.text.clone().unwrap_or_default();
        let purpose = order.map_or(Purpose::Count, Purpose::Page);
        let mut query =
            Conditions::of(connection, filter, &Search { expression, few }, purpose).unwrap();
        let sql = match order {
            Some(order) => query.page_sql(order, 50),
            None => query.count_sql(),
        };
        let mut statement = connection
            .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
            .unwrap();
        let lines: Vec<String> = statement
            .query_map(rusqlite::params_from_iter(&query.parameters), |row| {
                row.get(3)
            })
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        lines.join("\n")
    }

    /// A database in which a great many incidents concern India.
    fn database() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::bring_up_to_date(&mut connection).unwrap();
        connection
            .execute_batch(
                "WITH RECURSIVE count (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM count WHERE n < 2500)
                 INSERT INTO incident_keys SELECT 2, 'IN', n FROM count",
            )
            .unwrap();
        connection
    }

    #[test]
    fn what_many_match_walks_the_index_of_its_order() {
        let connection = database();
        let many = [
            IncidentFilter::default(),
            IncidentFilter {
                min_severity: Some(Severity::High),
                exploited: Some(true),
                ..IncidentFilter::default()
            },
            IncidentFilter {
                countries: vec![Country::INDIA],
                ..IncidentFilter::default()
            },
            IncidentFilter {
                text: Some("common".to_owned()),
                ..IncidentFilter::default()
            },
        ];
        for filter in many {
            let latest = plan(&connection, &filter, false, Some(IncidentOrder::Latest));
            assert!(
                latest.contains("incidents_latest") && !latest.contains(SORTED),
                "{filter:?}: {latest}"
            );
            let worst = plan(&connection, &filter, false, Some(IncidentOrder::Worst));
            assert!(
                worst.contains("incidents_worst") && !worst.contains(SORTED),
                "{filter:?}: {worst}"
            );
            let count = plan(&connection, &filter, false, None);
            assert!(
                filter.text.is_some()
                    || (count.contains("incidents_latest") && !count.contains(SORTED)),
                "{count}"
            );
        }
        let since = IncidentFilter {
            since: Some(Timestamp::UNIX_EPOCH),
            ..IncidentFilter::default()
        };
        let latest = plan(&connection, &since, false, Some(IncidentOrder::Latest));
        assert!(
            latest.contains("INDEX incidents_latest (last_seen>?)"),
            "{latest}"
        );
    }

    #[test]
    fn what_few_match_is_looked_up_first() {
        let connection = database();
        let few = [
            IncidentFilter {
                cve: CveId::new("CVE-2026-1234").ok(),
                ..IncidentFilter::default()
            },
            IncidentFilter {
                text: Some("rare".to_owned()),
                ..IncidentFilter::default()
            },
            IncidentFilter {
                text: Some("rare".to_owned()),
                countries: vec![Country::INDIA],
                min_severity: Some(Severity::High),
                ..IncidentFilter::default()
            },
        ];
        for filter in few {
            for order in [
                Some(IncidentOrder::Latest),
                Some(IncidentOrder::Worst),
                None,
            ] {
                let plan = plan(&connection, &filter, true, order);
                assert!(
                    plan.contains("SEARCH i USING INTEGER PRIMARY KEY (rowid=?)"),
                    "{filter:?}: {plan}"
                );
            }
        }
    }
}
