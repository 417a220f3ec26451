//! A condition as SQL.
//!
//! Each part becomes an expression over the incident `i` that is looked up in
//! indexes, so that a walk through incidents costs little for each. Parts that few
//! incidents meet (a CVE, a rare word) can drive the query instead: whether few do is
//! counted, up to a bound, before the query is written. Words are left out: incidents
//! are asked for them many at a time (`words`), and what they said goes into a query of
//! its own. All that people wrote goes in as parameters.

use model::query::{AffectedProduct, Column, Condition, Key, KeyRange, Wanted};
use rusqlite::Connection;
use rusqlite::types::Value;

use super::{rows, words};
use crate::paging::{FEW_INCIDENTS, MOST_AFFECTED};
use crate::plan::{self, Asked, Plan, Purpose, and, exact, or, stretches};
use crate::{IncidentOrder, StoreError};

/// Counts what drives, and looks up what SQL cannot tell: versions.
pub(super) fn plan(connection: &Connection, condition: &Condition) -> Result<Plan, StoreError> {
    let mut plan = Plan::of(condition);
    for leaf in plan.leaves() {
        match leaf {
            Plan::Key { key, ranges, rows } => *rows = count_keys(connection, *key, ranges)?,
            Plan::Words {
                wanted,
                rows,
                asked,
            } => (*rows, *asked) = words::look_up(connection, wanted)?,
            Plan::Affected {
                names,
                version,
                incidents,
            } => *incidents = affected(connection, names, version)?,
            _ => {}
        }
    }
    Ok(plan)
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
        if plan::is_affected(&products, names, version) {
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

/// What a search said of the incidents that were asked: which of them hold it.
pub(super) struct Told<'a> {
    pub(super) search: &'a Plan,
    pub(super) held_by: Vec<i64>,
}

/// SQL in the making, and its parameters.
#[derive(Default)]
pub(super) struct Sql<'a> {
    pub(super) parameters: Vec<Value>,
    /// What must hold.
    pub(super) parts: Vec<String>,
    told: &'a [Told<'a>],
}

impl<'a> Sql<'a> {
    /// What must hold for the plan, as far as it can be said without searches.
    pub(super) fn of(plan: &Plan, purpose: Purpose) -> Result<Self, StoreError> {
        Self::but(plan, purpose, None)
    }

    /// The same without one part of it, of which is known that it holds.
    pub(super) fn but(
        plan: &Plan,
        purpose: Purpose,
        but: Option<&Plan>,
    ) -> Result<Self, StoreError> {
        let mut sql = Self::default();
        if let Some((parts, _)) = plan.driver() {
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
        for part in plan.undriven() {
            let is_searched = !part.words_of().is_empty();
            if is_searched || but.is_some_and(|but| std::ptr::eq(but, part)) {
                continue;
            }
            let expression = match part {
                Plan::Number(column, from, to) => sql.top_number(*column, *from, *to, purpose),
                part => sql.expression(part)?,
            };
            sql.parts.push(expression);
        }
        Ok(sql)
    }

    /// What must hold of the parts with searches, now that these have told.
    pub(super) fn searched(plan: &Plan, told: &'a [Told<'a>]) -> Result<Self, StoreError> {
        let mut sql = Self {
            told,
            ..Self::default()
        };
        for part in plan.undriven() {
            if !part.words_of().is_empty() {
                let expression = sql.expression(part)?;
                sql.parts.push(expression);
            }
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
        let name = plan::column_name(column);
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
            Plan::Words { .. } => {
                let told = self.told.iter().find(|one| std::ptr::eq(one.search, plan));
                let held_by = told.map_or(&[][..], |told| &told.held_by);
                let given = self.parameter(rows::json(&held_by)?);
                format!("(+i.n IN (SELECT value FROM json_each({given})))")
            }
            Plan::Affected { incidents, .. } => {
                let given = self.parameter(rows::json(incidents)?);
                format!("(+i.n IN (SELECT value FROM json_each({given})))")
            }
        })
    }

    /// Whether the incident has one of these keys: one lookup, among those of the kind where
    /// several are asked for.
    fn has_key(&mut self, key: Key, ranges: &[KeyRange]) -> Result<String, StoreError> {
        let mut values = Vec::new();
        let exact = exact(ranges);
        match exact.as_slice() {
            [] => {}
            // Half the price of a list.
            [one] => {
                let given = self.parameter((*one).to_owned());
                values.push(format!("k.value = {given}"));
            }
            several => {
                let given = self.parameter(rows::json(&several)?);
                values.push(format!("k.value IN (SELECT value FROM json_each({given}))"));
            }
        }
        for (from, to) in stretches(ranges) {
            let (from, to) = (
                self.parameter(from.to_owned()),
                self.parameter(to.to_owned()),
            );
            values.push(format!("(k.value >= {from} AND k.value < {to})"));
        }
        // One value is looked up by all of its key, as is the incident's own where there are
        // several: which of both indexes that is, SQLite does not see for a stretch.
        let index = if exact.len() == ranges.len() {
            ""
        } else {
            "INDEXED BY incident_keys_incident"
        };
        Ok(format!(
            "((SELECT 1 FROM incident_keys k {index} WHERE k.incident = i.n AND k.kind = {}
                 AND {} LIMIT 1) IS NOT NULL)",
            key.number(),
            or(&values)
        ))
    }

    /// The incidents of a part that drives, as selects.
    fn sets(&mut self, plan: &Plan) -> Result<Vec<String>, StoreError> {
        Ok(match plan {
            Plan::Key { key, ranges, .. } => self.key_sets(*key, ranges)?,
            Plan::Words { asked, .. } => {
                // Few drive, and few were looked up whole.
                let items = match asked {
                    Asked::Once(items, _) => items.as_slice(),
                    Asked::Index | Asked::Texts => &[],
                };
                let given = self.parameter(rows::json(&items)?);
                vec![format!(
                    "SELECT t.incident FROM json_each({given}) f CROSS JOIN items t ON t.n = f.value"
                )]
            }
            Plan::Affected { incidents, .. } => {
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
}
