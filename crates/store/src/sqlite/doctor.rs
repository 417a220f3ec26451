//! Whether what is stored is sound, and building again what follows from it.

use model::query::Column;
use model::{Incident, Timestamp};
use rusqlite::{Connection, OptionalExtension};

use super::{backup, copy, incidents, prune, rows, text_index};
use crate::StoreError;
use crate::doctor::{Pulse, REPAIR, overdue_before, questions};
use crate::upkeep::{Finding, Level, Rebuilt};

/// Incidents whose facts are looked at in one step.
const AT_ONCE: i64 = 200;
/// Free pages that are worth a word: 256 MB of 4 KiB each.
const MANY_FREE: i64 = 65_536;

/// All that is found.
pub(super) fn examine(connection: &Connection, now: Timestamp) -> Result<Vec<Finding>, StoreError> {
    let mut findings = Vec::new();
    let damage = backup::damage(connection)?;
    let of_index = match &damage {
        Some(damage) => damage.is_of_index.then(|| damage.to_string()),
        None => text_index::unsound(connection)?,
    };
    if let Some(damage) = &of_index {
        findings.push(Finding {
            rebuild: true,
            ..Finding::new(
                "text index",
                Level::Broken,
                format!("the text index is damaged, the texts are whole: {damage}"),
                REPAIR,
            )
        });
    } else if let Some(damage) = damage {
        findings.push(Finding::new(
            "integrity",
            Level::Broken,
            format!("the file is damaged: {damage}"),
            "stop the service, keep a copy of the file, and restore the latest backup (`prahari restore`); look at the disk",
        ));
        // Whatever else is found would follow from it.
        return Ok(findings);
    }
    if let Some(table) = copy::wrong_reference(connection)? {
        findings.push(Finding::new(
            "integrity",
            Level::Broken,
            format!("rows of {table} refer to rows that are not there"),
            "restore a backup from before it happened (`prahari restore`)",
        ));
    }
    for question in questions() {
        let count = connection.query_one(&question.sql, [], |row| rows::count(row, 0))?;
        findings.extend(question.finding(count));
    }
    let mut pulse = pulse(connection, now)?;
    if of_index.is_none() {
        pulse.unfound = connection.query_one(
            &format!("SELECT ({UNFOUND}) + ({FOUND_WRONGLY})"),
            [],
            |row| rows::count(row, 0),
        )?;
    }
    findings.extend(pulse.findings(now));
    let (free, mode) = prune::free_pages(connection)?;
    if mode != prune::INCREMENTAL && free > MANY_FREE {
        findings.push(Finding::new(
            "space",
            Level::Note,
            format!("{} MB of the file are free and are used again, but not given back to the disk", free / 256),
            "a backup that is restored (`prahari backup`, `prahari restore --force`) makes a file that gives them back",
        ));
    }
    Ok(findings)
}

fn pulse(connection: &Connection, now: Timestamp) -> Result<Pulse, StoreError> {
    let count = |sql: &str| -> Result<u64, StoreError> {
        Ok(connection.query_one(sql, [], |row| rows::count(row, 0))?)
    };
    let micros = rows::micros(now);
    let mut overdue = connection.prepare(
        "SELECT channel, count(*) FROM deliveries
         WHERE state = 0 AND due < ?1 AND coalesce(held_until, 0) < ?2
             AND channel NOT IN (SELECT channel FROM paused_channels)
         GROUP BY channel ORDER BY channel",
    )?;
    let mut paused =
        connection.prepare("SELECT channel, reason FROM paused_channels ORDER BY channel")?;
    let mut left = connection
        .prepare("SELECT name FROM leases WHERE holder IS NOT NULL AND until < ?1 ORDER BY name")?;
    Ok(Pulse {
        overdue: overdue
            .query_map((overdue_before(now), micros), |row| {
                Ok((row.get(0)?, rows::count(row, 1)?))
            })?
            .collect::<Result<_, _>>()?,
        paused: paused
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?,
        dead: count("SELECT count(*) FROM deliveries WHERE state = 2")?,
        waiting: count("SELECT count(*) FROM items WHERE placed_at IS NULL")?,
        left: left
            .query_map([micros], |row| row.get(0))?
            .collect::<Result<_, _>>()?,
        latest: connection.query_one(
            "SELECT max(at) FROM (SELECT max(at) AS at FROM events
             UNION ALL SELECT max(until) FROM leases WHERE holder IS NOT NULL)",
            [],
            |row| row.get(0),
        )?,
        // Asked only of an index that is not damaged.
        unfound: 0,
        stale: stale(connection)?,
    })
}

const UNFOUND: &str = "SELECT count(*) FROM items i JOIN item_texts t ON t.item = i.n
     WHERE i.incident IS NOT NULL AND t.analysis IS NOT NULL
         AND NOT EXISTS (SELECT 1 FROM items_fts_docsize d WHERE d.id = i.n)";
const FOUND_WRONGLY: &str = "SELECT count(*) FROM items_fts_docsize d
     WHERE NOT EXISTS (SELECT 1 FROM items i WHERE i.n = d.id AND i.incident IS NOT NULL)";

fn stale(connection: &Connection) -> Result<u64, StoreError> {
    let (mut after, mut stale) = (i64::MIN, 0);
    loop {
        let some = some(connection, after)?;
        let Some((last, _)) = some.last() else {
            return Ok(stale);
        };
        after = *last;
        for (n, incident) in &some {
            stale += u64::from(is_stale(connection, *n, incident)?);
        }
    }
}

fn some(connection: &Connection, after: i64) -> Result<Vec<(i64, Incident)>, StoreError> {
    let mut next = connection.prepare_cached(
        "SELECT incident, body FROM incident_bodies WHERE incident > ?1 ORDER BY incident LIMIT ?2",
    )?;
    let mut found = next.query((after, AT_ONCE))?;
    let mut some = Vec::new();
    while let Some(row) = found.next()? {
        some.push((row.get(0)?, rows::read(&row.get::<_, String>(1)?)?));
    }
    Ok(some)
}

/// Whether queries know something else of an incident than what it is.
fn is_stale(connection: &Connection, n: i64, incident: &Incident) -> Result<bool, StoreError> {
    let known = incidents::known(connection, incident)?;
    let facts = incidents::facts(incident, &known);
    let numbers: Option<[Option<i64>; 4]> = connection
        .prepare_cached("SELECT kev, items, epss, cvss FROM incidents WHERE n = ?1")?
        .query_row([n], |row| {
            Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?])
        })
        .optional()?;
    let wanted =
        [Column::Kev, Column::Items, Column::Epss, Column::Cvss].map(|column| facts.number(column));
    if numbers != Some(wanted) {
        return Ok(true);
    }
    let mut lookup = connection.prepare_cached(
        "SELECT kind, value FROM incident_keys WHERE incident = ?1 ORDER BY kind, value",
    )?;
    let stored: Vec<(i64, String)> = lookup
        .query_map([n], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let mut keys: Vec<(i64, &str)> = facts
        .keys()
        .iter()
        .map(|(key, value)| (key.number(), value.as_str()))
        .collect();
    keys.sort_unstable();
    Ok(!stored
        .iter()
        .map(|(kind, value)| (*kind, value.as_str()))
        .eq(keys))
}

/// Makes a text index that is damaged anew; its items are then missing in it like others.
fn clear_damaged_index(connection: &Connection) -> Result<(), StoreError> {
    let is_damaged = match backup::damage(connection)? {
        Some(damage) => damage.is_of_index,
        None => text_index::unsound(connection)?.is_some(),
    };
    if is_damaged {
        text_index::make_anew(connection)?;
    }
    Ok(())
}

/// One step of building again what follows from the rest.
pub(super) fn rebuild(connection: &Connection, after: i64) -> Result<Rebuilt, StoreError> {
    if after == i64::MIN {
        clear_damaged_index(connection)?;
    }
    let mut rebuilt = Rebuilt {
        items: copy::index_missing(connection)?,
        ..Rebuilt::default()
    };
    rebuilt.items += connection
        .prepare_cached(
            "DELETE FROM items_fts WHERE rowid IN (SELECT d.id FROM items_fts_docsize d
                 WHERE NOT EXISTS (SELECT 1 FROM items i WHERE i.n = d.id AND i.incident IS NOT NULL) LIMIT ?1)",
        )?
        .execute([AT_ONCE])? as u64;
    let some = some(connection, after)?;
    for (n, incident) in &some {
        if is_stale(connection, *n, incident)? {
            incidents::write_facts(connection, *n, incident)?;
            rebuilt.incidents += 1;
        }
    }
    rebuilt.next = match some.last() {
        Some((last, _)) => Some(*last),
        // Words may take longer than facts.
        None => (rebuilt.items > 0).then_some(after),
    };
    Ok(rebuilt)
}
