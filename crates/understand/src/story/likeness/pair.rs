//! What two prints share, and what sets them apart.

use model::print::{Judged, Print};

/// From this likeness of all words on two texts whose names differ fill one pattern. Between
/// 0 and 0.25, and whether the titles must be alike too, changes 0.002 of B-cubed F1.
const PATTERN: f32 = 0.1;

/// A print made ready to be compared with hundreds of others.
pub struct Compared<'a> {
    pub(super) print: &'a Print,
    pub(super) terms: Lookup,
    pub(super) title: Lookup,
}

impl<'a> Compared<'a> {
    /// Makes a print ready.
    #[must_use]
    pub fn new(print: &'a Print) -> Self {
        Self {
            print,
            terms: Lookup::of(&print.terms),
            title: Lookup::of(&print.title),
        }
    }
}

/// Weights by word. Most words of another text are not there: a look at one bit says so.
pub(super) struct Lookup {
    /// A bit for each value of a hash's upper [`BITS`].
    held: Box<[u64; 1 << (BITS - 6)]>,
    /// An open table of hashes and weights; half of it is free, without a weight.
    slots: Vec<(u32, f32)>,
}

/// Two or three hundred words set few of so many bits.
const BITS: u32 = 13;

/// The place of a hash's bit.
fn bit_of(hash: u32) -> (usize, u64) {
    let at = hash >> (32 - BITS);
    ((at >> 6) as usize, 1 << (at & 63))
}

impl Lookup {
    pub(super) fn of(words: &[(u32, u16)]) -> Self {
        let mut slots = vec![(0, 0.0); (words.len() * 2 + 1).next_power_of_two()];
        let mut held = Box::new([0; 1 << (BITS - 6)]);
        let last = slots.len() - 1;
        for (hash, weight) in words.iter().filter(|(_, weight)| *weight > 0) {
            let mut at = *hash as usize & last;
            while slots.get(at).is_some_and(|slot| slot.1 > 0.0) {
                at = (at + 1) & last;
            }
            if let Some(slot) = slots.get_mut(at) {
                *slot = (*hash, share(*weight));
            }
            let (slot, bit) = bit_of(*hash);
            if let Some(slot) = held.get_mut(slot) {
                *slot |= bit;
            }
        }
        Self { held, slots }
    }

    fn weight(&self, hash: u32) -> f32 {
        let last = self.slots.len() - 1;
        let mut at = hash as usize & last;
        while let Some((known, weight)) = self.slots.get(at)
            && *weight > 0.0
        {
            if *known == hash {
                return *weight;
            }
            at = (at + 1) & last;
        }
        0.0
    }

    /// The cosine to another list of weights, both of length one.
    pub(super) fn cosine(&self, words: &[(u32, u16)]) -> f32 {
        const AT_ONCE: usize = 64;
        let mut sum = 0.0;
        for words in words.chunks(AT_ONCE) {
            let mut known = [(0, 0); AT_ONCE];
            let mut count = 0;
            // Which are in both, without a branch that nobody could foresee.
            for word in words {
                if let Some(slot) = known.get_mut(count) {
                    *slot = *word;
                }
                let (slot, bit) = bit_of(word.0);
                let held = self.held.get(slot).copied().unwrap_or_default();
                count += usize::from(held & bit != 0);
            }
            for (hash, weight) in known.iter().take(count) {
                let own = self.weight(*hash);
                if own > 0.0 {
                    sum += own * share(*weight);
                }
            }
        }
        sum
    }
}

/// A weight as a share of one.
fn share(weight: u16) -> f32 {
    f32::from(weight) / f32::from(Print::ONE)
}

/// What two prints share that counts for their story.
pub(super) struct Shared {
    pub names: Vec<u32>,
    pub of_titles: Vec<u32>,
}

/// Names in both, the initials of one counting as the name in the other.
pub(super) fn shared(a: &Print, b: &Print) -> Shared {
    let meet = |of_a: &[u32], of_b: &[u32]| {
        let mut names: Vec<u32> = met(of_a, of_b).collect();
        if !a.initials.is_empty() || !b.initials.is_empty() {
            names.extend(met(of_a, &b.initials).chain(met(of_b, &a.initials)));
            names.sort_unstable();
            names.dedup();
        }
        names
    };
    Shared {
        names: meet(&a.names, &b.names),
        of_titles: meet(&a.title_names, &b.title_names),
    }
}

/// Whether they share words, being so much alike in all of them, and each names in its title what
/// the other does not name at all: two victims of one actor or of one list, two letters to
/// customers. In words of their own two reports of one story name different things one time
/// in ten. Notices of law firms name the firm.
pub(super) fn fill_one_pattern(a: &Print, b: &Print, alike: f32) -> bool {
    alike >= PATTERN && !(a.law_notice && b.law_notice) && are_apart(&a.subjects, a, &b.subjects, b)
}

/// Whether both name somebody, and neither speaks of whom the other names.
pub(super) fn are_apart(of_a: &[u32], a: &Print, of_b: &[u32], b: &Print) -> bool {
    let speaks_of = |of: &Print, word: &u32| {
        weight_of(&of.terms, *word) > 0
            || [&of.names, &of.initials]
                .iter()
                .any(|names| names.binary_search(word).is_ok())
    };
    !of_a.is_empty()
        && !of_b.is_empty()
        && !of_a.iter().any(|word| speaks_of(b, word))
        && !of_b.iter().any(|word| speaks_of(a, word))
}

/// The share of the types that both have, and whether both are incidents or both are not.
/// Of what was written before that was kept it is taken for likely.
pub(super) fn judged_alike(a: Option<Judged>, b: Option<Judged>) -> [f32; 2] {
    let (Some(a), Some(b)) = (a, b) else {
        return [0.5, 1.0];
    };
    let all = (a.types | b.types).count_ones().max(1);
    let label = if a.label == b.label { 1.0 } else { 0.0 };
    [(a.types & b.types).count_ones() as f32 / all as f32, label]
}

/// How many numbers two sorted lists share.
pub(super) fn common(a: &[u32], b: &[u32]) -> usize {
    met(a, b).count()
}

/// What two sorted lists share.
pub(super) fn met<'a>(a: &'a [u32], b: &'a [u32]) -> impl Iterator<Item = u32> + 'a {
    let (mut at_a, mut at_b) = (0, 0);
    std::iter::from_fn(move || {
        while let (Some(x), Some(y)) = (a.get(at_a), b.get(at_b)) {
            // Without a branch that nobody can foretell.
            at_a += usize::from(x <= y);
            at_b += usize::from(y <= x);
            if x == y {
                return Some(*x);
            }
        }
        None
    })
}

pub(super) fn weight_of(words: &[(u32, u16)], hash: u32) -> u16 {
    words
        .binary_search_by_key(&hash, |(hash, _)| *hash)
        .ok()
        .and_then(|at| words.get(at))
        .map_or(0, |(_, weight)| *weight)
}
