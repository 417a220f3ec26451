//! More like this: incidents that share the rarest words and the CVEs of one
//! ([`crate::similarity`]).

use model::query::{Key, Wanted};
use model::tokens::{Phrase, Term};
use model::{Analysis, IncidentId};

use super::words::{Sought, held};
use super::work::{Parameter, Work};
use super::{incidents, rows};
use crate::StoreError;
use crate::handling::Similar;
use crate::similarity::{self, COMMON, Found, ITEMS, NEWEST, Word};

/// The incidents most like this one; `None` if it is not there.
pub(super) async fn find(
    work: &Work,
    id: IncidentId,
    limit: u32,
) -> Result<Option<Vec<Similar>>, StoreError> {
    let Some(own) = incidents::resolve(work, id).await? else {
        return Ok(None);
    };
    let items = newest_item(work).await?;
    let mut found = Found::default();
    for word in telling_words(work, own, items).await? {
        let sharing = incidents_of(
            work,
            "SELECT DISTINCT i.incident FROM (
                 SELECT item FROM item_words WHERE words @@ $1::text::tsquery ORDER BY item DESC LIMIT $2
             ) f JOIN items i ON i.n = f.item WHERE i.incident IS NOT NULL",
            &[&sought(&word), &i64::from(NEWEST)],
        )
        .await?;
        found.word(&word, sharing);
    }
    for cve in &incidents::get(work, own).await?.cves {
        let sharing = incidents_of(
            work,
            "SELECT incident FROM incident_keys WHERE kind = $1 AND value = $2
             ORDER BY incident DESC LIMIT $3",
            &[&Key::Cve.number(), &cve.as_str(), &i64::from(NEWEST)],
        )
        .await?;
        found.cve(cve.as_str(), items, sharing);
    }
    let ranked = found.ranked(own, limit);
    let wanted: Vec<i64> = ranked.iter().map(|(n, _, _)| *n).collect();
    let incidents = incidents::list(work, &wanted).await?;
    Ok(Some(
        incidents
            .into_iter()
            .zip(ranked)
            .map(|(incident, (_, score, shared))| Similar {
                incident,
                score,
                shared,
            })
            .collect(),
    ))
}

/// The words of its headlines and its summary that few items hold, weightiest first.
async fn telling_words(work: &Work, own: i64, items: u32) -> Result<Vec<Word>, StoreError> {
    let incident = incidents::get(work, own).await?;
    let mut texts = vec![incident.title, incident.summary];
    let told = work
        .rows(
            "SELECT t.analysis FROM items i JOIN item_texts t ON t.item = i.n
             WHERE i.incident = $1 AND i.repeat_of IS NULL ORDER BY i.effective DESC, i.n DESC LIMIT $2",
            &[&own, &i64::from(ITEMS)],
        )
        .await?;
    for row in told {
        let analysis: Analysis = rows::body(&row, 0)?;
        texts.push(analysis.title);
    }
    let words = similarity::words(&texts);
    let wanted: Vec<String> = words.iter().map(sought).collect();
    let held = held(work, &wanted, COMMON + 1).await?;
    Ok(similarity::telling(words.into_iter().zip(held), items))
}

/// A word as a tsquery.
fn sought(word: &Word) -> String {
    let phrase = Phrase {
        tokens: vec![word.token.clone()],
        prefix: false,
    };
    let wanted = Wanted {
        term: Term(vec![phrase]),
        in_title: false,
    };
    Sought::of(&[wanted]).query
}

async fn incidents_of(
    work: &Work,
    sql: &str,
    values: &[Parameter<'_>],
) -> Result<Vec<i64>, StoreError> {
    work.rows(sql, values)
        .await?
        .iter()
        .map(|row| Ok(row.try_get(0)?))
        .collect()
}

/// About how many items there are.
async fn newest_item(work: &Work) -> Result<u32, StoreError> {
    let row = work
        .one("SELECT coalesce(max(n), 0) FROM items", &[])
        .await?;
    Ok(u32::try_from(row.try_get::<_, i64>(0)?).unwrap_or(u32::MAX))
}
