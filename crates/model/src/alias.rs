//! Threats have many names: every company that follows a gang gives it one. Which names
//! are one, and which of them news uses, stands in `data/actors.txt` and
//! `data/malware.txt`; texts, queries and facets read the same lists, so that each name
//! finds what any of them names.
//!
//! A gang often goes by its ransomware's name and is in no list of actors: who is no
//! known actor is looked for among malware.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::entity::EntityKind;
use crate::query::name_words;

/// Behind a name these say what it is of, and are no part of it.
const TAILS: [&str; 4] = ["group", "gang", "team", "ransomware"];

static ACTORS: LazyLock<Table> = LazyLock::new(|| Table::read(include_str!("../data/actors.txt")));
static MALWARE: LazyLock<Table> =
    LazyLock::new(|| Table::read(include_str!("../data/malware.txt")));

/// The name that news uses for what is called so; none if no other name is known.
#[must_use]
pub fn usual_name(kind: EntityKind, name: &str) -> Option<&'static str> {
    same_names(kind, name).first().copied()
}

/// All names of what is called so, the usual one first; none if no other is known.
#[must_use]
pub fn same_names(kind: EntityKind, name: &str) -> &'static [&'static str] {
    let mut tables = tables(kind).peekable();
    // Most kinds are in no table, and to fold a name costs.
    if tables.peek().is_none() {
        return &[];
    }
    let key = key_of(name);
    tables.find_map(|table| table.set(&key)).unwrap_or_default()
}

/// Whether a list of this very kind holds the name.
#[must_use]
pub fn is_listed(kind: EntityKind, name: &str) -> bool {
    let key = key_of(name);
    let mut own = tables(kind).take(1);
    own.any(|table| table.set(&key).is_some())
}

/// Names of a kind that begin so and are not the usual ones, each with the usual one; at
/// most `limit`.
#[must_use]
pub fn beginning(kind: EntityKind, begun: &str, limit: usize) -> Vec<(&'static str, &'static str)> {
    let begun = begun.to_lowercase();
    let begins = |name: &str| name.to_lowercase().starts_with(&begun);
    let sets = tables(kind).take(1).flat_map(|table| &table.sets);
    let offered = sets.filter_map(|set| {
        let (usual, others) = set.split_first()?;
        let other = others.iter().find(|other| begins(other))?;
        (!begins(usual)).then_some((*other, *usual))
    });
    offered.take(limit).collect()
}

/// Where names of a kind are looked for, in order.
fn tables(kind: EntityKind) -> impl Iterator<Item = &'static Table> {
    let (first, second): (Option<&Table>, Option<&Table>) = match kind {
        EntityKind::Actor => (Some(&ACTORS), Some(&MALWARE)),
        EntityKind::Malware | EntityKind::Tool => (Some(&MALWARE), None),
        _ => (None, None),
    };
    first.into_iter().chain(second)
}

/// Sets of names that are one.
struct Table {
    sets: Vec<Vec<&'static str>>,
    /// The set of each name, by [`key_of`].
    of: HashMap<String, usize>,
}

impl Table {
    /// Reads a set a line, names divided by `|`; a name of two sets is the first one's.
    fn read(lines: &'static str) -> Self {
        let lines = lines.lines().filter(|line| !line.starts_with('#'));
        let sets: Vec<Vec<&str>> = lines.map(|line| line.split('|').collect()).collect();
        let mut of = HashMap::new();
        for (nth, set) in sets.iter().enumerate() {
            for name in set {
                of.entry(key_of(name)).or_insert(nth);
            }
        }
        Self { sets, of }
    }

    fn set(&self, key: &str) -> Option<&[&'static str]> {
        Some(self.sets.get(*self.of.get(key)?)?.as_slice())
    }
}

/// A name as these lists compare it: "the Lazarus Group" is `lazarus`, "APT 36" `apt36`.
fn key_of(name: &str) -> String {
    let words = name_words(name);
    let mut words = words.as_slice();
    if let [first, rest @ ..] = words
        && first == "the"
        && !rest.is_empty()
    {
        words = rest;
    }
    while let [rest @ .., last] = words
        && !rest.is_empty()
        && TAILS.contains(&last.as_str())
    {
        words = rest;
    }
    words.concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_name_leads_to_the_one_that_news_uses() {
        use EntityKind::{Actor, Malware, Tool};
        for (kind, name, usual) in [
            (Actor, "Storm-1567", Some("Akira")),
            (Actor, "akira ransomware gang", Some("Akira")),
            (Actor, "GhostEmperor", Some("Salt Typhoon")),
            (Actor, "Transparent Tribe", Some("APT36")),
            (Actor, "APT 36", Some("APT36")),
            (Actor, "Operation C-Major", Some("APT36")),
            (Actor, "Razor Tiger", Some("SideWinder")),
            (Actor, "FANCY BEAR", Some("APT28")),
            (Actor, "Midnight Blizzard", Some("APT29")),
            (Actor, "UNC2452", Some("APT29")),
            (Actor, "Shiny Hunters", Some("ShinyHunters")),
            (Actor, "the Lazarus gang", Some("Lazarus Group")),
            (Actor, "Andariel", Some("Andariel")),
            // Gangs by their malware.
            (Actor, "CL0P", Some("Clop")),
            (Actor, "ALPHV", Some("BlackCat")),
            (Malware, "Noberus", Some("BlackCat")),
            (Tool, "MimiKatz", Some("Mimikatz")),
            // The malware of another actor's name is not the actor.
            (Malware, "Carbanak", Some("Carbanak")),
            (Actor, "Carbanak", Some("FIN7")),
            (Actor, "Zorvex", None),
            (Actor, "", None),
            (Actor, "the", None),
            (EntityKind::Organisation, "Akira", None),
        ] {
            assert_eq!(usual_name(kind, name), usual, "{kind:?} {name}");
        }
    }

    #[test]
    fn no_name_stands_in_two_sets() {
        for table in [&ACTORS, &MALWARE] {
            let mut seen = HashSet::new();
            for (nth, set) in table.sets.iter().enumerate() {
                let keys: HashSet<String> = set.iter().map(|name| key_of(name)).collect();
                for key in keys {
                    assert!(!key.is_empty(), "an empty name in {set:?}");
                    assert_eq!(table.of.get(&key), Some(&nth), "{key} stands in two sets");
                    seen.insert(key);
                }
            }
            assert_eq!(seen.len(), table.of.len());
        }
    }

    #[test]
    fn a_list_knows_its_own_kind() {
        use EntityKind::{Actor, Malware, Place};
        for (kind, name, listed) in [
            (Actor, "cl0p", true),
            (Malware, "Clop ransomware", true),
            (Actor, "Storm-1567", true),
            (Malware, "Storm-1567", false),
            (Actor, "PlayCrypt", false),
            (Place, "Clop", false),
        ] {
            assert_eq!(is_listed(kind, name), listed, "{kind:?} {name}");
        }
    }

    #[test]
    fn names_are_offered_by_their_beginning() {
        let offered = beginning(EntityKind::Actor, "ghostem", 5);
        assert_eq!(offered, [("GhostEmperor", "Salt Typhoon")]);
        assert_eq!(beginning(EntityKind::Actor, "", 3), []);
        assert_eq!(beginning(EntityKind::Actor, "s", 3).len(), 3);
        assert_eq!(beginning(EntityKind::Place, "s", 3), []);
    }
}
