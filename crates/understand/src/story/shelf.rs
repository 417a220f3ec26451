//! The latest items in memory, found by what they share with another: what the
//! store does for the service, for runs without a store and for training.

use std::collections::HashMap;

use model::Timestamp;
use model::clock::{earlier, later};
use model::print::{Member, Print};

use super::likeness::{COMPARED, MEMBERS, WINDOW_DAYS};

/// Of the items that share one word the latest so many are looked at.
pub const SHARING: usize = 100;

/// Stories by number, with their items.
#[derive(Debug, Default)]
pub struct Shelf {
    by_word: HashMap<u32, Vec<(Timestamp, usize)>>,
    stories: HashMap<usize, Vec<Member>>,
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
        self.stories.entry(story).or_default().push(member);
    }

    /// The stories that share most with an item told at this time, most first,
    /// each with its latest items, latest first.
    #[must_use]
    pub fn near(&self, print: &Print, at: Timestamp) -> Vec<(usize, Vec<&Member>)> {
        let window = std::time::Duration::from_hours(24 * WINDOW_DAYS.unsigned_abs() as u64);
        let (from, to) = (earlier(at, window), later(at, window));
        let mut shared: Vec<(usize, u32, u64)> = Vec::new();
        for (word, weight) in &print.keys {
            let sharing = self.by_word.get(word).into_iter().flatten().rev();
            let told_then = sharing
                .take(SHARING)
                .filter(|(told, _)| (from..=to).contains(told));
            shared.extend(told_then.map(|(_, story)| (*story, *word, u64::from(*weight))));
        }
        // A word counts once a story.
        shared.sort_unstable();
        shared.dedup();
        let mut ranked: Vec<(u64, usize)> = shared
            .chunk_by(|a, b| a.0 == b.0)
            .filter_map(|words| {
                let (story, ..) = words.first()?;
                Some((words.iter().map(|(.., weight)| weight).sum(), *story))
            })
            .collect();
        ranked.sort_unstable_by(|a, b| b.cmp(a));
        ranked.truncate(COMPARED);
        ranked
            .into_iter()
            .filter_map(|(_, story)| {
                let members = self.stories.get(&story)?;
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
