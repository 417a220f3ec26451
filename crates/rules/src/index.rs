//! Which queries an incident can meet at all.
//!
//! Most rules watch for something: a product, a name, a word. Each query is filed
//! under the rarest of what it cannot hold without; an incident then calls up only
//! those whose anchor it has, so that a hundred thousand rules cost little more than
//! the few that speak of it. A query without an anchor is always looked at.

use std::collections::HashMap;

use model::query::{Anchor, Condition, Facts, Key, Need, need};

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
        let needs: Vec<Need> = conditions.map(|condition| need(&condition)).collect();
        let mut often: HashMap<&Anchor, usize> = HashMap::new();
        for need in &needs {
            count(need, &mut often);
        }
        let mut index = Self::default();
        for (nth, need) in needs.iter().enumerate() {
            match rarest(need, &often) {
                None => index.always.push(nth),
                Some((_, anchors)) => anchors.iter().for_each(|anchor| index.file(anchor, nth)),
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
            // Names are filed under one of their words.
            if key.is_name() {
                let words = value.split_ascii_whitespace();
                found.extend(words.filter_map(|word| filed.get(word)).flatten());
            } else {
                found.extend(filed.get(value).into_iter().flatten());
            }
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

fn count<'a>(need: &'a Need, often: &mut HashMap<&'a Anchor, usize>) {
    match need {
        Need::Nothing => {}
        Need::One(anchor) => *often.entry(anchor).or_default() += 1,
        Need::Each(needs) | Need::Either(needs) => {
            needs.iter().for_each(|need| count(need, often));
        }
    }
}

/// The anchors of which one must be there, and how many queries have them: those
/// that fewest have. None when it needs nothing.
fn rarest<'a>(need: &'a Need, often: &HashMap<&Anchor, usize>) -> Option<(usize, Vec<&'a Anchor>)> {
    match need {
        Need::Nothing => None,
        // It never holds, as bound here: an unknown category of OWASP is known later.
        Need::Either(needs) if needs.is_empty() => None,
        Need::One(anchor) => Some((often.get(anchor).copied().unwrap_or(0), vec![anchor])),
        Need::Each(needs) => {
            let each = needs.iter().filter_map(|need| rarest(need, often));
            each.min_by_key(|(load, _)| *load)
        }
        Need::Either(needs) => {
            let mut together = (0, Vec::new());
            for need in needs {
                let (load, anchors) = rarest(need, often)?;
                together.0 += load;
                together.1.extend(anchors);
            }
            Some(together)
        }
    }
}
