//! Once through all lists of one source: subreddits, tags, accounts. One page of
//! one list a poll, so that a list that is gone costs only itself.
//!
//! Kept in the cursor. A round in which nothing could be read is not kept: it is
//! begun again, for the first list may be well by then.

use serde::{Deserialize, Serialize};

/// Where a round stands. `N` is how a list's newest entry is remembered.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, bound(deserialize = "N: Deserialize<'de>"))]
pub(crate) struct Round<N> {
    /// The lists this round is done with.
    done: Vec<String>,
    /// How many of them could not be read.
    failed: usize,
    /// The list whose pages are being read.
    list: Option<String>,
    /// Where its next, older page is.
    after: Option<String>,
    /// Its pages so far.
    pages: u32,
    /// The newest entry of its first page.
    newest: Option<N>,
}

impl<N> Default for Round<N> {
    fn default() -> Self {
        Self {
            done: Vec::new(),
            failed: 0,
            list: None,
            after: None,
            pages: 0,
            newest: None,
        }
    }
}

/// What a step of a round means for the poll.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// Whether there is more to read.
    pub(crate) more: bool,
    /// Whether the cursor may be kept.
    pub(crate) checkpoint: bool,
}

impl<N: Clone> Round<N> {
    /// The list to read now. When the config has lost what was left, the round
    /// begins anew.
    pub(crate) fn current<'a>(&mut self, lists: &'a [String]) -> Option<&'a String> {
        self.done.retain(|list| lists.contains(list));
        let next = lists.iter().find(|list| !self.done.contains(list));
        if next.is_none() {
            *self = Self::default();
        }
        let current = next.or_else(|| lists.first());
        if self.list.as_ref() != current {
            let (done, failed) = (std::mem::take(&mut self.done), self.failed);
            *self = Self {
                done,
                failed,
                list: current.cloned(),
                ..Self::default()
            };
        }
        current
    }

    /// Where the page to read now is; none for the first.
    pub(crate) fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// Notes a page whose newest entry is this, with older ones behind `after`
    /// that are to be read; at most so many pages of a list are. Gives the newest
    /// entry of the list once the list is done.
    pub(crate) fn page(
        &mut self,
        newest: Option<N>,
        after: Option<String>,
        most: u32,
    ) -> Option<Option<N>> {
        if self.after.is_none() {
            self.newest = newest;
        }
        self.pages += 1;
        self.after = after.filter(|after| self.pages < most && self.after.as_ref() != Some(after));
        self.after.is_none().then(|| self.newest.clone())
    }

    /// Notes that the list could not be read; true when none of them could.
    pub(crate) fn fail(&mut self, lists: &[String]) -> bool {
        self.failed += 1;
        self.after = None;
        let none_left = lists
            .iter()
            .all(|list| self.done.contains(list) || self.list.as_ref() == Some(list));
        none_left && self.failed > self.done.len()
    }

    /// Ends the poll of this list.
    pub(crate) fn step(&mut self, list: &str, lists: &[String]) -> Step {
        if self.after.is_some() {
            return Step {
                more: true,
                checkpoint: true,
            };
        }
        let mut done = std::mem::take(&mut self.done);
        done.push(list.to_owned());
        *self = Self {
            done,
            failed: self.failed,
            ..Self::default()
        };
        let checkpoint = self.failed < self.done.len();
        let more = lists.iter().any(|list| !self.done.contains(list));
        if !more {
            *self = Self::default();
        }
        Step { more, checkpoint }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn it_goes_through_pages_and_lists_and_begins_anew() {
        let lists = names(&["a", "b"]);
        let mut round: Round<u64> = Round::default();
        assert_eq!(round.current(&lists).map(String::as_str), Some("a"));
        assert_eq!(round.page(Some(9), Some("p2".to_owned()), 3), None);
        assert_eq!(
            round.step("a", &lists),
            Step {
                more: true,
                checkpoint: true
            }
        );
        assert_eq!(round.after(), Some("p2"));
        // A next page that is this page is none.
        assert_eq!(round.page(Some(5), Some("p2".to_owned()), 3), Some(Some(9)));
        assert_eq!(
            round.step("a", &lists),
            Step {
                more: true,
                checkpoint: true
            }
        );
        assert_eq!(round.current(&lists).map(String::as_str), Some("b"));
        assert_eq!(round.page(None, None, 3), Some(None));
        assert_eq!(
            round.step("b", &lists),
            Step {
                more: false,
                checkpoint: true
            }
        );
        assert_eq!(round.current(&lists).map(String::as_str), Some("a"));
    }

    #[test]
    fn pages_of_one_list_are_bounded() {
        let mut round: Round<u64> = Round::default();
        assert_eq!(round.page(Some(1), Some("p2".to_owned()), 2), None);
        assert_eq!(round.page(Some(1), Some("p3".to_owned()), 2), Some(Some(1)));
    }

    #[test]
    fn a_round_in_which_nothing_was_read_is_not_kept() {
        let lists = names(&["a", "b", "c", "a"]);
        let mut round: Round<u64> = Round::default();
        round.current(&lists);
        assert!(!round.fail(&lists));
        assert_eq!(
            round.step("a", &lists),
            Step {
                more: true,
                checkpoint: false
            }
        );
        round.current(&lists);
        round.page(None, None, 2);
        assert_eq!(
            round.step("b", &lists),
            Step {
                more: true,
                checkpoint: true
            }
        );
        round.current(&lists);
        assert!(!round.fail(&lists));
        assert_eq!(
            round.step("c", &lists),
            Step {
                more: false,
                checkpoint: true
            }
        );
        for list in ["a", "b"] {
            round.current(&lists);
            assert!(!round.fail(&lists));
            round.step(list, &lists);
        }
        round.current(&lists);
        assert!(round.fail(&lists));
    }

    #[test]
    fn a_place_in_one_list_is_not_taken_for_one_in_another() {
        let mut round: Round<u64> = Round::default();
        round.current(&names(&["a", "b"]));
        round.page(Some(1), Some("p2".to_owned()), 3);
        assert_eq!(round.current(&names(&["b"])).map(String::as_str), Some("b"));
        assert_eq!(round.after(), None);
    }

    #[test]
    fn lists_that_the_config_lost_are_forgotten() {
        let mut round: Round<u64> = Round::default();
        round.page(None, None, 2);
        round.step("a", &names(&["a", "b"]));
        assert_eq!(round.current(&names(&["a"])).map(String::as_str), Some("a"));
        assert_eq!(round.current(&[]), None);
    }
}
