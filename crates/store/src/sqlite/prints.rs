//! The words of the latest items, and which incidents share most of them with an
//! item.

use model::{ItemId, Member, Print};
use rusqlite::{Connection, OptionalExtension};

use super::rows;
use crate::StoreError;
use crate::candidate::{
    KEPT, MEMBERS, MOST_TAKEN_AWAY, SHARING, Shared, TAKEN_AWAY, print as stored,
};

/// Keeps the print of an item of an incident.
pub(super) fn write(
    connection: &Connection,
    item: i64,
    incident: i64,
    print: &Print,
) -> Result<(), StoreError> {
    if print.is_empty() {
        return Ok(());
    }
    let at: i64 = connection
        .prepare_cached("SELECT effective FROM items WHERE n = ?1")?
        .query_one([item], |row| row.get(0))?;
    connection
        .prepare_cached("INSERT INTO prints (item, incident, at, body) VALUES (?1, ?2, ?3, ?4)")?
        .execute((item, incident, at, print.to_bytes()))?;
    let mut insert = connection.prepare_cached(
        "INSERT OR IGNORE INTO story_words (word, at, item, incident) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (word, _) in &print.keys {
        insert.execute((word, at, item, incident))?;
    }
    take_away(connection, item - KEPT)
}

/// Keeps another print of an item whose print is kept.
pub(super) fn rewrite(
    connection: &Connection,
    item: i64,
    incident: i64,
    print: &Print,
) -> Result<(), StoreError> {
    match kept(connection, item)? {
        Some((_, body)) if body == print.to_bytes() => Ok(()),
        Some((at, body)) => {
            remove(connection, item, at, &body)?;
            write(connection, item, incident, print)
        }
        None => Ok(()),
    }
}

/// Lets the print of an item, if it is kept, be one of another incident.
pub(super) fn give(connection: &Connection, item: i64, incident: i64) -> Result<(), StoreError> {
    let Some((at, body)) = kept(connection, item)? else {
        return Ok(());
    };
    connection
        .prepare_cached("UPDATE prints SET incident = ?2 WHERE item = ?1")?
        .execute((item, incident))?;
    for (word, _) in stored(&body)?.keys {
        connection
            .prepare_cached(
                "UPDATE story_words SET incident = ?4 WHERE word = ?1 AND at = ?2 AND item = ?3",
            )?
            .execute((word, at, item, incident))?;
    }
    Ok(())
}

/// Keeps the print of `original`, if it is kept, also for an item that repeated it.
pub(super) fn copy(
    connection: &Connection,
    original: [u8; 16],
    item: i64,
    incident: i64,
) -> Result<(), StoreError> {
    let body: Option<Vec<u8>> = connection
        .prepare_cached("SELECT p.body FROM items i JOIN prints p ON p.item = i.n WHERE i.id = ?1")?
        .query_row([original], |row| row.get(0))
        .optional()?;
    match body {
        Some(body) => write(connection, item, incident, &stored(&body)?),
        None => Ok(()),
    }
}

/// Takes away the print of an item.
pub(super) fn forget(connection: &Connection, item: i64) -> Result<(), StoreError> {
    match kept(connection, item)? {
        Some((at, body)) => remove(connection, item, at, &body),
        None => Ok(()),
    }
}

fn kept(connection: &Connection, item: i64) -> Result<Option<(i64, Vec<u8>)>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT at, body FROM prints WHERE item = ?1")?
        .query_row([item], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?)
}

fn remove(connection: &Connection, item: i64, at: i64, body: &[u8]) -> Result<(), StoreError> {
    for (word, _) in stored(body)?.keys {
        connection
            .prepare_cached("DELETE FROM story_words WHERE word = ?1 AND at = ?2 AND item = ?3")?
            .execute((word, at, item))?;
    }
    connection
        .prepare_cached("DELETE FROM prints WHERE item = ?1")?
        .execute([item])?;
    Ok(())
}

fn take_away(connection: &Connection, up_to: i64) -> Result<(), StoreError> {
    let is_time: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM prints WHERE item <= ?1)")?
        .query_one([up_to - TAKEN_AWAY], |row| row.get(0))?;
    if !is_time {
        return Ok(());
    }
    let old: Vec<(i64, i64, Vec<u8>)> = connection
        .prepare_cached(
            "SELECT item, at, body FROM prints WHERE item <= ?1 ORDER BY item LIMIT ?2",
        )?
        .query_map((up_to, MOST_TAKEN_AWAY), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?
        .collect::<Result<_, _>>()?;
    let mut words = Vec::new();
    for (item, at, body) in &old {
        words.extend(
            stored(body)?
                .keys
                .iter()
                .map(|(word, _)| (*word, *at, *item)),
        );
    }
    // In the order in which they are stored: each page is written once.
    words.sort_unstable();
    let mut delete = connection
        .prepare_cached("DELETE FROM story_words WHERE word = ?1 AND at = ?2 AND item = ?3")?;
    for one in words {
        delete.execute(one)?;
    }
    let last = old.last().map(|(item, ..)| *item);
    connection
        .prepare_cached("DELETE FROM prints WHERE item <= ?1")?
        .execute([last])?;
    Ok(())
}

/// The incidents, by row, that share most words with `print` among the items told
/// between `from` and `to`, each with its latest items of that time.
pub(super) fn near(
    connection: &Connection,
    print: &Print,
    from: i64,
    to: i64,
) -> Result<Vec<(i64, Vec<Member>)>, StoreError> {
    let mut shared = Shared::default();
    let mut sharing = connection.prepare_cached(
        "SELECT incident FROM story_words WHERE word = ?1 AND at BETWEEN ?2 AND ?3
         ORDER BY at DESC, item DESC LIMIT ?4",
    )?;
    for (word, weight) in &print.keys {
        let incidents: Vec<i64> = sharing
            .query_map((word, from, to, SHARING), |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        shared.word(*weight, incidents);
    }
    shared
        .most()
        .into_iter()
        .map(|incident| Ok((incident, members(connection, incident, from, to)?)))
        .collect()
}

/// The latest items of an incident told between `from` and `to`, latest first.
pub(super) fn members(
    connection: &Connection,
    incident: i64,
    from: i64,
    to: i64,
) -> Result<Vec<Member>, StoreError> {
    let mut latest = connection.prepare_cached(
        "SELECT i.id, p.at, p.body FROM prints p JOIN items i ON i.n = p.item
         WHERE p.incident = ?1 AND p.at BETWEEN ?2 AND ?3 ORDER BY p.at DESC, p.item DESC LIMIT ?4",
    )?;
    let mut rows = latest.query((incident, from, to, MEMBERS))?;
    let mut members = Vec::new();
    while let Some(row) = rows.next()? {
        members.push(Member {
            item: ItemId(rows::uuid(row.get(0)?)),
            at: rows::time(row.get(1)?)?,
            print: stored(&row.get::<_, Vec<u8>>(2)?)?,
        });
    }
    Ok(members)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::schema;

    #[test]
    fn old_prints_go_together_once_there_are_many() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::bring_up_to_date(&mut connection).unwrap();
        let print = Print {
            terms: vec![(7, 1)],
            keys: vec![(7, 1), (9, 1)],
            ..Print::default()
        };
        let keep = |item: i64| {
            connection
                .execute(
                    "INSERT INTO items (n, id, source, external_id, effective, occasion)
                     VALUES (?1, ?2, 'a', ?1, ?1, 0)",
                    (item, format!("{item:016}").as_bytes()),
                )
                .unwrap();
            write(&connection, item, 1, &print).unwrap();
        };
        let kept = || -> (i64, i64) {
            connection
                .query_one(
                    "SELECT (SELECT count(*) FROM prints), (SELECT count(*) FROM story_words)",
                    [],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
                .unwrap()
        };
        (1..=1_030).for_each(keep);
        keep(KEPT + TAKEN_AWAY);
        assert_eq!(kept(), (1_031, 2_062));
        // The first is now as old as all that go together.
        keep(KEPT + TAKEN_AWAY + 1);
        assert_eq!(kept(), (7, 14));
    }
}
