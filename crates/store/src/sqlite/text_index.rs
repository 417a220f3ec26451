//! Whether the text index is whole, and making it anew.
//!
//! FTS5 checks the form of what it keeps, and not its content where it keeps no texts:
//! zeros in the middle of a block, or a record that says the index is empty, are sound to
//! it. But it counts twice: how many words each item has, and where each word stands. So
//! both are added up and compared; and as no number in a block of words is so small, a run
//! of zeros there is damage, also among the beginnings of words, which nobody counts. Where
//! one of its tables is gone, nothing can be asked
//! of it, not even whether the rest of the file is sound; and it does not go away either,
//! before the little is there that it reads first.

use rusqlite::{Connection, OptionalExtension};

use super::rows;
use crate::StoreError;

/// The tables it keeps, and what to say where one is gone.
const TABLES: [&str; 4] = [
    "items_fts_config",
    "items_fts_data",
    "items_fts_docsize",
    "items_fts_idx",
];
/// As migration 0011 makes it.
const MADE: &str = r#"CREATE VIRTUAL TABLE items_fts USING fts5 (
    title, text, names,
    content = '', contentless_delete = 1, prefix = '2 3',
    tokenize = "ascii tokenchars '-_.'"
)"#;
/// The version of its form that FTS5 writes for such a table.
const FORM: i64 = 4;
/// Blocks of words have these rows: the number of a segment stands before 37 bits, and those
/// that name what was taken out come after 65,536 segments (`FTS5_TOMBSTONE_ROWID`).
const FIRST_BLOCK: i64 = 1 << 37;
const LAST_BLOCK: i64 = (1 << 53) - 1;
/// This bit is of blocks that list blocks, with a zero for each without an item.
const SKIPPED: i64 = 1 << 36;
/// So many zeros in a row stand in no sound block; in a store of a million no four do.
const ZEROS: i64 = 8;
/// Items, and words in their titles, texts and names.
type Counts = [u64; 4];

/// Why nothing can be asked of it at all.
pub(super) fn unusable(connection: &Connection) -> Result<Option<String>, StoreError> {
    let mut lookup = connection
        .prepare("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1")?;
    for table in TABLES {
        if lookup.query_one([table], |row| row.get::<_, i64>(0))? == 0 {
            return Ok(Some(format!("its table {table} is gone")));
        }
    }
    // The connection goes by what it remembers, also where another has written it anew; a
    // search looks. What is wrong within is for the check of the whole to say.
    let looked =
        connection.prepare("SELECT rowid FROM items_fts WHERE items_fts MATCH 'a' LIMIT 1");
    match looked.and_then(|mut look| look.query_row([], |_| Ok(())).optional()) {
        Err(error) if connection.prepare("SELECT rowid FROM items_fts").is_err() => {
            Ok(Some(error.to_string()))
        }
        _ => Ok(None),
    }
}

/// What is wrong with its content, which its own check does not see: a few seconds for a
/// million items.
pub(super) fn unsound(connection: &Connection) -> Result<Option<String>, StoreError> {
    let zeroed: u64 = connection
        .prepare(
            "SELECT count(*) FROM items_fts_data WHERE id BETWEEN ?1 AND ?2
                 AND (id & ?3) = 0 AND instr(block, zeroblob(?4)) > 0",
        )?
        .query_one((FIRST_BLOCK, LAST_BLOCK, SKIPPED, ZEROS), |row| {
            rows::count(row, 0)
        })?;
    if zeroed > 0 {
        return Ok(Some(format!("{zeroed} of its blocks hold zeros")));
    }
    miscounted(connection)
}

/// What its two ways of counting disagree on.
fn miscounted(connection: &Connection) -> Result<Option<String>, StoreError> {
    let by_item = counted_by_item(connection)?;
    if noted(connection)? != by_item {
        return Ok(Some("it notes other totals than its items have".to_owned()));
    }
    // A table is made for the while, beside the file: a reader may not even do that.
    let only: bool = connection.pragma_query_value(None, "query_only", |row| row.get(0))?;
    connection.pragma_update(None, "query_only", false)?;
    let counted = counted_by_word(connection);
    let dropped = connection.execute_batch("DROP TABLE IF EXISTS temp.items_fts_words");
    connection.pragma_update(None, "query_only", only)?;
    dropped?;
    let [_, words @ ..] = by_item;
    Ok(match counted {
        Ok(counted) if counted == words => None,
        Ok(counted) => {
            let sum = |counts: [u64; 3]| counts.iter().sum::<u64>();
            Some(format!(
                "it finds {} words where its items have {}",
                sum(counted),
                sum(words)
            ))
        }
        Err(error) => match StoreError::from(error) {
            StoreError::Broken(what) => Some(what),
            other => return Err(other),
        },
    })
}

/// Makes it anew, empty.
pub(super) fn make_anew(connection: &Connection) -> Result<(), StoreError> {
    connection.execute_batch(&format!(
        "CREATE TABLE IF NOT EXISTS items_fts_config (k PRIMARY KEY, v) WITHOUT ROWID;
         INSERT INTO items_fts_config VALUES ('version', {FORM})
             ON CONFLICT (k) DO UPDATE SET v = excluded.v;
         DROP TABLE items_fts; {MADE}"
    ))?;
    Ok(())
}

fn counted_by_item(connection: &Connection) -> Result<Counts, StoreError> {
    let mut sizes = connection.prepare("SELECT sz FROM items_fts_docsize")?;
    let mut found = sizes.query([])?;
    let mut counts = Counts::default();
    while let Some(row) = found.next()? {
        let size = row.get_ref(0)?.as_blob().unwrap_or_default();
        let [items, words @ ..] = &mut counts;
        *items += 1;
        for (count, size) in words.iter_mut().zip(numbers(size)) {
            *count = count.saturating_add(size);
        }
    }
    Ok(counts)
}

/// The totals that FTS5 keeps for its ranking.
fn noted(connection: &Connection) -> Result<Counts, StoreError> {
    let block: Option<Vec<u8>> = connection
        .query_row("SELECT block FROM items_fts_data WHERE id = 1", [], |row| {
            row.get(0)
        })
        .optional()?;
    let mut noted = Counts::default();
    for (count, number) in noted.iter_mut().zip(numbers(&block.unwrap_or_default())) {
        *count = number;
    }
    Ok(noted)
}

/// How often each word stands in titles, texts and names, all together.
fn counted_by_word(connection: &Connection) -> rusqlite::Result<[u64; 3]> {
    connection.execute_batch(
        "CREATE VIRTUAL TABLE IF NOT EXISTS temp.items_fts_words
             USING fts5vocab (main, items_fts, col)",
    )?;
    connection.query_one(
        "SELECT coalesce(sum(cnt) FILTER (WHERE col = 'title'), 0),
             coalesce(sum(cnt) FILTER (WHERE col = 'text'), 0),
             coalesce(sum(cnt) FILTER (WHERE col = 'names'), 0)
         FROM temp.items_fts_words",
        [],
        |row| {
            Ok([
                rows::count(row, 0)?,
                rows::count(row, 1)?,
                rows::count(row, 2)?,
            ])
        },
    )
}

/// The numbers of a record of FTS5: seven bits a byte, the highest first; a byte without
/// the eighth bit ends one. None of ours needs nine bytes, where the last has eight.
fn numbers(record: &[u8]) -> impl Iterator<Item = u64> + '_ {
    record
        .split_inclusive(|byte| byte & 0x80 == 0)
        .map(|bytes| {
            bytes
                .iter()
                .fold(0_u64, |number, byte| (number << 7) | u64::from(byte & 0x7f))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::{placing, schema};

    fn filled() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::bring_up_to_date(&mut connection).unwrap();
        for n in 1..=400 {
            connection
                .execute(
                    "INSERT INTO items (n, id, source, external_id, effective, occasion)
                     VALUES (?1, ?2, 'feed', '', 0, 0)",
                    (n, i128::from(n).to_be_bytes()),
                )
                .unwrap();
            connection
                .execute(
                    "INSERT INTO item_texts (item, body, analysis) VALUES (?1, '', '{}')",
                    [n],
                )
                .unwrap();
            let text = format!(
                "word{} and {} once more",
                n % 50,
                "again ".repeat(n as usize)
            );
            placing::index(&connection, n, &format!("bank {n}"), &text).unwrap();
        }
        connection
    }

    #[test]
    fn a_sound_index_counts_the_same_twice() {
        let connection = filled();
        assert_eq!(unsound(&connection).unwrap(), None);
        // What is taken out leaves marks until blocks are joined.
        connection
            .execute_batch("DELETE FROM items_fts WHERE rowid % 3 = 0")
            .unwrap();
        assert_eq!(unsound(&connection).unwrap(), None);
        connection
            .execute_batch("INSERT INTO items_fts (items_fts) VALUES ('optimize')")
            .unwrap();
        assert_eq!(unsound(&connection).unwrap(), None);
        connection.execute_batch("DELETE FROM items_fts").unwrap();
        assert_eq!(unsound(&connection).unwrap(), None);
    }

    #[test]
    fn zeros_in_any_block_are_seen() {
        let connection = filled();
        let blocks: Vec<i64> = connection
            .prepare("SELECT id FROM items_fts_data WHERE id > 10 AND length(block) > 60")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert!(blocks.len() > 2, "{blocks:?}");
        for block in blocks {
            let damaged = connection.unchecked_transaction().unwrap();
            let changed = damaged.execute(
                "UPDATE items_fts_data SET block = CAST(substr(block, 1, length(block) / 2)
                     || zeroblob(20) || substr(block, length(block) / 2 + 21) AS BLOB)
                 WHERE id = ?1",
                [block],
            );
            assert_eq!(changed, Ok(1));
            assert!(unsound(&damaged).unwrap().is_some(), "{block}");
            damaged.rollback().unwrap();
        }
        assert_eq!(unsound(&connection).unwrap(), None);
    }

    #[test]
    fn it_is_made_anew_as_the_migration_made_it_whatever_is_gone() {
        let made = |connection: &Connection| -> Vec<(String, Option<String>)> {
            let mut lookup = connection
                .prepare("SELECT name, sql FROM sqlite_schema WHERE name LIKE 'items_fts%' ORDER BY name")
                .unwrap();
            let found = lookup.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
            found.unwrap().collect::<Result<_, _>>().unwrap()
        };
        for damage in [
            "DROP TABLE items_fts_config",
            "DROP TABLE items_fts_data",
            "DROP TABLE items_fts_docsize",
            "DROP TABLE items_fts_idx",
            "DELETE FROM items_fts_config",
            "UPDATE items_fts_config SET v = 99",
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("prahari.db");
            let mut connection = Connection::open(&path).unwrap();
            schema::bring_up_to_date(&mut connection).unwrap();
            let whole = made(&connection);
            assert_eq!(unusable(&connection).unwrap(), None);
            connection.execute_batch(damage).unwrap();
            drop(connection);
            let connection = Connection::open(&path).unwrap();
            assert!(unusable(&connection).unwrap().is_some(), "{damage}");
            make_anew(&connection).unwrap();
            assert_eq!(unusable(&connection).unwrap(), None, "{damage}");
            assert_eq!(made(&connection), whole, "{damage}");
        }
    }
}
