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
    pub(super) names: Set<'a>,
    pub(super) title_names: Set<'a>,
    initials: Set<'a>,
}

impl<'a> Compared<'a> {
    /// Makes a print ready.
    #[must_use]
    pub fn new(print: &'a Print) -> Self {
        Self {
            print,
            terms: Lookup::of(&print.terms),
            title: Lookup::of(&print.title),
            names: Set::of(&print.names),
            title_names: Set::of(&print.title_names),
            initials: Set::of(&print.initials),
        }
    }
}

/// Weights by word. Most words of another text are not there: a look at one bit says so.
pub(super) struct Lookup {
    held: Bits,
    /// An open table of hashes and weights; half of it is free, without a weight.
    slots: Vec<(u32, f32)>,
}

/// A sorted list of hashes, asked the same way.
pub(super) struct Set<'a> {
    held: Bits,
    list: &'a [u32],
}

impl<'a> Set<'a> {
    fn of(list: &'a [u32]) -> Self {
        let held = Bits::of(list.iter().copied());
        Self { held, list }
    }

    /// What another list shares with it, in the other's order.
    pub(super) fn met<'s>(&'s self, other: &'s [u32]) -> impl Iterator<Item = u32> + 's {
        let is_held =
            move |hash: &u32| self.held.may_hold(*hash) && self.list.binary_search(hash).is_ok();
        other.iter().copied().filter(is_held)
    }
}

/// One bit for each value of a hash's upper bits: two or three hundred words set few of
/// them.
struct Bits(Box<[u64; 1 << (Bits::COUNT - 6)]>);

impl Bits {
    /// As a power of two.
    const COUNT: u32 = 13;

    fn of(hashes: impl Iterator<Item = u32>) -> Self {
        let mut bits = Box::new([0; 1 << (Self::COUNT - 6)]);
        for hash in hashes {
            let (slot, bit) = Self::place(hash);
            if let Some(slot) = bits.get_mut(slot) {
                *slot |= bit;
            }
        }
        Self(bits)
    }

    /// False where surely no such hash is.
    fn may_hold(&self, hash: u32) -> bool {
        let (slot, bit) = Self::place(hash);
        self.0.get(slot).is_some_and(|slot| slot & bit != 0)
    }

    fn place(hash: u32) -> (usize, u64) {
        let at = hash >> (32 - Self::COUNT);
        ((at >> 6) as usize, 1 << (at & 63))
    }
}

impl Lookup {
    pub(super) fn of(words: &[(u32, u16)]) -> Self {
        let mut slots = vec![(0, 0.0); (words.len() * 2 + 1).next_power_of_two()];
        let last = slots.len() - 1;
        for (hash, weight) in words.iter().filter(|(_, weight)| *weight > 0) {
            let mut at = *hash as usize & last;
            while slots.get(at).is_some_and(|slot| slot.1 > 0.0) {
                at = (at + 1) & last;
            }
            if let Some(slot) = slots.get_mut(at) {
                *slot = (*hash, share(*weight));
            }
        }
        let held = Bits::of(words.iter().map(|(hash, _)| *hash));
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
                count += usize::from(self.held.may_hold(word.0));
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
    /// How many names both have, written alike.
    pub written_alike: usize,
    pub of_titles: Vec<u32>,
}

/// Names in both, the initials of one counting as the name in the other.
pub(super) fn shared(a: &Compared<'_>, b: &Print) -> Shared {
    let with_initials = |mut names: Vec<u32>, of_a: &Set<'_>, of_b: &[u32]| {
        if !a.print.initials.is_empty() || !b.initials.is_empty() {
            names.extend(of_a.met(&b.initials).chain(a.initials.met(of_b)));
            names.sort_unstable();
            names.dedup();
        }
        names
    };
    let names: Vec<u32> = a.names.met(&b.names).collect();
    let of_titles = a.title_names.met(&b.title_names).collect();
    Shared {
        written_alike: names.len(),
        names: with_initials(names, &a.names, &b.names),
        of_titles: with_initials(of_titles, &a.title_names, &b.title_names),
    }
}

/// Whether they share words, being so much alike in all of them, and each names in its title
/// what the other does not name at all: two victims of one actor or of one list, two letters
/// to customers. In words of their own two reports of one story name different things one time
/// in ten. The titles of law firms' notices share the firm: there it is the victims.
pub(super) fn fill_one_pattern(a: &Print, b: &Print, alike: f32) -> bool {
    let (of_a, of_b) = match a.law_notice && b.law_notice {
        true => (&a.victims, &b.victims),
        false => (&a.subjects, &b.subjects),
    };
    alike >= PATTERN && are_apart(of_a, a, of_b, b)
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn lists_are_asked_as_by_comparing_each(
            a in prop::collection::btree_map(0_u32..60, 0_u16.., 0..40),
            b in prop::collection::btree_map(0_u32..60, 0_u16.., 0..40),
            upper in any::<bool>(),
        ) {
            // Of hashes the upper bits or the lower may be alike.
            let hash = |word: u32| if upper { word << 26 } else { word };
            let list = |words: &BTreeMap<u32, u16>| -> Vec<(u32, u16)> {
                words.iter().map(|(word, weight)| (hash(*word), *weight)).collect()
            };
            let both = a.iter().filter_map(|(word, weight)| Some((*word, *weight, *b.get(word)?)));
            let cosine: f32 = both.clone().map(|(_, x, y)| share(x) * share(y)).sum();
            prop_assert_eq!(Lookup::of(&list(&a)).cosine(&list(&b)), cosine);
            let hashes = |words: &BTreeMap<u32, u16>| -> Vec<u32> {
                let mut hashes: Vec<u32> = words.keys().map(|word| hash(*word)).collect();
                hashes.sort_unstable();
                hashes.dedup();
                hashes
            };
            let (of_a, of_b) = (hashes(&a), hashes(&b));
            let met: Vec<u32> = Set::of(&of_a).met(&of_b).collect();
            prop_assert_eq!(met, self::met(&of_a, &of_b).collect::<Vec<u32>>());
            prop_assert_eq!(common(&of_a, &of_b), both.count());
        }
    }
}
