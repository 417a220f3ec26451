//! Pages of incidents: order, keyset cursors, counts, facets.
//!
//! A page walks the index of its order until it is full. That is quick when many
//! incidents match, and slow when few do; so what few match is looked up first and
//! drives the query instead (`translate`).

use model::query::{Condition, Key};
use model::{Incident, IncidentId};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension};

use super::translate::{self, Sql, fts5};
use super::{incidents, rows};
use crate::facets::{self, SAMPLE};
use crate::paging::{COUNTED, LONGEST_PAGE, RANKED, RANKED_ITEMS, estimated};
use crate::place::Place;
use crate::plan::{Plan, Purpose};
use crate::{Explained, Facets, IncidentOrder, IncidentPage, PageRequest, StoreError};

pub(super) fn page(
    connection: &Connection,
    wanted: &Condition,
    request: &PageRequest,
) -> Result<IncidentPage, StoreError> {
    let plan = translate::plan(connection, wanted)?;
    let order = match request.order {
        // Without words all are equally relevant.
        IncidentOrder::Relevance if plan.searches().is_empty() => IncidentOrder::Latest,
        order => order,
    };
    let after = request
        .after
        .as_deref()
        .map(|text| Place::read(text, order))
        .transpose()?;
    let limit = request.limit.clamp(1, LONGEST_PAGE);
    let (found, next) = match (order, after) {
        (IncidentOrder::Relevance, after) => {
            let shown = match after {
                Some(Place::Relevance { shown }) => shown,
                _ => 0,
            };
            ranked(connection, &plan, shown, limit)?
        }
        (order, after) => in_order(connection, &plan, order, after, limit)?,
    };
    let incidents: Vec<Incident> = found
        .iter()
        .map(|n| incidents::get(connection, *n))
        .collect::<Result<_, _>>()?;
    let (total, exact) = count(connection, &plan)?;
    Ok(IncidentPage {
        incidents,
        next: next.map(|place| place.text()),
        total,
        exact,
    })
}

/// How the latest of them fall into types, countries and the like.
pub(super) fn facets(connection: &Connection, wanted: &Condition) -> Result<Facets, StoreError> {
    let plan = translate::plan(connection, wanted)?;
    let found = latest(connection, &plan, SAMPLE + 1)?;
    let sampled = usize::try_from(SAMPLE).unwrap_or(usize::MAX);
    let bodies: Vec<String> = found
        .iter()
        .take(sampled)
        .map(|n| incidents::body(connection, *n))
        .collect::<Result<_, _>>()?;
    Ok(facets::count(&bodies, found.len() <= sampled)?)
}

/// How a page of the latest would be looked up.
pub(super) fn explain(
    connection: &Connection,
    wanted: &Condition,
) -> Result<Explained, StoreError> {
    let plan = translate::plan(connection, wanted)?;
    let mut steps = vec![plan.words()];
    let mut sql = Sql::of(&plan, Purpose::Page(IncidentOrder::Latest))?;
    let query = page_sql(&mut sql, IncidentOrder::Latest, 50);
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {query}"))?;
    let lines = statement.query_map(rusqlite::params_from_iter(&sql.parameters), |row| {
        row.get::<_, String>(3)
    })?;
    for line in lines {
        steps.push(format!("SQLite: {}", line?));
    }
    let (total, exact) = count(connection, &plan)?;
    Ok(Explained {
        steps,
        total,
        exact,
    })
}

/// One page in order of time or severity, and where the next begins.
fn in_order(
    connection: &Connection,
    plan: &Plan,
    order: IncidentOrder,
    after: Option<Place>,
    limit: u32,
) -> Result<(Vec<i64>, Option<Place>), StoreError> {
    let mut sql = Sql::of(plan, Purpose::Page(order))?;
    if let Some(after) = after {
        comes_after(after, &mut sql);
    }
    let mut found = select(connection, sql, order, limit + 1)?;
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let is_more = found.len() > shown;
    found.truncate(shown);
    let next = match found.last() {
        Some(last) if is_more => Some(place_of(connection, *last, order)?),
        _ => None,
    };
    Ok((found, next))
}

/// The latest incidents, at most so many.
fn latest(connection: &Connection, plan: &Plan, limit: u32) -> Result<Vec<i64>, StoreError> {
    let sql = Sql::of(plan, Purpose::Page(IncidentOrder::Latest))?;
    select(connection, sql, IncidentOrder::Latest, limit)
}

fn select(
    connection: &Connection,
    mut sql: Sql,
    order: IncidentOrder,
    limit: u32,
) -> Result<Vec<i64>, StoreError> {
    let query = page_sql(&mut sql, order, limit);
    let mut statement = connection.prepare_cached(&query)?;
    let found = statement.query_map(rusqlite::params_from_iter(&sql.parameters), |row| {
        row.get(0)
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn page_sql(sql: &mut Sql, order: IncidentOrder, limit: u32) -> String {
    let order = match order {
        IncidentOrder::Latest | IncidentOrder::Relevance => "i.last_seen DESC, i.id DESC",
        IncidentOrder::Worst => "i.severity DESC, i.score DESC, i.last_seen DESC, i.id DESC",
    };
    let limit = sql.parameter(i64::from(limit));
    format!(
        "SELECT i.n FROM incidents i WHERE {} ORDER BY {order} LIMIT {limit}",
        sql.joined()
    )
}

/// One page of the latest matches, those first in whose items the words weigh most;
/// a word of a headline weighs as much as five.
fn ranked(
    connection: &Connection,
    plan: &Plan,
    shown: u32,
    limit: u32,
) -> Result<(Vec<i64>, Option<Place>), StoreError> {
    let among = latest(connection, plan, RANKED)?;
    let searches: Vec<String> = plan
        .searches()
        .into_iter()
        .map(|search| format!("({})", fts5(search)))
        .collect();
    let mut statement = connection.prepare_cached(
        "SELECT l.value FROM json_each(?1) l LEFT JOIN (
             SELECT t.incident AS incident, min(f.weight) AS weight FROM (
                 SELECT rowid AS n, bm25(items_fts, 5.0, 1.0, 1.0) AS weight FROM items_fts
                 WHERE items_fts MATCH ?2 ORDER BY rowid DESC LIMIT ?3) f
             CROSS JOIN items t ON t.n = f.n GROUP BY t.incident) w ON w.incident = l.value
         ORDER BY coalesce(w.weight, 0), l.key LIMIT ?4 OFFSET ?5",
    )?;
    let asked = (
        rows::json(&among)?,
        searches.join(" OR "),
        RANKED_ITEMS,
        limit,
        shown,
    );
    let found: Vec<i64> = statement
        .query_map(asked, |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let told = u32::try_from(found.len()).unwrap_or(u32::MAX);
    let shown = shown.saturating_add(told);
    let is_more = usize::try_from(shown).is_ok_and(|shown| shown < among.len()) && told > 0;
    Ok((found, is_more.then_some(Place::Relevance { shown })))
}

/// What is counted: `first` and `last` of its rows say how dense the matches lie.
struct Counting {
    sql: String,
    parameters: Vec<Value>,
    /// Whether it looks only at the newest matches.
    sampled: bool,
    /// The row of the incident before which it ends, if it ends early.
    edge: Option<i64>,
}

impl Counting {
    fn of(connection: &Connection, plan: &Plan) -> Result<Self, StoreError> {
        let walk = plan.walk();
        let is_driven = plan.driver().is_some();
        let key = walk.key.filter(|_| !is_driven);
        let mut sql = Sql::but(plan, Purpose::Count, key.map(|(part, ..)| part))?;
        let mut edge = None;
        let (from, order) = if let Some((_, key, value)) = key {
            edge = key_edge(connection, key, value, walk.most)?;
            let (kind, value) = (sql.parameter(key.number()), sql.parameter(value.to_owned()));
            let join = if sql.parts.is_empty() {
                ""
            } else {
                "CROSS JOIN incidents i ON i.n = k.incident"
            };
            sql.parts
                .push(format!("k.kind = {kind} AND k.value = {value}"));
            if let Some(edge) = edge {
                let edge = sql.parameter(edge);
                sql.parts.push(format!("k.incident > {edge}"));
            }
            (
                format!("k.incident AS n FROM incident_keys k {join}"),
                "k.incident DESC",
            )
        } else {
            if !is_driven && !sql.sampled {
                let found = time_edge(connection, plan, walk.most)?;
                edge = found.map(|(n, _)| n);
                if let Some((_, last_seen)) = found {
                    let last_seen = sql.parameter(last_seen);
                    sql.parts.push(format!("i.last_seen > {last_seen}"));
                }
            }
            (
                "i.n FROM incidents i".to_owned(),
                "i.last_seen DESC, i.id DESC",
            )
        };
        Ok(Self {
            sql: format!(
                "SELECT count(*), min(n), max(n) FROM (SELECT {from} WHERE {} ORDER BY {order} LIMIT {})",
                sql.joined(),
                COUNTED + 1
            ),
            parameters: sql.parameters,
            sampled: sql.sampled,
            edge,
        })
    }
}

/// Of the incidents with a key, the first beyond the newest so many.
fn key_edge(
    connection: &Connection,
    key: Key,
    value: &str,
    most: u32,
) -> Result<Option<i64>, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT incident FROM incident_keys WHERE kind = ?1 AND value = ?2
             ORDER BY incident DESC LIMIT 1 OFFSET ?3",
        )?
        .query_row((key.number(), value, most), |row| row.get(0))
        .optional()?)
}

/// Of the incidents of a time, the first beyond the latest so many: its row and when it
/// was told last.
fn time_edge(
    connection: &Connection,
    plan: &Plan,
    most: u32,
) -> Result<Option<(i64, i64)>, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT n, last_seen FROM incidents WHERE last_seen BETWEEN ?1 AND ?2
             ORDER BY last_seen DESC LIMIT 1 OFFSET ?3",
        )?
        .query_row(
            (
                plan.since().unwrap_or(i64::MIN),
                plan.until().unwrap_or(i64::MAX),
                most,
            ),
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?)
}

/// How many incidents match, and whether that is exact.
fn count(connection: &Connection, plan: &Plan) -> Result<(u64, bool), StoreError> {
    let counting = Counting::of(connection, plan)?;
    let (counted, first, last): (u64, Option<i64>, Option<i64>) = connection
        .prepare_cached(&counting.sql)?
        .query_one(rusqlite::params_from_iter(&counting.parameters), |row| {
            Ok((rows::count(row, 0)?, row.get(1)?, row.get(2)?))
        })?;
    if counted <= COUNTED && !counting.sampled && counting.edge.is_none() {
        return Ok((counted, true));
    }
    // What was not reached lies before the edge; where the count was full, before the
    // last that was counted.
    let edge = counting
        .edge
        .filter(|_| counted <= COUNTED && !counting.sampled);
    let (first, last) = match edge {
        Some(edge) => {
            let mut newest =
                connection.prepare_cached("SELECT coalesce(max(n), 1) FROM incidents")?;
            (edge, newest.query_one([], |row| row.get(0))?)
        }
        None => (first.unwrap_or(1), last.unwrap_or(1)),
    };
    let oldest: i64 = match plan.since() {
        None => 1,
        Some(since) => connection
            .prepare_cached(
                "SELECT n FROM incidents WHERE last_seen >= ?1 ORDER BY last_seen LIMIT 1",
            )?
            .query_row([since], |row| row.get(0))
            .optional()?
            .unwrap_or(1),
    };
    Ok((estimated(counted, first, last, oldest), false))
}

/// Where an incident stands in its list.
fn place_of(connection: &Connection, n: i64, order: IncidentOrder) -> Result<Place, StoreError> {
    let mut lookup = connection
        .prepare_cached("SELECT severity, score, last_seen, id FROM incidents WHERE n = ?1")?;
    Ok(lookup.query_one([n], |row| {
        let (severity, score, last_seen) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let id = IncidentId(rows::uuid(row.get(3)?));
        Ok(match order {
            IncidentOrder::Worst => Place::Worst {
                severity,
                score,
                last_seen,
                id,
            },
            IncidentOrder::Latest | IncidentOrder::Relevance => Place::Latest { last_seen, id },
        })
    })?)
}

/// What comes after a place.
fn comes_after(place: Place, sql: &mut Sql) {
    let part = match place {
        Place::Latest { last_seen, id } => {
            let last_seen = sql.parameter(last_seen);
            let id = sql.parameter(id.as_bytes().to_vec());
            format!("(i.last_seen, i.id) < ({last_seen}, {id})")
        }
        Place::Worst {
            severity,
            score,
            last_seen,
            id,
        } => {
            let (severity, score) = (sql.parameter(severity), sql.parameter(score));
            let last_seen = sql.parameter(last_seen);
            let id = sql.parameter(id.as_bytes().to_vec());
            format!(
                "(i.severity, i.score, i.last_seen, i.id) < ({severity}, {score}, {last_seen}, {id})"
            )
        }
        Place::Relevance { .. } => return,
    };
    sql.parts.push(part);
}

#[cfg(test)]
mod tests {
    use model::Timestamp;
    use model::query::{Frame, parse};

    use super::*;
    use crate::sqlite::schema;

    const SORTED: &str = "USE TEMP B-TREE FOR ORDER BY";

    /// How SQLite would answer, in its own words. `common`: whether every word
    /// stands nearly everywhere.
    fn plan(
        connection: &Connection,
        query: &str,
        common: bool,
        order: Option<IncidentOrder>,
    ) -> String {
        let condition = parse(query)
            .unwrap()
            .bind(&Frame::at(Timestamp::UNIX_EPOCH));
        let mut plan = translate::plan(connection, &condition).unwrap();
        if common {
            make_common(&mut plan);
        }
        let (query, parameters) = match order {
            Some(order) => {
                let mut sql = Sql::of(&plan, Purpose::Page(order)).unwrap();
                (page_sql(&mut sql, order, 50), sql.parameters)
            }
            None => {
                let counting = Counting::of(connection, &plan).unwrap();
                (counting.sql, counting.parameters)
            }
        };
        let mut statement = connection
            .prepare(&format!("EXPLAIN QUERY PLAN {query}"))
            .unwrap();
        let lines: Vec<String> = statement
            .query_map(rusqlite::params_from_iter(&parameters), |row| row.get(3))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        lines.join("\n")
    }

    fn make_common(plan: &mut Plan) {
        match plan {
            Plan::All(parts) | Plan::Any(parts) => parts.iter_mut().for_each(make_common),
            Plan::Words { rows, .. } => *rows = None,
            _ => {}
        }
    }

    /// A database in which a great many incidents concern India.
    fn database() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::bring_up_to_date(&mut connection).unwrap();
        connection
            .execute_batch(
                "WITH RECURSIVE count (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM count WHERE n < 2500)
                 INSERT INTO incident_keys SELECT 2, 'IN', n FROM count;
                 WITH RECURSIVE count (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM count WHERE n < 2500)
                 INSERT INTO incident_keys SELECT 14, 'state bank ', n FROM count",
            )
            .unwrap();
        connection
    }

    #[test]
    fn what_many_match_walks_the_index_of_its_order() {
        let connection = database();
        for query in [
            "",
            "severity:high exploited:true epss>0.5",
            "region:IN",
            "region:IN -exploited:true",
            "victim:state",
            "region:IN OR severity:high",
            "common",
            "NOT cve:CVE-2026-1234",
        ] {
            let latest = plan(&connection, query, true, Some(IncidentOrder::Latest));
            assert!(
                latest.contains("incidents_latest") && !latest.contains(SORTED),
                "{query}: {latest}"
            );
            let worst = plan(&connection, query, true, Some(IncidentOrder::Worst));
            assert!(
                worst.contains("incidents_worst") && !worst.contains(SORTED),
                "{query}: {worst}"
            );
            let count = plan(&connection, query, true, None);
            assert!(
                query == "common"
                    || ((count.contains("incidents_latest")
                        || count.contains("SEARCH k USING PRIMARY KEY"))
                        && !count.contains(SORTED)),
                "{query}: {count}"
            );
        }
        let latest = plan(
            &connection,
            "after:2026-11-01",
            false,
            Some(IncidentOrder::Latest),
        );
        assert!(
            latest.contains("INDEX incidents_latest (last_seen>?)"),
            "{latest}"
        );
    }

    #[test]
    fn what_few_match_is_looked_up_first() {
        let connection = database();
        for query in [
            "cve:CVE-2026-1234",
            "rare",
            "rare region:IN severity:high",
            "cve:CVE-2026-1234 OR rare OR actor:lock*",
            "(rare OR actor:lockbit) region:IN -exploited:true",
            "product:x version:1",
        ] {
            for order in [
                Some(IncidentOrder::Latest),
                Some(IncidentOrder::Worst),
                None,
            ] {
                let plan = plan(&connection, query, false, order);
                assert!(
                    plan.contains("SEARCH i USING INTEGER PRIMARY KEY (rowid=?)"),
                    "{query}: {plan}"
                );
            }
        }
    }
}
