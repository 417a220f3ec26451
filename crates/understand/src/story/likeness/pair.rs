//! What two prints share, and what sets them apart.

use model::print::{Judged, Print};

/// From this likeness of all words on two texts whose names differ fill one pattern. Between
/// 0 and 0.25, and whether the titles must be alike too, changes 0.002 of B-cubed F1.
const PATTERN: f32 = 0.1;

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

/// The cosine of two lists of weights, both of length one.
pub(super) fn cosine(a: &[(u32, u16)], b: &[(u32, u16)]) -> f32 {
    let one = f32::from(Print::ONE);
    let (mut at_a, mut at_b) = (0, 0);
    let mut sum = 0.0;
    while let (Some((x, of_x)), Some((y, of_y))) = (a.get(at_a), b.get(at_b)) {
        at_a += usize::from(x <= y);
        at_b += usize::from(y <= x);
        if x == y {
            sum += f32::from(*of_x) / one * (f32::from(*of_y) / one);
        }
    }
    sum
}
