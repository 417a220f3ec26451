//! The features of a token: what the weights of the name model hang on.
//!
//! Each feature is a number of 32 bits, made of its template and what fills it.
//! The keys are exact: tables of fewer bits let features share weights, which cost
//! five points when it was tried.

use super::words::{Case, INSIDE, Word, pattern};
use crate::extract::gazetteer::class;
use crate::work;

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

/// Every word with letters that have case, by what it is in lower case, and then by its
/// place.
pub(super) fn by_spelling(words: &[Word]) -> Vec<(u64, usize)> {
    let mut places: Vec<(u64, usize)> = words
        .iter()
        .enumerate()
        .filter(|(_, word)| word.case != Case::None && word.pattern != PUNCTUATION)
        .map(|(at, word)| (word.exact, at))
        .collect();
    places.sort_unstable();
    places
}

/// What stands elsewhere of each capitalised word. `places` are [`by_spelling`].
pub(super) fn elsewhere(words: &[Word], places: &[(u64, usize)]) -> Vec<Elsewhere> {
    let mut all = vec![Elsewhere::default(); words.len()];
    for group in places.chunk_by(|a, b| a.0 == b.0) {
        // Most words stand in one place only, and nothing elsewhere.
        if group.len() == 1 {
            continue;
        }
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
            work::steps(PLACES);
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

/// How far the words stand whose features a word gets.
pub(super) const NEAR: [isize; 4] = [-2, -1, 1, 2];

/// Where a word stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) words: &'a [Word],
    pub(super) sentence: Sentence,
    pub(super) at: usize,
}

impl<'a> Place<'a> {
    /// The word so far from this one, in the same sentence.
    pub(super) fn near(&self, offset: isize) -> Option<&'a Word> {
        self.at
            .checked_add_signed(offset)
            .filter(|at| *at >= self.sentence.start && *at < self.sentence.end)
            .and_then(|at| self.words.get(at))
    }
}

/// Puts all features of a word into `out`: its own, what the words near it say, and
/// what they say together.
pub(super) fn fill(place: Place<'_>, elsewhere: &[Elsewhere], genre: u64, out: &mut Vec<u32>) {
    out.clear();
    let mut out = |feature| out.push(feature);
    let Some(here) = place.words.get(place.at) else {
        return;
    };
    own(here, genre, &mut out);
    for offset in NEAR {
        beside(place.near(offset), offset, genre, &mut out);
    }
    together(place, elsewhere, genre, &mut out);
}

/// Tells what a word says by itself, wherever it stands.
pub(super) fn own(here: &Word, genre: u64, out: &mut impl FnMut(u32)) {
    let mut add = |template: u64, filling: u64| out(key(template, filling));
    add(0, 0);
    add(3, here.lower);
    add(9, here.shape);
    for (template, affix) in (12..).zip(here.affixes) {
        if affix != 0 {
            add(template, affix);
        }
    }
    if here.pattern != pattern::PLAIN {
        add(16, u64::from(here.pattern));
    }
    if here.cluster != 0 {
        add(24, u64::from(here.cluster));
    }
    if genre != 0 {
        add(40, genre);
        add(41, pair(genre, here.lower));
        add(42, pair(genre, here.shape));
        add(
            43,
            pair(genre, pair(here.case as u64, u64::from(here.pattern))),
        );
        if here.cluster != 0 {
            add(45, pair(genre, u64::from(here.cluster)));
        }
    }
}

/// Tells what a word says of the one that it stands `offset` from; none is the end of
/// the sentence.
pub(super) fn beside(word: Option<&Word>, offset: isize, genre: u64, out: &mut impl FnMut(u32)) {
    let mut add = |template: u64, filling: u64| out(key(template, filling));
    let lower = lower(word, offset);
    let cluster = word.map_or(0, |word| word.cluster);
    let (whole, clustered, by_genre) = match offset {
        -2 => return add(1, lower),
        -1 => (2, 25, 46),
        1 => (4, 26, 47),
        _ => return add(5, lower),
    };
    add(whole, lower);
    if cluster != 0 {
        add(clustered, u64::from(cluster));
    }
    if genre != 0 {
        add(by_genre, pair(genre, lower));
    }
}

fn lower(word: Option<&Word>, offset: isize) -> u64 {
    word.map_or(if offset < 0 { START } else { END }, |word| word.lower)
}

fn shape(word: Option<&Word>, offset: isize) -> u64 {
    word.map_or(if offset < 0 { START } else { END }, |word| word.shape)
}

/// Tells what words say together, and what is of this place alone.
pub(super) fn together(
    place: Place<'_>,
    elsewhere: &[Elsewhere],
    genre: u64,
    out: &mut impl FnMut(u32),
) {
    let Some(here) = place.words.get(place.at) else {
        return;
    };
    let (left, right) = (place.near(-1), place.near(1));
    let (before, this, after) = (lower(left, -1), here.lower, lower(right, 1));
    let mut add = |template: u64, filling: u64| out(key(template, filling));
    add(6, pair(before, this));
    add(7, pair(this, after));
    add(8, pair(before, after));
    add(10, pair(shape(left, -1), here.shape));
    add(11, pair(here.shape, shape(right, 1)));
    for (template, word) in [(17, left), (18, Some(here)), (19, right)] {
        let known = word.map_or(0, |word| u64::from(word.known));
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
        if genre != 0 {
            add(44, pair(genre, known_here));
        }
    } else if here.has_capital() {
        add(22, pair(u64::from(here.token.first), here.case as u64));
    }
    add(
        23,
        pair(u64::from(place.sentence.title_case), here.case as u64),
    );
    if here.has_capital() {
        let cluster = |word: Option<&Word>| word.map_or(0, |word| u64::from(word.cluster));
        add(33, pair(cluster(left), cluster(right)));
        if let Some(elsewhere) = elsewhere.get(place.at) {
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
}
