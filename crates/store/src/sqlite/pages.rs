//! Pages of incidents: order, keyset cursors, counts, facets.
//!
//! A page walks the index of its order until it is full. That is quick when many
//! incidents match, and slow when few do; so what few match is looked up first and
//! drives the query instead (`translate`). Where words are asked for beside that, the walk
//! goes in stretches, and each is asked for them at once (`words`). A walk that finds
//! almost nothing ends where it gets dear: the page is short, and the next goes on there.

use model::query::{Condition, Key, Wanted};
use model::{Incident, IncidentId};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension};

use super::translate::{self, Sql, fts5};
use super::words::{self, Searches};
use super::{incidents, rows};
use crate::facets::{self, SAMPLE};
use crate::paging::{
    COUNTED, COUNTED_BY_WORDS, LONGEST_PAGE, LONGEST_STRETCH, RANKED, RANKED_ITEMS, estimated,
};
use crate::place::{Begin, Place};
use crate::plan::{Plan, Purpose};
use crate::{Explained, Facets, IncidentOrder, IncidentPage, PageRequest, StoreError};

/// What a walk may spend on asking for words (`words`): some 40 ms.
const WALKING: u64 = 30_000;
/// So many incidents are asked at once, at least, where all that drives is sorted before.
const SORTED_STRETCH: u32 = 500;

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
    let begin = Begin::read(request.after.as_deref(), order)?;
    let limit = request.limit.clamp(1, LONGEST_PAGE);
    let mut searches = Searches::of(&plan);
    let (found, next) = match (order, begin.after) {
        (IncidentOrder::Relevance, after) => {
            let shown = match after {
                Some(Place::Relevance { shown }) => shown,
                _ => 0,
            };
            ranked(connection, &plan, &mut searches, shown, limit)?
        }
        (order, after) => in_order(connection, &plan, &mut searches, order, after, limit)?,
    };
    let incidents: Vec<Incident> = found
        .iter()
        .map(|n| incidents::get(connection, *n))
        .collect::<Result<_, _>>()?;
    let counted = match begin.whole(found.len(), next, order) {
        Some(all) => (all, true),
        None => count(connection, &plan, &mut searches)?,
    };
    Ok(IncidentPage {
        incidents,
        next: next.map(|place| begin.next(place, found.len())),
        total: begin.at_least(counted, found.len(), next),
        exact: counted.1,
    })
}

/// How the latest of them fall into types, countries and the like.
pub(super) fn facets(connection: &Connection, wanted: &Condition) -> Result<Facets, StoreError> {
    let plan = translate::plan(connection, wanted)?;
    let (found, cut) = latest(connection, &plan, &mut Searches::of(&plan), SAMPLE + 1)?;
    let sampled = usize::try_from(SAMPLE).unwrap_or(usize::MAX);
    let is_complete = cut.is_none() && found.len() <= sampled;
    let bodies: Vec<String> = found
        .iter()
        .take(sampled)
        .map(|n| incidents::body(connection, *n))
        .collect::<Result<_, _>>()?;
    Ok(facets::count(&bodies, is_complete)?)
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
    let mut searches = Searches::of(&plan);
    if !searches.is_empty() {
        steps.push("many of them at once are asked for the words".to_owned());
    }
    let (total, exact) = count(connection, &plan, &mut searches)?;
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
    searches: &mut Searches<'_>,
    order: IncidentOrder,
    after: Option<Place>,
    limit: u32,
) -> Result<(Vec<i64>, Option<Place>), StoreError> {
    let (mut found, cut) = select(connection, plan, searches, order, after, limit + 1)?;
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let is_more = found.len() > shown;
    found.truncate(shown);
    let next = match found.last() {
        Some(last) if is_more => Some(place_of(connection, *last, order)?),
        _ => cut,
    };
    Ok((found, next))
}

/// The latest incidents, at most so many, and where the walk ended if it ended early.
fn latest(
    connection: &Connection,
    plan: &Plan,
    searches: &mut Searches<'_>,
    limit: u32,
) -> Result<(Vec<i64>, Option<Place>), StoreError> {
    select(
        connection,
        plan,
        searches,
        IncidentOrder::Latest,
        None,
        limit,
    )
}

/// The first incidents after a place, at most so many. With searches more than these are
/// looked at: a stretch at a time, each as long as those before say that it must be. Where
/// that gets dear it ends, and says after which incident.
fn select(
    connection: &Connection,
    plan: &Plan,
    searches: &mut Searches<'_>,
    order: IncidentOrder,
    mut after: Option<Place>,
    limit: u32,
) -> Result<(Vec<i64>, Option<Place>), StoreError> {
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let shortest = match plan.driver() {
        Some(_) => SORTED_STRETCH.max(limit),
        None => 1,
    };
    let mut stretch = if searches.is_empty() {
        limit
    } else {
        shortest.max(limit + limit / 2)
    };
    let before = searches.spent();
    let (mut found, mut seen) = (Vec::new(), 0);
    loop {
        let mut sql = Sql::of(plan, Purpose::Page(order))?;
        if let Some(after) = after {
            comes_after(after, &mut sql);
        }
        let query = page_sql(&mut sql, order, stretch);
        let looked_at = rows_of(connection, &query, &sql.parameters)?;
        let last = looked_at.last().copied();
        let is_end = u32::try_from(looked_at.len()).is_ok_and(|count| count < stretch);
        seen += looked_at.len();
        found.extend(searches.meeting(connection, looked_at)?);
        match last {
            Some(last) if !is_end && found.len() < wanted => {
                after = Some(place_of(connection, last, order)?);
                let more = words::affordable(searches.spent() - before, WALKING, seen);
                if more == Some(0) {
                    return Ok((found, after));
                }
                let missing = wanted - found.len();
                let needed = missing.saturating_mul(seen) / found.len().max(1) * 5 / 4 + 16;
                let needed = needed.min(more.unwrap_or(needed));
                let longest = LONGEST_STRETCH.max(limit);
                stretch = u32::try_from(needed).map_or(longest, |needed| needed.min(longest));
                stretch = stretch.max(shortest);
            }
            _ => {
                found.truncate(wanted);
                return Ok((found, None));
            }
        }
    }
}

fn rows_of(
    connection: &Connection,
    query: &str,
    parameters: &[Value],
) -> Result<Vec<i64>, StoreError> {
    let mut statement = connection.prepare_cached(query)?;
    let found = statement.query_map(rusqlite::params_from_iter(parameters), |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn page_sql(sql: &mut Sql<'_>, order: IncidentOrder, limit: u32) -> String {
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
/// a word of a headline weighs as much as five. Of words that stand nearly everywhere only
/// those of headlines weigh.
fn ranked(
    connection: &Connection,
    plan: &Plan,
    searches: &mut Searches<'_>,
    shown: u32,
    limit: u32,
) -> Result<(Vec<i64>, Option<Place>), StoreError> {
    let (among, _) = latest(connection, plan, searches, RANKED)?;
    let count = among.len();
    let wanted: Vec<&Wanted> = plan.searches().into_iter().flatten().collect();
    let found = if words::are_everywhere(connection, &wanted)? {
        let most = usize::try_from(RANKED_ITEMS).unwrap_or(usize::MAX);
        let ranked = words::by_headline(connection, among, &wanted, most)?;
        let (skipped, limit) = (usize::try_from(shown), usize::try_from(limit));
        let rest = ranked.into_iter().skip(skipped.unwrap_or(usize::MAX));
        rest.take(limit.unwrap_or(usize::MAX)).collect()
    } else {
        weighed(connection, plan, &among, shown, limit)?
    };
    let told = u32::try_from(found.len()).unwrap_or(u32::MAX);
    let shown = shown.saturating_add(told);
    let is_more = usize::try_from(shown).is_ok_and(|shown| shown < count) && told > 0;
    Ok((found, is_more.then_some(Place::Relevance { shown })))
}

/// Of these incidents one page, by the weight of the words in their items.
fn weighed(
    connection: &Connection,
    plan: &Plan,
    among: &[i64],
    shown: u32,
    limit: u32,
) -> Result<Vec<i64>, StoreError> {
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
    let found = statement.query_map(asked, |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// What is counted: these rows, as far as can be said without searches.
struct Counting {
    sql: String,
    parameters: Vec<Value>,
    /// The row of the incident before which it ends, if it ends early.
    edge: Option<i64>,
}

impl Counting {
    fn of(
        connection: &Connection,
        plan: &Plan,
        searches: &Searches<'_>,
    ) -> Result<Self, StoreError> {
        let walk = plan.walk();
        let most = if searches.is_empty() {
            walk.most
        } else {
            COUNTED_BY_WORDS
        };
        let is_driven = plan.driver().is_some();
        let key = walk.key.filter(|_| !is_driven);
        let mut sql = Sql::but(plan, Purpose::Count, key.map(|(part, ..)| part))?;
        let mut edge = None;
        let (from, order) = if let Some((_, key, value)) = key {
            edge = key_edge(connection, key, value, most)?;
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
            if !is_driven && let Some((newest, last_seen)) = time_edge(connection, plan, most)? {
                edge = Some(newest - i64::from(most));
                let last_seen = sql.parameter(last_seen);
                sql.parts.push(format!("i.last_seen > {last_seen}"));
            }
            (
                "i.n FROM incidents i".to_owned(),
                "i.last_seen DESC, i.id DESC",
            )
        };
        Ok(Self {
            sql: format!(
                "SELECT {from} WHERE {} ORDER BY {order} LIMIT {}",
                sql.joined(),
                COUNTED + 1
            ),
            parameters: sql.parameters,
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

/// Of the incidents of a time, when the first beyond the latest so many was told last,
/// and the newest row of all. That one's own row tells little: an old story may have been
/// told again.
fn time_edge(
    connection: &Connection,
    plan: &Plan,
    most: u32,
) -> Result<Option<(i64, i64)>, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT (SELECT max(n) FROM incidents), last_seen FROM incidents
             WHERE last_seen BETWEEN ?1 AND ?2 ORDER BY last_seen DESC LIMIT 1 OFFSET ?3",
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
fn count(
    connection: &Connection,
    plan: &Plan,
    searches: &mut Searches<'_>,
) -> Result<(u64, bool), StoreError> {
    let Counting {
        sql,
        parameters,
        edge,
    } = Counting::of(connection, plan, searches)?;
    let mut is_exact = true;
    let (looked_at, counted, first, last): (u64, u64, Option<i64>, Option<i64>) =
        if searches.is_empty() {
            connection
                .prepare_cached(&format!("SELECT count(*), min(n), max(n) FROM ({sql})"))?
                .query_one(rusqlite::params_from_iter(&parameters), |row| {
                    let counted = rows::count(row, 0)?;
                    Ok((counted, counted, row.get(1)?, row.get(2)?))
                })?
        } else {
            let looked_at = rows_of(connection, &sql, &parameters)?;
            let (asked, met) = searches.meeting_some(connection, &looked_at)?;
            is_exact = asked == looked_at.len();
            // As many of the others as of those that were asked.
            let counted = met * looked_at.len() / asked.max(1);
            let (first, last) = (looked_at.iter().min(), looked_at.iter().max());
            let count = looked_at.len() as u64;
            (count, counted as u64, first.copied(), last.copied())
        };
    let is_full = looked_at > COUNTED;
    if !is_full && edge.is_none() {
        return Ok((counted, is_exact));
    }
    // What was not reached lies before the edge; where the count was full, before the
    // last that was counted.
    let (first, last) = match edge.filter(|_| !is_full) {
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
fn comes_after(place: Place, sql: &mut Sql<'_>) {
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
    use std::collections::BTreeSet;

    use model::Timestamp;
    use model::query::{Frame, parse};
    use model::tokens::Text;

    use super::*;
    use crate::plan::Asked;
    use crate::sqlite::schema;
    use crate::sqlite::translate::fts5;

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
                let counting = Counting::of(connection, &plan, &Searches::of(&plan)).unwrap();
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

    /// Four hundred incidents of one to three items, each of a few of these words.
    const WORDS: [&str; 8] = [
        "bank", "breach", "ransom", "ransack", "data", "code", "remot", "random",
    ];

    fn told() -> (Connection, Vec<Vec<Text>>) {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::bring_up_to_date(&mut connection).unwrap();
        let mut chance = 1_u64;
        let mut next = |below: u64| {
            chance = chance
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (chance >> 33) % below
        };
        let mut incidents = Vec::new();
        let mut item = 0_i64;
        for n in 1..=400_i64 {
            // Two stories in a row end at one time; every tenth is told again late.
            let last_seen = n / 2 + if n % 10 == 0 { 300 } else { 0 };
            connection
                .execute(
                    "INSERT INTO incidents (n, id, revision, severity, score, status, exploited, last_seen)
                     VALUES (?1, ?2, 1, ?3, 50, 'new', 0, ?4)",
                    (n, i128::from(n).to_be_bytes(), n % 3, last_seen),
                )
                .unwrap();
            let mut texts = Vec::new();
            for _ in 0..=next(3) {
                item += 1;
                let words: Vec<&str> = (0..6).map(|_| WORDS[next(8) as usize]).collect();
                let (title, text) = (words[..2].join(" "), words[2..].join(" "));
                connection
                    .execute(
                        "INSERT INTO items (n, id, source, external_id, effective, occasion, incident)
                         VALUES (?1, ?2, 'feed', '', 0, 0, ?3)",
                        (item, i128::from(item).to_be_bytes(), n),
                    )
                    .unwrap();
                let analysis = serde_json::json!({"title": title, "text": text}).to_string();
                connection
                    .execute(
                        "INSERT INTO item_texts (item, body, analysis) VALUES (?1, '', ?2)",
                        (item, analysis),
                    )
                    .unwrap();
                crate::sqlite::placing::index(&connection, item, &title, &text).unwrap();
                texts.push(Text::of(&title, &text, "feed"));
            }
            incidents.push(texts);
        }
        (connection, incidents)
    }

    fn holds(condition: &Condition, texts: &[Text], n: i64) -> bool {
        match condition {
            Condition::All(parts) => parts.iter().all(|part| holds(part, texts, n)),
            Condition::Any(parts) => parts.iter().any(|part| holds(part, texts, n)),
            Condition::Not(part) => !holds(part, texts, n),
            Condition::Words(wanted) => texts
                .iter()
                .any(|text| wanted.iter().all(|one| text.holds(&one.term, one.in_title))),
            Condition::Number(_, from, _) => n % 3 >= from.unwrap_or(0),
            other => panic!("{other:?}"),
        }
    }

    /// As if the words stood in very many items, and these were asked in this way.
    fn ask(plan: &mut Plan, connection: &Connection, way: &str) {
        match plan {
            Plan::All(parts) | Plan::Any(parts) => {
                for part in parts {
                    ask(part, connection, way);
                }
            }
            Plan::Not(part) => ask(part, connection, way),
            Plan::Words {
                wanted,
                rows,
                asked,
            } => {
                let mut newest = connection
                    .prepare("SELECT rowid FROM items_fts WHERE items_fts MATCH ?1 ORDER BY rowid DESC LIMIT 30")
                    .unwrap();
                let newest = newest.query_map([fts5(wanted)], |row| row.get(0)).unwrap();
                *asked = match way {
                    "index" => Asked::Index,
                    "once" => Asked::Once(newest.collect::<Result<_, _>>().unwrap(), false),
                    _ => Asked::Texts,
                };
                *rows = None;
            }
            _ => {}
        }
    }

    #[test]
    fn of_words_that_stand_everywhere_headlines_tell_which_come_first() {
        let (connection, incidents) = told();
        let wanted = crate::plan::tests::wanted("bank breach");
        let each: Vec<&Wanted> = wanted.iter().collect();
        let weight = |n: &i64| {
            let texts = &incidents[usize::try_from(*n).unwrap() - 1];
            let words = |text: &Text| {
                let stands = |one: &&Wanted| text.holds(&one.term, true);
                wanted.iter().filter(stands).count()
            };
            texts.iter().map(words).max().unwrap()
        };
        let latest: Vec<i64> = (1..=400).rev().collect();
        let mut expected = latest.clone();
        expected.sort_by_key(|n| std::cmp::Reverse(weight(n)));
        assert_ne!(expected, latest);
        let by_headline =
            |most| words::by_headline(&connection, latest.clone(), &each, most).unwrap();
        assert_eq!(by_headline(usize::MAX), expected);
        // Of the newest items alone, the others keep their places.
        let (first, rest) = latest.split_at(20);
        let mut expected = first.to_vec();
        expected.sort_by_key(|n| std::cmp::Reverse(weight(n)));
        let newest: usize = first
            .iter()
            .map(|n| incidents[usize::try_from(*n).unwrap() - 1].len())
            .sum();
        let unmoved = |ranked: &[i64]| -> Vec<i64> {
            let is_rest = |n: &&i64| rest.contains(n);
            ranked.iter().filter(is_rest).copied().collect()
        };
        let ranked = by_headline(newest);
        assert_eq!(unmoved(&ranked), rest);
        let moved = |n: &&i64| weight(n) > 0;
        assert!(ranked.starts_with(&expected.iter().filter(moved).copied().collect::<Vec<_>>()));
    }

    #[test]
    fn however_items_are_asked_for_words_the_same_is_found() {
        let (connection, incidents) = told();
        let mut cut = 0;
        for query in [
            "bank",
            "ran*",
            "rans*",
            "\"data breach\"",
            "\"data ran*\"",
            "title:rando*",
            "bank breach -code",
            "(rans* OR \"remot code\") -bank",
            "NOT (data OR bank)",
            "bank OR severity>=high",
            "ransom severity>=high -\"bank bank\"",
            "bank -bank",
        ] {
            let condition = parse(query)
                .unwrap()
                .bind(&Frame::at(Timestamp::UNIX_EPOCH));
            let expected: BTreeSet<i64> = (1..)
                .zip(&incidents)
                .filter(|(n, texts)| holds(&condition, texts, *n))
                .map(|(n, _)| n)
                .collect();
            for way in ["counted", "index", "once", "texts"] {
                let mut plan = translate::plan(&connection, &condition).unwrap();
                if way != "counted" {
                    ask(&mut plan, &connection, way);
                }
                let mut searches = Searches::of(&plan);
                for order in [IncidentOrder::Latest, IncidentOrder::Worst] {
                    let mut found = Vec::new();
                    let mut after = None;
                    let mut is_cut = false;
                    loop {
                        let (page, next) =
                            in_order(&connection, &plan, &mut searches, order, after, 7).unwrap();
                        is_cut |= page.len() < 7 && next.is_some();
                        found.extend(page);
                        after = next;
                        if after.is_none() {
                            break;
                        }
                    }
                    let whole = rows_of(
                        &connection,
                        match order {
                            IncidentOrder::Worst => "SELECT n FROM incidents ORDER BY severity DESC, last_seen DESC, id DESC",
                            _ => "SELECT n FROM incidents ORDER BY last_seen DESC, id DESC",
                        },
                        &[],
                    )
                    .unwrap();
                    let in_order: Vec<i64> =
                        whole.into_iter().filter(|n| expected.contains(n)).collect();
                    assert_eq!(found, in_order, "{query} {way} {order:?}");
                    // To gather items, and to read one text after the other, gets dear.
                    assert!(!is_cut || ["once", "texts"].contains(&way), "{query} {way}");
                    cut += u32::from(is_cut);
                }
                let (total, exact) = count(&connection, &plan, &mut searches).unwrap();
                if exact {
                    assert_eq!(total, expected.len() as u64, "{query} {way}");
                }
                assert!(exact || way == "texts", "{query} {way}");
            }
        }
        assert!(cut > 0);
    }
}
