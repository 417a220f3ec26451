//! A condition as SQL.
//!
//! Each part becomes an expression over the incident `i` that is looked up in
//! indexes, so that a walk through incidents costs little for each; what drives
//! ([`crate::plan`]) becomes an array, which is made once and first. PostgreSQL's own
//! guess at how many rows have two words is often wrong a hundredfold, so whether few
//! do is counted. All that people wrote goes in as parameters.

use model::query::{AffectedProduct, Column, Condition, Key, KeyRange, Wanted};
use tokio_postgres::types::ToSql;

use super::rows;
use super::words::Sought;
use super::work::{Parameter, Work};
use crate::StoreError;
use crate::paging::{
    FEW_INCIDENTS, MOST_AFFECTED, SAMPLED, STRETCHES, are_many, ends_of_stretches,
};
use crate::plan::{self, Asked, Plan, and, exact, is_one_word, or, stretches};

/// A search drives the query up to so many items: each is a page of its own that the
/// server reads (6 µs, measured).
const FEW_ITEMS: i64 = 5_000;

/// Counts what drives, and looks up what SQL cannot tell: versions.
pub(super) async fn plan(work: &Work, condition: &Condition) -> Result<Plan, StoreError> {
    let mut plan = Plan::of(condition);
    for leaf in plan.leaves() {
        match leaf {
            Plan::Key { key, ranges, rows } => *rows = count_keys(work, *key, ranges).await?,
            Plan::Words {
                wanted,
                rows,
                asked,
            } => (*rows, *asked) = look_up(work, wanted).await?,
            Plan::Affected {
                names,
                version,
                incidents,
            } => *incidents = affected(work, names, version).await?,
            _ => {}
        }
    }
    Ok(plan)
}

/// How many rows there are, if few.
async fn count_keys(work: &Work, key: Key, ranges: &[KeyRange]) -> Result<Option<i64>, StoreError> {
    let mut sql = Sql::default();
    let sets = sql.key_sets(key, ranges);
    if sets.is_empty() {
        return Ok(Some(0));
    }
    let limit = sql.values.add(FEW_INCIDENTS + 1);
    let query = format!(
        "SELECT count(*) FROM (SELECT 1 FROM ({}) k LIMIT {limit}) counted",
        sets.join(" UNION ALL ")
    );
    let rows: i64 = work
        .one_once(&query, &sql.values.list())
        .await?
        .try_get(0)?;
    Ok(Some(rows).filter(|rows| *rows <= FEW_INCIDENTS))
}

/// The items that hold the words, if few. The index gathers the whole of an answer before
/// it gives the first of it, so what many items of a sample hold is not asked of it.
async fn look_up(work: &Work, wanted: &[Wanted]) -> Result<(Option<i64>, Asked), StoreError> {
    let newest: i64 = work
        .one("SELECT coalesce(max(item), 0) FROM item_words", &[])
        .await?
        .try_get(0)?;
    if newest > FEW_ITEMS {
        let mut values = Values::default();
        let holds = matching(wanted, &mut values);
        let ends = values.add(ends_of_stretches(newest).collect::<Vec<_>>());
        let each = values.add(SAMPLED / STRETCHES);
        let query = format!(
            "SELECT count(*) FROM unnest({ends}::bigint[]) AS ends (item) CROSS JOIN LATERAL (
                 SELECT s.words, s.stream FROM item_words s WHERE s.item <= ends.item
                 ORDER BY s.item DESC LIMIT {each}) w WHERE {holds}"
        );
        let held: i64 = work.one_once(&query, &values.list()).await?.try_get(0)?;
        if are_many(held, newest, is_one_word(wanted)) {
            return Ok((None, Asked::Index));
        }
    }
    let mut values = Values::default();
    let holds = matching(wanted, &mut values);
    let limit = values.add(FEW_ITEMS + 1);
    let query = format!("SELECT w.item FROM item_words w WHERE {holds} LIMIT {limit}");
    let found = work.rows_once(&query, &values.list()).await?;
    let items: Vec<i64> = found
        .iter()
        .map(|row| row.try_get(0))
        .collect::<Result<_, _>>()?;
    let rows = i64::try_from(items.len()).unwrap_or(i64::MAX);
    Ok(if rows <= FEW_ITEMS {
        (Some(rows), Asked::Once(items, true))
    } else {
        (None, Asked::Index)
    })
}

/// The newest incidents in which one of these products is affected in this version.
async fn affected(work: &Work, names: &[KeyRange], version: &str) -> Result<Vec<i64>, StoreError> {
    let mut sql = Sql::default();
    let sets = sql.key_sets(Key::Product, names);
    if sets.is_empty() {
        return Ok(Vec::new());
    }
    let limit = sql.values.add(i64::from(MOST_AFFECTED));
    let query = format!(
        "SELECT a.incident, a.body FROM ({}) k JOIN incident_affected a ON a.incident = k.incident
         ORDER BY k.incident DESC LIMIT {limit}",
        sets.join(" UNION ")
    );
    let mut incidents = Vec::new();
    for row in work.rows_once(&query, &sql.values.list()).await? {
        let products: Vec<AffectedProduct> = rows::body(&row, 1)?;
        if plan::is_affected(&products, names, version) {
            incidents.push(row.try_get(0)?);
        }
    }
    Ok(incidents)
}

/// That the words `w` of an item are those that are wanted.
pub(super) fn matching(wanted: &[Wanted], values: &mut Values) -> String {
    let sought = Sought::of(wanted);
    let query = values.add(sought.query);
    let by_position = format!("w.words @@ {query}::text::tsquery");
    let Some(long) = sought.long else {
        return by_position;
    };
    let words = values.add(long.words);
    let mut stands = Vec::new();
    for (place, patterns) in [
        ("w.stream", long.patterns),
        ("split_part(w.stream, E'\\n', 1)", long.title_patterns),
    ] {
        if !patterns.is_empty() {
            let patterns = values.add(patterns);
            stands.push(format!(
                "(SELECT bool_and((SELECT bool_or(strpos({place}, alternative) > 0)
                      FROM unnest(string_to_array(term, E'\\x1f')) AS alternative))
                  FROM unnest({patterns}::text[]) AS term)"
            ));
        }
    }
    format!(
        "({by_position} OR (w.stream IS NOT NULL AND w.words @@ {words}::text::tsquery AND {}))",
        and(&stands)
    )
}

/// The values of a query.
#[derive(Default)]
pub(super) struct Values(Vec<Box<dyn ToSql + Sync + Send>>);

impl Values {
    /// Adds a value, and gives its name in the query.
    pub(super) fn add(&mut self, value: impl ToSql + Sync + Send + 'static) -> String {
        self.0.push(Box::new(value));
        format!("${}", self.0.len())
    }

    pub(super) fn list(&self) -> Vec<Parameter<'_>> {
        self.0
            .iter()
            .map(|value| &**value as Parameter<'_>)
            .collect()
    }
}

/// SQL in the making, and its values.
#[derive(Default)]
pub(super) struct Sql {
    pub(super) values: Values,
    /// What must hold.
    pub(super) parts: Vec<String>,
}

impl Sql {
    /// What must hold for the plan.
    pub(super) fn of(plan: &Plan) -> Self {
        Self::but(plan, None)
    }

    /// The same without one part of it, of which is known that it holds.
    pub(super) fn but(plan: &Plan, but: Option<&Plan>) -> Self {
        let mut sql = Self::default();
        if let Some((parts, _)) = plan.driver() {
            let mut sets = Vec::new();
            for part in parts {
                sets.extend(sql.sets(part));
            }
            sql.parts.push(if sets.is_empty() {
                "false".to_owned()
            } else {
                format!("i.n = ANY (ARRAY({}))", sets.join(" UNION "))
            });
        }
        for part in plan.undriven() {
            if !but.is_some_and(|but| std::ptr::eq(but, part)) {
                let expression = sql.expression(part);
                sql.parts.push(expression);
            }
        }
        sql
    }

    /// What the numbers of an incident must be, whatever else must hold.
    pub(super) fn of_numbers(plan: &Plan) -> Self {
        let mut sql = Self::default();
        for part in plan.conjuncts() {
            if matches!(part, Plan::Number(..)) {
                let expression = sql.expression(part);
                sql.parts.push(expression);
            }
        }
        sql
    }

    /// What must hold, as one expression.
    pub(super) fn joined(&self) -> String {
        and(&self.parts)
    }

    fn number(&mut self, column: Column, from: Option<i64>, to: Option<i64>) -> String {
        let name = plan::column_name(column);
        let value = match column {
            Column::Exploited | Column::Kev => format!("i.{name}::int::bigint"),
            _ => format!("i.{name}"),
        };
        let mut bounds = Vec::new();
        for (sign, bound) in [(">=", from), ("<=", to)] {
            if let Some(bound) = bound {
                let given = self.values.add(bound);
                bounds.push(format!("{value} {sign} {given}"));
            }
        }
        match column {
            // What is not known lies nowhere, and so it does when that is denied.
            Column::Epss | Column::Cvss => format!("({value} IS NOT NULL AND {})", and(&bounds)),
            _ => and(&bounds),
        }
    }

    fn expression(&mut self, plan: &Plan) -> String {
        let mut each = |parts: &[Plan]| -> Vec<String> {
            parts.iter().map(|part| self.expression(part)).collect()
        };
        match plan {
            Plan::All(parts) => and(&each(parts)),
            Plan::Any(parts) => or(&each(parts)),
            Plan::Not(part) => format!("NOT {}", self.expression(part)),
            Plan::Number(column, from, to) => self.number(*column, *from, *to),
            Plan::Key { key, ranges, .. } => self.has_key(*key, ranges),
            Plan::Words { wanted, .. } => {
                let matching = matching(wanted, &mut self.values);
                format!(
                    "((SELECT 1 FROM items t JOIN item_words w ON w.item = t.n
                       WHERE t.incident = i.n AND {matching} LIMIT 1) IS NOT NULL)"
                )
            }
            Plan::Affected { incidents, .. } => {
                let given = self.values.add(incidents.clone());
                format!("(i.n = ANY ({given}::bigint[]))")
            }
        }
    }

    /// Whether the incident has one of these keys: one lookup among those of the kind.
    fn has_key(&mut self, key: Key, ranges: &[KeyRange]) -> String {
        let values = or(&self.key_values(ranges));
        format!(
            "((SELECT 1 FROM incident_keys k WHERE k.incident = i.n AND k.kind = {} AND {values} LIMIT 1) IS NOT NULL)",
            key.number()
        )
    }

    /// The incidents of a part that drives, as selects.
    fn sets(&mut self, plan: &Plan) -> Vec<String> {
        match plan {
            Plan::Key { key, ranges, .. } => self.key_sets(*key, ranges),
            Plan::Words { asked, .. } => {
                // Few drive, and few were looked up whole.
                let items = match asked {
                    Asked::Once(items, _) => items.clone(),
                    Asked::Index | Asked::Texts => Vec::new(),
                };
                let given = self.values.add(items);
                vec![format!(
                    "SELECT t.incident FROM items t WHERE t.n = ANY ({given}::bigint[])"
                )]
            }
            Plan::Affected { incidents, .. } => {
                let given = self.values.add(incidents.clone());
                vec![format!("SELECT unnest({given}::bigint[])")]
            }
            Plan::All(_) | Plan::Any(_) | Plan::Not(_) | Plan::Number(..) => Vec::new(),
        }
    }

    fn key_sets(&mut self, key: Key, ranges: &[KeyRange]) -> Vec<String> {
        let kind = key.number();
        self.key_values(ranges)
            .into_iter()
            .map(|value| {
                format!("SELECT k.incident FROM incident_keys k WHERE k.kind = {kind} AND {value}")
            })
            .collect()
    }

    /// That a key `k` has one of these values.
    fn key_values(&mut self, ranges: &[KeyRange]) -> Vec<String> {
        let mut conditions = Vec::new();
        let exact: Vec<String> = exact(ranges).into_iter().map(stored).collect();
        if !exact.is_empty() {
            let given = self.values.add(exact);
            conditions.push(format!("k.value = ANY ({given})"));
        }
        for (from, to) in stretches(ranges) {
            let (from, to) = (self.values.add(stored(from)), self.values.add(stored(to)));
            conditions.push(format!("(k.value >= {from} AND k.value < {to})"));
        }
        conditions
    }
}

/// A key as it is stored.
pub(super) fn stored(key: &str) -> String {
    rows::text(key).into_owned()
}
