//! The patterns of cues as a tree, a byte a step: which of them begin at a place.
//!
//! An automaton that finds all patterns in one pass took a third of the start, and was
//! slower too: cues begin where words begin, and most words are left after a step or two.

use crate::work;

/// Patterns, and the tree over them.
#[derive(Debug, Default)]
pub(super) struct Tree {
    patterns: Vec<String>,
    nodes: Vec<Node>,
    /// Those of one node side by side, by their byte.
    branches: Vec<Branch>,
    /// The node behind each first byte; zero is none.
    firsts: Vec<u32>,
    /// One bit for each hash of what a pattern begins with, up to [`HEAD`] bytes: most
    /// words begin no pattern, and this says so without a walk.
    heads: Vec<u64>,
}

/// Bytes of a pattern that [`Tree::heads`] knows: with half as many, words like those of
/// cues would often be walked after in vain.
const HEAD: usize = 8;

/// A bit for each of so many values, as powers of two: some 5,000 are taken.
const HEAD_BITS: u32 = 16;

/// The patterns that begin alike.
#[derive(Debug, Clone, Copy, Default)]
struct Node {
    /// One more than the pattern that is no longer; zero is none.
    ends: u32,
    /// One more than the only longer pattern; zero where there are several or none.
    only: u32,
    first_branch: u32,
    branches: u32,
}

#[derive(Debug, Clone, Copy)]
struct Branch {
    byte: u8,
    node: u32,
}

impl Tree {
    /// A tree over patterns that are sorted, each there once, none empty.
    pub(super) fn new(patterns: Vec<String>) -> Self {
        let mut nodes = vec![Node::default()];
        let mut branches: Vec<Branch> = Vec::new();
        let mut open = vec![(0, 0..patterns.len(), 0)];
        while let Some((at, mut range, depth)) = open.pop() {
            let mut node = Node::default();
            let byte = |index: usize| patterns.get(index)?.as_bytes().get(depth).copied();
            if !range.is_empty() && byte(range.start).is_none() {
                range.start += 1;
                node.ends = number(range.start);
            }
            if range.len() == 1 && at > 0 {
                node.only = number(range.start + 1);
            } else {
                node.first_branch = number(branches.len());
                while let Some(first) = byte(range.start).filter(|_| !range.is_empty()) {
                    let alike = range
                        .clone()
                        .take_while(|index| byte(*index) == Some(first));
                    let end = range.start + alike.count();
                    branches.push(Branch {
                        byte: first,
                        node: number(nodes.len()),
                    });
                    open.push((nodes.len(), range.start..end, depth + 1));
                    nodes.push(Node::default());
                    range.start = end;
                }
                node.branches = number(branches.len()) - node.first_branch;
            }
            if let Some(slot) = nodes.get_mut(at) {
                *slot = node;
            }
        }
        let mut firsts = vec![0; 256];
        let root = nodes.first().copied().unwrap_or_default();
        for branch in branches.iter().take(root.branches as usize) {
            if let Some(first) = firsts.get_mut(usize::from(branch.byte)) {
                *first = branch.node;
            }
        }
        let mut heads = vec![0; 1 << (HEAD_BITS - 6)];
        for pattern in &patterns {
            let bytes = pattern.bytes().take(HEAD);
            let (slot, bit) = place(bytes.fold(0, head));
            if let Some(slot) = heads.get_mut(slot) {
                *slot |= bit;
            }
        }
        Self {
            patterns,
            nodes,
            branches,
            firsts,
            heads,
        }
    }

    /// False where surely no pattern begins.
    fn may_begin(&self, text: &[u8]) -> bool {
        let mut hash = 0;
        text.iter().take(HEAD).any(|byte| {
            hash = head(hash, *byte);
            let (slot, bit) = place(hash);
            self.heads.get(slot).is_some_and(|known| known & bit != 0)
        })
    }

    /// Tells of each pattern that the text begins with, the shortest first: its number and
    /// its length.
    pub(super) fn begins(&self, text: &[u8], mut tell: impl FnMut(usize, usize)) {
        let Some((first, rest)) = text.split_first() else {
            return;
        };
        let mut at = self.firsts.get(usize::from(*first)).copied();
        if at == Some(0) || !self.may_begin(text) {
            return;
        }
        let mut rest = rest.iter();
        while let Some(node) = at.filter(|at| *at > 0).and_then(|at| self.node(at)) {
            work::steps(1);
            let depth = text.len() - rest.len();
            if let Some(pattern) = node.ends.checked_sub(1) {
                tell(pattern as usize, depth);
            }
            if let Some(pattern) = node.only.checked_sub(1) {
                let wanted = self.patterns.get(pattern as usize);
                let wanted = wanted.map(String::as_bytes).unwrap_or_default();
                if wanted
                    .get(depth..)
                    .is_some_and(|end| rest.as_slice().starts_with(end))
                {
                    tell(pattern as usize, wanted.len());
                }
                return;
            }
            let Some(byte) = rest.next() else { return };
            let first = node.first_branch as usize;
            let branches = self.branches.get(first..first + node.branches as usize);
            let branches = branches.unwrap_or_default();
            let branch = branches.iter().find(|branch| branch.byte >= *byte);
            at = branch
                .filter(|branch| branch.byte == *byte)
                .map(|branch| branch.node);
        }
    }

    fn node(&self, at: u32) -> Option<&Node> {
        self.nodes.get(at as usize)
    }
}

/// The hash of a head that ends with one more byte.
fn head(hash: u32, byte: u8) -> u32 {
    /// Odd, with its bits well spread: 2^32 divided by the golden ratio.
    const SPREAD: u32 = 0x9e37_79b9;
    (hash ^ u32::from(byte))
        .wrapping_add(1)
        .wrapping_mul(SPREAD)
        .rotate_left(13)
}

/// The place of a head among the bits, and its bit.
fn place(hash: u32) -> (usize, u64) {
    let at = hash >> (32 - HEAD_BITS);
    ((at >> 6) as usize, 1 << (at & 63))
}

fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn begins(patterns: &[String], text: &str) -> Vec<(usize, usize)> {
        let mut told = Vec::new();
        Tree::new(patterns.to_vec()).begins(text.as_bytes(), |pattern, length| {
            told.push((pattern, length));
        });
        told
    }

    proptest! {
        #[test]
        fn patterns_are_found_as_by_comparing_each(
            mut patterns in prop::collection::vec("[abक]{1,5}", 0..30),
            text in "[abक]{0,8}",
        ) {
            patterns.sort_unstable();
            patterns.dedup();
            let mut wanted: Vec<(usize, usize)> = patterns
                .iter()
                .enumerate()
                .filter(|(_, pattern)| text.starts_with(pattern.as_str()))
                .map(|(number, pattern)| (number, pattern.len()))
                .collect();
            wanted.sort_by_key(|(_, length)| *length);
            prop_assert_eq!(begins(&patterns, &text), wanted);
        }
    }

    #[test]
    fn long_patterns_that_begin_alike_need_no_deep_stack() {
        let long = "a".repeat(200_000);
        let patterns = vec![format!("{long}b"), format!("{long}c")];
        assert_eq!(begins(&patterns, &format!("{long}cd")), [(1, 200_001)]);
    }
}
