//! Names to put in the place of others.

use std::collections::BTreeMap;
use std::path::Path;

use understand::names::{Gazetteer, NameKind, class};

use super::corpus::{Labelled, Marked};
use crate::data::{DataError, read_lines};
use crate::random::Random;

/// Unambiguous names of the lists, to put in the place of others.
#[derive(Debug, Clone, Default)]
pub struct Swaps {
    /// Threat actors.
    pub actors: Vec<String>,
    /// Malware.
    pub malware: Vec<String>,
}

impl Swaps {
    /// Reads them from the lists.
    ///
    /// # Errors
    ///
    /// If the list cannot be read.
    pub fn read(folder: &Path, gazetteer: &Gazetteer) -> Result<Self, DataError> {
        let mut swaps = Self::default();
        for line in read_lines(&folder.join("gazetteers/threat_names.tsv"))?
            .iter()
            .skip(1)
        {
            let mut fields = line.split('\t');
            let (Some(kind), Some(name), Some(aliases)) =
                (fields.next(), fields.next(), fields.next())
            else {
                continue;
            };
            for spelling in [name].into_iter().chain(aliases.split('|')) {
                let spelling = spelling.trim();
                let classes = gazetteer
                    .lookup(spelling)
                    .fold(0, |all, entry| all | entry.classes);
                let fits = spelling.split_whitespace().count() <= 3
                    && (3..=24).contains(&spelling.chars().count())
                    && spelling.contains(char::is_uppercase)
                    && !spelling.contains(['(', '.', '/'])
                    && classes & class::AMBIGUOUS == 0;
                match kind {
                    "ACTOR" if fits && classes & class::MALWARE == 0 => {
                        swaps.actors.push(spelling.to_owned())
                    }
                    "MALWARE" | "RANSOMWARE" if fits && classes & class::ACTOR == 0 => {
                        swaps.malware.push(spelling.to_owned());
                    }
                    _ => {}
                }
            }
        }
        Ok(swaps)
    }

    /// The document with each actor and malware of its names replaced, everywhere by
    /// the same name of a list; nothing if it names none.
    #[must_use]
    pub fn swapped(&self, document: &Labelled, random: &mut Random) -> Option<Labelled> {
        let mut chosen: BTreeMap<(NameKind, &str), &str> = BTreeMap::new();
        for name in &document.names {
            let list = match name.kind {
                NameKind::Actor => &self.actors,
                NameKind::Malware => &self.malware,
                _ => continue,
            };
            if let Some(new) = list.get(random.below(list.len())) {
                chosen
                    .entry((name.kind, document.slice(name)))
                    .or_insert(new);
            }
        }
        if chosen.is_empty() {
            return None;
        }
        let mut texts = Vec::new();
        let mut names = Vec::new();
        for (index, text) in document.texts.iter().enumerate() {
            let mut new = String::with_capacity(text.len());
            let mut from = 0;
            for name in document.names.iter().filter(|name| name.text == index) {
                if name.start < from {
                    continue;
                }
                new.push_str(text.get(from..name.start).unwrap_or_default());
                let start = new.len();
                let old = document.slice(name);
                new.push_str(chosen.get(&(name.kind, old)).copied().unwrap_or(old));
                names.push(Marked {
                    text: index,
                    start,
                    end: new.len(),
                    kind: name.kind,
                });
                from = name.end;
            }
            new.push_str(text.get(from..).unwrap_or_default());
            texts.push(new);
        }
        Some(Labelled {
            texts,
            names,
            ..document.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labelled(
        set: &'static str,
        text: &str,
        names: &[(&str, NameKind)],
        sought: &[NameKind],
    ) -> Labelled {
        let mut marked: Vec<Marked> = names
            .iter()
            .flat_map(|(name, kind)| {
                text.match_indices(*name).map(|(start, found)| Marked {
                    text: 0,
                    start,
                    end: start + found.len(),
                    kind: *kind,
                })
            })
            .collect();
        marked.sort_by_key(|name| name.start);
        Labelled {
            set,
            texts: vec![text.to_owned()],
            names: marked,
            sought: sought.to_vec(),
            story: None,
        }
    }

    #[test]
    fn a_swapped_name_is_swapped_everywhere() {
        let document = labelled(
            "aptner",
            "Zorvex hit Acme . Zorvex is old .",
            &[
                ("Zorvex", NameKind::Malware),
                ("Acme", NameKind::Organisation),
            ],
            &[NameKind::Malware, NameKind::Organisation],
        );
        let swaps = Swaps {
            malware: vec!["Grey Heron".to_owned()],
            ..Swaps::default()
        };
        let swapped = swaps.swapped(&document, &mut Random::new(1)).unwrap();
        assert_eq!(swapped.texts, ["Grey Heron hit Acme . Grey Heron is old ."]);
        let names: Vec<&str> = swapped
            .names
            .iter()
            .map(|name| swapped.slice(name))
            .collect();
        assert_eq!(names, ["Grey Heron", "Acme", "Grey Heron"]);
        assert!(
            Swaps::default()
                .swapped(&document, &mut Random::new(1))
                .is_none()
        );
    }
}
