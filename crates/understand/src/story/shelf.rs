//! The latest items in memory, found by what they share with another: what the
//! store does for the service, for runs without a store and for training.

use std::collections::HashMap;

use model::Timestamp;
use model::clock::{earlier, later};
use model::print::{Member, Print};

use super::likeness::{COMPARED, MEMBERS, WINDOW_DAYS};

/// Of the items that share one word the latest so many are looked at.
pub const SHARING: usize = 100;

/// Stories by number, counted from 0, with their items.
#[derive(Debug, Default)]
pub struct Shelf {
    by_word: HashMap<u32, Vec<(Timestamp, usize)>>,
    stories: Vec<Vec<Member>>,
}

/// What a story shares with an item.
#[derive(Debug, Clone, Copy, Default)]
struct Shared {
    /// The weights of the shared words.
    weight: u64,
    /// How many of the item's words were asked for when it was last met; from 1.
    met: usize,
}

impl Shelf {
    /// An empty shelf.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts an item to its story.
    pub fn add(&mut self, story: usize, member: Member) {
        for (word, _) in &member.print.keys {
            self.by_word
                .entry(*word)
                .or_default()
                .push((member.at, story));
        }
        if self.stories.len() <= story {
            self.stories.resize_with(story + 1, Vec::new);
        }
        if let Some(members) = self.stories.get_mut(story) {
            members.push(member);
        }
    }

    /// The stories that share most with an item told at this time, most first,
    /// each with its latest items, latest first.
    #[must_use]
    pub fn near(&self, print: &Print, at: Timestamp) -> Vec<(usize, Vec<&Member>)> {
        let window = std::time::Duration::from_hours(24 * WINDOW_DAYS.unsigned_abs() as u64);
        let (from, to) = (earlier(at, window), later(at, window));
        let mut shared = vec![Shared::default(); self.stories.len()];
        let mut near: Vec<usize> = Vec::new();
        for (asked, (word, weight)) in (1..).zip(&print.keys) {
            let sharing = self.by_word.get(word).into_iter().flatten().rev();
            let told_then = sharing
                .take(SHARING)
                .filter(|(told, _)| (from..=to).contains(told));
            for (_, story) in told_then {
                let Some(known) = shared.get_mut(*story) else {
                    continue;
                };
                if known.met == 0 {
                    near.push(*story);
                }
                // A word counts once a story.
                if known.met != asked {
                    known.met = asked;
                    known.weight += u64::from(*weight);
                }
            }
        }
        let mut ranked: Vec<(u64, usize)> = near
            .into_iter()
            .filter_map(|story| Some((shared.get(story)?.weight, story)))
            .collect();
        ranked.sort_unstable_by(|a, b| b.cmp(a));
        ranked.truncate(COMPARED);
        ranked
            .into_iter()
            .filter_map(|(_, story)| {
                let members = self.stories.get(story)?;
                let latest = members
                    .iter()
                    .rev()
                    .filter(|member| (from..=to).contains(&member.at))
                    .take(MEMBERS)
                    .collect();
                Some((story, latest))
            })
            .collect()
    }
}
