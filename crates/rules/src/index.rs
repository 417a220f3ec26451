//! Which queries an incident can meet at all.
//!
//! Most rules watch for something: a product, a name, a word. Each query is filed
//! under the rarest of what it cannot hold without; an incident then calls up only
//! those whose anchor it has, so that a hundred thousand rules cost little more than
//! the few that speak of it. A query without an anchor is always looked at.

use std::collections::HashMap;

use model::query::{Anchor, Condition, Facts, Key, anchors};

/// Queries by their anchors.
#[derive(Debug, Default)]
pub(crate) struct Index {
    always: Vec<usize>,
    keys: HashMap<Key, Filed>,
    tokens: Filed,
}

/// Queries by one word.
type Filed = HashMap<String, Vec<usize>>;

impl Index {
    /// Files queries under their places in this list.
    pub(crate) fn of(conditions: impl Iterator<Item = Condition>) -> Self {
        let lists: Vec<Vec<Vec<Anchor>>> =
            conditions.map(|condition| anchors(&condition)).collect();
        let mut often: HashMap<&Anchor, usize> = HashMap::new();
        for anchor in lists.iter().flatten().flatten() {
            *often.entry(anchor).or_default() += 1;
        }
        let mut index = Self::default();
        for (nth, lists) in lists.iter().enumerate() {
            let load = |list: &&Vec<Anchor>| -> usize {
                list.iter().filter_map(|anchor| often.get(anchor)).sum()
            };
            match lists.iter().min_by_key(load) {
                None => index.always.push(nth),
                Some(list) => list.iter().for_each(|anchor| index.file(anchor, nth)),
            }
        }
        index
    }

    fn file(&mut self, anchor: &Anchor, nth: usize) {
        let (filed, word) = match anchor {
            Anchor::Key(key, word) => (self.keys.entry(*key).or_default(), word),
            Anchor::Token(word) => (&mut self.tokens, word),
        };
        filed.entry(word.clone()).or_default().push(nth);
    }

    /// The queries that may hold of these facts, each once.
    pub(crate) fn candidates(&self, facts: &Facts<'_>) -> Vec<usize> {
        let mut found = self.always.clone();
        for (key, value) in facts.keys() {
            let Some(filed) = self.keys.get(key) else {
                continue;
            };
            // Names are filed under their first word.
            let word = if key.is_name() {
                value.split(' ').next().unwrap_or_default()
            } else {
                value
            };
            found.extend(filed.get(word).into_iter().flatten());
        }
        if !self.tokens.is_empty() {
            for text in facts.texts() {
                for token in text.tokens() {
                    found.extend(self.tokens.get(token).into_iter().flatten());
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}
