//! Whom or what an item is about, as far as that tells it from one that reads alike.
//!
//! Lists of victims, letters to customers and reports of fraud are written to a pattern:
//! only the name differs. What attacks, what every other organisation is called and who
//! looks into it say nothing of which story is told, so they are no subject.

use std::sync::LazyLock;

use model::{Entity, EntityKind, Field, Role, Span};
use serde::Deserialize;

use super::words::{MAX_CHARS, Word, stem_hash, words_in};

/// More entities than these are not looked at.
const MOST: usize = 200;

/// What entities say of the words of an item, by the hashes of their stems.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// Words of what attacks: one actor has several victims.
    attackers: Vec<u32>,
    /// Words of places that are no part of another name: very much happens in one state.
    places: Vec<u32>,
    /// Words of organisations in scripts without large letters.
    caseless: Vec<u32>,
    /// Words of places in these.
    caseless_places: Vec<u32>,
    /// Words of victims' names.
    victims: Vec<u32>,
}

impl Named {
    pub(super) fn of(title: &str, text: &str, entities: &[Entity]) -> Self {
        let mut named = Self::default();
        let mut others: Vec<u32> = Vec::new();
        for entity in entities.iter().take(MOST) {
            let surface = entity
                .spans
                .first()
                .and_then(|span| surface(title, text, *span));
            let Some(surface) = surface else { continue };
            let words = |text: &str| words_in(text).map(stem_hash).collect::<Vec<u32>>();
            let of_surface = words(&surface);
            let is_caseless = surface.chars().all(is_caseless);
            match entity.kind {
                EntityKind::Actor | EntityKind::Malware | EntityKind::Tool => {
                    named.attackers.extend(of_surface);
                }
                EntityKind::Place => {
                    if is_caseless {
                        // The name in the list is the same for every script.
                        named.caseless_places.extend(words(&entity.name));
                        named.caseless_places.extend(of_surface.iter().copied());
                    }
                    named.places.extend(of_surface);
                }
                EntityKind::Organisation => {
                    if is_caseless {
                        named.caseless.extend(words(&entity.name));
                        named.caseless.extend(of_surface.iter().copied());
                    }
                    if entity.role == Some(Role::Victim) {
                        named.victims.extend(of_surface.iter().copied());
                    }
                    others.extend(of_surface);
                }
                EntityKind::Product => others.extend(of_surface),
                _ => {}
            }
        }
        named.places.retain(|word| !others.contains(word));
        named.victims.retain(|word| !LISTS.say_little(*word));
        named.victims.sort_unstable();
        named.victims.dedup();
        named
    }

    /// Names that no large letter shows.
    pub(super) fn caseless(&self) -> &[u32] {
        &self.caseless
    }

    /// Words of the victims' names, sorted, each once.
    pub(super) fn victims(&self) -> &[u32] {
        &self.victims
    }

    /// Whether it says where: no more than a word, however rare the place.
    pub(super) fn is_place(&self, hash: u32) -> bool {
        self.places.contains(&hash) || LISTS.peoples.binary_search(&hash).is_ok()
    }

    /// What the item is about: the names of its title, or those that no large letter
    /// shows. Places are that only where nothing else is. Sorted, each once.
    pub(super) fn subjects(&self, title_names: &[Word<'_>]) -> Vec<u32> {
        let of_title = |more: &[u32], is_left_out: &dyn Fn(&u32) -> bool| -> Vec<u32> {
            let names = title_names
                .iter()
                .filter(|word| !word.text.starts_with(|c: char| c.is_ascii_digit()))
                .map(|word| word.hash)
                .filter(|hash| !is_left_out(hash));
            let mut subjects: Vec<u32> = names
                .chain(more.iter().copied())
                .filter(|hash| !LISTS.say_little(*hash))
                .collect();
            subjects.sort_unstable();
            subjects.dedup();
            subjects
        };
        let others = of_title(&self.caseless, &|hash| {
            self.attackers.contains(hash) || self.is_place(*hash)
        });
        if others.is_empty() {
            return of_title(&self.caseless_places, &|hash| self.attackers.contains(hash));
        }
        others
    }
}

/// Whether it is written large and names nothing: a day, a month, a unit.
pub(super) fn is_time(hash: u32) -> bool {
    LISTS.times.binary_search(&hash).is_ok()
}

/// The lists of `data/names.toml`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    kinds: Vec<String>,
    responders: Vec<String>,
    peoples: Vec<String>,
    times: Vec<String>,
}

/// The stems of their words, sorted.
struct Lists {
    kinds: Vec<u32>,
    peoples: Vec<u32>,
    times: Vec<u32>,
}

impl Lists {
    /// Whether it tells a trade or who looks into it, and not which.
    fn say_little(&self, hash: u32) -> bool {
        self.kinds.binary_search(&hash).is_ok()
    }
}

static LISTS: LazyLock<Lists> = LazyLock::new(|| {
    let told: Told = toml::from_str(include_str!("../../data/names.toml")).unwrap_or_default();
    let stems = |lists: &[&[String]]| {
        let words = lists.iter().copied().flatten();
        let mut stems: Vec<u32> = words.map(|word| stem_hash(word)).collect();
        stems.sort_unstable();
        stems
    };
    Lists {
        kinds: stems(&[&told.kinds, &told.responders]),
        peoples: stems(&[&told.peoples]),
        times: stems(&[&told.times]),
    }
});

/// A space or sign, or a letter that has no large form.
fn is_caseless(character: char) -> bool {
    !character.is_alphabetic() || !(character.is_lowercase() || character.is_uppercase())
}

/// The words of a span near the head of its text.
fn surface(title: &str, text: &str, span: Span) -> Option<String> {
    let (start, end) = (
        usize::try_from(span.start).ok()?,
        usize::try_from(span.end).ok()?,
    );
    let field = match span.field {
        Field::Title => title,
        Field::Text => text,
    };
    (start < MAX_CHARS).then(|| {
        field
            .chars()
            .skip(start)
            .take(end.saturating_sub(start))
            .collect()
    })
}
