//! The features of a token: what the weights of the name model hang on.
//!
//! Each feature is a number of 32 bits, made of its template and what fills it.
//! The keys are exact: tables of fewer bits let features share weights, which cost
//! five points when it was tried.

use super::words::{Case, INSIDE, Word, pattern};
use crate::extract::gazetteer::class;

/// What the other places of a word in the item say of it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Elsewhere {
    /// The word before and after at up to [`PLACES`] other places; zero is none.
    beside: [(u64, u64); PLACES],
    /// How often it stands there: 0, 1, 2, 3 for three or more.
    often: u8,
    /// It also stands in lower case.
    plain: bool,
}

impl Elsewhere {
    /// Whether the item holds the word in lower case too.
    pub(super) fn is_plain(&self) -> bool {
        self.plain
    }
}

const PLACES: usize = 3;

const START: u64 = 0x5f3a;
const END: u64 = 0xe9d1;

/// What stands elsewhere of each capitalised word.
pub(super) fn elsewhere(words: &[Word]) -> Vec<Elsewhere> {
    let mut places: Vec<(u64, usize)> = words
        .iter()
        .enumerate()
        .filter(|(_, word)| word.case != Case::None && word.pattern != PUNCTUATION)
        .map(|(at, word)| (word.exact, at))
        .collect();
    places.sort_unstable();
    let mut all = vec![Elsewhere::default(); words.len()];
    for group in places.chunk_by(|a, b| a.0 == b.0) {
        let is_capital = |at: usize| words.get(at).is_some_and(Word::has_capital);
        let plain = group.iter().any(|(_, at)| !is_capital(*at));
        let capitals: Vec<usize> = group
            .iter()
            .map(|(_, at)| *at)
            .filter(|at| is_capital(*at))
            .collect();
        for at in &capitals {
            let Some(slot) = all.get_mut(*at) else {
                continue;
            };
            slot.plain = plain;
            slot.often = u8::try_from((capitals.len() - 1).min(3)).unwrap_or(3);
            // The nearest few before and after would say little more.
            let others = capitals.iter().filter(|other| *other != at).take(PLACES);
            for (beside, other) in slot.beside.iter_mut().zip(others) {
                *beside = (before(words, *other), after(words, *other));
            }
        }
    }
    all
}

const PUNCTUATION: u8 = 13;

fn before(words: &[Word], at: usize) -> u64 {
    match (
        words.get(at),
        at.checked_sub(1).and_then(|at| words.get(at)),
    ) {
        (Some(word), Some(before)) if !word.token.first => before.lower,
        _ => START,
    }
}

fn after(words: &[Word], at: usize) -> u64 {
    match words.get(at + 1) {
        Some(after) if !after.token.first => after.lower,
        _ => END,
    }
}

/// A sentence among the words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sentence {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Most of its words are capitalised: a headline.
    title_case: bool,
}

/// The sentences of an item. One that goes on for longer than any real one is cut.
pub(super) fn sentences(words: &[Word]) -> Vec<Sentence> {
    const LONGEST: usize = 200;
    let mut all = Vec::new();
    let mut start = 0;
    for at in 1..=words.len() {
        if words.get(at).is_none_or(|word| word.token.first) || at - start == LONGEST {
            let inside = words.get(start..at).unwrap_or_default();
            let cased = inside.iter().filter(|word| word.case != Case::None);
            let capitals = inside.iter().filter(|word| word.has_capital()).count();
            let title_case = capitals > 3 && capitals * 10 >= cased.count() * 6;
            all.push(Sentence {
                start,
                end: at,
                title_case,
            });
            start = at;
        }
    }
    all
}

/// A template's features start at its number.
fn key(template: u64, filling: u64) -> u32 {
    let mixed = (filling ^ template.wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .wrapping_mul(0xff51_afd7_ed55_8ccd);
    let mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    u32::try_from(mixed >> 32).unwrap_or_default()
}

fn pair(a: u64, b: u64) -> u64 {
    a.wrapping_mul(0x2545_f491_4f6c_dd1d).rotate_left(23) ^ b
}

/// Puts the features of the word at `at` into `out`.
pub(super) fn fill(
    words: &[Word],
    elsewhere: &[Elsewhere],
    genre: u64,
    sentence: Sentence,
    at: usize,
    out: &mut Vec<u32>,
) {
    out.clear();
    let Some(here) = words.get(at) else { return };
    let near = |offset: isize| {
        at.checked_add_signed(offset)
            .filter(|at| *at >= sentence.start && *at < sentence.end)
            .and_then(|at| words.get(at))
    };
    let lower = |offset: isize| {
        near(offset).map_or(if offset < 0 { START } else { END }, |word| word.lower)
    };
    let shape = |offset: isize| {
        near(offset).map_or(if offset < 0 { START } else { END }, |word| word.shape)
    };
    let known = |offset: isize| near(offset).map_or(0, |word| u64::from(word.known));
    let cluster = |offset: isize| near(offset).map_or(0, |word| u64::from(word.cluster));

    let mut add = |template: u64, filling: u64| out.push(key(template, filling));
    add(0, 0);
    let (two_before, before, this, after, two_after) =
        (lower(-2), lower(-1), here.lower, lower(1), lower(2));
    add(1, two_before);
    add(2, before);
    add(3, this);
    add(4, after);
    add(5, two_after);
    add(6, pair(before, this));
    add(7, pair(this, after));
    add(8, pair(before, after));
    add(9, here.shape);
    add(10, pair(shape(-1), here.shape));
    add(11, pair(here.shape, shape(1)));
    for (template, affix) in (12..).zip(here.affixes) {
        if affix != 0 {
            add(template, affix);
        }
    }
    if here.pattern != pattern::PLAIN {
        add(16, u64::from(here.pattern));
    }
    for (template, offset) in [(17, -1), (18, 0), (19, 1)] {
        let known = known(offset);
        if known != 0 {
            add(template, known);
        }
    }
    let known_here = u64::from(here.known);
    if known_here != 0 {
        add(20, pair(known_here, here.shape));
        add(35, pair(known_here, after));
        add(36, pair(known_here, before));
        let marks = known_here & u64::from(class::AMBIGUOUS | INSIDE);
        for bit in 0..11 {
            if known_here & (1 << bit) != 0 {
                add(21, marks | (1 << bit));
            }
        }
    } else if here.has_capital() {
        add(22, pair(u64::from(here.token.first), here.case as u64));
    }
    add(23, pair(u64::from(sentence.title_case), here.case as u64));
    if here.cluster != 0 {
        add(24, u64::from(here.cluster));
    }
    for (template, offset) in [(25, -1), (26, 1)] {
        let cluster = cluster(offset);
        if cluster != 0 {
            add(template, cluster);
        }
    }
    if here.has_capital() {
        add(33, pair(cluster(-1), cluster(1)));
        if let Some(elsewhere) = elsewhere.get(at) {
            for (left, right) in elsewhere.beside {
                if left != 0 {
                    add(27, left);
                    add(28, right);
                }
            }
            add(
                29,
                pair(u64::from(elsewhere.often), u64::from(elsewhere.plain)),
            );
        }
    }
    if genre != 0 {
        add(40, genre);
        add(41, pair(genre, this));
        add(42, pair(genre, here.shape));
        add(
            43,
            pair(genre, pair(here.case as u64, u64::from(here.pattern))),
        );
        if known_here != 0 {
            add(44, pair(genre, known_here));
        }
        if here.cluster != 0 {
            add(45, pair(genre, u64::from(here.cluster)));
        }
        add(46, pair(genre, before));
        add(47, pair(genre, after));
    }
}
