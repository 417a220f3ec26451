//! A condition as SQL.
//!
//! Each part becomes an expression over the incident `i` that is looked up in
//! indexes, so that a walk through incidents costs little for each. Parts that few
//! incidents meet (a CVE, a rare word) can drive the query instead: whether few do is
//! counted, up to a bound, before the query is written. All that people wrote goes in
//! as parameters.

use model::query::{AffectedProduct, Column, Condition, Key, KeyRange, Wanted};
use rusqlite::Connection;
use rusqlite::types::Value;

use super::rows;
use crate::{IncidentOrder, StoreError};

/// A part on keys drives the query up to so many incidents.
const FEW_INCIDENTS: i64 = 2_000;
/// A search drives the query up to so many items; beyond, its count rests on the
/// newest of them.
const FEW_ITEMS: i64 = 10_000;
/// Of so many incidents with a product, the newest, is looked at which versions are
/// affected.
const MOST_AFFECTED: u32 = 5_000;

/// What the query is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A page in this order.
    Page(IncidentOrder),
    /// How many there are.
    Count,
}

/// A condition of which is known what few incidents meet.
#[derive(Debug)]
pub(super) enum Plan {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Number(Column, Option<i64>, Option<i64>),
    /// `rows`: how many there are, if few.
    Key {
        key: Key,
        ranges: Vec<KeyRange>,
        rows: Option<i64>,
    },
    /// An FTS5 expression, and how many items meet it, if few.
    Words {
        expression: String,
        rows: Option<i64>,
    },
    /// These incidents.
    Incidents(Vec<i64>),
}

impl Plan {
    /// Counts what drives, and looks up what SQL cannot tell: versions.
    pub(super) fn of(connection: &Connection, condition: &Condition) -> Result<Self, StoreError> {
        let each = |parts: &[Condition]| {
            parts
                .iter()
                .map(|part| Self::of(connection, part))
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(match condition {
            Condition::All(parts) => Self::All(each(parts)?),
            Condition::Any(parts) => Self::Any(each(parts)?),
            Condition::Not(part) => Self::Not(Box::new(Self::of(connection, part)?)),
            Condition::Number(column, from, to) => Self::Number(*column, *from, *to),
            Condition::Key(key, ranges) => Self::Key {
                key: *key,
                ranges: ranges.clone(),
                rows: count_keys(connection, *key, ranges)?,
            },
            Condition::Words(wanted) => {
                let expression = fts5(wanted);
                let rows: i64 = connection
                    .prepare_cached(
                        "SELECT count(*) FROM (SELECT 1 FROM items_fts WHERE items_fts MATCH ?1 LIMIT ?2)",
                    )?
                    .query_one((&expression, FEW_ITEMS + 1), |row| row.get(0))?;
                Self::Words {
                    expression,
                    rows: Some(rows).filter(|rows| *rows <= FEW_ITEMS),
                }
            }
            Condition::Affected(names, version) => {
                Self::Incidents(affected(connection, names, version)?)
            }
        })
    }

    /// The parts that together hold every incident it can be met by, few each, and
    /// how many rows they have; none when there are no such parts.
    fn driver(&self) -> Option<(Vec<&Self>, i64)> {
        match self {
            Self::Key { rows, .. } | Self::Words { rows, .. } => Some((vec![self], (*rows)?)),
            Self::Incidents(incidents) => {
                let rows = i64::try_from(incidents.len()).unwrap_or(i64::MAX);
                Some((vec![self], rows))
            }
            Self::All(parts) => parts
                .iter()
                .filter_map(Self::driver)
                .min_by_key(|(_, rows)| *rows),
            Self::Any(parts) => {
                let each: Option<Vec<_>> = parts.iter().map(Self::driver).collect();
                let mut together = (Vec::new(), 0_i64);
                for (parts, rows) in each? {
                    together.0.extend(parts);
                    together.1 = together.1.saturating_add(rows);
                }
                Some(together)
            }
            Self::Not(_) | Self::Number(..) => None,
        }
    }

    /// How it is looked up, in a sentence.
    pub(super) fn words(&self) -> String {
        match self.driver() {
            None => "incidents are walked in their order until the page is full".to_owned(),
            Some((parts, rows)) => format!(
                "{} of its parts {} looked up first ({rows} rows); only what they hold is tested further",
                parts.len(),
                if parts.len() == 1 { "is" } else { "are" },
            ),
        }
    }

    /// The parts that must all hold.
    fn conjuncts(&self) -> Vec<&Self> {
        match self {
            Self::All(parts) => parts.iter().flat_map(Self::conjuncts).collect(),
            other => vec![other],
        }
    }

    /// The earliest latest report that is asked for, in microseconds.
    pub(super) fn since(&self) -> Option<i64> {
        let conjuncts = self.conjuncts();
        let bounds = conjuncts.iter().filter_map(|part| match part {
            Self::Number(Column::LastSeen, from, _) => *from,
            _ => None,
        });
        bounds.max()
    }

    /// Every search in it that is not denied: what relevance rests on.
    pub(super) fn searches(&self) -> Vec<&str> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::searches).collect(),
            Self::Words { expression, .. } => vec![expression],
            _ => Vec::new(),
        }
    }
}

/// How many rows there are, if few.
fn count_keys(
    connection: &Connection,
    key: Key,
    ranges: &[KeyRange],
) -> Result<Option<i64>, StoreError> {
    let mut sql = Sql::default();
    let sets = sql.key_sets(key, ranges)?;
    let limit = sql.parameter(FEW_INCIDENTS + 1);
    let rows: i64 = connection
        .prepare_cached(&format!(
            "SELECT count(*) FROM (SELECT 1 FROM ({}) LIMIT {limit})",
            sets.join(" UNION ALL ")
        ))?
        .query_one(rusqlite::params_from_iter(&sql.parameters), |row| {
            row.get(0)
        })?;
    Ok(Some(rows).filter(|rows| *rows <= FEW_INCIDENTS))
}

/// The newest incidents in which one of these products is affected in this version.
/// SQL knows no order of versions, so they are compared here.
fn affected(
    connection: &Connection,
    names: &[KeyRange],
    version: &str,
) -> Result<Vec<i64>, StoreError> {
    let mut sql = Sql::default();
    let sets = sql.key_sets(Key::Product, names)?;
    let limit = sql.parameter(i64::from(MOST_AFFECTED));
    let mut lookup = connection.prepare_cached(&format!(
        "SELECT a.incident, a.body FROM ({}) k JOIN incident_affected a ON a.incident = k.incident
         ORDER BY k.incident DESC LIMIT {limit}",
        sets.join(" UNION ")
    ))?;
    let mut found = lookup.query(rusqlite::params_from_iter(&sql.parameters))?;
    let mut incidents = Vec::new();
    while let Some(row) = found.next()? {
        let products: Vec<AffectedProduct> = rows::read(&row.get::<_, String>(1)?)?;
        if products
            .iter()
            .any(|product| product.is_affected(names, version))
        {
            incidents.push(row.get(0)?);
        }
    }
    Ok(incidents)
}

/// Words as an FTS5 expression. Every token is quoted, so nothing in it is ever read
/// as syntax.
pub(super) fn fts5(wanted: &[Wanted]) -> String {
    let term = |one: &Wanted| {
        let phrases = one.term.0.iter().map(|phrase| {
            let star = if phrase.prefix { "*" } else { "" };
            format!("\"{}\"{star}", phrase.tokens.join(" ").replace('"', "\"\""))
        });
        let column = if one.in_title { "{title} : " } else { "" };
        format!("{column}({})", phrases.collect::<Vec<_>>().join(" OR "))
    };
    wanted.iter().map(term).collect::<Vec<_>>().join(" AND ")
}

/// SQL in the making, and its parameters.
#[derive(Default)]
pub(super) struct Sql {
    pub(super) parameters: Vec<Value>,
    /// What must hold.
    pub(super) parts: Vec<String>,
    /// Whether a search looks only at the newest matches.
    pub(super) sampled: bool,
}

impl Sql {
    /// What must hold for the plan.
    pub(super) fn of(plan: &Plan, purpose: Purpose) -> Result<Self, StoreError> {
        let mut sql = Self::default();
        let driver = plan.driver();
        if let Some((parts, _)) = &driver {
            let mut sets = Vec::new();
            for part in parts {
                sets.extend(sql.sets(part)?);
            }
            let sets = if sets.is_empty() {
                "SELECT 0 WHERE false".to_owned()
            } else {
                sets.join(" UNION ")
            };
            sql.parts.push(format!("i.n IN ({sets})"));
        }
        for part in plan.conjuncts() {
            let drives = driver.as_ref().is_some_and(|(parts, _)| {
                let [only] = parts.as_slice() else {
                    return false;
                };
                std::ptr::eq(*only, part)
            });
            if drives {
                continue;
            }
            let expression = match part {
                Plan::Number(column, from, to) => sql.top_number(*column, *from, *to, purpose),
                Plan::Words {
                    expression,
                    rows: None,
                } if purpose == Purpose::Count && driver.is_none() => {
                    sql.newest_matches(expression)
                }
                part => sql.expression(part)?,
            };
            sql.parts.push(expression);
        }
        Ok(sql)
    }

    pub(super) fn parameter(&mut self, value: impl Into<Value>) -> String {
        self.parameters.push(value.into());
        format!("?{}", self.parameters.len())
    }

    /// What must hold, as one expression.
    pub(super) fn joined(&self) -> String {
        if self.parts.is_empty() {
            "true".to_owned()
        } else {
            self.parts.join(" AND ")
        }
    }

    /// A number that every incident must have. The index of the order may be walked
    /// from there; a plus keeps SQLite from walking that of the other order, which
    /// would mean to sort all that it finds there.
    fn top_number(
        &mut self,
        column: Column,
        from: Option<i64>,
        to: Option<i64>,
        purpose: Purpose,
    ) -> String {
        let walked = match purpose {
            Purpose::Page(IncidentOrder::Worst) => Column::Severity,
            Purpose::Page(IncidentOrder::Latest | IncidentOrder::Relevance) | Purpose::Count => {
                Column::LastSeen
            }
        };
        let plus = if column == walked { "" } else { "+" };
        self.number(plus, column, from, to)
    }

    fn number(&mut self, plus: &str, column: Column, from: Option<i64>, to: Option<i64>) -> String {
        let name = match column {
            Column::Severity => "severity",
            Column::Score => "score",
            Column::Exploited => "exploited",
            Column::Kev => "kev",
            Column::Epss => "epss",
            Column::Cvss => "cvss",
            Column::Items => "items",
            Column::LastSeen => "last_seen",
        };
        let mut bounds = Vec::new();
        for (sign, bound) in [(">=", from), ("<=", to)] {
            if let Some(bound) = bound {
                let given = self.parameter(bound);
                bounds.push(format!("{plus}i.{name} {sign} {given}"));
            }
        }
        let is_known = format!("i.{name} IS NOT NULL");
        match column {
            // What is not known lies nowhere, and so it does when that is denied.
            Column::Epss | Column::Cvss => format!("({is_known} AND {})", and(&bounds)),
            _ => and(&bounds),
        }
    }

    fn expression(&mut self, plan: &Plan) -> Result<String, StoreError> {
        let mut each = |parts: &[Plan]| {
            parts
                .iter()
                .map(|part| self.expression(part))
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(match plan {
            Plan::All(parts) => and(&each(parts)?),
            Plan::Any(parts) => or(&each(parts)?),
            Plan::Not(part) => format!("NOT {}", self.expression(part)?),
            Plan::Number(column, from, to) => self.number("+", *column, *from, *to),
            Plan::Key { key, ranges, .. } => self.has_key(*key, ranges)?,
            Plan::Words { expression, .. } => {
                let given = self.parameter(expression.clone());
                format!(
                    "((SELECT 1 FROM items t WHERE t.incident = i.n
                         AND (SELECT 1 FROM items_fts WHERE items_fts MATCH {given} AND rowid = t.n) IS NOT NULL
                     LIMIT 1) IS NOT NULL)"
                )
            }
            Plan::Incidents(incidents) => {
                let given = self.parameter(rows::json(incidents)?);
                format!("(+i.n IN (SELECT value FROM json_each({given})))")
            }
        })
    }

    /// Whether the incident has one of these keys: a lookup for each.
    fn has_key(&mut self, key: Key, ranges: &[KeyRange]) -> Result<String, StoreError> {
        let mut lookups = Vec::new();
        let exact = exact(ranges);
        if !exact.is_empty() {
            let given = self.parameter(rows::json(&exact)?);
            lookups.push(format!(
                "(SELECT 1 FROM incident_keys k WHERE k.kind = {} AND k.incident = i.n
                     AND k.value IN (SELECT value FROM json_each({given})) LIMIT 1) IS NOT NULL",
                key.number()
            ));
        }
        for (from, to) in stretches(ranges) {
            let (from, to) = (
                self.parameter(from.to_owned()),
                self.parameter(to.to_owned()),
            );
            lookups.push(format!(
                "(SELECT 1 FROM incident_keys k INDEXED BY incident_keys_incident WHERE k.incident = i.n
                     AND k.kind = {} AND k.value >= {from} AND k.value < {to} LIMIT 1) IS NOT NULL",
                key.number()
            ));
        }
        Ok(or(&lookups))
    }

    /// The incidents of a part that drives, as selects.
    fn sets(&mut self, plan: &Plan) -> Result<Vec<String>, StoreError> {
        Ok(match plan {
            Plan::Key { key, ranges, .. } => self.key_sets(*key, ranges)?,
            Plan::Words { expression, .. } => {
                let given = self.parameter(expression.clone());
                vec![format!(
                    "SELECT t.incident FROM items_fts f CROSS JOIN items t ON t.n = f.rowid
                     WHERE f.items_fts MATCH {given}"
                )]
            }
            Plan::Incidents(incidents) => {
                let given = self.parameter(rows::json(incidents)?);
                vec![format!("SELECT value FROM json_each({given})")]
            }
            Plan::All(_) | Plan::Any(_) | Plan::Not(_) | Plan::Number(..) => Vec::new(),
        })
    }

    fn key_sets(&mut self, key: Key, ranges: &[KeyRange]) -> Result<Vec<String>, StoreError> {
        let mut sets = Vec::new();
        let exact = exact(ranges);
        if !exact.is_empty() {
            let given = self.parameter(rows::json(&exact)?);
            sets.push(format!(
                "SELECT k.incident FROM incident_keys k WHERE k.kind = {}
                     AND k.value IN (SELECT value FROM json_each({given}))",
                key.number()
            ));
        }
        for (from, to) in stretches(ranges) {
            let (from, to) = (
                self.parameter(from.to_owned()),
                self.parameter(to.to_owned()),
            );
            sets.push(format!(
                "SELECT k.incident FROM incident_keys k WHERE k.kind = {}
                     AND k.value >= {from} AND k.value < {to}",
                key.number()
            ));
        }
        Ok(sets)
    }

    /// Incidents of the newest items that match: enough to estimate a count from.
    fn newest_matches(&mut self, expression: &str) -> String {
        let given = self.parameter(expression.to_owned());
        self.sampled = true;
        format!(
            "i.n IN (SELECT t.incident FROM (SELECT rowid AS n FROM items_fts
                 WHERE items_fts MATCH {given} ORDER BY rowid DESC LIMIT {FEW_ITEMS}) f
             CROSS JOIN items t ON t.n = f.n)"
        )
    }
}

fn exact(ranges: &[KeyRange]) -> Vec<&str> {
    ranges
        .iter()
        .filter(|range| range.to.is_none())
        .map(|range| range.from.as_str())
        .collect()
}

fn stretches(ranges: &[KeyRange]) -> impl Iterator<Item = (&str, &str)> {
    ranges
        .iter()
        .filter_map(|range| Some((range.from.as_str(), range.to.as_deref()?)))
}

fn and(parts: &[String]) -> String {
    if parts.is_empty() {
        "true".to_owned()
    } else {
        format!("({})", parts.join(" AND "))
    }
}

fn or(parts: &[String]) -> String {
    if parts.is_empty() {
        "false".to_owned()
    } else {
        format!("({})", parts.join(" OR "))
    }
}
