//! Words that very many items hold: of whom they are asked, and how.
//!
//! The index tells of a stretch of items almost as quickly as of one: an item asked by
//! itself costs as much as five hundred that stand beside one another (80 µs, measured).
//! So incidents are asked many at a time, and their items by stretches. A beginning of
//! four letters or more is different: the index first gathers every item that holds it,
//! whichever are asked for. So it is asked once, and where it would gather very much, the
//! texts of the few that matter are read instead.
//!
//! What asking costs is added up, so that a page or a count can end where it gets dear:
//! a search that almost nothing meets would else walk through everything.

use std::collections::{HashMap, HashSet};

use model::query::Wanted;
use model::tokens::{self, Phrase, Term, Text};
use rusqlite::{Connection, OptionalExtension};
use serde::Deserialize;

use super::rows;
use super::translate::{Sql, Told, fts5};
use crate::StoreError;
use crate::paging::{FEW_ITEMS, SAMPLED, STRETCHES, are_many, ends_of_stretches};
use crate::plan::{Asked, Plan, is_one_word, tokens_of};

/// Items further apart are asked by themselves.
const GAP: i64 = 500;
/// The letters of beginnings that the index keeps (migration 0011).
const KEPT_LETTERS: [usize; 2] = [2, 3];
/// So many texts tell how many items hold a beginning.
const SAMPLED_TEXTS: i64 = 32;
/// Gathering so many items takes about as long as to read the texts of a page: 26 ms for
/// 200,000 of a store of 600,000 (measured), more where they lie in more pieces.
const GATHERED: i64 = 60_000;

/// Of more items than these the texts are not read, whatever else it costs.
const MOST_READ: usize = 1_000;

/// What is spent is told in items that are asked for one word (about 1.2 µs each). A look
/// into the index costs so much, whatever it finds;
const LOOK: u64 = 60;
/// to pass over so many items costs as much as to ask one;
const PASSED: u64 = 8;
/// to read a text costs this;
const READING: u64 = 80;
/// and this to gather what the index does not keep.
const GATHERING: u64 = 10_000;
/// What a count may spend.
const COUNTING: u64 = 6_000;
/// So many incidents tell what it costs to ask the others.
const FIRST_ASKED: usize = 64;
/// Weighing goes through every item of each word, at most through so many.
const WEIGHED: i64 = 100_000;

/// How many items hold the words, if few, and how others are asked for them.
pub(super) fn look_up(
    connection: &Connection,
    wanted: &[Wanted],
) -> Result<(Option<i64>, Asked), StoreError> {
    let newest = newest_indexed(connection)?;
    let is_kept = is_kept(wanted);
    if newest > FEW_ITEMS && !is_kept && is_costly(connection, wanted, newest)? {
        return Ok((None, Asked::Texts));
    }
    // To find that common words seldom stand together costs a look at all of them; that
    // they often do is seen in a few.
    if newest > FEW_ITEMS
        && is_kept
        && !is_one_word(wanted)
        && are_many(sampled(connection, wanted, newest)?, newest, false)
    {
        return Ok((None, Asked::Index));
    }
    let (found, is_whole) = newest_holding(connection, wanted)?;
    Ok(if is_whole {
        let rows = i64::try_from(found.len()).unwrap_or(i64::MAX);
        (Some(rows), Asked::Once(found, true))
    } else if is_kept {
        (None, Asked::Index)
    } else {
        (None, Asked::Once(found, false))
    })
}

/// How many of a sample of items hold them, by the index.
fn sampled(connection: &Connection, wanted: &[Wanted], newest: i64) -> Result<i64, StoreError> {
    let mut count = connection.prepare_cached(
        "SELECT count(*) FROM items_fts WHERE items_fts MATCH ?1 AND rowid BETWEEN ?2 AND ?3",
    )?;
    let mut held = 0;
    for end in ends_of_stretches(newest) {
        let stretch = end - SAMPLED / STRETCHES + 1;
        held += count.query_one((fts5(wanted), stretch, end), |row| row.get::<_, i64>(0))?;
    }
    Ok(held)
}

/// Whether very many items hold words of these, so that to weigh them takes long. Such
/// words say little by how often they stand in an item.
pub(super) fn are_everywhere(
    connection: &Connection,
    wanted: &[&Wanted],
) -> Result<bool, StoreError> {
    let newest = newest_indexed(connection)?;
    let mut held = 0;
    for phrase in wanted.iter().flat_map(|one| &one.term.0) {
        for token in &phrase.tokens {
            // A beginning is gathered in any case.
            let one = Wanted {
                term: Term(vec![Phrase {
                    tokens: vec![token.clone()],
                    prefix: false,
                }]),
                in_title: false,
            };
            held += sampled(connection, &[one], newest)? * newest / SAMPLED;
        }
    }
    Ok(held > WEIGHED)
}

/// Of these incidents those first in whose headlines most of the words stand, of equals
/// those that come first here. The newest `most` of their items are asked.
pub(super) fn by_headline(
    connection: &Connection,
    mut incidents: Vec<i64>,
    wanted: &[&Wanted],
    most: usize,
) -> Result<Vec<i64>, StoreError> {
    let items = items_of(connection, &incidents)?;
    let items = items
        .get(items.len().saturating_sub(most)..)
        .unwrap_or_default();
    let mut headlines: HashMap<i64, u32> = HashMap::new();
    let mut lookup = connection
        .prepare_cached("SELECT rowid FROM items_fts WHERE items_fts MATCH ?1 AND rowid >= ?2")?;
    for one in wanted {
        let in_title = Wanted {
            in_title: true,
            ..(*one).clone()
        };
        let oldest = items.first().map_or(i64::MAX, |(item, _)| *item);
        let mut found = lookup.query((fts5(&[in_title]), oldest))?;
        while let Some(row) = found.next()? {
            *headlines.entry(row.get(0)?).or_default() += 1;
        }
    }
    let mut weights: HashMap<i64, u32> = HashMap::new();
    for (item, incident) in items {
        let words = headlines.get(item).copied().unwrap_or_default();
        let weight = weights.entry(*incident).or_default();
        *weight = words.max(*weight);
    }
    let weight = |n: &i64| weights.get(n).copied().unwrap_or_default();
    incidents.sort_by_key(|n| std::cmp::Reverse(weight(n)));
    Ok(incidents)
}

/// Whether to gather the items that hold them takes longer than to read texts.
fn is_costly(connection: &Connection, wanted: &[Wanted], newest: i64) -> Result<bool, StoreError> {
    if let Some(wide) = widened(wanted)
        && newest_holding(connection, &wide)?.1
    {
        return Ok(false);
    }
    Ok(sampled_texts(connection, wanted, newest)? * newest >= GATHERED * SAMPLED_TEXTS)
}

/// Whether the index keeps what it is asked for, and need not gather it.
fn is_kept(wanted: &[Wanted]) -> bool {
    let mut phrases = wanted.iter().flat_map(|one| &one.term.0);
    phrases.all(|phrase| {
        let letters = phrase
            .tokens
            .last()
            .map_or(0, |token| token.chars().count());
        !phrase.prefix || KEPT_LETTERS.contains(&letters)
    })
}

/// The same with beginnings that the index keeps: every item that holds those wanted
/// holds these. None where a beginning is shorter.
fn widened(wanted: &[Wanted]) -> Option<Vec<Wanted>> {
    let [.., most] = KEPT_LETTERS;
    let widen = |phrase: &Phrase| {
        let mut wide = phrase.clone();
        let last = wide.tokens.last_mut()?;
        if wide.prefix && !KEPT_LETTERS.contains(&last.chars().count()) {
            let cut: String = last.chars().take(most).collect();
            if cut.chars().count() < most {
                return None;
            }
            *last = cut;
        }
        Some(wide)
    };
    let term = |one: &Wanted| {
        Some(Wanted {
            term: Term(one.term.0.iter().map(widen).collect::<Option<_>>()?),
            in_title: one.in_title,
        })
    };
    wanted.iter().map(term).collect()
}

/// The newest items that hold them, newest first, at most few, and whether these are all.
fn newest_holding(
    connection: &Connection,
    wanted: &[Wanted],
) -> Result<(Vec<i64>, bool), StoreError> {
    let mut lookup = connection.prepare_cached(
        "SELECT rowid FROM items_fts WHERE items_fts MATCH ?1 ORDER BY rowid DESC LIMIT ?2",
    )?;
    let mut found: Vec<i64> = lookup
        .query_map((fts5(wanted), FEW_ITEMS + 1), |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let most = usize::try_from(FEW_ITEMS).unwrap_or(usize::MAX);
    let is_whole = found.len() <= most;
    found.truncate(most);
    Ok((found, is_whole))
}

/// The newest item in the index, where those that wait or are irrelevant are not.
fn newest_indexed(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection
        .prepare_cached("SELECT coalesce(max(id), 0) FROM items_fts_docsize")?
        .query_one([], |row| row.get(0))?)
}

/// In how many of a sample of items they stand, by their texts.
fn sampled_texts(
    connection: &Connection,
    wanted: &[Wanted],
    newest: i64,
) -> Result<i64, StoreError> {
    let mut stretch = connection.prepare_cached(
        "SELECT id FROM items_fts_docsize WHERE id <= ?1 ORDER BY id DESC LIMIT ?2",
    )?;
    let mut items: Vec<i64> = Vec::new();
    for end in ends_of_stretches(newest) {
        let found = stretch.query_map((end, SAMPLED_TEXTS / STRETCHES), |row| row.get(0))?;
        items.extend(found.collect::<Result<Vec<i64>, _>>()?);
    }
    let mut held = 0;
    for item in items {
        held += i64::from(stands_in(connection, wanted, item)?);
    }
    Ok(held)
}

/// Whether an item's own text holds them.
fn stands_in(connection: &Connection, wanted: &[Wanted], item: i64) -> Result<bool, StoreError> {
    let told: Option<(String, String, Option<String>)> = connection
        .prepare_cached(
            "SELECT t.analysis, i.source, t.author FROM items i JOIN item_texts t ON t.item = i.n
             WHERE i.n = ?1 AND t.analysis IS NOT NULL",
        )?
        .query_row([item], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((analysis, source, author)) = told else {
        return Ok(false);
    };
    let Clean { title, text } = rows::read(&analysis)?;
    let text = Text::of(&title, &text, &tokens::tellers(&source, author.as_deref()));
    Ok(wanted.iter().all(|one| text.holds(&one.term, one.in_title)))
}

/// What of an analysis is searched; the rest is passed over.
#[derive(Deserialize)]
struct Clean {
    title: String,
    text: String,
}

/// The searches of a plan that do not drive it, and what items said to them.
pub(super) struct Searches<'a> {
    plan: &'a Plan,
    each: Vec<Search<'a>>,
}

impl<'a> Searches<'a> {
    pub(super) fn of(plan: &'a Plan) -> Self {
        let parts = plan.undriven().into_iter().flat_map(Plan::words_of);
        Self {
            plan,
            each: parts.filter_map(Search::of).collect(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.each.is_empty()
    }

    /// What was spent so far on asking.
    pub(super) fn spent(&self) -> u64 {
        self.each.iter().map(|search| search.spent).sum()
    }

    /// How many of these incidents, from the first on, a count can afford to ask, and how
    /// many of those meet the parts with searches.
    pub(super) fn meeting_some(
        &mut self,
        connection: &Connection,
        incidents: &[i64],
    ) -> Result<(usize, usize), StoreError> {
        let before = self.spent();
        let (mut asked, mut met) = (0, 0);
        // What was asked once costs the same for few and many.
        let is_told = |search: &Search<'_>| matches!(search.asked, Asked::Once(..));
        let first = if self.each.iter().all(is_told) {
            incidents.len()
        } else {
            FIRST_ASKED
        };
        while asked < incidents.len() {
            let next = match affordable(self.spent() - before, COUNTING, asked) {
                Some(0) => break,
                Some(more) => more,
                None => first,
            };
            let end = incidents.len().min(asked.saturating_add(next));
            let some = incidents.get(asked..end).unwrap_or_default().to_vec();
            met += self.meeting(connection, some)?.len();
            asked = end;
        }
        Ok((asked, met))
    }

    /// Those of these incidents that meet the parts with searches, in the order given.
    pub(super) fn meeting(
        &mut self,
        connection: &Connection,
        mut incidents: Vec<i64>,
    ) -> Result<Vec<i64>, StoreError> {
        if self.is_empty() || incidents.is_empty() {
            return Ok(incidents);
        }
        let items = items_of(connection, &incidents)?;
        let mut told = Vec::with_capacity(self.each.len());
        for search in &mut self.each {
            let mut held_by = search.held_by(connection, &items)?;
            held_by.sort_unstable();
            held_by.dedup();
            told.push(Told {
                search: search.part,
                held_by,
            });
        }
        let mut sql = Sql::searched(self.plan, &told)?;
        let asked = sql.parameter(rows::json(&incidents)?);
        let mut lookup = connection.prepare_cached(&format!(
            "SELECT i.n FROM json_each({asked}) l CROSS JOIN incidents i ON i.n = l.value WHERE {}",
            sql.joined()
        ))?;
        let meeting: HashSet<i64> = lookup
            .query_map(rusqlite::params_from_iter(&sql.parameters), |row| {
                row.get(0)
            })?
            .collect::<Result<_, _>>()?;
        incidents.retain(|n| meeting.contains(n));
        Ok(incidents)
    }
}

/// How many more can be asked, when so many cost what was spent; none is known before the
/// first.
pub(super) fn affordable(spent: u64, budget: u64, asked: usize) -> Option<usize> {
    let left = budget.saturating_sub(spent);
    if left == 0 {
        return Some(0);
    }
    let asked = u64::try_from(asked).ok().filter(|asked| *asked > 0)?;
    let more = left.saturating_mul(asked) / spent.max(1);
    Some(usize::try_from(more).unwrap_or(usize::MAX).max(1))
}

/// One search, and what items said to it.
struct Search<'a> {
    /// The part of the plan.
    part: &'a Plan,
    wanted: &'a [Wanted],
    /// How many words these are.
    tokens: u64,
    asked: &'a Asked,
    /// What asking cost so far.
    spent: u64,
    /// What texts said that were read.
    read: HashMap<i64, bool>,
}

impl<'a> Search<'a> {
    /// None where the part is no search.
    fn of(part: &'a Plan) -> Option<Self> {
        match part {
            Plan::Words { wanted, asked, .. } => Some(Self {
                part,
                wanted,
                tokens: u64::from(tokens_of(wanted)),
                asked,
                spent: 0,
                read: HashMap::new(),
            }),
            _ => None,
        }
    }

    /// Which of these incidents hold it, given as their items and themselves in order of
    /// the items; an incident may come more than once.
    fn held_by(
        &mut self,
        connection: &Connection,
        items: &[(i64, i64)],
    ) -> Result<Vec<i64>, StoreError> {
        let mut held = Vec::new();
        match self.asked {
            Asked::Index => {
                for run in items.chunk_by(|one, next| next.0 - one.0 <= GAP) {
                    self.look_among(connection, run, &mut held)?;
                }
            }
            Asked::Once(newest, is_whole) => {
                let known = if *is_whole {
                    0
                } else {
                    let oldest = newest.last().copied().unwrap_or(0);
                    items.partition_point(|(item, _)| *item < oldest)
                };
                let (older, newer) = items.split_at(known);
                if !older.is_empty() {
                    self.spent += GATHERING;
                    self.look_among(connection, older, &mut held)?;
                }
                self.spent += u64::try_from(newer.len()).unwrap_or(u64::MAX);
                let is_held = |item: &i64| newest.binary_search_by(|one| item.cmp(one)).is_ok();
                held.extend(
                    newer
                        .iter()
                        .filter(|(item, _)| is_held(item))
                        .map(|(_, n)| *n),
                );
            }
            Asked::Texts if items.len() > MOST_READ => {
                self.spent += GATHERING;
                self.look_among(connection, items, &mut held)?;
            }
            Asked::Texts => {
                // One item of an incident is enough.
                let mut holding = HashSet::new();
                for (item, incident) in items.iter().rev() {
                    if holding.contains(incident) {
                        continue;
                    }
                    let stands = match self.read.get(item) {
                        Some(stands) => *stands,
                        None => {
                            self.spent += READING;
                            let stands = stands_in(connection, self.wanted, *item)?;
                            self.read.insert(*item, stands);
                            stands
                        }
                    };
                    if stands {
                        holding.insert(*incident);
                    }
                }
                held.extend(holding);
            }
        }
        Ok(held)
    }

    /// Asks the index for the stretch of these items.
    fn look_among(
        &mut self,
        connection: &Connection,
        items: &[(i64, i64)],
        held: &mut Vec<i64>,
    ) -> Result<(), StoreError> {
        let (Some((first, _)), Some((last, _))) = (items.first(), items.last()) else {
            return Ok(());
        };
        let (asked, reach) = (items.len(), (last - first).unsigned_abs());
        self.spent += LOOK + self.tokens * (u64::try_from(asked).unwrap_or(0) + reach / PASSED);
        let mut lookup = connection.prepare_cached(
            "SELECT rowid FROM items_fts WHERE items_fts MATCH ?1 AND rowid BETWEEN ?2 AND ?3",
        )?;
        let mut found = lookup.query((fts5(self.wanted), first, last))?;
        while let Some(row) = found.next()? {
            let item: i64 = row.get(0)?;
            if let Ok(nth) = items.binary_search_by_key(&item, |(item, _)| *item) {
                held.push(items[nth].1);
            }
        }
        Ok(())
    }
}

/// The items of these incidents, with them, in order.
fn items_of(connection: &Connection, incidents: &[i64]) -> Result<Vec<(i64, i64)>, StoreError> {
    let mut lookup = connection.prepare_cached(
        "SELECT t.n, t.incident FROM json_each(?1) l CROSS JOIN items t ON t.incident = l.value",
    )?;
    let mut items: Vec<(i64, i64)> = lookup
        .query_map([rows::json(&incidents)?], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<Result<_, _>>()?;
    items.sort_unstable();
    Ok(items)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::wanted;

    #[test]
    fn what_those_before_cost_tells_how_many_more_can_be_asked() {
        assert_eq!(affordable(0, 100, 0), None);
        assert_eq!(affordable(50, 100, 5), Some(5));
        assert_eq!(affordable(99, 100, 5), Some(1));
        assert_eq!(affordable(100, 100, 5), Some(0));
        assert_eq!(affordable(0, 100, 5), Some(500));
    }

    #[test]
    fn beginnings_that_the_index_does_not_keep_are_widened_to_those_it_keeps() {
        for (text, wide) in [
            ("breach", Some("(\"breach\")")),
            ("ran*", Some("(\"ran\"*)")),
            ("rans*", Some("(\"ran\"*)")),
            ("\"data brea*\"", Some("(\"data bre\"*)")),
            ("r*", None),
        ] {
            let wanted = wanted(text);
            assert_eq!(
                widened(&wanted).as_deref().map(fts5).as_deref(),
                wide,
                "{text}"
            );
            assert_eq!(is_kept(&wanted), wide == Some(&*fts5(&wanted)), "{text}");
        }
    }
}
