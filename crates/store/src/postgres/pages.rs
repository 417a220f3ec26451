//! Pages of incidents: order, keyset cursors, counts, facets.
//!
//! A page walks the index of its order until it is full. That is quick when many
//! incidents match, and slow when few do; so what few match is looked up first and
//! drives the query instead (`translate`). A walk that asks incidents for words and finds
//! almost nothing ends after some: the page is short, and the next goes on there.

use model::IncidentId;
use model::query::{Condition, Key};

use super::translate::{self, Sql, Values, matching, stored};
use super::words::{Sought, held};
use super::work::Work;
use super::{incidents, rows};
use crate::facets::{self, SAMPLE};
use crate::paging::{COUNTED, COUNTED_BY_WORDS, LONGEST_PAGE, RANKED, RANKED_ITEMS, estimated};
use crate::place::{Begin, Place};
use crate::plan::Plan;
use crate::{Explained, Facets, IncidentOrder, IncidentPage, PageRequest, StoreError};

/// A walk asks so many incidents for a word (20 µs each, measured), and for several fewer.
const WALKED: u32 = 2_500;

pub(super) async fn page(
    work: &Work,
    wanted: &Condition,
    request: &PageRequest,
) -> Result<IncidentPage, StoreError> {
    let plan = translate::plan(work, wanted).await?;
    let order = match request.order {
        // Without words all are equally relevant.
        IncidentOrder::Relevance if plan.searches().is_empty() => IncidentOrder::Latest,
        order => order,
    };
    let begin = Begin::read(request.after.as_deref(), order)?;
    let limit = request.limit.clamp(1, LONGEST_PAGE);
    let (found, next) = match (order, begin.after) {
        (IncidentOrder::Relevance, after) => {
            let shown = match after {
                Some(Place::Relevance { shown }) => shown,
                _ => 0,
            };
            ranked(work, &plan, shown, limit).await?
        }
        (order, after) => in_order(work, &plan, order, after, limit).await?,
    };
    let incidents = incidents::list(work, &found).await?;
    let counted = match begin.whole(found.len(), next, order) {
        Some(all) => (all, true),
        None => count(work, &plan).await?,
    };
    Ok(IncidentPage {
        incidents,
        next: next.map(|place| begin.next(place, found.len())),
        total: begin.at_least(counted, found.len(), next),
        exact: counted.1,
    })
}

/// How the latest of them fall into types, countries and the like.
pub(super) async fn facets(work: &Work, wanted: &Condition) -> Result<Facets, StoreError> {
    let plan = translate::plan(work, wanted).await?;
    let (mut found, cut) = latest(work, &plan, SAMPLE + 1).await?;
    let sampled = usize::try_from(SAMPLE).unwrap_or(usize::MAX);
    let complete = cut.is_none() && found.len() <= sampled;
    found.truncate(sampled);
    let bodies = incidents::bodies(work, &found).await?;
    Ok(facets::count(&bodies, complete)?)
}

/// How a page of the latest would be looked up.
pub(super) async fn explain(work: &Work, wanted: &Condition) -> Result<Explained, StoreError> {
    let plan = translate::plan(work, wanted).await?;
    let mut steps = vec![plan.words()];
    let mut sql = Sql::of(&plan);
    let query = page_sql(&mut sql, IncidentOrder::Latest, 50);
    let told = work
        .rows_once(&format!("EXPLAIN {query}"), &sql.values.list())
        .await?;
    for line in told {
        steps.push(format!("PostgreSQL: {}", line.try_get::<_, &str>(0)?));
    }
    let (total, exact) = count(work, &plan).await?;
    Ok(Explained {
        steps,
        total,
        exact,
    })
}

/// One page in order of time or severity, and where the next begins.
async fn in_order(
    work: &Work,
    plan: &Plan,
    order: IncidentOrder,
    after: Option<Place>,
    limit: u32,
) -> Result<(Vec<i64>, Option<Place>), StoreError> {
    let (mut found, cut) = select(work, plan, order, after, limit + 1).await?;
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let is_more = found.len() > shown;
    found.truncate(shown);
    let next = match found.last() {
        Some(last) if is_more => Some(place_of(work, *last, order).await?),
        _ => cut,
    };
    Ok((found, next))
}

/// The latest incidents, at most so many, and where the walk ended if it ended early.
async fn latest(
    work: &Work,
    plan: &Plan,
    limit: u32,
) -> Result<(Vec<i64>, Option<Place>), StoreError> {
    select(work, plan, IncidentOrder::Latest, None, limit).await
}

/// The first incidents after a place, at most so many, and after which the walk ended if
/// it ended early.
async fn select(
    work: &Work,
    plan: &Plan,
    order: IncidentOrder,
    after: Option<Place>,
    limit: u32,
) -> Result<(Vec<i64>, Option<Place>), StoreError> {
    let mut sql = Sql::of(plan);
    if let Some(after) = after {
        comes_after(after, &mut sql);
    }
    let end = end_of_walk(work, plan, order, after, limit).await?;
    if let Some(end) = end {
        comes_until(end, &mut sql);
    }
    let query = page_sql(&mut sql, order, limit);
    let found = work.rows_once(&query, &sql.values.list()).await?;
    let found: Vec<i64> = found
        .iter()
        .map(|row| row.try_get(0))
        .collect::<Result<_, _>>()?;
    let is_full = u32::try_from(found.len()).is_ok_and(|count| count >= limit);
    Ok((found, end.filter(|_| !is_full)))
}

/// The last incident that a walk looks at, where it asks each for words and does not reach
/// the end.
async fn end_of_walk(
    work: &Work,
    plan: &Plan,
    order: IncidentOrder,
    after: Option<Place>,
    limit: u32,
) -> Result<Option<Place>, StoreError> {
    let tokens: u32 = plan.undriven().iter().map(|part| part.tokens()).sum();
    if tokens == 0 || plan.driver().is_some() {
        return Ok(None);
    }
    // What costs little is left to the walk: numbers thin it out.
    let mut sql = Sql::of_numbers(plan);
    if let Some(after) = after {
        comes_after(after, &mut sql);
    }
    let walked = (WALKED / tokens).max(WALKED / 5).max(limit);
    let offset = sql.values.add(i64::from(walked - 1));
    let query = format!("{} OFFSET {offset}", page_sql(&mut sql, order, 1));
    match work.rows_once(&query, &sql.values.list()).await?.first() {
        Some(row) => Ok(Some(place_of(work, row.try_get(0)?, order).await?)),
        None => Ok(None),
    }
}

fn page_sql(sql: &mut Sql, order: IncidentOrder, limit: u32) -> String {
    let order = match order {
        IncidentOrder::Latest | IncidentOrder::Relevance => "i.last_seen DESC, i.id DESC",
        IncidentOrder::Worst => "i.severity DESC, i.score DESC, i.last_seen DESC, i.id DESC",
    };
    let limit = sql.values.add(i64::from(limit));
    format!(
        "SELECT i.n FROM incidents i WHERE {} ORDER BY {order} LIMIT {limit}",
        sql.joined()
    )
}

/// One page of the latest matches, those first in whose items the words weigh most;
/// a word of a headline weighs as much as five, and a rare one more than a common one.
async fn ranked(
    work: &Work,
    plan: &Plan,
    shown: u32,
    limit: u32,
) -> Result<(Vec<i64>, Option<Place>), StoreError> {
    let (among, _) = latest(work, plan, RANKED).await?;
    let count = among.len();
    let mut values = Values::default();
    let among = values.add(among);
    let searches: Vec<String> = plan
        .searches()
        .into_iter()
        .map(|search| matching(search, &mut values))
        .collect();
    let mut weights = Vec::new();
    for (query, weight) in weights_of(work, plan).await? {
        let (query, weight) = (values.add(query), values.add(weight));
        // 1: a long text that has a word says less by it than a short one.
        weights.push(format!(
            "{weight}::float8 * ts_rank('{{0.2, 0.2, 0.2, 1}}', f.words, {query}::text::tsquery, 1)"
        ));
    }
    let newest = values.add(i64::from(RANKED_ITEMS));
    let (limit, offset) = (values.add(i64::from(limit)), values.add(i64::from(shown)));
    let query = format!(
        "SELECT l.n FROM unnest({among}::bigint[]) WITH ORDINALITY AS l (n, nth) LEFT JOIN (
             SELECT t.incident, max({}) AS weight FROM (
                 SELECT w.item, w.words FROM item_words w WHERE {} ORDER BY w.item DESC LIMIT {newest}) f
             JOIN items t ON t.n = f.item GROUP BY t.incident) w ON w.incident = l.n
         ORDER BY coalesce(w.weight, 0) DESC, l.nth LIMIT {limit} OFFSET {offset}",
        weights.join(" + "),
        searches.join(" OR "),
    );
    let found: Vec<i64> = work
        .rows_once(&query, &values.list())
        .await?
        .iter()
        .map(|row| row.try_get(0))
        .collect::<Result<_, _>>()?;
    let told = u32::try_from(found.len()).unwrap_or(u32::MAX);
    let shown = shown.saturating_add(told);
    let is_more = usize::try_from(shown).is_ok_and(|shown| shown < count) && told > 0;
    Ok((found, is_more.then_some(Place::Relevance { shown })))
}

/// Each term that is searched for, as a tsquery, and what it says to have it.
async fn weights_of(work: &Work, plan: &Plan) -> Result<Vec<(String, f64)>, StoreError> {
    let searches = plan.searches();
    let terms: Vec<String> = searches
        .iter()
        .flat_map(|search| search.iter())
        .map(|one| Sought::of(std::slice::from_ref(one)).query)
        .collect();
    let items: i64 = work
        .one("SELECT coalesce(max(n), 0) FROM items", &[])
        .await?
        .try_get(0)?;
    let items = f64::from(u32::try_from(items).unwrap_or(u32::MAX));
    let held = held(work, &terms, RANKED_ITEMS).await?;
    let weight = |held: u32| (items / f64::from(held.max(1))).ln_1p();
    Ok(terms
        .into_iter()
        .zip(held.into_iter().map(weight))
        .collect())
}

/// What is counted: `first` and `last` of its rows say how dense the matches lie.
struct Counting {
    sql: String,
    values: Values,
    /// The row of the incident before which it ends, if it ends early.
    edge: Option<i64>,
}

impl Counting {
    async fn of(work: &Work, plan: &Plan) -> Result<Self, StoreError> {
        let walk = plan.walk();
        let tokens: u32 = plan.undriven().iter().map(|part| part.tokens()).sum();
        let most = match tokens {
            0 => walk.most,
            _ => (COUNTED_BY_WORDS / tokens).max(COUNTED_BY_WORDS / 5),
        };
        let is_driven = plan.driver().is_some();
        let key = walk.key.filter(|_| !is_driven);
        let mut sql = Sql::but(plan, key.map(|(part, ..)| part));
        let mut edge = None;
        let (from, order) = if let Some((_, key, value)) = key {
            edge = key_edge(work, key, value, most).await?;
            let (kind, value) = (sql.values.add(key.number()), sql.values.add(stored(value)));
            let join = if sql.parts.is_empty() {
                ""
            } else {
                "JOIN incidents i ON i.n = k.incident"
            };
            sql.parts
                .push(format!("k.kind = {kind} AND k.value = {value}"));
            if let Some(edge) = edge {
                let edge = sql.values.add(edge);
                sql.parts.push(format!("k.incident > {edge}"));
            }
            (
                format!("k.incident AS n FROM incident_keys k {join}"),
                "k.incident DESC",
            )
        } else {
            if !is_driven && let Some((newest, last_seen)) = time_edge(work, plan, most).await? {
                edge = Some(newest - i64::from(most));
                let last_seen = sql.values.add(last_seen);
                sql.parts.push(format!("i.last_seen > {last_seen}"));
            }
            (
                "i.n FROM incidents i".to_owned(),
                "i.last_seen DESC, i.id DESC",
            )
        };
        Ok(Self {
            sql: format!(
                "SELECT count(*), min(n), max(n) FROM (SELECT {from} WHERE {} ORDER BY {order} LIMIT {}) counted",
                sql.joined(),
                COUNTED + 1
            ),
            values: sql.values,
            edge,
        })
    }
}

/// Of the incidents with a key, the first beyond the newest so many.
async fn key_edge(
    work: &Work,
    key: Key,
    value: &str,
    most: u32,
) -> Result<Option<i64>, StoreError> {
    work.row(
        "SELECT incident FROM incident_keys WHERE kind = $1 AND value = $2
         ORDER BY incident DESC LIMIT 1 OFFSET $3",
        &[&key.number(), &stored(value), &i64::from(most)],
    )
    .await?
    .map(|row| Ok(row.try_get(0)?))
    .transpose()
}

/// Of the incidents of a time, when the first beyond the latest so many was told last,
/// and the newest row of all. That one's own row tells little: an old story may have been
/// told again.
async fn time_edge(work: &Work, plan: &Plan, most: u32) -> Result<Option<(i64, i64)>, StoreError> {
    work.row(
        "SELECT (SELECT max(n) FROM incidents), last_seen FROM incidents
         WHERE last_seen BETWEEN $1 AND $2 ORDER BY last_seen DESC LIMIT 1 OFFSET $3",
        &[
            &plan.since().unwrap_or(i64::MIN),
            &plan.until().unwrap_or(i64::MAX),
            &i64::from(most),
        ],
    )
    .await?
    .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
    .transpose()
}

/// How many incidents match, and whether that is exact.
async fn count(work: &Work, plan: &Plan) -> Result<(u64, bool), StoreError> {
    let counting = Counting::of(work, plan).await?;
    let row = work
        .one_once(&counting.sql, &counting.values.list())
        .await?;
    let counted = rows::count(&row, 0)?;
    let (first, last): (Option<i64>, Option<i64>) = (row.try_get(1)?, row.try_get(2)?);
    if counted <= COUNTED && counting.edge.is_none() {
        return Ok((counted, true));
    }
    // What was not reached lies before the edge; where the count was full, before the
    // last that was counted.
    let edge = counting.edge.filter(|_| counted <= COUNTED);
    let (first, last) = match edge {
        Some(edge) => {
            let newest = work
                .one("SELECT coalesce(max(n), 1) FROM incidents", &[])
                .await?;
            (edge, newest.try_get(0)?)
        }
        None => (first.unwrap_or(1), last.unwrap_or(1)),
    };
    let oldest: i64 = match plan.since() {
        None => 1,
        Some(since) => work
            .row(
                "SELECT n FROM incidents WHERE last_seen >= $1 ORDER BY last_seen LIMIT 1",
                &[&since],
            )
            .await?
            .map_or(Ok(1), |row| row.try_get(0))?,
    };
    Ok((estimated(counted, first, last, oldest), false))
}

/// Where an incident stands in its list.
async fn place_of(work: &Work, n: i64, order: IncidentOrder) -> Result<Place, StoreError> {
    let row = work
        .one(
            "SELECT severity, score, last_seen, id FROM incidents WHERE n = $1",
            &[&n],
        )
        .await?;
    let last_seen = row.try_get(2)?;
    let id = IncidentId(row.try_get(3)?);
    Ok(match order {
        IncidentOrder::Worst => Place::Worst {
            severity: row.try_get(0)?,
            score: row.try_get(1)?,
            last_seen,
            id,
        },
        IncidentOrder::Latest | IncidentOrder::Relevance => Place::Latest { last_seen, id },
    })
}

/// What comes after a place.
fn comes_after(place: Place, sql: &mut Sql) {
    compared(place, "<", sql);
}

/// What comes before a place, and what stands there.
fn comes_until(place: Place, sql: &mut Sql) {
    compared(place, ">=", sql);
}

/// The order is a falling one: less comes later.
fn compared(place: Place, sign: &str, sql: &mut Sql) {
    let part = match place {
        Place::Latest { last_seen, id } => {
            let (last_seen, id) = (sql.values.add(last_seen), sql.values.add(id.0));
            format!("(i.last_seen, i.id) {sign} ({last_seen}, {id})")
        }
        Place::Worst {
            severity,
            score,
            last_seen,
            id,
        } => {
            let (severity, score) = (sql.values.add(severity), sql.values.add(score));
            let (last_seen, id) = (sql.values.add(last_seen), sql.values.add(id.0));
            format!(
                "(i.severity, i.score, i.last_seen, i.id) {sign} ({severity}, {score}, {last_seen}, {id})"
            )
        }
        Place::Relevance { .. } => return,
    };
    sql.parts.push(part);
}
