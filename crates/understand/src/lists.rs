//! The word lists of `data/wording.toml`: what stands around a cue or a name and tells
//! what it means there. Each part belongs to the step that reads it.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::region;
use crate::relevance::grave;
use crate::severity::{loss, misread};
use crate::story::wording;

/// All of them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lists {
    pub(crate) firmness: wording::Words,
    pub(crate) misread: misread::Words,
    pub(crate) loss: loss::Words,
    pub(crate) deeds: grave::Deeds,
    pub(crate) region: region::Words,
}

/// A test reads the file, so a broken one cannot be shipped.
pub(crate) static LISTS: LazyLock<Lists> =
    LazyLock::new(|| toml::from_str(FILE).unwrap_or_default());

const FILE: &str = include_str!("../data/wording.toml");

/// Whether a word is one of these.
pub(crate) fn has(list: &[String], word: &str) -> bool {
    list.iter().any(|known| known == word)
}

/// Whether a word begins like one of these.
pub(crate) fn begins(list: &[String], word: &str) -> bool {
    list.iter().any(|known| word.starts_with(known.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_is_read_and_folded() {
        let lists: Lists = toml::from_str(FILE).unwrap();
        assert!(!lists.firmness.suspects.is_empty());
        let sections: toml::Table = FILE.parse().unwrap();
        let values = sections
            .values()
            .flat_map(|section| section.as_table().unwrap());
        for (name, list) in values {
            let words: Vec<&str> = list
                .as_array()
                .unwrap()
                .iter()
                .map(|word| word.as_str().unwrap())
                .collect();
            assert!(words.is_sorted(), "{name} is not in order");
            for word in words {
                assert_eq!(crate::fold::folded(word), word, "{name}");
            }
        }
    }
}
