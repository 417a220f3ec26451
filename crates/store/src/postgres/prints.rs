//! The words of the latest items, and which incidents share most of them with an
//! item.

use std::collections::HashMap;

use model::{ItemId, Member, Print};
use uuid::Uuid;

use super::rows;
use super::work::Work;
use crate::StoreError;
use crate::candidate::{
    KEPT, MEMBERS, MOST_TAKEN_AWAY, SHARING, Shared, TAKEN_AWAY, print as stored,
};

/// Keeps the print of an item of an incident.
pub(super) async fn write(
    work: &Work,
    item: i64,
    incident: i64,
    print: &Print,
) -> Result<(), StoreError> {
    if print.is_empty() {
        return Ok(());
    }
    let print_row = async {
        work.run(
            "INSERT INTO prints (item, incident, at, body) SELECT n, $2, effective, $3 FROM items WHERE n = $1",
            &[&item, &incident, &print.to_bytes()],
        )
        .await
    };
    let word_rows = async {
        work.run(
            "INSERT INTO story_words (word, at, item, incident)
             SELECT word, effective, n, $2 FROM items, unnest($3::bigint[]) AS word WHERE n = $1
             ON CONFLICT DO NOTHING",
            &[&item, &incident, &words(print)],
        )
        .await
    };
    futures::try_join!(print_row, word_rows, take_away(work, item - KEPT))?;
    Ok(())
}

/// Keeps another print of an item whose print is kept.
pub(super) async fn rewrite(
    work: &Work,
    item: i64,
    incident: i64,
    print: &Print,
) -> Result<(), StoreError> {
    let Some((at, body)) = kept(work, item).await? else {
        return Ok(());
    };
    if body == print.to_bytes() {
        return Ok(());
    }
    remove(work, item, at, &body).await?;
    write(work, item, incident, print).await
}

/// Lets the print of an item, if it is kept, be one of another incident.
pub(super) async fn give(work: &Work, item: i64, incident: i64) -> Result<(), StoreError> {
    let Some((at, body)) = kept(work, item).await? else {
        return Ok(());
    };
    work.run(
        "UPDATE prints SET incident = $2 WHERE item = $1",
        &[&item, &incident],
    )
    .await?;
    work.run(
        "UPDATE story_words SET incident = $4 WHERE word = ANY ($1) AND at = $2 AND item = $3",
        &[&words(&stored(&body)?), &at, &item, &incident],
    )
    .await?;
    Ok(())
}

/// Keeps the print of `original`, if it is kept, also for an item that repeated it.
pub(super) async fn copy(
    work: &Work,
    original: Uuid,
    item: i64,
    incident: i64,
) -> Result<(), StoreError> {
    let found = work
        .row(
            "SELECT p.body FROM items i JOIN prints p ON p.item = i.n WHERE i.id = $1",
            &[&original],
        )
        .await?;
    match found {
        Some(row) => write(work, item, incident, &stored(row.try_get(0)?)?).await,
        None => Ok(()),
    }
}

/// Takes away the print of an item.
pub(super) async fn forget(work: &Work, item: i64) -> Result<(), StoreError> {
    match kept(work, item).await? {
        Some((at, body)) => remove(work, item, at, &body).await,
        None => Ok(()),
    }
}

async fn kept(work: &Work, item: i64) -> Result<Option<(i64, Vec<u8>)>, StoreError> {
    work.row("SELECT at, body FROM prints WHERE item = $1", &[&item])
        .await?
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .transpose()
}

async fn remove(work: &Work, item: i64, at: i64, body: &[u8]) -> Result<(), StoreError> {
    work.run(
        "DELETE FROM story_words WHERE word = ANY ($1) AND at = $2 AND item = $3",
        &[&words(&stored(body)?), &at, &item],
    )
    .await?;
    work.run("DELETE FROM prints WHERE item = $1", &[&item])
        .await?;
    Ok(())
}

async fn take_away(work: &Work, up_to: i64) -> Result<(), StoreError> {
    let old = work
        .rows(
            "SELECT item, at, body FROM prints
             WHERE item <= $1 AND EXISTS (SELECT 1 FROM prints WHERE item <= $2) ORDER BY item LIMIT $3",
            &[&up_to, &(up_to - TAKEN_AWAY), &MOST_TAKEN_AWAY],
        )
        .await?;
    let Some(last) = old.last() else {
        return Ok(());
    };
    let last: i64 = last.try_get(0)?;
    let (mut words, mut times, mut items) = (Vec::new(), Vec::new(), Vec::new());
    for row in &old {
        let (item, at): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        for (word, _) in stored(row.try_get(2)?)?.keys {
            words.push(i64::from(word));
            times.push(at);
            items.push(item);
        }
    }
    work.run(
        "DELETE FROM story_words s USING unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS o (word, at, item)
         WHERE s.word = o.word AND s.at = o.at AND s.item = o.item",
        &[&words, &times, &items],
    )
    .await?;
    work.run("DELETE FROM prints WHERE item <= $1", &[&last])
        .await?;
    Ok(())
}

fn words(print: &Print) -> Vec<i64> {
    print
        .keys
        .iter()
        .map(|(word, _)| i64::from(*word))
        .collect()
}

/// The incidents, by row, that share most words with `print` among the items told
/// between `from` and `to`, each with its latest items of that time.
pub(super) async fn near(
    work: &Work,
    print: &Print,
    from: i64,
    to: i64,
) -> Result<Vec<(i64, Vec<Member>)>, StoreError> {
    let found = work
        .rows(
            "SELECT w.nth, s.incident FROM unnest($1::bigint[]) WITH ORDINALITY AS w (word, nth)
             CROSS JOIN LATERAL (
                 SELECT incident FROM story_words WHERE word = w.word AND at BETWEEN $2 AND $3
                 ORDER BY at DESC, item DESC LIMIT $4) s",
            &[&words(print), &from, &to, &i64::from(SHARING)],
        )
        .await?;
    let mut sharing: HashMap<i64, Vec<i64>> = HashMap::new();
    for row in found {
        sharing
            .entry(row.try_get(0)?)
            .or_default()
            .push(row.try_get(1)?);
    }
    let mut shared = Shared::default();
    for ((_, weight), nth) in print.keys.iter().zip(1_i64..) {
        shared.word(*weight, sharing.remove(&nth).unwrap_or_default());
    }
    let most = shared.most();
    let mut members = members(work, &most, from, to).await?;
    Ok(most
        .into_iter()
        .map(|incident| (incident, members.remove(&incident).unwrap_or_default()))
        .collect())
}

/// The latest items of each of these incidents told between `from` and `to`, latest
/// first.
pub(super) async fn members(
    work: &Work,
    incidents: &[i64],
    from: i64,
    to: i64,
) -> Result<HashMap<i64, Vec<Member>>, StoreError> {
    let found = work
        .rows(
            "SELECT w.n, m.id, m.at, m.body FROM unnest($1::bigint[]) WITH ORDINALITY AS w (n, nth)
             CROSS JOIN LATERAL (
                 SELECT i.id, p.item, p.at, p.body FROM prints p JOIN items i ON i.n = p.item
                 WHERE p.incident = w.n AND p.at BETWEEN $2 AND $3
                 ORDER BY p.at DESC, p.item DESC LIMIT $4) m
             ORDER BY w.nth, m.at DESC, m.item DESC",
            &[&incidents, &from, &to, &i64::from(MEMBERS)],
        )
        .await?;
    let mut members: HashMap<i64, Vec<Member>> = HashMap::new();
    for row in found {
        members.entry(row.try_get(0)?).or_default().push(Member {
            item: ItemId(row.try_get(1)?),
            at: rows::time_of(&row, 2)?,
            print: stored(row.try_get(3)?)?,
        });
    }
    Ok(members)
}
