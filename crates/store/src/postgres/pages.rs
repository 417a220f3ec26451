//! Pages of incidents: filters, order, keyset cursors, counts.
//!
//! A page walks the index of its order until it is full. That is quick when many
//! incidents match, and slow when few do; so a filter that few match (a CVE, a
//! rare word) is looked up first and drives the query instead. Whether few match is
//! counted, up to a bound, before the query is written: PostgreSQL's own guess at how
//! many rows have two words is often wrong a hundredfold.

use model::{Incident, IncidentId};
use tokio_postgres::types::ToSql;

use super::incidents;
use super::rows::{self, Key};
use super::words::Sought;
use super::work::{Parameter, Work};
use crate::keys::wanted_keys;
use crate::paging::{COUNTED, FEW_INCIDENTS, FEW_ITEMS, LONGEST_PAGE, Position, estimated};
use crate::tokens::Query;
use crate::{IncidentFilter, IncidentOrder, IncidentPage, PageRequest, StoreError};

pub(super) async fn page(
    work: &Work,
    filter: &IncidentFilter,
    request: &PageRequest,
) -> Result<IncidentPage, StoreError> {
    let after = request
        .after
        .as_deref()
        .map(|text| Position::read(text, request.order))
        .transpose()?;
    let Some(search) = Search::of(work, filter).await? else {
        return Ok(IncidentPage {
            incidents: Vec::new(),
            next: None,
            total: 0,
            exact: true,
        });
    };
    let limit = request.limit.clamp(1, LONGEST_PAGE);
    let mut query = Conditions::of(work, filter, search.as_ref(), Purpose::Page).await?;
    if let Some(after) = &after {
        query.after(after);
    }
    let sql = query.page_sql(request.order, limit + 1);
    let found = work.rows(&sql, &query.values()).await?;
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let wanted: Vec<i64> = found
        .iter()
        .take(shown)
        .map(|row| row.try_get(0))
        .collect::<Result<_, _>>()?;
    let incidents: Vec<Incident> = incidents::list(work, &wanted).await?;
    let next = match (found.get(shown), wanted.last()) {
        (Some(_), Some(last)) => Some(position(work, *last, request.order).await?.text()),
        _ => None,
    };
    let (total, exact) = count(work, filter, search.as_ref()).await?;
    Ok(IncidentPage {
        incidents,
        next,
        total,
        exact,
    })
}

/// The search for words.
struct Search {
    sought: Sought,
    /// Whether few items match, so that the search can drive the query.
    few: bool,
}

impl Search {
    /// `None` when what is looked for cannot be found: it has no words. `Some(None)`
    /// when no words are looked for.
    async fn of(work: &Work, filter: &IncidentFilter) -> Result<Option<Option<Self>>, StoreError> {
        let text = filter.text.as_deref().unwrap_or_default().trim();
        if text.is_empty() {
            return Ok(Some(None));
        }
        let Some(sought) = Sought::of(&Query::read(text)) else {
            return Ok(None);
        };
        let mut values = Values::default();
        let matching = matching(&sought, &mut values);
        let limit = values.add(FEW_ITEMS + 1);
        let sql = format!(
            "SELECT count(*) FROM (SELECT 1 FROM item_words w WHERE {matching} LIMIT {limit}) counted"
        );
        let row = work.one(&sql, &values.list()).await?;
        let matches: i64 = row.try_get(0)?;
        Ok(Some(Some(Self {
            sought,
            few: matches <= FEW_ITEMS,
        })))
    }
}

/// That the words `w` of an item are those that are sought.
fn matching(sought: &Sought, values: &mut Values) -> String {
    let query = values.add(sought.query.clone());
    let by_position = format!("w.words @@ {query}::text::tsquery");
    let Some(long) = &sought.long else {
        return by_position;
    };
    let (words, patterns) = (
        values.add(long.words.clone()),
        values.add(long.patterns.clone()),
    );
    format!(
        "({by_position} OR (w.stream IS NOT NULL AND w.words @@ {words}::text::tsquery AND (
             SELECT bool_and((SELECT bool_or(strpos(w.stream, alternative) > 0)
                              FROM unnest(string_to_array(term, E'\\x1f')) AS alternative))
             FROM unnest({patterns}::text[]) AS term)))"
    )
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Page,
    Count,
}

/// The values of a query.
#[derive(Default)]
struct Values(Vec<Box<dyn ToSql + Sync + Send>>);

impl Values {
    /// Adds a value, and gives its name in the query.
    fn add(&mut self, value: impl ToSql + Sync + Send + 'static) -> String {
        self.0.push(Box::new(value));
        format!("${}", self.0.len())
    }

    fn list(&self) -> Vec<Parameter<'_>> {
        self.0
            .iter()
            .map(|value| &**value as Parameter<'_>)
            .collect()
    }
}

/// The conditions of one query, and their values.
#[derive(Default)]
struct Conditions {
    parts: Vec<String>,
    given: Values,
    /// Whether one of them matches so few that it drives the query.
    driven: bool,
    /// Whether the search looks only at the newest matches.
    sampled: bool,
}

impl Conditions {
    async fn of(
        work: &Work,
        filter: &IncidentFilter,
        search: Option<&Search>,
        purpose: Purpose,
    ) -> Result<Self, StoreError> {
        let mut all = Self::default();
        if let Some(severity) = filter.min_severity {
            let given = all.given.add(rows::severity_number(severity));
            all.parts.push(format!("i.severity >= {given}"));
        }
        if let Some(since) = filter.since {
            let given = all.given.add(rows::micros(since));
            all.parts.push(format!("i.last_seen >= {given}"));
        }
        if let Some(until) = filter.until {
            let given = all.given.add(rows::micros(until));
            all.parts.push(format!("i.last_seen < {given}"));
        }
        if let Some(exploited) = filter.exploited {
            let given = all.given.add(exploited);
            all.parts.push(format!("i.exploited = {given}"));
        }
        if !filter.statuses.is_empty() {
            let words: Vec<&'static str> = filter
                .statuses
                .iter()
                .map(|status| status.as_str())
                .collect();
            let given = all.given.add(words);
            all.parts.push(format!("i.status = ANY ({given})"));
        }
        for (key, values) in wanted_keys(filter) {
            all.key(work, key, values).await?;
        }
        if let Some(search) = search {
            all.search(search, purpose);
        }
        Ok(all)
    }

    /// The incident has one of these values.
    async fn key(&mut self, work: &Work, key: Key, values: Vec<String>) -> Result<(), StoreError> {
        let values: Vec<String> = values
            .iter()
            .map(|value| rows::text(value).into_owned())
            .collect();
        let row = work
            .one(
                "SELECT count(*) FROM (SELECT 1 FROM incident_keys
                 WHERE kind = $1 AND value = ANY ($2) LIMIT $3) counted",
                &[&key.number(), &values, &(FEW_INCIDENTS + 1)],
            )
            .await?;
        let matches: i64 = row.try_get(0)?;
        let given = self.given.add(values);
        let chosen = format!(
            "FROM incident_keys k WHERE k.kind = {} AND k.value = ANY ({given})",
            key.number()
        );
        if matches <= FEW_INCIDENTS {
            self.drive(&format!("SELECT k.incident {chosen}"));
        } else {
            self.parts.push(format!(
                "(SELECT 1 {chosen} AND k.incident = i.n LIMIT 1) IS NOT NULL"
            ));
        }
        Ok(())
    }

    /// The incident is one of these few: an array, which is made once and first.
    fn drive(&mut self, chosen: &str) {
        self.driven = true;
        self.parts.push(format!("i.n = ANY (ARRAY({chosen}))"));
    }

    /// One of the incident's items matches the search.
    fn search(&mut self, search: &Search, purpose: Purpose) {
        let matching = matching(&search.sought, &mut self.given);
        if search.few {
            self.drive(&format!(
                "SELECT t.incident FROM item_words w JOIN items t ON t.n = w.item WHERE {matching}"
            ));
        } else if purpose == Purpose::Count && !self.driven {
            self.sampled = true;
            self.drive(&format!(
                "SELECT DISTINCT t.incident FROM (SELECT w.item FROM item_words w
                     WHERE {matching} ORDER BY w.item DESC LIMIT {FEW_ITEMS}) f
                 JOIN items t ON t.n = f.item"
            ));
        } else {
            self.parts.push(format!(
                "(SELECT 1 FROM items t JOIN item_words w ON w.item = t.n
                  WHERE t.incident = i.n AND {matching} LIMIT 1) IS NOT NULL"
            ));
        }
    }

    /// What comes after a position.
    fn after(&mut self, position: &Position) {
        let last_seen = self.given.add(position.last_seen);
        let id = self.given.add(position.id.0);
        let part = match position.worst {
            None => format!("(i.last_seen, i.id) < ({last_seen}, {id})"),
            Some((severity, score)) => {
                let (severity, score) = (self.given.add(severity), self.given.add(score));
                format!(
                    "(i.severity, i.score, i.last_seen, i.id) < ({severity}, {score}, {last_seen}, {id})"
                )
            }
        };
        self.parts.push(part);
    }

    fn page_sql(&mut self, order: IncidentOrder, limit: u32) -> String {
        let order = match order {
            IncidentOrder::Latest => "i.last_seen DESC, i.id DESC",
            IncidentOrder::Worst => "i.severity DESC, i.score DESC, i.last_seen DESC, i.id DESC",
        };
        let limit = self.given.add(i64::from(limit));
        format!(
            "SELECT i.n FROM incidents i WHERE {} ORDER BY {order} LIMIT {limit}",
            self.joined()
        )
    }

    /// In order of time, so that what was counted says how dense the matches lie.
    fn count_sql(&self) -> String {
        format!(
            "SELECT count(*), min(n), max(n) FROM (SELECT i.n FROM incidents i WHERE {}
             ORDER BY i.last_seen DESC, i.id DESC LIMIT {}) counted",
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

    fn values(&self) -> Vec<Parameter<'_>> {
        self.given.list()
    }
}

/// How many incidents match, and whether that is exact.
async fn count(
    work: &Work,
    filter: &IncidentFilter,
    search: Option<&Search>,
) -> Result<(u64, bool), StoreError> {
    let query = Conditions::of(work, filter, search, Purpose::Count).await?;
    let row = work.one(&query.count_sql(), &query.values()).await?;
    let counted = rows::count(&row, 0)?;
    let (first, last): (Option<i64>, Option<i64>) = (row.try_get(1)?, row.try_get(2)?);
    if counted <= COUNTED && !query.sampled {
        return Ok((counted, true));
    }
    let oldest: i64 = match filter.since {
        None => 1,
        Some(since) => work
            .row(
                "SELECT n FROM incidents WHERE last_seen >= $1 ORDER BY last_seen LIMIT 1",
                &[&rows::micros(since)],
            )
            .await?
            .map_or(Ok(1), |row| row.try_get(0))?,
    };
    Ok((
        estimated(counted, first.unwrap_or(1), last.unwrap_or(1), oldest),
        false,
    ))
}

/// Where the incident in a row stands in its order.
async fn position(work: &Work, n: i64, order: IncidentOrder) -> Result<Position, StoreError> {
    let row = work
        .one(
            "SELECT severity, score, last_seen, id FROM incidents WHERE n = $1",
            &[&n],
        )
        .await?;
    let worst = (row.try_get(0)?, row.try_get(1)?);
    Ok(Position {
        worst: (order == IncidentOrder::Worst).then_some(worst),
        last_seen: row.try_get(2)?,
        id: IncidentId(row.try_get(3)?),
    })
}
